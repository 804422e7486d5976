"""`clearhouse cycle revise`: unwind a cycle that the gate no longer clears, and clear the rest.

`clearhouse propose give-up` comes before it where the institutions were asked to sign.
"""

from contextlib import ExitStack
from typing import Annotated

import typer
from rich.table import Table

from clearhouse.cli.answer import AsJson, answering, console, say, solving
from clearhouse.cli.cycle import Id, named
from clearhouse.cli.orders import Key, Out, Why, With, ordering, propose
from clearhouse.core import ids
from clearhouse.core.command import GiveUpBatch
from clearhouse.core.ids import CycleId
from clearhouse.core.money import Asset, decimal
from clearhouse.operations.give_up import need_asked
from clearhouse.operations.revise import Revised
from clearhouse.operations.revise import revise as revising
from clearhouse.settings import Settings, house

SHOWN = 20


def revise(
    id: Id = "",
    *,
    new: Annotated[
        str, typer.Option("--id", help="Of what takes its place; a fresh one if not given.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Unwind a cycle that the gate no longer clears, and clear the rest of it again.

    Shows the initial schedule of pay-ins and the revised one, and what went out.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        name = ids.parse("cyc", new) if new else ids.fresh("cyc", own.now(), own.dice)
        advance = stack.enter_context(solving(as_json=as_json))
        done = revising(own, named(own, id), CycleId(name), advance=advance)
    if as_json:
        _say(done)
    else:
        _print(done, own.coin)


@propose.command("give-up")
def give_up(
    cycle: Annotated[str, typer.Argument(metavar="CYCLE")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose that what the institutions were asked to sign for a cycle is never paid.

    They are asked to sign a batch that pays nobody instead; when it is final, the cycle is revised.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        id = CycleId(ids.parse("cyc", cycle))
        with hand.own.db.transaction():
            need_asked(hand.own, id)
        hand.order(GiveUpBatch(id, reason))


def _say(done: Revised) -> None:
    calls = [
        {
            "participant": one.participant,
            "initial": str(one.before),
            "revised": str(one.now),
            "paid": str(one.paid),
        }
        for one in done.calls
    ]
    out = [
        {"obligation": one.obligation, "why": one.why, "grounds": list(one.grounds)}
        for one in done.out
    ]
    by_cycle = done.cleared.cycle if done.cleared else None
    say({"cycle": done.cycle, "by_cycle": by_cycle, "pay_ins": calls, "out": out})


def _print(done: Revised, coin: Asset) -> None:
    out = console()
    by_cycle = f"{done.cleared.cycle} takes its place" if done.cleared else "nothing is left of it"
    out.print(f"{done.cycle} is unwound: {by_cycle}", markup=False)
    for one in done.out[:SHOWN]:
        why = f"{one.why}: {'; '.join(one.grounds)}" if one.grounds else one.why
        out.print(f"  out: {one.obligation}, {why}", markup=False)
    if more := len(done.out[SHOWN:]):
        out.print(f"  and {more:,} more: see them with --json")
    table = Table("pay-in", "initial", "revised", f"paid, {coin.code}", box=None, pad_edge=False)
    for call in done.calls[:SHOWN]:
        sums = (decimal(units, coin.exponent) for units in (call.before, call.now, call.paid))
        table.add_row(call.participant, *sums)
    for column in table.columns[1:]:
        column.justify = "right"
    if done.calls:
        out.print(table)
