"""Dossiers: keep, read and erase what is personal about a subject."""

from datetime import datetime

from clearhouse.core import dossier as rules
from clearhouse.core.dossier import (
    Dossier,
    DossierAltered,
    DossierErased,
    DossierGone,
    DossierKept,
    UnknownDossier,
)
from clearhouse.operations.house import House
from clearhouse.store import dossiers
from clearhouse.store.projection import record


def keep(house: House, subject: str, dossier: Dossier, now: datetime) -> None:
    """Keep a dossier in place of the one before, in the caller's transaction.

    Raises:
        DossierGone: It was erased, and what was erased does not come back.
    """
    before = dossiers.find(house.db, subject)
    if before and before.erased:
        raise DossierGone(f"the dossier of {subject} was erased", subject=subject)
    edition = before.edition + 1 if before else 1
    key = house.keyring.make(subject, house.dice)
    fact = DossierKept(edition, dossier.commitment)
    record(house.db, [(subject, fact)], now, now)
    sealed = rules.seal(dossier, subject, edition, key, house.dice)
    dossiers.put(house.db, subject, edition, sealed)


def read(house: House, subject: str) -> Dossier:
    """Read what is personal about a subject.

    Raises:
        UnknownDossier, DossierGone: There is nothing, or nothing any more.
        DossierAltered: It is not what the journal committed to, or its key is lost.
    """
    # First the key, which goes last: a key that is gone means that the erasure is committed.
    key = house.keyring.find(subject)
    with house.db.transaction():
        kept = dossiers.find(house.db, subject)
    if kept is None:
        raise UnknownDossier(f"nothing is kept about {subject}", subject=subject)
    if kept.erased:
        raise DossierGone(f"the dossier of {subject} was erased", subject=subject)
    if key is None or kept.content is None:
        lost = "key" if key is None else "content"
        raise DossierAltered(f"the {lost} of {subject}'s dossier is lost", subject=subject)
    return rules.unseal(kept.content, subject, kept.edition, key, kept.commitment)


def erasure(house: House, subject: str, reason: str) -> tuple[str, DossierErased]:
    """Make the fact that erases a dossier, in the caller's transaction.

    Raises:
        UnknownDossier, DossierGone: There is nothing to erase.
    """
    kept = dossiers.find(house.db, subject)
    if kept is None:
        raise UnknownDossier(f"nothing is kept about {subject}", subject=subject)
    if kept.erased:
        raise DossierGone(f"the dossier of {subject} was erased before", subject=subject)
    return subject, DossierErased(reason)


def erase_keys(house: House) -> int:
    """Erase the keys of erased dossiers, after the commit that erased them; answers how many.

    Whoever was killed between the two leaves a key behind; the next call erases it.
    """
    left = house.keyring.subjects() & dossiers.erased(house.db)
    for subject in sorted(left):
        house.keyring.erase(subject)
    return len(left)
