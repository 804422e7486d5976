"""An edition that a decision was made under is read back with all that its list said."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.listings import LISTS, NOW, read

from clearhouse.core.editions import check
from clearhouse.operations.house import House
from clearhouse.operations.kept_lists import keep_list, kept_list
from clearhouse.store.files import ArchiveDamaged


@pytest.mark.parametrize("file", LISTS)
def test_an_edition_is_kept_with_all_that_its_list_says(
    house: House, tmp_path: Path, file: str
) -> None:
    edition = read(tmp_path, {file: LISTS[file]})
    keep_list(house, edition)
    kept = kept_list(house, edition.version)
    assert (kept.entries, kept.wallets) == (edition.entries, edition.wallets)
    assert (kept.name, kept.published_at, kept.dated_at) == (
        edition.name,
        edition.published_at,
        edition.dated_at,
    )
    assert check(edition, kept).is_empty


def test_an_edition_that_was_kept_before_lists_said_so_much_is_read(house: House) -> None:
    said: dict[str, Any] = {
        "name": "OLD",
        "version": "v",
        "published_at": (NOW - timedelta(days=9)).isoformat(),
        "entries": [
            {"number": "1", "kind": "", "names": ["X"], "programmes": ["P"], "countries": []}
        ],
        "wallets": [{"address": "a", "asset": "XBT", "entity": ""}],
    }
    path = house.archive / "v.list"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(said).encode()))
    assert kept_list(house, "v").entries[0].programmes == ("P",)
    for wrong in [{"category": "ship"}, {"births": [["1965", "", False]]}, {"known_as": [["X"]]}]:
        entries = [said["entries"][0] | wrong]
        path.write_bytes(gzip.compress(json.dumps(said | {"entries": entries}).encode()))
        with pytest.raises(ArchiveDamaged):
            kept_list(house, "v")
