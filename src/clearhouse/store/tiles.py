"""Tiles: a Merkle log as files that any web server can serve and any cache can keep.

The form is C2SP `tlog-tiles`. A tile holds up to 256 hashes of one level, every eighth level of the
tree is kept, and the entries themselves stand beside them:

    folder/
    ├── checkpoint                   the last head that enough witnesses cosigned
    ├── stamps/                      heads that calendars attest (`store.stamps`)
    └── tile/
        ├── 0/x001/x234/067          256 leaf hashes, from the 1,234,067 * 256th on
        ├── 0/x001/x234/068.p/5      the next five, until the tile is full
        ├── 1/x004/820               256 hashes of whole tiles of level 0
        └── entries/x001/x234/067    256 entries, each behind its length in two bytes

A file is written whole and never changed. A partial tile is another file for each width that the
log had when it was written; where one of a width is asked for that it never had, a wider one begins
with it. The tiles follow from the journal, and can be made again.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from clearhouse.core.errors import Alarm
from clearhouse.core.merkle import HASH_BYTES, Nodes, head_of, leaf_hash
from clearhouse.core.note import Note, NoteMalformed, parse_checkpoint, parse_note
from clearhouse.store.files import locked, sync, write_whole

WIDTH_BITS = 8
WIDTH = 1 << WIDTH_BITS  # hashes in a whole tile, and entries in a whole bundle
CACHE = 512  # tiles; eight kilobytes each


class TileDamaged(Alarm):
    """A tile of the log is missing, or has another length than its place asks for."""

    code = "log.tile-damaged"


class CheckpointDamaged(Alarm):
    """The kept head of the log cannot be read."""

    code = "log.checkpoint-damaged"


class Tiles:
    """The tiles in a folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._whole = lru_cache(maxsize=CACHE)(self._read_hashes)
        self._bundle = lru_cache(maxsize=4)(self._read_bundle)

    def append(self, size: int, entries: Sequence[bytes]) -> None:
        """Write the entries behind the first `size`; said again it writes the same files.

        Raises:
            TileDamaged: What stands before them cannot be read.
        """
        if size == 0:  # what stands there is another log's, or this one's first entries
            shutil.rmtree(self.folder / "tile", ignore_errors=True)
        written = self._append_bundles(size, entries)
        hashes, level, first = [leaf_hash(entry) for entry in entries], 0, size
        while hashes:
            begun = first % WIDTH
            if begun:
                hashes = [*self._read(level, first // WIDTH, begun), *hashes]
            number, above = first // WIDTH, list[bytes]()
            for at in range(0, len(hashes), WIDTH):
                part = hashes[at : at + WIDTH]
                path = self._path(f"{level}", number, len(part))
                written.append(_put(path, b"".join(part)))
                if len(part) == WIDTH:
                    above.append(head_of(part))
                number += 1
            hashes, level, first = above, level + 1, first // WIDTH
        self._sync(written)

    def _append_bundles(self, size: int, entries: Sequence[bytes]) -> list[Path]:
        begun, written = size % WIDTH, list[Path]()
        number = size // WIDTH
        framed = [len(entry).to_bytes(2, "big") + entry for entry in entries]
        if begun and framed:
            before = self._bytes(self._path("entries", number, begun))
            framed = [*_frames(before), *framed]
        for at in range(0, len(framed), WIDTH):
            part = framed[at : at + WIDTH]
            written.append(_put(self._path("entries", number, len(part)), b"".join(part)))
            number += 1
        return written

    def _sync(self, written: Iterable[Path]) -> None:
        """Have on disk that the files are there, and each folder on the way to them."""
        above = {folder for path in written for folder in path.parents}
        for folder in above - set(self.folder.parent.parents):
            sync(folder)

    def entry(self, index: int, size: int) -> bytes:
        """Read an entry of a log of that size.

        Raises:
            TileDamaged: It is not there.
        """
        number = index // WIDTH
        width = min(WIDTH, size - number * WIDTH)
        read = self._bundle if width == WIDTH else self._read_bundle
        return read(number, width)[index % WIDTH][2:]

    def _read_bundle(self, number: int, width: int) -> list[bytes]:
        path, there = self._found("entries", number, width)
        frames = list(_frames(self._bytes(path)))
        if len(frames) != there:
            raise TileDamaged(f"{path} has {len(frames)} entries; {there} are expected")
        return frames

    def nodes(self, size: int) -> Nodes:
        """The whole subtrees of a log of that size, as proofs need them.

        Raises:
            TileDamaged: From what is given back, where a tile is not as it must be.
        """

        def at(level: int, index: int) -> bytes:
            kept, above = divmod(level, WIDTH_BITS)
            first = index << above
            number = first // WIDTH
            width = min(WIDTH, (size >> (kept * WIDTH_BITS)) - number * WIDTH)
            hashes = self._read(kept, number, width)
            begin = first % WIDTH
            return head_of(hashes[begin : begin + (1 << above)])

        return at

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one to keep a head, among threads and processes."""
        with locked(self.folder / "checkpoint.lock"):
            yield

    def keep(self, checkpoint: Note) -> None:
        """Keep a head, in place of the one before."""
        write_whole(self.folder / "checkpoint", checkpoint.encode().encode())
        sync(self.folder)

    def kept(self) -> Note | None:
        """The kept head, if there is one.

        Raises:
            CheckpointDamaged: It is there, and is none.
        """
        path = self.folder / "checkpoint"
        try:
            note = parse_note(path.read_text("utf-8"))
            parse_checkpoint(note.text)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, NoteMalformed) as damaged:
            raise CheckpointDamaged(f"{path}: {damaged}; remove it and gather again") from damaged
        return note

    def _read(self, level: int, number: int, width: int) -> tuple[bytes, ...]:
        read = self._whole if width == WIDTH else self._read_hashes
        return read(level, number, width)

    def _read_hashes(self, level: int, number: int, width: int) -> tuple[bytes, ...]:
        path, there = self._found(f"{level}", number, width)
        content = self._bytes(path)
        if len(content) != there * HASH_BYTES:
            raise TileDamaged(f"{path} has {len(content)} bytes; {there * HASH_BYTES} are expected")
        ends = range(HASH_BYTES, width * HASH_BYTES + 1, HASH_BYTES)
        return tuple(content[end - HASH_BYTES : end] for end in ends)

    def _found(self, level: str, number: int, width: int) -> tuple[Path, int]:
        """The tile of that width, or else the narrowest one that begins with it; and its width."""
        path, whole = self._path(level, number, width), self._path(level, number, WIDTH)
        if path.exists():
            return path, width
        wider = [int(one.name) for one in path.parent.glob("*") if one.name.isdigit()]
        wider = sorted(one for one in wider if one > width)
        if width < WIDTH and (wider or whole.exists()):
            there = wider[0] if wider else WIDTH
            return self._path(level, number, there), there
        return path, width

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError as missing:
            raise TileDamaged(f"{path} is missing: make the log again") from missing

    def _path(self, level: str, number: int, width: int) -> Path:
        digits = f"{number:03}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        place = Path(*(f"x{group}" for group in groups[:-1]), groups[-1])
        whole = self.folder / "tile" / level / place
        return whole if width == WIDTH else whole.with_name(f"{whole.name}.p") / str(width)


def _frames(content: bytes) -> Iterator[bytes]:
    """Each entry of a bundle, with its length before it."""
    at = 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content):
            raise TileDamaged("a bundle of entries was cut off")
        yield content[at:end]
        at = end


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return path
