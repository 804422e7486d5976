"""Sanctions lists of the demo: small and made up, in OFAC's legacy CSV form, dated by the clock."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import Random

from clearhouse.core.canonical import instant
from clearhouse.demo.wallets import Wallet

EMPTY = "-0- "
ENTRIES = (
    ("OSTROVA SHIPPING COMPANY", EMPTY, ("OSTROVA LINES",)),
    ("KORDAVIAN ARMS EXPORT BUREAU", EMPTY, ("KAEB", "KORDAVIAN EXPORT")),
    ("MERIDIAN SHADOW FREIGHT LLC", EMPTY, ()),
    ("VELLIN, Tomas Arvid", "individual", ("VELLIN, Tom",)),
    ("BLACK HERON", "vessel", ("GREY HERON",)),
    ("ZARNOV, Pyotr", "individual", ()),
)


def write_lists(folder: Path, at: datetime, added: Sequence[str], dice: Random) -> None:
    """Write today's edition of each mandatory list.

    Args:
        folder: Of all lists; each has a folder of its own in it.
        at: When it is published.
        added: Names that stand on the list beside the usual ones.
        dice: Draws the wallets.
    """
    entries = [*ENTRIES, *((name.upper(), EMPTY, ()) for name in added)]
    names, aliases = io.StringIO(newline=""), io.StringIO(newline="")
    primary, alternate = (csv.writer(stream) for stream in (names, aliases))
    count = 0
    for number, (name, kind, others) in enumerate(entries, 9001):
        primary.writerow((number, name, kind, "PILOT", *[EMPTY] * 8))
        for other in others:
            count += 1
            alternate.writerow((number, count, "aka", other, EMPTY))
    wallets = "".join(f"{Wallet.of(dice.randbytes(32)).address}\n" for _ in range(5))
    tables = {"sdn.csv": names.getvalue() + "\x1a", "alt.csv": aliases.getvalue() + "\x1a"}
    _publish(folder / "ofac-sdn", "OFAC-SDN", at, tables)
    _publish(folder / "ofac-wallets", "OFAC-WALLETS", at, {"sanctioned_addresses_XBT.txt": wallets})


def _publish(folder: Path, name: str, at: datetime, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    contents = {file: text.encode("ascii") for file, text in texts.items()}
    for file, content in contents.items():
        (folder / file).write_bytes(content)
    hashes = {file: sha256(content).hexdigest() for file, content in contents.items()}
    said = {"list": name, "published_at": instant(at), "files": hashes}
    (folder / "publication.json").write_text(json.dumps(said, indent=2))


def misspelt(name: str) -> str:
    """Write a name as a list might have it: near enough to be held, not the same."""
    at = next(at for at in range(1, len(name) - 1) if name[at].lower() != name[at + 1].lower())
    return f"{name[:at]}{name[at + 1]}{name[at]}{name[at + 2 :]}"
