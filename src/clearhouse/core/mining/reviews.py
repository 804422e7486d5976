"""What the house finds of returns by itself: breaches and reviews; and what people make of them.

A breach is that a return was not filed by its deadline: there is one for each return and each rule
that asks for it, with that rule's fee, however late it comes and however often it is corrected.
A review is that somebody should look at a month. It is no finding that anything was done wrong, and
bars nobody from anything: nothing that decides on payments reads it. It is raised again when the
figures behind it change, and is open until an outcome is filed after it was raised.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.plausibility import Ground
from clearhouse.core.record import OneOf, Register, Way


class ReviewUnknown(Refusal):
    """An outcome is of a review that was never raised."""

    code = "mining.review-unknown"
    kind = Kind.UNKNOWN


class OutcomeEarly(Refusal):
    """A review is said to have come out on a day that has not come, or before it was raised."""

    code = "mining.outcome-early"
    kind = Kind.MALFORMED


class Broken(StrEnum):
    """What was broken; codes are never renamed and never reused."""

    RETURN_LATE = "mining.return-late"  # it was not filed by its deadline


@dataclass(frozen=True, slots=True)
class Breach:
    """A participant broke a rule; what that costs it follows from the rule."""

    participant: ParticipantId
    about: str  # what: a return by its form and month, miner_return 2026-02
    code: Annotated[str, OneOf(tuple(Broken))]
    due_at: datetime
    found_at: datetime
    fee: int  # minor units of the currency
    currency: str  # empty where the rule names no fee
    rule: str  # its id
    citation: str

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()


@dataclass(frozen=True, slots=True)
class Review:
    """Somebody should look at a participant's month."""

    participant: ParticipantId
    month: date
    code: Annotated[str, OneOf(tuple(Ground))]
    detail: str  # the figures that were compared, in words
    raised_at: datetime

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What came of looking."""

    participant: ParticipantId
    month: date
    code: Annotated[str, OneOf(tuple(Ground))]
    outcome: Annotated[str, OneOf(("explained", "corrected", "referred"))]
    said: str
    decided_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return ()


BREACHES = Register(
    "breach",
    Breach,
    "a participant broke a rule, and what that costs it",
    ("participant", "about", "rule"),
    "participant",
    way=Way.FOUND,
)
REVIEWS = Register(
    "review",
    Review,
    "somebody should look at a participant's month of mining",
    ("participant", "month", "code"),
    "participant",
    way=Way.FOUND,
    untold=True,
)
REVIEW_OUTCOMES = Register(
    "review_outcome",
    ReviewOutcome,
    "what came of looking at a month",
    ("participant", "month", "code"),
    "participant",
    way=Way.FILED,
    untold=True,
)
