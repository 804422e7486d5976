"""The officers of the three institutions: a program of its own, so that the house knows no secret.

    python -I -m clearhouse.demo.officers FOLDER

It makes each institution's signer, whose passphrase exists in this process alone, and the keys of
two people. It speaks with the house by lines of JSON: first it says the public keys and where the
signers will answer; then it is told the vault and the house's statement key, registers them, starts
the signers and says so. From then on each line asks one of the two to sign a text.
It ends, and the signers with it, when its standard input closes.
"""

import json
import os
import secrets
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from clearhouse.chains.signer.client import launch, order

PEOPLE = 2
INSTITUTIONS = ("ministry", "central-bank", "technology-firm")
USER_FIRST = 61_101  # as root, each signer becomes a user of its own, without any other right


def main(folder: Path) -> None:
    """Hold the ceremony, then keep the signers running."""
    folder.mkdir(parents=True, exist_ok=True)
    # Signers with users of their own must pass through; what is in it stays closed to others.
    folder.chmod(0o711)
    passphrases = {name: secrets.token_urlsafe(32) for name in INSTITUTIONS}
    users: dict[str, int | None] = {
        name: USER_FIRST + number if os.geteuid() == 0 else None
        for number, name in enumerate(INSTITUTIONS)
    }

    def work(name: str, *words: str) -> dict[str, str]:
        return order(folder / name, passphrases[name], *words, user=users[name])

    # Each officer works alone, so all of them at once: sealing a seed takes a second.
    with ThreadPoolExecutor() as officers:
        made = officers.map(lambda name: work(name, "create", "--network", "regtest"), INSTITUTIONS)
        said = {
            name: {"xpub": one["xpub"], "socket": str(folder / f"{name}.sock")}
            for name, one in zip(INSTITUTIONS, made, strict=True)
        }
        keys = [Ed25519PrivateKey.generate() for _ in range(PEOPLE)]
        people = [key.public_key().public_bytes_raw().hex() for key in keys]
        _say({"institutions": said, "people": people})
        told = json.loads(sys.stdin.readline())
        words = ("register", "--vault", told["vault"], "--house", told["house"])
        list(officers.map(lambda name: work(name, *words), INSTITUTIONS))
    with ExitStack() as running, (folder / "signers.log").open("wb") as log:
        for name in INSTITUTIONS:
            socket = folder / f"{name}.sock"
            running.enter_context(
                launch(folder / name, passphrases[name], socket, user=users[name], log=log)
            )
        _say({"ready": True})
        for line in sys.stdin:
            asked = json.loads(line)
            _say({"signature": keys[asked["person"]].sign(asked["text"].encode()).hex()})


def _say(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer), flush=True)  # noqa: T201 - this program's answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
