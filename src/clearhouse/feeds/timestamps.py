"""Proofs of OpenTimestamps: that a digest was there when a block of Bitcoin was made.

A proof begins at the digest and leads, by hashing and by putting bytes before and behind, to what
somebody attests: a calendar, that it will see to it (pending), or a block, whose merkle root it is.

    digest ─ append nonce ─ sha256 ─┬─ ... ─ pending at a calendar ─ ... ─ in Bitcoin's block N
                                    └─ ... ─ pending at another one

A calendar is told what comes behind the nonce, and so learns nothing of the digest. What it answers
is the rest of the proof; here both are bytes. Whether a block attests is for who knows the chain.

The form is that of the library `opentimestamps`, an extra that is imported when it is first used.
Source: its `core` package; there is no written standard.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from importlib import import_module
from typing import Any

from clearhouse.core.errors import Kind, Refusal

NONCE_BITS = 128
PROOF_BYTES_MAX = 262_144
HEIGHT_MAX = (1 << 31) - 1  # a file may write greater ones than a text may say


class TimestampsNotInstalled(Refusal):
    """The extra for OpenTimestamps is not installed."""

    code = "timestamp.not-installed"
    kind = Kind.UNAVAILABLE


class TimestampMalformed(Refusal):
    """A proof, or what a calendar would add to it, cannot be read."""

    code = "timestamp.malformed"
    kind = Kind.MALFORMED


class By(StrEnum):
    """Who attests."""

    CALENDAR = "calendar"
    BITCOIN = "bitcoin"
    OTHER = "other"  # what the house cannot look at: another chain, or a form of later


@dataclass(frozen=True, slots=True)
class Attestation:
    """What somebody attests.

    Attributes:
        by: Of which kind they are.
        message: What of the digest came to them: if it is a block, its merkle root.
        calendar: Where it is pending; else empty.
        height: Of the block; else None.
        led_on: Pending, and the proof goes on from here to a block.
    """

    by: By
    message: bytes
    calendar: str = ""
    height: int | None = None
    led_on: bool = False


def need_installed() -> None:
    """Check that the library is there.

    Raises:
        TimestampsNotInstalled: It is not.
    """
    _library()


def commitment(digest: bytes, nonce: bytes) -> bytes:
    """What calendars are asked to attest."""
    return sha256(digest + nonce).digest()


def make(digest: bytes, nonce: bytes, answers: Sequence[bytes]) -> bytes:
    """Make a proof of what calendars answered to the commitment; a file as `ots` reads it.

    Raises:
        TimestampsNotInstalled: The library is not there.
        TimestampMalformed: An answer cannot be read, or there is none.
    """
    core = _library()
    with _reading():
        root = core.timestamp.Timestamp(digest)
        asked = root.ops.add(core.op.OpAppend(nonce)).ops.add(core.op.OpSHA256())
        for answer in answers:
            asked.merge(_answer(core, asked.msg, answer))
        return _encode(core, root)


def merged(proof: bytes, digest: bytes, message: bytes, answer: bytes) -> bytes:
    """Add to a proof what a calendar answered of a message that is pending there.

    Raises:
        TimestampsNotInstalled: The library is not there.
        TimestampMalformed: Either cannot be read, or together they are too long or too deep.
    """
    core = _library()
    with _reading():
        root = _decode(core, proof, digest)
        for one in list(_nodes(root)):
            if one.msg == message and any(_is_pending(core, by) for by in one.attestations):
                one.merge(_answer(core, message, answer))
        return _encode(core, root)


def read(proof: bytes, digest: bytes) -> list[Attestation]:
    """Read who attests a digest, by a proof of it.

    Raises:
        TimestampsNotInstalled: The library is not there.
        TimestampMalformed: It cannot be read, or is another digest's.
    """
    core = _library()
    with _reading():
        root = _decode(core, proof, digest)
        found = [_attestation(core, one, by) for one in _nodes(root) for by in one.attestations]
        return sorted(found, key=lambda one: (one.by, one.calendar, one.height or 0, one.message))


def _library() -> Any:
    try:
        for name in ("notary", "op", "serialize", "timestamp"):
            import_module(f"opentimestamps.core.{name}")
        return import_module("opentimestamps.core")
    except ImportError as missing:
        raise TimestampsNotInstalled("pip install 'clearhouse[timestamps]'") from missing


@contextmanager
def _reading() -> Iterator[None]:
    """Turn whatever the library says to bytes that are no proof into a refusal."""
    try:
        with warnings.catch_warnings(action="ignore"):  # it may come not to know an operation
            yield
    except TimestampMalformed:
        raise
    except (_library().serialize.DeserializationError, ValueError, RecursionError) as wrong:
        raise TimestampMalformed(f"{wrong!r:.200}") from wrong


def _answer(core: Any, message: bytes, answer: bytes) -> Any:
    context = core.serialize.BytesDeserializationContext(answer)
    found = core.timestamp.Timestamp.deserialize(context, message)
    context.assert_eof()
    return found


def _decode(core: Any, proof: bytes, digest: bytes) -> Any:
    """The root of a proof of the digest.

    Its height is bounded here, so that no number is too long to be said.
    """
    context = core.serialize.BytesDeserializationContext(proof)
    found = core.timestamp.DetachedTimestampFile.deserialize(context)
    if found.file_hash_op != core.op.OpSHA256() or found.file_digest != digest:
        raise TimestampMalformed("it is the proof of another digest")
    for _, by in found.timestamp.all_attestations():
        if not 0 <= getattr(by, "height", 0) <= HEIGHT_MAX:
            raise TimestampMalformed("there is no block of that height")
    return found.timestamp


def _encode(core: Any, root: Any) -> bytes:
    """Write a proof that can be read again."""
    context = core.serialize.BytesSerializationContext()
    core.timestamp.DetachedTimestampFile(core.op.OpSHA256(), root).serialize(context)
    proof: bytes = context.getbytes()
    if len(proof) > PROOF_BYTES_MAX:
        raise TimestampMalformed(f"the proof has more than {PROOF_BYTES_MAX} bytes")
    _decode(core, proof, root.msg)
    return proof


def _nodes(root: Any) -> Iterator[Any]:
    yield root
    for below in root.ops.values():
        yield from _nodes(below)


def _is_pending(core: Any, by: Any) -> bool:
    return isinstance(by, core.notary.PendingAttestation)


def _is_block(core: Any, by: Any) -> bool:
    return isinstance(by, core.notary.BitcoinBlockHeaderAttestation)


def _attestation(core: Any, node: Any, by: Any) -> Attestation:
    message: bytes = node.msg
    if _is_block(core, by):
        return Attestation(By.BITCOIN, message, height=by.height)
    if _is_pending(core, by):
        led_on = any(_is_block(core, one) for _, one in node.all_attestations())
        return Attestation(By.CALENDAR, message, by.uri.rstrip("/"), led_on=led_on)
    return Attestation(By.OTHER, message)
