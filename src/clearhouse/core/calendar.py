"""`Calendar`: the business days of a jurisdiction; `Eras`: times in which nothing changes.

A day is a business day for a payment when it is one in every attached calendar.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked."""

    weekend: frozenset[int]  # as `date.weekday()`: Monday is 0
    holidays: frozenset[date]

    def __post_init__(self) -> None:
        assert len(self.weekend) < 7, "a week needs a business day"  # noqa: PLR2004 - days of a week

    def is_business_day(self, day: date) -> bool:
        """Whether `day` is worked."""
        return day.weekday() not in self.weekend and day not in self.holidays


def business_day_after(day: date, count: int, calendars: Iterable[Calendar]) -> date:
    """Find the `count`-th day after `day` worked by all; `day` itself if 0 and worked."""
    attached = list(calendars)
    assert count >= 0
    while count > 0 or not all(calendar.is_business_day(day) for calendar in attached):
        day += timedelta(days=1)
        if all(calendar.is_business_day(day) for calendar in attached):
            count -= 1
    return day


class Eras:
    """The times between which nothing begins or ends: any two days of one era see the same.

    Args:
        spans: First and last days of what is looked at; None where there is no end.
    """

    def __init__(self, spans: Iterable[tuple[date, date | None]]) -> None:
        starts: set[date] = set()
        for first, last in spans:
            starts.add(first)
            if last is not None and last < date.max:
                starts.add(last + timedelta(days=1))
        self._starts = sorted(starts)

    def of(self, day: date) -> int:
        """The number of the era that `day` lies in."""
        return bisect_right(self._starts, day)
