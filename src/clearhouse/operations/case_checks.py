"""What records of a case must agree with: an application that is there, and not decided."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from clearhouse.core import onboarding
from clearhouse.core.errors import Refusal
from clearhouse.core.onboarding import (
    Application,
    ApplicationDecided,
    Case,
    CaseChanged,
    Decision,
    DecisionWrong,
    Outcome,
    Question,
    QuestionWrong,
    UnknownApplication,
)
from clearhouse.core.participant import UnknownResidence
from clearhouse.operations.cases import cases
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House


def _open_cases(house: House, several: Sequence[Any]) -> dict[str, Case]:
    found = cases(house, {one.application for one in several})
    return {one.application.application: one for one in found}


def _decided(case: Case | None) -> Iterable[Refusal]:
    if case is not None and case.decision is not None:
        outcome, on = case.decision.outcome, case.decision.decided_on
        detail = f"{case.application.application} was {outcome} on {on}: its case is closed"
        yield ApplicationDecided(detail)


def _applications(house: House, several: Sequence[Application]) -> list[Said]:
    """Whoever asks may ask: also somebody on a list, who is then refused for it."""
    known, places = _open_cases(house, several), house.rulebook.jurisdictions
    said = [Said([*_decided(known.get(one.application))]) for one in several]
    for one, answer in zip(several, said, strict=True):
        if one.residence not in places:
            detail = f"{one.residence[:20]!r}: the rulebook has {', '.join(sorted(places))}"
            answer.refusals.append(UnknownResidence(detail))
    return said


def _of_case(house: House, several: Sequence[Any]) -> list[Said]:
    known, said = _open_cases(house, several), []
    for one in several:
        wrong = [*_decided(known.get(one.application))]
        if one.application not in known:
            wrong.append(
                UnknownApplication(f"{one.application[:40]!r}: file the application first")
            )
        said.append(Said(wrong))
    return said


def _questions(house: House, several: Sequence[Question]) -> list[Said]:
    """A question keeps its number and its words; its answer alone is said later."""
    known, said = _open_cases(house, several), _of_case(house, several)
    for one, answer in zip(several, said, strict=True):
        asked = known[one.application].questions if one.application in known else ()
        before = [each for each in asked if each.number == one.number]
        if before and (before[0].asked, before[0].asked_on) != (one.asked, one.asked_on):
            detail = f"question {one.number} is another one: ask under the number {len(asked) + 1}"
            answer.refusals.append(QuestionWrong(detail))
    return said


def _decisions(house: House, several: Sequence[Decision]) -> list[Said]:
    """By which somebody is not admitted: those who are come with their licences."""
    known, said = _open_cases(house, several), _of_case(house, several)
    for one, answer in zip(several, said, strict=True):
        if one.outcome == Outcome.ADMITTED:
            detail = "who is admitted is entered with it: `clearhouse onboarding admit`"
            answer.refusals.append(DecisionWrong(detail))
        if one.application in known and known[one.application].digest != one.case:
            answer.refusals.append(changed(one))
    return said


def changed(one: Decision) -> CaseChanged:
    """That a case is not any more what a decision was about."""
    return CaseChanged(f"{one.application}: read it again, and decide anew")


CHECKS: Mapping[str, Check] = {
    **{one.name: _of_case for one in onboarding.OF_CASE},
    onboarding.APPLICATIONS.name: _applications,
    onboarding.QUESTIONS.name: _questions,
    onboarding.DECISIONS.name: _decisions,
}
