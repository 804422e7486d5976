"""The transparency log: the journal's entries under one head that nobody can rewrite unseen.

An entry of the log says where and when an event was recorded and of which kind it is. Whose it is
and what it says stand behind a commitment: SHA-256 over a salt and the canonical bytes. Any web
server may serve the log: without the salt nobody can try out what an entry says, though there are
few firms and small sums. Whoever is shown an event is given its salt, and can check it. The salts
follow from the log's secret, one for each position.

The journal's position p is the log's index p - 1. The tiles follow the journal; a checkpoint is the
head that the house signs.
"""

import hmac
from collections.abc import Iterator, Sequence
from hashlib import sha256

from clearhouse.core import merkle
from clearhouse.core.canonical import canonical, instant
from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.event import encode
from clearhouse.core.founding import NotFounded
from clearhouse.core.merkle import leaf_hash
from clearhouse.core.note import Checkpoint, Note, parse_checkpoint, sign
from clearhouse.operations.house import House
from clearhouse.store import consumers, journal
from clearhouse.store.consumers import consume
from clearhouse.store.journal import Entry
from clearhouse.store.people import founded

ORIGIN = "clearhouse/"  # how the name of a house's log begins
SALT_FORM = "clearhouse.salt.1"
CONSUMER = "log"
BATCH = 4_096


class LogBehind(Refusal):
    """The log has not come to that entry yet."""

    code = "log.behind"
    kind = Kind.UNAVAILABLE


class LogDiffers(Alarm):
    """The log does not hold what the journal says."""

    code = "log.differs"


def origin(house: House) -> str:
    """What the log is called: after the house, which two people founded.

    Raises:
        NotFounded: It has no id yet.
    """
    found = founded(house.db)
    if found is None:
        raise NotFounded("two people found it first: see the guide to people and keys")
    return ORIGIN + found[0]


def salt(house: House, what: str) -> bytes:
    """The salt of something that the house commits to: 32 bytes that only it can tell."""
    return hmac.digest(house.log.secret, f"{SALT_FORM} {what}".encode(), "sha256")


def opening(entry: Entry) -> bytes:
    """Write what an entry of the log hides: canonical JSON (RFC 8785)."""
    return canonical(
        {
            "body": encode(entry.event),
            "occurred_at": instant(entry.occurred_at),
            "subject": entry.subject,
        }
    ).encode()


def entry_of(house: House, entry: Entry) -> bytes:
    """Write the log's entry for an entry of the journal: canonical JSON (RFC 8785)."""
    salted = salt(house, f"entry {entry.position}") + opening(entry)
    return canonical(
        {
            "commitment": sha256(salted).hexdigest(),
            "kind": type(entry.event).__name__,
            "position": str(entry.position),
            "recorded_at": instant(entry.recorded_at),
        }
    ).encode()


def follow(house: House) -> int:
    """Take the journal's next entries into the log; answers how many.

    Whoever is killed between the tiles and the commit writes the same tiles again.

    Raises:
        TileDamaged: What is there already cannot be read.
    """

    def take(entries: Sequence[Entry]) -> None:
        house.log.tiles.append(entries[0].position - 1, [entry_of(house, one) for one in entries])

    return consume(house.db, CONSUMER, take, BATCH)


def catch_up(house: House) -> None:
    """Take all that the journal has into the log; as `follow`."""
    while follow(house):
        pass


def size(house: House) -> int:
    """How many entries the log has."""
    return consumers.position(house.db, CONSUMER)


def head(house: House) -> Checkpoint:
    """The log's size and head.

    Raises:
        NotFounded: It has no name yet.
    """
    count = size(house)
    return Checkpoint(origin(house), count, merkle.head(house.log.tiles.nodes(count), count))


def checkpoint(house: House) -> Note:
    """Sign the log's head; the log's name is the key's too.

    Raises:
        NotFounded: It has no name yet.
    """
    found = head(house)
    text = found.encode()
    return Note(text, (sign(text, found.origin, house.log.key),))


def need_own(house: House, before: Checkpoint) -> None:
    """Check that a head of before is one of this log.

    Raises:
        LogDiffers: It is not.
    """
    count, name = size(house), origin(house)
    nodes = house.log.tiles.nodes(count)
    if before.origin != name or before.size > count:
        raise LogDiffers(f"{before.origin} had {before.size} entries; {name} has {count}")
    if merkle.head(nodes, before.size) != before.root:
        raise LogDiffers(f"the head of {before.size} entries is not one of this log of {count}")


def kept(house: House) -> Note | None:
    """The kept head of this log as it was cosigned, if there is one.

    Raises:
        CheckpointDamaged, LogDiffers: It cannot be read, or is not of this log.
    """
    note = house.log.tiles.kept()
    before = parse_checkpoint(note.text) if note else None
    if before is None or before.origin != origin(house):
        return None  # a folder that another house had
    need_own(house, before)
    return note


def inclusion(house: House, position: int, count: int) -> list[bytes]:
    """Show that the journal's entry is in the log of that size.

    Raises:
        LogBehind, OutsideTree: It is not.
    """
    if count > size(house):
        raise LogBehind(f"the log has {size(house)} entries: `clearhouse log follow`")
    return merkle.inclusion_proof(house.log.tiles.nodes(count), position - 1, count)


def consistency(house: House, first: int, second: int) -> list[bytes]:
    """Show that the log of one size grew out of that of another.

    Raises:
        LogBehind, OutsideTree: It did not.
    """
    if second > size(house):
        raise LogBehind(f"the log has {size(house)} entries: `clearhouse log follow`")
    return merkle.consistency_proof(house.log.tiles.nodes(second), first, second)


def check(house: House) -> tuple[int, bytes]:
    """Hash the whole journal again, and compare; answers the log's size and head.

    Raises:
        LogDiffers: Naming the first entry that is another one, or that the heads are.
        TileDamaged: A tile cannot be read.
    """
    count = size(house)
    found = merkle.head_of(_compared(house, count))
    if found != merkle.head(house.log.tiles.nodes(count), count):
        raise LogDiffers(f"the head over {count} entries is not that of the journal")
    return count, found


def _compared(house: House, count: int) -> Iterator[bytes]:
    """Hash the journal's first entries, each after comparing it with the log's."""
    position = 0
    while position < count:
        entries = journal.after(house.db, position, min(BATCH, count - position))
        for one in entries:
            written = entry_of(house, one)
            if house.log.tiles.entry(one.position - 1, count) != written:
                raise LogDiffers(f"entry {one.position} is not what the journal says")
            yield leaf_hash(written)
        position = entries[-1].position
