"""Screening: queries a second over many names, changes of a list, and what slips are seen through.

Entities and queries are drawn from seeds; the constants of the engine were chosen on seeds below
100, so judge by others. `--quality` asks what is found of each class of slips (`recall`), what the
first step lets through to the second (`blocked`), and how many hits a query has that names nobody
listed (`false`); with CLEARHOUSE_DATA also labelled pairs, and the names of the UN's list in their
original scripts.
"""

import argparse
import csv
import gzip
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from defusedxml import ElementTree
from rapidfuzz import fuzz, process, utils

from bench.slips import LATIN, NATIVE, PERSONAL
from clearhouse.core.screening import REVIEW_AT
from clearhouse.demo.names import Named, drawn
from clearhouse.engines.names import NameIndex

QUERIES: Final = 1000
PEER_QUERIES: Final = 20
DELTA: Final = 500  # entities
CLASS_QUERIES: Final = 500
FOLDS, ROUNDS = 10, 20
DATA: Final = Path(os.environ.get("CLEARHOUSE_DATA", Path(__file__).parents[2] / "shared" / "data"))


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--size", type=int, default=100_000, help="entities, parties")
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--quality", action="store_true", help="what is found, not how fast")
    parser.add_argument("--queries", type=int, default=CLASS_QUERIES, help="of each class")


def run(given: argparse.Namespace) -> Iterator[str]:
    """Measure speed, or quality."""
    entities = drawn(given.size, given.seed)
    names = [name for entity in entities for name in entity.names]
    NameIndex(names[:100]).search(names[:3], REVIEW_AT)  # what numba compiles once
    if given.quality:
        yield from _quality(entities, given.seed, given.queries)
        yield from _labelled()
        yield from _scripts()
    else:
        yield from _speed(entities, names, given.seed)


def _speed(entities: list[Named], names: list[str], seed: int) -> Iterator[str]:
    begun = time.process_time()
    index = NameIndex(names)
    yield f"screening.names {len(names)}"
    yield f"screening.build_s {time.process_time() - begun:.2f} s"
    dice = Random(seed + 1)
    queries = _asked(entities, dice, QUERIES)
    each = [_timed(partial(index.search, [query], REVIEW_AT)) for query in queries]
    yield f"screening.per_s {len(queries) / sum(each):.0f} queries/s"
    yield f"screening.p50_ms {1000 * np.percentile(each, 50):.2f} ms"
    yield f"screening.p99_ms {1000 * np.percentile(each, 99):.2f} ms"
    few = queries[:PEER_QUERIES]
    peer = _timed(lambda: _peer(few, names)) / len(few)
    yield f"screening.ratio {peer * len(queries) / sum(each):.0f} of WRatio's {peer:.2f} s a query"
    coming = [name for entity in drawn(DELTA // 2, seed + 2) for name in entity.names]
    going = dice.sample(range(len(names)), len(coming))
    changed: list[range] = []
    taken = _timed(lambda: changed.append(index.change(coming, going)))
    yield f"screening.delta_s {taken:.3f} s, {len(coming)} names in and {len(going)} out"
    parties = [entity.native for entity in drawn(len(entities), seed + 3)]
    parties[: len(coming) // 2] = coming[: len(coming) // 2]
    found: list[int] = []
    taken = _timed(
        lambda: found.append(sum(map(bool, index.rescore(parties, list(changed[0]), REVIEW_AT))))
    )
    yield f"screening.rescore_s {taken:.2f} s, {len(parties)} parties, {found[0]} of them held"


def _timed(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _peer(queries: Sequence[str], names: Sequence[str]) -> None:
    ready = [utils.default_process(name) for name in names]
    begun = time.process_time()
    for query in queries:
        process.extract(
            utils.default_process(query), ready, scorer=fuzz.WRatio, limit=50, score_cutoff=80
        )
    assert time.process_time() > begun


def _asked(entities: Sequence[Named], dice: Random, count: int) -> list[str]:
    """Queries as a house has them: most name nobody listed, some do with a slip."""
    strangers = drawn(count // 2, dice.randrange(1 << 30))
    listed = dice.sample(entities, count - len(strangers))
    slips = list(LATIN.values())
    return [
        *(entity.native for entity in strangers),
        *(dice.choice(slips)(entity.names[0], dice) for entity in listed),
    ]


def _quality(entities: list[Named], seed: int, count: int) -> Iterator[str]:
    names = [name for entity in entities for name in entity.names]
    owner = np.repeat(np.arange(len(entities)), [len(entity.names) for entity in entities])
    index = NameIndex(names)
    dice = Random(seed + 1)
    strangers = drawn(max(4 * count, 1000), seed + 2)
    for slip in (*LATIN, *NATIVE):
        wanted = _queries(entities, slip, count, dice)
        queries = [query for _, query in wanted]
        near = index.near(queries)
        blocked = sum(at in owner[close] for (at, _), close in zip(wanted, near, strict=True))
        found = index.search(queries, REVIEW_AT)
        right = sum(
            at in {int(owner[hit.name]) for hit in hits}
            for (at, _), hits in zip(wanted, found, strict=True)
        )
        nobody = [query for _, query in _queries(strangers, slip, count, dice)]
        wrong = sum(map(len, index.search(nobody, REVIEW_AT)))
        yield f"recall.{slip} {right / max(1, len(wanted)):.3f}"
        yield f"blocked.{slip} {blocked / max(1, len(wanted)):.3f} among 50"
        yield f"false.{slip} {wrong / max(1, len(nobody)):.3f} hits a query"


def _queries(
    entities: Sequence[Named], slip: str, count: int, dice: Random
) -> list[tuple[int, str]]:
    """Which entities are asked for, and how."""
    if slip in NATIVE:
        fitting = [at for at, entity in enumerate(entities) if entity.script == slip]
    elif slip in PERSONAL:
        fitting = [at for at, entity in enumerate(entities) if entity.kind == "person"]
    else:
        fitting = list(range(len(entities)))
    chosen = dice.sample(fitting, min(count, len(fitting)))
    if slip in NATIVE:
        return [(at, entities[at].native) for at in chosen]
    return [(at, LATIN[slip](dice.choice(entities[at].names), dice)) for at in chosen]


def _labelled() -> Iterator[str]:
    """F1 on labelled pairs, each judged by the threshold that is best for the others."""
    path = DATA / "names" / "labelled-pairs.csv"
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    labels = np.array([row["is_match"] == "true" for row in rows])
    ours = pair_scores([(row["name1"], row["name2"]) for row in rows])
    theirs = [
        round(10 * fuzz.WRatio(row["name1"], row["name2"], processor=utils.default_process))
        for row in rows
    ]
    f1, peer = (_cross_validated(np.array(scores), labels) for scores in (ours, theirs))
    yield f"f1 {f1:.4f} on {len(rows)} labelled pairs"
    yield f"f1.ratio {f1 / peer:.3f} of WRatio's {peer:.4f}"


def pair_scores(pairs: Sequence[tuple[str, str]]) -> list[int]:
    """Score pairs in one index of all second names, so that words weigh as they would there."""
    every = list(dict.fromkeys(second for _, second in pairs))
    answers = NameIndex(every).search([first for first, _ in pairs], 1)
    return [
        max((hit.score for hit in hits if every[hit.name] == second), default=0)
        for (_, second), hits in zip(pairs, answers, strict=True)
    ]


def _cross_validated(scores: np.ndarray, labels: np.ndarray) -> float:
    """F1 over all pairs, in ten folds, the mean of twenty ways to fold."""
    total = 0.0
    for seed in range(ROUNDS):
        order = np.random.default_rng(seed).permutation(len(scores))
        called = np.zeros(len(scores), bool)
        for fold in range(FOLDS):
            judged = order[fold::FOLDS]
            rest = np.setdiff1d(order, judged)
            called[judged] = scores[judged] >= _best(scores[rest], labels[rest])
        total += _f1(called, labels)
    return total / ROUNDS


def _best(scores: np.ndarray, labels: np.ndarray) -> int:
    floors = np.unique(scores)
    return int(max(floors, key=lambda floor: (_f1(scores >= floor, labels), -floor)))


def _f1(called: np.ndarray, labels: np.ndarray) -> float:
    return float(2 * (called & labels).sum() / max(1, called.sum() + labels.sum()))


def _scripts() -> Iterator[str]:
    """Names of the UN's list in their original script, asked among its Latin ones and OFAC's."""
    un, ofac = DATA / "sanctions/un/consolidated.xml.gz", DATA / "sanctions/ofac/sdn.csv"
    if not (un.exists() and ofac.exists()):
        return
    with gzip.open(un) as opened:
        root = ElementTree.fromstring(opened.read())
    names: list[str] = []
    owner: list[int] = []
    wanted: list[tuple[int, str]] = []
    for at, entry in enumerate(root.iter("INDIVIDUAL")):
        parts = [entry.findtext(f"{part}_NAME") for part in ("FIRST", "SECOND", "THIRD", "FOURTH")]
        latin = [" ".join(part.strip() for part in parts if part)]
        latin += [text for alias in entry.iter("ALIAS_NAME") if (text := alias.text)]
        names += latin
        owner += [at] * len(latin)
        original = (entry.findtext("NAME_ORIGINAL_SCRIPT") or "").strip()
        if any("\u0600" <= char <= "\u06ff" for char in original):
            wanted.append((at, original))
    with ofac.open(encoding="latin-1", newline="") as listed:
        others = [row[1] for row in csv.reader(listed) if len(row) > 1]
    owners = np.array(owner + [-1] * len(others))
    index = NameIndex(names + others)
    queries = [query for _, query in wanted]
    near, found = index.near(queries), index.search(queries, REVIEW_AT)
    blocked = sum(at in owners[close] for (at, _), close in zip(wanted, near, strict=True))
    right = sum(
        at in {int(owners[hit.name]) for hit in hits}
        for (at, _), hits in zip(wanted, found, strict=True)
    )
    yield f"recall.un-arabic {right / len(wanted):.3f} of {len(wanted)}, among {len(owners)} names"
    yield f"blocked.un-arabic {blocked / len(wanted):.3f}"
