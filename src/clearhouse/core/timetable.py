"""`Timetable`: by when what is done for a clearing cycle; and the value dates of obligations.

A cycle is of a kind (daily, morning) and of a value date, the day on which it settles. Its stages:

    submission ──▶ cut-off ──▶ rescission ──▶ pay-in ──▶ pay-in-revised ──▶ settlement ──▶ close
    opens          of what      last, by      initial     revised            batch is
                   binds        both sides    schedule    schedule           released

Times are of the clocks of the timetable's zone, on the value date or on a business day before it.
Business days are counted by the cycle's own calendars, those of the jurisdictions whose law names
it: its cut-off is one instant, whoever's obligations are in it. An obligation has calendars of its
own (of both currencies, both residences and the platform), and takes a cycle whose value date is
worked in all of them. After the day of CLS and the business day conventions of ISDA.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice

from clearhouse.core.calendar import Calendar
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.zone import has_day, instant

REACH_DAYS = 60  # how far a business day is looked for
DAY = timedelta(days=1)


class NoValueDate(Refusal):
    """No day within reach can be the value date."""

    code = "timetable.no-value-date"
    kind = Kind.UNAVAILABLE


class NotHeld(Refusal):
    """No cycle of this kind is held for this value date."""

    code = "timetable.not-held"
    kind = Kind.UNKNOWN


class Stage(StrEnum):
    """What is done for a cycle, in this order."""

    SUBMISSION = "submission"  # opens
    CUT_OFF = "cut-off"  # what binds at this instant is in the cycle; what binds later is not
    RESCISSION = "rescission"  # the last moment at which both sides may take back what binds them
    PAY_IN = "pay-in"  # the initial schedule of what is paid in
    PAY_IN_REVISED = "pay-in-revised"  # the schedule that holds
    SETTLEMENT = "settlement"
    CLOSE = "close"


CUT_OFF = [*Stage].index(Stage.CUT_OFF)


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """When a stage comes: a time of a business day, counted from the value date."""

    day: int  # 0 is the value date, -1 the business day before it
    at: time  # whole minutes, local


@dataclass(frozen=True, slots=True)
class Stages:
    """The instants of a cycle's stages, in UTC: each is no earlier than the one before."""

    submission: datetime
    cut_off: datetime
    rescission: datetime
    pay_in: datetime
    pay_in_revised: datetime
    settlement: datetime
    close: datetime

    def each(self) -> Iterator[tuple[Stage, datetime]]:
        """All of them, by name."""
        return ((stage, getattr(self, stage.replace("-", "_"))) for stage in Stage)


@dataclass(frozen=True, slots=True)
class Timetable:
    """When the stages of all cycles of a kind come."""

    kind: str
    zone: str  # IANA's name
    moments: tuple[Moment, ...]  # of each stage, in their order
    calendars: frozenset[Calendar]  # by which its business days are counted

    def holds(self, value_date: date) -> bool:
        """Whether there is a cycle of this value date."""
        return bool(self._days(value_date))

    def cut_off(self, value_date: date) -> datetime:
        """The instant by which what is to be in the cycle must bind, itself included, in UTC.

        Raises:
            NotHeld: There is no cycle of this value date.
        """
        days = self._need(value_date)
        moment = self.moments[CUT_OFF]
        return instant(days[moment.day], moment.at, self.zone)

    def stages(self, value_date: date) -> Stages:
        """The instants of the stages of one cycle.

        Raises:
            NotHeld: There is no cycle of this value date.
        """
        days = self._need(value_date)
        return Stages(*(instant(days[one.day], one.at, self.zone) for one in self.moments))

    def _need(self, value_date: date) -> Mapping[int, date]:
        days = self._days(value_date)
        if not days:
            raise NotHeld(
                f"there is no {self.kind} cycle of {value_date}: that is no business day of it, or"
                f" none of the {REACH_DAYS} days before is",
                kind=self.kind,
                value_date=f"{value_date}",
            )
        return days

    def _days(self, value_date: date) -> Mapping[int, date]:
        """The days on which something comes, by how a moment names them; none without a cycle."""
        if not self._is_worked(value_date):
            return {}
        wanted = 1 - min(one.day for one in self.moments)
        worked = (day for day in _from(value_date, -1) if self._is_worked(day))
        found = {-number: day for number, day in enumerate(islice(worked, wanted))}
        return found if len(found) == wanted else {}

    def _is_worked(self, day: date) -> bool:
        # In the first and the last year that there is, an instant may have no name in UTC.
        known = MINYEAR < day.year < MAXYEAR
        return known and _is_worked(day, self.calendars) and has_day(day, self.zone)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle: of a kind, and of a value date."""

    value_date: date
    timetable: Timetable
    cut_off: datetime  # UTC

    @property
    def kind(self) -> str:
        """Of which kind it is."""
        return self.timetable.kind

    def stages(self) -> Stages:
        """The instants of its stages."""
        return self.timetable.stages(self.value_date)


InForce = Callable[[date], Sequence[Timetable]]  # the timetables of the cycles of a value date


def cycles_of(value_date: date, timetables: InForce) -> list[Cycle]:
    """The cycles of one value date, in the order of their cut-offs."""
    held = (one for one in timetables(value_date) if one.holds(value_date))
    each = [Cycle(value_date, one, one.cut_off(value_date)) for one in held]
    return sorted(each, key=lambda one: (one.cut_off, one.kind))


def coming(first: date, days: int, timetables: InForce) -> Iterator[Cycle]:
    """The cycles of so many days, by value date and cut-off."""
    last = min(first.toordinal() + days - 1, date.max.toordinal())
    for ordinal in range(first.toordinal(), last + 1):
        yield from cycles_of(date.fromordinal(ordinal), timetables)


def value_date(due_on: date, calendars: Collection[Calendar]) -> date:
    """The day on which what is due on `due_on` is to settle: modified following.

    It is the day itself or the next one that is worked in every calendar; if that is in another
    month, the last one before that is, unless that leaves the month too.

    Args:
        calendars: All that are attached to the obligation.

    Raises:
        NoValueDate: No day within 60 is worked in all of them.
    """
    following = next((day for day in _from(due_on, 1) if _is_worked(day, calendars)), None)
    if following is None or _month(following) != _month(due_on):
        preceding = next((day for day in _from(due_on, -1) if _is_worked(day, calendars)), None)
        if preceding is not None and _month(preceding) == _month(due_on):
            return preceding
    if following is None:
        raise NoValueDate(
            f"due on {due_on}: no day within {REACH_DAYS} days is worked by all concerned",
            due_on=f"{due_on}",
        )
    return following


def next_value_date(
    timetables: InForce, at: datetime, due_on: date, calendars: Collection[Calendar]
) -> Cycle:
    """The earliest cycle that can take an obligation which binds since `at`.

    That is the first one, by value date and then by cut-off, whose cut-off is not before `at` and
    whose value date is a business day of all calendars, no earlier than `value_date(due_on)`. So
    what is late goes to the next value date, and what was due long ago to the next that there is.

    Args:
        timetables: What is in force for a value date; `Rulebook.cycles`.
        at: When both sides had affirmed it, UTC. At the cut-off itself is in time.
        due_on: When it is due by what the parties agreed.
        calendars: All that are attached to the obligation.

    Raises:
        NoValueDate: No such cycle is held within 60 days.
    """
    assert at.utcoffset() == timedelta(0)
    # No cut-off is after its value date, and no clock is a day behind or ahead of UTC.
    first = max(value_date(due_on, calendars), at.date() - DAY)
    for day in _from(first, 1):
        if _is_worked(day, calendars):
            for cycle in cycles_of(day, timetables):
                if at <= cycle.cut_off:
                    return cycle
    raise NoValueDate(
        f"due on {due_on}: no cycle within {REACH_DAYS} days of {first} can take it",
        due_on=f"{due_on}",
    )


def _from(day: date, step: int) -> Iterator[date]:
    """A day and the 60 after it; before it, if `step` is -1."""
    for number in range(REACH_DAYS + 1):
        ordinal = day.toordinal() + number * step
        if 1 <= ordinal <= date.max.toordinal():
            yield date.fromordinal(ordinal)


def _is_worked(day: date, calendars: Iterable[Calendar]) -> bool:
    return all(calendar.is_business_day(day) for calendar in calendars)


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month
