"""A database of the bench's own, durable as the product's, and the processor time that it takes.

Processor time is told in place of the wall's where it can be: machines are shared, and a neighbour
takes wall time from a bench, but little of the time that the bench's own processes are given.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Self

import psutil
from psycopg import Connection
from rich.console import Console
from rich.progress import track

from clearhouse.store import launcher
from clearhouse.store.connection import connect
from clearhouse.store.migrate import migrate


def progress(what: str, count: int) -> Iterator[int]:
    """Count up to `count`, with a bar on a terminal."""
    console = Console(stderr=True)
    yield from track(
        range(count), what, console=console, transient=True, disable=not sys.stderr.isatty()
    )


@dataclass
class Clock:
    """Wall and processor seconds of what ran inside its `with` blocks, all of them together."""

    server: "Server"
    wall_s: float = 0.0
    client_s: float = 0.0
    server_s: float = 0.0
    _begun: list[float] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._begun = self._now()
        return self

    def __exit__(self, *_: object) -> None:
        wall, client, server = (
            now - then for now, then in zip(self._now(), self._begun, strict=True)
        )
        self.wall_s += wall
        self.client_s += client
        self.server_s += server

    def _now(self) -> list[float]:
        return [time.perf_counter(), time.process_time(), self.server.cpu_s()]

    def cpu_us(self, count: int) -> float:
        """Processor microseconds each of `count` took, server and client together."""
        return (self.client_s + self.server_s) / count * 1e6


@dataclass(frozen=True)
class Server:
    """A PostgreSQL, migrated and empty, and where its files are."""

    url: str
    folder: Path
    postmaster: psutil.Process

    def cpu_s(self) -> float:
        """Processor seconds of all its processes so far, of those that have ended too."""
        own = self.postmaster.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in self.postmaster.children():
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue  # it has ended, and the postmaster counts it
            total += times.user + times.system
        return float(total)


@contextmanager
def serving(now: datetime) -> Iterator[tuple[Server, Connection]]:
    """A server and a connection to it; removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="clearhouse-bench-"))
    folder.chmod(0o711)  # the database's own user must pass through
    try:
        found = launcher.start(folder / "database")
        live = launcher.postmaster(folder / "database" / "data")
        assert live is not None
        with connect(found.url, "bench") as db:
            migrate(db, now)
            yield Server(found.url, folder, psutil.Process(live.pid)), db
    finally:
        launcher.stop(folder / "database")
        shutil.rmtree(folder)
