"""`clearhouse case`, `case show`, `take`, `evidence`: what people must decide, whose, by when."""

from contextlib import ExitStack
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.cli.orders import Key, Out, With, ordering
from clearhouse.cli.records import order_one
from clearhouse.core import ids
from clearhouse.core.canonical import instant
from clearhouse.core.casework import (
    CASE_EVIDENCE,
    CASE_OWNERS,
    PREFIX,
    SHOWS,
    CaseEvidence,
    CaseOwner,
)
from clearhouse.core.ids import PersonId
from clearhouse.operations import casework as operations
from clearhouse.operations import hits as screening
from clearhouse.operations.casework import Case
from clearhouse.operations.hits import Hit
from clearhouse.settings import Settings, house

app = typer.Typer(
    help="Hits and held payments as cases: whose, by when, what was looked at.",
    invoke_without_command=True,
)
SHOWN = 40
Id = Annotated[str, typer.Argument(metavar="CASE", help="cas_...")]


@app.callback(invoke_without_command=True)
def cases(
    context: typer.Context,
    *,
    mine: Annotated[str, typer.Option("--of", metavar="PERSON", help="Only whose it is.")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what is late.")] = False,
    as_json: AsJson = False,
) -> None:
    """Screen everybody, and list what people must decide: the most urgent first."""
    if context.invoked_subcommand is not None:
        return
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        advance = stack.enter_context(counting("screening", screening.count(own), as_json=as_json))
        today = own.today
        found = [
            one
            for one in operations.open_cases(own, advance)
            if (not mine or (one.owner and one.owner.person == mine))
            and (not overdue or one.is_overdue(today))
        ]
    if as_json:
        say({"cases": [_document(one, overdue=one.is_overdue(today)) for one in found]})
        return
    out = console()
    if not found:
        out.print("no case is open")
        return
    for one in found[:SHOWN]:
        late = ", late" if one.is_overdue(today) else ""
        owner = one.owner.person if one.owner else "nobody's"
        said = f"{one.id}  by {one.by}{late}, {owner}, {len(one.evidence)} documents"
        out.print(said, markup=False, soft_wrap=True)
        out.print(f"    {_said(one)}", markup=False, soft_wrap=True)
    if more := len(found[SHOWN:]):
        out.print(f"and {more:,} more: see them with --json")


def _said(one: Case) -> str:
    """What a case is about, in a line."""
    if isinstance(one.matter, Hit):
        match = one.matter.match
        return (
            f"hit {match.score}: {match.subject_name} and {match.listed_name}"
            f" ({match.list_name} {match.entity})"
        )
    return f"held: {one.about}, {one.matter.obligation.amount}"


def _document(one: Case, *, overdue: bool) -> dict[str, Any]:
    return {
        "case": one.id,
        "kind": "hit" if isinstance(one.matter, Hit) else "hold",
        "about": one.about,
        "said": _said(one),
        "since": instant(one.since),
        "by": str(one.by),
        "overdue": overdue,
        "owner": one.owner.person if one.owner else None,
        "evidence": [
            {"document": each.document, "shows": each.shows, "filed_on": str(each.filed_on)}
            for each in one.evidence
        ],
    }


@app.command()
def show(id: Id, *, as_json: AsJson = False) -> None:
    """Show a case: what is to be decided, by when, whose it is, and what was looked at."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        one, today = operations.case_of(own, ids.parse(PREFIX, id)), own.today
    if as_json:
        say(_document(one, overdue=one.is_overdue(today)))
        return
    out = console()
    out.print(f"{one.id}: {_said(one)}", markup=False, soft_wrap=True)
    late = ": late" if one.is_overdue(today) else ""
    owner = one.owner.person if one.owner else "nobody: `clearhouse case take`"
    out.print(f"  since {one.since:%Y-%m-%d %H:%M} UTC, by {one.by}{late}, owner {owner}")
    if not isinstance(one.matter, Hit):
        for ground in one.matter.against:
            out.print(f"  {ground.said} ({ground.code})", markup=False, soft_wrap=True)
    for each in one.evidence:
        out.print(f"  {each.filed_on} {each.shows}: SHA-256 {each.document}", markup=False)
    decide = "hits" if isinstance(one.matter, Hit) else "holds"
    out.print(f"two people decide: `clearhouse {decide} decide`", markup=False)


@app.command()
def take(
    id: Id,
    *,
    person: Annotated[
        str, typer.Option("--for", metavar="PERSON", help="A colleague's, instead of one's own.")
    ] = "",
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Take a case, or give it to a colleague; the newest word holds."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        owner = PersonId(ids.parse("per", person)) if person else hand.person
        one = CaseOwner(ids.parse(PREFIX, id), owner, hand.own.today)
        order_one(hand, CASE_OWNERS, one)


@app.command()
def evidence(
    id: Id,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The document.")],
    *,
    shows: Annotated[str, typer.Option(help=f"One of {', '.join(SHOWS)}.")],
    said: Annotated[str, typer.Option(help="What it shows, in words; for authorities alone.")],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File a document that was looked at, by its hash; the document itself stays where it is."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        with file.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
        one = CaseEvidence(ids.parse(PREFIX, id), digest, shows, said, hand.own.today)
        order_one(hand, CASE_EVIDENCE, one)
