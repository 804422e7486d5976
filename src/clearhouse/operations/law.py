"""The law that the house works under: kept by its version, in force from an instant on."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from psycopg import Connection

from clearhouse.core.rulebook import Rulebook, RulebookMalformed, restore
from clearhouse.core.rulebook.activation import UnknownVersion
from clearhouse.store import registers
from clearhouse.store.files import ArchiveDamaged, keep

VERSION_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Law:
    """Every version that the house has, and which of them is in force.

    Args:
        begins_with: What holds until the house is founded, or how it is read: once it is founded,
            nobody asks.
        archive: Where versions are kept, each under its own name.
    """

    begins_with: Rulebook | Callable[[], Rulebook]
    archive: Path
    _read: dict[str, Rulebook] = field(default_factory=dict)

    @cached_property
    def first(self) -> Rulebook:
        """What holds until the house is founded.

        Raises:
            RulebookMalformed: It cannot be read.
        """
        one = self.begins_with
        return one if isinstance(one, Rulebook) else one()

    def need_first(self, db: Connection) -> None:
        """Check, while the house is not founded, that what it begins with is law.

        Raises:
            RulebookMalformed: It is not.
        """
        if not registers.activations(db):
            assert self.first.rules

    def in_force(self, db: Connection, now: datetime) -> Rulebook:
        """The version that holds at an instant.

        Raises:
            UnknownVersion: It is kept nowhere any more.
            ArchiveDamaged: What is kept is not what it was.
        """
        version = registers.active_version(db, now)
        if version is not None:
            return self.version(version)
        # Before the first of them, as after it, the folder does not matter any more.
        activated = registers.activations(db)
        return self.version(activated[0].version) if activated else self.first

    def version(self, version: str) -> Rulebook:
        """A version by its hash.

        Raises:
            UnknownVersion: It is kept nowhere.
            ArchiveDamaged: What is kept is not what it was.
        """
        if version not in self._read:
            path = self.path(version)
            known = VERSION_FORM.fullmatch(version) is not None
            if known and not path.exists() and version == self.first.version:
                return self.first
            if not known or not path.exists():
                detail = f"{version:.80} is not kept: `clearhouse rulebook enter` its folder first"
                raise UnknownVersion(detail, version=version[:80])
            try:
                found = restore(path.read_bytes().decode())
            except (RulebookMalformed, UnicodeDecodeError) as trouble:
                raise ArchiveDamaged(f"{path}: {trouble}") from trouble
            if found.version != version:
                raise ArchiveDamaged(f"{path} is not what its name says")
            self._read[version] = found
        return self._read[version]

    def keep(self, law: Rulebook) -> bool:
        """Keep a version, and say whether it is new; nothing comes into force by it."""
        path, body = self.path(law.version), law.body.encode()
        if path.exists() and path.read_bytes() == body:
            return False
        keep(path, body)
        return True

    def path(self, version: str) -> Path:
        """Where a version is kept."""
        return self.archive / f"{version}.rulebook"

    def kept(self) -> Iterator[str]:
        """The versions that are kept."""
        return (path.stem for path in sorted(self.archive.glob("*.rulebook")))
