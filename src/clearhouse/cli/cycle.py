"""`clearhouse cycle`, and `show`, `statement`, `holds`, `replay`: clear, and look at it.

`revise` has a module of its own.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from clearhouse.cli.answer import EXIT_ALARM, AsJson, answering, console, say, solving
from clearhouse.core import ids
from clearhouse.core.clearing import Line
from clearhouse.core.ids import CycleId
from clearhouse.core.money import Money, decimal, parse_units
from clearhouse.core.participant import UnknownParticipant, parse_lei
from clearhouse.core.settlement import UnknownCycle
from clearhouse.operations import clear as clearing
from clearhouse.operations.cycle_view import View, view
from clearhouse.operations.holds import holds
from clearhouse.operations.house import House
from clearhouse.operations.recleared import reclear
from clearhouse.returns.cycle_picture import Bar, Flow, Picture, Point, as_svg
from clearhouse.settings import Settings, house
from clearhouse.store import cycles

app = typer.Typer(help="Clear, and look at what was cleared.", invoke_without_command=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The cycle; the newest if not given.")]
BAR_WIDTH = 40


@app.callback()
def cycle(
    context: typer.Context,
    id: Annotated[
        str, typer.Option("--id", help="Makes a retry safe; a fresh one if not given.")
    ] = "",
    *,
    kind: Annotated[
        str, typer.Option(help="By whose timetable: what is in time; else all that may be.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Clear: set off what cancels, net the rest, call the pay-ins."""
    if context.invoked_subcommand is not None:
        return
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=True))
        name = ids.parse("cyc", id) if id else ids.fresh("cyc", own.now(), own.dice)
        advance = stack.enter_context(solving(as_json=as_json))
        done = clearing.clear_cycle(own, CycleId(name), kind=kind, advance=advance)
    coin, result = own.coin, done.clearing
    amounts = {"gross": result.gross, "set_off": result.set_off, "net": result.pay_in}
    if as_json:
        calls = [
            {"participant": one.participant, "units": str(one.units), "address": one.address}
            for one in done.pay_ins
        ]
        units = {key: str(value) for key, value in amounts.items()}
        head = {"cycle": name, "obligations": len(result.lines), **units}
        say(head | {"left_out": dict(done.left_out), "pay_ins": calls})
        return
    out = console()
    out.print(f"{name}: {len(result.lines):,} obligations", markup=False)
    for what, units_ in amounts.items():
        out.print(f"  {what:8} {decimal(units_, coin.exponent):>20} {coin.code}")
    for why, count in done.left_out.items():
        out.print(f"  left out: {count:,} {why}")
    out.print(f"  {len(done.pay_ins):,} pay-ins called: `clearhouse cycle show {name}`")


@app.command()
def show(
    id: Id = "",
    *,
    svg: Annotated[Path | None, typer.Option(help="Draw it into this file.")] = None,
    cash: Annotated[
        str, typer.Option(help="Of the asset: how much more so much cash would clear.")
    ] = "",
    flows: Annotated[int, typer.Option(min=0, max=50, help="How many of the largest.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show a cycle: from gross to net, what cash would clear, the largest flows."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        advance = stack.enter_context(solving(as_json=as_json))
        coin = own.coin
        put_in = parse_units(cash, coin.exponent) if cash else 0
        seen = view(own, named(own, id), flows, advance)
    if svg is not None:
        with answering(as_json=as_json):
            svg.write_text(as_svg(_picture(seen)), encoding="utf-8")
    if as_json:
        more = {"cash": str(put_in), "clears": str(seen.clears(put_in))} if cash else None
        say(_document(seen) | ({"with_cash": more} if more else {}))
    else:
        _print(seen)
        if cash:
            clears = f"{seen.amount(put_in)} of cash would clear {seen.amount(seen.clears(put_in))}"
            console().print(f"{clears} more")


@app.command()
def statement(
    id: Annotated[str, typer.Argument(metavar="ID")],
    who: Annotated[str, typer.Argument(metavar="LEI")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell one participant what a cycle made of its debts and claims, with the proof of it."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        name, lei = named(own, id), parse_lei(who)
        advance = stack.enter_context(solving(as_json=as_json))
        again = reclear(own, name, advance)
        part = again.part_of(lei)
        if part is None:
            raise UnknownParticipant(f"{lei} has nothing in {name}", participant=lei)
    position, coin = part.position, again.asset
    owes, is_owed = part.after
    said: dict[str, Any] = {
        "cycle": name,
        "participant": lei,
        "asset": coin.identity,
        "before": {"owes": str(position.owes), "is_owed": str(position.is_owed)},
        "set_off": str(position.set_off),
        "after": {"owes": str(owes), "is_owed": str(is_owed)},
        "net": {"before": str(position.net), "after": str(is_owed - owes)},
        "cash_clears": part.clears,
        "labels": dict(sorted(part.labels.items())),
        "obligations": [_line(one) for one in part.lines],
    }
    if as_json:
        say(said)
        return
    out, unit = console(), coin.code
    out.print(f"{name}: {lei}", markup=False)
    table = Table("", "owes", "is owed", "net", box=None, pad_edge=False)
    rows = (
        ("before", position.owes, position.is_owed, position.net),
        ("set off", position.set_off, position.set_off, 0),
        ("after", owes, is_owed, is_owed - owes),
    )
    for what, *units in rows:
        table.add_row(what, *(f"{decimal(one, coin.exponent)} {unit}" for one in units))
    for column in table.columns[1:]:
        column.justify = "right"
    out.print(table)
    agrees = "as before" if is_owed - owes == position.net else "CHANGED"
    out.print(f"its net position is {agrees}; the house settles it as one sum")
    if part.clears:
        out.print(f"each unit of cash from it would clear {part.clears} units of debt, at first")
    own_label = part.labels.get(lei, 0)
    out.print(f"label {own_label}; {len(part.lines):,} obligations, their labels with --json")


@app.command("holds")
def show_holds(
    id: Id = "",
    *,
    top: Annotated[int, typer.Option(min=1, max=50, help="How many of each.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show what waits, what each hold costs the cycle's set-off, and who would win by joining."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        seen = holds(own, named(own, id), top)
    if as_json:
        say(
            {
                "cycle": seen.cycle,
                "asset": seen.asset.identity,
                "waiting": seen.waiting,
                "without_rate": seen.without_rate,
                "holds": [
                    {
                        "obligation": one.due.id,
                        "why": one.why,
                        "units": str(one.due.units),
                        "costs": str(one.wins),
                        "costs_at_most": str(one.most),
                    }
                    for one in seen.holds
                ],
                "joining": [
                    {
                        "participant": one.participant,
                        "name": one.name,
                        "obligations": one.obligations,
                        "wins": str(one.wins),
                    }
                    for one in seen.joining
                ],
            }
        )
        return
    out = console()
    out.print(f"{seen.cycle}: {seen.waiting:,} obligations wait", markup=False)
    if seen.without_rate:
        out.print(f"  {seen.without_rate:,} have no rate, and are not looked at")
    for one in seen.holds:
        cost = Money(one.wins, seen.asset)
        out.print(f"  {one.due.id}, {one.why}: costs {cost} of set-off", markup=False)
    if seen.joining:
        out.print("with all of its obligations that wait, so much more would be set off:")
    for who in seen.joining:
        line = f"  {Money(who.wins, seen.asset)!s:>24}  {who.name} ({who.obligations})"
        out.print(line, markup=False)


@app.command()
def replay(id: Id = "", *, as_json: AsJson = False) -> None:
    """Clear a cycle again from what was recorded, and compare every fact, to the byte."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        name = named(own, id)
        advance = stack.enter_context(solving(as_json=as_json))
        again = reclear(own, name, advance)
    if as_json:
        say({"cycle": name, "facts": again.facts, "differing": again.differing})
    else:
        out = console()
        for fact in again.differing[:20]:
            out.print(f"  differs: {fact}", markup=False)
        agree = again.facts - len(again.differing)
        out.print(f"{name}: {agree:,} of {again.facts:,} facts come out the same", markup=False)
    if again.differing:
        raise typer.Exit(EXIT_ALARM)


def named(own: House, id: str) -> CycleId:
    """The cycle that is named; the newest if none is."""
    name = ids.parse("cyc", id) if id else cycles.last_cycle(own.db)
    if not name:
        raise UnknownCycle("no cycle was cleared yet: run `clearhouse cycle`")
    return CycleId(name)


def _line(one: Line) -> dict[str, str]:
    return {
        "id": one.due.id,
        "debtor": one.due.debtor,
        "creditor": one.due.creditor,
        "due_on": one.due.due_on.isoformat(),
        "units": str(one.due.units),
        "set_off": str(one.set_off),
        "remains": str(one.remains),
    }


def _document(seen: View) -> dict[str, Any]:
    return {
        "cycle": seen.id,
        "on": seen.cleared.on.isoformat(),
        "asset": seen.cleared.asset,
        "state": str(seen.state),
        "obligations": seen.cleared.obligations,
        "participants": seen.participants,
        "gross": str(seen.cleared.gross),
        "set_off": str(seen.cleared.set_off),
        "net": str(seen.cleared.net),
        "frontier": [
            {"cash": str(cash), "cleared": str(cleared), "price": price}
            for cash, cleared, price in seen.frontier
        ],
        "flows": [
            {
                "debtor": one.debtor,
                "creditor": one.creditor,
                "before": str(one.before),
                "after": str(one.after),
            }
            for one in seen.flows
        ],
    }


def _print(seen: View) -> None:
    out, cleared, amount = console(), seen.cleared, seen.amount
    out.print(f"{seen.id}: {cleared.on}, {seen.state}", markup=False)
    people = f"{cleared.obligations:,} obligations of {seen.participants:,} participants"
    out.print(f"{people}, in {seen.asset.code}")
    for bar in _bars(seen):
        wide = round(BAR_WIDTH * bar.units / (cleared.gross or 1))
        space = round(BAR_WIDTH * bar.begins / (cleared.gross or 1))
        drawn = (" " * space + ("░" if bar.takes else "█") * wide).ljust(BAR_WIDTH)
        out.print(f"  {bar.name:24}{drawn} {'-' if bar.takes else ''}{bar.said}", markup=False)
    if len(seen.frontier) > 1:
        out.print("with cash beside it:")
        table = Table("cash", "clears in all", "each unit clears", box=None, padding=(0, 2))
        for cash, whole, price in seen.frontier[1:]:
            table.add_row(amount(cash), amount(whole), str(price))
        for column in table.columns:
            column.justify = "right"
        out.print(table)
    if seen.flows:
        out.print("largest flows, what was owed and what still is:")
        for one in seen.flows:
            amounts = f"{amount(one.before):>20} {amount(one.after):>20}"
            names = f"{seen.names[one.debtor]} > {seen.names[one.creditor]}"
            out.print(f"{amounts}  {names}", markup=False)


def _bars(seen: View) -> Iterator[Bar]:
    cleared, amount = seen.cleared, seen.amount
    rest = cleared.gross - cleared.set_off
    yield Bar("owed", cleared.gross, amount(cleared.gross))
    yield Bar("set off", cleared.set_off, amount(cleared.set_off), rest, takes=True)
    yield Bar("still owed", rest, amount(rest))
    netted = rest - cleared.net
    yield Bar("netted by the house", netted, amount(netted), cleared.net, takes=True)
    yield Bar("to be paid in", cleared.net, amount(cleared.net))


def _picture(seen: View) -> Picture:
    cleared, amount = seen.cleared, seen.amount
    last_cash, last_cleared, _ = seen.frontier[-1]
    return Picture(
        f"Cycle of {cleared.on}",
        f"{seen.id} · {cleared.obligations:,} obligations of {seen.participants:,} participants",
        list(_bars(seen)),
        [Point(*point) for point in seen.frontier],
        (amount(last_cash), amount(last_cleared)),
        [
            Flow(
                seen.names[one.debtor],
                seen.names[one.creditor],
                one.before,
                one.after,
                f"{amount(one.before)} → {amount(one.after)}",
                f"{seen.names[one.debtor]} owed {seen.names[one.creditor]}"
                f" {amount(one.before)}, and owes {amount(one.after)}",
            )
            for one in seen.flows
        ],
    )
