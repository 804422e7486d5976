"""What one person files: who may, about whom, and that it is signed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.enacted import Market, open_market
from tests.hands import ADA, BELA, CORA, Hand, agree, enrol
from tests.recorded import enter, entering
from tests.sold import hold, lot, lot_id, method, sale

from clearhouse.core.command import CommandGiven, EnterRecords, FileRecords, RevealRecords
from clearhouse.core.errors import Coded
from clearhouse.core.mining.sales import LOTS, SALES
from clearhouse.core.participant import CONTACTS, REPRESENTATIVES, Contact, Representative
from clearhouse.core.person import NotPermitted, Role
from clearhouse.core.record import Way
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rulebook import Class, Rulebook
from clearhouse.demo.country import Country
from clearhouse.operations import records
from clearhouse.operations.sheet import Sheet
from clearhouse.store import journal
from clearhouse.store import people as store
from clearhouse.verifier.checks.people import FILED, FOUND, PROVEN

TARA = Hand.of("Tara")  # who trades for firm A


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path / "house") as made:
        yield made


def contact(market: Market, letter: str) -> Contact:
    return Contact(market.firm(letter).id, "settlement", f"{letter}@firm.example".lower())


def represent(market: Market, desk: Path, letter: str, *, until: int | None = None) -> None:
    """Tara acts for a firm from today on, or up to so many days from today."""
    today = market.house.today
    last = None if until is None else today + timedelta(until)
    since = min(today, last or today)
    enter(market.house, desk, Representative(market.firm(letter).id, TARA.person, since, last))


def refused(market: Market, hand: Hand, action: FileRecords | EnterRecords) -> str:
    """The code with which an order is refused; nothing may have changed."""
    before = records.known(market.house, REGISTERS["contact"])
    with pytest.raises(Coded) as trouble:
        hand.order(market.house, action)
    assert records.known(market.house, REGISTERS["contact"]) == before
    return trouble.value.code


def test_the_house_files_for_everybody_and_its_order_is_named(market: Market, desk: Path) -> None:
    one, other = contact(market, "A"), contact(market, "b")
    order = enter(market.house, desk, one, other)
    assert {*records.known(market.house, CONTACTS)} == {one, other}
    (told,) = records.history(market.house, CONTACTS, CONTACTS.key_of(one))
    assert told.proposal == order
    given = store.given(market.house.db, order)
    assert given is not None
    assert given.command.person == BELA.person
    assert store.proposal(market.house.db, order) is None  # one person was enough


def test_a_contact_is_said_anew_and_what_was_said_stays(market: Market, desk: Path) -> None:
    one = contact(market, "A")
    enter(market.house, desk, one)
    enter(market.house, desk, replace(one, telephone="+4740000000"))
    told = records.history(market.house, CONTACTS, CONTACTS.key_of(one))
    assert [each.record.telephone for each in told] == ["", "+4740000000"]


def test_who_acts_for_a_participant_files_for_it_alone(market: Market, desk: Path) -> None:
    enrol(market.house, TARA, Role.TRADER)
    own = entering(market.house, desk, contact(market, "A"))
    both = entering(market.house, desk, contact(market, "A"), contact(market, "B"))
    assert isinstance(own, FileRecords)
    assert refused(market, TARA, own) == "record.not-theirs"
    represent(market, desk, "A")
    assert refused(market, TARA, both) == "record.not-theirs"
    TARA.order(market.house, own)
    assert records.known(market.house, CONTACTS) == [contact(market, "A")]


@pytest.mark.parametrize(("until", "may"), [(0, True), (-1, False)])
def test_they_act_up_to_their_last_day(
    market: Market, desk: Path, until: int, *, may: bool
) -> None:
    enrol(market.house, TARA, Role.TRADER)
    represent(market, desk, "A", until=until)
    order = entering(market.house, desk, contact(market, "A"))
    if may:
        TARA.order(market.house, order)
    else:
        assert refused(market, TARA, order) == "record.not-theirs"


def test_an_operator_and_a_supervisor_file_nothing(market: Market, desk: Path) -> None:
    order = entering(market.house, desk, contact(market, "A"))
    for hand in (ADA, CORA):
        assert refused(market, hand, order) == "person.not-permitted"


def test_what_one_files_is_not_agreed_on_by_two_nor_the_other_way_round(
    market: Market, desk: Path
) -> None:
    filed = entering(market.house, desk, contact(market, "A"))
    agreed = entering(
        market.house, desk, Representative(market.firm("A").id, BELA.person, market.house.today)
    )
    by_two = EnterRecords(filed.register, filed.digest, filed.records)
    by_one = FileRecords(agreed.register, agreed.digest, agreed.records)
    assert refused(market, BELA, by_two) == "record.entered-otherwise"
    assert refused(market, BELA, by_one) == "record.entered-otherwise"


def test_nobody_acts_for_a_participant_who_is_not_enrolled(market: Market, desk: Path) -> None:
    one = Representative(market.firm("A").id, TARA.person, market.house.today)
    with pytest.raises(AssertionError, match="RepresentativeWrong"):
        entering(market.house, desk, one)
    enrol(market.house, TARA, Role.TRADER)
    agree(market.house, entering(market.house, desk, one), BELA, CORA)
    assert records.known(market.house, REPRESENTATIVES) == [one]


@pytest.mark.parametrize(
    ("email", "telephone"),
    [
        ("", ""),
        ("desk", ""),
        ("desk@firm", ""),
        ("a b@firm.example", ""),
        ("desk@firm.example\n", ""),
        ("", "4740000000"),
        ("", "+0740000000"),
        ("", "+474"),
        ("", "+4740000000000000"),
        ("desk@firm.example", "none"),
    ],
)
def test_a_contact_reaches_somebody(email: str, telephone: str) -> None:
    party = next(iter(REGISTERS))  # any text
    wrong = [*Contact(party, "legal", email, telephone).faults()]  # type: ignore[arg-type]
    assert {one.code for one in wrong} == {"participant.contact-wrong"}


def test_authorities_alone_see_how_a_participant_is_reached(market: Market) -> None:
    one = contact(market, "A")
    assert records.seen(CONTACTS, one) == replace(one, email="", telephone="")


def test_the_verifier_knows_which_registers_one_person_may_fill() -> None:
    ways = {way: {one.name for one in REGISTERS.values() if one.way is way} for way in Way}
    assert ways[Way.FILED] == FILED
    assert ways[Way.PROVEN] == PROVEN
    assert ways[Way.FOUND] == FOUND


def test_who_acts_for_a_miner_files_its_coin_and_takes_nobody_elses(
    market: Market, desk: Path
) -> None:
    """Not by correcting another miner's lot either, so that it would be their own."""
    house, (mine, other) = market.house, (market.firm(letter).id for letter in "AC")
    enrol(house, TARA, Role.TRADER)
    represent(market, desk, "A")
    enter(house, desk, lot("theirs", other, on=house.today))
    enter(house, desk, method(mine))
    hold(house, mine, Class.MINER)
    ours = lot("ours", mine, on=house.today)
    TARA.order(house, entering(house, desk, ours))
    sold = sale("ours", mine, market.firm("b").id, on=house.today)
    TARA.order(house, entering(house, desk, sold))
    assert records.known(house, SALES) == [sold]

    taken = replace(ours, lot=lot_id("theirs"))
    digest = records.prepare(house, Sheet(LOTS, (taken,), ()))
    assert refused(market, TARA, FileRecords(LOTS.name, digest, 1)) == "record.refused"
    theirs = entering(house, desk, lot("theirs", other, 1, house.today))
    assert refused(market, TARA, theirs) == "record.not-theirs"
    assert {one.miner for one in records.known(house, LOTS)} == {mine, other}


def test_who_reads_what_authorities_alone_may_see_is_recorded_and_why(
    market: Market, desk: Path
) -> None:
    house, one = market.house, contact(market, "A")
    enter(house, desk, one)
    before = journal.head(house.db)
    given = CORA.order(house, RevealRecords(CONTACTS.name, CONTACTS.key_of(one), "an audit"))
    assert journal.head(house.db) == before + 1  # that it was ordered, and nothing else
    (told,) = journal.about(house.db, given.id)
    assert isinstance(told.event, CommandGiven)
    assert "an audit" in told.event.command


@pytest.mark.parametrize(
    ("name", "key", "reason", "code"),
    [
        ("contact", "", "", "record.reason-missing"),
        ("contact", "", "  ", "record.reason-missing"),
        ("contact", "nobody|legal", "an audit", "record.unknown"),
        ("contacts", "", "an audit", "record.unknown-register"),
    ],
)
def test_nothing_is_revealed_without_a_reason_or_that_is_not_there(
    market: Market, name: str, key: str, reason: str, code: str
) -> None:
    head = journal.head(market.house.db)
    with pytest.raises(Coded) as trouble:
        CORA.order(market.house, RevealRecords(name, key, reason))
    assert (trouble.value.code, journal.head(market.house.db)) == (code, head)


def test_operators_and_traders_read_no_secrets(market: Market) -> None:
    enrol(market.house, TARA, Role.TRADER)
    for hand in (ADA, TARA):
        with pytest.raises(NotPermitted):
            hand.order(market.house, RevealRecords("wallet", "", "curious"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"use": "x\x1fy|legal"},
        {"use": "gossip"},
        {"email": "nowhere"},
        {"email": "a\0@b.example"},
    ],
)
def test_what_is_kept_by_hand_has_the_form_that_a_file_must_have(
    market: Market, wrong: dict[str, Any]
) -> None:
    """Whoever works on the house's machine can keep what no sheet has read."""
    forged = replace(contact(market, "A"), **wrong)
    digest = records.prepare(market.house, Sheet(CONTACTS, (forged,), ()))
    assert refused(market, BELA, FileRecords(CONTACTS.name, digest, 1)) == "record.refused"


def test_one_key_stands_once_in_what_is_kept(market: Market) -> None:
    one = contact(market, "A")
    twice = (one, replace(one, email="other@firm.example"))
    digest = records.prepare(market.house, Sheet(CONTACTS, twice, ()))
    assert refused(market, BELA, FileRecords(CONTACTS.name, digest, 2)) == "record.refused"


def test_an_end_said_later_ends_a_representation(market: Market, desk: Path) -> None:
    house, today = market.house, market.house.today
    enrol(house, TARA, Role.TRADER)
    who = market.firm("A").id
    enter(house, desk, Representative(who, TARA.person, today - timedelta(40)))
    last = (today - timedelta(20), today - timedelta(10))
    enter(house, desk, Representative(who, TARA.person, *last))
    order = entering(house, desk, contact(market, "A"))
    assert isinstance(order, FileRecords)
    assert refused(market, TARA, order) == "record.not-theirs"
