"""Registers: participants, their licences, the gate's findings about them, and which law holds."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from clearhouse.core.gate import FindingMade
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    OF_PARTY,
    Dealing,
    DealingLicensed,
    Licence,
    Participant,
    with_records,
)
from clearhouse.core.rulebook import Class
from clearhouse.core.rulebook.activation import RulebookActivated
from clearhouse.store import records
from clearhouse.store.bulk import copy_rows, joined, together
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("registers")


def paid_at(db: Connection, addresses: Iterable[str]) -> set[str]:
    """Which of some segwit addresses, in small letters, participants are paid at."""
    rows = db.execute(SQL["paid_at"], {"addresses": joined(addresses)})
    return {address for (address,) in rows}


def participants(
    db: Connection, ids: Iterable[ParticipantId] | None = None
) -> dict[ParticipantId, Participant]:
    """Find participants with their licences; those that are not there are left out.

    Args:
        ids: Whom to look for; all if None.
    """
    held: defaultdict[str, list[Licence]] = defaultdict(list)
    dealings: defaultdict[str, list[Dealing]] = defaultdict(list)
    recorded: defaultdict[str, list[Any]] = defaultdict(list)
    if ids is None:
        statements = [SQL["all_participants"], SQL["all_licences"], SQL["all_dealings"]]
    else:
        ids = sorted(set(ids))
        statements = [SQL["participants"], SQL["licences"], SQL["dealings"]]
    with together(db, ids):
        people, licences, dealt = [db.execute(one, {"ids": ids}) for one in statements]
        known = records.current_of(db, OF_PARTY, ids)
        rows = people.fetchall()
        for owner, licence_class, issuer, start, end in licences:
            held[owner].append(Licence(Class(licence_class), issuer, start, end))
        for owner, *said in dealt:
            dealings[owner].append(Dealing(*said))
    for record in known:
        recorded[record.participant].append(record)
    found = {
        id: Participant(
            *(id, name, residence, address, tuple(held[id]), tuple(dealings[id])), tuple(former)
        )
        for id, name, residence, address, former in rows
    }
    return {
        id: with_records(one, recorded[id]) if id in recorded else one for id, one in found.items()
    }


def admitted(db: Connection, ids: Iterable[str]) -> set[str]:
    """Which of some ids are participants."""
    rows = db.execute(SQL["admitted"], {"ids": joined(ids)})
    return {id for (id,) in rows}


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter findings, dealings and activations that the journal tells of."""
    found, dealings, activated = [], [], []
    for entry in entries:
        match entry.event:
            case FindingMade() as one:
                found.append((one.digest, entry.subject, one.body))
            case DealingLicensed() as one:
                evidence = (one.list_name, one.entity, one.authority, one.document)
                days = (one.valid_from, one.valid_to)
                dealings.append((one.participant, *evidence, *days, one.proposal))
            case RulebookActivated() as one:
                about = (entry.position, one.version, one.active_from)
                activated.append((*about, one.proposal or None))
            case other:
                raise AssertionError(other)
    copy_rows(db, SQL["copy_findings"], found)
    copy_rows(db, SQL["copy_dealings"], dealings)
    copy_rows(db, SQL["copy_activations"], activated)


@dataclass(frozen=True, slots=True)
class Activation:
    """From when a version of the law holds."""

    position: int  # of its entry in the journal
    version: str
    active_from: datetime
    proposal: str  # which two people agreed on; empty for the law the house was founded with


def activations(db: Connection) -> list[Activation]:
    """All of them, in the order of their instants."""
    return [Activation(*row) for row in db.execute(SQL["activations"])]


def active_version(db: Connection, now: datetime) -> str | None:
    """The version that holds now; None if none was ever activated."""
    row = db.execute(SQL["active"], {"now": now}).fetchone()
    return row[0] if row else None


def known_findings(db: Connection, digests: Iterable[str]) -> set[str]:
    """Which findings are kept already."""
    return {digest for (digest,) in db.execute(SQL["known_findings"], {"digests": list(digests)})}


def findings(db: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Read findings' canonical bodies by digest."""
    return dict(db.execute(SQL["findings"], {"digests": list(digests)}).fetchall())
