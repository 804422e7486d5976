"""FollowTheMoney files: entities, natural persons and holdings as JSON, an object a line.

```text
Company, LegalEntity, Organization, PublicBody   an entity; with a leiCode it is known by that
Person                                           a natural person who owns
Ownership                                        a holding: owner, asset, percentage, startDate
```

An id of FollowTheMoney becomes one of ours, always the same; an LEI, and ids of ours, stay. What
else a file holds is passed over. Of a property with several values the first is taken.

Source: FollowTheMoney's schema, as OpenSanctions and OpenOwnership publish it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from clearhouse.core import ids
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ID_FORM
from clearhouse.core.owner import ENTITIES, ENTITY, HOLDINGS, PERSON, PERSONS
from clearhouse.feeds.lines import FileEmpty, Line, lines
from clearhouse.feeds.objects import ObjectWrong
from clearhouse.feeds.table import Row

COMPANIES = {
    "Company": "company",
    "LegalEntity": "company",
    "Organization": "foundation",
    "PublicBody": "state",
}
KINDS = {"company", "trust", "fund", "foundation", "state"}
SCHEMATA = {
    ENTITIES.name: frozenset(COMPANIES),
    PERSONS.name: frozenset({"Person"}),
    HOLDINGS.name: frozenset({"Ownership"}),
}


def read_ftm(stream: BinaryIO, register: str) -> Iterator[Row]:
    """Read the objects of a file that are records of one register, as its columns name them.

    Args:
        register: entity, person_owner or holding.

    Raises:
        FileEmpty: There is nothing in it.
    """
    wanted = SCHEMATA[register]
    read = [(line, _object(line)) for line in lines(stream) if line.content != ""]
    if not read:
        raise FileEmpty("an object a line is expected")
    known = {one["id"]: _id_of(one) for _, one in read if not isinstance(one, Refusal)}
    for line, one in read:
        text = line.content if isinstance(line.content, str) else ""
        if isinstance(one, Refusal):
            yield Row(line.number, text, one, line.end)
        elif one["schema"] in wanted:
            yield Row(line.number, text, _fields(register, one, known), line.end)


def _object(line: Line) -> dict[str, Any] | Refusal:
    """An object of FollowTheMoney's form: an id, a schema, and lists of texts by property."""
    if isinstance(line.content, Refusal):
        return line.content
    about = f"line {line.number}"
    try:
        one = json.loads(line.content)
    except (ValueError, RecursionError) as trouble:
        return ObjectWrong(f"{about} is not JSON: {trouble}")
    if not isinstance(one, dict):
        return ObjectWrong(f"{about} is no object")
    properties = one.get("properties")
    named = isinstance(one.get("id"), str) and isinstance(one.get("schema"), str)
    if not named or not isinstance(properties, dict):
        return ObjectWrong(f"{about}: id, schema and properties are expected")
    for name, values in properties.items():
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            return ObjectWrong(f"{about}: {name!a:.40} is no list of texts")
    return one


def _first(one: Mapping[str, Any], name: str) -> str:
    values = one["properties"].get(name) or [""]
    return str(values[0])


def _id_of(one: Mapping[str, Any]) -> str:
    """What an object is known by here."""
    prefix = PERSON if one["schema"] == "Person" else ENTITY
    given = str(one["id"])
    form = ID_FORM.fullmatch(given)
    if form is not None and form["prefix"] == prefix:
        return given
    return _first(one, "leiCode") or ids.derived(prefix, "ftm", given)


def _fields(register: str, one: Mapping[str, Any], known: Mapping[str, str]) -> Mapping[str, str]:
    if register == ENTITIES.name:
        form = _first(one, "legalForm")
        return {
            "entity": _id_of(one),
            "kind": form if form in KINDS else COMPANIES[one["schema"]],
            "name": _first(one, "name"),
            "jurisdiction": (_first(one, "jurisdiction") or _first(one, "country")).upper(),
            "number": _first(one, "registrationNumber"),
        }
    if register == PERSONS.name:
        return {
            "entity": _id_of(one),
            "name": _first(one, "name"),
            "born": _first(one, "birthDate"),
            "nationality": (_first(one, "nationality") or _first(one, "country")).upper(),
        }
    owner, owned = _first(one, "owner"), _first(one, "asset")
    return {
        "owner": known.get(owner, owner),
        "owned": known.get(owned, owned),
        "share": _first(one, "percentage").removesuffix("%").strip() or "0",
        "control": "yes" if _first(one, "role") == "control" else "no",
        "source": _first(one, "recordId") or f"FollowTheMoney {one['id']}",
        "since": _first(one, "startDate"),
        "until": _first(one, "endDate"),
    }
