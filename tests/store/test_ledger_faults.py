"""Faults of the ledger: whoever is killed, wherever, what was acknowledged is there once.

The server is the test's own, durable as the product's. Whoever posts is a child of this process,
so that killing it takes its memory with it; it writes down what was acknowledged.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, prlimit, setrlimit
from typing import cast

import psycopg
import pytest
from psycopg import Connection
from tests.stage import Database, Points
from tests.store.test_ledger import ACCOUNTS, NOW, VAULT, A, B, pending, transfer

from clearhouse.core.ledger import Posted, Transfer
from clearhouse.store import journal, launcher, ledger
from clearhouse.store.accounts import balances, open_accounts
from clearhouse.store.connection import connect
from clearhouse.store.migrate import migrate

BATCHES, SIZE = 2, 30
MEGABYTE = 2**20
SEGMENT = 16 * MEGABYTE  # of the server's log


@pytest.fixture
def folder(server_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a server of the test's own, with books in which A has paid in much."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    folder = server_folder / "database"
    with served(folder) as db:
        migrate(db, NOW)
        open_accounts(db, ACCOUNTS, NOW)
        with db.transaction():
            ledger.post_all(db, [transfer("pay_in", VAULT, A, 10**12)], NOW)
    return folder


@contextmanager
def served(folder: Path) -> Iterator[Connection]:
    """A connection; the server is started if it was killed."""
    with connect(launcher.start(folder).url) as db:
        yield db


def batch(name: str) -> list[Transfer]:
    """Transfers of every form: single, pending, in a group."""
    singles = [transfer(f"{name}_{number}", A, B, 1) for number in range(SIZE)]
    return [*singles, pending(f"{name}_p", A, B, 5), pending(f"{name}_q", B, A, 1)]


class Breakable(Database):
    """Reaches a point before a commit too."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            self._points.reach("commit")


def post_and_tell(db: Connection, names: list[str], acks: Path) -> None:
    """Post a batch for each name, and write down each that was acknowledged."""
    for name in names:
        with db.transaction():
            outcomes = ledger.post(db, batch(name), NOW)
        assert all(isinstance(one, Posted) for one in outcomes)
        with acks.open("a") as stream:
            stream.write(f"{name}\n")


def in_a_child(work: Callable[[], None]) -> int:
    """Run in a process of its own; answers how it ended, as `os.waitpid` says."""
    pid = os.fork()
    if pid == 0:
        status = 9
        try:
            work()
            status = 0
        except psycopg.Error:
            status = 1
        finally:
            os._exit(status)
    return os.waitpid(pid, 0)[1]


def kill_server(folder: Path) -> None:
    """Kill PostgreSQL, every process of it, as a loss of power would."""
    live = launcher.postmaster(folder / "data")
    assert live is not None
    children = Path(f"/proc/{live.pid}/task/{live.pid}/children").read_text().split()
    for pid in (live.pid, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def both(folder: Path) -> None:
    kill_server(folder)
    die()


WHO: dict[str, Callable[[Path], None]] = {
    "client": lambda _: die(),
    "server": kill_server,
    "both": both,
}


def check(db: Connection, names: list[str], acked: set[str]) -> set[str]:
    """What was acknowledged is there, and each batch is there whole or not at all; which are."""
    there = set()
    for name in names:
        ids = [one.id for one in batch(name)]
        found = ledger.find(db, ids)
        assert len(found) in {0, len(ids)}, name
        if found:
            there.add(name)
    assert acked <= there
    assert ledger.trial_balance(db).is_balanced
    kinds = journal.count_kinds(db)
    row = db.execute("SELECT count(*), max(position) FROM journal").fetchone()
    assert row == (journal.head(db), journal.head(db))
    assert db.execute("SELECT count(*) FROM transfer").fetchone() == (kinds["TransferRecorded"],)
    return there


@pytest.mark.parametrize("who", WHO)
def test_whoever_is_killed_at_any_step_what_was_acknowledged_is_there_once(
    folder: Path, tmp_path: Path, who: str
) -> None:
    acks, reached, whole = tmp_path / "acks", [], 0
    for at in range(1, 1_000):
        names = [f"{who}_{at}_{number}" for number in range(BATCHES)]
        acks.write_text("")
        marks = tmp_path / "marks"
        marks.write_text("")

        def act(name: str, marks: Path = marks) -> None:
            marks.write_text(name)
            WHO[who](folder)

        def work(at: int = at, names: list[str] = names, act: Callable[[str], None] = act) -> None:
            with connect(launcher.start(folder).url) as db:
                breaking = cast("Connection", Breakable(db, Points(at, act)))
                post_and_tell(breaking, names, acks)

        status = in_a_child(work)
        if not marks.read_text():
            assert status == 0
            break
        reached.append(marks.read_text())
        assert status != 0 or who == "server"  # a commit may have been the last word
        with served(folder) as db:
            gone = [*map(str.strip, acks.read_text().splitlines())]
            there = check(db, names, set(gone))
            whole += len(there) > len(gone)  # committed, and nobody heard of it
            before = balances(db, "BBBB")[B]
            post_and_tell(db, names, acks)  # the same ids again
            assert check(db, names, set(names)) == set(names)
            again = SIZE * (BATCHES - len(there))
            assert balances(db, "BBBB")[B] == before + again

    assert set(reached) == {"statement", "copy", "commit", "committed"}
    assert len(reached) > 8 * BATCHES
    # Some were killed between the commit and its answer; a client that lives hears it.
    assert bool(whole) == (who != "server")


@contextmanager
def room(size: int) -> Iterator[None]:
    """Files of servers that are started meanwhile cannot grow beyond so many bytes."""
    soft, hard = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        setrlimit(RLIMIT_FSIZE, (soft, hard))


def post_until_it_fails(db: Connection, size: int) -> tuple[int, list[Transfer], Exception]:
    """Post batches of a size; answers how many were acknowledged, the one that was not, and why."""
    for number in range(10_000):
        many = [transfer(f"full_{number}_{n}", A, B, 1) for n in range(size)]
        try:
            with db.transaction():
                ledger.post_all(db, many, NOW)
        except psycopg.Error as trouble:
            return number, many, trouble
    raise AssertionError("there is room without end")


def without_room(pid: int, size: int) -> None:
    """Let no file that a process of the server writes grow beyond so many bytes."""

    def limit() -> None:
        if os.geteuid() == 0:
            owner = Path(f"/proc/{pid}").stat()  # a limit is the process's own user's to set
            os.setgid(owner.st_gid)
            os.setuid(owner.st_uid)
        prlimit(pid, RLIMIT_FSIZE, (size, getrlimit(RLIMIT_FSIZE)[1]))

    assert in_a_child(limit) == 0


def log_offset(db: Connection) -> int:
    """How far the newest file of the server's log is written."""
    row = db.execute("SELECT file_offset FROM pg_walfile_name_offset(pg_current_wal_insert_lsn())")
    (offset,) = row.fetchone() or (0,)
    return int(offset)


def test_a_full_disk_for_the_log_stops_the_server_and_loses_nothing(folder: Path) -> None:
    """PostgreSQL gives up when it cannot write its log, and recovers from what is in it."""
    with served(folder) as db:
        offset = SEGMENT
        while offset > SEGMENT - 2 * MEGABYTE:  # or the limit would lie behind the file's end
            db.execute("SELECT pg_logical_emit_message(true, 'room', repeat('x', 1000000))")
            offset = log_offset(db)
        without_room(db.info.backend_pid, offset + MEGABYTE)
        posted, lost, trouble = post_until_it_fails(db, 10)
    assert str(trouble).startswith("could not write to log file")
    assert posted > 2
    assert "PANIC" in (folder / "server.log").read_text()

    with served(folder) as db:
        there = ledger.find(db, [transfer(f"full_{n}_0", A, B, 1).id for n in range(posted)])
        assert len(there) == posted
        with db.transaction():
            ledger.post_all(db, lost, NOW)
        assert balances(db, "BBBB")[B] == (posted + 1) * 10
        assert ledger.trial_balance(db).is_balanced


def test_a_full_disk_refuses_a_batch_whole_and_a_retry_completes_it(folder: Path) -> None:
    """The tables cannot grow any more; the log, whose files have their size already, can."""
    launcher.stop(folder)
    with room(17 * MEGABYTE), served(folder) as db:
        grown, many, trouble = post_until_it_fails(db, 4_000)
        assert re.match("could not (extend|write)", str(trouble))
        assert grown > 2
        assert balances(db, "BBBB")[B] == grown * 4_000
        assert ledger.find(db, [one.id for one in many]) == {}
        assert ledger.trial_balance(db).is_balanced

    launcher.stop(folder)
    with served(folder) as db:  # on a larger disk
        with db.transaction():
            assert not any(one.again for one in ledger.post_all(db, many, NOW))
        assert balances(db, "BBBB")[B] == (grown + 1) * 4_000
        assert ledger.trial_balance(db).is_balanced
