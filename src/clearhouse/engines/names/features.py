"""What names are found by: four families of features, each feature a number below `FEATURES`.

    skeleton of a word     its consonants by class, voiced as unvoiced: Tariq, Tarek, طارق
    edges of a word        its first and its last two letters
    trigrams of the name   written without gaps
    trigrams of its skeleton, without gaps

A skeleton has no vowel, no h, v, w or y.
"""

from typing import Final, NamedTuple

import numpy as np

from clearhouse.engines.names.letters import (
    CLASS,
    HOLLOW,
    LETTERS,
    VOWEL,
    Int32s,
    Int64s,
    UInt8s,
    UInt64s,
    coded,
    compiled,
)

SKELETONS: Final = 1 << 18  # more than there are; two that share a number do no harm
TRIGRAMS: Final = len(LETTERS) ** 3
EDGES_AT: Final = SKELETONS
JOINED_AT: Final = EDGES_AT + TRIGRAMS
HOLLOW_AT: Final = JOINED_AT + TRIGRAMS
FEATURES: Final = HOLLOW_AT + TRIGRAMS

BASE: Final = len(LETTERS)
C, J, X = coded("cjx")
SOFTENS: Final = np.isin(np.arange(BASE), list(coded("ehiy")))  # a c before it is no k


class Texts(NamedTuple):
    """Names as arrays; words that a name says twice stand once.

    Attributes:
        first: Shape (names + 1,): where the words of each name begin.
        word_first: Shape (words + 1,): where the letters of each word begin.
        letters: Of all words, one after the other.
        word: Shape (words,): the word's number in the vocabulary; -1 for one that is not in it.
        sound: Shape (words,): the number of how it is read aloud; -1 for what no name has.
        group: Shape (words,): words of one group are ways to abbreviate one word; 0 for none.
        script: Shape (names,): how each name is written.
        family: Shape (names,): a bit for each word known to be of the family name.
    """

    first: Int32s
    word_first: Int32s
    letters: UInt8s
    word: Int32s
    sound: Int32s
    group: Int32s
    script: UInt8s
    family: UInt64s


@compiled
def skeleton(
    letters: UInt8s, start: int, stop: int, is_hollow: bool, out: UInt8s, filled: int
) -> int:
    """Write the skeleton of a word behind what `out` holds; return where it ends now."""
    last = 0
    for at in range(start, stop):
        letter = letters[at]
        after = letters[at + 1] if at + 1 < stop else 0
        found = CLASS[letter]
        if letter == C and SOFTENS[after]:
            found = CLASS[J]
        if letter == J and not VOWEL[after]:
            found = 0
        if found and (found != last or is_hollow):  # there a letter twice had a vowel between
            out[filled] = found
            filled += 1
            if letter == X:
                out[filled] = CLASS[J]
                filled += 1
        last = found
    return filled


@compiled
def _trigrams(letters: UInt8s, count: int, base: int, out: Int32s, filled: int) -> int:
    """Write the trigrams of the first letters, which have a 0 before and behind them."""
    for at in range(count):
        code = (letters[at] * BASE + letters[at + 1]) * BASE + letters[at + 2]
        out[filled] = base + code
        filled += 1
    return filled


@compiled
def features(texts: Texts) -> tuple[Int64s, Int32s]:
    """Find the features of each name.

    Returns:
        Where those of each name begin, and the features: each name's in order, none twice.
    """
    names = len(texts.first) - 1
    first = np.zeros(names + 1, np.int64)
    found = np.empty(
        3 * len(texts.word) + 2 * len(texts.letters) + 4 * names + 2 * len(texts.letters), np.int32
    )
    joined = np.zeros(len(texts.letters) + 2, np.uint8)
    frame = np.zeros(2 * len(texts.letters) + 2, np.uint8)
    filled = 0
    for name in range(names):
        begun = filled
        letters = bones = 1
        for word in range(texts.first[name], texts.first[name + 1]):
            start, stop = texts.word_first[word], texts.word_first[word + 1]
            for at in range(start, stop):
                joined[letters + at - start] = texts.letters[at]
            behind = letters + stop - start
            second = joined[letters + 1] if stop - start > 1 else 0
            before = joined[behind - 2] if stop - start > 1 else 0
            found[filled] = EDGES_AT + joined[letters] * BASE + second
            found[filled + 1] = EDGES_AT + (before * BASE + joined[behind - 1]) * BASE
            filled += 2
            letters = behind
            ended = skeleton(texts.letters, start, stop, texts.script[name] == HOLLOW, frame, bones)
            if ended > bones:
                hashed = 0
                for at in range(bones, ended):
                    hashed = (hashed * 31 + frame[at]) % 1_000_003
                found[filled] = hashed % SKELETONS
                filled += 1
            bones = ended
        if letters > 1:
            joined[letters] = frame[bones] = 0
            filled = _trigrams(joined[1:], letters - 3, JOINED_AT, found, filled)
            filled = _trigrams(frame, bones - 1, HOLLOW_AT, found, filled)
        found[begun:filled].sort()
        kept = begun
        for at in range(begun, filled):
            if at == begun or found[at] != found[at - 1]:
                found[kept] = found[at]
                kept += 1
        filled = kept
        first[name + 1] = filled
    return first, found[:filled].copy()
