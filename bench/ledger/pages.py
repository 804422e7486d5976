"""How long a balance and a page of a statement take, with many transfers in the database.

A hundred busy accounts take a side of every second transfer, so that their statements are long.
Transfers are recorded in batches ten minutes apart, up to two hours after they occurred.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from psycopg import Connection

from bench.ledger.books import BATCH, COIN, NOW, Books
from bench.server import progress, serving
from clearhouse.core.ledger import Account, AccountKind, Transfer
from clearhouse.store import ledger, statements
from clearhouse.store.statements import Cursor

BUSY = 100
STEP = timedelta(minutes=10)
LAG_S = 7_200
ASKED = 2_000  # times, of each kind


def run(size: int, accounts: int, seed: int) -> Iterator[str]:
    """Post `size` transfers, then ask."""
    with serving(NOW) as (_, db):
        books = Books(accounts, seed)
        books.open(db)
        batches = -(-size // BATCH)
        for number in progress("posting", batches):
            at = NOW + (number + 1) * STEP
            batch = [_one(books, at) for _ in range(BATCH)]
            with db.transaction():
                ledger.post(db, batch, at)
        db.execute("VACUUM ANALYZE")
        end = NOW + (batches + 2) * STEP
        kinds = {
            "balance": lambda: _balance(db, books, end),
            "page": lambda: _page(db, books, end),
        }
        times = {name: sorted(_timed(ask)) for name, ask in kinds.items()}
    for name, took in times.items():
        for share in (50, 99):
            yield f"ledger.{name}_p{share}_ms {took[len(took) * share // 100] * 1e3:.2f} ms"
    worst = max(took[len(took) * 99 // 100] for took in times.values())
    yield f"ledger.page_p99_ms {worst * 1e3:.2f} ms"


def _one(books: Books, at: datetime) -> Transfer:
    dice = books.dice
    debit, credit = books.pick(2, hot=False)
    if dice.random() < 1 / 2:
        busy = books.ids[dice.randrange(BUSY)]
        debit, credit = (busy, credit) if dice.random() < 1 / 2 else (debit, busy)
    if debit == credit:
        return _one(books, at)
    occurred_at = at - timedelta(seconds=dice.randrange(LAG_S))
    return books.transfer(debit, credit, dice.randint(1, 100), occurred_at)


def _timed(ask: Callable[[], object]) -> Iterator[float]:
    for _ in range(ASKED):
        begun = time.perf_counter()
        ask()
        yield time.perf_counter() - begun


def _owner(books: Books) -> str:
    """Every second one is busy."""
    dice = books.dice
    return books.owners[dice.randrange(BUSY if dice.random() < 1 / 2 else len(books.owners))]


def _instant(books: Books, end: datetime) -> datetime:
    return NOW + books.dice.random() * (end - NOW)


def _balance(db: Connection, books: Books, end: datetime) -> None:
    """As of two instants, or now."""
    at, recorded = (
        (end, end)
        if books.dice.random() < 1 / 2
        else (
            _instant(books, end),
            _instant(books, end),
        )
    )
    assert statements.balances_at(db, _owner(books), at, recorded)


def _page(db: Connection, books: Books, end: datetime) -> None:
    """A page of a hundred entries from any instant on."""
    account = Account(_owner(books), AccountKind.AVAILABLE, COIN)
    statements.page(db, account, Cursor(_instant(books, end)), end, 100)
