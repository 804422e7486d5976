"""Set-off: the most debt that can be cancelled without anybody paying, and the proof of it.

Obligations `a[k]` run from debtor to creditor. Choose `z[k]` in [0, a[k]] with cleared-in equal to
cleared-out at every party, so that the sum of `z` is greatest (multilateral trade credit set-off).
No net position changes. What remains, `a - z`, is the least flow that carries the net positions
`out - in`, and that flow is found in integers throughout (`primal_dual`).

The optimum's total is unique, the way to reach it is not. Pairs are sorted before they are solved,
so the answer does not depend on the order of the input; which of several optima it is, is the
choice of this version of the engine. Parallel obligations of a pair are one arc, and their share is
given to them in the order of the input: the caller's order is the caller's rule.

```text
network        obligations as arcs, one a pair, sorted
primal_dual    the greatest set-off, its labels, the frontier of liquidity
kernels        what the compiled loops share; sorting and sums
change         the same after a change, from the last labels
near           routing what a change unbalanced
widest         one tree by which most of it meets
shadow         what a hold costs
forest         routing near two parties
routing        search, compact graph, push-relabel
distances      labels as distances
components     what lies on no circle
limits         caps of pairs and parties, cash, and passes, as arcs
certificate    the check that anybody can make
```
"""

import numpy as np

from clearhouse.engines.setoff import kernels
from clearhouse.engines.setoff.certificate import NotGreatest, broken, dual
from clearhouse.engines.setoff.change import Again, again, changed
from clearhouse.engines.setoff.distances import shortest
from clearhouse.engines.setoff.kernels import Int32s, Int64s
from clearhouse.engines.setoff.limits import FREE, Limited, Limits, Passed, limited, passes
from clearhouse.engines.setoff.network import TOTAL_MAX, Network, memory_needed, network, total
from clearhouse.engines.setoff.primal_dual import Solution, Step, solve
from clearhouse.engines.setoff.shadow import WhatIf, bound

__all__ = [
    "FREE",
    "TOTAL_MAX",
    "Again",
    "Int64s",
    "Limited",
    "Limits",
    "Network",
    "NotGreatest",
    "Passed",
    "Solution",
    "Step",
    "WhatIf",
    "again",
    "bound",
    "broken",
    "certified",
    "changed",
    "dual",
    "labels",
    "limited",
    "memory_needed",
    "network",
    "passes",
    "shared_out",
    "solve",
    "total",
]


def shared_out(
    net: Network, debtor: Int64s, creditor: Int64s, units: Int64s, cleared: Int64s
) -> Int64s:
    """Give each obligation its share of what is set off of its pair, the first given first.

    Args:
        net: Made of these obligations.
        debtor: Shape (n,), as the next two.
        creditor: To whom.
        units: How much.
        cleared: Shape (arcs,): what is set off of each pair.

    Returns:
        Shape (n,).
    """
    if not len(units):
        return np.zeros(0, np.int64)
    debtors, creditors = debtor.astype(np.int32), creditor.astype(np.int32)
    return kernels.shared_out(net.order, debtors, creditors, units, cleared)


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
        debtor: Shape (n,), as for `network`.
        creditor: Shape (n,).
        units: Shape (n,).
        cleared: Shape (n,): what is set off of each.
        parties: How many there are.

    Returns:
        Shape (parties,): the labels, 0 or more.

    Raises:
        NotGreatest: More could be set off.
    """
    net = network(debtor, creditor, units, parties)
    if np.any((cleared < 0) | (cleared > units)):
        raise NotGreatest("less than nothing is set off of one, or more than all of it")
    of_pairs = _of_pairs(net, debtor, creditor, cleared)
    label: Int32s = solve(net).label.copy()  # of another greatest, maybe: they prove every one
    if broken(net.tail, net.head, net.owed, net.gain, of_pairs, label) >= 0:
        raise NotGreatest("the set-off can be improved along a circle")
    shortest(net.graph, net.owed, net.owed - of_pairs, label)
    return label.astype(np.int64)


def certified(net: Network, solution: Solution) -> Int64s:
    """The labels that stand for a solution, as `labels` finds them, without solving again.

    The greatest of them less a party's own is what a unit of cash would clear that this party puts
    in: it is as long as the longest chain of debt that begins with it.

    Returns:
        Shape (parties,): 0 or more.
    """
    label = solution.label.copy()
    shortest(net.graph, net.owed, net.owed - solution.cleared, label)
    return label.astype(np.int64)


def _of_pairs(net: Network, debtor: Int64s, creditor: Int64s, units: Int64s) -> Int64s:
    _, _, together = kernels.merged(
        net.order, debtor.astype(np.int32), creditor.astype(np.int32), units
    )
    return together
