"""A house of the tests as a program of its own: it answers other providers, and calls them.

    python -m tests.travel_house FOLDER

FOLDER has `house.json` (see `Setting`). The program prints where it listens, then reads orders from
standard input, a line of JSON each, and answers each with a line. What it did is in `kept.db`, one
row for each request that it took. It approves everything at once, unless a file in FOLDER says
otherwise: `no` has it reject, `later` has it answer by callback, `wait` has it wait for the file
`go` before it decides, `die` has it kill itself once it has decided and kept that, before it
answers.
"""

import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from clearhouse.core.errors import Coded
from clearhouse.core.travel_rule.endpoint import Endpoint
from clearhouse.core.travel_rule.headers import Headers
from clearhouse.core.travel_rule.travel_address import encode
from clearhouse.core.travel_rule.trp import (
    Acknowledgement,
    Approval,
    Asset,
    Cancellation,
    Confirmation,
    Ending,
    Inquiry,
    Rejection,
    Resolution,
)
from clearhouse.feeds.travel_rule.client import Client
from clearhouse.feeds.travel_rule.door import Door, Kept, Key, Request
from clearhouse.feeds.travel_rule.identity import Credentials, Provider
from clearhouse.feeds.travel_rule.reach import Reach
from clearhouse.feeds.travel_rule.server import CONFIRMATIONS, INQUIRIES, RESOLUTIONS, listen

ROOT = Path(__file__).parents[1]
HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
PAYEE = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


@dataclass(frozen=True)
class Setting:
    """How a house is set up."""

    certificate: str
    key: str
    trust: str
    knows: list[str]  # LEIs
    peer: str = ""  # the LEI of whom it calls
    fingerprint: str = ""
    port: int = 0
    payee: str = PAYEE


class Memory:
    """What a house keeps, in one transaction with what it does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        with self.db() as db:
            db.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, digest, body)")
            db.execute("CREATE TABLE IF NOT EXISTS done (what TEXT, lei, token, said)")

    @contextmanager
    def db(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.folder / "kept.db", timeout=30)) as db, db:
            db.execute("BEGIN IMMEDIATE")
            yield db

    def once(self, key: Key, act: Callable[[], Kept]) -> Kept:
        with self.lock, self.db() as self.open:
            said = json.dumps(asdict(key), sort_keys=True)
            row = self.open.execute("SELECT digest, body FROM kept WHERE key = ?", [said])
            if found := row.fetchone():
                return Kept(*found)
            kept = act()
            self.open.execute("INSERT INTO kept VALUES (?, ?, ?)", [said, kept.digest, kept.body])
        if (self.folder / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return kept

    def note(self, what: str, request: Request, said: str) -> None:
        row = [what, request.sender.lei, request.token, said]
        self.open.execute("INSERT INTO done VALUES (?, ?, ?, ?)", row)


@dataclass
class House:
    """Approves what it is asked."""

    memory: Memory
    payee: str
    place: Callable[[str, str], str] = "{}{}".format

    def inquire(self, request: Request, inquiry: Inquiry) -> Resolution:
        folder = self.memory.folder
        self.memory.note("inquiry", request, inquiry.ivms.decode())
        if (folder / "wait").exists():
            (folder / "waiting").touch()
            while not (folder / "go").exists():
                time.sleep(0.01)
        if (folder / "later").exists():
            return Acknowledgement()
        if (folder / "no").exists():
            return Rejection("nobody here is called so")
        return Approval(self.payee, self.place(CONFIRMATIONS, request.token))

    def resolve(self, request: Request, resolution: Resolution) -> None:
        self.memory.note("resolution", request, type(resolution).__name__)

    def confirm(self, request: Request, ending: Ending) -> None:
        said = ending.txid if isinstance(ending, Confirmation) else "canceled"
        self.memory.note("confirmation", request, said)


def main(folder: Path) -> None:
    """Run a house."""
    setting = Setting(**json.loads((folder / "house.json").read_text()))
    credentials = Credentials(Path(setting.certificate), Path(setting.key))
    house = House(Memory(folder), setting.payee)
    with (folder / "log").open("a") as lines:

        def log(said: Mapping[str, str | int]) -> None:
            lines.write(json.dumps(said) + "\n")
            lines.flush()

        door = Door(
            credentials,
            setting.trust,
            lambda one: one.lei in setting.knows,
            house,
            house.memory.once,
            lambda: datetime.now(UTC),
            log,
        )
        with listen(door, "127.0.0.1", setting.port) as server:
            house.place = lambda called, token: server.endpoint(called, token).url
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            said = {"port": server.server_address[1]}
            say(said)
            client = Client(
                credentials,
                Reach(HERE, frozenset(range(1, 65_536))),
                lambda: datetime.now(UTC),
            )
            provider = Provider(setting.peer, setting.trust, setting.fingerprint)
            for line in sys.stdin:
                answer = ordered(client, provider, house, json.loads(line))
                say(answer)


def say(what: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def ordered(
    client: Client, provider: Provider, house: House, order: dict[str, Any]
) -> dict[str, Any]:
    """Do what an order says."""
    headers = Headers(order["identifier"])
    try:
        match order["do"]:
            case "inquire":
                callback = house.place(RESOLUTIONS, order["about"])
                asked = Inquiry(Asset(slip44=0), order["amount"], callback, order["ivms"].encode())
                found = client.inquire(provider, order["at"], asked, headers)
                return {"found": type(found).__name__} | asdict(found)
            case "resolve":
                approval = Approval(house.payee, house.place(CONFIRMATIONS, order["about"]))
                client.resolve(provider, order["at"], approval, headers)
            case "reject":
                client.resolve(provider, order["at"], Rejection("not here"), headers)
            case "confirm":
                client.confirm(provider, order["at"], Confirmation(order["txid"]), headers)
            case _:
                client.confirm(provider, order["at"], Cancellation("no more"), headers)
    except Coded as trouble:
        return {"refused": trouble.code, "detail": trouble.detail, **trouble.context}
    return {"found": None}


@dataclass
class Running:
    """A house that runs."""

    folder: Path
    setting: Setting
    process: "Popen[str]"
    port: int

    def send(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found = json.loads(self.process.stdout.readline())
        assert isinstance(found, dict)
        return found

    def do(self, **order: Any) -> dict[str, Any]:
        self.send(**order)
        return self.hear()

    def address(self, token: str) -> str:
        """The travel address of a customer."""
        return encode(Endpoint("127.0.0.1", self.port, f"/{INQUIRIES}/{token}", "t=i"))

    def url(self, called: str, token: str) -> str:
        return f"https://127.0.0.1:{self.port}/{called}/{token}"

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "kept.db", timeout=30)) as db:
            return db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - ours

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def running(folder: Path, setting: Setting) -> Iterator[Running]:
    """Run a house, and kill it at the end."""
    folder.mkdir(exist_ok=True)
    (folder / "house.json").write_text(json.dumps(asdict(setting)))
    command = [sys.executable, "-m", "tests.travel_house", str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with (folder / "errors").open("a") as errors:
        process = Popen(
            command, stdin=PIPE, stdout=PIPE, stderr=errors, text=True, env=environment, cwd=ROOT
        )
    try:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        yield Running(folder, setting, process, port)
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
