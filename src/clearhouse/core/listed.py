"""What sanctions lists say of an entry beside its number and names, in one vocabulary.

Lists have words of their own for the same things. What tells entries apart, or finds them, is
written in ours here; the list's own word stays beside it where people may want to look it up.
Countries stay as the list writes them: names, or ISO 3166 codes.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

# Forms of address that mean the same in capitals and small letters: hexadecimal (EIP-55's capitals
# are a checksum) and Bech32 (BIP 173). Base58 keeps its case.
HEX_FORM = re.compile(r"(?:0x)?(?P<digits>[0-9a-f]{40})", re.ASCII)
BECH32_FORM = re.compile(r"(?:bc|tb|bcrt|ltc|tltc)1[02-9ac-hj-np-z]{6,}", re.ASCII)
LINK_TAIL = re.compile(r"[?@/]")


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

    @property
    def said(self) -> str:
        """In words."""
        about = "about " if self.approximate else ""
        if self.first == self.last:
            return f"{about}{self.first}"
        return f"{about}{self.first or ''} to {self.last or ''}"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number that identifies an entry."""

    kind: IdentifierKind
    value: str
    country: str = ""  # the list's own word
    word: str = ""  # the list's own word for the kind


# Numbers that nobody has two of, and no two have: worldwide, and those of one country each.
WORLDWIDE = frozenset({IdentifierKind.LEI, IdentifierKind.IMO})
NATIONAL = frozenset(
    {IdentifierKind.TAX_NUMBER, IdentifierKind.REGISTRATION, IdentifierKind.NATIONAL_ID}
    | {IdentifierKind.PASSPORT}
)


def identity(one: Identifier) -> tuple[str, str, str] | None:
    """What an identifier is looked up by: kind, country and value; None if it is not decisive.

    Of a number of one country the country must be known. Capitals, gaps and marks tell nothing.
    """
    value = "".join(char for char in one.value.upper() if char.isalnum())
    country = one.country.strip().upper()
    if one.kind is IdentifierKind.IMO:
        value = value.removeprefix("IMO")  # as ships bear it
    if value and one.kind in WORLDWIDE:
        return one.kind, "", value
    if value and country and one.kind in NATIONAL:
        return one.kind, country, value
    return None


def wallet_key(address: str) -> str:
    """Write `address` the one way in which it is looked up.

    Spaces around it go, and what a payment link (BIP 21, EIP-681) or an account id (CAIP-10) puts
    around an address; hexadecimal and Bech32 are written small.
    """
    printable = "".join(char for char in address if char.isprintable()).strip()
    bare = LINK_TAIL.split(printable, maxsplit=1)[0].rpartition(":")[2]
    small = bare.lower()
    if form := HEX_FORM.fullmatch(small):
        return "0x" + form["digits"]
    return small if BECH32_FORM.fullmatch(small) else bare
