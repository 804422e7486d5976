"""`Place`: where a worker works."""

from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from clearhouse.feeds.sanctions.sources import Fetched
from clearhouse.operations.house import House


@dataclass(frozen=True)
class Place:
    """A house, and what its worker needs beside it."""

    house: House
    outbox: Path
    cut_off: time | None = None  # when each day's cycle is cleared, in UTC; None: by hand
    by_timetable: bool = False  # cycles are cleared when the law's timetables say so
    lists: tuple[Fetched, ...] = ()  # sanctions lists that are fetched
    lists_folder: Path = field(default_factory=Path)  # where they stand

    @property
    def left(self) -> set[str]:
        """The loops that cannot be done here, and are left to others."""
        left = set() if self.cut_off is not None else {"cycle.clear"}
        left |= set() if self.by_timetable else {"cycle.hold", "cycle.revise"}
        left |= set() if self.lists else {"lists.fetch"}
        if self.house.settles is None:
            left |= {"cycle.revise", "cycle.settle", "house.reconcile", "ledger.prove"}
        if not self.house.log.witnesses.each:
            left |= {"log.gather"}
        if not self.house.log.calendars:
            left |= {"log.stamp"}
        return left
