"""Certificates that do not hold: whoever shows one is told nothing, and hears nothing."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import NORTH, OTHER, SOUTH, Authority, Certified
from tests.travel_house import Running, Setting, running

ONE = "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1"
HOUR = timedelta(hours=1)


def setting(mine: Certified, authority: Authority, peer: str, fingerprint: str = "") -> Setting:
    files = mine.credentials
    known = [NORTH, SOUTH]
    return Setting(str(files.certificate), str(files.key), authority.pem, known, peer, fingerprint)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", "an authority")


@contextmanager
def houses(
    folder: Path, authority: Authority, north: Certified, south: Certified, fingerprint: str = ""
) -> Iterator[tuple[Running, Running]]:
    """Two houses that trust one authority; the first calls the second."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(
                running(folder / "n", setting(north, authority, SOUTH, fingerprint))
            ),
            stack.enter_context(running(folder / "s", setting(south, authority, NORTH))),
        )


def inquire(house: Running, other: Running) -> dict[str, Any]:
    order = {"identifier": ONE, "about": "t1", "amount": "0.000021", "ivms": "{}"}
    return house.do(do="inquire", at=other.address("alice"), **order)


NO_HOUSE = {
    "expired": ({"since": -48 * HOUR, "until": -HOUR}, "trp.certificate-expired"),
    "early": ({"since": HOUR, "until": 48 * HOUR}, "trp.certificate-early"),
    "for another host": ({"hosts": ("127.0.0.2",)}, "trp.certificate-untrusted"),
    "of its own making": ({"own": True}, "trp.certificate-untrusted"),
}


@pytest.mark.parametrize("name", NO_HOUSE)
def test_a_house_that_shows_what_does_not_hold_is_told_nothing(
    tmp_path: Path, authority: Authority, name: str
) -> None:
    changed, code = NO_HOUSE[name]
    south = authority.issue("south", SOUTH, **changed)  # type: ignore[arg-type]
    with houses(tmp_path, authority, authority.issue("north", NORTH), south) as (caller, other):
        assert inquire(caller, other)["refused"] == code
        assert other.rows("kept") == []


def test_one_of_another_authority_is_told_nothing(tmp_path: Path, authority: Authority) -> None:
    stranger = Authority(tmp_path / "stranger", "an authority")  # of the same name
    south = stranger.issue("south", SOUTH)
    with houses(tmp_path, authority, authority.issue("north", NORTH), south) as (caller, other):
        assert inquire(caller, other)["refused"] == "trp.certificate-untrusted"
        assert other.rows("kept") == []


@pytest.mark.parametrize("leis", [(), (SOUTH, OTHER), ("NOT AN LEI",)], ids=["no", "two", "none"])
def test_one_that_does_not_say_whose_it_is_is_told_nothing(
    tmp_path: Path, authority: Authority, leis: tuple[str, ...]
) -> None:
    south = authority.issue("south", *leis)
    with houses(tmp_path, authority, authority.issue("north", NORTH), south) as (caller, other):
        assert inquire(caller, other)["refused"] == "trp.certificate-unnamed"
        assert other.rows("kept") == []


def test_where_one_certificate_is_meant_no_other_of_the_same_house_does(
    tmp_path: Path, authority: Authority
) -> None:
    """Also not one that the same authority has issued to the same LEI; the one itself does."""
    north, south = authority.issue("north", NORTH), authority.issue("south", SOUTH)
    newer = authority.issue("newer", SOUTH)
    for shown, expected in ((south, None), (newer, "trp.certificate-of-another")):
        folder = tmp_path / shown.fingerprint[:8]
        folder.mkdir()
        with houses(folder, authority, north, shown, south.fingerprint) as (caller, other):
            assert inquire(caller, other).get("refused") == expected
            assert len(other.rows("kept")) == (expected is None)


@pytest.mark.parametrize("name", ["expired", "early", "of its own making"])
def test_a_caller_that_shows_what_does_not_hold_is_not_heard(
    tmp_path: Path, authority: Authority, name: str
) -> None:
    """TLS ends it before a request is read; what that looks like is the caller's trouble."""
    changed, _ = NO_HOUSE[name]
    north = authority.issue("north", NORTH, **changed)  # type: ignore[arg-type]
    with houses(tmp_path, authority, north, authority.issue("south", SOUTH)) as (caller, other):
        assert inquire(caller, other)["refused"] == "trp.unreachable"
        assert other.rows("kept") == []
        assert '"lost"' in other.log()


def test_a_caller_whom_the_house_does_not_know_is_told_so_alone(
    tmp_path: Path, authority: Authority
) -> None:
    stranger = authority.issue("other", OTHER)
    with houses(tmp_path, authority, stranger, authority.issue("south", SOUTH)) as (caller, other):
        said = inquire(caller, other)
        assert (said["refused"], said["its_code"]) == ("trp.refused", "trp.provider-unknown")
        assert other.rows("kept") == []


def test_no_variable_of_the_environment_sends_a_call_elsewhere(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere"))
    north, south = authority.issue("north", NORTH), authority.issue("south", SOUTH)
    with houses(tmp_path, authority, north, south) as (caller, other):
        assert inquire(caller, other)["found"] == "Approval"
        assert len(other.rows("kept")) == 1
