"""What the compiled loops of the set-off share, and those that sort and sum.

Arcs are numbered in the order of their tails; `into` lists them in the order of their heads. Of an
arc `e` from `i` to `j`, `owed[e] - flow[e]` more can be routed, and `flow[e]` taken back. It is
tight when `label[j] - label[i]` is its gain: along tight arcs flow moves at no cost.

A party's `excess` is what is still to be routed from it; below zero it is what it still lacks.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int8s = NDArray[np.int8]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


class Graph(NamedTuple):
    """Arcs by their tails, and by their heads.

    Attributes:
        first: Shape (parties + 1,): where the arcs of each tail begin.
        head: Shape (arcs,).
        gain: Shape (arcs,): what one unit set off counts: 1, or 0 for what is only passed on.
        into_first: Shape (parties + 1,): where those of each head begin.
        into: Shape (arcs,): the arcs by head; the next two are theirs.
    """

    first: Int32s
    head: Int32s
    gain: Int8s
    into_first: Int32s
    into: Int32s
    into_tail: Int32s
    into_gain: Int8s


FAR = np.int32(2**30)  # a height from which nothing that lacks is reached, or a distance unknown

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Have numba compile a function when it is first called, and keep what it made."""
    made: Any = njit(cache=True, nogil=True)(function)
    return cast("F", made)


@compiled
def counted(key: Int32s, parties: int) -> Int32s:
    """Where the items of each party begin, in the order of parties; one more for the end."""
    first = np.zeros(parties + 1, np.int32)
    for k in range(len(key)):
        first[key[k] + 1] += 1
    for party in range(parties):
        first[party + 1] += first[party]
    return first


@compiled
def sorted_by(key: Int32s, before: Int32s, parties: int) -> Int32s:
    """Sort items that are in the order `before` by their parties; equal ones keep that order."""
    at = counted(key, parties)
    order = np.empty(len(key), np.int32)
    for k in before:
        order[at[key[k]]] = k
        at[key[k]] += 1
    return order


@compiled
def merged(
    order: Int32s, debtor: Int32s, creditor: Int32s, units: Int64s
) -> tuple[Int32s, Int32s, Int64s]:
    """Make one arc of the obligations of a pair: tails, heads, and what is owed."""
    arcs = 0
    for at in range(len(order)):
        k, before = order[at], order[max(at - 1, 0)]
        if at == 0 or debtor[k] != debtor[before] or creditor[k] != creditor[before]:
            arcs += 1
    tail, head = np.empty(arcs, np.int32), np.empty(arcs, np.int32)
    owed = np.zeros(arcs, np.int64)
    arc = -1
    for k in order:
        if arc < 0 or debtor[k] != tail[arc] or creditor[k] != head[arc]:
            arc += 1
            tail[arc], head[arc] = debtor[k], creditor[k]
        owed[arc] += units[k]
    return tail, head, owed


@compiled
def shared_out(
    order: Int32s, debtor: Int32s, creditor: Int32s, units: Int64s, cleared: Int64s
) -> Int64s:
    """Give each obligation what the earlier ones of its pair leave of the pair's set-off."""
    given = np.empty(len(units), np.int64)
    arc = -1
    left = np.int64(0)
    last = order[0]
    for k in order:
        if arc < 0 or debtor[k] != debtor[last] or creditor[k] != creditor[last]:
            arc += 1
            left = cleared[arc]
            last = k
        given[k] = min(left, units[k])
        left -= given[k]
    return given


@compiled
def net_of(tail: Int32s, head: Int32s, units: Int64s, parties: int) -> Int64s:
    """What leaves each party less what reaches it."""
    net = np.zeros(parties, np.int64)
    for e in range(len(tail)):
        net[tail[e]] += units[e]
        net[head[e]] -= units[e]
    return net


@compiled
def lacking(excess: Int64s) -> int:
    """How much all parties together still lack."""
    units = np.int64(0)
    for one in excess:
        units -= min(one, 0)
    return int(units)
