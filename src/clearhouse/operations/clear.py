"""Run a cycle: take in what binds and passes the gate today, set off, net, call the pay-ins.

It is one transaction: a cycle happened, or it did not. What the gate holds or denies, and what has
no rate of today, stays where it is and is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain
from types import MappingProxyType

from clearhouse.chains.vault import dust_limit, script_of
from clearhouse.core.caps import ObligationHeldBack, room, within
from clearhouse.core.clearing import Clearing, Due, Line, certificate, clear
from clearhouse.core.event import Event
from clearhouse.core.finality import policy
from clearhouse.core.gate import GateDecided, Verdict
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId, RateId, TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Transfer, TransferCode
from clearhouse.core.money import AmountTooLarge, Asset
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import LIMITS, NET_DEBIT, Participant
from clearhouse.core.rate import AmountVanishes, Rate
from clearhouse.core.schedule import CycleHeld, CycleScheduled, cycle_now
from clearhouse.core.settlement import (
    CycleCertified,
    CycleCleared,
    CycleKnown,
    CycleOpened,
    NothingToClear,
    ObligationCleared,
    PayInCalled,
    PayOutPlanned,
    PositionStruck,
)
from clearhouse.core.zone import tzdata_version
from clearhouse.operations.addresses import fresh, given_out
from clearhouse.operations.deposits import close_seen
from clearhouse.operations.house import House
from clearhouse.operations.salted import Salted, salted
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.operations.value_dates import dated_anew
from clearhouse.store import cycles, journal, obligations, rates, records, registers
from clearhouse.store import ledger as books
from clearhouse.store.accounts import balances, open_accounts
from clearhouse.store.cycles import PayIn, VaultAddress
from clearhouse.store.projection import record

RATE_AGE_MAX = timedelta(hours=24)  # an older fixing is no fixing of the day


@dataclass(frozen=True, slots=True)
class Cleared:
    """A cycle that was cleared, and what stayed out of it."""

    cycle: CycleId
    clearing: Clearing
    pay_ins: list[PayIn]
    left_out: Mapping[str, int]  # obligations by reason: held, denied, without a rate


@dataclass(frozen=True, slots=True)
class Entrance:
    """What the gate said of all that waits, and what of it may enter a cycle."""

    decisions: Mapping[ObligationId, GateDecided]
    participants: Mapping[ParticipantId, Participant]
    dues: list[Due]
    rates: dict[ObligationId, RateId]  # of those that are owed in another currency
    anew: list[tuple[str, Event]]  # later value dates of what cannot settle on the cycle's day
    out: dict[ObligationId, str]  # what stays out, and why
    held_back: list[ObligationHeldBack]  # of those, what would pass a cap

    @property
    def left_out(self) -> Counter[str]:
        """How many stay out, by reason."""
        return Counter(self.out.values())


def clear_cycle(
    house: House,
    id: CycleId,
    *,
    kind: str = "",
    gate: Gate | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Cleared:
    """Clear everything that may be cleared today, as cycle `id`.

    Args:
        kind: By whose timetable: what is in time for it is cleared, the rest waits for the next.
            Without one all that may be cleared is.
        gate: One that stands open; a new one if not given.
        advance: Is told, while the set-off is sought, how many units are not routed yet.

    Raises:
        CycleKnown: There is a cycle `id`, of whatever state: a retry whose first answer was lost.
        NothingToClear: No obligation may enter.
        UnknownCycleKind, NoCycleNow, CycleHeld: There is no such cycle now, or it was cleared.
        screening's refusals: The gate stops.
    """
    gate = gate or open_gate(house)
    close_seen(house)
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()  # not before: whoever had the lock may have had it for minutes
        if cycles.is_known(house.db, id):
            raise CycleKnown(f"{id} was cleared already: explain it to see how", cycle=id)
        scheduled = _scheduled(house, id, kind, now) if kind else None
        on = scheduled.value_date if scheduled else house.today
        waiting = obligations.affirmed(house.db, house.assets, scheduled)
        entered = enter(house, id, gate, waiting, now, on, scheduled)
        left_out = entered.left_out
        if scheduled:
            left_out["for a later cycle"] = obligations.count_later(house.db, scheduled)
            left_out["for a later cycle"] += len(entered.anew)
        left_out = +left_out
        if not entered.dues:
            raise NothingToClear(f"left out: {dict(left_out) or 'nothing waits'}")
        facts = chain(gate.save(), entered.decisions.items(), entered.anew)
        record(house.db, facts, now, now)
        done = take_in(house, id, entered, scheduled, now, advance=advance)
    gate.saved()
    return replace(done, left_out=left_out)


def take_in(
    house: House,
    id: CycleId,
    entered: Entrance,
    scheduled: CycleScheduled | None,
    now: datetime,
    called_at: Mapping[ParticipantId, PayIn] = MappingProxyType({}),
    advance: Callable[[int], None] = lambda _: None,
) -> Cleared:
    """Clear what has entered as cycle `id`, in the caller's transaction, which keeps the decisions.

    Args:
        called_at: Pay-ins of a cycle that was unwound: whoever was called there is called there
            again, so that what came counts.
    """
    on = scheduled.value_date if scheduled else house.today
    clearing = clear(entered.dues, house.coin.quantum, advance)
    nets = {position.participant: position.net for position in clearing.positions}
    changes, addresses, called = _call(house, nets, scheduled, called_at)
    proved = committed(house, id, clearing.labels)
    facts = chain(
        map(given_out, changes),
        [(id, _opened(house, id, on, changes[-1]))],
        [(id, scheduled)] if scheduled else [],
        ((one.obligation, one) for one in entered.held_back),
        facts_of(id, on, house.coin, clearing, entered.rates),
        [(id, CycleCertified(id, len(proved.lines), proved.root.hex()))],
        map(given_out, addresses),
        (_called(id, one) for one in called),
        _planned(house, id, nets, entered.participants),
    )
    record(house.db, facts, now, now)
    _novate(house, id, nets)
    house.rail.chain.watch([one.script for one in (*changes, *addresses)])
    return Cleared(id, clearing, called, entered.left_out)


def _scheduled(house: House, id: CycleId, kind: str, now: datetime) -> CycleScheduled:
    """The cycle of a kind that is to be cleared now."""
    law = house.laws.in_force(house.db, now)
    cycle = cycle_now(law.cycles, kind, now)
    if other := cycles.held(house.db, kind, cycle.value_date):
        raise CycleHeld(f"the {kind} cycle of {cycle.value_date} is {other}", cycle=other)
    one = cycle.stages()
    until = (one.pay_in, one.pay_in_revised, one.settlement, one.close)
    days = (cycle.value_date, one.cut_off, one.rescission)
    return CycleScheduled(id, kind, *days, *until, tzdata_version())


def enter(
    house: House,
    id: CycleId,
    gate: Gate,
    waiting: Mapping[ObligationId, Obligation],
    now: datetime,
    on: date,
    scheduled: CycleScheduled | None = None,
    instead_of: str = "",
) -> Entrance:
    """Ask the gate about all that waits, value what it clears at its currency's rate, and cap it.

    Args:
        on: The day on which cycle `id` is to settle.
        scheduled: By which timetable, where what cannot settle then is given a later value date.
        instead_of: A cycle that is about to be unwound: what it called is owed no more.
    """
    parties = {p for one in waiting.values() for p in (one.debtor, one.creditor)}
    participants = registers.participants(house.db, parties)
    decisions = gate.judge(list(waiting.values()), participants, now)
    fixed = rates.newest(house.db, house.coin, house.assets, now)
    fresh = {code: rate for code, rate in fixed.items() if now - rate.as_of <= RATE_AGE_MAX}
    found = Entrance(decisions, participants, [], {}, [], {}, [])
    if scheduled:
        found.anew.extend(dated_anew(house, waiting.values(), participants, scheduled))
    too_early = {id for id, _ in found.anew}
    for name, one in waiting.items():
        if name in too_early:
            continue
        if why := _why_not(one, verdict_of(decisions[name]), house.coin, fresh):
            found.out[name] = why
            continue
        quantity = one.amount
        if quantity.asset != house.coin:
            rate = fresh[quantity.asset.code]
            found.rates[name] = rate.id
            quantity = rate.quantity(quantity)
        found.dues.append(Due(name, one.debtor, one.creditor, quantity.units, one.due_on))
    _cap(house, id, on, found, cycles.open_debits(house.db, instead_of))
    return found


def _cap(
    house: House, id: CycleId, on: date, entered: Entrance, owed: Mapping[ParticipantId, int]
) -> None:
    """Hold back what would bring its debtor beyond its net debit cap; changes what has entered."""
    rooms = dict[ParticipantId, int]()
    for one in records.current(house.db, LIMITS, ids=entered.participants):
        is_cap = (one.limit, one.asset) == (NET_DEBIT, house.coin.code)
        # In force on some day until it settles: nobody is let in by a cap that is over by then.
        if is_cap and one.since <= on and house.today <= (one.until or date.max):
            left = room(one.units, [-owed.get(one.participant, 0)])
            # Of several the tightest holds.
            rooms[one.participant] = min(left, rooms.get(one.participant, left))
    taken, waiting = within(entered.dues, rooms, house.coin.quantum)
    if not waiting:
        return
    entered.dues[:] = taken
    for due in waiting:
        entered.out[due.id] = "beyond a cap"
        back = ObligationHeldBack(due.id, id, due.debtor, due.units, rooms[due.debtor])
        entered.held_back.append(back)


def _why_not(one: Obligation, verdict: Verdict, coin: Asset, rates: Mapping[str, Rate]) -> str:
    """Why an obligation stays out; empty if it gets in."""
    if verdict is not Verdict.CLEAR:
        return "held" if verdict is Verdict.HOLD else "denied"
    if one.amount.asset == coin:
        return ""
    rate = rates.get(one.amount.asset.code)
    if rate is None:
        return "without a rate"
    try:
        rate.quantity(one.amount)
    except AmountVanishes:
        return "worth nothing"
    except AmountTooLarge:
        return "worth too much"
    return ""


def _opened(house: House, id: CycleId, on: date, change: VaultAddress) -> CycleOpened:
    depth = policy(on, house.rulebook).depth_final
    return CycleOpened(id, on, house.coin.identity, depth, change.position)


def facts_of(
    id: CycleId,
    on: date,
    asset: Asset,
    clearing: Clearing,
    rates: Mapping[ObligationId, str],
) -> Iterator[tuple[str, Event]]:
    """Tell what a cycle cleared and which positions it struck.

    Args:
        rates: At which rates obligations of other currencies were valued.
    """
    lines, totals = clearing.lines, (clearing.gross, clearing.set_off, clearing.pay_in)
    yield id, CycleCleared(id, on, asset.identity, len(lines), *totals)
    for line in lines:
        due, rate = line.due, rates.get(line.due.id, "")
        yield due.id, ObligationCleared(due.id, id, due.units, rate, line.set_off, line.remains)
    for one in clearing.positions:
        yield one.participant, PositionStruck(id, one.participant, one.net)


def labels(house: House, id: CycleId, lines: Sequence[Line]) -> Salted:
    """The labels that prove a cycle's set-off to be the greatest, found again from its lines."""
    return committed(house, id, certificate(lines, house.coin.quantum))


def committed(house: House, id: CycleId, labels: Mapping[ParticipantId, int]) -> Salted:
    """A cycle's labels, as the house commits to them."""
    records = [{"label": str(label), "participant": who} for who, label in labels.items()]
    return salted(house, f"labels {id}", records)


def _called(id: CycleId, one: PayIn) -> tuple[str, Event]:
    fact = PayInCalled(id, one.participant, one.units, one.address, one.due_at)
    return one.participant, fact


def _planned(
    house: House,
    id: CycleId,
    nets: Mapping[ParticipantId, int],
    participants: Mapping[ParticipantId, Participant],
) -> Iterator[tuple[str, Event]]:
    """What the batch will pay.

    Less than the network relays stays with the house, as the participant's balance.
    """
    for who, net in nets.items():
        if net <= 0:
            continue
        address = participants[who].address
        if net >= dust_limit(script_of(address, house.network)):
            yield who, PayOutPlanned(id, who, net, address)


def _novate(house: House, id: CycleId, nets: Mapping[ParticipantId, int]) -> None:
    """Put the house between all parties: one position each, and the house's own nets to zero."""
    asset, now = house.coin.identity, house.now()
    clearing = Account(HOUSE, AccountKind.CLEARING, asset)
    accounts = [clearing]
    transfers = []
    for who, net in nets.items():
        mine = Account(who, AccountKind.IN_CLEARING, asset)
        accounts += [mine, Account(who, AccountKind.AVAILABLE, asset)]
        if net == 0:
            continue
        debit, credit = (clearing, mine) if net > 0 else (mine, clearing)
        transfer = TransferId(derived("tfr", id, "novation", who))
        transfers.append(
            Transfer(transfer, debit.id, credit.id, abs(net), asset, TransferCode.NOVATION, now, id)
        )
    open_accounts(house.db, accounts, now)
    books.post_all(house.db, transfers, now)
    assert balances(house.db, HOUSE).get(clearing, 0) == 0


def _call(
    house: House,
    nets: Mapping[ParticipantId, int],
    scheduled: CycleScheduled | None,
    called_at: Mapping[ParticipantId, PayIn],
) -> tuple[list[VaultAddress], list[VaultAddress], list[PayIn]]:
    """Find an address for the batch's change, the last, and one for each debtor to pay in at."""
    changes = fresh(house, 1, is_change=True)
    hours = house.rulebook.standard("settlement.pay-in-time", house.today)
    due_at = house.now() + timedelta(hours=hours)
    if scheduled:
        due_at = min(due_at, scheduled.settlement)
    debtors = sorted(who for who, net in nets.items() if net < 0)
    places: dict[ParticipantId, PayIn | VaultAddress] = dict(called_at)
    new = [who for who in debtors if who not in places]
    addresses, owners = [], iter(new)
    for at in fresh(house, len(new), is_change=False):
        if at.unasked:
            addresses.append(at)
            continue
        who = next(owners)
        places[who] = at
        addresses.append(replace(at, participant=who))
    called = [
        PayIn(who, -nets[who], at.script, at.address, due_at, final=False, overdue=False)
        for who in debtors
        for at in (places[who],)
    ]
    return changes, addresses, called
