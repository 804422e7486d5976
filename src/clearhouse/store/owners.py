"""Owners: the holdings above some participants, and when what is known of them last changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg import Connection

from clearhouse.core.owner import DOSSIER_DIGITS, PERSON, Holding
from clearhouse.store.bulk import joined, together
from clearhouse.store.dossiers import Kept
from clearhouse.store.named import load

SQL = load("owners")


def above(db: Connection, ids: Iterable[str]) -> list[Holding]:
    """Every holding of the owners of some entities, direct and indirect, on whatever day."""
    rows = db.execute(SQL["above"], {"ids": joined(ids)})
    return [Holding(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of some owners.

    Attributes:
        names: Of entities and participants among them, all that each has and had.
        seats: Of those, where each resides or is registered.
        persons: Of the natural persons among them, whose dossier each one's is.
        dossiers: Those, by their subjects.
    """

    names: Mapping[str, tuple[str, ...]]
    seats: Mapping[str, frozenset[str]]
    persons: Mapping[str, str]
    dossiers: Mapping[str, Kept]


def known(db: Connection, ids: Iterable[str]) -> Known:
    """Read what is known of some owners."""
    asked = list(ids)
    people = [id for id in asked if id.startswith(f"{PERSON}_")]
    with together(db, asked):
        named = db.execute(SQL["names"], {"ids": asked})
        kept = db.execute(SQL["dossiers"], {"ids": joined(people), "digits": DOSSIER_DIGITS})
        said, sealed = named.fetchall(), kept.fetchall()
    names: defaultdict[str, list[str]] = defaultdict(list)
    seats: defaultdict[str, set[str]] = defaultdict(set)
    for id, name, seat, *_ in said:
        names[id].append(name)
        seats[id].add(seat)
    return Known(
        {id: tuple(dict.fromkeys(several)) for id, several in names.items()},
        {id: frozenset(several - {""}) for id, several in seats.items()},
        {id: subject for id, subject, *_ in sealed},
        {subject: Kept(*each) for _, subject, *each in sealed},
    )


def everything(db: Connection) -> list[Holding]:
    """Every holding there is, on whatever day."""
    return [Holding(*row) for row in db.execute(SQL["everything"])]


def changes(db: Connection) -> list[int]:
    """The places of the journal at which owners, associates or hits were said, in order."""
    return [position for (position,) in db.execute(SQL["changes"])]


def changed_at(db: Connection) -> tuple[int, int]:
    """The last of these, 0 if there is none, and how many dossiers were erased."""
    row = db.execute(SQL["changed_at"]).fetchone()
    assert row is not None
    return row[0], row[1]
