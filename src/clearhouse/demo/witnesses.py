"""The institutions' witnesses: programs of their own, which cosign the day's head of the log."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from clearhouse.core.note import Verifier, parse_verifier
from clearhouse.demo.officers import INSTITUTIONS
from clearhouse.feeds.witnesses import Witness, Witnesses

NEEDED = 2  # of the three
PROGRAM = (sys.executable, "-I", "-m", "clearhouse.witness")


@contextmanager
def witnesses(folder: Path, log: Verifier) -> Iterator[Witnesses]:
    """Have each institution's witness watch a log; they end on leaving.

    Args:
        folder: Theirs; each has one below it.
        log: The key that signs the log's heads.
    """
    with ExitStack() as running:
        each = [running.enter_context(_serving(folder / name, name, log)) for name in INSTITUTIONS]
        yield Witnesses(tuple(each), NEEDED)


@contextmanager
def _serving(folder: Path, name: str, log: Verifier) -> Iterator[Witness]:
    key = _told(folder, "init", f"witness.example/{name}")["verifier"]
    _told(folder, "trust", log.encode())
    words = [*PROGRAM, str(folder), "serve", "127.0.0.1:0"]
    with (
        (folder / "witness.log").open("wb") as said,
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said) as witness,
    ):
        assert witness.stdout is not None
        try:
            place = json.loads(witness.stdout.readline())["listening"]
            yield Witness(parse_verifier(key), f"http://{place}")
        finally:
            witness.terminate()


def _told(folder: Path, *words: str) -> dict[str, str]:
    done = subprocess.run([*PROGRAM, str(folder), *words], stdout=subprocess.PIPE, check=True)
    answer: dict[str, str] = json.loads(done.stdout)
    return answer
