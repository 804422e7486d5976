"""`clearhouse hits`, `hits decide`: who resembles whom on a list, and what two people say of it."""

from contextlib import ExitStack
from typing import Annotated

import typer
from rich.table import Table

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.cli.orders import Key, Out, Why, With, ordering
from clearhouse.core.command import EnterRecords
from clearhouse.core.hits import HIT_DECISIONS, Outcome
from clearhouse.operations import hits as operations
from clearhouse.operations.hits import Hit
from clearhouse.operations.records import prepare
from clearhouse.operations.sheet import sheet_of
from clearhouse.settings import Settings, house

app = typer.Typer(help="Hits: who resembles whom on a list.", invoke_without_command=True)
SHOWN = 50


@app.callback(invoke_without_command=True)
def hits(
    context: typer.Context,
    *,
    whole: Annotated[bool, typer.Option("--all", help="Those that are decided, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Screen everybody now, and list whom nobody has decided about; the closest first."""
    if context.invoked_subcommand is not None:
        return
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        total = operations.count(own)
        advance = stack.enter_context(counting("screening", total, as_json=as_json))
        found = [
            one for one in operations.hits(own, advance=advance) if whole or not one.is_decided
        ]
    if as_json:
        say({"hits": [operations.document(one) for one in found]})
    else:
        _print(found)


def _print(found: list[Hit]) -> None:
    out = console()
    table = Table("score", "subject", "listed", "entry", "decided", box=None, pad_edge=False)
    for one in found[:SHOWN]:
        match = one.match
        named = match.subject_name
        who = named if named == match.subject else f"{match.subject} {named}"
        entry = f"{match.list_name} {match.entity}"
        table.add_row(str(match.score), who, match.listed_name, entry, _decided(one))
    if found:
        out.print(table)
        out.print(f"{len(found):,} hits; `clearhouse hits decide SUBJECT LIST ENTRY`", markup=False)
    else:
        out.print("nobody resembles anybody that is listed, and is not decided about")
    if more := len(found[SHOWN:]):
        out.print(f"{more:,} of them are not shown: see them with --json")


def _decided(one: Hit) -> str:
    if one.decision is None:
        return ""
    return one.decision.outcome if one.is_decided else f"{one.decision.outcome}, lapsed"


@app.command()
def decide(
    subject: Annotated[str, typer.Argument(metavar="SUBJECT", help="A participant, or an owner.")],
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="As OFAC-SDN.")],
    entity: Annotated[str, typer.Argument(metavar="ENTRY", help="The list's number of it.")],
    outcome: Annotated[Outcome, typer.Option(help="Whether it is the same, or another.")],
    *,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose that a subject is another than the one listed, or the same; shows both first.

    It holds while neither the subject's names nor the list's entry change.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        hit = operations.hit_of(hand.own, subject, list_name, entity)
        one = operations.deciding(hit, outcome, reason, hand.own.today)
        digest = prepare(hand.own, sheet_of(hand.own, HIT_DECISIONS, one))
        if not as_json:
            _show(hit)
        hand.order(EnterRecords(HIT_DECISIONS.name, digest, 1))


def _show(hit: Hit) -> None:
    """Show a hit: both sides, and what the list says besides."""
    out, match, entry = console(), hit.match, hit.entry
    out.print(
        f"{match.subject_name}  and  {match.listed_name}: {match.score} of 1000", markup=False
    )
    out.print(f"  entry {match.entity} of {match.list_name}: {entry.kind or 'organisation'}")
    for what, several in (
        ("also", entry.names[1:]),
        ("programmes", entry.programmes),
        ("countries", entry.countries),
        ("identifiers", [f"{one.kind} {one.value} {one.country}" for one in entry.identifiers]),
    ):
        if several:
            out.print(f"  {what}: {'; '.join(several)}", markup=False)
    out.print(f"SHA-256 of the subject {hit.compared}, of the entry {hit.listed}")
