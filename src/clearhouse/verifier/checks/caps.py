"""Of net debit caps: nobody owes more than its own, and what is held back would pass it.

A cap is of the register of limits. Of several in force the tightest holds; in force is what holds
on some day from the clearing to the settlement. Of it a cycle leaves what is called for other open
cycles, and not final yet.
"""

from collections import defaultdict
from collections.abc import Mapping

from clearhouse.verifier import canonical
from clearhouse.verifier.canonical import Record, whole
from clearhouse.verifier.checks.check import Looks
from clearhouse.verifier.checks.obligations import COIN, worth
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.published import Published
from clearhouse.verifier.standing import LIMIT, Standing
from clearhouse.verifier.wrong import Wrong

NET_DEBIT = "net-debit"
NO_END = "9999-12-31"


def caps(_: Published) -> Looks:
    """Nobody comes to owe more than its cap, and who is held back would with what waits."""
    return _Caps().looks()


class _Caps:
    """The cycle that is being cleared."""

    def __init__(self) -> None:
        self._on = ""  # the day on which it settles
        self._unwound = ""  # the cycle that was unwound last, and by no other cleared again
        self._held: defaultdict[str, list[int]] = defaultdict(list)  # back, of whom
        self._alone: dict[str, tuple[int, int]] = {}  # of whom none entered: the most, and the room
        self._positions: dict[str, int] = {}
        self._limits: defaultdict[str, list[Record]] = defaultdict(list)  # by whose they are

    def looks(self) -> Looks:
        """What is looked at."""
        return Looks(
            {
                "RecordEntered": self._limited,
                "CycleOpened": self._opened,
                "CycleUnwound": self._ended,
                "ObligationHeldBack": self._held_back,
                "PositionStruck": self._struck,
                "CycleCertified": self._certified,
            },
            lambda _: self._need_beyond(),
        )

    def _limited(self, _: Standing, entry: Entry) -> None:
        if entry.body["register"] == "exposure_limit":
            self._limits.clear()
            said = canonical.read(entry.body["body"], "a limit")
            if said.keys() != set(LIMIT) or not str(said["units"]).isdecimal():
                raise Wrong("caps.malformed", f"entry {entry.position} is no limit")

    def _of_each(self, standing: Standing) -> Mapping[str, list[Record]]:
        """The limits of each participant: sorted out once, and not for each that is looked at."""
        if not self._limits:
            for one in standing.limits.values():
                self._limits[one["participant"]].append(one)
        return self._limits

    def _opened(self, _: Standing, entry: Entry) -> None:
        self._need_beyond()
        self._on = entry.body["on"]
        self._unwound = ""
        self._held.clear()
        self._positions.clear()

    def _ended(self, _: Standing, entry: Entry) -> None:
        self._need_beyond()
        self._unwound = "" if entry.body["by_cycle"] else entry.body["cycle"]

    def _out(self, standing: Standing, entry: Entry) -> None:
        """Nothing of a cycle was cleared again, by the room of then, or of a cap that comes."""
        who, room, today = entry.body["participant"], whole(entry.body["room"]), entry.recorded_at
        begin = {one["since"] for one in self._of_each(standing).get(who, ())}
        days = [today[:10], *(day for day in begin if day > today[:10])]
        if room not in [self._room(standing, who, entry, on) for on in days]:
            detail = f"{entry.subject} is held back for {who}'s room of {room}"
            raise Wrong("caps.room-wrong", detail)
        most, _ = self._alone.get(who, (0, 0))
        self._alone[who] = (max(most, whole(entry.body["units"])), room)

    def _need_beyond(self) -> None:
        """Where nothing entered, somebody's greatest debt alone would pass its cap: not the least.

        What is newer waits with the older that does not fit, and the least may be the newer.
        """
        for who, (most, room) in self._alone.items():
            if most <= room:
                raise Wrong(
                    "caps.needless", f"what {who} owes had room in {room}, and is held back"
                )
        self._alone.clear()

    def _held_back(self, standing: Standing, entry: Entry) -> None:
        said = entry.body
        one, who, units = (
            standing.obligations.get(entry.subject),
            said["participant"],
            said["units"],
        )
        if one is None or one.debtor != who:
            raise Wrong("caps.room-wrong", f"{entry.subject} is held back, and not of {who}")
        if whole(units) != worth(standing, one, entry.recorded_at):
            raise Wrong("caps.units-wrong", f"{entry.subject} is not worth {units}")
        if said["cycle"] == self._unwound:
            self._out(standing, entry)
            return
        if (room := self._room(standing, who, entry, self._on)) != whole(said["room"]):
            detail = f"{entry.subject} is held back for {who}'s room of {said['room']}"
            raise Wrong("caps.room-wrong", f"{detail}: it is {room}")
        self._held[who].append(whole(units))

    def _struck(self, _: Standing, entry: Entry) -> None:
        self._positions[entry.body["participant"]] = whole(entry.body["units"])

    def _certified(self, standing: Standing, entry: Entry) -> None:
        for who in sorted(self._of_each(standing)):
            room = self._room(standing, who, entry, self._on)
            debit = max(0, -self._positions.get(who, 0))
            if room is None:
                continue
            if debit > room:
                detail = f"{who} owes {debit} in {entry.subject}, of {room} at most"
                raise Wrong("caps.exceeded", detail)
            if who in self._held and debit + max(self._held[who]) <= room:
                detail = f"{who} owes {debit} of {room}; what is held back had room"
                raise Wrong("caps.needless", detail)

    def _room(self, standing: Standing, who: str, entry: Entry, on: str) -> int | None:
        """What a participant may come to owe in a cycle that settles on a day; None: no cap."""
        limits = [
            whole(one["units"])
            for one in self._of_each(standing).get(who, ())
            if _is_cap(one, on, entry.recorded_at)
        ]
        if not limits:
            return None
        open_calls = (
            cycle.pay_ins[who]
            for id, cycle in standing.cycles.items()
            if id != entry.body["cycle"] and who in cycle.pay_ins
        )
        owed = sum(one.units for one in open_calls if not one.final)
        return max(0, min(limits) - owed)


def _is_cap(one: Record, on: str, now: str) -> bool:
    """Whether a limit is a net debit cap that is in force on some day from now to another."""
    is_kind = (one["limit"], one["asset"]) == (NET_DEBIT, COIN)
    return is_kind and one["since"] <= on and now[:10] <= (one["until"] or NO_END)
