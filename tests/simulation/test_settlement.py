"""Whole histories of settlement, each from a seed: random trade, random trouble, and no lies.

A history is two cycles of one house on one chain. Debtors pay late, in parts, or too much;
blocks are reorganised, never as deep as finality; institutions do not answer; the house is killed
between any two of its steps, and looks when it happens to. At every step the books must hold, and
when the trouble ends every cycle must settle.

`CLEARHOUSE_SEEDS=1000` plays more than the usual number of histories.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from random import Random

import pytest
from tests.stage import Points, Stage, Stop, fragile, stop
from tests.staging import OpenStage

from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.signer.client import SignerClient
from clearhouse.core.ledger import AccountKind
from clearhouse.core.settlement import (
    BatchSigned,
    CycleSettled,
    NoLongerCleared,
    SignersTooFew,
    State,
)
from clearhouse.operations.settle import settle
from clearhouse.store import cycles

SEEDS = range(int(os.environ.get("CLEARHOUSE_SEEDS", "100")))
NODE_SEEDS = range(2)
STEPS = 40  # of trouble, for each cycle
NORTH, SOUTH = "ABCD", "bcde"
KILLS = ("after sign", "committed", "before submit", "after submit", "after sight")
PLAYED: dict[int, Counter[str]] = {}  # what happened in the histories of this run


@dataclass
class At(Points):
    """Points of one name alone."""

    name: str = ""

    def reach(self, name: str) -> None:
        if name == self.name:
            super().reach(name)


@dataclass
class History:
    """One house, as it goes through a seed's events."""

    stage: Stage
    dice: Random
    happened: Counter[str] = field(default_factory=Counter)
    owed: dict[bytes, int] = field(default_factory=dict)  # by script: what is not paid in yet
    sent: list[bytes] = field(default_factory=list)  # pay-ins, as their payers' wallets keep them
    signers: dict[str, SignerClient] = field(default_factory=dict)
    state: State = State.CLEARED  # when last looked at
    txid: str | None = None

    def play(self) -> Counter[str]:
        self.signers = dict(self.stage.house.rail.signers)
        for _ in range(2):
            self.stage.trade(self.trades())
            self.owed = {one.script: one.units for one in self.stage.clear().pay_ins}
            self.state, self.txid = State.CLEARED, None
            self.observe()
            for _ in range(STEPS):
                self.trouble()
                self.observe()
                if self.state is State.SETTLED:
                    break
            self.calm()
        self.paid_out()
        return self.happened

    def trades(self) -> str:
        """A few trades across the border; some cancel, some are worth a few satoshi."""
        if self.dice.random() < 0.2:  # nothing is left to pay out, or too little for the chain
            return self.dice.choice(("A>b 0.01, b>A 0.01", "A>b 0.00000200, C>b 0.00000100"))
        lines = ["A>b 0.01"] if self.dice.random() < 0.7 else []
        for _ in range(self.dice.randint(1, 7)):
            pair = [self.dice.choice(NORTH), self.dice.choice(SOUTH)]
            self.dice.shuffle(pair)
            units = self.dice.choice((200, 40_000, 40_000, 1_000_000, self.dice.randint(1, 10**6)))
            lines.append(f"{'>'.join(pair)} {units / 10**8:.8f}")
            if self.dice.random() < 0.2:
                lines.append(f"{'>'.join(reversed(pair))} {units / 10**8:.8f}")
        return ", ".join(lines)

    def trouble(self) -> None:
        waits = self.state is State.CLEARED  # for pay-ins; then there is little else to upset
        acts = {
            self.pay: 10 if waits else 1,
            self.mine: 8,
            self.look: 3 if waits else 8,
            self.crash: 5 if any(self.owed.values()) else 10,
            self.reorganise: 1 if waits else 8 if self.state is State.CONFIRMED else 3,
            self.outage: 2,
            self.list_somebody: 1,
            self.forget: 3,
            self.restart: 0.3,
        }
        (act,) = self.dice.choices(list(acts), list(acts.values()))
        act()

    def pay(self) -> None:
        """One debtor pays: all, a part, or more than it owes; or again, having paid."""
        if not self.owed:
            return
        late = [script for script, left in self.owed.items() if left]
        script = self.dice.choice(sorted(late or self.owed))
        left = self.owed[script]
        units = self.dice.choice((left, left, left // 2, left // 3, left + 5_000))
        if left == 0 and self.dice.random() < 0.1:
            units = 7_000
            self.happened["paid twice"] += 1
        if units < 330:  # the least that a network relays to the vault
            units = 330 if left else 0
        if units:
            self.happened["paid in part"] += units < left
            self.happened["paid too much"] += units > left
            self.send(script, units)

    def send(self, script: bytes, units: int) -> None:
        raw = self.stage.payment((script, units))
        self.stage.chain.submit(raw)
        self.sent.append(raw)
        self.owed[script] = max(0, self.owed[script] - units)

    def mine(self) -> None:
        self.stage.clock.forward(minutes=self.dice.randint(1, 20))
        self.stage.mine(self.dice.randint(1, 3 if self.state is State.CLEARED else 2))

    def look(self) -> None:
        try:
            settle(self.stage.house, self.stage.cycle)
        except (SignersTooFew, NoLongerCleared) as refusal:
            self.happened[refusal.code] += 1

    def crash(self) -> None:
        """The house is killed between two of its steps."""
        points: Points = Points(self.dice.randint(1, 20), stop)
        if name := self.dice.choice(("", *KILLS)):
            points = At(self.dice.randint(1, 2), stop, name=name)
        try:
            settle(fragile(self.stage.house, points), self.stage.cycle)
        except Stop:
            self.happened[f"killed {points.names[-1]}"] += 1
        except (SignersTooFew, NoLongerCleared) as refusal:
            self.happened[refusal.code] += 1

    def reorganise(self) -> None:
        """Never as deep as finality, nor into what was before the history."""
        depth = min(self.dice.choice((1, 1, 2, 3, 5)), self.stage.deep - 1)
        if self.stage.chain.tip().height - depth > self.stage.since + self.stage.deep:
            self.stage.reorganise(depth)
            self.happened["reorganised"] += 1

    def outage(self) -> None:
        self.stage.sign_with(self.signers)
        count = self.dice.choice((0, 0, 1, 2, 3))
        self.stage.sign_with(self.stage.dark(*self.dice.sample(sorted(self.signers), count)))

    def list_somebody(self) -> None:
        letter = self.dice.choice((*NORTH, *SOUTH, "", "", "", ""))
        self.stage.publish(*([self.stage.firm(letter).name] if letter else []))

    def forget(self) -> None:
        """The mempool is lost; payers' wallets hand in again, the batch is the house's to mind."""
        chain, txid = self.stage.chain, self.stage.row().txid
        if isinstance(chain, EmbeddedChain) and txid and chain.sight([txid])[txid].in_mempool:
            chain._mempool._waiting.clear()
            chain._mempool._spends.clear()
            for raw in self.sent:
                chain.submit(raw)
            self.stage.check()
            settle(self.stage.house, self.stage.cycle)
            assert chain.sight([txid])[txid].in_mempool
            self.happened["handed in again"] += 1

    def restart(self) -> None:
        # What was forgotten behind its back is in the embedded chain's own file.
        if isinstance(self.stage.chain, EmbeddedChain) and not self.happened["handed in again"]:
            self.stage.stop()
            self.stage.restart()

    def observe(self) -> None:
        """What must hold at every step."""
        stage, chain = self.stage, self.stage.chain
        stage.check()
        assert stage.balance("house", AccountKind.CLEARING) == 0
        row = stage.row()
        if row.state is not self.state:
            self.happened[f"{self.state} to {row.state}"] += 1
            self.happened["no batch"] += row.state is State.SETTLED and not row.txid
            assert self.state is not State.SETTLED
        assert self.txid in {None, row.txid}, "another batch"
        self.state, self.txid = row.state, row.txid
        assert [one.txid for one in stage.facts(BatchSigned)] == ([row.txid] if row.txid else [])
        if row.txid:
            seen = chain.sight([row.txid])[row.txid]
            assert all(one.final for one in cycles.pay_ins(stage.house.db, stage.cycle))
            assert seen.depth >= stage.deep or row.state is not State.SETTLED
        for done in stage.facts(CycleSettled):
            assert row.state is State.SETTLED
            assert (done.txid, done.block) == (row.txid or "", row.block or "")
            assert done.depth >= done.depth_final or not done.txid

    def calm(self) -> None:
        """The trouble ends: everybody pays, answers and is in the clear."""
        stage = self.stage
        stage.sign_with(self.signers)
        stage.publish()
        for script, units in sorted(self.owed.items()):
            if units:
                self.send(script, max(units, 330))
        for _ in range(3):
            settle(stage.house, stage.cycle)
            self.observe()
            stage.mine(stage.deep)
        assert settle(stage.house, stage.cycle).state is State.SETTLED
        self.observe()
        self.happened["settled"] += 1

    def paid_out(self) -> None:
        """Everybody has received what all cycles said, once."""
        rows = self.stage.house.db.execute(
            "SELECT participant, sum(units)::bigint FROM pay_out GROUP BY participant"
        ).fetchall()
        told = {who: units for who, units in rows}  # noqa: C416 - rows are of two columns
        for letter in (*NORTH, *SOUTH):
            who = self.stage.firm(letter).id
            assert self.stage.received(letter) == told.pop(who, 0)
        assert not told


def history(seed: int, open_stage: OpenStage) -> Counter[str]:
    """Play a seed's history, unless it was played in this run."""
    if seed not in PLAYED:
        with open_stage() as stage:
            PLAYED[seed] = History(stage, Random(seed)).play()
    return PLAYED[seed]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_history_ends_settled_and_never_lies(seed: int, open_stage: OpenStage) -> None:
    assert history(seed, open_stage)["settled"] >= 2


@pytest.mark.external
@pytest.mark.parametrize("seed", NODE_SEEDS)
def test_a_history_on_a_real_node_ends_settled(seed: int, node_stage: Stage) -> None:
    assert History(node_stage, Random(seed)).play()["settled"] >= 2


def test_the_histories_are_hard_enough(open_stage: OpenStage) -> None:
    """A simulation in which nothing goes wrong proves nothing: every trouble must have come."""
    happened = sum((history(seed, open_stage) for seed in SEEDS), Counter[str]())
    needed = {
        *("paid in part", "paid too much", "paid twice", "reorganised", "no batch"),
        *("handed in again", "settlement.signers-too-few", "settlement.no-longer-cleared"),
        *(f"killed {name}" for name in KILLS),
        # From look to look; a cycle seldom stops at the states between.
        *("cleared to funded", "cleared to signed", "funded to broadcast", "signed to broadcast"),
        *("broadcast to confirmed", "confirmed to broadcast"),
        *("broadcast to settled", "confirmed to settled"),
    }

    missing = sorted(name for name in needed if not happened[name])
    assert not missing, f"never happened: {missing} in {happened}"
