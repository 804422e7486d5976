"""Collect: book what came for a cycle's pay-ins, and discharge those that are final.

A pay-in is final by final coins at its address. What they lack may be there already: what a
participant paid too much, was too little to be paid out, or paid for a cycle that was unwound, is
its balance, and pays for the next one that it owes in.
"""

from collections import Counter, defaultdict
from collections.abc import Callable

from clearhouse.core.event import Event
from clearhouse.core.ids import ParticipantId, TransferId, derived
from clearhouse.core.ledger import Account, AccountKind, Transfer, TransferCode
from clearhouse.core.settlement import CycleFunded, PayInFinal
from clearhouse.operations.deposits import (
    Deposit,
    book,
    deposits,
    screen_for,
    spent_since,
    usable,
)
from clearhouse.operations.follow import rules, unmoved
from clearhouse.operations.house import House
from clearhouse.store import cycles
from clearhouse.store import ledger as books
from clearhouse.store.accounts import standings
from clearhouse.store.cycles import Cycle, PayIn
from clearhouse.store.projection import record


def collect(house: House, cycle: Cycle) -> None:
    """Book the pay-ins that are final; once all are, the cycle is funded."""
    now = house.now()
    arrived = deposits(house)
    spent = spent_since(house, _called_again(house, cycle))
    tip = house.rail.chain.tip()
    screen = screen_for(house, arrived, cycle.depth_final)
    with house.db.transaction():
        if not unmoved(house, cycle):
            return
        arrived = book(house, arrived, cycle.depth_final, screen)
        final = usable(arrived, cycle.depth_final) + _counted_once(spent, arrived, cycle)
        wanted = cycles.pay_ins(house.db, cycle.id)
        is_there = _held(house, cycle, wanted, arrived)
        at_script = defaultdict[bytes, list[Deposit]](list)
        for one in final:
            at_script[one.at.script].append(one)
        facts: list[tuple[str, Event]] = []
        done: set[ParticipantId] = set()
        for pay_in in wanted:
            came = at_script[pay_in.script]
            units = sum(one.coin.units for one in came)
            if pay_in.final or not is_there(pay_in, units):
                continue
            done.add(pay_in.participant)
            fact = PayInFinal(
                cycle.id,
                pay_in.participant,
                tuple(one.outpoint for one in came),
                units,
                max(0, pay_in.units - units),
                tip.height,
                min((one.depth for one in came), default=0),
                cycle.depth_final,
                rules(house, cycle),
            )
            facts.append((pay_in.participant, fact))
        owed = {one.participant: one.units for one in wanted if one.participant in done}
        _discharge(house, cycle, owed)
        if all(one.final or one.participant in done for one in wanted):
            facts.append((cycle.id, CycleFunded(cycle.id)))
        record(house.db, facts, now, now)


def _held(
    house: House, cycle: Cycle, wanted: list[PayIn], arrived: list[Deposit]
) -> Callable[[PayIn, int], bool]:
    """Answers whether a pay-in is there: what came for it, or a balance that is free, and the sum.

    A balance is not free of what cycles that were opened before wait for, nor of what has come for
    others. What came may have paid for another cycle meanwhile, if its address was called before by
    one that was unwound.
    """
    mine = {
        one.participant: Account(one.participant, AccountKind.AVAILABLE, cycle.asset).id
        for one in wanted
        if not one.final
    }
    found = standings(house.db, mine.values())
    order = {id: at for at, id in enumerate(cycles.open_cycles(house.db))}
    others, came_to = Counter[ParticipantId](), Counter[bytes]()
    for coin in arrived:
        if not coin.is_set_aside:
            came_to[coin.at.script] += coin.coin.units
    for one in cycles.awaited(house.db, cycle.id) if mine else ():
        if one.again or came_to[one.script] or order[one.cycle] < order[cycle.id]:
            # Too much is its own as well, but in coins that no batch spends yet.
            others[one.participant] += max(one.units, 0 if one.again else came_to[one.script])

    def is_there(pay_in: PayIn, came: int) -> bool:
        standing = found.get(mine[pay_in.participant])
        has = standing.balance - standing.debits_pending if standing else 0
        return pay_in.units <= has and pay_in.units <= max(came, has - others[pay_in.participant])

    return is_there


def _called_again(house: House, cycle: Cycle) -> list[PayIn]:
    """The pay-ins that another cycle called before it was unwound, and may have counted."""
    with house.db.transaction():
        again = cycles.called_again(house.db, cycle.id)
        return [one for one in cycles.pay_ins(house.db, cycle.id) if one.participant in again]


def _counted_once(spent: list[Deposit], arrived: list[Deposit], cycle: Cycle) -> list[Deposit]:
    """Of coins that are spent those that are final, and not among those that are there."""
    there = {one.outpoint for one in arrived}
    return [one for one in spent if one.outpoint not in there and one.depth >= cycle.depth_final]


def _discharge(house: House, cycle: Cycle, owed: dict[ParticipantId, int]) -> None:
    """Pay the debit positions of those who have paid in, from what they have available."""
    asset, now = cycle.asset, house.now()
    transfers = [
        Transfer(
            TransferId(derived("tfr", cycle.id, "discharge", who)),
            Account(who, AccountKind.AVAILABLE, asset).id,
            Account(who, AccountKind.IN_CLEARING, asset).id,
            units,
            asset,
            TransferCode.DISCHARGE,
            now,
            cycle.id,
        )
        for who, units in owed.items()
    ]
    books.post_all(house.db, transfers, now)
