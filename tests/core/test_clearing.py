"""Clearing: no unit is made or lost, nobody is worse off, in whatever order it is handed in."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.clearing import (
    Clearing,
    Due,
    Line,
    Position,
    certificate,
    check,
    clear,
    parts,
)
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId

MONDAY = date(2026, 1, 5)


def due(name: str, pair: str, units: int, days: int = 0) -> Due:
    debtor, creditor = map(ParticipantId, pair)
    return Due(ObligationId(name), debtor, creditor, units, MONDAY + timedelta(days))


TOY = [due("o1", "AB", 5), due("o2", "BC", 3), due("o3", "CA", 4), due("o4", "AC", 1)]


@st.composite
def cycles(draw: st.DrawFn) -> list[Due]:
    pairs = [a + b for a in "ABCDEF" for b in "ABCDEF" if a != b]
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(pairs), st.integers(1, 10**12), st.integers(0, 3)),
            max_size=40,
        )
    )
    return [due(f"o{n:02}", *facts) for n, facts in enumerate(drawn)]


def nets(clearing: Clearing) -> dict[str, int]:
    return {position.participant: position.net for position in clearing.positions}


def set_offs(clearing: Clearing) -> dict[str, int]:
    return {line.due.id: line.set_off for line in clearing.lines}


def test_the_worked_example_clears_as_worked() -> None:
    cleared = clear(TOY)
    assert nets(cleared) == {"A": -2, "B": 2, "C": 0}
    assert (cleared.gross, cleared.set_off, cleared.pay_in) == (13, 11, 2)
    assert set_offs(cleared) == {"o1": 3, "o2": 3, "o3": 4, "o4": 1}
    assert check(cleared) == []


@given(cycles())
def test_netting_creates_no_money(dues: list[Due]) -> None:
    cleared = clear(dues)
    assert sum(nets(cleared).values()) == 0
    assert cleared.pay_in == -sum(net for net in nets(cleared).values() if net < 0)
    assert cleared.gross == sum(one.units for one in dues)
    assert cleared.gross == cleared.set_off + sum(line.remains for line in cleared.lines)


@given(cycles())
def test_a_net_position_is_what_one_is_owed_less_what_one_owes(dues: list[Due]) -> None:
    for position in clear(dues).positions:
        name = position.participant
        claims = sum(one.units for one in dues if one.creditor == name)
        debts = sum(one.units for one in dues if one.debtor == name)
        assert (position.owes, position.is_owed, position.net) == (debts, claims, claims - debts)
        assert 0 <= position.set_off <= min(debts, claims)


@given(cycles())
def test_set_off_moves_no_net_position(dues: list[Due]) -> None:
    """What remains of the lines gives the same positions as the whole."""
    cleared = clear(dues)
    for name, net in nets(cleared).items():
        incoming = sum(line.remains for line in cleared.lines if line.due.creditor == name)
        outgoing = sum(line.remains for line in cleared.lines if line.due.debtor == name)
        assert incoming - outgoing == net


@given(cycles())
def test_nobody_pays_in_more_than_remains_of_its_debts(dues: list[Due]) -> None:
    cleared = clear(dues)
    assert cleared.pay_in <= cleared.gross - cleared.set_off
    for position in cleared.positions:
        assert -position.net <= position.owes - position.set_off


@given(cycles(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(dues: list[Due], dice: Random) -> None:
    assert clear(dice.sample(dues, len(dues))) == clear(dues)


@given(cycles())
def test_of_a_pair_the_oldest_due_is_set_off_first(dues: list[Due]) -> None:
    short: set[tuple[str, str]] = set()
    lines = clear(dues).lines
    assert [(line.due.due_on, line.due.id) for line in lines] == sorted(
        (one.due_on, one.id) for one in dues
    )
    for line in lines:
        pair = (line.due.debtor, line.due.creditor)
        assert line.set_off == 0 or pair not in short
        if line.remains:
            short.add(pair)


@given(cycles())
def test_what_remains_holds_no_ring(dues: list[Due]) -> None:
    """A ring of remaining debts could be set off further."""
    left = {(line.due.debtor, line.due.creditor) for line in clear(dues).lines if line.remains}
    names = {name for pair in left for name in pair}
    while free := {name for name in names if not any(debtor == name for debtor, _ in left)}:
        names -= free
        left = {pair for pair in left if not free & set(pair)}
    assert not names


def test_ties_go_by_id() -> None:
    tied = [due("o3", "AB", 2), due("o1", "AB", 2), due("o2", "AB", 2), due("o4", "BA", 3)]
    assert set_offs(clear(tied)) == {"o1": 2, "o2": 1, "o3": 0, "o4": 3}


def test_the_oldest_due_goes_before_the_smaller_id() -> None:
    mixed = [due("o1", "AB", 2, days=1), due("o2", "AB", 2), due("o3", "BA", 2, days=9)]
    assert set_offs(clear(mixed)) == {"o1": 0, "o2": 2, "o3": 2}


def test_an_empty_cycle_is_a_cycle_of_zeros() -> None:
    cleared = clear([])
    assert cleared == Clearing((), ())
    assert (cleared.gross, cleared.set_off, cleared.pay_in) == (0, 0, 0)
    assert check(cleared) == []


def test_debts_that_cancel_leave_nothing_to_pay() -> None:
    cleared = clear([due("o1", "AB", 7), due("o2", "BC", 7), due("o3", "CA", 7)])
    assert (cleared.set_off, cleared.pay_in) == (21, 0)
    assert nets(cleared) == {"A": 0, "B": 0, "C": 0}


def test_more_than_the_arithmetic_holds_is_refused_and_just_what_it_holds_is_not() -> None:
    full = [due("o1", "AB", 2**61 + 1), due("o2", "BA", 2**61 - 1)]
    assert clear(full).pay_in == 2
    with pytest.raises(Refusal, match=r"clearing\.too-large"):
        clear([*full, due("o3", "AB", 1)])
    with pytest.raises(Refusal, match=r"clearing\.too-large"):
        clear([due("o1", "AB", 10**40)])


def test_an_obligation_clears_once() -> None:
    with pytest.raises(AssertionError, match="once"):
        clear([due("o1", "AB", 1), due("o1", "BA", 2)])


@pytest.mark.parametrize("wrong", [("AA", 1), ("AB", 0), ("AB", -1)])
def test_what_is_no_debt_is_no_due(wrong: tuple[str, int]) -> None:
    with pytest.raises(AssertionError):
        due("o1", *wrong)


@given(cycles(), st.integers(0, 12))
def test_a_quantum_keeps_set_off_whole_and_proved(dues: list[Due], power: int) -> None:
    quantum = 10**power
    cleared = clear(dues, quantum)
    labels = cleared.labels

    assert labels == certificate(cleared.lines, quantum)
    assert check(cleared) == []
    for line in cleared.lines:
        assert line.set_off % quantum == 0
        if line.due.units < quantum:
            assert line.set_off == 0
            continue
        slack = 1 + labels[line.due.debtor] - labels[line.due.creditor]
        if slack > 0:
            assert line.set_off == line.due.units // quantum * quantum
        if slack < 0:
            assert line.set_off == 0


def test_tokens_of_eighteen_decimals_clear() -> None:
    """10^24 minor units of each: no 64 bits hold one of them."""
    many = [replace(one, units=one.units * 10**24 + 7) for one in TOY]
    cleared, one = clear(many, 10**9), clear(TOY)

    assert set_offs(cleared) == {id: units * 10**24 for id, units in set_offs(one).items()}
    assert [line.remains % 10**24 for line in cleared.lines] == [7] * len(TOY)
    assert cleared.labels == one.labels
    assert [step.units for step in cleared.frontier] == [
        step.units * 10**24 for step in one.frontier
    ]


@given(cycles())
def test_everybody_gets_its_own_part_and_no_more(dues: list[Due]) -> None:
    cleared = clear(dues)
    for position, part in zip(cleared.positions, parts(cleared), strict=True):
        assert part.position == position
        owes, is_owed = part.after
        others = {p for line in part.lines for p in (line.due.debtor, line.due.creditor)}
        assert is_owed - owes == position.net, "nobody's net position changes"
        assert all(position.participant in {x.due.debtor, x.due.creditor} for x in part.lines)
        assert part.labels.keys() == others
        assert sum(x.set_off for x in part.lines) == 2 * position.set_off
        assert 0 <= part.clears <= max(cleared.labels.values())
        assert list(parts(cleared, {position.participant})) == [part]
    assert not list(parts(cleared, {ParticipantId("nobody")}))


def test_cash_clears_as_much_as_the_chain_is_long_that_begins_with_it() -> None:
    cleared = clear([due("o1", "AB", 5), due("o2", "BC", 3), due("o3", "CD", 4)])
    clears = {part.position.participant: part.clears for part in parts(cleared)}

    assert clears == {"A": 3, "B": 2, "C": 1, "D": 0}
    assert [(step.price, step.units) for step in cleared.frontier] == [(3, 3), (1, 3)]


CLEARED = clear(TOY)
(LINE, *LINES), (POSITION, *POSITIONS) = CLEARED.lines, CLEARED.positions


def with_line(line: Line) -> Clearing:
    return Clearing((line, *LINES), CLEARED.positions)


def with_position(position: Position) -> Clearing:
    return Clearing(CLEARED.lines, (position, *POSITIONS))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (with_line(replace(LINE, set_off=6)), "o1: 6 of 5 is set off"),
        (with_line(replace(LINE, set_off=-1)), "o1: -1 of 5 is set off"),
        (with_line(replace(LINE, set_off=0)), "of its debts and"),
        (with_position(replace(POSITION, set_off=9)), "its position says 9"),
        (with_position(replace(POSITION, owes=7)), "A: owes 6 and is owed 4, not as stated"),
        (with_position(replace(POSITION, is_owed=5)), "A: owes 6 and is owed 4, not as stated"),
        (with_position(replace(POSITION, net=0)), "A: its net is -2, not 0"),
        (with_position(replace(POSITION, net=0)), "net positions sum to 2"),
        (Clearing(CLEARED.lines, tuple(POSITIONS)), "not exactly those"),
        (Clearing(tuple(LINES), CLEARED.positions), "A: owes 1 and is owed 4"),
    ],
)
def test_a_clearing_that_was_tampered_with_is_found_out(broken: Clearing, words: str) -> None:
    assert any(words in sentence for sentence in check(broken))
