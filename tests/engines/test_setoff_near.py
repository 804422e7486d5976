"""The widest tree, and what is brought over it: near a change, whatever the network around it."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.demo.networks import drawn
from clearhouse.engines.setoff import (
    Int64s,
    Network,
    Solution,
    again,
    broken,
    change,
    changed,
    near,
    network,
    solve,
    total,
    widest,
)
from clearhouse.engines.setoff.kernels import FAR, Int32s, net_of
from clearhouse.engines.setoff.widest import DOWN, UP, Tree


def some_network(dice: np.random.Generator, parties: int, obligations: int, most: int) -> Network:
    ends = dice.integers(0, parties, (2, obligations))
    ends = ends[:, ends[0] != ends[1]]
    return network(ends[0], ends[1], np.asarray(dice.integers(1, most + 1, ends.shape[1])), parties)


def one_in(dice: np.random.Generator, net: Network, share: int) -> Network:
    """As the bench changes it: half have other amounts, a quarter is gone, a quarter is larger."""
    count = min(len(net.owed), max(4, len(net.owed) // share))
    at = dice.choice(len(net.owed), count, replace=False)
    units = net.owed[at] * dice.integers(0, 33, count) >> 4
    units[: count // 4] = 0
    return changed(net, net.tail[at].astype(np.int64), net.head[at].astype(np.int64), units)


@dataclass
class Laid:
    """A tree beside all that it is of."""

    trunk: Tree
    net: Network
    flow: Int64s
    label: Int32s
    excess: Int64s
    free: Int32s


def laid(seed: int, parties: int, obligations: int, most: int = 99) -> Laid:
    dice = np.random.default_rng(seed)
    before = some_network(dice, parties, obligations, most)
    found = solve(before)
    net = one_in(dice, before, 9)
    label = found.label.copy()
    flow, excess, free = change._set(net.tail, net.head, net.owed, net.gain, found.cleared, label)
    made = widest.tree(net.graph, net.tail, net.owed, flow, free)
    return Laid(made, net, flow, label, excess, free)


def width_between(laid: Laid, v: int) -> int:
    """How many bits the widest way to the root has at its narrowest, by search."""
    net = laid.net
    wide = {int(e): min(int(laid.flow[e]), int(net.owed[e] - laid.flow[e])) for e in laid.free}
    for bits in range(64, 0, -1):
        reached, todo = {int(laid.trunk.order[0])}, [int(laid.trunk.order[0])]
        while todo:
            u = todo.pop()
            for e, units in wide.items():
                if units.bit_length() >= bits and u in (net.tail[e], net.head[e]):
                    other = int(net.tail[e] + net.head[e]) - u
                    if other not in reached:
                        reached.add(other)
                        todo.append(other)
        if v in reached:
            return bits
    return 0


@pytest.mark.parametrize("seed", range(30))
def test_everybody_hangs_by_the_widest_way(seed: int) -> None:
    made = laid(seed, 14, 60, 10**4)
    place = {int(v): at for at, v in enumerate(made.trunk.order)}
    narrowest = {int(made.trunk.order[0]): 64}
    for v in made.trunk.order[1:].tolist():
        above, via = int(made.trunk.up[v]), int(made.trunk.via[v])
        arc = via if via >= 0 else ~via
        ends = (made.net.tail[arc], made.net.head[arc])
        assert ends == ((v, above) if via >= 0 else (above, v))
        assert place[above] < place[v]
        units = min(int(made.flow[arc]), int(made.net.owed[arc] - made.flow[arc]))
        narrowest[v] = min(narrowest[above], units.bit_length())
    for v in range(made.net.parties):
        assert narrowest.get(v, 0) == (64 if v == made.trunk.order[0] else width_between(made, v))


@pytest.mark.parametrize("seed", range(50))
def test_gathering_moves_what_does_not_add_up_and_nothing_else(seed: int) -> None:
    made = laid(seed, 30, 120)
    net = made.net
    before = made.excess + net_of(net.tail, net.head, made.flow, net.parties)
    lacking = int(np.abs(made.excess).sum())
    ways = widest.gather(made.trunk, net.owed, made.flow, made.excess)
    after = made.excess + net_of(net.tail, net.head, made.flow, net.parties)
    assert np.array_equal(before, after)
    assert made.flow.min(initial=0) >= 0
    assert np.all(made.flow <= net.owed)
    assert int(np.abs(made.excess).sum()) <= lacking
    rc = 1 + made.label[net.tail] - made.label[net.head]
    assert np.all((rc == 0) | (made.flow == np.where(rc > 0, 0, net.owed)))
    # Who has a way up keeps nothing that is to be routed, and who has a way back lacks nothing.
    open_up, open_down = (np.flatnonzero(made.trunk.is_open & way) for way in (UP, DOWN))
    root = int(made.trunk.order[0])
    assert (len(open_up) - 1, len(open_down) - 1) == ways
    for v in range(net.parties):
        way: list[int] = []
        u = v
        while u != root and made.trunk.up[u] >= 0:
            way.append(int(made.trunk.via[u]))
            u = int(made.trunk.up[u])
        up, down = (
            u == root and all(widest._room(net.owed, made.flow, e if is_up else ~e) for e in way)
            for is_up in (True, False)
        )
        assert (v in open_up, v in open_down) == (up, down)
        if v != root:
            assert not (up and made.excess[v] > 0)
            assert not (down and made.excess[v] < 0)


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("seed", range(50))
def test_what_is_brought_leaves_labels_that_prove(seed: int, side: int) -> None:
    """Also if it ends too early: then more is left, but nothing is wrong."""
    made = laid(seed, 30, 120)
    net, most = made.net, int(np.random.default_rng(seed).choice([30, 300, 2**40]))
    widest.gather(made.trunk, net.owed, made.flow, made.excess)
    found = widest.search(net.parties)
    widest.bring(
        made.trunk,
        net.graph,
        net.owed,
        made.flow,
        made.label,
        made.excess,
        found,
        side,
        most,
        most,
    )
    rc = 1 + made.label[net.tail] - made.label[net.head]
    assert np.all((rc == 0) | (made.flow == np.where(rc > 0, 0, net.owed)))
    owing = net_of(net.tail, net.head, net.owed - made.flow, net.parties)
    assert np.array_equal(owing, made.excess)
    left = side * made.excess
    left[made.trunk.order[0]] = 0
    if most == 2**40 and left.max() > 0:
        # Nobody who lacks, nor the root, is reached from there by any arc with room.
        graph, reached = net.graph, {int(left.argmax())}
        todo = sorted(reached)
        while todo:
            v = todo.pop()
            out = np.arange(graph.first[v], graph.first[v + 1])
            into = graph.into[graph.into_first[v] : graph.into_first[v + 1]]
            room = net.owed - made.flow, made.flow
            ahead = graph.head[out[room[side < 0][out] > 0]]
            back = net.tail[into[room[side > 0][into] > 0]]
            new = {int(i) for i in np.concatenate([ahead, back])} - reached
            reached |= new
            todo += sorted(new)
        assert int(made.trunk.order[0]) not in reached
        assert all(left[v] >= 0 for v in reached)


@pytest.fixture(scope="module", params=["sf", "tier", "er"])
def economy(request: pytest.FixtureRequest) -> tuple[str, Network, Solution]:
    net = network(*drawn(request.param, 20_000, 1))
    return request.param, net, solve(net)


@pytest.mark.parametrize("share", [10, 100, 1_000])
def test_an_economy_is_never_solved_from_nothing(
    economy: tuple[str, Network, Solution], share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, net, first = economy
    after = one_in(np.random.default_rng(share), net, share)
    wanted = total(solve(after).cleared)
    monkeypatch.delattr(change, "solve")
    found = again(after, net, first.cleared, first.label)
    assert found.is_near
    assert total(found.cleared) == wanted
    assert broken(after.tail, after.head, after.owed, after.gain, found.cleared, found.label) < 0


def test_few_changes_of_a_chain_of_supply_ask_for_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are brought over the tree alone, and looked at is no more than a part of the network."""
    net = network(*drawn("tier", 50_000, 1))
    first = solve(net)
    after = one_in(np.random.default_rng(1), net, 1_000)
    monkeypatch.delattr(near, "_price")
    looked: list[Int64s] = []

    def kept(parties: int) -> widest.Search:
        made = widest.search(parties)
        looked.append(made.at)
        return made

    monkeypatch.setattr(near, "search", kept)
    found = again(after, net, first.cleared, first.label)
    assert found.is_near
    assert total(found.cleared) == total(solve(after).cleared)
    assert looked[0][1] < len(net.owed)


def test_the_same_change_has_the_same_answer(economy: tuple[str, Network, Solution]) -> None:
    _, net, first = economy
    after = one_in(np.random.default_rng(3), net, 50)
    one, other = (again(after, net, first.cleared, first.label) for _ in range(2))
    assert np.array_equal(one.cleared, other.cleared)
    assert np.array_equal(one.label, other.label)


@given(st.integers(0, 2**32), st.data())
def test_whatever_is_tried_the_answer_is_the_greatest(seed: int, data: st.DataObject) -> None:
    """Trees that are wide or not, searches that end anywhere, and prices in between."""
    dice = np.random.default_rng(seed)
    most = data.draw(st.sampled_from([1, 2, 9, 10**6, 10**12]))
    parties = data.draw(st.sampled_from([2, 5, 20, 60]))
    net = some_network(dice, parties, parties * data.draw(st.integers(1, 9)), most)
    if not len(net.owed):
        return
    limits = {
        "OPEN_SHARE": data.draw(st.sampled_from([0, 1, 4, 2**30])),
        "NARROW_WAIT": data.draw(st.sampled_from([1, 3])),
        "ROUNDS": data.draw(st.sampled_from([1, 3, 99])),
        "WORK_SHARE": 0,
        "WORK_LEAST": data.draw(st.integers(0, 999)),
        "EACH_SHARE": 2**30,
        "EACH_LEAST": data.draw(st.integers(0, 99)),
    }
    found = solve(net)
    cleared, label = found.cleared, found.label
    with pytest.MonkeyPatch.context() as patched:
        for name, value in limits.items():
            patched.setattr(near, name, value)
        for _ in range(2):
            after = one_in(dice, net, data.draw(st.sampled_from([2, 10, 100])))
            answer = again(after, net, cleared, label)
            wrong = broken(
                after.tail, after.head, after.owed, after.gain, answer.cleared, answer.label
            )
            assert wrong < 0
            assert total(answer.cleared) == total(solve(after).cleared)
            net, cleared, label = after, answer.cleared, answer.label
    assert label.max(initial=0) < FAR
