"""A JSON file of records: an array of objects, or one object a line; each answered for itself.

Values are texts; whole numbers and flags are taken for the texts that they read as. A number with
a fraction is refused, since JSON's numbers lose digits: write it as a text. An object that says two
things under one name is refused, too (RFC 7493).
"""

import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from clearhouse.core.errors import Kind, Refusal
from clearhouse.feeds.lines import FileEmpty, lines
from clearhouse.feeds.table import REJECTS, Row

HEAD_BYTES = 64  # by which an array is told from lines: a mark and spaces may stand before it


class ObjectWrong(Refusal):
    """An object of a JSON file does not have its form."""

    code = "file.object-wrong"
    kind = Kind.MALFORMED


def read_objects(stream: BinaryIO, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Row]:
    """Read a file's objects.

    Args:
        columns: The members that an object may have.
        needed: Those that it must have.

    Raises:
        FileEmpty: There is none.
        ObjectWrong: An array is not JSON.
    """
    head = stream.read(HEAD_BYTES).removeprefix(BOM_UTF8).lstrip()
    stream.seek(0)
    if head.startswith(b"["):
        yield from _array(stream, columns, needed)
        return
    count = 0
    for line in lines(stream):
        if isinstance(line.content, Refusal):
            yield Row(line.number, "", line.content, line.end)
        elif line.content.strip():
            fields = _object(line.content, f"line {line.number}", columns, needed)
            yield Row(line.number, line.content, fields, line.end)
        count += 1
    if not count:
        raise FileEmpty("an object a line, or an array of objects, is expected")


def _array(stream: BinaryIO, columns: Sequence[str], needed: Sequence[str]) -> Iterator[Row]:
    try:
        found = _read(stream.read().decode("utf-8-sig"))
    except (ValueError, RecursionError) as trouble:
        raise ObjectWrong(f"the array is not JSON: {trouble}") from trouble
    if not found:
        raise FileEmpty("the array is empty")
    for number, one in enumerate(found, 1):
        about = f"object {number}"
        yield Row(number, json.dumps(one), _fields(one, about, columns, needed), 0)


def _object(
    text: str, about: str, columns: Sequence[str], needed: Sequence[str]
) -> Mapping[str, str] | Refusal:
    try:
        return _fields(_read(text), about, columns, needed)
    except (ValueError, RecursionError) as trouble:
        return ObjectWrong(f"{about} is not JSON: {trouble}")


def _read(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_members)


def _members(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        raise ValueError(f"twice: {_told(twice)}")
    return found


def _told(names: Sequence[str]) -> str:
    """Names that nobody vouches for, so that they can be printed."""
    return repr(", ".join(names)[:80]) if names else "none"


def _fields(
    one: Any, about: str, columns: Sequence[str], needed: Sequence[str]
) -> Mapping[str, str] | Refusal:
    if not isinstance(one, dict):
        return ObjectWrong(f"{about} is no object")
    missing = [name for name in needed if name not in one]
    extra = [name for name in one if name not in {*columns, *REJECTS}]
    if missing or extra:
        return ObjectWrong(
            f"{about}: missing: {', '.join(missing) or 'none'}; not known: {_told(extra)}"
        )
    try:
        return {name: _text(name, value) for name, value in one.items()}
    except ValueError as trouble:
        return ObjectWrong(f"{about}: {trouble}")


def _text(name: str, value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int() | str():
            return str(value)
        case list() if all(isinstance(one, str) for one in value):
            return ";".join(value)
        case _:
            raise ValueError(f"{name}: write it as a text")
