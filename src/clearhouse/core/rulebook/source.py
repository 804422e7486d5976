"""Where in its file a sentence of law stands, so that a refusal can say file, line and rule.

TOML's reader tells what a file says and not where. The lines are found by a walk over the text
that knows headings, keys and texts of several lines; what it does not find is told without a line.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

HEADING = re.compile(r"\s*\[(?P<many>\[?)\s*(?P<path>[\w.-]+)\s*\]", re.ASCII)
KEY = re.compile(r"\s*\"?(?P<key>[\w-]+)\"?\s*(?:\.[^=]*)?=", re.ASCII)
FENCES = ('"""', "'''")

DEPTH_MAX = 16
WHOLE_END = 1 << 63

Path = tuple[str | int, ...]  # keys, and places in lists from 0


@dataclass(frozen=True)
class Source:
    """A file's content in JSON's types, and the lines of its keys."""

    name: str
    content: Mapping[str, object]
    lines: Mapping[Path, int]

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
    return Source(name, content, dict(_lines(text)))


def plain(value: object, depth: int = 0) -> object:
    """What TOML says, in JSON's types: dates and times as text.

    Raises:
        ValueError: It is nested deeper than law ever is; a number is no whole number of 64 bits.
    """
    if depth > DEPTH_MAX:
        raise ValueError(f"nested deeper than {DEPTH_MAX}")
    match value:
        case dict():
            return {key: plain(each, depth + 1) for key, each in value.items()}
        case list():
            return [plain(each, depth + 1) for each in value]
        case datetime() | date() | time():
            return value.isoformat()
        case float():
            raise ValueError(f"{value}: law has whole numbers, or numbers written as text")
        case int() if not -WHOLE_END <= value < WHOLE_END:
            raise ValueError("a number is larger than 64 bits hold")
        case _:
            return value


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    """The line of each heading and of each key that begins one."""
    seen: Counter[str] = Counter()
    under: Path = ()
    fence = ""  # of a text that goes on over lines
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            if fence in line:
                fence = ""
            continue
        if heading := HEADING.match(line):
            under = _under(heading, seen)
            yield under, number
        elif key := KEY.match(line):
            yield (*under, key["key"]), number
            fence = next((each for each in FENCES if line.count(each) % 2), "")


def _under(heading: re.Match[str], seen: Counter[str]) -> Path:
    """The path that a heading opens; a list's name is followed by the place in it."""
    path: list[str | int] = []
    names = heading["path"].split(".")
    for depth, name in enumerate(names, 1):
        whole = ".".join(names[:depth])
        if depth == len(names) and heading["many"]:
            seen[whole] += 1
        path.append(name)
        if seen[whole]:
            path.append(seen[whole] - 1)
    return tuple(path)
