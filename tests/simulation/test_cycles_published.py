"""Cycles by timetable, each history from a seed: whatever meets, what is published passes.

A history is some days of one house: cycles of two kinds and of none are open beside each other,
obligations are taken back by one side or both, firms are listed and struck from the list, are
capped, and pay in late or in parts, what was asked for is given up; the clock goes over cut-offs,
settlements and nights. At every step the ledger holds what the vault does; at every closing the
day, and what one firm is told, pass the verifier. In the end a replay of the journal makes the same
house.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import LiteralString

import pytest
from tests.conftest import new_database
from tests.hands import CORA, agree, enrol, release
from tests.operations.test_caps import cap
from tests.operations.test_publish import published, wrong
from tests.recorded import enter
from tests.stage import Stage
from tests.staging import OpenStage, under

from clearhouse.core.command import GiveUpBatch
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.money import USD
from clearhouse.core.participant import Attachment
from clearhouse.core.person import Role
from clearhouse.core.rulebook.rule import TimetableRule
from clearhouse.core.settlement import ENDED
from clearhouse.core.timetable import Moment
from clearhouse.demo import market
from clearhouse.operations import books
from clearhouse.operations.affirm import affirm
from clearhouse.operations.clear import clear_cycle
from clearhouse.operations.explain import explain
from clearhouse.operations.fix import fix
from clearhouse.operations.replay import replay
from clearhouse.operations.rescind import rescind
from clearhouse.operations.revise import revise
from clearhouse.operations.settle import settle
from clearhouse.store import cycles, obligations
from clearhouse.store.connection import connect
from clearhouse.store.cycles import PayIn

SEEDS = range(int(os.environ.get("CLEARHOUSE_SEEDS", "2")))
STEPS = 90
UNDATED = 15  # steps before the law has timetables
PAIRS = ("A>b", "b>C", "C>b", "b>A", "C>d", "d>A", "A>d", "D>b", "D>C")
AMOUNTS = ("0.05", "0.02", "0.004", "0.00000300", "1500.00 USD")
FIRMS = "AbCdD"
UNDATED_SQL: LiteralString = (
    "SELECT count(*) FROM obligation WHERE state = 'affirmed' AND value_date IS NULL"
)
PLAYED: dict[int, Counter[str]] = {}  # what happened in the histories of this run


def two_kinds(rules: tuple[TimetableRule, ...]) -> tuple[TimetableRule, ...]:
    """The daily cycle, and one that is cut off three days before it settles."""
    (daily,) = rules
    moments = tuple(
        Moment(one.day - 3, one.at) if number < 3 else one
        for number, one in enumerate(daily.moments)
    )
    head = replace(daily.head, id="XA.clearing.slow")
    return (daily, replace(daily, head=head, cycle="slow", moments=moments, cases={}))


@dataclass
class History:
    """A house, as it goes through a seed's events."""

    stage: Stage
    dice: Random
    folder: Path
    happened: Counter[str] = field(default_factory=Counter)
    made: list[ObligationId] = field(default_factory=list)
    owed: dict[CycleId, list[PayIn]] = field(default_factory=dict)  # of cycles, as called

    def play(self) -> Counter[str]:
        enrol(self.stage.house, CORA, Role.SUPERVISOR, Role.COMPLIANCE, Role.OPERATOR)
        self.stage.publish()
        abroad = Attachment(self.stage.firm("D").id, "XD", "branch", self.stage.clock().date())
        enter(self.stage.house, self.folder, abroad)
        steps = [step for step, times in self.steps().items() for _ in range(times)]
        law = self.stage.house.laws.first
        self.stage.house = under(self.stage.house, replace(law, timetables=()))
        for number in range(STEPS):
            if number == UNDATED:
                timed = replace(law, timetables=two_kinds(law.timetables))
                self.stage.house = under(self.stage.house, timed)
            self.stage.clock.forward(seconds=self.dice.randint(1, 40))
            self.take(self.dice.choice(steps))
            self.stage.check()
            if self.dice.random() < 0.15:
                self.close()
        self.close()
        return self.happened

    def steps(self) -> dict[Callable[[], None], int]:
        """What may happen, and how often beside the rest."""
        return {
            self.trade: 9,
            self.affirm: 2,
            self.rescind_one: 2,
            self.rescind_both: 2,
            self.clear_any: 4,
            self.clear_daily: 6,
            self.clear_slow: 3,
            self.revise: 9,
            self.pay: 8,
            self.mine: 6,
            self.release: 4,
            self.settle: 8,
            self.drive: 6,
            self.give_up: 4,
            self.wait: 3,
            self.to_clearing: 2,
            self.rates: 2,
            self.cap: 2,
            self.look: 2,
        }

    def take(self, step: Callable[[], None]) -> None:
        """Let something happen, if it may."""
        needs = {"revise", "pay", "release", "settle", "drive", "give_up"}
        if step.__name__ in needs and not cycles.open_cycles(self.stage.house.db):
            step = self.bring
        try:
            step()
            self.happened[step.__name__] += 1
        except Refusal as refused:
            self.happened[f"{step.__name__}: {refused.code}"] += 1

    def close(self) -> None:
        stage = self.stage
        books.close(stage.house)
        open_now = cycles.open_cycles(stage.house.db)
        self.happened["closed while several were open"] += len(open_now) > 1
        self.count("closed before it was cleared, with no value date", UNDATED_SQL)
        letter = self.dice.choice(FIRMS)
        for who in (None, stage.firm(letter).id):
            published(stage, self.folder / "bundle", who)
            found = wrong(stage, self.folder / "bundle")
            assert found == {}, f"of {letter if who else 'the day'}"
        self.happened["closed"] += 1

    def count(self, name: str, question: LiteralString) -> None:
        """Count what the house has of something now."""
        (found,) = self.stage.house.db.execute(question).fetchone() or (0,)
        self.happened[name] += found

    # --- what may happen

    def trade(self) -> None:
        for _ in range(self.dice.randint(2, 5)):
            text = f"{self.dice.choice(PAIRS)} {self.dice.choice(AMOUNTS)}"
            self.made += self.stage.trade(text, affirmed=self.dice.random() < 0.8)

    def affirm(self) -> None:
        for letter in FIRMS:
            affirm(self.stage.house, self.stage.firm(letter).id, self.some())

    def some(self) -> list[ObligationId]:
        return self.dice.sample(self.made, min(len(self.made), 4))

    def rescind_one(self) -> None:
        self.ask(self.dice.choice(FIRMS))

    def rescind_both(self) -> None:
        self.ask(*FIRMS)

    def ask(self, *letters: str) -> None:
        some = self.some()
        for letter in letters:
            for one in rescind(self.stage.house, self.stage.firm(letter).id, some):
                said = one.refusal.code if one.refusal else one.state
                self.happened[f"rescind: {said}"] += 1

    def clear(self, kind: str) -> None:
        id = self.stage.next_cycle()
        done = clear_cycle(self.stage.house, id, kind=kind)
        self.owed[id] = done.pay_ins
        self.happened[f"cleared beside {len(cycles.open_cycles(self.stage.house.db)) - 1}"] += 1

    def bring(self) -> None:
        """Something to clear, and an hour at which it may be."""
        self.trade()
        self.to_clearing()
        self.clear(self.dice.choice(("", "daily", "daily", "slow")))

    def clear_any(self) -> None:
        self.clear("")

    def clear_daily(self) -> None:
        self.clear("daily")

    def clear_slow(self) -> None:
        self.clear("slow")

    def open_one(self) -> CycleId:
        found = cycles.open_cycles(self.stage.house.db)
        return self.dice.choice(found) if found else self.stage.next_cycle()

    def revise(self) -> None:
        """Somebody was listed; perhaps it is struck from the list afterwards."""
        stage, id, new = self.stage, self.open_one(), self.stage.next_cycle()
        stage.publish(stage.firm(self.dice.choice(FIRMS)).name)
        before = self.state(id)
        try:
            done = revise(stage.house, id, new)
        finally:
            if self.dice.random() < 0.7:
                stage.publish()
        self.happened[f"unwound: {before}"] += 1
        self.happened["nothing of it was cleared again"] += done.cleared is None
        if done.cleared:
            self.owed[new] = done.cleared.pay_ins

    def state(self, id: CycleId) -> str:
        if not cycles.is_known(self.stage.house.db, id):
            return ""
        with self.stage.house.db.transaction():
            return str(cycles.cycle(self.stage.house.db, id).state)

    def pay(self) -> None:
        """For any cycle, whatever became of it; in parts or too much, at times."""
        owed = list(self.owed.items())
        current = set(cycles.open_cycles(self.stage.house.db)) | {owed[-1][0] if owed else ""}
        calls = [one for id, called in owed if id in current for one in called]
        for one in self.dice.sample(calls, min(len(calls), 3)):
            units = self.dice.choice((one.units, one.units, one.units // 2, one.units + 700))
            self.stage.pay((one.script, max(330, units)))

    def mine(self) -> None:
        self.stage.mine(self.dice.choice((1, 2, self.stage.deep)))

    def release(self) -> None:
        release(self.stage.house, self.open_one())

    def settle(self) -> None:
        id = self.open_one()
        settle(self.stage.house, id)
        self.happened[f"looked at while {self.state(id)}"] += 1

    def drive(self) -> None:
        """Bring a cycle on its way, perhaps to its end."""
        id = self.open_one()
        with suppress(Refusal):
            release(self.stage.house, id)
        for one in self.owed.get(id, ()):
            self.stage.pay((one.script, max(330, one.units)))
        self.stage.mine(self.stage.deep)
        settle(self.stage.house, id)
        if self.dice.random() < 0.5:
            self.stage.mine(self.stage.deep)
            settle(self.stage.house, id)

    def give_up(self) -> None:
        """The institutions were asked for a cycle's batch, perhaps; two people give it up."""
        id, stage = self.open_one(), self.stage
        with suppress(Refusal):
            release(stage.house, id)
        for one in self.owed.get(id, ()):
            stage.pay((one.script, max(330, one.units)))
        stage.mine(stage.deep)
        signers = stage.house.rail.signers
        stage.sign_with(stage.dark(*list(signers)[: self.dice.randint(2, 3)]))
        try:
            with suppress(Refusal):
                settle(stage.house, id)
        finally:
            stage.sign_with(signers)
        if self.dice.random() < 0.5:
            stage.publish(stage.firm(self.dice.choice(FIRMS)).name)
        agree(stage.house, GiveUpBatch(id, "why not"))
        self.happened["given up"] += 1

    def wait(self) -> None:
        self.stage.clock.forward(hours=self.dice.randint(1, 9))
        self.stage.publish()

    def to_clearing(self) -> None:
        """To the evening of the next working day: daily and slow cycles may be cleared."""
        at = self.stage.clock.at
        evening = at.replace(hour=18, minute=self.dice.randint(0, 59))
        if evening <= at:
            evening += timedelta(days=1)
        while evening.weekday() > 4:
            evening += timedelta(days=1)
        self.stage.clock.at = evening
        self.stage.publish()

    def rates(self) -> None:
        now = self.stage.clock()
        end = min(now.replace(hour=16, minute=0), now - timedelta(minutes=5))
        file = self.stage.folder / f"{self.dice.getrandbits(32)}.csv"
        market.write_trades(file, end, self.dice.choice((50_000.0, 60_000.0)), Random(5))
        fix(self.stage.house, file, USD)

    def cap(self) -> None:
        letter, units = self.dice.choice(FIRMS), self.dice.choice((100, 2_000_000, 6_000_000))
        until = self.dice.choice((None, self.stage.clock().date() + timedelta(days=1)))
        since = self.stage.clock().date() - timedelta(days=self.dice.randint(-1, 1))
        cap(self.stage, letter, units, since=since, until=until)

    def look(self) -> None:
        """Everything can be explained, and what has ended is settled no further."""
        if self.made:
            explain(self.stage.house, self.dice.choice(self.made))
        for id in self.owed:
            explain(self.stage.house, id)
            lines = obligations.lines(self.stage.house.db, id)
            assert lines
        ended = [id for id in self.owed if self.state(id) in ENDED]
        for id in ended[-2:]:
            assert settle(self.stage.house, id).state in ENDED


def history(seed: int, open_stage: OpenStage, folder: Path, admin_url: str) -> Counter[str]:
    """Play a seed's history, unless it was played in this run; replay its journal elsewhere."""
    if seed not in PLAYED:
        with open_stage() as stage:
            stage.clock.forward(days=17 * (seed % 2), hours=7)  # odd ones meet a holiday of Ostland
            happened = History(stage, Random(seed), folder).play()
            with new_database(admin_url) as (_, url), connect(url) as elsewhere:
                replay(stage.house, elsewhere, lambda _: None)
            PLAYED[seed] = happened
    return PLAYED[seed]


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_meets_what_is_published_passes(
    open_stage: OpenStage, tmp_path: Path, admin_url: str, seed: int
) -> None:
    assert history(seed, open_stage, tmp_path, admin_url)["closed"]


def test_the_histories_were_hard_enough(
    open_stage: OpenStage, tmp_path: Path, admin_url: str
) -> None:
    """A simulation in which nothing meets proves nothing."""
    played = (history(seed, open_stage, tmp_path, admin_url) for seed in SEEDS)
    happened = sum(played, Counter[str]())
    needed = {"unwound: cleared", "unwound: funded", "nothing of it was cleared again"}
    needed |= {"given up", "unwound: withdrawn"}
    needed |= {"cleared beside 1", "closed while several were open", "cap"}
    needed |= {"clear_any", "clear_daily", "clear_slow", "looked at while settled"}
    needed |= {"rescind: rescinded", "rescind: affirmed", "rescind: obligation.in-a-cycle"}
    needed |= {"closed before it was cleared, with no value date"}
    needed |= {"drive: settlement.batch-on-its-way"}
    assert [name for name in sorted(needed) if not happened[name]] == []
