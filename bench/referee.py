"""The referee of the set-off: the same problem solved by OR-tools, for tests and benches.

Its cost-scaling push-relabel works in integers throughout. OR-tools and highspy cannot be imported
in one process (their symbols clash), and what it takes in memory is none of the engine's: so it is
imported when it is asked.
"""

import numpy as np

from clearhouse.engines.setoff.kernels import Int64s, net_of
from clearhouse.engines.setoff.network import Network


def cleared_by_ortools(net: Network) -> Int64s:
    """Find a greatest set-off; shape (arcs,)."""
    from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415

    solver = SimpleMinCostFlow()
    cost = net.gain.astype(np.int64)
    arcs = solver.add_arcs_with_capacity_and_unit_cost(net.tail, net.head, net.owed, cost)
    supply = net_of(net.tail, net.head, net.owed, net.parties)
    solver.set_nodes_supplies(np.arange(net.parties, dtype=np.int32), supply)
    status = solver.solve()
    # The whole of what is owed is a feasible flow, so there is an optimum.
    assert status == solver.OPTIMAL, f"the solver answers {status.name}"
    return np.asarray(net.owed - solver.flows(arcs), np.int64)
