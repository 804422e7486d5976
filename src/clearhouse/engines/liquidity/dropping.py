"""Loops that take payments out until a choice is what it should be, or put in what still fits."""

import numpy as np

from clearhouse.engines.liquidity.queue import Bools, Queue, by_end
from clearhouse.engines.setoff.kernels import Int32s, Int64s, compiled


def oldest(waiting: Queue) -> Bools:
    """Let all settle but each overdrawn party's newest payments (Bech and Soramaki, 2001).

    Whoever is looked at first, the answer is the same. Each party's settled payments are its oldest
    ones, up to some number. Of two choices of numbers that overdraw nobody, the greater number for
    each party overdraws nobody either: its payer pays as in one of the two, and receives no less.
    So there is one choice with the greatest number for everybody, and no party is ever brought
    below that: at its own greatest number it is not overdrawn while others are at theirs or above.
    """
    first, order = by_end(waiting.debtor, waiting.parties)
    settles = np.ones(len(waiting.units), np.bool_)
    room = waiting.room(settles)
    _drop_last(first, order, waiting.creditor, waiting.units, room, settles)
    return settles


def possible(waiting: Queue) -> Bools:
    """Which payments could settle, were everybody paid all else that could settle."""
    by_size = np.argsort(waiting.units, kind="stable")
    first, order = by_end(waiting.debtor[by_size], waiting.parties)
    could = np.ones(len(waiting.units), np.bool_)
    _drop_beyond(
        first,
        by_size[order],
        waiting.creditor,
        waiting.units,
        waiting.limit + _received(waiting.creditor, waiting.units, waiting.parties),
        could,
    )
    return could


def mended(waiting: Queue, settles: Bools) -> Bools:
    """Take payments out until nobody is overdrawn: of each the least that mends it, or its largest.

    Each party's come from the smallest on, so its own order decides between equal ones.
    """
    by_size = np.argsort(waiting.units, kind="stable")
    first, order = by_end(waiting.debtor[by_size], waiting.parties)
    kept = settles.copy()
    room = waiting.room(kept)
    _drop_least(first, by_size[order], waiting.creditor, waiting.units, room, kept)
    return kept


def filled(waiting: Queue, settles: Bools) -> Bools:
    """Let settle besides whatever fits, the largest first, until nothing does."""
    by_size = np.argsort(-waiting.units, kind="stable")
    more = settles.copy()
    room = waiting.room(more)
    while _fill(by_size, waiting.debtor, waiting.creditor, waiting.units, room, more):
        pass
    return more


@compiled
def _drop_last(
    first: Int32s, order: Int32s, creditor: Int32s, units: Int64s, room: Int64s, settles: Bools
) -> None:
    parties = len(room)
    end = first[1:].copy()
    waiting = np.empty(parties, np.int32)
    size = 0
    for i in range(parties):
        if room[i] < 0:
            waiting[size] = i
            size += 1
    while size > 0:
        size -= 1
        i = waiting[size]
        while room[i] < 0:
            end[i] -= 1
            k = order[end[i]]
            j = creditor[k]
            settles[k] = False
            room[i] += units[k]
            if room[j] >= 0 > room[j] - units[k]:
                waiting[size] = j
                size += 1
            room[j] -= units[k]


@compiled
def _drop_beyond(
    first: Int32s, order: Int64s, creditor: Int32s, units: Int64s, means: Int64s, could: Bools
) -> None:
    parties = len(means)
    end = first[1:].copy()
    is_waiting = np.ones(parties, np.bool_)
    waiting = np.empty(parties, np.int32)
    for i in range(parties):
        waiting[i] = i
    size = parties
    while size > 0:
        size -= 1
        i = waiting[size]
        is_waiting[i] = False
        while end[i] > first[i] and units[order[end[i] - 1]] > means[i]:
            end[i] -= 1
            k = order[end[i]]
            j = creditor[k]
            could[k] = False
            means[j] -= units[k]
            if not is_waiting[j]:
                is_waiting[j] = True
                waiting[size] = j
                size += 1


@compiled
def least_that_mends(
    first: Int32s, order: Int64s, units: Int64s, settles: Bools, party: int, missing: int
) -> int:
    """Of a party's settled payments by size, the first of as much as is missing; else its largest.

    An overdrawn party has settled payments, so there is one.
    """
    chosen = -1
    for at in range(first[party], first[party + 1]):
        k = order[at]
        if settles[k]:
            chosen = k
            if units[k] >= missing:
                break
    return int(chosen)


@compiled
def _drop_least(
    first: Int32s, order: Int64s, creditor: Int32s, units: Int64s, room: Int64s, settles: Bools
) -> None:
    parties = len(room)
    again = True
    while again:
        again = False
        for i in range(parties):
            while room[i] < 0:
                k = least_that_mends(first, order, units, settles, i, -room[i])
                settles[k] = False
                room[i] += units[k]
                room[creditor[k]] -= units[k]
                again = True


@compiled
def _fill(
    order: Int64s, debtor: Int32s, creditor: Int32s, units: Int64s, room: Int64s, settles: Bools
) -> bool:
    is_changed = False
    for k in order:
        if not settles[k] and units[k] <= room[debtor[k]]:
            settles[k] = is_changed = True
            room[debtor[k]] -= units[k]
            room[creditor[k]] += units[k]
    return is_changed


@compiled
def _received(creditor: Int32s, units: Int64s, parties: int) -> Int64s:
    receives = np.zeros(parties, np.int64)
    for k in range(len(units)):
        receives[creditor[k]] += units[k]
    return receives
