"""Replay the journal into an empty database, and compare what it makes with what the house has.

Ledger, registers and decisions must come out the same to the byte: then nothing stands in a table
that the journal does not tell, and the journal alone can bring a house back.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest

from psycopg import Connection

from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.ledger import TransferRecorded
from clearhouse.operations.house import House
from clearhouse.store import journal, projection, tables
from clearhouse.store.journal import Entry
from clearhouse.store.migrate import migrate

CHUNK = 4_000  # entries in a transaction

# What is no fact, but where work stands; what says how the schema came to be; and what may be
# forgotten, of which the journal has the commitment.
NOT_TOLD = frozenset({"intake", "job", "consumer", "migration", "sealed_dossier", "travel_request"})


class NotEmpty(Refusal):
    """A journal is replayed into an empty database only."""

    code = "replay.not-empty"
    kind = Kind.CONFLICT


class ReplayDiffers(Alarm):
    """A table is not what the journal says."""

    code = "replay.differs"


@dataclass(frozen=True, slots=True)
class Replay:
    """A journal that was replayed, and the tables that came out the same."""

    entries: int
    rows: dict[str, int]  # by table


def replay(house: House, into: Connection, advance: Callable[[int], None]) -> Replay:
    """Replay the house's journal as of one moment into `into`, and compare every table.

    The house can go on meanwhile.

    Args:
        house: Whose journal.
        into: A connection to an empty database, which is migrated first.
        advance: Is told how many entries were replayed so far.

    Raises:
        NotEmpty: There is something in `into`.
        EventMalformed: An entry is not in its form.
        ReplayDiffers: Naming the first row that differs.
    """
    if tables.keys(into):
        raise NotEmpty("it has tables: name another database")
    migrate(into, house.now())
    with house.db.transaction():
        house.db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        whole = journal.head(house.db)
        for chunk in _chunks(house.db):
            with into.transaction():
                journal.restore(into, chunk)
                projection.project(into, chunk)
            advance(chunk[-1].position)
        compared = tables.keys(house.db)
        counts = {
            table: _compare(house.db, into, table, key)
            for table, key in compared.items()
            if table not in NOT_TOLD
        }
    return Replay(whole, counts)


def _chunks(db: Connection) -> Iterator[list[Entry]]:
    """The journal in parts that do not cut a group of transfers."""
    position, kept = 0, list[Entry]()
    while read := journal.after(db, position, CHUNK):
        position = read[-1].position
        entries = kept + read
        cut, group = len(entries), _group(entries[-1])
        while group is not None and cut and _group(entries[cut - 1]) == group:
            cut -= 1
        if cut:
            yield entries[:cut]
        kept = entries[cut:]
    if kept:
        yield kept


def _group(entry: Entry) -> str | None:
    return entry.event.group if isinstance(entry.event, TransferRecorded) else None


def _compare(house: Connection, other: Connection, table: str, key: list[str]) -> int:
    """Compare a table row by row; answers how many rows it has."""
    count = 0
    # Closed where they end early: a connection in the middle of a COPY answers nothing else.
    with (
        closing(tables.rows(house, table, key)) as ours,
        closing(tables.rows(other, table, key)) as theirs,
    ):
        for count, (here, there) in enumerate(zip_longest(ours, theirs), 1):
            if here != there:
                detail = f"{table}, row {count} by its key: the house has {here!r}, "
                raise ReplayDiffers(f"{detail}its journal {there!r}", table=table)
    return count
