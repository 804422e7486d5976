"""The bundle of a day, for the institutions."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clearhouse.core import merkle
from clearhouse.operations import books
from clearhouse.operations.publish.evidence import Evidence, headers_from
from clearhouse.operations.publish.period import Period, Published, json_lines
from clearhouse.operations.salted import Salted
from clearhouse.store.bundles import Writer


def publish_day(
    period: Period, path: Path, advance: Callable[[int], None], since: int | None = None
) -> Published:
    """Write the bundle of a period.

    Args:
        period: What it is about.
        path: Where to; a file that is there is replaced once the new one is whole.
        advance: Is told how many entries were written.
        since: From which height to show headers: of the block that readers trust.

    Raises:
        ArchiveDamaged: What it must show was not kept.
        NoRail, Unreachable: The chain is not there to be asked.
    """
    house, evidence = period.house, Evidence()

    def entries() -> Iterator[bytes]:
        for count, entry in enumerate(period.entries(), 1):
            evidence.take(entry)
            yield period.shown(entry)
            advance(count)

    with Writer(path) as writer:
        writer.add("entries", entries())
        writer.add("frontier", _hashes(merkle.frontier(period.nodes, period.first - 1)))
        growth = merkle.consistency_proof(period.nodes, period.last, period.size)
        writer.add("growth", _hashes(growth))
        writer.add("closings", period.closed())
        writer.add("opening", _opening(period))
        writer.add("standing", _lines(books.lines_of(house, period.closing.books)))
        evidence.rates |= _newest_rates(period)
        earlier = evidence.earlier(house)
        writer.add("earlier", map(period.proved, earlier))
        writer.add("tapes", json_lines(evidence.tapes(house, earlier)))
        writer.add("labels", _labels(evidence, period))
        transactions = evidence.transactions(house)
        begin = headers_from(transactions, since)
        writer.add("transactions", json_lines(transactions))
        writer.add(
            "headers", house.rail.chain.headers(begin) if transactions or since is not None else ()
        )
        manifest = period.manifest("day", "", begin)
        writer.seal(manifest, period.origin, house.log.key)
    return Published(path, "day", period.first, period.last, period.size)


def _hashes(found: list[bytes]) -> Iterator[bytes]:
    return json_lines([{"hash": one.hex()} for one in found])


def _opening(period: Period) -> Iterator[bytes]:
    if period.before is None:
        return iter(())
    return _lines(books.lines_of(period.house, period.before.books))


def _newest_rates(period: Period) -> set[str]:
    """The newest rate of each currency when the period began: by it invoices may be left out."""
    if period.before is None:
        return set()
    lines = books.lines_of(period.house, period.before.books).lines
    found = [json.loads(line) for line in lines if '"standing":"rate"' in line]
    return {one["rate"] for one in found}


def _lines(found: Salted, **more: Any) -> Iterator[bytes]:
    """Salted lines: the line as text, for its bytes are what is hashed."""
    for line, salt in zip(found.lines, found.salts, strict=True):
        yield from json_lines([{**more, "line": line, "salt": salt.hex()}])


def _labels(evidence: Evidence, period: Period) -> Iterator[bytes]:
    for id, found in evidence.labels(period.house):
        yield from _lines(found, cycle=id)
