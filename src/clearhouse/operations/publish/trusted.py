"""What a reader of a bundle must be told by others than the house, as the house would say it."""

from typing import Any

from clearhouse.core.note import Verifier
from clearhouse.operations.house import House
from clearhouse.operations.log import origin


def trusted(house: House, height: int) -> dict[str, Any]:
    """The keys, the witnesses, and a block of the chain, as `clearhouse.verifier` reads them.

    Args:
        house: Whose.
        height: Of the block; where difficulty changes, a multiple of 2016.

    Raises:
        NotFounded, NoRail, UnknownBlock: There is nothing to say.
    """
    rail, witnesses = house.rail, house.log.witnesses
    log = Verifier(origin(house), house.log.key.public_key().public_bytes_raw())
    return {
        "log": log.encode(),
        "statements": rail.statement_key.public_key().public_bytes_raw().hex(),
        "vault": rail.vault.descriptor,
        "witnesses": [one.encode() for one in witnesses.keys],
        "cosignatures": witnesses.needed,
        "block": {
            "network": house.network,
            "height": height,
            "hash": rail.chain.block(height).hash,
        },
    }
