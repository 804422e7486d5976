"""Signed notes, and the heads of a log as notes that the house signs and witnesses cosign.

A note (C2SP `signed-note`) is a text and lines of signatures:

    clearhouse.example/hse_01...          the log's origin
    20852163                              how many entries
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — clearhouse.example/hse_01... Az3grlgtzPICa5OS8npVmf1M...
    — witness.example/central-bank jWbPPwAAAABkGFDLEZMHwSRa...

This one is a checkpoint (C2SP `tlog-checkpoint`): the size and head of a log (`core.merkle`). A
cosignature (C2SP `tlog-cosignature`, version 1) is a witness's: it says that at an instant the
witness had seen this head grow out of the last one that it saw. Keys are Ed25519 and are written as
`name+id+key` (vkey); an id tells keys of one name apart and is no security.
"""

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.merkle import HASH_BYTES

SIGNATURE, COSIGNATURE = 1, 4  # what a key is for: kinds of C2SP `signed-note`
BYTES_MAX = 65_536
SIGNATURES_MAX = 100
NAME_FORM = re.compile(r"[\x21-\x2a\x2c-\x7e]{1,200}", re.ASCII)  # neither a space nor a plus
VKEY_FORM = re.compile(
    rf"({NAME_FORM.pattern})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/]+={{0,2}})", re.ASCII
)
LINE_FORM = re.compile(rf"— ({NAME_FORM.pattern}) ([A-Za-z0-9+/]+={{0,2}})\n", re.ASCII)
SIZE_FORM = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
ID_BYTES, KEY_BYTES, SIGNATURE_BYTES, TIME_BYTES = 4, 32, 64, 8


class NoteMalformed(Refusal):
    """A note, a checkpoint or a verifier's key does not have its form."""

    code = "note.malformed"
    kind = Kind.MALFORMED


class NoteUnsigned(Refusal):
    """A note is not signed with the key that is asked for."""

    code = "note.unsigned"
    kind = Kind.FORBIDDEN


class NoteSignatureWrong(Refusal):
    """A signature of a note is said to be a known key's and is not."""

    code = "note.signature-wrong"
    kind = Kind.FORBIDDEN


class CosignaturesTooFew(Refusal):
    """Fewer witnesses cosigned a checkpoint than count."""

    code = "note.cosignatures-too-few"
    kind = Kind.FORBIDDEN


class WitnessTwice(Refusal):
    """Two witnesses have one key, so that one would count as two."""

    code = "note.witness-twice"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key, its name and what it is for."""

    name: str
    public: bytes
    kind: int = SIGNATURE

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        content = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return sha256(content).digest()[:ID_BYTES]

    def encode(self) -> str:
        """Write it as a vkey: name, id and key."""
        key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{key}"


def parse_verifier(text: str) -> Verifier:
    """Read a vkey.

    Raises:
        NoteMalformed: It has another form, or its id is not the key's.
    """
    form = VKEY_FORM.fullmatch(text)
    content = _decoded(form[3]) if form else b""
    if form is None or len(content) != 1 + KEY_BYTES or content[0] not in {SIGNATURE, COSIGNATURE}:
        raise NoteMalformed(f"{text!r:.120} is no verifier's key: name+id+key")
    found = Verifier(form[1], content[1:], content[0])
    if found.encode() != text:
        raise NoteMalformed(f"{text!r:.120}: the id is not the key's")
    return found


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of them verified yet."""

    text: str  # ends with a newline
    signatures: tuple[tuple[str, bytes], ...]  # the key's name; its id and the signature

    def encode(self) -> str:
        """Write it."""
        lines = [f"— {name} {base64.b64encode(blob).decode()}\n" for name, blob in self.signatures]
        return f"{self.text}\n{''.join(lines)}"

    def signed_by(self, verifier: Verifier) -> bytes:
        """Find the signature of a key.

        Raises:
            NoteUnsigned: There is none.
        """
        for name, blob in self.signatures:
            if name == verifier.name and blob[:ID_BYTES] == verifier.id:
                return blob[ID_BYTES:]
        raise NoteUnsigned(f"{verifier.name} ({verifier.id.hex()}) has not signed it")


def parse_note(written: str) -> Note:
    """Read a note: exactly what `encode` writes.

    Raises:
        NoteMalformed: It has another form, or too many signatures.
    """
    text, gap, rest = written.rpartition("\n\n")
    lines = rest.splitlines(keepends=True)
    if not gap or not lines or len(written) > BYTES_MAX or len(lines) > SIGNATURES_MAX:
        raise NoteMalformed("a text, an empty line and lines of signatures are expected")
    if any((one < " " and one != "\n") or "\ud800" <= one <= "\udfff" for one in written):
        raise NoteMalformed("a note has no control characters, and is UTF-8")
    signatures = []
    for line in lines:
        form = LINE_FORM.fullmatch(line)
        blob = _decoded(form[2]) if form else b""
        if form is None or len(blob) <= ID_BYTES:
            raise NoteMalformed(f"{line!r:.120} is no line of a signature")
        signatures.append((form[1], blob))
    return Note(f"{text}\n", tuple(signatures))


def _decoded(text: str) -> bytes:
    """Read base64 in its one writing; nothing if it is another."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
    return content if base64.b64encode(content).decode() == text else b""


def sign(text: str, name: str, private: Ed25519PrivateKey) -> tuple[str, bytes]:
    """Sign a note's text; the answer is one of its `signatures`."""
    verifier = Verifier(name, private.public_key().public_bytes_raw())
    return name, verifier.id + private.sign(text.encode())


def verify(note: Note, verifier: Verifier) -> None:
    """Check that a key signed a note.

    Raises:
        NoteUnsigned, NoteSignatureWrong: It did not.
    """
    _check(verifier, note.signed_by(verifier), note.text.encode())


def _check(verifier: Verifier, signature: bytes, content: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public).verify(signature, content)
    except (InvalidSignature, ValueError) as wrong:
        raise NoteSignatureWrong(f"it is not {verifier.name}'s over this text") from wrong


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and head of a log.

    Attributes:
        origin: Which log it is.
        size: How many entries it has.
        root: The head over all of them.
    """

    origin: str
    size: int
    root: bytes

    def encode(self) -> str:
        """Write the text of its note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @property
    def anchor(self) -> str:
        """SHA-256 of that text, in hex: what a transaction carries into a chain."""
        return sha256(self.encode().encode()).hexdigest()


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint's text; this house's has no extensions.

    Raises:
        NoteMalformed: It is something else.
    """
    match text.split("\n"):
        case [origin, size, encoded, ""] if NAME_FORM.fullmatch(origin):
            root = _decoded(encoded)
        case _:
            raise NoteMalformed("three lines are expected: origin, size and head")
    if SIZE_FORM.fullmatch(size) is None or len(root) != HASH_BYTES:
        raise NoteMalformed(f"{size!r:.40} and {encoded!r:.80} are no size and head")
    return Checkpoint(origin, int(size), root)


def cosign(text: str, name: str, private: Ed25519PrivateKey, at: datetime) -> tuple[str, bytes]:
    """Cosign a checkpoint as a witness, as of a whole second."""
    verifier = Verifier(name, private.public_key().public_bytes_raw(), COSIGNATURE)
    seconds = int(at.timestamp())
    stamped = seconds.to_bytes(TIME_BYTES, "big")
    return name, verifier.id + stamped + private.sign(_cosigned(text, seconds))


def _cosigned(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def verify_cosignature(note: Note, witness: Verifier) -> datetime:
    """Check that a witness cosigned a checkpoint; answers when it did.

    Raises:
        NoteUnsigned, NoteSignatureWrong: It did not.
    """
    blob = note.signed_by(witness)
    if witness.kind != COSIGNATURE or len(blob) != TIME_BYTES + SIGNATURE_BYTES:
        raise NoteSignatureWrong(f"what {witness.name} signed is no cosignature")
    seconds = int.from_bytes(blob[:TIME_BYTES], "big")
    _check(witness, blob[TIME_BYTES:], _cosigned(note.text, seconds))
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as wrong:
        raise NoteSignatureWrong(f"{witness.name} cosigned at no instant: {seconds}") from wrong


def need_distinct(witnesses: Collection[Verifier]) -> None:
    """Check that no witness would count as two.

    Raises:
        WitnessTwice: Two of them have one key or one name.
    """
    names, keys = {one.name for one in witnesses}, {one.public for one in witnesses}
    if not len(names) == len(keys) == len(witnesses):
        raise WitnessTwice(f"{len(witnesses)} witnesses have {len(names)} names, {len(keys)} keys")


def count_cosignatures(
    note: Note, witnesses: Collection[Verifier], needed: int
) -> Mapping[str, datetime]:
    """Check that enough witnesses cosigned a checkpoint; answers who, and when.

    Args:
        note: The checkpoint.
        witnesses: Those that count.
        needed: How many of them.

    Raises:
        WitnessTwice: Two of them have one key or one name.
        NoteSignatureWrong: A cosignature is said to be a witness's and is not.
        CosignaturesTooFew: There are fewer.
    """
    need_distinct(witnesses)
    found = {}
    for witness in witnesses:
        try:
            found[witness.name] = verify_cosignature(note, witness)
        except NoteUnsigned:
            continue
    if len(found) < needed:
        raise CosignaturesTooFew(f"{len(found)} of {needed}: {', '.join(sorted(found)) or 'none'}")
    return found
