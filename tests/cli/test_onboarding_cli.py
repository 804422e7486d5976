"""Onboarding on the command line: a case from its receipt to the decision, and reviews."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.applied import APPLICANT, application, application_id
from tests.cli.test_rulebook_cli import DONE, REFUSED, USAGE, Desk, begun

from clearhouse.core.onboarding import DOCUMENTS_NEEDED, EXAMINATIONS_NEEDED, FACTORS

ADDRESS = application().address
COLUMNS = "lei,name,residence,address,licence_class,licence_issuer,valid_from,valid_to"
LICENCE = ("--issuer", "Norland Central Bank", "--since", "2026-01-01", "--until", "2027-12-31")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-cli-", dir="/tmp"))
    folder.chmod(0o711)  # the database's user passes through
    made = Desk(folder)
    try:
        made = begun(folder)
        yield made
        made.run("database", "stop")
    finally:
        shutil.rmtree(folder)


def by(desk: Desk, name: str = "bela") -> tuple[str, str]:
    return "--with", desk.key(name)


def file(desk: Desk, *words: str) -> dict[str, Any]:
    return desk.json("onboarding", *words, *by(desk))


def apply_(desk: Desk, name: str, lei: str = APPLICANT, called: str = "Fjordfisk Export AS") -> str:
    id = application_id(name)
    if desk.run("onboarding", "show", id).code == DONE:
        return id
    about = ("--name", called, "--residence", "XA", "--purpose", "to export fish")
    file(desk, "apply", lei, *about, "--address", ADDRESS, "--application", id)
    return id


def fill(desk: Desk, id: str) -> None:
    """File all that a case must have."""
    file(desk, "seek", id, "exporter", *LICENCE)
    for kind in DOCUMENTS_NEEDED:
        paper = desk.folder / f"{kind}.pdf"
        paper.write_text(f"{id} {kind}")
        told = ("--kind", kind, "--title", f"The {kind}", "--issued", "2026-02-01")
        file(desk, "document", id, str(paper), *told)
    for check in EXAMINATIONS_NEEDED:
        file(desk, "examine", id, check, "--evidence", "the register's extract")
    for factor in FACTORS:
        file(desk, "rate", id, factor, "low", "--reason", "known for years")


def test_a_case_from_its_receipt_to_the_decision(desk: Desk) -> None:
    id = apply_(desk, "whole")
    said = desk.json("onboarding", "show", id)
    assert {one["code"] for one in said["missing"]} == {
        "onboarding.licence-missing",
        "onboarding.document-missing",
        "onboarding.examination-missing",
        "onboarding.factor-missing",
    }
    fill(desk, id)
    file(desk, "ask", id, "Who supplies the coin?", "--due", "2026-03-20")
    said = desk.json("onboarding", "show", id)
    assert [one["code"] for one in said["missing"]] == ["onboarding.question-open"]
    assert "due on 2026-03-20" in said["missing"][0]["detail"]
    early = desk.run("onboarding", "admit", id, "--reason", "sound", *by(desk))
    assert (early.code, "onboarding.incomplete" in early.err) == (REFUSED, True)
    file(desk, "answer", id, "1", "Our own mine")

    text = desk.text("onboarding", "show", id)
    assert "nothing is missing" in text
    assert "Our own mine" in text
    listed = desk.json("onboarding", "list")["applications"]
    assert [(one["application"], one["missing"], one["rating"]) for one in listed] == [
        (id, 0, "low")
    ]
    proposal = file(desk, "admit", id, "--reason", "sound")["command"]
    desk.json("approve", str(proposal), *by(desk, "ada"))
    decided = desk.json("onboarding", "show", id)["decision"]
    assert (decided["outcome"], decided["rating"]) == ("admitted", "low")
    assert "admitted on" in desk.text("onboarding", "show", id)
    assert desk.json("onboarding", "list")["applications"] == []
    (one,) = desk.json("onboarding", "list", "--all")["applications"]
    assert one["state"] == "admitted"
    assert desk.json("records", "show", "legal_entity", APPLICANT)["name"] == "Fjordfisk Export AS"

    proposal = file(desk, "review", APPLICANT, "high", "--reason", "new owners")["command"]
    desk.json("approve", str(proposal), *by(desk, "ada"))
    due = desk.json("onboarding", "reviews", "--by", "2027-12-31")["reviews"]
    assert {one["rating"] for one in due if one["participant"] == APPLICANT} == {"high"}
    assert all(not one["overdue"] for one in due)
    assert desk.text("onboarding", "reviews") == ""  # nobody is due today
    assert desk.text("onboarding", "exit", APPLICANT) == "nothing is open: it may leave\n"


@pytest.mark.parametrize(("flags", "state"), [((), "refused"), (("--withdrawn",), "withdrawn")])
def test_a_case_that_ends_otherwise(desk: Desk, flags: tuple[str, ...], state: str) -> None:
    id = apply_(desk, state)
    proposal = file(desk, "refuse", id, "--reason", "no source of funds", *flags)["command"]
    desk.json("approve", str(proposal), *by(desk, "ada"))
    assert desk.json("onboarding", "show", id)["decision"]["outcome"] == state
    closed = desk.run("onboarding", "ask", id, "Why?", "--due", "2026-03-20", *by(desk))
    assert (closed.code, "onboarding.decided" in closed.err) == (REFUSED, True)


def test_an_exit_shows_what_is_open(desk: Desk) -> None:
    who = desk.firm("A").id
    assert "never rated" in desk.text("onboarding", "reviews", "--by", "2027-12-31")
    desk.trade("A", "b", "10.00")
    found = desk.json("onboarding", "exit", who)["open"]
    assert len(found) == 1
    assert found[0] in desk.text("onboarding", "exit", who)
    unknown = desk.run("onboarding", "exit", "5493001KJTIIGC8Y1R12")
    assert (unknown.code, "participant.unknown" in unknown.err) == (REFUSED, True)


def test_participants_of_a_file_are_admitted_by_two(desk: Desk) -> None:
    lei = "724500NEWFIRM0TEST48"
    lines = (
        COLUMNS,
        f"{lei},Newcomer AS,XA,{ADDRESS},exporter,Board,2026-01-01,2026-12-31",
    )
    sheet = desk.folder / "more.csv"
    sheet.write_text("\n".join([*lines, ""]))
    alone = desk.run("admit", str(sheet))
    assert (alone.code, "participant.admission-not-agreed" in alone.err) == (REFUSED, True)
    desk.agree("participants", str(sheet))
    assert desk.json("records", "show", "licence", f"{lei}|exporter|Board|2026-01-01")
    wrong = desk.folder / "wrong.csv"
    wrong.write_text("\n".join([lines[0], lines[1].replace("XA,", "XX,", 1), ""]))
    refused = desk.run("propose", "participants", str(wrong), *by(desk))
    assert refused.code == REFUSED
    assert "participant." in refused.err
    assert (desk.folder / "wrong.rejects.csv").exists()


WRONG = {
    "no such application": (("ask", "app_x", "Why?", "--due", "2026-03-20"), "unknown-application"),
    "no such licence": (("seek", "{id}", "smuggler", *LICENCE), "record.malformed"),
    "no such check": (("examine", "{id}", "luck", "--evidence", "dice"), "record.malformed"),
    "no such factor": (("rate", "{id}", "weather", "low", "--reason", "rain"), "record.malformed"),
    "no such level": (("rate", "{id}", "coin", "none", "--reason", "rain"), "record.malformed"),
    "a question due before it is asked": (
        ("ask", "{id}", "Why?", "--due", "2026-02-20"),
        "record.dates-wrong",
    ),
    "an answer to nothing": (("answer", "{id}", "9", "Because"), "onboarding.question-wrong"),
    "an answer that is none": (("answer", "{id}", "1", ""), "onboarding.question-wrong"),
    "a place without law": (
        ("apply", APPLICANT, "--name", "A", "--residence", "YY", "--purpose", "x"),
        "participant.unknown-residence",
    ),
    "no LEI": (
        ("apply", "1234", "--name", "A", "--residence", "XA", "--purpose", "x"),
        "participant.lei-wrong",
    ),
    "no id of an application": (
        (
            *("apply", APPLICANT, "--name", "A", "--residence", "XA", "--purpose", "x"),
            *("--application", "one"),
        ),
        "onboarding.application-wrong",
    ),
    "a review of nobody": (
        ("review", "724500APP0LICANT0225", "low", "--reason", "x"),
        "participant.lei-wrong",
    ),
}


@pytest.mark.parametrize(("words", "code"), WRONG.values(), ids=WRONG)
def test_wrong_input_is_told(desk: Desk, words: tuple[str, ...], code: str) -> None:
    id = apply_(desk, "wrong")
    before = desk.json("onboarding", "show", id)
    done = desk.run("onboarding", *(word.replace("{id}", id) for word in words), *by(desk))
    assert (done.code, code in done.err) == (REFUSED, True), done.err
    assert desk.json("onboarding", "show", id) == before


def test_a_day_is_written_as_a_day(desk: Desk) -> None:
    id = application_id("wrong")
    done = desk.run("onboarding", "ask", id, "Why?", "--due", "soon", *by(desk))
    assert done.code == USAGE


def test_a_command_is_signed_elsewhere(desk: Desk) -> None:
    """It is written out, and what it files is kept until it is handed in."""
    id = apply_(desk, "elsewhere")
    out = desk.folder / "order.json"
    key = desk.json("people", "list")["people"]
    bela = next(each for one in key if "compliance" in one["roles"] for each in one["keys"])
    words = ("rate", id, "coin", "low", "--reason", "own mine", "--key", bela, "--out", str(out))
    assert desk.run("onboarding", *words).code == DONE
    assert json.loads(json.loads(out.read_text())["command"])["kind"] == "FileRecords"
    assert desk.run("key", "sign", desk.key("bela"), str(out)).code == DONE
    desk.json("submit", str(out))
    assert [one["factor"] for one in desk.json("onboarding", "show", id)["factors"]] == ["coin"]


def test_what_is_said_twice_is_filed_once(desk: Desk) -> None:
    id = apply_(desk, "twice")
    words = ("rate", id, "coin", "low", "--reason", "own mine")
    file(desk, *words)
    again = desk.run("onboarding", *words, *by(desk))
    assert (again.code, "record.nothing-new" in again.err) == (REFUSED, True)
    told = desk.json("records", "history", "risk_factor", f"{id}|coin")["history"]
    assert len(told) == 1
