"""FollowTheMoney entities, an object a line, as OpenSanctions publishes them (entities.ftm.json).

Listed are the objects that are targets: `target` is true, or, where nothing says so, the topics
have a sanction. Documents, sanctions and wallets are objects of their own, which name their holder;
they may come before or after it. All others are passed over and counted by their schema.

Source: FollowTheMoney's schema; OpenSanctions, "Entity structure".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from clearhouse.core.listed import IdentifierKind, Quality, Role
from clearhouse.core.screening import ListedWallet
from clearhouse.feeds.sanctions.births import worded
from clearhouse.feeds.sanctions.reading import Entry, Reading, clean
from clearhouse.feeds.sanctions.refusals import malformed
from clearhouse.feeds.sanctions.rows import lines
from clearhouse.feeds.sanctions.words import category_of, document_kind

Properties = Mapping[str, list[str]]

NAMES: Final = (
    ("name", Role.ALIAS, Quality.STRONG),
    ("alias", Role.ALIAS, Quality.STRONG),
    ("previousName", Role.FORMER, Quality.STRONG),
    ("weakAlias", Role.ALIAS, Quality.WEAK),
)
COUNTRIES: Final = ("country", "nationality", "citizenship", "jurisdiction", "flag", "mainCountry")
IDENTIFIERS: Final = (
    ("passportNumber", IdentifierKind.PASSPORT),
    ("idNumber", IdentifierKind.NATIONAL_ID),
    ("socialSecurityNumber", IdentifierKind.NATIONAL_ID),
    ("taxNumber", IdentifierKind.TAX_NUMBER),
    ("vatCode", IdentifierKind.TAX_NUMBER),
    ("innCode", IdentifierKind.TAX_NUMBER),
    ("registrationNumber", IdentifierKind.REGISTRATION),
    ("ogrnCode", IdentifierKind.REGISTRATION),
    ("uscCode", IdentifierKind.REGISTRATION),
    ("uniqueEntityId", IdentifierKind.REGISTRATION),
    ("leiCode", IdentifierKind.LEI),
    ("imoNumber", IdentifierKind.IMO),
    ("mmsi", IdentifierKind.MMSI),
    ("callSign", IdentifierKind.CALL_SIGN),
    ("swiftBic", IdentifierKind.BIC),
    ("dunsCode", IdentifierKind.OTHER),
)
WALLET, SANCTION = "CryptoWallet", "Sanction"
DOCUMENTS: Final = ("Passport", "Identification")


def take_ftm(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read the file."""
    objects = _Objects(reading, file)
    for line, text in enumerate(lines(file, stream), 1):
        if text.strip():
            objects.take(line, _object(file, line, text))
        else:
            reading.skip(file, line, "blank")
    objects.finish()


@dataclass(slots=True)
class _Objects:
    """What belongs to others, until all are read."""

    reading: Reading
    file: str
    wallets: list[tuple[int, str, Properties]] = field(default_factory=list)
    documents: list[tuple[int, str, Properties]] = field(default_factory=list)
    sanctions: list[Properties] = field(default_factory=list)

    def take(self, line: int, one: Mapping[str, Any]) -> None:
        """Take one object."""
        properties, schema = one["properties"], one["schema"]
        if schema == WALLET:
            self.wallets.append((line, one["id"], properties))
        elif schema in DOCUMENTS:
            self.documents.append((line, schema, properties))
        elif schema == SANCTION:
            self.sanctions.append(properties)
        elif _is_target(one):
            self._take_entity(line, one, properties)
        else:
            self.reading.counts[f"passed_over_{schema:.40}"] += 1

    def _take_entity(self, line: int, one: Mapping[str, Any], properties: Properties) -> None:
        number = one["id"]
        entry = self.reading.entry(self.file, number, line)
        entry.kind = clean(one["schema"])
        entry.category = category_of(entry.kind)
        _take_names(entry, properties, one.get("caption"))
        if not entry.names:
            del self.reading.entries[number]
            self.reading.skip(self.file, line, "no name in it", number)
            return
        for birth_date in properties.get("birthDate", ()):
            if birth := worded(birth_date):
                entry.births[birth] = None
            else:
                reason = f"no day of birth: {birth_date[:60]!r}"
                self.reading.skip(self.file, line, reason, number)
        _take_rest(entry, properties)

    def finish(self) -> None:
        """Give what belongs to an entry to it."""
        for properties in self.sanctions:
            for entry in self._named(properties, "entity"):
                for programme in _either(properties, "programId", "program"):
                    entry.add_programme(programme)
        for line, schema, properties in self.documents:
            word = " ".join(properties.get("type", ())[:1]) or schema
            country = "".join(properties.get("country", ())[:1])
            for entry in self._named(properties, "holder"):
                for value in _either(properties, "number", "passportNumber"):
                    if not entry.add_identifier(document_kind(word), value, country, word):
                        self.reading.skip(self.file, line, "no number in it", entry.number)
        for line, number, properties in self.wallets:
            self._take_wallet(line, number, properties)

    def _take_wallet(self, line: int, number: str, properties: Properties) -> None:
        holders = [entry.number for entry in self._named(properties, "holder")]
        asset = clean("".join(properties.get("currency", ())[:1]))
        addresses = properties.get("publicKey", ())
        for address in addresses:
            listed = ListedWallet(clean(address), asset, "".join(holders[:1]))
            self.reading.add_wallet(self.file, line, listed)
        if not addresses:
            self.reading.skip(self.file, line, "a wallet without an address", number)

    def _named(self, properties: Properties, name: str) -> Iterator[Entry]:
        for number in properties.get(name, ()):
            if entry := self.reading.entries.get(number):
                yield entry


def _either(properties: Properties, name: str, other: str) -> list[str]:
    return properties.get(name) or properties.get(other) or []


def _is_target(one: Mapping[str, Any]) -> bool:
    if isinstance(one.get("target"), bool):
        return bool(one["target"])
    topics = one["properties"].get("topics", ())
    return any(topic.startswith("sanction") for topic in topics)


def _take_names(entry: Entry, properties: Properties, caption: Any) -> None:
    """Take the names; the caption is the primary one, if it is one of them, or else the first."""
    primary = clean(caption) if isinstance(caption, str) else ""
    for name, role, quality in NAMES:
        for text in properties.get(name, ()):
            entry.add_name(text, role, quality)
    if entry.names:
        text = primary if primary in entry.names else next(iter(entry.names))
        entry.add_name(text, Role.PRIMARY, entry.names[text].quality)


def _take_rest(entry: Entry, properties: Properties) -> None:
    for name in COUNTRIES:
        for country in properties.get(name, ()):
            entry.add_country(country)
    for gender in properties.get("gender", ()):
        entry.add_gender(gender)
    for programme in properties.get("programId", ()):
        entry.add_programme(programme)
    for name, kind in IDENTIFIERS:
        for value in properties.get(name, ()):
            entry.add_identifier(kind, value, "", name)


def _object(file: str, line: int, text: str) -> Mapping[str, Any]:
    """An object of FollowTheMoney's form: an id, a schema, and lists of texts by property."""
    try:
        one = json.loads(text)
        if "\\u" in text:
            json.dumps(one, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as trouble:
        raise malformed(file, line, f"it is no JSON: {trouble!s:.200}") from trouble
    if not isinstance(one, dict):
        raise malformed(file, line, "it is no object")
    properties = one.get("properties")
    named = isinstance(one.get("id"), str) and isinstance(one.get("schema"), str)
    if not named or not isinstance(properties, dict):
        raise malformed(file, line, "id, schema and properties are expected")
    for name, values in properties.items():
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise malformed(file, line, f"{name!a:.40} is no list of texts")
    return one
