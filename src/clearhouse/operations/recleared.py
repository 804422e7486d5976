"""Run a cycle again from what was recorded of it, and hold the two against each other.

What went in stands in the books: the obligations with their quantities at the rates of the day. The
same engine makes the same facts of them, to the byte; whoever doubts a cycle can see it made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clearhouse.core.clearing import Clearing, Due, Part, clear, parts
from clearhouse.core.event import Event, encode
from clearhouse.core.ids import CycleId, ParticipantId
from clearhouse.core.money import Asset
from clearhouse.core.settlement import (
    CycleCertified,
    CycleCleared,
    ObligationCleared,
    PositionStruck,
    UnknownCycle,
)
from clearhouse.operations.clear import committed, facts_of
from clearhouse.operations.house import House
from clearhouse.store import journal, obligations


@dataclass(frozen=True, slots=True)
class Again:
    """A cycle that was cleared once more."""

    cleared: CycleCleared  # as it was recorded
    asset: Asset
    clearing: Clearing  # as it came out now
    facts: int  # how many were compared
    differing: list[str]  # those recorded otherwise, or on one side only; empty: all agree

    def part_of(self, who: ParticipantId) -> Part | None:
        """A participant's part of the cycle; None if it has none."""
        return next(parts(self.clearing, {who}), None)


def reclear(house: House, id: CycleId, advance: Callable[[int], None] = lambda _: None) -> Again:
    """Clear a cycle again from its recorded obligations.

    Raises:
        UnknownCycle: There is none.
    """
    recorded = dict(_recorded(house, id))
    cleared = recorded.get(("CycleCleared", id))
    if not isinstance(cleared, CycleCleared):
        raise UnknownCycle(f"there is no {id}", cycle=id)
    asset = next(one for one in house.assets.values() if one.identity == cleared.asset)
    clearing = clear(_dues(house, id), asset.quantum, advance)
    rates = {
        one.obligation: one.rate
        for one in recorded.values()
        if isinstance(one, ObligationCleared) and one.rate
    }
    proved = committed(house, id, clearing.labels)
    found: dict[tuple[str, str], Event] = {
        (type(event).__name__, subject): event
        for subject, event in facts_of(id, cleared.on, asset, clearing, rates)
    }
    certified = CycleCertified(id, len(proved.lines), proved.root.hex())
    found["CycleCertified", id] = certified
    every = found.keys() | recorded.keys()
    differing = [
        " ".join(key)
        for key in sorted(every)
        if key not in found or key not in recorded or encode(found[key]) != encode(recorded[key])
    ]
    return Again(cleared, asset, clearing, len(every), differing)


def _dues(house: House, id: CycleId) -> Iterator[Due]:
    for one in obligations.lines(house.db, id):
        units = one.set_off + one.remaining
        yield Due(one.id, one.debtor, one.creditor, units, one.due_on)


def _recorded(house: House, id: CycleId) -> Iterator[tuple[tuple[str, str], Event]]:
    """What the journal says of a cycle's clearing, by kind and subject."""
    lines = obligations.lines(house.db, id)
    parties: set[ParticipantId] = {p for one in lines for p in (one.debtor, one.creditor)}
    asked = (
        (CycleCleared, [id]),
        (CycleCertified, [id]),
        (ObligationCleared, [one.id for one in lines]),
        (PositionStruck, sorted(parties)),
    )
    for kind, subjects in asked:
        for entry in journal.of_kind(house.db, kind, subjects):
            if getattr(entry.event, "cycle", None) == id:
                yield (kind.__name__, entry.subject), entry.event
