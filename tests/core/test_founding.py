"""Founding: one document, which names two people with a key each, and which both sign."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hands import ADA, BELA, HOUSE, Hand, dossier

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Refusal
from clearhouse.core.founding import Founder, Founding, FoundingMalformed, parse, verify_founding
from clearhouse.core.person import AffiliationMalformed, KeyMalformed, SignatureWrong

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def founder(hand: Hand) -> Founder:
    return Founder(hand.person, "Central Bank", hand.public, dossier(hand.name).commitment)


ONE, OTHER = founder(ADA), founder(BELA)
RIGHT = Founding(HOUSE, (ONE, OTHER), NOW)
TEXT = RIGHT.encode()


def altered(change: Callable[[dict[str, Any]], object]) -> str:
    written = json.loads(TEXT)
    change(written)
    return canonical(written)


def put(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda written: written.update(fields)


def first(**fields: Any) -> Callable[[dict[str, Any]], object]:
    """Say something else about the first founder."""
    return lambda written: written["founders"][0].update(fields)


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["XA", "Central Bank"]))
def test_a_founding_is_read_as_it_was_written(made_at: datetime, affiliation: str) -> None:
    founding = Founding(HOUSE, (replace(ONE, affiliation=affiliation), OTHER), made_at)
    assert parse(founding.encode()) == founding


def test_the_bytes_of_a_founding_stay_as_they_are() -> None:
    people = ",".join(
        f'{{"affiliation":"Central Bank","commitment":"{dossier(one.name).commitment}",'
        f'"key":"{one.public}","person":"{one.person}"}}'
        for one in (ADA, BELA)
    )
    written = (
        f'{{"form":"clearhouse.founding.1","founders":[{people}],"house":"{HOUSE}",'
        '"made_at":"2026-03-02T10:00:00.000000Z"}'
    )
    assert RIGHT.encode() == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "7",
        "[]",
        '"x"',
        "{}",
        "[" * 100_000,
        TEXT[:-1],
        TEXT + "\n",
        TEXT.replace(":", ": "),
        TEXT.replace("{", '{"form":"clearhouse.founding.1",', 1),
        TEXT.replace("Central", "\\u0043entral"),
        json.dumps(dict(reversed(json.loads(TEXT).items())), separators=(",", ":")),
        altered(put(more="x")),
        altered(lambda written: written.pop("house")),
        altered(lambda written: written.pop("founders")),
        altered(put(form="clearhouse.founding.2")),
        altered(put(form="clearhouse.command.1")),
        altered(put(made_at="2026-03-02")),
        altered(put(made_at="2026-03-02T10:00:00.000000")),
        altered(put(made_at="0001-01-01T00:00:00.000000+14:00")),
        altered(put(made_at=7)),
        altered(put(house=ADA.person)),
        altered(put(house="hse_1")),
        altered(put(founders=[])),
        altered(put(founders=None)),
        altered(put(founders={"a": "b"})),
        altered(put(founders="xy")),
        altered(lambda written: written["founders"].pop()),
        altered(lambda written: written["founders"].append(written["founders"][0])),
        altered(first(person=BELA.person)),
        altered(first(person=HOUSE)),
        altered(first(key=BELA.public)),
        altered(first(more="x")),
        altered(first(affiliation=7)),
        altered(lambda written: written["founders"][0].pop("commitment")),
    ],
)
def test_what_is_no_founding_is_refused(text: str) -> None:
    with pytest.raises(FoundingMalformed):
        parse(text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (altered(first(key="00")), KeyMalformed),
        (altered(first(key=ADA.public.upper())), KeyMalformed),
        (altered(first(key="01" + "00" * 31)), KeyMalformed),
        (altered(first(affiliation="")), AffiliationMalformed),
    ],
)
def test_a_founder_says_a_key_and_whom_they_act_for(text: str, wrong: type[Refusal]) -> None:
    with pytest.raises(wrong):
        parse(text)


@pytest.mark.parametrize(
    "founders",
    [
        (),
        (ONE,),
        (ONE, OTHER, founder(Hand.of("Cora"))),
        (ONE, ONE),
        (ONE, OTHER, OTHER),
        (ONE, replace(OTHER, person=ADA.person)),
        (ONE, replace(OTHER, key=ADA.public)),
    ],
)
def test_neither_one_nor_three_nor_one_twice_found_a_house(founders: tuple[Founder, ...]) -> None:
    with pytest.raises(FoundingMalformed, match="two people with a key each"):
        Founding(HOUSE, founders, NOW)


def signatures(text: str, *hands: Hand) -> dict[str, str]:
    return {hand.public: hand.key.sign(text.encode()).hex() for hand in hands}


def test_both_sign_and_their_signatures_are_in_their_order() -> None:
    both = signatures(TEXT, BELA, ADA)
    assert verify_founding(RIGHT, both) == (both[ADA.public], both[BELA.public])


@pytest.mark.parametrize(
    "signed",
    [
        {},
        signatures(TEXT, ADA),
        signatures(TEXT, BELA),
        signatures(TEXT, ADA, Hand.of("Cora")),
        signatures(TEXT, ADA) | {BELA.public: signatures(TEXT, ADA)[ADA.public]},
        signatures(TEXT, BELA) | {ADA.public: ""},
        signatures(TEXT, ADA) | signatures(altered(put(made_at="2027-01-01")), BELA),
    ],
)
def test_one_signature_founds_nothing(signed: dict[str, str]) -> None:
    with pytest.raises(SignatureWrong):
        verify_founding(RIGHT, signed)
