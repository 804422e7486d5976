"""Cycles by timetable: what is in time is cleared, what is late waits and is never lost."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.hands import CORA, enrol
from tests.operations.test_publish import check, published
from tests.recorded import enter
from tests.stage import Stage

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId
from clearhouse.core.obligation import State
from clearhouse.core.participant import Attachment
from clearhouse.core.person import Role
from clearhouse.core.schedule import CycleScheduled, ValueDated
from clearhouse.core.settlement import CycleCleared, CycleOpened
from clearhouse.core.zone import tzdata_version
from clearhouse.operations import books
from clearhouse.operations.clear import Cleared, clear_cycle
from clearhouse.store import obligations

# The stage begins on Monday, 2 March 2026, at 10:00 UTC; Oslo is an hour ahead.
CUT_OFF = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
RESCISSION = datetime(2026, 3, 2, 18, tzinfo=UTC)
TUESDAY = date(2026, 3, 3)
STAGES = ("cut_off", "rescission", "pay_in", "pay_in_revised", "settlement", "close")


def held(stage: Stage, at: datetime | None = None) -> Cleared:
    """The daily cycle of now, or of an instant."""
    if at is not None:
        stage.clock.at = at
        stage.publish()  # or yesterday's lists would stop the gate
    stage.cycle = stage.next_cycle()
    return clear_cycle(stage.house, stage.cycle, kind="daily")


def dated(stage: Stage, id: ObligationId) -> ValueDated:
    (fact,) = stage.facts(ValueDated, id)
    return fact


def states(stage: Stage, *ids: ObligationId) -> list[State]:
    found = obligations.by_ids(stage.house.db, ids, stage.house.assets)
    return [found[id].state for id in ids]


def test_what_binds_is_given_the_cycle_that_can_take_it(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (soon,) = stage.trade("A>b 0.05")
    stage.clock.at = CUT_OFF
    (just,) = stage.trade("b>C 0.03")
    stage.clock.forward(microseconds=1)
    (late,) = stage.trade("C>d 0.01")

    assert dated(stage, soon) == ValueDated(soon, "daily", TUESDAY, CUT_OFF)
    assert dated(stage, just).value_date == TUESDAY
    assert dated(stage, late).value_date == TUESDAY + timedelta(days=1)
    assert obligations.value_date(stage.house.db, late) == TUESDAY + timedelta(days=1)


def test_what_is_not_affirmed_has_no_value_date(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05", affirmed=False)

    assert stage.facts(ValueDated, one) == []
    assert obligations.value_date(stage.house.db, one) is None


def test_the_late_waits_for_its_own_cycle(embedded_stage: Stage, tmp_path: Path) -> None:
    stage = embedded_stage
    early = stage.trade("A>b 0.05, b>A 0.05")
    stage.clock.at = CUT_OFF + timedelta(minutes=1)
    late = stage.trade("A>b 0.02, b>A 0.02")
    first = held(stage, RESCISSION)

    assert {line.due.id for line in first.clearing.lines} == set(early)
    assert first.left_out == {"for a later cycle": 2}
    assert states(stage, *late) == ["affirmed", "affirmed"]
    (fact,) = stage.facts(CycleScheduled)
    assert (fact.cycle_kind, fact.value_date, fact.cut_off) == ("daily", TUESDAY, CUT_OFF)
    assert fact.tzdata == tzdata_version()
    stage.settle()  # everything cancelled, nothing is paid
    books.close(stage.house)
    published(stage, tmp_path / "first")
    check(stage, tmp_path / "first")
    second = held(stage, RESCISSION + timedelta(days=1))

    assert {line.due.id for line in second.clearing.lines} == set(late)
    stage.settle()
    books.close(stage.house)
    for name, who in (("day", None), ("own", stage.firm("A").id)):
        published(stage, tmp_path / name, who)
        check(stage, tmp_path / name)
    stage.check()


def test_what_the_gate_held_back_is_first_in_line_the_next_day(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (good,) = stage.trade("A>b 0.05")
    (held_back,) = stage.trade("D>b 0.02")
    stage.clock.at = RESCISSION
    stage.publish(stage.firm("D").name)
    stage.cycle = stage.next_cycle()
    done = clear_cycle(stage.house, stage.cycle, kind="daily")
    stage.calls = done.pay_ins

    assert [line.due.id for line in done.clearing.lines] == [good]
    assert states(stage, held_back) == ["affirmed"]
    assert dated(stage, held_back).cut_off == CUT_OFF, "so every later cycle takes it"


def test_what_waits_is_not_cleared_on_a_holiday_of_a_side(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    """Monday, 23 March is a holiday in Ostland, where D has a branch, and not in Norland."""
    stage = embedded_stage
    thursday = datetime(2026, 3, 19, 10, tzinfo=UTC)
    stage.clock.at = thursday
    stage.publish()
    enrol(stage.house, CORA, Role.SUPERVISOR)
    enter(stage.house, tmp_path, Attachment(stage.firm("D").id, "XD", "branch", thursday.date()))
    stage.trade("A>b 0.05, b>A 0.05")
    (held_back,) = stage.trade("D>b 0.02")
    stage.clock.at = thursday.replace(hour=18)
    stage.publish(stage.firm("D").name)
    stage.cycle = stage.next_cycle()
    clear_cycle(stage.house, stage.cycle, kind="daily")
    assert dated(stage, held_back).value_date == date(2026, 3, 20)
    stage.settle()
    stage.clock.forward(hours=16)
    stage.publish()
    within = stage.trade("A>b 0.01, b>A 0.01")
    friday = held(stage, stage.clock.at.replace(hour=18))

    assert {line.due.id for line in friday.clearing.lines} == set(within)
    assert friday.left_out == {"for a later cycle": 1}
    (first, anew) = stage.facts(ValueDated, held_back)
    tuesday = (date(2026, 3, 24), datetime(2026, 3, 23, 16, 30, tzinfo=UTC))
    assert (first.value_date, anew.value_date, anew.cut_off) == (date(2026, 3, 20), *tuesday)
    stage.settle()
    books.close(stage.house)
    for name, who in (("day", None), ("own", stage.firm("b").id)):
        published(stage, tmp_path / name, who)
        check(stage, tmp_path / name)
    monday = held(stage, thursday.replace(hour=18) + timedelta(days=4))
    assert {line.due.id for line in monday.clearing.lines} == {held_back}
    books.close(stage.house)
    published(stage, tmp_path / "after")
    check(stage, tmp_path / "after")


def test_a_cycle_settles_on_its_value_date(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05")
    held(stage, RESCISSION)
    (opened,) = stage.facts(CycleOpened)
    (cleared,) = stage.facts(CycleCleared)

    assert (opened.on, cleared.on, stage.row().settles_on) == (TUESDAY, TUESDAY, TUESDAY)
    assert stage.house.today == TUESDAY - timedelta(days=1)


def test_what_has_no_value_date_waits_until_it_is_due(embedded_stage: Stage) -> None:
    """It came to bind when no law had a timetable."""
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05")
    db, assets = stage.house.db, stage.house.assets
    db.execute("ALTER TABLE obligation DISABLE TRIGGER USER")
    undated = "UPDATE obligation SET cut_off = NULL, value_date = NULL, due_on = %s"
    until = dict.fromkeys(STAGES, CUT_OFF)
    cycle = CycleScheduled(stage.next_cycle(), "daily", TUESDAY, **until, tzdata="")
    for late, taken in ((1, False), (0, True)):
        db.execute(undated, [TUESDAY + timedelta(days=late)])
        assert (one in obligations.affirmed(db, assets, cycle)) is taken
        assert obligations.count_later(db, cycle) == (not taken)


def test_a_cycle_takes_nothing_of_a_later_value_date(embedded_stage: Stage) -> None:
    """Of two kinds the one that settles later may be cut off earlier."""
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05")
    db, assets = stage.house.db, stage.house.assets
    late = CUT_OFF + timedelta(days=9)
    until = dict.fromkeys(("rescission", "pay_in", "pay_in_revised", "settlement", "close"), late)
    for day, taken in ((TUESDAY - timedelta(days=1), False), (TUESDAY, True)):
        cycle = CycleScheduled(stage.next_cycle(), "other", day, late, **until, tzdata="")
        assert (one in obligations.affirmed(db, assets, cycle)) is taken
        assert obligations.count_later(db, cycle) == (not taken)


def test_pay_ins_are_due_before_settlement(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05")
    done = held(stage, datetime(2026, 3, 3, 10, tzinfo=UTC))
    (fact,) = stage.facts(CycleScheduled)

    assert [one.due_at for one in done.pay_ins] == [fact.settlement]


def test_a_cycle_of_a_day_is_held_once(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05, b>A 0.05")
    held(stage, RESCISSION)
    stage.settle()
    stage.trade("A>b 0.05")
    before = stage.records()
    with pytest.raises(Refusal, match=r"schedule\.cycle-held"):
        held(stage)

    assert stage.records() == before


@pytest.mark.parametrize(
    ("kind", "at", "code"),
    [
        ("daily", RESCISSION - timedelta(microseconds=1), "schedule.no-cycle-now"),
        ("noon", RESCISSION, "schedule.unknown-kind"),
    ],
    ids=["too-soon", "unknown"],
)
def test_where_no_cycle_is_due_nothing_happens(
    embedded_stage: Stage, kind: str, at: datetime, code: str
) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05")
    stage.clock.at = at
    before = stage.records()
    with pytest.raises(Refusal) as refusal:
        clear_cycle(stage.house, stage.next_cycle(), kind=kind)

    assert refusal.value.code == code
    assert stage.records() == before
