"""Registers on the command line: read, checked, entered by two people, exported, looked up."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.test_rulebook_cli import DONE, NOON, REFUSED, USAGE, Desk
from tests.recorded import FILED, entity_id, person_id

from clearhouse.core.owner import Entity
from clearhouse.core.registers import REGISTERS

ALARM = 3
AN_HOUR = timedelta(hours=1)
HEADER = "entity,kind,name,jurisdiction,number"


@pytest.fixture(scope="module")
def unfounded() -> Iterator[Desk]:
    """A house that nobody has founded."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)
    made = Desk(folder)
    made.home.mkdir()
    try:
        made.now(NOON)
        made.run("database", "start")
        yield made
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def nowhere(tmp_path: Path) -> Desk:
    """A home with nothing in it."""
    return Desk(tmp_path)


def line(name: str, called: str = "", **other: str) -> dict[str, str]:
    """A company, as a line has it."""
    said = {"entity": entity_id(name), "kind": "company", "name": called or f"Company {name}"}
    return {**said, "jurisdiction": "XC", "number": ""} | other


def file(desk: Desk, name: str, *lines: Mapping[str, str] | str, header: str = HEADER) -> str:
    """A CSV file of lines."""
    path, stream = desk.folder / f"{name}.csv", io.StringIO()
    stream.write(f"{header}\n")
    for one in lines:
        if isinstance(one, str):
            stream.write(f"{one}\n")
        else:
            csv.DictWriter(stream, header.split(","), lineterminator="\n").writerow(one)
    path.write_text(stream.getvalue(), encoding="utf-8")
    return str(path)


def rejects(path: str) -> Path:
    one = Path(path)
    return one.with_name(f"{one.stem}.rejects.csv")


def exported(desk: Desk, register: str = "entity", *more: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(desk.text("records", "export", register, *more))))


def of(lines: Sequence[Mapping[str, str]], *names: str) -> list[str]:
    """What some companies are called, where they are listed."""
    called = {one["entity"]: one["name"] for one in lines}
    return [called[entity_id(name)] for name in names if entity_id(name) in called]


# Kinds.


def test_every_register_says_what_a_line_of_it_has(nowhere: Desk) -> None:
    said = {one["register"]: one for one in nowhere.json("records", "kinds")["registers"]}
    text = nowhere.text("records", "kinds")
    assert said.keys() >= FILED.keys()
    for name in FILED:
        one = said[name]
        assert one["key"] == list(REGISTERS[name].key)
        assert [c["name"] for c in one["columns"]] == [f.name for f in fields(REGISTERS[name].kind)]
        assert f"{name}: {one['says']}\n" in text
    entity = {one["name"]: one for one in said["entity"]["columns"]}
    assert {name for name, one in entity.items() if not one["needed"]} == {"number"}
    assert entity["kind"]["takes"].startswith("one of company, trust")
    assert "  * kind: one of company, trust" in text
    assert "    number: a text of at most 350 characters" in text


# Check.


def test_a_file_is_checked_and_nothing_is_entered(desk: Desk) -> None:
    path = file(desk, "checked", line("C1"), line("C2"))
    before = exported(desk)
    said = desk.json("records", "check", "entity", path)
    assert said["lines"] == {"new": 2, "changed": 0, "known": 0, "refused": 0}
    assert (said["rejects_file"], said["first_refused"], said["first_remarks"]) == (None, [], [])
    assert desk.text("records", "check", "entity", path) == "2 new\n"
    assert exported(desk) == before
    assert not rejects(path).exists()


def test_refused_lines_are_named_and_stand_in_a_file_to_be_mended(desk: Desk) -> None:
    wrong = [line("R2", kind="bank"), line("R3", jurisdiction="Norland", entity="x")]
    path = file(desk, "refused", line("R1"), *wrong, "one,two", line("R1"))
    answer, plainly = (
        desk.run("records", "check", "entity", path, *more) for more in (["--json"], [])
    )

    assert (answer.code, plainly.code) == (REFUSED, REFUSED)
    assert answer.json["lines"] == {"new": 1, "changed": 0, "known": 0, "refused": 4}
    assert answer.json["rejects_file"] == str(rejects(path))
    told = {
        one["line"]: [each["code"] for each in one["refusals"]]
        for one in answer.json["first_refused"]
    }
    assert told == {
        3: ["record.malformed"],
        4: ["owner.entity-wrong", "owner.entity-wrong"],
        5: ["file.columns-wrong"],
        6: ["record.twice"],
    }
    assert plainly.out == "1 new, 4 refused\n"
    assert "line 3: record.malformed: kind: 'bank': one of company" in plainly.err
    assert f"mend the refused lines in {rejects(path)} and send that file\n" in plainly.err
    lines = rejects(path).read_text().splitlines()
    assert lines[0] == f"{HEADER},refused_line,refusals"
    assert lines[3] == "one,two,5," + lines[3].partition(",5,")[2]
    assert [one.split(",")[5] for one in (lines[1], lines[2], lines[4])] == ["3", "4", "6"]


def test_a_mended_file_of_rejects_is_read_as_it_is(desk: Desk) -> None:
    path = file(desk, "mended", line("M1", kind="bank"), line("M2"))
    assert desk.run("records", "check", "entity", path).code == REFUSED
    again = rejects(path)
    again.write_text(again.read_text().replace("bank,Company", "trust,Company"))
    assert desk.json("records", "check", "entity", str(again))["lines"]["new"] == 1


def test_remarks_refuse_nothing(desk: Desk) -> None:
    """A ring of companies that own each other is shown to whoever enters it."""
    enter(desk, "entity", file(desk, "ringed", line("K1"), line("K2")))
    header = "owner,owned,share,control,source,since"
    ring = [
        f"{entity_id(a)},{entity_id(b)},10,no,x,2026-02-01" for a, b in (("K1", "K2"), ("K2", "K1"))
    ]
    path = file(desk, "ring", *ring, header=header)
    said = desk.json("records", "check", "holding", path)
    assert [(one["line"], one["code"]) for one in said["first_remarks"]] == [
        (2, "owner.circular"),
        (3, "owner.circular"),
    ]
    answer = desk.run("records", "check", "holding", path)
    assert (answer.code, answer.out) == (DONE, "2 new\n")
    assert "line 2: owner.circular: " in answer.err
    proposing = desk.run("propose", "records", "holding", path, "--with", desk.key("bela"))
    assert proposing.code == DONE
    assert "line 3: owner.circular: " in proposing.err


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_json_is_read_too(desk: Desk, suffix: str) -> None:
    lines = [line("J1"), line("J2", kind="bank")]
    path = desk.folder / f"objects.{suffix}"
    text = json.dumps(lines) if suffix == "json" else "".join(f"{json.dumps(o)}\n" for o in lines)
    path.write_text(text)
    answer = desk.run("records", "check", "entity", str(path), "--json")
    assert answer.code == REFUSED
    assert answer.json["lines"] == {"new": 1, "changed": 0, "known": 0, "refused": 1}
    (refused,) = answer.json["first_refused"]
    assert (refused["line"], refused["refusals"][0]["code"]) == (2, "record.malformed")
    again = Path(answer.json["rejects_file"])
    assert again.name == "objects.rejects.jsonl"
    (told,) = map(json.loads, again.read_text().splitlines())
    assert told.items() >= lines[1].items()
    assert told["refused_line"] == 2
    assert told["refusals"].startswith("record.malformed: kind: 'bank'")
    again.write_text(json.dumps({**told, "kind": "trust"}) + "\n")
    assert desk.json("records", "check", "entity", str(again))["lines"]["new"] == 1


def test_what_is_no_object_stands_among_the_rejects_as_it_is(desk: Desk) -> None:
    path = desk.folder / "wrong.jsonl"
    path.write_text(f"7\nnonsense\n{json.dumps(line('J3'))}\n")
    answer = desk.run("records", "check", "entity", str(path), "--json")
    assert answer.json["lines"] == {"new": 1, "changed": 0, "known": 0, "refused": 2}
    codes = [one["refusals"][0]["code"] for one in answer.json["first_refused"]]
    assert codes == ["file.object-wrong"] * 2
    assert Path(answer.json["rejects_file"]).read_text() == "7\nnonsense\n"


# Two people.


def enter(desk: Desk, register: str, path: str) -> str:
    """Bela proposes and Ada approves a file's records; answers the proposal."""
    return desk.agree("records", register, path)


def test_two_people_enter_a_file(desk: Desk) -> None:
    path = file(desk, "entered", line("E1"), line("E2", 'Zwölf & Söhne, "AG"'))
    said = desk.json("propose", "records", "entity", path, "--with", desk.key("bela"))
    assert said["proposal"] == "waiting"
    assert of(exported(desk), "E1", "E2") == []
    (waiting,) = [
        one for one in desk.json("proposals")["proposals"] if said["command"] in json.dumps(one)
    ]
    command = json.dumps(waiting)
    assert "EnterRecords" in command
    own = desk.run("approve", said["command"], "--with", desk.key("bela"), "--json")
    assert (own.code, own.refused) == (REFUSED, "proposal.own")
    desk.json("approve", said["command"], "--with", desk.key("ada"))

    assert of(exported(desk), "E1", "E2") == ["Company E1", 'Zwölf & Söhne, "AG"']
    assert desk.text("records", "check", "entity", path) == "2 known\n"
    again = desk.run("propose", "records", "entity", path, "--with", desk.key("bela"), "--json")
    assert (again.code, again.refused) == (REFUSED, "record.nothing-new")


def test_what_waits_is_shown_to_who_approves(desk: Desk) -> None:
    path = file(desk, "waiting", line("W1"), line("W2"))
    out = str(desk.folder / "command.json")
    key = public(desk, "bela")
    desk.run("propose", "records", "entity", path, "--key", key, "--out", out)
    body = json.loads(json.loads(Path(out).read_text())["command"])["body"]
    assert (body["register"], int(body["records"])) == ("entity", 2)
    shown = desk.text("records", "proposed", "entity", body["digest"])
    assert shown == Path(path).read_text()
    said = desk.run("records", "proposed", "entity", body["digest"], "--json")
    assert json.loads(said.out) == [line("W1"), line("W2")]
    for digest, register, code in (
        ("0" * 64, "entity", "record.proposed-unknown"),
        ("a" * 300, "entity", "record.proposed-unknown"),
        ("../clock", "entity", "record.proposed-unknown"),
        (body["digest"], "holding", "record.refused"),
        (body["digest"], "nothing", "record.unknown-register"),
    ):
        answer = desk.run("records", "proposed", register, digest, "--json")
        assert (answer.code, answer.refused) == (REFUSED, code)


def public(desk: Desk, name: str) -> str:
    """Somebody's key, as the house has it."""
    people = desk.json("people", "list")["people"]
    (keys,) = [one["keys"] for one in people if one["name"] == name.title()]
    first = next(iter(keys))
    return str(first["key"] if isinstance(first, dict) else first)


def test_a_file_with_a_refused_line_is_not_proposed(desk: Desk) -> None:
    path = file(desk, "half", line("H1"), line("H2", kind="bank"))
    before = desk.json("proposals")
    answer = desk.run("propose", "records", "entity", path, "--with", desk.key("bela"), "--json")
    assert answer.code == REFUSED
    assert answer.json["lines"] == {"new": 1, "changed": 0, "known": 0, "refused": 1}
    assert rejects(path).exists()
    assert desk.json("proposals") == before


def test_what_is_damaged_meanwhile_is_an_alarm(desk: Desk) -> None:
    path = file(desk, "damaged", line("D1"))
    said = desk.json("propose", "records", "entity", path, "--with", desk.key("bela"))
    (kept,) = sorted(desk.home.rglob("*.records"), key=lambda one: one.stat().st_mtime)[-1:]
    sound = kept.read_bytes()
    kept.write_bytes(sound[:-3])
    answer = desk.run("approve", said["command"], "--with", desk.key("ada"), "--json")
    assert (answer.code, answer.refused) == (ALARM, "archive.damaged")
    kept.write_bytes(sound)
    desk.json("approve", said["command"], "--with", desk.key("ada"))
    assert of(exported(desk), "D1") == ["Company D1"]


def test_who_may_not_propose_is_told(desk: Desk) -> None:
    path = file(desk, "permitted", line("P1"))
    answer = desk.run("propose", "records", "entity", path, "--with", desk.key("ada"), "--json")
    assert (answer.code, answer.refused) == (REFUSED, "person.not-permitted")


def test_once_it_is_founded_one_person_enters_nothing(desk: Desk) -> None:
    path = file(desk, "alone", line("A1"))
    answer = desk.run("records", "enter", "entity", path, "--json")
    assert (answer.code, answer.refused) == (REFUSED, "record.not-agreed")
    assert of(exported(desk), "A1") == []


def test_before_the_founding_one_person_enters_a_file_whole_or_not(unfounded: Desk) -> None:
    desk = unfounded
    half = file(desk, "half", line("U1"), line("U2", kind="bank"))
    answer = desk.run("records", "enter", "entity", half)
    assert (answer.code, answer.out) == (REFUSED, "1 new, 1 refused\n")
    assert exported(desk) == []
    path = file(desk, "whole", line("U1"), line("U2"))
    assert desk.json("records", "enter", "entity", path)["lines"]["new"] == 2
    assert desk.text("records", "enter", "entity", path) == "2 known\n"
    assert of(exported(desk), "U1", "U2") == ["Company U1", "Company U2"]
    told = desk.json("records", "history", "entity", entity_id("U1"))["history"]
    assert [one["proposal"] for one in told] == [""]
    desk.json("key", "make", desk.key("x"))
    more = file(desk, "more", line("U3"))
    proposing = desk.run("propose", "records", "entity", more, "--with", desk.key("x"), "--json")
    assert (proposing.code, proposing.refused) == (REFUSED, "founding.none")


# Reading.


@pytest.fixture(scope="module")
def changed(desk: Desk) -> str:
    """A company that was called otherwise an hour later; its key."""
    desk.now(NOON + 4 * AN_HOUR)
    first = enter(desk, "entity", file(desk, "first", line("Q1", "First")))
    desk.now(NOON + 5 * AN_HOUR)
    enter(desk, "entity", file(desk, "second", line("Q1", "Second", number="7"), line("Q2")))
    assert first
    return entity_id("Q1")


AT = "2026-03-02T16:30:00Z"  # between the two


def test_a_register_is_exported_as_it_was_known(desk: Desk, changed: str) -> None:
    text = desk.text("records", "export", "entity")
    assert text.startswith(f"{HEADER}\n")
    assert f"{changed},company,Second,XC,7\n" in text
    assert of(exported(desk, "entity", "--at", AT), "Q1", "Q2") == ["First"]
    assert exported(desk, "entity", "--at", "2026-03-02T18:30:00+02:00") == exported(
        desk, "entity", "--at", AT
    )
    assert exported(desk, "entity", "--at", "2026-01-01T00:00:00Z") == []
    said = json.loads(desk.run("records", "export", "entity", "--json").out)
    assert said == exported(desk)
    keys = [one["entity"] for one in said]
    assert keys == sorted(keys)


def test_what_is_exported_is_a_file_to_send(desk: Desk, changed: str) -> None:
    path = desk.folder / "export.csv"
    path.write_text(desk.text("records", "export", "entity"))
    said = desk.json("records", "check", "entity", str(path))["lines"]
    assert changed
    assert said["known"] == len(exported(desk)) > 3
    assert said["new"] == said["changed"] == said["refused"] == 0


def test_one_record_is_shown(desk: Desk, changed: str) -> None:
    assert desk.json("records", "show", "entity", changed) == line("Q1", "Second", number="7")
    assert desk.json("records", "show", "entity", changed, "--at", AT) == line("Q1", "First")
    assert f"{'name':20} Second\n" in desk.text("records", "show", "entity", changed)


def test_all_that_was_said_is_told(desk: Desk, changed: str) -> None:
    said = desk.json("records", "history", "entity", changed)
    first, second = said["history"]
    assert (said["register"], said["key"]) == ("entity", changed)
    assert first["said"] == {name: text for name, text in line("Q1", "First").items() if text}
    assert second["said"] == {"name": "Second", "number": "7"}
    assert first["recorded_at"] == "2026-03-02T16:00:00.000000Z"
    assert first["proposal"] != second["proposal"]
    assert int(first["entry"]) < int(second["entry"])
    text = desk.text("records", "history", "entity", changed)
    assert f"entry {second['entry']} by {second['proposal']}\n    name: Second\n" in text


def test_a_person_is_exported_without_a_name(desk: Desk) -> None:
    header = "entity,name,born,nationality"
    row = f"{person_id('P')},Petra Quist,1970-01-02,XB"
    path = file(desk, "persons", row, header=header)
    enter(desk, "person_owner", path)
    text = desk.text("records", "export", "person_owner")
    assert person_id("P") in text
    for more in ("show", "history"):
        text += desk.text("records", more, "person_owner", person_id("P"))
    assert "Petra" not in text
    assert "1970" not in text
    assert desk.text("records", "check", "person_owner", path) == "1 known\n"


WRONG: Mapping[str, tuple[Sequence[str], int, str]] = {
    "no such register": (["check", "nothing", "FILE"], REFUSED, "record.unknown-register"),
    "no such register to export": (["export", "nothing"], REFUSED, "record.unknown-register"),
    "a register of what is proved": (["check", "wallet", "FILE"], REFUSED, "record.not-filed"),
    "another register's file": (["check", "holding", "FILE"], REFUSED, "file.header-wrong"),
    "an empty file": (["check", "entity", "EMPTY"], REFUSED, "file.empty"),
    "no such record": (["show", "entity", "nobody"], REFUSED, "record.unknown"),
    "no such history": (["history", "entity", "nobody"], REFUSED, "record.unknown"),
    "no such instant": (["export", "entity", "--at", "yesterday"], USAGE, ""),
    "an instant of no zone": (["export", "entity", "--at", "2026-03-02T12:00:00"], USAGE, ""),
    "no such file": (["check", "entity", "nowhere.csv"], USAGE, ""),
    "a folder": (["check", "entity", "FOLDER"], USAGE, ""),
    "no key": (["show", "entity"], USAGE, ""),
}


@pytest.mark.parametrize(("words", "status", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_and_the_exit_status_says_it(
    desk: Desk, words: Sequence[str], status: int, code: str
) -> None:
    (desk.folder / "empty.csv").write_text("")
    known = {
        "FILE": file(desk, "right", line("Y1")),
        "EMPTY": str(desk.folder / "empty.csv"),
        "FOLDER": str(desk.folder),
    }
    said = [known.get(one, one) for one in words]
    answer, plainly = (desk.run("records", *said, *more) for more in (["--json"], []))
    assert (answer.code, plainly.code) == (status, status), answer.out + answer.err
    if code:
        assert answer.refused == code
        assert f"({code})" in plainly.err
        assert plainly.out == ""


def test_a_key_with_a_gap_in_it_finds_a_record_of_several_fields(desk: Desk) -> None:
    enter(desk, "entity", file(desk, "gapped", line("G1"), line("G2")))
    header = "owner,owned,share,control,source,since"
    ends = (entity_id("G1"), entity_id("G2"))
    row = dict(zip(header.split(","), (*ends, "33.3333", "no", "x", "2026-02-01"), strict=True))
    enter(desk, "holding", file(desk, "gap", row, header=header))
    key = "|".join((*ends, "2026-02-01"))
    assert desk.json("records", "show", "holding", key) == {**row, "until": ""}
    assert [one.name for one in fields(Entity)] == HEADER.split(",")
