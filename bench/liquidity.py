"""Payments that cannot be split: how much settles by value and by age, and how far from the bound.

A party's limit is a share of all that it owes. First cuts lower the bound, for some of the seconds;
then annealing runs; HiGHS, in a process of its own, has what is left. A small queue is solved
first: what numba compiles once is not measured.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np

from clearhouse.demo.networks import SHAPES, drawn
from clearhouse.engines.liquidity import Queue, by_age, by_value, overdrawn, queue
from clearhouse.engines.liquidity.queue import Bools
from clearhouse.engines.liquidity.rounding import Cut
from clearhouse.engines.setoff import total
from clearhouse.solver import cuts, highs

SMALL = 200
BILLION = 10**9  # a share is rounded to a part of it


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--shape", choices=SHAPES, default="sf", help="of the network")
    parser.add_argument("--size", type=int, default=10_000, help="payments")
    parser.add_argument("--liquidity", type=float, default=0.02, help="of what each owes")
    parser.add_argument("--seconds", type=float, default=60, help="of the wall's clock, in all")
    parser.add_argument("--cuts", type=float, default=10, help="seconds of them for the bound")
    parser.add_argument("--sweeps", type=int, help="of annealing; some three seconds if not given")
    parser.add_argument("--seed", type=int, default=1)


def run(given: argparse.Namespace) -> Iterator[str]:
    """Choose by age and by value, and count again who pays what."""
    small = _waiting(given, SMALL)
    by_age(small)
    by_value(small, sweeps=1, tighter=cuts(60))
    waiting = _waiting(given, given.size)
    gross = total(waiting.units)
    begun = time.perf_counter()
    oldest = by_age(waiting)
    yield f"liquidity.age_s {time.perf_counter() - begun:.3f} s"
    annealed: list[tuple[float, int]] = []
    tightened: list[float] = []
    begun, used = time.perf_counter(), time.process_time()

    def better(by_size: Queue, start: Bools) -> Iterator[Bools]:
        annealed.append((time.process_time() - used, by_size.value(start)))
        left = given.seconds - (time.perf_counter() - begun)
        return highs(max(0.0, left))(by_size, start)

    def tighter(by_size: Queue) -> Iterator[list[tuple[Cut, int]]]:
        yield from cuts(given.cuts)(by_size)
        tightened.append(time.perf_counter() - begun)

    found = by_value(waiting, sweeps=given.sweeps, better=better, tighter=tighter)
    taken = time.perf_counter() - begun
    for cpu, value in annealed:  # once, or never of a few payments
        yield f"liquidity.annealed_cpu_s {cpu:.2f} s"
        yield f"liquidity.annealed_gap {1 - value / found.bound:.4f} of the bound"
    for seconds in tightened:  # the same
        yield f"liquidity.cuts_s {seconds:.1f} s"
    yield f"liquidity.s {taken:.1f} s"
    ends = waiting.debtor.astype(np.int64), waiting.creditor.astype(np.int64)
    for choice in (oldest, found):
        assert overdrawn(*ends, waiting.units, waiting.limit, choice.settles) is None
    yield f"liquidity.relaxed {oldest.bound / gross:.4f} of all payments"
    yield f"liquidity.bound {found.bound / gross:.4f} of all payments"
    yield f"liquidity.value {found.value / gross:.4f} of all payments"
    yield f"liquidity.age_value {oldest.value / gross:.4f} of all payments"
    yield f"liquidity.gap {float(found.gap):.4f} of the bound"


def _waiting(given: argparse.Namespace, size: int) -> Queue:
    debtor, creditor, units, parties = drawn(given.shape, size, given.seed)
    owes = np.bincount(debtor, units, parties).astype(np.int64)  # exact below 2^53
    share = round(given.liquidity * BILLION)
    limit = np.array([int(one) * share // BILLION for one in owes], np.int64)
    return queue(debtor, creditor, units, limit)
