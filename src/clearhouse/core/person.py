"""People: who acts, with which keys, in which roles; and what each role may do.

A person is neither a role nor a participant: one may hold several roles, act for one institution,
and have several keys over time. A key is one person's for ever. What is personal (a name, a
contact) is in the person's dossier; here is an id and a commitment.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import PersonId

KEY_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
SIGNATURE_FORM = re.compile(r"[0-9a-f]{128}", re.ASCII)
PROOF_FORM = "clearhouse.key.1"
P = 2**255 - 19
# The y of every point of small order, written in each way that fits 255 bits: under such a key
# anybody's signature holds, so that its owner could deny their own.
SMALL_ORDER = {
    *(0, 1, P - 1, P, P + 1),
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    55188659117513257062467267217118295137698188065244968500265048394206261417927,
}
AFFILIATION_FORM = re.compile(r"[0-9a-zA-Z][-0-9a-zA-Z ]{1,63}", re.ASCII)


class Role(StrEnum):
    """What somebody does here."""

    ADMINISTRATOR = "administrator"  # enrols people, grants roles, registers keys
    OPERATOR = "operator"  # runs cycles and asks for releases
    COMPLIANCE = "compliance"  # clears holds, and approves releases
    TRADER = "trader"  # acts for a participant
    SUPERVISOR = "supervisor"  # sees everything
    AUDITOR = "auditor"  # sees everything, and proves it


class KeyMalformed(Refusal):
    """A key is not an Ed25519 public key."""

    code = "person.key-malformed"
    kind = Kind.MALFORMED


class SignatureWrong(Refusal):
    """A signature is not the key's over what is said to be signed."""

    code = "person.signature-wrong"
    kind = Kind.FORBIDDEN


class UnknownPerson(Refusal):
    """Nobody is enrolled under this id."""

    code = "person.unknown"
    kind = Kind.UNKNOWN


class PersonKnown(Refusal):
    """Somebody is enrolled under this id already."""

    code = "person.known"
    kind = Kind.CONFLICT


class AffiliationMalformed(Refusal):
    """It is not said for whom a person acts."""

    code = "person.affiliation-malformed"
    kind = Kind.MALFORMED


class UnknownKey(Refusal):
    """The person has no such key."""

    code = "person.unknown-key"
    kind = Kind.UNKNOWN


class KeyTaken(Refusal):
    """A key is one person's for ever, and this one has been registered."""

    code = "person.key-taken"
    kind = Kind.CONFLICT


class KeyRevokedBefore(Refusal):
    """The key was revoked: what it signs from then on is refused."""

    code = "person.key-revoked"
    kind = Kind.FORBIDDEN


class UnknownRole(Refusal):
    """There is no such role."""

    code = "person.unknown-role"
    kind = Kind.MALFORMED


class RoleHeld(Refusal):
    """The person holds this role already."""

    code = "person.role-held"
    kind = Kind.CONFLICT


class RoleNotHeld(Refusal):
    """The person does not hold this role."""

    code = "person.role-not-held"
    kind = Kind.CONFLICT


class AdministratorsTooFew(Refusal):
    """Fewer than two administrators would be left, and then nobody could be enrolled."""

    code = "person.administrators-too-few"
    kind = Kind.CONFLICT


class NotPermitted(Refusal):
    """None of the person's roles permits it."""

    code = "person.not-permitted"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class PersonEnrolled:
    """A person may act from now on, once a role is granted."""

    person: PersonId
    affiliation: str  # the institution, or the LEI of the participant, that they act for
    proposal: str  # what two people agreed on; empty for the founders


@dataclass(frozen=True, slots=True)
class KeyRegistered:
    """A key of a person's, which signs commands."""

    person: PersonId
    key: str  # Ed25519, 64 hexadecimal digits
    proposal: str


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """A key signs no more; what it signed before stays signed."""

    person: PersonId
    key: str
    reason: str
    command: str


@dataclass(frozen=True, slots=True)
class RoleGranted:
    """A person holds a role from now on."""

    person: PersonId
    role: str
    proposal: str


@dataclass(frozen=True, slots=True)
class RoleWithdrawn:
    """A person no longer holds a role."""

    person: PersonId
    role: str
    proposal: str


@dataclass(frozen=True, slots=True)
class Person:
    """A person as they stand: the roles they hold, and the keys they have."""

    id: PersonId
    affiliation: str
    roles: frozenset[Role]
    keys: Mapping[str, bool]  # by key: does it still sign?


def need_key(key: str) -> None:
    """Check that `key` is a public key's 64 hexadecimal digits.

    Raises:
        KeyMalformed: It is not, or is one under which everything verifies.
    """
    if KEY_FORM.fullmatch(key) is None:
        raise KeyMalformed("an Ed25519 public key is 64 lower-case hexadecimal digits")
    if int.from_bytes(bytes.fromhex(key), "little") % 2**255 in SMALL_ORDER:
        raise KeyMalformed("a point of small order is nobody's key")


def proof(house: str, person: str, key: str) -> bytes:
    """What a key signs to show that this person holds it; nobody registers another's."""
    return f"{PROOF_FORM} {house} {person} {key}".encode()


def need_affiliation(text: str) -> None:
    """Check that `text` names an institution or a participant.

    Raises:
        AffiliationMalformed: It does not.
    """
    if AFFILIATION_FORM.fullmatch(text) is None:
        raise AffiliationMalformed(f"{text!r:.80}: letters, digits, spaces and hyphens, 2 to 64")


def need_role(text: str) -> Role:
    """Read a role.

    Raises:
        UnknownRole: It is none.
    """
    try:
        return Role(text)
    except ValueError as wrong:
        raise UnknownRole(f"{text!r:.40} is none of {', '.join(Role)}") from wrong


def verify(content: bytes, signature: str, key: str) -> None:
    """Check an Ed25519 signature (RFC 8032).

    Args:
        content: What is signed.
        signature: 128 hexadecimal digits.
        key: 64 hexadecimal digits.

    Raises:
        KeyMalformed, SignatureWrong: The key is none, or did not sign this.
    """
    need_key(key)
    if SIGNATURE_FORM.fullmatch(signature) is None:
        raise SignatureWrong("a signature is 128 lower-case hexadecimal digits")
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError) as wrong:
        raise SignatureWrong(f"not made with the key {key}", key=key) from wrong
