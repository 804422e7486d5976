"""The verifier: how long a day of the demo takes to check, in plain Python.

The day is played and published first, in a home of its own; what is timed is the whole program,
from its start to PASS: reading, every check, and the interpreter itself.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.server import progress

ROUNDS = 3


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=5_000, help="obligations of the day")
    parser.add_argument("--firms", type=int, default=490, help="exporters and importers")


def run(given: argparse.Namespace) -> Iterator[str]:
    """Play a day, publish it, and check it; the best of three rounds."""
    with tempfile.TemporaryDirectory(prefix="clearhouse-bench-") as name:
        home = Path(name) / "home"
        Path(name).chmod(0o711)  # the database's own user passes through
        size = ["--obligations", str(given.size), "--firms", str(given.firms)]
        environment = {**os.environ, "CLEARHOUSE_HOME": str(home)}
        subprocess.run(
            [sys.executable, "-m", "clearhouse", "demo", *size],
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        rounds = [_check(home) for _ in progress("checking", ROUNDS)]
        wall, cpu = (min(one) for one in zip(*rounds, strict=True))
        yield f"verifier.s {wall:.2f} s"
        yield f"verifier.cpu_s {cpu:.2f} s"
        yield f"verifier.bundle_mb {(home / 'day.bundle').stat().st_size / 1e6:.1f} MB"


def _check(home: Path) -> tuple[float, float]:
    """Seconds of the clock and of a processor."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    words = [str(home / "day.bundle"), "--trust", str(home / "trust.json")]
    subprocess.run(
        [sys.executable, "-I", "-m", "clearhouse.verifier", *words],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begun, cpu
