"""`Matters`: payments to be judged, as columns of facts.

Whoever asks hands in what is known; what follows from it (the day looked at, who is attached, an
amount in a rule's currency) is worked out here, and what may be missing and is, is unknown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.money import UNITS_MAX
from clearhouse.core.rulebook.facts import SIDES, Key
from clearhouse.core.rulebook.rule import Day
from clearhouse.core.rulebook.vocabulary import (
    CURRENCIES,
    EPOCH,
    OF_MATTER,
    OF_PARTY,
    PARTIES,
    Sort,
)
from clearhouse.engines.formula import Column

Codes = NDArray[np.uint8]
DTYPES: Mapping[Sort, type[np.generic]] = {
    Sort.TRUTH: np.bool_,
    Sort.WHOLE: np.int64,
    Sort.AMOUNT: np.int64,
    Sort.QUANTITY: np.int64,
    Sort.DAY: np.int64,
    Sort.TEXT: np.uint8,
    Sort.SET: np.uint64,
}
PRODUCT_MAX = 1 << 62  # what a conversion may come to on its way, in 64 bits

# What one minor unit of the first currency is worth in minor units of the second, by the name of
# the rate and the day: (name, from, to, day).
Rates = Mapping[tuple[str, str, str, date], Fraction]


@dataclass(frozen=True)
class Matters:
    """A batch of payments.

    Args:
        known: Columns by fact, or by fact@day for what changes with the day. At least transaction,
            asset, traded_on and settles_on, and of both parties residence, jurisdictions and
            licences.
        units: What is owed, in minor units of `invoiced_in`.
        rates: For amounts in other currencies.
        window: Finds what is linked to each payment; without it windows are unknown.
    """

    rows: int
    known: Mapping[str, Column]
    units: NDArray[np.int64] | None = None
    rates: Rates = field(default_factory=dict)
    window: Callable[[Key], Column] | None = None

    def column(self, key: Key) -> Column:
        """The facts of one key."""
        for name in (f"{key.fact}@{key.day}", key.fact):
            if name in self.known:
                return self.known[name]
        return self._derived(key) or self._missing(key)

    def _derived(self, key: Key) -> Column | None:
        """What follows from other facts."""
        match key.fact.split("."):
            case ["jurisdictions"]:
                debtor, creditor = (self.known[f"{party}.jurisdictions"] for party in PARTIES)
                return Column(debtor.values | creditor.values)
            case ["on"]:
                return self._day(key.day)
            case ["month_day"]:
                return Column(_month_day(self._day(key.day).values))
            case ["amount", currency] if self.units is not None:
                return self._amount(currency, self.units, key)
            case ["window", *_] if self.window is not None:
                return self.window(key)
            case _:
                return None

    def _missing(self, key: Key) -> Column:
        """What is not known of any payment."""
        whose, _, what = key.fact.partition(".")
        if whose == "programmes":  # whoever does not say is under none
            return Column(np.zeros(self.rows, np.uint64))
        if whose in {"amount", "window"}:
            return self._unknown(np.int64)
        fact = OF_PARTY[what] if whose in PARTIES else OF_MATTER[key.fact]
        assert fact.optional, f"{key.fact} must be known"
        return self._unknown(DTYPES[fact.type.sort])

    def _day(self, day: str) -> Column:
        return self.known["traded_on" if day == Day.TRADE else "settles_on"]

    def _unknown(self, dtype: type[np.generic]) -> Column:
        return Column(np.zeros(self.rows, dtype), np.ones(self.rows, np.bool_))

    def _amount(self, currency: str, units: NDArray[np.int64], key: Key) -> Column:
        """What is owed, in another currency; rounded up, so that nothing slips under a limit."""
        codes = self.known["invoiced_in"].values
        days = self._day(key.day).values
        worth = np.zeros(self.rows, np.int64)
        unknown = np.zeros(self.rows, np.bool_)
        for code, name in enumerate(CURRENCIES):
            owed_in = codes == code
            if name == currency:
                worth[owed_in] = units[owed_in]
                continue
            for day in np.unique(days[owed_in]):
                rows = owed_in & (days == day)
                pair = (key.rate, name, currency, date.fromordinal(int(day) + EPOCH))
                if pair in self.rates:
                    worth[rows] = _converted(units[rows], self.rates[pair])
                else:
                    unknown[rows] = True
        return Column(worth, unknown if unknown.any() else None)


def _converted(units: NDArray[np.int64], rate: Fraction) -> NDArray[np.int64]:
    """Units times a rate, rounded up; what passes the most that can be owed is that."""
    numerator, denominator = rate.as_integer_ratio()
    most = int(units.max(initial=0))
    fits = numerator * denominator < PRODUCT_MAX and most * numerator < PRODUCT_MAX * denominator
    exact = units if fits else units.astype(object)  # as whole as people write them, and slower
    whole = exact // denominator
    rest = exact - whole * denominator
    converted = whole * numerator - -(rest * numerator) // denominator
    capped: NDArray[np.int64] = np.minimum(converted, UNITS_MAX).astype(np.int64)
    return capped


def _month_day(days: NDArray[np.generic]) -> NDArray[np.int64]:
    """The month and day of days since 1970: 1115 for 15 November."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    day: NDArray[np.int64] = (dates - months).astype(np.int64) + 1
    return month * 100 + day


def days_of(days: Sequence[date]) -> NDArray[np.int64]:
    """Days as a column has them."""
    return np.array([day.toordinal() - EPOCH for day in days], np.int64)


assert not set(SIDES) & set(PARTIES)
