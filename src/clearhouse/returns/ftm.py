"""FollowTheMoney: who takes part, who owns, and what, as JSON for other systems, a line each.

What `feeds/ftm` reads again as the same records. A natural person's name stays in the dossier, so
of persons there is the id alone. The same records give the same bytes.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from clearhouse.core import ids
from clearhouse.core.owner import (
    ENTITIES,
    ENTITY,
    HOLDINGS,
    PERSONS,
    Entity,
    Holding,
    PersonOwner,
    percent,
)
from clearhouse.core.participant import LEGAL_ENTITIES, LegalEntity

SCHEMA = {
    "company": "Company",
    "trust": "LegalEntity",
    "fund": "Company",
    "foundation": "Organization",
    "state": "PublicBody",
}


Written = LegalEntity | Entity | PersonOwner | Holding
# Registers of what is written so. Who takes part is not read so: where it is paid is missing.
WRITTEN = tuple(one.name for one in (LEGAL_ENTITIES, ENTITIES, PERSONS, HOLDINGS))


def as_ftm(records: Iterable[Written]) -> Iterator[str]:
    """Render records, a line each."""
    for one in records:
        id, schema, properties = _object(one)
        said = {name: [text] for name, text in properties.items() if text}
        yield (
            json.dumps({"id": id, "schema": schema, "properties": said}, ensure_ascii=False) + "\n"
        )


def _object(one: Written) -> tuple[str, str, dict[str, Any]]:
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
        case LegalEntity():
            properties = {
                "name": one.name,
                "leiCode": one.participant,
                "jurisdiction": one.residence.lower(),
            }
            return one.participant, "Company", properties
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
