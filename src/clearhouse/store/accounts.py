"""Accounts in PostgreSQL: opened once, each with a number, and how they stand.

Numbers are given without gaps, while nobody else appends to the journal; the migration that brought
them says what they are good for.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from psycopg import Connection

from clearhouse.core.ledger import CHART, Account, AccountId, AccountKind, AccountOpened, Standing
from clearhouse.store import journal
from clearhouse.store.bulk import joined
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("accounts")

NUMBERS = 1 << 40  # what an asset's number is multiplied by


def open_accounts(db: Connection, accounts: Sequence[Account], now: datetime) -> None:
    """Open `accounts`; those that are open stay as they are."""
    wanted = {account.id: account for account in accounts}
    with db.transaction():
        journal.lock(db)
        known = {id for (id,) in db.execute(SQL["known"], {"ids": joined(wanted)})}
        if new := [account for id, account in wanted.items() if id not in known]:
            facts = [(account.owner, AccountOpened.of(account)) for account in new]
            journal.append(db, facts, now, now)
            _enter(db, new, now)


def project(db: Connection, entries: Sequence[Entry]) -> None:
    """Open the accounts that the journal tells of."""
    for opened_at, run in groupby(entries, key=attrgetter("recorded_at")):
        events = [entry.event for entry in run]
        _enter(db, [one.said() for one in events if isinstance(one, AccountOpened)], opened_at)


def _enter(db: Connection, new: Sequence[Account], opened_at: datetime) -> None:
    """Write accounts that are not there yet, and number them in their order."""
    assets = {identity: (number, count) for identity, number, count in db.execute(SQL["assets"])}
    numbers = []
    for account in new:
        asset, count = assets.get(account.asset, (len(assets) + 1, 0))
        assets[account.asset] = (asset, count + 1)
        numbers.append(asset * NUMBERS + count + 1)
    touched = {account.asset for account in new}
    db.execute(
        SQL["count_accounts"],
        {
            "numbers": [assets[identity][0] for identity in touched],
            "identities": list(touched),
            "accounts": [assets[identity][1] for identity in touched],
        },
    )
    with db.cursor().copy(SQL["copy_accounts"]) as copy:
        for account, number in zip(new, numbers, strict=True):
            rules = CHART[account.kind]
            asset = number // NUMBERS
            head = (account.id, number, account.owner, account.kind, asset, account.place)
            copy.write_row((*head, rules.of_house, rules.normal_side, rules.overdraft, opened_at))


def standings(db: Connection, ids: Iterable[AccountId]) -> dict[AccountId, Standing]:
    """How accounts stand; those that are not open are left out.

    It stays so while the caller has the journal's lock: nobody else posts.
    """
    rows = db.execute(SQL["standings"], {"ids": joined(ids)})
    return {row[0]: Standing._make(row[1:]) for row in rows}


def numbered(db: Connection, numbers: Iterable[int]) -> dict[AccountId, Standing]:
    """The same, of accounts by their numbers."""
    rows = db.execute(SQL["standings_by_number"], {"numbers": list(numbers)})
    return {row[0]: Standing._make(row[1:]) for row in rows}


def balances(db: Connection, owner: str | None = None) -> dict[Account, int]:
    """The balance of every account, or of those of one owner."""
    rows = db.execute(SQL["balances"], {"owner": owner})
    return {
        Account(owner, AccountKind(kind), asset, place): balance
        for owner, kind, asset, place, balance in rows
    }
