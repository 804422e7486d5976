"""The solver of choices, and of bounds: HiGHS in a process of its own, ended at a deadline.

HiGHS has moments in which it hears no deadline, works in floats, and its symbols clash with those
of OR-tools. So it never runs in our process, what it has found by the deadline is taken from it,
and it is not believed: whoever asks counts again in integers.

Payments stand by size. HiGHS looks at a run of them, the others as they are, then at the next run,
which overlaps it by half. When it has seen all, runs of twice the length follow; the last is the
whole. Before the runs of each length it looks at as many payments of the core (Balas and Zemel, "An
algorithm for large zero-one knapsack problems", 1980): those that the choice settles and the
relaxation does not or the other way round, then those that are worth the least there beyond the
prices of their cuts.

For a bound HiGHS solves the relaxation: everybody's row, and then the cuts that its optimum breaks,
again and again. Cuts that bind no more are taken out. What it sends is the cuts that bind and their
prices, from which the bound is computed in integers.
"""

import os
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from clearhouse.engines.liquidity import Better, Queue, Tighter, queue
from clearhouse.engines.liquidity.dropping import filled, mended
from clearhouse.engines.liquidity.queue import Bools
from clearhouse.engines.liquidity.rounding import PRICE, Cut, rounded, row, rows
from clearhouse.engines.liquidity.separation import Floats, separated
from clearhouse.engines.setoff.kernels import Int32s, Int64s

Part = slice | Int64s  # some of the payments

GRACE = 5.0  # seconds, after which a solver whose parent is gone stops itself
NEAR = 1e-9  # as near to whole as HiGHS goes
HALF = 0.5
PART = 1_500  # payments of the shortest runs
ROUNDS = 5  # of cuts, to see the core: most of what they win
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
        given = (waiting.debtor, waiting.creditor, waiting.units, waiting.limit)
        yield from _heard(_work, (*given, start, seconds + GRACE, seed), seconds)

    return better


def cuts(seconds: float) -> Tighter:
    """Make a solver that lowers the bound for so many seconds, the start of its process included.

    If it ends before the deadline, no cut that it knows is broken, and its answer is always the
    same.
    """

    def tighter(waiting: Queue) -> Iterator[list[tuple[Cut, int]]]:
        given = (waiting.debtor, waiting.creditor, waiting.units, waiting.limit)
        yield from _heard(_tighten, (*given, seconds + GRACE), seconds)

    return tighter


def _heard(work: Callable[..., None], given: tuple[Any, ...], seconds: float) -> Iterator[Any]:
    """Hear what a process sends until the deadline."""
    ends_at = time.monotonic() + seconds
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    try:
        while ours.poll(max(0.0, ends_at - time.monotonic())):
            yield ours.recv()
    except (EOFError, OSError):  # it is done, or somebody ended it, amid what it was saying maybe
        return
    finally:
        process.kill()
        process.join()
        ours.close()


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
    _be_silent()
    ends_at = time.monotonic() + seconds
    waiting = queue(debtor.astype(np.int64), creditor.astype(np.int64), units, limit)
    best, value = start, waiting.value(start)
    for part in _parts(waiting, lambda: best):
        others = best.copy()
        others[part] = False
        room = waiting.room(others)
        solver = _solver(ends_at - time.monotonic(), seed, is_whole=len(others[part]) == len(units))

        def keep(solution: Bools, part: Part = part, others: Bools = others) -> None:
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


def _parts(waiting: Queue, best: Callable[[], Bools]) -> Iterator[Part]:
    """Which payments are looked at together: the core before the runs of each length."""
    payments = len(waiting.units)
    share, away = _relaxed(waiting) if payments > PART else (np.ones(0), np.ones(0))
    for run in runs(payments):
        if run.start == 0 and run.stop < payments:
            first = np.where((share > HALF) == best(), away, 0.0)
            yield np.sort(np.argsort(first, kind="stable")[: run.stop])
        yield run


def _relaxed(waiting: Queue) -> tuple[Floats, Floats]:
    """How much of each payment settles, and how far from nothing it is worth beyond its prices."""
    relaxed = Relaxed(waiting)
    for _ in range(ROUNDS):
        if not relaxed.is_solved() or not relaxed.is_cut():
            break
    relaxed.is_solved()
    return relaxed.share(), np.abs(relaxed.solver.getSolution().col_dual)


def _tighten(
    found: Connection,
    debtor: Int32s,
    creditor: Int32s,
    units: Int64s,
    limit: Int64s,
    seconds: float,
) -> None:
    """Send the cuts that bind the relaxation, and their prices, each time that it is solved."""
    _be_silent()
    relaxed = Relaxed(queue(debtor.astype(np.int64), creditor.astype(np.int64), units, limit))
    relaxed.solver.setOptionValue("time_limit", seconds)
    while relaxed.is_solved():
        found.send(relaxed.priced())
        if not relaxed.is_cut():
            return


class Relaxed:
    """The linear relaxation: a column a payment, in parts of the largest; a row a cut."""

    def __init__(self, waiting: Queue) -> None:
        import highspy  # noqa: PLC0415

        self.limit, self.rows = waiting.limit, rows(waiting)
        self.largest = float(waiting.units.max())
        self.cuts: list[Cut] = []
        self.scale: list[float] = []  # each row is in parts of the most that it counts of a payment
        self.most: list[float] = []
        payments = len(waiting.units)
        program = highspy.HighsLp()
        program.num_col_, program.sense_ = payments, highspy.ObjSense.kMaximize
        program.col_cost_ = waiting.units / self.largest
        program.col_lower_, program.col_upper_ = np.zeros(payments), np.ones(payments)
        self.solver: Any = _quiet()
        self.solver.passModel(program)
        self.put_in([row(self.rows, party) for party in range(waiting.parties)])

    def put_in(self, some: list[Cut]) -> None:
        """Add rows."""
        for cut in some:
            counts, most = rounded(self.rows, self.limit, cut)
            at = np.flatnonzero(counts)
            scale = float(np.abs(counts).max(initial=1))
            payment = self.rows.payment[self.rows.of(cut.party)][at].astype(np.int32)
            self.solver.addRow(-np.inf, most / scale, len(at), payment, counts[at] / scale)
            self.cuts.append(cut)
            self.scale.append(scale)
            self.most.append(most / scale)

    def is_solved(self) -> bool:
        """Solve it; whether its optimum was found."""
        import highspy  # noqa: PLC0415

        self.solver.run()
        return bool(self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def share(self) -> Floats:
        """How much of each payment settles."""
        share = np.array(self.solver.getSolution().col_value, np.float64)
        return np.clip(share, 0.0, 1.0)

    def priced(self) -> list[tuple[Cut, int]]:
        """Find what each cut is worth, rounded."""
        worth = np.array(self.solver.getSolution().row_dual) * self.largest / np.array(self.scale)
        prices = [round(one) for one in (worth * PRICE).tolist()]
        return [(cut, price) for cut, price in zip(self.cuts, prices, strict=True) if price > 0]

    def is_cut(self) -> bool:
        """Put in the cuts that the optimum breaks; whether there are any."""
        broken = list(separated(self.rows, self.limit, self.share()))
        if broken:
            self.take_out_loose()
            self.put_in(broken)
        return bool(broken)

    def take_out_loose(self) -> None:
        """Take out cuts that do not bind; everybody's row stays."""
        solution = self.solver.getSolution()
        room = np.array(self.most) - np.array(solution.row_value)
        is_loose = (room > NEAR) & (np.abs(solution.row_dual) < NEAR)
        is_loose[: len(self.limit)] = False
        loose = np.flatnonzero(is_loose)
        self.solver.deleteRows(len(loose), loose.astype(np.int32))
        for k in reversed(loose.tolist()):
            del self.cuts[k], self.scale[k], self.most[k]


def _be_silent() -> None:
    """HiGHS says its name on stdout, whatever it is told."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _solver(seconds: float, seed: int, *, is_whole: bool) -> Any:
    solver = _quiet()
    options: dict[str, bool | int | float] = {
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


def _quiet() -> Any:
    import highspy  # noqa: PLC0415 - here alone: see above

    solver = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
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
