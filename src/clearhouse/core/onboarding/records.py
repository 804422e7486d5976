"""Records of a case: who asks, documents, questions, checks, risks, the decision; and reviews."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ParticipantId
from clearhouse.core.participant import DIGEST_FORM, LegalEntity, LeiWrong, LicenceHeld, parse_lei
from clearhouse.core.record import OneOf, Register, Way, dates_wrong
from clearhouse.core.rulebook import Class

APPLICATION = "app"


class Level(StrEnum):
    """How great a risk is; in order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


# What every case has. A case of high risk is examined further.
DOCUMENTS_NEEDED = ("register-extract", "articles", "owners", "licence")
EXAMINATIONS_NEEDED = (
    *("identity", "register", "owners", "licences", "sanctions"),
    *("activity", "source-of-funds", "tax"),
)
FACTORS = ("geography", "activity", "owners", "channel", "coin")
ENHANCED = "enhanced"


class ApplicationWrong(Refusal):
    """An application is known by an id that begins with app_."""

    code = "onboarding.application-wrong"
    kind = Kind.MALFORMED


class UnknownApplication(Refusal):
    """There is no such application."""

    code = "onboarding.unknown-application"
    kind = Kind.UNKNOWN


class ApplicationDecided(Refusal):
    """The application was decided: its case is closed."""

    code = "onboarding.decided"
    kind = Kind.CONFLICT


class DocumentWrong(Refusal):
    """A document is named by its SHA-256, 64 hexadecimal digits."""

    code = "onboarding.document-wrong"
    kind = Kind.MALFORMED


class QuestionWrong(Refusal):
    """A question is answered on a day on or after that on which it was asked, or not at all."""

    code = "onboarding.question-wrong"
    kind = Kind.MALFORMED


class CaseChanged(Refusal):
    """The case is not any more the one that was decided on."""

    code = "onboarding.case-changed"
    kind = Kind.CONFLICT


class ReviewAhead(Refusal):
    """A review is said to have been on a day that is still to come."""

    code = "onboarding.review-ahead"
    kind = Kind.MALFORMED


class DecisionWrong(Refusal):
    """A decision does not say what its kind says."""

    code = "onboarding.decision-wrong"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Application:
    """Who asks to take part, and what for."""

    application: str  # its id
    applicant: ParticipantId
    name: str
    residence: str  # the code of its jurisdiction in the rulebook
    received_on: date
    purpose: str
    address: str = ""  # where its pay-outs are to go; empty for an authority

    @property
    def entity(self) -> LegalEntity:
        """As whom it is admitted."""
        return LegalEntity(self.applicant, self.name, self.residence, self.address)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _id_wrong(self.application)
        try:
            parse_lei(self.applicant)
        except LeiWrong as wrong:
            yield wrong


@dataclass(frozen=True, slots=True)
class LicenceSought:
    """A licence under which an applicant is to act; both days inclusive."""

    application: str
    licence_class: Annotated[str, OneOf(tuple(Class))]
    issuer: str
    valid_from: date
    valid_to: date

    def held_by(self, who: ParticipantId) -> LicenceHeld:
        """As which it is entered."""
        return LicenceHeld(who, self.licence_class, self.issuer, self.valid_from, self.valid_to)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.valid_from, self.valid_to)


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a case, kept by whoever examined it."""

    application: str
    document: str  # its SHA-256
    document_kind: Annotated[
        str, OneOf((*DOCUMENTS_NEEDED, "accounts", "tax", "sites", "policy", "other"))
    ]
    title: str
    issued_on: date
    until: date | None = None  # its last day

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.issued_on, self.until)
        if not DIGEST_FORM.fullmatch(self.document):
            yield DocumentWrong(f"document: {self.document[:70]!r}: 64 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Question:
    """What an applicant is asked, by when it answers, and its answer."""

    application: str
    number: int
    asked: str
    asked_on: date
    due_on: date
    answer: str = ""
    answered_on: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.asked_on, self.due_on)
        if bool(self.answer) != (self.answered_on is not None):
            yield QuestionWrong("an answer and the day of the answer, or neither")
        elif self.answered_on is not None and self.answered_on < self.asked_on:
            detail = f"answered on {self.answered_on}, and asked on {self.asked_on}"
            yield QuestionWrong(detail)


@dataclass(frozen=True, slots=True)
class Examination:
    """What was checked, with which outcome and on what evidence."""

    application: str
    check: Annotated[str, OneOf((*EXAMINATIONS_NEEDED, ENHANCED))]
    outcome: Annotated[str, OneOf(("passed", "failed"))]
    evidence: str
    done_on: date

    def faults(self) -> Iterable[Refusal]:
        """Nothing is wrong with what has its form."""
        return ()


@dataclass(frozen=True, slots=True)
class RiskFactor:
    """How great the risk is in one respect, and why."""

    application: str
    factor: Annotated[str, OneOf(FACTORS)]
    level: Annotated[str, OneOf(tuple(Level))]
    reason: str

    def faults(self) -> Iterable[Refusal]:
        """Nothing is wrong with what has its form."""
        return ()


class Outcome(StrEnum):
    """How a case ends."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"  # by the applicant


@dataclass(frozen=True, slots=True)
class Decision:
    """How an application was decided, over which case."""

    application: str
    outcome: Annotated[str, OneOf(tuple(Outcome))]
    reason: str
    case: str  # SHA-256 over the case: `Case.digest`
    decided_on: date
    rating: str = ""  # of who was admitted

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _id_wrong(self.application)
        if not DIGEST_FORM.fullmatch(self.case):
            yield DecisionWrong("case: 64 hexadecimal digits")
        if (self.rating in set(Level)) != (self.outcome == Outcome.ADMITTED):
            yield DecisionWrong("who is admitted has a rating, and nobody else")


@dataclass(frozen=True, slots=True)
class Review:
    """Two people looked at a participant again."""

    participant: ParticipantId
    reviewed_on: date
    rating: Annotated[str, OneOf(tuple(Level))]
    reason: str

    def faults(self) -> Iterable[Refusal]:
        """Nothing is wrong with what has its form."""
        return ()


def _id_wrong(id: str) -> Iterable[Refusal]:
    form = ID_FORM.fullmatch(id)
    if form is None or form["prefix"] != APPLICATION:
        yield ApplicationWrong(f"application: {id[:40]!r}: an id that begins with {APPLICATION}_")


def _of_case(name: str, kind: type, says: str, *key: str) -> Register:
    return Register(name, kind, says, ("application", *key), "application", way=Way.FILED)


APPLICATIONS = Register(
    "application",
    Application,
    "who asks to take part",
    ("application",),
    "application",
    restricted=frozenset({"address"}),
    way=Way.FILED,
)
SOUGHT = _of_case(
    *("licence_sought", LicenceSought, "a licence under which an applicant is to act"),
    *("licence_class", "issuer", "valid_from"),
)
DOCUMENTS = _of_case("document", Document, "a document of a case", "document")
QUESTIONS = _of_case("question", Question, "what an applicant is asked", "number")
EXAMINATIONS = _of_case("examination", Examination, "what was checked of a case", "check")
FACTORS_OF_RISK = _of_case("risk_factor", RiskFactor, "how great the risk is, and why", "factor")
DECISIONS = Register(
    "decision",
    Decision,
    "how an application was decided",
    ("application",),
    "application",
)
REVIEWS = Register(
    "periodic_review",
    Review,
    "two people looked at a participant again",
    ("participant", "reviewed_on"),
    "participant",
)
OF_CASE = (APPLICATIONS, SOUGHT, DOCUMENTS, QUESTIONS, EXAMINATIONS, FACTORS_OF_RISK)
