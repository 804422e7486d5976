"""The transparency log: it follows the journal, proves what is in it, and tells what is not."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection
from tests.stage import Database, Points, Stage, Stop, stop

from clearhouse.core.merkle import (
    EMPTY,
    OutsideTree,
    head,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from clearhouse.core.note import Verifier, parse_checkpoint, parse_note, verify
from clearhouse.operations import log
from clearhouse.operations.log import LogBehind, LogDiffers
from clearhouse.store import journal
from clearhouse.store.tiles import Tiles

ORIGIN = "clearhouse/of-the-tests"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def tiles(tmp_path: Path) -> Tiles:
    return Tiles(tmp_path / "log")


def follow(stage: Stage, tiles: Tiles) -> int:
    while log.follow(stage.house, tiles):
        pass
    return log.size(stage.house)


def test_a_day_is_in_the_log_and_each_entry_can_be_proved(
    embedded_stage: Stage, tiles: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = embedded_stage
    monkeypatch.setattr(log, "BATCH", 37)
    first = follow(stage, tiles)
    before = head(tiles.nodes(first), first)
    stage.settled("A>b 0.05, b>C 0.03")
    size = follow(stage, tiles)
    root = head(tiles.nodes(size), size)

    assert size == journal.head(stage.house.db) > first
    entries = journal.after(stage.house.db, 0, 10_000)
    for one in entries[:: max(1, size // 50)]:
        written = log.entry_of(one)
        assert tiles.entry(one.position - 1, size) == written
        proof = log.inclusion(stage.house, tiles, one.position, size)
        verify_inclusion(leaf_hash(written), one.position - 1, size, proof, root)
    proof = log.consistency(stage.house, tiles, first, size)
    verify_consistency(first, size, proof, before, root)
    assert log.check(stage.house, tiles) == (size, root)


def test_no_body_is_in_the_log(embedded_stage: Stage, tiles: Tiles, tmp_path: Path) -> None:
    """What is shown to others names what happened, and hides what it says."""
    stage = embedded_stage
    stage.cleared("A>b 0.05")
    follow(stage, tiles)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"PayInCalled" in written
    assert stage.calls[0].address.encode() not in written


def test_a_checkpoint_is_signed_by_the_house(embedded_stage: Stage, tiles: Tiles) -> None:
    size = follow(embedded_stage, tiles)
    written = log.checkpoint(embedded_stage.house, tiles, ORIGIN, KEY).encode()
    note = parse_note(written)
    verify(note, Verifier(ORIGIN, KEY.public_key().public_bytes_raw()))
    found = parse_checkpoint(note.text)

    assert (found.origin, found.size) == (ORIGIN, size)
    assert found.root == head(tiles.nodes(size), size)


def test_an_empty_log_has_a_head(embedded_stage: Stage, tiles: Tiles) -> None:
    note = log.checkpoint(embedded_stage.house, tiles, ORIGIN, KEY)
    assert parse_checkpoint(note.text).root == EMPTY
    assert log.check(embedded_stage.house, tiles) == (0, EMPTY)


def test_killed_anywhere_the_log_is_the_same(
    embedded_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = embedded_stage
    monkeypatch.setattr(log, "BATCH", 20)
    stage.cleared("A>b 0.05")
    whole = Tiles(tmp_path / "whole")
    follow(stage, whole)
    wanted = log.check(stage.house, whole)

    at = 0
    for at in range(1, 1_000):
        stage.house.db.execute("DELETE FROM consumer")
        tiles, points = Tiles(tmp_path / str(at)), Points(at, stop)
        breaking = replace(stage.house, db=cast("Connection", Database(stage.house.db, points)))
        try:
            while log.follow(breaking, tiles):
                pass
        except Stop:
            follow(stage, Tiles(tmp_path / str(at)))  # a new process, without the old one's memory
        if not points.came:
            break
        assert log.check(stage.house, Tiles(tmp_path / str(at))) == wanted
    assert at > 20  # points


def test_a_journal_that_was_rewritten_is_told(embedded_stage: Stage, tiles: Tiles) -> None:
    stage = embedded_stage
    size = follow(stage, tiles)
    db = stage.house.db
    db.execute("ALTER TABLE journal DISABLE TRIGGER USER")
    db.execute("UPDATE journal SET recorded_at = recorded_at + interval '1 s' WHERE position = 3")
    with pytest.raises(LogDiffers, match="entry 3 "):
        log.check(stage.house, tiles)

    # Whoever makes the log again too has another head: a witness who saw the old one knows.
    before = head(tiles.nodes(size), size)
    db.execute("DELETE FROM consumer")
    follow(stage, tiles)
    assert log.check(stage.house, Tiles(tiles._folder)) != (size, before)


@pytest.mark.parametrize("kind", ["0", "entries"])
def test_a_tile_that_was_changed_is_told(embedded_stage: Stage, tmp_path: Path, kind: str) -> None:
    stage, tiles = embedded_stage, Tiles(tmp_path)
    size = follow(stage, tiles)
    path = tmp_path / f"tile/{kind}/000.p/{size}"
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogDiffers):
        log.check(stage.house, Tiles(tmp_path))


def test_there_is_no_proof_of_what_is_not_in_the_log(embedded_stage: Stage, tiles: Tiles) -> None:
    house, size = embedded_stage.house, follow(embedded_stage, tiles)
    with pytest.raises(LogBehind):
        log.inclusion(house, tiles, 1, size + 1)
    with pytest.raises(LogBehind):
        log.consistency(house, tiles, 1, size + 1)
    with pytest.raises(OutsideTree):
        log.inclusion(house, tiles, size + 1, size)
    with pytest.raises(OutsideTree):
        log.consistency(house, tiles, 0, size)
