"""Net debit caps: how much a participant may come to owe the house, and what waits for it.

A cap bounds what a participant still has to pay in: its net debit in the cycle that is cleared, and
its debits in cycles whose pay-ins are not final. Within a cycle what it receives counts, since
both legs settle or neither. Of other cycles only what is settled counts: a credit that is not may
never come, and whoever had spent it would be beyond its cap on that day. (Windows that may be
settled apart, whose incoming positions could be spent at once, broke caps in a public system:
Mojaloop's issue 3482.)

What would pass a cap waits, the newest due first, until everybody is within its own
(`engines.liquidity`, by age): the oldest debts are cleared first, and a debt that waits takes the
claim that it is out of the cycle too, which may bring its creditor to its cap.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from clearhouse.core.clearing import ClearingTooLarge, Due
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.engines.liquidity import oldest, queue
from clearhouse.engines.setoff import TOTAL_MAX


@dataclass(frozen=True, slots=True)
class ObligationHeldBack:
    """An obligation waits for another cycle, since its debtor would have passed its cap."""

    obligation: ObligationId
    cycle: CycleId
    participant: ParticipantId  # the debtor
    units: int  # its quantity in the settlement asset
    room: int  # what the debtor might owe in this cycle


def room(cap: int, positions: Iterable[int]) -> int:
    """What a participant may come to owe in a cycle.

    Args:
        cap: All that it may owe.
        positions: Its net positions in cycles that are not settled: negative is owed, and counts;
            what it would receive does not.
    """
    return max(0, cap + sum(position for position in positions if position < 0))


def within(
    dues: Sequence[Due], rooms: Mapping[ParticipantId, int], quantum: int = 1
) -> tuple[list[Due], list[Due]]:
    """Take what keeps everybody within its cap, and hold the rest back.

    Args:
        dues: Of one cycle.
        rooms: What those who have a cap may come to owe in it, in minor units.
        quantum: Amounts are compared in so many minor units, debts rounded up.

    Returns:
        What is taken, and what waits; each the oldest due first, ties by id.

    Raises:
        ClearingTooLarge: They add up to more than the arithmetic holds.
    """
    ordered = sorted(dues, key=lambda due: (due.due_on, due.id))
    if not any(due.debtor in rooms for due in ordered):
        return ordered, []
    names = sorted({due.debtor for due in ordered} | {due.creditor for due in ordered})
    number = {name: index for index, name in enumerate(names)}
    quanta = [-(-due.units // quantum) for due in ordered]
    if 3 * sum(quanta) > TOTAL_MAX:
        raise ClearingTooLarge(f"{sum(quanta)} times {quantum} units; at most {TOTAL_MAX // 3}")
    limits = [min(rooms[one] // quantum, TOTAL_MAX) if one in rooms else TOTAL_MAX for one in names]
    waiting = queue(
        np.array([number[due.debtor] for due in ordered], np.int64),
        np.array([number[due.creditor] for due in ordered], np.int64),
        np.array(quanta, np.int64),
        np.array(limits, np.int64),
    )
    settles = oldest(waiting).tolist()
    taken = [due for due, goes in zip(ordered, settles, strict=True) if goes]
    return taken, [due for due, goes in zip(ordered, settles, strict=True) if not goes]
