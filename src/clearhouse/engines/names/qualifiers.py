"""Qualifiers: what is known of two bearers of a name beside it, and what that does to a score.

Each of kind, birth, country, gender and identifiers agrees, contradicts or is unknown. Each side
may have several possible values, as lists do: one pair that agrees is enough, and only where every
pair contradicts do they. What they do to a score, in per mille:

    kind          a person and what is none -200; a firm and its ship may well have one name
    birth         same day +60, same year or within what is said of it +30, another -150
    country       one in common +20, none -40: people move, and lists know one of several
    gender        the same +5, the other -120
    identifiers   one in common: `EXACT`, whatever the rest says
                  another of a kind of which nobody has two -200; others may have a second passport

A score below `EXACT` stays below it unless an identifier is the same. The very same words never
fall below `SAME_WORDS_MIN`: that two are different is then for a person to say.

Source: OFAC FAQ 5 (a person and a vessel or organisation are no match; then the entry's other data
are compared); OpenSanctions' matcher logic-v2 (the score of the names, qualified by what agrees or
contradicts). The sizes are our own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final, TypeVar

from clearhouse.engines.names.scoring import EXACT

SAME_WORDS_MIN: Final = 800
YEARS_UNSURE: Final = 1  # beyond what is said of a year, neither agrees nor contradicts

OTHER_KIND: Final = -200
SAME_DAY: Final = 60
SAME_YEAR: Final = 30
OTHER_BIRTH: Final = -150
SAME_COUNTRY: Final = 20
OTHER_COUNTRY: Final = -40
SAME_GENDER: Final = 5
OTHER_GENDER: Final = -120
OTHER_IDENTIFIER: Final = -200

# Of these nobody has two: legal entities (ISO 17442), ships (IMO A.1117).
SINGLE: Final = frozenset({"lei", "imo"})
GENDERS: Final = frozenset({"female", "male"})
PERSON: Final = "person"


class Outcome(StrEnum):
    """What comparing one qualifier says."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNKNOWN = "unknown"  # not known of both, or not well enough


@dataclass(frozen=True, slots=True)
class Birth:
    """A possible date of birth.

    Attributes:
        year: Of the Gregorian calendar.
        month: 1 to 12; 0 where only the year is known.
        day: 1 to 31; 0 where it is not known.
        spread: Years by which it may be off, either way: 0 for what is certain.
    """

    year: int
    month: int = 0
    day: int = 0
    spread: int = 0

    def __post_init__(self) -> None:
        assert self.month in range(13)
        assert self.day in range(32)
        assert self.spread >= 0
        assert self.month or not self.day


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number that a register gave."""

    scheme: str  # lei, imo, passport:DE, tax:NO: of one register each
    value: str


@dataclass(frozen=True, slots=True)
class Qualifiers:
    """What is known of one side; empty where nothing is.

    Attributes:
        births: Possible dates.
        countries: ISO 3166-1 alpha-2: of citizenship, residence, registration, or a ship's flag.
        genders: female, male; others say nothing.
        identifiers: Of the person, firm or ship.
        kinds: `PERSON`, and whatever words for what is none.
    """

    births: tuple[Birth, ...] = ()
    countries: frozenset[str] = frozenset()
    genders: frozenset[str] = frozenset()
    identifiers: frozenset[Identifier] = frozenset()
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What qualifiers say of two sides.

    Attributes:
        effect: On the score, in per mille; without that of identifiers in common.
        effects: What each has of it: birth, country, gender, identifiers, kind.
    """

    birth: Outcome
    country: Outcome
    gender: Outcome
    identifiers: Outcome
    effect: int
    kind: Outcome = Outcome.UNKNOWN
    effects: tuple[int, ...] = ()


Known = tuple[Outcome, int]
UNKNOWN: Final[Known] = (Outcome.UNKNOWN, 0)
T = TypeVar("T")


def compare(one: Qualifiers, other: Qualifiers) -> Comparison:
    """Compare what is known of two sides; which comes first makes no difference."""
    birth = _any(one.births, other.births, _birth)
    country = _in_common(
        _written(one.countries), _written(other.countries), SAME_COUNTRY, OTHER_COUNTRY
    )
    gender = _in_common(
        GENDERS.intersection(map(str.lower, one.genders)),
        GENDERS.intersection(map(str.lower, other.genders)),
        SAME_GENDER,
        OTHER_GENDER,
    )
    identifiers = _identifiers(one.identifiers, other.identifiers)
    kind = _kind(one.kinds, other.kinds)
    effects = (birth[1], country[1], gender[1], identifiers[1], kind[1])
    outcomes = (birth[0], country[0], gender[0], identifiers[0])
    return Comparison(*outcomes, sum(effects), kind[0], effects)


def qualified(score: int, comparison: Comparison) -> int:
    """Say what becomes of the score of two names, in per mille from 1 to `EXACT`."""
    assert 1 <= score <= EXACT
    if comparison.identifiers is Outcome.AGREES:
        return EXACT
    if score == EXACT:
        return max(SAME_WORDS_MIN, min(EXACT, score + comparison.effect))
    return max(1, min(EXACT - 1, score + comparison.effect))


def _any(ones: Iterable[T], others: Iterable[T], told: Callable[[T, T], Known]) -> Known:
    """The best of all pairs: the one that agrees most, or contradicts least."""
    pairs = [told(one, other) for one, other in product(ones, others)]
    return max(pairs, key=lambda known: known[1], default=UNKNOWN)


def _birth(one: Birth, other: Birth) -> Known:
    spread = one.spread + other.spread
    apart = abs(one.year - other.year)
    if apart > spread + YEARS_UNSURE:
        return Outcome.CONTRADICTS, OTHER_BIRTH
    if apart > spread:
        return UNKNOWN
    if spread or not (one.day and other.day):
        is_other_month = 0 not in {one.month, other.month} and one.month != other.month
        return UNKNOWN if is_other_month and not spread else (Outcome.AGREES, SAME_YEAR)
    if (one.month, one.day) == (other.month, other.day):
        return Outcome.AGREES, SAME_DAY
    # Day and month change places from country to country; another day of the year is often a
    # guess of the list's, so it contradicts nothing.
    is_swapped = (one.month, one.day) == (other.day, other.month)
    return (Outcome.AGREES, SAME_YEAR) if is_swapped else UNKNOWN


def _in_common(one: frozenset[str], other: frozenset[str], same: int, apart: int) -> Known:
    if not one or not other:
        return UNKNOWN
    return (Outcome.AGREES, same) if one & other else (Outcome.CONTRADICTS, apart)


def _kind(one: frozenset[str], other: frozenset[str]) -> Known:
    if one & other:
        return Outcome.AGREES, 0
    if one and other and (PERSON in one) != (PERSON in other):
        return Outcome.CONTRADICTS, OTHER_KIND
    return UNKNOWN


def _identifiers(one: frozenset[Identifier], other: frozenset[Identifier]) -> Known:
    here, there = _keys(one), _keys(other)
    if here & there:
        return Outcome.AGREES, 0
    schemes = {scheme for scheme, _ in here} & {scheme for scheme, _ in there}
    if schemes & SINGLE:
        return Outcome.CONTRADICTS, OTHER_IDENTIFIER
    return UNKNOWN


def _keys(identifiers: Iterable[Identifier]) -> set[tuple[str, str]]:
    """Identifiers as they are compared: letters and digits alone."""
    written = (
        (found.scheme.strip().lower(), "".join(filter(str.isalnum, found.value)).upper())
        for found in identifiers
    )
    return {(scheme, value) for scheme, value in written if value}


def _written(countries: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, (country.strip().upper() for country in countries)))
