"""Layers: obligations in several assets set off side by side, joined where a market maker offers.

Each asset is a layer, and clears by itself. A market maker who has claims in one and debts in
another may offer to give the one for the other, so that chains of debt go on from layer to layer:

    layer X     ... ──▶ maker          a claim of the maker's in X is cancelled,
                          │            and a debt of its in Y as well
    layer Y               ▼ ──▶ ...

Nobody else is asked to convert anything: in each asset everybody keeps its net position, but the
makers, who exchange just what they offered at the rate that is fixed for the cycle. A rate is fixed
as **lots**: so many minor units of one asset for so many of the other, whole units on both sides,
so that nothing is rounded and each asset adds up by itself. All conversions in and out of a layer
come to the same, so no asset enters or leaves the cycle by them.

1. Each layer is set off by itself (`clearing.clear`), to its certified optimum.
2. All layers are set off together, in whole lots, with the offers as ways from one to another that
   count nothing: the certified optimum in lots. What is left of a lot is set off within its layer.
3. The second is taken if it is worth more; an offer is never used for nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from clearhouse.core.clearing import ClearingTooLarge, Due, Line, clear
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.engines.setoff import (
    TOTAL_MAX,
    Int64s,
    certified,
    network,
    passes,
    shared_out,
    solve,
)

Node = tuple[str, ParticipantId]  # somebody in a layer, by the asset's code


class OfferWrong(Refusal):
    """An offer names no two layers of the cycle, or no lots, or is made twice."""

    code = "layers.offer-wrong"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Layer:
    """The obligations in one asset."""

    asset: str  # its code
    lot: int  # minor units; a lot of each layer is worth a lot of every other, at the fixed rate
    dues: tuple[Due, ...]
    quantum: int = 1  # the asset's; what is set off by itself is a multiple of it

    def __post_init__(self) -> None:
        assert self.lot > 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A market maker gives claims in one asset to be free of debts in another."""

    maker: ParticipantId
    gives: str  # the code of the asset in which its claims are cancelled
    takes: str  # of the one in which its debts are
    lots: int  # at most

    @property
    def key(self) -> tuple[ParticipantId, str, str]:
        """What an offer is known by."""
        return (self.maker, self.gives, self.takes)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What of an offer was used: whole lots, in minor units of both assets."""

    maker: ParticipantId
    gives: str
    given: int
    takes: str
    taken: int


@dataclass(frozen=True, slots=True)
class Clearings:
    """A cycle of several assets, set off."""

    lines: Mapping[str, tuple[Line, ...]]  # by asset: every due, oldest first, ties by id
    conversions: tuple[Conversion, ...] = ()  # by maker, then assets
    # What of each due was set off in whole lots, and the labels that prove this the greatest, by
    # asset and participant; nothing where each layer is what `clear` makes of it.
    lots: Mapping[ObligationId, int] = field(default_factory=dict)
    labels: Mapping[Node, int] = field(default_factory=dict)


def clear_layers(layers: Sequence[Layer], offers: Iterable[Offer] = ()) -> Clearings:
    """Set off what cancels in several assets, with conversions where makers offer them.

    Args:
        layers: Each asset once; each obligation in one of them.
        offers: In any order.

    Raises:
        OfferWrong: One names a layer that is not there, the same one twice, or less than a lot; or
            a maker makes it twice.
        ClearingTooLarge: Obligations and offers add up to more than the arithmetic holds.
    """
    ordered = sorted(layers, key=lambda layer: layer.asset)
    assert len({layer.asset for layer in ordered}) == len(ordered)
    kept = _checked({layer.asset for layer in ordered}, offers)
    alone = {layer.asset: clear(layer.dues, layer.quantum).lines for layer in ordered}
    apart = Clearings(alone)
    joined = _joined(ordered, kept) if kept else apart
    better = joined if _worth(joined, ordered) > _worth(apart, ordered) else apart
    assert not (violations := check(better, ordered, kept)), violations
    return better


def _checked(assets: set[str], offers: Iterable[Offer]) -> list[Offer]:
    kept: dict[tuple[ParticipantId, str, str], Offer] = {}
    for one in offers:
        if not {one.gives, one.takes} <= assets or one.gives == one.takes or one.lots < 1:
            detail = f"{one.maker} offers {one.lots} lots of {one.gives} for {one.takes}"
            raise OfferWrong(f"{detail}; there are {', '.join(sorted(assets))}")
        if one.key in kept:
            raise OfferWrong(f"{one.maker} offers {one.gives} for {one.takes} twice")
        kept[one.key] = one
    return [kept[key] for key in sorted(kept)]


def _worth(found: Clearings, layers: Sequence[Layer]) -> Fraction:
    """What is set off, in lots and parts of them."""
    return sum(
        (
            Fraction(sum(line.set_off for line in found.lines[layer.asset]), layer.lot)
            for layer in layers
        ),
        Fraction(),
    )


def _joined(layers: Sequence[Layer], offers: Sequence[Offer]) -> Clearings:
    """Set off all layers together in whole lots, and then what is left in each by itself."""
    large = [
        (layer, due)
        for layer in layers
        for due in sorted(layer.dues, key=lambda due: (due.due_on, due.id))
        if due.units >= layer.lot
    ]
    ends: set[Node] = {(layer.asset, p) for layer, due in large for p in (due.debtor, due.creditor)}
    ends |= {(asset, one.maker) for one in offers for asset in (one.gives, one.takes)}
    number = {node: index for index, node in enumerate(sorted(ends))}
    arrays = (
        np.array([number[layer.asset, due.debtor] for layer, due in large], np.int64),
        np.array([number[layer.asset, due.creditor] for layer, due in large], np.int64),
        np.array([due.units // layer.lot for layer, due in large], np.int64),
    )
    between = (
        np.array([number[one.gives, one.maker] for one in offers], np.int64),
        np.array([number[one.takes, one.maker] for one in offers], np.int64),
        _rooms(large, offers),
    )
    net = network(*arrays, len(number))
    under = passes(net, *between)
    solution = solve(under.net)
    used = _without_circles(offers, solution.cleared[under.passes].tolist())
    solution.cleared[under.passes] = used
    of_pairs = shared_out(net, *arrays, solution.cleared[under.arcs]).tolist()
    lots = {due.id: count for (_, due), count in zip(large, of_pairs, strict=True)}
    return Clearings(
        {layer.asset: _filled(layer, lots) for layer in layers},
        _conversions(layers, offers, used),
        lots,
        dict(zip(sorted(ends), certified(under.net, solution).tolist(), strict=True)),
    )


def _rooms(large: Sequence[tuple[Layer, Due]], offers: Sequence[Offer]) -> Int64s:
    """How many lots each offer can be used for: no more than its maker is owed, in all layers.

    A maker with several offers may go through an asset in which nobody owes it anything.

    Raises:
        ClearingTooLarge: They pass what the arithmetic holds, with all obligations.
    """
    owed, gross = Counter[ParticipantId](), 0
    for layer, due in large:
        owed[due.creditor] += due.units // layer.lot
        gross += due.units // layer.lot
    rooms = [min(one.lots, owed[one.maker]) for one in offers]
    if gross + sum(rooms) > TOTAL_MAX:
        raise ClearingTooLarge(f"{gross + sum(rooms)} lots; at most {TOTAL_MAX}")
    return np.array(rooms, np.int64)


def _without_circles(offers: Sequence[Offer], lots: Sequence[int]) -> list[int]:
    """Take back what a maker would convert only to convert it again: it clears nothing."""
    used = list(lots)
    by_maker = defaultdict[ParticipantId, list[int]](list)
    for at, one in enumerate(offers):
        by_maker[one.maker].append(at)
    for own in by_maker.values():
        while circle := _circle(offers, [at for at in own if used[at]]):
            least = min(used[at] for at in circle)
            for at in circle:
                used[at] -= least
    return used


def _circle(offers: Sequence[Offer], own: Iterable[int]) -> list[int]:
    """Some of one maker's offers by which an asset comes back to itself; none if none do."""
    ways = defaultdict[str, list[int]](list)
    for at in own:
        ways[offers[at].gives].append(at)
    for start in sorted(ways):
        paths = [[at] for at in ways[start]]
        while paths:
            path = paths.pop()
            end = offers[path[-1]].takes
            if end == start:
                return path
            passed = {offers[at].gives for at in path}
            paths += [[*path, at] for at in ways[end] if offers[at].takes not in passed - {start}]
    return []


def _filled(layer: Layer, lots: Mapping[ObligationId, int]) -> tuple[Line, ...]:
    """A layer's lines: what was set off in lots, and what more is within the layer."""
    set_off = {due.id: lots.get(due.id, 0) * layer.lot for due in layer.dues}
    rest = [replace(due, units=left) for due in layer.dues if (left := due.units - set_off[due.id])]
    more = {line.due.id: line.set_off for line in clear(rest, layer.quantum).lines}
    ordered = sorted(layer.dues, key=lambda due: (due.due_on, due.id))
    return tuple(Line(due, set_off[due.id] + more.get(due.id, 0)) for due in ordered)


def _conversions(
    layers: Sequence[Layer], offers: Sequence[Offer], lots: Sequence[int]
) -> tuple[Conversion, ...]:
    size = {layer.asset: layer.lot for layer in layers}
    return tuple(
        Conversion(one.maker, one.gives, used * size[one.gives], one.takes, used * size[one.takes])
        for one, used in zip(offers, lots, strict=True)
        if used
    )


def check(found: Clearings, layers: Sequence[Layer], offers: Sequence[Offer]) -> list[str]:
    """Verify the laws of layers, from the lines up.

    Returns:
        One sentence for each law broken and where; empty when all hold.
    """
    said = _unproved(found, layers, offers)
    lot = {layer.asset: layer.lot for layer in layers}
    room = {one.key: one.lots for one in offers}
    wanted, sums = Counter[Node](), Counter[str]()
    for one in found.conversions:
        used = Fraction(one.given, lot[one.gives])
        fits = 0 < used <= room.get((one.maker, one.gives, one.takes), 0)
        if not fits or used.denominator != 1 or one.taken != used * lot[one.takes]:
            said.append(f"{one.maker}: {one.given} {one.gives} for {one.taken} {one.takes}")
        wanted[one.gives, one.maker] += one.given
        wanted[one.takes, one.maker] -= one.taken
        sums[one.gives] += one.given
        sums[one.takes] -= one.taken
    said += [f"{units} {asset} come out of nothing" for asset, units in sums.items() if units]
    for asset, lines in found.lines.items():
        excess = Counter[ParticipantId]()  # of what is set off of one's claims
        for line in lines:
            excess[line.due.creditor] += line.set_off
            excess[line.due.debtor] -= line.set_off
            if not 0 <= line.set_off <= line.due.units:
                said.append(f"{line.due.id}: {line.set_off} of {line.due.units} is set off")
        for who in excess.keys() | {who for of, who in wanted if of == asset}:
            if excess[who] != wanted[asset, who]:
                said.append(f"{who}: {excess[who]} {asset} are converted, not as stated")
    return said


def _unproved(found: Clearings, layers: Sequence[Layer], offers: Sequence[Offer]) -> list[str]:
    """Where the labels do not prove the lots the greatest: complementary slackness, conserved."""
    if not found.labels:
        return []
    said: list[str] = []
    owed, excess = Counter[ParticipantId](), Counter[Node]()

    def look(name: str, debtor: Node, creditor: Node, lots: int, most: int, counts: int) -> None:
        ends = (found.labels.get(debtor, 0), found.labels.get(creditor, 0))
        slack = counts + ends[0] - ends[1]
        if (slack > 0 and lots < most) or (slack < 0 and lots) or not 0 <= lots <= most:
            said.append(f"{name}: {lots} of {most} lots, by the labels {ends}")
        excess[debtor] -= lots
        excess[creditor] += lots

    for layer in layers:
        for due in layer.dues:
            debtor, creditor = ((layer.asset, who) for who in (due.debtor, due.creditor))
            most = due.units // layer.lot
            owed[due.creditor] += most
            look(due.id, debtor, creditor, found.lots.get(due.id, 0), most, 1)
    given = {(one.maker, one.gives, one.takes): one.given for one in found.conversions}
    lot = {layer.asset: layer.lot for layer in layers}
    for one in offers:
        ends = ((one.gives, one.maker), (one.takes, one.maker))
        lots, most = given.get(one.key, 0) // lot[one.gives], min(one.lots, owed[one.maker])
        look(f"{one.maker} for {one.takes}", *ends, lots, most, 0)
    said += [f"{node}: {lots} lots are not conserved" for node, lots in excess.items() if lots]
    return said
