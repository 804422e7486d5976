"""`Case`: all that is recorded of an application; what it lacks, and how it is rated."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.onboarding.records import (
    DOCUMENTS_NEEDED,
    ENHANCED,
    EXAMINATIONS_NEEDED,
    FACTORS,
    OF_CASE,
    Application,
    Decision,
    Document,
    Examination,
    Level,
    LicenceSought,
    Question,
    RiskFactor,
)
from clearhouse.core.record import digest_of_facts


class DocumentMissing(Refusal):
    """A document that every case has is missing, or is no longer valid."""

    code = "onboarding.document-missing"
    kind = Kind.CONFLICT


class ExaminationMissing(Refusal):
    """Something that every case has checked was not checked, or not passed."""

    code = "onboarding.examination-missing"
    kind = Kind.CONFLICT


class QuestionOpen(Refusal):
    """A question waits for its answer."""

    code = "onboarding.question-open"
    kind = Kind.CONFLICT


class FactorMissing(Refusal):
    """A factor of risk is not judged."""

    code = "onboarding.factor-missing"
    kind = Kind.CONFLICT


class LicenceNotSought(Refusal):
    """An application names no licence to act under."""

    code = "onboarding.licence-missing"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Case:
    """All that is recorded of an application."""

    application: Application
    sought: tuple[LicenceSought, ...] = ()
    documents: tuple[Document, ...] = ()
    questions: tuple[Question, ...] = ()
    examinations: tuple[Examination, ...] = ()
    factors: tuple[RiskFactor, ...] = ()
    decision: Decision | None = None

    @property
    def digest(self) -> str:
        """What is decided on: SHA-256 over its records, by register and key."""
        several = zip(
            OF_CASE,
            (
                (self.application,),
                *(self.sought, self.documents, self.questions, self.examinations, self.factors),
            ),
            strict=True,
        )
        return digest_of_facts(
            register.entered(one)
            for register, held in several
            for one in sorted(held, key=register.key_of)
        )

    @property
    def rating(self) -> Level | None:
        """The worst of its factors; None while one is not judged."""
        judged = {one.factor: Level(one.level) for one in self.factors}
        return worst(judged.values()) if judged.keys() == set(FACTORS) else None

    def missing(self, today: date) -> list[Refusal]:
        """All that stands between the case and an admission."""
        return [
            *_sought_missing(self),
            *_documents_missing(self, today),
            *_examinations_missing(self),
            *(
                QuestionOpen(f"question {one.number}, due on {one.due_on}: {one.asked}")
                for one in self.questions
                if not one.answer
            ),
            *(
                FactorMissing(f"{factor}: rate it, with a reason")
                for factor in FACTORS
                if factor not in {one.factor for one in self.factors}
            ),
        ]


def worst(levels: Iterable[Level]) -> Level:
    """The greatest of some risks; at least one."""
    order = list(Level)
    return max(levels, key=order.index)


def _sought_missing(case: Case) -> Iterable[Refusal]:
    if not case.sought:
        yield LicenceNotSought("which licences it wants to act under: file a licence_sought")


def _documents_missing(case: Case, today: date) -> Iterable[Refusal]:
    valid = {one.document_kind for one in case.documents if not one.until or one.until >= today}
    over = {one.document_kind for one in case.documents} - valid
    for kind in DOCUMENTS_NEEDED:
        if kind not in valid:
            why = "it is no longer valid" if kind in over else "it is not there"
            yield DocumentMissing(f"{kind}: {why}")


def _examinations_missing(case: Case) -> Iterable[Refusal]:
    held = {one.check: one for one in case.examinations}
    needed: Sequence[str] = EXAMINATIONS_NEEDED
    if case.rating is Level.HIGH:
        needed = (*needed, ENHANCED)
    for check in needed:
        if check not in held:
            yield ExaminationMissing(f"{check}: not checked")
    for one in case.examinations:
        if one.outcome != "passed":
            yield ExaminationMissing(f"{one.check}: failed: {one.evidence}")


def review_due(rated: Iterable[tuple[date, Level]], days: dict[Level, int]) -> tuple[date, Level]:
    """When a participant is to be looked at again, and as what it was rated.

    Args:
        rated: When it was looked at, and how it was rated; at least one.
        days: How long each rating lasts.
    """
    on, level = max(rated, key=lambda one: (one[0], list(Level).index(one[1])))
    return on + timedelta(days[level]), level
