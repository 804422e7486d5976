"""`clearhouse fix`, `settle`: the house's own steps of the day; `cycle` has a module of its own."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.core import ids
from clearhouse.core.canonical import instant
from clearhouse.core.ids import CycleId
from clearhouse.core.money import UnknownAsset, decimal
from clearhouse.core.settlement import FINAL, UnknownCycle
from clearhouse.operations import fix as fixing
from clearhouse.operations import settle as settling
from clearhouse.operations.house import House
from clearhouse.settings import Settings, house
from clearhouse.store import cycles

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
POLL_S = 10


def fix(
    file: File,
    currency: Annotated[str, typer.Option(help="What the trades are priced in.")] = "USD",
    *,
    as_json: AsJson = False,
) -> None:
    """Fix today's reference rate from a file of exchange trades.

    Columns: venue, time_ms, side, price, size.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        quote = next((one for one in own.currencies if one.code == currency), None)
        if quote is None:
            raise UnknownAsset(f"{currency!r}: the house takes {', '.join(own.assets)}")
        fixed = fixing.fix(own, file, quote)
        rate = fixed.reference.rate
        excluded = [venue.name for venue in fixed.reference.venues if venue.excluded]
        if as_json:
            price = {"numerator": str(rate.numerator), "denominator": str(rate.denominator)}
            made = {"rate": rate.id, "as_of": instant(rate.as_of), "price": price}
            said = {"said": str(rate), "venues": list(rate.venues), "excluded": excluded}
            say(made | said | {"discarded_lines": fixed.tape.discarded, "new": fixed.new})
        else:
            out = f"{rate}, {rate.as_of:%Y-%m-%d %H:%M} UTC, from {', '.join(rate.venues)}"
            left = f" (left out: {', '.join(excluded)})" if excluded else ""
            console().print(f"{out}{left}\n{rate.id}", markup=False)


def settle(
    id: Annotated[
        str, typer.Option("--id", help="The cycle; if not given the first open one.")
    ] = "",
    *,
    wait: Annotated[
        bool, typer.Option(help="Stay until its batch is final, or it is unwound.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take every step of a cycle's settlement that is due: collect, sign, broadcast, follow."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        oldest = next(iter(cycles.open_cycles(own.db)), cycles.last_cycle(own.db))
        name = ids.parse("cyc", id) if id else oldest
        if not name:
            raise UnknownCycle("no cycle was cleared yet: run `clearhouse cycle`")
        done = settling.settle(own, CycleId(name))
        while wait and done.state not in FINAL:
            time.sleep(POLL_S)
            done = settling.settle(own, CycleId(name))
        _progress(own, done, as_json=as_json)


def _progress(own: House, done: settling.Progress, *, as_json: bool) -> None:
    late: list[dict[str, Any]] = [
        {"participant": one.participant, "units": str(one.units), "due_at": instant(one.due_at)}
        for one in done.outstanding
    ]
    if as_json:
        say(
            {
                "cycle": done.cycle,
                "state": str(done.state),
                "depth": done.depth,
                "depth_final": done.depth_final,
                "outstanding": late,
            }
        )
        return
    out = console()
    out.print(f"{done.cycle}: {done.state}, depth {done.depth} of {done.depth_final}", markup=False)
    for one in done.outstanding[:20]:
        units = decimal(one.units, own.coin.exponent)
        out.print(f"  {one.participant} has to pay in {units} by {instant(one.due_at)}")
