"""`Cut`: what every choice keeps, from one party's row by rounding; and the bound that cuts prove.

A party's row says that what it pays less what it receives is its limit at most. Let `z` be the
payments as they settle, or for those that are turned round as they do not, so that the row is
`a z <= b`. For a divisor d let f be what is left of b. Then for whole z, 0 or more,

    sum of (floor(a / d) (d - f) + max(0, a mod d - f)) z  <=  floor(b / d) (d - f)

That is mixed-integer rounding (Nemhauser and Wolsey, "A recursive procedure to generate all cuts
for 0-1 mixed integer programs", 1990; Marchand and Wolsey, "Aggregation and mixed integer rounding
to solve MIPs", 2001), in whole numbers. Why it holds: let w be the sum of floor(a / d) z, and over
those with a mod d > f let t be the sum of z and r that of (a mod d) z. Then d w + r <= b, and the
left side is (d - f) w + r - f t. As a mod d < d, that is (d - f) (w + t) at most: enough if
w + t <= floor(b / d). If not, w + t is whole and so one more at least, and the left side is at
most b - d w + (d - f) w - f t = b - f (w + t) <= b - f floor(b / d) - f = floor(b / d) (d - f).

For d = 1 nothing is left, and the cut is the row itself.

Any cuts at any prices, 0 or more, bound every choice (weak duality): no choice settles more than
what the cuts allow at their prices, and of each payment what it is worth beyond its prices. So
whoever says the cuts and prices need not be believed; what is said decides how low the bound is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from clearhouse.engines.liquidity.queue import Bools, Queue, by_end
from clearhouse.engines.setoff import TOTAL_MAX, total
from clearhouse.engines.setoff.kernels import Int32s, Int64s

PRICE = 2**40  # prices are parts of it


class Rows(NamedTuple):
    """Every party's payments.

    Attributes:
        first: Shape (parties + 1,): where those of each party begin.
        payment: Shape (2 payments,): each at both its ends.
        units: Shape (2 payments,): above zero if the party pays, below if it receives.
    """

    first: Int32s
    payment: Int64s
    units: Int64s

    def of(self, party: int) -> slice:
        """Where a party's are."""
        return slice(int(self.first[party]), int(self.first[party + 1]))


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """How a party's row is rounded.

    Attributes:
        party: Whose.
        divisor: 1 or more.
        turned: Shape (its payments,), as `Rows` has them: whether each is turned round.
    """

    party: int
    divisor: int
    turned: Bools


def rows(waiting: Queue) -> Rows:
    """Sort payments by party: those that it makes, then those that it is made."""
    payments = len(waiting.units)
    first, end = by_end(np.concatenate([waiting.debtor, waiting.creditor]), waiting.parties)
    payment = end.astype(np.int64) % max(1, payments)
    units = waiting.units[payment]
    return Rows(first, payment, np.where(end < payments, units, -units))


def row(of: Rows, party: int) -> Cut:
    """A party's row as it is."""
    at = of.of(party)
    return Cut(party, 1, np.zeros(at.stop - at.start, np.bool_))


def rounded(of: Rows, limit: Int64s, cut: Cut) -> tuple[Int64s, int]:
    """Write a cut: how often each of the party's payments counts, and the most that counts.

    No count leaves int64: it is at most what is paid, and the divisor. The most may.

    Raises:
        ValueError: The cut is none of this queue.
    """
    if not 0 <= cut.party < len(limit) or not 1 <= cut.divisor <= TOTAL_MAX:
        raise ValueError("a cut is of a party, with a divisor from 1 to TOTAL_MAX")
    units = of.units[of.of(cut.party)]
    if cut.turned.dtype != np.bool_ or cut.turned.shape != units.shape:
        raise ValueError("a cut turns payments of its party")
    whole, left = divmod(int(limit[cut.party]) - total(units[cut.turned]), cut.divisor)
    times, over = np.divmod(np.where(cut.turned, -units, units), cut.divisor)
    counts = times * (cut.divisor - left) + np.maximum(0, over - left)
    most = whole * (cut.divisor - left) - total(counts[cut.turned])
    return np.where(cut.turned, -counts, counts), most


def proved(waiting: Queue, priced: Iterable[tuple[Cut, int]]) -> int:
    """Bound what any choice settles, by cuts and the price of each in parts of PRICE.

    Raises:
        ValueError: A cut is none of this queue, or a price is below 0.
    """
    of = rows(waiting)
    worth = waiting.units.astype(object) * PRICE  # Python's integers have no bound
    most = 0
    for cut, price in priced:
        if price < 0:
            raise ValueError("a price is 0 or more")
        counts, allowed = rounded(of, waiting.limit, cut)
        worth[of.payment[of.of(cut.party)]] -= counts.astype(object) * price
        most += allowed * price
    return int(most + sum(one for one in worth.tolist() if one > 0)) // PRICE
