"""`clearhouse case`, `case show`, `take`, `evidence`, `link`: what people must decide, by when."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
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
    CASE_LINKS,
    CASE_OWNERS,
    COMPLIANCE,
    LINKS,
    PREFIX,
    SHOWS,
    CaseEvidence,
    CaseLink,
    CaseOwner,
    Escalation,
)
from clearhouse.core.ids import PersonId
from clearhouse.core.suspicion import Concern
from clearhouse.operations import case_stages as stages
from clearhouse.operations import casework as operations
from clearhouse.operations import hits as screening
from clearhouse.operations.case_figures import kind_of
from clearhouse.operations.case_stages import Staged
from clearhouse.operations.casework import Case
from clearhouse.operations.hits import Hit
from clearhouse.settings import Settings, house

app = typer.Typer(
    help="Hits, held payments and concerns as cases: whose, by when, what was looked at.",
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
    late: Annotated[
        bool, typer.Option("--late", help="Only those of which a stage lasts too long.")
    ] = False,
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
            for one in stages.staged(own, operations.open_cases(own, advance))
            if (not mine or (one.case.owner and one.case.owner.person == mine))
            and (not overdue or one.case.is_overdue(today))
            and (not late or one.is_late(today))
        ]
        raised = stages.escalations(own, [one.case.id for one in found])
    if as_json:
        say({"cases": [_document(one, raised[one.case.id], today) for one in found]})
        return
    out = console()
    if not found:
        out.print("no case is open")
        return
    for one in found[:SHOWN]:
        case = one.case
        owner = case.owner.person if case.owner else "nobody's"
        until = f"{one.stage}, until {one.due}{', late' if one.is_late(today) else ''}"
        by = f"by {case.by}{', late' if case.is_overdue(today) else ''}"
        said = f"{case.id}  {by}; {until}; {owner}, {len(case.evidence)} documents"
        out.print(said, markup=False, soft_wrap=True)
        out.print(f"    {_said(case)}", markup=False, soft_wrap=True)
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
    if isinstance(one.matter, Concern):
        return f"concern: {one.about}, {one.matter.why}"
    return f"held: {one.about}, {one.matter.obligation.amount}"


def _document(one: Staged, raised: Sequence[Escalation], today: date) -> dict[str, Any]:
    case = one.case
    return {
        "case": case.id,
        "kind": kind_of(one),
        "about": case.about,
        "said": _said(case),
        "since": instant(case.since),
        "by": str(case.by),
        "overdue": case.is_overdue(today),
        "stage": str(one.stage),
        "stage_due": str(one.due),
        "late": one.is_late(today),
        "proposal": one.proposal or None,
        "owner": case.owner.person if case.owner else None,
        "evidence": [
            {"document": each.document, "shows": each.shows, "filed_on": str(each.filed_on)}
            for each in case.evidence
        ],
        "links": [{"case": other, "how": how} for other, how in case.links],
        "escalated": [
            {"stage": each.stage, "due": str(each.due), "level": each.level} for each in raised
        ],
    }


@app.command()
def show(id: Id, *, as_json: AsJson = False) -> None:
    """Show a case: what is to be decided, by when, whose it is, and what was looked at."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        case, today = operations.case_of(own, ids.parse(PREFIX, id)), own.today
        (one,) = stages.staged(own, [case])
        raised = stages.escalations(own, [case.id])[case.id]
    if as_json:
        say(_document(one, raised, today))
        return
    _tell(one, raised, today)


def _tell(one: Staged, raised: Sequence[Escalation], today: date) -> None:
    """Show a case in words."""
    out, case = console(), one.case
    out.print(f"{case.id}: {_said(case)}", markup=False, soft_wrap=True)
    late = ": late" if case.is_overdue(today) else ""
    owner = case.owner.person if case.owner else "nobody: `clearhouse case take`"
    out.print(f"  since {case.since:%Y-%m-%d %H:%M} UTC, by {case.by}{late}, owner {owner}")
    waits = f", {one.proposal} waits" if one.proposal else ""
    out.print(f"  {one.stage}, until {one.due}{': late' if one.is_late(today) else ''}{waits}")
    for each in raised:
        whom = "compliance" if each.level == COMPLIANCE else "the supervisor"
        out.print(f"  escalated to {whom}: {each.stage} should have ended by {each.due}")
    if isinstance(case.matter, Concern):
        out.print(f"  raised on {case.matter.raised_on}; what is odd is for authorities alone")
    elif not isinstance(case.matter, Hit):
        for ground in case.matter.against:
            out.print(f"  {ground.said} ({ground.code})", markup=False, soft_wrap=True)
    for document in case.evidence:
        said = f"  {document.filed_on} {document.shows}: SHA-256 {document.document}"
        out.print(said, markup=False)
    for other, how in case.links:
        out.print(f"  {how}: {other}", markup=False)
    decide = {"hit": "hits", "hold": "holds", "concern": "case"}[kind_of(one)]
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


@app.command()
def link(
    id: Id,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="cas_...")],
    *,
    how: Annotated[str, typer.Option(help=f"One of {', '.join(LINKS)}.")],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Say that a case has to do with another one."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        both = (ids.parse(PREFIX, id), ids.parse(PREFIX, other))
        order_one(hand, CASE_LINKS, CaseLink(*both, how, hand.own.today))
