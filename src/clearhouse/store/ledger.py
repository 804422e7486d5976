"""Ledger: transfers in PostgreSQL.

`core/ledger` decides; here is how a decision becomes durable. Whoever posts has the journal's lock,
so nobody else does: the accounts of a batch are read, the batch is evaluated in Python, and what is
new is written with two COPYs (the transfers, and their entries in the journal) and one UPDATE. The
database then holds the last line: transfers only grow, a transfer stays within one asset and names
accounts that are there, a follower agrees with what it follows, a transfer is followed once, and a
CHECK forbids what the chart forbids, reserved units included.

Pending transfers expire by the clock that is handed in, whether or not somebody has called
`expire` by then: a batch that touches their accounts lets them expire first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from psycopg import Connection
from psycopg.pq import TransactionStatus

from clearhouse.core.canonical import instant
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import TransferId
from clearhouse.core.ledger import (
    FOLLOWING,
    AccountId,
    Evaluation,
    Phase,
    Posted,
    Recorded,
    Standing,
    Transfer,
    TransferCode,
    TransferRecorded,
    evaluate,
    expiry,
    recording_at,
    restore,
    written,
)
from clearhouse.store import journal
from clearhouse.store.accounts import numbered, standings
from clearhouse.store.bulk import NULL, field, joined
from clearhouse.store.named import load

SQL = load("ledger")

Books = dict[AccountId, Standing]

MOVED = ("number", "balance", "debits_pending", "credits_pending", "entries", "lag_us")
NULLS = "\t".join([NULL] * 4)


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """What does not add up; nothing does if both are empty."""

    off: dict[str, int]  # by asset: the sum of its balances, where that is not zero
    drift: dict[AccountId, int]  # by account: what its transfers do not explain

    @property
    def is_balanced(self) -> bool:
        """Whether every asset sums to zero and every balance is explained."""
        return not self.off and not self.drift


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
    journal.lock(db)
    sides = {transfer.debit for transfer in batch} | {transfer.credit for transfer in batch}
    books = standings(db, sides)
    expired, at = _due(db, books, now)
    first = [expiry(one.transfer) for one in expired.values()]
    evaluation = evaluate(books, _related(db, batch) | expired, [*first, *batch], at)
    if evaluation.new:
        _record(db, books, evaluation)
    return evaluation.outcomes[len(expired) :]


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
    journal.lock(db)
    rows = db.execute(SQL["due_anywhere"], {"now": now, "limit": limit}).fetchall()
    found = find(db, [id for (id,) in rows])
    post(db, [expiry(one.transfer) for one in found.values()], now)
    return len(found)


def find(db: Connection, ids: Iterable[TransferId]) -> dict[TransferId, Recorded]:
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
    db: Connection, books: Books, now: datetime
) -> tuple[dict[TransferId, Recorded], datetime]:
    """The pending transfers of accounts that expire before anything else happens to them.

    The accounts on their other sides are added to `books`, and what expires there too.

    Returns:
        Them, in the order in which they expire, and the instant at which the batch is recorded.
    """
    while True:
        at = recording_at(books, now)
        if db.execute(SQL["is_due"], {"now": at}).fetchone() is None:
            return {}, at
        known = {standing.number for standing in books.values()}
        rows = db.execute(SQL["due"], {"numbers": list(known), "now": at}).fetchall()
        more = {side for _, *sides in rows for side in sides} - known
        if not more:
            found = find(db, [id for id, _, _ in rows])
            return {id: found[id] for id, _, _ in rows}, at
        books |= numbered(db, more)


def _related(db: Connection, batch: Sequence[Transfer]) -> dict[TransferId, Recorded]:
    """What is recorded under ids of the batch, what it follows, and its groups' transfers."""
    ids = {transfer.id for transfer in batch}
    ids |= {transfer.follows for transfer in batch if transfer.follows is not None}
    if groups := {transfer.group for transfer in batch if transfer.group is not None}:
        ids |= {id for (id,) in db.execute(SQL["of_groups"], {"groups": list(groups)})}
    return find(db, ids)


def _record(db: Connection, books: Books, evaluation: Evaluation) -> None:
    """Write what is new, and an entry for each."""
    times: dict[datetime, str] = {}
    entries = []
    for one in evaluation.new:
        transfer = one.transfer
        happened = times.get(transfer.occurred_at)
        if happened is None:
            happened = times[transfer.occurred_at] = instant(transfer.occurred_at)
        body = written(transfer, happened)
        entries.append(journal.Written("TransferRecorded", transfer.id, body, happened))
    last = journal.write(db, entries, evaluation.recorded_at)
    happened_at = [one.occurred_at for one in entries]
    _write(db, books, evaluation, last - len(entries) + 1, happened_at)


def project(db: Connection, entries: Sequence[journal.Entry]) -> None:
    """Do again what the journal says was done, inside the caller's transaction."""
    for recorded_at, run in groupby(entries, key=attrgetter("recorded_at")):
        taken = [
            (entry.position, entry.event.said())
            for entry in run
            if isinstance(entry.event, TransferRecorded)
        ]
        batch = [transfer for _, transfer in taken]
        followed = [transfer.follows for transfer in batch if transfer.follows is not None]
        books = standings(db, {side for one in batch for side in (one.debit, one.credit)})
        evaluation = restore(books, find(db, followed), batch, recorded_at)
        _write(db, books, evaluation, taken[0][0], [instant(one.occurred_at) for one in batch])


def _write(
    db: Connection,
    books: Books,
    evaluation: Evaluation,
    position: int,
    occurred_at: Sequence[str],
) -> None:
    """Write what is new, in order, with the positions of its entries from `position` on."""
    recorded_at = instant(evaluation.recorded_at)
    reserved, freed = set(), set()
    rows = []
    for place, (entry, happened) in enumerate(
        zip(evaluation.new, occurred_at, strict=True), position
    ):
        transfer, *numbers, rank = entry
        if transfer.phase is Phase.SINGLE and rank is None:
            rest = NULLS
        else:
            if transfer.phase is Phase.PENDING:
                reserved.add(transfer.id)
            elif transfer.phase in FOLLOWING:
                freed.add(transfer.follows)
            rest = _phases(transfer, rank)
        end = NULLS if numbers[0] is None else "\t".join(map(str, numbers))
        rows.append(
            f"{field(transfer.id)}\t{books[transfer.debit].number}\t"
            f"{books[transfer.credit].number}\t{transfer.units}\t{transfer.code}\t"
            f"{field(transfer.cause)}\t{happened}\t{recorded_at}\t{transfer.phase}\t"
            f"{rest}\t{end}\t{place}\n"
        )
    with db.cursor().copy(SQL["copy_transfers"]) as copy:
        copy.write("".join(rows))
    # In the order of their numbers neighbours share pages.
    moved = sorted(evaluation.moved.values(), key=attrgetter("number"))
    columns = {name: joined(map(str, map(attrgetter(name), moved))) for name in MOVED}
    db.execute(SQL["move_balances"], {**columns, "at": evaluation.recorded_at})
    if opened := reserved - freed:
        db.execute(SQL["reserve"], {"ids": list(opened)})
    if closed := freed - reserved:
        db.execute(SQL["free"], {"ids": list(closed)})


def _phases(transfer: Transfer, rank: int | None) -> str:
    """What only some transfers have, as fields of COPY's text form."""
    return "\t".join(
        (
            field(transfer.follows),
            transfer.expires_at.isoformat() if transfer.expires_at else NULL,
            field(transfer.group),
            NULL if rank is None else str(rank),
        )
    )


def deposited(db: Connection) -> dict[str, tuple[int, TransferCode]]:
    """Every coin that was booked as it came in: its outpoint, minor units, and as what."""
    rows = db.execute(SQL["deposited"])
    return {outpoint: (units, TransferCode(code)) for outpoint, units, code in rows}


def paid_in_by(db: Connection, account: AccountId) -> dict[str, int]:
    """Every coin that was booked as a pay-in to an account: its outpoint, and minor units."""
    return dict(db.execute(SQL["paid_in_by"], {"account": account}).fetchall())


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
