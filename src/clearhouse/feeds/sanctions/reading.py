"""One edition while it is read, in whatever format: entries by number, wallets, and what is said.

Texts are cleaned on their way in: marks that steer the direction of writing, control characters
and other invisible ones are taken out, since two names that look the same could differ by them;
joiners stay, which Persian and Indic spelling needs. How many texts had such is counted.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from clearhouse.core.listed import (
    Birth,
    Category,
    Gender,
    Identifier,
    IdentifierKind,
    ListedName,
    Quality,
    Role,
)
from clearhouse.core.screening import ListedEntity, ListedWallet, SanctionsList, SkippedLine
from clearhouse.engines.names import fold
from clearhouse.feeds.sanctions.publication import Publication
from clearhouse.feeds.sanctions.refusals import (
    DuplicateEntity,
    FromTheFuture,
    RowMalformed,
    WrongEncoding,
)

ADDRESS_FORM = re.compile(r"[A-Za-z0-9:]{20,128}", re.ASCII)
NUMBER_CHARS_MAX: Final = 256
TEXT_CHARS_MAX: Final = 8192  # the longest name on the UN's list has some 300
NOWHERE: Final = ("undetermined", "none identified", "unknown", "00", "zz")
ENTRIES_MAX: Final = 2_000_000  # all that OpenSanctions knows of is about half of it
SKIPPED_MAX: Final = 200_000  # a file of nothing but blank lines is none of a list
JOINERS: Final = "\u200c\u200d"
A_DAY: Final = timedelta(days=1)  # a day without a zone may have begun before it did in UTC


def clean(text: str) -> str:
    """Write a text of a list on one line, without what is not seen.

    Raises:
        WrongEncoding: Half of a surrogate pair stands in it, as JSON lets one write.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = []
    for char in text:
        category = unicodedata.category(char)
        if category == "Cs":
            raise WrongEncoding("half of a surrogate pair stands in a text")
        if char.isspace() or category not in {"Cc", "Cf"} or char in JOINERS:
            kept.append(char)
    return " ".join("".join(kept).split())


@dataclass(slots=True)
class Entry:
    """An entry while it is read; what is said twice is kept once."""

    number: str
    kind: str = ""
    category: Category = Category.UNSAID
    names: dict[str, ListedName] = field(default_factory=dict)
    programmes: dict[str, None] = field(default_factory=dict)
    countries: set[str] = field(default_factory=set)
    births: dict[Birth, None] = field(default_factory=dict)
    genders: set[Gender] = field(default_factory=set)
    identifiers: dict[Identifier, None] = field(default_factory=dict)
    cleaned: int = 0  # of its names

    def add_name(
        self,
        text: str,
        role: Role = Role.ALIAS,
        quality: Quality = Quality.UNSAID,
        script: str = "",
    ) -> bool:
        """Add a name, or say that there is none in the text."""
        written = clean(text)
        if not fold(written):
            return False
        self.cleaned += len(written) < len(" ".join(text.split()))
        name = ListedName(written, role, quality, clean(script))
        if (known := self.names.get(written)) is None or _rank(name) > _rank(known):
            self.names[written] = name
        return True

    def add_programme(self, text: str) -> None:
        """Add a programme, regime or regulation."""
        if programme := clean(text):
            self.programmes[programme] = None

    def add_country(self, text: str) -> None:
        """Add a country, in the list's own word."""
        if (country := clean(text)) and country.lower() not in NOWHERE:
            self.countries.add(country)

    def add_gender(self, text: str) -> None:
        """Add what the list says of the gender, if it is one of two words."""
        match clean(text).lower():
            case "m" | "male":
                self.genders.add(Gender.MALE)
            case "f" | "female":
                self.genders.add(Gender.FEMALE)
            case _:
                pass

    def add_identifier(
        self, kind: IdentifierKind, value: str, country: str = "", word: str = ""
    ) -> bool:
        """Add a number, or say that there is none in the text."""
        number = clean(value)
        if kind is IdentifierKind.IMO:
            number = number.upper().removeprefix("IMO").strip(" :.-")
        if not any(map(str.isalnum, number)):
            return False
        self.identifiers[Identifier(kind, number, clean(country), clean(word))] = None
        return True

    def listed(self, *, weak_screened: bool) -> ListedEntity:
        """The entry as it is kept.

        Args:
            weak_screened: Whether weak aliases are screened for, too.
        """
        known_as = sorted(self.names.values(), key=lambda name: name.role is not Role.PRIMARY)
        screened = [
            name.text
            for name in known_as
            if weak_screened or name.quality is not Quality.WEAK or name.role is Role.PRIMARY
        ]
        return ListedEntity(
            number=self.number,
            kind=self.kind,
            # Whoever has nothing but weak names is screened by those.
            names=tuple(screened or [name.text for name in known_as]),
            programmes=tuple(self.programmes),
            countries=tuple(sorted(self.countries)),
            category=self.category,
            known_as=tuple(known_as),
            births=tuple(self.births),
            gender=self.genders.copy().pop() if len(self.genders) == 1 else Gender.UNSAID,
            identifiers=tuple(self.identifiers),
        )


def _rank(name: ListedName) -> tuple[bool, bool, bool]:
    """Which of two that say the same text says more."""
    return (
        name.role is Role.PRIMARY,
        name.quality is not Quality.WEAK,
        name.quality is Quality.STRONG,
    )


class Reading:
    """One edition while it is read, file by file."""

    def __init__(self, publication: Publication, now: datetime) -> None:
        self.publication = publication
        self.now = now
        self.entries: dict[str, Entry] = {}
        self.wallets: dict[tuple[str, str], ListedWallet] = {}
        self.skipped: list[SkippedLine] = []
        self.counts: Counter[str] = Counter()
        self.dated_at: datetime | None = None
        self.weak_screened = True

    def entry(self, file: str, number: str, line: int = 0) -> Entry:
        """Begin an entry.

        Raises:
            RowMalformed: That is no number.
            DuplicateEntity: There is one of that number.
        """
        self.check_number(file, number, line)
        if number in self.entries:
            where = f" line {line}" if line else ""
            raise DuplicateEntity(f"{file}{where}: {number} again", entity=number)
        if len(self.entries) >= ENTRIES_MAX:
            raise RowMalformed(f"{file} has more than {ENTRIES_MAX:,} entries", file=file)
        entry = self.entries[number] = Entry(number)
        return entry

    def check_number(self, file: str, number: str, line: int = 0) -> None:
        """Refuse what is no entry's number."""
        if not number or not number.isprintable() or len(number) > NUMBER_CHARS_MAX:
            where = f" line {line}" if line else ""
            raise RowMalformed(
                f"{file}{where}: {number[:32]!r} is no entry's number", file=file, line=str(line)
            )

    def skip(self, file: str, line: int, reason: str, entry: str = "") -> None:
        """Say what gave nothing, and why.

        Raises:
            RowMalformed: That is most of the file.
        """
        if len(self.skipped) >= SKIPPED_MAX:
            raise RowMalformed(f"{file}: more than {SKIPPED_MAX:,} give nothing", file=file)
        self.skipped.append(SkippedLine(file, line, reason, entry))

    def add_wallet(self, file: str, line: int, wallet: ListedWallet) -> None:
        """Add an address; what is none is said."""
        if not ADDRESS_FORM.fullmatch(wallet.address):
            self.skip(file, line, f"{wallet.address[:48]!r} is no address", wallet.entity)
            return
        known = self.wallets.get((wallet.asset, wallet.address))
        if known is None or not known.entity:
            self.wallets[wallet.asset, wallet.address] = wallet

    def say_date(self, file: str, said: datetime | date | None) -> None:
        """Note when a file says that it was made; of several files the latest counts.

        Raises:
            FromTheFuture: That is after now; a day without a zone may be one day after.
        """
        if said is None:
            return
        is_day = not isinstance(said, datetime)
        at = said if isinstance(said, datetime) else datetime.combine(said, time(), UTC)
        if at - (A_DAY if is_day and at.year > 1 else timedelta()) > self.now:
            raise FromTheFuture(f"{file} was made at {at:%FT%TZ}, now {self.now:%FT%TZ}", file=file)
        self.dated_at = at if self.dated_at is None else max(self.dated_at, at)

    def whole(self, version: str) -> SanctionsList:
        """The edition, once every file is read.

        Raises:
            RowMalformed: An entry has no name, or one that is too long for any.
        """
        entries = tuple(self._listed(entry) for entry in self.entries.values())
        self._count(entries)
        return SanctionsList(
            name=self.publication.name,
            version=version,
            published_at=self.publication.published_at,
            entries=entries,
            wallets=tuple(self.wallets.values()),
            counts=MappingProxyType(dict(self.counts)),
            skipped=tuple(self.skipped),
            dated_at=self.dated_at,
        )

    def _listed(self, entry: Entry) -> ListedEntity:
        if not entry.names:
            raise RowMalformed(f"{entry.number} has no name", entity=entry.number)
        if max(map(len, entry.names)) > TEXT_CHARS_MAX:
            raise RowMalformed(f"{entry.number} has a name without end", entity=entry.number)
        return entry.listed(weak_screened=self.weak_screened)

    def _count(self, entries: Iterable[ListedEntity]) -> None:
        names = [name for entity in entries for name in entity.known_as]
        found = {
            "entities": len(self.entries),
            "names": sum(len(entity.names) for entity in entries),
            "aliases": sum(name.role is not Role.PRIMARY for name in names),
            "weak_aliases": sum(name.quality is Quality.WEAK for name in names),
            "names_cleaned": sum(entry.cleaned for entry in self.entries.values()),
            "names_of_digits": sum(not any(map(str.isalpha, name.text)) for name in names),
            "births": sum(len(entity.births) for entity in entries),
            "identifiers": sum(len(entity.identifiers) for entity in entries),
            "wallets": len(self.wallets),
            "skipped": len(self.skipped),
        }
        for name, count in found.items():
            self.counts.setdefault(name, count)
