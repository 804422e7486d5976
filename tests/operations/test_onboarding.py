"""Cases: what is filed, what they lack, how two people decide them, and when one looks again."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.applied import (
    APPLICANT,
    application,
    application_id,
    document,
    examined,
    factor,
    question,
    sought,
    whole,
)
from tests.enacted import Market, facts, open_market
from tests.hands import BELA, CORA, agree, propose
from tests.recorded import enter, entering, read

from clearhouse.core.command import AdmitParticipants, Approve
from clearhouse.core.errors import Coded
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ParticipantId
from clearhouse.core.onboarding import (
    DECISIONS,
    DOCUMENTS_NEEDED,
    EXAMINATIONS_NEEDED,
    FACTORS,
    REVIEWS,
    Case,
    Level,
    Outcome,
    Review,
)
from clearhouse.core.participant import LEGAL_ENTITIES, LICENCES, STANDINGS, Standing, State
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo.country import Country
from clearhouse.operations import admit, onboarding, records
from clearhouse.operations.cases import against, case_of, cases
from clearhouse.operations.leaving import left_open
from clearhouse.store import registers

APP = application_id("one")
A_DAY = timedelta(1)


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path / "house") as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


def file(market: Market, desk: Path, case: Case) -> None:
    """File all that a case has."""
    for several in (
        (case.application,),
        *(case.sought, case.documents, case.questions, case.examinations, case.factors),
    ):
        if several:
            enter(market.house, desk, *several)


def code(act: Callable[[], Any]) -> str:
    with pytest.raises(Coded) as trouble:
        act()
    return trouble.value.code


def admitted(market: Market) -> bool:
    return APPLICANT in registers.participants(market.house.db)


def test_a_whole_case_is_admitted_by_two_with_its_licences(market: Market, desk: Path) -> None:
    house, case = market.house, whole()
    file(market, desk, case)
    found = case_of(house, APP)
    assert found.digest == case.digest
    assert {*found.documents, *found.examinations} == {*case.documents, *case.examinations}
    assert against(house, case) == []
    agree(house, onboarding.admission(house, APP, "known and sound"), BELA, CORA)

    one = registers.participants(house.db)[APPLICANT]
    assert (one.name, one.address) == (case.application.name, case.application.address)
    assert [each.licence_class for each in one.licences] == ["exporter"]
    decided = case_of(house, APP).decision
    assert decided is not None
    assert (decided.outcome, decided.rating, decided.case) == ("admitted", "low", case.digest)
    assert decided.decided_on == house.today
    told = records.history(house, DECISIONS, APP)
    assert {each.proposal for each in told} != {""}


def test_nobody_is_admitted_by_one(market: Market, desk: Path) -> None:
    file(market, desk, whole())
    action = onboarding.admission(market.house, APP, "known")
    proposal = propose(market.house, action, BELA)
    own = Approve(proposal.id, proposal.command.digest)
    assert code(lambda: BELA.order(market.house, own)) == "proposal.own"
    assert not admitted(market)


# Each thing alone that a case may lack, and the code that says so.
LACKS: dict[str, tuple[str, Callable[[Case], Case]]] = {
    "a licence": ("onboarding.licence-missing", lambda one: replace(one, sought=())),
    **{
        f"the document {kind}": (
            "onboarding.document-missing",
            lambda one, kind=kind: replace(  # type: ignore[misc]
                one, documents=tuple(d for d in one.documents if d.document_kind != kind)
            ),
        )
        for kind in DOCUMENTS_NEEDED
    },
    "a document that holds": (
        "onboarding.document-missing",
        lambda one: replace(
            one,
            documents=(*one.documents[1:], document(DOCUMENTS_NEEDED[0], until=date(2026, 3, 1))),
        ),
    ),
    **{
        f"the check of {check}": (
            "onboarding.examination-missing",
            lambda one, check=check: replace(  # type: ignore[misc]
                one, examinations=tuple(e for e in one.examinations if e.check != check)
            ),
        )
        for check in EXAMINATIONS_NEEDED
    },
    "a check that is passed": (
        "onboarding.examination-missing",
        lambda one: replace(
            one, examinations=(*one.examinations[1:], examined(EXAMINATIONS_NEEDED[0], "failed"))
        ),
    ),
    "an answer": ("onboarding.question-open", lambda one: replace(one, questions=(question(),))),
    **{
        f"the risk of {which}": (
            "onboarding.factor-missing",
            lambda one, which=which: replace(  # type: ignore[misc]
                one, factors=tuple(f for f in one.factors if f.factor != which)
            ),
        )
        for which in FACTORS
    },
    "what high risk asks for": (
        "onboarding.examination-missing",
        lambda one: replace(one, factors=(*one.factors[1:], factor(FACTORS[0], "high"))),
    ),
}


@pytest.mark.parametrize(("expected", "without"), LACKS.values(), ids=LACKS)
def test_what_a_case_lacks_is_said(expected: str, without: Callable[[Case], Case]) -> None:
    on = date(2026, 3, 2)
    assert [one.code for one in without(whole()).missing(on)] == [expected]
    assert whole().missing(on) == []


def test_a_document_counts_on_its_last_day() -> None:
    last = document(DOCUMENTS_NEEDED[0], until=date(2026, 3, 2))
    case = replace(whole(), documents=(*whole().documents[1:], last))
    assert case.missing(date(2026, 3, 2)) == []
    assert len(case.missing(date(2026, 3, 3))) == 1


def test_the_rating_is_the_worst_of_the_factors() -> None:
    """What is good in four respects does not make up for what is bad in one."""
    levels = {0: Level.LOW, 1: Level.MEDIUM, 2: Level.HIGH}
    for place in range(len(FACTORS)):
        for level in levels.values():
            several = [factor(which) for which in FACTORS]
            several[place] = factor(FACTORS[place], level)
            assert replace(whole(), factors=tuple(several)).rating is level
    assert replace(whole(), factors=whole().factors[1:]).rating is None


def test_a_case_that_lacks_something_is_neither_proposed_nor_approved(
    market: Market, desk: Path
) -> None:
    house = market.house
    file(market, desk, replace(whole(), examinations=()))
    assert code(lambda: onboarding.admission(house, APP, "why")) == "onboarding.incomplete"
    enter(house, desk, *whole().examinations)
    proposal = propose(house, onboarding.admission(house, APP, "why"), BELA)
    enter(house, desk, examined("owners", "failed"))
    approval = Approve(proposal.id, proposal.command.digest)
    assert code(lambda: CORA.order(house, approval)) == "record.refused"
    assert not admitted(market)


@pytest.mark.parametrize(
    "more",
    [
        question(2, answer="Nobody else"),
        document("policy"),
        factor("coin", "medium"),
        application(purpose="to import fish"),
        sought("one", "importer"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_what_two_people_decide_on_is_the_case_that_both_have_read(
    market: Market, desk: Path, more: Any
) -> None:
    """Whatever is filed meanwhile makes the proposal void, also what makes it no worse."""
    house = market.house
    file(market, desk, whole())
    proposal = propose(house, onboarding.admission(house, APP, "why"), BELA)
    enter(house, desk, more)
    approval = Approve(proposal.id, proposal.command.digest)
    with pytest.raises(Coded, match=r"onboarding\.case-changed"):
        CORA.order(house, approval)
    assert not admitted(market)
    agree(house, onboarding.admission(house, APP, "why"), BELA, CORA)
    assert admitted(market)


def test_somebody_listed_may_apply_and_is_not_admitted(market: Market, desk: Path) -> None:
    """That they asked is recorded, and that they were refused."""
    house = market.house
    file(market, desk, whole())
    proposal = propose(house, onboarding.admission(house, APP, "why"), BELA)
    market.publish(whole().application.name)
    approval = Approve(proposal.id, proposal.command.digest)
    with pytest.raises(Coded, match=r"participant\.listed"):
        CORA.order(house, approval)
    said = {one.code for one in against(house, case_of(house, APP))}
    assert said == {"participant.listed"}
    refused = onboarding.refusal(house, APP, "it is on a list", Outcome.REFUSED)
    enter(house, desk, refused)
    assert case_of(house, APP).decision == refused
    assert not admitted(market)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.WITHDRAWN])
def test_a_case_that_was_decided_is_closed(market: Market, desk: Path, outcome: Outcome) -> None:
    house = market.house
    file(market, desk, whole())
    waiting = propose(house, onboarding.admission(house, APP, "why"), BELA)
    enter(house, desk, onboarding.refusal(house, APP, "no", outcome))
    approval = Approve(waiting.id, waiting.command.digest)
    with pytest.raises(Coded, match="decided"):
        CORA.order(house, approval)
    for again in (
        lambda: onboarding.admission(house, APP, "why"),
        lambda: onboarding.refusal(house, APP, "why", outcome),
    ):
        assert code(again) == "onboarding.decided"
    for one in (application(purpose="other"), document("policy"), question(2)):
        (answer,) = read(house, desk, one).answers
        assert [each.code for each in answer.refusals] == ["onboarding.decided"]
    assert [one.code for one in read(house, desk, sought("two")).answers[0].refusals] == [
        "onboarding.unknown-application"
    ]


def test_a_refusal_is_over_the_case_too(market: Market, desk: Path) -> None:
    house = market.house
    file(market, desk, whole())
    refused = onboarding.refusal(house, APP, "no", Outcome.REFUSED)
    enter(house, desk, document("policy"))
    (answer,) = read(house, desk, refused).answers
    assert [one.code for one in answer.refusals] == ["onboarding.case-changed"]
    made_up = replace(refused, outcome="admitted", rating="low")
    (answer,) = read(house, desk, made_up).answers
    assert "onboarding.decision-wrong" in [one.code for one in answer.refusals]


def test_a_participant_asks_for_another_licence(market: Market, desk: Path) -> None:
    """It is who it was; what it lacks is asked again, and only the licence is new."""
    house = market.house
    file(market, desk, whole())
    agree(house, onboarding.admission(house, APP, "why"), BELA, CORA)
    later = replace(whole("two"), application=replace(whole().application, application="x"))
    mine = application("two", address=whole().application.address)
    file(market, desk, replace(later, application=mine, sought=(sought("two", "importer"),)))
    agree(house, onboarding.admission(house, mine.application, "more trade"), BELA, CORA)
    one = registers.participants(house.db)[APPLICANT]
    assert sorted(each.licence_class for each in one.licences) == ["exporter", "importer"]
    assert one.former == ()


def test_a_case_that_admits_elsewhere_than_proven_is_refused(market: Market, desk: Path) -> None:
    house = market.house
    file(market, desk, whole())
    agree(house, onboarding.admission(house, APP, "why"), BELA, CORA)
    file(market, desk, whole("two"))  # with another address
    said = against(house, case_of(house, application_id("two")))
    assert {one.code for one in said} == {
        "participant.differs",
        "participant.address-unproven",
    }


def test_what_was_proposed_is_neither_lost_nor_altered(market: Market, desk: Path) -> None:
    house = market.house
    file(market, desk, whole())
    action = onboarding.admission(house, APP, "why")
    more = replace(action, records=action.records + 1)
    assert code(lambda: propose(house, more, BELA)) == "record.refused"
    nothing = AdmitParticipants("0" * 64, 1)
    assert code(lambda: propose(house, nothing, BELA)) == "record.proposed-unknown"
    (kept,) = house.archive.glob("*.admission")
    whole_file = kept.read_bytes()
    for damaged in (b"", whole_file[:-9], whole_file[:30] + b"\0" + whole_file[31:]):
        kept.chmod(0o600)
        kept.write_bytes(damaged)
        assert code(lambda: propose(house, action, BELA)) == "archive.damaged"
    kept.write_bytes(whole_file)
    agree(house, action, BELA, CORA)
    assert admitted(market)


# Reviews.


def test_who_was_never_rated_is_due_as_the_riskiest_are(market: Market) -> None:
    found = onboarding.reviews(market.house)
    assert {one.participant for one in found} == {one.id for one in market.people.firms()}
    assert {(one.rating, one.due_on) for one in found} == {("", market.house.today + 183 * A_DAY)}


@pytest.mark.parametrize(("level", "days"), [("low", 1096), ("medium", 547), ("high", 183)])
def test_a_review_is_due_the_sooner_the_worse_the_rating(
    market: Market, desk: Path, level: str, days: int
) -> None:
    """As Norland's law has it, which is stricter than the core for all but the lowest."""
    house, who = market.house, market.firm("A").id
    enter(house, desk, Review(who, house.today, level, "nothing new"))
    (one,) = [each for each in onboarding.reviews(house) if each.participant == who]
    assert (one.rating, one.due_on) == (level, house.today + days * A_DAY)
    assert not one.is_overdue(one.due_on)
    assert one.is_overdue(one.due_on + A_DAY)


def test_the_last_review_counts_and_the_decision_before_it(market: Market, desk: Path) -> None:
    house = market.house
    case = whole()
    file(market, desk, replace(case, factors=(*case.factors[1:], factor(FACTORS[0], "medium"))))
    agree(house, onboarding.admission(house, APP, "why"), BELA, CORA)

    def due() -> tuple[str, date]:
        (one,) = [each for each in onboarding.reviews(house) if each.participant == APPLICANT]
        return one.rating, one.due_on

    assert due() == ("medium", house.today + 547 * A_DAY)
    market.clock.forward(days=30)
    market.publish()
    enter(house, desk, Review(APPLICANT, house.today, "high", "new owners"))
    assert due() == ("high", house.today + 183 * A_DAY)
    assert [one.rating for one in records.known(house, REVIEWS)] == ["high"]


# Leaving.


def test_who_has_something_open_does_not_leave(market: Market, desk: Path) -> None:
    house, who = market.house, market.firm("A").id
    market.trade("A>b 1.00")
    (said,) = left_open(house, who)
    assert said.startswith("obligation obl_")
    gone = Standing(who, State.TERMINATED, "it leaves", house.today)
    (answer,) = read(house, desk, gone).answers
    assert [one.code for one in answer.refusals] == ["participant.left-open"]
    ahead = replace(gone, since=house.today + A_DAY)
    (answer,) = read(house, desk, ahead).answers
    assert [one.code for one in answer.refusals] == ["participant.standing-wrong"]


def test_who_has_nothing_open_leaves_and_is_looked_at_no_more(market: Market, desk: Path) -> None:
    house, who = market.house, market.firm("A").id
    assert left_open(house, who) == []
    enter(house, desk, Standing(who, State.TERMINATED, "it leaves", house.today))
    assert who not in {one.participant for one in onboarding.reviews(house)}
    assert [one.state for one in records.known(house, STANDINGS)] == ["terminated"]


# Files of participants in a house that is founded.


def test_in_a_founded_house_a_file_is_admitted_by_two(
    market: Market, desk: Path, people: Country
) -> None:
    house = market.house
    lines = [",".join(admit.COLUMNS)]
    for name, lei in (("One", "724500NEWFIRM0TEST48"), ("Two", APPLICANT)):
        address = application(name).address
        lines.append(f"{lei},{name} AS,XA,{address},exporter,Board,2026-01-01,2026-12-31")
    sheet = desk / "more.csv"
    sheet.write_text("\n".join([*lines, ""]))
    assert code(lambda: admit.admit(house, sheet, print)) == "participant.admission-not-agreed"
    done = admit.read(house, sheet)
    assert done.tally == {"admitted": 2, "licensed": 0, "known": 0, "refused": 0}
    agree(house, admit.prepare(house, done), BELA, CORA)
    assert admitted(market)
    again = admit.read(house, sheet)
    assert again.tally == {"admitted": 0, "licensed": 0, "known": 2, "refused": 0}
    assert code(lambda: admit.prepare(house, again)) == "record.nothing-new"
    assert code(lambda: propose(house, admit.prepare(house, done), BELA)) == "record.refused"
    assert len(registers.participants(house.db)) == len([*people.firms()]) + 2


def test_a_participant_is_called_otherwise_and_paid_where_it_has_proven(
    market: Market, desk: Path
) -> None:
    house, firm = market.house, market.firm("A")
    before = records.known_as(house, LEGAL_ENTITIES, firm.id)
    renamed = replace(before, name="Norrland Renamed AS")
    enter(house, desk, renamed)
    one = registers.participants(house.db)[firm.id]
    assert (one.name, one.former) == ("Norrland Renamed AS", (firm.name,))
    moved = replace(renamed, address=application("elsewhere").address)
    (answer,) = read(house, desk, moved).answers
    assert [each.code for each in answer.refusals] == ["participant.address-unproven"]
    market.publish(firm.name)  # what it was called is screened as long as it takes part
    market.trade("A>b 1.00")
    assert facts(house.db, GateDecided)[-1].verdict == "deny"


def test_cases_are_in_the_order_of_their_ids(market: Market, desk: Path) -> None:
    several = [application(name) for name in ("x", "y", "z")]
    for one in several:
        enter(market.house, desk, one)
    found = [one.application.application for one in cases(market.house)]
    assert found == sorted(one.application for one in several)


def test_a_case_is_shown_where_nobody_can_be_screened_and_admits_nobody(
    market: Market, desk: Path
) -> None:
    house = market.house
    file(market, desk, whole())
    market.clock.forward(days=30)  # the lists are stale now
    (said,) = against(house, case_of(house, APP))
    assert said.code == "screening.list-stale"
    assert code(lambda: onboarding.admission(house, APP, "why")) == "onboarding.incomplete"


@pytest.mark.parametrize(
    "other",
    [
        lambda done: replace(done, entities={}),
        lambda done: replace(done, licences={}),
        lambda done: replace(
            done,
            entities={
                one.participant: replace(one, name="Quiet Harbour AS")
                for one in done.entities.values()
            },
        ),
        lambda done: replace(
            done,
            licences={
                key: replace(one, valid_to=date(2099, 1, 1)) for key, one in done.licences.items()
            },
        ),
        lambda done: replace(done, decision=replace(done.decision, rating="high")),
        lambda done: replace(done, decision=replace(done.decision, outcome="refused", rating="")),
        lambda done: replace(done, decision=replace(done.decision, decided_on=date(2099, 1, 1))),
    ],
    ids=["nobody", "no licence", "a name", "a licence", "a rating", "an outcome", "a day"],
)
def test_what_is_entered_is_what_the_case_says_and_nothing_else(
    market: Market, desk: Path, other: Callable[[admit.Admissions], admit.Admissions]
) -> None:
    """Whoever works on the house's machine can keep other records beside a sound decision."""
    house, case = market.house, whole()
    file(market, desk, case)
    done = admit.admissions_of(house, case_of(house, APP), "why", house.today)
    action = admit.prepare(house, other(done))
    with pytest.raises(Coded, match=r"onboarding\.case-changed"):
        propose(house, action, BELA)
    assert not admitted(market)


def test_the_second_person_reads_what_is_entered(market: Market, desk: Path) -> None:
    house, case = market.house, whole()
    file(market, desk, case)
    action = onboarding.admission(house, APP, "known and sound")
    entity, licence, decision = admit.written(admit.proposed(house, action.digest))
    assert entity.startswith("legal_entity: ")
    assert case.application.name in entity
    assert case.application.address in entity
    assert "exporter" in licence
    assert "known and sound" in decision


def test_what_was_said_since_is_not_undone_by_an_older_proposal(market: Market, desk: Path) -> None:
    house = market.house
    (held,) = [
        one
        for one in records.known(house, LICENCES)
        if (one.participant, one.licence_class) == (market.firm("A").id, "exporter")
    ]
    longer = entering(house, desk, replace(held, valid_to=date(2029, 1, 1)))
    waiting = propose(house, longer, BELA)
    enter(house, desk, replace(held, valid_to=house.today))
    approval = Approve(waiting.id, waiting.command.digest)
    with pytest.raises(Coded, match="said anew since"):
        CORA.order(house, approval)
    (now,) = [one for one in records.known(house, LICENCES) if one.issuer == held.issuer][:1]
    assert held.valid_to not in {
        one.valid_to
        for one in records.known(house, LICENCES)
        if LICENCES.key_of(one) == LICENCES.key_of(held)
    }, now


@pytest.mark.parametrize(
    "one",
    [
        Review(ParticipantId("x"), date(2026, 3, 3), "low", "x"),
        Review(ParticipantId("x"), date(9999, 12, 31), "low", "x"),
    ],
    ids=lambda one: str(one.reviewed_on),
)
def test_a_review_was_not_on_a_day_to_come(market: Market, desk: Path, one: Review) -> None:
    ahead = replace(one, participant=market.firm("A").id)
    (answer,) = read(market.house, desk, ahead).answers
    assert [each.code for each in answer.refusals] == ["onboarding.review-ahead"]


def test_a_question_keeps_its_number(market: Market, desk: Path) -> None:
    """Two who ask at once do not ask under one number, so that one is never answered."""
    file(market, desk, whole())
    other = replace(question(), asked="Who owns the mine?")
    (answer,) = read(market.house, desk, other).answers
    assert [each.code for each in answer.refusals] == ["onboarding.question-wrong"]
