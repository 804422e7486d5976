"""Associates at the gate: who acts through somebody listed, and until when that counts."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from psycopg import Connection
from tests.enacted import Market, bodies, facts, open_market
from tests.hands import ADA, BELA, CORA, agree, enrol, release
from tests.operations.test_lists import staged
from tests.recorded import enter, entity_id, person_id, read, vessel_id
from tests.stage import Stage

from clearhouse.core.associate import Associate, Vessel
from clearhouse.core.associate import Role as Part
from clearhouse.core.command import EraseDossier, GrantDealing
from clearhouse.core.gate import THROUGH, GateDecided
from clearhouse.core.hits import Outcome
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.listed import Identifier, IdentifierKind
from clearhouse.core.owner import PERSONS, Entity, Holding, PersonOwner
from clearhouse.core.participant import Name
from clearhouse.core.person import Role
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import ListedEntity
from clearhouse.core.settlement import NoLongerCleared
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations import records
from clearhouse.operations.hits import deciding, document, hits
from clearhouse.operations.lists import take
from clearhouse.operations.look import look
from clearhouse.operations.prove import prove
from clearhouse.operations.records import NothingToEnter
from clearhouse.operations.replay import replay
from clearhouse.operations.revise import revise
from clearhouse.operations.screen import Gate, open_gate

LISTED = "Ostrova Shipping Company"  # entry 9001 of every edition
LISTED_PERSON = "Tomas Arvid Vellin"  # entry 9004
LISTED_VESSEL = "Black Heron"  # entry 9005
NOBODY = "506700GE1G29325QX363"
IMO = "9187629"
SPRING = date(2026, 2, 1)
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


def acts(market: Market, whom: str, role: str, letter: str = "A", **other: Any) -> Associate:
    days = (other.get("since", SPRING), other.get("until"))
    return Associate(market.firm(letter).id, whom, role, "its own statement", *days)


def entered(market: Market, role: str, name: str, **other: Any) -> str:
    """Two people enter that A acts through somebody of this name; answers the id."""
    if role == "vessel":
        one: Any = Vessel(vessel_id("v"), name)
        id = one.vessel
    elif role in {"director", "signatory"}:
        one = PersonOwner(person_id("p"), name)
        id = one.entity
    else:
        one = Entity(entity_id("e"), "company", name, "XC")
        id = one.entity
    say(market, one)
    say(market, acts(market, id, role, **other))
    return str(id)


def trade(market: Market, text: str = "A>b 100.00", gate: Gate | None = None) -> ObligationId:
    (id,) = market.trade(text, gate=gate)
    return id


def verdict(market: Market, text: str = "A>b 100.00", gate: Gate | None = None) -> str:
    (said,) = market.verdicts(trade(market, text, gate))
    return said


def grounds(market: Market, id: ObligationId, code: str) -> list[str]:
    return [
        ground["said"]
        for finding in market.findings(id)
        for ground in finding["grounds"]
        if ground["code"] == code
    ]


def affirm_same(market: Market, lost: int = 0) -> None:
    """Every decision comes out again, to the byte."""
    before = dict(bodies(market.house.db))
    proven = prove(market.house, 3000, lambda _: None)
    assert proven.decisions + lost == len(facts(market.house.db, GateDecided))
    assert proven.lost == lost
    assert bodies(market.house.db) == before


NAMES = {
    role: LISTED_PERSON if role in {"director", "signatory"} else LISTED for role in map(str, Part)
} | {"vessel": LISTED_VESSEL}
STRICT = {
    role: ("hold", "gate.listed-officer")
    if role in {"director", "signatory"}
    else ("deny", "gate.listed-associate")
    for role in NAMES
}


@RUNNING
@pytest.mark.parametrize("role", NAMES)
def test_who_acts_through_somebody_listed_is_stopped(
    market: Market, role: str, running: bool
) -> None:
    """In both directions, by a gate that was opened before it was said too; and nobody else is."""
    gate = open_gate(market.house) if running else None
    assert verdict(market, gate=gate) == "clear"
    before = set(market.codes(trade(market, gate=gate)))
    whom = entered(market, role, NAMES[role])
    expected, code = STRICT[role]
    for text in ("A>b 100.00", "b>A 100.00"):
        id = trade(market, text, gate)
        assert market.verdicts(id) == [expected]
        (said,) = grounds(market, id, code)
        assert f"is {role} of {market.firm('A').name} since 2026-02-01: " in said
        assert "of OFAC-SDN version" in said
    other = trade(market, "C>b 100.00", gate)
    assert market.verdicts(other) == ["clear"]
    assert market.codes(other) == before, "who acts through nobody is decided about as before"
    say(market, acts(market, whom, role, until=market.house.today - A_DAY))
    assert verdict(market, gate=gate) == "clear", "it ended"
    affirm_same(market)


@pytest.mark.parametrize("role", NAMES)
def test_who_resembles_somebody_listed_holds_until_two_people_decide(
    market: Market, role: str
) -> None:
    id = entered(market, role, misspelt(NAMES[role]))
    held = trade(market)
    assert market.verdicts(held) == ["hold"]
    assert grounds(market, held, "gate.possibly-listed-associate")

    (one,) = hits(market.house, [id])
    say(market, deciding(one, Outcome.ANOTHER, "another seat", market.house.today))

    cleared = trade(market)
    # Of a platform's customer the Travel Rule's record is due; nothing else stops it.
    due = {"gate.provider-unverified", "gate.record-missing"} if role == "platform" else set()
    assert market.against(cleared) == due
    (said,) = grounds(market, cleared, "gate.associate-hit-cleared")
    assert said.endswith("that it is another")
    say(market, deciding(one, Outcome.SAME, "the same seat", market.house.today))
    assert verdict(market) == STRICT[role][0], "however it is written"
    affirm_same(market)


def test_a_decision_lapses_when_the_ship_is_called_otherwise(market: Market) -> None:
    id = entered(market, "vessel", misspelt(LISTED_VESSEL))
    (one,) = hits(market.house, [id])
    say(market, deciding(one, Outcome.ANOTHER, "another length", market.house.today))
    assert verdict(market) == "clear"
    say(market, Vessel(id, f"{LISTED_VESSEL} II"))
    held = trade(market)
    assert market.verdicts(held) == ["hold"]
    (said,) = grounds(market, held, "gate.possibly-listed-associate")
    assert "holds no more, since what is known of the subject has changed" in said
    say(market, Vessel(id, "Snow Goose"))
    assert verdict(market) == "clear"
    affirm_same(market)


def identified(market: Market, kind: IdentifierKind, value: str) -> None:
    """An entry of quite another name that has a number."""
    (sdn, wallets) = market.house.lists()
    entry = ListedEntity("77", "", ("ENTIRELY OTHER",), identifiers=(Identifier(kind, value),))
    several = [replace(sdn, version="d" * 64, entries=(*sdn.entries, entry)), wallets]
    market.house = replace(market.house, lists=lambda: several)


def test_a_ship_is_known_by_its_number_whatever_it_is_called(market: Market) -> None:
    say(market, Vessel(vessel_id("v"), "Snow Goose", IMO))
    say(market, acts(market, vessel_id("v"), "vessel"))
    assert verdict(market) == "clear"
    identified(market, IdentifierKind.IMO, f"IMO {IMO}")
    id = trade(market)
    assert market.verdicts(id) == ["deny"]
    assert (
        f"has imo {IMO}, as 'ENTIRELY OTHER' has" in grounds(market, id, "gate.listed-associate")[0]
    )
    (one,) = hits(market.house, [vessel_id("v")])
    made = deciding(one, Outcome.ANOTHER, "another length", market.house.today)
    (answer,) = read(market.house, market.folder, made).answers
    assert [each.code for each in answer.refusals] == ["hit.decisive"]


def test_a_bank_is_known_by_its_lei(market: Market) -> None:
    bank = "506700GE1G29325QX363"
    say(market, Entity(bank, "company", "A Quiet Bank", "XC"))
    say(market, acts(market, bank, "bank"))
    assert verdict(market) == "clear"
    identified(market, IdentifierKind.LEI, bank)
    assert verdict(market) == "deny"


def test_a_bank_that_takes_part_is_screened_under_all_its_names(market: Market) -> None:
    gate = open_gate(market.house)
    say(market, acts(market, market.firm("B").id, "bank"))
    id = trade(market, gate=gate)
    assert market.verdicts(id) == ["clear"]
    assert grounds(market, id, "gate.associates-not-listed")
    say(market, Name(market.firm("B").id, LISTED, "former", SPRING))
    assert verdict(market, gate=gate) == "deny"
    affirm_same(market)


@pytest.mark.parametrize(
    ("share", "expected"), [(50, "deny"), (25, "hold"), (5, "clear")], ids=["half", "part", "less"]
)
def test_a_bank_that_somebody_listed_owns_is_as_one_that_is_listed(
    market: Market, share: int, expected: str
) -> None:
    entered(market, "bank", "A Quiet Bank")
    say(market, Entity(entity_id("o"), "company", LISTED, "XC"))
    say(market, Holding(entity_id("o"), entity_id("e"), share * 10_000, False, "r", SPRING))
    assert verdict(market) == expected
    affirm_same(market)


def test_an_associate_counts_from_its_first_day_to_its_last(market: Market) -> None:
    """By the day of settlement, whatever day it was traded on."""
    today, gate = market.clock().date(), open_gate(market.house)
    entered(market, "bank", LISTED, since=today + 2 * A_DAY, until=today + 3 * A_DAY)
    seen = []
    for _ in range(5):
        market.publish()
        (id,) = market.trade("A>b 100.00", traded_on=today, gate=gate)
        seen += market.verdicts(id)
        market.clock.forward(days=1)
    assert seen == ["clear", "clear", "deny", "deny", "clear"]
    affirm_same(market)


def test_what_ended_is_said_under_the_same_key(market: Market) -> None:
    id = entered(market, "platform", LISTED)
    assert verdict(market) == "deny"
    yesterday = market.house.today - A_DAY
    say(market, acts(market, id, "platform", until=yesterday))
    other = trade(market)
    assert market.verdicts(other) == ["clear"]
    assert not any("associate" in code for code in market.codes(other))
    affirm_same(market)


def test_natural_persons_are_not_named(market: Market) -> None:
    """A director whose name is like a listed one's, in no finding, hit or remark."""
    name = misspelt(LISTED_PERSON)
    id = entered(market, "director", name)
    held = trade(market)
    assert market.verdicts(held) == ["hold"]
    assert id in str(market.findings(held))
    assert name.lower() not in str(market.findings(held)).lower()
    (one,) = hits(market.house, [id])
    assert name not in json.dumps(document(one))


def test_a_director_whose_dossier_was_erased_cannot_be_cleared(market: Market) -> None:
    """And what was decided before cannot be asked again: that is counted."""
    gate = open_gate(market.house)
    entered(market, "director", "Petra Quist")
    assert verdict(market, gate=gate) == "clear"
    (one,) = records.known(market.house, PERSONS)
    agree(market.house, EraseDossier(one.dossier, "asked to be"), ADA, BELA)
    id = trade(market, gate=gate)
    assert market.verdicts(id) == ["hold"]
    assert grounds(market, id, "gate.associate-unscreened")
    affirm_same(market, lost=1)


def test_a_licence_to_deal_covers_an_associate(market: Market) -> None:
    entered(market, "bank", LISTED)
    today = market.clock().date()
    for entity, expected in (("9002", "deny"), ("9001", "clear")):
        action = GrantDealing(
            *(market.firm("A").id, "OFAC-SDN", entity, "Norland Authority", "ab" * 32),
            *(today, today + 30 * A_DAY),
        )
        agree(market.house, action, BELA, CORA)
        assert verdict(market) == expected
    assert grounds(market, trade(market), "gate.listed-associate-licensed")
    affirm_same(market)


def test_who_looks_sees_what_the_gate_would(market: Market) -> None:
    entered(market, "bank", LISTED)
    seen = look(market.house, market.firm("A").id)
    assert [str(THROUGH[one.part][1]) for one in seen.through] == ["deny"]
    assert [one.said for one in seen.through] == grounds(
        market, trade(market), "gate.listed-associate"
    )
    assert look(market.house, market.firm("b").id).through == ()


def test_one_person_is_screened_once_and_counts_as_owner_and_as_director(market: Market) -> None:
    id = entered(market, "director", LISTED_PERSON)
    assert verdict(market) == "hold"
    say(market, Holding(id, market.firm("A").id, 600_000, False, "r", SPRING))
    both = trade(market)
    assert market.verdicts(both) == ["deny"]
    assert market.codes(both) >= {"gate.listed-officer", "gate.owned-by-listed"}
    assert len(hits(market.house, [id])) == 1
    affirm_same(market)


# What the register takes.


def test_who_is_listed_is_entered_and_told(market: Market) -> None:
    """So that the gate knows; a person not by the name."""
    for one, id, role in (
        (Entity(entity_id("e"), "company", LISTED, "XC"), entity_id("e"), "bank"),
        (PersonOwner(person_id("p"), LISTED_PERSON), person_id("p"), "signatory"),
    ):
        say(market, one)
        (answer,) = read(market.house, market.folder, acts(market, id, role)).answers
        assert (answer.outcome, [one.code for one in answer.remarks]) == (
            "new",
            ["associate.listed"],
        )
        assert ("Vellin" in str(answer.remarks[0])) is False
    market.clock.forward(days=4)
    (answer,) = read(market.house, market.folder, acts(market, entity_id("e"), "agent")).answers
    assert [one.code for one in answer.remarks] == ["screening.list-stale"]
    assert answer.outcome == "new"


def test_both_ends_must_be_known(market: Market) -> None:
    known = market.firm("B").id
    for one, code in (
        (acts(market, entity_id("x"), "bank"), "associate.unknown"),
        (acts(market, person_id("x"), "director"), "associate.unknown"),
        (acts(market, vessel_id("x"), "vessel"), "associate.unknown"),
        (
            replace(acts(market, known, "bank"), participant=ParticipantId(NOBODY)),
            "participant.unknown",
        ),
    ):
        (answer,) = read(market.house, market.folder, one).answers
        assert [one.code for one in answer.refusals] == [code]
    nameless = Vessel(vessel_id("x"), "\N{ARABIC TATWEEL}")  # a letter, and nothing is left of it
    (answer,) = read(market.house, market.folder, nameless).answers
    assert [one.code for one in answer.refusals] == ["screening.name-unscreenable"]


# When a list changes.


@pytest.mark.parametrize(("role", "name"), [("bank", "Quiet Bank"), ("vessel", "Snow Goose")])
def test_a_list_that_changes_tells_who_acts_through_whom_it_names(
    market: Market, role: str, name: str
) -> None:
    id = entered(market, role, name)
    (held,) = market.trade("A>b 100.00")
    market.trade("C>d 100.00")
    done = take(market.house, staged(market, misspelt(name)), market.folder / "lists")
    assert [one.match.subject for one in done.hits] == [id]
    assert (done.participants, done.payments) == ([market.firm("A").id], [held])
    assert market.verdicts(*market.trade("A>b 100.00, C>d 100.00")) == ["hold", "clear"]


def test_who_owns_somebodys_bank_concerns_it_and_whom_it_left_does_not(market: Market) -> None:
    id = entered(market, "bank", "A Quiet Bank")
    say(market, acts(market, id, "bank", "C", until=market.house.today - A_DAY))
    say(market, Entity(entity_id("o"), "company", "Loud Waters", "XC"))
    say(market, Holding(entity_id("o"), id, 600_000, False, "r", SPRING))
    done = take(market.house, staged(market, "Loud Waters"), market.folder / "lists")
    assert done.participants == [market.firm("A").id]


@pytest.mark.parametrize(("role", "name"), [("bank", "Quiet Bank"), ("vessel", "Snow Goose")])
def test_who_is_listed_between_approval_and_settlement_is_not_settled_through(
    embedded_stage: Stage, role: str, name: str
) -> None:
    """Two people released the cycle; D's bank, or ship, is listed; the rest is cleared again."""
    stage = embedded_stage
    one: Any = Entity(entity_id("e"), "company", name, "XC")
    if role == "vessel":
        one = Vessel(vessel_id("v"), name)
    whom = one.vessel if role == "vessel" else one.entity
    enrol(stage.house, CORA, Role.SUPERVISOR)
    enter(stage.house, stage.folder, one)
    firm = stage.firm("D").id
    enter(stage.house, stage.folder, Associate(firm, whom, role, "a statement", SPRING))
    ids = stage.trade("A>b 0.05, b>C 0.03, D>b 0.02")
    stage.clear()
    stage.pay_in()
    stage.mine(stage.deep)
    stage.publish(name)
    with pytest.raises(NoLongerCleared):
        stage.settle()

    new = stage.next_cycle()
    done = revise(stage.house, stage.cycle, new)

    assert [each.obligation for each in done.out] == ids[2:]
    assert any(f"{name} is {role} of" in ground for ground in done.out[0].grounds)
    assert done.cleared is not None
    stage.cycle, stage.calls = new, done.cleared.pay_ins
    release(stage.house, new)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state == "settled"
    stage.check()


# What was decided stays.


class History:
    """A market in which whom firms act through changes between decisions, all from one seed."""

    def __init__(self, market: Market, seed: int) -> None:
        self.market, self.dice = market, Random(seed)
        self.changed, self.kinds = Counter[str](), Counter[str]()
        self.gate = open_gate(market.house)

    def play(self, rounds: int) -> None:
        for one in self.first():
            say(self.market, one)
        ids = self.market.trade("A>b 1.00, b>A 2.00, C>b 3.00, B>d 4.00")
        for number in range(rounds):
            if number % 4 == 3:
                self.market.clock.forward(days=1)
                self.market.publish(*self.dice.sample(["Quiet Bank", "Snow Goose"], 1))
            before = self.market.verdicts(*ids)
            self.change()
            gate = self.gate if self.dice.random() < 0.7 else open_gate(self.market.house)
            self.market.ask_again(*self.dice.sample(ids, len(ids)), gate=gate)
            after = self.market.verdicts(*ids)
            self.changed.update(f"{a}-{b}" for a, b in zip(before, after, strict=True) if a != b)

    def first(self) -> list[Any]:
        return [
            Entity(entity_id("e"), "company", "Quiet Bank", "XC"),
            PersonOwner(person_id("p"), "Petra Quist"),
            Vessel(vessel_id("v"), "Snow Goose", IMO),
        ]

    def change(self) -> None:
        """Two people enter one record, if it says anything new."""
        names = [LISTED, misspelt(LISTED), "Quiet Bank"]
        kind, one = self.dice.choice(
            [
                ("entity", Entity(entity_id("e"), "company", self.dice.choice(names), "XC")),
                ("vessel", Vessel(vessel_id("v"), self.dice.choice([LISTED_VESSEL, "Snow Goose"]))),
                ("person", PersonOwner(person_id("p"), self.dice.choice([LISTED_PERSON, "P Q"]))),
                *[("associate", self.associate())] * 3,
            ]
        )
        try:
            say(self.market, one)
        except NothingToEnter:
            kind = "known"
        self.kinds[kind] += 1

    def associate(self) -> Associate:
        whom, role = self.dice.choice(
            [
                (entity_id("e"), "bank"),
                (entity_id("e"), "director"),
                (person_id("p"), "signatory"),
                (vessel_id("v"), "vessel"),
            ]
        )
        since = self.market.house.today + self.dice.randint(-3, 1) * A_DAY
        until = self.dice.choice([None, since, since + 2 * A_DAY])
        return acts(self.market, whom, role, self.dice.choice("AbC"), since=since, until=until)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_decision_comes_out_the_same_whatever_was_entered_since(
    market: Market, elsewhere: Connection, seed: int
) -> None:
    """To the byte; also in a house that is made again from the journal."""
    history = History(market, seed)
    history.play(24)

    affirm_same(market)
    # It must have been hard enough, or nothing is shown.
    assert len(history.changed) >= 3, history.changed
    assert history.kinds.keys() >= {"entity", "vessel", "person", "associate"}, history.kinds
    replay(market.house, elsewhere, lambda _: None)
