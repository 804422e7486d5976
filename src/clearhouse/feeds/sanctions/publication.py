"""What is known of an edition from outside its lists: `publication.json`.

    {"list": "UN-SC", "published_at": "2026-03-02T06:00:00Z",
     "files": {"un.xml": "<SHA-256 in hexadecimal>"},
     "format": "un-xml",
     "received": {"un.xml": {"sha256": "<SHA-256>", "whole": true, ...}}}

`files` are those that somebody vouches for, by their hash. `format` is that of a file whose name
does not say its format. `received` is written by what fetched the files: the hash says which file
it is, and `whole` whether the server told how long it is, and it is. At least one file is named in
`files` or in `received`; `format` and `received` may be missing.

What a file is in is never guessed from its content.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from clearhouse.feeds.sanctions.refusals import (
    EditionsMixed,
    FileMissing,
    PublicationMalformed,
    PublicationMissing,
)

PUBLICATION: Final = "publication.json"
PUBLICATION_BYTES_MAX: Final = 1 << 20
HASH_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
FILE_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
WALLET_FILE: Final = re.compile(r"sanctioned_addresses_(?P<asset>[A-Z0-9]{2,12})\.txt", re.ASCII)


class Format(StrEnum):
    """How a list is written."""

    OFAC_CSV = "ofac-csv"  # the legacy files, which refer to each other
    OFAC_XML = "ofac-advanced-xml"
    UN_XML = "un-xml"
    EU_XML = "eu-xml"  # export format 1.1
    EU_CSV = "eu-csv"  # export format 1.1
    UK_CONLIST = "uk-conlist"  # OFSI's consolidated list, format of 2022
    UK_LIST = "uk-sanctions-list"  # FCDO's list
    SIMPLE_CSV = "opensanctions-simple"
    FTM_JSON = "ftm-json"  # FollowTheMoney, an object a line
    WALLETS = "wallets"  # an address a line


# The names that publishers give their files.
NAMED: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "sdn.csv": Format.OFAC_CSV,
        "alt.csv": Format.OFAC_CSV,
        "add.csv": Format.OFAC_CSV,
        "sdn_comments.csv": Format.OFAC_CSV,
        "cons_prim.csv": Format.OFAC_CSV,
        "cons_alt.csv": Format.OFAC_CSV,
        "cons_add.csv": Format.OFAC_CSV,
        "cons_comments.csv": Format.OFAC_CSV,
        "sdn_advanced.xml": Format.OFAC_XML,
        "cons_advanced.xml": Format.OFAC_XML,
        "consolidated.xml": Format.UN_XML,
        "xmlFullSanctionsList_1_1.xml": Format.EU_XML,
        "csvFullSanctionsList_1_1.csv": Format.EU_CSV,
        "ConList.csv": Format.UK_CONLIST,
        "UK-Sanctions-List.csv": Format.UK_LIST,
        "targets.simple.csv": Format.SIMPLE_CSV,
        "entities.ftm.json": Format.FTM_JSON,
    }
)
# Those that a `format` may name: one file each, whatever it is called.
ONE_FILE: Final = frozenset(Format) - {Format.OFAC_CSV, Format.WALLETS}


def named_format(file: str) -> Format | None:
    """The format that a file's name says."""
    return Format.WALLETS if WALLET_FILE.fullmatch(file) else NAMED.get(file)


@dataclass(frozen=True, slots=True)
class Publication:
    """What is known of an edition from outside its files."""

    name: str
    published_at: datetime
    files: Mapping[str, str]  # SHA-256 in hexadecimal of the files that it vouches for, by name
    format: Format | None = None  # of files whose name does not say it
    received: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of what was fetched
    whole: frozenset[str] = frozenset()  # of those received, the ones that came whole

    def format_of(self, file: str) -> Format | None:
        """How a file is written; None where nothing says that it is a list."""
        told = file in self.files or file in self.received
        return named_format(file) or (self.format if told else None)

    def hash_of(self, file: str) -> str | None:
        """The hash that a file must have."""
        return self.files.get(file) or self.received.get(file)

    def vouches_for(self, file: str) -> bool:
        """Whether a file with its hash is known to be whole, whatever is in it."""
        return file in self.files or file in self.whole


def read_publication(folder: Path) -> Publication:
    """Read what `folder` says of itself.

    Raises:
        FileMissing, PublicationMissing, PublicationMalformed: It says nothing, or not as it should.
    """
    path = folder / PUBLICATION
    if not path.is_file():
        raise PublicationMissing(f"{folder.name} has no {PUBLICATION}: say when it was published")
    try:
        with path.open("rb") as opened:
            said = json.loads(opened.read(PUBLICATION_BYTES_MAX))
        name, files = said["list"], said.get("files", {})
        published_at = datetime.fromisoformat(said["published_at"])
        received, form = said.get("received", {}), said.get("format")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PublicationMalformed(f"{PUBLICATION}: {error!r:.200}") from error
    if not isinstance(name, str) or not name.isprintable() or not name.strip():
        raise PublicationMalformed(f"{PUBLICATION}: list is a name")
    if published_at.tzinfo is None:
        raise PublicationMalformed(f"{PUBLICATION}: published_at has no zone: write ...Z")
    for table in (files, received):
        if not isinstance(table, dict):
            raise PublicationMalformed(f"{PUBLICATION}: files is a table of hashes")
    if not files and not received:
        raise PublicationMalformed(f"{PUBLICATION}: it names no file")
    said_of = {file: _received(file, one) for file, one in received.items()}
    publication = Publication(
        name,
        _in_utc(published_at),
        files,
        _format(form),
        {file: digest for file, (digest, _) in said_of.items()},
        frozenset(file for file, (_, whole) in said_of.items() if whole),
    )
    _check_files(publication)
    return publication


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise PublicationMalformed(f"{PUBLICATION}: {error}") from error


def _format(said: Any) -> Format | None:
    if said is None:
        return None
    if not isinstance(said, str) or said not in {str(one) for one in ONE_FILE}:
        known = ", ".join(sorted(ONE_FILE))
        raise PublicationMalformed(f"{PUBLICATION}: format {said!r:.40} is none of {known}")
    return Format(said)


def _received(file: str, said: Any) -> tuple[str, bool]:
    if not isinstance(said, dict) or not isinstance(said.get("whole"), bool):
        raise PublicationMalformed(f"{PUBLICATION}: received {file[:64]!r} has sha256 and whole")
    return said.get("sha256", ""), said["whole"]


def _check_files(publication: Publication) -> None:
    tables: tuple[Mapping[str, object], ...] = (publication.files, publication.received)
    for file in {**publication.files, **publication.received}:
        named = FILE_FORM.fullmatch(file) is not None and file != PUBLICATION
        if not named or publication.format_of(file) is None:
            raise PublicationMalformed(
                f"{PUBLICATION}: {file[:64]!r} is no file of a list, by its name; or name a format"
            )
        for digest in (table[file] for table in tables if file in table):
            if not (isinstance(digest, str) and HASH_FORM.fullmatch(digest)):
                raise PublicationMalformed(f"{PUBLICATION}: no SHA-256 of {file}", file=file)


def list_files(folder: Path, publication: Publication) -> list[str]:
    """The files of an edition: those that are named, and those in the folder that are lists."""
    if not folder.is_dir():
        raise FileMissing(f"no folder {folder.name}", file=folder.name)
    found = {path.name for path in folder.iterdir() if named_format(path.name)}
    return sorted({*found, *publication.files, *publication.received})


def check_together(folder: Path, publication: Publication) -> None:
    """Refuse files that the publication does not know of."""
    known = {*publication.files, *publication.received}
    if strangers := [file for file in list_files(folder, publication) if file not in known]:
        raise EditionsMixed(f"{strangers[0]} is not named in {PUBLICATION}", file=strangers[0])
