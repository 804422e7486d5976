"""Onboarding: how cases are decided, and when participants are to be looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from clearhouse.core.command import AdmitParticipants
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.onboarding import (
    APPLICATIONS,
    DECISIONS,
    REVIEWS,
    Decision,
    Level,
    Outcome,
    Review,
    review_due,
)
from clearhouse.core.participant import LEGAL_ENTITIES, State
from clearhouse.core.rulebook import Rulebook
from clearhouse.operations.admit import admissions_of, prepare
from clearhouse.operations.cases import against, case_of, need_open
from clearhouse.operations.house import House
from clearhouse.store import records, registers

UNRATED = Level.HIGH  # who was admitted without a case is looked at as soon as the riskiest


class CaseIncomplete(Refusal):
    """A case lacks something, so that nobody can be admitted on it."""

    code = "onboarding.incomplete"
    kind = Kind.CONFLICT


def admission(house: House, application: str, reason: str) -> AdmitParticipants:
    """Keep what is to be proposed so that an applicant is admitted; answers the order.

    Raises:
        UnknownApplication, ApplicationDecided: Of the application.
        CaseIncomplete: Something is missing, or stands against it.
    """
    case = case_of(house, application)
    need_open(case)
    if wrong := against(house, case):
        raise CaseIncomplete("; ".join(map(str, wrong)), application=application)
    return prepare(house, admissions_of(house, case, reason, house.today))


def refusal(house: House, application: str, reason: str, outcome: Outcome) -> Decision:
    """The decision by which an applicant is not admitted, to be agreed on like any record.

    Raises:
        UnknownApplication, ApplicationDecided: Of the application.
    """
    case = case_of(house, application)
    need_open(case)
    return Decision(application, str(outcome), reason, case.digest, house.today)


@dataclass(frozen=True, slots=True)
class Due:
    """When a participant is to be looked at again."""

    participant: ParticipantId
    name: str
    rating: str  # empty: it was never rated
    due_on: date

    def is_overdue(self, today: date) -> bool:
        """Whether that day is over."""
        return self.due_on < today


def days_of(law: Rulebook, today: date) -> dict[Level, int]:
    """How long a rating lasts."""
    return {level: law.standard(f"onboarding.review-{level}", today) for level in Level}


def reviews(house: House) -> list[Due]:
    """When everybody who takes part is to be looked at again, the most urgent first.

    Who was admitted without a case was never rated, and is due as the riskiest are.
    """
    days = days_of(house.rulebook, house.today)
    rated = _rated(house)
    entered = {
        one.record.participant: one.recorded_at.date()
        for one in reversed(records.versions(house.db, LEGAL_ENTITIES))
    }
    found = []
    for id, one in registers.participants(house.db).items():
        standing = one.standing(house.today)
        if standing is not None and standing.state == State.TERMINATED:
            continue
        due_on, level = review_due(rated.get(id) or [(entered[id], UNRATED)], days)
        found.append(Due(id, one.name, str(level) if id in rated else "", due_on))
    return sorted(found, key=lambda one: (one.due_on, one.participant))


def _rated(house: House) -> dict[ParticipantId, list[tuple[date, Level]]]:
    """When who was rated as what: with the decision, and with each review."""
    found: dict[ParticipantId, list[tuple[date, Level]]] = {}
    applicants = {one.application: one.applicant for one in records.current(house.db, APPLICATIONS)}
    decisions: Sequence[Decision] = records.current(house.db, DECISIONS)
    for one in decisions:
        if one.rating:
            who = applicants[one.application]
            found.setdefault(who, []).append((one.decided_on, Level(one.rating)))
    seen: Sequence[Review] = records.current(house.db, REVIEWS)
    for each in seen:
        found.setdefault(each.participant, []).append((each.reviewed_on, Level(each.rating)))
    return found
