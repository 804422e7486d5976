"""Bundles: what the house publishes for outsiders to check, in one sealed file.

    clearhouse.bundle.1
    {"first": ..., "members": [{"bytes": ..., "name": ..., "sha256": ...}, ...], ...}
                                                            an empty line
    — clearhouse/hse_01... Az3grlgtzPICa5OS8npVmf1M...
    the members, one behind the other, each compressed (zlib, RFC 1950)

The first lines are a signed note: the seal. The manifest on its second line says how long each
member is and what SHA-256 it has, so every byte of the file is either signed or hashed. The same
content makes the same bytes.
"""

import shutil
import zlib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.core.canonical import canonical
from clearhouse.core.note import Note, sign
from clearhouse.store.files import sync_file

FORM = "clearhouse.bundle.1"


class Writer:
    """Writes a bundle at a path: member by member, none of them whole in memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = TemporaryDirectory(prefix=".bundle-", dir=path.parent)
        self._members: list[tuple[Mapping[str, str], Path]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        """Add a member, in the order of the file."""
        path = Path(self._folder.name) / name
        squeeze, digest, size = zlib.compressobj(6), sha256(), 0
        with path.open("wb") as stream:
            for part in parts:
                squeezed = squeeze.compress(part)
                digest.update(squeezed)
                size += stream.write(squeezed)
            last = squeeze.flush()
            digest.update(last)
            size += stream.write(last)
        listed = {"bytes": str(size), "name": name, "sha256": digest.hexdigest()}
        self._members.append((listed, path))

    def seal(self, manifest: Mapping[str, Any], origin: str, key: Ed25519PrivateKey) -> None:
        """Sign what there is, and put the file in its place, whole.

        Args:
            manifest: What the bundle is about; its members are added here.
            origin: What the log is called, as whose house it is sealed.
            key: The one that signs the log's heads.
        """
        listed = [one for one, _ in self._members]
        text = f"{FORM}\n{canonical({**manifest, 'members': listed})}\n"
        new = Path(self._folder.name) / "sealed"
        with new.open("wb") as stream:
            stream.write(Note(text, (sign(text, origin, key),)).encode().encode())
            for _, path in self._members:
                with path.open("rb") as member:
                    shutil.copyfileobj(member, stream)
            sync_file(stream)
        new.replace(self._path)
