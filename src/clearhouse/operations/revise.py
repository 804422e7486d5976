"""Revise a cycle: unwind it, and clear what the gate still clears of it again.

It is one transaction, as clearing is. The gate must have stopped something, or the cycle's batch
was withdrawn, so that it cannot be paid as it is; what it lets pass
enters a cycle like any other, of the same kind and value date while that can still settle, and
with no obligation that was not in the one before. Whoever was called to pay in is called at the
same address, so that what has come counts; what is too much stays its balance.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from clearhouse.core.event import Event
from clearhouse.core.gate import Verdict
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId, TransferId, derived
from clearhouse.core.ledger import Phase, Transfer
from clearhouse.core.schedule import CycleScheduled
from clearhouse.core.settlement import CycleKnown, State
from clearhouse.core.unwinding import CannotUnwind, CycleUnwound, NothingToRevise
from clearhouse.operations.clear import Cleared, Entrance, enter, take_in
from clearhouse.operations.deposits import Deposit, close_seen, deposits, spent_since, usable
from clearhouse.operations.house import House
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.store import cycles, journal, obligations, registers
from clearhouse.store import ledger as books
from clearhouse.store.cycles import Cycle
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Call:
    """What a participant was called to pay in before, and is now; in the coin's minor units."""

    participant: ParticipantId
    before: int
    now: int
    paid: int  # what has come for it and is final


@dataclass(frozen=True, slots=True)
class Out:
    """An obligation that went out, and why."""

    obligation: ObligationId
    why: str  # held, denied, beyond a cap, ...
    grounds: tuple[str, ...]  # what the gate said against it


@dataclass(frozen=True, slots=True)
class Revised:
    """A cycle that was unwound, and what took its place."""

    cycle: CycleId
    cleared: Cleared | None  # None: nothing of it could be cleared again
    calls: list[Call]
    out: list[Out]


def revise(
    house: House,
    id: CycleId,
    as_id: CycleId,
    *,
    gate: Gate | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Revised:
    """Unwind cycle `id`, and clear the rest of it again as cycle `as_id`.

    Args:
        gate: One that stands open; a new one if not given.
        advance: Is told, while the set-off is sought, how many units are not routed yet.

    Raises:
        UnknownCycle: There is no cycle `id`.
        CannotUnwind: It has ended, or a batch of it may be out.
        NothingToRevise: The gate still clears all of it, and it can be paid.
        CycleKnown: There is a cycle `as_id` already.
        screening's refusals: The gate stops, and nothing is unwound.
    """
    gate = gate or open_gate(house)
    close_seen(house)
    arrived = _arrived(house, id)
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()  # not before: whoever had the lock may have had it for minutes
        cycle = _need_unwindable(house, id)
        if cycles.is_known(house.db, as_id):
            raise CycleKnown(f"{as_id} was cleared already: explain it to see how", cycle=as_id)
        before = {one.participant: one for one in cycles.pay_ins(house.db, id)}
        scheduled = _again(house, id, as_id, now)
        on = scheduled.value_date if scheduled else house.today
        taken = obligations.of_cycle(house.db, id, house.assets)
        # What could settle on the day can still: it is dated anew by no cycle but the first.
        entered = enter(house, as_id, gate, taken, now, on, instead_of=id)
        _unwind(house, cycle, as_id, entered, gate.save(), now)
        cleared = None
        if entered.dues:
            cleared = take_in(house, as_id, entered, scheduled, now, before, advance)
        out = _out(house, entered)
    gate.saved()
    called = {one.participant: one.units for one in cleared.pay_ins} if cleared else {}
    calls = []
    for who in sorted(before.keys() | called.keys()):
        was = before.get(who)
        paid = _paid(arrived, was.script, cycle.depth_final) if was else 0
        calls.append(Call(who, was.units if was else 0, called.get(who, 0), paid))
    return Revised(id, cleared, calls, out)


def scheduled_of(house: House, id: CycleId) -> CycleScheduled | None:
    """By which timetable a cycle was opened; None if by none."""
    for entry in journal.of_kind(house.db, CycleScheduled, [id]):
        if isinstance(one := entry.event, CycleScheduled):
            return one
    return None


def _again(house: House, id: CycleId, as_id: CycleId, now: datetime) -> CycleScheduled | None:
    """What takes a cycle's place is of its timetable, too, if that can still be settled by."""
    one = scheduled_of(house, id)
    return replace(one, cycle=as_id) if one and now < one.settlement else None


def _need_unwindable(house: House, id: CycleId) -> Cycle:
    """Check that nothing of a cycle can be paid."""
    cycle = cycles.cycle(house.db, id)
    if cycle.state not in {State.CLEARED, State.FUNDED, State.WITHDRAWN}:
        raise CannotUnwind(f"{id} is {cycle.state}", cycle=id)
    if id in cycles.asked_for(house.db):
        said = "two people have given it up, and that is not final: settle it"
        if not cycle.given_up:
            said = f"two people give it up first: clearhouse propose give-up {id}"
        detail = f"the institutions were asked to sign what {id} pays; {said}"
        raise CannotUnwind(detail, cycle=id)
    return cycle


def _unwind(
    house: House,
    cycle: Cycle,
    as_id: CycleId,
    entered: Entrance,
    findings: list[tuple[str, Event]],
    now: datetime,
) -> None:
    """Record why a cycle is unwound and that it is, and take back what it posted."""
    id = cycle.id
    verdicts = map(verdict_of, entered.decisions.values())
    stopped = sum(one is not Verdict.CLEAR for one in verdicts)
    if not stopped and cycle.state is not State.WITHDRAWN:
        raise NothingToRevise(f"the gate clears all of {id}", cycle=id)
    fact = CycleUnwound(id, as_id if entered.dues else "", stopped)
    # Where no cycle follows in which it could be told, this one's end tells what a cap keeps out.
    alone = [] if entered.dues else [replace(one, cycle=id) for one in entered.held_back]
    facts = chain(
        findings,
        entered.decisions.items(),
        [(id, fact)],
        ((one.obligation, one) for one in alone),
    )
    posted = _posted(house, id)
    record(house.db, facts, now, now)
    back = [
        Transfer(
            TransferId(derived("tfr", id, "unwound", one.id)),
            one.credit,
            one.debit,
            one.units,
            one.asset,
            one.code,
            now,
            id,
            Phase.REVERSE,
            one.id,
        )
        for one in posted
    ]
    books.post_all(house.db, back, now)


def _posted(house: House, id: CycleId) -> list[Transfer]:
    """What a cycle has posted so far: its novation, and the discharge of what was paid in."""
    parties = cycles.parties(house.db, id)
    ids = [
        TransferId(derived("tfr", id, what, who))
        for what in ("discharge", "novation")
        for who in parties
    ]
    found = books.find(house.db, ids)
    return [found[one].transfer for one in ids if one in found]


def _out(house: House, entered: Entrance) -> list[Out]:
    """What went out, by id, and what speaks against it."""
    decisions = entered.decisions
    digests = {one for id in entered.out for one in decisions[id].findings}
    found_then = registers.findings(house.db, digests)
    bodies = {digest: json.loads(body) for digest, body in found_then.items()}
    found = []
    for id, why in sorted(entered.out.items()):
        grounds = [one for digest in decisions[id].findings for one in bodies[digest]["grounds"]]
        against = dict.fromkeys(one["said"] for one in grounds if one["verdict"] != "clear")
        found.append(Out(id, why, tuple(against)))
    return found


def _arrived(house: House, id: CycleId) -> list[Deposit]:
    """What has come to the vault, and what a batch has spent of what this cycle counted."""
    with house.db.transaction():
        counted = [one for one in cycles.pay_ins(house.db, id) if one.final]
    return [*deposits(house), *spent_since(house, counted)]


def _paid(arrived: list[Deposit], script: bytes, depth_final: int) -> int:
    """What has come to an address and is final."""
    return sum(one.coin.units for one in usable(arrived, depth_final) if one.at.script == script)
