"""`SignerClient`: how the house asks a signer; and how an institution's officer starts one.

The house has a socket and nothing else:

    SignerClient(Path("run/ministry.sock")).sign(psbt, statement, signature)

The officer has the folder and the passphrase:

    folder, passphrase = Path("ministry"), read_it_from_the_officer()
    xpub = order(folder, passphrase, "create", "--network", "regtest")["xpub"]
    order(folder, passphrase, "register", "--vault", descriptor, "--house", public_key_hex)
    with launch(folder, passphrase, Path("run/ministry.sock")) as signer:
        ...  # the house uses signer.client, or makes its own of the same path

A passphrase goes through a pipe: arguments and environments can be read by others. A signer ends
when its standard input closes, so it does not outlive its officer.
"""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from clearhouse.core import ids
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.statement import Statement, document

ANSWER_S_MAX = 60  # 300 inputs take a second or two
ANSWER_BYTES_MAX = 2**24  # the answer to the largest request has half as many
SIGNED_MAX = 1_000_000
STOP_S_MAX = 10
DETAIL_MAX = 500
TXID_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
# -I: neither the working folder nor PYTHON* variables can put other code into a signer.
PROGRAM = [sys.executable, "-I", "-m", "clearhouse.chains.signer"]
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


class SignerRefused(Refusal):
    """A signer refused; its own code is in the context as `signer_code`."""

    code = "signer.refused"
    kind = Kind.FORBIDDEN


class SignerUnreachable(Refusal):
    """A signer does not answer."""

    code = "signer.unreachable"
    kind = Kind.UNAVAILABLE


class SignerAnswerMalformed(SignerUnreachable):
    """A signer answers what is no answer."""

    code = "signer.answer-malformed"
    kind = Kind.UNAVAILABLE


def _is_signed(row: object) -> bool:
    """Whether a row of an answer is a cycle and a transaction."""
    if not isinstance(row, list) or [type(one) for one in row] != [str, str]:
        return False
    form = ids.ID_FORM.fullmatch(row[0])
    return bool(form and form["prefix"] == "cyc" and TXID_FORM.fullmatch(row[1]))


@dataclass(frozen=True, slots=True)
class SignerClient:
    """The house's side of one signer, at the socket `path`."""

    path: Path

    def sign(self, psbt: str, statement: Statement, signature: str) -> str:
        """Ask for signatures on `psbt`.

        Args:
            psbt: In base64.
            statement: What it pays out.
            signature: The house's, on the statement.

        Returns:
            The PSBT with the signer's signatures added, in base64.

        Raises:
            SignerRefused: It says no; `context["signer_code"]` says why.
            SignerUnreachable: It cannot be reached, or gives no answer in time.
        """
        request = {"psbt": psbt, "statement": document(statement), "signature": signature}
        answer = self.exchange(json.dumps(request).encode() + b"\n")
        signed = _accepted(answer).get("psbt")
        if not isinstance(signed, str):
            raise SignerAnswerMalformed(f"{self.path}: neither a PSBT nor a refusal")
        return signed

    def signed(self) -> list[tuple[str, str]]:
        """All that the signer ever signed, each a cycle and a transaction, in order.

        Raises:
            SignerRefused, SignerUnreachable: As `sign`.
        """
        told: list[tuple[str, str]] = []
        while len(told) < SIGNED_MAX:
            line = json.dumps({"signed_after": len(told)}).encode() + b"\n"
            more = _accepted(self.exchange(line)).get("signed")
            if not isinstance(more, list) or not all(map(_is_signed, more)):
                raise SignerAnswerMalformed(f"{self.path}: it does not say what it signed")
            told += [(cycle, txid) for cycle, txid in more]
            if not more:
                return told
        raise SignerAnswerMalformed(f"{self.path}: more than {SIGNED_MAX:,} batches are signed")

    def exchange(self, line: bytes) -> bytes:
        """Send one line, which ends with a newline, and return the line that answers it.

        Raises:
            SignerUnreachable: It cannot be reached, or gives no answer in time.
        """
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(ANSWER_S_MAX)
                connection.connect(str(self.path))
                connection.sendall(line)
                with connection.makefile("rb") as answers:
                    answer = answers.readline(ANSWER_BYTES_MAX)
        except OSError as wrong:
            raise SignerUnreachable(f"{self.path}: {wrong}") from wrong
        if not answer.endswith(b"\n"):
            raise SignerUnreachable(f"{self.path}: the answer was cut off")
        return answer


@dataclass(frozen=True, slots=True)
class Launched:
    """A signer that runs."""

    client: SignerClient
    pid: int


def order(
    folder: Path, passphrase: str, *arguments: str, user: int | None = None
) -> dict[str, Any]:
    """Have a signer's program do one thing, as the officer: create, xpub or register.

    Args:
        folder: The signer's own.
        passphrase: One line; it goes through a pipe.
        arguments: The command and its options.
        user: Whom the program becomes; only root can ask for it.

    Raises:
        SignerRefused: It says no.
        SignerUnreachable: It ended without an answer.
    """
    done = subprocess.run(
        _command(folder, user, *arguments),
        input=passphrase.encode() + b"\n",
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        check=False,
    )
    return _accepted(done.stdout)


@contextmanager
def launch(
    folder: Path,
    passphrase: str,
    path: Path,
    *,
    user: int | None = None,
    group: int | None = None,
    log: IO[bytes] | None = None,
) -> Iterator[Launched]:
    """Run a signer that answers at the socket `path`, and end it on leaving.

    Args:
        folder: The signer's own.
        passphrase: One line; it goes through a pipe.
        path: Where the house finds the socket; not in the signer's folder, which is closed to it.
        user: Whom the program becomes; only root can ask for it.
        group: Who besides the user may connect; only root can ask for a group of others.
        log: Where one line for each request goes; None is this process's standard error.

    Raises:
        SignerRefused: It does not start: the passphrase, the folder or the registration is wrong.
        SignerUnreachable: It ended without an answer.
    """
    options = ["--socket", str(path)]
    if group is not None:
        options += ["--group", str(group)]
    process = subprocess.Popen(
        _command(folder, user, "serve", *options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=ENVIRONMENT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError):  # it ended before it asked; what it says tells why
            process.stdin.write(passphrase.encode() + b"\n")
            process.stdin.flush()
        _accepted(process.stdout.readline())
        yield Launched(SignerClient(path), process.pid)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.communicate(timeout=STOP_S_MAX)  # closes its standard input: that ends it
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _command(folder: Path, user: int | None, *arguments: str) -> list[str]:
    options = [] if user is None else ["--user", str(user)]
    return [*PROGRAM, str(folder), *options, *arguments]


def _accepted(line: bytes) -> dict[str, Any]:
    """Read an answer.

    Raises:
        SignerRefused, SignerUnreachable: It is a refusal, or no answer.
    """
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise SignerUnreachable("it ended without an answer") from wrong
    if not isinstance(answer, dict):
        raise SignerAnswerMalformed("an object is expected")
    if refused := answer.get("refused"):
        if not isinstance(refused, dict):
            raise SignerAnswerMalformed("a refusal has a code and a detail")
        # What it says is shown and kept: half a surrogate pair, or a megabyte, cannot be.
        code, detail = (
            str(refused.get(name)).encode("utf-8", "replace").decode()[:DETAIL_MAX]
            for name in ("code", "detail")
        )
        raise SignerRefused(f"{code}: {detail}", signer_code=code)
    return answer
