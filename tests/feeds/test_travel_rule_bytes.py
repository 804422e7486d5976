"""Odd bytes on the wire: a client of any kind at our server, and a server of any kind at ours."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.certificates import NORTH, SOUTH, Authority, Certified
from tests.travel_house import HERE

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.endpoint import Endpoint
from clearhouse.core.travel_rule.headers import VERSION, Headers
from clearhouse.core.travel_rule.travel_address import encode
from clearhouse.core.travel_rule.trp import Acknowledgement, Asset, Inquiry, Rejection
from clearhouse.core.travel_rule.wire import BYTES_MAX
from clearhouse.feeds.travel_rule.client import Client, Limits
from clearhouse.feeds.travel_rule.door import Door, Kept, Key, Request
from clearhouse.feeds.travel_rule.identity import Provider, context
from clearhouse.feeds.travel_rule.reach import Reach
from clearhouse.feeds.travel_rule.server import listen

ONE = "3cc8d4f6-9a4c-4c1c-9d0c-0a8fd1d0c8c1"
BODY = b'{"rejected":"no"}'
QUICK_S = 1.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"), "an authority")


@pytest.fixture(scope="module")
def north(authority: Authority) -> Certified:
    return authority.issue("north", NORTH)


@pytest.fixture(scope="module")
def south(authority: Authority) -> Certified:
    return authority.issue("south", SOUTH)


def now() -> datetime:
    return datetime.now(UTC)


# At our server.


class Broken(Refusal):
    """Something is not there; try again."""

    code = "test.broken"
    kind = Kind.UNAVAILABLE


class House:
    """Takes everything; what it is named says what it does."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def inquire(self, request: Request, inquiry: Inquiry) -> Acknowledgement:
        self.heard.append(f"inquiry {request.token} {inquiry.amount}")
        return Acknowledgement()

    def resolve(self, request: Request, resolution: Any) -> None:
        what = request.token
        if what == "bug":
            raise ValueError("Zoë Ünal, 4711")  # what a bug could say
        if what == "broken":
            raise Broken("Zoë Ünal, 4711")
        self.heard.append(f"resolution {request.token} {type(resolution).__name__}")

    def confirm(self, request: Request, ending: Any) -> None:
        self.heard.append(f"confirmation {request.token} {type(ending).__name__}")


class Server:
    """Our server, and what it logged."""

    def __init__(self, port: int, house: House, log: list[Mapping[str, Any]]) -> None:
        self.port, self.house, self.log = port, house, log


@pytest.fixture
def server(authority: Authority, south: Certified) -> Iterator[Server]:
    log: list[Mapping[str, Any]] = []
    house, kept = House(), dict[Key, Kept]()

    def once(key: Key, act: Callable[[], Kept]) -> Kept:
        if key not in kept:
            kept[key] = act()
        return kept[key]

    door = Door(
        *(south.credentials, authority.pem, lambda who: who.lei == NORTH, house, once, now),
        *(log.append, QUICK_S, QUICK_S),
    )
    with listen(door, "127.0.0.1", 0) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield Server(made.server_address[1], house, log)
        made.shutdown()


@contextmanager
def connected(server: Server, mine: Certified, authority: Authority) -> Iterator[ssl.SSLSocket]:
    tls = context(ssl.Purpose.SERVER_AUTH, mine.credentials, authority.pem)
    plain = socket.create_connection(("127.0.0.1", server.port), 10)
    with closing(tls.wrap_socket(plain, server_hostname="localhost")) as secured:
        secured.settimeout(10)
        yield secured


def told(secured: ssl.SSLSocket) -> bytes:
    found = b""
    while True:
        try:
            piece = secured.recv(1 << 16)
        except (ssl.SSLError, ConnectionError):
            return found
        if not piece:
            return found
        found += piece


def lines(**changed: str | None) -> dict[str, str]:
    fields: dict[str, str | None] = {
        "Host": "localhost",
        "api-version": VERSION,
        "request-identifier": ONE,
        "Content-Type": "application/json",
        "Content-Length": str(len(BODY)),
    }
    fields |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in fields.items() if value is not None}


def request(
    body: bytes = BODY, line: str = "POST /resolutions/t1 HTTP/1.1", **changed: str | None
) -> bytes:
    head = [line, *(f"{name}: {value}" for name, value in lines(**changed).items())]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


MANY: Any = {f"x_{number}": "1" for number in range(200)}
ASKED: dict[str, tuple[bytes, int]] = {
    "as it should be": (request(), 204),
    "small letters": (request(line="POST /resolutions/t1 HTTP/1.0"), 204),
    "by GET": (request(line="GET /resolutions/t1 HTTP/1.1"), 405),
    "by a word of its own": (request(line="STEAL /resolutions/t1 HTTP/1.1"), 405),
    "nothing called so": (request(line="POST /records/t1 HTTP/1.1"), 404),
    "a path of paths": (request(line="POST /resolutions/../t1 HTTP/1.1"), 404),
    "no token": (request(line="POST /resolutions/ HTTP/1.1"), 404),
    "an inquiry without its tag": (request(line="POST /inquiries/t1 HTTP/1.1"), 404),
    "an inquiry that is none": (request(line="POST /inquiries/t1?t=i HTTP/1.1"), 400),
    "no length": (request(Content_Length=None), 411),
    "in chunks": (request(Transfer_Encoding="chunked", Content_Length=None), 411),
    "in chunks, with a length": (request(Transfer_Encoding="chunked"), 411),
    "a length in words": (request(Content_Length="seventeen"), 400),
    "a length with a sign": (request(Content_Length="+17"), 400),
    "too long": (request(Content_Length=str(BYTES_MAX + 1)), 413),
    "no JSON": (request(Content_Type="text/plain"), 415),
    "JSON of another charset": (request(Content_Type="application/json; charset=latin1"), 415),
    "no type": (request(Content_Type=None), 415),
    "no version": (request(api_version=None), 400),
    "another version": (request(api_version="2.0.0"), 400),
    "no identifier": (request(request_identifier=None), 400),
    "an identifier that is none": (request(request_identifier="1"), 400),
    "cut off JSON": (request(BODY[:-1], Content_Length=str(len(BODY) - 1)), 400),
    "yes and no": (
        request(b'{"rejected":"no","version":"3.2.1"}', Content_Length="35"),
        400,
    ),
    "a bug": (request(line="POST /resolutions/bug HTTP/1.1"), 500),
    "something broken": (request(line="POST /resolutions/broken HTTP/1.1"), 503),
    "a line without end": (b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    "headers without end": (request(BODY, **MANY), 431),
}


@pytest.mark.parametrize("name", ASKED)
def test_each_request_is_answered_by_its_status(
    server: Server, north: Certified, authority: Authority, name: str
) -> None:
    """Neither the answer nor the log says what was in it, nor where it went wrong in what words."""
    sent, status = ASKED[name]
    with connected(server, north, authority) as secured:
        secured.sendall(sent)
        answer = told(secured)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer[:200]
    assert bool(server.house.heard) == (status == 204)
    for text in (answer.decode("latin-1"), str(server.log)):
        assert "Ünal" not in text
        assert "4711" not in text
        assert "t1" not in text


@pytest.mark.parametrize(
    "sent",
    [
        *(b"", b"POST", request()[:-1], request().partition(b"\r\n\r\n")[0]),
        b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03\r\n\r\n",
    ],
    ids=["nothing", "a word", "all but a byte", "no end of headers", "no HTTP"],
)
def test_who_says_too_little_is_left_in_time(
    server: Server, north: Certified, authority: Authority, sent: bytes
) -> None:
    begun = time.monotonic()
    with connected(server, north, authority) as secured:
        secured.sendall(sent)
        answer = told(secured)
    assert time.monotonic() - begun < 5 * QUICK_S
    assert b" 20" not in answer[:14]
    assert server.house.heard == []


def test_who_only_connects_is_left_in_time(server: Server) -> None:
    begun = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", server.port), 10)) as plain:
        assert plain.recv(1) == b""
    assert time.monotonic() - begun < 5 * QUICK_S


def test_a_crowd_that_only_connects_goes_away_by_itself(
    server: Server, north: Certified, authority: Authority
) -> None:
    """Whoever comes meanwhile may be refused, and is answered once the crowd's time is over."""
    crowd = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(80)]
    try:
        time.sleep(2 * QUICK_S)
        with connected(server, north, authority) as secured:
            secured.sendall(request())
            assert told(secured).startswith(b"HTTP/1.1 204 ")
    finally:
        for one in crowd:
            one.close()


# At our client.


@contextmanager
def answering(
    authority: Authority, mine: Certified, answer: Callable[[ssl.SSLSocket], None]
) -> Iterator[int]:
    """A server that reads a request and does what it is told."""
    tls = context(ssl.Purpose.CLIENT_AUTH, mine.credentials, authority.pem)
    heard = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        plain, _ = heard.accept()
        try:
            with closing(tls.wrap_socket(plain, server_side=True)) as secured:
                secured.recv(1 << 16)
                secured.recv(1 << 16)
                answer(secured)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard.getsockname()[1]
    finally:
        heard.close()
        thread.join(10)


def says(head: str, body: bytes = b"", **fields: str) -> Callable[[ssl.SSLSocket], None]:
    said = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    said |= {name.replace("_", "-"): value for name, value in fields.items()}
    text = "\r\n".join([head, *(f"{name}: {value}" for name, value in said.items()), "", ""])
    return lambda secured: secured.sendall(text.encode() + body)


def silent(secured: ssl.SSLSocket) -> None:
    time.sleep(3 * QUICK_S)
    del secured


def dripping(secured: ssl.SSLSocket) -> None:
    """A byte now and then: never a silence, and never an end."""
    for one in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200:
        secured.sendall(bytes([one]))
        time.sleep(QUICK_S / 10)


OK = "HTTP/1.1 200 OK"
GOOD = b'{"version":"3.2.1"}'
ANSWERED: dict[str, tuple[Callable[[ssl.SSLSocket], None], str]] = {
    "sent elsewhere": (
        says("HTTP/1.1 307 Temporary Redirect", Location="https://169.254.169.254/"),
        "trp.answer-elsewhere",
    ),
    "moved for ever": (
        says("HTTP/1.1 301 Moved", Location="https://localhost/other"),
        "trp.answer-elsewhere",
    ),
    "silence": (silent, "trp.unreachable"),
    "drop by drop": (dripping, "trp.unreachable"),
    "nothing": (lambda _: None, "trp.unreachable"),
    "no HTTP": (lambda secured: secured.sendall(b"yes\r\n\r\n"), "trp.unreachable"),
    "cut off": (says(OK, GOOD, Content_Length="100"), "trp.unreachable"),
    "too long": (says(OK, b" " * (BYTES_MAX + 1)), "trp.answer-too-large"),
    "no JSON": (says(OK, GOOD, Content_Type="text/html"), "trp.answer-malformed"),
    "encoded": (says(OK, GOOD, Content_Encoding="gzip"), "trp.answer-malformed"),
    "of another request": (
        says(OK, GOOD, request_identifier=ONE.replace("c1", "c2")),
        "trp.answer-malformed",
    ),
    "refused": (
        says("HTTP/1.1 403 Forbidden", Clearhouse_Code="trp.provider-unknown"),
        "trp.refused",
    ),
    "refused with a code that is none": (
        says("HTTP/1.1 403 Forbidden", Clearhouse_Code="<script>"),
        "trp.refused",
    ),
    "busy": (says("HTTP/1.1 503 Busy"), "trp.busy"),
    "no resolution": (says(OK, b'{"approved":1}'), "trp.message-malformed"),
    "yes and no": (
        says(OK, b'{"rejected":"no","version":"3.2.1"}'),
        "trp.message-contradicts",
    ),
    "empty": (says(OK, b""), "trp.message-malformed"),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_each_answer_that_is_none_is_refused_in_time(
    authority: Authority, north: Certified, south: Certified, name: str
) -> None:
    answer, code = ANSWERED[name]
    begun = time.monotonic()
    with answering(authority, south, answer) as port:
        with pytest.raises(Refusal) as refused:
            inquired(authority, north, port)
        assert time.monotonic() - begun < 5 * QUICK_S
    assert refused.value.code == code
    assert "<script>" not in str(refused.value.context)


def test_an_answer_that_is_one_is_taken(
    authority: Authority, north: Certified, south: Certified
) -> None:
    """The bounds of time and size are not what refuses the others."""
    with answering(authority, south, says(OK, GOOD)) as port:
        assert inquired(authority, north, port) == Acknowledgement()
    longest = b'{"rejected":"no"' + b" " * 1000 + b"}"
    with answering(authority, south, says(OK, longest)) as port:
        assert inquired(authority, north, port) == Rejection("no")


def inquired(authority: Authority, mine: Certified, port: int) -> Any:
    reach = Reach(HERE, frozenset(range(1, 65_536)))
    limits = Limits(connect_s_max=2, idle_s_max=QUICK_S, total_s_max=2 * QUICK_S)
    client = Client(mine.credentials, reach, now, limits)
    inquiry = Inquiry(Asset(slip44=0), "1", "https://a.example/b", b"{}")
    at = encode(Endpoint("127.0.0.1", port, "/inquiries/x", "t=i"))
    return client.inquire(Provider(SOUTH, authority.pem), at, inquiry, Headers(ONE))
