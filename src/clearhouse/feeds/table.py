"""A CSV file with a header: one record a line, each line answered for itself.

Columns are found by their names, in any order. Two more columns, `refused_line` and `refusals`,
may stand beside them and are not read: a rejects file, mended, is a file to send again.
A quoted field cannot span lines (one record a line), so one stray quote spoils one line only.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from clearhouse.core.errors import Kind, Refusal
from clearhouse.feeds.lines import FileEmpty, Line, LineTooLong, LineUnfinished, lines

REJECTS = ("refused_line", "refusals")


class HeaderWrong(Refusal):
    """A file's first line does not name the columns that its kind has."""

    code = "file.header-wrong"
    kind = Kind.MALFORMED


class ColumnsWrong(Refusal):
    """A line does not have as many fields as the header has columns, or its quotes are off."""

    code = "file.columns-wrong"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    line: int
    text: str  # as it was sent; empty if it could not be read
    fields: Mapping[str, str] | Refusal
    end: int  # the offset in bytes behind it


def read_table(
    stream: BinaryIO,
    columns: Sequence[str],
    *,
    optional: Sequence[str] = (),
    line: int = 0,
    offset: int = 0,
) -> Iterator[Row]:
    """Read a table's rows; empty lines are passed over.

    Args:
        columns: The names that the header must have.
        optional: Those that it may have besides.
        line: Go on behind this line, which ended at byte `offset`; 0 begins at the first record.

    Raises:
        FileEmpty, HeaderWrong, EncodingWrong: Of the first line, before any row.
    """
    first = next(lines(stream), None)
    if first is None:
        raise FileEmpty(f"it should begin with the line {','.join(columns)}")
    header = _header(first, columns, optional)
    if line == 0:
        line, offset = first.number, first.end
    for one in lines(stream, line, offset):
        if one.content == "":
            continue
        yield _row(one, header)


def _header(first: Line, columns: Sequence[str], optional: Sequence[str]) -> list[str]:
    if isinstance(first.content, LineTooLong | LineUnfinished):
        raise HeaderWrong(f"{first.content.detail}; it should be {','.join(columns)}")
    if isinstance(first.content, Refusal):
        raise first.content
    header = [name.strip() for name in first.content.split(",")]
    missing = [name for name in columns if name not in header]
    extra = [name for name in header if name not in {*columns, *optional, *REJECTS}]
    twice = [name for name, count in Counter(header).items() if count > 1]
    if missing or extra or twice:
        raise HeaderWrong(
            f"the first line should be {','.join(columns)}"
            f" (missing: {', '.join(missing) or 'none'};"
            f" not known: {', '.join(extra)[:80] or 'none'};"
            f" twice: {', '.join(twice)[:80] or 'none'})"
        )
    return header


def _row(line: Line, header: list[str]) -> Row:
    if isinstance(line.content, Refusal):
        return Row(line.number, "", line.content, line.end)
    # The second half of a field with a line break in it has an odd quote too, inside a field, where
    # the reader takes it for a character like any other.
    if line.content.count('"') % 2:
        detail = f"line {line.number}: a quote is not closed; a field ends on the line it begins on"
        return Row(line.number, line.content, ColumnsWrong(detail), line.end)
    try:
        (values,) = csv.reader((line.content,), strict=True)
    except (csv.Error, ValueError) as trouble:
        detail = f"line {line.number}: {trouble}"
        return Row(line.number, line.content, ColumnsWrong(detail), line.end)
    if len(values) != len(header):
        detail = f"line {line.number} has {len(values)} fields; the header has {len(header)}"
        return Row(line.number, line.content, ColumnsWrong(detail), line.end)
    return Row(line.number, line.content, dict(zip(header, values, strict=True)), line.end)
