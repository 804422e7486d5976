"""Signed notes, checkpoints and cosignatures: with those that others made, and forged ones."""

import base64
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.note import (
    COSIGNATURE,
    Checkpoint,
    CosignaturesTooFew,
    Note,
    NoteMalformed,
    NoteSignatureWrong,
    NoteUnsigned,
    Verifier,
    WitnessTwice,
    cosign,
    count_cosignatures,
    parse_checkpoint,
    parse_note,
    parse_verifier,
    sign,
    verify,
    verify_cosignature,
)

# The reference implementation's own test: golang.org/x/mod/sumdb/note, note_test.go.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
NOTE = (
    f"{TEXT}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)
# The form of a checkpoint, of the specifications themselves (C2SP tlog-checkpoint).
CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

HEAD = Checkpoint("clearhouse.example/log", 7, sha256(b"head").digest())
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
NAMES = ["w.example/ministry", "w.example/central-bank", "w.example/technology-firm"]


def key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def witness(name: str) -> Verifier:
    return Verifier(name, key(name).public_key().public_bytes_raw(), COSIGNATURE)


HOUSE = Verifier(HEAD.origin, key(HEAD.origin).public_key().public_bytes_raw())
WITNESSES = [witness(name) for name in NAMES]
OWN = sign(HEAD.encode(), HEAD.origin, key(HEAD.origin))
COSIGNED = [
    cosign(HEAD.encode(), name, key(name), AT + timedelta(minutes=minutes))
    for minutes, name in enumerate(NAMES)
]


def noted(*signatures: tuple[str, bytes], head: Checkpoint = HEAD) -> Note:
    return Note(head.encode(), signatures)


def test_a_note_that_others_signed_verifies_and_is_signed_again_to_the_byte() -> None:
    peter, note = parse_verifier(VKEY), parse_note(NOTE)
    assert note.text == TEXT
    verify(note, peter)
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED)[1:])
    assert Note(TEXT, (sign(TEXT, "PeterNeumann", private),)).encode() == NOTE
    assert peter.encode() == VKEY


def test_a_checkpoint_of_the_specification_is_read() -> None:
    found = parse_checkpoint(CHECKPOINT)
    assert (found.origin, found.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert found.encode() == CHECKPOINT


def test_no_part_of_a_verifiers_key_can_be_another() -> None:
    for begin in range(len(VKEY) + 1):
        for end in range(begin + 1, len(VKEY) + 1):
            if (begin, end) != (0, len(VKEY)):
                with pytest.raises(NoteMalformed):
                    parse_verifier(VKEY[begin:end])
    for place in range(len(VKEY)):
        with pytest.raises(NoteMalformed):
            parse_verifier(VKEY[:place] + chr(ord(VKEY[place]) + 1) + VKEY[place + 1 :])


@given(st.integers(0, len(NOTE.encode()) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_be_another(place: int, flip: int) -> None:
    written = bytearray(NOTE.encode())
    written[place] ^= flip
    with pytest.raises((NoteMalformed, NoteUnsigned, NoteSignatureWrong, UnicodeDecodeError)):
        verify(parse_note(written.decode()), parse_verifier(VKEY))


@pytest.mark.parametrize(
    "written",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        f"{TEXT}{NOTE.rpartition('— ')[1]}",
        NOTE.rstrip("\n"),
        f"{NOTE}\n",
        f"{NOTE}more",
        NOTE.replace("— ", "- "),
        NOTE.replace("PeterNeumann", "Peter Neumann"),
        NOTE.replace("x08go", "x08=o"),
        f"{TEXT}\n— PeterNeumann AAAA\n",
        NOTE.replace("cryptography", "crypto\0graphy"),
        NOTE.replace("cryptography", "crypto\ud800graphy"),  # half a surrogate pair is no UTF-8
        TEXT + "\n" + "— a AAAAAAAA\n" * 101,
        "x" * 70_000 + NOTE,
    ],
    ids=range(16),
)
def test_what_is_no_note_is_refused(written: str) -> None:
    with pytest.raises(NoteMalformed):
        parse_note(written)


@given(st.text(max_size=300))
def test_any_text_is_a_note_or_refused(written: str) -> None:
    with suppress(NoteMalformed):
        assert parse_note(written).encode() == written


@pytest.mark.parametrize(
    "change",
    [
        ("20852163", "020852163"),
        ("20852163", "-1"),
        ("20852163", "1" * 20),
        ("20852163", ""),
        ("Cs", "Ct="),
        ("jxq2I=", "jxq2J="),  # other bits that base64 leaves over
        ("2I=\n", "2I=\nextension\n"),
        ("2I=\n", "2I="),
        ("example.com/", "example.com+"),
        ("example.com/", "example .com/"),
    ],
)
def test_what_is_no_checkpoint_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(NoteMalformed):
        parse_checkpoint(CHECKPOINT.replace(*change))


# Cosignatures.


def test_a_checkpoint_counts_once_enough_witnesses_cosigned_it() -> None:
    note = parse_note(noted(OWN, *COSIGNED).encode())
    verify(note, HOUSE)
    assert count_cosignatures(note, WITNESSES, 3) == {
        name: AT + timedelta(minutes=minutes) for minutes, name in enumerate(NAMES)
    }
    two = noted(OWN, *COSIGNED[:2])
    assert set(count_cosignatures(two, WITNESSES, 2)) == set(NAMES[:2])
    with pytest.raises(CosignaturesTooFew, match="2 of 3"):
        count_cosignatures(two, WITNESSES, 3)
    with pytest.raises(CosignaturesTooFew, match="0 of 1: none"):
        count_cosignatures(noted(OWN), WITNESSES, 1)


def test_one_witness_is_never_counted_as_two() -> None:
    again = noted(OWN, COSIGNED[0], COSIGNED[0])
    with pytest.raises(CosignaturesTooFew, match="1 of 2"):
        count_cosignatures(again, WITNESSES, 2)
    for other in (
        WITNESSES[0],
        replace(WITNESSES[0], name="w.example/another"),
        replace(WITNESSES[1], name=NAMES[0]),
    ):
        with pytest.raises(WitnessTwice):
            count_cosignatures(noted(OWN, *COSIGNED), [WITNESSES[0], other], 1)


def test_a_cosignature_is_over_one_head_at_one_instant_by_one_witness() -> None:
    name, blob = COSIGNED[0]
    other = replace(HEAD, size=8)
    with pytest.raises(NoteSignatureWrong):
        verify_cosignature(noted((name, blob), head=other), WITNESSES[0])
    later = bytearray(blob)
    later[11] ^= 1
    with pytest.raises(NoteSignatureWrong):
        verify_cosignature(noted((name, bytes(later))), WITNESSES[0])
    with pytest.raises(NoteUnsigned):
        verify_cosignature(noted((NAMES[1], blob)), WITNESSES[1])
    stolen = WITNESSES[1].id + blob[4:]
    with pytest.raises(NoteSignatureWrong):
        verify_cosignature(noted((NAMES[1], stolen)), WITNESSES[1])


def test_a_signature_is_no_cosignature_nor_the_other_way_round() -> None:
    plain = Verifier(NAMES[0], key(NAMES[0]).public_key().public_bytes_raw())
    note = noted(sign(HEAD.encode(), NAMES[0], key(NAMES[0])))
    with pytest.raises(NoteUnsigned):
        verify_cosignature(note, WITNESSES[0])
    with pytest.raises(NoteSignatureWrong, match="no cosignature"):
        verify_cosignature(note, plain)
    with pytest.raises(NoteUnsigned):
        verify(noted(COSIGNED[0]), plain)
    with pytest.raises(NoteSignatureWrong):
        verify(noted(COSIGNED[0]), WITNESSES[0])


def test_a_cosignature_of_a_time_that_cannot_be_is_refused() -> None:
    seconds = 2**64 - 1
    text = HEAD.encode()
    stamped = seconds.to_bytes(8, "big")
    signed = key(NAMES[0]).sign(f"cosignature/v1\ntime {seconds}\n{text}".encode())
    note = noted((NAMES[0], WITNESSES[0].id + stamped + signed))
    with pytest.raises(NoteSignatureWrong, match="no instant"):
        verify_cosignature(note, WITNESSES[0])
