"""Travel Rule records as the gate looks at them: whom they travel between, and how far they came.

What is asked is given: the gate gives what is known now, and whoever asks a past decision again
what was known then. Both judge by the same function.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from clearhouse.core.associate import Associate, Role
from clearhouse.core.gate import Finding
from clearhouse.core.ids import ObligationId
from clearhouse.core.money import Asset
from clearhouse.core.obligation import Obligation
from clearhouse.core.record import in_force
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.travel_due import CURRENCY, RecordKnown, Side, due_of, judge_record
from clearhouse.core.travel_rule.records import (
    TRAVEL_EXCHANGES,
    TRAVEL_RECORDS,
    VASPS,
    TravelExchange,
    TravelRecord,
    Vasp,
)
from clearhouse.operations.facts import FIXING, Fixings
from clearhouse.operations.house import House
from clearhouse.store import records

Vasps = Mapping[str, Vasp]  # by LEI


@dataclass(frozen=True, slots=True)
class Sides:
    """A payment and its two parties, each with its platforms."""

    obligation: Obligation
    payer: Side
    payee: Side

    @property
    def is_due(self) -> bool:
        """Whether a record of it travels."""
        return bool(self.payer.platforms or self.payee.platforms)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of some payments' records.

    Attributes:
        records: By payment.
        exchanges: By payment.
        vasps: Verified on the day, by LEI.
    """

    records: Mapping[str, TravelRecord]
    exchanges: Mapping[str, Sequence[TravelExchange]]
    vasps: Vasps

    def of(self, one: Sides) -> RecordKnown:
        """What is known of a payment's record."""
        record = self.records.get(one.obligation.id)
        exchange = newest(record, self.exchanges.get(one.obligation.id, ())) if record else None
        return RecordKnown(one.payer, one.payee, record, exchange, self.vasps)


def newest(record: TravelRecord, several: Iterable[TravelExchange]) -> TravelExchange | None:
    """The exchange about a record, since it was filed, if there is one."""
    about = [
        one for one in several if one.digest == record.digest and one.asked_at >= record.filed_at
    ]
    return max(about, key=lambda one: (one.asked_at, one.identifier), default=None)


def platforms_of(acting: Iterable[Associate]) -> tuple[str, ...]:
    """Who keeps a party's coin, of those through whom it acts."""
    return tuple(sorted({one.associate for one in acting if one.role == Role.PLATFORM}))


def told_of(
    several: Iterable[TravelRecord], exchanges: Iterable[TravelExchange], vasps: Vasps
) -> Told:
    """Put together what was said, each once under its key."""
    about: dict[str, list[TravelExchange]] = {}
    for one in exchanges:
        about.setdefault(one.obligation, []).append(one)
    return Told({one.obligation: one for one in several}, about, vasps)


def told_now(house: House, obligations: Collection[str], today: date) -> Told:
    """What is said now of some payments' records."""
    ids = sorted(obligations)
    several = records.current(house.db, TRAVEL_RECORDS, "obligation", ids)
    exchanges = records.current(house.db, TRAVEL_EXCHANGES, ids=ids)
    return told_of(several, exchanges, vasps_on(records.current(house.db, VASPS), today))


def vasps_on(several: Iterable[Any], day: date) -> Vasps:
    """Of providers as they are known, those that are verified on a day."""
    return {one.vasp: one for one in in_force(VASPS, several, day)}


def judged(
    asked: Sequence[Sides], told: Told, fixings: Fixings, law: Rulebook, today: date
) -> dict[ObligationId, Finding]:
    """Look at the records of payments of which one is due; the others are left out.

    Args:
        today: The settlement date.
    """
    due = [one for one in asked if one.is_due]
    if not due:
        return {}
    rates = fixings.rates([today])
    found = {}
    for one in due:
        days = (one.obligation.traded_on, today)
        attached = {
            place for side in (one.payer, one.payee) for place in side.party.attached(*days)
        }
        worth = worth_of(one.obligation.amount.units, one.obligation.amount.asset, rates, today)
        level = due_of(worth, attached, law, today)
        found[one.obligation.id] = judge_record(one.obligation, told.of(one), level, today, law)
    return found


def worth_of(
    units: int, asset: Asset, rates: Mapping[tuple[str, str, str, date], Fraction], on: date
) -> Fraction | None:
    """What an amount is worth in the currency of the thresholds; None if that is not known."""
    if asset.code == CURRENCY:
        return Fraction(units)
    rate = rates.get((FIXING, asset.code, CURRENCY, on))
    return None if rate is None else units * rate
