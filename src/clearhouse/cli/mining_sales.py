"""`clearhouse mining lots`, `tax`: what is left of mined coin, and what a year of it comes to."""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.core.mining.coin import Coin, Held, Year
from clearhouse.core.mining.sales import COIN_DECIMALS
from clearhouse.core.money import Asset, Money, decimal
from clearhouse.core.participant import parse_lei
from clearhouse.operations.mined_tax import coin_of, year_of
from clearhouse.returns import mined_tax as returns
from clearhouse.settings import Settings, house

Lei = Annotated[str, typer.Argument(metavar="LEI", help="Whose coin it is.")]
YEAR_FORM = re.compile(r"[0-9]{4}", re.ASCII)


def lots(who: Lei, *, as_json: AsJson = False) -> None:
    """List the lots of somebody's mined coin, and what is left of each.

    What is left keeps its basis, however quotations move.
    """
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = coin_of(own, parse_lei(who))
        if as_json:
            say(returns.lots_as_json(found))
        else:
            _tell_lots(found)


def tax(
    who: Lei,
    year: Annotated[str, typer.Argument(metavar="YYYY", help="A calendar year, as 2026.")],
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="A line for each lot and sale.")] = False,
    as_json: AsJson = False,
) -> None:
    """Work out a year's tax on mined coin: income by lot, and by sale what it is taxed at.

    A sale deducts the basis of the lots that it draws on, by the method of its year. It is taxed at
    its price, yet at not less than the quotation less what the law lets it be below.
    """
    number = _year(year)
    if as_csv and as_json:
        raise typer.BadParameter("--csv or --json, not both")
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = year_of(own, parse_lei(who), number)
        if as_json:
            say(returns.as_json(found))
        elif as_csv:
            sys.stdout.write(returns.as_csv(found))
        else:
            _tell_year(found)


def _year(text: str) -> int:
    if not YEAR_FORM.fullmatch(text):
        raise typer.BadParameter(f"{text[:20]!r}: write a year as 2026")
    return int(text)


def _tell_lots(found: Coin) -> None:
    currency = found.terms.currency
    rows = [("lot", "right on", "BTC", "left", f"income {currency.code}", "basis left")]
    rows += [
        (
            one.record.lot,
            str(one.record.right_on),
            returns.coin(one.record.units),
            returns.coin(one.units_left),
            decimal(one.income, currency.exponent),
            decimal(one.basis_left, currency.exponent),
        )
        for one in found.opened
    ]
    _print(rows, texts=2)
    console().print(f"left: {_held(found.left, currency)}", markup=False)


def _tell_year(found: Year) -> None:
    out, currency = console(), found.currency

    def amount(units: int) -> str:
        return decimal(units, currency.exponent)

    named = f"by {found.method}" if found.method else "no method declared"
    out.print(f"{found.miner}, {found.year}, {named}, in {currency.code}", markup=False)
    out.print(f"opening: {_held(found.opening, currency)}", markup=False)
    rows = [("lot", "right on", "BTC", "income")]
    rows += [
        (
            one.record.lot,
            str(one.record.right_on),
            returns.coin(one.record.units),
            amount(one.income),
        )
        for one in found.opened
    ]
    _print(rows, texts=2)
    table = [("sale", "sold on", "BTC", "proceeds", "taxed at", "basis", "gain")]
    table += [
        (
            one.record.sale,
            str(one.record.sold_on),
            returns.coin(one.record.units),
            amount(one.disposal.proceeds),
            amount(one.disposal.taxed_proceeds),
            amount(one.disposal.basis),
            amount(one.disposal.gain),
        )
        for one in found.sold
    ]
    _print(table, texts=2)
    for name in ("income", "proceeds", "taxed", "basis", "gain"):
        out.print(f"{name}: {Money(getattr(found, name), currency)}", markup=False)
    out.print(f"closing: {_held(found.closing, currency)}", markup=False)


def _held(held: Held, currency: Asset) -> str:
    return f"{decimal(held.units, COIN_DECIMALS)} BTC with a basis of {Money(held.basis, currency)}"


def _print(rows: Sequence[Sequence[str]], *, texts: int) -> None:
    """Print a table whose first columns are texts and the others numbers; none without a line."""
    if len(rows) > 1:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            console().print("  ".join(_padded(row, widths, texts)).rstrip(), markup=False)


def _padded(row: Sequence[str], widths: Sequence[int], texts: int) -> Iterable[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if place < texts else cell.rjust(width)
