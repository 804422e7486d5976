"""Travel Rule records in tests: of two firms, complete or with something left out."""

import json
from pathlib import Path
from typing import Any

from tests.enacted import Market
from tests.hands import BELA
from tests.recorded import enter
from tests.vasps import ORIGIN, SINCE, TARGET, vasp

from clearhouse.core.associate import Associate
from clearhouse.core.command import FileRecords
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.owner import ENTITIES, Entity
from clearhouse.core.participant import Participant
from clearhouse.core.travel_rule.records import TRAVEL_RECORDS, TravelRecord, Vasp
from clearhouse.operations.house import House
from clearhouse.operations.records import prepare
from clearhouse.operations.sheet import sheet_of
from clearhouse.operations.travel_records import filed
from clearhouse.store import records, registers


def legal(name: str, lei: str, country: str, **more: Any) -> dict[str, Any]:
    """A legal person in IVMS 101.2023, as a full or revised record has it."""
    number = {"nationalIdentifier": lei, "nationalIdentifierType": "LEIX"}
    place = {
        "addressType": "BIZZ",
        "streetName": "Harbour Street",
        "buildingNumber": "7",
        "townName": "Osthavn",
        "country": country,
    }
    names = [{"legalPersonName": name, "legalPersonNameIdentifierType": "LEGL"}]
    said = {
        "name": {"nameIdentifier": names},
        "geographicAddress": [place],
        "nationalIdentification": number,
        **more,
    }
    return {"legalPerson": {key: one for key, one in said.items() if one is not None}}


def content(
    payer: Participant,
    payee: Participant,
    *,
    origin: str = ORIGIN,
    target: str = TARGET,
    payee_name: str = "",
    **of_payer: Any,
) -> dict[str, Any]:
    """A record of 101.2023; the house itself, as a provider, is named without an LEI."""
    originator = legal(payer.name, payer.id, payer.residence, **of_payer)
    beneficiary = legal(payee_name or payee.name, payee.id, payee.residence)
    return {
        "originator": {"originatorPerson": [{**originator, "accountNumber": ["1"]}]},
        "beneficiary": {"beneficiaryPerson": [{**beneficiary, "accountNumber": ["2"]}]},
        "originatingVASP": {"originatingVASP": named(origin)},
        "beneficiaryVASP": {"beneficiaryVASP": named(target)},
        "payloadMetadata": {"payloadVersion": "101.2023"},
    }


def named(lei: str) -> dict[str, Any]:
    """A provider of a record; "" is the house."""
    if lei:
        return legal(f"Provider {lei[:4]}", lei, "XA", geographicAddress=None)
    more = {"geographicAddress": None, "nationalIdentification": None}
    place = {"customerIdentification": "the house"}
    return legal("The Clearing House", "", "XA", **more, **place)


def encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record).encode()


def keep_with(
    house: House, folder: Path, party: ParticipantId, lei: str, verified: Vasp | None
) -> None:
    """Two people enter that a firm keeps its coin with a provider, and perhaps that it is one."""
    if not records.current(house.db, ENTITIES, ids=[lei]):
        enter(house, folder, Entity(lei, "company", f"Provider {lei[:4]}", "XA"))
    if verified is not None:
        enter(house, folder, verified)
    enter(house, folder, Associate(party, lei, "platform", "its own statement", SINCE))


def kept_by(market: Market, letter: str, lei: str, *, verified: bool = True) -> None:
    """As `keep_with`, in a market."""
    one = vasp(lei) if verified else None
    keep_with(market.house, market.folder, market.firm(letter).id, lei, one)


def file(house: House, id: ObligationId, said: bytes) -> TravelRecord:
    """Bela files a record; answers it as it is kept."""
    sheet = sheet_of(house, TRAVEL_RECORDS, filed(house, id, said))
    BELA.order(house, FileRecords(TRAVEL_RECORDS.name, prepare(house, sheet), 1))
    (found,) = records.current(house.db, TRAVEL_RECORDS, "obligation", [id])
    assert isinstance(found, TravelRecord)
    return found


def owing(market: Market) -> TravelRecord:
    """The record of a new payment, as somebody could file it."""
    (id,) = market.trade("A>b 100.00")
    everybody = registers.participants(market.house.db)
    parties = (everybody[market.firm(letter).id] for letter in "Ab")
    return filed(market.house, id, encoded(content(*parties)))
