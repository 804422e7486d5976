"""Fetches an edition into a folder of its own, to be read like any other.

Each file comes from a URL. What the server says of it (ETag, Last-Modified, length), its hash and
the instant go into `publication.json`, which is written last: a folder whose fetch did not finish
has none and is not read. The edition is dated by when the server was asked: then it was in force.

A file has come whole when the server told its length, or its end (chunks), and that is what came.
Where it tells neither, `whole` is false, and only a format that proves its own end is read.

A fetch that broke off goes on where it stopped if that is honest: for an edition of one file, with
a strong ETag, and only if the server agrees by it that the file is still the same (RFC 9110, 13.1.5
and 14.2). Else it begins anew.

Nobody is sent elsewhere by an answer, but to hosts that the source names. Lists come over TLS, or
from this machine.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.feeds import http
from clearhouse.feeds.sanctions.opening import STREAM_BYTES_MAX
from clearhouse.feeds.sanctions.publication import (
    FILE_FORM,
    ONE_FILE,
    PUBLICATION,
    Format,
    named_format,
)

STATE: Final = "fetching.json"  # of a fetch that has not finished
PART: Final = ".part"
HOPS_MAX: Final = 3
WHOLE, PARTIAL, GONE = 200, 206, 416
ELSEWHERE: Final = (301, 302, 303, 307, 308)
STRONG_FORM = re.compile(r'"[\x21\x23-\x7e]{1,200}"', re.ASCII)  # a strong entity tag
RANGE_FORM = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})", re.ASCII)
HERE: Final = ("127.0.0.1", "[::1]", "localhost")
TOLD_MAX: Final = 200


class SourceMalformed(Refusal):
    """Where a list is to be fetched from does not have its form."""

    code = "list.source-malformed"
    kind = Kind.MALFORMED


class FolderTaken(Refusal):
    """An edition is fetched into a folder of its own."""

    code = "list.folder-taken"
    kind = Kind.CONFLICT


class ListUnreachable(Refusal):
    """A list is not to be had where it should be."""

    code = "list.unreachable"
    kind = Kind.UNAVAILABLE


class FetchInterrupted(Refusal):
    """A list has not come to its end; ask again, and it goes on or begins anew."""

    code = "list.fetch-interrupted"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Source:
    """Where the editions of a list come from."""

    name: str  # of the list
    urls: Mapping[str, str]  # by the names that the files are to have
    format: Format | None = None  # of a file whose name does not say it
    hosts: tuple[str, ...] = ()  # to which an answer may send on, beside the URL's own


def fetch(
    source: Source,
    folder: Path,
    *,
    now: datetime,
    until: float,
    bytes_max: int = STREAM_BYTES_MAX,
) -> Path:
    """Fetch an edition into `folder`, which is new, or has what is left of this fetch.

    Args:
        now: The house's clock.
        until: When it is too late, on the clock `time.monotonic`.
        bytes_max: How long a file may be.

    Raises:
        SourceMalformed, FolderTaken, ListUnreachable, FetchInterrupted: Nothing can be read there.
    """
    check_source(source)
    folder.mkdir(parents=True, exist_ok=True)
    state = _state(folder, source)
    received = {}
    for file, url in sorted(source.urls.items()):
        part = _Part(folder / f"{file}{PART}", url, source, bytes_max)
        part.known = state if len(source.urls) == 1 else {}
        try:
            answer = part.fetch(until)
        except http.Endless as trouble:
            raise ListUnreachable(f"{file}: more than {bytes_max:,} bytes", file=file) from trouble
        except http.Unanswered as trouble:
            detail = f"{file}: {trouble!s:.{TOLD_MAX}}; ask again"
            raise FetchInterrupted(detail, file=file) from trouble
        received[file] = _told(part, answer, now)
    for file in received:
        (folder / f"{file}{PART}").replace(folder / file)
    said: dict[str, Any] = {"list": source.name, "published_at": instant(now)}
    if source.format is not None:
        said["format"] = str(source.format)
    _write(folder / PUBLICATION, said | {"received": received})
    (folder / STATE).unlink()
    return folder


def check_source(source: Source) -> None:
    """Check that a source names a list, and where it may safely come from.

    Raises:
        SourceMalformed: It does not.
    """
    if not source.name.strip() or not source.name.isprintable() or not source.urls:
        raise SourceMalformed("a source has the name of a list, and files")
    if source.format is not None and (source.format not in ONE_FILE or len(source.urls) > 1):
        raise SourceMalformed(f"{source.name}: a format is named for one file", list=source.name)
    for file, url in source.urls.items():
        if not FILE_FORM.fullmatch(file) or file in {PUBLICATION, STATE}:
            raise SourceMalformed(f"{file[:64]!r} is no name of a file", list=source.name)
        if source.format is None and named_format(file) is None:
            raise SourceMalformed(f"{file} does not say its format: name one", list=source.name)
        if not _is_safe(url):
            raise SourceMalformed(f"{url[:TOLD_MAX]!r} is no URL of https", list=source.name)


def _is_safe(url: str) -> bool:
    if not http.is_long_url(url):
        return False
    return url.startswith("https:") or _host(url) in HERE


def _host(url: str) -> str:
    return urlsplit(url).netloc.partition("@")[2] or re.sub(r":\d+\Z", "", urlsplit(url).netloc)


def _state(folder: Path, source: Source) -> Mapping[str, Any]:
    """What is left of this very fetch; or begin one, in a folder that is empty."""
    wanted = {"list": source.name, "urls": dict(source.urls)}
    path = folder / STATE
    if not path.is_file():
        if any(folder.iterdir()):
            raise FolderTaken(f"{folder.name} has files: fetch into a new folder")
        _write(path, wanted)
        return {}
    try:
        state = json.loads(path.read_bytes())
        is_this = {name: state[name] for name in wanted} == wanted
    except (ValueError, KeyError, TypeError, RecursionError) as trouble:
        raise FolderTaken(f"{folder.name}: {STATE} cannot be read: begin anew") from trouble
    if not is_this or (folder / PUBLICATION).exists():
        raise FolderTaken(f"{folder.name} has another fetch: fetch into a new folder")
    return MappingProxyType(state)


def _write(path: Path, said: Mapping[str, Any]) -> None:
    written = path.with_name(f"{path.name}.new")
    written.write_text(json.dumps(said, indent=2, sort_keys=True), encoding="utf-8")
    written.replace(path)


def _told(part: "_Part", answer: http.Answer, now: datetime) -> dict[str, Any]:
    """What is written down of a file that was fetched."""
    with part.path.open("rb") as opened:
        digest = file_digest(opened, "sha256").hexdigest()
    return {
        "sha256": digest,
        "whole": part.is_whole,
        "bytes": str(part.path.stat().st_size),
        "url": part.url,
        "at": instant(now),
        "etag": (answer.headers.get("ETag") or "")[:TOLD_MAX],
        "last_modified": (answer.headers.get("Last-Modified") or "")[:TOLD_MAX],
    }


class _Part:
    """One file on its way."""

    def __init__(self, path: Path, url: str, source: Source, bytes_max: int) -> None:
        self.path, self.url, self.source, self.bytes_max = path, url, source, bytes_max
        self.known: Mapping[str, Any] = {}
        self.is_whole = False

    def fetch(self, until: float) -> http.Answer:
        """Ask, follow where that is allowed, and keep what comes."""
        url, headers = self.url, {"Accept-Encoding": "identity"}
        size = self.path.stat().st_size if self.path.exists() else 0
        etag = self.known.get("etag")
        if size and isinstance(etag, str) and STRONG_FORM.fullmatch(etag):
            headers |= {"Range": f"bytes={size}-", "If-Range": etag}
        else:
            size = 0
        for _ in range(HOPS_MAX + 1):
            with self.path.open("ab") as self.opened:
                answer = http.download(
                    url,
                    headers,
                    lambda answer: self._sink(answer, size),
                    until=until,
                    bytes_max=self.bytes_max,
                )
            if answer.status in {WHOLE, PARTIAL}:
                return answer
            if answer.status not in ELSEWHERE:
                break
            url = self._next(url, answer)
        if answer.status == GONE:
            self.path.unlink()  # what there is goes on with nothing: begin anew
        raise self._unreachable(f"it answers {answer.status}: {answer.said[:TOLD_MAX]}")

    def _next(self, url: str, answer: http.Answer) -> str:
        target = urljoin(url, answer.headers.get("Location") or "")
        allowed = {_host(self.url), *self.source.hosts}
        if not _is_safe(target) or _host(target) not in allowed:
            host = _host(target)[:TOLD_MAX] if http.is_long_url(target) else "nowhere"
            raise self._unreachable(f"it sends to {host}, which the source does not name")
        return target

    def _sink(self, answer: http.Answer, size: int) -> Any:
        """What takes the content: at the end of what is there, or in its place."""
        if answer.status not in {WHOLE, PARTIAL}:
            return None
        if (answer.headers.get("Content-Encoding") or "identity") != "identity":
            raise self._unreachable("it is encoded, which was not asked for")
        if answer.status == PARTIAL:
            self._check_range(answer, size)
        else:
            self.opened.truncate(0)
        chunked = (answer.headers.get("Transfer-Encoding") or "").lower() == "chunked"
        self.is_whole = chunked or answer.headers.get("Content-Length") is not None
        self._note(answer)
        return self.opened.write

    def _check_range(self, answer: http.Answer, size: int) -> None:
        form = RANGE_FORM.fullmatch(answer.headers.get("Content-Range") or "")
        goes_on = form is not None and int(form[1]) == size and int(form[2]) + 1 == int(form[3])
        if not size or not goes_on or answer.headers.get("ETag") != self.known.get("etag"):
            self.path.unlink()
            raise self._unreachable("it goes on elsewhere than it was asked to")

    def _note(self, answer: http.Answer) -> None:
        """Keep the tag by which a fetch that breaks off may go on."""
        path = self.path.parent / STATE
        with suppress(ValueError):
            state = json.loads(path.read_bytes())
            _write(path, state | {"etag": answer.headers.get("ETag") or ""})

    def _unreachable(self, what: str) -> ListUnreachable:
        return ListUnreachable(f"{self.path.stem}: {what}", list=self.source.name)
