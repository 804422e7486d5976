"""Of net debit caps: whose debts are held back is within its room, and would not be with them.

The room is as the house says: it is the same for all of a cycle, and not held against the register.
"""

from collections import defaultdict

from clearhouse.verifier.canonical import whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.checks.obligations import worth
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.wrong import Wrong

Named = tuple[str, str]  # a cycle and a participant


def caps(_: Published) -> Looks:
    """Whose obligations are held back keeps to its cap, and would not with them."""
    held: defaultdict[Named, list[int]] = defaultdict(list)
    rooms: dict[Named, int] = {}
    positions: dict[Named, int] = {}

    def back(standing: Standing, entry: Entry) -> None:
        said = entry.body
        one, units, room = standing.obligations.get(entry.subject), said["units"], said["room"]
        name = (said["cycle"], said["participant"])
        if one is None or one.debtor != name[1] or rooms.get(name, whole(room)) != whole(room):
            detail = f"{entry.subject} is held back for {name[1]}'s room of {room}"
            raise Wrong("caps.room-wrong", detail)
        if whole(units) != worth(standing, one, entry.recorded_at):
            raise Wrong("caps.units-wrong", f"{entry.subject} is not worth {units}")
        held[name].append(whole(units))
        rooms[name] = whole(room)

    def struck(_: Standing, entry: Entry) -> None:
        positions[entry.body["cycle"], entry.body["participant"]] = whole(entry.body["units"])

    def end(_: Standing) -> None:
        for name, units in held.items():
            cycle, who = name
            debit, room = max(0, -positions.get(name, 0)), rooms[name]
            if debit > room:
                raise Wrong("caps.exceeded", f"{who} owes {debit} in {cycle}, of {room} at most")
            if debit + max(units) <= room:
                detail = f"{who} owes {debit} of {room} in {cycle}; what is held back had room"
                raise Wrong("caps.needless", detail)

    return Looks({"ObligationHeldBack": back, "PositionStruck": struck}, end)
