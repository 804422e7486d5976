"""Reads sanctions lists, each as its publisher writes it, into one form.

An edition of a list is a folder with its files and a `publication.json` (`publication` says how it
is written). `read_list` takes such a folder and answers with a `SanctionsList`; a list is taken
whole or refused whole. `opening` says what vouches that a file is whole.

    ofac-csv               sdn.csv, alt.csv, add.csv, sdn_comments.csv; cons_prim.csv, ...
    ofac-advanced-xml      sdn_advanced.xml, cons_advanced.xml
    un-xml                 consolidated.xml
    eu-xml, eu-csv         xmlFullSanctionsList_1_1.xml, csvFullSanctionsList_1_1.csv
    uk-conlist             ConList.csv
    uk-sanctions-list      UK-Sanctions-List.csv
    opensanctions-simple   targets.simple.csv
    ftm-json               entities.ftm.json
    wallets                sanctioned_addresses_XBT.txt: the name tells the asset

An edition is of one format; wallet lists may stand beside another.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from clearhouse.core.screening import SanctionsList
from clearhouse.feeds.sanctions import ofac_csv
from clearhouse.feeds.sanctions.eu import take_eu_csv, take_eu_xml
from clearhouse.feeds.sanctions.ftm_json import take_ftm
from clearhouse.feeds.sanctions.ofac_csv import OfacFiles
from clearhouse.feeds.sanctions.ofac_xml import take_ofac
from clearhouse.feeds.sanctions.opening import opened
from clearhouse.feeds.sanctions.publication import (
    PUBLICATION,
    Format,
    Publication,
    check_together,
    list_files,
    read_publication,
)
from clearhouse.feeds.sanctions.reading import Reading
from clearhouse.feeds.sanctions.refusals import (
    EditionsMixed,
    FileEmpty,
    FileMissing,
    FromTheFuture,
    PublicationMalformed,
)
from clearhouse.feeds.sanctions.simple_csv import take_simple
from clearhouse.feeds.sanctions.uk_csv import take_conlist, take_uk_list
from clearhouse.feeds.sanctions.un_xml import take_un
from clearhouse.feeds.sanctions.wallet_lists import take_wallets

__all__ = [
    "PUBLICATION",
    "Format",
    "Publication",
    "read_list",
    "read_ofac",
    "read_publication",
    "read_undated",
]

# Who reads a format that is one file.
READERS: Final[Mapping[Format, Callable[[Reading, str, BinaryIO], None]]] = MappingProxyType(
    {
        Format.OFAC_XML: take_ofac,
        Format.UN_XML: take_un,
        Format.EU_XML: take_eu_xml,
        Format.EU_CSV: take_eu_csv,
        Format.UK_CONLIST: take_conlist,
        Format.UK_LIST: take_uk_list,
        Format.SIMPLE_CSV: take_simple,
        Format.FTM_JSON: take_ftm,
    }
)


def read_list(folder: Path, *, now: datetime) -> SanctionsList:
    """Read the edition in `folder`, as its publication.json describes it.

    Raises:
        PublicationMissing, PublicationMalformed, FromTheFuture, FileMissing, FileEmpty, Truncated,
        HashMismatch, WrongEncoding, RowMalformed, MarkupForbidden, DuplicateEntity,
        EditionsMixed: The list is not taken, not even in part.
    """
    publication = read_publication(folder)
    check_together(folder, publication)
    return _read(folder, publication, now)


def read_ofac(
    folder: Path,
    *,
    now: datetime,
    published_at: datetime | None = None,
    vouched: Mapping[str, str] | None = None,
) -> SanctionsList:
    """Read OFAC's SDN list from its legacy files, with or without a publication.json.

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


def _read(folder: Path, publication: Publication, now: datetime) -> SanctionsList:
    if publication.published_at > now:
        raise FromTheFuture(f"published at {publication.published_at:%FT%TZ}, now {now:%FT%TZ}")
    formats = _formats(folder, publication)
    reading, version = Reading(publication, now), sha256()
    legacy = OfacFiles(reading) if Format.OFAC_CSV in formats.values() else None
    for file in sorted(formats, key=lambda file: (not ofac_csv.first(file), file)):
        with opened(folder, file, formats[file], publication) as (stream, digest):
            version.update(f"{digest}  {file}\n".encode())
            match formats[file]:
                case Format.OFAC_CSV:
                    assert legacy is not None
                    legacy.take(file, stream.read())
                case Format.WALLETS:
                    take_wallets(reading, file, stream.read())
                case format:
                    READERS[format](reading, file, stream)
                    if not reading.entries and not reading.wallets:
                        raise FileEmpty(f"{file} has no entry", file=file)
    if legacy is not None:
        legacy.finish()
    return reading.whole(version.hexdigest())


def _formats(folder: Path, publication: Publication) -> dict[str, Format]:
    """How each file of an edition is written.

    Raises:
        FileMissing: There is none, or not the one that the others refer to.
        EditionsMixed: They are of two formats, or two files of one that has one.
    """
    files = list_files(folder, publication)
    formats = {file: form for file in files if (form := publication.format_of(file))}
    if not formats:
        raise FileMissing(f"{folder.name} has no file of a list", file=folder.name)
    ofac_csv.check_primary(folder.name, set(formats))
    whole = [file for file, form in formats.items() if form in READERS]
    if len(whole) > 1 or (whole and Format.OFAC_CSV in formats.values()):
        raise EditionsMixed(f"{whole[-1]} stands beside another list", file=whole[-1])
    return formats
