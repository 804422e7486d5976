"""Owners of participants as the gate looks at them: found, screened, and what they mean."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from clearhouse.core.dossier import Dossier
from clearhouse.core.hits import Screening
from clearhouse.core.owner import PERSON, Holding, on_day
from clearhouse.core.ownership import (
    PER_MILLE,
    Bounds,
    Chart,
    Compared,
    Degree,
    Owned,
    Rule,
    Stake,
    chart,
    owned_by,
    stakes,
)
from clearhouse.core.participant import Participant
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import Match, Screen, Subject, UnknownList
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.operations.screened import of_entity
from clearhouse.store import owners

Screened = Callable[[Sequence[Subject]], Sequence[Screening]]
Names = Mapping[str, tuple[str, ...]]
Dossiers = Mapping[str, Dossier]


@dataclass(frozen=True)
class Owners:
    """The owners above some participants, on a day, each with the names it is known by.

    Attributes:
        dossiers: Where the names of natural persons among them stand, by their ids.
        nameless: Persons whose dossier was erased: they cannot be screened.
    """

    chart: Chart
    names: Names
    dossiers: Mapping[str, str]
    nameless: frozenset[str] = frozenset()

    def compared(self, screen: Screened) -> Compared:
        """Screen every owner, in one batch."""
        subjects = self.subjects()
        found = dict(zip((one.id for one in subjects), screen(subjects), strict=True))
        matches = {id: each.standing for id, each in found.items() if each.standing}
        cleared = {id: each.cleared for id, each in found.items() if each.cleared}
        shown = {
            id: f"the person {id}" if id.startswith(PERSON) else several[0]
            for id, several in self.names.items()
            if several
        }
        return Compared(matches, shown, self.nameless, cleared)

    def subjects(self) -> list[Subject]:
        """Every owner that has a name."""
        return [self._subject(id) for id in self.chart.ids if self.names.get(id)]

    def _subject(self, id: str) -> Subject:
        if id in self.dossiers:
            return Subject(id, self.names[id], self.dossiers[id])
        return of_entity(id, self.names[id])


def owners_of(house: House, parties: Iterable[Participant], today: date) -> Owners:
    """The owners above some participants, as they are known now."""
    found = on_day(owners.above(house.db, [one.id for one in parties]), today)
    return _assembled_now(house, found)


def _assembled_now(house: House, holdings: Sequence[Holding]) -> Owners:
    ids = {id for one in holdings for id in (one.owner, one.owned)}
    if not ids:
        return assembled(holdings, {}, {}, {})
    known = owners.known(house.db, ids)
    said = dossiers.opened(house, known.dossiers)
    return assembled(holdings, known.names, known.persons, said)


def assembled(
    holdings: Sequence[Holding], names: Names, persons: Mapping[str, str], said: Dossiers
) -> Owners:
    """Put together who owns what and what each is called.

    Args:
        holdings: That hold on one day.
        names: Of entities and participants among them.
        persons: Whose dossier each natural person's is.
        said: What dossiers say, by those.
    """
    holders = {one.owner for one in holdings if one.owner.startswith(f"{PERSON}_")}
    above = {id: at for id, at in persons.items() if id in holders}
    known = {**names, **{id: (said[at].said["name"],) for id, at in above.items() if at in said}}
    nameless = frozenset(holders) - known.keys()
    return Owners(chart(holdings), known, above, nameless)


def bounds(law: Rulebook, today: date) -> Bounds:
    """From which shares on the law looks at owners."""
    owned, looked_at = (
        law.standard(f"screening.{name}", today) * PER_MILLE
        for name in ("ownership-share", "ownership-review")
    )
    return Bounds(owned, looked_at)


@dataclass(frozen=True)
class Judged:
    """Owners that were screened, and what they mean for each participant."""

    owners: Owners
    compared: Compared
    bounds: Bounds

    def of(self, party: Participant, today: date) -> tuple[Stake, ...]:
        """What the owners of a participant mean for it.

        An authority's licence to deal with somebody listed counts for the owner it names, too.
        """
        compared, told = self.compared, []
        if compared.cleared:
            above = self.owners.chart.above(party.id)
            told += [
                Stake(Degree.CLEARED, compared.said_cleared(id))
                for id in compared.cleared
                if id in above
            ]
        if party.dealings:
            licensed = {
                id: [one for one in several if _licensed(party, one, today)]
                for id, several in compared.matches.items()
            }
            matches = {
                id: [one for one in several if one not in licensed[id]]
                for id, several in compared.matches.items()
            }
            covered = Compared({id: each for id, each in licensed.items() if each}, compared.shown)
            above = self.owners.chart.above(party.id)
            said = "; ".join(covered.said(id) for id in covered.matches if id in above)
            if said:
                told += [Stake(Degree.LICENSED, f"licensed for dealings with {party.name}: {said}")]
            compared = replace(compared, matches=matches)
        return (*stakes(self.owners.chart, party.id, compared, self.bounds), *told)


def _licensed(party: Participant, match: Match, today: date) -> bool:
    return any(one.covers(match.list_name, match.entity, today) for one in party.dealings)


def everybody(house: House, today: date) -> Owners:
    """All owners and all that is owned, as they are known now."""
    found = on_day(owners.everything(house.db), today)
    return _assembled_now(house, found)


def owned_by_list(house: House, screen: Screen, name: str, rule: Rule) -> list[Owned]:
    """Find everything of which the entries of one list have something, by that list's own rule.

    Only owners with the very words of a listed name count; who merely resembles one is looked at
    when a payment passes the gate.

    Raises:
        UnknownList: There is no such list.
        screening's refusals: A list is too old.
    """
    if name not in {one.name for one in screen.lists}:
        known = ", ".join(one.name for one in screen.lists)
        raise UnknownList(f"{name[:40]!r}: one of {known}", list=name[:40])
    now = house.now()
    found = everybody(house, now.date())
    compared = found.compared(
        lambda several: [Screening(tuple(each)) for each in screen.same(several, now=now)]
    )
    listed = [
        id
        for id, several in compared.matches.items()
        if any(one.list_name == name for one in several)
    ]
    return owned_by(found.chart, listed, rule)
