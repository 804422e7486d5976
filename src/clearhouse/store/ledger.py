"""Ledger: accounts and transfers in PostgreSQL.

`core/ledger.py` decides; here is how a decision becomes durable: the accounts of a batch are locked
in id order, the batch is evaluated in Python against the balances under those locks, and what is
new is written with one COPY and one UPDATE. The database then holds the last line: transfers only
grow, a foreign key ties a transfer's asset to both accounts, and a CHECK forbids what the chart
forbids.

Two batches with an id in common usually name the same accounts and wait for each other there. If
they do not, because one id was used for two transfers, the second runs into the primary key and is
evaluated again, now knowing the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.pq import TransactionStatus

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import (
    Account,
    AccountId,
    AccountKind,
    Evaluation,
    Posted,
    Standing,
    Transfer,
    TransferCode,
    evaluate,
)
from clearhouse.store import named

SQL = named.load("ledger")


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """What does not add up; nothing does if both are empty."""

    off: dict[str, int]  # by asset: the sum of its balances, where that is not zero
    drift: dict[AccountId, int]  # by account: its balance minus what its transfers come to

    @property
    def is_balanced(self) -> bool:
        """Whether every asset sums to zero and every balance is explained."""
        return not self.off and not self.drift


def open_accounts(db: Connection, accounts: Sequence[Account], now: datetime) -> None:
    """Open `accounts`; those that are open stay as they are."""
    columns = {
        "ids": [account.id for account in accounts],
        "owners": [account.owner for account in accounts],
        "kinds": [account.kind.value for account in accounts],
        "assets": [account.asset for account in accounts],
    }
    db.execute(SQL["open_accounts"], {**columns, "now": now})


def post(db: Connection, batch: Sequence[Transfer], now: datetime) -> list[Posted | Refusal]:
    """Post a batch inside the caller's transaction.

    A refused transfer leaves no trace and the others stand; see `post_all` for all or none.

    Args:
        db: A connection inside a transaction, whose commit makes the answers true.
        batch: In the order in which they are to be evaluated; about 8,000 is the best size.
        now: The house's clock.

    Returns:
        An answer for each transfer, in order; `core.ledger.evaluate` has the refusals.
    """
    assert db.info.transaction_status is TransactionStatus.INTRANS
    assert now.utcoffset() is not None
    if not batch:
        return []
    accounts = {transfer.debit for transfer in batch} | {transfer.credit for transfer in batch}
    standings = lock(db, accounts)
    recorded: dict[TransferId, tuple[Transfer, datetime]] | None = None
    while True:
        seen, recorded = recorded, find(db, [transfer.id for transfer in batch])
        assert seen is None or len(recorded) > len(seen)  # so this ends
        evaluation = evaluate(standings, recorded, batch, now)
        if not evaluation.new:
            return evaluation.outcomes
        try:
            with db.transaction():
                write(db, evaluation, now)
        except UniqueViolation:
            continue  # another batch has used one of these ids; its transfer can be seen by now
        return evaluation.outcomes


def post_all(db: Connection, batch: Sequence[Transfer], now: datetime) -> list[Posted]:
    """Post a batch inside the caller's transaction, all of it or nothing.

    Raises:
        Refusal: The first one; nothing of the batch is posted.
    """
    with db.transaction():
        posted = []
        for outcome in post(db, batch, now):
            if isinstance(outcome, Refusal):
                raise outcome
            posted.append(outcome)
        return posted


def lock(db: Connection, accounts: set[AccountId]) -> dict[AccountId, Standing]:
    """Lock the accounts that exist until the transaction ends, and read them."""
    rows = db.execute(SQL["lock_accounts"], {"ids": joined(accounts)})
    return {
        id_: Standing(Account(owner, AccountKind(kind), asset), balance)
        for id_, owner, kind, asset, balance in rows
    }


def find(db: Connection, ids: Sequence[TransferId]) -> dict[TransferId, tuple[Transfer, datetime]]:
    """Read the transfers that are posted under `ids`, and when they were recorded."""
    rows = db.execute(SQL["recorded"], {"ids": joined(ids)})
    return {
        id_: (
            Transfer(id_, debit, credit, units, asset, TransferCode(code), occurred_at, cause),
            recorded_at,
        )
        for id_, debit, credit, units, asset, code, occurred_at, cause, recorded_at in rows
    }


def write(db: Connection, evaluation: Evaluation, now: datetime) -> None:
    """Write what is new.

    In id order: two batches that share ids then wait for each other, and never in a circle.
    """
    with db.cursor() as cursor, cursor.copy(SQL["write_transfers"]) as copy:
        for transfer in sorted(evaluation.new, key=lambda transfer: transfer.id):
            copy.write_row(
                (
                    transfer.id,
                    transfer.debit,
                    transfer.credit,
                    transfer.units,
                    transfer.asset,
                    transfer.code.value,
                    transfer.occurred_at,
                    transfer.cause,
                    now,
                )
            )
    moved = evaluation.moved
    units = joined(map(str, moved.values()))
    db.execute(SQL["move_balances"], {"ids": joined(moved), "units": units})


def joined(parts: Iterable[str]) -> str:
    """Put many ids or numbers into one parameter: psycopg escapes a list's items one by one.

    The separator (ASCII's own, "unit separator") is in no id, and PostgreSQL splits at it again.
    """
    return "\x1f".join(parts)


def balances(db: Connection, owner: str | None = None) -> dict[Account, int]:
    """The balance of every account, or of those of one owner."""
    rows = db.execute(SQL["balances"], {"owner": owner})
    return {
        Account(owner, AccountKind(kind), asset): balance for owner, kind, asset, balance in rows
    }


def trial_balance(db: Connection) -> TrialBalance:
    """Prove the books, from balances and again from the transfers behind them."""
    off: dict[str, int] = {}
    drift: dict[AccountId, int] = {}
    for asset, account, units in db.execute(SQL["trial_balance"]):
        if account is None:
            off[asset] = units
        else:
            drift[account] = units
    return TrialBalance(off, drift)
