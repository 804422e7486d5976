"""Take back obligations: one that binds once both sides have asked, in time for its cycle."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import NotAParty, State, UnknownObligation
from clearhouse.core.participant import UnknownParticipant
from clearhouse.core.rescission import (
    Bond,
    InACycle,
    NotSaid,
    ObligationRescinded,
    RescissionAsked,
    RescissionOver,
    asked_back,
    open_until,
)
from clearhouse.core.timetable import Cycle
from clearhouse.operations.house import House
from clearhouse.store import cycles, journal, obligations, registers
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Rescission:
    """What became of one id: its state now, or why it was refused.

    What is affirmed still binds, and waits for the other side to take it back, too.
    """

    obligation: ObligationId
    state: str
    refusal: Refusal | None


def rescind(house: House, by: ParticipantId, ids: Iterable[ObligationId]) -> list[Rescission]:
    """Take back obligations for participant `by`; those that all have taken back are rescinded.

    Asking again changes nothing.

    Raises:
        UnknownParticipant: `by` is not admitted.
    """
    if by not in registers.admitted(house.db, [by]):
        raise UnknownParticipant(f"{by} is not admitted", participant=by)
    wanted = list(dict.fromkeys(ids))
    facts: list[tuple[str, Event]] = []
    answers: list[Rescission] = []
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()  # not before: a cycle may have had the lock, and this one's hours be over
        found = obligations.bonds(house.db, wanted, house.assets)
        hours = _Hours(house, now)
        for id in wanted:
            before = found.get(id)
            if before is None:
                answers.append(Rescission(id, "", UnknownObligation(f"there is no {id}")))
                continue
            try:
                after = asked_back(before, by)
                if after != before:
                    facts.append((id, _fact(before, after, by, hours)))
            except (NotAParty, InACycle, NotSaid, RescissionOver) as refusal:
                answers.append(Rescission(id, "", refusal))
                continue
            answers.append(Rescission(id, str(after.terms.state), None))
        record(house.db, facts, now, now)
    return answers


def _fact(before: Bond, after: Bond, by: ParticipantId, hours: "_Hours") -> Event:
    """What happened.

    Raises:
        RescissionOver: A cycle may take it at any moment.
    """
    id = before.terms.id
    until = hours.until(before) if before.terms.state is State.AFFIRMED else None
    if after.terms.state is State.RESCINDED:
        return ObligationRescinded(id, by)
    return RescissionAsked(id, by, until)


class _Hours:
    """Until when obligations may be taken back, by the law in force: found once for each cycle."""

    def __init__(self, house: House, now: datetime) -> None:
        self._house, self._now = house, now
        self._timetables = house.laws.in_force(house.db, now).cycles
        self._known: dict[tuple[datetime | None, date | None], datetime | None] = {}

    def until(self, bond: Bond) -> datetime | None:
        """As `open_until`."""
        key = (bond.cut_off, bond.value_date)
        if key not in self._known:
            self._known[key] = open_until(bond, self._timetables, self._is_held, self._now)
        return self._known[key]

    def _is_held(self, cycle: Cycle) -> bool:
        return cycles.held(self._house.db, cycle.kind, cycle.value_date) is not None
