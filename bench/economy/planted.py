"""What monitoring should find: some of each family, from hardly more than usual to far more."""

from collections.abc import Callable, Mapping

import numpy as np

from bench.economy.drawing import COIN, DAY, HIGH_RISK, PLACES, START, THRESHOLD, Drawing
from clearhouse.core.monitoring.payments import UNKNOWN


def _structuring(drawing: Drawing, label: int, first: float) -> None:
    """A sum in parts below the threshold, by linked firms, over days."""
    dice = drawing.dice
    firms = drawing.some(int(dice.integers(1, 5)))
    drawing.group[firms] = firms[0]
    payees = drawing.some(int(dice.integers(1, 4)))
    count = int(dice.integers(4, 13))
    day = first + np.sort(dice.uniform(0, dice.uniform(1, 9), count))
    values = THRESHOLD * dice.uniform(dice.choice([0.7, 0.85, 0.95]), 0.999, count)
    drawing.add(day, dice.choice(firms, count), dice.choice(payees, count), values, label=label)


def _velocity(drawing: Drawing, label: int, first: float) -> None:
    """Many payments more than usual within days; by half of them after a long rest."""
    dice = drawing.dice
    (payer,) = drawing.some(1)
    if dice.random() < 0.5:
        for table in drawing.rows:  # it rests
            idle = (table[1] == payer) & (table[0] > START + (first - 75) * DAY)
            table[1][idle & (table[0] < START + (first + 5) * DAY)] = drawing.firms - 1
    count = int(dice.integers(8, 30))
    day = first + np.sort(dice.uniform(0, dice.uniform(0.5, 2.5), count))
    values = dice.lognormal(np.log(4000_00), 0.8, count) * drawing.size[payer]
    drawing.add(day, payer, dice.choice(drawing.some(6), count), values, label=label)


def _pass_through(drawing: Drawing, label: int, first: float) -> None:
    """A small firm takes in from many, and nearly all of it goes out in a day or two."""
    dice = drawing.dice
    (mule,) = drawing.some(1)
    payers = drawing.some(int(dice.integers(5, 20)))
    day = first + np.sort(dice.uniform(0, dice.uniform(1, 4), len(payers)))
    values = dice.lognormal(np.log(6000_00), 0.5, len(payers)).astype(np.int64)
    drawing.add(day, payers, mule, values, label=label)
    parts = int(dice.integers(1, 4))
    out = int(values.sum() * dice.uniform(0.85, 0.99)) // parts
    later = float(day[-1]) + np.sort(dice.uniform(0.1, 1.5, parts))
    drawing.add(later, mule, drawing.some(parts), out, label=label)


def _round_trip(drawing: Drawing, label: int, first: float) -> None:
    """The same value in a circle of two to five firms, several times."""
    dice = drawing.dice
    ring = drawing.some(int(dice.integers(2, 6)))
    day, value = first, float(dice.lognormal(np.log(25_000_00), 0.6))
    for _ in range(int(dice.integers(2, 6))):
        for payer, payee in zip(ring, np.roll(ring, -1), strict=True):
            day += float(dice.uniform(0.1, 1.2))
            value *= float(dice.uniform(0.97, 1.0))
            drawing.add(day, payer, payee, value, label=label)


def _sums(drawing: Drawing, label: int, first: float) -> None:
    """Round sums again and again, or one sum to one payee again and again."""
    dice = drawing.dice
    payer, payee, *others = drawing.some(6)
    count = int(dice.integers(4, 11))
    day = first + np.sort(dice.uniform(0, dice.uniform(1.5, 6), count))
    kind = dice.random()
    if kind < 0.4:
        values = dice.integers(2, 12, count) * 5000_00
        payees = dice.choice([payee, *others], count)
        drawing.is_foreign[[payee, *others]] = False
        drawing.add(day, payer, payees, values, label=label)
    elif kind < 0.6:
        coins = dice.integers(2, 12, count) * 10_000_000
        worth = coins * COIN // 10**8 * dice.uniform(0.9, 1.1, count)
        drawing.add(day, payer, payee, worth, label=label, coins=coins)
    else:
        value = int(dice.lognormal(np.log(7000_00), 0.5))
        drawing.is_foreign[payee] = False
        drawing.add(day, payer, payee, value, label=label)


def _exposure(drawing: Drawing, label: int, first: float) -> None:
    """Value from flagged sources: much at once, or thinly spread."""
    dice = drawing.dice
    payer, *payees = drawing.some(4)
    count = int(dice.integers(2, 9))
    day = first + np.sort(dice.uniform(0, 6, count))
    middle = dice.choice([60, 150, 400, 800])
    part = np.clip(dice.normal(middle, middle / 4, count), 5, 1000).astype(np.int64)
    part[dice.random(count) < 0.2] = UNKNOWN
    values = dice.lognormal(np.log(8000_00), 0.7, count)
    drawing.add(day, payer, dice.choice(payees, count), values, label=label, exposure=part)


def _party(drawing: Drawing, label: int, first: float) -> None:
    """A large payment where much is odd about who pays or is paid."""
    dice = drawing.dice
    payer, payee = drawing.some(2)
    odd = dice.random(4) < 0.7
    odd[dice.choice(4, 2, replace=False)] = True  # two of four at least
    if odd[0]:
        drawing.since[payee] = int(first) - int(dice.integers(1, 35))
        drawing.begin[payee] = drawing.since[payee]
        for table in drawing.rows:  # it was not there before
            early = table[0] < START + int(drawing.since[payee]) * DAY
            table[1][early & (table[1] == payee)] = drawing.firms - 1
            table[2][early & (table[2] == payee)] = drawing.firms - 2
    if odd[1]:
        drawing.rating[payee] = 2
    values = dice.lognormal(np.log(60_000_00), 0.5, 2) * drawing.size[payer]
    day = first + np.sort(dice.uniform(0, 3, 2))
    drawing.add(day, payer, payee, values, label=label, third_party=odd[2], late_change=odd[3])


def _geography(drawing: Drawing, label: int, first: float) -> None:
    """A firm that pays to countries that it never paid to, of high risk among them."""
    dice = drawing.dice
    (payer,) = drawing.some(1)
    payees = []
    for place in dice.permutation(len(PLACES))[: int(dice.integers(3, 6))]:
        there = np.flatnonzero((drawing.place == place) & (drawing.since < 0))
        payees.append(int(dice.choice(there)))
    risky = np.flatnonzero((drawing.place >= HIGH_RISK) & (drawing.since < 0))
    payees += dice.choice(risky, 2).tolist()
    count = len(payees) + int(dice.integers(0, 3))
    day = first + np.sort(dice.uniform(0, 10, count))
    values = dice.lognormal(np.log(9000_00), 0.6, count) * drawing.size[payer]
    chosen = np.concatenate([payees, dice.choice(payees, count - len(payees))])
    drawing.add(day, payer, chosen, values, label=label)


PLANTED: Mapping[str, Callable[[Drawing, int, float], None]] = {
    "exposure": _exposure,
    "geography": _geography,
    "party": _party,
    "pass-through": _pass_through,
    "round-trip": _round_trip,
    "structuring": _structuring,
    "sums": _sums,
    "velocity": _velocity,
}
