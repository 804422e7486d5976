"""The EU's consolidated list of financial sanctions (FSF), export format 1.1, as XML and as CSV.

An entry's number is its `logicalId`; the reference that people quote (EU.27.28) is kept beside it.
The first name is taken for the primary one, as the EU says no other. The CSV has a row for each
name, address, birth date, document and citizenship, and does not say which aliases are strong. All
its rows tell one day of generation: others are of another edition.

Source: European Commission, "Financial Sanctions Database: XML and CSV export" (FSF schema 1.1).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import BinaryIO, Final

from clearhouse.core.listed import Birth, IdentifierKind, Quality, Role
from clearhouse.feeds.sanctions.births import YEAR_FORM, born, period, worded, year
from clearhouse.feeds.sanctions.markup import Entries, instant
from clearhouse.feeds.sanctions.reading import Entry, Reading, clean
from clearhouse.feeds.sanctions.refusals import (
    DuplicateEntity,
    EditionsMixed,
    entry_malformed,
    malformed,
)
from clearhouse.feeds.sanctions.rows import Row, Table
from clearhouse.feeds.sanctions.words import EU_CODES, category_of

Said = Mapping[str, str]  # by the names of the XML's attributes
NOWHERE: Final = ("", "00")
QUALITIES: Final = {"true": Quality.STRONG, "false": Quality.WEAK}

TABLE: Final = Table(
    delimiter=";",
    needed=(
        "fileGenerationDate",
        "Entity_LogicalId",
        "Entity_SubjectType",
        "NameAlias_WholeName",
    ),
)
# The CSV's columns by the names of the XML's attributes.
NAME: Final = {
    "wholeName": "NameAlias_WholeName",
    "firstName": "NameAlias_FirstName",
    "middleName": "NameAlias_MiddleName",
    "lastName": "NameAlias_LastName",
    "nameLanguage": "NameAlias_NameLanguage",
    "gender": "NameAlias_Gender",
}
ADDRESS: Final = {
    "countryIso2Code": "Address_CountryIso2Code",
    "countryDescription": "Address_CountryDescription",
}
CITIZENSHIP: Final = {
    "countryIso2Code": "Citizenship_CountryIso2Code",
    "countryDescription": "Citizenship_CountryDescription",
}
BIRTH: Final = {
    "birthdate": "BirthDate_BirthDate",
    "dayOfMonth": "BirthDate_Day",
    "monthOfYear": "BirthDate_Month",
    "year": "BirthDate_Year",
    "yearRangeFrom": "BirthDate_YearRangeFrom",
    "yearRangeTo": "BirthDate_YearRangeTo",
    "circa": "BirthDate_Circa",
    "calendarType": "BirthDate_CalendarType",
}
DOCUMENT: Final = {
    "number": "Identification_Number",
    "latinNumber": "Identification_LatinNumber",
    "identificationTypeCode": "Identification_TypeCode",
    "identificationTypeDescription": "Identification_TypeDescription",
    "countryIso2Code": "Identification_CountryIso2Code",
    "countryDescription": "Identification_CountryDescription",
}


def take_eu_xml(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read the XML."""
    entries = Entries(file, "export", ["sanctionEntity"])
    for element in entries.read(stream):
        number = clean(element.get("logicalId", ""))
        entry = reading.entry(file, number)
        kind = element.find("subjectType")
        entry.kind = clean(kind.get("code", "")) if kind is not None else ""
        entry.category = category_of(entry.kind)
        _add_reference(entry, element.get("euReferenceNumber", ""))
        for each in element:
            match each.tag:
                case "regulation":
                    entry.add_programme(each.get("programme", ""))
                case "nameAlias":
                    _take_name(reading, file, 0, entry, each.attrib)
                case "address" | "citizenship":
                    entry.add_country(_country(each.attrib))
                case "birthdate":
                    _take_birth(reading, file, 0, entry, each.attrib)
                case "identification":
                    _take_document(reading, file, 0, entry, each.attrib)
                case _:
                    pass
        if not entry.names:
            raise entry_malformed(file, number, "it has no name")
    reading.say_date(file, instant(file, entries.root.get("generationDate", "")))


def take_eu_csv(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read the CSV."""
    generated_on = ""
    for line, row in TABLE.rows(file, stream, reading):
        generated_on = generated_on or row["fileGenerationDate"]
        if row["fileGenerationDate"] != generated_on:
            said = row["fileGenerationDate"][:20]
            raise EditionsMixed(f"{file} line {line} is of {said!r}, not {generated_on!r:.24}")
        entry = _entry(reading, file, line, row)
        if any(row.get(column) for column in NAME.values()):
            _take_name(reading, file, line, entry, _said(row, NAME))
        entry.add_country(_country(_said(row, ADDRESS)))
        entry.add_country(_country(_said(row, CITIZENSHIP)))
        if any(row.get(column) for name, column in BIRTH.items() if "ear" in name or "th" in name):
            _take_birth(reading, file, line, entry, _said(row, BIRTH))
        if row.get(DOCUMENT["number"]) or row.get(DOCUMENT["latinNumber"]):
            _take_document(reading, file, line, entry, _said(row, DOCUMENT))
    if generated_on:
        reading.say_date(file, _day(file, generated_on))


def _said(row: Row, columns: Mapping[str, str]) -> Said:
    return {name: row.get(column, "") for name, column in columns.items()}


def _day(file: str, said: str) -> date:
    birth = worded(said)
    if birth is None or birth.first is None or birth.first != birth.last:
        raise malformed(file, 1, f"fileGenerationDate {said[:40]!r} is no day")
    return birth.first


def _entry(reading: Reading, file: str, line: int, row: Row) -> Entry:
    """The entry that a row is about, which others may be about, too."""
    number = clean(row["Entity_LogicalId"])
    # The exports have the code and the word under each other's names.
    kind = max(
        row["Entity_SubjectType"], row.get("Entity_SubjectType_ClassificationCode", ""), key=len
    )
    entry = reading.entries.get(number)
    if entry is None:
        entry = reading.entry(file, number, line)
        entry.kind, entry.category = kind, category_of(kind)
        _add_reference(entry, row.get("Entity_EU_ReferenceNumber", ""))
    elif kind != entry.kind:
        raise DuplicateEntity(f"{file} line {line}: {number} again, as {kind!r:.20}", entity=number)
    entry.add_programme(row.get("Entity_Regulation_Programme", ""))
    return entry


# What both have.


def _add_reference(entry: Entry, reference: str) -> None:
    entry.add_identifier(IdentifierKind.OTHER, reference, "", "euReferenceNumber")


def _country(said: Said) -> str:
    code = said.get("countryIso2Code", "")
    if code in NOWHERE:
        return said.get("countryDescription", "")
    return code


def _take_name(reading: Reading, file: str, line: int, entry: Entry, said: Said) -> None:
    parts = (said.get(part, "") for part in ("firstName", "middleName", "lastName"))
    name = said.get("wholeName", "") or " ".join(filter(None, parts))
    role = Role.ALIAS if entry.names else Role.PRIMARY
    quality = QUALITIES.get(said.get("strong", ""), Quality.UNSAID)
    if not entry.add_name(name, role, quality, said.get("nameLanguage", "")):
        reading.skip(file, line, "a name without a letter", entry.number)
    entry.add_gender(said.get("gender", ""))


def _take_birth(reading: Reading, file: str, line: int, entry: Entry, said: Said) -> None:
    birth = _birth(said) if said.get("calendarType", "") in {"", "GREGORIAN"} else None
    if birth is None:
        told = " ".join(f"{name}={value}" for name, value in said.items() if value)
        reading.skip(file, line, f"no day of birth: {told[:80]!r}", entry.number)
    else:
        about = said.get("circa", "").lower() == "true"
        entry.births[replace(birth, approximate=birth.approximate or about)] = None


def _birth(said: Said) -> Birth | None:
    if said.get("birthdate"):
        return worded(said["birthdate"])
    first, last = (year(said.get(name, "")) for name in ("yearRangeFrom", "yearRangeTo"))
    if first and last:
        return born(first, last)
    if first or last:  # as the list has it of somebody born by 1980
        return Birth(first[0] if first else None, last[1] if last else None)
    month = _number(said, "monthOfYear")
    return born(period(_number(said, "year"), month, _number(said, "dayOfMonth") if month else 0))


def _number(said: Said, name: str) -> int:
    text = said.get(name, "")
    return int(text) if YEAR_FORM.fullmatch(text) else 0


def _take_document(reading: Reading, file: str, line: int, entry: Entry, said: Said) -> None:
    code = said.get("identificationTypeCode", "")
    word = said.get("identificationTypeDescription", "") or code
    kind = EU_CODES.get(code.lower(), IdentifierKind.OTHER)
    value = said.get("number", "") or said.get("latinNumber", "")
    if not entry.add_identifier(kind, value, _country(said), word):
        reading.skip(file, line, f"a document without a number: {word[:60]}", entry.number)
