"""JSON from somebody else, of bounded size: what is enormous is refused before it is parsed.

Nothing here knows IVMS 101: a message that a record came in can be read in the same way. Numbers
are whole and of 18 digits at most, as the standard's datatype Number; a key stands once. No text
of the message is in a refusal, since it may be personal.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from clearhouse.core.errors import Kind, Refusal

DIGITS_MAX = 18  # totalDigits of the standard's Number, section 5.3

# Texts are passed over whole; an end of text that never comes is the parser's to refuse.
TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|[,:]', re.DOTALL)


class JsonTooLarge(Refusal):
    """A message is larger than any that is meant."""

    code = "ivms.too-large"
    kind = Kind.MALFORMED


class JsonMalformed(Refusal):
    """A message is not JSON in UTF-8."""

    code = "ivms.not-json"
    kind = Kind.MALFORMED


class JsonNotExact(Refusal):
    """A number in a message is not whole, and would not be read exactly."""

    code = "ivms.not-exact"
    kind = Kind.MALFORMED


class JsonKeyTwice(Refusal):
    """A message says one key twice."""

    code = "ivms.key-twice"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a message may be."""

    bytes_max: int = 65_536
    depth_max: int = 16  # objects and lists within each other; a record has 9 (a path's names)
    values_max: int = 4096  # fields and items of lists, about


BOUNDS = Bounds()


def _need_small(content: bytes, bounds: Bounds) -> None:
    if len(content) > bounds.bytes_max:
        raise JsonTooLarge(f"{len(content)} bytes, more than {bounds.bytes_max}", path="$")
    depth = values = 0
    for token in TOKEN.finditer(content):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
        elif first in b"]}":
            depth -= 1
        if first != b'"':
            values += 1
        if depth > bounds.depth_max:
            raise JsonTooLarge(f"deeper than {bounds.depth_max} levels", path="$")
        if values > 2 * bounds.values_max:  # a comma and a colon for each field
            raise JsonTooLarge(f"more than {bounds.values_max} values", path="$")


# Half of a pair of surrogates, which no encoding can write.
HALVES = re.compile("[\ud800-\udfff]")
KEY_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)


def step(path: str, key: str) -> str:
    """The path of a field within an object; a key that is no plain word is not repeated."""
    return f"{path}.{key}" if KEY_FORM.fullmatch(key) else f"{path}[?]"


class _Twice(dict[str, Any]):
    """An object that says a key twice."""


class _TooLong:
    """A number of too many digits."""


class _NotWhole:
    """A number that is not whole."""


def _whole(digits: str) -> int | _TooLong:
    return int(digits) if len(digits.lstrip("-")) <= DIGITS_MAX else _TooLong()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(found)


def _need_exact(value: Any, path: str) -> None:
    """Refuse what was parsed and is not to be believed, by its path."""
    match value:
        case _Twice():
            raise JsonKeyTwice(f"{path}: a key stands twice", path=path)
        case dict():
            for key, one in value.items():
                _need_exact(key, step(path, key))
                _need_exact(one, step(path, key))
        case list():
            for place, one in enumerate(value):
                _need_exact(one, f"{path}[{place}]")
        case str() if HALVES.search(value):
            raise JsonMalformed(f"{path}: a text is not Unicode", path=path)
        case _TooLong():
            raise JsonTooLarge(f"{path}: a number of more than {DIGITS_MAX} digits", path=path)
        case _NotWhole():
            detail = f"{path}: a number with a point or an exponent, NaN or Infinity"
            raise JsonNotExact(detail, path=path)
        case _:
            pass


def parse_json(content: bytes, bounds: Bounds = BOUNDS) -> Any:
    """Parse a message: dicts, lists, texts, whole numbers, flags and None.

    Raises:
        JsonTooLarge: It has more bytes, levels, values or digits than bounds let it have.
        JsonMalformed: It is not JSON, or not in UTF-8.
        JsonNotExact: A number in it is not whole.
        JsonKeyTwice: An object says a key twice.
    """
    _need_small(content, bounds)
    try:
        value = json.loads(
            content.decode("utf-8"),
            parse_int=_whole,
            parse_float=lambda _: _NotWhole(),
            parse_constant=lambda _: _NotWhole(),
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError as trouble:
        raise JsonMalformed(f"byte {trouble.start} is not UTF-8", path="$") from None
    except json.JSONDecodeError as trouble:
        where = f"line {trouble.lineno}, column {trouble.colno}"
        raise JsonMalformed(f"{where}: {trouble.msg}", path="$") from None
    _need_exact(value, "$")
    return value
