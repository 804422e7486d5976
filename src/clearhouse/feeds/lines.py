"""Lines of a file that nobody vouches for: bounded, decoded, counted, and never half a line.

A line ends with a newline. What stands after the last newline is not taken: a file cut off in the
middle of `150000.00` would otherwise give 1500. A line longer than the bound is passed over without
being held in memory, so a file of one line of a gigabyte costs no more than its reading.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from clearhouse.core.errors import Kind, Refusal

# Several times what a record takes; and an operation may hold a batch of lines this long.
LINE_BYTES_MAX = 1 << 14


class FileEmpty(Refusal):
    """A file has no content."""

    code = "file.empty"
    kind = Kind.MALFORMED


class LineTooLong(Refusal):
    """A line is longer than any line of its kind can be."""

    code = "file.line-too-long"
    kind = Kind.MALFORMED


class LineUnfinished(Refusal):
    """A file ends in the middle of a line."""

    code = "file.line-unfinished"
    kind = Kind.MALFORMED


class EncodingWrong(Refusal):
    """A line is not UTF-8, or holds a null character."""

    code = "file.encoding-wrong"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its text without the newline, or why it cannot be read."""

    number: int  # the first line is 1
    content: str | Refusal
    end: int  # the offset in bytes behind it: where to go on


def lines(stream: BinaryIO, number: int = 0, offset: int = 0) -> Iterator[Line]:
    """Read on line by line behind line `number`, which ended at byte `offset`.

    A byte order mark at the very beginning is dropped; a carriage return before a newline too.
    """
    stream.seek(offset)
    while raw := stream.readline(LINE_BYTES_MAX):
        number += 1
        begin, size = raw, len(raw)
        while not raw.endswith(b"\n") and (raw := stream.readline(LINE_BYTES_MAX)):
            size += len(raw)
        content = _decoded(begin, number, size, finished=raw.endswith(b"\n"))
        offset += size
        yield Line(number, content, offset)


def _decoded(begin: bytes, number: int, size: int, *, finished: bool) -> str | Refusal:
    where = str(number)
    if size > len(begin):
        detail = f"line {number} has {size:,} bytes; at most {LINE_BYTES_MAX:,}"
        return LineTooLong(detail, line=where)
    if not finished:
        detail = f"the file ends within line {number}: send it again from this line on"
        return LineUnfinished(detail, line=where)
    try:
        text = begin.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as trouble:
        detail = f"line {number}: byte {trouble.start + 1} is not UTF-8; save the file as UTF-8"
        return EncodingWrong(detail, line=where)
    if "\0" in text:
        return EncodingWrong(f"line {number} holds a null character", line=where)
    return text.removesuffix("\n").removesuffix("\r")
