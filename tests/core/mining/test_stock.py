"""How much coin there is by day, beside plain sums."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.mining.stock import Change, Stock, lowers

DAY = date(2026, 6, 1)

changes = st.lists(
    st.tuples(st.integers(0, 8).map(lambda n: DAY + timedelta(n)), st.integers(-5, 5)), max_size=6
)


def least(several: list[Change]) -> int:
    """The least that there is at the end of any day."""
    days = {day for day, _ in several}
    return min((sum(n for on, n in several if on <= day) for day in days), default=0)


@given(changes, st.lists(changes, max_size=4))
def test_what_would_leave_less_than_none_is_not_taken(
    known: list[Change], asked: list[list[Change]]
) -> None:
    if least(known) < 0:
        known = [(day, abs(units)) for day, units in known]
    stock, taken = Stock(known, [one for each in asked for one in each]), [*known]
    for each in asked:
        fits = least([*taken, *each]) >= 0

        short = stock.take(each)

        assert (short is None) is fits
        if short is not None:
            day, missing = short
            assert sum(n for on, n in [*taken, *each] if on <= day) == -missing
        taken += each if fits else []


@given(changes)
def test_changes_lower_what_there_is_on_some_day(several: list[Change]) -> None:
    assert lowers(several) is (least(several) < 0)
