"""One PostgreSQL for the whole run, and a fresh database for each test that asks.

A test gets a real database it may commit to from several connections. It is copied from one that
has been migrated once, and dropped afterwards.

Also the plain ledger that stands beside the real one, for the pure core's tests and the store's.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from hypothesis import settings
from psycopg.sql import SQL, Identifier

from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import (
    HOUSE,
    UNITS_MAX,
    Account,
    AccountId,
    AccountKind,
    Transfer,
    TransferCode,
)
from clearhouse.store import launcher
from clearhouse.store.connection import connect
from clearhouse.store.migrate import migrate

# Machines are shared: how long an example takes says nothing. In CI the examples are the same
# each time, so that a change is judged by what it changed.
settings.register_profile("clearhouse", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("clearhouse")

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
NUMBER = count()
pytest_plugins = ["tests.staging"]  # a whole house, for tests of operations and histories


@contextmanager
def folder_for_server() -> Iterator[Path]:
    """A folder that PostgreSQL's user can come to.

    pytest's tmp_path is closed to it when the tests run as root; and a socket's path is short.
    """
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-test-", dir="/tmp"))
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
    with folder_for_server() as folder:
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


@dataclass
class PlainLedger:
    """What a ledger must do, as plainly as can be: balances are summed anew for each question."""

    dice: Random
    assets: tuple[str, str]
    open: dict[AccountId, Account] = field(default_factory=dict)
    closed: list[Account] = field(default_factory=list)
    transfers: list[tuple[Transfer, datetime]] = field(default_factory=list)
    whale: bool = False  # moves great sums one way, until a balance has too many digits

    def __post_init__(self) -> None:
        for asset in self.assets:
            for kind in (AccountKind.AVAILABLE, AccountKind.IN_CLEARING):
                for owner in ("5493001KJTIIGC8Y1R12", "213800D1EI4B9WTWWD28"):
                    self.accept(Account(owner, kind, asset))
            for kind in list(AccountKind)[2:]:
                self.accept(Account(HOUSE, kind, asset))
            self.closed.append(Account("NOBODY", AccountKind.AVAILABLE, asset))

    def accept(self, account: Account) -> None:
        self.open[account.id] = account

    def balance(self, id_: AccountId) -> int:
        sides = [(t.credit == id_) - (t.debit == id_) for t, _ in self.transfers]
        return sum(
            side * t.units for side, (t, _) in zip(sides, self.transfers, strict=True) if side
        )

    def say(  # noqa: C901, PLR0911 - the same guards as the ledger's, in its order
        self, transfer: Transfer, now: datetime
    ) -> tuple[str, datetime | None]:
        """Post it or not; answer with "posted" or "again" and when, or with the refusal's code."""
        for before, at in self.transfers:
            if before.id == transfer.id:
                return ("again", at) if before == transfer else ("ledger.transfer-differs", None)
        both = [transfer.debit, transfer.credit]
        if transfer.units < 1:
            return "ledger.units-not-positive", None
        if transfer.units >= 2**256:
            return "ledger.units-too-large", None
        if transfer.debit == transfer.credit:
            return "ledger.same-account", None
        if not set(both) <= set(self.open):
            return "ledger.unknown-account", None
        if {self.open[id_].asset for id_ in both} != {transfer.asset}:
            return "ledger.asset-mismatch", None
        lower = self.balance(transfer.debit) - transfer.units
        upper = self.balance(transfer.credit) + transfer.units
        free = {AccountKind.IN_CLEARING, AccountKind.CLEARING}
        from_kind, to_kind = self.open[transfer.debit].kind, self.open[transfer.credit].kind
        if from_kind not in free | {AccountKind.VAULT} and lower < 0:
            return "ledger.insufficient-funds", None
        if lower <= -(10**78):
            return "ledger.balance-too-large", None
        if to_kind is AccountKind.VAULT and upper > 0:
            return "ledger.insufficient-funds", None
        if upper >= 10**78:
            return "ledger.balance-too-large", None
        self.transfers.append((transfer, now))
        return "posted", now

    def draw(self, number: int, now: datetime) -> Transfer:
        """Think of a transfer: mostly sound, sometimes said again, sometimes wrong."""
        dice = self.dice

        def one_in(chances: int) -> bool:
            return dice.randrange(chances) == 0

        if self.transfers and one_in(8):
            before, _ = dice.choice(self.transfers)
            return replace(before, units=before.units + 1) if one_in(2) else before
        asset = dice.choice(self.assets)
        mine = [id_ for id_, account in self.open.items() if account.asset == asset]
        debit, credit = dice.sample(mine, 2)
        units = dice.randint(1, 100)
        if self.whale:
            debit, credit = (
                account.id
                for kind in (AccountKind.IN_CLEARING, AccountKind.CLEARING)
                for account in self.open.values()
                if (account.kind, account.asset) == (kind, self.assets[0])
                and account.owner in {HOUSE, "213800D1EI4B9WTWWD28"}
            )
            asset, units = self.assets[0], UNITS_MAX
            if one_in(9):
                debit, credit = credit, debit
        if one_in(15):
            units = dice.choice([0, -1, 2**256, 10**80])
        if one_in(20):
            credit = debit
        if one_in(20):
            credit = dice.choice(self.closed).id
        if one_in(15):
            asset = dice.choice(self.assets)
        id_ = TransferId(derived("trf", *self.assets, str(number)))
        code = dice.choice(list(TransferCode))
        return Transfer(id_, debit, credit, units, asset, code, now, "cyc_1")

    def batches(
        self,
    ) -> Iterator[tuple[list[Transfer], list[tuple[str, datetime | None]], datetime]]:
        """Play a history: batches, what is to be answered to each transfer, and when."""
        number = count()
        for day in range(5):
            now = NOW + timedelta(days=day)
            batch: list[Transfer] = []
            answers: list[tuple[str, datetime | None]] = []
            for _ in range(self.dice.randint(1, 12)):
                transfer = self.draw(next(number), now)
                if batch and self.dice.randrange(10) == 0:
                    transfer = self.dice.choice(batch)  # twice in one batch
                batch.append(transfer)
                answers.append(self.say(transfer, now))
            yield batch, answers, now


@pytest.fixture
def plain_ledger() -> Callable[[int], PlainLedger]:
    """Make the plain ledger of a seed; its assets are no other seed's."""

    def make(seed: int) -> PlainLedger:
        assets = (f"test:{seed}/slip44:0", f"test:{seed}/slip44:1")
        return PlainLedger(Random(seed), assets, whale=seed % 3 == 0)

    return make
