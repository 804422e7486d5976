"""`Rounds`: value that comes back to whoever sent it, over two to five payments."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.monitoring.entries import (
    NONE,
    Entries,
    Int32s,
    Int64s,
    append,
    compiled,
    place,
)
from clearhouse.engines.monitoring.series import Series

HOPS_MAX = 5
LOOKS_MAX = 20_000  # payments that are looked at for one that may close a round
MILLE = 1000


@compiled
def begun(entries: Entries, e: int, before: int) -> int:
    """The latest entry of a chain that came before entry `before`."""
    while e != NONE and e >= before:
        j = entries.jump[e]
        e = j if j != NONE and j >= before else entries.prev[e]
    return e


@compiled
def closed_by(
    slots: Int32s,
    entries: Entries,
    payer: int,
    payee: int,
    value: int,
    start: int,
    bounds: tuple[int, int, int],
) -> tuple[int, bool]:
    """The most of a payment's value that came from its payee to its payer, in per mille of it.

    Ways are looked for backwards from the payer, each payment earlier than the next, the short ways
    first. A payment counts if it is about as large as the one that closes the round, and a way with
    what its smallest payment brings. Also, whether it was given up, with more to look at.

    Args:
        slots: With `entries`, all payments so far, under their payees; notes are payers.
        start: The first instant that counts.
        bounds: How many payments a round has at most, the closing one included; and from what to
            what value each of them is.
    """
    hops, least, most = bounds
    chain = np.empty(HOPS_MAX, np.int64)  # the next entry to look at, at each depth
    party = np.empty(HOPS_MAX + 1, np.int64)
    brought = np.empty(HOPS_MAX + 1, np.int64)
    best = looks = 0
    for length in range(1, hops):
        depth = 0
        party[0], brought[0] = payer, value
        chain[0] = slots[place(slots, entries, payer, 0)]
        while depth >= 0:
            e = chain[depth]
            if e == NONE or entries.when[e] < start:
                depth -= 1
                continue
            if looks == LOOKS_MAX:
                return best * MILLE // max(value, 1), True
            looks += 1
            prev = entries.prev[e]
            chain[depth] = prev
            units = entries.total[e] - (entries.total[prev] if prev != NONE else 0)
            if units < least or units > most:
                continue
            who = entries.note[e]
            bottom = min(brought[depth], units)
            if depth + 1 == length:
                if who == payee and bottom > best:
                    best = bottom
                continue
            seen = who == payee
            for d in range(depth + 1):
                seen = seen or party[d] == who
            if not seen:
                depth += 1
                party[depth], brought[depth] = who, bottom
                chain[depth] = begun(entries, slots[place(slots, entries, who, 0)], e)
        if best == value:
            break
    return best * MILLE // max(value, 1), False


@compiled
def follow(
    slots: Int32s,
    entries: Entries,
    count: int,
    payer: Int64s,
    payee: Int64s,
    when: Int64s,
    value: Int64s,
    span: int,
    limits: tuple[int, int],
    found: Int64s,
    cut_off: NDArray[np.bool_],
) -> int:
    """For each row, what came round with it; then the row is one of those that later ones see.

    Answers how many payees were new. `cut_off` tells of which rows not all was looked at.
    """
    hops, slack = limits
    keys = 0
    for row in range(len(when)):
        if payer[row] != payee[row] and value[row] > 0:
            least = value[row] - value[row] * slack // MILLE
            bounds = (hops, max(least, 1), value[row] + value[row] * slack // MILLE)
            start = when[row] - span + 1
            found[row], cut_off[row] = closed_by(
                slots, entries, payer[row], payee[row], value[row], start, bounds
            )
        keys += append(
            slots, entries, count + row, payee[row], 0, when[row], value[row], payer[row]
        )
    return keys


@dataclass
class Rounds:
    """The graph of payments so far."""

    series: Series = field(default_factory=lambda: Series(is_noted=True))

    def extend(
        self,
        ends: tuple[Int64s, Int64s],
        when: Int64s,
        value: Int64s,
        *,
        span: int,
        hops: int,
        slack: int,
    ) -> tuple[Int64s, NDArray[np.bool_]]:
        """Append rows; answer how much of each had come from its payee, in per mille of it.

        Also, for which of them the search was given up after LOOKS_MAX payments: these may have
        come round by more.

        Args:
            ends: Payers and payees.
            when: Instants that never fall.
            value: From 0 to 10**15.
            span: How far back a round may begin.
            hops: Payments of a round, the closing one included: from 2 to HOPS_MAX.
            slack: By how many thousandths the others may be smaller or larger.
        """
        assert 2 <= hops <= HOPS_MAX  # noqa: PLR2004 - a payment and one back
        self.series.widen(len(when))
        found, cut_off = np.zeros(len(when), np.int64), np.zeros(len(when), np.bool_)
        self.series.keys += follow(
            self.series.slots,
            self.series.entries,
            self.series.count,
            *ends,
            when,
            value,
            span,
            (hops, slack),
            found,
            cut_off,
        )
        self.series.count += len(when)
        return found, cut_off
