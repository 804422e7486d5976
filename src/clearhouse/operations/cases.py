"""Cases of applicants as they stand, and what stands against them."""

from collections.abc import Iterable
from typing import Any

from clearhouse.core.errors import Refusal
from clearhouse.core.onboarding import (
    APPLICATIONS,
    DECISIONS,
    DOCUMENTS,
    EXAMINATIONS,
    FACTORS_OF_RISK,
    QUESTIONS,
    SOUGHT,
    ApplicationDecided,
    Case,
    UnknownApplication,
)
from clearhouse.core.participant import ParticipantDiffers
from clearhouse.core.record import Register
from clearhouse.core.screening import (
    ListMissing,
    ListPostdated,
    ListStale,
    ListTooSmall,
    ListTwice,
)
from clearhouse.operations import party_checks
from clearhouse.operations.house import House
from clearhouse.store import records, registers

CANNOT_SCREEN = (ListMissing, ListTwice, ListPostdated, ListStale, ListTooSmall)


def cases(house: House, ids: Iterable[str] | None = None) -> list[Case]:
    """Cases as they stand, in the order of their applications' ids.

    Args:
        ids: Of applications; None is all.
    """
    asked = None if ids is None else list(ids)

    def of(register: Register) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for one in records.current(house.db, register, ids=asked):
            found.setdefault(one.application, []).append(one)
        return found

    sought, documents, questions, examinations, factors, decisions = map(
        of, (SOUGHT, DOCUMENTS, QUESTIONS, EXAMINATIONS, FACTORS_OF_RISK, DECISIONS)
    )
    return [
        Case(
            one,
            tuple(sought.get(one.application, ())),
            tuple(documents.get(one.application, ())),
            tuple(questions.get(one.application, ())),
            tuple(examinations.get(one.application, ())),
            tuple(factors.get(one.application, ())),
            *decisions.get(one.application, ()),
        )
        for one in records.current(house.db, APPLICATIONS, ids=asked)
    ]


def case_of(house: House, application: str) -> Case:
    """One case.

    Raises:
        UnknownApplication: There is none.
    """
    found = cases(house, [application])
    if not found:
        raise UnknownApplication(f"{application[:40]!r}: `clearhouse onboarding list`")
    return found[0]


def against(house: House, case: Case) -> list[Refusal]:
    """All that stands against admitting an applicant today: what is missing, lists, addresses.

    That nobody can be screened now stands against it, too.
    """
    one = case.application
    wrong = case.missing(house.today)
    known = registers.participants(house.db, [one.applicant])
    if one.applicant in known:
        entered = known[one.applicant]
        head = (entered.name, entered.residence, entered.address)
        if head != (one.name, one.residence, one.address):
            detail = f"{one.applicant} takes part as {entered.name}, {entered.residence}"
            wrong.append(ParticipantDiffers(f"{detail}, paid elsewhere or called otherwise"))
    held = [each.held_by(one.applicant) for each in case.sought]
    try:
        said = party_checks.legal_entities(house, [one.entity])
    except CANNOT_SCREEN as refusal:
        return [*wrong, refusal]
    said += party_checks.licences(house, held, {one.applicant: one.entity} if not known else None)
    return wrong + [refusal for each in said for refusal in each.refusals]


def need_open(case: Case) -> None:
    """Check that a case is not decided.

    Raises:
        ApplicationDecided: It is.
    """
    if case.decision is not None:
        decided = case.decision
        detail = f"{decided.application} was {decided.outcome} on {decided.decided_on}"
        raise ApplicationDecided(detail, application=decided.application)
