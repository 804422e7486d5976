"""The transparency log: the journal's entries under one head that nobody can rewrite unseen.

An entry of the log is what the journal says of one event, its body by SHA-256 alone: it is small,
and can be shown to whoever may not see the body. The journal's position p is the log's index p - 1.
The tiles follow the journal; a checkpoint is the head that the house signs.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.core import merkle
from clearhouse.core.canonical import canonical, instant
from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.event import encode
from clearhouse.core.merkle import leaf_hash
from clearhouse.core.note import Checkpoint, Note, sign
from clearhouse.operations.house import House
from clearhouse.store import consumers, journal
from clearhouse.store.consumers import consume
from clearhouse.store.journal import Entry
from clearhouse.store.tiles import Tiles

CONSUMER = "log"
BATCH = 4_096


class LogBehind(Refusal):
    """The log has not come to that entry yet."""

    code = "log.behind"
    kind = Kind.UNAVAILABLE


class LogDiffers(Alarm):
    """The log does not hold what the journal says."""

    code = "log.differs"


def entry_of(entry: Entry) -> bytes:
    """Write the log's entry for an entry of the journal: canonical JSON (RFC 8785)."""
    return canonical(
        {
            "body": sha256(encode(entry.event).encode()).hexdigest(),
            "kind": type(entry.event).__name__,
            "occurred_at": instant(entry.occurred_at),
            "position": str(entry.position),
            "recorded_at": instant(entry.recorded_at),
            "subject": entry.subject,
        }
    ).encode()


def follow(house: House, tiles: Tiles) -> int:
    """Take the journal's next entries into the log; answers how many.

    Whoever is killed between the tiles and the commit writes the same tiles again.

    Raises:
        TileDamaged: What is there already cannot be read.
    """

    def take(entries: Sequence[Entry]) -> None:
        tiles.append(entries[0].position - 1, [entry_of(one) for one in entries])

    return consume(house.db, CONSUMER, take, BATCH)


def size(house: House) -> int:
    """How many entries the log has."""
    return consumers.position(house.db, CONSUMER)


def checkpoint(house: House, tiles: Tiles, origin: str, key: Ed25519PrivateKey) -> Note:
    """Sign the log's head.

    Args:
        house: Whose log.
        tiles: The log's.
        origin: What the log is called; the key's name too.
        key: The house's, for heads of its log.
    """
    count = size(house)
    text = Checkpoint(origin, count, merkle.head(tiles.nodes(count), count)).encode()
    return Note(text, (sign(text, origin, key),))


def inclusion(house: House, tiles: Tiles, position: int, count: int) -> list[bytes]:
    """Show that the journal's entry is in the log of that size.

    Raises:
        LogBehind, OutsideTree: It is not.
    """
    if count > size(house):
        raise LogBehind(f"the log has {size(house)} entries: `clearhouse log follow`")
    return merkle.inclusion_proof(tiles.nodes(count), position - 1, count)


def consistency(house: House, tiles: Tiles, first: int, second: int) -> list[bytes]:
    """Show that the log of one size grew out of that of another.

    Raises:
        LogBehind, OutsideTree: It did not.
    """
    if second > size(house):
        raise LogBehind(f"the log has {size(house)} entries: `clearhouse log follow`")
    return merkle.consistency_proof(tiles.nodes(second), first, second)


def check(house: House, tiles: Tiles) -> tuple[int, bytes]:
    """Hash the whole journal again, and compare; answers the log's size and head.

    Raises:
        LogDiffers: Naming the first entry that is another one, or that the heads are.
        TileDamaged: A tile cannot be read.
    """
    count = size(house)
    found = merkle.head_of(_compared(house, tiles, count))
    if found != merkle.head(tiles.nodes(count), count):
        raise LogDiffers(f"the head over {count} entries is not that of the journal")
    return count, found


def _compared(house: House, tiles: Tiles, count: int) -> Iterator[bytes]:
    """Hash the journal's first entries, each after comparing it with the log's."""
    position = 0
    while position < count:
        entries = journal.after(house.db, position, min(BATCH, count - position))
        for one in entries:
            written = entry_of(one)
            if tiles.entry(one.position - 1, count) != written:
                raise LogDiffers(f"entry {one.position} is not what the journal says")
            yield leaf_hash(written)
        position = entries[-1].position
