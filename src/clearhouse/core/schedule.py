"""Schedule: which cycle an obligation belongs to, and which cycle may be cleared at an instant.

Once both sides have affirmed an obligation it has a value date, that of the first cycle which can
take it (`timetable.next_value_date`): what is late goes to the next one. What the gate holds back
on that day stays first in line: a cycle takes all whose cut-off and value date are not after
its own, so nothing is lost between two cycles. Where the day of such a later cycle is a holiday of
one of the parties, it is given a later value date in its stead. What has no value date, since no
law had a timetable for it, waits until it is due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.timetable import REACH_DAYS, Cycle, Timetable, coming

# A cycle settles on its value date, and its first stages lie no farther before it than a business
# day is looked for; a day more on either side, for clocks that are ahead of UTC or behind it.
DAYS_BEFORE, DAYS_LOOKED_AT = timedelta(days=2), REACH_DAYS + 4


class UnknownCycleKind(Refusal):
    """No law in force names cycles of this kind."""

    code = "schedule.unknown-kind"
    kind = Kind.UNKNOWN


class NoCycleNow(Refusal):
    """No cycle of this kind may be cleared now."""

    code = "schedule.no-cycle-now"
    kind = Kind.CONFLICT


class CycleHeld(Refusal):
    """The cycle of this kind and value date was cleared before."""

    code = "schedule.cycle-held"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class ValueDated:
    """An obligation that binds was given its value date, or a later one."""

    obligation: ObligationId
    cycle_kind: str
    value_date: date
    cut_off: datetime  # of that cycle


@dataclass(frozen=True, slots=True)
class CycleScheduled:
    """A cycle was opened by the timetable of its kind; all its instants as they were computed."""

    cycle: CycleId
    cycle_kind: str
    value_date: date
    cut_off: datetime
    rescission: datetime
    pay_in: datetime
    pay_in_revised: datetime
    settlement: datetime
    close: datetime
    tzdata: str  # the version of the time zones' data


def cycle_now(timetables: Callable[[date], Sequence[Timetable]], kind: str, now: datetime) -> Cycle:
    """The cycle of a kind that is to be cleared now: the last whose rescission is over.

    Until then the two sides may take back what they have affirmed, and from its settlement on it
    is too late: nobody could pay in any more.

    Args:
        timetables: What is in force for a value date; `Rulebook.cycles`.
        now: UTC.

    Raises:
        UnknownCycleKind: There is no such kind.
        NoCycleNow: None is open; the refusal says when the next one is.
    """
    held = list(coming(now.date() - DAYS_BEFORE, DAYS_LOOKED_AT, timetables))
    own = [(one, one.stages()) for one in held if one.kind == kind]
    if not own:
        known = ", ".join(sorted({one.kind for one in held})) or "none is in force"
        raise UnknownCycleKind(f"{kind!r:.40}: {known}")
    ready = [one for one, stages in own if stages.rescission <= now < stages.settlement]
    if ready:
        return ready[-1]
    later = [(stages.rescission, one.value_date) for one, stages in own if now < stages.rescission]
    when = (
        f"the next one, of {later[0][1]}, may be cleared from {instant(later[0][0])} on"
        if later
        else f"none is held within {REACH_DAYS} days"
    )
    raise NoCycleNow(f"{kind}: {when}", cycle_kind=kind)
