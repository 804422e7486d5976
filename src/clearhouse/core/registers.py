"""Every register there is, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from clearhouse.core import investment, owner, participant, wallet
from clearhouse.core.mining import records as mining
from clearhouse.core.record import Register, UnknownRegister

REGISTERS: Mapping[str, Register] = MappingProxyType(
    {
        one.name: one
        for one in (
            participant.NAMES,
            participant.ATTACHMENTS,
            participant.TAX_NUMBERS,
            participant.LIMITS,
            participant.STANDINGS,
            participant.MEASURES,
            participant.CONTACTS,
            participant.REPRESENTATIVES,
            owner.ENTITIES,
            owner.PERSONS,
            owner.HOLDINGS,
            investment.TESTS,
            investment.INVESTMENTS,
            wallet.CHALLENGES,
            wallet.WALLETS,
            mining.SITES,
            mining.METERS,
            mining.READINGS,
            mining.MACHINES,
            mining.POOL_ACCOUNTS,
        )
    }
)


def register_of(name: str) -> Register:
    """The register of this name.

    Raises:
        UnknownRegister: There is none.
    """
    if name not in REGISTERS:
        raise UnknownRegister(f"{name[:40]!r}: one of {', '.join(REGISTERS)}")
    return REGISTERS[name]
