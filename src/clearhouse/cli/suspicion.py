"""`clearhouse case raise`, `decide`, `history`, `figures`, `report`: what somebody finds odd."""

import json
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.cli.casework import Id
from clearhouse.cli.keys import read as read_key
from clearhouse.cli.orders import Key, Out, Why, With, ordering
from clearhouse.cli.records import order_one
from clearhouse.cli.signing import sign
from clearhouse.core import ids
from clearhouse.core.casework import PREFIX
from clearhouse.core.command import RevealRecords
from clearhouse.core.suspicion import (
    CONCERN_DECISIONS,
    CONCERNS,
    OUTCOMES,
    REPORT,
    REPORT_RECEIPTS,
    REPORTS,
    TOLD,
    WHY,
    Concern,
    ConcernDecision,
    ReportReceipt,
)
from clearhouse.operations import case_figures, case_history, casework, dossiers, report_draft
from clearhouse.operations import hits as screening
from clearhouse.operations.case_stages import staged
from clearhouse.operations.records import known_as
from clearhouse.settings import Settings, house

reports = typer.Typer(help="Tell an authority of a suspicion.", no_args_is_help=True)
ReportId = Annotated[str, typer.Argument(metavar="REPORT", help="rep_...")]


def raise_one(
    about: Annotated[str, typer.Argument(help="A LEI, or ent_, prs_, ves_, obl_, cyc_...")],
    *,
    why: Annotated[str, typer.Option(help=f"One of {', '.join(WHY)}.")],
    said: Annotated[str, typer.Option(help="What is odd, in words; for authorities alone.")],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Open a case about somebody or something that is odd; they are told nothing of it."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        own = hand.own
        case = ids.fresh(PREFIX, own.now(), own.dice)
        hand.also["case"] = case
        order_one(hand, CONCERNS, Concern(case, about, why, said, own.today))
        if not as_json:
            console().print(case)


def decide(
    id: Id,
    *,
    outcome: Annotated[str, typer.Option(help=f"One of {', '.join(OUTCOMES)}.")],
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose what a concern comes to; hits and holds have `decide` of their own."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        one = ConcernDecision(ids.parse(PREFIX, id), outcome, reason, hand.own.today)
        order_one(hand, CONCERN_DECISIONS, one)


def history(id: Id, *, as_json: AsJson = False) -> None:
    """Show all that happened to a case, by whom, chained by hashes; closed ones too."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        told = case_history.history(own, ids.parse(PREFIX, id))
    if as_json:
        say({"case": id, "history": [case_history.document(one) for one in told]})
        return
    for one in told:
        by = ", ".join(one.by) or "the house"
        console().print(f"{one.at:%Y-%m-%d %H:%M} UTC  {one.what}  {by}  {one.link[:16]}")
        for name, text in one.after.items():
            was = f" (was {one.before[name]})" if name in one.before else ""
            console().print(f"    {name} {text}{was}", markup=False, soft_wrap=True)


def figures(
    *,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count what came, was decided, how fast, and what is late; a month back, if not said."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        advance = stack.enter_context(counting("screening", screening.count(own), as_json=as_json))
        last = until.date() if until else own.today
        first = since.date() if since else date.fromordinal(max(1, last.toordinal() - 30))
        open_now = staged(own, casework.open_cases(own, advance))
        made = case_figures.figures(own, first, last, open_now)
    if as_json:
        say(made.document())
        return
    out = console()
    out.print(f"{first} to {last}")
    for name, said in made.document().items():
        if isinstance(said, dict) and said:
            out.print(f"  {name:10} {', '.join(f'{key}: {one}' for key, one in said.items())}")


@reports.command()
def draft(
    id: Id,
    file: Annotated[Path, typer.Argument(help="Where it is written, to be finished.")],
    *,
    authority: Annotated[str, typer.Option(help="Who is told.")],
    as_json: AsJson = False,
) -> None:
    """Write what the house knows of an open case, with the six questions to be answered."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        case = casework.case_of(own, ids.parse(PREFIX, id))
        report = ids.fresh(REPORT, own.now(), own.dice)
        made = report_draft.draft(own, case, report, authority)
        with file.open("x", encoding="utf-8") as stream:
            json.dump(made, stream, indent=2, ensure_ascii=False)
        file.chmod(0o600)  # it names people
    if as_json:
        say({"report": report, "file": str(file), "due_on": made["due_on"]})
        return
    console().print(f"{report}: due on {made['due_on']}; fill every [gap] of {file.name} in")


@reports.command(name="propose")
def propose_one(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A finished draft.")],
    *,
    outcome: Annotated[str, typer.Option(help=f"One of {', '.join(TOLD)}.")] = TOLD[0],
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose a report: another person approves it; it is kept encrypted."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        text = file.read_text("utf-8")
        order_one(hand, REPORTS, report_draft.finished(hand.own, text, outcome))


@reports.command()
def read(
    report: ReportId,
    *,
    keyfile: Annotated[
        Path, typer.Option("--with", metavar="KEYFILE", exists=True, help="Whose key says so.")
    ],
    reason: Why,
) -> None:
    """Read a report that was agreed on, as JSON; who reads it and why is recorded."""
    with answering(as_json=True), house(Settings(), settles=False) as own:
        one = known_as(own, REPORTS, ids.parse(REPORT, report))
        sign(own, read_key(keyfile), RevealRecords(REPORTS.name, one.report, reason))
        said = json.loads(dossiers.read(own, one.dossier).said["narrative"])
        head = REPORTS.write(one)
        say({name: head[name] for name in ("report", "case", "authority", "outcome")} | said)


@reports.command()
def receipt(
    report: ReportId,
    number: Annotated[str, typer.Argument(help="The authority's number.")],
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File that the authority has a report."""
    with ordering(with_, key, out, as_json=as_json) as hand:
        one = ReportReceipt(ids.parse(REPORT, report), number, hand.own.today)
        order_one(hand, REPORT_RECEIPTS, one)
