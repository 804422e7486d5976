"""Addresses of the vault that are given out: each once, and none that a participant is paid at.

Whoever knows the vault's keys, which are public, can register an address that the vault would give
out later. Were it given out, a batch would pay the vault itself, and one coin mean two things.
"""

from itertools import count, islice

from clearhouse.chains.vault import script_of
from clearhouse.operations.house import House
from clearhouse.store import cycles, registers
from clearhouse.store.cycles import VaultAddress


def fresh(house: House, many: int, *, is_change: bool) -> list[VaultAddress]:
    """The next addresses of a branch, which are nobody's yet; call it under the journal's lock."""
    derive = house.rail.vault.change if is_change else house.rail.vault.receive
    everybody = registers.participants(house.db).values()
    taken = {script_of(one.address, house.network) for one in everybody if one.address}
    first = cycles.next_vault_position(house.db, is_change=is_change)
    derived = ((place, derive(place)) for place in count(first))
    free = ((place, one) for place, one in derived if one.script not in taken)
    return [
        VaultAddress(one.script, one.text, is_change, place, None)
        for place, one in islice(free, many)
    ]
