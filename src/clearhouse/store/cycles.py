"""Rates, cycles, and what is paid in and out of the vault for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from psycopg import Connection

from clearhouse.core.ids import CycleId, ObligationId, ParticipantId, RateId
from clearhouse.core.money import Asset
from clearhouse.core.rate import Rate
from clearhouse.core.settlement import State, UnknownCycle
from clearhouse.store.named import load

SQL = load("cycles")


def add_rate(db: Connection, rate: Rate) -> bool:
    """Keep a rate; answers whether it is new."""
    values = {
        "id": rate.id,
        "base": rate.base.code,
        "quote": rate.quote.code,
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "as_of": rate.as_of,
        "method": rate.method,
        "source": rate.source,
        "venues": list(rate.venues),
    }
    return db.execute(SQL["add_rate"], values).fetchone() is not None


def newest_rates(
    db: Connection, base: Asset, assets: Mapping[str, Asset], now: datetime
) -> dict[str, Rate]:
    """Find the newest rate of `base` in each currency, by the currency's code."""
    return {
        quote: Rate(
            RateId(id),
            base,
            assets[quote],
            numerator,
            denominator,
            as_of,
            method,
            source,
            tuple(venues),
        )
        for id, quote, numerator, denominator, as_of, method, source, venues in db.execute(
            SQL["newest_rates"], {"base": base.code, "now": now}
        )
    }


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


def add_cycle(db: Connection, cycle: Cycle) -> None:
    """Open a cycle; the database refuses a second one that is open in the same asset."""
    db.execute(
        SQL["add_cycle"],
        {
            "id": cycle.id,
            "settles_on": cycle.settles_on,
            "asset": cycle.asset,
            "depth_final": cycle.depth_final,
            "change_index": cycle.change_index,
        },
    )


def cycle(db: Connection, id: CycleId) -> Cycle:
    """Read a cycle and lock it until the transaction ends.

    Raises:
        UnknownCycle: There is none.
    """
    row = db.execute(SQL["cycle"], {"id": id}).fetchone()
    if row is None:
        raise UnknownCycle(f"there is no {id}", cycle=id)
    id, settles_on, asset, state, depth, change, txid, raw, fee, block, height = row
    return Cycle(id, settles_on, asset, State(state), depth, change, txid, raw, fee, block, height)


def is_known(db: Connection, id: CycleId) -> bool:
    """Whether there is a cycle of this id."""
    return db.execute(SQL["is_known"], {"id": id}).fetchone() is not None


def open_cycles(db: Connection) -> list[CycleId]:
    """The cycles that are not settled yet."""
    return [id for (id,) in db.execute(SQL["open_cycles"])]


def last_cycle(db: Connection) -> CycleId | None:
    """The newest cycle, settled or not."""
    row = db.execute(SQL["last_cycle"]).fetchone()
    return row[0] if row else None


def move(db: Connection, id: CycleId, state: State, block: str | None, height: int | None) -> None:
    """Move a cycle along an arrow; the database refuses what is none."""
    values = {"id": id, "state": state, "block": block, "height": height}
    db.execute(SQL["move_cycle"], values)


def sign(db: Connection, id: CycleId, txid: str, raw: bytes, fee: int) -> None:
    """Keep the signed batch of a cycle, before anybody sees it."""
    db.execute(SQL["sign_cycle"], {"id": id, "txid": txid, "raw": raw, "fee": fee})


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


def next_vault_position(db: Connection, *, is_change: bool) -> int:
    """The first index of a branch that was never given out."""
    row = db.execute(SQL["next_vault_position"], {"is_change": is_change}).fetchone()
    assert row is not None
    position: int = row[0]
    return position


def add_vault_addresses(db: Connection, addresses: Iterable[VaultAddress]) -> None:
    """Record addresses that were given out."""
    with db.cursor().copy(SQL["copy_vault_addresses"]) as copy:
        for one in addresses:
            copy.write_row((one.script, one.address, one.is_change, one.position, one.participant))


def vault_addresses(db: Connection) -> dict[bytes, VaultAddress]:
    """All addresses ever given out, by script."""
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


def add_pay_ins(db: Connection, cycle: CycleId, called: Iterable[PayIn]) -> None:
    """Record what is called."""
    with db.cursor().copy(SQL["copy_pay_ins"]) as copy:
        for one in called:
            copy.write_row((cycle, one.participant, one.units, one.script, one.due_at))


def pay_ins(db: Connection, cycle: CycleId) -> list[PayIn]:
    """What a cycle calls, by participant."""
    return [PayIn(*row) for row in db.execute(SQL["pay_ins"], {"cycle": cycle})]


def finish_pay_ins(db: Connection, cycle: CycleId, participants: Iterable[ParticipantId]) -> None:
    """Record whose pay-ins are final."""
    values = {"cycle": cycle, "participants": list(participants)}
    db.execute(SQL["finish_pay_ins"], values)


@dataclass(frozen=True, slots=True)
class PayOut:
    """What a cycle pays to a participant, and where."""

    participant: ParticipantId
    units: int
    address: str


def add_pay_outs(db: Connection, cycle: CycleId, outs: Iterable[PayOut]) -> None:
    """Record what a cycle will pay."""
    with db.cursor().copy(SQL["copy_pay_outs"]) as copy:
        for one in outs:
            copy.write_row((cycle, one.participant, one.units, one.address))


def pay_outs(db: Connection, cycle: CycleId) -> list[PayOut]:
    """What a cycle pays, by participant."""
    return [PayOut(*row) for row in db.execute(SQL["pay_outs"], {"cycle": cycle})]
