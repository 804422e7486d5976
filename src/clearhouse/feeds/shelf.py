"""`Shelf`: the folder in which a house's sanctions lists stand, one folder for each.

Asked again it reads again only what is other files than before: the same files say the same.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import file_digest
from pathlib import Path

from clearhouse.core.screening import SanctionsList
from clearhouse.feeds.sanctions import read_list

Files = tuple[tuple[str, str], ...]  # each file's name and SHA-256


class Shelf:
    """The lists of a folder, as they stand whenever it is asked."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        """Look into no folder yet.

        Args:
            folder: What begins with a dot in it is passed over: editions in no list's place.
            now: The house's clock.
        """
        self.folder = folder
        self._now = now
        self._read: dict[str, tuple[Files, SanctionsList]] = {}

    def __call__(self) -> list[SanctionsList]:
        """Every list; none if the folder is not there, and then the gate stops.

        Raises:
            list's refusals: One of them cannot be read.
        """
        if not self.folder.is_dir():
            return []
        paths = sorted(self.folder.iterdir())
        return [self._list(path) for path in paths if path.is_dir() and path.name[0] != "."]

    def _list(self, path: Path) -> SanctionsList:
        files, now = _files(path), self._now()
        before, known = self._read.get(path.name, ((), None))
        if known is None or before != files or known.published_at > now:
            known = read_list(path, now=now)
            if _files(path) == files:  # or it was changed meanwhile
                self._read[path.name] = (files, known)
        return known


def _files(path: Path) -> Files:
    found = []
    for file in sorted(path.iterdir()):
        if file.is_file():
            with file.open("rb") as stream:
                found.append((file.name, file_digest(stream, "sha256").hexdigest()))
    return tuple(found)
