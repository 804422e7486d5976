"""Differences: look at ledger, chain and custody together, and record what does not agree.

Looking also books what has become final, so that a coin waits for nobody: a participant's is the
participant's, and one that nobody can place goes to suspense.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clearhouse.chains.block import spends
from clearhouse.chains.chain import Sighting
from clearhouse.chains.signer.client import SignerRefused, SignerUnreachable
from clearhouse.core.event import Event
from clearhouse.core.ids import CycleId
from clearhouse.core.reconciliation import (
    Cause,
    Difference,
    DifferenceFound,
    DifferenceResolved,
    difference_id,
)
from clearhouse.core.settlement import BatchBroadcast, BatchReorganised, BatchSigned, State
from clearhouse.operations.deposits import Deposit, book, deposits
from clearhouse.operations.house import House
from clearhouse.operations.reconcile import Reconciliation, check_ledger, reconcile
from clearhouse.operations.settle import depth_final
from clearhouse.store import cycles, differences, journal
from clearhouse.store import ledger as books
from clearhouse.store.cycles import Batch
from clearhouse.store.differences import Open
from clearhouse.store.projection import record

WAIT_MAX = timedelta(hours=2)  # of a batch for a block
BLOCKS_BACK = 1_008  # settled batches are looked after for about a week


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and the differences that stand."""

    reconciliation: Reconciliation
    standing: list[Open]
    found: int  # now for the first time
    resolved: int


def look(house: House) -> Look:
    """Compare ledger, chain and custody; book what is final; record what differs, and what no more.

    Raises:
        Unreachable: The chain cannot be asked; nothing is recorded.
    """
    now, deep = house.now(), depth_final(house)
    with house.db.transaction():
        journal.lock(house.db)
        book(house, deposits(house), deep)
    seen = reconcile(house)
    differ = {(one.cause, one.subject): one for one in _compared(house, seen)}
    with house.db.transaction():
        journal.lock(house.db)
        known = {(one.cause, one.about): one for one in differences.standing(house.db)}
        position = journal.head(house.db)
        facts: list[tuple[str, Event]] = []
        for key in differ.keys() - known.keys():
            one = differ[key]
            id = difference_id(one, position)
            said = (one.cause, one.subject, one.units, one.detail, one.actor)
            facts.append((id, DifferenceFound(id, *said)))
        facts.sort(key=lambda fact: fact[0])
        gone = sorted(known[key].id for key in known.keys() - differ.keys())
        facts += [(id, DifferenceResolved(id)) for id in gone]
        record(house.db, facts, now, now)
        standing = differences.standing(house.db)
    return Look(seen, standing, len(facts) - len(gone), len(gone))


def _compared(house: House, seen: Reconciliation) -> Iterator[Difference]:
    arrived = deposits(house)
    with house.db.transaction():
        batches = cycles.batches(house.db)
    sighted = house.rail.chain.sight([one.txid for one in batches])
    yield from _of_the_ledger(house)
    for deposit in arrived:
        if deposit.is_unknown:
            where = "a change address, not of our batches" if deposit.at.is_change else "no one's"
            detail = f"{deposit.coin.units} sat came to {deposit.at.address} ({where})"
            subject, units = deposit.outpoint, deposit.coin.units
            yield Difference(Cause.UNKNOWN_DEPOSIT, subject, units, detail)
    yield from _of_the_batches(house, batches, sighted, seen.height)
    yield from _of_custody(house, batches)
    vanished = list(_vanished(house, arrived, batches, sighted))
    yield from vanished
    if rest := seen.difference - sum(one.units for one in vanished):
        fees = [one for one in batches if abs(rest) == one.fee]
        cause = Cause.FEE if fees else Cause.UNEXPLAINED
        about = fees[-1].cycle if fees else house.coin.identity
        yield Difference(cause, about, rest, f"the chain has {rest:+d} sat against the ledger")


def _of_the_ledger(house: House) -> Iterator[Difference]:
    proved = check_ledger(house)
    for subject, units in (*proved.off.items(), *proved.drift.items()):
        yield Difference(Cause.LEDGER, subject, units, "it does not follow from its transfers")


def _of_the_batches(
    house: House, batches: Sequence[Batch], sighted: Mapping[str, Sighting], height: int
) -> Iterator[Difference]:
    """What was handed to the chain and is not where it should be."""
    for one in batches:
        seen = sighted[one.txid]
        if one.state is State.SETTLED:
            if one.height is not None and height - one.height > BLOCKS_BACK:
                continue
            if seen.block is None:
                detail = f"{one.txid} was final, and is in no block"
                yield Difference(Cause.REORG, one.cycle, 0, detail)
        elif seen.conflicted:
            detail = f"another transaction spent what {one.txid} spends"
            yield Difference(Cause.CUSTODY, one.cycle, 0, detail)
        elif one.state in {State.BROADCAST, State.CONFIRMED} and seen.block is None:
            since = _waits_since(house, one)
            if not seen.in_mempool:
                detail = f"no node we see has {one.txid}: `clearhouse settle` hands it in again"
                yield Difference(Cause.MISSING_CONFIRMATION, one.cycle, 0, detail)
            elif house.now() - since > WAIT_MAX:
                detail = f"{one.txid} waits for a block since {since:%Y-%m-%d %H:%M} UTC"
                yield Difference(Cause.MISSING_CONFIRMATION, one.cycle, 0, detail)


def _waits_since(house: House, batch: Batch) -> datetime:
    return max(
        entry.recorded_at
        for entry in journal.about(house.db, batch.cycle)
        if isinstance(entry.event, BatchBroadcast | BatchReorganised)
    )


def _of_custody(house: House, batches: Sequence[Batch]) -> Iterator[Difference]:
    """What the institutions signed against what the house asked for.

    An institution that does not answer is no difference: `settle` and the stuck list say so.
    """
    ours = {one.cycle: one for one in batches}
    for name, signer in house.rail.signers.items():
        try:
            signed = signer.signed()
        except (SignerRefused, SignerUnreachable):
            continue
        with house.db.transaction():
            unknown = [
                cycle for cycle, _ in signed if not cycles.is_known(house.db, CycleId(cycle))
            ]
            asked = _asked_of(house, name, ours)
        for cycle in unknown:
            detail = f"{name} signed a batch of {cycle}, which is no cycle of this house"
            yield Difference(Cause.CUSTODY, f"{name} {cycle}", 0, detail)
        said = set(signed)
        for batch in asked:
            if (batch.cycle, batch.txid) not in said:
                detail = f"{name} signed {batch.txid}, and no longer says so: its book was lost"
                yield Difference(Cause.CUSTODY, f"{name} {batch.cycle}", 0, detail)


def _asked_of(house: House, name: str, ours: Mapping[CycleId, Batch]) -> list[Batch]:
    """The batches that an institution signed, by the house's own record."""
    return [
        ours[cycle]
        for cycle in ours
        for entry in journal.about(house.db, cycle)
        if isinstance(entry.event, BatchSigned) and name in entry.event.signers
    ]


def _vanished(
    house: House,
    arrived: Sequence[Deposit],
    batches: Sequence[Batch],
    sighted: Mapping[str, Sighting],
) -> Iterator[Difference]:
    """Coins that were booked, that no batch of ours spent, and that the chain took back."""
    there = {one.outpoint for one in arrived}
    spent = {
        outpoint
        for one in batches
        if sighted[one.txid].in_mempool or sighted[one.txid].block
        for outpoint in spends(one.raw)
    }
    booked = books.deposited(house.db)
    for one in arrived:
        if one.depth == 0 and one.outpoint in booked:
            detail = (
                f"{one.coin.units} sat at {one.outpoint} were final, and wait for a block again"
            )
            yield Difference(Cause.REORG, one.outpoint, 0, detail)
    missing = {
        outpoint: units
        for outpoint, units in booked.items()
        if outpoint not in there and outpoint not in spent
    }
    made = house.rail.chain.sight({outpoint.partition(":")[0] for outpoint in missing})
    for outpoint, units in missing.items():
        if made[outpoint.partition(":")[0]].block:
            detail = f"{units} sat at {outpoint} were spent by a transaction that is not ours"
            yield Difference(Cause.CUSTODY, outpoint, -units, detail)
        else:
            detail = f"{units} sat at {outpoint} were booked, and are in no block any more"
            yield Difference(Cause.REORG, outpoint, -units, detail)
