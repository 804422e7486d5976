"""Labels as distances: how far they may be raised at once, and which of many are written down.

Both are Dijkstra's search over what a step changes beside the labels, which is never below zero.
Distances are small integers, so parties wait in a bucket for each (Dial, 1969): lists that run
through two arrays, `after` and `before`, and begin in `bucket`.
"""

import numpy as np

from clearhouse.engines.setoff.kernels import FAR, Graph, Int32s, Int64s, compiled

NONE = np.int32(-1)


@compiled
def _put(bucket: Int32s, after: Int32s, before: Int32s, party: int, distance: int) -> None:
    second = bucket[distance]
    after[party], before[party] = second, NONE
    if second >= 0:
        before[second] = party
    bucket[distance] = party


@compiled
def _take(bucket: Int32s, after: Int32s, before: Int32s, party: int, distance: int) -> None:
    behind, ahead = after[party], before[party]
    if ahead >= 0:
        after[ahead] = behind
    else:
        bucket[distance] = behind
    if behind >= 0:
        before[behind] = ahead


@compiled
def _move(
    bucket: Int32s, after: Int32s, before: Int32s, distance: Int32s, party: int, to: int
) -> None:
    if distance[party] < FAR:
        _take(bucket, after, before, party, distance[party])
    distance[party] = to
    _put(bucket, after, before, party, to)


@compiled
def _bounds(label: Int32s) -> tuple[int, int]:
    # In loops: numba takes a second to compile numpy's max, and another one for its min.
    least = most = label[0]
    for one in label:
        least, most = min(least, one), max(most, one)
    return int(least), int(most)


@compiled
def jump(
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
    excess: Int64s,
) -> int:
    """Raise labels until somebody with something to route reaches somebody that lacks.

    Whoever is `d` steps away is raised `d` less than whoever lacks: the labels prove as much as
    before, and a way of tight arcs leads from one to the other.

    Returns:
        How far whoever lacks was raised; -1 if nobody is reached.
    """
    first, head, gain, into_first, into, into_tail, into_gain = graph
    parties = len(label)
    # A way has each party once, and each step changes a label by one at most.
    lowest, highest = _bounds(label)
    bucket = np.full(parties + highest - lowest + 2, NONE, np.int32)
    after, before = np.empty(parties, np.int32), np.empty(parties, np.int32)
    distance = np.full(parties, FAR, np.int32)
    is_done = np.zeros(parties, np.bool_)
    nearest = int(FAR)
    for v in range(parties):
        if excess[v] < 0:
            distance[v] = 0
            _put(bucket, after, before, v, 0)
    level = 0
    while level < len(bucket) and level <= nearest:
        v = bucket[level]
        if v < 0:
            level += 1
            continue
        _take(bucket, after, before, v, level)
        is_done[v] = True
        if excess[v] > 0:
            nearest = level
        for k in range(into_first[v], into_first[v + 1]):
            i, e = into_tail[k], into[k]
            new = level + into_gain[k] + label[i] - label[v]
            if new < distance[i] and not is_done[i] and new <= nearest and flow[e] < owed[e]:
                _move(bucket, after, before, distance, i, new)
        for e in range(first[v], first[v + 1]):
            i = head[e]
            new = level - gain[e] + label[i] - label[v]
            if new < distance[i] and not is_done[i] and new <= nearest and flow[e] > 0:
                _move(bucket, after, before, distance, i, new)
    if nearest == FAR:
        return -1
    for v in range(parties):
        if is_done[v]:
            label[v] += nearest - distance[v]
    return int(nearest)


@compiled
def shortest(
    graph: Graph,
    owed: Int64s,
    flow: Int64s,
    label: Int32s,
) -> None:
    """Turn labels that prove a set-off the greatest into the one set that stands for it.

    A step along what was set off costs the arc's gain, a step against what remains gains it, and a
    party's label is what the cheapest way to it from anywhere costs; the least of them is 0.
    """
    first, head, gain, into_first, into, into_tail, into_gain = graph
    parties = len(label)
    if parties == 0:
        return
    lowest, highest = _bounds(label)
    bucket = np.full(highest - lowest + 1, NONE, np.int32)
    after, before = np.empty(parties, np.int32), np.empty(parties, np.int32)
    distance = np.empty(parties, np.int32)
    for v in range(parties):
        distance[v] = highest - label[v]
        _put(bucket, after, before, v, distance[v])
    level = 0
    while level < len(bucket):
        v = bucket[level]
        if v < 0:
            level += 1
            continue
        _take(bucket, after, before, v, level)
        for e in range(first[v], first[v + 1]):
            j = head[e]
            new = level + gain[e] + label[v] - label[j]
            if new < distance[j] and flow[e] < owed[e]:
                _move(bucket, after, before, distance, j, new)
        for k in range(into_first[v], into_first[v + 1]):
            i, e = into_tail[k], into[k]
            new = level - into_gain[k] + label[v] - label[i]
            if new < distance[i] and flow[e] > 0:
                _move(bucket, after, before, distance, i, new)
    least = FAR
    for v in range(parties):
        label[v] += distance[v] - highest
        least = min(least, label[v])
    for v in range(parties):
        label[v] -= least
