"""The house's own payments, as monitoring judges them: read from the registers, nothing recorded.

A payment is known from when its first side said it, and stays in the history whatever became of it.
It is valued at that day's reference rate; one that cannot be valued is counted, and not judged.
What is not known (where coins come from, whether somebody else pays) is unknown to the rules, too,
and never taken for harmless. Who belongs to whom, and how parties are rated, is as it is known now.

Parties belong together if they share an owner with a quarter or control, up the chain, or have been
paid by the same address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from clearhouse.core.coin_source import COIN_SOURCES
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.monitoring import (
    BackTest,
    Link,
    Monitor,
    Parties,
    Party,
    Payment,
    Programme,
    Result,
    back_test,
)
from clearhouse.core.monitoring.judging import Progress
from clearhouse.core.obligation import Obligation
from clearhouse.core.onboarding import APPLICATIONS, DECISIONS, REVIEWS, Level
from clearhouse.core.owner import HOLDINGS, WHOLE, on_day
from clearhouse.core.participant import LEGAL_ENTITIES
from clearhouse.operations.facts import FIXING, Fixings
from clearhouse.operations.house import House
from clearhouse.store import decisions, obligations, records, registers

OWNED_FROM = WHOLE // 4  # FATF, Guidance on Beneficial Ownership of Legal Persons (2023): 25 %
RATINGS = {str(level): number for number, level in enumerate((Level.LOW, Level.MEDIUM, Level.HIGH))}


class UnitsDiffer(Refusal):
    """Two programmes value payments in two units, and cannot be compared."""

    code = "monitoring.units-differ"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class History:
    """What the house has seen, in order, and how many payments could not be valued."""

    payments: Sequence[Payment]
    unvalued: int


@dataclass(frozen=True, slots=True)
class Alerts:
    """What a programme says of the history: those of which a person should look at."""

    found: Sequence[tuple[Payment, Result]]  # the newest first
    judged: int
    cut_off: int  # of which a rule could not look at all
    unvalued: int


def history(house: House, unit: str) -> History:
    """The house's payments from its beginning.

    Args:
        unit: In which the programme values them.
    """
    owed = obligations.traded(house.db, (date.min, date.max), house.assets)
    known = parties(house)
    first = {id: _said_at(one) for id, one in owed.items()}
    days = sorted({at.date() for at in first.values()})
    rates = Fixings(house.coin, decisions.fixings(house.db, house.coin)).rates(days)
    made, unvalued = [], 0
    for id, one in owed.items():
        at, code = first[id], one.amount.asset.code
        rate = 1 if code == unit else rates.get((FIXING, code, unit, at.date()))
        if rate is None:
            unvalued += 1
            continue
        amounts = {"asset": code, "amount": one.amount.units}
        value = round(one.amount.units * rate)
        made.append(known.payment(id, at, one.debtor, one.creditor, value, **amounts))
    return History(sorted(made, key=lambda one: (one.at, one.id)), unvalued)


def count(house: House) -> int:
    """How many payments the house has seen."""
    return sum(number for _, _, number in obligations.count_states(house.db))


def parties(house: House) -> Parties:
    """What is known of those who take part, and of whoever owns them."""
    links: dict[str, set[tuple[Link, str]]] = {}
    for one in on_day(records.current(house.db, HOLDINGS), house.today):
        if one.share >= OWNED_FROM or one.control:
            for id in (one.owner, one.owned):
                links.setdefault(id, set()).add((Link.OWNER, one.owner))
    for source in records.current(house.db, COIN_SOURCES):
        if source.participant != "house":
            links.setdefault(source.participant, set()).add((Link.WALLET, source.address))
    ratings, since = _ratings(house), _admitted(house)
    seats = {str(one.id): one.residence for one in registers.participants(house.db).values()}
    return Parties.of(
        Party(
            *(id, tuple(sorted(links.get(id, ()))), seats.get(id, "")),
            *(ratings.get(id), since.get(id)),
        )
        for id in sorted({*seats, *links})
    )


def alerts(house: House, programme: Programme, progress: Progress | None = None) -> Alerts:
    """Judge the history, and say of which payments a person should look.

    Args:
        progress: Told how many payments are judged, and of how many.

    Raises:
        Refusal: As `Monitor.judge`.
    """
    seen = history(house, programme.unit)
    results = Monitor(programme).judge(seen.payments, progress)
    places = np.flatnonzero(results.worst)[::-1].tolist()
    found = [(seen.payments[place], results.result(place)) for place in places]
    cut_off = int(np.count_nonzero(results.cut_off.any(axis=0)))
    return Alerts(found, len(seen.payments), cut_off, seen.unvalued)


def compared(
    house: House, old: Programme, new: Programme, progress: Progress | None = None
) -> tuple[BackTest, int]:
    """What another programme would make of the house's history; and how much was not valued.

    Raises:
        UnitsDiffer: They value payments in two units.
    """
    if old.unit != new.unit:
        raise UnitsDiffer(f"one values payments in {old.unit}, the other in {new.unit}")
    seen = history(house, old.unit)
    return back_test(seen.payments, old, new, progress), seen.unvalued


def _said_at(one: Obligation) -> datetime:
    return min(at for at in (one.debtor_said_at, one.creditor_said_at) if at is not None)


def _ratings(house: House) -> Mapping[str, int]:
    """How each participant is rated: by its newest review, or else as it was admitted."""
    applicants = {one.application: one.applicant for one in records.current(house.db, APPLICATIONS)}
    rated = {
        applicants[one.application]: RATINGS[one.rating]
        for one in records.current(house.db, DECISIONS)
        if one.rating and one.application in applicants
    }
    for one in sorted(records.current(house.db, REVIEWS), key=lambda one: one.reviewed_on):
        rated[one.participant] = RATINGS[one.rating]
    return rated


def _admitted(house: House) -> Mapping[str, datetime]:
    """When each participant was first entered."""
    first: dict[str, datetime] = {}
    for one in records.versions(house.db, LEGAL_ENTITIES):
        first.setdefault(one.record.participant, one.recorded_at)
    return first
