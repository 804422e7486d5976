"""Cases: hits and held payments, each with whose it is, by when, and what was looked at."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from clearhouse.core.casework import (
    ALERTS,
    CASE_EVIDENCE,
    CASE_OWNERS,
    Alert,
    CaseEvidence,
    CaseMalformed,
    CaseOwner,
    OwnerUnfit,
    UnknownCase,
    case_of_hit,
    case_of_hold,
)
from clearhouse.core.errors import Refusal
from clearhouse.core.gate import review_deadline
from clearhouse.core.ids import ParticipantId, PersonId
from clearhouse.core.person import Role
from clearhouse.operations.checked import Said
from clearhouse.operations.held import Held, held
from clearhouse.operations.hits import Hit, hits
from clearhouse.operations.house import House
from clearhouse.store import journal, people, records, registers
from clearhouse.store.projection import record

WORKERS = frozenset({Role.COMPLIANCE, Role.SUPERVISOR})


@dataclass(frozen=True, slots=True)
class Case:
    """Something that people must decide.

    Attributes:
        about: The subject that was hit, or the obligation that is held.
        matter: The hit, or what is held.
        since: From when on the time runs.
        by: The day by which somebody must have looked.
        owner: Whose it is, if somebody has taken it.
        evidence: What was looked at, in the order of the documents' hashes.
    """

    id: str
    about: str
    matter: Hit | Held
    since: datetime
    by: date
    owner: CaseOwner | None = None
    evidence: tuple[CaseEvidence, ...] = ()

    def is_overdue(self, today: date) -> bool:
        """Whether somebody should have looked by now."""
        return today > self.by


def raise_alerts(house: House, found: Sequence[Hit]) -> int:
    """Record each undecided hit that was not recorded yet; answers how many those were."""
    undecided = [one for one in found if not one.is_decided]
    if not undecided:
        return 0
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()
        known = _raised(house, undecided)
        new = [_alert(one, now) for one in undecided if _compared(one) not in known]
        facts = list(map(ALERTS.entered, new))
        record(house.db, facts, now, now)
    return len(facts)


Compared = tuple[str, str, str, str, str]  # subject, list, entry, and the hashes of both


def _compared(hit: Hit) -> Compared:
    match = hit.match
    return (match.subject, match.list_name, match.entity, hit.compared, hit.listed)


def _alert(hit: Hit, now: datetime) -> Alert:
    return Alert(*_compared(hit), hit.match.score, hit.match.list_version, now)


def _raised(house: House, found: Sequence[Hit]) -> dict[Compared, datetime]:
    """When the house found what was compared of the subjects of some hits."""
    subjects = sorted({one.match.subject for one in found})
    return {
        (one.subject, one.list_name, one.entity, one.compared, one.listed): one.raised_at
        for one in records.current(house.db, ALERTS, ids=subjects)
    }


def open_cases(house: House, advance: Callable[[int], None] = lambda _: None) -> list[Case]:
    """Screen everybody, raise alerts, and tell all cases that are open: the most urgent first.

    Args:
        advance: Is told how many subjects were screened so far.

    Raises:
        screening's refusals: Nobody can be screened now.
    """
    found = [one for one in hits(house, advance=advance) if not one.is_decided]
    raise_alerts(house, found)
    several = [*_of_hits(house, found), *_of_holds(held(house))]
    return sorted(_worked_on(house, several), key=lambda one: (one.by, one.id))


def _of_hits(house: House, found: Sequence[Hit]) -> Iterator[Case]:
    raised = _raised(house, found)
    parties = registers.participants(house.db, {ParticipantId(one.match.subject) for one in found})
    for hit in found:
        match = hit.match
        since = raised[_compared(hit)]
        party = parties.get(ParticipantId(match.subject))
        by = review_deadline(since, [party.residence] if party else [], house.rulebook)
        id = case_of_hit(match.subject, match.list_name, match.entity)
        yield Case(id, match.subject, hit, since, by)


def _of_holds(several: Sequence[Held]) -> Iterator[Case]:
    for one in several:
        id = one.obligation.id
        yield Case(case_of_hold(id), id, one, one.since, one.by)


def _worked_on(house: House, several: Sequence[Case]) -> Iterator[Case]:
    """The cases, with whose each is and what was looked at."""
    ids = [one.id for one in several]
    owners: dict[str, CaseOwner] = {
        one.case: one for one in records.current(house.db, CASE_OWNERS, ids=ids)
    }
    shown: defaultdict[str, list[CaseEvidence]] = defaultdict(list)
    for one in records.current(house.db, CASE_EVIDENCE, ids=ids):
        shown[one.case].append(one)
    for case in several:
        yield replace(case, owner=owners.get(case.id), evidence=tuple(shown[case.id]))


def case_of(house: House, id: str) -> Case:
    """One case.

    Raises:
        UnknownCase: None is open under this id.
    """
    for one in open_cases(house):
        if one.id == id:
            return one
    raise _missing(id)


def _missing(case: str) -> UnknownCase:
    detail = f"no case {case[:40]!r} is open: `clearhouse case` shows those there are"
    return UnknownCase(detail, case=case)


def owners(house: House, several: Sequence[CaseOwner]) -> list[Said]:
    """Check whose cases are to be whose: somebody's of compliance, and each is open."""
    known = people.people(house.db, sorted({PersonId(one.person) for one in several}))
    fit = {id for id, one in known.items() if WORKERS & set(one.roles)}
    open_ids = _open_ids(house, several)
    return [Said([*_owner_wrong(house, one, fit, open_ids)]) for one in several]


def _owner_wrong(
    house: House, one: CaseOwner, fit: Collection[str], open_ids: Collection[str]
) -> Iterator[Refusal]:
    yield from _wrong(house, one.case, one.taken_on, open_ids)
    if one.person not in fit:
        yield OwnerUnfit(f"{one.person[:40]} is not of compliance here", case=one.case)


def evidence(house: House, several: Sequence[CaseEvidence]) -> list[Said]:
    """Check what is filed as evidence: each is about an open case."""
    open_ids = _open_ids(house, several)
    return [Said([*_wrong(house, one.case, one.filed_on, open_ids)]) for one in several]


def _open_ids(house: House, several: Sequence[CaseOwner | CaseEvidence]) -> set[str]:
    return {one.id for one in open_cases(house)} if several else set()


def _wrong(house: House, case: str, on: date, open_ids: Collection[str]) -> Iterator[Refusal]:
    if case not in open_ids:
        yield _missing(case)
    if on > house.today:
        yield CaseMalformed(f"{on} has not come", case=case)
