"""Hits as they stand: who resembles whom on a list, what was decided, and what a decision binds."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from clearhouse.core.associate import VESSELS
from clearhouse.core.editions import digest_of
from clearhouse.core.errors import Refusal
from clearhouse.core.hits import (
    HIT_DECISIONS,
    HitChanged,
    HitDecision,
    HitDecisive,
    HitMalformed,
    Outcome,
    UnknownHit,
    by_hit,
    compared_as,
)
from clearhouse.core.ids import ParticipantId
from clearhouse.core.owner import ENTITIES, PERSON, PERSONS
from clearhouse.core.screening import ListedEntity, Match, Screen, Subject, unscreenable
from clearhouse.operations import dossiers
from clearhouse.operations.cases import cases
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.operations.screen import open_gate
from clearhouse.operations.screened import entities, of_entity, of_party, of_person, of_vessel
from clearhouse.store import owners, records, registers

CHUNK = 1_000  # subjects screened at once


@dataclass(frozen=True, slots=True)
class Hit:
    """A subject, the entry that it resembles, and what two people decided of them.

    Attributes:
        match: The closest of its names.
        entry: All that the list says.
        compared, listed: The hashes that a decision binds to.
        decision: The newest, if there is one.
    """

    match: Match
    entry: ListedEntity
    compared: str
    listed: str
    decision: HitDecision | None

    @property
    def is_decided(self) -> bool:
        """Whether what was decided still holds; on a number nobody decides."""
        one = self.decision
        is_same = one is not None and (one.compared, one.listed) == (self.compared, self.listed)
        return is_same and not self.match.identifier


def hits(
    house: House,
    ids: Collection[str] | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Hit]:
    """Screen everybody, and say what each resembles: undecided ones first, by their rank.

    Args:
        ids: Of subjects; None is all: participants, owners, associates and applicants.
        advance: Is told how many subjects were screened so far.

    Raises:
        screening's refusals: Nobody can be screened now.
    """
    screen = open_gate(house).screen
    subjects = list(subjects_of(house, ids))
    found: list[Hit] = []
    for begin in range(0, len(subjects), CHUNK):
        chunk = subjects[begin : begin + CHUNK]
        found += _found(house, screen, chunk)
        advance(begin + len(chunk))
    return sorted(found, key=_order)


def count(house: House) -> int:
    """How many subjects there are to screen."""
    return sum(1 for _ in subjects_of(house, None))


def _found(house: House, screen: Screen, subjects: Sequence[Subject]) -> Iterator[Hit]:
    return _hits(house, screen, subjects, screen.screen(subjects, now=house.now()))


def hits_of(
    house: House,
    screen: Screen,
    subjects: Sequence[Subject],
    several: Sequence[Sequence[Match]],
) -> list[Hit]:
    """The hits that some subjects' matches are, as `hits` has them."""
    return sorted(_hits(house, screen, subjects, several), key=_order)


def _hits(
    house: House,
    screen: Screen,
    subjects: Sequence[Subject],
    several: Sequence[Sequence[Match]],
) -> Iterator[Hit]:
    ids = [one.id for one, matches in zip(subjects, several, strict=True) if matches]
    decided = by_hit(records.current(house.db, HIT_DECISIONS, ids=ids)) if ids else {}
    for subject, matches in zip(subjects, several, strict=True):
        best: dict[tuple[str, str], Match] = {}
        # The best first, and a number before any name.
        for match in sorted(matches, key=lambda one: not one.identifier):
            best.setdefault((match.list_name, match.entity), match)
        for (name, number), match in best.items():
            entry = screen.entry(match)
            decision = decided.get((subject.id, name, number))
            # A natural person is named by nobody who is not asked about them.
            shown = match if not subject.kept_in else replace(match, subject_name=subject.id)
            yield Hit(shown, entry, compared_as(subject), digest_of(entry), decision)


def _order(one: Hit) -> tuple[bool, int, int, str, str, str]:
    match = one.match
    named = (match.subject, match.list_name, match.entity)
    return (one.is_decided, -match.rank, -match.score, *named)


def subjects_of(house: House, ids: Collection[str] | None) -> Iterator[Subject]:
    """Whom the house screens, each under the names that it has now."""
    wanted = None if ids is None else {ParticipantId(id) for id in ids}
    parties = registers.participants(house.db, wanted)
    also = entities(house, parties)
    yield from (of_party(party, also) for party in parties.values())
    several = None if ids is None else list(ids)
    above = [one.entity for one in records.current(house.db, ENTITIES, ids=several)]
    above += [one.entity for one in records.current(house.db, PERSONS, ids=several)]
    others = sorted({id for id in above if id not in parties})
    known = owners.known(house.db, others)
    said = dossiers.opened(house, known.dossiers)
    for id in others:
        if not id.startswith(f"{PERSON}_"):
            yield of_entity(id, known.names[id], known.seats[id])
        elif (kept := known.persons.get(id, "")) in said:
            yield of_person(id, kept, said[kept].said)
    yield from map(of_vessel, records.current(house.db, VESSELS, ids=several))
    for case in cases(house):
        one = case.application
        is_meant = ids is None or one.applicant in ids
        is_known = one.applicant in parties or one.applicant in others
        # One whose name has no letter cannot be compared; nobody lets it in as it is.
        can_be = unscreenable(one.applicant, one.name) is None
        if is_meant and case.decision is None and not is_known and can_be:
            yield of_entity(one.applicant, (one.name,), (one.residence,))


def deciding(hit: Hit, outcome: Outcome, reason: str, on: date) -> HitDecision:
    """The record that decides a hit, bound to what stands there now."""
    match = hit.match
    about = (match.subject, match.list_name, match.entity)
    return HitDecision(*about, hit.compared, hit.listed, outcome, on, reason)


def hit_of(house: House, subject: str, list_name: str, entity: str) -> Hit:
    """One hit.

    Raises:
        UnknownHit: There is none.
    """
    for one in hits(house, [subject]):
        if (one.match.list_name, one.match.entity) == (list_name, entity):
            return one
    raise UnknownHit(_missing(subject, list_name, entity), subject=subject)


def _missing(subject: str, list_name: str, entity: str) -> str:
    return (
        f"{subject[:40]!r} resembles no entry {entity[:40]!r} of {list_name[:40]!r}:"
        " `clearhouse hits` shows those there are"
    )


def decisions(house: House, several: Sequence[HitDecision]) -> list[Said]:
    """Check decisions on hits: each is about a hit that stands, and what stands there now."""
    found = hits(house, {one.subject for one in several}) if several else []
    standing = {(one.match.subject, one.match.list_name, one.match.entity): one for one in found}
    return [Said([*_wrong(house, one, standing)]) for one in several]


def _wrong(
    house: House, one: HitDecision, standing: Mapping[tuple[str, str, str], Hit]
) -> Iterator[Refusal]:
    hit = standing.get((one.subject, one.list_name, one.entity))
    if hit is not None and hit.match.identifier:
        detail = f"{one.subject} has {hit.match.identifier}, as the entry has: nobody decides on it"
        yield HitDecisive(detail, subject=one.subject)
    elif hit is None:
        yield UnknownHit(_missing(one.subject, one.list_name, one.entity), subject=one.subject)
    elif (one.compared, one.listed) != (hit.compared, hit.listed):
        detail = f"{one.subject} and entry {one.entity} of {one.list_name} are not what was"
        yield HitChanged(f"{detail} compared: look again, and decide anew", subject=one.subject)
    if one.decided_on > house.today:
        yield HitMalformed(f"{one.decided_on} has not come", subject=one.subject)


def document(one: Hit) -> dict[str, object]:
    """A hit as JSON."""
    match, entry, decision = one.match, one.entry, one.decision
    return {
        "subject": match.subject,
        "subject_name": match.subject_name,
        "listed_name": match.listed_name,
        "list": match.list_name,
        "version": match.list_version,
        "entity": match.entity,
        "score": match.score,
        "grade": str(match.grade),
        "rank": match.rank,
        "parts": [
            {
                "name": part.name,
                "agreement": str(part.agreement),
                "effect": part.effect,
                "known": part.known or None,
                "listed": part.listed or None,
            }
            for part in match.parts
        ],
        "reason": match.told_of(match.subject_name),
        "identifier": match.identifier or None,
        "kind": entry.kind,
        "programmes": list(entry.programmes),
        "compared": one.compared,
        "listed": one.listed,
        "decided": decision.outcome if decision and one.is_decided else None,
        "lapsed": decision.outcome if decision and not one.is_decided else None,
    }
