"""Entry: what a house's journal says of one event, and the leaf that it is in the log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from clearhouse.verifier import canonical, merkle
from clearhouse.verifier.canonical import Record
from clearhouse.verifier.wrong import Wrong

MEMBERS = {"body", "kind", "occurred_at", "position", "recorded_at", "salt", "subject"}
HASHES_MAX = 64  # of a proof: a log has fewer than 2**63 entries


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the journal.

    Attributes:
        position: Its place, from 1.
        kind: Of event.
        subject: Whom or what it is about.
        body: What it says: texts, flags, null, and lists of texts; whole numbers are texts.
        occurred_at: When it happened, as text; texts of instants sort as they do.
        recorded_at: When the house wrote it down.
        leaf: The hash of its leaf in the log.
        proof: That the leaf is under the head, where one is shown.
    """

    position: int
    kind: str
    subject: str
    body: Record
    occurred_at: str
    recorded_at: str
    leaf: bytes
    proof: tuple[bytes, ...] | None


def read_entry(line: Mapping[str, object], *, proved: bool) -> Entry:
    """Read an entry as a bundle shows it.

    Args:
        line: As `bundle.Bundle.lines` gives it.
        proved: Whether it must come with a proof.

    Raises:
        Wrong: `bundle.malformed`, it is another thing.
    """
    wanted = MEMBERS | {"proof"} if proved else MEMBERS
    body, proof = line.get("body"), line.get("proof", [])
    texts = [line.get(name) for name in MEMBERS - {"body"}]
    if line.keys() != wanted or not isinstance(body, dict) or not isinstance(proof, list):
        raise Wrong("bundle.malformed", f"an entry has exactly {', '.join(sorted(wanted))}")
    if not all(isinstance(text, str) for text in texts) or len(proof) > HASHES_MAX:
        raise Wrong("bundle.malformed", "an entry is made of texts, but for its body")
    kind, position = str(line["kind"]), str(line["position"])
    occurred_at, recorded_at = str(line["occurred_at"]), str(line["recorded_at"])
    try:
        salt, hashes = bytes.fromhex(str(line["salt"])), tuple(map(bytes.fromhex, proof))
        for at in (occurred_at, recorded_at):
            instant(at)
        place = canonical.whole(position)
    except (ValueError, TypeError) as wrong:
        raise Wrong("bundle.malformed", f"entry {position:.20}: {wrong}") from wrong
    opening = {
        "body": canonical.write(body),
        "occurred_at": occurred_at,
        "subject": line["subject"],
    }
    leaf = {
        "commitment": sha256(salt + canonical.write(opening).encode()).hexdigest(),
        "kind": kind,
        "position": position,
        "recorded_at": recorded_at,
    }
    hashed = merkle.leaf_hash(canonical.write(leaf).encode())
    subject = str(line["subject"])
    return Entry(
        place, kind, subject, body, occurred_at, recorded_at, hashed, hashes if proved else None
    )


def instant(text: str) -> datetime:
    """Read an instant in UTC with microseconds, in its one writing.

    Raises:
        ValueError: It is another text.
    """
    at = datetime.fromisoformat(text)
    if (
        at.tzinfo is None
        or f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z" != text
    ):
        raise ValueError(f"{text!r:.40} is no instant")
    return at


def write_instant(at: datetime) -> str:
    """Write an instant in UTC, in that way."""
    return f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def derived(prefix: str, *parts: str) -> str:
    """The id that follows from `parts`: SHA-256's first 128 bits, in Crockford's base 32."""
    number = int.from_bytes(sha256("\x1f".join(parts).encode()).digest()[:16], "big")
    digits = "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return f"{prefix}_{digits}"


ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
