"""What a list is once it is read: entries, wallets, and what it skipped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from clearhouse.core.listed import Birth, Category, Gender, Identifier, ListedName


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """A person, company, vessel or aircraft on a list."""

    number: str  # the list's own
    kind: str  # the list's own word: individual, vessel, aircraft; "" for an organisation
    names: tuple[str, ...]  # those that are screened: the primary one first, then the aliases
    programmes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()  # of addresses, nationality, flag; the list's own words
    category: Category = Category.UNSAID  # the kind, in our words
    known_as: tuple[ListedName, ...] = ()  # all names, qualified; also weak ones not screened
    births: tuple[Birth, ...] = ()
    gender: Gender = Gender.UNSAID
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedWallet:
    """An address on a list."""

    address: str
    asset: str  # the list's own word: XBT, ETH
    entity: str = ""  # whose it is by the list's number; "" where the list does not say


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line of a list that gave no entry, and why."""

    file: str
    line: int  # the first is 1; 0 where a list has no lines, as in XML
    reason: str
    entry: str = ""  # the entry's number, where it is known


@dataclass(frozen=True, slots=True)
class SanctionsList:
    """One edition of one list, whole."""

    name: str
    version: str  # SHA-256 over its files
    published_at: datetime
    entries: tuple[ListedEntity, ...] = ()
    wallets: tuple[ListedWallet, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[SkippedLine, ...] = ()
    dated_at: datetime | None = None  # when its own files say that they were made
