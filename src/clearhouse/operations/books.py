"""Close the books: commit to how every account, obligation, cycle and person stands."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clearhouse.core.books import BooksClosed, NeverClosed
from clearhouse.core.canonical import instant
from clearhouse.core.command import AGE_MAX
from clearhouse.core.ledger import HOUSE
from clearhouse.operations.house import House
from clearhouse.operations.salted import Salted, salted
from clearhouse.operations.told import coins, told
from clearhouse.store import journal, people, standing
from clearhouse.store.files import ArchiveDamaged, keep
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing of the books, and where the journal tells of it."""

    books: BooksClosed
    position: int


def closings(house: House) -> list[Closing]:
    """Every closing so far, in order."""
    return [
        Closing(entry.event, entry.position)
        for entry in journal.of_kind(house.db, BooksClosed, [HOUSE])
        if isinstance(entry.event, BooksClosed)
    ]


def close(house: House) -> Closing:
    """Close the books as they stand now; where nothing has happened since, the last closing stands.

    The lines are read from one snapshot, and others may go on meanwhile. Of two who close at once,
    one does.
    """
    with house.db.transaction():
        house.db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        whole, before = journal.head(house.db), closings(house)
        if before and whole == before[-1].position == before[-1].books.position + 1:
            return before[-1]
        first = before[-1].books.position + 1 if before else 1
        orders = _orders(house, before[-1] if before else None, whole)
        records = [*standing.records(house.db), *orders, *coins(house)]
        found = lines(house, whole, [*records, *told(house, first, whole)])
    root = found.root.hex()
    books = BooksClosed(house.today, whole, len(found.lines), root)
    now = house.now()
    keep(house.archive / f"{root}.books", "".join(f"{line}\n" for line in found.lines).encode())
    with house.db.transaction():
        journal.lock(house.db)
        newest = closings(house)
        if len(newest) > len(before):
            return newest[-1]
        record(house.db, [(HOUSE, books)], now, now)
        return Closing(books, journal.head(house.db))


def _orders(house: House, before: Closing | None, whole: int) -> Iterator[dict[str, Any]]:
    """What was ordered so lately that it could be handed in again.

    An order that the closing before has forgotten is not remembered, though the clock be set back;
    unless its lines are lost, by which it cannot be a beginning any more.
    """
    newest = journal.after(house.db, whole - 1, 1)
    since = instant(newest[0].recorded_at - AGE_MAX) if newest else ""
    first, known = (before.books.position + 1 if before else 1), list[dict[str, Any]]()
    try:
        known = [json.loads(line) for line in lines_of(house, before.books).lines] if before else []
    except ArchiveDamaged:
        first = 1
    orders = dict(people.ordered_from(house.db, first))
    orders |= {one["command"]: one["made_at"] for one in known if one["standing"] == "order"}
    for id, made_at in orders.items():
        if made_at >= since:
            yield {"standing": "order", "command": id, "made_at": made_at}


def lines(house: House, position: int, records: Iterable[Mapping[str, Any]]) -> Salted:
    """The lines of the books as of an entry, as the house commits to them."""
    return salted(house, f"books {position}", records)


def lines_of(house: House, books: BooksClosed) -> Salted:
    """The lines that a closing committed to.

    Raises:
        ArchiveDamaged: They are not kept, or are others.
    """
    path = house.archive / f"{books.root}.books"
    try:
        records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    except (OSError, ValueError) as damaged:
        raise ArchiveDamaged(f"{path}: {damaged}") from damaged
    found = lines(house, books.position, records)
    if found.root.hex() != books.root:
        raise ArchiveDamaged(f"{path}: not the lines that were committed to")
    return found


def find(house: House, position: int = 0) -> tuple[Closing | None, Closing]:
    """A closing, and the one before it.

    Args:
        house: Whose.
        position: Of the last entry that it accounts for; 0 is the newest.

    Raises:
        NeverClosed: There is none.
    """
    all_of_them: Sequence[Closing] = closings(house)
    for before, found in zip((None, *all_of_them), all_of_them, strict=False):
        newest = not position and found is all_of_them[-1]
        if newest or found.books.position == position:
            return before, found
    raise NeverClosed("close them first: `clearhouse publish`" if not position else f"{position}")
