"""`clearhouse owners show`, `owned`: who owns a participant, and what a list's entries own."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.core.gate import OWNED, THROUGH
from clearhouse.core.owner import PERSON, WHOLE, percent
from clearhouse.core.ownership import Rule
from clearhouse.core.participant import parse_lei
from clearhouse.operations.look import Seen, look
from clearhouse.operations.owners import owned_by_list
from clearhouse.operations.screen import open_gate
from clearhouse.returns.owners_picture import Box, Line, as_svg
from clearhouse.settings import Settings, house

app = typer.Typer(help="Owners: who owns whom, and who of them is listed.", no_args_is_help=True)


@app.command()
def show(
    who: Annotated[str, typer.Argument(metavar="LEI")],
    *,
    svg: Annotated[Path | None, typer.Option(help="Draw them into this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who owns a participant, and what the gate makes of its owners and associates."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        seen = look(own, parse_lei(who))
        if svg is not None:
            svg.write_text(_picture(seen), encoding="utf-8")
        found = [(*OWNED[one.degree], one.said) for one in seen.stakes]
        found += [(*THROUGH[one.part], one.said) for one in seen.through]
        said = [
            {"ground": ground, "verdict": str(verdict), "said": words}
            for ground, verdict, words in found
        ]
        if as_json:
            say({"participant": seen.party.id, "owners": _owners(seen), "grounds": said})
            return
        for line in _owners(seen):
            control = ", control" if line["control"] else ""
            words = f"{line['owner_name']} owns {line['share']}{control} of {line['owned_name']}"
            marks = f"  ({line['owner_mark']})" if line["owner_mark"] else ""
            console().print(words + marks, markup=False)
        for one in said:
            console().print(f"{one['verdict']}: {one['ground']}: {one['said']}", markup=False)
        if not seen.stakes:
            console().print(f"no owner of {seen.party.name} is recorded", markup=False)


@app.command()
def owned(
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="As OFAC-SDN.")],
    *,
    share: Annotated[str, typer.Option(help="What the list asks, in percent.")] = "50",
    more_than: Annotated[
        bool, typer.Option(help="It takes more than that; else that much is enough.")
    ] = False,
    control: Annotated[bool, typer.Option(help="Control is enough, too.")] = True,
    as_json: AsJson = False,
) -> None:
    """List all that the entries of a list own, by that list's own rule.

    An entity that is owned so counts whole for what it owns itself. Owners are found by the very
    words of their names; who merely resembles somebody is looked at when a payment passes the gate.
    """
    rule = Rule(_share(share), exclusive=more_than, control=control)
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        found = owned_by_list(own, open_gate(own).screen, list_name, rule)
        lines = [
            {
                "id": one.id,
                "blocked": one.blocked,
                "direct": percent(one.direct),
                "through_all_chains": percent(one.attributed),
            }
            for one in found
        ]
        if as_json:
            say({"list": list_name, "owned": lines})
            return
        for line in lines:
            state = "blocked" if line["blocked"] else "partly"
            words = f"{state:8} {line['direct']} directly, {line['through_all_chains']} in all"
            console().print(f"{line['id']}  {words}", markup=False)
        count = sum(one.blocked for one in found)
        console().print(f"{count:,} blocked, {len(found) - count:,} owned in part", markup=False)


def _share(text: str) -> int:
    try:
        units = Decimal(text) * (WHOLE // 100)
    except InvalidOperation as wrong:
        raise typer.BadParameter("--share: a number of percent, as 50") from wrong
    if units != int(units) or not 0 < units <= WHOLE:
        raise typer.BadParameter("--share: above 0, at most 100, with at most 4 decimals")
    return int(units)


def _owners(seen: Seen) -> list[dict[str, Any]]:
    drawn = seen.drawn
    return [
        {
            "owner": drawn.ids[owner],
            "owner_name": drawn.names[owner],
            "owner_mark": str(drawn.marks[owner]),
            "owned": drawn.ids[owned],
            "owned_name": drawn.names[owned],
            "share": percent(share),
            "control": control,
        }
        for owner, owned, share, control in drawn.links
    ]


def _picture(seen: Seen) -> str:
    drawn = seen.drawn
    boxes = [
        Box("A natural person" if id.startswith(PERSON) else name, id, str(mark))
        for name, id, mark in zip(drawn.names, drawn.ids, drawn.marks, strict=True)
    ]
    place = drawn.ids.index(seen.party.id)
    boxes[place] = replace(boxes[place], name=seen.party.name)
    lines = [
        Line(owner, owned, percent(share) if share else "", control)
        for owner, owned, share, control in drawn.links
    ]
    return as_svg(f"Owners of {seen.party.name} on {seen.today}", boxes, lines)
