"""Records: every register reads as a plain fold over its events, and never forgets or edits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection
from psycopg.errors import CheckViolation, ForeignKeyViolation, RestrictViolation, UniqueViolation
from psycopg.sql import SQL, Composable, Identifier
from tests import hit, mined, returned, sold, vasps
from tests.applied import (
    application,
    application_id,
    document,
    examined,
    factor,
    question,
    sought,
)
from tests.conftest import new_database
from tests.enacted import Market, held_payment, open_market, shipped
from tests.hands import ADA, BELA, propose
from tests.recorded import (
    AGREED,
    FILED,
    enter,
    entering,
    entity_id,
    one_of_each,
    person_id,
    register_of,
    vessel_id,
)
from tests.travelling import owing

from clearhouse.core.associate import Associate, Vessel
from clearhouse.core.carriage import Carriage
from clearhouse.core.casework import CaseEvidence, CaseLink, CaseOwner
from clearhouse.core.command import EnterRecords
from clearhouse.core.event import Event
from clearhouse.core.held import HoldDecision
from clearhouse.core.ids import ObligationId, ParticipantId, derived
from clearhouse.core.investment import Investment, InvestorTest
from clearhouse.core.mining.returns import MinerReturn, OperatorMachine
from clearhouse.core.mining.reviews import BREACHES, REVIEWS
from clearhouse.core.onboarding import Case, Decision, Review
from clearhouse.core.owner import HOLDINGS, Entity, Holding, PersonOwner
from clearhouse.core.participant import (
    Attachment,
    Contact,
    LegalEntity,
    LicenceHeld,
    Limit,
    Measure,
    Name,
    Representative,
    Standing,
    State,
    TaxNumber,
)
from clearhouse.core.record import WHOLE_MAX, Register, digest_of
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rulebook import Class, Rulebook
from clearhouse.core.suspicion import ConcernDecision, ReportReceipt, SuspicionReport
from clearhouse.demo.country import Country
from clearhouse.operations.replay import replay
from clearhouse.store import journal, owners, records, registers
from clearhouse.store.connection import connect
from clearhouse.store.projection import record

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
APPLE, GLEIF = ParticipantId("HWUPKR0MPOU8FGXBT394"), ParticipantId("506700GE1G29325QX363")
FIRM, OTHER = entity_id("firm"), entity_id("other")
MODEL = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])

Batches = Sequence[Sequence[Any]]


@pytest.fixture(scope="module")
def connection(admin_url: str, template: str) -> Iterator[Connection]:
    """One database with two participants: these tests do not commit."""
    with new_database(admin_url, template) as (_, url), connect(url, "test") as db:
        say(db, *(LegalEntity(id, id, "XA") for id in (APPLE, GLEIF)))
        yield db


@pytest.fixture
def db(connection: Connection) -> Iterator[Connection]:
    with connection.transaction(force_rollback=True):
        yield connection


def tell(db: Connection, *facts: tuple[str, Event], at: datetime = NOW) -> None:
    with db.transaction():
        record(db, facts, at, at)


def say(db: Connection, *several: Any, at: datetime = NOW) -> None:
    """Enter records in one batch."""
    tell(db, *(register_of(one).entered(one) for one in several), at=at)


# One of each kind, among few keys.

LATER = st.sampled_from([date(2026, 3, 1), date(2027, 1, 1)])
TOLD = vasps.record_of(APPLE, ObligationId("obl_1"), content="", commitment="a" * 64)
DAYS = st.sampled_from([date(2026, 1, 1), date(2026, 1, 2)])
FIRMS = st.sampled_from([APPLE, GLEIF])
PLACES = st.sampled_from(["XA", "Łódź \\ | 'Søn'"])
TEXTS = st.sampled_from(["A", "Łódź \\ & 'Søn'", "\t", "\U0001f680", r"\N", "x" * 350])


@st.composite
def spans(draw: st.DrawFn) -> tuple[date, date | None]:
    since = draw(DAYS)
    return since, draw(st.none() | st.dates(since, date(2026, 2, 1)))


@st.composite
def measures(draw: st.DrawFn) -> Measure:
    since, until = draw(spans())
    what = draw(st.sampled_from(["suspended", "revoked"]))
    licence = (draw(FIRMS), draw(st.sampled_from(["bank", "exporter"])), "C", since)
    return Measure(*licence, what, draw(TEXTS), since, until if what == "suspended" else None)


@st.composite
def holdings(draw: st.DrawFn) -> Holding:
    owner, owned, _ = draw(st.permutations([APPLE, FIRM, person_id("one")]))
    share = draw(st.sampled_from([0, 1, 250_000, 1_000_000]))
    control = draw(st.booleans()) or not share
    return Holding(owner, owned, share, control, draw(TEXTS), *draw(spans()))


KINDS: Mapping[str, st.SearchStrategy[Any]] = {
    "other_name": st.builds(
        lambda one, name, use, span: Name(one, name, use, *span),
        *(FIRMS, PLACES, st.sampled_from(["legal", "former"]), spans()),
    ),
    "attachment": st.builds(
        lambda one, place, ground, span: Attachment(one, place, ground, *span),
        *(FIRMS, PLACES, st.sampled_from(["branch", "owners"]), spans()),
    ),
    "tax_number": st.builds(
        lambda one, place, number, span: TaxNumber(one, place, number, *span),
        *(FIRMS, PLACES, TEXTS, spans()),
    ),
    "exposure_limit": st.builds(
        lambda one, asset, units, span: Limit(one, asset, "day", units, *span),
        *(FIRMS, st.sampled_from(["USD", "BTC"]), st.sampled_from([0, 7, WHOLE_MAX]), spans()),
    ),
    "participation": st.builds(Standing, FIRMS, st.sampled_from(list(State)), TEXTS, DAYS),
    "measure": measures(),
    "entity": st.builds(
        Entity,
        st.sampled_from([FIRM, OTHER, APPLE]),
        *(st.sampled_from(["trust", "state"]), TEXTS, st.just("XA"), st.just("") | TEXTS),
    ),
    "person_owner": st.builds(
        lambda one, digit: PersonOwner(one, commitment=digit * 64),
        *(st.sampled_from([person_id("one"), person_id("two")]), st.sampled_from("0af")),
    ),
    "holding": holdings(),
    "vessel": st.builds(
        Vessel,
        st.sampled_from([vessel_id("one"), vessel_id("two")]),
        *(TEXTS, st.sampled_from(["", "9187629", "9074729"]), st.sampled_from(["", "XA"])),
    ),
    "carriage": st.builds(
        lambda document, whither, ship: Carriage(
            *(ObligationId("obl_1"), document, "XAOSL", whither, "XA", "XB", ship)
        ),
        *(st.sampled_from(["B/L 1", "B/L 2"]), st.sampled_from(["XBSUD", "XB2AA"])),
        st.sampled_from(["", vessel_id("one")]),
    ),
    "associate": st.builds(
        lambda one, whom, role, span: Associate(one, whom, role, "A statement", *span),
        *(FIRMS, st.sampled_from([FIRM, OTHER]), st.sampled_from(["bank", "director"]), spans()),
    ),
    "hold_decision": st.sampled_from(["released", "refused"]).map(
        lambda said: HoldDecision(
            ObligationId("obl_1"), "XA.caps.all", "0" * 64, said, date(2026, 1, 1), "seen"
        )
    ),
    "case_owner": st.sampled_from([ADA.person, BELA.person]).map(
        lambda who: CaseOwner(hit.CASE, who, date(2026, 1, 1))
    ),
    "case_evidence": st.sampled_from(["identity", "goods"]).map(
        lambda shows: CaseEvidence(hit.CASE, "0" * 64, shows, "seen", date(2026, 1, 1))
    ),
    "case_link": st.sampled_from(["same-party", "other"]).map(
        lambda how: CaseLink(hit.CASE, hit.CONCERN, how, date(2026, 1, 1))
    ),
    "concern": st.sampled_from(["amounts", "coins"]).map(lambda why: replace(hit.ODD, why=why)),
    "concern_decision": st.sampled_from(["unfounded", "reported"]).map(
        lambda how: ConcernDecision(hit.CONCERN, how, "seen", date(2026, 1, 1))
    ),
    "suspicion_report": st.sampled_from(["told", "not told"]).map(
        lambda how: replace(hit.TOLD, outcome=how, narrative="", commitment="a" * 64)
    ),
    "report_receipt": st.sampled_from(["1", "2"]).map(
        lambda number: ReportReceipt(hit.REPORT, number, date(2026, 1, 1))
    ),
    "hit_decision": st.sampled_from(["another", "same"]).map(hit.decided),
    "vasp": st.builds(
        lambda lei, name, days: vasps.vasp(lei, name=name, since=days, until=date(2030, 1, 1)),
        *(st.sampled_from([vasps.ORIGIN, vasps.TARGET]), TEXTS, DAYS),
    ),
    "travel_record": st.sampled_from(["reduced", "full"]).map(
        lambda complete: replace(TOLD, complete=complete)
    ),
    **mined.kinds(FIRMS, TEXTS),
    "legal_entity": st.builds(
        LegalEntity, st.sampled_from([APPLE, GLEIF]), st.sampled_from(["A", "B"]), st.just("XA")
    ),
    "licence": st.builds(
        LicenceHeld, st.just(APPLE), st.just("bank"), st.sampled_from(["C", "D"]), DAYS, LATER
    ),
    "application": st.sampled_from(["A", "B"]).map(lambda name: application(purpose=name)),
    "licence_sought": st.sampled_from(["bank", "miner"]).map(lambda one: sought("one", one)),
    "document": st.sampled_from([None, date(2027, 1, 1)]).map(
        lambda day: document("articles", until=day)
    ),
    "question": st.sampled_from(["", "Ourselves"]).map(lambda said: question(1, "one", said)),
    "examination": st.sampled_from(["passed", "failed"]).map(lambda said: examined("tax", said)),
    "risk_factor": st.sampled_from(["low", "high"]).map(lambda level: factor("coin", level)),
    "decision": st.sampled_from(["refused", "withdrawn"]).map(
        lambda said: Decision(application_id("one"), said, "why", "a" * 64, date(2026, 1, 1))
    ),
    "periodic_review": st.builds(
        Review, st.just(APPLE), DAYS, st.sampled_from(["low", "high"]), st.just("why")
    ),
    **sold.kinds(FIRMS, st.permutations([APPLE, GLEIF]), TEXTS),
    **returned.kinds(FIRMS, TEXTS),
    "contact": st.builds(
        Contact, st.just(APPLE), st.sampled_from(["settlement", "legal"]), st.just("a@b.example")
    ),
    "representative": st.builds(
        Representative, st.just(APPLE), st.sampled_from([ADA.person, BELA.person]), DAYS
    ),
    "investor_test": st.builds(
        lambda one, by, span: InvestorTest(one, by, *span), *(FIRMS, TEXTS, spans())
    ),
    "investment": st.builds(
        lambda n, pair, units, on: Investment(
            *(derived("inv", str(n)), pair[0], pair[1], "coin", "platform", "USD", units, on)
        ),
        st.integers(0, 2),
        st.permutations([APPLE, GLEIF]),
        st.integers(1, WHOLE_MAX),
        DAYS,
    ),
}


def test_every_register_of_files_is_tested() -> None:
    assert KINDS.keys() == FILED.keys()


# What a register says, beside a plain fold over the journal.


def folded(db: Connection, register: Register, until: int) -> list[Any]:
    """A register at a place of the journal, by reading the journal from its beginning."""
    held: dict[str, Any] = {}
    for entry in journal.after(db, 0, 100_000):
        event: Any = entry.event
        if entry.position <= until and getattr(event, "register", "") == register.name:
            held[event.key] = register.form.decode(event.body)
    return [held[key] for key in sorted(held)]


@pytest.mark.parametrize("name", FILED)
def test_a_register_at_every_place_is_what_the_journal_said_up_to_it(
    connection: Connection, name: str
) -> None:
    register, seen = REGISTERS[name], {"replaced": 0, "in one batch": 0}

    @MODEL
    @given(st.lists(st.lists(KINDS[name], min_size=1, max_size=5), min_size=1, max_size=4))
    def is_a_fold(batches: Batches) -> None:
        with connection.transaction(force_rollback=True):
            before = [one.record for one in records.versions(connection, register)]
            for number, batch in enumerate(batches):
                say(connection, *batch, at=NOW + timedelta(hours=number))
                keys = [register.key_of(one) for one in batch]
                seen["in one batch"] += len(set(keys)) < len(keys)
            head = journal.head(connection)
            for place in range(head + 2):
                expected = folded(connection, register, place)
                assert records.known_at(connection, register, place) == expected
            assert records.current(connection, register) == expected
            told = records.versions(connection, register)
            check_versions(register, told, [*before, *(one for batch in batches for one in batch)])
            seen["replaced"] += len(expected) < len(told)
            narrowed(connection, register, expected)

    is_a_fold()
    assert min(seen.values()) > 0, seen  # or nothing was tested


def check_versions(register: Register, told: Sequence[records.Version], said: list[Any]) -> None:
    """All is told, in order, and each is replaced by the next one under its key."""
    assert [one.record for one in told] == said
    keys = [register.key_of(one.record) for one in told]
    for place, one in enumerate(told):
        later = [told[n].position for n in range(place + 1, len(told)) if keys[n] == keys[place]]
        assert one.replaced_at == (later[0] if later else None)
        assert one.proposal == ""
        assert NOW <= one.recorded_at <= NOW + timedelta(hours=4)


def narrowed(db: Connection, register: Register, expected: Sequence[Any]) -> None:
    """Asked about some, it answers about these alone."""
    whose = [getattr(one, register.about) for one in expected]
    for id in {*whose, "nobody"}:
        mine = [one for one, owner in zip(expected, whose, strict=True) if owner == id]
        assert records.current(db, register, ids=[id]) == mine
        assert {one.record for one in records.versions(db, register, ids=[id])} >= set(mine)
    keys = [register.key_of(one) for one in expected]
    assert records.current(db, register, "key", keys[:1]) == list(expected[:1])
    assert records.current(db, register, ids=[]) == []


def test_a_place_is_found_by_the_instant(db: Connection) -> None:
    """The last entry recorded up to it; several are recorded at one instant."""
    first = journal.head(db)
    at = [NOW + timedelta(hours=hour) for hour in (1, 1, 3)]
    for number, instant in enumerate(at):
        say(
            db,
            Entity(FIRM, "trust", f"N{number}", "XA"),
            Entity(OTHER, "fund", "O", "XA"),
            at=instant,
        )

    a_moment = timedelta(microseconds=1)
    asked = [
        NOW - a_moment,
        NOW,
        at[0] - a_moment,
        at[0],
        at[2] - a_moment,
        at[2],
        NOW + timedelta(days=9),
    ]
    seen = [records.position_at(db, one) for one in asked]
    assert seen == [0, first, first, first + 4, first + 4, first + 6, first + 6]


def test_what_is_rolled_back_was_never_said(db: Connection) -> None:
    one = Entity(FIRM, "trust", "One", "XA")
    say(db, one)
    with db.transaction(force_rollback=True):
        say(db, Entity(FIRM, "trust", "Another", "XA"))
    assert records.current(db, REGISTERS["entity"]) == [one]
    assert [each.replaced_at for each in records.versions(db, REGISTERS["entity"])] == [None]


def test_a_batch_of_many_registers_fills_each(db: Connection) -> None:
    several = {
        **one_of_each(APPLE, ("bank", "C", date(2026, 1, 1))),
        "person_owner": PersonOwner(person_id("one"), commitment="a" * 64),
        "suspicion_report": replace(hit.TOLD, narrative="", commitment="a" * 64),
        "travel_record": TOLD,
    }
    say(db, *several.values(), *several.values())
    for name, one in several.items():
        assert one in records.current(db, REGISTERS[name])
        told = records.versions(db, REGISTERS[name])
        assert [each.record for each in told].count(one) == 2


@pytest.mark.parametrize(
    "name",
    [name for name, one in FILED.items() if one.about == "participant" and name != "legal_entity"],
)
def test_nothing_is_recorded_of_who_is_not_admitted(db: Connection, name: str) -> None:
    nobody = ParticipantId("5493001KJTIIGC8Y1R12")
    several = {
        **one_of_each(nobody, ("bank", "C", date(2026, 1, 1))),
        "travel_record": replace(TOLD, participant=nobody),
    }
    with pytest.raises(ForeignKeyViolation), db.transaction():
        say(db, several[name])


WRONG = {
    "a standing that ends": Standing(APPLE, State.ACTIVE, "x", date(2026, 1, 1), date(2026, 1, 2)),
    "no standing": Standing(APPLE, "asleep", "x", date(2026, 1, 1)),
    "an end before the beginning": Name(APPLE, "A", "legal", date(2026, 1, 2), date(2026, 1, 1)),
    "a revocation that ends": Measure(
        APPLE, "bank", "C", *(date(2026, 1, 1), "revoked", "x"), date(2026, 1, 2), date(2026, 1, 3)
    ),
    "a person's name": PersonOwner(person_id("one"), "Petra Quist", commitment="a" * 64),
    "a person without a commitment": PersonOwner(person_id("one"), commitment="a" * 63),
    "more than the whole": Holding(FIRM, APPLE, 1_000_001, False, "x", date(2026, 1, 1)),
    "nothing held": Holding(FIRM, APPLE, 0, False, "x", date(2026, 1, 1)),
    "acting through itself": Associate(APPLE, APPLE, "bank", "x", date(2026, 1, 1)),
    "no role": Associate(APPLE, FIRM, "friend", "x", date(2026, 1, 1)),
    "an associate that ends before it begins": Associate(
        APPLE, FIRM, "bank", "x", date(2026, 1, 2), date(2026, 1, 1)
    ),
    "no ship's number": Vessel(vessel_id("one"), "Heron", "918762"),
    "no port": Carriage(ObligationId("obl_1"), "B/L", "XAO", "XBSUD", "XA", "XB"),
    "no country": Carriage(ObligationId("obl_1"), "B/L", "XAOSL", "XBSUD", "XA", "Xb"),
    "no flag": Vessel(vessel_id("one"), "Heron", "", "xa"),
    "its own": Holding(FIRM, FIRM, 1, False, "x", date(2026, 1, 1)),
    "no coin": sold.lot("A", APPLE, 0),
    "more coin than there is": sold.lot("A", APPLE, 21 * 10**14 + 1),
    "a lot worth nothing": sold.lot("A", APPLE, quote=0),
    "a rate of nothing": sold.lot("A", APPLE, official_rate=0),
    "sold to oneself": sold.sale("A", APPLE, APPLE),
    "a price below zero": sold.sale("A", APPLE, GLEIF, price=-1),
    "no method": sold.method(APPLE, "lifo"),
    "a year before there was coin": sold.method(APPLE, year=2008),
    "a month that is none": MinerReturn(APPLE, date(2026, 1, 2), 0, 0, True),
    "coin and nowhere": MinerReturn(APPLE, date(2026, 1, 1), 1, 0, True),
    "coin below nothing": MinerReturn(APPLE, date(2026, 1, 1), -1, 0, True),
    "more hours than a month has": OperatorMachine(APPLE, date(2026, 1, 1), "Maker", "S-1", 744_01),
    "an epoch without an end": replace(
        returned.epoch(date(2026, 1, 1)), ends_at=NOW.replace(year=2026, month=1, day=1, hour=0)
    ),
    "an epoch without difficulty": returned.epoch(date(2026, 1, 1), difficulty=0),
    "a fee of no currency": returned.breach(APPLE, currency=""),
    "a breach found before it was one": returned.breach(APPLE, found_at=NOW.replace(year=2025)),
    "less than nothing": Limit(APPLE, "USD", "day", -1, date(2026, 1, 1)),
}


@pytest.mark.parametrize("one", WRONG.values(), ids=WRONG)
def test_the_database_knows_what_is_no_record(db: Connection, one: Any) -> None:
    with pytest.raises(CheckViolation), db.transaction():
        say(db, one)
    assert records.versions(db, register_of(one)) == []


def test_the_database_lets_a_coin_come_in_once(db: Connection) -> None:
    """In one lot at a time: a lot that is corrected gives it to another."""
    one = sold.lot("A", APPLE, outpoint=sold.output("x"))
    other = replace(one, lot=sold.lot_id("B"))
    say(db, one)
    with pytest.raises(UniqueViolation), db.transaction():
        say(db, other)
    say(db, replace(one, outpoint=""), other)
    assert {each.outpoint for each in records.current(db, REGISTERS["mined_lot"])} == {
        "",
        other.outpoint,
    }


def test_what_the_house_finds_names_no_order_and_a_breach_is_never_said_anew(
    db: Connection,
) -> None:
    one = returned.breach(APPLE)
    for register, found in ((BREACHES, one), (REVIEWS, returned.review(APPLE))):
        with pytest.raises(CheckViolation), db.transaction():
            tell(db, register.entered(found, "cmd_nobody"))
    say(db, one, returned.review(APPLE))
    with pytest.raises(UniqueViolation), db.transaction():
        say(db, replace(one, fee=1))
    say(db, replace(returned.review(APPLE), detail="other figures"))
    assert records.current(db, BREACHES) == [one]
    assert len(records.versions(db, REVIEWS)) == 2


# Append-only.


@pytest.fixture(scope="module")
def market(
    admin_url: str,
    register: str,
    rulebook: Rulebook,
    people: Country,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Market]:
    """A founded house in which two people entered a record of each kind, one after another."""
    folder = tmp_path_factory.mktemp("records")
    with open_market((admin_url, register), rulebook, people, folder) as made:
        for name, one in samples(made).items():
            if name not in {"hold_decision", "carriage", "travel_record"}:
                enter(made.house, folder, one)
        enter(made.house, folder, shipped(made))
        enter(made.house, folder, owing(made))
        lawful = made.house
        enter(made.house, folder, held_payment(made))  # under a law that holds everything
        made.house = lawful
        yield made


def samples(market: Market) -> Mapping[str, Any]:
    firm = market.firm("A")
    licence = (str(Class.EXPORTER), "Norland Central Bank", date(2026, 1, 1))
    return one_of_each(firm.id, licence)


@pytest.fixture
def entered(market: Market) -> Iterator[Connection]:
    with market.house.db.transaction(force_rollback=True):
        yield market.house.db


def columns(name: str) -> list[str]:
    return [*(one.name for one in REGISTERS[name].columns), "key", "position", "proposal"]


@pytest.mark.parametrize("name", FILED)
def test_a_record_is_never_changed(entered: Connection, name: str) -> None:
    other = {"boolean": "(NOT {})", "date": "{} - 1", "bigint": "{} + 1", "text": "{} || 'x'"}
    other |= {"ARRAY": "{} || ARRAY['x']"}
    other |= {"timestamp with time zone": "{} - INTERVAL '1 second'"}
    kinds: dict[str, str] = dict(
        entered.execute(
            "SELECT column_name::text, data_type::text FROM information_schema.columns"
            " WHERE table_name = %s",
            [name],
        ).fetchall()
    )
    tried = 0
    for column in columns(name):
        changed: Composable = SQL(other[kinds[column]]).format(Identifier(column))
        said = entered.execute(SQL("SELECT {} IS NULL FROM {}").format(changed, Identifier(name)))
        if said.fetchone() == (True,):
            changed = SQL("DATE '2026-05-01'")
        statement = SQL("UPDATE {} SET {} = {}")
        with pytest.raises(CheckViolation, match="replaced once"), entered.transaction():
            entered.execute(statement.format(Identifier(name), Identifier(column), changed))
        tried += 1
    assert tried == len(REGISTERS[name].columns) + 3


@pytest.mark.parametrize("name", FILED)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
def test_a_record_is_never_forgotten(entered: Connection, name: str, statement: str) -> None:
    with pytest.raises(RestrictViolation), entered.transaction():
        entered.execute(SQL(statement).format(Identifier(name)))


@pytest.mark.parametrize("name", FILED)
def test_a_record_is_replaced_once_and_by_a_later_one(entered: Connection, name: str) -> None:
    statement = SQL("UPDATE {} SET replaced_at = {}")

    def replaced(by: str) -> None:
        with entered.transaction():
            entered.execute(statement.format(Identifier(name), SQL(by)))

    for earlier in ("position", "position - 1"):
        with pytest.raises(CheckViolation):
            replaced(earlier)
    replaced("position + 1")
    for again in ("position + 2", "NULL", "position + 1"):
        with pytest.raises(CheckViolation, match="replaced once"):
            replaced(again)


# Two people.


@pytest.mark.parametrize("name", AGREED)
def test_in_a_founded_house_a_record_names_what_two_people_agreed_on(
    market: Market, entered: Connection, name: str
) -> None:
    """Not nothing, not what is not there, not another register's, not what still waits."""
    one = agreed_one(entered, name).record
    count = len(records.versions(entered, REGISTERS[name]))
    others = [each for each in AGREED if each not in {name, "legal_entity", "licence", "decision"}]
    elsewhere = records.versions(entered, REGISTERS[others[0]])[-1].proposal
    waiting = waiting_for(market, name)
    for proposal in ("", "cmd_nobody", elsewhere, waiting):
        with (
            pytest.raises(CheckViolation, match="two people have not agreed"),
            entered.transaction(),
        ):
            tell(entered, REGISTERS[name].entered(one, proposal))
    assert len(records.versions(entered, REGISTERS[name])) == count


def agreed_one(db: Connection, name: str) -> records.Version:
    """The first record of a register that two people agreed on."""
    return next(one for one in records.versions(db, REGISTERS[name]) if one.proposal)


@pytest.mark.parametrize("name", sorted(FILED.keys() - AGREED.keys()))
def test_in_a_founded_house_a_filed_record_names_the_order_by_which_it_was_filed(
    entered: Connection, name: str
) -> None:
    """Not nothing, not what is not there, and not what two people agreed on elsewhere."""
    register = REGISTERS[name]
    one, count = records.current(entered, register)[0], len(records.versions(entered, register))
    elsewhere = records.versions(entered, REGISTERS["entity"])[-1].proposal
    for proposal in ("", "cmd_nobody", elsewhere):
        with pytest.raises(CheckViolation, match="nobody has filed it"), entered.transaction():
            tell(entered, register.entered(one, proposal))
    assert len(records.versions(entered, register)) == count


def proposed(market: Market, one: Any) -> str:
    return propose(market.house, entering(market.house, market.folder, one), BELA).id


def waiting_for(market: Market, name: str) -> str:
    """A proposal to enter what is entered already, which nobody has approved yet."""
    one = agreed_one(market.house.db, name).record
    if isinstance(one, Decision):  # which is made once of each case
        case = Case(application("undecided"))
        enter(market.house, market.folder, case.application)
        waiting = replace(one, application=case.application.application, case=case.digest)
        return proposed(market, waiting)
    if isinstance(one, ConcernDecision):  # of each concern, too
        other = derived("cas", "another concern")
        enter(market.house, market.folder, replace(hit.ODD, case=other))
        return proposed(market, replace(one, case=other))
    if isinstance(one, SuspicionReport):  # as is each report
        return proposed(market, replace(hit.TOLD, report=derived("rep", "another")))
    digest = digest_of(REGISTERS[name], [one])
    return propose(market.house, EnterRecords(name, digest, 1), BELA).id


@pytest.mark.parametrize("name", FILED)
def test_under_one_proposal_a_key_is_entered_once(entered: Connection, name: str) -> None:
    register = REGISTERS[name]
    one = agreed_one(entered, name)
    with pytest.raises(UniqueViolation), entered.transaction():
        tell(entered, register.entered(one.record, one.proposal))


def test_before_a_house_is_founded_records_name_no_proposal(db: Connection) -> None:
    with pytest.raises(CheckViolation, match="two people have not agreed"), db.transaction():
        tell(db, REGISTERS["entity"].entered(Entity(FIRM, "trust", "N", "XA"), "cmd_nobody"))
    say(db, Entity(FIRM, "trust", "N", "XA"))


# Replay.


def test_registers_come_out_of_the_journal_the_same(
    market: Market, admin_url: str, tmp_path: Path
) -> None:
    house, several = market.house, samples(market)
    market.clock.forward(hours=1)
    for name in ("entity", "tax_number"):
        first = next(one.name for one in REGISTERS[name].columns if one.name in {"name", "number"})
        changed = type(several[name])(
            **{
                one.name: "Otherwise" if one.name == first else getattr(several[name], one.name)
                for one in REGISTERS[name].columns
            }
        )
        enter(house, tmp_path, changed)
    with new_database(admin_url) as (_, url), connect(url, "replay") as elsewhere:
        done = replay(house, elsewhere, lambda _: None)
        rows = {
            name: done.rows[name]
            for name in sorted(FILED.keys() - {"legal_entity", "licence", "application"})
        }
        # One entity is the owner that a hit is about.
        assert rows == dict.fromkeys(rows, 1) | {"entity": 3, "tax_number": 2}
        for one in REGISTERS.values():
            assert records.versions(elsewhere, one) == records.versions(house.db, one)


# Owners.


def edge(owner: str, owned: str, since: date = date(2026, 1, 1)) -> Holding:
    return Holding(entity_id(owner), entity_id(owned), 100_000, False, "x", since)


def hold(db: Connection, text: str) -> None:
    """`a>b b>c`: a owns some of b, and b of c."""
    pairs = [pair.partition(">") for pair in text.split()]
    say(db, *(edge(owner, owned) for owner, _, owned in pairs))


def above(db: Connection, *names: str) -> str:
    """The holdings above some entities, written as `hold` reads them."""
    called = {entity_id(letter): letter for letter in "abcdefgh"}
    found = owners.above(db, [entity_id(name) for name in names])
    pairs = [f"{called[one.owner]}>{called[one.owned]}" for one in found]
    assert len(set(pairs)) == len(pairs)
    return " ".join(sorted(pairs))


@pytest.mark.parametrize(
    ("held", "of", "expected"),
    [
        ("a>b b>c c>d", "d", "a>b b>c c>d"),
        ("a>b b>c c>d", "b", "a>b"),
        ("a>b b>c c>d", "a", ""),
        ("a>b b>a", "a", "a>b b>a"),
        ("a>b b>c c>a d>b", "c", "a>b b>c c>a d>b"),
        ("a>b b>c c>a a>d", "d", "a>b a>d b>c c>a"),
        ("a>b b>c c>a a>d", "a", "a>b b>c c>a"),
        ("a>c b>c a>d b>d c>e d>e", "e", "a>c a>d b>c b>d c>e d>e"),
        ("a>b c>d", "bd", "a>b c>d"),
    ],
)
def test_all_who_own_are_found_however_they_stand(
    db: Connection, held: str, of: str, expected: str
) -> None:
    hold(db, held)
    assert above(db, *of) == expected


@given(st.sets(st.permutations("abcdef").map(lambda two: f"{two[0]}>{two[1]}"), max_size=12))
@MODEL
def test_who_owns_is_who_a_plain_walk_finds(connection: Connection, pairs: set[str]) -> None:
    with connection.transaction(force_rollback=True):
        hold(connection, " ".join(sorted(pairs)))
        for start in "abcdef":
            reached, before = {start}, set[str]()
            while reached != before:
                before = set(reached)
                reached |= {pair[0] for pair in pairs if pair[2] in reached}
            expected = sorted(pair for pair in pairs if pair[2] in reached)
            assert above(connection, start) == " ".join(expected)


def test_of_holdings_that_were_replaced_none_leads_further(db: Connection) -> None:
    """But both of one pair with two beginnings are told: the day decides between them."""
    hold(db, "a>b b>c")
    say(db, edge("b", "c", date(2026, 2, 1)))
    assert len(owners.above(db, [entity_id("c")])) == 3
    say(db, edge("b", "c"))
    assert len(owners.above(db, [entity_id("c")])) == 3
    assert len(records.versions(db, HOLDINGS)) == 4


EIGHT = {"legal_entity", "holding", "entity", "person_owner", "other_name", "hit_decision"}
EIGHT |= {"vessel", "associate"}


def test_what_is_known_of_owners_changes_with_eight_registers(db: Connection) -> None:
    changed = owners.changes(db)  # those who take part are known by their names
    assert len(changed) == len(registers.participants(db))
    assert owners.changed_at(db) == (changed[-1], 0)
    several = {
        **one_of_each(APPLE, ("bank", "C", date(2026, 1, 1))),
        "person_owner": PersonOwner(person_id("one"), commitment="a" * 64),
        "suspicion_report": replace(hit.TOLD, narrative="", commitment="a" * 64),
        "travel_record": TOLD,
    }
    before = len(changed)
    for name, one in several.items():
        say(db, one)
        if name in EIGHT:
            changed.append(journal.head(db))
        assert owners.changes(db) == changed
        assert owners.changed_at(db) == (changed[-1], 0)
    assert len(changed) == before + len(EIGHT)
