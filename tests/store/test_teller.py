"""Many callers, few commits: everyone has an answer of its own, also when the database is lost."""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import (
    HOUSE,
    Account,
    AccountKind,
    InsufficientFunds,
    Posted,
    Transfer,
    TransferCode,
)
from clearhouse.store import ledger
from clearhouse.store.accounts import balances, open_accounts
from clearhouse.store.connection import connect
from clearhouse.store.teller import Closed, OutcomeUnknown, Teller, serving

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
BTC = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"
A = Account("AAAA", AccountKind.AVAILABLE, BTC)
B = Account("BBBB", AccountKind.AVAILABLE, BTC)
VAULT = Account(HOUSE, AccountKind.VAULT, BTC)


def transfer(name: str, debit: Account, credit: Account, units: int) -> Transfer:
    id = TransferId(f"trf_{name}")
    return Transfer(id, debit.id, credit.id, units, BTC, TransferCode.PAY_IN, NOW, "cyc_1")


@pytest.fixture
def books(db: psycopg.Connection) -> psycopg.Connection:
    """A database in which A has paid in 100."""
    open_accounts(db, [A, B, VAULT], NOW)
    with db.transaction():
        ledger.post(db, [transfer("pay_in", VAULT, A, 100)], NOW)
    return db


def commits(db: psycopg.Connection) -> int:
    """How many transactions have written transfers."""
    row = db.execute("SELECT count(DISTINCT xmin::text) FROM transfer").fetchone()
    assert row is not None
    return int(row[0])


def test_callers_share_commits_and_each_has_its_own_answer(
    books: psycopg.Connection, db_url: str
) -> None:
    """130 callers want one unit each of the 100 that there are."""
    start = threading.Barrier(130)

    def caller(number: int) -> str:
        start.wait()
        try:
            posted = teller.post(transfer(str(number), A, B, 1))
        except InsufficientFunds as refusal:
            return "refused" if refusal.context["transfer"] == f"trf_{number}" else "mixed up"
        mine = Posted(TransferId(f"trf_{number}"), NOW, again=False)
        return "posted" if posted == mine else "mixed up"

    with serving(lambda: connect(db_url), lambda: NOW) as teller, ThreadPoolExecutor(130) as pool:
        told = Counter(pool.map(caller, range(130)))

    assert told == {"posted": 100, "refused": 30}
    assert balances(books, "BBBB")[B] == 100
    assert ledger.trial_balance(books).is_balanced
    assert commits(books) < 100 / 3


def test_a_caller_alone_is_answered_at_once(books: psycopg.Connection, db_url: str) -> None:
    with serving(lambda: connect(db_url), lambda: NOW) as teller:
        for n in range(3):
            assert not teller.post(transfer(str(n), A, B, 1)).again

        assert teller.post(transfer("1", A, B, 1)) == Posted(TransferId("trf_1"), NOW, again=True)
    assert commits(books) == 4


def test_a_group_of_one_caller_stands_together(books: psycopg.Connection, db_url: str) -> None:
    batch = [transfer("1", A, B, 60), transfer("2", A, B, 60)]
    with serving(lambda: connect(db_url), lambda: NOW) as teller:
        answers = teller.post_together([replace(one, group="grp_1") for one in batch])

    assert [one.code for one in answers if isinstance(one, Refusal)] == [
        "ledger.group-refused",
        "ledger.insufficient-funds",
    ]
    assert commits(books) == 1


def test_who_waits_is_answered_before_it_closes_and_nobody_after(
    books: psycopg.Connection, db_url: str
) -> None:
    with ThreadPoolExecutor(8) as pool:
        with serving(lambda: connect(db_url), lambda: NOW) as teller:
            waiting = [pool.submit(teller.post, transfer(str(n), A, B, 1)) for n in range(8)]
            while not commits(books):
                pass
        outcomes = [one.exception() for one in waiting]

    assert all(one is None or isinstance(one, Closed) for one in outcomes)
    assert balances(books, "BBBB")[B] == outcomes.count(None)
    with pytest.raises(Closed):
        teller.post(transfer("late", A, B, 1))


def test_a_batch_that_was_cut_off_is_unknown_to_all_and_resolved_by_id(
    books: psycopg.Connection, db_url: str
) -> None:
    """Its session is ended while it waits for a lock: nothing was posted."""
    teller = Teller(lambda: connect(db_url, "teller"), lambda: NOW, gather_s=0.2)
    batch = [transfer(str(n), A, B, 1) for n in range(5)]
    with ThreadPoolExecutor(5) as pool, connect(db_url) as other:
        with other.transaction():
            other.execute("SELECT FROM journal_head FOR UPDATE")
            waiting = [pool.submit(teller.post, one) for one in batch]
            end_session(books)
            lost = [one.exception() for one in waiting]
        assert [type(one) for one in lost] == [OutcomeUnknown] * 5

        assert [one.again for one in pool.map(teller.post, batch)] == [False] * 5
    teller.close()
    assert balances(books, "BBBB")[B] == 5


def test_a_bug_is_heard_by_who_waits_and_the_teller_is_closed(
    books: psycopg.Connection, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: heard.append(args.exc_value))
    teller = Teller(lambda: connect(db_url), lambda: NOW.replace(tzinfo=None))
    with pytest.raises(AssertionError):
        teller.post(transfer("1", A, B, 1))
    with pytest.raises(Closed):
        teller.post(transfer("1", A, B, 1))
    teller.close()

    assert [type(one) for one in heard] == [AssertionError]
    assert balances(books, "BBBB")[B] == 0


def end_session(db: psycopg.Connection) -> None:
    for _ in range(2_000):
        rows = db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'teller' AND wait_event_type = 'Lock'"
        ).fetchall()
        if rows:
            return
        threading.Event().wait(0.005)
    pytest.fail("the teller never waited")


@contextmanager
def cutting(  # noqa: C901 - one small server, read from top to bottom
    url: str, folder: Path
) -> Iterator[tuple[str, Callable[[], None]]]:
    """A socket before the server's that passes everything on.

    Once told to, it cuts the connection after the server has answered a COMMIT, and keeps that
    answer to itself.
    """
    armed = threading.Event()
    given = conninfo_to_dict(url)
    if not str(given.get("host")).startswith("/"):
        pytest.skip("the server is not behind a socket in a folder")
    name = f".s.PGSQL.{given.get('port') or 5432}"
    real = str(Path(str(given["host"])) / name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(folder / name))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=relay, args=(client,), daemon=True).start()

    def relay(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(real)
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(65_536):
                if armed.is_set() and b"COMMIT" in data:
                    armed.clear()
                    cut.add(client)
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
            back.join()

    def pump(server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(65_536):
            if client in cut:  # committed; nobody hears of it
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(data)

    cut: set[socket.socket] = set()
    threading.Thread(target=serve, daemon=True).start()
    try:
        yield make_conninfo(url, host=quote(str(folder), safe="/")), armed.set
    finally:
        listener.close()


def test_a_commit_whose_answer_was_lost_is_unknown_and_on_retry_there_once(
    books: psycopg.Connection, db_url: str, server_folder: Path
) -> None:
    with cutting(db_url, server_folder) as (url, cut):
        teller = Teller(lambda: connect(url), lambda: NOW, gather_s=0.2)
        teller.post(transfer("before", A, B, 1))
        cut()
        batch = [transfer(str(n), A, B, 1) for n in range(5)]
        with ThreadPoolExecutor(5) as pool:
            lost = [one.exception() for one in [pool.submit(teller.post, one) for one in batch]]
            assert [type(one) for one in lost] == [OutcomeUnknown] * 5

            assert [one.again for one in pool.map(teller.post, batch)] == [True] * 5
        teller.close()
    assert balances(books, "BBBB")[B] == 6
    assert ledger.trial_balance(books).is_balanced
