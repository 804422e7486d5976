"""Formulas over columns: arrays of facts in, truth out, and what is not known stays not known.

A `Program` is a list of steps, each made once however many formulas share it: whoever builds asks
for a step and gets its number, the same number for the same step. Running it is a walk over the
steps that the wanted formulas need, a block of rows at a time, so that a million rows are array
work and one row is the same walk. The type checker of the conditions stands before it: no step
can fail here, and none can leave 64 bits.

What is unknown follows Kleene's strong logic: "no" and unknown is no, "yes" and unknown is
unknown. A truth is held as two arrays: where it is yes, and where it is not known (there it is not
yes). Numbers with an unknown part make an unknown number.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
Bits = NDArray[np.bool_]

BLOCK = 1 << 14  # rows: what is between the steps stays in the cache of one core
SET_MAX = 64  # members of a vocabulary: a set of them is one word


class Column(NamedTuple):
    """A fact for every row.

    Truths are bool, texts uint8 codes below 64, sets uint64 masks of such codes, days and numbers
    int64. Where `unknown` says so, the value means nothing.
    """

    values: Values
    unknown: Bits | None = None

    def part(self, rows: slice) -> "Column":
        """The fact for some of the rows; a truth that is not known is not yes."""
        values = self.values[rows]
        if self.unknown is None:
            return Column(values)
        unknown = self.unknown[rows]
        return Column(values & ~unknown if values.dtype == np.bool_ else values, unknown)

    @property
    def possible(self) -> Bits:
        """Of a truth: where it is yes, or may be."""
        yes: Bits = self.values
        return yes if self.unknown is None else yes | self.unknown


@dataclass(frozen=True, slots=True)
class Step:
    """One operation: the numbers of the steps it takes from, and a constant or a column's name."""

    op: str
    args: tuple[int, ...] = ()
    value: object = None


@dataclass
class Program:
    """Steps in the order in which they can be taken; a step stands after all that it needs."""

    steps: list[Step] = field(default_factory=list)
    _numbers: dict[Step, int] = field(default_factory=dict)

    def column(self, name: str) -> int:
        """The step that reads a column."""
        return self._number(Step("column", (), name))

    def constant(self, value: int | bool) -> int:
        """The step that is the same for every row."""
        return self._number(Step("truth" if type(value) is bool else "number", (), value))

    def apply(self, op: str, *args: int, value: object = None) -> int:
        """The step that does `op`: one of OPERATIONS."""
        assert op in OPERATIONS
        return self._number(Step(op, args, value))

    def every(self, args: Sequence[int]) -> int:
        """The step that is yes where all of `args` are."""
        return self._join("and", args, empty=True)

    def any(self, args: Sequence[int]) -> int:
        """The step that is yes where one of `args` is."""
        return self._join("or", args, empty=False)

    def _join(self, op: str, args: Sequence[int], *, empty: bool) -> int:
        if not args:
            return self.constant(empty)
        first, *others = args
        for other in others:
            first = self.apply(op, first, other)
        return first

    def _number(self, step: Step) -> int:
        number = self._numbers.get(step)
        if number is None:
            number = self._numbers[step] = len(self.steps)
            self.steps.append(step)
        return number


class Taken(NamedTuple):
    """A step to be taken, and the steps that nothing needs after it."""

    number: int
    operation: "Operation"
    args: tuple[int, ...]
    value: object
    done_with: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """What must be done, in order, to know some steps of a program."""

    wanted: tuple[int, ...]
    constants: Mapping[int, Column]
    columns: Mapping[int, str]  # the names of those that are read
    taken: tuple[Taken, ...]


def plan(program: Program, wanted: Sequence[int]) -> Plan:
    """Find what must be done to know the `wanted` steps."""
    keep = set(wanted)
    last: dict[int, int] = {}
    for number in range(max(wanted, default=-1), -1, -1):
        if number in keep or number in last:
            last.setdefault(number, number)
            for arg in program.steps[number].args:
                last.setdefault(arg, number)
    gone: dict[int, list[int]] = {number: [] for number in last}
    for number, at in last.items():
        if number not in keep:
            gone[at].append(number)
    constants, columns, taken = {}, {}, []
    for number in sorted(last):
        step = program.steps[number]
        if step.op in CONSTANTS:
            constants[number] = Column(np.array([step.value], dtype=CONSTANTS[step.op]))
        elif step.op == "column":
            columns[number] = str(step.value)
        else:
            done_with = tuple(gone[number])
            taken.append(Taken(number, OPERATIONS[step.op], step.args, step.value, done_with))
    return Plan(tuple(wanted), constants, columns, tuple(taken))


def run(
    plan: Plan, columns: Mapping[str, Column], rows: int
) -> Iterator[tuple[slice, list[Column]]]:
    """Walk over blocks of rows.

    Args:
        columns: At least those the plan reads, each `rows` long.

    Yields:
        A block's rows, and the wanted steps' columns for it; a constant has one value for all.
    """
    read = [(number, columns[name]) for number, name in plan.columns.items()]
    for start in range(0, rows, BLOCK):
        block = slice(start, min(start + BLOCK, rows))
        known = dict(plan.constants)
        for number, column in read:
            known[number] = column.part(block)
        for number, operation, args, value, done_with in plan.taken:
            known[number] = operation([known[arg] for arg in args], value)
            for old in done_with:
                del known[old]
        yield block, [known[number] for number in plan.wanted]


def _unknown(args: Sequence[Column]) -> Bits | None:
    """Where one of the arguments is unknown."""
    found: Bits | None = None
    for arg in args:
        if arg.unknown is not None:
            found = arg.unknown if found is None else found | arg.unknown
    return found


def _and(args: Sequence[Column], _: object) -> Column:
    one, other = args
    yes = one.values & other.values
    if one.unknown is None and other.unknown is None:
        return Column(yes)
    return Column(yes, (one.possible & other.possible) & ~yes)


def _or(args: Sequence[Column], _: object) -> Column:
    one, other = args
    yes = one.values | other.values
    unknown = _unknown(args)
    return Column(yes, None if unknown is None else unknown & ~yes)


def _not(args: Sequence[Column], _: object) -> Column:
    (one,) = args
    return Column(~one.possible, one.unknown)


def _compared(ufunc: Callable[..., Bits]) -> "Operation":
    def operation(args: Sequence[Column], _: object) -> Column:
        return _truth(ufunc(args[0].values, args[1].values), args)

    return operation


def _truth(yes: Bits, args: Sequence[Column]) -> Column:
    """A truth about `args`: yes nowhere that one of them is unknown."""
    unknown = _unknown(args)
    return Column(yes) if unknown is None else Column(yes & ~unknown, unknown)


def _counted(ufunc: Callable[..., Values]) -> "Operation":
    def operation(args: Sequence[Column], _: object) -> Column:
        return Column(ufunc(*(arg.values for arg in args)), _unknown(args))

    return operation


def _divide(whole: Values, by: Values) -> Values:
    """Towards zero, as CEL divides; NumPy's own goes down."""
    down: Values = np.floor_divide(whole, by)
    quotient: Values = down + ((down < 0) & (down * by != whole))
    return quotient


def _within(args: Sequence[Column], value: object) -> Column:
    """Whether a text is one of a constant set of codes."""
    return _truth(_table(value)[args[0].values], args)


@lru_cache(maxsize=4096)
def _table(mask: object) -> Bits:
    """Whether each code is in a set."""
    assert isinstance(mask, int)
    return np.array([bool(mask >> code & 1) for code in range(SET_MAX)])


def _meets(args: Sequence[Column], value: object) -> Column:
    """Whether a set has a member in common with a constant set of codes."""
    assert isinstance(value, int)
    return _truth((args[0].values & np.uint64(value)) != 0, args)


def _member(args: Sequence[Column], _: object) -> Column:
    """Whether a text is in a set, both facts."""
    text, among = args
    shifted = np.right_shift(among.values, text.values.astype(np.uint64))
    return _truth((shifted & np.uint64(1)) != 0, args)


Operation = Callable[[Sequence[Column], object], Column]
CONSTANTS: Mapping[str, type[np.generic]] = {"truth": np.bool_, "number": np.int64}
OPERATIONS: Mapping[str, Operation] = {
    "and": _and,
    "or": _or,
    "not": _not,
    "==": _compared(np.equal),
    "!=": _compared(np.not_equal),
    "<": _compared(np.less),
    "<=": _compared(np.less_equal),
    ">": _compared(np.greater),
    ">=": _compared(np.greater_equal),
    "+": _counted(np.add),
    "-": _counted(np.subtract),
    "*": _counted(np.multiply),
    "/": _counted(_divide),
    "%": _counted(np.fmod),
    "negate": _counted(np.negative),
    "within": _within,
    "meets": _meets,
    "member": _member,
}
