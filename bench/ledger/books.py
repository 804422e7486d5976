"""The books that the ledger's benches post to: funded accounts, and transfers between them."""

from datetime import UTC, datetime
from random import Random

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from bench.server import progress
from clearhouse.core.ids import TransferId, fresh
from clearhouse.core.ledger import HOUSE, Account, AccountId, AccountKind, Transfer, TransferCode
from clearhouse.store import ledger
from clearhouse.store.accounts import open_accounts

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
COIN = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"
VAULT = Account(HOUSE, AccountKind.VAULT, COIN)
BATCH = 8_000
FUNDS = 10**9  # units that each account begins with
HOT = 10  # accounts of a hot load, beside the vault
OPENED_AT_ONCE = 20_000


class Books:
    """Accounts of as many participants, and dice to draw transfers with."""

    def __init__(self, count: int, seed: int) -> None:
        self.dice = Random(seed)
        self.owners = [f"OWNER{number:015}" for number in range(count)]
        self.ids: list[AccountId] = [
            Account(owner, AccountKind.AVAILABLE, COIN).id for owner in self.owners
        ]
        self.hot = [*self.ids[:HOT], VAULT.id]

    def open(self, db: Connection) -> None:
        """Open and fund all accounts, and let the database look at what it has."""
        with db.transaction():
            open_accounts(db, [VAULT], NOW)
        for part in progress("opening accounts", -(-len(self.owners) // OPENED_AT_ONCE)):
            owners = self.owners[part * OPENED_AT_ONCE : (part + 1) * OPENED_AT_ONCE]
            accounts = [Account(owner, AccountKind.AVAILABLE, COIN) for owner in owners]
            open_accounts(db, accounts, NOW)
            funding = [self.transfer(VAULT.id, one.id, FUNDS, NOW) for one in accounts]
            with db.transaction():
                ledger.post(db, funding, NOW)
        for table in ("account", "standing", "transfer", "journal"):
            db.execute(SQL("VACUUM ANALYZE {}").format(Identifier(table)))

    def transfer(self, debit: AccountId, credit: AccountId, units: int, at: datetime) -> Transfer:
        """A transfer with a fresh id, as an edge makes it."""
        id = TransferId(fresh("tfr", at, self.dice.getrandbits))
        return Transfer(id, debit, credit, units, COIN, TransferCode.PAY_IN, at, "bench")

    def pick(self, count: int, *, hot: bool) -> list[AccountId]:
        """Different accounts, as many as asked for."""
        return self.dice.sample(self.hot if hot else self.ids, count)

    def batch(self, at: datetime, refused: float = 0.0, *, hot: bool) -> list[Transfer]:
        """A batch of which a share is refused, in pairs.

        The first of a pair takes more than there is; the second would be funded by it.
        """
        made: list[Transfer] = []
        while len(made) < BATCH:
            one, two, three, four = self.pick(4, hot=hot)
            moves = [(one, two, self.dice.randint(1, 1_000)), (three, four, 1)]
            if self.dice.random() < refused and VAULT.id not in {one, two}:
                moves = [(one, two, FUNDS * 10**9), (two, three, FUNDS * 10**8)]
            made += [self.transfer(*move, at) for move in moves]
        return made
