"""What no rulebook takes away: screening, the age of its lists, the Travel Rule's record, findings.

The rulebooks are texts, drawn so that they allow whatever can be allowed (`tests/lax_laws.py`).
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.enacted import Market, adding, facts, ruled
from tests.laws import LEIS, SHIPPED, Law, joined, on_subject, read, tightened
from tests.lax_laws import LaxLaw, lax_law, lax_laws
from tests.listings import FILLERS, WALLETS
from tests.stage import Clock
from tests.staging import apart, under

from clearhouse.core.errors import Refusal
from clearhouse.core.gate import Finding, FindingMade, GateDecided, Verdict
from clearhouse.core.ids import ParticipantId
from clearhouse.core.money import USD, Money
from clearhouse.core.obligation import Obligation, ObligationProposed, State, obligation_id
from clearhouse.core.participant import Licence, Participant
from clearhouse.core.rulebook import STANDARDS, Class, RulebookMalformed, restore
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.screening import AGE_MAX, REVIEW_AT, ListedEntity, ListedWallet, SanctionsList
from clearhouse.demo.country import Country
from clearhouse.demo.lists import misspelt
from clearhouse.operations.house import House
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.store import journal, registers
from clearhouse.store.projection import record

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TODAY = NOW.date()
ALL_YEAR = (date(2026, 1, 1), date(2026, 12, 31))
A_SECOND = timedelta(seconds=1)
TRAVEL_RULE = "ZZ.core.travel-rule"
WORLDLY = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
)

BUYER = Participant(
    ParticipantId(LEIS[0]),
    "Skarven Timber AS",
    "XA",
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    (Licence(Class.IMPORTER, "Central Bank", *ALL_YEAR),),
)
SELLER = Participant(
    ParticipantId(LEIS[1]),
    "Bravela Ceramic SA",
    "XB",
    "bcrt1q0xcqpzrky6eff2g52qdye53xkk9jxkvrn7jr0u",
    (Licence(Class.EXPORTER, "Treasury", *ALL_YEAR),),
)
BOTH = {one.id: one for one in (BUYER, SELLER)}


def owed(number: int, debtor: Participant = BUYER, creditor: Participant = SELLER) -> Obligation:
    reference = f"INV-{number}"
    parties, due_on = (debtor.id, creditor.id), date(2026, 6, 1)
    return Obligation(
        obligation_id(creditor.id, reference),
        *parties,
        reference,
        Money(100, USD),
        TODAY,
        due_on,
        NOW,
        NOW,
        State.AFFIRMED,
    )


def lists(
    *names: str, wallet: str = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", age: timedelta = timedelta()
) -> list[SanctionsList]:
    """The two mandatory lists."""
    entities = [
        ListedEntity(str(number), "", (name,)) for number, name in enumerate(("Ostrova", *names))
    ]
    entities += FILLERS
    return [
        SanctionsList("OFAC-SDN", f"a{len(names)}", NOW - age, tuple(entities)),
        SanctionsList(
            "OFAC-WALLETS", wallet, NOW - age, (), (ListedWallet(wallet, "XBT"), *WALLETS)
        ),
    ]


def findings(gate: Gate) -> list[Finding]:
    """What the gate has found and not yet kept."""
    return [*gate._unsaved.values()]


def codes(gate: Gate) -> set[str]:
    return {ground.code for one in findings(gate) for ground in one.grounds}


def judged(house: House, *obligations: Obligation) -> tuple[list[Verdict], Gate]:
    with house.db.transaction(force_rollback=True):  # in a world of its own
        gate = open_gate(house)
        decisions = gate.judge(obligations or [owed(1)], BOTH)
    return [verdict_of(one) for one in decisions.values()], gate


# Under any rulebook.


LISTINGS = (
    lists(BUYER.name),
    lists(SELLER.name.upper()),
    lists("TIMBER, Skarven"),  # in other words
    lists(wallet=BUYER.address.upper()),
    lists(wallet=SELLER.address),
)


def test_who_is_listed_is_never_clear(house: House) -> None:
    """Debtor or creditor, by name or by wallet."""
    seen = Counter[str]()

    @WORLDLY
    @given(lax_laws(), st.sampled_from(LISTINGS))
    def denied(law: LaxLaw, listing: list[SanctionsList]) -> None:
        here = replace(under(house, law.rulebook), lists=lambda: listing)
        verdicts, gate = judged(here, owed(1), owed(2))
        assert verdicts == [Verdict.DENY] * 2
        assert codes(gate) & {"gate.listed-party", "gate.listed-wallet"}
        (free,), _ = judged(replace(here, lists=lists))
        seen[str(free)] += 1

    denied()
    assert seen["clear"] > 2, seen  # the law alone would have let it pass


def test_who_resembles_somebody_listed_is_held(house: House) -> None:
    """At every score that a law may ask for; none lets the core's own go up."""
    seen = Counter[str]()

    @WORLDLY
    @given(lax_laws(), st.sampled_from([BUYER, SELLER]))
    def held(law: LaxLaw, party: Participant) -> None:
        here = replace(under(house, law.rulebook), lists=lambda: lists(misspelt(party.name)))
        (verdict,), gate = judged(here)
        assert verdict is not Verdict.CLEAR
        assert "gate.possibly-listed-party" in codes(gate)
        assert gate.screen.review_at == max(
            1, min([REVIEW_AT, *law.said("screening.review-score")])
        )
        assert gate.screen.review_at <= REVIEW_AT == 760
        seen["asked for more"] += max(law.said("screening.review-score")) > REVIEW_AT
        seen["by the list alone"] += verdict is Verdict.HOLD

    held()
    assert min(seen["asked for more"], seen["by the list alone"]) > 2, seen


def test_the_age_of_lists_is_never_above_the_cores_own(house: House) -> None:
    """At its very limit the gate decides; a second later it stops, as it does in the middle."""
    seen = Counter[str]()

    @WORLDLY
    @given(lax_laws(), st.sampled_from(["OFAC-SDN", "OFAC-WALLETS"]))
    def limited(law: LaxLaw, old: str) -> None:
        asked = [timedelta(hours=one) for one in law.said("screening.list-age")]
        limit = min([AGE_MAX, *asked])
        assert limit <= AGE_MAX == timedelta(hours=168)
        here = under(house, law.rulebook)

        def aged(age: timedelta) -> House:
            on_offer = [
                replace(one, published_at=NOW - age) if one.name == old else one for one in lists()
            ]
            return replace(here, lists=lambda: on_offer)

        _, gate = judged(aged(limit))
        assert gate.screen.age_max == limit
        gate.house = replace(gate.house, now=lambda: NOW + A_SECOND)
        with pytest.raises(Refusal, match=r"screening\.list-stale"):
            gate.judge([owed(2)], BOTH)
        with pytest.raises(Refusal, match=r"screening\.list-stale"):
            open_gate(aged(limit + A_SECOND))
        seen["asked for more"] += max(asked) > AGE_MAX
        seen["tightened"] += limit < AGE_MAX

    limited()
    assert min(seen["asked for more"], seen["tightened"]) > 2, seen


def test_without_a_mandatory_list_the_gate_stops(house: House) -> None:
    @WORLDLY
    @given(lax_laws(), st.sets(st.sampled_from(["OFAC-SDN", "OFAC-WALLETS"]), max_size=1))
    def stopped(law: LaxLaw, there: set[str]) -> None:
        on_offer = [one for one in lists() if one.name in there]
        other = SanctionsList("EU-FSF", "e", NOW, (ListedEntity("1", "", ("Somebody",)),))
        for offered in (on_offer, [*on_offer, other]):
            with pytest.raises(Refusal, match=r"screening\.list-missing"):
                open_gate(replace(under(house, law.rulebook), lists=lambda: offered))  # noqa: B023

    stopped()


def test_every_decision_is_journalled_with_its_findings(house: House) -> None:
    """Three of them, each kept with the hash that the decision names, under the law it names."""
    seen = Counter[str]()
    listing: Sequence[list[SanctionsList]] = [
        lists(),
        lists(BUYER.name),
        lists(misspelt(SELLER.name)),
    ]

    @WORLDLY
    @given(lax_laws(), st.sampled_from(listing), st.integers(1, 5))
    @apart(house)
    def told(law: LaxLaw, on_offer: list[SanctionsList], count: int) -> None:
        here = replace(under(house, law.rulebook), lists=lambda: on_offer)
        gate = open_gate(here)
        batch = [owed(number) for number in range(count)]
        with house.db.transaction(force_rollback=True):
            journal.lock(house.db)
            decisions = gate.judge(batch, BOTH)
            record(house.db, [*gate.save(), *decisions.items()], NOW, NOW)
            kept = facts(house.db, GateDecided)
            bodies = registers.findings(
                house.db, {digest for one in kept for digest in one.findings}
            )
            made = {one.digest: one.body for one in facts(house.db, FindingMade)}
        assert kept == [*decisions.values()]
        assert [one.obligation for one in kept] == [one.id for one in batch]
        for one in kept:
            said = [json.loads(bodies[digest]) for digest in one.findings]
            assert [each["subject"] for each in said] == [BUYER.id, SELLER.id, "XA>XB"]
            assert {each["rulebook"] for each in said} == {law.rulebook.version}
            compared = {list_.name: list_.version for list_ in on_offer}
            assert [each["lists"] for each in said] == [compared, compared, {}]
            strictest = max(
                Verdict[ground["verdict"].upper()] for each in said for ground in each["grounds"]
            )
            assert one.verdict == str(strictest)
            seen[one.verdict] += 1
        assert all(sha256(body.encode()).hexdigest() == digest for digest, body in bodies.items())
        assert made == bodies

    told()
    assert min(seen["clear"], seen["hold"], seen["deny"]) > 2, seen


def test_the_travel_rules_record_is_always_collected(house: House) -> None:
    """Whatever waives what; of what is denied, too, and of what is paid at home."""
    seen = Counter[str]()
    neighbour = replace(SELLER, residence="XA")

    @settings(WORLDLY, max_examples=150)
    @given(lax_laws(), st.booleans())
    @apart(house)
    def collected(law: LaxLaw, domestic: bool) -> None:
        here = replace(under(house, law.rulebook), lists=lists)
        creditor = neighbour if domestic else SELLER
        gate = open_gate(here)
        (decision,) = gate.judge([owed(1)], {**BOTH, creditor.id: creditor}).values()
        (said,) = [one for one in findings(gate) if ">" in one.subject]
        (due,) = [one for one in said.grounds if one.rule == TRAVEL_RULE]
        assert (due.code, due.verdict) == ("gate.collection-due", Verdict.CLEAR)
        assert "as of the trade date and settlement date" in due.said
        seen[decision.verdict] += 1
        seen["waives"] += any(one.waives for one in law.rulebook.programmes)

    collected()
    assert min(seen["clear"], seen["deny"], seen["waives"]) > 2, seen


def test_what_is_decided_on_is_told_through_the_whole_house(
    house: House, admitted: Country, clock: Clock, tmp_path: Path
) -> None:
    """Nothing that was proposed is without a decision, under law that asks for nothing."""
    market = Market(under(house, lax_law().rulebook), clock, admitted, tmp_path)
    ids = market.trade("A>b 100.00, A>B 5.00, c>D 0.01 BTC, c>d 7.00 EUR")

    proposed = [one.obligation for one in facts(house.db, ObligationProposed)]
    decided = facts(house.db, GateDecided)
    assert sorted(proposed) == sorted(one.obligation for one in decided) == sorted(ids)
    kept = registers.findings(house.db, {digest for one in decided for digest in one.findings})
    assert all(len(one.findings) == 3 for one in decided)
    assert {digest for one in decided for digest in one.findings} == kept.keys()
    assert market.verdicts(*ids) == ["clear"] * 4


# Where no law speaks.


@pytest.mark.parametrize("name", STANDARDS)
def test_where_no_law_speaks_of_a_standard_it_is_the_cores_own(name: str) -> None:
    law = replace(read(SHIPPED), standards=())
    assert law.standard(name, TODAY) == STANDARDS[name].core


def test_a_party_from_where_there_is_no_law_is_denied(house: House) -> None:
    here = under(house, lax_law("XA").rulebook)
    (verdict,), gate = judged(replace(here, lists=lists))
    assert verdict is Verdict.DENY
    assert "gate.law-missing" in codes(gate)


# What a rulebook's files cannot say.


def refused(law: Law) -> str:
    with pytest.raises(RulebookMalformed) as caught:
        read(law)
    return caught.value.detail


def standard(name: str, bound: int) -> Law:
    return on_subject("XA", "standards", standard=[tightened("XA", name, bound, TODAY)])


@pytest.mark.parametrize(
    ("name", "bound"),
    [
        (name, bound)
        for name, one in STANDARDS.items()
        for bound in (one.least - 1, one.most + 1, 10**12)
    ],
)
def test_a_standard_beyond_what_can_be_meant_is_refused(name: str, bound: int) -> None:
    shipped = {
        key: {
            **content,
            "standard": [one for one in content.get("standard", ()) if one["standard"] != name],
        }
        if "standard" in content
        else content
        for key, content in SHIPPED.items()
    }
    assert f"{bound}: from " in refused(joined(shipped, standard(name, bound)))


def test_no_rule_reads_what_screening_found() -> None:
    """There is nothing that a rule could say it with."""
    for when in ("debtor.listed", "listed", "screening.score > 0", "debtor.matches == 0"):
        assert "there is no fact" in refused(adding(ruled("XA.caps.blind", "ALLOW", when)))


@pytest.mark.parametrize("outcome", ["CLEAR", "SKIP", "ALLOW_LISTED", ""])
def test_there_is_no_outcome_that_lets_somebody_listed_pass(outcome: str) -> None:
    assert "is not one of" in refused(adding(ruled("XA.caps.blind", outcome)))


def test_no_file_speaks_for_the_core() -> None:
    """Not of its own jurisdiction, nor by its ids, nor with a file about it."""
    own = ruled(f"{CORE}.travel-rule.lax", "ALLOW")
    about = {
        f"{CORE}/": {"jurisdiction": CORE, "name": "Core", "zone": "UTC", "weekend": ["Sunday"]}
    }
    for law in (adding(own), joined(SHIPPED, about), adding(about, own)):
        assert "is the house's own, and not for files" in refused(law)
    mine = ruled("XA.caps.mine", "ALLOW")
    mine["XA/caps"]["rule"][0]["id"] = f"{CORE}.core.travel-rule"
    assert "an id begins with its jurisdiction, XA." in refused(adding(mine))


def test_no_programme_waives_what_is_the_cores() -> None:
    for id in (TRAVEL_RULE, "ZZ.core.anonymous"):
        pilot = {
            "id": "XA.programmes.pilot",
            "says": "It is tried.",
            "citation": "art. 9",
            "effective_from": TODAY,
            "effective_to": TODAY,
            "approvals": [
                {"authority": name, "reference": "1", "on": TODAY} for name in ("One", "Other")
            ],
            "participants": [*LEIS],
            "transactions": ["trade"],
            "waives": [id],
        }
        said = refused(joined(SHIPPED, on_subject("XA", "programmes", programme=[pilot])))
        assert f"{id} is not waivable" in said


@settings(max_examples=20)
@given(lax_laws())
def test_a_kept_rulebook_that_lacks_the_cores_law_is_none(law: LaxLaw) -> None:
    """As it was kept it is read; without the core's own law, or with other words, it is not."""
    body = json.loads(law.rulebook.body)
    assert restore(law.rulebook.body).version == law.rulebook.version
    (core,) = (name for name in body if name.startswith(f"{CORE}/"))
    without = {name: content for name, content in body.items() if name != core}
    fewer = {**body, core: {**body[core], "rule": body[core]["rule"][1:]}}
    waived = json.loads(json.dumps(body))
    waived[core]["rule"][0]["waivable"] = True
    for changed in (without, fewer, waived):
        with pytest.raises(RulebookMalformed):
            restore(json.dumps(changed))


def test_however_lax_a_law_is_no_standard_is_laxer_than_the_cores_own() -> None:
    """And some of the drawn ones are as lax as law can be: they say and waive all that they can."""
    seen = Counter[str]()

    @WORLDLY
    @given(lax_laws())
    def look(law: LaxLaw) -> None:
        for name, one in STANDARDS.items():
            laxest = one.most if one.at_most else one.least
            seen[name] += laxest in law.said(name)
            # Whatever is said, the core's own bound is one of those of which the strictest holds.
            strictest = (min if one.at_most else max)([one.core, *law.said(name)])
            assert law.rulebook.standard(name, TODAY) == strictest
        for pilot in law.rulebook.programmes:
            waivable = {
                rule.id
                for rule in law.rulebook.rules
                if rule.waivable
                and rule.head.jurisdiction == pilot.head.jurisdiction
                and rule.subject != "admission"
            }
            seen["waives everything of a country"] += {*pilot.waives} == waivable

    look()
    assert min(seen[name] for name in (*STANDARDS, "waives everything of a country")) > 2, seen
