"""Statements: what stood on accounts at any instant, and what moved them, a page at a time.

An account's entries are in the order in which they were recorded, and each carries its number and
the balance after it. So a balance of long ago is one look at an index, and a page goes on after the
last entry of the page before it, however many came since: nothing that was read ever changes.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from psycopg import Connection

from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import Account, AccountKind, Movement, Phase, TransferCode
from clearhouse.store import named

SQL = named.load("statements")

PAGE_SIZE = 1_000


class Cursor(NamedTuple):
    """Where a page begins: behind this entry of the account."""

    recorded_at: datetime
    entry: int = 0


def balances_at(db: Connection, owner: str, at: datetime, recorded: datetime) -> dict[Account, int]:
    """The balances of an owner's accounts as they were.

    Args:
        owner: A participant's LEI, or HOUSE.
        at: In the world: what had occurred by then.
        recorded: In the books: as they knew it by then.
    """
    rows = db.execute(SQL["balances_at"], {"owner": owner, "at": at, "recorded": recorded})
    return {
        Account(owner, AccountKind(kind), asset, place): balance
        for owner, kind, asset, place, balance in rows
    }


def page(
    db: Connection, account: Account, after: Cursor, until: datetime, size: int = PAGE_SIZE
) -> list[Movement]:
    """The next entries of an account, `size` at most.

    Args:
        after: The last entry of the page before; or with entry 0 from that instant on.
        until: Up to this instant of recording, which is not in it.
    """
    given = {"since": after.recorded_at, "after": after.entry, "until": until, "size": size}
    rows = db.execute(SQL["page"], {"account": account.id, **given})
    return [
        Movement(
            account,
            entry,
            recorded_at,
            occurred_at,
            TransferId(id),
            TransferCode(code),
            Phase(phase),
            follows,
            AccountKind(against),
            cause,
            units,
            balance,
        )
        for (
            entry,
            recorded_at,
            occurred_at,
            id,
            code,
            phase,
            follows,
            against,
            cause,
            units,
            balance,
        ) in rows
    ]


def pages(
    db: Connection, account: Account, since: datetime, until: datetime, size: int = PAGE_SIZE
) -> Iterator[Movement]:
    """All entries of an account that were recorded from `since` on and before `until`."""
    after = Cursor(since)
    while found := page(db, account, after, until, size):
        yield from found
        after = Cursor(found[-1].recorded_at, found[-1].entry)
