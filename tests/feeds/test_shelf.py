"""A folder of lists is read again where its files are others, and only there."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clearhouse.core.errors import Refusal
from clearhouse.core.screening import Screens
from clearhouse.demo import lists
from clearhouse.feeds.shelf import Shelf

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_the_same_files_are_read_once(tmp_path: Path) -> None:
    lists.write_lists(tmp_path, NOW - HOUR)
    shelf = Shelf(tmp_path, lambda: NOW)
    before = shelf()
    lists.write_lists(tmp_path, NOW - HOUR)  # to the byte
    again = shelf()
    assert [one is two for one, two in zip(before, again, strict=True)] == [True, True]

    lists.write_lists(tmp_path, NOW - HOUR, ["A Firm"])
    changed = shelf()
    assert [one is two for one, two in zip(before, changed, strict=True)] == [False, True]
    assert changed[0].version != before[0].version

    lists.write_lists(tmp_path, NOW, ["A Firm"])  # published again
    assert [one.published_at for one in shelf()] == [NOW, NOW]


def test_what_was_read_once_is_refused_as_before(tmp_path: Path) -> None:
    lists.write_lists(tmp_path, NOW - HOUR)
    clock = [NOW]
    shelf = Shelf(tmp_path, lambda: clock[0])
    shelf()
    clock[0] = NOW - DAY
    with pytest.raises(Refusal) as refused:
        shelf()
    assert refused.value.code == "list.from-the-future"
    clock[0] = NOW
    file = tmp_path / "ofac-sdn" / "sdn.csv"
    whole = file.read_bytes()
    file.write_bytes(whole[:-40])
    with pytest.raises(Refusal):
        shelf()
    file.write_bytes(whole)
    assert len(shelf()) == 2
    (tmp_path / "ofac-sdn" / "publication.json").write_text(json.dumps({}))
    with pytest.raises(Refusal):
        shelf()


def test_a_screen_is_made_once_for_the_same_lists_and_bounds(tmp_path: Path) -> None:
    lists.write_lists(tmp_path, NOW - HOUR)
    shelf, screens = Shelf(tmp_path, lambda: NOW), Screens()
    first = screens.in_force(shelf(), NOW, DAY, 760)
    assert screens.in_force(shelf(), NOW + HOUR, DAY, 760) is first
    assert screens.in_force(shelf(), NOW, DAY, 700) is not first
    lists.write_lists(tmp_path, NOW - HOUR, ["A Firm"])
    second = screens.in_force(shelf(), NOW, DAY, 760)
    assert {one.version for one in second.lists} != {one.version for one in first.lists}
    with pytest.raises(Refusal) as refused:
        screens.in_force(shelf(), NOW + 2 * DAY, DAY, 760)
    assert refused.value.code == "screening.list-stale"
