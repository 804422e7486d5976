"""Follow a batch on the chain: in no block, in one, deep enough; and post what it paid."""

from clearhouse.core import finality
from clearhouse.core.event import Event
from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import (
    HOUSE,
    Account,
    AccountId,
    AccountKind,
    Transfer,
    TransferCode,
)
from clearhouse.core.settlement import (
    BatchConfirmed,
    BatchReorganised,
    CycleSettled,
)
from clearhouse.core.unwinding import BatchWithdrawn
from clearhouse.operations.house import House
from clearhouse.store import cycles, journal
from clearhouse.store import ledger as books
from clearhouse.store.cycles import Cycle
from clearhouse.store.projection import record


def unmoved(house: House, before: Cycle) -> bool:
    """Be the only one at work until the transaction ends; is the cycle still as it was read?"""
    journal.lock(house.db)
    return cycles.cycle(house.db, before.id) == before


def rules(house: House, cycle: Cycle) -> tuple[str, ...]:
    """The rules that say when a payment of the cycle is final."""
    return finality.rules(cycle.settles_on, house.rulebook)


def _sighting(house: House, txid: str) -> tuple[finality.Sighting, int | None]:
    """Where the batch is, and at what height if it is in a block."""
    seen = house.rail.chain.sight([txid])[txid]
    block, height = (seen.block.hash, seen.block.height) if seen.block else ("", None)
    return finality.Sighting(seen.depth, block, seen.in_mempool, seen.conflicted), height


def follow(house: House, cycle: Cycle) -> None:
    """Account for where the batch is now: in no block, in one, or deep enough."""
    assert cycle.txid is not None
    assert cycle.raw is not None
    state = finality.State.IN_BLOCK if cycle.block else finality.State.MEMPOOL
    tracked = finality.Tracked(cycle.txid, cycle.depth_final, state, 0, cycle.block or "")
    sighting, height = _sighting(house, cycle.txid)
    seen = finality.observe(tracked, sighting)
    facts: list[tuple[str, Event]] = []
    if cycle.block and seen.block != cycle.block:
        gone = BatchReorganised(cycle.id, cycle.txid, cycle.block, cycle.height or 0)
        facts.append((cycle.id, gone))
    if height is not None and seen.block != cycle.block:
        fact = BatchConfirmed(cycle.id, cycle.txid, seen.block, height, seen.depth)
        facts.append((cycle.id, fact))
    now = house.now()
    with house.db.transaction():
        if not unmoved(house, cycle):
            return
        if seen.state is finality.State.FINAL and height is not None:
            end = _withdrawn if cycle.given_up else _settled
            facts.append((cycle.id, end(house, cycle, seen, height)))
        record(house.db, facts, now, now)
    if seen.state is finality.State.UNSEEN:
        house.rail.chain.submit(cycle.raw)


def _settled(house: House, cycle: Cycle, seen: finality.Tracked, height: int) -> CycleSettled:
    """Post what the final batch paid; the cycle and its obligations are settled."""
    _pay_out(house, cycle)
    depths = seen.depth, cycle.depth_final
    return CycleSettled(cycle.id, seen.txid, seen.block, height, *depths, rules(house, cycle))


def _withdrawn(house: House, cycle: Cycle, seen: finality.Tracked, height: int) -> BatchWithdrawn:
    """Post the fee of the final batch that pays nobody: what was signed before is void."""
    books.post_all(house.db, _fee(house, cycle), house.now())
    depths = seen.depth, cycle.depth_final
    return BatchWithdrawn(cycle.id, seen.txid, seen.block, height, *depths, rules(house, cycle))


def _fee(house: House, cycle: Cycle) -> list[Transfer]:
    """What the float pays for the batch; none where there is no batch."""
    if not cycle.fee:
        return []
    fees, vault = (
        Account(HOUSE, kind, cycle.asset).id for kind in (AccountKind.FEES, AccountKind.VAULT)
    )
    id, cause = TransferId(derived("tfr", cycle.id, "fee", fees)), cycle.txid or cycle.id
    code = TransferCode.NETWORK_FEE
    return [Transfer(id, fees, vault, cycle.fee, cycle.asset, code, house.now(), cause)]


def _pay_out(house: House, cycle: Cycle) -> None:
    """Post what the final batch paid: every credit position, and the network's fee."""
    asset, now, cause = cycle.asset, house.now(), cycle.txid or cycle.id
    vault_account = Account(HOUSE, AccountKind.VAULT, asset).id
    transfers: list[Transfer] = []

    def move(
        what: str, debit: AccountId, credit: AccountId, units: int, code: TransferCode
    ) -> None:
        id = TransferId(derived("tfr", cycle.id, what, debit))
        transfers.append(Transfer(id, debit, credit, units, asset, code, now, cause))

    for who, units in cycles.credits(house.db, cycle.id).items():
        mine, available = (
            Account(who, kind, asset).id
            for kind in (AccountKind.IN_CLEARING, AccountKind.AVAILABLE)
        )
        move("discharge", mine, available, units, TransferCode.DISCHARGE)
    for out in cycles.pay_outs(house.db, cycle.id):
        available = Account(out.participant, AccountKind.AVAILABLE, asset).id
        move("pay-out", available, vault_account, out.units, TransferCode.PAY_OUT)
    books.post_all(house.db, [*transfers, *_fee(house, cycle)], now)


def settle_without_batch(house: House, cycle: Cycle) -> None:
    """Settle a cycle that pays nobody: all was set off, or every claim is too small for the chain.

    Such a claim stays with the house, as the participant's balance.
    """
    now = house.now()
    _pay_out(house, cycle)
    fact = CycleSettled(cycle.id, "", "", 0, 0, cycle.depth_final, ())
    record(house.db, [(cycle.id, fact)], now, now)


def watch(house: House, cycle: Cycle) -> None:
    """What is final stays final; if the chain says otherwise, a person must know.

    Raises:
        FinalityBroken: The batch is not where it was final.
    """
    if cycle.txid is None:
        return  # it had no batch
    assert cycle.block is not None
    depth = cycle.depth_final
    tracked = finality.Tracked(cycle.txid, depth, finality.State.FINAL, depth, cycle.block)
    finality.observe(tracked, _sighting(house, cycle.txid)[0])
