"""`Series`: entries under keys in order of time, and windows over them."""

from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from clearhouse.engines.monitoring.entries import (
    NONE,
    Entries,
    Int32s,
    Int64s,
    append,
    compiled,
    cut,
    grown,
    older,
    place,
    refill,
    rehash,
    room,
)

FAR = np.int64(1 << 62)  # how long ago it is that nothing was
LOOK_MAX = 4096  # entries of a window, the latest, among which members are told apart
SLOTS_LEAST, ENTRIES_LEAST = 64, 32


@compiled
def highest(entries: Entries, e: int, start: int) -> int:
    """The highest note of a chain from `e` back to the first entry that is not older; 0 of none."""
    found = 0
    while e != NONE and entries.when[e] >= start:
        j = entries.jump[e]
        if j != NONE and entries.when[j] >= start:
            found = max(found, entries.most[e])
            e = j
        else:
            found = max(found, entries.note[e])
            e = entries.prev[e]
    return found


@compiled
def peaks(entries: Entries, last: Int32s, end: Int64s, start: Int64s, found: Int64s) -> None:
    """For each row, the highest note of its key's entries from `start` on and before `end`."""
    for row in range(len(last)):
        found[row] = highest(entries, older(entries, last[row], end[row]), start[row])


@compiled
def extend(
    slots: Int32s,
    entries: Entries,
    count: int,
    one: Int64s,
    other: Int64s,
    when: Int64s,
    value: Int64s,
    note: Int64s,
    inside: NDArray[np.bool_],
    last: Int32s,
    looks: tuple[Int64s, Int64s],
    looked: Int32s,
) -> int:
    """Append those rows that are inside; answers how many keys were new.

    `last` tells the latest entry of each row's key by then, `looked` that of the key it looks at.
    """
    keys = 0
    e = count
    for row in range(len(one)):
        if inside[row]:
            keys += append(
                slots, entries, e, one[row], other[row], when[row], value[row], note[row]
            )
            e += 1
            last[row] = e - 1
        else:
            last[row] = slots[place(slots, entries, one[row], other[row])]
        if len(looked):
            looked[row] = slots[place(slots, entries, looks[0][row], looks[1][row])]
    return keys


@compiled
def number(
    slots: Int32s, entries: Entries, count: int, one: Int64s, other: Int64s, found: Int64s
) -> int:
    """Make one entry of each key that has none; answers how many, and the entry of each row."""
    keys = 0
    for row in range(len(one)):
        e = slots[place(slots, entries, one[row], other[row])]
        if e == NONE:
            e = count + keys
            keys += append(slots, entries, e, one[row], other[row], 0, 0, 0)
        found[row] = e
    return keys


@compiled
def windows(entries: Entries, last: Int32s, start: Int64s, linked: Int64s, total: Int64s) -> None:
    """For each row, how many entries are no older than `start`, and what they come to."""
    for row in range(len(last)):
        e = last[row]
        if e == NONE:
            continue
        o = older(entries, e, start[row])
        linked[row] = entries.depth[e] - (entries.depth[o] if o != NONE else 0)
        total[row] = entries.total[e] - (entries.total[o] if o != NONE else 0)


@compiled
def gaps(entries: Entries, last: Int32s, start: Int64s, gap: Int64s) -> None:
    """For each row, how long before the first entry of its window the one before that was."""
    for row in range(len(last)):
        e = last[row]
        if e == NONE or entries.when[e] < start[row]:
            continue
        o = older(entries, e, start[row])
        if o == NONE:
            continue
        while entries.depth[e] > entries.depth[o] + 1:  # to the first entry of the window
            j = entries.jump[e]
            e = j if j != NONE and entries.depth[j] > entries.depth[o] else entries.prev[e]
        gap[row] = entries.when[e] - entries.when[o]


@compiled
def since(entries: Entries, last: Int32s, inside: NDArray[np.bool_]) -> Int64s:
    """When each row's key had its entry before the row; -FAR if it had none."""
    found = np.full(len(last), -FAR)
    for row in range(len(last)):
        e = last[row]
        if e != NONE and inside[row]:
            e = entries.prev[e]
        if e != NONE:
            found[row] = entries.when[e]
    return found


@compiled
def members(
    entries: Entries,
    last: Int32s,
    start: Int64s,
    most: int,
    found: Int64s,
    cut_off: NDArray[np.bool_],
) -> None:
    """For each row, how many entries of its window have a note before the window begins.

    Args:
        most: Entries that are looked at, the latest; `cut_off` tells where there were more.
    """
    for row in range(len(last)):
        e = last[row]
        looks = 0
        while e != NONE and entries.when[e] >= start[row]:
            if looks == most:
                cut_off[row] = True
                break
            if entries.note[e] < start[row]:
                found[row] += 1
            e = entries.prev[e]
            looks += 1


@dataclass
class Series:
    """What was appended so far."""

    begun: ClassVar = (0, 0)  # the mark of one with nothing in it
    is_noted: bool = False
    entries: Entries = field(init=False)
    slots: Int32s = field(default_factory=lambda: np.full(SLOTS_LEAST, NONE))
    count: int = 0
    keys: int = 0

    def __post_init__(self) -> None:
        self.entries = room(ENTRIES_LEAST, is_noted=self.is_noted)

    def extend(
        self,
        key: tuple[Int64s, Int64s],
        when: Int64s,
        value: Int64s,
        inside: NDArray[np.bool_],
        note: Int64s | None = None,
    ) -> "Line":
        """Append rows, in their order, and answer for each of them.

        Args:
            key: Two numbers a row, of 31 bits each.
            when: Instants that never fall, and begin where the last rows ended.
            value: What entries come to; all of a series together have 63 bits.
            inside: Which rows are entries; the others only look.
            note: A number of an entry's own, if the series is noted.
        """
        return self.extend_and_look(key, key, when, value, inside, note, is_other=False)[0]

    def extend_and_look(
        self,
        key: tuple[Int64s, Int64s],
        looks: tuple[Int64s, Int64s],
        when: Int64s,
        value: Int64s,
        inside: NDArray[np.bool_],
        note: Int64s | None = None,
        *,
        is_other: bool = True,
    ) -> tuple["Line", "Line"]:
        """The same, and answer for each as well by another key than its own: `looks`."""
        rows = len(when)
        self.widen(rows)
        last, looked = np.empty(rows, np.int32), np.empty(rows if is_other else 0, np.int32)
        assert (note is not None) is self.is_noted
        notes = when if note is None else note  # which is not kept then
        entries = self.entries
        self.keys += extend(
            self.slots, entries, self.count, *key, when, value, notes, inside, last, looks, looked
        )
        self.count += int(np.count_nonzero(inside))
        return Line(entries, last, when, inside), Line(
            entries, looked, when, np.zeros(rows, np.bool_)
        )

    def number(self, key: tuple[Int64s, Int64s]) -> Int64s:
        """One number for each two: the place where they first came. For a series of its own."""
        self.widen(len(key[0]))
        found = np.empty(len(key[0]), np.int64)
        keys = number(self.slots, self.entries, self.count, *key, found)
        self.count, self.keys = self.count + keys, self.keys + keys
        return found

    def mark(self) -> tuple[int, int]:
        """Where it stands, for `back`."""
        return self.count, len(self.slots)

    def back(self, mark: tuple[int, int]) -> None:
        """Take back all that was appended since a mark."""
        kept, size = mark
        if len(self.slots) == size:
            self.keys -= cut(self.slots, self.entries, self.count, kept)
        else:  # they were named anew, in another order
            self.slots[:] = NONE
            self.keys = refill(self.slots, self.entries, kept)
        self.count = kept

    def widen(self, rows: int) -> None:
        """Make room for so many rows more, each of a key of its own."""
        if self.count + rows > len(self.entries.when):
            needed = max(self.count + rows, 2 * len(self.entries.when))
            self.entries = grown(self.entries, needed)
        size = len(self.slots)
        while 2 * (self.keys + rows) > size:
            size *= 2
        if size > len(self.slots):
            wider = np.full(size, NONE)
            rehash(self.slots, wider, self.entries)
            self.slots = wider


class Line(NamedTuple):
    """The rows of a batch in a series: each is answered as of itself.

    A window of `span` holds what is fewer than `span` before the row, and no later row. Of rows
    that are `inside`, the last entry is their own.
    """

    entries: Entries
    last: Int32s
    when: Int64s
    inside: NDArray[np.bool_]

    def window(self, span: int) -> tuple[Int64s, Int64s]:
        """How many entries there are in the window of each row, and what they come to."""
        linked, total = np.zeros(len(self.last), np.int64), np.zeros(len(self.last), np.int64)
        windows(self.entries, self.last, self.when - span + 1, linked, total)
        return linked, total

    def gap(self, span: int) -> Int64s:
        """How long nothing was before the window's first entry; 0 if there was never anything."""
        found = np.zeros(len(self.last), np.int64)
        gaps(self.entries, self.last, self.when - span + 1, found)
        return found

    def since(self) -> Int64s:
        """When the key of each row had an entry before that row; -FAR if never."""
        return since(self.entries, self.last, self.inside)

    def depth(self) -> Int64s:
        """How many entries the key of each row has, the row itself included if it is one."""
        known = self.entries.depth[np.maximum(self.last, 0)].astype(np.int64)
        return np.where(self.last == NONE, 0, known)

    def members(self, span: int) -> tuple[Int64s, NDArray[np.bool_]]:
        """How many of the last LOOK_MAX entries of the window have a note from before it.

        Also, where the window has more of them than are looked at.
        """
        found, cut_off = np.zeros(len(self.last), np.int64), np.zeros(len(self.last), np.bool_)
        members(self.entries, self.last, self.when - span + 1, LOOK_MAX, found, cut_off)
        return found, cut_off

    def peak(self, span: int, reach: int) -> Int64s:
        """The highest note of the entries that are `span` and more before the row.

        Args:
            reach: Of these, how far before that they may be.
        """
        found = np.zeros(len(self.last), np.int64)
        end = self.when - span + 1
        peaks(self.entries, self.last, end, end - reach, found)
        return found
