"""Where in its file a sentence of law stands, so that a refusal can say file, line and rule.

TOML's reader tells what a file says and not where. The lines are found by a walk over the text
that knows headings, keys and texts of several lines; what it does not find is told without a line.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

HEADING = re.compile(r"\s*\[(?P<many>\[?)\s*(?P<path>[\w.-]+)\s*\]", re.ASCII)
NAME = r"(?:[\w-]+|\"[\w.@-]+\"|'[\w.@-]+')"
KEY = re.compile(rf"\s*(?P<key>{NAME}(?:\s*\.\s*{NAME})*)\s*=", re.ASCII)
FENCES = ('"""', "'''")
QUOTES = ('"', "'")

DEPTH_MAX = 16
WHOLE_END = 1 << 63

Path = tuple[str | int, ...]  # keys, and places in lists from 0


@dataclass(frozen=True)
class Source:
    """A file's content in JSON's types, and the lines of its keys."""

    name: str
    content: Mapping[str, object]
    lines: Mapping[Path, int]
    texts: Mapping[Path, int] = field(default_factory=dict)  # where texts below their fence begin

    def line(self, path: Path) -> int:
        """The line on which `path` is said, or what it is part of; 0 if it is not known."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 0


def read(name: str, text: str) -> Source:
    """Read a file.

    Raises:
        ValueError: It is no TOML; says where.
        RecursionError: Its tables are nested too deep to be read.
    """
    content = plain(tomllib.loads(text))
    assert isinstance(content, dict)
    lines: dict[Path, int] = {}
    texts: dict[Path, int] = {}
    for path, number, is_text in _lines(text):
        (texts if is_text else lines).setdefault(path, number)
    return Source(name, content, lines, texts)


def plain(value: object, depth: int = 0) -> object:
    """What TOML says, in JSON's types: dates and times as text.

    Raises:
        ValueError: It is nested deeper than law ever is; a number is no whole number of 64 bits.
    """
    if depth > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX}")
    match value:
        case dict():
            return {str(plain(key)): plain(each, depth + 1) for key, each in value.items()}
        case list():
            return [plain(each, depth + 1) for each in value]
        case datetime() | date() | time():
            return value.isoformat()
        case str():
            value.encode()  # half a surrogate pair is no text
            return value
        case float():
            raise ValueError(f"{value}: law has whole numbers, or numbers written as text")
        case int() if not -WHOLE_END <= value < WHOLE_END:
            raise ValueError("a number is larger than 64 bits hold")
        case _:
            return value


def _lines(text: str) -> Iterator[tuple[Path, int, bool]]:
    """The line of each heading and of each key that begins one, and of texts below their fence."""
    seen: Counter[Path] = Counter()
    under: Path = ()
    fence = ""  # of a text that goes on over lines
    for number, line in enumerate(text.split("\n"), 1):
        was, fence = fence, _left_open(line, fence)
        if was:
            continue
        if heading := HEADING.match(line):
            under = _under(heading, seen)
            yield under, number, False
        elif key := KEY.match(line):
            names = re.findall(NAME, key["key"], re.ASCII)
            path = under
            for name in names:  # of several dotted keys the first tells where their table begins
                path = (*path, name.strip("\"'"))
                yield path, number, False
            if fence and line.rstrip("\r").endswith(fence):
                yield path, number + 1, True


def _left_open(line: str, fence: str) -> str:
    """The fence of the text that a line leaves open, if it does.

    Args:
        fence: Of the text that the line begins in.
    """
    at = 0
    while at < len(line):
        if fence:
            at = _after(line, at, fence)
            if at < 0:
                return fence
            fence = ""
        elif line[at] == "#":
            break
        elif line.startswith(FENCES, at):
            fence, at = line[at : at + 3], at + 3
        elif line[at] in QUOTES:
            at = _after(line, at + 1, line[at])
            if at < 0:
                break
        else:
            at += 1
    return fence


def _after(line: str, at: int, quote: str) -> int:
    """The place behind the end of a text; -1 if the line has no end of it."""
    while at < len(line):
        if line[at] == "\\" and quote[0] == '"':
            at += 2
        elif line.startswith(quote, at):
            at += len(quote)
            # A text may end in quotes of its own, before its fence.
            while len(quote) > 1 and line.startswith(quote[0], at):
                at += 1
            return at
        else:
            at += 1
    return -1


def _under(heading: re.Match[str], seen: Counter[Path]) -> Path:
    """The path that a heading opens; a list's name is followed by the place in it."""
    path: Path = ()
    names = [name.strip() for name in heading["path"].split(".")]
    for depth, name in enumerate(names, 1):
        path = (*path, name)
        if depth == len(names) and heading["many"]:
            seen[path] += 1
        if seen[path]:
            path = (*path, seen[path] - 1)
    return path
