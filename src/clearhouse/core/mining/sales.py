"""Records of mined coin: how it is taxed, the lots that it came in, and what was sold of it.

A lot is coin of which the right to dispose arose on one day. A sale is of a miner's coin to a
platform or an importer; which lots it draws on follows from the method that is declared for its
year, and is computed (`coin`), never stored. A lot or a sale said anew corrects what was said; it
stays its miner's.

Prices and quotations are whole minor units of one currency, the record's asset. Where that is not
the currency of the tax, the central bank's official rate of the day stands beside them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ParticipantId
from clearhouse.core.mining.tax import Method, QuoteNotPositive, UnitsNotPositive
from clearhouse.core.money import Asset
from clearhouse.core.record import Decimals, OneOf, Register, Way

LOT, SALE = "lot", "sal"
COIN_DECIMALS, RATE_DECIMALS = 8, 8
UNITS_MAX = 21 * 10**14  # satoshi: there are no more
YEAR_MIN, YEAR_MAX = 2009, 9999  # nobody mined before
OUTPOINT_FORM = re.compile(r"[0-9a-f]{64}:(?:0|[1-9][0-9]{0,9})", re.ASCII)
OFFICIAL = Decimals(RATE_DECIMALS, "the tax's currency for one of the asset")


class CoinWrong(Refusal):
    """A lot or a sale of mined coin does not have its form."""

    code = "mining.coin-wrong"
    kind = Kind.MALFORMED


class RateWrong(Refusal):
    """A central bank's rate is missing, or stands where there is nothing to convert."""

    code = "mining.rate-wrong"
    kind = Kind.MALFORMED


class MethodWrong(Refusal):
    """A method is declared for a year that is none."""

    code = "mining.method-wrong"
    kind = Kind.MALFORMED


class BuyerUnlicensed(Refusal):
    """Mined coin is sold to somebody who is licensed neither as a platform nor as an importer."""

    code = "mining.buyer-unlicensed"
    kind = Kind.FORBIDDEN


class MethodUndeclared(Refusal):
    """No method is declared by which a miner's coin is taxed then."""

    code = "mining.method-undeclared"
    kind = Kind.UNKNOWN


class MethodLate(Refusal):
    """A method is changed for a year that has begun."""

    code = "mining.method-late"
    kind = Kind.CONFLICT


class CurrencyChanged(Refusal):
    """A miner's tax is said to be in two currencies."""

    code = "mining.currency-changed"
    kind = Kind.CONFLICT


class NotYet(Refusal):
    """Coin is received or sold, or a year is worked out, that has not come yet."""

    code = "mining.not-yet"
    kind = Kind.MALFORMED


class CoinTwice(Refusal):
    """One output of a transaction is said to be in two lots."""

    code = "mining.coin-twice"
    kind = Kind.CONFLICT


class MinerChanged(Refusal):
    """A lot or a sale is said to be another miner's than before."""

    code = "mining.miner-changed"
    kind = Kind.CONFLICT


class LotSold(Refusal):
    """A lot is said to be smaller or later, yet its coin was sold."""

    code = "mining.lot-sold"
    kind = Kind.CONFLICT


class BelowFloor(Refusal):
    """A sale is taxed above its price, at the quotation less what the law lets it be below."""

    code = "mining.below-floor"
    kind = Kind.CONFLICT


class SalesReworked(Refusal):
    """Sales that were recorded before are worked out anew, and may deduct another basis."""

    code = "mining.sales-reworked"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class LotMethod:
    """How a miner's coin is taxed from a calendar year on, until another year is declared."""

    miner: ParticipantId
    year: int
    method: Annotated[str, OneOf(tuple(Method))]
    currency: str  # in which tax is reckoned

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        if not YEAR_MIN <= self.year <= YEAR_MAX:
            yield MethodWrong(f"year: {self.year}: {YEAR_MIN} to {YEAR_MAX}")


@dataclass(frozen=True, slots=True)
class MinedLot:
    """Coin of which a miner came to have the right to dispose, on one day."""

    lot: str  # its id
    miner: ParticipantId
    units: Annotated[int, Decimals(COIN_DECIMALS, "BTC")]  # satoshi
    right_on: date
    quote: int  # minor units of the asset for one bitcoin that day
    asset: str
    venue: str  # whose quotation it is
    official_rate: Annotated[int | None, OFFICIAL] = None
    outpoint: str = ""  # the output that it came in
    source: str = ""  # the pool, or the block, in words

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _id_wrong("lot", self.lot, LOT)
        yield from _coin_wrong(self)


@dataclass(frozen=True, slots=True)
class MinedSale:
    """Mined coin that was sold to a platform or an importer."""

    sale: str  # its id
    miner: ParticipantId
    buyer: ParticipantId
    units: Annotated[int, Decimals(COIN_DECIMALS, "BTC")]  # satoshi
    sold_on: date
    price: int  # minor units of the asset, for all of it
    quote: int  # for one bitcoin that day
    asset: str
    venue: str  # whose quotation it is
    official_rate: Annotated[int | None, OFFICIAL] = None
    outpoint: str = ""  # the output by which it was delivered

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _id_wrong("sale", self.sale, SALE)
        yield from _coin_wrong(self)
        if self.price < 0:
            yield QuoteNotPositive("price: below zero")
        if self.buyer == self.miner:
            yield CoinWrong(f"buyer: {self.miner} sells to itself")


def _id_wrong(column: str, id: str, prefix: str) -> Iterable[Refusal]:
    form = ID_FORM.fullmatch(id)
    if form is None or form["prefix"] != prefix:
        yield CoinWrong(f"{column}: {id[:40]!r}: an id that begins with {prefix}_")


def _coin_wrong(one: MinedLot | MinedSale) -> Iterable[Refusal]:
    """Check what a lot and a sale have in common."""
    if one.units < 1:
        yield UnitsNotPositive("units: above zero")
    if one.units > UNITS_MAX:
        yield CoinWrong("units: more than there will ever be")
    if one.quote < 1:
        yield QuoteNotPositive("quote: above zero, in minor units for one bitcoin")
    if one.official_rate is not None and one.official_rate < 1:
        yield RateWrong("official_rate: above zero")
    if one.outpoint and not OUTPOINT_FORM.fullmatch(one.outpoint):
        shown = one.outpoint[:80]
        yield CoinWrong(f"outpoint: {shown!r}: a transaction's id and the output's number, txid:0")


def exchanged(units: int, one: MinedLot | MinedSale, asset: Asset, currency: Asset) -> Fraction:
    """What minor units of a record's asset are in minor units of the tax's currency, exactly."""
    if one.official_rate is None:
        return Fraction(units)
    scale = Fraction(10) ** (currency.exponent - asset.exponent - RATE_DECIMALS)
    return units * one.official_rate * scale


METHODS = Register(
    "lot_method",
    LotMethod,
    "how a miner's coin is taxed from a year on: whose coin is sold first, in which currency",
    ("miner", "year"),
    "miner",
)
LOTS = Register(
    "mined_lot",
    MinedLot,
    "coin of which a miner came to have the right to dispose, with the quotation of that day",
    ("lot",),
    "miner",
    restricted=frozenset({"outpoint", "source"}),
    way=Way.FILED,
    is_own=True,
)
SALES = Register(
    "mined_sale",
    MinedSale,
    "mined coin that was sold to a platform or an importer, with the quotation of that day",
    ("sale",),
    "miner",
    restricted=frozenset({"outpoint"}),
    way=Way.FILED,
    is_own=True,
)
