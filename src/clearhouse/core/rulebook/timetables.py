"""What the law says on clearing cycles' timetables, read from files and held together.

A time is written "16:00" when it is of the value date, and `{ day = -1, at = "16:00" }` when it is
of a business day before it: a table as a deadline is one, which the schema checks key by key and
needs no little language of its own.

The stages of one timetable are in order by what is written. Whether its cases come out, and whether
two kinds of cycles are cut off at one instant, hangs on the clocks of zones as well: that is
checked when law is written, and no more when what was enacted is read again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import combinations, pairwise
from operator import le, lt
from typing import Any

from clearhouse.core.calendar import Eras
from clearhouse.core.rulebook.place import Place, need_zone, read_day
from clearhouse.core.rulebook.rule import Head, Jurisdiction, TimetableRule
from clearhouse.core.timetable import Moment, Stage, Stages, Timetable

Placed = Sequence[tuple[TimetableRule, Place]]
# What must lie before the next stage; other stages may come together with it.
APART = {Stage.SUBMISSION, Stage.SETTLEMENT}
ON_VALUE_DATE = {Stage.SETTLEMENT, Stage.CLOSE}
CHECKED_DAYS = 366  # over which cut-offs of two kinds are compared


def read_timetable(table: Any, head: Head, place: Place) -> TimetableRule:
    """Read when the stages of a kind of cycles come.

    Raises:
        RulebookMalformed: A zone is unknown, stages are out of order, a case says no instant.
    """
    need_zone(table["zone"], place / "zone")
    moments = {stage: _moment(table[stage]) for stage in Stage}
    for stage in ON_VALUE_DATE:
        if moments[stage].day:
            (place / stage).refuse(f"{stage} is on the value date itself: write it as a time alone")
    for stage, following in pairwise(Stage):
        in_order = (lt if stage in APART else le)(moments[stage], moments[following])
        if not in_order:
            how = "after" if stage in APART else "no earlier than"
            (place / following).refuse(
                f"{following}, {said(moments[following])}, must be {how} {stage}, which is"
                f" {said(moments[stage])}"
            )
    cases: dict[date, Stages] = {}
    for number, case in enumerate(table["cases"]):
        here = place / "cases" / number
        day = read_day(case["value_date"], here / "value_date")
        if day in cases:
            here.refuse(f"there is a case of {day} already")
        if not head.in_force(day):
            here.refuse(f"its case of {day} is of a day on which it is not in force")
        cases[day] = Stages(*(_instant(case[stage], here / stage) for stage in Stage))
    return TimetableRule(head, table["cycle"], table["zone"], tuple(moments.values()), cases)


def _moment(written: Any) -> Moment:
    day, at = (written["day"], written["at"]) if isinstance(written, dict) else (0, written)
    return Moment(day, time.fromisoformat(at))


def _instant(text: str, place: Place) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        place.refuse(f"{text!r} is no instant")


def said(moment: Moment) -> str:
    """A moment in words."""
    at = f"{moment.at:%H:%M}"
    match moment.day:
        case 0:
            return f"{at} on the value date"
        case -1:
            return f"{at} on the business day before"
        case day:
            return f"{at} {-day} business days before"


def check_same(rule: TimetableRule, others: Placed, place: Place) -> None:
    """All laws in force say the same of a kind: a cycle has one timetable."""
    for one, _ in others:
        if (
            one.cycle == rule.cycle
            and one.head.overlaps(rule.head)
            and (one.zone, one.moments) != (rule.zone, rule.moments)
        ):
            place.refuse(
                f"{one.head.id} has another timetable for the {one.cycle} cycle at the same time"
            )


def check_given(placed: Placed, jurisdictions: Mapping[str, Jurisdiction]) -> None:
    """A timetable gives the instants that its own cases say.

    Raises:
        RulebookMalformed: With the first that it does not give.
    """
    held = Timetables([rule for rule, _ in placed], jurisdictions)
    for rule, place in placed:
        for number, day in enumerate(rule.cases):
            if trouble := held.differs(rule, day):
                (place / "cases" / number).refuse(f"its case of {day} fails: {trouble}")


def check_apart(placed: Placed, jurisdictions: Mapping[str, Jurisdiction]) -> None:
    """No two kinds of cycles are cut off at one instant.

    Looked at are the value dates of the first year in which both are in force.

    Raises:
        RulebookMalformed: With the first instant.
    """
    held = Timetables([rule for rule, _ in placed], jurisdictions)
    for (one, _), (other, place) in combinations(placed, 2):
        if one.cycle != other.cycle:
            days = [*_common(one.head, other.head)]
            mine, others = (_cut_offs(held, rule.cycle, days) for rule in (other, one))
            if both := sorted(mine & others):
                (place / Stage.CUT_OFF).refuse(
                    f"the {other.cycle} and the {one.cycle} cycle of {one.head.id} are both cut"
                    f" off at {both[0]:%Y-%m-%d %H:%M} UTC"
                )


def _common(one: Head, other: Head) -> Iterator[date]:
    start = max(one.effective_from, other.effective_from)
    for number in range(CHECKED_DAYS):
        if (date.max - start).days < number:
            return
        day = start + timedelta(days=number)
        if one.in_force(day) and other.in_force(day):
            yield day


def _cut_offs(held: "Timetables", kind: str, days: Sequence[date]) -> set[datetime]:
    each = ((day, one) for day in days for one in held.of(day) if one.kind == kind)
    return {one.cut_off(day) for day, one in each if one.holds(day)}


class Timetables:
    """Which cycles there are, of which value dates.

    Args:
        rules: What the laws of some jurisdictions say.
        jurisdictions: By code: business days are those of all whose law names a kind.
    """

    def __init__(
        self, rules: Sequence[TimetableRule], jurisdictions: Mapping[str, Jurisdiction]
    ) -> None:
        self._rules = rules
        self._jurisdictions = jurisdictions
        self._eras = Eras((one.head.effective_from, one.head.effective_to) for one in rules)
        self._known: dict[int, tuple[Timetable, ...]] = {}  # by era

    def of(self, value_date: date) -> tuple[Timetable, ...]:
        """The timetables of the cycles of a value date: one of each kind, by kind."""
        era = self._eras.of(value_date)
        if era not in self._known:
            by_kind: dict[str, list[TimetableRule]] = {}
            for one in self._rules:
                if one.head.in_force(value_date):
                    by_kind.setdefault(one.cycle, []).append(one)
            self._known[era] = tuple(self._made(by_kind[kind]) for kind in sorted(by_kind))
        return self._known[era]

    def _made(self, same: Sequence[TimetableRule]) -> Timetable:
        places = (self._jurisdictions[one.head.jurisdiction] for one in same)
        calendars = frozenset(one.calendar for one in places)
        return Timetable(same[0].cycle, same[0].zone, same[0].moments, calendars)

    def differs(self, rule: TimetableRule, value_date: date) -> str:
        """What a rule, or a mutant of it, gives otherwise than its case says; empty if nothing."""
        (kept,) = (one for one in self.of(value_date) if one.kind == rule.cycle)
        own = Timetable(rule.cycle, rule.zone, rule.moments, kept.calendars)
        if not own.holds(value_date):
            return "there is no such cycle, for that is no business day of it"
        pairs = zip(own.stages(value_date).each(), rule.cases[value_date].each(), strict=True)
        for (stage, found), (_, expected) in pairs:
            if found != expected:
                return f"{stage} is at {found:%Y-%m-%d %H:%M} UTC"
        return ""
