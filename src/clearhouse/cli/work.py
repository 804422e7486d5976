"""`clearhouse worker`, `stuck`, `retry`: what the house does by itself, and where it cannot."""

import logging
import signal
import sys
import threading
from contextlib import ExitStack
from typing import Annotated

import psycopg
import typer

from clearhouse import worker as loops
from clearhouse.cli.answer import EXIT_REFUSED, AsJson, answering, console, say
from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.settings import Settings, desk, house, sources
from clearhouse.store import jobs
from clearhouse.worker.place import Place

log = logging.getLogger(__name__)

RECONNECT_S = 5


class NotStuck(Refusal):
    """There is no such stuck job."""

    code = "worker.not-stuck"
    kind = Kind.UNKNOWN


def worker(
    *,
    once: Annotated[bool, typer.Option(help="Do what is due now, and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make time pass: settle, expire, clear at cut-off, deliver notices. Any number may run."""
    settings = Settings()
    level = logging.WARNING if as_json else logging.INFO
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(message)s")
    stopping, begun = threading.Event(), threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: stopping.set())
    with answering(as_json=as_json):
        while not stopping.is_set():
            try:
                done = _serve(settings, stopping, begun, once=once)
            except (psycopg.OperationalError, Refusal) as lost:
                down = not isinstance(lost, Refusal) or lost.kind is Kind.UNAVAILABLE
                if not (down and begun.is_set()) or once:
                    raise
                log.warning("a part is down, trying again: %s", lost)
                stopping.wait(RECONNECT_S)
                continue
            if once:
                _tell(done, as_json=as_json)
                break


def _serve(
    settings: Settings, stopping: threading.Event, begun: threading.Event, *, once: bool
) -> int:
    with house(settings, settles=True) as own:
        begun.set()
        place = Place(
            own,
            settings.home / "outbox",
            settings.cut_off,
            by_timetable=settings.timetable,
            lists=sources(settings),
            lists_folder=settings.lists,
            desk=desk(settings),
        )
        if once:
            return loops.work(place)
        loops.run(place, stopping.is_set)
    return 0


def _tell(done: int, *, as_json: bool) -> None:
    if as_json:
        say({"jobs": done})
    else:
        console().print(f"{done} jobs done")


def stuck(*, as_json: AsJson = False) -> None:
    """List what fails or waits, and who must act. Exits with 1 if a job is stuck."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        found = jobs.troubles(own.db)
        if as_json:
            say(
                {
                    "jobs": [
                        {
                            "kind": one.kind,
                            "key": one.key,
                            "stuck": one.stuck,
                            "next_try_at": None if one.stuck else instant(one.due_at),
                            "attempts": one.attempts,
                            "code": one.code,
                            "detail": one.detail,
                            "actor": one.actor,
                        }
                        for one in found
                    ]
                }
            )
        else:
            out = console()
            for one in found:
                then = "stuck" if one.stuck else f"next try {one.due_at:%Y-%m-%d %H:%M} UTC"
                head = f"{one.kind} {one.key}".strip()
                out.print(f"{head}: {then}, failed {one.attempts} times", markup=False)
                out.print(f"    {one.actor}\n    {one.code}: {one.detail}", markup=False)
        if any(one.stuck for one in found):
            raise typer.Exit(EXIT_REFUSED)


def retry(
    kind: Annotated[str, typer.Argument(metavar="KIND")],
    key: Annotated[str, typer.Argument(metavar="KEY")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Let a stuck job be tried again, after what it waited for was done."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        if not jobs.release(own.db, kind, key, own.now()):
            raise NotStuck(f"{kind} {key}: see `clearhouse stuck`")
        jobs.wake(own.db)
        if as_json:
            say({"kind": kind, "key": key})
        else:
            console().print(f"{kind} {key} is tried again", markup=False)
