"""Records: what a register holds, each known by its key.

What is said anew under a key takes the place of what was said before, which stays to be read:
nothing is edited and nothing is forgotten. There are two times. A record says from which day on it
holds (`since`, and perhaps `until`); the journal says when it was entered. So "what was true on
that day" and "what was known at that instant" are two questions, and both have an answer.

A kind of record is a frozen dataclass of texts, whole numbers, flags, days and sets of words. A
`Register` says by which of its fields a record is known, whose it is, and which fields authorities
alone may see. One line of a table is one record: `Register.read` reads it, or says all that is
wrong with it; `Register.write` writes the same line again.

Source: Snodgrass, Developing Time-Oriented Database Applications in SQL (1999), on two times.
"""

import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Annotated, Any, Protocol, Union, get_args, get_origin, get_type_hints

from clearhouse.core.canonical import Form, canonical, instant
from clearhouse.core.errors import Kind, Refusal

TEXT_LENGTH_MAX = 350  # as long as a name in ISO 20022 gets (Max350Text)
WHOLE_MAX = 2**63 - 1
DATE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
NUMBER_FORM = re.compile(r"(?P<whole>[0-9]{1,19})(?:\.(?P<part>[0-9]{1,18}))?", re.ASCII)
KEY_GAP = "|"  # between the fields of a key
SET_GAP = ";"  # between the words of a set
YES, NO = "yes", "no"


class RecordMalformed(Refusal):
    """A record does not have its form."""

    code = "record.malformed"
    kind = Kind.MALFORMED


class RecordDatesWrong(Refusal):
    """A record ends before it begins."""

    code = "record.dates-wrong"
    kind = Kind.MALFORMED


class Backdated(Refusal):
    """A record holds from a day on which decisions were made already; they stay as they are."""

    code = "record.backdated"
    kind = Kind.CONFLICT


class UnknownRegister(Refusal):
    """There is no such register."""

    code = "record.unknown-register"
    kind = Kind.UNKNOWN


class UnknownRecord(Refusal):
    """A register has no record under this key."""

    code = "record.unknown"
    kind = Kind.UNKNOWN


class Record(Protocol):
    """What every kind of record can say of itself."""

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it, whatever else is recorded."""
        ...


@dataclass(frozen=True, slots=True)
class RecordEntered:
    """A record was entered in a register, in place of the one before under its key."""

    register: str
    key: str
    body: str  # the record's canonical bytes
    proposal: str  # the command that ordered it; empty where nobody has to


@dataclass(frozen=True, slots=True)
class Decimals:
    """A whole number that people write with decimals: 250000 parts per million are 25.0000 %."""

    places: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text that is one of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """A text that may be longer than others."""

    length_max: int  # characters


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a record, as a table has it."""

    name: str
    meaning: str  # which values it takes
    needed: bool  # there is no record without it
    default: Any
    read: Callable[[str], Any]  # raises ValueError, saying what is wrong
    write: Callable[[Any], str]


class Way(StrEnum):
    """How records of a register are entered in a house that is founded."""

    AGREED = "agreed"  # from a file, on which two people agree
    FILED = "filed"  # from a file that one person signs
    PROVEN = "proven"  # by what they prove themselves
    FOUND = "found"  # by the house itself, from what is recorded; nobody orders it


@dataclass(frozen=True)
class Register:
    """A kind of record.

    Attributes:
        name: What the register is called; that of its table, too.
        says: What a record of it says, in a sentence.
        key: The fields by which a record is known.
        about: The field that says whose it is: a participant, an entity, a site.
        restricted: Fields that authorities alone may see, and whose they are.
        way: How its records are entered.
        is_own: Whether those whom a record is about may file it; the house's own people always may.
        untold: Whether those whom a record is about are not told of it: it says that somebody
            looks at them, and why (no tipping off: FATF Recommendation 21).
        personal: Fields that stand in a dossier, of which the record has the commitment.
    """

    name: str
    kind: type[Any]
    says: str
    key: tuple[str, ...]
    about: str
    restricted: frozenset[str] = frozenset()
    personal: tuple[str, ...] = ()
    way: Way = Way.AGREED
    is_own: bool = False
    untold: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Its fields, in order."""
        hints = get_type_hints(self.kind, include_extras=True)
        return tuple(_column(one.name, hints[one.name], one.default) for one in fields(self.kind))

    @cached_property
    def form(self) -> Form[Any]:
        """How its records are journalled."""
        return Form(self.kind)

    @property
    def is_dated(self) -> bool:
        """Whether a later record of the same thing holds from its day on."""
        return "since" in self.key

    def key_of(self, record: Any) -> str:
        """What a record is known by."""
        return KEY_GAP.join([write(getattr(record, name)) for name, write in self._key])

    @cached_property
    def _key(self) -> tuple[tuple[str, Callable[[Any], str]], ...]:
        writes = {one.name: one.write for one in self.columns}
        return tuple((name, writes[name]) for name in self.key)

    def thing_of(self, record: Any) -> tuple[Any, ...]:
        """What a record is about, apart from the day since which it holds."""
        return tuple([getattr(record, name) for name in self._thing])

    @cached_property
    def _thing(self) -> tuple[str, ...]:
        return tuple(name for name in self.key if name != "since")

    def entered(self, record: Any, proposal: str = "") -> tuple[str, RecordEntered]:
        """The fact that a record was entered, under whose it is."""
        body = self.form.encode(record)
        fact = RecordEntered(self.name, self.key_of(record), body, proposal)
        return getattr(record, self.about), fact

    def read(self, line: Mapping[str, str]) -> tuple[Any, list[Refusal]]:
        """Read a record from texts by column.

        Returns:
            The record, or None and all that is wrong with it.
        """
        values: dict[str, Any] = {}
        wrong: list[Refusal] = []
        for column in self.columns:
            text = line.get(column.name, "").strip()
            if not text and not column.needed:
                values[column.name] = column.default
                continue
            try:
                values[column.name] = column.read(text)
            except ValueError as trouble:
                wrong.append(RecordMalformed(f"{column.name}: {trouble}"))
        wrong += [
            RecordMalformed(f"{name}: without {KEY_GAP!r}, which stands between a key's fields")
            for name in self.key
            if isinstance(values.get(name), str) and KEY_GAP in values[name]
        ]
        if wrong:
            return None, wrong
        record = self.kind(**values)
        wrong = list(record.faults())
        return (None, wrong) if wrong else (record, [])

    def write(self, record: Any) -> dict[str, str]:
        """Write a record as texts by column; `read` reads it again."""
        return {one.name: one.write(getattr(record, one.name)) for one in self.columns}


def digest_of(register: Register, several: Iterable[Any]) -> str:
    """What several records are agreed on by.

    It is SHA-256, in hex, over a line for each, in order: whose it is, its key and its canonical
    bytes, as a list in canonical JSON.
    """
    over = sha256()
    for one in several:
        about, fact = register.entered(one)
        over.update(f"{canonical([about, fact.key, fact.body])}\n".encode())
    return over.hexdigest()


def digest_of_facts(facts: Iterable[tuple[str, RecordEntered]]) -> str:
    """What records of several registers are agreed on by.

    It is SHA-256, in hex, over a line for each, in order: whose it is, its register, its key and
    its canonical bytes, as a list in canonical JSON.
    """
    over = sha256()
    for about, fact in facts:
        over.update(f"{canonical([about, fact.register, fact.key, fact.body])}\n".encode())
    return over.hexdigest()


def in_force(register: Register, records: Iterable[Any], on: date) -> list[Any]:
    """What holds on a day: of each thing the newest record that has begun, if it has not ended.

    Args:
        register: Of dated records.
        records: As they are known; in any order.
    """
    newest: dict[tuple[Any, ...], Any] = {}
    for record in records:
        thing = register.thing_of(record)
        if record.since <= on and (thing not in newest or newest[thing].since < record.since):
            newest[thing] = record
    return [one for one in newest.values() if one.until is None or on <= one.until]


def dates_wrong(since: date, until: date | None) -> list[Refusal]:
    """Check that what begins also ends, if at all, not before."""
    if until is not None and until < since:
        return [RecordDatesWrong(f"it ends on {until}, before it begins on {since}")]
    return []


def read_date(text: str) -> date:
    """Read a day written as 2026-03-02.

    Raises:
        ValueError: It is not one.
    """
    # fromisoformat alone would take 20260302 and week dates too.
    if not DATE_FORM.fullmatch(text):
        raise ValueError(f"{text[:20]!r}: write it as 2026-03-02")
    return date.fromisoformat(text)


def _column(name: str, hint: Any, default: Any) -> Column:
    marks: Sequence[Any] = ()
    if get_origin(hint) is Annotated:
        hint, *marks = get_args(hint)
    if get_origin(hint) in {Union, types.UnionType}:  # a text, a day or a number, or nothing
        (hint,) = (arm for arm in get_args(hint) if arm is not types.NoneType)
    meaning, read, write = _ways(getattr(hint, "__supertype__", hint), tuple(marks))
    needed = default is MISSING
    return Column(
        name, meaning, needed, None if needed else default, read, lambda one: _none_or(one, write)
    )


def _none_or(value: Any, write: Callable[[Any], str]) -> str:
    return "" if value is None else write(value)


Ways = tuple[str, Callable[[str], Any], Callable[[Any], str]]


def _ways(kind: Any, marks: tuple[Any, ...]) -> Ways:
    """What a field of a type takes, and how it is read and written."""
    match marks:
        case (OneOf(words=words),):
            return f"one of {', '.join(words)}", lambda text: _word(text, words), str
        case (Prose(length_max=most),):
            return f"a text of at most {most:,} characters", lambda text: _text(text, most), str
        case (Decimals(places=places, unit=unit),):
            form = f"a number with at most {places} decimals"
            return (
                f"{form}, in {unit}" if unit else form,
                lambda text: _number(text, places),
                lambda one: _decimal(one, places),
            )
        case _:
            pass
    if get_origin(kind) is tuple:
        return f"words with {SET_GAP} between them", _words, SET_GAP.join
    return PLAIN[kind]


def _text(text: str, most: int = TEXT_LENGTH_MAX) -> str:
    if not 0 < len(text) <= most:
        raise ValueError(f"it has {len(text)} characters; 1 to {most}")
    if not text.isprintable():
        raise ValueError("it holds a character that cannot be printed")
    return text


def _word(text: str, words: Sequence[str]) -> str:
    if text not in words:
        raise ValueError(f"{text[:40]!r}: one of {', '.join(words)}")
    return text


def _words(text: str) -> tuple[str, ...]:
    found = tuple(_text(one.strip()) for one in text.split(SET_GAP))
    if len(set(found)) < len(found):
        raise ValueError("a word stands there twice")
    return found


def _number(text: str, places: int) -> int:
    form = NUMBER_FORM.fullmatch(text)
    part = (form["part"] or "") if form else ""
    if form is None or len(part) > places:
        raise ValueError(f"{text[:40]!r}: a number in plain digits, at most {places} decimals")
    found = int(form["whole"] + part.ljust(places, "0"))
    if found > WHOLE_MAX:
        raise ValueError(f"{text[:40]!r} is too large")
    return found


def _decimal(units: int, places: int) -> str:
    whole, part = divmod(units, 10**places)
    return f"{whole}.{part:0{places}}" if places else str(whole)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text[:40]!r}: write it with its zone, as 2026-03-02T12:00:00Z")
    try:
        return at.astimezone(UTC)
    except OverflowError as trouble:  # on the first day or the last one that there is
        raise ValueError(f"{text[:40]!r}: {trouble}") from trouble


def _flag(text: str) -> bool:
    return _word(text, (YES, NO)) == YES


PLAIN: Mapping[Any, Ways] = {
    str: (f"a text of at most {TEXT_LENGTH_MAX} characters", _text, str),
    int: ("a whole number", lambda text: _number(text, 0), str),
    bool: (f"{YES} or {NO}", _flag, lambda one: YES if one else NO),
    datetime: ("an instant, as 2026-03-02T12:00:00Z", _instant, instant),
    date: ("a day, as 2026-03-02", read_date, date.isoformat),
}
