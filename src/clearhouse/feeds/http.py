"""HTTP, asked of machines that are not ours.

Whoever is asked has so long for all of its answer, which may be so long: neither one that drips nor
one that does not end holds anybody up. Nobody is sent elsewhere by an answer. What an answer says
is for who asks to judge.
"""

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection

URL_FORM = re.compile(
    r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?((?:/[A-Za-z0-9._~-]+)*)", re.ASCII
)
PORT_MAX = 65_535
SAID_MAX = 300  # characters of a refusal that are kept
OK = 200


class Unanswered(Exception):  # noqa: N818 - it names what there is
    """Nothing was answered in time, or it is no HTTP; who asks tells it under a code of its own."""


class Endless(Unanswered):
    """The answer is longer than it may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered."""

    status: int
    headers: Message
    content: bytes

    @property
    def said(self) -> str:
        """What people may read of it."""
        text = self.content.decode(errors="replace")[:SAID_MAX].strip()
        return "".join(one if one.isprintable() else " " for one in text)


def is_url(text: str) -> bool:
    """Whether it is a URL of HTTP that has no more than a host, a port and a path."""
    form = URL_FORM.fullmatch(text)
    return form is not None and int(form[3] or 0) <= PORT_MAX


def ask(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    until: float,
    bytes_max: int,
) -> Answer:
    """Ask, and wait for all of the answer.

    Args:
        method: `GET` or `POST`.
        url: As `is_url` takes it.
        body: What is sent.
        headers: Beside those that HTTP asks for.
        until: When it is too late, on the clock `time.monotonic`.
        bytes_max: How long the answer's content may be.

    Raises:
        Unanswered: Nobody is reached, or there is no answer in time.
        Endless: It is longer.
    """
    connection, path = _connection(url, _left(until))
    try:
        connection.connect()
        with _within(_left(until), connection.sock):
            connection.request(method, path, body, dict(headers or {}))
            with connection.getresponse() as response:
                content = response.read(bytes_max + 1)
    except (OSError, HTTPException, ValueError) as wrong:
        raise Unanswered(f"{wrong!r:.200}") from wrong
    finally:
        connection.close()
    if len(content) > bytes_max:
        raise Endless("its answer does not end")
    return Answer(response.status, response.headers, content)


def _connection(url: str, seconds: float) -> tuple[HTTPConnection, str]:
    """A connection, not open yet, and the path to ask for."""
    form = URL_FORM.fullmatch(url)
    assert form is not None
    host, port = form[2].strip("[]"), int(form[3]) if form[3] else None
    kind = HTTPSConnection if form[1] == "https" else HTTPConnection
    return kind(host, port, timeout=seconds), form[4] or "/"


def _left(until: float) -> float:
    return max(0.001, until - time.monotonic())  # a timeout of 0 would be none


@contextmanager
def _within(seconds: float, sock: socket.socket) -> Iterator[None]:
    """Cut a connection that takes longer: a socket's own timeout begins anew with every byte."""
    late = threading.Event()

    def cut() -> None:
        late.set()
        with suppress(OSError):
            # The plain socket's, since that of TLS would first take leave of the other side.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():  # what was read until then may look whole
        raise TimeoutError("it takes too long")
