"""`Choice`: which payments settle, by age or by value, and how far from the bound that is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from clearhouse.engines.liquidity.annealing import annealed
from clearhouse.engines.liquidity.bound import Bound, bound
from clearhouse.engines.liquidity.dropping import filled, mended, oldest
from clearhouse.engines.liquidity.enumeration import FEW, best_of_all
from clearhouse.engines.liquidity.queue import Bools, Queue

# Makes a choice better, given the payments and one that overdraws nobody: a solver in a process of
# its own. Each that it yields should be better than the one before; it is mended where it errs.
Better = Callable[[Queue, Bools], Iterator[Bools]]

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
        bound: What no choice passes.
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
    advance: Callable[[int, int], None] = lambda _value, _bound: None,
) -> Choice:
    """Settle as much as can be found.

    Payments are sorted first: the answer does not depend on the order of the queue, but that of
    equal payments of a pair, the first given settle first. It is the same for the same `sweeps`
    and `seed`; with `better`, only if that is, which what stops at a deadline is not.

    Args:
        waiting: The payments. Of a few, every choice is tried.
        sweeps: How often annealing tries each payment from one beginning: time for value.
        seed: Of its chance.
        better: Goes on from what annealing found.
        advance: Is told again and again how much settles so far, and the bound.
    """
    limit = bound(waiting)
    if waiting.value(limit.possible) == 0:
        return Choice(np.zeros(len(waiting.units), np.bool_), 0, limit.units)
    # The largest first, and equals of a pair in the order of the queue.
    order = np.lexsort((waiting.creditor, waiting.debtor, -waiting.units))
    order = order[limit.possible[order]]
    advance(0, limit.units)
    by_size = waiting.of(order)
    settles = np.zeros(len(waiting.units), np.bool_)
    settles[order] = _first_of_equals(
        by_size, _found(by_size, limit, sweeps, seed, better, advance)
    )
    assert (waiting.room(settles) >= 0).all(), "somebody is overdrawn"
    return Choice(settles, waiting.value(settles), limit.units)


def _found(
    waiting: Queue,
    limit: Bound,
    sweeps: int | None,
    seed: int,
    better: Better | None,
    advance: Callable[[int, int], None],
) -> Bools:
    payments = len(waiting.units)
    if payments <= FEW:
        return best_of_all(waiting)
    times = sweeps or max(SWEEPS_MIN, min(SWEEPS_MAX, TRIES // payments))
    starts = max(1, min(STARTS_MAX, TRIES // (payments * times)))
    price = int(limit.price.max(initial=0)) + 1
    at_once = filled(waiting, mended(waiting, np.ones(payments, np.bool_)))
    several = (annealed(waiting, price, times, STARTS_MAX * seed + k) for k in range(starts))
    best = max(*several, at_once, key=waiting.value)
    value = waiting.value(best)
    advance(value, limit.units)
    for other in better(waiting, best) if better else ():
        tried = filled(waiting, mended(waiting, other))
        if waiting.value(tried) > value:
            best, value = tried, waiting.value(tried)
            advance(value, limit.units)
    return best


def _first_of_equals(by_size: Queue, settles: Bools) -> Bools:
    """Of equal payments of a pair, which stand together, let as many settle, but the first."""
    keys = (by_size.debtor, by_size.creditor, by_size.units)
    is_other = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    run = np.concatenate([[0], np.cumsum(is_other)])
    return np.asarray(settles[np.lexsort((~settles, run))], np.bool_)
