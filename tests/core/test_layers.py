"""Layers: assets clear apart, makers' offers join them, and each asset adds up by itself."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from bench.referee import cleared_by_ortools
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.clearing import Due, clear
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.layers import Clearings, Conversion, Layer, Offer, check, clear_layers
from clearhouse.engines.setoff.kernels import Int64s
from clearhouse.engines.setoff.network import TOTAL_MAX, of_arcs

MONDAY = date(2026, 1, 5)
LOTS = {"BTC": 16, "EUR": 3, "USD": 1}


def due(name: str, pair: str, units: int, days: int = 0) -> Due:
    debtor, creditor = map(ParticipantId, pair)
    return Due(ObligationId(name), debtor, creditor, units, MONDAY + timedelta(days))


def layer(asset: str, *dues: Due) -> Layer:
    return Layer(asset, LOTS[asset], dues)


def offer(maker: str, gives: str, takes: str, lots: int) -> Offer:
    return Offer(ParticipantId(maker), gives, takes, lots)


# M is owed dollars by A and owes B bitcoin; N the other way round. A owes nobody else, and B too:
# nothing cancels in either asset, and with both offers all of it does.
BITCOIN = layer("BTC", due("b1", "MB", 160), due("b2", "BN", 160))
DOLLARS = layer("USD", due("d1", "AM", 10), due("d2", "NA", 10))
OFFERS = [offer("M", "USD", "BTC", 7), offer("N", "BTC", "USD", 9)]


def set_off(found: Clearings) -> dict[str, int]:
    return {line.due.id: line.set_off for lines in found.lines.values() for line in lines}


def test_two_makers_close_a_circle_through_two_assets() -> None:
    found = clear_layers([BITCOIN, DOLLARS], OFFERS)

    assert set_off(found) == {"b1": 112, "b2": 112, "d1": 7, "d2": 7}
    assert found.conversions == (
        Conversion(ParticipantId("M"), "USD", 7, "BTC", 112),
        Conversion(ParticipantId("N"), "BTC", 112, "USD", 7),
    )


@pytest.mark.parametrize("offers", [[], OFFERS[:1], OFFERS[1:]], ids=["none", "one", "another"])
def test_nothing_is_converted_that_comes_back_by_nobody(offers: list[Offer]) -> None:
    found = clear_layers([BITCOIN, DOLLARS], offers)

    assert set(set_off(found).values()) == {0}
    assert found.conversions == ()


def test_an_asset_clears_apart_where_lots_would_lose() -> None:
    """A lot is more than anybody owes."""
    small = Layer("BTC", 1_000, (due("b1", "AB", 160), due("b2", "BA", 150)))
    found = clear_layers([small, DOLLARS], [offer("A", "BTC", "USD", 5)])

    assert set_off(found) == {"b1": 150, "b2": 150, "d1": 0, "d2": 0}
    assert found.labels == {}


def test_what_is_below_a_lot_is_set_off_within_its_layer() -> None:
    more = layer("BTC", *BITCOIN.dues, due("b3", "XY", 37), due("b4", "YX", 35))
    found = clear_layers([more, DOLLARS], OFFERS)

    assert set_off(found) == {"b1": 112, "b2": 112, "d1": 7, "d2": 7, "b3": 35, "b4": 35}


def test_a_maker_may_go_through_an_asset_in_which_it_is_owed_nothing() -> None:
    layers = [layer("EUR", due("e1", "BA", 6)), layer("BTC"), layer("USD", due("d1", "AB", 2))]
    through = [offer("A", "EUR", "BTC", 2), offer("A", "BTC", "USD", 2)]
    found = clear_layers(layers, [*through, offer("B", "USD", "EUR", 2)])

    assert set_off(found) == {"e1": 6, "d1": 2}
    assert len(found.conversions) == 3


def test_a_maker_converts_nothing_to_and_fro() -> None:
    both = [offer("M", one, other, 50) for one in LOTS for other in LOTS if one != other]
    in_all = [
        layer(asset, due(f"{asset}1", "MB", 160), due(f"{asset}2", "BM", 160)) for asset in LOTS
    ]
    found = clear_layers(in_all, both)

    assert found.conversions == ()
    assert set(set_off(found).values()) == {160}


@pytest.mark.parametrize(
    ("offers", "code"),
    [
        ([offer("M", "USD", "GBP", 1)], "layers.offer-wrong"),
        ([offer("M", "USD", "USD", 1)], "layers.offer-wrong"),
        ([offer("M", "USD", "BTC", 0)], "layers.offer-wrong"),
        ([offer("M", "USD", "BTC", -1)], "layers.offer-wrong"),
        ([offer("M", "USD", "BTC", 1), offer("M", "USD", "BTC", 2)], "layers.offer-wrong"),
    ],
    ids=["no-such-layer", "same-layer", "no-lot", "less-than-none", "twice"],
)
def test_an_offer_that_cannot_be_is_refused(offers: list[Offer], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        clear_layers([BITCOIN, DOLLARS], offers)
    assert refused.value.code == code


def test_more_than_the_arithmetic_holds_is_refused() -> None:
    huge = layer("USD", due("d1", "AM", TOTAL_MAX), due("d2", "NA", 1))
    with pytest.raises(Refusal, match=r"clearing\.too-large"):
        clear_layers([BITCOIN, huge], OFFERS)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[Layer], list[Offer]]:
    pairs = [a + b for a in "ABCD" for b in "ABCD" if a != b]
    several = st.lists(
        st.tuples(st.sampled_from(pairs), st.integers(1, 200), st.integers(0, 3)), max_size=10
    )
    layers = []
    for asset in draw(st.lists(st.sampled_from(sorted(LOTS)), min_size=2, unique=True)):
        drawn = draw(several)
        layers.append(layer(asset, *(due(f"{asset}{n}", *one) for n, one in enumerate(drawn))))
    ways = [(a.asset, b.asset) for a in layers for b in layers if a is not b]
    made = draw(
        st.lists(
            st.tuples(st.sampled_from("ABC"), st.sampled_from(ways), st.integers(1, 60)),
            max_size=8,
            unique_by=lambda one: one[:2],
        )
    )
    return layers, [offer(maker, *way, lots) for maker, way, lots in made]


def lots_of(layers: list[Layer], offers: list[Offer]) -> int:
    """The most lots that can be set off, found by OR-tools in a network made here."""
    arcs = Counter[tuple[Any, Any, int]]()
    for one in layers:
        for each in one.dues:
            ends = ((one.asset, each.debtor), (one.asset, each.creditor))
            arcs[(*ends, 1)] += each.units // one.lot
    for made in offers:
        arcs[(made.gives, made.maker), (made.takes, made.maker), 0] += min(made.lots, 10**6)
    nodes = sorted({node for ends in arcs for node in ends[:2]})
    listed = sorted((nodes.index(a), nodes.index(b), n, g) for (a, b, g), n in arcs.items())
    tail, head, owed, gain = np.array(listed, np.int64).reshape(-1, 4).T
    numbers = np.arange(len(tail), dtype=np.int32)
    ends32 = (tail.astype(np.int32), head.astype(np.int32))
    net = of_arcs(numbers, *ends32, owed.copy(), gain.astype(np.int8), len(nodes))
    cleared: Int64s = cleared_by_ortools(net)
    return int((cleared * net.gain).sum())


@given(markets())
def test_the_set_off_in_lots_is_the_greatest_and_never_less_than_apart(
    market: tuple[list[Layer], list[Offer]],
) -> None:
    layers, offers = market
    found = clear_layers(layers, offers)
    assert check(found, layers, offers) == []
    for one in layers:
        alone = sum(line.set_off for line in clear(one.dues).lines)
        mine = sum(line.set_off for line in found.lines[one.asset])
        assert mine == alone or offers
    if found.labels:
        assert sum(found.lots.values()) == lots_of(layers, offers)
    else:
        assert {one.asset: clear(one.dues).lines for one in layers} == found.lines
    for made in found.conversions:
        back = (made.maker, made.takes, made.gives)
        assert back not in {(o.maker, o.gives, o.takes) for o in found.conversions}


@given(markets(), st.integers(0, 10**6))
def test_the_order_changes_nothing(market: tuple[list[Layer], list[Offer]], seed: int) -> None:
    layers, offers = market
    dice = Random(seed)
    mixed = [replace(one, dues=tuple(dice.sample(one.dues, len(one.dues)))) for one in layers]
    dice.shuffle(mixed)

    again = clear_layers(mixed, dice.sample(offers, len(offers)))
    assert again == clear_layers(layers, offers)


def tampered(found: Clearings, **how: Any) -> Clearings:
    """What was found, and something in it said otherwise."""
    bitcoin, (first, second) = found.lines["BTC"], found.conversions
    match how:
        case {"line": more}:
            changed = (replace(bitcoin[0], set_off=bitcoin[0].set_off + more), *bitcoin[1:])
            return replace(found, lines={**found.lines, "BTC": changed})
        case {"given": units}:
            return replace(found, conversions=(first, replace(second, given=units)))
        case {"maker": name}:
            return replace(found, conversions=(replace(first, maker=name), second))
        case {"label": node}:
            return replace(found, labels={**found.labels, node: found.labels[node] + 1})
        case {"lots": id}:
            return replace(found, lots={**found.lots, id: 3})
        case _:
            return found


TAMPERED: dict[str, tuple[dict[str, Any], str]] = {
    "more-than-is-owed": ({"line": 900}, "is set off"),
    "not-conserved": ({"line": -1}, "are converted, not as stated"),
    "more-than-is-offered": ({"given": 10 * 16}, "N: 160 BTC for 7 USD"),
    "no-whole-lot": ({"given": 111}, "N: 111 BTC for 7 USD"),
    "out-of-nothing": ({"given": 6 * 16}, "16 BTC come out of nothing"),
    "not-offered": ({"maker": ParticipantId("X")}, "X: "),
    "another-label": ({"label": ("USD", "A")}, "by the labels"),
    "other-lots": ({"lots": "d1"}, "lots are not conserved"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_the_check_finds_what_was_tampered_with(name: str) -> None:
    how, said = TAMPERED[name]
    layers = [BITCOIN, DOLLARS]
    found = clear_layers(layers, OFFERS)
    assert found.labels
    assert check(found, layers, OFFERS) == []
    wrong = check(tampered(found, **how), layers, OFFERS)
    assert any(said in one for one in wrong), wrong
