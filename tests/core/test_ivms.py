"""Records of IVMS 101: read, judged, written and converted, in both versions."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10
from tests.ivms_cases import (
    BROKEN,
    C1,
    C2,
    C3,
    C4,
    C5,
    C6,
    C7,
    C8,
    C9,
    C10,
    C11,
    C12,
    KEPT,
    born,
    firm,
    number,
    person,
    sent_by,
    sent_by_firm,
)
from tests.ivms_records import (
    ANNA,
    FLAT,
    HOUSE,
    RECORD,
    RECORDS,
    TERMS,
    TODAY,
    YARD,
    Place,
    changed,
    records,
    with_originator,
)

from clearhouse.core import errors
from clearhouse.core.country import ASSIGNED
from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule import ivms_constraints as constraints
from clearhouse.core.travel_rule.ivms import (
    IntermediaryVasp,
    Ivms,
    LegalPersonNameType,
    NationalIdentifierType,
    NaturalPerson,
    NaturalPersonName,
    NaturalPersonNameId,
    NaturalPersonNameType,
    Person,
    Version,
)
from clearhouse.core.travel_rule.ivms_constraints import Terms
from clearhouse.core.travel_rule.ivms_deviations import Deviation
from clearhouse.core.travel_rule.ivms_json import JsonMalformed
from clearhouse.core.travel_rule.ivms_reading import Reading, read_ivms
from clearhouse.core.travel_rule.ivms_refusals import (
    Contradiction,
    FieldMissing,
    FieldWrong,
    NotStrict,
    OtherVersionsField,
    VersionWrong,
)
from clearhouse.core.travel_rule.ivms_writing import Loss, convert, write, writing

DATA = Path(
    os.environ.get("CLEARHOUSE_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
V2020, V2023 = Version
RAID, MISC, LEIX, TXID = (NationalIdentifierType(kind) for kind in ("RAID", "MISC", "LEIX", "TXID"))
EITHER = pytest.mark.parametrize("version", list(Version), ids=["2020", "2023"])


def read(value: Any, *, strict: bool = False) -> Reading:
    return read_ivms(json.dumps(value).encode(), TERMS, strict=strict)


def said(version: Version) -> Any:
    return json.loads(write(RECORDS[version], TERMS))


def codes(ivms: Ivms, terms: Terms = TERMS) -> list[str]:
    """What is wrong with a record that would be sent."""
    return [one.code for one in writing(ivms, terms)[1]]


# Reading.


@EITHER
def test_a_record_has_one_writing_and_is_read_back(version: Version) -> None:
    text = write(RECORDS[version], TERMS)
    reading = read_ivms(text.encode(), TERMS, strict=True)
    assert reading == Reading(RECORDS[version], (), (), text)
    assert reading.need().version is version
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == (
        text.encode().decode("utf-8").encode("ascii", "backslashreplace").decode()
    )


def test_each_version_has_its_own_spelling() -> None:
    before, now = said(V2020), said(V2023)
    assert before["originator"]["accountNumber"] == ["bc1qa"]
    assert now["originator"]["originatorPerson"][0]["accountNumber"] == ["bc1qa"]
    assert "accountNumber" not in now["originator"]
    assert before["payloadMetadata"] == {"transliterationMethod": ["cyrl"]}
    assert now["payloadMetadata"]["payloadVersion"] == "101.2023"
    anna = before["originator"]["originatorPersons"][0]["naturalPerson"]
    assert anna["name"]["nameIdentifier"][0]["nameIdentifierType"] == "LEGL"
    assert anna["customerIdentification"] == "c-1"
    anna = now["originator"]["originatorPerson"][0]["naturalPerson"]
    assert anna["name"]["nameIdentifier"][0]["naturalPersonNameIdentifierType"] == "LEGL"
    assert anna["name"]["localNameIdentifier"][0]["nameIdentifierType"] == "LEGL"
    yard = before["beneficiary"]["beneficiaryPersons"][0]["legalPerson"]
    assert yard["customerNumber"] == "c-2"
    yard = now["beneficiary"]["beneficiaryPerson"][0]["legalPerson"]
    assert yard["customerIdentification"] == "c-2"
    assert list(before["originatingVASP"]) == ["originatingVASP"]


def test_a_record_of_2020_without_a_script_has_no_metadata() -> None:
    metadata = replace(RECORD.payload_metadata, transliteration_method=())
    plain = replace(RECORD, payload_metadata=metadata)
    text = write(plain, TERMS)
    assert "payloadMetadata" not in text
    assert read_ivms(text.encode(), TERMS, strict=True).need() == plain


@pytest.mark.external
def test_a_record_of_another_house_is_read() -> None:
    """TRISA's of 2020."""
    file = DATA / "ivms101" / "2020-identity-payload.json"
    if not file.exists():
        pytest.skip(f"no {file}; set CLEARHOUSE_DATA")
    reading = read_ivms(file.read_bytes(), TERMS)
    assert (reading.departures, reading.refusals) == ((), ())
    ivms = reading.need()
    assert read_ivms(write(ivms, TERMS).encode(), TERMS, strict=True).need() == ivms
    now = convert(ivms, V2023).message
    assert read_ivms(write(now, TERMS).encode(), TERMS, strict=True).need() == now
    assert convert(now, V2020).message == ivms
    (jane,) = ivms.originator.person
    assert jane.natural_person
    assert jane.natural_person.name.name_identifier[1].primary_identifier == "Price"
    assert ivms.beneficiary.account_number == ("14WU745djqecaJ1gmtWQGeMCFim1W5MNp3",)


@pytest.mark.external
def test_the_fields_of_another_schema_are_all_known() -> None:
    """CODE's schema writes entities in capitals; each field of it stands for one of ours."""
    file = DATA / "ivms101" / "codevasp_json-schema.json"
    if not file.exists():
        pytest.skip(f"no {file}; set CLEARHOUSE_DATA")
    schema = json.loads(file.read_text())
    value = _example(schema, schema["definitions"])
    reading = read(value)
    unknown = {one.path for one in reading.departures if one.deviation is Deviation.UNKNOWN_FIELD}
    assert unknown == set()
    assert {one.code for one in reading.refusals} <= {
        "ivms.contradiction",  # its example is a natural and a legal person at once
        "ivms.c9-identification-legal-person",
        "ivms.field-wrong",
    }


def _example(schema: Any, definitions: Any) -> Any:
    """Something that a schema allows, all its fields said."""
    if ref := schema.get("$ref"):
        return _example(definitions[ref.rpartition("/")[2]], definitions)
    for key in ("oneOf", "anyOf"):
        if key in schema and "properties" not in schema:
            return _example(schema[key][0], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {k: _example(v, definitions) for k, v in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema["items"], definitions)]
        case _:
            return "1990-01-02" if schema.get("format") == "date" else "DE"


@given(st.data())
@settings(max_examples=40)
def test_whatever_may_be_sent_is_read_as_it_was(data: st.DataObject) -> None:
    ivms = data.draw(records(data.draw(st.sampled_from(Version))))
    text = write(ivms, TERMS)
    reading = read_ivms(text.encode(), TERMS, strict=True)
    assert reading == Reading(ivms, (), (), text)
    assert read_ivms(json.dumps(json.loads(text)).encode(), TERMS) == reading


def test_nothing_personal_is_shown() -> None:
    for one in (RECORD, read(said(V2020)), ANNA, YARD, FLAT):
        assert "Meyer" not in repr(one)
        assert "Sudmark" not in repr(one)
        assert "Mill" not in repr(one)


# What departs, and is read all the same.

ANNAS: tuple[Place, ...] = ("originator", "originatorPersons", 0, "naturalPerson")
HOMES: tuple[Place, ...] = (*ANNAS, "geographicAddress")
DEVIATIONS: dict[str, tuple[Deviation, tuple[Place, ...], Callable[[Any], Any], str]] = {
    "unknown": (
        Deviation.UNKNOWN_FIELD,
        (*ANNAS, "nickname"),
        lambda _: "An",
        "$.originator.originatorPersons[0].naturalPerson.nickname",
    ),
    "unknown-odd": (Deviation.UNKNOWN_FIELD, ("a b",), lambda _: 1, "$[?]"),
    "code-case": (
        Deviation.CODE_CASE,
        (*HOMES, 0, "addressType"),
        lambda _: "home",
        "$.originator.originatorPersons[0].naturalPerson.geographicAddress[0].addressType",
    ),
    "country-case": (
        Deviation.CODE_CASE,
        (*ANNAS, "countryOfResidence"),
        lambda _: "xa",
        "$.originator.originatorPersons[0].naturalPerson.countryOfResidence",
    ),
    "single": (
        Deviation.SINGLE_FOR_ARRAY,
        HOMES,
        lambda several: several[0],
        "$.originator.originatorPersons[0].naturalPerson.geographicAddress",
    ),
    "array": (
        Deviation.ARRAY_FOR_SINGLE,
        ("originator",),
        lambda one: [one, one],
        "$.originator",
    ),
    "flat": (
        Deviation.FLAT,
        ("originatingVASP",),
        lambda one: one["originatingVASP"],
        "$.originatingVASP",
    ),
    "flat-path": (
        Deviation.FLAT,
        ("transferPath",),
        lambda one: one["transferPath"],
        "$.transferPath",
    ),
    "beside": (
        Deviation.UNKNOWN_FIELD,
        ("originatingVASP",),
        lambda one: one | {"id": 1},
        "$.originatingVASP.id",
    ),
    "wrapped-case": (
        Deviation.FIELD_CASE,
        ("originatingVASP",),
        lambda one: {"OriginatingVASP": one["originatingVASP"]},
        "$.originatingVASP.OriginatingVASP",
    ),
    "time": (
        Deviation.DATE_WITH_TIME,
        (*ANNAS, "dateAndPlaceOfBirth", "dateOfBirth"),
        lambda day: day + "T00:00:00Z",
        "$.originator.originatorPersons[0].naturalPerson.dateAndPlaceOfBirth.dateOfBirth",
    ),
    "number": (
        Deviation.NUMBER_FOR_TEXT,
        (*ANNAS, "customerIdentification"),
        lambda _: 12,
        "$.originator.originatorPersons[0].naturalPerson.customerIdentification",
    ),
    "text": (
        Deviation.TEXT_FOR_NUMBER,
        ("transferPath", "transferPath", 0, "sequence"),
        str,
        "$.transferPath.transferPath[0].sequence",
    ),
    "null": (Deviation.NULL, ("beneficiaryVASP",), lambda _: None, "$.beneficiaryVASP"),
    "blank": (
        Deviation.EMPTY,
        (*ANNAS, "customerIdentification"),
        lambda _: "  ",
        "$.originator.originatorPersons[0].naturalPerson.customerIdentification",
    ),
    "no-items": (Deviation.EMPTY, ("originator", "accountNumber"), lambda _: [], ""),
    "no-item": (Deviation.EMPTY, (*ANNAS, "countryOfResidence"), lambda _: [], ""),
    "no-fields": (Deviation.EMPTY, ("payloadMetadata",), lambda _: {}, "$.payloadMetadata"),
    "no-number": (Deviation.EMPTY, (*ANNAS, "nationalIdentification"), lambda _: {}, ""),
    "script": (
        Deviation.CHARACTERS,
        (*ANNAS, "name", "nameIdentifier", 0, "primaryIdentifier"),
        lambda _: "M\u00fcller",
        "",
    ),
    "joiner": (
        Deviation.CHARACTERS,
        (*ANNAS, "name", "nameIdentifier", 0, "primaryIdentifier"),
        lambda _: "\u0645\u06cc\u200c\u0645",
        "",
    ),
    "long": (Deviation.LENGTH, (*HOMES, 0, "townName"), lambda _: "x" * 36, ""),
    "longest": (Deviation.LENGTH, (*HOMES, 0, "townName"), lambda _: "x" * 512, ""),
    "account": (Deviation.LENGTH, ("originator", "accountNumber"), lambda _: ["x" * 101], ""),
    "many": (Deviation.COUNT, HOMES, lambda several: several * 6, ""),
    "most": (Deviation.COUNT, HOMES, lambda several: several * 64, ""),
    "partial": (
        Deviation.ADDRESS_PARTIAL,
        (*HOMES, 0, "streetName"),
        lambda _: None,
        "$.originator.originatorPersons[0].naturalPerson.geographicAddress[0]",
    ),
    "version": (
        Deviation.OTHER_VERSION,
        ("payloadMetadata", "payloadVersion"),
        lambda _: "101",
        "$.payloadMetadata.payloadVersion",
    ),
    "version-text": (
        Deviation.OTHER_SPELLING,
        ("payloadMetadata", "payloadVersion"),
        lambda _: "IVMS101",
        "$.payloadMetadata.payloadVersion",
    ),
}


@pytest.mark.parametrize("name", DEVIATIONS)
def test_what_is_only_written_otherwise_is_taken_and_told(name: str) -> None:
    deviation, path, to, where = DEVIATIONS[name]
    value = changed(said(V2020), *path, to=to)
    reading = read(value)
    assert reading.refusals == ()
    found = [one.path for one in reading.departures if one.deviation is deviation]
    assert found
    assert not where or where in found
    strict = read(value, strict=True)
    assert strict.message is None
    assert deviation in {one.context.get("deviation") for one in strict.refusals} or (
        deviation is Deviation.ADDRESS_PARTIAL
        and any(isinstance(one, constraints.AddressUnlocated) for one in strict.refusals)
    )


SPELLING = Deviation.OTHER_SPELLING
RENAMED = [
    (V2020, ANNAS, "customerIdentification", "customerNumber", SPELLING),
    (V2020, (), "originator", "Originator", Deviation.FIELD_CASE),
    (V2020, HOMES[:-1], "geographicAddress", "geographicAddresses", SPELLING),
    (V2020, (*HOMES, 0), "postCode", "postcode", Deviation.FIELD_CASE),
    (V2020, (*HOMES, 0), "postCode", "post_code", Deviation.FIELD_CASE),
    (V2020, ("beneficiary",), "beneficiaryPersons", "beneficiaryPerson", Deviation.OTHER_VERSION),
    (V2020, ("originator",), "accountNumber", "accountNumbers", SPELLING),
    (
        V2020,
        (*ANNAS, "name", "nameIdentifier", 0),
        "nameIdentifierType",
        "naturalPersonNameIdentifierType",
        Deviation.OTHER_VERSION,
    ),
    (
        V2023,
        ("originator", "originatorPerson", 0, "naturalPerson", "name", "localNameIdentifier", 0),
        "nameIdentifierType",
        "naturalPersonNameIdentifierType",
        Deviation.OTHER_SPELLING,
    ),
    (V2023, ("beneficiary",), "beneficiaryPerson", "beneficiaryPersons", Deviation.OTHER_VERSION),
    (V2020, (), "transferPath", "transferPaths", SPELLING),
    (
        V2020,
        ("beneficiary", "beneficiaryPersons", 0, "legalPerson", "geographicAddress", 0),
        "addressLine",
        "addressLines",
        SPELLING,
    ),
    (
        V2020,
        ("payloadMetadata",),
        "transliterationMethod",
        "transliterationMethods",
        Deviation.OTHER_SPELLING,
    ),
    (V2020, (*ANNAS, "name"), "nameIdentifier", "nameIdentifiers", SPELLING),
    (
        V2020,
        (*ANNAS, "name"),
        "localNameIdentifier",
        "localNameIdentifiers",
        Deviation.OTHER_SPELLING,
    ),
]


@pytest.mark.parametrize(
    ("version", "path", "name", "other", "deviation"), RENAMED, ids=range(len(RENAMED))
)
def test_a_field_by_another_name_is_the_same_field(
    version: Version, path: tuple[Place, ...], name: str, other: str, deviation: Deviation
) -> None:
    value = _renamed(said(version), path, name, other)
    reading = read(value)
    assert reading.need() == RECORDS[version]
    assert {one.deviation for one in reading.departures} == {deviation}
    assert [one.code for one in read(value, strict=True).refusals] == ["ivms.not-strict"]


def _renamed(value: Any, path: tuple[Place, ...], name: str, other: str) -> Any:
    made = json.loads(json.dumps(value))
    inner = made
    for step in path:
        inner = inner[step]
    inner[other] = inner.pop(name)
    return made


def test_the_same_may_be_said_twice_and_no_more() -> None:
    value = changed(said(V2020), *ANNAS, "customerNumber", to=lambda _: "c-1")
    reading = read(value)
    assert reading.need() == RECORD
    assert {one.deviation for one in reading.departures} == {
        Deviation.OTHER_SPELLING,
        Deviation.SAID_TWICE,
    }
    for other in ("c-9", None, ["c-1"], 1):
        refused = read(changed(value, *ANNAS, "customerNumber", to=partial(_to, other)))
        assert [one.code for one in refused.refusals] == ["ivms.contradiction"]


def test_one_and_true_are_not_the_same() -> None:
    twice = changed(said(V2020), *ANNAS, "customerNumber", to=partial(_to, True))
    twice = changed(twice, *ANNAS, "customerIdentification", to=partial(_to, 1))
    several = changed(said(V2020), *ANNAS, "customerIdentification", to=partial(_to, [1, True]))
    for value in (twice, several):
        assert [wrong.code for wrong in read(value).refusals] == ["ivms.contradiction"]


def test_of_two_versions_the_order_chooses_none() -> None:
    value = said(V2023)
    said_wrongly = {"PayloadMetadata": {"payloadVersion": "1"}}
    readings = [read(said_wrongly | value), read(value | said_wrongly)]
    assert [[one.code for one in reading.refusals] for reading in readings] == [
        ["ivms.version-wrong"]
    ] * 2


def test_nor_is_a_provider_said_in_two_ways() -> None:
    one, other = (said(V2020)[name][name] for name in ("originatingVASP", "beneficiaryVASP"))
    for second, expected in ((one, []), (other, ["ivms.contradiction"])):
        entity = {"originatingVASP": one, "OriginatingVASP": second, "originating_vasp": one}
        reading = read(changed(said(V2020), "originatingVASP", to=partial(_to, entity)))
        assert [wrong.code for wrong in reading.refusals] == expected
        assert [found.deviation for found in reading.departures] == [Deviation.FIELD_CASE] * 2


def _to(new: Any, _: Any) -> Any:
    return new


@EITHER
def test_accounts_of_the_other_version_stay_where_they_are_said(version: Version) -> None:
    (other,) = set(Version) - {version}
    value = said(version) | {"beneficiary": said(other)["beneficiary"]}
    reading = read(value)
    assert Deviation.OTHER_VERSION in {one.deviation for one in reading.departures}
    assert reading.need().beneficiary == RECORDS[other].beneficiary
    with pytest.raises(OtherVersionsField, match="account_number"):
        write(reading.need(), TERMS)
    refusals = writing(reading.need(), TERMS)[1]
    where = "$.beneficiary.beneficiaryPersons[0]" if version is V2020 else "$.beneficiary"
    assert where in {one.context["path"] for one in refusals}
    assert write(convert(reading.need(), version).message, TERMS) == write(RECORDS[version], TERMS)


# Versions.


def test_a_version_is_guessed_from_how_persons_are_spelt() -> None:
    value = said(V2023)
    del value["payloadMetadata"]["payloadVersion"]
    reading = read(value)
    assert [(one.deviation, one.path) for one in reading.departures] == [
        (Deviation.VERSION_MISSING, "$.payloadMetadata.payloadVersion")
    ]
    assert reading.need() == RECORDS[V2023]
    del value["originator"]["originatorPerson"]
    assert {one.code for one in read(value).refusals} == {"ivms.field-missing"}
    several = changed(said(V2023), "payloadMetadata", to=lambda one: [one])
    assert [one.deviation for one in read(several).departures] == [Deviation.ARRAY_FOR_SINGLE]
    persons = said(V2020)["originator"]["originatorPersons"]
    twice = changed(said(V2020), "originator", "originatorPerson", to=lambda _: persons)
    assert read(twice).need() == RECORD
    both = _renamed(said(V2020), ("beneficiary",), "beneficiaryPersons", "beneficiaryPerson")
    assert read(both).need().version is V2020


@pytest.mark.parametrize("stated", ["101.2024", "102", "", "IVMS", "2023", "101.2023 ", 101.5, {}])
def test_another_version_is_refused(stated: Any) -> None:
    value = changed(said(V2023), "payloadMetadata", "payloadVersion", to=lambda _: stated)
    reading = read(value)
    code = "ivms.not-exact" if stated == 101.5 else "ivms.version-wrong"
    assert [one.code for one in reading.refusals] == [code]
    assert reading.message is None


def test_so_is_one_that_was_not_agreed_on() -> None:
    for version in Version:
        text = write(RECORDS[version], TERMS).encode()
        for agreed in Version:
            reading = read_ivms(text, TERMS, agreed=agreed)
            wrong = () if agreed is version else (VersionWrong,)
            assert tuple(map(type, reading.refusals)) == wrong
            assert reading.content == text.decode()


# Constraints.


@EITHER
@pytest.mark.parametrize("ivms", KEPT, ids=range(len(KEPT)))
def test_what_keeps_the_constraints_is_sent(ivms: Ivms, version: Version) -> None:
    assert codes(convert(ivms, version).message) == []


@EITHER
@pytest.mark.parametrize(
    ("code", "ivms"), BROKEN, ids=[f"{code}-{n}" for n, (code, _) in enumerate(BROKEN)]
)
def test_what_breaks_one_is_refused_by_its_code(code: str, ivms: Ivms, version: Version) -> None:
    refusals = writing(convert(ivms, version).message, TERMS)[1]
    assert [one.code for one in refusals] == [code]
    assert str(refusals[0].context["path"]).startswith("$.")
    with pytest.raises(Refusal) as caught:
        write(convert(ivms, version).message, TERMS)
    assert caught.value.code == code


def test_every_constraint_has_a_code_of_its_own_and_is_broken_here() -> None:
    found = {
        one.code: one
        for name, one in vars(constraints).items()
        if isinstance(one, type) and issubclass(one, Refusal) and one is not errors.Refusal
    }
    twelve = [C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12]
    assert [code for code in found if code.startswith("ivms.c") and code[6].isdigit()] == twelve
    assert {code for code, _ in BROKEN} == {*twelve, "ivms.contradiction"}


def test_every_person_is_judged_and_named_by_its_path() -> None:
    nobody = replace(HOUSE.legal_person or YARD, name=firm(LegalPersonNameType.SHRT).name)
    bad = Person(legal_person=nobody)
    ivms = Ivms(
        replace(RECORD.originator, person=(Person(ANNA), bad)),
        replace(RECORD.beneficiary, person=(bad,)),
        bad,
        bad,
        (IntermediaryVasp(HOUSE, 0), IntermediaryVasp(bad, 1)),
    )
    found = [one.context["path"] for one in constraints.faults(ivms, TERMS)]
    assert found == [
        f"{path}.legalPerson.name.nameIdentifier"
        for path in (
            "$.originator.originatorPersons[1]",
            "$.beneficiary.beneficiaryPersons[0]",
            "$.originatingVASP.originatingVASP",
            "$.beneficiaryVASP.beneficiaryVASP",
            "$.transferPath.transferPath[1].intermediaryVASP",
        )
    ]
    now = replace(ivms, payload_metadata=RECORDS[V2023].payload_metadata)
    assert "$.originator.originatorPerson[1].legalPerson.name.nameIdentifier" in {
        one.context["path"] for one in constraints.faults(now, TERMS)
    }


def test_a_record_is_refused_for_all_that_is_wrong_with_it() -> None:
    ivms = replace(
        with_originator(person(NaturalPersonNameType.MISC, date_and_place_of_birth=born(TODAY))),
        transfer_path=(IntermediaryVasp(HOUSE, 7),),
        beneficiary_vasp=Person(),
    )
    assert codes(ivms) == [C2, C6, C12, "ivms.not-strict"]
    for one in (Person(account_number=("a",)), Person()):
        found = constraints.faults(replace(RECORD, beneficiary_vasp=one), TERMS)
        assert [wrong.code for wrong in found] == ["ivms.field-missing"]


def test_what_is_received_may_identify_less() -> None:
    """C1, C4 and C8 depend on the amount (`completeness`): they are told, and borne."""
    for one in (person(), firm()):
        value = json.loads(writing(with_originator(one), TERMS)[0])
        reading = read(value)
        kind = "naturalPerson" if isinstance(one, NaturalPerson) else "legalPerson"
        assert [(found.deviation, found.path) for found in reading.departures] == [
            (Deviation.IDENTIFICATION_MISSING, f"$.originator.originatorPersons[0].{kind}")
        ]
        assert reading.need() == with_originator(one)


def test_a_list_of_authorities_says_more_than_their_form() -> None:
    ivms = sent_by_firm(
        national_identification=number("1", TXID, registration_authority="RA000002")
    )
    assert codes(ivms, replace(TERMS, authorities=frozenset({"RA000001", "RA000002"}))) == []
    assert codes(ivms, replace(TERMS, authorities=frozenset({"RA000001"}))) == [C10]
    wrong = frozenset({"RA000001", "RA2"})
    odd = sent_by_firm(national_identification=number("1", TXID, registration_authority="RA2"))
    assert codes(odd, replace(TERMS, authorities=wrong)) == [C10]


def test_countries_are_those_of_iso_and_those_of_the_house() -> None:
    for country in sorted(ASSIGNED | {"XX"}):
        assert codes(sent_by(country_of_residence=country)) == []
    terms = Terms(TODAY, frozenset({"XA", "QM", "AA", "ZZ", "UK", "QL"}))
    for country in ("XA", "QM", "AA", "ZZ"):
        assert terms.knows(country)
    for country in ("XB", "UK", "QL", "EU", "AB", "", "X", "XAX"):
        assert not terms.knows(country)
    assert not Terms(TODAY).knows("XA")


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18))
@settings(max_examples=40)
def test_an_lei_is_right_by_its_check_digits_alone(start: str) -> None:
    """ISO 17442: the check digits are those of ISO 7064 MOD 97-10, and no others."""
    lei = start + mod_97_10.calc_check_digits(start)
    for check in range(100):
        made = f"{start}{check:02}"
        held = sent_by_firm(national_identification=number(made, LEIX))
        found = [one.code for one in constraints.faults(held, TERMS)]
        assert found == ([] if made == lei else [C11])


# Conversion.


@given(records(V2020))
@settings(max_examples=40)
def test_nothing_is_lost_on_the_way_from_2020_and_back(ivms: Ivms) -> None:
    now = convert(ivms, V2023)
    assert (now.losses, now.message.version) == ((), V2023)
    assert convert(now.message, V2020).message == ivms
    assert convert(now.message, V2020).losses == ()
    assert convert(ivms, V2020).message == ivms
    if all(len(party.person) for party in (ivms.originator, ivms.beneficiary)):
        assert writing(now.message, TERMS)[1] == ()


@given(records(V2023))
@settings(max_examples=40)
def test_what_is_lost_on_the_way_from_2023_is_named(ivms: Ivms) -> None:
    before = convert(ivms, V2020)
    after = convert(before.message, V2023).message
    assert (after == ivms) is (before.losses == ())
    assert convert(ivms, V2023).message == ivms
    for side in ("originator", "beneficiary"):
        held = {one for person in getattr(ivms, side).person for one in person.account_number}
        assert set(getattr(before.message, side).account_number) == held


def test_which_holder_has_which_account_is_lost() -> None:
    anna = replace(RECORDS[V2023].originator.person[0], account_number=("a", "b"))
    for accounts, losses in (
        (("a", "b"), ()),
        (("b", "a"), (Loss.ACCOUNT_HOLDER,)),
        (("c",), (Loss.ACCOUNT_HOLDER,)),
        ((), (Loss.ACCOUNT_HOLDER,)),
    ):
        party = replace(
            RECORDS[V2023].originator, person=(anna, replace(anna, account_number=accounts))
        )
        made = convert(replace(RECORDS[V2023], originator=party), V2020)
        assert made.losses == losses
        assert made.message.originator.account_number == (
            "a",
            "b",
            *(accounts if "c" in accounts else ()),
        )
        other = replace(RECORDS[V2023].beneficiary, person=party.person)
        assert convert(replace(RECORDS[V2023], beneficiary=other), V2020).losses == losses


@pytest.mark.parametrize("where", ["originating_vasp", "beneficiary_vasp", "transfer_path"])
def test_so_are_the_accounts_of_providers(where: str) -> None:
    one: Any = replace(HOUSE, account_number=("a",))
    said: dict[str, Any] = {where: (IntermediaryVasp(one, 0),) if "path" in where else one}
    ivms = replace(RECORDS[V2023], **said)
    assert codes(ivms) == []
    made = convert(ivms, V2020)
    assert made.losses == (Loss.PROVIDER_ACCOUNT,)
    assert codes(made.message) == []
    assert convert(RECORDS[V2023], V2020).losses == ()


def test_an_account_too_long_for_2020_is_not_written_there() -> None:
    long = replace(RECORD.originator, account_number=("x" * 512,))
    before = replace(RECORD, originator=long)
    assert codes(convert(before, V2023).message) == []
    assert codes(before) == ["ivms.not-strict"]


def test_what_a_version_lacks_is_refused_and_not_dropped() -> None:
    now = replace(RECORDS[V2023], originator=RECORD.originator)
    assert codes(now) == ["ivms.other-version"]
    bare: Any = replace(HOUSE, account_number=("a",))
    refusals = writing(replace(RECORD, beneficiary_vasp=bare), TERMS)[1]
    assert [(one.code, one.context["path"]) for one in refusals] == [
        ("ivms.other-version", "$.beneficiaryVASP.beneficiaryVASP")
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", FieldMissing),
        ("  ", FieldMissing),
        ("M\u00fcller", NotStrict),
        ("x" * 101, NotStrict),
        ("x" * 513, FieldWrong),
        ("a\x00b", FieldWrong),
        ("\ud800", JsonMalformed),
    ],
    ids=range(7),
)
def test_what_would_be_read_otherwise_is_not_written(text: str, kind: type[Refusal]) -> None:
    name = NaturalPersonName((NaturalPersonNameId(text, NaturalPersonNameType.LEGL),))
    with pytest.raises(kind):
        write(with_originator(replace(ANNA, name=name)), TERMS)


def test_nobody_is_two_things_at_once() -> None:
    value = changed(
        said(V2020), "originator", "originatorPersons", 0, "legalPerson",
        to=lambda _: said(V2020)["beneficiary"]["beneficiaryPersons"][0]["legalPerson"],
    )  # fmt: skip
    assert [type(one) for one in read(value).refusals] == [Contradiction]
