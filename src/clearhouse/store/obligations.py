"""Obligations as they stand, and how far each file was taken in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString, NamedTuple

from psycopg import Connection

from clearhouse.core.canonical import instant
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.money import Asset, Money
from clearhouse.core.obligation import (
    Obligation,
    ObligationAffirmed,
    ObligationProposed,
    State,
)
from clearhouse.core.rescission import Bond, ObligationRescinded, RescissionAsked
from clearhouse.core.schedule import CycleScheduled, ValueDated
from clearhouse.core.settlement import ObligationCleared
from clearhouse.store.bulk import copy_rows, joined
from clearhouse.store.journal import Entry
from clearhouse.store.named import load

SQL = load("obligations")
Assets = Mapping[str, Asset]


def by_ids(
    db: Connection, ids: Iterable[ObligationId], assets: Assets
) -> dict[ObligationId, Obligation]:
    """Find obligations; those that are not there are left out."""
    return _read(db, SQL["by_ids"], {"ids": list(ids)}, assets)


def affirmed(
    db: Connection, assets: Assets, cycle: CycleScheduled | None = None
) -> dict[ObligationId, Obligation]:
    """All obligations that bind and are in no cycle yet, by id.

    Args:
        cycle: Only what it can take: cut off no later, and of no later value date; or due by then,
            if it has none.
    """
    values = {"cut_off": cycle and cycle.cut_off, "value_date": cycle and cycle.value_date}
    return _read(db, SQL["affirmed"], values, assets)


def waiting(db: Connection, assets: Assets) -> dict[ObligationId, Obligation]:
    """All obligations that are in no cycle yet, whether they bind or not, by id."""
    return _read(db, SQL["waiting"], {}, assets)


def verdicts(db: Connection, ids: Iterable[ObligationId]) -> dict[ObligationId, str]:
    """The gate's newest verdict on each."""
    return dict(db.execute(SQL["verdicts"], {"ids": joined(ids)}).fetchall())


def count_later(db: Connection, cycle: CycleScheduled) -> int:
    """How many bind and belong to later cycles."""
    values = {"cut_off": cycle.cut_off, "value_date": cycle.value_date}
    row = db.execute(SQL["count_later"], values).fetchone()
    assert row is not None
    count: int = row[0]
    return count


def value_date(db: Connection, id: ObligationId) -> date | None:
    """On which day the first cycle that can take an obligation settles; None: on any."""
    row = db.execute(SQL["value_date"], {"id": id}).fetchone()
    return row[0] if row else None


def left_from_before(db: Connection, ids: Iterable[ObligationId], day: date) -> set[ObligationId]:
    """Which obligations have no value date, or one that is before a day."""
    found = db.execute(SQL["left_from_before"], {"ids": joined(ids), "day": day})
    return {id for (id,) in found}


def bonds(db: Connection, ids: Iterable[ObligationId], assets: Assets) -> dict[ObligationId, Bond]:
    """Find obligations, who has asked to take them back, and which cycle can take them."""
    found = by_ids(db, ids, assets)
    return {
        id: Bond(found[id], frozenset(asked), cut_off, value_date)
        for id, asked, cut_off, value_date in db.execute(SQL["bonds"], {"ids": [*found]})
    }


class Line(NamedTuple):
    """What a cycle made of an obligation."""

    id: ObligationId
    debtor: ParticipantId
    creditor: ParticipantId
    due_on: date
    set_off: int  # in the cycle's asset, as the next one
    remaining: int


def lines(db: Connection, cycle: CycleId, party: ParticipantId | None = None) -> list[Line]:
    """What a cycle made of the obligations that it took in, by id; it may have been unwound since.

    Args:
        party: Whose debts and claims; everybody's if None.
    """
    values = {"cycle": cycle, "party": party}
    rows = db.execute(SQL["lines"], values).fetchall()
    if not rows:
        rows = db.execute(SQL["lines_then"], values).fetchall()
    return [
        Line(id, debtor, creditor, due_on, int(set_off), int(remaining))
        for id, debtor, creditor, due_on, set_off, remaining in rows
    ]


def awaiting(
    db: Connection, party: ParticipantId, assets: Assets
) -> dict[ObligationId, Obligation]:
    """All obligations that wait for `party` to affirm them, by id."""
    return _read(db, SQL["awaiting"], {"party": party}, assets)


def of_parties(
    db: Connection, parties: Iterable[ParticipantId], assets: Assets
) -> dict[ObligationId, Obligation]:
    """All that some participants owe or are owed, by id."""
    return _read(db, SQL["of_parties"], {"parties": sorted(parties)}, assets)


def settled_by(db: Connection, id: ObligationId) -> str:
    """The transaction by which a settled obligation's cycle paid out, or the cycle's id.

    A cycle in which everybody is even pays nothing out.
    """
    row = db.execute(SQL["settled_by"], {"id": id}).fetchone()
    assert row is not None
    return str(row[0])


def of_cycle(db: Connection, cycle: CycleId, assets: Assets) -> dict[ObligationId, Obligation]:
    """All obligations that are in a cycle, by id; in one that was unwound there are none."""
    return _read(db, SQL["of_cycle"], {"cycle": cycle}, assets)


def traded(
    db: Connection,
    days: tuple[date, date],
    assets: Assets,
    *,
    debtors: Iterable[ParticipantId] | None = None,
    creditors: Iterable[ParticipantId] | None = None,
) -> dict[ObligationId, Obligation]:
    """What was traded between two days, both included, in the order in which it was proposed.

    Args:
        debtors: Whose debts; everybody's if None.
        creditors: Whose claims; everybody's if None.
    """
    values = {
        "first": days[0],
        "last": days[1],
        "debtors": None if debtors is None else sorted(debtors),
        "creditors": None if creditors is None else sorted(creditors),
    }
    return _read(db, SQL["traded"], values, assets)


def _read(
    db: Connection, query: LiteralString, values: dict[str, Any], assets: Assets
) -> dict[ObligationId, Obligation]:
    return {
        row[0]: Obligation(
            id=row[0],
            debtor=row[1],
            creditor=row[2],
            reference=row[3],
            amount=Money(row[5], assets[row[4]]),
            traded_on=row[6],
            due_on=row[7],
            debtor_said_at=row[8],
            creditor_said_at=row[9],
            state=State(row[10]),
        )
        for row in db.execute(query, values)
    }


def project_terms(db: Connection, entries: Sequence[Entry]) -> None:
    """Enter what was proposed and affirmed, and the gate's newest verdicts."""
    new: dict[ObligationId, _Row] = {}
    affirmed: list[tuple[ObligationId, ParticipantId, datetime]] = []
    verdicts: dict[ObligationId, str] = {}
    for entry in entries:
        match entry.event:
            case ObligationProposed() as one:
                new[one.obligation] = _Row(one, entry.recorded_at)
            case ObligationAffirmed() as one if one.obligation in new:
                new[one.obligation].affirm(one.by, entry.recorded_at)
            case ObligationAffirmed() as one:
                affirmed.append((one.obligation, one.by, entry.recorded_at))
            case GateDecided() as one if one.obligation in new:
                new[one.obligation].verdict = one.verdict
            case GateDecided() as one:
                verdicts[one.obligation] = one.verdict
            case other:
                raise AssertionError(other)
    copy_rows(db, SQL["copy_obligations"], [row.values() for row in new.values()])
    if affirmed:
        ids, parties, instants = map(list, zip(*affirmed, strict=True))
        db.execute(SQL["affirm"], {"ids": ids, "parties": parties, "instants": instants})
    if verdicts:
        values = {"ids": list(verdicts), "verdicts": list(verdicts.values())}
        db.execute(SQL["record_verdicts"], values)


@dataclass(slots=True)
class _Row:
    """A new obligation on its way into the table."""

    said: ObligationProposed
    proposed_at: datetime
    affirmed_at: datetime | None = None
    verdict: str = "hold"  # until the gate has said

    def affirm(self, by: ParticipantId, at: datetime) -> None:
        """The other side says the same."""
        assert by != self.said.by
        self.affirmed_at = at

    def values(self) -> tuple[Any, ...]:
        """Its columns."""
        said, instants = self.said, (self.proposed_at, self.affirmed_at)
        by_debtor = said.by == said.debtor
        return (
            said.obligation,
            said.debtor,
            said.creditor,
            said.reference,
            said.asset,
            said.units,
            said.traded_on,
            said.due_on,
            *(instants if by_debtor else instants[::-1]),
            State.PROPOSED if self.affirmed_at is None else State.AFFIRMED,
            self.verdict,
        )


def project_clearing(db: Connection, entries: Sequence[Entry]) -> None:
    """Move obligations into their cycles."""
    lines = [
        (one.obligation, one.cycle, str(one.set_off), str(one.remaining))
        for one in (entry.event for entry in entries)
        if isinstance(one, ObligationCleared)
    ]
    ids, of, set_off, remaining = map(joined, zip(*lines, strict=True))
    values = {"ids": ids, "cycles": of, "set_off": set_off, "remaining": remaining}
    db.execute(SQL["enter_cycles"], values)


def project_value_dates(db: Connection, entries: Sequence[Entry]) -> None:
    """Note which cycle can take what binds."""
    given = [
        (one.obligation, one.value_date.isoformat(), instant(one.cut_off))
        for one in (entry.event for entry in entries)
        if isinstance(one, ValueDated)
    ]
    ids, days, cut_offs = map(joined, zip(*given, strict=True))
    values = {"ids": ids, "days": days, "cut_offs": cut_offs}
    db.execute(SQL["give_value_dates"], values)


def project_rescissions(db: Connection, entries: Sequence[Entry]) -> None:
    """Note who asked to take what back; with the last one it is rescinded."""
    for kind in (RescissionAsked, ObligationRescinded):
        asked = [
            (one.event.obligation, one.event.by, one.recorded_at)
            for one in entries
            if isinstance(one.event, kind)
        ]
        if asked:
            ids, parties, instants = map(list, zip(*asked, strict=True))
            values = {"ids": ids, "parties": parties, "instants": instants}
            db.execute(SQL["ask_back"], values | {"is_last": kind is ObligationRescinded})


def count_states(db: Connection) -> list[tuple[str, str, int]]:
    """Count obligations by state and newest verdict."""
    return db.execute(SQL["count_states"]).fetchall()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file was taken in: everything up to here is committed."""

    lines_done: int
    bytes_done: int
    finished: bool


def intake_progress(db: Connection, file: str, submitter: ParticipantId) -> Progress:
    """Find where to go on with a file (by its SHA-256); at the beginning if it is new."""
    row = db.execute(SQL["intake_progress"], {"file": file, "submitter": submitter}).fetchone()
    return Progress(*row) if row else Progress(0, 0, finished=False)


def record_intake(db: Connection, file: str, submitter: ParticipantId, progress: Progress) -> None:
    """Record how far a file was taken in, in the transaction that took it in."""
    db.execute(
        SQL["record_intake"],
        {
            "file": file,
            "submitter": submitter,
            "lines": progress.lines_done,
            "bytes": progress.bytes_done,
            "finished": progress.finished,
        },
    )
