"""What waits, and what that costs a cycle's set-off; and who would win most by taking part.

An obligation waits while one side has not affirmed it, the gate holds or denies it, its debtor
would pass its cap, it has no rate of the day or its day has not come. A denial is the law: what it
costs is told as well, and changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clearhouse.core.clearing import Due
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.money import AmountTooLarge, Asset
from clearhouse.core.obligation import Obligation, State
from clearhouse.core.rate import AmountVanishes, Rate
from clearhouse.core.settlement import UnknownCycle
from clearhouse.core.shadow import Shadow, most_by_party
from clearhouse.operations.house import House
from clearhouse.store import cycles, obligations, rates, registers

SOLVED_AT_MOST = 200  # obligations and participants each: the rest is told by its bound alone


@dataclass(frozen=True, slots=True)
class Hold:
    """An obligation that waits, and what the set-off would win with it."""

    due: Due
    why: str
    most: int  # by the labels
    wins: int  # exactly


@dataclass(frozen=True, slots=True)
class Joining:
    """A participant, and what the set-off would win with all of its that waits."""

    participant: ParticipantId
    name: str
    obligations: int
    wins: int


@dataclass(frozen=True, slots=True)
class Holds:
    """What waits beside a cycle; units are the settlement asset's minor ones."""

    cycle: CycleId
    asset: Asset
    waiting: int
    without_rate: int  # of those, what could not be valued, and is not looked at
    holds: Sequence[Hold]  # the dearest first
    joining: Sequence[Joining]  # who would win most first


def holds(house: House, id: CycleId, top: int) -> Holds:
    """Look at what waits now as if it had been in a cycle.

    Args:
        top: How many obligations and participants are wanted.

    Raises:
        UnknownCycle: There is none.
    """
    if not cycles.is_known(house.db, id):
        raise UnknownCycle(f"there is no {id}", cycle=id)
    lines = obligations.lines(house.db, id)
    taken = [
        Due(one.id, one.debtor, one.creditor, one.set_off + one.remaining, one.due_on)
        for one in lines
    ]
    waiting = obligations.waiting(house.db, house.assets)
    dues = list(_valued(house, waiting.values()))
    shadow = Shadow(taken, house.coin.quantum)
    bounds = shadow.bounds(dues)
    return Holds(
        id,
        house.coin,
        len(waiting),
        len(waiting) - len(dues),
        _dearest(house, shadow, waiting, dues, bounds, top),
        _joining(house, shadow, dues, bounds, top),
    )


def _valued(house: House, several: Iterable[Obligation]) -> Iterable[Due]:
    """What waits at the newest rates; what has none is left out."""
    fixed = rates.newest(house.db, house.coin, house.assets, house.now())
    for one in several:
        if units := _worth(one, house.coin, fixed.get(one.amount.asset.code)):
            yield Due(one.id, one.debtor, one.creditor, units, one.due_on)


def _worth(one: Obligation, coin: Asset, rate: Rate | None) -> int:
    if one.amount.asset == coin:
        return one.amount.units
    if rate is None:
        return 0
    try:
        return rate.quantity(one.amount).units
    except (AmountVanishes, AmountTooLarge):
        return 0


def _dearest(
    house: House,
    shadow: Shadow,
    waiting: dict[ObligationId, Obligation],
    dues: Sequence[Due],
    bounds: Sequence[int],
    top: int,
) -> list[Hold]:
    """Those that cost most; solved exactly from the greatest bound down, until no other can."""
    ordered = sorted(zip(bounds, dues, strict=True), key=lambda one: (-one[0], one[1].id))
    verdicts = obligations.verdicts(house.db, [due.id for _, due in ordered[:SOLVED_AT_MOST]])
    found: list[Hold] = []
    for most, due in ordered[:SOLVED_AT_MOST]:
        if most == 0 or (len(found) >= top and most <= sorted(x.wins for x in found)[-top]):
            break
        if wins := shadow.gain(due):
            found.append(Hold(due, _why(waiting[due.id], verdicts[due.id]), most, wins))
    return sorted(found, key=lambda one: (-one.wins, one.due.id))[:top]


def _why(one: Obligation, verdict: str) -> str:
    if one.state is State.PROPOSED:
        return "not affirmed"
    return {"hold": "held", "deny": "denied"}.get(verdict, "late, beyond a cap, or without a rate")


def _joining(
    house: House, shadow: Shadow, dues: Sequence[Due], bounds: Sequence[int], top: int
) -> list[Joining]:
    """The participants with whose obligations most more would be set off.

    Those are looked at whose obligations promise most one by one: all of one's together may win
    more than that, where they close a circle among themselves.
    """
    count = Counter(party for due in dues for party in (due.debtor, due.creditor))
    worth = Counter[ParticipantId]()
    for due in dues:
        worth[due.debtor] += due.units
        worth[due.creditor] += due.units
    most = most_by_party(dues, bounds)
    ordered = sorted(count, key=lambda who: (-most[who], -worth[who], who))[: min(top, 50)]
    names = registers.participants(house.db, ordered)
    found = []
    for who in ordered:
        mine = [due for due in dues if who in {due.debtor, due.creditor}]
        if wins := shadow.gain_of(mine):
            found.append(Joining(who, names[who].name, count[who], wins))
    return sorted(found, key=lambda one: (-one.wins, one.participant))
