"""Judge payments by all law that applies to them: a verdict, its grounds, and what is due.

Every rule is compiled once for each side it looks from and each of the two days on which the law
is looked at. It applies where its jurisdiction is attached to that side, it is in force, and class,
asset and transaction are of its scope; it *comes* where its condition holds too. Then

    DENY   if a DENY comes; or an attached law has no ALLOW that comes, on a subject that needs one
    HOLD   else, if a HOLD comes, or it is not known whether one of the above does
    ALLOW  else

so another jurisdiction can only make the verdict stricter. REPORT and COLLECT are due where they
come or may come, whatever the verdict. All of it is one program of array steps
(`engines.formula`); a batch is run block by block, and its rows told apart by their pattern, the
bits of all that came: two payments with one pattern have the same grounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.rulebook.compiling import Compiled, Compiler, Gap, Instance
from clearhouse.core.rulebook.facts import Key
from clearhouse.core.rulebook.matters import Matters
from clearhouse.core.rulebook.rule import Day, Programme, Role, Rule
from clearhouse.core.rulebook.vocabulary import (
    EPOCH,
    PARTIES,
    Vocabulary,
)
from clearhouse.engines.formula import Column, run

PROGRAMS_MAX = 64  # kept compiled; the oldest goes
KINDS = ("asset", "transaction")


class Answer(IntEnum):
    """What the law says of a payment; the strictest of several is the greatest."""

    ALLOW = 0
    HOLD = 1
    DENY = 2


@dataclass(frozen=True, slots=True)
class Came:
    """A rule, or a lack of one, that bears on a payment."""

    what: Rule | Gap
    role: Role
    days: tuple[Day, ...]
    certain: bool  # else it may come: a fact that it reads is not known


@dataclass(frozen=True)
class Judgement:
    """What the law says of every payment of a batch."""

    answers: NDArray[np.uint8]  # of `Answer`
    patterns: NDArray[np.int64]  # the number of each row's pattern
    _bits: list[bytes]  # by pattern
    _of: tuple[Instance | Gap, ...]

    def came(self, pattern: int) -> list[Came]:
        """What bears on the payments of one pattern, in the order of the law."""
        bits = np.unpackbits(np.frombuffer(self._bits[pattern], np.uint8))
        count = len(self._of)
        found: dict[tuple[object, Role, bool], list[Day]] = {}
        named: dict[tuple[object, Role, bool], Rule | Gap] = {}
        for number in np.flatnonzero(bits[:count] | bits[count : 2 * count]):
            one = self._of[number]
            what = one.rule if isinstance(one, Instance) else one
            name = (
                (what.head.id, what.head.effective_from)
                if isinstance(what, Rule)
                else (what.jurisdiction, what.subject)
            )
            key = (name, one.role, bool(bits[number]))
            found.setdefault(key, []).append(one.day)
            named.setdefault(key, what)
        return [Came(what, key[1], tuple(found[key]), key[2]) for key, what in named.items()]


@dataclass
class Judge:
    """Judges by one rulebook; keeps what it has compiled.

    Args:
        rules: In the order in which grounds are told.
        programmes: What may waive some of them.
    """

    rules: Sequence[Rule]
    vocabulary: Vocabulary
    programmes: Sequence[Programme] = ()
    _compiled: dict[tuple[int, ...], Compiled] = field(default_factory=dict)

    def judge(self, matters: Matters) -> Judgement:
        """Judge a batch; one payment is a batch of one."""
        compiled = self._for(matters)
        columns = {str(key): matters.column(key) for key in compiled.keys}
        answers = np.zeros(matters.rows, np.uint8)
        patterns = np.zeros(matters.rows, np.int64)
        known: dict[bytes, int] = {}
        for rows, (denied, held, *comes) in run(compiled.plan, columns, matters.rows):
            size = rows.stop - rows.start
            doubtful = held.possible if denied.unknown is None else held.possible | denied.unknown
            answers[rows] = np.where(denied.values, Answer.DENY, doubtful * np.uint8(Answer.HOLD))
            patterns[rows] = _numbered(_packed(comes, size), known)
        return Judgement(answers, patterns, list(known), compiled.of)

    def _for(self, matters: Matters) -> Compiled:
        """The program for what the batch has: fewer attached laws and days make a shorter one."""
        # Where a party resides is attached to it, whatever else is.
        masks = [
            _all_of(matters.column(Key(f"{party}.jurisdictions")))
            | _some_of(matters.column(Key(f"{party}.residence")))
            for party in PARTIES
        ]
        spans = (
            [
                int(extreme(matters.column(Key(f"{day}")).values))
                for day in ("traded_on", "settles_on")
                for extreme in (np.min, np.max)
            ]
            if matters.rows
            else [0] * 4
        )
        # Between two days on which no law begins or ends, all days are alike.
        marks = self._marks
        eras = [int(np.searchsorted(marks, day, "right")) for day in spans]
        kinds = [_some_of(matters.column(Key(fact))) for fact in KINDS]
        key = (*masks, *kinds, *eras)
        if key not in self._compiled:
            if len(self._compiled) >= PROGRAMS_MAX:
                del self._compiled[next(iter(self._compiled))]
            self._compiled[key] = Compiler(
                self.vocabulary, self.programmes, masks, dict(zip(KINDS, kinds, strict=True)), spans
            ).compiled(self.rules)
        return self._compiled[key]

    @cached_property
    def _marks(self) -> NDArray[np.int64]:
        """The days on which a rule begins to hold, or no longer holds."""
        days = set()
        for rule in self.rules:
            days.add(rule.head.effective_from.toordinal() - EPOCH)
            if rule.head.effective_to is not None:
                days.add(rule.head.effective_to.toordinal() - EPOCH + 1)
        return np.array(sorted(days), np.int64)


def _some_of(column: Column) -> int:
    """The words that a column of texts has, as a mask."""
    return sum(1 << int(code) for code in np.unique(column.values))


def _all_of(column: Column) -> int:
    return int(np.bitwise_or.reduce(column.values)) if len(column.values) else 0


def _packed(columns: Sequence[Column], size: int) -> NDArray[np.uint8]:
    """What came and what may have come, as bits: a row for each payment."""
    bits = np.zeros((size, 2 * len(columns)), np.bool_)
    for number, column in enumerate(columns):
        bits[:, number] = column.values
        if column.unknown is not None:
            bits[:, len(columns) + number] = column.unknown
    return np.packbits(bits, axis=1)


def _numbered(rows: NDArray[np.uint8], known: dict[bytes, int]) -> NDArray[np.int64]:
    """The number of each row; those that are new are entered."""
    if rows.shape[1] == 0:
        return np.full(len(rows), known.setdefault(b"", 0))
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.shape[1])))[:, 0]
    distinct, places = np.unique(whole, return_inverse=True)
    numbers = np.array([known.setdefault(one.tobytes(), len(known)) for one in distinct])
    return numbers[places]
