"""Rolling totals: for each payment, how many linked ones there are in a window, and how much.

Payments are linked by a key; the window of one is its own day and the days before it. All of one
day see each other, so that neither the order of a batch nor its size changes an answer.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HALF = 32  # bits: sums are carried in two halves, so that a million of 2**63 do not overflow
LOW = (1 << HALF) - 1


class Totals(NamedTuple):
    """What is in the window of each row."""

    linked: NDArray[np.int64]
    total: NDArray[np.int64]  # no more than what it is capped at
    unknown: NDArray[np.bool_]  # a row in the window has no known amount


def rolling(
    keys: NDArray[np.int64],
    days: NDArray[np.int64],
    units: NDArray[np.int64],
    unknown: NDArray[np.bool_],
    *,
    span: int,
    most: int,
) -> Totals:
    """Count and add up the rows of each row's window.

    Args:
        keys: What links rows.
        days: Of each row, 0 to 10**6.
        units: Not negative.
        unknown: Where the units mean nothing.
        span: Days of the window, the row's own included: at least 1.
        most: What totals are capped at, below 2**62.
    """
    assert span >= 1
    assert most < 1 << 62
    _, codes = np.unique(keys, return_inverse=True)
    spread = int(days.max(initial=0)) + span + 1
    places = codes * spread + days + span  # so that a window's first day stays within its key
    order = np.argsort(places, kind="stable")
    sorted_places = places[order]
    first = np.searchsorted(sorted_places, places - span, "right")
    after = np.searchsorted(sorted_places, places, "right")
    known = np.where(unknown, 0, units)[order]

    def between(values: NDArray[np.int64]) -> NDArray[np.int64]:
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(values)])
        found: NDArray[np.int64] = sums[after] - sums[first]
        return found

    high, low = between(known >> HALF), between(known & LOW)
    high, low = high + (low >> HALF), low & LOW
    total = np.where(high > most >> HALF, most, np.minimum((high << HALF) | low, most))
    doubtful = between(unknown[order].astype(np.int64)) > 0
    return Totals(after - first, total, doubtful)
