"""Registers: participants with their licences, and the gate's findings about them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from psycopg import Connection

from clearhouse.core.gate import Finding
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import Class, Licence, Participant
from clearhouse.store.named import load

SQL = load("registers")


def participants(
    db: Connection, ids: Iterable[ParticipantId] | None = None
) -> dict[ParticipantId, Participant]:
    """Find participants with their licences; those that are not there are left out.

    Args:
        ids: Whom to look for; all if None.
    """
    if ids is None:
        rows = db.execute(SQL["all_participants"]).fetchall()
    else:
        rows = db.execute(SQL["participants"], {"ids": sorted(set(ids))}).fetchall()
    held: defaultdict[str, list[Licence]] = defaultdict(list)
    for owner, licence_class, issuer, start, end in db.execute(
        SQL["licences"], {"ids": [row[0] for row in rows]}
    ):
        held[owner].append(Licence(Class(licence_class), issuer, start, end))
    return {
        id: Participant(id, name, residence, address, tuple(held[id]))
        for id, name, residence, address in rows
    }


def add_participants(db: Connection, admitted: Iterable[Participant]) -> None:
    """Enter new participants, without their licences."""
    with db.cursor().copy(SQL["copy_participants"]) as copy:
        for one in admitted:
            copy.write_row((one.id, one.name, one.residence, one.address))


def add_licences(db: Connection, licences: Iterable[tuple[ParticipantId, Licence]]) -> None:
    """Enter new licences."""
    with db.cursor().copy(SQL["copy_licences"]) as copy:
        for owner, one in licences:
            copy.write_row((owner, one.licence_class, one.issuer, one.valid_from, one.valid_to))


def add_findings(db: Connection, made: Sequence[tuple[str, Finding]]) -> set[str]:
    """Keep findings by digest; those that are there already are not kept twice.

    Returns:
        The digests that are new.
    """
    new: set[str] = set()
    with db.cursor() as cursor:
        rows = [
            {"digest": digest, "subject": finding.subject, "body": finding.body()}
            for digest, finding in made
        ]
        if not rows:
            return new
        cursor.executemany(SQL["add_finding"], rows, returning=True)
        for _ in cursor.results():
            new.update(digest for (digest,) in cursor)
    return new


def findings(db: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Read findings' canonical bodies by digest."""
    return dict(db.execute(SQL["findings"], {"digests": list(digests)}).fetchall())
