"""Owners: the holdings above some participants, and when what is known of owners last changed."""

from collections import defaultdict
from collections.abc import Iterable

from psycopg import Connection

from clearhouse.core.owner import ENTITIES, PERSONS, Entity, Holding, PersonOwner
from clearhouse.store.bulk import joined, together
from clearhouse.store.named import load
from clearhouse.store.records import current_of

SQL = load("owners")


def above(db: Connection, ids: Iterable[str]) -> list[Holding]:
    """Every holding of the owners of some entities, direct and indirect, on whatever day."""
    rows = db.execute(SQL["above"], {"ids": joined(ids)})
    return [Holding(*row) for row in rows]


Names = dict[str, tuple[str, ...]]


def known(db: Connection, ids: Iterable[str]) -> tuple[Names, list[Entity], list[PersonOwner]]:
    """What is known of some owners.

    Returns:
        All names of those who are participants, as `Participant.all_names` has them; and the
        records of entities and of natural persons.
    """
    asked = list(ids)
    with together(db, asked):
        cursor = db.execute(SQL["names"], {"ids": asked})
        records = current_of(db, (ENTITIES, PERSONS), asked, "key")
        said = cursor.fetchall()
    found: defaultdict[str, list[str]] = defaultdict(list)
    for id, name, *_ in said:
        found[id].append(name)
    return (
        {id: tuple(dict.fromkeys(several)) for id, several in found.items()},
        [one for one in records if isinstance(one, Entity)],
        [one for one in records if isinstance(one, PersonOwner)],
    )


def everything(db: Connection) -> list[Holding]:
    """Every holding there is, on whatever day."""
    return [Holding(*row) for row in db.execute(SQL["everything"])]


def changes(db: Connection) -> list[int]:
    """The places of the journal at which something was said of owners, in order."""
    return [position for (position,) in db.execute(SQL["changes"])]


def changed_at(db: Connection) -> tuple[int, int]:
    """The last of these, 0 if there is none, and how many dossiers were erased."""
    row = db.execute(SQL["changed_at"]).fetchone()
    assert row is not None
    return row[0], row[1]
