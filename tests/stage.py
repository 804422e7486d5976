"""A whole house for tests of clearing and settlement, and a shorthand to play on it.

    stage.trade("A>b 0.05, b>C 0.03")     A owes b 0.05 BTC, b owes C 0.03; both sides have said so
    stage.clear()                         a cycle
    stage.pay_in()                        all debtors, from a miner's purse
    stage.mine(6); stage.settle()

Capitals are firms of Norland, small letters firms of Sudmark; all may buy and sell abroad. A third
word names another asset: `A>b 100.00 USD`. What can break is broken through `Points`: it counts the
moments at which something may go wrong, and makes it go wrong at one of them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

from psycopg import Connection
from psycopg.sql import SQL, Identifier
from tests.hands import release

from clearhouse.chains.chain import Block, Chain, Coin, Regtest
from clearhouse.chains.signer.client import SignerClient, SignerUnreachable
from clearhouse.core import ids
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.ledger import Account, AccountKind
from clearhouse.core.settlement import SignersTooFew
from clearhouse.core.statement import Statement
from clearhouse.demo import lists
from clearhouse.demo.country import Country, Firm
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.demo.wallets import Wallet, pay
from clearhouse.operations import affirm, intake
from clearhouse.operations.addresses import given_out
from clearhouse.operations.clear import Cleared, clear_cycle
from clearhouse.operations.house import House
from clearhouse.operations.reconcile import check_ledger, reconcile
from clearhouse.operations.release import release_of
from clearhouse.operations.settle import Progress, depth_final, settle
from clearhouse.store import cycles, journal
from clearhouse.store.accounts import balances
from clearhouse.store.cycles import Cycle, PayIn, VaultAddress
from clearhouse.store.projection import record

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOBODY = b"\x00\x14" + bytes(20)  # an output script whose key nobody has
FEE_RATE = 2
FLOAT = 100_000  # satoshi; a batch takes a few hundred
TABLES = (
    *("journal_head", "journal", "account", "transfer", "cycle", "obligation", "pay_in"),
    *("pay_out", "vault_address", "finding", "rate"),
)
NO_CYCLE = CycleId("")
E = TypeVar("E")
DARK = SignerClient(Path("nowhere.sock"))  # nobody answers there


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Stage:
    """A house with a vault, its people, and everything that happens around it."""

    name: str  # what makes its cycles' ids its own
    house: House
    clock: Clock
    people: Country
    purse: Wallet
    folder: Path
    db_url: str
    xpubs: Mapping[str, str]  # of the institutions
    stop: Callable[[], None]  # the chain's node
    start: Callable[[], Chain]
    cycle: CycleId = NO_CYCLE
    calls: list[PayIn] = field(default_factory=list)
    since: int = 0  # the chain's height when it began
    _count: int = 0

    @property
    def chain(self) -> Regtest:
        return cast("Regtest", self.house.rail.chain)

    @property
    def deep(self) -> int:
        """How deep is final."""
        return depth_final(self.house)

    def firm(self, letter: str) -> Firm:
        home = "XA" if letter.isupper() else "XB"
        able = [
            one
            for one in self.people.traders
            if one.residence == home and set(one.classes) == {"exporter", "importer"}
        ]
        return able[ord(letter.upper()) - ord("A")]

    def number(self) -> int:
        self._count += 1
        return self._count

    def publish(self, *added: str, age: timedelta = timedelta(hours=1)) -> None:
        """Today's lists, with names added."""
        lists.write_lists(self.folder / "lists", self.clock() - age, added)

    def trade(self, text: str, *, affirmed: bool = True) -> list[ObligationId]:
        """Make obligations, as in the module's head; answer their ids in order."""
        made = []
        today = self.clock().date()
        for line in text.split(","):
            parties, amount, *asset = line.split()
            debtor, creditor = map(self.firm, parties.split(">"))
            reference = f"N-{self.number()}"
            what = (amount, asset[0] if asset else "BTC")
            made.append(Invoice(reference, debtor, creditor, *what, today, today))
        for seller in dict.fromkeys(one.creditor.id for one in made):
            ours = [one for one in made if one.creditor.id == seller]
            file = write_csv(self.folder / f"{ours[0].reference}.csv", ours)
            tally = intake.take_in(self.house, file, seller, lambda _: None)
            assert tally.outcomes["proposed"] == len(ours)
        if affirmed:
            for buyer in dict.fromkeys(one.debtor.id for one in made):
                affirm.affirm(self.house, buyer, [one.id for one in made])
        return [one.id for one in made]

    def next_cycle(self) -> CycleId:
        return CycleId(ids.derived("cyc", self.name, str(self.number())))

    def clear(self, *, released: bool = True) -> Cleared:
        """Clear a cycle; two people release it at once, unless a test says otherwise."""
        self.cycle = self.next_cycle()
        done = clear_cycle(self.house, self.cycle)
        self.calls = done.pay_ins
        if released and release_of(self.house, self.cycle).pay_outs:
            release(self.house, self.cycle)
        return done

    def cleared(self, text: str) -> Cleared:
        self.trade(text)
        return self.clear()

    def funded(self, text: str) -> None:
        """A cycle whose pay-ins are final on the chain; the house has not looked yet."""
        self.cleared(text)
        self.pay_in()
        self.mine(self.deep)

    def settled(self, text: str) -> None:
        self.funded(text)
        self.settle()
        self.mine(self.deep)
        assert self.settle().state == "settled"

    def settle(self) -> Progress:
        return settle(self.house, self.cycle)

    def call(self, letter: str) -> PayIn:
        (found,) = [one for one in self.calls if one.participant == self.firm(letter).id]
        return found

    def pay_in(self) -> None:
        for one in self.calls:
            self.pay((one.script, one.units))

    def pay(self, *outputs: tuple[bytes, int]) -> str:
        """Pay from the purse; the payment waits for a block."""
        return self.chain.submit(self.payment(*outputs))

    def payment(self, *outputs: tuple[bytes, int], coins: list[Coin] | None = None) -> bytes:
        """A signed payment from the purse, handed in to nobody."""
        wanted = sum(units for _, units in outputs) + 100_000
        for coin in coins or self.coins(self.purse.script):
            if coin.units >= wanted:
                spent = [(coin, self.purse)]
                return pay(spent, list(outputs), self.purse.script, FEE_RATE)
        raise AssertionError("the purse has no such coin")

    def coins(self, *scripts: bytes) -> list[Coin]:
        """The watched coins of some scripts, great ones first."""
        found = [coin for coin in self.chain.coins() if coin.script in scripts]
        return sorted(found, key=lambda coin: (-coin.units, coin.txid, coin.vout))

    def fill_purse(self) -> None:
        self.chain.watch([self.purse.script])
        if not any(coin.units > 10**8 for coin in self.coins(self.purse.script)):
            self.chain.mine(10, self.purse.script)
            self.mine(101)  # a node's wallet waits one block longer than consensus asks

    def fill_float(self, units: int = FLOAT) -> None:
        """Pay for network fees; booked when the house looks after it is final."""
        self.pay((self.float_address().script, units))

    def float_address(self) -> VaultAddress:
        given = cycles.vault_addresses(self.house.db).values()
        return next(one for one in given if one.participant is None and not one.is_change)

    def begin(self, position: int) -> None:
        """Give the house addresses of its own, from `position` on: others share its node."""
        self.since = self.chain.tip().height
        vault = self.house.rail.vault
        given = [
            VaultAddress(at.script, at.text, is_change, position, None)
            for is_change, at in ((False, vault.receive(position)), (True, vault.change(position)))
        ]
        with self.house.db.transaction():
            now = self.clock()
            journal.lock(self.house.db)
            record(self.house.db, [given_out(one) for one in given], now, now)
        self.chain.watch([one.script for one in given])
        self.fill_purse()
        self.fill_float()
        self.mine(self.deep)

    def mine(self, count: int = 1) -> list[Block]:
        return self.chain.mine(count, NOBODY)

    def reorganise(self, depth: int, *instead: bytes) -> None:
        """Replace the last `depth` blocks by one more, which hold `instead` and nothing else."""
        fork = self.chain.block(self.chain.tip().height - depth)
        self.chain.mine(depth + 1, NOBODY, on=fork.hash, transactions=instead)

    def restart(self) -> None:
        self.start_with(self.start())

    def start_with(self, chain: Chain) -> None:
        rail = replace(self.house.rail, chain=chain)
        self.house = replace(self.house, settles=rail)

    def child(self, program: str, *arguments: str) -> int:
        """Run a program on this house's things, as another process; answer its exit code.

        The chain must be stopped meanwhile.
        """
        rail = self.house.rail
        said = {
            name: {"xpub": self.xpubs[name], "socket": str(signer.path)}
            for name, signer in rail.signers.items()
        }
        vault = {"threshold": rail.vault.threshold, "institutions": said}
        (self.folder / "vault.json").write_text(json.dumps(vault))
        (self.folder / "statement.key").write_bytes(rail.statement_key.private_bytes_raw())
        (self.folder / "log.key").write_bytes(self.house.log.key.private_bytes_raw())
        (self.folder / "log.secret").write_bytes(self.house.log.secret)
        (self.folder / "clock").write_text(self.clock().isoformat())
        own = {"DATABASE_URL": self.db_url, "CLEARHOUSE_HOME": str(self.folder)}
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env={**os.environ, **own},
            cwd=Path(__file__).parents[1],
            check=False,
        )
        return done.returncode

    def sign_with(self, signers: Mapping[str, SignerClient]) -> None:
        rail = replace(self.house.rail, signers=dict(signers))
        self.house = replace(self.house, settles=rail)

    def dark(self, *names: str) -> dict[str, SignerClient]:
        """The institutions, some of which do not answer."""
        found = self.house.rail.signers
        return {name: DARK if name in names else one for name, one in found.items()}

    def answers_lost(self) -> list[str]:
        """All institutions sign the batch that is due, and no answer comes; what they signed."""
        kept: list[str] = []
        signers = self.house.rail.signers
        self.sign_with({name: cast("Any", Lost(one, kept)) for name, one in signers.items()})
        try:
            self.settle()
        except SignersTooFew:
            return kept
        finally:
            self.sign_with(signers)
        raise AssertionError("it was signed")

    def row(self) -> Cycle:
        with self.house.db.transaction():
            return cycles.cycle(self.house.db, self.cycle)

    def events(self, subject: str = "") -> list[Any]:
        """What happened to a subject; to the cycle, if none is named."""
        return [entry.event for entry in journal.about(self.house.db, subject or self.cycle)]

    def kinds(self, subject: str = "") -> list[str]:
        return [type(event).__name__ for event in self.events(subject)]

    def facts(self, kind: type[E], subject: str = "") -> list[E]:
        """The events of one kind."""
        return [event for event in self.events(subject) if isinstance(event, kind)]

    def balance(self, letter: str, kind: AccountKind = AccountKind.AVAILABLE) -> int:
        owner = self.firm(letter).id if letter != "house" else letter
        account = Account(owner, kind, self.house.coin.identity)
        return balances(self.house.db, owner).get(account, 0)

    def received(self, letter: str) -> int:
        """What a firm's wallet has on the chain since the stage began."""
        script = self.firm(letter).wallet.script
        self.chain.watch([script])
        return sum(
            coin.units
            for coin in self.coins(script)
            if coin.height is None or coin.height > self.since
        )

    def records(self) -> dict[str, list[Any]]:
        """Everything the house has written down."""
        return {
            table: self.house.db.execute(
                SQL("SELECT * FROM {} ORDER BY 1, 2").format(Identifier(table))
            ).fetchall()
            for table in TABLES
        }

    def check(self) -> None:
        """What must hold at every moment."""
        assert check_ledger(self.house).is_balanced
        seen = reconcile(self.house)
        assert seen.difference == 0, seen


@dataclass
class Lost:
    """A signer that signs, and whose answer is lost on the way."""

    behind: SignerClient
    kept: list[str]

    def sign(self, psbt: str, statement: Statement, signature: str) -> str:
        self.kept.append(self.behind.sign(psbt, statement, signature))
        raise SignerUnreachable("the answer was lost")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)


class Stop(Exception):  # noqa: N818 - what a test throws is no error
    """Something went wrong here, on purpose."""


@dataclass
class Points:
    """Counts the moments at which something can go wrong, and acts at one of them."""

    at: int  # from 1; 0 never
    act: Callable[[str], None]
    names: list[str] = field(default_factory=list)

    def reach(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self.at:
            self.act(name)

    @property
    def came(self) -> bool:
        """Whether the moment came."""
        return 0 < self.at <= len(self.names)


def stop(name: str) -> None:
    raise Stop(name)


class Database:
    """A connection that reaches a point before each statement and after each transaction."""

    def __init__(self, db: Connection, points: Points) -> None:
        self._db = db
        self._points = points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    def execute(self, *arguments: Any, **options: Any) -> Any:
        self._points.reach("statement")
        return self._db.execute(*arguments, **options)

    def cursor(self) -> Any:
        self._points.reach("copy")
        return self._db.cursor()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._db.transaction():
            yield
        self._points.reach("committed")


class Relay:
    """A chain or a signer that reaches a point before and after each call."""

    def __init__(self, behind: object, points: Points) -> None:
        self._behind = behind
        self._points = points

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            self._points.reach(f"before {name}")
            answer = found(*arguments, **options)
            self._points.reach(f"after {name}")
            return answer

        return call


def fragile(house: House, points: Points) -> House:
    """The same house, where something can go wrong between any two things it does."""
    rail = house.rail
    signers = {name: cast("SignerClient", Relay(one, points)) for name, one in rail.signers.items()}
    on = cast("Chain", Relay(rail.chain, points))
    db = cast("Connection", Database(house.db, points))
    return replace(house, db=db, settles=replace(rail, chain=on, signers=signers))
