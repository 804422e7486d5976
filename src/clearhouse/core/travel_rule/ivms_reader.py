"""`Reader`: reads one record from parsed JSON, by what `ivms_spelling` says of each component."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule.ivms import COUNTRY, Text, Version
from clearhouse.core.travel_rule.ivms_deviations import TOLERABLE, Departure, Deviation
from clearhouse.core.travel_rule.ivms_json import DIGITS_MAX, step
from clearhouse.core.travel_rule.ivms_refusals import (
    Contradiction,
    FieldMissing,
    FieldWrong,
)
from clearhouse.core.travel_rule.ivms_spelling import ELEMENTS, Element, is_component

TEXT_LENGTH_MAX: Final = 512  # of any text that is taken, however long it may be
COUNT_MAX: Final = 64  # of any list
LATIN: Final = re.compile(r"[ -~]+")
# What is not seen can make a name look like another: controls, marks that turn the direction of a
# text, fillers and letters without a shape, tags, what Unicode has set aside. The two joiners are
# none of it, since Persian and Indic names are spelt with them.
HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e007f]"
)
DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?P<time>[T ][0-9:.+Z-]{2,24})?", re.ASCII)
COUNTRY_FORM: Final = re.compile(r"[A-Za-z]{2}", re.ASCII)
DIGITS: Final = re.compile(rf"[0-9]{{1,{DIGITS_MAX}}}", re.ASCII)


def same(one: Any, other: Any) -> bool:
    """Whether two values of JSON say the same; 1 and true do not."""
    return canonical(one) == canonical(other)


def folded(key: str) -> str:
    """A key without capitals and underscores."""
    return key.replace("_", "").lower()


# The fields of each component by their spellings, and by those without capitals and underscores.
SPELLINGS: Final[Mapping[type, Mapping[str, Element]]] = {
    component: {name: one for one in several for name in (*one.names.values(), *one.others) if name}
    for component, several in ELEMENTS.items()
}
FOLDED: Final[Mapping[type, Mapping[str, Element]]] = {
    component: {folded(name): one for name, one in several.items()}
    for component, several in SPELLINGS.items()
}


def match(component: type, key: str) -> tuple[Element, bool] | None:
    """Which field a key stands for, and whether it is spelt as anybody spells it."""
    if (one := SPELLINGS[component].get(key)) is not None:
        return one, True
    one = FOLDED[component].get(folded(key))
    return None if one is None else (one, False)


class Reader:
    """Reads one record, and gathers what departs and what is refused.

    What it finds is in the order of the model and of keys sorted, never of keys as they came: so a
    record's canonical JSON is read as it was itself.
    """

    def __init__(self, version: Version) -> None:
        self.version = version
        self.departures: list[Departure] = []
        self.refusals: list[Refusal] = []

    def note(self, deviation: Deviation, path: str) -> None:
        """Name a departure."""
        self.departures.append(Departure(deviation, path))

    def wrong(self, path: str, why: str) -> None:
        """Refuse a field that is not of its datatype."""
        self.refusals.append(FieldWrong(f"{path}: {why}", path=path))

    def judge(self, several: Iterable[Refusal], *, strict: bool) -> None:
        """Sort what is wrong with a record into what is borne (strictly, nothing) and what not."""
        for one in several:
            borne = TOLERABLE.get(type(one))
            if borne is None or strict:
                self.refusals.append(one)
            else:
                self.note(borne, one.context["path"])

    def component(self, kind: Any, value: Any, path: str) -> Any:
        """Read an object; None if it lacks what it needs."""
        if not isinstance(value, dict):
            self.wrong(path, "no object")
            return None
        said = self._said(kind, value, path)
        found, whole = {}, True
        for one in ELEMENTS[kind]:
            before = len(self.refusals)
            inner = self._element(one, *said[one.field]) if one.field in said else None
            if inner is not None:
                found[one.field] = inner
            elif one.needed:
                whole = False
                if len(self.refusals) == before:
                    where = step(path, one.names[self.version])
                    self.refusals.append(FieldMissing(f"{where} is missing", path=where))
        return kind(**found) if whole else None

    def _said(self, kind: type, value: dict[str, Any], path: str) -> dict[str, tuple[Any, str]]:
        """What an object says of each field of a component, and where."""
        said: dict[str, tuple[Any, str]] = {}
        for key, inner in sorted(value.items()):
            where = step(path, key)
            hit = match(kind, key)
            if hit is None:
                self.note(Deviation.UNKNOWN_FIELD, where)
                continue
            one, is_spelt = hit
            if not is_spelt:
                self.note(Deviation.FIELD_CASE, where)
            elif key != one.names[self.version]:
                of_other = key in one.names.values()
                other = Deviation.OTHER_VERSION if of_other else Deviation.OTHER_SPELLING
                self.note(other, where)
            if one.field not in said:
                said[one.field] = (inner, where)
            elif same(said[one.field][0], inner):
                self.note(Deviation.SAID_TWICE, where)
            else:
                detail = f"{where}: said otherwise at {said[one.field][1]}"
                self.refusals.append(Contradiction(detail, path=where))
        return said

    def _element(self, one: Element, value: Any, path: str) -> Any:
        """Read a field; None if it is not said, or refused."""
        if one.wrapped:
            value, path = self._unwrapped(one, value, path)
        if value is None:
            self.note(Deviation.NULL, path)
            return None
        if one.often:
            return self._several(one, value, path) or None
        if isinstance(value, list):
            if not value:
                self.note(Deviation.EMPTY, path)
                return None
            if not all(same(other, value[0]) for other in value):
                detail = f"{path}: {len(value)} that differ, where there is one"
                self.refusals.append(Contradiction(detail, path=path))
                return None
            self.note(Deviation.ARRAY_FOR_SINGLE, path)
            value, path = value[0], f"{path}[0]"
        return self._item(one, value, path)

    def _unwrapped(self, one: Element, value: Any, path: str) -> tuple[Any, str]:
        """What stands in an entity that has one element, of the entity's own name."""
        if isinstance(value, dict):
            names = [key for key in sorted(value) if folded(key) == folded(one.field)]
            if names:
                for key in sorted(value):
                    if key != one.names[self.version]:
                        other = Deviation.FIELD_CASE if key in names else Deviation.UNKNOWN_FIELD
                        self.note(other, step(path, key))
                if not all(same(value[key], value[names[0]]) for key in names):
                    detail = f"{path}: one name in {len(names)} spellings, with different content"
                    self.refusals.append(Contradiction(detail, path=path))
                return value[names[0]], step(path, names[0])
        self.note(Deviation.FLAT, path)
        return value, path

    def _several(self, one: Element, value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            self.note(Deviation.SINGLE_FOR_ARRAY, path)
            inner = self._item(one, value, path)
            return () if inner is None else (inner,)
        if not value:
            self.note(Deviation.EMPTY, path)
        if len(value) > COUNT_MAX:
            self.wrong(path, f"{len(value)} of them, more than {COUNT_MAX}")
            return ()
        if len(value) > one.often:
            self.note(Deviation.COUNT, path)
        read = [self._item(one, inner, f"{path}[{place}]") for place, inner in enumerate(value)]
        return tuple(inner for inner in read if inner is not None)

    def _item(self, one: Element, value: Any, path: str) -> Any:
        if is_component(one.kind):
            if value == {}:
                self.note(Deviation.EMPTY, path)
                return None
            return self.component(one.kind, value, path)
        if one.kind is int:
            return self._number(value, path)
        text = self._text(value, path)
        return None if text is None else self._scalar(one, text, path)

    def _scalar(self, one: Element, text: str, path: str) -> Any:
        if one.kind is date:
            return self._day(text, path)
        if one.kind is not str:
            return self._code(one.kind, text, path)
        assert one.text is not None
        if one.text is COUNTRY:
            return self._country(text, path)
        return self._measured(one.text, text, path)

    def _text(self, value: Any, path: str) -> str | None:
        if type(value) is int:
            self.note(Deviation.NUMBER_FOR_TEXT, path)
            value = str(value)
        if not isinstance(value, str):
            self.wrong(path, "no text")
        elif len(value) > TEXT_LENGTH_MAX:
            self.wrong(path, f"{len(value)} characters, more than {TEXT_LENGTH_MAX}")
        elif HIDDEN.search(value):
            self.wrong(path, "characters that are not seen")
        elif not value.strip():
            self.note(Deviation.EMPTY, path)
        else:
            return value
        return None

    def _measured(self, form: Text, text: str, path: str) -> str:
        """Note what a text is not, and take it."""
        is_2020 = self.version is Version.V2020
        if len(text) > (form.length_before if is_2020 and form.length_before else form.length_max):
            self.note(Deviation.LENGTH, path)
        if not form.local and not LATIN.fullmatch(text):
            self.note(Deviation.CHARACTERS, path)
        return text

    def _country(self, text: str, path: str) -> str | None:
        if not COUNTRY_FORM.fullmatch(text):
            self.wrong(path, "a country is two letters")
            return None
        if text != text.upper():
            self.note(Deviation.CODE_CASE, path)
        return text.upper()

    def _code(self, kind: type[StrEnum], text: str, path: str) -> StrEnum | None:
        if kind is Version and text.startswith("IVMS"):  # as in the standard's own examples
            self.note(Deviation.OTHER_SPELLING, path)
            text = text.removeprefix("IVMS")
        for one in kind:
            if one == text:
                return one
            if text.isascii() and one.lower() == text.lower():
                self.note(Deviation.CODE_CASE, path)
                return one
        self.wrong(path, f"one of {', '.join(kind)}")
        return None

    def _day(self, text: str, path: str) -> date | None:
        form = DAY.fullmatch(text)
        try:
            day = date.fromisoformat(form[1]) if form else None
        except ValueError:
            day = None
        if day is None:
            self.wrong(path, "a date is YYYY-MM-DD")
        elif form and form["time"]:
            self.note(Deviation.DATE_WITH_TIME, path)
        return day

    def _number(self, value: Any, path: str) -> int | None:
        if isinstance(value, str) and DIGITS.fullmatch(value):
            self.note(Deviation.TEXT_FOR_NUMBER, path)
            value = int(value)
        if type(value) is not int or value < 0:
            self.wrong(path, "a whole number from 0")
            return None
        return value
