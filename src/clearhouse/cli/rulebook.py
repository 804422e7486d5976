"""`clearhouse rulebook`: read, test and compare the law."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from clearhouse.cli.answer import (
    EXIT_REFUSED,
    AsJson,
    answering,
    console,
    counting,
    say,
)
from clearhouse.core.canonical import instant
from clearhouse.core.rulebook import Answer, Rulebook, prose
from clearhouse.core.rulebook.corridors import Corridor
from clearhouse.core.rulebook.corridors import corridors as glance
from clearhouse.core.rulebook.mutation import Tried, try_mutants
from clearhouse.core.rulebook.schema import schema as form
from clearhouse.core.rulebook.vectors import cases
from clearhouse.core.rulebook.vocabulary import WORDS
from clearhouse.core.timetable import Cycle, coming
from clearhouse.core.zone import tzdata_version, zone
from clearhouse.feeds.law import read_law
from clearhouse.operations import impact as operations
from clearhouse.operations.impact import Impact
from clearhouse.operations.past import count
from clearhouse.operations.prove import prove
from clearhouse.settings import Settings, house
from clearhouse.settings import rulebook as own_law
from clearhouse.store import registers

app = typer.Typer(help="The law, as data: read, test and compare it.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Argument(help="A rulebook's folder; else the law of the house.")
]


def _read(folder: Path | None) -> Rulebook:
    """The law in a folder; else what is in force, or what a house that is not there begins with."""
    if folder is not None:
        return read_law(folder)
    settings = Settings()
    if not settings.database_url and not (settings.home / "database").exists():
        return own_law(settings)
    with house(settings, settles=False) as own:
        return own.rulebook


@app.command("test")
def run_cases(folder: Folder = None, *, as_json: AsJson = False) -> None:
    """Read a rulebook and run the cases of its rules; what fails is refused by file, line, rule."""
    with answering(as_json=as_json):
        law = _read(folder)
        count = sum(len(cases(rule)) for rule in law.rules)
        count += sum(len(one.met) + len(one.missed) for one in law.standards)
        count += sum(len(one.cases) for one in law.timetables)
        count += sum(len(one.shut) + len(one.free) for one in law.closures)
        told = {
            "version": law.version,
            "jurisdictions": sorted(law.jurisdictions),
            "rules": len(law.rules),
            "standards": len(law.standards),
            "cases": count,
        }
        if as_json:
            say(told)
        else:
            named = ", ".join(
                f"{one.name} ({code})" for code, one in sorted(law.jurisdictions.items())
            )
            console().print(f"rulebook {law.version}\n{named}", markup=False)
            console().print(
                f"{len(law.rules)} rules and {len(law.standards)} standards:"
                f" all {count} cases are as they say"
            )


@app.command()
def mutate(folder: Folder = None, *, as_json: AsJson = False) -> None:
    """Change every comparison, number, word and scope of the rules; each change must be noticed.

    A change that no case of its rule notices is listed, and the exit status is 1: add a case that
    tells the two apart.
    """
    with answering(as_json=as_json):
        tried = list(try_mutants(_read(folder)))
        missed = [one for one in tried if not one.noticed]
        if as_json:
            say({"mutants": len(tried), "unnoticed": [_told(one) for one in missed]})
        else:
            for one in missed:
                console().print(f"{one.mutant.id}: {one.mutant.change}", markup=False)
            console().print(f"{len(tried)} changes, {len(missed)} of them noticed by no case")
        if missed:
            raise typer.Exit(EXIT_REFUSED)


def _told(one: Tried) -> dict[str, str]:
    return {"rule": one.mutant.id, "change": one.mutant.change}


@app.command()
def show(
    folder: Folder = None,
    *,
    only: Annotated[
        str, typer.Option(help="Only what begins so: XA, XA.corridor, or a rule's id.")
    ] = "",
    since: Annotated[
        Path | None, typer.Option(help="Another rulebook's folder: show what changed since.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the law in words, with its citations; or what a new version changes."""
    with answering(as_json=as_json):
        law = _read(folder)
        if since is not None:
            _compare(read_law(since), law, only, as_json=as_json)
        elif as_json:
            told = [one for one in law.sentences() if one.head.id.startswith(only)]
            lines: dict[str, list[str]] = {}
            for one in told:  # versions of one id follow each other
                lines.setdefault(one.head.id, []).extend(prose.said(one))
            say({"version": law.version, "law": lines})
        else:
            console().print(prose.text(law, only), markup=False)


def _compare(old: Rulebook, new: Rulebook, only: str, *, as_json: bool) -> None:
    changes = [one for one in prose.changes(old, new) if one.id.startswith(only)]
    if as_json:
        each = [{"id": one.id, "kind": one.kind, "lines": list(one.lines)} for one in changes]
        say({"old": old.version, "new": new.version, "changes": each})
        return
    console().print(f"from {old.version}\nto   {new.version}", markup=False)
    for one in changes:
        console().print(f"\n{one.kind}: {one.id}", markup=False)
        for line in one.lines:
            style = {"+": "green", "-": "red"}.get(line[:1], "")
            console().print(f"  {line}", style=style, markup=False)
    console().print(f"\n{len(changes)} sentences differ")


Back = Annotated[int, typer.Option(min=1, max=3660, help="How far back, in days.")]


@app.command()
def impact(
    folder: Annotated[Path, typer.Argument(help="The new rulebook's folder.")],
    *,
    days: Back = 30,
    as_json: AsJson = False,
) -> None:
    """Ask a new rulebook about past decisions, and show by rule what it would have changed."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        new = read_law(folder)
        whole = count(own, days)
        with counting("decisions", whole, as_json=as_json) as advance:
            found = operations.impact(own, new, days, advance)
        if as_json:
            say(_impact(found))
        else:
            _tell_impact(found)


def _impact(found: Impact) -> dict[str, object]:
    return {
        "old": found.old,
        "new": found.new,
        "since": found.since,
        "decisions": found.decisions,
        "verdicts": _verdicts(found.verdicts),
        "rules": [
            {
                "rule": name,
                "code": code,
                "newly": one.newly,
                "no_longer": one.no_longer,
                "verdicts": _verdicts(one.verdicts),
                "examples": one.examples,
            }
            for (name, code), one in sorted(found.rules.items())
        ],
        "remarks": found.remarks,
    }


def _verdicts(counted: Mapping[tuple[str, str], int]) -> list[dict[str, object]]:
    return [
        {"before": before, "after": after, "decisions": number}
        for (before, after), number in sorted(counted.items())
    ]


def _tell_impact(found: Impact) -> None:
    out = console()
    out.print(f"from {found.old}\nto   {found.new}", markup=False)
    out.print(f"{found.decisions:,} decisions since {found.since}, asked again:")
    for (before, after), number in sorted(found.verdicts.items()):
        changed = "unchanged" if before == after else f"would be {after}"
        out.print(f"{number:>12,}  {before}: {changed}", style="" if before == after else "bold")
    if not found.rules:
        out.print("no ground of any decision differs")
    for (name, code), one in sorted(found.rules.items()):
        counts = [(one.newly, "newly"), (one.no_longer, "no longer")]
        said = ", ".join(f"{number:,} {how}" for number, how in counts if number)
        out.print(f"\n{name} ({code}): {said}", markup=False)
        for (before, after), number in sorted(one.verdicts.items()):
            out.print(f"  with {number:,} from {before} to {after}")
        out.print(f"  for example {', '.join(one.examples)}")
    for remark in found.remarks:
        out.print(f"\nnote: {remark}")


@app.command()
def replay(*, days: Back = 30, as_json: AsJson = False) -> None:
    """Ask every past decision again under the version it names: the bytes must be the same."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        whole = count(own, days)
        with counting("decisions", whole, as_json=as_json) as advance:
            proven = prove(own, days, advance)
        if as_json:
            counts = {"decisions": proven.decisions, "lost": proven.lost}
            say({**counts, "versions": list(proven.versions)})
        else:
            laws = f"{len(proven.versions)} versions of the law"
            console().print(f"{proven.decisions:,} decisions under {laws}: the same to the byte")
            if proven.lost:
                line = f"{proven.lost:,} cannot be asked again: an owner was erased since"
                console().print(line, markup=False)


@app.command()
def enter(
    folder: Annotated[Path, typer.Argument(help="The rulebook's folder.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Keep a rulebook in the house's archive, so that two people can let it come into force."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        law = read_law(folder)
        new = own.laws.keep(law)
        if as_json:
            say({"version": law.version, "new": new})
        else:
            kept = "is kept" if new else "was kept before"
            console().print(f"rulebook {law.version} {kept}; nothing has changed by it")
            console().print(f"next: clearhouse rulebook impact {folder}", markup=False)


@app.command()
def history(*, as_json: AsJson = False) -> None:
    """List from when which version of the law holds, and who let it."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        active = registers.activations(own.db)
        now = own.rulebook.version
        if as_json:
            each = [
                {"version": a.version, "from": instant(a.active_from), "proposal": a.proposal}
                for a in active
            ]
            say({"in_force": now, "activations": each, "kept": [*own.laws.kept()]})
            return
        for one in active:
            by = one.proposal or "at the founding"
            console().print(f"{one.active_from:%Y-%m-%d %H:%M} UTC  {one.version}  {by}")
        console().print(f"in force now: {now}")


@app.command()
def corridors(
    folder: Folder = None,
    *,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Traded and settled; else today.")
    ] = None,
    asset: Annotated[str, typer.Option(help="What is paid with.")] = "coin",
    as_json: AsJson = False,
) -> None:
    """Show which countries' importers may pay which countries' exporters, and why not."""
    if asset not in WORDS["asset"]:
        raise typer.BadParameter(f"--asset is one of {', '.join(WORDS['asset'])}")
    with answering(as_json=as_json):
        law = _read(folder)
        day = (on or Settings().now()()).date()
        found = glance(law, day, asset=asset)
        if as_json:
            each = [{**asdict(one), "answer": one.answer.name} for one in found]
            say({"version": law.version, "on": str(day), "corridors": each})
        else:
            _draw(law, found)


def _draw(law: Rulebook, found: Sequence[Corridor]) -> None:
    """A table: who pays, down; who is paid, across."""
    places = sorted(law.jurisdictions)
    names = {code: escape(f"{law.jurisdictions[code].name} ({code})") for code in places}
    table = Table("pays", *names.values())
    colours = {Answer.ALLOW: "green", Answer.HOLD: "yellow", Answer.DENY: "red"}
    for code in places:
        row = [one for one in found if one.debtor == code]
        cells = [f"[{colours[one.answer]}]{one.answer.name}[/]" for one in row]
        table.add_row(names[code], *cells)
    console().print(table)
    for one in found:
        if one.against:
            said = f"{one.debtor} to {one.creditor}: {', '.join(one.against)}"
            console().print(said, markup=False)


First = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first value date; else today.")
]
Days = Annotated[int, typer.Option(min=1, max=366, help="How many days are looked at.")]


@app.command()
def timetable(
    folder: Folder = None, *, on: First = None, days: Days = 7, as_json: AsJson = False
) -> None:
    """List the cycles that the law has, by value date: when each stage comes, in UTC and there."""
    with answering(as_json=as_json):
        law = _read(folder)
        first = (on or Settings().now()()).date()
        found = [*coming(first, days, law.cycles)]
        if as_json:
            each = [_cycle(one) for one in found]
            say({"version": law.version, "zones": tzdata_version(), "cycles": each})
            return
        for one in found:
            key = one.timetable.zone
            console().print(f"{one.kind}, value date {one.value_date:%a %Y-%m-%d}, {key}")
            for stage, at in one.stages().each():
                there = f"{at.astimezone(zone(key)):%Y-%m-%d %H:%M %z}"
                console().print(f"  {stage:15} {at:%Y-%m-%d %H:%M} UTC  {there}", highlight=False)
        told = f"{len(found)} cycles, by the clocks of edition {tzdata_version()}"
        console().print(told, markup=False)


def _cycle(one: Cycle) -> dict[str, object]:
    place = zone(one.timetable.zone)
    stages = {
        str(stage): {"utc": instant(at), "local": at.astimezone(place).isoformat()}
        for stage, at in one.stages().each()
    }
    head = {"kind": one.kind, "value_date": str(one.value_date), "zone": one.timetable.zone}
    return {**head, "stages": stages}


@app.command()
def schema() -> None:
    """Write the JSON Schema of a rulebook's files, for editors and other programs."""
    say(form())
