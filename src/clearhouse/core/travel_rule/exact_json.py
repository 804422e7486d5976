"""JSON from somebody else, parsed so that it has one reading: for messages and for records alike.

What some readers round, merge or refuse is kept to be seen: a number as its text, an object that
says a key twice as such. What is made of it, and by which refusal, is of whoever asks.

Source: RFC 8259 (JSON), RFC 7493 (I-JSON).
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

# A text is passed over whole; one that never ends is the parser's to refuse.
TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{},]', re.DOTALL)
# Half of a pair of surrogates, which no encoding can write.
HALF: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of JSON, as it is written; NaN and the infinities too, which are none."""

    text: str


class Twice(dict[str, Any]):
    """An object that says a key twice."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Twice(found)


# No digits are too many to be refused in order.
DECODER: Any = json.JSONDecoder(
    object_pairs_hook=_once, parse_int=Number, parse_float=Number, parse_constant=Number
)


def extent(text: str) -> tuple[int, int]:
    """How many levels a text of JSON has, and about how many values, before it is parsed."""
    depth = depth_max = values = 0
    for token in TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
                values += 1
                depth_max = max(depth, depth_max)
            case "]" | "}":
                depth -= 1
            case ",":
                values += 1
            case _:
                pass
    return depth_max, values
