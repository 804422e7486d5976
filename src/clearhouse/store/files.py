"""Files that are there whole or not at all, and on disk before anybody is told."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from clearhouse.core.errors import Alarm


class ArchiveDamaged(Alarm):
    """What the house kept to publish it again is missing, or is not what it was."""

    code = "archive.damaged"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in place of the one before; the folder's own entries are for `sync`."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as stream:
        stream.write(content)
        sync_file(stream)
    new.replace(path)


def keep(path: Path, content: bytes) -> None:
    """Write a file whole, in a folder that is made if it is not there, and have both on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    sync(path.parent)


def sync_file(stream: IO[bytes]) -> None:
    """Have on disk what was written."""
    stream.flush()
    os.fsync(stream.fileno())


def sync(folder: Path) -> None:
    """Have on disk which files a folder has."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Be the only one, among threads and processes; the folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
