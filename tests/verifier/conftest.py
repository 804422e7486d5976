"""Days of a house, published: what the verifier's tests check, and forge.

The first day has a cycle from the first invoice to finality and another one that is cleared only;
the second day begins from there, and people enter records in it. A third one ends with a cycle that
is funded; on the fourth somebody is listed, and it is unwound, and cleared again without. On the
fifth the institutions are asked to sign that, another one is listed, and two people give it up.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.admitted import firm_of, let_in, licence_of
from tests.hands import ADA, BELA, CORA, Hand, agree, approve, enrol, propose, release
from tests.recorded import enter, entering, entity_id
from tests.stage import Stage
from tests.staging import OpenStage
from tests.verifier.forging import Forged, Keys, leaf

from clearhouse.core.command import Decline, GiveUpBatch, GrantRole
from clearhouse.core.ids import ParticipantId, TransferId, derived
from clearhouse.core.ledger import Account, AccountKind, Phase, Transfer, TransferCode
from clearhouse.core.money import EUR, USD
from clearhouse.core.note import COSIGNATURE, Verifier
from clearhouse.core.owner import Entity, Holding
from clearhouse.core.participant import Contact, Limit, Name
from clearhouse.core.person import Role
from clearhouse.core.proposal import ProposalState
from clearhouse.core.settlement import NoLongerCleared, NotReleased
from clearhouse.demo import market
from clearhouse.operations import books, log
from clearhouse.operations.fix import fix
from clearhouse.operations.publish import period, publish_day, publish_participant
from clearhouse.operations.revise import revise
from clearhouse.store import ledger
from clearhouse.store import people as stored
from clearhouse.store.accounts import open_accounts

CHAIN = "A>b 0.05, b>C 0.03, C>b 0.01, b>A 0.02, A>b 2000.00 USD, C>d 0.004"
DORA = Hand.of("Dora")
CAP = 10**9  # satoshi
WITNESSES = {
    f"w.example/{name}": Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    for number, name in enumerate(("ministry", "central-bank", "technology-firm"), 1)
}


@dataclass(frozen=True)
class Days:
    """What was published, and the keys behind it."""

    keys: Keys
    trust: str  # as JSON
    first: bytes
    second: bytes
    own: bytes  # the first participant's, of the first day
    own_second: bytes
    creditor: bytes  # of one who is paid, of the first day
    revised: bytes  # the fourth day
    own_revised: bytes
    withdrawn: bytes  # the fifth day
    own_withdrawn: bytes
    participant: ParticipantId
    leaves: list[bytes]  # of the log, in front of the second day's first entry
    leaves_revised: list[bytes]  # the same of the fourth
    leaves_withdrawn: list[bytes]  # and of the fifth
    strangers: frozenset[str]  # those with whom it has nothing to do

    def forged(self, *, second: bool = False) -> Forged:
        """A day's bundle, taken apart."""
        if second:
            return Forged.of(self.second, self.stolen(), list(self.leaves))
        return Forged.of(self.first, self.stolen(), [])

    def revised_forged(self) -> Forged:
        """The fourth day's bundle, taken apart."""
        return Forged.of(self.revised, self.stolen(), list(self.leaves_revised))

    def withdrawn_forged(self) -> Forged:
        """The fifth day's bundle, taken apart."""
        return Forged.of(self.withdrawn, self.stolen(), list(self.leaves_withdrawn))

    def own_forged(self, scope: str) -> Forged:
        """What a participant got, taken apart by somebody who has the whole log."""
        match scope:
            case "own-revised":
                whole = self.revised_forged()
            case "own-withdrawn":
                whole = self.withdrawn_forged()
            case _:
                whole = self.forged(second=scope == "own-second")
        new = [leaf(line) for line in (*whole.entries, whole.members["closings"][-1])]
        leaves = [*whole.before, *new]
        of = {
            "own-second": self.own_second,
            "own-revised": self.own_revised,
            "own-withdrawn": self.own_withdrawn,
        }
        raw = {"own": self.own, "creditor": self.creditor, **of}[scope]
        forged = Forged.of(raw, self.stolen(), leaves)
        forged.whole = whole
        return forged

    def stolen(self) -> Keys:
        """A forger's own copy of the keys."""
        return replace(self.keys, people=dict(self.keys.people))


@pytest.fixture(scope="session")
def days(open_stage: OpenStage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    folder = tmp_path_factory.mktemp("published")
    with open_stage() as stage:
        yield play(stage, folder)


def play(stage: Stage, folder: Path) -> Days:
    house, who = stage.house, stage.firm("A").id
    _first_day(stage)
    books.close(house)
    about = period(house)
    publish_day(about, folder / "first", lambda _: None)
    publish_participant(about, who, folder / "own", lambda _: None)
    publish_participant(about, stage.firm("C").id, folder / "creditor", lambda _: None)
    first = Forged.of((folder / "first").read_bytes(), stolen(stage), [])
    leaves = [leaf(line) for line in first.entries]
    _second_day(stage)
    books.close(house)
    about = period(house)
    publish_day(about, folder / "second", lambda _: None)
    publish_participant(about, who, folder / "own-second", lambda _: None)
    assert about.first == len(leaves) + 1
    leaves_revised = leaves + _entries_of(stage, folder / "second")
    _third_day(stage)
    books.close(house)
    publish_day(period(house), folder / "third", lambda _: None)
    leaves_revised += _entries_of(stage, folder / "third")
    _fourth_day(stage)
    books.close(house)
    about = period(house)
    publish_day(about, folder / "revised", lambda _: None)
    publish_participant(about, who, folder / "own-revised", lambda _: None)
    assert about.first == len(leaves_revised) + 1
    leaves_withdrawn = leaves_revised + _entries_of(stage, folder / "revised")
    _fifth_day(stage)
    books.close(house)
    about = period(house)
    publish_day(about, folder / "withdrawn", lambda _: None)
    publish_participant(about, who, folder / "own-withdrawn", lambda _: None)
    assert about.first == len(leaves_withdrawn) + 1
    keys = stolen(stage)
    partners = {stage.firm("A").id, stage.firm("b").id}
    return Days(
        keys=keys,
        trust=json.dumps(_trust(stage, keys)),
        first=(folder / "first").read_bytes(),
        second=(folder / "second").read_bytes(),
        own=(folder / "own").read_bytes(),
        own_second=(folder / "own-second").read_bytes(),
        creditor=(folder / "creditor").read_bytes(),
        revised=(folder / "revised").read_bytes(),
        own_revised=(folder / "own-revised").read_bytes(),
        withdrawn=(folder / "withdrawn").read_bytes(),
        own_withdrawn=(folder / "own-withdrawn").read_bytes(),
        participant=who,
        leaves=leaves,
        leaves_revised=leaves_revised,
        leaves_withdrawn=leaves_withdrawn,
        strangers=frozenset(one.id for one in stage.people.firms() if one.id not in partners),
    )


def _entries_of(stage: Stage, path: Path) -> list[bytes]:
    """The log's leaves of a day."""
    return [leaf(line) for line in Forged.of(path.read_bytes(), stolen(stage), []).entries]


def stolen(stage: Stage) -> Keys:
    """Every key that a house's bundles are made with."""
    house = stage.house
    people = {one.public: one.key for one in (ADA, BELA, CORA, DORA)}
    signs = house.rail.statement_key
    return Keys(house.log.key, log.origin(house), signs, WITNESSES, people)


def _trust(stage: Stage, keys: Keys) -> dict[str, object]:
    def written(name: str, key: Ed25519PrivateKey, **kind: int) -> str:
        return Verifier(name, key.public_key().public_bytes_raw(), **kind).encode()

    return {
        "log": written(keys.origin, keys.log),
        "statements": keys.statements.public_key().public_bytes_raw().hex(),
        "vault": stage.house.rail.vault.descriptor,
        "witnesses": [written(name, key, kind=COSIGNATURE) for name, key in keys.witnesses.items()],
        "cosignatures": 2,
        "block": {"network": "regtest", "height": 0, "hash": stage.chain.block(0).hash},
    }


def _first_day(stage: Stage) -> None:
    """A whole cycle, people who come and go, something held; and a cycle that is only cleared."""
    house = stage.house
    enrol(house, CORA, Role.ADMINISTRATOR, Role.OPERATOR)
    declined = propose(house, GrantRole(CORA.person, Role.AUDITOR))
    BELA.order(house, Decline(declined.id, "not needed"))
    propose(house, GrantRole(CORA.person, Role.SUPERVISOR))  # waits into the second day
    stage.clock.forward(hours=6, minutes=5)
    stage.publish()
    for quote, price in ((USD, 60_000.0), (EUR, 55_000.0)):
        file = stage.folder / f"trades-{quote.code}.csv"
        market.write_trades(file, stage.clock() - timedelta(minutes=5), price, Random(5))
        fix(house, file, quote)
    enrol(house, DORA, Role.SUPERVISOR)
    for letter in "Ab":
        cap = Limit(stage.firm(letter).id, "BTC", "net-debit", CAP, date(2026, 3, 1))
        agree(house, entering(house, stage.folder, cap), BELA, DORA)
    stage.trade(CHAIN)
    stage.clock.forward(minutes=1)
    stage.clear()
    stage.trade("A>b 0.5", affirmed=False)
    call = stage.call("A")
    for one in stage.calls:
        stage.pay((one.script, one.units + (60_000 if one == call else 0)))
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(2)
    stage.settle()
    stage.reorganise(2)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state == "settled"
    _hold(stage, "posted", 7_000, Phase.POST)
    _hold(stage, "voided", 5_000, Phase.VOID)
    _hold(stage, "reversed", 3_000, Phase.REVERSE)
    _hold(stage, "waits", 2_000, None)
    stage.cleared("A>b 0.07, b>A 0.01")


def _hold(stage: Stage, name: str, units: int, then: Phase | None) -> None:
    """Set units of A's aside, and then free, move or move them back."""
    house, owner, asset = stage.house, stage.firm("A").id, stage.house.coin.identity
    free, held = (Account(owner, kind, asset) for kind in (AccountKind.AVAILABLE, AccountKind.HELD))
    now = house.now()
    first = TransferId(derived("tfr", stage.name, name))
    code, pending = TransferCode.HOLD, then is not Phase.REVERSE
    batch = [
        Transfer(
            first,
            free.id,
            held.id,
            units,
            asset,
            code,
            now,
            "case",
            Phase.PENDING if pending else Phase.SINGLE,
            expires_at=now + timedelta(days=1) if pending else None,
        )
    ]
    if then is not None:
        sides = (held.id, free.id) if then is Phase.REVERSE else (free.id, held.id)
        id = TransferId(derived("tfr", stage.name, name, "then"))
        moved = units - 1_000 if then is Phase.POST else units
        batch.append(Transfer(id, *sides, moved, asset, code, now, "case", then, first))
    with house.db.transaction():
        open_accounts(house.db, [free, held], now)
        ledger.post_all(house.db, batch, now)


def _second_day(stage: Stage) -> None:
    """The cycle that was cleared is settled; what waited is approved or expires."""
    house = stage.house
    stage.clock.forward(days=1)
    stage.publish()
    (waiting,) = stored.proposals(house.db, ProposalState.WAITING)
    approve(house, waiting)
    agree(house, GrantRole(CORA.person, Role.AUDITOR))
    _enter_records(stage)
    _admit(stage)
    stage.pay_in()
    stage.mine(stage.deep)
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state == "settled"
    with house.db.transaction():
        ledger.expire(house.db, house.now())
    stage.trade("A>b 0.001")


def _third_day(stage: Stage) -> None:
    """A cycle whose debtors have paid in, and that nobody has released."""
    stage.clock.forward(days=1)
    stage.publish()
    stage.trade("A>b 0.05, b>C 0.03, D>b 0.02, E>d 0.01, A>e 0.00000200")
    stage.clear(released=False)
    stage.pay_in()
    stage.mine(stage.deep)
    with suppress(NotReleased):
        stage.settle()
    assert stage.row().state == "funded"


def _fourth_day(stage: Stage) -> None:
    """One of the debtors is listed; another one's pay-in counts, and what binds now waits."""
    stage.clock.forward(days=1)
    stage.publish(stage.firm("D").name)
    stage.trade("A>b 0.002")
    id = stage.next_cycle()
    done = revise(stage.house, stage.cycle, id)
    assert done.cleared is not None
    stage.cycle = id
    with suppress(NotReleased):
        stage.settle()
    assert stage.row().state == "funded"


def _fifth_day(stage: Stage) -> None:
    """All sign, and no answer comes; another debtor is listed; what was signed is given up."""
    house = stage.house
    stage.clock.forward(days=1)
    stage.publish(stage.firm("D").name)
    release(house, stage.cycle)
    stage.answers_lost()
    stage.publish(*(stage.firm(letter).name for letter in "DE"))
    with suppress(NoLongerCleared):
        stage.settle()
    agree(house, GiveUpBatch(stage.cycle, "one was listed"))
    stage.settle()
    stage.mine(stage.deep)
    assert stage.settle().state == "withdrawn"
    id = stage.next_cycle()
    assert revise(house, stage.cycle, id).cleared is not None
    stage.cycle = id


def _enter_records(stage: Stage) -> None:
    """Two people enter three companies, what they own, and another name of a participant."""
    three = [Entity(entity_id(one), "company", f"Company {one}", "XC") for one in "KLM"]
    enter(stage.house, stage.folder, *three)
    who = stage.firm("A").id
    enter(stage.house, stage.folder, Name(who, "Norrland Trading", "trading", date(2026, 2, 1)))
    enter(
        stage.house,
        stage.folder,
        *(Holding(one.entity, who, 200_000, False, "register", date(2026, 2, 1)) for one in three),
    )


def _admit(stage: Stage) -> None:
    """Two people admit somebody, and one says where somebody is reached."""
    who = ParticipantId("724500NEWFIRM0TEST48")
    days = (date(2026, 1, 1), date(2026, 12, 31))
    let_in(stage.house, firm_of(who, "Newcomer AS"), licence_of(who, "bank", "Central Bank", *days))
    enter(stage.house, stage.folder, Contact(who, "legal", "desk@newcomer.example"))
