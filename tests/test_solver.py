"""HiGHS in a process of its own: what it finds is counted again, and its end is no trouble."""

import os
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from clearhouse import solver
from clearhouse.demo.networks import drawn
from clearhouse.engines.liquidity import Choice, Queue, bound, by_value, overdrawn, queue
from clearhouse.engines.liquidity.enumeration import best_of_all
from clearhouse.engines.liquidity.queue import Bools
from clearhouse.engines.liquidity.rounding import Cut, proved


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


SMALL, PARTIES = 1_000, 4  # queues, and each one's parties


def small(dice: Random) -> Queue:
    pairs = np.array([dice.sample(range(PARTIES), 2) for _ in range(dice.randint(1, 10))])
    units = np.array([dice.randint(1, 30) for _ in pairs], np.int64)
    limit = np.array([dice.randint(0, 30) for _ in range(PARTIES)], np.int64)
    one = queue(pairs[:, 0].copy(), pairs[:, 1].copy(), units, limit)
    return one.of(bound(one).possible)


def side_by_side(queues: list[Queue]) -> Queue:
    debtor, creditor = (
        np.concatenate([end + at * PARTIES for at, end in enumerate(of)]).astype(np.int64)
        for of in ([one.debtor for one in queues], [one.creditor for one in queues])
    )
    units, limit = (
        np.concatenate(of) for of in ([one.units for one in queues], [one.limit for one in queues])
    )
    return queue(debtor, creditor, units, limit)


def test_the_cuts_of_many_small_queues_pass_no_choice_and_leave_less_than_half_the_gap() -> None:
    dice = Random(1)
    queues = [small(dice) for _ in range(SMALL)]
    *_, last = solver.cuts(120)(side_by_side(queues))
    best, tightened, relaxed = [], [], []
    for at, one in enumerate(queues):
        parties = range(at * PARTIES, (at + 1) * PARTIES)
        own = [
            (Cut(cut.party - parties.start, cut.divisor, cut.turned), price)
            for cut, price in last
            if cut.party in parties
        ]
        best.append(one.value(best_of_all(one)))
        tightened.append(proved(one, own))
        relaxed.append(bound(one).units)
    assert all(value <= most for value, most in zip(best, tightened, strict=True))
    assert all(most <= more for most, more in zip(tightened, relaxed, strict=True))
    assert 2 * (sum(tightened) - sum(best)) < sum(relaxed) - sum(best)


def test_cuts_lower_the_bound_and_without_a_deadline_by_as_much_each_time() -> None:
    waiting = economy(300)
    choice, same = (by_value(waiting, sweeps=300, tighter=solver.cuts(120)) for _ in range(2))
    assert is_sound(waiting, choice)
    assert choice.bound == same.bound < bound(waiting).units
    assert choice.value == same.value


@pytest.mark.parametrize("work", [killed, hangs])
def test_cuts_that_nobody_finds_leave_the_bound_of_the_relaxation(
    monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    waiting = economy(500)
    monkeypatch.setattr(solver, "_tighten", work)
    choice = by_value(waiting, sweeps=20, tighter=solver.cuts(5))
    assert choice.bound == bound(waiting).units


def test_no_time_for_cuts_leaves_the_bound_of_the_relaxation() -> None:
    waiting = economy(500)
    assert by_value(waiting, sweeps=20, tighter=solver.cuts(0)).bound == bound(waiting).units


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
