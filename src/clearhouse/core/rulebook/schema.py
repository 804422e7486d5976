"""The form of a rulebook's files, as a JSON Schema that editors and other programs can use.

It is made from the vocabulary, checked before anything is read, and published as
docs/reference/rulebook.schema.json. What a schema cannot say (conditions, dates in order, cases
that fail) is checked by `reading`.
"""

from collections.abc import Mapping, Sequence

from clearhouse.core.rulebook.rule import Day, Outcome, Role
from clearhouse.core.rulebook.vocabulary import (
    COUNTRY_ENDS,
    CURRENCIES,
    ENDS,
    LOCATION_ENDS,
    PLAIN_UNITS,
    QUANTITIES,
    RETURNS,
    STANDARDS,
    SUBJECTS,
    WORDS,
)
from clearhouse.core.timetable import Stage

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LINKS = ("party", "pair", "contract", "asset")
DEADLINE_UNITS = ("hours", "days", "business-days", "day-of-next-month")
TEXT_MAX = 1000
CASES_MAX = 100
REGION_LENGTH_MAX = 40
DAYS_BEFORE_MAX = 5  # so many business days before a value date its cycle may begin
APPROVALS_MIN = 2  # a pilot regime is let be by two authorities at least

Schema = dict[str, object]


def _table(needed: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**needed, **(optional or {})},
        "required": list(needed),
        "additionalProperties": False,
    }


def _one_of(words: Sequence[str]) -> Schema:
    values: object = list(words)
    return {"enum": values}


def _some(words: Sequence[str]) -> Schema:
    return {"type": "array", "items": _one_of(words), "minItems": 1, "uniqueItems": True}


def _list(of: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": of, "minItems": least, "maxItems": CASES_MAX}


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
DATE: Schema = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
TIME: Schema = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$"}
CLOCK: Schema = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
INSTANT: Schema = {
    "type": "string",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\+00:00$",
}
CODE: Schema = {"type": "string", "pattern": "^[A-Z]{2}$"}
LOCATION: Schema = {"type": "string", "pattern": "^[A-Z]{2}[A-Z2-9]{3}$"}
AREA: Schema = {"type": "string", "pattern": "^[A-Z]{2}([A-Z2-9]{3})?$"}
REGION: Schema = {
    "type": "string",
    "pattern": "^[A-Z]{2}-[A-Z0-9]+(-[A-Z0-9]+)*$",
    "maxLength": REGION_LENGTH_MAX,
}
ID: Schema = {
    "type": "string",
    "pattern": "^[A-Z]{2}(\\.[a-z0-9]+(-[a-z0-9]+)*)+$",
    "maxLength": 80,
}
NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 40}
KIND: Schema = {"type": "string", "pattern": "^[a-z]+$", "maxLength": 20}
FACTS: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "boolean", "integer", "array"]},
}
CASES = _list(FACTS)
HEAD: Mapping[str, Schema] = {"id": ID, "citation": TEXT, "effective_from": DATE}
ENDING: Mapping[str, Schema] = {"effective_to": DATE}


def schema() -> Schema:
    """The schema of one file: a jurisdiction's head, or its law on one subject."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A file of a Clearhouse rulebook, TOML's dates and times written as text",
        "oneOf": [jurisdiction(), law()],
    }


def jurisdiction() -> Schema:
    """The schema of a jurisdiction's own file."""
    days = {**_some(WEEKDAYS), "maxItems": len(WEEKDAYS) - 1}
    head = {"jurisdiction": CODE, "name": TEXT, "zone": TEXT, "weekend": days}
    regions: Schema = {"type": "array", "items": REGION, "maxItems": 64, "uniqueItems": True}
    return _table(head, {"holidays": _list(DATE), "regions": regions})


def law() -> Schema:
    """The schema of its law on one subject."""
    parts = {
        "rule": _list(_rule()),
        "standard": _list(_standard()),
        "fixing": _list(_fixing()),
        "timetable": _list(_timetable()),
        "closure": _list(_closure()),
        "programme": _list(_programme()),
    }
    return _table({"jurisdiction": CODE, "subject": _one_of([*SUBJECTS])}, parts)


def _rule() -> Schema:
    scope = _table(
        {"roles": _some([*Role])},
        {
            "classes": _some(WORDS["class"]),
            "assets": _some(WORDS["asset"]),
            "transactions": _some(WORDS["transaction"]),
        },
    )
    deadline = _table(
        {"count": _whole(0, 3660), "unit": _one_of(DEADLINE_UNITS), "zone": TEXT},
        {"time": TIME, "rolls": {"type": "boolean"}},
    )
    vectors = _table(
        {"fires": _list(FACTS, 1)}, {"given": FACTS, "silent": CASES, "unknown": CASES}
    )
    return _table(
        {
            **HEAD,
            "says": TEXT,
            "applies_to": scope,
            "outcome": _one_of([*Outcome]),
            "vectors": vectors,
        },
        {
            **ENDING,
            "source": _one_of(("S", "S2", "R")),
            "when": {"type": "string"},
            "parameters": {
                "type": "object",
                "propertyNames": NAME,
                "additionalProperties": _parameter(),
            },
            "rate": _rate(),
            "window": _table({"by": _one_of(LINKS), "days": _whole(1, 3660)}),
            "transition": _table({"on": _one_of([*Day]), "citation": TEXT}),
            "deadline": deadline,
            "due": _table(
                {"what": TEXT, "to": TEXT}, {"form": _one_of(RETURNS), "late_fee": _parameter()}
            ),
            "waivable": {"type": "boolean"},
        },
    )


def _rate() -> Schema:
    return _table({"name": _one_of(("fixing", "official")), "on": _one_of([*Day])})


def _parameter() -> Schema:
    units = [
        *CURRENCIES,
        *sorted(PLAIN_UNITS),
        *QUANTITIES,
        "day",
        *WORDS,
        "jurisdiction",
        "region",
    ]
    texts = {"type": "array", "items": TEXT, "minItems": 1, "maxItems": 64, "uniqueItems": True}
    forms: object = [{"type": "integer"}, TEXT, texts]
    return _table({"value": {"anyOf": forms}, "unit": _one_of(units)})


def _standard() -> Schema:
    measures = _list({"type": "integer"}, 1)
    return _table(
        {
            **HEAD,
            "standard": _one_of([*STANDARDS]),
            "value": {"type": "integer"},
            "unit": _one_of(sorted({each.unit for each in STANDARDS.values()})),
            "met": measures,
            "missed": measures,
        },
        ENDING,
    )


def _fixing() -> Schema:
    return _table({**HEAD, "zone": TEXT, "hour": _whole(0, 23)}, ENDING)


def _timetable() -> Schema:
    day_and_time = _table({"day": _whole(-DAYS_BEFORE_MAX, 0), "at": CLOCK})
    forms: object = [CLOCK, day_and_time]
    case = _table({"value_date": DATE} | {str(stage): INSTANT for stage in Stage})
    moments: dict[str, Schema] = {str(stage): {"anyOf": forms} for stage in Stage}
    return _table({**HEAD, "cycle": KIND, "zone": TEXT, **moments, "cases": _list(case, 1)}, ENDING)


def _closure() -> Schema:
    places: Schema = {"type": "array", "items": AREA, "minItems": 1, "uniqueItems": True}
    ends = dict.fromkeys(COUNTRY_ENDS, CODE) | dict.fromkeys(LOCATION_ENDS, LOCATION)
    case = {**_table({}, ends), "minProperties": 1}
    return _table(
        {
            **HEAD,
            "says": TEXT,
            "places": places,
            "ends": _some(ENDS),
            "outcome": _one_of([Outcome.DENY, Outcome.HOLD]),
            "shut": _list(case, 1),
            "free": _list(case),
        },
        ENDING,
    )


def _programme() -> Schema:
    approval = _table({"authority": TEXT, "reference": TEXT, "on": DATE})
    leis: Schema = {"type": "string", "pattern": "^[0-9A-Z]{18}[0-9]{2}$"}
    participants: Schema = {"type": "array", "items": leis, "minItems": 1, "uniqueItems": True}
    ids: Schema = {"type": "array", "items": ID, "maxItems": CASES_MAX, "uniqueItems": True}
    return _table(
        {
            **HEAD,
            **ENDING,
            "says": TEXT,
            "approvals": _list(approval, APPROVALS_MIN),
            "participants": participants,
            "transactions": _some(WORDS["transaction"]),
            "waives": ids,
        },
        {
            "caps": _table({}, {"payment": _parameter(), "total": _parameter()}),
            "rate": _rate(),
        },
    )
