"""The form of the law as a JSON Schema: it accepts what law can say, and nothing beside it.

Two files are written out that say everything; whatever is changed in their form is refused.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import date, time
from typing import Any

import jsonschema_rs
import pytest
from tests.laws import TEXTS, Content

from clearhouse.core.rulebook import SUBJECTS, Class, Day, Outcome, Role
from clearhouse.core.rulebook.schema import (
    DEADLINE_UNITS,
    LINKS,
    WEEKDAYS,
    jurisdiction,
    law,
    schema,
)
from clearhouse.core.rulebook.source import Path, plain
from clearhouse.core.rulebook.vocabulary import (
    CURRENCIES,
    ENDS,
    PLAIN_UNITS,
    QUANTITIES,
    STANDARDS,
    WORDS,
)
from clearhouse.core.timetable import Stage

FORM = jsonschema_rs.validator_for(schema())
COUNTRY, LAW = (jsonschema_rs.validator_for(form()) for form in (jurisdiction, law))

OWN: Content = {
    "jurisdiction": "XA",
    "name": "Norland",
    "zone": "Europe/Oslo",
    "weekend": ["Saturday", "Sunday"],
    "holidays": ["2026-01-01", "2026-05-01"],
    "regions": ["XA-NORTH", "XA-2-SOUTH"],
}
HEAD: Content = {
    "id": "XA.assets.one",
    "citation": "Act, s. 1",
    "effective_from": "2026-01-01",
    "effective_to": "2026-12-31",
}
RATE: Content = {"name": "official", "on": "settlement"}
RULE: Content = HEAD | {
    "says": "Nobody pays.",
    "source": "S2",
    "applies_to": {
        "roles": ["debtor", "creditor"],
        "classes": ["bank"],
        "assets": ["coin", "asset-token"],
        "transactions": ["trade"],
    },
    "outcome": "COLLECT",
    "when": "amount.EUR > limit",
    "parameters": {
        "limit": {"value": "1.00", "unit": "EUR"},
        "most": {"value": 3, "unit": "count"},
        "places": {"value": ["XA", "XB"], "unit": "jurisdiction"},
    },
    "rate": RATE,
    "window": {"by": "pair", "days": 30},
    "transition": {"on": "trade", "citation": "art. 99"},
    "deadline": {"count": 3, "unit": "business-days", "zone": "UTC", "time": "18:00"}
    | {"rolls": True},
    "due": {
        "what": "a report",
        "to": "the treasury",
        "form": "miner_return",
        "late_fee": {"value": "400.00", "unit": "USD"},
    },
    "waivable": True,
    "vectors": {
        "given": {"on": "2026-01-01"},
        "fires": [{"amount.EUR": "1.01", "party.licences": ["bank"]}],
        "silent": [{"contract_registered": False}, {"window.count": 2}],
        "unknown": [{}],
    },
}
STANDARD: Content = HEAD | {
    "standard": "records.kept",
    "value": 8,
    "unit": "years",
    "met": [8, 9],
    "missed": [7],
}
FIXING: Content = HEAD | {"zone": "Europe/London", "hour": 16}
TIMETABLE: Content = HEAD | {
    "cycle": "daily",
    "zone": "Europe/Oslo",
    "submission": {"day": -1, "at": "09:00"},
    "cut-off": {"day": 0, "at": "04:30"},
    "rescission": "05:00",
    "pay-in": "05:00",
    "pay-in-revised": "06:30",
    "settlement": "16:00",
    "close": "23:59",
    "cases": [
        {"value_date": "2026-03-02", **{str(one): "2026-03-02T05:00:00+00:00" for one in Stage}}
    ],
}
PROGRAMME: Content = HEAD | {
    "says": "It is tried.",
    "approvals": [
        {"authority": "Treasury", "reference": "T 1", "on": "2025-12-01"},
        {"authority": "Central Bank", "reference": "CB 2", "on": "2025-12-02"},
    ],
    "participants": ["HWUPKR0MPOU8FGXBT394", "506700GE1G29325QX363"],
    "transactions": ["trade", "sale"],
    "caps": {
        "payment": {"value": "1000.00", "unit": "EUR"},
        "total": {"value": 5000, "unit": "USD"},
    },
    "rate": RATE,
    "waives": ["XA.assets.two"],
}
CLOSURE: Content = HEAD | {
    "says": "It is closed.",
    "places": ["KV", "XCKOR"],
    "ends": ["origin", "loading"],
    "outcome": "HOLD",
    "shut": [{"origin": "KV", "destination": "KV", "flag": "KV"}],
    "free": [{"origin": "XA", "loading": "XCKOS", "discharge": "XCKOR"}],
}
ALL: Content = {
    "jurisdiction": "XA",
    "subject": "assets",
    "rule": [RULE],
    "standard": [STANDARD],
    "fixing": [FIXING],
    "timetable": [TIMETABLE],
    "programme": [PROGRAMME],
    "closure": [CLOSURE],
}
FILES = {"own": OWN, "law": ALL}
FREE = {"given", "fires", "silent", "unknown"}  # facts have the names that rules read


def places(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Everything that a file says, and where."""
    yield path, value
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from places(each, (*path, number))


def changed(name: str, path: Path, to: object) -> Content:
    """A file with something else in a place of it."""
    made: Any = deepcopy(FILES[name])
    here = made
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = to
    return dict(made)


def without(name: str, path: Path) -> Content:
    made: Any = deepcopy(FILES[name])
    here = made
    for step in path[:-1]:
        here = here[step]
    del here[path[-1]]
    return dict(made)


EVERY = [(name, path, value) for name, each in FILES.items() for path, value in places(each)]
INSIDE = [(name, path, value) for name, path, value in EVERY if path]
TABLES = [
    (name, path, value)
    for name, path, value in EVERY
    if isinstance(value, dict) and not FREE & {*path} and path[-1:] != ("parameters",)
]


def of(cases: list[tuple[str, Path, Any]]) -> dict[str, Any]:
    """Cases of a test, called after the places that they are about."""
    ids = [f"{name}: {'.'.join(map(str, path))}" for name, path, _ in cases]
    return {"argvalues": cases, "ids": ids}


# --- it is a schema ------------------------------------------------------------------------------


def test_it_is_a_schema_of_the_draft_that_it_names() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert jsonschema_rs.meta.is_valid(schema())
    assert jsonschema_rs.validator_cls_for(schema()) is jsonschema_rs.Draft202012Validator
    for form in (jurisdiction(), law()):
        assert jsonschema_rs.meta.is_valid(form | {"$schema": schema()["$schema"]})
    # The referee tells what is none.
    assert not jsonschema_rs.meta.is_valid({**schema(), "oneOf": []})
    assert not jsonschema_rs.meta.is_valid({**schema(), "title": 1})


def test_it_is_the_same_whenever_it_is_made_and_can_be_published() -> None:
    assert json.loads(json.dumps(schema())) == schema()
    assert schema() is not schema()


@pytest.mark.parametrize("name", TEXTS)
def test_every_shipped_file_has_the_form(name: str) -> None:
    content = plain(tomllib.loads(TEXTS[name]))
    assert isinstance(content, dict)

    assert FORM.is_valid(content)
    assert LAW.is_valid(content) is ("subject" in content)
    assert COUNTRY.is_valid(content) is ("subject" not in content)


def test_a_shipped_file_with_days_that_are_no_text_has_not() -> None:
    """The form is of JSON, which has no days."""
    written = plain({"on": date(2026, 1, 1), "at": time(18, 0)})

    assert written == {"on": "2026-01-01", "at": "18:00:00"}
    assert FORM.is_valid(changed("own", ("holidays",), ["2026-01-01"]))
    assert not FORM.is_valid(changed("own", ("holidays",), [20260101]))


@pytest.mark.parametrize("name", FILES)
def test_what_these_tests_change_has_the_form(name: str) -> None:
    assert FORM.is_valid(FILES[name])


def properties(form: object) -> Iterator[str]:
    """The names of all keys that a schema knows."""
    match form:
        case {"properties": dict() as known}:
            yield from known
            for each in known.values():
                yield from properties(each)
        case {"items": each} | {"additionalProperties": dict() as each}:
            yield from properties(each)
        case _:
            pass


def test_what_these_tests_change_says_everything_that_can_be_said() -> None:
    said = {step for _, path, _ in EVERY for step in path if isinstance(step, str)}

    assert {*properties(jurisdiction()), *properties(law())} <= said


# --- what it refuses everywhere ------------------------------------------------------------------


@pytest.mark.parametrize(("name", "path", "value"), **of(TABLES))
def test_a_key_that_nobody_reads_is_refused(name: str, path: Path, value: object) -> None:
    for key in ("unknown", "Id", "effective-from", "", "$ref"):
        assert not FORM.is_valid(changed(name, (*path, key), "text"))
        assert not FORM.is_valid(changed(name, (*path, key), value))


OPTIONAL: Mapping[object, set[str]] = {
    "own": {"holidays", "regions"},
    "law": {"rule", "standard", "fixing", "timetable", "programme", "closure"},
    "rule": {
        *("effective_to", "source", "when", "parameters", "rate", "window", "transition"),
        *("deadline", "due", "waivable"),
    },
    "applies_to": {"classes", "assets", "transactions"},
    "deadline": {"time", "rolls"},
    "due": {"form", "late_fee"},
    "vectors": {"given", "silent", "unknown"},
    "standard": {"effective_to"},
    "fixing": {"effective_to"},
    "timetable": {"effective_to"},
    "programme": {"caps", "rate"},
    "closure": {"effective_to"},
    "shut": {"origin", "destination", "flag"},
    "free": {"origin", "loading", "discharge"},
    "caps": {"payment", "total"},
}


@pytest.mark.parametrize(("name", "path", "value"), **of(TABLES))
def test_what_a_sentence_needs_cannot_be_left_out(
    name: str, path: Path, value: Mapping[str, object]
) -> None:
    words = [step for step in path if isinstance(step, str)]
    optional = OPTIONAL.get(words[-1] if words else name, set())

    assert optional <= value.keys()
    for key in value:
        assert FORM.is_valid(without(name, (*path, key))) is (key in optional), key


NOTHING = (None, 1.5, -0.5, {"unknown": 1}, [None], [1.5], [{"unknown": 1}])
OTHERS: Mapping[type, tuple[object, ...]] = {
    str: (*NOTHING, 1, True, ["text"]),
    bool: (*NOTHING, 0, 1, "true", [True]),
    int: (*NOTHING, True, "1", [1]),
    list: (*NOTHING, 1, True, "text"),
    dict: (*NOTHING, 1, True, "text", []),
}


def others(path: Path, value: object) -> tuple[object, ...]:
    """What is of another type than what stands at a place."""
    last = path[-1] if isinstance(path[-1], str) else path[-2]
    if FREE & {*path} and last not in FREE:  # what a fact's type is, is seen when it is read
        return NOTHING[:4] if isinstance(path[-1], str) else ()
    if last == "value" and "standard" not in path:  # a whole number, a text, or texts
        return (*NOTHING, True, [1], [["text"]])
    if last in {"given", "parameters"} or last in FREE:
        return (None, 1.5, 1, True, "text", ["text"], {"unknown": None}, {"unknown": 1.5})
    return OTHERS[type(value)]


@pytest.mark.parametrize(("name", "path", "value"), **of(INSIDE))
def test_nothing_is_of_another_type(name: str, path: Path, value: object) -> None:
    """Neither nothing at all, nor a number with a part, nor one for a text."""
    for other in others(path, value):
        assert not FORM.is_valid(changed(name, path, other)), other


# --- what stands where ---------------------------------------------------------------------------


def at(path: str) -> tuple[str, Path]:
    """The file and the place that a path is of."""
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
    return (
        "own" if steps[0] in {"name", "zone", "weekend", "holidays", "regions"} else "law"
    ), steps


def valid(path: str, value: object) -> bool:
    return FORM.is_valid(changed(*at(path), value))


EVERYTHING: Mapping[str, list[str]] = {
    "subject": [*SUBJECTS],
    "rule.0.outcome": [*Outcome],
    "rule.0.source": ["S", "S2", "R"],
    "rule.0.rate.name": ["fixing", "official"],
    "rule.0.rate.on": [*Day],
    "rule.0.window.by": [*LINKS],
    "rule.0.transition.on": [*Day],
    "rule.0.deadline.unit": [*DEADLINE_UNITS],
    "rule.0.parameters.limit.unit": [
        *(*CURRENCIES, *QUANTITIES, *PLAIN_UNITS, *WORDS),
        *("day", "jurisdiction", "region"),
    ],
    "standard.0.standard": [*STANDARDS],
    "standard.0.unit": [each.unit for each in STANDARDS.values()],
    "programme.0.rate.name": ["fixing", "official"],
    "closure.0.outcome": ["DENY", "HOLD"],
}
LISTED: Mapping[str, list[str]] = {
    "weekend": [*WEEKDAYS][:6],
    "rule.0.applies_to.roles": [*Role],
    "rule.0.applies_to.classes": [*Class],
    "rule.0.applies_to.assets": [*WORDS["asset"]],
    "rule.0.applies_to.transactions": [*WORDS["transaction"]],
    "programme.0.transactions": [*WORDS["transaction"]],
    "closure.0.ends": [*ENDS],
}


@pytest.mark.parametrize("path", EVERYTHING)
def test_each_word_of_the_vocabulary_is_one_and_no_other_is(path: str) -> None:
    for word in EVERYTHING[path]:
        assert valid(path, str(word))
        assert not valid(path, f"{word} ")
        assert not valid(path, str(word).swapcase())
    assert not valid(path, "")
    assert not valid(path, "anything")


@pytest.mark.parametrize("path", LISTED)
def test_a_list_has_words_of_its_vocabulary_each_once(path: str) -> None:
    words = [str(word) for word in LISTED[path]]
    assert valid(path, words)
    assert valid(path, words[::-1])
    for word in words:
        assert valid(path, [word])
        assert not valid(path, [word, word])
        assert not valid(path, [word, "anything"])
    assert not valid(path, [])


def test_a_week_has_a_day_that_is_worked() -> None:
    for day in WEEKDAYS:
        assert valid("weekend", [each for each in WEEKDAYS if each != day])
    assert not valid("weekend", [*WEEKDAYS])


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        ("holidays", 0, 100),
        ("rule", 0, 100),
        ("standard", 0, 100),
        ("fixing", 0, 100),
        ("timetable", 0, 100),
        ("timetable.0.cases", 1, 100),
        ("programme", 0, 100),
        ("rule.0.vectors.fires", 1, 100),
        ("rule.0.vectors.silent", 0, 100),
        ("rule.0.vectors.unknown", 0, 100),
        ("standard.0.met", 1, 100),
        ("standard.0.missed", 1, 100),
        ("programme.0.approvals", 2, 100),
        ("closure", 0, 100),
        ("closure.0.shut", 1, 100),
        ("closure.0.free", 0, 100),
    ],
)
def test_a_list_has_so_many_and_no_more(path: str, least: int, most: int) -> None:
    name, steps = at(path)
    value: Any = FILES[name]
    for step in steps:
        value = value[step]

    for count in (0, 1, 2, most, most + 1):
        assert valid(path, [value[0]] * count) is (least <= count <= most), count


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        ("regions", 0, 64),
        ("rule.0.parameters.places.value", 1, 64),
        ("programme.0.participants", 1, 1000),
        ("programme.0.waives", 0, 100),
    ],
)
def test_a_list_of_names_has_each_once(path: str, least: int, most: int) -> None:
    forms = {"programme.0.waives": "XA.rule-{}", "regions": "XA-{}"}
    form = forms.get(path, "5067{:014}00")
    names = [form.format(number) for number in range(most + 1)]

    assert valid(path, []) is (least == 0)
    assert valid(path, names[:most])
    assert not valid(path, [names[0], names[0]])
    if not path.endswith("participants"):
        assert not valid(path, names)


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        ("rule.0.window.days", 1, 3660),
        ("rule.0.deadline.count", 0, 3660),
        ("fixing.0.hour", 0, 23),
        ("timetable.0.submission.day", -5, 0),
    ],
)
def test_a_number_is_within_its_bounds(path: str, least: int, most: int) -> None:
    assert [valid(path, n) for n in (least - 1, least, most, most + 1)] == [
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("value", ["1000.00", "0.5", 0, 5, -5, 2**62, "day", ["XA"], ["XA", "--"]])
def test_a_parameter_is_a_whole_number_a_text_or_texts(value: object) -> None:
    """Whether its unit has such a value is seen when it is read."""
    assert valid("rule.0.parameters.limit.value", value)
    assert valid("programme.0.caps.payment.value", value)


TEXTS_OF_LAW = (
    *("name", "zone", "rule.0.citation", "rule.0.says", "rule.0.transition.citation"),
    *("rule.0.deadline.zone", "rule.0.due.what", "rule.0.due.to", "standard.0.citation"),
    *("timetable.0.zone", "timetable.0.citation"),
    *("fixing.0.zone", "programme.0.says", "programme.0.approvals.0.authority"),
    *("programme.0.approvals.1.reference", "rule.0.parameters.limit.value"),
)


@pytest.mark.parametrize("path", TEXTS_OF_LAW)
def test_a_text_is_said_and_is_no_book(path: str) -> None:
    for text in ("x", "Norland Act 2025, s. 8(1)", "Закон № 1, § 2\nthird line", "x" * 1000):
        assert valid(path, text)
    assert not valid(path, "")
    assert not valid(path, "x" * 1001)


DATES_OF_LAW = (
    *("holidays.0", "rule.0.effective_from", "rule.0.effective_to", "standard.0.effective_from"),
    *("timetable.0.effective_to", "timetable.0.cases.0.value_date"),
    *("fixing.0.effective_to", "programme.0.effective_to", "programme.0.approvals.0.on"),
)


@pytest.mark.parametrize("path", DATES_OF_LAW)
def test_a_day_is_written_as_a_day(path: str) -> None:
    for day in ("2026-01-01", "9999-12-31", "0001-01-01"):
        assert valid(path, day)
    for other in (
        *("", "2026", "2026-1-1", "01.02.2026", "2026-01-01T00:00:00", " 2026-01-01"),
        *(
            "2026-01-01\n",
            "20260101",
            "2026-W01-1",
            "\u0662026-01-01",
            "x2026-01-01",
            "2026-01-011",
        ),
    ):
        assert not valid(path, other), other


def test_a_region_is_a_country_and_capitals() -> None:
    for region in ("XA-NORTH", "XA-2", "AA-A-B-3", f"XA-{'N' * 37}"):
        assert valid("regions.0", region)
    for other in (
        *("", "XA", "XA-", "NORTH", "XA-North", "XA NORTH", "XA--NORTH", "XA-NORTH-", "X-NORTH"),
        *("XAA-NORTH", "XA-NÖRD", "XA-NORTH\n", " XA-NORTH", "XA.NORTH", f"XA-{'N' * 38}"),
    ):
        assert not valid("regions.0", other), other


@pytest.mark.parametrize(
    "path", ["rule.0.id", "fixing.0.id", "timetable.0.id", "programme.0.waives.0"]
)
def test_an_id_is_a_place_and_names(path: str) -> None:
    for id in ("XA.a", "XA.assets.one", "ZZ.a-b.c2-d3.4", "XA." + "a" * 77):
        assert valid(path, id), id
    for other in (
        *("", "XA", "XA.", "xa.a", "XAB.a", "X.a", "XA.A", "XA.a_b", "XA.a..b", "XA.a.", "XA.-a"),
        *("XA.a-", "XA.a--b", "XA. a", "XA.a b", "XA.é", "XA.a\n", "\nXA.a", "XA." + "a" * 78),
    ):
        assert not valid(path, other), other


@pytest.mark.parametrize(
    ("path", "good", "bad"),
    [
        ("jurisdiction", ["XA", "NO"], ["xa", "X", "XAB", "", "XA ", "X1", "ÅÄ"]),
        (
            "programme.0.participants.0",
            ["5493001KJTIIGC8Y1R12", "00000000000000000000"],
            [
                *("", "5493001KJTIIGC8Y1R1", "5493001KJTIIGC8Y1R123", "5493001kjtiigc8y1r12"),
                *("5493001KJTIIGC8Y1RXX", "5493001KJTIIGC8Y1R12\n", "5493-001KJTIIGC8Y1R1"),
            ],
        ),
        (
            "rule.0.deadline.time",
            ["00:00", "18:00", "23:59:59", "99:99"],  # whether there is such a time is seen later
            ["", "6", "6:00", "18.00", "18:00:0", "18:00:00.5", "18:00Z", "18:00+01:00", " 18:00"],
        ),
        *(
            (path, ["00:00", "09:30", "23:59"], ["", "9:30", "24:00", "12:60", "12:00:00", "-1 9"])
            for path in ("timetable.0.submission.at", "timetable.0.cut-off", "timetable.0.close")
        ),
        (
            "timetable.0.cases.0.pay-in",
            ["2026-03-02T05:00:00+00:00"],
            [
                *("2026-03-02", "2026-03-02T05:00:00", "2026-03-02T05:00:00Z", "05:00"),
                *("2026-03-02T05:00:00+01:00", "2026-03-02T05:00:00.5+00:00"),
            ],
        ),
        (
            "timetable.0.cycle",
            ["daily", "d", "d" * 20],
            ["", "Daily", "two-a-day", "day 1", "d" * 21, "d\n", "täglich"],
        ),
    ],
)
def test_what_has_a_form_is_written_in_it(path: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if not valid(path, text)] == []
    assert [text for text in bad if valid(path, text)] == []


def test_a_parameter_has_a_name_that_a_condition_can_say() -> None:
    value = {"value": 1, "unit": "count"}
    for name in ("a", "limit", "most_of_2", "a" * 40):
        assert FORM.is_valid(changed("law", ("rule", 0, "parameters", name), value)), name
    for name in ("", "A", "2a", "_a", "a-b", "a.b", "a b", "é", "a\n", "a" * 41):
        assert not FORM.is_valid(changed("law", ("rule", 0, "parameters", name), value)), name


def test_a_file_is_of_a_jurisdiction_or_of_its_law_and_not_of_both() -> None:
    assert not FORM.is_valid({})
    assert not FORM.is_valid([])
    assert not FORM.is_valid(OWN | ALL)
    assert not FORM.is_valid(OWN | {"subject": "assets"})
    assert not FORM.is_valid({"jurisdiction": "XA"})
    assert FORM.is_valid({"jurisdiction": "XA", "subject": "assets"})
