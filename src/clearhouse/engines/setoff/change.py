"""Solve a network again after a change, from the last labels.

Labels prove a bound whatever is owed, so they hold on: each arc is set by its reduced cost, and
only one with none keeps what was set off of it. What no longer adds up at a party is routed anew,
near where it is (`near`), or all is solved from nothing if that grows.
"""

from dataclasses import dataclass

import numpy as np

from clearhouse.engines.setoff.certificate import broken
from clearhouse.engines.setoff.distances import shortest
from clearhouse.engines.setoff.kernels import FAR, Int8s, Int32s, Int64s, compiled
from clearhouse.engines.setoff.near import settled
from clearhouse.engines.setoff.network import PARTIES_MAX, TOTAL_MAX, Network, network, total
from clearhouse.engines.setoff.primal_dual import solve

LABEL_MAX = 2**29  # so that no sum of labels and steps comes near FAR


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """A greatest set-off. It has no frontier: prices are those of a run from nothing alone.

    Attributes:
        cleared: Shape (arcs,), as of a `Solution`.
        label: Shape (parties,): labels that prove it, 0 or more.
        is_near: Whether it was found near the change; else from nothing.
    """

    cleared: Int64s
    label: Int32s
    is_near: bool


def changed(
    net: Network, debtor: Int64s, creditor: Int64s, units: Int64s, parties: int | None = None
) -> Network:
    """Make the network in which some pairs owe other amounts.

    Pairs that the network knows are changed without sorting: the new network shares its graph, and
    an arc on which nothing is owed any more stays. `order` is empty, for obligations are not known.

    Args:
        net: Is not written to.
        debtor: Shape (n,): of each pair, which is named once.
        creditor: Shape (n,).
        units: Shape (n,): what the pair owes from now on, 0 or more.
        parties: How many there are from now on; as many as before if it is not said.

    Raises:
        ValueError: The arrays break these bounds, or those of `network`.
    """
    parties = net.parties if parties is None else parties
    _check(net, debtor, creditor, units, parties)
    ends = debtor.astype(np.int32), creditor.astype(np.int32)
    at = _found(net.graph.first, net.head, *ends)
    owed, is_known = net.owed.copy(), at >= 0
    owed[at[is_known]] = units[is_known]
    is_new = ~is_known & (units > 0)
    if parties == net.parties and not is_new.any():
        if total(owed) > TOTAL_MAX:
            raise ValueError("the sum of all units passes TOTAL_MAX")
        empty = np.empty(0, np.int32)
        return Network(parties, empty, net.tail, net.head, owed, net.graph)
    left = owed > 0
    joined = [
        np.concatenate([old[left].astype(np.int64), new[is_new]])
        for old, new in ((net.tail, debtor), (net.head, creditor), (owed, units))
    ]
    made = network(joined[0], joined[1], joined[2], parties)
    return Network(parties, np.empty(0, np.int32), made.tail, made.head, made.owed, made.graph)


def again(net: Network, before: Network, cleared: Int64s, label: Int32s) -> Again:
    """Find the greatest set-off of a network that is nearly another.

    Args:
        net: May be made by `changed`, or by `network` of all obligations; of plain arcs, whose
            gains are 1.
        before: The network that was solved; it has no more parties than `net`.
        cleared: Shape (arcs of `before`,): what was set off. Whatever is given, what is returned
            is the greatest: what does not fit costs time only.
        label: Shape (parties of `before`,): the labels that proved it, from 0 to 2**29; the same.

    Raises:
        ValueError: The arrays are of other shapes or types, or labels of other sizes.
    """
    check_last(net, before, cleared, label)
    last = cleared
    if net.graph is not before.graph:
        last = _carried(before.graph.first, before.head, cleared, net.tail, net.head)
    labels = np.zeros(net.parties, np.int32)
    labels[: before.parties] = label
    flow, excess, free = _set(net.tail, net.head, net.owed, net.gain, last, labels)
    is_near = settled(net, flow, labels, excess, free)
    if not is_near:
        found = solve(net)
        return Again(found.cleared, found.label, is_near=False)
    labels -= labels.min(initial=FAR)
    if labels.max(initial=0) > LABEL_MAX:
        shortest(net.graph, net.owed, flow, labels)
    np.subtract(net.owed, flow, out=flow)
    assert broken(net.tail, net.head, net.owed, net.gain, flow, labels) < 0
    return Again(flow, labels, is_near=True)


def find_arc(net: Network, debtor: int, creditor: int) -> int:
    """The arc of a pair; -1 if there is none."""
    if not (0 <= debtor < net.parties and 0 <= creditor < net.parties):
        return -1
    return int(_arc(net.graph.first, net.head, debtor, creditor))


def _check(net: Network, debtor: Int64s, creditor: Int64s, units: Int64s, parties: int) -> None:
    if not (debtor.dtype == creditor.dtype == units.dtype == np.int64):
        raise ValueError("arrays are int64")
    if not (debtor.ndim == 1 and debtor.shape == creditor.shape == units.shape):
        raise ValueError("arrays have one dimension and one length")
    if not net.parties <= parties <= PARTIES_MAX:
        raise ValueError(f"{parties} parties after {net.parties}")
    for end in (debtor, creditor):
        if len(end) and (end.min() < 0 or end.max() >= parties):
            raise ValueError("a party is from 0 to parties - 1")
    if np.any(debtor == creditor):
        raise ValueError("nobody owes itself")
    if len(units) and (units.min() < 0 or units.max() > TOTAL_MAX or total(units) > TOTAL_MAX):
        raise ValueError("units are from 0 to TOTAL_MAX, all together")
    pair = np.sort(debtor * np.int64(max(parties, 1)) + creditor)
    if np.any(pair[1:] == pair[:-1]):
        raise ValueError("a pair is named twice")


def check_last(net: Network, before: Network, cleared: Int64s, label: Int32s) -> None:
    """Refuse (ValueError) what cannot be of a solution of the network before."""
    if cleared.dtype != np.int64 or label.dtype != np.int32:
        raise ValueError("what was set off is int64, and labels are int32")
    if cleared.shape != before.owed.shape or label.shape != (before.parties,):
        raise ValueError("what was set off, and labels, are those of the network before")
    if before.parties > net.parties:
        raise ValueError("a party is gone: let it stay, and owe nothing")
    if len(label) and (label.min() < 0 or label.max() > LABEL_MAX):
        raise ValueError("labels are from 0 to 2**29")


@compiled
def _arc(first: Int32s, head: Int32s, i: int, j: int) -> int:
    if i + 1 >= len(first):
        return -1
    low, high = first[i], first[i + 1]
    while low < high:
        middle = (low + high) // 2
        if head[middle] < j:
            low = middle + 1
        else:
            high = middle
    return int(low) if low < first[i + 1] and head[low] == j else -1


@compiled
def _found(first: Int32s, head: Int32s, debtor: Int32s, creditor: Int32s) -> Int32s:
    """The arc of each pair; -1 where there is none."""
    at = np.empty(len(debtor), np.int32)
    for k in range(len(debtor)):
        at[k] = _arc(first, head, debtor[k], creditor[k])
    return at


@compiled
def _carried(first: Int32s, before: Int32s, cleared: Int64s, tail: Int32s, head: Int32s) -> Int64s:
    """What was set off of each arc; 0 of a new one. Both are sorted, and walked once."""
    carried = np.zeros(len(tail), np.int64)
    at, last = 0, -1
    for e in range(len(tail)):
        i = tail[e]
        if i + 1 >= len(first):
            break
        if i != last:
            at, last = first[i], i
        while at < first[i + 1] and before[at] < head[e]:
            at += 1
        if at < first[i + 1] and before[at] == head[e]:
            carried[e] = cleared[at]
    return carried


@compiled
def _set(
    tail: Int32s, head: Int32s, owed: Int64s, gain: Int8s, cleared: Int64s, label: Int32s
) -> tuple[Int64s, Int64s, Int32s]:
    """Set each arc by its reduced cost.

    Returns:
        What remains, what does not add up at each party, and which arcs are free.
    """
    flow, excess = np.empty(len(tail), np.int64), np.zeros(len(label), np.int64)
    free, count = np.empty(len(tail), np.int32), 0
    for e in range(len(tail)):
        rc = gain[e] + label[tail[e]] - label[head[e]]
        off = owed[e] if rc > 0 else np.int64(0)
        if rc == 0:
            off = min(max(cleared[e], 0), owed[e])
            if 0 < off < owed[e]:
                free[count] = e
                count += 1
        flow[e] = owed[e] - off
        excess[tail[e]] += off
        excess[head[e]] -= off
    return flow, excess, free[:count]
