"""Screening in the house: nothing that can be configured clears somebody who is listed."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws import (
    LEIS,
    OPEN,
    SHIPPED,
    TEXTS,
    Drawn,
    Law,
    countries,
    joined,
    laws,
    moving_laws,
    on_subject,
    read,
    tightened,
)
from tests.listings import FILLERS, WALLETS
from tests.staging import apart, under

from clearhouse.core.errors import Refusal
from clearhouse.core.gate import FindingMade, GateDecided, Verdict
from clearhouse.core.ids import ParticipantId
from clearhouse.core.money import USD, Money
from clearhouse.core.obligation import Obligation, ObligationProposed, State, obligation_id
from clearhouse.core.participant import LEGAL_ENTITIES, LegalEntity, Licence, Participant
from clearhouse.core.rulebook import STANDARDS, Class, Rulebook, parse
from clearhouse.core.screening import AGE_MAX, ListedEntity, ListedWallet, SanctionsList
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.feeds.shelf import Shelf
from clearhouse.operations.house import House
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.store import registers
from clearhouse.store.projection import record

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TODAY = NOW.date()
ALL_YEAR = (date(2026, 1, 1), date(2026, 12, 31))
# The house is only read; what is generated is whole rulebooks, and a machine may be busy.
WORLDLY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=80,
)

BUYER = Participant(
    ParticipantId(LEIS[0]),
    "Skarven Timber AS",
    "XA",
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    (
        Licence(Class.EXPORTER, "Central Bank", *ALL_YEAR),
        Licence(Class.IMPORTER, "Central Bank", *ALL_YEAR),
    ),
)
SELLER = Participant(
    ParticipantId(LEIS[1]),
    "Bravela Ceramic SA",
    "XB",
    "bcrt1q0xcqpzrky6eff2g52qdye53xkk9jxkvrn7jr0u",
    (Licence(Class.EXPORTER, "Treasury", *ALL_YEAR),),
)
BOTH = {one.id: one for one in (BUYER, SELLER)}


def owed(
    number: int = 1,
    traded_on: date = TODAY,
    debtor: ParticipantId = BUYER.id,
    creditor: ParticipantId = SELLER.id,
) -> Obligation:
    reference = f"INV-{number}"
    return Obligation(
        obligation_id(creditor, reference),
        debtor,
        creditor,
        reference,
        Money(100, USD),
        traded_on,
        date(2026, 6, 1),
        NOW,
        NOW,
        State.AFFIRMED,
    )


def edition(name: str, *entries: str, age: timedelta = timedelta(), wallet: str = "") -> Any:
    listed = tuple(ListedEntity(str(n), "", (entry,)) for n, entry in enumerate(entries, 1))
    wallets = (ListedWallet(wallet, "XBT"), *WALLETS) if wallet else ()
    listed += FILLERS[1:] if entries and name == "OFAC-SDN" else ()
    version = json.dumps([name, entries, str(age), wallet])
    return SanctionsList(name, version, NOW - age, listed, wallets)


def lists(*names: str, wallet: str = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT") -> list[SanctionsList]:
    return [
        edition("OFAC-SDN", "OSTROVA SHIPPING", *names),
        edition("OFAC-WALLETS", wallet=wallet),
    ]


def aged(age: timedelta, *names: str) -> list[SanctionsList]:
    """The lists as they are when they are so old."""
    return [replace(one, published_at=one.published_at - age) for one in lists(*names)]


def judged(house: House, *obligations: Obligation) -> list[GateDecided]:
    with house.db.transaction(force_rollback=True):  # in a world of its own
        return list(open_gate(house).judge(obligations or [owed()], BOTH).values())


def verdict(house: House) -> Verdict:
    (decision,) = judged(house)
    return verdict_of(decision)


def bodies(gate: Gate) -> dict[str, str]:
    """What the gate has found and not yet kept, by digest."""
    with gate.house.db.transaction(force_rollback=True):
        facts = [fact for _, fact in gate.save()]
    return {fact.digest: fact.body for fact in facts if isinstance(fact, FindingMade)}


def codes(gate: Gate) -> list[str]:
    return [g["code"] for body in bodies(gate).values() for g in json.loads(body)["grounds"]]


# Lists.


def test_who_is_on_no_list_is_clear(house: House) -> None:
    assert verdict(house) is Verdict.CLEAR
    assert verdict(replace(house, lists=lists)) is Verdict.CLEAR


@pytest.mark.parametrize("name", [BUYER.name, SELLER.name])
def test_either_party_is_screened(house: House, publish: Callable[..., None], name: str) -> None:
    publish(name)
    assert verdict(house) is Verdict.DENY
    publish(misspelt(name))
    assert verdict(house) is Verdict.HOLD
    publish()
    assert verdict(house) is Verdict.CLEAR


@pytest.mark.parametrize("party", [BUYER, SELLER], ids=["debtor", "creditor"])
def test_the_address_of_either_party_is_screened(house: House, party: Participant) -> None:
    listed = lists(wallet=party.address.upper())
    assert verdict(replace(house, lists=lambda: listed)) is Verdict.DENY


def test_one_listed_firm_does_not_taint_the_others(
    house: House, admitted: Country, publish: Callable[..., None]
) -> None:
    people = registers.participants(house.db)
    buyers = [f for f in admitted.traders if f.residence == "XA" and "importer" in f.classes]
    sellers = [f for f in admitted.traders if f.residence == "XB"]
    bad = buyers[0]
    batch = [owed(n, TODAY, b.id, s.id) for n, b in enumerate(buyers) for s in sellers]

    publish(bad.name)
    decisions = open_gate(house).judge(batch, people)

    assert len(decisions) == len(batch)
    for one in batch:
        expected = Verdict.DENY if one.debtor == bad.id else Verdict.CLEAR
        assert verdict_of(decisions[one.id]) is expected


def test_without_lists_the_gate_stops(house: House, tmp_path: Path) -> None:
    for folder in ("ofac-wallets", "ofac-sdn", ""):
        shutil.rmtree(tmp_path / "lists" / folder)
        with pytest.raises(Refusal) as caught:
            open_gate(house)
        assert caught.value.code == "screening.list-missing"


@pytest.mark.parametrize(
    ("hours", "code"),
    [
        (0, None),
        (24, None),
        (24.001, "screening.list-stale"),  # Sudmark's law; Norland's would have allowed 48
        (24 * 30, "screening.list-stale"),
        (-0.001, "list.from-the-future"),
    ],
)
def test_the_age_of_a_list_is_limited_by_the_strictest_law(
    house: House, publish: Callable[..., None], hours: float, code: str | None
) -> None:
    publish(age=timedelta(hours=hours))
    if code is None:
        assert verdict(house) is Verdict.CLEAR
        return
    with pytest.raises(Refusal) as caught:
        open_gate(house)
    assert caught.value.code == code


def test_a_list_that_ages_while_the_gate_is_open_stops_it(
    house: House, clock: Any, publish: Callable[..., None]
) -> None:
    """Even for parties that it has looked at before."""
    publish(age=timedelta(hours=23))
    gate = open_gate(house)
    before = gate.judge([owed()], BOTH)
    clock.forward(hours=1)
    assert gate.judge([owed()], BOTH) == before
    clock.forward(seconds=1)

    with pytest.raises(Refusal) as caught:
        gate.judge([owed()], BOTH)
    assert caught.value.code == "screening.list-stale"


def test_no_law_lets_an_open_gate_go_on_with_last_weeks_lists(
    house: House, clock: Any, publish: Callable[..., None]
) -> None:
    """The core's own limit holds beside the law's, at each question."""
    law = SHIPPED
    for code in house.rulebook.jurisdictions:
        longest = tightened(code, "screening.list-age", 366 * 24, TODAY)
        law = joined(law, on_subject(code, "standards", standard=[longest]))
    publish(age=timedelta())
    gate = open_gate(under(house, read(law)))
    clock.forward(days=7)
    gate.judge([owed()], BOTH)
    clock.forward(seconds=1)

    with pytest.raises(Refusal) as caught:
        gate.judge([owed()], BOTH)
    assert caught.value.code == "screening.list-stale"


def test_a_damaged_list_stops_the_gate(house: House, tmp_path: Path) -> None:
    names = tmp_path / "lists" / "ofac-sdn" / "sdn.csv"
    names.write_bytes(names.read_bytes()[:-40])
    with pytest.raises(Refusal) as caught:
        open_gate(house)
    assert caught.value.code == "list.truncated"


@pytest.mark.parametrize(
    ("on_offer", "code"),
    [
        ([], "screening.list-missing"),
        (lists()[:1], "screening.list-missing"),
        (lists()[1:], "screening.list-missing"),
        ([edition("ofac-sdn", "X"), lists()[1]], "screening.list-missing"),
        ([*lists(), lists()[0]], "screening.list-twice"),
        ([edition("OFAC-SDN"), lists()[1]], "screening.list-too-small"),
        ([edition("OFAC-SDN", "...", "-"), lists()[1]], "screening.list-too-small"),
        ([lists()[0], edition("OFAC-WALLETS")], "screening.list-too-small"),
        ([*lists(), edition("EXTRA")], "screening.list-too-small"),
        ([*lists(), edition("EXTRA", "X", age=timedelta(days=2))], "screening.list-stale"),
        ([*lists(), edition("EXTRA", "X", age=-timedelta(seconds=1))], "screening.list-postdated"),
    ],
)
def test_the_gate_stops_unless_every_list_is_whole_and_of_today(
    house: House, on_offer: Sequence[SanctionsList], code: str
) -> None:
    with pytest.raises(Refusal) as caught:
        open_gate(replace(house, lists=lambda: on_offer))
    assert caught.value.code == code


def test_without_a_law_on_screening_the_cores_own_bounds_hold(house: House) -> None:
    """Nor with one that allows everything: what is fixed in the core needs no law."""
    near = misspelt(BUYER.name)
    for law in (replace(house.rulebook, standards=()), read(OPEN)):
        here = under(house, law)
        assert verdict(replace(here, lists=lambda: aged(AGE_MAX))) is Verdict.CLEAR
        assert verdict(replace(here, lists=lambda: aged(AGE_MAX, near))) is Verdict.HOLD
        with pytest.raises(Refusal) as caught:
            open_gate(replace(here, lists=lambda: aged(AGE_MAX + timedelta(seconds=1))))
        assert caught.value.code == "screening.list-stale"


# Nothing switches screening off.


def written_otherwise(name: str, dice: Random) -> str:
    """The same words as a list may have them."""
    words = name.replace(" AS", "").replace(" SA", "").split()
    dice.shuffle(words)
    text = dice.choice([" ", ", ", "-", "  "]).join(words)
    return dice.choice([str.upper, str.lower, str.title])(text)


ages = st.sampled_from([timedelta(), timedelta(hours=24), AGE_MAX, AGE_MAX + timedelta(seconds=1)])
ages |= st.timedeltas(-timedelta(hours=1), timedelta(days=9)) | st.just(timedelta())


LISTED = ("buyer", "seller", "wallet")


@st.composite
def offers(draw: st.DrawFn, listed: str) -> list[SanctionsList]:
    """Lists as they may be configured, sound ones half of the time, with `listed` on them."""
    dice = draw(st.randoms(use_true_random=False))
    sound = draw(st.booleans())
    age = st.just(timedelta()) if sound else ages
    name = {"buyer": BUYER.name, "seller": SELLER.name}.get(listed)
    hidden = [written_otherwise(name, dice)] if name else []
    wallet = BUYER.address if listed == "wallet" else "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
    made = {
        "OFAC-SDN": edition("OFAC-SDN", "OSTROVA", *hidden, age=draw(age)),
        "OFAC-WALLETS": edition("OFAC-WALLETS", wallet=wallet, age=draw(age)),
        "EXTRA": edition("EXTRA", "SOMEBODY ELSE", age=draw(age)),
        "EMPTY": edition("EMPTY"),
    }
    chosen = ["OFAC-SDN", "OFAC-WALLETS", *["EXTRA"] * draw(st.integers(0, 1))]
    if not sound and draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(sorted(made))))
    return [made[one] for one in dice.sample(chosen, len(chosen))]


DENIALS = {
    "gate.listed-party",
    "gate.listed-wallet",
    "gate.law-closed",
    "gate.law-denies",
    "gate.law-missing",
}
HOLDS = {"gate.possibly-listed-party", "gate.law-holds", "gate.law-doubtful"}


def said_on(law: Rulebook, standard: str) -> list[int]:
    """What the laws of today say on a standard."""
    return [
        one.bound for one in law.standards if one.standard == standard and one.head.in_force(TODAY)
    ]


def must_stop(law: Rulebook, on_offer: Sequence[SanctionsList]) -> bool:
    """Whether there is any reason for the gate to stop, said a second time."""
    hours = said_on(law, "screening.list-age")
    oldest = min([AGE_MAX, *(timedelta(hours=one) for one in hours)])
    names = Counter(one.name for one in on_offer)
    return (
        not {"OFAC-SDN", "OFAC-WALLETS"} <= set(names)
        or max(names.values()) > 1
        or any(not timedelta() <= NOW - one.published_at <= oldest for one in on_offer)
        or any(not one.entries and not one.wallets for one in on_offer)
    )


@pytest.mark.parametrize("listed", LISTED)
def test_no_law_and_no_lists_clear_a_listed_party(house: House, listed: str) -> None:
    """Whatever can be written into a rulebook, and whatever lists are handed in."""
    seen = Counter[str]()

    @WORLDLY
    @given(laws(), offers(listed), st.dates(date(2026, 2, 25), TODAY))
    @apart(house)
    def never_clear(drawn: Drawn, on_offer: list[SanctionsList], traded_on: date) -> None:
        law = drawn.read()
        one = replace(under(house, law), lists=lambda: on_offer)
        if must_stop(law, on_offer):
            with pytest.raises(Refusal, match=r"screening\.list-"):
                open_gate(one)
            seen["stopped"] += 1
            return
        gate = open_gate(one)
        (decision,) = gate.judge([owed(traded_on=traded_on)], BOTH).values()
        assert verdict_of(decision) is Verdict.DENY
        found = codes(gate)
        assert ("gate.listed-wallet" if listed == "wallet" else "gate.listed-party") in found
        # Often enough it is the list alone that denies it: the law would have let it pass.
        seen["by the list alone"] += sum(code in DENIALS for code in found) == 1

    never_clear()
    assert min(seen["stopped"], seen["by the list alone"]) > 2, seen


# The core's own bounds, said a second time: the most, and the least, that any law can ask for.
AT_MOST = {
    "screening.list-age": 168,
    "screening.list-shrink": 200,
    "screening.review-score": 760,
    "screening.ownership-share": 500,
    "screening.ownership-review": 250,
    "screening.review-time": 10,
    "onboarding.review-low": 1096,
    "onboarding.review-medium": 731,
    "onboarding.review-high": 366,
    "wallets.proof-age": 365,
    "cases.take-time": 1,
    "cases.report-time": 3,
    "travel-rule.full-record-from": 1_000_00,
    "travel-rule.revised-record-from": 10**9,
    "finality.risk": 1000,
    "settlement.pay-in-time": 120,
    "tax.below-quotation": 200,
}
AT_LEAST = {"finality.attacker": 100, "valuation.partitions": 6, "records.kept": 5}


def test_standards_only_tighten_what_the_core_asks_for(house: House) -> None:
    """Whatever law says of them: the strictest counts, and the core's own is one of them."""
    seen = Counter[str]()
    assert AT_MOST.keys() | AT_LEAST.keys() == STANDARDS.keys()

    @WORLDLY
    @given(laws())
    @apart(house)
    def never_laxer(drawn: Drawn) -> None:
        law = drawn.read()
        for name, bound in (AT_MOST | AT_LEAST).items():
            asked = said_on(law, name)
            strictest = (min if name in AT_MOST else max)([bound, *asked])
            assert law.standard(name, TODAY) == strictest
            laxer = [one for one in asked if one > bound] if name in AT_MOST else []
            laxer += [one for one in asked if one < bound] if name in AT_LEAST else []
            seen["laxer"] += bool(laxer)
            seen["tighter"] += strictest != bound
        late = AGE_MAX + timedelta(seconds=1)
        with pytest.raises(Refusal, match=r"screening\.list-stale"):
            open_gate(replace(under(house, law), lists=lambda: aged(late)))
        gate = open_gate(replace(under(house, law), lists=lambda: lists(misspelt(SELLER.name))))
        (decision,) = gate.judge([owed()], BOTH).values()
        assert verdict_of(decision) is not Verdict.CLEAR
        against = set(codes(gate)) & (DENIALS | HOLDS)
        assert "gate.possibly-listed-party" in against
        seen["held by the list alone"] += against == {"gate.possibly-listed-party"}

    never_laxer()
    assert min(seen["laxer"], seen["tighter"], seen["held by the list alone"]) > 10, seen


def test_the_law_of_a_third_country_never_makes_an_answer_laxer(house: House) -> None:
    """It may shorten the age of lists, or ask for more names to be looked at."""
    seen = Counter[str]()
    near = "SKARVEN TEMPEST"  # 680 of 1000: too far for the shipped law

    @WORLDLY
    @given(
        countries("YC"),
        st.sampled_from([1, 12, 13, 1000]),
        st.sampled_from([300, 300, 500, 1000]),
        st.sampled_from([(), (near,), (near,), (misspelt(BUYER.name),), (BUYER.name,)]),
    )
    def stricter(third: Law, hours: int, score: int, names: tuple[str, ...]) -> None:
        asked = [
            tightened("YC", "screening.list-age", hours, TODAY),
            tightened("YC", "screening.review-score", score, TODAY),
        ]
        third = joined(third, on_subject("YC", "standards", standard=asked))
        wider = read(joined(SHIPPED, third))
        on_offer = aged(timedelta(hours=12), *names)
        before = verdict(replace(house, lists=lambda: on_offer))
        try:
            after = verdict(replace(under(house, wider), lists=lambda: on_offer))
        except Refusal as refusal:
            seen[refusal.code] += 1
            return
        assert after >= before
        seen["stricter" if after > before else "same"] += 1

    stricter()
    assert min(seen["same"], seen["stricter"], seen["screening.list-stale"]) > 0, seen


def test_a_lower_score_holds_more_and_a_higher_one_no_less(house: House) -> None:
    listed = lists("SKARVEN TIMBRE HOLDING", "SKARVEN TEMPEST")

    def at(score: int) -> tuple[Verdict, int]:
        asked = [tightened("XA", "screening.review-score", score, TODAY)]
        law = read(joined(SHIPPED, on_subject("XA", "standards", standard=asked)))
        gate = open_gate(replace(under(house, law), lists=lambda: listed))
        (decision,) = gate.judge([owed()], BOTH).values()
        return verdict_of(decision), codes(gate).count("gate.possibly-listed-party")

    answers = [at(score) for score in (300, 450, 600, 760, 900, 1000)]
    assert answers == sorted(answers, reverse=True)
    assert answers[0][1] > answers[-1][1] == 1
    assert {answer for answer, _ in answers} == {Verdict.HOLD}
    assert at(1000) == at(760)  # nobody can ask for less than the core does


def test_a_party_whose_country_the_law_does_not_have_is_denied(house: House) -> None:
    """Even if the other's country allows everything: nobody has allowed it there."""
    only = read({name: content for name, content in OPEN.items() if name.startswith("XA/")})
    gate = open_gate(replace(under(house, only), lists=lists))
    for pair in ((BUYER.id, SELLER.id), (SELLER.id, BUYER.id)):
        (decision,) = gate.judge([owed(1, TODAY, *pair)], BOTH).values()
        assert verdict_of(decision) is Verdict.DENY
        assert "gate.law-missing" in codes(gate)


# A run of the gate remembers; what it remembers changes no answer.


@st.composite
def licensed(draw: st.DrawFn, party: Participant) -> Participant:
    days = st.dates(date(2026, 2, 24), date(2026, 3, 5))
    spans = [sorted(draw(st.tuples(days, days))) for _ in range(draw(st.integers(0, 2)))]
    held = [
        Licence(draw(st.sampled_from(Class)), "Central Bank", first, last) for first, last in spans
    ]
    return replace(
        party, licences=tuple(held + list(party.licences) * bool(draw(st.integers(0, 3))))
    )


def stated(one: Obligation, line: int) -> ObligationProposed:
    return ObligationProposed(
        obligation=one.id,
        by=one.creditor,
        debtor=one.debtor,
        creditor=one.creditor,
        reference=one.reference,
        units=one.amount.units,
        asset=one.amount.asset.code,
        traded_on=one.traded_on,
        due_on=one.due_on,
        file="00" * 32,
        line=line,
    )


def test_an_answer_does_not_depend_on_what_else_was_asked(house: House) -> None:
    """Alone, or behind others of other days: the same decision, for the same bytes of findings.

    Nor on what came after it, where the law counts what is linked.
    """
    seen = Counter[str]()
    with house.db.transaction():
        admitted = [
            LEGAL_ENTITIES.entered(LegalEntity(one.id, one.name, one.residence, one.address))
            for one in (BUYER, SELLER)
        ]
        record(house.db, admitted, NOW, NOW)
    trade_dates = st.lists(st.dates(date(2026, 2, 23), TODAY), min_size=2, max_size=5, unique=True)

    @WORLDLY
    @given(moving_laws(), licensed(BUYER), licensed(SELLER), trade_dates)
    def alike(law: Drawn, buyer: Participant, seller: Participant, days: list[date]) -> None:
        here = replace(under(house, law.read()), lists=lists)
        parties = {buyer.id: buyer, seller.id: seller}
        batch = [
            owed(n, day, *pair)
            for n, day in enumerate(days)
            for pair in ((buyer.id, seller.id), (seller.id, buyer.id))
        ]
        batch = [
            replace(one, reference=f"{n}", id=obligation_id(one.creditor, f"{n}"))
            for n, one in enumerate(batch)
        ]
        with house.db.transaction(force_rollback=True):
            facts = [(one.id, stated(one, line)) for line, one in enumerate(batch, 1)]
            record(house.db, facts, NOW, NOW)
            together = open_gate(here)
            decisions = together.judge(batch, parties)
            found = bodies(together)
            for one in batch:
                alone = open_gate(here)
                assert alone.judge([one], parties) == {one.id: decisions[one.id]}
                assert bodies(alone).items() <= found.items()
                seen[decisions[one.id].verdict] += 1
        seen["counted"] += "window.count" in str(law.more)

    alike()
    assert min(seen["clear"], seen["deny"]) > 10, seen
    assert seen["counted"] > 0, seen


def test_the_gate_sees_a_party_as_the_register_has_it_now(house: House) -> None:
    """A licence that was entered meanwhile counts, and so does a new address that is listed."""
    listed = "bc1qlisted0xcqpzrky6eff2g52qdye53xkk9jxkvrn"
    gate = open_gate(replace(house, lists=lambda: lists(wallet=listed)))

    def answer(buyer: Participant) -> Verdict:
        (decision,) = gate.judge([owed()], {**BOTH, buyer.id: buyer}).values()
        return verdict_of(decision)

    assert answer(replace(BUYER, licences=())) is Verdict.DENY
    assert answer(BUYER) is Verdict.CLEAR
    assert answer(replace(BUYER, address=listed)) is Verdict.DENY
    assert answer(replace(BUYER, name="Ostrova Shipping")) is Verdict.DENY
    assert answer(BUYER) is Verdict.CLEAR


def test_a_decision_replays_from_what_is_recorded(
    house: House, publish: Callable[..., None], tmp_path: Path
) -> None:
    """With the law and lists of the versions it names, another house finds the same bytes."""
    publish(misspelt(BUYER.name), SELLER.name)
    gate = open_gate(house)
    first = gate.judge([owed()], BOTH)
    with house.db.transaction(force_rollback=True):  # what is new there is compared below
        facts = gate.save()
        record(house.db, facts, NOW, NOW)
        kept = registers.findings(house.db, first[owed().id].findings)

    moved = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "lists" / "ofac-sdn", moved / "zz")
    shutil.copytree(tmp_path / "lists" / "ofac-wallets", moved / "aa")
    law = parse({name: TEXTS[name] for name in reversed(TEXTS)})
    other = replace(under(house, law), lists=Shelf(moved, house.now))
    again = open_gate(other)

    assert again.judge([owed()], BOTH) == first
    assert bodies(again) == kept
    assert len(kept) == len(facts) == 3
    for body in kept.values():
        said = json.loads(body)
        assert said["rulebook"] == house.rulebook.version
        if said["subject"] != "XA>XB":
            assert said["lists"] == {one.name: one.version for one in house.lists()}


def test_another_edition_of_a_list_is_another_finding(
    house: House, publish: Callable[..., None]
) -> None:
    (before,) = judged(house)
    publish("Somebody Else")
    (after,) = judged(house)

    assert before.verdict == after.verdict == "clear"
    shared = set(before.findings) & set(after.findings)
    assert len(shared) == 1  # the law's


# What it keeps.


def test_findings_are_kept_once_and_told_once(house: House) -> None:
    gate = open_gate(house)
    decisions = gate.judge([owed(1), owed(2)], BOTH)
    with house.db.transaction():
        facts = gate.save()
        record(house.db, facts, NOW, NOW)
    gate.saved()

    assert sorted(subject for subject, _ in facts) == [SELLER.id, BUYER.id, "XA>XB"]
    assert len({findings for d in decisions.values() for findings in d.findings}) == 3
    with house.db.transaction():
        kept = registers.findings(house.db, decisions[owed().id].findings)
    in_order = [json.loads(kept[digest])["subject"] for digest in decisions[owed().id].findings]
    assert in_order == [BUYER.id, SELLER.id, "XA>XB"]
    again = open_gate(house)
    again.judge([owed(3)], BOTH)
    with house.db.transaction():
        assert gate.save() == []
        assert again.save() == []


def test_a_batch_that_fails_leaves_its_findings_to_the_next(house: House) -> None:
    gate = open_gate(house)
    gate.judge([owed(1)], BOTH)
    with house.db.transaction(force_rollback=True):
        lost = gate.save()
    gate.judge([owed(2)], BOTH)
    with house.db.transaction():
        assert gate.save() == lost


def test_a_decision_names_its_verdict() -> None:
    for one in Verdict:
        decision = GateDecided(owed().id, str(one), (), TODAY)
        assert verdict_of(decision) is one
