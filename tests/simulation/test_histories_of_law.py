"""Histories of the law: whatever happened, each decision comes out the same to the byte.

A history is a few days of one house, drawn from a seed: files come in, days pass, lists change,
rates are fixed, laws with windows and programmes come into force, licences are entered, firms take
other names, a gate stands open meanwhile, and what was decided is decided again.

`CLEARHOUSE_SEEDS=1000` plays more than the usual number of histories.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from itertools import count
from random import Random

import pytest
from tests.admitted import let_in, licence_of
from tests.enacted import (
    Market,
    adding,
    bodies,
    enact,
    facts,
    linked,
    open_market,
    pilot,
)
from tests.hands import BELA, CORA, agree
from tests.laws import Law, read
from tests.recorded import enter

from clearhouse.core.command import GrantDealing
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId
from clearhouse.core.participant import LegalEntity
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.rulebook.activation import ActivatedBefore
from clearhouse.demo.country import Country
from clearhouse.operations.impact import impact
from clearhouse.operations.prove import Proven, prove
from clearhouse.operations.screen import Gate, open_gate

MONTH = 30  # days
SEEDS = range(int(os.environ.get("CLEARHOUSE_SEEDS", "6")))
STEPS = 36
PLAYED: dict[int, Counter[str]] = {}  # what there was in the histories of this run
Open = Callable[[], AbstractContextManager[Market]]


@dataclass
class History:
    """A few days of a house, drawn from a seed."""

    market: Market
    dice: Random
    ids: list[ObligationId] = field(default_factory=list)
    gate: Gate | None = None  # one that stands open, or none
    fixed: set[tuple[str, date]] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=count)

    def play(self) -> None:
        acts = {
            self.trade: 10,
            self.ask: 6,
            self.time: 4,
            self.fix: 3,
            self.law: 2,
            self.publish: 2,
            self.licence: 1,
            self.rename: 1,
            self.dealing: 3,
            self.open: 1,
        }
        for act in self.dice.choices(list(acts), list(acts.values()), k=STEPS):
            act()

    def trade(self) -> None:
        pairs = self.dice.choices(["A>b", "A>c", "C>b", "b>A", "A>C"], k=self.dice.randint(1, 4))
        amounts = ("10.00 USD", "60.00 USD", "40.00 EUR", "0.001 BTC")
        text = ", ".join(f"{pair} {self.dice.choice(amounts)}" for pair in pairs)
        day = self.market.clock().date() - timedelta(days=self.dice.randrange(5))
        self.ids += self.market.trade(text, traded_on=day, gate=self.gate)

    def ask(self) -> None:
        some = self.dice.sample(self.ids, min(len(self.ids), self.dice.randint(1, 6)))
        if some:
            self.market.ask_again(*some, gate=self.gate)

    def time(self) -> None:
        self.market.clock.forward(hours=self.dice.choice([1, 3, 8]))
        self.publish()

    def publish(self) -> None:
        names = [self.market.firm(letter).name for letter in "AbcC"]
        self.market.publish(*self.dice.sample(names, self.dice.choice([0, 1, 1])))

    def fix(self) -> None:
        self.market.clock.at = max(self.market.clock(), self.market.clock().replace(hour=17))
        self.publish()
        rate = (self.dice.choice(["USD", "EUR"]), self.market.clock().date())
        if rate not in self.fixed:
            self.fixed.add(rate)
            self.market.fix(rate[0], self.dice.choice([40_000, 50_000, 60_000]))

    def law(self) -> None:
        at = self.market.clock() + timedelta(hours=self.dice.choice([0, 0, 5]))
        law = drawn_law(self.dice.randrange(8), tuple(self.market.firm(one).id for one in "AbC"))
        with suppress(ActivatedBefore):
            enact(self.market.house, law, at)

    def licence(self) -> None:
        firm, since = self.market.firm(self.dice.choice("AbC")), self.market.clock().date()
        kind, until = self.dice.choice(["bank", "exporter", "platform"]), since + timedelta(days=1)
        issuer = f"Issuer {self.dice.randrange(9)}"
        let_in(self.market.house, licence_of(firm.id, kind, issuer, since, until))

    def rename(self) -> None:
        firm = self.market.firm(self.dice.choice("AbC"))
        called = f"{firm.name} {next(self.numbers)}"
        address = firm.wallet.address
        one = LegalEntity(firm.id, called, firm.residence, address)
        enter(self.market.house, self.market.folder, one)

    def dealing(self) -> None:
        who, today = self.market.firm(self.dice.choice("AbC")).id, self.market.clock().date()
        first, last = (today + timedelta(days=days) for days in (self.dice.randrange(2), 2))
        entry = self.dice.choice(["9007", "9007", "9008"])  # the first one that was added
        action = GrantDealing(who, "OFAC-SDN", entry, "Authority", "ab" * 32, first, last)
        agree(self.market.house, action, BELA, CORA)

    def open(self) -> None:
        self.gate = open_gate(self.market.house) if self.dice.random() < 0.7 else None


@cache
def drawn_law(number: int, leis: Sequence[str]) -> Rulebook:
    """A law with windows of any kind, and perhaps a programme that waives one of them."""
    dice, more = Random(number), list[Law]()
    for place in range(dice.randint(1, 3)):
        what = dice.choice(["window.count", "window.total.EUR", "window.total.USD"])
        by = dice.choice(["pair", "asset", "party"])
        scope = {"roles": [dice.choice(["debtor", "creditor"]) if by == "party" else "transaction"]}
        limits: Sequence[int | str] = (
            [1, 2, 4] if what == "window.count" else ["60.00", "100.00", "150.00"]
        )
        limit, days = dice.choice(limits), dice.choice([1, 2, 5])
        law = linked(what, by, limit, days, applies_to=scope, waivable=True)
        ((_, content),) = law.items()
        content["rule"][0]["id"] = f"XA.caps.linked-{place}"
        more.append(law)
    if more and dice.random() < 0.6:
        cap = {"value": dice.choice(["100.00", "50.00"]), "unit": dice.choice(["USD", "EUR"])}
        more.append(pilot({dice.choice(["total", "payment"]): cap}, ["XA.caps.linked-0"], leis))
    return read(adding(*more))


@pytest.fixture
def open_one(
    admin_url: str,
    register: str,
    rulebook: Rulebook,
    people: Country,
    tmp_path_factory: pytest.TempPathFactory,
) -> Open:
    """A house for a history: `with open_one() as market`."""

    def opened() -> AbstractContextManager[Market]:
        folder = tmp_path_factory.mktemp("history")
        return open_market((admin_url, register), rulebook, people, folder)

    return opened


def history(seed: int, open_one: Open) -> Counter[str]:
    """Play a seed's history, unless it was played in this run, and ask all of it again."""
    if seed not in PLAYED:
        with open_one() as market:
            one = History(market, Random(seed))
            one.play()
            PLAYED[seed] = proven(one)
    return PLAYED[seed]


def proven(history: History) -> Counter[str]:
    """That each decision comes out the same; answers what there was in the history."""
    house = history.market.house
    decided, kept = facts(house.db, GateDecided), bodies(house.db)
    versions = {str(json.loads(kept[one.findings[0]])["rulebook"]) for one in decided}

    assert prove(house, MONTH, lambda _: None) == Proven(len(decided), tuple(sorted(versions)))
    told = impact(house, house.rulebook, MONTH, lambda _: None)
    assert told.decisions == len(decided)
    found = Counter(one.verdict for one in decided)
    found["decided again"] = len(decided) - len(history.ids)
    found["renamed"] = next(history.numbers)
    found["further versions"] = len(versions) - 1
    for code in ("gate.listed-party", "gate.listed-party-licensed"):
        found[code] = any(f'"{code}"' in body for body in kept.values())
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_any_history_comes_out_the_same(seed: int, open_one: Open) -> None:
    """Each decision, to the byte, under the law, the lists and the rates of its instant."""
    assert history(seed, open_one)["decided again"] > 0


def test_the_histories_are_hard_enough(open_one: Open) -> None:
    seen = sum((history(seed, open_one) for seed in range(6)), Counter[str]())
    assert min(seen["clear"], seen["hold"], seen["deny"], seen["decided again"]) > 20, seen
    assert min(seen["further versions"], seen["renamed"]) > 1, seen
    assert min(seen["gate.listed-party"], seen["gate.listed-party-licensed"]) > 0, seen
