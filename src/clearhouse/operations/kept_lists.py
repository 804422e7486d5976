"""Editions of sanctions lists, kept by their version: what a decision was screened against."""

import gzip
import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from clearhouse.core.canonical import canonical, instant
from clearhouse.core.editions import entity_of, written
from clearhouse.core.screening import ListedWallet, SanctionsList
from clearhouse.operations.house import House
from clearhouse.store.files import ArchiveDamaged, keep


def keep_list(house: House, edition: SanctionsList) -> None:
    """Keep an edition, if it is not kept yet."""
    path = _path(house, edition.version)
    if path.exists():
        return
    content = {
        "name": edition.name,
        "version": edition.version,
        "published_at": instant(edition.published_at),
        "dated_at": instant(edition.dated_at) if edition.dated_at else "",
        "entries": [written(one) for one in edition.entries],
        "wallets": [asdict(one) for one in edition.wallets],
    }
    keep(path, gzip.compress(canonical(content).encode(), mtime=0))


def kept_list(house: House, version: str) -> SanctionsList:
    """Read an edition back.

    Raises:
        ArchiveDamaged: It is not there, or not what it was.
    """
    path = _path(house, version)
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
        dated_at = content.get("dated_at", "")
        found = SanctionsList(
            name=content["name"],
            version=content["version"],
            published_at=datetime.fromisoformat(content["published_at"]),
            entries=tuple(map(entity_of, content["entries"])),
            wallets=tuple(ListedWallet(**one) for one in content["wallets"]),
            dated_at=datetime.fromisoformat(dated_at) if dated_at else None,
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise ArchiveDamaged(f"{path}: {trouble!r}", list=version) from trouble
    if found.version != version:
        raise ArchiveDamaged(f"{path} holds {found.version}", list=version)
    return found


def _path(house: House, version: str) -> Path:
    return house.archive / f"{version}.list"
