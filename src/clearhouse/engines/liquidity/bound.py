"""The most that could settle, were payments divisible: a set-off in which cash takes part.

One more party stands for cash. What it owes a party is that party's limit, what a party owes it is
all that the party could receive; neither counts. A greatest set-off is then the optimum of the
linear relaxation, in integers and with labels that prove it. What a unit of cash would be worth to
a party is how far its label is below that of cash.

A payment that its debtor could not make even if it were paid all that it is owed never settles: it
is left out, then whatever its creditor could only have paid with it, and so on. Divisible, a part
of it would count; so the bound is lower without.
"""

from dataclasses import dataclass

import numpy as np

from clearhouse.engines.liquidity.dropping import possible
from clearhouse.engines.liquidity.queue import Bools, Queue
from clearhouse.engines.setoff import solve
from clearhouse.engines.setoff.kernels import Int8s, Int32s, Int64s, compiled
from clearhouse.engines.setoff.network import Network, of_arcs


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What no choice passes.

    Attributes:
        units: The most that could settle.
        possible: Shape (payments,): whether each could ever settle.
        price: Shape (parties,): what a unit more of a party's limit would settle, 0 or more.
    """

    units: int
    possible: Bools
    price: Int64s


def bound(waiting: Queue) -> Bound:
    """Bound what any choice of payments can settle."""
    could = possible(waiting)
    net = with_cash(waiting.of(could))
    found = solve(net)
    units = int(found.cleared[net.gain == 1].sum())
    label = found.label.astype(np.int64)
    return Bound(units, could, np.maximum(label[-1] - label[:-1], 0))


def with_cash(waiting: Queue) -> Network:
    """The payments' network with cash as its last party."""
    net = waiting.network
    tail, head, owed, gain = _arcs(net.graph.first, net.head, net.owed, waiting.limit)
    nothing = np.zeros(0, np.int32)
    return of_arcs(nothing, tail, head, owed, gain, net.parties + 1)


@compiled
def _arcs(
    first: Int32s, head: Int32s, owed: Int64s, limit: Int64s
) -> tuple[Int32s, Int32s, Int64s, Int8s]:
    """Write all arcs by tail and head: a party's to cash is its last, as cash is the last party."""
    parties = len(limit)
    size = len(head) + 2 * parties
    tails, heads = np.empty(size, np.int32), np.empty(size, np.int32)
    units, gains = np.empty(size, np.int64), np.empty(size, np.int8)
    receives = np.zeros(parties, np.int64)
    for e in range(len(head)):
        receives[head[e]] += owed[e]
    at = 0
    for i in range(parties + 1):
        begin, end = (first[i], first[i + 1]) if i < parties else (0, 0)
        for e in range(begin, end):
            tails[at], heads[at], units[at], gains[at] = i, head[e], owed[e], 1
            at += 1
        if i < parties and receives[i] > 0:
            tails[at], heads[at], units[at], gains[at] = i, parties, receives[i], 0
            at += 1
    for i in range(parties):
        if limit[i] > 0:
            tails[at], heads[at], units[at], gains[at] = parties, i, limit[i], 0
            at += 1
    return tails[:at], heads[:at], units[:at], gains[:at]
