"""The index itself: blocking by trigrams, scoring by words."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from clearhouse.engines.names.fold import WORD, fold

EXACT: Final = 1000
SURVIVORS: Final = 50
COMMON_SHARE: Final = 33  # 3 %

# The scorer's constants, in per mille where they are shares. Chosen on labelled pairs of names
# (OpenSanctions nomenklatura), where F1 is flat around them; see tests/engines/test_names.py.
WORD_FLOOR: Final = 600  # words less alike than this are two words
INITIAL: Final = 800  # how much an initial is like the name it may stand for
SURPLUS_AFTER: Final = 2  # telling words that must agree before a surplus counts less
SURPLUS_SHARE: Final = 250
MALUS_OTHER_GAPS: Final = 20
MALUS_SAME_GAPS: Final = 50
WEIGHT_MAX: Final = 40
WEIGHT_COMMON: Final = 12
WEIGHED_MIN: Final = 4096

# Words that say little about whose name it is, whatever list they stand in: lines of business,
# places in a name, articles and particles of family names.
COMMON_WORDS = frozenset(
    WORD.findall("""
    abd abdul abu agency al ali association bank bin ben bint center centre commerce commercial
    construction consulting da de del der development di do dos du ed el en energy engineering
    enterprise enterprises establishment export factory finance financial for foundation fund
    general global group holding holdings ibn import in industrial industries industry institute
    international investment investments la le los logistics management marine maritime
    mohamed mohammad mohammed muhammad ministry of oil organization petroleum plant products
    research science scientific services shipping shop store supply systems tech technologies
    technology trade traders trading transport ul und ur van von y
    """)
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A name that the query resembles: its number and the score, in per mille."""

    name: int
    score: int


def _key(folded: str) -> str:
    """The words in alphabetical order: equal for names that differ in order alone."""
    return " ".join(sorted(folded.split()))


def _features(folded: str) -> set[str]:
    """Edge-marked trigrams of each word, and trigrams of the name without gaps."""
    found: set[str] = set()
    for word in folded.split():
        marked = f"^{word}$"
        found.update(marked[at : at + 3] for at in range(len(marked) - 2))
    joined = "#" + folded.replace(" ", "")
    found.update("#" + joined[at : at + 3] for at in range(1, len(joined) - 2))
    return found


def _rarity(total: int, holders: int) -> int:
    """Four times the binary logarithm of total / holders, rounded; at least 1."""
    return max(1, (max(1, total // holders) ** 4).bit_length())


class NameIndex:
    """Many names, made ready to be searched; a name's number is its place in `names`.

    Args:
        names: As they are listed. One that folds to "" is kept and never found.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._folded = [fold(name) for name in names]
        self._joined = [folded.replace(" ", "") for folded in self._folded]
        self._exact: defaultdict[str, list[int]] = defaultdict(list)
        for at, folded in enumerate(self._folded):
            if folded:
                self._exact[_key(folded)].append(at)
        self._holders = Counter(word for folded in self._folded for word in set(folded.split()))
        self._weights = {word: self._weight(word) for word in self._holders}
        self._post()

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
        known: dict[str, list[Hit]] = {}
        answers = []
        for query in queries:
            folded = fold(query)
            if folded not in known:
                known[folded] = self._search(folded, floor)
            answers.append(list(known[folded]))
        return answers

    def same(self, queries: Iterable[str]) -> list[list[Hit]]:
        """Find, for each query, the names that score `EXACT`; one look-up each."""
        keys = (_key(fold(query)) for query in queries)
        return [[Hit(at, EXACT) for at in self._exact.get(key, ())] for key in keys]

    def _search(self, folded: str, floor: int) -> list[Hit]:
        if not folded:
            return []
        scores = dict.fromkeys(self._exact.get(_key(folded), ()), EXACT)
        rest = [at for at in self._survivors(folded) if at not in scores]
        for at, score in zip(rest, self._scores(folded, rest), strict=True):
            if score >= floor:
                scores[at] = score
        hits = [Hit(at, score) for at, score in scores.items()]
        return sorted(hits, key=lambda hit: (-hit.score, hit.name))

    def _weight(self, word: str) -> int:
        """What `word` counts for: how rare it is among the names, from 1 to `WEIGHT_MAX`."""
        # A short list knows too little of what is common, so it is taken for a longer one.
        total = max(len(self._folded), WEIGHED_MIN)
        weight = min(WEIGHT_MAX, _rarity(total, self._holders.get(word, 1)))
        return min(weight, WEIGHT_COMMON) if word in COMMON_WORDS else weight

    def _post(self) -> None:
        """Lay out the postings: for each feature, the numbers of the names that hold it."""
        numbers: dict[str, int] = {}
        features: list[int] = []
        holders: list[int] = []
        for at, folded in enumerate(self._folded):
            # Sorted, since the order of a set of strings differs from run to run.
            found = sorted(_features(folded)) if folded else []
            features += [numbers.setdefault(feature, len(numbers)) for feature in found]
            holders += [at] * len(found)
        feature_of = np.array(features, dtype=np.int64)
        name_of = np.array(holders, dtype=np.int64)
        counts = np.bincount(feature_of, minlength=len(numbers))
        total = max(1, len(self._folded))
        weights = np.array([_rarity(total, int(count)) for count in counts], dtype=np.int64)

        self._features = numbers
        self._feature_weights = weights
        self._feature_is_rare = counts <= max(SURVIVORS, total // COMMON_SHARE)
        self._postings = name_of[np.argsort(feature_of, kind="stable")]
        self._bounds = np.concatenate(([0], np.cumsum(counts)))
        # Exact: sums of small integers, far below 2**53, are exact in the doubles of bincount.
        sums = np.bincount(name_of, weights=weights[feature_of], minlength=len(self._folded))
        self._name_weights = np.maximum(1, sums.astype(np.int64))

    def _survivors(self, folded: str) -> list[int]:
        """The names that share most with the query, by cosine; at most `SURVIVORS`."""
        known = [self._features[name] for name in _features(folded) if name in self._features]
        used = np.array(sorted(known), dtype=np.int64)
        rare = used[self._feature_is_rare[used]]
        # A name made of nothing but common trigrams is looked for by these.
        if 2 * self._feature_weights[rare].sum() >= self._feature_weights[used].sum():
            used = rare
        if not used.size:
            return []
        found = np.concatenate(
            [self._postings[self._bounds[at] : self._bounds[at + 1]] for at in used]
        )
        weights = np.repeat(
            self._feature_weights[used], self._bounds[used + 1] - self._bounds[used]
        )
        shared = np.bincount(found, weights=weights).astype(np.int64)
        closeness = shared * shared * 64 // self._name_weights[: shared.size]
        candidates = np.flatnonzero(closeness)
        # Unique ranks, so that a tie at the edge is not settled by how a partition happens to run.
        ranks = closeness[candidates] * len(self._folded) - candidates
        if candidates.size > SURVIVORS:
            candidates = candidates[np.argpartition(-ranks, SURVIVORS)[:SURVIVORS]]
        return sorted(candidates.tolist())

    def _scores(self, folded: str, survivors: list[int]) -> list[int]:
        """Score the query against each survivor, below `EXACT`."""
        if not survivors:
            return []
        # A word said twice is one word; it also keeps a name of thousands of words affordable.
        words = list(dict.fromkeys(folded.split()))
        others = [list(dict.fromkeys(self._folded[at].split())) for at in survivors]
        alike = _likeness(words, sorted({word for other in others for word in other}))
        weights = [self._weights.get(word) or self._weight(word) for word in words]
        joined = folded.replace(" ", "")
        names = [self._joined[at] for at in survivors]
        distances = cdist([joined], names, scorer=OSA.distance, dtype=np.int32)[0].tolist()
        scores = []
        for other, name, distance in zip(others, names, distances, strict=True):
            aligned = _aligned(
                words, weights, other, [self._weights[word] for word in other], alike
            )
            malus = MALUS_SAME_GAPS if len(other) == len(words) else MALUS_OTHER_GAPS
            whole = EXACT - EXACT * distance // max(len(joined), len(name)) - malus
            scores.append(min(EXACT - 1, max(aligned, whole)))
        return scores


def _likeness(words: list[str], others: list[str]) -> dict[str, list[tuple[int, int]]]:
    """For each of `others`, the places in `words` that it resembles, and by how much."""
    distances = cdist(words, others, scorer=OSA.distance, dtype=np.int32)
    lengths = np.array([len(word) for word in words])[:, None]
    longer = np.maximum(lengths, np.array([len(other) for other in others])[None, :])
    alike = EXACT - EXACT * distances.astype(np.int64) // longer
    alike[alike < WORD_FLOOR] = 0
    found: dict[str, list[tuple[int, int]]] = {other: [] for other in others}
    for place, column in zip(*(axis.tolist() for axis in np.nonzero(alike)), strict=True):
        found[others[column]].append((place, int(alike[place, column])))
    for other in others:
        for place, word in enumerate(words):
            # An initial stands for its name.
            if other != word and 1 in {len(other), len(word)} and other[0] == word[0]:
                found[other].append((place, INITIAL))
    return found


def _aligned(
    words: list[str],
    weights: list[int],
    others: list[str],
    other_weights: list[int],
    alike: dict[str, list[tuple[int, int]]],
) -> int:
    """Pair the words of two names, closest first, and say how much of their weight agrees."""
    pairs = sorted(
        (
            (-likeness, -weights[place] - other_weights[at], place, at)
            for at, other in enumerate(others)
            for place, likeness in alike[other]
        ),
    )
    free, other_free = set(range(len(words))), set(range(len(others)))
    agreed = paired = telling = 0
    for likeness, weight, place, at in pairs:
        if place in free and at in other_free:
            free.remove(place)
            other_free.remove(at)
            agreed += likeness * weight  # both are negative
            paired -= weight
            telling += min(weights[place], other_weights[at]) > WEIGHT_COMMON
    left = sum(weights[place] for place in free)
    other_left = sum(other_weights[at] for at in other_free)
    # A word replaced by another counts in full against the match. Words that only one of them has
    # (a father's name, a second surname, a branch) count less once two telling words agree.
    swapped, surplus = min(left, other_left), abs(left - other_left)
    surplus_share = SURPLUS_SHARE if telling >= SURPLUS_AFTER else EXACT
    whole = (paired + 2 * swapped) * EXACT + surplus * surplus_share
    return agreed * EXACT // whole
