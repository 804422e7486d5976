"""Records: every register has a table of its own, and all are written and read in the same ways.

A table's columns are the fields of its records, then `key`, `position` (of the entry by which it
was entered), `replaced_at` (the entry by which something else was said) and `proposal`. Statements
differ by names alone, which come from the code; values are parameters.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.sql import SQL as Composed  # noqa: N811 - `SQL` is every module's own statements
from psycopg.sql import Identifier

from clearhouse.core.record import Register
from clearhouse.core.registers import REGISTERS
from clearhouse.store.bulk import copy_rows_into, joined, together
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("records")
MANY = 1_000  # records entered at once, that make a table another one


@dataclass(frozen=True, slots=True)
class Version:
    """A record as it was said, and between which places of the journal it stood."""

    record: Any
    position: int
    replaced_at: int | None
    proposal: str
    recorded_at: datetime


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter the records that the journal tells of, each in place of the one under its key."""
    by_register: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_register[entry.event.register].append(entry)  # type: ignore[union-attr]
    for name, several in by_register.items():
        _enter(db, REGISTERS[name], several)


def _enter(db: Connection, register: Register, entries: Sequence[Entry]) -> None:
    events: list[Any] = [entry.event for entry in entries]
    positions = [entry.position for entry in entries]
    # Of one key said several times at once, each is replaced by the next.
    replaced: list[int | None] = [None] * len(entries)
    newest: dict[str, int] = {}
    first: dict[str, int] = {}
    for place, event in enumerate(events):
        if event.key in newest:
            replaced[newest[event.key]] = positions[place]
        newest[event.key] = place
        first.setdefault(event.key, positions[place])
    db.execute(
        _of(register, SQL["replace"]),
        {"keys": joined(first), "positions": joined(map(str, first.values()))},
    )
    names = [one.name for one in register.columns]
    rows = []
    for event, position, until in zip(events, positions, replaced, strict=True):
        record = register.form.recall(event.body)
        fields = [getattr(record, name) for name in names]
        rows.append((*fields, event.key, position, until, event.proposal or None))
    copy_rows_into(db, register.name, [*names, "key", "position", "replaced_at", "proposal"], rows)
    if len(rows) > MANY:  # or the planner would go on taking the table for a small one
        db.execute(Composed("ANALYZE {table}").format(table=Identifier(register.name)))


def current(
    db: Connection, register: Register, by: str = "", ids: Iterable[str] | None = None
) -> list[Any]:
    """Read records as they are known now, in the order of their keys.

    Args:
        by: The field to look for; whose they are if it is not given.
        ids: Its values; None is all.
    """
    statement = SQL["all_now"] if ids is None else SQL["some_now"]
    rows = _rows(db, register, statement, by, ids=joined(ids or ()))
    return [_restored(register, fields) for fields in rows]


def current_of(
    db: Connection, several: Sequence[Register], ids: Sequence[str] | None, by: str = ""
) -> list[Any]:
    """As `current`, of several registers at once: by register, then by key."""
    statement = SQL["all_now"] if ids is None else SQL["some_now"]
    asked = {"ids": joined(ids or ())}
    with together(db, ids):
        cursors = [db.execute(_of(one, statement, by), asked) for one in several]
        rows = [cursor.fetchall() for cursor in cursors]
    return [
        _restored(register, fields)
        for register, each in zip(several, rows, strict=True)
        for fields in each
    ]


def known_at(db: Connection, register: Register, position: int) -> list[Any]:
    """Read a register as it was known at a place of the journal, in the order of its keys."""
    rows = _rows(db, register, SQL["known_at"], position=position)
    return [_restored(register, fields) for fields in rows]


def versions(
    db: Connection, register: Register, by: str = "", ids: Iterable[str] | None = None
) -> list[Version]:
    """Read all that was ever said, in the order in which it was; as `current`."""
    statement = SQL["all_ever"] if ids is None else SQL["some_ever"]
    return [
        Version(_restored(register, fields), position, replaced_at, proposal or "", recorded_at)
        for *fields, position, replaced_at, proposal, recorded_at in _rows(
            db, register, statement, by, ids=joined(ids or ())
        )
    ]


def position_at(db: Connection, at: datetime) -> int:
    """The place of the last entry of the journal that was recorded up to an instant; 0 if none."""
    row = db.execute(SQL["position_at"], {"at": at}).fetchone()
    return row[0] if row else 0


def _rows(
    db: Connection, register: Register, statement: LiteralString, by: str = "", **values: Any
) -> Iterable[Sequence[Any]]:
    return db.execute(_of(register, statement, by), values)


def _restored(register: Register, fields: Sequence[Any]) -> Any:
    return register.kind(*(tuple(one) if isinstance(one, list) else one for one in fields))


@lru_cache(maxsize=1024)
def _written(statement: LiteralString, table: str, by: str, names: tuple[str, ...]) -> bytes:
    """A statement about a register; the names come from the code."""
    query = Composed(statement).format(
        table=Identifier(table),
        by=Identifier(by),
        fields=Composed(", ").join(Identifier(table, name) for name in names),
    )
    return query.as_bytes(None)


def _of(register: Register, statement: LiteralString, by: str = "") -> bytes:
    names = tuple(one.name for one in register.columns)
    return _written(statement, register.name, by or register.about, names)
