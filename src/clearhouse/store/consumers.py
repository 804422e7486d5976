"""Consumers: whoever reads the journal on from where they stopped.

A consumer's place moves in the transaction of what it did with the entries, so that both happen or
neither. What it does outside the database it may do again, and must do in the same way.
"""

from collections.abc import Callable, Sequence

from psycopg import Connection

from clearhouse.store import journal
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("consumers")
BATCH = 500


def position(db: Connection, name: str) -> int:
    """How far a consumer has read."""
    row = db.execute(SQL["position"], {"name": name}).fetchone()
    return int(row[0]) if row else 0


def consume(
    db: Connection, name: str, take: Callable[[Sequence[Entry]], None], limit: int = BATCH
) -> int:
    """Hand the next entries of the journal to a consumer, in order; answers how many.

    Of two that read under one name at once, one waits for the other and goes on behind it.
    """
    with db.transaction():
        db.execute(SQL["add"], {"name": name})
        row = db.execute(SQL["lock"], {"name": name}).fetchone()
        assert row is not None
        entries = journal.after(db, row[0], limit)
        if entries:
            take(entries)
            db.execute(SQL["move"], {"name": name, "position": entries[-1].position})
    return len(entries)
