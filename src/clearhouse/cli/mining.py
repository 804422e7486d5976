"""`clearhouse mining ...`: where somebody mines, with how much, and what the law says of it."""

import re
from datetime import date
from typing import Annotated, Any

import typer

from clearhouse.cli import mining_sales
from clearhouse.cli.answer import EXIT_REFUSED, AsJson, answering, console, say
from clearhouse.core.gate import Verdict
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import KWH_DECIMALS, MonthUnmeasured, month_after
from clearhouse.core.mining.records import Site
from clearhouse.core.money import decimal
from clearhouse.core.participant import parse_lei
from clearhouse.operations import mining as operations
from clearhouse.operations.house import House
from clearhouse.settings import Settings, house

app = typer.Typer(
    help="Mining: what is recorded of it, and what the law says.", no_args_is_help=True
)

MONTH_FORM = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])", re.ASCII)


@app.command()
def month(
    who: Annotated[str, typer.Argument(metavar="LEI", help="Who mines.")],
    when: Annotated[str, typer.Argument(metavar="YYYY-MM", help="A month, as 2026-07.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what the meters counted in a month, at which sites, and what the law says of it.

    Exits with 1 if the law forbids it on any day. What is not measured or recorded is not known,
    and where the law needs to know it, the answer is "hold".
    """
    first = parse_month(when)
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        said = _said(own, parse_lei(who), first)
    if as_json:
        say(said)
    else:
        _tell(said)
    if said["verdict"] == str(Verdict.DENY):
        raise typer.Exit(EXIT_REFUSED)


app.command()(mining_sales.lots)
app.command()(mining_sales.tax)


def parse_month(text: str) -> date:
    """Read a month as its first day; a wrong one is wrong usage."""
    form = MONTH_FORM.fullmatch(text)
    try:
        found = date(int(form["year"]), int(form["month"]), 1) if form else None
        if found is not None:
            month_after(found)
    except ValueError:  # the year 0, or no month behind it
        found = None
    if found is None:
        raise typer.BadParameter(f"{text[:20]!r}: write a month as 2026-07")
    return found


def _said(own: House, who: ParticipantId, first: date) -> dict[str, Any]:
    asked = operations.ask_month(own, who, first.year, first.month)
    try:
        by_meter = operations.energy_by_meter(own, who, first.year, first.month)
        unmeasured = None
    except MonthUnmeasured as unread:
        by_meter, unmeasured = {}, {"code": unread.code, "detail": unread.detail}
    return {
        "participant": who,
        "month": f"{first:%Y-%m}",
        "verdict": str(asked.verdict),
        "energy": None if asked.energy is None else kwh(asked.energy),
        "unmeasured": unmeasured,
        "meters": {serial: kwh(units) for serial, units in by_meter.items()},
        "sites": [_site(one) for one in operations.sites_in(own, who, first)],
        "law": [line for one in asked.asked for line in _grounds(one)],
    }


def kwh(units: int) -> str:
    """Write energy as people do."""
    return decimal(units, KWH_DECIMALS, "")


def _site(one: Site) -> dict[str, Any]:
    return {
        "site": one.site,
        "holder": one.holder,
        "region": one.region,
        "power": one.power,
        "isolated": one.isolated,
    }


def _grounds(one: operations.Asked) -> list[dict[str, Any]]:
    """What the law says of some days at a site, each rule once though it looks from both sides."""
    rules = {(each.rule, each.code): each for each in one.finding.grounds}
    return [
        {
            "verdict": str(each.verdict),
            "code": each.code,
            "rule": each.rule,
            "citation": each.citation,
            "said": each.said,
            "site": one.site,
            "days": len(one.days),
            "first": str(one.days[0]),
            "last": str(one.days[-1]),
        }
        for each in rules.values()
    ]


def _tell(said: dict[str, Any]) -> None:
    out = console()
    for serial, kwh in said["meters"].items():
        out.print(f"meter {serial}: {kwh} kWh", markup=False)
    if said["unmeasured"] is not None:
        out.print(f"not measured: {said['unmeasured']['detail']}", markup=False)
    else:
        out.print(f"all meters: {said['energy']} kWh", markup=False)
    for one in said["sites"]:
        apart = ", apart from the grid" if one["isolated"] else ""
        whose = "" if one["holder"] == said["participant"] else f", held by {one['holder']}"
        line = f"site {one['site']}: {one['region']}, power: {one['power']}{apart}{whose}"
        out.print(line, markup=False)
    verdicts = {"clear": "allowed", "hold": "held: something is not known", "deny": "forbidden"}
    out.print(verdicts[said["verdict"]], markup=False)
    for one in said["law"]:
        if one["verdict"] != str(Verdict.CLEAR):
            at = f" at {one['site']}" if one["site"] else ""
            about = f"{one['days']} days, {one['first']} to {one['last']}{at}"
            rule = f" {one['rule']} ({one['citation']})" if one["rule"] else ""
            out.print(f"  {one['verdict']}{rule}, {about}: {one['said']}", markup=False)
