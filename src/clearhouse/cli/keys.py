"""`clearhouse key make`, `show`, `prove`, `sign`: a person's own key, on that person's machine.

A key file is PKCS #8 in PEM, encrypted under a passphrase, which is asked for on a terminal and
else is the first line of standard input: never an argument, never a variable. None of these
commands needs the house.
"""

import getpass
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from secrets import randbits
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from clearhouse.cli.answer import AsJson, answering, console, say
from clearhouse.core import command, founding, ids
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.person import proof

app = typer.Typer(help="Your own key.", no_args_is_help=True)

KeyFile = Annotated[Path, typer.Argument(metavar="KEYFILE", dir_okay=False)]
PASSPHRASE_MIN = 12


class KeyFileUnreadable(Refusal):
    """A key file cannot be opened: another passphrase, or no Ed25519 key."""

    code = "key.file-unreadable"
    kind = Kind.MALFORMED


class KeyFileThere(Refusal):
    """There is a file already; a key is never written over."""

    code = "key.file-there"
    kind = Kind.CONFLICT


class PassphraseShort(Refusal):
    """A passphrase is too short."""

    code = "key.passphrase-short"
    kind = Kind.MALFORMED


class ToSignMalformed(Refusal):
    """A file holds nothing that a person signs."""

    code = "key.nothing-to-sign"
    kind = Kind.MALFORMED


def passphrase() -> bytes:
    """Ask for a passphrase, or read the first line of standard input."""
    if sys.stdin.isatty():
        return getpass.getpass("passphrase: ").encode()
    return sys.stdin.readline().rstrip("\n").encode()


def read(file: Path) -> Ed25519PrivateKey:
    """Open a key file.

    Raises:
        KeyFileUnreadable: The passphrase is another one, or the file holds something else.
    """
    written = file.read_bytes()
    try:
        key = load_pem_private_key(written, passphrase())
    except (ValueError, TypeError) as trouble:
        raise KeyFileUnreadable(f"{file}: {trouble}") from trouble
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileUnreadable(f"{file}: it is no Ed25519 key")
    return key


def public(key: Ed25519PrivateKey) -> str:
    """A key's public half, in hex."""
    return key.public_key().public_bytes_raw().hex()


@app.command()
def make(file: KeyFile, *, as_json: AsJson = False) -> None:
    """Make a key, and write it to a file that your passphrase opens."""
    with answering(as_json=as_json):
        if file.exists():
            raise KeyFileThere(f"{file}: name another file")
        secret = passphrase()
        if len(secret) < PASSPHRASE_MIN:
            raise PassphraseShort(f"{PASSPHRASE_MIN} characters or more")
        key = Ed25519PrivateKey.generate()
        sealed = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(secret)
        )
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(sealed)
        _tell_key(key, as_json=as_json)


@app.command()
def show(file: KeyFile, *, as_json: AsJson = False) -> None:
    """Show the public half of a key."""
    with answering(as_json=as_json):
        _tell_key(read(file), as_json=as_json)


def _tell_key(key: Ed25519PrivateKey, *, as_json: bool) -> None:
    if as_json:
        say({"key": public(key)})
    else:
        console().print(public(key))


@app.command()
def prove(
    file: KeyFile,
    house: Annotated[str, typer.Argument(metavar="HOUSE", help="hse_...")],
    person: Annotated[
        str, typer.Option(metavar="PERSON", help="Who you are there; a fresh id if not given.")
    ] = "",
) -> None:
    """Prove that you hold a key, for an administrator who proposes you: one JSON object."""
    with answering(as_json=True):
        ids.parse("hse", house)
        who = person or ids.fresh("per", datetime.now(UTC), randbits)
        ids.parse("per", who)
        key = read(file)
        shown = key.sign(proof(house, who, public(key))).hex()
        say({"person": who, "key": public(key), "proof": shown})


@app.command()
def sign(
    file: KeyFile,
    what: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Sign a command or a founding that was written to a file; shows first what it says."""
    with answering(as_json=as_json):
        document = document_of(what)
        text = document.get("command") or document.get("founding")
        if not isinstance(text, str):
            raise ToSignMalformed(f"{what}: neither a command nor a founding")
        (command.parse if "command" in document else founding.parse)(text)
        if not as_json:
            console().print(text, markup=False)
        key = read(file)
        signatures = document.setdefault("signatures", {})
        signatures[public(key)] = key.sign(text.encode()).hex()
        write_document(what, document)
        if as_json:
            say({"signed": text, "key": public(key)})


def write_document(file: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON object to a file."""
    file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def document_of(file: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        ToSignMalformed: It holds something else.
    """
    try:
        found = json.loads(file.read_text("utf-8"))
    except (ValueError, RecursionError) as trouble:
        raise ToSignMalformed(f"{file}: {trouble}") from trouble
    if not isinstance(found, dict) or not isinstance(found.get("signatures", {}), dict):
        raise ToSignMalformed(f"{file}: a JSON object is expected")
    return found
