"""People on the command line: from a founding to an erasure, with wrong input on the way."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clearhouse.__main__ import app

USAGE, REFUSED, DONE = 2, 1, 0
PASSPHRASE = "a long passphrase"  # noqa: S105 - it guards nothing


@dataclass(frozen=True)
class Desk:
    """A home, and people at its command line with key files beside it."""

    folder: Path

    def run(self, *words: str, code: int = DONE, passphrase: str = PASSPHRASE) -> str:
        settings = {"CLEARHOUSE_HOME": str(self.folder / "home"), "DATABASE_URL": ""}
        done = CliRunner().invoke(app, list(words), env=settings, input=f"{passphrase}\n")
        assert done.exit_code == code, done.output
        return done.stdout

    def json(self, *words: str, code: int = DONE, passphrase: str = PASSPHRASE) -> dict[str, Any]:
        said = json.loads(self.run(*words, "--json", code=code, passphrase=passphrase))
        assert isinstance(said, dict)
        return said

    def refused(self, *words: str, passphrase: str = PASSPHRASE) -> str:
        """The code with which a command is refused."""
        code = self.json(*words, code=REFUSED, passphrase=passphrase)["error"]["code"]
        assert isinstance(code, str)
        return code

    def key(self, name: str) -> str:
        return str(self.folder / f"{name}.pem")

    def make(self, name: str) -> str:
        return str(self.json("key", "make", self.key(name))["key"])

    def agree(self, *words: str, maker: str = "ada", other: str = "bela") -> None:
        proposal = str(self.json("propose", *words, "--with", self.key(maker))["command"])
        self.run("approve", proposal, "--with", self.key(other))

    def people(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.json("people", "list")["people"]}


@pytest.fixture(scope="module")
def founded() -> Iterator[Desk]:
    """A house that Ada and Bela founded by the guide's commands."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)
    desk = Desk(folder)
    try:
        desk.run("database", "start")
        file = str(folder / "founding.json")
        for name in ("ada", "bela"):
            key = desk.make(name)
            who = ("--name", name.title(), "--affiliation", "Central Bank", "--key", key)
            desk.run("people", "draft", file, *who)
        desk.run("key", "sign", desk.key("ada"), file)
        assert desk.refused("people", "found", file) == "person.signature-wrong"
        desk.run("key", "sign", desk.key("bela"), file)
        first, again = (desk.json("people", "found", file) for _ in range(2))
        assert first == again
        third = ("--name", "Cleo", "--affiliation", "Bank", "--key", desk.make("cleo"))
        assert desk.refused("people", "draft", file, *third) == "founding.malformed"
        yield desk
        desk.run("database", "stop")
    finally:
        shutil.rmtree(folder)


def test_a_role_takes_two_people(founded: Desk) -> None:
    ada = founded.people()["Ada"]["person"]
    with_ada, with_bela = (("--with", founded.key(name)) for name in ("ada", "bela"))

    founded.run("propose", "grant", ada, "operator", *with_ada)
    (waiting,) = founded.json("proposals")["proposals"]
    assert founded.refused("approve", waiting["proposal"], *with_ada) == "proposal.own"
    assert waiting["proposal"] in founded.run("proposals")
    founded.run("approve", waiting["proposal"], *with_bela)

    assert founded.people()["Ada"]["roles"] == ["administrator", "operator"]
    assert founded.json("proposals")["proposals"] == []
    assert founded.json("proposals", "--all")["proposals"]
    again = founded.refused("propose", "grant", ada, "operator", *with_ada)
    assert again == "person.role-held"


def test_a_command_can_be_signed_where_the_key_is(founded: Desk) -> None:
    file = str(founded.folder / "order.json")
    ada, key = founded.people()["Ada"]["person"], next(iter(founded.people()["Bela"]["keys"]))
    founded.run("propose", "grant", ada, "auditor", "--key", key, "--out", file)

    assert founded.refused("submit", file) == "key.nothing-to-sign"
    assert "GrantRole" in founded.run("key", "sign", founded.key("bela"), file)
    first, second = founded.json("submit", file), founded.json("submit", file)
    assert (first["again"], second["again"]) == (False, True)
    founded.run("decline", first["command"], "--reason", "no need", "--with", founded.key("ada"))
    assert founded.json("submit", file)["proposal"] == "declined"


def test_a_person_comes_and_is_forgotten(founded: Desk) -> None:
    house = founded.json("people", "found", str(founded.folder / "founding.json"))["house"]
    key = founded.make("dora")
    proof = founded.folder / "dora.json"
    proof.write_text(founded.run("key", "prove", founded.key("dora"), house))
    who = ("--name", "Dora Ångström", "--affiliation", "Bank 7")
    founded.agree("enrol", str(proof), *who)
    dora = founded.people()["Dora Ångström"]
    assert dora["keys"] == {key: True}

    second = founded.make("dora-2")
    proven = founded.run("key", "prove", founded.key("dora-2"), house, "--person", dora["person"])
    proof.write_text(proven)
    founded.agree("key", str(proof))
    founded.run("revoke", key, "--reason", "lost", "--with", founded.key("dora-2"))
    assert founded.people()["Dora Ångström"]["keys"] == {key: False, second: True}
    lost = ("revoke", second, "--reason", "x", "--with", founded.key("dora"))
    assert founded.refused(*lost) == "person.key-revoked"

    bela = founded.people()["Bela"]["person"]
    founded.agree("grant", bela, "compliance")
    founded.agree("erase", dora["person"], "--reason", "asked for it")
    assert "(dossier.erased)" in founded.people()
    assert "Ångström" not in founded.run("people", "list")
    checked = founded.json("people", "check")
    assert checked["wrong"] == {}
    assert checked["signatures"] > 8
    assert founded.run("journal", "replay").endswith("make the same tables\n")


def wrong_usage(desk: Desk) -> list[tuple[str, ...]]:
    ada, key = desk.people()["Ada"]["person"], next(iter(desk.people()["Ada"]["keys"]))
    return [
        ("propose", "grant", ada, "auditor"),
        ("propose", "grant", ada, "auditor", "--key", key),
        ("propose", "grant", ada, "auditor", "--out", "x"),
        ("approve", "cmd_x", "--with", desk.key("ada"), "--out", "x"),
    ]


def test_how_a_command_is_signed_must_be_said_in_one_way(founded: Desk) -> None:
    for words in wrong_usage(founded):
        founded.run(*words, code=USAGE)


NOBODY = "0" * 26


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("key make ADA", "key.file-there"),
        ("key show nowhere.pem", "file.unreadable"),
        ("key show FOUNDING", "key.file-unreadable"),
        ("key sign ADA ADA", "key.nothing-to-sign"),
        ("approve cmd_1 --with ADA", "id.malformed"),
        (f"approve cmd_{NOBODY} --with ADA", "proposal.unknown"),
        ("propose grant per_1 auditor --with ADA", "id.malformed"),
        (f"propose grant per_{NOBODY} auditor --with ADA", "person.unknown"),
        (f"propose grant per_{NOBODY} king --with ADA", "person.unknown-role"),
        (f"propose release cyc_{NOBODY} --with ADA", "settlement.unknown-cycle"),
        (f"propose give-up cyc_{NOBODY} --reason x --with ADA", "settlement.unknown-cycle"),
        ("propose erase per_1 --reason x --with ADA", "dossier.unknown"),
        ("propose key FOUNDING --with ADA", "key.nothing-to-sign"),
        ("revoke 00 --reason x --with ADA", "person.unknown-key"),
        ("people draft new.json --name N --affiliation B --key 0", "person.key-malformed"),
        ("people found ADA", "key.nothing-to-sign"),
    ],
)
def test_wrong_input_is_refused_with_its_code(founded: Desk, words: str, code: str) -> None:
    files = {"ADA": founded.key("ada"), "FOUNDING": str(founded.folder / "founding.json")}
    assert founded.refused(*(files.get(word, word) for word in words.split())) == code


def test_a_key_file_needs_its_passphrase_and_a_long_one(founded: Desk) -> None:
    show = ("key", "show", founded.key("ada"))
    another, short = PASSPHRASE.upper(), PASSPHRASE[:11]
    assert founded.refused(*show, passphrase=another) == "key.file-unreadable"
    make = ("key", "make", founded.key("short"))
    assert founded.refused(*make, passphrase=short) == "key.passphrase-short"
    assert Path(founded.key("ada")).stat().st_mode & 0o777 == 0o600


def test_an_argument_that_is_no_text_is_wrong_usage(founded: Desk) -> None:
    """As the system hands over bytes that are not UTF-8."""
    words = ("revoke", "\udcff", "--reason", "x", "--with", founded.key("ada"))
    assert founded.json(*words, code=USAGE)["error"]["code"] == "text.malformed"
