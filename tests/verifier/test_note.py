"""The verifier's notes beside the house's: both accept the same ones, and forged ones are refused.

The house's own tests check its side with notes that other implementations made.
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core import note as house
from clearhouse.core.errors import Refusal
from clearhouse.verifier.note import (
    COSIGNATURE,
    SIGNATURE,
    Checkpoint,
    Key,
    Note,
    check_signed,
    count_cosignatures,
    parse,
    parse_checkpoint,
    parse_key,
)
from clearhouse.verifier.wrong import Wrong

# What golang.org/x/mod/sumdb/note tests with.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "clearhouse.example/log"
NAMES = ["w.example/bank", "w.example/ministry", "w.example/press"]
HEAD = house.Checkpoint(ORIGIN, 20_852_163, sha256(b"head").digest())
AT = 1_772_445_600
SMALL = bytes([1]) + bytes(31)  # the identity, a key of small order


def private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def key(name: str, kind: int = SIGNATURE) -> Key:
    return Key(name, kind, private(name).public_key().public_bytes_raw())


def theirs(one: Key) -> house.Verifier:
    return house.Verifier(one.name, one.public, one.kind)


def instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def cosigned(name: str, seconds: int = AT, text: str = HEAD.encode()) -> tuple[str, bytes]:
    return house.cosign(text, name, private(name), instant(seconds))


HOUSE, WITNESSES = key(ORIGIN), [key(name, COSIGNATURE) for name in NAMES]
OWN = house.sign(HEAD.encode(), ORIGIN, private(ORIGIN))
COSIGNED = [cosigned(name, AT + place) for place, name in enumerate(NAMES)]
WRITTEN = house.Note(HEAD.encode(), (OWN, *COSIGNED)).encode()
NOTE = parse(WRITTEN)


def noted(*signatures: tuple[str, bytes]) -> Note:
    return Note(HEAD.encode(), signatures)


def refused(code: str, check: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(Wrong) as wrong:
        check(*arguments)
    assert wrong.value.code == code
    assert str(wrong.value) == f"{code}: {wrong.value.detail}"


def said(check: Callable[..., object], *arguments: object) -> object:
    """What either implementation answers: a value, or the code of a no."""
    try:
        return check(*arguments)
    except (Refusal, Wrong) as no:
        return no.code


# What is accepted.


def test_a_note_that_others_made_is_accepted() -> None:
    peter = parse_key(PETER)
    assert (peter.name, peter.kind, peter.id.hex()) == ("PeterNeumann", SIGNATURE, "c74f20a3")
    check_signed(parse(PETERS_NOTE), peter)


def test_a_checkpoint_of_the_house_and_its_cosignatures_are_accepted() -> None:
    assert [name for name, _ in NOTE.signatures] == [ORIGIN, *NAMES]
    check_signed(NOTE, HOUSE)
    assert parse_checkpoint(NOTE.text) == Checkpoint(HEAD.origin, HEAD.size, HEAD.root)
    found = count_cosignatures(NOTE, WITNESSES, 3)
    assert found == {name: AT + place for place, name in enumerate(NAMES)}


@pytest.mark.parametrize("one", [HOUSE, *WITNESSES])
def test_a_key_is_read_as_the_house_writes_it(one: Key) -> None:
    assert parse_key(theirs(one).encode()) == one
    assert one.id == theirs(one).id


@pytest.mark.parametrize("kind", [SIGNATURE, COSIGNATURE])
def test_a_key_is_for_one_kind(kind: int) -> None:
    one = key("name", kind)
    assert parse_key(theirs(one).encode()) == one
    assert len({key("name", SIGNATURE).id, key("name", COSIGNATURE).id}) == 2


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    unknown = house.sign("another text\n", "elsewhere", private("elsewhere"))
    collides = (ORIGIN, b"\x00" * 4 + b"of another key")
    check_signed(noted(unknown, collides, OWN), HOUSE)
    assert count_cosignatures(noted(unknown, collides, *COSIGNED), WITNESSES[:1], 1) == {
        NAMES[0]: AT
    }


def test_empty_lines_belong_to_the_text_but_for_the_last() -> None:
    text = "one\n\n\n\ntwo\n"
    note = parse(house.Note(text, (house.sign(text, ORIGIN, private(ORIGIN)),)).encode())
    assert note.text == text
    check_signed(note, HOUSE)


# What is not.


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER.replace("PeterNeumann", ""),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER.replace("PeterNeumann", "Peter+Neumann"),
        PETER.replace("PeterNeumann", "PéterNeumann"),
        PETER.replace("PeterNeumann", "P" * 201),
        PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("c74f20a3", ""),
        PETER.replace("c74f20a3", "0xc74f20a3"),
        PETER[:-4],
        PETER[:-1],
        PETER + "=",
        PETER + "\n",
        " " + PETER,
        PETER.replace("+AR", "+Ah"),
        PETER[:-1] + "X",
        theirs(Key("name", 2, HOUSE.public)).encode(),
        theirs(Key("name", 6, HOUSE.public)).encode(),
        theirs(Key("name", SIGNATURE, HOUSE.public + b"\x00")).encode(),
        theirs(Key("name", SIGNATURE, HOUSE.public[:-1])).encode(),
        theirs(Key("name", SIGNATURE, b"")).encode(),
    ],
)
def test_what_is_no_key_is_refused_by_both(text: str) -> None:
    refused("note.malformed", parse_key, text)
    assert said(house.parse_verifier, text) == "note.malformed"


@pytest.mark.parametrize("kind", [SIGNATURE, COSIGNATURE])
@pytest.mark.parametrize("public", [SMALL, bytes(32), b"\xff" * 32, b"\x02" + bytes(31)])
def test_a_key_with_which_nobody_can_sign_is_refused(public: bytes, kind: int) -> None:
    """Of small order, not below the prime, or no point at all. The house reads such keys."""
    refused("note.malformed", parse_key, theirs(Key("name", kind, public)).encode())


LINE = WRITTEN.rpartition("\n\n")[2].splitlines()[0]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "\n",
        "\n\n",
        "text\n",
        "text\n\n",
        "text\n\n\n",
        f"text\n{LINE}\n",
        f"text\n\n{LINE}",
        f"text\n\n{LINE}\n\n",
        f"text\n\n{LINE}\n{LINE}",
        f"text\n\n{LINE}\nmore\n",
        f"text\n\n{LINE}\r\n",
        f"text\r\n\r\n{LINE}\r\n",
        f"te\0xt\n\n{LINE}\n",
        f"te\txt\n\n{LINE}\n",
        f"te\ud800xt\n\n{LINE}\n",
        f"text\n\n{LINE.replace('— ', '- ')}\n",
        f"text\n\n{LINE.replace('— ', '—')}\n",
        f"text\n\n{LINE.replace('— ', '—  ')}\n",
        f"text\n\n {LINE}\n",
        f"text\n\n{LINE} \n",
        f"text\n\n{LINE.replace(ORIGIN, '')}\n",
        f"text\n\n{LINE.replace(ORIGIN, 'two words')}\n",
        f"text\n\n{LINE.replace(ORIGIN, 'a+plus')}\n",
        f"text\n\n{LINE}\n".replace(ORIGIN, "a\u00a0space"),
        f"text\n\n{LINE}\n".replace(ORIGIN, "a\u2028line"),
        f"text\n\n{LINE.replace(ORIGIN, 'n' * 201)}\n",
        f"text\n\n— {ORIGIN}\n",
        f"text\n\n— {ORIGIN} \n",
        f"text\n\n— {ORIGIN} AAAAAA==\n",  # an id without a signature
        f"text\n\n— {ORIGIN} AAAAAAB=\n",  # bits after the last byte
        f"text\n\n— {ORIGIN} AAAAAAA\n",
        f"text\n\n— {ORIGIN} AAAA-_A=\n",
        f"text\n\n— {ORIGIN} AAAAAAA=AAAA\n",
        f"text\n\n— {ORIGIN} ＡAAAAAA=\n",  # noqa: RUF001 - a wide letter is no base64
        f"text\n\n{LINE}\n" + f"{LINE}\n" * 100,
        f"{'t' * 65_536}\n\n{LINE}\n",
    ],
)
def test_what_is_no_note_is_refused_by_both(written: str) -> None:
    refused("note.malformed", parse, written)
    if "\ud800" not in written:  # which the house refuses only when it checks a signature
        assert said(house.parse_note, written) == "note.malformed"


def test_a_note_is_as_long_and_as_signed_as_the_house_allows() -> None:
    assert len(parse("text\n\n" + f"{LINE}\n" * 100).signatures) == 100
    longest = f"{'t' * (65_536 - len(LINE) - 3)}\n\n{LINE}\n"
    for written in (longest, longest.replace("t", "—")):
        assert parse(written).text == house.parse_note(written).text
        refused("note.malformed", parse, f"t{written}")
        assert said(house.parse_note, f"t{written}") == "note.malformed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n7\n",
        HEAD.encode().removesuffix("\n"),
        f"{HEAD.encode()}\n",
        f"{HEAD.encode()}extension\n",
        f"\n{HEAD.encode()}",
        HEAD.encode().replace(ORIGIN, ""),
        HEAD.encode().replace(ORIGIN, "two words"),
        HEAD.encode().replace(ORIGIN, "a+plus"),
        HEAD.encode().replace(ORIGIN, "é"),
        HEAD.encode().replace("\n2", "\n02"),
        HEAD.encode().replace("\n2", "\n+2"),
        HEAD.encode().replace("\n2", "\n-2"),
        HEAD.encode().replace("\n2", "\n 2"),
        HEAD.encode().replace("\n2", "\n٢"),
        HEAD.encode().replace("\n2", "\n²"),
        HEAD.encode().replace("20852163", "20_852_163"),
        HEAD.encode().replace("20852163", "0x7"),
        HEAD.encode().replace("20852163", ""),
        HEAD.encode().replace("20852163", "1" * 20),
        HEAD.encode().replace("=\n", "\n"),
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(31)).decode()}\n",
        f"{ORIGIN}\n7\n{base64.b64encode(bytes(33)).decode()}\n",
        f"{ORIGIN}\n7\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused_by_both(text: str) -> None:
    refused("note.malformed", parse_checkpoint, text)
    assert said(house.parse_checkpoint, text) == "note.malformed"


@pytest.mark.parametrize("size", ["0", "1", "10", "9" * 19])
def test_sizes_are_plain_numbers(size: str) -> None:
    text = HEAD.encode().replace("20852163", size)
    assert parse_checkpoint(text).size == house.parse_checkpoint(text).size == int(size)


def test_a_note_is_not_signed_by_who_did_not() -> None:
    refused("note.unsigned", check_signed, NOTE, key("another"))
    refused("note.unsigned", check_signed, noted(), HOUSE)
    # Neither the name alone nor the id alone is the key.
    refused("note.unsigned", check_signed, noted((ORIGIN, b"\x00" * 4 + OWN[1][4:])), HOUSE)
    refused("note.unsigned", check_signed, noted(("another", OWN[1])), HOUSE)
    # A cosignature is no signature, though one secret may make both.
    refused("note.unsigned", check_signed, noted(cosigned(ORIGIN)), HOUSE)


def test_a_signature_is_over_this_text_and_by_this_key() -> None:
    elsewhere = house.sign("another text\n", ORIGIN, private(ORIGIN))
    refused("note.signature-wrong", check_signed, noted(elsewhere), HOUSE)
    forged = ORIGIN, HOUSE.id + private("another").sign(HEAD.encode().encode())
    refused("note.signature-wrong", check_signed, noted(forged), HOUSE)
    refused("note.signature-wrong", check_signed, noted(forged, OWN), HOUSE)
    refused("note.signature-wrong", check_signed, noted((ORIGIN, OWN[1][:-1])), HOUSE)
    refused("note.signature-wrong", check_signed, noted((ORIGIN, OWN[1] + b"\x00")), HOUSE)
    check_signed(noted(OWN, forged), HOUSE)  # the first one that is said to be the key's counts


def test_a_witness_key_signs_no_note() -> None:
    """Though its plain signature be good; the house does not ask what a key is for here."""
    plain = NAMES[0], WITNESSES[0].id + private(NAMES[0]).sign(HEAD.encode().encode())
    refused("note.signature-wrong", check_signed, noted(plain), WITNESSES[0])
    refused("note.signature-wrong", count_cosignatures, noted(plain), WITNESSES, 0)


def test_no_witness_counts_twice() -> None:
    first, second = WITNESSES[:2]
    for pair in (
        [first, first],
        [first, Key(first.name, COSIGNATURE, second.public)],
        [first, Key(second.name, COSIGNATURE, first.public)],
    ):
        refused("note.witness-twice", count_cosignatures, NOTE, pair, 0)


def test_each_cosignature_of_a_witness_is_good_or_the_note_is_refused() -> None:
    name, blob = COSIGNED[0]
    later = blob[:4] + (AT + 1).to_bytes(8, "big") + blob[12:]
    forged = [blob[:-1], blob + b"\x00", later, blob[:4] + blob[12:], blob[:12] + bytes(64)]
    forged.append(cosigned(name, AT, HEAD.encode().replace("2", "3"))[1])
    forged.append(blob[:-1] + bytes([blob[-1] ^ 1]))
    for one in forged:
        note = noted((name, one), *COSIGNED[1:])
        refused("note.signature-wrong", count_cosignatures, note, WITNESSES, 1)
        assert count_cosignatures(note, WITNESSES[1:], 2)


def test_fewer_witnesses_than_needed_are_too_few() -> None:
    for count in range(4):
        note = noted(OWN, *COSIGNED[:count])
        assert len(count_cosignatures(note, WITNESSES, count)) == count
        refused("note.cosignatures-too-few", count_cosignatures, note, WITNESSES, count + 1)
    twice = noted(COSIGNED[0], cosigned(NAMES[0], AT + 9))
    refused("note.cosignatures-too-few", count_cosignatures, twice, WITNESSES, 2)


@pytest.mark.parametrize(
    ("seconds", "good"),
    [(0, True), (253_402_300_799, True), (253_402_300_800, False), (2**63, False)],
)
def test_a_witness_cosigns_at_an_instant(seconds: int, good: bool) -> None:
    message = f"cosignature/v1\ntime {seconds}\n{HEAD.encode()}".encode()
    witness = WITNESSES[0]
    blob = witness.id + seconds.to_bytes(8, "big") + private(witness.name).sign(message)
    note = noted((witness.name, blob))
    expected = {witness.name: seconds} if good else "note.signature-wrong"
    assert said(count_cosignatures, note, [witness], 1) == expected
    other = said(house.verify_cosignature, house.Note(note.text, note.signatures), theirs(witness))
    assert other == (instant(seconds) if good else "note.signature-wrong")


# Both implementations, on notes that somebody spoilt.


def by_verifier(written: str) -> object:
    note = parse(written)
    check_signed(note, HOUSE)
    head = parse_checkpoint(note.text)
    return (head.origin, head.size, head.root), count_cosignatures(note, WITNESSES, 2)


def by_house(written: str) -> object:
    note = house.parse_note(written)
    house.verify(note, theirs(HOUSE))
    head = house.parse_checkpoint(note.text)
    witnesses = [theirs(one) for one in WITNESSES]
    counted = house.count_cosignatures(note, witnesses, 2)
    times = {name: int(at.timestamp()) for name, at in counted.items()}
    return (head.origin, head.size, head.root), times


def test_both_read_the_same_of_a_note() -> None:
    assert by_verifier(WRITTEN) == by_house(WRITTEN)
    assert not isinstance(said(by_verifier, WRITTEN), str)


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(WRITTEN)),
            st.integers(0, 3),
            st.sampled_from("\n —+=/0Az\r\x7f\x85\u2028é") | st.text(max_size=3),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_both_say_the_same_of_a_spoilt_note(edits: list[tuple[int, int, str]]) -> None:
    written = WRITTEN
    for place, cut, inserted in edits:
        written = written[:place] + inserted + written[place + cut :]
    assert said(by_verifier, written) == said(by_house, written)


@given(st.permutations(range(8)), st.integers(0, 8), st.booleans())
def test_both_say_the_same_of_other_lines(order: list[int], count: int, empty: bool) -> None:
    """Lines that are left out, moved, doubled, or good over another text."""
    others = [cosigned(NAMES[0], AT + 9), ("elsewhere", bytes(70)), OWN]
    others.append(cosigned(NAMES[1], AT, "another\n1\ntext\n"))
    lines = [OWN, *COSIGNED, *others]
    picked = tuple(lines[place] for place in order[:count])
    written = house.Note(HEAD.encode(), picked).encode() + ("\n" if empty else "")
    assert said(by_verifier, written) == said(by_house, written)


@given(st.integers(0, len(PETER)), st.integers(0, 3), st.text(max_size=3))
def test_both_say_the_same_of_a_spoilt_key(place: int, cut: int, inserted: str) -> None:
    text = PETER[:place] + inserted + PETER[place + cut :]
    mine, other = said(parse_key, text), said(house.parse_verifier, text)
    assert (theirs(mine) if isinstance(mine, Key) else mine) == other
