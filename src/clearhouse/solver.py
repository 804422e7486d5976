"""The solver of choices: HiGHS in a process of its own, which is ended at a deadline.

HiGHS has moments in which it hears no deadline, works in floats, and its symbols clash with those
of OR-tools. So it never runs in our process, what it has found by the deadline is taken from it,
and it is not believed: whoever asks counts again in integers.

Payments stand by size. HiGHS looks at a run of them, the others as they are, then at the next run,
which overlaps it by half. When it has seen all, runs of twice the length follow; the last is the
whole.
"""

import os
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from clearhouse.engines.liquidity import Better, Queue, queue
from clearhouse.engines.liquidity.dropping import filled, mended
from clearhouse.engines.liquidity.queue import Bools
from clearhouse.engines.setoff.kernels import Int32s, Int64s

GRACE = 5.0  # seconds, after which a solver whose parent is gone stops itself
NEAR = 1e-9  # as near to whole as HiGHS goes
HALF = 0.5
PART = 1_500  # payments of the shortest runs
PART_NODES, PART_GAP = 10, 0.003  # of a run's tree: its first nodes are worth most


def highs(seconds: float, seed: int = 0) -> Better:
    """Make a solver that betters a choice for so many seconds, the start of its process included.

    If it ends before the deadline, it has proved that nothing is better (as far as floats prove),
    and its answer is always the same; a deadline makes it depend on the machine.

    Args:
        seconds: Of the wall's clock.
        seed: Of its chance.
    """

    def better(waiting: Queue, start: Bools) -> Iterator[Bools]:
        ends_at = time.monotonic() + seconds
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        given = (waiting.debtor, waiting.creditor, waiting.units, waiting.limit)
        process = context.Process(
            target=_work, args=(theirs, *given, start, seconds + GRACE, seed), daemon=True
        )
        process.start()
        theirs.close()
        try:
            while ours.poll(max(0.0, ends_at - time.monotonic())):
                yield ours.recv()
        except (EOFError, ConnectionError):  # it is done, or somebody ended it
            return
        finally:
            process.kill()
            process.join()
            ours.close()

    return better


def _work(
    found: Connection,
    debtor: Int32s,
    creditor: Int32s,
    units: Int64s,
    limit: Int64s,
    start: Bools,
    seconds: float,
    seed: int,
) -> None:
    """Send each better choice that is found."""
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), 1
    )  # HiGHS says its name on stdout, whatever it is told
    ends_at = time.monotonic() + seconds
    waiting = queue(debtor.astype(np.int64), creditor.astype(np.int64), units, limit)
    best, value = start, waiting.value(start)
    for part in runs(len(units)):
        others = best.copy()
        others[part] = False
        room = waiting.room(others)
        solver = _solver(ends_at - time.monotonic(), seed, is_whole=_is_whole(part, len(units)))

        def keep(solution: Bools, part: slice = part, others: Bools = others) -> None:
            nonlocal best, value
            tried = others.copy()
            tried[part] = solution
            tried = filled(waiting, mended(waiting, tried))
            if waiting.value(tried) > value:
                best, value = tried, waiting.value(tried)
                found.send(best)

        solver.passModel(_program(debtor[part], creditor[part], units[part], room))
        _run(solver, best[part], keep)


def runs(payments: int) -> Iterator[slice]:
    """Which payments are looked at together, one run after the other."""
    length = PART
    while length < payments:
        for begin in range(0, payments - length // 2, length // 2):
            yield slice(begin, min(begin + length, payments))
        length *= 2
    yield slice(0, payments)


def _is_whole(part: slice, payments: int) -> bool:
    return bool(part.stop - part.start == payments)


def _solver(seconds: float, seed: int, *, is_whole: bool) -> Any:
    import highspy  # noqa: PLC0415 - here alone: see above

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float] = {
        "output_flag": False,
        "threads": 1,
        "random_seed": seed,
        "time_limit": max(0.0, seconds),
        "mip_abs_gap": 0.0,
        "mip_rel_gap": 0.0 if is_whole else PART_GAP,
        "mip_feasibility_tolerance": NEAR,
        "primal_feasibility_tolerance": NEAR,
        **({} if is_whole else {"mip_max_nodes": PART_NODES}),
    }
    for name, setting in options.items():
        solver.setOptionValue(name, setting)
    return solver


def _run(solver: Any, start: Bools, keep: Callable[[Bools], None]) -> None:
    import highspy  # noqa: PLC0415

    given = highspy.HighsSolution()
    given.col_value = list(start.astype(np.float64))
    solver.setSolution(given)
    solver.cbMipImprovingSolution += lambda event: keep(
        np.asarray(event.data_out.mip_solution) > HALF
    )
    solver.run()


def _program(debtor: Int32s, creditor: Int32s, units: Int64s, room: Int64s) -> Any:
    """Write the choice as a program: a column a payment, a row a party, in parts of its gross."""
    import highspy  # noqa: PLC0415

    parties, at = np.unique(np.concatenate([debtor, creditor]), return_inverse=True)
    payments, amounts = len(units), units.astype(np.float64)
    pays, receives = at[:payments], at[payments:]
    gross = np.bincount(pays, amounts, len(parties)) + np.bincount(receives, amounts, len(parties))
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = payments, len(parties)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = amounts / amounts.max()
    program.col_lower_, program.col_upper_ = np.zeros(payments), np.ones(payments)
    program.row_lower_ = np.full(len(parties), -highspy.kHighsInf)
    program.row_upper_ = room[parties] / gross
    program.integrality_ = [highspy.HighsVarType.kInteger] * payments
    matrix = program.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.start_ = np.arange(0, 2 * payments + 1, 2, dtype=np.int32)
    matrix.index_ = np.stack([pays, receives], axis=1).ravel().astype(np.int32)
    shares = np.stack([amounts / gross[pays], -amounts / gross[receives]], axis=1)
    matrix.value_ = shares.ravel()
    return program
