"""Cases at the command line: concerns, links, reports, histories and figures."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_rulebook_cli import REFUSED, Desk

from clearhouse.core.ids import derived
from clearhouse.core.suspicion import QUESTIONS

FIU = "Norland Financial Intelligence Unit"
ODD = ("--why", "amounts", "--said", "x")
NOTHING = ("--outcome", "unfounded", "--reason", "x")


def raised(desk: Desk, letter: str) -> str:
    """Bela finds a firm odd; answers the case."""
    words = ("case", "raise", desk.firm(letter).id, "--why", "amounts", "--said", "round sums")
    case: str = desk.json(*words, "--with", desk.key("bela"))["case"]
    assert case in [one["case"] for one in desk.json("case")["cases"]]
    return case


def agreed(desk: Desk, *words: str) -> None:
    """Bela proposes, and Ada approves."""
    proposal = desk.json(*words, "--with", desk.key("bela"))["command"]
    desk.json("approve", proposal, "--with", desk.key("ada"))


def drafted(desk: Desk, case: str, file: Path) -> dict[str, Any]:
    said = desk.json("case", "report", "draft", case, str(file), "--authority", FIU)
    made: dict[str, Any] = json.loads(file.read_text())
    assert said["report"] == made["report"]
    return made


def test_a_concern_goes_to_the_authority_and_its_history_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    desk.trade("A", "b", "100.00", "20.00")
    case, file = raised(desk, "A"), tmp_path / "draft.json"
    bela = ("--with", desk.key("bela"))
    (shown,) = [one for one in desk.json("case")["cases"] if one["case"] == case]
    assert (shown["kind"], shown["stage"], shown["late"]) == ("concern", "new", False)
    desk.json("case", "take", case, *bela)
    other = raised(desk, "C")
    desk.json("case", "link", case, other, "--how", "same-pattern", *bela)
    shown = desk.json("case", "show", case)
    assert (shown["stage"], shown["links"]) == ("in hand", [{"case": other, "how": "same-pattern"}])
    assert "round sums" not in desk.text("case", "show", case)

    made = drafted(desk, case, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert desk.firm("A").name in file.read_text()
    assert len(made["known"]["payments"]) >= 2
    answer = desk.run("case", "report", "propose", str(file), *bela, "--json")
    assert (answer.code, answer.refused) == (REFUSED, "report.malformed")
    made["narrative"] = {one: f"What is known: {one}, “as told”." for one in QUESTIONS}
    file.write_text(json.dumps(made))
    agreed(desk, "case", "report", "propose", str(file))
    report = made["report"]
    read = ("case", "report", "read", report, "--with", desk.key("ada"), "--reason", "audit")
    said = json.loads(desk.text(*read))
    assert said["narrative"]["why"] == "What is known: why, “as told”."
    assert said["authority"] == FIU
    desk.json("case", "report", "receipt", report, "2026/77", *bela)
    agreed(desk, "case", "decide", case, "--outcome", "reported", "--reason", "round sums")

    told = desk.json("case", "history", case)["history"]
    assert [one["what"] for one in told] == [
        *("concern", "case_owner", "case_link"),
        *("suspicion_report", "report_receipt", "concern_decision"),
    ]
    assert len({one["link"] for one in told}) == len(told)
    assert "suspicion_report" in desk.text("case", "history", case)
    made = desk.json("case", "figures")
    assert made["decided"] == {"concern reported": 1}
    assert made["reports"]["told"] == 1
    assert "concern reported: 1" in desk.text("case", "figures")
    assert case not in [one["case"] for one in desk.json("case")["cases"]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (
            ("raise", "5493001KJTIIGC8Y1R12", "--why", "amounts", "--said", "x"),
            "case.subject-unknown",
        ),
        ((*("raise", "nobody"), *ODD), "case.malformed"),
        (
            ("decide", derived("cas", "none"), "--outcome", "unfounded", "--reason", "x"),
            "case.unknown",
        ),
        ((*("decide", "cas_1"), *NOTHING), "id.malformed"),
        (("link", derived("cas", "a"), derived("cas", "b"), "--how", "other"), "case.unknown"),
        (("report", "receipt", derived("rep", "none"), "1"), "report.unknown"),
    ],
    ids=lambda one: one if isinstance(one, str) else one[0],
)
def test_what_is_wrong_is_said(desk: Desk, words: tuple[str, ...], code: str) -> None:
    answer = desk.run("case", *words, "--with", desk.key("bela"), "--json")
    assert answer.code == REFUSED
    said = answer.json
    codes = {said["error"]["code"]} if "error" in said else set()
    codes |= {one["code"] for line in said.get("lines", ()) for one in line["refusals"]}
    assert code in codes | {str(said)[:0]} or code in answer.out


def test_of_a_case_that_is_not_there_nothing_is_drafted_or_told(desk: Desk, tmp_path: Path) -> None:
    absent = derived("cas", "none")
    file = tmp_path / "draft.json"
    for words in (
        ("report", "draft", absent, str(file), "--authority", FIU),
        ("history", absent),
    ):
        assert desk.run("case", *words, "--json").refused == "case.unknown"
    assert not file.exists()


def test_a_draft_overwrites_nothing(desk: Desk, tmp_path: Path) -> None:
    case, file = raised(desk, "E"), tmp_path / "draft.json"
    file.write_text("mine")
    answer = desk.run("case", "report", "draft", case, str(file), "--authority", FIU)
    assert answer.code != 0
    assert file.read_text() == "mine"


def test_the_figures_of_a_time_in_which_nothing_was(desk: Desk) -> None:
    made = desk.json("case", "figures", "--since", "2020-01-01", "--until", "2020-02-01")
    assert (made["came"], made["decided"], made["days"]) == ({}, {}, {})
    assert desk.json("case", "--late")["cases"] == []
