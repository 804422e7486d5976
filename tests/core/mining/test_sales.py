"""Records of mined coin: what is read, and all that is wrong with what is not."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from tests.sold import lot, lot_id, method, output, sale, sale_id

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.sales import (
    LOTS,
    METHODS,
    SALES,
    UNITS_MAX,
    LotMethod,
    MinedLot,
    MinedSale,
    exchanged,
)
from clearhouse.core.money import EUR, USD, Asset
from clearhouse.core.record import WHOLE_MAX, Register

MINER = ParticipantId("HWUPKR0MPOU8FGXBT394")
BUYER = ParticipantId("506700GE1G29325QX363")
DAY = date(2026, 2, 28)
ONE, SOLD = lot("A", MINER), sale("A", MINER, BUYER)


def codes(one: Any) -> list[str]:
    return [wrong.code for wrong in one.faults()]


def test_lines_are_read_as_people_write_them() -> None:
    """Bitcoin and rates with decimals; prices in whole minor units."""
    head = {"miner": MINER, "units": "0.05", "quote": "6000000", "asset": "EUR"}
    more = {"venue": "Boreal Exchange", "official_rate": "1.0834", "outpoint": output("x")}
    lines: list[tuple[Register, dict[str, str], Any]] = [
        (
            METHODS,
            {"miner": MINER, "year": "2026", "method": "prorata", "currency": "USD"},
            LotMethod(MINER, 2026, "prorata", "USD"),
        ),
        (
            LOTS,
            {"lot": lot_id("A"), "right_on": "2026-02-28", "source": "a pool", **head, **more},
            MinedLot(
                *(lot_id("A"), MINER, 5_000_000, DAY, 60_000_00, "EUR", "Boreal Exchange"),
                *(1_08340000, output("x"), "a pool"),
            ),
        ),
        (
            SALES,
            {"sale": sale_id("A"), "buyer": BUYER, "sold_on": "2026-02-28", "price": "300000"}
            | head
            | more,
            MinedSale(
                *(sale_id("A"), MINER, BUYER, 5_000_000, DAY, 3000_00, 60_000_00, "EUR"),
                *("Boreal Exchange", 1_08340000, output("x")),
            ),
        ),
    ]
    for register, line, record in lines:
        assert register.read(line) == (record, [])
        assert not codes(record)


@pytest.mark.parametrize("one", [ONE, SOLD])
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("units", 1, None),
        ("units", 0, "mining.units-not-positive"),
        ("units", -1, "mining.units-not-positive"),
        ("units", UNITS_MAX, None),
        ("units", UNITS_MAX + 1, "mining.coin-wrong"),
        ("quote", 1, None),
        ("quote", 0, "mining.quote-not-positive"),
        ("official_rate", 1, None),
        ("official_rate", 0, "mining.rate-wrong"),
        ("outpoint", output("x"), None),
        ("outpoint", output("x").upper(), "mining.coin-wrong"),
        ("outpoint", output("x")[:-2], "mining.coin-wrong"),
        ("outpoint", f"{output('x')[:-1]}00", "mining.coin-wrong"),  # one output has one writing
        ("outpoint", f"{output('x')[:-1]}10", None),
        ("outpoint", f"0{output('x')}", "mining.coin-wrong"),
        ("outpoint", f"{output('x')}\n", "mining.coin-wrong"),
    ],
)
def test_coin_has_its_form(
    one: MinedLot | MinedSale, field: str, value: Any, code: str | None
) -> None:
    assert codes(replace(one, **{field: value})) == ([code] if code else [])


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (replace(ONE, lot=sale_id("A")), ["mining.coin-wrong"]),
        (replace(ONE, lot="lot_1"), ["mining.coin-wrong"]),
        (replace(SOLD, sale=lot_id("A")), ["mining.coin-wrong"]),
        (replace(SOLD, price=0), []),  # given away: taxed all the same
        (replace(SOLD, price=-1), ["mining.quote-not-positive"]),
        (replace(SOLD, buyer=MINER), ["mining.coin-wrong"]),
        (method(MINER, year=2009), []),
        (method(MINER, year=9999), []),
        (method(MINER, year=2008), ["mining.method-wrong"]),
        (method(MINER, year=10_000), ["mining.method-wrong"]),
        (
            replace(SOLD, units=0, quote=0, buyer=MINER, outpoint="x"),
            [
                "mining.units-not-positive",
                "mining.quote-not-positive",
                "mining.coin-wrong",
                "mining.coin-wrong",
            ],
        ),
    ],
)
def test_all_that_is_wrong_is_said_at_once(one: Any, expected: list[str]) -> None:
    assert codes(one) == expected


@pytest.mark.parametrize("how", ["lifo", "FIFO", "", "specific"])
def test_a_method_is_one_of_those_there_are(how: str) -> None:
    record, (wrong,) = METHODS.read({**METHODS.write(method(MINER)), "method": how})

    assert record is None
    assert wrong.code == "record.malformed"


YEN = Asset("JPY", "iso4217:JPY", 0)


@pytest.mark.parametrize(
    ("units", "rate", "asset", "currency", "expected"),
    [
        (123, None, USD, USD, Fraction(123)),
        (100_00, 1_08341200, EUR, USD, Fraction("10834.12")),
        (1, 1, EUR, USD, Fraction(1, 10**8)),
        (100, 65_00000, YEN, USD, Fraction(650)),  # 100 yen at 0.065 dollars are 6.50
        (650, 1538461538, USD, YEN, Fraction("99.99999997")),
        (WHOLE_MAX, WHOLE_MAX, EUR, USD, Fraction(WHOLE_MAX**2, 10**8)),
    ],
)
def test_a_rate_is_applied_exactly(
    units: int, rate: int | None, asset: Asset, currency: Asset, expected: Fraction
) -> None:
    one = replace(ONE, official_rate=rate)

    assert exchanged(units, one, asset, currency) == expected


def test_what_shows_a_coins_way_is_for_authorities() -> None:
    assert LOTS.restricted == {"outpoint", "source"}
    assert SALES.restricted == {"outpoint"}
