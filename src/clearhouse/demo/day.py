"""A trading day of the demo country, from the files that firms send to final settlement.

It plays what people would do, through the same operations that the command line calls. What it
finds wrong it says, and the day fails.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from clearhouse.chains.chain import Coin, Regtest
from clearhouse.chains.vault import script_of
from clearhouse.core import ids
from clearhouse.core.clearing import check
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.money import EUR, USD, decimal
from clearhouse.core.note import Verifier
from clearhouse.core.settlement import NotReleased, State
from clearhouse.demo import country, lists, market, trade
from clearhouse.demo import people as founders
from clearhouse.demo.stage import MORNING, Clock, Mine, Officers
from clearhouse.demo.wallets import Wallet, pay
from clearhouse.demo.witnesses import witnesses
from clearhouse.operations import (
    admit,
    affirm,
    books,
    clear,
    fix,
    intake,
    reconcile,
    report,
    rescind,
    settle,
)
from clearhouse.operations.deposits import deposits
from clearhouse.operations.fund import float_address
from clearhouse.operations.house import House
from clearhouse.operations.log import origin
from clearhouse.operations.past import count
from clearhouse.operations.prove import prove
from clearhouse.operations.publish import period, publish_day, trusted
from clearhouse.operations.report import Report
from clearhouse.operations.screen import Gate, open_gate
from clearhouse.store.cycles import PayIn

BUNDLE, TRUST = "day.bundle", "trust.json"  # in the demo's home
VERIFIER = (sys.executable, "-I", "-m", "clearhouse.verifier")
REGRETS = 2  # which debtor takes an obligation back, with its creditor
LATE = 5  # which debtor affirms after the cut-off
XML_EVERY = 25  # one creditor in so many sends UBL invoices
FEE_RATE = 2  # satoshi a virtual byte
COINBASES = 60  # blocks whose reward the miners can spend when the day begins
FLOAT = 2_000_000  # satoshi that the house keeps for network fees
RESERVE = 50_000  # satoshi that each debtor gets beside its pay-in, for the network's fee


class Failed(Exception):  # noqa: N818 - the word that the demo ends with
    """Something of the day is not as it must be."""


@dataclass
class Day:
    """The day as it goes, and what to look at afterwards."""

    house: House
    clock: Clock
    mine: Mine
    people: country.Country
    officers: Officers
    files: Path
    dice: Random
    say: Callable[[str], None]
    invoices: list[trade.Invoice] = field(default_factory=list)
    late: list[country.Firm] = field(default_factory=list)  # who affirms after the cut-off
    examples: dict[str, ObligationId] = field(default_factory=dict)
    regretted: trade.Invoice | None = None  # which one both sides take back
    report: Report | None = None

    def play(self, obligations: int) -> None:
        """Play the day.

        Raises:
            Failed: Naming what is wrong.
        """
        pair = founders.found(self.house, self.officers)
        self.say("two people founded the house, and gave each other their roles")
        self._morning(pair)
        self._intake(obligations)
        self._noon()
        self._fix()
        self._affirm_late()
        self._take_back()
        cycle, calls = self._clear()
        self._pay_in(calls)
        self._release(cycle, pair)
        self._reorganise(cycle)
        self._finish(cycle)
        self._ask_again()
        self._publish_day()

    def _expect(self, holds: object, what: str) -> None:
        if not holds:
            raise Failed(what)

    def _morning(self, pair: founders.Pair) -> None:
        """Lists are published, everybody is admitted, and the house fills its float."""
        self.mine.blocks(100 + COINBASES, at_once=True)
        held = self.people.traders[2]
        self._publish(lists.misspelt(held.name))
        register = self.files / "participants.csv"
        country.write_register(self.people, register)
        done = admit.read(self.house, register)
        pair.agree(admit.prepare(self.house, done), maker=1)
        tally = done.tally
        codes = {refusal.code for one in done.answers for refusal in one.refusals}
        self._expect(codes == {"participant.lei-wrong"}, f"one wrong LEI is refused: {codes}")
        self.say(
            f"two people admitted {tally['admitted']:,} participants of Norland and Sudmark;"
            f" {tally['refused']} line refused ({', '.join(codes)})"
        )
        self._fill_float()

    def _publish(self, *added: str) -> None:
        at = self.clock() - timedelta(minutes=30)
        lists.write_lists(self.files.parent / "lists", at, added)

    def _fill_float(self) -> None:
        self.house.rail.chain.watch([one.wallet.script for one in self.people.miners])
        self._miners_pay([(float_address(self.house).script, FLOAT)])
        self.mine.blocks(settle.depth_final(self.house))

    def _coins_of(self, *wallets: Wallet) -> list[tuple[Coin, Wallet]]:
        owners = {wallet.script: wallet for wallet in wallets}
        coins = self.house.rail.chain.coins()
        return [(coin, owners[coin.script]) for coin in coins if coin.script in owners]

    def _miners_pay(self, outputs: list[tuple[bytes, int]]) -> None:
        """Let the miners sell coin of theirs: the newest blocks of the three, as much as needed."""
        wanted = sum(units for _, units in outputs) + 1_000_000
        taken: list[tuple[Coin, Wallet]] = []
        for one in self._coins_of(*(miner.wallet for miner in self.people.miners)):
            if sum(coin.units for coin, _ in taken) < wanted:
                taken.append(one)
        change = self.people.miners[0].wallet.script
        self.house.rail.chain.submit(pay(taken, outputs, change, FEE_RATE))

    def _intake(self, count: int) -> None:
        """Creditors send their files; debtors affirm, by their own file or by command."""
        self.clock.move_to(MORNING.replace(hour=10))
        people, today = self.people, self.clock().date()
        self.invoices = trade.invoices(people, count, today, self.dice)
        self._plant(today)
        gate = open_gate(self.house)
        tallies = [self._send(gate, *sent) for sent in self._creditors_files()]
        total = {
            name: sum(tally.outcomes[name] for tally in tallies) for name in ("proposed", "refused")
        }
        verdicts = {
            name: sum(tally.verdicts[name] for tally in tallies)
            for name in ("clear", "hold", "deny")
        }
        self._expect(total["proposed"] == len(self.invoices), f"each is taken in: {total}")
        self._expect(verdicts["hold"] and verdicts["deny"], f"the gate says no too: {verdicts}")
        self.say(
            f"took in {total['proposed']:,} obligations from {len(tallies):,} files,"
            f" {total['refused']} lines refused; the gate: {verdicts['clear']:,} clear,"
            f" {verdicts['hold']} held, {verdicts['deny']} denied"
        )
        debtors = enumerate(trade.by_party(self.invoices, "debtor").items())
        affirmed = sum(self._affirm(gate, n, firm, ours) for n, (firm, ours) in debtors)
        self.say(f"debtors affirmed {affirmed:,}; {len(self.invoices) - affirmed:,} wait for them")

    def _plant(self, today: object) -> None:
        """Add what the day must also show: a hold, a denial, a party that gets listed at noon."""
        traders = self.people.traders
        model = self.invoices[0]

        def add(name: str, debtor: country.Firm, creditor: country.Firm) -> None:
            one = trade.Invoice(
                f"DEMO-{name}", debtor, creditor, "12500.00", "USD", model.traded_on, model.due_on
            )
            self.invoices.append(one)
            self.examples[name] = one.id

        sellers = country.of_role(traders, "XB", "creditor")
        buyers = country.of_role(traders, "XA", "debtor")
        sells_at_home = country.of_role(traders, "XA", "creditor")
        add("held", traders[2], sellers[0])
        add("domestic", buyers[0], next(one for one in sells_at_home if one != buyers[0]))
        add("listed-at-noon", traders[4], sellers[1])
        assert today == self.clock().date()

    def _creditors_files(self) -> list[tuple[country.Firm, Path]]:
        sent = []
        stranger, first = self.people.stranger, self.invoices[0]
        for number, (firm, ours) in enumerate(trade.by_party(self.invoices, "creditor").items()):
            if number % XML_EVERY == 1:  # some send each invoice as XML
                for one in ours:
                    file = self.files / f"{one.reference}.xml"
                    file.write_text(one.ubl(), encoding="utf-8")
                    sent.append((firm, file))
                continue
            more = []
            if number == 0:  # mistakes that people make
                row = ("TYPO-1", first.debtor.id, firm.id, "1e3", "USD", str(first.traded_on))
                more = [
                    (*row, str(first.due_on)),
                    ("TYPO-2", stranger.id, firm.id, "700.00", "XYZ", str(first.traded_on), "soon"),
                ]
            file = trade.write_csv(self.files / f"sales-{firm.id}.csv", ours, *more)
            sent.append((firm, file))
        return sent

    def _send(self, gate: Gate, firm: country.Firm, file: Path) -> intake.Tally:
        return intake.take_in(self.house, file, firm.id, lambda _: None, gate=gate)

    def _affirm(
        self, gate: Gate, number: int, firm: country.Firm, ours: list[trade.Invoice]
    ) -> int:
        """Every third debtor sends its own books, the others affirm what waits; one sleeps."""
        if number == 1:
            self.examples["proposed"] = ours[0].id
            return 0
        if number == LATE:
            self.examples["late"] = ours[0].id
            self.late.append(firm)
            return 0
        if number == REGRETS:
            self.regretted = ours[0]
        if number % 3 == 0:
            file = trade.write_csv(self.files / f"purchases-{firm.id}.csv", ours)
            return self._send(gate, firm, file).outcomes["affirmed"]
        return len(affirm.affirm(self.house, firm.id))

    def _noon(self) -> None:
        """A new edition lists a firm that was admitted in the morning."""
        self.clock.move_to(MORNING.replace(hour=12, minute=30))
        traders = self.people.traders
        self._publish(lists.misspelt(traders[2].name), traders[4].name)
        self.say(f"noon: a new edition of the sanctions list names {traders[4].name}")

    def _fix(self) -> None:
        self.clock.move_to(MORNING.replace(hour=16, minute=5))
        end = MORNING.replace(hour=16)
        for quote, price in ((USD, 60_075.0), (EUR, 55_410.0)):
            file = self.files / f"trades-btc-{quote.code.lower()}.csv"
            market.write_trades(file, end, price, self.dice)
            fixed = fix.fix(self.house, file, quote)
            excluded = [venue.name for venue in fixed.reference.venues if venue.excluded]
            self._expect(excluded == ["glitch"], f"the faulty venue is left out: {excluded}")
            rate = fixed.reference.rate
            self.say(f"fixed {rate} at 16:00 London ({', '.join(excluded)} left out)")

    def _affirm_late(self) -> None:
        """A debtor affirms after the cut-off: what it owes belongs to the cycle after."""
        self.clock.move_to(MORNING.replace(hour=16, minute=45))
        count = sum(len(affirm.affirm(self.house, firm.id)) for firm in self.late)
        self.say(f"one debtor affirmed {count:,} after the cut-off: they are for the next cycle")

    def _take_back(self) -> None:
        """An order was cancelled: both sides take back what it would have been paid by."""
        self.clock.move_to(MORNING.replace(hour=17))
        assert self.regretted is not None
        one, states = self.regretted, []
        for firm in (one.creditor, one.debtor):
            states += [each.state for each in rescind.rescind(self.house, firm.id, [one.id])]
        self._expect(states == ["affirmed", "rescinded"], f"it takes both sides: {states}")
        self.examples["taken back"] = one.id
        self.say("an order was cancelled: both sides took their obligation back in time")

    def _clear(self) -> tuple[CycleId, list[PayIn]]:
        self.clock.move_to(MORNING.replace(hour=18))  # nobody may take anything back any more
        cycle = CycleId(ids.fresh("cyc", self.clock(), self.dice.getrandbits))
        done = clear.clear_cycle(self.house, cycle, kind="daily")
        result, exponent = done.clearing, self.house.coin.exponent
        self._expect(not check(result), f"clearing conserves: {check(result)}")
        self._expect(done.left_out.get("held"), "the held obligation stays out")
        self._expect(done.left_out.get("denied", 0) > 1, "who was listed at noon stays out")
        self._expect(done.left_out.get("for a later cycle"), "who was late waits")
        for what, units in (
            ("gross", result.gross),
            ("set off", result.set_off),
            ("net", result.pay_in),
        ):
            share = units / result.gross
            self.say(f"{what:>8} {decimal(units, exponent):>18} BTC {share:6.1%}")
        left = ", ".join(f"{count:,} {why}" for why, count in sorted(done.left_out.items()))
        self.say(f"cycle of {len(result.lines):,} obligations; left out: {left}")
        self.examples["settled"] = max(result.lines, key=lambda line: line.set_off).due.id
        return cycle, done.pay_ins

    def _pay_in(self, calls: list[PayIn]) -> None:
        """Debtors buy coin of the miners, and pay in to the vault, each at its own address."""
        chain = self.house.rail.chain
        firms = {firm.id: firm for firm in self.people.firms()}
        wallets = {one.participant: firms[one.participant].wallet for one in calls}
        chain.watch([wallet.script for wallet in wallets.values()])
        self._miners_pay([(wallets[one.participant].script, one.units + RESERVE) for one in calls])
        self.mine.blocks(1)
        coins = {
            wallet.script: (coin, wallet) for coin, wallet in self._coins_of(*wallets.values())
        }
        for one in calls:
            wallet = wallets[one.participant]
            to = script_of(one.address, self.house.network)
            chain.submit(pay([coins[wallet.script]], [(to, one.units)], wallet.script, FEE_RATE))
        self.mine.blocks(1)
        arrived = [one for one in deposits(self.house) if one.at.participant]
        self._expect(len(arrived) == len(calls), f"{len(arrived)} of {len(calls)} arrived")
        self.say(f"{len(calls):,} debtors paid in to the 2-of-3 vault")

    def _release(self, cycle: CycleId, pair: founders.Pair) -> None:
        early = settle.settle(self.house, cycle)
        self._expect(early.state is State.CLEARED, "nothing is released before pay-ins are final")
        self.mine.blocks(early.depth_final - 1)
        try:
            settle.settle(self.house, cycle)
        except NotReleased:
            self.say("pay-ins final; nothing is signed before two people release it")
        else:
            raise Failed("the batch was signed before two people released it")
        pair.release(cycle)
        done = settle.settle(self.house, cycle)
        self._expect(done.state is State.BROADCAST, f"the batch is broadcast, not {done.state}")
        self.say("released by two people; two institutions signed, batch broadcast")

    def _reorganise(self, cycle: CycleId) -> None:
        """Two confirmations, then a longer branch without the batch."""
        chain: Regtest = self.mine.chain
        fork = chain.tip()
        self.mine.blocks(2)
        seen = settle.settle(self.house, cycle)
        self._expect((seen.state, seen.depth) == (State.CONFIRMED, 2), f"confirmed: {seen}")
        chain.mine(3, self.people.miners[2].wallet.script, on=fork.hash)
        back = settle.settle(self.house, cycle)
        self._expect((back.state, back.depth) == (State.BROADCAST, 0), f"taken back: {back}")
        self.say("a reorganisation took the batch out of its block at depth 2: waiting again")

    def _finish(self, cycle: CycleId) -> None:
        self.mine.blocks(1)
        seen = settle.settle(self.house, cycle)
        self._expect(seen.state is State.CONFIRMED, f"mined again: {seen}")
        flying = reconcile.reconcile(self.house)
        self._expect(flying.difference == 0 and flying.in_flight, f"on its way: {flying}")
        self.mine.blocks(seen.depth_final - 2)
        almost = settle.settle(self.house, cycle)
        self._expect(almost.state is State.CONFIRMED, "one block before finality is not final")
        self.mine.blocks(1)
        done = settle.settle(self.house, cycle)
        self._expect(done.state is State.SETTLED, f"final by rule: {done}")
        self.say(f"settled: final at depth {done.depth} by rule")
        self.report = report.report(self.house)
        self._expect(self.report.trial_balance.is_balanced, "every asset sums to zero")
        self._expect(
            self.report.reconciliation.difference == 0,
            f"the chain holds what the ledger says: {self.report.reconciliation}",
        )
        self.examples["cycle"] = ObligationId(cycle)

    def _ask_again(self) -> None:
        """Put every decision of the day to the law once more."""
        proven = prove(self.house, 1, lambda _: None)
        self._expect(proven.decisions == count(self.house, 1), "each decision asked again")
        law = self.house.rulebook
        countries = len(law.jurisdictions)
        self.say(
            f"asked {len(law.rules)} rules of {countries} countries again about"
            f" {proven.decisions:,} decisions: the same to the byte"
        )

    def _publish_day(self) -> None:
        """Publish the day, and let a program check it that knows nothing of the house."""
        folder, log = self.files.parent, self.house.log
        key = Verifier(origin(self.house), log.key.public_key().public_bytes_raw())
        with witnesses(folder / "witnesses", key) as watching:
            house = replace(self.house, log=replace(log, witnesses=watching))
            books.close(house)
            about = period(house)
        cosigned = len(about.note.signatures) - 1
        self.say(f"closed the books; {cosigned} witnesses cosigned the head over {about.size:,}")
        done = publish_day(about, folder / BUNDLE, lambda _: None)
        (folder / TRUST).write_text(json.dumps(trusted(house, 0), indent=2))
        checked = subprocess.run(
            [*VERIFIER, str(folder / BUNDLE), "--trust", str(folder / TRUST)],
            capture_output=True,
            text=True,
            check=False,
        )
        said = checked.stdout.strip().splitlines()[-1:] or [checked.stderr.strip()]
        self._expect(checked.returncode == 0, f"the verifier says {said[0]}")
        count = checked.stdout.count("  ok  ")
        self.say(f"published {done.last:,} entries; an independent verifier passes {count} checks")
