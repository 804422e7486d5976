"""FollowTheMoney: what is read of a file, and what is written, is the same."""

import json
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core import ids
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.owner import ENTITIES, HOLDINGS, PERSONS, Entity, Holding, PersonOwner
from clearhouse.core.participant import LegalEntity
from clearhouse.core.record import Register
from clearhouse.feeds.ftm import read_ftm
from clearhouse.feeds.lines import FileEmpty
from clearhouse.returns.ftm import as_ftm

LEI = "5493001KJTIIGC8Y1R12"
ACME = ids.derived("ent", "acme")
ADA = ids.derived("prs", "ada")


def of(schema: str, id: str, **properties: str) -> dict[str, Any]:
    named = {name: [text] for name, text in properties.items()}
    return {"id": id, "schema": schema, "properties": named}


def read(register: Register, *objects: object) -> list[Any]:
    """The records of some objects; a refusal where there is none."""
    text = "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in objects)
    found: list[Any] = []
    for row in read_ftm(BytesIO(text.encode()), register.name):
        if isinstance(row.fields, Refusal):
            found.append(row.fields)
        else:
            record, wrong = register.read(row.fields)
            found.append(record if record is not None else wrong)
    return found


COMPANY = of("Company", "NK-1", name="Acme Holdings", jurisdiction="xa", registrationNumber="7")
NAMED = of("Company", "NK-2", name="Beta AS", jurisdiction="xa", leiCode=LEI)
PERSON = of("Person", "NK-3", name="Ada Berg", birthDate="1970-01-01", nationality="xb")
OWNS = of(
    "Ownership", "NK-4", owner="NK-3", asset="NK-2", percentage="25.5%", startDate="2026-01-01"
)


def test_each_register_takes_its_own_objects_of_one_file() -> None:
    file = (COMPANY, NAMED, PERSON, OWNS, of("Vessel", "NK-5", name="Ark"))
    company, person = ids.derived("ent", "ftm", "NK-1"), ids.derived("prs", "ftm", "NK-3")
    since = date(2026, 1, 1)

    assert read(ENTITIES, *file) == [
        Entity(company, "company", "Acme Holdings", "XA", "7"),
        Entity(LEI, "company", "Beta AS", "XA"),
    ]
    assert read(PERSONS, *file) == [PersonOwner(person, "Ada Berg", "1970-01-01", "XB")]
    source = "FollowTheMoney NK-4"
    assert read(HOLDINGS, *file) == [Holding(person, LEI, 255_000, False, source, since)]


def test_control_is_a_role_and_needs_no_share() -> None:
    one = of("Ownership", "x", owner=ADA, asset=LEI, role="control", startDate="2026-01-01")

    (found,) = read(HOLDINGS, one)

    assert (found.share, found.control) == (0, True)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"id": "x"}',
        '{"id": 7, "schema": "Company", "properties": {}}',
        '{"id": "x", "schema": "Company", "properties": []}',
        '{"id": "x", "schema": "Company", "properties": {"name": "Acme"}}',
        '{"id": "x", "schema": "Company", "properties": {"name": [7]}}',
    ],
)
def test_what_has_not_the_form_is_refused_and_the_rest_is_read(line: str) -> None:
    wrong, right = read(ENTITIES, line, COMPANY)

    assert wrong.code == "file.object-wrong"
    assert right.name == "Acme Holdings"


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(FileEmpty):
        list(read_ftm(BytesIO(b""), "entity"))


def test_a_holding_of_somebody_who_is_not_in_the_file_keeps_the_id_and_is_refused() -> None:
    (wrong,) = read(HOLDINGS, OWNS | {"id": "z"})

    assert [one.code for one in wrong] == ["owner.entity-wrong", "owner.entity-wrong"]


names = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
entities = st.builds(
    Entity,
    st.sampled_from([ACME, LEI]),
    st.sampled_from(["company", "trust", "fund", "foundation", "state"]),
    names,
    st.sampled_from(["XA", "XB"]),
    st.sampled_from(["", "7"]),
)
holdings = st.builds(
    Holding,
    st.sampled_from([ACME, ADA]),
    st.just(LEI),
    st.integers(1, 10**6),
    st.booleans(),
    names,
    st.dates(),
    st.none(),
)


@given(st.lists(entities, min_size=1), st.lists(holdings, min_size=1))
def test_what_is_written_is_read_again(several: Sequence[Entity], owned: Sequence[Holding]) -> None:
    assert read(ENTITIES, *(line.strip() for line in as_ftm(several))) == list(several)
    assert read(HOLDINGS, *(line.strip() for line in as_ftm(owned))) == list(owned)


def test_of_a_person_the_id_alone_is_written() -> None:
    (line,) = as_ftm([PersonOwner(ADA, commitment="0" * 64)])

    assert json.loads(line) == {"id": ADA, "schema": "Person", "properties": {}}


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(content: bytes) -> None:
    try:
        for row in read_ftm(BytesIO(content), "holding"):
            assert row.line > 0
    except Refusal:
        pass


def test_a_participant_is_written_with_its_lei_and_not_where_it_is_paid() -> None:
    one = LegalEntity(ParticipantId("HWUPKR0MPOU8FGXBT394"), "Åse & Søn AS", "XA", "bcrt1q")
    (line,) = as_ftm([one])
    assert json.loads(line) == {
        "id": one.participant,
        "schema": "Company",
        "properties": {
            "name": [one.name],
            "leiCode": [one.participant],
            "jurisdiction": ["xa"],
        },
    }
