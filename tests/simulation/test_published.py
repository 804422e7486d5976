"""Honest houses, each from a seed: whatever they publish, whenever they close, the verifier passes.

A history is some days of one house. Firms trade, cycles are cleared and settled, debtors pay late,
in parts and twice, strangers pay the vault, blocks are reorganised, people come and go, proposals
wait, lapse and are declined, firms are listed and their cycles unwound; and between any two steps
the books are closed, and what is published of the days and of every firm is checked.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from tests.hands import ADA, BELA, Hand, approve, enrol, propose, release
from tests.stage import Stage
from tests.staging import OpenStage

from clearhouse.core.command import Decline, GrantRole
from clearhouse.core.errors import Refusal
from clearhouse.core.money import EUR, USD
from clearhouse.core.person import Role
from clearhouse.core.proposal import ProposalState
from clearhouse.demo import market
from clearhouse.operations import books, differences
from clearhouse.operations.fix import fix
from clearhouse.operations.fund import float_address
from clearhouse.operations.overdue import note_overdue
from clearhouse.operations.publish import period, publish_day, publish_participant, trusted
from clearhouse.operations.revise import revise
from clearhouse.store import cycles
from clearhouse.store import people as stored
from clearhouse.verifier.__main__ import verify

SEEDS = range(int(os.environ.get("CLEARHOUSE_SEEDS", "4")))
STEPS = 120
PAIRS = ("A>b", "b>C", "C>b", "b>A", "C>d", "d>A", "A>d")
AMOUNTS = ("0.05", "0.02", "0.004", "0.00000300", "1500.00 USD", "0.03 USD", "20.00 EUR")
PLAYED: Counter[str] = Counter()  # what happened in the histories of this run


@dataclass
class History:
    """A house, as it goes through a seed's events."""

    stage: Stage
    dice: Random
    folder: Path
    happened: Counter[str] = field(default_factory=Counter)
    called: list[bytes] = field(default_factory=list)  # scripts of all pay-ins

    def play(self) -> Counter[str]:
        self.stage.clock.forward(hours=6, minutes=5)
        self.stage.publish()
        self.fix()
        steps = [step for step, times in self.steps().items() for _ in range(times)]
        for _ in range(STEPS):
            self.stage.clock.forward(seconds=self.dice.randint(1, 40))
            self.take(self.dice.choice(steps))
            if self.dice.random() < 0.2:
                self.close()
        self.close()
        return self.happened

    def steps(self) -> dict[Callable[[], None], int]:
        """What may happen, and how often beside the rest."""
        return {
            self.trade: 6,
            self.clear: 5,
            self.release: 3,
            self.pay_in: 3,
            self.pay_in_parts: 2,
            self.stray: 4,
            self.settle: 6,
            self.mine: 6,
            self.reorganise: 2,
            self.note_overdue: 1,
            self.wait: 2,
            self.people: 3,
            self.fix: 1,
            self.look: 2,
            self.drive: 9,
            self.revise: 6,
        }

    def take(self, step: Callable[[], None]) -> None:
        """Let something happen, if it may."""
        try:
            step()
            self.happened[step.__name__] += 1
        except Refusal as refused:
            self.happened[f"{step.__name__}: {refused.code}"] += 1

    def perhaps_close(self) -> None:
        if self.dice.random() < 0.15:
            self.close()

    def close(self) -> None:
        """Close the books, and have all that is published checked."""
        stage = self.stage
        states = [stage.row().state] if cycles.is_known(stage.house.db, stage.cycle) else []
        self.happened.update(f"closed while {state}" for state in states)
        books.close(stage.house)
        about, bundle, trust = period(stage.house), self.folder / "bundle", self.folder / "trust"
        trust.write_text(json.dumps(trusted(stage.house, 0)))
        for who in (None, *(stage.firm(letter).id for letter in "AbCd")):
            if who is None:
                publish_day(about, bundle, lambda _: None)
            else:
                publish_participant(about, who, bundle, lambda _: None)
            _, found = verify(bundle, trust)
            wrong = {name: str(one) for name, one in found.items() if one}
            assert not wrong, f"of {who or 'the day'}, entries {about.first} to {about.last}"

    # --- what may happen

    def trade(self) -> None:
        for _ in range(self.dice.randint(1, 3)):
            text = f"{self.dice.choice(PAIRS)} {self.dice.choice(AMOUNTS)}"
            self.stage.trade(text, affirmed=self.dice.random() < 0.85)

    def clear(self) -> None:
        before = self.stage.cycle
        try:
            self.stage.clear(released=self.dice.random() < 0.6)
        except Refusal:
            self.stage.cycle = before
            raise
        self.called += [one.script for one in self.stage.calls]

    def release(self) -> None:
        release(self.stage.house, self.stage.cycle)

    def pay_in(self) -> None:
        self.stage.pay_in()

    def pay_in_parts(self) -> None:
        """More than is asked for, in two coins."""
        if self.stage.calls:
            one = self.dice.choice(self.stage.calls)
            self.stage.pay((one.script, max(600, one.units // 2)), (one.script, one.units))

    def stray(self) -> None:
        """Pay the vault where nobody asked for it, or not any more."""
        house, further = self.stage.house, self.dice.randint(0, 4)
        asked, back = (
            cycles.next_vault_position(house.db, is_change=branch) for branch in (False, True)
        )
        vault = house.rail.vault
        scripts = [
            vault.receive(asked + further).script,
            vault.change(back + further).script,
            float_address(house).script,
            *self.called[-3:],
        ]
        script = self.dice.choice(scripts)
        self.stage.pay(*[(script, 12_345)] * self.dice.randint(1, 2))

    def settle(self) -> None:
        self.stage.settle()

    def mine(self) -> None:
        self.stage.mine(self.dice.choice((1, 2, 3, self.stage.deep)))

    def reorganise(self) -> None:
        self.stage.reorganise(self.dice.randint(1, 4))

    def note_overdue(self) -> None:
        note_overdue(self.stage.house, self.stage.cycle)

    def wait(self) -> None:
        self.stage.clock.forward(hours=self.dice.randint(1, 30))
        self.stage.publish()

    def people(self) -> None:
        house, waiting = self.stage.house, stored.proposals(self.stage.house.db)
        waiting = [one for one in waiting if one.state is ProposalState.WAITING]
        if not waiting:
            role = self.dice.choice([Role.AUDITOR, Role.SUPERVISOR])
            propose(house, GrantRole(ADA.person, role))
        elif self.dice.random() < 0.5:
            approve(house, waiting[0])
        else:
            BELA.order(house, Decline(waiting[0].id, "not needed"))
            enrol(house, Hand.of(f"Clerk {self.dice.getrandbits(32)}"), Role.OPERATOR)

    def fix(self) -> None:
        sixteen = self.stage.clock().replace(hour=16, minute=0)
        end = min(sixteen, self.stage.clock() - timedelta(minutes=5))
        for quote, price in ((USD, 60_000.0), (EUR, 55_000.0)):
            file = self.stage.folder / f"{quote.code}-{self.dice.getrandbits(32)}.csv"
            market.write_trades(file, end, price, Random(5))
            fix(self.stage.house, file, quote)

    def revise(self) -> None:
        """Somebody was listed; perhaps it is struck from the list afterwards."""
        stage = self.stage
        stage.publish(stage.firm(self.dice.choice("AbCd")).name)
        id = stage.next_cycle()
        try:
            done = revise(stage.house, stage.cycle, id)
        finally:
            if self.dice.random() < 0.8:
                stage.publish()
        if done.cleared:
            stage.cycle, stage.calls = id, done.cleared.pay_ins
            self.called += [one.script for one in stage.calls]

    def look(self) -> None:
        differences.look(self.stage.house)

    def drive(self) -> None:
        """Bring a cycle on its way, perhaps to its end."""
        with suppress(Refusal):
            self.release()
        if self.dice.random() < 0.8:
            self.stage.pay_in()
        self.stage.mine(self.stage.deep)
        self.perhaps_close()
        self.stage.settle()
        self.perhaps_close()
        if self.dice.random() < 0.4:
            self.stage.mine(1)
            self.stage.settle()
            self.perhaps_close()
            self.stage.reorganise(self.dice.randint(1, 3))
        self.stage.mine(self.stage.deep)
        self.stage.settle()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_an_honest_house_publishes_passes(
    open_stage: OpenStage, tmp_path: Path, seed: int
) -> None:
    with open_stage() as stage:
        PLAYED.update(History(stage, Random(seed), tmp_path).play())


def test_the_histories_were_hard_enough() -> None:
    """Books were closed in every state that a cycle waits in, and much went wrong meanwhile."""
    if not PLAYED:
        pytest.skip("no history was played in this run")
    wanted = {f"closed while {state}" for state in ("cleared", "broadcast", "settled")}
    wanted |= {"note_overdue", "reorganise", "stray", "pay_in_parts", "look", "people", "revise"}
    assert wanted - PLAYED.keys() == set()
    assert PLAYED["clear"] >= 3 * len(SEEDS)
