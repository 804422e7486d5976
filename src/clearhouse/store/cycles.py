"""Cycles, and what is paid in and out of the vault for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import Connection

from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.schedule import CycleScheduled
from clearhouse.core.settlement import (
    BatchBroadcast,
    BatchConfirmed,
    BatchKept,
    BatchReorganised,
    CycleFunded,
    CycleOpened,
    CycleReleased,
    CycleSettled,
    PayInCalled,
    PayInFinal,
    PayInOverdue,
    PayOutPlanned,
    State,
    UnknownCycle,
    VaultAddressGiven,
    VaultAddressUnasked,
)
from clearhouse.core.unwinding import BatchGivenUp, BatchWithdrawn, CycleUnwound
from clearhouse.store.bulk import copy_rows
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("cycles")


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle as it stands."""

    id: CycleId
    settles_on: date
    asset: str
    state: State
    depth_final: int
    change_index: int
    txid: str | None
    raw: bytes | None
    fee: int | None
    block: str | None
    height: int | None
    given_up: str | None  # the proposal by which its batch was


def project_states(db: Connection, entries: Sequence[Entry]) -> None:
    """Move cycles, and with a last step their obligations; the database refuses what is no arrow.

    One after another: the next step may be of the same cycle.
    """
    for entry in entries:
        match entry.event:
            case CycleOpened() as one:
                values = {"id": one.cycle, "settles_on": one.on, "asset": one.asset}
                depth = {"depth_final": one.depth_final, "change_index": one.change_index}
                db.execute(SQL["add_cycle"], values | depth)
            case CycleFunded(cycle=id):
                _move(db, id, State.FUNDED)
            case CycleReleased(cycle=id, digest=digest, proposal=proposal):
                values = {"digest": digest, "proposal": proposal}
                db.execute(SQL["release"], {"id": id} | values)
            case BatchKept() as one:
                values = {"id": one.cycle, "txid": one.txid, "fee": one.fee}
                db.execute(SQL["sign_cycle"], values | {"raw": bytes.fromhex(one.raw)})
            case BatchBroadcast(cycle=id) | BatchReorganised(cycle=id):
                _move(db, id, State.BROADCAST)
            case BatchConfirmed(cycle=id, block=block, height=height):
                _move(db, id, State.CONFIRMED, block, height)
            case CycleSettled(cycle=id, block=block, height=height):
                where = (block, height) if block else (None, None)
                _move(db, id, State.SETTLED, *where)
                db.execute(SQL["settle_obligations"], {"cycle": id})
            case other:
                raise AssertionError(other)


def project_unwinding(db: Connection, entries: Sequence[Entry]) -> None:
    """Take cycles back; what was signed for one comes before that."""
    for entry in entries:
        match entry.event:
            case BatchGivenUp(cycle=id, proposal=proposal):
                db.execute(SQL["give_up"], {"id": id, "proposal": proposal})
            case BatchWithdrawn(cycle=id, block=block, height=height):
                _move(db, id, State.WITHDRAWN, block, height)
            case CycleUnwound(cycle=id):
                db.execute(SQL["unwind_cycle"], {"cycle": id})
                db.execute(SQL["return_obligations"], {"cycle": id})
            case other:
                raise AssertionError(other)


def project_schedules(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter by which timetables cycles were opened."""
    for entry in entries:
        one = entry.event
        assert isinstance(one, CycleScheduled)
        values = {"cycle": one.cycle, "cycle_kind": one.cycle_kind, "value_date": one.value_date}
        instants = {"cut_off": one.cut_off, "settlement": one.settlement}
        db.execute(SQL["add_schedule"], values | instants)


def held(db: Connection, cycle_kind: str, value_date: date) -> CycleId | None:
    """The cycle of a kind and a value date, if it was cleared: one that stands, if one does."""
    values = {"cycle_kind": cycle_kind, "value_date": value_date}
    row = db.execute(SQL["held"], values).fetchone()
    return row[0] if row else None


def _move(
    db: Connection, id: CycleId, state: State, block: str | None = None, height: int | None = None
) -> None:
    values = {"id": id, "state": state, "block": block, "height": height}
    db.execute(SQL["move_cycle"], values)


def cycle(db: Connection, id: CycleId) -> Cycle:
    """Read a cycle and lock it until the transaction ends.

    Raises:
        UnknownCycle: There is none.
    """
    row = db.execute(SQL["cycle"], {"id": id}).fetchone()
    if row is None:
        raise UnknownCycle(f"there is no {id}", cycle=id)
    id, settles_on, asset, state, *others = row
    return Cycle(id, settles_on, asset, State(state), *others)


def released(db: Connection, id: CycleId) -> tuple[str, str] | None:
    """The proposal in which two people released a cycle, and SHA-256 of what it pays out."""
    row = db.execute(SQL["released"], {"id": id}).fetchone()
    return (row[0], row[1]) if row else None


def is_known(db: Connection, id: CycleId) -> bool:
    """Whether there is a cycle of this id."""
    return db.execute(SQL["is_known"], {"id": id}).fetchone() is not None


def open_cycles(db: Connection) -> list[CycleId]:
    """The cycles that are neither settled nor unwound, in the order in which they were opened."""
    return [id for (id,) in db.execute(SQL["open_cycles"])]


def asked_for(db: Connection) -> list[CycleId]:
    """The cycles whose batch the institutions were asked to sign, and that may still be paid."""
    return [id for (id,) in db.execute(SQL["asked_for"])]


@dataclass(frozen=True, slots=True)
class Awaited:
    """A pay-in that an open cycle waits for."""

    cycle: CycleId
    participant: ParticipantId
    script: bytes
    units: int
    again: bool  # whether a cycle that was unwound had called at the same address


def awaited(db: Connection, but: CycleId) -> list[Awaited]:
    """The pay-ins of other open cycles that are not final yet."""
    return [Awaited(*row) for row in db.execute(SQL["awaited"], {"cycle": but})]


@dataclass(frozen=True, slots=True)
class Batch:
    """A signed batch of a cycle."""

    cycle: CycleId
    state: State
    txid: str
    raw: bytes
    fee: int
    height: int | None
    pays_nobody: bool  # it stands in the place of one that was given up


def batches(db: Connection) -> list[Batch]:
    """Every batch that was signed, oldest first."""
    return [Batch(id, State(state), *others) for id, state, *others in db.execute(SQL["batches"])]


def batches_with_change(db: Connection) -> list[tuple[str, bytes, bytes]]:
    """Every batch that was ever signed, in order: its id, itself, and the script of its change."""
    return db.execute(SQL["batches_with_change"]).fetchall()


def batch_txids(db: Connection) -> set[str]:
    """The transactions of all batches."""
    return {txid for (txid,) in db.execute(SQL["batch_txids"])}


def last_cycle(db: Connection) -> CycleId | None:
    """The newest cycle, whatever has become of it."""
    row = db.execute(SQL["last_cycle"]).fetchone()
    return row[0] if row else None


def decided_since(
    db: Connection, id: CycleId, ids: Iterable[ObligationId]
) -> dict[ObligationId, str]:
    """The gate's newest decision on each obligation since the cycle was cleared, as journaled."""
    return dict(db.execute(SQL["decided_since"], {"cycle": id, "ids": list(ids)}).fetchall())


@dataclass(frozen=True, slots=True)
class VaultAddress:
    """An address of the vault and whom it was given to."""

    script: bytes
    address: str
    is_change: bool
    position: int  # index on its branch of derivation
    participant: ParticipantId | None  # who pays in there; None: the house itself
    unasked: bool = False  # nobody is given it: a coin came, or somebody is paid there


def next_vault_position(db: Connection, *, is_change: bool) -> int:
    """The first index of a branch that was never given out."""
    row = db.execute(SQL["next_vault_position"], {"is_change": is_change}).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def project_addresses(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter the addresses that were given out, or that coins came to unasked."""
    given: list[tuple[object, ...]] = []
    for entry in entries:
        one = entry.event
        assert isinstance(one, VaultAddressGiven | VaultAddressUnasked)
        participant = one.participant if isinstance(one, VaultAddressGiven) else None
        unasked = isinstance(one, VaultAddressUnasked)
        at = (bytes.fromhex(one.script), one.address, one.is_change, one.index)
        given.append((*at, participant, unasked))
    copy_rows(db, SQL["copy_vault_addresses"], given)


def vault_addresses(db: Connection) -> dict[bytes, VaultAddress]:
    """All addresses ever given out, or that a coin came to unasked, by script."""
    return {row[0]: VaultAddress(*row) for row in db.execute(SQL["vault_addresses"])}


@dataclass(frozen=True, slots=True)
class PayIn:
    """What a participant must pay in for a cycle, where and by when."""

    participant: ParticipantId
    units: int
    script: bytes
    address: str
    due_at: datetime
    final: bool
    overdue: bool  # it was not final when it was due


def project_calls(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter what debtors were called to pay in."""
    called = [
        (one.cycle, one.participant, one.units, one.address, one.due_at)
        for one in (entry.event for entry in entries)
        if isinstance(one, PayInCalled)
    ]
    cycles, participants, units, addresses, due_at = map(list, zip(*called, strict=True))
    values = {"cycles": cycles, "participants": participants, "units": units}
    db.execute(SQL["add_pay_ins"], values | {"addresses": addresses, "due_at": due_at})


def pay_ins(db: Connection, cycle: CycleId) -> list[PayIn]:
    """What a cycle calls, by participant."""
    return [PayIn(*row) for row in db.execute(SQL["pay_ins"], {"cycle": cycle})]


def called_again(db: Connection, cycle: CycleId) -> set[ParticipantId]:
    """Who must still pay in at an address that another cycle called before it was unwound."""
    return {who for (who,) in db.execute(SQL["called_again"], {"cycle": cycle})}


def open_debits(db: Connection, besides: str = "") -> dict[ParticipantId, int]:
    """What participants were called to pay in for any cycle, and that is not final yet.

    Args:
        besides: A cycle that is about to be unwound: nothing of it is owed any more.
    """
    rows = db.execute(SQL["open_debits"], {"besides": besides})
    return {participant: int(units) for participant, units in rows}


def project_paid(db: Connection, entries: Sequence[Entry]) -> None:
    """Note whose pay-ins are final."""
    paid = [
        (one.cycle, one.participant)
        for one in (entry.event for entry in entries)
        if isinstance(one, PayInFinal)
    ]
    cycles, participants = map(list, zip(*paid, strict=True))
    db.execute(SQL["finish_pay_ins"], {"cycles": cycles, "participants": participants})


def project_overdue(db: Connection, entries: Sequence[Entry]) -> None:
    """Note whose pay-ins were not final when they were due."""
    late = [
        (one.cycle, one.participant)
        for one in (entry.event for entry in entries)
        if isinstance(one, PayInOverdue)
    ]
    cycles, participants = map(list, zip(*late, strict=True))
    db.execute(SQL["mark_overdue"], {"cycles": cycles, "participants": participants})


def credits(db: Connection, cycle: CycleId) -> dict[ParticipantId, int]:
    """What a cycle owes to those who are owed more in it than they owe, by participant."""
    found = db.execute(SQL["credits"], {"cycle": cycle})
    return {participant: int(units) for participant, units in found}


def parties(db: Connection, cycle: CycleId) -> list[ParticipantId]:
    """Who has obligations in a cycle."""
    return [id for (id,) in db.execute(SQL["parties"], {"cycle": cycle})]


@dataclass(frozen=True, slots=True)
class PayOut:
    """What a cycle pays to a participant, and where."""

    participant: ParticipantId
    units: int
    address: str


def project_outs(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter what will be paid out."""
    planned = [
        (one.cycle, one.participant, one.units, one.address)
        for one in (entry.event for entry in entries)
        if isinstance(one, PayOutPlanned)
    ]
    copy_rows(db, SQL["copy_pay_outs"], planned)


def pay_outs(db: Connection, cycle: CycleId) -> list[PayOut]:
    """What a cycle pays, by participant."""
    return [PayOut(*row) for row in db.execute(SQL["pay_outs"], {"cycle": cycle})]
