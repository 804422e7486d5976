"""Explanations: the facts that somebody needs are in them, and who acts next, by when.

What is pinned is evidence (names, versions, rules, transactions, blocks), not the wording.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.stage import Stage

from clearhouse.core.canonical import instant
from clearhouse.core.ids import IdMalformed, derived
from clearhouse.core.money import USD
from clearhouse.core.obligation import UnknownObligation
from clearhouse.core.settlement import BatchSigned, NoLongerCleared, SignersTooFew, UnknownCycle
from clearhouse.core.valuation import RateFixed
from clearhouse.demo import market
from clearhouse.demo.lists import misspelt
from clearhouse.feeds.shelf import Shelf
from clearhouse.operations.explain import Explanation, explain
from clearhouse.operations.fix import fix

CHAIN = "A>b 0.05, b>C 0.03"


def told(stage: Stage, id: str) -> tuple[Explanation, str, Mapping[str, Any]]:
    """An explanation as it is, as text and as a document that went through JSON."""
    found = explain(stage.house, id)
    document = json.loads(json.dumps(found.document()))
    assert document["id"] == id
    assert document["state"] == found.state
    assert document["next"].keys() == {"actor", "action", "by"}
    assert [step["title"] for step in document["steps"]] == [step.title for step in found.steps]
    assert [step.at for step in found.steps] == sorted(step.at for step in found.steps)
    return found, found.text(), document


def has(text: str, *facts: object) -> None:
    missing = [str(fact) for fact in facts if str(fact) not in text]
    assert not missing, f"{missing} are not in\n{text}"


def test_a_proposal_says_who_must_affirm_it_and_until_when(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id,) = stage.trade("A>b 0.05", affirmed=False)
    found, text, document = told(stage, id)

    assert found.state == "proposed"
    has(text, stage.firm("A").name, stage.firm("b").name, "0.05000000 BTC", "N-1", id)
    has(text, "XA.corridor.open", "XB.corridor.open")
    has(text, "XA.admission.debtor", "XB.admission.creditor")
    assert document["next"]["actor"] == stage.firm("A").name
    assert document["next"]["by"] == "2026-03-02"


def test_an_obligation_that_binds_waits_for_the_house(embedded_stage: Stage) -> None:
    (id,) = embedded_stage.trade("A>b 0.05")
    found, text, _ = told(embedded_stage, id)

    assert found.state == "affirmed"
    has(text, embedded_stage.firm("A").name, embedded_stage.firm("b").name)
    assert found.next_actor
    assert found.by


def test_the_gates_evidence_names_each_list_by_its_version(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id,) = stage.trade("A>b 0.05")
    _, text, _ = told(stage, id)

    for one in Shelf(stage.folder / "lists", stage.clock)():
        has(text, one.name, one.version[:12])
    has(text, stage.house.rulebook.version)


def test_a_hold_names_both_names_the_list_and_the_day_of_review(embedded_stage: Stage) -> None:
    stage = embedded_stage
    listed = misspelt(stage.firm("D").name).upper()
    stage.publish(listed)
    (id,) = stage.trade("D>b 0.05")
    found, text, document = told(stage, id)

    assert "held" in found.state
    has(text, stage.firm("D").name, listed, "gate.possibly-listed-party", "OFAC-SDN")
    has(text, sdn_version(stage))
    # Two business days of both countries after Monday: XA.screening.review.
    assert document["next"]["by"] == "2026-03-04"
    assert "compliance" in document["next"]["actor"]


def sdn_version(stage: Stage) -> str:
    (found,) = [
        one.version[:12]
        for one in Shelf(stage.folder / "lists", stage.clock)()
        if one.name == "OFAC-SDN"
    ]
    return found


def test_a_listed_party_is_denied_with_the_two_names_and_the_list(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.publish(stage.firm("D").name)
    (id,) = stage.trade("D>b 0.05")
    found, text, document = told(stage, id)

    assert "denied" in found.state
    has(text, stage.firm("D").name, stage.firm("D").name.upper(), "gate.listed-party")
    has(text, "OFAC-SDN", sdn_version(stage))
    assert document["next"]["actor"]
    assert document["next"]["by"]


def test_a_domestic_payment_is_denied_by_the_rule_that_forbids_it(embedded_stage: Stage) -> None:
    (id,) = embedded_stage.trade("A>C 0.05")
    found, text, _ = told(embedded_stage, id)
    rules = embedded_stage.house.rulebook.rules
    rule = next(rule for rule in rules if rule.id == "XA.corridor.domestic")

    assert "denied" in found.state
    has(text, "gate.law-denies", rule.says, rule.id, rule.head.citation)


def test_the_newest_answer_of_the_gate_counts(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id,) = stage.trade("D>b 0.05")
    stage.trade("A>b 0.01")
    stage.publish(stage.firm("D").name)
    stage.clear()
    found, text, _ = told(stage, id)

    assert "denied" in found.state
    has(text, "gate.listed-party")
    assert len([step for step in found.steps if "gate" in step.title.lower()]) == 2


def test_a_cleared_obligation_names_who_has_to_pay_in_and_when(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id, _) = stage.trade(CHAIN)
    done = stage.clear()
    (line,) = [line for line in done.clearing.lines if line.due.id == id]
    found, text, document = told(stage, id)

    assert found.state == "cleared"
    has(text, stage.cycle, f"{line.set_off / 10**8:.8f}", f"{line.remains / 10**8:.8f}")
    due = stage.clock() + timedelta(hours=20)
    assert document["next"]["by"].startswith(instant(due)[:16])
    assert names(stage, "A", document["next"]["actor"] + document["next"]["action"])


def names(stage: Stage, letter: str, text: str) -> bool:
    """Whether a firm is named, by its name or its LEI."""
    return stage.firm(letter).name in text or stage.firm(letter).id in text


def test_a_debtor_that_has_paid_is_no_longer_waited_for(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id, _) = stage.trade("A>b 0.05, D>b 0.04")
    stage.clear()
    stage.pay((stage.call("A").script, 5_000_000))
    stage.mine(stage.deep)
    stage.settle()
    found, _, _ = told(stage, id)
    waits = found.next_actor + found.next_action

    assert names(stage, "D", waits)
    assert not names(stage, "A", waits)


def test_a_rate_is_told_with_its_time_and_source(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id,) = stage.trade("A>b 100.00 USD")
    four = datetime.fromisoformat("2026-03-02T16:00:00+00:00")
    file = stage.folder / "trades.csv"
    market.write_trades(file, four, 60_000.0, Random(4))
    stage.clock.at = four + timedelta(minutes=5)
    fixed = fix(stage.house, file, USD)
    stage.clear()
    _, text, _ = told(stage, id)

    rate = fixed.reference.rate
    has(text, rate.id, rate.source, rate.method, "16:00", "100.00 USD", *rate.venues)
    (event,) = stage.facts(RateFixed, rate.id)
    has(text, event.said())


def test_a_settled_obligation_names_its_transaction_its_block_and_the_rules(
    stage: Stage,
) -> None:
    (id, other) = stage.trade(CHAIN)
    stage.clear()
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    stage.settle()
    row = stage.row()
    (signed,) = stage.facts(BatchSigned)
    for one in (id, other, stage.cycle):
        found, text, document = told(stage, one)
        assert found.state == "settled"
        has(text, stage.cycle, row.txid, row.block, row.height, *signed.signers)
        has(text, "XA.finality.attacker", "XA.finality.risk")
        has(text, "XB.finality.attacker", "XB.finality.risk")
        assert document["next"]["actor"] == document["next"]["by"] == ""


def test_a_reorganisation_is_told_with_both_blocks(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id, _) = stage.trade(CHAIN)
    stage.clear()
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(2)
    stage.settle()
    gone = stage.row().block
    stage.reorganise(2)
    stage.settle()
    found, text, _ = told(stage, id)
    assert found.state == "cleared"
    has(text, gone)
    assert found.next_action

    stage.mine(stage.deep)
    stage.settle()
    _, text, _ = told(stage, id)
    has(text, gone, stage.row().block)


def test_a_cycle_tells_its_totals_and_what_it_waits_for(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.cleared("A>b 0.05, b>A 0.02, b>C 0.01")
    found, text, document = told(stage, stage.cycle)

    assert found.state == "cleared"
    has(text, "0.08000000", "0.04000000", "0.03000000", stage.cycle)  # gross, set off, net
    assert names(stage, "A", document["next"]["actor"] + document["next"]["action"])

    stage.pay_in()
    stage.mine(stage.deep)
    stage.sign_with(stage.dark("ministry", "central-bank"))
    with pytest.raises(SignersTooFew):
        stage.settle()
    found, _, _ = told(stage, stage.cycle)
    assert found.state == "funded"
    assert found.next_actor


def test_a_cycle_without_a_batch_is_told_without_one(embedded_stage: Stage) -> None:
    stage = embedded_stage
    (id, _) = stage.trade("A>b 0.05, b>A 0.05")
    stage.clear()
    stage.settle()
    for one in (id, stage.cycle):
        found, text, _ = told(stage, one)
        assert found.state == "settled"
        assert "at height 0" not in text
        assert "block  " not in text


@pytest.mark.parametrize(
    "id",
    ["", "obl_", "obl_short", "cyc_short", "xyz_0RT1N57XJ9W9QXKZBH68TR01TX", "x" * 5000, "obl_\0"],
)
def test_what_is_no_id_is_refused(embedded_stage: Stage, id: str) -> None:
    with pytest.raises(IdMalformed):
        explain(embedded_stage.house, id)


def test_a_payment_that_is_stopped_at_its_release_says_why(embedded_stage: Stage) -> None:
    stage = embedded_stage
    stage.funded("A>b 0.05, b>C 0.03")
    name = stage.firm("C").name
    stage.publish(name, age=timedelta(minutes=5))
    with pytest.raises(NoLongerCleared) as refused:
        stage.settle()
    found, text, _ = told(stage, refused.value.context["obligation"])

    assert found.state == "cleared, denied"
    assert name.upper() in found.next_action
    assert found.next_actor
    assert "sign the batch" not in text


def test_what_is_not_there_is_unknown(embedded_stage: Stage) -> None:
    with pytest.raises(UnknownObligation):
        explain(embedded_stage.house, derived("obl", "nothing"))
    with pytest.raises(UnknownCycle):
        explain(embedded_stage.house, derived("cyc", "nothing"))


def test_explaining_changes_nothing(embedded_stage: Stage) -> None:
    stage = embedded_stage
    ids: list[str] = [*stage.trade(CHAIN), *stage.trade("A>C 0.01")]
    stage.clear()
    before = stage.records()
    for id in [*ids, stage.cycle]:
        assert explain(stage.house, id) == explain(stage.house, id)
    assert stage.records() == before
