r"""Bulk: how many values reach PostgreSQL at once, where psycopg's own ways cost too much.

psycopg escapes a list's items one by one, and adapts each field of a row; at a hundred thousand
fields a second that is most of the work. Here a list is one text that PostgreSQL splits again, and
a row is a line of COPY's text form, in which \N is NULL.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from itertools import islice
from typing import Any, LiteralString, TypeVar

from psycopg import Connection
from psycopg.pq import PipelineStatus
from psycopg.sql import SQL, Composed, Identifier

# A backslash before what would end a field or a row.
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
# A backslash before what would end an item of an array.
QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})
NULL = r"\N"
ROWS_AT_ONCE = 1_000
T = TypeVar("T")
FEW = 100  # ids whose questions, and answers, fit what a socket holds


def joined(parts: Iterable[str]) -> str:
    """Put many ids or numbers into one parameter.

    The separator (ASCII's own, "unit separator") is in no id, and PostgreSQL splits at it again.
    """
    return "\x1f".join(parts)


def field(text: str | None) -> str:
    """A text as a field of COPY's text form."""
    if text is None:
        return NULL
    # Nearly all are plain, and looking takes a tenth of the time of translating.
    return text if text.isprintable() and "\\" not in text else text.translate(ESCAPED)


def together(db: Connection, ids: Sequence[str] | None) -> AbstractContextManager[object]:
    """Ask several statements about a few in one way there and back.

    About many they are asked one after another: both sides would wait for the other to read.
    Within another `together` the statements join its way: each pipeline that ends waits once.
    """
    few = ids is not None and len(ids) <= FEW
    within = db.pgconn.pipeline_status != PipelineStatus.OFF
    return db.pipeline() if few and not within else nullcontext()


def copy_rows_into(
    db: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows into a table that the code names.

    Their fields are texts, numbers, flags, days, instants, and tuples of texts, which are arrays.
    """
    statement = SQL("COPY {table} ({columns}) FROM STDIN").format(
        table=Identifier(table), columns=SQL(", ").join(map(Identifier, columns))
    )
    with db.cursor().copy(statement) as copy:
        for block in batched(rows, ROWS_AT_ONCE):
            copy.write("".join("\t".join(map(_written, row)) + "\n" for row in block))


def batched(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut rows into parts of at most `size` (`itertools.batched` comes with Python 3.12)."""
    source = iter(rows)
    while part := list(islice(source, size)):
        yield part


def _written(value: Any) -> str:
    if value is None or isinstance(value, str):
        return field(value)
    if isinstance(value, tuple):
        return field("{" + ",".join(f'"{one.translate(QUOTED)}"' for one in value) + "}")
    assert isinstance(value, int | date), f"{value!r} has another form in a list"
    return str(value)


def copy_rows(
    db: Connection, statement: LiteralString | Composed, rows: Sequence[Sequence[Any]]
) -> None:
    """Write rows, adapted field by field; nothing happens for none."""
    if rows:
        with db.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
