"""Shadow costs: what is told of an obligation is what clearing with it would set off more."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.clearing import Due, clear
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.shadow import Shadow, most_by_party
from clearhouse.engines.setoff import TOTAL_MAX

MONDAY = date(2026, 1, 5)


def due(name: str, pair: str, units: int) -> Due:
    debtor, creditor = map(ParticipantId, pair)
    return Due(ObligationId(name), debtor, creditor, units, MONDAY)


@st.composite
def waiting(draw: st.DrawFn) -> tuple[list[Due], list[Due], int]:
    """A cycle, what waits beside it (some of strangers), and a quantum."""
    pairs = [a + b for a in "ABCDEF" for b in "ABCDEF" if a != b]
    one = st.tuples(st.sampled_from(pairs), st.integers(1, 60))
    drawn = draw(st.lists(one, max_size=30))
    dues = [due(f"o{n:02}", *facts) for n, facts in enumerate(drawn)]
    cut = draw(st.integers(0, len(dues)))
    return dues[:cut], dues[cut:], draw(st.sampled_from([1, 1, 7]))


def set_off(dues: list[Due], quantum: int) -> int:
    return clear(dues, quantum).set_off


@given(waiting())
def test_one_wins_what_clearing_with_it_sets_off_more(
    drawn: tuple[list[Due], list[Due], int],
) -> None:
    taken, rest, quantum = drawn
    shadow, before = Shadow(taken, quantum), set_off(taken, quantum)
    for one, most in zip(rest, shadow.bounds(rest), strict=True):
        wins = shadow.gain(one)
        assert wins == set_off([*taken, one], quantum) - before
        assert 0 <= wins <= most


@given(waiting())
def test_several_win_what_clearing_with_all_of_them_sets_off_more(
    drawn: tuple[list[Due], list[Due], int],
) -> None:
    taken, rest, quantum = drawn
    shadow = Shadow(taken, quantum)

    assert shadow.gain_of(rest) == set_off([*taken, *rest], quantum) - set_off(taken, quantum)
    assert shadow.gain_of([]) == 0


def test_the_last_side_of_a_circle_wins_all_of_it() -> None:
    shadow = Shadow([due("o1", "AB", 5), due("o2", "BC", 3)])
    missing = due("o3", "CA", 4)

    assert shadow.gain(missing) == 9
    assert shadow.bounds([missing]) == [12]
    assert shadow.gain(due("o4", "AC", 4)) == 0
    assert shadow.gain(due("o5", "CX", 4)) == 0, "a stranger is on no circle"
    assert shadow.gain_of([due("o5", "CX", 4), due("o6", "XA", 2)]) == 8
    assert most_by_party([missing], [12]) == {"C": 12, "A": 12}


def test_an_empty_cycle_wins_by_circles_of_what_waits_alone() -> None:
    shadow, circle = Shadow([]), [due("o1", "AB", 5), due("o2", "BA", 3)]

    assert [shadow.gain(one) for one in circle] == [0, 0]
    assert shadow.gain_of(circle) == 6


def test_what_passes_the_arithmetic_is_refused() -> None:
    shadow = Shadow([due("o1", "AB", TOTAL_MAX)])
    with pytest.raises(Refusal, match=r"clearing\.too-large"):
        shadow.gain(due("o2", "BA", 1))
    with pytest.raises(Refusal, match=r"clearing\.too-large"):
        shadow.gain_of([due("o2", "BA", 1)])
