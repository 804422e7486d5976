"""The signer's program: `python -I -m clearhouse.chains.signer FOLDER COMMAND`.

    create --network regtest           make the seed; prints the account's xpub
    xpub                               print it again
    register --vault DESCRIPTOR --house KEY
                                       remember the vault and the house's statement key, once
    serve [--socket PATH [--group GID]]
                                       answer requests, one a line: on standard input and output,
                                       or at a Unix socket until standard input closes

The first line of standard input is the passphrase, always. Every answer is one line of JSON on
standard output; what was signed or refused is logged on standard error. The exit status is 0, or 1
after a refusal, 2 for wrong usage, 3 when what it remembers was changed.
"""

import argparse
import errno
import json
import os
import selectors
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from clearhouse.chains.signer import seed
from clearhouse.chains.signer.book import Book
from clearhouse.chains.signer.confinement import confine
from clearhouse.chains.signer.desk import Desk, lines
from clearhouse.chains.signer.registration import register, registered
from clearhouse.core.errors import Alarm, Coded, Kind, Refusal

PASSPHRASE_BYTES_MAX = 1024
IDLE_S_MAX = 10  # a connection that says nothing for so long is closed


class SocketUnusable(Refusal):
    """A signer's socket is in use, or cannot be made where it is wanted."""

    code = "signer.socket-unusable"
    kind = Kind.CONFLICT


class PassphraseMissing(Refusal):
    """The first line of standard input is not a passphrase."""

    code = "signer.passphrase-missing"
    kind = Kind.MALFORMED


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="clearhouse.chains.signer")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--user", type=int, help="become this user first; root alone can")
    commands = parser.add_subparsers(dest="command", required=True)
    creating = commands.add_parser("create")
    creating.add_argument("--network", required=True, choices=sorted(seed.NETWORKS))
    commands.add_parser("xpub")
    registering = commands.add_parser("register")
    registering.add_argument("--vault", required=True, help="descriptor with its checksum")
    registering.add_argument("--house", required=True, help="Ed25519 public key, hexadecimal")
    serving = commands.add_parser("serve")
    serving.add_argument("--socket", type=Path)
    serving.add_argument("--group", type=int, help="who else may connect")
    return parser.parse_args(argv)


def main() -> int:
    """Run one command; the answer is the exit status."""
    given = arguments()
    listener = None
    if given.command == "create" and given.user is not None and not given.folder.exists():
        given.folder.mkdir(mode=0o700)
        os.chown(given.folder, given.user, given.user)
    try:
        if given.command == "serve" and given.socket:
            listener = _listen(given.socket, given.user, given.group)
        confine(given.user)
        passphrase = sys.stdin.buffer.readline(PASSPHRASE_BYTES_MAX)
        if not passphrase.endswith(b"\n"):
            raise PassphraseMissing("one line is expected")
        _run(given, passphrase.rstrip(b"\r\n"), listener)
    except Coded as said:
        _say({"refused": {"code": said.code, "detail": said.detail}})
        return 3 if isinstance(said, Alarm) else 1
    finally:
        if listener is not None:
            listener.close()
            with suppress(OSError):  # its folder may be root's; the next start replaces it
                given.socket.unlink()
    return 0


def _run(given: argparse.Namespace, passphrase: bytes, listener: socket.socket | None) -> None:
    if given.command == "create":
        _say({"xpub": seed.create(given.folder, passphrase, given.network).xpub})
        return
    account = seed.open_account(given.folder, passphrase)
    del passphrase
    if given.command == "xpub":
        _say({"xpub": account.xpub})
    elif given.command == "register":
        _say({"registered": register(given.folder, account, given.vault, given.house).vault})
    else:
        registration = registered(given.folder, account)
        with Book(given.folder) as book:
            desk = Desk(account, registration, book)
            if listener is None:
                _serve(desk, sys.stdin.buffer, sys.stdout.buffer)
            else:
                _say({"listening": str(given.socket)})
                _serve_socket(desk, listener)


def _listen(path: Path, user: int | None, group: int | None) -> socket.socket:
    """Open the socket; as root still, who may give it to another user and group.

    Raises:
        SocketUnusable: Another program answers there, or it is no place for a socket.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        if path.is_socket():
            _require_silent(path)
            path.unlink()
        listener.bind(str(path))
        if user is not None or group is not None:
            owner = -1 if user is None else user
            os.chown(path, owner, owner if group is None else group)
        if group is not None:
            path.chmod(0o660)
    except OSError as wrong:
        listener.close()
        raise SocketUnusable(f"{path}: {wrong}") from wrong
    finally:
        os.umask(mask)
    listener.listen()
    return listener


def _require_silent(path: Path) -> None:
    """Check that nobody listens at `path`; a signer that was killed leaves its socket behind.

    Raises:
        OSError: Somebody does.
    """
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe,
        suppress(ConnectionRefusedError),
    ):
        probe.connect(str(path))
        raise OSError(errno.EADDRINUSE, "another program listens there")


def _serve(desk: Desk, requests: BinaryIO, answers: BinaryIO) -> None:
    for line in lines(requests):
        answer, done = desk.answer(line)
        print(done, file=sys.stderr, flush=True)  # noqa: T201 - the log of a program of its own
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _serve_socket(desk: Desk, listener: socket.socket) -> None:
    """Serve one connection after the other until standard input closes."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 4096):
                return
            if listener in ready:
                _serve_connection(desk, listener)


def _serve_connection(desk: Desk, listener: socket.socket) -> None:
    try:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(IDLE_S_MAX)
            with connection.makefile("rb") as requests, connection.makefile("wb") as answers:
                _serve(desk, requests, answers)
    except OSError as gone:
        # The other side went away or fell silent; the next may be better.
        print(f"connection lost: {type(gone).__name__}", file=sys.stderr, flush=True)  # noqa: T201 - the log of a program of its own


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - the answer on standard output


if __name__ == "__main__":
    raise SystemExit(main())
