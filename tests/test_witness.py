"""A witness: it cosigns what grew, and refuses whatever was rewritten, for ever."""

import base64
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.stage import Clock
from tests.witnesses import Served, made, served, several

from clearhouse.core.errors import Coded
from clearhouse.core.merkle import consistency_proof, head
from clearhouse.core.note import (
    Checkpoint,
    CosignaturesTooFew,
    Note,
    NoteMalformed,
    NoteSignatureWrong,
    NoteUnsigned,
    Verifier,
    count_cosignatures,
    parse_note,
    parse_verifier,
    sign,
    verify_cosignature,
)
from clearhouse.store.tiles import Tiles
from clearhouse.witness import (
    ClockSetBack,
    LogKnown,
    NotGrown,
    RequestMalformed,
    RolledBack,
    SeenOtherwise,
    StateLost,
    UnknownLog,
    Witness,
    WitnessThere,
    init,
)
from clearhouse.witness.__main__ import read_request
from clearhouse.witness.server import BODY_BYTES_MAX, CannotListen, listen

ORIGIN = "clearhouse/of-the-tests"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = Verifier(ORIGIN, KEY.public_key().public_bytes_raw())


@dataclass
class History:
    """A log that somebody tells."""

    tiles: Tiles
    words: str = "entry"

    def grow(self, size: int) -> None:
        self.tiles.append(0, [f"{self.words} {n}".encode() for n in range(size)])

    def note(self, size: int, origin: str = ORIGIN, key: Ed25519PrivateKey = KEY) -> str:
        text = Checkpoint(origin, size, head(self.tiles.nodes(size), size)).encode()
        return Note(text, (sign(text, origin, key),)).encode()

    def proof(self, first: int, second: int) -> list[bytes]:
        return consistency_proof(self.tiles.nodes(second), first, second)


@pytest.fixture
def honest(tmp_path: Path) -> History:
    told = History(Tiles(tmp_path / "honest"))
    told.grow(300)
    return told


@pytest.fixture
def other(tmp_path: Path) -> History:
    """The same operator's other history."""
    told = History(Tiles(tmp_path / "other"), "another entry")
    told.grow(300)
    return told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def witness(tmp_path: Path, clock: Clock) -> Witness:
    return new(tmp_path / "witness", clock)


def new(folder: Path, clock: Clock, name: str = "w.example/ministry") -> Witness:
    init(folder, name)
    made = Witness(folder, clock)
    made.trust(LOG)
    return made


def cosigned(written: str, *by: tuple[str, bytes]) -> Note:
    note = parse_note(written)
    return Note(note.text, (*note.signatures, *by))


def test_a_log_that_grows_is_cosigned_head_after_head(
    witness: Witness, honest: History, clock: Clock
) -> None:
    last = 0
    for size in (1, 7, 7, 256, 300):
        clock.forward(minutes=5)
        proof = honest.proof(last, size) if last else []
        _, line = witness.cosign(honest.note(size), last, proof)
        note = cosigned(honest.note(size), line)
        assert verify_cosignature(note, witness.verifier) == clock.at
        last = size


def test_two_histories_are_never_both_cosigned_by_enough(
    tmp_path: Path, honest: History, other: History, clock: Clock
) -> None:
    """An operator who shows each half of the witnesses another history gets neither counted."""
    three = [new(tmp_path / f"w{n}", clock, f"w.example/{n}") for n in range(3)]
    verifiers = [one.verifier for one in three]
    for one in three:
        one.cosign(honest.note(100), 0, [])
    lines = [three[0].cosign(honest.note(300), 100, honest.proof(100, 300))[1]]
    for one in three[1:]:
        with pytest.raises(NotGrown):
            one.cosign(other.note(300), 100, other.proof(100, 300))
    with pytest.raises(CosignaturesTooFew, match="1 of 2"):
        count_cosignatures(cosigned(honest.note(300), *lines), verifiers, 2)

    lines.append(three[1].cosign(honest.note(300), 100, honest.proof(100, 300))[1])
    assert len(count_cosignatures(cosigned(honest.note(300), *lines), verifiers, 2)) == 2


def test_a_log_that_is_rolled_back_is_an_alarm(witness: Witness, honest: History) -> None:
    witness.cosign(honest.note(200), 0, [])
    with pytest.raises(RolledBack, match="has 100 entries; this witness has seen 200"):
        witness.cosign(honest.note(100), 200, [])
    witness.cosign(honest.note(201), 200, honest.proof(200, 201))


def test_whoever_says_that_the_log_shrank_is_told_so(witness: Witness, honest: History) -> None:
    witness.cosign(honest.note(50), 0, [])
    with pytest.raises(RequestMalformed, match="a log of 60 entries did not grow out of one of 70"):
        witness.cosign(honest.note(60), 70, [])


def test_a_proof_from_elsewhere_is_no_alarm_and_says_from_where(
    witness: Witness, honest: History
) -> None:
    """Whoever asks has lost count: nothing was rewritten."""
    witness.cosign(honest.note(200), 0, [])
    for old in (0, 100, 201):
        proof = honest.proof(old, 300) if old else []
        with pytest.raises(SeenOtherwise, match="has seen 200 entries"):
            witness.cosign(honest.note(300), old, proof)
    witness.cosign(honest.note(300), 200, honest.proof(200, 300))


@pytest.mark.parametrize("size", [200, 201])
def test_another_history_is_an_alarm_whatever_is_shown_with_it(
    witness: Witness, honest: History, other: History, size: int
) -> None:
    witness.cosign(honest.note(200), 0, [])
    for proof in ([], honest.proof(200, size), other.proof(200, size), honest.proof(100, size)):
        with pytest.raises(NotGrown):
            witness.cosign(other.note(size), 200, proof)


def test_a_head_of_a_strangers_is_refused(witness: Witness, honest: History) -> None:
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(UnknownLog):
        witness.cosign(honest.note(7, "clearhouse/another"), 0, [])
    with pytest.raises(NoteUnsigned):
        witness.cosign(honest.note(7, key=stranger), 0, [])
    forged = parse_note(honest.note(8))
    with pytest.raises(NoteSignatureWrong):
        witness.cosign(Note(parse_note(honest.note(7)).text, forged.signatures).encode(), 0, [])
    with pytest.raises(NoteMalformed):
        witness.cosign("nonsense", 0, [])
    with pytest.raises(LogKnown):
        witness.trust(Verifier(ORIGIN, stranger.public_key().public_bytes_raw()))
    with pytest.raises(NoteMalformed):
        witness.trust(witness.verifier)
    witness.trust(LOG)  # again


def test_a_clock_that_is_set_back_signs_nothing(
    witness: Witness, honest: History, clock: Clock
) -> None:
    witness.cosign(honest.note(7), 0, [])
    clock.at -= timedelta(seconds=1)
    with pytest.raises(ClockSetBack):
        witness.cosign(honest.note(7), 7, [])
    clock.forward(seconds=1)
    witness.cosign(honest.note(7), 7, [])


def rewrite(folder: Path, **what: object) -> None:
    """Change what a witness has seen last."""
    logs = json.loads((folder / "logs.json").read_text())
    changed = {name: one | what for name, one in logs.items()}
    (folder / "logs.json").write_text(json.dumps(changed))


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "logs.json").unlink(),
        lambda folder: (folder / "logs.json").write_text("{"),
        lambda folder: (folder / "logs.json").write_text("[]"),
        lambda folder: (folder / "logs.json").write_text('{"x": {"verifier": "y", "size": 1}}'),
        lambda folder: rewrite(folder, size="many"),
        lambda folder: rewrite(folder, root="*"),
        lambda folder: rewrite(folder, root=None),
        lambda folder: rewrite(folder, at="noon"),
        lambda folder: rewrite(folder, verifier="somebody"),
        lambda folder: (folder / "lock").unlink() or (folder / "lock").mkdir(),
        lambda folder: (folder / "key").unlink(),
        lambda folder: (folder / "key").write_bytes(b"short"),
    ],
    ids=range(12),
)
def test_a_witness_that_lost_its_state_cosigns_nothing(
    tmp_path: Path,
    witness: Witness,
    honest: History,
    clock: Clock,
    damage: Callable[[Path], object],
) -> None:
    witness.cosign(honest.note(7), 0, [])
    damage(tmp_path / "witness")
    with pytest.raises(StateLost):
        Witness(tmp_path / "witness", clock).cosign(honest.note(7), 7, [])
    if not (tmp_path / "witness" / "key").exists():
        return
    with pytest.raises(WitnessThere):
        init(tmp_path / "witness", "w.example/again")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "5",
        "[]",
        "{}",
        '{"checkpoint": 5, "old": 0, "proof": []}',
        '{"checkpoint": "", "old": "0", "proof": []}',
        '{"checkpoint": "", "old": true, "proof": []}',
        '{"checkpoint": "", "old": 0, "proof": [5]}',
        '{"checkpoint": "", "old": 0, "proof": ["*"]}',
        '{"checkpoint": "", "old": 0, "proof": [], "more": 1}',
        "[" * 99_999,
    ],
    ids=range(11),
)
def test_what_is_no_request_is_refused(line: str) -> None:
    with pytest.raises(RequestMalformed):
        read_request(line)


def run(folder: Path, *words: str, line: str = "") -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "clearhouse.witness", str(folder), *words],
        input=line,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_the_program_cosigns_and_refuses_in_json(tmp_path: Path, honest: History) -> None:
    folder = tmp_path / "program"
    status, made = run(folder, "init", "w.example/bank")
    assert (status, str(made["verifier"]).partition("+")[0]) == (0, "w.example/bank")
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    assert run(folder, "trust", LOG.encode())[0] == 0

    ask = json.dumps({"checkpoint": honest.note(7), "old": 0, "proof": []})
    status, answer = run(folder, "cosign", line=ask)
    assert (status, answer["size"]) == (0, 7)
    line = ("w.example/bank", base64.b64decode(str(answer["cosignature"])))
    when = verify_cosignature(cosigned(honest.note(7), line), parse_verifier(str(made["verifier"])))
    assert abs(when - datetime.now(UTC)) < timedelta(minutes=5)

    back = json.dumps({"checkpoint": honest.note(6), "old": 7, "proof": []})
    for words, line_, code in (
        (("cosign",), back, "witness.rolled-back"),
        (("cosign",), "nonsense", "witness.request-malformed"),
        (("dance",), "", "witness.request-malformed"),
        (("serve",), "", "witness.request-malformed"),
        (("serve", "nowhere"), "", "witness.cannot-listen"),
        (("init", "w.example/bank"), "", "witness.there"),
        (("trust", "x"), "", "note.malformed"),
    ):
        status, answer = run(folder, *words, line=line_)
        refused = answer["refused"]
        assert isinstance(refused, dict)
        assert (status, refused["code"]) == (1, code)


def test_killed_before_its_answer_it_has_seen_the_head(
    witness: Witness, honest: History, other: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head is on disk before the cosignature leaves: asked again it is the same log's only."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("clearhouse.witness.cosign", killed)
        with pytest.raises(KeyboardInterrupt):
            witness.cosign(honest.note(7), 0, [])
    with pytest.raises(Coded):
        witness.cosign(other.note(7), 7, [])
    witness.cosign(honest.note(7), 7, [])


# Over HTTP (C2SP tlog-witness).


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Served]:
    with several(tmp_path / "served", LOG, "ministry") as (one,):
        yield one


def body(note: str, old: int = 0, proof: list[bytes] | None = None) -> bytes:
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof or []), ""]
    return "\n".join([*lines, note]).encode()


def test_a_witness_cosigns_over_http_head_after_head(serving: Served, honest: History) -> None:
    last = 0
    for size in (1, 7, 7, 256, 300):
        proof = honest.proof(last, size) if last else []
        status, form, code, said = serving.post(body(honest.note(size), last, proof))
        assert (status, form, code) == (200, "text/plain; charset=utf-8", "")
        note = parse_note(honest.note(size) + said)
        assert len(note.signatures) == 2
        assert datetime.now(UTC) - verify_cosignature(note, serving.witness.key) < timedelta(
            minutes=1
        )
        last = size
    written = (serving.folder / "log").read_text().splitlines()
    assert [json.loads(line)["cosigned"] for line in written] == [1, 7, 7, 256, 300]


def test_it_says_from_where_to_ask(serving: Served, honest: History) -> None:
    serving.post(body(honest.note(200)))
    for old in (0, 100, 201):
        proof = honest.proof(old, 300) if old else []
        status, form, code, said = serving.post(body(honest.note(300), old, proof))
        assert (status, form, said) == (409, "text/x.tlog.size", "200\n")
        assert code == "witness.seen-otherwise"
    assert serving.post(body(honest.note(300), 200, honest.proof(200, 300)))[0] == 200


def test_one_that_never_cosigned_says_that_it_saw_nothing(serving: Served, honest: History) -> None:
    answered = serving.post(body(honest.note(300), 100, honest.proof(100, 300)))
    assert answered[0::3] == (409, "0\n")


def test_a_log_that_is_rolled_back_is_told_over_http(serving: Served, honest: History) -> None:
    serving.post(body(honest.note(200)))
    status, form, code, said = serving.post(body(honest.note(100), 50, honest.proof(50, 100)))
    assert (status, form, code) == (409, "text/x.tlog.size", "witness.rolled-back")
    assert said == "200\n"
    status, _, code, said = serving.post(body(honest.note(100), 200))
    assert (status, code) == (400, "witness.rolled-back")
    assert "has 100 entries; this witness has seen 200" in said


def test_another_history_is_told_over_http(
    serving: Served, honest: History, other: History
) -> None:
    serving.post(body(honest.note(200)))
    for proof in ([], other.proof(200, 300), honest.proof(200, 300), honest.proof(100, 300)):
        status, _, code, said = serving.post(body(other.note(300), 200, proof))
        assert (status, code) == (422, "witness.not-grown")
        assert said.startswith("witness.not-grown: clearhouse/of-the-tests: its 300 entries")
    status, form, code, said = serving.post(body(other.note(200), 200))
    assert (status, form, code) == (409, "text/x.tlog.size", "witness.not-grown")
    assert said == "200\n"
    assert '"witness.not-grown"' in (serving.folder / "log").read_text()


def test_two_histories_at_two_witnesses_are_caught_over_http(
    tmp_path: Path, honest: History, other: History
) -> None:
    with several(tmp_path / "served", LOG, "ministry", "bank") as both:
        assert [one.post(body(honest.note(100)))[0] for one in both] == [200, 200]
        first, second = both
        kept = first.post(body(honest.note(300), 100, honest.proof(100, 300)))
        lied = second.post(body(other.note(300), 100, other.proof(100, 300)))
        assert (kept[0], lied[0], lied[2]) == (200, 422, "witness.not-grown")
        for shown in (other.note(300), other.note(100)):
            assert first.post(body(shown, 300))[0] != 200
        assert second.post(body(honest.note(300), 100, honest.proof(100, 300)))[0] == 200


@pytest.mark.parametrize("old", [0, 7])
def test_a_strangers_head_is_refused_over_http(serving: Served, honest: History, old: int) -> None:
    serving.post(body(honest.note(7)))
    stranger = Ed25519PrivateKey.generate()
    forged = Note(parse_note(honest.note(7)).text, parse_note(honest.note(8)).signatures).encode()
    for note, status, code in (
        (honest.note(7, "clearhouse/another"), 404, "witness.unknown-log"),
        (honest.note(7, key=stranger), 403, "note.unsigned"),
        (forged, 403, "note.signature-wrong"),
    ):
        said = serving.post(body(note, old))
        assert said[0::2] == (status, code)
        assert said[3].startswith(f"{code}: ")


NOTE = "clearhouse/of-the-tests\n7\n" + "A" * 43 + "=\n\n\u2014 x AAAAAAAA\n"


@pytest.mark.parametrize(
    "asked",
    [
        b"",
        b"\n\n",
        b"old 0",
        b"old 0\n\n",
        b"old 0\n" + NOTE.encode(),
        b"old  0\n\n" + NOTE.encode(),
        b"old 00\n\n" + NOTE.encode(),
        b"old -1\n\n" + NOTE.encode(),
        b"old +1\n\n" + NOTE.encode(),
        b"old 1e3\n\n" + NOTE.encode(),
        b"old 99999999999999999999\n\n" + NOTE.encode(),
        b"Old 0\n\n" + NOTE.encode(),
        b"0\n\n" + NOTE.encode(),
        b"old 0\r\n\r\n" + NOTE.encode(),
        "old \u0663\n\n".encode() + NOTE.encode(),
        b"old 0\n" + b"A" * 43 + b"=\n\n" + NOTE.encode(),  # nothing is to be proved from there
        b"old 1\n*\n\n" + NOTE.encode(),
        b"old 1\nAAAA\n\n" + NOTE.encode(),
        b"old 1\n" + b"A" * 43 + b"\n\n" + NOTE.encode(),
        b"old 1\n" + b"A" * 42 + b"B=\n\n" + NOTE.encode(),  # another writing of the same hash
        b"old 1\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + NOTE.encode(),
        b"old 0\n\nnonsense",
        b"old 0\n\n" + NOTE.encode().replace(b"\n7\n", b"\n07\n"),
        b"old 0\n\n" + NOTE.encode().replace(b"=\n", b"=\nmore\n"),
        b"old 0\n\n" + NOTE.encode()[:-1],
        b"\xff\xfe",
        b'{"checkpoint": "", "old": 0, "proof": []}',
    ],
    ids=range(27),
)
def test_what_is_no_request_is_refused_over_http(serving: Served, asked: bytes) -> None:
    before = serving.said()
    status, _, code, _ = serving.post(asked)
    assert status == 400
    assert code in {"witness.request-malformed", "note.malformed"}
    assert serving.said() == before


def raw(serving: Served, asked: bytes) -> bytes:
    """Send bytes and hear what comes until the other side closes."""
    with socket.create_connection(serving.address, timeout=30) as connection:
        connection.sendall(asked)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answers:
            return answers.read()


POST = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 501),
        (b"PUT /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n", 404),
        (b"POST /add-checkpoint/ HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n", 404),
        (b"POST /add-checkpoint?x HTTP/1.1\r\nHost: w\r\nContent-Length: 0\r\n\r\n", 404),
        (POST + b"\r\n", 411),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 411),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 411),
        (POST + b"Content-Length: many\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 9\r\n\r\nold 0", 400),
        (POST + b"Content-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), 413),
        (POST + b"Content-Length: 999999999999999999\r\n\r\n", 413),
        (b"nonsense\r\n\r\n", 400),
        (POST + b"X: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
    ids=range(16),
)
def test_what_is_no_call_is_refused_and_the_connection_ends(
    serving: Served, asked: bytes, status: int
) -> None:
    told = raw(serving, asked)
    assert b" %d " % status in told.splitlines()[0] or told.startswith(b"%d " % status)
    assert b"<" not in told
    assert told.count(b"HTTP/1.1 ") <= 1


def test_a_body_too_large_is_refused_before_it_is_read(serving: Served, honest: History) -> None:
    large = body(honest.note(7)) + b"\n" * BODY_BYTES_MAX
    status = 413
    with suppress(ConnectionError):  # who goes on sending hears of it in one way or the other
        status = serving.post(large)[0]
    assert status == 413
    assert serving.said()[ORIGIN]["size"] == 0


def test_a_connection_serves_several_requests(serving: Served, honest: History) -> None:
    asked = [body(honest.note(7)), b"nonsense", body(honest.note(7), 7)]
    lines = [POST + b"Content-Length: %d\r\n\r\n" % len(one) + one for one in asked]
    told = raw(serving, b"".join(lines))
    statuses = [line.split()[1] for line in told.splitlines() if line.startswith(b"HTTP/1.1 ")]
    assert statuses == [b"200", b"400", b"200"]


def test_one_that_says_nothing_keeps_nobody_else_waiting(serving: Served, honest: History) -> None:
    place = serving.address
    with socket.create_connection(place) as silent, socket.create_connection(place) as slow:
        slow.sendall(POST + b"Content-Length: 100\r\n\r\nold")
        assert serving.post(body(honest.note(7)))[0] == 200
        slow.settimeout(30)
        silent.settimeout(30)
        assert slow.recv(1) == b""  # after ten seconds
        assert silent.recv(1) == b""


def test_a_witness_that_loses_its_state_while_it_serves_cosigns_nothing(
    serving: Served, honest: History
) -> None:
    serving.post(body(honest.note(7)))
    for damage in ("{", "[]", '{"clearhouse/of-the-tests": {"size": 0}}'):
        (serving.folder / "logs.json").write_text(damage)
        status, _, code, said = serving.post(body(honest.note(7), 7))
        assert (status, code) == (500, "witness.state-lost")
        assert said.startswith("witness.state-lost: ")
    (serving.folder / "logs.json").unlink()
    assert serving.post(body(honest.note(7), 7))[0] == 500


def test_what_cannot_be_kept_is_not_cosigned(serving: Served, honest: History) -> None:
    (serving.folder / "logs.json.new").mkdir()
    status, _, code, said = serving.post(body(honest.note(7)))
    assert (status, code) == (500, "witness.state-lost")
    assert "\u2014" not in said
    (serving.folder / "logs.json.new").rmdir()
    assert serving.post(body(honest.note(7)))[0] == 200


def test_a_witness_whose_clock_was_set_back_cosigns_nothing(
    serving: Served, honest: History
) -> None:
    serving.post(body(honest.note(7)))
    serving.says(at=int(datetime.now(UTC).timestamp()) + 3600)
    status, _, code, _ = serving.post(body(honest.note(8), 7, honest.proof(7, 8)))
    assert (status, code) == (503, "witness.clock-set-back")


def test_ended_and_started_again_it_remembers(
    tmp_path: Path, honest: History, other: History
) -> None:
    key = made(tmp_path / "w", "w.example/ministry", LOG)
    with served(tmp_path / "w", key) as one:
        assert one.post(body(honest.note(7)))[0] == 200
    with served(tmp_path / "w", key) as one:
        assert one.post(body(other.note(8), 7, other.proof(7, 8)))[0] == 422
        assert one.post(body(honest.note(8), 7, honest.proof(7, 8)))[0] == 200


def test_of_two_heads_at_once_one_is_cosigned(
    serving: Served, honest: History, other: History
) -> None:
    """The state is read and written by one at a time."""
    for turn in range(1, 20):
        asked = [
            body(told.note(turn), turn - 1, told.proof(turn - 1, turn) if turn > 1 else [])
            for told in (honest, other)
        ]
        found: list[int] = []

        def ask(one: bytes, found: list[int] = found) -> None:
            found.append(serving.post(one)[0])

        threads = [threading.Thread(target=ask, args=(one,)) for one in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found.count(200) == 1


@pytest.mark.parametrize(
    "place",
    [
        *("", "8701", ":8701", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:99999"),
        *("127.0.0.1:-1", "a@127.0.0.1:0", "127.0.0.1:0/x", "203.0.113.1:0", "[::g]:0", "[::1:0"),
    ],
)
def test_where_nobody_can_listen_is_refused(witness: Witness, place: str) -> None:
    with pytest.raises(CannotListen):
        listen(witness, place)


def test_where_somebody_listens_is_refused(witness: Witness) -> None:
    with listen(witness, "127.0.0.1:0") as server:
        assert not server.place.endswith(":0")
        with pytest.raises(CannotListen):
            listen(witness, server.place)
