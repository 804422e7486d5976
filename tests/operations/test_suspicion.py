"""What somebody finds odd: raised by one, decided by two, told to an authority and nobody else."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import hit
from tests.enacted import Market, held_payment, open_market
from tests.hands import ADA, BELA, CORA, approve, propose
from tests.recorded import enter, entering
from tests.recorded import read as read_records

from clearhouse.core import ids
from clearhouse.core.casework import CaseOwner
from clearhouse.core.errors import Refusal
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.suspicion import (
    QUESTIONS,
    REPORTS,
    Concern,
    ConcernDecision,
    ReportMalformed,
    ReportReceipt,
    SuspicionReport,
    narrative_wrong,
)
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations import dossiers
from clearhouse.operations.case_history import history
from clearhouse.operations.casework import Case, case_of, open_cases
from clearhouse.operations.report_draft import draft, finished
from clearhouse.store import records

FIU = "Norland Financial Intelligence Unit"


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


def fresh(market: Market, prefix: str = "cas") -> str:
    return ids.fresh(prefix, market.clock(), market.house.dice)


def concern(market: Market, about: str, **other: Any) -> Concern:
    today = market.house.today
    return replace(Concern(fresh(market), about, "amounts", "round sums", today), **other)


def raised(market: Market, desk: Path, about: str = "") -> Case:
    one = concern(market, about or market.firm("A").id)
    enter(market.house, desk, one)
    return case_of(market.house, one.case)


def refused(market: Market, desk: Path, record: object) -> list[str]:
    (answer,) = read_records(market.house, desk, record).answers
    return [one.code for one in answer.refusals]


def filled_in(document: dict[str, Any]) -> str:
    """A draft that somebody has finished."""
    answers = {question: f"As far as is known: {question}." for question in QUESTIONS}
    return json.dumps(document | {"narrative": answers})


def reported(market: Market, desk: Path, case: Case, outcome: str = "told") -> SuspicionReport:
    made = draft(market.house, case, fresh(market, "rep"), FIU)
    one = finished(market.house, filled_in(made), outcome)
    enter(market.house, desk, one)
    (kept,) = records.current(market.house.db, REPORTS, "report", [one.report])
    assert isinstance(kept, SuspicionReport)
    return kept


# Concerns.


def test_a_concern_is_a_case_until_two_people_decide_it(market: Market, desk: Path) -> None:
    one = raised(market, desk)
    assert isinstance(one.matter, Concern)
    assert (one.about, one.since) == (market.firm("A").id, market.clock())
    assert market.house.today < one.by
    decision = ConcernDecision(one.id, "unfounded", "its rent", market.house.today)
    waiting = propose(market.house, entering(market.house, desk, decision), BELA)
    with pytest.raises(Refusal) as own:
        approve(market.house, waiting, BELA)
    assert own.value.code == "proposal.own"
    assert [each.id for each in open_cases(market.house)] == [one.id]
    approve(market.house, waiting, CORA)
    assert open_cases(market.house) == []
    assert refused(market, desk, ConcernDecision(one.id, "unfounded", "x", market.house.today)) == [
        "case.concern-decided"
    ]


def test_it_may_be_about_whoever_and_whatever_there_is(market: Market, desk: Path) -> None:
    enter(market.house, desk, hit.OSTROVA)
    (payment,) = market.trade("A>b 100.00")
    for about in (market.firm("b").id, hit.OSTROVA.entity, payment):
        assert raised(market, desk, about).about == about
    concerns = [one for one in open_cases(market.house) if isinstance(one.matter, Concern)]
    assert len(concerns) == 3


def test_what_is_wrong_with_a_concern_is_said(market: Market, desk: Path) -> None:
    firm = market.firm("A").id
    known = raised(market, desk).id
    later = market.house.today + timedelta(days=1)
    for record, codes in (
        (concern(market, "5493001KJTIIGC8Y1R12"), ["case.subject-unknown"]),
        (concern(market, ids.derived("obl", "none")), ["case.subject-unknown"]),
        (concern(market, ids.derived("cyc", "none")), ["case.subject-unknown"]),
        (concern(market, ids.derived("prs", "none")), ["case.subject-unknown"]),
        (concern(market, ids.derived("ves", "none")), ["case.subject-unknown"]),
        (concern(market, "somebody"), ["case.malformed"]),
        (concern(market, firm, raised_on=later), ["case.malformed"]),
        (Concern("obl_1", firm, "amounts", "x", market.house.today), ["case.malformed"]),
    ):
        assert refused(market, desk, record) == codes, record
    assert refused(market, desk, Concern(known, firm, "coins", "x", market.house.today)) == [
        "case.malformed"
    ]


def test_only_compliance_raises_one(market: Market, desk: Path) -> None:
    order = entering(market.house, desk, concern(market, market.firm("A").id))
    with pytest.raises(Refusal) as wrong:
        ADA.order(market.house, order)
    assert wrong.value.code == "person.not-permitted"


# Reports.


def test_a_draft_has_what_the_house_knows_and_leaves_gaps(market: Market, desk: Path) -> None:
    market.trade("A>b 100.00, b>A 250.00")
    case = raised(market, desk)
    made = draft(market.house, case, fresh(market, "rep"), FIU)
    firm, other = market.firm("A"), market.firm("b")
    text = json.dumps(made)
    for fact in (firm.id, firm.name, firm.wallet.address, other.name, "round sums", "XA", "XB"):
        assert fact in text, fact
    assert {one["amount"] for one in made["known"]["payments"]} == {"100.00 EUR", "250.00 EUR"} or (
        len(made["known"]["payments"]) == 2
    )
    assert made["due_on"] == str(date(2026, 3, 5)), "three business days"
    assert made["narrative"].keys() == set(QUESTIONS)
    assert all("[" in answer for answer in made["narrative"].values())
    with pytest.raises(ReportMalformed):
        finished(market.house, json.dumps(made), "told")


def of_a_hit(market: Market) -> str:
    market.publish(misspelt(market.firm("A").name))
    return market.firm("A").name


def of_a_hold(market: Market) -> str:
    held_payment(market)
    return "XA.caps"


@pytest.mark.parametrize("odd", [of_a_hit, of_a_hold])
def test_a_hit_and_a_hold_are_drafted_from_what_stands_there(
    market: Market, desk: Path, odd: Callable[[Market], str]
) -> None:
    said = odd(market)
    (case,) = open_cases(market.house)
    made = draft(market.house, case, fresh(market, "rep"), FIU)
    assert said in json.dumps(made)
    enter(market.house, desk, CaseOwner(case.id, BELA.person, market.house.today))
    kept = reported(market, desk, case)
    assert kept.case == case.id


def test_a_report_is_agreed_on_by_two_and_kept_encrypted(market: Market, desk: Path) -> None:
    case = raised(market, desk)
    kept = reported(market, desk, case)
    assert (kept.narrative, len(kept.commitment)) == ("", 64)
    said = json.loads(dossiers.read(market.house, kept.dossier).said["narrative"])
    assert said["narrative"]["why"] == "As far as is known: why."
    assert market.firm("A").name in json.dumps(said["known"])
    rows = market.house.db.execute("SELECT body FROM journal").fetchall()
    assert not [body for (body,) in rows if "As far as is known" in body]
    told = [one.what for one in history(market.house, case.id)]
    assert told == ["concern", "suspicion_report"]


def test_what_is_reported_was_told_and_what_was_told_is_not_unfounded(
    market: Market, desk: Path
) -> None:
    case, today = raised(market, desk), market.house.today
    assert refused(market, desk, ConcernDecision(case.id, "reported", "x", today)) == [
        "case.report-missing"
    ]
    reported(market, desk, case, "not told")
    assert refused(market, desk, ConcernDecision(case.id, "reported", "x", today)) == [
        "case.report-missing"
    ]
    reported(market, desk, case)
    assert refused(market, desk, ConcernDecision(case.id, "unfounded", "x", today)) == [
        "case.report-missing"
    ]
    enter(market.house, desk, ConcernDecision(case.id, "reported", "x", today))
    assert open_cases(market.house) == []


def test_a_receipt_is_of_a_report_that_was_told(market: Market, desk: Path) -> None:
    case, today = raised(market, desk), market.house.today
    told, kept = reported(market, desk, case), reported(market, desk, case, "not told")
    absent, later = ids.derived("rep", "none"), today + timedelta(days=1)
    for record, codes in (
        (ReportReceipt(absent, "1", today), ["report.unknown"]),
        (ReportReceipt("cas_1", "1", today), ["report.malformed"]),
        (ReportReceipt(kept.report, "1", today), ["report.not-told"]),
        (ReportReceipt(told.report, "1", later), ["report.malformed"]),
    ):
        assert refused(market, desk, record) == codes, record
    enter(market.house, desk, ReportReceipt(told.report, "2026/77", today))
    assert history(market.house, case.id)[-1].what == "report_receipt"


def test_a_report_of_no_case_or_made_anew_is_refused(market: Market, desk: Path) -> None:
    case, today = raised(market, desk), market.house.today
    kept = reported(market, desk, case)
    absent = ids.derived("cas", "absent")
    other = SuspicionReport(kept.report, case.id, FIU, "told", today, today, hit.NARRATIVE)
    assert refused(market, desk, other) == ["report.malformed"]
    nowhere = SuspicionReport(
        fresh(market, "rep"), absent, FIU, "told", today, today, hit.NARRATIVE
    )
    assert refused(market, desk, nowhere) == ["case.unknown"]


WRONG = {
    "no object": "[]",
    "no JSON": "{",
    "no answers": '{"known": {}}',
    "one answer": '{"narrative": {"who": "A"}}',
    "an answer that is none": json.dumps({"narrative": dict.fromkeys(QUESTIONS, " ")}),
    "a number": json.dumps({"narrative": dict.fromkeys(QUESTIONS, 7)}),
    "a gap": json.dumps({"narrative": dict.fromkeys(QUESTIONS, "It is [who]")}),
    "another question": json.dumps({"narrative": dict.fromkeys([*QUESTIONS, "wherefore"], "A")}),
    "nested": "[" * 100_000,
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_narrative_answers_six_questions(market: Market, text: str) -> None:
    assert list(narrative_wrong(text))
    with pytest.raises(ReportMalformed):
        finished(market.house, text, "told")


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_whatever_a_narrative_is_it_is_taken_or_refused(said: object) -> None:
    for refusal in narrative_wrong(json.dumps(said)):
        assert refusal.code == "report.malformed"
