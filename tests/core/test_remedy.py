"""Whatever says no has a remedy: who must act, by when, and what evidence or authority it takes."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.enacted import adding
from tests.laws import OPEN, SHIPPED, joined, on_subject, read
from tests.operations.test_carried import closure
from tests.payments import alone, between

import clearhouse
from clearhouse.core import screening
from clearhouse.core.adoption import ListGone
from clearhouse.core.editions import ListRegressed, ListShrunken
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.gate import (
    DOUBT,
    OUTCOMES,
    OWNED,
    STANDINGS,
    THROUGH,
    Ground,
    Verdict,
    judge_law,
)
from clearhouse.core.remedy import REMEDIES, STOPS, Actor, advise

LAW = read(SHIPPED)
ON, BY = date(2026, 3, 5), date(2026, 3, 9)
CODE = re.compile(r'"(gate\.[a-z-]+)["{]')
# Grounds that never hold or deny.
FOR = {
    "gate.licensed",
    "gate.licence-suspended",
    "gate.licence-revoked",
    "gate.not-listed",
    "gate.hit-cleared",
    "gate.listed-party-licensed",
    "gate.listed-owner-licensed",
    "gate.owner-hit-cleared",
    "gate.owners-not-listed",
    "gate.slightly-owned-by-listed",
    "gate.law-allows",
    "gate.report-due",
    "gate.collection-due",
    "gate.hold-released",
    "gate.associate-hit-cleared",
    "gate.associates-not-listed",
    "gate.listed-associate-licensed",
    "gate.carriage-stated",
    "gate.listed-vessel-licensed",
    "gate.vessel-hit-cleared",
    "gate.vessel-not-listed",
    "gate.provider-verified",
    "gate.record-complete",
    "gate.payee-matches",
    "gate.record-approved",
}
# What would be a hint how to pass, and no remedy.
HINTS = re.compile(
    r"\b(?:another|different|other|new) (?:name|wallet|address|amount|country|owner|route|party)|"
    r"\b(?:rename|split|smaller|below|avoid|instead|divest|transfer)\b"
)


def written() -> set[str]:
    """Every code of a ground that stands in the core."""
    core = Path(clearhouse.__file__).parent / "core"
    found = set()
    for name in ("gate.py", "held.py", "carriage.py", "travel_due.py"):
        text = (core / name).read_text()
        found |= {code for code in CODE.findall(text) if not code.endswith("-")}
        for prefix in re.findall(r'f"(gate\.[a-z-]+-)\{', text):
            found |= {code for code in {*REMEDIES, *FOR} if code.startswith(prefix)}
    return found


def test_every_ground_that_holds_or_denies_has_a_remedy_and_no_other() -> None:
    assert written() == REMEDIES.keys() | FOR
    assert not REMEDIES.keys() & FOR
    several = [*OWNED.values(), *THROUGH.values(), *STANDINGS.values(), *OUTCOMES.values()]
    assert {code for code, verdict in several if verdict is not Verdict.CLEAR} <= REMEDIES.keys()
    assert {code for code, verdict in several if verdict is Verdict.CLEAR} <= FOR


def test_everything_that_stops_the_gate_has_a_remedy() -> None:
    named = [getattr(screening, name) for name in screening.__all__]
    refusals = [one for one in named if isinstance(one, type) and issubclass(one, Refusal)]
    stops = {one.code for one in refusals if one.kind is Kind.UNAVAILABLE}
    accepted = {one.code for one in (ListGone, ListRegressed, ListShrunken)}  # by two people
    assert stops | accepted == STOPS.keys()
    assert {STOPS[code].actor for code in stops} == {Actor.HOUSE}
    assert {STOPS[code].actor for code in accepted} == {Actor.COMPLIANCE}


@pytest.mark.parametrize("code", [*REMEDIES, *STOPS])
def test_a_remedy_says_what_evidence_or_authority_is_needed_and_nothing_to_evade_by(
    code: str,
) -> None:
    one = {**REMEDIES, **STOPS}[code]
    assert one.changes.strip()
    assert not HINTS.search(one.changes)
    assert one.changes[0].islower()
    assert not one.changes.endswith(".")


def ground(code: str, verdict: Verdict, rule: str = "", said: str = "so") -> Ground:
    return Ground(code, verdict, said, rule, "Order")


def test_a_hold_is_looked_at_by_its_day_and_a_denial_has_none() -> None:
    held = ground("gate.possibly-listed-party", Verdict.HOLD)
    denied = ground("gate.listed-party", Verdict.DENY)
    cleared = ground("gate.not-listed", Verdict.CLEAR)
    first, second = advise([held, denied, cleared], LAW, ON, BY)
    assert (first.code, first.by, first.rule) == (held.code, "2026-03-09", "")
    assert (second.code, second.by) == (denied.code, "")
    assert first.said.startswith(
        "gate.possibly-listed-party: the house's compliance officers, by 2026-03-09: two people"
    )
    assert first.document()["rule"] is None


def test_the_same_ground_twice_is_advised_on_once() -> None:
    held = ground("gate.possibly-listed-party", Verdict.HOLD)
    assert len(advise([held, held], LAW, ON, BY)) == 1


def asking(outcome: str) -> dict[str, object]:
    return {
        "id": "XA.caps.asks",
        "says": "So it is.",
        "citation": "Order",
        "effective_from": date(2020, 1, 1),
        "applies_to": {"roles": ["transaction"]},
        "outcome": outcome,
        "when": 'origin == "mixed" && transaction == "trade"',
        "vectors": {"fires": [{"origin": "mixed"}], "unknown": [{}]},
    }


@pytest.mark.parametrize(
    ("code", "verdict", "said", "told"),
    [
        (
            "gate.law-denies",
            Verdict.DENY,
            "so",
            "it goes by origin (where the coins come from), transaction (what the payment is for)",
        ),
        (
            "gate.law-doubtful",
            Verdict.HOLD,
            f"so {DOUBT}: origin",
            (
                "it goes by transaction (what the payment is for);"
                " not known, some or all of it, is origin (where the coins come from)"
            ),
        ),
    ],
    ids=["decided", "doubtful"],
)
def test_the_rule_itself_says_what_it_goes_by(
    code: str, verdict: Verdict, said: str, told: str
) -> None:
    law = read(joined(OPEN, on_subject("XA", "caps", rule=[asking("DENY")])))
    (one,) = advise([ground(code, verdict, "XA.caps.asks", said)], law, ON, BY)
    assert one.changes == f"{REMEDIES[code].changes}; {told}"
    assert one.said.startswith("XA.caps.asks (gate.law-")


def test_where_nothing_opens_it_the_rules_that_could_say_what_they_go_by() -> None:
    answer, came = alone(LAW, between("XA", "XD", {"transaction": "offer"}))
    finding = judge_law("XA>XD", came, answer, LAW)
    closed = [one for one in finding.grounds if one.code == "gate.law-closed"]
    assert closed
    told = [one.changes for one in advise(closed, LAW, ON, BY)]
    assert all("; what may open it goes by " in each for each in told)
    assert any("debtor.residence (where it resides)" in each for each in told)
    other = replace(closed[0], said="no law of XX opens this (nothing)")
    (one,) = advise([other], LAW, ON, BY)
    assert one.changes == REMEDIES["gate.law-closed"].changes


def test_what_closes_places_goes_by_what_is_shipped() -> None:
    law = read(adding(closure("XA")))
    assert law.closures
    for rule in law.closures:
        (one,) = advise([ground("gate.law-denies", Verdict.DENY, rule.head.id)], law, ON, BY)
        assert one.changes.endswith(
            "; it goes by where what is shipped comes from, passes and goes to"
        )


def test_what_a_programme_may_waive_says_so() -> None:
    rule = next(each for each in LAW.rules if each.waivable and each.reads())
    (one,) = advise([ground("gate.law-denies", Verdict.DENY, rule.id)], LAW, ON, BY)
    assert one.changes.endswith("; a programme that its authority approved may waive it")


@pytest.mark.parametrize("id", sorted({rule.id for rule in LAW.rules}))
def test_every_rule_of_the_shipped_law_can_be_advised_on(id: str) -> None:
    for on in (date(1990, 1, 1), ON, date(2099, 1, 1)):
        (one,) = advise([ground("gate.law-denies", Verdict.DENY, id)], LAW, on, BY)
        assert one.changes.startswith(REMEDIES["gate.law-denies"].changes)
        assert one.rule == id
