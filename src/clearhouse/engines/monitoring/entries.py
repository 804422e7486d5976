"""`Entries`: chains of what came under each key, and the slots where their ends are found.

An entry names the one of its key before it, and one further back: by jumps that double, any other
of its chain is a logarithm of steps away.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

NONE = np.int32(-1)  # no entry

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Have numba compile a function when it is first called, and keep what it made."""
    made: Any = njit(cache=True, nogil=True)(function)
    return cast("F", made)


class Entries(NamedTuple):
    """The entries of a series. Shapes are (room,), of which the first are in use.

    Attributes:
        one: With `other`, the key.
        other: The same.
        when: Of the entry; never falls.
        total: What the entries of the key come to, this one included.
        note: A number of the caller's; shape (0,) if it has none.
        prev: The entry of the same key before it; NONE of the first.
        jump: One further back, from which few steps lead to any other.
        most: The highest note from this entry back to its jump, that one left out; as `note`.
        depth: How many entries of the key there are, this one included.
    """

    one: Int32s
    other: Int32s
    when: Int64s
    total: Int64s
    note: Int64s
    most: Int64s
    prev: Int32s
    jump: Int32s
    depth: Int32s


def room(size: int, *, is_noted: bool) -> Entries:
    """Room for so many entries."""
    noted = size if is_noted else 0
    when, total = np.zeros(size, np.int64), np.zeros(size, np.int64)
    note, most = np.zeros(noted, np.int64), np.zeros(noted, np.int64)
    one, other, prev, jump, depth = (np.zeros(size, np.int32) for _ in range(5))
    return Entries(one, other, when, total, note, most, prev, jump, depth)


def grown(entries: Entries, size: int) -> Entries:
    """The same entries with room for more."""
    wider = room(size, is_noted=len(entries.note) > 0)
    pairs: Any = zip(entries, wider, strict=True)
    for old, new in pairs:
        new[: len(old)] = old
    return wider


@compiled
def place(slots: Int32s, entries: Entries, one: int, other: int) -> int:
    """The slot of a key: where its latest entry is named, or will be."""
    mask = len(slots) - 1
    mixed = np.uint64(one) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(29))) + np.uint64(other)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    at = np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(mask))
    while slots[at] != NONE:
        e = slots[at]
        if entries.one[e] == one and entries.other[e] == other:
            break
        at = (at + 1) & mask
    return int(at)


@compiled
def append(
    slots: Int32s, entries: Entries, e: int, one: int, other: int, when: int, value: int, note: int
) -> int:
    """Make entry `e` of a key; answers 1 if the key is new, else 0."""
    at = place(slots, entries, one, other)
    prev = slots[at]
    slots[at] = e
    entries.one[e], entries.other[e] = one, other
    entries.when[e], entries.prev[e] = when, prev
    is_noted = len(entries.note) > 0
    if is_noted:
        entries.note[e] = entries.most[e] = note
    if prev == NONE:
        entries.total[e], entries.depth[e], entries.jump[e] = value, 1, NONE
        return 1
    entries.total[e] = entries.total[prev] + value
    entries.depth[e] = entries.depth[prev] + 1
    # Two jumps of the same length become one of twice as much and a step.
    j = entries.jump[prev]
    back = entries.depth[j] if j != NONE else 0
    k = entries.jump[j] if j != NONE else NONE
    further = entries.depth[k] if k != NONE else 0
    twice = entries.depth[prev] - back == back - further
    entries.jump[e] = prev
    if twice:
        entries.jump[e] = k
        if is_noted:
            entries.most[e] = max(note, entries.most[prev], entries.most[j])
    return 0


@compiled
def older(entries: Entries, e: int, start: int) -> int:
    """The latest entry of a chain that is older than `start`; NONE if there is none."""
    while e != NONE and entries.when[e] >= start:
        j = entries.jump[e]
        e = j if j != NONE and entries.when[j] >= start else entries.prev[e]
    return e


@compiled
def rehash(slots: Int32s, wider: Int32s, entries: Entries) -> None:
    """Name the latest entry of each key in more slots."""
    for at in range(len(slots)):
        e = slots[at]
        if e != NONE:
            wider[place(wider, entries, entries.one[e], entries.other[e])] = e


@compiled
def cut(slots: Int32s, entries: Entries, count: int, kept: int) -> int:
    """Take the latest entries out of their slots again; answers how many keys are gone.

    Keys leave in the reverse of the order in which they came, so that each one's slot is the last
    of those that were probed for it, and may become free.
    """
    keys = 0
    for e in range(count - 1, kept - 1, -1):
        prev = entries.prev[e]
        slots[place(slots, entries, entries.one[e], entries.other[e])] = prev
        keys += prev == NONE
    return keys


@compiled
def refill(slots: Int32s, entries: Entries, count: int) -> int:
    """Name the latest entry of each key in empty slots; answers how many keys there are."""
    keys = 0
    for e in range(count):
        slots[place(slots, entries, entries.one[e], entries.other[e])] = e
        keys += entries.prev[e] == NONE
    return keys
