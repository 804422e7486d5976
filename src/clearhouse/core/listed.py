"""What sanctions lists say of an entry beside its number and names, in one vocabulary.

Lists have words of their own for the same things. What tells entries apart, or finds them, is
written in ours here; the list's own word stays beside it where people may want to look it up.
Countries stay as the list writes them: names, or ISO 3166 codes.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Category(StrEnum):
    """What an entry is."""

    PERSON = "person"
    ORGANISATION = "organisation"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"
    UNSAID = ""  # or a word that says none of these


class Role(StrEnum):
    """What a name is to its bearer."""

    PRIMARY = "primary"
    ALIAS = "alias"
    FORMER = "former"


class Quality(StrEnum):
    """How well a list thinks that an alias tells its bearer from others."""

    STRONG = "strong"
    WEAK = "weak"
    UNSAID = ""


class Gender(StrEnum):
    """As the list says."""

    FEMALE = "female"
    MALE = "male"
    UNSAID = ""  # or both


class IdentifierKind(StrEnum):
    """What gave somebody a number."""

    PASSPORT = "passport"
    NATIONAL_ID = "national-id"
    TAX_NUMBER = "tax-number"
    REGISTRATION = "registration-number"
    LEI = "lei"
    IMO = "imo"  # of a ship, seven digits
    MMSI = "mmsi"
    CALL_SIGN = "call-sign"
    BIC = "bic"
    OTHER = "other"  # the word says what it is


@dataclass(frozen=True, slots=True)
class ListedName:
    """A name of an entry, as the list qualifies it."""

    text: str
    role: Role = Role.ALIAS
    quality: Quality = Quality.UNSAID
    script: str = ""  # the list's own word for its script or language, where it is not Latin


@dataclass(frozen=True, slots=True)
class Birth:
    """When somebody was born: on some day from the first to the last, as far as a list knows."""

    first: date | None  # None: no later than the last is all that is known
    last: date | None
    approximate: bool = False  # about then: the days are no bounds


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number that identifies an entry."""

    kind: IdentifierKind
    value: str
    country: str = ""  # the list's own word
    word: str = ""  # the list's own word for the kind
