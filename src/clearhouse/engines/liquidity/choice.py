"""`Choice`: which payments settle, by age or by value, and how far from the bound that is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from clearhouse.engines.liquidity.annealing import annealed
from clearhouse.engines.liquidity.bound import bound
from clearhouse.engines.liquidity.dropping import filled, mended, oldest
from clearhouse.engines.liquidity.enumeration import FEW, best_of_all
from clearhouse.engines.liquidity.queue import Bools, Queue
from clearhouse.engines.liquidity.rounding import Cut, proved
from clearhouse.engines.setoff.kernels import Int64s

# Makes a choice better, given the payments and one that overdraws nobody: a solver in a process of
# its own. Each that it yields should be better than the one before; it is mended where it errs.
Better = Callable[[Queue, Bools], Iterator[Bools]]

# Makes the bound lower: yields cuts and the price of each, as `proved` takes them.
Tighter = Callable[[Queue], Iterator[list[tuple[Cut, int]]]]

# Of payments, that annealing makes if it is not told: about three seconds. A few are annealed again
# from other beginnings, as where one beginning leads is more of an accident.
TRIES = 30_000_000
SWEEPS_MIN, SWEEPS_MAX, STARTS_MAX = 100, 7_500, 8


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Payments that settle at once.

    Attributes:
        settles: Shape (payments,): whether each does.
        value: How much that is, in units.
        bound: What no choice passes: the relaxation's, or a lower one that is proved as exactly.
    """

    settles: Bools
    value: int
    bound: int

    @property
    def gap(self) -> Fraction:
        """What is missing of the bound, as a part of it."""
        return Fraction(self.bound - self.value, self.bound) if self.bound else Fraction(0)


def by_age(waiting: Queue) -> Choice:
    """Settle the oldest: the queue's order is the payments' age, the oldest first."""
    settles = oldest(waiting)
    return Choice(settles, waiting.value(settles), bound(waiting).units)


def by_value(
    waiting: Queue,
    *,
    sweeps: int | None = None,
    seed: int = 1,
    better: Better | None = None,
    tighter: Tighter | None = None,
    advance: Callable[[int, int], None] = lambda _value, _bound: None,
) -> Choice:
    """Settle as much as can be found.

    Payments are sorted first: the answer does not depend on the order of the queue, but that of
    equal payments of a pair, the first given settle first. It is the same for the same `sweeps`
    and `seed`; with `better` or `tighter`, only if those are, which what stops at a deadline is
    not. Of a few payments the best choice is its own bound.

    Args:
        waiting: The payments. Of a few, every choice is tried.
        sweeps: How often annealing tries each payment from one beginning: time for value.
        seed: Of its chance.
        better: Goes on from what annealing found.
        tighter: Lowers the bound, before anything is annealed.
        advance: Is told again and again how much settles so far, and the bound.
    """
    limit = bound(waiting)
    if waiting.value(limit.possible) == 0:
        return Choice(np.zeros(len(waiting.units), np.bool_), 0, limit.units)
    # The largest first, and equals of a pair in the order of the queue.
    order = np.lexsort((waiting.creditor, waiting.debtor, -waiting.units))
    order = order[limit.possible[order]]
    by_size = waiting.of(order)
    settles = np.zeros(len(waiting.units), np.bool_)
    if len(order) <= FEW:
        settles[order] = _first_of_equals(by_size, best_of_all(by_size))
        value = waiting.value(settles)
        return Choice(settles, value, value)
    most = _tightened(by_size, limit.units, tighter)
    advance(0, most)
    found = _found(by_size, limit.price, sweeps, seed, better, lambda value: advance(value, most))
    settles[order] = _first_of_equals(by_size, found)
    assert (waiting.room(settles) >= 0).all(), "somebody is overdrawn"
    return Choice(settles, waiting.value(settles), most)


def _tightened(waiting: Queue, most: int, tighter: Tighter | None) -> int:
    for priced in tighter(waiting) if tighter else ():
        most = min(most, proved(waiting, priced))
    return most


def _found(
    waiting: Queue,
    worth: Int64s,
    sweeps: int | None,
    seed: int,
    better: Better | None,
    advance: Callable[[int], None],
) -> Bools:
    payments = len(waiting.units)
    times = sweeps or max(SWEEPS_MIN, min(SWEEPS_MAX, TRIES // payments))
    starts = max(1, min(STARTS_MAX, TRIES // (payments * times)))
    price = int(worth.max(initial=0)) + 1
    at_once = filled(waiting, mended(waiting, np.ones(payments, np.bool_)))
    several = (annealed(waiting, price, times, STARTS_MAX * seed + k) for k in range(starts))
    best = max(*several, at_once, key=waiting.value)
    value = waiting.value(best)
    advance(value)
    for other in better(waiting, best) if better else ():
        tried = filled(waiting, mended(waiting, other))
        if waiting.value(tried) > value:
            best, value = tried, waiting.value(tried)
            advance(value)
    return best


def _first_of_equals(by_size: Queue, settles: Bools) -> Bools:
    """Of equal payments of a pair, which stand together, let as many settle, but the first."""
    keys = (by_size.debtor, by_size.creditor, by_size.units)
    is_other = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    run = np.concatenate([[0], np.cumsum(is_other)])
    return np.asarray(settles[np.lexsort((~settles, run))], np.bool_)
