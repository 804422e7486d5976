"""Tables as they are written: to compare two databases row by row, to the byte."""

from collections.abc import Generator

from psycopg import Connection
from psycopg.sql import SQL as Composed  # noqa: N811 - `SQL` is every module's own statements
from psycopg.sql import Identifier

from clearhouse.store.named import load

SQL = load("tables")


def keys(db: Connection) -> dict[str, list[str]]:
    """The tables, each with the columns of its primary key."""
    return dict(db.execute(SQL["keys"]).fetchall())


def rows(db: Connection, table: str, key: list[str]) -> Generator[str]:
    """Every row of a table as PostgreSQL writes it, in the order of its key, one at a time.

    Close it where it is not read to its end.
    """
    query = Composed("COPY (SELECT * FROM {table} ORDER BY {key}) TO STDOUT").format(
        table=Identifier(table), key=Composed(", ").join(map(Identifier, key))
    )
    rest = ""
    with db.cursor().copy(query) as copy:
        for block in copy:
            *lines, rest = (rest + bytes(block).decode()).split("\n")
            yield from lines
    assert not rest
