"""Owners at the gate: who is owned by somebody listed, who may not act, whose law applies."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from psycopg import Connection
from tests.admitted import firm_of, let_in, licence_of
from tests.enacted import Market, bodies, enact, facts, open_market, without
from tests.hands import ADA, BELA, CORA, agree, approve, propose
from tests.laws import read as read_law
from tests.recorded import enter, entering, entity_id, person_id

from clearhouse.core.command import Decline, EraseDossier, GrantDealing
from clearhouse.core.dossier import DossierGone
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.owner import PERSONS, Entity, Holding, PersonOwner
from clearhouse.core.participant import (
    Attachment,
    LegalEntity,
    Measure,
    Name,
    Standing,
    State,
)
from clearhouse.core.record import RecordEntered
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations import dossiers, records
from clearhouse.operations.people import expire
from clearhouse.operations.prove import prove
from clearhouse.operations.records import NothingToEnter
from clearhouse.operations.replay import replay
from clearhouse.operations.screen import Gate, open_gate

LISTED = "Ostrova Shipping Company"  # entry 9001 of every edition
LISTED_PERSON = "Tomas Arvid Vellin"  # entry 9004
SPRING = date(2026, 2, 1)
A_DAY = timedelta(days=1)
ISSUER, LICENSED = "Norland Central Bank", date(2026, 1, 1)


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


def verdict(market: Market, text: str = "A>b 100.00", gate: Gate | None = None) -> str:
    """What the gate says of a new obligation."""
    (said,) = market.verdicts(*market.trade(text, gate=gate))
    return said


def codes(market: Market, text: str = "A>b 100.00", gate: Gate | None = None) -> set[str]:
    """The codes of all grounds on a new obligation."""
    return market.codes(*market.trade(text, gate=gate))


def say(market: Market, *several: Any) -> None:
    """Two people enter records of one register."""
    enter(market.house, market.folder, *several)


def company(letter: str, name: str = "") -> Entity:
    return Entity(entity_id(letter), "company", name or f"Harmless {letter}", "XC")


def held(
    market: Market, owner: str, owned: str, percent: float, since: date = SPRING, **other: Any
) -> Holding:
    """What one has of another: companies `p` to `z`, or firms of the market."""
    ends = (end(market, owner), end(market, owned))
    control = bool(other.get("control"))
    return Holding(*ends, int(percent * 10_000), control, "register", since, other.get("until"))


def end(market: Market, letter: str) -> str:
    if letter.startswith("prs_"):
        return letter
    return entity_id(letter) if letter >= "p" else market.firm(letter).id


def own(market: Market, *several: tuple[str, str, float], listed: str = "p") -> None:
    """Two people enter who owns whom; one company has a listed name."""
    letters = {one for pair in several for one in pair[:2] if one >= "p"}
    say(market, *(company(one, LISTED if one == listed else "") for one in sorted(letters)))
    say(market, *(held(market, *one) for one in several))


def affirm_same(market: Market) -> None:
    """Every decision comes out again, to the byte."""
    before = dict(bodies(market.house.db))
    proven = prove(market.house, 3000, lambda _: None)
    assert proven.decisions == len(facts(market.house.db, GateDecided))
    assert bodies(market.house.db) == before


# Who is owned.


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
def test_who_is_owned_by_somebody_listed_is_denied(market: Market, running: bool) -> None:
    """Also by a gate that was opened before anybody said so."""
    gate = open_gate(market.house) if running else None
    assert codes(market, gate=gate).isdisjoint({"gate.owned-by-listed", "gate.owners-not-listed"})
    assert verdict(market, gate=gate) == "clear"
    own(market, ("p", "A", 50))
    (id,) = market.trade("A>b 100.00", gate=gate)
    assert market.verdicts(id) == ["deny"]
    (ground,) = [
        one for one in market.findings(id)[0]["grounds"] if one["code"] == "gate.owned-by-listed"
    ]
    for text in (f"{LISTED} owns 50 % of {market.firm('A').name}", "entry 9001 of OFAC-SDN"):
        assert text in ground["said"]
    assert verdict(market, "b>A 100.00", gate) == "deny"
    assert verdict(market, "C>b 100.00", gate) == "clear"
    affirm_same(market)


DEGREES: Mapping[str, tuple[Sequence[tuple[str, str, float]], str, str]] = {
    "half": ([("p", "A", 50)], "deny", "gate.owned-by-listed"),
    "nearly half": ([("p", "A", 49.9999)], "hold", "gate.partly-owned-by-listed"),
    "a tenth": ([("p", "A", 10)], "hold", "gate.partly-owned-by-listed"),
    "less": ([("p", "A", 9.9999)], "clear", "gate.slightly-owned-by-listed"),
    "through another": ([("p", "q", 50), ("q", "A", 50)], "deny", "gate.owned-by-listed"),
    "through a firm": ([("p", "B", 60), ("B", "A", 60)], "deny", "gate.owned-by-listed"),
    "nobody listed": ([("q", "A", 100)], "clear", "gate.owners-not-listed"),
    "others of what it owns": ([("p", "q", 90), ("A", "q", 10)], "clear", "gate.not-listed"),
    "a ring": ([("q", "r", 50), ("r", "q", 50), ("r", "A", 50)], "hold", "gate.owners-unresolved"),
}


@pytest.mark.parametrize(("shares", "expected", "code"), DEGREES.values(), ids=DEGREES)
def test_how_much_is_owned_decides(
    market: Market, shares: Sequence[tuple[str, str, float]], expected: str, code: str
) -> None:
    own(market, *shares)
    (id,) = market.trade("A>b 100.00")
    assert (market.verdicts(id), code in market.codes(id)) == ([expected], True), market.codes(id)


def test_control_is_enough(market: Market) -> None:
    say(market, company("p", LISTED))
    say(market, held(market, "p", "A", 0, control=True))
    assert "gate.owned-by-listed" in codes(market)


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
def test_who_may_be_owned_by_somebody_listed_is_held(market: Market, running: bool) -> None:
    gate = open_gate(market.house) if running else None
    say(market, company("p", misspelt(LISTED)))
    say(market, held(market, "p", "A", 60))
    (id,) = market.trade("A>b 100.00", gate=gate)
    assert market.verdicts(id) == ["hold"]
    assert "gate.possibly-owned-by-listed" in market.codes(id)
    say(market, company("p"))
    assert verdict(market, gate=gate) == "clear"
    say(market, company("p", LISTED))
    assert verdict(market, gate=gate) == "deny"
    affirm_same(market)


def test_an_owner_that_is_a_participant_is_screened_under_all_its_names(market: Market) -> None:
    gate = open_gate(market.house)
    say(market, held(market, "B", "A", 60))
    assert verdict(market, gate=gate) == "clear"
    say(market, Name(market.firm("B").id, LISTED, "former", SPRING))
    assert "gate.owned-by-listed" in codes(market, gate=gate)
    affirm_same(market)


def admitted(market: Market, name: str) -> ParticipantId:
    """Somebody new is admitted."""
    id = ParticipantId("5493001KJTIIGC8Y1R12")
    licence = licence_of(id, "exporter", ISSUER, LICENSED, date(2027, 1, 1))
    let_in(market.house, firm_of(id, name), licence)
    return id


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
def test_an_owner_that_is_admitted_later_keeps_its_name(market: Market, running: bool) -> None:
    """By being admitted under another one, somebody listed does not become somebody else."""
    gate = open_gate(market.house) if running else None
    id = ParticipantId("5493001KJTIIGC8Y1R12")
    say(market, Entity(id, "company", LISTED, "XC"))
    say(market, Holding(id, market.firm("A").id, 600_000, False, "register", SPRING))
    assert verdict(market, gate=gate) == "deny"
    assert admitted(market, "Quiet Harbour AS") == id
    assert verdict(market, gate=gate) == "deny"
    market.clock.forward(days=1)
    market.publish("Quiet Harbour AS")
    assert verdict(market, gate=gate) == "deny"
    affirm_same(market)


def test_what_it_is_admitted_as_counts_from_then_on(market: Market) -> None:
    """And not for what was decided before."""
    id = ParticipantId("5493001KJTIIGC8Y1R12")
    say(market, Entity(id, "company", "Harmless", "XC"))
    say(market, Holding(id, market.firm("A").id, 600_000, False, "register", SPRING))
    assert verdict(market) == "clear"
    admitted(market, "Quiet Harbour AS")  # who is listed now could not be
    market.publish("Quiet Harbour AS")
    say(market, company("q"))
    assert verdict(market) == "deny"
    affirm_same(market)


def test_natural_persons_are_screened_and_not_named(market: Market) -> None:
    """Beyond what the list itself says of whom it resembles."""
    gate = open_gate(market.house)
    say(market, PersonOwner(person_id("P"), misspelt(LISTED_PERSON), "1970-01-02", "XB"))
    say(market, held(market, person_id("P"), "A", 60))
    (id,) = market.trade("A>b 100.00", gate=gate)
    assert "gate.possibly-owned-by-listed" in market.codes(id)
    said = str(market.findings(id))
    assert person_id("P") in said
    assert misspelt(LISTED_PERSON).lower() not in said.lower()
    assert "1970" not in said


def test_a_person_whose_dossier_was_erased_cannot_be_cleared(market: Market) -> None:
    say(market, PersonOwner(person_id("P"), "Petra Quist"))
    say(market, held(market, person_id("P"), "A", 5))
    assert verdict(market) == "clear"
    (one,) = records.known(market.house, PERSONS)
    agree(market.house, EraseDossier(one.dossier, "asked to be"), ADA, BELA)
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["hold"]
    assert "gate.owner-unscreened" in market.codes(id)


def test_who_is_only_proposed_changes_nothing(market: Market) -> None:
    """One person alone cannot give a listed owner another name; declined, the dossier goes."""
    house = market.house
    say(market, PersonOwner(person_id("P"), LISTED_PERSON))
    say(market, held(market, person_id("P"), "A", 60))
    assert verdict(market) == "deny"
    action = entering(house, market.folder, PersonOwner(person_id("P"), "Quiet Somebody"))
    waiting = propose(house, action, BELA)
    assert verdict(market) == "deny"
    (one,) = records.proposed(house, PERSONS, action.digest)
    assert dossiers.read(house, one.dossier).said["name"] == "Quiet Somebody"

    CORA.order(house, Decline(waiting.id, "not so"))

    assert verdict(market) == "deny"
    with pytest.raises(DossierGone):
        dossiers.read(house, one.dossier)
    affirm_same(market)


def test_a_file_proposed_again_and_declined_takes_nothing_from_who_is_entered(
    market: Market,
) -> None:
    house = market.house
    action = entering(house, market.folder, PersonOwner(person_id("P"), LISTED_PERSON))
    first, again = propose(house, action, BELA), propose(house, action, BELA)
    approve(house, first, CORA)
    say(market, held(market, person_id("P"), "A", 60))

    CORA.order(house, Decline(again.id, "entered already"))

    assert verdict(market) == "deny"
    third = propose(house, action, BELA)
    market.clock.forward(days=8)
    assert expire(house) == 1
    (one,) = records.known(house, PERSONS)
    assert dossiers.read(house, one.dossier).said["name"] == LISTED_PERSON
    assert third.command.action == action


def test_what_expires_is_forgotten_too(market: Market) -> None:
    house = market.house
    action = entering(house, market.folder, PersonOwner(person_id("P"), "Quiet Somebody"))
    propose(house, action, BELA)
    (one,) = records.proposed(house, PERSONS, action.digest)
    market.clock.forward(days=8)
    assert expire(house) == 1
    with pytest.raises(DossierGone):
        dossiers.read(house, one.dossier)


def test_a_running_gate_notices_that_an_owner_was_erased(market: Market) -> None:
    gate = open_gate(market.house)
    say(market, PersonOwner(person_id("P"), "Petra Quist"))
    say(market, held(market, person_id("P"), "A", 5))
    assert verdict(market, gate=gate) == "clear"
    (one,) = records.known(market.house, PERSONS)
    agree(market.house, EraseDossier(one.dossier, "asked to be"), ADA, BELA)
    assert verdict(market, gate=gate) == "hold"


def test_a_person_who_changed_is_asked_again_as_then_and_one_erased_is_counted(
    market: Market,
) -> None:
    say(market, PersonOwner(person_id("P"), "Petra Quist"))
    say(market, held(market, person_id("P"), "A", 60))
    assert verdict(market) == "clear"
    say(market, PersonOwner(person_id("P"), LISTED_PERSON))
    assert verdict(market) == "deny"
    affirm_same(market)
    (one,) = records.known(market.house, PERSONS)

    agree(market.house, EraseDossier(one.dossier, "asked to be"), ADA, BELA)

    assert verdict(market) == "hold"
    proven = prove(market.house, 30, lambda _: None)
    assert (proven.decisions, proven.lost) == (2, 1)


def test_a_holding_holds_from_its_first_day_to_its_last(market: Market) -> None:
    today, gate = market.clock().date(), open_gate(market.house)
    say(market, company("p", LISTED))
    say(market, held(market, "p", "A", 60, today + 2 * A_DAY, until=today + 3 * A_DAY))
    seen = []
    for _ in range(5):
        market.publish()
        seen.append(verdict(market, gate=gate))
        market.clock.forward(days=1)
    assert seen == ["clear", "clear", "deny", "deny", "clear"]
    affirm_same(market)


def test_a_licence_to_deal_covers_an_owner(market: Market) -> None:
    gate = open_gate(market.house)
    own(market, ("p", "A", 60), ("p", "C", 60))
    assert verdict(market, gate=gate) == "deny"
    today = market.clock().date()
    for entity, expected in (("9002", "deny"), ("9001", "clear")):
        action = GrantDealing(
            *(market.firm("A").id, "OFAC-SDN", entity, "Norland Authority", "ab" * 32),
            *(today, today + 30 * A_DAY),
        )
        agree(market.house, action, BELA, CORA)
        assert verdict(market, gate=gate) == expected
    assert verdict(market, "C>b 100.00", gate) == "deny"  # it is A's
    affirm_same(market)


# Standing, measures and attachments.


def standing(market: Market, state: State, since: date = SPRING, letter: str = "A") -> Standing:
    return Standing(market.firm(letter).id, state, "so it is", since)


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
@pytest.mark.parametrize(
    ("state", "expected", "code"),
    [
        (State.APPLICANT, "deny", "gate.party-not-admitted"),
        (State.SUSPENDED, "hold", "gate.party-suspended"),
        (State.IN_DEFAULT, "hold", "gate.party-in-default"),
        (State.TERMINATED, "deny", "gate.party-terminated"),
    ],
)
def test_who_may_not_act_is_held_or_denied(
    market: Market, state: State, expected: str, code: str, running: bool
) -> None:
    gate = open_gate(market.house) if running else None
    if state is not State.TERMINATED:  # who leaves has nothing open
        assert verdict(market, gate=gate) == "clear"
    say(market, standing(market, state))
    for text in ("A>b 100.00", "b>A 100.00"):
        (id,) = market.trade(text, gate=gate)
        assert (market.verdicts(id), code in market.codes(id)) == ([expected], True)
    assert verdict(market, "C>b 100.00", gate) == "clear"


def test_a_standing_holds_from_its_day_until_the_next_one(market: Market) -> None:
    today, gate = market.clock().date(), open_gate(market.house)
    say(market, standing(market, State.SUSPENDED, today + A_DAY))
    say(market, standing(market, State.ACTIVE, today + 3 * A_DAY))
    seen = []
    for _ in range(5):
        market.publish()
        seen.append(verdict(market, gate=gate))
        market.clock.forward(days=1)
    assert seen == ["clear", "hold", "hold", "clear", "clear"]
    affirm_same(market)


def measure(market: Market, licence: str, what: str = "suspended", **other: Any) -> Measure:
    days = (other.get("since", SPRING), other.get("until"))
    return Measure(market.firm("A").id, licence, ISSUER, LICENSED, what, "an audit", *days)


@pytest.mark.parametrize("what", ["suspended", "revoked"])
def test_a_licence_that_is_suspended_or_revoked_does_not_count(market: Market, what: str) -> None:
    """The law on admission denies, and the finding says why."""
    gate = open_gate(market.house)
    (id, other) = market.trade("A>b 100.00, b>A 100.00", gate=gate)
    assert market.verdicts(id, other) == ["clear", "clear"]
    say(market, measure(market, "importer", what))
    market.ask_again(id, other, gate=gate)
    assert market.verdicts(id, other) == ["deny", "clear"]  # it still sells
    assert f"gate.licence-{what}" in market.codes(id)
    denied = {
        one["code"]
        for finding in market.findings(id)
        for one in finding["grounds"]
        if one["verdict"] == "deny"
    }
    assert denied == {"gate.law-closed"}
    with pytest.raises(AssertionError, match="'refused': 1"):
        market.trade("A>b 100.00")
    affirm_same(market)


def test_a_suspension_bars_what_was_traded_on_its_days(market: Market) -> None:
    """Both inclusive; entered when they are over, it bars what has not been settled yet."""
    today, gate = market.clock().date(), open_gate(market.house)
    days = [today - number * A_DAY for number in range(4)]
    ids = [market.trade("A>b 100.00", traded_on=day)[0] for day in days]
    say(market, measure(market, "importer", since=days[2], until=days[1]))
    market.ask_again(*ids, gate=gate)
    assert market.verdicts(*ids) == ["clear", "deny", "deny", "clear"]
    affirm_same(market)


def test_the_law_of_an_attached_jurisdiction_closes_the_corridor(market: Market) -> None:
    """Vestria's law forbids what Norland's and Sudmark's allow."""
    gate = open_gate(market.house)
    enact(market.house, read_law(without("XC.corridor.open")), market.clock())
    assert verdict(market, gate=gate) == "clear"
    say(market, Attachment(market.firm("A").id, "XC", "branch", SPRING))
    (id,) = market.trade("A>b 100.00", gate=gate)
    assert market.verdicts(id) == ["deny"]
    assert "gate.law-closed" in market.codes(id)
    assert "XC" in str(market.findings(id)[2])
    say(market, Attachment(market.firm("A").id, "XC", "branch", SPRING, SPRING))
    assert verdict(market, gate=gate) == "clear"
    affirm_same(market)


# What was decided stays.


class History:
    """A market in which registers change between decisions, all from one seed."""

    def __init__(self, market: Market, seed: int) -> None:
        self.market, self.dice = market, Random(seed)
        self.ids: list[ObligationId] = []
        self.changed = Counter[str]()  # what a change did to verdicts
        self.kinds = Counter[str]()
        self.gate = open_gate(market.house)

    def play(self, rounds: int) -> None:
        pool = [company(letter, name) for letter, name in zip("pqrs", self.names(), strict=True)]
        say(self.market, *pool)
        self.ids = self.market.trade("A>b 1.00, b>A 2.00, C>b 3.00, B>d 4.00, d>C 5.00")
        for number in range(rounds):
            if number % 4 == 3:
                self.market.clock.forward(days=1)
                self.market.publish(*self.dice.sample(self.names(), self.dice.randint(0, 1)))
            before = self.market.verdicts(*self.ids)
            self.change()
            gate = self.gate if self.dice.random() < 0.7 else open_gate(self.market.house)
            self.market.ask_again(*self.dice.sample(self.ids, len(self.ids)), gate=gate)
            after = self.market.verdicts(*self.ids)
            self.changed.update(f"{a}-{b}" for a, b in zip(before, after, strict=True))

    def names(self) -> list[str]:
        return [LISTED, misspelt(LISTED), "Quiet Waters", "Loud Waters"]

    def since(self) -> date:
        return self.market.clock().date() + self.dice.randint(-3, 2) * A_DAY

    def until(self, since: date) -> date | None:
        return self.dice.choice([None, since, since + 2 * A_DAY])

    def firm(self) -> ParticipantId:
        return self.market.firm(self.dice.choice("ABCbd")).id

    def change(self) -> None:
        """Two people enter one record, if it fits what is recorded."""
        kinds: Mapping[str, Callable[[], Any]] = {
            "holding": self.holding,
            "entity": lambda: company(*self.dice.choice([*zip("pqrs", self.names(), strict=True)])),
            "renamed": lambda: company(self.dice.choice("pqrs"), self.dice.choice(self.names())),
            "name": lambda: Name(
                self.firm(), self.dice.choice(self.names()[1:]), "former", self.since()
            ),
            "standing": self.standing,
            "measure": self.measure,
            "attachment": self.attachment,
        }
        kind = self.dice.choice([*kinds, "holding", "holding"])
        try:
            say(self.market, kinds[kind]())
        except (AssertionError, NothingToEnter):
            kind = "refused"  # more than the whole, no such way, or known already
        self.kinds[kind] += 1

    def holding(self) -> Holding:
        since = self.since()
        owned = self.firm()
        owner = self.dice.choice([*map(entity_id, "pqrs"), *map(entity_id, "pq")])
        share = self.dice.choice([50_000, 200_000, 500_000])
        if self.dice.random() < 0.3:
            owner, owned = entity_id("r"), ParticipantId(entity_id("s"))
        return Holding(owner, owned, share, self.dice.random() < 0.1, "x", since, self.until(since))

    def standing(self) -> Standing:
        state = self.dice.choice([State.SUSPENDED, State.ACTIVE, State.ACTIVE, State.IN_DEFAULT])
        return Standing(self.firm(), state, "so it is", self.since())

    def measure(self) -> Measure:
        firm, since = self.market.firm(self.dice.choice("ABC")).id, self.since()
        licence = self.dice.choice(["importer", "exporter"])
        until = since + A_DAY
        return Measure(firm, licence, ISSUER, LICENSED, "suspended", "audit", since, until)

    def attachment(self) -> Attachment:
        place, since = self.dice.choice(["XC", "XD"]), self.since()
        return Attachment(self.firm(), place, "branch", since, since + A_DAY)


ROUNDS = 30


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_decision_comes_out_the_same_whatever_was_entered_since(
    market: Market, elsewhere: Connection, seed: int
) -> None:
    """To the byte; also in a house that is made again from the journal."""
    enact(market.house, read_law(without("XC.corridor.open")), market.clock())
    history = History(market, seed)
    history.play(ROUNDS)

    affirm_same(market)
    assert len(facts(market.house.db, GateDecided)) == (ROUNDS + 1) * 5
    # It must have been hard enough, or nothing is shown.
    moved = {change for change, count in history.changed.items() if change[:4] != change[-4:]}
    assert len(moved) >= 3, history.changed
    assert sum(history.kinds.values()) - history.kinds["refused"] > ROUNDS / 2, history.kinds
    assert len(history.kinds) > 5, history.kinds
    assert len(facts(market.house.db, RecordEntered)) > ROUNDS / 2
    replay(market.house, elsewhere, lambda _: None)


@pytest.mark.parametrize("running", [False, True], ids=["new gates", "one open gate"])
def test_an_owner_that_is_called_otherwise_is_looked_at_again(
    market: Market, running: bool
) -> None:
    """And what was decided before it was comes out the same."""
    gate = open_gate(market.house) if running else None
    firm = market.firm("B")
    say(market, held(market, "B", "A", 60))
    assert verdict(market, gate=gate) == "clear"
    near = LISTED.replace("o", "", 1)
    say(market, LegalEntity(firm.id, near, firm.residence, firm.wallet.address))
    assert verdict(market, gate=gate) == "hold"
    affirm_same(market)
