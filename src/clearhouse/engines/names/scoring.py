"""Scoring: how closely the words of two names agree, in per mille."""

from typing import Final, NamedTuple

import numpy as np

from clearhouse.engines.names.features import Texts
from clearhouse.engines.names.letters import (
    EDIT,
    GAP,
    SWAP,
    TWICE,
    Int32s,
    Int64s,
    UInt8s,
    coded,
    compiled,
)

EXACT: Final = 1000

# Constants in per mille where they are shares.
WORD_FLOOR: Final = 600  # words less alike than this are two words
SWAPPED: Final = 2500  # a word in the place of another counts so much against the match
UNLIKE: Final = 200  # how much more what is unlike in two words counts
INITIAL: Final = 800  # how much an initial is like the name it may stand for
SOUNDS_SAME: Final = 980  # two spellings that read the same
ABBREVIATED: Final = 970
REGAPPED: Final = 15  # what a gap too many or too few costs a pair of words
SURPLUS_AFTER: Final = 2  # telling words that must agree before a surplus counts less
SURPLUS_SHARE: Final = 250
MALUS_OTHER_GAPS: Final = 20
MALUS_SAME_GAPS: Final = 70
WEIGHT_MAX: Final = 40
WEIGHT_COMMON: Final = 12
JOIN_MAX: Final = 3  # words that may stand for one
JOIN_FLOOR: Final = 800
JOIN_LENGTH: Final = 4  # the shorter has at least 3 letters for 4 of the longer
WHOLE_MAX: Final = 256  # letters of two names that are compared without their gaps
ROWS: Final = WHOLE_MAX + 1  # letters beside their edge
DIGITS: Final = coded("0")[0]
PAIR_MASK: Final = (1 << 20) - 1
WEIGHT_MASK: Final = (1 << 20) - 1


class Side(NamedTuple):
    """One of two names that are compared.

    Attributes:
        letters: Of its words, one after the other.
        bounds: Shape (words + 1,): where each word begins in them.
        word: Its words' numbers in the vocabulary; -1 for one that is not in it.
        sound: The numbers of how they are read aloud; -1 where nothing else is read so.
        group: Words of one group abbreviate one word; 0 for none.
        weight: What each word weighs.
        script: How it is written.
        family: A bit for each word known to be of the family name.
    """

    letters: UInt8s
    bounds: Int32s
    word: Int32s
    sound: Int32s
    group: Int32s
    weight: Int32s
    script: int
    family: np.uint64


@compiled
def side(texts: Texts, name: int, weight: Int32s, unknown: int) -> Side:
    """Make a name ready to be compared.

    Args:
        texts: Where it stands.
        name: Its number there.
        weight: Of the vocabulary's words.
        unknown: What a word weighs that is not in the vocabulary.
    """
    first, stop = texts.first[name], texts.first[name + 1]
    weights = np.empty(stop - first, np.int32)
    for at in range(first, stop):
        weights[at - first] = weight[texts.word[at]] if texts.word[at] >= 0 else unknown
    bounds = texts.word_first[first : stop + 1]
    letters = texts.letters[bounds[0] : bounds[-1]]
    return Side(
        letters,
        bounds - bounds[0],
        texts.word[first:stop],
        texts.sound[first:stop],
        texts.group[first:stop],
        weights,
        texts.script[name],
        texts.family[name],
    )


@compiled
def distance(one: UInt8s, other: UInt8s, script: int, limit: int, rows: Int32s) -> int:
    """What it costs to turn one word into the other, swaps of neighbours allowed.

    Args:
        one: Letters.
        other: Letters.
        script: How the names are written.
        limit: In quarters of an edit; beyond it the answer is only that it is beyond.
        rows: Shape (3, letters + 1) at least: for the function's own use.
    """
    rows[1, 0] = 0
    for at in range(len(other)):
        rows[1, at + 1] = rows[1, at] + _gap(other, at, script)
    before, last, now = 0, 1, 2
    least_before = 0
    for i in range(len(one)):
        gap = _gap(one, i, script)
        rows[now, 0] = least = rows[last, 0] + gap
        for j in range(len(other)):
            cost = rows[last, j] + SWAP[script, one[i], other[j]]
            cost = min(cost, rows[last, j + 1] + gap)
            cost = min(cost, rows[now, j] + _gap(other, j, script))
            if i and j and one[i] == other[j - 1] and one[i - 1] == other[j]:
                cost = min(cost, rows[before, j - 1] + EDIT)
            rows[now, j + 1] = cost
            least = min(least, cost)
        if least > limit and least_before + EDIT > limit:  # a swap reaches back two rows
            return limit + 1
        least_before = least
        before, last, now = last, now, before
    return int(rows[last, len(other)])


@compiled
def _gap(word: UInt8s, at: int, script: int) -> int:
    if at and word[at] == word[at - 1]:
        return int(TWICE[script])
    return int(GAP[script, word[at]])


@compiled
def alike(one: UInt8s, other: UInt8s, script: int, floor: int, rows: Int32s) -> int:
    """How alike two words are; 0 below `floor`."""
    longer = EDIT * max(len(one), len(other))
    limit = longer * (EXACT - floor) // EXACT
    cost = distance(one, other, script, limit, rows)
    return 0 if cost > limit else EXACT - EXACT * cost // longer


@compiled
def agreement(one: Side, other: Side, rows: Int32s) -> int:
    """How closely two names agree, in per mille, below `EXACT`; whichever comes first."""
    if _comes_first(other, one):
        one, other = other, one
    script = max(one.script, other.script)
    aligned = _aligned(one, other, script, rows)
    malus = MALUS_SAME_GAPS if len(one.word) == len(other.word) else MALUS_OTHER_GAPS
    whole = 0
    if max(len(one.letters), len(other.letters)) <= WHOLE_MAX:
        floor = max(aligned + malus, WORD_FLOOR)
        if floor < EXACT:
            whole = alike(one.letters, other.letters, script, floor, rows) - malus
    return min(EXACT - 1, max(aligned, whole))


@compiled
def _comes_first(one: Side, other: Side) -> bool:
    """Whether `one` has fewer words or is else the lesser: who asks must not change the answer."""
    if len(one.word) != len(other.word):
        return len(one.word) < len(other.word)
    for at in range(min(len(one.letters), len(other.letters))):
        if one.letters[at] != other.letters[at]:
            return bool(one.letters[at] < other.letters[at])
    return len(one.letters) < len(other.letters)


@compiled
def _aligned(one: Side, other: Side, script: int, rows: Int32s) -> int:
    """Pair the words of two names, closest first, and say how much of their weight agrees."""
    pairs, keys = _pairs(one, other, script, rows)
    free = np.ones(len(one.word), np.bool_)
    other_free = np.ones(len(other.word), np.bool_)
    agreed = paired = telling = 0
    has_family = one.family == 0
    has_other_family = other.family == 0
    for key in np.sort(keys):
        pair = pairs[key & PAIR_MASK]
        likeness, i, count, j, other_count = pair[0], pair[1], pair[2], pair[3], pair[4]
        if not (free[i : i + count].all() and other_free[j : j + other_count].all()):
            continue
        here = there = 0
        for at in range(i, i + count):
            free[at] = False
            paired += one.weight[at]
            agreed += likeness * one.weight[at]
            here += one.weight[at] > WEIGHT_COMMON
            has_family |= (one.family >> np.uint64(at)) & np.uint64(1) > 0
        for at in range(j, j + other_count):
            other_free[at] = False
            paired += other.weight[at]
            agreed += likeness * other.weight[at]
            there += other.weight[at] > WEIGHT_COMMON
            has_other_family |= (other.family >> np.uint64(at)) & np.uint64(1) > 0
        telling += max(here, there) if min(here, there) else 0
    left = (one.weight * free).sum()
    other_left = (other.weight * other_free).sum()
    # A word replaced by another counts in full against the match. Words that only one of them has
    # (a father's name, a second surname, a branch) count less once two telling words agree, one of
    # them of the family name where a list tells which that is.
    swapped, surplus = min(left, other_left), abs(left - other_left)
    is_told = telling >= SURPLUS_AFTER and has_family and has_other_family
    whole = paired * EXACT + swapped * SWAPPED + surplus * (SURPLUS_SHARE if is_told else EXACT)
    return int(agreed * EXACT // max(1, whole))


@compiled
def _pairs(one: Side, other: Side, script: int, rows: Int32s) -> tuple[Int32s, Int64s]:
    """Find which words may be the same, and which stand for several of the other name.

    Returns:
        Likeness, place and count of words on either side; and by what pairs are sorted: the
        closest first, then those that weigh most.
    """
    words, others = len(one.word), len(other.word)
    pairs = np.empty(((2 * JOIN_MAX - 1) * words * others, 5), np.int32)
    keys = np.empty(len(pairs), np.int64)
    found = 0
    best = np.zeros(words, np.int32)
    other_best = np.zeros(others, np.int32)
    for i in range(words):
        for j in range(others):
            likeness = _likeness(one, i, other, j, script, rows)
            if likeness:
                best[i] = max(best[i], likeness)
                other_best[j] = max(other_best[j], likeness)
                found = _noted(pairs, keys, found, likeness, one, i, 1, other, j, 1)
    for count in range(2, JOIN_MAX + 1):
        for i in range(words - count + 1):
            if best[i : i + count].max() < EXACT:
                for j in range(others):
                    likeness = _joined(one, i, count, other, j, 1, other_best[j], script, rows)
                    if likeness:
                        found = _noted(pairs, keys, found, likeness, one, i, count, other, j, 1)
        for j in range(others - count + 1):
            if other_best[j : j + count].max() < EXACT:
                for i in range(words):
                    likeness = _joined(one, i, 1, other, j, count, best[i], script, rows)
                    if likeness:
                        found = _noted(pairs, keys, found, likeness, one, i, 1, other, j, count)
    return pairs[:found], keys[:found]


@compiled
def _noted(
    pairs: Int32s,
    keys: Int64s,
    found: int,
    likeness: int,
    one: Side,
    i: int,
    count: int,
    other: Side,
    j: int,
    other_count: int,
) -> int:
    """Write a pair down; return how many there are."""
    pairs[found, 0] = likeness
    pairs[found, 1], pairs[found, 2] = i, count
    pairs[found, 3], pairs[found, 4] = j, other_count
    weight = one.weight[i : i + count].sum() + other.weight[j : j + other_count].sum()
    keys[found] = ((EXACT - likeness) << 40) | ((WEIGHT_MASK - weight) << 20) | found
    return found + 1


@compiled
def _likeness(one: Side, i: int, other: Side, j: int, script: int, rows: Int32s) -> int:
    """How alike two single words are; 0 where they are two words."""
    if one.word[i] == other.word[j] and one.word[i] >= 0:
        return EXACT
    if one.sound[i] == other.sound[j] and one.sound[i] >= 0:
        return SOUNDS_SAME
    if one.group[i] and one.group[i] == other.group[j]:
        return ABBREVIATED
    here = one.letters[one.bounds[i] : one.bounds[i + 1]]
    there = other.letters[other.bounds[j] : other.bounds[j + 1]]
    if len(here) == 1 or len(there) == 1:
        same = here[0] == there[0] and here[0] < DIGITS and len(here) != len(there)
        return INITIAL if same else 0
    if (here >= DIGITS).all() or (there >= DIGITS).all():
        return 0  # another number is another thing
    return min(SOUNDS_SAME, _strict(alike(here, there, script, WORD_FLOOR, rows)))


@compiled
def _joined(
    one: Side,
    i: int,
    count: int,
    other: Side,
    j: int,
    other_count: int,
    best: int,
    script: int,
    rows: Int32s,
) -> int:
    """How alike some words in a row of one name are to one of the other; 0 if it does better."""
    here = one.letters[one.bounds[i] : one.bounds[i + count]]
    there = other.letters[other.bounds[j] : other.bounds[j + other_count]]
    longer, shorter = max(len(here), len(there)), min(len(here), len(there))
    if best == EXACT or JOIN_LENGTH * shorter < (JOIN_LENGTH - 1) * longer:
        return 0
    likeness = _strict(alike(here, there, script, max(JOIN_FLOOR, best), rows)) - REGAPPED
    return likeness if likeness > best else 0


@compiled
def _strict(likeness: int) -> int:
    """Have what is unlike in two words count for more than its share of letters."""
    return max(0, likeness - (EXACT - likeness) * UNLIKE // EXACT)
