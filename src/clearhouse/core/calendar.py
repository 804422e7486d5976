"""`Calendar`: the business days of a jurisdiction.

A day is a business day for a payment when it is one in every attached calendar.
"""

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
