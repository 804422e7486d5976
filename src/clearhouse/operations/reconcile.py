"""Reconcile: does the ledger balance, and does the chain hold what the ledger says?

    vault by the ledger  =  booked coins and change on chain  +  what a batch on its way pays

Whether a batch is on its way is the chain's to say: a house that was stopped between handing it in
and noting so, or a node that forgot it, makes no difference. A coin that is there but not final is
not booked yet, and told apart. A difference is never spread over anybody: it is reported, with what
it is made of.
"""

from dataclasses import dataclass

from clearhouse.core.ledger import HOUSE, Account, AccountKind
from clearhouse.core.settlement import FINAL
from clearhouse.operations.deposits import deposits
from clearhouse.operations.house import House
from clearhouse.store import cycles
from clearhouse.store import ledger as books
from clearhouse.store.accounts import balances
from clearhouse.store.ledger import TrialBalance

LOOKS_MAX = 5


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Vault by ledger and by chain, in minor units of the coin."""

    ledger: int  # what the ledger says the vault holds
    on_chain: int  # coins of the vault that are booked, and its change
    in_flight: int  # paid by a batch that the chain has and that is not final
    unbooked: int  # arrived, but not final: in neither of the above
    height: int  # of the chain's tip as it was looked at

    @property
    def difference(self) -> int:
        """Zero when they agree; positive when the chain has more."""
        return self.on_chain + self.in_flight - self.ledger


def check_ledger(house: House) -> TrialBalance:
    """Prove that every asset sums to zero and every balance follows from its transfers."""
    with house.db.transaction():
        return books.trial_balance(house.db)


def reconcile(house: House) -> Reconciliation:
    """Compare the vault by the ledger with the vault on the chain.

    Both go on while they are looked at, and a sum of two moments differs from the next one: a
    difference counts when two looks in a row agree on it.

    Raises:
        Unreachable: The chain cannot be asked.
    """
    seen = _compare(house)
    for _ in range(LOOKS_MAX - 1):
        if seen.difference == 0:
            break
        before, seen = seen, _compare(house)
        if seen.difference == before.difference:
            break
    return seen


def _compare(house: House) -> Reconciliation:
    arrived = deposits(house)
    tip = house.rail.chain.tip()
    with house.db.transaction():
        mine = balances(house.db, HOUSE)
        held = -mine.get(Account(HOUSE, AccountKind.VAULT, house.coin.identity), 0)
        flying = [one for one in cycles.batches(house.db) if one.state not in FINAL]
        paid = {
            one.txid: one.fee + sum(out.units for out in cycles.pay_outs(house.db, one.cycle))
            for one in flying
            if not one.pays_nobody
        } | {one.txid: one.fee for one in flying if one.pays_nobody}
    # A batch that the chain has, waiting or in a block, has spent its coins.
    seen = house.rail.chain.sight(paid)
    away = sum(units for txid, units in paid.items() if seen[txid].in_mempool or seen[txid].block)
    ours = sum(one.coin.units for one in arrived if one.is_change or one.booked)
    everything = sum(one.coin.units for one in arrived)
    return Reconciliation(held, ours, away, everything - ours, tip.height)
