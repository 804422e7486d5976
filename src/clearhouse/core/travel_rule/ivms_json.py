"""JSON from somebody else, of bounded size: what is enormous is refused before it is parsed.

Nothing here knows IVMS 101: a message that a record came in can be read in the same way. Numbers
are whole and of 18 digits at most, as the standard's datatype Number; a key stands once. No text
of the message is in a refusal, since it may be personal.
"""

import re
from dataclasses import dataclass
from typing import Any

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.exact_json import DECODER, HALF, Number, Twice, extent

DIGITS_MAX = 18  # totalDigits of the standard's Number, section 5.3
KEY_FORM = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}", re.ASCII)


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
    values_max: int = 4096  # objects, lists, and commas between what stands in them


BOUNDS = Bounds()


def step(path: str, key: str) -> str:
    """The path of a field within an object; a key that is no plain word is not repeated."""
    return f"{path}.{key}" if KEY_FORM.fullmatch(key) else f"{path}[?]"


def _exact(value: Any, path: str) -> Any:
    """What a message says, its numbers whole; or refuse it, by its path."""
    match value:
        case Twice():
            raise JsonKeyTwice(f"{path}: a key stands twice", path=path)
        case dict():
            return {
                _exact(key, step(path, key)): _exact(one, step(path, key))
                for key, one in value.items()
            }
        case list():
            return [_exact(one, f"{path}[{place}]") for place, one in enumerate(value)]
        case str() if HALF.search(value):
            raise JsonMalformed(f"{path}: a text is not Unicode", path=path)
        case Number(text):
            return _whole(text, path)
        case _:
            return value


def _whole(text: str, path: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isdecimal():
        detail = f"{path}: a number with a point or an exponent, NaN or Infinity"
        raise JsonNotExact(detail, path=path)
    if len(digits) > DIGITS_MAX:
        raise JsonTooLarge(f"{path}: a number of more than {DIGITS_MAX} digits", path=path)
    return int(text)


def parse_json(content: bytes, bounds: Bounds = BOUNDS) -> Any:
    """Parse a message: dicts, lists, texts, whole numbers, flags and None.

    Raises:
        JsonTooLarge: It has more bytes, levels, values or digits than bounds let it have.
        JsonMalformed: It is not JSON, or not in UTF-8.
        JsonNotExact: A number in it is not whole.
        JsonKeyTwice: An object says a key twice.
    """
    if len(content) > bounds.bytes_max:
        raise JsonTooLarge(f"{len(content)} bytes, more than {bounds.bytes_max}", path="$")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as trouble:
        raise JsonMalformed(f"byte {trouble.start} is not UTF-8", path="$") from None
    depth, values = extent(text)
    if depth > bounds.depth_max:
        raise JsonTooLarge(f"deeper than {bounds.depth_max} levels", path="$")
    if values > bounds.values_max:
        raise JsonTooLarge(f"more than {bounds.values_max} values", path="$")
    try:
        value = DECODER.decode(text)
    except ValueError:
        raise JsonMalformed("it is no JSON", path="$") from None
    return _exact(value, "$")
