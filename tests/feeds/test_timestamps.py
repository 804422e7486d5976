"""Proofs of OpenTimestamps: whatever the bytes are, they are read or refused, and never more."""

import subprocess
import sys
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentimestamps.core.notary import LitecoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpReverse
from opentimestamps.core.timestamp import Timestamp
from tests.calendars import in_block, pending, written

from clearhouse.feeds.timestamps import (
    HEIGHT_MAX,
    PROOF_BYTES_MAX,
    Attestation,
    By,
    TimestampMalformed,
    commitment,
    make,
    merged,
    read,
)

DIGEST, NONCE = sha256(b"a head").digest(), b"n" * 16
ASKED = sha256(DIGEST + NONCE).digest()
URL = "http://a.example"
PENDING = pending(ASKED, URL)


def test_a_proof_leads_from_the_digest_through_the_nonce_to_who_attests() -> None:
    assert commitment(DIGEST, NONCE) == ASKED
    proof = make(DIGEST, NONCE, [PENDING, pending(ASKED, "http://b.example/x")])
    assert proof[:31] == b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
    assert read(proof, DIGEST) == [
        Attestation(By.CALENDAR, ASKED, URL),
        Attestation(By.CALENDAR, ASKED, "http://b.example/x"),
    ]
    more = merged(proof, DIGEST, ASKED, b"\x08" + in_block(sha256(ASKED).digest(), 7))
    assert read(more, DIGEST) == [
        Attestation(By.BITCOIN, sha256(ASKED).digest(), height=7),
        Attestation(By.CALENDAR, ASKED, URL, led_on=True),
        Attestation(By.CALENDAR, ASKED, "http://b.example/x", led_on=True),
    ]


def test_what_is_added_twice_or_elsewhere_changes_nothing() -> None:
    proof = make(DIGEST, NONCE, [PENDING])
    more = merged(proof, DIGEST, ASKED, in_block(ASKED, HEIGHT_MAX))
    assert merged(more, DIGEST, ASKED, in_block(ASKED, HEIGHT_MAX)) == more
    assert merged(proof, DIGEST, b"elsewhere", in_block(b"elsewhere", 1)) == proof
    assert merged(proof, DIGEST, DIGEST, in_block(DIGEST, 1)) == proof  # nothing is pending there


def test_another_chain_is_not_looked_at() -> None:
    stamp = Timestamp(ASKED)
    stamp.attestations.add(LitecoinBlockHeaderAttestation(7))
    unknown = b"\x00" + b"12345678" + b"\x02ab"
    for answer in (written(stamp), unknown):
        assert read(make(DIGEST, NONCE, [answer]), DIGEST) == [Attestation(By.OTHER, ASKED)]


def test_a_path_that_comes_back_to_where_it_began_is_followed_once() -> None:
    stamp = Timestamp(ASKED)
    with pytest.warns(PendingDeprecationWarning):
        back = stamp.ops.add(OpReverse()).ops.add(OpReverse())
    assert back.msg == ASKED
    back.attestations.add(PendingAttestation(URL))
    stamp.attestations.add(PendingAttestation(URL))
    proof = make(DIGEST, NONCE, [written(stamp)])
    more = merged(proof, DIGEST, ASKED, written(stamp))
    assert len(more) < 3 * len(proof)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00",
        PENDING[:-1],
        PENDING + b"\x00",
        b"\xff" + PENDING,
        b"\xf0\x00" + PENDING,
        b"\xf0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7fx" + PENDING,
        b"\xf3" * 9 + PENDING,
        b"\x99" + PENDING,
        b"\xff\x08" * 3000,
        b"\x08" * 9000,
        in_block(ASKED, HEIGHT_MAX + 1),
        in_block(ASKED, 1 << 60_000),
        b"\x00" + bytes.fromhex("83dfe30d2ef90c8e") + b"\x06\x05http?",
    ],
    ids=range(14),
)
def test_what_is_no_proof_is_refused(answer: bytes) -> None:
    with pytest.raises(TimestampMalformed):
        make(DIGEST, NONCE, [answer])
    with pytest.raises(TimestampMalformed):
        make(DIGEST, NONCE, [PENDING, answer])
    with pytest.raises(TimestampMalformed):
        merged(make(DIGEST, NONCE, [PENDING]), DIGEST, ASKED, answer)


def test_a_deep_answer_is_refused_where_the_stack_is_deep_already() -> None:
    answer = b"\x08" * 250 + PENDING

    def below(depth: int) -> bytes:
        return below(depth - 1) if depth else make(DIGEST, NONCE, [answer])

    assert read(below(0), DIGEST)
    with pytest.raises(TimestampMalformed, match="recursion"):
        below(600)


def test_no_answer_is_no_proof() -> None:
    with pytest.raises(TimestampMalformed):
        make(DIGEST, NONCE, [])


def test_a_proof_is_of_its_digest_alone() -> None:
    proof = make(DIGEST, NONCE, [PENDING])
    with pytest.raises(TimestampMalformed, match="another digest"):
        read(proof, bytes(32))
    sha1 = proof.replace(b"\x01\x08" + DIGEST, b"\x01\x02" + DIGEST[:20], 1)
    assert sha1 != proof
    for wrong in (sha1, proof.replace(b"\x01\x08", b"\x02\x08", 1), b"", proof[:31], proof + b"x"):
        with pytest.raises(TimestampMalformed):
            read(wrong, DIGEST)


def test_a_proof_does_not_grow_without_end() -> None:
    def branch(number: int) -> bytes:
        return b"\xf0\xa0\x1f" + f"{number:04000}".encode() + b"\x08" + in_block(ASKED, 1)

    proof = make(DIGEST, NONCE, [PENDING])
    count = PROOF_BYTES_MAX // len(branch(0))
    for number in range(count):
        proof = merged(proof, DIGEST, ASKED, branch(number))
    assert PROOF_BYTES_MAX - 5000 < len(proof) <= PROOF_BYTES_MAX
    with pytest.raises(TimestampMalformed, match="more than"):
        merged(proof, DIGEST, ASKED, branch(count))


PARTS = st.sampled_from(
    [
        *(b"\xff", b"\x00", b"\x02", b"\x03", b"\x08", b"\x67", b"\xf2", b"\xf3"),
        *(b"\xf0\x01x", b"\xf1\x02yz", PENDING, in_block(b"", 5), b"\x00" + b"12345678" + b"\x00"),
        bytes.fromhex("83dfe30d2ef90c8e"),
        bytes.fromhex("30fe8087b5c7ead7") + b"\x01\x05",
    ]
)


@given(st.lists(PARTS | st.binary(max_size=3), max_size=20).map(b"".join))
def test_whatever_a_calendar_answers_is_read_or_refused(answer: bytes) -> None:
    try:
        proof = make(DIGEST, NONCE, [answer])
    except TimestampMalformed:
        return
    found = read(proof, DIGEST)
    assert found
    assert make(DIGEST, NONCE, [answer, answer]) == proof
    more = merged(make(DIGEST, NONCE, [PENDING]), DIGEST, ASKED, answer)
    assert {one.message for one in found} <= {one.message for one in read(more, DIGEST)}


@given(st.data())
def test_whatever_a_file_says_is_read_or_refused(data: st.DataObject) -> None:
    proof = make(DIGEST, NONCE, [PENDING, b"\x08" + in_block(sha256(ASKED).digest(), 900_000)])
    at = data.draw(st.integers(0, len(proof)))
    content = proof[:at] + data.draw(st.binary(max_size=3))
    content += proof[at + data.draw(st.integers(0, 3)) :]
    try:
        found = read(content, DIGEST)
    except TimestampMalformed:
        return
    assert all(0 <= (one.height or 0) <= HEIGHT_MAX for one in found)


def test_the_library_is_not_imported_before_it_is_used() -> None:
    program = (
        "import sys, clearhouse.__main__, clearhouse.feeds.timestamps\n"
        "assert not [one for one in sys.modules if one.split('.')[0] in"
        " {'opentimestamps', 'bitcoin', 'Cryptodome'}]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
