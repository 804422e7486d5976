"""Balances at any instant beside a plain sum, and statements a page at a time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import psycopg
import pytest

from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import (
    HOUSE,
    Account,
    AccountKind,
    Movement,
    Phase,
    Posted,
    Transfer,
    TransferCode,
)
from clearhouse.store import ledger, statements
from clearhouse.store.accounts import open_accounts
from clearhouse.store.statements import Cursor

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BTC = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328/slip44:1"

A = Account("AAAA", AccountKind.IN_CLEARING, BTC)
B = Account("BBBB", AccountKind.IN_CLEARING, BTC)
SPARE = Account("AAAA", AccountKind.AVAILABLE, BTC)
CLEARING = Account(HOUSE, AccountKind.CLEARING, BTC)
ACCOUNTS = [A, B, CLEARING, SPARE]


def transfer(number: int, debit: Account, credit: Account, units: int, at: datetime) -> Transfer:
    id = TransferId(f"trf_{number}")
    return Transfer(id, debit.id, credit.id, units, BTC, TransferCode.NOVATION, at, "cyc_1")


def pair(dice: Random) -> tuple[Account, Account]:
    debit, credit = dice.sample([A, B, CLEARING], 2)
    return debit, credit


def post(db: psycopg.Connection, batch: list[Transfer], at: datetime) -> None:
    with db.transaction():
        assert all(isinstance(one, Posted) for one in ledger.post(db, batch, at))


@pytest.fixture
def books(db: psycopg.Connection) -> psycopg.Connection:
    open_accounts(db, ACCOUNTS, NOW)
    return db


@pytest.mark.parametrize("lag_max", [0, 3, 40])
def test_a_balance_as_it_was_is_the_sum_of_what_had_occurred_and_been_recorded(
    books: psycopg.Connection, lag_max: int
) -> None:
    """Entries are recorded late, early and out of order; every pair of instants is asked for."""
    dice, posted = Random(lag_max), list[tuple[Transfer, datetime]]()
    for hour in range(20):
        recorded_at = NOW + hour * HOUR
        batch = [
            transfer(
                hour * 10 + number,
                *pair(dice),
                dice.randint(1, 99),
                recorded_at + dice.randint(-lag_max, lag_max // 3) * HOUR,
            )
            for number in range(dice.randint(0, 3))
        ]
        post(books, batch, recorded_at)
        posted += [(one, recorded_at) for one in batch]

    for _ in range(200):
        at, recorded = (NOW + dice.randint(-50, 50) * HOUR / 2 for _ in range(2))
        counted = [t for t, then in posted if t.occurred_at <= at and then <= recorded]
        for owner in ("AAAA", HOUSE):
            found = statements.balances_at(books, owner, at, recorded)
            assert found == {
                account: sum(
                    t.units * ((t.credit == account.id) - (t.debit == account.id)) for t in counted
                )
                for account in ACCOUNTS
                if account.owner == owner
            }


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_pages_of_any_size_hold_each_entry_once_in_order(
    books: psycopg.Connection, size: int
) -> None:
    for day in range(4):
        numbers = range(day * 5, day * 5 + 5)
        batch = [transfer(n, *((A, B) if n % 3 else (B, A)), n + 1, NOW) for n in numbers]
        post(books, batch, NOW + day * HOUR)

    since, until = NOW + HOUR, NOW + 3 * HOUR
    found = list(statements.pages(books, A, since, until, size))

    assert [one.transfer for one in found] == [f"trf_{n}" for n in range(5, 15)]
    assert [one.entry for one in found] == list(range(6, 16))
    assert [one.balance for one in found] == [
        sum(-n - 1 if n % 3 else n + 1 for n in range(last + 1)) for last in range(5, 15)
    ]
    for before, after in pairwise(found):
        assert before.balance + after.units == after.balance


def test_a_page_does_not_change_when_more_is_posted(books: psycopg.Connection) -> None:
    post(books, [transfer(n, A, B, 1, NOW) for n in range(5)], NOW)
    until = NOW + 9 * HOUR
    first = statements.page(books, A, Cursor(NOW), until, 3)

    post(books, [transfer(9, B, A, 1, NOW - 9 * HOUR)], NOW + HOUR)  # it occurred before them all

    assert statements.page(books, A, Cursor(NOW), until, 3) == first
    rest = statements.page(books, A, Cursor(first[-1].recorded_at, first[-1].entry), until, 3)
    assert [one.transfer for one in rest] == ["trf_3", "trf_4", "trf_9"]


def test_a_movement_says_what_for_and_not_whose_the_other_account_is(
    books: psycopg.Connection,
) -> None:
    post(books, [transfer(1, CLEARING, A, 7, NOW - HOUR)], NOW)
    back = Transfer(
        TransferId("trf_2"),
        A.id,
        CLEARING.id,
        7,
        BTC,
        TransferCode.NOVATION,
        NOW,
        "cas_1",
        Phase.REVERSE,
        TransferId("trf_1"),
    )
    post(books, [back], NOW + HOUR)

    kinds = (AccountKind.CLEARING, TransferCode.NOVATION)
    assert statements.page(books, A, Cursor(NOW), NOW + 2 * HOUR) == [
        Movement(
            A, 1, NOW, NOW - HOUR, TransferId("trf_1"), kinds[1], Phase.SINGLE, None, kinds[0],
            "cyc_1", 7, 7,
        ),
        Movement(
            A, 2, NOW + HOUR, NOW, TransferId("trf_2"), kinds[1], Phase.REVERSE,
            TransferId("trf_1"), kinds[0], "cas_1", -7, 0,
        ),
    ]  # fmt: skip


def test_what_is_only_reserved_is_no_movement(books: psycopg.Connection) -> None:
    wait = Transfer(
        TransferId("trf_1"),
        A.id,
        B.id,
        5,
        BTC,
        TransferCode.NOVATION,
        NOW,
        "cyc_1",
        Phase.PENDING,
        expires_at=NOW + HOUR,
    )
    post(books, [wait], NOW)

    assert statements.page(books, A, Cursor(NOW), NOW + HOUR) == []
    assert statements.balances_at(books, "AAAA", NOW, NOW)[A] == 0
