"""A good choice of many payments, by simulated annealing (Kirkpatrick, Gelatt and Vecchi, 1983).

A choice is worth what it settles, less a price for what anybody is overdrawn by: more than cash is
worth to anybody, by the labels of the bound. Payments are taken in and out one by one, or two of a
party at once, so that one makes up for the other. What makes the choice worse is taken with the
chance exp(loss / heat). The heat falls from the size of the largest payments to that of the
smallest; payments far smaller than the heat are let in when it comes down to them, so large ones
are settled first and small ones fill what they leave.

Parties that are overdrawn at the end give up, for good, the least payment that mends it, and all is
annealed again from the heat of what was given up; until nobody is overdrawn.

Amounts are integers throughout. Floats decide what is tried, not what is true of it; and by them a
choice could differ between two kinds of processors.
"""

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.liquidity.dropping import filled, least_that_mends, mended
from clearhouse.engines.liquidity.queue import Bools, Queue, by_end
from clearhouse.engines.setoff.kernels import Int32s, Int64s, compiled

Dice = NDArray[np.uint64]  # one number, from which the next is made

HOT, AGAIN, COLD = 0.3, 0.1, 0.3  # of the largest payment; of the largest given up; of the smallest
EVEN = 0.5  # either of two
SMALL = 4  # a payment of a fourth of the heat is let in
ROUNDS = 30  # of giving up; five are usual
SHORTER = 15  # are the rounds after the first


def annealed(waiting: Queue, price: int, sweeps: int, seed: int) -> Bools:
    """Find a good choice that overdraws nobody.

    Args:
        waiting: Payments, the largest first.
        price: What each unit overdrawn costs, in units settled.
        sweeps: How often each payment is tried, about, in the first round.
        seed: Of the chance.
    """
    dice = np.array([seed % 2**64], np.uint64)
    settles = np.zeros(len(waiting.units), np.bool_)
    left = np.arange(len(waiting.units))
    cold = COLD * float(waiting.units[-1])
    heat = HOT * float(waiting.units[0])
    for number in range(ROUNDS):
        costs = float(price) * 2 ** min(number, 6)
        times = max(1, sweeps // SHORTER if number else sweeps)
        settles[left] = _round(waiting, left, settles, times, heat, min(cold, heat), costs, dice)
        given_up = _least_of_overdrawn(waiting, settles)
        if not len(given_up):
            break
        settles[given_up] = False
        left = np.setdiff1d(left, given_up)
        heat = AGAIN * float(waiting.units[given_up].max())
        if not len(left):
            break
    return filled(waiting, mended(waiting, settles))


def _round(
    waiting: Queue,
    left: Int64s,
    settles: Bools,
    sweeps: int,
    heat: float,
    cold: float,
    price: float,
    dice: Dice,
) -> Bools:
    debtor, creditor = waiting.debtor[left], waiting.creditor[left]
    ends = np.concatenate([debtor, creditor])
    first, order = by_end(ends, waiting.parties)
    again, room = settles[left], waiting.room(settles)
    units = waiting.units[left]
    _anneal(debtor, creditor, units, first, order, room, again, sweeps, heat, cold, price, dice)
    return again


def _least_of_overdrawn(waiting: Queue, settles: Bools) -> Int64s:
    """Of each overdrawn party's settled payments, the least that mends it, or its largest."""
    by_size = np.argsort(waiting.units, kind="stable")
    first, order = by_end(waiting.debtor[by_size], waiting.parties)
    room = waiting.room(settles)
    found = [
        least_that_mends(
            first, by_size[order], waiting.units, settles, int(party), -int(room[party])
        )
        for party in np.flatnonzero(room < 0)
    ]
    return np.array(found, np.int64)


@compiled
def _chance(dice: Dice) -> float:
    """Draw from [0, 1): splitmix64 (Steele, Lea and Flood, 2014)."""
    dice[0] += np.uint64(0x9E3779B97F4A7C15)
    z = dice[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return float((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


@compiled
def _beyond(room: int, less: int) -> float:
    """How much more a party is overdrawn by when its room shrinks."""
    return float(min(room, 0)) - float(min(room - less, 0))


@compiled
def _anneal(
    debtor: Int32s,
    creditor: Int32s,
    units: Int64s,
    first: Int32s,
    order: Int32s,
    room: Int64s,
    settles: Bools,
    sweeps: int,
    heat: float,
    cold: float,
    price: float,
    dice: Dice,
) -> None:
    """Anneal; `order` lists both ends of each payment by party, the creditors' behind all others.

    Of the payments, the largest come first; those up to `size` are hot enough to be tried.
    """
    payments = len(units)
    falls = (cold / heat) ** (1.0 / sweeps)
    size = 0
    for _ in range(sweeps):
        while size < payments and float(units[size]) * SMALL >= heat:
            size += 1
        size = max(size, min(2, payments))
        for _ in range(payments):
            k = int(_chance(dice) * size)
            i, j = debtor[k], creditor[k]
            more = -units[k] if settles[k] else units[k]
            gain = float(more) - price * (_beyond(room[i], more) + _beyond(room[j], -more))
            if gain >= 0 or _chance(dice) < np.exp(gain / heat):
                settles[k] = not settles[k]
                room[i] -= more
                room[j] += more
                continue
            # Another payment of one of the two may make up for it.
            party = i if _chance(dice) < EVEN else j
            begin, end = first[party], first[party + 1]
            q = order[begin + int(_chance(dice) * (end - begin))] % payments
            if q == k or q >= size:
                continue
            room[i] -= more
            room[j] += more
            v, w = debtor[q], creditor[q]
            other = -units[q] if settles[q] else units[q]
            gain += float(other) - price * (_beyond(room[v], other) + _beyond(room[w], -other))
            if gain >= 0 or _chance(dice) < np.exp(gain / heat):
                settles[k], settles[q] = not settles[k], not settles[q]
                room[v] -= other
                room[w] += other
            else:
                room[i] += more
                room[j] -= more
        heat *= falls
