"""Answers other providers: a small HTTPS server that hears nobody without a certificate.

    POST /inquiries/TOKEN?t=i     an inquiry; the resolution, or a version alone
    POST /resolutions/TOKEN       a resolution, to the callback of an inquiry
    POST /confirmations/TOKEN     a confirmation or a cancellation, to the callback of an approval

    200    the resolution (JSON)                        204    taken
    400    the message or a header does not have its form; a version that is not spoken
    403    the certificate, or a rule, says no          404    nothing is called so
    409    the identifier was of another message, or it contradicts what is recorded
    411, 413, 415    no length, too long, no JSON       405    not by POST
    500, 503    this house cannot take it now: send the same request again

The header `Clearhouse-Code` has the code of what is refused, the body the code and its title. No
answer and no line of the log has anything that a message holds, nor the token, which is a secret of
the two houses.

A connection is one request, with so many seconds for its handshake and for all of it. A request is
taken once: whoever keeps identifiers (`Once`) does so in one transaction with what is done, and
answers a retry as before. One with other bytes under an identifier is refused.
"""

import json
import re
import socket
import ssl
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import closing, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, Final

from clearhouse.core.errors import Coded, Kind, Refusal
from clearhouse.core.travel_rule.endpoint import Endpoint
from clearhouse.core.travel_rule.headers import (
    API_VERSION,
    IDENTIFIER,
    VERSION,
    Headers,
    read_headers,
)
from clearhouse.core.travel_rule.travel_address import TAG
from clearhouse.core.travel_rule.trp import (
    read_ending,
    read_inquiry,
    read_resolution,
    write,
)
from clearhouse.core.travel_rule.wire import BYTES_MAX, MessageTooLarge
from clearhouse.feeds import http
from clearhouse.feeds.travel_rule.client import CODE_HEADER, JSON, JSON_FORM
from clearhouse.feeds.travel_rule.door import Door, House, Kept, Key, Request
from clearhouse.feeds.travel_rule.identity import context, identify

INQUIRIES, RESOLUTIONS, CONFIRMATIONS = "inquiries", "resolutions", "confirmations"
TARGET_FORM = re.compile(
    rf"/({INQUIRIES}(?=/[^?]*\?{TAG}\Z)|{RESOLUTIONS}(?=/[^?]*\Z)|{CONFIRMATIONS}(?=/[^?]*\Z))"
    r"/([A-Za-z0-9_-]{1,128})(?:\?.*)?",
    re.ASCII,
)
SIZE_FORM = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
OK, NO_CONTENT, NO_METHOD, TOO_LARGE, FAILED, NOT_IMPLEMENTED = 200, 204, 405, 413, 500, 501
CONNECTIONS_MAX: Final = 64
LINGER_S_MAX: Final = 1  # for what somebody still sends who was answered already
LINGER_BYTES_MAX: Final = 2**20
STATUS: Final[Mapping[Kind, int]] = {
    Kind.MALFORMED: 400,
    Kind.FORBIDDEN: 403,
    Kind.UNKNOWN: 404,
    Kind.CONFLICT: 409,
    Kind.UNFUNDED: 409,
    Kind.UNAVAILABLE: 503,
}


class ProviderUnknown(Refusal):
    """A certificate's LEI is of no provider whom the house knows."""

    code = "trp.provider-unknown"
    kind = Kind.FORBIDDEN


class TargetUnknown(Refusal):
    """Nothing is called so, or no longer."""

    code = "trp.target-unknown"
    kind = Kind.UNKNOWN


class RequestOtherwise(Refusal):
    """A request's identifier was one of another message before."""

    code = "trp.request-otherwise"
    kind = Kind.CONFLICT


class TravelRuleServerDown(Refusal):
    """The house cannot listen for other providers where it is told to."""

    code = "trp.cannot-listen"
    kind = Kind.UNAVAILABLE


class BrokenOff(Exception):  # noqa: N818 - it names what there is
    """A message did not come whole: nobody is there to be answered."""


class Handler(BaseHTTPRequestHandler):
    """One connection, which is one request."""

    server: "Server"
    connection: ssl.SSLSocket
    server_version = "clearhouse"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    error_content_type = "text/plain"
    error_message_format = "%(code)d\n"

    def do_POST(self) -> None:
        """Answer a request."""
        self.close_connection = True
        self.said: dict[str, str | int] = {}
        try:
            status, body, headers = self._taken()
        except Refusal as trouble:
            self._refuse(STATUS[trouble.kind], trouble)
        except Coded as trouble:  # the world broke a promise: people are told elsewhere
            self._refuse(FAILED, trouble)
        except BrokenOff:
            self.server.door.log(self.said | {"lost": "request"})
        except Exception as bug:  # noqa: BLE001 - its text may be of the message: its place is not
            self.said |= {"bug": type(bug).__name__, "at": _place(bug)}
            self._answer(FAILED)
        else:
            self._answer(status, body, headers)

    def _taken(self) -> tuple[int, bytes, Headers | None]:
        """The status and the body of the answer."""
        door = self.server.door
        der = self.connection.getpeercert(binary_form=True)
        assert der is not None  # TLS has verified it
        sender = identify(der, door.now())
        self.said["lei"] = sender.lei
        if not door.knows(sender):
            raise ProviderUnknown("it is not on the register")
        form = TARGET_FORM.fullmatch(self.path)
        if form is None:
            raise TargetUnknown("nothing is called so")
        fields = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        headers = read_headers(fields)
        self.said |= {"called": form[1], "identifier": headers.identifier}
        if fault := self._fault(self.headers.get_all("Content-Length", [])):
            return fault, b"", None
        body = self._body(int(fields["content-length"]))
        digest = sha256(f"{self.path}\0".encode() + body).hexdigest()
        request = Request(sender, form[2], headers, door.now())
        key = Key(sender.lei, form[1], headers.identifier)
        kept = door.once(key, lambda: Kept(digest, _done(door.house, form[1], request, body)))
        if kept.digest != digest:
            raise RequestOtherwise("send another message under another identifier")
        return (OK if kept.body else NO_CONTENT), kept.body, headers

    def _body(self, size: int) -> bytes:
        """All of a message; a piece of one is none, even where it reads like one."""
        try:
            body = self.rfile.read(size)
        except OSError as lost:
            raise BrokenOff from lost
        if len(body) < size:
            raise BrokenOff
        return body

    def _fault(self, sizes: list[str]) -> int:
        """The status of what cannot be read."""
        if "Transfer-Encoding" in self.headers or len(sizes) != 1:
            return 411
        if SIZE_FORM.fullmatch(sizes[0]) is None:
            return 400
        if int(sizes[0]) > BYTES_MAX:
            raise MessageTooLarge("its length says so")
        if not JSON_FORM.fullmatch(self.headers.get("Content-Type") or ""):
            return 415
        return 0

    def _refuse(self, status: int, trouble: Coded) -> None:
        self.said["code"] = trouble.code
        said = {"code": trouble.code, "title": trouble.title, "version": VERSION}
        too_large = isinstance(trouble, MessageTooLarge)
        self._answer(
            TOO_LARGE if too_large else status, json.dumps(said).encode(), None, trouble.code
        )

    def _answer(
        self, status: int, body: bytes = b"", headers: Headers | None = None, code: str = ""
    ) -> None:
        self.server.door.log(self.said | {"status": status})
        self.send_response(status)
        self.send_header(API_VERSION, VERSION)
        if headers is not None:
            self.send_header(IDENTIFIER, headers.identifier)
        if code:
            self.send_header(CODE_HEADER, code)
        if body:
            self.send_header("Content-Type", JSON)
        if status != NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say a status alone: the library would say what it read."""
        del message, explain
        self.close_connection = True
        self.said = {}
        self._answer(NO_METHOD if code == NOT_IMPLEMENTED else code)

    def log_message(self, *_: Any) -> None:
        """Say nothing: what was done is said already, and this would say the URL."""


def _done(house: House, called: str, request: Request, body: bytes) -> bytes:
    """Have a message read and decided upon; answers the body that goes back."""
    match called:
        case "inquiries":
            return write(house.inquire(request, read_inquiry(body)))
        case "resolutions":
            house.resolve(request, read_resolution(body))
        case _:
            house.confirm(request, read_ending(body))
    return b""


class Server(ThreadingHTTPServer):
    """A house that listens; a request at which it is ended was taken or was not."""

    daemon_threads = True
    request_queue_size = CONNECTIONS_MAX

    def __init__(self, door: Door, host: str, port: int) -> None:
        self.door = door
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._tls = context(ssl.Purpose.CLIENT_AUTH, door.credentials, door.trust)
        self._free = BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__((host, port), Handler)

    def endpoint(self, called: str, token: str, host: str = "") -> Endpoint:
        """Where the house is called: what a travel address or a callback says."""
        place, port, *_ = self.server_address
        query = TAG if called == INQUIRIES else ""
        return Endpoint(host or str(place), int(port), f"/{called}/{token}", query)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hear somebody, if not too many are heard."""
        if not self._free.acquire(blocking=False):
            self.door.log({"lost": "too many connections"})
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Hear somebody."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, in the connection's own thread and time, and answer the request."""
        door = self.door
        # From here on the plain socket is empty, and whoever closes it closes nothing.
        secured = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        with closing(secured):
            with http.within(door.handshake_s_max, secured):
                secured.do_handshake()
            with http.within(door.request_s_max, secured):
                Handler(secured, client_address, self)
            _linger(secured)

    def handle_error(self, *_: Any) -> None:
        """Say that a connection broke, and not what it said."""
        self.door.log({"lost": type(sys.exception()).__name__})


def _linger(secured: ssl.SSLSocket) -> None:
    """Let somebody who was refused before all was read hear of it: closing at once would cut it."""
    until, size = time.monotonic() + LINGER_S_MAX, 0
    with suppress(OSError):
        socket.socket.shutdown(secured, socket.SHUT_WR)
        while size < LINGER_BYTES_MAX and time.monotonic() < until:
            secured.settimeout(http.left(until))
            piece = socket.socket.recv(secured, 1 << 16)
            if not piece:
                return
            size += len(piece)


def _place(bug: Exception) -> str:
    """Where a bug is."""
    frames = traceback.extract_tb(bug.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"


def listen(door: Door, host: str, port: int) -> Server:
    """Listen, on port 0 at any that is free.

    Raises:
        TravelRuleServerDown: Somebody else does, or it is no place of this machine's.
    """
    try:
        return Server(door, host, port)
    except (OSError, OverflowError) as wrong:
        raise TravelRuleServerDown(f"{host!r:.60} {port}: {type(wrong).__name__}") from wrong
