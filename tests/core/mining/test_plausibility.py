"""Plausible months: expectations by hand, luck and bands at their edges, energy, two returns."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.mining.plausibility import (
    FigureWrong,
    Ground,
    Outlier,
    Span,
    SpanWrong,
    compare,
    expected_blocks,
    expected_coin,
    judge_coin,
    judge_energy,
)
from clearhouse.core.mining.poisson import MEAN_MAX, MeanTooLarge

DAY = 86_400
BTC = 10**8
BLOCK = 3 * BTC
ONE = Span(1000, Fraction(1), BLOCK)  # a thousand seconds in which 2^32 H/s find 1000 blocks
A_BLOCK_A_SECOND = 2**32

spans = st.lists(
    st.builds(
        Span,
        st.integers(0, 31 * DAY),
        st.fractions(min_value=Fraction(1, 1000), max_value=10**14, max_denominator=1000),
        st.integers(1, 10 * BTC),
    ),
    min_size=1,
    max_size=4,
)


def grounds(found: list[Outlier]) -> list[Ground]:
    return [one.code for one in found]


def month(blocks: int) -> list[Span]:
    """A month in which 2^32 H/s are expected to find so many blocks of 3 BTC."""
    return [Span(blocks, Fraction(1), BLOCK)]


# Expectations.


def test_a_month_by_hand() -> None:
    """A petahash at a difficulty of 10^14, and after two weeks at 1.25 x 10^14.

    14 days: 10^15 x 1,209,600 / (10^14 x 4,294,967,296) = 12,096,000 / 4,294,967,296 blocks.
    16 days: 10^15 x 1,382,400 / (1.25 x 10^14 x 4,294,967,296) = 11,059,200 / 4,294,967,296.
    Coin at 3.2 and 3.1 BTC: (38,707,200 + 34,283,520) / 4,294,967,296 = .01699448... BTC.
    """
    fortnight = Span(14 * DAY, Fraction(10**14), 320_000_000)
    rest = Span(16 * DAY, Fraction(125 * 10**12), 310_000_000)

    assert expected_blocks(10**15, [fortnight, rest]) == Fraction(23_155_200, 2**32)
    coin = expected_coin(10**15, [fortnight, rest])
    assert coin == Fraction(12_096_000 * 320_000_000 + 11_059_200 * 310_000_000, 2**32)
    assert round(coin) == 1_699_448


def test_a_day_by_the_formula() -> None:
    """H x 86400 / (D x 2^32) x (subsidy + fees)."""
    day = Span(DAY, Fraction(90_000_000_000_000), 312_500_000 + 12_500_000)

    expected = Fraction(10**14 * DAY * 325_000_000, 90_000_000_000_000 * 2**32)
    assert expected_coin(10**14, [day]) == expected


@given(st.integers(0, 10**21), spans)
def test_a_span_cut_in_two_brings_the_same(hash_rate: int, whole: list[Span]) -> None:
    cut = [
        Span(seconds, one.difficulty, one.reward)
        for one in whole
        for seconds in (one.seconds // 3, one.seconds - one.seconds // 3)
    ]

    assert expected_blocks(hash_rate, cut) == expected_blocks(hash_rate, whole)
    assert expected_coin(hash_rate, cut) == expected_coin(hash_rate, whole)


def test_where_nothing_runs_nothing_is_expected() -> None:
    assert expected_coin(0, [ONE]) == 0
    assert expected_blocks(10**15, [Span(0, Fraction(1), BLOCK)]) == 0
    assert expected_blocks(10**15, []) == 0


# Coin and luck.


@pytest.mark.parametrize(
    ("expected", "declared", "found"),
    [
        (1, 0, []),
        (1, 6 * BLOCK - 1, []),
        (1, 6 * BLOCK, [Ground.MORE_THAN_LIKELY]),
        (10, 22 * BLOCK - 1, []),
        (10, 22 * BLOCK, [Ground.MORE_THAN_LIKELY]),
        (10, BLOCK + 1, []),
        (10, BLOCK, [Ground.LESS_THAN_LIKELY]),
        (100, 133 * BLOCK, [Ground.MORE_THAN_LIKELY]),
        (100, 133 * BLOCK - 1, []),
        (100, 70 * BLOCK + 1, []),
        (100, 70 * BLOCK, [Ground.LESS_THAN_LIKELY]),
        (100, 0, [Ground.LESS_THAN_LIKELY]),
    ],
)
def test_luck_explains_coin_up_to_its_bounds(
    expected: int, declared: int, found: list[Ground]
) -> None:
    assert grounds(judge_coin(declared, A_BLOCK_A_SECOND, month(expected))) == found


def test_the_level_is_the_callers() -> None:
    """P(X >= 5) is .0037 at a mean of 1."""
    assert not judge_coin(5 * BLOCK, A_BLOCK_A_SECOND, month(1))
    assert judge_coin(5 * BLOCK, A_BLOCK_A_SECOND, month(1), Fraction(1, 100))


def test_an_outlier_says_what_was_compared() -> None:
    (outlier,) = judge_coin(21 * BTC, A_BLOCK_A_SECOND, month(1))

    assert outlier.detail == (
        "21.00000000 BTC declared, or 7.000 blocks; 1.000 are expected of 4,294,967,296 H/s,"
        " and 6 or more have a chance of at most 1/1000"
    )
    (outlier,) = judge_coin(0, A_BLOCK_A_SECOND, month(10))
    assert outlier.detail.endswith("and 1 or fewer have a chance of at most 1/1000")


@pytest.mark.parametrize(
    ("hash_rate", "ran"), [(0, [ONE]), (10**15, [Span(0, Fraction(1), BLOCK)])]
)
def test_where_nothing_is_expected_one_satoshi_is_too_much(hash_rate: int, ran: list[Span]) -> None:
    assert grounds(judge_coin(1, hash_rate, ran)) == [Ground.MORE_THAN_LIKELY]
    assert grounds(judge_coin(1, hash_rate, ran, pooled=True)) == [Ground.MORE_THAN_LIKELY]
    assert not judge_coin(0, hash_rate, ran)
    assert not judge_coin(0, hash_rate, ran, pooled=True)


def test_blocks_are_reckoned_by_the_mean_reward_of_what_is_expected() -> None:
    """Two blocks of 4 BTC and one of 1 BTC (at twice the difficulty) are expected: 3 BTC each."""
    ran = [Span(2, Fraction(1), 4 * BTC), Span(2, Fraction(2), BTC)]

    assert expected_blocks(A_BLOCK_A_SECOND, ran) == 3
    assert expected_coin(A_BLOCK_A_SECOND, ran) == 9 * BTC
    (outlier,) = judge_coin(45 * BTC, A_BLOCK_A_SECOND, ran)
    assert "or 15.000 blocks; 3.000 are expected" in outlier.detail


@pytest.mark.parametrize(
    ("declared", "band", "found"),
    [
        (330 * BTC, 100, []),
        (330 * BTC + 1, 100, [Ground.MORE_THAN_LIKELY]),
        (270 * BTC, 100, []),
        (270 * BTC - 1, 100, [Ground.LESS_THAN_LIKELY]),
        (300 * BTC, 0, []),
        (300 * BTC + 1, 0, [Ground.MORE_THAN_LIKELY]),
        (300 * BTC - 1, 0, [Ground.LESS_THAN_LIKELY]),
        (0, 1000, []),
        (0, 2000, []),
    ],
)
def test_a_pools_miner_is_held_to_a_band(declared: int, band: int, found: list[Ground]) -> None:
    judged = judge_coin(declared, A_BLOCK_A_SECOND, month(100), pooled=True, band_per_mille=band)
    assert grounds(judged) == found


def test_the_usual_band_is_a_tenth() -> None:
    (outlier,) = judge_coin(400 * BTC, A_BLOCK_A_SECOND, month(100), pooled=True)

    assert outlier.detail == (
        "400.00000000 BTC declared; 300.00000000 BTC are expected of a pool's miner,"
        " 100 per mille more or less"
    )


@given(st.integers(0, 10**15), spans)
def test_the_expectation_itself_is_never_an_outlier(hash_rate: int, ran: list[Span]) -> None:
    coin = round(expected_coin(hash_rate, ran))
    if expected_blocks(hash_rate, ran) <= MEAN_MAX:
        assert not judge_coin(coin, hash_rate, ran) or coin == 0
    if coin > 10:  # a satoshi's rounding is within the band
        assert not judge_coin(coin, hash_rate, ran, pooled=True)


# Energy.

# 10^18 hashes a block, at a difficulty of 10^18 / 2^32. At 15 J/TH a block takes 15 MJ: 4.1666 kWh;
# at 40 J/TH, 40 MJ: 11.1111 kWh. Ninety take 375.00 and 1000.00 kWh.
HEAVY = [Span(DAY, Fraction(10**18, 2**32), BLOCK)]


@pytest.mark.parametrize(
    ("metered", "found"),
    [
        (0, [Ground.MORE_THAN_ENERGY]),
        (37_499, [Ground.MORE_THAN_ENERGY]),
        (37_500, []),
        (60_000, []),
        (100_000, []),
        (100_001, [Ground.LESS_THAN_ENERGY]),
    ],
)
def test_coin_takes_energy(metered: int, found: list[Ground]) -> None:
    assert grounds(judge_energy(metered, 90 * BLOCK, HEAVY)) == found


def test_an_outlier_of_energy_says_what_is_implied() -> None:
    (outlier,) = judge_energy(25_000, 90 * BLOCK, HEAVY)

    assert outlier.detail == (
        "250.00 kWh metered and 270.00000000 BTC declared imply 10.00 J/TH;"
        " at 15 to 40 J/TH it takes 375.00 kWh to 1,000.00 kWh"
    )


def test_the_machines_that_there_are_move_the_bounds() -> None:
    assert not judge_energy(25_000, 90 * BLOCK, HEAVY, low=10)
    assert grounds(judge_energy(100_000, 90 * BLOCK, HEAVY, 15, 39)) == [Ground.LESS_THAN_ENERGY]


def test_energy_without_coin_is_an_outlier_and_nothing_without_anything_is_not() -> None:
    (outlier,) = judge_energy(1, 0, HEAVY)

    assert outlier.code is Ground.LESS_THAN_ENERGY
    assert "imply no hashes at all" in outlier.detail
    assert not judge_energy(0, 0, HEAVY)


def test_where_nothing_ran_spans_count_alike() -> None:
    """Coin without hours is judged by the month's difficulty all the same."""
    stopped = [Span(0, one.difficulty, one.reward) for one in HEAVY * 2]

    assert judge_energy(37_499, 90 * BLOCK, stopped) == judge_energy(37_499, 90 * BLOCK, HEAVY)
    assert not judge_energy(37_500, 90 * BLOCK, stopped)


@given(st.integers(10**14, 10**18), st.integers(16, 39), spans)
def test_an_honest_machine_uses_what_it_uses(hash_rate: int, j_th: int, ran: list[Span]) -> None:
    """Where coin is as expected, energy is hash rate times time times what a machine takes."""
    coin = round(expected_coin(hash_rate, ran))
    seconds = sum(one.seconds for one in ran)
    used = hash_rate * seconds * j_th * 100 // (10**12 * 3_600_000)

    if coin > 1000 and used > 1000:  # roundings are then a thousandth, and 1 J/TH is more
        assert not judge_energy(used, coin, ran)


# Two returns.


@pytest.mark.parametrize(
    ("miner", "operator", "found"),
    [
        ((BTC, 100_000), (BTC, 100_000), 0),
        ((BTC, 101_000), (BTC, 100_000), 0),
        ((BTC, 99_000), (BTC, 100_000), 0),
        ((BTC, 101_001), (BTC, 100_000), 1),
        ((BTC, 98_999), (BTC, 100_000), 1),
        ((BTC + 1, 100_000), (BTC, 100_000), 1),
        ((BTC - 1, 0), (BTC, 100_000), 2),
        ((0, 1), (0, 0), 1),
        ((0, 0), (0, 0), 0),
    ],
)
def test_returns_agree_on_coin_exactly_and_on_energy_nearly(
    miner: tuple[int, int], operator: tuple[int, int], found: int
) -> None:
    outliers = compare(miner[0], operator[0], miner[1], operator[1])
    assert grounds(outliers) == [Ground.RETURNS_DIFFER] * found


def test_the_tolerance_is_the_callers_and_both_figures_are_said() -> None:
    coin, energy = compare(1, 2, 100_001, 100_000, energy_per_mille=0)

    assert coin.detail == "the miner states 0.00000001 BTC, the operator 0.00000002 BTC"
    assert energy.detail == (
        "the miner states 1,000.01 kWh, the operator 1,000.00 kWh: more than 0 per mille apart"
    )


# What is refused.


@pytest.mark.parametrize(
    ("seconds", "difficulty", "reward"), [(-1, 1, 1), (0, 0, 1), (0, -1, 1), (0, 1, 0)]
)
def test_a_span_has_time_difficulty_and_reward(seconds: int, difficulty: int, reward: int) -> None:
    with pytest.raises(SpanWrong):
        Span(seconds, Fraction(difficulty), reward)


def test_a_month_has_a_span() -> None:
    with pytest.raises(SpanWrong):
        judge_coin(1, 1, [])
    with pytest.raises(SpanWrong):
        judge_coin(1, 1, [], pooled=True)
    with pytest.raises(SpanWrong):
        judge_energy(1, 1, [])


def test_no_figure_is_below_zero() -> None:
    for refused in (
        lambda: expected_blocks(-1, [ONE]),
        lambda: expected_coin(-1, [ONE]),
        lambda: judge_coin(-1, 1, [ONE]),
        lambda: judge_coin(1, -1, []),
        lambda: judge_energy(-1, 1, []),
        lambda: judge_energy(1, -1, [ONE]),
        lambda: compare(-1, 0, 0, 0),
        lambda: compare(0, -1, 0, 0),
        lambda: compare(0, 0, -1, 0),
        lambda: compare(0, 0, 0, -1),
    ):
        with pytest.raises(FigureWrong):
            refused()


def test_a_hash_rate_beyond_the_world_is_refused_and_not_reckoned_with() -> None:
    with pytest.raises(MeanTooLarge):
        judge_coin(1, 10**30, [ONE])


def test_codes_have_their_form() -> None:
    assert {str(one) for one in Ground} == {
        "mining.more-than-likely",
        "mining.less-than-likely",
        "mining.more-than-energy",
        "mining.less-than-energy",
        "mining.returns-differ",
    }
