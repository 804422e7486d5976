"""`clearhouse ledger check`, `balance`, `statement`, `reconcile`: the house's books."""

import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from clearhouse.cli.answer import EXIT_ALARM, EXIT_REFUSED, AsJson, answering, console, say
from clearhouse.core.canonical import instant as written_at
from clearhouse.core.money import decimal
from clearhouse.operations.account import balances
from clearhouse.operations.account import statement as read
from clearhouse.operations.differences import look
from clearhouse.operations.reconcile import check_ledger
from clearhouse.returns import account_statement
from clearhouse.settings import Settings, house

ledger = typer.Typer(help="The house's books.", no_args_is_help=True)


class Format(StrEnum):
    """How a statement is written."""

    CSV = "csv"
    JSON = "json"


def instant(text: str) -> datetime:
    """Read an instant: an ISO 8601 date, its beginning in UTC, or a date with time and offset."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("write it as 2026-03-02 or 2026-03-02T10:00:00Z") from error
    if read.tzinfo is None and len(text) > len("2026-03-02"):
        raise typer.BadParameter("a time needs its offset: 2026-03-02T10:00:00Z")
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


Owner = Annotated[str, typer.Argument(metavar="LEI", help="Whose; or `house`.")]
INSTANT = {"parser": instant, "metavar": "INSTANT"}


@ledger.command()
def check(*, as_json: AsJson = False) -> None:
    """Prove that every asset sums to zero and every balance follows. Exits with 1 if not."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        result = check_ledger(own)
        off = {asset: str(units) for asset, units in result.off.items()}
        drift = {account: str(units) for account, units in result.drift.items()}
        if as_json:
            say({"balanced": result.is_balanced, "unbalanced": off, "drift": drift})
        else:
            out = console()
            for name, units in (*off.items(), *drift.items()):
                out.print(f"{name}  {units}", markup=False)
            out.print("balanced" if result.is_balanced else "unbalanced")
        if not result.is_balanced:
            raise typer.Exit(EXIT_REFUSED)


def reconcile(*, as_json: AsJson = False) -> None:
    """Compare ledger, chain and custody, and book what is final. Exits with 3 if they differ."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        seen = look(own)
        sums = seen.reconciliation
        if as_json:
            standing = [
                {
                    "id": one.id,
                    "cause": one.cause,
                    "about": one.about,
                    "units": str(one.units),
                    "detail": one.detail,
                    "actor": one.actor,
                    "found_at": written_at(one.found_at),
                }
                for one in seen.standing
            ]
            held = {"ledger": str(sums.ledger), "on_chain": str(sums.on_chain)}
            moving = {"in_flight": str(sums.in_flight), "unbooked": str(sums.unbooked)}
            say(held | moving | {"height": sums.height, "differences": standing})
        else:
            out, coin = console(), own.coin
            for what, units in (
                ("by the ledger", sums.ledger),
                ("on the chain", sums.on_chain),
                ("on its way", sums.in_flight),
                ("not final yet", sums.unbooked),
            ):
                out.print(f"{what:14}{decimal(units, coin.exponent):>20} {coin.code}")
            for one in seen.standing:
                out.print(f"\n{one.cause}: {one.detail}", markup=False)
                out.print(f"    since {one.found_at:%Y-%m-%d %H:%M} UTC, {one.actor}", markup=False)
            out.print(f"{len(seen.standing)} differences")
        if seen.standing:
            raise typer.Exit(EXIT_ALARM)


@ledger.command()
def balance(
    owner: Owner,
    *,
    at: Annotated[
        datetime | None, typer.Option(help="In the world: what had occurred by then.", **INSTANT)
    ] = None,
    recorded: Annotated[
        datetime | None, typer.Option(help="In the books: as they knew it by then.", **INSTANT)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what stands on somebody's accounts, now or as it was, in minor units of each asset."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        found = balances(own, owner, at, recorded)
        if as_json:
            accounts = [
                {
                    "account": account.kind,
                    "asset": account.asset,
                    "place": account.place,
                    "balance": str(units),
                }
                for account, units in found.items()
            ]
            say({"owner": owner, "accounts": accounts})
        else:
            out = console()
            for account, units in found.items():
                words = (account.kind, account.place, f"{units}", account.asset)
                out.print("  ".join(filter(None, words)), markup=False)


@ledger.command()
def statement(
    owner: Owner,
    *,
    since: Annotated[
        datetime | None,
        typer.Option("--from", help="Recorded from then on.", **INSTANT),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", help="Recorded before then.", **INSTANT)
    ] = None,
    written: Annotated[Format, typer.Option("--format")] = Format.CSV,
) -> None:
    """Write the statement of somebody's accounts: what stood there, and each entry."""
    as_json = written is Format.JSON
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        render = account_statement.as_json if as_json else account_statement.as_csv
        for piece in render(read(own, owner, since, until)):
            sys.stdout.write(piece)
