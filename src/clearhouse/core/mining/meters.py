"""`Reading`: what a meter's register showed on a day; and the months that readings make.

A register counts up, in hundredths of a kWh. A reading shows it at the beginning of its day, so the
readings of the 1st of two months in a row measure the month between them. A month is measured by
those two and by nothing else: readings on other days only show that the register never ran
backwards, and nothing is interpolated, since a regional ban or a cap turns on what was used and
not on what may have been.

A meter is replaced, or set to another number, by two readings of one day: the last of what was, and
one that `begins` what is. What was used is then the sum of both, and no energy falls between them.
Who replaces a meter during a 1st cuts the month at that hour; any other day is better.
A rate of a tariff has a register of its own, read as a meter of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.money import UNITS_MAX, decimal

KWH_DECIMALS = 2
SERIAL_LENGTH_MAX = 64


class ReadingWrong(Refusal):
    """A reading names no meter, or no number that a register can show."""

    code = "mining.reading-wrong"
    kind = Kind.MALFORMED


class ReadingEarly(Refusal):
    """A reading is of a day that has not come."""

    code = "mining.reading-early"
    kind = Kind.MALFORMED


class ReadingDiffers(Refusal):
    """Two readings of one day differ."""

    code = "mining.reading-differs"
    kind = Kind.CONFLICT


class ReplacementUnread(Refusal):
    """A register begins anew on a day on which the one before was not read."""

    code = "mining.replacement-unread"
    kind = Kind.CONFLICT


class MeterChanged(Refusal):
    """A reading is of another meter than the one before, and no replacement is recorded."""

    code = "mining.meter-changed"
    kind = Kind.CONFLICT


class MeterBackwards(Refusal):
    """A meter shows less than it did, and no replacement is recorded."""

    code = "mining.meter-backwards"
    kind = Kind.CONFLICT


class MonthMissing(Refusal):
    """A month's first day has no reading, though days before and after it have."""

    code = "mining.month-missing"
    kind = Kind.CONFLICT


class MonthUnmeasured(Refusal):
    """What was used in a month is not measured from its beginning to its end."""

    code = "mining.month-unmeasured"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Reading:
    """What a register showed at the beginning of a day.

    Raises:
        ReadingWrong: The serial is empty or too long, or the number below zero or too large.
    """

    read_on: date
    meter: str  # its serial
    register: int  # hundredths of a kWh since the register began
    begins: bool = False  # another meter takes over here, or the same one from another number

    def __post_init__(self) -> None:
        if not 0 < len(self.meter) <= SERIAL_LENGTH_MAX:
            raise ReadingWrong(f"a serial has 1 to {SERIAL_LENGTH_MAX} characters: {self.read_on}")
        if not 0 <= self.register <= UNITS_MAX:
            raise ReadingWrong(f"{self}: 0 to {decimal(UNITS_MAX, KWH_DECIMALS)}")

    def __str__(self) -> str:
        return f"{self.meter} at {decimal(self.register, KWH_DECIMALS)} kWh on {self.read_on}"


def monthly(readings: Iterable[Reading], today: date) -> dict[tuple[int, int], int]:
    """Measure every month between the first and the last reading of a 1st.

    Args:
        readings: Of one place, in any order; one said twice counts once.
        today: The day it is; a reading of this day is not early.

    Returns:
        Hundredths of a kWh by (year, month), in order. What was used before the first 1st, or since
        the last, is of no whole month and in none.

    Raises:
        ReadingEarly, ReadingDiffers, ReplacementUnread, MeterChanged, MeterBackwards, MonthMissing:
            In this precedence: each is looked for in all readings before the next.
    """
    ordered = _in_order(readings, today)
    steps = list(pairwise(ordered))
    _need_one_register(steps)
    used = 0
    firsts = {one.read_on: 0 for one in ordered[:1] if one.read_on.day == 1}
    for before, after in steps:
        if not after.begins:
            used += after.register - before.register
        if after.read_on.day == 1:
            firsts[after.read_on] = used
    return _between(firsts)


def used(readings: Iterable[Reading], start: date, end: date, today: date) -> int:
    """Measure what a register counted from the beginning of a day to the beginning of another.

    Args:
        readings: Of one register, in any order; those before `start` and after `end` do not count.

    Returns:
        Hundredths of a kWh.

    Raises:
        MonthUnmeasured: It was not read on one of the two days.
        ReadingEarly, ReadingDiffers, ReplacementUnread, MeterChanged, MeterBackwards: As `monthly`.
    """
    ordered = _in_order((one for one in readings if start <= one.read_on <= end), today)
    read_on = {one.read_on for one in ordered}
    if unread := [day for day in (start, end) if day not in read_on]:
        raise MonthUnmeasured(f"no reading of {' and of '.join(map(str, unread))}")
    steps = list(pairwise(ordered))
    _need_one_register(steps)
    return sum(after.register - before.register for before, after in steps if not after.begins)


def faults(readings: Iterable[Reading]) -> dict[Reading, list[Refusal]]:
    """Find every reading that does not carry on from the one before, and that one, too.

    Args:
        readings: Of one register, at most one of a day that begins and one that does not.
    """
    found: dict[Reading, list[Refusal]] = {}
    for before, after in pairwise(sorted(readings, key=lambda one: (one.read_on, one.begins))):
        try:
            _need_one_register([(before, after)])
        except Refusal as wrong:
            for one in (before, after):
                found.setdefault(one, []).append(wrong)
    return found


def _in_order(readings: Iterable[Reading], today: date) -> list[Reading]:
    """Sort readings by day, the last of a register before the first of the next."""
    ordered = sorted(set(readings), key=lambda one: (one.read_on, one.begins))
    if ordered and ordered[-1].read_on > today:
        raise ReadingEarly(f"{ordered[-1]}, and it is {today}")
    for _, group in groupby(ordered, key=lambda one: (one.read_on, one.begins)):
        several = sorted(str(one) for one in group)
        if len(several) > 1:
            raise ReadingDiffers(f"{several[0]}, and {several[1]}: one of them is wrong")
    return ordered


def _need_one_register(steps: list[tuple[Reading, Reading]]) -> None:
    """Check that each reading carries on from the one before, or says that it begins."""
    for before, after in steps:
        if after.begins and before.read_on != after.read_on:
            raise ReplacementUnread(f"{after} begins anew; last was {before}: read both that day")
    going = [(before, after) for before, after in steps if not after.begins]
    for before, after in going:
        if before.meter != after.meter:
            raise MeterChanged(f"{after}, after {before}: record the replacement")
    for before, after in going:
        if after.register < before.register:
            raise MeterBackwards(f"{after}, after {before}", meter=after.meter)


def _between(firsts: dict[date, int]) -> dict[tuple[int, int], int]:
    """Take the differences between each 1st and the next, which must be the next month's."""
    months = {}
    for (first, at_first), (following, at_following) in pairwise(firsts.items()):
        due = month_after(first)
        if following != due:
            raise MonthMissing(f"no reading of {due}, between those of {first} and {following}")
        months[first.year, first.month] = at_following - at_first
    return months


def month_after(first: date) -> date:
    """Find the 1st of the next month.

    Raises:
        ValueError: There is no next month: it is the last of the year 9999.
    """
    year, month = divmod(first.year * 12 + first.month, 12)
    return date(year, month + 1, 1)


def days_of_month(first: date) -> list[date]:
    """The days of the month that begins on `first`."""
    return [first + timedelta(n) for n in range((month_after(first) - first).days)]
