"""The index itself: names by number, and what a search and a change of the list do."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from clearhouse.engines.names.features import FEATURES, Texts, features
from clearhouse.engines.names.fold import Reading, fold, read
from clearhouse.engines.names.letters import Int32s, Int64s, coded, compiled
from clearhouse.engines.names.postings import (
    SURVIVORS,
    WEIGHED_MIN,
    Postings,
    among,
    numbered,
    posted,
    rarity,
    survivors,
)
from clearhouse.engines.names.scoring import (
    EXACT,
    ROWS,
    WEIGHT_COMMON,
    WEIGHT_MAX,
    agreement,
    side,
)
from clearhouse.engines.names.words import COMMON_WORDS, GROUP, sound

LETTERS_MAX: Final = 64  # of a word; those behind them are not compared
WORDS_MAX: Final = 64  # of a name; those behind them are not compared
BATCH: Final = 4096  # queries searched in one call


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that the query resembles: its number and the score, in per mille."""

    name: int
    score: int


class NameIndex:
    """Many names, made ready to be searched; a name's number is its place in `names`.

    Args:
        names: As they are listed. One that folds to "" is kept and never found.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._numbers = {word: at for at, word in enumerate(sorted(COMMON_WORDS))}
        self._sounds: dict[str, int] = {}
        self._keys: list[str] = []
        self._exact: defaultdict[str, list[int]] = defaultdict(list)
        self._alive = np.zeros(0, np.bool_)
        self._texts = _texts([], {}, {})
        self._feature_numbers = np.full(FEATURES, -1, np.int32)
        self._feature_count = 0
        self._feature_first = np.zeros(1, np.int64)
        self._features = np.zeros(0, np.int32)
        self.change(names, ())

    def change(self, added: Sequence[str], removed: Collection[int]) -> range:
        """Take names in and out; all others keep their numbers.

        Every answer is afterwards what an index made anew of the names that are left would give,
        but for the numbers, whose order is the same.

        Args:
            added: As they are listed.
            removed: Numbers of names that stand in the index.

        Returns:
            The numbers of those added, in order.
        """
        for at in removed:
            self._take_out(at)
        began = len(self._keys)
        readings = [read(name) for name in added]
        for at, reading in enumerate(readings, began):
            self._keys.append(_key(reading.folded))
            if reading.folded:
                self._exact[self._keys[at]].append(at)
                for word in reading.folded.split():
                    self._numbers.setdefault(word, len(self._numbers))
                    self._sounds.setdefault(sound(word[:LETTERS_MAX]), len(self._sounds))
        texts = _texts(readings, self._numbers, self._sounds)
        first, found = features(texts)
        self._feature_count = numbered(found, self._feature_numbers, self._feature_count)
        self._texts = _after(self._texts, texts)
        self._feature_first = np.concatenate(
            [self._feature_first, self._feature_first[-1] + first[1:]]
        )
        self._features = np.concatenate([self._features, found])
        self._alive = np.concatenate([self._alive, np.ones(len(readings), np.bool_)])
        self._weigh()
        return range(began, len(self._keys))

    def search(self, queries: Iterable[str], floor: int) -> list[list[Hit]]:
        """Find, for each query, the names that score at least `floor`.

        Args:
            queries: Names as they are written; equal ones cost once.
            floor: Per mille, from 1 to `EXACT`.

        Returns:
            The hits of each query in the order of the queries; best first, then by number. Those
            that score `EXACT` are complete; of the others at most `SURVIVORS`.
        """
        assert 1 <= floor <= EXACT
        return self._found(queries, floor, self._postings)

    def near(self, queries: Sequence[str]) -> list[list[int]]:
        """Tell, for each query, the names that are scored at all, the closest first."""
        texts = _texts([read(query) for query in queries], self._numbers, self._sounds)
        first, wanted = features(texts)
        shared, touched = np.zeros((2, len(self._keys)), np.int32)
        return [
            survivors(wanted[start:stop], self._postings, shared, touched).tolist()
            for start, stop in pairwise(first)
        ]

    def rescore(
        self, queries: Iterable[str], names: Collection[int], floor: int
    ) -> list[list[Hit]]:
        """Find, for each query, what `search` finds of some names: of those that have changed.

        It looks at these names alone first, and searches all only for a query that one of them
        resembles.
        """
        assert 1 <= floor <= EXACT
        chosen = np.zeros(len(self._keys), np.bool_)
        chosen[list(names)] = True
        chosen &= self._alive
        asked = list(queries)
        # Whoever survives among all names survives among fewer.
        few = among(self._postings, self._feature_first, self._features, chosen)
        answers: list[list[Hit]] = [[] for _ in asked]
        near = [
            at
            for at, hits in enumerate(self._found(asked, floor, few))
            if any(chosen[hit.name] for hit in hits)
        ]
        whole = self._found([asked[at] for at in near], floor, self._postings)
        for at, hits in zip(near, whole, strict=True):
            answers[at] = [hit for hit in hits if chosen[hit.name]]
        return answers

    def same(self, queries: Iterable[str]) -> list[list[Hit]]:
        """Find, for each query, the names that score `EXACT`; one look-up each."""
        keys = (_key(fold(query)) for query in queries)
        return [[Hit(at, EXACT) for at in self._exact.get(key, ())] for key in keys]

    def _take_out(self, at: int) -> None:
        assert self._alive[at]
        self._alive[at] = False
        key = self._keys[at]
        if key:
            self._exact[key].remove(at)
            if not self._exact[key]:
                del self._exact[key]

    def _weigh(self) -> None:
        """Weigh words and features by how many of the names have them now."""
        self._postings = posted(
            self._feature_numbers,
            self._feature_count,
            self._feature_first,
            self._features,
            self._alive,
        )
        words = self._texts.word[np.repeat(self._alive, np.diff(self._texts.first))]
        holders = np.bincount(words, minlength=len(self._numbers))
        total = max(int(self._alive.sum()), WEIGHED_MIN)
        weights = np.minimum(WEIGHT_MAX, rarity(total, holders))
        common = weights[: len(COMMON_WORDS)]
        common[:] = np.minimum(WEIGHT_COMMON, common)
        self._weights = weights.astype(np.int32)
        self._unknown = min(WEIGHT_MAX, int(rarity(total, np.ones(1, np.int64))[0]))

    def _found(self, queries: Iterable[str], floor: int, posted: Postings) -> list[list[Hit]]:
        readings = [read(query) for query in queries]
        asked = list(dict.fromkeys(readings))
        known: dict[Reading, list[Hit]] = {}
        for at in range(0, len(asked), BATCH):
            batch = asked[at : at + BATCH]
            known |= zip(batch, self._scored(batch, floor, posted), strict=True)
        return [list(known[reading]) for reading in readings]

    def _scored(self, asked: list[Reading], floor: int, posted: Postings) -> list[list[Hit]]:
        texts = _texts(asked, self._numbers, self._sounds)
        first, wanted = features(texts)
        bounds, names, scores = _searched(
            texts, first, wanted, posted, self._texts, self._weights, self._unknown, floor
        )
        answers = []
        for at, reading in enumerate(asked):
            here = slice(bounds[at], bounds[at + 1])
            found = dict(zip(names[here].tolist(), scores[here].tolist(), strict=True))
            if reading.folded:
                found |= dict.fromkeys(self._exact.get(_key(reading.folded), ()), EXACT)
            hits = [Hit(name, score) for name, score in found.items()]
            answers.append(sorted(hits, key=lambda hit: (-hit.score, hit.name)))
        return answers


def _key(folded: str) -> str:
    """The words in alphabetical order: equal for names that differ in order alone."""
    return " ".join(sorted(folded.split()))


def _texts(readings: Sequence[Reading], numbers: dict[str, int], sounds: dict[str, int]) -> Texts:
    """Lay names out as arrays, by the numbers of words and sounds known so far."""
    words = [list(dict.fromkeys(reading.folded.split()))[:WORDS_MAX] for reading in readings]
    every = [word for name in words for word in name]
    letters = [coded(word[:LETTERS_MAX]) for word in every]
    family = [
        sum(1 << at for at, word in enumerate(name) if word in reading.family)
        if reading.family
        else 0
        for name, reading in zip(words, readings, strict=True)
    ]
    return Texts(
        np.fromiter(accumulate(map(len, words), initial=0), np.int32, len(words) + 1),
        np.fromiter(accumulate(map(len, letters), initial=0), np.int32, len(every) + 1),
        np.frombuffer(b"".join(letters), np.uint8).copy(),
        np.array([numbers.get(word, -1) for word in every], np.int32),
        np.array([sounds.get(sound(word[:LETTERS_MAX]), -1) for word in every], np.int32),
        np.array([GROUP.get(word, 0) for word in every], np.int32),
        np.array([reading.script for reading in readings], np.uint8),
        np.array(family, np.uint64),
    )


def _after(texts: Texts, more: Texts) -> Texts:
    """Write more names behind others."""
    return Texts(
        np.concatenate([texts.first, texts.first[-1] + more.first[1:]]),
        np.concatenate([texts.word_first, texts.word_first[-1] + more.word_first[1:]]),
        np.concatenate([texts.letters, more.letters]),
        np.concatenate([texts.word, more.word]),
        np.concatenate([texts.sound, more.sound]),
        np.concatenate([texts.group, more.group]),
        np.concatenate([texts.script, more.script]),
        np.concatenate([texts.family, more.family]),
    )


@compiled
def _searched(
    asked: Texts,
    first: Int64s,
    wanted: Int32s,
    posted: Postings,
    names: Texts,
    weight: Int32s,
    unknown: int,
    floor: int,
) -> tuple[Int64s, Int32s, Int32s]:
    """Search one query after another.

    Returns:
        Where the hits of each query begin; the names; their scores.
    """
    queries = len(asked.first) - 1
    bounds = np.zeros(queries + 1, np.int64)
    found = np.empty(SURVIVORS * queries, np.int32)
    scores = np.empty(len(found), np.int32)
    shared = np.zeros(len(names.first) - 1, np.int32)
    touched = np.empty(len(shared), np.int32)
    rows = np.empty((3, ROWS), np.int32)
    hits = 0
    for query in range(queries):
        near = survivors(wanted[first[query] : first[query + 1]], posted, shared, touched)
        if len(near):
            one = side(asked, query, weight, unknown)
            for name in near:
                score = agreement(one, side(names, name, weight, unknown), rows)
                if score >= floor:
                    found[hits], scores[hits] = name, score
                    hits += 1
        bounds[query + 1] = hits
    return bounds, found[:hits], scores[:hits]
