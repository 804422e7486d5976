"""OFAC's advanced XML (sdn_advanced.xml, cons_advanced.xml), some 100 MB, as a stream.

The file is a small database: reference values, places, documents, parties, and the entries that say
under which programmes a party is listed, all by number. Places, documents and reference values come
before the parties that name them; entries come after. A party's number (`FixedRef`) is the one that
it has in the CSV files.

    Profile > Identity > Alias > DocumentedName > DocumentedNamePart > NamePartValue
    Profile > Feature > FeatureVersion > DatePeriod | VersionDetail | VersionLocation

Aliases of low quality are kept and not screened, as in the CSV files: FAQ 124.

Source: OFAC, "Advanced Sanctions Data Model" (sdn_advanced_notes.pdf, ADVANCED_XML.xsd).
"""

from collections import defaultdict
from datetime import date
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element

from clearhouse.core.listed import Birth, Quality, Role
from clearhouse.core.screening import ListedWallet
from clearhouse.feeds.sanctions.births import YEAR_FORM, period
from clearhouse.feeds.sanctions.markup import Entries, text, texts
from clearhouse.feeds.sanctions.reading import Entry, Reading, clean
from clearhouse.feeds.sanctions.refusals import EditionsMixed, MarkupForbidden, entry_malformed
from clearhouse.feeds.sanctions.words import BY_FOLDED, category_of, ofac_kind

WALLET: Final = "Digital Currency Address - "
COUNTRIES: Final = (
    *("nationality country", "citizenship country", "nationality of registration"),
    *("location", "vessel flag", "other vessel flag"),
)
UNKNOWN: Final = "Unknown"
LATIN: Final = "Latin"
VALUES_MAX: Final = 100_000  # of reference; the file has some 5,000
WANTED: Final = (
    "DateOfIssue",
    "ReferenceValueSets",
    "Location",
    "IDRegDocument",
    "DistinctParty",
    "SanctionsEntry",
)


def take_ofac(reading: Reading, file: str, stream: BinaryIO) -> None:
    """Read the file."""
    reading.weak_screened = False
    database = _Database(reading, file)
    for element in Entries(file, "Sanctions", WANTED).read(stream):
        match element.tag:
            case "DateOfIssue":
                said = _day(element)
                reading.say_date(file, said[0] if said else None)
            case "ReferenceValueSets":
                database.take_values(element)
            case "Location":
                database.take_place(element)
            case "IDRegDocument":
                database.take_document(element)
            case "DistinctParty":
                database.take_party(element)
            case _:
                database.take_listing(element)
    database.finish()


class _Database:
    """What the parties of a file refer to, and the parties by their profiles."""

    def __init__(self, reading: Reading, file: str) -> None:
        self.reading, self.file = reading, file
        self.values: dict[tuple[str, str], Element] = {}  # by element and ID
        self.places: dict[str, set[str]] = {}  # countries of a place
        self.documents: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
        self.profiles: dict[str, Entry] = {}

    def take_values(self, element: Element) -> None:
        """Take the reference values."""
        for values in element:
            for value in values:
                self.values[value.tag, value.get("ID", "")] = value
        if len(self.values) > VALUES_MAX:
            raise MarkupForbidden(f"{self.file} has reference values without end", file=self.file)

    def _value(self, tag: str, number: str | None) -> str:
        found = self.values.get((tag, number or ""))
        return clean(text(found)) if found is not None else ""

    def take_place(self, element: Element) -> None:
        """Take a place; one that is nothing but a name of an unknown kind is a country by it."""
        countries = {
            self._value("Country", each.get("CountryID"))
            for each in element.findall("LocationCountry")
        }
        for area in element.findall("LocationAreaCode"):
            code = self.values.get(("AreaCode", area.get("AreaCodeID", "")))
            if code is not None:
                countries.add(self._value("Country", code.get("CountryID")))
        if not countries:
            for part in element.findall("LocationPart"):
                if self._value("LocPartType", part.get("LocPartTypeID")) == UNKNOWN:
                    countries |= set(texts(part, "LocationPartValue/Value"))
        self.places[element.get("ID", "")] = countries - {""}

    def take_document(self, element: Element) -> None:
        """Take a document of an identity, whose party comes later."""
        word = self._value("IDRegDocType", element.get("IDRegDocTypeID"))
        country = self._value("Country", element.get("IssuedBy-CountryID"))
        number = text(element.find("IDRegistrationNo"))
        self.documents[element.get("IdentityID", "")].append((word, number, country))

    def take_party(self, element: Element) -> None:
        """Take a party with its names and features."""
        number = clean(element.get("FixedRef", ""))
        entry = self.reading.entry(self.file, number)
        for profile in element.findall("Profile"):
            self.profiles[profile.get("ID", "")] = entry
            entry.kind = self._kind(profile.get("PartySubTypeID"))
            entry.category = category_of(entry.kind)
            for identity in profile.findall("Identity"):
                self._take_identity(entry, identity)
        for feature in [*element.findall("Profile/Feature"), *element.findall("Feature")]:
            self._take_feature(entry, feature)
        if not entry.names:
            raise entry_malformed(self.file, number, "it has no name")

    def _kind(self, subtype: str | None) -> str:
        """Vessel, Aircraft; else that of the type above it: Individual, Entity."""
        word = self._value("PartySubType", subtype)
        found = self.values.get(("PartySubType", subtype or ""))
        if not category_of(word) and found is not None:
            return self._value("PartyType", found.get("PartyTypeID")) or word
        return word

    def _take_identity(self, entry: Entry, identity: Element) -> None:
        for alias in identity.findall("Alias"):
            is_primary = alias.get("Primary") == identity.get("Primary", "true") == "true"
            kind = self._value("AliasType", alias.get("AliasTypeID"))
            role = Role.FORMER if kind.lower().startswith("f.k.a") else Role.ALIAS
            weak = alias.get("LowQuality") == "true"
            for name in alias.findall("DocumentedName"):
                parts = name.findall("DocumentedNamePart/NamePartValue")
                scripts = {self._value("Script", part.get("ScriptID")) for part in parts}
                script = " ".join(sorted(scripts - {"", LATIN}))
                written = " ".join(filter(None, map(text, parts)))
                primary = is_primary and not script
                quality = Quality.WEAK if weak else Quality.STRONG
                if not entry.add_name(
                    written,
                    Role.PRIMARY if primary else role,
                    Quality.UNSAID if primary else quality,
                    script,
                ):
                    self._skip("a name without a letter", entry)
        for word, value, country in self.documents.pop(identity.get("ID", ""), ()):
            kind_of = ofac_kind(word, value)
            if not entry.add_identifier(kind_of, value, country, word):
                self._skip(f"a document without a number: {word[:60]}", entry)

    def _take_feature(self, entry: Entry, feature: Element) -> None:
        word = self._value("FeatureType", feature.get("FeatureTypeID"))
        folded = word.lower()
        for version in feature.findall("FeatureVersion"):
            said = texts(version, "VersionDetail")
            if word.startswith(WALLET):
                for address in said:
                    wallet = ListedWallet(address, word.removeprefix(WALLET), entry.number)
                    self.reading.add_wallet(self.file, 0, wallet)
            elif folded == "birthdate":
                self._take_birth(entry, version)
            elif folded == "gender":
                for detail in version.findall("VersionDetail"):
                    known = self._value("DetailReference", detail.get("DetailReferenceID"))
                    entry.add_gender(known or text(detail))
            elif folded in COUNTRIES:
                self._take_countries(entry, version, said if folded != "location" else [])
            elif folded in BY_FOLDED:
                for value in said:
                    entry.add_identifier(BY_FOLDED[folded], value, "", word)

    def _take_countries(self, entry: Entry, version: Element, said: list[str]) -> None:
        for detail in version.findall("VersionDetail"):
            entry.add_country(self._value("DetailReference", detail.get("DetailReferenceID")))
        for place in version.findall("VersionLocation"):
            for country in self.places.get(place.get("LocationID", ""), ()):
                entry.add_country(country)
        for country in said:
            entry.add_country(country)

    def _take_birth(self, entry: Entry, version: Element) -> None:
        for days in version.findall("DatePeriod"):
            begin, end = days.find("Start"), days.find("End")
            first = _day(begin.find("From")) if begin is not None else None
            last = first
            if end is not None:
                last = _day(end.find("To") if end.find("To") is not None else end.find("From"))
            if first is None or last is None or first[0] > last[1]:
                self._skip("no day of birth", entry)
                continue
            about = any(
                one is not None and one.get("Approximate") == "true" for one in (begin, end)
            )
            entry.births[Birth(first[0], last[1], about)] = None

    def take_listing(self, element: Element) -> None:
        """Take the programmes of a party."""
        profile = element.get("ProfileID", "")
        entry = self.profiles.get(profile)
        if entry is None:
            detail = f"{self.file} lists profile {profile:.32}, which no party has"
            raise EditionsMixed(detail, entity=profile[:64])
        for measure in element.findall("SanctionsMeasure"):
            if self._value("SanctionsType", measure.get("SanctionsTypeID")).lower() == "program":
                entry.add_programme(text(measure.find("Comment")))

    def finish(self) -> None:
        """Say which documents are nobody's."""
        for identity, documents in self.documents.items():
            for word, _, _ in documents:
                self.reading.skip(self.file, 0, f"a document of nobody: {word[:60]}", identity[:64])

    def _skip(self, reason: str, entry: Entry) -> None:
        self.reading.skip(self.file, 0, reason, entry.number)


def _day(element: Element | None) -> tuple[date, date] | None:
    """The days that a date with a year, and perhaps a month and a day, may mean."""
    if element is None:
        return None
    said = [text(element.find(part)) for part in ("Year", "Month", "Day")]
    if any(part and not YEAR_FORM.fullmatch(part) for part in said):
        return None
    year, month, day = (int(part or 0) for part in said)
    return period(year, month, day if month else 0)
