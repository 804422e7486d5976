"""`Screens`: makes the screen of the lists in force, once while they stay the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from clearhouse.core.screening.entries import SanctionsList
from clearhouse.core.screening.screen import Screen, in_force

Asked = tuple[tuple[SanctionsList, ...], timedelta, int]


class Screens:
    """Hands out again the last screen it made, where another would be the same.

    Lists that were read once are compared by identity first, so this takes no time.
    """

    def __init__(self) -> None:
        """Have made none yet."""
        self._last: tuple[Asked, Screen] | None = None

    def in_force(
        self, lists: Sequence[SanctionsList], now: datetime, age_max: timedelta, review_at: int
    ) -> Screen:
        """The screen of some lists; refuses as `in_force` does."""
        asked = (tuple(lists), age_max, review_at)
        if self._last is not None and self._last[0] == asked:
            self._last[1].need_fresh(now)
            return self._last[1]
        made = in_force(lists, now, age_max, review_at=review_at)
        self._last = (asked, made)
        return made
