"""The demo's stage: a clock of its own, a fresh home, the institutions, and who mines."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clearhouse.chains.chain import Block, Regtest
from clearhouse.chains.vault import Vault
from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.demo.country import Firm
from clearhouse.settings import Settings, statement_key
from clearhouse.store import launcher

MARK = "demo"  # the file that tells a demo's home from anybody else's
BLOCK_TIME = timedelta(minutes=10)
MORNING = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # a Monday
THRESHOLD = 2


class HomeInUse(Refusal):
    """The folder holds something that is not a demo; it is left alone."""

    code = "demo.home-in-use"
    kind = Kind.CONFLICT


class Clock:
    """The demo's time: it stands still until it is moved, for everybody at once."""

    def __init__(self, file: Path, at: datetime) -> None:
        self._file = file
        self._at = at
        self.move_to(at)

    def __call__(self) -> datetime:
        """What time it is."""
        return self._at

    def move_to(self, at: datetime) -> None:
        """Move on; it never goes back."""
        assert at >= self._at
        self._at = at
        self._file.write_text(instant(at))


def clear_home(home: Path) -> None:
    """Make an empty home, removing the one of an earlier demo.

    Raises:
        HomeInUse: There is something else.
    """
    if home.exists() and any(home.iterdir()):
        if not (home / MARK).exists():
            raise HomeInUse(f"{home} is not a demo's: name another with CLEARHOUSE_HOME")
        launcher.stop(home / "database")
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True)
    (home / MARK).write_text("a demo lives here; the next one removes it\n")


@dataclass(frozen=True)
class Officers:
    """The officers' program, and the public keys of its two people."""

    program: subprocess.Popen[bytes]
    keys: Sequence[str]

    def sign(self, person: int, text: str) -> str:
        """Let one of the two sign a text."""
        return str(ask(self.program, {"person": person, "text": text})["signature"])


def ask(program: subprocess.Popen[bytes], question: Mapping[str, object]) -> dict[str, Any]:
    """Tell the officers' program one line, and hear one."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(json.dumps(question).encode() + b"\n")
    program.stdin.flush()
    answer: dict[str, Any] = json.loads(program.stdout.readline())
    return answer


@contextmanager
def institutions(settings: Settings) -> Iterator[Officers]:
    """Have the three institutions hold a vault; their signers end on leaving.

    The house's process learns public keys and sockets, and nothing else.
    """
    program = [sys.executable, "-I", "-m", "clearhouse.demo.officers"]
    with subprocess.Popen(
        [*program, str(settings.home / "signers")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as officers:
        assert officers.stdout is not None
        begun = json.loads(officers.stdout.readline())
        said = begun["institutions"]
        vault = Vault([one["xpub"] for one in said.values()], THRESHOLD, settings.network)
        settings.vault.write_text(
            json.dumps({"threshold": THRESHOLD, "institutions": said}, indent=2)
        )
        house = statement_key(settings).public_key()
        key = house.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        assert ask(officers, {"vault": vault.descriptor, "house": key})["ready"]
        yield Officers(officers, begun["people"])


class Mine:
    """The registered miners, who take turns; a block takes ten minutes of the demo's time."""

    def __init__(self, chain: Regtest, clock: Clock, miners: tuple[Firm, ...]) -> None:
        self.chain = chain
        self._clock = clock
        self._miners = miners
        self._turn = 0

    def blocks(self, count: int, *, at_once: bool = False) -> list[Block]:
        """Mine blocks on the tip, with what waits in the mempool.

        Args:
            count: How many.
            at_once: The clock stands: for what happened before the demo began.
        """
        mined: list[Block] = []
        for _ in range(count):
            self._turn += 1
            miner = self._miners[self._turn % len(self._miners)]
            if not at_once:
                self._clock.move_to(self._clock() + BLOCK_TIME)
            mined += self.chain.mine(1, miner.wallet.script)
        return mined
