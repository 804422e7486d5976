"""Asking witnesses: what they answer is not believed, bounded, and told to people."""

import base64
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.witnesses import NOBODY, Served, always, answer, dripping, several, silence, talking

from clearhouse.core.merkle import consistency_proof, head
from clearhouse.core.note import (
    COSIGNATURE,
    Checkpoint,
    Note,
    NoteUnsigned,
    Verifier,
    cosign,
    sign,
    verify_cosignature,
)
from clearhouse.feeds import witnesses
from clearhouse.feeds.witnesses import (
    ANSWER_BYTES_MAX,
    UrlMalformed,
    Witness,
    WitnessAnswerMalformed,
    WitnessDisputes,
    WitnessRefused,
    WitnessUnreachable,
    ask,
)
from clearhouse.store.tiles import Tiles

ORIGIN = "clearhouse/of-the-tests"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = Verifier(ORIGIN, KEY.public_key().public_bytes_raw())
THEIRS = Ed25519PrivateKey.from_private_bytes(bytes(32))
NAME = "w.example/liar"
VERIFIER = Verifier(NAME, THEIRS.public_key().public_bytes_raw(), COSIGNATURE)
SIZE = "text/x.tlog.size"


@pytest.fixture
def tiles(tmp_path: Path) -> Tiles:
    made = Tiles(tmp_path / "log")
    made.append(0, [f"entry {n}".encode() for n in range(300)])
    return made


def note(tiles: Tiles, size: int) -> Note:
    text = Checkpoint(ORIGIN, size, head(tiles.nodes(size), size)).encode()
    return Note(text, (sign(text, ORIGIN, KEY),))


def asked(witness: Witness, tiles: Tiles, size: int, seen: int = 0) -> Note:
    nodes = tiles.nodes(size)
    return ask(
        witness, note(tiles, size), seen, lambda first: consistency_proof(nodes, first, size)
    )


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Served]:
    with several(tmp_path / "witnesses", LOG, "ministry") as (one,):
        yield one


def test_a_witness_cosigns_and_its_line_stands_behind_the_houses(
    real: Served, tiles: Tiles
) -> None:
    found = asked(real.witness, tiles, 7)
    assert found.text == note(tiles, 7).text
    assert found.signatures[:1] == note(tiles, 7).signatures
    assert datetime.now(UTC) >= verify_cosignature(found, real.witness.key)
    assert asked(real.witness, tiles, 300, 7).signatures[1:] != found.signatures[1:]


@pytest.mark.parametrize("thought", [0, 3, 250])
def test_it_is_asked_again_from_the_size_that_it_says(
    real: Served, tiles: Tiles, thought: int
) -> None:
    asked(real.witness, tiles, 200)
    verify_cosignature(asked(real.witness, tiles, 300, thought), real.witness.key)


def test_one_that_lost_all_it_saw_begins_anew(real: Served, tiles: Tiles) -> None:
    verify_cosignature(asked(real.witness, tiles, 300, 200), real.witness.key)


def test_its_refusal_is_told_with_its_code(real: Served, tiles: Tiles) -> None:
    stranger = Ed25519PrivateKey.generate()
    text = note(tiles, 7).text
    with pytest.raises(WitnessRefused, match=r"403 note\.unsigned: ") as caught:
        ask(real.witness, Note(text, (sign(text, ORIGIN, stranger),)), 0, never)
    assert caught.value.context["witness_code"] == "note.unsigned"
    text = text.replace(ORIGIN, "clearhouse/another")
    with pytest.raises(WitnessRefused, match=r"404 witness\.unknown-log: ") as caught:
        ask(real.witness, Note(text, (sign(text, "clearhouse/another", KEY),)), 0, never)
    assert not isinstance(caught.value, WitnessDisputes)


def never(first: int) -> NoReturn:
    raise AssertionError(first)


def test_another_history_is_a_dispute(real: Served, tiles: Tiles, tmp_path: Path) -> None:
    other = Tiles(tmp_path / "other")
    other.append(0, [f"another {n}".encode() for n in range(300)])
    asked(real.witness, tiles, 200)
    with pytest.raises(WitnessDisputes, match="300 entries do not go on from the 200"):
        asked(real.witness, other, 300, 200)
    with pytest.raises(WitnessDisputes, match="300 entries do not go on from the 200"):
        asked(real.witness, other, 300)
    with pytest.raises(WitnessDisputes, match="has seen another head of 200 entries"):
        asked(real.witness, other, 200, 200)
    with pytest.raises(WitnessDisputes, match="has seen 200 entries, and is shown 100") as caught:
        asked(real.witness, tiles, 100, 50)
    assert caught.value.context["seen"] == "200"


# Whoever answers otherwise than a witness does.


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, NOBODY)


def lines(*blobs: tuple[str, bytes]) -> bytes:
    return Note("", blobs).encode().encode()[1:]


@pytest.mark.usefixtures("proxied")
def test_lines_of_others_are_handed_on_and_nothing_is_verified_here(tiles: Tiles) -> None:
    text = note(tiles, 7).text
    theirs = cosign(text, NAME, THEIRS, datetime.now(UTC))
    more = [sign(text, "w.example/other", THEIRS), theirs, (NAME, bytes(4) + bytes(72))]
    with talking(always(answer(200, lines(*more)))) as (url, bodies):
        found = asked(Witness(VERIFIER, f"{url}/a/b"), tiles, 7)
    assert list(found.signatures[1:]) == more
    verify_cosignature(found, VERIFIER)
    assert bodies == [f"old 0\n\n{note(tiles, 7).encode()}".encode()]


def test_the_proof_is_sent_a_hash_a_line(tiles: Tiles) -> None:
    with talking(always(answer(200, b""))) as (url, bodies):
        asked(Witness(VERIFIER, url), tiles, 300, 200)
    top, _, rest = bodies[0].decode().partition("\n\n")
    proof = consistency_proof(tiles.nodes(300), 200, 300)
    assert top == "\n".join(["old 200", *(base64.b64encode(one).decode() for one in proof)])
    assert rest == note(tiles, 300).encode()


def test_no_line_is_no_cosignature(tiles: Tiles) -> None:
    for told in (answer(200, b""), b"HTTP/1.1 200"):
        with talking(always(told)) as (url, _), pytest.raises(NoteUnsigned):
            verify_cosignature(asked(Witness(VERIFIER, url), tiles, 7), VERIFIER)


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense",
        b"\xff\xfe",
        b"\xe2\x80\x94 x AAAA",
        b"\xe2\x80\x94 x AAAA\n",
        b"\xe2\x80\x94 x *\n",
        b"- x AAAAAAAA\n",
        b"\n\xe2\x80\x94 x AAAAAAAA\n",  # what would make the house's own line part of the text
        b"\n\xe2\x80\x94 x AAAAAAAA\n\n\xe2\x80\x94 x AAAAAAAA\n",
        b"\xe2\x80\x94 x AAAAAAAA\n" * 101,
        b"\xe2\x80\x94 x \x1bAAAAAAAA\n",
        b"\xe2\x80\x94 x " + b"A" * (ANSWER_BYTES_MAX - 8) + b"\n",
    ],
    ids=range(11),
)
def test_what_is_no_line_of_a_signature_is_refused(tiles: Tiles, content: bytes) -> None:
    with (
        talking(always(answer(200, content))) as (url, _),
        pytest.raises(WitnessAnswerMalformed),
    ):
        asked(Witness(VERIFIER, url), tiles, 7)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"nonsense",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
    ],
    ids=range(8),
)
def test_garbage_is_no_answer(tiles: Tiles, told: bytes) -> None:
    with talking(always(told)) as (url, _), pytest.raises(WitnessUnreachable):
        asked(Witness(VERIFIER, url), tiles, 7)


def test_where_nobody_listens_nobody_is_reached(tiles: Tiles) -> None:
    for url in (NOBODY, "http://nowhere.invalid", f"http://{'x' * 80}.invalid", NOBODY + "/x"):
        with pytest.raises(WitnessUnreachable):
            asked(Witness(VERIFIER, url), tiles, 7)


def test_who_speaks_no_tls_is_not_reached(tiles: Tiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses, "ANSWER_S_MAX", 1)
    with talking(always(answer(200, b""))) as (url, _), pytest.raises(WitnessUnreachable):
        asked(Witness(VERIFIER, url.replace("http", "https")), tiles, 7)


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's TLS, which this process trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a witness")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(
        now + timedelta(days=1)
    )
    made = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(cert, private)
    return found


def test_a_witness_behind_tls_is_asked(tiles: Tiles, tls: ssl.SSLContext) -> None:
    theirs = cosign(note(tiles, 7).text, NAME, THEIRS, datetime.now(UTC))
    with talking(always(answer(200, lines(theirs))), tls) as (url, _):
        verify_cosignature(asked(Witness(VERIFIER, url), tiles, 7), VERIFIER)


def test_one_whose_certificate_is_anothers_or_nobodys_is_not(
    tiles: Tiles, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with talking(always(answer(200, b"")), tls) as (url, bodies):
        with pytest.raises(WitnessUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            asked(Witness(VERIFIER, url.replace("127.0.0.1", "localhost")), tiles, 7)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(WitnessUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            asked(Witness(VERIFIER, url), tiles, 7)
    assert bodies == []


def test_tls_drop_by_drop_is_not_waited_for(
    tiles: Tiles, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "ANSWER_S_MAX", 1)
    begun = time.monotonic()
    with talking(dripping(b"HTTP/1.1 200 OK\r\n", b"X"), tls) as (url, _):
        with pytest.raises(WitnessUnreachable):
            asked(Witness(VERIFIER, url), tiles, 7)
        assert 0.9 < time.monotonic() - begun < 5


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_sent_elsewhere(tiles: Tiles, status: int) -> None:
    with talking(always(answer(200, b""))) as (elsewhere, reached):
        sent = f"HTTP/1.1 {status} Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
        with (
            talking(always(sent.encode())) as (url, _),
            pytest.raises(WitnessRefused, match=str(status)),
        ):
            asked(Witness(VERIFIER, url), tiles, 7)
        assert reached == []


def test_an_answer_that_does_not_end_is_cut(tiles: Tiles) -> None:
    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"\xe2\x80\x94 x AAAAAAAA\n" * 1000)

    with talking(talk) as (url, _), pytest.raises(WitnessAnswerMalformed, match="does not end"):
        asked(Witness(VERIFIER, url), tiles, 7)


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"", b""),
        (b"H", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"\xe2\x80\x94 x AAAAAAAA\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
    ids=range(7),
)
def test_an_answer_drop_by_drop_is_not_waited_for(
    tiles: Tiles, monkeypatch: pytest.MonkeyPatch, begin: bytes, drip: bytes
) -> None:
    monkeypatch.setattr(witnesses, "ANSWER_S_MAX", 1)
    begun = time.monotonic()
    with talking(dripping(begin, drip) if drip else silence(begin)) as (url, _):
        with pytest.raises(WitnessUnreachable):
            asked(Witness(VERIFIER, url), tiles, 7)
        assert 0.9 < time.monotonic() - begun < 5


def test_both_times_together_are_not_longer_than_one(
    tiles: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witnesses, "ANSWER_S_MAX", 2)
    first = answer(409, b"3\n", SIZE)

    def talk(connection: socket.socket, asked: bytes) -> None:
        if asked.startswith(b"old 0"):
            time.sleep(1.5)
            connection.sendall(first)
        else:
            silence(b"")(connection, asked)

    begun = time.monotonic()
    with talking(talk) as (url, bodies), pytest.raises(WitnessUnreachable):
        asked(Witness(VERIFIER, url), tiles, 7)
    assert len(bodies) == 2
    assert time.monotonic() - begun < 3


def test_no_thread_is_left(real: Served, tiles: Tiles) -> None:
    before = threading.active_count()
    asked(real.witness, tiles, 7)
    for _ in range(100):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    "told",
    [
        answer(400, b"witness.request-malformed: no\n", code="witness.request-malformed"),
        answer(409, b"7\n"),
        answer(409, b"seven\n", SIZE),
        answer(409, b"07\n", SIZE),
        answer(409, b"-1\n", SIZE),
        answer(409, b"\n", SIZE),
        answer(409, b"\xff\n", SIZE),
        answer(409, b"9" * 30 + b"\n", SIZE),
        answer(204, b""),
        answer(422, b"nothing was to be proved"),
        answer(500, b"\x1b[2Jgone \xff" + b"x" * 5000),
        answer(503, b"witness.clock-set-back: x\n", code="witness.clock-set-back"),
    ],
    ids=range(12),
)
def test_whatever_else_it_says_is_a_refusal_and_no_dispute(tiles: Tiles, told: bytes) -> None:
    with talking(always(told)) as (url, bodies), pytest.raises(WitnessRefused) as caught:
        asked(Witness(VERIFIER, url), tiles, 7)
    assert not isinstance(caught.value, WitnessDisputes)
    assert len(bodies) == 1
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) < 400


def test_a_code_that_is_none_is_not_kept(tiles: Tiles) -> None:
    told = answer(400, b"no", code="Nonsense <b>")
    with talking(always(told)) as (url, _), pytest.raises(WitnessRefused) as caught:
        asked(Witness(VERIFIER, url), tiles, 7)
    assert caught.value.context["witness_code"] == ""


def test_one_that_says_another_size_each_time_is_asked_twice(tiles: Tiles) -> None:
    sizes = iter(range(1, 7))

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(answer(409, b"%d\n" % next(sizes), SIZE))

    with talking(talk) as (url, bodies), pytest.raises(WitnessRefused, match="somebody else"):
        asked(Witness(VERIFIER, url), tiles, 7)
    assert [one.split(b"\n")[0] for one in bodies] == [b"old 0", b"old 1"]


@pytest.mark.parametrize(
    ("told", "match"),
    [
        (answer(422, b""), "do not go on from the 5"),
        (answer(409, b"8\n", SIZE), "has seen 8 entries, and is shown 7"),
        (answer(409, b"8", SIZE), "has seen 8 entries, and is shown 7"),
    ],
    ids=range(3),
)
def test_a_witness_of_anothers_making_disputes_by_its_status(
    tiles: Tiles, told: bytes, match: str
) -> None:
    with talking(always(told)) as (url, _), pytest.raises(WitnessDisputes, match=match):
        asked(Witness(VERIFIER, url), tiles, 7, 5)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "w.example",
        "w.example:80",
        "//w.example",
        "ftp://w.example",
        "file:///etc/passwd",
        "HTTP://w.example",
        "http://",
        "http:///x",
        "http://:80",
        "http://w.example:",
        "http://w.example:port",
        "http://w.example:65536",
        "http://a@w.example",
        "http://a:b@w.example",
        "http://w.example/",
        "http://w.example/x/",
        "http://w.example/x?y",
        "http://w.example/x#y",
        "http://w.example/x y",
        "http://w.example/%0d",
        "http://w.example/x\r\nHost: y",
        "http://w.example\n",
        " http://w.example",
        "http://wïtness.example",
        "http://[::1",
    ],
)
def test_what_is_no_url_of_a_witness_is_refused(url: str) -> None:
    with pytest.raises(UrlMalformed):
        Witness(VERIFIER, url)
