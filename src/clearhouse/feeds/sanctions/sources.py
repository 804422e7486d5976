"""Where a house's lists come from: `lists.toml`.

    [[list]]
    name = "OFAC-SDN"
    every_hours = 6                      # how often it is asked for; 6 if not said
    format = "ofac-advanced-xml"         # of one file whose name does not say it
    hosts = ["files.example"]            # to which an answer may send on
    [list.files]
    "sdn_advanced.xml" = "https://lists.example/sdn_advanced.xml"

What is named here adds lists; none that the core asks for is taken away by leaving it out, since
the gate then stops when what stands in the folder has aged.
"""

import os
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from clearhouse.feeds.sanctions.fetching import Source, SourceMalformed, check_source
from clearhouse.feeds.sanctions.publication import Format

SOURCES_MAX = 64
EVERY_HOURS, EVERY_HOURS_MAX = 6, 24


@dataclass(frozen=True, slots=True)
class Fetched:
    """A list that is fetched again and again."""

    source: Source
    every: timedelta


def read_sources(path: Path) -> tuple[Fetched, ...]:
    """Read where lists come from; without a file it is nowhere.

    Raises:
        SourceMalformed: It does not say it.
    """
    if not os.path.lexists(path):
        return ()
    try:
        found = tuple(map(_fetched, _rows(tomllib.loads(path.read_text("utf-8")))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise SourceMalformed(f"{path.name}: {trouble!r:.300}") from trouble
    names = [one.source.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise SourceMalformed(f"{path.name} has two sources of {name}", list=name)
    return found


def _rows(said: dict[str, Any]) -> list[dict[str, Any]]:
    rows = said.pop("list")
    if said or not isinstance(rows, list) or len(rows) > SOURCES_MAX:
        raise ValueError(f"up to {SOURCES_MAX} tables [[list]], and nothing else")
    return rows


def _fetched(row: dict[str, Any]) -> Fetched:
    name, files = row.pop("name"), row.pop("files")
    hours, hosts = row.pop("every_hours", EVERY_HOURS), row.pop("hosts", [])
    format = row.pop("format", None)
    if row:
        raise ValueError(f"a list has no {', '.join(sorted(row))}")
    if type(hours) is not int or not 1 <= hours <= EVERY_HOURS_MAX:
        raise ValueError(f"every_hours: from 1 to {EVERY_HOURS_MAX}")
    texts = [name, *files, *files.values(), *hosts]
    if not isinstance(hosts, list) or not all(isinstance(one, str) for one in texts):
        raise ValueError("a name, files by their names, hosts: all of them texts")
    source = Source(name, files, Format(format) if format is not None else None, tuple(hosts))
    check_source(source)
    return Fetched(source, timedelta(hours=hours))
