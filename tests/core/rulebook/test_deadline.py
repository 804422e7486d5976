"""By when something is done: hours from the instant, days by the calendar of a place."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import Content
from tests.sentences import book, rule

from clearhouse.core.calendar import Calendar
from clearhouse.core.rulebook import RulebookMalformed
from clearhouse.core.rulebook.rule import Deadline

WORKED = Calendar(frozenset({5, 6}), frozenset({date(2026, 3, 9), date(2026, 12, 25)}))
OSLO, AUCKLAND, ANGELES = "Europe/Oslo", "Pacific/Auckland", "America/Los_Angeles"
EVENING = time(23, 59, 59)


def falls(
    count: int, unit: str, since: str, zone: str = "UTC", at: time = EVENING, by: Calendar = WORKED
) -> str:
    found = Deadline(count, unit, at, zone).falls(datetime.fromisoformat(since), by)
    assert found.tzinfo is UTC
    return found.strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("count", "since", "instant"),
    [
        (0, "2026-03-05T10:00:01+00:00", "2026-03-05 10:00:01"),
        (1, "2026-03-05T10:00:01+00:00", "2026-03-05 11:00:01"),
        (24, "2026-03-05T10:00:01+00:00", "2026-03-06 10:00:01"),
        (72, "2026-03-06T23:00:00+00:00", "2026-03-09 23:00:00"),  # weekends are hours too
        (2, "2026-12-31T23:00:00+00:00", "2027-01-01 01:00:00"),
        (1, "2026-03-05T10:00:00+13:00", "2026-03-04 22:00:00"),
        (3660, "2026-01-01T00:00:00+00:00", "2026-06-02 12:00:00"),
        # An hour is an hour, also in the night in which the clocks of the place are set.
        (24, "2026-03-08T09:00:00+00:00", "2026-03-09 09:00:00"),
        (24, "2026-11-01T08:00:00+00:00", "2026-11-02 08:00:00"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", ANGELES])
def test_hours_run_from_the_instant_itself(count: int, since: str, instant: str, zone: str) -> None:
    assert falls(count, "hours", since, zone, at=time(12)) == instant


def test_hours_run_on_a_clock_that_is_set_meanwhile() -> None:
    """What happened at one in the night by clocks that are then put forward."""
    since = datetime(2026, 3, 8, 1, 30, tzinfo=ZoneInfo(ANGELES))

    found = Deadline(1, "hours", EVENING, ANGELES).falls(since, WORKED)
    assert found == datetime(2026, 3, 8, 9, 30, tzinfo=UTC) + timedelta(hours=1)


@pytest.mark.parametrize(
    ("count", "since", "zone", "instant"),
    [
        (0, "2026-03-05T10:00:00+00:00", "UTC", "2026-03-05 23:59:59"),
        (1, "2026-03-05T10:00:00+00:00", "UTC", "2026-03-06 23:59:59"),
        (1, "2026-03-05T00:00:00+00:00", "UTC", "2026-03-06 23:59:59"),
        (1, "2026-03-05T23:59:59+00:00", "UTC", "2026-03-06 23:59:59"),
        (3, "2026-03-06T10:00:00+00:00", "UTC", "2026-03-09 23:59:59"),  # weekends count
        (1, "2026-02-28T10:00:00+00:00", "UTC", "2026-03-01 23:59:59"),
        (1, "2028-02-28T10:00:00+00:00", "UTC", "2028-02-29 23:59:59"),
        (365, "2026-12-31T10:00:00+00:00", "UTC", "2027-12-31 23:59:59"),
        # The day on which it happened is the day of the place.
        (1, "2026-03-05T22:59:59+00:00", OSLO, "2026-03-06 22:59:59"),
        (1, "2026-03-05T23:00:00+00:00", OSLO, "2026-03-07 22:59:59"),
        (1, "2026-03-05T10:59:59+00:00", AUCKLAND, "2026-03-06 10:59:59"),
        (1, "2026-03-05T11:00:00+00:00", AUCKLAND, "2026-03-07 10:59:59"),
        (1, "2026-03-05T07:59:59+00:00", ANGELES, "2026-03-06 07:59:59"),
        (1, "2026-03-05T08:00:00+00:00", ANGELES, "2026-03-07 07:59:59"),
        # The clocks are set before that evening: put forward, put back, and both in the south.
        (1, "2026-03-07T20:00:00+00:00", ANGELES, "2026-03-09 06:59:59"),
        (2, "2026-03-07T20:00:00+00:00", ANGELES, "2026-03-10 06:59:59"),
        (1, "2026-10-31T20:00:00+00:00", ANGELES, "2026-11-02 07:59:59"),
        (1, "2026-04-04T00:00:00+00:00", AUCKLAND, "2026-04-05 11:59:59"),
        (1, "2026-09-26T00:00:00+00:00", AUCKLAND, "2026-09-27 10:59:59"),
        (1, "2026-03-28T12:00:00+00:00", OSLO, "2026-03-29 21:59:59"),
        (1, "2026-10-24T12:00:00+00:00", OSLO, "2026-10-25 22:59:59"),
    ],
)
def test_days_are_those_of_the_place_and_end_in_its_evening(
    count: int, since: str, zone: str, instant: str
) -> None:
    assert falls(count, "days", since, zone) == instant


@pytest.mark.parametrize(
    ("count", "since", "instant"),
    [
        (1, "2026-03-03T10:00:00+00:00", "2026-03-04 23:59:59"),  # from a Tuesday
        (3, "2026-03-03T10:00:00+00:00", "2026-03-06 23:59:59"),
        (0, "2026-03-03T10:00:00+00:00", "2026-03-03 23:59:59"),
        (1, "2026-03-13T10:00:00+00:00", "2026-03-16 23:59:59"),  # over a weekend
        (1, "2026-03-06T10:00:00+00:00", "2026-03-10 23:59:59"),  # and the Monday is a holiday
        (2, "2026-03-06T10:00:00+00:00", "2026-03-11 23:59:59"),
        (5, "2026-03-06T10:00:00+00:00", "2026-03-16 23:59:59"),
        (1, "2026-03-07T10:00:00+00:00", "2026-03-10 23:59:59"),  # from a Saturday
        (0, "2026-03-07T10:00:00+00:00", "2026-03-10 23:59:59"),  # that is no day: the next one
        (0, "2026-03-09T10:00:00+00:00", "2026-03-10 23:59:59"),
        (1, "2026-12-24T10:00:00+00:00", "2026-12-28 23:59:59"),  # a holiday, then a weekend
        (6, "2026-12-24T10:00:00+00:00", "2027-01-04 23:59:59"),
    ],
)
def test_business_days_are_those_that_are_worked(count: int, since: str, instant: str) -> None:
    assert falls(count, "business-days", since) == instant


def test_business_days_are_of_the_calendar_that_is_asked() -> None:
    """Where Friday and Saturday are the weekend, and where all days are worked but one."""
    friday = "2026-03-06T10:00:00+00:00"
    gulf, busy = Calendar(frozenset({4, 5}), frozenset()), Calendar(frozenset(), frozenset())

    assert falls(1, "business-days", friday, by=gulf) == "2026-03-08 23:59:59"
    assert falls(1, "business-days", friday, by=busy) == "2026-03-07 23:59:59"


def test_a_business_day_begins_at_midnight_of_the_place() -> None:
    """Late on Friday in UTC it is Saturday in Auckland, and still Friday in Los Angeles."""
    since = "2026-03-13T12:00:00+00:00"
    assert falls(1, "business-days", since, AUCKLAND) == "2026-03-16 10:59:59"

    early = "2026-03-16T06:59:59+00:00"  # Sunday night, then Monday
    assert falls(1, "business-days", early, ANGELES) == "2026-03-17 06:59:59"
    assert falls(1, "business-days", "2026-03-16T07:00:00+00:00", ANGELES) == "2026-03-18 06:59:59"


def test_business_days_over_a_night_in_which_the_clocks_are_set() -> None:
    friday = "2026-10-30T20:00:00+00:00"

    assert falls(0, "business-days", friday, ANGELES) == "2026-10-31 06:59:59"
    assert falls(1, "business-days", friday, ANGELES) == "2026-11-03 07:59:59"


@pytest.mark.parametrize(
    ("count", "since", "zone", "instant"),
    [
        (20, "2026-01-31T10:00:00+00:00", "UTC", "2026-02-20 23:59:59"),
        (28, "2026-01-31T10:00:00+00:00", "UTC", "2026-02-28 23:59:59"),
        (1, "2026-01-31T10:00:00+00:00", "UTC", "2026-02-01 23:59:59"),
        (20, "2026-01-01T00:00:00+00:00", "UTC", "2026-02-20 23:59:59"),
        (20, "2026-01-20T10:00:00+00:00", "UTC", "2026-02-20 23:59:59"),
        (20, "2026-01-30T10:00:00+00:00", "UTC", "2026-02-20 23:59:59"),
        (28, "2028-01-31T10:00:00+00:00", "UTC", "2028-02-28 23:59:59"),
        (20, "2026-02-28T10:00:00+00:00", "UTC", "2026-03-20 23:59:59"),
        (20, "2028-02-29T10:00:00+00:00", "UTC", "2028-03-20 23:59:59"),
        (20, "2026-03-31T10:00:00+00:00", "UTC", "2026-04-20 23:59:59"),
        (20, "2026-04-30T10:00:00+00:00", "UTC", "2026-05-20 23:59:59"),
        (20, "2026-12-31T23:59:59+00:00", "UTC", "2027-01-20 23:59:59"),
        # The month is that of the place.
        (20, "2026-01-31T10:59:59+00:00", AUCKLAND, "2026-02-20 10:59:59"),
        (20, "2026-01-31T11:00:00+00:00", AUCKLAND, "2026-03-20 10:59:59"),
        (20, "2026-02-01T07:59:59+00:00", ANGELES, "2026-02-21 07:59:59"),
        (20, "2026-02-01T08:00:00+00:00", ANGELES, "2026-03-21 06:59:59"),
        (8, "2026-02-10T20:00:00+00:00", ANGELES, "2026-03-09 06:59:59"),
        (1, "2026-10-31T23:00:00+00:00", OSLO, "2026-12-01 22:59:59"),
    ],
)
def test_a_day_of_the_next_month_is_of_the_month_after_that_of_the_place(
    count: int, since: str, zone: str, instant: str
) -> None:
    assert falls(count, "day-of-next-month", since, zone) == instant


@pytest.mark.parametrize(
    ("unit", "day"),
    [("days", "2026-03-06"), ("business-days", "2026-03-06"), ("day-of-next-month", "2026-04-01")],
)
@pytest.mark.parametrize(
    ("at", "instant"),
    [(time(0), "00:00:00"), (time(12), "12:00:00"), (time(17, 30, 1), "17:30:01")],
)
def test_it_is_to_be_done_by_a_time_of_that_day(
    unit: str, day: str, at: time, instant: str
) -> None:
    assert falls(1, unit, "2026-03-05T10:00:00+00:00", at=at) == f"{day} {instant}"


def test_a_time_that_the_clocks_show_twice_is_the_first_of_both() -> None:
    found = falls(1, "days", "2026-10-31T20:00:00+00:00", ANGELES, at=time(1, 30))

    assert found == "2026-11-01 08:30:00"


def test_a_time_that_the_clocks_skip_is_as_long_after_midnight_as_it_says() -> None:
    found = falls(1, "days", "2026-03-07T20:00:00+00:00", ANGELES, at=time(2, 30))

    assert found == "2026-03-08 10:30:00"  # half past three, by the clocks of that morning


# --- any deadline --------------------------------------------------------------------------------

zones = st.sampled_from(["UTC", OSLO, AUCKLAND, ANGELES, "Asia/Kolkata", "Africa/Cairo"])
instants = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
calendars = st.builds(
    Calendar,
    st.frozensets(st.integers(0, 6), max_size=3),
    st.frozensets(st.dates(date(2026, 1, 1), date(2030, 1, 31)), max_size=60),
)
hours_of_day = st.times().map(lambda at: at.replace(microsecond=0))
units = st.sampled_from(["hours", "days", "business-days", "day-of-next-month"])


@given(st.integers(1, 28), units, zones, instants, instants, calendars)
def test_what_happens_later_is_never_due_sooner(
    count: int, unit: str, zone: str, one: datetime, other: datetime, calendar: Calendar
) -> None:
    deadline = Deadline(count, unit, EVENING, zone)
    sooner, later = sorted([one, other])

    assert sooner <= deadline.falls(sooner, calendar) <= deadline.falls(later, calendar)


@given(st.integers(0, 40), zones, instants, calendars)
def test_between_lie_as_many_worked_days_as_the_deadline_has(
    count: int, zone: str, since: datetime, calendar: Calendar
) -> None:
    found = Deadline(count, "business-days", EVENING, zone).falls(since, calendar)

    first, last = (at.astimezone(ZoneInfo(zone)).date() for at in (since, found))
    after = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    worked = [day for day in after if calendar.is_business_day(day)]
    assert calendar.is_business_day(last)
    assert len(worked) == (count or len(worked))
    assert count or len(worked) <= 1


@given(st.integers(1, 28), zones, instants, hours_of_day)
def test_the_next_month_has_that_day_and_the_clocks_of_the_place_show_that_time(
    count: int, zone: str, since: datetime, at: time
) -> None:
    there = ZoneInfo(zone)
    found = Deadline(count, "day-of-next-month", at, zone).falls(since, WORKED)

    local, then = found.astimezone(there), since.astimezone(there)
    months = (local.year - then.year) * 12 + local.month - then.month
    assert (months, local.day) == (1, count)
    clocks = datetime.combine(local.date(), at, there)
    skipped = clocks.astimezone(UTC).astimezone(there).time() != at
    assert local.time() == at or skipped


# --- as a file says it, and as people read it ----------------------------------------------------


def of(**said: object) -> Deadline | None:
    usual: Content = {"count": 3, "unit": "days", "zone": "UTC"}
    due = {"what": "a report", "to": "the treasury"}
    law = book(rule("XA.one", "REPORT", due=due, deadline=usual | said))
    (made,) = (each for each in law.rules if each.id == "XA.one")
    return made.deadline


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ({}, Deadline(3, "days", EVENING, "UTC")),
        ({"count": 0, "unit": "hours"}, Deadline(0, "hours", EVENING, "UTC")),
        ({"count": 3660}, Deadline(3660, "days", EVENING, "UTC")),
        ({"time": "18:00"}, Deadline(3, "days", time(18), "UTC")),
        ({"time": "18:00:01"}, Deadline(3, "days", time(18, 0, 1), "UTC")),
        ({"time": time(7, 5, 9)}, Deadline(3, "days", time(7, 5, 9), "UTC")),
        ({"zone": AUCKLAND}, Deadline(3, "days", EVENING, AUCKLAND)),
        (
            {"unit": "day-of-next-month", "count": 28},
            Deadline(28, "day-of-next-month", EVENING, "UTC"),
        ),
        ({"rolls": True}, Deadline(3, "days", EVENING, "UTC", rolls=True)),
        ({"rolls": False}, Deadline(3, "days", EVENING, "UTC")),
    ],
)
def test_a_deadline_is_read_as_it_is_written(said: Content, made: Deadline) -> None:
    assert of(**said) == made


@pytest.mark.parametrize(
    "said",
    [
        {"count": -1},
        {"count": 3661},
        {"count": "3"},
        {"unit": "day-of-next-month", "count": 0},
        {"unit": "day-of-next-month", "count": 29},
        {"unit": "weeks"},
        {"unit": "business days"},
        {"zone": "Norland/Capital"},
        {"zone": ""},
        {"zone": "../UTC"},
        {"zone": "Europe"},
        {"time": "24:00"},
        {"time": "23:60"},
        {"time": "23:59:60"},
        {"time": "6 p.m."},
        {"time": "18:00+02:00"},
        {"time": time(18, 0, 0, 500_000)},
        {"until": "18:00"},
        {"rolls": 1},
        {"rolls": True, "unit": "hours"},
    ],
    ids=str,
)
def test_what_is_no_deadline_is_refused(said: Content) -> None:
    with pytest.raises(RulebookMalformed) as refusal:
        of(**said)

    assert refusal.value.context["rule"] == "XA.one"
    assert int(refusal.value.context["line"])


@pytest.mark.parametrize(
    ("deadline", "words"),
    [
        (Deadline(1, "hours", EVENING, "UTC"), "within 1 hour"),
        (Deadline(24, "hours", EVENING, OSLO), "within 24 hours"),
        (Deadline(1, "days", time(18), OSLO), "within 1 day, 18:00 Europe/Oslo"),
        (Deadline(2, "days", EVENING, "UTC"), "within 2 days, 23:59:59 UTC"),
        (Deadline(1, "business-days", EVENING, "UTC"), "within 1 business day, 23:59:59 UTC"),
        (Deadline(15, "business-days", time(9, 5), "UTC"), "within 15 business days, 09:05 UTC"),
        (
            Deadline(20, "day-of-next-month", time(18), OSLO),
            "by the 20. of the next month, 18:00 Europe/Oslo",
        ),
    ],
)
def test_a_deadline_is_said_in_words(deadline: Deadline, words: str) -> None:
    assert str(deadline) == words


# --- what rolls ----------------------------------------------------------------------------------


@given(
    st.integers(1, 28),
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.sets(st.dates(date(2020, 1, 1), date(2036, 1, 1)), max_size=30),
    st.sets(st.integers(0, 6), max_size=6),
)
def test_what_rolls_falls_on_the_first_day_worked_from_its_own_on(
    count: int, since: date, holidays: set[date], weekend: set[int]
) -> None:
    calendar = Calendar(frozenset(weekend), frozenset(holidays))
    noon = datetime.combine(since, time(12), UTC)
    plainly = Deadline(count, "day-of-next-month", EVENING, OSLO).falls(noon, calendar)

    rolled = Deadline(count, "day-of-next-month", EVENING, OSLO, rolls=True).falls(noon, calendar)
    own, on = (one.astimezone(ZoneInfo(OSLO)).date() for one in (plainly, rolled))
    assert on >= own
    assert calendar.is_business_day(on)
    between = (own + timedelta(days=step) for step in range((on - own).days))
    assert not any(map(calendar.is_business_day, between))


def test_that_it_rolls_is_told() -> None:
    rolling = Deadline(20, "day-of-next-month", EVENING, OSLO, rolls=True)
    assert str(rolling) == (
        "by the 20. of the next month or the next business day, 23:59:59 Europe/Oslo"
    )
