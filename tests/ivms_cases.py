"""Records that keep the constraints C1 to C12 of IVMS 101, and such as break one each."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tests.ivms_records import (
    ANNA,
    FLAT,
    HOUSE,
    LEIS,
    RECORD,
    TODAY,
    with_originator,
)

from clearhouse.core.travel_rule.ivms import (
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
    NationalIdentification,
    NationalIdentifierType,
    NaturalPerson,
    NaturalPersonName,
    NaturalPersonNameId,
    NaturalPersonNameType,
    Person,
)

RAID, MISC, LEIX, TXID = (NationalIdentifierType(kind) for kind in ("RAID", "MISC", "LEIX", "TXID"))


def person(name: NaturalPersonNameType = NaturalPersonNameType.LEGL, **said: Any) -> NaturalPerson:
    return NaturalPerson(NaturalPersonName((NaturalPersonNameId("Meyer", name),)), **said)


def firm(name: LegalPersonNameType = LegalPersonNameType.LEGL, **said: Any) -> LegalPerson:
    return LegalPerson(LegalPersonName((LegalPersonNameId("Yard", name),)), **said)


def number(text: str, kind: NationalIdentifierType, **said: Any) -> NationalIdentification:
    return NationalIdentification(text, kind, **said)


def born(day: date) -> DateAndPlaceOfBirth:
    return DateAndPlaceOfBirth(day, "Northam")


def sent_by(**said: Any) -> Ivms:
    return with_originator(person(**({"customer_identification": "c"} | said)))


def sent_by_firm(**said: Any) -> Ivms:
    return with_originator(firm(**({"customer_identification": "c"} | said)))


def through(*places: int) -> Ivms:
    return replace(RECORD, transfer_path=tuple(IntermediaryVasp(HOUSE, one) for one in places))


TOWN = Address(AddressType.HOME, "Northam", "XA")
BIRTH = born(TODAY - timedelta(1))
BIZZ, GEOG = (replace(FLAT, address_type=AddressType(kind)) for kind in ("BIZZ", "GEOG"))
C1, C2 = "ivms.c1-originator-natural-person", "ivms.c2-date-in-past"
C3, C4 = "ivms.c3-country", "ivms.c4-originator-legal-person"
C5, C6 = "ivms.c5-legal-name-legal-person", "ivms.c6-legal-name-natural-person"
C7, C8 = "ivms.c7-identifier-legal-person", "ivms.c8-address"
C9, C10 = "ivms.c9-identification-legal-person", "ivms.c10-registration-authority"
C11, C12 = "ivms.c11-lei", "ivms.c12-sequence"
KEPT: list[Ivms] = [
    with_originator(person(geographic_address=(FLAT,))),
    with_originator(person(customer_identification="c")),
    with_originator(person(national_identification=number("1", TXID))),
    with_originator(person(date_and_place_of_birth=BIRTH)),
    sent_by(date_and_place_of_birth=BIRTH),
    sent_by(country_of_residence="XX"),
    sent_by(country_of_residence="XB"),
    sent_by(country_of_residence="DE"),
    with_originator(firm(geographic_address=(BIZZ, GEOG))),
    with_originator(firm(customer_identification="c")),
    with_originator(firm(national_identification=number(LEIS[1], LEIX))),
    replace(RECORD, beneficiary=Beneficiary((Person(person()), Person(legal_person=firm())))),
    sent_by_firm(national_identification=number("1", RAID, registration_authority="RA000002")),
    sent_by_firm(national_identification=number("1", MISC, registration_authority="RA999999")),
    sent_by_firm(national_identification=number("1", TXID, registration_authority="RA000002")),
    sent_by(geographic_address=(replace(TOWN, address_line=("2 Mill Lane",)),)),
    sent_by(geographic_address=(replace(TOWN, street_name="Lane", building_name="Mill"),)),
    sent_by(geographic_address=(replace(TOWN, street_name="Lane", building_number="2"),)),
    sent_by(national_identification=number("1", RAID, country_of_issue="XA")),
    through(),
    through(0),
    through(1, 0, 2),
    sent_by(geographic_address=(FLAT, replace(BIZZ, country="DE")), country_of_residence="XA"),
    sent_by(geographic_address=(FLAT,), country_of_residence="XX"),
    sent_by(geographic_address=(replace(FLAT, country="XX"), FLAT)),
]
BROKEN: list[tuple[str, Ivms]] = [
    (C1, with_originator(person())),
    (C1, with_originator(person(country_of_residence="XA"))),
    (C2, sent_by(date_and_place_of_birth=born(TODAY))),
    (C2, sent_by(date_and_place_of_birth=born(TODAY + timedelta(1)))),
    (C3, sent_by(country_of_residence="XC")),
    (C3, sent_by(country_of_residence="ZZ")),
    (C3, sent_by(country_of_residence="UK")),
    (C3, sent_by(geographic_address=(replace(FLAT, country="XC"),))),
    (C3, sent_by(national_identification=number("1", TXID, country_of_issue="XC"))),
    (C3, sent_by_firm(country_of_registration="XC")),
    (C3, sent_by_firm(geographic_address=(replace(FLAT, country="XC"),))),
    (C4, with_originator(firm())),
    (C4, with_originator(firm(geographic_address=(FLAT, BIZZ)))),
    (C5, sent_by_firm(name=LegalPersonNameType.TRAD)),
    (C6, sent_by(name=NaturalPersonNameType.ALIA)),
    (C8, sent_by(geographic_address=(TOWN,))),
    (C8, sent_by(geographic_address=(FLAT, replace(TOWN, street_name="Mill Lane")))),
    (C8, sent_by(geographic_address=(replace(TOWN, building_number="2"),))),
    (C8, sent_by_firm(geographic_address=(GEOG, replace(TOWN, building_name="Mill")))),
    (C9, sent_by_firm(national_identification=number("1", TXID))),
    (C9, sent_by_firm(national_identification=number(LEIS[0], LEIX, country_of_issue="XA"))),
    (
        C9,
        sent_by_firm(
            national_identification=number(LEIS[0], LEIX, registration_authority="RA000002")
        ),
    ),
    (C11, sent_by_firm(national_identification=number(LEIS[0][:-1] + "5", LEIX))),
    (C11, sent_by_firm(national_identification=number(LEIS[0].lower(), LEIX))),
    (C11, sent_by(national_identification=number(LEIS[0][:-1], LEIX))),
    (C12, through(1)),
    (C12, through(0, 0)),
    (C12, through(0, 2)),
    ("ivms.contradiction", sent_by(geographic_address=(FLAT,), country_of_residence="XB")),
    ("ivms.contradiction", sent_by(geographic_address=(FLAT, replace(FLAT, country="XB")))),
    (
        "ivms.contradiction",
        replace(RECORD, beneficiary_vasp=replace(HOUSE, natural_person=ANNA)),
    ),
]
BROKEN += [
    (C7, sent_by_firm(national_identification=number("1", kind, registration_authority="RA000002")))
    for kind in NationalIdentifierType
    if kind not in {RAID, MISC, LEIX, TXID}
]
BROKEN += [
    (C10, sent_by_firm(national_identification=number("1", TXID, registration_authority=one)))
    for one in ("RA00001", "ra000002", "RA00000X", "XA000002", "RA\u00b9")
    if one.isascii()
]
BROKEN += [(C10, sent_by(national_identification=number("1", TXID, registration_authority="RA1")))]
