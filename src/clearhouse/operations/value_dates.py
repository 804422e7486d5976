"""Value dates of what comes to bind: by the timetables in force, and the parties' calendars."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from clearhouse.core.calendar import Calendar
from clearhouse.core.event import Event
from clearhouse.core.ids import ParticipantId
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.schedule import CycleScheduled, ValueDated
from clearhouse.core.timetable import Cycle, NoValueDate, next_value_date
from clearhouse.operations.house import House
from clearhouse.store import obligations

Participants = Mapping[ParticipantId, Participant]


def value_dated(
    house: House, bound: Iterable[Obligation], participants: Participants, at: datetime
) -> Iterator[tuple[str, Event]]:
    """Give obligations that bind since `at` the cycle that can take them first.

    Without a timetable in force they have none, and any cycle takes them; so they have where no
    cycle within two months can, since nothing may be lost.
    """
    law = house.laws.in_force(house.db, at)
    if law.timetables:
        yield from _dated(law, bound, participants, at)


def dated_anew(
    house: House, waiting: Iterable[Obligation], participants: Participants, cycle: CycleScheduled
) -> list[tuple[str, Event]]:
    """Give a later value date to what waits from before a cycle, and cannot settle on its day.

    It is first in line, and the cycle's day may be a holiday where one of its parties is.
    """
    at, day = house.now(), cycle.value_date
    law = house.laws.in_force(house.db, at)
    asked = {one.id: one for one in waiting}
    before = obligations.left_from_before(house.db, asked, day)
    closed = (
        one
        for id, one in asked.items()
        if id in before
        and not all(
            calendar.is_business_day(day)
            for calendar in _calendars(law, one, participants, at.date())
        )
    )
    return list(_dated(law, closed, participants, at))


def _dated(
    law: Rulebook, bound: Iterable[Obligation], participants: Participants, at: datetime
) -> Iterator[tuple[str, Event]]:
    found: dict[tuple[date, frozenset[Calendar]], Cycle | None] = {}
    for one in bound:
        calendars = _calendars(law, one, participants, at.date())
        key = (one.due_on, calendars)
        if key not in found:
            found[key] = _next(law, at, *key)
        if cycle := found[key]:
            fact = ValueDated(one.id, cycle.kind, cycle.value_date, cycle.cut_off)
            yield one.id, fact


def _next(
    law: Rulebook, at: datetime, due_on: date, calendars: frozenset[Calendar]
) -> Cycle | None:
    try:
        return next_value_date(law.cycles, at, due_on, calendars)
    except NoValueDate:
        return None


def _calendars(
    law: Rulebook, one: Obligation, participants: Participants, on: date
) -> frozenset[Calendar]:
    """Of all jurisdictions that its parties are under; one without law has none."""
    places = {
        place for id in (one.debtor, one.creditor) for place in participants[id].attached(on, on)
    }
    return frozenset(
        law.jurisdictions[place].calendar for place in places if place in law.jurisdictions
    )
