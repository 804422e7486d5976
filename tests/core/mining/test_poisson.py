"""Bounds of luck: against sums of sixty digits, and at levels that a float could not tell apart."""

from decimal import Decimal, localcontext
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.mining import poisson
from clearhouse.core.mining.poisson import MEAN_MAX, MeanTooLarge, too_few, too_many

THOUSANDTH = Fraction(1, 1000)
means = st.fractions(min_value=Fraction(1, 10**6), max_value=200, max_denominator=10**6)
tails = st.fractions(min_value=Fraction(1, 10**9), max_value=Fraction(999, 1000))


def chances(mean: Fraction, most: int, digits: int = 60) -> list[Fraction]:
    """P(X <= 0), P(X <= 1), ... to `most`, from e^-m with so many digits."""
    with localcontext() as context:
        context.prec = digits
        m = Decimal(mean.numerator) / mean.denominator
        term, total, row = (-m).exp(), Decimal(0), []
        for i in range(most + 1):
            total += term
            row.append(Fraction(total))
            term = term * m / (i + 1)
    return row


def by_the_book(mean: Fraction, tail: Fraction) -> tuple[int, int]:
    """The least k with P(X >= k) <= tail, and the greatest with P(X <= k) <= tail."""
    row = [Fraction(0), *chances(mean, 2 * int(mean) + 60)]  # P(X < 0), P(X < 1), ...
    least = next(k for k, below in enumerate(row) if 1 - below <= tail)
    return least, sum(below <= tail for below in row[1:]) - 1


@pytest.mark.parametrize(
    ("mean", "most", "least"),
    [
        (Fraction(0), 1, -1),
        (Fraction(1, 10**100), 1, -1),
        (Fraction(1, 1000), 1, -1),  # P(X >= 1) = .0009995
        (Fraction(1, 999), 2, -1),  # P(X >= 1) = .0010005
        (Fraction(1), 6, -1),
        (Fraction(69, 10), 17, -1),  # P(X = 0) = .001008
        (Fraction(70, 10), 17, 0),  # P(X = 0) = .000912
        (Fraction(10), 22, 1),
        (Fraction(100), 133, 70),
        (Fraction(5000), 5221, 4782),
        (Fraction(10_000), 10_311, 9691),
    ],
)
def test_the_bounds_of_one_in_a_thousand(mean: Fraction, most: int, least: int) -> None:
    assert (too_many(mean, THOUSANDTH), too_few(mean, THOUSANDTH)) == (most, least)
    if mean > Fraction(1, 10**50):  # sixty digits have no room for less
        assert by_the_book(mean, THOUSANDTH) == (most, least)


@given(means, tails)
@settings(max_examples=150, deadline=None)
def test_they_are_those_of_the_sums(mean: Fraction, tail: Fraction) -> None:
    assert (too_many(mean, tail), too_few(mean, tail)) == by_the_book(mean, tail)


@pytest.mark.parametrize("mean", [Fraction(1, 3), Fraction(1), Fraction(22, 7), Fraction(300)])
def test_no_rounding_flips_them(mean: Fraction) -> None:
    """A level a hair above a chance allows it, a hair below does not: both are one float."""
    hair = Fraction(1, 10**50)
    row = chances(mean, int(mean) + 5)
    for k in range(int(mean), int(mean) + 5):
        below = row[k]  # P(X <= k) = 1 - P(X >= k+1)
        assert float(below - hair) == float(below + hair)
        assert too_few(mean, below + hair) == k
        assert too_few(mean, below - hair) == k - 1
        assert too_many(mean, 1 - below + hair) == k + 1
        assert too_many(mean, 1 - below - hair) == k + 2


@pytest.mark.parametrize("mean", [Fraction(1, 3), Fraction(10), Fraction(100)])
def test_a_level_that_the_first_enclosure_cannot_tell_from_a_chance(mean: Fraction) -> None:
    """The nearest fraction to a chance with 200 bits is nearer than 2^-390; 128 + 200 is less."""
    for k, below in enumerate(chances(mean, 2 * int(mean) + 3, digits=300)):
        level = below.limit_denominator(2**200)
        if 0 < level < 1:
            assert abs(level - below) < Fraction(1, 2**390)
            assert too_few(mean, level) == (k if below <= level else k - 1)
            assert too_many(mean, 1 - level) == (k + 1 if level <= below else k + 2)


def test_however_few_bits_there_are_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An enclosure of little use is widened rather than believed."""
    dice = Random(1)
    cases = [
        (Fraction(dice.randint(1, 10**4), dice.randint(1, 10**3)), Fraction(1, dice.randint(2, 99)))
        for _ in range(100)
    ]
    expected = [(too_many(mean, tail), too_few(mean, tail)) for mean, tail in cases if mean < 300]
    monkeypatch.setattr(poisson, "BITS_LEAST", 1)

    assert expected == [
        (too_many(mean, tail), too_few(mean, tail)) for mean, tail in cases if mean < 300
    ]


@given(means, means, tails)
@settings(max_examples=50, deadline=None)
def test_more_is_allowed_where_more_is_expected(
    one: Fraction, two: Fraction, tail: Fraction
) -> None:
    fewer, more = sorted((one, two))

    assert too_many(fewer, tail) <= too_many(more, tail)
    assert too_few(fewer, tail) <= too_few(more, tail)


@given(means, tails)
@settings(max_examples=50, deadline=None)
def test_a_stricter_level_allows_more_luck(mean: Fraction, tail: Fraction) -> None:
    assert too_many(mean, tail / 7) >= too_many(mean, tail)
    assert too_few(mean, tail / 7) <= too_few(mean, tail)


def test_a_level_of_many_digits_is_met() -> None:
    """Far outside what the first enclosure holds."""
    assert too_many(Fraction(1), Fraction(1, 10**200)) == 121
    assert by_the_book(Fraction(1), Fraction(1, 10**40))[0] == 35
    assert too_many(Fraction(1), Fraction(1, 10**40)) == 35
    assert too_few(Fraction(1), Fraction(1, 10**200)) == -1


def test_there_is_a_largest_mean() -> None:
    assert too_many(Fraction(MEAN_MAX), THOUSANDTH) == 1_003_093
    for bound in (too_many, too_few):
        with pytest.raises(MeanTooLarge):
            bound(MEAN_MAX + Fraction(1, 10), THOUSANDTH)


@pytest.mark.parametrize("tail", [Fraction(0), Fraction(1)])
def test_a_level_is_between_never_and_always(tail: Fraction) -> None:
    with pytest.raises(AssertionError):
        too_many(Fraction(1), tail)
