"""Migrations: once, whole, in order, and never after a change."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from clearhouse.core.ids import TransferId
from clearhouse.store import named
from clearhouse.store.connection import connect
from clearhouse.store.ledger import expire, find, trial_balance
from clearhouse.store.migrate import (
    FOLDER,
    DatabaseNewer,
    MigrationChanged,
    MigrationNumbering,
    migrate,
)

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 6, 12, tzinfo=UTC)

ONE = {"0001_one.sql": "CREATE TABLE one (n int); -- 100 % plain\nINSERT INTO one VALUES (1);"}
TWO = {"0002_two.sql": "CREATE TABLE two (n int);"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def put(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


def tables(url: str) -> set[str]:
    with connect(url) as db:
        rows = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows}


def test_the_products_migrations_apply_once(empty_url: str) -> None:
    with connect(empty_url) as db:
        applied = migrate(db, NOW)

        assert applied == sorted(file.name for file in FOLDER.iterdir())
        assert migrate(db, LATER) == []
        rows = db.execute("SELECT DISTINCT applied_at FROM migration").fetchall()
        assert rows == [(NOW,)]


def test_a_ledger_keeps_its_books_when_accounts_get_numbers(empty_url: str, folder: Path) -> None:
    """As they were written before: two assets, one transfer that waits."""
    for file in FOLDER.iterdir():
        if file.name < "0008":
            (folder / file.name).write_text(file.read_text())
    with connect(empty_url) as db:
        migrate(db, NOW, folder)
        db.execute(BOOKS_OF_0007)

        migrate(db, LATER)

        accounts = db.execute(
            "SELECT number >> 40, number & 255, owner, kind, balance, debits_pending, entries"
            " FROM account INNER JOIN standing ON standing.account = number ORDER BY number"
        ).fetchall()
        assert accounts == [
            (1, 1, "AAAA", "available", 60, 7, 2),
            (1, 2, "AAAA", "in_clearing", 40, 0, 1),
            (1, 3, "house", "vault", -100, 0, 1),
            (2, 1, "AAAA", "available", 0, 0, 0),
        ]
        assert trial_balance(db).is_balanced
        found = find(db, [TransferId(name) for name in ("t1", "t2", "t3")])
        assert [one.transfer.asset for one in found.values()] == ["x:1"] * 3
        with db.transaction():
            assert expire(db, LATER) == 1
        assert trial_balance(db).is_balanced


BOOKS_OF_0007 = """
INSERT INTO account (id, owner, kind, asset, of_house, normal_side, overdraft, opened_at)
SELECT id, owner, kind, asset, of_house, normal_side, overdraft, '2026-01-05 12:00:00Z'
FROM (
    VALUES ('a', 'AAAA', 'available', 'x:1'), ('b', 'AAAA', 'in_clearing', 'x:1'),
    ('c', 'house', 'vault', 'x:1'), ('d', 'AAAA', 'available', 'x:2')
) AS a (id, owner, kind, asset)
INNER JOIN account_kind USING (kind);
INSERT INTO transfer (
    id, debit, credit, units, asset, code, cause, occurred_at, recorded_at, phase, expires_at,
    debit_entry, debit_balance, credit_entry, credit_balance
) VALUES
('t1', 'c', 'a', 100, 'x:1', 'pay_in', 'x', '2026-01-05 12:00:00Z', '2026-01-05 12:00:00Z',
    'single', NULL, 1, -100, 1, 100),
('t2', 'a', 'b', 40, 'x:1', 'discharge', 'x', '2026-01-05 12:00:00Z', '2026-01-05 12:00:00Z',
    'single', NULL, 2, 60, 1, 40),
('t3', 'a', 'b', 7, 'x:1', 'hold', 'x', '2026-01-05 12:00:00Z', '2026-01-05 12:00:00Z',
    'pending', '2026-01-06 12:00:00Z', NULL, NULL, NULL, NULL);
INSERT INTO reservation VALUES ('t3', 'a', 'b', '2026-01-06 12:00:00Z');
UPDATE account SET balance = -100, entries = 1, moved_at = '2026-01-05 12:00:00Z' WHERE id = 'c';
UPDATE account SET balance = 60, debits_pending = 7, entries = 2, moved_at = '2026-01-05 12:00:00Z'
WHERE id = 'a';
UPDATE account SET balance = 40, credits_pending = 7, entries = 1, moved_at = '2026-01-05 12:00:00Z'
WHERE id = 'b';
"""


def test_a_new_file_is_applied_alone(empty_url: str, folder: Path) -> None:
    with connect(empty_url) as db:
        put(folder, ONE)
        assert migrate(db, NOW, folder) == ["0001_one.sql"]
        put(folder, TWO)
        assert migrate(db, LATER, folder) == ["0002_two.sql"]

        rows = db.execute("SELECT number, applied_at FROM migration ORDER BY number").fetchall()
        assert rows == [(1, NOW), (2, LATER)]
        assert db.execute("SELECT n FROM one").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "change",
    [{"0001_one.sql": "CREATE TABLE one (n bigint);"}, {"0001_uno.sql": ONE["0001_one.sql"]}],
)
def test_an_applied_file_that_was_changed_is_refused(
    empty_url: str, folder: Path, change: Mapping[str, str]
) -> None:
    put(folder, ONE)
    with connect(empty_url) as db:
        migrate(db, NOW, folder)
        (folder / "0001_one.sql").unlink()
        put(folder, {**change, **TWO})

        with pytest.raises(MigrationChanged) as refusal:
            migrate(db, NOW, folder)

    assert refusal.value.code == "migration.changed"
    assert "two" not in tables(empty_url)


@pytest.mark.parametrize(
    "names",
    [
        ["0002_one.sql"],
        ["0001_one.sql", "0003_three.sql"],
        ["0001_one.sql", "0001_uno.sql"],
        ["0000_zero.sql"],
        ["0001_one.sql", "hotfix.sql"],
        ["1_one.sql"],
        ["0001_One.sql"],
    ],
    ids=" ".join,
)
def test_a_gap_or_a_number_twice_is_refused(empty_url: str, folder: Path, names: list[str]) -> None:
    put(folder, dict.fromkeys(names, "SELECT 1"))
    with connect(empty_url) as db, pytest.raises(MigrationNumbering) as refusal:
        migrate(db, NOW, folder)

    assert refusal.value.code == "migration.numbering"
    assert tables(empty_url) == set()


def test_a_database_newer_than_the_code_is_refused(empty_url: str, folder: Path) -> None:
    put(folder, ONE | TWO)
    with connect(empty_url) as db:
        migrate(db, NOW, folder)
        (folder / "0002_two.sql").unlink()

        with pytest.raises(DatabaseNewer, match=r"0002_two\.sql") as refusal:
            migrate(db, NOW, folder)

    assert refusal.value.code == "migration.database-newer"


def test_a_migration_that_fails_in_the_middle_is_not_there_at_all(
    empty_url: str, folder: Path
) -> None:
    put(folder, ONE | {"0002_two.sql": "CREATE TABLE two (n int); SELECT 1 / 0;"})
    with connect(empty_url) as db:
        with pytest.raises(psycopg.errors.DivisionByZero):
            migrate(db, NOW, folder)
        assert tables(empty_url) == {"migration", "one"}

        put(folder, TWO)
        assert migrate(db, NOW, folder) == ["0002_two.sql"]


def test_a_migration_whose_session_is_lost_is_not_there_at_all(
    empty_url: str, admin_url: str, folder: Path
) -> None:
    """The lock is gone with the session, so that the next one can go on."""
    put(folder, ONE | {"0002_two.sql": "CREATE TABLE two (n int); SELECT pg_sleep(60);"})
    with connect(empty_url) as db, ThreadPoolExecutor(1) as pool:
        running = pool.submit(migrate, db, NOW, folder)
        with psycopg.connect(admin_url, autocommit=True) as admin:
            until(admin, "wait_event = 'PgSleep' AND pid = %s", db.info.backend_pid)
            admin.execute("SELECT pg_terminate_backend(%s)", [db.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            running.result()

    assert tables(empty_url) == {"migration", "one"}
    put(folder, TWO)
    with connect(empty_url) as db:
        assert migrate(db, NOW, folder) == ["0002_two.sql"]


def test_of_two_at_once_one_applies_and_the_other_waits(
    empty_url: str, admin_url: str, folder: Path
) -> None:
    put(folder, {"0001_one.sql": "CREATE TABLE one (n int); SELECT pg_sleep(0.5);"} | TWO)
    with connect(empty_url) as db, connect(empty_url) as other, ThreadPoolExecutor(2) as pool:
        first = pool.submit(migrate, db, NOW, folder)
        with psycopg.connect(admin_url, autocommit=True) as admin:
            until(admin, "wait_event = 'PgSleep' AND pid = %s", db.info.backend_pid)
            second = pool.submit(migrate, other, LATER, folder)
            until(admin, "wait_event = 'advisory' AND pid = %s", other.info.backend_pid)

        assert first.result() == ["0001_one.sql", "0002_two.sql"]
        assert second.result() == []


def until(db: psycopg.Connection, condition: str, pid: int) -> None:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE {condition}"  # noqa: S608 - our own words
    for _ in range(2_000):
        if db.execute(query.encode(), [pid]).fetchone() != (0,):
            return
        threading.Event().wait(0.005)
    pytest.fail(f"never: {condition}")


def test_a_naive_instant_is_a_bug(empty_url: str, folder: Path) -> None:
    with connect(empty_url) as db, pytest.raises(AssertionError):
        migrate(db, NOW.replace(tzinfo=None), folder)


def test_named_blocks_keep_their_comments() -> None:
    blocks = named.parse(
        "-- About the file.\n\n-- first\n-- Why it is so.\nSELECT 1;\n\n-- b\nSELECT 2;\n"
    )

    assert blocks == {"first": "-- Why it is so.\nSELECT 1;", "b": "SELECT 2;"}


@pytest.mark.parametrize(
    "text",
    ["SELECT 1;\n-- a\nSELECT 1;", "-- a\nSELECT 1;\n-- a\nSELECT 2;", "-- a\n-- Only words.\n"],
)
def test_misnamed_blocks_are_a_bug(text: str) -> None:
    with pytest.raises(AssertionError):
        named.parse(text)
