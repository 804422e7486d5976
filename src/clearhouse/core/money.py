"""`Money`: an amount of one asset, in minor units.

An asset is what it is by its identity (CAIP-19 for digital assets, ISO 4217 for currencies), never
by its ticker: a bitcoin of a test network is another asset than a bitcoin. People's notation is
parsed and printed here, at the edge of the core; between the edges there are only integers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from clearhouse.core.errors import Kind, Refusal

# What one amount from outside may be at most, in quanta. A national cycle adds millions of them in
# 64 bits; bitcoin's whole supply is 2.1e15 satoshi.
UNITS_MAX = 10**17
QUANTUM_DECIMALS = 9  # no asset is set off in smaller parts than a billionth of one

AMOUNT_FORM = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]+))?", re.ASCII)


class AssetMismatch(Refusal):
    """Two amounts are of different assets."""

    code = "money.asset-mismatch"
    kind = Kind.CONFLICT


class AmountMalformed(Refusal):
    """An amount is not written as plain digits with an optional decimal point."""

    code = "money.amount-malformed"
    kind = Kind.MALFORMED


class AmountNotPositive(Refusal):
    """An amount is zero or negative."""

    code = "money.amount-not-positive"
    kind = Kind.MALFORMED


class AmountTooPrecise(Refusal):
    """An amount has more decimals than its asset has."""

    code = "money.amount-too-precise"
    kind = Kind.MALFORMED


class AmountTooLarge(Refusal):
    """An amount is larger than one obligation can be."""

    code = "money.amount-too-large"
    kind = Kind.MALFORMED


class UnknownAsset(Refusal):
    """An amount is in a currency or asset that the house does not take."""

    code = "money.unknown-asset"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Asset:
    """A currency or a digital asset."""

    code: str  # what people write: USD, BTC
    identity: str  # what it is: iso4217:USD, or a CAIP-19 asset type
    exponent: int  # minor units are 10**-exponent of one

    @property
    def is_digital(self) -> bool:
        """Whether it lives on a chain."""
        return not self.identity.startswith("iso4217:")

    @property
    def quantum(self) -> int:
        """The minor units that set-off counts in: a power of ten, above 1 for long decimals only.

        Four billion tokens of 18 decimals are cleared in 64 bits by it.
        """
        return quantum(self.exponent)


USD = Asset("USD", "iso4217:USD", 2)
EUR = Asset("EUR", "iso4217:EUR", 2)


def bitcoin(chain: str) -> Asset:
    """The coin of the Bitcoin network `chain` (CAIP-2), in satoshi.

    SLIP-44 gives main net the coin type 0 and every test network the type 1.
    """
    slip44 = 0 if chain == "bip122:000000000019d6689c085ae165831e93" else 1
    return Asset("BTC", f"{chain}/slip44:{slip44}", 8)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one asset, in minor units (satoshi, cent); negative when owed.

    There is no float, and no Decimal either: people's notation is parsed and printed at the edge.
    """

    units: int
    asset: Asset

    def __add__(self, other: "Money") -> "Money":
        if self.asset != other.asset:
            raise AssetMismatch(f"{self.asset.code} + {other.asset.code}")
        return Money(self.units + other.units, self.asset)

    def __str__(self) -> str:
        return f"{decimal(self.units, self.asset.exponent)} {self.asset.code}"

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Divide in proportion to `weights`, losing no unit.

        Each boundary between shares is rounded down, so the shares always add up.
        """
        assert self.units >= 0
        assert min(weights) >= 0
        assert sum(weights) > 0
        cuts = list(accumulate(weights, initial=0))
        bounds = [self.units * cut // cuts[-1] for cut in cuts]
        return [Money(high - low, self.asset) for low, high in pairwise(bounds)]


def quantum(exponent: int) -> int:
    """The clearing quantum of an asset of so many decimals, in minor units."""
    return int(10 ** max(0, exponent - QUANTUM_DECIMALS))


def decimal(units: int, exponent: int, separator: str = ",") -> str:
    """Write minor `units` as people do: 4125000 with exponent 2 is 41,250.00."""
    sign = "-" if units < 0 else ""
    whole, part = divmod(abs(units), 10**exponent)
    tail = f".{part:0{exponent}}" if exponent else ""
    digits = f"{whole:,}".replace(",", separator)
    return f"{sign}{digits}{tail}"


def parse_units(text: str, exponent: int) -> int:
    """Read what people write into minor units: a positive amount in plain digits.

    No exponent, sign, separator, space or other script's digits: what can be read in two ways is
    refused.

    Raises:
        AmountMalformed, AmountNotPositive, AmountTooPrecise, AmountTooLarge: In this precedence.
    """
    form = AMOUNT_FORM.fullmatch(text)
    if form is None:
        raise AmountMalformed(f"{text[:48]!r}: write it as 41250.00")
    part = form["part"] or ""
    if form["sign"] or not (form["whole"] + part).strip("0"):
        raise AmountNotPositive(f"{text[:48]!r}: an obligation is above zero")
    if len(part) > exponent:
        raise AmountTooPrecise(f"{text[:48]!r} has {len(part)} decimals; at most {exponent}")
    digits = (form["whole"] + part.ljust(exponent, "0")).lstrip("0")
    most = UNITS_MAX * quantum(exponent)
    if len(digits) > len(str(most)) or int(digits) > most:
        raise AmountTooLarge(f"{text[:48]!r}: at most {decimal(most, exponent)}")
    return int(digits)
