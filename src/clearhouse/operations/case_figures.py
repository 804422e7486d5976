"""Figures of cases over a time: how many came and were decided, how, how fast, and what is late."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from statistics import median
from typing import Any

from clearhouse.core.casework import ALERTS, ESCALATIONS, case_of_hit
from clearhouse.core.held import HOLD_DECISIONS
from clearhouse.core.hits import HIT_DECISIONS
from clearhouse.core.record import Register
from clearhouse.core.suspicion import (
    CONCERN_DECISIONS,
    CONCERNS,
    REPORT_RECEIPTS,
    REPORTS,
    Concern,
)
from clearhouse.operations.case_stages import Staged
from clearhouse.operations.hits import Hit
from clearhouse.operations.house import House
from clearhouse.store import records
from clearhouse.store.records import Version


@dataclass(frozen=True, slots=True)
class Figures:
    """What came and went from one day to another, both inclusive.

    Attributes:
        came: Hits found and concerns raised, by kind; of holds the gate's decisions tell.
        decided: By kind and outcome.
        days: From when a case came to when it was decided, by kind: how many, median, longest.
        open: Now, by kind.
        late: Of those whose stage lasts too long, by kind.
        stages: Of those that are open.
        owners: How many open cases each person has.
        escalated: By level.
        reports: Told, not told, told late, and told without a receipt yet.
    """

    since: date
    until: date
    came: Counter[str] = field(default_factory=Counter)
    decided: Counter[tuple[str, str]] = field(default_factory=Counter)
    days: dict[str, tuple[int, float, int]] = field(default_factory=dict)
    open: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    owners: Counter[str] = field(default_factory=Counter)
    escalated: Counter[int] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)

    def document(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "since": str(self.since),
            "until": str(self.until),
            "came": dict(self.came),
            "decided": {f"{kind} {how}": count for (kind, how), count in self.decided.items()},
            "days": {
                kind: {"cases": count, "median": middle, "longest": longest}
                for kind, (count, middle, longest) in self.days.items()
            },
            "open": dict(self.open),
            "late": dict(self.late),
            "stages": dict(self.stages),
            "owners": dict(self.owners),
            "escalated": {str(level): count for level, count in self.escalated.items()},
            "reports": dict(self.reports),
        }


def figures(house: House, since: date, until: date, standing: Sequence[Staged]) -> Figures:
    """Count.

    Args:
        standing: All cases that are open now.
    """
    made = Figures(since, until)
    for one in standing:
        kind = kind_of(one)
        made.open[kind] += 1
        made.late[kind] += one.is_late(house.today)
        made.stages[one.stage] += 1
        if one.case.owner:
            made.owners[one.case.owner.person] += 1
    _came_and_went(house, made, "hit", ALERTS, HIT_DECISIONS)
    _came_and_went(house, made, "concern", CONCERNS, CONCERN_DECISIONS)
    for said in records.versions(house.db, HOLD_DECISIONS):
        if since <= said.recorded_at.date() <= until:
            made.decided["hold", said.record.outcome] += 1
    for said in records.versions(house.db, ESCALATIONS):
        if since <= said.recorded_at.date() <= until:
            made.escalated[said.record.level] += 1
    _reports(house, made)
    return made


def kind_of(one: Staged) -> str:
    """What kind of case it is."""
    matter = one.case.matter
    if isinstance(matter, Hit):
        return "hit"
    return "concern" if isinstance(matter, Concern) else "hold"


def _came_and_went(
    house: House, made: Figures, kind: str, began: Register, ended: Register
) -> None:
    """Count what began and what was decided; each decision ends the newest that began before."""
    came, days = dict[str, list[Version]](), list[int]()
    for one in records.versions(house.db, began):
        came.setdefault(_case_of(one.record), []).append(one)
        if made.since <= one.recorded_at.date() <= made.until:
            made.came[kind] += 1
    for one in records.versions(house.db, ended):
        if not made.since <= one.recorded_at.date() <= made.until:
            continue
        made.decided[kind, one.record.outcome] += 1
        before = [
            each for each in came.get(_case_of(one.record), ()) if each.position < one.position
        ]
        if before:
            days.append((one.recorded_at - before[-1].recorded_at).days)
    if days:
        made.days[kind] = (len(days), median(days), max(days))


def _case_of(record: Any) -> str:
    if hasattr(record, "case"):
        return str(record.case)
    return case_of_hit(record.subject, record.list_name, record.entity)


def _reports(house: House, made: Figures) -> None:
    received = {one.report for one in records.current(house.db, REPORT_RECEIPTS)}
    for one in records.versions(house.db, REPORTS):
        if made.since <= one.recorded_at.date() <= made.until:
            report = one.record
            made.reports[report.outcome] += 1
            if report.outcome == "told":
                made.reports["late"] += one.recorded_at.date() > report.due_on
                made.reports["without receipt"] += report.report not in received
