"""Reconcile: does the ledger balance, and does the chain hold what the ledger says?

    vault by the ledger  =  booked coins and change on chain  +  what a batch on its way pays

Whether a batch is on its way is the chain's to say: a house that was stopped between handing it in
and noting so, or a node that forgot it, makes no difference. A coin that is there but not final is
not booked yet, and told apart. A difference is never spread over anybody: it is reported, with what
it is made of.
"""

from dataclasses import dataclass

from clearhouse.core.ledger import HOUSE, Account, AccountKind
from clearhouse.operations.deposits import deposits
from clearhouse.operations.house import House
from clearhouse.store import cycles
from clearhouse.store import ledger as books
from clearhouse.store.accounts import balances
from clearhouse.store.ledger import TrialBalance


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
    """Compare the vault by the ledger with the vault on the chain."""
    tip = house.rail.chain.tip()
    arrived = deposits(house)
    with house.db.transaction():
        mine = balances(house.db, HOUSE)
        held = -mine.get(Account(HOUSE, AccountKind.VAULT, house.coin.identity), 0)
        booked = books.find(house.db, [one.booking for one in arrived])
        flying = 0
        for id in cycles.open_cycles(house.db):
            cycle = cycles.cycle(house.db, id)
            if cycle.txid and _has(house, cycle.txid):
                flying += sum(one.units for one in cycles.pay_outs(house.db, id))
                flying += cycle.fee or 0
    ours = sum(one.coin.units for one in arrived if one.is_change or one.booking in booked)
    everything = sum(one.coin.units for one in arrived)
    return Reconciliation(held, ours, flying, everything - ours, tip.height)


def _has(house: House, txid: str) -> bool:
    """Whether the chain has a transaction, waiting or in a block: then its coins are spent."""
    seen = house.rail.chain.sight([txid])[txid]
    return seen.in_mempool or seen.block is not None
