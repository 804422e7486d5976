"""Every choice of a few payments, each one payment away from the choice before (Gray's code)."""

import numpy as np

from clearhouse.engines.liquidity.queue import Bools, Queue
from clearhouse.engines.setoff.kernels import Int32s, Int64s, compiled

FEW = 16  # payments: 65,536 choices take a millisecond


def best_of_all(waiting: Queue) -> Bools:
    """Find the choice that settles most, the first found of equals; for FEW payments at most."""
    assert len(waiting.units) <= FEW
    room = waiting.limit.copy()
    best = _best(waiting.debtor, waiting.creditor, waiting.units, room)
    return np.array([best >> k & 1 for k in range(len(waiting.units))], np.bool_)


@compiled
def _best(debtor: Int32s, creditor: Int32s, units: Int64s, room: Int64s) -> int:
    """Find the best choice, as the sum of 2^k for each payment k that settles."""
    choice = best = 0
    value = most = np.int64(0)
    beyond = 0  # parties that are overdrawn
    for step in range(1, 1 << len(units)):
        k = 0
        while step >> k & 1 == 0:
            k += 1
        choice ^= 1 << k
        more = units[k] if choice >> k & 1 else -units[k]
        i, j = debtor[k], creditor[k]
        beyond -= (room[i] < 0) + (room[j] < 0)
        room[i] -= more
        room[j] += more
        beyond += (room[i] < 0) + (room[j] < 0)
        value += more
        if beyond == 0 and value > most:
            best, most = choice, value
    return best
