"""OpenSanctions' `targets.simple.csv`: a row for each entry, several values in a field by `;`.

The file does not say which identifier is what, nor how strong an alias is. A wallet that is an
entry of its own gives an address; what asset it is of is not said.

Source: OpenSanctions, "Targets as simplified tabular data".
"""

import csv
from typing import BinaryIO, Final

from clearhouse.core.listed import IdentifierKind, Role
from clearhouse.core.screening import ListedWallet
from clearhouse.feeds.sanctions.births import worded
from clearhouse.feeds.sanctions.reading import ADDRESS_FORM, Reading, clean
from clearhouse.feeds.sanctions.refusals import malformed
from clearhouse.feeds.sanctions.rows import Row, Table
from clearhouse.feeds.sanctions.words import category_of

WALLET: Final = "CryptoWallet"
TABLE: Final = Table(needed=("id", "schema", "name", "aliases", "birth_date", "countries"))


def take_simple(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read the file."""
    for line, row in TABLE.rows(file, stream, reading):
        try:
            if row["schema"] == WALLET:
                _take_wallet(reading, file, line, row)
            else:
                _take_entity(reading, file, line, row)
        except csv.Error as error:
            raise malformed(file, line, str(error)) from error


def _values(row: Row, column: str) -> list[str]:
    said = row.get(column, "")
    if ";" not in said and '"' not in said:
        return [said] if said else []
    return [value for each in csv.reader([said], delimiter=";") for value in each if value.strip()]


def _take_wallet(reading: Reading, file: str, line: int, row: Row) -> None:
    said = [row["name"], *_values(row, "aliases"), *_values(row, "identifiers")]
    addresses = dict.fromkeys(value for value in said if ADDRESS_FORM.fullmatch(value))
    for address in addresses:
        reading.add_wallet(file, line, ListedWallet(address, ""))
    if not addresses:
        reading.skip(file, line, "a wallet without an address", row["id"])


def _take_entity(reading: Reading, file: str, line: int, row: Row) -> None:
    number = clean(row["id"])
    entry = reading.entry(file, number, line)
    entry.kind = clean(row["schema"])
    entry.category = category_of(entry.kind)
    entry.add_name(row["name"], Role.PRIMARY)
    for alias in _values(row, "aliases"):
        entry.add_name(alias)
    if not entry.names:
        del reading.entries[number]
        reading.skip(file, line, "no name in it", number)
        return
    for birth_date in _values(row, "birth_date"):
        if birth := worded(birth_date):
            entry.births[birth] = None
        else:
            reading.skip(file, line, f"no day of birth: {birth_date[:60]!r}", number)
    for country in _values(row, "countries"):
        entry.add_country(country)
    for programme in _values(row, "program_ids") or _values(row, "sanctions"):
        entry.add_programme(programme)
    for identifier in _values(row, "identifiers"):
        entry.add_identifier(IdentifierKind.OTHER, identifier)
