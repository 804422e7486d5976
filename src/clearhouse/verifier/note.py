"""Signed notes, the checkpoints of a log and its witnesses' cosignatures, read and checked.

From C2SP's specifications: `signed-note`, `tlog-checkpoint` and `tlog-cosignature` (version 1), all
with Ed25519. Names are printable ASCII without a plus, checkpoints have no extension lines, and
whatever is base64 is so in its one writing: as the house itself reads them.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clearhouse.verifier import ed25519
from clearhouse.verifier.wrong import Wrong

SIGNATURE, COSIGNATURE = 1, 4  # a key's kinds: the types that `signed-note` assigns

CHARACTERS_MAX = 64 * 1024
SIGNATURES_MAX = 100
NAME_LENGTH_MAX = 200
SIZE_DIGITS_MAX = 19
ID_BYTES, TIME_BYTES, HASH_BYTES = 4, 8, 32
SECONDS_MAX = 253_402_300_799  # 9999-12-31 23:59:59: the house knows no later instant


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that signs notes.

    Attributes:
        name: Whose it is.
        kind: What it signs: `SIGNATURE` or `COSIGNATURE`.
        public: The Ed25519 key.
    """

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, none of them checked yet.

    Attributes:
        text: What is signed, with its last newline.
        signatures: For each the key's name; and the key's id and the signature, in one.
    """

    text: str
    signatures: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log.

    Attributes:
        origin: Which log it is.
        size: How many entries it has.
        root: The Merkle root over them.
    """

    origin: str
    size: int
    root: bytes

    @property
    def anchor(self) -> str:
        """What a transaction carries of it into a chain: SHA-256 of its text, in hex."""
        text = f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
        return sha256(text.encode()).hexdigest()


def parse_key(text: str) -> Key:
    """Read a key as it is written: `name+id+key` (a vkey).

    Raises:
        Wrong: `note.malformed`, it has another form, its id is not its own, or the key is no point
            of the curve or one of small order.
    """
    name, _, rest = text.partition("+")
    written_id, _, encoded = rest.partition("+")
    content = _decoded(encoded)
    if not _is_name(name) or len(content) != 1 + ed25519.KEY_BYTES:
        raise _malformed(f"{text!r:.120} is not name+id+key")
    key = Key(name, content[0], content[1:])
    if key.kind not in {SIGNATURE, COSIGNATURE}:
        raise _malformed(f"{text!r:.120} is a key of an unknown kind, {key.kind}")
    if written_id != key.id.hex():
        raise _malformed(f"{text!r:.120}: the id is {key.id.hex()}")
    if not ed25519.is_key(key.public):
        raise _malformed(f"{text!r:.120} is no key of Ed25519")
    return key


def parse(text: str) -> Note:
    """Read a note.

    Raises:
        Wrong: `note.malformed`, it has another form, is too long or has too many signatures.
    """
    if len(text) > CHARACTERS_MAX:
        raise _malformed(f"a note has at most {CHARACTERS_MAX} characters")
    if any((one < " " and one != "\n") or "\ud800" <= one <= "\udfff" for one in text):
        raise _malformed("a note has no control characters and no halves of characters")
    signed, gap, rest = text.rpartition("\n\n")
    if not gap or not rest.endswith("\n"):
        raise _malformed("a text, an empty line and lines of signatures are expected")
    lines = rest.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise _malformed(f"a note has at most {SIGNATURES_MAX} signatures")
    return Note(f"{signed}\n", tuple(_parse_line(line) for line in lines))


def _parse_line(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    blob = _decoded(encoded)
    if dash != "—" or not _is_name(name) or len(blob) <= ID_BYTES:
        raise _malformed(f"{line!r:.120} is no line of a signature")
    return name, blob


def check_signed(note: Note, key: Key) -> None:
    """Check that a key signed a note.

    Raises:
        Wrong: `note.unsigned`, no signature is said to be this key's; `note.signature-wrong`, the
            first one that is said to be is not.
    """
    signature = _signature_of(note, key)
    if signature is None:
        raise Wrong("note.unsigned", f"{key.name} ({key.id.hex()}) has not signed it")
    if key.kind != SIGNATURE:
        raise Wrong("note.signature-wrong", f"{key.name} has a key for cosignatures")
    if not ed25519.verify(key.public, signature, note.text.encode()):
        raise Wrong("note.signature-wrong", f"it is not {key.name}'s over this text")


def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint from a note's text.

    Raises:
        Wrong: `note.malformed`, it is no checkpoint, or one with extensions.
    """
    match text.split("\n"):
        case [origin, size, encoded, ""]:
            pass
        case _:
            raise _malformed("a checkpoint has three lines: origin, size and root")
    root = _decoded(encoded)
    if not _is_name(origin):
        raise _malformed(f"{origin!r:.120} is no origin of a log")
    if not _is_size(size):
        raise _malformed(f"{size!r:.40} is no size of a log")
    if len(root) != HASH_BYTES:
        raise _malformed(f"{encoded!r:.80} is no root of a log")
    return Checkpoint(origin, int(size), root)


def count_cosignatures(note: Note, witnesses: Sequence[Key], needed: int) -> dict[str, int]:
    """Check that enough witnesses cosigned a checkpoint.

    Args:
        note: The checkpoint.
        witnesses: Those that count; others' cosignatures are passed over.
        needed: How many of them.

    Returns:
        Who did, and at which second since 1970 (UTC).

    Raises:
        Wrong: `note.witness-twice`, two witnesses have one name or one key, so that one would count
            as two; `note.signature-wrong`, a cosignature is said to be a witness's and is not;
            `note.cosignatures-too-few`, fewer did.
    """
    if not (
        len({one.name for one in witnesses})
        == len({one.public for one in witnesses})
        == len(witnesses)
    ):
        raise Wrong("note.witness-twice", "two witnesses have one name or one key")
    found = {
        one.name: _cosigned_at(note, one, blob)
        for one in witnesses
        if (blob := _signature_of(note, one)) is not None
    }
    if len(found) < needed:
        names = ", ".join(sorted(found)) or "none"
        raise Wrong("note.cosignatures-too-few", f"{len(found)} of {needed}: {names}")
    return found


def _cosigned_at(note: Note, witness: Key, blob: bytes) -> int:
    """Check a cosignature; answers its second."""
    code = "note.signature-wrong"
    if witness.kind != COSIGNATURE or len(blob) != TIME_BYTES + ed25519.SIGNATURE_BYTES:
        raise Wrong(code, f"what {witness.name} signed is no cosignature")
    seconds = int.from_bytes(blob[:TIME_BYTES], "big")
    if seconds > SECONDS_MAX:
        raise Wrong(code, f"{witness.name} cosigned at no instant: {seconds}")
    message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
    if not ed25519.verify(witness.public, blob[TIME_BYTES:], message):
        raise Wrong(code, f"it is not {witness.name}'s over this text at second {seconds}")
    return seconds


def _signature_of(note: Note, key: Key) -> bytes | None:
    """The first signature that is said to be a key's, without the key's id."""
    for name, blob in note.signatures:
        if name == key.name and blob[:ID_BYTES] == key.id:
            return blob[ID_BYTES:]
    return None


def _is_name(text: str) -> bool:
    """Whether it can be a key's name or a log's origin: visible ASCII, and no plus."""
    return 0 < len(text) <= NAME_LENGTH_MAX and all(
        "!" <= one <= "~" and one != "+" for one in text
    )


def _is_size(text: str) -> bool:
    """Whether it is a decimal number in its one writing."""
    digits = text.isascii() and text.isdigit() and len(text) <= SIZE_DIGITS_MAX
    return digits and (text == "0" or not text.startswith("0"))


def _decoded(text: str) -> bytes:
    """Read base64 in its one writing; nothing if it is another."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return content if base64.b64encode(content).decode() == text else b""


def _malformed(detail: str) -> Wrong:
    return Wrong("note.malformed", detail)
