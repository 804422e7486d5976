"""`Lot`: mined coin as property; the income when it is received, and the gain when it is sold.

Mined coin is income on the day on which the right to dispose of it arises, at the quotation of an
eligible venue on that day. The taxed value is the lot's basis, and is deducted when the coin is
sold, so that nothing is taxed twice. A sale is taxed at its price, yet at not less than the
quotation of its day less a share (20 %). Between the two days nothing is revalued.

Whose coin is sold is a declared method: FIFO takes the oldest lots first; PRORATA takes the same
share of every lot at the average basis. Under both the basis of all parts ever sold and of the lots
left is the basis of all lots ever opened, to the cent: each division is rounded down and what it
leaves stays with the coin that is left, until the last satoshi takes the rest.

Amounts are integers: satoshi, and cents of one currency. A quotation is cents for one bitcoin, an
integer or, where a central bank's rate has been applied to it, an exact fraction. Which venue is
eligible, and what its quotation was, is for the caller to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate, pairwise
from math import ceil, floor

from clearhouse.core.errors import Kind, Refusal

SATOSHI = 10**8  # of one bitcoin
BELOW_PER_MILLE = 200  # how far below the quotation a price may be and still be what is taxed


class UnitsNotPositive(Refusal):
    """No coin is received or sold, or less than none."""

    code = "mining.units-not-positive"
    kind = Kind.MALFORMED


class QuoteNotPositive(Refusal):
    """A quotation is zero or less, or a price is below zero."""

    code = "mining.quote-not-positive"
    kind = Kind.MALFORMED


class LotTwice(Refusal):
    """Two lots have one id."""

    code = "mining.lot-twice"
    kind = Kind.CONFLICT


class SaleEarly(Refusal):
    """A sale is dated before a lot was opened."""

    code = "mining.sale-early"
    kind = Kind.CONFLICT


class LotsTooFew(Refusal):
    """More coin is to be sold than there is in the lots."""

    code = "mining.lots-too-few"
    kind = Kind.UNFUNDED


class Method(StrEnum):
    """Whose coin is sold; declared once, and not changed from sale to sale."""

    FIFO = "fifo"  # the oldest lots first, each at its own basis
    PRORATA = "prorata"  # the same share of every lot, at the average basis


@dataclass(frozen=True, slots=True)
class Lot:
    """Coin received on one day, or what is left of it. Made by `open_lot` and `dispose`."""

    id: str
    opened_on: date  # the day on which the right to dispose arose
    units: int  # satoshi, above zero
    basis: int  # cents, taxed as income and not yet deducted

    def __post_init__(self) -> None:
        assert self.units > 0
        assert self.basis >= 0


@dataclass(frozen=True, slots=True)
class Part:
    """What a sale took out of one lot."""

    lot: str  # its id
    units: int  # satoshi, above zero
    basis: int  # cents deducted


@dataclass(frozen=True, slots=True)
class Disposal:
    """A sale: what it took from which lots, what it is taxed at, and what is left."""

    on: date
    method: Method
    parts: tuple[Part, ...]  # in the order in which lots were opened
    proceeds: int  # cents: the actual price
    taxed_proceeds: int  # cents: the same, or the floor where that is higher
    left: tuple[Lot, ...]  # in the order in which they were opened

    @property
    def units(self) -> int:
        """Satoshi sold."""
        return sum(part.units for part in self.parts)

    @property
    def basis(self) -> int:
        """Cents deducted."""
        return sum(part.basis for part in self.parts)

    @property
    def gain(self) -> int:
        """Cents taxed; below zero it is a loss."""
        return self.taxed_proceeds - self.basis


def open_lot(id: str, on: date, units: int, quote: Fraction | int) -> Lot:
    """Receive mined coin: its value is income of the day, and the basis of a new lot.

    The value is rounded to the nearest cent, from the middle up (for the treasury, at most half a
    cent, which comes back as basis). A few satoshi may be worth 0.00.

    Args:
        id: Which no other lot of the same owner has.
        on: The day on which the right to dispose of the coin arises.
        units: Satoshi.
        quote: Cents for one bitcoin on that day.

    Returns:
        A lot whose `basis` is the income, in cents.

    Raises:
        UnitsNotPositive, QuoteNotPositive: In this precedence.
    """
    if units <= 0:
        raise UnitsNotPositive(f"{units} satoshi received on {on}", lot=id)
    if quote <= 0:
        raise QuoteNotPositive(f"{quote} cents a bitcoin on {on}", lot=id)
    return Lot(id, on, units, half_up(units * Fraction(quote) / SATOSHI))


def floor_of(units: int, quote: Fraction | int, below_per_mille: int) -> int:
    """The least that a sale is taxed at, in cents: the quotation less a share, rounded up."""
    return ceil(units * Fraction(quote) * (1000 - below_per_mille) / (1000 * SATOSHI))


def dispose(
    lots: Sequence[Lot],
    on: date,
    units: int,
    price: Fraction | int,
    quote: Fraction | int,
    method: Method,
    *,
    below_per_mille: int = BELOW_PER_MILLE,
) -> Disposal:
    """Sell coin out of `lots`, deduct its basis, and tell what is left.

    Proceeds are rounded to the nearest cent, from the middle up. The floor, `units` at the
    quotation less `below_per_mille`, is rounded up: what is taxed is never below it.

    Args:
        lots: All that the owner has, in any order; those of one day count as given.
        on: The day of the sale. Sales are entered in order: had a later lot or sale come first, the
            basis of this one would be another.
        units: Satoshi.
        price: Cents for one bitcoin, as sold; zero for what is given away.
        quote: Cents for one bitcoin, of an eligible venue on that day.
        method: As declared.
        below_per_mille: 0 to 1000.

    Raises:
        UnitsNotPositive, QuoteNotPositive, LotTwice, SaleEarly, LotsTooFew: In this precedence.
    """
    assert 0 <= below_per_mille <= 1000  # noqa: PLR2004 - per mille
    if units <= 0:
        raise UnitsNotPositive(f"{units} satoshi sold on {on}")
    if quote <= 0 or price < 0:
        raise QuoteNotPositive(f"sold at {price}, quoted at {quote} cents a bitcoin on {on}")
    held = sorted(lots, key=lambda lot: lot.opened_on)
    _need_lots(held, on, units)
    taken = _oldest(held, units) if method is Method.FIFO else _average(held, units)
    proceeds = half_up(units * Fraction(price) / SATOSHI)
    least = floor_of(units, quote, below_per_mille)
    parts = [Part(old.id, sold, basis) for old, sold, basis, _ in taken if sold]
    left = [
        replace(old, units=old.units - sold, basis=kept)
        for old, sold, _, kept in taken
        if sold < old.units
    ]
    bases = sum(part.basis for part in parts) + sum(lot.basis for lot in left)
    assert bases == sum(lot.basis for lot in lots), "no cent is made or lost"
    return Disposal(on, method, tuple(parts), proceeds, max(proceeds, least), tuple(left))


def _need_lots(held: Sequence[Lot], on: date, units: int) -> None:
    """Check that the lots are different ones, all there on the day, and enough."""
    seen: set[str] = set()
    for lot in held:
        if lot.id in seen:
            raise LotTwice(f"{lot.id} is there twice", lot=lot.id)
        seen.add(lot.id)
    for lot in held:
        if lot.opened_on > on:
            raise SaleEarly(f"sold on {on}, but {lot.id} was opened {lot.opened_on}", lot=lot.id)
    if (there := sum(lot.units for lot in held)) < units:
        raise LotsTooFew(f"{units} satoshi to be sold, of {there}")


def _oldest(held: Sequence[Lot], units: int) -> list[tuple[Lot, int, int, int]]:
    """Take from the oldest lots first.

    Returns:
        For each lot: the lot, the satoshi sold, the cents deducted, and the cents kept.
    """
    taken = []
    for lot in held:
        sold = min(units, lot.units)
        basis = lot.basis * sold // lot.units  # down; the lot's last satoshi takes the rest
        taken.append((lot, sold, basis, lot.basis - basis))
        units -= sold
    return taken


def _average(held: Sequence[Lot], units: int) -> list[tuple[Lot, int, int, int]]:
    """Take the same share of every lot at the average basis of all, which the rest has too.

    The lots are one pool: each satoshi of it has the same basis, whichever lot it came in with.
    What an odd satoshi or cent cannot divide goes to one lot or another, and the sums are exact.

    Returns:
        For each lot: the lot, the satoshi sold, the cents deducted, and the cents kept.
    """
    pool = sum(lot.units for lot in held)
    basis = sum(lot.basis for lot in held)
    deducted = basis * units // pool  # down; the pool's last satoshi takes the rest
    sold = _split(units, [lot.units for lot in held])
    bases = _split(deducted, sold)
    kept = _split(
        basis - deducted, [lot.units - part for lot, part in zip(held, sold, strict=True)]
    )
    return list(zip(held, sold, bases, kept, strict=True))


def _split(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide in proportion to weights, each boundary rounded down; with no weight, nothing is."""
    cuts = list(accumulate(weights, initial=0))
    if not cuts[-1]:
        assert not amount
        return [0] * len(weights)
    return [amount * high // cuts[-1] - amount * low // cuts[-1] for low, high in pairwise(cuts)]


def half_up(value: Fraction) -> int:
    """Round to the nearest integer, from the middle up; values are zero or more."""
    return floor(value + Fraction(1, 2))
