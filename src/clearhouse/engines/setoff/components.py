"""Strongly connected components: what no circle passes through cannot be set off.

An arc between two components lies on no circle, so all that is owed on it remains. Without these
arcs a chain of a million parties is a million components, each alone.
"""

import numpy as np

from clearhouse.engines.setoff.kernels import Graph, Int32s, compiled, sorted_by


@compiled
def components(first: Int32s, head: Int32s) -> tuple[Int32s, int]:
    """Number the components (Tarjan, 1972, without recursion).

    Returns:
        The component of each party, and how many there are. An arc between two leads from a
        higher number to a lower one.
    """
    parties = len(first) - 1
    component = np.full(parties, -1, np.int32)
    low = np.empty(parties, np.int32)
    seen = np.full(parties, -1, np.int32)
    next_arc = np.empty(parties, np.int32)
    path, stack = np.empty(parties, np.int32), np.empty(parties, np.int32)
    depth = size = time = found = 0
    for v in range(parties):
        next_arc[v] = first[v]
    for root in range(parties):
        if seen[root] >= 0:
            continue
        path[0], depth = root, 1
        while depth > 0:
            v = path[depth - 1]
            if seen[v] < 0:
                seen[v] = low[v] = time
                time += 1
                stack[size] = v
                size += 1
            if next_arc[v] < first[v + 1]:
                w = head[next_arc[v]]
                next_arc[v] += 1
                if seen[w] < 0:
                    path[depth] = w
                    depth += 1
                elif component[w] < 0:
                    low[v] = min(low[v], seen[w])
                continue
            depth -= 1
            if depth > 0:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[v])
            if low[v] == seen[v]:
                while True:
                    size -= 1
                    component[stack[size]] = found
                    if stack[size] == v:
                        break
                found += 1
    return component, found


@compiled
def spread_labels(graph: Graph, component: Int32s, found: int, label: Int32s) -> None:
    """Raise whole components, so that the labels prove of the arcs between them that they remain.

    Labels stay below the number of parties: none is further from another than a way can be long.
    """
    first, head, gain = graph.first, graph.head, graph.gain
    parties = len(component)
    as_numbered = np.empty(parties, np.int32)
    for i in range(parties):
        as_numbered[i] = i
    order = sorted_by(component, as_numbered, found)
    raised = np.zeros(found, np.int64)
    for at in range(parties - 1, -1, -1):  # each component before those that it leads to
        i = order[at]
        here = component[i]
        for e in range(first[i], first[i + 1]):
            j = head[e]
            there = component[j]
            if there != here:
                needed = raised[here] + label[i] + gain[e] - label[j]
                raised[there] = max(raised[there], needed)
    for i in range(parties):
        label[i] += raised[component[i]]
