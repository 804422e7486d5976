"""Finality: Rosenfeld's figures, rules that can only be tightened, and reorganisations followed."""

from datetime import date
from fractions import Fraction
from itertools import product
from math import comb
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import OPEN, Law, country, joined, on_subject, read, tightened

from clearhouse.core.errors import Alarm, Refusal
from clearhouse.core.finality import (
    ATTACKER,
    DEPTH_MAX,
    NEXT,
    RISK,
    RISK_CAP,
    SHARE_FLOOR,
    FinalityPolicy,
    Sighting,
    State,
    Tracked,
    confirmations,
    observe,
    policy,
    reversal_odds,
    rules,
)
from clearhouse.core.rulebook import STANDARDS, Rulebook, RulebookMalformed

PERCENT = {
    2: "4.000 .237 .016 .001 0",
    10: "20.000 5.600 1.712 .546 .178 .059 .020 .007 .002 .001",
    20: "40.000 20.800 11.584 6.669 3.916 2.331 1.401 .848 .516 .316",
    30: "60.000 43.200 32.616 25.207 19.762 15.645 12.475 10.003 8.055 6.511",
    40: "80.000 70.400 63.488 57.958 53.314 49.300 45.769 42.621 39.787 37.218",
}
NEEDED = {
    10: (6, 8, 12),
    15: (9, 12, 19),
    20: (13, 18, 28),
    25: (20, 27, 42),
    30: (32, 44, 69),
    35: (58, 81, 128),
    40: (133, 186, 294),
}
RISKS = (Fraction(1, 1000), Fraction(1, 10_000), Fraction(1, 10**6))
shares = st.fractions(min_value=0, max_value=Fraction(49, 100), max_denominator=1000)


@pytest.mark.parametrize(
    ("share", "depth", "percent"),
    [
        (Fraction(share, 100), depth, Fraction(cell))
        for share, row in PERCENT.items()
        for depth, cell in enumerate(row.split(), start=1)
    ],
)
def test_the_odds_are_rosenfeld_s_table(share: Fraction, depth: int, percent: Fraction) -> None:
    assert abs(reversal_odds(share, depth) * 100 - percent) <= Fraction(1, 2000)


@pytest.mark.parametrize(
    ("share", "risk", "depth"),
    [
        (Fraction(share, 100), risk, depth)
        for share, row in NEEDED.items()
        for risk, depth in zip(RISKS, row, strict=True)
    ],
)
def test_the_depths_are_rosenfeld_s_table(share: Fraction, risk: Fraction, depth: int) -> None:
    assert confirmations(share, risk) == depth
    assert reversal_odds(share, depth) < risk <= reversal_odds(share, depth - 1)


@given(shares, st.integers(0, 60))
def test_the_recurrence_is_rosenfeld_s_sum(share: Fraction, depth: int) -> None:
    p, q, n = 1 - share, share, depth
    if n == 0:
        assert reversal_odds(q, 0) == 1
        return
    kept = sum(comb(m + n - 1, m) * (p**n * q**m - p**m * q**n) for m in range(n + 1))
    assert reversal_odds(q, n) == 1 - kept


@given(shares, st.integers(0, 100))
def test_a_block_more_is_never_less_safe(share: Fraction, depth: int) -> None:
    assert 0 <= reversal_odds(share, depth + 1) <= reversal_odds(share, depth) <= 1


def test_a_strong_attacker_and_hundreds_of_blocks_stay_exact() -> None:
    """Where the sum in floats overflows; 4pq to the n bounds it from above."""
    share, depth = Fraction(49, 100), 2000
    odds = reversal_odds(share, depth)
    assert 0 < odds < (4 * share * (1 - share)) ** depth
    assert confirmations(Fraction(45, 100), RISK_CAP) == 539
    assert reversal_odds(Fraction(45, 100), 539) < RISK_CAP <= reversal_odds(Fraction(45, 100), 538)


def test_odds_equal_to_the_risk_are_not_below_it() -> None:
    assert reversal_odds(SHARE_FLOOR, 2) == Fraction(56, 1000)
    assert confirmations(SHARE_FLOOR, Fraction(56, 1000)) == 3
    assert confirmations(SHARE_FLOOR, Fraction(56, 1000) + Fraction(1, 10**9)) == 2


def test_an_unmined_payment_is_never_final() -> None:
    assert confirmations(Fraction(0), Fraction(1, 1000)) == 1


@pytest.mark.parametrize(
    ("share", "risk", "code"),
    [
        (Fraction(1, 2), RISK_CAP, "finality.share-impossible"),
        (Fraction(51, 100), RISK_CAP, "finality.share-impossible"),
        (Fraction(-1, 100), RISK_CAP, "finality.share-impossible"),
        (Fraction(1, 2), Fraction(0), "finality.share-impossible"),
        (SHARE_FLOOR, Fraction(0), "finality.risk-impossible"),
        (SHARE_FLOOR, Fraction(-1), "finality.risk-impossible"),
        (SHARE_FLOOR, Fraction(1), "finality.risk-impossible"),
        (Fraction(49, 100), RISK_CAP, "finality.depth-impossible"),
        (Fraction(499_999, 10**6), RISK_CAP, "finality.depth-impossible"),
    ],
)
def test_what_no_depth_satisfies_is_refused(share: Fraction, risk: Fraction, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        confirmations(share, risk)
    assert refused.value.code == code


def test_the_odds_of_half_of_the_hash_rate_are_refused_too() -> None:
    with pytest.raises(Refusal, match=r"finality\.share-impossible"):
        reversal_odds(Fraction(1, 2), 6)


DAY = date(2026, 6, 1)


def law_of(*asked: tuple[int, int]) -> Rulebook:
    """A law for each share (per mille) and risk (per million), of a country each."""
    made: Law = OPEN
    for number, (share, risk) in enumerate(asked):
        code = f"X{chr(ord('F') + number)}"
        standards = [
            tightened(code, ATTACKER, share, date(2026, 1, 1)),
            tightened(code, RISK, risk, date(2026, 1, 1)),
        ]
        there = country(code) | dict(on_subject(code, "standards", standard=standards))
        made = joined(made, there)
    return read(made)


def depth(*asked: tuple[int, int]) -> int:
    return policy(DAY, law_of(*asked)).depth_final


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 5000)), max_size=4))
def test_a_rulebook_only_tightens(asked: list[tuple[int, int]]) -> None:
    combined = depth(*asked)
    assert combined >= 6
    for share, risk in asked:
        assert combined >= depth((share, risk))
        assert reversal_odds(Fraction(share, 1000), combined) < Fraction(risk, 10**6)


def test_without_a_rule_the_floor_holds() -> None:
    assert policy(DAY, law_of()) == FinalityPolicy(SHARE_FLOOR, RISK_CAP)
    assert depth() == 6
    assert policy(DAY, law_of((0, 999_999))) == policy(DAY, law_of())


def test_of_two_rules_each_may_be_the_stricter_in_its_part() -> None:
    assert depth((200, 1000), (100, 100)) == 18


def test_a_rule_holds_on_its_days_alone_and_is_named() -> None:
    law = law_of((200, 1000))

    assert policy(date(2025, 12, 31), law) == FinalityPolicy(SHARE_FLOOR, RISK_CAP)
    assert rules(date(2025, 12, 31), law) == ()
    assert rules(DAY, law) == ("XF.standard.finality.attacker", "XF.standard.finality.risk")


def test_the_strictest_law_that_can_be_written_still_has_a_depth() -> None:
    assert depth((STANDARDS[ATTACKER].most, STANDARDS[RISK].least)) == 1191 < DEPTH_MAX


@pytest.mark.parametrize("asked", [(451, 1000), (100, 0)])
def test_a_rule_that_nothing_could_satisfy_is_no_law(asked: tuple[int, int]) -> None:
    with pytest.raises(RulebookMalformed):
        law_of(asked)


def test_a_laxer_policy_than_the_floor_cannot_be_made() -> None:
    with pytest.raises(AssertionError):
        FinalityPolicy(Fraction(9, 100), RISK_CAP)
    with pytest.raises(AssertionError):
        FinalityPolicy(SHARE_FLOOR, Fraction(2, 1000))


MEMPOOL = Sighting(0, "", in_mempool=True, conflicted=False)
NOWHERE = Sighting(0, "", in_mempool=False, conflicted=False)


def mined(depth: int, block: str = "b1") -> Sighting:
    return Sighting(depth, block, in_mempool=False, conflicted=False)


def after(*sightings: Sighting, depth_final: int = 6) -> Tracked:
    tracked = Tracked("t", depth_final)
    for seen in sightings:
        tracked = observe(tracked, seen)
    return tracked


@pytest.mark.parametrize(
    ("sightings", "state"),
    [
        ([NOWHERE], State.UNSEEN),
        ([MEMPOOL], State.MEMPOOL),
        ([mined(1)], State.IN_BLOCK),
        ([MEMPOOL, mined(5)], State.IN_BLOCK),
        ([MEMPOOL, mined(5), MEMPOOL], State.MEMPOOL),
        ([mined(5), NOWHERE], State.UNSEEN),
        ([mined(5), mined(1, "b2")], State.IN_BLOCK),
        ([mined(6)], State.FINAL),
        ([mined(5), mined(6), mined(700)], State.FINAL),
    ],
)
def test_the_state_is_what_the_chain_shows(sightings: list[Sighting], state: State) -> None:
    assert after(*sightings).state is state


@pytest.mark.parametrize(
    "seen", [NOWHERE, MEMPOOL, mined(1), mined(5), mined(6, "b2"), mined(9, "b2")]
)
def test_after_finality_a_reorganisation_is_an_alarm_and_nothing_is_reversed(
    seen: Sighting,
) -> None:
    final = after(mined(6))
    with pytest.raises(Alarm, match=r"finality\.broken") as alarm:
        observe(final, seen)
    assert alarm.value.context == {"txid": "t", "block": "b1"}
    assert final.state is State.FINAL


def test_a_conflict_holds_a_payment_until_the_chain_has_decided() -> None:
    rival = Sighting(0, "", in_mempool=False, conflicted=True)
    assert after(MEMPOOL, rival).contested
    assert after(MEMPOOL, rival).state is State.UNSEEN
    assert not after(rival, MEMPOOL).contested
    assert not after(rival, Sighting(1, "b1", in_mempool=False, conflicted=True)).contested


@pytest.mark.parametrize("state", list(State))
def test_every_sighting_of_every_state_has_an_answer(state: State) -> None:
    for depth, in_mempool, conflicted in product(range(9), (True, False), (True, False)):
        block = "b1" if depth else ""
        before = Tracked("t", 6, state, depth=6 if state is State.FINAL else 0, block="b1")
        seen = Sighting(depth, block, in_mempool=in_mempool, conflicted=conflicted)
        try:
            now = observe(before, seen)
        except Alarm:
            assert state is State.FINAL
            continue
        assert now.state is state or now.state in NEXT[state]
        assert observe(now, seen) == now
        assert (now.state is State.FINAL) == (depth >= 6)


class Chain:
    """A model: our transaction waits, or is in a block; reorganisations are of bounded depth."""

    def __init__(self, dice: Random, reorg_depth_max: int) -> None:
        self.dice, self.reorg_depth_max = dice, reorg_depth_max
        self.depth, self.known, self.blocks = 0, False, 0

    def tick(self) -> None:
        if self.depth:
            depth_lost = self.dice.choice([0, 0, self.dice.randint(0, self.reorg_depth_max)])
            if self.depth <= depth_lost:  # our block goes; the new branch is one block longer
                self.known = self.dice.random() < 0.7
                self.depth = self.dice.choice([0, self.dice.randint(1, depth_lost + 1)])
                self.blocks += 1
                return
            self.depth += 1
        elif self.known and self.dice.random() < 0.5:
            self.depth, self.blocks = 1, self.blocks + 1
        else:
            self.known = self.dice.random() < 0.8

    def sighting(self) -> Sighting:
        block = f"b{self.blocks}" if self.depth else ""
        waiting = self.known and not self.depth
        return Sighting(self.depth, block, in_mempool=waiting, conflicted=False)


SEEDS = range(100)


def history(seed: int) -> set[tuple[State, State]]:
    """Play one history in which no reorganisation reaches finality; return the steps taken."""
    dice = Random(seed)
    depth_final = dice.randint(2, 6)
    chain = Chain(dice, reorg_depth_max=depth_final - 1)
    tracked, steps = Tracked("t", depth_final), set()
    for _ in range(200):
        chain.tick()
        if dice.random() < 0.6:  # the watcher may miss some
            before, tracked = tracked, observe(tracked, chain.sighting())
            steps.add((before.state, tracked.state))
            assert (tracked.state is State.FINAL) == (chain.depth >= depth_final)
    assert tracked.state is State.FINAL
    return steps


@pytest.mark.parametrize("seed", SEEDS)
def test_every_payment_becomes_final_and_stays(seed: int) -> None:
    history(seed)


def test_histories_are_hard_enough() -> None:
    """A simulation that never reorganises proves nothing: every arrow must be taken."""
    steps = set[tuple[State, State]]().union(*map(history, SEEDS))
    arrows = {(before, to) for before, targets in NEXT.items() for to in targets}
    assert {step for step in steps if step[0] is not step[1]} == arrows


def test_a_deeper_reorganisation_than_finality_is_caught_in_some_history() -> None:
    alarms = 0
    for seed in SEEDS:
        dice = Random(seed)
        chain, tracked = Chain(dice, reorg_depth_max=8), Tracked("t", 3)
        try:
            for _ in range(60):
                chain.tick()
                tracked = observe(tracked, chain.sighting())
        except Alarm:
            alarms += 1
    assert 20 < alarms < 100
