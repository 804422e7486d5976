"""Fund the house's float: what it keeps in the vault to pay networks with."""

from clearhouse.operations.addresses import fresh, given_out
from clearhouse.operations.deposits import close_seen
from clearhouse.operations.house import House
from clearhouse.store import journal
from clearhouse.store.cycles import VaultAddress
from clearhouse.store.projection import record


def float_address(house: House) -> VaultAddress:
    """Give out a fresh address of the vault that belongs to nobody but the house.

    What arrives there, once it is final, is booked to the house's fees with the next `settle`.
    """
    close_seen(house)
    with house.db.transaction():
        journal.lock(house.db)  # so that two of them do not give out one index
        found = fresh(house, 1, is_change=False)
        record(house.db, list(map(given_out, found)), house.now(), house.now())
    house.rail.chain.watch([one.script for one in found])
    return found[-1]
