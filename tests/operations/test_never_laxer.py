"""More evidence of harm never makes the gate's answer laxer, whatever people have decided before.

The world is drawn: what screening found of a party and of its owners, whom a list of wallets has,
what the law says, and what two people decided of hits and holds. Then harm is added to it: a match,
a wallet, a listed owner, a greater holding, a rule that holds or denies, a clearing or a release
that lapses, a licence of an authority that ends.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import TEXTS

from clearhouse.core import held, hits
from clearhouse.core.dossier import Dossier
from clearhouse.core.gate import Finding, Ground, Verdict, decide, judge_party
from clearhouse.core.held import HoldDecision, by_hold, held_by
from clearhouse.core.hits import HitDecision, by_hit, compared_as
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.owner import Holding
from clearhouse.core.participant import Dealing, Participant
from clearhouse.core.rulebook import parse
from clearhouse.core.screening import Grade, Match, Subject, WalletMatch
from clearhouse.operations.owners import Judged, Owners, assembled, bounds
from clearhouse.operations.screened import of_party

LAW = parse(TEXTS)
ON, ID = date(2026, 3, 5), ObligationId("obl_1")
FIRM = Participant(ParticipantId("5493001KJTIIGC8Y1R12"), "Skarven Timber AS", "XA", "bcrt1q", ())
NAMES = {"ent_a": ("Hollen Holding",), "ent_b": ("Brattvik Invest",)}
SEATS = {"ent_a": ("XB",), "ent_b": ("DE",)}
PERSON = "prs_c"
KEPT = {"prs_c_ab": Dossier({"name": "Kari Vik", "born": "1970-01-02"}, "0" * 64)}
OWNERS, SUBJECTS = ("ent_a", "ent_b", PERSON), (FIRM.id, "ent_a", "ent_b", PERSON)
ENTRIES, RULES = ("9001", "9002"), ("XA.caps.one", "XA.caps.two", "XB.caps.all")
EDGES = (("ent_a", FIRM.id), ("ent_b", FIRM.id), ("ent_b", "ent_a"), (PERSON, "ent_a"))
LISTED, CHANGED = "a" * 64, "d" * 64
WALLET = WalletMatch("bcrt1q", "bcrt1q", "XBT", "9001", "OFAC-WALLETS", "b" * 64)
ANOTHER, SAME, RELEASED = ("another", True), ("same", True), ("released", True)
Hit = tuple[str, str]  # a subject and an entry


@dataclass(frozen=True)
class World:
    """All that the gate goes by."""

    found: Mapping[Hit, int]  # the score
    decided: Mapping[Hit, tuple[str, bool]]  # the outcome, and whether it still holds
    shares: tuple[int, ...]  # of each edge, in per mille
    wallet: bool
    dealings: frozenset[tuple[str, str]]  # list and entry
    rules: Mapping[str, Verdict]  # that come
    released: Mapping[str, tuple[str, bool]]  # by rule


def owners_in(world: World) -> Owners:
    holdings = [
        Holding(owner, owned, share * 1000, False, "r", ON)
        for (owner, owned), share in zip(EDGES, world.shares, strict=True)
        if share
    ]
    return assembled(holdings, NAMES, SEATS, {PERSON: "prs_c_ab"}, KEPT)


def screened(world: World, subjects: list[Subject]) -> list[hits.Screening]:
    """What is found of some subjects, after what was decided of it."""

    def match(subject: Subject, entry: str, score: int) -> Match:
        grade = Grade.EXACT if score == 1000 else Grade.POSSIBLE
        about = (subject.id, subject.names[0], f"LISTED {entry}", entry, "OFAC-SDN", "a" * 64)
        return Match(*about, score, grade)

    found = [
        [match(one, entry, s) for (id, entry), s in sorted(world.found.items()) if id == one.id]
        for one in subjects
    ]
    decisions = by_hit(
        HitDecision(
            *(one.id, "OFAC-SDN", entry, compared_as(one) if holds else CHANGED, LISTED),
            *(outcome, ON, "seat"),
        )
        for one in subjects
        for (id, entry), (outcome, holds) in world.decided.items()
        if id == one.id
    )
    return hits.reviewed(subjects, found, decisions, lambda _: LISTED)


def said_by_law(world: World) -> Finding:
    """What the law says, after what was decided of its holds."""
    codes = {Verdict.HOLD: "gate.law-holds", Verdict.DENY: "gate.law-denies"}
    grounds = [Ground("gate.law-allows", Verdict.CLEAR, "open", "XA.corridor.open", "Order")]
    grounds += [
        Ground(codes[verdict], verdict, f"so says {rule}", rule, "Order")
        for rule, verdict in sorted(world.rules.items())
    ]
    finding = Finding("XA>XB", tuple(grounds), LAW.version, ())
    said = held_by(finding)
    decisions = by_hold(
        HoldDecision(ID, rule, said[rule] if holds else CHANGED, outcome, ON, "seen")
        for rule, (outcome, holds) in world.released.items()
        if rule in said
    )
    return held.reviewed(finding, ID, decisions)


def verdict(world: World) -> Verdict:
    """What the gate answers."""
    dealings = tuple(
        Dealing(*of, "Ministry", "d" * 64, ON, ON, f"cmd_{at}")
        for at, of in enumerate(sorted(world.dealings))
    )
    firm = replace(FIRM, dealings=dealings)
    (ours,) = screened(world, [of_party(firm, {})])
    above = owners_in(world)
    compared = above.compared(lambda several: screened(world, list(several)))
    owned = Judged(above, compared, bounds(LAW, ON)).of(firm, ON)
    wallets = [WALLET] if world.wallet else []
    about = (firm, ours.standing, wallets, (("OFAC-SDN", "a" * 64),), (ON, ON), LAW)
    party = judge_party(*about, owned=owned, cleared=ours.cleared)
    findings = [(one.digest(), one.verdict) for one in (party, said_by_law(world))]
    return Verdict[decide(ID, findings, ON).verdict.upper()]


scores = st.sampled_from([760, 900, 1000])
pairs = st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(ENTRIES))
rules = st.sampled_from(RULES)
lists = st.tuples(st.sampled_from(["OFAC-SDN", "OFAC-WALLETS"]), st.sampled_from(ENTRIES))
worlds = st.builds(
    World,
    found=st.dictionaries(pairs, scores, max_size=5),
    decided=st.dictionaries(
        pairs, st.tuples(st.sampled_from(["another", "another", "same"]), st.booleans()), max_size=5
    ),
    shares=st.tuples(*[st.sampled_from([0, 300, 500, 500]) for _ in EDGES]),
    wallet=st.booleans(),
    dealings=st.frozensets(lists, max_size=3),
    rules=st.dictionaries(rules, st.sampled_from([Verdict.HOLD, Verdict.HOLD, Verdict.DENY])),
    released=st.dictionaries(
        rules, st.tuples(st.sampled_from(["released", "released", "refused"]), st.booleans())
    ),
)


def listings(one: World) -> Iterator[tuple[str, World]]:
    """Everything by which somebody is listed, or owns, a little more in a world."""
    yield "wallet", replace(one, wallet=True)
    for hit, score in product(product(SUBJECTS, ENTRIES), (760, 900, 1000)):
        if score > one.found.get(hit, 0):
            yield "match", replace(one, found={**one.found, hit: score})
    for at, share in enumerate(one.shares):
        beside = one.shares[at ^ 1]  # of the same entity, which has no third owner
        if share + beside + 200 <= 1000:
            more = (*one.shares[:at], share + 200, *one.shares[at + 1 :])
            yield "holding", replace(one, shares=more)


def rulings(one: World) -> Iterator[tuple[str, World]]:
    """Everything by which law or people say a little more against it."""
    for rule, verdict in product(RULES, (Verdict.HOLD, Verdict.DENY)):
        if verdict > one.rules.get(rule, Verdict.CLEAR):
            yield "rule", replace(one, rules={**one.rules, rule: verdict})
    for hit in (hit for hit, said in one.decided.items() if said == ANOTHER):
        yield "clearing lapses", replace(one, decided={**one.decided, hit: ("another", False)})
    for rule in (rule for rule, said in one.released.items() if said == RELEASED):
        lapsed = {**one.released, rule: ("released", False)}
        yield "release lapses", replace(one, released=lapsed)
    for ended in sorted(one.dealings):
        yield "licence ends", replace(one, dealings=one.dealings - {ended})


def harms(one: World) -> list[tuple[str, World]]:
    """Everything by which there is a little more harm in a world."""
    return [*listings(one), *rulings(one)]


@settings(max_examples=300, deadline=None)
@given(worlds)
def test_more_evidence_of_harm_never_makes_the_answer_laxer(world: World) -> None:
    before = verdict(world)
    for kind, more in harms(world):
        assert verdict(more) >= before, (kind, more)


def least(world: World) -> Verdict:
    """What the gate must answer at least for what nobody has decided, or not any more."""
    found = [Verdict.DENY] * (world.wallet and ("OFAC-WALLETS", "9001") not in world.dealings)
    for (subject, entry), score in world.found.items():
        is_cleared = world.decided.get((subject, entry)) == ANOTHER
        if subject == FIRM.id and not is_cleared and ("OFAC-SDN", entry) not in world.dealings:
            is_sure = score == 1000 or world.decided.get((subject, entry)) == SAME
            found.append(Verdict.DENY if is_sure else Verdict.HOLD)
    for rule, said in world.rules.items():
        if said is Verdict.DENY or world.released.get(rule) != RELEASED:
            found.append(said)
    return max(found, default=Verdict.CLEAR)


@settings(max_examples=600, deadline=None)
@given(worlds)
def test_what_nobody_decided_and_what_lapsed_stops_it(world: World) -> None:
    assert verdict(world) >= least(world)


CLEAR = World({}, {}, (300, 0, 0, 500), False, frozenset(), {}, {})
PARTY, OWNER = (FIRM.id, "9001"), (PERSON, "9001")
# From one world to the next there is more harm; beside each what the gate answers.
STEPS = {
    "a name": [
        (CLEAR, Verdict.CLEAR),
        (replace(CLEAR, found={PARTY: 900}), Verdict.HOLD),
        (replace(CLEAR, found={PARTY: 1000}), Verdict.DENY),
    ],
    "a clearing that lapses": [
        (replace(CLEAR, found={PARTY: 900}, decided={PARTY: ANOTHER}), Verdict.CLEAR),
        (
            replace(CLEAR, found={PARTY: 900}, decided={PARTY: ("another", False)}),
            Verdict.HOLD,
        ),
        (replace(CLEAR, found={PARTY: 900}, decided={PARTY: SAME}), Verdict.DENY),
    ],
    "another entry beside the one that was cleared": [
        (replace(CLEAR, found={PARTY: 1000}, decided={PARTY: ANOTHER}), Verdict.CLEAR),
        (
            replace(CLEAR, found={PARTY: 1000, (FIRM.id, "9002"): 900}, decided={PARTY: ANOTHER}),
            Verdict.HOLD,
        ),
    ],
    "an owner": [
        (replace(CLEAR, found={OWNER: 1000}, decided={OWNER: ANOTHER}), Verdict.CLEAR),
        (
            replace(
                CLEAR,
                found={OWNER: 1000, ("ent_a", "9002"): 900},
                decided={OWNER: ANOTHER},
            ),
            Verdict.HOLD,
        ),
        (
            replace(
                CLEAR,
                shares=(500, 0, 0, 500),
                found={OWNER: 1000, ("ent_a", "9002"): 1000},
                decided={OWNER: ANOTHER},
            ),
            Verdict.DENY,
        ),
    ],
    "a release": [
        (
            replace(CLEAR, rules={RULES[0]: Verdict.HOLD}, released={RULES[0]: RELEASED}),
            Verdict.CLEAR,
        ),
        (
            replace(
                CLEAR,
                rules={RULES[0]: Verdict.HOLD, RULES[1]: Verdict.HOLD},
                released={RULES[0]: RELEASED},
            ),
            Verdict.HOLD,
        ),
        (
            replace(
                CLEAR,
                rules={RULES[0]: Verdict.HOLD, RULES[1]: Verdict.DENY},
                released={RULES[0]: RELEASED, RULES[1]: RELEASED},
            ),
            Verdict.DENY,
        ),
    ],
    "a wallet": [
        (replace(CLEAR, found={PARTY: 1000}, decided={PARTY: ANOTHER}), Verdict.CLEAR),
        (
            replace(CLEAR, found={PARTY: 1000}, decided={PARTY: ANOTHER}, wallet=True),
            Verdict.DENY,
        ),
    ],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS)
def test_step_by_step_it_gets_stricter(steps: list[tuple[World, Verdict]]) -> None:
    """So the property is hard enough: decisions clear in it, and harm stops in it."""
    assert [verdict(world) for world, _ in steps] == [expected for _, expected in steps]
    assert all(one < other for (_, one), (_, other) in pairwise(steps))
