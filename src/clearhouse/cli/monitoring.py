"""`clearhouse monitoring`: payments to look at, and programmes before they change.

It reads the house's own history and records nothing.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.core.canonical import instant
from clearhouse.core.monitoring import Payment, Programme, Result
from clearhouse.core.monitoring.judging import Progress
from clearhouse.feeds.typologies import SHIPPED, read_programme
from clearhouse.operations import monitored
from clearhouse.operations.house import House
from clearhouse.settings import Settings, house

app = typer.Typer(
    help="Monitoring: payments that a person should look at, by typologies.",
    invoke_without_command=True,
)
SHOWN = 40
Folder = Annotated[
    Path | None,
    typer.Argument(exists=True, file_okay=False, help="Of a programme; the shipped one if not."),
]
With = Annotated[
    Path | None,
    typer.Option("--programme", exists=True, file_okay=False, help="A folder; else the shipped."),
]


@app.callback(invoke_without_command=True)
def several(context: typer.Context, *, programme: With = None, as_json: AsJson = False) -> None:
    """Judge all payments that the house has seen, and list those to look at, the newest first."""
    if context.invoked_subcommand is not None:
        return
    with _judging(1, as_json=as_json) as (own, progress):
        asked = _programme(programme)
        told = monitored.alerts(own, asked, progress)
    if as_json:
        counts = {"judged": told.judged, "unvalued": told.unvalued, "cut_off": told.cut_off}
        alerts = [_document(*one) for one in told.found]
        say({"programme": asked.version, **counts, "alerts": alerts})
        return
    out = console()
    out.print(
        f"{len(told.found):,} of {told.judged:,} payments to look at; {told.unvalued:,} could not"
        f" be valued, and were not judged; of {told.cut_off:,} a rule could not look at all"
    )
    for payment, result in told.found[:SHOWN]:
        out.print(f"{payment.id}  {payment.at:%Y-%m-%d}  {payment.payer} to {payment.payee}")
        for line in _said(result):
            out.print(f"    {line}", soft_wrap=True, markup=False)
    if more := len(told.found[SHOWN:]):
        out.print(f"and {more:,} more: see them with --json")


@app.command()
def show(folder: Folder = None, *, as_json: AsJson = False) -> None:
    """Read a programme, run its own cases, and say what it asks and from when on it alerts."""
    with answering(as_json=as_json):
        one = _programme(folder)
    if as_json:
        say(_written(one))
        return
    out = console()
    out.print(f"programme {one.version[:16]}, in {one.unit}")
    for typology in one.typologies:
        head = f"{typology.id} {typology.number}: alert from {typology.alert}"
        out.print(f"{head}, interdict from {typology.interdict}", markup=False)
        out.print(f"    {typology.says}", soft_wrap=True, markup=False)
        for rule in typology.weights:
            out.print(f"    {rule}", markup=False)


@app.command(name="back-test")
def compare(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="The new one.")],
    *,
    against: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="The old one; the shipped one if not."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what another programme would make of the history, month by month."""
    with _judging(2, as_json=as_json) as (own, progress):
        old, new = _programme(against), _programme(folder)
        told, unvalued = monitored.compared(own, old, new, progress)
    if as_json:
        say({**told.document, "unvalued": unvalued})
        return
    out = console()
    out.print(f"{told.payments:,} payments; {unvalued:,} could not be valued, and were not judged")
    for one in told.volumes:
        out.print(f"{one.month}  {one.typology}: {one.outcome} {one.old:,}, and then {one.new:,}")
    out.print(f"{len(told.gained):,} alerts more, {len(told.lost):,} fewer; see them with --json")


@contextmanager
def _judging(times: int, *, as_json: bool) -> Iterator[tuple[House, Progress]]:
    """A house, and a bar of payments judged."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        total = monitored.count(own) * times
        advance = stack.enter_context(counting("judging", total, as_json=as_json))
        yield own, lambda done, _: advance(done)


def _programme(folder: Path | None) -> Programme:
    return read_programme(SHIPPED if folder is None else folder)


def _said(result: Result) -> list[str]:
    """Which typologies alert, and by which rules."""
    return [
        f"{one.typology}: {one.score} of 1000, {one.outcome} ("
        + ", ".join(f"{each.rule} {each.band}" for each in one.answers if each.weight)
        + ")"
        for one in result.verdicts
        if one.is_alert
    ]


def _document(payment: Payment, result: Result) -> dict[str, Any]:
    return {
        "payment": payment.id,
        "at": instant(payment.at),
        "payer": payment.payer,
        "payee": payment.payee,
        "value": str(payment.value),
        "is_whole": result.is_whole,
        "verdicts": [
            {
                "typology": one.typology,
                "score": str(one.score),
                "outcome": str(one.outcome),
                "rules": {
                    each.rule: {
                        "band": each.band,
                        "number": None if each.number is None else str(each.number),
                        "weight": str(each.weight),
                    }
                    for each in one.answers
                },
            }
            for one in result.verdicts
            if one.is_alert
        ],
    }


def _written(one: Programme) -> dict[str, Any]:
    return {
        "programme": one.version,
        "unit": one.unit,
        "typologies": [
            {
                "typology": each.id,
                "version": str(each.number),
                "says": each.says,
                "alert": str(each.alert),
                "interdict": str(each.interdict),
                "rules": sorted(each.weights),
            }
            for each in one.typologies
        ],
        "rules": [
            {"rule": each.id, "says": each.says, "citation": each.citation, "source": each.source}
            for each in one.rules
        ],
    }
