"""`Journal`: everything the embedded chain was ever told, in order, in one file.

The consensus library keeps what it learns in memory until it is closed in good order, so a killed
process would lose it (measured: after kill -9 it came back at its last flushed height). Hence the
house's own file is the memory: blocks, transactions taken into the mempool, watched scripts. The
same records in the same order make the same chain, mempool and watch list again.

A record is its kind (1 byte), the length of what it holds (4 bytes), the CRC-32 of these two (4
bytes), the CRC-32 of the contents (4 bytes), and the contents; integers are little-endian. A record
cut off at the end of the file is one that nobody was promised, and is removed; whatever else does
not read is damage. The head has a sum of its own, so that an altered length cannot pass for a
record cut off and take all that follows with it.
"""

import fcntl
import os
from collections.abc import Iterator
from enum import IntEnum
from errno import ENOSPC
from pathlib import Path
from typing import BinaryIO
from zlib import crc32

from clearhouse.chains.chain import FolderInUse, JournalDamaged

MAGIC = b"clearhouse embedded chain 1 regtest\n"
HEAD_BYTES = 13


class Record(IntEnum):
    """What a record holds."""

    BLOCK = 1  # a block that the consensus code took, of any branch
    TRANSACTION = 2  # a transaction that entered the mempool
    SCRIPT = 3  # an output script to watch


class Journal:
    """The open file, held by this process alone.

    Args:
        folder: Where it is; made if need be.

    Raises:
        FolderInUse: Somebody has it open.
        JournalDamaged: It is not such a file, or what it holds was altered.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "journal"
        # Unbuffered: what is written has left this process, so killing it loses nothing.
        self._file: BinaryIO = self.path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise FolderInUse(
                f"{folder} is open in another process: stop that one, or name another folder"
            ) from None

    def replay(self) -> Iterator[tuple[Record, bytes]]:
        """All records, oldest first; leaves the file ready for more."""
        data = self.path.read_bytes()
        if MAGIC.startswith(data):
            self._file.truncate(0)
            self._file.write(MAGIC)
            return
        if not data.startswith(MAGIC):
            raise JournalDamaged(f"{self.path} is no journal of an embedded chain")
        at = len(MAGIC)
        while at < len(data):
            head, start = data[at : at + HEAD_BYTES], at + HEAD_BYTES
            end = start
            if len(head) == HEAD_BYTES:
                if _sum(head[:5]) != head[5:9]:
                    raise JournalDamaged(f"{self.path} was altered at byte {at}: restore it")
                end += int.from_bytes(head[1:5], "little")
            if end > len(data):
                self._file.truncate(at)
                return
            if _sum(data[start:end]) != head[9:]:
                raise JournalDamaged(f"{self.path} was altered after byte {start}: restore it")
            if head[0] not in set(Record):
                raise JournalDamaged(f"{self.path} is of a newer form: {head[0]} at byte {at}")
            yield Record(head[0]), data[start:end]
            at = end

    def append(self, kind: Record, contents: bytes) -> None:
        """Write a record: safe from a kill of this process at once, from a power cut by `sync`.

        Raises:
            OSError: It could not be written whole; nothing may follow it.
        """
        head = bytes([kind]) + len(contents).to_bytes(4, "little")
        record = head + _sum(head) + _sum(contents) + contents
        if self._file.write(record) != len(record):
            raise OSError(ENOSPC, "the record was cut short", str(self.path))

    def sync(self) -> None:
        """Wait until all of it is on the disk."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let another process have it."""
        self._file.close()


def _sum(data: bytes) -> bytes:
    return crc32(data).to_bytes(4, "little")
