"""Honest trade that looks like what is planted: what a careless rule takes for crime."""

from collections.abc import Callable, Sequence

import numpy as np

from bench.economy.drawing import HIGH_RISK, THRESHOLD, Drawing


def _count(drawing: Drawing, share: int) -> int:
    return max(1, drawing.firms // share)


def _resellers(drawing: Drawing) -> None:
    """They sell first and buy then: most of what came in goes out within days, less a margin."""
    dice = drawing.dice
    for reseller in drawing.some(_count(drawing, 100), small=False):
        suppliers, buyers = drawing.some(2), drawing.some(8)
        margin, middle = dice.uniform(0.03, 0.15), dice.lognormal(np.log(4000_00), 0.5)
        for first in np.sort(dice.uniform(0, drawing.days - 8, int(dice.integers(8, 30)))):
            count = int(dice.integers(1, 4))
            values = dice.lognormal(np.log(middle), 0.4, count)
            day = first + np.sort(dice.uniform(0, 2, count))
            drawing.add(day, dice.choice(buyers, count), reseller, values)
            later, spent = day[-1] + dice.uniform(0.2, 3), values.sum() * (1 - margin)
            drawing.add(later, reseller, dice.choice(suppliers), spent)


def _treasuries(drawing: Drawing) -> None:
    """Groups sweep what they have to one firm, which pays for all and hands some back."""
    dice = drawing.dice
    for treasury in drawing.some(_count(drawing, 200), small=False):
        firms, payees = drawing.some(int(dice.integers(3, 7))), drawing.some(6)
        drawing.group[[treasury, *firms]] = treasury
        for week in range(drawing.days // 7 - 1):
            values = dice.lognormal(np.log(8000_00), 0.5, len(firms))
            drawing.add(week * 7 + 4.6, firms, treasury, values)
            drawing.add(week * 7 + 7.4, treasury, dice.choice(firms), values.sum() * 0.4)
            out = dice.choice(payees, 3, replace=False)
            drawing.add(week * 7 + 5.5, treasury, out, values.sum() * dice.uniform(0.1, 0.2, 3))


def _mutual(drawing: Drawing) -> None:
    """Firms that buy from each other, for sums that are sometimes much alike."""
    dice = drawing.dice
    for _ in range(_count(drawing, 50)):
        one, other = drawing.some(2)
        middle, count = dice.lognormal(np.log(5000_00), 0.6), int(dice.integers(6, 20))
        day = dice.uniform(0, drawing.days - 1, (2, count))
        values = middle * dice.lognormal(0, 0.2, (2, count))
        drawing.add(day[0], one, other, values[0])
        drawing.add(day[1], other, one, values[1])


def _instalments(drawing: Drawing) -> None:
    """One sum to one payee every week, or every third day, for some months; few every day."""
    dice = drawing.dice
    for payer in drawing.some(_count(drawing, 60)):
        step = float(dice.choice([1, 3, 7], p=[0.08, 0.5, 0.42]))
        count = int(dice.integers(6, 16))
        first = dice.uniform(0, max(drawing.days - step * count, 1))
        value = int(dice.lognormal(np.log(4000_00), 0.6))
        value = value // 500_00 * 500_00 if dice.random() < 0.4 else value
        drawing.add(first + step * np.arange(count), payer, drawing.some(1)[0], max(value, 500_00))


def _dealers(drawing: Drawing) -> None:
    """What they trade in costs nearly as much as the threshold, some days more, some days less."""
    dice = drawing.dice
    for dealer in drawing.some(_count(drawing, 150), small=False):
        count = int(dice.integers(20, 60))
        values = THRESHOLD * dice.lognormal(np.log(0.85), 0.25, count)
        day = dice.uniform(0, drawing.days - 1, count)
        drawing.add(day, dealer, dice.choice(drawing.some(9), count), values)


def _fairs(drawing: Drawing) -> None:
    """Once or twice many who never paid somebody do so within days; a third of it goes on."""
    dice = drawing.dice
    for host in drawing.some(_count(drawing, 200)):
        for first in dice.uniform(20, drawing.days - 30, int(dice.integers(1, 3))):
            guests = drawing.some(int(dice.integers(8, 25)))
            values = dice.lognormal(np.log(1500_00), 0.4, len(guests))
            drawing.add(first + np.sort(dice.uniform(0, 5, len(guests))), guests, host, values)
            drawing.add(first + dice.uniform(7, 20), host, drawing.some(1)[0], values.sum() / 3)


def _seasons(drawing: Drawing) -> None:
    """Shippers: nothing for two months, then a fortnight of much, to partners of old and new."""
    dice = drawing.dice
    for shipper in drawing.some(_count(drawing, 100)):
        payees = drawing.some(7)
        for begin in (dice.uniform(0, 20), dice.uniform(drawing.days - 75, drawing.days - 20)):
            count = int(dice.integers(8, 22))
            day = np.sort(begin + dice.uniform(0, 14, count))
            values = dice.lognormal(np.log(4000_00), 0.6, count)
            drawing.add(day, shipper, dice.choice(payees, count), values)


def _far_traders(drawing: Drawing) -> None:
    """They have always dealt with places of high risk, and now and then with one more."""
    dice = drawing.dice
    there = np.flatnonzero((drawing.place >= HIGH_RISK) & (drawing.since < 0))
    for trader in drawing.some(_count(drawing, 150), small=False):
        payees, count = dice.choice(there, 3), int(dice.integers(10, 30))
        day = dice.uniform(0, drawing.days - 1, count)
        values = dice.lognormal(np.log(5000_00), 0.6, count)
        drawing.add(day, trader, dice.choice(payees, count), values)


def _dusted(drawing: Drawing) -> None:
    """Some of what they are paid with was tainted long ago: a little often, or much of a trifle."""
    dice = drawing.dice
    for firm in drawing.some(_count(drawing, 80), small=False):
        count = int(dice.integers(8, 30))
        day = dice.uniform(0, drawing.days - 1, count)
        values = dice.lognormal(np.log(3000_00), 0.7, count)
        part = np.clip(dice.gamma(1.2, 18, count), 0, 110).astype(np.int64)
        trifle = dice.random(count) < 0.35
        values, part = (
            np.where(trifle, values / 40, values),
            np.where(trifle, np.minimum(part * 12, 1000), part),
        )
        drawing.add(day, firm, dice.choice(drawing.some(6), count), values, exposure=part)


LIKE_CRIME: Sequence[Callable[[Drawing], None]] = (
    _dealers,
    _dusted,
    _fairs,
    _far_traders,
    _instalments,
    _mutual,
    _resellers,
    _seasons,
    _treasuries,
)
