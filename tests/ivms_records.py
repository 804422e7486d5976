"""Records of IVMS 101: some of our own, and how to draw any that may be sent."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from hypothesis import strategies as st

from clearhouse.core.travel_rule.ivms import (
    COUNTRY,
    Address,
    AddressType,
    Beneficiary,
    DateAndPlaceOfBirth,
    IntermediaryVasp,
    Ivms,
    LegalPerson,
    LegalPersonName,
    LegalPersonNameId,
    LegalPersonNameType,
    LocalNaturalPersonNameId,
    NationalIdentification,
    NationalIdentifierType,
    NaturalPerson,
    NaturalPersonName,
    NaturalPersonNameId,
    NaturalPersonNameType,
    Originator,
    PayloadMetadata,
    Person,
    TransliterationMethod,
    Version,
)
from clearhouse.core.travel_rule.ivms_constraints import OF_LEGAL_PERSONS, Terms
from clearhouse.core.travel_rule.ivms_spelling import ELEMENTS
from clearhouse.core.travel_rule.ivms_writing import convert

TODAY = date(2026, 3, 2)
TERMS = Terms(TODAY, frozenset({"XA", "XB"}))
LEIS = ("5493000IBP32UQZ0KL24", "506700GE1G29325QX363")
FLAT = Address(
    AddressType.HOME, "Northam", "XA", street_name="Mill Lane", building_number="2", post_code="N1"
)
ANNA = NaturalPerson(
    NaturalPersonName(
        (NaturalPersonNameId("Meyer", NaturalPersonNameType.LEGL, "Anna"),),
        (LocalNaturalPersonNameId("\u041c\u0435\u0439\u0435\u0440", NaturalPersonNameType.LEGL),),
    ),
    (FLAT,),
    NationalIdentification("P1234567", NationalIdentifierType.CCPT, "XA"),
    "c-1",
    DateAndPlaceOfBirth(date(1980, 2, 29), "Northam"),
    "XA",
)
YARD = LegalPerson(
    LegalPersonName((LegalPersonNameId("Sudmark Yard Ltd", LegalPersonNameType.LEGL),)),
    (Address(AddressType.GEOG, "Sudport", "XB", address_line=("Quay 4",)),),
    "c-2",
    NationalIdentification(LEIS[0], NationalIdentifierType.LEIX),
    "XB",
)
HOUSE = Person(
    legal_person=LegalPerson(
        LegalPersonName((LegalPersonNameId("House One", LegalPersonNameType.LEGL),)),
        national_identification=NationalIdentification(
            "77", NationalIdentifierType.TXID, registration_authority="RA000001"
        ),
    )
)
OTHER_HOUSE = Person(legal_person=replace(YARD, customer_identification=""))
RECORD = Ivms(
    Originator((Person(ANNA),), ("bc1qa",)),
    Beneficiary((Person(legal_person=YARD),), ("bc1qb", "bc1qc")),
    HOUSE,
    OTHER_HOUSE,
    (IntermediaryVasp(HOUSE, 0), IntermediaryVasp(OTHER_HOUSE, 1)),
    PayloadMetadata(Version.V2020, (TransliterationMethod.CYRL,)),
)
RECORDS = {Version.V2020: RECORD, Version.V2023: convert(RECORD, Version.V2023).message}


def with_originator(one: NaturalPerson | LegalPerson, version: Version = Version.V2020) -> Ivms:
    """The record, sent by somebody else."""
    person = Person(one) if isinstance(one, NaturalPerson) else Person(legal_person=one)
    return convert(
        replace(RECORD, originator=replace(RECORD.originator, person=(person,))), version
    ).message


T = TypeVar("T")
Place = str | int


def changed(value: T, *path: Place, to: Callable[[Any], Any]) -> T:
    """Parsed JSON, another at a path; the value itself stays as it was."""
    made: Any = json.loads(json.dumps(value))
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to(inner.get(path[-1]) if isinstance(inner, dict) else inner[path[-1]])
    return made  # type: ignore[no-any-return]


LATIN = st.characters(min_codepoint=32, max_codepoint=126)
SEEN = st.characters(categories=["L", "M", "N", "P"], max_codepoint=0xFFEF).filter(
    lambda one: one not in "\u034f\u115f\u1160\u3164\uffa0"
)
COUNTRIES = st.sampled_from(["XA", "XB", "XX", "DE", "US", "NA", "AX"])


def texts(form: Any) -> st.SearchStrategy[str]:
    """Texts that a field may have in both versions."""
    longest = form.length_before or form.length_max
    kept = st.text(SEEN if form.local else LATIN, min_size=1, max_size=min(longest, 20))
    edge = st.just("x" * longest)
    return st.one_of(kept.filter(lambda one: bool(one.strip())), edge)


@st.composite
def components(draw: st.DrawFn, kind: Any) -> Any:
    """Any component, each field of its own datatype; constraints are `mended` afterwards."""
    said: dict[str, Any] = {}
    for one in ELEMENTS[kind]:
        if not (one.needed or draw(st.booleans())):
            continue
        many = st.lists(of_kind(one), min_size=1, max_size=min(one.often or 1, 3))
        said[one.field] = tuple(draw(many)) if one.often else draw(of_kind(one))
    return mended(kind(**said))


def of_kind(one: Any) -> st.SearchStrategy[Any]:
    """Any value of an element."""
    if one.text is not None:
        return COUNTRIES if one.text is COUNTRY else texts(one.text)
    if one.kind is int:
        return st.integers(0, 9)
    if one.kind is date:
        return st.dates(date(1900, 1, 1), date(2026, 3, 1))
    if issubclass(one.kind, StrEnum):
        return st.sampled_from(list(one.kind))
    return components(one.kind)


def mended(one: Any) -> Any:
    """The same component, so that no constraint is broken."""
    mend = MENDS.get(type(one))
    return mend(one) if mend else one


def _address(one: Address) -> Address:
    is_located = one.address_line or one.is_structured
    return one if is_located else replace(one, address_line=("Quay 4",))


def _identification(one: NationalIdentification) -> NationalIdentification:
    is_lei = one.national_identifier_type is NationalIdentifierType.LEIX
    number = LEIS[0] if is_lei else one.national_identifier
    authority = "RA000123" if one.registration_authority else ""
    return replace(one, national_identifier=number, registration_authority=authority)


def _natural(one: NaturalPerson) -> NaturalPerson:
    first, *others = one.name.name_identifier
    first = replace(first, name_identifier_type=NaturalPersonNameType.LEGL)
    return replace(
        one,
        name=replace(one.name, name_identifier=(first, *others)),
        geographic_address=tuple(
            replace(place, country="XA") if place.address_type is AddressType.HOME else place
            for place in one.geographic_address
        ),
        country_of_residence="XA" if one.country_of_residence else "",
    )


def _legal(one: LegalPerson) -> LegalPerson:
    first, *others = one.name.name_identifier
    first = replace(first, legal_person_name_identifier_type=LegalPersonNameType.LEGL)
    held = one.national_identification
    if held is not None:
        kind = held.national_identifier_type
        if kind not in OF_LEGAL_PERSONS:
            kind = NationalIdentifierType.MISC
        authority = "" if kind is NationalIdentifierType.LEIX else "RA000123"
        number = held.national_identifier
        held = NationalIdentification(number, kind, registration_authority=authority)
    name = replace(one.name, name_identifier=(first, *others))
    return replace(one, name=name, national_identification=held)


def _person(one: Person) -> Person:
    if (one.natural_person is None) is not (one.legal_person is None):
        return one
    return replace(one, natural_person=None, legal_person=one.legal_person or YARD)


def _originator(one: Originator) -> Originator:
    return replace(one, person=tuple(map(identified, one.person)))


def _ivms(one: Ivms) -> Ivms:
    path = tuple(replace(hop, sequence=n) for n, hop in enumerate(one.transfer_path))
    return replace(one, transfer_path=path)


MENDS: dict[type, Callable[[Any], Any]] = {
    Address: _address,
    NationalIdentification: _identification,
    NaturalPerson: _natural,
    LegalPerson: _legal,
    Person: _person,
    Originator: _originator,
    Ivms: _ivms,
}


def identified(one: Person) -> Person:
    """The same person, by a number of a customer too."""
    natural, legal = one.natural_person, one.legal_person
    return replace(
        one,
        natural_person=natural and replace(natural, customer_identification="c-1"),
        legal_person=legal and replace(legal, customer_identification="c-1"),
    )


def of_version(one: Ivms, version: Version) -> Ivms:
    """The same, with accounts just where its version has them: no providers', at most 20."""
    made = convert(one, version).message
    cut = {
        side: replace(
            party,
            account_number=party.account_number[:20],
            person=tuple(
                replace(person, account_number=person.account_number[:20])
                for person in party.person
            ),
        )
        for side in ("originator", "beneficiary")
        for party in [getattr(made, side)]
    }
    return replace(made, **cut)


def records(version: Version) -> st.SearchStrategy[Ivms]:
    """Any record that may be sent in a version."""
    return components(Ivms).map(lambda one: of_version(one, version))
