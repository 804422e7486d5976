"""What two people of a house enact in tests, and a market that trades under it.

    market.trade("A>b 100.00, A>c 20.00 EUR")     A owes b 100.00 USD, and c 20.00 EUR

Capitals are firms of Norland, small letters firms of Sudmark; all may buy and sell abroad. Each
creditor sends one file, and the gate decides on it; nothing is affirmed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.sql import SQL, Identifier
from tests.conftest import new_database
from tests.hands import BELA, CORA, agree, enrol
from tests.laws import SHIPPED, Content, Law, joined, on_subject, read
from tests.stage import Clock
from tests.staging import new_house, under

from clearhouse.core.carriage import Carriage
from clearhouse.core.command import ActivateRulebook
from clearhouse.core.gate import FindingMade, GateDecided
from clearhouse.core.held import HoldDecision, Outcome
from clearhouse.core.ids import ObligationId
from clearhouse.core.money import EUR, USD
from clearhouse.core.person import Role
from clearhouse.core.rulebook import Rulebook
from clearhouse.demo import lists
from clearhouse.demo.country import Country, Firm
from clearhouse.demo.trade import Invoice, write_csv
from clearhouse.feeds import trades
from clearhouse.operations import affirm, intake
from clearhouse.operations.fix import fix
from clearhouse.operations.held import deciding
from clearhouse.operations.house import House
from clearhouse.operations.screen import Gate, open_gate
from clearhouse.store import journal, obligations, registers
from clearhouse.store.connection import connect
from clearhouse.store.projection import record

CURRENCIES = {one.code: one for one in (USD, EUR)}
E = TypeVar("E")


def supervised(house: House) -> House:
    """A founded house with Cora, its supervisor: what Bela of compliance proposes, she approves."""
    enrol(house, CORA, Role.SUPERVISOR)
    return house


def enact(house: House, law: Rulebook, at: datetime) -> None:
    """Bela proposes and Cora approves that a law comes into force."""
    house.laws.keep(law)
    agree(house, ActivateRulebook(law.version, at), BELA, CORA)


# Laws.


def without(*ids: str, law: Law = SHIPPED) -> Law:
    """A law without some of its rules."""
    made = deepcopy(dict(law))
    for content in made.values():
        if "rule" in content:
            content["rule"] = [one for one in content["rule"] if one["id"] not in ids]
    return made


def ruled(id: str, outcome: str, when: str = "true", **said: Any) -> Law:
    """One rule on the whole transaction, for which `said` has what else it needs."""
    code, subject, _ = id.split(".")
    rule: Content = {
        "id": id,
        "says": f"{outcome} {when}.",
        "citation": f"art. {id}",
        "effective_from": date(2026, 1, 1),
        "applies_to": {"roles": ["transaction"]},
        "outcome": outcome,
        "when": when,
        "vectors": {"fires": [{}]},
    }
    return on_subject(code, subject, rule=[rule | said])


def adding(*more: Law, law: Law = SHIPPED) -> Law:
    """A law with more rules."""
    for one in more:
        law = joined(law, one)
    return law


def linked(what: str, by: str, limit: int | str, days: int = 1, **said: Any) -> Law:
    """A hold on payments of which more than `limit` are linked, or come to more."""
    unit = what.rpartition(".")[2] if "total" in what else "count"
    rate = {"rate": {"name": "fixing", "on": "settlement"}} if "total" in what else {}
    more = "9000000.00" if "total" in what else 10**6
    return ruled(
        "XA.caps.linked",
        "HOLD",
        f"{what} > limit",
        parameters={"limit": {"value": limit, "unit": unit}},
        window={"by": by, "days": days},
        vectors={"fires": [{what: more}]},
        **rate,
        **said,
    )


def pilot(caps: Mapping[str, object], waives: Sequence[str], leis: Sequence[str]) -> Law:
    """A pilot regime of Norland that waives some rules for some participants, within caps."""
    approvals = [
        {"authority": name, "reference": "1", "on": date(2026, 1, 1)} for name in ("One", "Other")
    ]
    programme = {
        "id": "XA.programmes.pilot",
        "says": "It is tried.",
        "citation": "art. 9",
        "effective_from": date(2026, 1, 1),
        "effective_to": date(2026, 12, 31),
        "approvals": approvals,
        "participants": [*leis],
        "transactions": ["trade"],
        "waives": [*waives],
        "caps": caps,
        "rate": {"name": "fixing", "on": "trade"},
    }
    return on_subject("XA", "programmes", programme=[programme])


# Trade.


def firm(people: Country, letter: str) -> Firm:
    """One that may buy and sell abroad."""
    home = "XA" if letter.isupper() else "XB"
    able = [
        one
        for one in people.traders
        if one.residence == home and set(one.classes) == {"exporter", "importer"}
    ]
    return able[ord(letter.upper()) - ord("A")]


@dataclass
class Market:
    """Firms that trade through a house, whose clock a test moves."""

    house: House
    clock: Clock
    people: Country
    folder: Path
    _numbers: list[int] = field(default_factory=list)

    def firm(self, letter: str) -> Firm:
        return firm(self.people, letter)

    def trade(
        self, text: str, *, traded_on: date | None = None, gate: Gate | None = None
    ) -> list[ObligationId]:
        """Hand in invoices; answers their ids in order."""
        day = self.clock().date()
        made = []
        for line in text.split(","):
            parties, amount, *asset = line.split()
            debtor, creditor = map(self.firm, parties.split(">"))
            self._numbers.append(0)
            reference = f"M-{len(self._numbers)}"
            what = (amount, asset[0] if asset else "USD")
            made.append(Invoice(reference, debtor, creditor, *what, traded_on or day, day))
        for seller in dict.fromkeys(one.creditor.id for one in made):
            ours = [one for one in made if one.creditor.id == seller]
            file = write_csv(self.folder / f"{ours[0].reference}.csv", ours)
            tally = intake.take_in(self.house, file, seller, lambda _: None, gate=gate)
            assert tally.outcomes["proposed"] == len(ours), tally
        return [one.id for one in made]

    def publish(self, *added: str) -> None:
        """Today's lists, with names added; another edition of each."""
        self._numbers.append(0)
        edition = len(self._numbers)
        at, names = self.clock() - timedelta(minutes=1), (*added, f"Edition {edition}")
        lists.write_lists(self.folder / "lists", at, names)

    def affirm(self, ids: Sequence[ObligationId]) -> None:
        """Their debtors say so too."""
        for buyer in self.people.traders:
            affirm.affirm(self.house, buyer.id, ids)

    def ask_again(self, *ids: ObligationId, gate: Gate | None = None) -> None:
        """Let the gate decide on obligations once more, in one batch, as each cycle does."""
        house, gate = self.house, gate or open_gate(self.house)
        with house.db.transaction():
            journal.lock(house.db)
            found = obligations.by_ids(house.db, ids, house.assets)
            everybody = registers.participants(house.db)
            decisions = gate.judge([found[id] for id in ids], everybody)
            record(house.db, [*gate.save(), *decisions.items()], house.now(), house.now())
        gate.saved()

    def fix(self, code: str, price: int) -> None:
        """The day's rate: so many units of a currency for a bitcoin; goes on to five o'clock."""
        end = self.clock().replace(hour=16, minute=0, second=0, microsecond=0)
        self.clock.at = max(self.clock(), end + timedelta(hours=1))
        start = round(end.timestamp()) - 3600
        lines = [f"{trades.HEADER}\n"]
        for part in range(12):
            at = datetime.fromtimestamp(start + 300 * part + 7, UTC)
            lines.append(f"boreal,{round(at.timestamp() * 1000)},buy,{price}.00,1\n")
        file = self.folder / f"{code}-{end:%m%d}.csv"
        file.write_text("".join(lines))
        assert fix(self.house, file, CURRENCIES[code]).new

    # What became of it.

    def decisions(self, id: ObligationId) -> list[GateDecided]:
        return facts(self.house.db, GateDecided, id)

    def verdicts(self, *ids: ObligationId) -> list[str]:
        """The newest of each."""
        return [self.decisions(id)[-1].verdict for id in ids]

    def findings(self, id: ObligationId) -> list[dict[str, Any]]:
        """What the newest decision rests on: the debtor, the creditor, the law."""
        digests = self.decisions(id)[-1].findings
        bodies = registers.findings(self.house.db, digests)
        return [json.loads(bodies[digest]) for digest in digests]

    def codes(self, id: ObligationId) -> set[str]:
        """The codes of all grounds of the newest decision."""
        return {ground["code"] for one in self.findings(id) for ground in one["grounds"]}

    def against(self, id: ObligationId) -> set[str]:
        """The codes of what holds or denies the newest decision."""
        return {
            ground["code"]
            for finding in self.findings(id)
            for ground in finding["grounds"]
            if ground["verdict"] != "clear"
        }

    def version(self, id: ObligationId) -> str:
        """The one rulebook that the newest decision names."""
        (version,) = {str(one["rulebook"]) for one in self.findings(id)}
        return version


@contextmanager
def open_market(
    databases: tuple[str, str], rulebook: Rulebook, people: Country, folder: Path
) -> Iterator[Market]:
    """A supervised house in which everybody is admitted, with today's lists.

    Args:
        databases: The fixtures `admin_url` and `register`: where, and which is copied.
        rulebook: What it was founded under.
    """
    clock = Clock()
    with new_database(*databases) as (_, url), connect(url, "test") as db:
        house = supervised(new_house(db, clock, rulebook, folder))
        house.laws.keep(rulebook)  # as it was in the archive that it was founded with
        market = Market(house, clock, people, folder)
        market.publish()
        yield market


def held_payment(market: Market) -> HoldDecision:
    """A decision on a payment that the law holds; the market goes on under that law."""
    market.house = under(market.house, read(adding(ruled("XA.caps.all", "HOLD"))))
    (id,) = market.trade("A>b 100.00")
    return deciding(market.house, id, "XA.caps.all", Outcome.RELEASED, "seen")


def shipped(market: Market) -> Carriage:
    """What a new payment ships, as somebody could enter it."""
    (id,) = market.trade("A>b 100.00")
    return Carriage(id, "B/L 1", "XBSUD", "XAOSL", "XB", "XA")


def facts(db: Connection, kind: type[E], subject: str = "") -> list[E]:
    """The events of one kind, in the journal's order."""
    entries = journal.about(db, subject) if subject else journal.after(db, 0, 100_000)
    return [entry.event for entry in entries if isinstance(entry.event, kind)]


def bodies(db: Connection) -> Mapping[str, str]:
    """Every finding in the journal, by digest."""
    return {one.digest: one.body for one in facts(db, FindingMade)}


def tamper(db: Connection, table: str, statement: str, *values: object) -> None:
    """Do to a table what only the database's owner could, and would not."""
    with db.transaction():
        db.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(Identifier(table)))
        done = db.execute(statement.encode(), values)
        assert done.rowcount > 0
        db.execute(SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(Identifier(table)))
