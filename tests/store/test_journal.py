"""The journal: one total order without gaps, which a reader's cursor can follow while it grows."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from threading import Barrier, Event

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import LockNotAvailable

from clearhouse.core.event import EventMalformed
from clearhouse.core.gate import FindingMade
from clearhouse.core.ids import CycleId, ParticipantId
from clearhouse.core.settlement import BatchBroadcast, PositionStruck
from clearhouse.store import journal
from clearhouse.store.connection import connect

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=2, microseconds=1)
Fact = tuple[str, PositionStruck]


def fact(subject: str, units: int = 0) -> Fact:
    who = ParticipantId("5493001KJTIIGC8Y1R12")
    return subject, PositionStruck(CycleId("cyc_1"), who, units)


def write(db: Connection, *facts: Fact) -> int:
    with db.transaction():
        return journal.append(db, facts, NOW, LATER)


def positions(db: Connection) -> list[int]:
    return [entry.position for entry in journal.after(db, 0, 1_000_000)]


def test_a_journal_begins_empty_and_counts_from_one(db: Connection) -> None:
    assert journal.after(db, 0) == []
    assert write(db, fact("a"), fact("b")) == 2
    assert write(db, fact("a")) == 3
    assert positions(db) == [1, 2, 3]


def test_what_is_appended_is_read_back_with_both_its_times(db: Connection) -> None:
    abroad = NOW.astimezone(timezone(timedelta(hours=9)))
    event = FindingMade("0" * 64, '{"said":"Łódź \\u0000 \U0001f680"}')
    with db.transaction():
        journal.append(db, [("5493001KJTIIGC8Y1R12", event)], abroad, LATER)

    (entry,) = journal.after(db, 0)

    assert entry == journal.Entry(1, "5493001KJTIIGC8Y1R12", event, NOW, LATER)
    assert entry.occurred_at.tzinfo is not None


def test_a_subject_is_told_in_order_and_alone(db: Connection) -> None:
    write(db, fact("a", 1), fact("b", 2), fact("a", 3))
    write(db, fact("c", 4), fact("a", 5))

    told = journal.about(db, "a")

    assert [entry.position for entry in told] == [1, 3, 5]
    assert [entry.event for entry in told] == [fact("a", units)[1] for units in (1, 3, 5)]
    assert journal.about(db, "d") == []


def test_a_cursor_reads_on_where_it_stopped(db: Connection) -> None:
    write(db, *(fact("a", units) for units in range(7)))

    assert [entry.position for entry in journal.after(db, 0, 3)] == [1, 2, 3]
    assert [entry.position for entry in journal.after(db, 3, 3)] == [4, 5, 6]
    assert [entry.position for entry in journal.after(db, 6, 3)] == [7]
    assert journal.after(db, 7, 3) == []


def test_kinds_are_counted(db: Connection) -> None:
    write(db, fact("a"), fact("b"))
    with db.transaction():
        journal.append(db, [("c", BatchBroadcast(CycleId("cyc_1"), "ff"))], NOW, NOW)

    assert journal.count_kinds(db) == {"BatchBroadcast": 1, "PositionStruck": 2}


def test_nothing_appended_moves_nothing(db: Connection) -> None:
    write(db, fact("a"))
    assert write(db) == 1
    assert write(db, fact("b")) == 2


def test_what_is_rolled_back_leaves_no_gap(db: Connection) -> None:
    write(db, fact("a"))
    with db.transaction(force_rollback=True):
        assert journal.append(db, [fact("b"), fact("c")], NOW, NOW) == 3
    write(db, fact("d"))

    assert [(entry.position, entry.subject) for entry in journal.after(db, 0)] == [
        (1, "a"),
        (2, "d"),
    ]


def test_a_writer_that_is_killed_leaves_no_gap(db: Connection, db_url: str) -> None:
    with connect(db_url) as doomed:
        with pytest.raises(psycopg.OperationalError), doomed.transaction():  # noqa: PT012 - the kill is in the middle
            journal.append(doomed, [fact("lost")], NOW, NOW)
            db.execute("SELECT pg_terminate_backend(%s, 5000)", [doomed.info.backend_pid])
            doomed.execute("SELECT 1")
        assert doomed.broken

    write(db, fact("a"))

    assert [entry.subject for entry in journal.after(db, 0)] == ["a"]
    assert positions(db) == [1]


def test_an_event_that_cannot_be_written_leaves_nothing_behind(db: Connection) -> None:
    good = fact("a")
    bad = fact("b", 1.5)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(AssertionError):
        write(db, good, bad)

    assert positions(db) == []
    assert write(db, good) == 1


@pytest.mark.parametrize("act", [journal.lock, lambda db: journal.append(db, [], NOW, NOW)])
def test_appending_outside_a_transaction_is_a_bug(
    db: Connection, act: Callable[[Connection], object]
) -> None:
    """Each statement would commit alone: the lock would be gone, and a crash could leave a gap."""
    with pytest.raises(AssertionError):
        act(db)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("PositionRescinded", '{"cycle":"cyc_1","participant":"x","units":"1"}'),
        ("PositionStruck", '{"cycle":"cyc_1","participant":"x"}'),
        ("PositionStruck", "no JSON"),
    ],
)
def test_an_entry_of_another_version_is_refused_and_not_passed_over(
    db: Connection, kind: str, body: str
) -> None:
    write(db, fact("a"))
    db.execute(
        "INSERT INTO journal (position, kind, subject, body, occurred_at, recorded_at)"
        " VALUES (2, %s, 'a', %s, %s, %s)",
        [kind, body, NOW, NOW],
    )

    with pytest.raises(EventMalformed):
        journal.after(db, 1)
    with pytest.raises(EventMalformed):
        journal.about(db, "a")


WRITERS, BATCHES = 6, 20


def append_in_bursts(db_url: str, writer: int, start: Barrier) -> list[list[str]]:
    """Append batches, dawdling before each commit and giving up on some; answers what stayed."""
    dice, stayed = Random(writer), list[list[str]]()
    with connect(db_url) as db:
        start.wait(10)
        for batch in range(BATCHES):
            gives_up = dice.random() < 0.25
            subjects = [f"{writer}.{batch}.{n}" for n in range(dice.randint(1, 3))]
            with db.transaction(force_rollback=gives_up):
                if dice.random() < 0.5:
                    journal.lock(db)
                time.sleep(dice.random() * 0.002)
                journal.append(db, [fact(subject) for subject in subjects], NOW, NOW)
                time.sleep(dice.random() * 0.003)
            if not gives_up:
                stayed.append(subjects)
    return stayed


def follow(db_url: str, done: Event, start: Barrier) -> tuple[list[str], int]:
    """Read on from a cursor while others write; answers the subjects seen, and in how many reads.

    What a cursor has passed never appears later: so each entry is the one behind the last.
    """
    seen: list[str] = []
    reads = 0
    with connect(db_url) as db:
        start.wait(10)
        while True:
            over = done.is_set()  # asked before the last read
            entries = journal.after(db, len(seen), 3)
            assert [entry.position for entry in entries] == list(
                range(len(seen) + 1, len(seen) + 1 + len(entries))
            )
            seen += [entry.subject for entry in entries]
            reads += bool(entries)
            if over and not entries:
                return seen, reads


def test_a_cursor_never_skips_what_concurrent_writers_commit(db: Connection, db_url: str) -> None:
    start, done = Barrier(WRITERS + 1), Event()
    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reader = pool.submit(follow, db_url, done, start)
        writers = [pool.submit(append_in_bursts, db_url, n, start) for n in range(WRITERS)]
        try:
            batches = [batch for writer in writers for batch in writer.result(60)]
        finally:
            done.set()
        seen, reads = reader.result(60)

    written = [subject for batch in batches for subject in batch]
    assert len(written) < len(seen) * 2  # the reader was not shut out
    assert sorted(seen) == sorted(written)
    assert positions(db) == list(range(1, len(written) + 1))
    for batch in batches:  # each one whole, in its order, with nothing in between
        at = seen.index(batch[0])
        assert seen[at : at + len(batch)] == batch
    assert reads > 10, "the reader looked too rarely for this to prove anything"


@contextmanager
def impatient(db_url: str) -> Iterator[Connection]:
    """Somebody else, who does not wait for locks."""
    with connect(db_url) as db:
        db.execute("SET lock_timeout = '50ms'")
        yield db


def test_who_holds_the_lock_appends_alone(db: Connection, db_url: str) -> None:
    with impatient(db_url) as other:
        with db.transaction():
            journal.lock(db)
            with pytest.raises(LockNotAvailable), other.transaction():
                journal.lock(other)
            with pytest.raises(LockNotAvailable):
                write(other, fact("b"))
            assert journal.after(other, 0) == []  # readers do not wait
            journal.append(db, [fact("a")], NOW, NOW)
        assert write(other, fact("b")) == 2


def test_who_appends_is_alone_until_the_end_of_the_transaction(db: Connection, db_url: str) -> None:
    with impatient(db_url) as other, db.transaction():
        journal.append(db, [fact("a")], NOW, NOW)
        with pytest.raises(LockNotAvailable):
            write(other, fact("b"))


def test_two_that_read_decide_and_append_do_not_decide_on_the_same(
    db: Connection, db_url: str
) -> None:
    """Each writes down how much it has seen; nobody has seen the same."""
    start = Barrier(4)

    def decide(_: int) -> None:
        with connect(db_url) as mine:
            start.wait(10)
            for _ in range(10):
                with mine.transaction():
                    journal.lock(mine)
                    seen = len(journal.after(mine, 0))
                    journal.append(mine, [fact("a", seen)], NOW, NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(decide, range(4)))

    units = [entry.event for entry in journal.after(db, 0)]
    assert units == [fact("a", number)[1] for number in range(40)]
