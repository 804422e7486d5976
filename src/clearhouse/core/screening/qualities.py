"""What is known of two bearers of a name beside it: compared part by part, and told in words.

It orders the work, and tells people what to look at; it decides nothing. A match is a match by its
names: a part that differs lets none vanish and changes no grade, since lists are wrong about
births, have one nationality of two, and are lied to; a part that agrees makes no resemblance the
same name either, since a year and a country are shared by millions, and what denies without
anybody looking must be as sure as the very words, or a number that nobody else has.

A match ranks by its name's score, moved by what `engines.names.qualifiers` says of each part and
kept within its bounds. Of a natural person no part says what was compared: findings are for ever,
and shown to others, and what is personal stands in a dossier that can be erased.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from clearhouse.core.country import country_code
from clearhouse.core.listed import Birth, Category, Gender, Identifier, identity
from clearhouse.core.screening.entries import ListedEntity
from clearhouse.engines.names import qualifiers
from clearhouse.engines.names.qualifiers import Outcome, Qualifiers, compare, qualified

ABOUT: Final = 2  # years either way of a birth that a list knows about
DAY_FORM = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)


class Agreement(StrEnum):
    """What comparing one part says."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "not known"  # of both, or not well enough


AGREEMENTS: Final[Mapping[Outcome, Agreement]] = {
    Outcome.AGREES: Agreement.AGREES,
    Outcome.CONTRADICTS: Agreement.DIFFERS,
    Outcome.UNKNOWN: Agreement.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a subject beside its names and numbers; empty where nothing is.

    Attributes:
        category: Whether it is a person or an organisation.
        births: When a person may be born.
        countries: Where it resides, is registered, or is a national of: codes, or names.
    """

    category: Category = Category.UNSAID
    births: tuple[Birth, ...] = ()
    countries: tuple[str, ...] = ()


NOTHING: Final = Known()


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that was compared beside the names.

    Attributes:
        name: kind, birth, country, gender or numbers.
        effect: On the rank, in per mille.
        known, listed: What was compared, of the subject and of the entry; empty of a natural
            person, and where nothing is known.
    """

    name: str
    agreement: Agreement
    effect: int = 0
    known: str = ""
    listed: str = ""

    @property
    def said(self) -> str:
        """In words."""
        compared = f" ({self.known}; {self.listed})" if self.known and self.listed else ""
        return f"{self.name} {self.agreement}{compared}"


def told(parts: Iterable[Part]) -> str:
    """Parts in words: what agrees and differs, then what is not known."""
    several = list(parts)
    said = [one.said for one in several if one.agreement is not Agreement.UNKNOWN]
    unknown = [one.name for one in several if one.agreement is Agreement.UNKNOWN]
    if unknown:
        said.append(f"{', '.join(unknown)} not known of both")
    return "; ".join(said)


def born(text: str) -> tuple[Birth, ...]:
    """A birth as a register has it: 1970, 1970-01 or 1970-01-02; none where it says otherwise."""
    form = DAY_FORM.fullmatch(text.strip())
    if form is None:
        return ()
    year, month, day = (int(part) if part else 0 for part in form.groups())
    try:
        first = date(year, month or 1, day or 1)
        if day:
            return (Birth(first, first),)
        following = date(year + (month in {0, 12}), month % 12 + 1 if month else 1, 1)
    except ValueError:
        return ()
    return (Birth(first, following - timedelta(days=1)),)


@dataclass(frozen=True, slots=True)
class Quality:
    """One side, as it is compared and as it is told."""

    compared: Qualifiers
    is_sure: bool  # that its countries are all there are: each word of them is understood
    told: Mapping[str, str]


def of_subject(known: Known, identifiers: Iterable[Identifier], *, is_personal: bool) -> Quality:
    """What is known of a subject.

    Args:
        is_personal: Whether what is known is a natural person's, and told nobody.
    """
    made = _quality(known.category, known.births, known.countries, identifiers, Gender.UNSAID)
    return Quality(made.compared, made.is_sure, {}) if is_personal else made


def of_entry(one: ListedEntity) -> Quality:
    """What a list says of an entry."""
    return _quality(one.category, one.births, one.countries, one.identifiers, one.gender)


def parts(score: int, ours: Quality, theirs: Quality) -> tuple[int, tuple[Part, ...]]:
    """Compare what is known of two sides.

    Args:
        score: Of their names, in per mille.

    Returns:
        The rank in per mille, and the parts, in one order.
    """
    one, other = ours.compared, theirs.compared
    if not (one.countries & other.countries or (ours.is_sure and theirs.is_sure)):
        # The word that is not understood may be the country in common.
        one, other = _placeless(one), _placeless(other)
    found = compare(one, other)
    birth, country, gender, numbers, kind = found.effects
    several = (
        ("kind", found.kind, kind),
        ("birth", found.birth, birth),
        ("country", found.country, country),
        ("gender", found.gender, gender),
        ("numbers", found.identifiers, numbers),
    )
    return qualified(score, found), tuple(
        Part(
            *(name, AGREEMENTS[outcome], effect, ours.told.get(name, "")),
            theirs.told.get(name, "") if ours.told else "",
        )
        for name, outcome, effect in several
    )


def _placeless(one: Qualifiers) -> Qualifiers:
    return Qualifiers(one.births, frozenset(), one.genders, one.identifiers, one.kinds)


def _quality(
    category: Category,
    births: tuple[Birth, ...],
    countries: tuple[str, ...],
    identifiers: Iterable[Identifier],
    gender: Gender,
) -> Quality:
    codes = {country_code(word) for word in countries}
    keys = sorted({key for one in identifiers if (key := identity(one)) is not None})
    compared = Qualifiers(
        births=tuple(_each(births, _birth)),
        countries=frozenset(codes - {""}),
        genders=frozenset({str(gender)} - {""}),
        identifiers=frozenset(
            qualifiers.Identifier(f"{kind}:{place}" if place else kind, value)
            for kind, place, value in keys
        ),
        kinds=frozenset({str(category)} - {""}),
    )
    said = {
        "kind": str(category),
        "birth": ", ".join(one.said for one in births),
        "country": ", ".join(countries),
        "gender": str(gender),
        # Others may have a second one of.
        "numbers": ", ".join(f"{kind} {value}" for kind, place, value in keys if not place),
    }
    return Quality(compared, "" not in codes, said)


def _each(
    births: Iterable[Birth], made: Callable[[Birth], qualifiers.Birth | None]
) -> Iterator[qualifiers.Birth]:
    for one in births:
        if (birth := made(one)) is not None:
            yield birth


def _birth(one: Birth) -> qualifiers.Birth | None:
    """A birth as it is compared; None where nothing but its end is known.

    A span of several years is compared by its middle, and a year more where there is none: so it
    contradicts too little, and never too much.
    """
    first, last = one.first, one.last
    if first is None or last is None:
        return None
    if one.approximate or first.year != last.year:
        middle, apart = (first.year + last.year) // 2, last.year - first.year
        return qualifiers.Birth(middle, spread=-(-apart // 2) + ABOUT * one.approximate)
    month = first.month if first.month == last.month else 0
    return qualifiers.Birth(first.year, month, first.day if first == last else 0)
