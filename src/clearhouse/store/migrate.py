"""Migrations: plain SQL files, numbered without gaps, each applied once and whole.

`migrations/0001_ledger.sql`, `0002_...`: each runs in a transaction of its own together with the
row that records it, so after an interruption it is there or it is not. One advisory lock makes a
second process wait and then find nothing to do. An applied file never changes; a correction is a
new file.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg

from clearhouse.core.errors import Kind, Refusal

FOLDER = files("clearhouse.store") / "migrations"
NAME_FORM = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql", re.ASCII)

# Any number will do that nothing else in this database locks: "clearhou" in ASCII.
LOCK = int.from_bytes(b"clearhou", "big")

# IF NOT EXISTS says so in a notice, and the first statement of all can then be the same each time.
RECORD = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY CHECK (number > 0),
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL
)
"""


class MigrationNumbering(Refusal):
    """Migrations are not numbered 0001, 0002, ... without gaps."""

    code = "migration.numbering"
    kind = Kind.CONFLICT


class MigrationChanged(Refusal):
    """A migration was changed after it had been applied."""

    code = "migration.changed"
    kind = Kind.CONFLICT


class DatabaseNewer(Refusal):
    """The database was migrated by newer code than this."""

    code = "migration.database-newer"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """What its text is known by."""
        return sha256(self.text.encode()).hexdigest()


def migrate(db: psycopg.Connection, now: datetime, folder: Traversable = FOLDER) -> list[str]:
    """Bring the database up to the code.

    Args:
        db: A connection that commits by itself, outside any transaction.
        now: The house's clock: recorded as the instant of what is applied.
        folder: Where the files are.

    Returns:
        The names of the files that were applied now, in order.

    Raises:
        MigrationNumbering, DatabaseNewer, MigrationChanged: In this precedence; nothing is applied.
    """
    assert now.utcoffset() is not None
    assert db.autocommit
    migrations = read(folder)
    db.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        db.execute(RECORD)
        new = migrations[check(db, migrations) :]
        for migration in new:
            with db.transaction():
                db.execute(migration.text.encode())
                db.execute(
                    "INSERT INTO migration (number, name, sha256, applied_at)"
                    " VALUES (%s, %s, %s, %s)",
                    [migration.number, migration.name, migration.sha256, now],
                )
    finally:
        if not db.broken:  # a lost session has lost its locks
            db.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return [migration.name for migration in new]


def read(folder: Traversable) -> list[Migration]:
    """Read the files of `folder` in order.

    Raises:
        MigrationNumbering: A name without a number, a gap, or a number twice.
    """
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    migrations = []
    for number, name in enumerate(names, 1):
        form = NAME_FORM.fullmatch(name)
        if form is None or int(form["number"]) != number:
            raise MigrationNumbering(f"{name} stands where {number:04}_name.sql should", name=name)
        migrations.append(Migration(number, name, (folder / name).read_text(encoding="utf-8")))
    return migrations


def check(db: psycopg.Connection, migrations: Sequence[Migration]) -> int:
    """Compare what was applied with the files, and say how many were.

    Raises:
        DatabaseNewer, MigrationChanged: They disagree.
    """
    rows = db.execute("SELECT number, name, sha256 FROM migration ORDER BY number").fetchall()
    if rows and rows[-1][0] > len(migrations):
        number, name, _ = rows[-1]
        raise DatabaseNewer(
            f"the database has {name}; the code ends with {len(migrations):04}. Run newer code",
            number=str(number),
        )
    for (number, name, digest), migration in zip(rows, migrations, strict=False):
        if (number, name, digest) != (migration.number, migration.name, migration.sha256):
            raise MigrationChanged(
                f"{migration.name} is not what was applied as {name}: undo the change, and put it "
                "into a new file",
                name=migration.name,
            )
    return len(rows)
