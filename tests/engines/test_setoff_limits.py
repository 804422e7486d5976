"""Limits as arcs: they hold, no more could be cleared under them, and cash does what it says."""

import numpy as np
import pytest
from bench.referee import cleared_by_ortools
from hypothesis import example, given
from hypothesis import strategies as st

from clearhouse.demo.networks import drawn
from clearhouse.engines.setoff import (
    FREE,
    Limited,
    Limits,
    Network,
    broken,
    certified,
    limited,
    network,
    solve,
)
from clearhouse.engines.setoff.kernels import Int64s
from clearhouse.engines.setoff.network import TOTAL_MAX

SEEDS = st.integers(0, 10**6)


def some(seed: int, most: int = 20) -> Network:
    dice = np.random.default_rng(seed)
    parties = int(dice.integers(2, 12))
    ends = dice.integers(0, parties, (2, int(dice.integers(1, 40))))
    ends = ends[:, ends[0] != ends[1]]
    units = np.asarray(dice.integers(1, most + 1, ends.shape[1]))
    return network(ends[0], ends[1], units, parties)


def array(*units: int) -> Int64s:
    return np.array(units, np.int64)


def all_limits(net: Network, seed: int) -> Limits:
    """Of each kind some, some of them free."""
    dice = np.random.default_rng(seed)
    pair, through = (np.asarray(dice.integers(FREE, 12, n)) for n in (len(net.owed), net.parties))
    return Limits(pair, through, np.asarray(dice.integers(0, 8, net.parties)))


def best(under: Limited) -> tuple[int, Int64s]:
    """What is cleared under limits: found, proved, and found again by OR-tools."""
    net, found = under.net, solve(under.net)
    cleared = int((found.cleared * net.gain).sum())
    assert broken(net.tail, net.head, net.owed, net.gain, found.cleared, found.label) < 0
    assert cleared == int((cleared_by_ortools(net) * net.gain).sum())
    return cleared, found.cleared


def flows(net: Network, of_pairs: Int64s) -> tuple[Int64s, Int64s]:
    """What is set off of each party's debts, and of its claims."""
    debts, claims = np.zeros(net.parties, np.int64), np.zeros(net.parties, np.int64)
    np.add.at(debts, net.tail, of_pairs)
    np.add.at(claims, net.head, of_pairs)
    return debts, claims


@given(SEEDS)
def test_every_limit_holds_and_all_else_is_cleared(seed: int) -> None:
    net = some(seed)
    limits = all_limits(net, seed + 1)
    under = limited(net, limits)
    _, cleared = best(under)
    of_pairs, put_in, paid = under.of_pairs(cleared), under.put_in(cleared), under.paid(cleared)
    debts, claims = flows(net, of_pairs)

    assert limits.pair is not None
    assert limits.through is not None
    assert limits.cash is not None
    assert np.all((of_pairs >= 0) & (of_pairs <= net.owed))
    assert np.all((limits.pair == FREE) | (of_pairs <= limits.pair))
    assert np.all((limits.through == FREE) | (debts <= limits.through))
    assert np.all(put_in <= limits.cash)
    assert int(put_in.sum()) == int(paid.sum())
    assert np.array_equal(debts - claims, put_in - paid), "nobody's net changes but by its cash"


@given(SEEDS)
def test_without_limits_it_is_the_same_network(seed: int) -> None:
    net = some(seed)
    under = limited(net, Limits())
    free = np.full(net.parties, FREE), np.full(len(net.owed), FREE)
    no_cash = np.zeros(net.parties, np.int64)
    freed = limited(net, Limits(pair=free[1], through=free[0], cash=no_cash))
    whole = int(solve(net).cleared.sum())

    assert best(under)[0] == best(freed)[0] == whole
    assert np.array_equal(under.of_pairs(under.net.owed), net.owed)


@given(SEEDS)
@example(7633)  # a chain is cut off
def test_cash_clears_what_the_frontier_says(seed: int) -> None:
    net = some(seed)
    found = solve(net)
    amount = found.longer + sum(step.units for step in found.frontier)
    most = np.full(net.parties, amount, np.int64)
    # All of it, wherever it does most: everything is cleared.
    assert best(limited(net, Limits(cash=most)))[0] == int(net.owed.sum())


@given(SEEDS)
@example(7633)  # a chain is cut off
def test_a_label_is_what_a_unit_of_cash_would_clear(seed: int) -> None:
    net = some(seed)
    found = solve(net)
    label = certified(net, found)
    dearest = found.frontier[0].price if found.frontier else 0
    # What chains that were cut off would clear comes before the frontier.
    assert int(label.max()) > dearest if found.longer else int(label.max()) == dearest
    for who in range(net.parties):
        cash = np.zeros(net.parties, np.int64)
        cash[who] = 1
        with_it = best(limited(net, Limits(cash=cash)))[0]
        assert with_it - int(found.cleared.sum()) == int(label.max() - label[who])


def test_a_cap_of_a_party_is_met_to_the_unit() -> None:
    # A circle of 10 through three; the second lets 4 through.
    net = network(array(0, 1, 2), array(1, 2, 0), array(10, 10, 10), 3)
    under = limited(net, Limits(through=array(FREE, 4, FREE)))

    assert under.of_pairs(best(under)[1]).tolist() == [4, 4, 4]


def test_who_lets_nothing_through_takes_no_part() -> None:
    net = network(*drawn("sf", 300, 1))
    through = np.full(net.parties, FREE, np.int64)
    through[:10] = 0
    under = limited(net, Limits(through=through))
    debts, claims = flows(net, under.of_pairs(best(under)[1]))
    without = (net.tail >= 10) & (net.head >= 10)
    others = network(
        net.tail[without].astype(np.int64),
        net.head[without].astype(np.int64),
        net.owed[without],
        net.parties,
    )

    assert not debts[:10].any()
    assert not claims[:10].any()
    assert int(debts.sum()) == int(solve(others).cleared.sum())


def test_cash_on_a_chain_clears_it_all() -> None:
    net = network(array(0, 1, 2), array(1, 2, 3), array(5, 5, 5), 4)
    under = limited(net, Limits(cash=array(2, 0, 0, 0)))
    cleared = best(under)[1]

    assert under.of_pairs(cleared).tolist() == [2, 2, 2]
    assert under.put_in(cleared).tolist() == [2, 0, 0, 0]
    assert under.paid(cleared).tolist() == [0, 0, 0, 2]


@pytest.mark.parametrize(
    "limits",
    [
        Limits(pair=array(1)),
        Limits(pair=array(1, -2)),
        Limits(through=array(1, 1, -2)),
        Limits(through=array(1, 1)),
        Limits(cash=array(1, 1, -1)),
        Limits(cash=np.ones(3, np.int32)),
        Limits(cash=np.ones((3, 1), np.int64)),
    ],
    ids=["few-pairs", "pair-below", "party-below", "few-parties", "cash-below", "int32", "flat"],
)
def test_what_is_no_limit_is_refused(limits: Limits) -> None:
    net = network(array(0, 1), array(1, 2), array(5, 5), 3)
    with pytest.raises(ValueError, match="limit"):
        limited(net, limits)


def test_capacities_that_do_not_add_up_in_64_bits_are_refused() -> None:
    net = network(array(0, 1), array(1, 0), array(TOTAL_MAX // 2, TOTAL_MAX // 2), 2)
    with pytest.raises(ValueError, match="TOTAL_MAX"):
        limited(net, Limits(cash=array(TOTAL_MAX, 0)))
    assert best(limited(net, Limits()))[0] == TOTAL_MAX
