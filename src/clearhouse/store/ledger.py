"""Ledger: accounts and transfers in PostgreSQL.

`core/ledger` decides; here is how a decision becomes durable: the accounts of a batch are locked
in id order, the batch is evaluated in Python against the balances under those locks, and what is
new is written with one COPY and one UPDATE. The database then holds the last line: transfers only
grow, a trigger ties a transfer's asset to both accounts and a follower to what it follows, a
transfer is followed once, and a CHECK forbids what the chart forbids, reserved units included.

Pending transfers expire by the clock that is handed in, whether or not somebody has called
`expire` by then: a batch that touches their accounts lets them expire first.

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
    FOLLOWING,
    Account,
    AccountId,
    AccountKind,
    Entry,
    Evaluation,
    Phase,
    Posted,
    Recorded,
    Standing,
    Transfer,
    TransferCode,
    evaluate,
    expiry,
)
from clearhouse.store import named

SQL = named.load("ledger")

NULLS = "\t".join([r"\N"] * 4)  # in COPY's text form
# How a row of COPY's text form is written: a backslash before what would end a field or a row.
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """What does not add up; nothing does if both are empty."""

    off: dict[str, int]  # by asset: the sum of its balances, where that is not zero
    drift: dict[AccountId, int]  # by account: what its transfers do not explain

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
        "places": [account.place for account in accounts],
    }
    db.execute(SQL["open_accounts"], {**columns, "now": now})


def post(db: Connection, batch: Sequence[Transfer], now: datetime) -> list[Posted | Refusal]:
    """Post a batch inside the caller's transaction.

    A refused transfer leaves no trace and the others stand; those of one group stand or fall
    together, and `post_all` posts all or nothing.

    Args:
        db: A connection inside a transaction, whose commit makes the answers true.
        batch: In the order in which they are to be evaluated; about 8,000 is the best size.
        now: The house's clock.

    Returns:
        An answer for each transfer, in order; `core.ledger` has the refusals.
    """
    assert db.info.transaction_status is TransactionStatus.INTRANS
    assert now.utcoffset() is not None
    if not batch:
        return []
    accounts = {transfer.debit for transfer in batch} | {transfer.credit for transfer in batch}
    standings = lock(db, accounts, now)
    expired = _due(db, standings, now)
    seen = -1
    while True:
        recorded = _related(db, batch)
        assert len(recorded) > seen  # so this ends
        seen = len(recorded)
        evaluation = evaluate(standings, recorded | expired, _after(expired, batch), now)
        outcomes = evaluation.outcomes[len(expired) :]
        if not evaluation.new:
            return outcomes
        try:
            with db.transaction():
                write(db, evaluation)
        except UniqueViolation:
            continue  # another batch has used one of these ids; its transfer can be seen by now
        return outcomes


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


def expire(db: Connection, now: datetime, limit: int = 8_000) -> int:
    """Free what pending transfers reserved whose time is over, inside the caller's transaction.

    Args:
        now: The house's clock.
        limit: How many to look for; the others of the same accounts expire with them.

    Returns:
        How many were found; call again until there are none.
    """
    rows = db.execute(SQL["due_anywhere"], {"now": now, "limit": limit}).fetchall()
    found = find(db, [id for (id,) in rows])
    post(db, [expiry(one.transfer) for one in found.values()], now)
    return len(found)


def lock(db: Connection, accounts: set[AccountId], now: datetime) -> dict[AccountId, Standing]:
    """Lock the accounts that exist until the transaction ends, and read them.

    With them those on the other side of pending transfers that have expired by `now`.
    """
    rows = db.execute(SQL["lock_accounts"], {"ids": joined(accounts), "now": now})
    return {row[0]: Standing._make(row[1:]) for row in rows}


def find(db: Connection, ids: Sequence[TransferId]) -> dict[TransferId, Recorded]:
    """Read the transfers that are recorded under `ids`, and what followed them."""
    rows = db.execute(SQL["recorded"], {"ids": joined(ids)})
    return {row[0]: _read(*row) for row in rows}


def _read(
    id: str,
    debit: str,
    credit: str,
    units: int,
    asset: str,
    code: str,
    occurred_at: datetime,
    cause: str,
    phase: str,
    follows: str | None,
    expires_at: datetime | None,
    group: str | None,
    recorded_at: datetime,
    followed: str | None,
) -> Recorded:
    transfer = Transfer(
        TransferId(id),
        AccountId(debit),
        AccountId(credit),
        units,
        asset,
        TransferCode(code),
        occurred_at,
        cause,
        Phase(phase),
        TransferId(follows) if follows else None,
        expires_at,
        group,
    )
    return Recorded(transfer, recorded_at, Phase(followed) if followed else None)


def _due(
    db: Connection, standings: dict[AccountId, Standing], now: datetime
) -> dict[TransferId, Recorded]:
    """The pending transfers of locked accounts that expire before anything else happens.

    Locks the accounts on their other side, if they became due while we waited for the first.
    """
    while rows := db.execute(SQL["due"], {"ids": joined(standings), "now": now}).fetchall():
        found = find(db, [id for (id,) in rows])
        sides = {
            side for one in found.values() for side in (one.transfer.debit, one.transfer.credit)
        }
        if sides <= standings.keys():
            return found
        standings |= lock(db, sides - standings.keys(), now)
    return {}


def _after(expired: dict[TransferId, Recorded], batch: Sequence[Transfer]) -> Sequence[Transfer]:
    """The batch behind what has expired."""
    return [*(expiry(one.transfer) for one in expired.values()), *batch] if expired else batch


def _related(db: Connection, batch: Sequence[Transfer]) -> dict[TransferId, Recorded]:
    """What is recorded under ids of the batch, what it follows, and its groups' transfers."""
    ids = {transfer.id for transfer in batch}
    ids |= {transfer.follows for transfer in batch if transfer.follows is not None}
    if groups := {transfer.group for transfer in batch if transfer.group is not None}:
        ids |= {id for (id,) in db.execute(SQL["of_groups"], {"groups": list(groups)})}
    return find(db, list(ids))


def write(db: Connection, evaluation: Evaluation) -> None:
    """Write what is new.

    In id order: two batches that share ids then wait for each other, and never in a circle.
    """
    at, reserved, freed = evaluation.recorded_at.isoformat(), set(), set()
    rows = []
    for entry in sorted(evaluation.new, key=_id):
        transfer = entry.transfer
        if transfer.phase is Phase.PENDING:
            reserved.add(transfer.id)
        elif transfer.phase in FOLLOWING:
            freed.add(transfer.follows)
        rows.append(_row(entry, at))
    with db.cursor() as cursor, cursor.copy(SQL["write_transfers"]) as copy:
        copy.write("".join(rows))
    moved = evaluation.moved.values()
    columns = {
        "ids": joined(evaluation.moved),
        "balances": joined(str(one.balance) for one in moved),
        "going": joined(str(one.debits_pending) for one in moved),
        "coming": joined(str(one.credits_pending) for one in moved),
        "entries": joined(str(one.entries) for one in moved),
        "lags": joined(str(one.lag_us) for one in moved),
    }
    db.execute(SQL["move_balances"], {**columns, "at": evaluation.recorded_at})
    if opened := reserved - freed:
        db.execute(SQL["reserve"], {"ids": list(opened)})
    if closed := freed - reserved:
        db.execute(SQL["free"], {"ids": list(closed)})


def _id(entry: Entry) -> TransferId:
    return entry.transfer.id


def _row(entry: Entry, recorded_at: str) -> str:
    r"""A new transfer in COPY's text form, in which \N is NULL."""
    transfer, *numbers, rank = entry
    if transfer.phase is Phase.SINGLE and rank is None:
        rest = NULLS
    else:
        rest = "\t".join(
            (
                _text(transfer.follows),
                transfer.expires_at.isoformat() if transfer.expires_at else r"\N",
                _text(transfer.group),
                r"\N" if rank is None else str(rank),
            )
        )
    end = NULLS if numbers[0] is None else "\t".join(map(str, numbers))
    return (
        f"{_text(transfer.id)}\t{transfer.debit}\t{transfer.credit}\t{transfer.units}\t"
        f"{transfer.asset}\t{transfer.code}\t{_text(transfer.cause)}\t"
        f"{transfer.occurred_at.isoformat()}\t{recorded_at}\t{transfer.phase}\t{rest}\t{end}\n"
    )


def _text(text: str | None) -> str:
    """A field of COPY's text form. Accounts and assets are in the database already, without any."""
    return r"\N" if text is None else text.translate(ESCAPED)


def joined(parts: Iterable[str]) -> str:
    """Put many ids or numbers into one parameter: psycopg escapes a list's items one by one.

    The separator (ASCII's own, "unit separator") is in no id, and PostgreSQL splits at it again.
    """
    return "\x1f".join(parts)


def balances(db: Connection, owner: str | None = None) -> dict[Account, int]:
    """The balance of every account, or of those of one owner."""
    rows = db.execute(SQL["balances"], {"owner": owner})
    return {
        Account(owner, AccountKind(kind), asset, place): balance
        for owner, kind, asset, place, balance in rows
    }


def trial_balance(db: Connection) -> TrialBalance:
    """Prove the books, from balances and again from the transfers behind them."""
    off: dict[str, int] = {}
    drift: dict[AccountId, int] = {}
    for asset, account, units in db.execute(SQL["trial_balance"]):
        if account is None:
            off[asset] = units
        else:
            drift[account] = drift.get(account, 0) + units
    return TrialBalance(off, drift)
