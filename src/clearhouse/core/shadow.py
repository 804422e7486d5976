"""Shadow costs: what a cycle's set-off would gain by obligations that are not in it.

A hold is not free: an obligation that waits is missing from the circles that it would close. The
labels of the cycle bound what it costs at once, for any number of them; what the set-off would win
exactly is found by solving again near the two parties (`engines.setoff.WhatIf`). Whoever has
several that wait would win with all of them together, which is more or less than their sum.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from clearhouse.core.clearing import ClearingTooLarge, Due
from clearhouse.core.ids import ParticipantId
from clearhouse.engines.setoff import (
    TOTAL_MAX,
    Int64s,
    WhatIf,
    again,
    bound,
    changed,
    network,
    solve,
    total,
)
from clearhouse.engines.setoff.change import find_arc


class Shadow:
    """Questions to a cycle, each answered as if it were the only one.

    Args:
        dues: What the cycle took.
        quantum: The asset's, in minor units.
    """

    def __init__(self, dues: Iterable[Due], quantum: int = 1) -> None:
        taken = [due for due in dues if due.units >= quantum]
        self._quantum = quantum
        names = sorted({due.debtor for due in taken} | {due.creditor for due in taken})
        self._number = {name: number for number, name in enumerate(names)}
        self._net = network(*self._arrays(taken), len(names))
        solution = solve(self._net)
        self._cleared, self._label = solution.cleared, solution.label
        self._what_if = WhatIf(self._net, self._cleared, self._label)

    def bounds(self, dues: Sequence[Due]) -> list[int]:
        """What each would win at most, in minor units, by the labels alone."""
        debtor, creditor, quanta = self._arrays(dues)
        won = bound(self._label, debtor, creditor)
        # Python's integers: a bound may pass 64 bits where the win cannot.
        pairs = zip(won.tolist(), quanta.tolist(), strict=True)
        return [units * each * self._quantum for each, units in pairs]

    def gain(self, due: Due) -> int:
        """What one would win, in minor units: how much more would be set off in all.

        Raises:
            ClearingTooLarge: With it the cycle passes what the arithmetic holds.
        """
        debtor, creditor = self._number.get(due.debtor), self._number.get(due.creditor)
        if due.units < self._quantum or debtor is None or creditor is None:
            return 0  # who owes nobody, or is owed by nobody, is on no circle
        quanta = due.units // self._quantum
        self._need_room(quanta)
        return self._what_if.gain(debtor, creditor, quanta) * self._quantum

    def gain_of(self, dues: Iterable[Due]) -> int:
        """What several would win together, in minor units; as `gain`."""
        more = Counter[tuple[int, int]]()
        number = dict(self._number)
        for due in dues:
            if due.units >= self._quantum:
                ends = [number.setdefault(one, len(number)) for one in (due.debtor, due.creditor)]
                more[ends[0], ends[1]] += due.units // self._quantum
        if not more:
            return 0
        self._need_room(more.total())
        for debtor, creditor in more:
            if (at := find_arc(self._net, debtor, creditor)) >= 0:
                more[debtor, creditor] += int(self._net.owed[at])
        columns = [(*pair, units) for pair, units in more.items()]
        tail, head, owed = (np.array(one, np.int64) for one in zip(*columns, strict=True))
        net = changed(self._net, tail, head, owed, len(number))
        found = again(net, self._net, self._cleared, self._label)
        return (total(found.cleared) - total(self._cleared)) * self._quantum

    def _need_room(self, quanta: int) -> None:
        if total(self._net.owed) + quanta > TOTAL_MAX:
            raise ClearingTooLarge(f"with {quanta} quanta more; at most {TOTAL_MAX} in all")

    def _arrays(self, dues: Sequence[Due]) -> tuple[Int64s, Int64s, Int64s]:
        """Debtors and creditors, -1 for who is not in the cycle, and quanta."""
        known = self._number
        debtor = [known.get(due.debtor, -1) for due in dues]
        creditor = [known.get(due.creditor, -1) for due in dues]
        quanta = [due.units // self._quantum for due in dues]
        return (
            np.array(debtor, np.int64),
            np.array(creditor, np.int64),
            np.array(quanta, np.int64),
        )


def most_by_party(dues: Sequence[Due], bounds: Sequence[int]) -> Counter[ParticipantId]:
    """What each participant's obligations that wait would win at most, one by one."""
    most = Counter[ParticipantId]()
    for due, units in zip(dues, bounds, strict=True):
        most[due.debtor] += units
        most[due.creditor] += units
    return most
