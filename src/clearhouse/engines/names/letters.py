"""Letters as small numbers, and how like two of them sound or look.

A letter is 1 to 26, a digit 27 to 36; 0 marks the edge of a word. Costs are in quarters of an edit:
what one writer takes for the other, when he hears it or copies it from a screen, costs less.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

UInt8s = NDArray[np.uint8]
UInt64s = NDArray[np.uint64]
Bools = NDArray[np.bool_]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

EDIT: Final = 4  # what an edit costs that nothing excuses
LETTERS: Final = "\0abcdefghijklmnopqrstuvwxyz0123456789"
CODES: Final = bytes(max(0, LETTERS.find(chr(code))) for code in range(256))

# How a name is written: in Latin letters, in another script, or in one without vowels. Of two names
# that are compared the greater decides what costs.
LATIN, FOREIGN, HOLLOW = range(3)

# Two writers put down the same sound in these ways, the more so where it comes from another script:
# quarters of an edit in Latin letters and from another script. After the romanisations in use for
# Arabic, Cyrillic, Hangul and Han (BGN/PCGN, ISO 9, ICAO 9303, McCune-Reischauer, Wade-Giles).
SOUNDS: Final = (
    ("iy ck cq kq sz vw", 2, 1),
    ("ae ai ao au ei eo eu io iu ou ey ay uy wu wo gk gj cs cz bp dt fv bv kx jy jz ij cj", 3, 2),
    ("lr mn fp", 4, 3),
)
READ_LONG: Final = ("wu", "wo", "wv", "ye", "yi")
LOOKS: Final = "0o 1i 1l 3e 4a 5s 6g 6b 7t 8b 9g"

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Have numba compile a function when it is first called, and keep what it made."""
    made: Any = njit(cache=True, nogil=True)(function)
    return cast("F", made)


def coded(text: str) -> bytes:
    """Number the letters of ASCII `text`; what is neither letter nor digit is 0."""
    return text.encode("ascii").translate(CODES)


def _swaps() -> UInt8s:
    costs = np.full((3, len(LETTERS), len(LETTERS)), EDIT, np.uint8)
    for pairs, latin, foreign in (*SOUNDS, (LOOKS, 2, 2)):
        for here, there in (coded(pair) for pair in pairs.split()):
            costs[LATIN, here, there] = costs[LATIN, there, here] = latin
            costs[FOREIGN:, here, there] = costs[FOREIGN:, there, here] = foreign
    # Which vowel it is, a script without vowels leaves to the reader.
    for pair in ("ae", "ai", "ao", "au", "ei", "eo", "eu", "io", "iu", "ou", *READ_LONG):
        here, there = coded(pair)
        costs[HOLLOW, here, there] = costs[HOLLOW, there, here] = 1
    for same in range(len(LETTERS)):
        costs[:, same, same] = 0
    return costs


def _gaps() -> UInt8s:
    costs = np.full((3, len(LETTERS)), EDIT, np.uint8)
    costs[LATIN, list(coded("hy"))] = 3
    costs[FOREIGN, list(coded("aeiouw"))] = 3
    costs[FOREIGN:, list(coded("hy"))] = 2
    costs[HOLLOW, list(coded("w"))] = 2
    costs[HOLLOW, list(coded("aeiou"))] = 1
    return costs


def _classes() -> UInt8s:
    classes = np.zeros(len(LETTERS), np.uint8)
    for group in ("kgqc", "szj", "bpf", "dt", "l", "r", "m", "n"):
        classes[list(coded(group))] = coded(group)[0]
    classes[27:] = np.arange(27, len(LETTERS))
    return classes


# Tables that the compiled loops read; costs first by how the names are written.
SWAP: Final = _swaps()  # shape (3, 37, 37): one letter for the other
GAP: Final = _gaps()  # shape (3, 37): a letter too many
TWICE: Final = np.array([2, 1, 0], np.uint8)  # a letter that is the one before it
CLASS: Final = _classes()  # shape (37,): what a letter is in a skeleton; 0 for none
VOWEL: Final = np.isin(np.arange(len(LETTERS)), list(coded("aeiouy")))
