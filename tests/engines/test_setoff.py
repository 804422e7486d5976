"""Maximum set-off: as much as any other could, never beyond what is owed."""

from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.engines.setoff import (
    TOTAL_MAX,
    Int64s,
    NotGreatest,
    labels,
    network,
    shared_out,
    solve,
    total,
)

Owed = tuple[int, int, int]  # debtor, creditor, units


def maximum_set_off(debtor: Int64s, creditor: Int64s, units: Int64s, parties: int) -> Int64s:
    """What of each obligation is set off, as clearing asks for it."""
    net = network(debtor, creditor, units, parties)
    return shared_out(net, debtor, creditor, units, solve(net).cleared)


def cleared(owed: list[Owed], parties: int) -> list[int]:
    columns = np.array(owed, np.int64).reshape(-1, 3).T.copy()
    answer = maximum_set_off(columns[0], columns[1], columns[2], parties)
    assert answer.dtype == np.int64
    return list(answer.tolist())


@st.composite
def networks(draw: st.DrawFn, units_max: int = 10**9, size_max: int = 30) -> tuple[list[Owed], int]:
    parties = draw(st.integers(2, 7))
    pairs = st.tuples(st.integers(0, parties - 1), st.integers(0, parties - 1)).filter(
        lambda pair: pair[0] != pair[1]
    )
    drawn = draw(st.lists(st.tuples(pairs, st.integers(1, units_max)), max_size=size_max))
    return [(*pair, units) for pair, units in drawn], parties


def balanced(owed: list[Owed], answer: list[int], parties: int) -> bool:
    net = [0] * parties
    for (debtor, creditor, _), units in zip(owed, answer, strict=True):
        net[debtor] -= units
        net[creditor] += units
    return not any(net)


def improvable(owed: list[Owed], answer: list[int], parties: int) -> bool:
    """Whether some cycle would set off more (Bellman-Ford): then the answer is no optimum.

    More can be set off along an obligation, for a gain of one, or less, for a loss of one.
    """
    arcs = [
        *((d, c, -1) for (d, c, units), off in zip(owed, answer, strict=True) if off < units),
        *((c, d, 1) for (d, c, _), off in zip(owed, answer, strict=True) if off > 0),
    ]
    cost = [0] * parties
    for _ in range(parties):
        for tail, head, step in arcs:
            cost[head] = min(cost[head], cost[tail] + step)
    return any(cost[tail] + step < cost[head] for tail, head, step in arcs)


@given(networks())
def test_no_position_moves_and_nothing_is_cleared_beyond_what_is_owed(
    network: tuple[list[Owed], int],
) -> None:
    owed, parties = network
    answer = cleared(owed, parties)
    assert balanced(owed, answer, parties)
    assert all(0 <= off <= units for off, (_, _, units) in zip(answer, owed, strict=True))


@given(networks())
def test_no_cycle_would_set_off_more(network: tuple[list[Owed], int]) -> None:
    owed, parties = network
    assert not improvable(owed, cleared(owed, parties), parties)


@given(networks(units_max=3, size_max=6))
def test_no_other_choice_sets_off_more(network: tuple[list[Owed], int]) -> None:
    """All choices are tried."""
    owed, parties = network
    choices = product(*(range(units + 1) for _, _, units in owed))
    best = max(sum(choice) for choice in choices if balanced(owed, list(choice), parties))
    assert sum(cleared(owed, parties)) == best


@given(networks(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_no_pair(
    network: tuple[list[Owed], int], dice: Random
) -> None:
    owed, parties = network
    shuffled = dice.sample(owed, len(owed))

    def by_pair(order: list[Owed]) -> dict[tuple[int, int], int]:
        found: dict[tuple[int, int], int] = {}
        for (debtor, creditor, _), off in zip(order, cleared(order, parties), strict=True):
            found[debtor, creditor] = found.get((debtor, creditor), 0) + off
        return found

    assert by_pair(shuffled) == by_pair(owed)


@given(networks())
def test_within_a_pair_the_first_given_is_the_first_cleared(
    network: tuple[list[Owed], int],
) -> None:
    owed, parties = network
    answer = cleared(owed, parties)
    short: set[tuple[int, int]] = set()
    for (debtor, creditor, units), off in zip(owed, answer, strict=True):
        assert off == 0 or (debtor, creditor) not in short
        if off < units:
            short.add((debtor, creditor))


def test_a_ring_clears_its_smallest_debt() -> None:
    assert cleared([(0, 1, 5), (1, 2, 3), (2, 0, 4)], 3) == [3, 3, 3]


def test_netting_two_by_two_first_would_clear_less() -> None:
    """The pair 0-1 taken first leaves no ring, and clears two; the way round clears four."""
    assert sum(cleared([(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 0, 1), (1, 0, 1)], 4)) == 4


def test_a_chain_clears_nothing() -> None:
    assert cleared([(k, k + 1, 10) for k in range(50)], 51) == [0] * 50


def test_nothing_owed_is_nothing_cleared() -> None:
    assert cleared([], 0) == []
    assert cleared([], 5) == []


def test_a_party_without_obligations_is_no_trouble() -> None:
    assert cleared([(2, 7, 5), (7, 2, 5)], 9) == [5, 5]


@given(networks(units_max=9, size_max=20))
def test_amounts_at_the_bound_are_cleared_like_small_ones(
    network: tuple[list[Owed], int],
) -> None:
    owed, parties = network
    factor = TOTAL_MAX // max(1, sum(units for _, _, units in owed))
    large = [(debtor, creditor, units * factor) for debtor, creditor, units in owed]
    assert sum(cleared(large, parties)) == factor * sum(cleared(owed, parties))


@given(st.lists(st.integers(0, 2**63 - 1), max_size=50))
def test_the_sum_does_not_wrap_around(units: list[int]) -> None:
    assert total(np.array(units, np.int64)) == sum(units)


def int64s(*values: int) -> Int64s:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("debtor", "creditor", "units", "parties", "reason"),
    [
        (int64s(0), int64s(0), int64s(1), 2, "itself"),
        (int64s(0), int64s(1), int64s(0), 2, "above zero"),
        (int64s(0), int64s(1), int64s(-1), 2, "above zero"),
        (int64s(0), int64s(2), int64s(1), 2, "parties - 1"),
        (int64s(-1), int64s(1), int64s(1), 2, "parties - 1"),
        (int64s(0), int64s(1), int64s(1), 0, "parties - 1"),
        (int64s(), int64s(), int64s(), -1, "parties"),
        (int64s(), int64s(), int64s(), 2**31, "parties"),
        (int64s(0, 1), int64s(1), int64s(1), 2, "length"),
        (int64s(0), int64s(1), int64s(1, 2), 2, "length"),
        (int64s(0, 1), int64s(1, 0), int64s(TOTAL_MAX, 1), 2, "TOTAL_MAX"),
        (int64s(*[0, 1] * 2), int64s(*[1, 0] * 2), int64s(*[2**62] * 4), 2, "TOTAL_MAX"),
        (int64s(0).astype(np.int32), int64s(1), int64s(1), 2, "int64"),
        (int64s(0), int64s(1), np.array([1.5]), 2, "int64"),
        (int64s(0), int64s(1), np.array([2**63], np.uint64), 2, "int64"),
    ],
)
def test_what_breaks_the_bounds_is_not_solved(
    debtor: Int64s, creditor: Int64s, units: Int64s, parties: int, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        maximum_set_off(debtor, creditor, units, parties)


def test_the_input_is_not_written_to() -> None:
    arrays = int64s(1, 0, 0), int64s(0, 1, 1), int64s(5, 3, 4)
    before = [array.copy() for array in arrays]
    maximum_set_off(*arrays, 2)
    assert all(map(np.array_equal, arrays, before))


def labelled(owed: list[Owed], answer: list[int], parties: int) -> list[int]:
    columns = np.array(owed, np.int64).reshape(-1, 3).T.copy()
    found = labels(columns[0], columns[1], columns[2], np.array(answer, np.int64), parties)
    return list(found.tolist())


@given(networks())
def test_labels_prove_the_greatest_set_off(network: tuple[list[Owed], int]) -> None:
    owed, parties = network
    answer = cleared(owed, parties)
    label = labelled(owed, answer, parties)
    assert min(label) == 0
    for (debtor, creditor, units), off in zip(owed, answer, strict=True):
        rc = 1 + label[debtor] - label[creditor]
        assert rc <= 0 or off == units
        assert rc >= 0 or off == 0


@given(networks(units_max=3, size_max=12), st.data())
def test_there_are_labels_for_the_greatest_alone(
    network: tuple[list[Owed], int], data: st.DataObject
) -> None:
    """Take a circle back, wholly or in part: it conserves, and is no longer the greatest."""
    owed, parties = network
    answer = cleared(owed, parties)
    other = [data.draw(st.integers(0, off)) for off in answer]
    if not balanced(owed, other, parties):
        return
    if sum(other) == sum(answer):
        labelled(owed, other, parties)
        return
    with pytest.raises(NotGreatest):
        labelled(owed, other, parties)


def test_a_circle_that_was_left_is_no_optimum() -> None:
    owed = [(0, 1, 5), (1, 2, 3), (2, 0, 4)]
    assert labelled(owed, cleared(owed, 3), 3)
    for less in range(3):
        with pytest.raises(NotGreatest):
            labelled(owed, [less] * 3, 3)


def test_a_chain_has_labels_as_long_as_it_is() -> None:
    owed = [(n, n + 1, 7) for n in range(50)]
    assert max(labelled(owed, cleared(owed, 51), 51)) == 50


def test_no_obligations_have_no_labels_but_zero() -> None:
    assert labelled([], [], 3) == [0, 0, 0]
    assert labelled([], [], 0) == []
