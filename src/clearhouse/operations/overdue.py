"""Overdue: note which pay-ins did not come in time; people decide what follows from it."""

from datetime import datetime

from clearhouse.core.event import Event
from clearhouse.core.ids import CycleId
from clearhouse.core.settlement import ENDED, PayInOverdue
from clearhouse.operations.house import House
from clearhouse.store import cycles, journal
from clearhouse.store.projection import record


def note_overdue(house: House, id: CycleId) -> datetime | None:
    """Record, once each, the pay-ins of a cycle that are due and not final.

    Returns:
        When the next one is due; None if none is waited for.
    """
    now = house.now()
    with house.db.transaction():
        journal.lock(house.db)
        if cycles.cycle(house.db, id).state in ENDED:
            return None  # it was unwound: nobody owes it anything
        waiting = [one for one in cycles.pay_ins(house.db, id) if not (one.final or one.overdue)]
        facts: list[tuple[str, Event]] = [
            (one.participant, PayInOverdue(id, one.participant, one.units, one.due_at))
            for one in waiting
            if one.due_at <= now
        ]
        record(house.db, facts, now, now)
    return min((one.due_at for one in waiting if one.due_at > now), default=None)
