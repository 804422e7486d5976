"""The widest tree: what a change left unbalanced, moved by way of one party.

An arc that is set off in part, and whose labels leave it free, moves both ways at no cost. Of such
arcs a tree is made, in which the narrowest arc of everybody's way to the root is as wide as can be,
to a power of two (Prim, 1957). What does not add up goes up this tree in one pass, those furthest
from the root first, so that most of it meets on the way. What finds no room is brought one by one:
a search near a party, along tight arcs, for somebody whose way to the root is open, or with whom it
evens out. Where the search ends too early, the labels of those whom it reached, and theirs alone,
move by the least that opens an arc (primal-dual). So it costs what has to change, not what there
is. It asks for a root that nearly all can reach with much; who calls looks whether it is so.
"""

from typing import NamedTuple

import numpy as np

from clearhouse.engines.setoff.kernels import FAR, Graph, Int8s, Int32s, Int64s, compiled

NOBODY = np.int32(-1)
STALE = 16  # ways that are found shut before a search begins again
BITS = 64  # of a width
UP, DOWN = np.int8(1), np.int8(2)  # which ways between a party and the root are open


class Tree(NamedTuple):
    """Ways to the root.

    Attributes:
        order: Shape (in the tree,): the root, then others, each behind the one that it hangs from.
        up: Shape (parties,): the next party towards the root; NOBODY outside the tree.
        via: Shape (parties,): the arc to it; inverted (~) where it is an arc from it.
        is_open: Shape (parties,): UP and DOWN, one bit each; set where a way may be open.
    """

    order: Int32s
    up: Int32s
    via: Int32s
    is_open: Int8s


class Search(NamedTuple):
    """What searches near a party write down; all shapes are (parties,) but the last.

    Attributes:
        reached: Who was reached, in that order.
        back: From whom.
        by: Over which arc; inverted (~) where from its head.
        mark: In which search.
        at: Shape (2,): how many searches there were, and at how many arcs they looked.
    """

    reached: Int32s
    back: Int32s
    by: Int32s
    mark: Int64s
    at: Int64s


def search(parties: int) -> Search:
    """No search yet."""
    reached, back, by = (np.empty(parties, np.int32) for _ in range(3))
    return Search(reached, back, by, np.zeros(parties, np.int64), np.zeros(2, np.int64))


@compiled
def tree(graph: Graph, tail: Int32s, owed: Int64s, flow: Int64s, free: Int32s) -> Tree:
    """Make the widest tree of free arcs, from the party whose arcs together are the widest."""
    head, parties = graph.head, len(graph.first) - 1
    start, wide = np.zeros(parties + 1, np.int32), np.zeros(parties, np.int64)
    for e in free:
        for v in (tail[e], head[e]):
            start[v + 1] += 1
            wide[v] += min(flow[e], owed[e] - flow[e])
    root = 0
    for v in range(parties):
        start[v + 1] += start[v]
        root = v if wide[v] > wide[root] else root
    # Of each party's arcs: to whom, over what from there, and how many bits its width has.
    to, from_there = np.empty(2 * len(free), np.int32), np.empty(2 * len(free), np.int32)
    width, fill = np.empty(2 * len(free), np.int8), start[:-1].copy()
    for e in free:
        i, j = tail[e], head[e]
        units, bits = min(flow[e], owed[e] - flow[e]), 0
        while units > 0:
            units >>= 1
            bits += 1
        to[fill[i]], from_there[fill[i]], width[fill[i]] = j, ~e, bits
        to[fill[j]], from_there[fill[j]], width[fill[j]] = i, e, bits
        fill[i] += 1
        fill[j] += 1
    up, via = np.full(parties, NOBODY, np.int32), np.empty(parties, np.int32)
    order, is_open = np.empty(parties, np.int32), np.zeros(parties, np.int8)
    bucket, behind = np.full(BITS, NOBODY, np.int32), np.empty(2 * len(free), np.int32)
    order[0], up[root], count = root, root, 1
    v, bits = root, 0
    while bits >= 0:
        for k in range(start[v], start[v + 1]):
            if up[to[k]] < 0:
                behind[k] = bucket[width[k]]
                bucket[width[k]] = k
                bits = max(bits, width[k])
        while bits >= 0:  # the widest arc that leads on
            k = bucket[bits]
            if k < 0:
                bits -= 1
                continue
            bucket[bits] = behind[k]
            if up[to[k]] < 0:
                v, e = to[k], from_there[k]
                up[v], via[v] = head[e] if e >= 0 else tail[~e], e
                order[count] = v
                count += 1
                break
    return Tree(order[:count], up, via, is_open)


@compiled
def _room(owed: Int64s, flow: Int64s, via: int) -> int:
    return int(owed[via] - flow[via] if via >= 0 else flow[~via])


@compiled
def _move(flow: Int64s, via: int, units: int) -> None:
    if via >= 0:
        flow[via] += units
    else:
        flow[~via] -= units


@compiled
def gather(trunk: Tree, owed: Int64s, flow: Int64s, excess: Int64s) -> tuple[int, int]:
    """Move all that does not add up towards the root, as far as there is room.

    Returns:
        From how many parties the way to the root is open now, and to how many the way back.
    """
    order, up, via, is_open = trunk
    for at in range(len(order) - 1, 0, -1):
        v = order[at]
        units = excess[v]
        if units > 0:
            units = min(units, _room(owed, flow, via[v]))
        elif units < 0:
            units = -min(-units, _room(owed, flow, ~via[v]))
        if units != 0:
            _move(flow, via[v], units)
            excess[v] -= units
            excess[up[v]] += units
    is_open[order[0]] = UP | DOWN
    ups = downs = 0
    for at in range(1, len(order)):
        v = order[at]
        above, here = is_open[up[v]], np.int8(0)
        if above & UP and _room(owed, flow, via[v]) > 0:
            here |= UP
            ups += 1
        if above & DOWN and _room(owed, flow, ~via[v]) > 0:
            here |= DOWN
            downs += 1
        is_open[v] = here
    return ups, downs


@compiled
def _end(
    trunk: Tree, owed: Int64s, flow: Int64s, excess: Int64s, v: int, side: int
) -> tuple[int, int]:
    """Where a way up from a party ends, and how much can go there; nowhere if it is shut.

    It ends at the root, or before it at somebody with whom it evens out.
    """
    up, via, is_open = trunk.up, trunk.via, trunk.is_open
    way = UP if side > 0 else DOWN
    if is_open[v] & way == 0:
        return -1, 0
    units, at, root = 2**62, v, trunk.order[0]
    while at != root and excess[at] * side >= 0:
        room = _room(owed, flow, via[at] if side > 0 else ~via[at])
        if room == 0 or is_open[up[at]] & way == 0:
            shut, at = at, v
            while at != shut:
                is_open[at] &= ~way
                at = up[at]
            is_open[shut] &= ~way
            return -1, 0
        units = min(units, room)
        at = up[at]
    return at, units


@compiled
def _raise(
    trunk: Tree,
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
    found: Search,
    count: int,
    side: int,
) -> bool:
    """Move the labels of all who were reached until an arc leads on; whether there is one."""
    first, head, gain, into_first, into, into_tail, into_gain = graph
    reached, mark, this = found.reached, found.mark, found.at[0]
    least = np.int64(FAR)
    for at in range(count):
        v = reached[at]
        here = label[v]
        for e in range(first[v], first[v + 1]):
            i = head[e]
            cost = side * (gain[e] + here - label[i])
            if cost < least and mark[i] != this:
                room = owed[e] - flow[e] if side > 0 else flow[e]
                if room > 0:
                    least = cost
        for k in range(into_first[v], into_first[v + 1]):
            i, e = into_tail[k], into[k]
            cost = side * (here - label[i] - into_gain[k])
            if cost < least and mark[i] != this:
                room = flow[e] if side > 0 else owed[e] - flow[e]
                if room > 0:
                    least = cost
        found.at[1] += first[v + 1] - first[v] + into_first[v + 1] - into_first[v]
    if least >= FAR:
        return False
    for at in range(count):
        v = reached[at]
        label[v] -= side * least
        trunk.is_open[v] = 0
    return True


@compiled
def _carry(
    trunk: Tree,
    owed: Int64s,
    flow: Int64s,
    excess: Int64s,
    found: Search,
    s: int,
    t: int,
    side: int,
) -> int:
    """Move what can be from the first reached to another, and from there up to an end.

    Returns:
        How much; 0 if the way between the two is full by now, -1 if the way up is shut.
    """
    back, by = found.back, found.by
    end, units = t, 2**62
    if excess[t] * side >= 0:
        end, units = _end(trunk, owed, flow, excess, t, side)
    if end < 0:
        return -1
    units = min(units, abs(excess[s]))
    if excess[end] * side < 0:
        units = min(units, abs(excess[end]))
    v = t
    while v != s and units > 0:
        units = min(units, _room(owed, flow, by[v] if side > 0 else ~by[v]))
        v = back[v]
    if units == 0:
        return 0
    v = t
    while v != s:
        _move(flow, by[v], side * units)
        v = back[v]
    while t != end:
        _move(flow, trunk.via[t], side * units)
        t = trunk.up[t]
    excess[s] -= side * units
    excess[end] += side * units
    return int(units)


@compiled
def _spend(
    trunk: Tree,
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
    excess: Int64s,
    found: Search,
    s: int,
    side: int,
    work_max: int,
) -> None:
    """Bring all that a party has to route, or lacks, to where it can go, if it asks no more."""
    first, head, gain, into_first, into, into_tail, into_gain = graph
    reached, back, by, mark, work = found
    is_open, way = trunk.is_open, UP if side > 0 else DOWN
    while True:
        work[0] += 1
        this, count, at = work[0], 1, 0
        reached[0], mark[s] = s, this
        is_any, stale = False, 0
        while at < count and stale < STALE and excess[s] != 0:
            v = reached[at]
            at += 1
            here, begin, into_begin = label[v], first[v], into_first[v]
            out = first[v + 1] - begin
            arcs = out + into_first[v + 1] - into_begin
            work[1] += arcs
            if work[1] > work_max:
                return
            for t in range(arcs):
                if t < out:
                    via = begin + t
                    i = head[via]
                    if label[i] - here != gain[via] or mark[i] == this:
                        continue
                else:
                    k = into_begin + t - out
                    i = into_tail[k]
                    if here - label[i] != into_gain[k] or mark[i] == this:
                        continue
                    via = ~into[k]
                if _room(owed, flow, via if side > 0 else ~via) == 0:
                    continue
                mark[i], back[i], by[i] = this, v, via
                reached[count] = i
                count += 1
                while excess[i] * side < 0 or is_open[i] & way:
                    moved = _carry(trunk, owed, flow, excess, found, s, i, side)
                    is_any = is_any or moved > 0
                    stale += moved == 0
                    if moved <= 0 or excess[s] == 0:
                        break
                if stale == STALE or excess[s] == 0:
                    break
        if excess[s] == 0:
            return
        if not is_any and not _raise(trunk, graph, owed, flow, label, found, count, side):
            return


@compiled
def bring(
    trunk: Tree,
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
    excess: Int64s,
    found: Search,
    side: int,
    work_max: int,
    each_max: int,
) -> None:
    """Bring to the root, or even out before it, what is to be routed (side 1) or lacks (-1).

    Args:
        trunk: Of these flows and labels, with all gathered that could be.
        work_max: At how many arcs all searches so far may have looked when no other begins.
        each_max: At how many those for one party may look. Whoever asks more keeps what is left.
    """
    root, work = trunk.order[0], found.at
    for s in range(len(excess)):
        while excess[s] * side > 0 and s != root:
            if _carry(trunk, owed, flow, excess, found, s, s, side) < 0:
                break
        if excess[s] * side > 0 and s != root and work[1] < work_max:
            most = min(work_max, work[1] + each_max)
            _spend(trunk, graph, owed, flow, label, excess, found, s, side, most)
