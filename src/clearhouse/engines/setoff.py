"""Maximum set-off: the most debt that can be cancelled without anybody paying.

Obligations `a[k]` run from debtor to creditor. Choose `z[k]` in [0, a[k]] with cleared-in equal to
cleared-out at every party, so that the sum of `z` is greatest (multilateral trade credit set-off).
No net position changes. What remains, `a - z`, is the least flow that carries the net positions
`out - in`: a minimum-cost flow with cost one on every arc, which is how it is solved here, by
OR-tools' cost-scaling push-relabel, in integers throughout.

The optimum's total is unique, the way to reach it is not. Pairs are sorted before they are solved,
so the answer does not depend on the order of the input; which of several optima it is, is the
choice of this solver at its pinned version. Parallel obligations of a pair are one arc, and their
share is given to them in the order of the input: the caller's order is the caller's rule.

OR-tools and highspy cannot be imported in one process (their symbols clash).
"""

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

Int64s = NDArray[np.int64]


class NotGreatest(ValueError):  # noqa: N818 - what is wrong, in a word
    """A set-off is not the greatest that there is."""


# Of all units together. OR-tools takes the largest int64 for infinity and refuses sums that reach
# it; one bit is left to it.
TOTAL_MAX = 2**62
PARTIES_MAX = 2**31 - 2  # the solver's nodes are int32


def maximum_set_off(debtor: Int64s, creditor: Int64s, units: Int64s, parties: int) -> Int64s:
    """Find what of each obligation is set off in an optimum.

    Args:
        debtor: Shape (n,): who owes, from 0 to parties - 1.
        creditor: Shape (n,): to whom; never the debtor.
        units: Shape (n,): how much, above zero; all together at most TOTAL_MAX.
        parties: How many there are.

    Returns:
        Shape (n,), aligned with the input: from 0 to `units`. Obligations of one pair are filled
        in the order given.

    Raises:
        ValueError: The arrays break one of these bounds.
    """
    _check(debtor, creditor, units, parties)
    if not len(units):
        return np.zeros(0, np.int64)

    order = np.lexsort((creditor, debtor))  # stable: within a pair the order given remains
    starts = np.flatnonzero(
        np.diff(debtor[order], prepend=-1) | np.diff(creditor[order], prepend=-1)
    )
    tail, head, ordered = debtor[order][starts], creditor[order][starts], units[order]
    owed = np.add.reduceat(ordered, starts)

    cleared = owed - _least_flow(tail, head, owed, parties)
    assert not _net(tail, head, cleared, parties).any(), "set-off changes no net position"
    assert np.all((cleared >= 0) & (cleared <= owed))

    # Each obligation gets what the pair's earlier ones leave of its share, up to all of itself.
    counts = np.diff(starts, append=len(order))
    earlier = np.cumsum(ordered) - ordered
    earlier -= np.repeat(earlier[starts], counts)
    answer = np.empty_like(units)
    answer[order] = np.clip(np.repeat(cleared, counts) - earlier, 0, ordered)
    return answer


def labels(
    debtor: Int64s, creditor: Int64s, units: Int64s, cleared: Int64s, parties: int
) -> Int64s:
    """Prove that a set-off is the greatest: a small label a party, by which anybody can check it.

    For each obligation let rc = 1 + label[debtor] - label[creditor]. Where rc > 0 it is wholly set
    off, where rc < 0 not at all: with conservation that is complementary slackness, so no other
    set-off is greater. The labels are the parties' distances in what could still be changed (a
    step along what was set off costs one, a step against what remains gains one), the least of
    them 0; there is one such set for each set-off, whoever computes it.

    Args:
        debtor: Shape (n,), as for `maximum_set_off`.
        creditor: Shape (n,).
        units: Shape (n,).
        cleared: Shape (n,): what is set off of each.
        parties: How many there are.

    Returns:
        Shape (parties,): the labels, 0 or more.

    Raises:
        NotGreatest: More could be set off.
    """
    label = np.zeros(parties, np.int64)
    forth, back = cleared > 0, cleared < units
    tails = np.concatenate([debtor[forth], creditor[back]])
    heads = np.concatenate([creditor[forth], debtor[back]])
    steps = np.concatenate(
        [np.ones(int(forth.sum()), np.int64), -np.ones(int(back.sum()), np.int64)]
    )
    for _ in range(parties + 1):  # Bellman-Ford: a shortest way has no party twice
        before = label.copy()
        np.minimum.at(label, heads, before[tails] + steps)
        if np.array_equal(before, label):
            return np.asarray(label - label.min(initial=0), np.int64)
    raise NotGreatest("the set-off can be improved along a circle")


def _least_flow(tail: Int64s, head: Int64s, capacity: Int64s, parties: int) -> Int64s:
    """Solve for the least flow within `capacity` that carries the net positions."""
    solver = SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), head.astype(np.int32), capacity, np.ones_like(capacity)
    )
    supply = _net(tail, head, capacity, parties)
    solver.set_nodes_supplies(np.arange(parties, dtype=np.int32), supply)
    status = solver.solve()
    # The whole of what is owed is a feasible flow, so there is an optimum.
    assert status == solver.OPTIMAL, f"the solver answers {status.name}"
    return np.asarray(solver.flows(arcs), np.int64)


def _net(tail: Int64s, head: Int64s, units: Int64s, parties: int) -> Int64s:
    """Sum, for each party, what leaves it less what reaches it."""
    net = np.zeros(parties, np.int64)
    np.add.at(net, tail, units)
    np.subtract.at(net, head, units)
    return net


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
    for end in (debtor, creditor):
        if np.any((end < 0) | (end >= parties)):
            raise ValueError("a party is from 0 to parties - 1")
    if np.any(debtor == creditor):
        raise ValueError("nobody owes itself")
    if np.any(units <= 0):
        raise ValueError("units are above zero")
    if total(units) > TOTAL_MAX:
        raise ValueError("the sum of all units passes TOTAL_MAX")
