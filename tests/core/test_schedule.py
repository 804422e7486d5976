"""Which cycle is to be cleared at an instant, and which is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import TEXTS

from clearhouse.core.calendar import Calendar
from clearhouse.core.errors import Refusal
from clearhouse.core.rulebook import parse
from clearhouse.core.schedule import cycle_now

LAW = parse(TEXTS)
RESCISSION = datetime(2026, 3, 2, 18, tzinfo=UTC)  # 19:00 in Oslo, of the cycle of the 3rd
SETTLEMENT = datetime(2026, 3, 3, 15, tzinfo=UTC)
TODAY = date(2026, 3, 2)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize("at", [RESCISSION, SETTLEMENT - MOMENT], ids=str)
def test_a_cycle_is_cleared_from_its_rescission_to_its_settlement(at: datetime) -> None:
    assert cycle_now(LAW.cycles, "daily", at).value_date == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("at", "next_one"),
    [
        (RESCISSION - MOMENT, "2026-03-03, may be cleared from 2026-03-02T18:00"),
        (SETTLEMENT, "2026-03-04, may be cleared from 2026-03-03T18:00"),
        (datetime(2026, 3, 6, 16, tzinfo=UTC), "2026-03-09, may be cleared from 2026-03-06T18"),
    ],
    ids=str,
)
def test_between_two_cycles_the_refusal_says_when_the_next_one_is(
    at: datetime, next_one: str
) -> None:
    with pytest.raises(Refusal, match=r"schedule\.no-cycle-now") as refusal:
        cycle_now(LAW.cycles, "daily", at)
    assert next_one in str(refusal.value)


@pytest.mark.parametrize("kind", ["", "noon", "DAILY", "x" * 500], ids=lambda one: one[:8] or "-")
def test_a_kind_that_no_law_names_is_refused(kind: str) -> None:
    with pytest.raises(Refusal, match=r"schedule\.unknown-kind") as refusal:
        cycle_now(LAW.cycles, kind, RESCISSION)
    assert "daily" in str(refusal.value)


def test_over_a_long_holiday_the_next_cycle_is_found() -> None:
    """Three weeks without a business day: the kind is known, and the refusal names the day."""
    free = frozenset(date(2026, 3, day) for day in range(3, 25))
    calendar = Calendar(frozenset({5, 6}), free)
    timetables = [replace(one, calendars=frozenset({calendar})) for one in LAW.cycles(TODAY)]
    with pytest.raises(Refusal, match=r"no-cycle-now.*2026-03-25, may be cleared from 2026-03-02"):
        cycle_now(lambda _: timetables, "daily", datetime(2026, 3, 2, 17, tzinfo=UTC))
    found = cycle_now(lambda _: timetables, "daily", RESCISSION)
    assert found.value_date == date(2026, 3, 25)


@given(st.datetimes(datetime(2026, 2, 1), datetime(2027, 11, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_the_cycle_that_is_cleared_is_the_last_that_is_cut_off(at: datetime) -> None:
    try:
        found = cycle_now(LAW.cycles, "daily", at)
    except Refusal:
        return
    stages = found.stages()
    assert stages.cut_off <= stages.rescission <= at < stages.settlement
