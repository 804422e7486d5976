"""People, their keys and roles; the commands they signed, and what two of them agreed on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection

from clearhouse.core import command as commands
from clearhouse.core.command import Command, CommandGiven
from clearhouse.core.founding import HouseFounded
from clearhouse.core.founding import parse as parse_founding
from clearhouse.core.ids import CommandId, PersonId
from clearhouse.core.person import (
    KeyRegistered,
    KeyRevoked,
    Person,
    PersonEnrolled,
    Role,
    RoleGranted,
    RoleWithdrawn,
)
from clearhouse.core.proposal import (
    Proposal,
    ProposalApproved,
    ProposalDeclined,
    ProposalExpired,
    ProposalMade,
    ProposalState,
)
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("people")


def project_people(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter people, keys and roles; the database refuses what two people did not agree on."""
    for entry in entries:
        at = {"at": entry.position}
        match entry.event:
            case HouseFounded(founding=text, signatures=signatures):
                house = parse_founding(text).house
                signed = {"founding": text, "signatures": list(signatures)}
                db.execute(SQL["found"], {"house": house} | signed)
            case PersonEnrolled(person=id, affiliation=affiliation, proposal=proposal):
                values = {"affiliation": affiliation, "proposal": proposal or None}
                db.execute(SQL["enrol"], {"id": id} | values)
            case KeyRegistered(person=id, key=key, proposal=proposal):
                values = {"key": key, "proposal": proposal or None}
                db.execute(SQL["register_key"], {"person": id} | values | at)
            case KeyRevoked(key=key):
                db.execute(SQL["revoke_key"], {"key": key} | at)
            case RoleGranted(person=id, role=role, proposal=proposal):
                values = {"role": role, "proposal": proposal or None}
                db.execute(SQL["grant_role"], {"person": id} | values | at)
            case RoleWithdrawn(person=id, role=role, proposal=proposal):
                values = {"role": role, "proposal": proposal}
                db.execute(SQL["withdraw_role"], {"person": id} | values | at)
            case other:
                raise AssertionError(other)


def project_commands(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter commands and move proposals; the database refuses one's own approval."""
    for entry in entries:
        match entry.event:
            case CommandGiven(command=text, signature=signature):
                given = commands.parse(text)
                values = {"id": given.id, "person": given.person, "key": given.key}
                signed = {"content": text, "digest": given.digest, "signature": signature}
                db.execute(SQL["add_command"], values | signed | {"at": entry.position})
            case ProposalMade(proposal=id, person=maker, digest=digest, expires_at=expires_at):
                values = {"id": id, "maker": maker, "digest": digest}
                db.execute(SQL["propose"], values | {"expires_at": expires_at})
            case ProposalApproved(proposal=id, person=approver, digest=digest, command=by):
                values = {"id": id, "approver": approver, "digest": digest, "command": by}
                db.execute(SQL["approve"], values)
                _move(db, id, ProposalState.APPROVED)
            case ProposalDeclined(proposal=id):
                _move(db, id, ProposalState.DECLINED)
            case ProposalExpired(proposal=id):
                _move(db, id, ProposalState.EXPIRED)
            case other:
                raise AssertionError(other)


def _move(db: Connection, id: CommandId, state: ProposalState) -> None:
    db.execute(SQL["move_proposal"], {"id": id, "state": state})


def founded(db: Connection) -> tuple[str, str] | None:
    """The house's id and its founding document, if it was founded."""
    return db.execute(SQL["founded"]).fetchone()


def founding(db: Connection) -> tuple[str, str, list[str]] | None:
    """As `founded`, with the founders' signatures in their order."""
    row = db.execute(SQL["founding"]).fetchone()
    return (row[0], row[1], row[2]) if row else None


def people(db: Connection, ids: Iterable[PersonId] | None = None) -> dict[PersonId, Person]:
    """People as they stand, by id; those not enrolled are left out.

    Args:
        ids: Whom; None is everybody.
    """
    wanted = None if ids is None else list(ids)
    return {
        id: Person(
            id,
            affiliation,
            frozenset(map(Role, roles)),
            dict(zip(keys, alive, strict=True)),
        )
        for id, affiliation, roles, keys, alive in db.execute(SQL["people"], {"ids": wanted})
    }


def owner_of(db: Connection, key: str) -> PersonId | None:
    """Whose key it is, or ever was."""
    row = db.execute(SQL["owner_of"], {"key": key}).fetchone()
    return row[0] if row else None


@dataclass(frozen=True, slots=True)
class Given:
    """A command that was taken, and where."""

    command: Command
    signature: str
    position: int


def given(db: Connection, id: CommandId) -> Given | None:
    """The command of an id, if it was taken."""
    row = db.execute(SQL["given"], {"id": id}).fetchone()
    return Given(commands.parse(row[0]), row[1], row[2]) if row else None


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it stands, and when its key was registered and revoked."""

    id: CommandId
    content: str
    signature: str
    key: str
    position: int
    registered_at: int
    revoked_at: int | None


def signed(db: Connection) -> list[Signed]:
    """Every command with its signature, in order."""
    return [Signed(*row) for row in db.execute(SQL["signed"])]


def ordered_from(db: Connection, position: int) -> list[tuple[str, str]]:
    """The commands from an entry of the journal on: id, and when each was made, as a text."""
    return db.execute(SQL["ordered_from"], {"position": position}).fetchall()


def proposal(db: Connection, id: CommandId) -> Proposal | None:
    """A proposal as it stands."""
    return next(iter(_proposals(db, id=id, state=None, until=None)), None)


def proposals(
    db: Connection, state: ProposalState | None = None, until: datetime | None = None
) -> list[Proposal]:
    """Proposals, oldest first.

    Args:
        state: In which state; None is any.
        until: Those that expire by then only.
    """
    return _proposals(db, id=None, state=state, until=until)


def _proposals(
    db: Connection, *, id: CommandId | None, state: ProposalState | None, until: datetime | None
) -> list[Proposal]:
    rows = db.execute(SQL["proposals"], {"id": id, "state": state, "until": until})
    return [
        Proposal(commands.parse(text), ProposalState(now), expires_at)
        for text, now, expires_at in rows
    ]
