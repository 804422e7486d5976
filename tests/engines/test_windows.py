"""Rolling totals, held against a plain reading of each row's window in whole numbers.

The reference looks at every earlier row for every row, and Python's numbers do not overflow.
"""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.rulebook.vocabulary import EPOCH, TOTAL_MAX
from clearhouse.engines.windows import Totals, rolling

LEAST, GREATEST = -(2**63), 2**63 - 1
UNITS_MAX, CAP_MAX = 2**62, 2**62 - 1
DAYS_MAX = 10**6  # how far apart days may lie


class Row(NamedTuple):
    """One payment; without units it is not known what it comes to."""

    key: int
    day: int
    units: int | None


class Seen(NamedTuple):
    """What a payment sees in its window."""

    linked: int
    total: int
    unknown: bool


def plain(rows: Sequence[Row], span: int, most: int) -> list[Seen]:
    """What each row sees: of its key, all that came no later and lie less than a span away."""
    seen = []
    for number, own in enumerate(rows):
        came = rows[: number + 1]
        window = [row for row in came if row.key == own.key and abs(own.day - row.day) < span]
        total = sum(row.units or 0 for row in window)
        doubt = any(row.units is None for row in window)
        seen.append(Seen(len(window), min(total, most), doubt))
    return seen


def totals(rows: Sequence[Row], span: int, most: int, hidden: int = 0) -> Totals:
    """What the engine says; `hidden` stands where the units mean nothing."""
    return rolling(
        np.array([row.key for row in rows], np.int64),
        np.array([row.day for row in rows], np.int64),
        np.array([hidden if row.units is None else row.units for row in rows], np.int64),
        np.array([row.units is None for row in rows], np.bool_),
        span=span,
        most=most,
    )


def rolled(rows: Sequence[Row], span: int, most: int = CAP_MAX, hidden: int = 0) -> list[Seen]:
    found = totals(rows, span, most, hidden)
    parts = (found.linked.tolist(), found.total.tolist(), found.unknown.tolist())
    return [Seen(*each) for each in zip(*parts, strict=True)]


# Few keys and days, so that many rows meet; and all that there can be.
keys = st.sampled_from([0, 1, -1, LEAST, GREATEST]) | st.integers(LEAST, GREATEST)
days = st.integers(0, 6) | st.integers(0, DAYS_MAX)
edges = st.sampled_from([2**31, 2**32 - 1, 2**32, 2**62 - 1, 2**62])
units = st.integers(0, 3) | edges | st.integers(0, UNITS_MAX)
spans = st.integers(1, 7) | st.integers(1, 3660)
caps = st.sampled_from([0, 1, 5, 2**32 - 1, 2**32, TOTAL_MAX, CAP_MAX]) | st.integers(0, CAP_MAX)
batches = st.lists(st.builds(Row, keys, days, st.none() | units), max_size=30)


def moved(rows: Sequence[Row], by: int) -> list[Row]:
    return [row._replace(day=row.day + by) for row in rows]


@given(batches, spans, caps)
@settings(max_examples=500)
def test_each_row_sees_what_a_plain_reading_of_its_window_sees(
    rows: list[Row], span: int, most: int
) -> None:
    assert rolled(rows, span, most) == plain(rows, span, most)


@given(batches, batches, spans)
def test_what_comes_later_changes_nothing_for_what_was_there(
    earlier: list[Row], later: list[Row], span: int
) -> None:
    """However a batch is cut: a row sees the same as it comes and when all is known."""
    assert rolled([*earlier, *later], span)[: len(earlier)] == rolled(earlier, span)


@given(batches, spans, st.randoms(use_true_random=False))
def test_the_last_row_sees_the_same_in_whatever_order_the_others_came(
    rows: list[Row], span: int, dice: Random
) -> None:
    last = Row(0, 3, 1)
    shuffled = dice.sample(rows, len(rows))

    assert rolled([*rows, last], span)[-1] == rolled([*shuffled, last], span)[-1]


@given(batches, spans)
def test_days_before_and_after_are_alike(rows: list[Row], span: int) -> None:
    mirrored = [row._replace(day=DAYS_MAX - row.day) for row in rows]

    assert rolled(mirrored, span) == rolled(rows, span)


@given(batches, spans, st.sampled_from([-DAYS_MAX, -1, 1, 20_000, 10**9]))
def test_when_days_are_counted_from_changes_nothing(rows: list[Row], span: int, by: int) -> None:
    assert rolled(moved(rows, by), span) == rolled(rows, span)


@pytest.mark.parametrize(
    "start", [date.min, date(1969, 12, 31), date(2026, 3, 1), date(7000, 1, 1)]
)
def test_days_lie_near_each_other_in_any_century(start: date) -> None:
    since = start.toordinal() - EPOCH
    rows = [Row(key, day, 1 + key) for key in range(40) for day in (0, 2, 5, DAYS_MAX)]

    assert rolled(moved(rows, since), 3) == plain(rows, 3, CAP_MAX)


@given(batches, spans, st.sampled_from([-1, LEAST, 1, 2**62, GREATEST]))
def test_what_lies_where_nothing_is_known_means_nothing(
    rows: list[Row], span: int, hidden: int
) -> None:
    assert rolled(rows, span, hidden=hidden) == rolled(rows, span)


@given(batches, spans, caps)
def test_no_total_passes_its_cap_and_a_lower_cap_only_lowers(
    rows: list[Row], span: int, most: int
) -> None:
    capped, whole = (totals(rows, span, bound).total for bound in (most, CAP_MAX))

    assert np.array_equal(capped, np.minimum(whole, most))


@given(batches, batches, spans)
def test_rows_of_other_keys_are_not_seen(one: list[Row], other: list[Row], span: int) -> None:
    """Two batches whose keys have nothing in common, as one batch."""
    even = [row._replace(key=row.key >> 1 << 1) for row in one]
    odd = [row._replace(key=row.key | 1) for row in other]

    assert rolled([*even, *odd], span) == [*rolled(even, span), *rolled(odd, span)]


def test_a_batch_of_nothing_has_no_totals() -> None:
    found = totals([], 30, CAP_MAX)

    assert [len(each) for each in found] == [0, 0, 0]
    assert [each.dtype for each in found] == [np.int64, np.int64, np.bool_]


@pytest.mark.parametrize("key", [0, -1, LEAST, GREATEST])
@pytest.mark.parametrize("day", [0, 1, DAYS_MAX])
@pytest.mark.parametrize("span", [1, 2, 3660, DAYS_MAX])
def test_a_row_alone_sees_itself_and_nothing_else(key: int, day: int, span: int) -> None:
    assert rolled([Row(key, day, 7)], span) == [Seen(1, 7, unknown=False)]
    assert rolled([Row(key, day, None)], span) == [Seen(1, 0, unknown=True)]


def test_each_row_of_a_day_sees_those_that_came_before_it() -> None:
    rows = [Row(5, 20, 1), Row(9, 20, 100), Row(5, 20, 10), Row(5, 20, None), Row(5, 20, 1000)]

    assert rolled(rows, 1) == [
        Seen(1, 1, unknown=False),
        Seen(1, 100, unknown=False),
        Seen(2, 11, unknown=False),
        Seen(3, 11, unknown=True),
        Seen(4, 1011, unknown=True),
    ]


def test_what_is_dated_back_is_seen_by_the_next_all_the_same() -> None:
    """A part of the fifth, then a part of the first: they are one sum, whichever came first."""
    for first, second in ((5, 1), (1, 5)):
        rows = [Row(0, first, 60), Row(0, second, 60)]
        assert [each.total for each in rolled(rows, 5)] == [60, 120]
        assert [each.total for each in rolled(rows, 4)] == [60, 60]


def test_a_window_of_one_day_is_the_day_itself() -> None:
    rows = [Row(0, day, 10**day) for day in (2, 0, 1, 1, 2, 0)]

    assert [each.total for each in rolled(rows, 1)] == [100, 1, 10, 20, 200, 2]


@pytest.mark.parametrize("span", [1, 2, 30, 365, 3660])
@pytest.mark.parametrize("way", [-1, 1])
def test_the_furthest_day_of_a_window_is_in_it_and_the_one_beyond_is_not(
    span: int, way: int
) -> None:
    furthest, beyond = Row(0, 4000 + way * (span - 1), 10), Row(0, 4000 + way * span, 100)

    assert rolled([furthest, beyond, Row(0, 4000, 1)], span)[-1] == Seen(2, 11, unknown=False)


@pytest.mark.parametrize(("one", "other"), [(LEAST, LEAST + 1), (-1, 0), (GREATEST - 1, GREATEST)])
@pytest.mark.parametrize("span", [1, 2, DAYS_MAX, DAYS_MAX + 1, 3 * DAYS_MAX])
def test_a_window_does_not_reach_into_a_neighbouring_key(one: int, other: int, span: int) -> None:
    """Wide windows of the first and the last day of all, whichever key comes first."""
    for near, far in ((one, other), (other, one)):
        rows = [
            Row(near, DAYS_MAX, 1),
            Row(far, 0, 10),
            Row(near, 0, 100),
            Row(far, DAYS_MAX, 1000),
        ]
        assert rolled(rows, span) == plain(rows, span, CAP_MAX)


def test_an_unknown_amount_is_doubt_for_those_who_see_it_and_no_others() -> None:
    rows = [Row(0, day, 1) for day in (8, 10, 12)]
    rows += [Row(0, 10, None), Row(1, 10, 1), *(Row(0, day, 1) for day in (7, 8, 12, 13))]

    found = rolled(rows, 3)

    assert [each.unknown for each in found] == [*[False] * 3, True, False, False, True, True, False]
    assert [each.linked for each in found] == [1, 2, 2, 4, 1, 2, 5, 4, 3]
    assert [each.total for each in found] == [1, 2, 2, 3, 1, 2, 4, 3, 3]


@pytest.mark.parametrize("worth", [2**62, 2**62 - 1, 2**62 - 2**32, 2**61 + 1])
def test_thousands_of_the_greatest_amounts_do_not_overflow(worth: int) -> None:
    """Their sum is a thousand times what 64 bits hold: it would come out as anything."""
    count = 5000
    rows = [Row(0, day, worth) for day in range(count)]
    assert count * worth > 2**64

    found = totals(rows, count, CAP_MAX)

    assert found.linked.tolist() == list(range(1, count + 1))
    assert found.total.tolist() == [min(each * worth, CAP_MAX) for each in range(1, count + 1)]
    assert not found.unknown.any()


def test_small_amounts_after_great_ones_are_exact_to_the_unit() -> None:
    """What lies outside a window leaves nothing in it, though the sum of all passes 64 bits."""
    great = [Row(0, day, 2**62) for day in range(3000)]
    small = [Row(0, day, day % 97) for day in range(4000, 6000)]

    found = rolled([*great, *small], 10)

    assert found[3000:] == plain(small, 10, CAP_MAX)
    assert [each.linked for each in found[3000:3020]] == [*range(1, 11), *[10] * 10]


@pytest.mark.parametrize("most", [0, 1, 2**32 - 1, 2**32, 2**32 + 1, TOTAL_MAX, CAP_MAX])
def test_a_total_is_capped_at_the_unit(most: int) -> None:
    """One below, at and one above the cap, in parts that carry from one half to the other."""
    for total in (most - 1, most, most + 1):
        if total < 0:
            continue
        part = total // 3
        rows = [Row(0, 0, part), Row(0, 1, part), Row(0, 2, total - 2 * part)]
        assert rolled(rows, 3, most)[-1].total == min(total, most)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 127, 128, 129])
def test_no_row_is_lost_where_blocks_begin_and_end(count: int) -> None:
    rows = [Row(0, 0, 2**number % 1009) for number in range(count)]

    assert rolled(rows, 1) == plain(rows, 1, CAP_MAX)
    assert [each.linked for each in rolled(rows, 1)] == list(range(1, count + 1))


def test_a_year_of_many_payers_is_added_up_as_plainly_read() -> None:
    """Thousands of rows, many keys, and amounts that pass 64 bits within each of them."""
    dice = Random(20260302)
    payers = [dice.randint(LEAST, GREATEST) for _ in range(12)]
    rows = [
        Row(
            dice.choice(payers),
            dice.randrange(366),
            None if dice.random() < 0.002 else dice.choice([dice.randrange(10), 2**62, 2**40 + 1]),
        )
        for _ in range(2500)
    ]

    found = rolled(rows, 30, TOTAL_MAX)

    assert found == plain(rows, 30, TOTAL_MAX)
    # Hard enough: some pass the cap, some do not, some are unknown, some are known.
    assert {each.total == TOTAL_MAX for each in found} == {True, False}
    assert {each.unknown for each in found} == {True, False}
    assert max(each.linked for each in found) > 20


@pytest.mark.parametrize(("span", "most"), [(0, 1), (-1, 1), (1, 2**62), (1, 2**63)])
def test_a_window_has_a_day_and_a_cap_that_64_bits_hold(span: int, most: int) -> None:
    with pytest.raises(AssertionError):
        totals([Row(0, 0, 1)], span, most)
