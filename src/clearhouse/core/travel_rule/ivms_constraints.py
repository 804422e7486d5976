"""What is wrong with a record: the constraints C1 to C12 of IVMS 101, and contradictions.

The wordings are those of 101.2023; 2020 has the same twelve. C1 and C4 speak of the originator, and
are asked of it alone, as the standard's own examples need (a beneficiary with a name and nothing
else). What the standard leaves to lists is checked as far as the list is known: countries by ISO
3166-1 (codes that it leaves to users only where the house has law for them), registration
authorities by their form, and by GLEIF's list where the caller has it. An LEI's check digits are
checked, not its form alone. Two more contradictions are refused: a person who is natural and legal,
and one who resides in two countries.

Source: IVMS 101.2023, section 5.2; ISO 3166-1; ISO 17442; GLEIF, Registration Authorities List.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from clearhouse.core.country import ASSIGNED
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.participant.lei import LeiWrong, parse_lei
from clearhouse.core.travel_rule.ivms import (
    Address,
    AddressType,
    Ivms,
    LegalPerson,
    LegalPersonNameType,
    NationalIdentification,
    NationalIdentifierType,
    NaturalPerson,
    NaturalPersonNameType,
    Person,
)
from clearhouse.core.travel_rule.ivms_refusals import Contradiction, FieldMissing
from clearhouse.core.travel_rule.ivms_spelling import name_of

UNKNOWN_COUNTRY: Final = "XX"
# Which codes ISO 3166-1 leaves to users.
INVENTED_FORM: Final = re.compile(r"AA|Q[M-Z]|X[A-Z]|ZZ", re.ASCII)
AUTHORITY_FORM: Final = re.compile(r"RA[0-9]{6}", re.ASCII)
OF_LEGAL_PERSONS: Final = frozenset(
    {
        NationalIdentifierType.RAID,
        NationalIdentifierType.MISC,
        NationalIdentifierType.LEIX,
        NationalIdentifierType.TXID,
    }
)


class OriginatorUnidentified(Refusal):
    """C1: a natural originator has no address, customer or national identification, or birth."""

    code = "ivms.c1-originator-natural-person"
    kind = Kind.MALFORMED


class BornLater(Refusal):
    """C2: a date of birth is not before today."""

    code = "ivms.c2-date-in-past"
    kind = Kind.MALFORMED


class CountryUnknown(Refusal):
    """C3: a country is neither of ISO 3166-1, nor XX, nor one that the house has law for."""

    code = "ivms.c3-country"
    kind = Kind.MALFORMED


class LegalOriginatorUnidentified(Refusal):
    """C4: a legal originator has no address (GEOG), nor a customer or national identification."""

    code = "ivms.c4-originator-legal-person"
    kind = Kind.MALFORMED


class LegalPersonUnnamed(Refusal):
    """C5: a legal person has no legal name."""

    code = "ivms.c5-legal-name-legal-person"
    kind = Kind.MALFORMED


class NaturalPersonUnnamed(Refusal):
    """C6: a natural person has no legal name."""

    code = "ivms.c6-legal-name-natural-person"
    kind = Kind.MALFORMED


class IdentifierNotOfLegalPerson(Refusal):
    """C7: a legal person's identification is none of RAID, MISC, LEIX and TXID."""

    code = "ivms.c7-identifier-legal-person"
    kind = Kind.MALFORMED


class AddressUnlocated(Refusal):
    """C8: an address has neither a line nor a street with a building."""

    code = "ivms.c8-address"
    kind = Kind.MALFORMED


class IdentificationIncomplete(Refusal):
    """C9: a legal person's identification says a country, or an authority just where it must not.

    There is a registration authority beside every kind of identifier but the LEI.
    """

    code = "ivms.c9-identification-legal-person"
    kind = Kind.MALFORMED


class AuthorityUnknown(Refusal):
    """C10: a registration authority is not of GLEIF's list, which has RA and six digits."""

    code = "ivms.c10-registration-authority"
    kind = Kind.MALFORMED


class LeiInvalid(Refusal):
    """C11: an LEI is malformed or its check digits do not match."""

    code = "ivms.c11-lei"
    kind = Kind.MALFORMED


class SequenceBroken(Refusal):
    """C12: the providers between do not count 0, 1, 2 and so on."""

    code = "ivms.c12-sequence"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Terms:
    """What a record is judged by, beside itself.

    Attributes:
        today: Nobody in it was born today or later.
        jurisdictions: That the house has law for. Of those that ISO 3166-1 leaves to users (XA,
            say) only these are taken; its own are taken in any case.
        authorities: GLEIF's list of registration authorities; None where only their form is known.
    """

    today: date
    jurisdictions: frozenset[str] = frozenset()
    authorities: frozenset[str] | None = None

    def knows(self, country: str) -> bool:
        """Whether a code stands for a country, or says that it is not known."""
        invented = country in self.jurisdictions and INVENTED_FORM.fullmatch(country)
        return bool(country in ASSIGNED or country == UNKNOWN_COUNTRY or invented)


def persons(ivms: Ivms) -> Iterator[tuple[str, Person]]:
    """Everybody in a record, each with its path, in one order: the originator first."""
    version = ivms.version
    for field, party in (("originator", ivms.originator), ("beneficiary", ivms.beneficiary)):
        name = name_of(type(party), "person", version)
        for place, one in enumerate(party.person):
            yield f"$.{field}.{name}[{place}]", one
    for field, vasp in (
        ("originating_vasp", ivms.originating_vasp),
        ("beneficiary_vasp", ivms.beneficiary_vasp),
    ):
        if vasp is not None:
            name = name_of(Ivms, field, version)
            yield f"$.{name}.{name}", vasp
    for place, hop in enumerate(ivms.transfer_path):
        yield f"$.transferPath.transferPath[{place}].intermediaryVASP", hop.intermediary_vasp


def faults(ivms: Ivms, terms: Terms) -> Iterable[Refusal]:
    """All that is wrong with a record."""
    for path, one in persons(ivms):
        is_originator = path.startswith("$.originator.")
        match one:
            case Person(natural_person=NaturalPerson() as natural, legal_person=None):
                yield from _natural(natural, f"{path}.naturalPerson", terms, is_originator)
            case Person(natural_person=None, legal_person=LegalPerson() as legal):
                yield from _legal(legal, f"{path}.legalPerson", terms, is_originator)
            case Person(natural_person=None, legal_person=None):
                yield FieldMissing(f"{path}: neither a natural nor a legal person", path=path)
            case _:
                yield Contradiction(f"{path}: a natural and a legal person at once", path=path)
    counted = sorted(one.sequence for one in ivms.transfer_path)
    if counted != list(range(len(counted))):
        path = "$.transferPath.transferPath"
        yield SequenceBroken(f"{path}: its sequence has gaps or repeats", path=path)


def _natural(one: NaturalPerson, path: str, terms: Terms, is_originator: bool) -> Iterator[Refusal]:
    if is_originator and not (
        one.geographic_address
        or one.customer_identification
        or one.national_identification
        or one.date_and_place_of_birth
    ):
        yield OriginatorUnidentified(f"{path}: nothing but names", path=path)
    birth = one.date_and_place_of_birth
    if birth and birth.date_of_birth >= terms.today:
        where = f"{path}.dateAndPlaceOfBirth.dateOfBirth"
        yield BornLater(f"{where}: not before {terms.today}", path=where)
    if NaturalPersonNameType.LEGL not in {
        name.name_identifier_type for name in one.name.name_identifier
    }:
        where = f"{path}.name.nameIdentifier"
        yield NaturalPersonUnnamed(f"{where}: none is LEGL", path=where)
    yield from _countries(one.country_of_residence, f"{path}.countryOfResidence", terms)
    yield from _addresses(one.geographic_address, path, terms)
    yield from _residences(one, path)
    if held := one.national_identification:
        yield from _identification(held, f"{path}.nationalIdentification", terms)


def _residences(one: NaturalPerson, path: str) -> Iterator[Refusal]:
    """A person's home is in the country of residence (section 5.2.2.3.6), which is one."""
    homes = {a.country for a in one.geographic_address if a.address_type is AddressType.HOME}
    said = {one.country_of_residence} - {""}
    if len((homes | said) - {UNKNOWN_COUNTRY}) > 1:
        yield Contradiction(f"{path}: homes or residence in two countries", path=path)


def _legal(one: LegalPerson, path: str, terms: Terms, is_originator: bool) -> Iterator[Refusal]:
    kinds = {address.address_type for address in one.geographic_address}
    if is_originator and not (
        AddressType.GEOG in kinds or one.customer_identification or one.national_identification
    ):
        yield LegalOriginatorUnidentified(f"{path}: no GEOG address, no identification", path=path)
    if LegalPersonNameType.LEGL not in {
        name.legal_person_name_identifier_type for name in one.name.name_identifier
    }:
        where = f"{path}.name.nameIdentifier"
        yield LegalPersonUnnamed(f"{where}: none is LEGL", path=where)
    yield from _countries(one.country_of_registration, f"{path}.countryOfRegistration", terms)
    yield from _addresses(one.geographic_address, path, terms)
    if held := one.national_identification:
        where = f"{path}.nationalIdentification"
        yield from _of_legal_person(held, where)
        yield from _identification(held, where, terms)


def _of_legal_person(held: NationalIdentification, path: str) -> Iterator[Refusal]:
    if held.national_identifier_type not in OF_LEGAL_PERSONS:
        where = f"{path}.nationalIdentifierType"
        yield IdentifierNotOfLegalPerson(f"{where}: RAID, MISC, LEIX or TXID", path=where)
    if held.country_of_issue:
        where = f"{path}.countryOfIssue"
        yield IdentificationIncomplete(f"{where}: a legal person's has none", path=where)
    is_lei = held.national_identifier_type is NationalIdentifierType.LEIX
    if is_lei is bool(held.registration_authority):
        where = f"{path}.registrationAuthority"
        detail = "an LEI has none" if is_lei else "every identifier but the LEI has one"
        yield IdentificationIncomplete(f"{where}: {detail}", path=where)


def _identification(held: NationalIdentification, path: str, terms: Terms) -> Iterator[Refusal]:
    yield from _countries(held.country_of_issue, f"{path}.countryOfIssue", terms)
    authority = held.registration_authority
    known = terms.authorities is None or authority in terms.authorities
    if authority and not (AUTHORITY_FORM.fullmatch(authority) and known):
        where = f"{path}.registrationAuthority"
        yield AuthorityUnknown(f"{where}: RA and six digits, of GLEIF's list", path=where)
    if held.national_identifier_type is NationalIdentifierType.LEIX:
        try:
            parse_lei(held.national_identifier)
        except LeiWrong:
            where = f"{path}.nationalIdentifier"
            yield LeiInvalid(f"{where}: no LEI, or its check digits are wrong", path=where)


def _countries(country: str, path: str, terms: Terms) -> Iterator[Refusal]:
    if country and not terms.knows(country):
        yield CountryUnknown(f"{path}: no country of ISO 3166-1, nor XX", path=path)


def _addresses(several: Iterable[Address], path: str, terms: Terms) -> Iterator[Refusal]:
    for place, one in enumerate(several):
        where = f"{path}.geographicAddress[{place}]"
        yield from _countries(one.country, f"{where}.country", terms)
        if not (one.address_line or one.is_structured):
            yield AddressUnlocated(f"{where}: no line, and no street with a building", path=where)
