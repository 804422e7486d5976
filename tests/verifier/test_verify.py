"""The verifier passes what is right, and names what was cut, flipped or sealed by others."""

import io
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.verifier.conftest import Days
from tests.verifier.forging import sealed

from clearhouse.core.note import Checkpoint, Verifier
from clearhouse.verifier.__main__ import main
from clearhouse.verifier.bundle import open_bundle
from clearhouse.verifier.examine import examine
from clearhouse.verifier.published import read_published
from clearhouse.verifier.trust import parse_trust
from clearhouse.verifier.wrong import Wrong

PROGRAM = [sys.executable, "-I", "-m", "clearhouse.verifier"]


def found(raw: bytes, trust: str) -> dict[str, Wrong | None]:
    trusted = parse_trust(trust)
    return examine(read_published(open_bundle(raw, trusted.log), trusted))


def wrong(raw: bytes, trust: str) -> dict[str, str]:
    return {name: str(one) for name, one in found(raw, trust).items() if one is not None}


def refused(raw: bytes, trust: str) -> str:
    """The code of what is wrong before anything is checked."""
    with pytest.raises(Wrong) as told:
        found(raw, trust)
    return told.value.code


def without_witnesses(trust: str) -> str:
    return json.dumps(json.loads(trust) | {"witnesses": [], "cosignatures": 0})


def test_what_a_house_publishes_passes(days: Days) -> None:
    trust = without_witnesses(days.trust)
    for raw in (days.first, days.second, days.own, days.own_second):
        assert wrong(raw, trust) == {}


def test_nothing_changed_is_nothing_wrong(days: Days) -> None:
    """What a forger makes again without changing anything is right, and cosigned."""
    assert wrong(days.forged().sealed(), days.trust) == {}
    assert wrong(days.forged(second=True).sealed(), days.trust) == {}
    for scope in ("own", "own-second", "creditor"):
        assert wrong(days.own_forged(scope).sealed(), days.trust) == {}


def test_one_participants_tells_nothing_of_others(days: Days) -> None:
    whole = json.dumps([days.forged().members, days.forged().manifest])
    own = json.dumps([days.own_forged("own").members, days.own_forged("own").manifest])
    assert all(one in whole for one in days.strangers)
    assert not [one for one in days.strangers if one in own]
    kinds = {line["kind"] for line in days.own_forged("own").entries}
    assert not kinds & {"FindingMade", "GateDecided", "CommandGiven", "BatchSigned"}
    assert {"PayInFinal", "ObligationCleared", "TransferRecorded", "CycleSettled"} <= kinds


def test_the_file_says_the_same_whenever_it_is_written(days: Days) -> None:
    forged = days.forged()
    assert forged.manifest["first"] == "1"
    assert open_bundle(days.first, parse_trust(days.trust).log).last == int(forged.manifest["last"])


def test_a_head_that_covers_less_is_told(days: Days) -> None:
    """That of the day before, well signed: the log was rolled back."""
    forged = days.forged(second=True)
    forged.head = lambda _: Checkpoint(days.keys.origin, 7, bytes(32))
    told = wrong(forged.sealed(), days.trust)
    assert told["head"].startswith("head.too-small")


# --- what is no bundle of this house


def test_every_region_that_is_flipped_is_named(days: Days) -> None:
    """A bit of the seal's lines, or of a member, which is named."""
    trust, raw = without_witnesses(days.trust), days.own
    head = raw.index(b"\n", raw.index(b"\n\n") + 2) + 1
    regions = {range(head): {"bundle.malformed", "bundle.seal-wrong", "bundle.another-house",
                             "bundle.truncated", "note.malformed"}}  # fmt: skip
    at = head
    for one in json.loads(raw.split(b"\n")[1])["members"]:
        size = int(one["bytes"])
        for place in {at, at + size // 2, at + size - 1}:
            with pytest.raises(Wrong, match=f"`{one['name']}`") as told:
                found(flipped(raw, place), trust)
            assert told.value.code == "bundle.member-altered"
        at += size
    assert at == len(raw)
    for region, codes in regions.items():
        assert {refused(flipped(raw, place), trust) for place in region} <= codes


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def test_a_bundle_that_was_cut_off_says_where(days: Days) -> None:
    trust, raw = without_witnesses(days.trust), days.own
    head = raw.index(b"\n", raw.index(b"\n\n") + 2) + 1
    for size in (0, 5, 19):
        assert refused(raw[:size], trust) in {"bundle.truncated", "bundle.malformed"}
    for size in range(20, head, 7):
        assert refused(raw[:size], trust) == "bundle.truncated"
    for size in range(head, len(raw), 997):
        with pytest.raises(Wrong, match=r"it ends in the middle of `[a-z]+`") as told:
            found(raw[:size], trust)
        assert told.value.code == "bundle.truncated"
    assert refused(raw + b"x", trust) == "bundle.too-long"


def test_a_bundle_of_another_house_is_told(days: Days) -> None:
    other = Verifier("clearhouse/hse_00000000000000000000000000", b"\x00" * 32)
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    other = Verifier(other.name, key)
    trust = json.dumps(json.loads(days.trust) | {"log": other.encode()})
    assert refused(days.first, trust) == "bundle.another-house"


def test_a_bundle_that_a_thief_sealed_is_told(days: Days) -> None:
    keys = days.stolen()
    keys.log = Ed25519PrivateKey.generate()
    forged = days.forged()
    forged.keys = keys
    assert refused(forged.sealed(), days.trust) == "bundle.another-house"


@pytest.mark.parametrize("raw", [b"", b"{}", b"clearhouse.bundle.2\n", b"\xff" * 99, b"\n\n\n\n"])
def test_what_is_no_bundle_is_refused(days: Days, raw: bytes) -> None:
    assert refused(raw, days.trust) in {"bundle.malformed", "bundle.truncated"}


Manifest = dict[str, Any]


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("last"),
        lambda said: said.update(more=""),
        lambda said: said.update(scope="week"),
        lambda said: said.update(first=1),
        lambda said: said.update(first="01"),
        lambda said: said.update(first="-1"),
        lambda said: said["members"].pop(0),
        lambda said: said["members"][0].update(name="other"),
        lambda said: said["members"][0].update(bytes="1e3"),
        lambda said: said.update(checkpoint="x"),
    ],
    ids=iter("abcdefghij"),
)
def test_a_manifest_in_another_form_is_refused(
    days: Days, change: Callable[[Manifest], object]
) -> None:
    """Though it is sealed by the house."""
    manifest = json.loads(days.first.split(b"\n")[1])
    content = days.first[days.first.index(b"\n", days.first.index(b"\n\n") + 2) + 1 :]
    change(manifest)
    raw = sealed(manifest, content, days.keys)
    with pytest.raises(Wrong):
        found(raw, without_witnesses(days.trust))


@pytest.mark.parametrize(
    ("member", "line"),
    [
        ("entries", b"{}\n"),
        ("entries", b'{"body":{}}\n'),
        ("entries", b"[]\n"),
        ("entries", b"{}"),
        ("standing", b'{"line":"{}","salt":"00"}\n'),
        ("tapes", b"{}\n"),
        ("labels", b'{"cycle":1}\n'),
        ("transactions", b'{"raw":"00"}\n'),
        ("headers", b"x"),
        ("frontier", b'{"hash":"xyz"}\n'),
    ],
)
def test_a_member_in_another_form_is_no_reason_to_stumble(
    days: Days, tmp_path: Path, member: str, line: bytes
) -> None:
    """Sealed by the house, and yet not in its form: it fails, and says so."""
    manifest = json.loads(days.first.split(b"\n")[1])
    content = days.first[days.first.index(b"\n", days.first.index(b"\n\n") + 2) + 1 :]
    parts, at = [], 0
    for one in manifest["members"]:
        stored = content[at : at + int(one["bytes"])]
        at += len(stored)
        if one["name"] == member:
            stored = zlib.compress(line)
            one.update(bytes=str(len(stored)), sha256=sha256(stored).hexdigest())
        parts.append(stored)
    raw = sealed(manifest, b"".join(parts), days.keys)
    (tmp_path / "bundle").write_bytes(raw)
    (tmp_path / "trust").write_text(without_witnesses(days.trust))
    done = run(tmp_path / "bundle", "--trust", tmp_path / "trust")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("FAIL  ")


# --- what a reader trusts


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"log": "x"}, "note.malformed"),
        ({"statements": "00" * 32}, "trust.malformed"),
        ({"statements": "xyz"}, "trust.malformed"),
        ({"cosignatures": 4}, "trust.malformed"),
        ({"cosignatures": -1}, "trust.malformed"),
        ({"cosignatures": "2"}, "trust.malformed"),
        ({"block": {"height": 0}}, "trust.malformed"),
        ({"block": {"height": 0, "hash": "00" * 32}}, "trust.malformed"),
        ({"block": {"network": "main", "height": 0, "hash": "00"}}, "trust.malformed"),
        ({"block": {"network": "main", "height": True, "hash": "00" * 32}}, "trust.malformed"),
        ({"block": 7}, "trust.malformed"),
        ({"more": 1}, "trust.malformed"),
        ({"vault": "wsh(sortedmulti(1,xpub))#abcdefgh"}, "descriptor.malformed"),
        ({"vault": 7}, "trust.malformed"),
    ],
)
def test_trust_in_another_form_is_refused(days: Days, change: dict[str, Any], code: str) -> None:
    trust = json.dumps(json.loads(days.trust) | change)
    assert refused(days.first, trust) == code


@pytest.mark.parametrize("member", ["vault", "log", "block"])
def test_trust_that_lacks_a_member_names_it(days: Days, member: str) -> None:
    said = json.loads(days.trust)
    del said[member]
    with pytest.raises(Wrong, match=f"see '{member}'"):
        parse_trust(json.dumps(said))


def test_trust_that_is_no_json_is_refused(days: Days) -> None:
    for text in ("", "[]", "{}", "[" * 100_000):
        assert refused(days.first, text) == "trust.malformed"


def test_one_witness_does_not_count_as_two(days: Days) -> None:
    said = json.loads(days.trust)
    said["witnesses"][1] = said["witnesses"][0]
    assert refused(days.first, json.dumps(said)) == "note.witness-twice"


def test_another_block_is_trusted_than_the_headers_reach(days: Days) -> None:
    said = json.loads(without_witnesses(days.trust))
    said["block"]["height"] = 10**6
    assert wrong(days.first, json.dumps(said)).keys() >= {"headers", "blocks"}


# --- the program


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )


@pytest.fixture
def files(days: Days, tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "day").write_bytes(days.first)
    (tmp_path / "trust").write_text(without_witnesses(days.trust))
    return tmp_path / "day", tmp_path / "trust"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_what_a_bundle_says_is_one_line(
    days: Days, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Whatever it is: a line of its own could say that all is well."""
    forged = days.forged()
    forged.cosigners = ()
    opened = forged.all("AccountOpened")[-1]
    body = {**opened["body"], "account": "\N{WHITE HEAVY CHECK MARK}\x1b[2J\nPASS  entries 1 to 9"}
    forged.insert(forged.entries[-1], "AccountOpened", opened["subject"], **body)
    bundle, trust = files
    bundle.write_bytes(forged.sealed())
    said = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", said)
    assert main([str(bundle), "--trust", str(trust)]) == 1
    said.seek(0)
    (last,) = [line for line in said.read().splitlines() if not line.startswith("  ok  ")]
    assert last.startswith("FAIL  ledger.account-wrong: ")
    assert r"\x1b[2J\nPASS" in last


def test_an_anchor_beyond_all_entries_is_refused(days: Days) -> None:
    forged = days.forged()
    forged.after = lambda done: done.one("HeadAnchored").update(position="100000")
    assert "anchor" in wrong(forged.sealed(), days.trust)


def test_more_than_can_be_held_is_not_opened(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """All members together: each alone would pass."""
    members = open_bundle(days.first, parse_trust(days.trust).log).members.values()
    monkeypatch.setattr("clearhouse.verifier.bundle.BYTES_MAX", sum(map(len, members)) - 1)
    assert refused(days.first, days.trust) == "bundle.malformed"
    monkeypatch.setattr("clearhouse.verifier.bundle.BYTES_MAX", sum(map(len, members)))
    assert not wrong(days.first, without_witnesses(days.trust))


def test_the_program_says_pass(files: tuple[Path, Path]) -> None:
    day, trust = files
    done = run(day, "--trust", trust)
    assert (done.returncode, done.stderr) == (0, "")
    *checks, last = done.stdout.splitlines()
    assert last.startswith("PASS  entries 1 to ")
    assert len(checks) > 20


def test_the_program_names_what_is_wrong(days: Days, files: tuple[Path, Path]) -> None:
    day, trust = files
    forged = days.forged()
    forged.one("CycleCleared")["body"]["gross"] = "1"
    day.write_bytes(forged.sealed())
    done = run(day, "--trust", trust)
    assert done.returncode == 1
    assert done.stdout.startswith("FAIL  set-off.totals-wrong: cyc_")

    done = run(day, "--trust", trust, "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 1
    assert said["wrong"]["code"] == "set-off.totals-wrong"
    assert said["checks"]["ledger"] == ""
    assert not said["passed"]


def test_the_program_says_what_it_cannot_read(files: tuple[Path, Path], tmp_path: Path) -> None:
    day, trust = files
    done = run(tmp_path / "nothing", "--trust", trust)
    assert done.returncode == 2
    assert "No such file" in done.stderr
    assert run(day).returncode == 2
    (tmp_path / "trust").write_text("{")
    done = run(day, "--trust", trust)
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "FAIL  trust.malformed")
