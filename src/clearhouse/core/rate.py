"""`Rate`: what one unit of an asset is worth in another, exactly, and where that is known from.

A rate is a fraction of integers: minor units of the quote asset (cents) for one WHOLE unit of the
base asset (a bitcoin). 60,075.45 USD a bitcoin is 6007545/1, in lowest terms. It carries its
evidence, so that whoever reads an amount can find the rate, and whoever doubts the rate can make
it again: the instant it holds for, the method with its parameters, and the trades it was made from.

An invoice is a constant in its own currency; the quantity of the digital asset follows from the
rate (the crypto leg floats until it is fixed, the fiat leg never moves).

Rounding, once for each conversion: to the nearest minor unit, and from the exact middle to the even
one. It favours neither debtor nor creditor: over many obligations the halves cancel, which they
would not if rounded up (for creditors) or down (for debtors).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import gcd

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import RateId, derived
from clearhouse.core.money import (
    UNITS_MAX,
    AmountNotPositive,
    AmountTooLarge,
    Asset,
    AssetMismatch,
    Money,
    decimal,
)


class RateNotPositive(Refusal):
    """A rate is zero or negative."""

    code = "rate.not-positive"
    kind = Kind.MALFORMED


class AmountVanishes(Refusal):
    """An amount is worth less than half a minor unit of the asset it would be paid in."""

    code = "rate.amount-vanishes"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of one whole unit of `base` in minor units of `quote`, with its evidence.

    Raises:
        RateNotPositive: Nothing that is worth nothing settles a debt.
    """

    id: RateId
    base: Asset  # what is priced: BTC
    quote: Asset  # what it is priced in: USD
    numerator: int
    denominator: int
    as_of: datetime  # UTC: the instant the rate holds for
    method: str  # how it was made: the method's name, version and parameters
    source: str  # what it was made from: the SHA-256 of the file of trades
    venues: tuple[str, ...]  # whose trades count in it, sorted

    def __post_init__(self) -> None:
        if self.numerator <= 0 or self.denominator <= 0:
            raise RateNotPositive(f"{self.numerator}/{self.denominator}", rate=self.id)
        assert gcd(self.numerator, self.denominator) == 1, "in lowest terms"
        assert self.base.identity != self.quote.identity
        assert self.as_of.utcoffset() == timedelta(0)

    def __str__(self) -> str:
        if self.denominator == 1:
            price = decimal(self.numerator, self.quote.exponent)
        else:
            price = str(self.exact / 10**self.quote.exponent)
        return f"{price} {self.quote.code} for one {self.base.code}"

    @property
    def exact(self) -> Fraction:
        """Minor units of `quote` for one whole unit of `base`."""
        return Fraction(self.numerator, self.denominator)

    def quantity(self, amount: Money) -> Money:
        """Convert an `amount` of the quote asset to what is owed in the base asset.

        Rounded to the nearest minor unit, from the middle to the even one; this favours nobody.

        Args:
            amount: Above zero, in `quote`: an invoice's amount.

        Returns:
            A positive amount of `base`, at most UNITS_MAX.

        Raises:
            AssetMismatch, AmountNotPositive, AmountVanishes, AmountTooLarge: In this precedence.
        """
        if amount.asset != self.quote:
            raise AssetMismatch(f"{amount.asset.code} at {self}", rate=self.id)
        if amount.units <= 0:
            raise AmountNotPositive(f"{amount} at {self}", rate=self.id)
        units = round(amount.units * 10**self.base.exponent / self.exact)
        if units == 0:
            raise AmountVanishes(f"{amount} is no {self.base.code} at {self}", rate=self.id)
        if units > UNITS_MAX:
            raise AmountTooLarge(
                f"{amount} is {Money(units, self.base)} at {self};"
                f" at most {decimal(UNITS_MAX, self.base.exponent)}",
                rate=self.id,
            )
        return Money(units, self.base)

    def value(self, amount: Money) -> Money:
        """Tell what an `amount` of the base asset is worth in the quote asset: for limits, reports.

        Rounded as `quantity` rounds; nothing is owed by it, so a few satoshi may be worth 0.00.
        While a minor unit of `base` is worth less than one of `quote`, an invoice's quantity is
        worth the invoice's amount again, to the cent.

        Args:
            amount: In `base`; negative when owed, and then so is its value.

        Raises:
            AssetMismatch: It is another asset.
        """
        if amount.asset != self.base:
            raise AssetMismatch(f"{amount.asset.code} at {self}", rate=self.id)
        return Money(round(amount.units * self.exact / 10**self.base.exponent), self.quote)


def stated(
    base: Asset,
    quote: Asset,
    price: Fraction,
    *,
    as_of: datetime,
    method: str,
    source: str,
    venues: tuple[str, ...],
) -> Rate:
    """State a rate; its id follows from all that it says.

    Args:
        base: What is priced.
        quote: What it is priced in.
        price: Minor units of `quote` for one whole unit of `base`.
        as_of: UTC.
        method: The method's name, version and parameters.
        source: The SHA-256 of the trades' file.
        venues: Whose trades count in it.

    Raises:
        RateNotPositive: The price is zero or less.
    """
    venues = tuple(sorted(venues))
    fraction = f"{price.numerator}/{price.denominator}"
    said = (base.identity, quote.identity, fraction, as_of.isoformat(), method, source, *venues)
    return Rate(
        RateId(derived("rat", *said)),
        base,
        quote,
        price.numerator,
        price.denominator,
        as_of,
        method,
        source,
        venues,
    )
