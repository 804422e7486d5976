"""The keyring: one key for each subject with a dossier, kept apart from what the keys open.

    folder/
    └── per_01J8...key      32 bytes, for the house's user alone

The dossiers are in the database, encrypted; the keys are files elsewhere, and are left out of its
backups. So erasing a key erases the dossier from every copy. A key is written whole or not at all,
and is there on disk before anything is encrypted under it. It is overwritten before it is removed;
a disk may still hold what it moved away, so put the folder on an encrypted one.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from clearhouse.core.dossier import KEY_BITS
from clearhouse.store.files import sync

SUFFIX = ".key"


class Keyring:
    """The keys in a folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def subjects(self) -> set[str]:
        """Whose keys there are."""
        return {file.stem for file in self._folder.glob(f"*{SUFFIX}")}

    def find(self, subject: str) -> bytes | None:
        """A subject's key, if there is one."""
        try:
            file = os.open(self._at(subject), os.O_RDONLY)  # a third of `read_bytes`'s time
        except FileNotFoundError:
            return None
        try:
            return os.read(file, KEY_BITS)  # whatever is there; it has KEY_BITS / 8 bytes
        finally:
            os.close(file)

    def make(self, subjects: Sequence[str], dice: Callable[[int], int]) -> list[bytes]:
        """Each subject's key, made if there is none; of two that make it at once one does."""
        files = [self._file(subject) for subject in subjects]
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = {file: self._write(file, dice) for file in files}
        # All are written before the first is waited for: a disk then takes them together.
        for path in new.values():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        for file, path in new.items():
            try:
                file.hardlink_to(path)
            except FileExistsError:
                pass  # it was there, or another one was faster
            finally:
                path.unlink()
        sync(self._folder)
        return [file.read_bytes() for file in files]

    def _write(self, file: Path, dice: Callable[[int], int]) -> Path:
        new = file.with_suffix(f".{os.getpid()}.{dice(64):016x}")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(dice(KEY_BITS).to_bytes(KEY_BITS // 8, "big"))
        return new

    def erase(self, subject: str) -> None:
        """Remove a subject's key for ever; no effect if there is none."""
        file = self._file(subject)
        try:
            with file.open("r+b") as stream:
                stream.write(bytes(KEY_BITS // 8))
                stream.flush()
                os.fsync(stream.fileno())
            file.unlink()
        except FileNotFoundError:
            return
        sync(self._folder)

    def _file(self, subject: str) -> Path:
        return Path(self._at(subject))

    def _at(self, subject: str) -> str:
        assert subject.replace("_", "").isalnum(), "it would name a file elsewhere"
        return f"{self._folder}/{subject}{SUFFIX}"
