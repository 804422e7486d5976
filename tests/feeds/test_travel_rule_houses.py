"""Two houses, each a process of its own, that tell each other of a transfer over mutual TLS."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.certificates import NORTH, SOUTH, Authority, Certified
from tests.travel_house import PAYEE, Running, Setting, running

ONE, TWO = "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1", "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c2"
TXID = "ab" * 32
# Odd on purpose: it must arrive as it is written.
IVMS = '{ "originator" : {"originatorPersons":[ {"naturalPerson":"Zoë \\u00e9 Ünal"} ]},"n":1.50 }'


def setting(mine: Certified, authority: Authority, peer: str, fingerprint: str = "") -> Setting:
    files = mine.credentials
    known = [NORTH, SOUTH]
    return Setting(str(files.certificate), str(files.key), authority.pem, known, peer, fingerprint)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", "an authority")


@pytest.fixture
def houses(tmp_path: Path, authority: Authority) -> Iterator[tuple[Running, Running]]:
    north, south = authority.issue("north", NORTH), authority.issue("south", extension=SOUTH)
    with ExitStack() as stack:
        yield (
            stack.enter_context(running(tmp_path / "n", setting(north, authority, SOUTH))),
            stack.enter_context(running(tmp_path / "s", setting(south, authority, NORTH))),
        )


def inquire(house: Running, other: Running, **changed: str) -> dict[str, object]:
    order = {"identifier": ONE, "about": "t1", "amount": "0.000021", "ivms": IVMS}
    return house.do(do="inquire", at=other.address("alice"), **order | changed)


def test_a_transfer_is_asked_for_approved_and_confirmed(houses: tuple[Running, Running]) -> None:
    north, south = houses
    found = inquire(north, south)
    assert found["found"] == "Approval"
    assert found["address"] == PAYEE
    assert found["callback"] == south.url("confirmations", "alice")
    order = {"do": "confirm", "at": found["callback"], "identifier": TWO, "txid": TXID}
    assert north.do(**order) == {"found": None}
    assert south.rows("done") == [
        ("inquiry", NORTH, "alice", IVMS),
        ("confirmation", NORTH, "alice", TXID),
    ]


def test_the_answer_may_come_by_callback(houses: tuple[Running, Running]) -> None:
    north, south = houses
    (south.folder / "later").touch()
    assert inquire(north, south)["found"] == "Acknowledgement"
    callback = north.url("resolutions", "t1")
    found = south.do(do="resolve", at=callback, identifier=ONE, about="alice")
    assert found == {"found": None}
    assert north.rows("done") == [("resolution", SOUTH, "t1", "Approval")]
    cancelled = north.do(do="cancel", at=south.url("confirmations", "alice"), identifier=TWO)
    assert cancelled == {"found": None}
    assert south.rows("done")[1:] == [("confirmation", NORTH, "alice", "canceled")]


def test_a_retry_changes_nothing_and_is_answered_alike(houses: tuple[Running, Running]) -> None:
    north, south = houses
    first = inquire(north, south)
    assert inquire(north, south) == first
    assert len(south.rows("done")) == 1


def test_the_same_identifier_with_other_bytes_is_a_conflict(
    houses: tuple[Running, Running],
) -> None:
    north, south = houses
    inquire(north, south)
    for changed in ({"amount": "0.000022"}, {"ivms": IVMS.replace("Zo", "Za")}, {"about": "t2"}):
        refused = inquire(north, south, **changed)
        assert refused["refused"] == "trp.refused"
        assert refused["its_code"] == "trp.request-otherwise"
    assert len(south.rows("done")) == 1


def test_killed_before_it_decided_the_retry_is_the_first(
    tmp_path: Path, houses: tuple[Running, Running]
) -> None:
    north, south = houses
    (south.folder / "wait").touch()
    order = {"identifier": ONE, "about": "t1", "amount": "1", "ivms": IVMS}
    north.send(do="inquire", at=south.address("alice"), **order)
    wait_for(south.folder / "waiting")
    south.kill()
    assert north.hear()["refused"] == "trp.unreachable"
    (south.folder / "wait").unlink()
    with running(tmp_path / "s", south.setting) as again:
        assert again.rows("done") == []
        found = inquire(north, again, amount="1")
        assert found["found"] == "Approval"
        assert inquire(north, again, amount="1") == found
        assert len(again.rows("done")) == 1


def test_killed_after_it_decided_the_retry_changes_nothing(
    tmp_path: Path, houses: tuple[Running, Running]
) -> None:
    north, south = houses
    (south.folder / "die").touch()
    assert inquire(north, south)["refused"] == "trp.unreachable"
    (south.folder / "die").unlink()
    with running(tmp_path / "s", south.setting) as again:
        assert len(again.rows("done")) == 1
        assert inquire(north, again)["found"] == "Approval"
        assert len(again.rows("done")) == 1
        refused = inquire(north, again, amount="2")
        assert refused["its_code"] == "trp.request-otherwise"


def test_killed_while_it_asks_the_asking_house_asks_again(
    tmp_path: Path, houses: tuple[Running, Running]
) -> None:
    north, south = houses
    (south.folder / "wait").touch()
    order = {"identifier": ONE, "about": "t1", "amount": "1", "ivms": IVMS}
    north.send(do="inquire", at=south.address("alice"), **order)
    wait_for(south.folder / "waiting")
    north.kill()
    (south.folder / "go").touch()
    deadline = time.monotonic() + 30
    while not south.rows("done") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(south.rows("done")) == 1  # the other house had asked, and this one has decided
    (south.folder / "wait").unlink()
    with running(tmp_path / "n", replace(north.setting, port=north.port)) as again:
        assert inquire(again, south, amount="1")["found"] == "Approval"
        assert inquire(again, south, amount="2")["its_code"] == "trp.request-otherwise"
    assert len(south.rows("done")) == 1


def test_nothing_personal_is_in_a_log(houses: tuple[Running, Running]) -> None:
    north, south = houses
    inquire(north, south)
    inquire(north, south, amount="7")
    inquire(north, south, identifier=TWO, ivms='{"name":"Zoë","name":"Ünal"}')
    lines = [json.loads(line) for line in south.log().splitlines()]
    assert [line["status"] for line in lines] == [200, 409]  # the third was never sent
    assert {line["lei"] for line in lines} == {NORTH}
    said = south.log() + (south.folder / "errors").read_text()
    for secret in ("Zo", "nal", "naturalPerson", "alice", "0.000021", PAYEE, "t1"):
        assert secret not in said
    assert (south.folder / "errors").read_text() == ""


def test_two_houses_of_one_authority_are_not_each_other(
    tmp_path: Path, houses: tuple[Running, Running], authority: Authority
) -> None:
    """North is called under South's name: it is told nothing."""
    north, _ = houses
    mine = authority.issue("third", SOUTH)
    with running(tmp_path / "t", setting(mine, authority, SOUTH)) as third:
        refused = inquire(third, north)
        assert refused["refused"] == "trp.certificate-of-another"
    assert north.rows("done") == []
    assert "inquiries" not in north.log()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert path.exists()
