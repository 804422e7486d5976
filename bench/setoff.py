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
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from bench.referee import cleared_by_ortools
from clearhouse.demo.networks import SHAPES, drawn
from clearhouse.engines.setoff import (
    Again,
    Network,
    Solution,
    WhatIf,
    again,
    broken,
    changed,
    dual,
    memory_needed,
    network,
    solve,
)
from clearhouse.engines.setoff.kernels import Int32s, Int64s

REFEREE_MAX = 1_000_000  # obligations; OR-tools takes minutes beyond
SMALL = 2_000
CHANGED = (100, 1_000, 10_000)  # one in so many
QUESTIONS = 200
ECONOMIES = ("sf", "tier", "er")  # it takes minutes for a star


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--shape", choices=SHAPES, default="sf", help="of the network")
    parser.add_argument("--size", type=int, default=1_000_000, help="obligations")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Solve a network, check the proof, and have OR-tools solve it, too."""
    solve(network(*drawn("chain", SMALL, 1)))  # an economy so small never reaches all loops
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
    # Other loops, whose code is none of a set-off's memory.
    for shape in (given.shape, "er"):  # prices are seldom asked for by a small economy but by `er`
        list(_changes(network(*drawn(shape, SMALL, given.seed)), 1.0, given.seed))
    list(_questions(small, first, given.seed))
    yield from _changes(net, taken, given.seed)
    yield from _questions(net, found, given.seed)
    if given.size <= REFEREE_MAX and given.shape in ECONOMIES:
        theirs: list[Int64s] = []
        referee = _timed(lambda: theirs.append(cleared_by_ortools(net)))
        assert int(theirs[0].sum()) == int(found.cleared.sum()), "OR-tools clears another sum"
        yield f"setoff.ratio {referee / taken:.2f} of OR-tools' {referee:.2f} s"


def _changes(net: Network, full: float, seed: int) -> Iterator[str]:
    """Solve again after changes: half of them other amounts, a quarter out, a quarter in.

    Those that come in are of pairs that owed once, so that nothing is sorted.
    """
    for share in CHANGED:
        dice = np.random.default_rng(seed)
        count = max(4, len(net.owed) // share)
        parts = np.split(dice.choice(len(net.owed), count, replace=False), [count // 4, count // 2])
        coming, going, other = parts
        units = net.owed.copy()
        units[going] = 0
        units[other] = np.maximum(1, (units[other] >> 4) * dice.integers(0, 33, len(other)))
        at = np.concatenate(parts)
        pairs = net.tail[at].astype(np.int64), net.head[at].astype(np.int64)
        few = len(coming)
        before = changed(net, pairs[0][:few], pairs[1][:few], np.zeros(few, np.int64))
        solved = solve(before)
        answers: list[tuple[Network, Again]] = []

        def answer(
            before: Network = before,
            solved: Solution = solved,
            pairs: tuple[Int64s, Int64s] = pairs,
            owed: Int64s = units[at],
            answers: list[tuple[Network, Again]] = answers,
        ) -> None:
            after = changed(before, *pairs, owed)
            answers.append((after, again(after, before, solved.cleared, solved.label)))

        taken = _timed(answer)
        after, found = answers[0]
        assert int(found.cleared.sum()) == int(solve(after).cleared.sum()), "another sum"
        name = "" if share == CHANGED[0] else f"_{share}"
        how = "near it" if found.is_near else "from nothing"
        yield f"setoff.incremental{name} {taken / full:.2f} of full, one in {share} changed: {how}"


def _questions(net: Network, found: Solution, seed: int) -> Iterator[str]:
    """Ask what obligations like those of the network would win, and what they do win."""
    dice = np.random.default_rng(seed)
    asked = WhatIf(net, found.cleared, found.label)
    arcs = dice.integers(0, len(net.owed), QUESTIONS)
    heads = net.head[dice.permutation(arcs)]
    times: dict[str, list[float]] = {"gain": [], "loss": []}
    for e, j in zip(arcs.tolist(), heads.tolist(), strict=True):
        i, units = int(net.tail[e]), int(net.owed[e])
        if i != j:
            times["gain"].append(_timed(partial(asked.gain, i, j, units)))
        k = int(net.head[e])
        times["loss"].append(_timed(partial(asked.loss, i, k, units)))
    for name, taken in times.items():
        middle, mean = 1e3 * float(np.median(taken)), 1e3 * float(np.mean(taken))
        yield f"setoff.{name}_ms {mean:.1f} ms a question, {middle:.1f} the middle one"


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
