"""Mined coin in registers: who may sell what to whom, and what a year comes to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.mining.test_coin import BOUGHT, SALES
from tests.laws import SHIPPED, joined, on_subject
from tests.laws import read as read_law
from tests.mined import licence
from tests.recorded import read
from tests.sold import BTC, hold, lot, lot_id, method, output, sale, sale_id
from tests.stage import Clock
from tests.staging import under

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining import sales as registers
from clearhouse.core.mining.coin import Held
from clearhouse.core.mining.sales import LOTS, MethodUndeclared, MinedLot, MinedSale, NotYet
from clearhouse.core.participant import Measure, UnknownParticipant
from clearhouse.core.record import Register
from clearhouse.core.rulebook import Class
from clearhouse.demo.country import Country
from clearhouse.operations import records
from clearhouse.operations.house import House
from clearhouse.operations.mined_tax import coin_of, year_of

NOBODY = ParticipantId("5493001KJTIIGC8Y1R12")
A_DAY = timedelta(days=1)
TODAY = date(2027, 1, 15)
Say = Callable[..., None]
Codes = Callable[..., list[str]]


def days(*several: int) -> list[date]:
    """Days of May 2026."""
    return [date(2026, 5, one) for one in several]


@pytest.fixture
def miner(admitted: Country, clock: Clock) -> ParticipantId:
    """A registered miner of Norland, of whom nothing is declared; the year 2026 is over."""
    clock.at = datetime(2027, 1, 15, 12, tzinfo=UTC)
    return admitted.miners[0].id


@pytest.fixture
def other(admitted: Country) -> ParticipantId:
    return admitted.miners[1].id


@pytest.fixture
def buyer(admitted: Country) -> ParticipantId:
    return admitted.platform.id


@pytest.fixture
def taxed(miner: ParticipantId, say: Say) -> ParticipantId:
    """A miner who declared FIFO, in USD, from 2026 on."""
    say(method(miner))
    return miner


@pytest.fixture
def remarks(house: House, desk: Path) -> Callable[..., list[list[Refusal]]]:
    """What whoever enters records is told."""

    def told(*several: Any) -> list[list[Refusal]]:
        return [[*answer.remarks] for answer in read(house, desk, *several).answers]

    return told


# Who.


@pytest.mark.parametrize("kind", Class)
def test_coin_is_a_miners_or_an_individuals(
    house: House,
    codes: Codes,
    say: Say,
    admitted: Country,
    miner: ParticipantId,
    buyer: ParticipantId,
    kind: Class,
) -> None:
    """On the day of the right, and on that of the sale."""
    assert miner
    who = next(one.id for one in admitted.traders if one.residence == "XA")
    say(method(who))
    licence(house, who, kind, since=date(2026, 3, 1))
    hold(house, who, Class.EXPORTER)
    fits = kind in {Class.MINER, Class.INDIVIDUAL}
    expected = [] if fits else ["mining.not-registered"]

    for on, held in ((date(2026, 2, 28), False), (date(2026, 3, 1), True)):
        found = codes(lot("A", who, on=on))
        assert found == [" ".join(expected if held else ["mining.not-registered"])]
    if fits:
        say(lot("A", who, on=date(2026, 3, 1)))
        assert codes(
            sale("A", who, buyer, on=date(2027, 1, 1)), sale("B", who, buyer, on=date(2027, 1, 2))
        ) == ["", "mining.not-registered"]


@pytest.mark.parametrize("kind", Class)
def test_the_buyer_is_a_platform_or_an_importer(
    house: House,
    codes: Codes,
    say: Say,
    taxed: ParticipantId,
    other: ParticipantId,
    kind: Class,
) -> None:
    say(lot("A", taxed))
    assert codes(sale("A", taxed, other)) == ["mining.buyer-unlicensed"]
    licence(house, other, kind)

    fits = kind in {Class.PLATFORM, Class.IMPORTER}
    assert codes(sale("A", taxed, other)) == ["" if fits else "mining.buyer-unlicensed"]


def test_the_buyer_is_licensed_on_the_day_of_the_sale(
    admitted: Country, codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    ends = date(2026, 1, 31)  # of the stranger's licence
    say(lot("A", taxed))
    several = [sale(str(on), taxed, admitted.stranger.id, 1, on) for on in (ends, ends + A_DAY)]
    assert codes(*several) == ["", "mining.buyer-unlicensed"]
    suspension = ("platform", "Norland Central Bank", date(2026, 1, 1), "suspended", "an audit")
    say(Measure(buyer, *suspension, days(5)[0], days(6)[0]))
    several = [sale(str(on), taxed, buyer, 1, on) for on in days(4, 5, 6, 7)]
    assert codes(*several) == ["", "mining.buyer-unlicensed", "mining.buyer-unlicensed", ""]


def test_nobody_who_is_not_admitted_has_coin_or_buys_it(
    codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    say(lot("A", taxed))
    assert codes(method(NOBODY)) == ["participant.unknown"]
    assert codes(lot("B", NOBODY)) == ["participant.unknown mining.method-undeclared"]
    assert codes(sale("B", NOBODY, buyer)) == ["participant.unknown mining.method-undeclared"]
    assert codes(sale("B", taxed, NOBODY)) == ["participant.unknown"]


def test_a_lot_and_a_sale_stay_their_miners(
    codes: Codes, say: Say, taxed: ParticipantId, other: ParticipantId, buyer: ParticipantId
) -> None:
    """Or whoever acts for one miner could take another's coin by correcting it."""
    say(method(other), lot("A", taxed), lot("B", other), sale("A", taxed, buyer, 1))
    assert codes(lot("A", other)) == ["mining.miner-changed"]
    assert codes(sale("A", other, buyer, 1)) == ["mining.miner-changed"]


# When, and in what.


def test_nothing_is_recorded_before_its_day(
    codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    say(lot("A", taxed))
    for on, expected in ((TODAY, ""), (TODAY + A_DAY, "mining.not-yet")):
        assert codes(lot("B", taxed, on=on)) == [expected]
        assert codes(sale("A", taxed, buyer, on=on)) == [expected]


@pytest.mark.parametrize(
    ("asset", "rate", "expected"),
    [
        ("USD", None, ""),
        ("USD", 1_00000000, "mining.rate-wrong"),
        ("EUR", 1_08000000, ""),
        ("EUR", None, "mining.rate-wrong"),
        ("BTC", 60_000_00000000, "money.unknown-asset"),
        ("XYZ", 1, "money.unknown-asset"),
        ("XYZ", None, "money.unknown-asset mining.rate-wrong"),
    ],
)
def test_a_price_is_in_the_taxs_currency_or_has_the_central_banks_rate(
    codes: Codes,
    say: Say,
    taxed: ParticipantId,
    buyer: ParticipantId,
    asset: str,
    rate: int | None,
    expected: str,
) -> None:
    say(lot("A", taxed))
    about: dict[str, Any] = {"asset": asset, "official_rate": rate}
    assert codes(lot("B", taxed, **about)) == [expected]
    assert codes(sale("B", taxed, buyer, **about)) == [expected]


def test_an_output_came_in_once(
    codes: Codes, say: Say, taxed: ParticipantId, other: ParticipantId
) -> None:
    """In one lot of whatever miner; a correction may give it to another lot."""
    coin, rest = output("x"), output("y")
    one = lot("A", taxed, outpoint=coin)
    say(method(other), one)

    assert codes(lot("B", other, outpoint=coin)) == ["mining.coin-twice"]
    assert codes(lot("A", taxed, outpoint=coin, units=1)) == [""]
    several = [lot("C", taxed, outpoint=rest), lot("D", other, outpoint=rest), lot("E", other)]
    assert codes(*several) == ["mining.coin-twice", "mining.coin-twice", ""]
    moved = [lot("B", taxed, outpoint=coin), replace(one, outpoint=rest)]
    assert codes(*moved) == codes(*reversed(moved)) == ["", ""]
    say(*moved)
    assert codes(lot("F", taxed), lot("G", taxed)) == ["", ""]  # of none, nothing is known twice


# Methods.


def test_without_a_method_nothing_is_recorded(
    codes: Codes, say: Say, miner: ParticipantId, buyer: ParticipantId
) -> None:
    assert codes(lot("A", miner)) == ["mining.method-undeclared"]
    say(method(miner, year=2027))
    last, first = date(2026, 12, 31), date(2027, 1, 1)
    say(lot("A", miner, on=last))  # income has no method
    assert codes(sale("A", miner, buyer, on=last), sale("B", miner, buyer, on=first)) == [
        "mining.method-undeclared",
        "",
    ]


def test_a_method_is_changed_from_a_year_on_that_has_not_begun(
    codes: Codes, say: Say, miner: ParticipantId
) -> None:
    """It is the January of 2027."""
    assert codes(method(miner, "prorata", 2025)) == [""]  # the first one, of any year
    say(method(miner, "fifo", 2026))
    late = ["mining.method-late"]

    assert codes(method(miner, "prorata", 2026)) == late
    assert codes(method(miner, "prorata", 2027)) == late
    assert codes(method(miner, "fifo", 2027)) == [""]  # as it is anyway
    assert codes(method(miner, "prorata", 2028)) == [""]
    assert codes(method(miner, "prorata", 2025)) == [""]  # nothing held in 2025
    say(method(miner, "prorata", 2028))
    assert codes(method(miner, "fifo", 2028)) == [""]
    assert codes(method(miner, "prorata", 2026)) == late


def test_a_miner_is_taxed_in_one_currency(
    codes: Codes, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    changed = ["mining.currency-changed"]
    assert codes(method(miner, currency="BTC")) == ["money.unknown-asset"]
    both = [method(miner), method(miner, year=2027, currency="EUR"), method(other, currency="EUR")]
    assert codes(*both) == changed * 2 + [""]
    say(method(miner))
    assert codes(method(miner, year=2027, currency="EUR")) == changed
    assert codes(method(miner, currency="EUR")) == [""]  # a slip, and nothing rests on it yet
    say(lot("A", miner))
    assert codes(method(miner, currency="EUR")) == changed
    assert codes(method(miner)) == [""]


# No more than there is.


def test_no_more_is_sold_than_there_is_on_any_day(
    codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    """Two come on the 5th and one on the 10th; one is sold on the 20th."""
    first, second = days(5, 10)
    say(lot("A", taxed, 2, first), lot("B", taxed, 1, second))
    say(sale("last", taxed, buyer, 1, days(20)[0]))

    few = "mining.lots-too-few"
    asked = [
        (4, 1, few),
        (5, 2, ""),
        (5, 3, few),
        (9, 2, ""),
        (10, 3, few),
        (20, 2, ""),
        (21, 3, few),
    ]
    for on, units, expected in asked:
        assert codes(sale("A", taxed, buyer, units, days(on)[0])) == [expected], on


def test_lines_of_one_file_count_together_whatever_their_order(
    codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    say(lot("A", taxed, 3, days(5)[0]), lot("B", taxed, 1, days(9)[0]))
    several = [
        sale("A", taxed, buyer, 2, days(6)[0]),
        sale("B", taxed, buyer, 2, days(7)[0]),  # one too much; so it does not count
        sale("C", taxed, buyer, 1, days(8)[0]),
        sale("D", taxed, buyer, 1, days(9)[0]),
    ]
    expected = dict(zip(several, ["", "mining.lots-too-few", "", ""], strict=True))
    for seed in range(6):
        Random(seed).shuffle(several)
        assert codes(*several) == [expected[one] for one in several]


def test_coin_of_another_miner_does_not_count(
    codes: Codes, say: Say, taxed: ParticipantId, other: ParticipantId, buyer: ParticipantId
) -> None:
    say(method(other), lot("A", other, 5))
    assert codes(sale("A", taxed, buyer, 1), sale("B", other, buyer, 5)) == [
        "mining.lots-too-few",
        "",
    ]


def test_a_sale_may_be_corrected_to_what_there_is(
    codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    say(lot("A", taxed, 3, days(5)[0]), sale("A", taxed, buyer, 2, days(6)[0]))
    assert codes(sale("A", taxed, buyer, 3, days(6)[0])) == [""]  # in its own place
    assert codes(sale("A", taxed, buyer, 4, days(6)[0])) == ["mining.lots-too-few"]
    assert codes(sale("A", taxed, buyer, 2, days(4)[0])) == ["mining.lots-too-few"]
    more, less = sale("B", taxed, buyer, 2, days(5)[0]), sale("A", taxed, buyer, 1, days(6)[0])
    assert codes(more, less) == codes(less, more) == ["", ""]
    assert codes(more) == ["mining.lots-too-few"]
    told = codes(replace(more, units=3), less)
    assert told == ["mining.lots-too-few", ""]


def test_a_lot_whose_coin_was_sold_is_not_said_to_be_smaller_or_later(
    codes: Codes, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    one = lot("A", taxed, 3, days(5)[0])
    say(one, sale("A", taxed, buyer, 2, days(10)[0]))

    sold = ["mining.lot-sold"]
    assert codes(replace(one, units=2)) == [""]
    assert codes(replace(one, units=1)) == sold
    assert codes(replace(one, right_on=days(10)[0])) == [""]
    assert codes(replace(one, right_on=days(11)[0])) == sold
    enough = lot("B", taxed, 1, days(10)[0])
    for several in ([replace(one, units=1), enough], [enough, replace(one, units=1)]):
        assert codes(*several) == ["", ""]
    assert codes(replace(one, units=1), replace(enough, right_on=days(11)[0])) == [*sold, ""]


def test_a_correction_stays_beside_what_was_said(
    house: House, say: Say, taxed: ParticipantId
) -> None:
    one = lot("A", taxed, 3)
    say(one)
    say(replace(one, units=2))
    told = records.history(house, LOTS, one.lot)
    assert [version.record.units for version in told] == [3, 2]
    assert coin_of(house, taxed).left == Held(2, 0)


near = st.integers(1, 6).map(lambda n: days(n)[0])


@pytest.mark.parametrize("register", [LOTS, registers.SALES], ids=["lots", "sales"])
def test_whatever_is_entered_no_day_has_less_than_none(
    house: House,
    desk: Path,
    say: Say,
    taxed: ParticipantId,
    buyer: ParticipantId,
    register: Register,
) -> None:
    """Random files of lots and sales, with corrections: what is not refused is right together."""
    seen = {"refused": 0, "entered": 0}
    lots = st.builds(
        lambda n, units, on: lot(str(n), taxed, units, on),
        *(st.integers(0, 3), st.integers(1, 4), near),
    )
    gone = st.builds(
        lambda n, units, on: sale(str(n), taxed, buyer, units, on),
        *(st.integers(0, 3), st.integers(1, 4), near),
    )
    say(lot("0", taxed, 3, days(1)[0]), lot("1", taxed, 2, days(3)[0]))
    say(sale("0", taxed, buyer, 2, days(2)[0]), sale("1", taxed, buyer, 2, days(4)[0]))
    key = registers.LOTS.key_of if register is LOTS else registers.SALES.key_of
    kind = lots if register is LOTS else gone

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(kind, min_size=1, max_size=4, unique_by=key), st.randoms())
    def is_right(several: list[Any], dice: Random) -> None:
        sheet = read(house, desk, *several)
        shuffled = [*several]
        dice.shuffle(shuffled)
        again = read(house, desk, *shuffled)
        assert {*again.records} == {*sheet.records}
        with house.db.transaction(force_rollback=True):
            if sheet.records:
                records.enter(house, sheet)
            assert not short(house, taxed)
        seen["refused"] += sheet.tally["refused"]
        seen["entered"] += len(sheet.records)

    is_right()
    assert min(seen.values()) > 0, seen


def short(house: House, miner: ParticipantId) -> list[date]:
    """The days with less than none."""
    lots: Sequence[MinedLot] = records.known(house, registers.LOTS)
    sales: Sequence[MinedSale] = records.known(house, registers.SALES)
    assert {*(one.miner for one in lots), *(one.miner for one in sales)} == {miner}
    return [
        day
        for day in days(*range(1, 8))
        if sum(one.units for one in lots if one.right_on <= day)
        < sum(one.units for one in sales if one.sold_on <= day)
    ]


# What whoever enters it is told.


def test_a_sale_below_the_floor_is_entered_and_told(
    house: House,
    say: Say,
    remarks: Callable[..., list[list[Refusal]]],
    taxed: ParticipantId,
    buyer: ParticipantId,
) -> None:
    """Quoted at 60,000.00, the floor is 48,000.00: equal to it is taxed at the price."""
    say(lot("A", taxed, 3 * BTC))
    prices = (48_000_01, 48_000_00, 47_999_99)
    several = [sale(str(price), taxed, buyer, price=price) for price in prices]
    told = remarks(*several)

    assert [[one.code for one in each] for each in told] == [[], [], ["mining.below-floor"]]
    assert "at 48,000.00 USD: its price, 47,999.99 USD," in told[2][0].detail
    say(*several)
    sold = {one.record.sale: one.disposal for one in coin_of(house, taxed).sold}
    assert [sold[sale_id(str(price))].taxed_proceeds for price in prices] == [
        48_000_01,
        48_000_00,
        48_000_00,
    ]


def test_the_floor_is_that_of_the_law_on_the_day_of_the_sale(
    house: House, say: Say, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    say(lot("A", taxed, 2 * BTC))
    say(*(sale(str(on), taxed, buyer, on=on, price=0) for on in days(9, 10)))
    stricter = on_subject(
        "XB",
        "standards",
        standard=[
            {
                "id": "XB.tax.below",
                "citation": "art. 1",
                "effective_from": days(10)[0],
                "standard": "tax.below-quotation",
                "value": 100,
                "unit": "per mille",
                "met": [100],
                "missed": [101],
            }
        ],
    )
    changed = under(house, read_law(joined(SHIPPED, stricter)))

    for one, expected in ((house, [48_000_00] * 2), (changed, [48_000_00, 54_000_00])):
        sold = coin_of(one, taxed).sold
        assert [each.disposal.taxed_proceeds for each in sold] == expected


def test_whoever_enters_something_between_is_told_what_it_changes(
    say: Say,
    remarks: Callable[..., list[list[Refusal]]],
    taxed: ParticipantId,
    buyer: ParticipantId,
) -> None:
    def sold(name: str, units: int, day: int) -> MinedSale:
        return sale(name, taxed, buyer, units, days(day)[0], price=100)

    say(lot("A", taxed, 9, days(5)[0]))
    say(sold("A", 1, 10), sold("B", 1, 20))

    def told(one: Any) -> list[str]:
        (found,) = remarks(one)
        return [f"{each.code} {each.detail}" for each in found]

    both = ["mining.sales-reworked sales from 2026-05-10 on are worked out anew: 2"]
    last = ["mining.sales-reworked sales from 2026-05-20 on are worked out anew: 1"]
    assert told(lot("B", taxed, 1, days(10)[0])) == both
    assert told(lot("B", taxed, 1, days(11)[0])) == last
    assert told(lot("B", taxed, 1, days(21)[0])) == []
    assert told(lot("A", taxed, 9, days(4)[0])) == both
    assert told(sold("C", 1, 15)) == last
    assert told(sold("C", 1, 21)) == []
    assert told(sold("A", 2, 10)) == last
    assert told(sold("A", 1, 25)) == last
    assert told(sold("B", 2, 20)) == []


# What follows.


def test_the_worked_year_comes_out_of_the_registers(
    house: House, say: Say, clock: Clock, taxed: ParticipantId, buyer: ParticipantId
) -> None:
    """The year of `tests/core/mining/test_tax`, entered sale by sale, and a lot that came late."""
    late, *rest = [replace(one, miner=taxed) for one in BOUGHT]
    say(*rest)
    for one in SALES[1:]:
        say(replace(one, miner=taxed, buyer=buyer, units=one.units - (one is SALES[3])))
        clock.forward(hours=1)
    say(late, replace(SALES[0], miner=taxed, buyer=buyer))
    before = coin_of(house, taxed).left
    say(replace(SALES[3], miner=taxed, buyer=buyer))

    year = year_of(house, taxed, 2026)

    assert before.units == 1
    assert [one.disposal.basis for one in year.sold] == [9125_02, 12_166_78, 8134_27, 28_370_69]
    assert (year.income, year.taxed, year.gain) == (57_796_76, 54_992_22, -2804_54)
    assert coin_of(house, taxed).left == year.closing == Held(0, 0)
    assert year_of(house, taxed, 2027).closing == Held(0, 0)
    assert year_of(house, taxed, 2025).opened == ()


def test_what_cannot_be_worked_out_is_said(house: House, miner: ParticipantId, say: Say) -> None:
    with pytest.raises(UnknownParticipant):
        coin_of(house, NOBODY)
    with pytest.raises(MethodUndeclared):
        coin_of(house, miner)
    with pytest.raises(NotYet):
        year_of(house, miner, 2028)
    say(method(miner, year=2027))
    assert year_of(house, miner, 2026).method is None
    assert year_of(house, miner, 2027).closing == Held(0, 0)


def test_what_shows_a_coins_way_is_not_for_everybody(
    house: House, say: Say, taxed: ParticipantId
) -> None:
    one = lot("A", taxed, outpoint=output("x"), source="a pool")
    say(one)
    (known,) = records.known(house, LOTS)
    assert known == one
    assert records.seen(LOTS, known) == replace(one, outpoint="", source="")
    assert one.lot == lot_id("A")
