"""HiGHS in a process of its own: what it finds is counted again, and its end is no trouble."""

import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from clearhouse import solver
from clearhouse.demo.networks import drawn
from clearhouse.engines.liquidity import Choice, Queue, by_value, overdrawn, queue
from clearhouse.engines.liquidity.queue import Bools


def economy(payments: int) -> Queue:
    debtor, creditor, units, parties = drawn("sf", payments, 1)
    owes = np.bincount(debtor, units, parties).astype(np.int64)
    return queue(debtor, creditor, units, owes // 10)


def is_sound(waiting: Queue, choice: Choice) -> bool:
    ends = waiting.debtor.astype(np.int64), waiting.creditor.astype(np.int64)
    found = overdrawn(*ends, waiting.units, waiting.limit, choice.settles)
    return found is None and choice.value == waiting.value(choice.settles) <= choice.bound


def killed(*_: Any) -> None:
    os.abort()


def sends_all_and_is_killed(found: Any, _debtor: Any, _creditor: Any, units: Any, *_: Any) -> None:
    found.send(np.ones(len(units), np.bool_))
    os.abort()


def hangs(*_: Any) -> None:
    time.sleep(60)


def test_it_settles_more_and_says_so_on_the_way() -> None:
    waiting = economy(300)
    said: list[tuple[int, int]] = []
    alone = by_value(waiting, sweeps=3)
    choice = by_value(
        waiting,
        sweeps=3,
        better=solver.highs(120),
        advance=lambda value, bound: said.append((value, bound)),
    )
    assert is_sound(waiting, choice)
    assert choice.value > alone.value
    values = [value for value, _ in said]
    assert values == sorted(set(values))
    assert values[-1] == choice.value
    assert {bound for _, bound in said} == {choice.bound}


@pytest.mark.parametrize("work", [killed, sends_all_and_is_killed, hangs])
def test_a_solver_that_ends_early_or_never_takes_nothing_away(
    monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    waiting = economy(500)
    monkeypatch.setattr(solver, "_work", work)
    alone = by_value(waiting, sweeps=20)
    begun = time.monotonic()
    choice = by_value(waiting, sweeps=20, better=solver.highs(5))
    assert is_sound(waiting, choice)
    assert choice.value >= alone.value
    assert time.monotonic() - begun < 30


def test_no_time_at_all_is_enough_for_an_answer() -> None:
    waiting = economy(2_000)
    assert is_sound(waiting, by_value(waiting, sweeps=20, better=solver.highs(0)))


def test_what_a_solver_says_is_not_believed() -> None:
    def lies(waiting: Queue, start: Bools) -> Iterator[Bools]:
        yield np.ones(len(waiting.units), np.bool_)
        yield ~start

    waiting = economy(500)
    assert is_sound(waiting, by_value(waiting, sweeps=20, better=lies))


@pytest.mark.parametrize("payments", [1, 1_499, 1_500, 1_501, 2_250, 10_000])
def test_every_payment_is_in_some_run_of_each_length_and_the_last_run_is_the_whole(
    payments: int,
) -> None:
    *shorter, last = solver.runs(payments)
    assert (last.start, last.stop) == (0, payments)
    for length in {part.stop - part.start for part in shorter} & {1_500, 3_000, 6_000}:
        of_length = [part for part in shorter if part.stop - part.start <= length]
        seen = {k for part in of_length for k in range(part.start, part.stop)}
        assert seen == set(range(payments))
