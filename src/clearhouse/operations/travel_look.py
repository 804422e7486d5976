"""Travel Rule records as people look at them: of which payments one is due, and what stops those.

It is what the gate finds, asked of payments that are not settled yet, with nothing recorded.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from clearhouse.core.associate import ASSOCIATES
from clearhouse.core.gate import Ground, Verdict
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import Obligation
from clearhouse.core.travel_due import Side
from clearhouse.core.travel_rule.hops import FIRST, Hop, hop_digest
from clearhouse.core.travel_rule.records import (
    TRAVEL_EXCHANGES,
    TravelExchange,
    TravelRecord,
    TravelRecordUnknown,
)
from clearhouse.operations.facts import Fixings
from clearhouse.operations.house import House
from clearhouse.operations.owners import associates_on
from clearhouse.operations.travelled import Sides, judged, newest, platforms_of, told_now
from clearhouse.store import decisions, obligations, records, registers


@dataclass(frozen=True, slots=True)
class Look:
    """A payment, and what is found of its record.

    Attributes:
        is_due: Whether a record travels.
        record: As it was filed, if it was.
        exchanges: All that providers were asked about the payment, in order.
        grounds: What the gate would find of it now; nothing where no record is due.
    """

    obligation: Obligation
    is_due: bool
    record: TravelRecord | None
    exchanges: Sequence[TravelExchange]
    grounds: Sequence[Ground]

    @property
    def against(self) -> list[Ground]:
        """What stops it."""
        return [one for one in self.grounds if one.verdict is not Verdict.CLEAR]

    @property
    def exchange(self) -> TravelExchange | None:
        """About the record as it was filed last."""
        return newest(self.record, self.exchanges) if self.record else None

    @property
    def hops(self) -> list[Hop]:
        """Who has held the record; nobody before it was sent."""
        one = self.exchange
        return hops(self.record, one.house, one.asked_at) if one and self.record else []


def look(house: House) -> list[Look]:
    """Payments that are not cleared yet and wait for a record, or for what is said of it."""
    waiting = obligations.waiting(house.db, house.assets)
    return [one for one in looks(house, waiting.values()) if one.against]


def look_at(house: House, id: str) -> Look:
    """One payment.

    Raises:
        TravelRecordUnknown: There is none.
    """
    found = obligations.by_ids(house.db, [ObligationId(id)], house.assets)
    if not found:
        raise TravelRecordUnknown(f"there is no {id[:40]}", obligation=id[:40])
    (one,) = looks(house, found.values())
    return one


def looks(house: House, owed: Collection[Obligation]) -> list[Look]:
    """What is found of the records of some payments, in their order."""
    today = house.today
    ids = [one.id for one in owed]
    asked = _sides(house, owed)
    told = told_now(house, ids, today)
    fixings = Fixings(house.coin, decisions.fixings(house.db, house.coin))
    found = judged(asked, told, fixings, house.rulebook, today)
    exchanges = _exchanges(house, ids)
    return [
        Look(
            one.obligation,
            one.is_due,
            told.records.get(one.obligation.id),
            exchanges.get(one.obligation.id, ()),
            found[one.obligation.id].grounds if one.is_due else (),
        )
        for one in asked
    ]


def _exchanges(house: House, ids: Iterable[str]) -> Mapping[str, list[TravelExchange]]:
    found: dict[str, list[TravelExchange]] = {}
    for one in records.current(house.db, TRAVEL_EXCHANGES, ids=sorted(ids)):
        found.setdefault(one.obligation, []).append(one)
    for several in found.values():
        several.sort(key=lambda one: (one.asked_at, one.identifier))
    return found


def _sides(house: House, owed: Collection[Obligation]) -> list[Sides]:
    """Payments with their parties, and who keeps the coin of each today."""
    whose = {id for one in owed for id in (one.debtor, one.creditor)}
    parties = registers.participants(house.db, whose)
    held = associates_on(records.current(house.db, ASSOCIATES, ids=sorted(whose)), house.today)
    acting: dict[str, list[str]] = {id: [] for id in whose}
    for one in held:
        acting[one.participant] += platforms_of([one])
    sides = {id: Side(parties[id], tuple(sorted(acting[id]))) for id in whose}
    return [Sides(one, sides[one.debtor], sides[one.creditor]) for one in owed]


def hops(one: TravelRecord, house: str, sent_at: datetime) -> list[Hop]:
    """Who has held a record: who filed it, this house, and the provider that it was sent to.

    Args:
        house: The house's LEI.
        sent_at: When the provider was asked.
    """
    holders = [(one.originating or house, one.filed_at)]
    holders += [(house, one.filed_at)] if one.originating else []
    holders += [(one.beneficiary, sent_at)]
    made: list[Hop] = []
    for place, (holder, at) in enumerate(holders):
        before = hop_digest(made[-1]) if made else FIRST
        made.append(Hop(place, one.digest, ParticipantId(holder), at, before))
    return made
