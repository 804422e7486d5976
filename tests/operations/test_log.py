"""The transparency log: it follows the journal, proves what is in it, and tells what is not."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest
from psycopg import Connection
from tests.logs import follow
from tests.stage import Database, Points, Stage, Stop, stop

from clearhouse.core.event import encode
from clearhouse.core.merkle import (
    EMPTY,
    OutsideTree,
    head,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from clearhouse.core.note import Verifier, parse_checkpoint, parse_note, verify
from clearhouse.core.settlement import PayInCalled
from clearhouse.operations import log
from clearhouse.operations.house import House
from clearhouse.operations.log import LogBehind, LogDiffers
from clearhouse.store import journal
from clearhouse.store.tiles import Tiles


def fresh(house: House, folder: Path) -> House:
    """The house with a log elsewhere, or read anew by another process."""
    return replace(house, log=replace(house.log, tiles=Tiles(folder)))


def root_of(house: House, size: int) -> bytes:
    return head(house.log.tiles.nodes(size), size)


def test_a_day_is_in_the_log_and_each_entry_can_be_proved(
    embedded_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, house = embedded_stage, embedded_stage.house
    monkeypatch.setattr(log, "BATCH", 37)
    first = follow(house)
    before = root_of(house, first)
    stage.settled("A>b 0.05, b>C 0.03")
    size = follow(house)
    root = root_of(house, size)

    assert size == journal.head(house.db) > first
    entries = journal.after(house.db, 0, 10_000)
    for one in entries[:: max(1, size // 50)]:
        written = log.entry_of(house, one)
        assert house.log.tiles.entry(one.position - 1, size) == written
        proof = log.inclusion(house, one.position, size)
        verify_inclusion(leaf_hash(written), one.position - 1, size, proof, root)
    proof = log.consistency(house, first, size)
    verify_consistency(first, size, proof, before, root)
    assert log.check(house) == (size, root)


def test_the_log_hides_whose_an_entry_is_and_what_it_says(embedded_stage: Stage) -> None:
    """Any web server may serve it: neither a firm's id nor a guess at a sum is confirmed by it."""
    stage, house = embedded_stage, embedded_stage.house
    stage.cleared("A>b 0.05")
    follow(house)
    folder = stage.folder / "log"
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"PayInCalled" in written
    assert stage.calls[0].address.encode() not in written
    assert stage.calls[0].participant.encode() not in written
    (entry,) = journal.of_kind(house.db, PayInCalled, [stage.calls[0].participant])
    body = encode(entry.event).encode()
    for guess in (body, log.opening(entry), bytes(32) + log.opening(entry)):
        assert sha256(guess).hexdigest().encode() not in written


def test_whoever_is_given_the_salt_can_check_an_entry(embedded_stage: Stage) -> None:
    house = embedded_stage.house
    size = follow(house)
    salts = set()
    for one in journal.after(house.db, 0, 10):
        said = json.loads(house.log.tiles.entry(one.position - 1, size))
        salt = log.salt(house, f"entry {one.position}")
        salts.add(salt)
        assert said["commitment"] == sha256(salt + log.opening(one)).hexdigest()
    assert len(salts) == 10


def test_another_secret_is_another_log(embedded_stage: Stage, tmp_path: Path) -> None:
    house = embedded_stage.house
    size = follow(house)
    before = root_of(house, size)
    house.db.execute("DELETE FROM consumer")
    other = fresh(house, tmp_path)
    other = replace(other, log=replace(other.log, secret=b"1" * 32))
    follow(other)
    assert root_of(other, size) != before


def test_a_checkpoint_is_signed_by_the_house(embedded_stage: Stage) -> None:
    house = embedded_stage.house
    size = follow(house)
    written = log.checkpoint(house).encode()
    note, origin = parse_note(written), log.origin(house)
    verify(note, Verifier(origin, house.log.key.public_key().public_bytes_raw()))
    found = parse_checkpoint(note.text)

    assert (found.origin, found.size) == (origin, size)
    assert found.root == root_of(house, size)


def test_an_empty_log_has_a_head(embedded_stage: Stage) -> None:
    note = log.checkpoint(embedded_stage.house)
    assert parse_checkpoint(note.text).root == EMPTY
    assert log.check(embedded_stage.house) == (0, EMPTY)


def test_killed_anywhere_the_log_is_the_same(
    embedded_stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = embedded_stage
    monkeypatch.setattr(log, "BATCH", 20)
    stage.cleared("A>b 0.05")
    follow(stage.house)
    wanted = log.check(stage.house)

    at = 0
    for at in range(1, 1_000):
        stage.house.db.execute("DELETE FROM consumer")
        house, points = fresh(stage.house, tmp_path / str(at)), Points(at, stop)
        breaking = replace(house, db=cast("Connection", Database(house.db, points)))
        try:
            while log.follow(breaking):
                pass
        except Stop:
            follow(fresh(house, tmp_path / str(at)))  # without the old process's memory
        if not points.came:
            break
        assert log.check(fresh(house, tmp_path / str(at))) == wanted
    assert at > 20  # points


def test_a_journal_that_was_rewritten_is_told(embedded_stage: Stage, tmp_path: Path) -> None:
    house, db = embedded_stage.house, embedded_stage.house.db
    size = follow(house)
    db.execute("ALTER TABLE journal DISABLE TRIGGER USER")
    db.execute("UPDATE journal SET recorded_at = recorded_at + interval '1 s' WHERE position = 3")
    with pytest.raises(LogDiffers, match="entry 3 "):
        log.check(house)

    # Whoever makes the log again too has another head: a witness who saw the old one knows.
    before = root_of(house, size)
    db.execute("DELETE FROM consumer")
    other = fresh(house, tmp_path)
    follow(other)
    assert log.check(other) != (size, before)


@pytest.mark.parametrize("kind", ["0", "entries"])
def test_a_tile_that_was_changed_is_told(embedded_stage: Stage, kind: str) -> None:
    house, folder = embedded_stage.house, embedded_stage.folder / "log"
    size = follow(house)
    path = folder / f"tile/{kind}/000.p/{size}"
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogDiffers):
        log.check(fresh(house, folder))


def test_there_is_no_proof_of_what_is_not_in_the_log(embedded_stage: Stage) -> None:
    house = embedded_stage.house
    size = follow(house)
    with pytest.raises(LogBehind):
        log.inclusion(house, 1, size + 1)
    with pytest.raises(LogBehind):
        log.consistency(house, 1, size + 1)
    with pytest.raises(OutsideTree):
        log.inclusion(house, size + 1, size)
    with pytest.raises(OutsideTree):
        log.consistency(house, 0, size)
