"""`clearhouse hits`, `hits decide`: who resembles whom on a list, and what two people say of it."""

from contextlib import ExitStack
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.cli.orders import Key, Out, Why, With, ordering
from clearhouse.cli.records import order_one
from clearhouse.core.hits import HIT_DECISIONS, Outcome
from clearhouse.core.screening import told
from clearhouse.operations import hits as operations
from clearhouse.operations.hits import Hit
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
    """Screen everybody now, and list whom nobody has decided about; by their rank."""
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
    for one in found[:SHOWN]:
        match = one.match
        named = match.subject_name
        who = named if named == match.subject else f"{match.subject} {named}"
        entry = f"entry {match.entity} of {match.list_name} version {match.list_version[:12]}"
        lines = (f"{match.rank:4}  {who}  and  {match.listed_name}", f"{entry}; {_besides(one)}")
        for line in ("\n      ".join(lines), *_decided(one)):
            out.print(line, markup=False, soft_wrap=True)
    if found:
        out.print(f"{len(found):,} hits; `clearhouse hits decide SUBJECT LIST ENTRY`", markup=False)
    else:
        out.print("nobody resembles anybody that is listed, and is not decided about")
    if more := len(found[SHOWN:]):
        out.print(f"{more:,} of them are not shown: see them with --json")


def _besides(one: Hit) -> str:
    """By what it is a hit, and what else agrees or differs."""
    match = one.match
    by = f"both have {match.identifier}" if match.identifier else f"names {match.score} of 1000"
    return f"{by}; {told(match.parts)}"


def _decided(one: Hit) -> list[str]:
    if one.decision is None:
        return []
    return [f"      decided: {one.decision.outcome}{'' if one.is_decided else ', lapsed'}"]


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

    It holds while neither what is known of the subject nor the list's entry changes.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        hit = operations.hit_of(hand.own, subject, list_name, entity)
        one = operations.deciding(hit, outcome, reason, hand.own.today)
        if not as_json:
            _show(hit)
        order_one(hand, HIT_DECISIONS, one)


def _show(hit: Hit) -> None:
    """Show a hit: both sides, and what the list says besides."""
    out, match, entry = console(), hit.match, hit.entry
    scores = f"{match.score} of 1000, and {match.rank} with what else is known"
    out.print(f"{match.subject_name}  and  {match.listed_name}: {scores}", markup=False)
    if match.identifier:
        out.print(f"  both have {match.identifier}", markup=False)
    for part in match.parts:
        out.print(f"  {part.said}: {part.effect:+d}", markup=False)
    named = f"entry {match.entity} of {match.list_name} version {match.list_version[:12]}"
    out.print(f"  {named}: {entry.kind or 'organisation'}", markup=False)
    for what, several in (
        ("also", entry.names[1:]),
        ("programmes", entry.programmes),
        ("countries", entry.countries),
        ("born", [one.said for one in entry.births]),
        ("identifiers", [f"{one.kind} {one.value} {one.country}" for one in entry.identifiers]),
    ):
        if several:
            out.print(f"  {what}: {'; '.join(several)}", markup=False)
    out.print(f"SHA-256 of the subject {hit.compared}, of the entry {hit.listed}")
