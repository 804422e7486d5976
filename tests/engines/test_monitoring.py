"""Windows over long chains, taking back, limits that are told, and shares without loss."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.engines.monitoring import FAR, LOOK_MAX, SHARE_MAX, Int64s, Line, Rounds, Series
from clearhouse.engines.monitoring.rounds import LOOKS_MAX
from clearhouse.engines.monitoring.series import ENTRIES_LEAST
from clearhouse.engines.monitoring.share import share

Row = tuple[int, int, int, int]  # key, how much later than the one before, value, note
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3), st.sampled_from((0, 0, 1, 2, 7)), st.integers(0, 9), st.integers(0, 50)
    ),
    min_size=1,
    max_size=200,
)


def whole(*numbers: int) -> Int64s:
    return np.array(numbers, np.int64)


def column(rows: Sequence[Row], place: int) -> Int64s:
    return np.array([row[place] for row in rows], np.int64)


def appended(series: Series, rows: Sequence[Row], begun: int = 0) -> Line:
    key = column(rows, 0)
    when = begun + np.cumsum(column(rows, 1))
    inside = np.ones(len(rows), np.bool_)
    notes = column(rows, 3) if series.is_noted else None
    return series.extend((key, key), when, column(rows, 2), inside, notes)


def said(line: Line, span: int) -> list[list[int]]:
    count, total = line.window(span)
    numbers: list[Any] = [count, total, line.gap(span), line.since(), line.depth()]
    if len(line.entries.note):
        numbers += [line.peak(span, 3 * span), *line.members(span)]
    return [each.tolist() for each in numbers]


@given(ROWS, st.integers(1, 30))
@settings(max_examples=150)
def test_a_window_holds_what_is_younger_than_its_span(rows: list[Row], span: int) -> None:
    series = Series(is_noted=True)
    line = appended(series, rows)
    when = np.cumsum(column(rows, 1)).tolist()
    count, total, gap, since, depth, peak, members, cut_off = said(line, span)
    for at, (key, _, _, _) in enumerate(rows):
        mine = [n for n in range(at + 1) if rows[n][0] == key]
        window = [n for n in mine if when[n] > when[at] - span]
        older = [n for n in mine if n not in window]
        reached = [n for n in older if when[n] > when[at] - 4 * span]
        assert count[at] == len(window)
        assert total[at] == sum(rows[n][2] for n in window)
        assert gap[at] == (when[window[0]] - when[older[-1]] if older else 0)
        assert since[at] == (when[mine[-2]] if len(mine) > 1 else -FAR)
        assert depth[at] == len(mine)
        assert peak[at] == max((rows[n][3] for n in reached), default=0)
        assert members[at] == sum(rows[n][3] < when[at] - span + 1 for n in window)
        assert not cut_off[at]


@pytest.mark.parametrize(("span", "reach"), [(1, 5), (40, 700), (3, 10**6), (900, 900)])
def test_the_peak_of_a_long_chain_misses_no_entry(span: int, reach: int) -> None:
    """Few entries are high, each once, so that one that is jumped over would be missed."""
    dice = np.random.default_rng(span)
    count = 1500
    when = np.cumsum(dice.integers(0, 3, count))
    note = np.where(dice.random(count) < 0.02, dice.integers(1, 10**6, count), 0)
    key = np.zeros(count, np.int64)
    series = Series(is_noted=True)
    line = series.extend((key, key), when, note, np.ones(count, np.bool_), note)
    found = line.peak(span, reach)
    for at in range(count):
        there = (when[: at + 1] <= when[at] - span) & (when[: at + 1] > when[at] - span - reach)
        assert found[at] == max(note[: at + 1][there], default=0)


@given(ROWS, ROWS, ROWS, st.booleans())
@settings(max_examples=60)
def test_what_is_taken_back_was_never_there(
    kept: list[Row], gone: list[Row], later: list[Row], is_noted: bool
) -> None:
    one, other = Series(is_noted), Series(is_noted)
    appended(one, kept)
    mark = one.mark()
    appended(one, [(key + 100 * n, *rest) for n, (key, *rest) in enumerate(gone)], 2000)  # type: ignore[misc]
    one.back(mark)
    appended(other, kept)
    assert one.keys == other.keys
    assert said(appended(one, later, 2000), 9) == said(appended(other, later, 2000), 9)


def test_taking_back_survives_a_larger_table_and_a_full_one() -> None:
    series, other = Series(), Series()
    many = [(key, 1, key, 0) for key in range(40)]
    appended(series, many[:20])
    mark = series.mark()
    appended(series, [(key, 1, 1, 0) for key in range(5000)], 100)
    assert len(series.slots) > mark[1]
    series.back(mark)
    assert series.keys == 20
    for one in (series, other):
        one.back(Series.begun)
        assert one.keys == 0
    assert said(appended(series, many), 7) == said(appended(other, many), 7)


def test_one_number_for_each_two() -> None:
    series = Series()
    found = series.number((whole(1, 1, 2, 1, 2), whole(5, 6, 5, 5, 5)))
    assert found.tolist() == [0, 1, 2, 0, 2]
    assert series.number((whole(2, 3, 1), whole(5, 3, 6))).tolist() == [2, 3, 1]
    assert series.keys == series.count == 4


def test_more_entries_than_are_looked_at_are_told() -> None:
    rows = [(0, 0, 1, -100)] * (LOOK_MAX + 1)
    found, cut_off = appended(Series(is_noted=True), rows).members(10)
    assert cut_off.tolist() == [False] * LOOK_MAX + [True]
    assert found.tolist() == [*range(1, LOOK_MAX + 1), LOOK_MAX]


def rounds(*payments: tuple[int, int, int, int], **limits: int) -> list[int]:
    """Payer, payee, instant, value; answers what came round with each."""
    payer, payee, when, value = (np.array(one, np.int64) for one in zip(*payments, strict=True))
    bounds = {"span": 100, "hops": 5, "slack": 100, **limits}
    found, cut_off = Rounds().extend((payer, payee), when, value, **bounds)
    assert not cut_off.any()
    return [int(each) for each in found]


def test_a_round_is_as_much_as_its_smallest_payment() -> None:
    assert rounds((1, 2, 0, 100), (2, 3, 1, 95), (3, 1, 2, 100)) == [0, 0, 950]
    assert rounds((1, 2, 0, 110), (2, 1, 1, 100)) == [0, 1000]
    assert rounds((1, 2, 0, 111), (2, 1, 1, 100)) == [0, 0]
    assert rounds((1, 2, 0, 89), (2, 1, 1, 100)) == [0, 0]


def test_of_several_rounds_the_best_counts_however_long() -> None:
    way = [(1, 2, 0, 91), (1, 3, 0, 99), (3, 2, 1, 99), (2, 1, 2, 100)]
    assert rounds(*way) == [0, 0, 0, 990]
    assert rounds(*way, hops=2) == [0, 0, 0, 910]


def test_no_payment_to_oneself_and_none_of_nothing_comes_round() -> None:
    assert rounds((1, 1, 0, 100), (1, 1, 1, 100), (1, 2, 2, 0), (2, 1, 3, 0)) == [0, 0, 0, 0]


def crowd(count: int) -> tuple[tuple[Int64s, Int64s], Int64s, Int64s]:
    """So many pay party 0 alike, and then it pays somebody of whom none came."""
    payer = np.concatenate([np.arange(2, count + 2), whole(0)])
    payee = np.concatenate([np.zeros(count, np.int64), whole(1)])
    return (payer, payee), np.arange(count + 1), np.full(count + 1, 100)


@pytest.mark.parametrize(("count", "is_cut"), [(LOOKS_MAX // 4, False), (LOOKS_MAX + 1, True)])
def test_a_search_that_is_given_up_is_told(count: int, is_cut: bool) -> None:
    ends, when, value = crowd(count)
    found, cut_off = Rounds().extend(ends, when, value, span=10**9, hops=5, slack=0)
    assert found[-1] == 0
    assert bool(cut_off[-1]) is is_cut
    assert not cut_off[:-1].any()


@given(st.integers(0, 9 * 10**17), st.integers(0, 9 * 10**17))
def test_a_share_loses_nothing(part: int, whole_: int) -> None:
    plain = 0 if not part else min(part * 1000 // whole_, SHARE_MAX) if whole_ else SHARE_MAX
    assert share(whole(part), whole(whole_)).tolist() == [plain]


def test_a_series_grows_over_the_room_that_it_begins_with() -> None:
    rows = [(n % 3, 1, 1, 0) for n in range(10 * ENTRIES_LEAST)]
    count, total = appended(Series(), rows).window(10**6)
    assert count.tolist() == total.tolist() == [1 + n // 3 for n in range(len(rows))]
