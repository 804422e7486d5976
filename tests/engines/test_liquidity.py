"""Payments that cannot be split: nobody is overdrawn, and no choice passes the bound."""

from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.demo.networks import drawn
from clearhouse.engines.liquidity import (
    Choice,
    Queue,
    bound,
    by_age,
    by_value,
    overdrawn,
    queue,
)
from clearhouse.engines.liquidity.dropping import filled, mended
from clearhouse.engines.liquidity.enumeration import FEW
from clearhouse.engines.setoff import TOTAL_MAX

Paid = tuple[int, int, int]  # debtor, creditor, units
SWEEPS = 50


def made(paid: list[Paid], limit: list[int]) -> Queue:
    columns = np.array(paid, np.int64).reshape(-1, 3).T.copy()
    return queue(columns[0], columns[1], columns[2], np.array(limit, np.int64))


def overdraws(paid: list[Paid], limit: list[int], choice: Choice) -> bool:
    debtor, creditor, units = np.array(paid, np.int64).reshape(-1, 3).T
    room = np.array(limit, np.int64)
    return overdrawn(debtor, creditor, units, room, choice.settles) is not None


@st.composite
def queues(
    draw: st.DrawFn, units_max: int = 10**6, size_max: int = 40
) -> tuple[list[Paid], list[int]]:
    parties = draw(st.integers(2, 7))
    pairs = st.tuples(st.integers(0, parties - 1), st.integers(0, parties - 1)).filter(
        lambda pair: pair[0] != pair[1]
    )
    paid = draw(st.lists(st.tuples(pairs, st.integers(1, units_max)), max_size=size_max))
    limit = st.lists(st.integers(0, units_max), min_size=parties, max_size=parties)
    return [(*pair, units) for pair, units in paid], draw(limit)


def oldest_slowly(paid: list[Paid], limit: list[int], dice: Random) -> list[bool]:
    """Bech and Soramaki's rule word for word, whoever of the overdrawn is taken first."""
    settles = [True] * len(paid)
    while True:
        room = list(limit)
        for (debtor, creditor, units), does in zip(paid, settles, strict=True):
            room[debtor] -= units * does
            room[creditor] += units * does
        beyond = [party for party, left in enumerate(room) if left < 0]
        if not beyond:
            return settles
        party = dice.choice(beyond)
        own = [k for k, (debtor, _, _) in enumerate(paid) if debtor == party and settles[k]]
        settles[own[-1]] = False


def best_slowly(paid: list[Paid], limit: list[int]) -> int:
    """All choices are tried."""
    best = 0
    for settles in product((False, True), repeat=len(paid)):
        room = list(limit)
        for (debtor, creditor, units), does in zip(paid, settles, strict=True):
            room[debtor] -= units * does
            room[creditor] += units * does
        if min(room) >= 0:
            value = sum(units for (*_, units), does in zip(paid, settles, strict=True) if does)
            best = max(best, value)
    return best


@given(queues())
def test_nobody_is_overdrawn_and_no_choice_passes_the_bound(
    waiting: tuple[list[Paid], list[int]],
) -> None:
    for choice in (by_age(made(*waiting)), by_value(made(*waiting), sweeps=SWEEPS)):
        assert not overdraws(*waiting, choice)
        settled = [units for (*_, units), k in zip(waiting[0], choice.settles, strict=True) if k]
        assert choice.value == sum(settled) <= choice.bound
        assert 0 <= choice.gap <= 1


@given(queues(), st.randoms(use_true_random=False))
def test_by_age_is_the_rule_whoever_is_looked_at_first(
    waiting: tuple[list[Paid], list[int]], dice: Random
) -> None:
    assert by_age(made(*waiting)).settles.tolist() == oldest_slowly(*waiting, dice)


@settings(max_examples=50)
@given(queues(units_max=20, size_max=10))
def test_of_a_few_payments_no_choice_settles_more(
    waiting: tuple[list[Paid], list[int]],
) -> None:
    assert by_value(made(*waiting)).value == best_slowly(*waiting) <= bound(made(*waiting)).units


@given(queues(units_max=50), st.randoms(use_true_random=False))
def test_by_value_the_order_of_the_queue_decides_between_equal_payments_only(
    waiting: tuple[list[Paid], list[int]], dice: Random
) -> None:
    paid, limit = waiting
    shuffled = dice.sample(paid, len(paid))

    def settled(order: list[Paid]) -> list[Paid]:
        choice = by_value(made(order, limit), sweeps=SWEEPS)
        return sorted(one for one, does in zip(order, choice.settles, strict=True) if does)

    assert settled(shuffled) == settled(paid)


@given(queues(units_max=5))
def test_of_equal_payments_the_first_given_settle(waiting: tuple[list[Paid], list[int]]) -> None:
    paid, limit = waiting
    waits: set[Paid] = set()
    for one, does in zip(paid, by_value(made(paid, limit), sweeps=SWEEPS).settles, strict=True):
        assert not (does and one in waits)
        if not does:
            waits.add(one)


@given(queues(), st.integers(0, 2**40 - 1))
def test_any_choice_is_mended_and_filled(waiting: tuple[list[Paid], list[int]], bits: int) -> None:
    paid, limit = waiting
    any_one = np.array([bits >> k & 1 for k in range(len(paid))], np.bool_)
    ready = made(paid, limit)
    kept = mended(ready, any_one)
    more = filled(ready, kept)
    assert not (kept & ~any_one).any()
    assert not (kept & ~more).any()
    assert (ready.room(more) >= 0).all()
    waits = [one for one, does in zip(paid, more, strict=True) if not does]
    assert all(units > ready.room(more)[debtor] for debtor, _, units in waits)


@given(queues())
def test_with_enough_liquidity_all_settles(waiting: tuple[list[Paid], list[int]]) -> None:
    paid, limit = waiting
    plenty = [2**60] * len(limit)
    for choice in (by_age(made(paid, plenty)), by_value(made(paid, plenty), sweeps=SWEEPS)):
        assert choice.settles.all()
        assert choice.gap == 0


@given(queues(units_max=9, size_max=30))
def test_amounts_at_the_bound_settle_like_small_ones(
    waiting: tuple[list[Paid], list[int]],
) -> None:
    paid, limit = waiting
    factor = TOTAL_MAX // 3 // max(1, sum(units for *_, units in paid))
    large = [(debtor, creditor, units * factor) for debtor, creditor, units in paid]
    more = [min(one * factor, TOTAL_MAX) for one in limit]
    assert bound(made(large, more)).units == factor * bound(made(paid, limit)).units
    assert by_age(made(large, more)).value == factor * by_age(made(paid, limit)).value
    choice = by_value(made(large, more), sweeps=SWEEPS)
    assert not overdraws(large, more, choice)
    if len(paid) <= FEW:
        assert choice.value == factor * by_value(made(paid, limit)).value


def test_nothing_waits() -> None:
    for limit in ([], [5, 5]):
        for choice in (by_age(made([], limit)), by_value(made([], limit))):
            assert choice.settles.tolist() == []
            assert choice.value == choice.bound == choice.gap == 0


@pytest.mark.parametrize(("limit", "settles"), [(4, False), (5, True), (6, True)])
def test_one_payment_settles_if_its_debtor_has_the_cash(limit: int, settles: bool) -> None:
    for rule in (by_age, by_value):
        choice = rule(made([(0, 1, 5)], [limit, 0]))
        assert choice.settles.tolist() == [settles]
        assert choice.bound == 5 * settles, "what could never settle is no part of the bound"


def test_without_any_cash_a_ring_settles_and_a_chain_does_not() -> None:
    ring = [(0, 1, 7), (1, 2, 7), (2, 0, 7)]
    for rule in (by_age, by_value):
        assert rule(made(ring, [0, 0, 0])).settles.all()
        assert not rule(made(ring[:2], [0, 0, 0])).settles.any()


def test_by_value_settles_what_the_oldest_payment_would_block() -> None:
    """All that 0 owes waits behind a payment that it cannot make."""
    paid = [(0, 1, 100), (0, 1, 5), (1, 0, 5)]
    assert by_age(made(paid, [0, 0])).settles.tolist() == [False, False, False]
    assert by_value(made(paid, [0, 0])).settles.tolist() == [False, True, True]


@pytest.mark.parametrize(("shape", "most"), [("sf", 0.25), ("tier", 0.5), ("star", 0.2)])
def test_much_of_a_whole_economys_payments_settles(shape: str, most: float) -> None:
    debtor, creditor, units, parties = drawn(shape, 3_000, 1)
    owes = np.bincount(debtor, units, parties).astype(np.int64)
    choice = by_value(queue(debtor, creditor, units, owes // 10), sweeps=1_000)
    assert choice.gap < most


def test_the_same_seed_makes_the_same_choice() -> None:
    debtor, creditor, units, parties = drawn("sf", 1_000, 1)
    waiting = queue(debtor, creditor, units, np.full(parties, 10**5))
    one, same, other = (by_value(waiting, sweeps=100, seed=seed) for seed in (1, 1, 2))
    assert one.settles.tolist() == same.settles.tolist() != other.settles.tolist()


def test_a_choice_that_overdraws_somebody_is_told() -> None:
    debtor, creditor, units = np.array([(0, 1, 5), (1, 2, 3), (2, 0, 9)], np.int64).T
    limit = np.array([0, 0, 5], np.int64)

    def told(*settles: bool) -> int | None:
        return overdrawn(debtor, creditor, units, limit, np.array(settles))

    assert told(True, True, True) == 2
    assert told(False, True, False) == 1
    assert told(True, False, False) == 0
    assert told(False, False, False) is None


I64 = np.int64


@pytest.mark.parametrize(
    ("debtor", "creditor", "units", "limit"),
    [
        ([0], [1], [5], [[0, 0]]),
        ([0], [1], [5], [0, -1]),
        ([0], [0], [5], [0, 0]),
        ([0], [2], [5], [0, 0]),
        ([-1], [1], [5], [0, 0]),
        ([0], [1], [0], [0, 0]),
        ([0], [1], [-5], [0, 0]),
        ([0, 1], [1], [5], [0, 0]),
        ([0], [1], [TOTAL_MAX // 2 + 1], [0, 0]),
        ([0], [1], [TOTAL_MAX // 3 + 1], [TOTAL_MAX, 0]),
        ([0, 1], [1, 0], [TOTAL_MAX, TOTAL_MAX], [0, 0]),
    ],
)
def test_bad_input_is_refused(
    debtor: list[int], creditor: list[int], units: list[int], limit: list[int]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        queue(*(np.array(one, I64) for one in (debtor, creditor, units, limit)))


@pytest.mark.parametrize("wrong", range(4))
def test_only_int64_is_taken(wrong: int) -> None:
    arrays = [np.array(one, I64) for one in ([0], [1], [5], [0, 0])]
    arrays[wrong] = arrays[wrong].astype(np.float64)
    with pytest.raises(ValueError, match="int64"):
        queue(*arrays)
