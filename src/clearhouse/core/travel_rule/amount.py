"""Amounts of the Travel Rule Protocol: decimals of an asset's main unit, read exactly.

An amount is a decimal in a text, or a whole number. A number with a fraction or an exponent is
refused, since readers of JSON round it: 0.1 is not what most of them keep. So are the NaN and the
infinities of some writers, as numbers and as texts.
"""

import re
from typing import Any

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.exact_json import Number

WHOLE_FORM = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)  # 10**78 is above 2**256
AMOUNT_FORM = re.compile(r"(0|[1-9][0-9]{0,77})(?:\.([0-9]{1,30}))?", re.ASCII)
INEXACT_FORM = re.compile(r"[-+]?(?:[0-9.]+[eE].*|nan|inf|infinity)", re.ASCII | re.IGNORECASE)


class AmountInexact(Refusal):
    """An amount is a number that readers of JSON round: a fraction, an exponent, or none at all."""

    code = "trp.amount-inexact"
    kind = Kind.MALFORMED


class AmountMalformed(Refusal):
    """An amount is not above zero, or is not written as a decimal."""

    code = "trp.amount-malformed"
    kind = Kind.MALFORMED


class AmountTooFine(Refusal):
    """An amount has more decimals than its asset."""

    code = "trp.amount-too-fine"
    kind = Kind.MALFORMED


def parse_amount(value: Any) -> str:
    """Read an amount as `wire` reads JSON: a decimal without zeros behind, above zero.

    Raises:
        AmountInexact, AmountMalformed: In this precedence.
    """
    match value:
        case Number(text) if not text.removeprefix("-").isdecimal():
            raise AmountInexact('amount: write it as a text of digits, such as "0.000021"')
        case Number(text) | str(text):
            pass
        case _:
            raise AmountMalformed("amount: a decimal in a text, or a whole number, is expected")
    if INEXACT_FORM.fullmatch(text):
        raise AmountInexact("amount: a decimal has no exponent")
    form = AMOUNT_FORM.fullmatch(text)
    if form is None or not text.strip("0."):
        raise AmountMalformed("amount: a decimal above zero is expected")
    fraction = (form[2] or "").rstrip("0")
    return f"{form[1]}.{fraction}" if fraction else form[1]


def units(amount: str, decimals: int) -> int:
    """An amount in the asset's smallest unit, of which the main one has 10 to the `decimals`.

    Raises:
        AmountTooFine: It has more decimals.
        AmountMalformed: It is no amount.
    """
    form = AMOUNT_FORM.fullmatch(amount)
    if form is None:
        raise AmountMalformed("amount: a decimal is expected")
    fraction = form[2] or ""
    if len(fraction.rstrip("0")) > decimals:
        raise AmountTooFine(f"amount: its asset has {decimals} decimals")
    return int(form[1] + fraction[:decimals].ljust(decimals, "0"))


def decimal(units: int, decimals: int) -> str:
    """The amount that so many smallest units are, as a message has it."""
    assert units > 0
    whole, fraction = divmod(units, 10**decimals)
    behind = str(fraction).rjust(decimals, "0").rstrip("0") if decimals else ""
    return f"{whole}.{behind}" if behind else str(whole)
