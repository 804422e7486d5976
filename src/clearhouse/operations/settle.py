"""Settle a cycle, step by step, as far as the evidence goes.

`settle` looks at the chain and takes every step that is due; called again it goes on from there,
so a node that was down or a process that was killed costs nothing but time. What leaves the house
is kept before it leaves: a batch is stored before it is broadcast, and a broadcast can be repeated.
Each step is taken only if the cycle is still as it was read, so two who settle do not both take it.
"""

from collections.abc import Collection
from dataclasses import dataclass

from clearhouse.chains import vault
from clearhouse.chains.signer.client import SignerRefused, SignerUnreachable
from clearhouse.chains.transaction import txid_of
from clearhouse.core import finality
from clearhouse.core.coin_source import CoinsBarred
from clearhouse.core.event import encode
from clearhouse.core.gate import Verdict
from clearhouse.core.ids import CycleId
from clearhouse.core.ledger import HOUSE, Account, AccountKind
from clearhouse.core.note import Checkpoint
from clearhouse.core.settlement import (
    ENDED,
    BatchBroadcast,
    BatchKept,
    BatchOnItsWay,
    BatchSigned,
    FloatTooSmall,
    HeadAnchored,
    NoLongerCleared,
    ReconciliationOff,
    SignatureAsked,
    SignersTooFew,
    State,
)
from clearhouse.core.statement import PayOut, Statement, canonical, sign_statement
from clearhouse.operations import log
from clearhouse.operations.collect import collect
from clearhouse.operations.deposits import Deposit, barred, book, deposits, screen_for, usable
from clearhouse.operations.follow import follow, settle_without_batch, unmoved, watch
from clearhouse.operations.house import House
from clearhouse.operations.reconcile import reconcile
from clearhouse.operations.release import need_released
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.store import cycles, journal, obligations, registers
from clearhouse.store.accounts import balances
from clearhouse.store.cycles import Cycle, PayIn
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a cycle has come, and what it waits for."""

    cycle: CycleId
    state: State
    depth: int  # of the batch; 0 while it is in no block
    depth_final: int
    outstanding: list[PayIn]  # pay-ins that are not final yet


def settle(house: House, id: CycleId) -> Progress:
    """Take every step that is due for cycle `id`.

    Raises:
        UnknownCycle: There is none.
        NoLongerCleared: The gate does not clear an obligation of it today: nothing is released,
            and `revise` clears the others again; once signatures were asked for, two people give
            the batch up first.
        NotReleased: Two people have not agreed on what is paid out.
        BatchOnItsWay, CoinsBarred, FloatTooSmall, SignersTooFew, Unreachable: The step is not
            taken; try again later.
        Rejected: The network does not take the batch: a coin of it is gone.
        FinalityBroken: The chain took back what was final; a person decides.
        ReconciliationOff: The vault does not hold what the ledger says: nothing is released.
    """
    while True:
        before = _read(house, id)
        match before.state:
            case State.CLEARED:
                collect(house, before)
            case State.FUNDED:
                _release(house, before)
            case State.SIGNED:
                _broadcast(house, before)
            case State.BROADCAST | State.CONFIRMED:
                follow(house, before)
            case State.SETTLED | State.WITHDRAWN:
                watch(house, before)
            case State.UNWOUND:
                pass
        after = _read(house, id)
        if after.state is before.state or after.state in ENDED:
            return _progress(house, after)


def _read(house: House, id: CycleId) -> Cycle:
    with house.db.transaction():
        return cycles.cycle(house.db, id)


def _progress(house: House, cycle: Cycle) -> Progress:
    depth = house.rail.chain.sight([cycle.txid])[cycle.txid].depth if cycle.txid else 0
    with house.db.transaction():
        called = cycles.pay_ins(house.db, cycle.id) if cycle.state not in ENDED else []
        open_pay_ins = [one for one in called if not one.final]
    return Progress(cycle.id, cycle.state, depth, cycle.depth_final, open_pay_ins)


def _release(house: House, cycle: Cycle) -> None:
    """Ask the gate once more, then the institutions; keep the signed batch.

    What was given up is not paid: they are asked to sign a batch that pays nobody instead. It
    spends all that could be spent, so one coin at least of whatever was signed before.
    """
    with house.db.transaction():
        if pays := bool(cycles.pay_outs(house.db, cycle.id)):
            need_released(house, cycle.id)
    gate = None if cycle.given_up else _still_cleared(house, cycle)
    rail, now = house.rail, house.now()
    arrived = deposits(house)
    screen = screen_for(house, arrived, cycle.depth_final)
    with house.db.transaction():
        if not unmoved(house, cycle):
            return
        # All that the batch spends must be in the books: what came since the pay-ins, too.
        coins = usable(book(house, arrived, cycle.depth_final, screen), cycle.depth_final)
        if not pays:
            settle_without_batch(house, cycle)
            return
        _need_turn(house, cycle)
        # What others wait for must be seen there to be final, but where what is spent counts too.
        waited = {one.script for one in cycles.awaited(house.db, cycle.id) if not one.again}
        coins = [one for one in coins if one.at.script not in waited]
        # What was listed since it came is not spent; but of what is given up one coin at least must
        # be, or what was signed before could still be paid.
        apart = set[str]() if gate is None else barred(house, coins, gate.screen)
    if (seen := reconcile(house)).difference:
        raise ReconciliationOff(f"nothing is released: {seen}", cycle=cycle.id)
    anchor = _anchored(house, cycle)
    if anchor is None:
        return
    with house.db.transaction():
        statement = _statement(house, cycle, anchor)
    psbt, fee = _compose(house, statement, coins, apart)
    if not _asked(house, cycle, txid_of(psbt)):
        return
    signed, signers = _signed(house, psbt, statement)
    raw, txid = vault.finalise(vault.combine(signed))
    said, signature = canonical(statement).decode(), sign_statement(statement, rail.statement_key)
    fact = BatchSigned(cycle.id, txid, tuple(signers), fee, said, signature)
    kept = BatchKept(cycle.id, txid, fee, raw.hex())
    with house.db.transaction():
        if not unmoved(house, cycle):
            return
        record(house.db, [(cycle.id, fact), (cycle.id, kept)], now, now)


def _statement(house: House, cycle: Cycle, anchor: str) -> Statement:
    outs = [] if cycle.given_up else cycles.pay_outs(house.db, cycle.id)
    return Statement(
        cycle.id,
        cycle.asset,
        house.rail.vault.descriptor,
        tuple(sorted(PayOut(one.participant, one.address, one.units) for one in outs)),
        _float(house, cycle.asset),
        cycle.change_index,
        anchor,
        house.now(),
    )


def _anchored(house: House, cycle: Cycle) -> str | None:
    """Choose, once, which head of the log the batch carries; None if the cycle has moved.

    It is the head over all that stands in the journal before this entry, which so tells of itself
    what it must be. Asked again the same one is carried, for another would be another transaction.
    """
    now = house.now()
    with house.db.transaction():
        if not unmoved(house, cycle):
            return None
        for entry in journal.of_kind(house.db, HeadAnchored, [cycle.id]):
            if isinstance(one := entry.event, HeadAnchored):
                return Checkpoint(one.origin, one.size, bytes.fromhex(one.root)).anchor
        log.catch_up(house)
        head = log.head(house)
        assert head.size == journal.head(house.db)
        fact = HeadAnchored(cycle.id, head.origin, head.size, head.root.hex())
        record(house.db, [(cycle.id, fact)], now, now)
        return head.anchor


def _need_turn(house: House, cycle: Cycle) -> None:
    """Check, in the caller's transaction, that no other batch is asked for or on its way.

    Raises:
        BatchOnItsWay: One is.
    """
    if others := [id for id in cycles.asked_for(house.db) if id != cycle.id]:
        raise BatchOnItsWay(f"{cycle.id} is signed after {others[0]} is settled", cycle=cycle.id)


def _asked(house: House, cycle: Cycle, txid: str) -> bool:
    """Record, once, what the institutions are about to be asked to sign; is the cycle unmoved?"""
    fact, now = SignatureAsked(cycle.id, txid), house.now()
    with house.db.transaction():
        if not unmoved(house, cycle):
            return False
        need_released(house, cycle.id)  # under the lock now, as late as can be
        _need_turn(house, cycle)
        before = journal.of_kind(house.db, SignatureAsked, [cycle.id])
        if all(entry.event != fact for entry in before):
            record(house.db, [(cycle.id, fact)], now, now)
    return True


def _still_cleared(house: House, cycle: Cycle) -> Gate:
    """Let the gate look at every obligation of the cycle as of now.

    Its answers are kept, whatever they are; the same answer again, while the release waits for
    something else, is not news. Answers the gate that was asked.

    Raises:
        NoLongerCleared: It does not clear all of them.
    """
    gate, now = open_gate(house), house.now()
    with house.db.transaction():
        if not unmoved(house, cycle):
            return gate
        taken = obligations.of_cycle(house.db, cycle.id, house.assets)
        parties = {p for one in taken.values() for p in (one.debtor, one.creditor)}
        participants = registers.participants(house.db, parties)
        decisions = gate.judge(list(taken.values()), participants, now)
        verdicts = {id: verdict_of(decision) for id, decision in decisions.items()}
        known = cycles.decided_since(house.db, cycle.id, decisions)
        facts = gate.save()
        facts += [(id, one) for id, one in decisions.items() if known.get(id) != encode(one)]
        record(house.db, facts, now, now)
    if stopped := [id for id, verdict in verdicts.items() if verdict is not Verdict.CLEAR]:
        detail = f"{len(stopped)} obligations, {stopped[0]} first: explain it to see why"
        raise NoLongerCleared(detail, cycle=cycle.id, obligation=stopped[0])
    return gate


def _float(house: House, asset: str) -> int:
    """What the house has for network fees."""
    mine = balances(house.db, HOUSE)
    return mine.get(Account(HOUSE, AccountKind.FEES, asset), 0)


def _compose(
    house: House, statement: Statement, arrived: list[Deposit], apart: Collection[str]
) -> tuple[str, int]:
    """Write the batch, and its fee.

    Args:
        apart: Coins that are not spent, by their outpoints.

    Raises:
        FloatTooSmall: The fee is more than the float.
        CoinsBarred: Without the coins that stay apart there is not enough.
    """
    rail, most = house.rail, statement.fee_units_max
    coins = [
        vault.Coin(one.coin.txid, one.coin.vout, one.at.position, one.at.is_change)
        for one in arrived
        if one.outpoint not in apart
    ]
    previous = {coin.txid: rail.chain.transaction(coin.txid) for coin in coins}
    paid = [(one.address, one.units) for one in statement.pay_outs]
    try:
        psbt = rail.vault.compose(
            coins, previous, paid, statement.change_index, rail.fee_rate, statement.anchor
        )
    except vault.VaultShort as short:
        if apart:
            detail = f"{short.detail}; {len(apart)} coins were paid by somebody who is listed now"
            raise CoinsBarred(f"{detail}, {min(apart)} first", cycle=statement.cycle) from short
        # What is paid out is there, or the books would differ: only the fee can be missing.
        detail = f"{short.detail}; the float has {most} sat: fund it"
        raise FloatTooSmall(detail, cycle=statement.cycle) from short
    if (fee := vault.fee(psbt)) > most:
        detail = f"a fee of {fee} sat; the float has {most} sat: fund it"
        raise FloatTooSmall(detail, cycle=statement.cycle)
    return psbt, fee


def _signed(house: House, psbt: str, statement: Statement) -> tuple[list[str], list[str]]:
    """Ask the institutions in turn until enough have signed.

    Raises:
        SignersTooFew: Naming what each one that did not sign said.
    """
    rail = house.rail
    signature = sign_statement(statement, rail.statement_key)
    signed, signers, refused = [], [], []
    for institution, signer in rail.signers.items():
        try:
            signed.append(signer.sign(psbt, statement, signature))
        except (SignerRefused, SignerUnreachable) as trouble:
            refused.append(f"{institution}: {trouble}")
            continue
        signers.append(institution)
        if len(signers) == rail.vault.threshold:
            return signed, signers
    detail = f"{len(signers)} of {rail.vault.threshold}; {'; '.join(refused)}"
    raise SignersTooFew(detail, cycle=statement.cycle)


def _broadcast(house: House, cycle: Cycle) -> None:
    """Hand the batch to the chain; said twice it is there once."""
    assert cycle.raw is not None
    assert cycle.txid is not None
    txid = house.rail.chain.submit(cycle.raw)
    assert txid == cycle.txid
    now = house.now()
    with house.db.transaction():
        if not unmoved(house, cycle):
            return
        record(house.db, [(cycle.id, BatchBroadcast(cycle.id, txid))], now, now)


def depth_final(house: House) -> int:
    """Confirmations that the law of all jurisdictions asks for today."""
    return finality.policy(house.today, house.rulebook).depth_final
