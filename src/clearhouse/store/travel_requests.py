"""Requests of other providers that were taken, so that one that comes again is answered the same.

They are no facts of the journal: what was done by a request is.
"""

from datetime import datetime

from psycopg import Connection

from clearhouse.store.named import load

SQL = load("travel_requests")


def find(db: Connection, lei: str, called: str, identifier: str) -> tuple[str, bytes] | None:
    """What was taken under an identifier: the hash of what was asked, and what was answered."""
    asked = {"lei": lei, "called": called, "identifier": identifier}
    row = db.execute(SQL["find"], asked).fetchone()
    return (str(row[0]), bytes(row[1])) if row else None


def keep(
    db: Connection, key: tuple[str, str, str], digest: str, body: bytes, taken_at: datetime
) -> None:
    """Keep what was answered to a request.

    Args:
        key: Whose it was, for what, and its identifier.
    """
    lei, called, identifier = key
    values = {"lei": lei, "called": called, "identifier": identifier}
    db.execute(SQL["keep"], {**values, "digest": digest, "body": body, "taken_at": taken_at})


def forget(db: Connection, before: datetime) -> int:
    """Forget what was taken before an instant; answers how many."""
    return db.execute(SQL["forget"], {"before": before}).rowcount
