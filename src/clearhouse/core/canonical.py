"""Canonical JSON: the one writing of whatever is journalled, hashed or signed.

It is RFC 8785: keys in order, no spaces. Every integer is a string, since JSON numbers lose whole
units above 2**53. With neither numbers nor keys outside ASCII, `json.dumps` with sorted keys *is*
RFC 8785; a test compares the two.

A `Form` writes and reads one kind of record: a frozen dataclass of texts, whole numbers, flags,
days, instants, and tuples of those. A record has exactly one writing, and another one is not read.
"""

import json
import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from json.encoder import encode_basestring
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> str:
    """Write strings, booleans, None, lists and maps with ASCII keys as RFC 8785 does."""
    return ENCODER.encode(value)


quoted = encode_basestring  # one text, as `canonical` writes it


def instant(at: datetime) -> str:
    """Write an instant in UTC with microseconds, always the same length, so that text sorts."""
    assert at.tzinfo is not None
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _instant_of(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return at


def _text(value: Any) -> str:
    assert isinstance(value, str)
    return quoted(value)


def _whole(value: Any) -> str:
    assert type(value) is int, "no record holds a float"
    return f'"{value}"'


def _flag(value: Any) -> str:
    assert isinstance(value, bool)
    return "true" if value else "false"


# What writes a value as JSON, and what reads back what JSON makes of that.
Way = tuple[Callable[[Any], str], Callable[[Any], Any]]
PLAIN: Mapping[Any, Way] = {
    str: (_text, str),
    bool: (_flag, bool),
    int: (_whole, int),
    date: (lambda value: f'"{value.isoformat()}"', date.fromisoformat),
    datetime: (lambda value: f'"{instant(value)}"', _instant_of),
}


def _ways(kind: Any) -> Way:
    """Find what writes a field of type `kind`, and what reads it back."""
    if get_origin(kind) in {Union, types.UnionType}:
        (inner,) = (arm for arm in get_args(kind) if arm is not types.NoneType)
        write, read = _ways(inner)
        return (
            lambda value: "null" if value is None else write(value),
            lambda value: None if value is None else read(value),
        )
    if get_origin(kind) is tuple:
        write, read = _ways(get_args(kind)[0])
        return (
            lambda value: f"[{','.join(map(write, value))}]",
            lambda value: tuple(read(item) for item in value),
        )
    return PLAIN[getattr(kind, "__supertype__", kind)]


class FormError(ValueError):
    """A text is not the canonical writing of a record."""


T = TypeVar("T")


class Form(Generic[T]):
    """How records of one kind are written and read."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        hints = sorted(get_type_hints(kind).items())
        self._ways = {name: _ways(hint) for name, hint in hints}
        # Millions are written in a cycle: what is the same in all of them is made once.
        self._writes = [(f'"{name}":', name, write) for name, (write, _) in self._ways.items()]

    def encode(self, record: T) -> str:
        """Write a record."""
        fields = [key + write(getattr(record, name)) for key, name, write in self._writes]
        return f"{{{','.join(fields)}}}"

    def decode(self, body: str) -> T:
        """Read a record back.

        Raises:
            FormError: A field is missing, too many, or not of its form, or the body is not the
                canonical one of what it says.
        """
        name = self._kind.__name__
        try:
            record = self._kind(**self._read(json.loads(body)))
            written = self.encode(record)  # an instant of the year 1 may have none in UTC
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as trouble:
            raise FormError(f"{name}: {trouble}") from trouble
        # What reads alike but is written otherwise (a number for a text, a key twice) was not ours.
        if written != body:
            raise FormError(f"{name}: the body is not in its canonical form")
        return record

    def recall(self, body: str) -> T:
        """Read back what this very form has written: a record of the house's own journal."""
        return self._kind(**self._read(json.loads(body)))

    def _read(self, content: Any) -> dict[str, Any]:
        if content.keys() != self._ways.keys():
            raise ValueError(f"it has fields {sorted(self._ways)}, not {sorted(content)}")
        return {key: read(content[key]) for key, (_, read) in self._ways.items()}
