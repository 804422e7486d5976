"""Cases have stages with clocks, links, histories and figures; what lasts too long is escalated."""

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.enacted import Market, facts, held_payment, open_market
from tests.hands import ADA, BELA, CORA, approve, propose
from tests.recorded import enter, entering
from tests.recorded import read as read_records

from clearhouse.core import ids
from clearhouse.core.casework import (
    CASE_LINKS,
    COMPLIANCE,
    ESCALATIONS,
    SUPERVISOR,
    CaseEvidence,
    CaseLink,
    CaseOwner,
    Escalation,
    Stage,
    level_of,
)
from clearhouse.core.command import Decline
from clearhouse.core.errors import Refusal
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import CommandId
from clearhouse.core.merkle import leaf_hash
from clearhouse.core.record import RecordEntered
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.suspicion import Concern, ConcernDecision
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations.case_figures import figures
from clearhouse.operations.case_history import Happened, history
from clearhouse.operations.case_stages import Staged, escalate, staged
from clearhouse.operations.casework import case_of, open_cases
from clearhouse.operations.hits import deciding, hits
from clearhouse.operations.log import entry_of
from clearhouse.store import journal
from clearhouse.worker import LOOPS


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as house:
        yield house


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


def one_case(market: Market) -> Staged:
    """A firm resembles somebody."""
    market.publish(misspelt(market.firm("A").name))
    (one,) = staged(market.house, open_cases(market.house))
    return one


def now(market: Market) -> Staged:
    """The only case there is, as it is now."""
    market.publish(misspelt(market.firm("A").name))
    (one,) = staged(market.house, open_cases(market.house))
    return one


def raised(market: Market, desk: Path, letter: str = "A", why: str = "amounts") -> str:
    """Bela finds a firm odd; answers the case."""
    id = ids.fresh("cas", market.clock(), market.house.dice)
    today = market.house.today
    enter(market.house, desk, Concern(id, market.firm(letter).id, why, "round sums", today))
    return id


def refused(market: Market, desk: Path, record: object) -> list[str]:
    (answer,) = read_records(market.house, desk, record).answers
    return [one.code for one in answer.refusals]


# Stages and clocks.


def test_a_case_goes_from_nobodys_to_somebodys_to_another_persons(
    market: Market, desk: Path
) -> None:
    one = one_case(market)
    assert (one.stage, one.due) == (Stage.NEW, date(2026, 3, 3)), "a business day"
    assert one.due < one.case.by
    enter(market.house, desk, CaseOwner(one.case.id, BELA.person, market.house.today))
    one = now(market)
    assert (one.stage, one.due, one.proposal) == (Stage.IN_HAND, one.case.by, "")
    (hit,) = hits(market.house)
    decision = deciding(hit, Outcome.ANOTHER, "another seat", market.house.today)
    waiting = propose(market.house, entering(market.house, desk, decision), BELA)
    one = now(market)
    assert (one.stage, one.proposal) == (Stage.SECOND, waiting.id)
    assert one.due == waiting.expires_at.date()
    approve(market.house, waiting, CORA)
    market.publish(misspelt(market.firm("A").name))
    assert open_cases(market.house) == []


def test_what_is_declined_is_in_hand_again(market: Market, desk: Path) -> None:
    one = one_case(market)
    (hit,) = hits(market.house)
    decision = deciding(hit, Outcome.ANOTHER, "another seat", market.house.today)
    waiting = propose(market.house, entering(market.house, desk, decision), BELA)
    assert now(market).stage is Stage.SECOND
    CORA.order(market.house, Decline(waiting.id, "not shown"))
    assert now(market).stage is Stage.NEW
    enter(market.house, desk, CaseOwner(one.case.id, CORA.person, market.house.today))
    assert now(market).stage is Stage.IN_HAND


def test_a_decision_on_another_case_is_no_stage_of_this_one(market: Market, desk: Path) -> None:
    one_case(market)
    other = raised(market, desk, "C")
    decision = ConcernDecision(other, "unfounded", "its rent", market.house.today)
    propose(market.house, entering(market.house, desk, decision), BELA)
    market.publish(misspelt(market.firm("A").name))
    found = {
        one.case.id == other: one.stage for one in staged(market.house, open_cases(market.house))
    }
    assert found == {True: Stage.SECOND, False: Stage.NEW}


def test_a_stage_that_lasts_too_long_is_escalated_once_and_then_to_the_supervisor(
    market: Market,
) -> None:
    one = one_case(market)
    case, take, by = one.case, one.due, one.case.by

    def looks() -> list[tuple[str, date, int]]:
        market.publish(misspelt(market.firm("A").name))
        made = escalate(market.house, open_cases(market.house))
        assert all(each.case == case.id for each in made)
        return [(each.stage, each.due, each.level) for each in made]

    assert looks() == []
    while market.house.today < take:
        market.clock.forward(days=1)
    assert looks() == []
    market.clock.forward(days=1)
    assert looks() == [("new", take, COMPLIANCE)]
    assert looks() == []
    while market.house.today <= by:
        market.clock.forward(days=1)
    assert looks() == [("new", by, SUPERVISOR)]
    assert looks() == []


def test_somebody_who_has_it_too_long_is_escalated_to_the_supervisor(
    market: Market, desk: Path
) -> None:
    one = one_case(market)
    enter(market.house, desk, CaseOwner(one.case.id, BELA.person, market.house.today))
    while market.house.today <= one.case.by:
        market.clock.forward(days=1)
    market.publish(misspelt(market.firm("A").name))
    (made,) = escalate(market.house, open_cases(market.house))
    assert (made.stage, made.due, made.level) == ("in hand", one.case.by, SUPERVISOR)


def test_the_worker_escalates(market: Market) -> None:
    assert "alerts.raise" in LOOPS
    one = one_case(market)
    market.clock.forward(days=5)
    market.publish(misspelt(market.firm("A").name))
    LOOPS["alerts.raise"](SimpleNamespace(house=market.house), "")  # type: ignore[arg-type]
    entered = facts(market.house.db, RecordEntered)
    (said,) = [each for each in entered if each.register == ESCALATIONS.name]
    assert said.key.startswith(one.case.id)


def test_whom_a_stage_is_escalated_to() -> None:
    before = Escalation("cas", "new", date(2026, 3, 4), 1, None)  # type: ignore[arg-type]
    assert level_of(False, []) == COMPLIANCE
    assert level_of(True, []) == SUPERVISOR
    assert level_of(False, [before]) == SUPERVISOR


# Links.


def test_cases_are_linked_both_ways(market: Market, desk: Path) -> None:
    one = one_case(market)
    other = raised(market, desk, "C")
    enter(market.house, desk, CaseLink(one.case.id, other, "same-owner", market.house.today))
    market.publish(misspelt(market.firm("A").name))
    assert case_of(market.house, one.case.id).links == ((other, "same-owner"),)
    assert case_of(market.house, other).links == ((one.case.id, "same-owner"),)
    assert case_of(market.house, other).owner is None


def test_a_link_that_makes_no_sense_is_refused(market: Market, desk: Path) -> None:
    id, today = one_case(market).case.id, market.house.today
    other, absent = raised(market, desk, "C"), ids.derived("cas", "absent")
    later = today + timedelta(days=1)
    for record, codes in (
        (CaseLink(id, id, "other", today), ["case.malformed"]),
        (CaseLink(id, absent, "other", today), ["case.unknown"]),
        (CaseLink(absent, id, "other", today), ["case.unknown"]),
        (CaseLink(id, "obl_1", "other", today), ["case.malformed"]),
        (CaseLink(id, other, "other", later), ["case.malformed"]),
        (CaseLink(id, other, "other", today), []),
    ):
        assert refused(market, desk, record) == codes, record


# History.


def test_all_that_happened_to_a_case_is_told_in_order_by_whom_and_chained(
    market: Market, desk: Path
) -> None:
    id, today = one_case(market).case.id, market.house.today
    enter(market.house, desk, CaseOwner(id, BELA.person, today))
    enter(market.house, desk, CaseOwner(id, CORA.person, today))
    enter(market.house, desk, CaseEvidence(id, "ab" * 32, "identity", "its articles", today))
    (hit,) = hits(market.house)
    decision = deciding(hit, Outcome.ANOTHER, "another seat", today)
    enter(market.house, desk, decision)
    told = history(market.house, id)

    assert [one.what for one in told] == [
        *("alert", "case_owner", "case_owner", "case_evidence", "hit_decision")
    ]
    by = [one.by for one in told]
    assert by == [(), *[(BELA.person,)] * 3, (BELA.person, CORA.person)]
    assert told[2].before == {"person": BELA.person}
    assert told[2].after == {"person": CORA.person}
    assert told[3].after["document"] == "ab" * 32
    assert "its articles" not in str(told)
    assert "another seat" not in str(told)
    assert {one.law for one in told} == {market.house.rulebook.version}
    assert [one.position for one in told] == sorted(one.position for one in told)
    link = b""
    for one in told:
        (entry,) = journal.after(market.house.db, one.position - 1, 1)
        link = sha256(link + leaf_hash(entry_of(market.house, entry))).digest()
        assert one.link == link.hex()
    assert history(market.house, id) == told


def test_an_earlier_history_is_the_beginning_of_a_later_one(market: Market, desk: Path) -> None:
    id = raised(market, desk)
    seen: list[list[Happened]] = [history(market.house, id)]
    enter(market.house, desk, CaseOwner(id, BELA.person, market.house.today))
    seen.append(history(market.house, id))
    other = raised(market, desk, "C")
    enter(market.house, desk, CaseLink(other, id, "same-party", market.house.today))
    seen.append(history(market.house, id))
    for before, after in pairwise(seen):
        assert after[: len(before)] == before
        assert len(after) == len(before) + 1
    assert [one.what for one in history(market.house, other)] == ["concern", CASE_LINKS.name]


def test_of_a_held_payment_too(market: Market, desk: Path) -> None:
    held_payment(market)
    (one,) = open_cases(market.house)
    with pytest.raises(Refusal):
        history(market.house, one.id)  # nobody has said anything of it yet
    enter(market.house, desk, CaseOwner(one.id, BELA.person, market.house.today))
    assert [each.what for each in history(market.house, one.id)] == ["case_owner"]


def test_a_case_of_which_nothing_was_said_has_no_history(market: Market) -> None:
    with pytest.raises(Refusal) as wrong:
        history(market.house, ids.derived("cas", "absent"))
    assert wrong.value.code == "case.unknown"


# Figures.


def test_figures_count_what_came_and_went(market: Market, desk: Path) -> None:
    start = market.house.today
    id = one_case(market).case.id
    odd, fine = raised(market, desk, "A"), raised(market, desk, "C")
    enter(market.house, desk, CaseOwner(odd, CORA.person, start))
    market.clock.forward(days=2)
    market.publish(misspelt(market.firm("A").name))
    (hit,) = hits(market.house)
    enter(market.house, desk, deciding(hit, Outcome.ANOTHER, "a seat", market.house.today))
    market.clock.forward(days=1)
    market.publish(misspelt(market.firm("A").name))
    enter(market.house, desk, ConcernDecision(fine, "unfounded", "rent", market.house.today))
    market.clock.forward(days=1)
    market.publish(misspelt(market.firm("A").name))
    escalate(market.house, open_cases(market.house))
    standing = staged(market.house, open_cases(market.house))
    made = figures(market.house, start, market.house.today, standing)

    assert dict(made.came) == {"hit": 1, "concern": 2}
    assert dict(made.decided) == {("hit", "another"): 1, ("concern", "unfounded"): 1}
    assert made.days == {"hit": (1, 2, 2), "concern": (1, 3, 3)}
    assert (dict(made.open), dict(made.late)) == ({"concern": 1}, {"concern": 1})
    assert dict(made.owners) == {CORA.person: 1}
    assert made.document()["stages"] == {"in hand": 1}
    assert id not in {one.case.id for one in standing}
    none = figures(market.house, start - timedelta(days=9), start - timedelta(days=1), [])
    assert not none.came
    assert not none.decided
    assert not none.days


def test_two_people_are_named_where_two_agreed(market: Market, desk: Path) -> None:
    id = raised(market, desk)
    enter(market.house, desk, ConcernDecision(id, "unfounded", "rent", market.house.today))
    told = history(market.house, id)
    assert told[-1].by == (BELA.person, CORA.person)
    assert told[0].by == (BELA.person,)
    assert ADA.person not in str(told)
    assert isinstance(CommandId(told[-1].link), str)
