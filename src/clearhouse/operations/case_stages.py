"""Stages of cases: how far people have come with each, by when it should end, and what if not."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from clearhouse.core.casework import (
    ESCALATIONS,
    Escalation,
    Stage,
    case_of_hit,
    case_of_hold,
    level_of,
)
from clearhouse.core.command import EnterRecords
from clearhouse.core.gate import review_deadline
from clearhouse.core.held import HOLD_DECISIONS
from clearhouse.core.hits import HIT_DECISIONS
from clearhouse.core.proposal import Proposal, ProposalState
from clearhouse.core.record import Register
from clearhouse.core.registers import register_of
from clearhouse.core.suspicion import CONCERN_DECISIONS
from clearhouse.operations.casework import Case
from clearhouse.operations.house import House
from clearhouse.operations.records import RecordsRefused, RecordsUnknown, proposed
from clearhouse.store import journal, people, records
from clearhouse.store.files import ArchiveDamaged
from clearhouse.store.projection import record

# Which case a decision of each kind is about.
DECIDED: Mapping[str, Callable[[Any], str]] = {
    HIT_DECISIONS.name: lambda one: case_of_hit(one.subject, one.list_name, one.entity),
    HOLD_DECISIONS.name: lambda one: case_of_hold(one.obligation),
    CONCERN_DECISIONS.name: lambda one: str(one.case),
}


@dataclass(frozen=True, slots=True)
class Staged:
    """How far a case has come."""

    case: Case
    stage: Stage
    due: date  # by when the stage should end
    proposal: str = ""  # that waits for another person

    def is_late(self, today: date) -> bool:
        """Whether the stage lasts too long."""
        return today > self.due


def staged(house: House, cases: Sequence[Case]) -> list[Staged]:
    """The stage of each of some open cases, in their order."""
    waiting = _waiting(house)
    law, today = house.rulebook, house.today
    found = []
    for one in cases:
        if (proposal := waiting.get(one.id)) is not None:
            until = proposal.expires_at.date()
            found.append(Staged(one, Stage.SECOND, until, proposal.id))
        elif one.owner is not None:
            found.append(Staged(one, Stage.IN_HAND, one.by))
        else:
            taken = review_deadline(one.since, (), law, "cases.take-time")
            # Once it should be decided, that is what is late, and not that nobody has it.
            due = one.by if today > one.by else min(taken, one.by)
            found.append(Staged(one, Stage.NEW, due))
    return found


def _waiting(house: House) -> dict[str, Proposal]:
    """The proposals that would decide a case, by case; the one that expires last."""
    found: dict[str, Proposal] = {}
    for one in people.proposals(house.db, ProposalState.WAITING):
        action = one.command.action
        if isinstance(action, EnterRecords) and action.register in DECIDED:
            for each in _proposed(house, register_of(action.register), action.digest):
                found[DECIDED[action.register](each)] = one
    return found


def _proposed(house: House, register: Register, digest: str) -> Sequence[Any]:
    try:
        return proposed(house, register, digest)
    except (RecordsUnknown, RecordsRefused, ArchiveDamaged):
        return ()  # whoever approves it is told


def escalate(house: House, cases: Sequence[Case]) -> list[Escalation]:
    """Record each stage that lasts too long and was not escalated yet.

    Args:
        cases: All that are open.
    """
    today = house.today
    late = [one for one in staged(house, cases) if one.is_late(today)]
    if not late:
        return []
    with house.db.transaction():
        journal.lock(house.db)
        now = house.now()
        before = escalations(house, [one.case.id for one in late])
        made = [one for each in late for one in _new(each, before[each.case.id], today, now)]
        record(house.db, list(map(ESCALATIONS.entered, made)), now, now)
    return made


def _new(
    one: Staged, before: Sequence[Escalation], today: date, now: datetime
) -> Iterator[Escalation]:
    if not any((each.stage, each.due) == (one.stage, one.due) for each in before):
        level = level_of(today > one.case.by, before)
        yield Escalation(one.case.id, one.stage, one.due, level, now)


def escalations(house: House, cases: Sequence[str]) -> defaultdict[str, list[Escalation]]:
    """What was escalated of some cases, in the order of its days."""
    found: defaultdict[str, list[Escalation]] = defaultdict(list)
    for one in records.current(house.db, ESCALATIONS, ids=cases):
        found[one.case].append(one)
    for several in found.values():
        several.sort(key=lambda one: (one.escalated_at, one.due))
    return found
