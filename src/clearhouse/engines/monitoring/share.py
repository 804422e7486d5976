"""`share`: a part of a whole in per mille, exact, and rounded down."""

import numpy as np
from numpy.typing import NDArray

SHARE_MAX = 10**12  # what a share is capped at; of nothing, anything is that much
DIGITS = 3  # a per mille is three digits of long division


def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many thousandths of `whole` make up `part`; 0 where there is no part.

    Args:
        part: From 0 to 9 * 10**17.
        whole: The same.
    """
    of = np.maximum(whole, 1)
    found, left = part // of, part % of
    found = np.minimum(found, SHARE_MAX // 10**DIGITS)
    for _ in range(DIGITS):  # ten times what is left has still 64 bits
        found = found * 10 + left * 10 // of
        left = left * 10 % of
    return np.where(part == 0, 0, np.where(whole == 0, SHARE_MAX, np.minimum(found, SHARE_MAX)))
