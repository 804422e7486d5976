"""Business days: worked by everybody concerned, and counted from the day after."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.calendar import Calendar, Eras, business_day_after

SATURDAY_SUNDAY = frozenset({5, 6})
WESTERN = Calendar(SATURDAY_SUNDAY, frozenset({date(2026, 1, 1), date(2026, 3, 9)}))
FRIDAY_SATURDAY = Calendar(frozenset({4, 5}), frozenset())

days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
weekends = st.frozensets(st.integers(0, 6), max_size=3)
calendars = st.builds(
    Calendar, weekends, st.frozensets(st.dates(date(2025, 12, 1), date(2026, 2, 1)), max_size=9)
)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 3, 6), True),  # a Friday
        (date(2026, 3, 7), False),
        (date(2026, 3, 8), False),
        (date(2026, 3, 9), False),  # a holiday on a Monday
        (date(2026, 3, 10), True),
        (date(2026, 1, 1), False),  # a holiday on a Thursday
        (date(2027, 1, 1), True),  # the next year's is not told
    ],
)
def test_weekends_and_holidays_are_not_worked(day: date, worked: bool) -> None:
    assert WESTERN.is_business_day(day) is worked


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        (date(2026, 3, 6), 0, date(2026, 3, 6)),  # worked: itself
        (date(2026, 3, 7), 0, date(2026, 3, 10)),  # not worked: the next one that is
        (date(2026, 3, 6), 1, date(2026, 3, 10)),  # over a weekend and a holiday
        (date(2026, 3, 7), 1, date(2026, 3, 10)),  # a Saturday counts as no day
        (date(2026, 3, 6), 2, date(2026, 3, 11)),
        (date(2025, 12, 31), 1, date(2026, 1, 2)),  # over New Year
    ],
)
def test_days_are_counted_from_the_day_after(day: date, count: int, found: date) -> None:
    assert business_day_after(day, count, [WESTERN]) == found


def test_a_day_is_worked_only_if_it_is_worked_by_all() -> None:
    thursday = date(2026, 3, 5)
    monday, tuesday = date(2026, 3, 9), date(2026, 3, 10)

    assert business_day_after(thursday, 1, [FRIDAY_SATURDAY]) == date(2026, 3, 8)
    assert business_day_after(thursday, 1, [WESTERN]) == date(2026, 3, 6)
    assert business_day_after(thursday, 1, [WESTERN, FRIDAY_SATURDAY]) == tuesday
    assert business_day_after(monday, 0, iter([FRIDAY_SATURDAY, WESTERN])) == tuesday


def test_without_calendars_every_day_counts() -> None:
    assert business_day_after(date(2026, 3, 6), 3, []) == date(2026, 3, 9)


@given(days, st.integers(0, 30), st.lists(calendars, max_size=2))
def test_exactly_as_many_days_are_worked_as_were_asked_for(
    day: date, count: int, attached: list[Calendar]
) -> None:
    found = business_day_after(day, count, attached)

    def worked(one: date) -> bool:
        return all(calendar.is_business_day(one) for calendar in attached)

    assert found >= day
    assert worked(found)
    later = [day + timedelta(days=n) for n in range(1, (found - day).days + 1)]
    assert sum(map(worked, later)) == max(count, 0 if worked(day) else 1)


@given(days, st.integers(0, 20), calendars, calendars)
def test_another_calendar_never_makes_it_earlier(
    day: date, count: int, one: Calendar, other: Calendar
) -> None:
    assert business_day_after(day, count, [one, other]) >= business_day_after(day, count, [one])


def test_a_week_without_a_business_day_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        Calendar(frozenset(range(7)), frozenset())


spans = st.lists(
    st.tuples(days, st.none() | st.integers(0, 400)).map(
        lambda one: (one[0], None if one[1] is None else one[0] + timedelta(days=one[1]))
    ),
    max_size=6,
)


@given(spans, st.lists(days, min_size=2, max_size=8))
def test_two_days_of_one_era_see_the_same_and_eras_follow_each_other(
    of: list[tuple[date, date | None]], asked: list[date]
) -> None:
    """Asked of the first and the last day of everything, too, and of the days beside them."""
    eras = Eras(of)
    edges = [edge for start, end in of for edge in (start, end or start)]
    beside = [edge + timedelta(days=step) for edge in edges for step in (-1, 0, 1)]

    def seen(day: date) -> list[bool]:
        return [start <= day and (end is None or day <= end) for start, end in of]

    each = sorted([*asked, *beside])
    numbers = [eras.of(day) for day in each]
    assert numbers == sorted(numbers)
    for number, day, later, after in zip(numbers, each, numbers[1:], each[1:], strict=False):
        assert (number == later) <= (seen(day) == seen(after))


def test_the_last_day_that_there_is_ends_an_era() -> None:
    assert Eras([(date.min, date.max)]).of(date.max) == 1
