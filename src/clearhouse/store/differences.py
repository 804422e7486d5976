"""Differences between ledger, chain and custody: those that are open, and those that were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from clearhouse.core.reconciliation import Cause, DifferenceFound, DifferenceResolved
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("differences")


@dataclass(frozen=True, slots=True)
class Open:
    """A difference that stands."""

    id: str
    cause: Cause
    about: str
    units: int
    detail: str
    actor: str
    found_at: datetime


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter what differs, and what differs no more."""
    for entry in entries:
        match entry.event:
            case DifferenceFound() as one:
                values = {"id": one.difference, "cause": one.cause, "about": one.about}
                said = {"units": one.units, "detail": one.detail, "actor": one.actor}
                db.execute(SQL["find"], values | said | {"at": entry.recorded_at})
            case DifferenceResolved(difference=id):
                db.execute(SQL["resolve"], {"id": id, "at": entry.recorded_at})
            case other:
                raise AssertionError(other)


def standing(db: Connection) -> list[Open]:
    """The differences that are open, oldest first."""
    return [
        Open(id, Cause(cause), about, units, detail, actor, found_at)
        for id, cause, about, units, detail, actor, found_at in db.execute(SQL["standing"])
    ]
