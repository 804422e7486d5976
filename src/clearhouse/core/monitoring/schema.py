"""The form of a programme's files; what a schema cannot say is checked by `reading`."""

from clearhouse.core.monitoring.measures import MEASURES
from clearhouse.core.monitoring.programme import CUT_BAND, MILLE, UNKNOWN_BAND

Schema = dict[str, object]

UNITS = ("BTC", "EUR", "USD")
ID = r"^[a-z]+(-[a-z]+)*(\.[a-z]+(-[a-z]+)*)?$"
NUMBER_MAX = 10**12
TEXT_MAX = 1000
SOURCES = ("S", "S2", "R")  # read, another's account, recalled: as in the rulebook
ITEMS_MAX = 200
BANDS_MAX = 10


def _table(needed: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**needed, **(optional or {})},
        "required": list(needed),
        "additionalProperties": False,
    }


def _list(of: Schema, least: int = 1, most: int = ITEMS_MAX) -> Schema:
    return {"type": "array", "items": of, "minItems": least, "maxItems": most}


def _whole(most: int) -> Schema:
    return {"type": "integer", "minimum": 0, "maximum": most}


def form() -> Schema:
    """The form of one file."""
    text: Schema = {"type": "string", "minLength": 1, "maxLength": TEXT_MAX}
    id: Schema = {"type": "string", "pattern": ID, "maxLength": 80}
    band: Schema = {"allOf": [id, {"not": {"enum": [UNKNOWN_BAND, CUT_BAND]}}]}
    measure: Schema = {"enum": sorted(MEASURES)}
    case = {"says": text, "payments": _list(text)}
    rule = _table(
        {
            "id": id,
            "says": text,
            "citation": text,
            "source": {"enum": list(SOURCES)},
            "measure": measure,
            "given": {"type": "object"},
            "bands": _list(
                _table({"name": band}, {"from": _whole(NUMBER_MAX), "below": _whole(NUMBER_MAX)}),
                2,
                BANDS_MAX,
            ),
            "planted": _list(_table({**case, "band": id})),
            "near": _list(_table({**case}, {"band": id})),
        }
    )
    weights: Schema = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "object", "additionalProperties": _whole(MILLE)},
    }
    typology = _table(
        {
            "id": id,
            "version": {"type": "integer", "minimum": 1, "maximum": NUMBER_MAX},
            "says": text,
            "alert": _whole(NUMBER_MAX),
            "interdict": _whole(NUMBER_MAX),
            "weights": weights,
            "planted": _list(_table({**case, "outcome": {"enum": ["alert", "interdict"]}})),
            "near": _list(_table(case)),
        }
    )
    return _table(
        {"unit": {"enum": list(UNITS)}},
        {"rule": _list(rule), "typology": _list(typology)},
    )
