"""Fixing: today's rate, from a file of trades, once, and with what it takes to make it again."""

from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from tests.stage import Clock

from clearhouse.core.errors import Refusal
from clearhouse.core.money import EUR, USD, Asset, Money
from clearhouse.core.valuation import Method, RateFixed, reference_rate, window
from clearhouse.demo import market
from clearhouse.feeds import trades
from clearhouse.operations.fix import Fixed, RateStands, fix
from clearhouse.operations.house import House
from clearhouse.store import journal, rates

FOUR = datetime(2026, 3, 2, 16, tzinfo=UTC)  # in London, in winter
YEN = Asset("JPY", "iso4217:JPY", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An hour of trades before today's fixing; one venue's feed is off."""
    path = tmp_path / "trades.csv"
    market.write_trades(path, FOUR, 60_000.0, Random(5))
    return path


@pytest.fixture
def at_five(house: House, clock: Clock) -> House:
    """A house at five in the afternoon."""
    clock.at = FOUR.replace(hour=17)
    return house


def line(venue: str, at: datetime, price: str, size: str = "1") -> str:
    return f"{venue},{round(at.timestamp() * 1000)},buy,{price},{size}\n"


def written(path: Path, *lines: str) -> Path:
    path.write_text("".join([f"{trades.HEADER}\n", *lines]))
    return path


def every_five_minutes(end: datetime, price: str, parts: int = 12, venue: str = "boreal") -> str:
    start = int(end.timestamp()) - 3600
    return "".join(
        line(venue, datetime.fromtimestamp(start + 300 * part + 7, UTC), price)
        for part in range(parts)
    )


def refused(house: House, file: Path, quote: Asset = USD) -> str:
    """The code of the refusal; nothing is recorded."""
    with pytest.raises(Refusal) as refusal:
        fix(house, file, quote)
    assert journal.count_kinds(house.db) == {}
    assert rates.newest(house.db, house.coin, house.assets, house.now()) == {}
    return refusal.value.code


def the_event(house: House, fixed: Fixed) -> RateFixed:
    (entry,) = journal.about(house.db, fixed.reference.rate.id)
    assert isinstance(entry.event, RateFixed)
    assert entry.occurred_at == fixed.reference.rate.as_of
    assert entry.recorded_at == house.now()
    return entry.event


def test_the_rate_holds_for_todays_fixing(at_five: House, file: Path) -> None:
    fixed = fix(at_five, file, USD)
    (found,) = rates.newest(at_five.db, at_five.coin, at_five.assets, at_five.now()).values()

    assert fixed.new
    assert found == fixed.reference.rate
    assert found.as_of == FOUR
    assert (found.base, found.quote) == (at_five.coin, USD)
    assert 59_000_00 < found.exact < 61_000_00


def test_in_summer_four_in_london_is_three_in_utc(
    house: House, clock: Clock, tmp_path: Path
) -> None:
    three = datetime(2026, 7, 1, 15, tzinfo=UTC)
    clock.at = three
    file = written(tmp_path / "summer.csv", every_five_minutes(three, "60000.00"))

    assert fix(house, file, USD).reference.rate.as_of == three


def test_the_recorded_event_is_enough_to_make_the_rate_again(at_five: House, file: Path) -> None:
    fixed = fix(at_five, file, USD)
    event = the_event(at_five, fixed)
    price = Fraction(event.numerator, event.denominator)
    medians = [Fraction(text) for text in event.partitions if text]

    assert price == fixed.reference.rate.exact
    assert price == int(sum(medians) / len(medians) * 100 + Fraction(1, 2))
    assert event.trades + 600 == 4 * 600  # the excluded venue's are not counted

    with file.open("rb") as stream:
        tape = trades.read(stream)
    law = at_five.rulebook
    method = Method(partitions_min=law.standard("valuation.partitions", FOUR.date()))
    hour = window(FOUR.date(), law.fixing(FOUR.date()).zone, FOUR.time())
    again = reference_rate(tape.trades, hour, (at_five.coin, USD), method, event.source)
    assert RateFixed.of(again, tape.discarded) == event
    assert (event.source, event.input_sha256) == (tape.sha256, again.input_sha256)
    kept = (at_five.archive / f"{event.input_sha256}.tape").read_bytes()
    assert sha256(kept).hexdigest() == event.input_sha256
    assert kept.count(b"\n") == event.trades + sum(v.trades for v in again.venues if v.excluded)


def test_a_venue_that_is_off_is_left_out_and_named(at_five: House, file: Path) -> None:
    fixed = fix(at_five, file, USD)
    event = the_event(at_five, fixed)

    assert event.venues == ("boreal", "meridian", "polar")
    assert [name.partition(" ")[0] for name in event.excluded] == ["glitch"]
    assert fixed.reference.rate.exact < 61_000_00


def test_the_same_file_twice_is_one_rate(at_five: House, clock: Clock, file: Path) -> None:
    first = fix(at_five, file, USD)
    clock.forward(minutes=5)
    second = fix(at_five, file, USD)

    assert (first.new, second.new) == (True, False)
    assert first.reference == second.reference
    assert journal.count_kinds(at_five.db) == {"RateFixed": 1}


def test_an_hour_is_fixed_once(at_five: House, file: Path, tmp_path: Path) -> None:
    first = fix(at_five, file, USD)
    other = tmp_path / "other.csv"
    market.write_trades(other, FOUR, 61_000.0, Random(2))

    with pytest.raises(RateStands, match=r"60,\d+"):
        fix(at_five, other, USD)

    assert journal.count_kinds(at_five.db) == {"RateFixed": 1}
    assert not fix(at_five, file, USD).new
    assert first.new


def test_each_currency_has_its_rate(at_five: House, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "eur.csv"
    market.write_trades(other, FOUR, 55_000.0, Random(6))
    fix(at_five, file, USD)
    fix(at_five, other, EUR)
    found = rates.newest(at_five.db, at_five.coin, at_five.assets, at_five.now())

    assert set(found) == {"USD", "EUR"}
    dollars = found["USD"].quantity(Money(60_000_00, USD)).units
    assert abs(dollars - 10**8) < 10**7


def test_lines_that_are_no_trades_are_counted(at_five: House, file: Path) -> None:
    with file.open("a") as stream:
        stream.write("boreal,not a time,buy,1,1\nboreal,1,buy,-5,1\n")
    fixed = fix(at_five, file, USD)

    assert fixed.tape.discarded == the_event(at_five, fixed).discarded == 2


def test_trades_of_another_day_make_no_rate(at_five: House, clock: Clock, file: Path) -> None:
    clock.forward(days=1)
    assert refused(at_five, file) == "valuation.no-trades"
    clock.forward(days=-2)
    assert refused(at_five, file) == "valuation.no-trades"


def test_no_rate_is_made_before_its_hour_is_over(house: House, clock: Clock, file: Path) -> None:
    clock.at = FOUR.replace(hour=15, minute=59, second=59)
    assert refused(house, file) == "valuation.window-open"
    clock.at = FOUR
    assert fix(house, file, USD).new


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (every_five_minutes(FOUR, "60000.00", parts=9), "valuation.too-few-partitions"),
        (line("boreal", FOUR, "60000.00"), "valuation.no-trades"),  # the end is not in the hour
        (
            every_five_minutes(FOUR, "60000.00")
            + every_five_minutes(FOUR, "90000.00", venue="polar"),
            "valuation.venues-disagree",
        ),
        (every_five_minutes(FOUR, "0.001"), "rate.not-positive"),
        ("boreal,1,buy,1e99,1\n", "trades.no-usable-line"),
        ("", "trades.no-usable-line"),
        ("x" * 2000, "trades.line-too-long"),
    ],
)
def test_a_file_that_makes_no_rate_is_refused(
    at_five: House, tmp_path: Path, lines: str, code: str
) -> None:
    assert refused(at_five, written(tmp_path / "trades.csv", lines)) == code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "trades.empty"),
        (b"venue;time;side;price;size\n", "trades.wrong-header"),
        (b"venue,time_ms,side,price,size\n\xff\xfe\n", "trades.wrong-encoding"),
        (b"\x00" * 10, "trades.wrong-header"),
    ],
)
def test_a_file_of_another_form_is_refused(
    at_five: House, tmp_path: Path, content: bytes, code: str
) -> None:
    file = tmp_path / "trades.csv"
    file.write_bytes(content)
    assert refused(at_five, file) == code


def test_a_currency_that_the_house_does_not_take_is_refused(at_five: House, file: Path) -> None:
    assert refused(at_five, file, YEN) == "money.unknown-asset"
    assert refused(at_five, file, at_five.coin) == "money.unknown-asset"
