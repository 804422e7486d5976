"""Rescission: all who have said an obligation take it back, until a cycle may take it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.core.test_obligation import BARE, CREDITOR, DEBTOR, STRANGER
from tests.core.test_schedule import LAW, MOMENT, RESCISSION, SETTLEMENT
from tests.core.test_timetable import EVE, SAME_DAY, of

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.obligation import NEXT, State, stated
from clearhouse.core.rescission import Bond, asked_back, open_until
from clearhouse.core.schedule import cycle_now
from clearhouse.core.timetable import Cycle, coming, cycles_of, next_value_date

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)
CUT_OFF = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TWO_KINDS = [of(*EVE, (0, "20:00")), of(*SAME_DAY, kind="morning")]
anybody = st.sampled_from([DEBTOR, CREDITOR, STRANGER])
SIDES = {DEBTOR, CREDITOR}


class Life(RuleBasedStateMachine):
    """An obligation beside plain books: who has said it, who has asked it back, and where it is."""

    def __init__(self) -> None:
        super().__init__()
        self.bond = Bond(BARE, frozenset(), None, None)
        self.said = set[ParticipantId]()
        self.asked = set[ParticipantId]()
        self.place = ""  # where it came to its end, or is on the way there

    def code(self, by: ParticipantId) -> str:
        if by not in SIDES:
            return "obligation.not-a-party"
        return "obligation.rescinded" if self.place == "rescinded" else ""

    @rule(by=anybody)
    def state(self, by: ParticipantId) -> None:
        assert self.tried(lambda: stated(self.bond.terms, by, NOON)) == self.code(by)
        if not self.code(by):
            self.said.add(by)
            self.bond = replace(self.bond, terms=stated(self.bond.terms, by, NOON))

    @rule(by=anybody)
    def ask(self, by: ParticipantId) -> None:
        code = "obligation.not-a-party" if by not in SIDES else ""
        if not code and self.place in {"cleared", "settled"}:
            code = "obligation.in-a-cycle"
        if not code and self.place != "rescinded" and by not in self.said:
            code = "obligation.not-said"
        assert self.tried(lambda: asked_back(self.bond, by)) == code
        if code:
            return
        before, self.bond = self.bond, asked_back(self.bond, by)
        assert asked_back(self.bond, by) == self.bond, "again"
        if self.place == "rescinded":
            assert self.bond == before
        else:
            self.asked.add(by)
            self.place = "rescinded" if self.asked == self.said else ""

    @rule()
    def go_on(self) -> None:
        if self.bond.terms.state is State.AFFIRMED:
            self.place = "cleared"
        elif self.place == "cleared":
            self.place = "settled"
        else:
            return
        self.bond = replace(self.bond, terms=replace(self.bond.terms, state=State(self.place)))

    @invariant()
    def agrees(self) -> None:
        expected = self.place or ("affirmed" if self.said == SIDES else "proposed")
        assert self.bond.terms.state == expected
        assert (self.bond.said(), {*self.bond.asked}) == (self.said, self.asked)
        assert self.asked <= self.said

    def tried(self, work: Any) -> str:
        """The code of a refusal; empty if there is none."""
        try:
            work()
        except Refusal as refusal:
            return refusal.code
        return ""


TestLife = Life.TestCase


def test_an_arrow_leads_wherever_it_is_taken_back() -> None:
    one = stated(BARE, CREDITOR, NOON)
    both = stated(one, DEBTOR, NOON)
    half = asked_back(Bond(both, frozenset(), None, None), DEBTOR)

    for before, by in ((Bond(one, frozenset(), None, None), CREDITOR), (half, CREDITOR)):
        assert asked_back(before, by).terms.state in NEXT[before.terms.state]
    assert half.terms == both, "it binds until the other side asks, too"


def bond(cut_off: datetime | None = CUT_OFF, value_date: date | None = TUESDAY) -> Bond:
    one = stated(stated(BARE, CREDITOR, NOON), DEBTOR, NOON)
    return Bond(one, frozenset(), cut_off, value_date)


def until(
    one: Bond, now: datetime, *, timetables: Any = LAW.cycles, held: set[date] | None = None
) -> Any:
    """The instant, or the refusal's code."""
    try:
        return open_until(one, timetables, lambda cycle: cycle.value_date in (held or ()), now)
    except Refusal as refusal:
        return refusal.code


OVER = "schedule.rescission-over"


@pytest.mark.parametrize(
    ("now", "held", "found"),
    [
        (NOON, False, RESCISSION),
        (RESCISSION - MOMENT, False, RESCISSION),
        (RESCISSION, False, OVER),
        (SETTLEMENT - MOMENT, False, OVER),
        (RESCISSION, True, RESCISSION + DAY),
        (SETTLEMENT - MOMENT, True, RESCISSION + DAY),
        (SETTLEMENT, False, RESCISSION + DAY),
        (RESCISSION + DAY - MOMENT, True, RESCISSION + DAY),
        (RESCISSION + DAY, True, OVER),
    ],
    ids=[
        "before",
        "just-before",
        "at-the-instant",
        "until-settlement",
        "held",
        "held-until-settlement",
        "never-held",
        "just-before-the-next",
        "at-the-next",
    ],
)
def test_what_a_cycle_may_take_now_stays(now: datetime, held: bool, found: object) -> None:
    assert until(bond(), now, held={TUESDAY} if held else set()) == found


def test_the_refusal_says_until_when_and_which_cycle() -> None:
    with pytest.raises(Refusal, match="the daily cycle of 2026-03-03") as refused:
        open_until(bond(), LAW.cycles, lambda _: False, RESCISSION)

    assert refused.value.context == {
        "obligation": BARE.id,
        "cycle_kind": "daily",
        "value_date": "2026-03-03",
        "until": "2026-03-02T18:00:00.000000Z",
    }


def test_what_is_late_for_a_cycle_is_not_kept_by_it() -> None:
    late = bond(CUT_OFF + MOMENT, TUESDAY + DAY)
    of_another_day = bond(CUT_OFF, TUESDAY + DAY)

    assert [until(one, RESCISSION) for one in (late, of_another_day)] == [RESCISSION + DAY] * 2


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (bond(), True),
        (bond(CUT_OFF - DAY, TUESDAY - DAY), True),
        (bond(CUT_OFF + MOMENT), False),
        (bond(value_date=TUESDAY + DAY), False),
        (bond(None, None), False),
    ],
    ids=["its-own", "left-from-before", "late", "of-a-later-day", "of-no-day"],
)
def test_a_cycle_is_for_what_is_in_time_and_of_no_later_day(one: Bond, found: bool) -> None:
    (cycle,) = cycles_of(TUESDAY, LAW.cycles)

    assert one.is_for(cycle) is found


@pytest.mark.parametrize("now", [NOON, RESCISSION, SETTLEMENT], ids=str)
def test_without_a_value_date_there_is_no_deadline(now: datetime) -> None:
    assert until(bond(None, None), now) is None


def test_without_a_timetable_there_is_none_either() -> None:
    assert until(bond(), RESCISSION, timetables=lambda _: []) is None


def test_of_what_is_due_in_a_year_the_deadline_is_known() -> None:
    day = date(2027, 3, 3)  # a Wednesday
    cut_off = datetime(2027, 3, 2, 16, 30, tzinfo=UTC)

    assert until(bond(cut_off, day), NOON) == datetime(2027, 3, 2, 18, tzinfo=UTC)


@given(
    st.datetimes(datetime(2026, 2, 1), datetime(2026, 6, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 30 * 24),
    st.sets(st.dates(date(2026, 2, 1), date(2026, 6, 1)), max_size=40),
    st.booleans(),
)
def test_what_a_cycle_can_be_cleared_with_now_cannot_be_taken_back(
    bound_at: datetime, hours: int, held: set[date], both: bool
) -> None:
    """And what no cycle can be cleared with now can, until the instant that is said."""

    def timetables(_: date) -> Any:
        return TWO_KINDS[: 1 + both]

    first = next_value_date(timetables, bound_at, bound_at.date(), ())
    one, now = bond(first.cut_off, first.value_date), bound_at + timedelta(hours=hours)
    found = until(one, now, timetables=timetables, held=held)
    takers = [each for each in now_of(timetables, now) if each.value_date not in held]
    stopped = any(one.is_for(cycle) for cycle in takers)

    assert (found == OVER) is stopped
    if not stopped:
        assert found > now
        beyond = {cycle.stages().rescission for cycle in following(timetables, now, one)}
        assert found == min(beyond)
        assert until(one, found, timetables=timetables) == OVER


def now_of(timetables: Any, now: datetime) -> list[Cycle]:
    """The cycles that may be cleared now, of each kind."""
    found = []
    for kind in ("daily", "morning"):
        try:
            found.append(cycle_now(timetables, kind, now))
        except Refusal:
            continue
    return found


def following(timetables: Any, now: datetime, one: Bond) -> list[Cycle]:
    several = coming(now.date() - DAY, 70, timetables)
    return [each for each in several if one.is_for(each) and now < each.stages().rescission]
