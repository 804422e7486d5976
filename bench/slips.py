# ruff: noqa: RUF001 - letters of other scripts that look alike are what is drawn
"""Slips and disguises: what becomes of a name on its way from a list to a payment."""

from collections.abc import Callable
from random import Random
from typing import Final

from clearhouse.demo.names import happens

LONG: Final = 14  # letters; a name of as many has two slips
KEYS: Final = "abcdefghijklmnopqrstuvwxyz"
INVISIBLE: Final = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202e\u034f"
LOOK_ALIKES: Final = {
    "a": "аαａ𝐚", "b": "𝑏ｂ", "c": "сｃ𝒄", "e": "еｅ𝐞", "h": "һｈ", "i": "іｉ𝗂", "j": "јｊ",
    "k": "κｋ", "m": "ｍ𝐦", "n": "ｎ𝗇", "o": "оοօ", "p": "рρｐ", "r": "ｒ𝐫", "s": "ѕｓ", "t": "ｔ𝐭",
    "u": "սｕ",
    "v": "νｖ", "x": "хｘ", "y": "уｙ", "A": "АΑＡ", "B": "ВΒ", "C": "СＣ", "E": "ЕΕ", "H": "НΗ",
    "I": "ІΙ", "K": "КΚ", "M": "МΜ", "N": "Ν", "O": "ОΟ", "P": "РΡ", "S": "Ѕ", "T": "ТΤ", "X": "ХΧ",
}  # fmt: skip


def typos(name: str, dice: Random) -> str:
    """One slip of the pen, or two in a longer name; none on the first letter of a word."""
    for _ in range(1 if len(name) < LONG else 2):
        inner = [at for at in range(1, len(name)) if name[at].isalpha() and name[at - 1].isalpha()]
        if not inner:
            break
        at = dice.choice(inner)
        drawn = dice.choice(KEYS)
        name = dice.choice(
            (
                name[:at] + drawn + name[at:],
                name[:at] + drawn + name[at + 1 :],
                name[:at] + name[at + 1 :],
                name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
            )
        )
    return name


def joins(name: str, dice: Random) -> str:
    """A gap less, or one too many."""
    gaps = [at for at, char in enumerate(name) if char == " " and name[at - 1] != ","]
    if gaps and happens(dice, 0.7):
        at = dice.choice(gaps)
        return name[:at] + name[at + 1 :]
    inner = [at for at in range(2, len(name) - 2) if name[at - 2 : at + 2].isalpha()]
    if not inner:
        return name
    at = dice.choice(inner)
    return f"{name[:at]} {name[at:]}"


def reorders(name: str, dice: Random) -> str:
    """The words in another order, and a slip of the pen: without it the name would be the same."""
    words = name.replace(",", "").split()
    dice.shuffle(words)
    return typos(" ".join(words), dice)


def drop_middle(name: str, dice: Random) -> str:
    """A middle name or a patronymic less, or one that the list does not know."""
    family, comma, given = name.partition(", ")
    words = f"{given} {family}".split() if comma else name.split()
    if words[2:] and happens(dice, 0.7):
        del words[dice.randrange(1, len(words) - 1)]
    else:
        words.insert(
            1, dice.choice(("Ivanovich", "Maria", "bin Salim", "Peter", "Kumar", "Antonio"))
        )
    return " ".join(words)


def homoglyphs(name: str, dice: Random) -> str:
    """One to three letters that only look the same, and a slip of the pen."""
    at = [at for at, char in enumerate(name) if char in LOOK_ALIKES]
    letters = list(name)
    for place in dice.sample(at, min(len(at), dice.randint(1, 3))):
        letters[place] = dice.choice(LOOK_ALIKES[letters[place]])
    return "".join(letters)


def invisibles(name: str, dice: Random) -> str:
    """Characters that do not show, between the letters."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randint(0, len(name))
        name = name[:at] + dice.choice(INVISIBLE) + name[at:]
    return name


LATIN: Final[dict[str, Callable[[str, Random], str]]] = {
    "typos": typos,
    "joins": joins,
    "reorders": reorders,
    "drop-middle": drop_middle,
    "homoglyphs": homoglyphs,
    "invisible": invisibles,
}
NATIVE: Final = ("cyrillic", "arabic", "hangul")  # the name in the person's own script
PERSONAL: Final = ("reorders", "drop-middle")  # what befalls the names of people
