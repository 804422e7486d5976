"""Solved again after a change, and what a hold costs: as much as from nothing, and proved."""

import numpy as np
import pytest
from bench.referee import cleared_by_ortools
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from clearhouse.demo.networks import SHAPES, drawn
from clearhouse.engines.setoff import (
    TOTAL_MAX,
    Again,
    Int64s,
    Network,
    WhatIf,
    again,
    bound,
    broken,
    change,
    changed,
    near,
    network,
    shadow,
    solve,
    total,
)

EFFORTS = {
    "over the tree": {"OPEN_SHARE": 2**30, "WORK_LEAST": 2**40, "EACH_LEAST": 2**40},
    "price by price": {"OPEN_SHARE": 0, "ROUNDS": 2**20},
    "a little of each": {
        "OPEN_SHARE": 2**30,
        "WORK_SHARE": 0,
        "WORK_LEAST": 40,
        "EACH_LEAST": 9,
        "EACH_SHARE": 2**30,
        "NARROW_WAIT": 1,
    },
    "soon from nothing": {"OPEN_SHARE": 0, "ROUNDS": 1},
    "as shipped": {},
}


@pytest.fixture(params=EFFORTS)
def effort(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How it is routed near a change, and how much before all is solved from nothing."""
    for name, value in EFFORTS[request.param].items():
        monkeypatch.setattr(near, name, value)
    if request.param == "soon from nothing":
        monkeypatch.setattr(shadow, "WORK_SHARE", 0)
        monkeypatch.setattr(shadow, "WORK_LEAST", 5)
    elif request.param != "as shipped":
        monkeypatch.setattr(shadow, "WORK_SHARE", 2**30)


def int64s(*values: int) -> Int64s:
    return np.array(values, np.int64)


def any_network(dice: np.random.Generator, parties: int, obligations: int, most: int) -> Network:
    ends = dice.integers(0, parties, (2, obligations))
    ends = ends[:, ends[0] != ends[1]]
    return network(ends[0], ends[1], np.asarray(dice.integers(1, most + 1, ends.shape[1])), parties)


def any_change(dice: np.random.Generator, net: Network, count: int, most: int) -> Network:
    """Of some pairs, known or not, other amounts; a third of them nothing."""
    ends = dice.integers(0, net.parties, (2, count))
    ends = np.unique(ends[:, ends[0] != ends[1]], axis=1)
    units = np.asarray(dice.integers(0, most + 1, ends.shape[1]))
    units[dice.random(ends.shape[1]) < 0.33] = 0
    return changed(net, ends[0].copy(), ends[1].copy(), units)


def proved(net: Network, found: Again) -> bool:
    at = broken(net.tail, net.head, net.owed, net.gain, found.cleared, found.label)
    return at < 0 and int(found.label.min(initial=0)) == 0


def as_from_nothing(net: Network, found: Again) -> bool:
    return proved(net, found) and total(found.cleared) == total(solve(net).cleared)


@pytest.mark.usefixtures("effort")
@pytest.mark.parametrize("seed", range(100))
def test_small_networks_clear_as_much_as_from_nothing(seed: int) -> None:
    dice = np.random.default_rng(seed)
    net = any_network(dice, int(dice.integers(2, 40)), int(dice.integers(0, 160)), 10**6)
    first = solve(net)
    cleared, label = first.cleared, first.label
    for _ in range(3):
        after = any_change(dice, net, int(dice.integers(0, 9)), 10**6)
        found = again(after, net, cleared, label)
        assert as_from_nothing(after, found)
        net, cleared, label = after, found.cleared, found.label


@pytest.mark.usefixtures("effort")
@pytest.mark.parametrize("size", [20, 300, 5_000])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_clears_what_ortools_clears(shape: str, size: int) -> None:
    dice = np.random.default_rng(size)
    net = network(*drawn(shape, size, 1))
    first = solve(net)
    after = any_change(dice, net, 3 + size // 50, int(net.owed.max()))
    found = again(after, net, first.cleared, first.label)
    assert proved(after, found)
    assert total(found.cleared) == total(cleared_by_ortools(after))


@pytest.mark.usefixtures("effort")
def test_fifty_changes_one_after_the_other() -> None:
    dice = np.random.default_rng(5)
    net = network(*drawn("er", 3_000, 5))
    first = solve(net)
    found = again(net, net, first.cleared, first.label)
    for _ in range(50):
        after = any_change(dice, net, 20, 10**5)
        found = again(after, net, found.cleared, found.label)
        assert as_from_nothing(after, found)
        net = after


def ring(parties: int) -> Network:
    one = np.arange(parties)
    units = np.random.default_rng(1).integers(50, 99, parties)
    return network(one, (one + 1) % parties, np.asarray(units), parties)


def clique(parties: int) -> Network:
    ends = np.array([(i, j) for i in range(parties) for j in range(parties) if i != j]).T
    units = np.random.default_rng(2).integers(1, 10**9, ends.shape[1])
    return network(ends[0].copy(), ends[1].copy(), np.asarray(units), parties)


@pytest.mark.usefixtures("effort")
@pytest.mark.parametrize(
    "net", [ring(3), ring(2_000), clique(2), clique(25)], ids=["r3", "r2000", "c2", "c25"]
)
def test_rings_and_cliques(net: Network) -> None:
    first = solve(net)
    for units in (0, 1, 40, 10**6):
        after = changed(net, int64s(0), int64s(1), int64s(units))
        found = again(after, net, first.cleared, first.label)
        assert as_from_nothing(after, found)
        back = again(net, after, found.cleared, found.label)
        assert total(back.cleared) == total(first.cleared)


@pytest.mark.usefixtures("effort")
def test_a_chain_that_is_closed_and_opened() -> None:
    """Labels are as long as the chain; then they all are on one circle."""
    net = network(*drawn("chain", 2_000, 1))
    first = solve(net)
    closed = changed(net, int64s(2_000), int64s(0), int64s(10**6))
    found = again(closed, net, first.cleared, first.label)
    assert as_from_nothing(closed, found)
    assert found.cleared.all()
    opened = changed(closed, int64s(1_000), int64s(1_001), int64s(0))
    assert not again(opened, closed, found.cleared, found.label).cleared.any()


def test_nothing_changed_is_nothing_changed() -> None:
    net = network(*drawn("tier", 5_000, 1))
    first = solve(net)
    none = int64s()
    found = again(changed(net, none, none, none), net, first.cleared, first.label)
    assert np.array_equal(found.cleared, first.cleared)
    assert np.array_equal(found.label, first.label)
    assert found.is_near


def test_everything_removed_and_everything_changed() -> None:
    dice = np.random.default_rng(1)
    net = network(*drawn("sf", 5_000, 1))
    first = solve(net)
    pairs = net.tail.astype(np.int64), net.head.astype(np.int64)
    empty = changed(net, *pairs, np.zeros_like(net.owed))
    found = again(empty, net, first.cleared, first.label)
    assert proved(empty, found)
    assert not found.cleared.any()
    other = changed(net, *pairs, dice.permutation(net.owed))
    assert as_from_nothing(other, again(other, net, first.cleared, first.label))
    assert as_from_nothing(net, again(net, empty, found.cleared, found.label))


def test_new_parties_and_a_network_made_of_all_obligations() -> None:
    net = network(*drawn("er", 2_000, 3))
    first = solve(net)
    more = net.parties + 3
    debtor = int64s(0, net.parties, net.parties + 2)
    creditor = int64s(net.parties, 1, net.parties)
    units = int64s(10**6, 10**6, 5)
    grown = changed(net, debtor, creditor, units, more)
    joined = [
        np.concatenate([old.astype(np.int64), new])
        for old, new in ((net.tail, debtor), (net.head, creditor), (net.owed, units))
    ]
    whole = network(joined[0], joined[1], joined[2], more)
    assert np.array_equal(grown.owed, whole.owed)
    assert np.array_equal(grown.head, whole.head)
    for after in (grown, whole):
        assert as_from_nothing(after, again(after, net, first.cleared, first.label))
    emptied = network(int64s(), int64s(), int64s(), 0)
    found = solve(emptied)
    assert as_from_nothing(net, again(net, emptied, found.cleared, found.label))


@pytest.mark.usefixtures("effort")
def test_all_units_at_the_bound() -> None:
    third = TOTAL_MAX // 3
    net = network(int64s(0, 1, 2), int64s(1, 2, 0), int64s(third, third, third), 3)
    first = solve(net)
    less = changed(net, int64s(1), int64s(2), int64s(third - 7))
    found = again(less, net, first.cleared, first.label)
    assert found.cleared.tolist() == [third - 7] * 3
    asked = WhatIf(less, found.cleared, found.label)
    assert asked.gain(1, 2, 7) == 21
    assert asked.loss(0, 1, third) == 3 * (third - 7)
    with pytest.raises(ValueError, match="TOTAL_MAX"):
        asked.gain(1, 2, 9)
    with pytest.raises(ValueError, match="TOTAL_MAX"):
        changed(net, int64s(1), int64s(2), int64s(third + 9))


@given(st.integers(0, 10**6), st.data())
def test_whatever_was_said_of_the_last_set_off_the_answer_is_the_greatest(
    seed: int, data: st.DataObject
) -> None:
    """It is set by labels anew; wrong ones cost time, and no more."""
    net = any_network(np.random.default_rng(seed), 6, 20, 9)
    wild = st.lists(st.integers(-20, 20), min_size=len(net.owed), max_size=len(net.owed))
    labels = st.lists(st.sampled_from([0, 1, 2, 5, 2**29]), min_size=6, max_size=6)
    cleared = np.array(data.draw(wild), np.int64)
    label = np.array(data.draw(labels), np.int32)
    assert as_from_nothing(net, again(net, net, cleared, label))


def test_what_is_no_solution_of_the_network_before_is_refused() -> None:
    net = network(*drawn("er", 100, 1))
    found = solve(net)
    cleared, label = found.cleared, found.label
    smaller = network(*drawn("er", 50, 1))
    for last in [
        (cleared[1:], label),
        (cleared, label[1:]),
        (cleared.astype(np.int32), label),
        (cleared, label.astype(np.int64)),
        (cleared, label - 2**20),
        (cleared, label + np.int32(2**30)),
    ]:
        with pytest.raises(ValueError, match=r"int64|those of|labels are"):
            again(net, net, *last)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="party is gone"):
        again(smaller, net, cleared, label)
    wrong = cleared.copy()
    wrong[0] += 1
    with pytest.raises(ValueError, match="do not prove"):
        WhatIf(net, wrong, label)


@pytest.mark.parametrize(
    ("debtor", "creditor", "units", "parties", "reason"),
    [
        (int64s(0), int64s(0), int64s(1), None, "itself"),
        (int64s(0), int64s(1), int64s(-1), None, "from 0"),
        (int64s(0), int64s(1), int64s(2**62 + 1), None, "TOTAL_MAX"),
        (int64s(0), int64s(3), int64s(1), None, "parties - 1"),
        (int64s(-1), int64s(1), int64s(1), None, "parties - 1"),
        (int64s(0), int64s(1), int64s(1), 2, "parties"),
        (int64s(0, 0), int64s(1, 1), int64s(1, 2), None, "twice"),
        (int64s(0, 1), int64s(1), int64s(1), None, "length"),
        (int64s(0).astype(np.int32), int64s(1), int64s(1), None, "int64"),
    ],
)
def test_a_change_beyond_the_bounds_is_refused(
    debtor: Int64s, creditor: Int64s, units: Int64s, parties: int | None, reason: str
) -> None:
    net = network(int64s(0, 1), int64s(1, 2), int64s(5, 5), 3)
    with pytest.raises(ValueError, match=reason):
        changed(net, debtor, creditor, units, parties)


def test_nothing_is_written_to() -> None:
    net = network(*drawn("er", 3_000, 1))
    found = solve(net)
    arrays: list[NDArray[np.generic]] = [net.owed, net.tail, net.head, found.cleared, found.label]
    before = [one.copy() for one in arrays]
    after = any_change(np.random.default_rng(1), net, 50, 10**4)
    again(after, net, found.cleared, found.label)
    asked = WhatIf(net, found.cleared, found.label)
    asked.gain(0, 1, 10**6)
    asked.loss(int(net.tail[5]), int(net.head[5]), int(net.owed[5]))
    assert all(np.array_equal(*pair) for pair in zip(arrays, before, strict=True))


# What a hold costs.


@pytest.mark.usefixtures("effort")
@pytest.mark.parametrize("seed", range(100))
def test_what_if_wins_and_loses_what_solving_from_nothing_does(seed: int) -> None:
    dice = np.random.default_rng(seed)
    parties = int(dice.integers(2, 25))
    net = any_network(dice, parties, int(dice.integers(1, 120)), int(dice.choice([1, 9, 10**6])))
    found = solve(net)
    asked, so_far = WhatIf(net, found.cleared, found.label), total(found.cleared)
    for _ in range(5):
        i, j = dice.choice(parties, 2, replace=False).tolist()
        units = int(dice.integers(1, 10**6))
        at = change.find_arc(net, i, j)
        owed = int(net.owed[at]) if at >= 0 else 0
        more = solve(changed(net, int64s(i), int64s(j), int64s(owed + units)))
        won = asked.gain(i, j, units)
        assert won == total(more.cleared) - so_far
        assert won <= units * int(bound(found.label, int64s(i), int64s(j))[0])
        if owed:
            units = int(dice.integers(1, owed + 1))
            less = solve(changed(net, int64s(i), int64s(j), int64s(owed - units)))
            assert asked.loss(i, j, units) == so_far - total(less.cleared)
        else:
            with pytest.raises(ValueError, match="not owe"):
                asked.loss(i, j, 1)


def test_who_is_not_in_the_network_is_on_no_circle() -> None:
    net = network(int64s(0, 1), int64s(1, 0), int64s(3, 5), 2)
    found = solve(net)
    asked = WhatIf(net, found.cleared, found.label)
    assert asked.gain(0, 2, 9) == asked.gain(7, 1, 9) == 0
    ends = int64s(0, 7, -1, 0), int64s(2, 1, 0, 1)
    assert bound(found.label, *ends).tolist()[:3] == [0, 0, 0]
    assert asked.gain(0, 1, 9) == 4
    for debtor, creditor, units in [(0, 0, 1), (0, 1, 0), (0, 1, -1), (0, 1, TOTAL_MAX)]:
        with pytest.raises(ValueError, match="above zero"):
            asked.gain(debtor, creditor, units)
