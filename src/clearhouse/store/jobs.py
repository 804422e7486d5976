"""Jobs: work that waits for its time, taken by one worker at a time under a lease.

A lease ends by itself, so that the work of a killed worker is taken up again. Its fence rises each
time: a worker that was only slow finds, when it comes to write, that the job is no longer its own.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Connection

from clearhouse.store.named import load

SQL = load("jobs")
CHANNEL = "clearhouse"  # notified when there may be something to do


@dataclass(frozen=True, slots=True)
class Job:
    """A job that was taken, and the fence of its lease."""

    kind: str
    key: str
    fence: int
    attempts: int  # that failed before, in a row
    begun: int = 1  # times it was taken since it last ended; more than once: somebody died at it


@dataclass(frozen=True, slots=True)
class Trouble:
    """A job that failed, and who must act."""

    kind: str
    key: str
    stuck: bool  # it is not tried again until somebody says so
    due_at: datetime
    attempts: int
    code: str
    detail: str
    actor: str


def plan(db: Connection, wanted: Iterable[tuple[str, str, datetime]]) -> None:
    """Enter jobs by kind, key and when they are due; those that are there stay as they are."""
    kinds, keys, due_at = [], [], []
    for kind, key, at in wanted:
        kinds.append(kind)
        keys.append(key)
        due_at.append(at)
    db.execute(SQL["plan"], {"kinds": kinds, "keys": keys, "due_at": due_at})


def claim(db: Connection, now: datetime, lease: timedelta, kinds: Collection[str]) -> Job | None:
    """Take the job that has been due for longest and that nobody is at; None if there is none.

    Args:
        kinds: What the worker can do; other jobs are left to others.
    """
    values = {"now": now, "until": now + lease, "kinds": list(kinds)}
    row = db.execute(SQL["claim"], values).fetchone()
    return Job(*row) if row else None


def finish(db: Connection, job: Job, due_at: datetime | None) -> bool:
    """Say that a job is done, and when it is due again; None is never.

    Returns:
        Whether it was still the worker's own.
    """
    values = {"kind": job.kind, "key": job.key, "fence": job.fence}
    if due_at is None:
        return db.execute(SQL["drop"], values).rowcount == 1
    return db.execute(SQL["finish"], values | {"due_at": due_at}).rowcount == 1


def fail(
    db: Connection,
    job: Job,
    due_at: datetime,
    *,
    stuck: bool,
    code: str,
    detail: str,
    actor: str,
) -> bool:
    """Say that a job failed; as `finish`."""
    values = {"kind": job.kind, "key": job.key, "fence": job.fence, "due_at": due_at}
    why = {"stuck": stuck, "code": code, "detail": detail, "actor": actor}
    return db.execute(SQL["fail"], values | why).rowcount == 1


def release(db: Connection, kind: str, key: str, now: datetime) -> bool:
    """Let a stuck job be tried again; answers whether there was one."""
    return db.execute(SQL["release"], {"kind": kind, "key": key, "now": now}).rowcount == 1


def hasten(db: Connection, now: datetime) -> None:
    """Let jobs be due now that wait for what may just have been recorded."""
    db.execute(SQL["hasten"], {"now": now})


def next_due(db: Connection, kinds: Collection[str]) -> datetime | None:
    """When the next job of some kinds can be taken."""
    row = db.execute(SQL["next_due"], {"kinds": list(kinds)}).fetchone()
    return row[0] if row else None


def troubles(db: Connection) -> list[Trouble]:
    """The jobs that failed, stuck ones first."""
    return [Trouble(*row) for row in db.execute(SQL["troubles"])]


def listen(db: Connection) -> None:
    """Be woken by `wake` from now on."""
    db.execute(SQL["listen"])


def wake(db: Connection) -> None:
    """Wake the workers once the caller's transaction is committed; the tables say what for."""
    db.execute(SQL["wake"], {"channel": CHANNEL})
