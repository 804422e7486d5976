"""Routing: who can be reached, the tight arcs between them, and as much over those as can be.

Places number the parties that one search reaches, in the order in which it reaches them. The tight
arcs between them are written as a graph of its own, which is small and read in order.
"""

import numpy as np

from clearhouse.engines.setoff.kernels import FAR, Graph, Int32s, Int64s, compiled

SPARE = 4  # heights above the greatest of a search before a party is put aside until the next
OFTEN = 2  # how often all of a graph is looked at before its heights are searched again
RAISED = 12  # what raising a party costs beside looking at its arcs


@compiled
def reach(
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
    excess: Int64s,
    place: Int32s,
    order: Int32s,
    height: Int32s,
    arcs: Int32s,
    start: Int32s,
) -> tuple[int, int]:
    """Find who reaches somebody that lacks, along tight arcs; and the tight arcs between them.

    Returns:
        How many parties, now in `order`, with their `place` and `height` (the steps to whoever
        lacks); and how many of them have something to route. `arcs` lists the tight arcs of each
        place, as many as `start` has for it behind its own; some lead elsewhere.
    """
    first, head, gain, into_first, into, into_tail, into_gain = graph
    count = found = sources = 0
    for v in range(len(label)):
        place[v] = -1
        if excess[v] < 0:
            place[v] = count
            order[count] = v
            height[count] = 0
            count += 1
    at = 0
    while at < count:
        v = order[at]
        here = label[v]
        if excess[v] > 0:
            sources += 1
        for k in range(into_first[v], into_first[v + 1]):
            i = into_tail[k]
            if label[i] + into_gain[k] == here and place[i] < 0:
                e = into[k]
                if flow[e] < owed[e]:
                    place[i] = count
                    order[count] = i
                    height[count] = height[at] + 1
                    count += 1
        begin = found
        for e in range(first[v], first[v + 1]):
            i = head[e]
            if label[i] == here + gain[e]:
                arcs[found] = e
                found += 1
                if place[i] < 0 and flow[e] > 0:
                    place[i] = count
                    order[count] = i
                    height[count] = height[at] + 1
                    count += 1
        start[at + 1] = found - begin
        at += 1
    return count, sources


@compiled
def within(
    head: Int32s, place: Int32s, count: int, arcs: Int32s, ends: Int32s, start: Int32s
) -> int:
    """Keep of the listed arcs those between places, and list at which each ends; how many."""
    kept = k = 0
    for at in range(count):
        end, begin = k + start[at + 1], kept
        while k < end:
            to = place[head[arcs[k]]]
            if to >= 0:
                arcs[kept] = arcs[k]
                ends[kept] = to
                kept += 1
            k += 1
        start[at + 1] = kept - begin
    return kept


@compiled
def compact(
    count: int,
    arcs: Int32s,
    ends: Int32s,
    start: Int32s,
    fill: Int32s,
    owed: Int64s,
    flow: Int64s,
    near: Int32s,
    room: Int64s,
    twin: Int32s,
    at_head: Int32s,
) -> None:
    """Write the tight arcs as a graph of its own, each from both its ends.

    Of an arc's end at a place, `near` is the place at the other end, `room` what can be moved
    there, and `twin` the other end; the ends at each place stand together from `start` on.
    `at_head` is, of each listed arc, the end at its head, whose room is the arc's flow.
    """
    listed = np.empty(count, np.int32)
    for at in range(count):
        listed[at] = start[at + 1]
    start[0] = 0
    for to in ends:
        start[to + 1] += 1
    for at in range(count):
        start[at + 1] += start[at]
        fill[at] = start[at]
    k = 0
    for at in range(count):
        for _ in range(listed[at]):
            e, to = arcs[k], ends[k]
            here, there = fill[at], fill[to]
            fill[at] += 1
            fill[to] += 1
            near[here], near[there] = to, at
            room[here], room[there] = owed[e] - flow[e], flow[e]
            twin[here], twin[there] = there, here
            at_head[k] = there
            k += 1


@compiled
def heights(
    start: Int32s, near: Int32s, room: Int64s, twin: Int32s, excess: Int64s, height: Int32s
) -> None:
    """Search how many steps each place is from one that lacks."""
    count = len(excess)
    queue = np.empty(count, np.int32)
    last = done = 0
    for u in range(count):
        height[u] = FAR
        if excess[u] < 0:
            height[u] = 0
            queue[last] = u
            last += 1
    while done < last:
        v = queue[done]
        done += 1
        for p in range(start[v], start[v + 1]):
            u = near[p]
            if height[u] == FAR and room[twin[p]] > 0:
                height[u] = height[v] + 1
                queue[last] = u
                last += 1


@compiled
def _waiting(
    start: Int32s, excess: Int64s, height: Int32s, queue: Int32s, at_arc: Int32s
) -> tuple[int, Int32s, int]:
    """Put who has something to route, and can, into a queue; before all arcs are tried anew.

    Returns:
        The greatest height before one is put aside, how many places have each height, and how
        many are in the queue.
    """
    highest = np.int32(0)
    for h in height:
        if h < FAR:
            highest = max(highest, h)
    limit = highest + SPARE
    having = np.zeros(limit + 2, np.int32)
    size = 0
    for u in range(len(height)):
        at_arc[u] = start[u]
        if height[u] < FAR:
            having[height[u]] += 1
            if excess[u] > 0:
                queue[size] = u
                size += 1
    return int(limit), having, size


@compiled
def _least(start: Int32s, near: Int32s, room: Int64s, height: Int32s, place: int) -> int:
    """The least height to which something can be moved from a place."""
    least = FAR
    for p in range(start[place], start[place + 1]):
        if room[p] > 0:
            least = min(least, height[near[p]])
    return int(least)


@compiled
def push(
    start: Int32s, near: Int32s, room: Int64s, twin: Int32s, excess: Int64s, height: Int32s
) -> None:
    """Route as much as can be, first in first out (Goldberg and Tarjan's push-relabel, 1988).

    What cannot arrive stays wherever it is stranded: nothing is brought back. A place above the
    heights of the last search, or above one that nobody has any more, reaches nobody that lacks;
    it is put aside until heights are searched again, which they are until nothing is left to move.

    Args:
        height: As `heights` has them; they still are so at the end.
    """
    count = len(excess)
    queue = np.empty(count, np.int32)
    at_arc = np.empty(count, np.int32)
    while True:
        limit, having, size = _waiting(start, excess, height, queue, at_arc)
        at = work = 0
        if size == 0:
            return
        while size > 0 and work < OFTEN * (start[count] + count):
            u = queue[at]
            at = at + 1 if at + 1 < count else 0
            size -= 1
            h, left, p, end = height[u], excess[u], at_arc[u], start[u + 1]
            while h <= limit and left > 0:
                if p == end:
                    least = _least(start, near, room, height, u)
                    work += end - start[u] + RAISED
                    having[h] -= 1
                    if having[h] == 0:
                        limit = min(limit, h - 1)
                    h = FAR if least >= limit else least + 1
                    if h < FAR:
                        having[h] += 1
                    p = start[u]
                elif room[p] > 0 and height[near[p]] + 1 == h:
                    v = near[p]
                    moved = min(left, room[p])
                    room[p] -= moved
                    room[twin[p]] += moved
                    left -= moved
                    if excess[v] <= 0 < excess[v] + moved:
                        queue[(at + size) % count] = v
                        size += 1
                    excess[v] += moved
                else:
                    p += 1
                    work += 1
            height[u], at_arc[u], excess[u] = h, p, left
        heights(start, near, room, twin, excess, height)


@compiled
def write_back(
    order: Int32s,
    arcs: Int32s,
    at_head: Int32s,
    room: Int64s,
    places: Int64s,
    height: Int32s,
    flow: Int64s,
    excess: Int64s,
    label: Int32s,
) -> None:
    """Take over what was routed, and raise whoever still reaches somebody that lacks."""
    for k in range(len(arcs)):
        flow[arcs[k]] = room[at_head[k]]
    for at in range(len(places)):
        excess[order[at]] = places[at]
        if height[at] < FAR:
            label[order[at]] += 1
