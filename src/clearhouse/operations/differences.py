"""Differences: look at ledger, chain and custody together, and record what does not agree.

Looking also books what has become final, so that a coin waits for nobody: a participant's is the
participant's, and one that nobody can place goes to suspense.

What could not be looked at (an institution that does not answer, a batch too old to be followed) is
not called resolved.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from clearhouse.chains.chain import Sighting
from clearhouse.chains.signer.client import (
    SignerAnswerMalformed,
    SignerRefused,
    SignerUnreachable,
)
from clearhouse.chains.transaction import spends
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import CycleId
from clearhouse.core.ledger import TransferCode
from clearhouse.core.reconciliation import (
    Cause,
    Difference,
    DifferenceFound,
    DifferenceResolved,
    difference_id,
)
from clearhouse.core.settlement import (
    FINAL,
    BatchBroadcast,
    BatchReorganised,
    BatchSigned,
    SignatureAsked,
    State,
)
from clearhouse.operations.deposits import Deposit, book, deposits, screen_for
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
SUMS = frozenset({Cause.FEE, Cause.UNEXPLAINED})  # told from two sums, not from a thing


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and the differences that stand."""

    reconciliation: Reconciliation
    standing: list[Open]
    found: int  # now for the first time, or otherwise than before
    resolved: int


@dataclass
class _Seen:
    """What differs as of one look, and what was not looked at."""

    differ: list[Difference] = field(default_factory=list)
    skipped: set[tuple[Cause, str]] = field(default_factory=set)  # with how a subject begins

    def skip(self, *causes: Cause, subject: str = "") -> None:
        self.skipped |= {(cause, subject) for cause in causes}

    def was_skipped(self, one: Open) -> bool:
        return any(
            one.cause is cause and one.about.startswith(subject) for cause, subject in self.skipped
        )


def look(house: House, *, prove: bool = True) -> Look:
    """Compare ledger, chain and custody; book what is final; record what differs, and what no more.

    Args:
        prove: Whether the ledger proves itself too, which reads every transfer there is.

    Raises:
        Unreachable: The chain cannot be asked; no difference is recorded.
    """
    _book(house)
    sums = reconcile(house)
    seen = _compare(house, sums)
    if sums.difference and reconcile(house).difference != sums.difference:
        # The sums may be of two moments.
        seen.differ = [one for one in seen.differ if one.cause not in SUMS]
        seen.skip(*SUMS)
    if prove:
        seen.differ += _of_the_ledger(house)
    else:
        seen.skip(Cause.LEDGER)
    return _recorded(house, sums, seen)


def _book(house: House) -> None:
    """Book what has become final; where nothing can be screened it waits."""
    deep, arrived = depth_final(house), deposits(house)
    try:
        screen = screen_for(house, arrived, deep)
    except Refusal as stopped:
        if stopped.kind is not Kind.UNAVAILABLE:
            raise
        return
    with house.db.transaction():
        journal.lock(house.db)
        book(house, arrived, deep, screen)


def _recorded(house: House, sums: Reconciliation, seen: _Seen) -> Look:
    now = house.now()
    differ = {(one.cause, one.subject, one.units): one for one in seen.differ}
    with house.db.transaction():
        journal.lock(house.db)
        standing = differences.standing(house.db)
        known = {(one.cause, one.about, one.units): one for one in standing}
        gone = [
            one.id for key, one in known.items() if key not in differ and not seen.was_skipped(one)
        ]
        kept = {(one.cause, one.about) for one in standing if one.id not in gone}
        position = journal.head(house.db)
        facts: list[tuple[str, Event]] = [(id, DifferenceResolved(id)) for id in sorted(gone)]
        for one in sorted(differ[key] for key in differ.keys() - known.keys()):
            if (one.cause, one.subject) in kept:
                continue  # the same thing, which could not be looked at whole
            id = difference_id(one, position)
            said = (one.cause, one.subject, one.units, one.detail, one.actor)
            facts.append((id, DifferenceFound(id, *said)))
        record(house.db, facts, now, now)
        standing = differences.standing(house.db)
    return Look(sums, standing, len(facts) - len(gone), len(gone))


def _compare(house: House, sums: Reconciliation) -> _Seen:
    seen = _Seen()
    arrived = deposits(house)
    with house.db.transaction():
        batches = cycles.batches(house.db)
    recent: list[Batch] = []
    for one in batches:
        if one.state not in FINAL or (one.height or 0) > sums.height - BLOCKS_BACK:
            recent.append(one)
        else:
            seen.skip(Cause.REORG, subject=one.cycle)
    sighted = house.rail.chain.sight([one.txid for one in recent])
    seen.differ += _unknown(arrived)
    seen.differ += _quarantined(arrived)
    seen.differ += _of_the_batches(house, recent, sighted)
    _of_custody(house, recent, seen)
    vanished: list[Difference] = []
    if sums.difference:  # only then is it worth looking through every coin there ever was
        vanished = list(_vanished(house, arrived, batches, sighted))
    seen.differ += vanished
    seen.differ += _waiting_again(arrived)
    if rest := sums.difference - sum(one.units for one in vanished):
        fees = [one for one in recent if abs(rest) == one.fee]
        cause = Cause.FEE if fees else Cause.UNEXPLAINED
        about = fees[-1].cycle if fees else house.coin.identity
        detail = f"the chain has {rest:+d} sat against the ledger"
        seen.differ.append(Difference(cause, about, rest, detail))
    return seen


def _of_the_ledger(house: House) -> Iterator[Difference]:
    proved = check_ledger(house)
    for subject, units in (*proved.off.items(), *proved.drift.items()):
        yield Difference(Cause.LEDGER, subject, units, "it does not follow from its transfers")


def _unknown(arrived: Sequence[Deposit]) -> Iterator[Difference]:
    for one in arrived:
        if one.is_unknown:
            detail = f"{one.coin.units} sat came to {one.at.address}, which we told nobody"
            yield Difference(Cause.UNKNOWN_DEPOSIT, one.outpoint, one.coin.units, detail)


def _quarantined(arrived: Sequence[Deposit]) -> Iterator[Difference]:
    for one in arrived:
        if one.booked is TransferCode.QUARANTINE:
            whose = one.at.participant or "the house"
            detail = f"{one.coin.units} sat of {whose} came from an address that is listed"
            yield Difference(Cause.QUARANTINE, one.outpoint, one.coin.units, detail)


def _of_the_batches(
    house: House, batches: Sequence[Batch], sighted: Mapping[str, Sighting]
) -> Iterator[Difference]:
    """What was handed to the chain and is not where it should be."""
    for one in batches:
        seen = sighted[one.txid]
        if one.state in FINAL:
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


def _of_custody(house: House, recent: Sequence[Batch], seen: _Seen) -> None:
    """What the institutions signed against what the house asked them to.

    An institution that does not answer is no difference: `settle` and the stuck list say so.
    """
    wanted = {
        name: {(one.cycle, one.txid) for one in recent if name in _signers(house, one.cycle)}
        for name in house.rail.signers
    }
    for name, signer in house.rail.signers.items():
        try:
            signed = set(signer.signed())
        except SignerAnswerMalformed as wrong:
            seen.skip(Cause.CUSTODY, subject=f"{name} ")
            seen.differ.append(Difference(Cause.CUSTODY, name, 0, wrong.detail))
            continue
        except (SignerRefused, SignerUnreachable):
            seen.skip(Cause.CUSTODY, subject=name)
            continue
        asked = _asked(house, {CycleId(cycle) for cycle, _ in signed})
        for cycle, txid in sorted(signed - asked):
            detail = f"{name} signed {txid} for {cycle}, and the house never asked for it"
            seen.differ.append(Difference(Cause.CUSTODY, f"{name} {txid}", 0, detail))
        for cycle, txid in sorted(wanted[name] - signed):
            detail = f"{name} signed {txid} for {cycle}, and says so no more: its book was lost"
            seen.differ.append(Difference(Cause.CUSTODY, f"{name} {txid}", 0, detail))


def _signers(house: House, cycle: CycleId) -> Collection[str]:
    """Who signed a cycle's batch, by the house's own record."""
    return {
        name
        for entry in journal.about(house.db, cycle)
        if isinstance(entry.event, BatchSigned)
        for name in entry.event.signers
    }


def _asked(house: House, signed: Collection[CycleId]) -> set[tuple[str, str]]:
    """What the house asked institutions to sign for some cycles."""
    return {
        (entry.event.cycle, entry.event.txid)
        for entry in journal.of_kind(house.db, SignatureAsked, signed)
        if isinstance(entry.event, SignatureAsked)
    }


def _waiting_again(arrived: Sequence[Deposit]) -> Iterator[Difference]:
    """Coins that were booked as final, and are in no block now."""
    for one in arrived:
        if one.depth == 0 and one.booked:
            detail = f"{one.coin.units} sat at {one.outpoint} were final, and wait again"
            yield Difference(Cause.REORG, one.outpoint, 0, detail)


def _vanished(
    house: House,
    arrived: Sequence[Deposit],
    batches: Sequence[Batch],
    sighted: Mapping[str, Sighting],
) -> Iterator[Difference]:
    """Coins that were booked, that no batch of ours spent, and that the chain does not have."""
    there = {one.outpoint for one in arrived}
    spent = {
        outpoint
        for one in batches
        if one.txid not in sighted or sighted[one.txid].in_mempool or sighted[one.txid].block
        for outpoint in spends(one.raw)
    }
    missing = {
        outpoint: units
        for outpoint, (units, _) in books.deposited(house.db).items()
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
