"""How many blocks are too many, or too few, to be put down to luck: exact bounds of Poisson's law.

Blocks are found independently and at a constant rate for each hash, so their number X in a month
has a Poisson distribution whose mean is what was to be expected (Nakamoto 2008, section 11).

No float decides, and no exponential is computed. With w(i) = m^i / i! divided by the weight of the
mode, M = floor(m),

    P(X >= k) = sum of w(i) over i >= k / sum of w(i) over all i,   w(M) = 1,
    w(i+1) = w(i) m / (i+1),                                        w(i-1) = w(i) i / m

and each weight is held between two integers, scaled by 2^bits: one rounded down at every step, the
other up. Outwards from the mode the ratios are below one and falling, so what is left out beyond
the last weight is less than a geometric series, which is added to the upper side. A comparison that
both sides settle alike is proven; one that they do not is made again with twice the bits. That
ends: for a rational m above zero e^m is irrational (Lambert 1761), hence so is each P with
1 <= k, and never equal to a rational level.

Only some 20 sqrt(m) weights differ from zero: a mean of 100 takes less than a millisecond, of
10,000 a few.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, count

from clearhouse.core.errors import Kind, Refusal

# All miners together find some 4,500 blocks a month; beyond this a bound only costs time.
MEAN_MAX = 10**6
BITS_LEAST = 128  # what is left out is then 10^-30 of the total, whatever the mean


class MeanTooLarge(Refusal):
    """A hash rate would find far more blocks in a month than there are."""

    code = "mining.mean-too-large"
    kind = Kind.MALFORMED


def too_many(mean: Fraction, tail: Fraction) -> int:
    """Find the least k with P(X >= k) <= tail: this many blocks, or more, are hardly luck.

    Args:
        mean: The blocks expected, 0 to MEAN_MAX.
        tail: The level, above 0 and below 1: 1/1000 for a bound of 99.9 %.

    Returns:
        1 or more; 6, 22 and 135 at means of 1, 10 and 100 and a level of 1/1000.

    Raises:
        MeanTooLarge: The mean is above MEAN_MAX.
    """
    return next(
        weights.first + len(weights.bounds) - outer
        for weights in _ever_closer(mean, tail)
        if (outer := _outermost(reversed(weights.bounds), weights.above, weights.total, tail))
        is not None
    )


def too_few(mean: Fraction, tail: Fraction) -> int:
    """Find the greatest k with P(X <= k) <= tail: so few blocks, or fewer, are hardly bad luck.

    Args:
        mean: The blocks expected, 0 to MEAN_MAX.
        tail: The level, above 0 and below 1.

    Returns:
        -1 when even no block at all is likelier than the level.

    Raises:
        MeanTooLarge: The mean is above MEAN_MAX.
    """
    return next(
        weights.first - 1 + outer
        for weights in _ever_closer(mean, tail)
        if (outer := _outermost(weights.bounds, weights.below, weights.total, tail)) is not None
    )


@dataclass(frozen=True, slots=True)
class _Weights:
    """Enclosures of the weights from `first` on, scaled by a power of two."""

    first: int  # which number of blocks the first weight is of
    bounds: list[tuple[int, int]]  # at least, at most
    below: int  # at most this much is left out before the first
    above: int  # ... and behind the last

    @property
    def total(self) -> tuple[int, int]:
        """What all weights together are at least and at most."""
        low = sum(low for low, _ in self.bounds)
        return low, sum(high for _, high in self.bounds) + self.below + self.above


def _ever_closer(mean: Fraction, tail: Fraction) -> Iterator[_Weights]:
    """Yield the weights with ever more bits, for as long as they are asked for."""
    assert mean >= 0
    assert 0 < tail < 1
    if mean > MEAN_MAX:
        raise MeanTooLarge(f"more than {MEAN_MAX:,} blocks would be expected: mend the hash rate")
    bits = BITS_LEAST + tail.denominator.bit_length()
    for doubling in count():
        yield _weigh(mean, bits << doubling)


def _weigh(mean: Fraction, bits: int) -> _Weights:
    """Enclose every weight that is not far below 2^-bits, outwards from the mode.

    Both ways the lower side falls (but for one step down from a whole mean) to zero, and there the
    ratio of a weight to the last is r = m/(i+1) up and r = i/m down, below one and falling. All
    that follows is at most r / (1 - r) of the last: m / (i+1-m), and i / (m-i).
    """
    over, under = mean.numerator, mean.denominator
    mode = over // under

    rising, i = [(1 << bits, 1 << bits)], mode
    while rising[-1][0]:
        i += 1
        low, high = rising[-1]
        rising.append((low * over // (under * i), _up(high * over, under * i)))
    above = _up(rising[-1][1] * over, under * (i + 1) - over)

    falling, i = [(1 << bits, 1 << bits)], mode
    while i and falling[-1][0]:
        low, high = falling[-1]
        falling.append((low * under * i // over, _up(high * under * i, over)))
        i -= 1
    below = _up(falling[-1][1] * under * i, over - under * i) if i else 0

    return _Weights(i, falling[:0:-1] + rising, below, above)


def _outermost(
    bounds: Iterable[tuple[int, int]], omitted: int, total: tuple[int, int], tail: Fraction
) -> int | None:
    """Count how many weights, from the outside inwards, are together at most `tail` of the total.

    Returns:
        None when the enclosures are too wide to tell.
    """
    low = high = 0
    for inside, (least, most) in enumerate(chain([(0, omitted)], bounds)):
        low, high = low + least, high + most
        if low * tail.denominator > tail.numerator * total[1]:
            return inside - 1  # what is left out is the first, and no weight
        if high * tail.denominator > tail.numerator * total[0]:
            return None
    raise AssertionError("all of it is more than its tail")


def _up(over: int, under: int) -> int:
    """Divide, rounding up."""
    return -(-over // under)
