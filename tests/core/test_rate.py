"""Rates: conversion is exact but for one rounding, and nothing is never given for something."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.money import EUR, UNITS_MAX, USD, Asset, Money, bitcoin
from clearhouse.core.rate import Rate, stated

BTC = bitcoin("bip122:000000000019d6689c085ae165831e93")
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def rate_of(cents: Fraction | int, *, base: Asset = BTC, source: str = "s") -> Rate:
    return stated(
        base, USD, Fraction(cents), as_of=NOON, method="m/1", source=source, venues=("b", "a")
    )


prices = st.fractions(min_value=Fraction(1, 1000), max_value=10**10)


@pytest.mark.parametrize(
    ("cents_per_bitcoin", "cents", "satoshi"),
    [
        (6007545, 6007545, 100_000_000),
        (6007545, 4125000, 68_663_655),  # 41,250.00 USD: 68,663,655.45...
        (6007545, 1, 17),  # one cent: 16.6...
        (10**8, 1, 1),
        (2 * 10**8, 3, 2),  # 1.5 to the even 2
        (2 * 10**8, 5, 2),  # 2.5 to the even 2
        (Fraction(10**8, 3), 1, 3),
    ],
)
def test_a_quantity_is_the_nearest_satoshi_and_from_the_middle_the_even(
    cents_per_bitcoin: int | Fraction, cents: int, satoshi: int
) -> None:
    assert rate_of(cents_per_bitcoin).quantity(Money(cents, USD)) == Money(satoshi, BTC)


@given(prices, st.integers(1, 10**14))
def test_a_quantity_is_off_by_half_a_satoshi_at_most(price: Fraction, cents: int) -> None:
    exact = cents * 10**8 / price
    assume(1 <= exact <= UNITS_MAX - 1)
    assert abs(rate_of(price).quantity(Money(cents, USD)).units - exact) <= Fraction(1, 2)


@given(st.integers(1, 10**8 - 1), st.integers(1, 10**12))
def test_a_quantity_is_worth_the_invoice_again(price: int, cents: int) -> None:
    """To the cent, while one satoshi is worth less than one cent."""
    assume(cents * 10**8 <= UNITS_MAX * price)
    rate = rate_of(price)
    assert rate.value(rate.quantity(Money(cents, USD))) == Money(cents, USD)


@given(prices, st.integers(-(10**17), 10**17))
def test_a_debt_is_valued_as_the_claim_it_mirrors(price: Fraction, satoshi: int) -> None:
    rate = rate_of(price)
    assert rate.value(Money(-satoshi, BTC)).units == -rate.value(Money(satoshi, BTC)).units


@given(prices, st.integers(1, 10**12), st.integers(1, 10**12))
def test_owing_more_is_never_a_smaller_quantity(price: Fraction, one: int, other: int) -> None:
    few, many = sorted((one, other))
    assume(few * 10**8 / price >= 1 and many * 10**8 / price <= UNITS_MAX - 1)
    rate = rate_of(price)
    assert rate.quantity(Money(few, USD)).units <= rate.quantity(Money(many, USD)).units


@pytest.mark.parametrize(
    ("price", "amount", "code"),
    [
        (6007545, Money(1, EUR), "money.asset-mismatch"),
        (6007545, Money(0, EUR), "money.asset-mismatch"),
        (6007545, Money(1, BTC), "money.asset-mismatch"),
        (6007545, Money(0, USD), "money.amount-not-positive"),
        (6007545, Money(-1, USD), "money.amount-not-positive"),
        (2 * 10**8, Money(1, USD), "rate.amount-vanishes"),  # exactly half a satoshi
        (10**12, Money(1, USD), "rate.amount-vanishes"),
        (1, Money(UNITS_MAX, USD), "money.amount-too-large"),
        (1, Money(UNITS_MAX // 10**8 + 1, USD), "money.amount-too-large"),
    ],
)
def test_what_cannot_be_a_quantity_is_refused(price: int, amount: Money, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        rate_of(price).quantity(amount)
    assert refused.value.code == code
    assert refused.value.context["rate"] == rate_of(price).id


def test_the_coin_of_a_test_network_is_not_valued_as_a_bitcoin() -> None:
    with pytest.raises(Refusal, match=r"money\.asset-mismatch"):
        rate_of(6007545).value(Money(1, bitcoin("bip122:000000000933ea01ad0ee984209779ba")))


def test_few_satoshi_may_be_worth_no_cent() -> None:
    assert rate_of(6007545).value(Money(1, BTC)) == Money(0, USD)


@pytest.mark.parametrize("price", [0, -1, Fraction(-1, 3)])
def test_there_is_no_rate_of_zero_or_less(price: int | Fraction) -> None:
    with pytest.raises(Refusal, match=r"rate\.not-positive"):
        rate_of(price)


def test_a_rate_read_back_is_checked_too() -> None:
    rate = rate_of(6007545)
    row = (rate.id, BTC, USD, 0, 1, NOON, "m/1", "s", ())
    with pytest.raises(Refusal, match=r"rate\.not-positive"):
        Rate(*row)
    with pytest.raises(AssertionError, match="lowest"):
        Rate(rate.id, BTC, USD, 2, 2, NOON, "m/1", "s", ())


def test_a_rate_is_the_same_rate_only_if_all_it_says_is_the_same() -> None:
    assert rate_of(6007545) == rate_of(Fraction(12015090, 2))
    assert rate_of(6007545).id.startswith("rat_")
    assert rate_of(6007545).id != rate_of(6007546).id
    assert rate_of(6007545).id != rate_of(6007545, source="t").id


def test_a_rate_reads_as_people_write_it() -> None:
    assert str(rate_of(6007545)) == "60,075.45 USD for one BTC"
    assert str(rate_of(Fraction(100, 3))) == "1/3 USD for one BTC"
