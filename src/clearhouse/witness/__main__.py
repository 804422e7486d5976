"""The witness's program, whose answers are lines of JSON.

    python -I -m clearhouse.witness FOLDER init NAME          make its key; print its public one
    python -I -m clearhouse.witness FOLDER trust VKEY         follow the log that signs with it
    python -I -m clearhouse.witness FOLDER serve HOST:PORT    answer over HTTP, until SIGTERM
    python -I -m clearhouse.witness FOLDER cosign             a request on standard input, once

A request on standard input is {"checkpoint": note, "old": n, "proof": [base64, ...]}: the head that
the house signed, and the proof (RFC 9162) that it grew out of the one of n entries, which must be
the last that this witness cosigned; 0 if there is none. The answer is {"name": ..., "cosignature":
base64, "size": n}. Whatever is refused is {"refused": {"code": ..., "detail": ...}} and exit 1.
"""

import base64
import json
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clearhouse.core.errors import Coded
from clearhouse.core.note import parse_verifier
from clearhouse.witness import RequestMalformed, Witness, init
from clearhouse.witness.server import listen

LINE_BYTES_MAX = 2**20


def read_request(line: str) -> tuple[str, int, list[bytes]]:
    """Read a request.

    Raises:
        RequestMalformed: It has another form.
    """
    try:
        said = json.loads(line)
        proof = [base64.b64decode(one, validate=True) for one in said["proof"]]
        checkpoint, old = said["checkpoint"], said["old"]
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise RequestMalformed("a JSON object of checkpoint, old and proof is expected") from wrong
    of_form = isinstance(checkpoint, str) and type(old) is int
    if not of_form or said.keys() != {"checkpoint", "old", "proof"}:
        raise RequestMalformed("a JSON object of checkpoint, old and proof is expected")
    return checkpoint, old, proof


def main(words: list[str]) -> Iterator[dict[str, Any]]:
    """Do what a command line says; answers JSON objects.

    Raises:
        RequestMalformed: It says nothing that a witness does.
        Coded: As the witness.
    """
    match words:
        case [folder, "init", name]:
            init(Path(folder), name)
            yield {"verifier": Witness(Path(folder), _clock).verifier.encode()}
        case [folder, "trust", log]:
            Witness(Path(folder), _clock).trust(parse_verifier(log))
            yield {"trusted": log}
        case [folder, "serve", place]:
            with listen(Witness(Path(folder), _clock), place) as server:
                for one in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(one, lambda *_: sys.exit(0))
                yield {"listening": server.place}
                server.serve_forever()
        case [folder, "cosign"]:
            asked = read_request(sys.stdin.read(LINE_BYTES_MAX))
            head, (name, blob) = Witness(Path(folder), _clock).cosign(*asked)
            signed = base64.b64encode(blob).decode()
            yield {"name": name, "cosignature": signed, "size": head.size}
        case _:
            said = "FOLDER init NAME, trust VKEY, serve HOST:PORT or cosign is expected"
            raise RequestMalformed(said)


def _clock() -> datetime:
    return datetime.now(UTC)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - this program's answer


if __name__ == "__main__":
    try:
        for answer in main(sys.argv[1:]):
            _say(answer)
    except Coded as trouble:
        _say({"refused": {"code": trouble.code, "detail": trouble.detail}})
        sys.exit(1)
