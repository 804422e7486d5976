"""Ordinary trade, and what is planted in it."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.economy.alike import LIKE_CRIME
from bench.economy.drawing import (
    DAY,
    HIGH_RISK,
    START,
    THRESHOLD,
    Drawing,
    Economy,
    Int64s,
    finished,
)
from bench.economy.planted import PLANTED


def drawn(
    seed: int, size: int, *, firms: int = 4000, days: int = 182, planted: int = 25
) -> Economy:
    """Draw an economy.

    Args:
        size: About how many payments.
        planted: Scenarios of each family.
    """
    drawing = Drawing(np.random.default_rng(seed), days, firms)
    _trade(drawing, size)
    for family, plant in PLANTED.items():
        for _ in range(planted):
            first = float(drawing.dice.uniform(days * 0.55, days - 16))
            plant(drawing, drawing.new_scenario(family), first)
    return finished(drawing)


def _trade(drawing: Drawing, size: int) -> None:
    """Ordinary trade: two thirds between regulars, the rest of other kinds."""
    done = 0
    for part in (_standing, _payrolls, _resting, *LIKE_CRIME):
        part(drawing)
    done = sum(table.shape[1] for table in drawing.rows)
    _markets(drawing, size // 12)
    left = max(size - done - size // 12, size // 2)
    _regulars(drawing, left * 4 // 5)
    _occasional(drawing, left // 5)
    _refunds(drawing)


def _hours(dice: Generator, day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Most pay in working hours, few at weekends."""
    whole = np.floor(day)
    weekend = (whole.astype(np.int64) + 3) % 7 >= 5
    whole = np.where(weekend & (dice.random(len(day)) < 0.85), whole + 2, whole)
    return np.asarray(whole + np.clip(dice.normal(0.55, 0.12, len(day)), 0.01, 0.99))


def _by_size(drawing: Drawing, count: int) -> Int64s:
    up_to = np.cumsum(drawing.size / drawing.size.sum())
    draws = np.searchsorted(up_to, drawing.dice.random(count))
    return np.minimum(draws, drawing.firms - 1)


def _regulars(drawing: Drawing, count: int) -> None:
    """Pairs that trade again and again, with a season of their own."""
    dice, days = drawing.dice, drawing.days
    pairs = max(1, count // 14)
    payer, payee = _by_size(drawing, pairs), _by_size(drawing, pairs)
    far = (drawing.place[payee] >= HIGH_RISK) & (dice.random(pairs) < 0.7)
    kept = (payer != payee) & ~far
    payer, payee = payer[kept], payee[kept]
    often = np.maximum(1, dice.gamma(1.3, 14 / 1.3, len(payer))).astype(np.int64)
    middle = drawing.amounts(payer, payee)
    season, depth = dice.uniform(0, 1, len(payer)), dice.choice([0.2, 0.6, 3.0], len(payer))
    peak = np.repeat(season * days, often)
    pair = np.repeat(np.arange(len(payer)), often)
    day = dice.uniform(0, days, len(pair))
    # Some of what a season draws falls near its peak.
    pulled = dice.random(len(pair)) < np.repeat(depth / (depth + 4), often)
    day = np.where(pulled, np.clip(peak + dice.normal(0, 12, len(pair)), 0, days - 1), day)
    value = middle[pair] * dice.lognormal(0, 0.25, len(pair)) * 100
    begun = day >= np.maximum(drawing.begin[payer[pair]], drawing.begin[payee[pair]])
    day, pair, value = _hours(dice, day[begun]), pair[begun], value[begun]
    drawing.add(day, payer[pair], payee[pair], np.maximum(value, 100))


def _occasional(drawing: Drawing, count: int) -> None:
    """Whoever, once; one in eight is a round sum, one in fifteen just below the threshold."""
    dice = drawing.dice
    payer, payee = _by_size(drawing, count), _by_size(drawing, count)
    day = dice.uniform(0, drawing.days, count)
    far = (drawing.place[payee] >= HIGH_RISK) & (dice.random(count) < 0.7)
    kept = (payer != payee) & ~far
    kept &= day >= np.maximum(drawing.begin[payer], drawing.begin[payee])
    payer, payee, day = payer[kept], payee[kept], day[kept]
    value = np.maximum(drawing.amounts(payer, payee, 1500) * 100, 100).astype(np.int64)
    kind = dice.random(len(value))
    value = np.where(kind < 0.12, np.maximum(value // 1000_00, 1) * 1000_00, value)
    below = (THRESHOLD * dice.uniform(0.8, 0.999, len(value))).astype(np.int64)
    value = np.where(kind > 0.935, below, value)
    drawing.add(_hours(dice, day), payer, payee, value)


def _standing(drawing: Drawing) -> None:
    """Rents and subscriptions: the same round sum to the same payee each month."""
    dice = drawing.dice
    payers = dice.choice(drawing.firms, drawing.firms // 3, replace=False)
    payees = dice.choice(drawing.some(drawing.firms // 40, small=False), len(payers))
    sums = dice.choice([500, 900, 1500, 2500, 5000, 9500], len(payers)) * 100
    for month in range(drawing.days // 30):
        day = month * 30.0 + dice.uniform(0, 4, len(payers))
        there = (day >= drawing.begin[payers]) & (payers != payees)
        drawing.add(_hours(dice, day[there]), payers[there], payees[there], sums[there])


def _payrolls(drawing: Drawing) -> None:
    """One payer, many payees, few different sums, each month."""
    dice = drawing.dice
    for payer in drawing.some(drawing.firms // 60, small=False):
        payees = dice.choice(drawing.firms, int(dice.integers(10, 40)), replace=False)
        payees = payees[payees != payer]
        sums = dice.choice([1800, 2400, 3100, 4200], len(payees)) * 100
        for month in range(drawing.days // 30):
            drawing.add(month * 30.0 + 27.5, payer, payees, sums, third_party=False)


def _resting(drawing: Drawing) -> None:
    """Firms that trade for some weeks of the year, and then as they always did."""
    dice = drawing.dice
    for payer in drawing.some(drawing.firms // 60):
        payees = drawing.some(3)
        for begin in (dice.uniform(0, 15), dice.uniform(drawing.days - 60, drawing.days - 25)):
            count = int(dice.integers(4, 9))
            day = np.sort(begin + dice.uniform(0, 20, count))
            values = dice.lognormal(np.log(2500_00), 0.5, count)
            drawing.add(_hours(dice, day), payer, dice.choice(payees, count), values)


def _markets(drawing: Drawing, count: int) -> None:
    """Marketplaces: from many, new ones among them every day, and out again within days."""
    dice, days = drawing.dice, drawing.days
    markets = drawing.some(6, small=False)
    drawing.size[markets] = 40
    market = dice.choice(markets, count // 2)
    day = dice.uniform(0, days - 4, len(market))
    payer = _by_size(drawing, len(market))
    value = np.maximum(dice.lognormal(np.log(300_00), 0.9, len(market)), 100).astype(np.int64)
    kept = (payer != market) & (day >= drawing.begin[payer])
    drawing.add(day[kept], payer[kept], market[kept], value[kept])
    seller = _by_size(drawing, len(market))
    later = day + dice.uniform(0.5, 3, len(market))
    kept &= (seller != market) & (later >= drawing.begin[seller])
    drawing.add(later[kept], market[kept], seller[kept], value[kept] * 95 // 100)


def _refunds(drawing: Drawing) -> None:
    """One in 150 payments goes back, whole or nearly so."""
    dice = drawing.dice
    at, payer, payee, value, *_ = np.concatenate(drawing.rows, axis=1)
    back = np.flatnonzero(dice.random(len(at)) < 1 / 150)
    day = (at[back] - START) / DAY + dice.uniform(0.5, 10, len(back))
    back, day = back[day < drawing.days], day[day < drawing.days]
    part = dice.choice([1.0, 0.99, 0.9, 0.5], len(back))
    drawing.add(day, payee[back], payer[back], value[back] * part)
