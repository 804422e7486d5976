"""Cuts that a divided choice breaks, found in floats: the heuristic of Marchand and Wolsey (2001).

In each party's row, payments that settle by more than half are turned round. Divisors are the units
of payments that are divided; then parts of the best of them; then divided payments are turned where
that cuts deeper. How deep is the distance from the divided choice to the cut.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.liquidity.queue import Bools
from clearhouse.engines.liquidity.rounding import Cut, Rows
from clearhouse.engines.setoff.kernels import Int32s, Int64s, compiled

Floats = NDArray[np.float64]

DEEP = 0.01  # less is not worth a row
WHOLE = 1e-6  # as near to whole as a solver's answers are
LEFT = 1e-4  # of a divisor: with less left, or with less missing, floats tell nothing of a cut
HALF = 0.5
DIVISORS_MAX = 64  # tried of a party
PARTS = (2, 4, 8)  # of the best divisor


def separated(of: Rows, limit: Int64s, share: Floats) -> Iterator[Cut]:
    """Find cuts, one for a party at most.

    Args:
        of: The payments' rows.
        limit: Shape (parties,).
        share: Shape (payments,): how much of each settles, from 0 to 1.
    """
    turned = share[of.payment] > HALF
    divisor = np.zeros(len(limit), np.int64)
    _separate(of.first, of.units, limit, share[of.payment], turned, divisor)
    for party in np.flatnonzero(divisor):
        yield Cut(int(party), int(divisor[party]), turned[of.of(int(party))])


@compiled
def _separate(
    first: Int32s, units: Int64s, limit: Int64s, share: Floats, turned: Bools, divisor: Int64s
) -> None:
    """Write the deepest cut of each party; its divisor is 0 if none is deep."""
    for party in range(len(limit)):
        begin, end = first[party], first[party + 1]
        a, x, is_turned = units[begin:end], share[begin:end], turned[begin:end]
        b = limit[party]
        for k in range(len(a)):
            if is_turned[k]:
                b -= a[k]
        deepest, best = _best_divisor(a, x, is_turned, b)
        if best == 0:
            continue
        for k in range(len(a)):
            if WHOLE < x[k] < 1 - WHOLE:
                is_turned[k] = not is_turned[k]
                other = b - a[k] if is_turned[k] else b + a[k]
                deep = _depth(a, x, is_turned, other, best)
                if deep > deepest:
                    deepest, b = deep, other
                else:
                    is_turned[k] = not is_turned[k]
        if deepest > DEEP:
            divisor[party] = best


@compiled
def _best_divisor(a: Int64s, x: Floats, turned: Bools, b: int) -> tuple[float, int]:
    """Find the divisor that cuts deepest, and how deep: 0 and less than 0 if there is none."""
    deepest, best = -1.0, 0
    tried = np.zeros(DIVISORS_MAX, np.int64)
    size = 0
    for k in range(len(a)):
        one = int(abs(a[k]))
        if WHOLE < x[k] < 1 - WHOLE and size < DIVISORS_MAX and not (tried[:size] == one).any():
            tried[size] = one
            size += 1
            deep = _depth(a, x, turned, b, one)
            if deep > deepest:
                deepest, best = deep, one
    whole = best
    for part in PARTS:
        one = -(-whole // part)
        deep = _depth(a, x, turned, b, one) if one > 0 else -1.0
        if deep > deepest:
            deepest, best = deep, one
    return deepest, best


@compiled
def _depth(a: Int64s, x: Floats, turned: Bools, b: int, divisor: int) -> float:
    """How far beyond a cut `x` is, a row's shares; below 0 if it is not, or floats cannot tell."""
    whole = np.floor(b / divisor)
    left = b / divisor - whole
    if not LEFT < left < 1 - LEFT:
        return -1.0
    beyond, length = -whole, 0.0
    for k in range(len(a)):
        times = (-a[k] if turned[k] else a[k]) / divisor
        count = np.floor(times)
        count += max(0.0, times - count - left) / (1 - left)
        beyond += count * (1 - x[k] if turned[k] else x[k])
        length += count * count
    return float(beyond / np.sqrt(length)) if length > 0 else -1.0
