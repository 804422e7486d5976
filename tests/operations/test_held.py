"""Holds of the law: two people let a payment go on, or refuse it, while the rule says the same."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.enacted import Market, adding, bodies, enact, facts, open_market, ruled
from tests.hands import BELA, CORA, approve, propose
from tests.laws import Law
from tests.laws import read as read_law
from tests.recorded import enter, entering, read

from clearhouse.core.errors import Refusal
from clearhouse.core.gate import GateDecided
from clearhouse.core.held import HoldDecision, Outcome
from clearhouse.core.ids import ObligationId
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations.explain import explain
from clearhouse.operations.held import deciding, held
from clearhouse.operations.impact import impact
from clearhouse.operations.prove import prove
from clearhouse.operations.screen import open_gate

ALL, ALSO = "XA.caps.all", "XB.caps.all"


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    """Under a law by which everything is held for people to look at, by two rules."""
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        legislate(made, ruled(ALL, "HOLD"), ruled(ALSO, "HOLD"))
        yield made


def legislate(market: Market, *rules: Law) -> None:
    """The shipped law with these rules comes into force."""
    enact(market.house, read_law(adding(*rules)), market.clock() + timedelta(minutes=1))
    market.clock.forward(minutes=2)


def decide(
    market: Market, id: ObligationId, rule: str, outcome: Outcome = Outcome.RELEASED
) -> HoldDecision:
    """Two people decide a hold."""
    one = deciding(market.house, id, rule, outcome, "the contract was seen")
    enter(market.house, market.folder, one)
    return one


def verdict(market: Market, id: ObligationId, gate: Any = None) -> str:
    """What the gate says now."""
    market.ask_again(id, gate=gate)
    (said,) = market.verdicts(id)
    return said


def affirm_same(market: Market) -> None:
    """Every decision comes out again, to the byte, as what was decided of holds was known then."""
    before = dict(bodies(market.house.db))
    proven = prove(market.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(market.house.db, GateDecided))
    assert bodies(market.house.db) == before


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
def test_a_payment_goes_on_when_every_rule_that_holds_it_is_decided(
    market: Market, running: bool
) -> None:
    gate = open_gate(market.house) if running else None
    one, other = market.trade("A>b 100.00, A>b 200.00", gate=gate)
    assert market.verdicts(one, other) == ["hold", "hold"]
    decide(market, one, ALL)
    assert verdict(market, one, gate) == "hold", "another rule holds it"
    assert market.codes(one) >= {"gate.hold-released", "gate.law-holds"}
    decide(market, one, ALSO)
    assert verdict(market, one, gate) == "clear"
    assert verdict(market, other, gate) == "hold", "nobody decided about it"
    (said,) = [
        ground["said"]
        for finding in market.findings(one)
        for ground in finding["grounds"]
        if ground["rule"] == ALL
    ]
    assert said.endswith(f"(two people released it on {market.house.today})")
    assert [each.obligation.id for each in held(market.house)] == [other]
    affirm_same(market)


def test_the_same_law_has_no_impact_on_what_was_decided(market: Market) -> None:
    """What two people released stays so when the law is asked about the past."""
    one, other = market.trade("A>b 100.00, A>b 200.00")
    for rule in (ALL, ALSO):
        decide(market, one, rule)
    decide(market, other, ALL, Outcome.REFUSED)
    assert [verdict(market, id) for id in (one, other)] == ["clear", "deny"]
    found = impact(market.house, market.house.rulebook, 30, lambda _: None)
    pairs = {("hold", "hold"): 2, ("clear", "clear"): 1, ("deny", "deny"): 1}
    assert (dict(found.verdicts), dict(found.rules)) == (pairs, {})


def test_what_is_refused_is_denied(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    decide(market, id, ALL)
    decide(market, id, ALSO, Outcome.REFUSED)
    assert verdict(market, id) == "deny"
    assert "gate.hold-refused" in market.codes(id)
    assert held(market.house) == []
    affirm_same(market)


def test_when_the_rule_says_otherwise_it_is_held_again(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    for rule in (ALL, ALSO):
        decide(market, id, rule)
    assert verdict(market, id) == "clear"
    changed = ruled(ALL, "HOLD", says="Show the bill of lading.")
    legislate(market, changed, ruled(ALSO, "HOLD"))
    assert verdict(market, id) == "hold"
    (one,) = held(market.house)
    said = {each.code: each.said for each in one.against if each.rule == ALL}
    assert said.keys() == {"gate.law-holds", "gate.hold-lapsed"}
    assert said["gate.hold-lapsed"].endswith("holds no more, since the rule says otherwise now")
    with pytest.raises(Refusal, match=r"hold\.unknown"):
        decide(market, id, ALSO)
    decide(market, id, ALL)
    assert verdict(market, id) == "clear"
    affirm_same(market)


def test_what_holds_a_party_stands_whatever_is_decided_of_the_law(market: Market) -> None:
    market.publish(misspelt(market.firm("A").name))
    (id,) = market.trade("A>b 100.00")
    for rule in (ALL, ALSO):
        decide(market, id, rule)
    assert verdict(market, id) == "hold"
    (one,) = held(market.house)
    assert {each.code for each in one.against} == {"gate.possibly-listed-party"}
    assert one.rules == {}


def test_what_the_law_denies_nobody_releases(market: Market) -> None:
    legislate(market, ruled(ALL, "HOLD"), ruled(ALSO, "DENY"))
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["deny"]
    for rule in (ALL, ALSO):
        with pytest.raises(Refusal, match=r"hold\.unknown"):
            deciding(market.house, id, rule, Outcome.RELEASED, "x")


def test_each_has_a_day_by_which_somebody_must_have_looked(market: Market) -> None:
    ids = market.trade("A>b 100.00, C>d 50.00")
    found = held(market.house)
    assert sorted(one.obligation.id for one in found) == sorted(ids)
    assert all(one.by > market.house.today for one in found)
    assert all(set(one.rules) == {ALL, ALSO} for one in found)
    assert held(market.house, []) == []


def test_each_ground_says_who_must_act_by_when_and_what_would_change_it(market: Market) -> None:
    name = market.firm("A").name
    market.publish(misspelt(name))
    (id,) = market.trade("A>b 100.00")
    (one,) = held(market.house, [id])
    advised = {(each.code, each.rule): each for each in one.remedies}
    assert advised.keys() == {(each.code, each.rule) for each in one.against}
    assert advised.keys() >= {
        ("gate.possibly-listed-party", ""),
        ("gate.law-holds", ALL),
        ("gate.law-holds", ALSO),
    }
    assert {each.by for each in one.remedies} == {str(one.by)}
    told = explain(market.house, id)
    assert told.remedies == one.remedies
    text, document = told.text(), told.document()
    assert all(f"     {each.said}" in text for each in one.remedies)
    assert document["remedies"] == [each.document() for each in one.remedies]
    findings = json.dumps(market.findings(id))
    assert not [each for each in one.remedies if each.changes in findings], "it is for the house"

    decide(market, id, ALL, Outcome.REFUSED)
    market.ask_again(id)
    (refused,) = [
        each for each in explain(market.house, id).remedies if each.code == "gate.hold-refused"
    ]
    assert (refused.rule, refused.by) == (ALL, "")


def test_what_is_clear_has_nothing_to_change(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    for rule in (ALL, ALSO):
        decide(market, id, rule)
    market.ask_again(id)
    told = explain(market.house, id)
    assert told.remedies == ()
    assert "what would change" not in told.text()


WRONG = {
    "payment": ({"obligation": "obl_0000000000000000000000000"}, "hold.unknown"),
    "rule": ({"rule": "XA.caps.none"}, "hold.unknown"),
    "words": ({"said": "a" * 64}, "hold.changed"),
    "tomorrow": ({"decided_on": date(2030, 1, 1)}, "hold.malformed"),
    "no digest": ({"said": "xyz"}, "hold.malformed"),
}


@pytest.mark.parametrize(("said", "code"), WRONG.values(), ids=WRONG)
def test_a_decision_on_what_is_not_held_is_refused(
    market: Market, said: dict[str, Any], code: str
) -> None:
    (id,) = market.trade("A>b 100.00")
    one = replace(deciding(market.house, id, ALL, Outcome.RELEASED, "seen"), **said)
    (answer,) = read(market.house, market.folder, one).answers
    assert [each.code for each in answer.refusals] == [code]


def test_one_person_decides_nothing(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    one = deciding(market.house, id, ALL, Outcome.RELEASED, "seen")
    waiting = propose(market.house, entering(market.house, market.folder, one), BELA)
    with pytest.raises(Refusal, match="your own"):
        approve(market.house, waiting, BELA)
    assert "gate.hold-released" not in market.codes(id)
    approve(market.house, waiting, CORA)
    with pytest.raises(Refusal):
        approve(market.house, waiting, CORA)
