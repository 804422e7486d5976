"""OFAC's legacy CSV files, of the SDN list (sdn.csv) and of the others together (cons_prim.csv).

    sdn.csv            the primary names; no header, `-0-` for empty
    alt.csv            aliases (optional)
    add.csv            addresses (optional; their countries are kept)
    sdn_comments.csv   remarks too long for sdn.csv (optional)

The files are ASCII (OFAC transliterates) and may be UTF-8. Aliases of an entry that is not in
sdn.csv mean that the files are of two editions, and are refused; where the publication vouches for
both files, such aliases stand as an entry of their own, since nothing that is listed may be
dropped. What a machine fetched file by file is vouched for by nobody in this sense.

Source: OFAC, "SDN and other lists: data formats and data schemas" (dat_spec.txt).
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from clearhouse.core.listed import Category, IdentifierKind, Quality, Role
from clearhouse.engines.names import fold
from clearhouse.feeds.sanctions.ofac_remarks import take_remarks
from clearhouse.feeds.sanctions.opening import END_MARK, decoded
from clearhouse.feeds.sanctions.reading import Entry, Reading
from clearhouse.feeds.sanctions.refusals import (
    EditionsMixed,
    FileEmpty,
    FileMissing,
    malformed,
)
from clearhouse.feeds.sanctions.words import category_of

# What each file holds, by its name: the fields of a row, and whose primary names it belongs to.
PRIMARY, ALIASES, ADDRESSES, REMARKS = 12, 5, 6, 2
FILES: Final[Mapping[str, tuple[int, str]]] = MappingProxyType(
    {
        "sdn.csv": (PRIMARY, "sdn.csv"),
        "alt.csv": (ALIASES, "sdn.csv"),
        "add.csv": (ADDRESSES, "sdn.csv"),
        "sdn_comments.csv": (REMARKS, "sdn.csv"),
        "cons_prim.csv": (PRIMARY, "cons_prim.csv"),
        "cons_alt.csv": (ALIASES, "cons_prim.csv"),
        "cons_add.csv": (ADDRESSES, "cons_prim.csv"),
        "cons_comments.csv": (REMARKS, "cons_prim.csv"),
    }
)
NUMBER_FORM = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
FORMER: Final = ("fka", "f.k.a.")


def first(file: str) -> bool:
    """Whether a file must be read before the others, which refer to it."""
    return file in FILES and FILES[file][1] == file


def check_primary(folder: str, files: set[str]) -> None:
    """Refuse files whose primary names are missing, or the files of two lists.

    Raises:
        FileMissing, EditionsMixed: They are read by nobody.
    """
    primary = {FILES[file][1] for file in files if file in FILES}
    if missing := sorted(primary - files):
        raise FileMissing(f"{folder} has no {missing[0]}", file=missing[0])
    if len(primary) > 1:
        raise EditionsMixed(f"{folder} has the files of two lists", file=max(primary))


class OfacFiles:
    """The files of one edition, sdn.csv first."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.vouched = set(reading.publication.files)
        self.orphans: dict[str, Entry] = {}
        self.remarks: defaultdict[str, str] = defaultdict(str)
        reading.weak_screened = False  # OFAC does not expect it: FAQ 124
        reading.counts.update(aliases=0, aliases_without_entity=0)

    def take(self, file: str, content: bytes) -> None:
        """Read one file that is known to be whole."""
        fields, line = FILES[file][0], 0
        for line, row in self._rows(file, content):
            if fields == PRIMARY:
                self._take_entity(file, line, row)
            elif fields == ALIASES:
                self._take_alias(file, line, row)
            elif fields == ADDRESSES:
                self._named(file, row[0]).add_country(row[4])
            else:
                self._named(file, row[0])
                self.remarks[row[0]] += row[1]
        if not line:
            raise FileEmpty(f"{file} has no entry", file=file)

    def _rows(self, file: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
        """The rows of a CSV file with the line each ends on; `-0-` is empty."""
        bare = content.rstrip(b"\r\n").removesuffix(END_MARK)
        if END_MARK in bare:
            raise malformed(file, bare[: bare.index(END_MARK)].count(b"\n") + 1, "an end mark")
        text = decoded(file, bare, "utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for row in rows:
                line = rows.line_num
                if not "".join(row).strip():
                    self.reading.skip(file, line, "blank")
                    continue
                if len(row) != FILES[file][0]:
                    raise malformed(file, line, f"{len(row)} fields, not {FILES[file][0]}")
                fields = ["" if field.strip() == "-0-" else field.strip() for field in row]
                if not NUMBER_FORM.fullmatch(fields[0]):
                    raise malformed(file, line, f"{row[0][:32]!r} is no entry's number")
                yield line, fields
        except csv.Error as error:
            raise malformed(file, rows.line_num, str(error)) from error

    def _take_entity(self, file: str, line: int, row: list[str]) -> None:
        number, name, kind, programmes = row[:4]
        entry = self.reading.entry(file, number, line)
        entry.kind = kind
        entry.category = category_of(kind) if kind else Category.ORGANISATION
        if not entry.add_name(name, Role.PRIMARY):
            raise malformed(file, line, f"{number} has no name")
        for programme in programmes.split("] ["):
            entry.add_programme(programme)
        entry.add_identifier(IdentifierKind.CALL_SIGN, row[5])
        entry.add_country(row[9])  # a vessel's flag
        self.remarks[number] += row[11]

    def _take_alias(self, file: str, line: int, row: list[str]) -> None:
        number, kind, name = row[0], row[2].lower(), row[3]
        self.reading.counts["aliases"] += 1
        if not fold(name):
            self.reading.skip(file, line, "no name in it", number)
            return
        role = Role.FORMER if kind in FORMER else Role.ALIAS
        entry = self._named(file, number)
        entry.add_name(name, role, Quality.STRONG)
        self.reading.counts["aliases_without_entity"] += number in self.orphans

    def _named(self, file: str, number: str) -> Entry:
        """The entry that a row is about; refused where nobody vouches that sdn.csv may lack it."""
        if known := self.reading.entries.get(number):
            return known
        primary = FILES[file][1]
        if not {primary, file} <= self.vouched:
            raise EditionsMixed(
                f"{file} names entry {number}, which {primary} lacks", entity=number
            )
        return self.orphans.setdefault(number, Entry(number))

    def finish(self) -> None:
        """Read the remarks, once every file is there; entries stand in the order of their numbers.

        Entries that are there by their aliases alone join the others here.
        """
        entries = self.reading.entries
        self.reading.counts["entities"] = len(entries)
        known = {**self.orphans, **entries}
        for number, remarks in self.remarks.items():
            take_remarks(self.reading, known[number], remarks)
        stray = [number for number, entry in self.orphans.items() if not entry.names]
        self.reading.counts["rows_without_entity"] = len(stray)
        entries.clear()
        entries.update(
            (number, known[number]) for number in sorted(known.keys() - set(stray), key=int)
        )
