"""`clearhouse journal read`, `replay`: what happened, in order, and that it is the whole story."""

import json
import sys
from contextlib import ExitStack
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.core.canonical import instant
from clearhouse.core.event import encode
from clearhouse.operations.replay import replay as replaying
from clearhouse.settings import Settings, house, scratch
from clearhouse.store import journal as entries
from clearhouse.store.connection import connect

journal = typer.Typer(help="What happened, in one order.", no_args_is_help=True)

PAGE = 1_000  # entries read at a time


@journal.command()
def read(
    *,
    after: Annotated[
        int, typer.Option(min=0, help="Behind this position: where a reader has got to.")
    ] = 0,
    limit: Annotated[int, typer.Option(min=1, help="So many entries at most.")] = 2**31,
) -> None:
    """Write entries as JSON, one a line, in order; a reader goes on behind the last position."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=True))
        own = stack.enter_context(house(Settings(), settles=False))
        while limit and (page := entries.after(own.db, after, min(limit, PAGE))):
            for entry in page:
                line = {
                    "position": entry.position,
                    "kind": type(entry.event).__name__,
                    "subject": entry.subject,
                    "body": json.loads(encode(entry.event)),
                    "occurred_at": instant(entry.occurred_at),
                    "recorded_at": instant(entry.recorded_at),
                }
                sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
            after, limit = page[-1].position, limit - len(page)


@journal.command()
def replay(
    *,
    into: Annotated[
        str,
        typer.Option(metavar="URL", help="An empty database to keep; else one for the moment."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make the house again from its journal. Exits with 3 if a table is not the same."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        other = stack.enter_context(connect(into or stack.enter_context(scratch())))
        whole = entries.head(own.db)
        advance = stack.enter_context(counting("replaying", whole, as_json=as_json))
        done = replaying(own, other, advance)
        if as_json:
            say({"entries": done.entries, "rows": done.rows})
        else:
            out = console()
            for table, count in done.rows.items():
                out.print(f"{table:<14} {count:>10,} rows, the same", markup=False)
            out.print(f"{done.entries:,} entries make the same tables")
