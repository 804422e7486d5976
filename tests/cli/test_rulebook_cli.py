"""The law on the command line: read, tested, compared, entered, let into force, and asked again."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import psycopg
import pytest
from tests import enacted
from tests.conftest import elsewhere
from tests.enacted import adding, ruled, without
from tests.laws import SHIPPED, TEXTS, Law, toml
from typer.testing import CliRunner

from clearhouse.__main__ import app
from clearhouse.core.rulebook import parse
from clearhouse.core.rulebook.source import plain
from clearhouse.core.timetable import Stage
from clearhouse.core.zone import tzdata_version
from clearhouse.demo import country, lists
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.store import launcher

ALARM, USAGE, REFUSED, DONE = 3, 2, 1, 0
PASSPHRASE = "a long passphrase"  # noqa: S105 - it guards nothing
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NO_VERSION = "0" * 64
SHIPPED_VERSION = parse(TEXTS).version
EDITIONS: Iterator[int] = iter(range(10**6))


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        said = json.loads(self.out)
        assert isinstance(said, dict)
        return said

    @property
    def refused(self) -> str:
        """The code of the refusal."""
        return str(self.json["error"]["code"])


@dataclass
class Desk:
    """A home, people at its command line, and folders of law beside it."""

    folder: Path
    people: country.Country = field(default_factory=lambda: country.found(Random(3), 20))

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def run(self, *words: str) -> Answer:
        settings = {"CLEARHOUSE_HOME": str(self.home), "DATABASE_URL": ""}
        done = CliRunner().invoke(app, list(words), env=settings, input=f"{PASSPHRASE}\n")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Answer(done.exit_code, done.stdout, done.stderr)

    def json(self, *words: str) -> dict[str, Any]:
        """What a command that does its work says to programs."""
        done = self.run(*words, "--json")
        assert done.code == DONE, done.out + done.err
        return done.json

    def text(self, *words: str) -> str:
        """What it says to people."""
        done = self.run(*words)
        assert done.code == DONE, done.out + done.err
        return done.out

    def key(self, name: str) -> str:
        return str(self.folder / f"{name}.pem")

    def agree(self, *words: str, maker: str = "bela", other: str = "ada") -> str:
        """One proposes, the other approves; answers the proposal."""
        proposal = str(self.json("propose", *words, "--with", self.key(maker))["command"])
        self.json("approve", proposal, "--with", self.key(other))
        return proposal

    def now(self, at: datetime) -> None:
        """Set the test clock, and have lists of the minute before."""
        (self.home / "clock").write_text(at.isoformat())
        edition = next(EDITIONS)
        names = (f"Edition {edition}",)
        lists.write_lists(self.home / "lists", at - timedelta(minutes=1), names)

    def firm(self, letter: str) -> country.Firm:
        return enacted.firm(self.people, letter)

    def trade(self, debtor: str, creditor: str, *amounts: str) -> list[str]:
        """Hand in invoices of today; answers their obligations."""
        number, today = next(EDITIONS), self.today()
        parties, day = (self.firm(debtor), self.firm(creditor)), today.date()
        made = [
            Invoice(f"L-{number}-{place}", *parties, amount, "USD", day, day)
            for place, amount in enumerate(amounts)
        ]
        file = write_csv(self.folder / f"{number}.csv", made)
        self.json("intake", str(file), "--as", self.firm(creditor).id)
        return [one.id for one in made]

    def today(self) -> datetime:
        return datetime.fromisoformat((self.home / "clock").read_text())

    def law(self, name: str, law: Law) -> str:
        """A folder with a law."""
        return self.texts(
            name,
            {
                f"{key.replace('/', '-')}.toml": "".join(
                    f"{each} = {toml(value)}\n" for each, value in content.items()
                )
                for key, content in law.items()
            },
        )

    def texts(self, name: str, texts: Mapping[str, str | bytes]) -> str:
        """A folder of files."""
        folder = self.folder / name
        for file, text in texts.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(folder)

    def tamper(self, table: str, statement: str, *values: object) -> None:
        """Do what only the database's owner could, and would not."""
        url = self.json("database", "status")["url"]
        url = elsewhere(url, launcher.NAME, user=launcher.SUPERUSER)
        with psycopg.connect(url) as db:
            enacted.tamper(db, table, statement, *values)


def begun(folder: Path) -> Desk:
    """A house that Ada and Bela founded; Bela is compliance, Ada a supervisor."""
    desk = Desk(folder)
    desk.home.mkdir()
    desk.now(NOON)
    desk.run("database", "start")
    country.write_register(desk.people, folder / "participants.csv")
    said = desk.run("admit", str(folder / "participants.csv"), "--json")
    assert (said.code, said.json["lines"]["refused"]) == (REFUSED, 1)
    file = str(folder / "founding.json")
    for name in ("ada", "bela"):
        key = desk.json("key", "make", desk.key(name))["key"]
        who = ("--name", name.title(), "--affiliation", "Central Bank", "--key", key)
        desk.run("people", "draft", file, *who)
    for name in ("ada", "bela"):
        desk.run("key", "sign", desk.key(name), file)
    desk.json("people", "found", file)
    people = {one["name"]: one["person"] for one in desk.json("people", "list")["people"]}
    desk.agree("grant", people["Bela"], "compliance", maker="ada", other="bela")
    desk.agree("grant", people["Ada"], "supervisor", maker="ada", other="bela")
    return desk


@pytest.fixture
def nowhere(tmp_path: Path) -> Desk:
    """A home with nothing in it, not even a database."""
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def closed(desk: Desk) -> str:
    """The folder of a law under which Norland's corridor is closed."""
    return desk.law("closed", without("XA.corridor.open"))


@pytest.fixture(scope="module")
def held(desk: Desk) -> str:
    """One under which somebody looks at every payment; its one case tests little."""
    return desk.law("held", adding(ruled("XA.caps.all", "HOLD", "month_day > 100")))


def version(desk: Desk, folder: str) -> str:
    return str(desk.json("rulebook", "test", folder)["version"])


# Test.


def test_the_shipped_law_answers_all_its_cases(nowhere: Desk) -> None:
    said = nowhere.json("rulebook", "test")
    text = nowhere.text("rulebook", "test")

    assert said["version"] == SHIPPED_VERSION
    assert said["jurisdictions"] == ["XA", "XB", "XC", "XD"]
    assert min(said["rules"], said["standards"]) > 10
    assert said["cases"] > 200
    assert f"rulebook {SHIPPED_VERSION}\n" in text
    assert "Norland (XA)" in text
    assert f"{said['rules']} rules and {said['standards']} standards: all {said['cases']}" in text


def test_a_rulebook_is_known_by_its_words_and_not_by_its_files(nowhere: Desk) -> None:
    """Whatever they are called, in whatever folders they lie, however they are written."""
    flat = nowhere.texts("flat", {f"{n}.toml": text for n, text in enumerate(TEXTS.values())})
    deep = nowhere.texts("deep", {f"law/{n}.toml": text for n, text in enumerate(TEXTS.values())})
    rewritten = nowhere.law("rewritten", SHIPPED)
    other = nowhere.law("other", adding(ruled("XA.caps.all", "HOLD")))

    assert {version(nowhere, one) for one in (flat, deep, rewritten)} == {SHIPPED_VERSION}
    assert version(nowhere, other) != SHIPPED_VERSION


CORRIDOR = TEXTS["sudmark/corridor.toml"]


def line_of(text: str, part: str) -> int:
    """The line on which something begins."""
    assert text.count(part) == 1, part
    return text[: text.index(part)].count("\n") + 1


def changed(part: str, instead: str) -> tuple[str, int]:
    """Sudmark's law on corridors with something else in it, and on which line that is."""
    return CORRIDOR.replace(part, instead, 1), line_of(CORRIDOR, part)


WRONG: dict[str, tuple[str, str, str, str]] = {
    "no TOML": ('outcome = "DENY"', "outcome = DENY", "", "Invalid value"),
    "a case that fails": (
        'fires = [{ transaction = "domestic" }]',
        'fires = [{ transaction = "trade" }]',
        "XB.corridor.domestic",
        "its case 1 of fires fails: it is silent for transaction = trade",
    ),
    "a case that no rule could read": (
        'fires = [{ transaction = "domestic" }]',
        'fires = [{ transaction = "gift" }]',
        "XB.corridor.domestic",
        "'gift' is no text of transaction",
    ),
    "an outcome that is none": (
        'outcome = "DENY"',
        'outcome = "PERHAPS"',
        "XB.corridor.domestic",
        '"PERHAPS" is not one of',
    ),
    "a country that is none": (
        'parameters.list_b = { value = ["XA"',
        'parameters.list_b = { value = ["YY"',
        "XB.corridor.services",
        "'YY' is no jurisdiction",
    ),
    "a fact that is none": (
        'when = "debtor.residence in list_b',
        'when = "debtor.mood in list_b',
        "XB.corridor.services",
        "there is no fact debtor.mood",
    ),
    "another country's id": (
        'id = "XB.corridor.domestic"',
        'id = "XA.corridor.elsewhere"',
        "XA.corridor.elsewhere",
        "an id begins with its jurisdiction, XB.",
    ),
    "a key that is none": (
        'citation = "Sudmark Monetary Code, art. 5(2)"',
        'citation = "Sudmark Monetary Code, art. 5(2)"\nquotation = "x"',
        "XB.corridor.domestic",
        "quotation",
    ),
}


@pytest.mark.parametrize(("part", "instead", "rule", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_by_file_line_and_rule(
    nowhere: Desk, part: str, instead: str, rule: str, said: str
) -> None:
    text, line = changed(part, instead)
    folder = nowhere.texts("wrong", {**TEXTS, "sudmark/corridor.toml": text})
    answer, plainly = (nowhere.run("rulebook", "test", folder, *more) for more in (["--json"], []))

    assert (answer.code, plainly.code) == (REFUSED, REFUSED)
    error = answer.json["error"]
    assert error["code"] == "rulebook.malformed"
    assert error["file"] == "sudmark/corridor.toml"
    assert error["rule"] == rule
    assert said in error["detail"]
    assert error["detail"] in plainly.err
    assert "(rulebook.malformed)" in plainly.err
    assert plainly.out == ""
    if rule:  # of the rule's own lines, or its heading's
        assert 0 < int(error["line"]) <= line
        assert error["detail"].startswith(f"sudmark/corridor.toml:{error['line']}: {rule}:")
        between = text.splitlines()[int(error["line"]) - 1 : line]
        assert sum(one == "[[rule]]" for one in between) <= 1
    else:
        assert f"line {line}" in error["detail"]


def test_a_wrong_case_is_named_on_its_very_line(nowhere: Desk) -> None:
    text, line = changed(
        'given = { "debtor.residence" = "XA", "creditor.residence" = "XB" }',
        'given = { "debtor.residence" = "--", "creditor.residence" = "XB" }',
    )
    folder = nowhere.texts("wrong", {**TEXTS, "sudmark/corridor.toml": text})
    said = nowhere.run("rulebook", "test", folder, "--json").json["error"]
    assert (said["rule"], int(said["line"])) == ("XB.corridor.open", line - 1)


NO_RULEBOOK: dict[str, Callable[[Desk], str]] = {
    "a folder that is not there": lambda desk: str(desk.folder / "nowhere"),
    "a folder with nothing in it": lambda desk: desk.texts("empty", {"README.md": "no law"}),
    "a file": lambda desk: f"{desk.texts('alone', {'law.toml': CORRIDOR})}/law.toml",
    "a file that is no text": lambda desk: desk.texts("bytes", {"XB/corridor.toml": b"\xff\xfe"}),
    "a file twice": lambda desk: desk.texts("twice", {**TEXTS, "sudmark/again.toml": CORRIDOR}),
    "a country without a file about it": lambda desk: desk.texts(
        "headless",
        {name: text for name, text in TEXTS.items() if name != "sudmark/jurisdiction.toml"},
    ),
    "tables nested for ever": lambda desk: desk.texts(
        "deep", {**TEXTS, "sudmark/deep.toml": "a = " + "[" * 5000}
    ),
}


@pytest.mark.parametrize("made", NO_RULEBOOK.values(), ids=NO_RULEBOOK)
@pytest.mark.parametrize("command", ["test", "mutate", "show", "corridors", "timetable"])
def test_what_is_no_rulebook_is_refused(
    nowhere: Desk, command: str, made: Callable[[Desk], str]
) -> None:
    folder = made(nowhere)
    answer, plainly = (nowhere.run("rulebook", command, folder, *more) for more in (["--json"], []))
    assert (answer.code, plainly.code) == (REFUSED, REFUSED)
    assert answer.refused == "rulebook.malformed"
    assert plainly.err.startswith("A rulebook file cannot be read as law (rulebook.malformed)\n")


def test_an_own_folder_that_is_wrong_is_not_replaced_by_the_shipped_law(nowhere: Desk) -> None:
    text, _ = changed('outcome = "DENY"', 'outcome = "PERHAPS"')
    nowhere.texts("home/rulebook", {**TEXTS, "sudmark/corridor.toml": text})
    for command in ("test", "show", "mutate"):
        assert nowhere.run("rulebook", command, "--json").refused == "rulebook.malformed"


# Mutate.


def test_every_change_of_the_shipped_law_is_noticed(nowhere: Desk) -> None:
    said = nowhere.json("rulebook", "mutate")
    assert said["mutants"] > 400
    assert said["unnoticed"] == []
    assert nowhere.text("rulebook", "mutate").endswith(
        f"{said['mutants']} changes, 0 of them noticed by no case\n"
    )


def test_a_change_that_no_case_notices_is_listed(nowhere: Desk) -> None:
    law = adding(ruled("XA.caps.all", "HOLD", "month_day > 100"))
    folder = nowhere.law("weak", law)
    answer, plainly = (
        nowhere.run("rulebook", "mutate", folder, *more) for more in (["--json"], [])
    )

    assert (answer.code, plainly.code) == (REFUSED, REFUSED)
    missed = answer.json["unnoticed"]
    assert missed
    assert {one["rule"] for one in missed} == {"XA.caps.all"}
    assert any(">= for >" in one["change"] for one in missed)
    lines = plainly.out.splitlines()
    assert lines[:-1] == [f"XA.caps.all: {one['change']}" for one in missed]
    assert lines[-1] == (
        f"{answer.json['mutants']} changes, {len(missed)} of them noticed by no case"
    )


# Show.


def test_the_law_is_shown_in_words_with_its_citations(nowhere: Desk) -> None:
    text = nowhere.text("rulebook", "show")
    law = parse(TEXTS)
    assert text.startswith(f"rulebook {SHIPPED_VERSION}\n")
    for one in law.sentences():
        assert one.head.citation in text
    assert "at most 24 hours: a sanctions list older than this stops the gate" in text
    assert "the reference rate is made of the hour before 16:00 Europe/London" in text


@pytest.mark.parametrize(
    ("only", "there", "gone"),
    [
        ("XA", "XA.corridor.open", "XB."),
        ("XB.corridor", "XB.corridor.open", "XB.admission"),
        ("XA.corridor.domestic", "XA.corridor.domestic", "XA.corridor.open"),
        ("XA.screening", "XA.screening.list-age", "XA.corridor"),
    ],
)
def test_a_part_of_the_law_is_shown(nowhere: Desk, only: str, there: str, gone: str) -> None:
    text = nowhere.text("rulebook", "show", "--only", only)
    said = nowhere.json("rulebook", "show", "--only", only)["law"]
    assert there in text
    assert there in said
    assert gone not in text
    assert all(id.startswith(only) for id in said)
    for lines in said.values():
        assert all(line.strip() in text for line in lines)


def test_what_nothing_is_called_shows_nothing(nowhere: Desk) -> None:
    assert nowhere.json("rulebook", "show", "--only", "YY")["law"] == {}
    assert nowhere.text("rulebook", "show", "--only", "YY").split() == ["rulebook", SHIPPED_VERSION]


def test_both_versions_of_a_rule_are_shown_to_programs(nowhere: Desk) -> None:
    """Norland's winter has a first rule until March, and another one from November on."""
    text = nowhere.text("rulebook", "show", "--only", "XA.mining.season")
    said = json.dumps(nowhere.json("rulebook", "show", "--only", "XA.mining.season"))
    for day in ("2026-01-01", "2026-11-15"):
        assert f"in force from {day}" in text
        assert f"in force from {day}" in said


def test_what_a_new_version_changes_is_shown_sentence_by_sentence(nowhere: Desk) -> None:
    law = adding(ruled("XA.caps.all", "HOLD"), law=without("XA.corridor.open"))
    law["XB/corridor"]["rule"][0]["says"] = "It may be settled."
    folder = nowhere.law("new", law)
    old = nowhere.texts("old", TEXTS)
    found = nowhere.json("rulebook", "show", folder, "--since", old)
    text = nowhere.text("rulebook", "show", folder, "--since", old)

    assert (found["old"], found["new"]) == (SHIPPED_VERSION, version(nowhere, folder))
    kinds = {one["id"]: one["kind"] for one in found["changes"]}
    assert kinds == {
        "XA.caps.all": "added",
        "XA.corridor.open": "repealed",
        "XB.corridor.open": "changed",
    }
    (edited,) = (one["lines"] for one in found["changes"] if one["kind"] == "changed")
    assert [line[0] for line in edited].count("+") == 1
    assert "+ It may be settled." in edited
    assert text.endswith("\n3 sentences differ\n")
    for one in found["changes"]:
        assert f"{one['kind']}: {one['id']}" in text
    only = nowhere.json("rulebook", "show", folder, "--since", old, "--only", "XB")
    assert [one["id"] for one in only["changes"]] == ["XB.corridor.open"]
    assert nowhere.json("rulebook", "show", old, "--since", old)["changes"] == []


def test_what_a_law_is_compared_with_must_be_law(nowhere: Desk) -> None:
    answer = nowhere.run("rulebook", "show", "--since", str(nowhere.folder / "gone"), "--json")
    assert (answer.code, answer.refused) == (REFUSED, "rulebook.malformed")


# Timetables.


def test_the_coming_cycles_are_listed_in_utc_and_by_their_own_clocks(nowhere: Desk) -> None:
    """The clocks of Oslo went forward on Sunday, 29 March; nobody works on 1 May."""
    asked = ("rulebook", "timetable", "--on", "2026-03-27", "--days", "4")
    found = nowhere.json(*asked)

    assert (found["version"], found["zones"]) == (SHIPPED_VERSION, tzdata_version())
    assert [(one["kind"], one["value_date"]) for one in found["cycles"]] == [
        ("daily", "2026-03-27"),
        ("daily", "2026-03-30"),
    ]
    stages = found["cycles"][1]["stages"]
    assert [*stages] == [*Stage]
    assert stages["cut-off"] == {
        "utc": "2026-03-27T16:30:00.000000Z",
        "local": "2026-03-27T17:30:00+01:00",
    }
    assert stages["pay-in"]["local"] == "2026-03-30T00:00:00+02:00"

    text = nowhere.text(*asked).splitlines()
    assert text[8] == "daily, value date Mon 2026-03-30, Europe/Oslo"
    assert text[9] == "  submission      2026-03-27 08:00 UTC  2026-03-27 09:00 +0100"
    assert text[15] == "  close           2026-03-30 18:00 UTC  2026-03-30 20:00 +0200"
    assert text[16:] == [f"2 cycles, by the clocks of edition {tzdata_version()}"]


@pytest.mark.parametrize("on", ["2026-05-01", "9999-12-31", "2025-06-02"])
def test_on_a_day_without_a_cycle_none_is_listed(nowhere: Desk, on: str) -> None:
    """A holiday, the last day that there is, and a day before the law."""
    found = nowhere.json("rulebook", "timetable", "--on", on, "--days", "1")
    assert found["cycles"] == []


# Schema and corridors.


def test_the_schema_is_one_by_which_every_shipped_file_is_right(nowhere: Desk) -> None:
    said = json.loads(nowhere.text("rulebook", "schema"))
    check = jsonschema_rs.validator_for(said)
    for name, content in SHIPPED.items():
        assert check.is_valid(plain(content)), name
    page = Path(__file__).parents[2] / "docs" / "reference" / "rulebook.schema.json"
    assert json.loads(page.read_text()) == said


@pytest.mark.parametrize(
    "wrong",
    [
        {"jurisdiction": "XA"},
        {"jurisdiction": "XA", "subject": "weather"},
        {"jurisdiction": "XA", "subject": "tax", "rule": [{"id": "XA.tax.x"}]},
        {"jurisdiction": "XA", "subject": "tax", "more": 1},
    ],
)
def test_the_schema_tells_what_is_wrong(nowhere: Desk, wrong: dict[str, object]) -> None:
    check = jsonschema_rs.validator_for(json.loads(nowhere.text("rulebook", "schema")))
    assert not check.is_valid(wrong)


def test_the_corridors_are_shown_at_a_glance(desk: Desk, closed: str) -> None:
    found = desk.json("rulebook", "corridors", closed, "--on", "2026-03-02")
    answers = {(one["debtor"], one["creditor"]): one for one in found["corridors"]}
    assert len(answers) == 16
    for (debtor, creditor), one in answers.items():
        if "XA" in (debtor, creditor):
            assert one["answer"] == "DENY"
            assert one["against"]
    text = desk.text("rulebook", "corridors", closed, "--on", "2026-03-02")
    assert "Norland (XA)" in text
    assert desk.run("rulebook", "corridors", "--asset", "gold").code == USAGE


def test_a_jurisdictions_name_is_quoted_and_not_read_as_our_markup(nowhere: Desk) -> None:
    texts = {
        name: text.replace('name = "Norland"', 'name = "Nor[/bold]land"')
        for name, text in TEXTS.items()
    }
    folder = nowhere.texts("odd", texts)
    for command in ("test", "show", "corridors"):
        assert "Nor[/bold]land" in nowhere.text("rulebook", command, folder)


# Entering, and letting it come into force.


def test_a_law_that_is_entered_is_kept_and_nothing_more(desk: Desk, closed: str) -> None:
    before = desk.json("rulebook", "history")
    first, again = (desk.json("rulebook", "enter", closed) for _ in range(2))
    after = desk.json("rulebook", "history")

    assert first == {"version": version(desk, closed), "new": True}
    assert again == {**first, "new": False}
    assert after["in_force"] == before["in_force"]
    assert after["activations"] == before["activations"]
    assert {*after["kept"]} == {*before["kept"], first["version"]}
    text = desk.text("rulebook", "enter", closed)
    assert f"rulebook {first['version']} was kept before; nothing has changed by it" in text
    assert f"next: clearhouse rulebook impact {closed}" in text


def test_what_is_no_law_is_not_entered(desk: Desk) -> None:
    before = desk.json("rulebook", "history")
    text, _ = changed('outcome = "DENY"', 'outcome = "PERHAPS"')
    wrong = desk.texts("wrong", {**TEXTS, "sudmark/corridor.toml": text})
    for command in ("enter", "impact"):
        for folder in (wrong, str(desk.folder / "gone")):
            answer = desk.run("rulebook", command, folder, "--json")
            assert (answer.code, answer.refused) == (REFUSED, "rulebook.malformed")
    assert desk.json("rulebook", "history") == before


def at(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}"


def test_a_law_comes_into_force_by_two_people_and_is_told(desk: Desk, held: str) -> None:
    wanted = desk.json("rulebook", "enter", held)["version"]
    old = desk.json("rulebook", "history")
    start, soon = desk.today(), desk.today() + timedelta(hours=1)
    proposal = desk.agree("rulebook", wanted, "--at", at(soon))
    waiting = desk.json("rulebook", "history")
    assert waiting["in_force"] == old["in_force"]
    assert waiting["activations"][-1]["version"] == wanted
    assert waiting["activations"][-1]["from"].startswith(at(soon))
    (told,) = [
        one for one in desk.json("proposals", "--all")["proposals"] if one["proposal"] == proposal
    ]
    assert (told["state"], told["command"]["kind"]) == ("approved", "ActivateRulebook")

    desk.now(soon)
    assert desk.json("rulebook", "history")["in_force"] == wanted
    assert desk.json("rulebook", "test")["version"] == wanted
    assert "XA.caps.all" in desk.text("rulebook", "show", "--only", "XA.caps")
    text = desk.text("rulebook", "history")
    assert f"{soon:%Y-%m-%d %H:%M} UTC  {wanted}  {proposal}\n" in text
    assert text.endswith(f"in force now: {wanted}\n")
    desk.now(start)
    assert desk.json("rulebook", "test")["version"] == old["in_force"]
    desk.now(soon + timedelta(hours=1))
    desk.agree("rulebook", SHIPPED_VERSION, "--at", at(desk.today()))
    assert desk.json("rulebook", "history")["in_force"] == SHIPPED_VERSION


def test_the_history_says_who_let_a_law_come_into_force(desk: Desk, held: str) -> None:
    """By the proposal in which two people agreed; the founded one has none."""
    wanted = desk.json("rulebook", "enter", held)["version"]
    proposal = desk.agree("rulebook", wanted, "--at", "2030-01-01")
    said = desk.json("rulebook", "history")["activations"]
    assert [proposal in json.dumps(one) for one in said].count(True) == 1
    assert proposal in desk.text("rulebook", "history")


def test_what_cannot_be_proposed_is_refused_with_its_code(desk: Desk, closed: str) -> None:
    wanted = desk.json("rulebook", "enter", closed)["version"]
    with_bela, with_ada = (("--with", desk.key(name)) for name in ("bela", "ada"))
    tomorrow = at(desk.today() + timedelta(days=1))
    past = at(desk.today() - timedelta(seconds=1))
    propose = ("propose", "rulebook")
    cases: Mapping[tuple[str, ...], str] = {
        (*propose, NO_VERSION, "--at", tomorrow, *with_bela): "rulebook.unknown-version",
        (*propose, "a" * 300, "--at", tomorrow, *with_bela): "rulebook.unknown-version",
        (*propose, "../clock", "--at", tomorrow, *with_bela): "rulebook.unknown-version",
        (*propose, wanted, "--at", past, *with_bela): "rulebook.activation-past",
        (*propose, wanted, "--at", tomorrow, *with_ada): "person.not-permitted",
    }
    for words, code in cases.items():
        answer = desk.run(*words, "--json")
        assert (answer.code, answer.refused) == (REFUSED, code), words
        plainly = desk.run(*words)
        assert (plainly.code, f"({code})" in plainly.err) == (REFUSED, True)
    misused: Sequence[tuple[str, ...]] = (
        (*propose, wanted, *with_bela),
        (*propose, wanted, "--at", "tomorrow", *with_bela),
        (*propose, wanted, "--at", tomorrow),
        (*propose, wanted, "--at", tomorrow, *with_bela, "--out", "x"),
        (*propose, "--at", tomorrow, *with_bela),
    )
    for words in misused:
        assert desk.run(*words).code == USAGE, words


def test_an_instant_of_another_zone_is_not_read_as_utc(desk: Desk, closed: str) -> None:
    """It is that instant, or wrong usage; never the same hour of the clock."""
    wanted = desk.json("rulebook", "enter", closed)["version"]
    later = desk.today() + timedelta(days=200)
    words = ("propose", "rulebook", wanted, "--at", f"{at(later)}+02:00")
    answer = desk.run(*words, "--with", desk.key("bela"), "--json")
    if answer.code == USAGE:
        return
    (told,) = [
        one
        for one in desk.json("proposals")["proposals"]
        if one["proposal"] == answer.json["command"]
    ]
    said = told["command"]["body"]["active_from"]
    assert said.startswith(at(later - timedelta(hours=2)))


def test_a_law_takes_another_person_and_is_entered_once(desk: Desk, closed: str) -> None:
    wanted = desk.json("rulebook", "enter", closed)["version"]
    later = at(desk.today() + timedelta(days=300))
    proposal = desk.json("propose", "rulebook", wanted, "--at", later, "--with", desk.key("bela"))
    own = desk.run("approve", proposal["command"], "--with", desk.key("bela"), "--json")
    assert (own.code, own.refused) == (REFUSED, "proposal.own")
    shown = desk.run("approve", proposal["command"], "--with", desk.key("ada"))
    assert shown.code == DONE
    assert f'"version":"{wanted}"' in shown.out  # the bytes that are approved
    again = desk.run(
        *("propose", "rulebook", wanted, "--at", later, "--with", desk.key("bela"), "--json")
    )
    assert (again.code, again.refused) == (REFUSED, "rulebook.activated-before")


# What it would have changed, and what it was.


def test_the_impact_of_a_law_is_shown_by_rule(desk: Desk, closed: str) -> None:
    ids = desk.trade("A", "b", "100.00", "200.00", "300.00", "400.00")
    found = desk.json("rulebook", "impact", closed)
    text = desk.text("rulebook", "impact", closed, "--days", "30")

    assert (found["old"], found["new"]) == (SHIPPED_VERSION, version(desk, closed))
    count = found["decisions"]
    assert count >= 4
    assert {"before": "clear", "after": "deny", "decisions": count} in found["verdicts"]
    rules = {one["rule"]: one for one in found["rules"]}
    opened = rules["XA.corridor.open"]
    assert (opened["code"], opened["newly"], opened["no_longer"]) == ("gate.law-allows", 0, count)
    assert opened["verdicts"] == [{"before": "clear", "after": "deny", "decisions": count}]
    assert len(opened["examples"]) == 3
    assert {*opened["examples"]} & {*ids} or count > 4
    for part in (
        f"{count:,} decisions since ",
        "clear: would be deny",
        f"XA.corridor.open (gate.law-allows): {count:,} no longer",
        f"with {count:,} from clear to deny",
        f"for example {', '.join(opened['examples'])}",
    ):
        assert part in text


def test_the_impact_of_the_same_law_is_none(desk: Desk) -> None:
    desk.trade("A", "b", "1.00")
    same = desk.texts("same", TEXTS)
    found = desk.json("rulebook", "impact", same)
    assert found["rules"] == []
    assert found["remarks"] == []
    assert {(one["before"], one["after"]) for one in found["verdicts"]} == {("clear", "clear")}
    text = desk.text("rulebook", "impact", same)
    assert "clear: unchanged" in text
    assert "no ground of any decision differs" in text


def test_a_lower_score_is_remarked_on(desk: Desk) -> None:
    texts = {name: text.replace("value = 750", "value = 700") for name, text in TEXTS.items()}
    texts = {name: text.replace("met = [750]", "met = [700]") for name, text in texts.items()}
    texts = {name: text.replace("missed = [751]", "missed = [701]") for name, text in texts.items()}
    folder = desk.texts("lower", texts)
    (remark,) = desk.json("rulebook", "impact", folder)["remarks"]
    assert f"note: {remark}" in desk.text("rulebook", "impact", folder)


@pytest.mark.parametrize("command", ["impact", "replay"])
def test_days_are_from_one_to_ten_years(desk: Desk, closed: str, command: str) -> None:
    words = ("rulebook", command, *([closed] if command == "impact" else []))
    for days in ("0", "-1", "3661", "many"):
        assert desk.run(*words, "--days", days).code == USAGE
    for days in ("1", "3660"):
        assert desk.run(*words, "--days", days).code == DONE


def test_only_the_last_days_are_asked_about(desk: Desk, closed: str) -> None:
    desk.now(desk.today() + timedelta(days=5))
    desk.trade("A", "b", "1.00", "2.00")
    assert desk.json("rulebook", "impact", closed, "--days", "1")["decisions"] == 2
    assert desk.json("rulebook", "replay", "--days", "1")["decisions"] == 2
    assert desk.json("rulebook", "replay")["decisions"] > 2


def test_the_past_is_proven_under_every_version(desk: Desk, held: str) -> None:
    desk.trade("A", "b", "1.00")
    wanted = desk.json("rulebook", "enter", held)["version"]
    desk.agree("rulebook", wanted, "--at", at(desk.today()))
    desk.trade("A", "b", "2.00")
    desk.now(desk.today() + timedelta(hours=1))
    desk.agree("rulebook", SHIPPED_VERSION, "--at", at(desk.today()))
    done = desk.json("rulebook", "replay")
    assert {*done["versions"]} == {SHIPPED_VERSION, wanted}
    assert desk.text("rulebook", "replay").endswith(
        f"{done['decisions']:,} decisions under 2 versions of the law: the same to the byte\n"
    )


def test_once_it_is_founded_a_house_works_without_its_folder(desk: Desk) -> None:
    """Even if what lies there is another law."""
    folder = desk.home / "rulebook"
    shutil.copytree(desk.law("other", without("XB.corridor.open")), folder)
    try:
        assert desk.json("rulebook", "history")["in_force"] == SHIPPED_VERSION
        assert desk.json("rulebook", "test")["version"] == SHIPPED_VERSION
        (id,) = desk.trade("A", "b", "3.00")
        assert desk.json("explain", id)["state"] == "proposed"
        assert desk.json("rulebook", "replay", "--days", "1")["decisions"] > 0
    finally:
        shutil.rmtree(folder)


def test_once_it_is_founded_a_house_works_though_its_folder_is_no_law(desk: Desk) -> None:
    folder = desk.texts("home/rulebook", {"broken.toml": "this is no law"})
    try:
        assert desk.json("rulebook", "history")["in_force"] == SHIPPED_VERSION
        desk.trade("A", "b", "3.00")
    finally:
        shutil.rmtree(folder)


def test_a_version_that_is_gone_is_an_answer_and_no_crash(desk: Desk, held: str) -> None:
    """A past that cannot be read is not proven; one that was damaged is an alarm."""
    wanted = desk.json("rulebook", "enter", held)["version"]
    kept = desk.home / "archive" / f"{wanted}.rulebook"
    body = kept.read_bytes()
    kept.unlink()
    gone = desk.run("rulebook", "replay", "--json")
    assert (gone.code, gone.refused) == (REFUSED, "rulebook.unknown-version")
    kept.write_bytes(body[:-1])
    damaged = desk.run("rulebook", "replay", "--json")
    assert (damaged.code, damaged.refused) == (ALARM, "archive.damaged")
    assert desk.json("rulebook", "enter", held) == {"version": wanted, "new": True}
    assert kept.read_bytes() == body
    desk.json("rulebook", "replay")


# A licence to deal with somebody listed.


def test_a_licence_to_deal_takes_two_people_and_keeps_the_hash_of_its_document(desk: Desk) -> None:
    document = desk.folder / "licence.pdf"
    document.write_bytes(b"Whom it may concern.")
    today = desk.today().date()
    days = ("--since", str(today), "--until", str(today + timedelta(days=30)))
    entry = ("--list", "OFAC-SDN", "--entity", "9007", "--authority", "Central Bank")
    words = ("dealing", desk.firm("C").id, str(document), *entry, *days)
    proposal = desk.json("propose", *words, "--with", desk.key("bela"))["command"]
    (waiting,) = [one for one in desk.json("proposals")["proposals"] if one["proposal"] == proposal]
    assert waiting["command"]["kind"] == "GrantDealing"
    body = waiting["command"]["body"]
    assert body["document"] == sha256(document.read_bytes()).hexdigest()
    assert (body["list_name"], body["entity"], body["valid_from"]) == (
        "OFAC-SDN",
        "9007",
        str(today),
    )

    lists.write_lists(
        desk.home / "lists", desk.today() - timedelta(minutes=1), [desk.firm("C").name]
    )
    (before,) = desk.trade("C", "b", "1.00")
    own = desk.run("approve", proposal, "--with", desk.key("bela"), "--json")
    assert (own.code, own.refused) == (REFUSED, "proposal.own")
    assert "GrantDealing: " in desk.text("proposals")
    assert desk.run("approve", proposal, "--with", desk.key("ada")).code == DONE
    (after,) = desk.trade("C", "b", "2.00")
    said = [json.dumps(desk.json("explain", id)) for id in (before, after)]
    assert "gate.listed-party-licensed" not in said[0]
    assert "gate.listed-party-licensed" in said[1]
    assert body["document"] in said[1]
    desk.now(desk.today())
    desk.json("rulebook", "replay")


def dealing(desk: Desk, **other: str) -> tuple[str, ...]:
    document = desk.folder / "licence.pdf"
    document.write_bytes(b"Whom it may concern.")
    said = {
        "lei": desk.firm("A").id,
        "document": str(document),
        "--list": "OFAC-SDN",
        "--entity": "9007",
        "--authority": "Central Bank",
        "--since": "2026-03-02",
        "--until": "2026-12-31",
    } | other
    options = [part for pair in list(said.items())[2:] for part in pair]
    return ("propose", "dealing", said["lei"], said["document"], *options)


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"lei": "5493001KJTIIGC8Y1R12"}, "participant.unknown"),
        ({"lei": "nobody"}, "participant.lei-wrong"),
        ({"--until": "2026-01-01"}, "participant.dealing-wrong"),
        ({"--until": "2029-01-01"}, "participant.dealing-wrong"),
        ({"--since": "9999-12-31", "--until": "9999-12-31"}, ""),
        ({"--since": "2025-03-02", "--until": "2025-12-31"}, "participant.dealing-wrong"),
        ({"--authority": ""}, "participant.dealing-wrong"),
        ({"--entity": ""}, "participant.dealing-wrong"),
        ({"document": "/tmp"}, "file.unreadable"),  # noqa: S108 - a folder that there is
    ],
)
def test_a_licence_without_its_evidence_is_refused(
    desk: Desk, other: dict[str, str], code: str
) -> None:
    answer = desk.run(*dealing(desk, **other), "--with", desk.key("bela"), "--json")
    if code:
        assert (answer.code, answer.refused) == (REFUSED, code)
    else:
        assert answer.code == DONE


@pytest.mark.parametrize(
    "other",
    [
        {"document": "nowhere.pdf"},
        {"--since": "2 March"},
        {"--until": "2026-12-31T00:00:00"},
    ],
)
def test_a_licence_that_is_written_wrong_is_wrong_usage(desk: Desk, other: dict[str, str]) -> None:
    assert desk.run(*dealing(desk, **other), "--with", desk.key("bela")).code == USAGE


def test_compliance_alone_proposes_a_licence(desk: Desk) -> None:
    answer = desk.run(*dealing(desk), "--with", desk.key("ada"), "--json")
    assert (answer.code, answer.refused) == (REFUSED, "person.not-permitted")


# Last, since it leaves the house as it should not be.


def test_a_past_that_was_tampered_with_is_an_alarm(desk: Desk) -> None:
    (id,) = desk.trade("A", "b", "7.00")
    desk.json("rulebook", "replay", "--days", "1")
    desk.tamper("obligation", "UPDATE obligation SET traded_on = '2025-06-01' WHERE id = %s", id)
    answer, plainly = (desk.run("rulebook", "replay", *more) for more in (["--json"], []))
    assert (answer.code, plainly.code) == (ALARM, ALARM)
    assert answer.refused == "rulebook.replay-differs"
    assert answer.json["error"]["obligation"] == id
    assert id in plainly.err
    assert "(rulebook.replay-differs)" in plainly.err
