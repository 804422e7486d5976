"""`clearhouse lists`, `lists check`, `load`, `fetch`, `history`: sanctions lists, their editions.

And `clearhouse propose edition`: two people accept one that was refused, or let a list go.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.table import Table

from clearhouse.cli.answer import EXIT_REFUSED, AsJson, answering, console, counting, say
from clearhouse.cli.orders import Key, Out, Why, With, ordering, propose
from clearhouse.core.canonical import instant
from clearhouse.core.command import AcceptEdition
from clearhouse.core.editions import EditionDelta
from clearhouse.core.errors import Refusal
from clearhouse.core.screening import SanctionsList, UnknownList
from clearhouse.feeds.sanctions import read_list
from clearhouse.feeds.sanctions.fetching import Source, SourceMalformed, fetch
from clearhouse.operations import hits as screening
from clearhouse.operations import lists as operations
from clearhouse.operations.adopt import need_refused
from clearhouse.operations.fetch_list import fetch_list
from clearhouse.operations.house import House
from clearhouse.operations.lists import InForce, Taken
from clearhouse.settings import Settings, house, sources
from clearhouse.store import editions

app = typer.Typer(help="Sanctions lists: in force, and new editions.", invoke_without_command=True)
SHOWN = 20
FETCH_S_MAX = 600
HTTPS, HERE = "https://", "http://127.0.0.1"

From = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER|URL", help="With a publication.json; or where one file is fetched from."
    ),
]
Name = Annotated[str, typer.Option("--list", help="Of what is fetched: its list's name.")]


@app.callback(invoke_without_command=True)
def lists(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Say which editions are in force, how old they are and what they hold."""
    if context.invoked_subcommand is not None:
        return
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        found = operations.in_force(own)
    if as_json:
        say({"lists": [_document(one) for one in found]})
        return
    out = console()
    table = Table("list", "published", "entries", "wallets", "skipped", "version", "", box=None)
    for one in found:
        edition = one.edition
        counts = (len(edition.entries), len(edition.wallets), len(edition.skipped))
        published = f"{edition.published_at:%Y-%m-%d %H:%M} UTC"
        by = f"{one.load_by:%Y-%m-%d %H:%M} UTC"
        said = f"stale since {by}: the gate stops" if one.is_stale else f"until {by}"
        table.add_row(
            *(edition.name, published, *(f"{n:,}" for n in counts), edition.version[:12], said)
        )
    out.print(table)
    for one in found:
        if one.refused:
            said = f"{one.edition.name} is refused, and the gate stops: {one.refused}"
            out.print(said, markup=False, soft_wrap=True)


def _document(one: InForce) -> dict[str, Any]:
    return _edition(one.edition) | {
        "age_s": int(one.age.total_seconds()),
        "stale": one.is_stale,
        "mandatory": one.is_mandatory,
        "adopted": one.is_adopted,
        "refused": one.refused or None,
        "load_by": instant(one.load_by),
    }


def _edition(one: SanctionsList) -> dict[str, Any]:
    return {
        "list": one.name,
        "version": one.version,
        "published_at": instant(one.published_at),
        "entries": len(one.entries),
        "wallets": len(one.wallets),
        "counts": dict(one.counts),
        "skipped": [
            {"file": each.file, "line": each.line, "entry": each.entry, "reason": each.reason}
            for each in one.skipped
        ],
    }


@app.command()
def check(source: From, *, name: Name = "", as_json: AsJson = False) -> None:
    """Read an edition, and say what it would change; nothing changes."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        edition = read_list(_staged(stack, own, source, name), now=own.now())
        delta = operations.compared(own, edition)
    if as_json:
        say(_edition(edition) | {"changes": _changes(delta)})
    else:
        _tell(edition, delta)


@app.command()
def load(source: From, *, name: Name = "", as_json: AsJson = False) -> None:
    """Let an edition take its list's place, and say whom that hits.

    Refused if it cannot be read whole, is older, or has lost more than the law lets it lose.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        staged = _staged(stack, own, source, name)
        total = screening.count(own)
        advance = stack.enter_context(counting("screening again", total, as_json=as_json))
        done = operations.take(own, staged, Settings().lists, advance)
    if as_json:
        say(_taken(done))
    else:
        _tell(done.edition, done.delta)
        _tell_hits(done)


@app.command("fetch")
def fetch_all(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[LIST]...", help="Of lists.toml; all if none.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Fetch the editions of now from where `lists.toml` says, and let each take its list's place.

    What cannot be had or cannot follow is told, the others are taken; exits with 1 then.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        chosen = _chosen(names or [])
        total = screening.count(own)  # for each list that changes, from the beginning
        advance = stack.enter_context(counting("screening again", total, as_json=as_json))
        done: list[tuple[str, Taken | Refusal]] = []
        for source in chosen:
            try:
                done.append((source.name, _fetched(own, source, advance)))
            except Refusal as wrong:
                done.append((source.name, wrong))
    if as_json:
        say({"lists": [{"list": name} | _outcome(one) for name, one in done]})
    else:
        for name, one in done:
            if isinstance(one, Refusal):
                console().print(f"{name}: {one.code}: {one.detail}", markup=False, soft_wrap=True)
            else:
                _tell(one.edition, one.delta)
                _tell_hits(one)
    if any(isinstance(one, Refusal) for _, one in done):
        raise typer.Exit(EXIT_REFUSED)


def _fetched(own: House, source: Source, advance: Callable[[int], None]) -> Taken:
    until = time.monotonic() + FETCH_S_MAX
    return fetch_list(own, source, Settings().lists, until, advance)


def _chosen(names: Sequence[str]) -> list[Source]:
    known = {one.source.name: one.source for one in sources(Settings())}
    if not known:
        raise SourceMalformed("lists.toml in the house's folder says where lists come from")
    for name in names:
        if name not in known:
            raise UnknownList(f"{name[:40]!r} is none of {', '.join(known)}: see lists.toml")
    return [known[name] for name in names or known]


def _outcome(one: Taken | Refusal) -> dict[str, Any]:
    return {"error": one.code, "detail": one.detail} if isinstance(one, Refusal) else _taken(one)


def _taken(done: Taken) -> dict[str, Any]:
    return (
        _edition(done.edition)
        | {"changes": _changes(done.delta)}
        | {"hits": [screening.document(one) for one in done.hits]}
        | {"participants": done.participants, "payments": done.payments}
    )


@app.command()
def history(*, name: Name = "", as_json: AsJson = False) -> None:
    """Say what became of each edition: which were screened by, and which were refused, and why."""
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        found = [one for one in editions.history(own.db) if name in {"", one.list_name}]
    if as_json:
        say({"editions": [_past(one) for one in found]})
        return
    for one in found:
        # Whole, since an edition is accepted by its whole version.
        at = f"{one.recorded_at:%Y-%m-%d %H:%M} UTC {one.list_name} {one.version}"
        console().print(f"{at}: {_became(one)}", markup=False, soft_wrap=True)


def _became(one: editions.Past) -> str:
    if one.code:
        return f"refused: {one.said}"
    counts = f"{one.entries:,} entries, {one.wallets:,} wallets"
    said = (
        f"screened by; {counts}; {one.added:,} new, {one.changed:,} changed, {one.removed:,} gone"
    )
    return f"{said}, as two people agreed by {one.proposal}" if one.proposal else said


def _past(one: editions.Past) -> dict[str, Any]:
    said: dict[str, Any] = {
        "recorded_at": instant(one.recorded_at),
        "list": one.list_name,
        "version": one.version,
        "published_at": instant(one.published_at),
        "before": one.before or None,
    }
    if one.code:
        return said | {"refused": one.code, "said": one.said}
    counts = {"entries": one.entries, "wallets": one.wallets}
    changes = {"added": one.added, "changed": one.changed, "removed": one.removed}
    return said | {"refused": None, **counts, **changes, "proposal": one.proposal or None}


@propose.command("edition")
def accept(
    name: Annotated[str, typer.Argument(metavar="LIST")],
    version: Annotated[
        str, typer.Argument(help="Of the edition that was refused: `clearhouse lists history`.")
    ] = "",
    *,
    gone: Annotated[
        bool, typer.Option("--gone", help="Let the list go: nothing follows its last edition.")
    ] = False,
    reason: Why,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to screen by an edition that was refused, or to let a list go.

    For a list that has truly lost so much. What is smaller than the core lets a list be is accepted
    by nobody, and a mandatory list stays.
    """
    if gone is bool(version):
        raise typer.BadParameter("give the VERSION that was refused, whole, or --gone")
    with ordering(with_, key, out, as_json=as_json) as hand:
        with hand.own.db.transaction():
            held = editions.in_force(hand.own.db).get(name)
            action = AcceptEdition(name, version, held.version if held else "", reason)
            need_refused(hand.own, action)
        hand.order(action)


def _staged(stack: ExitStack, own: House, source: str, name: str) -> Path:
    """The folder of an edition: the one that is named, or one that it is fetched into."""
    if not source.startswith((HTTPS, HERE)):
        if not Path(source).is_dir():
            raise typer.BadParameter(f"{source[:200]!r} is no folder, and no https:// URL")
        return Path(source)
    if not name:
        raise typer.BadParameter("--list: the name of the list that is fetched")
    folder = Path(stack.enter_context(TemporaryDirectory())) / "edition"
    file = source.partition("?")[0].rpartition("/")[2]
    until = time.monotonic() + FETCH_S_MAX
    return fetch(Source(name, {file: source}), folder, now=own.now(), until=until)


def _changes(delta: EditionDelta) -> dict[str, Any]:
    wallets = (delta.wallets_added, delta.wallets_changed, delta.wallets_removed)
    return {
        "before": delta.before or None,
        "added": list(delta.added),
        "changed": list(delta.changed),
        "removed": list(delta.removed),
        "wallets_added": [one.address for one in wallets[0]],
        "wallets_changed": [one.address for one in wallets[1]],
        "wallets_removed": [one.address for one in wallets[2]],
    }


def _tell(edition: SanctionsList, delta: EditionDelta) -> None:
    out = console()
    counts = f"{len(edition.entries):,} entries, {len(edition.wallets):,} wallets"
    published = f"{edition.published_at:%Y-%m-%d %H:%M} UTC"
    out.print(f"{edition.name} of {published}: {counts}, version {edition.version}", markup=False)
    entries = (len(delta.added), len(delta.changed), len(delta.removed))
    wallets = (len(delta.wallets_added), len(delta.wallets_changed), len(delta.wallets_removed))
    for what, several in (("entries", entries), ("wallets", wallets)):
        added, changed, removed = (f"{count:,}" for count in several)
        out.print(f"  {what}: {added} new, {changed} changed, {removed} gone")
    for one in edition.skipped[:SHOWN]:
        where = f"line {one.line}" if one.line else f"entry {one.entry}"
        out.print(f"  skipped: {one.file} {where}: {one.reason}", markup=False)
    if more := len(edition.skipped[SHOWN:]):
        out.print(f"  and {more:,} more were skipped: see them with --json")


def _tell_hits(done: Taken) -> None:
    out = console()
    for one in done.hits[:SHOWN]:
        match = one.match
        said = f"{match.subject} {match.subject_name} and {match.listed_name}, {match.entity}"
        out.print(f"  hit: {said}: {match.score} of 1000", markup=False)
    if more := len(done.hits[SHOWN:]):
        out.print(f"  and {more:,} more hits: `clearhouse hits`")
    who, payments = len(done.participants), len(done.payments)
    out.print(f"{len(done.hits):,} hits, {who:,} participants, {payments:,} payments that wait")
