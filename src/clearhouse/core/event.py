"""`Event`: the closed union of everything the journal can hold, and its JSON form.

An event is a fact in the past tense with its evidence, defined beside the decision that makes it.
Its body is canonical JSON (RFC 8785): keys in order, no spaces, and every integer as a string,
since JSON numbers lose whole units above 2**53. With neither numbers nor keys outside ASCII,
`json.dumps` with sorted keys *is* RFC 8785; a test compares the two.

The union only grows: a new meaning is a new name, and names are never reused.
"""

import json
import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Union, get_args, get_origin, get_type_hints

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.gate import FindingMade, GateDecided
from clearhouse.core.obligation import ObligationAffirmed, ObligationProposed
from clearhouse.core.participant import LicenceRecorded, ParticipantAdmitted
from clearhouse.core.settlement import (
    BatchBroadcast,
    BatchConfirmed,
    BatchReorganised,
    BatchSigned,
    CycleCleared,
    CycleSettled,
    ObligationCleared,
    PayInCalled,
    PayInFinal,
    PositionStruck,
)
from clearhouse.core.valuation import RateFixed

Event = (
    ParticipantAdmitted
    | LicenceRecorded
    | ObligationProposed
    | ObligationAffirmed
    | FindingMade
    | GateDecided
    | RateFixed
    | CycleCleared
    | ObligationCleared
    | PositionStruck
    | PayInCalled
    | PayInFinal
    | BatchSigned
    | BatchBroadcast
    | BatchConfirmed
    | BatchReorganised
    | CycleSettled
)
KINDS: Mapping[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


class EventMalformed(Refusal):
    """A journal entry is not of a kind, or not of the form, that this version knows."""

    code = "event.malformed"
    kind = Kind.MALFORMED


CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(value: Any) -> str:
    """Write strings, booleans, None, lists and maps with ASCII keys as RFC 8785 does."""
    return CANONICAL.encode(value)


def instant(at: datetime) -> str:
    """Write an instant in UTC with microseconds, always the same length, so that text sorts."""
    assert at.tzinfo is not None
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _instant_of(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return at


def _text(value: Any) -> Any:
    assert isinstance(value, str)
    return value


def _whole(value: Any) -> str:
    assert type(value) is int, "no event holds a float"
    return str(value)


def _flag(value: Any) -> bool:
    assert isinstance(value, bool)
    return value


Way = Callable[[Any], Any]
PLAIN: Mapping[Any, tuple[Way, Way]] = {
    str: (_text, str),
    bool: (_flag, bool),
    int: (_whole, int),
    date: (date.isoformat, date.fromisoformat),
    datetime: (instant, _instant_of),
}


def _ways(kind: Any) -> tuple[Way, Way]:
    """Find what turns a field of type `kind` into its JSON form, and what turns that back."""
    if get_origin(kind) in {Union, types.UnionType}:
        (inner,) = (arm for arm in get_args(kind) if arm is not types.NoneType)
        write, read = _ways(inner)
        return (
            lambda value: None if value is None else write(value),
            lambda value: None if value is None else read(value),
        )
    if get_origin(kind) is tuple:
        write, read = _ways(get_args(kind)[0])
        return (
            lambda value: [write(item) for item in value],
            lambda value: tuple(read(item) for item in value),
        )
    return PLAIN[getattr(kind, "__supertype__", kind)]


WAYS = {
    kind: {name: _ways(hint) for name, hint in sorted(get_type_hints(kind).items())}
    for kind in KINDS.values()
}


def encode(event: Event) -> str:
    """Write an event's body."""
    ways = WAYS[type(event)].items()
    return canonical({name: write(getattr(event, name)) for name, (write, _) in ways})


def decode(kind: str, body: str) -> Event:
    """Read an event back from its name and body.

    Raises:
        EventMalformed: The name is unknown, a field is missing, too many, or not of its form, or
            the body is not the canonical one of what it says.
    """
    if kind not in KINDS:
        raise EventMalformed(f"{kind!r} is no kind of event")
    ways = WAYS[KINDS[kind]]
    try:
        content = json.loads(body)
        if content.keys() != ways.keys():
            raise EventMalformed(f"{kind} has fields {sorted(ways)}, not {sorted(content)}")
        event = KINDS[kind](**{name: read(content[name]) for name, (_, read) in ways.items()})
    except (ValueError, TypeError, AttributeError, RecursionError) as trouble:
        raise EventMalformed(f"{kind}: {trouble}") from trouble
    # What reads alike but is written otherwise (a number for a text, a key twice) was not ours.
    if encode(event) != body:
        raise EventMalformed(f"{kind}: the body is not in its canonical form")
    return event
