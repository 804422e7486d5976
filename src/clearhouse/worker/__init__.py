"""The worker: the loops that make time pass.

Each loop is a job in a table, known by its kind and key. `plan` enters the jobs that the state of
the house calls for; a worker takes the one that has been due for longest, does it, and says when it
is due again. Any number of workers may run, and each may be killed anywhere: a job's lease ends,
another worker takes it up, and since every operation looks first at what is done already, each
effect comes once.

`house.now` is the only clock, so a test clock moves everything. Notifications only wake a worker;
what is to be done stands in the tables.

A job that fails is tried again, later each time. One that fails too often, or with an alarm, or at
which workers die, is stuck: it is listed with who must act (`clearhouse stuck`), and is not tried
before somebody says so. What merely waits for people or for other machines (`ACTORS`, and whatever
is unavailable) never gets stuck, and is listed too.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from time import monotonic

from clearhouse.core.errors import Alarm, Coded, Kind, Refusal
from clearhouse.core.ids import CycleId, derived
from clearhouse.core.schedule import (
    DAYS_BEFORE,
    DAYS_LOOKED_AT,
    CycleHeld,
    NoCycleNow,
    UnknownCycleKind,
    cycle_now,
)
from clearhouse.core.settlement import ENDED, CycleKnown, NoLongerCleared, NothingToClear, State
from clearhouse.core.timetable import coming, cycles_of
from clearhouse.core.unwinding import CannotUnwind, NothingToRevise
from clearhouse.operations import (
    casework,
    differences,
    dossiers,
    hits,
    mining_returns,
    notices,
    overdue,
    people,
    settle,
    travel_exchanges,
)
from clearhouse.operations.case_stages import escalate
from clearhouse.operations.clear import clear_cycle
from clearhouse.operations.fetch_list import fetch_list
from clearhouse.operations.house import House
from clearhouse.operations.revise import revise, scheduled_of
from clearhouse.store import cycles, jobs
from clearhouse.store import ledger as books
from clearhouse.store.jobs import Job
from clearhouse.worker import public
from clearhouse.worker.actors import ACTORS, OPERATOR
from clearhouse.worker.place import PACE, SLOW, Place

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
ATTEMPTS_MAX = 6
DEATHS_MAX = 3  # of workers at one job
FETCH_S = 240  # less than a lease: another one goes on from there
WAIT_S_MAX = 30.0  # between two looks at the clock, when nobody wakes us
LOOK_S = 0.5  # between two looks whether to stop

Loop = Callable[[Place, str], datetime | None]  # of a key; answers when it is due again


def _expire_transfers(place: Place, _: str) -> datetime:
    house = place.house
    now = house.now()
    expired = 1
    while expired:  # a transaction for each part, so that others come in between
        with house.db.transaction():
            expired = books.expire(house.db, now)
    return now + PACE


def _expire_proposals(place: Place, _: str) -> datetime:
    people.expire(place.house)
    return place.house.now() + PACE


def _erase_keys(place: Place, _: str) -> datetime:
    dossiers.erase_keys(place.house)
    return place.house.now() + SLOW


def _settle(place: Place, key: str) -> datetime | None:
    try:
        done = settle.settle(place.house, CycleId(key))
    except NoLongerCleared:
        if not _revise_in_time(place, CycleId(key)):
            raise  # people say what becomes of it
        return place.house.now() + PACE
    if done.state is State.WITHDRAWN:  # two people saw to it that it cannot be paid as it is
        _unwind(place.house, done.cycle)
        return None
    return None if done.state in ENDED else place.house.now() + PACE


def _revise(place: Place, key: str) -> datetime | None:
    """Ask the gate again about a cycle when its revised schedule is due."""
    _revise_in_time(place, CycleId(key))
    one, now = scheduled_of(place.house, CycleId(key)), place.house.now()
    # So long the key stands for it, and is not planned again.
    return one.settlement if one and one.settlement > now else None


def _revise_in_time(place: Place, id: CycleId) -> bool:
    """Revise a cycle of a timetable before it settles; is nobody needed for it?"""
    one = scheduled_of(place.house, id) if place.by_timetable else None
    if one is None or one.settlement <= place.house.now():
        return False
    try:
        _unwind(place.house, id)
    except (CannotUnwind, NothingToRevise) as nothing:
        log.info("%s is not revised: %s", id, nothing)
        return isinstance(nothing, NothingToRevise)
    return True


def _unwind(house: House, id: CycleId) -> None:
    revise(house, id, CycleId(derived("cyc", id, "revised")))
    log.warning("%s was unwound, and what the gate clears of it cleared again", id)


def _note_overdue(place: Place, key: str) -> datetime | None:
    return overdue.note_overdue(place.house, CycleId(key))


def _clear(place: Place, key: str) -> None:
    """Clear the cycle of a day; its id follows from the day, so that it is cleared once.

    A cut-off that nobody was there for is made up for; one that is no longer set is dropped.
    """
    house, at = place.house, datetime.fromisoformat(key)
    if at.time() != place.cut_off:
        return
    try:
        clear_cycle(house, CycleId(derived("cyc", house.coin.identity, str(at.date()))))
    except (CycleKnown, NothingToClear) as nothing:
        log.info("no cycle at %s: %s", key, nothing)


def _hold(place: Place, key: str) -> datetime | None:
    """Clear the cycle of a kind and a value date; it is too late once it should have settled."""
    house = place.house
    now, (kind, value_date) = house.now(), key.split()
    law, day = house.laws.in_force(house.db, now), date.fromisoformat(value_date)
    own = next((one for one in cycles_of(day, law.cycles) if one.kind == kind), None)
    if own is None:
        return None  # the law has another timetable by now
    try:
        if cycle_now(law.cycles, kind, now) == own:
            id = CycleId(derived("cyc", house.coin.identity, kind, value_date))
            clear_cycle(house, id, kind=kind)
    except (CycleKnown, CycleHeld, NoCycleNow, NothingToClear, UnknownCycleKind) as nothing:
        log.info("no cycle %s: %s", key, nothing)
    until = own.stages().settlement  # so long the key stands for it, and is not planned again
    return until if until > now else None


def _next(cut_off: time, after: datetime) -> datetime:
    at = datetime.combine(after.date(), cut_off, after.tzinfo)
    return at if at > after else at + timedelta(days=1)


def _deliver(place: Place, _: str) -> datetime:
    while notices.deliver(place.house, place.outbox):
        pass
    return place.house.now() + PACE


def _find_returns(place: Place, _: str) -> datetime:
    house = place.house
    mining_returns.find(house, mining_returns.months_back(house.today))
    return house.now() + timedelta(days=1)


def _reconcile(place: Place, _: str) -> datetime:
    differences.look(place.house, prove=False)
    return place.house.now() + SLOW


def _prove(place: Place, _: str) -> datetime:
    differences.look(place.house)
    return place.house.now() + timedelta(days=1)


def _fetch_list(place: Place, key: str) -> datetime | None:
    """Fetch a list's edition of now; one that is not named any more is left."""
    for one in place.lists:
        if one.source.name == key:
            done = fetch_list(place.house, one.source, place.lists_folder, monotonic() + FETCH_S)
            if done.hits:
                log.warning("%s: %d hits by what has changed", key, len(done.hits))
            return place.house.now() + one.every
    return None


def _raise_alerts(place: Place, _: str) -> datetime:
    house = place.house
    try:
        found = hits.hits(house)
    except Refusal as stopped:
        if stopped.kind is not Kind.UNAVAILABLE:
            raise
        log.info("nobody is screened: %s", stopped)  # whatever asks the gate says so, too
        return house.now() + SLOW
    if new := casework.raise_alerts(house, found):
        log.warning("%d alerts: see `clearhouse case`", new)
    if late := escalate(house, casework.worked_on(house, found)):
        log.warning("%d cases last too long: see `clearhouse case --late`", len(late))
    return house.now() + timedelta(days=1)


def _ask_providers(place: Place, _: str) -> datetime:
    assert place.desk is not None  # or this loop is left to others
    for payment, said in travel_exchanges.ask(place.house, place.desk()).others.items():
        log.warning("the provider about %s: %s", payment, said)
    return place.house.now() + PACE


LOOPS: Mapping[str, Loop] = {
    "transfers.expire": _expire_transfers,
    "travel.ask": _ask_providers,
    "proposals.expire": _expire_proposals,
    "dossiers.erase-keys": _erase_keys,
    "notices.deliver": _deliver,
    "lists.fetch": _fetch_list,
    "alerts.raise": _raise_alerts,
    "log.follow": public.follow,
    "log.gather": public.gather,
    "log.stamp": public.stamp,
    "cycle.clear": _clear,
    "cycle.hold": _hold,
    "cycle.revise": _revise,
    "cycle.settle": _settle,
    "pay-ins.overdue": _note_overdue,
    "returns.find": _find_returns,
    "house.reconcile": _reconcile,
    "ledger.prove": _prove,
}
ALWAYS = (
    *("transfers.expire", "proposals.expire", "dossiers.erase-keys"),
    *("notices.deliver", "log.follow", "returns.find", "alerts.raise"),
)


def kinds(place: Place) -> list[str]:
    """The loops that can be done here."""
    return [kind for kind in LOOPS if kind not in place.left]


def plan(place: Place) -> None:
    """Enter the jobs that the state of the house calls for."""
    jobs.plan(place.house.db, _wanted(place))


def _to_hold(house: House, now: datetime) -> Iterator[tuple[str, str, datetime]]:
    """The cycles that may be cleared by tomorrow, and until their settlement."""
    law = house.laws.in_force(house.db, now)
    for cycle in coming(now.date() - DAYS_BEFORE, DAYS_LOOKED_AT, law.cycles):
        stages = cycle.stages()
        if stages.settlement > now and stages.rescission <= now + timedelta(days=1):
            yield "cycle.hold", f"{cycle.kind} {cycle.value_date}", stages.rescission


def _wanted(place: Place) -> Iterator[tuple[str, str, datetime]]:
    house = place.house
    now = house.now()
    for kind in ALWAYS:
        yield kind, "", now
    for one in place.lists:
        yield "lists.fetch", one.source.name, now
    if place.desk is not None:
        yield "travel.ask", "", now
    if house.log.witnesses.each:
        yield "log.gather", "", now
    if house.log.calendars:
        yield "log.stamp", "", now
    if place.cut_off is not None:
        at = _next(place.cut_off, now)
        yield "cycle.clear", at.isoformat(), at
    if place.by_timetable:
        yield from _to_hold(house, now)
    if house.settles is not None:
        yield "house.reconcile", "", now
        yield "ledger.prove", "", now
    for id in cycles.open_cycles(house.db):
        yield from _wanted_by(place, id, now)


def _wanted_by(place: Place, id: CycleId, now: datetime) -> Iterator[tuple[str, str, datetime]]:
    """What an open cycle calls for."""
    house = place.house
    if house.settles is not None:
        yield "cycle.settle", id, now
    one = scheduled_of(house, id) if place.by_timetable else None
    if one and now < one.settlement:
        yield "cycle.revise", id, one.pay_in_revised
    waited = [one.due_at for one in cycles.pay_ins(house.db, id) if not (one.final or one.overdue)]
    if waited:
        yield "pay-ins.overdue", id, min(waited)


def step(place: Place) -> Job | None:
    """Take one job that is due and do it; None if none is due."""
    house = place.house
    job = jobs.claim(house.db, house.now(), LEASE, kinds(place))
    if job is None:
        return None
    if job.begun > DEATHS_MAX:
        detail = f"{job.begun - 1} workers died at it"
        why = {"code": "worker.died", "detail": detail, "actor": OPERATOR}
        jobs.fail(house.db, job, house.now(), stuck=True, **why)
        return job
    try:
        due_at = LOOPS[job.kind](place, job.key)
    except Exception as trouble:
        if house.db.broken or house.db.closed:
            raise  # the database is lost: nothing can be written, and the lease ends by itself
        _fail(house, job, trouble)
    else:
        if not jobs.finish(house.db, job, due_at):
            log.warning("%s %s: the lease was lost meanwhile", job.kind, job.key)
    return job


def _fail(house: House, job: Job, trouble: Exception) -> None:
    """Write down why a job failed, when it is tried again, and who must act."""
    code, detail = type(trouble).__name__, str(trouble)
    if isinstance(trouble, Coded):
        code, detail = trouble.code, trouble.detail
    else:
        log.error("%s %s", job.kind, job.key, exc_info=trouble)
    waits = isinstance(trouble, Refusal) and (trouble.kind is Kind.UNAVAILABLE or code in ACTORS)
    attempts = job.attempts + 1
    stuck = isinstance(trouble, Alarm) or (attempts >= ATTEMPTS_MAX and not waits)
    due_at = house.now() + min(SLOW, PACE * 2 ** min(attempts - 1, 10))
    actor = ACTORS.get(code, OPERATOR)
    # What a library says may hold what no text of PostgreSQL can.
    said = detail.replace("\0", "\\0").encode("utf-8", "replace").decode()[:2000]
    jobs.fail(house.db, job, due_at, stuck=stuck, code=code, detail=said, actor=actor)
    log.warning("%s %s failed (%s), for %s: %s", job.kind, job.key, code, actor, said)


def work(place: Place) -> int:
    """Do all that is due now; answers how many jobs that were."""
    done = 0
    plan(place)
    while step(place):
        done += 1
        plan(place)
    return done


def run(place: Place, stopping: Callable[[], bool]) -> None:
    """Do what is due, and wait for more, until told to stop.

    Raises:
        psycopg.OperationalError: The database is lost.
    """
    db = place.house.db
    jobs.listen(db)
    while not stopping():
        work(place)
        due_at = jobs.next_due(db, kinds(place))
        left = (due_at - place.house.now()).total_seconds() if due_at else WAIT_S_MAX
        if _woken(place, min(max(left, 0.05), WAIT_S_MAX), stopping):
            jobs.hasten(db, place.house.now())


def _woken(place: Place, seconds: float, stopping: Callable[[], bool]) -> bool:
    """Wait to be woken, for so many seconds at most; told to stop, no longer than a look takes."""
    while seconds > 0 and not stopping():
        if any(place.house.db.notifies(timeout=min(seconds, LOOK_S), stop_after=1)):
            return True
        seconds -= LOOK_S
    return False
