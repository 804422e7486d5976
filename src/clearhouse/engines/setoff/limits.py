"""Limits as capacities: of pairs and of parties, cash that parties may put in, and passes.

A limit is an arc. What is set off of a pair is capped by the pair's own arc; what is set off
through a party, by an arc between the place where its claims end and the place where its debts
begin. Cash comes from one place beside all parties, through an arc to each that may put some in,
and goes back there from whoever is paid with it. These arcs count nothing (`gain` 0), so that the
solution is still the most debt that can be cleared, and its labels prove it under the limits.

    debts of i ◀── (out of i) ◀── through ── (into i) ◀── claims of i
                                                │  ▲
                                    paid out to ▼  │ puts in
                                              (cash)

A pass is such an arc between any two parties: what comes in at the one goes on from the other.
"""

from dataclasses import dataclass

import numpy as np

from clearhouse.engines.setoff.kernels import Int8s, Int32s, Int64s
from clearhouse.engines.setoff.network import TOTAL_MAX, Network, of_arcs, total

FREE = -1  # no limit


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What is limited; everything is free by default.

    Attributes:
        pair: Shape (arcs,) of the network: the most that is set off of each; FREE for no limit.
        through: Shape (parties,): the most that is set off of each party's debts, and as much of
            its claims beside what it is paid in cash; FREE for no limit.
        cash: Shape (parties,): the most that each puts in; 0 for none.
    """

    pair: Int64s | None = None
    through: Int64s | None = None
    cash: Int64s | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Limited:
    """A network under limits, and where the pairs are in it.

    Attributes:
        net: With the limits as arcs: solve it.
        arcs: Shape (arcs,) of the network without limits: where each pair's arc is in `net`.
        puts_in: Shape (parties,): where the arc is by which each puts cash in; -1 without one.
        paid_out: Shape (parties,): where the arc is by which each is paid; -1 without one.
    """

    net: Network
    arcs: Int64s
    puts_in: Int64s
    paid_out: Int64s

    def of_pairs(self, cleared: Int64s) -> Int64s:
        """What of a solution is set off of each pair."""
        return cleared[self.arcs]

    def put_in(self, cleared: Int64s) -> Int64s:
        """What cash each party puts into a solution."""
        return np.where(self.puts_in >= 0, cleared[self.puts_in], 0)

    def paid(self, cleared: Int64s) -> Int64s:
        """What cash each party is paid by a solution."""
        return np.where(self.paid_out >= 0, cleared[self.paid_out], 0)


def limited(net: Network, limits: Limits) -> Limited:
    """Put limits onto a network of obligations.

    Raises:
        ValueError: A limit is below FREE, is of another shape, or cash below zero; or all
            capacities together pass TOTAL_MAX.
    """
    _check(net, limits)
    owed = net.owed if limits.pair is None else _least(net.owed, limits.pair)
    owes, is_owed = np.zeros(net.parties, np.int64), np.zeros(net.parties, np.int64)
    np.add.at(owes, net.tail, owed)
    np.add.at(is_owed, net.head, owed)
    begins = np.arange(net.parties, dtype=np.int64)
    ends: list[tuple[Int64s, Int64s, Int64s, int]] = []
    parties = net.parties
    if limits.through is not None:
        who = np.flatnonzero(limits.through != FREE)
        begins[who] = parties + np.arange(len(who))
        parties += len(who)
        room = np.minimum(limits.through[who], owes[who])
        ends.append((who, begins[who], room, 0))
    ends.append((begins[net.tail], net.head.astype(np.int64), owed, 1))
    if limits.cash is not None and limits.cash.any():
        who, cash = np.flatnonzero(limits.cash), np.full(1, parties, np.int64)
        payees = np.flatnonzero(is_owed)
        room = np.minimum(limits.cash[who], owes[who])
        ends.append((cash.repeat(len(who)), who, room, 0))
        ends.append((payees, cash.repeat(len(payees)), is_owed[payees], 0))
        parties += 1
    return _joined(net, ends, parties)


@dataclass(frozen=True, slots=True, eq=False)
class Passed:
    """A network with passes, and where all is in it.

    Attributes:
        net: With the passes as arcs: solve it.
        arcs: Shape (arcs,) of the network without them: where each pair's arc is in `net`.
        passes: Shape (n,): where each pass is.
    """

    net: Network
    arcs: Int64s
    passes: Int64s


def passes(net: Network, tail: Int64s, head: Int64s, room: Int64s) -> Passed:
    """Let set-off go on from one party to another, where the network has no pair of the two.

    Args:
        net: Of obligations.
        tail: Shape (n,): where what is set off of claims may exceed what is set off of debts.
        head: Shape (n,): where what is set off of debts then exceeds what is set off of claims.
        room: Shape (n,): by how much at most, 0 or more.

    Raises:
        ValueError: All capacities together pass TOTAL_MAX.
    """
    pairs = (net.tail.astype(np.int64), net.head.astype(np.int64), net.owed, 1)
    whole, place = _sorted([pairs, (tail, head, room, 0)], net.parties)
    return Passed(whole, place[: len(net.owed)], place[len(net.owed) :])


def _joined(net: Network, ends: list[tuple[Int64s, Int64s, Int64s, int]], parties: int) -> Limited:
    """Sort all arcs as a network has them, and find again which is which."""
    whole, place = _sorted(ends, parties)
    counts = np.concatenate([np.full(len(one[2]), one[3] == 1) for one in ends])
    arcs = place[counts]
    puts_in, paid_out = np.full(net.parties, -1), np.full(net.parties, -1)
    if ends[-1][3] == 0:  # there is cash
        givers, payees = ends[-2][1], ends[-1][0]
        first = len(place) - len(payees) - len(givers)
        puts_in[givers] = place[first : first + len(givers)]
        paid_out[payees] = place[first + len(givers) :]
    return Limited(whole, arcs, puts_in, paid_out)


def _sorted(ends: list[tuple[Int64s, Int64s, Int64s, int]], parties: int) -> tuple[Network, Int64s]:
    """A network of all arcs, and where each of them is in it."""
    tail, head, owed = (np.concatenate([one[n] for one in ends]) for n in range(3))
    gain = np.concatenate([np.full(len(one[2]), one[3], np.int8) for one in ends])
    if total(owed) > TOTAL_MAX:
        raise ValueError("the sum of all capacities passes TOTAL_MAX")
    order = np.lexsort((head, tail))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return _network(tail[order], head[order], owed[order], gain[order], parties), place


def _network(tail: Int64s, head: Int64s, owed: Int64s, gain: Int8s, parties: int) -> Network:
    numbers: Int32s = np.arange(len(tail), dtype=np.int32)
    return of_arcs(numbers, tail.astype(np.int32), head.astype(np.int32), owed, gain, parties)


def _least(owed: Int64s, limit: Int64s) -> Int64s:
    return np.where(limit == FREE, owed, np.minimum(owed, limit))


def _check(net: Network, limits: Limits) -> None:
    shapes = (
        (limits.pair, len(net.owed), FREE),
        (limits.through, net.parties, FREE),
        (limits.cash, net.parties, 0),
    )
    for limit, length, least in shapes:
        if limit is None:
            continue
        if limit.dtype != np.int64 or limit.shape != (length,):
            raise ValueError("limits are int64, one for each pair or party")
        if len(limit) and limit.min() < least:
            raise ValueError(f"a limit is {least} or more")
