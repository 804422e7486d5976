"""XML from outside as a stream of entries: no more of it is in memory than one of them.

Document types, entities and anything outside the file are refused, not resolved; so is what would
cost more than its bytes are worth: deep nesting, tags without end, names without number, an entry
that is larger than any. What a namespace is called is not looked at: publishers change it.

That the root element ends shows that the file is whole.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import BinaryIO, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from clearhouse.feeds.sanctions.refusals import (
    MarkupForbidden,
    RowMalformed,
    Truncated,
    WrongEncoding,
)

CHUNK: Final = 1 << 16
DEPTH_MAX: Final = 32  # OFAC's has 13
NAMES_MAX: Final = 2000  # of elements and attributes; OFAC's has some 200
TOKEN_BYTES_MAX: Final = 1 << 20  # a tag with its attributes; a comment
ELEMENTS_MAX: Final = 200_000  # of an entry; OFAC's reference values are one, and have 5,000
CHARS_MAX: Final = 8 << 20  # of an entry: the largest on OFAC's list has 70,000
DETAIL_MAX: Final = 200
ENCODING_FORM = re.compile(
    rb"\A(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([^\"']{1,40})"
)


class Entries:
    """The elements of some names in a file, one after the other, and the attributes of its root."""

    def __init__(self, file: str, root: str, wanted: Collection[str]) -> None:
        self.file = file
        self.root: dict[str, str] = {}
        self._root, self._wanted = root, wanted
        self._path: list[Element] = []  # of the entry that is being read
        self._texts: list[list[str]] = []
        self._depth = self._elements = self._chars = 0
        self._names: dict[str, str] = {}  # without their namespace
        self._ready: list[Element] = []

    def read(self, stream: BinaryIO) -> Iterator[Element]:
        """Read a file to its end.

        Raises:
            WrongEncoding: It is not UTF-8.
            MarkupForbidden: It has what no list needs.
            RowMalformed: It is not XML, or the root is another.
            Truncated: It ends before its root does.
        """
        parser = DefusedXMLParser(target=self, encoding="utf-8", forbid_dtd=True)
        decoder, fed = getincrementaldecoder("utf-8")(), 0
        try:
            while chunk := stream.read(CHUNK):
                if not fed:
                    self._check_encoding(chunk)
                decoder.decode(chunk)
                parser.feed(chunk)
                fed += len(chunk)
                if fed - parser.parser.CurrentByteIndex > TOKEN_BYTES_MAX:
                    raise self._forbidden(f"a tag of more than {TOKEN_BYTES_MAX:,} bytes")
                yield from self._taken()
        except DefusedXmlException as trouble:
            raise self._forbidden(f"document types and entities: {trouble!s}") from trouble
        except UnicodeDecodeError as trouble:
            detail = f"{self.file}: {trouble.reason}; UTF-8 is expected"
            raise WrongEncoding(detail, file=self.file) from trouble
        except (ParseError, ValueError, LookupError) as trouble:
            detail = f"{self.file}: {trouble!s:.{DETAIL_MAX}}"
            raise RowMalformed(detail, file=self.file) from trouble
        try:
            parser.close()
        except (ParseError, ValueError) as trouble:
            detail = f"{self.file} ends before its root element does: {trouble!s:.{DETAIL_MAX}}"
            raise Truncated(detail, file=self.file) from trouble
        yield from self._taken()

    def _taken(self) -> list[Element]:
        taken, self._ready = self._ready, []
        return taken

    def _check_encoding(self, head: bytes) -> None:
        said = ENCODING_FORM.match(head)
        if said and said[1].lower().replace(b"-", b"") not in {b"utf8", b"usascii", b"ascii"}:
            detail = f"{self.file} says it is {said[1].decode('ascii', 'replace')}: not UTF-8"
            raise WrongEncoding(detail, file=self.file)

    # What the parser calls.

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = self._local(tag)
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._forbidden(f"elements in each other, more than {DEPTH_MAX} deep")
        if self._depth == 1:
            if name != self._root:
                detail = f"{self.file}: its root is {name:.80}, not {self._root}"
                raise RowMalformed(detail, file=self.file)
            self.root = {self._local(key): value for key, value in attributes.items()}
        elif self._path or name in self._wanted:
            named = {self._local(key): value for key, value in attributes.items()}
            self._count(1, sum(map(len, named.values())))
            element = Element(name, named)
            if self._path:
                self._path[-1].append(element)
            self._path.append(element)
            self._texts.append([])

    def data(self, text: str) -> None:
        """Text stands in an element."""
        if self._path:
            self._count(0, len(text))
            self._texts[-1].append(text)

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser has seen that it is the right one
        """An element ends."""
        self._depth -= 1
        if self._path:
            element = self._path.pop()
            element.text = "".join(self._texts.pop())
            if not self._path:
                self._ready.append(element)
                self._elements = self._chars = 0

    def close(self) -> None:
        """The root has ended."""

    def _count(self, elements: int, chars: int) -> None:
        self._elements += elements
        self._chars += chars
        if self._elements > ELEMENTS_MAX or self._chars > CHARS_MAX:
            raise self._forbidden("an entry larger than any")

    def _local(self, name: str) -> str:
        local = self._names.get(name)
        if local is None:
            if len(self._names) >= NAMES_MAX:
                raise self._forbidden(f"more than {NAMES_MAX} names of elements and attributes")
            local = self._names[name] = name.rpartition("}")[2]
        return local

    def _forbidden(self, what: str) -> MarkupForbidden:
        return MarkupForbidden(f"{self.file} has {what:.{DETAIL_MAX}}", file=self.file)


def instant(file: str, said: str) -> datetime | None:
    """When a file says that it was made; in UTC where it says no zone.

    Raises:
        RowMalformed: That is no instant.
    """
    if not said:
        return None
    try:
        at = datetime.fromisoformat(said)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise RowMalformed(f"{file}: {said[:40]!r} is no instant", file=file) from error


def text(element: Element | None) -> str:
    """What stands in an element, if there is one."""
    return (element.text or "").strip() if element is not None else ""


def texts(element: Element, path: str) -> list[str]:
    """What stands in each element of a path, where anything does."""
    return [found for each in element.findall(path) if (found := text(each))]
