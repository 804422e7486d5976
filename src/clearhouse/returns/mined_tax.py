"""A year's tax on mined coin, as a tax authority can take it: CSV, or JSON.

A line is a lot (`income`) or a sale (`sale`), by day. Amounts are decimals of the tax's currency;
prices and quotations are of the asset beside them, with the central bank's rate if that is another.
The same records give the same bytes.
"""

import csv
import io
from typing import Any

from clearhouse.core.mining.coin import Coin, Held, Opened, Sold, Year
from clearhouse.core.mining.sales import COIN_DECIMALS, RATE_DECIMALS, MinedLot, MinedSale
from clearhouse.core.mining.tax import Part
from clearhouse.core.money import Asset, decimal
from clearhouse.returns.account_statement import plain

COLUMNS = (
    *("kind", "day", "id", "buyer", "units", "quote", "asset", "official_rate", "venue", "price"),
    *("income", "proceeds", "taxed", "basis", "gain", "currency", "method"),
)
QUOTED = ("units", "quote", "asset", "official_rate", "venue")


def coin(units: int) -> str:
    """Satoshi as bitcoin, without separators."""
    return decimal(units, COIN_DECIMALS, "")


def _amount(units: int, asset: Asset) -> str:
    return decimal(units, asset.exponent, "")


def lots_as_json(of: Coin) -> dict[str, Any]:
    """Every lot that a miner ever had, and what is left of it."""
    currency = of.terms.currency
    return {
        "participant": of.miner,
        "currency": currency.code,
        "lots": [
            {
                "lot": one.record.lot,
                "right_on": str(one.record.right_on),
                **_quoted(one.record, of.terms.assets[one.record.asset]),
                "income": _amount(one.income, currency),
                "units_left": coin(one.units_left),
                "basis_left": _amount(one.basis_left, currency),
            }
            for one in of.opened
        ],
        "left": _held(of.left, currency),
    }


def as_json(year: Year) -> dict[str, Any]:
    """A year, with what each sale drew on."""
    currency = year.currency
    sums = ("income", "proceeds", "taxed", "basis", "gain")
    return {
        "participant": year.miner,
        "year": str(year.year),
        "method": year.method,
        "currency": currency.code,
        "opening": _held(year.opening, currency),
        "lots": [_lot(one, year) for one in year.opened],
        "sales": [
            {**_sale(one, year), "drawn": [_part(part, currency) for part in one.disposal.parts]}
            for one in year.sold
        ],
        **{name: _amount(getattr(year, name), currency) for name in sums},
        "closing": _held(year.closing, currency),
    }


def as_csv(year: Year) -> str:
    """Render a year as CSV (RFC 4180): its lots and sales, by day, lots first."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="")
    writer.writeheader()
    lines = [{"kind": "income", **_lot(one, year)} for one in year.opened]
    lines += [{"kind": "sale", **_sale(one, year)} for one in year.sold]
    for line in sorted(lines, key=lambda one: one["day"]):  # of one day, as they were
        more = {"venue": plain(line["venue"]), "currency": year.currency.code}
        writer.writerow(line | more | {"method": year.method or ""})
    return stream.getvalue()


def _lot(one: Opened, year: Year) -> dict[str, str]:
    return {
        "day": str(one.record.right_on),
        "id": one.record.lot,
        **_quoted(one.record, year.assets[one.record.asset]),
        "income": _amount(one.income, year.currency),
    }


def _sale(one: Sold, year: Year) -> dict[str, str]:
    asset, sold = year.assets[one.record.asset], one.disposal
    return {
        "day": str(one.record.sold_on),
        "id": one.record.sale,
        "buyer": one.record.buyer,
        **_quoted(one.record, asset),
        "price": _amount(one.record.price, asset),
        "proceeds": _amount(sold.proceeds, year.currency),
        "taxed": _amount(sold.taxed_proceeds, year.currency),
        "basis": _amount(sold.basis, year.currency),
        "gain": _amount(sold.gain, year.currency),
    }


def _quoted(one: MinedLot | MinedSale, asset: Asset) -> dict[str, str]:
    """How much it was, and what a bitcoin was quoted at."""
    rate = one.official_rate
    said = (
        coin(one.units),
        _amount(one.quote, asset),
        asset.code,
        "" if rate is None else decimal(rate, RATE_DECIMALS, ""),
        one.venue,
    )
    return dict(zip(QUOTED, said, strict=True))


def _part(part: Part, currency: Asset) -> dict[str, str]:
    return {
        "lot": part.lot,
        "units": coin(part.units),
        "basis": _amount(part.basis, currency),
    }


def _held(held: Held, currency: Asset) -> dict[str, str]:
    return {"units": coin(held.units), "basis": _amount(held.basis, currency)}
