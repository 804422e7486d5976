"""Addresses of the vault that are given out: each once, and none that a participant is paid at.

Whoever knows the vault's keys, which are public, can register an address that the vault would give
out later. Were it given out, a batch would pay the vault itself, and one coin mean two things. So
it is entered as one that is nobody's: it is watched, since a branch has no holes, and what comes
there goes to suspense.
"""

from functools import lru_cache

from clearhouse.chains.derivation import addresses
from clearhouse.chains.vault import Address, Vault
from clearhouse.core.event import Event
from clearhouse.core.ledger import HOUSE
from clearhouse.core.settlement import VaultAddressGiven, VaultAddressUnasked
from clearhouse.operations.house import House
from clearhouse.store import cycles, registers
from clearhouse.store.cycles import VaultAddress


def given_out(at: VaultAddress) -> tuple[str, Event]:
    """The fact that an address of the vault was given to somebody, or is given to nobody."""
    if at.unasked:
        return HOUSE, VaultAddressUnasked(at.script.hex(), at.address, at.is_change, at.position)
    fact = VaultAddressGiven(at.script.hex(), at.address, at.is_change, at.position, at.participant)
    return at.participant or HOUSE, fact


def fresh(house: House, many: int, *, is_change: bool) -> list[VaultAddress]:
    """The next addresses of a branch, until so many are free; under the journal's lock.

    Those at which participants are paid come between them, as `unasked`: enter all of them.
    """
    place = cycles.next_vault_position(house.db, is_change=is_change)
    found: list[VaultAddress] = []
    while many:
        next_ones = addresses(house.rail.vault, house.network, place, many, is_change=is_change)
        taken = registers.paid_at(house.db, [at.text for at in next_ones])
        for position, at in enumerate(next_ones, place):
            unasked = at.text in taken
            found.append(VaultAddress(at.script, at.text, is_change, position, None, unasked))
        place, many = place + many, len(taken)
    return found


@lru_cache(maxsize=4096)
def address_at(vault: Vault, position: int, *, is_change: bool) -> Address:
    """The vault's address at a position of a branch."""
    return vault.change(position) if is_change else vault.receive(position)
