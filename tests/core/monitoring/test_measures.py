"""Each measure says what a plain reading of the history says, at once, in parts and one by one."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.drawn_payments import given_to, histories
from tests.plain_monitoring import PLAIN, plain

from clearhouse.core.monitoring import Payment
from clearhouse.core.monitoring.batch import Batch, Given, Past
from clearhouse.core.monitoring.measures import MEASURES
from clearhouse.core.monitoring.programme import Value


def measured(
    name: str, told: dict[str, Value], payments: Sequence[Payment], cuts: Sequence[int] = ()
) -> list[int]:
    """A measure of a history that comes in parts."""
    past, found = Past(), list[int]()
    for first, end in zip((0, *cuts), (*cuts, len(payments)), strict=True):
        batch = Batch(past.names.columns(payments[first:end]), past)
        found += MEASURES[name].number(batch, Given(told)).tolist()
    return found


def test_every_measure_has_a_plain_reading() -> None:
    assert PLAIN.keys() == MEASURES.keys()


@pytest.mark.parametrize("name", sorted(MEASURES))
@given(data=st.data())
@settings(max_examples=100)
def test_a_measure_says_what_a_plain_reading_says(name: str, data: st.DataObject) -> None:
    payments = data.draw(histories())
    told = data.draw(given_to(MEASURES[name].parameters))
    assert measured(name, told, payments) == plain(name, told, payments)


@pytest.mark.parametrize("name", sorted(MEASURES))
@given(data=st.data())
@settings(max_examples=25)
def test_a_history_in_parts_is_the_same_history(name: str, data: st.DataObject) -> None:
    payments = data.draw(histories())
    told = data.draw(given_to(MEASURES[name].parameters))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(payments)), max_size=4)))
    assert measured(name, told, payments, cuts) == measured(name, told, payments)


def test_a_measure_is_known_by_what_it_means_and_in_what_it_counts() -> None:
    for name, measure in MEASURES.items():
        assert measure.meaning.endswith((".", ":")) or measure.meaning[0].isupper(), name
        assert measure.unit, name
