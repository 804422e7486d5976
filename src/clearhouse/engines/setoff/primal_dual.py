"""Solve for the greatest set-off, label by label.

What remains of the obligations is the least flow that carries the net positions, each unit of it
costing one for each arc that it passes. It is found from nothing, primal-dual: for each price p
from 1 on, as much as possible is routed over ways of p steps from who owes more to who is owed
more. Labels tell which arcs lie on such ways; they change by one, or jump when nothing could move.

So the run tells the frontier, too: a unit routed at price p is one for which a unit of cash put in
at the way's beginning, and taken out at its end, would clear p units of debt.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.setoff import kernels, routing
from clearhouse.engines.setoff.certificate import broken
from clearhouse.engines.setoff.components import components, spread_labels
from clearhouse.engines.setoff.distances import jump
from clearhouse.engines.setoff.kernels import FAR, Int32s, Int64s
from clearhouse.engines.setoff.network import Network

# National networks end by price 21. Where ways are longer, there are chains, and what lies on no
# circle is taken out: above the first price if that is most of the network, above the other always.
PRICE_LOOK, PRICE_LONG = 8, 64


@dataclass(frozen=True, slots=True)
class Step:
    """Of the frontier: so many units of cash clear `price` units of debt each."""

    price: int
    units: int


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A greatest set-off.

    Attributes:
        cleared: Shape (arcs,): what is set off of each, from 0 to all that is owed.
        label: Shape (parties,): labels that prove it, 0 or more; others may, too.
        frontier: By falling price: with no cash at all the first step is ahead.
        longer: Units of cash that would clear more than that each, and come before the frontier:
            0 but for networks of long chains.
    """

    cleared: Int64s
    label: Int32s
    frontier: tuple[Step, ...]
    longer: int


def solve(net: Network, advance: Callable[[int], None] = lambda _: None) -> Solution:
    """Find the greatest set-off of a network.

    Args:
        advance: Is told again and again how many units are not routed yet.
    """
    run = _Run(net)
    steps: list[Step] = []
    longer = 0
    while lacking := kernels.lacking(run.excess):
        advance(lacking)
        if not run.is_cut and run.is_long():
            longer = lacking
            run.cut()
            continue
        price = run.route()
        if not run.is_cut:
            steps.append(Step(price, lacking - kernels.lacking(run.excess)))
    flow, label = run.whole()
    label -= label.min(initial=FAR)
    cleared = np.subtract(net.owed, flow, out=flow)  # in place: the peak of memory is here
    assert broken(net.tail, net.head, net.owed, net.gain, cleared, label) < 0
    return Solution(cleared, label, tuple(reversed(steps)), longer)


class _Run:
    """What is routed so far."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.owed = net.owed
        self.flow = np.zeros(len(net.owed), np.int64)
        self.label = np.zeros(net.parties, np.int32)
        self.excess = kernels.net_of(net.tail, net.head, net.owed, net.parties)
        self.raised = 0  # how far whoever lacks was raised: the price of what is routed next
        self.is_cut = False
        self._component: tuple[Int32s, int] | None = None
        self._place = np.empty(net.parties, np.int32)
        self._order = np.empty(net.parties, np.int32)
        self._height = np.empty(net.parties, np.int32)
        self._fill = np.empty(net.parties, np.int32)
        self._start = np.empty(net.parties + 1, np.int32)
        self._arcs = np.empty(len(net.owed), np.int32)
        self._ends = np.empty(len(net.owed), np.int32)

    def route(self) -> int:
        """Route all that can be routed at the next price at which anything can; that price."""
        count, sources = self._reached() if self.raised else (0, 0)
        if not sources:
            further = jump(self.net.graph, self.owed, self.flow, self.label, self.excess)
            assert further >= 0, "all that is owed is a flow that carries the net positions"
            self.raised += further
            count, sources = self._reached()
        found = routing.within(
            self.net.head, self._place, count, self._arcs, self._ends, self._start
        )
        arcs, start, height = self._arcs[:found], self._start[: count + 1], self._height[:count]
        near, twin = np.empty(2 * found, np.int32), np.empty(2 * found, np.int32)
        room, at_head = np.empty(2 * found, np.int64), np.empty(found, np.int32)
        ends, fill = self._ends[:found], self._fill
        routing.compact(
            count, arcs, ends, start, fill, self.owed, self.flow, near, room, twin, at_head
        )
        order = self._order[:count]
        places = self.excess[order]
        routing.push(start, near, room, twin, places, height)
        routing.write_back(
            order, arcs, at_head, room, places, height, self.flow, self.excess, self.label
        )
        self.raised += 1  # as their labels were
        return self.raised - 1

    def _reached(self) -> tuple[int, int]:
        return routing.reach(
            self.net.graph,
            self.owed,
            self.flow,
            self.label,
            self.excess,
            self._place,
            self._order,
            self._height,
            self._arcs,
            self._start,
        )

    def is_long(self) -> bool:
        """Whether what lies on no circle is better taken out."""
        if self.raised <= PRICE_LOOK or (self._component and self.raised <= PRICE_LONG):
            return False
        if self._component is None:
            self._component = components(self.net.graph.first, self.net.head)
        return self.raised > PRICE_LONG or 2 * self._inside().sum() < len(self.net.owed)

    def cut(self) -> None:
        """Go on without the arcs between components: all that is owed on them remains."""
        net, inside = self.net, self._inside()
        self.is_cut = True
        self.owed = np.where(inside, net.owed, 0)
        self.flow[~inside] = 0
        self.excess = kernels.net_of(net.tail, net.head, self.owed - self.flow, net.parties)

    def _inside(self) -> NDArray[np.bool_]:
        assert self._component is not None
        component, _ = self._component
        return np.asarray(component[self.net.tail] == component[self.net.head])

    def whole(self) -> tuple[Int64s, Int32s]:
        """All that remains, and labels that prove that it must."""
        if self.is_cut and self._component is not None:
            net, (component, found) = self.net, self._component
            spread_labels(net.graph, component, found, self.label)
            between = ~self._inside()
            self.flow[between] = net.owed[between]
        return self.flow, self.label
