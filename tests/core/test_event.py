"""Events: a closed union, whose bytes are canonical and say the same for ever."""

import dataclasses
import importlib
import json
import pkgutil
import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from clearhouse import core
from clearhouse.core.canonical import canonical, instant
from clearhouse.core.event import KINDS, Event, EventMalformed, decode, encode
from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.settlement import PayInCalled, PayInFinal

# Text as PostgreSQL and UTF-8 can hold it; RFC 8785 has no form for half a surrogate pair.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
instants = st.datetimes(
    datetime(1, 1, 3),  # noqa: DTZ001 - the zone is drawn beside it
    datetime(9000, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=14))]),
)
PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(-(10**78), 10**78),
    date: st.dates(),
    datetime: instants,
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Every value of a field."""
    if get_origin(hint) in {Union, types.UnionType}:
        return st.one_of(*(st.none() if a is type(None) else values(a) for a in get_args(hint)))
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    return PLAIN[getattr(hint, "__supertype__", hint)]


def of_kind(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    drawn = {field: values(hint) for field, hint in hints.items()}
    return st.fixed_dictionaries(drawn).map(lambda given: kind(**given))


events = st.one_of(*map(of_kind, KINDS.values()))

DECIDED = GateDecided(ObligationId("obl_1"), "clear", ("a" * 64, "b" * 64), date(2026, 3, 2))
CALLED = PayInCalled(
    CycleId("cyc_1"),
    ParticipantId("5493001KJTIIGC8Y1R12"),
    2**53 + 1,
    "bcrt1q",
    datetime(2026, 3, 2, 10, tzinfo=UTC),
)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_survives_the_journal(kind: str) -> None:
    @given(of_kind(KINDS[kind]))
    def round_trip(event: Event) -> None:
        body = encode(event)

        assert decode(kind, body) == event
        assert encode(decode(kind, body)) == body

    round_trip()


@given(events)
def test_bodies_are_canonical_json(event: Event) -> None:
    body = encode(event).encode()
    assert rfc8785.dumps(json.loads(body)) == body


def plain(value: Any) -> Any:
    """What a field is in JSON, said a second time."""
    if isinstance(value, bool | None | str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        at = value.astimezone(UTC).replace(tzinfo=None)
        return at.isoformat(timespec="microseconds") + "Z"
    return value.isoformat()


@given(events)
def test_a_body_says_what_the_event_says(event: Event) -> None:
    said = {field.name: plain(getattr(event, field.name)) for field in dataclasses.fields(event)}
    assert encode(event).encode() == rfc8785.dumps(said)


@given(st.recursive(texts | st.booleans() | st.none(), st.lists, max_leaves=9))
def test_canonical_is_rfc_8785(value: Any) -> None:
    assert canonical({"b": value, "a": ""}).encode() == rfc8785.dumps({"b": value, "a": ""})


@pytest.mark.parametrize(
    "text", ["\b\t\n\f\r\x00\x1f\x7f\x80", '"\\/', "\u2028\u2029", "é\u0301", "\U0001f680", "<&>"]
)
def test_every_character_is_written_as_rfc_8785_does(text: str) -> None:
    assert canonical({text[:0] + "a": text}).encode() == rfc8785.dumps({"a": text})


def test_the_bytes_of_an_event_stay_as_they_are() -> None:
    """Journals of this form exist: whoever changes it must read them still."""
    assert encode(DECIDED) == (
        f'{{"findings":["{"a" * 64}","{"b" * 64}"],"obligation":"obl_1",'
        '"settles_on":"2026-03-02","verdict":"clear"}'
    )
    assert encode(CALLED) == (
        '{"address":"bcrt1q","cycle":"cyc_1","due_at":"2026-03-02T10:00:00.000000Z",'
        '"participant":"5493001KJTIIGC8Y1R12","units":"9007199254740993"}'
    )


def altered(event: Event, change: Callable[[dict[str, Any]], object]) -> str:
    content = json.loads(encode(event))
    change(content)
    return canonical(content)


def put(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda content: content.update(fields)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", encode(DECIDED)),
        ("gatedecided", encode(DECIDED)),
        ("GateOpened", encode(DECIDED)),
        ("Event", encode(DECIDED)),
        ("PayInCalled", encode(DECIDED)),
        ("GateDecided", ""),
        ("GateDecided", "null"),
        ("GateDecided", "7"),
        ("GateDecided", '"GateDecided"'),
        ("GateDecided", "[]"),
        ("GateDecided", "{}"),
        ("GateDecided", "[" * 100_000),
        ("GateDecided", '{"a":' * 100_000),
        ("GateDecided", encode(DECIDED)[:-1]),
        ("GateDecided", encode(DECIDED) + "}"),
        ("GateDecided", encode(DECIDED) + "\n"),
        ("GateDecided", "\ufeff" + encode(DECIDED)),
        ("GateDecided", encode(DECIDED).replace(":", ": ")),
        ("GateDecided", encode(DECIDED).replace('"clear"', '"clea\\u0072"')),
        ("GateDecided", encode(DECIDED).replace("{", '{"verdict":"deny",', 1)),
        ("GateDecided", altered(DECIDED, lambda said: said.pop("verdict"))),
        ("GateDecided", altered(DECIDED, put(waived=True))),
        ("GateDecided", altered(DECIDED, put(verdict=None))),
        ("GateDecided", altered(DECIDED, put(verdict=1))),
        ("GateDecided", altered(DECIDED, put(verdict=["clear"]))),
        ("GateDecided", altered(DECIDED, put(findings="ab"))),
        ("GateDecided", altered(DECIDED, put(findings=None))),
        ("GateDecided", altered(DECIDED, put(findings={"a": "b"}))),
        ("GateDecided", altered(DECIDED, put(findings=[7]))),
        ("GateDecided", altered(DECIDED, put(settles_on="2026-02-30"))),
        ("GateDecided", altered(DECIDED, put(settles_on="20260302"))),
        ("GateDecided", altered(DECIDED, put(settles_on="2026-03-02T10:00:00.000000Z"))),
        ("GateDecided", altered(DECIDED, put(settles_on=20260302))),
        ("PayInCalled", altered(CALLED, put(units=1))),
        ("PayInCalled", altered(CALLED, put(units="1e3"))),
        ("PayInCalled", altered(CALLED, put(units="1.0"))),
        ("PayInCalled", altered(CALLED, put(units=" 1"))),
        ("PayInCalled", altered(CALLED, put(units="+1"))),
        ("PayInCalled", altered(CALLED, put(units="01"))),
        ("PayInCalled", altered(CALLED, put(units="1_000"))),
        ("PayInCalled", altered(CALLED, put(units="\uff11"))),
        ("PayInCalled", altered(CALLED, put(units=""))),
        ("PayInCalled", altered(CALLED, put(units="9" * 5000))),
        ("PayInCalled", altered(CALLED, put(units=True))),
        ("PayInCalled", altered(CALLED, put(due_at="2026-03-02T10:00:00.000000"))),
        ("PayInCalled", altered(CALLED, put(due_at="2026-03-02T10:00:00Z"))),
        ("PayInCalled", altered(CALLED, put(due_at="2026-03-02T10:00:00.000000+00:00"))),
        ("PayInCalled", altered(CALLED, put(due_at="2026-03-02"))),
        ("PayInCalled", altered(CALLED, put(due_at=1772445600))),
    ],
)
def test_what_is_no_event_is_refused(kind: str, body: str) -> None:
    with pytest.raises(EventMalformed) as caught:
        decode(kind, body)
    assert caught.value.code == "event.malformed"


@given(events, st.sampled_from(sorted(KINDS)), st.text(max_size=9), st.integers(0, 200))
def test_a_damaged_body_never_says_something_else(
    event: Event, kind: str, noise: str, at: int
) -> None:
    """It is refused, or it is the body of what it says, to the byte."""
    body = encode(event)
    damaged = body[:at] + noise + body[at + len(noise) :]
    try:
        found = decode(kind, damaged)
    except EventMalformed:
        return
    assert encode(found) == damaged


def test_instants_sort_as_text() -> None:
    early = datetime(2026, 3, 2, 23, 30, tzinfo=timezone(timedelta(hours=2)))
    late = datetime(2026, 3, 2, 22, 0, 0, 1, tzinfo=UTC)

    assert instant(early) == "2026-03-02T21:30:00.000000Z"
    assert instant(early) < instant(late)
    assert len(instant(early)) == len(instant(late))
    with pytest.raises(AssertionError):
        instant(datetime(2026, 3, 2, 10))  # noqa: DTZ001 - that is the point


@given(instants, instants)
def test_the_order_of_instants_is_the_order_of_their_texts(one: datetime, other: datetime) -> None:
    assert (instant(one) < instant(other)) is (one < other)


def participles() -> set[type]:
    """The frozen classes of the core that are named and described as facts in the past tense."""
    found = set()
    for module in pkgutil.walk_packages(core.__path__, "clearhouse.core."):
        for thing in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(thing, type)
                and thing.__module__ == module.name
                and dataclasses.is_dataclass(thing)
                and (thing.__name__.endswith("ed") or thing is PayInFinal or thing in set(UNION))
            ):
                found.add(thing)
    return found


UNION = get_args(Event)
# A transaction being watched; what the ledger answers; rules made ready; a mutant put to its cases;
# owners as they were screened, and what they own.
NO_EVENTS = {"Tracked", "Posted", "Compiled", "Tried", "Compared", "Owned", "Opened"}


def test_the_union_is_closed_over_the_core() -> None:
    """A fact that is defined and not in the union could not be journalled; nor read back."""
    named = {kind.__name__ for kind in participles()} - NO_EVENTS
    assert named == set(KINDS)


def test_names_are_never_shared() -> None:
    assert len(KINDS) == len(UNION)
    assert all(kind.__name__ == name for name, kind in KINDS.items())


@pytest.mark.parametrize("kind", UNION, ids=lambda kind: kind.__name__)
def test_an_event_cannot_be_changed(kind: type[Event]) -> None:
    event = object.__new__(kind)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, dataclasses.fields(kind)[0].name, "another")
    assert "__slots__" in vars(kind)
    assert (kind.__doc__ or "").strip()


def test_no_event_holds_a_float() -> None:
    with pytest.raises(AssertionError):
        encode(PayInCalled(*(1.5,) * 5))  # type: ignore[arg-type]  # that is the point
