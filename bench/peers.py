"""The set-off's engine and its peers on one network: OR-tools, networkx and HiGHS, a process each.

All answer the same question, the least that must remain of the obligations, and must say the same.
It is put to each in the form in which it was the fastest of those tried (the decision on the
set-off tells which). What counts is how this falls on the peers' side:

- Seconds are of processor time, of all threads. A peer's are those of its solve alone; loading
  libraries is not counted, and reading and building its input is told apart. Peers are given the
  arcs sorted and merged; the engine sorts and merges the obligations in its own time, and checks
  its proof.
- Megabytes are the peak of the whole process while it builds its input and solves; what the
  process had before, with its libraries loaded, is told beside it.
- Each process solves a small network first, and a chain, which takes the engine's other way: what
  numba compiles or loads once is not measured.
- A peer has so many seconds by the clock to build its input, and as many to solve; then it is
  killed, and its line says so. The engine has no limit.
"""

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

# Each process loads what it needs itself: OR-tools and highspy cannot be loaded into one, and
# neither should be told to take the memory of numba. So nothing of theirs is imported up here.

SHAPES = ("sf", "tier", "er")
SMALL, CHAIN = 2_000, 200
START_MAX = 300  # seconds to load libraries and solve the small networks
OURS = "clearhouse"

Posed = Mapping[str, NDArray[Any]]  # read when asked for; `_written` says what there is


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--shape", choices=SHAPES, default="sf", help="of the network")
    parser.add_argument("--size", type=int, default=10_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=120, help="seconds a peer may take")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a process tells of its solve.

    Attributes:
        input_s: Processor seconds to read and build the input.
        solve_s: Processor seconds to solve it.
        idle_mb: What the process had in memory before it read the input.
        peak_mb: The most that it had until it was solved.
        remains: What is left of all obligations, by the solver's own count, rounded.
        off: How far that was from whole units.
        apart: How far from whole units the farthest value was.
        is_set_off: Whether the values, rounded, stay in their bounds, change no net position, and
            come to what remains.
    """

    input_s: float
    solve_s: float
    idle_mb: int
    peak_mb: int
    remains: int
    off: float
    apart: float
    is_set_off: bool


def run(given: argparse.Namespace) -> Iterator[str]:
    """Have all of them solve one network, one after the other."""
    with TemporaryDirectory(prefix="clearhouse-bench-") as name:
        folder = Path(name)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            drawing = other.submit(_written, folder, given.shape, given.size, given.seed)
            obligations, arcs, owed = drawing.result()
        yield f"peers.arcs {arcs} of {obligations} obligations"
        ours = asked(OURS, folder, None)
        assert ours is not None
        assert ours.is_set_off
        yield f"peers.cleared {1 - ours.remains / owed:.4f} of all that is owed"
        yield f"peers.{OURS}_s {ours.solve_s:.4f} s, its input sorted and its proof checked"
        yield _memory(OURS, ours)
        for peer in PEERS:
            if peer != OURS:
                yield from compared(peer, asked(peer, folder, given.limit), ours, given.limit)


def compared(name: str, answer: Answer | None, ours: Answer, limit: float) -> Iterator[str]:
    """Say how a peer did beside the engine, if it said the same."""
    if answer is None:
        yield f"peers.{name}_s over {limit:g} s, killed"
        return
    differs = answer.remains - ours.remains
    assert not differs, f"{name} leaves {differs} units more than the engine, of {ours.remains}"
    ratio = answer.solve_s / ours.solve_s
    yield (
        f"peers.{name}_s {answer.solve_s:.4f} s, {ratio:.1f} times ours;"
        f" its input took {answer.input_s:.4f} s"
    )
    yield _memory(name, answer)
    if issubclass(PEERS[name], _Highs):
        what = "a set-off" if answer.is_set_off else "no set-off"
        yield (
            f"peers.{name}_off {answer.off:g} units off in its sum,"
            f" {answer.apart:g} at most in a value; rounded, the values are {what}"
        )
    else:
        assert answer.is_set_off, f"what {name} sets off is none"


def _memory(name: str, answer: Answer) -> str:
    return f"peers.{name}_mb {answer.peak_mb} MB at the peak, {answer.idle_mb} before its input"


def asked(name: str, folder: Path, limit: float | None) -> Answer | None:
    """Have one of PEERS solve what lies in a folder, in a process of its own.

    Args:
        limit: Seconds by the clock for the input, and again for the solve.

    Returns:
        None: It took longer, and was killed.

    Raises:
        EOFError: The process ended without an answer.
    """
    spawn = get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_answer, args=(name, folder, there), daemon=True)
    process.start()
    there.close()  # or its end would not be noticed
    try:
        assert here.poll(START_MAX), f"{name} does not start"
        here.recv()
        if not here.poll(limit):
            return None
        here.recv()
        if not here.poll(limit):
            return None
        answer = here.recv()
        assert isinstance(answer, Answer)
        return answer
    finally:
        process.kill()
        process.join()
        here.close()


# In the processes.


def _written(folder: Path, shape: str, size: int, seed: int) -> tuple[int, int, int]:
    """Draw all networks; of the large one, its obligations, its arcs, and what is owed."""
    from clearhouse.demo.networks import drawn  # noqa: PLC0415
    from clearhouse.engines.setoff import network, total  # noqa: PLC0415
    from clearhouse.engines.setoff.kernels import net_of  # noqa: PLC0415

    counted = (0, 0, 0)
    for name, kind, about in (
        ("small", shape, SMALL),
        ("chain", "chain", CHAIN),
        ("large", shape, size),
    ):
        debtor, creditor, units, parties = drawn(kind, about, seed)
        net = network(debtor, creditor, units, parties)
        np.savez(
            folder / f"{name}.npz",
            debtor=debtor,
            creditor=creditor,
            units=units,
            tail=net.tail,
            head=net.head,
            owed=net.owed,
            supply=net_of(net.tail, net.head, net.owed, parties),
        )
        counted = len(units), len(net.owed), total(net.owed)
    return counted


def _answer(name: str, folder: Path, end: Connection) -> None:
    os.dup2(2, 1)  # HiGHS says its name on standard output, where figures are said
    for warming in ("small", "chain"):
        first = PEERS[name](np.load(folder / f"{warming}.npz"))
        first.solve()
        first.rest()
        del first
    end.send("started")
    idle = _from_status("VmRSS")
    with suppress(OSError):  # where it is forbidden, the peak of the start may count
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forget the peak
    begun = time.process_time()
    posed: Posed = np.load(folder / "large.npz")
    peer = PEERS[name](posed)
    built = time.process_time()
    end.send("built")
    solving = time.process_time()
    peer.solve()
    solved = time.process_time()
    peak = _from_status("VmHWM")
    remains, rest = peer.remains(), peer.rest()
    rounded = np.rint(rest).astype(np.int64)
    end.send(
        Answer(
            input_s=built - begun,
            solve_s=solved - solving,
            idle_mb=idle >> 10,
            peak_mb=peak >> 10,
            remains=round(remains),
            off=abs(remains - round(remains)),
            apart=float(np.abs(rest - rounded).max(initial=0)),
            is_set_off=_is_set_off(posed, rounded) and int(rounded.sum()) == round(remains),
        )
    )


def _from_status(field: str) -> int:
    """Kilobytes, as Linux counts them for this process.

    What `getrusage` tells as the greatest would be that of the parent, if it had more when it
    started this one.
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def _is_set_off(posed: Posed, rest: NDArray[np.int64]) -> bool:
    owed, supply = posed["owed"], posed["supply"]
    carried = np.zeros(len(supply), np.int64)
    np.add.at(carried, posed["tail"], rest)
    np.subtract.at(carried, posed["head"], rest)
    return bool(((rest >= 0) & (rest <= owed)).all() and (carried == supply).all())


class _Peer(Protocol):
    """A solver; it reads and builds its input when it is made."""

    def __init__(self, posed: Posed) -> None: ...

    def solve(self) -> None: ...

    def remains(self) -> float:
        """What is left of all obligations, by the solver's own count."""

    def rest(self) -> NDArray[Any]:
        """What is left of each; shape (arcs,)."""


class _Engine:
    def __init__(self, posed: Posed) -> None:
        ends = posed["debtor"], posed["creditor"]
        self._given = (*ends, posed["units"], len(posed["supply"]))

    def solve(self) -> None:
        from clearhouse.engines.setoff import network, solve  # noqa: PLC0415

        self._net = network(*self._given)
        self._found = solve(self._net)

    def remains(self) -> int:
        return int(self.rest().sum())

    def rest(self) -> NDArray[Any]:
        return np.asarray(self._net.owed - self._found.cleared)


class _OrTools:
    """Cost-scaling push-relabel, in integers: a circulation, a unit of it a gain of one."""

    def __init__(self, posed: Posed) -> None:
        from ortools.graph.python.min_cost_flow import SimpleMinCostFlow  # noqa: PLC0415

        self._posed, owed = posed, posed["owed"]
        self._solver = SimpleMinCostFlow()
        self._arcs = self._solver.add_arcs_with_capacity_and_unit_cost(
            posed["tail"], posed["head"], owed, np.full(len(owed), -1, np.int64)
        )

    def solve(self) -> None:
        status = self._solver.solve()
        assert status == self._solver.OPTIMAL, f"the solver answers {status.name}"

    def remains(self) -> int:
        return int(self._posed["owed"].sum()) + int(self._solver.optimal_cost())

    def rest(self) -> NDArray[Any]:
        return np.asarray(self._posed["owed"] - self._solver.flows(self._arcs))


class _Networkx:
    """Network simplex, in Python's integers."""

    def __init__(self, posed: Posed) -> None:
        import networkx as nx  # noqa: PLC0415

        self._graph = nx.DiGraph()
        supplies = enumerate(posed["supply"].tolist())
        self._graph.add_nodes_from((party, {"demand": -units}) for party, units in supplies)
        arcs = zip(*(posed[key].tolist() for key in ("tail", "head", "owed")), strict=True)
        self._graph.add_edges_from((i, j, {"capacity": units, "weight": 1}) for i, j, units in arcs)

    def solve(self) -> None:
        import networkx as nx  # noqa: PLC0415

        self._cost, self._flow = nx.network_simplex(self._graph)

    def remains(self) -> int:
        return int(self._cost)

    def rest(self) -> NDArray[Any]:
        return np.array([self._flow[i][j] for i, j in self._graph.edges], np.int64)


class _Highs:
    """Linear programming in floats, as HiGHS comes: its presolve, then its dual simplex."""

    presolve = "choose"

    def __init__(self, posed: Posed) -> None:
        import highspy  # noqa: PLC0415

        new_solver: Any = highspy.Highs  # untyped
        owed, supply = posed["owed"].astype(float), posed["supply"].astype(float)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(owed), len(supply)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.ones(len(owed)), np.zeros(len(owed)), owed
        lp.row_lower_ = lp.row_upper_ = supply
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.arange(0, 2 * len(owed) + 1, 2, dtype=np.int32)
        lp.a_matrix_.index_ = np.stack([posed["tail"], posed["head"]], axis=1).ravel()
        lp.a_matrix_.value_ = np.tile([1.0, -1.0], len(owed))
        self._solver = new_solver()
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("presolve", self.presolve)
        self._solver.passModel(lp)

    def solve(self) -> None:
        self._solver.run()
        status = self._solver.getModelStatus()
        assert status.name == "kOptimal", f"the solver answers {status.name}"

    def remains(self) -> float:
        return float(self._solver.getInfo().objective_function_value)

    def rest(self) -> NDArray[Any]:
        return np.array(self._solver.getSolution().col_value)


class _HighsPlain(_Highs):
    """The same without its presolve, which searches for dependent rows for most of the time."""

    presolve = "off"


PEERS: Mapping[str, type[_Peer]] = {
    OURS: _Engine,
    "ortools": _OrTools,
    "networkx": _Networkx,
    "highs": _Highs,
    "highs_plain": _HighsPlain,
}
