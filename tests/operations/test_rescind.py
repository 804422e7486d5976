"""Rescission: who asks, who is asked, and the instant from which a cycle may take it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Barrier, Thread

import pytest
from psycopg import Connection
from tests.operations.test_publish import check, published
from tests.operations.test_schedule import CUT_OFF, RESCISSION, held, states
from tests.stage import Points, Stage, Stop, fragile, stop
from tests.staging import under

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.rescission import ObligationRescinded, RescissionAsked
from clearhouse.core.settlement import NothingToClear, ObligationCleared
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.operations import books
from clearhouse.operations.affirm import affirm
from clearhouse.operations.clear import clear_cycle
from clearhouse.operations.explain import explain
from clearhouse.operations.holds import holds
from clearhouse.operations.intake import Answer, take_in
from clearhouse.operations.leaving import left_open
from clearhouse.operations.notices import deliver
from clearhouse.operations.replay import replay
from clearhouse.operations.rescind import Rescission, rescind
from clearhouse.store import journal, obligations
from clearhouse.store.connection import connect

UNKNOWN = ObligationId("obl_00000000000000000000000000")
SECOND = timedelta(seconds=1)
SETTLEMENT = datetime.fromisoformat("2026-03-03T15:00:00+00:00")


def ask(stage: Stage, letter: str, *ids: ObligationId) -> list[str]:
    """Each answer's state, or its refusal's code."""
    answers = rescind(stage.house, stage.firm(letter).id, ids)
    return [one.refusal.code if one.refusal else one.state for one in answers]


def entries(stage: Stage) -> int:
    return journal.head(stage.house.db)


def state(stage: Stage, id: ObligationId) -> str:
    (found,) = states(stage, id)
    return str(found)


# --- who asks


def test_what_binds_is_rescinded_once_both_sides_have_asked(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05")

    assert ask(stage, "A", one) == ["affirmed"]
    assert stage.facts(RescissionAsked, one) == [
        RescissionAsked(one, stage.firm("A").id, RESCISSION)
    ]
    stage.clock.forward(hours=1)
    assert ask(stage, "b", one) == ["rescinded"]

    assert stage.facts(ObligationRescinded, one) == [ObligationRescinded(one, stage.firm("b").id)]
    assert state(stage, one) == "rescinded"
    with pytest.raises(NothingToClear):
        stage.clear()


def test_what_one_side_alone_has_said_it_takes_back_alone(embedded_stage: Stage) -> None:
    """At any hour: no cycle can take it."""
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05", affirmed=False)
    stage.clock.at = RESCISSION

    assert ask(stage, "A", one) == ["obligation.not-said"]
    assert ask(stage, "b", one) == ["rescinded"]

    assert stage.facts(RescissionAsked, one) == []
    assert state(stage, one) == "rescinded"


def test_with_one_side_only_it_binds_and_is_cleared(embedded_stage: Stage) -> None:
    """And the other side's saying it again is no answer to who asked."""
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05")
    ask(stage, "A", one)
    for letter in "Ab":
        (answer,) = affirm(stage.house, stage.firm(letter).id, [one])
        assert (answer.state, answer.refusal) == ("affirmed", None)
    held(stage, RESCISSION)

    assert len(stage.facts(ObligationCleared, one)) == 1
    assert ask(stage, "b", one) == ["obligation.in-a-cycle"]
    assert state(stage, one) == "cleared"


def test_asking_again_or_twice_at_once_changes_nothing(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (one,) = stage.trade("A>b 0.05")
    assert ask(stage, "A", one, one) == ["affirmed"]
    before = stage.records()

    assert ask(stage, "A", one) == ["affirmed"]
    stage.clock.at = RESCISSION
    assert ask(stage, "A", one) == ["affirmed"], "a retry is no new ask, whatever the hour"
    assert stage.records() == before

    stage.clock.at = RESCISSION - SECOND
    assert ask(stage, "b", one) == ["rescinded"]
    before = stage.records()
    for letter in "Ab":
        assert ask(stage, letter, one) == ["rescinded"]
    assert stage.records() == before


def test_each_id_is_answered_and_nobody_but_the_parties_takes_back(embedded_stage: Stage) -> None:
    stage = embedded_stage
    one, other = stage.trade("A>b 0.05, b>C 0.01")
    count = entries(stage)

    assert ask(stage, "d", one) == ["obligation.not-a-party"]
    with pytest.raises(Refusal, match=r"participant\.unknown"):
        rescind(stage.house, ParticipantId("5493001KJTIIGC8Y1R12"), [one])
    assert ask(stage, "A") == []
    assert entries(stage) == count
    ids = [UNKNOWN, one, ObligationId(""), other]
    answers = rescind(stage.house, stage.firm("A").id, ids)

    assert [one.obligation for one in answers] == ids
    codes = ["obligation.unknown", "", "obligation.unknown", "obligation.not-a-party"]
    assert [one.refusal.code if one.refusal else "" for one in answers] == codes
    assert answers[1] == Rescission(one, "affirmed", None)
    assert entries(stage) == count + 1


def test_what_is_in_a_cycle_is_settled_through_it(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (one, _) = stage.trade("A>b 0.05, b>A 0.05")
    stage.clear()
    assert ask(stage, "A", one) == ["obligation.in-a-cycle"]
    stage.settle()

    assert state(stage, one) == "settled"
    assert ask(stage, "b", one) == ["obligation.in-a-cycle"]


# --- what becomes of its reference


@pytest.mark.parametrize("amount", ["0.05", "0.06"], ids=["same-terms", "other-terms"])
def test_its_reference_is_used_up(embedded_stage: Stage, tmp_path: Path, amount: str) -> None:
    stage = embedded_stage
    one, kept = stage.trade("A>b 0.05, A>b 0.01", affirmed=False)
    ask(stage, "b", one)
    said = obligations.by_ids(stage.house.db, [one], stage.house.assets)[one]
    sides, days = (stage.firm("A"), stage.firm("b")), (said.traded_on, said.due_on)
    again = Invoice(said.reference, *sides, amount, "BTC", *days)
    other = replace(again, reference=f"{said.reference}-2")
    before = state(stage, one), stage.kinds(one)

    for by in sides:
        answers: list[Answer] = []
        file = write_csv(tmp_path / "again.csv", [again, other])
        take_in(stage.house, file, by.id, answers.append)
        codes = [[refusal.code for refusal in line.refusals] for line in answers]
        assert codes == [["obligation.rescinded"], []]
        (answer,) = affirm(stage.house, by.id, [one])
        assert answer.refusal is not None
        assert answer.refusal.code == "obligation.rescinded"
    assert [x.obligation for x in affirm(stage.house, sides[0].id)] == [kept]
    assert (state(stage, one), stage.kinds(one)) == before


# --- by when


def test_a_second_before_rescission_is_in_time_and_at_the_instant_is_late(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    one, other, third = stage.trade("A>b 0.05, A>b 0.04, A>b 0.03")
    ask(stage, "A", one, other)
    stage.clock.at = RESCISSION - SECOND
    assert ask(stage, "b", one) == ["rescinded"]
    for late in (timedelta(), SECOND, SETTLEMENT - RESCISSION - SECOND):
        stage.clock.at = RESCISSION + late
        for letter in "Ab":  # the second ask, and a first one
            assert ask(stage, letter, third) == ["schedule.rescission-over"]
        assert ask(stage, "b", other, one) == ["schedule.rescission-over", "rescinded"]
    assert [state(stage, id) for id in (one, other, third)] == ["rescinded", "affirmed", "affirmed"]
    (answer,) = rescind(stage.house, stage.firm("b").id, [other])
    assert answer.refusal is not None
    assert answer.refusal.context["until"] == "2026-03-02T18:00:00.000000Z"
    assert "the daily cycle of 2026-03-03" in str(answer.refusal)
    stage.clock.at = SETTLEMENT  # the cycle was never held
    assert ask(stage, "b", other) == ["rescinded"]


def test_what_a_cycle_left_behind_may_be_taken_back_until_the_next(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.trade("A>b 0.05, b>A 0.05")
    (waits, other) = stage.trade("D>b 0.02, D>b 0.01")
    stage.clock.at = RESCISSION
    assert ask(stage, "b", waits) == ["schedule.rescission-over"]
    stage.publish(stage.firm("D").name)  # listed: the gate holds both back
    clear_cycle(stage.house, stage.next_cycle(), kind="daily")
    next_one = RESCISSION + timedelta(days=1)

    assert ask(stage, "b", waits) == ["affirmed"]
    (fact,) = stage.facts(RescissionAsked, waits)
    assert fact.until == next_one
    stage.clock.at = next_one - SECOND
    assert ask(stage, "D", waits) == ["rescinded"]
    assert explain(stage.house, waits).state == "rescinded", "whatever the gate said last"
    stage.clock.at = next_one
    assert ask(stage, "D", other) == ["schedule.rescission-over"]


def test_what_is_late_for_a_cycle_is_not_kept_by_it(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.clock.at = CUT_OFF + SECOND
    (late,) = stage.trade("A>b 0.05")
    stage.clock.at = RESCISSION

    assert [ask(stage, letter, late) for letter in "Ab"] == [["affirmed"], ["rescinded"]]


def test_without_a_timetable_it_may_be_taken_back_until_it_is_cleared(
    house_without_timetable: Stage,
) -> None:
    stage = house_without_timetable
    one, other = stage.trade("A>b 0.05, A>b 0.02")
    stage.clock.at = RESCISSION
    assert [ask(stage, letter, one) for letter in "Ab"] == [["affirmed"], ["rescinded"]]
    assert [fact.until for fact in stage.facts(RescissionAsked, one)] == [None]
    stage.publish()
    stage.clear()

    assert ask(stage, "A", other) == ["obligation.in-a-cycle"]


@pytest.fixture
def house_without_timetable(embedded_stage: Stage) -> Stage:
    """Under a law that has no timetable."""
    law = replace(embedded_stage.house.laws.first, timetables=())
    embedded_stage.house = under(embedded_stage.house, law)
    return embedded_stage


# --- two at once, and a process that dies


def test_asked_at_the_same_time_it_is_rescinded_once(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, A>b 0.04, A>b 0.03")
    before, together = entries(stage), Barrier(4)

    def work(letter: str) -> None:
        with connect(stage.db_url) as db:
            together.wait()
            rescind(replace(stage.house, db=db), stage.firm(letter).id, ids)

    threads = [Thread(target=work, args=(letter,)) for letter in "AbAb"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [state(stage, id) for id in ids] == ["rescinded"] * 3
    assert entries(stage) == before + 2 * 3, "of each one ask, and one end"


@dataclass
class At(Points):
    """Acts at the first point of a name."""

    name: str = ""

    def reach(self, name: str) -> None:
        if name == self.name and name not in self.names:
            self.act(name)
        self.names.append(name)


def meanwhile(stage: Stage, work: Callable[[Stage], None]) -> tuple[Callable[[str], None], Thread]:
    """Let somebody else begin when a point is reached, and go on when they wait for the lock."""

    def elsewhere() -> None:
        with connect(stage.db_url) as db:
            work(replace(stage, house=replace(stage.house, db=db)))

    thread = Thread(target=elsewhere)

    def act(_: str) -> None:
        thread.start()
        with connect(stage.db_url) as db:
            waits = "SELECT FROM pg_locks WHERE NOT granted"
            while thread.is_alive() and db.execute(waits).fetchone() is None:
                time.sleep(0.01)

    return act, thread


def test_whoever_has_the_lock_first_wins_the_cycle(embedded_stage: Stage) -> None:
    stage = embedded_stage
    one, other = stage.trade("A>b 0.05, A>b 0.02")
    ask(stage, "A", one, other)
    answers: list[list[str]] = []
    act, thread = meanwhile(stage, lambda own: answers.append(ask(own, "b", one)))
    cycle = stage.next_cycle()
    points = At(0, act, name="copy")  # it has decided, and begins to write
    clear_cycle(fragile(stage.house, points), cycle)
    thread.join()

    assert answers == [["obligation.in-a-cycle"]]
    assert [state(stage, id) for id in (one, other)] == ["cleared"] * 2


def test_whoever_has_the_lock_first_wins_the_obligation(embedded_stage: Stage) -> None:
    stage = embedded_stage
    one, other = stage.trade("A>b 0.05, A>b 0.02")
    ask(stage, "A", one, other)
    cycle = stage.next_cycle()

    def clear(own: Stage) -> None:
        clear_cycle(own.house, cycle)

    act, thread = meanwhile(stage, clear)
    points = Points(4, act)  # behind the lock
    answers = rescind(fragile(stage.house, points), stage.firm("b").id, [one])
    thread.join()

    assert points.came
    assert [answer.state for answer in answers] == ["rescinded"]
    assert [state(stage, id) for id in (one, other)] == ["rescinded", "cleared"]


def test_whatever_goes_wrong_in_between_nothing_has_happened(embedded_stage: Stage) -> None:
    """Every statement of it fails once, and every transaction's end."""
    stage = embedded_stage
    ids = [*stage.trade("A>b 0.05, A>b 0.02"), *stage.trade("A>b 0.01", affirmed=False)]
    ask(stage, "A", ids[0])
    before = stage.records()
    for at in count(1):
        points = Points(at, stop)
        with pytest.raises(Stop):
            rescind(fragile(stage.house, points), stage.firm("b").id, ids)
        if points.names[-1] == "committed" and stage.records() != before:
            break  # it was done, and only the answer was lost
        assert stage.records() == before, points.names[-1]

    assert at > 5
    done = stage.records()
    assert ask(stage, "b", *ids) == ["rescinded", "affirmed", "rescinded"]
    assert stage.records() == done


KILLED = """
import os, signal, sys
from clearhouse.operations.rescind import rescind
from clearhouse.settings import Settings, house
from tests.stage import Points, fragile

def kill(name):
    os.kill(os.getpid(), signal.SIGKILL)

by, at, *ids = sys.argv[1:]
with house(Settings(), settles=True) as own:
    rescind(fragile(own, Points(int(at), kill)), by, ids)
"""


def test_a_killed_process_leaves_nothing_half_done(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids = stage.trade("A>b 0.05, A>b 0.02")
    ask(stage, "A", *ids)
    before = stage.records()
    stage.stop()
    for at, done in ((5, False), (8, False), (0, True)):
        code = stage.child(KILLED, stage.firm("b").id, str(at), *ids)
        assert (code == 0) is done
        assert (stage.records() != before) is done
    stage.restart()

    assert [state(stage, id) for id in ids] == ["rescinded"] * 2


# --- what others see


def lives(stage: Stage) -> list[ObligationId]:
    """Taken back by both, by one, by nobody; by who alone had said it; and one that stays."""
    ids = stage.trade("A>b 0.05, A>b 0.04, A>b 0.03, b>A 0.03")
    (proposed,) = stage.trade("A>b 0.01", affirmed=False)
    ask(stage, "A", *ids[:2])
    stage.clock.forward(minutes=1)
    ask(stage, "b", ids[0], proposed)
    return [*ids, proposed]


def test_it_comes_out_the_same_from_the_journal(
    embedded_stage: Stage, elsewhere: Connection
) -> None:
    stage = embedded_stage
    lives(stage)
    replay(stage.house, elsewhere, lambda _: None)

    read = "SELECT * FROM obligation ORDER BY id"
    rows = stage.house.db.execute(read).fetchall()
    assert elsewhere.execute(read).fetchall() == rows
    asked = "SELECT count(debtor_asked_back_at), count(creditor_asked_back_at) FROM obligation"
    assert stage.house.db.execute(asked).fetchone() == (2, 2)


def test_the_verifier_passes_every_day_of_it(embedded_stage: Stage, tmp_path: Path) -> None:
    """Asked on one day and rescinded on the next, cleared with one ask, stated alone."""
    stage = embedded_stage
    who = {name: stage.firm(name).id for name in "AbCd"}
    lives(stage)
    (over,) = stage.trade("C>d 0.01")
    assert ask(stage, "C", over) == ["affirmed"]

    def shown(name: str) -> None:
        books.close(stage.house)
        for letter, own in ({"": None} | who).items():
            published(stage, tmp_path / f"{name}{letter}", own)
            check(stage, tmp_path / f"{name}{letter}")

    shown("first")
    assert ask(stage, "d", over) == ["rescinded"]
    shown("second")
    held(stage, RESCISSION)
    shown("third")
    stage.check()


def test_it_is_told_and_nothing_waits_for_it(embedded_stage: Stage) -> None:
    stage = embedded_stage
    both, asked, *_, proposed = lives(stage)
    debtor, creditor = stage.firm("A").name, stage.firm("b").name

    for id in (both, proposed):
        told = explain(stage.house, id)
        assert (told.state, told.next_actor, told.next_action) == (
            "rescinded",
            "",
            "nothing is left to do",
        )
        assert f"taken back by {creditor}" in told.text()
    text = explain(stage.house, asked).text()
    assert f"{debtor} asks to take it back" in text
    assert f"it binds unless {creditor} takes it back too, before 2026-03-02 18:00 UTC" in text


def test_of_what_was_taken_back_nothing_is_open_or_on_hold(embedded_stage: Stage) -> None:
    stage = embedded_stage
    both, asked, third, back, proposed = lives(stage)
    open_ones = {line.split()[1] for line in left_open(stage.house, stage.firm("A").id)}
    assert open_ones == {asked, third, back}
    done = held(stage, RESCISSION)

    assert {line.due.id for line in done.clearing.lines} == {asked, third, back}
    assert "for a later cycle" not in done.left_out
    assert holds(stage.house, stage.cycle, 10).waiting == 0
    assert {both, proposed}.isdisjoint(open_ones)


def test_its_amount_counts_among_linked_payments(embedded_stage: Stage) -> None:
    """Whoever takes back comes under no threshold by it."""
    stage = embedded_stage
    ids = lives(stage)
    day = stage.house.today

    assert list(obligations.traded(stage.house.db, (day, day), stage.house.assets)) == ids


def test_both_sides_get_notice_of_who_asked_and_until_when(
    embedded_stage: Stage, tmp_path: Path
) -> None:
    stage = embedded_stage
    both, *_ = lives(stage)
    deliver(stage.house, tmp_path / "outbox")
    for letter in "Ab":
        folder = tmp_path / "outbox" / stage.firm(letter).id
        notices = [json.loads(file.read_text()) for file in sorted(folder.iterdir())]
        mine = {one["kind"]: one["body"] for one in notices if one["subject"] == both}

        assert mine["RescissionAsked"] == {
            "obligation": both,
            "by": stage.firm("A").id,
            "until": "2026-03-02T18:00:00.000000Z",
        }
        assert mine["ObligationRescinded"] == {"obligation": both, "by": stage.firm("b").id}
    assert not (tmp_path / "outbox" / stage.firm("C").id).exists()
