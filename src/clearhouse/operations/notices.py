"""Notices: what happened to a participant's business, in a folder of that participant's own.

    outbox/
    └── 5493001KJTIIGC8Y1R17/
        ├── 000000000123.json      named by the entry's position in the journal
        └── 000000000124.json

Each file is canonical JSON and holds one entry of the journal. It is there whole or not at all, and
written again it is the same, so that a participant who has seen a position has seen it for good.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from clearhouse.core.canonical import canonical, instant
from clearhouse.core.event import encode
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.mining.reviews import BREACHES
from clearhouse.core.obligation import ObligationAffirmed, ObligationProposed
from clearhouse.core.record import RecordEntered
from clearhouse.core.rescission import ObligationRescinded, RescissionAsked
from clearhouse.core.settlement import (
    CycleSettled,
    ObligationCleared,
    PayInCalled,
    PayInFinal,
    PayInOverdue,
    PayOutPlanned,
    PositionStruck,
)
from clearhouse.core.unwinding import CycleUnwound
from clearhouse.operations.house import House
from clearhouse.store import cycles, obligations
from clearhouse.store.consumers import consume
from clearhouse.store.files import sync, write_whole
from clearhouse.store.journal import Entry

FORM = "clearhouse.notice.1"
CONSUMER = "notices"
OF_ONE = PositionStruck | PayInCalled | PayInFinal | PayInOverdue | PayOutPlanned
# Not what the gate decided: whoever may be listed is not warned (tipping off).
OF_TWO = (
    ObligationProposed
    | ObligationAffirmed
    | ObligationCleared
    | RescissionAsked
    | ObligationRescinded
)


def deliver(house: House, outbox: Path) -> int:
    """Write the notices of the journal's next entries; answers how many entries were read."""

    def take(entries: Sequence[Entry]) -> None:
        folders: set[Path] = set()
        for entry, party in _addressed(house, entries):
            folder = outbox / party
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / f"{entry.position:012}.json", _notice(entry).encode())
            folders.add(folder)
        for folder in (*folders, outbox) if folders else ():
            sync(folder)

    return consume(house.db, CONSUMER, take)


def _addressed(house: House, entries: Sequence[Entry]) -> Iterator[tuple[Entry, ParticipantId]]:
    """Whom each entry concerns."""
    named = [ObligationId(one.subject) for one in entries if isinstance(one.event, OF_TWO)]
    found = obligations.by_ids(house.db, named, house.assets)
    for entry in entries:
        event = entry.event
        if isinstance(event, OF_ONE):
            yield entry, event.participant
        elif isinstance(event, RecordEntered) and event.register == BREACHES.name:
            yield entry, ParticipantId(entry.subject)
        elif isinstance(event, CycleSettled):
            for party in cycles.parties(house.db, event.cycle):
                yield entry, party
        elif isinstance(event, CycleUnwound):
            lines = obligations.lines(house.db, event.cycle)
            for party in sorted({p for one in lines for p in (one.debtor, one.creditor)}):
                yield entry, party
        elif isinstance(event, OF_TWO):
            one = found[ObligationId(entry.subject)]
            yield entry, one.debtor
            yield entry, one.creditor


def _notice(entry: Entry) -> str:
    return canonical(
        {
            "form": FORM,
            "position": str(entry.position),
            "kind": type(entry.event).__name__,
            "subject": entry.subject,
            "body": json.loads(encode(entry.event)),
            "occurred_at": instant(entry.occurred_at),
            "recorded_at": instant(entry.recorded_at),
        }
    )
