"""How a command answers: text for people, one JSON object for programs, and an exit code."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Never

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from clearhouse.core.errors import Alarm, Coded

EXIT_REFUSED = 1
EXIT_ALARM = 3

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]


def console() -> Console:
    """Where people read; results only, never progress."""
    return Console(highlight=False, soft_wrap=True)


def say(document: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


@contextmanager
def answering(*, as_json: bool) -> Iterator[None]:
    """Turn refusals, alarms and a lost database into their message and exit code."""
    try:
        yield
    except Coded as trouble:
        code = EXIT_ALARM if isinstance(trouble, Alarm) else EXIT_REFUSED
        _refuse(trouble.code, trouble.title, trouble.detail, trouble.context, code, as_json=as_json)
    except (psycopg.OperationalError, psycopg.InterfaceError) as trouble:
        title = "The database was lost"
        detail = f"{trouble}; what was answered before is kept: run the command again"
        _refuse("database.lost", title, detail, {}, EXIT_REFUSED, as_json=as_json)
    except OSError as trouble:
        # Files are the caller's: a missing one, or one that may not be read.
        _refuse("file.unreadable", "A file cannot be read", str(trouble), {}, 1, as_json=as_json)


def _refuse(
    code: str, title: str, detail: str, context: Mapping[str, str], status: int, *, as_json: bool
) -> Never:
    if as_json:
        say({"error": {"code": code, "title": title, "detail": detail, **context}})
    else:
        # The detail quotes what was sent; it is not our markup.
        err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        err.print(f"{title} ({code})", style="bold red")
        err.print(detail)
    raise typer.Exit(status)


@contextmanager
def progress(what: str, total: int, *, as_json: bool) -> Iterator[Any]:
    """Show a bar of bytes on a terminal; nothing for programs.

    Yields:
        A function to call with the bytes done so far.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=as_json or not sys.stderr.isatty(),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
