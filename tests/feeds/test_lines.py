"""Lines: bounded, decoded, counted, and never half a line."""

import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.feeds.lines import LINE_BYTES_MAX, Line, lines

GIGABYTE = 1 << 30
FILLING = b"x" * (1 << 20)


def read(content: bytes) -> list[Line]:
    return list(lines(io.BytesIO(content)))


def said(content: bytes) -> list[str]:
    """What each line holds, or its refusal's code."""
    return [
        one.content if isinstance(one.content, str) else one.content.code for one in read(content)
    ]


class LongLine(io.RawIOBase):
    """A file of one byte `size` times over and a tail; it holds no more than is asked for."""

    def __init__(self, size: int, tail: bytes) -> None:
        self.size, self.tail, self.at = size, tail, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        assert whence == io.SEEK_SET
        self.at = offset
        return offset

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer is of 3.12
        part = FILLING[: min(len(buffer), max(0, self.size - self.at))]
        part = part or self.tail[self.at - self.size :][: len(buffer)]
        buffer[: len(part)] = part
        self.at += len(part)
        return len(part)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"a\rb\n", ["a\rb"]),
        (b"a\r\r\n", ["a\r"]),
        (b"\xef\xbb\xbfa\n", ["a"]),  # a byte order mark
        (b"a\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),  # at the very beginning only
        ("é\u2028\x85\n".encode(), ["é\u2028\x85"]),  # no other character ends a line
        (b"a\nb", ["a", "file.line-unfinished"]),
        (b"\xef\xbb\xbf", ["file.line-unfinished"]),
        (b"a\n\xff\nb\n", ["a", "file.encoding-wrong", "b"]),
        (b"a\n\xed\xa0\x80\nb\n", ["a", "file.encoding-wrong", "b"]),  # half a surrogate pair
        (b"a\n\xc0\xaf\nb\n", ["a", "file.encoding-wrong", "b"]),  # a slash in two bytes
        ("a\nb\n".encode("utf-16"), ["file.encoding-wrong"] * 2 + ["file.line-unfinished"]),
        (b"a\nb\0\nc\n", ["a", "file.encoding-wrong", "c"]),
        (b"x" * (LINE_BYTES_MAX - 1) + b"\nb\n", ["x" * (LINE_BYTES_MAX - 1), "b"]),
        (b"x" * LINE_BYTES_MAX + b"\nb\n", ["file.line-too-long", "b"]),
        (b"a\n" + b"x" * LINE_BYTES_MAX * 3 + b"\nb\n", ["a", "file.line-too-long", "b"]),
        (b"x" * LINE_BYTES_MAX, ["file.line-unfinished"]),
        (b"x" * (LINE_BYTES_MAX + 1), ["file.line-too-long"]),
    ],
)
def test_each_line_is_read_or_refused_for_itself(content: bytes, expected: list[str]) -> None:
    assert said(content) == expected


def test_a_refusal_says_which_line_and_what_to_do() -> None:
    _, second, third = (one.content for one in read(b"a\n\xe9t\xe9\n1500"))

    assert isinstance(second, Refusal)
    assert second.context == {"line": "2"}
    assert "line 2: byte 1 is not UTF-8" in second.detail
    assert isinstance(third, Refusal)
    assert third.context == {"line": "3"}
    assert "send it again from this line on" in third.detail


pieces = st.lists(
    st.binary(max_size=12)
    | st.sampled_from([b"\n", b"\r\n", b"\0", b"\xef\xbb\xbf", b"a,b\n", b"x" * LINE_BYTES_MAX])
).map(b"".join)


@given(pieces)
@settings(deadline=None, max_examples=300)
def test_every_byte_is_accounted_for(content: bytes) -> None:
    found = read(content)
    raw = io.BytesIO(content).readlines()

    ends = [0, *(one.end for one in found)]
    assert ends[-1] == len(content)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    for one, begin, whole in zip(found, ends[:-1], raw, strict=True):
        assert content[begin : one.end] == whole
        if isinstance(one.content, str):
            mark = b"\xef\xbb\xbf" if one.number == 1 and whole[:3] == b"\xef\xbb\xbf" else b""
            text = mark + one.content.encode()
            assert whole in {text + b"\n", text + b"\r\n"}
        else:
            assert isinstance(one.content, Refusal)


@given(pieces)
@settings(deadline=None)
def test_reading_goes_on_behind_any_line_as_if_it_had_never_stopped(content: bytes) -> None:
    found = read(content)

    for place, one in enumerate(found):
        rest = [
            (line.number, str(line.content), line.end)
            for line in lines(io.BytesIO(content), one.number, one.end)
        ]
        assert rest == [(line.number, str(line.content), line.end) for line in found[place + 1 :]]


@pytest.mark.parametrize("tail", [b"\nb\n", b""])
def test_a_line_of_a_gigabyte_costs_no_memory(tail: bytes) -> None:
    stream = io.BufferedReader(LongLine(GIGABYTE, tail), len(FILLING))
    tracemalloc.start()
    try:
        found = list(lines(stream))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(found[0].content, Refusal)
    assert found[0].content.code == "file.line-too-long"
    assert "1,073,741,82" in found[0].content.detail
    assert [one.content for one in found[1:]] == (["b"] if tail else [])
    assert found[-1].end == GIGABYTE + len(tail)
    assert peak < 8 << 20
