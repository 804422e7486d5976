"""`Rescission`: those who have said an obligation take it back, while no cycle is to take it.

What one side alone has said that side takes back alone. What binds is taken back once both sides
have asked; the first one's ask is a fact that stays, and until the other one asks too the
obligation binds, and is cleared as if nobody had asked.

From its rescission on, that instant included, a cycle may be cleared at any moment: so until it is
held or its settlement has come, what it can take stays. What it leaves behind may be taken back
again until the next cycle's rescission. Without a value date there is no cycle of its own to wait
for, and an obligation may be taken back until it is cleared.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import NotAParty, Obligation, State
from clearhouse.core.schedule import DAYS_BEFORE, DAYS_LOOKED_AT
from clearhouse.core.timetable import Cycle, InForce, coming


class RescissionOver(Refusal):
    """A cycle that can take the obligation may be cleared at any moment now."""

    code = "schedule.rescission-over"
    kind = Kind.CONFLICT


class InACycle(Refusal):
    """The obligation is cleared: it is settled through its cycle."""

    code = "obligation.in-a-cycle"
    kind = Kind.CONFLICT


class NotSaid(Refusal):
    """Only who has said an obligation can take it back."""

    code = "obligation.not-said"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class RescissionAsked:
    """One side asked to take back what binds; it binds until the other one asks, too."""

    obligation: ObligationId
    by: ParticipantId
    until: datetime | None  # before this the other side may ask; None: until it is cleared


@dataclass(frozen=True, slots=True)
class ObligationRescinded:
    """The last of those who had said it took it back."""

    obligation: ObligationId
    by: ParticipantId


@dataclass(frozen=True, slots=True)
class Bond:
    """An obligation, who has asked to take it back, and which cycle can take it."""

    terms: Obligation
    asked: frozenset[ParticipantId]
    cut_off: datetime | None  # of the first cycle that can take it; None: any can
    value_date: date | None  # of that cycle

    def said(self) -> set[ParticipantId]:
        """Who has said it."""
        one = self.terms
        sides = ((one.debtor, one.debtor_said_at), (one.creditor, one.creditor_said_at))
        return {who for who, at in sides if at is not None}

    def is_for(self, cycle: Cycle) -> bool:
        """Whether a cycle by its timetable can take it."""
        if self.cut_off is None or self.value_date is None:
            return False
        return self.cut_off <= cycle.cut_off and self.value_date <= cycle.value_date


def asked_back(bond: Bond, by: ParticipantId) -> Bond:
    """Account for one side's ask; with the last of those who have said it, it is rescinded.

    Asking again changes nothing.

    Raises:
        NotAParty: `by` is neither its debtor nor its creditor.
        InACycle: It is cleared or settled.
        NotSaid: `by` has not said it, and the other side has.
    """
    one = bond.terms
    if by not in {one.debtor, one.creditor}:
        raise NotAParty(f"{by} is no party to {one.id}", obligation=one.id)
    if one.state in {State.CLEARED, State.SETTLED}:
        detail = f"{one.id} is {one.state}: it is settled through its cycle, and stays"
        raise InACycle(detail, obligation=one.id)
    if one.state is State.RESCINDED:
        return bond
    if by not in bond.said():
        raise NotSaid(f"{by} has not said {one.id}: nothing to take back", obligation=one.id)
    asked = bond.asked | {by}
    is_last = asked == bond.said()
    return replace(bond, terms=replace(one, state=State.RESCINDED) if is_last else one, asked=asked)


def open_until(
    bond: Bond, timetables: InForce, is_held: Callable[[Cycle], bool], now: datetime
) -> datetime | None:
    """The instant before which an obligation that binds may be taken back, as of now.

    Args:
        bond: What binds.
        timetables: What is in force for a value date; `Rulebook.cycles`.
        is_held: Whether a cycle was cleared: it takes nothing more.
        now: UTC.

    Returns:
        The next rescission of a cycle that can take it; None where none is known.

    Raises:
        RescissionOver: For one such cycle it is over, and that may be cleared now.
    """
    if bond.value_date is None:
        return None
    found = []
    first = max(now.date() - DAYS_BEFORE, bond.value_date)
    for cycle in coming(first, DAYS_LOOKED_AT, timetables):
        if not bond.is_for(cycle):
            continue
        stages = cycle.stages()
        if now < stages.rescission:
            found.append(stages.rescission)
        elif now < stages.settlement and not is_held(cycle):
            raise _over(bond.terms.id, cycle, stages.rescission)
    return min(found, default=None)


def _over(id: ObligationId, cycle: Cycle, since: datetime) -> RescissionOver:
    name = f"the {cycle.kind} cycle of {cycle.value_date}"
    return RescissionOver(
        f"{id} could be taken back before {instant(since)}: {name} may take it at any moment now",
        obligation=id,
        cycle_kind=cycle.kind,
        value_date=f"{cycle.value_date}",
        until=instant(since),
    )
