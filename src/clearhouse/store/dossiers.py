"""Dossiers: which edition there is, and the encrypted content, in the one place that may forget."""

from collections.abc import Sequence
from dataclasses import dataclass

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


def put(db: Connection, subject: str, edition: int, content: bytes) -> None:
    """Write the encrypted content of an edition in place of the one before."""
    db.execute(SQL["put"], {"subject": subject, "edition": edition, "content": content})


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter editions, and erase what was erased."""
    for entry in entries:
        match entry.event:
            case DossierKept(edition=edition, commitment=commitment):
                values = {"edition": edition, "commitment": commitment}
                db.execute(SQL["keep"], {"subject": entry.subject} | values)
            case DossierErased():
                db.execute(SQL["mark_erased"], {"subject": entry.subject})
                db.execute(SQL["forget"], {"subject": entry.subject})
            case other:
                raise AssertionError(other)


def erased(db: Connection) -> set[str]:
    """Whose dossiers were erased."""
    return {subject for (subject,) in db.execute(SQL["erased"])}
