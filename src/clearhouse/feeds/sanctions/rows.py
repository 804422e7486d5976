"""CSV from outside as a stream of rows by the names in its header; line by line, within bounds."""

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from clearhouse.feeds.sanctions.opening import decoded
from clearhouse.feeds.sanctions.reading import Reading
from clearhouse.feeds.sanctions.refusals import RowMalformed, malformed

COLUMNS_MAX: Final = 1000  # the EU's has some 120
LINE_BYTES_MAX: Final = 8 << 20  # objects of FollowTheMoney are long

Row = Mapping[str, str]


def lines(file: str, stream: BinaryIO) -> Iterator[str]:
    """The lines of a file, each with its end; a byte order mark is dropped.

    Raises:
        RowMalformed: A line has no end in sight.
        WrongEncoding: One is not UTF-8.
    """
    number = 0
    while raw := stream.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(raw) > LINE_BYTES_MAX:
            raise malformed(file, number, f"it has more than {LINE_BYTES_MAX:,} bytes")
        yield decoded(file, raw, "utf-8-sig" if number == 1 else "utf-8")


@dataclass(frozen=True, slots=True)
class Table:
    """How a CSV file is written."""

    delimiter: str = ","
    needed: Collection[str] = ()  # names in the header without which it is another format
    preamble: bool = False  # whether a row of its own comes before the header

    def rows(
        self, file: str, stream: BinaryIO, reading: Reading, preamble: list[str] | None = None
    ) -> Iterator[tuple[int, Row]]:
        """The rows under the header, with the line each ends on; blank ones are said.

        Args:
            preamble: Takes the fields of the row before the header.

        Raises:
            RowMalformed, WrongEncoding: The file is not read.
        """
        rows = csv.reader(lines(file, stream), delimiter=self.delimiter, strict=True)
        try:
            if self.preamble:
                fields = next(rows, [])
                if preamble is not None:
                    preamble.extend(fields)
            header = [" ".join(name.split()) for name in next(rows, [])]
            self._check(file, header)
            for row in rows:
                if not "".join(row).strip():
                    reading.skip(file, rows.line_num, "blank")
                    continue
                if len(row) != len(header):
                    raise malformed(
                        file, rows.line_num, f"{len(row)} fields, not {len(header)} as its header"
                    )
                yield rows.line_num, dict(zip(header, map(str.strip, row), strict=True))
        except csv.Error as error:
            raise malformed(file, rows.line_num, str(error)) from error

    def _check(self, file: str, header: list[str]) -> None:
        if missing := [name for name in self.needed if name not in header]:
            raise RowMalformed(f"{file}: its header has no {', '.join(missing)}", file=file)
        if len(header) > COLUMNS_MAX:
            raise RowMalformed(f"{file}: its header has {len(header):,} columns", file=file)
        if twice := [name for name, count in Counter(header).items() if name and count > 1]:
            raise RowMalformed(f"{file}: its header has {twice[0][:40]} twice", file=file)
