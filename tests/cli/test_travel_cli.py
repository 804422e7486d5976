"""Travel Rule records at the command line: filed, looked at, checked, and asked about."""

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import pytest
from tests.certificates import NORTH, OTHER, SOUTH, Authority
from tests.cli.test_rulebook_cli import REFUSED, Desk
from tests.recorded import table
from tests.travel_house import Setting, running
from tests.travelling import legal, named
from tests.vasps import ORIGIN, SINCE, vasp

from clearhouse.core.associate import ASSOCIATES, Associate
from clearhouse.core.ids import ParticipantId, derived
from clearhouse.core.owner import ENTITIES, Entity
from clearhouse.core.record import Register
from clearhouse.core.travel_rule.records import VASPS

WRONG_USAGE = 2
UNKNOWN = "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1"


def entered(desk: Desk, register: Register, one: Any) -> None:
    file = table(desk.folder, register, register.write(one))
    desk.agree("records", register.name, str(file))


@pytest.fixture(scope="module")
def due(desk: Desk) -> str:
    """A payment of A, which keeps its coin with a provider, to b, which does so alone."""
    entered(desk, ENTITIES, Entity(ORIGIN, "company", "Provider", "XA"))
    entered(desk, VASPS, vasp(ORIGIN))
    who = ParticipantId(desk.firm("A").id)
    entered(desk, ASSOCIATES, Associate(who, ORIGIN, "platform", "its own statement", SINCE))
    (id,) = desk.trade("A", "b", "100.00")
    return id


def record(desk: Desk, folder: Path, **more: Any) -> str:
    payer, payee = (desk.firm(letter) for letter in "Ab")
    said = {
        "originator": {
            "originatorPerson": [
                {**legal(payer.name, payer.id, payer.residence, **more), "accountNumber": ["1"]}
            ]
        },
        "beneficiary": {
            "beneficiaryPerson": [
                {**legal(payee.name, payee.id, payee.residence), "accountNumber": ["2"]}
            ]
        },
        "originatingVASP": {"originatingVASP": named(ORIGIN)},
        "beneficiaryVASP": {"beneficiaryVASP": named("")},
        "payloadMetadata": {"payloadVersion": "101.2023"},
    }
    file = folder / "record.json"
    file.write_text(json.dumps(said))
    return str(file)


def codes(document: dict[str, Any], *verdicts: str) -> set[str]:
    return {one["code"] for one in document["grounds"] if one["verdict"] in verdicts}


def test_a_payment_waits_for_its_record_until_it_is_filed(
    desk: Desk, due: str, tmp_path: Path
) -> None:
    (waits,) = desk.json("travel")["payments"]
    assert (waits["obligation"], waits["record"]) == (due, None)
    assert codes(waits, "hold") == {"gate.record-missing"}
    assert due in desk.text("travel")

    bela = ("--with", desk.key("bela"))
    less = {"geographicAddress": None, "customerIdentification": "C-1"}
    said = desk.json("travel", "file", due, record(desk, tmp_path, **less), *bela)
    assert (said["complete"], said["lacks"]) == ("full", "originator.address")
    (waits,) = desk.json("travel")["payments"]
    assert codes(waits, "hold") == {"gate.record-incomplete"}
    assert "originator.address" in desk.text("travel")

    told = desk.text("travel", "file", due, record(desk, tmp_path), *bela)
    assert "complete as a revised record" in told
    assert desk.json("travel")["payments"] == []
    assert "no payment waits" in desk.text("travel")
    shown = desk.json("travel", "show", due)
    assert codes(shown, "hold", "deny") == set()
    assert "gate.record-complete" in codes(shown, "clear")
    assert (shown["record"]["originating"], shown["record"]["beneficiary"]) == (ORIGIN, None)
    text = desk.text("travel", "show", due)
    assert "is complete" in text
    assert "Harbour Street" not in text + json.dumps(shown)
    assert "Harbour Street" not in desk.text("records", "export", "travel_record")

    filed = json.loads(Path(record(desk, tmp_path)).read_text())
    words = ("travel", "read", due, "--with", desk.key("ada"), "--reason")
    assert json.loads(desk.text(*words, "an audit")) == filed
    assert desk.run(*words, " ").refused == "record.reason-missing"
    orders = desk.text("journal", "read")
    assert "an audit" in orders
    assert "Harbour Street" not in orders


def test_a_record_is_checked_and_put_into_the_other_version(desk: Desk, tmp_path: Path) -> None:
    file = record(desk, tmp_path)
    said = desk.json("travel", "check", file, "--to", "101")
    assert (said["version"], said["complete"], said["refusals"]) == ("101.2023", "revised", [])
    assert "originatorPersons" in said["record"]
    other = tmp_path / "other.json"
    other.write_text(said["record"])
    again = desk.json("travel", "check", str(other), "--to", "101.2023")
    assert again["version"] == "101"
    assert json.loads(again["record"]) == json.loads(Path(file).read_text())
    assert "version 101" in desk.text("travel", "check", str(other))
    wrong = desk.run("travel", "check", file, "--to", "102")
    assert wrong.code == WRONG_USAGE


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"originator": 1}', '{"a": 1, "a": 2}', '{"n": NaN}', "\udcff"],
    ids=["empty", "cut off", "a list", "nothing", "a number", "twice", "no number", "no text"],
)
def test_what_is_no_record_is_told(desk: Desk, due: str, tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert desk.json("travel", "check", str(file))["refusals"]
    answer = desk.run("travel", "file", due, str(file), "--with", desk.key("bela"), "--json")
    assert answer.code == REFUSED
    assert answer.refused.startswith("ivms")


def test_what_is_not_there_is_told(desk: Desk, tmp_path: Path) -> None:
    nobody = derived("obl", "nobody")
    for words in (
        ("travel", "show", nobody),
        ("travel", "show", "x"),
        ("travel", "file", nobody, record(desk, tmp_path), "--with", desk.key("bela")),
    ):
        answer = desk.run(*words, "--json")
        assert (answer.code, answer.refused) == (REFUSED, "travel-record.unknown")


def test_a_house_hears_others_as_a_process_of_its_own(desk: Desk, tmp_path: Path) -> None:
    """Whom it knows is answered; a stranger with a certificate is not; nothing personal is logged.

    The house's test clock is of months ago: so long its certificates have been there.
    """
    authority = Authority(desk.home / "travel", "an authority")
    (desk.home / "travel" / "trust.pem").write_text(authority.pem)
    long = timedelta(days=-400)
    mine = authority.issue("north", NORTH, since=long)
    mine.credentials.key.chmod(0o600)
    desk_file(desk)
    entered(desk, VASPS, vasp(SOUTH))
    settings = os.environ | {"CLEARHOUSE_HOME": str(desk.home), "DATABASE_URL": ""}
    command = [sys.executable, "-m", "clearhouse", "travel", "serve"]
    with (tmp_path / "log").open("w") as log:
        serving = Popen(command, stdout=PIPE, stderr=log, text=True, env=settings)
    try:
        assert serving.stdout is not None
        said = json.loads(serving.stdout.readline())
        assert said["lei"] == NORTH
        url = f"https://{said['listens']}/resolutions/{UNKNOWN}"
        order = {"do": "reject", "at": url, "identifier": UNKNOWN, "about": "b"}
        answers = {}
        for lei in (SOUTH, OTHER):
            theirs = authority.issue(f"of {lei}", lei, since=long).credentials
            files = (str(theirs.certificate), str(theirs.key))
            with running(tmp_path / lei, Setting(*files, authority.pem, [], NORTH)) as other:
                answers[lei] = other.do(**order)["its_code"]
        assert answers == {SOUTH: "trp.target-unknown", OTHER: "trp.provider-unknown"}
        text = (tmp_path / "log").read_text()
        assert text.count('"status"') == 2
        assert url.rpartition("/")[2] not in text.replace(f'"identifier": "{UNKNOWN}"', "")
    finally:
        serving.terminate()
        serving.communicate(timeout=20)
        (desk.home / "travel.toml").unlink()


def desk_file(desk: Desk, **changed: Any) -> None:
    said = {
        "listen": "127.0.0.1:0",
        "public": "house.example:8443",
        "certificate": "travel/north.pem",
        "key": "travel/north.key",
        "trust": "travel/trust.pem",
    } | changed
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items())
    (desk.home / "travel.toml").write_text(lines)


def test_providers_are_asked_from_where_the_settings_say(desk: Desk) -> None:
    """Without them from nowhere; and what is wrong with them is told."""
    for command in ("ask", "serve"):
        answer = desk.run("travel", command, "--json")
        assert (answer.code, answer.refused) == (REFUSED, "travel.no-desk")
    authority = Authority(desk.home / "travel", "an authority")
    authority.issue("north", NORTH)
    (desk.home / "travel" / "trust.pem").write_text(authority.pem)
    key = desk.home / "travel" / "north.key"
    try:
        wrong: tuple[dict[str, Any], ...] = (
            {"listen": "127.0.0.1"},
            {"public": "house.example:99999"},
            {"certificate": "travel/nobody.pem"},
            {"trust": 7},
            {"networks": ["10.1.0.0/99"]},
            {"ports": ["443"]},
            {"port": 443},
        )
        key.chmod(0o600)
        for one in wrong:
            desk_file(desk, **one)
            answer = desk.run("travel", "ask", "--json")
            assert (answer.code, answer.refused) == (REFUSED, "settings.travel-malformed"), one
        desk_file(desk)
        key.chmod(0o644)
        assert desk.run("travel", "ask", "--json").refused == "settings.travel-malformed"
        key.chmod(0o600)
        # The house's clock is a test clock of months before the certificate was issued.
        assert desk.run("travel", "ask", "--json").refused == "trp.certificate-early"
    finally:
        (desk.home / "travel.toml").unlink(missing_ok=True)
