"""`clearhouse log`: follow, checkpoint, gather, stamp, prove and check.

Beside them `request`, for witnesses asked by hand, `stamps` and `consistency`.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import (
    EXIT_ALARM,
    EXIT_REFUSED,
    AsJson,
    answering,
    console,
    counting,
    say,
)
from clearhouse.core.canonical import instant
from clearhouse.core.errors import Alarm
from clearhouse.core.note import Verifier, parse_checkpoint
from clearhouse.feeds.calendars import calendars
from clearhouse.operations import gather as gathering
from clearhouse.operations import log as operations
from clearhouse.operations import stamp as stamping
from clearhouse.operations.house import House
from clearhouse.operations.stamp import Attested, Stamp, Standing
from clearhouse.settings import Settings, house
from clearhouse.store import journal

app = typer.Typer(help="The log: one head over all that happened.", no_args_is_help=True)


@contextmanager
def _open(*, as_json: bool, settles: bool = False) -> Iterator[House]:
    with answering(as_json=as_json), house(Settings(), settles=settles) as own:
        yield own


@app.command()
def follow(*, as_json: AsJson = False) -> None:
    """Take into the log what the journal has behind it; the worker does it too."""
    with _open(as_json=as_json) as own:
        done = begun = operations.size(own)
        whole = journal.head(own.db)
        with counting("log", whole - begun, as_json=as_json) as advance:
            while count := operations.follow(own):
                done += count
                advance(done - begun)
        if as_json:
            say({"size": done, "new": done - begun})
        else:
            console().print(f"{done:,} entries, {done - begun:,} of them new")


@app.command()
def checkpoint(*, as_json: AsJson = False) -> None:
    """Sign the log's head: a note that witnesses cosign (C2SP tlog-checkpoint)."""
    with _open(as_json=as_json) as own:
        note = operations.checkpoint(own).encode()
        verifier = Verifier(operations.origin(own), own.log.key.public_key().public_bytes_raw())
        if as_json:
            say({"checkpoint": note, "verifier": verifier.encode()})
        else:
            console().print(note, end="", markup=False)


@app.command()
def gather(*, as_json: AsJson = False) -> None:
    """Have the witnesses cosign the head, and keep it; the worker does it too."""
    with _open(as_json=as_json) as own:
        operations.catch_up(own)
        done = gathering.gather(own)
        needed = own.log.witnesses.needed
        if as_json:
            cosigned = {name: instant(at) for name, at in done.cosigned.items()}
            said = {"cosigned": cosigned, "others": dict(done.others)}
            say({"size": done.head.size, "needed": needed} | said)
            return
        out = console()
        out.print(f"{done.head.size:,} entries, {len(done.cosigned)} cosigned; {needed} needed")
        for name, at in done.cosigned.items():
            out.print(f"{name} at {at:%Y-%m-%d %H:%M:%S} UTC", markup=False)
        for name, why in done.others.items():
            out.print(f"{name} did not: {why}", markup=False)


Urls = Annotated[
    list[str] | None,
    typer.Option("--calendar", help="Instead of CLEARHOUSE_CALENDARS; repeatable."),
]


@app.command()
def stamp(*, calendar: Urls = None, as_json: AsJson = False) -> None:
    """Have calendars of OpenTimestamps attest the kept head, or else the head as it is now."""
    with _open(as_json=as_json) as own:
        operations.catch_up(own)
        done = stamping.stamp(own, calendars(calendar or ()))
        if as_json:
            say(_document(done.stamp) | {"others": dict(done.others)})
            return
        _print(done.stamp)
        for url, why in done.others.items():
            console().print(f"{url} did not: {why}", markup=False)


@app.command()
def stamps(
    *,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Ask the calendars how pending proofs go on.")
    ] = False,
    calendar: Urls = None,
    as_json: AsJson = False,
) -> None:
    """List the stamped heads and what attests them. Exits with 1 or 3 if one is not as it must be.

    Blocks are compared with those of the chain that the house settles on.
    """
    with _open(as_json=as_json, settles=True) as own:
        others = stamping.upgrade(own, calendars(calendar or ())) if upgrade else {}
        found = stamping.stamps(own)
        if as_json:
            say({"stamps": [_document(one) for one in found], "others": dict(others)})
        else:
            for one in found:
                _print(one)
            for url, why in others.items():
                console().print(f"{url}: {why}", markup=False)
            console().print(f"{len(found)} stamps")
        troubles = [one.trouble for one in found if one.trouble]
        if troubles:
            alarmed = any(isinstance(one, Alarm) for one in troubles)
            raise typer.Exit(EXIT_ALARM if alarmed else EXIT_REFUSED)


def _document(stamp: Stamp) -> dict[str, Any]:
    attested = [
        {
            "standing": str(one.standing),
            "calendar": one.by.calendar,
            "height": one.by.height,
            "block": one.block.hash if one.block else None,
            "time": instant(one.block.time_at) if one.block else None,
        }
        for one in stamp.attested
    ]
    trouble = stamp.trouble and {"code": stamp.trouble.code, "detail": stamp.trouble.detail}
    said = {"size": stamp.size, "proof": str(stamp.path), "verified": stamp.verified}
    return said | {"attested": attested, "trouble": trouble}


def _print(stamp: Stamp) -> None:
    out = console()
    out.print(f"{stamp.size:,} entries, {stamp.path}", markup=False)
    for one in stamp.attested:
        out.print(f"    {_in_words(one)}", markup=False)
    if stamp.trouble:
        out.print(f"    {stamp.trouble}", markup=False)


def _in_words(one: Attested) -> str:
    at = f"{one.block.time_at:%Y-%m-%d %H:%M:%S} UTC" if one.block else ""
    match one.standing:
        case Standing.PENDING:
            return f"pending at {one.by.calendar}"
        case Standing.VERIFIED:
            return f"verified at block {one.by.height}, {at}"
        case Standing.AHEAD:
            return f"in block {one.by.height}, which the house's chain does not have yet"
        case Standing.MISMATCHED:
            return f"not in block {one.by.height} of the house's chain, {at}"
        case Standing.UNCHECKED:
            return f"in block {one.by.height}; there is no chain to ask"
        case Standing.OTHER:
            return "by somebody else than a calendar or Bitcoin"


@app.command()
def request(
    seen: Annotated[
        int, typer.Option(min=0, help="Size of the head that the witness cosigned last.")
    ] = 0,
) -> None:
    """Write what a witness is asked to cosign: the signed head, and the proof that it grew."""
    with _open(as_json=True) as own:
        note = operations.checkpoint(own)
        count = parse_checkpoint(note.text).size
        proof = operations.consistency(own, seen, count) if seen else []
        hashes = [base64.b64encode(one).decode() for one in proof]
        say({"checkpoint": note.encode(), "old": seen, "proof": hashes})


Size = Annotated[int, typer.Option(min=0, help="Of the log; as it is now if not given.")]


@app.command()
def prove(
    position: Annotated[int, typer.Argument(min=1, help="In the journal.")],
    *,
    size: Size = 0,
    as_json: AsJson = False,
) -> None:
    """Prove that an entry of the journal is in the log: hashes from the leaf up, in base64."""
    with _open(as_json=as_json) as own:
        count = size or operations.size(own)
        proof = operations.inclusion(own, position, count)
        entry = own.log.tiles.entry(position - 1, count).decode()
        _tell({"entry": entry, "index": position - 1, "size": count}, proof, as_json=as_json)


@app.command()
def consistency(
    first: Annotated[int, typer.Argument(min=1, help="A size that somebody has seen.")],
    *,
    size: Size = 0,
    as_json: AsJson = False,
) -> None:
    """Prove that the log grew out of what it was at an earlier size."""
    with _open(as_json=as_json) as own:
        count = size or operations.size(own)
        proof = operations.consistency(own, first, count)
        _tell({"first": first, "size": count}, proof, as_json=as_json)


def _tell(head: dict[str, str | int], proof: list[bytes], *, as_json: bool) -> None:
    hashes = [base64.b64encode(one).decode() for one in proof]
    if as_json:
        say(head | {"proof": hashes})
    else:
        out = console()
        for name, value in head.items():
            out.print(f"{name} {value}", markup=False)
        for one in hashes:
            out.print(one)


@app.command()
def check(*, as_json: AsJson = False) -> None:
    """Hash the whole journal again and compare it with the log. Exits with 3 if they differ."""
    with _open(as_json=as_json) as own:
        count, root = operations.check(own)
        head = base64.b64encode(root).decode()
        if as_json:
            say({"size": count, "head": head})
        else:
            console().print(f"{count:,} entries, head {head}", markup=False)
