"""The reference rate: the published method, exactly, whoever hands in the trades in what order."""

import csv
import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.money import USD, bitcoin
from clearhouse.core.valuation import (
    E18,
    Method,
    ReferenceRate,
    Trade,
    Window,
    reference_rate,
    screen,
    volume_weighted_median,
    window,
)
from clearhouse.feeds import trades as tapes

BTC = bitcoin("bip122:000000000019d6689c085ae165831e93")
FOUR = window(date(2026, 1, 5), "Europe/London", time(16))
START_MS = int(FOUR.start.timestamp() * 1000)
MINUTE_MS = 60_000
ANY = Method(partitions_min=1)
DATA = Path(
    os.environ.get("CLEARHOUSE_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)


def trade(venue: str, partition: int, price: Fraction | int, size: Fraction | int = 1) -> Trade:
    """Make a trade in the third minute of a partition."""
    at_ms = START_MS + partition * 5 * MINUTE_MS + 2 * MINUTE_MS
    return Trade(venue, at_ms, int(price * E18), int(size * E18))


def rate_of(trades: list[Trade], method: Method = ANY, at: Window = FOUR) -> ReferenceRate:
    return reference_rate(trades, at, (BTC, USD), method, "sha")


def cents(trades: list[Trade], method: Method = ANY) -> int:
    rate = rate_of(trades, method).rate
    assert rate.denominator == 1
    return rate.numerator


V1 = [
    one
    for k in range(12)
    for one in (
        trade("x", k, 60000 + 10 * k, 1),
        trade("y", k, 60020 + 10 * k, 2),
        trade("z", k, 60100 + 10 * k, Fraction(1, 2)),
    )
]
V2 = V1 + [trade("q", k, 70000, 50) for k in range(12)]
V3 = [one for one in V1 if FOUR.partition(one.at_ms) != 5]


def test_v1_three_venues() -> None:
    fixed = rate_of(V1)
    assert [partition.median for partition in fixed.partitions] == list(range(60020, 60140, 10))
    assert fixed.rate.numerator == 6007500
    assert fixed.rate.as_of == FOUR.end
    assert fixed.rate.venues == ("x", "y", "z")
    assert fixed.rate.source == "sha"
    assert [partition.trades for partition in fixed.partitions] == [3] * 12
    assert fixed.trades_outside == 0


def test_v2_a_venue_that_is_far_off_is_excluded_and_named() -> None:
    fixed = rate_of(V2)
    assert {venue.name: venue.median for venue in fixed.venues} == {
        "q": 70000,
        "x": 60055,
        "y": 60075,
        "z": 60155,
    }
    assert [venue.name for venue in fixed.venues if venue.excluded] == ["q"]
    assert fixed.venues[0].deviation == Fraction(70000, 60115) - 1
    assert round(float(fixed.venues[0].deviation) * 100, 1) == 16.4
    assert fixed.rate.numerator == 6007500
    assert fixed.rate.venues == ("x", "y", "z")
    assert cents(V2, replace(ANY, deviation_max=Fraction(99, 100))) == 7000000


def test_v3_an_empty_partition_is_left_out_of_the_mean() -> None:
    assert cents(V3) == 6007545
    assert rate_of(V3).partitions[5].median is None


def test_v4_a_tie_is_the_mean_of_the_two_prices_around_the_half() -> None:
    assert volume_weighted_median([trade("x", 0, 100), trade("x", 0, 200)]) == 150


@pytest.mark.parametrize(
    ("ladder", "expected"),
    [
        ([(100, 3)], 100),
        ([(100, 1), (200, 1), (300, 1)], 200),
        ([(100, 1), (200, 1), (300, 2)], 250),
        ([(100, 1), (100, 1), (200, 2)], 150),
        ([(100, 2), (100, 1), (200, 1)], 100),  # the tie is inside one price
        ([(100, 1), (100, 2), (200, 1)], 100),
        ([(300, 1), (100, 10), (200, 1)], 100),
    ],
)
def test_the_median_is_where_half_of_the_volume_is_passed(
    ladder: list[tuple[int, int]], expected: int
) -> None:
    assert volume_weighted_median([trade("x", 0, *step) for step in ladder]) == expected


@pytest.mark.parametrize(
    ("offset_ms", "partition"),
    [
        (-1, None),
        (0, 0),
        (5 * MINUTE_MS - 1, 0),
        (5 * MINUTE_MS, 1),
        (60 * MINUTE_MS - 1, 11),
        (60 * MINUTE_MS, None),
    ],
)
def test_the_window_has_its_start_and_not_its_end(offset_ms: int, partition: int | None) -> None:
    assert FOUR.partition(START_MS + offset_ms) == partition


def test_trades_outside_the_window_change_nothing_but_their_count() -> None:
    late = replace(trade("w", 0, 1), at_ms=START_MS + 60 * MINUTE_MS)
    fixed = rate_of([*V1, late])
    assert replace(fixed, trades_outside=0) == rate_of(V1)
    assert fixed.trades_outside == 1


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        (Fraction(100_005, 1000), 10001),  # 100.005: half up
        (Fraction(100_015, 1000), 10002),  # 100.015: half up, not to even
        (Fraction(100_0049, 10000), 10000),
    ],
)
def test_the_mean_is_rounded_half_up_to_the_cent(price: Fraction, expected: int) -> None:
    assert cents([trade("x", 0, price)]) == expected


@pytest.mark.parametrize(
    ("trades", "method", "code"),
    [
        ([], ANY, "valuation.no-trades"),
        ([replace(V1[0], at_ms=0)], ANY, "valuation.no-trades"),
        ([trade("x", 0, 100), trade("y", 0, 200)], ANY, "valuation.venues-disagree"),
        (
            [trade("x", 0, 100), trade("y", 0, 200)],
            Method(partitions_min=2),
            "valuation.venues-disagree",
        ),
        ([trade("x", k, 100) for k in range(5)], Method(), "valuation.too-few-partitions"),
        (V3, Method(partitions_min=12), "valuation.too-few-partitions"),
        ([trade("x", 0, Fraction(1, 1000))], ANY, "rate.not-positive"),  # less than half a cent
    ],
)
def test_no_rate_is_made_of_too_little(trades: list[Trade], method: Method, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        rate_of(trades, method)
    assert refused.value.code == code


def test_a_partition_left_empty_by_the_screen_is_empty() -> None:
    near = [trade(venue, k, 100) for venue in "xyz" for k in range(6)]
    far = [trade("q", k, 900) for k in range(12)]
    assert sum(partition.trades for partition in rate_of(near + far).partitions) == 18
    with pytest.raises(Refusal, match=r"valuation\.too-few-partitions"):
        rate_of(near + far, Method(partitions_min=7))


@pytest.mark.parametrize(
    ("price", "excluded"), [(110, False), (111, True), (90, False), (89, True)]
)
def test_a_venue_is_excluded_when_off_by_more_than_the_parameter(
    price: int, *, excluded: bool
) -> None:
    seen = screen([trade("a", 0, 100), trade("b", 0, 100), trade("c", 0, price)], Fraction(1, 10))
    assert [venue.excluded for venue in seen] == [False, False, excluded]


@pytest.mark.parametrize(
    ("deviation_max", "partitions_min"),
    [
        (Fraction(0), 1),
        (Fraction(1), 1),
        (Fraction(-1), 1),
        (Fraction(1, 2), 0),
        (Fraction(1, 2), 13),
    ],
)
def test_a_method_outside_its_bounds_is_refused(
    deviation_max: Fraction, partitions_min: int
) -> None:
    with pytest.raises(Refusal, match=r"valuation\.method-impossible"):
        Method(deviation_max, partitions_min)


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (date(2026, 1, 5), "Europe/London", datetime(2026, 1, 5, 16, tzinfo=UTC)),
        (date(2026, 3, 28), "Europe/London", datetime(2026, 3, 28, 16, tzinfo=UTC)),
        (date(2026, 3, 29), "Europe/London", datetime(2026, 3, 29, 15, tzinfo=UTC)),
        (date(2026, 7, 1), "Europe/London", datetime(2026, 7, 1, 15, tzinfo=UTC)),
        (date(2026, 10, 25), "Europe/London", datetime(2026, 10, 25, 16, tzinfo=UTC)),
        (date(2026, 7, 1), "America/New_York", datetime(2026, 7, 1, 20, tzinfo=UTC)),
        (date(2026, 7, 1), "Asia/Hong_Kong", datetime(2026, 7, 1, 8, tzinfo=UTC)),
    ],
)
def test_four_o_clock_is_four_where_the_fixing_is(day: date, zone: str, end: datetime) -> None:
    found = window(day, zone, time(16))
    assert found == Window(end - timedelta(hours=1), end)
    assert found.end.tzinfo is UTC


@pytest.mark.parametrize(
    ("day", "zone", "at"),
    [
        (date(2026, 3, 29), "Europe/London", time(1, 30)),  # skipped
        (date(2026, 10, 25), "Europe/London", time(1, 30)),  # twice
        (date(2026, 1, 5), "Europe/Londinium", time(16)),
        (date(2026, 1, 5), "../../etc/passwd", time(16)),
        (date(2026, 1, 5), "", time(16)),
        (date(2026, 1, 5), "Europe", time(16)),
    ],
)
def test_a_time_that_is_not_one_instant_is_refused(day: date, zone: str, at: time) -> None:
    with pytest.raises(Refusal, match=r"valuation\.window-undefined"):
        window(day, zone, at)


@st.composite
def hours(draw: st.DrawFn) -> list[Trade]:
    """Trades of up to four venues whose prices lie within 8 % of each other, in whole cents."""
    count = draw(st.integers(1, 20))
    return [
        Trade(
            draw(st.sampled_from("abcd")),
            START_MS + draw(st.integers(0, 60 * MINUTE_MS - 1)),
            draw(st.integers(6_000_000, 6_400_000)) * (E18 // 100),
            draw(st.integers(1, 3)) * draw(st.sampled_from([1, 10**10, E18])),
        )
        for _ in range(count)
    ]


@given(hours(), st.randoms(use_true_random=False))
def test_the_order_of_trades_changes_nothing(trades: list[Trade], dice: Random) -> None:
    shuffled = dice.sample(trades, len(trades))
    assert rate_of(shuffled) == rate_of(trades)


@given(hours(), st.integers(1, 10**6))
def test_only_the_proportion_of_sizes_matters(trades: list[Trade], factor: int) -> None:
    scaled = [replace(one, size_e18=one.size_e18 * factor) for one in trades]
    assert cents(scaled) == cents(trades)


@given(hours())
def test_the_rate_lies_between_the_lowest_and_the_highest_price(trades: list[Trade]) -> None:
    prices = [one.price_e18 // (E18 // 100) for one in trades]
    assert min(prices) <= cents(trades) <= max(prices)


@given(hours(), st.sampled_from([Fraction(1, 100), Fraction(1, 2), Fraction(2), Fraction(1000)]))
def test_one_venue_s_absurd_prices_move_nothing(trades: list[Trade], factor: Fraction) -> None:
    """Whatever its volume, while two others see the same market."""
    assume(len({one.venue for one in trades}) >= 2)
    absurd = [
        Trade("z", one.at_ms, int(one.price_e18 * factor), one.size_e18 * 10**6) for one in trades
    ]
    fixed = rate_of(trades + absurd)
    assert [venue.name for venue in fixed.venues if venue.excluded] == ["z"]
    assert fixed.rate.numerator == cents(trades)


@given(hours(), st.data())
def test_the_digest_tells_one_tape_from_another(trades: list[Trade], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(trades) - 1))
    field = data.draw(st.sampled_from(["price_e18", "size_e18"]))
    other = list(trades)
    other[index] = replace(trades[index], **{field: getattr(trades[index], field) + 1})
    assert rate_of(other).input_sha256 != rate_of(trades).input_sha256


def naive_median(trades: list[tuple[Fraction, Fraction]]) -> Fraction:
    """The definition, quadratic: half of the volume is at or below it, half at or above it."""
    total = sum(size for _, size in trades)
    prices = {price for price, _ in trades}
    low = min(p for p in prices if 2 * sum(size for q, size in trades if q <= p) >= total)
    high = max(p for p in prices if 2 * sum(size for q, size in trades if q >= p) >= total)
    return (low + high) / 2


@pytest.mark.external
def test_a_real_hour_gives_what_a_naive_computation_gives() -> None:
    file = DATA / "rates" / "kraken-btcusd-2019-07-01.csv"
    if not file.exists():
        pytest.skip(f"no {file}; set CLEARHOUSE_DATA")
    start = datetime(2019, 7, 1, tzinfo=UTC)
    parts: list[list[tuple[Fraction, Fraction]]] = [[] for _ in range(12)]
    for row in csv.DictReader(file.read_text().splitlines()):
        minutes = (int(row["time_ms"]) / 1000 - start.timestamp()) / 60
        parts[int(minutes // 5)].append((Fraction(row["price"]), Fraction(row["size"])))
    expected = [naive_median(part) for part in parts]

    with file.open("rb") as stream:
        tape = tapes.read(stream)
    at = window(date(2019, 7, 1), "Etc/UTC", time(1))
    fixed = reference_rate(tape.trades, at, (BTC, USD), Method(partitions_min=12), tape.sha256)

    assert (len(tape.trades), tape.discarded, fixed.trades_outside) == (2672, 0, 0)
    assert abs(fixed.rate.exact / 100 - sum(expected, Fraction()) / 12) <= Fraction(1, 200)
    assert [partition.median for partition in fixed.partitions] == expected
