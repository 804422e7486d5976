"""The bound by cuts: whoever says the cuts and their prices, no choice passes it."""

from collections.abc import Iterator
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.engines.liquidity import Queue, bound, by_value, queue
from clearhouse.engines.liquidity.enumeration import FEW, best_of_all
from clearhouse.engines.liquidity.rounding import PRICE, Cut, proved, rounded, row, rows
from clearhouse.engines.liquidity.separation import separated
from clearhouse.engines.setoff import TOTAL_MAX

SEEDS = st.integers(0, 2**32)
Priced = list[tuple[Cut, int]]


def made(paid: list[tuple[int, int, int]], limit: list[int]) -> Queue:
    debtor, creditor, units = np.array(paid, np.int64).reshape(-1, 3).T.copy()
    return queue(debtor, creditor, units, np.array(limit, np.int64))


def drawn_queue(dice: Random, payments: int, units_max: int) -> Queue:
    parties = dice.randint(2, 5)
    pairs = [tuple(dice.sample(range(parties), 2)) for _ in range(payments)]
    paid = [(i, j, dice.randint(1, units_max)) for i, j in pairs]
    return made(paid, [dice.randint(0, units_max) for _ in range(parties)])


def drawn_cut(dice: Random, waiting: Queue, divisor_max: int) -> Cut:
    party = dice.randrange(waiting.parties)
    at = rows(waiting).of(party)
    turned = [dice.random() < 0.5 for _ in range(at.start, at.stop)]
    return Cut(party, dice.randint(1, divisor_max), np.array(turned, np.bool_))


def choices(waiting: Queue) -> Iterator[np.ndarray]:
    """Every choice that overdraws nobody."""
    for settles in product((False, True), repeat=len(waiting.units)):
        one = np.array(settles, np.bool_)
        if (waiting.room(one) >= 0).all():
            yield one


@pytest.mark.parametrize("seed", range(40))
def test_no_choice_breaks_a_cut_whatever_its_divisor_and_whatever_is_turned(seed: int) -> None:
    dice = Random(seed)
    waiting = drawn_queue(dice, dice.randint(1, 8), 12)
    of = rows(waiting)
    cuts = [drawn_cut(dice, waiting, 30) for _ in range(40)]
    written = [(of.payment[of.of(cut.party)], *rounded(of, waiting.limit, cut)) for cut in cuts]
    for settles in choices(waiting):
        for payment, counts, most in written:
            assert int(counts @ settles[payment]) <= most


@settings(max_examples=300)
@given(SEEDS, st.integers(1, 10**6))
def test_no_choice_passes_what_any_cuts_at_any_prices_prove(seed: int, units_max: int) -> None:
    dice = Random(seed)
    waiting = drawn_queue(dice, dice.randint(1, FEW), units_max)
    best = waiting.value(best_of_all(waiting))
    for _ in range(5):
        priced = [
            (drawn_cut(dice, waiting, 2 * units_max), dice.randint(0, 2 * PRICE)) for _ in range(6)
        ]
        assert proved(waiting, priced) >= best


@settings(max_examples=300)
@given(SEEDS, st.integers(1, 1000))
def test_the_prices_of_the_relaxation_prove_its_bound(seed: int, units_max: int) -> None:
    dice = Random(seed)
    waiting = drawn_queue(dice, dice.randint(1, 40), units_max)
    limit = bound(waiting)
    waiting = waiting.of(limit.possible)
    of = rows(waiting)
    priced = [(row(of, party), int(one) * PRICE) for party, one in enumerate(limit.price)]
    assert proved(waiting, priced) == limit.units


@settings(max_examples=300)
@given(SEEDS, st.integers(1, 50))
def test_the_cuts_that_are_found_are_broken_by_what_they_are_found_for(
    seed: int, units_max: int
) -> None:
    dice = Random(seed)
    waiting = drawn_queue(dice, dice.randint(1, 30), units_max)
    share = np.array([dice.choice((0, 1, dice.random())) for _ in waiting.units], np.float64)
    of = rows(waiting)
    parties = []
    for cut in separated(of, waiting.limit, share):
        counts, most = rounded(of, waiting.limit, cut)
        assert counts @ share[of.payment[of.of(cut.party)]] > most
        parties.append(cut.party)
    assert parties == sorted(set(parties))


def test_of_two_payments_that_exclude_each_other_one_counts() -> None:
    waiting = made([(0, 1, 6), (0, 1, 6)], [10, 0])
    of = rows(waiting)
    (cut,) = separated(of, waiting.limit, np.array([1.0, 2 / 3]))
    counts, most = rounded(of, waiting.limit, cut)
    assert (counts / most).tolist() == [1, 1]
    assert bound(waiting).units == 10
    assert proved(waiting, [(cut, 6 * PRICE // most)]) == 6


def test_a_receipt_that_is_needed_is_turned_round() -> None:
    """0 can pay 6 only with the 3 that it is owed: if that does not settle, neither does this."""
    waiting = made([(0, 1, 6), (1, 0, 3)], [4, 9])
    of = rows(waiting)
    turned = np.array([False, True])
    for divisor, expected in ((6, ([5, -2], 3)), (2, ([3, -1], 2)), (1, ([6, -3], 4))):
        counts, most = rounded(of, waiting.limit, Cut(0, divisor, turned))
        assert (counts.tolist(), most) == expected


def test_without_cuts_everything_is_bound_by_itself() -> None:
    waiting = made([(0, 1, 6), (1, 0, 3)], [4, 9])
    assert proved(waiting, []) == 9
    assert proved(made([], [1]), []) == 0


@settings(max_examples=200)
@given(SEEDS)
def test_amounts_at_the_bound_are_cut_like_small_ones(seed: int) -> None:
    dice = Random(seed)
    waiting = drawn_queue(dice, dice.randint(1, 12), 9)
    total = int(waiting.units.sum() + waiting.limit.sum())
    factor = TOTAL_MAX // 3 // total
    large = queue(
        waiting.debtor.astype(np.int64),
        waiting.creditor.astype(np.int64),
        waiting.units * factor,
        waiting.limit * factor,
    )
    cuts = [(drawn_cut(dice, waiting, total), dice.randint(0, PRICE)) for _ in range(6)]
    wider = [(Cut(cut.party, cut.divisor * factor, cut.turned), price) for cut, price in cuts]
    wider.append((Cut(0, TOTAL_MAX, row(rows(large), 0).turned), PRICE))
    assert proved(large, wider) >= waiting.value(best_of_all(waiting)) * factor
    for cut, other in zip([cut for cut, _ in cuts], [cut for cut, _ in wider], strict=False):
        counts, most = rounded(rows(waiting), waiting.limit, cut)
        expected = ([int(one) * factor for one in counts], most * factor)
        counts, most = rounded(rows(large), large.limit, other)
        assert (counts.tolist(), most) == expected


def test_the_tightened_bound_is_the_choices() -> None:
    waiting = made([(0, 1, 6)] * 20, [10, 0])
    cut = Cut(0, 6, np.zeros(20, np.bool_))
    said: list[tuple[int, int]] = []

    def tighter(by_size: Queue) -> Iterator[Priced]:
        assert by_size.units.tolist() == [6] * 20
        yield [(cut, 3 * PRICE)]
        yield []

    choice = by_value(waiting, sweeps=5, tighter=tighter, advance=lambda *heard: said.append(heard))
    assert choice.value == choice.bound == 6
    assert said == [(0, 6), (6, 6)]
    assert by_value(waiting, sweeps=5).bound == 10


def test_a_few_payments_best_choice_is_its_own_bound() -> None:
    choice = by_value(made([(0, 1, 6), (0, 1, 6)], [10, 0]))
    assert (choice.value, choice.bound) == (6, 6)


NONE = np.zeros(0, np.bool_)
TWO = np.zeros(2, np.bool_)


@pytest.mark.parametrize(
    ("cut", "price"),
    [
        (Cut(-1, 1, TWO), 1),
        (Cut(2, 1, TWO), 1),
        (Cut(0, 0, TWO), 1),
        (Cut(0, -1, TWO), 1),
        (Cut(0, TOTAL_MAX + 1, TWO), 1),
        (Cut(0, 1, NONE), 1),
        (Cut(0, 1, np.zeros(2, np.int64)), 1),
        (Cut(0, 1, TWO), -1),
    ],
)
def test_what_is_no_cut_proves_nothing(cut: Cut, price: int) -> None:
    waiting = made([(0, 1, 6), (1, 0, 3)], [4, 9])
    with pytest.raises(ValueError, match=r"cut|price"):
        proved(waiting, [(cut, price)])
