"""One PostgreSQL for the whole run, and a fresh database for each test that asks.

A test gets a real database it may commit to from several connections. It is copied from one that
has been migrated once, and dropped afterwards.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import settings
from psycopg.sql import SQL, Identifier

from clearhouse.store import launcher
from clearhouse.store.connection import connect
from clearhouse.store.migrate import migrate

# Machines are shared: how long an example takes says nothing. In CI the examples are the same
# each time, so that a change is judged by what it changed.
settings.register_profile("clearhouse", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("clearhouse")

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
NUMBER = count()
MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 << 30  # noqa: S108 - a file system that is in memory
pytest_plugins = ["tests.staging"]  # a whole house, for tests of operations and histories


def in_memory() -> str:
    """Where files are in memory if there is room, else where they are on disk.

    A database is a thousand files, and nearly every test makes one: on disk that took ten times as
    long as in memory, and half of the time of all tests.
    """
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return str(MEMORY) if has_room and os.access(MEMORY, os.W_OK) else "/tmp"  # noqa: S108


@contextmanager
def folder_for_server(where: str = "/tmp") -> Iterator[Path]:  # noqa: S108
    """A folder that PostgreSQL's user can come to.

    pytest's tmp_path is closed to it when the tests run as root; and a socket's path is short.
    """
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-test-", dir=where))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        launcher.stop(folder / "database")
        shutil.rmtree(folder)


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a server of the test's own, durable as the product's, in `database`.

    Whatever runs there is stopped and removed afterwards.
    """
    with folder_for_server() as folder:
        yield folder


@pytest.fixture(scope="session")
def admin_url() -> Iterator[str]:
    """The address of a session that may make and drop databases."""
    if url := os.environ.get("DATABASE_URL"):
        yield launcher.start(Path("unused"), database_url=url).url
        return
    with folder_for_server(in_memory()) as folder:
        url = launcher.start(folder / "database").url
        url = elsewhere(url, "postgres", user=launcher.SUPERUSER)
        with psycopg.connect(url, autocommit=True) as db:
            # Safe here, as no test of this server pulls its plug; those that do start their own.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                db.execute(SQL("ALTER SYSTEM SET {} = off").format(Identifier(setting)))
            db.execute("SELECT pg_reload_conf()")
        yield url


def elsewhere(url: str, database: str, user: str | None = None) -> str:
    """The same server's other `database`, and perhaps as another user."""
    parts = urlsplit(url)._replace(path=f"/{database}")
    return urlunsplit(parts._replace(netloc=f"{user}@") if user else parts)


@contextmanager
def new_database(admin_url: str, template: str = "template0") -> Iterator[tuple[str, str]]:
    """Make a database by copying another, say its name and address, and drop it."""
    name = f"clearhouse_test_{os.getpid()}_{next(NUMBER)}"
    # On our own server the tests are who the house is: no superuser.
    user = None if "DATABASE_URL" in os.environ else launcher.NAME
    owner = SQL(" OWNER {}").format(Identifier(user)) if user else SQL("")
    with psycopg.connect(admin_url, autocommit=True) as admin:
        make = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
        admin.execute(make + owner)
    try:
        yield name, elsewhere(admin_url, name, user)
    finally:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def template(admin_url: str) -> Iterator[str]:
    """The name of a database with all migrations applied, to be copied."""
    with new_database(admin_url) as (name, url):
        with connect(url) as db:
            migrate(db, NOW)
        yield name


@pytest.fixture
def empty_url(admin_url: str) -> Iterator[str]:
    """The address of a database of the test's own with nothing in it."""
    with new_database(admin_url) as (_, url):
        yield url


@pytest.fixture
def db_url(admin_url: str, template: str) -> Iterator[str]:
    """The address of a migrated database of the test's own."""
    with new_database(admin_url, template) as (_, url):
        yield url


@pytest.fixture
def db(db_url: str) -> Iterator[psycopg.Connection]:
    """A connection to a migrated database of the test's own."""
    with connect(db_url, "test") as db:
        yield db
