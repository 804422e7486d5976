"""The lists of the United Kingdom: OFSI's consolidated list (ConList.csv) and FCDO's UK list.

Both have a row for each name of an entry, under a header, under a row that tells the day. Several
values stand in one field as `(1) Syria (2) Iraq`; unknown parts of a day as `00/00/1959` or
`dd/mm/1959`. OFSI tells ships and genders in a text: `(IMO number):9216547 (Gender):Male`.

Source: OFSI, "Consolidated list: format guide" (2022); FCDO, "UK Sanctions List format guide".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, Final

from clearhouse.core.listed import IdentifierKind, Quality, Role
from clearhouse.feeds.sanctions.births import worded
from clearhouse.feeds.sanctions.reading import Entry, Reading, clean
from clearhouse.feeds.sanctions.refusals import DuplicateEntity, malformed
from clearhouse.feeds.sanctions.rows import Row, Table
from clearhouse.feeds.sanctions.words import category_of

NAME_PARTS: Final = [f"Name {part}" for part in (1, 2, 3, 4, 5, 6)]  # 6 is the family name
DAY_FORM = re.compile(r"\b(\d{1,2})[/-](\d{1,2}|[A-Za-z]{3})[/-](\d{4})\b", re.ASCII)
# `(1) A (2) B`, also `1) A 2) B` and `(1)-(2) A`; in `A123456(7)` it is a part of the number.
SEVERAL = re.compile(r"(?:(?<![^\s,;|])\(?\d{1,2}\)(?:-\(\d{1,2}\))?)|[|;]", re.ASCII)
UNKNOWN_PART = re.compile(r"\b(?:dd|mm)(?=/)", re.IGNORECASE)
NOTED = re.compile(r"\((?P<label>IMO number|Business Reg No|Gender)\):\s*(?P<said>[^()]{1,200})")
IMO_FORM = re.compile(r"\b[0-9]{7}\b", re.ASCII)

P, N, R = IdentifierKind.PASSPORT, IdentifierKind.NATIONAL_ID, IdentifierKind.REGISTRATION


@dataclass(frozen=True, slots=True)
class Dialect:
    """Under which names a list writes what."""

    number: str
    kind: str
    programme: str
    role: str
    quality: str
    script_name: str
    script: str
    birth: str
    gender: str  # "": in the text
    countries: tuple[str, ...]
    identifiers: Mapping[str, IdentifierKind]
    text: str = ""  # where OFSI notes what has no column

    @property
    def table(self) -> Table:
        """How its file is written."""
        needed = (self.number, self.kind, self.programme, self.role, "Name 6")
        return Table(needed=needed, preamble=True)


CONLIST: Final = Dialect(
    number="Group ID",
    kind="Group Type",
    programme="Regime",
    role="Alias Type",
    quality="Alias Quality",
    script_name="Name Non-Latin Script",
    script="Non-Latin Script Type",
    birth="DOB",
    gender="",
    countries=("Nationality", "Country"),
    identifiers={"Passport Number": P, "National Identification Number": N},
    text="Other Information",
)
UK_LIST: Final = Dialect(
    number="Unique ID",
    kind="Individual, Entity, Ship",
    programme="Regime Name",
    role="Name type",
    quality="Alias strength",
    script_name="Name non-latin script",
    script="Non-latin script type",
    birth="D.O.B",
    gender="Gender",
    countries=("Nationality(/ies)", "Address Country", "Current believed flag of ship"),
    identifiers={
        "Passport number": P,
        "National Identifier number": N,
        "Business registration number (s)": R,
        "IMO number": IdentifierKind.IMO,
    },
)


def take_conlist(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read OFSI's list."""
    _take(reading, file, stream, CONLIST)


def take_uk_list(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read FCDO's list."""
    _take(reading, file, stream, UK_LIST)


def _take(reading: Reading, file: str, stream: BinaryIO, dialect: Dialect) -> None:
    preamble: list[str] = []
    for line, row in dialect.table.rows(file, stream, reading, preamble):
        entry = _entry(reading, file, line, row, dialect)
        _take_names(reading, file, line, entry, row, dialect)
        entry.add_programme(row[dialect.programme])
        for column in dialect.countries:
            for country in _several(row, column):
                entry.add_country(country)
        for said in _several(row, dialect.birth):
            if birth := worded(UNKNOWN_PART.sub("00", said)):
                entry.births[birth] = None
            else:
                reading.skip(file, line, f"no day of birth: {said[:60]!r}", entry.number)
        for column, kind in dialect.identifiers.items():
            for value in _several(row, column):
                entry.add_identifier(kind, value, "", column)
        if dialect.gender:
            entry.add_gender(row.get(dialect.gender, ""))
        if dialect.text:
            _take_text(entry, row.get(dialect.text, ""))
    reading.say_date(file, _day(file, " ".join(preamble)))


def _day(file: str, said: str) -> date:
    form = DAY_FORM.search(said)
    birth = None
    if form is not None:
        separator = "/" if form[2].isdigit() else " "
        birth = worded(separator.join(form.groups()))
    if birth is None or birth.first is None:
        raise malformed(file, 1, f"{said[:60]!r} tells no day")
    return birth.first


def _several(row: Row, column: str) -> Iterator[str]:
    for said in SEVERAL.split(row.get(column, "")):
        if value := said.strip(" ,"):
            yield value


def _entry(reading: Reading, file: str, line: int, row: Row, dialect: Dialect) -> Entry:
    """The entry that a row is about, which others may be about, too."""
    number, kind = clean(row[dialect.number]), clean(row[dialect.kind])
    entry = reading.entries.get(number)
    if entry is None:
        entry = reading.entry(file, number, line)
        entry.kind, entry.category = kind, category_of(kind)
    elif kind != entry.kind:
        raise DuplicateEntity(f"{file} line {line}: {number} again, as {kind!r:.20}", entity=number)
    return entry


def _take_names(
    reading: Reading, file: str, line: int, entry: Entry, row: Row, dialect: Dialect
) -> None:
    said, strength = row[dialect.role].lower(), row.get(dialect.quality, "").lower()
    role = Role.ALIAS
    if said == "primary name":
        role = Role.PRIMARY
    elif said == "fka":
        role = Role.FORMER
    quality = Quality.UNSAID
    if "low" in strength or "weak" in strength:
        quality = Quality.WEAK
    elif "good" in strength or "strong" in strength:
        quality = Quality.STRONG
    name = " ".join(filter(None, (row.get(part, "") for part in NAME_PARTS)))
    original = row.get(dialect.script_name, "")
    found = [entry.add_name(name, role, quality)]
    if original:
        script = row.get(dialect.script, "") or "original"
        found.append(entry.add_name(original, Role.ALIAS, quality, script))
    if not any(found):
        reading.skip(file, line, "no name in it", entry.number)


def _take_text(entry: Entry, said: str) -> None:
    for note in NOTED.finditer(said):
        match note["label"]:
            case "Gender":
                entry.add_gender(note["said"])
            case "IMO number":
                for imo in IMO_FORM.findall(note["said"]):
                    entry.add_identifier(IdentifierKind.IMO, imo, "", note["label"])
            case label:
                entry.add_identifier(R, note["said"], "", label)
