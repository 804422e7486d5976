"""What a hold costs: how much more would be set off with an obligation, or less without it.

Labels bound the first at once: with rc = 1 + label[debtor] - label[creditor], each unit let in
wins rc at most, and nothing where rc is 0 or less. For on every circle the rc's add up to what the
circle wins, and those of what could still be changed are not above zero. Exactly, it is what a
re-solve from the last optimum wins, which searches near the two parties only.
"""

import numpy as np

from clearhouse.engines.setoff.certificate import broken
from clearhouse.engines.setoff.change import again, changed, check_last, find_arc
from clearhouse.engines.setoff.forest import ROUTED, WORTH, clear, forest, route
from clearhouse.engines.setoff.kernels import Int32s, Int64s
from clearhouse.engines.setoff.network import TOTAL_MAX, Network, total

# Arcs that are looked at, times all there are, before a network is solved from nothing instead.
WORK_SHARE, WORK_LEAST = 16, 1 << 16


def bound(label: Int32s, debtor: Int64s, creditor: Int64s) -> Int64s:
    """What each unit let in would win at most; in whole units.

    Args:
        label: Shape (parties,): labels that prove a greatest set-off.
        debtor: Shape (n,): who would owe. A party that is not in the network is on no circle.
        creditor: Shape (n,): to whom.

    Returns:
        Shape (n,): times the obligation's units it is a bound of `WhatIf.gain`.
    """
    parties = len(label)
    is_in = (debtor >= 0) & (debtor < parties) & (creditor >= 0) & (creditor < parties)
    won = np.zeros(len(debtor), np.int64)
    ends = label[debtor[is_in]].astype(np.int64), label[creditor[is_in]]
    won[is_in] = np.maximum(0, 1 + ends[0] - ends[1])
    return won


class WhatIf:
    """Questions to a solved network, of which each is answered as if it were the only one."""

    def __init__(self, net: Network, cleared: Int64s, label: Int32s) -> None:
        """Args are a network of plain arcs, whose gains are 1, and a proved greatest set-off.

        Raises:
            ValueError: The arrays are of other shapes, or prove nothing.
        """
        check_last(net, net, cleared, label)
        if broken(net.tail, net.head, net.owed, net.gain, cleared, label) >= 0:
            raise ValueError("the labels do not prove what is set off")
        self._net, self._cleared, self._label = net, cleared, label
        self._owed, self._remains = net.owed.copy(), net.owed - cleared
        self._total, self._room = total(cleared), TOTAL_MAX - total(net.owed)
        self._trees = forest(net.parties)
        self._flow, self._labels = np.empty_like(self._remains), np.empty_like(label)
        self._excess = np.zeros(net.parties, np.int64)

    def gain(self, debtor: int, creditor: int, units: int) -> int:
        """How much more is set off in all when a pair owes so much more.

        Raises:
            ValueError: The units are not above zero, pass TOTAL_MAX with the rest, or somebody
                would owe itself.
        """
        if not 0 < units <= self._room or debtor == creditor:
            raise ValueError("units are above zero, and TOTAL_MAX at most; nobody owes itself")
        parties = self._net.parties
        if not (0 <= debtor < parties and 0 <= creditor < parties):
            return 0
        won = 1 + int(self._label[debtor]) - int(self._label[creditor])
        if won <= 0:
            return 0
        self._begin()
        if self._route(debtor, creditor, units, won, -1):
            return int(self._trees.at[WORTH])
        return self._anew(debtor, creditor, units) - self._total

    def loss(self, debtor: int, creditor: int, units: int) -> int:
        """How much less is set off in all when a pair owes so much less.

        Raises:
            ValueError: The pair does not owe that much.
        """
        at = find_arc(self._net, debtor, creditor)
        if at < 0 or not 0 < units <= self._net.owed[at]:
            raise ValueError("the pair does not owe that much")
        back = units - int(self._remains[at])  # what of it was set off
        if back <= 0:
            return 0
        self._begin()
        lost = 1 + int(self._label[debtor]) - int(self._label[creditor])
        self._flow[at] = 0  # what is left of it is still set off, until it is routed otherwise
        self._owed[at] -= units
        is_done = self._route(creditor, debtor, back, lost, 1)
        self._owed[at] += units
        if is_done:
            assert self._trees.at[ROUTED] == back
            return int(self._trees.at[WORTH])
        return self._total - self._anew(debtor, creditor, -units)

    def _begin(self) -> None:
        np.copyto(self._flow, self._remains)
        np.copyto(self._labels, self._label)
        clear(self._trees)

    def _route(self, source: int, sink: int, units: int, price: int, step: int) -> bool:
        net, excess = self._net, self._excess
        excess.fill(0)
        excess[source], excess[sink] = units, -units
        most = WORK_LEAST + WORK_SHARE * len(net.owed)
        return bool(
            route(
                self._trees,
                net.graph,
                self._owed,
                self._flow,
                self._labels,
                excess,
                price,
                step,
                most,
            )
        )

    def _anew(self, debtor: int, creditor: int, more: int) -> int:
        at = find_arc(self._net, debtor, creditor)
        units = more + (int(self._net.owed[at]) if at >= 0 else 0)
        pair = [np.array([one], np.int64) for one in (debtor, creditor, units)]
        net = changed(self._net, pair[0], pair[1], pair[2])
        return total(again(net, self._net, self._cleared, self._label).cleared)
