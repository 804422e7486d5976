"""The consolidated list of the UN Security Council, as XML.

An entry's number is its permanent reference, `QDi.001`. Aliases of persons are of good or of low
quality, those of entities are known (a.k.a.) or former (f.k.a.).

Source: UN Security Council, sc-sanctions.xsd.
"""

from dataclasses import replace
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from clearhouse.core.listed import Birth, Category, Quality, Role
from clearhouse.feeds.sanctions.births import born, worded, year
from clearhouse.feeds.sanctions.markup import Entries, instant, text, texts
from clearhouse.feeds.sanctions.reading import Entry, Reading, clean
from clearhouse.feeds.sanctions.refusals import entry_malformed
from clearhouse.feeds.sanctions.words import document_kind

CATEGORIES: Final = {"INDIVIDUAL": Category.PERSON, "ENTITY": Category.ORGANISATION}
QUALITIES: Final = {"good": Quality.STRONG, "low": Quality.WEAK}
NAMES: Final = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")


def take_un(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read the file."""
    entries = Entries(file, "CONSOLIDATED_LIST", CATEGORIES)
    for element in entries.read(stream):
        _take(reading, file, element)
    reading.say_date(file, instant(file, entries.root.get("dateGenerated", "")))


def _take(reading: Reading, file: str, element: Element) -> None:
    tag = element.tag
    number = clean(text(element.find("REFERENCE_NUMBER")))
    entry = reading.entry(file, number)
    entry.kind, entry.category = tag.lower(), CATEGORIES[tag]
    name = " ".join(filter(None, (text(element.find(part)) for part in NAMES)))
    if not entry.add_name(name, Role.PRIMARY):
        raise entry_malformed(file, number, "it has no name")
    if original := text(element.find("NAME_ORIGINAL_SCRIPT")):
        entry.add_name(original, Role.ALIAS, Quality.UNSAID, "original")
    for alias in element.findall(f"{tag}_ALIAS"):
        _take_alias(reading, file, entry, alias)
    entry.add_programme(text(element.find("UN_LIST_TYPE")))
    for country in [
        *texts(element, "NATIONALITY/VALUE"),
        *texts(element, f"{tag}_ADDRESS/COUNTRY"),
    ]:
        entry.add_country(country)
    for gender in texts(element, "GENDER"):
        entry.add_gender(gender)
    for birth in element.findall(f"{tag}_DATE_OF_BIRTH"):
        _take_birth(reading, file, entry, birth)
    for document in element.findall(f"{tag}_DOCUMENT"):
        _take_document(reading, file, entry, document)


def _take_alias(reading: Reading, file: str, entry: Entry, alias: Element) -> None:
    said, name = text(alias.find("QUALITY")).lower(), text(alias.find("ALIAS_NAME"))
    if not name and not said:
        return  # how the list writes that there is none
    role = Role.FORMER if said.startswith("f.k.a") else Role.ALIAS
    if not entry.add_name(name, role, QUALITIES.get(said, Quality.UNSAID)):
        reading.skip(file, 0, "an alias without a name", entry.number)
    for born_on in texts(alias, "DATE_OF_BIRTH"):
        _add_birth(reading, file, entry, worded(born_on), born_on)


def _take_birth(reading: Reading, file: str, entry: Entry, element: Element) -> None:
    said = {each.tag: text(each) for each in element if text(each)}
    kind, note = said.get("TYPE_OF_DATE", ""), said.get("NOTE", "")
    about = kind == "APPROXIMATELY" or note.lower().startswith("approximately")
    if kind == "BETWEEN":
        first, last = (year(said.get(name, "")) for name in ("FROM_YEAR", "TO_YEAR"))
        birth = born(first, last) if first and last else None
    elif day := said.get("DATE", said.get("YEAR", "")):
        birth = worded(day)
    else:
        birth = worded(note)
    if birth is not None and about:
        birth = replace(birth, approximate=True)
    if said.keys() - {"TYPE_OF_DATE"}:
        _add_birth(reading, file, entry, birth, " ".join(said.values()))


def _add_birth(reading: Reading, file: str, entry: Entry, birth: Birth | None, said: str) -> None:
    if birth is None:
        reading.skip(file, 0, f"no day of birth: {said[:60]!r}", entry.number)
    else:
        entry.births[birth] = None


def _take_document(reading: Reading, file: str, entry: Entry, document: Element) -> None:
    value = text(document.find("NUMBER"))
    words = [*texts(document, "TYPE_OF_DOCUMENT"), *texts(document, "TYPE_OF_DOCUMENT2")]
    countries = [*texts(document, "ISSUING_COUNTRY"), *texts(document, "COUNTRY_OF_ISSUE")]
    if not value and not words:
        return  # how the list writes that there is none
    word = clean(" ".join(words))
    if not entry.add_identifier(document_kind(word), value, "".join(countries[:1]), word):
        reading.skip(file, 0, f"a document without a number: {word[:60]}", entry.number)
