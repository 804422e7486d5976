"""Formulas over columns say, row by row, what a plain interpreter says of one row."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clearhouse.engines import formula
from clearhouse.engines.formula import (
    BLOCK,
    OPERATIONS,
    SET_MAX,
    Column,
    Program,
    Step,
    plan,
    run,
)

Plain = int | bool | None  # of one row; None is not known
Row = Mapping[str, Plain]

LEAST, MOST = -(2**63), 2**63 - 1
ALL = 2**SET_MAX - 1
THREE: tuple[bool | None, ...] = (False, True, None)
COMPARES = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
DTYPES: Mapping[str, type[np.generic]] = {
    "truth": np.bool_,
    "number": np.int64,
    "text": np.uint8,
    "set": np.uint64,
}
seeds = st.integers(0, 2**32 - 1)  # of dice; a seed is told where its draw fails


def quotient(whole: int, by: int) -> int:
    """Towards zero: of the sizes, and then the sign."""
    size = abs(whole) // abs(by)
    return size if (whole < 0) == (by < 0) else -size


def both(one: Plain, other: Plain) -> Plain:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def opposite(one: Plain) -> Plain:
    return None if one is None else not one


KLEENE: Mapping[str, Callable[..., Plain]] = {
    "and": both,
    "or": lambda one, other: opposite(both(opposite(one), opposite(other))),
    "not": opposite,
}
STRICT: Mapping[str, Callable[..., Plain]] = {
    **COMPARES,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": quotient,
    "%": lambda whole, by: whole - by * quotient(whole, by),
    "negate": operator.neg,
    "within": lambda text, mask: bool(mask >> text & 1),
    "member": lambda text, among: bool(among >> text & 1),
    "meets": lambda one, mask: bool(one & mask),
}


def worth(op: str, args: Sequence[Plain], value: object = None) -> Plain:
    """What one operation makes of one row."""
    if op in KLEENE:
        return KLEENE[op](*args)
    if None in args:
        return None
    return STRICT[op](*args) if value is None else STRICT[op](*args, value)


def interpreted(program: Program, row: Row) -> list[Plain]:
    """What every step of a program is for one row."""
    found: list[Plain] = []
    for step in program.steps:
        match step.op, step.value:
            case "column", str(name):
                found.append(row[name])
            case (("truth" | "number"), (bool() | int()) as value):
                found.append(value)
            case _:
                found.append(worth(step.op, [found[arg] for arg in step.args], step.value))
    return found


def column(kind: str, values: Sequence[Plain], hidden: int = 0) -> Column:
    """A column of one kind; what is not known is `hidden` under its mask."""
    missing = np.array([value is None for value in values], np.bool_)
    filled = np.array([hidden if value is None else value for value in values], DTYPES[kind])
    return Column(filled, missing if missing.any() else None)


def listed(column: Column, rows: int) -> list[Plain]:
    """A column as plain values, a constant as often as there are rows."""
    assert column.values.shape in {(rows,), (1,)}
    values = np.broadcast_to(column.values, rows).tolist()
    if column.unknown is None:
        return list(values)
    assert column.unknown.dtype == np.bool_
    unknown = np.broadcast_to(column.unknown, rows).tolist()
    return [None if missing else value for value, missing in zip(values, unknown, strict=True)]


def ran(
    program: Program, wanted: Sequence[int], columns: Mapping[str, Column], rows: int
) -> list[list[Plain]]:
    """What `wanted` steps are, of all rows; the blocks are in order and leave none out."""
    found: list[list[Plain]] = [[] for _ in wanted]
    at = 0
    for block, answers in run(plan(program, wanted), columns, rows):
        assert (block.start, block.stop) == (at, min(at + formula.BLOCK, rows))
        at = block.stop
        assert len(answers) == len(wanted)
        for so_far, answer in zip(found, answers, strict=True):
            so_far.extend(listed(answer, block.stop - block.start))
    assert at == rows
    return found


def applied(op: str, *columns: tuple[str, Sequence[Plain]], value: object = None) -> list[Plain]:
    """One operation on whole columns."""
    program = Program()
    args = [program.column(f"c{number}") for number in range(len(columns))]
    step = program.apply(op, *args, value=value)
    made = {f"c{number}": column(*each) for number, each in enumerate(columns)}
    (found,) = ran(program, [step], made, len(columns[0][1]))
    return found


@dataclass
class Maker:
    """Makes a program by dice, each number's step with the least and the most it can be."""

    dice: Random
    program: Program = field(default_factory=Program)
    kinds: dict[str, list[int]] = field(default_factory=lambda: {kind: [] for kind in DTYPES})
    bounds: dict[int, tuple[int, int]] = field(default_factory=dict)
    columns: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    def make(self, steps: int) -> None:
        for kind, low, high in (
            *(("truth", 0, 1),) * 3,
            *(("number", -9, 9),) * 2,
            ("number", LEAST, MOST),
            ("number", 0, 4 * 10**18),
            *(("text", 0, 3), ("text", 0, SET_MAX - 1)),
            *(("set", 0, 15), ("set", 0, ALL)),
        ):
            name = f"{kind}{len(self.columns)}"
            self.columns[name] = kind, low, high
            step = self.program.column(name)
            self.kinds[kind].append(step)
            self.bounds[step] = low, high
        for value in (True, False):
            self.kinds["truth"].append(self.program.constant(value))
        for number in (0, 1, -3, self.dice.randint(LEAST, MOST)):
            self.counted(self.program.constant(number), number, number)
        for _ in range(steps):
            self.further()

    def further(self) -> None:
        """One more step, if it stays within 64 bits."""
        op = self.dice.choice([*OPERATIONS])
        texts, sets = self.kinds["text"], self.kinds["set"]
        match op:
            case "and" | "or":
                self.true(op, self.pick("truth"), self.pick("truth"))
            case "not":
                self.true(op, self.pick("truth"))
            case "within" | "meets":
                among = self.dice.choice(texts if op == "within" else sets)
                self.true(op, among, value=self.dice.randint(0, ALL))
            case "member":
                self.true(op, self.pick("text"), self.pick("set"))
            case "==" | "!=" if self.dice.random() < 0.3:
                code = self.program.constant(self.dice.randint(0, 3))
                self.true(op, self.pick("text"), self.dice.choice([*texts, code]))
            case _ if op in COMPARES:
                self.true(op, self.pick("number"), self.pick("number"))
            case _:
                self.count(op, self.pick("number"))

    def pick(self, kind: str) -> int:
        return self.dice.choice(self.kinds[kind])

    def count(self, op: str, number: int) -> None:
        low, high = self.bounds[number]
        by = self.dice.choice((1, 2, 3, 7, 10**9, MOST))
        match op:
            case "negate":
                self.bounded(op, (number,), -high, -low)
            case "/":
                args = number, self.program.constant(by)
                self.bounded(op, args, quotient(low, by), quotient(high, by))
            case "%":
                self.bounded(op, (number, self.program.constant(by)), 1 - by, by - 1)
            case _:
                other = self.pick("number")
                corners = [
                    STRICT[op](one, two) or 0
                    for one, two in product((low, high), self.bounds[other])
                ]
                self.bounded(op, (number, other), min(corners), max(corners))

    def true(self, op: str, *args: int, value: object = None) -> None:
        self.kinds["truth"].append(self.program.apply(op, *args, value=value))

    def bounded(self, op: str, args: tuple[int, ...], low: int, high: int) -> None:
        if LEAST <= low <= high <= MOST:
            self.counted(self.program.apply(op, *args), low, high)

    def counted(self, step: int, low: int, high: int) -> None:
        self.kinds["number"].append(step)
        self.bounds[step] = low, high

    def rows(self, count: int) -> list[dict[str, Plain]]:
        """Facts; some columns miss none, others some, others all."""
        missing = {name: self.dice.choice((0, 0, 0.3, 1)) for name in self.columns}
        return [
            {
                name: None if self.dice.random() < missing[name] else self.value(*column)
                for name, column in self.columns.items()
            }
            for _ in range(count)
        ]

    def value(self, kind: str, low: int, high: int) -> Plain:
        if kind == "truth":
            return self.dice.random() < 0.5
        return self.dice.choice((low, high, self.dice.randint(low, high)))

    def table(self, rows: Sequence[Row]) -> dict[str, Column]:
        return {
            name: column(kind, [row[name] for row in rows])
            for name, (kind, _, _) in self.columns.items()
        }


@given(seeds, st.integers(0, 60), st.integers(0, 12), st.integers(1, 13))
@settings(max_examples=200)
def test_whole_programs_say_what_a_plain_interpreter_says(
    seed: int, steps: int, count: int, block: int
) -> None:
    """Of any of their steps, in any order, however the rows fall into blocks."""
    maker = Maker(Random(seed))
    maker.make(steps)
    rows, program = maker.rows(count), maker.program
    wanted = [maker.dice.randrange(len(program.steps)) for _ in range(maker.dice.randint(0, 9))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formula, "BLOCK", block)
        found = ran(program, wanted, maker.table(rows), count)

    expected = [interpreted(program, row) for row in rows]
    assert found == [[each[number] for each in expected] for number in wanted]


def test_the_programs_that_are_drawn_are_hard_enough() -> None:
    ops: dict[str, int] = dict.fromkeys(OPERATIONS, 0)
    answers: dict[Plain, int] = dict.fromkeys(THREE, 0)
    large = 0
    for seed in range(60):
        maker = Maker(Random(seed))
        maker.make(60)
        for step in maker.program.steps:
            if step.op in ops:
                ops[step.op] += 1
        for row in maker.rows(5):
            found = interpreted(maker.program, row)
            for number in maker.kinds["truth"]:
                answers[found[number]] += 1
            large += sum(abs(found[number] or 0) > 2**62 for number in maker.kinds["number"])

    assert min(ops.values()) > 60
    assert min(answers.values()) > 1000
    assert large > 300


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("and", "fff" + "ft?" + "f??"),
        ("or", "ft?" + "ttt" + "?t?"),
    ],
)
def test_no_is_stronger_than_unknown_in_and_and_yes_in_or(op: str, expected: str) -> None:
    """Kleene's tables: no, yes, unknown on the left, and for each the three on the right."""
    pairs = list(product(THREE, THREE))
    said = {"f": False, "t": True, "?": None}

    found = applied(
        op, ("truth", [left for left, _ in pairs]), ("truth", [right for _, right in pairs])
    )

    assert found == [said[letter] for letter in expected]


def test_the_opposite_of_unknown_is_unknown() -> None:
    assert applied("not", ("truth", THREE)) == [True, False, None]


@pytest.mark.parametrize("op", ["and", "or"])
def test_a_constant_and_a_mask_go_together(op: str) -> None:
    program = Program()
    read = program.column("c")
    for value in (False, True):
        constant = program.constant(value)
        for args in ((read, constant), (constant, read)):
            step = program.apply(op, *args)
            (found,) = ran(program, [step], {"c": column("truth", THREE)}, 3)
            assert found == [worth(op, (each, value)) for each in THREE]


EDGES = (LEAST, LEAST + 1, -(2**32), -7, -3, -2, -1, 0, 1, 2, 3, 7, 10**18, MOST - 1, MOST)


@pytest.mark.parametrize("op", ["+", "-", "*", *COMPARES])
def test_numbers_are_counted_and_compared_exactly_to_the_last_of_64_bits(op: str) -> None:
    pairs: list[tuple[int, int]] = [
        (one, other)
        for one, other in product(EDGES, EDGES)
        if LEAST <= (STRICT[op](one, other) or 0) <= MOST
    ]
    assert len(pairs) > 70

    found = applied(
        op, ("number", [one for one, _ in pairs]), ("number", [other for _, other in pairs])
    )

    assert found == [STRICT[op](one, other) for one, other in pairs]


@pytest.mark.parametrize(
    ("whole", "by", "times", "rest"),
    [
        (7, 2, 3, 1),
        (-7, 2, -3, -1),  # NumPy's own are -4 and 1
        (-6, 2, -3, 0),
        (-1, 2, 0, -1),
        (0, 2, 0, 0),
        (1, 2, 0, 1),
        (-1, 1, -1, 0),
        (LEAST, 1, LEAST, 0),
        (LEAST, 3, -3074457345618258602, -2),
        (LEAST, MOST, -1, -1),
        (LEAST + 1, MOST, -1, 0),
        (MOST, MOST, 1, 0),
        (MOST - 1, MOST, 0, MOST - 1),
        (MOST, 2, 2**62 - 1, 1),
    ],
)
def test_division_goes_towards_zero_and_leaves_the_sign_of_the_whole(
    whole: int, by: int, times: int, rest: int
) -> None:
    numbers = ("number", [whole]), ("number", [by])
    assert applied("/", *numbers) == [times]
    assert applied("%", *numbers) == [rest]


@given(
    st.lists(
        st.tuples(
            st.integers(LEAST, MOST) | st.integers(-20, 20),
            st.integers(1, 9) | st.integers(1, MOST),
        ),
        min_size=1,
    )
)
def test_quotients_and_remainders_make_the_whole_again(pairs: list[tuple[int, int]]) -> None:
    wholes, divisors = [whole for whole, _ in pairs], [by for _, by in pairs]
    quotients = applied("/", ("number", wholes), ("number", divisors))
    rests = applied("%", ("number", wholes), ("number", divisors))
    for (whole, by), times, rest in zip(pairs, quotients, rests, strict=True):
        assert times is not None
        assert rest is not None
        assert times * by + rest == whole
        assert abs(rest) < by
        assert rest == 0 or (rest < 0) == (whole < 0)
        assert abs(times * by) <= abs(whole)


def test_all_negative_numbers_but_one_have_a_negative() -> None:
    edges = [edge for edge in EDGES if edge != LEAST]
    assert applied("negate", ("number", edges)) == [-edge for edge in edges]


@pytest.mark.parametrize("mask", [0, 1, 2**63, ALL, ALL - 1, 2**63 - 1, 0b1010])
def test_a_set_has_each_of_the_64_words_or_has_it_not(mask: int) -> None:
    codes = range(SET_MAX)
    expected = [bool(mask >> code & 1) for code in codes]

    assert applied("within", ("text", codes), value=mask) == expected
    assert applied("member", ("text", codes), ("set", [mask] * SET_MAX)) == expected
    assert applied("meets", ("set", [1 << code for code in codes]), value=mask) == expected


def test_sets_meet_where_they_have_a_word_in_common() -> None:
    sets = [0, 1, 0b110, 2**63, 2**63 | 1, ALL]
    for mask in sets:
        assert applied("meets", ("set", sets), value=mask) == [bool(one & mask) for one in sets]


def test_texts_are_the_same_by_their_codes() -> None:
    pairs = list(product(range(SET_MAX), repeat=2))
    sides = ("text", [one for one, _ in pairs]), ("text", [other for _, other in pairs])
    assert applied("==", *sides) == [one == other for one, other in pairs]
    assert applied("!=", *sides) == [one != other for one, other in pairs]


@pytest.mark.parametrize("op", sorted(OPERATIONS.keys() - {"and", "or", "not"}))
def test_whatever_reads_the_unknown_is_unknown_there_and_nowhere_else(op: str) -> None:
    kinds = {"within": ["text"], "meets": ["set"], "member": ["text", "set"], "negate": ["number"]}
    sides = kinds.get(op, ["number", "number"])
    value = 0b10 if op in {"within", "meets"} else None
    rows = list(product((1, 2, None), repeat=len(sides)))

    program = Program()
    step = program.apply(
        op, *(program.column(str(side)) for side in range(len(sides))), value=value
    )
    columns = {
        str(side): column(kind, [row[side] for row in rows], hidden=3)
        for side, kind in enumerate(sides)
    }
    (found,) = ran(program, [step], columns, len(rows))

    assert found == [worth(op, row, value) for row in rows]
    assert [each is None for each in found] == [None in row for row in rows]


@given(seeds)
def test_what_lies_under_a_mask_means_nothing(seed: int) -> None:
    """Numbers, sets and texts under a mask are changed; no step tells of it."""
    maker = Maker(Random(seed))
    maker.make(40)
    rows = maker.rows(8)
    table = maker.table(rows)
    other = {
        name: column(kind, [row[name] for row in rows], hidden=0 if kind == "truth" else high)
        for name, (kind, _, high) in maker.columns.items()
    }
    wanted = maker.kinds["truth"]
    assert ran(maker.program, wanted, table, 8) == ran(maker.program, wanted, other, 8)


@pytest.mark.parametrize("op", ["and", "or", "not"])
def test_a_truth_that_lies_under_a_mask_means_nothing(op: str) -> None:
    program = Program()
    read, known = program.column("read"), program.column("known")
    step = program.apply(op, *([read] if op == "not" else [read, known]))
    columns = {
        "read": column("truth", [None, None], hidden=True),
        "known": column("truth", [False, True]),
    }
    (found,) = ran(program, [step], columns, 2)
    args = [[None]] * 2 if op == "not" else [[None, False], [None, True]]
    assert found == [worth(op, each) for each in args]


@given(seeds)
@settings(max_examples=50)
def test_truths_are_yes_nowhere_that_they_are_unknown(seed: int) -> None:
    maker = Maker(Random(seed))
    maker.make(40)
    table = maker.table(maker.rows(8))
    for _, found in run(plan(maker.program, maker.kinds["truth"]), table, 8):
        for each in found:
            assert each.values.dtype == np.bool_
            possible = each.values if each.unknown is None else each.values | each.unknown
            assert np.array_equal(each.possible, possible)
            assert each.unknown is None or not (each.values & each.unknown).any()


@given(seeds)
@settings(max_examples=50)
def test_where_all_is_known_no_masks_are_made(seed: int) -> None:
    maker = Maker(Random(seed))
    maker.make(40)
    rows = [{name: maker.value(*each) for name, each in maker.columns.items()} for _ in range(4)]
    every = range(len(maker.program.steps))
    for _, found in run(plan(maker.program, every), maker.table(rows), 4):
        assert all(each.unknown is None for each in found)


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK + 5])
def test_rows_fall_into_blocks_and_none_is_lost(rows: int) -> None:
    chance = np.random.default_rng(rows)
    amounts = chance.integers(-100, 100, rows)
    missing = chance.random(rows) < 0.2
    program = Program()
    rest = program.apply("%", program.column("amount"), program.constant(7))
    step = program.apply("<", rest, program.constant(-2))

    sizes = []
    yes, unknown = np.zeros(rows, np.bool_), np.zeros(rows, np.bool_)
    columns = {"amount": Column(amounts, missing)}
    for block, (found,) in run(plan(program, [step]), columns, rows):
        sizes.append(block.stop - block.start)
        yes[block], unknown[block] = found.values, found.unknown

    assert sum(sizes) == rows
    assert all(size == BLOCK for size in sizes[:-1])
    assert len(sizes) == -(-rows // BLOCK)
    assert np.array_equal(unknown, missing)
    assert np.array_equal(yes, (np.sign(amounts) * (abs(amounts) % 7) < -2) & ~missing)


def test_a_constant_is_one_value_for_all_rows() -> None:
    program = Program()
    seven = program.apply("+", program.constant(3), program.constant(4))
    wanted = [program.constant(True), seven, program.apply(">", seven, program.constant(7))]
    for rows in (1, 5, BLOCK + 1):
        for _, found in run(plan(program, wanted), {}, rows):
            assert [each.values.tolist() for each in found] == [[True], [7], [False]]
            assert [each.unknown for each in found] == [None] * 3


def test_a_constant_meets_every_row_of_a_column() -> None:
    program = Program()
    read, three = program.column("n"), program.constant(3)
    wanted = [program.apply(op, read, three) for op in ("-", "/", "==")]
    wanted += [program.apply(op, three, read) for op in ("-", "<")]
    found = ran(program, wanted, {"n": column("number", [9, None, 3])}, 3)
    assert found == [
        [6, None, 0],
        [3, None, 1],
        [False, None, True],
        [-6, None, 0],
        [True, None, False],
    ]


def test_the_same_step_has_the_same_number() -> None:
    program = Program()
    first = [program.column("a"), program.column("b"), program.constant(1)]
    total = program.apply("+", *first[:2])
    assert program.column("a") == first[0]
    assert program.constant(1) == first[2]
    assert program.apply("+", program.column("a"), program.column("b")) == total
    assert program.apply("within", first[0], value=5) == program.apply("within", first[0], value=5)
    assert len(program.steps) == 5


def test_steps_that_differ_in_anything_have_numbers_of_their_own() -> None:
    program = Program()
    a, b = program.column("a"), program.column("b")
    numbers = [
        a,
        b,
        program.constant(1),
        program.constant(True),  # equal, in Python
        program.constant(0),
        program.constant(False),
        program.apply("-", a, b),
        program.apply("-", b, a),
        program.apply("+", a, b),
        program.apply("within", a, value=1),
        program.apply("within", a, value=2),
        program.apply("meets", a, value=1),
    ]
    assert numbers == list(range(12))


def test_a_truth_and_a_number_that_are_equal_in_python_stay_apart() -> None:
    program = Program()
    numbers = [program.constant(value) for value in (True, 1, False, 0)]
    kinds = [
        each.values.dtype.kind for _, found in run(plan(program, numbers), {}, 1) for each in found
    ]
    assert kinds == ["b", "i", "b", "i"]


def test_formulas_that_share_a_part_take_it_once() -> None:
    program = Program()
    read = program.column("n")
    shared = program.apply("*", read, program.constant(3))
    wanted = [program.apply(">", shared, program.constant(bound)) for bound in range(50)]

    made = plan(program, wanted)

    taken = [program.steps[step.number].op for step in made.taken]
    assert taken.count("*") == 1
    assert taken.count(">") == len(taken) - 1 == 50
    assert len(made.constants) == 50  # 3 is a bound too
    assert ran(program, wanted, {"n": column("number", [7])}, 1) == [
        [bound < 21] for bound in range(50)
    ]


def test_all_of_nothing_is_yes_and_any_of_nothing_is_no() -> None:
    program = Program()
    assert ran(program, [program.every([]), program.any([])], {}, 2) == [[True] * 2, [False] * 2]


def test_all_or_any_of_one_is_that_one() -> None:
    program = Program()
    read = program.column("a")
    assert program.every([read]) == program.any([read]) == read


@given(st.lists(st.lists(st.sampled_from(THREE), min_size=3, max_size=3), min_size=1, max_size=6))
def test_all_and_any_are_what_they_are_called(columns: list[list[bool | None]]) -> None:
    program = Program()
    args = [program.column(str(number)) for number in range(len(columns))]
    table = {str(number): column("truth", each) for number, each in enumerate(columns)}
    every, some = ran(program, [program.every(args), program.any(args)], table, 3)
    for row, all_of_it, any_of_it in zip(zip(*columns, strict=True), every, some, strict=True):
        assert all_of_it is (False if False in row else None if None in row else True)
        assert any_of_it is (True if True in row else None if None in row else False)


@given(seeds)
def test_a_plan_forgets_nothing_it_still_needs_and_keeps_nothing_it_does_not(seed: int) -> None:
    maker = Maker(Random(seed))
    maker.make(40)
    wanted = [
        maker.dice.randrange(len(maker.program.steps)) for _ in range(maker.dice.randint(1, 5))
    ]

    made = plan(maker.program, wanted)

    last = {arg: place for place, step in enumerate(made.taken) for arg in step.args}
    expected = [(number, place) for number, place in last.items() if number not in wanted]
    forgotten = [
        (number, place) for place, step in enumerate(made.taken) for number in step.done_with
    ]
    assert sorted(forgotten) == sorted(expected)


@given(seeds)
def test_a_plan_takes_what_is_wanted_and_what_that_reads_each_once(seed: int) -> None:
    maker = Maker(Random(seed))
    maker.make(40)
    steps = maker.program.steps
    wanted = [maker.dice.randrange(len(steps)) for _ in range(maker.dice.randint(0, 5))]
    reached, more = set(wanted), list(wanted)
    while more:
        args = set(steps[more.pop()].args) - reached
        reached |= args
        more += args

    made = plan(maker.program, wanted)

    needed = [*made.constants, *made.columns, *(step.number for step in made.taken)]
    assert sorted(needed) == sorted(reached)
    assert made.wanted == tuple(wanted)
    for number, name in made.columns.items():
        assert steps[number] == Step("column", (), name)


def test_a_column_that_is_not_read_need_not_be_there() -> None:
    program = Program()
    one = program.apply("not", program.column("here"))
    program.apply("and", one, program.column("elsewhere"))
    made = plan(program, [one])
    assert [*made.columns.values()] == ["here"]
    assert ran(program, [one], {"here": column("truth", [True])}, 1) == [[False]]


def test_a_step_is_told_as_often_as_it_is_wanted_and_may_be_read_as_well() -> None:
    program = Program()
    read = program.column("a")
    negated = program.apply("not", read)
    both_of_it = program.apply("and", read, negated)
    wanted = [both_of_it, negated, read, negated]
    found = ran(program, wanted, {"a": column("truth", THREE)}, 3)
    assert found == [
        [False, False, None],
        [True, False, None],
        [False, True, None],
        [True, False, None],
    ]


def test_nothing_wanted_is_nothing_done() -> None:
    program = Program()
    program.apply("not", program.column("a"))
    made = plan(program, [])
    assert not made.constants
    assert not made.columns
    assert not made.taken
    assert [found for _, found in run(made, {}, 3)] == [[]]


def copied(table: Mapping[str, Column]) -> dict[str, list[NDArray[Any]]]:
    return {
        name: [part.copy() for part in (each.values, each.unknown) if part is not None]
        for name, each in table.items()
    }


@given(seeds)
@settings(max_examples=50)
def test_the_facts_are_not_written_to_and_a_plan_can_be_run_again(seed: int) -> None:
    maker = Maker(Random(seed))
    maker.make(60)
    table = maker.table(maker.rows(6))
    before = copied(table)
    wanted = range(len(maker.program.steps))

    first = ran(maker.program, wanted, table, 6)

    assert ran(maker.program, wanted, table, 6) == first
    after = copied(table)
    assert before.keys() == after.keys()
    for name, parts in before.items():
        assert all(map(np.array_equal, parts, after[name]))


def test_an_operation_that_there_is_not_cannot_be_asked_for() -> None:
    program = Program()
    for op in ("column", "number", "truth", "in", "&&", "<>", ""):
        with pytest.raises(AssertionError):
            program.apply(op, program.column("a"))
