"""The worker: what it does by itself, once each, however many there are and wherever killed."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
from psycopg import Connection
from tests.calendars import Running, calendar
from tests.conftest import new_database
from tests.hands import ADA, agree, found_with_roles, release
from tests.stage import Clock, Database, Points, Stage, Stop
from tests.staging import new_house
from tests.witnesses import NOBODY, Served, several

from clearhouse import worker
from clearhouse.core.command import EraseDossier, GiveUpBatch, GrantRole
from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.ids import CycleId, TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Phase, Transfer, TransferCode
from clearhouse.core.note import COSIGNATURE, Verifier, parse_checkpoint
from clearhouse.core.person import Role
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.schedule import CycleScheduled
from clearhouse.core.timetable import cycles_of
from clearhouse.core.unwinding import BatchWithdrawn
from clearhouse.feeds.calendars import Calendar
from clearhouse.feeds.witnesses import Witness, Witnesses
from clearhouse.operations.house import House
from clearhouse.operations.log import check, follow, origin
from clearhouse.operations.stamp import stamps
from clearhouse.store import cycles, jobs, journal, ledger, obligations
from clearhouse.store.accounts import open_accounts
from clearhouse.store.connection import connect
from clearhouse.store.consumers import consume
from clearhouse.worker import LEASE, plan, step, work
from clearhouse.worker.actors import OPERATOR
from clearhouse.worker.place import SLOW, Place

DAY = timedelta(days=1)
KINDS_ALL = (*worker.LOOPS, "a", "b", "c", "d")


class NotYet(Refusal):
    """Something is not ready."""

    code = "test.not-yet"
    kind = Kind.UNAVAILABLE


class Never(Refusal):
    """Something cannot be."""

    code = "test.never"
    kind = Kind.CONFLICT


class Broken(Alarm):
    """The world broke a promise."""

    code = "test.broken"


class Killed(BaseException):
    """The worker's process ends here: nothing of it goes on."""


def kill(name: str) -> None:
    raise Killed(name)


def place_of(stage: Stage) -> Place:
    return Place(stage.house, stage.folder / "outbox")


def forward(place: Place, **by: float) -> None:
    cast("Clock", place.house.now).forward(**by)


def test_a_worker_settles_a_cycle_by_itself(stage: Stage) -> None:
    place = place_of(stage)
    stage.cleared("A>b 0.05, b>C 0.03")
    work(place)
    assert stage.row().state == "cleared"

    stage.pay_in()
    for _ in range(2 * stage.deep):
        stage.mine(1)
        forward(place, minutes=10)
        work(place)

    assert stage.row().state == "settled"
    assert stage.kinds().count("BatchSigned") == 1
    stage.check()
    forward(place, days=1)  # pay-ins would be due
    work(place)
    left = stage.house.db.execute("SELECT kind FROM job WHERE key <> ''").fetchall()
    assert left == []
    assert jobs.troubles(stage.house.db) == []


# A prepared database in which something is to be done for every loop that needs no chain.


@dataclass(frozen=True)
class Prepared:
    """A house with work for every loop, to be copied."""

    admin_url: str
    template: str
    house: House
    at: Clock
    folder: Path

    @contextmanager
    def copy(self, name: str) -> Iterator[tuple[Place, str]]:
        clock = replace(self.at)
        with new_database(self.admin_url, self.template) as (_, url), connect(url) as db:
            house = replace(self.house, db=db, now=clock, settles=None)
            folder = self.folder / name
            yield Place(house, folder / "outbox"), url


@pytest.fixture
def prepared(embedded_stage: Stage, admin_url: str) -> Prepared:
    stage = embedded_stage
    house = stage.house
    stage.cleared("A>b 0.05, b>C 0.03")
    asset = house.coin.identity
    vault, held = (
        Account(HOUSE, kind, asset) for kind in (AccountKind.VAULT, AccountKind.SUSPENSE)
    )
    open_accounts(house.db, [vault, held], house.now())
    pending = [
        Transfer(
            TransferId(derived("tfr", str(number))),
            vault.id,
            held.id,
            1,
            asset,
            TransferCode.PAY_IN,
            house.now(),
            "cyc_1",
            phase=Phase.PENDING,
            expires_at=house.now() + timedelta(hours=1 + number),
        )
        for number in range(3)
    ]
    with house.db.transaction():
        ledger.post(house.db, pending, house.now())
    ADA.order(house, GrantRole(ADA.person, Role.AUDITOR))  # nobody approves it
    agree(house, EraseDossier(ADA.person, "asked for it"))
    house.keyring.make([ADA.person], house.dice)  # as if killed before the key was erased
    stage.clock.forward(days=9)
    name = house.db.info.dbname
    house.db.close()  # a database that somebody uses is not copied
    return Prepared(admin_url, name, house, stage.clock, stage.folder)


def told(place: Place) -> dict[str, Any]:
    """All that a worker's work leaves: what the journal says, the balances, the notices."""
    db = place.house.db
    while follow(place.house):
        pass  # what came after the log was followed last
    entries = journal.after(db, 0, 10_000)
    balances = db.execute("SELECT * FROM standing ORDER BY 1").fetchall()
    files = sorted(place.outbox.rglob("*"))
    return {
        "journal": sorted((one.subject, repr(one.event)) for one in entries),
        "balances": balances,
        "notices": sorted((f.parent.name, f.name) for f in files if f.is_file()),
        "log": check(place.house)[0],
        "keys": place.house.keyring.subjects() & {ADA.person},
        "pending": db.execute("SELECT count(*) FROM reservation").fetchone(),
    }


KINDS = ("TransferRecorded", "ProposalExpired", "PayInOverdue")


def test_killed_anywhere_each_effect_comes_once(prepared: Prepared) -> None:
    with prepared.copy("whole") as (place, _):
        before = told(place)
        prepared.house.keyring.make([ADA.person], prepared.house.dice)
        work(place)
        wanted = told(place)
        counted = journal.count_kinds(place.house.db)
    assert wanted["pending"] == (0,) != before["pending"]
    assert wanted["keys"] == set() != before["keys"]
    assert len(wanted["notices"]) > 10
    assert all(counted[kind] for kind in KINDS)

    reached = 0
    for at in range(1, 10_000):
        prepared.house.keyring.make([ADA.person], prepared.house.dice)
        with prepared.copy(f"killed-{at}") as (place, url):
            points = Points(at, kill)
            breaking = cast("Connection", Database(place.house.db, points))
            with suppress(Killed):
                work(replace(place, house=replace(place.house, db=breaking)))
            if not points.came:
                break
            reached += 1
            place.house.db.close()
            with connect(url) as db:
                again = replace(place, house=replace(place.house, db=db))
                forward(again, seconds=LEASE.total_seconds())
                work(again)
                assert told(again) == wanted, f"killed at {points.names[-1]} {at}"
                assert jobs.troubles(db) == []
    assert reached > 60


def at_once(place: Place, url: str, count: int) -> list[BaseException]:
    """Let workers work at the same time, each with a connection of its own; what went wrong."""
    start, failed = threading.Barrier(count), list[BaseException]()

    def one() -> None:
        try:
            with connect(url) as db:
                mine = replace(place, house=replace(place.house, db=db))
                start.wait()
                work(mine)
        except BaseException as trouble:  # noqa: BLE001 - told by an assertion
            failed.append(trouble)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed


def test_three_workers_at_once_do_each_thing_once(prepared: Prepared) -> None:
    with prepared.copy("alone") as (place, _):
        work(place)
        wanted = told(place)

    for turn in range(5):
        prepared.house.keyring.make([ADA.person], prepared.house.dice)
        with prepared.copy(f"three-{turn}") as (place, url):
            assert at_once(place, url, 3) == []
            assert told(place) == wanted


# Leases.


@pytest.fixture
def place(db: Connection, rulebook: Rulebook, tmp_path: Path) -> Place:
    house = new_house(db, Clock(), rulebook, tmp_path)
    return Place(house, tmp_path / "outbox")


def enter(place: Place, *kinds: str) -> None:
    jobs.plan(place.house.db, [(kind, "", place.house.now()) for kind in kinds])


def test_a_job_is_one_workers_until_its_lease_ends(place: Place) -> None:
    db = place.house.db
    enter(place, "notices.deliver")

    first = jobs.claim(db, place.house.now(), LEASE, KINDS_ALL)
    meanwhile = jobs.claim(db, place.house.now() + LEASE - timedelta(seconds=1), LEASE, KINDS_ALL)
    forward(place, seconds=LEASE.total_seconds())
    second = jobs.claim(db, place.house.now(), LEASE, KINDS_ALL)

    assert first is not None
    assert meanwhile is None
    assert second is not None
    assert second.fence == first.fence + 1
    assert not jobs.finish(db, first, place.house.now())
    assert not jobs.finish(db, first, None)
    why = {"code": "x", "detail": "", "actor": ""}
    assert not jobs.fail(db, first, place.house.now(), stuck=True, **why)
    assert jobs.finish(db, second, None)
    assert jobs.next_due(db, KINDS_ALL) is None


def test_two_that_claim_at_once_get_different_jobs_and_neither_waits(
    place: Place, db_url: str
) -> None:
    enter(place, "notices.deliver", "transfers.expire")
    now = place.house.now()
    with connect(db_url) as other, place.house.db.transaction():
        first = jobs.claim(place.house.db, now, LEASE, KINDS_ALL)
        second = jobs.claim(other, now, LEASE, KINDS_ALL)
        third = jobs.claim(other, now, LEASE, KINDS_ALL)

    assert first is not None
    assert second is not None
    assert {first.kind, second.kind} == {"notices.deliver", "transfers.expire"}
    assert third is None


def test_what_is_due_for_longest_is_done_first(place: Place) -> None:
    now = place.house.now()
    late = [("c", "", now), ("a", "", now - DAY), ("b", "", now - DAY), ("d", "", now + DAY)]
    jobs.plan(place.house.db, late)

    taken = [jobs.claim(place.house.db, now, LEASE, KINDS_ALL) for _ in range(4)]

    assert [one.kind if one else "" for one in taken] == ["a", "b", "c", ""]
    assert jobs.next_due(place.house.db, KINDS_ALL) == now + LEASE


def test_planning_twice_changes_nothing(place: Place) -> None:
    enter(place, "notices.deliver")
    taken = jobs.claim(place.house.db, place.house.now(), LEASE, KINDS_ALL)
    enter(place, "notices.deliver")

    assert taken is not None
    assert jobs.claim(place.house.db, place.house.now(), LEASE, KINDS_ALL) is None


# Failures.


def failing(
    monkeypatch: pytest.MonkeyPatch, place: Place, trouble: Exception
) -> Callable[[], list[jobs.Trouble]]:
    """Let one loop fail; each call tries it once more, and answers what is listed."""

    def fail(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(worker, "LOOPS", {**worker.LOOPS, "notices.deliver": fail})
    enter(place, "notices.deliver")

    def again() -> list[jobs.Trouble]:
        forward(place, days=1)
        step(place)
        return jobs.troubles(place.house.db)

    return again


@pytest.mark.parametrize("trouble", [Never("no"), ValueError("a\0b")])
def test_what_fails_too_often_is_stuck_until_somebody_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    again = failing(monkeypatch, place, trouble)

    for attempt in range(1, worker.ATTEMPTS_MAX):
        (seen,) = again()
        assert (seen.attempts, seen.stuck) == (attempt, False)
    (seen,) = again()
    assert (seen.attempts, seen.stuck) == (worker.ATTEMPTS_MAX, True)
    assert seen.actor == OPERATOR
    assert again() == [seen]  # it is not tried any more
    assert jobs.next_due(place.house.db, KINDS_ALL) is None

    assert jobs.release(place.house.db, "notices.deliver", "", place.house.now())
    assert not jobs.release(place.house.db, "notices.deliver", "", place.house.now())
    monkeypatch.undo()
    assert step(place) is not None
    assert jobs.troubles(place.house.db) == []


def test_an_alarm_is_stuck_at_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (seen,) = failing(monkeypatch, place, Broken("gone"))()
    assert (seen.attempts, seen.stuck, seen.code) == (1, True, "test.broken")


def test_what_waits_for_others_is_listed_and_never_stuck(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = failing(monkeypatch, place, NotYet("wait"))

    for attempt in range(1, 3 * worker.ATTEMPTS_MAX):
        (seen,) = again()
        assert (seen.attempts, seen.stuck) == (attempt, False)
        assert seen.due_at <= place.house.now() + SLOW


def test_a_job_at_which_workers_die_is_stuck(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(worker, "LOOPS", {**worker.LOOPS, "notices.deliver": dies})
    enter(place, "notices.deliver")
    for _ in range(worker.DEATHS_MAX):
        with pytest.raises(Killed):
            step(place)
        assert jobs.troubles(place.house.db) == []
        forward(place, seconds=LEASE.total_seconds())
    step(place)

    (seen,) = jobs.troubles(place.house.db)
    assert (seen.stuck, seen.code) == (True, "worker.died")
    monkeypatch.undo()
    assert jobs.release(place.house.db, "notices.deliver", "", place.house.now())
    step(place)
    assert jobs.troubles(place.house.db) == []


@pytest.mark.parametrize("statement", ["SELECT 1 / 0", "SET statement_timeout = 1; SELECT 2"])
def test_a_statement_that_fails_is_not_a_lost_database(
    place: Place, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    def fails(*_: object) -> None:
        raise psycopg.errors.DiskFull(statement)

    monkeypatch.setattr(worker, "LOOPS", {**worker.LOOPS, "notices.deliver": fails})
    enter(place, "notices.deliver")
    step(place)

    (seen,) = jobs.troubles(place.house.db)
    assert (seen.code, seen.attempts) == ("DiskFull", 1)


def test_what_people_are_awaited_for_goes_on_once_they_acted(embedded_stage: Stage) -> None:
    """An empty float is funded, and a cycle is released: nobody has to say `retry`."""
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.trade("A>b 0.05")
    stage.clear(released=False)
    stage.pay_in()
    stage.mine(stage.deep)
    for _ in range(3 * worker.ATTEMPTS_MAX):
        forward(place, hours=1)
        stage.publish()
        work(place)
    (seen,) = [one for one in jobs.troubles(stage.house.db) if one.kind == "cycle.settle"]
    assert not seen.stuck

    release(stage.house, stage.cycle)  # which makes it due
    work(place)
    assert stage.row().state == "broadcast"


def test_one_that_is_stuck_keeps_nobody_else_from_working(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, place, Broken("gone"))()
    done = work(place)

    assert done == len(worker.ALWAYS) - 1
    assert len(jobs.troubles(place.house.db)) == 1


def test_a_cycle_that_waits_for_its_release_says_for_whom(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.trade("A>b 0.05")
    stage.clear(released=False)
    stage.pay_in()
    stage.mine(stage.deep)

    work(place)

    (seen,) = jobs.troubles(stage.house.db)
    assert (seen.kind, seen.key, seen.stuck) == ("cycle.settle", stage.cycle, False)
    assert seen.code == "settlement.not-released"
    assert seen.actor.startswith("two people")


def test_a_lost_database_ends_the_worker_and_the_lease_ends_by_itself(
    place: Place, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: object) -> None:
        with connect(db_url) as other:
            pid = place.house.db.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s)", [pid])
        place.house.db.execute("SELECT 1")

    monkeypatch.setattr(worker, "LOOPS", {**worker.LOOPS, "notices.deliver": lose})
    enter(place, "notices.deliver")
    with pytest.raises(psycopg.OperationalError):
        step(place)

    with connect(db_url) as db:
        assert jobs.claim(db, place.house.now(), LEASE, KINDS_ALL) is None
        assert jobs.claim(db, place.house.now() + LEASE, LEASE, KINDS_ALL) is not None


# Being woken.


def test_a_worker_is_woken_by_what_is_recorded(place: Place, db_url: str) -> None:
    """It would look again after half a minute; here it has ten seconds."""
    stopping, seen = threading.Event(), threading.Event()
    plan(place)
    work(place)

    def one() -> None:
        with connect(db_url) as db:
            mine = replace(place, house=replace(place.house, db=db))
            original = worker.LOOPS["notices.deliver"]

            def deliver(place: Place, key: str) -> Any:
                seen.set()
                return original(place, key)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(worker, "LOOPS", {**worker.LOOPS, "notices.deliver": deliver})
                worker.run(mine, stopping.is_set)

    thread = threading.Thread(target=one)
    thread.start()
    try:
        assert not seen.wait(1)
        forward(place, minutes=1)  # due now, but the worker does not look at the clock
        for _ in range(40):
            jobs.wake(place.house.db)
            if seen.wait(0.25):
                break
        assert seen.is_set()
    finally:
        stopping.set()
        jobs.wake(place.house.db)
        thread.join(40)
    assert not thread.is_alive()


# The loops.


def test_a_cycle_is_cleared_at_its_cut_off_once_a_day(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place = replace(place_of(stage), cut_off=time(16, 30))
    stage.trade("A>b 0.05")

    work(place)  # at ten in the morning
    assert cycles.last_cycle(stage.house.db) is None
    stage.clock.at = stage.clock.at.replace(hour=16, minute=30)
    work(place)
    first = cycles.last_cycle(stage.house.db)
    assert first == derived("cyc", stage.house.coin.identity, str(stage.clock.at.date()))

    stage.trade("A>b 0.01")
    stage.clock.forward(minutes=5)
    work(place)
    assert cycles.open_cycles(stage.house.db) == [first]
    due = stage.house.db.execute("SELECT due_at FROM job WHERE kind = 'cycle.clear'").fetchall()
    assert due == [(stage.clock.at.replace(hour=16, minute=30) + DAY,)]


def test_cycles_are_held_by_the_timetable_each_once(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place = replace(place_of(stage), by_timetable=True)
    stage.trade("A>b 0.05, b>A 0.05")

    work(place)  # at ten in the morning; the rescission of Tuesday's cycle ends at 18:00 UTC
    assert cycles.last_cycle(stage.house.db) is None
    stage.clock.at = stage.clock.at.replace(hour=18)
    stage.trade("A>b 0.01, b>A 0.01")  # late: for Wednesday's
    stage.publish()
    work(place)
    first = cycles.last_cycle(stage.house.db)
    assert first == derived("cyc", stage.house.coin.identity, "daily", "2026-03-03")
    assert len(obligations.of_cycle(stage.house.db, first, stage.house.assets)) == 2
    stage.clock.forward(minutes=5)
    work(place)
    assert cycles.last_cycle(stage.house.db) == first

    stage.clock.forward(days=1)
    stage.publish()
    work(place)
    second = cycles.held(stage.house.db, "daily", date(2026, 3, 4))
    assert second is not None
    assert len(obligations.of_cycle(stage.house.db, second, stage.house.assets)) == 2


def test_a_cycle_that_a_later_one_has_overtaken_is_not_tried_again_and_again(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where rescission ends days before settlement two cycles of a kind may be cleared at once."""
    stage = embedded_stage
    place = replace(place_of(stage), by_timetable=True)
    stage.trade("A>b 0.05, b>A 0.05")
    stage.clock.at = stage.clock.at.replace(hour=18)
    stage.publish()
    law = stage.house.rulebook
    (later,) = cycles_of(date(2026, 3, 4), law.cycles)
    monkeypatch.setattr(worker, "cycle_now", lambda *_: later)
    work(place)

    assert cycles.last_cycle(stage.house.db) is None
    due = stage.house.db.execute(
        "SELECT due_at FROM job WHERE kind = 'cycle.hold' AND key = 'daily 2026-03-03'"
    ).fetchall()
    assert [at.isoformat() for (at,) in due] == ["2026-03-03T15:00:00+00:00"]


def by_timetable(stage: Stage) -> Place:
    """A worker by timetable, that has cleared Tuesday's cycle on Monday evening."""
    place = replace(place_of(stage), by_timetable=True)
    stage.trade("A>b 0.05, D>b 0.02")
    stage.clock.at = stage.clock.at.replace(hour=18)
    stage.publish()
    work(place)
    found = cycles.held(stage.house.db, "daily", date(2026, 3, 3))
    assert found is not None
    stage.cycle = found
    return place


def test_a_cycle_is_revised_when_its_revised_schedule_is_due(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place, first = by_timetable(stage), stage.cycle
    (scheduled,) = stage.facts(CycleScheduled)
    stage.clock.at = scheduled.pay_in_revised - timedelta(seconds=1)
    stage.publish(stage.firm("D").name)
    work(place)
    assert stage.row().state == "cleared"
    stage.clock.at = scheduled.pay_in_revised
    for _ in range(3):
        work(place)
        stage.clock.forward(minutes=1)

    assert stage.row().state == "unwound"
    second = derived("cyc", first, "revised")
    assert cycles.open_cycles(stage.house.db) == [second]
    assert cycles.held(stage.house.db, "daily", date(2026, 3, 3)) == second
    assert stage.kinds(second).count("CycleOpened") == 1
    assert jobs.troubles(stage.house.db) == []
    left = stage.house.db.execute("SELECT kind FROM job WHERE key = %s", [first]).fetchall()
    assert ("cycle.revise",) in left, "so long it stands for it, and is not planned again"
    assert ("cycle.settle",) not in left
    stage.clock.at = scheduled.settlement
    work(place)
    assert stage.house.db.execute("SELECT FROM job WHERE key = %s", [first]).fetchall() == []


def test_what_the_gate_clears_is_not_revised_by_the_clock(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place = by_timetable(stage)
    (scheduled,) = stage.facts(CycleScheduled)
    stage.clock.at = scheduled.pay_in_revised
    stage.publish()
    work(place)

    assert stage.row().state == "cleared"
    assert jobs.troubles(stage.house.db) == []


def test_lists_that_cannot_be_read_unwind_nothing(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place = by_timetable(stage)
    (scheduled,) = stage.facts(CycleScheduled)
    stage.clock.at = scheduled.pay_in_revised
    stage.publish(stage.firm("D").name, age=timedelta(days=3))
    work(place)

    assert stage.row().state == "cleared"
    (seen,) = jobs.troubles(stage.house.db)
    assert seen.kind == "cycle.revise"
    assert seen.code.startswith("screening.")


@pytest.mark.parametrize("by", ["timetable", "hand"])
def test_who_is_listed_before_the_release_stops_or_revises(embedded_stage: Stage, by: str) -> None:
    """By timetable a worker revises by itself; else people say what becomes of it."""
    stage = embedded_stage
    place = by_timetable(stage)
    if by == "hand":
        place = replace(place, by_timetable=False)
    first = stage.cycle
    stage.calls = cycles.pay_ins(stage.house.db, first)
    release(stage.house, first)
    stage.pay_in()
    stage.mine(stage.deep)
    stage.clock.forward(minutes=5)
    stage.publish(stage.firm("D").name)
    for _ in range(3):
        work(place)
        stage.clock.forward(minutes=1)

    if by == "timetable":
        assert stage.row().state == "unwound"
        stage.cycle = CycleId(derived("cyc", first, "revised"))
        assert stage.row().state == "funded"
        (seen,) = jobs.troubles(stage.house.db)
        assert (seen.key, seen.code) == (stage.cycle, "settlement.not-released")
        release(stage.house, stage.cycle)
        work(place)
        assert stage.row().state == "broadcast"
    else:
        assert stage.row().state == "funded"
        (seen,) = jobs.troubles(stage.house.db)
        assert (seen.code, seen.stuck) == ("settlement.no-longer-cleared", False)


@pytest.mark.parametrize("by", ["timetable", "hand"])
def test_what_two_people_gave_up_is_withdrawn_and_cleared_again(
    embedded_stage: Stage, by: str
) -> None:
    """Whether it is of a timetable or not, and though its settlement is over."""
    stage = embedded_stage
    if by == "timetable":
        place = by_timetable(stage)
        stage.calls = cycles.pay_ins(stage.house.db, stage.cycle)
        release(stage.house, stage.cycle)
    else:
        place = place_of(stage)
        stage.cleared("A>b 0.05, D>b 0.02")
    first = stage.cycle
    stage.pay_in()
    stage.mine(stage.deep)
    stage.answers_lost()
    stage.clock.forward(days=1)
    stage.publish(stage.firm("D").name)
    work(place)
    (seen,) = [one for one in jobs.troubles(stage.house.db) if one.key == first]
    assert seen.code == "settlement.no-longer-cleared"
    agree(stage.house, GiveUpBatch(first, "one was listed"))
    stage.clock.forward(minutes=5)
    for _ in range(3):
        work(place)
        stage.mine(stage.deep)
        stage.clock.forward(minutes=5)

    assert stage.row().state == "unwound"
    assert len(stage.facts(BatchWithdrawn)) == 1
    assert cycles.open_cycles(stage.house.db) == [derived("cyc", first, "revised")]


def test_after_its_settlement_a_worker_revises_nothing(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place = by_timetable(stage)
    (scheduled,) = stage.facts(CycleScheduled)
    release(stage.house, stage.cycle)
    stage.calls = cycles.pay_ins(stage.house.db, stage.cycle)
    stage.clock.at = scheduled.settlement
    stage.publish(stage.firm("D").name)
    stage.pay_in()
    stage.mine(stage.deep)
    work(place)

    assert stage.row().state == "funded"
    assert "settlement.no-longer-cleared" in {one.code for one in jobs.troubles(stage.house.db)}


def test_where_nothing_waits_the_timetable_goes_by(embedded_stage: Stage) -> None:
    stage = embedded_stage
    place = replace(place_of(stage), by_timetable=True)
    stage.clock.at = stage.clock.at.replace(hour=18)
    stage.publish()
    work(place)
    stage.clock.forward(days=3)
    stage.publish()
    work(place)

    assert cycles.last_cycle(stage.house.db) is None


def test_a_cut_off_that_nobody_was_there_for_is_made_up_and_takes_no_other_days(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    place = replace(place_of(stage), cut_off=time(16, 30))
    asset, monday = stage.house.coin.identity, stage.clock.at.date()
    stage.trade("A>b 0.02, b>A 0.02")  # all is set off: it settles by itself
    work(place)
    stage.clock.at = stage.clock.at.replace(hour=9) + DAY
    stage.publish()
    work(place)
    assert cycles.last_cycle(stage.house.db) == derived("cyc", asset, str(monday))

    stage.trade("A>b 0.05")
    stage.clock.at = stage.clock.at.replace(hour=16, minute=30)
    work(place)
    assert cycles.last_cycle(stage.house.db) == derived("cyc", asset, str(monday + DAY))


def test_a_worker_without_a_cut_off_leaves_it_to_one_that_has_it(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    with_one = replace(place, cut_off=time(16, 30))
    stage.trade("A>b 0.05")
    work(with_one)
    stage.clock.at = stage.clock.at.replace(hour=16, minute=31)
    work(place)
    assert cycles.last_cycle(stage.house.db) is None
    work(with_one)
    assert cycles.last_cycle(stage.house.db) is not None


def test_a_cut_off_that_is_moved_counts_from_then_on(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.trade("A>b 0.05")
    work(replace(place, cut_off=time(16, 30)))
    later = replace(place, cut_off=time(18))
    work(later)
    stage.clock.at = stage.clock.at.replace(hour=17)
    work(later)
    assert cycles.last_cycle(stage.house.db) is None
    stage.clock.at = stage.clock.at.replace(hour=18)
    work(later)
    assert cycles.last_cycle(stage.house.db) is not None


def test_a_batch_that_waits_for_the_one_before_is_listed_and_goes_on(
    embedded_stage: Stage,
) -> None:
    stage = embedded_stage
    place = place_of(stage)
    stage.funded("A>b 0.05")
    first = stage.cycle
    work(place)
    stage.funded("A>b 0.01")
    stage.reorganise(stage.deep - 1)  # so that the first is not final yet, and the second is paid
    stage.mine(1)
    work(place)
    seen = [(one.kind, one.code, one.stuck) for one in jobs.troubles(stage.house.db)]
    assert ("cycle.settle", "settlement.batch-on-its-way", False) in seen
    for _ in range(3):
        stage.mine(stage.deep)
        stage.clock.forward(hours=2)
        work(place)

    assert cycles.open_cycles(stage.house.db) == []
    assert jobs.troubles(stage.house.db) == []
    assert first != stage.cycle


def test_a_cut_off_that_is_no_longer_set_clears_nothing(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.trade("A>b 0.05")
    plan(replace(place, cut_off=time(16, 30)))
    stage.clock.forward(days=1)
    work(place)

    assert cycles.last_cycle(stage.house.db) is None
    assert jobs.troubles(stage.house.db) == []


def test_a_pay_in_is_overdue_once_and_can_still_come(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.cleared("A>b 0.05")
    (call,) = stage.calls
    work(place)
    stage.clock.at = call.due_at - timedelta(seconds=1)
    work(place)
    assert not [one for one in stage.kinds(call.participant) if one == "PayInOverdue"]
    stage.clock.at = call.due_at
    for _ in range(3):
        work(place)
        stage.clock.forward(hours=1)
    assert stage.kinds(call.participant).count("PayInOverdue") == 1
    with pytest.raises(psycopg.errors.RestrictViolation):
        stage.house.db.execute("UPDATE pay_in SET overdue = false")

    stage.publish(age=timedelta(0))
    stage.pay_in()
    stage.mine(stage.deep)
    work(place)
    assert stage.kinds(call.participant)[-1] == "PayInFinal"


def test_a_participant_reads_its_own_business_and_nobody_elses(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.settled("A>b 0.05, b>C 0.03")
    stage.trade("D>d 0.01", affirmed=False)
    work(place)

    read = {
        letter: [
            json.loads(file.read_text())
            for file in sorted((place.outbox / stage.firm(letter).id).glob("*.json"))
        ]
        for letter in "AbCDd"
    }
    entries = {one.position: one for one in journal.after(stage.house.db, 0, 100_000)}
    assert sorted(one.name for one in place.outbox.iterdir()) == sorted(
        stage.firm(letter).id for letter in "AbCDd"
    )
    for notices in read.values():
        for one in notices:
            entry = entries[int(one["position"])]
            assert (one["kind"], one["subject"]) == (type(entry.event).__name__, entry.subject)
    kinds = {letter: {one["kind"] for one in notices} for letter, notices in read.items()}
    assert {"PayInCalled", "PayInFinal", "CycleSettled", "ObligationCleared"} <= kinds["A"]
    assert {"PayOutPlanned", "CycleSettled"} <= kinds["C"]
    assert "PayInCalled" not in kinds["C"]
    assert kinds["D"] == kinds["d"] == {"ObligationProposed"}  # nobody is warned of the gate
    own = stage.firm("A").id
    assert not any(own in json.dumps(one) for one in read["D"])


def test_notices_are_written_again_as_they_were(embedded_stage: Stage) -> None:
    stage, place = embedded_stage, place_of(embedded_stage)
    stage.cleared("A>b 0.05")
    work(place)
    before = {file: file.read_bytes() for file in place.outbox.rglob("*.json")}
    stage.house.db.execute("UPDATE consumer SET position = 0")
    stage.clock.forward(hours=1)
    work(place)

    assert before
    assert {file: file.read_bytes() for file in place.outbox.rglob("*.json")} == before
    assert not list(place.outbox.rglob("*.new"))


# Gathering cosignatures.


@pytest.fixture
def witnessed(place: Place, tmp_path: Path) -> Iterator[tuple[Place, list[Served]]]:
    """A founded house, whose log three witnesses follow; two of them are needed."""
    found_with_roles(place.house)
    public = place.house.log.key.public_key().public_bytes_raw()
    verifier = Verifier(origin(place.house), public)
    with several(tmp_path / "witnesses", verifier, "ministry", "bank", "firm") as running:
        yield of_witnesses(place, 2, *(one.witness for one in running)), running


def of_witnesses(place: Place, needed: int, *each: Witness) -> Place:
    log = replace(place.house.log, witnesses=Witnesses(each, needed))
    return replace(place, house=replace(place.house, log=log))


def size_kept(place: Place) -> int:
    note = place.house.log.tiles.kept()
    return parse_checkpoint(note.text).size if note else 0


def gathering(place: Place) -> list[jobs.Trouble]:
    return [one for one in jobs.troubles(place.house.db) if one.kind == "log.gather"]


def test_the_log_is_cosigned_every_ten_minutes(
    witnessed: tuple[Place, list[Served]], caplog: pytest.LogCaptureFixture
) -> None:
    place, running = witnessed
    work(place)
    first = size_kept(place)
    assert first == journal.head(place.house.db) > 0

    ADA.order(place.house, GrantRole(ADA.person, Role.AUDITOR))
    forward(place, minutes=9)
    work(place)
    assert size_kept(place) == first
    assert caplog.messages == []
    running[1].process.kill()
    running[1].process.wait()
    forward(place, minutes=1)
    work(place)
    assert size_kept(place) == journal.head(place.house.db) > first
    assert jobs.troubles(place.house.db) == []
    (said,) = caplog.messages
    assert said.startswith("the witness w.example/bank did not cosign: witness.unreachable: ")
    running[1].process.returncode = 0  # as its end is looked at


def test_the_log_is_followed_before_it_is_cosigned(
    witnessed: tuple[Place, list[Served]],
) -> None:
    place, _ = witnessed
    enter(place, "log.gather")
    step(place)
    assert size_kept(place) == journal.head(place.house.db)


def test_without_witnesses_nothing_is_gathered(place: Place) -> None:
    found_with_roles(place.house)
    assert "log.gather" not in worker.kinds(place)
    enter(place, "log.gather")  # as a worker that has them may
    work(place)
    assert size_kept(place) == 0
    assert jobs.troubles(place.house.db) == []


def test_too_few_cosignatures_wait_for_the_institutions_and_are_never_stuck(
    witnessed: tuple[Place, list[Served]],
) -> None:
    place, running = witnessed
    dark = [replace(one.witness, url=NOBODY) for one in running[1:]]
    waiting = of_witnesses(place, 2, running[0].witness, *dark)
    for _ in range(3 * worker.ATTEMPTS_MAX):
        work(waiting)
        (seen,) = gathering(place)
        assert (seen.stuck, seen.code) == (False, "note.cosignatures-too-few")
        assert seen.actor.startswith("the institutions")
        assert "w.example/bank: witness.unreachable: " in seen.detail
        assert size_kept(place) == 0
        forward(place, minutes=10)
    work(place)  # they are back
    assert gathering(place) == []
    assert size_kept(place) == journal.head(place.house.db)


def test_a_witness_that_saw_another_history_stops_the_gathering_at_once(
    witnessed: tuple[Place, list[Served]],
) -> None:
    place, running = witnessed
    work(place)
    before = size_kept(place)
    running[2].says(root=base64.b64encode(bytes(32)).decode())
    ADA.order(place.house, GrantRole(ADA.person, Role.AUDITOR))
    forward(place, minutes=10)
    work(place)
    (seen,) = jobs.troubles(place.house.db)
    assert (seen.kind, seen.stuck, seen.code) == ("log.gather", True, "log.witness-alarmed")
    assert seen.actor.startswith("the operator and the supervisor")
    assert seen.detail.startswith("w.example/firm: ")
    assert size_kept(place) == before

    for _ in range(2):  # said again before people have decided, it is loud again
        assert jobs.release(place.house.db, "log.gather", "", place.house.now())
        work(place)
        (seen,) = gathering(place)
        assert seen.stuck
    assert jobs.release(place.house.db, "log.gather", "", place.house.now())
    work(of_witnesses(place, 2, *(one.witness for one in running[:2])))
    assert gathering(place) == []
    assert size_kept(place) == journal.head(place.house.db)


def test_a_house_that_nobody_founded_waits_with_its_log(place: Place) -> None:
    key = Verifier("w.example/ministry", bytes(32), COSIGNATURE)
    work(of_witnesses(place, 1, Witness(key, NOBODY)))
    (seen,) = jobs.troubles(place.house.db)
    assert (seen.kind, seen.stuck, seen.code) == ("log.gather", False, "founding.none")


# Stamping.


def of_calendars(place: Place, *each: Calendar) -> Place:
    log = replace(place.house.log, calendars=each)
    return replace(place, house=replace(place.house, log=log))


@pytest.fixture
def running() -> Iterator[Running]:
    with calendar() as one:
        yield one


def test_the_log_is_stamped_once_a_day_and_what_is_pending_is_finished(
    embedded_stage: Stage, running: Running
) -> None:
    place = of_calendars(place_of(embedded_stage), running.calendar)
    work(place)
    (first,) = stamps(place.house)
    assert (first.size, first.verified) == (journal.head(place.house.db), False)
    running.finish(embedded_stage)
    agree(place.house, GrantRole(ADA.person, Role.AUDITOR))
    forward(place, hours=23, minutes=59)
    work(place)
    assert [one.size for one in stamps(place.house)] == [first.size]
    forward(place, minutes=1)
    work(place)
    assert [one.verified for one in stamps(place.house)] == [True, False]
    assert jobs.troubles(place.house.db) == []


def test_without_calendars_nothing_is_stamped(place: Place) -> None:
    found_with_roles(place.house)
    assert "log.stamp" not in worker.kinds(place)
    enter(place, "log.stamp")  # as a worker that has them may
    work(place)
    assert stamps(place.house) == []
    assert jobs.troubles(place.house.db) == []


def test_calendars_that_do_not_answer_are_listed_and_never_stuck(
    place: Place, running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    found_with_roles(place.house)
    for _ in range(2 * worker.ATTEMPTS_MAX):
        work(of_calendars(place, Calendar(NOBODY)))
        (seen,) = jobs.troubles(place.house.db)
        assert (seen.kind, seen.stuck, seen.code) == ("log.stamp", False, "log.not-stamped")
        assert seen.detail.startswith("calendar.unreachable: ")
        forward(place, minutes=10)
    caplog.clear()
    work(of_calendars(place, Calendar(NOBODY), running.calendar))
    assert jobs.troubles(place.house.db) == []
    (said,) = caplog.messages
    assert said.startswith(f"the calendar {NOBODY} did not attest: calendar.unreachable: ")


def test_a_damaged_stamp_is_an_alarm_and_the_head_is_stamped_before(
    place: Place, running: Running
) -> None:
    found_with_roles(place.house)
    own = of_calendars(place, running.calendar)
    work(own)
    (first,) = stamps(own.house)
    first.path.write_bytes(b"")
    agree(own.house, GrantRole(ADA.person, Role.AUDITOR))
    forward(own, days=1)
    work(own)
    (seen,) = jobs.troubles(own.house.db)
    assert (seen.kind, seen.stuck, seen.code) == ("log.stamp", True, "log.stamp-damaged")
    assert len(stamps(own.house)) == 2


def test_two_readers_of_one_name_read_each_entry_once(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.settled("A>b 0.05")
    read: list[int] = []
    start = threading.Barrier(3)

    def take(entries: Any) -> None:
        read.extend(one.position for one in entries)

    def one() -> None:
        with connect(stage.db_url) as db:
            start.wait()
            while consume(db, "test", take, limit=3):
                pass

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read == list(range(1, journal.head(stage.house.db) + 1))


def test_a_reader_that_fails_reads_the_same_again(embedded_stage: Stage) -> None:
    db = embedded_stage.house.db
    seen: list[int] = []

    def take(entries: Any) -> None:
        seen.append(entries[0].position)
        if len(seen) == 1:
            raise Stop("in the middle")

    with pytest.raises(Stop):
        consume(db, "test", take, limit=5)
    assert consume(db, "test", take, limit=5) == 5
    assert consume(db, "test", take, limit=5) == 5

    assert seen == [1, 1, 6]
