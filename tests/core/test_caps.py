"""Net debit caps: nobody passes its own, the oldest debts go first, open credits cover none."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.caps import room, within
from clearhouse.core.clearing import Due, clear
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId

MONDAY = date(2026, 1, 5)
Rooms = dict[ParticipantId, int]


def due(name: str, pair: str, units: int, days: int = 0) -> Due:
    debtor, creditor = map(ParticipantId, pair)
    return Due(ObligationId(name), debtor, creditor, units, MONDAY + timedelta(days))


def rooms(**given: int) -> Rooms:
    return {ParticipantId(name): units for name, units in given.items()}


def names(dues: list[Due]) -> list[str]:
    return [one.id for one in dues]


def debits(dues: list[Due]) -> dict[str, int]:
    return {one.participant: max(0, -one.net) for one in clear(dues).positions}


@st.composite
def cycles(draw: st.DrawFn) -> tuple[list[Due], Rooms]:
    pairs = [a + b for a in "ABCDE" for b in "ABCDE" if a != b]
    one = st.tuples(st.sampled_from(pairs), st.integers(1, 50), st.integers(0, 3))
    dues = [due(f"o{n:02}", *facts) for n, facts in enumerate(draw(st.lists(one, max_size=25)))]
    kept = draw(st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 80)))
    return dues, rooms(**kept)


@given(cycles())
def test_nobody_passes_its_cap_and_nobody_waits_that_has_room(
    given: tuple[list[Due], Rooms],
) -> None:
    dues, kept = given
    taken, waiting = within(dues, kept)
    owed = debits(taken)

    assert sorted(names(taken + waiting)) == sorted(names(dues))
    assert all(owed.get(name, 0) <= units for name, units in kept.items())
    assert {one.debtor for one in waiting} <= kept.keys()
    for name in {one.debtor for one in waiting}:
        oldest = next(one for one in waiting if one.debtor == name)
        assert owed.get(name, 0) + oldest.units > kept[name]
        own = [one.id for one in sorted(dues, key=lambda x: (x.due_on, x.id)) if one.debtor == name]
        mine = [one.id for one in taken if one.debtor == name]
        assert own[: len(mine)] == mine, "the oldest of its debts are taken"


@given(cycles())
def test_the_order_of_the_input_changes_nothing(given: tuple[list[Due], Rooms]) -> None:
    dues, kept = given
    assert within(dues[::-1], kept) == within(dues, kept)


def test_within_a_cycle_what_is_received_counts() -> None:
    both = [due("o1", "AB", 9), due("o2", "BA", 8)]
    assert names(within(both, rooms(A=1))[0]) == ["o1", "o2"]
    assert names(within(both, rooms(A=0))[0]) == ["o2"]


def test_what_waits_takes_its_creditors_claim_with_it() -> None:
    chain = [due("o1", "AB", 9), due("o2", "BC", 9)]
    assert within(chain, rooms(A=0, B=5)) == ([], chain)


def test_a_credit_that_is_not_settled_covers_no_debt() -> None:
    """Two windows: in the first A receives 80 and is not paid yet, in the second it owes 150.

    A system that adds up all positions sees a debt of 70, within the cap of 100; when the second
    window is settled first, A owes 150.
    """
    unsettled, second = 80, [due("o1", "AB", 90), due("o2", "AC", 60, days=1)]
    assert room(100, [unsettled]) == 100
    taken, waiting = within(second, rooms(A=room(100, [unsettled])))

    assert (names(taken), names(waiting)) == (["o1"], ["o2"])
    assert debits(taken)["A"] == 90


@pytest.mark.parametrize(
    ("cap", "positions", "left"),
    [
        (100, [], 100),
        (100, [-30, -20], 50),
        (100, [-30, 500], 70),
        (100, [-100], 0),
        (100, [-101], 0),
        (0, [10], 0),
    ],
    ids=str,
)
def test_open_debits_take_room_and_credits_give_none(
    cap: int, positions: list[int], left: int
) -> None:
    assert room(cap, positions) == left


def test_a_cap_of_all_that_is_owed_holds_nothing_back() -> None:
    dues = [due("o1", "AB", 9), due("o2", "AC", 4)]
    assert within(dues, rooms(A=13)) == (dues, [])
    assert names(within(dues, rooms(A=12))[1]) == ["o2"]


def test_tokens_of_eighteen_decimals_are_capped() -> None:
    dues = [due("o1", "AB", 9 * 10**24), due("o2", "AC", 4 * 10**24, days=1)]
    taken, waiting = within(dues, rooms(A=10 * 10**24), 10**9)
    assert (names(taken), names(waiting)) == (["o1"], ["o2"])


def test_without_a_cap_a_quantum_holds_nothing_back() -> None:
    dues = [due("o1", "AB", 5 * 10**21), due("o2", "BC", 10**9)]
    assert within(dues, rooms(B=10**30), 10**9) == (dues, [])


def test_more_than_the_arithmetic_holds_is_refused() -> None:
    with pytest.raises(Refusal, match=r"clearing\.too-large"):
        within([due("o1", "AB", 2**61)], rooms(A=5))
