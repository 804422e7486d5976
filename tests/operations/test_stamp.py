"""Stamping: a head of the log is attested in Bitcoin, and nothing of it is believed unseen."""

import io
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest
from bitcoin.core import CBlockHeader
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation
from opentimestamps.core.op import OpSHA256
from opentimestamps.core.serialize import StreamDeserializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile
from tests.calendars import Running, calendar, in_block, pending
from tests.logs import follow, grow
from tests.stage import Stage
from tests.witnesses import NOBODY, Talk, always, answer, dripping, talking

from clearhouse.chains.chain import Chain
from clearhouse.core.errors import Alarm, Kind
from clearhouse.core.founding import NotFounded
from clearhouse.core.note import Note, parse_checkpoint, parse_note
from clearhouse.feeds import calendars as feed
from clearhouse.feeds.calendars import Calendar
from clearhouse.feeds.timestamps import TimestampsNotInstalled
from clearhouse.operations import log
from clearhouse.operations import stamp as operations
from clearhouse.operations.house import House
from clearhouse.operations.log import LogDiffers
from clearhouse.operations.stamp import (
    AttestationMismatched,
    NoCalendars,
    NotStamped,
    Stamp,
    stamp,
    stamps,
    upgrade,
)
from clearhouse.store.connection import connect
from clearhouse.store.stamps import StampDamaged
from clearhouse.store.tiles import CheckpointDamaged, Tiles


@pytest.fixture
def on(embedded_stage: Stage) -> Stage:
    """A stage whose log has followed."""
    follow(embedded_stage.house)
    return embedded_stage


@pytest.fixture
def one() -> Iterator[Running]:
    with calendar() as running:
        yield running


@pytest.fixture
def named(founded: House) -> House:
    """A house without a chain, whose log has followed."""
    follow(founded)
    return founded


def folder(house: House) -> Path:
    return house.log.tiles.folder / "stamps"


def detached(house: House, size: int) -> Any:
    """The proof as the library reads it."""
    content = (folder(house) / f"{size}.ots").read_bytes()
    found = DetachedTimestampFile.deserialize(StreamDeserializationContext(io.BytesIO(content)))
    with (folder(house) / f"{size}").open("rb") as text:
        assert found.file_digest == found.file_hash_op.hash_fd(text)
    assert found.file_hash_op == OpSHA256()
    return found


def standings(one: Stamp) -> list[str]:
    return [str(by.standing) for by in one.attested]


def only(house: House) -> Stamp:
    (found,) = stamps(house)
    return found


def test_a_head_is_pending_at_its_calendars_and_then_in_a_block(on: Stage) -> None:
    with calendar() as first, calendar() as second:
        done = stamp(on.house, [first.calendar, second.calendar])
        size = log.size(on.house)
        assert (done.stamp.size, done.others, done.stamp.trouble) == (size, {}, None)
        assert standings(done.stamp) == ["pending", "pending"]
        assert [by.by.calendar for by in done.stamp.attested] == sorted([first.url, second.url])
        assert not done.stamp.verified

        assert upgrade(on.house, [first.calendar, second.calendar]) == {}
        assert only(on.house) == done.stamp
        on.mine(3)
        block = second.finish(on)
        assert upgrade(on.house, [first.calendar, second.calendar]) == {}
    found = only(on.house)
    assert sorted(standings(found)) == ["pending", "pending", "verified"]
    assert found.verified
    (by,) = [by for by in found.attested if by.standing == "verified"]
    assert by.block == block == on.chain.block(block.height)
    assert found.trouble is None


def test_the_files_are_what_the_librarys_own_verifier_takes(on: Stage, one: Running) -> None:
    size = stamp(on.house, [one.calendar]).stamp.size
    detached(on.house, size)
    block = one.finish(on)
    upgrade(on.house, [one.calendar])

    found = detached(on.house, size)
    (root,) = [
        (message, by)
        for message, by in found.timestamp.all_attestations()
        if isinstance(by, BitcoinBlockHeaderAttestation)
    ]
    header = CBlockHeader.deserialize(on.chain.headers(block.height, 1)[0])
    assert root[1].verify_against_blockheader(root[0], header) == block.time_at.timestamp()
    assert root[1].height == block.height


def test_what_is_stamped_is_what_a_batch_carries(named: House, one: Running) -> None:
    size = stamp(named, [one.calendar]).stamp.size
    head = log.head(named)
    assert detached(named, size).file_digest.hex() == head.anchor
    assert (folder(named) / f"{size}").read_text() == head.encode()
    note = parse_note((folder(named) / f"{size}.note").read_text())
    assert note == log.checkpoint(named)
    assert not list(folder(named).glob("*.new"))


def test_a_calendar_does_not_learn_the_digest(named: House, one: Running) -> None:
    stamp(named, [one.calendar])
    digest = bytes.fromhex(log.head(named).anchor)
    (told,) = one.submitted
    assert len(told) == 32
    assert told not in {digest, sha256(digest).digest()}
    other = replace(named, log=replace(named.log, tiles=Tiles(folder(named) / "again")))
    named.db.execute("DELETE FROM consumer")
    follow(other)
    stamp(other, [one.calendar])
    assert len(set(one.submitted)) == 2  # of the same head


def test_the_kept_head_is_stamped_though_the_log_has_grown(named: House, one: Running) -> None:
    note = log.checkpoint(named)
    named.log.tiles.keep(replace(note, signatures=(*note.signatures, ("w.example/x", bytes(76)))))
    before = log.size(named)
    assert grow(named) > before
    done = stamp(named, [one.calendar])
    assert done.stamp.size == before
    kept = parse_note((folder(named) / f"{before}.note").read_text())
    assert [name for name, _ in kept.signatures] == [log.origin(named), "w.example/x"]


def test_said_again_nobody_is_asked(named: House, one: Running) -> None:
    first = stamp(named, [one.calendar])
    content = (folder(named) / f"{first.stamp.size}.ots").read_bytes()
    assert stamp(named, [one.calendar]) == first
    assert (folder(named) / f"{first.stamp.size}.ots").read_bytes() == content
    assert len(one.submitted) == 1


def test_head_after_head_is_listed(named: House, one: Running) -> None:
    sizes = []
    for _ in range(3):
        grow(named)
        sizes.append(stamp(named, [one.calendar]).stamp.size)
    assert [found.size for found in stamps(named)] == sizes == sorted(sizes)


def test_the_houses_own_calendars_are_asked_if_none_are_named(named: House, one: Running) -> None:
    house = replace(named, log=replace(named.log, calendars=(one.calendar,)))
    assert standings(stamp(house).stamp) == ["pending"]
    assert upgrade(house) == {}
    assert len(one.asked) == 1


def test_one_calendar_is_enough_and_the_others_are_told(named: House, one: Running) -> None:
    done = stamp(named, [Calendar(NOBODY), one.calendar])
    assert standings(done.stamp) == ["pending"]
    assert list(done.others) == [NOBODY]
    assert done.others[NOBODY].startswith(f"calendar.unreachable: {NOBODY}: ")


def test_a_stamp_that_a_block_attests_is_asked_about_no_more(on: Stage, one: Running) -> None:
    with calendar() as other:
        both = [one.calendar, other.calendar]
        stamp(on.house, both)
        one.finish(on)
        for _ in range(3):
            assert upgrade(on.house, both) == {}
        assert only(on.house).verified
        assert (len(one.asked), len(other.asked)) == (1, 1)


def test_several_stamps_are_finished_at_once(on: Stage, one: Running) -> None:
    for _ in range(3):
        stamp(on.house, [one.calendar])
        grow(on.house)
    one.finish(on)
    upgrade(on.house, [one.calendar])
    assert [found.verified for found in stamps(on.house)] == [True] * 3


def test_one_upgrade_asks_so_often_and_the_next_goes_on(
    on: Stage, one: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "ASKED_MAX", 2)
    for _ in range(3):
        stamp(on.house, [one.calendar])
        grow(on.house)
    one.finish(on)
    upgrade(on.house, [one.calendar])
    assert [found.verified for found in stamps(on.house)] == [False, True, True]
    upgrade(on.house, [one.calendar])
    assert [found.verified for found in stamps(on.house)] == [True] * 3


# Whom one asks.


@pytest.mark.parametrize("call", [stamp, upgrade])
def test_without_calendars_it_is_said_what_to_set(
    named: House, call: Callable[[House], object]
) -> None:
    with pytest.raises(NoCalendars, match="set CLEARHOUSE_CALENDARS"):
        call(named)
    assert not folder(named).exists()


def test_a_house_that_nobody_founded_has_no_head(house: House, one: Running) -> None:
    with pytest.raises(NotFounded):
        stamp(house, [one.calendar])


def test_nobody_is_asked_that_the_house_does_not_name(named: House) -> None:
    """Where a proof is pending is what a calendar wrote."""
    with talking(always(answer(200, b""))) as (elsewhere, reached), calendar(elsewhere) as one:
        stamp(named, [one.calendar])
        assert upgrade(named, [one.calendar]) == {}
        assert only(named).attested[0].by.calendar == elsewhere
        assert reached == one.asked == []


def test_a_slash_behind_the_url_makes_no_other_calendar(on: Stage) -> None:
    with calendar() as one:
        one.named = f"{one.url}/"
        stamp(on.house, [one.calendar])
        one.finish(on)
        upgrade(on.house, [one.calendar])
    assert only(on.house).verified


@pytest.mark.parametrize("call", [stamp, upgrade, stamps])
def test_without_the_extra_it_is_said_what_to_install(
    named: House,
    one: Running,
    monkeypatch: pytest.MonkeyPatch,
    call: Callable[..., object],
) -> None:
    house = replace(named, log=replace(named.log, calendars=(one.calendar,)))
    assert stamps(house) == []
    stamp(house)
    grow(house)
    monkeypatch.setitem(sys.modules, "opentimestamps.core.op", None)
    with pytest.raises(TimestampsNotInstalled, match=r"clearhouse\[timestamps\]"):
        call(house)
    assert len(one.submitted) == 1


# Calendars that answer otherwise.

DEEP = b"\xf0\x01x" * 255  # as deep as the library reads, without what stands before it
TALKS: dict[str, tuple[Talk, str]] = {
    "nothing": (always(answer(200, b"")), "calendar.answer-malformed"),
    "garbage": (always(answer(200, b"garbage")), "calendar.answer-malformed"),
    "zeros": (always(answer(200, bytes(9000))), "calendar.answer-malformed"),
    "no HTTP": (always(b"\x00" * 1000), "calendar.unreachable"),
    "behind it": (always(answer(200, pending(b"x", "u") + b"x")), "calendar.answer-malformed"),
    "huge": (always(answer(200, b"\xf0" * 10_001)), "calendar.answer-malformed"),
    "huge height": (
        always(answer(200, in_block(b"x" * 32, 1 << 50_000))),
        "calendar.answer-malformed",
    ),
    "high": (always(answer(200, in_block(b"x" * 32, 1 << 31))), "calendar.answer-malformed"),
    "deep": (always(answer(200, DEEP + pending(b"x", "u"))), "calendar.answer-malformed"),
    "long": (
        always(answer(200, b"\xf3" * 8 + pending(b"x", "u"))),
        "calendar.answer-malformed",
    ),
    "nobody's": (
        always(answer(200, b"\x00" + b"12345678" + b"\x00")),
        "calendar.answer-malformed",
    ),
    "endless": (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 9999), "calendar."),
    "slow": (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), "calendar.unreachable"),
    "refusal": (always(answer(500, b"no\x1b[2J")), "calendar.refused"),
    "elsewhere": (
        always(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"),
        "calendar.refused",
    ),
    "cut off": (
        always(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + pending(b"x", "u")[:-1]),
        "calendar.unreachable",
    ),
    "a piece": (always(answer(200, pending(b"x", "u")[:-1])), "calendar.answer-malformed"),
}


@pytest.mark.parametrize("how", TALKS)
def test_who_answers_otherwise_is_told_and_never_counts(
    named: House, one: Running, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 1)
    talk, code = TALKS[how]
    with talking(talk) as (url, _):
        with pytest.raises(NotStamped) as caught:
            stamp(named, [Calendar(url)])
        assert caught.value.detail.startswith(code)
        assert caught.value.kind is Kind.UNAVAILABLE
        assert stamps(named) == []
        assert "\x1b" not in caught.value.detail

        done = stamp(named, [Calendar(url), one.calendar])
        assert done.others[url].startswith(code)
        assert [by.by.calendar for by in done.stamp.attested] == [one.url]


@pytest.mark.parametrize("how", TALKS)
def test_a_proof_stays_as_it_was_if_its_calendar_answers_otherwise(
    on: Stage, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 1)
    talk, code = TALKS[how]

    def first(connection: socket.socket, asked: bytes) -> None:
        if asked:
            connection.sendall(answer(200, pending(asked, url)))
        else:
            talk(connection, asked)

    with talking(first) as (url, _):
        size = stamp(on.house, [Calendar(url)]).stamp.size
        before = (folder(on.house) / f"{size}.ots").read_bytes()
        others = upgrade(on.house, [Calendar(url)])
    if how == "nobody's":  # what cannot be looked at may stand in a proof
        assert standings(only(on.house)) == ["pending", "other"]
        return
    assert others[url].startswith(code)
    assert (folder(on.house) / f"{size}.ots").read_bytes() == before
    assert standings(only(on.house)) == ["pending"]


def test_one_that_fails_is_asked_once_an_upgrade(named: House) -> None:
    count = 0

    def talk(connection: socket.socket, asked: bytes) -> None:
        nonlocal count
        count += not asked
        connection.sendall(answer(200, pending(asked, url)) if asked else answer(500, b""))

    with talking(talk) as (url, _):
        for _ in range(3):
            stamp(named, [Calendar(url)])
            grow(named)
        upgrade(named, [Calendar(url)])
    assert count == 1


def test_the_proof_of_another_digest_is_no_attestation(on: Stage, one: Running) -> None:
    """Its operations are the calendar's, its digest is ours: the path leads to no block."""
    stamp(on.house, [one.calendar])
    (asked,) = one.open
    one.open[:] = [b"something else" * 3]
    one.finish(on)
    one.done[asked] = one.done.pop(b"something else" * 3)
    others = upgrade(on.house, [one.calendar])
    assert others[one.url].startswith("log.attestation-mismatched: ")
    assert standings(only(on.house)) == ["pending"]


@pytest.mark.parametrize("off", [-1, 1])
def test_another_block_is_no_attestation(on: Stage, one: Running, off: int) -> None:
    stamp(on.house, [one.calendar])
    block = one.finish(on)
    on.mine()
    ((asked, whole),) = one.done.items()
    height, wrong = (written_height(block.height + n) for n in (0, off))
    assert whole.endswith(height)
    one.done[asked] = whole.removesuffix(height) + wrong
    others = upgrade(on.house, [one.calendar])
    (said,) = others.values()
    assert said.startswith("log.attestation-mismatched: ")
    assert f"block {block.height + off} of the house's chain (regtest) is " in said
    assert standings(only(on.house)) == ["pending"]


def written_height(height: int) -> bytes:
    """A height as an attestation ends."""
    return in_block(bytes(32), height)[10:]


def test_a_calendar_that_names_a_block_at_once_is_checked_at_once(on: Stage, one: Running) -> None:
    tip = on.chain.tip().height

    def talk(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(answer(200, in_block(asked, tip)))

    with talking(talk) as (url, _):
        done = stamp(on.house, [Calendar(url), one.calendar])
    assert done.others[url].startswith("log.attestation-mismatched: ")
    assert standings(done.stamp) == ["pending"]


def test_a_block_that_the_chain_does_not_have_yet_is_no_proof_and_no_lie(
    on: Stage, one: Running
) -> None:
    stamp(on.house, [one.calendar])
    block = one.finish(on)
    fork = on.chain.block(block.height - 3)
    upgrade(on.house, [one.calendar])
    assert only(on.house).verified
    chain = cast("Chain", Behind(on.chain, fork.height))
    behind = replace(on.house, settles=replace(on.house.rail, chain=chain))
    found = only(behind)
    assert sorted(standings(found)) == ["ahead", "pending"]
    assert (found.verified, found.trouble) == (False, None)


class Behind:
    """A chain that has not caught up."""

    def __init__(self, chain: Any, height: int) -> None:
        self._chain, self._height = chain, height

    def headers(self, first: int, count: int) -> list[bytes]:
        ahead = first > self._height
        found: list[bytes] = self._chain.headers(10**6 if ahead else first, count)
        return found


def test_a_house_without_a_chain_says_so(on: Stage, one: Running) -> None:
    alone = replace(on.house, settles=None)
    stamp(alone, [one.calendar])
    one.finish(on)
    upgrade(alone, [one.calendar])
    assert sorted(standings(only(alone))) == ["pending", "unchecked"]
    assert only(on.house).verified


def test_a_block_that_is_given_up_attests_no_more(on: Stage, one: Running) -> None:
    stamp(on.house, [one.calendar])
    one.finish(on)
    upgrade(on.house, [one.calendar])
    on.reorganise(1)
    found = only(on.house)
    assert sorted(standings(found)) == ["mismatched", "pending"]
    assert isinstance(found.trouble, AttestationMismatched)
    with pytest.raises(AttestationMismatched):
        stamp(on.house, [one.calendar])


# What is on disk.


@pytest.mark.parametrize("name", ["", ".ots"])
@pytest.mark.parametrize("how", ["cut", "empty", "changed", "longer", "huge", "gone", "folder"])
def test_a_stamp_that_is_damaged_is_told_and_hides_no_other(
    named: House, one: Running, name: str, how: str
) -> None:
    first = stamp(named, [one.calendar]).stamp
    grow(named)
    second = stamp(named, [one.calendar]).stamp
    path = folder(named) / f"{first.size}{name}"
    content = path.read_bytes()
    spoilt = {
        "cut": content[:-1],
        "empty": b"",
        "changed": content[:40] + bytes([content[40] ^ 1]) + content[41:],
        "longer": content + b"x",
        "huge": content + bytes(300_000),
    }
    if how in spoilt:
        path.write_bytes(spoilt[how])
    else:
        path.unlink()
        if how == "folder":
            path.mkdir()
    found = stamps(named)
    if (name, how) == (".ots", "gone"):
        assert found == [second]
        assert stamp(named, [one.calendar]).stamp == second
        return
    assert (found[0].size, found[0].attested) == (first.size, ())
    assert isinstance(found[0].trouble, StampDamaged)
    assert how != "huge" or "has more than" in found[0].trouble.detail
    assert issubclass(StampDamaged, Alarm)
    assert found[1] == second
    assert upgrade(named, [one.calendar]) == {}
    assert len(one.asked) == 1  # of the second


def test_a_damaged_stamp_of_the_head_is_not_stamped_over(named: House, one: Running) -> None:
    size = stamp(named, [one.calendar]).stamp.size
    (folder(named) / f"{size}.ots").write_bytes(b"")
    with pytest.raises(StampDamaged):
        stamp(named, [one.calendar])
    assert len(one.submitted) == 1


def test_the_proof_of_another_head_is_not_this_ones(named: House, one: Running) -> None:
    first = stamp(named, [one.calendar]).stamp
    grow(named)
    second = stamp(named, [one.calendar]).stamp
    first.path.write_bytes(second.path.read_bytes())
    assert "another digest" in str(stamps(named)[0].trouble)
    (folder(named) / f"{first.size}").write_bytes((folder(named) / f"{second.size}").read_bytes())
    assert f"a head of {second.size} entries" in str(stamps(named)[0].trouble)


def test_a_log_that_was_rewritten_does_not_agree_with_its_stamps(
    named: House, one: Running, tmp_path: Path
) -> None:
    size = stamp(named, [one.calendar]).stamp.size
    named.db.execute("DELETE FROM consumer")
    other = replace(named, log=replace(named.log, tiles=Tiles(tmp_path / "log"), secret=b"1" * 32))
    follow(other)
    found = only(other)
    assert isinstance(found.trouble, LogDiffers)
    assert standings(found) == ["pending"]  # it was there, whatever the house says now
    with pytest.raises(LogDiffers):
        stamp(other, [one.calendar])
    grow(other)
    assert stamp(other, [one.calendar]).stamp.size > size


def test_a_log_that_was_rolled_back_does_not_agree_with_its_stamps(
    named: House, one: Running
) -> None:
    before = log.size(named)
    grow(named)
    stamp(named, [one.calendar])
    named.db.execute("UPDATE consumer SET position = %s WHERE name = 'log'", [before])
    assert isinstance(only(named).trouble, LogDiffers)


def test_a_kept_head_that_is_none_is_not_stamped(named: House, one: Running) -> None:
    (named.log.tiles.folder / "checkpoint").write_text("nonsense")
    with pytest.raises(CheckpointDamaged):
        stamp(named, [one.calendar])
    note = log.checkpoint(named)
    wrong = replace(log.head(named), root=bytes(32)).encode()
    named.log.tiles.keep(Note(wrong, note.signatures))
    with pytest.raises(LogDiffers):
        stamp(named, [one.calendar])
    assert one.submitted == []


def test_a_kept_head_of_another_house_is_not_stamped(named: House, one: Running) -> None:
    note = log.checkpoint(named)
    named.log.tiles.keep(replace(note, text=note.text.replace("clearhouse/", "another/")))
    size = stamp(named, [one.calendar]).stamp.size
    text = (folder(named) / f"{size}").read_text()
    assert parse_checkpoint(text) == log.head(named)


@pytest.mark.parametrize("after", range(3))
def test_killed_between_the_files_it_is_stamped_anew(
    named: House, one: Running, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    written: list[Path] = []

    def keep(path: Path, content: bytes) -> None:
        if len(written) == after:
            raise KeyboardInterrupt
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        written.append(path)

    with monkeypatch.context() as patch:
        patch.setattr("clearhouse.store.stamps.keep", keep)
        with pytest.raises(KeyboardInterrupt):
            stamp(named, [one.calendar])
    assert len(written) == after
    assert stamps(named) == []
    assert stamp(named, [one.calendar]).stamp == only(named)


def test_of_two_that_stamp_at_once_one_finds_it_done(
    named: House, one: Running, db_url: str
) -> None:
    failed: list[Exception] = []
    start = threading.Barrier(3)

    def do() -> None:
        try:
            with connect(db_url) as db:
                start.wait()
                stamp(replace(named, db=db), [one.calendar])
        except Exception as trouble:  # noqa: BLE001 - told by an assertion
            failed.append(trouble)

    threads = [threading.Thread(target=do) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(one.submitted) == 1
