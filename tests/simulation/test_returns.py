"""A year's miners from a seed: honest ones are hardly ever reviewed, gross cheats always.

Luck is drawn, not computed: blocks by Poisson's law, what a pool pays by a few per cent more or
less, what machines take by their make. What honest miners are reviewed for is compared with what
the bounds promise; and that the cheats are hard enough to find is shown by laxer bounds, under
which they are missed.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import exp, lgamma, log, sqrt
from random import Random

import numpy as np
import pytest
from tests.returned import REWARD, epoch

from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import days_of_month
from clearhouse.core.mining.month import Figures, NotComparable, judge_month, month_hashes
from clearhouse.core.mining.plausibility import TAIL, Ground, Span, expected_blocks, judge_coin
from clearhouse.core.mining.returns import MinerReturn

WHO = ParticipantId("5493001KJTIIGC8Y1R12")
JUNE = date(2026, 6, 1)
MONTHS = 5_000  # of honest miners, at each expectation
ALONE = NotComparable("no operator")
SEEDS = range(3)


def flagged(blocks: int, mean: Fraction, tail: Fraction = TAIL) -> bool:
    """Whether a month outside a pool is reviewed for so many blocks, where `mean` are expected."""
    rate = 10**6
    difficulty = Fraction(rate * 86_400) / (mean * 2**32)
    return bool(judge_coin(blocks * REWARD, rate, [Span(86_400, difficulty, REWARD)], tail))


def chance(blocks: int, mean: float) -> float:
    return exp(blocks * log(mean) - mean - lgamma(blocks + 1))


@pytest.mark.parametrize("mean", [1, 3, 10, 40, 150, 900])
def test_honest_miners_outside_pools_are_reviewed_as_often_as_the_bounds_promise(mean: int) -> None:
    """One or two months in a thousand; less where few blocks are expected, and never much less."""
    drawn = Counter(np.random.default_rng(17 + mean).poisson(mean, MONTHS).tolist())
    reviewed = sum(count for blocks, count in drawn.items() if flagged(blocks, Fraction(mean)))
    reach = range(max(0, round(mean - 12 * sqrt(mean))), round(mean + 12 * sqrt(mean)) + 12)
    promised = sum(chance(one, mean) for one in reach if flagged(one, Fraction(mean)))
    assert 0.0001 < promised <= 2 * TAIL
    assert abs(reviewed - MONTHS * promised) <= 4 * sqrt(MONTHS * promised) + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_gross_cheats_are_all_found_and_a_laxer_bound_would_miss_some(seed: int) -> None:
    """They declare half of what they found, or twice as much; 150 blocks are expected."""
    found = np.random.default_rng(seed).poisson(150, 400).tolist()
    declared = [blocks // 2 if place % 2 else blocks * 2 for place, blocks in enumerate(found)]
    mean, lax = Fraction(150), Fraction(1, 10**18)
    assert all(flagged(one, mean) for one in declared)
    missed = [one for one in declared if not flagged(one, mean, lax)]
    assert len(missed) > 100


# Whole months, in pools and out of them, with meters and operators.


@dataclass(frozen=True)
class Mined:
    """What somebody mined, and states of it."""

    rate: int  # GH/s
    said: MinerReturn
    metered: int
    operators: Figures | NotComparable
    cheats: frozenset[Ground]  # what it is to be found for


def honest(dice: Random, draw: Callable[[float], int]) -> Mined:
    """A miner of machines as they are, who states what it mined."""
    pooled = dice.random() < 0.7
    rate = dice.randrange(100_000, 50_000_000) if pooled else dice.randrange(6 * 10**10, 2 * 10**11)
    joules = dice.randrange(1650, 3600)  # hundredths: what most machines take
    hashes = month_hashes(JUNE, dict.fromkeys(days_of_month(JUNE), rate), [epoch(JUNE)])
    blocks = expected_blocks(hashes.rate, hashes.spans)
    # A pool pays by the hash, less its fee and what comes too late.
    coin = int(blocks * REWARD * dice.randrange(960, 1020) / 1000)
    if not pooled:
        coin = draw(float(blocks)) * REWARD
    energy = rate * joules * 30 * 24 // 10**6  # GH/s at hundredths of J/TH, in 0.01 kWh
    hosted = dice.random() < 0.5
    stated = Figures(coin, energy * dice.randrange(996, 1005) // 1000) if hosted else ALONE
    said = MinerReturn(WHO, JUNE, coin, energy, pooled, ("a",))
    return Mined(rate, said, energy, stated, frozenset())


def cheating(dice: Random, draw: Callable[[float], int]) -> Mined:
    """One who states half, twice as much, or mined with machines that it does not tell of."""
    one = honest(dice, draw)
    said, how = one.said, dice.choice(["half", "twice", "hidden"])
    coin = {"half": said.coin // 2, "twice": said.coin * 2, "hidden": said.coin}[how]
    stated = MinerReturn(WHO, JUNE, coin, said.energy, said.pooled, ("a",))
    if how == "hidden":  # half of its machines are not recorded
        return Mined(
            one.rate // 2, stated, one.metered, one.operators, _of(Ground.MORE_THAN_LIKELY)
        )
    found = Ground.LESS_THAN_LIKELY if how == "half" else Ground.MORE_THAN_LIKELY
    differs = _of(Ground.RETURNS_DIFFER) if isinstance(one.operators, Figures) else _of()
    return Mined(one.rate, stated, one.metered, one.operators, _of(found) | differs)


def _of(*several: Ground) -> frozenset[Ground]:
    return frozenset(several)


def judged(one: Mined) -> set[Ground]:
    hashes = month_hashes(JUNE, dict.fromkeys(days_of_month(JUNE), one.rate), [epoch(JUNE)])
    return {
        each.code for each in judge_month(one.said, hashes, one.metered, one.operators).outliers
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_of_planted_months_the_cheats_are_reviewed_and_hardly_anybody_else(seed: int) -> None:
    dice, numbers = Random(seed), np.random.default_rng(seed)

    def draw(mean: float) -> int:
        return int(numbers.poisson(mean))

    fair = [honest(dice, draw) for _ in range(1_000)]
    gross = [cheating(dice, draw) for _ in range(150)]
    wrongly = [one for one in fair if judged(one)]
    assert len(wrongly) <= 5  # some 300 outside pools, at two in a thousand each
    for one in gross:
        assert one.cheats <= judged(one), one
    assert len({one.cheats for one in gross}) >= 4  # they cheat in each of these ways
