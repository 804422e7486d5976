"""The journal: every event in one total order, appended in the transaction it explains."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection
from psycopg.pq import TransactionStatus

from clearhouse.core.canonical import instant
from clearhouse.core.event import Event, decode, encode
from clearhouse.store.bulk import field
from clearhouse.store.named import load

SQL = load("journal")

SLASH, SLASHES = "\\", "\\\\"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event at its place in the order."""

    position: int
    subject: str
    event: Event
    occurred_at: datetime
    recorded_at: datetime


class Written(NamedTuple):
    """An entry as it is stored, without its place."""

    kind: str
    subject: str
    body: str  # canonical JSON
    occurred_at: str  # as `instant` writes it


def lock(db: Connection) -> None:
    """Make this transaction the only one that appends, from here to its end.

    An operation that reads, decides and appends takes this first, so that two of them at once do
    not both decide on what the other is about to change.
    """
    assert db.info.transaction_status is TransactionStatus.INTRANS, "a lock ends with its statement"
    db.execute(SQL["lock_head"])


def head(db: Connection) -> int:
    """The position of the newest entry; 0 if there is none."""
    row = db.execute(SQL["head"]).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def append(
    db: Connection, facts: Sequence[tuple[str, Event]], occurred_at: datetime, recorded_at: datetime
) -> int:
    """Append facts in order, each a subject's id and its event, inside the caller's transaction.

    Args:
        occurred_at: When it happened in the world.
        recorded_at: The house's clock now.

    Returns:
        The position of the last; the first has that less their number plus one.
    """
    return write(db, written(facts, instant(occurred_at)), recorded_at)


def written(facts: Iterable[tuple[str, Event]], happened: str) -> list[Written]:
    """Write facts as they are stored, each a subject's id and its event.

    Args:
        happened: When, as `instant` writes it.
    """
    return [
        Written(type(event).__name__, subject, encode(event), happened) for subject, event in facts
    ]


def write(db: Connection, entries: Sequence[Written], recorded_at: datetime) -> int:
    """Append entries that are written already; as `append`."""
    assert db.info.transaction_status is TransactionStatus.INTRANS, "a crash would leave a gap"
    row = db.execute(SQL["move_head"], {"count": len(entries)}).fetchone()
    assert row is not None
    last: int = row[0]
    at = instant(recorded_at)
    _copy(db, [(one, at) for one in entries], last - len(entries) + 1)
    return last


def restore(db: Connection, entries: Sequence[Entry]) -> None:
    """Write entries of another journal, in order, behind those that are there."""
    rows = []
    for one in entries:
        kind, body = type(one.event).__name__, encode(one.event)
        written = Written(kind, one.subject, body, instant(one.occurred_at))
        rows.append((written, instant(one.recorded_at)))
    first = head(db) + 1
    assert [one.position for one in entries] == list(range(first, first + len(entries)))
    db.execute(SQL["move_head"], {"count": len(entries)})
    _copy(db, rows, first)


def _copy(db: Connection, entries: Sequence[tuple[Written, str]], first: int) -> None:
    # Of all that must be escaped canonical JSON can hold backslashes only.
    rows = [
        f"{position}\t{kind}\t{field(subject)}\t{body.replace(SLASH, SLASHES)}\t{happened}\t{at}\n"
        for position, ((kind, subject, body, happened), at) in enumerate(entries, first)
    ]
    with db.cursor().copy(SQL["copy_entries"]) as copy:
        copy.write("".join(rows))


def about(db: Connection, subject: str) -> list[Entry]:
    """Read what happened to a subject, in order."""
    return list(_entries(db.execute(SQL["about"], {"subject": subject})))


def of_kind(db: Connection, kind: type[Event], subjects: Iterable[str]) -> list[Entry]:
    """Read what happened of one kind to some subjects, in order."""
    values = {"kind": kind.__name__, "subjects": list(subjects)}
    return list(_entries(db.execute(SQL["of_kind"], values)))


def after(db: Connection, position: int, limit: int = 1000) -> list[Entry]:
    """Read on from a cursor: the next entries behind `position`, in order."""
    return list(_entries(db.execute(SQL["after"], {"position": position, "limit": limit})))


def count_kinds(db: Connection) -> dict[str, int]:
    """Count entries by kind of event."""
    return dict(db.execute(SQL["count_kinds"]).fetchall())


def _entries(rows: Iterable[tuple[int, str, str, str, datetime, datetime]]) -> Iterable[Entry]:
    for position, kind, subject, body, occurred_at, recorded_at in rows:
        yield Entry(position, subject, decode(kind, body), occurred_at, recorded_at)
