"""The set-off at national scale: processor time, memory, the check, and OR-tools beside it.

Networks are drawn by another process, so that the memory is what a set-off and its input take. One
small network is solved first: what numba compiles once is not measured.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from bench.referee import cleared_by_ortools
from clearhouse.demo.networks import SHAPES, drawn
from clearhouse.engines.setoff import Network, broken, dual, memory_needed, network, solve
from clearhouse.engines.setoff.kernels import Int32s, Int64s

REFEREE_MAX = 1_000_000  # obligations; OR-tools takes minutes beyond
SMALL = 2_000
ECONOMIES = ("sf", "tier", "er")  # it takes minutes for a star


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--shape", choices=SHAPES, default="sf", help="of the network")
    parser.add_argument("--size", type=int, default=1_000_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Solve a network, check the proof, and have OR-tools solve it, too."""
    small = network(*drawn(given.shape, SMALL, given.seed))
    first = solve(small)
    _proved(small, first.cleared, first.label)
    with tempfile.TemporaryDirectory(prefix="clearhouse-bench-") as folder:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
            parties = other.submit(
                _written, Path(folder), given.shape, given.size, given.seed
            ).result()
        debtor, creditor, units = (np.load(Path(folder) / f"{n}.npy") for n in range(3))
    begun = time.process_time()
    net = network(debtor, creditor, units, parties)
    found = solve(net)
    taken = time.process_time() - begun
    yield f"setoff.arcs {len(net.owed)} of {len(units)} obligations"
    yield f"setoff.cpu_s {taken:.2f} s"
    yield f"setoff.rss_mb {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB"
    needed = memory_needed(len(units), parties)
    yield f"setoff.needed_mb {needed >> 20} MB beside the input, at most"
    yield f"setoff.check_s {_timed(lambda: _proved(net, found.cleared, found.label)):.3f} s"
    yield f"setoff.labels {int(found.label.max())} greatest"
    yield f"setoff.cleared {_share(found.cleared, net.owed):.4f} of all that is owed"
    if given.size <= REFEREE_MAX and given.shape in ECONOMIES:
        theirs: list[Int64s] = []
        referee = _timed(lambda: theirs.append(cleared_by_ortools(net)))
        assert int(theirs[0].sum()) == int(found.cleared.sum()), "OR-tools clears another sum"
        yield f"setoff.ratio {referee / taken:.2f} of OR-tools' {referee:.2f} s"


def _written(folder: Path, shape: str, size: int, seed: int) -> int:
    *arrays, parties = drawn(shape, size, seed)
    for number, array in enumerate(arrays):
        np.save(folder / f"{number}.npy", array)
    return parties


def _proved(net: Network, cleared: Int64s, label: Int32s) -> None:
    assert broken(net.tail, net.head, net.owed, net.gain, cleared, label) < 0
    assert dual(net.tail, net.head, net.owed, net.gain, label) == int(cleared.sum())


def _share(part: Int64s, whole: Int64s) -> float:
    return int(part.sum()) / int(whole.sum())


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun
