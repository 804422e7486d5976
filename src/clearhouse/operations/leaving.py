"""Leaving: what a participant has open, which is brought to its end before it is let go."""

from clearhouse.core.ids import ParticipantId
from clearhouse.core.money import decimal
from clearhouse.core.obligation import State
from clearhouse.core.participant import UnknownParticipant
from clearhouse.operations.house import House
from clearhouse.store import accounts, obligations, registers

OPEN = {State.PROPOSED, State.AFFIRMED, State.CLEARED}


def left_open(house: House, who: ParticipantId) -> list[str]:
    """What a participant has open: what it owes or is owed, and what the house holds for it.

    Raises:
        UnknownParticipant: Nobody is admitted under this id.
    """
    if who not in registers.admitted(house.db, [who]):
        raise UnknownParticipant(f"{who} is not admitted", participant=who)
    owed = obligations.of_parties(house.db, [who], house.assets)
    found = [f"obligation {id} is {one.state}" for id, one in owed.items() if one.state in OPEN]
    for account, units in accounts.balances(house.db, who).items():
        asset = next((one for one in house.assets.values() if one.identity == account.asset), None)
        said = f"{decimal(units, asset.exponent)} {asset.code}" if asset else f"{units} units"
        found += [f"account {account.kind} has {said}"] if units else []
    return found
