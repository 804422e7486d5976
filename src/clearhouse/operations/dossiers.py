"""Dossiers: keep, read and erase what is personal about a subject."""

from collections.abc import Mapping, Sequence
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
from clearhouse.core.event import Event
from clearhouse.operations.house import House
from clearhouse.store import dossiers
from clearhouse.store.dossiers import Kept
from clearhouse.store.projection import record


def keep(house: House, subject: str, dossier: Dossier, now: datetime) -> None:
    """Keep a dossier in place of the one before, in the caller's transaction.

    Raises:
        DossierGone: It was erased, and what was erased does not come back.
    """
    keep_many(house, [(subject, dossier)], now)


def keep_many(house: House, several: Sequence[tuple[str, Dossier]], now: datetime) -> None:
    """Keep dossiers of several subjects, none of them twice; as `keep`."""
    subjects = [subject for subject, _ in several]
    before = dossiers.find_many(house.db, subjects)
    for subject, kept in before.items():
        if kept.erased:
            raise DossierGone(f"the dossier of {subject} was erased", subject=subject)
    keys = house.keyring.make(subjects, house.dice)
    facts: list[tuple[str, Event]] = []
    sealed = []
    for (subject, dossier), key in zip(several, keys, strict=True):
        edition = before[subject].edition + 1 if subject in before else 1
        facts.append((subject, DossierKept(edition, dossier.commitment)))
        content = rules.seal(dossier, subject, edition, key, house.dice)
        sealed.append((subject, edition, content))
    record(house.db, facts, now, now)
    dossiers.put(house.db, sealed)


def read(house: House, subject: str) -> Dossier:
    """Read what is personal about a subject.

    Raises:
        UnknownDossier, DossierGone: There is nothing, or nothing any more.
        DossierAltered: It is not what the journal committed to, or its key is lost.
    """
    found = read_many(house, [subject])
    if subject in found:
        return found[subject]
    if dossiers.find(house.db, subject) is None:
        raise UnknownDossier(f"nothing is kept about {subject}", subject=subject)
    raise DossierGone(f"the dossier of {subject} was erased", subject=subject)


def read_many(house: House, subjects: Sequence[str]) -> dict[str, Dossier]:
    """Read what is personal about several; whose dossier was erased, or never was, is left out.

    Raises:
        DossierAltered: One is not what the journal committed to, or its key is lost.
    """
    return opened(house, dossiers.find_many(house.db, subjects))


def opened(house: House, found: Mapping[str, Kept]) -> dict[str, Dossier]:
    """Decrypt dossiers that were read from the database; as `read_many`."""
    keys = {
        subject: house.keyring.find(subject) for subject, kept in found.items() if not kept.erased
    }
    # A key goes after the commit that erases its dossier: whose has gone may be erased by now.
    gone = [subject for subject, key in keys.items() if key is None]
    now = {**found, **dossiers.find_many(house.db, gone)}
    said = {}
    for subject, key in keys.items():
        kept = now[subject]
        if kept.erased:
            continue
        if key is None or kept.content is None:
            lost = "key" if key is None else "content"
            raise DossierAltered(f"the {lost} of {subject}'s dossier is lost", subject=subject)
        said[subject] = rules.unseal(kept.content, subject, kept.edition, key, kept.commitment)
    return said


def kept(house: House, subjects: Sequence[str]) -> set[str]:
    """Of which subjects there is a dossier that was not erased."""
    found = dossiers.find_many(house.db, subjects)
    return {subject for subject, one in found.items() if not one.erased}


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
