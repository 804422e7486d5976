"""Mined coin taxed: a year to the cent under both methods, and no cent made or lost."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.mining.tax import (
    Disposal,
    Lot,
    LotsTooFew,
    LotTwice,
    Method,
    Part,
    QuoteNotPositive,
    SaleEarly,
    UnitsNotPositive,
    dispose,
    open_lot,
)

BTC = 10**8
DAY = date(2026, 6, 1)

# A year. Coin in hundredths of a bitcoin, quotations in cents, income in cents.
RECEIVED = [
    ("jan", date(2026, 1, 31), 10, 60_000_00, 6000_00),
    ("feb", date(2026, 2, 28), 10, 62_500_50, 6250_05),
    ("mar", date(2026, 3, 31), 8, 58_750_25, 4700_02),
    ("apr", date(2026, 4, 30), 5, 61_234_57, 3061_73),
    ("may", date(2026, 5, 31), 5, 64_000_10, 3200_01),
    ("jun", date(2026, 6, 30), 4, 66_666_66, 2666_67),
    ("jul", date(2026, 7, 31), 4, 70_000_00, 2800_00),
    ("aug", date(2026, 8, 31), 6, 55_555_55, 3333_33),
    ("sep", date(2026, 9, 30), 10, 50_000_01, 5000_00),
    ("oct", date(2026, 10, 31), 10, 52_000_00, 5200_00),
    ("nov", date(2026, 11, 30), 14, 54_321_09, 7604_95),
    ("dec", date(2026, 12, 31), 14, 57_000_00, 7980_00),
]
# Satoshi, price, quotation; then proceeds and what is taxed.
SOLD = [
    (date(2026, 4, 15), 15_000_000, 63_000_00, 62_000_00, 9450_00, 9450_00),
    (date(2026, 8, 10), 20_000_000, 42_000_00, 56_000_00, 8400_00, 8960_00),
    (date(2026, 11, 20), 12_345_678, 53_210_99, 54_000_01, 6569_26, 6569_26),
    (date(2026, 12, 31), 52_654_322, 57_000_00, 57_000_00, 30_012_96, 30_012_96),
]


def year(method: Method) -> list[Disposal]:
    """Receive and sell through the year."""
    lots: tuple[Lot, ...] = ()
    coming = list(RECEIVED)
    sales = []
    for on, units, price, quote, _, _ in SOLD:
        while coming and coming[0][1] <= on:
            name, received_on, hundredths, quoted, _ = coming.pop(0)
            lots = (*lots, open_lot(name, received_on, hundredths * BTC // 100, quoted))
        sales.append(dispose(lots, on, units, price, quote, method))
        lots = sales[-1].left
    assert not lots
    return sales


def test_a_years_income() -> None:
    """Coin times quotation, half up to the cent.

    apr .05 x 61,234.57 = 3,061.7285 -> 3,061.73      jun .04 x 66,666.66 = 2,666.6664 -> 2,666.67
    may .05 x 64,000.10 = 3,200.005  -> 3,200.01      aug .06 x 55,555.55 = 3,333.333  -> 3,333.33
    sep .10 x 50,000.01 = 5,000.001  -> 5,000.00      nov .14 x 54,321.09 = 7,604.9526 -> 7,604.95
    and without a remainder 6,000.00, 6,250.05, 4,700.02, 2,800.00, 5,200.00 and 7,980.00:
    57,796.76 for one bitcoin.
    """
    lots = [open_lot(name, on, n * BTC // 100, quote) for name, on, n, quote, _ in RECEIVED]

    assert [lot.basis for lot in lots] == [income for *_, income in RECEIVED]
    assert sum(lot.basis for lot in lots) == 57_796_76
    assert sum(lot.units for lot in lots) == BTC


@pytest.mark.parametrize("method", Method)
def test_a_years_proceeds(method: Method) -> None:
    """Price times coin, half up; at least four fifths of the quotation, up.

    15 Apr  .15        at 63,000.00 =  9,450.00     floor .15 x 62,000 x .8        =  7,440.00
    10 Aug  .20        at 42,000.00 =  8,400.00     floor .20 x 56,000 x .8        =  8,960.00 taxed
    20 Nov  .12345678  at 53,210.99 =  6,569.2575   floor x 54,000.01 x .8         =  5,333.34
    31 Dec  .52654322  at 57,000.00 = 30,012.9635   floor x 57,000 x .8            = 24,010.38
    Taxed: 54,992.22. Whichever the method, the year's gains are 54,992.22 - 57,796.76 = -2,804.54.
    """
    sales = year(method)

    assert [(one.proceeds, one.taxed_proceeds) for one in sales] == [row[4:] for row in SOLD]
    assert sum(one.taxed_proceeds for one in sales) == 54_992_22
    assert sum(one.basis for one in sales) == 57_796_76
    assert sum(one.gain for one in sales) == -2804_54


def test_a_year_under_fifo() -> None:
    """The oldest first; a part of a lot takes its share of the lot's basis, rounded down.

    15 Apr  jan .10 6,000.00;
            feb .05 of .10: 6,250.05 / 2 = 3,125.025 -> 3,125.02, and 3,125.03 stay
            9,125.02; gain 9,450.00 - 9,125.02 = 324.98
    10 Aug  feb .05 3,125.03; mar .08 4,700.02; apr .05 3,061.73;
            may .02 of .05: 3,200.01 x 2/5 = 1,280.004 -> 1,280.00, and 1,920.01 stay
            12,166.78; loss 12,166.78 - 8,960.00 = 3,206.78
    20 Nov  may .03 1,920.01; jun .04 2,666.67; jul .04 2,800.00;
            aug .01345678 of .06: 3,333.33 x .22427966... = 747.598 -> 747.59, and 2,585.74 stay
            8,134.27; loss 8,134.27 - 6,569.26 = 1,565.01
    31 Dec  aug 2,585.74; sep 5,000.00; oct 5,200.00; nov 7,604.95; dec 7,980.00
            28,370.69; gain 30,012.96 - 28,370.69 = 1,642.27
    """
    sales = year(Method.FIFO)

    assert [[(part.lot, part.units, part.basis) for part in one.parts] for one in sales] == [
        [("jan", 10_000_000, 6000_00), ("feb", 5_000_000, 3125_02)],
        [
            ("feb", 5_000_000, 3125_03),
            ("mar", 8_000_000, 4700_02),
            ("apr", 5_000_000, 3061_73),
            ("may", 2_000_000, 1280_00),
        ],
        [
            ("may", 3_000_000, 1920_01),
            ("jun", 4_000_000, 2666_67),
            ("jul", 4_000_000, 2800_00),
            ("aug", 1_345_678, 747_59),
        ],
        [
            ("aug", 4_654_322, 2585_74),
            ("sep", 10_000_000, 5000_00),
            ("oct", 10_000_000, 5200_00),
            ("nov", 14_000_000, 7604_95),
            ("dec", 14_000_000, 7980_00),
        ],
    ]
    assert [one.basis for one in sales] == [9125_02, 12_166_78, 8134_27, 28_370_69]
    assert [one.gain for one in sales] == [324_98, -3206_78, -1565_01, 1642_27]


def test_a_year_under_prorata() -> None:
    """The same share of all, at the average basis, rounded down.

    15 Apr  .28 cost 16,950.07; x 15/28 = 9,080.3946 -> 9,080.39; .13 at 7,869.68 stay
            gain 9,450.00 - 9,080.39 = 369.61
    10 Aug  + apr to jul 11,728.41: .31 cost 19,598.09; x 20/31 = 12,643.9290 -> 12,643.92;
            .11 at 6,954.17 stay; loss 12,643.92 - 8,960.00 = 3,683.92
    20 Nov  + aug to oct 13,533.33: .37 cost 20,487.50; x .12345678/.37 = 6,836.0021 -> 6,836.00;
            .24654322 at 13,651.50 stay; loss 6,836.00 - 6,569.26 = 266.74
    31 Dec  + nov, dec 15,584.95: .52654322 cost 29,236.45, all of it;
            gain 30,012.96 - 29,236.45 = 776.51
    """
    sales = year(Method.PRORATA)

    assert [one.basis for one in sales] == [9080_39, 12_643_92, 6836_00, 29_236_45]
    assert [one.gain for one in sales] == [369_61, -3683_92, -266_74, 776_51]
    assert [sum(lot.basis for lot in one.left) for one in sales] == [7869_68, 6954_17, 13_651_50, 0]
    # 15/28 of .10, .10 and .08, each boundary rounded down, and 9,080.39 in the same proportion.
    assert sales[0].parts == (
        Part("jan", 5_357_142, 3242_99),
        Part("feb", 5_357_143, 3243_00),
        Part("mar", 4_285_715, 2594_40),
    )
    assert [lot.id for lot in sales[1].left] == ["jan", "feb", "mar", "apr", "may", "jun", "jul"]


# Income and floor at their edges.


@pytest.mark.parametrize(
    ("units", "quote", "income"),
    [
        (BTC, 60_000_00, 60_000_00),
        (1, 60_000_00, 0),  # .06 cents
        (1, 49_999_999, 0),
        (1, 50_000_000, 1),  # the middle goes up
        (3, 50_000_000, 2),
        (1, Fraction(10**8, 3), 0),
        (3, Fraction(10**8, 3), 1),
        (3, Fraction(10**8, 6) - Fraction(1, 10**9), 0),  # a hair below the middle
    ],
)
def test_income_is_rounded_half_up(units: int, quote: Fraction | int, income: int) -> None:
    assert open_lot("a", DAY, units, quote).basis == income


@pytest.mark.parametrize(
    ("price", "below", "proceeds", "taxed"),
    [
        (80, 200, 80, 80),
        (79, 200, 79, 80),
        (0, 200, 0, 80),
        (81, 200, 81, 81),
        (79, 201, 79, 80),  # 79.9 goes up
        (50, 500, 50, 50),
        (0, 1000, 0, 0),
        (99, 0, 99, 100),
        (Fraction(169, 2), 200, 85, 85),  # 84.5 goes up
    ],
)
def test_a_sale_is_taxed_at_its_price_and_not_below_the_floor(
    price: Fraction | int, below: int, proceeds: int, taxed: int
) -> None:
    """One bitcoin, quoted at 100 cents."""
    lot = Lot("a", DAY, BTC, 30)
    sale = dispose([lot], DAY, BTC, price, 100, Method.FIFO, below_per_mille=below)

    assert (sale.proceeds, sale.taxed_proceeds, sale.gain) == (proceeds, taxed, taxed - 30)


def test_the_floor_is_rounded_up_where_the_price_is_rounded_down() -> None:
    """At exactly four fifths, .52654322 x 45,600.00 = 24,010.370832."""
    lot = Lot("a", DAY, 52_654_322, 0)
    sale = dispose([lot], DAY, lot.units, 45_600_00, 57_000_00, Method.FIFO)

    assert (sale.proceeds, sale.taxed_proceeds) == (24_010_37, 24_010_38)


def test_nothing_is_revalued() -> None:
    """What is left has what is left of its basis, however the quotation moves."""
    lot = open_lot("a", DAY, BTC, 60_000_00)
    for quote in (1, 10**9):
        (left,) = dispose([lot], DAY, BTC // 2, quote, quote, Method.FIFO).left
        assert left == Lot("a", DAY, BTC // 2, 30_000_00)


# Which lots.


def test_fifo_goes_by_day_and_within_a_day_as_given() -> None:
    lots = [
        Lot("c", DAY, 1, 5),
        Lot("a", DAY - timedelta(days=1), 1, 7),
        Lot("b", DAY, 1, 9),
    ]
    sale = dispose(lots, DAY, 2, 1, 1, Method.FIFO)

    assert sale.parts == (Part("a", 1, 7), Part("c", 1, 5))
    assert sale.left == (Lot("b", DAY, 1, 9),)


def test_prorata_lets_no_basis_stay_where_no_coin_is() -> None:
    """One satoshi of two: it takes half of the basis, and the other one has the other half."""
    lots = [Lot("a", DAY, 1, 5), Lot("b", DAY, 1, 5)]
    sale = dispose(lots, DAY, 1, 1, 1, Method.PRORATA)

    assert sale.parts == (Part("b", 1, 5),)
    assert sale.left == (Lot("a", DAY, 1, 5),)


@pytest.mark.parametrize("method", Method)
def test_the_last_satoshi_takes_the_rest(method: Method) -> None:
    lots: tuple[Lot, ...] = (Lot("a", DAY, 3, 10),)
    bases = []
    while lots:
        sale = dispose(lots, DAY, 1, 1, 1, method)
        bases.append(sale.basis)
        lots = sale.left

    assert bases == [3, 3, 4]


amounts = st.integers(1, 10**6)
held = st.lists(
    st.tuples(st.integers(0, 40), amounts, st.integers(0, 10**7)), min_size=1, max_size=6
).map(lambda rows: [Lot(f"l{n}", DAY + timedelta(row[0]), *row[1:]) for n, row in enumerate(rows)])
LATER = DAY + timedelta(days=50)


@given(held, st.lists(amounts, max_size=8), st.sampled_from(Method))
@settings(max_examples=100, deadline=None)
def test_no_cent_and_no_satoshi_is_made_or_lost(
    lots: list[Lot], sales: list[int], method: Method
) -> None:
    """Sold in parts and at last entirely, all that was taxed is deducted."""
    total, basis = sum(lot.units for lot in lots), sum(lot.basis for lot in lots)
    left, parts = tuple(lots), list[Part]()
    for wanted in [*sales, total]:
        there = sum(lot.units for lot in left)
        if there:
            sale = dispose(left, LATER, min(wanted, there), 1, 1, method)
            assert sale.units == min(wanted, there)
            left, parts = sale.left, [*parts, *sale.parts]
        assert sum(part.units for part in parts) + sum(lot.units for lot in left) == total
        assert sum(part.basis for part in parts) + sum(lot.basis for lot in left) == basis

    assert not left
    assert all(part.units > 0 and part.basis >= 0 for part in parts)
    for lot in lots:
        mine = [part for part in parts if part.lot == lot.id]
        assert sum(part.units for part in mine) == lot.units
        if method is Method.FIFO:
            assert sum(part.basis for part in mine) == lot.basis


@given(held, st.data())
def test_fifo_empties_a_lot_before_it_touches_the_next(
    lots: list[Lot], data: st.DataObject
) -> None:
    units = data.draw(st.integers(1, sum(lot.units for lot in lots)))
    sale = dispose(lots, LATER, units, 1, 1, Method.FIFO)
    ordered = sorted(lots, key=lambda lot: lot.opened_on)

    assert [part.lot for part in sale.parts] == [lot.id for lot in ordered[: len(sale.parts)]]
    for part, lot in zip(sale.parts[:-1], ordered, strict=False):
        assert (part.units, part.basis) == (lot.units, lot.basis)
    assert [lot.id for lot in sale.left] == [lot.id for lot in ordered[-len(sale.left) :]][
        : len(sale.left)
    ]


@given(held, st.data())
def test_prorata_takes_the_average_of_all(lots: list[Lot], data: st.DataObject) -> None:
    pool, basis = sum(lot.units for lot in lots), sum(lot.basis for lot in lots)
    units = data.draw(st.integers(1, pool))
    sale = dispose(lots, LATER, units, 1, 1, Method.PRORATA)

    assert sale.basis == basis * units // pool
    taken = {part.lot: part.units for part in sale.parts}
    for lot in lots:
        assert abs(taken.get(lot.id, 0) - Fraction(lot.units * units, pool)) < 1
    for lot in sale.left:
        mean = Fraction((basis - sale.basis) * lot.units, pool - units)
        assert abs(lot.basis - mean) < 1


@given(held, st.data())
def test_how_much_is_deducted_does_not_turn_on_the_order_of_lots(
    lots: list[Lot], data: st.DataObject
) -> None:
    units = data.draw(st.integers(1, sum(lot.units for lot in lots)))
    shuffled = data.draw(st.permutations(lots))

    one, other = (dispose(some, LATER, units, 1, 1, Method.PRORATA) for some in (lots, shuffled))
    assert one.basis == other.basis


# Refused.


@pytest.mark.parametrize("method", Method)
def test_what_cannot_be_sold(method: Method) -> None:
    lots = [Lot("a", DAY, 5, 1), Lot("b", DAY, 5, 1)]
    for refusal, changed, on, units, price, quote in [
        (LotsTooFew, lots, DAY, 11, 1, 1),
        (LotsTooFew, [], DAY, 1, 1, 1),
        (UnitsNotPositive, lots, DAY, 0, 1, 1),
        (UnitsNotPositive, lots, DAY, -1, 1, 1),
        (QuoteNotPositive, lots, DAY, 1, 1, 0),
        (QuoteNotPositive, lots, DAY, 1, -1, 1),
        (SaleEarly, lots, DAY - timedelta(days=1), 1, 1, 1),
        (SaleEarly, [lots[0], replace(lots[1], opened_on=LATER)], DAY, 1, 1, 1),
        (LotTwice, [*lots, lots[0]], DAY, 1, 1, 1),
    ]:
        family: type[Refusal] = refusal
        with pytest.raises(family):
            dispose(changed, on, units, price, quote, method)


def test_all_may_be_sold_on_the_day_it_came() -> None:
    sale = dispose([Lot("a", DAY, 5, 1)], DAY, 5, 1, 1, Method.FIFO)

    assert sale == Disposal(DAY, Method.FIFO, (Part("a", 5, 1),), 0, 1, ())


@pytest.mark.parametrize(
    ("refusal", "units", "quote"),
    [
        (UnitsNotPositive, 0, 1),
        (UnitsNotPositive, -1, 0),
        (QuoteNotPositive, 1, 0),
        (QuoteNotPositive, 1, -1),
    ],
)
def test_what_cannot_be_received(refusal: type[Refusal], units: int, quote: int) -> None:
    with pytest.raises(refusal):
        open_lot("a", DAY, units, quote)
