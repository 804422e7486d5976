"""Obligations as they stand, and how far each file was taken in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection

from clearhouse.core.gate import Verdict
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.money import Asset, Money
from clearhouse.core.obligation import Obligation, State
from clearhouse.store.named import load

SQL = load("obligations")
Assets = Mapping[str, Asset]


def by_ids(
    db: Connection, ids: Iterable[ObligationId], assets: Assets
) -> dict[ObligationId, Obligation]:
    """Find obligations; those that are not there are left out."""
    return _read(db, SQL["by_ids"], {"ids": list(ids)}, assets)


def affirmed(db: Connection, assets: Assets) -> dict[ObligationId, Obligation]:
    """All obligations that bind and are in no cycle yet, by id."""
    return _read(db, SQL["affirmed"], {}, assets)


def awaiting(
    db: Connection, party: ParticipantId, assets: Assets
) -> dict[ObligationId, Obligation]:
    """All obligations that wait for `party` to affirm them, by id."""
    return _read(db, SQL["awaiting"], {"party": party}, assets)


def of_cycle(db: Connection, cycle: CycleId, assets: Assets) -> dict[ObligationId, Obligation]:
    """All obligations that a cycle took in, by id."""
    return _read(db, SQL["of_cycle"], {"cycle": cycle}, assets)


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


def add(db: Connection, stated: Iterable[tuple[Obligation, Verdict]]) -> None:
    """Enter new obligations with the gate's first verdict on each."""
    with db.cursor().copy(SQL["copy_obligations"]) as copy:
        for one, verdict in stated:
            copy.write_row(
                (
                    one.id,
                    one.debtor,
                    one.creditor,
                    one.reference,
                    one.amount.asset.code,
                    one.amount.units,
                    one.traded_on,
                    one.due_on,
                    one.debtor_said_at,
                    one.creditor_said_at,
                    one.state,
                    str(verdict),
                )
            )


def restate(db: Connection, stated: Sequence[Obligation]) -> None:
    """Record who has said what by now, and the states that follow."""
    db.execute(
        SQL["restate"],
        {
            "ids": [one.id for one in stated],
            "debtor": [one.debtor_said_at for one in stated],
            "creditor": [one.creditor_said_at for one in stated],
            "states": [str(one.state) for one in stated],
        },
    )


def record_verdicts(db: Connection, verdicts: Mapping[ObligationId, Verdict]) -> None:
    """Record the gate's newest verdicts."""
    names = [str(verdict) for verdict in verdicts.values()]
    db.execute(SQL["record_verdicts"], {"ids": list(verdicts), "verdicts": names})


def enter_cycle(
    db: Connection, cycle: CycleId, lines: Sequence[tuple[ObligationId, int, int]]
) -> None:
    """Move obligations into a cycle: id, units set off, units remaining."""
    ids, set_off, remaining = map(list, zip(*lines, strict=True))
    db.execute(
        SQL["enter_cycle"],
        {"cycle": cycle, "ids": ids, "set_off": set_off, "remaining": remaining},
    )


def settle_cycle(db: Connection, cycle: CycleId) -> None:
    """Settle every obligation of a cycle."""
    db.execute(SQL["settle_cycle"], {"cycle": cycle})


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
