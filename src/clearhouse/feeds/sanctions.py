"""Reads sanctions lists: OFAC's legacy CSV files, and wallet lists of one address a line.

An edition of a list is a folder:

    publication.json   {"list": "OFAC-SDN", "published_at": "2026-03-02T06:00:00Z",
                        "files": {"sdn.csv": "<SHA-256 in hexadecimal>", ...}}
    sdn.csv            the primary names; no header, `-0-` for empty
    alt.csv            aliases (optional)
    add.csv            addresses (optional; their countries are kept)
    sdn_comments.csv   remarks too long for sdn.csv (optional)
    sanctioned_addresses_XBT.txt   wallets; the name tells the asset

The CSV files are ASCII (OFAC transliterates) and may be UTF-8; wallet lists are ASCII. A list is
taken whole or refused whole. That a file is whole is told by its hash in publication.json; without
one (OFAC hands out none) by the mark at its end: the byte 0x1A in the CSV files, a line feed in
wallet lists. To everything else a file cut off at the end of a row looks whole.

Aliases of an entry that is not in sdn.csv mean that the files are of two editions, and are refused;
where the publication vouches for both files, such aliases stand as an entry of their own, since
nothing that is listed may be dropped.

The weak aliases that OFAC writes into the remarks ("a.k.a. 'BNC'") are not read: OFAC does not
expect them to be screened for (FAQ 124). Wallets in the remarks are read.

Source: OFAC, "SDN and other lists: data formats and data schemas" (dat_spec.txt).
"""

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Final

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.screening import ListedEntity, ListedWallet, SanctionsList, SkippedLine
from clearhouse.engines.names import fold

PUBLICATION: Final = "publication.json"
FIELDS: Final = {"sdn.csv": 12, "alt.csv": 5, "add.csv": 6, "sdn_comments.csv": 2}
WALLET_FILE: Final = re.compile(r"sanctioned_addresses_(?P<asset>[A-Z0-9]{2,12})\.txt", re.ASCII)
LIST_FILE: Final = re.compile("|".join([*map(re.escape, FIELDS), WALLET_FILE.pattern]), re.ASCII)
FILE_BYTES_MAX: Final = 256 << 20  # the SDN files are some megabytes; all lists together, some tens
END_MARK: Final = b"\x1a"

ADDRESS_FORM = re.compile(r"[A-Za-z0-9:]{20,128}", re.ASCII)
REMARKED_WALLET = re.compile(
    r"Digital Currency Address - (?P<asset>\w{2,12}) (?P<address>\w{20,128})"
)
NUMBER_FORM = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
HASH_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PublicationMissing(Refusal):
    """A list does not say when it was published."""

    code = "list.publication-missing"
    kind = Kind.MALFORMED


class PublicationMalformed(Refusal):
    """A list's publication.json does not have its form."""

    code = "list.publication-malformed"
    kind = Kind.MALFORMED


class FromTheFuture(Refusal):
    """A list is dated after now."""

    code = "list.from-the-future"
    kind = Kind.CONFLICT


class FileMissing(Refusal):
    """A file of a list is missing."""

    code = "list.file-missing"
    kind = Kind.UNKNOWN


class FileEmpty(Refusal):
    """A file of a list has no entry."""

    code = "list.file-empty"
    kind = Kind.MALFORMED


class Truncated(Refusal):
    """A file of a list is cut off, or cannot be shown to be whole."""

    code = "list.truncated"
    kind = Kind.MALFORMED


class HashMismatch(Refusal):
    """A file of a list is not the one that was published."""

    code = "list.hash-mismatch"
    kind = Kind.CONFLICT


class WrongEncoding(Refusal):
    """A file of a list is not in its encoding."""

    code = "list.encoding"
    kind = Kind.MALFORMED


class RowMalformed(Refusal):
    """A row of a list does not have its form."""

    code = "list.row-malformed"
    kind = Kind.MALFORMED


class DuplicateEntity(Refusal):
    """Two entries of a list have the same number."""

    code = "list.duplicate-entity"
    kind = Kind.CONFLICT


class EditionsMixed(Refusal):
    """The files of a list do not belong together."""

    code = "list.editions-mixed"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Publication:
    """What is known of an edition from outside its files."""

    name: str
    published_at: datetime
    files: Mapping[str, str]  # SHA-256 in hexadecimal of the files that it vouches for, by name


def read_list(folder: Path, *, now: datetime) -> SanctionsList:
    """Read the edition in `folder`, as its publication.json describes it.

    Raises:
        PublicationMissing, PublicationMalformed, FromTheFuture, FileMissing, FileEmpty, Truncated,
        HashMismatch, WrongEncoding, RowMalformed, DuplicateEntity, EditionsMixed: The list is not
        taken, not even in part.
    """
    publication = _publication(folder)
    if strangers := sorted(set(_list_files(folder)) - set(publication.files)):
        raise EditionsMixed(f"{strangers[0]} is not named in {PUBLICATION}", file=strangers[0])
    return _read(folder, publication, now)


def read_ofac(
    folder: Path,
    *,
    now: datetime,
    published_at: datetime | None = None,
    vouched: Mapping[str, str] | None = None,
) -> SanctionsList:
    """Read OFAC's SDN list from `folder`, with or without a publication.json.

    Args:
        folder: Holds sdn.csv at least.
        now: The house's clock.
        published_at: When OFAC published it, where no publication.json says so.
        vouched: With `published_at`: SHA-256 in hexadecimal of files whose hash is known from
            elsewhere; a file that lacks its end mark is taken only so.

    Raises:
        As `read_list`.
    """
    if not (folder / "sdn.csv").is_file():
        raise FileMissing(f"{folder.name} has no sdn.csv", file="sdn.csv")
    if published_at is None:
        return read_list(folder, now=now)
    return read_undated(folder, Publication("OFAC-SDN", published_at, vouched or {}), now=now)


def read_undated(folder: Path, publication: Publication, *, now: datetime) -> SanctionsList:
    """Read a list whose folder has no publication.json; refuses as `read_list` does."""
    if (folder / PUBLICATION).exists():
        raise PublicationMalformed(f"{folder.name} has its own {PUBLICATION}: do not date it again")
    return _read(folder, publication, now)


def _list_files(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise FileMissing(f"no folder {folder.name}", file=folder.name)
    return [path.name for path in folder.iterdir() if LIST_FILE.fullmatch(path.name)]


def _publication(folder: Path) -> Publication:
    path = folder / PUBLICATION
    if not path.is_file():
        raise PublicationMissing(f"{folder.name} has no {PUBLICATION}: say when it was published")
    try:
        said = json.loads(path.read_bytes())
        name, files = said["list"], said["files"]
        published_at = datetime.fromisoformat(said["published_at"])
    except (ValueError, KeyError, TypeError) as error:
        raise PublicationMalformed(f"{PUBLICATION}: {error!r}") from error
    if not isinstance(name, str) or not name or not isinstance(files, dict) or not files:
        raise PublicationMalformed(f"{PUBLICATION}: list is a name, files a table of hashes")
    if published_at.tzinfo is None:
        raise PublicationMalformed(f"{PUBLICATION}: published_at has no zone: write ...Z")
    for file, digest in files.items():
        if not LIST_FILE.fullmatch(file):
            raise PublicationMalformed(f"{PUBLICATION}: {file[:64]!r} is no file of a list")
        if not isinstance(digest, str) or not HASH_FORM.fullmatch(digest):
            raise PublicationMalformed(f"{PUBLICATION}: no SHA-256 of {file}", file=file)
    return Publication(name, published_at.astimezone(UTC), files)


def _read(folder: Path, publication: Publication, now: datetime) -> SanctionsList:
    if publication.published_at > now:
        raise FromTheFuture(f"published at {publication.published_at:%FT%TZ}, now {now:%FT%TZ}")
    files = {*_list_files(folder), *publication.files}
    if "sdn.csv" not in files and (not files or not files.isdisjoint(FIELDS)):
        raise FileMissing(f"{folder.name} has no sdn.csv", file="sdn.csv")
    reading = _Reading(publication)
    digest = sha256()
    for file in sorted(files, key=lambda file: (file != "sdn.csv", file)):
        content = _content(folder, file, publication.files.get(file))
        digest.update(f"{sha256(content).hexdigest()}  {file}\n".encode())
        reading.take(file, content)
    return reading.whole(digest.hexdigest())


def _content(folder: Path, file: str, vouched: str | None) -> bytes:
    """The bytes of one file, once it is known to be whole."""
    path = folder / file
    if not path.is_file():
        raise FileMissing(f"{file} is missing from {folder.name}", file=file)
    with path.open("rb") as opened:
        content = opened.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise Truncated(f"{file} is read no further than {FILE_BYTES_MAX} bytes", file=file)
    if not content.strip(b"\r\n\t " + END_MARK):
        raise FileEmpty(f"{file} is empty", file=file)
    if vouched == sha256(content).hexdigest():
        return content
    bare = content.rstrip(b"\r\n")
    if not (bare.endswith(END_MARK) if file in FIELDS else bare != content):
        raise Truncated(f"{file} has no end mark, and no hash vouches for it", file=file)
    if vouched is not None:
        raise HashMismatch(f"{file} is not the file that was published", file=file)
    return content


class _Reading:
    """One edition while it is read, file by file; sdn.csv, where there is one, comes first."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self.primary: dict[str, tuple[str, str, str]] = {}  # number to name, kind, programmes
        self.aliases: defaultdict[str, list[str]] = defaultdict(list)
        self.countries: defaultdict[str, set[str]] = defaultdict(set)
        self.remarks: defaultdict[str, str] = defaultdict(str)
        self.wallets: dict[tuple[str, str], ListedWallet] = {}
        self.skipped: list[SkippedLine] = []
        self.counts = Counter(aliases=0, aliases_without_entity=0)

    def take(self, file: str, content: bytes) -> None:
        """Read one file that is known to be whole."""
        if wallet_file := WALLET_FILE.fullmatch(file):
            self._take_wallets(file, wallet_file["asset"], content)
            return
        line = 0
        for line, row in self._rows(file, content):
            match file:
                case "sdn.csv":
                    self._take_entity(line, row)
                case "alt.csv":
                    self._take_alias(line, row)
                case "add.csv":
                    self._stands(file, row[0])
                    self.countries[row[0]].add(row[4])
                case _:
                    self._stands(file, row[0])
                    self.remarks[row[0]] += row[1]
        if not line:
            raise FileEmpty(f"{file} has no entry", file=file)

    def _rows(self, file: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
        """The rows of a CSV file with the line each ends on; `-0-` is empty."""
        bare = content.rstrip(b"\r\n").removesuffix(END_MARK)
        if END_MARK in bare:
            raise _malformed(file, bare[: bare.index(END_MARK)].count(b"\n") + 1, "an end mark")
        text = _decoded(file, bare, "utf-8-sig")
        rows = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for row in rows:
                line = rows.line_num
                if not "".join(row).strip():
                    self.skipped.append(SkippedLine(file, line, "blank"))
                    continue
                if len(row) != FIELDS[file]:
                    raise _malformed(file, line, f"{len(row)} fields, not {FIELDS[file]}")
                fields = ["" if field.strip() == "-0-" else field.strip() for field in row]
                if not NUMBER_FORM.fullmatch(fields[0]):
                    raise _malformed(file, line, f"{row[0][:32]!r} is no entry's number")
                yield line, fields
        except csv.Error as error:
            raise _malformed(file, rows.line_num, str(error)) from error

    def _take_entity(self, line: int, row: list[str]) -> None:
        number, name, kind, programmes = row[:4]
        if number in self.primary:
            raise DuplicateEntity(f"sdn.csv line {line}: {number} again", entity=number)
        if not fold(name):
            raise _malformed("sdn.csv", line, f"{number} has no name")
        self.primary[number] = name, kind, programmes
        self.remarks[number] += row[11]

    def _take_alias(self, line: int, row: list[str]) -> None:
        number, name = row[0], row[3]
        self.counts["aliases"] += 1
        if not fold(name):
            self.skipped.append(SkippedLine("alt.csv", line, "no name in it"))
            return
        if not self._stands("alt.csv", number):
            self.counts["aliases_without_entity"] += 1
        self.aliases[number].append(name)

    def _stands(self, file: str, number: str) -> bool:
        """Whether sdn.csv has entry `number`; refused where nobody vouches that it need not."""
        if number in self.primary:
            return True
        if not {"sdn.csv", file} <= set(self.publication.files):
            raise EditionsMixed(f"{file} names entry {number}, which sdn.csv lacks", entity=number)
        return False

    def _take_wallets(self, file: str, asset: str, content: bytes) -> None:
        before = len(self.wallets)
        for line, text in enumerate(_decoded(file, content, "ascii").splitlines(), start=1):
            address = text.strip()
            if not address or address.startswith("#"):
                self.skipped.append(SkippedLine(file, line, "blank" if not address else "comment"))
            elif not ADDRESS_FORM.fullmatch(address):
                raise _malformed(file, line, f"{address[:48]!r} is no address")
            elif (asset, address) in self.wallets:
                self.skipped.append(SkippedLine(file, line, "listed before"))
            else:
                self.wallets[asset, address] = ListedWallet(address, asset)
        if len(self.wallets) == before:
            raise FileEmpty(f"{file} has no address", file=file)

    def whole(self, version: str) -> SanctionsList:
        """The edition, once every file is read."""
        for number, remark in self.remarks.items():
            for wallet in REMARKED_WALLET.finditer(remark):
                listed = ListedWallet(wallet["address"], wallet["asset"], number)
                self.wallets[listed.asset, listed.address] = listed
        entries = tuple(
            self._entity(number) for number in sorted({*self.primary, *self.aliases}, key=int)
        )
        self.counts["entities"] = len(self.primary)
        self.counts["names"] = sum(len(entity.names) for entity in entries)
        self.counts["wallets"] = len(self.wallets)
        return SanctionsList(
            name=self.publication.name,
            version=version,
            published_at=self.publication.published_at,
            entries=entries,
            wallets=tuple(self.wallets.values()),
            counts=MappingProxyType(self.counts),
            skipped=tuple(self.skipped),
        )

    def _entity(self, number: str) -> ListedEntity:
        name, kind, programmes = self.primary.get(number, ("", "", ""))
        names = dict.fromkeys(filter(None, [name, *self.aliases[number]]))
        return ListedEntity(
            number=number,
            kind=kind,
            names=tuple(names),
            programmes=tuple(filter(None, programmes.split("] ["))),
            countries=tuple(sorted(self.countries[number] - {""})),
        )


def _malformed(file: str, line: int, trouble: str) -> RowMalformed:
    return RowMalformed(f"{file} line {line}: {trouble}", file=file, line=str(line))


def _decoded(file: str, content: bytes, encoding: str) -> str:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise WrongEncoding(f"{file}: {error}", file=file) from error
    if "\0" in text:
        raise WrongEncoding(f"{file} has zero bytes: UTF-16?", file=file)
    return text
