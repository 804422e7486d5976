"""Rolling totals: for each payment, how many linked ones there are in a window, and how much.

Payments are linked by a key. The window of one is all that came no later than itself and is fewer
than so many days away, to either side: a part that is dated back is seen by the next one all the
same. What comes later changes nothing for what was there, so how a batch is cut changes no answer.

It is counting in three dimensions (key, order, day), done by halves: rows stand in their order,
and at each doubling the later half of every block takes from the earlier one what lies in its
windows, found by binary search. That is n log(n) array steps of sorting.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.int64]
HALF = 32  # bits: sums are carried in two halves, so that a million of 2**62 do not overflow
LOW = (1 << HALF) - 1


class Totals(NamedTuple):
    """What is in the window of each row, itself included."""

    linked: Whole  # how many
    total: Whole  # no more than what it is capped at
    unknown: NDArray[np.bool_]  # a row in the window has no known amount


@dataclass
class _Sums:
    """What was found so far, for each row."""

    linked: Whole
    high: Whole
    low: Whole
    unknown: Whole


def rolling(
    keys: Whole,
    days: Whole,
    units: Whole,
    unknown: NDArray[np.bool_],
    *,
    span: int,
    most: int,
) -> Totals:
    """Count and add up the rows of each row's window.

    Args:
        keys: What links rows; they stand in the order in which they came.
        days: Of each row; they lie within 10**6 of each other.
        units: From 0 to 2**62.
        unknown: Where the units mean nothing.
        span: Days of the window to each side, the row's own included: at least 1.
        most: What totals are capped at, below 2**62.
    """
    assert span >= 1
    assert most < 1 << 62
    count = len(keys)
    known = np.where(unknown, 0, units)
    found = _Sums(np.ones(count, np.int64), known >> HALF, known & LOW, unknown.astype(np.int64))
    _, codes = np.unique(keys, return_inverse=True)
    days = days - (days.min() if count else 0)
    # One number for a key and a day, far enough apart that no window reaches into another key.
    reach = min(span - 1, int(days.max(initial=0)))
    places = codes * (int(days.max(initial=0)) + 2 * reach + 1) + days + reach
    own = _Sums(found.linked.copy(), found.high.copy(), found.low.copy(), found.unknown.copy())
    width = 1
    while width < count:
        _merge(found, own, places, width, reach)
        width *= 2
    high, low = found.high + (found.low >> HALF), found.low & LOW
    total = np.where(high > most >> HALF, most, np.minimum((high << HALF) | low, most))
    return Totals(found.linked, total, found.unknown > 0)


def _merge(found: _Sums, own: _Sums, places: Whole, width: int, reach: int) -> None:
    """Let the later half of each block of twice `width` rows take from the earlier half."""
    rows = np.arange(len(places))
    block, late = rows // (2 * width), rows // width % 2 == 1
    apart = int(places.max()) + reach + 1
    at = block * apart + places
    early_rows, late_rows = rows[~late], rows[late]
    order = early_rows[np.argsort(at[early_rows], kind="stable")]
    there = at[order]
    # A window does not leave its block: places lie at least `reach` above 0 and below `apart`.
    first = np.searchsorted(there, at[late_rows] - reach, "left")
    after = np.searchsorted(there, at[late_rows] + reach, "right")
    for name in ("linked", "high", "low", "unknown"):
        sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(getattr(own, name)[order])])
        getattr(found, name)[late_rows] += sums[after] - sums[first]
