"""`clearhouse publish`, `trust`: a sealed file for outsiders, and what they check it with."""

from pathlib import Path
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import parse_lei
from clearhouse.operations import books
from clearhouse.operations.publish import (
    period,
    publish_day,
    publish_participant,
    trusted,
)
from clearhouse.settings import Settings, house


def publish(
    file: Annotated[Path, typer.Argument(help="Where to write the bundle.")],
    *,
    participant: Annotated[
        str, typer.Option(help="For this participant (LEI) only; else for the institutions.")
    ] = "",
    closing: Annotated[
        int, typer.Option(min=0, help="An earlier closing, by its last entry; else the newest.")
    ] = 0,
    since: Annotated[
        int | None,
        typer.Option(min=0, help="Height of the block from which readers trust the chain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish what happened since the books were closed last, as a file that anybody can check.

    For the institutions the books are closed first, if anything has happened. A participant's file
    is about a closing that is there. Check it with `python -m clearhouse.verifier`.
    """
    with answering(as_json=as_json), house(Settings(), settles=True) as own:
        who: ParticipantId | None = parse_lei(participant) if participant else None
        if who is None and not closing:
            books.close(own)
        about = period(own, closing)
        with counting("entries", about.last - about.first + 1, as_json=as_json) as advance:
            if who is None:
                done = publish_day(about, file, advance, since)
            else:
                done = publish_participant(about, who, file, advance, since)
        if as_json:
            told = {"file": str(file), "scope": done.scope, "bytes": file.stat().st_size}
            say(told | {"first": done.first, "last": done.last, "size": done.size})
        else:
            what = f"entries {done.first:,} to {done.last:,}, {file.stat().st_size:,} bytes"
            console().print(f"{file}: {what}", markup=False)


def trust(
    block: Annotated[
        int, typer.Option(min=0, help="Height of the block from which readers trust the chain.")
    ] = 0,
) -> None:
    """Write what a reader trusts beside a bundle: keys, witnesses and a block, as JSON.

    Readers compare it with what the institutions tell them; what the house says of itself is no
    reason to believe it.
    """
    with answering(as_json=True), house(Settings(), settles=True) as own:
        say(trusted(own, block))
