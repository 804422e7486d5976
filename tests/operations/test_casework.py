"""Hits and held payments are cases: each has an owner, a deadline and evidence while it is open."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.enacted import Market, adding, facts, held_payment, open_market, ruled
from tests.hands import ADA, BELA, CORA, approve, propose
from tests.laws import read
from tests.recorded import enter, entering
from tests.recorded import read as read_records
from tests.staging import under

from clearhouse.core.casework import ALERTS, CaseEvidence, CaseOwner, case_of_hit, case_of_hold
from clearhouse.core.command import EnterRecords, FileRecords
from clearhouse.core.errors import Refusal
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import PersonId
from clearhouse.core.record import RecordEntered
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations.casework import Case, case_of, open_cases, raise_alerts
from clearhouse.operations.held import held
from clearhouse.operations.hits import Hit, deciding, hit_of, hits
from clearhouse.operations.sheet import read_sheet

TEN_DAYS = date(2026, 3, 16)  # business days behind the second of March
NOBODY = PersonId("per_00000000000000000000000000")


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


def raised(market: Market) -> int:
    entered = facts(market.house.db, RecordEntered)
    return sum(one.register == ALERTS.name for one in entered)


def hit_case(market: Market) -> Case:
    """A firm resembles somebody: the one case that there is."""
    market.publish(misspelt(market.firm("A").name))
    (one,) = open_cases(market.house)
    return one


def refused(market: Market, desk: Path, record: CaseOwner | CaseEvidence) -> list[str]:
    (answer,) = read_records(market.house, desk, record).answers
    return [one.code for one in answer.refusals]


def refused_order(market: Market, order: EnterRecords | FileRecords) -> str:
    with pytest.raises(Refusal) as wrong:
        ADA.order(market.house, order)
    return wrong.value.code


def test_a_hit_is_a_case_from_when_the_house_found_it(market: Market) -> None:
    assert open_cases(market.house) == []
    one = hit_case(market)
    who = market.firm("A").id
    assert isinstance(one.matter, Hit)
    assert (one.about, one.id) == (who, case_of_hit(who, "OFAC-SDN", one.matter.match.entity))
    assert (one.since, one.owner, one.evidence) == (market.clock(), None, ())
    by = one.by
    assert market.house.today < by <= TEN_DAYS
    assert raised(market) == 1
    market.clock.forward(days=1)
    market.publish(misspelt(market.firm("A").name))
    (again,) = open_cases(market.house)
    assert raised(market) == 1, "found once"
    assert (again.id, again.since, again.by) == (one.id, one.since, by)
    assert not again.is_overdue(by)
    assert again.is_overdue(by + timedelta(days=1))


def test_a_case_closes_when_two_people_decide_and_opens_anew_when_that_lapses(
    market: Market, desk: Path
) -> None:
    one = hit_case(market)
    assert isinstance(one.matter, Hit)
    hit = hit_of(market.house, one.about, "OFAC-SDN", one.matter.match.entity)
    enter(market.house, desk, deciding(hit, Outcome.ANOTHER, "another seat", market.house.today))
    assert open_cases(market.house) == []
    market.clock.forward(days=1)
    market.publish(market.firm("A").name)  # the entry says another thing
    (anew,) = open_cases(market.house)
    assert anew.id == one.id
    assert anew.since == market.clock(), "its time runs anew"
    assert raised(market) == 2


def test_somebody_takes_a_case_and_files_what_was_looked_at(market: Market, desk: Path) -> None:
    one = hit_case(market)
    today = market.house.today
    enter(market.house, desk, CaseOwner(one.id, BELA.person, today))
    enter(market.house, desk, CaseEvidence(one.id, "ab" * 32, "identity", "its articles", today))
    enter(market.house, desk, CaseEvidence(one.id, "cd" * 32, "ownership", "its owners", today))
    now = case_of(market.house, one.id)
    assert now.owner is not None
    assert now.owner.person == BELA.person
    assert {each.document for each in now.evidence} == {"ab" * 32, "cd" * 32}
    enter(market.house, desk, CaseOwner(one.id, CORA.person, today))  # given to a colleague
    now = case_of(market.house, one.id)
    assert now.owner is not None
    assert now.owner.person == CORA.person


def test_what_is_filed_wrongly_is_refused(market: Market, desk: Path) -> None:
    one, today = hit_case(market), market.house.today
    other = case_of_hit(one.about, "OFAC-SDN", "1")
    later = today + timedelta(days=1)
    for record, codes in (
        (CaseOwner(other, BELA.person, today), ["case.unknown"]),
        (CaseOwner(one.id, ADA.person, today), ["case.owner-unfit"]),
        (CaseOwner(one.id, NOBODY, today), ["case.owner-unfit"]),
        (CaseOwner(one.id, BELA.person, later), ["case.malformed"]),
        (CaseOwner(one.id, PersonId(one.id), today), ["case.malformed"]),
        (CaseOwner("obl_1", BELA.person, today), ["case.malformed"]),
        (CaseEvidence(other, "ab" * 32, "identity", "x", today), ["case.unknown"]),
        (CaseEvidence(one.id, "ab", "identity", "x", today), ["case.malformed"]),
        (CaseEvidence(one.id, "ab" * 32, "identity", "x", later), ["case.malformed"]),
    ):
        assert refused(market, desk, record) == codes, record
    order = entering(market.house, desk, CaseEvidence(one.id, "ab" * 32, "goods", "x", today))
    assert refused_order(market, order) == "person.not-permitted"
    file = desk / "alerts.csv"
    file.write_text(",".join(one.name for one in ALERTS.columns) + "\n")
    with pytest.raises(Refusal) as wrong:
        read_sheet(market.house, ALERTS, file)
    assert wrong.value.code == "record.not-filed", "the house itself finds them"


def test_a_held_payment_is_a_case_and_its_time_does_not_begin_anew(market: Market) -> None:
    lawful = market.house
    held_by_law = under(lawful, read(adding(ruled("XA.caps.all", "HOLD"))))
    market.house = held_by_law
    (id,) = market.trade("A>b 100.00")
    (one,) = open_cases(market.house)
    assert (one.id, one.about) == (case_of_hold(id), id)
    since, by = one.since, one.by
    assert since == market.clock()
    for _ in range(2):
        market.clock.forward(days=1)
        market.publish()
        market.ask_again(id)
    (still,) = open_cases(market.house)
    assert (still.since, still.by) == (since, by)
    (whole,) = held(market.house)
    assert (whole.since, whole.by) == (since, by)

    # Cleared for a day, and held again: that is another time to look.
    market.house = lawful
    market.ask_again(id)
    assert open_cases(market.house) == []
    market.clock.forward(days=1)
    market.publish()
    market.house = held_by_law
    market.ask_again(id)
    (anew,) = open_cases(market.house)
    assert (anew.id, anew.since) == (one.id, market.clock())


def test_the_most_urgent_comes_first_and_hits_stand_beside_holds(market: Market) -> None:
    hit_case(market)
    held_payment(market)
    several = open_cases(market.house)
    assert sorted(isinstance(one.matter, Hit) for one in several) == [False, True]
    assert [one.by for one in several] == sorted(one.by for one in several)


def test_alerts_are_raised_once_whoever_raises_them(market: Market) -> None:
    market.publish(misspelt(market.firm("A").name), market.firm("C").name)
    found = hits(market.house)
    assert raise_alerts(market.house, found) == 2
    assert raise_alerts(market.house, found) == 0
    assert raise_alerts(market.house, []) == 0
    assert raised(market) == 2


def test_two_people_still_decide(market: Market, desk: Path) -> None:
    """To own a case is no power: another approves, who is not the one who proposed."""
    one = hit_case(market)
    enter(market.house, desk, CaseOwner(one.id, BELA.person, market.house.today))
    (hit,) = hits(market.house)
    decision = deciding(hit, Outcome.ANOTHER, "another seat", market.house.today)
    waiting = propose(market.house, entering(market.house, desk, decision), BELA)
    with pytest.raises(Refusal) as own:
        approve(market.house, waiting, BELA)
    assert own.value.code == "proposal.own"
    assert len(open_cases(market.house)) == 1
    approve(market.house, waiting, CORA)
    assert open_cases(market.house) == []
