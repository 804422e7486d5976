"""A server of one file, for tests that fetch lists; and how it misbehaves."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.listings import UN

from clearhouse.feeds.sanctions.fetching import Source

FILE = "consolidated.xml"
CONTENT = UN.encode()


@dataclass
class Served:
    """A server of one file, and how it behaves."""

    content: bytes = CONTENT
    etag: str = '"one"'
    cut: int | None = None  # it hangs up after so many bytes
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    silent: bool = False  # it tells no length, and hangs up at the end
    chunked: bool = False
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    def source(self, **changed: Any) -> Source:
        return Source("UN-SC", {FILE: f"{self.url}/list.xml?token=dG9r"}, **changed)


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            served.asked.append({name.lower(): value for name, value in self.headers.items()})
            begin = 0
            asked = self.headers.get("Range", "")
            fresh = self.headers.get("If-Range") == served.etag
            if asked and served.ranges and fresh:
                begin = int(asked.removeprefix("bytes=").removesuffix("-"))
                whole = len(served.content)
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {begin}-{whole - 1}/{whole}")
            else:
                self.send_response(200)
            body = served.content[begin:]
            if served.etag:
                self.send_header("ETag", served.etag)
            if served.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            elif not served.silent:
                self.send_header("Content-Length", str(len(body)))
            for name, value in served.headers.items():
                self.send_header(name, value)
            self.end_headers()
            sent = body if served.cut is None else body[: served.cut]
            if served.chunked:
                self.wfile.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
                if served.cut is None:
                    self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(sent)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
