"""What a record lacks, by how much is due."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ivms_records import ANNA, FLAT, LEIS, RECORD, RECORDS, YARD, records

from clearhouse.core.travel_rule.completeness import (
    Due,
    Side,
    missing,
    providers_missing,
)
from clearhouse.core.travel_rule.ivms import (
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
    Version,
)

BARE = NaturalPerson(ANNA.name)
BARE_YARD = LegalPerson(YARD.name)
LINES = replace(FLAT, street_name="", building_number="", address_line=("2 Mill Lane",))
TOWN = replace(FLAT, street_name="", building_number="")
TAX = NationalIdentification("1", NationalIdentifierType.TXID, registration_authority="RA000001")
LEI = NationalIdentification(LEIS[0], NationalIdentifierType.LEIX)
ALIAS = NaturalPersonName((NaturalPersonNameId("Ann", NaturalPersonNameType.ALIA),))
BLANK = NaturalPersonName((NaturalPersonNameId(" ", NaturalPersonNameType.LEGL),))
SHORT = LegalPersonName((LegalPersonNameId("Yard", LegalPersonNameType.SHRT),))
NAMELESS = LegalPersonName((LegalPersonNameId(" ", LegalPersonNameType.LEGL),))


def sent(one: NaturalPerson | LegalPerson) -> Ivms:
    person = Person(one) if isinstance(one, NaturalPerson) else Person(legal_person=one)
    return replace(RECORD, originator=replace(RECORD.originator, person=(person,)))


def received(one: NaturalPerson | LegalPerson) -> Ivms:
    person = Person(one) if isinstance(one, NaturalPerson) else Person(legal_person=one)
    return replace(RECORD, beneficiary=replace(RECORD.beneficiary, person=(person,)))


CASES: list[tuple[Ivms, str, str, str]] = [
    # a record, and what it lacks of reduced; of full beside that; of revised beside both
    (RECORD, "", "", ""),
    (sent(BARE), "", "originator.identification", "originator.address originator.birth"),
    (sent(replace(BARE, geographic_address=(FLAT,))), "", "", "originator.birth"),
    (
        sent(replace(BARE, geographic_address=(LINES,))),
        "",
        "",
        "originator.address originator.birth",
    ),
    (
        sent(replace(BARE, geographic_address=(TOWN,))),
        "",
        "originator.identification",
        "originator.address originator.birth",
    ),
    (
        sent(replace(BARE, geographic_address=(replace(FLAT, country="XX"),))),
        "",
        "originator.identification",
        "originator.address originator.birth",
    ),
    (
        sent(replace(BARE, customer_identification="c")),
        "",
        "",
        "originator.address originator.birth",
    ),
    (
        sent(replace(BARE, national_identification=TAX)),
        "",
        "",
        "originator.address originator.birth",
    ),
    (
        sent(replace(BARE, date_and_place_of_birth=ANNA.date_and_place_of_birth)),
        "",
        "",
        "originator.address",
    ),
    (sent(replace(ANNA, geographic_address=(TOWN, FLAT))), "", "", ""),
    (sent(replace(ANNA, name=ALIAS)), "originator.name", "", ""),
    (sent(replace(ANNA, name=BLANK)), "originator.name", "", ""),
    (sent(BARE_YARD), "", "originator.identification", "originator.address originator.lei"),
    (
        sent(replace(BARE_YARD, geographic_address=(FLAT,), national_identification=TAX)),
        "",
        "",
        "originator.lei",
    ),
    (sent(replace(BARE_YARD, geographic_address=(FLAT,), national_identification=LEI)), "", "", ""),
    (sent(replace(YARD, name=SHORT)), "originator.name", "", "originator.address"),
    (received(BARE), "", "", "beneficiary.town"),
    (received(replace(BARE, geographic_address=(TOWN,))), "", "", ""),
    (
        received(replace(BARE, geographic_address=(replace(TOWN, country="XX"),))),
        "",
        "",
        "beneficiary.town",
    ),
    (received(BARE_YARD), "", "", "beneficiary.town beneficiary.lei"),
    (received(replace(BARE_YARD, national_identification=LEI)), "", "", "beneficiary.town"),
    (received(replace(YARD, name=NAMELESS)), "beneficiary.name", "", ""),
    (
        replace(RECORD, originator=replace(RECORD.originator, account_number=())),
        "originator.account",
        "",
        "",
    ),
    (
        replace(RECORD, beneficiary=replace(RECORD.beneficiary, person=())),
        "beneficiary.name",
        "",
        "",
    ),
    (
        replace(RECORD, beneficiary=replace(RECORD.beneficiary, person=(Person(),))),
        "beneficiary.name",
        "",
        "beneficiary.town",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_what_is_missing_is_named(case: tuple[Ivms, str, str, str]) -> None:
    ivms, *words = case
    expected: set[str] = set()
    for asked, more in zip(Due, words, strict=True):
        expected |= set(more.split())
        found = [gap.word for gap in missing(ivms, asked)]
        assert len(found) == len(set(found))
        assert set(found) == expected


@pytest.mark.parametrize("version", list(Version), ids=["2020", "2023"])
def test_a_gap_says_where_it_is(version: Version) -> None:
    nobody = Person(replace(BARE, name=ALIAS))
    firm = Person(legal_person=replace(BARE_YARD, name=SHORT))
    ivms = replace(
        RECORDS[version],
        originator=replace(RECORD.originator, person=(nobody, firm), account_number=()),
        beneficiary=replace(RECORD.beneficiary, person=(firm,), account_number=()),
    )
    plural = "s" if version is Version.V2020 else ""
    one, other = (f"$.originator.originatorPerson{plural}[{n}]" for n in (0, 1))
    last = f"$.beneficiary.beneficiaryPerson{plural}[0]"
    accounts = "$.originator" if plural else one
    assert [gap.path for gap in missing(ivms, Due.REVISED)] == [
        f"{accounts}.accountNumber",
        one,
        f"{one}.naturalPerson",
        f"{one}.naturalPerson.geographicAddress",
        f"{one}.naturalPerson.dateAndPlaceOfBirth",
        other,
        f"{other}.legalPerson",
        f"{other}.legalPerson.geographicAddress",
        f"{other}.legalPerson.nationalIdentification",
        f"{'$.beneficiary' if plural else last}.accountNumber",
        last,
        f"{last}.legalPerson.geographicAddress",
        f"{last}.legalPerson.nationalIdentification",
    ]
    empty = replace(ivms, originator=replace(ivms.originator, person=()))
    assert missing(empty, Due.FULL)[0].path == f"$.originator.originatorPerson{plural}"


def test_who_has_no_lei_says_another_number() -> None:
    by_tax = replace(YARD, geographic_address=(FLAT,), national_identification=TAX)
    bare = replace(by_tax, national_identification=None)
    for put, side in ((sent, Side.ORIGINATOR), (received, Side.BENEFICIARY)):
        (other,) = set(Side) - {side}
        assert missing(put(by_tax), Due.REVISED, {side}) == []
        for ivms, known in ((put(by_tax), {other}), (put(bare), {side})):
            words = [gap.word for gap in missing(ivms, Due.REVISED, known)]
            assert words == [f"{side}.lei"]


def test_providers_are_named() -> None:
    assert providers_missing(RECORD) == []
    first, second = (f"$.{name}.{name}" for name in ("originatingVASP", "beneficiaryVASP"))
    unnamed = Person(legal_person=replace(YARD, name=SHORT))
    for nobody in (None, unnamed, Person()):
        assert providers_missing(replace(RECORD, originating_vasp=nobody)) == [first]
        both = replace(RECORD, originating_vasp=nobody, beneficiary_vasp=nobody)
        assert providers_missing(both) == [first, second]
    assert providers_missing(replace(RECORD, beneficiary_vasp=Person(ANNA))) == []


def without_addresses(one: Ivms) -> Ivms:
    persons = tuple(
        replace(
            person,
            natural_person=person.natural_person
            and replace(person.natural_person, geographic_address=()),
        )
        for person in one.originator.person
    )
    return replace(one, originator=replace(one.originator, person=persons))


def without_accounts(one: Ivms) -> Ivms:
    persons = tuple(replace(person, account_number=()) for person in one.beneficiary.person)
    return replace(one, beneficiary=replace(one.beneficiary, person=persons, account_number=()))


LESS: list[Callable[[Ivms], Ivms]] = [without_addresses, without_accounts]


@given(records(Version.V2023), st.sampled_from(LESS))
@settings(max_examples=30)
def test_less_data_never_lacks_less_and_more_due_never_asks_less(
    ivms: Ivms, less: Callable[[Ivms], Ivms]
) -> None:
    before: set[str] = set()
    for asked in Due:
        found = {gap.word + gap.path for gap in missing(ivms, asked)}
        assert before <= found <= {gap.word + gap.path for gap in missing(less(ivms), asked)}
        before = found
    assert "beneficiary.account" in {
        gap.word for gap in missing(without_accounts(ivms), Due.REDUCED)
    }
