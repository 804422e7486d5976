"""The referee of the set-off: the same problem solved by OR-tools, for tests and benches.

Its cost-scaling push-relabel works in integers throughout. OR-tools and highspy cannot be imported
in one process (their symbols clash), and what it takes in memory is none of the engine's: so it is
imported when it is asked.
"""

import numpy as np

from clearhouse.engines.setoff.kernels import Int64s
from clearhouse.engines.setoff.network import Network


def cleared_by_ortools(net: Network) -> Int64s:
    """Find a greatest set-off; shape (arcs,)."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415

    solver = SimpleMinCostFlow()
    # A circulation, each unit of which gains: the least that remains, its other form, takes longer.
    cost = -net.gain.astype(np.int64)
    arcs = solver.add_arcs_with_capacity_and_unit_cost(net.tail, net.head, net.owed, cost)
    status = solver.solve()
    assert status == solver.OPTIMAL, f"the solver answers {status.name}"  # nothing is one, too
    return np.asarray(solver.flows(arcs), np.int64)
