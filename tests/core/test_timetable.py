"""Value dates: every obligation gets exactly one cycle, and what comes late gets the next."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.calendar import Calendar
from clearhouse.core.timetable import (
    Cycle,
    Moment,
    NotHeld,
    NoValueDate,
    Stage,
    Stages,
    Timetable,
    coming,
    cycles_of,
    next_value_date,
    value_date,
)

DAY, TICK = timedelta(days=1), timedelta(microseconds=1)
WESTERN = Calendar(frozenset({5, 6}), frozenset({date(2026, 1, 1), date(2026, 5, 1)}))
FRIDAY_SATURDAY = Calendar(frozenset({4, 5}), frozenset())
CLOSED = Calendar(frozenset({5, 6}), frozenset(date(2026, 3, 2) + DAY * n for n in range(100)))


def of(
    *moments: tuple[int, str], kind: str = "daily", zone: str = "UTC", calendar: Calendar = WESTERN
) -> Timetable:
    made = tuple(Moment(day, time.fromisoformat(at)) for day, at in moments)
    assert len(made) == len(Stage)
    return Timetable(kind, zone, made, frozenset({calendar}))


EVE = [(-1, "09:00"), (-1, "16:00"), (-1, "17:00"), (0, "00:00"), (0, "06:30"), (0, "15:00")]
DAILY = of(*EVE, (0, "20:00"), zone="Europe/Oslo")
SAME_DAY = [(0, f"{hour:02}:00") for hour in (8, 9, 9, 9, 10, 11, 12)]
MORNING = of(*SAME_DAY, kind="morning")
TWO_DAYS = of((-2, "09:00"), *EVE[1:], (0, "20:00"), calendar=FRIDAY_SATURDAY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- the stages of a cycle -----------------------------------------------------------------------


def test_the_stages_of_a_cycle_are_instants_in_order() -> None:
    found = DAILY.stages(date(2026, 3, 3))

    assert found == Stages(
        submission=at("2026-03-02 08:00"),
        cut_off=at("2026-03-02 15:00"),
        rescission=at("2026-03-02 16:00"),
        pay_in=at("2026-03-02 23:00"),
        pay_in_revised=at("2026-03-03 05:30"),
        settlement=at("2026-03-03 14:00"),
        close=at("2026-03-03 19:00"),
    )
    assert [stage for stage, _ in found.each()] == [*Stage]
    assert [one for _, one in found.each()] == sorted(one for _, one in found.each())


@pytest.mark.parametrize(
    ("timetable", "day", "cut_off"),
    [
        (DAILY, date(2026, 3, 2), "2026-02-27 15:00"),  # a Monday: on Friday
        (DAILY, date(2026, 1, 2), "2025-12-31 15:00"),  # over a holiday and the year's end
        (DAILY, date(2026, 5, 4), "2026-04-30 14:00"),  # over a holiday and a weekend
        (DAILY, date(2028, 2, 29), "2028-02-28 15:00"),
        (DAILY, date(2028, 3, 1), "2028-02-29 15:00"),
        (DAILY, date(2026, 3, 30), "2026-03-27 15:00"),  # before the clocks went forward
        (DAILY, date(2026, 10, 26), "2026-10-23 14:00"),  # before they went back
        (TWO_DAYS, date(2026, 3, 8), "2026-03-05 16:00"),  # a Sunday: on Thursday
        (MORNING, date(2026, 3, 2), "2026-03-02 09:00"),
        (of(*SAME_DAY, zone="Australia/Sydney"), date(2026, 10, 2), "2026-10-01 23:00"),
        (of(*SAME_DAY, zone="Australia/Sydney"), date(2026, 10, 5), "2026-10-04 22:00"),
        (of(*SAME_DAY, zone="America/New_York"), date(2026, 3, 6), "2026-03-06 14:00"),
        (of(*SAME_DAY, zone="America/New_York"), date(2026, 3, 9), "2026-03-09 13:00"),
    ],
)
def test_a_cut_off_is_so_many_business_days_before(
    timetable: Timetable, day: date, cut_off: str
) -> None:
    assert timetable.holds(day)
    assert timetable.cut_off(day) == timetable.stages(day).cut_off == at(cut_off)


def test_days_before_are_counted_one_by_one() -> None:
    found = TWO_DAYS.stages(date(2026, 3, 8))

    assert found.submission == at("2026-03-04 09:00")
    assert found.rescission == at("2026-03-05 17:00")
    assert found.pay_in == at("2026-03-08 00:00")


@pytest.mark.parametrize(
    ("timetable", "day"),
    [
        (DAILY, date(2026, 3, 7)),
        (DAILY, date(2026, 1, 1)),
        (TWO_DAYS, date(2026, 3, 6)),
        (of(*EVE, (0, "20:00"), calendar=CLOSED), date(2026, 4, 1)),
        (of(*EVE, (0, "20:00"), calendar=CLOSED), date(2026, 6, 10)),  # none before is worked
        (of(*SAME_DAY, zone="Pacific/Apia"), date(2011, 12, 30)),  # that never was, there
        (DAILY, date.min),
        (DAILY, date.max),
    ],
)
def test_on_a_day_that_is_not_worked_no_cycle_is_held(timetable: Timetable, day: date) -> None:
    assert not timetable.holds(day)
    for asked in (timetable.stages, timetable.cut_off):
        with pytest.raises(NotHeld, match=str(day)) as caught:
            asked(day)
        assert caught.value.context == {"kind": timetable.kind, "value_date": str(day)}


def test_a_day_that_was_skipped_is_no_business_day_before() -> None:
    """Samoa went from Thursday, 29 December 2011, to Saturday."""
    samoa = of(*EVE, (0, "20:00"), zone="Pacific/Apia")

    monday = samoa.stages(date(2012, 1, 2))
    assert monday.cut_off == at("2011-12-30 02:00")  # Thursday, 16:00 at -10:00
    assert monday.settlement == at("2012-01-02 01:00")  # Monday, 15:00 at +14:00


def test_stages_that_the_clocks_skip_together_come_at_once() -> None:
    times = ["01:00", "02:10", "02:20", "02:40", "03:00", "03:10", "04:00"]
    night = of(
        *((0, one) for one in times),
        zone="Europe/Oslo",
        calendar=Calendar(frozenset(), frozenset()),
    )

    found = [one for _, one in night.stages(date(2026, 3, 29)).each()]
    assert found[1:5] == [at("2026-03-29 01:00")] * 4
    assert found == sorted(found)


# --- the value date ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_on", "calendars", "found"),
    [
        (date(2026, 3, 6), [WESTERN], date(2026, 3, 6)),  # worked: itself
        (date(2026, 3, 7), [WESTERN], date(2026, 3, 9)),
        (date(2026, 3, 6), [WESTERN, FRIDAY_SATURDAY], date(2026, 3, 9)),
        (date(2026, 3, 6), [FRIDAY_SATURDAY], date(2026, 3, 8)),
        (date(2026, 3, 7), [], date(2026, 3, 7)),
        (date(2026, 1, 1), [WESTERN], date(2026, 1, 2)),
        (date(2027, 1, 2), [WESTERN], date(2027, 1, 4)),
        # The next one is in another month: the one before.
        (date(2026, 1, 31), [WESTERN], date(2026, 1, 30)),
        (date(2026, 5, 30), [WESTERN], date(2026, 5, 29)),
        (date(2026, 5, 31), [WESTERN], date(2026, 5, 29)),
        (date(2026, 2, 28), [WESTERN], date(2026, 2, 27)),
        (date(2026, 7, 31), [WESTERN, FRIDAY_SATURDAY], date(2026, 7, 30)),  # a Friday
        (date(2026, 7, 31), [FRIDAY_SATURDAY], date(2026, 7, 30)),
        (date(2022, 12, 31), [WESTERN], date(2022, 12, 30)),  # nor into another year
        (date(2032, 2, 29), [WESTERN], date(2032, 2, 27)),  # a leap day on a Sunday
        (date(2028, 2, 29), [WESTERN], date(2028, 2, 29)),
        # A month of which nothing is worked.
        (date(2026, 4, 20), [CLOSED], date(2026, 6, 10)),
        (date(2026, 3, 2), [Calendar(frozenset({5, 6}), CLOSED.holidays)], None),
        (date(9999, 12, 31), [Calendar(frozenset({4}), frozenset())], date(9999, 12, 30)),
    ],
)
def test_the_value_date_is_modified_following(
    due_on: date, calendars: list[Calendar], found: date | None
) -> None:
    if found is None:
        with pytest.raises(NoValueDate, match=str(due_on)):
            value_date(due_on, calendars)
    else:
        assert value_date(due_on, calendars) == found


def test_no_value_date_is_looked_for_further_than_sixty_days() -> None:
    last = max(CLOSED.holidays)  # a Tuesday
    assert value_date(last - DAY * 59, [CLOSED]) == last + DAY
    with pytest.raises(NoValueDate) as caught:
        value_date(last - DAY * 60, [CLOSED])
    assert caught.value.code == "timetable.no-value-date"
    assert caught.value.context == {"due_on": str(last - DAY * 60)}


# --- the next cycle ------------------------------------------------------------------------------


def following(cut_off: str, *, tick: int, due_on: str, timetables: Sequence[Timetable]) -> Cycle:
    when = at(cut_off) + TICK * tick
    return next_value_date(lambda _: timetables, when, date.fromisoformat(due_on), [WESTERN])


@pytest.mark.parametrize(
    ("timetables", "cut_off", "due_on", "in_time", "late"),
    [
        ([DAILY], "2026-03-02 15:00", "2026-03-03", "daily 2026-03-03", "daily 2026-03-04"),
        ([DAILY], "2026-02-27 15:00", "2026-03-01", "daily 2026-03-02", "daily 2026-03-03"),
        ([DAILY], "2026-02-27 15:00", "2020-01-01", "daily 2026-03-02", "daily 2026-03-03"),
        ([DAILY], "2025-12-31 15:00", "2026-01-01", "daily 2026-01-02", "daily 2026-01-05"),
        ([DAILY], "2026-03-27 15:00", "2026-03-30", "daily 2026-03-30", "daily 2026-03-31"),
        # Modified following went back to Friday, whose cut-off was on Thursday: the next month.
        ([DAILY], "2026-01-29 15:00", "2026-01-31", "daily 2026-01-30", "daily 2026-02-02"),
        (
            [DAILY, MORNING],
            "2026-03-02 15:00",
            "2026-03-03",
            "daily 2026-03-03",
            "morning 2026-03-03",
        ),
        (
            [MORNING, DAILY],
            "2026-03-03 09:00",
            "2026-03-03",
            "morning 2026-03-03",
            "daily 2026-03-04",
        ),
    ],
)
def test_at_the_cut_off_is_in_time_and_a_microsecond_later_is_late(
    timetables: list[Timetable], cut_off: str, due_on: str, in_time: str, late: str
) -> None:
    for tick, expected in ((-1, in_time), (0, in_time), (1, late)):
        found = following(cut_off, tick=tick, due_on=due_on, timetables=timetables)
        assert f"{found.kind} {found.value_date}" == expected


def test_what_is_affirmed_long_before_waits_for_its_day() -> None:
    found = next_value_date(lambda _: [DAILY], at("2025-11-01 00:00"), date(2026, 3, 3), [WESTERN])

    assert found == Cycle(date(2026, 3, 3), DAILY, at("2026-03-02 15:00"))
    assert found.stages() == DAILY.stages(date(2026, 3, 3))


def test_a_value_date_is_worked_by_all_concerned_and_the_cut_off_is_the_cycles_own() -> None:
    """Friday and Saturday are not worked by the creditor; the cycle's Friday is worked."""
    found = next_value_date(
        lambda _: [DAILY], at("2026-03-05 00:00"), date(2026, 3, 6), [WESTERN, FRIDAY_SATURDAY]
    )
    assert found.value_date == date(2026, 3, 9)
    assert found.cut_off == at("2026-03-06 15:00")


def test_what_is_late_waits_for_a_day_that_is_worked_by_all_concerned() -> None:
    """After Thursday's cycle the next is Friday's, when the creditor rests."""
    found = next_value_date(
        lambda _: [DAILY], at("2026-03-04 15:01"), date(2026, 3, 5), [WESTERN, FRIDAY_SATURDAY]
    )
    assert found.value_date == date(2026, 3, 9)


@pytest.mark.parametrize(
    ("zone", "when", "day"),
    [
        ("America/Los_Angeles", "2026-03-04 07:30", date(2026, 3, 3)),  # it is Tuesday there
        ("America/Los_Angeles", "2026-03-04 07:31", date(2026, 3, 4)),
        ("Pacific/Kiritimati", "2026-03-03 09:30", date(2026, 3, 3)),
        ("Pacific/Kiritimati", "2026-03-03 09:31", date(2026, 3, 4)),
    ],
)
def test_a_cut_off_at_night_is_on_the_day_of_its_own_clocks(
    zone: str, when: str, day: date
) -> None:
    times = ["08:00", "23:30", "23:30", "23:30", "23:30", "23:30", "23:31"]
    night = of(*((0, one) for one in times), zone=zone)

    found = next_value_date(lambda _: [night], at(when), date(2026, 3, 2), [WESTERN])
    assert found.value_date == day


def test_a_timetable_holds_for_the_value_dates_of_its_days() -> None:
    later = of(*SAME_DAY, zone="UTC")

    def in_force(day: date) -> list[Timetable]:
        return [DAILY if day < date(2026, 3, 4) else later]

    def found(when: str) -> Cycle:
        return next_value_date(in_force, at(when), date(2026, 3, 3), [WESTERN])

    assert found("2026-03-02 15:00").timetable is DAILY
    assert found("2026-03-03 15:00").value_date == date(2026, 3, 4)
    assert found("2026-03-03 15:00").timetable is later


@pytest.mark.parametrize(
    ("timetables", "calendars"),
    [
        ([], [WESTERN]),
        ([DAILY], [CLOSED]),
        ([of(*SAME_DAY, calendar=CLOSED)], [WESTERN]),
    ],
    ids=["without a timetable", "nobody works", "no cycle is held"],
)
def test_where_no_cycle_can_take_it_that_is_said(
    timetables: list[Timetable], calendars: list[Calendar]
) -> None:
    with pytest.raises(NoValueDate, match="2026-03-02"):
        next_value_date(lambda _: timetables, at("2026-03-02 00:00"), date(2026, 3, 2), calendars)


def test_the_coming_cycles_are_listed_by_value_date_and_cut_off() -> None:
    listed = [*coming(date(2026, 3, 6), 5, lambda _: [MORNING, DAILY])]

    assert [f"{one.kind} {one.value_date.day}" for one in listed] == [
        *("daily 6", "morning 6", "daily 9", "morning 9", "daily 10", "morning 10")
    ]
    assert [*coming(date.max, 5, lambda _: [DAILY])] == []


# --- nothing is lost -----------------------------------------------------------------------------

ZONES = (
    "UTC",
    "Europe/Oslo",
    "Australia/Sydney",
    "America/Santiago",
    "Pacific/Apia",
    "Asia/Tehran",
)
weekends = st.sampled_from([(5, 6), (4, 5), (6,), ()]).map(frozenset)
holidays = st.frozensets(st.dates(date(2011, 12, 20), date(2012, 4, 10)), max_size=12)
calendars = st.builds(Calendar, weekends, holidays)
days = st.dates(date(2011, 12, 15), date(2012, 4, 5))
instants = st.builds(
    lambda day, at: datetime.combine(day, at, UTC),
    days,
    st.times(),
)


@st.composite
def some_timetables(draw: st.DrawFn) -> list[Timetable]:
    """One to three kinds, whose stages are on some days before."""
    made = []
    for kind in ["first", "second", "third"][: draw(st.integers(1, 3))]:
        several = st.lists(st.integers(-3 * 1440, 1439), min_size=7, max_size=7)
        moments = tuple(
            Moment(one // 1440, time(one % 1440 // 60, one % 60)) for one in sorted(draw(several))
        )
        own = frozenset(draw(st.lists(calendars, min_size=1, max_size=2)))
        made.append(Timetable(kind, draw(st.sampled_from(ZONES)), moments, own))
    return made


def plainly(
    timetables: Sequence[Timetable], when: datetime, due_on: date, attached: Sequence[Calendar]
) -> list[tuple[date, datetime, str]]:
    """Every cycle that could take it, by looking at all days there are."""
    earliest = value_date(due_on, attached)
    return sorted(
        (day, one.cut_off(day), one.kind)
        for day in (date(2011, 12, 1) + DAY * number for number in range(200))
        for one in timetables
        if day >= earliest
        and all(calendar.is_business_day(day) for calendar in attached)
        and one.holds(day)
        and one.cut_off(day) >= when
    )


@given(some_timetables(), instants, days, st.lists(calendars, max_size=2))
def test_every_obligation_gets_exactly_the_first_cycle_that_can_take_it(
    timetables: list[Timetable], when: datetime, due_on: date, attached: list[Calendar]
) -> None:
    found = next_value_date(lambda _: timetables, when, due_on, attached)

    candidates = plainly(timetables, when, due_on, attached)
    assert (found.value_date, found.cut_off, found.kind) == candidates[0]
    # At the cut-off it is in time still; after it, it is the next one's.
    again = next_value_date(lambda _: timetables, found.cut_off, due_on, attached)
    assert again == found
    late = next_value_date(lambda _: timetables, found.cut_off + TICK, due_on, attached)
    assert late.cut_off > found.cut_off
    assert late.value_date >= found.value_date


@given(some_timetables(), instants, instants, days, days, st.lists(calendars, max_size=2))
def test_later_and_longer_never_mean_an_earlier_cycle(
    timetables: list[Timetable],
    one: datetime,
    other: datetime,
    due_on: date,
    due_later: date,
    attached: list[Calendar],
) -> None:
    def place(when: datetime, due: date) -> tuple[date, datetime, str]:
        found = next_value_date(lambda _: timetables, when, due, attached)
        return found.value_date, found.cut_off, found.kind

    (early, late), (soon, then) = sorted([one, other]), sorted([due_on, due_later])
    assert place(early, soon) <= place(late, soon) <= place(late, then)
    assert place(early, soon) <= place(early, then)


@given(some_timetables(), days)
def test_the_stages_of_any_cycle_are_in_order_and_its_cut_off_is_no_later_than_its_day(
    timetables: list[Timetable], day: date
) -> None:
    for one in cycles_of(day, lambda _: timetables):
        each = [found for _, found in one.stages().each()]
        assert each == sorted(each)
        assert one.cut_off == each[1]
        assert one.cut_off < datetime.combine(day + DAY * 2, time(), UTC)


@given(days, days, st.lists(calendars, max_size=3))
def test_what_is_due_later_settles_no_earlier(
    one: date, other: date, attached: list[Calendar]
) -> None:
    first, last = sorted([one, other])
    found = value_date(first, attached)

    assert found <= value_date(last, attached)
    assert all(calendar.is_business_day(found) for calendar in attached)
    assert value_date(found, attached) == found
    assert (found.year, found.month) == (first.year, first.month) or found > first
