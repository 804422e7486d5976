"""Canonical JSON (RFC 8785), as far as a house uses it: no numbers, and names in ASCII."""

import json
import re
from typing import Any

from clearhouse.verifier.wrong import Wrong

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

WHOLE = re.compile(r"0|-?[1-9][0-9]{0,99}", re.ASCII)

Record = dict[str, Any]


def write(value: Any) -> str:
    """Write a value in its one way."""
    return ENCODER.encode(value)


def whole(text: object) -> int:
    """Read a whole number in its one writing; Python's own reader takes many more.

    Raises:
        Wrong: `bundle.malformed`, it is another text.
    """
    if not isinstance(text, str) or WHOLE.fullmatch(text) is None:
        raise Wrong("bundle.malformed", f"{text!r:.90} is no whole number")
    return int(text)


def read(text: str | bytes, what: str) -> Record:
    """Read an object that is written in its one way.

    Raises:
        Wrong: `bundle.malformed`, it is something else.
    """
    try:
        written = text if isinstance(text, str) else text.decode()
        value = json.loads(written)
        again = write(value)
    except (ValueError, RecursionError) as trouble:
        raise Wrong("bundle.malformed", f"{what}: {trouble!s:.200}") from trouble
    if not isinstance(value, dict) or again != written:
        raise Wrong("bundle.malformed", f"{what}: not an object in its one writing: {written:.200}")
    return value
