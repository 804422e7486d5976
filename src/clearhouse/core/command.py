"""Commands: what a person orders, signed with a registered key.

A command is a document with one writing, canonical JSON, over which its maker signs (Ed25519). It
names the house, so that it means nothing to another one, and when it was made, so that it cannot
be kept for a later day.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, get_args

from clearhouse.core import ids
from clearhouse.core.canonical import Form, canonical
from clearhouse.core.dossier import DossierMalformed, need_commitment
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import CommandId, CycleId, ParticipantId, PersonId
from clearhouse.core.person import need_key

FORM = "clearhouse.command.1"
MEMBERS = {"form", "house", "id", "person", "key", "kind", "body", "made_at"}
BYTES_MAX = 16_384
AHEAD_MAX = timedelta(minutes=5)  # a maker's clock may be fast by so much
AGE_MAX = timedelta(days=1)  # between signing and handing in


class CommandMalformed(Refusal):
    """A command does not have its form."""

    code = "command.malformed"
    kind = Kind.MALFORMED


class CommandElsewhere(Refusal):
    """The command was made for another house."""

    code = "command.for-another-house"
    kind = Kind.FORBIDDEN


class CommandStale(Refusal):
    """The command was made too long ago, or in the future."""

    code = "command.stale"
    kind = Kind.FORBIDDEN


class CommandDiffers(Refusal):
    """Another command was given under this id."""

    code = "command.differs"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class EnrolPerson:
    """Let somebody act here, with their first key."""

    person: PersonId
    affiliation: str
    key: str
    proof: str  # the key's signature over `person.proof`
    commitment: str  # of the person's dossier


@dataclass(frozen=True, slots=True)
class RegisterKey:
    """Give a person another key."""

    person: PersonId
    key: str
    proof: str


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Let a key sign no more. One's own by oneself; another's by an administrator, at once too."""

    person: PersonId
    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class GrantRole:
    """Give a person a role."""

    person: PersonId
    role: str


@dataclass(frozen=True, slots=True)
class WithdrawRole:
    """Take a role from a person."""

    person: PersonId
    role: str


@dataclass(frozen=True, slots=True)
class ReleaseCycle:
    """Let the vault pay out what a cycle owes."""

    cycle: CycleId
    digest: str  # SHA-256 of the release's canonical bytes


@dataclass(frozen=True, slots=True)
class GiveUpBatch:
    """Let what the institutions were asked to sign for a cycle never be paid."""

    cycle: CycleId
    reason: str


@dataclass(frozen=True, slots=True)
class AcceptEdition:
    """Let an edition of a sanctions list follow that was refused; or let a list go."""

    list_name: str
    version: str  # "": the list is let go
    before: str  # the version that it follows: it was refused in this very place
    reason: str


@dataclass(frozen=True, slots=True)
class EraseDossier:
    """Erase what is personal about a subject, for ever."""

    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class ActivateRulebook:
    """Let a version of the law come into force at an instant."""

    version: str
    active_from: datetime


@dataclass(frozen=True, slots=True)
class GrantDealing:
    """Enter an authority's licence to deal with a participant that is listed."""

    participant: ParticipantId
    list_name: str
    entity: str  # the entry of that list
    authority: str
    document: str  # SHA-256 of the licence
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class EnterRecords:
    """Enter records in a register."""

    register: str
    digest: str  # over all of them: see core.record.digest_of
    records: int  # how many


@dataclass(frozen=True, slots=True)
class AdmitParticipants:
    """Enter legal entities with their licences."""

    digest: str  # over all of them: see core.record.digest_of_facts
    records: int  # how many


@dataclass(frozen=True, slots=True)
class FileRecords:
    """Enter records in a register that one person may file."""

    register: str
    digest: str  # as of EnterRecords
    records: int


@dataclass(frozen=True, slots=True)
class RevealRecords:
    """Read what authorities alone may see: that it was read, by whom and why, stays recorded."""

    register: str
    key: str  # of one record; empty is all of them
    reason: str


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve another person's proposal."""

    proposal: CommandId
    digest: str  # SHA-256 of the bytes that its maker signed


@dataclass(frozen=True, slots=True)
class Decline:
    """Decline a proposal, or take one's own back."""

    proposal: CommandId
    reason: str


Action = (
    EnrolPerson
    | RegisterKey
    | RevokeKey
    | GrantRole
    | WithdrawRole
    | ReleaseCycle
    | GiveUpBatch
    | AcceptEdition
    | EraseDossier
    | ActivateRulebook
    | GrantDealing
    | EnterRecords
    | AdmitParticipants
    | FileRecords
    | RevealRecords
    | Approve
    | Decline
)
FORMS: Mapping[str, Form[Any]] = {kind.__name__: Form(kind) for kind in get_args(Action)}


@dataclass(frozen=True, slots=True)
class _Head:
    form: str
    house: str
    id: CommandId
    person: PersonId
    key: str
    kind: str
    made_at: datetime


HEAD = Form(_Head)


@dataclass(frozen=True, slots=True)
class Command:
    """What a person orders.

    Attributes:
        house: The clearing house it is for.
        id: Made by whoever orders it: said twice, it is done once.
        person: Whose command it is.
        key: The key it is signed with.
        action: What is ordered.
        made_at: When, by the maker's clock.
    """

    house: str
    id: CommandId
    person: PersonId
    key: str
    action: Action
    made_at: datetime

    def encode(self) -> str:
        """Write the bytes that are signed, as text: canonical JSON (RFC 8785)."""
        kind = type(self.action).__name__
        head = _Head(FORM, self.house, self.id, self.person, self.key, kind, self.made_at)
        body = json.loads(FORMS[kind].encode(self.action))
        return canonical(json.loads(HEAD.encode(head)) | {"body": body})

    @property
    def digest(self) -> str:
        """SHA-256 of what is signed, in hex: what an approval names."""
        return sha256(self.encode().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CommandGiven:
    """A command was taken, with its signature; what it does follows in the journal."""

    command: str  # the bytes that were signed
    signature: str


def parse(text: str) -> Command:
    """Read a command: exactly the text that `encode` writes.

    Raises:
        CommandMalformed: It is another text, or too long.
        KeyMalformed: Its key is none.
    """
    if len(text) > BYTES_MAX:
        raise CommandMalformed(f"it has more than {BYTES_MAX:,} characters")
    try:
        text.encode()  # half a surrogate pair is no text
        written = json.loads(text)
        if not isinstance(written, dict) or written.keys() != MEMBERS:
            raise CommandMalformed(f"an object of exactly {', '.join(sorted(MEMBERS))} is expected")
        body = written.pop("body")
        head = HEAD.decode(canonical(written))
        if head.form != FORM or head.kind not in FORMS:
            raise CommandMalformed(f"{head.form!r:.40} {head.kind!r:.40} is no command known here")
        ids.parse("cmd", head.id)
        ids.parse("per", head.person)
        need_key(head.key)
        action: Action = FORMS[head.kind].decode(canonical(body))
        if isinstance(action, EnrolPerson):
            need_commitment(action.commitment)
        if "\0" in "".join(map(str, body.values())):
            raise CommandMalformed("a text holds the character NUL")
    except (ValueError, RecursionError, ids.IdMalformed, DossierMalformed) as trouble:
        raise CommandMalformed(ascii(str(trouble))[1:-1][:500]) from trouble
    command = Command(head.house, head.id, head.person, head.key, action, head.made_at)
    if command.encode() != text:
        raise CommandMalformed("it is not in its canonical form")
    return command


def need_fresh(command: Command, now: datetime) -> None:
    """Check that a command was made lately.

    Raises:
        CommandStale: It was not.
    """
    if not now - AGE_MAX <= command.made_at <= now + AHEAD_MAX:
        detail = f"made at {command.made_at:%Y-%m-%d %H:%M:%S} UTC; here it is {now:%Y-%m-%d %H:%M}"
        raise CommandStale(f"{detail}: make and sign it anew", command=command.id)
