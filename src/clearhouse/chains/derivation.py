"""Many addresses of a vault at once: a cycle gives one to each of its debtors.

BDK derives a branch anew for each address, which takes a millisecond; embit does it once for all of
them. The two must agree on the first and on the last, as they must on every coin that is spent.
"""

from embit.descriptor import Descriptor
from embit.networks import NETWORKS

from clearhouse.chains.vault import Address, Vault

# Whose addresses are written as another test network's.
ALIKE = {"testnet4": "test"}


def addresses(
    vault: Vault, network: str, first: int, count: int, *, is_change: bool
) -> list[Address]:
    """The vault's addresses at `count` indexes of a branch from `first` on.

    Args:
        network: The vault's, as Bitcoin Core calls it.
        first: From 0; the last index is below 2**31.
    """
    if not count:
        return []
    branch = Descriptor.from_string(vault.descriptor).branch(int(is_change))
    written_as = NETWORKS[ALIKE.get(network, network)]
    found = []
    for index in range(first, first + count):
        script = branch.derive(index).script_pubkey()
        found.append(Address(script.address(written_as), bytes(script.data)))
    one = vault.change if is_change else vault.receive
    ends = [one(first), one(first + count - 1)]
    assert [found[0], found[-1]] == ends, "embit and BDK derive different addresses"
    return found
