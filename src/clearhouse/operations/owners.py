"""Owners of participants and whom they act through, as the gate looks at them.

They are found, screened in one batch, and what they mean for each participant is said.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from clearhouse.core.associate import ASSOCIATES, VESSELS, Associate, Vessel
from clearhouse.core.dossier import Dossier
from clearhouse.core.hits import Screening
from clearhouse.core.involvement import Involvement, involvements
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
from clearhouse.core.record import in_force
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import Match, Screen, Subject, UnknownList
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.operations.screened import of_entity, of_person, of_vessel
from clearhouse.store import owners, records

Screened = Callable[[Sequence[Subject]], Sequence[Screening]]
Names = Mapping[str, tuple[str, ...]]
Seats = Mapping[str, Collection[str]]
Dossiers = Mapping[str, Dossier]


@dataclass(frozen=True)
class Owners:
    """Owners above some participants and their associates, on a day, and what each is called.

    Attributes:
        seats: Of those that are no natural persons, where each resides or is registered.
        dossiers: Where the names of natural persons among them stand, by their ids.
        said: What those dossiers say.
        nameless: Persons whose dossier was erased: they cannot be screened.
        associates: Whom each participant acts through.
        vessels: Those among them.
    """

    chart: Chart
    names: Names
    seats: Seats
    dossiers: Mapping[str, str]
    said: Dossiers = field(repr=False)
    nameless: frozenset[str] = frozenset()
    associates: Mapping[str, Sequence[Associate]] = field(default_factory=dict)
    vessels: Mapping[str, Vessel] = field(default_factory=dict)

    def behind(self, party: str) -> frozenset[str]:
        """The owners of a party, whom it acts through, and their owners."""
        acting = {one.associate for one in self.associates.get(party, ())}
        return self.chart.above(party).union(acting, *map(self.chart.above, acting))

    def compared(self, screen: Screened) -> Compared:
        """Screen every owner and associate, in one batch."""
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
        """Every owner and associate that has a name; each once, in the order of their ids."""
        acting = {one.associate for several in self.associates.values() for one in several}
        asked = sorted(acting.union(self.chart.ids))
        return [self._subject(id) for id in asked if self.names.get(id)]

    def _subject(self, id: str) -> Subject:
        if id in self.dossiers:
            kept_in = self.dossiers[id]
            return of_person(id, kept_in, self.said[kept_in].said)
        if id in self.vessels:
            return of_vessel(self.vessels[id])
        return of_entity(id, self.names[id], self.seats.get(id, ()))


def owners_of(house: House, parties: Iterable[Participant], today: date) -> Owners:
    """The owners above some participants, and their associates, as they are known now."""
    ids = sorted(one.id for one in parties)
    acting = associates_on(records.current_of(house.db, [ASSOCIATES], ids), today)
    below = {*ids, *(one.associate for one in acting)}
    found = on_day(owners.above(house.db, sorted(below)), today)
    return _assembled_now(house, found, acting)


def associates_on(several: Iterable[Associate], day: date) -> list[Associate]:
    """Of associates as they are known, those that hold on a day."""
    found: list[Associate] = in_force(ASSOCIATES, several, day)
    return found


def ends_of(holdings: Iterable[Holding], acting: Iterable[Associate]) -> set[str]:
    """All who own, are owned, or are acted through."""
    ends = {id for one in holdings for id in (one.owner, one.owned)}
    return ends.union(one.associate for one in acting)


def _assembled_now(
    house: House, holdings: Sequence[Holding], acting: Sequence[Associate] = ()
) -> Owners:
    ids = ends_of(holdings, acting)
    if not ids:
        return assembled(holdings, {}, {}, {}, {})
    known = owners.known(house.db, ids)
    said = dossiers.opened(house, known.dossiers)
    vessels = records.current_of(house.db, [VESSELS], sorted(ids)) if acting else []
    return assembled(holdings, known.names, known.seats, known.persons, said, acting, vessels)


def named(house: House, acting: Sequence[Associate]) -> Owners:
    """Some associates, as they are known now, whatever day they hold on; and none of owners."""
    return _assembled_now(house, [], acting)


def assembled(
    holdings: Sequence[Holding],
    names: Names,
    seats: Seats,
    persons: Mapping[str, str],
    said: Dossiers,
    acting: Sequence[Associate] = (),
    vessels: Iterable[Vessel] = (),
) -> Owners:
    """Put together who owns what, who acts through whom, and what each is called.

    Args:
        holdings: That hold on one day.
        names: Of entities and participants among them.
        seats: Of those, where each resides or is registered.
        persons: Whose dossier each natural person's is.
        said: What dossiers say, by those.
        acting: Associates that hold on that day.
        vessels: At least those among them.
    """
    holders = {
        id
        for id in (*(one.owner for one in holdings), *(one.associate for one in acting))
        if id.startswith(f"{PERSON}_")
    }
    ships = {one.vessel: one for one in vessels}
    names = {**names, **{id: (one.name,) for id, one in ships.items()}}
    above = {id: at for id, at in persons.items() if id in holders}
    known = {**names, **{id: (said[at].said["name"],) for id, at in above.items() if at in said}}
    nameless = frozenset(holders) - known.keys()
    through: dict[str, list[Associate]] = {}
    for one in acting:
        through.setdefault(one.participant, []).append(one)
    return Owners(chart(holdings), known, seats, above, said, nameless, through, ships)


def bounds(law: Rulebook, today: date) -> Bounds:
    """From which shares on the law looks at owners."""
    owned, looked_at = (
        law.standard(f"screening.{name}", today) * PER_MILLE
        for name in ("ownership-share", "ownership-review")
    )
    return Bounds(owned, looked_at)


@dataclass(frozen=True)
class Judged:
    """Owners and associates that were screened, and what they mean for each participant."""

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
            compared, covered = self._parted(party, today)
            above = self.owners.chart.above(party.id)
            said = "; ".join(covered.said(id) for id in covered.matches if id in above)
            if said:
                told += [Stake(Degree.LICENSED, f"licensed for dealings with {party.name}: {said}")]
        return (*stakes(self.owners.chart, party.id, compared, self.bounds), *told)

    def through(self, party: Participant, today: date) -> tuple[Involvement, ...]:
        """What those mean for a participant through whom it acts."""
        several = self.owners.associates.get(party.id, ())
        if not several:
            return ()
        compared, covered = self._parted(party, today)
        whole = self.owners.chart
        found = involvements(party.name, several, whole, compared, covered, self.bounds)
        return tuple(found)

    def _parted(self, party: Participant, today: date) -> tuple[Compared, Compared]:
        """What stands against a participant, and what an authority lets it deal with."""
        matches = self.compared.matches
        licensed = {
            id: [one for one in several if _licensed(party, one, today)]
            for id, several in matches.items()
        }
        rest = {
            id: [one for one in several if one not in licensed[id]]
            for id, several in matches.items()
        }
        covered = {id: each for id, each in licensed.items() if each}
        shown = self.compared.shown
        return replace(self.compared, matches=rest), Compared(covered, shown)


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
