"""What obligations ship, at the gate: a listed vessel, a list that changes, what was decided."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from psycopg import Connection
from tests.enacted import Market, adding, bodies, enact, facts, open_market
from tests.hands import BELA, CORA, agree, enrol, release
from tests.laws import Law, on_subject
from tests.laws import read as read_law
from tests.operations.test_lists import staged
from tests.recorded import enter, read, vessel_id
from tests.stage import Stage

from clearhouse.core.associate import Vessel
from clearhouse.core.carriage import Carriage
from clearhouse.core.command import GrantDealing
from clearhouse.core.gate import GateDecided
from clearhouse.core.held import Outcome as Released
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import ObligationId, derived
from clearhouse.core.listed import Identifier, IdentifierKind
from clearhouse.core.participant import Attachment
from clearhouse.core.person import Role
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import ListedEntity
from clearhouse.core.settlement import NoLongerCleared
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations import held
from clearhouse.operations.explain import explain
from clearhouse.operations.hits import deciding, hits
from clearhouse.operations.impact import impact
from clearhouse.operations.lists import take
from clearhouse.operations.prove import prove
from clearhouse.operations.records import NothingToEnter
from clearhouse.operations.replay import replay
from clearhouse.operations.revise import revise
from clearhouse.operations.screen import open_gate

LISTED = "Black Heron"  # entry 9005 of every edition
IMO = "9187629"
EMBARGO = "Nothing is traded with Kordavia."
SHIP = vessel_id("v")
A_DAY = timedelta(days=1)
RUNNING = pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def say(market: Market, *several: Any) -> None:
    """Two people enter records of one register."""
    enter(market.house, market.folder, *several)


def ships(id: ObligationId, document: str = "B/L 1", vessel: str = SHIP) -> Carriage:
    return Carriage(id, document, "XBSUD", "XAOSL", "XB", "XA", vessel)


def grounds(market: Market, id: ObligationId, code: str) -> list[str]:
    return [
        ground["said"]
        for finding in market.findings(id)
        for ground in finding["grounds"]
        if ground["code"] == code
    ]


def affirm_same(market: Market) -> None:
    """Every decision comes out again, to the byte."""
    before = dict(bodies(market.house.db))
    proven = prove(market.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(market.house.db, GateDecided))
    assert bodies(market.house.db) == before


SURE = {
    "listed": (LISTED, "deny", "gate.listed-vessel"),
    "nearly": (misspelt(LISTED), "hold", "gate.possibly-listed-vessel"),
    "not": ("Snow Goose", "clear", "gate.vessel-not-listed"),
}


@RUNNING
@pytest.mark.parametrize(("name", "expected", "code"), SURE.values(), ids=SURE)
def test_the_ship_that_carries_the_goods_decides(
    market: Market, name: str, expected: str, code: str, running: bool
) -> None:
    """Of this obligation, and of no other between the same two, whose decision stays as it was."""
    gate = open_gate(market.house) if running else None
    id, other = market.trade("A>b 100.00, A>b 200.00", gate=gate)
    before = market.decisions(other)[-1].findings
    say(market, Vessel(SHIP, name, IMO, "XC"))
    say(market, ships(id))
    market.ask_again(id, other, gate=gate)
    assert market.verdicts(id, other) == [expected, "clear"]
    assert grounds(market, id, code)
    assert grounds(market, id, "gate.carriage-stated") == [
        f"under B/L 1 from XBSUD to XAOSL, goods of XB for XA, on {name!r} (IMO {IMO}, flag XC)"
    ]
    decision = market.decisions(id)[-1]
    assert decision.findings[:2] + decision.findings[3:] == before
    assert market.decisions(other)[-1].findings == before
    assert market.findings(id)[2]["subject"] == id
    assert name in str(explain(market.house, id))
    affirm_same(market)


def test_goods_that_no_ship_carries_are_stated_and_stop_nothing(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    say(market, ships(id, vessel=""))
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    (finding,) = [one for one in market.findings(id) if one["subject"] == id]
    assert [one["code"] for one in finding["grounds"]] == ["gate.carriage-stated"]
    affirm_same(market)


def test_the_worst_of_several_ships_decides(market: Market) -> None:
    """Whatever order they are entered in."""
    (id,) = market.trade("A>b 100.00")
    say(market, Vessel(SHIP, LISTED))
    say(market, Vessel(vessel_id("w"), "Snow Goose"))
    say(market, ships(id, "B/L 2"))
    say(market, ships(id, "B/L 1", vessel_id("w")))
    market.ask_again(id)
    assert market.verdicts(id) == ["deny"]
    stated = grounds(market, id, "gate.carriage-stated")
    assert [one.split(" from ")[0] for one in stated] == ["under B/L 1", "under B/L 2"]
    say(market, ships(id, "B/L 2", vessel_id("w")))  # it was written down wrongly
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    affirm_same(market)


def test_a_ship_is_known_by_its_number(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    say(market, Vessel(SHIP, "Snow Goose", IMO))
    say(market, ships(id))
    (sdn, wallets) = market.house.lists()
    number = Identifier(IdentifierKind.IMO, f"IMO {IMO}")
    entry = ListedEntity("77", "vessel", ("ENTIRELY OTHER",), identifiers=(number,))
    several = [replace(sdn, version="d" * 64, entries=(*sdn.entries, entry)), wallets]
    market.house = replace(market.house, lists=lambda: several)
    market.ask_again(id)
    assert market.verdicts(id) == ["deny"]
    assert f"has imo {IMO}, as 'ENTIRELY OTHER' has" in grounds(market, id, "gate.listed-vessel")[0]


@RUNNING
def test_who_is_another_is_cleared_until_it_is_called_otherwise(
    market: Market, running: bool
) -> None:
    gate = open_gate(market.house) if running else None
    (id,) = market.trade("A>b 100.00", gate=gate)
    say(market, Vessel(SHIP, misspelt(LISTED)))
    say(market, ships(id))
    market.ask_again(id, gate=gate)
    assert market.verdicts(id) == ["hold"]
    (one,) = hits(market.house, [SHIP])
    say(market, deciding(one, Outcome.ANOTHER, "another length", market.house.today))
    market.ask_again(id, gate=gate)
    assert market.verdicts(id) == ["clear"]
    assert grounds(market, id, "gate.vessel-hit-cleared")[0].endswith("that it is another")
    say(market, Vessel(SHIP, f"{misspelt(LISTED)} II"))
    market.ask_again(id, gate=gate)
    assert market.verdicts(id) == ["hold"]
    assert "holds no more" in grounds(market, id, "gate.possibly-listed-vessel")[0]
    affirm_same(market)


def test_a_licence_to_deal_is_one_of_both_parties(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    say(market, Vessel(SHIP, LISTED))
    say(market, ships(id))
    today = market.clock().date()
    for letter, expected in (("A", "deny"), ("b", "clear")):
        action = GrantDealing(
            *(market.firm(letter).id, "OFAC-SDN", "9005", "Norland Authority", "ab" * 32),
            *(today, today + 30 * A_DAY),
        )
        agree(market.house, action, BELA, CORA)
        market.ask_again(id)
        assert market.verdicts(id) == [expected]
    assert grounds(market, id, "gate.listed-vessel-licensed")
    affirm_same(market)


def test_a_list_that_names_a_ship_tells_which_payments_wait(market: Market) -> None:
    id, other = market.trade("A>b 100.00, C>d 100.00")
    say(market, Vessel(SHIP, "Snow Goose"))
    say(market, ships(id))
    done = take(market.house, staged(market, "Snow Goose"), market.folder / "lists")
    assert [one.match.subject for one in done.hits] == [SHIP]
    assert (done.participants, done.payments) == ([], [id])
    market.ask_again(id, other)
    assert market.verdicts(id, other) == ["deny", "clear"]


def test_a_ship_that_is_listed_between_approval_and_settlement_is_not_paid_for(
    embedded_stage: Stage,
) -> None:
    """Two people released the cycle; what the ship carries is taken out, and the rest settles."""
    stage = embedded_stage
    enrol(stage.house, CORA, Role.SUPERVISOR)
    ids = stage.trade("A>b 0.05, b>C 0.03, D>b 0.02")
    enter(stage.house, stage.folder, Vessel(SHIP, "Snow Goose"))
    enter(stage.house, stage.folder, ships(ids[2]))
    stage.clear()
    stage.pay_in()
    stage.mine(stage.deep)
    stage.publish("Snow Goose")
    with pytest.raises(NoLongerCleared):
        stage.settle()

    new = stage.next_cycle()
    done = revise(stage.house, stage.cycle, new)

    assert [one.obligation for one in done.out] == ids[2:]
    assert done.cleared is not None
    stage.cycle, stage.calls = new, done.cleared.pay_ins
    release(stage.house, new)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state == "settled"
    stage.check()


# Where the law closes a place.


def closure(code: str, outcome: str = "DENY", **said: Any) -> Law:
    """A law by which a country closes Kordavia, and a port of another."""
    made = {
        "id": f"{code}.places.kordavia",
        "says": EMBARGO,
        "citation": "Embargo Act, s. 3",
        "effective_from": date(2026, 1, 1),
        "places": ["KV", "XDHAR"],
        "ends": ["origin", "destination", "flag", "loading", "discharge"],
        "outcome": outcome,
        "shut": [{"origin": "KV"}],
        "free": [{"origin": "XD"}],
    }
    return on_subject(code, "corridor", closure=[made | said])


def enacted(market: Market, *laws: Law) -> None:
    enact(market.house, read_law(adding(*laws)), market.clock())


SHUT = {
    "where they come from": ({"origin": "KV"}, "origin KV"),
    "where they go to": ({"destination": "KV"}, "destination KV"),
    "where they are loaded": ({"loading": "XDHAR"}, "loading XDHAR"),
    "any port of a country": ({"discharge": "KVABC"}, "discharge KVABC"),
    "whose flag": ({"vessel": SHIP}, "flag KV"),
    "another port of that country": ({"loading": "XDHAM"}, ""),
    "that country": ({"origin": "XD"}, ""),
}


@RUNNING
@pytest.mark.parametrize(("said", "told"), SHUT.values(), ids=SHUT)
def test_what_is_shipped_from_or_to_or_under_what_is_closed_is_denied(
    market: Market, said: dict[str, Any], told: str, running: bool
) -> None:
    """And a payment of which nothing is recorded stays what it was."""
    enacted(market, closure("XA"))
    gate = open_gate(market.house) if running else None
    id, other = market.trade("A>b 100.00, A>b 200.00", gate=gate)
    before = market.decisions(other)[-1].findings
    say(market, Vessel(SHIP, "Snow Goose", IMO, "KV"))
    say(market, replace(ships(id, vessel=""), **said))
    market.ask_again(id, other, gate=gate)
    assert market.verdicts(id, other) == ["deny" if told else "clear", "clear"]
    assert market.decisions(other)[-1].findings == before
    (law,) = [one for one in market.findings(id) if ">" in one["subject"]]
    denied = [one for one in law["grounds"] if one["code"] == "gate.law-denies"]
    if told:
        assert [one["said"] for one in denied] == [
            f"as of the trade date and settlement date: {EMBARGO} ({told}, under B/L 1)"
        ]
        assert (denied[0]["rule"], denied[0]["citation"]) == (
            "XA.places.kordavia",
            "Embargo Act, s. 3",
        )
    affirm_same(market)


def test_the_law_of_every_attached_jurisdiction_closes(market: Market) -> None:
    """The union of what is closed: the strictest answers; another country's law does not."""
    enacted(market, closure("XB", "HOLD"), closure("XC"))
    (id,) = market.trade("A>b 100.00")
    say(market, replace(ships(id, vessel=""), origin="KV"))
    market.ask_again(id)
    assert market.verdicts(id) == ["hold"]
    say(market, Attachment(market.firm("A").id, "XC", "branch", date(2026, 2, 1)))
    market.ask_again(id)
    assert market.verdicts(id) == ["deny"]
    rules = [one["rule"] for each in market.findings(id) for one in each["grounds"]]
    assert {"XB.places.kordavia", "XC.places.kordavia"} <= set(rules)
    affirm_same(market)


@pytest.mark.parametrize("days", [(-1, 0), (1, 9), (-9, -2)], ids=["traded", "settles", "neither"])
def test_what_is_closed_on_either_day_is_closed(market: Market, days: tuple[int, int]) -> None:
    """Traded yesterday, and settled tomorrow."""
    today = market.clock().date()
    first, last = (today + number * A_DAY for number in days)
    enacted(market, closure("XA", effective_from=first, effective_to=last))
    (id,) = market.trade("A>b 100.00", traded_on=today - A_DAY)
    say(market, replace(ships(id, vessel=""), origin="KV"))
    market.clock.forward(days=1)
    market.publish()
    market.ask_again(id)
    assert market.verdicts(id) == ["clear" if last < today - A_DAY else "deny"]
    affirm_same(market)


def test_what_holds_two_people_release_while_it_says_the_same(market: Market) -> None:
    enacted(market, closure("XA", "HOLD"))
    (id,) = market.trade("A>b 100.00")
    say(market, replace(ships(id, vessel=""), origin="KV"))
    market.ask_again(id)
    assert market.verdicts(id) == ["hold"]
    rule = "XA.places.kordavia"
    say(market, held.deciding(market.house, id, rule, Released.RELEASED, "relief goods"))
    market.ask_again(id)
    assert market.verdicts(id) == ["clear"]
    assert grounds(market, id, "gate.hold-released")
    say(market, replace(ships(id, "B/L 2", ""), loading="KVABC"))
    market.ask_again(id)
    assert market.verdicts(id) == ["hold"], "another shipment was not looked at"
    affirm_same(market)


def test_what_another_law_would_close_is_told_before_it_is_in_force(market: Market) -> None:
    id, other = market.trade("A>b 100.00, A>b 200.00")
    say(market, replace(ships(id, vessel=""), origin="KV"))
    market.ask_again(id, other)
    found = impact(market.house, read_law(adding(closure("XA"))), 30, lambda _: None)
    assert dict(found.verdicts) == {("clear", "clear"): 3, ("clear", "deny"): 1}
    (changed,) = found.rules.values()
    assert (changed.newly, changed.examples) == (1, [id])


# What the register takes.

ONE = ships(ObligationId(derived("obl", "1")))
WRONG: dict[str, tuple[Carriage, str]] = {
    "no obligation's id": (replace(ONE, obligation=ObligationId("obl_1")), "carriage.wrong"),
    "another's id": (replace(ONE, obligation=ObligationId(SHIP)), "carriage.wrong"),
    "a port in words": (replace(ONE, loading="Oslo"), "carriage.wrong"),
    "a port with a nought": (replace(ONE, discharge="XAOS0"), "carriage.wrong"),
    "a country in words": (replace(ONE, origin="Norland"), "carriage.wrong"),
    "a country in small letters": (replace(ONE, destination="xa"), "carriage.wrong"),
    "no vessel's id": (replace(ONE, vessel="Snow Goose"), "carriage.wrong"),
}


@pytest.mark.parametrize(("one", "code"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_refused_by_its_code(one: Carriage, code: str) -> None:
    assert [each.code for each in ONE.faults()] == []
    assert [each.code for each in one.faults()] == [code]


def test_the_obligation_and_the_vessel_must_be_known(market: Market) -> None:
    (id,) = market.trade("A>b 100.00")
    for one, count in ((ONE, 2), (ships(id), 1), (ships(id, vessel=""), 0)):
        (answer,) = read(market.house, market.folder, one).answers
        assert [each.code for each in answer.refusals] == ["carriage.unknown"] * count


# What was decided stays.


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_decision_comes_out_the_same_whatever_was_entered_since(
    market: Market, elsewhere: Connection, seed: int
) -> None:
    """To the byte; also in a house that is made again from the journal."""
    dice, changed = Random(seed), Counter[str]()
    gate = open_gate(market.house)
    ids = market.trade("A>b 1.00, b>A 2.00, C>b 3.00")
    say(market, Vessel(SHIP, "Snow Goose"), Vessel(vessel_id("w"), "Grey Seal"))
    for number in range(36):
        if number % 4 == 3:
            market.clock.forward(days=1)
            market.publish(dice.choice(["Snow Goose", "Grey Seal", "Nobody"]))
        names = ["Snow Goose", LISTED, misspelt(LISTED), "Grey Seal"]
        one: Any = Vessel(dice.choice([SHIP, vessel_id("w")]), dice.choice(names))
        if dice.random() < 0.5:
            ship = dice.choice(["", SHIP, vessel_id("w")])
            one = ships(dice.choice(ids), dice.choice(["B/L 1", "B/L 2"]), ship)
        try:
            say(market, one)
        except NothingToEnter:
            continue
        before = market.verdicts(*ids)
        again = dice.sample(ids, len(ids))
        market.ask_again(*again, gate=gate if dice.random() < 0.7 else None)
        after = market.verdicts(*ids)
        changed.update(f"{a}-{b}" for a, b in zip(before, after, strict=True) if a != b)

    affirm_same(market)
    assert len(changed) >= 3, changed  # or nothing is shown
    replay(market.house, elsewhere, lambda _: None)
