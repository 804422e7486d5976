"""A witness: it cosigns what grew, and refuses whatever was rewritten, for ever."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.stage import Clock

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
    read_request,
)

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


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "logs.json").unlink(),
        lambda folder: (folder / "logs.json").write_text("{"),
        lambda folder: (folder / "logs.json").write_text("[]"),
        lambda folder: (folder / "logs.json").write_text('{"x": {"verifier": "y", "size": 1}}'),
        lambda folder: (folder / "key").unlink(),
        lambda folder: (folder / "key").write_bytes(b"short"),
    ],
    ids=range(6),
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
