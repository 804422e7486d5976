"""JSON as it came: the members of an object with the bytes that they were written in.

A record of personal data must go on unmodified, so what is read is kept as it was written and never
written anew. And it must have one reading: a name twice in an object, a number that loses digits in
some readers, half of a surrogate, or depth that only some readers bear is refused.

Nothing that a refusal says was read from the message: it names members that the protocol names.

Source: RFC 8259 (JSON), RFC 7493 (I-JSON), by `exact_json`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.exact_json import DECODER, HALF, Number, Twice, extent

BYTES_MAX = 2**18
DEPTH_MAX = 32
BLANK_FORM = re.compile(r"[ \t\n\r]*", re.ASCII)
NAME_FORM = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)
UNNAMED = "(unnamed)"  # a name that nobody should read


class MessageTooLarge(Refusal):
    """A message is larger than any that says who pays whom."""

    code = "trp.message-too-large"
    kind = Kind.MALFORMED


class MessageMalformed(Refusal):
    """A message is not a JSON object of the members that it must have."""

    code = "trp.message-malformed"
    kind = Kind.MALFORMED


class MemberTwice(Refusal):
    """A message says two things under one name."""

    code = "trp.member-twice"
    kind = Kind.MALFORMED


class MessageTooDeep(Refusal):
    """A message has objects in objects beyond what any message needs."""

    code = "trp.message-too-deep"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: what it says, and its bytes."""

    value: Any
    raw: bytes


def read_object(body: bytes, numbers: Sequence[str] = ()) -> dict[str, Member]:
    """Read a message's members, in the order in which they are written.

    Args:
        numbers: Members of which whoever asks tells that they are NaN; no other may be.

    Raises:
        MessageTooLarge, MessageMalformed, MessageTooDeep, MemberTwice: It has another form.
    """
    if len(body) > BYTES_MAX:
        raise MessageTooLarge(f"{len(body):,} bytes, of {BYTES_MAX:,}")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise MessageMalformed("it is not UTF-8") from wrong
    depth, _ = extent(text)
    if depth > DEPTH_MAX:
        raise MessageTooDeep(f"more than {DEPTH_MAX} in each other")
    try:
        found = _members(text)
    except (ValueError, IndexError, StopIteration, RecursionError) as wrong:
        raise MessageMalformed("it is no JSON object") from wrong
    for name, member in found.items():
        _check_text(name)
        _check_value(member.value if name not in numbers else None)
    return found


def unknown(found: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names of members that the protocol does not name, as far as they are names at all."""
    strange = (name for name in found if name not in known)
    return tuple(name if NAME_FORM.fullmatch(name) else UNNAMED for name in strange)


def _members(text: str) -> dict[str, Member]:
    """The members of the object that a text is, with the piece that each one's value is."""
    found: dict[str, Member] = {}
    at = _blank(text, 0)
    if text[at] != "{":
        raise ValueError
    at = _blank(text, at + 1)
    while text[at] != "}":
        if text[at] != '"':
            raise ValueError
        name, at = DECODER.scan_once(text, at)
        at = _blank(text, at)
        if text[at] != ":":
            raise ValueError
        begin = _blank(text, at + 1)
        value, end = DECODER.scan_once(text, begin)
        if name in found:
            raise MemberTwice("a name of the message's own")
        found[name] = Member(value, text[begin:end].encode("utf-8"))
        at = _blank(text, end)
        if text[at] == ",":
            at = _blank(text, at + 1)
            if text[at] != '"':
                raise ValueError
        elif text[at] != "}":
            raise ValueError
    if _blank(text, at + 1) != len(text):
        raise ValueError
    return found


def _blank(text: str, at: int) -> int:
    found = BLANK_FORM.match(text, at)
    assert found is not None
    return found.end()


def _check_value(value: Any) -> None:
    """Refuse what is no text of Unicode, a name twice, and numbers that JSON does not have."""
    match value:
        case Twice():
            raise MemberTwice("a name within a member")
        case Number("NaN" | "Infinity" | "-Infinity"):
            raise MessageMalformed("JSON has no NaN")
        case str():
            _check_text(value)
        case dict():
            for name, one in value.items():
                _check_text(name)
                _check_value(one)
        case list():
            for one in value:
                _check_value(one)
        case _:
            pass


def _check_text(text: str) -> None:
    if HALF.search(text):
        raise MessageMalformed("half of a surrogate is no text")
