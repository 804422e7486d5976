"""Dossiers: what is sealed opens for its subject, edition and key alone, and only unaltered."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.dossier import (
    BYTES_MAX,
    FORM,
    Dossier,
    DossierAltered,
    DossierMalformed,
    parse,
    salted,
    seal,
    unseal,
)

SALT = "0123456789abcdef" * 4
KEY = bytes(range(32))
WHO = "per_01"
ANNA = Dossier({"name": "Anna Kivi", "contact": "anna@bank.xa"}, SALT)
SEALED = seal(ANNA, WHO, 2, KEY, Random(1).getrandbits)

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
names = st.from_regex("[a-z][a-z_]{0,8}", fullmatch=True)
dossiers = st.dictionaries(names, texts, min_size=1, max_size=4).map(
    lambda said: Dossier(said, SALT)
)


def opened(**other: Any) -> Dossier:
    """Open the sealed dossier, with something else about it."""
    right = {"subject": WHO, "edition": 2, "key": KEY, "commitment": ANNA.commitment}
    return unseal(**{"sealed": SEALED, **right, **other})


@given(dossiers, st.integers(1, 10**6), st.integers(0, 2**64))
def test_what_is_sealed_opens_again(dossier: Dossier, edition: int, chance: int) -> None:
    dice = Random(chance).getrandbits
    key = dice(256).to_bytes(32, "big")
    sealed = seal(dossier, WHO, edition, key, dice)
    assert unseal(sealed, WHO, edition, key, dossier.commitment) == dossier


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "per_02"},
        {"subject": "per_01 2"},
        {"edition": 1},
        {"edition": 3},
        {"key": bytes(32)},
        {"key": KEY[:-1]},
        {"key": b""},
        {"sealed": b""},
        {"sealed": SEALED[:5]},
        {"sealed": SEALED[:12]},
        {"sealed": SEALED[:-1]},
        {"sealed": SEALED[1:]},
        {"sealed": SEALED + b"\0"},
        {"commitment": ""},
        {"commitment": Dossier(ANNA.said, "f" * 64).commitment},
        {"commitment": ANNA.commitment.upper()},
    ],
)
def test_what_is_anothers_or_was_changed_does_not_open(other: dict[str, Any]) -> None:
    assert opened() == ANNA
    with pytest.raises(DossierAltered) as alarm:
        opened(**other)
    assert alarm.value.context == {"subject": other.get("subject", WHO)}


@pytest.mark.parametrize("place", range(len(SEALED)))
def test_no_byte_of_it_can_be_another(place: int) -> None:
    altered = bytearray(SEALED)
    altered[place] ^= 1
    with pytest.raises(DossierAltered):
        opened(sealed=bytes(altered))


def test_another_dossier_under_the_same_key_is_not_the_one_that_was_committed_to() -> None:
    other = Dossier({"name": "Anna Kask"}, SALT)
    with pytest.raises(DossierAltered, match="not the one that the journal holds"):
        opened(sealed=seal(other, WHO, 2, KEY, Random(2).getrandbits))


def test_nothing_that_it_says_is_in_what_is_sealed() -> None:
    for said in (*ANNA.said, *ANNA.said.values(), FORM, SALT, bytes.fromhex(SALT).decode("latin1")):
        assert said.encode("latin1") in ANNA.encode() + bytes.fromhex(SALT)
        assert said.encode("latin1") not in SEALED


def test_two_seals_of_one_dossier_do_not_look_alike() -> None:
    dice = Random(3).getrandbits
    one, other = (seal(ANNA, WHO, 2, KEY, dice) for _ in range(2))
    assert one[:12] != other[:12]
    assert one[12:] != other[12:]


def test_a_commitment_cannot_be_guessed_without_the_salt() -> None:
    dice = Random(4).getrandbits
    said = {"name": "Anna Kivi"}
    one, other = salted(said, dice), salted(said, dice)

    assert one.said == other.said
    assert one.salt != other.salt
    assert one.commitment != other.commitment
    assert one.commitment == Dossier(said, one.salt).commitment


def test_a_salt_has_its_length_even_if_chance_gives_nothing() -> None:
    assert salted({"name": "x"}, lambda _: 0).salt == "0" * 64


def test_a_dossier_has_one_writing() -> None:
    assert ANNA.encode().decode() == (
        '{"form":"clearhouse.dossier.1","said":{"contact":"anna@bank.xa","name":"Anna Kivi"},'
        f'"salt":"{SALT}"}}'
    )
    turned = Dossier(dict(sorted(ANNA.said.items())), SALT)
    assert list(turned.said) != list(ANNA.said)
    assert turned.commitment == ANNA.commitment


@given(dossiers)
def test_a_dossier_is_read_as_it_was_written(dossier: Dossier) -> None:
    assert parse(json.loads(dossier.encode())) == dossier


RIGHT = {"form": FORM, "said": {"name": "Anna"}, "salt": SALT}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        7,
        "x",
        [],
        {},
        {"form": FORM, "said": {"name": "Anna"}},
        RIGHT | {"more": "x"},
        RIGHT | {"form": "clearhouse.dossier.2"},
        RIGHT | {"form": None},
        RIGHT | {"said": {}},
        RIGHT | {"said": ["name"]},
        RIGHT | {"said": "name"},
        RIGHT | {"said": {"name": ""}},
        RIGHT | {"said": {"name": "Anna", "contact": ""}},
        RIGHT | {"said": {"name": 7}},
        RIGHT | {"said": {"name": None}},
        RIGHT | {"said": {"name": {"first": "Anna"}}},
        RIGHT | {"said": {"n\u00e4me": "Anna"}},
        RIGHT | {"said": {"name": "\ud800"}},
        RIGHT | {"said": {"name": "x" * BYTES_MAX}},
        RIGHT | {"salt": ""},
        RIGHT | {"salt": SALT[:-1]},
        RIGHT | {"salt": SALT + "0"},
        RIGHT | {"salt": SALT.upper()},
        RIGHT | {"salt": SALT[:-1] + "g"},
        RIGHT | {"salt": 7},
        RIGHT | {"salt": None},
    ],
)
def test_what_is_no_dossier_is_refused(wrong: object) -> None:
    assert parse(RIGHT).said == {"name": "Anna"}
    with pytest.raises(DossierMalformed):
        parse(wrong)


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_a_dossier_is_so_long_at_most(more: int, fits: bool) -> None:
    """Bytes count, not characters."""
    frame = len(Dossier({"name": "\u00e9"}, SALT).encode()) - 2
    text = "\u00e9" * ((BYTES_MAX - frame) // 2) + "x" * ((BYTES_MAX - frame) % 2 + more)
    if fits:
        assert len(Dossier({"name": text}, SALT).encode()) == BYTES_MAX
        return
    with pytest.raises(DossierMalformed, match=r"65,537 bytes; 65,536 are the most"):
        Dossier({"name": text}, SALT)
