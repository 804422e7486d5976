"""Routing from the last labels: over the widest tree where that is wide, else price by price.

Where one party can be reached from nearly all with much, most of what a change unbalances goes by
way of it, and the rest is brought from nearby (`widest`). What asks too much of that is parties so
large that what they lost or won has to pass through much of the network: so much as labels allow is
then routed at once (`routing`), over all tight arcs, and whoever still reaches somebody that lacks
is raised. Then the tree is tried again.
"""

import numpy as np

from clearhouse.engines.setoff import routing
from clearhouse.engines.setoff.distances import jump
from clearhouse.engines.setoff.kernels import FAR, Graph, Int32s, Int64s, compiled
from clearhouse.engines.setoff.network import Network
from clearhouse.engines.setoff.widest import bring, gather, search, tree

ROUNDS = 32  # after so many prices all is solved from nothing
OPEN_SHARE = 4  # a tree is wide if one party in so many has an open way to its root, and one back
NARROW_WAIT = 3  # prices until a tree is made again after one that was not wide
# At how many arcs is looked in one round, as a share of all, and for one party; so many always.
WORK_SHARE, WORK_LEAST = 4, 1 << 16
EACH_SHARE, EACH_LEAST = 8, 1 << 14


def settled(net: Network, flow: Int64s, label: Int32s, excess: Int64s, free: Int32s) -> bool:
    """Route all that does not add up, if that is done soon.

    Args:
        net: Of plain arcs.
        flow: Shape (arcs,): what remains of each, as its label has it; is written to.
        label: Shape (parties,); is written to.
        excess: Shape (parties,): what is to be routed from each; is written to.
        free: The arcs that are tight, and set off in part.

    Returns:
        Whether nothing is left: then the labels prove the flow. Else both are of no use.
    """
    arcs, found, wait = len(net.owed), search(net.parties), 0
    for at in range(ROUNDS):
        if not excess.any():
            return True
        if at >= wait:
            if at:
                free = _free(net.graph, net.owed, flow, label)
            trunk = tree(net.graph, net.tail, net.owed, flow, free)
            ways = gather(trunk, net.owed, flow, excess)
            is_wide = OPEN_SHARE * min(ways) >= net.parties
            if is_wide:
                most = found.at[1] + max(WORK_SHARE * arcs, WORK_LEAST)
                each = max(arcs // EACH_SHARE, EACH_LEAST)
                for side in (1, -1):
                    bring(
                        trunk,
                        net.graph,
                        net.owed,
                        flow,
                        label,
                        excess,
                        found,
                        side,
                        most,
                        each,
                    )
            wait = at + 1 if is_wide else at + NARROW_WAIT
            if not excess.any():
                return True
        if not _price(net, flow, label, excess):
            return False
    return not excess.any()


def _price(net: Network, flow: Int64s, label: Int32s, excess: Int64s) -> bool:
    """Route what labels allow, and raise whoever still reaches somebody that lacks.

    Returns:
        Whether that is of use: not if nobody that lacks can be reached.
    """
    arcs, start = _tight(net.graph, label)
    near, twin = np.empty(2 * len(arcs), np.int32), np.empty(2 * len(arcs), np.int32)
    room, at_head = np.empty(2 * len(arcs), np.int64), np.empty(len(arcs), np.int32)
    height = np.empty(net.parties, np.int32)  # which has been something else before
    routing.compact(
        net.parties,
        arcs,
        net.head[arcs],
        start,
        height,
        net.owed,
        flow,
        near,
        room,
        twin,
        at_head,
    )
    routing.heights(start, near, room, twin, excess, height)
    if not np.any((excess > 0) & (height < FAR)):
        is_few = int(label.max()) - int(label.min()) <= net.parties  # jump has a bucket for each
        return is_few and jump(net.graph, net.owed, flow, label, excess) >= 0
    routing.push(start, near, room, twin, excess, height)
    everybody = np.arange(net.parties, dtype=np.int32)
    routing.write_back(everybody, arcs, at_head, room, excess, height, flow, excess, label)
    return True


@compiled
def _free(graph: Graph, owed: Int64s, flow: Int64s, label: Int32s) -> Int32s:
    """List the arcs that are tight, and set off in part."""
    first, head, gain = graph.first, graph.head, graph.gain
    free, count = np.empty(len(head), np.int32), 0
    for v in range(len(label)):
        here = label[v]
        for e in range(first[v], first[v + 1]):
            if label[head[e]] - here == gain[e] and 0 < flow[e] < owed[e]:
                free[count] = e
                count += 1
    return free[:count]


@compiled
def _tight(graph: Graph, label: Int32s) -> tuple[Int32s, Int32s]:
    """List the tight arcs, and how many each party has, behind its own place."""
    first, head, gain = graph.first, graph.head, graph.gain
    start = np.zeros(len(first), np.int32)
    arcs, count = np.empty(len(head), np.int32), 0
    for v in range(len(label)):
        here, begin = label[v], count
        for e in range(first[v], first[v + 1]):
            if label[head[e]] - here == gain[e]:
                arcs[count] = e
                count += 1
        start[v + 1] = count - begin
    return arcs[:count], start
