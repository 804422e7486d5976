"""The two people who found the demo's house, and release what it pays out together.

Their keys are with the officers, in another process; here is only what they order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clearhouse.core import ids
from clearhouse.core.command import Action, Approve, Command, GrantRole, ReleaseCycle
from clearhouse.core.dossier import salted
from clearhouse.core.founding import Founder, Founding
from clearhouse.core.ids import CommandId, CycleId, PersonId
from clearhouse.core.person import Role
from clearhouse.demo.stage import Officers
from clearhouse.operations import people
from clearhouse.operations.house import House
from clearhouse.operations.people import Taken
from clearhouse.operations.release import release_of

NAMES = (("Ada Lindqvist", "Central Bank of Norland"), ("Bela Okafor", "Ministry of Finance"))


@dataclass(frozen=True)
class Pair:
    """Two people of a house."""

    house: House
    officers: Officers
    id: str  # the house's
    people: Sequence[PersonId]

    def order(self, who: int, action: Action) -> Taken:
        """Let one of them sign a command, and hand it in."""
        now = self.house.now()
        id = CommandId(ids.fresh("cmd", now, self.house.dice))
        key = self.officers.keys[who]
        text = Command(self.id, id, self.people[who], key, action, now).encode()
        return people.submit(self.house, text, self.officers.sign(who, text))

    def agree(self, action: Action, maker: int = 0) -> None:
        """Let one propose, and the other approve."""
        proposed = self.order(maker, action).proposal
        assert proposed is not None
        self.order(1 - maker, Approve(proposed.id, proposed.command.digest))

    def release(self, cycle: CycleId) -> None:
        """Release what a cycle pays out."""
        self.agree(ReleaseCycle(cycle, release_of(self.house, cycle).digest))


def found(house: House, officers: Officers) -> Pair:
    """Found the house; the one is its operator and supervisor, the other is compliance."""
    now = house.now()
    id = ids.fresh("hse", now, house.dice)
    pair = [PersonId(ids.fresh("per", now, house.dice)) for _ in NAMES]
    dossiers = [salted({"name": name}, house.dice) for name, _ in NAMES]
    founders = tuple(
        Founder(person, affiliation, key, dossier.commitment)
        for person, (_, affiliation), key, dossier in zip(
            pair, NAMES, officers.keys, dossiers, strict=True
        )
    )
    text = Founding(id, founders, now).encode()
    signatures = {key: officers.sign(who, text) for who, key in enumerate(officers.keys)}
    people.found(house, text, signatures, dossiers)
    made = Pair(house, officers, id, pair)
    made.agree(GrantRole(pair[0], Role.OPERATOR))
    made.agree(GrantRole(pair[0], Role.SUPERVISOR))
    made.agree(GrantRole(pair[1], Role.COMPLIANCE), maker=1)
    return made
