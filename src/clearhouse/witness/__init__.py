"""A witness: a program of an institution's own, which sees to it that a log only grows.

`__main__` is the program, and `server` answers for it over HTTP. A cosignature leaves after the
head is on disk: whoever shows one history to one witness and another to a second one is refused by
one of them for ever.

    FOLDER/
    ├── key          32 bytes, for the witness's user alone
    ├── name
    └── logs.json    by origin: verifier's key, and the last head with its time; written whole
"""

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.merkle import ProofWrong, verify_consistency
from clearhouse.core.note import (
    COSIGNATURE,
    SIGNATURE,
    Checkpoint,
    NoteMalformed,
    Verifier,
    cosign,
    parse_checkpoint,
    parse_note,
    parse_verifier,
    verify,
)


class RequestMalformed(Refusal):
    """A request to a witness does not have its form."""

    code = "witness.request-malformed"
    kind = Kind.MALFORMED


class UnknownLog(Refusal):
    """The witness does not follow this log."""

    code = "witness.unknown-log"
    kind = Kind.UNKNOWN


class LogKnown(Refusal):
    """The witness follows a log of this name with another key."""

    code = "witness.log-known"
    kind = Kind.CONFLICT


class WitnessThere(Refusal):
    """There is a witness in this folder already."""

    code = "witness.there"
    kind = Kind.CONFLICT


class SeenOtherwise(Refusal):
    """The proof begins at another size than this witness has seen last."""

    code = "witness.seen-otherwise"
    kind = Kind.CONFLICT


class StateLost(Alarm):
    """What the witness saw last cannot be read or kept: it cosigns nothing until people decide."""

    code = "witness.state-lost"


class ClockSetBack(Refusal):
    """The witness's clock is before its last cosignature."""

    code = "witness.clock-set-back"
    kind = Kind.UNAVAILABLE


class RolledBack(Alarm):
    """A log shows fewer entries than this witness has seen."""

    code = "witness.rolled-back"


class NotGrown(Alarm):
    """A log shows a head that did not grow out of what this witness has seen."""

    code = "witness.not-grown"


class Witness:
    """The witness in a folder.

    Raises:
        StateLost: There is none, or its state cannot be read.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        try:
            self._key = Ed25519PrivateKey.from_private_bytes((folder / "key").read_bytes())
            self.name = (folder / "name").read_text("utf-8")
            self._read()
        except (OSError, ValueError) as lost:
            raise StateLost(f"{folder}: {lost}") from lost

    @property
    def verifier(self) -> Verifier:
        """Its public key, for cosignatures."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw(), COSIGNATURE)

    def trust(self, log: Verifier) -> None:
        """Follow a log from its beginning.

        Raises:
            NoteMalformed: The key is not for signing heads.
            LogKnown: It is followed with another key.
        """
        if log.kind != SIGNATURE:
            raise NoteMalformed(f"{log.name}: not a key that signs heads")
        with self._locked():
            logs = self._read()
            before = logs.get(log.name)
            if before is None:
                self._write(logs | {log.name: {"verifier": log.encode(), "size": 0}})
            elif before["verifier"] != log.encode():
                raise LogKnown(f"{log.name} is followed with {before['verifier']}")

    def cosign(
        self, written: str, old: int, proof: list[bytes]
    ) -> tuple[Checkpoint, tuple[str, bytes]]:
        """Cosign a head that grew out of the last one.

        Args:
            written: The checkpoint as the house signed it.
            old: How many entries the last head had, as whoever asks knows it; 0 for none.
            proof: That it grew; none for the first head, or for the same one again.

        Raises:
            NoteMalformed, UnknownLog, NoteUnsigned, NoteSignatureWrong: Of the checkpoint.
            ClockSetBack: Of the witness's own clock.
            SeenOtherwise: It has seen another size last; the refusal says which.
            RequestMalformed: The log would have shrunk since whoever asks knew it.
            RolledBack, NotGrown: The log was rewritten, or shows others another history.
        """
        note = parse_note(written)
        head = parse_checkpoint(note.text)
        with self._locked():
            logs, now = self._read(), self._now()
            if head.origin not in logs:
                raise UnknownLog(f"{head.origin}: `trust` its key first")
            last = logs[head.origin]
            verify(note, parse_verifier(last["verifier"]))
            if now.timestamp() < last.get("at", 0):
                raise ClockSetBack(f"it is {now:%Y-%m-%d %H:%M:%S} UTC here; the last was later")
            _need_grown(head, last, old, proof)
            root = base64.b64encode(head.root).decode()
            seen = {"size": head.size, "root": root, "at": int(now.timestamp())}
            self._write(logs | {head.origin: last | seen})
            return head, cosign(note.text, self.name, self._key, now)

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads((self._folder / "logs.json").read_text("utf-8"))
            for one in found.values():
                parse_verifier(one["verifier"])
                if one["size"] + one.get("at", 0) > 0:  # it has cosigned something
                    _root_of(one)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, NoteMalformed) as lost:
            raise StateLost(f"{self._folder}: {lost!r}") from lost
        return dict(found)

    def _write(self, logs: Mapping[str, Any]) -> None:
        _write(self._folder / "logs.json", json.dumps(logs, indent=2).encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Be the only one, thread or process; what cannot be written is lost too."""
        try:
            with (self._folder / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as lost:
            raise StateLost(f"{self._folder}: {lost}") from lost


def _root_of(last: Mapping[str, Any]) -> bytes:
    return base64.b64decode(last["root"], validate=True)


def _need_grown(head: Checkpoint, last: Mapping[str, Any], old: int, proof: list[bytes]) -> None:
    sizes = {"seen": str(last["size"]), "old": str(old), "size": str(head.size)}
    if head.size < last["size"]:
        detail = f"{head.origin} has {head.size} entries; this witness has seen {last['size']}"
        raise RolledBack(detail, log=head.origin, **sizes)
    if old > head.size:
        raise RequestMalformed(f"a log of {head.size} entries did not grow out of one of {old}")
    if old != last["size"]:
        detail = f"this witness has seen {last['size']} entries last: ask it from there"
        raise SeenOtherwise(detail, log=head.origin, **sizes)
    if not last["size"]:
        return  # its first head, from where on it is watched
    try:
        verify_consistency(last["size"], head.size, proof, _root_of(last), head.root)
    except ProofWrong as wrong:
        detail = f"{head.origin}: its {head.size} entries do not go on from the {last['size']} seen"
        raise NotGrown(detail, log=head.origin, **sizes) from wrong


def init(folder: Path, name: str) -> None:
    """Make a witness.

    Raises:
        WitnessThere: There is one.
        NoteMalformed: Its name is none.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / "key").exists():
        raise WitnessThere(f"{folder}: a witness's key is never made again")
    key = Ed25519PrivateKey.generate()
    parse_verifier(Verifier(name, key.public_key().public_bytes_raw(), COSIGNATURE).encode())
    _write(folder / "logs.json", b"{}")
    _write(folder / "name", name.encode())
    _write(folder / "key", key.private_bytes_raw())


def _write(path: Path, content: bytes) -> None:
    """Write a file whole, for its user alone, and have it on disk."""
    new = path.with_name(f"{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
