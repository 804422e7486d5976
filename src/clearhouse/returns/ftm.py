"""FollowTheMoney: entities, persons and holdings as JSON, an object a line, for other systems.

What `feeds/ftm` reads again as the same records. A natural person's name stays in the dossier, so
of persons there is the id alone. The same records give the same bytes.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from clearhouse.core import ids
from clearhouse.core.owner import ENTITY, Entity, Holding, PersonOwner, percent

SCHEMA = {
    "company": "Company",
    "trust": "LegalEntity",
    "fund": "Company",
    "foundation": "Organization",
    "state": "PublicBody",
}


def as_ftm(records: Iterable[Entity | PersonOwner | Holding]) -> Iterator[str]:
    """Render records, a line each."""
    for one in records:
        id, schema, properties = _object(one)
        said = {name: [text] for name, text in properties.items() if text}
        yield (
            json.dumps({"id": id, "schema": schema, "properties": said}, ensure_ascii=False) + "\n"
        )


def _object(one: Entity | PersonOwner | Holding) -> tuple[str, str, dict[str, Any]]:
    match one:
        case Entity():
            lei = "" if one.entity.startswith(f"{ENTITY}_") else one.entity
            properties = {
                "name": one.name,
                "leiCode": lei,
                "jurisdiction": one.jurisdiction.lower(),
                "registrationNumber": one.number,
                "legalForm": one.kind,
            }
            return one.entity, SCHEMA[one.kind], properties
        case PersonOwner():
            return one.entity, "Person", {}
        case Holding():
            properties = {
                "owner": one.owner,
                "asset": one.owned,
                "percentage": percent(one.share).removesuffix(" %") if one.share else "",
                "role": "control" if one.control else "",
                "recordId": one.source,
                "startDate": one.since.isoformat(),
                "endDate": one.until.isoformat() if one.until else "",
            }
            id = ids.derived("hld", one.owner, one.owned, one.since.isoformat())
            return id, "Ownership", properties
