"""`clearhouse holds`, `holds decide`: payments that are held, and what two people decide."""

from contextlib import ExitStack
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.cli.orders import Key, Out, Why, With, ordering
from clearhouse.cli.records import order_one
from clearhouse.core import ids
from clearhouse.core.held import HOLD_DECISIONS, Outcome
from clearhouse.core.ids import ObligationId
from clearhouse.operations import held as operations
from clearhouse.operations.held import Held
from clearhouse.operations.lists import stopped
from clearhouse.settings import Settings, house

app = typer.Typer(help="Payments that are held.", invoke_without_command=True)
SHOWN = 20


@app.callback(invoke_without_command=True)
def holds(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List payments that are held: by what, and by when somebody must have looked."""
    if context.invoked_subcommand is not None:
        return
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        found, stop = operations.held(own), stopped(own)
    if as_json:
        say({"holds": [_document(one) for one in found], "stopped": stop and stop.document()})
        return
    out = console()
    if stop is not None:
        out.print(f"the gate decides nothing now. {stop.said}", markup=False)
    for one in found[:SHOWN]:
        payment = one.obligation
        sides = f"{payment.debtor} to {payment.creditor}"
        out.print(f"{payment.id}  {payment.amount}  {sides}, by {one.by}", markup=False)
        for ground in one.against:
            rule = f"{ground.rule}: " if ground.rule else ""
            out.print(f"    {rule}{ground.said} ({ground.code})", markup=False)
        for advice in one.remedies:
            out.print(f"    to change it: {advice.said}", markup=False)
    if more := len(found[SHOWN:]):
        out.print(f"and {more:,} more: see them with --json")
    if found:
        what = "a rule's hold: `clearhouse holds decide`; a hit of a list: `clearhouse hits decide`"
        out.print(f"{len(found):,} payments are held. {what}", markup=False)
    else:
        out.print("nothing is held")


def _document(one: Held) -> dict[str, object]:
    payment = one.obligation
    return {
        "obligation": payment.id,
        "debtor": payment.debtor,
        "creditor": payment.creditor,
        "by": str(one.by),
        "rules": one.rules,
        "against": [
            {"code": each.code, "verdict": str(each.verdict), "rule": each.rule, "said": each.said}
            for each in one.against
        ],
        "remedies": [each.document() for each in one.remedies],
    }


@app.command()
def decide(
    obligation: Annotated[str, typer.Argument(metavar="OBLIGATION", help="obl_...")],
    rule: Annotated[str, typer.Argument(metavar="RULE", help="That holds it, by its id.")],
    outcome: Annotated[Outcome, typer.Option(help="Whether it goes on, or is denied.")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose that a payment which a rule holds goes on, or is refused; shows it first.

    It holds for this payment and this rule, while the rule says the same of it.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        id = ObligationId(ids.parse("obl", obligation))
        one = operations.deciding(hand.own, id, rule, outcome, reason)
        if not as_json:
            (found,) = operations.held(hand.own, [id])
            for ground in found.against:
                console().print(f"  {ground.rule or ground.code}: {ground.said}", markup=False)
        order_one(hand, HOLD_DECISIONS, one)
