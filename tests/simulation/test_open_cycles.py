"""Histories of several open cycles, each from a seed: paid, looked at and ended in any order.

The same few firms owe in one cycle, and are owed in another. At every step the books must hold,
and a cycle's coins be there for it; in the end everybody has received what all cycles said.

`CLEARHOUSE_SEEDS=1000` plays more than the usual number of histories.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest
from tests.stage import Points, Stage, Stop, fragile, stop
from tests.staging import OpenStage

from clearhouse.core.ids import CycleId
from clearhouse.core.ledger import AccountKind
from clearhouse.core.settlement import BatchOnItsWay, PayInFinal, SignersTooFew, State
from clearhouse.operations.settle import settle
from clearhouse.store import cycles

SEEDS = range(int(os.environ.get("CLEARHOUSE_SEEDS", "100")) // 5)
STEPS, OPEN_MAX = 60, 4
PLAYED: dict[int, Counter[str]] = {}  # what happened in the histories of this run


@dataclass
class OpenCycles:
    """One house, as it goes through a seed's events."""

    stage: Stage
    dice: Random
    owed: dict[CycleId, dict[bytes, int]] = field(default_factory=dict)  # of open cycles
    happened: Counter[str] = field(default_factory=Counter)

    def play(self) -> Counter[str]:
        signers = dict(self.stage.house.rail.signers)
        acts = {self.clear: 3, self.pay: 8, self.mine: 8, self.look: 8, self.crash: 3}
        for _ in range(STEPS):
            some = self.dice.sample(sorted(signers), self.dice.choice((0, 0, 0, 2)))
            self.stage.sign_with(signers)
            self.stage.sign_with(self.stage.dark(*some))
            (act,) = self.dice.choices(list(acts), list(acts.values()))
            act()
            self.observe()
        self.stage.sign_with(signers)
        self.end()
        return self.happened

    def clear(self) -> None:
        """Some of them owe each other anew."""
        if len(self.owed) == OPEN_MAX:
            return
        pairs = [
            self.dice.choice(("A>b", "b>A", "C>b", "b>C", "A>d"))
            for _ in range(self.dice.randint(1, 4))
        ]
        units = self.dice.choice((200, 40_000, 1_000_000))
        done = self.stage.cleared(", ".join(f"{pair} {units / 10**8:.8f}" for pair in pairs))
        self.owed[done.cycle] = {one.script: one.units for one in done.pay_ins}
        self.happened["opened beside others"] += len(self.owed) > 1
        credits, debits = {}, {}
        for id in self.owed:
            credits[id] = cycles.credits(self.stage.house.db, id).keys()
            debits[id] = {one.participant for one in cycles.pay_ins(self.stage.house.db, id)}
        ends = [(a, b) for a in credits for b in debits if credits[a] & debits[b]]
        self.happened["owes here and is owed there"] += bool(ends)

    def pay(self) -> None:
        """A debtor pays for one of the cycles; in two parts, at times."""
        late = [(id, at) for id, owed in self.owed.items() for at, left in owed.items() if left]
        if late:
            id, script = self.dice.choice(late)
            left = self.owed[id][script]
            units = max(330, self.dice.choice((left, left, left, left // 2, 2 * left)))
            self.happened["paid too much"] += units > left
            self.stage.pay((script, units))
            self.owed[id][script] = max(0, left - units)

    def mine(self) -> None:
        self.stage.clock.forward(minutes=self.dice.randint(1, 20))
        self.stage.mine(self.dice.randint(1, self.stage.deep))

    def look(self) -> None:
        if self.owed:
            self.settle(self.dice.choice(list(self.owed)), Points(0, stop))

    def crash(self) -> None:
        """The house is killed between two of its steps."""
        if self.owed:
            points = Points(self.dice.randint(1, 20), stop)
            self.settle(self.dice.choice(list(self.owed)), points)

    def settle(self, id: CycleId, points: Points) -> None:
        house, first = self.stage.house, next(iter(self.owed))
        waits = {one.script for one in cycles.awaited(house.db, id)}
        paid = any(one.script in waits for one in self.stage.chain.coins())
        try:
            state = settle(fragile(house, points), id).state
        except (BatchOnItsWay, SignersTooFew) as refusal:
            self.happened[refusal.code] += 1
            return
        except Stop:
            self.happened["killed"] += 1
            return
        if state is State.SETTLED:
            del self.owed[id]
            self.happened["settled before an older one"] += id != first
        self.happened["paid out beside others' coins"] += paid and state is State.BROADCAST

    def observe(self) -> None:
        """What must hold at every step: each open position is in the books, and nothing else."""
        self.stage.check()
        house, positions = self.stage.house, Counter[str]()
        for letter in "AbCd":
            assert self.stage.balance(letter) >= 0
        with house.db.transaction():
            for id in cycles.open_cycles(house.db):
                for who, units in cycles.credits(house.db, id).items():
                    positions[who] += units
                for one in cycles.pay_ins(house.db, id):
                    positions[one.participant] -= 0 if one.final else one.units
        for letter in "AbCd":
            mine = self.stage.balance(letter, AccountKind.IN_CLEARING)
            assert mine == positions[self.stage.firm(letter).id]
        assert self.stage.balance("house", AccountKind.CLEARING) == 0

    def end(self) -> None:
        """Everybody pays, and all cycles settle, the newest first."""
        for owed in self.owed.values():
            for script, left in owed.items():
                if left:
                    self.stage.pay((script, max(330, left)))
        for _ in range(3 * len(self.owed)):
            self.stage.mine(self.stage.deep)
            for id in reversed(list(self.owed)):
                self.settle(id, Points(0, stop))
            self.observe()
        assert not self.owed
        for letter in "AbCd":
            finals = self.stage.facts(PayInFinal, self.stage.firm(letter).id)
            self.happened["paid by a balance alone"] += any(not one.units for one in finals)
            self.happened["paid by both"] += any(one.units and one.balance for one in finals)
        told = self.stage.house.db.execute(
            "SELECT participant, sum(units)::bigint FROM pay_out GROUP BY participant"
        )
        paid = {who: units for who, units in told}  # noqa: C416 - rows are of two columns
        for letter in "AbCd":
            assert self.stage.received(letter) == paid.get(self.stage.firm(letter).id, 0)


def history(seed: int, open_stage: OpenStage) -> Counter[str]:
    """Play a seed's history, unless it was played in this run."""
    if seed not in PLAYED:
        with open_stage() as stage:
            PLAYED[seed] = OpenCycles(stage, Random(seed)).play()
    return PLAYED[seed]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_cycles_settle_in_whatever_order(seed: int, open_stage: OpenStage) -> None:
    history(seed, open_stage)


def test_the_histories_are_hard_enough(open_stage: OpenStage) -> None:
    """A simulation in which cycles never meet proves nothing."""
    happened = sum((history(seed, open_stage) for seed in SEEDS), Counter[str]())
    needed = (
        *("opened beside others", "owes here and is owed there", "settled before an older one"),
        *("paid out beside others' coins", "killed"),
        *("paid too much", "paid by a balance alone", "paid by both"),
        *("settlement.batch-on-its-way", "settlement.signers-too-few"),
    )

    missing = [name for name in needed if not happened[name]]
    assert not missing, f"never happened: {missing} in {happened}"
