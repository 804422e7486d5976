"""Cases: hits, held payments and concerns: whose each is, by when, and what was looked at."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from clearhouse.core.casework import (
    ALERTS,
    CASE_EVIDENCE,
    CASE_LINKS,
    CASE_OWNERS,
    Alert,
    CaseEvidence,
    CaseOwner,
    UnknownCase,
    case_of_hit,
    case_of_hold,
)
from clearhouse.core.gate import review_deadline
from clearhouse.core.ids import ParticipantId
from clearhouse.core.suspicion import CONCERN_DECISIONS, CONCERNS, Concern
from clearhouse.operations.held import Held, held
from clearhouse.operations.hits import Hit, hits
from clearhouse.operations.house import House
from clearhouse.store import journal, records, registers
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Case:
    """Something that people must decide.

    Attributes:
        about: The subject that was hit, the obligation that is held, or what a concern is about.
        matter: The hit, what is held, or the concern.
        since: From when on the time runs.
        by: The day by which somebody must have looked.
        owner: Whose it is, if somebody has taken it.
        evidence: What was looked at, in the order of the documents' hashes.
        links: Other cases that it has to do with, and how; in the order of their ids.
    """

    id: str
    about: str
    matter: Hit | Held | Concern
    since: datetime
    by: date
    owner: CaseOwner | None = None
    evidence: tuple[CaseEvidence, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

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
    found = hits(house, advance=advance)
    raise_alerts(house, found)
    return worked_on(house, found)


def worked_on(house: House, found: Sequence[Hit]) -> list[Case]:
    """All cases that are open: the most urgent first.

    Args:
        found: Everybody's hits, of which alerts were raised.
    """
    undecided = [one for one in found if not one.is_decided]
    several = [*_of_hits(house, undecided), *_of_holds(held(house)), *_of_concerns(house)]
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


def _of_concerns(house: House) -> Iterator[Case]:
    """What somebody finds odd, and two people have not decided."""
    decided = {one.case for one in records.current(house.db, CONCERN_DECISIONS)}
    told = [one for one in records.versions(house.db, CONCERNS) if one.replaced_at is None]
    about = {ParticipantId(one.record.about) for one in told}
    parties = registers.participants(house.db, about)
    for one in told:
        concern: Concern = one.record
        if concern.case not in decided:
            party = parties.get(ParticipantId(concern.about))
            attached = [party.residence] if party else []
            by = review_deadline(one.recorded_at, attached, house.rulebook)
            yield Case(concern.case, concern.about, concern, one.recorded_at, by)


def _worked_on(house: House, several: Sequence[Case]) -> Iterator[Case]:
    """The cases, with whose each is and what was looked at."""
    ids = [one.id for one in several]
    owners: dict[str, CaseOwner] = {
        one.case: one for one in records.current(house.db, CASE_OWNERS, ids=ids)
    }
    shown: defaultdict[str, list[CaseEvidence]] = defaultdict(list)
    for one in records.current(house.db, CASE_EVIDENCE, ids=ids):
        shown[one.case].append(one)
    links = _links(house)
    for case in several:
        with_what = tuple(sorted(links[case.id].items()))
        evidence = tuple(shown[case.id])
        yield replace(case, owner=owners.get(case.id), evidence=evidence, links=with_what)


def _links(house: House) -> defaultdict[str, dict[str, str]]:
    """How each case has to do with others; whoever is linked is linked both ways."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for one in records.current(house.db, CASE_LINKS):
        found[one.case][one.other] = found[one.other][one.case] = one.how
    return found


def case_of(house: House, id: str) -> Case:
    """One case.

    Raises:
        UnknownCase: None is open under this id.
    """
    for one in open_cases(house):
        if one.id == id:
            return one
    raise missing(id)


def missing(case: str) -> UnknownCase:
    """The refusal where no such case is open."""
    detail = f"no case {case[:40]!r} is open: `clearhouse case` shows those there are"
    return UnknownCase(detail, case=case)
