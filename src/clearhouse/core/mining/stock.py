"""`Stock`: how much coin somebody has at the end of each day, which is never less than none."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import accumulate

Change = tuple[date, int]  # from which day on there is so much more, or less


def lowers(changes: Iterable[Change]) -> bool:
    """Whether there is less on any day for some changes."""
    return any(one < 0 for one in accumulate(units for _, units in _by_day(changes)))


def _by_day(changes: Iterable[Change]) -> list[Change]:
    sums: Counter[date] = Counter()
    for day, units in changes:
        sums[day] += units
    return sorted(sums.items())


class Stock:
    """Coin by day."""

    def __init__(self, known: Iterable[Change], asked: Iterable[Change]) -> None:
        """Begin with what is known.

        Args:
            known: On no day do they come to less than none.
            asked: All changes that will be asked for: of them the days alone count.
        """
        by_day = _by_day([*known, *((day, 0) for day, _ in asked)])
        self._days = [day for day, _ in by_day]
        self._held = list(accumulate(units for _, units in by_day))
        assert all(one >= 0 for one in self._held), "never less than none"

    def take(self, changes: Sequence[Change]) -> tuple[date, int] | None:
        """Make changes together, unless that leaves less than none on any day.

        Returns:
            None if they are made; else the first day on which there is too little, and by how much.
        """
        held = self._held.copy()
        for day, units in changes:
            place = bisect_left(self._days, day)
            held[place:] = [one + units for one in held[place:]]
        for day, one in zip(self._days, held, strict=True):
            if one < 0:
                return day, -one
        self._held = held
        return None
