"""`Queue`: payments that wait, everybody's limit, and the check of a choice among them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.setoff import TOTAL_MAX, Network, network, total
from clearhouse.engines.setoff.kernels import Int32s, Int64s, compiled, counted, net_of, sorted_by

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """Who waits to pay whom; made by `queue`.

    Attributes:
        debtor: Shape (payments,): who pays, from 0 to parties - 1.
        creditor: Shape (payments,): whom.
        units: Shape (payments,): how much, above zero.
        limit: Shape (parties,): what each may pay beyond what it receives; at most all it owes.
        network: The same payments as arcs, one for each pair.
    """

    debtor: Int32s
    creditor: Int32s
    units: Int64s
    limit: Int64s
    network: Network

    @property
    def parties(self) -> int:
        """How many there are."""
        return len(self.limit)

    def of(self, kept: NDArray[np.integer] | Bools) -> "Queue":
        """A queue of some of the payments, in the order in which they are named."""
        debtor, creditor = self.debtor[kept], self.creditor[kept]
        return queue(
            debtor.astype(np.int64), creditor.astype(np.int64), self.units[kept], self.limit
        )

    def value(self, settles: Bools) -> int:
        """How much a choice settles."""
        return total(self.units[settles])

    def room(self, settles: Bools) -> Int64s:
        """What each could still pay when a choice settles; below zero if it is overdrawn."""
        debtor, creditor = self.debtor[settles], self.creditor[settles]
        return np.asarray(
            self.limit - net_of(debtor, creditor, self.units[settles], self.parties), np.int64
        )


def queue(debtor: Int64s, creditor: Int64s, units: Int64s, limit: Int64s) -> Queue:
    """Put payments and limits together.

    Args:
        debtor: Shape (n,): who pays, from 0 to the number of limits - 1; the oldest payment first.
        creditor: Shape (n,): whom; never the debtor.
        units: Shape (n,): how much, above zero. All of them, what each limit can be used for, and
            all of them once more, add up to TOTAL_MAX at most: a third of it always fits.
        limit: Shape (parties,): what each party may pay beyond what it receives, 0 or more.

    Raises:
        ValueError: The arrays break one of these bounds.
    """
    if limit.dtype != np.int64 or limit.ndim != 1:
        raise ValueError("limits are int64, in one dimension")
    if len(limit) and limit.min() < 0:
        raise ValueError("a limit is 0 or more")
    made = network(debtor, creditor, units, len(limit))
    usable = np.minimum(limit, _owed_by(made.tail, made.owed, len(limit)))
    if 2 * total(made.owed) + total(usable) > TOTAL_MAX:
        raise ValueError("payments and limits pass TOTAL_MAX")
    return Queue(debtor.astype(np.int32), creditor.astype(np.int32), units, usable, made)


def overdrawn(
    debtor: Int64s, creditor: Int64s, units: Int64s, limit: Int64s, settles: Bools
) -> int | None:
    """Check a choice, knowing nothing of how it was made: the first party beyond its limit, if any.

    Args:
        debtor: Shape (n,), as for `queue`.
        creditor: Shape (n,).
        units: Shape (n,).
        limit: Shape (parties,).
        settles: Shape (n,): whether each settles.
    """
    room = limit.tolist()  # Python's integers have no bound
    for payer, payee, paid in zip(
        debtor[settles].tolist(), creditor[settles].tolist(), units[settles].tolist(), strict=True
    ):
        room[payer] -= paid
        room[payee] += paid
    return next((party for party, left in enumerate(room) if left < 0), None)


def by_end(end: Int32s, parties: int) -> tuple[Int32s, Int32s]:
    """Where the payments of each party at one end begin, and the payments, as they are given."""
    return counted(end, parties), sorted_by(end, np.arange(len(end), dtype=np.int32), parties)


@compiled
def _owed_by(tail: Int32s, owed: Int64s, parties: int) -> Int64s:
    owes = np.zeros(parties, np.int64)
    for e in range(len(tail)):
        owes[tail[e]] += owed[e]
    return owes
