"""Dossiers: which edition there is, and the encrypted content, in the one place that may forget."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from psycopg import Connection

from clearhouse.core.dossier import DossierErased, DossierKept
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("dossiers")


@dataclass(frozen=True, slots=True)
class Kept:
    """A subject's dossier as it stands."""

    edition: int
    commitment: str
    erased: bool
    content: bytes | None  # encrypted; None once it was erased


def find(db: Connection, subject: str) -> Kept | None:
    """A subject's dossier, if there ever was one."""
    row = db.execute(SQL["find"], {"subject": subject}).fetchone()
    return Kept(*row) if row else None


def find_many(db: Connection, subjects: Sequence[str]) -> dict[str, Kept]:
    """Several dossiers, by subject; those that never were are left out."""
    rows = db.execute(SQL["find_many"], {"subjects": list(subjects)}) if subjects else ()
    return {subject: Kept(*row) for subject, *row in rows}


def put(db: Connection, sealed: Sequence[tuple[str, int, bytes]]) -> None:
    """Write encrypted contents, each a subject, an edition and its content, in place of others."""
    names = ("subject", "edition", "content")
    with db.cursor() as cursor:
        cursor.executemany(SQL["put"], [dict(zip(names, one, strict=True)) for one in sealed])


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter editions, and erase what was erased."""
    for kind, run in groupby(entries, key=lambda entry: type(entry.event)):
        each: list[dict[str, Any]] = []
        for entry in run:
            said: Any = entry.event
            values = asdict(said) if kind is DossierKept else {}
            each.append({"subject": entry.subject} | values)
        with db.cursor() as cursor:
            if kind is DossierKept:
                cursor.executemany(SQL["keep"], each)
            else:
                assert kind is DossierErased
                cursor.executemany(SQL["mark_erased"], each)
                cursor.executemany(SQL["forget"], each)


def erased(db: Connection) -> set[str]:
    """Whose dossiers were erased."""
    return {subject for (subject,) in db.execute(SQL["erased"])}
