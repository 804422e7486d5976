"""`Clearing`: what cancels is set off, and what is left is one net position a participant.

A cycle's dues are of one asset and one value date; the gate has cleared each of them.

1. **Set off**: the most debt that can be cancelled with nobody paying, and nobody's net position
   changed (`engines.setoff`). It is counted in whole quanta of the asset, so that tokens of 18
   decimals fit; what of an obligation is below one is not set off.
2. **Allocate**: a pair's set-off goes to its obligations, oldest due first, ties by id.
3. **Net**: what remains is replaced by one position a participant with the house: positive
   receives, negative pays in.

The set-off is proved: a small label a participant shows that no more can be set off, and the same
run tells the **frontier**, how much more each unit of cash would clear.

It conserves to the last unit: at each participant what is set off of its debts equals what is set
off of its claims, and positions sum to zero. `check` states the laws so that a report, or anybody
who holds the lines, can verify a clearing without running it again. The order of the input changes
nothing.
"""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.engines.setoff import (
    TOTAL_MAX,
    Int64s,
    Step,
    certified,
    labels,
    network,
    shared_out,
    solve,
)


class ClearingTooLarge(Refusal):
    """A cycle's obligations add up to more than the arithmetic holds."""

    code = "clearing.too-large"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Due:
    """An obligation as clearing sees it."""

    id: ObligationId
    debtor: ParticipantId
    creditor: ParticipantId
    units: int  # above zero, in minor units of the cycle's asset (satoshi)
    due_on: date

    def __post_init__(self) -> None:
        assert self.units > 0
        assert self.debtor != self.creditor


@dataclass(frozen=True, slots=True)
class Line:
    """What became of one due."""

    due: Due
    set_off: int  # from 0 to all of its units

    @property
    def remains(self) -> int:
        """The units that the net positions settle."""
        return self.due.units - self.set_off


@dataclass(frozen=True, slots=True)
class Position:
    """What clearing leaves of one participant's debts and claims; all in minor units."""

    participant: ParticipantId
    owes: int  # all its debts in the cycle, before set-off
    is_owed: int  # all its claims
    set_off: int  # cancelled of its debts, and as much of its claims
    net: int  # positive: receives; negative: pays in


@dataclass(frozen=True, slots=True)
class Clearing:
    """A cleared cycle of one asset and value date."""

    lines: tuple[Line, ...]  # every due, oldest first, ties by id
    positions: tuple[Position, ...]  # every debtor and creditor, by id
    # The proof: a label of everybody in `positions` with a due of a quantum or more.
    labels: Mapping[ParticipantId, int] = field(default_factory=dict)
    # What cash would clear, the dearest first; in minor units.
    frontier: tuple[Step, ...] = ()
    longer: int = 0  # cash that would clear more than the frontier's first step does, and before it

    @property
    def gross(self) -> int:
        """All that was owed."""
        return sum(line.due.units for line in self.lines)

    @property
    def set_off(self) -> int:
        """What of it was cancelled."""
        return sum(line.set_off for line in self.lines)

    @property
    def pay_in(self) -> int:
        """What is still to be paid in, and out again: the net."""
        return sum(position.net for position in self.positions if position.net > 0)


@dataclass(frozen=True, slots=True)
class Part:
    """What a cycle made of one participant's debts and claims: its own statement."""

    position: Position
    lines: tuple[Line, ...]  # its debts and claims, oldest first, ties by id
    labels: Mapping[ParticipantId, int]  # its own, and of those it owes or is owed by
    clears: int  # its share of the frontier: what each unit of cash from it would clear, at first

    @property
    def after(self) -> tuple[int, int]:
        """What it still owes and is owed after the set-off, line by line.

        The difference is its net position, as before: whoever doubts it adds up here.
        """
        who = self.position.participant
        owes = sum(one.remains for one in self.lines if one.due.debtor == who)
        return owes, sum(one.remains for one in self.lines if one.due.creditor == who)


def parts(clearing: Clearing, whose: Container[ParticipantId] | None = None) -> Iterator[Part]:
    """Everybody's part of a cycle, by participant.

    Labels tell where in the chains of debt somebody stands, so each is told those alone by which it
    can check its own lines.

    Args:
        whose: Those who are asked for; everybody if None.
    """
    positions = [one for one in clearing.positions if whose is None or one.participant in whose]
    mine: dict[ParticipantId, list[Line]] = {one.participant: [] for one in positions}
    for line in clearing.lines:
        for who in (line.due.debtor, line.due.creditor):
            if who in mine:
                mine[who].append(line)
    most = max(clearing.labels.values(), default=0)
    for position in positions:
        who = position.participant
        ends = {party for one in mine[who] for party in (one.due.debtor, one.due.creditor)}
        own = {one: clearing.labels[one] for one in sorted(ends) if one in clearing.labels}
        clears = most - own.get(who, most)
        yield Part(position, tuple(mine[who]), own, clears)


def clear(
    dues: Iterable[Due], quantum: int = 1, advance: Callable[[int], None] = lambda _: None
) -> Clearing:
    """Set off what cancels, and net the rest.

    Args:
        dues: Of one asset and value date, each id once, in any order; none is a cycle of zeros.
        quantum: The asset's, in minor units; set-offs are multiples of it.
        advance: Is told again and again how many quanta are not routed yet.

    Raises:
        ClearingTooLarge: They add up to more than TOTAL_MAX quanta.
    """
    ordered = sorted(dues, key=lambda due: (due.due_on, due.id))
    gross = sum(due.units // quantum for due in ordered)
    if gross > TOTAL_MAX:
        raise ClearingTooLarge(f"{gross} times {quantum} units; at most {TOTAL_MAX}")
    assert len({due.id for due in ordered}) == len(ordered), "an obligation clears once"

    large, names, arrays = _arrays(ordered, quantum)
    net = network(*arrays, len(names))
    solution = solve(net, advance)
    cleared = np.zeros(len(ordered), np.int64)
    cleared[large] = shared_out(net, *arrays, solution.cleared)
    lines = tuple(map(Line, ordered, [units * quantum for units in cleared.tolist()]))
    clearing = Clearing(
        lines,
        _positions(lines),
        dict(zip(names, certified(net, solution).tolist(), strict=True)),
        tuple(Step(step.price, step.units * quantum) for step in solution.frontier),
        solution.longer * quantum,
    )
    assert not (violations := check(clearing)), violations
    return clearing


def _arrays(
    dues: Sequence[Due], quantum: int
) -> tuple[NDArray[np.intp], list[ParticipantId], tuple[Int64s, Int64s, Int64s]]:
    """Which dues are a quantum or more, their parties by id, and the arrays that are set off.

    The arrays are debtors, creditors and quanta; shape (n,) each.
    """
    large = np.array([at for at, due in enumerate(dues) if due.units >= quantum], np.intp)
    taken = dues if len(large) == len(dues) else [dues[at] for at in large]
    names = sorted({due.debtor for due in taken} | {due.creditor for due in taken})
    number = {name: index for index, name in enumerate(names)}
    debtor = np.array([number[due.debtor] for due in taken], np.int64)
    creditor = np.array([number[due.creditor] for due in taken], np.int64)
    quanta = np.array([due.units // quantum for due in taken], np.int64)
    return large, names, (debtor, creditor, quanta)


def certificate(lines: Sequence[Line], quantum: int = 1) -> dict[ParticipantId, int]:
    """The labels that prove a set-off to be the greatest, by participant (`engines.setoff.labels`).

    Raises:
        NotGreatest: It is not.
    """
    large, names, arrays = _arrays([line.due for line in lines], quantum)
    cleared = np.array([line.set_off // quantum for line in lines], np.int64)[large]
    return dict(zip(names, labels(*arrays, cleared, len(names)).tolist(), strict=True))


def _positions(lines: Iterable[Line]) -> tuple[Position, ...]:
    owes, is_owed, set_off = (
        Counter[ParticipantId](),
        Counter[ParticipantId](),
        Counter[ParticipantId](),
    )
    for line in lines:
        owes[line.due.debtor] += line.due.units
        is_owed[line.due.creditor] += line.due.units
        set_off[line.due.debtor] += line.set_off
    return tuple(
        Position(name, owes[name], is_owed[name], set_off[name], is_owed[name] - owes[name])
        for name in sorted(owes.keys() | is_owed.keys())
    )


def check(clearing: Clearing) -> list[str]:
    """Verify the laws of clearing, from the lines up.

    Returns:
        One sentence for each law broken and where; empty when all hold.
    """
    found: list[str] = []
    debts, claims = Counter[ParticipantId](), Counter[ParticipantId]()
    debts_off, claims_off = Counter[ParticipantId](), Counter[ParticipantId]()
    for line in clearing.lines:
        debts[line.due.debtor] += line.due.units
        claims[line.due.creditor] += line.due.units
        debts_off[line.due.debtor] += line.set_off
        claims_off[line.due.creditor] += line.set_off
        if not 0 <= line.set_off <= line.due.units:
            found.append(f"{line.due.id}: {line.set_off} of {line.due.units} is set off")
    if {position.participant for position in clearing.positions} != debts.keys() | claims.keys():
        found.append("positions are not exactly those of the debtors and creditors")
    for position in clearing.positions:
        name = position.participant
        if not debts_off[name] == claims_off[name] == position.set_off:
            found.append(
                f"{name}: {debts_off[name]} of its debts and {claims_off[name]} of its claims"
                f" are set off; its position says {position.set_off}"
            )
        if (position.owes, position.is_owed) != (debts[name], claims[name]):
            found.append(f"{name}: owes {debts[name]} and is owed {claims[name]}, not as stated")
        if position.net != claims[name] - debts[name]:
            found.append(f"{name}: its net is {claims[name] - debts[name]}, not {position.net}")
    if rest := sum(position.net for position in clearing.positions):
        found.append(f"net positions sum to {rest}, not to zero")
    return found
