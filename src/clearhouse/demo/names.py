"""Names of people, firms and ships of several languages, drawn from a seed: as many as are wanted.

A person's parts are known in the native script and in the spellings in use for it, so that what a
list writes and what the person writes differ as they do in life. All of them are made up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from clearhouse.demo.name_parts import (
    ARABIC_FAMILY,
    ARABIC_GIVEN,
    FORMS,
    KOREAN_FAMILY,
    KOREAN_GIVEN,
    RUSSIAN_GIVEN,
    RUSSIAN_HEADS,
    RUSSIAN_LETTERS,
    RUSSIAN_MIDDLES,
    RUSSIAN_TAILS,
    SHIP_WORDS,
    TRADES,
    WESTERN_GIVEN,
    WESTERN_HEADS,
    WESTERN_MIDDLES,
    WESTERN_TAILS,
    Part,
)

ALIASES: Final = 0.75  # for each name


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or something with a name.

    Attributes:
        kind: person, firm or vessel.
        script: latin, cyrillic, arabic or hangul: the native one.
        names: As a list writes them, in Latin letters: the first, and perhaps another.
        native: In its own script; as the first of the names where that is Latin.
    """

    kind: str
    script: str
    names: tuple[str, ...]
    native: str


Spelt = tuple[str, Callable[[], str]]  # the native form, and one of the ways in which it is written


def drawn(size: int, seed: int) -> list[Named]:
    """Draw `size` of them: three people in five, a firm in three, the rest ships."""
    dice = Random(seed)
    return [_one(dice) for _ in range(size)]


def happens(dice: Random, share: float) -> bool:
    """Draw whether something happens that does so in `share` of all cases."""
    return dice.random() < share


def _one(dice: Random) -> Named:
    kind = dice.choices(("person", "firm", "vessel"), (60, 33, 7))[0]
    script = "latin"
    if kind == "person":
        script = dice.choices(tuple(PEOPLE), (50, 20, 22, 8))[0]
        native, spelt = PEOPLE[script](dice)
    else:
        native, spelt = _firm(dice) if kind == "firm" else _vessel(dice)
    names = tuple(dict.fromkeys(spelt() for _ in range(2 if happens(dice, ALIASES) else 1)))
    return Named(kind, script, names, native or names[0])


def _spelt(parts: list[Part], dice: Random) -> str:
    return " ".join(dice.choice(spellings) for _, spellings in parts).replace("_", " ")


def _listed(given: str, family: str, dice: Random) -> str:
    """Write a person's name in one of the ways in which lists do."""
    name = f"{family.upper()}, {given}" if happens(dice, 0.5) else f"{given} {family}"
    return name.upper() if happens(dice, 0.3) else name


def _russian(dice: Random) -> Spelt:
    family = dice.choice(RUSSIAN_HEADS) + dice.choice(RUSSIAN_MIDDLES) + dice.choice(RUSSIAN_TAILS)
    given = dice.choice(RUSSIAN_GIVEN)
    letters = dict(RUSSIAN_LETTERS)
    middle = dice.choice(RUSSIAN_HEADS) + dice.choice(("ович", "евич", "овна"))

    def latin(word: str) -> str:
        style = dice.randrange(2)
        ways = [letters.get(letter, ("",)) for letter in word.upper()]
        return "".join(way[min(style, len(way) - 1)] for way in ways).capitalize()

    has_middle = happens(dice, 0.5)
    natives = [given[0], *([middle] if has_middle else []), family]

    def spelt() -> str:
        first = _spelt([given], dice) + (f" {latin(middle)}" if has_middle else "")
        return _listed(first, latin(family), dice)

    return " ".join(natives), spelt


def _arabic(dice: Random) -> Spelt:
    givens = dice.sample(ARABIC_GIVEN, dice.choice((1, 2, 2, 3)))
    family = dice.choice(ARABIC_FAMILY)
    native = " ".join(part for part, _ in [*givens, family]).replace("_", " ")
    return native, lambda: _listed(_spelt(givens, dice), _spelt([family], dice), dice)


def _korean(dice: Random) -> Spelt:
    family, given = dice.choice(KOREAN_FAMILY), dice.sample(KOREAN_GIVEN, 2)

    def spelt() -> str:
        parts = [dice.choice(spellings) for _, spellings in given]
        first = dice.choice((" ", "-")).join(parts) if happens(dice, 0.8) else "".join(parts)
        last = dice.choice(family[1])
        return f"{last}, {first}" if happens(dice, 0.3) else f"{last} {first}"

    return family[0] + "".join(part for part, _ in given), spelt


def _western(dice: Random) -> Spelt:
    givens = dice.sample(WESTERN_GIVEN, dice.choice((1, 1, 2, 2, 3)))
    family = " ".join(_coined(dice) for _ in range(dice.choice((1, 1, 1, 2))))

    def spelt() -> str:
        middles = [given[0] + "." if happens(dice, 0.2) else given for given in givens[1:]]
        return _listed(" ".join([givens[0], *middles]), family, dice)

    return "", spelt


PEOPLE: Final = {"latin": _western, "cyrillic": _russian, "arabic": _arabic, "hangul": _korean}


def _coined(dice: Random) -> str:
    return dice.choice(WESTERN_HEADS) + dice.choice(WESTERN_MIDDLES) + dice.choice(WESTERN_TAILS)


def _firm(dice: Random) -> Spelt:
    telling = " ".join(_coined(dice) for _ in range(dice.choice((1, 1, 2))))
    if happens(dice, 0.2):
        telling += f" {dice.choice(('International', 'General', 'Global', 'National', 'Orient'))}"
    trade = dice.choice(TRADES) if happens(dice, 0.8) else f"& {_coined(dice)}"
    form = dice.choice(FORMS)

    def spelt() -> str:
        name = f"{telling} {trade} {form}" if happens(dice, 0.8) else f"{telling} {trade}"
        return name.upper() if happens(dice, 0.5) else name

    return "", spelt


def _vessel(dice: Random) -> Spelt:
    words = dice.sample(SHIP_WORDS, 2) if happens(dice, 0.3) else [_coined(dice)]
    words += [dice.choice(SHIP_WORDS)] if happens(dice, 0.5) else []
    words += [str(dice.randrange(1, 60))] if happens(dice, 0.4) else []
    name = " ".join(dict.fromkeys(words))
    return "", lambda: name.upper() if happens(dice, 0.8) else name
