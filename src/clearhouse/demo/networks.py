"""Networks of obligations in the shapes of whole economies, drawn from a seed.

All have a tenth as many parties as obligations. A party's size is drawn from Pareto's law (shape
1.15; a hundredth of all at most, or one giant would be most of the network), and an amount from a
lognormal (sigma 1.5) times both parties' sizes, in whole minor units.

- `sf`, scale-free: both parties of an obligation are drawn by their size.
- `tier`, a supply chain: the same, but parties stand in a line, and all but 12 % of obligations
  lead from who stands behind to who stands ahead. It clears about as little as real networks do.
- `er`, after Erdos and Renyi: both parties are any.
- `chain`: each party owes the next. Nothing clears.
- `star`: everybody owes one hub, and the hub owes them.
- `parallel`: `sf` with ten obligations for each pair.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Drawn = tuple[Int64s, Int64s, Int64s, int]  # debtors, creditors, units, how many parties

PARTIES_SHARE = 10  # obligations for each party
PARETO, SIGMA = 1.15, 1.5
LARGEST = 100  # parties of the largest size would be all
AGAINST = 0.12  # of obligations lead against the stream
UNIT = 100.0  # minor units of the middle obligation between two of the smallest parties
UNITS_MAX = 2.0**38  # ten million of these still add up
PARALLEL = 10


def drawn(shape: str, obligations: int, seed: int) -> Drawn:
    """Draw a network; the same for the same seed.

    Args:
        shape: One of SHAPES.
        obligations: About how many; who would owe itself is left out.

    Raises:
        KeyError: There is no such shape.
    """
    return SHAPES[shape](np.random.default_rng(seed), obligations)


def _scale_free(dice: Generator, obligations: int) -> Drawn:
    size, debtor, creditor = _by_size(dice, obligations)
    return _with_amounts(dice, size, debtor, creditor)


def _tiers(dice: Generator, obligations: int) -> Drawn:
    size, one, other = _by_size(dice, obligations)
    line = dice.permutation(len(size))
    is_turned = (line[one] > line[other]) != (dice.random(len(one)) < AGAINST)
    debtor, creditor = np.where(is_turned, other, one), np.where(is_turned, one, other)
    return _with_amounts(dice, size, debtor, creditor)


def _random(dice: Generator, obligations: int) -> Drawn:
    size = _sizes(dice, obligations)
    ends = dice.integers(0, len(size), (2, obligations))
    return _with_amounts(dice, size, ends[0], ends[1])


def _chain(dice: Generator, obligations: int) -> Drawn:
    debtor = np.arange(obligations)
    return debtor, debtor + 1, dice.integers(1, 10**9, obligations), obligations + 1


def _star(dice: Generator, obligations: int) -> Drawn:
    others = np.arange(1, obligations // 2 + 1)
    hub = np.zeros(len(others), np.int64)
    debtor, creditor = np.concatenate([others, hub]), np.concatenate([hub, others])
    return debtor, creditor, dice.integers(1, 10**9, len(debtor)), len(others) + 1


def _parallel(dice: Generator, obligations: int) -> Drawn:
    debtor, creditor, units, parties = _scale_free(dice, obligations // PARALLEL)
    again = dice.permutation(np.tile(np.arange(len(units)), PARALLEL))
    amounts = np.maximum(1, units[again] // PARALLEL)
    return debtor[again], creditor[again], amounts, parties


def _by_size(dice: Generator, obligations: int) -> tuple[NDArray[np.float64], Int64s, Int64s]:
    size = _sizes(dice, obligations)
    up_to = np.cumsum(size / size.sum())
    one, other = (
        np.minimum(np.searchsorted(up_to, dice.random(obligations)), len(size) - 1) for _ in "io"
    )
    return size, one, other


def _sizes(dice: Generator, obligations: int) -> NDArray[np.float64]:
    size = dice.pareto(PARETO, max(2, obligations // PARTIES_SHARE)) + 1
    return np.asarray(np.minimum(size, max(size.sum() / LARGEST, size.min())))


def _with_amounts(
    dice: Generator, size: NDArray[np.float64], debtor: Int64s, creditor: Int64s
) -> Drawn:
    apart = debtor != creditor
    debtor, creditor = debtor[apart], creditor[apart]
    amount = UNIT * dice.lognormal(0, SIGMA, len(debtor)) * size[debtor] * size[creditor]
    units = np.clip(amount, 1, UNITS_MAX).astype(np.int64)
    return debtor.astype(np.int64), creditor.astype(np.int64), units, len(size)


SHAPES: Mapping[str, Callable[[Generator, int], Drawn]] = {
    "sf": _scale_free,
    "tier": _tiers,
    "er": _random,
    "chain": _chain,
    "star": _star,
    "parallel": _parallel,
}
