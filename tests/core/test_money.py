"""Amounts: what people write is read exactly or refused, and nothing is made or lost."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.money import (
    EUR,
    UNITS_MAX,
    USD,
    AssetMismatch,
    Money,
    bitcoin,
    decimal,
    parse_units,
    quantum,
)

MAIN = "bip122:000000000019d6689c085ae165831e93"
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"

units = st.integers(1, UNITS_MAX)
exponents = st.integers(0, 18)
scribbles = st.text(st.characters(categories=("Nd", "Zs", "Pc", "Pd", "Po", "Sc", "Lu")))


@pytest.mark.parametrize(
    ("text", "exponent", "expected"),
    [
        ("41250.00", 2, 4_125_000),
        ("41250.0", 2, 4_125_000),
        ("41250", 2, 4_125_000),
        ("0.01", 2, 1),
        ("00000000000000000000000007", 2, 700),
        ("0.00000001", 8, 1),
        ("5", 0, 5),
        ("1000000000000000.00", 2, UNITS_MAX),
    ],
)
def test_plain_digits_are_read_to_the_last_unit(text: str, exponent: int, expected: int) -> None:
    assert parse_units(text, exponent) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "money.amount-malformed"),
        ("1e3", "money.amount-malformed"),
        ("1E3", "money.amount-malformed"),
        ("NaN", "money.amount-malformed"),
        ("Infinity", "money.amount-malformed"),
        ("+5", "money.amount-malformed"),
        ("--5", "money.amount-malformed"),
        ("1,000.00", "money.amount-malformed"),
        ("1.000,00", "money.amount-malformed"),
        ("1_000", "money.amount-malformed"),
        ("0x10", "money.amount-malformed"),
        (" 5 ", "money.amount-malformed"),
        ("5\n", "money.amount-malformed"),
        ("5 000", "money.amount-malformed"),
        (".5", "money.amount-malformed"),
        ("5.", "money.amount-malformed"),
        ("1.2.3", "money.amount-malformed"),
        ("\uff11\uff12", "money.amount-malformed"),  # full-width 12
        ("\u0665", "money.amount-malformed"),  # Arabic-Indic 5
        ("\u00bd", "money.amount-malformed"),
        ("\u2212" + "5", "money.amount-malformed"),  # a typographer's minus
        ("USD 5", "money.amount-malformed"),
        ("-5", "money.amount-not-positive"),
        ("-0", "money.amount-not-positive"),
        ("0", "money.amount-not-positive"),
        ("0.00", "money.amount-not-positive"),
        ("0." + "0" * 5000, "money.amount-not-positive"),
        ("5.001", "money.amount-too-precise"),
        ("5.000", "money.amount-too-precise"),
        ("1" * 40, "money.amount-too-large"),
        ("9" * 5000, "money.amount-too-large"),  # more digits than int() takes
        ("1000000000000000.01", "money.amount-too-large"),
        ("-" + "1" * 40, "money.amount-not-positive"),  # the precedence: sign, decimals, size
        ("1" * 40 + ".001", "money.amount-too-precise"),
    ],
)
def test_what_can_be_read_in_two_ways_or_is_no_sum_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_units(text, 2)

    assert refused.value.code == code
    assert len(refused.value.detail) < 150  # however long the field is


@given(units, exponents)
@settings(deadline=None)
def test_what_is_printed_is_read_back(value: int, exponent: int) -> None:
    text = decimal(value, exponent, "")

    assert parse_units(text, exponent) == value
    assert Fraction(text) * 10**exponent == value


@given(st.integers(-UNITS_MAX, UNITS_MAX), exponents)
@settings(deadline=None)
def test_separators_and_sign_are_for_people_only(value: int, exponent: int) -> None:
    assert Fraction(decimal(value, exponent).replace(",", "")) * 10**exponent == value


@given(
    st.text()
    | scribbles
    | st.from_regex(r"-?[0-9]{0,45}[.,]?[0-9]{0,20}(e[0-9])?", fullmatch=True),
    exponents,
)
@settings(deadline=None, max_examples=500)
def test_any_text_is_read_exactly_or_refused(text: str, exponent: int) -> None:
    try:
        read = parse_units(text, exponent)
    except Refusal:
        return
    assert 1 <= read <= UNITS_MAX * quantum(exponent)
    assert text.isascii()
    assert Fraction(text) * 10**exponent == read


def test_a_coin_of_a_test_network_is_another_asset() -> None:
    main, test = bitcoin(MAIN), bitcoin(REGTEST)

    assert main.identity == f"{MAIN}/slip44:0"  # the example of CAIP-19's registry
    assert test.identity == f"{REGTEST}/slip44:1"
    assert main.is_digital
    assert not USD.is_digital
    with pytest.raises(AssetMismatch, match=r"money\.asset-mismatch"):
        Money(1, main) + Money(1, test)
    with pytest.raises(AssetMismatch):
        Money(1, USD) + Money(1, EUR)


def test_money_is_told_as_people_write_it() -> None:
    assert str(Money(4_125_000, USD)) == "41,250.00 USD"
    assert str(Money(-1, bitcoin(MAIN))) == "-0.00000001 BTC"
    assert Money(1, USD) + Money(-3, USD) == Money(-2, USD)


@given(
    st.integers(0, 2**256),
    st.lists(st.integers(0, 10**20), min_size=1).filter(any),
)
@settings(deadline=None)
def test_splitting_loses_no_unit_and_is_fair_to_one(total: int, weights: list[int]) -> None:
    shares = [share.units for share in Money(total, USD).split(weights)]

    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - Fraction(total * weight, sum(weights))) < 1
        assert share == 0 or weight
