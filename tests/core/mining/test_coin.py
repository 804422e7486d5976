"""Mined coin through the years, beside a plain interpreter; nothing made, lost or revalued."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.mining.test_tax import RECEIVED, SOLD
from tests.sold import BTC, lot, lot_id, sale

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.coin import Coin, Held, Terms, method_in, raised, worked
from clearhouse.core.mining.sales import MinedLot, MinedSale
from clearhouse.core.mining.tax import LotsTooFew, Method
from clearhouse.core.money import EUR, USD

MINER = ParticipantId("HWUPKR0MPOU8FGXBT394")
BUYER = ParticipantId("506700GE1G29325QX363")
START = date(2026, 1, 1)
YEARS = (2026, 2027)
Methods = Mapping[int, Method]


def terms(declared: Methods, below: int = 200) -> Terms:
    return Terms(declared, USD, {"USD": USD, "EUR": EUR}, lambda _: below)


# A year, as in `test_tax`.

BOUGHT = [
    lot(name, MINER, hundredths * BTC // 100, on, quote=quote)
    for name, on, hundredths, quote, _ in RECEIVED
]
SALES = [
    sale(str(n), MINER, BUYER, units, on, price=proceeds, quote=quote)
    for n, (on, units, _, quote, proceeds, _) in enumerate(SOLD)
]


@pytest.mark.parametrize(
    ("method", "bases", "gains"),
    [
        (
            Method.FIFO,
            [9125_02, 12_166_78, 8134_27, 28_370_69],
            [324_98, -3206_78, -1565_01, 1642_27],
        ),
        (
            Method.PRORATA,
            [9080_39, 12_643_92, 6836_00, 29_236_45],
            [369_61, -3683_92, -266_74, 776_51],
        ),
    ],
)
def test_the_worked_year_comes_out_of_records(
    method: Method, bases: list[int], gains: list[int]
) -> None:
    """The figures are worked out line by line in `test_tax`."""
    year = worked(MINER, BOUGHT, SALES, terms({2026: method})).year(2026)

    assert [one.disposal.basis for one in year.sold] == bases
    assert [one.disposal.gain for one in year.sold] == gains
    assert (year.income, year.taxed, year.gain) == (57_796_76, 54_992_22, -2804_54)
    assert (year.opening, year.closing) == (Held(0, 0), Held(0, 0))
    assert year.method is method


def test_a_quotation_in_another_currency_is_taxed_at_the_central_banks_rate() -> None:
    """0.05 at 56,543.21 EUR and 1.083412: 2,827.1605 EUR are 3,062.9798 USD, 3,062.98.

    Sold for 2,500.00 EUR at 1.1 = 2,750.00, quoted at 62,500 EUR: the floor is .05 x 62,500 x 1.1 x
    .8 = 2,750.00; equal, so the price is what is taxed.
    """
    abroad = lot("A", MINER, 5_000_000, quote=56_543_21, asset="EUR", official_rate=1_08341200)
    at = {"price": 2500_00, "quote": 62_500_00, "asset": "EUR", "official_rate": 1_10000000}
    gone = sale("A", MINER, BUYER, 5_000_000, **at)  # type: ignore[arg-type]
    one = terms({2026: Method.FIFO})

    year = worked(MINER, [abroad], [gone], one).year(2026)

    assert (year.income, year.taxed, year.gain) == (3062_98, 2750_00, 2750_00 - 3062_98)
    assert raised(gone, one) is None
    assert raised(replace(gone, price=2499_99), one) == (2749_99, 2750_00)


def test_a_declared_method_holds_until_another_year_is_declared() -> None:
    declared = {2026: Method.FIFO, 2028: Method.PRORATA}
    found = [method_in(declared, year) for year in range(2025, 2030)]
    fifo, prorata = Method.FIFO, Method.PRORATA

    assert found == [None, fifo, fifo, prorata, prorata]


def test_a_years_end_is_the_next_ones_beginning() -> None:
    """What FIFO left goes on at the average from the next year on."""
    lots = [lot("a", MINER, 2, quote=10 * BTC), lot("b", MINER, 2, START, quote=20 * BTC)]
    gone = [
        sale("1", MINER, BUYER, 1, date(2026, 12, 31)),
        sale("2", MINER, BUYER, 1, date(2027, 1, 1)),
    ]
    declared = {2026: Method.FIFO, 2027: Method.PRORATA}
    coin = worked(MINER, lots, gone, terms(declared))
    first = min(lots, key=lambda one: one.lot).quote // BTC

    # One of the first lot's two went; the average of the other three rounds down.
    assert coin.year(2026).closing == coin.year(2027).opening == Held(3, 60 - first)
    assert coin.year(2027).basis == (60 - first) // 3
    assert coin.left == coin.year(2027).closing


def test_more_than_there_is_cannot_be_worked_out() -> None:
    """Registers let no such sale in; whoever got it in otherwise is told."""
    with pytest.raises(LotsTooFew):
        worked(
            MINER, [lot("a", MINER, 1)], [sale("1", MINER, BUYER, 2)], terms({2026: Method.FIFO})
        )


# Any years.


@dataclass(frozen=True)
class Drawn:
    lots: Sequence[MinedLot]
    sales: Sequence[MinedSale]
    declared: Methods


def day(offset: int) -> date:
    return START + timedelta(offset)


offsets = st.integers(0, 729)
units = st.integers(1, 20) | st.integers(1, 10**9)
quotes = st.integers(1, 10) | st.integers(1, 10**7) | st.integers(10**9, 10**12)


@st.composite
def histories(draw: st.DrawFn) -> Drawn:
    lots = [
        lot(f"l{n}", MINER, count, day(on), quote=quote)
        for n, (on, count, quote) in enumerate(
            draw(st.lists(st.tuples(offsets, units, quotes), min_size=1, max_size=7))
        )
    ]
    sales: list[MinedSale] = []
    asked = draw(st.lists(st.tuples(offsets, st.integers(1, 100), quotes, quotes), max_size=6))
    for n, (on, share, price, quote) in enumerate(sorted(asked)):
        there = sum(one.units for one in lots if one.right_on <= day(on))
        count = (there - sum(one.units for one in sales)) * share // 100
        if count:
            at = {"price": price, "quote": quote}
            sales.append(sale(f"s{n}", MINER, BUYER, count, day(on), **at))
    declared = {year: draw(st.sampled_from(Method)) for year in YEARS}
    return Drawn(lots, sales, declared)


def coin_of(drawn: Drawn) -> Coin:
    return worked(MINER, drawn.lots, drawn.sales, terms(drawn.declared))


def plain(drawn: Drawn) -> tuple[list[tuple[str, int, int]], dict[str, int]]:
    """Day by day, in decimals: each sale's id, taxed value and basis; and what is left of lots.

    FIFO keeps a basis for each lot. PRORATA keeps one for all, and what it leaves is spread anew;
    so bases of lots are not compared here.
    """
    sold, units_left, basis_left = [], dict[str, int](), dict[str, int]()
    with localcontext() as context:
        context.prec = 60
        for offset in range(731):
            on = day(offset)
            for one in sorted(drawn.lots, key=lambda one: one.lot):
                if one.right_on == on:
                    value = Decimal(one.units) * one.quote / BTC
                    units_left[one.lot] = one.units
                    basis_left[one.lot] = int(value.quantize(Decimal(1), ROUND_HALF_UP))
            for gone in sorted(drawn.sales, key=lambda one: one.sale):
                if gone.sold_on == on:
                    least = Decimal(gone.units) * gone.quote * 4 / 5 / BTC
                    taxed = max(gone.price, int(least.quantize(Decimal(1), ROUND_CEILING)))
                    basis = taken_first(units_left, basis_left, gone.units)
                    sold.append((gone.sale, taxed, basis))
    return sold, units_left


def taken_first(units_left: dict[str, int], basis_left: dict[str, int], wanted: int) -> int:
    """Take from the lots in the order in which they came; answers the basis."""
    basis = 0
    for name, there in units_left.items():
        some = min(there, wanted)
        if some:
            share = Decimal(basis_left[name]) * some / there
            part = int(share.quantize(Decimal(1), ROUND_FLOOR))
            units_left[name] -= some
            basis_left[name] -= part
            basis += part
            wanted -= some
    assert not wanted
    return basis


@given(histories())
@settings(max_examples=60)
def test_fifo_is_what_a_plain_interpreter_says(drawn: Drawn) -> None:
    drawn = replace(drawn, declared={2026: Method.FIFO})
    coin = coin_of(drawn)
    sold, left = plain(drawn)

    found = [
        (one.record.sale, one.disposal.taxed_proceeds, one.disposal.basis) for one in coin.sold
    ]
    assert found == sold
    assert {one.record.lot: one.units_left for one in coin.opened} == left


@given(histories())
@settings(max_examples=60)
def test_prorata_deducts_the_average_of_all(drawn: Drawn) -> None:
    coin = coin_of(replace(drawn, declared={2026: Method.PRORATA}))
    income = {one.record.lot: one.income for one in coin.opened}
    gone_units = gone_basis = 0
    for one in coin.sold:
        came = [each for each in drawn.lots if each.right_on <= one.record.sold_on]
        pool = sum(each.units for each in came) - gone_units
        basis = sum(income[each.lot] for each in came) - gone_basis

        assert one.disposal.basis == basis * one.record.units // pool
        gone_units += one.record.units
        gone_basis += one.disposal.basis


@given(histories())
@settings(max_examples=60)
def test_what_came_in_is_what_was_sold_and_what_is_left(drawn: Drawn) -> None:
    coin = coin_of(drawn)
    years = [coin.year(year) for year in YEARS]

    assert years[0].opening == Held(0, 0)
    assert years[0].closing == years[1].opening
    assert years[1].closing == coin.left
    for year in years:
        came = sum(one.record.units for one in year.opened)
        went = sum(part.units for one in year.sold for part in one.disposal.parts)
        assert year.opening.units + came == went + year.closing.units
        assert year.opening.basis + year.income == year.basis + year.closing.basis
    assert coin.left.units == sum(one.units for one in drawn.lots) - sum(
        one.units for one in drawn.sales
    )


@given(histories(), st.randoms())
@settings(max_examples=60)
def test_it_does_not_matter_in_which_order_records_are_entered(drawn: Drawn, dice: Random) -> None:
    lots, sales = [*drawn.lots], [*drawn.sales]
    dice.shuffle(lots)
    dice.shuffle(sales)
    again = coin_of(replace(drawn, lots=lots, sales=sales))
    one = coin_of(drawn)

    assert (again.opened, again.sold) == (one.opened, one.sold)


@given(histories(), offsets, quotes)
@settings(max_examples=60)
def test_nothing_is_revalued(drawn: Drawn, offset: int, quote: int) -> None:
    """Other quotations and prices from a day on: what was deducted before is the same.

    And what sales are quoted at changes no lot's basis at all.
    """
    on = day(offset)
    other_sales = [
        one if one.sold_on < on else replace(one, quote=quote, price=quote) for one in drawn.sales
    ]
    other_lots = [one if one.right_on < on else replace(one, quote=quote) for one in drawn.lots]
    one, quoted = coin_of(drawn), coin_of(replace(drawn, sales=other_sales))
    later = coin_of(replace(drawn, lots=other_lots, sales=other_sales))

    assert quoted.opened == one.opened
    assert [each.disposal.parts for each in quoted.sold] == [
        each.disposal.parts for each in one.sold
    ]
    before = [each for each in one.sold if each.record.sold_on < on]
    assert list(later.sold[: len(before)]) == before


def test_lots_of_a_day_come_before_its_sales_and_by_their_ids() -> None:
    several = [lot(name, MINER, 1) for name in "abc"]
    coin = worked(MINER, several, [sale("1", MINER, BUYER, 2)], terms({2026: Method.FIFO}))
    (one,) = coin.sold

    drawn = [part.lot for part in one.disposal.parts]
    assert drawn == sorted(lot_id(name) for name in "abc")[:2]
