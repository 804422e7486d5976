"""Editions of sanctions lists: what is screened by, what was refused, what two people accepted."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg import Connection

from clearhouse.core.adoption import EditionAccepted, EditionInForce, ListAdopted, ListRefused
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("editions")


@dataclass(frozen=True, slots=True)
class Past:
    """What became of an edition; of one that was refused nothing was counted."""

    recorded_at: datetime
    list_name: str
    version: str
    published_at: datetime
    before: str
    entries: int
    wallets: int
    added: int
    changed: int
    removed: int
    code: str  # why it was refused; "": it was adopted
    said: str
    proposal: str  # by which two people accepted it


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter what became of editions."""
    for entry in entries:
        at = {"position": entry.position, "recorded_at": entry.recorded_at}
        match entry.event:
            case ListAdopted() as one:
                db.execute(SQL["enter"], at | asdict(one) | {"code": "", "said": ""})
                db.execute(SQL["adopt"], asdict(one))
            case ListRefused() as one:
                counts = dict.fromkeys(("entries", "wallets", "added", "changed", "removed"), 0)
                db.execute(SQL["enter"], at | counts | asdict(one) | {"proposal": ""})
            case EditionAccepted() as one:
                db.execute(SQL["accept"], asdict(one))
                if not one.version:
                    db.execute(SQL["let_go"], asdict(one))
            case other:
                raise AssertionError(other)


def in_force(db: Connection) -> dict[str, EditionInForce]:
    """What the house screens by, by list."""
    return {name: EditionInForce(*said) for name, *said in db.execute(SQL["in_force"])}


Place = tuple[str, str, str]  # a list, a version of it, and the version that is in force then


def accepted(db: Connection) -> dict[Place, str]:
    """The proposals by which editions were accepted."""
    return {(name, version, of): by for name, version, of, by in db.execute(SQL["accepted"])}


def refused(db: Connection) -> set[Place]:
    """What was refused."""
    return {(name, version, before) for name, version, before in db.execute(SQL["refused"])}


def history(db: Connection) -> list[Past]:
    """All that became of editions, in order."""
    return [Past(*row) for row in db.execute(SQL["history"])]
