"""Obligations: they bind when both sides have said the same, and states follow the arrows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.money import EUR, USD, Money
from clearhouse.core.obligation import NEXT, Obligation, State, obligation_id, stated

DEBTOR = ParticipantId("5493001KJTIIGC8Y1R12")
CREDITOR = ParticipantId("213800D1EI4B9WTWWD28")
STRANGER = ParticipantId("529900T8BM49AURSDO55")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

BARE = Obligation(
    obligation_id(CREDITOR, "INV-1"),
    DEBTOR,
    CREDITOR,
    "INV-1",
    Money(4_125_000, USD),
    date(2026, 2, 27),
    date(2026, 3, 9),
    None,
    None,
    State.PROPOSED,
)


@pytest.mark.parametrize("order", [(DEBTOR, CREDITOR), (CREDITOR, DEBTOR)])
def test_the_second_side_makes_it_bind(order: tuple[ParticipantId, ParticipantId]) -> None:
    first = stated(BARE, order[0], NOON)
    second = stated(first, order[1], NOON + timedelta(hours=1))

    assert first.state is State.PROPOSED
    assert second.state is State.AFFIRMED
    assert {second.debtor_said_at, second.creditor_said_at} == {NOON, NOON + timedelta(hours=1)}


@given(
    st.lists(st.sampled_from((DEBTOR, CREDITOR)), min_size=1),
    st.sampled_from([one for one in State if one is not State.RESCINDED]),
)
@settings(deadline=None)
def test_saying_it_again_changes_nothing(sayings: list[ParticipantId], later: State) -> None:
    one = BARE
    for hours, by in enumerate(sayings):
        before, one = one, stated(one, by, NOON + timedelta(hours=hours))
        assert one.state is before.state or one.state in NEXT[before.state]
        assert stated(one, by, NOON + timedelta(days=9)) == one
    assert (one.state is State.AFFIRMED) == (set(sayings) == {DEBTOR, CREDITOR})

    both = replace(one, debtor_said_at=NOON, creditor_said_at=NOON, state=later)
    if later is not State.PROPOSED:
        assert stated(both, sayings[0], NOON + timedelta(days=9)) == both


def test_nobody_else_speaks_for_it() -> None:
    with pytest.raises(Refusal) as refused:
        stated(BARE, STRANGER, NOON)

    assert refused.value.code == "obligation.not-a-party"
    assert refused.value.context == {"obligation": BARE.id}


def test_an_id_follows_from_the_creditor_and_its_reference_alone() -> None:
    assert obligation_id(CREDITOR, "INV-1") == BARE.id
    assert obligation_id(CREDITOR, "INV-2") != BARE.id
    assert obligation_id(DEBTOR, "INV-1") != BARE.id
    assert obligation_id(CREDITOR, "inv-1") != BARE.id


@pytest.mark.parametrize(
    "other",
    [
        replace(BARE, debtor=STRANGER),
        replace(BARE, amount=Money(4_125_001, USD)),
        replace(BARE, amount=Money(4_125_000, EUR)),
        replace(BARE, traded_on=date(2026, 2, 26)),
        replace(BARE, due_on=date(2026, 3, 10)),
    ],
    ids=["debtor", "amount", "asset", "traded_on", "due_on"],
)
def test_both_sides_must_agree_on_every_term(other: Obligation) -> None:
    assert BARE.same_terms(replace(BARE, debtor_said_at=NOON, state=State.SETTLED))
    assert not BARE.same_terms(other)
    assert BARE.said() != other.said()


def test_states_move_forward_and_back_from_an_unwound_cycle_alone() -> None:
    *way, aside = State

    assert set(NEXT) == set(State)
    for here, there in pairwise(way):
        back = {State.AFFIRMED} if here is State.CLEARED else set()
        assert NEXT[here] - {aside} == {there} | back
    assert NEXT[way[-1]] == NEXT[aside] == set()


@pytest.mark.parametrize("by", [DEBTOR, CREDITOR], ids=["debtor", "creditor"])
def test_what_was_taken_back_is_stated_under_another_reference(by: ParticipantId) -> None:
    one = replace(BARE, creditor_said_at=NOON, state=State.RESCINDED)
    with pytest.raises(Refusal, match="another reference") as refused:
        stated(one, by, NOON)

    assert refused.value.code == "obligation.rescinded"
    assert refused.value.context == {"obligation": BARE.id}
