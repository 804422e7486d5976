"""What is checked of records about cases before they are entered."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from clearhouse.core.associate import VESSELS
from clearhouse.core.casework import (
    ALERTS,
    CASE_EVIDENCE,
    CASE_LINKS,
    CASE_OWNERS,
    CaseEvidence,
    CaseLink,
    CaseMalformed,
    CaseOwner,
    OwnerUnfit,
    case_of_hit,
)
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import CycleId, ObligationId, PersonId
from clearhouse.core.owner import ENTITIES, PERSONS
from clearhouse.core.person import Role
from clearhouse.core.suspicion import (
    CONCERN_DECISIONS,
    CONCERNS,
    REPORT_RECEIPTS,
    REPORTS,
    Concern,
    ConcernDecided,
    ConcernDecision,
    ReportMalformed,
    ReportMissing,
    ReportNotTold,
    ReportReceipt,
    SubjectUnknown,
    SuspicionReport,
    UnknownReport,
)
from clearhouse.operations.casework import missing, open_cases
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.store import cycles, obligations, people, records, registers

WORKERS = frozenset({Role.COMPLIANCE, Role.SUPERVISOR})
TOLD = "told"


def owners(house: House, several: Sequence[CaseOwner]) -> list[Said]:
    """Check whose cases are to be whose: somebody's of compliance, and each is open."""
    known = people.people(house.db, sorted({PersonId(one.person) for one in several}))
    fit = {id for id, one in known.items() if WORKERS & set(one.roles)}
    open_ids = _open_ids(house, several)
    return [Said([*_owner_wrong(house, one, fit, open_ids)]) for one in several]


def _owner_wrong(
    house: House, one: CaseOwner, fit: Collection[str], open_ids: Collection[str]
) -> Iterator[Refusal]:
    yield from _wrong(one.case, open_ids)
    yield from _not_come(house, one.case, one.taken_on)
    if one.person not in fit:
        yield OwnerUnfit(f"{one.person[:40]} is not of compliance here", case=one.case)


def evidence(house: House, several: Sequence[CaseEvidence]) -> list[Said]:
    """Check what is filed as evidence: each is about an open case."""
    open_ids = _open_ids(house, several)
    return [
        Said([*_wrong(one.case, open_ids), *_not_come(house, one.case, one.filed_on)])
        for one in several
    ]


def links(house: House, several: Sequence[CaseLink]) -> list[Said]:
    """Check links: of an open case with one that there is, or was."""
    open_ids = _open_ids(house, several)
    ever = open_ids | _ever(house)
    return [
        Said(
            [
                *_wrong(one.case, open_ids),
                *_wrong(one.other, ever),
                *_not_come(house, one.case, one.linked_on),
            ]
        )
        for one in several
    ]


def concerns(house: House, several: Sequence[Concern]) -> list[Said]:
    """Check concerns: each is about somebody or something that there is, and under a new id."""
    ever = _ever(house)
    return [Said([*_concern_wrong(house, one, ever)]) for one in several]


def _concern_wrong(house: House, one: Concern, ever: Collection[str]) -> Iterator[Refusal]:
    if one.case in ever:
        yield CaseMalformed(f"{one.case} is another case already: make an id of its own")
    if not _is_here(house, one.about):
        yield SubjectUnknown(f"{one.about[:40]} is unknown here", case=one.case)
    yield from _not_come(house, one.case, one.raised_on)


def _is_here(house: House, about: str) -> bool:
    match about.partition("_")[0]:
        case "ent":
            return bool(records.current(house.db, ENTITIES, ids=[about]))
        case "prs":
            return bool(records.current(house.db, PERSONS, ids=[about]))
        case "ves":
            return bool(records.current(house.db, VESSELS, ids=[about]))
        case "obl":
            return bool(obligations.by_ids(house.db, [ObligationId(about)], house.assets))
        case "cyc":
            return cycles.is_known(house.db, CycleId(about))
        case _:
            return bool(registers.admitted(house.db, [about]))


def decisions(house: House, several: Sequence[ConcernDecision]) -> list[Said]:
    """Check decisions on concerns: each once, and what is said to be reported was."""
    ids = [one.case for one in several]
    raised = {one.case for one in records.current(house.db, CONCERNS, ids=ids)}
    decided = {one.case for one in records.current(house.db, CONCERN_DECISIONS, ids=ids)}
    reports = records.current(house.db, REPORTS, ids=ids)
    told = {one.case for one in reports if one.outcome == TOLD}
    return [Said([*_decision_wrong(house, one, raised, decided, told)]) for one in several]


def _decision_wrong(
    house: House,
    one: ConcernDecision,
    raised: Collection[str],
    decided: Collection[str],
    told: Collection[str],
) -> Iterator[Refusal]:
    yield from _wrong(one.case, raised)
    yield from _not_come(house, one.case, one.decided_on)
    if one.case in decided:
        yield ConcernDecided(f"{one.case} is decided: raise another", case=one.case)
    if (one.outcome == "reported") is not (one.case in told):
        is_told = "is told of it" if one.case in told else "is told of it by no report"
        detail = f"{one.case} is called {one.outcome}, and an authority {is_told}"
        yield ReportMissing(detail, case=one.case)


def reports(house: House, several: Sequence[SuspicionReport]) -> list[Said]:
    """Check reports: each is of a case that there is, or was, and is not made anew."""
    ever = _ever(house) | _open_ids(house, several)
    known = _reports(house, [one.report for one in several])
    return [Said([*_report_wrong(house, one, ever, known)]) for one in several]


def _report_wrong(
    house: House,
    one: SuspicionReport,
    ever: Collection[str],
    known: Mapping[str, SuspicionReport],
) -> Iterator[Refusal]:
    yield from _wrong(one.case, ever)
    yield from _not_come(house, one.case, one.decided_on)
    if one.report in known:
        yield ReportMalformed(f"{one.report} is agreed on: draft another, and name this one in it")


def receipts(house: House, several: Sequence[ReportReceipt]) -> list[Said]:
    """Check receipts: each is of a report that an authority was told."""
    known = _reports(house, [one.report for one in several])
    return [Said([*_receipt_wrong(house, one, known)]) for one in several]


def _receipt_wrong(
    house: House, one: ReportReceipt, known: Mapping[str, SuspicionReport]
) -> Iterator[Refusal]:
    report = known.get(one.report)
    if report is None:
        yield UnknownReport(f"{one.report[:40]}: nobody agreed on it", report=one.report)
    elif report.outcome != TOLD:
        yield ReportNotTold(f"{one.report} says that nobody is told", report=one.report)
    if one.received_on > house.today:
        yield ReportMalformed(f"{one.received_on} has not come", report=one.report)


def _reports(house: House, ids: Sequence[str]) -> Mapping[str, SuspicionReport]:
    return {one.report: one for one in records.current(house.db, REPORTS, "report", ids)}


def _ever(house: House) -> set[str]:
    """The cases that there were: hits that were found, concerns, and what somebody has taken."""
    alerts = records.current(house.db, ALERTS)
    found = {case_of_hit(one.subject, one.list_name, one.entity) for one in alerts}
    found |= {one.case for one in records.current(house.db, CONCERNS)}
    return found | {one.case for one in records.current(house.db, CASE_OWNERS)}


def _open_ids(house: House, several: Sequence[object]) -> set[str]:
    return {one.id for one in open_cases(house)} if several else set()


def _wrong(case: str, known: Collection[str]) -> Iterator[Refusal]:
    if case not in known:
        yield missing(case)


def _not_come(house: House, case: str, on: date) -> Iterator[Refusal]:
    if on > house.today:
        yield CaseMalformed(f"{on} has not come", case=case)


CHECKS: Mapping[str, Callable[[House, Sequence[Any]], list[Said]]] = {
    CASE_OWNERS.name: owners,
    CASE_EVIDENCE.name: evidence,
    CASE_LINKS.name: links,
    CONCERNS.name: concerns,
    CONCERN_DECISIONS.name: decisions,
    REPORTS.name: reports,
    REPORT_RECEIPTS.name: receipts,
}
