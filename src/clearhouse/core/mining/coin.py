"""`Coin`: a miner's mined coin through the years, worked out from its lots and sales.

Lots and sales are put in the order of their days and, within a day, of their ids; a day's lots come
before its sales. Each sale draws on what is there by the method of its year. So the result follows
from what is recorded, whatever the order in which it was entered, and nothing of it is kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.sales import LotMethod, MinedLot, MinedSale, exchanged
from clearhouse.core.mining.tax import (
    SATOSHI,
    Disposal,
    Lot,
    Method,
    dispose,
    floor_of,
    half_up,
    open_lot,
)
from clearhouse.core.money import Asset


@dataclass(frozen=True)
class Terms:
    """How a miner's coin is taxed."""

    declared: Mapping[int, Method]  # by the year from which on it holds
    currency: Asset
    assets: Mapping[str, Asset]  # in which prices and quotations are
    below: Callable[[date], int]  # per mille of the quotation that a price may be below it

    def method(self, year: int) -> Method | None:
        """The method of a year; None if none was declared up to then."""
        return method_in(self.declared, year)

    def value(self, units: int, one: MinedLot | MinedSale) -> Fraction:
        """What minor units of a record's asset are in the tax's currency."""
        return exchanged(units, one, self.assets[one.asset], self.currency)


@dataclass(frozen=True, slots=True)
class Opened:
    """A lot, what was taxed of it as income, and what is left of it."""

    record: MinedLot
    income: int
    left: Lot | None

    @property
    def units_left(self) -> int:
        """Satoshi not sold."""
        return self.left.units if self.left else 0

    @property
    def basis_left(self) -> int:
        """What is not deducted yet."""
        return self.left.basis if self.left else 0


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale, and what it drew on."""

    record: MinedSale
    disposal: Disposal


@dataclass(frozen=True, slots=True)
class Held:
    """So much coin, and what of it is not deducted yet."""

    units: int
    basis: int


@dataclass(frozen=True, slots=True)
class Year:
    """What a calendar year comes to; amounts are minor units of the tax's currency."""

    miner: ParticipantId
    year: int
    method: Method | None  # None if nothing was declared, and so nothing sold
    currency: Asset
    assets: Mapping[str, Asset]  # in which prices and quotations are
    opening: Held
    opened: tuple[Opened, ...]
    sold: tuple[Sold, ...]
    closing: Held

    @property
    def income(self) -> int:
        """Taxed for what was mined."""
        return sum(one.income for one in self.opened)

    @property
    def proceeds(self) -> int:
        """What the coin was sold for."""
        return sum(one.disposal.proceeds for one in self.sold)

    @property
    def taxed(self) -> int:
        """What the sales are taxed at: their prices, or more."""
        return sum(one.disposal.taxed_proceeds for one in self.sold)

    @property
    def basis(self) -> int:
        """Deducted."""
        return sum(one.disposal.basis for one in self.sold)

    @property
    def gain(self) -> int:
        """Taxed for what was sold; below zero it is a loss."""
        return self.taxed - self.basis


@dataclass(frozen=True)
class Coin:
    """All that a miner ever had of mined coin, and what is left of it."""

    miner: ParticipantId
    terms: Terms
    opened: tuple[Opened, ...]  # by day
    sold: tuple[Sold, ...]  # by day

    def year(self, year: int) -> Year:
        """What a calendar year comes to."""
        return Year(
            self.miner,
            year,
            self.terms.method(year),
            self.terms.currency,
            self.terms.assets,
            self._before(year),
            tuple(one for one in self.opened if one.record.right_on.year == year),
            tuple(one for one in self.sold if one.record.sold_on.year == year),
            self._before(year + 1),
        )

    @property
    def left(self) -> Held:
        """What there is now."""
        units = sum(one.units_left for one in self.opened)
        return Held(units, sum(one.basis_left for one in self.opened))

    def _before(self, year: int) -> Held:
        """What there is when a year begins: what came in less what was sold."""
        came = [one for one in self.opened if one.record.right_on.year < year]
        went = [one.disposal for one in self.sold if one.record.sold_on.year < year]
        units = sum(one.record.units for one in came) - sum(one.units for one in went)
        return Held(units, sum(one.income for one in came) - sum(one.basis for one in went))


def method_in(declared: Mapping[int, Method], year: int) -> Method | None:
    """What was declared for a year, or for the last one before it."""
    years = [one for one in declared if one <= year]
    return declared[max(years)] if years else None


def declared_by(several: Iterable[LotMethod]) -> dict[int, Method]:
    """What was declared for each year."""
    return {one.year: Method(one.method) for one in several}


def worked(
    miner: ParticipantId, lots: Iterable[MinedLot], sales: Iterable[MinedSale], terms: Terms
) -> Coin:
    """Work out what each sale drew on and what is left.

    Args:
        miner: Whose they all are.
        lots: In any order.
        sales: In any order; a method is declared for the year of each.
        terms: How the miner is taxed.

    Raises:
        LotsTooFew: More was sold than there was; no such sale is entered.
    """
    coming = sorted(lots, key=lambda one: (one.right_on, one.lot))
    opened = [
        open_lot(one.lot, one.right_on, one.units, terms.value(one.quote, one)) for one in coming
    ]
    held: list[Lot] = []
    sold = []
    place = 0
    for sale in sorted(sales, key=lambda one: (one.sold_on, one.sale)):
        while place < len(opened) and opened[place].opened_on <= sale.sold_on:
            held.append(opened[place])
            place += 1
        disposal = _disposed(held, sale, terms)
        sold.append(Sold(sale, disposal))
        held = list(disposal.left)
    left = {one.id: one for one in (*held, *opened[place:])}
    return Coin(
        miner,
        terms,
        tuple(
            Opened(one, lot.basis, left.get(one.lot))
            for one, lot in zip(coming, opened, strict=True)
        ),
        tuple(sold),
    )


def _disposed(held: Sequence[Lot], sale: MinedSale, terms: Terms) -> Disposal:
    method = terms.method(sale.sold_on.year)
    assert method is not None, "a sale is entered when its year has a method"
    return dispose(
        held,
        sale.sold_on,
        sale.units,
        terms.value(sale.price, sale) * SATOSHI / sale.units,
        terms.value(sale.quote, sale),
        method,
        below_per_mille=terms.below(sale.sold_on),
    )


def raised(sale: MinedSale, terms: Terms) -> tuple[int, int] | None:
    """The price and what a sale is taxed at, if that is more; else None."""
    proceeds = half_up(terms.value(sale.price, sale))
    quote = terms.value(sale.quote, sale)
    least = floor_of(sale.units, quote, terms.below(sale.sold_on))
    return (proceeds, least) if least > proceeds else None
