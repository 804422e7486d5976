"""The Travel Rule at the gate: no payment of a platform's customer without its record."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import CheckViolation
from tests import travelling
from tests.enacted import Market, bodies, facts, open_market
from tests.hands import BELA
from tests.recorded import SPRING, enter
from tests.travelling import content, encoded, kept_by
from tests.vasps import ORIGIN, TARGET, vasp

from clearhouse.core.associate import Associate
from clearhouse.core.command import FileRecords
from clearhouse.core.errors import Refusal
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId
from clearhouse.core.participant import Name
from clearhouse.core.remedy import REMEDIES
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.travel_due import PAYEE_MATCH_MIN, STATES, due_of
from clearhouse.core.travel_rule.completeness import Due
from clearhouse.core.travel_rule.exchange import State
from clearhouse.core.travel_rule.records import (
    TRAVEL_EXCHANGES,
    TRAVEL_RECORDS,
    TravelExchange,
    TravelRecord,
    TravelRecordAnswered,
    TravelRecordUnknown,
    TravelRecordWrong,
)
from clearhouse.demo.country import Country
from clearhouse.operations import dossiers
from clearhouse.operations.prove import prove
from clearhouse.operations.records import RecordsRefused, prepare
from clearhouse.operations.screen import open_gate
from clearhouse.operations.sheet import sheet_of
from clearhouse.operations.travel_records import content_of, filed
from clearhouse.store import journal, registers
from clearhouse.store.projection import record

RUNNING = pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
DAY = timedelta(days=1)


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def trade(market: Market, text: str = "A>b 100.00") -> ObligationId:
    (id,) = market.trade(text)
    return id


def parties(market: Market) -> tuple[Any, Any]:
    everybody = registers.participants(market.house.db)
    return everybody[market.firm("A").id], everybody[market.firm("b").id]


def file(market: Market, id: ObligationId, said: bytes) -> TravelRecord:
    return travelling.file(market.house, id, said)


def full(market: Market, **other: Any) -> bytes:
    return encoded(content(*parties(market), **other))


def exchange(one: TravelRecord, state: State, address: str, **other: Any) -> TravelExchange:
    """How far it has come with the payee's provider, as the house records it."""
    at = one.filed_at
    ends = {"txid": "00" * 32} if state in {State.SETTLED, State.REVERTED} else {}
    ends |= {"returned": "11" * 32} if state is State.REVERTED else {}
    said: dict[str, Any] = {
        "obligation": one.obligation,
        "digest": one.digest,
        "vasp": one.beneficiary,
        "house": ORIGIN,
        "identifier": "7a3f0d4e-1111-4222-8333-444455556666",
        "state": str(state),
        "units": 100,
        "asked_at": at,
        "resolve_by": at + DAY,
        "confirm_by": at + 2 * DAY,
        "revert_by": at + 3 * DAY,
        "hop": "22" * 32,
        "address": address,
        **ends,
    }
    return TravelExchange(**{**said, **other})


WAY = {
    State.REQUESTED: (State.REQUESTED,),
    State.AUTHORISED: (State.REQUESTED, State.AUTHORISED),
    State.REJECTED: (State.REQUESTED, State.REJECTED),
    State.CANCELLED: (State.REQUESTED, State.CANCELLED),
    State.SETTLED: (State.REQUESTED, State.AUTHORISED, State.SETTLED),
    State.REVERTED: (State.REQUESTED, State.AUTHORISED, State.SETTLED, State.REVERTED),
}


def answer(market: Market, one: TravelRecord, state: State, address: str, **other: Any) -> None:
    """Have an exchange come as far as a state."""
    house = market.house
    for step in WAY[state]:
        said = TRAVEL_EXCHANGES.entered(exchange(one, step, address, **other))
        with house.db.transaction():
            journal.lock(house.db)
            record(house.db, [said], house.now(), house.now())


def both(market: Market) -> None:
    kept_by(market, "A", ORIGIN)
    kept_by(market, "b", TARGET)


def affirm_same(market: Market) -> None:
    """Every decision comes out again, to the byte."""
    before = dict(bodies(market.house.db))
    proven = prove(market.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(market.house.db, GateDecided))
    assert not proven.lost
    assert bodies(market.house.db) == before


@RUNNING
def test_a_record_is_due_where_a_platform_keeps_the_coin(market: Market, running: bool) -> None:
    """Of nobody else; and where it is, all that must be there is asked for in its order."""
    gate = open_gate(market.house) if running else None
    id = trade(market)
    assert market.verdicts(id) == ["clear"]
    before = len(market.findings(id))

    def asked() -> set[str]:
        market.ask_again(id, gate=gate)
        assert len(market.findings(id)) == before + 1
        return market.against(id)

    kept_by(market, "A", ORIGIN, verified=False)
    assert asked() == {"gate.provider-unverified", "gate.record-missing"}
    enter(market.house, market.folder, vasp(ORIGIN))
    assert asked() == {"gate.record-missing"}
    file(market, id, full(market, target=""))
    assert asked() == set()
    assert {"gate.record-complete", "gate.payee-matches"} <= market.codes(id)
    kept_by(market, "b", TARGET)
    assert asked() == {"gate.record-providers-differ"}
    one = file(market, id, full(market))
    assert asked() == {"gate.record-unanswered"}
    payee = parties(market)[1].address
    answer(market, one, State.AUTHORISED, payee)
    assert asked() == set()
    assert "gate.record-approved" in market.codes(id)
    affirm_same(market)


@pytest.mark.parametrize("state", list(State), ids=str)
def test_what_the_provider_says_decides(market: Market, state: State) -> None:
    both(market)
    id = trade(market)
    answer(market, file(market, id, full(market)), state, parties(market)[1].address)
    market.ask_again(id)
    code, verdict = STATES[state]
    assert market.verdicts(id) == [str(verdict)]
    assert code in market.codes(id)
    affirm_same(market)


def test_a_verified_provider_is_one_until_its_day(market: Market) -> None:
    both(market)
    id = trade(market)
    answer(market, file(market, id, full(market)), State.AUTHORISED, parties(market)[1].address)
    last = market.clock().date() + 2 * DAY
    enter(market.house, market.folder, vasp(TARGET, since=market.clock().date(), until=last))
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    for days, expected in ((2, "clear"), (1, "hold")):
        market.clock.at += days * DAY
        market.publish()
        market.ask_again(id)
        assert market.verdicts(id) == [expected]
    assert "gate.provider-unverified" in market.against(id)
    affirm_same(market)


def test_it_is_paid_where_the_payee_is_paid_and_nowhere_else(market: Market) -> None:
    both(market)
    id = trade(market)
    answer(market, file(market, id, full(market)), State.AUTHORISED, parties(market)[0].address)
    market.ask_again(id)
    assert market.against(id) == {"gate.record-address-differs"}


def test_another_record_is_another_question(market: Market) -> None:
    """What was approved holds for the record that was sent; a lapsed one is asked about anew."""
    both(market)
    id, payee = trade(market), parties(market)[1].address
    answer(market, file(market, id, full(market)), State.AUTHORISED, payee)
    market.clock.at += timedelta(minutes=1)
    other = full(market, customerIdentification="another")
    one = file(market, id, other)
    market.ask_again(id)
    assert market.against(id) == {"gate.record-unanswered"}
    lapsed = {"identifier": "7a3f0d4e-1111-4222-8333-444455556667"}
    answer(market, one, State.CANCELLED, "", **lapsed)
    market.ask_again(id)
    assert market.against(id) == {"gate.record-lapsed"}
    market.clock.at += timedelta(minutes=1)
    assert file(market, id, other).digest == one.digest
    market.ask_again(id)
    assert market.against(id) == {"gate.record-unanswered"}


@pytest.mark.parametrize("state", [State.AUTHORISED, State.REJECTED], ids=str)
def test_what_was_answered_is_not_filed_again(market: Market, state: State) -> None:
    both(market)
    id = trade(market)
    one = file(market, id, full(market))
    answer(market, one, state, parties(market)[1].address)
    market.clock.at += timedelta(minutes=1)
    with pytest.raises(TravelRecordAnswered):
        file(market, id, full(market))


def test_what_a_record_lacks_is_told_and_repaired(market: Market) -> None:
    """The law of Norland asks for a revised record from 1,000.00 EUR on; of less, a full one."""
    kept_by(market, "A", ORIGIN)
    market.fix("USD", 100_000)
    market.fix("EUR", 100_000)
    small, large = (trade(market, f"A>b {amount}") for amount in ("999.99", "1000.00"))
    number = {"customerIdentification": "C-1", "geographicAddress": None}
    for id in (small, large):
        file(market, id, full(market, target="", **number))
        market.ask_again(id)
    assert market.verdicts(small, large) == ["clear", "hold"]
    (said,) = [
        ground["said"]
        for finding in market.findings(large)
        for ground in finding["grounds"]
        if ground["code"] == "gate.record-incomplete"
    ]
    assert "lacks originator.address" in said
    file(market, large, full(market, target=""))
    market.ask_again(large)
    assert market.verdicts(large) == ["clear"]
    affirm_same(market)


def test_without_a_rate_all_is_due(market: Market) -> None:
    kept_by(market, "A", ORIGIN)
    id = trade(market, "A>b 1.00")
    number = {"customerIdentification": "C-1", "geographicAddress": None}
    file(market, id, full(market, target="", **number))
    market.ask_again(id)
    assert market.against(id) == {"gate.record-incomplete"}


def test_thresholds_are_of_the_jurisdictions_that_are_attached(rulebook: Rulebook) -> None:
    """Sudmark asks for the full record from zero, Norland for the revised one from 1,000.00."""
    day = date(2026, 3, 2)
    told = {
        (places, worth): due_of(
            worth if worth is None else Fraction(worth), places.split(), rulebook, day
        )
        for places in ("XA XB", "XA", "XB", "XC")
        for worth in (0, 99_999, 100_000, None)
    }
    full, reduced, revised = Due.FULL, Due.REDUCED, Due.REVISED
    assert [told["XA XB", one] for one in (0, 99_999, 100_000, None)] == [full, full] + 2 * [
        revised
    ]
    assert [told["XA", one] for one in (0, 99_999, 100_000, None)] == 2 * [reduced] + 2 * [revised]
    assert [told["XB", one] for one in (0, 99_999, 100_000)] == [full, full, full]
    assert [told["XC", one] for one in (0, 99_999, 100_000)] == [reduced, reduced, full]
    assert {told[places, None] for places in ("XB", "XC")} == {revised}


def test_the_payee_is_named_as_it_is_known(market: Market) -> None:
    """A letter wrong is the same name; another firm is another; a name of its own counts."""
    kept_by(market, "A", ORIGIN)
    id, payee = trade(market), parties(market)[1]
    typo = payee.name[:2] + payee.name[3:]
    for name, expected in ((typo, "clear"), ("Quite Another Firm", "hold")):
        one = file(market, id, full(market, target="", payee_name=name))
        market.ask_again(id)
        assert market.verdicts(id) == [expected]
        assert (one.payee_match >= PAYEE_MATCH_MIN) == (expected == "clear")
    assert market.against(id) == {"gate.payee-differs"}
    trading = Name(payee.id, "Quite Another Firm", "trading", SPRING)
    enter(market.house, market.folder, trading)
    market.clock.at += timedelta(minutes=1)
    one = file(market, id, full(market, target="", payee_name="Quite Another Firm"))
    assert one.payee_match == 1000
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    affirm_same(market)


def test_a_record_is_kept_apart_and_stays_what_it_was(market: Market) -> None:
    """What is personal stands in the dossier alone: no fact of the journal has a word of it."""
    kept_by(market, "A", ORIGIN)
    id = trade(market)
    one = file(market, id, full(market, target="", customerIdentification="Zaphod 4711"))
    assert "Zaphod 4711" in str(content_of(market.house, one))
    assert one.content == ""
    said = market.house.db.execute("SELECT string_agg(body::text, ' ') FROM journal").fetchone()
    assert said is not None
    assert "Zaphod" not in said[0]
    assert "Harbour" not in said[0]
    assert "Zaphod" not in repr(one)
    assert dossiers.kept(market.house, [one.dossier]) == {one.dossier}


def test_a_head_says_what_the_record_says(market: Market) -> None:
    """Whoever keeps a file of their own making is refused, whatever of the head is another."""
    kept_by(market, "A", ORIGIN)
    house, id = market.house, trade(market)
    true = filed(house, id, full(market, target="", geographicAddress=None))
    lies: dict[str, Any] = {
        "digest": "00" * 32,
        "version": "101",
        "complete": "revised",
        "payee_match": 999,
        "lacks": (),
        "originating": TARGET,
        "beneficiary": TARGET,
        "participant": parties(market)[1].id,
        "filed_at": true.filed_at + timedelta(seconds=1),
    }
    assert {name for name in lies if getattr(true, name) != lies[name]} == set(lies)
    for name, value in lies.items():
        with pytest.raises(TravelRecordWrong):
            sheet_of(house, TRAVEL_RECORDS, replace(true, **{name: value}))
    kept = prepare(house, sheet_of(house, TRAVEL_RECORDS, true))
    enter(house, market.folder, Name(parties(market)[1].id, "Other", "trading", SPRING))
    enter(house, market.folder, vasp(TARGET))  # nothing that the record says changes
    BELA.order(house, FileRecords(TRAVEL_RECORDS.name, kept, 1))


def test_what_is_found_of_a_record_is_found_again_when_it_is_entered(market: Market) -> None:
    kept_by(market, "A", ORIGIN)
    house, id, payee = market.house, trade(market), parties(market)[1]
    one = filed(house, id, full(market, target="", payee_name="Quite Another Firm"))
    kept = prepare(house, sheet_of(house, TRAVEL_RECORDS, one))
    enter(house, market.folder, Name(payee.id, "Quite Another Firm", "trading", SPRING))
    with pytest.raises(RecordsRefused, match="head"):
        BELA.order(house, FileRecords(TRAVEL_RECORDS.name, kept, 1))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda said: said.pop("originator"), "ivms"),
        (lambda said: said.update(surprise=1), "ivms"),
        (lambda said: said["payloadMetadata"].update(payloadVersion="999"), "ivms"),
        (lambda said: said["originator"]["originatorPerson"][0].pop("legalPerson"), "ivms"),
    ],
    ids=["missing", "extra", "version", "nobody"],
)
def test_what_is_no_record_is_refused(market: Market, change: Any, expected: str) -> None:
    said = content(*parties(market))
    change(said)
    id = trade(market)
    with pytest.raises(Refusal) as refused:
        filed(market.house, id, encoded(said))
    assert refused.value.code.startswith(expected)


def test_records_of_others_are_refused(market: Market) -> None:
    payer, payee = parties(market)
    id = trade(market)
    for swapped in (content(payee, payer), content(payer, payer), content(payee, payee)):
        with pytest.raises(TravelRecordWrong, match="LEI"):
            filed(market.house, id, encoded(swapped))
    with pytest.raises(TravelRecordUnknown):
        filed(market.house, id[:-1] + ("0" if id[-1] != "0" else "1"), full(market))
    several = content(payer, payee)
    persons = several["originator"]["originatorPerson"]
    persons += [{**persons[0], "accountNumber": [f"{n}" * 400]} for n in range(9)]
    long = encoded(several | {"padding": "x"})
    with pytest.raises(Refusal):
        filed(market.house, id, long)


def test_a_provider_says_who_it_is() -> None:
    wrong: dict[str, Any] = {
        "vasp": ORIGIN[:-1] + "0",
        "jurisdiction": "xa",
        "travel_address": "ta1111",
        "certificate": "AB" * 32,
    }
    assert not list(vasp(ORIGIN).faults())
    for name, value in wrong.items():
        (fault,) = vasp(ORIGIN, **{name: value}).faults()
        assert name in str(fault)
    assert [one.code for one in vasp(ORIGIN, until=SPRING - DAY).faults()] == ["record.dates-wrong"]


def test_no_exchange_settles_unapproved(market: Market) -> None:
    """The database knows the states' order too, whoever writes there."""
    both(market)
    id = trade(market)
    one = file(market, id, full(market))
    house = market.house
    order = {
        (before, after)
        for before in (None, *State)
        for after in State
        if _is_let(market, one, before, after)
    }
    assert order == {
        (None, State.REQUESTED),
        *((state, state) for state in State),
        *((State.REQUESTED, after) for after in (State.AUTHORISED, *ENDS)),
        *((State.AUTHORISED, after) for after in (State.SETTLED, *ENDS)),
        (State.SETTLED, State.REVERTED),
    }
    assert house.db.info.transaction_status.name == "IDLE"


ENDS = (State.REJECTED, State.CANCELLED)


def _is_let(market: Market, one: TravelRecord, before: State | None, after: State) -> bool:
    db, now = market.house.db, market.house.now()
    address = "somewhere"
    try:
        with db.transaction(force_rollback=True):
            journal.lock(db)
            for state in (*(WAY[before] if before else ()), after):
                said = TRAVEL_EXCHANGES.entered(exchange(one, state, address))
                record(db, [said], now, now)
    except CheckViolation:
        return False
    return True


def test_each_ground_has_a_remedy() -> None:
    codes = {
        *("gate.provider-unverified", "gate.record-missing", "gate.record-incomplete"),
        *("gate.record-providers-differ", "gate.payee-differs", "gate.record-address-differs"),
        *(code for code, verdict in STATES.values() if verdict),
    }
    assert codes <= REMEDIES.keys()


def test_a_party_may_leave_its_platform(market: Market) -> None:
    kept_by(market, "A", ORIGIN)
    id = trade(market)
    assert market.against(id) == {"gate.record-missing"}
    firm, today = market.firm("A").id, market.clock().date()
    enter(
        market.house,
        market.folder,
        Associate(firm, ORIGIN, "platform", "its own statement", SPRING, today - DAY),
    )
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    assert "gate.record-missing" not in market.codes(id)
    affirm_same(market)
