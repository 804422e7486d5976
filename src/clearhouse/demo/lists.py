"""Sanctions lists of the demo: made up, in OFAC's legacy CSV form, dated by the clock.

A list has as many entries as the core asks of it at least: most are vessels whose names are no
words of any language, so that no firm of the demo resembles one.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from random import Random

from embit.bech32 import encode

from clearhouse.core.canonical import instant
from clearhouse.core.screening import COUNTS_MIN

EMPTY = "-0- "
ENTRIES = (
    ("OSTROVA SHIPPING COMPANY", EMPTY, ("OSTROVA LINES",)),
    ("KORDAVIAN ARMS EXPORT BUREAU", EMPTY, ("KAEB", "KORDAVIAN EXPORT")),
    ("MERIDIAN SHADOW FREIGHT LLC", EMPTY, ()),
    ("VELLIN, Tomas Arvid", "individual", ("VELLIN, Tom",)),
    ("BLACK HERON", "vessel", ("GREY HERON",)),
    ("ZARNOV, Pyotr", "individual", ()),
)


Entry = tuple[int, str, str, tuple[str, ...]]  # number, name, kind, aliases
FIRST, FIRST_FILLER = 9001, 1001  # the numbers of the first entries
CONSONANTS, VOWELS = "bdgkmprtvz", "aiou"


def _fillers() -> Iterator[str]:
    """Names of vessels that nobody else is called as: the same ones each time."""
    dice = Random("vessels")

    def word() -> str:
        return "".join(dice.choice(CONSONANTS) + dice.choice(VOWELS) for _ in range(3)).upper()

    while True:
        yield f"{word()} {word()}"


def _wallets() -> Iterator[str]:
    """Addresses whose keys nobody has: the same ones each time."""
    for number in count(1):
        yield encode("bcrt", 0, sha256(f"listed wallet {number}".encode()).digest()[:20])


FILLERS = tuple(islice(_fillers(), COUNTS_MIN["OFAC-SDN"]))
WALLETS = tuple(islice(_wallets(), COUNTS_MIN["OFAC-WALLETS"]))


def write_lists(
    folder: Path, at: datetime, added: Sequence[str] = (), wallets: Sequence[str] = ()
) -> None:
    """Write today's edition of each mandatory list.

    Args:
        folder: Of all lists; each has a folder of its own in it.
        at: When it is published.
        added: Names that stand on the list beside the usual ones.
        wallets: Addresses that do.
    """
    fillers = ((name, "vessel", ()) for name in FILLERS)
    entries: list[Entry] = [(number, *one) for number, one in enumerate(fillers, FIRST_FILLER)]
    more = [*ENTRIES, *((name.upper(), EMPTY, ()) for name in added)]
    entries += [(number, *entry) for number, entry in enumerate(more, FIRST)]
    names, aliases = io.StringIO(newline=""), io.StringIO(newline="")
    primary, alternate = (csv.writer(stream) for stream in (names, aliases))
    of_alias = count(1)
    for number, name, kind, others in entries:
        primary.writerow((number, name, kind, "PILOT", *[EMPTY] * 8))
        for other in others:
            alternate.writerow((number, next(of_alias), "aka", other, EMPTY))
    tables = {"sdn.csv": names.getvalue() + "\x1a", "alt.csv": aliases.getvalue() + "\x1a"}
    _publish(folder / "ofac-sdn", "OFAC-SDN", at, tables)
    lines = "".join(f"{address}\n" for address in (*WALLETS, *wallets))
    _publish(folder / "ofac-wallets", "OFAC-WALLETS", at, {"sanctioned_addresses_XBT.txt": lines})


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
