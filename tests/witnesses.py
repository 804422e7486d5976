"""Witnesses for tests: real ones, each a process of its own, and some that say what they like."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

from clearhouse.core.note import Verifier
from clearhouse.feeds.witnesses import Witness
from clearhouse.witness import Witness as Kept
from clearhouse.witness import init

PROGRAM = [sys.executable, "-I", "-m", "clearhouse.witness"]
NOBODY = "http://127.0.0.1:1"  # where nobody listens


@dataclass(frozen=True)
class Served:
    """A witness that runs."""

    folder: Path
    witness: Witness  # as the house knows it
    process: subprocess.Popen[str]

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.witness.url.removeprefix("http://").partition(":")
        return host, int(port)

    def post(
        self, body: bytes, path: str = "/add-checkpoint", **headers: str
    ) -> tuple[int, str, str, str]:
        """Ask as anybody might; answers status, type of content, code and content."""
        connection = HTTPConnection(*self.address, timeout=10)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request("POST", path, body, named)
            with connection.getresponse() as answer:
                said = answer.read().decode()
                form, code = answer.headers["Content-Type"], answer.headers["Clearhouse-Code"]
                return answer.status, str(form), str(code or ""), said
        finally:
            connection.close()

    def said(self) -> dict[str, dict[str, object]]:
        """What it has on disk."""
        found = json.loads((self.folder / "logs.json").read_text())
        assert isinstance(found, dict)
        return found

    def says(self, **what: object) -> None:
        """Change what it has on disk about every log."""
        logs = {name: one | what for name, one in self.said().items()}
        (self.folder / "logs.json").write_text(json.dumps(logs))


def made(folder: Path, name: str, log: Verifier) -> Verifier:
    """Make a witness that follows a log; answers its key."""
    init(folder, name)
    one = Kept(folder, lambda: datetime.now(UTC))
    one.trust(log)
    return one.verifier


@contextmanager
def served(folder: Path, key: Verifier) -> Iterator[Served]:
    """Run a witness that was made, and end it as a system would."""
    command = [*PROGRAM, str(folder), "serve", "127.0.0.1:0"]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        place = json.loads(process.stdout.readline())["listening"]
        yield Served(folder, Witness(key, f"http://{place}"), process)
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=10)[0]
        assert (process.returncode, rest) == (0, "")
    finally:
        process.kill()
        process.communicate()


@contextmanager
def several(folder: Path, log: Verifier, *names: str) -> Iterator[list[Served]]:
    """Make and run witnesses of a log."""
    with ExitStack() as running:
        keys = {name: made(folder / name, f"w.example/{name}", log) for name in names}
        yield [running.enter_context(served(folder / name, keys[name])) for name in names]


Talk = Callable[[socket.socket, bytes], None]  # with who asks, and what


@contextmanager
def talking(talk: Talk, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """Listen and answer whatever `talk` sends; answers the URL, and the bodies as they come."""
    bodies: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with plain, suppress(OSError):
                    if tls is None:
                        hear(plain)
                    else:
                        with tls.wrap_socket(plain, server_side=True) as connection:
                            hear(connection)

        def hear(connection: socket.socket) -> None:
            with connection.makefile("rb") as asked:
                length = 0
                while (line := asked.readline()) not in {b"", b"\r\n"}:
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split()[1])
                bodies.append(asked.read(length))
                talk(connection, bodies[-1])

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}", bodies
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)
            assert not thread.is_alive()


def answer(status: int, content: bytes, form: str = "text/plain", code: str = "") -> bytes:
    """An answer of HTTP."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {form}", f"Content-Length: {len(content)}"]
    if code:
        lines.append(f"Clearhouse-Code: {code}")
    return "\r\n".join([*lines, "", ""]).encode() + content


def always(raw: bytes) -> Talk:
    """Answer the same to all."""
    return lambda connection, _: connection.sendall(raw)


def dripping(begin: bytes, drip: bytes) -> Talk:
    """Begin, and go on drop by drop."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(drip)
            time.sleep(0.05)

    return talk


def silence(begin: bytes) -> Talk:
    """Begin, and say no more."""

    def talk(connection: socket.socket, _: bytes) -> None:
        connection.sendall(begin)
        with suppress(OSError):
            connection.recv(1)  # until the other side hangs up

    return talk
