"""Stamps: heads of the log that calendars attest, each with its proof, as files beside the tiles.

    stamps/
    ├── 20852163                     a head's text, as it was stamped
    ├── 20852163.note                the same, signed
    └── 20852163.ots                 the proof: `ots verify` compares it with the first

A file is written whole, the proof last, so that what is listed has the other two. The proof alone
is ever replaced, by one that says more.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clearhouse.core.errors import Alarm
from clearhouse.core.note import (
    BYTES_MAX,
    SIZE_FORM,
    Checkpoint,
    Note,
    NoteMalformed,
    parse_checkpoint,
)
from clearhouse.store.files import keep, locked

PROOF_FORM = re.compile(rf"({SIZE_FORM.pattern})\.ots", re.ASCII)


class StampDamaged(Alarm):
    """A stamped head of the log, or its proof, cannot be read."""

    code = "log.stamp-damaged"


class Stamps:
    """The stamps in a folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to write stamps, among threads and processes."""
        with locked(self._folder / "lock"):
            yield

    def sizes(self) -> list[int]:
        """How many entries each stamped head has, from the smallest up."""
        forms = [PROOF_FORM.fullmatch(path.name) for path in self._folder.glob("*.ots")]
        return sorted(int(form[1]) for form in forms if form)

    def head(self, size: int) -> Checkpoint:
        """The head of that size.

        Raises:
            StampDamaged: It is not there, or is none.
        """
        text = self._read(f"{size}", BYTES_MAX)
        try:
            found = parse_checkpoint(text.decode())
        except (ValueError, NoteMalformed) as wrong:
            raise StampDamaged(f"{self._folder / f'{size}'}: {wrong}") from wrong
        if found.size != size:
            raise StampDamaged(f"{self._folder / f'{size}'} is a head of {found.size} entries")
        return found

    def proof(self, size: int, bytes_max: int) -> bytes:
        """The proof of the head of that size.

        Raises:
            StampDamaged: It is not there, or too long.
        """
        return self._read(f"{size}.ots", bytes_max)

    def path(self, size: int) -> Path:
        """Where the proof is."""
        return self._folder / f"{size}.ots"

    def add(self, note: Note, proof: bytes) -> None:
        """Keep a head and its proof."""
        size = parse_checkpoint(note.text).size
        keep(self._folder / f"{size}", note.text.encode())
        keep(self._folder / f"{size}.note", note.encode().encode())
        self.replace(size, proof)

    def replace(self, size: int, proof: bytes) -> None:
        """Keep a proof that says more than the one before."""
        keep(self.path(size), proof)

    def _read(self, name: str, bytes_max: int) -> bytes:
        path = self._folder / name
        try:
            with path.open("rb") as stream:
                content = stream.read(bytes_max + 1)
        except OSError as missing:
            raise StampDamaged(f"{path}: {missing.strerror}") from missing
        if len(content) > bytes_max:
            raise StampDamaged(f"{path} has more than {bytes_max} bytes")
        return content
