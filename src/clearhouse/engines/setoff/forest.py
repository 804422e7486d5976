"""Two search trees that live on: routing that stays near what was changed.

One tree grows from whoever has something to route (side 0), the other from whoever lacks (side 1),
along tight arcs. Where they meet, something is routed; whoever loses its way to a root looks for
another (Boykov and Kolmogorov, 2004). A tree that can grow no more has its labels moved by the
least that opens an arc (primal-dual), which costs what that tree is large. The one that was worked
on less grows next: so a small tree is never waited for by a large one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.setoff.kernels import FAR, Graph, Int8s, Int32s, Int64s, compiled

NOBODY, ROOT, LOST = np.int8(-1), np.int32(-1), np.int32(-2)
# What `at` holds: where each queue begins, how long it is, and the work for each tree; then these.
SIZE, WORK, STACK, TIME, LEFT, PRICE, WORTH, ROUTED = 2, 4, 6, 7, 8, 9, 10, 11


class Forest(NamedTuple):
    """The trees, and what is needed to grow them. Shapes are (parties,) if nothing else is said.

    Attributes:
        side: 0 or 1; NOBODY where neither tree is.
        up: The next party towards the root; ROOT, or LOST of one that looks for another way.
        via: The arc to it; inverted (~) where flow is taken back.
        seen: When a way to the root was last found.
        turn: At which arc the search for another way goes on.
        waits: Shape (2, parties): whether it is in that queue.
        queue: Shape (2, parties): whose arcs are to be looked at.
        stack: Shape (2 * parties,): who is lost.
        doubt: Shape (2 * parties,): who might be a way, if it finds one itself.
        at: Shape (12,): counters, by the names above.
    """

    side: Int8s
    up: Int32s
    via: Int32s
    seen: Int64s
    turn: Int32s
    waits: NDArray[np.bool_]
    queue: Int32s
    stack: Int32s
    doubt: Int32s
    at: Int64s


def forest(parties: int) -> Forest:
    """No trees yet."""
    side = np.full(parties, NOBODY, np.int8)
    up, via, turn = (np.zeros(parties, np.int32) for _ in range(3))
    waits, queue = np.zeros((2, parties), np.bool_), np.empty((2, parties), np.int32)
    stack, doubt = np.empty(2 * parties, np.int32), np.empty(2 * parties, np.int32)
    seen, at = np.zeros(parties, np.int64), np.zeros(12, np.int64)
    return Forest(side, up, via, seen, turn, waits, queue, stack, doubt, at)


def clear(trees: Forest) -> None:
    """Fell all trees."""
    trees.side.fill(NOBODY)
    trees.waits.fill(False)
    trees.seen.fill(0)
    trees.at.fill(0)


@compiled
def _wake(trees: Forest, v: int) -> None:
    q = trees.side[v]
    if not trees.waits[q, v]:
        place = trees.at[q] + trees.at[SIZE + q]
        if place >= len(trees.side):
            place -= len(trees.side)
        trees.waits[q, v] = True
        trees.queue[q, place] = v
        trees.at[SIZE + q] += 1


@compiled
def _lose(trees: Forest, v: int) -> None:
    trees.up[v] = LOST
    trees.stack[trees.at[STACK]] = v
    trees.at[STACK] += 1


@compiled
def _room(owed: Int64s, flow: Int64s, via: int) -> int:
    return int(owed[via] - flow[via] if via >= 0 else flow[~via])


@compiled
def _has_root(trees: Forest, v: int) -> bool:
    time = trees.at[TIME]
    end = v
    while trees.seen[end] != time and trees.up[end] != ROOT:
        if trees.up[end] == LOST:
            return False
        end = trees.up[end]
    u = v
    while u != end:
        trees.seen[u] = time
        u = trees.up[u]
    trees.seen[end] = time
    return True


@compiled
def _most(trees: Forest, owed: Int64s, flow: Int64s, excess: Int64s, end: int) -> int:
    u = end
    units = 2**62
    while trees.up[u] != ROOT:
        units = min(units, _room(owed, flow, trees.via[u]))
        u = trees.up[u]
    return int(min(units, abs(excess[u])))


@compiled
def _move(trees: Forest, owed: Int64s, flow: Int64s, excess: Int64s, end: int, units: int) -> None:
    u = end
    while trees.up[u] != ROOT:
        via, above = trees.via[u], trees.up[u]
        if via >= 0:
            flow[via] += units
        else:
            flow[~via] -= units
        if _room(owed, flow, via) == 0:
            _lose(trees, u)
        u = above
    excess[u] += units if trees.side[u] == 1 else -units
    if excess[u] == 0:
        _lose(trees, u)
        if trees.side[u] == 0:
            trees.at[LEFT] -= 1


@compiled
def _join(
    trees: Forest, owed: Int64s, flow: Int64s, excess: Int64s, one: int, other: int, via: int
) -> None:
    """Route what can be over an arc at which the trees meet."""
    units = min(
        _room(owed, flow, via),
        _most(trees, owed, flow, excess, one),
        _most(trees, owed, flow, excess, other),
    )
    if via >= 0:
        flow[via] += units
    else:
        flow[~via] -= units
    trees.at[TIME] += 1
    trees.at[WORTH] += units * trees.at[PRICE]
    trees.at[ROUTED] += units
    _move(trees, owed, flow, excess, one, units)
    _move(trees, owed, flow, excess, other, units)


@compiled
def _adopt(trees: Forest, graph: Graph, owed: Int64s, flow: Int64s, label: Int32s) -> int:
    """Find another way to a root for all that lost theirs; who finds none is in no tree."""
    first, head, gain, into_first, into, into_tail, into_gain = graph
    side, up = trees.side, trees.up
    work = 0
    while trees.at[STACK] > 0:
        trees.at[STACK] -= 1
        p = trees.stack[trees.at[STACK]]
        mine, here = side[p], label[p]
        begin, into_begin = first[p], into_first[p]
        out = first[p + 1] - begin
        arcs = out + into_first[p + 1] - into_begin
        t = trees.turn[p] if trees.turn[p] < arcs else 0
        is_found, children, doubts = False, 0, 0
        for _ in range(arcs):
            work += 1
            is_out = t < out
            k = begin + t if is_out else into_begin + t - out
            q = head[k] if is_out else into_tail[k]
            if side[q] == mine:
                if up[q] == p:
                    trees.stack[trees.at[STACK] + children] = q
                    children += 1
                tight = gain[k] + here == label[q] if is_out else into_gain[k] + label[q] == here
                if tight:
                    e = k if is_out else into[k]
                    # Side 0 comes from q, side 1 goes to it.
                    via = e if is_out == (mine == 1) else ~e
                    if _room(owed, flow, via) > 0:
                        if _has_root(trees, q):
                            up[p], trees.via[p] = q, via
                            is_found = True
                            break
                        trees.doubt[doubts] = q
                        doubts += 1
            t = t + 1 if t + 1 < arcs else 0
        trees.turn[p] = t
        if is_found:
            continue
        side[p] = NOBODY
        begin = trees.at[STACK]
        for k in range(begin, begin + children):
            child = trees.stack[k]
            if up[child] != LOST:  # once, be there arcs both ways
                _lose(trees, child)
        for k in range(doubts):
            _wake(trees, trees.doubt[k])
    return work


@compiled
def _grow(
    trees: Forest, graph: Graph, owed: Int64s, flow: Int64s, label: Int32s, excess: Int64s, v: int
) -> int:
    """Look at all arcs of a party: who is free joins its tree, and the other tree is met."""
    first, head, gain, into_first, into, into_tail, into_gain = graph
    side = trees.side
    mine, here = side[v], label[v]
    begin, into_begin = first[v], into_first[v]
    out = first[v + 1] - begin
    arcs = out + into_first[v + 1] - into_begin
    t = work = 0
    while t < arcs:
        work += 1
        is_out = t < out
        k = begin + t if is_out else into_begin + t - out
        t += 1
        i = head[k] if is_out else into_tail[k]
        if side[i] == mine:
            continue
        tight = gain[k] + here == label[i] if is_out else into_gain[k] + label[i] == here
        if not tight:
            continue
        e = k if is_out else into[k]
        via = e if is_out == (mine == 0) else ~e
        if _room(owed, flow, via) == 0:
            continue
        if side[i] == NOBODY:
            side[i], trees.up[i], trees.via[i] = mine, v, via
            _wake(trees, i)
        else:
            one, other = (v, i) if mine == 0 else (i, v)
            _join(trees, owed, flow, excess, one, other, via)
            work += _adopt(trees, graph, owed, flow, label)
            if side[v] != mine or trees.at[LEFT] == 0:
                break
            t -= 1
    return work


@compiled
def _raise(
    trees: Forest, graph: Graph, owed: Int64s, flow: Int64s, label: Int32s, mine: int, most: int
) -> int:
    """Move a whole tree's labels by the least that opens an arc, and at most so far; how far.

    FAR if no arc leads on from it. The labels of the tree with something to route fall; those of
    the one that lacks rise.
    """
    first, head, gain, into_first, into, into_tail, into_gain = graph
    side, parties = trees.side, len(label)
    near = np.empty(parties, np.int32)
    least, count, work = np.int64(FAR), 0, 0
    for v in range(parties):
        if side[v] != mine:
            continue
        here, lowest = label[v], np.int64(FAR)
        begin, into_begin = first[v], into_first[v]
        out = first[v + 1] - begin
        arcs = out + into_first[v + 1] - into_begin
        work += arcs
        for t in range(arcs):
            is_out = t < out
            k = begin + t if is_out else into_begin + t - out
            i = head[k] if is_out else into_tail[k]
            if side[i] == mine:
                continue
            is_with = is_out == (mine == 0)
            rc = gain[k] + here - label[i] if is_out else into_gain[k] + label[i] - here
            cost = rc if is_with else -rc
            if 0 <= cost <= least and cost < lowest:
                e = k if is_out else into[k]
                if _room(owed, flow, e if is_with else ~e) > 0:
                    lowest = cost
        if lowest < least:
            least, count = lowest, 0
        if lowest == least < FAR:
            near[count] = v
            count += 1
    trees.at[WORK + mine] += work + 1
    if least > most:
        return int(least)
    for v in range(parties):
        if side[v] == mine:
            label[v] += least if mine == 1 else -least
    for k in range(count):
        _wake(trees, near[k])
    return int(least)


@compiled
def route(
    trees: Forest,
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
    excess: Int64s,
    price: int,
    step: int,
    work_max: int,
) -> bool:
    """Route all excess, the cheapest ways first; or as long as the price is above zero.

    Args:
        trees: None yet; `at` says afterwards what was routed, and what that is worth.
        price: What a unit is worth that is routed at no cost beside the labels.
        step: How the price changes for each step that labels move: -1 or 1.
        work_max: How many arcs may be looked at.

    Returns:
        Whether it came to its end; else there is more to route.
    """
    at = trees.at
    at[PRICE] = price
    for v in range(len(excess)):
        if excess[v] != 0:
            trees.side[v] = 0 if excess[v] > 0 else 1
            trees.up[v] = ROOT
            _wake(trees, v)
            at[LEFT] += excess[v] > 0
    while at[LEFT] > 0:
        if at[WORK] + at[WORK + 1] > work_max:
            return False
        q = 0 if at[WORK] <= at[WORK + 1] else 1
        if at[SIZE + q] == 0:
            most = int(FAR) - 1 if step >= 0 else int(at[PRICE]) - 1
            moved = _raise(trees, graph, owed, flow, label, q, most)
            if moved > most:
                return step < 0
            at[PRICE] += step * moved
            continue
        v = trees.queue[q, at[q]]
        at[q] = at[q] + 1 if at[q] + 1 < len(label) else 0
        at[SIZE + q] -= 1
        trees.waits[q, v] = False
        if trees.side[v] == q:
            at[WORK + q] += 1 + _grow(trees, graph, owed, flow, label, excess, v)
    return True
