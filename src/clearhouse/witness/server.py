"""A witness over HTTP, by C2SP `tlog-witness`: whoever has a head signed by a known log may ask.

    POST /add-checkpoint

    old 20852014                                    what the witness has cosigned last
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=    the proof that the log grew, a hash a line

    clearhouse.example/hse_01...                    the head that the house signed
    ...

    200    lines of signatures, each a cosignature
    400    the request does not have its form, or the log would have shrunk since `old`
    403    the log's key has not signed the head
    404    the witness does not follow the log
    409    another size was cosigned last: it is the answer (`text/x.tlog.size`)
    422    the proof is wrong: the log was rewritten, or shows others another history
    500    what the witness saw last cannot be read or kept
    503    the witness's clock was set back

The header `Clearhouse-Code` has the code of what is refused, and the body its detail, but for 409.
A line of JSON for each request goes to standard error.

There is no TLS here and nothing that keeps a crowd out: it is for the loopback, or for a proxy
before it that has both.
"""

import base64
import json
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from clearhouse.core.errors import Coded, Kind, Refusal
from clearhouse.core.merkle import HASH_BYTES
from clearhouse.core.note import (
    SIZE_FORM,
    Note,
    NoteMalformed,
    NoteSignatureWrong,
    NoteUnsigned,
)
from clearhouse.witness import (
    ClockSetBack,
    NotGrown,
    RequestMalformed,
    RolledBack,
    SeenOtherwise,
    StateLost,
    UnknownLog,
    Witness,
)

CALL = "/add-checkpoint"
CODE_HEADER = "Clearhouse-Code"
BODY_BYTES_MAX = 2**17  # a note has half as many, a proof three thousand
PROOF_LINES_MAX = 63
IDLE_S_MAX = 10  # between two bytes, and between two requests of a connection
TEXT = "text/plain; charset=utf-8"

STATUS: dict[type[Coded], int] = {
    RequestMalformed: 400,
    NoteMalformed: 400,
    NoteUnsigned: 403,
    NoteSignatureWrong: 403,
    UnknownLog: 404,
    SeenOtherwise: 409,
    RolledBack: 409,
    NotGrown: 422,
    StateLost: 500,
    ClockSetBack: 503,
}
CONFLICT = 409


class CannotListen(Refusal):
    """The witness cannot listen where it is told to."""

    code = "witness.cannot-listen"
    kind = Kind.UNAVAILABLE


def parse_body(body: bytes) -> tuple[str, int, list[bytes]]:
    """Read a request: the checkpoint, from which size on, and the proof.

    Raises:
        RequestMalformed: It has another form.
    """
    try:
        top, gap, checkpoint = body.decode().partition("\n\n")
    except UnicodeDecodeError as wrong:
        raise RequestMalformed("a text in UTF-8 is expected") from wrong
    first, *lines = top.split("\n")
    word, _, old = first.partition(" ")
    if not gap or word != "old" or SIZE_FORM.fullmatch(old) is None:
        raise RequestMalformed("`old N`, hashes, an empty line and a checkpoint are expected")
    if len(lines) > (PROOF_LINES_MAX if int(old) else 0):
        raise RequestMalformed("the proof has more lines than one from there can have")
    return checkpoint, int(old), [_hash(line) for line in lines]


def _hash(line: str) -> bytes:
    try:
        content = base64.b64decode(line, validate=True)
    except ValueError:
        content = b""
    if len(content) != HASH_BYTES or base64.b64encode(content).decode() != line:
        raise RequestMalformed(f"{line!r:.80} is no hash in base64")
    return content


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: "Server"
    server_version = "clearhouse-witness"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S_MAX
    error_content_type = "text/plain"
    error_message_format = "%(code)d %(message)s\n"

    def do_POST(self) -> None:
        """Answer a request."""
        if self.path != CALL:
            self.send_error(404, f"POST {CALL}")
            return
        sizes = self.headers.get_all("Content-Length", [])
        if fault := self._fault(sizes):
            self.send_error(fault)  # and the connection ends: what comes behind is not read
            return
        try:
            checkpoint, old, proof = parse_body(self.rfile.read(int(sizes[0])))
            head, (name, blob) = self.server.witness.cosign(checkpoint, old, proof)
        except Coded as trouble:
            self._refuse(trouble)
            return
        _log(cosigned=head.size, log=head.origin)
        self._answer(200, TEXT, Note("", ((name, blob),)).encode().removeprefix("\n"))

    def _fault(self, sizes: list[str]) -> int:
        """The status of what cannot be read."""
        if "Transfer-Encoding" in self.headers or len(sizes) != 1:
            return 411
        if SIZE_FORM.fullmatch(sizes[0]) is None:
            return 400
        return 413 if int(sizes[0]) > BODY_BYTES_MAX else 0

    def _refuse(self, trouble: Coded) -> None:
        _log(refused={"code": trouble.code, "detail": trouble.detail})
        status = _status(trouble)
        if status == CONFLICT:
            form, said = "text/x.tlog.size", trouble.context["seen"]
        else:
            form, said = TEXT, f"{trouble.code}: {trouble.detail}"
        self._answer(status, form, f"{said}\n", trouble.code)

    def _answer(self, status: int, form: str, text: str, code: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", form)
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header(CODE_HEADER, code)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_request(self, *_: object) -> None:
        """Say nothing: what was done is said already."""

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say what http.server could not answer."""
        _log(http=format % arguments)


def _status(trouble: Coded) -> int:
    said = trouble.context
    match trouble:
        case RolledBack() if int(said["old"]) > int(said["size"]):
            return 400  # whoever asks says itself that the log shrank
        case NotGrown() if said["seen"] == said["size"]:
            return CONFLICT  # between two heads of one size there is nothing to prove
    return STATUS[type(trouble)]


def _log(**said: object) -> None:
    line = json.dumps(said)
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the log of a program of its own


class Server(ThreadingHTTPServer):
    """A witness that listens; a request at which it is ended was cosigned or was not."""

    def __init__(self, witness: Witness, host: str, port: int) -> None:
        self.witness = witness
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Handler)

    @property
    def place(self) -> str:
        """Where it listens."""
        host, port, *_ = self.server_address
        return f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"

    def handle_error(self, *_: object) -> None:
        """Say that a connection broke; the next may be better."""
        _log(http=f"connection lost: {sys.exception()!r}")


def listen(witness: Witness, place: str) -> Server:
    """Listen at `HOST:PORT`, an IPv6 host in brackets; port 0 is any that is free.

    Raises:
        CannotListen: It is no such place, or somebody else's.
    """
    try:
        parts = urlsplit(f"//{place}")
        if parts.netloc != place or "@" in place or not parts.hostname or parts.port is None:
            raise CannotListen(f"{place!r:.100}: HOST:PORT is expected")
        return Server(witness, parts.hostname, parts.port)
    except (OSError, ValueError) as wrong:
        raise CannotListen(f"{place!r:.100}: {wrong}") from wrong
