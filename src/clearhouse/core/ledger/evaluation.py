"""Evaluation: what posting a batch comes to, decided from what the ledger has and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger.chart import AccountId
from clearhouse.core.ledger.desk import Desk, Evaluation
from clearhouse.core.ledger.transfer import (
    Phase,
    Recorded,
    Standing,
    Transfer,
)


def evaluate(
    standings: Mapping[AccountId, Standing],
    recorded: Mapping[TransferId, Recorded],
    batch: Sequence[Transfer],
    now: datetime,
) -> Evaluation:
    """Decide about each transfer of `batch`, in order.

    Args:
        standings: The accounts that the batch names, as far as they exist.
        recorded: The transfers already recorded under ids of the batch, those that it follows, and
            those of the groups that it names.
        batch: Any number of transfers; an id may come more than once. Neighbours with the same
            `group` stand together: all are posted, or none.
        now: As `recording_at` says.

    Returns:
        For each transfer `Posted`, or the first refusal that applies; of a group, the one at fault
        has its own and the others have GroupRefused.
    """
    desk = Desk(standings, recorded, now)
    assert recording_at(standings, now) == now
    start, count = 0, len(batch)
    while start < count:
        group = batch[start].group
        if group is None:
            desk.outcomes.append(desk.take(batch[start], None))
            start += 1
            continue
        end = start + 1
        while end < count and batch[end].group == group:
            end += 1
        desk.outcomes += desk.take_group(group, batch[start:end])
        start = end
    evaluation = desk.close()
    assert len(evaluation.outcomes) == count
    return evaluation


def recording_at(standings: Mapping[AccountId, Standing], now: datetime) -> datetime:
    """The instant at which a batch is evaluated, and what is new in it recorded.

    It is the house's clock, or the instant at which one of the accounts was last moved if that is
    later: an account's entries are in order, though a clock went back.
    """
    moved = [one.moved_at for one in standings.values() if one.moved_at is not None]
    return max(now, max(moved, default=now))


def restore(
    standings: Mapping[AccountId, Standing],
    recorded: Mapping[TransferId, Recorded],
    taken: Sequence[Transfer],
    recorded_at: datetime,
) -> Evaluation:
    """Do again what was done: the ledger took these transfers, in this order, at this instant.

    Nothing is decided anew; the books come to stand as they stood.
    """
    desk = Desk(standings, recorded, recorded_at)
    rank, group = 0, None
    for transfer in taken:
        rank = rank + 1 if group is not None and transfer.group == group else 0
        group = transfer.group
        assert transfer.id not in desk.new
        desk.new[transfer.id] = desk.apply(transfer, None if group is None else rank)
    return desk.close()


def expiry(pending: Transfer) -> Transfer:
    """The transfer by which `pending` expires; nobody needs to ask for it."""
    assert pending.expires_at is not None
    return replace(
        pending,
        id=TransferId(derived("tfr", pending.id, "expire")),
        occurred_at=pending.expires_at,
        cause=pending.id,
        phase=Phase.EXPIRE,
        follows=pending.id,
        expires_at=None,
        group=None,
    )
