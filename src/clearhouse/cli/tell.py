"""`clearhouse explain`, `report`: what the records say."""

from contextlib import ExitStack
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from clearhouse.cli.answer import EXIT_ALARM, AsJson, answering, console, say
from clearhouse.core.canonical import instant
from clearhouse.core.money import decimal
from clearhouse.core.participant import parse_lei
from clearhouse.operations.affected import affected as list_affected
from clearhouse.operations.explain import explain as tell
from clearhouse.operations.report import Report
from clearhouse.operations.report import report as gather
from clearhouse.settings import Settings, house


def explain(
    id: Annotated[str, typer.Argument(help="An obligation (obl_...) or a cycle (cyc_...).")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell the life of a payment: each gate with its evidence, who acts next and by when."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        told = tell(own, id)
        if as_json:
            say(told.document())
        else:
            console().print(told.text(), markup=False)


def report(*, as_json: AsJson = False) -> None:
    """Report the day, and reconcile ledger and chain. Exits with 3 if they differ."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        gathered = gather(own)
        if as_json:
            say(document(gathered))
        else:
            show(gathered, own.coin.exponent)
        if not gathered.agrees:
            raise typer.Exit(EXIT_ALARM)


Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]


def affected(
    who: Annotated[str, typer.Argument(metavar="LEI", help="Whose payments.")],
    *,
    since: Day,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    as_json: AsJson = False,
) -> None:
    """List the gate's decisions on days of which something was said only later.

    A licence, a suspension, a standing or an attachment may hold from a day that is over when it is
    recorded. What was decided meanwhile stays as it is; here it is listed, to be looked at.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        last = until.date() if until else None
        found = list_affected(own, [parse_lei(who)], since.date(), last)
        if as_json:
            said = [
                {
                    "entry": str(one.position),
                    "recorded_at": instant(one.recorded_at),
                    "obligation": one.obligation,
                    "verdict": one.verdict,
                    "traded_on": one.traded_on.isoformat(),
                    "settles_on": one.settles_on.isoformat(),
                }
                for one in found
            ]
            say({"decisions": said})
            return
        for one in found:
            days = f"traded {one.traded_on}, to settle {one.settles_on}"
            line = f"{one.obligation}  {one.verdict:5}  {days}, entry {one.position}"
            console().print(line, markup=False)
        console().print(f"{len(found):,} decisions, all as they were made", markup=False)


def document(gathered: Report) -> dict[str, Any]:
    """A report as a JSON object."""
    seen = gathered.reconciliation
    cleared, settled = gathered.cleared, gathered.settled
    cycle: dict[str, Any] | None = None
    if cleared:
        cycle = {
            "id": cleared.cycle,
            "obligations": cleared.obligations,
            "gross": str(cleared.gross),
            "set_off": str(cleared.set_off),
            "net": str(cleared.net),
            "pay_ins": gathered.pay_ins,
            "pay_outs": gathered.pay_outs,
            "state": str(gathered.cycle.state) if gathered.cycle else "",
            "txid": settled.txid if settled else None,
            "block": settled.block if settled else None,
            "depth": settled.depth if settled else None,
        }
    return {
        "on": str(gathered.on),
        "participants": gathered.participants,
        "obligations": [
            {"state": state, "gate": verdict, "count": count}
            for state, verdict, count in gathered.obligations
        ],
        "events": gathered.events,
        "cycle": cycle,
        "ledger_balanced": gathered.trial_balance.is_balanced,
        "reconciliation": {
            "ledger": str(seen.ledger),
            "on_chain": str(seen.on_chain),
            "in_flight": str(seen.in_flight),
            "unbooked": str(seen.unbooked),
            "difference": str(seen.difference),
            "height": seen.height,
        },
    }


def show(gathered: Report, exponent: int) -> None:
    """Print a report for people."""
    out = console()
    table = Table("", "", show_header=False, box=None, pad_edge=False)

    def row(what: str, value: str) -> None:
        table.add_row(what, value)

    row("participants", ", ".join(f"{n:,} {code}" for code, n in gathered.participants.items()))
    for state, verdict, count in gathered.obligations:
        row(f"obligations {state}", f"{count:,} (gate: {verdict})")
    if cleared := gathered.cleared:
        for what, units in (
            ("gross", cleared.gross),
            ("set off", cleared.set_off),
            ("net", cleared.net),
        ):
            share = f" ({units / cleared.gross:.1%})" if cleared.gross else ""
            row(what, f"{decimal(units, exponent)} BTC{share}")
        row("pay-ins, pay-outs", f"{gathered.pay_ins:,}, {gathered.pay_outs:,}")
    if settled := gathered.settled:
        batch = f"{settled.txid} in block {settled.height}, depth {settled.depth}"
        row("settled", batch if settled.txid else "nothing was to be paid out")
    seen = gathered.reconciliation
    row("ledger", "balanced" if gathered.trial_balance.is_balanced else "UNBALANCED")
    row("vault by the ledger", f"{decimal(seen.ledger, exponent)} BTC")
    row("vault on the chain", f"{decimal(seen.on_chain, exponent)} BTC at height {seen.height}")
    row("on its way out", f"{decimal(seen.in_flight, exponent)} BTC")
    row("difference", "none" if seen.difference == 0 else f"{seen.difference} SAT")
    row("journal", f"{sum(gathered.events.values()):,} events")
    out.print(f"day report {gathered.on}", style="bold")
    out.print(table)
