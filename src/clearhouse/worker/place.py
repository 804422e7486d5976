"""`Place`: where a worker works."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path

from clearhouse.feeds.sanctions.sources import Fetched
from clearhouse.feeds.travel_rule.desk import Desk
from clearhouse.operations.house import House

PACE = timedelta(seconds=30)  # of what looks again and again
SLOW = timedelta(minutes=10)


@dataclass(frozen=True)
class Place:
    """A house, and what its worker needs beside it."""

    house: House
    outbox: Path
    cut_off: time | None = None  # when each day's cycle is cleared, in UTC; None: by hand
    by_timetable: bool = False  # cycles are cleared when the law's timetables say so
    lists: tuple[Fetched, ...] = ()  # sanctions lists that are fetched
    lists_folder: Path = field(default_factory=Path)  # where they stand
    desk: Callable[[], Desk] | None = None  # reads from where other providers are asked

    @property
    def left(self) -> set[str]:
        """The loops that cannot be done here, and are left to others."""
        left = set() if self.cut_off is not None else {"cycle.clear"}
        left |= set() if self.by_timetable else {"cycle.hold", "cycle.revise"}
        left |= set() if self.lists else {"lists.fetch"}
        if self.house.settles is None:
            left |= {"cycle.revise", "cycle.settle", "house.reconcile", "ledger.prove"}
        left |= set() if self.desk is not None else {"travel.ask"}
        if not self.house.log.witnesses.each:
            left |= {"log.gather"}
        if not self.house.log.calendars:
            left |= {"log.stamp"}
        return left
