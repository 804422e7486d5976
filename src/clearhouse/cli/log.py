"""`clearhouse log follow`, `checkpoint`, `gather`, `request`, `prove`, `consistency`, `check`."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from clearhouse.cli.answer import AsJson, answering, console, counting, say
from clearhouse.core.canonical import instant
from clearhouse.core.note import Verifier, parse_checkpoint
from clearhouse.operations import gather as gathering
from clearhouse.operations import log as operations
from clearhouse.operations.house import House
from clearhouse.settings import Settings, house
from clearhouse.store import journal

app = typer.Typer(help="The log: one head over all that happened.", no_args_is_help=True)


@contextmanager
def _open(*, as_json: bool) -> Iterator[House]:
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
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
        while operations.follow(own):
            pass
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
