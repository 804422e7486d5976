"""What a record lacks, given how much of it is due: all of it, each by name and path.

How much is due depends on the amount, by the lowest threshold of the jurisdictions that a payment
is under (`core.travel_due`).

    REDUCED   the originator's and the beneficiary's name and account
    FULL      beside that the originator's address, national or customer identification, or date
              and place of birth (a natural person): one of them (FATF, interpretive note to R.16 as
              adopted in 2019 for virtual assets, which asks for no structure of the address)
    REVISED   beside that the originator's structured address, and date of birth (a natural
              person) or LEI (a legal person, where it has one); and the country and town of the
              beneficiary, and its LEI (R.16 as revised in June 2025, to be law by the end of 2030)

Each person of several is asked: who holds an account together with somebody known is not known by
that. So more data of those who are named never makes a complete record incomplete.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from clearhouse.core.travel_rule.ivms import (
    Address,
    Beneficiary,
    Ivms,
    LegalPerson,
    LegalPersonNameType,
    NationalIdentifierType,
    NaturalPerson,
    NaturalPersonNameType,
    Originator,
    Person,
    Version,
)
from clearhouse.core.travel_rule.ivms_constraints import UNKNOWN_COUNTRY
from clearhouse.core.travel_rule.ivms_spelling import name_of


class Due(StrEnum):
    """How much of a record is due; each asks for all that the one before asks for."""

    REDUCED = "reduced"
    FULL = "full"
    REVISED = "revised"


class Side(StrEnum):
    """Whose data a record is."""

    ORIGINATOR = "originator"
    BENEFICIARY = "beneficiary"


class Lack(StrEnum):
    """What may be missing of a side."""

    NAME = "name"
    ACCOUNT = "account"
    IDENTIFICATION = "identification"  # none of the ways to identify an originator
    ADDRESS = "address"  # street, building, town and country
    BIRTH = "birth"  # date and place
    LEI = "lei"
    TOWN = "town"  # town and country


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing of a record, and where it belongs."""

    side: Side
    lack: Lack
    path: str

    @property
    def word(self) -> str:
        """Its stable word: originator.birth."""
        return f"{self.side}.{self.lack}"


def missing(ivms: Ivms, asked: Due, without_lei: Collection[Side] = ()) -> list[Gap]:
    """All that a record lacks; nothing if it is complete.

    Args:
        ivms: The record.
        asked: How much is due.
        without_lei: Sides whose legal persons are known to have no LEI; then any national
            identification does.
    """
    return [
        *_lacks(ivms.originator, ivms.version, asked, Side.ORIGINATOR in without_lei),
        *_lacks(ivms.beneficiary, ivms.version, asked, Side.BENEFICIARY in without_lei),
    ]


def providers_missing(ivms: Ivms) -> list[str]:
    """The paths of the two providers' names that a record lacks."""
    found = []
    for name, one in (
        ("originatingVASP", ivms.originating_vasp),
        ("beneficiaryVASP", ivms.beneficiary_vasp),
    ):
        if one is None or not _is_named(one):
            found.append(f"$.{name}.{name}")
    return found


def _lacks(
    party: Originator | Beneficiary, version: Version, asked: Due, no_lei: bool
) -> Iterator[Gap]:
    side = Side.ORIGINATOR if isinstance(party, Originator) else Side.BENEFICIARY
    persons = f"$.{side}.{name_of(type(party), 'person', version)}"
    if not party.person:
        yield Gap(side, Lack.NAME, persons)
    if not (party.account_number or any(one.account_number for one in party.person)):
        holder = f"$.{side}" if version is Version.V2020 else f"{persons}[0]"
        yield Gap(side, Lack.ACCOUNT, f"{holder}.accountNumber")
    for place, one in enumerate(party.person):
        path = f"{persons}[{place}]"
        if not _is_named(one):
            yield Gap(side, Lack.NAME, path)
        if asked is not Due.REDUCED:
            for lack, further in _of_person(one, side, asked, no_lei):
                yield Gap(side, lack, path + further)


def _of_person(one: Person, side: Side, asked: Due, no_lei: bool) -> Iterator[tuple[Lack, str]]:
    """What a full record lacks of a person, and where it belongs."""
    held = one.natural_person or one.legal_person
    kind = ".naturalPerson" if one.natural_person else ".legalPerson" if one.legal_person else ""
    addresses = held.geographic_address if held else ()
    is_located = any(map(_is_full, addresses))
    if side is Side.ORIGINATOR and not (any(map(_is_said, addresses)) or _is_identified(held)):
        yield Lack.IDENTIFICATION, kind
    if asked is not Due.REVISED:
        return
    if side is Side.ORIGINATOR and not is_located:
        yield Lack.ADDRESS, f"{kind}.geographicAddress"
    if side is Side.ORIGINATOR and one.natural_person and not _birth(one.natural_person):
        yield Lack.BIRTH, f"{kind}.dateAndPlaceOfBirth"
    if side is Side.BENEFICIARY and not any(map(_is_in_town, addresses)):
        yield Lack.TOWN, f"{kind}.geographicAddress"
    if one.legal_person and not _has_number(one.legal_person, no_lei):
        yield Lack.LEI, f"{kind}.nationalIdentification"


def _is_named(one: Person) -> bool:
    natural, legal = one.natural_person, one.legal_person
    return bool(
        natural
        and any(
            name.name_identifier_type is NaturalPersonNameType.LEGL
            and name.primary_identifier.strip()
            for name in natural.name.name_identifier
        )
    ) or bool(
        legal
        and any(
            name.legal_person_name_identifier_type is LegalPersonNameType.LEGL
            and name.legal_person_name.strip()
            for name in legal.name.name_identifier
        )
    )


def _is_identified(held: NaturalPerson | LegalPerson | None) -> bool:
    return bool(
        held
        and (
            held.national_identification
            or held.customer_identification
            or (isinstance(held, NaturalPerson) and _birth(held))
        )
    )


def _birth(held: NaturalPerson) -> bool:
    return held.date_and_place_of_birth is not None


def _is_in_town(address: Address) -> bool:
    """Whether it is known where it is: each address names a town, and a country or XX."""
    return address.country != UNKNOWN_COUNTRY


def _is_said(address: Address) -> bool:
    """Whether an address says more than a town: street and building, or lines (C8)."""
    return bool(address.is_structured or address.address_line) and _is_in_town(address)


def _is_full(address: Address) -> bool:
    return address.is_structured and _is_in_town(address)


def _has_number(held: LegalPerson, no_lei: bool) -> bool:
    """Whether a legal person says its LEI; or any number, if it has no LEI."""
    number = held.national_identification
    is_lei = number and number.national_identifier_type is NationalIdentifierType.LEIX
    return bool(is_lei or (no_lei and number))
