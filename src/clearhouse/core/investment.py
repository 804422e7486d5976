"""Investments: what investors put into digital assets through licensed intermediaries.

An intermediary records each investment of its clients. The law's caps count what an investor has
invested through all intermediaries together; so an investment is entered only if the law allows it
beside all that are recorded. An investor is tested once before investing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ParticipantId
from clearhouse.core.record import OneOf, Register, dates_wrong
from clearhouse.core.rulebook.vocabulary import CURRENCIES, WORDS

INVESTMENT = "inv"


class InvestmentWrong(Refusal):
    """An investment is known by an id that begins with inv_, and is of an amount above zero."""

    code = "investment.wrong"
    kind = Kind.MALFORMED


class InvestmentBarred(Refusal):
    """The law does not allow an investment."""

    code = "investment.barred"
    kind = Kind.FORBIDDEN


class InvestmentUndecided(Refusal):
    """The law has a person look at an investment, or cannot tell from what is known."""

    code = "investment.undecided"
    kind = Kind.FORBIDDEN


class InvestmentRecorded(Refusal):
    """An investment is recorded once, and stays as it is."""

    code = "investment.recorded"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Investment:
    """What an investor put into a digital asset on a day, through an intermediary."""

    investment: str  # its id
    investor: ParticipantId
    intermediary: ParticipantId
    asset: Annotated[str, OneOf(tuple(WORDS["asset"]))]
    origin: Annotated[str, OneOf(tuple(WORDS["origin"]))]  # where the coins come from
    currency: Annotated[str, OneOf(tuple(CURRENCIES))]
    units: int  # minor units of the currency
    invested_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        form = ID_FORM.fullmatch(self.investment)
        if form is None or form["prefix"] != INVESTMENT:
            yield InvestmentWrong(f"{self.investment[:40]!r}: an id that begins with inv_")
        if self.units < 1:
            yield InvestmentWrong("units: above zero, in minor units of the currency")
        if self.investor == self.intermediary:
            yield InvestmentWrong(f"{self.investor} is its own intermediary")


@dataclass(frozen=True, slots=True)
class InvestorTest:
    """An investor passed the test on digital assets, which holds for a time."""

    participant: ParticipantId
    examiner: str
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return dates_wrong(self.since, self.until)


INVESTMENTS = Register(
    "investment",
    Investment,
    "what an investor put into a digital asset through an intermediary",
    ("investment",),
    "investor",
)
TESTS = Register(
    "investor_test",
    InvestorTest,
    "an investor passed the test on digital assets",
    ("participant", "since"),
    "participant",
)
