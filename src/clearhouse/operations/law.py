"""The law that the house works under: kept by its version, in force from an instant on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from psycopg import Connection

from clearhouse.core.rulebook import Rulebook, restore
from clearhouse.core.rulebook.activation import UnknownVersion
from clearhouse.store import registers
from clearhouse.store.files import keep


@dataclass(frozen=True)
class Law:
    """Every version that the house has, and which of them is in force.

    Args:
        first: What holds until two people have let another one come into force.
        archive: Where versions are kept, each under its own name.
    """

    first: Rulebook
    archive: Path
    _read: dict[str, Rulebook] = field(default_factory=dict)

    def in_force(self, db: Connection, now: datetime) -> Rulebook:
        """The version that holds at an instant.

        Raises:
            UnknownVersion: It is kept nowhere any more.
        """
        version = registers.active_version(db, now)
        return self.first if version is None else self.version(version)

    def version(self, version: str) -> Rulebook:
        """A version by its hash.

        Raises:
            UnknownVersion: It is kept nowhere.
        """
        if version == self.first.version:
            return self.first
        if version not in self._read:
            path = self.path(version)
            if not path.exists():
                detail = f"{version} is not kept: `clearhouse rulebook enter` its folder first"
                raise UnknownVersion(detail, version=version)
            found = restore(path.read_text("utf-8"))
            if found.version != version:
                raise UnknownVersion(f"{path} is not what its name says", version=version)
            self._read[version] = found
        return self._read[version]

    def keep(self, law: Rulebook) -> bool:
        """Keep a version, and say whether it is new; nothing comes into force by it."""
        path = self.path(law.version)
        if path.exists():
            return False
        keep(path, law.body.encode())
        return True

    def path(self, version: str) -> Path:
        """Where a version is kept."""
        return self.archive / f"{version}.rulebook"

    def kept(self) -> Iterator[str]:
        """The versions that are kept."""
        return (path.stem for path in sorted(self.archive.glob("*.rulebook")))
