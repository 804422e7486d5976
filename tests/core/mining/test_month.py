"""A month held against machines, network, meters and operators; and when its return is due."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import SHIPPED, joined
from tests.laws import read as read_law
from tests.returned import DIFFICULTY, REWARD, epoch, midnight

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import MonthUnmeasured, days_of_month, month_after
from clearhouse.core.mining.month import (
    BLOCKS_FOR_ENERGY,
    GIGA,
    DifficultyUnknown,
    Figures,
    Hashes,
    NotComparable,
    judge_month,
    month_hashes,
)
from clearhouse.core.mining.plausibility import Ground, Span, expected_blocks, expected_coin
from clearhouse.core.mining.returns import Epoch, MinerReturn, return_due_at
from clearhouse.core.rulebook import Rule, Rulebook

WHO = ParticipantId("5493001KJTIIGC8Y1R12")
JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
A_DAY = timedelta(days=1)
NO_METER = MonthUnmeasured("no meter")
ALONE = NotComparable("no operator")


def said(coin: int, energy: int = 0, *, pooled: bool = True) -> MinerReturn:
    return MinerReturn(WHO, JUNE, coin, energy, pooled, ("a",) if coin else ())


def steady(rate: int, month: date = JUNE) -> dict[date, int]:
    return dict.fromkeys(days_of_month(month), rate)


# What machines can have done.


def test_a_month_of_the_issue_comes_to_its_formula() -> None:
    """H x 86400 / (D x 2^32) x (subsidy + fees) a day."""
    rate = 5_000_000  # GH/s: five PH/s
    hashes = month_hashes(JUNE, steady(rate), [epoch(JUNE)])

    a_day = Fraction(rate * GIGA * 86_400, DIFFICULTY * 2**32) * REWARD
    assert hashes.rate == rate * GIGA
    assert expected_coin(hashes.rate, hashes.spans) == 30 * a_day
    assert floor(a_day) == 264_029  # satoshi


def test_epochs_of_a_month_count_by_their_own_length() -> None:
    middle = midnight(JUNE) + timedelta(days=10)
    before = epoch(JUNE, begins_at=midnight(JUNE) - 4 * A_DAY, ends_at=middle)
    after = epoch(JUNE, begins_at=middle, ends_at=midnight(JULY) + A_DAY, difficulty=2)
    hashes = month_hashes(JUNE, steady(7), [after, before])

    assert hashes.rate == 7 * GIGA
    assert hashes.spans == (
        Span(10 * 86_400, Fraction(DIFFICULTY), REWARD),
        Span(20 * 86_400, Fraction(1, 50), REWARD),
    )


def test_machines_that_come_within_the_month_work_in_their_own_epochs() -> None:
    middle = midnight(JUNE) + timedelta(days=10)
    epochs = [epoch(JUNE, ends_at=middle), epoch(JUNE, begins_at=middle, difficulty=300)]
    rates = dict.fromkeys(days_of_month(JUNE)[10:], 30)
    hashes = month_hashes(JUNE, rates, epochs)

    assert hashes.rate == 20 * GIGA  # the mean
    assert [one.seconds for one in hashes.spans] == [0, 30 * 86_400]
    expected = Fraction(30 * GIGA * 20 * 86_400, 3 * 2**32)
    assert expected_blocks(hashes.rate, hashes.spans) == expected


def test_where_nothing_ran_nothing_is_expected() -> None:
    hashes = month_hashes(JUNE, {}, [epoch(JUNE)])

    assert hashes == Hashes(0, (Span(30 * 86_400, Fraction(DIFFICULTY), REWARD),))
    assert judge_month(said(0), hashes, 0, ALONE).outliers == ()
    (one,) = judge_month(said(1), hashes, NO_METER, ALONE).outliers
    assert one.code == Ground.MORE_THAN_LIKELY


@pytest.mark.parametrize(
    ("epochs", "missing"),
    [
        ([], "2026-06-01T00:00:00Z to 2026-07-01T00:00:00Z"),
        ([epoch(date(2026, 5, 1))], "2026-06-01T00:00:00Z to 2026-07-01T00:00:00Z"),
        (
            [epoch(JUNE, begins_at=midnight(JUNE) + timedelta(seconds=1))],
            "2026-06-01T00:00:00Z to 2026-06-01T00:00:01Z",
        ),
        (
            [epoch(JUNE, ends_at=midnight(JULY) - timedelta(seconds=1))],
            "2026-06-30T23:59:59Z to 2026-07-01T00:00:00Z",
        ),
        (
            [
                epoch(JUNE, ends_at=midnight(JUNE) + A_DAY),
                epoch(JUNE, begins_at=midnight(JUNE) + 2 * A_DAY),
            ],
            "2026-06-02T00:00:00Z to 2026-06-03T00:00:00Z",
        ),
    ],
    ids=["nothing", "another month", "no beginning", "no end", "a gap"],
)
def test_without_the_network_a_month_is_not_judged(epochs: list[Epoch], missing: str) -> None:
    with pytest.raises(DifficultyUnknown, match=f"no difficulty recorded from {missing}"):
        month_hashes(JUNE, steady(1), epochs)


@st.composite
def months(draw: st.DrawFn) -> tuple[dict[date, Fraction], list[Epoch]]:
    """A June whose machines come and go, cut into epochs."""
    rates = draw(st.lists(st.fractions(0, 10**9, max_denominator=50), min_size=30, max_size=30))
    cuts = draw(st.sets(st.integers(1, 30 * 86_400 - 1), max_size=4))
    marks = [0, *sorted(cuts), 30 * 86_400]
    begins = midnight(JUNE)
    several = [
        epoch(
            JUNE,
            begins_at=begins + timedelta(seconds=low),
            ends_at=begins + timedelta(seconds=high),
            difficulty=draw(st.integers(10**10, 10**16)),
        )
        for low, high in pairwise(marks)
    ]
    return dict(zip(days_of_month(JUNE), rates, strict=True)), several


@given(months(), st.randoms())
def test_what_is_expected_is_what_each_second_brings(
    month: tuple[dict[date, Fraction], list[Epoch]], dice: Random
) -> None:
    """To the second that rounding may be out by in an epoch, and the mean rate's last hash."""
    rates, epochs = month
    shuffled = dice.sample(epochs, len(epochs))
    hashes = month_hashes(JUNE, rates, shuffled)

    exact, slack = Fraction(0), Fraction(0)
    for one in epochs:
        each = Fraction(100, one.difficulty * 2**32)
        for day, rate in rates.items():
            start, end = max(midnight(day), one.begins_at), min(midnight(day + A_DAY), one.ends_at)
            if start < end:
                exact += rate * GIGA * int((end - start).total_seconds()) * each
        slack += each * (hashes.rate + 31 * 86_400)
    if hashes.rate:
        assert abs(expected_blocks(hashes.rate, hashes.spans) - exact) <= slack
    else:
        assert exact <= slack


# What is made of it.

LIKELY = month_hashes(JUNE, steady(200_000), [epoch(JUNE)])
COIN = floor(expected_coin(LIKELY.rate, LIKELY.spans))
KWH = 3500 * 720 // 10  # hundredths: 200 TH/s at 17.5 J/TH for 30 days


def codes(
    coin: int,
    *,
    metered: int = KWH,
    operators: Figures | NotComparable = ALONE,
    energy: int = KWH,
) -> set[str]:
    judged = judge_month(said(coin, energy), LIKELY, metered, operators)
    return {str(one.code) for one in judged.outliers}


def test_a_pools_miner_is_held_to_a_band_of_a_tenth() -> None:
    assert codes(COIN) == codes(COIN * 109 // 100) == codes(COIN * 91 // 100) == set()
    assert codes(COIN * 111 // 100) == {"mining.more-than-likely"}
    assert codes(COIN * 89 // 100) == {"mining.less-than-likely"}


def test_metered_energy_is_held_against_fifteen_to_forty_joules() -> None:
    """At 17.5 J/TH as metered; six sevenths of it are 15, sixteen sevenths 40."""
    for part, found in ((84, {"more"}), (87, set()), (228, set()), (230, {"less"})):
        expected = {f"mining.{one}-than-energy" for one in found}
        assert codes(COIN, metered=KWH * part // 100) == expected, part


def test_outside_a_pool_luck_is_allowed_for_and_energy_only_judged_where_it_evens_out() -> None:
    few = judge_month(said(REWARD, pooled=False), LIKELY, KWH, ALONE)
    assert [one.code for one in few.unjudged] == ["mining.blocks-too-few", "mining.not-comparable"]
    assert few.outliers == ()  # one block where a thousandth is expected: one chance in a thousand

    rate = 100_000_000_000  # GH/s: 100 EH/s
    many = month_hashes(JUNE, steady(rate), [epoch(JUNE)])
    blocks = floor(expected_blocks(many.rate, many.spans))
    assert blocks >= BLOCKS_FOR_ENERGY
    metered = rate * 175 * 720 // 100_000  # hundredths of a kWh at 17.5 J/TH
    fair = judge_month(said(blocks * REWARD, pooled=False), many, metered, ALONE)
    assert fair.outliers == ()
    assert [one.code for one in fair.unjudged] == ["mining.not-comparable"]
    short = judge_month(said(blocks * REWARD, pooled=False), many, metered // 2, ALONE)
    assert [one.code for one in short.outliers] == [Ground.MORE_THAN_ENERGY]


def test_the_miners_figures_and_the_operators_are_one_ground_with_both_details() -> None:
    assert codes(COIN, operators=Figures(COIN, KWH)) == set()
    judged = judge_month(said(COIN, KWH), LIKELY, KWH, Figures(COIN - 1, KWH * 2))

    (one,) = judged.outliers
    assert one.code == Ground.RETURNS_DIFFER
    coin, energy = one.detail.split("; ")
    assert "BTC, the operator" in coin
    assert "kWh, the operator" in energy
    assert judged.unjudged == ()


def test_what_is_not_known_is_named_and_the_rest_is_judged() -> None:
    unknown = DifficultyUnknown("nothing")
    judged = judge_month(said(1), unknown, NO_METER, Figures(2, 0))
    assert [one.code for one in judged.outliers] == [Ground.RETURNS_DIFFER]
    assert judged.unjudged == (unknown,)

    judged = judge_month(said(2 * COIN), LIKELY, NO_METER, ALONE)
    assert [one.code for one in judged.outliers] == [Ground.MORE_THAN_LIKELY]
    assert judged.unjudged == (NO_METER, ALONE)


def test_a_hash_rate_beyond_all_miners_is_told_and_stops_nothing() -> None:
    much = replace(LIKELY, rate=10**30)
    judged = judge_month(said(1, pooled=False), much, 0, ALONE)
    assert [one.code for one in judged.unjudged] == [
        "mining.mean-too-large",
        "mining.not-comparable",
    ]


# By when.

HOLIDAYS = [date(2026, 1, 1), date(2026, 5, 1)]
HOLIDAYS += [date(year, 5, 17) for year in range(2026, 2038)]
HOLIDAYS += [date(year, 12, day) for year in range(2026, 2038) for day in (21, 22, 25, 26)]
HOLIDAYS += [
    date(2027, 3, 22),
    date(2027, 3, 23),
    date(2028, 2, 21),
    date(2029, 8, 20),
    date(2029, 8, 21),
    date(2030, 3, 25),
]
HOLIDAYS += [date(2031, 4, 21), date(2032, 9, 20), date(2032, 9, 21), date(2032, 9, 22)]
RESTED = read_law(joined(SHIPPED, {"XA/": {"holidays": HOLIDAYS}}))
TEN_YEARS = [date(year, month, 1) for year in range(2026, 2036) for month in range(1, 13)]


def returns_of(law: Rulebook, form: str) -> Rule:
    (found,) = [one for one in law.returns(JUNE) if one.due and one.due.form == form]
    return found


def by_hand(month: date, day: int, hour: tuple[int, int, int]) -> datetime:
    """The same, without a calendar, a library of zones or a rule: Norland's clocks are Oslo's."""
    on = date(month.year + month.month // 12, month.month % 12 + 1, day)
    while on.isoweekday() > 5 or on in HOLIDAYS:
        on = date.fromordinal(on.toordinal() + 1)
    bounds = []
    for turn in (3, 10):  # the clocks are set on the last Sundays of March and October
        last = date(on.year, turn, 31)
        bounds.append(date.fromordinal(last.toordinal() - last.isoweekday() % 7))
    summer = bounds[0] <= on < bounds[1]
    local = datetime(on.year, on.month, on.day, *hour, tzinfo=UTC)
    return local - timedelta(hours=2 if summer else 1)


@pytest.mark.parametrize("month", TEN_YEARS, ids=str)
def test_the_deadline_of_every_month_of_ten_years(month: date) -> None:
    miner, operator = (returns_of(RESTED, f"{one}_return") for one in ("miner", "operator"))
    assert return_due_at(miner, month, RESTED) == by_hand(month, 20, (23, 59, 59))
    assert return_due_at(operator, month, RESTED) == by_hand(month, 25, (18, 0, 0))


def test_the_ten_years_are_hard_enough() -> None:
    """Many of the days are rolled, by weekends and by holidays, some by three days and more."""
    rolled = [
        (by_hand(month, 20, (12, 0, 0)).date() - month_after(month)).days - 19
        for month in TEN_YEARS
    ]
    assert sum(1 for one in rolled if one) > 30
    assert max(rolled) >= 4
    summers = {by_hand(month, 20, (23, 59, 59)).hour for month in TEN_YEARS}
    assert summers == {21, 22}
