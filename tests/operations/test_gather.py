"""Gathering: a head is kept once enough witnesses cosigned it, and a dispute is never quiet."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.logs import follow, grow
from tests.witnesses import NOBODY, Served, Talk, always, answer, dripping, several, talking

from clearhouse.core.founding import NotFounded
from clearhouse.core.note import (
    COSIGNATURE,
    CosignaturesTooFew,
    Note,
    Verifier,
    WitnessTwice,
    cosign,
    count_cosignatures,
    parse_checkpoint,
    parse_note,
)
from clearhouse.feeds import witnesses as feed
from clearhouse.feeds.witnesses import Witness, Witnesses
from clearhouse.operations import log
from clearhouse.operations.gather import NoWitnesses, WitnessAlarmed, gather
from clearhouse.operations.house import House
from clearhouse.operations.log import LogDiffers
from clearhouse.store.connection import connect
from clearhouse.store.tiles import CheckpointDamaged, Tiles

LIAR = Ed25519PrivateKey.from_private_bytes(bytes(32))
SIZE = "text/x.tlog.size"


def verifier_of(house: House) -> Verifier:
    return Verifier(log.origin(house), house.log.key.public_key().public_bytes_raw())


@pytest.fixture
def three(founded: House, tmp_path: Path) -> Iterator[list[Served]]:
    follow(founded)
    names = ("ministry", "bank", "firm")
    with several(tmp_path / "witnesses", verifier_of(founded), *names) as running:
        yield running


def watched(house: House, needed: int, *each: Served | Witness) -> House:
    """The house whose log has these witnesses."""
    known = tuple(one.witness if isinstance(one, Served) else one for one in each)
    return replace(house, log=replace(house.log, witnesses=Witnesses(known, needed)))


def liar(url: str = NOBODY, name: str = "w.example/liar") -> Witness:
    return Witness(Verifier(name, LIAR.public_key().public_bytes_raw(), COSIGNATURE), url)


def kept(house: House) -> Note | None:
    return house.log.tiles.kept()


def size_kept(house: House) -> int:
    note = kept(house)
    return parse_checkpoint(note.text).size if note else 0


def asked(three: Sequence[Served]) -> int:
    """How many requests the witnesses had together."""
    return sum(len((one.folder / "log").read_text().splitlines()) for one in three)


def test_a_head_that_all_cosigned_is_kept_whole(
    founded: House, three: list[Served], tmp_path: Path
) -> None:
    house = watched(founded, 2, *three)
    done = gather(house)

    assert done.head.size == log.size(house) > 0
    assert list(done.cosigned) == ["w.example/ministry", "w.example/bank", "w.example/firm"]
    assert all(datetime.now(UTC) - at < timedelta(minutes=1) for at in done.cosigned.values())
    assert done.others == {}
    note = parse_note((tmp_path / "log" / "checkpoint").read_text())
    assert note.text == log.checkpoint(house).text
    assert note.signatures[:1] == log.checkpoint(house).signatures
    assert count_cosignatures(note, house.log.witnesses.keys, 3) == done.cosigned
    assert not (tmp_path / "log" / "checkpoint.new").exists()


def test_head_after_head_is_asked_from_the_kept_one(founded: House, three: list[Served]) -> None:
    house = watched(founded, 3, *three)
    for _ in range(3):
        size = grow(house)
        assert gather(house).head.size == size == size_kept(house)
    assert asked(three) == 9
    assert all("refused" not in (one.folder / "log").read_text() for one in three)


def test_where_nothing_is_new_nobody_is_asked(founded: House, three: list[Served]) -> None:
    house = watched(founded, 2, *three)
    first = gather(house)
    for _ in range(3):
        again = gather(house)
        assert (again.head, again.cosigned) == (first.head, first.cosigned)
    assert asked(three) == 3


def test_if_more_are_needed_than_before_the_same_head_is_asked_for_again(
    founded: House, three: list[Served]
) -> None:
    gather(watched(founded, 1, three[0]))
    assert len(gather(watched(founded, 3, *three)).cosigned) == 3
    assert asked(three) == 1 + 5  # those that never saw it say so first


def test_a_cosignature_that_was_changed_on_disk_is_asked_for_again(
    founded: House, three: list[Served]
) -> None:
    house = watched(founded, 2, *three)
    gather(house)
    note = kept(house)
    assert note is not None
    spoilt = [(name, blob[:-1] + bytes([blob[-1] ^ 1])) for name, blob in note.signatures[1:]]
    house.log.tiles.keep(replace(note, signatures=(note.signatures[0], *spoilt)))
    assert len(gather(house).cosigned) == 3
    assert asked(three) == 6


def test_a_head_signed_with_another_key_is_not_the_kept_one(
    founded: House, three: list[Served]
) -> None:
    gather(watched(founded, 2, *three))
    other = replace(founded, log=replace(founded.log, key=LIAR))
    with pytest.raises(CosignaturesTooFew, match=r"0 of 2; .*403 note\.unsigned"):
        gather(watched(other, 2, *three))


def test_without_a_kept_head_the_witnesses_say_from_where(
    founded: House, three: list[Served], tmp_path: Path
) -> None:
    house = watched(founded, 2, *three)
    gather(house)
    (tmp_path / "log" / "checkpoint").unlink()
    size = grow(house)
    assert gather(house).head.size == size
    assert asked(three) == 3 + 6


def test_one_that_was_away_comes_back(founded: House, three: list[Served]) -> None:
    gather(watched(founded, 2, *three))
    grow(founded)
    done = gather(watched(founded, 2, *three[:2], liar()))
    assert list(done.others) == ["w.example/liar"]
    grow(founded)
    assert len(gather(watched(founded, 3, *three)).cosigned) == 3


def test_a_witness_that_is_down_is_told_and_the_others_are_enough(
    founded: House, three: list[Served]
) -> None:
    house = watched(founded, 2, *three)
    three[1].process.kill()
    three[1].process.wait()
    done = gather(house)
    assert list(done.cosigned) == ["w.example/ministry", "w.example/firm"]
    assert done.others["w.example/bank"].startswith("witness.unreachable: ")
    assert size_kept(house) == done.head.size
    three[1].process.returncode = 0  # as its end is looked at


def test_too_few_say_what_each_said_and_the_older_head_is_kept(
    founded: House, three: list[Served]
) -> None:
    gather(watched(founded, 2, *three))
    before = kept(founded)
    grow(founded)
    (three[1].folder / "logs.json").write_text("{")
    house = watched(founded, 2, three[0], three[1], liar())
    with pytest.raises(CosignaturesTooFew) as caught:
        gather(house)
    said = caught.value.detail
    assert said.startswith("1 of 2; w.example/bank: witness.refused: 500 witness.state-lost")
    assert "; w.example/liar: witness.unreachable: " in said
    assert kept(founded) == before


# Those who answer otherwise.


def lying(house: House) -> Talk:
    """One that signs something else under its own name."""

    def talk(connection: socket.socket, asked: bytes) -> None:
        text = parse_note(asked.decode().partition("\n\n")[2]).text
        name, blob = cosign(text.replace("\n", "\n1", 1), "w.example/liar", LIAR, house.now())
        connection.sendall(answer(200, Note("", ((name, blob),)).encode().encode()[1:]))

    return talk


def plain(_: House) -> Talk:
    """One that signs the head as the house does, without a time."""

    def talk(connection: socket.socket, asked: bytes) -> None:
        text = parse_note(asked.decode().partition("\n\n")[2]).text
        blob = liar().key.id + LIAR.sign(text.encode())
        connection.sendall(answer(200, Note("", (("w.example/liar", blob),)).encode().encode()[1:]))

    return talk


TALKS: dict[str, tuple[Callable[[House], Talk], str]] = {
    "wrong": (lying, "note.signature-wrong"),
    "not dated": (plain, "note.signature-wrong"),
    "nothing": (lambda _: always(answer(200, b"")), "note.unsigned"),
    "others": (lambda _: always(answer(200, b"\xe2\x80\x94 x AAAAAAAA\n")), "note.unsigned"),
    "garbage": (lambda _: always(b"\x00" * 1000), "witness.unreachable"),
    "no lines": (lambda _: always(answer(200, b"garbage")), "witness.answer-malformed"),
    "endless": (lambda _: dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 9999), "witness."),
    "slow": (lambda _: dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), "witness.unreachable"),
    "refusal": (lambda _: always(answer(400, b"no")), "witness.refused: 400 no"),
    "no size": (lambda _: always(answer(409, b"x", SIZE)), "witness.refused: 409 x"),
    "sizes": (lambda _: always(answer(409, b"1\n", SIZE)), "witness.refused: it has seen 1"),
}


@pytest.mark.parametrize("how", TALKS)
def test_who_answers_otherwise_is_told_and_never_counts(
    founded: House, three: list[Served], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(feed, "ANSWER_S_MAX", 2)
    talk, code = TALKS[how]
    with talking(talk(founded)) as (url, _):
        done = gather(watched(founded, 2, liar(url), *three[:2]))
        assert done.others["w.example/liar"].startswith(code)
        assert len(done.cosigned) == 2
        note = kept(founded)
        assert note is not None
        assert {name for name, _ in note.signatures[1:]} == set(done.cosigned)

        grow(founded)
        with pytest.raises(CosignaturesTooFew, match=f"1 of 2; w.example/liar: {code}"):
            gather(watched(founded, 2, liar(url), three[0]))
        assert kept(founded) == note


def test_another_witnesss_cosignature_is_not_ones_own(founded: House, three: list[Served]) -> None:
    gather(watched(founded, 1, three[0]))
    note = kept(founded)
    assert note is not None
    lines = Note("", note.signatures[1:]).encode().encode()[1:]
    with (
        talking(always(answer(200, lines))) as (url, _),
        pytest.raises(CosignaturesTooFew, match=r"1 of 2; w\.example/liar: note\.unsigned"),
    ):
        gather(watched(founded, 2, three[0], liar(url)))


# Disputes.


def rewritten(house: House, folder: Path) -> House:
    """The house with another history of the same length, told by the same key."""
    house.db.execute("DELETE FROM consumer")
    other = replace(house, log=replace(house.log, tiles=Tiles(folder), secret=b"1" * 32))
    follow(other)
    return other


@pytest.mark.parametrize("grown", [False, True])
def test_another_history_is_an_alarm_though_enough_others_cosign(
    founded: House, three: list[Served], tmp_path: Path, grown: bool
) -> None:
    gather(watched(founded, 1, three[0]))
    other = watched(rewritten(founded, tmp_path / "other"), 2, *three)
    if grown:
        grow(other)
    for _ in range(2):  # again, until people have decided
        with pytest.raises(WitnessAlarmed, match=r"alarmed: w\.example/ministry: ") as caught:
            gather(other)
        assert "w.example/bank" not in caught.value.detail
        assert kept(other) is None


def test_a_log_that_was_rolled_back_is_an_alarm(
    founded: House, three: list[Served], tmp_path: Path
) -> None:
    house = watched(founded, 2, *three)
    size = log.size(house)
    grown = grow(house)
    gather(house)
    (tmp_path / "log" / "checkpoint").unlink()
    house.db.execute("UPDATE consumer SET position = %s WHERE name = 'log'", [size])
    with pytest.raises(WitnessAlarmed, match=f"has seen {grown} entries, and is shown {size}"):
        gather(house)
    assert kept(house) is None
    follow(house)
    assert gather(house).head.size == grown


@pytest.mark.parametrize(
    "told", [answer(422, b""), answer(409, b"999999\n", SIZE)], ids=["422", "409"]
)
def test_a_witness_of_anothers_making_can_alarm(
    founded: House, three: list[Served], told: bytes
) -> None:
    gather(watched(founded, 2, *three))
    before = kept(founded)
    grow(founded)
    with talking(always(told)) as (url, _):
        house = watched(founded, 2, *three, liar(url))
        with pytest.raises(WitnessAlarmed, match=r"alarmed: w\.example/liar: "):
            gather(house)
        assert kept(house) == before
    assert len(gather(watched(founded, 2, *three)).cosigned) == 3


def test_a_witness_that_was_shown_a_later_head_meanwhile_is_no_alarm(
    founded: House, three: list[Served], db_url: str
) -> None:
    """Somebody asked it by hand, while the log went on."""
    later: list[int] = []

    def talk(connection: socket.socket, _: bytes) -> None:
        if not later:
            with connect(db_url) as db:
                later.append(grow(replace(founded, db=db)))
        connection.sendall(answer(409, b"%d\n" % later[0], SIZE))

    with talking(talk) as (url, _):
        done = gather(watched(founded, 2, *three, liar(url)))
    assert done.head.size < later[0]
    assert done.others["w.example/liar"].startswith("witness.disputes: it has seen")


def test_the_house_sees_itself_that_its_log_is_another(
    founded: House, three: list[Served], tmp_path: Path
) -> None:
    house = watched(founded, 2, *three)
    size = log.size(house)
    grow(house)
    gather(house)
    note = kept(house)
    assert note is not None
    house.db.execute("UPDATE consumer SET position = %s WHERE name = 'log'", [size])
    with pytest.raises(LogDiffers):
        gather(house)
    other = watched(rewritten(founded, tmp_path / "other"), 2, *three)
    other.log.tiles.keep(note)
    with pytest.raises(LogDiffers):
        gather(other)
    assert asked(three) == 3


# What is not as it should be.


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\xff", b"a\n\n\xe2\x80\x94 x AAAAAAAA\n"], ids=range(4)
)
def test_a_kept_head_that_is_none_is_an_alarm(
    founded: House, three: list[Served], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "log" / "checkpoint").write_bytes(content)
    with pytest.raises(CheckpointDamaged):
        gather(watched(founded, 2, *three))
    assert asked(three) == 0


def test_a_kept_head_of_another_house_is_not_this_ones(founded: House, three: list[Served]) -> None:
    note = log.checkpoint(founded)
    founded.log.tiles.keep(replace(note, text=note.text.replace("clearhouse/", "another/")))
    assert len(gather(watched(founded, 2, *three)).cosigned) == 3


def test_nobody_to_ask_is_refused(founded: House) -> None:
    with pytest.raises(NoWitnesses):
        gather(founded)


def test_a_house_that_nobody_founded_has_no_head(house: House) -> None:
    with pytest.raises(NotFounded):
        gather(watched(house, 1, liar()))


def test_a_witness_that_is_named_twice_is_not_asked(founded: House, three: list[Served]) -> None:
    one = three[0].witness
    again = replace(one, key=replace(one.key, name="w.example/again"))
    other = Witness(replace(liar().key, name=one.key.name), one.url)
    for twice in ((one, one), (one, again), (one, other)):
        with pytest.raises(WitnessTwice):
            gather(watched(founded, 1, *twice))
    assert asked(three) == 0


def test_of_two_that_gather_at_once_one_finds_it_done(
    founded: House, three: list[Served], db_url: str
) -> None:
    failed: list[Exception] = []
    start = threading.Barrier(3)

    def one() -> None:
        try:
            with connect(db_url) as db:
                mine = watched(replace(founded, db=db), 3, *three)
                start.wait()
                gather(mine)
        except Exception as trouble:  # noqa: BLE001 - told by an assertion
            failed.append(trouble)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert asked(three) == 3


def test_killed_before_the_head_is_kept_the_next_one_keeps_it(
    founded: House, three: list[Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = watched(founded, 2, *three)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Tiles, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            gather(house)
    assert kept(house) is None
    size = grow(house)
    assert gather(house).head.size == size
