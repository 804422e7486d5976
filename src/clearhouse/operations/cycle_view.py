"""What people look at of a cycle: from gross to net, the frontier, and the largest flows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from clearhouse.core.clearing import Line
from clearhouse.core.ids import CycleId, ParticipantId
from clearhouse.core.money import Asset, Money
from clearhouse.core.settlement import CycleCleared, State
from clearhouse.engines.setoff import Step
from clearhouse.operations.house import House
from clearhouse.operations.recleared import reclear
from clearhouse.store import cycles, registers


@dataclass(frozen=True, slots=True)
class Flow:
    """What one owed another in a cycle, and owes it after the set-off."""

    debtor: ParticipantId
    creditor: ParticipantId
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class View:
    """A cycle as people look at it; units are the asset's minor ones."""

    id: CycleId
    cleared: CycleCleared
    state: State
    asset: Asset
    participants: int
    frontier: Sequence[
        tuple[int, int, int]
    ]  # cash, cleared with it, and what the last unit cleared
    flows: Sequence[Flow]  # the largest first
    names: Mapping[ParticipantId, str]  # of the parties of `flows`

    def clears(self, cash: int) -> int:
        """How much more so much cash would clear, put in and taken out where it does most."""
        cleared, put_in = 0, 0
        for upto, _, price in self.frontier[1:]:
            cleared += price * (min(cash, upto) - put_in)
            put_in = min(cash, upto)
        return cleared

    def amount(self, units: int) -> str:
        """Units as people write them."""
        return str(Money(units, self.asset))


def view(
    house: House, id: CycleId, flows: int, advance: Callable[[int], None] = lambda _: None
) -> View:
    """Look at a cycle.

    Args:
        flows: How many of the largest are wanted.
        advance: Is told how many units of the set-off are not routed yet.

    Raises:
        UnknownCycle: There is none.
    """
    again = reclear(house, id, advance)
    largest = _largest(again.clearing.lines, flows)
    parties = {p for one in largest for p in (one.debtor, one.creditor)}
    found = registers.participants(house.db, parties)
    with house.db.transaction():
        state = cycles.cycle(house.db, id).state
    return View(
        id,
        again.cleared,
        state,
        again.asset,
        len(again.clearing.positions),
        curve(again.clearing.set_off, again.clearing.frontier),
        largest,
        {id: one.name for id, one in found.items()},
    )


def curve(set_off: int, steps: Iterable[Step]) -> list[tuple[int, int, int]]:
    """The frontier as it rises: cash, what is cleared with it, and the price of the last step."""
    points = [(0, set_off, 0)]
    for step in steps:
        cash, cleared, _ = points[-1]
        points.append((cash + step.units, cleared + step.price * step.units, step.price))
    return points


def _largest(lines: Iterable[Line], count: int) -> list[Flow]:
    before = Counter[tuple[ParticipantId, ParticipantId]]()
    after = Counter[tuple[ParticipantId, ParticipantId]]()
    for line in lines:
        pair = (line.due.debtor, line.due.creditor)
        before[pair] += line.due.units
        after[pair] += line.remains
    ordered = sorted(before, key=lambda pair: (-before[pair], pair))[:count]
    return [Flow(*pair, before[pair], after[pair]) for pair in ordered]
