"""Ownership: who is blocked because listed owners stand behind it, and how much they own of it.

Two questions are asked of one graph of holdings, and neither answers the other:

- `cascade` counts as sanctions law does. An entity is blocked when blocked owners hold enough of it
  directly, all together, and then counts whole for what it owns itself: half of X, which owns half
  of Y, blocks Y (OFAC, FAQ 401), though the half of a half is a quarter. It is the least set of
  which this holds, so a ring that nobody listed owns is not blocked by itself.
- `attributed` multiplies along every chain and adds the chains up, cycles to their limit: the
  integrated ownership x = S x + d of Brioschi, Buzzacchi and Colombo (1989), with the listed as
  sources, so that nothing is counted twice on its way round (Baldone, Brioschi and Paleari, 1998).
  Cross-holdings do not dilute it: who owns 40 % of A, when A's own subsidiary has the other 60 %,
  owns all of A.

Only entities below a listed one are looked at. There the solution is unique: following the owners
upwards from any of them, some share of the way ends at a listed one, hence I - S has an inverse,
and no number of it is below zero. So what is rounded down on the way stays below the answer, and
what is rounded up stays above. All numbers are whole; no float is used.

Loops go from edge to edge and read the arrays through memoryviews, so that the work is in
proportion to what is reached: a chain costs what a fan costs, and ten holdings next to nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
Bits = NDArray[np.bool_]
Stakes = dict[int, list[tuple[int, int]]]  # of each entity: its owners, and their shares

WHOLE = 1_000_000  # of an entity, in shares: parts per million
# Of an entity, in what is attributed. The shares in one entity add up to WHOLE at most, so a sum of
# shares times parts of UNIT is at most 10**18, and 64 bits hold nine of those.
UNIT = 10**12
NARROW = UNIT // WHOLE  # bounds no further apart than the smallest share are one answer
# Cycles of so many entities are solved exactly. It takes the cube of it, in numbers of 20 bits for
# each entity: where everybody owns a part of everybody, as long as going ROUNDS_MAX times round.
EXACT_MAX = 32
ROUNDS_MAX = 512  # of larger cycles: enough where 2.7 % of each holding lies outside of them


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Who owns what, sorted once and asked often; made by `graph`.

    The edges are as they were given, and are named by their place there.
    """

    entities: int  # numbered from 0
    owner: Int64s  # of each edge, as the next three
    owned: Int64s
    share: Int64s  # of the owned: 0 to WHOLE
    control: Bits
    holdings: Int64s  # edges in the order of their owners
    holdings_at: Int64s  # where those of each owner begin; one more for the end
    stakes: Int64s  # edges in the order of what is owned
    stakes_at: Int64s


class Cascade(NamedTuple):
    """Who is blocked, and why; shapes are (entities,)."""

    blocked: Bits
    aggregate: Int64s  # what blocked owners hold directly in each, 0 to WHOLE
    round: Int32s  # in which each became blocked: 0 for the listed, -1 for never
    control: bool  # whether control blocks


class Attributed(NamedTuple):
    """What the listed own of each, all together, in parts of UNIT; shapes are (entities,)."""

    low: Int64s  # it is no less
    high: Int64s  # and no more
    settled: Bits  # whether they are within NARROW of each other


class Subset(NamedTuple):
    """A part of a graph; both ascend."""

    entities: Int64s
    edges: Int64s


def over_whole(entities: int, owned: Int64s, share: Int64s) -> Int64s:
    """Find the entities of which more than the whole is owned, in ascending order.

    Args:
        entities: How many there are.
        owned: Shape (edges,): from 0 to entities - 1.
        share: Shape (edges,): parts per million, not below 0.
    """
    assert np.all(share >= 0)
    total = np.zeros(entities, np.int64)
    np.add.at(total, owned, np.minimum(share, WHOLE + 1))  # capped, so that no sum overflows
    return np.flatnonzero(total > WHOLE)


def graph(entities: int, owner: Int64s, owned: Int64s, share: Int64s, control: Bits) -> Graph:
    """Sort the edges by either end; the arrays given are kept, and must not change afterwards.

    Several edges may join the same two entities: they add up. An edge may be control alone.

    Args:
        entities: How many there are.
        owner: Shape (edges,): from 0 to entities - 1.
        owned: Shape (edges,): likewise, and never the owner.
        share: Shape (edges,): what the edge is of the owned, from 0 to WHOLE; all that is owned of
            an entity is at most WHOLE (`over_whole` tells where it is not).
        control: Shape (edges,): whether the owner controls the owned.
    """
    assert len(owner) == len(owned) == len(share) == len(control)
    for end in (owner, owned):
        assert np.all((end >= 0) & (end < entities))
    assert np.all(owner != owned)
    assert not len(over_whole(entities, owned, share))
    sides = []
    for end in (owner, owned):
        counts = np.bincount(end, minlength=entities)
        sides += [np.argsort(end, kind="stable"), np.append(0, np.cumsum(counts))]
    return Graph(entities, owner, owned, share, control, *sides)


def cascade(
    graph: Graph, listed: Bits, threshold_ppm: int, *, exclusive: bool, control: bool
) -> Cascade:
    """Find who is blocked by those who are listed.

    Args:
        graph: Who owns what.
        listed: Shape (entities,): who is blocked to begin with.
        threshold_ppm: What blocked owners must hold of an entity to block it, from 0 to WHOLE.
        exclusive: Whether they must hold more than that; otherwise that much is enough, and the
            threshold is above 0.
        control: Whether a blocked owner who controls an entity blocks it, whatever it holds.
    """
    assert len(listed) == graph.entities
    assert 0 <= threshold_ppm <= WHOLE
    least = threshold_ppm + exclusive
    assert least > 0
    aggregate = np.zeros(graph.entities, np.int64)
    rounds = np.where(listed, 0, -1).astype(np.int32)
    held, number_of = aggregate.data, rounds.data
    edges, begins = graph.holdings.data, graph.holdings_at.data
    owned, share, controls = graph.owned.data, graph.share.data, graph.control.data
    number, latest = 0, np.flatnonzero(listed).tolist()
    while latest:
        number += 1
        reached = []
        for owner in latest:
            for at in range(begins[owner], begins[owner + 1]):
                edge = edges[at]
                entity = owned[edge]
                held[entity] += share[edge]
                enough = held[entity] >= least or (control and controls[edge])
                if enough and number_of[entity] < 0:
                    number_of[entity] = number
                    reached.append(entity)
        latest = reached
    return Cascade(rounds >= 0, aggregate, rounds, control)


def chains(graph: Graph, cascade: Cascade, entity: int) -> Int64s:
    """Tell why an entity is blocked, back to those who are listed.

    Returns:
        Edges in ascending order: of the entity, and of each owner found, the holdings of owners
        who were blocked in an earlier round. There is no cycle among them, and they are enough to
        block. Nothing for an entity that is not blocked, or is listed itself.
    """
    number_of, owners, owned = cascade.round.data, graph.owner.data, graph.owned.data
    share, controls = graph.share.data, graph.control.data

    def counts(edge: int) -> bool:
        earlier = 0 <= number_of[owners[edge]] < number_of[owned[edge]]
        return earlier and bool(share[edge] or (cascade.control and controls[edge]))

    return _climb(graph, [entity], counts).edges


def above(graph: Graph, entities: Iterable[int]) -> Subset:
    """Find the entities and all who own or control a part of them, directly or not.

    Every edge by which one of those found is owned is among the edges, so what a cascade, or an
    attribution, says of them is the same in the part as in the whole.
    """
    return _climb(graph, entities, lambda _: True)


def _climb(graph: Graph, entities: Iterable[int], counts: Callable[[int], bool]) -> Subset:
    """Find what is reached upwards by the edges that count."""
    edges, begins, owners = graph.stakes.data, graph.stakes_at.data, graph.owner.data
    seen = set(entities)
    found, left = [], list(seen)
    while left:
        owned = left.pop()
        for edge in filter(counts, edges[begins[owned] : begins[owned + 1]]):
            found.append(edge)
            owner = owners[edge]
            if owner not in seen:
                seen.add(owner)
                left.append(owner)
    return Subset(np.array(sorted(seen), np.int64), np.array(sorted(found), np.int64))


def cut(whole: Graph, subset: Subset) -> Graph:
    """Make a graph of a part alone: entities and edges are numbered by their places in it."""
    entities, edges = subset
    owner, owned = (np.searchsorted(entities, end[edges]) for end in (whole.owner, whole.owned))
    return graph(len(entities), owner, owned, whole.share[edges], whole.control[edges])


def attributed(graph: Graph, listed: Bits) -> Attributed:
    """Find what the listed own of each entity through all chains.

    Along a chain, a unit at most is lost to rounding at each entity. A cycle of up to EXACT_MAX
    entities is solved exactly, and rounded once. A larger one is iterated, from nothing upwards
    and from the whole downwards; where the two do not meet within ROUNDS_MAX, `high` is the whole.

    Args:
        graph: Who owns what.
        listed: Shape (entities,): they are their own, wholly.
    """
    assert len(listed) == graph.entities
    low = np.where(listed, UNIT, 0).astype(np.int64)
    high = low.copy()
    least, most = low.data, high.data
    stakes = _below(graph, listed)
    for component in _components(stakes):
        places = {entity: place for place, entity in enumerate(component)}
        equations = [_equation(stakes[entity], places, least, most) for entity in component]
        solve = _exact if len(component) <= EXACT_MAX else _iterated
        for entity, *found in zip(component, *solve(equations), strict=True):
            least[entity], most[entity] = found
    return Attributed(low, high, high - low <= NARROW)


class _Equation(NamedTuple):
    """WHOLE times an entity's x is the sum of shares times x of its component, and the rest."""

    inside: list[tuple[int, int]]  # places in the component, and their shares
    low: int  # the rest: what owners outside of the component make of it
    high: int


def _equation(
    stakes: list[tuple[int, int]], places: dict[int, int], least: memoryview, most: memoryview
) -> _Equation:
    """Tell what an entity is to its owners; nothing is known yet of those in `places`."""
    inside, low, high = [], 0, 0
    for owner, share in stakes:
        if owner in places:
            inside.append((places[owner], share))
        else:
            low += share * least[owner]
            high += share * most[owner]
    return _Equation(inside, low, high)


def _below(graph: Graph, listed: Bits) -> Stakes:
    """Find of whom the listed own a part, directly or not, and by which owners; none is listed."""
    edges, begins = graph.holdings.data, graph.holdings_at.data
    owned, shares, among = graph.owned.data, graph.share.data, listed.data
    stakes: Stakes = {}
    left = np.flatnonzero(listed).tolist()
    while left:
        owner = left.pop()
        for at in range(begins[owner], begins[owner + 1]):
            edge = edges[at]
            entity, share = owned[edge], shares[edge]
            if not share or among[entity]:
                continue
            if entity not in stakes:
                stakes[entity] = []
                left.append(entity)
            stakes[entity].append((owner, share))
    return stakes


def _components(stakes: Stakes) -> Iterator[list[int]]:
    """Part entities into those who own each other in a ring, owners before what they own.

    Tarjan's strongly connected components (1972), walked upwards without recursion.
    """
    number: dict[int, int] = {}
    earliest: dict[int, int] = {}  # number that is reached upwards, of those without a component
    alone: list[int] = []  # found, and without a component as yet
    walk: list[tuple[int, Iterator[int], int]] = []

    def enter(entity: int) -> None:
        number[entity] = earliest[entity] = len(number)
        owners = (owner for owner, _ in stakes[entity] if owner in stakes)
        walk.append((entity, owners, len(alone)))
        alone.append(entity)

    for start in stakes:
        if start not in number:
            enter(start)
        while walk:
            entity, owners, first = walk[-1]
            for owner in owners:
                if owner not in number:
                    enter(owner)
                    break
                earliest[entity] = min(earliest[entity], earliest[owner])
            else:
                walk.pop()
                if earliest[entity] == number[entity]:
                    component, alone[first:] = alone[first:], []
                    for one in component:
                        earliest[one] = len(stakes)  # counts no more
                    yield component
                if walk:
                    above = walk[-1][0]
                    earliest[above] = min(earliest[above], earliest[entity])


def _exact(equations: Sequence[_Equation]) -> tuple[list[int], list[int]]:
    """Solve the equations of a component in whole numbers, and round each bound once.

    Bareiss' elimination (1968): every number is a minor of the matrix, so divisions leave nothing
    and numbers stay short. The matrix is a nonsingular M-matrix, so no pivot is 0.
    """
    size, rows = len(equations), []
    if size == 1:  # as most are
        return [equations[0].low // WHOLE], [-(-equations[0].high // WHOLE)]
    for place, equation in enumerate(equations):
        row = [0] * size + [equation.low, equation.high]
        row[place] = WHOLE
        for owner, share in equation.inside:
            row[owner] -= share
        rows.append(row)
    determinant = _eliminate(rows)
    solved = []
    for bound in (size, size + 1):
        times = [0] * size  # the solution, times the determinant: whole, by Cramer's rule
        for place in reversed(range(size)):
            row = rows[place]
            known = sum(row[later] * times[later] for later in range(place + 1, size))
            times[place] = (determinant * row[bound] - known) // row[place]
        solved.append(times)
    low, high = solved
    return [each // determinant for each in low], [-(-each // determinant) for each in high]


def _eliminate(rows: list[list[int]]) -> int:
    """Make the rows upper triangular, and answer their determinant.

    A row in which there is nothing to eliminate is left as it is, and is caught up when it is used:
    a ring costs little.
    """
    before = 1  # the pivot of the step before
    levels = [1] * len(rows)  # what `before` was when a row was last changed
    for step in range(len(rows)):
        if levels[step] != before:
            rows[step] = [each * before // levels[step] for each in rows[step]]
        pivots = rows[step][step:]
        pivot = pivots[0]
        assert pivot > 0
        for place in range(step + 1, len(rows)):
            row = rows[place]
            factor = row[step]
            if factor:
                level = levels[place]
                row[step:] = [
                    (pivot * each - factor * other) // level
                    for each, other in zip(row[step:], pivots, strict=True)
                ]
                levels[place] = pivot
        before = pivot
    return before


def _iterated(equations: Sequence[_Equation]) -> tuple[list[int], list[int]]:
    """Approach the solution of a component's equations from both sides, all entities at a time.

    From nothing, rounded down, each round stays below the solution; from the whole, rounded up,
    above it. Each entity has an owner in its component, so there is no empty sum.
    """
    begins = np.cumsum([0, *(len(equation.inside) for equation in equations[:-1])])
    owners, shares = np.array([pair for equation in equations for pair in equation.inside]).T
    least, most = np.array([(equation.low, equation.high) for equation in equations]).T
    low, high = np.zeros_like(least), np.full_like(most, UNIT)
    still = False
    for _ in range(ROUNDS_MAX):
        lower = (least + np.add.reduceat(shares * low[owners], begins)) // WHOLE
        higher = -(-(most + np.add.reduceat(shares * high[owners], begins)) // WHOLE)
        still = np.array_equal(low, lower) and np.array_equal(high, higher)
        low, high = lower, higher
        if still:
            break
    if not still and np.any(high - low > NARROW):
        high[:] = UNIT
    return low.tolist(), high.tolist()
