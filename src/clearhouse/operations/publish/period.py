"""Period: from one closing of the books to the next, and the head of the log that covers it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearhouse.core import merkle
from clearhouse.core.canonical import canonical, instant
from clearhouse.core.event import encode
from clearhouse.core.note import Note, parse_checkpoint
from clearhouse.operations import books, log
from clearhouse.operations.books import Closing
from clearhouse.operations.gather import gather
from clearhouse.operations.house import House
from clearhouse.store import journal
from clearhouse.store.journal import Entry

CHUNK = 4_096  # entries read at once


@dataclass(frozen=True, slots=True)
class Published:
    """A bundle that was written."""

    path: Path
    scope: str  # "day" or "participant"
    first: int  # of the journal's entries, from 1
    last: int
    size: int  # of the log whose head it shows


@dataclass(frozen=True)
class Period:
    """What a bundle is about."""

    house: House
    before: Closing | None  # the closing that it begins from; None at the founding
    closing: Closing
    note: Note  # the head of the log, cosigned where there are witnesses
    origin: str
    size: int  # of the log at that head

    @property
    def first(self) -> int:
        """The first entry's position."""
        return self.before.books.position + 1 if self.before else 1

    @property
    def last(self) -> int:
        """The last entry's position."""
        return self.closing.books.position

    @property
    def nodes(self) -> merkle.Nodes:
        """The log's whole subtrees."""
        return self.house.log.tiles.nodes(self.size)

    def entries(self) -> Iterator[Entry]:
        """The journal's entries of the period, in order."""
        position = self.first - 1
        while position < self.last:
            chunk = journal.after(self.house.db, position, min(CHUNK, self.last - position))
            yield from chunk
            position = chunk[-1].position

    def shown(self, entry: Entry, **more: Any) -> bytes:
        """A line that shows an entry, with the salt that opens the log's commitment to it."""
        body = encode(entry.event)
        salt = log.salt(self.house, f"entry {entry.position}").hex()
        line = {
            "kind": type(entry.event).__name__,
            "occurred_at": instant(entry.occurred_at),
            "position": str(entry.position),
            "recorded_at": instant(entry.recorded_at),
            "salt": salt,
            "subject": entry.subject,
        }
        # The body is canonical already, and its name comes first.
        return b'{"body":' + body.encode() + b"," + canonical(line | more).encode()[1:] + b"\n"

    def proved(self, entry: Entry) -> bytes:
        """The same, with the proof that it is under the head."""
        proof = merkle.inclusion_proof(self.nodes, entry.position - 1, self.size)
        return self.shown(entry, proof=[one.hex() for one in proof])

    def closed(self) -> Iterator[bytes]:
        """Lines that show the closings at both ends."""
        for one in (self.before, self.closing):
            if one is not None:
                (entry,) = journal.after(self.house.db, one.position - 1, 1)
                assert entry.event == one.books
                yield self.proved(entry)

    def manifest(self, scope: str, participant: str, headers_from: int) -> dict[str, Any]:
        """What the bundle says of itself."""
        return {
            "checkpoint": self.note.encode(),
            "first": str(self.first),
            "headers_from": str(headers_from),
            "last": str(self.last),
            "network": self.house.network,
            "participant": participant,
            "scope": scope,
        }


def period(house: House, position: int = 0) -> Period:
    """The period that ends with a closing, and a head of the log over it.

    Args:
        house: Whose.
        position: Which closing: of the last entry that it accounts for; 0 is the newest.

    Raises:
        NeverClosed: There is no such closing.
        CosignaturesTooFew, WitnessAlarmed: The witnesses do not cosign the head.
        CheckpointDamaged, LogDiffers: The head that is kept is none, or not of this log.
    """
    before, closing = books.find(house, position)
    log.catch_up(house)
    if house.log.witnesses.each:
        gather(house)
    note = log.kept(house)
    # One that was cosigned before will do, if it covers the closing.
    if note is None or parse_checkpoint(note.text).size < closing.position:
        note = log.checkpoint(house)
    head = parse_checkpoint(note.text)
    return Period(house, before, closing, note, head.origin, head.size)


def json_lines(records: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Records as lines."""
    for one in records:
        yield canonical(one).encode() + b"\n"
