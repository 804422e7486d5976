"""How a command answers: text for people, one JSON object for programs, and an exit code."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Never

import psycopg
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from clearhouse.core.errors import Alarm, Coded, Kind, Refusal

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_ALARM = 3

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")]


def console() -> Console:
    """Where people read; results only, never progress."""
    return Console(highlight=False, soft_wrap=True)


def say(document: Mapping[str, Any]) -> None:
    """Print one JSON object."""
    json.dump(document, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


class DatabaseLost(Refusal):
    """The database was lost in the middle."""

    code = "database.lost"
    kind = Kind.UNAVAILABLE


class FileUnreadable(Refusal):
    """A file cannot be read or written."""

    code = "file.unreadable"
    kind = Kind.MALFORMED


class TextMalformed(Refusal):
    """A text is not UTF-8."""

    code = "text.malformed"
    kind = Kind.MALFORMED


class SettingWrong(Refusal):
    """A setting does not have its form."""

    code = "settings.value-wrong"
    kind = Kind.MALFORMED


@contextmanager
def answering(*, as_json: bool) -> Iterator[None]:
    """Turn refusals, alarms and a lost database into their message and exit code."""
    try:
        yield
    except Alarm as alarm:
        _answer(alarm, EXIT_ALARM, as_json=as_json)
    except Coded as refusal:
        _answer(refusal, EXIT_REFUSED, as_json=as_json)
    except (psycopg.OperationalError, psycopg.InterfaceError) as trouble:
        detail = f"{trouble}; what was answered before is kept: run the command again"
        _answer(DatabaseLost(detail), EXIT_REFUSED, as_json=as_json)
    except ValidationError as wrong:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong.errors()
        )
        _answer(SettingWrong(said), EXIT_USAGE, as_json=as_json)
    except UnicodeEncodeError as trouble:
        detail = f"{trouble.reason}: {trouble.object!a:.100}"
        _answer(TextMalformed(detail), EXIT_USAGE, as_json=as_json)
    except OSError as trouble:
        _answer(FileUnreadable(str(trouble)), EXIT_REFUSED, as_json=as_json)


def _answer(trouble: Coded, status: int, *, as_json: bool) -> Never:
    if as_json:
        said = {"code": trouble.code, "title": trouble.title, "detail": trouble.detail}
        say({"error": said | trouble.context})
    else:
        # The detail quotes what was sent; it is not our markup.
        err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
        err.print(f"{trouble.title} ({trouble.code})", style="bold red")
        err.print(trouble.detail)
    raise typer.Exit(status)


@contextmanager
def progress(what: str, total: int, *, as_json: bool) -> Iterator[Any]:
    """Show a bar of bytes on a terminal; nothing for programs.

    Yields:
        A function to call with the bytes done so far.
    """
    with _bar(DownloadColumn(), what, total, as_json=as_json) as advance:
        yield advance


@contextmanager
def counting(what: str, total: int, *, as_json: bool) -> Iterator[Any]:
    """Show a bar of things counted; else as `progress`."""
    with _bar(MofNCompleteColumn(), what, total, as_json=as_json) as advance:
        yield advance


@contextmanager
def solving(*, as_json: bool) -> Iterator[Any]:
    """Show how far a set-off is.

    Yields:
        A function to call with the units that are not routed yet; the first are the whole.
    """
    bar = _Bar(BarColumn(), TextColumn("{task.percentage:>3.0f} %"), as_json=as_json)
    with bar:
        task = bar.add_task("setting off", total=None)

        def advance(lacking: int) -> None:
            whole = bar.tasks[task].total or lacking or 1
            bar.update(task, total=whole, completed=whole - lacking)

        yield advance


class _Bar(Progress):
    def __init__(self, *columns: ProgressColumn, as_json: bool) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            *columns,
            console=Console(stderr=True),
            disable=as_json or not sys.stderr.isatty(),
            transient=True,
        )


@contextmanager
def _bar(done: ProgressColumn, what: str, total: int, *, as_json: bool) -> Iterator[Any]:
    with _Bar(BarColumn(), done, TimeRemainingColumn(), as_json=as_json) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
