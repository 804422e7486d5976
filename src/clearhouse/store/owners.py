"""Owners: the holdings above some participants, and when what is known of owners last changed."""

from collections import defaultdict
from collections.abc import Iterable

from psycopg import Connection

from clearhouse.core.owner import Holding
from clearhouse.store.bulk import joined
from clearhouse.store.named import load

SQL = load("owners")


def above(db: Connection, ids: Iterable[str]) -> list[Holding]:
    """Every holding of the owners of some entities, direct and indirect, on whatever day."""
    rows = db.execute(SQL["above"], {"ids": joined(ids)})
    return [Holding(*row) for row in rows]


def names(db: Connection, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """All names of those who are participants, as `Participant.all_names` has them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for id, name, _ in db.execute(SQL["names"], {"ids": list(ids)}):
        found[id].append(name)
    return {id: tuple(dict.fromkeys(several)) for id, several in found.items()}


def everything(db: Connection) -> list[Holding]:
    """Every holding there is, on whatever day."""
    return [Holding(*row) for row in db.execute(SQL["everything"])]


def changes(db: Connection) -> list[int]:
    """The places of the journal at which something was said of owners, in order."""
    return [position for (position,) in db.execute(SQL["changes"])]


def changed_at(db: Connection) -> int:
    """The last of these; 0 if there is none."""
    row = db.execute(SQL["changed_at"]).fetchone()
    assert row is not None
    position: int = row[0]
    return position
