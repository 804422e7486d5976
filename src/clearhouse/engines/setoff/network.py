"""`Network`: obligations as arcs between parties, one for each pair, in an order of their own.

The arcs are sorted by debtor and creditor, so nothing that is computed from them depends on the
order of the obligations.
"""

from dataclasses import dataclass

import numpy as np

from clearhouse.engines.setoff import kernels
from clearhouse.engines.setoff.kernels import Graph, Int8s, Int32s, Int64s

# Of all units together: no sum of some of them, and no excess, leaves int64.
TOTAL_MAX = 2**62
PARTIES_MAX = 2**28  # labels stay below kernels.FAR
OBLIGATIONS_MAX = 2**30 - 1  # an arc has two ends, which int32 numbers


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Who owes whom; made by `network`.

    Attributes:
        parties: How many there are, numbered from 0.
        order: Shape (obligations,): by debtor, then creditor, then as they were given.
        tail: Shape (arcs,): who owes.
        head: Shape (arcs,): whom.
        owed: Shape (arcs,): how much, in units.
        graph: The same arcs by debtor and by creditor, and what a unit of each counts.
    """

    parties: int
    order: Int32s
    tail: Int32s
    head: Int32s
    owed: Int64s
    graph: Graph

    @property
    def gain(self) -> Int8s:
        """Shape (arcs,): what one unit set off counts: 1, or 0 for what is only passed on."""
        return self.graph.gain


def network(debtor: Int64s, creditor: Int64s, units: Int64s, parties: int) -> Network:
    """Put obligations together.

    Args:
        debtor: Shape (n,): who owes, from 0 to parties - 1.
        creditor: Shape (n,): to whom; never the debtor.
        units: Shape (n,): how much, above zero; all together at most TOTAL_MAX.
        parties: How many there are.

    Raises:
        ValueError: The arrays break one of these bounds.
    """
    _check(debtor, creditor, units, parties)
    debtors, creditors = debtor.astype(np.int32), creditor.astype(np.int32)
    as_given = np.arange(len(units), dtype=np.int32)
    by_creditor = kernels.sorted_by(creditors, as_given, parties)
    order = kernels.sorted_by(debtors, by_creditor, parties)
    tail, head, owed = kernels.merged(order, debtors, creditors, units)
    return of_arcs(order, tail, head, owed, np.ones(len(tail), np.int8), parties)


def of_arcs(
    order: Int32s, tail: Int32s, head: Int32s, owed: Int64s, gain: Int8s, parties: int
) -> Network:
    """Index arcs that are sorted by tail and head, each pair once."""
    into = kernels.sorted_by(head, np.arange(len(tail), dtype=np.int32), parties)
    first, into_first = kernels.counted(tail, parties), kernels.counted(head, parties)
    graph = Graph(first, head, gain, into_first, into, tail[into], gain[into])
    return Network(parties, order, tail, head, owed, graph)


def memory_needed(obligations: int, parties: int) -> int:
    """How many bytes a set-off takes at most beside its input.

    That is when no pair has two obligations and every arc is tight; most networks take half.
    """
    sorting, arcs, tight, for_each = 20, 56, 36, 72
    return obligations * (sorting + arcs + tight) + parties * for_each


def total(units: Int64s) -> int:
    """Sum int64 exactly, in two halves that cannot overflow."""
    return (int((units >> 32).sum()) << 32) + int((units & 0xFFFFFFFF).sum())


def _check(debtor: Int64s, creditor: Int64s, units: Int64s, parties: int) -> None:
    if not (debtor.dtype == creditor.dtype == units.dtype == np.int64):
        raise ValueError("arrays are int64")
    if not (debtor.ndim == 1 and debtor.shape == creditor.shape == units.shape):
        raise ValueError("arrays have one dimension and one length")
    if not 0 <= parties <= PARTIES_MAX:
        raise ValueError(f"{parties} parties")
    if len(units) > OBLIGATIONS_MAX:
        raise ValueError(f"{len(units)} obligations")
    for end in (debtor, creditor):
        if len(end) and (end.min() < 0 or end.max() >= parties):
            raise ValueError("a party is from 0 to parties - 1")
    if np.any(debtor == creditor):
        raise ValueError("nobody owes itself")
    if len(units) and units.min() <= 0:
        raise ValueError("units are above zero")
    if total(units) > TOTAL_MAX:
        raise ValueError("the sum of all units passes TOTAL_MAX")
