"""Providers and Travel Rule records of tests, as registers have them."""

from datetime import UTC, date, datetime
from typing import Any

from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.travel_rule.endpoint import Endpoint
from clearhouse.core.travel_rule.records import TravelRecord, Vasp
from clearhouse.core.travel_rule.travel_address import encode

ORIGIN = "506700GE1G29325QX363"  # a provider, who keeps the coin of who pays
TARGET = "724500NEWFIRM0TEST48"  # another, of who is paid
SINCE, UNTIL = date(2026, 2, 1), date(2027, 2, 1)


def vasp(lei: str = ORIGIN, **other: Any) -> Vasp:
    """A provider that is verified."""
    said = {
        "vasp": lei,
        "name": f"Provider {lei[:4]}",
        "jurisdiction": "XA",
        "authority": "Norland Central Bank",
        "licence": "VASP 7",
        "travel_address": encode(Endpoint("provider.example", 443, f"/inquiries/{lei}", "t=i")),
        "certificate": "by-issuer",
        "since": SINCE,
        "until": UNTIL,
    }
    return Vasp(**{**said, **other})


def record_of(party: ParticipantId, id: ObligationId, **other: Any) -> TravelRecord:
    """The head of a record, of which nothing else is there."""
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    said = {"content": "{}"} | other
    return TravelRecord(party, id, "0" * 64, "101", "full", 1000, at, **said)
