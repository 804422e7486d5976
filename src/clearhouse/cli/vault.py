"""`clearhouse vault`: what the institutions register, and where the float is funded."""

from contextlib import ExitStack

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.core.money import decimal
from clearhouse.operations.fund import float_address
from clearhouse.operations.reconcile import reconcile
from clearhouse.settings import Settings, house

app = typer.Typer(help="The vault that the institutions hold.", no_args_is_help=True)


@app.command()
def show(*, as_json: AsJson = False) -> None:
    """Show the vault's descriptor and the house's key, for institutions to compare and register."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        rail = own.rail
        key = rail.statement_key.public_key().public_bytes_raw().hex()
        held = reconcile(own).ledger
        names = list(rail.signers)
        if as_json:
            head = {"descriptor": rail.vault.descriptor, "house_key": key}
            say(
                head
                | {"institutions": names, "signatures": rail.vault.threshold, "held": str(held)}
            )
        else:
            out = console()
            out.print(f"{rail.vault.threshold} of {', '.join(names)}", markup=False)
            out.print(f"holds {decimal(held, own.coin.exponent)} {own.coin.code}", markup=False)
            out.print(f"descriptor {rail.vault.descriptor}", markup=False)
            out.print(f"house key  {key}", markup=False)


@app.command()
def fund(*, as_json: AsJson = False) -> None:
    """Give out a fresh address to fund the house's float for network fees."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        given = float_address(own)
        if as_json:
            say({"address": given.address})
        else:
            console().print(given.address, markup=False)
