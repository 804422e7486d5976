"""Dealing: who is listed is denied, but for an authority's licence that two people entered."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.enacted import Market, enact, facts, open_market
from tests.hands import ADA, BELA, CORA, Hand, agree, approve, enrol, propose
from tests.laws import LEIS
from tests.lax_laws import LaxLaw, lax_law, lax_laws
from tests.listings import FILLERS, WALLETS
from tests.staging import under

from clearhouse.core.command import Decline, GrantDealing
from clearhouse.core.errors import Refusal
from clearhouse.core.gate import FindingMade, Verdict
from clearhouse.core.ids import CommandId, ParticipantId
from clearhouse.core.money import USD, Money
from clearhouse.core.obligation import Obligation, State, obligation_id
from clearhouse.core.participant import (
    DEALING_MAX,
    Dealing,
    DealingLicensed,
    DealingWrong,
    Licence,
    Participant,
)
from clearhouse.core.person import NotPermitted, Role
from clearhouse.core.proposal import OwnProposal
from clearhouse.core.rulebook import Class, Rulebook
from clearhouse.core.screening import ListedEntity, ListedWallet, SanctionsList
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations.house import House
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.store import journal, registers

DAN = Hand.of("Dan")
DOCUMENT = "ab" * 32
AUTHORITY = "Norland Financial Supervisory Authority"
A_DAY = timedelta(days=1)
YEAR = timedelta(days=365)  # from its first day to its last, a licence of 366 days
SOMEBODY = ListedEntity("1", "", ("Ostrova Shipping Company",))
NO_WALLET = ListedWallet("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "XBT")


class Lists:
    """Two mandatory lists that a test writes on, of a minute ago whatever time it is."""

    def __init__(self, clock: Callable[[], datetime], begin: Sequence[SanctionsList] = ()) -> None:
        self.clock = clock
        self.listed: dict[str, list[ListedEntity]] = {"OFAC-SDN": [SOMEBODY, *FILLERS]}
        self.wallets: dict[str, list[ListedWallet]] = {"OFAC-WALLETS": [NO_WALLET, *WALLETS]}
        for one in begin:  # which the house screens by
            self.listed[one.name] = [*one.entries]
            self.wallets[one.name] = [*one.wallets]

    def __call__(self) -> list[SanctionsList]:
        return [
            SanctionsList(
                name,
                self.version(name),
                self.clock() - timedelta(minutes=1),
                tuple(self.listed.get(name, ())),
                tuple(self.wallets.get(name, ())),
            )
            for name in sorted({*self.listed, *self.wallets})
        ]

    def version(self, name: str) -> str:
        return f"{len(self.listed.get(name, ()))} and {len(self.wallets.get(name, ()))}"

    def add(self, name: str, number: str, list_name: str = "OFAC-SDN") -> None:
        self.listed.setdefault(list_name, []).append(ListedEntity(number, "", (name,)))

    def add_wallet(self, address: str, number: str, list_name: str = "OFAC-SDN") -> None:
        self.wallets.setdefault(list_name, []).append(ListedWallet(address, "XBT", number))


@pytest.fixture
def market(
    admin_url: str, register: str, rulebook: Rulebook, people: Country, tmp_path: Path
) -> Iterator[Market]:
    with open_market((admin_url, register), rulebook, people, tmp_path) as made:
        yield made


@pytest.fixture
def lists(market: Market) -> Lists:
    """The market's lists, on which nobody of it stands yet."""
    made = Lists(market.clock, market.house.lists())
    market.house = replace(market.house, lists=made)
    return made


def granting(market: Market, letter: str = "A", entity: str = "77", **other: Any) -> GrantDealing:
    """The licence to deal with a firm that is an entry of the list, for a month."""
    today = market.clock().date()
    made = GrantDealing(
        *(market.firm(letter).id, "OFAC-SDN", entity, AUTHORITY, DOCUMENT),
        *(today, today + timedelta(days=30)),
    )
    return replace(made, **other)


def grant(market: Market, letter: str = "A", entity: str = "77", **other: Any) -> CommandId:
    """Two people enter it; answers the proposal."""
    waiting = propose(market.house, granting(market, letter, entity, **other), BELA)
    approve(market.house, waiting, CORA)
    return waiting.id


def dealings(market: Market) -> list[DealingLicensed]:
    return facts(market.house.db, DealingLicensed)


def verdict(market: Market, text: str = "A>b 100.00", gate: Gate | None = None) -> str:
    """What the gate says of a new obligation."""
    (said,) = market.verdicts(*market.trade(text, gate=gate))
    return said


# What a licence does.


def test_who_is_listed_is_denied(market: Market, lists: Lists) -> None:
    lists.add(market.firm("A").name, "77")
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["deny"]
    assert "gate.listed-party" in market.codes(id)


def test_a_licence_for_the_entry_lets_the_house_deal_with_it_and_is_shown(
    market: Market, lists: Lists
) -> None:
    """With the authority, the days, the document and the proposal; whichever side it is on."""
    lists.add(market.firm("A").name, "77")
    proposal = grant(market)
    today = market.clock().date()
    for text, side in (("A>b 100.00", 0), ("b>A 100.00", 1)):
        (id,) = market.trade(text)
        finding = market.findings(id)[side]
        assert market.verdicts(id) == ["clear"]
        assert "gate.listed-party" not in market.codes(id)
        (ground,) = [one for one in finding["grounds"] if one["code"] != "gate.licensed"]
        assert ground["code"] == "gate.listed-party-licensed"
        assert ground["verdict"] == "clear"
        evidence = [AUTHORITY, f"{today} to {today + timedelta(days=30)}", DOCUMENT, proposal]
        evidence += [
            market.firm("A").name,
            "entry 77 of OFAC-SDN version 1008 and 0",
            "1000 of 1000",
        ]
        assert [one for one in evidence if one not in ground["said"]] == []


def test_a_resemblance_that_is_licensed_is_not_held(market: Market, lists: Lists) -> None:
    lists.add(misspelt(market.firm("A").name), "77")
    assert verdict(market) == "hold"
    grant(market)
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["clear"]
    assert "gate.listed-party-licensed" in market.codes(id)


def test_a_licence_is_kept_with_its_evidence(market: Market) -> None:
    proposal = grant(market)
    today = market.clock().date()
    days = (today, today + timedelta(days=30))
    who = market.firm("A").id

    assert dealings(market) == [
        DealingLicensed(who, "OFAC-SDN", "77", AUTHORITY, DOCUMENT, *days, proposal)
    ]
    kept = registers.participants(market.house.db, [who])[who]
    assert kept.dealings == (Dealing("OFAC-SDN", "77", AUTHORITY, DOCUMENT, *days, proposal),)
    assert registers.participants(market.house.db)[market.firm("b").id].dealings == ()


def test_a_licence_does_nothing_about_the_law(market: Market, lists: Lists) -> None:
    """A payment at home stays denied, and a party without a licence to trade is not let in."""
    lists.add(market.firm("A").name, "77")
    grant(market)
    (id,) = market.trade("A>B 100.00")
    assert market.verdicts(id) == ["deny"]
    assert "gate.law-denies" in market.codes(id)
    assert "gate.listed-party-licensed" in market.codes(id)


def test_an_open_gate_sees_a_licence_that_was_entered_meanwhile(
    market: Market, lists: Lists
) -> None:
    lists.add(market.firm("A").name, "77")
    gate = open_gate(market.house)
    assert verdict(market, gate=gate) == "deny"
    grant(market)
    assert verdict(market, gate=gate) == "clear"


# What it does not do.

OTHERS: Mapping[str, Mapping[str, Any]] = {
    "another entry": {"entity": "78"},
    "an entry that begins the same": {"entity": "7"},
    "another list": {"list_name": "EU-FSF"},
    "the list in small letters": {"list_name": "ofac-sdn"},
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_a_licence_for_another_entry_or_list_lets_nothing(
    market: Market, lists: Lists, other: Mapping[str, Any]
) -> None:
    lists.add(market.firm("A").name, "77")
    lists.add("Somebody Else", "78")
    grant(market, **other)
    assert verdict(market) == "deny"
    grant(market)
    assert verdict(market) == "clear"


def test_a_licence_for_another_party_lets_nothing(market: Market, lists: Lists) -> None:
    """Not even for the other one of two under one entry."""
    for letter in "AC":
        lists.add(market.firm(letter).name, "77")
    grant(market, "C")
    assert verdict(market) == "deny"
    assert verdict(market, "C>b 100.00") == "clear"


def test_each_entry_and_each_party_needs_its_own(market: Market, lists: Lists) -> None:
    """Listed twice, and the other party too: three licences, and none of them can be missing."""
    lists.add(market.firm("A").name, "77")
    lists.add(market.firm("A").name, "5", "EU-FSF")
    lists.add(market.firm("b").name, "78")
    for wanted in (
        {"letter": "A"},
        {"letter": "A", "entity": "5", "list_name": "EU-FSF"},
        {"letter": "b", "entity": "78"},
    ):
        assert verdict(market) == "deny"
        grant(market, **wanted)
    assert verdict(market) == "clear"


@pytest.mark.parametrize("standing", [False, True], ids=["new gates", "one open gate"])
def test_a_licence_holds_from_its_first_day_to_its_last(
    market: Market, lists: Lists, standing: bool
) -> None:
    lists.add(market.firm("A").name, "77")
    today = market.clock().date()
    grant(market, valid_from=today + 2 * A_DAY, valid_to=today + 4 * A_DAY)
    gate = open_gate(market.house) if standing else None
    seen = []
    for _ in range(6):
        seen.append(verdict(market, gate=gate))
        market.clock.forward(days=1)
    assert seen == ["deny", "deny", "clear", "clear", "clear", "deny"]


def test_a_licence_holds_on_the_day_of_settlement(market: Market, lists: Lists) -> None:
    """What was traded before it began may be paid; what was traded under it, not after it."""
    lists.add(market.firm("A").name, "77")
    today = market.clock().date()
    grant(market, valid_from=today, valid_to=today)
    (old,) = market.trade("A>b 100.00", traded_on=today - 20 * A_DAY)
    (new,) = market.trade("A>b 100.00", traded_on=today)
    assert market.verdicts(old, new) == ["clear", "clear"]
    market.clock.forward(days=1)
    market.ask_again(old, new)
    assert market.verdicts(old, new) == ["deny", "deny"]


# Wallets.


def test_wallets_of_the_same_entry_are_covered(market: Market, lists: Lists) -> None:
    firm = market.firm("A")
    lists.add(firm.name, "77")
    lists.add_wallet(firm.wallet.address, "77")
    assert verdict(market) == "deny"
    grant(market)
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["clear"]
    said = [one for one in market.findings(id)[0]["grounds"] if "licensed by" in one["said"]]
    assert len(said) == 2
    assert any(firm.wallet.address in one["said"] for one in said)


@pytest.mark.parametrize(
    ("number", "list_name"),
    [("78", "OFAC-SDN"), ("", "OFAC-SDN"), ("77", "OFAC-WALLETS"), ("", "OFAC-WALLETS")],
    ids=["another's", "nobody's", "of another list", "nobody's of another list"],
)
def test_other_wallets_are_not(market: Market, lists: Lists, number: str, list_name: str) -> None:
    firm = market.firm("A")
    lists.add(firm.name, "77")
    lists.add_wallet(firm.wallet.address, number, list_name)
    grant(market)
    (id,) = market.trade("A>b 100.00")
    assert market.verdicts(id) == ["deny"]
    assert "gate.listed-wallet" in market.codes(id)
    assert "gate.listed-party-licensed" in market.codes(id)


# Two people.


def test_one_person_is_not_enough(market: Market, lists: Lists) -> None:
    """Proposed, declined, or approved by whoever may not: nothing is licensed."""
    lists.add(market.firm("A").name, "77")
    agree(market.house, BELA.registered("Bela's second"))
    waiting = propose(market.house, granting(market), BELA)
    for hand, refusal in (
        (BELA, OwnProposal),
        (BELA.with_key("Bela's second"), OwnProposal),
        (ADA, NotPermitted),
    ):
        with pytest.raises(refusal):
            approve(market.house, waiting, hand)
    assert verdict(market) == "deny"
    CORA.order(market.house, Decline(waiting.id, "no"))
    assert verdict(market) == "deny"
    assert dealings(market) == []


@pytest.mark.parametrize("role", Role)
def test_compliance_proposes_and_compliance_or_a_supervisor_approves(
    market: Market, role: Role
) -> None:
    enrol(market.house, DAN, role)
    if role is not Role.COMPLIANCE:
        with pytest.raises(NotPermitted, match="GrantDealing"):
            propose(market.house, granting(market), DAN)
    waiting = propose(market.house, granting(market), BELA)
    if role in {Role.COMPLIANCE, Role.SUPERVISOR}:
        approve(market.house, waiting, DAN)
        assert len(dealings(market)) == 1
        return
    with pytest.raises(NotPermitted, match="GrantDealing"):
        approve(market.house, waiting, DAN)
    assert dealings(market) == []


# What is refused.

TODAY = date(2026, 3, 2)
REFUSED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "ended": (
        "participant.dealing-wrong",
        {"valid_from": TODAY - 9 * A_DAY, "valid_to": TODAY - A_DAY},
    ),
    "ends before it begins": (
        "participant.dealing-wrong",
        {"valid_from": TODAY + A_DAY, "valid_to": TODAY},
    ),
    "two years": ("participant.dealing-wrong", {"valid_to": TODAY + 2 * YEAR}),
    "a day and a year": (
        "participant.dealing-wrong",
        {"valid_from": TODAY, "valid_to": TODAY + DEALING_MAX + A_DAY},
    ),
    "no hash": ("participant.dealing-wrong", {"document": ""}),
    "a short hash": ("participant.dealing-wrong", {"document": DOCUMENT[:-1]}),
    "a long hash": ("participant.dealing-wrong", {"document": f"{DOCUMENT}a"}),
    "a hash in capitals": ("participant.dealing-wrong", {"document": DOCUMENT.upper()}),
    "a hash and a line": ("participant.dealing-wrong", {"document": f"{DOCUMENT}\n"}),
    "no authority": ("participant.dealing-wrong", {"authority": ""}),
    "an endless authority": ("participant.dealing-wrong", {"authority": "A" * 351}),
    "no entry": ("participant.dealing-wrong", {"entity": ""}),
    "somebody unknown": (
        "participant.unknown",
        {"participant": ParticipantId("5493001KJTIIGC8Y1R12")},
    ),
    "no LEI": ("participant.lei-wrong", {"participant": ParticipantId("nobody")}),
    "a wrong LEI": (
        "participant.lei-wrong",
        {"participant": ParticipantId("5493001KJTIIGC8Y1R13")},
    ),
}
WRONG = [pytest.param(*case, id=name) for name, case in REFUSED.items()]
WRONG += [
    pytest.param(
        "participant.dealing-wrong",
        {"valid_from": TODAY, "valid_to": TODAY + timedelta(days=366)},
        id="a licence of 367 days",
    ),
    pytest.param("participant.dealing-wrong", {"list_name": ""}, id="no list"),
]


@pytest.mark.parametrize(("code", "other"), WRONG)
def test_a_licence_without_its_evidence_or_its_end_is_refused(
    market: Market, code: str, other: Mapping[str, Any]
) -> None:
    head = journal.head(market.house.db)
    with pytest.raises(Refusal) as caught:
        propose(market.house, granting(market, **other), BELA)
    assert caught.value.code == code
    assert journal.head(market.house.db) == head


@pytest.mark.parametrize(
    "days",
    [
        (TODAY, TODAY),
        (TODAY - 9 * A_DAY, TODAY),
        (TODAY, TODAY + YEAR),
        (TODAY - YEAR, TODAY),
        (TODAY + YEAR, TODAY + 2 * YEAR),
        (date.max, date.max),
    ],
    ids=["today", "until today", "a whole year", "a year that ends", "next year", "the last day"],
)
def test_a_licence_of_up_to_366_days_that_has_not_ended_is_entered(
    market: Market, days: tuple[date, date]
) -> None:
    grant(market, valid_from=days[0], valid_to=days[1])
    assert [(one.valid_from, one.valid_to) for one in dealings(market)] == [days]


def test_a_licence_that_ended_while_it_waited_is_not_entered(market: Market) -> None:
    tomorrow = market.clock().date() + A_DAY
    waiting = propose(market.house, granting(market, valid_to=tomorrow), BELA)
    market.clock.forward(days=2)
    with pytest.raises(DealingWrong, match="ended on"):
        approve(market.house, waiting, CORA)
    assert dealings(market) == []


# Nothing else clears who is listed.

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
ALL_YEAR = (date(2026, 1, 1), date(2026, 12, 31))
BUYER = Participant(
    ParticipantId(LEIS[0]),
    "Skarven Timber AS",
    "XA",
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    tuple(Licence(one, "Central Bank", *ALL_YEAR) for one in Class if one is not Class.AUTHORITY),
)
SELLER = Participant(
    ParticipantId(LEIS[1]),
    "Bravela Ceramic SA",
    "XB",
    "bcrt1q0xcqpzrky6eff2g52qdye53xkk9jxkvrn7jr0u",
    (Licence(Class.EXPORTER, "Treasury", *ALL_YEAR),),
)
RIGHT = Dealing("OFAC-SDN", "77", AUTHORITY, DOCUMENT, TODAY, TODAY, "cmd_1")
WORLDLY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)
OWED = Obligation(
    obligation_id(SELLER.id, "INV-1"),
    BUYER.id,
    SELLER.id,
    "INV-1",
    Money(100, USD),
    TODAY,
    date(2026, 6, 1),
    NOW,
    NOW,
    State.AFFIRMED,
)


@st.composite
def other_dealings(draw: st.DrawFn) -> tuple[Dealing, ...]:
    """Licences none of which covers entry 77 of OFAC-SDN today."""
    around = st.dates(TODAY - 3 * A_DAY, TODAY + 3 * A_DAY)
    made = []
    for _ in range(draw(st.integers(0, 3))):
        first, last = sorted(draw(st.tuples(around, around)))
        list_name = draw(st.sampled_from(["OFAC-SDN", "OFAC-WALLETS", "EU-FSF"]))
        entity = draw(st.sampled_from(["77", "78", "7", ""]))
        one = Dealing(list_name, entity, AUTHORITY, DOCUMENT, first, last, "cmd_2")
        if not one.covers("OFAC-SDN", "77", TODAY):
            made.append(one)
    return tuple(made)


def judged(house: House, buyer: Participant) -> tuple[Verdict, list[str]]:
    """The verdict on what a party owes, and the codes of all its grounds."""
    everybody = {one.id: one for one in (buyer, SELLER)}
    with house.db.transaction(force_rollback=True):  # in a world of its own
        gate = open_gate(house)
        (decision,) = gate.judge([OWED], everybody).values()
        made = [fact for _, fact in gate.save() if isinstance(fact, FindingMade)]
    codes = [one["code"] for fact in made for one in json.loads(fact.body)["grounds"]]
    return verdict_of(decision), codes


def lists_with(*names: str, wallet: str = "") -> Callable[[], Sequence[SanctionsList]]:
    made = Lists(lambda: NOW)
    for name in names:
        made.add(name, "77")
    if wallet:
        made.add_wallet(wallet, "77")
    at = [replace(one, published_at=NOW) for one in made()]
    return lambda: at


@pytest.mark.parametrize("by", ["name", "wallet"])
def test_no_law_and_no_programme_clears_who_is_listed_without_such_a_licence(
    house: House, by: str
) -> None:
    """And with it the verdict is what the same law says of who is not listed."""
    seen = Counter[str]()
    listing = lists_with(BUYER.name) if by == "name" else lists_with(wallet=BUYER.address)

    @WORLDLY
    @given(lax_laws(), other_dealings())
    def never_clear(law: LaxLaw, others: tuple[Dealing, ...]) -> None:
        here = replace(under(house, law.rulebook), lists=listing)
        said, codes = judged(here, replace(BUYER, dealings=others))
        assert said is Verdict.DENY
        assert "gate.listed-party" in codes or "gate.listed-wallet" in codes
        assert "gate.listed-party-licensed" not in codes

        licensed, codes = judged(here, replace(BUYER, dealings=(*others, RIGHT)))
        free, _ = judged(replace(here, lists=lists_with()), BUYER)
        assert licensed is free
        assert "gate.listed-party-licensed" in codes
        seen[str(free)] += 1

    never_clear()
    assert min(seen["clear"], seen["deny"]) > 3, seen


def test_whatever_law_is_enacted_a_listed_party_needs_its_licence(
    market: Market, lists: Lists
) -> None:
    """Through the whole house, under law that allows everything and asks for nothing."""
    lists.add(market.firm("A").name, "77")
    enact(market.house, lax_law().rulebook, market.clock())
    assert verdict(market) == "deny"
    grant(market)
    assert verdict(market) == "clear"
