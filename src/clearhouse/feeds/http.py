"""HTTP, asked of machines that are not ours.

Whoever is asked has so long for all of its answer, which may be so long: neither one that drips nor
one that does not end holds anybody up. Nobody is sent elsewhere by an answer. What an answer says
is for who asks to judge.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection

URL_FORM = re.compile(
    r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?((?:/[A-Za-z0-9._~-]+)*)", re.ASCII
)
# What may follow: a path of any form, and a query.
LONG_FORM = re.compile(
    r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(?::([0-9]{1,5}))?"
    r"(/[A-Za-z0-9._~%!$&'()*+,;=:@/-]{0,2000})?(\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]{0,4000})?",
    re.ASCII,
)
CHUNK = 1 << 18
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


Sink = Callable[[Answer], Callable[[bytes], object] | None]


def is_url(text: str) -> bool:
    """Whether it is a URL of HTTP that has no more than a host, a port and a path."""
    form = URL_FORM.fullmatch(text)
    return form is not None and int(form[3] or 0) <= PORT_MAX


def is_long_url(text: str) -> bool:
    """Whether it is a URL of HTTP, which may have a query."""
    form = LONG_FORM.fullmatch(text)
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
    connection, path = _connection(url, left(until))
    return ask_by(connection, method, path, body, headers, until=until, bytes_max=bytes_max)


def ask_by(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str] | None,
    *,
    until: float,
    bytes_max: int,
) -> Answer:
    """Ask by a connection that is not open yet, whose `connect` may refuse whom it reaches.

    Args:
        path: And the query.

    Raises:
        Unanswered, Endless: As `ask`.
        Refusal: As the connection, when it connects: then nothing was asked.
    """
    with _answered(connection, method, path, body, headers, until) as response:
        content = response.read(bytes_max + 1)
        if response.length and len(content) <= bytes_max:  # as below: the library lets it pass
            raise Unanswered(f"it breaks off {response.length:,} bytes before its end")
    if len(content) > bytes_max:
        raise Endless("its answer does not end")
    return Answer(response.status, response.headers, content)


def download(
    url: str, headers: Mapping[str, str], sink: Sink, *, until: float, bytes_max: int
) -> Answer:
    """Ask for a file, and hand it on as it comes.

    Args:
        url: As `is_long_url` takes it.
        headers: Beside those that HTTP asks for.
        sink: Is told the answer before its content, and says what takes that; None takes nothing
            of it, and it is no more than its beginning.
        until: When it is too late, on the clock `time.monotonic`.
        bytes_max: How long the answer's content may be.

    Returns:
        The answer; its content is empty where it was handed on.

    Raises:
        Unanswered: Nobody is reached, or the answer breaks off, or is not whole in time; what came
            until then was handed on.
        Endless: It is longer.
    """
    connection, path = _connection(url, left(until))
    with _answered(connection, "GET", path, None, headers, until) as response:
        answer = Answer(response.status, response.headers, b"")
        take = sink(answer)
        if take is None:
            return Answer(response.status, response.headers, response.read(SAID_MAX))
        size = 0
        while chunk := response.read(CHUNK):
            size += len(chunk)
            if size > bytes_max:
                raise Endless("its answer does not end")
            take(chunk)
        if response.length:  # reading in pieces, the library lets it pass
            raise Unanswered(f"it breaks off {response.length:,} bytes before its end")
    return answer


@contextmanager
def _answered(
    connection: HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str] | None,
    until: float,
) -> Iterator[HTTPResponse]:
    try:
        connection.connect()
        with within(left(until), connection.sock):
            connection.request(method, path, body, dict(headers or {}))
            with connection.getresponse() as response:
                yield response
    except (OSError, HTTPException, ValueError) as wrong:
        raise Unanswered(f"{wrong!r:.200}") from wrong
    finally:
        connection.close()


def _connection(url: str, seconds: float) -> tuple[HTTPConnection, str]:
    """A connection, not open yet, and the path to ask for."""
    form = LONG_FORM.fullmatch(url)
    assert form is not None
    host, port = form[2].strip("[]"), int(form[3]) if form[3] else None
    kind = HTTPSConnection if form[1] == "https" else HTTPConnection
    return kind(host, port, timeout=seconds), (form[4] or "/") + (form[5] or "")


def left(until: float) -> float:
    """How many seconds there are until then, on the clock `time.monotonic`."""
    return max(0.001, until - time.monotonic())  # a timeout of 0 would be none


@contextmanager
def within(seconds: float, sock: socket.socket) -> Iterator[None]:
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
