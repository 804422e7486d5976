"""What is known beside a name agrees, contradicts or is unknown, and moves the score so far."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.engines.names import EXACT
from clearhouse.engines.names.qualifiers import (
    SAME_WORDS_MIN,
    Birth,
    Comparison,
    Identifier,
    Outcome,
    Qualifiers,
    compare,
    qualified,
)

AGREES, CONTRADICTS, UNKNOWN = Outcome.AGREES, Outcome.CONTRADICTS, Outcome.UNKNOWN
WHOLE = Birth(1962, 3, 4)


@pytest.mark.parametrize(
    ("ones", "others", "outcome", "effect"),
    [
        ([], [], UNKNOWN, 0),
        ([WHOLE], [], UNKNOWN, 0),
        ([WHOLE], [WHOLE], AGREES, 60),
        ([WHOLE], [Birth(1962)], AGREES, 30),
        ([WHOLE], [Birth(1962, 3)], AGREES, 30),
        ([WHOLE], [Birth(1962, 4)], UNKNOWN, 0),
        ([WHOLE], [Birth(1962, 4, 3)], AGREES, 30),  # day and month in the other order
        ([WHOLE], [Birth(1962, 8, 9)], UNKNOWN, 0),
        ([WHOLE], [Birth(1963, 3, 4)], UNKNOWN, 0),
        ([WHOLE], [Birth(1964, 3, 4)], CONTRADICTS, -150),
        ([Birth(1962)], [Birth(1962)], AGREES, 30),
        ([Birth(1962)], [Birth(1964)], CONTRADICTS, -150),
        ([WHOLE], [Birth(1964, spread=2)], AGREES, 30),
        ([WHOLE], [Birth(1965, spread=2)], UNKNOWN, 0),
        ([WHOLE], [Birth(1966, spread=2)], CONTRADICTS, -150),
        ([Birth(1960, spread=1)], [Birth(1963, spread=2)], AGREES, 30),
        ([WHOLE, Birth(1950)], [Birth(1970), Birth(1962, 3, 4)], AGREES, 60),
        ([WHOLE, Birth(1950)], [Birth(1970), Birth(1980)], CONTRADICTS, -150),
        ([WHOLE, Birth(1950)], [Birth(1970), Birth(1951)], UNKNOWN, 0),
    ],
)
def test_one_pair_of_births_that_agrees_is_enough(
    ones: list[Birth], others: list[Birth], outcome: Outcome, effect: int
) -> None:
    found = compare(Qualifiers(births=tuple(ones)), Qualifiers(births=tuple(others)))
    assert (found.birth, found.effect) == (outcome, effect)


@pytest.mark.parametrize(
    ("ones", "others", "outcome", "effect"),
    [
        ("", "NO", UNKNOWN, 0),
        ("NO SE", "se DK", AGREES, 20),
        ("NO", "SE DK", CONTRADICTS, -40),
    ],
)
def test_one_country_in_common_is_enough(
    ones: str, others: str, outcome: Outcome, effect: int
) -> None:
    sides = (Qualifiers(countries=frozenset(side.split())) for side in (ones, others))
    found = compare(*sides)
    assert (found.country, found.effect) == (outcome, effect)


@pytest.mark.parametrize(
    ("ones", "others", "outcome", "effect"),
    [
        ("male", "", UNKNOWN, 0),
        ("male", "other", UNKNOWN, 0),
        ("male", "Male", AGREES, 5),
        ("male", "female", CONTRADICTS, -120),
        ("male female", "female", AGREES, 5),
    ],
)
def test_gender_is_told_apart(ones: str, others: str, outcome: Outcome, effect: int) -> None:
    sides = (Qualifiers(genders=frozenset(side.split())) for side in (ones, others))
    found = compare(*sides)
    assert (found.gender, found.effect) == (outcome, effect)


def known(*identifiers: str) -> Qualifiers:
    pairs = (identifier.split("=") for identifier in identifiers)
    return Qualifiers(identifiers=frozenset(Identifier(*pair) for pair in pairs))


@pytest.mark.parametrize(
    ("one", "other", "outcome", "effect"),
    [
        (known(), known("lei=X"), UNKNOWN, 0),
        (known("lei=5493 00AB"), known("LEI=549300ab"), AGREES, 0),
        (known("lei=A", "imo=9074729"), known("lei=B", "imo=9074729"), AGREES, 0),
        (known("lei=A"), known("lei=B"), CONTRADICTS, -200),
        (known("imo=1"), known("imo=2"), CONTRADICTS, -200),
        (known("lei=A"), known("imo=A"), UNKNOWN, 0),
        (known("passport:DE=1"), known("passport:DE=2"), UNKNOWN, 0),  # people have several
        (known("passport:DE=1"), known("passport:FR=1"), UNKNOWN, 0),
        (known("tax:NO=- -"), known("tax:NO=--"), UNKNOWN, 0),  # nothing is not the same
    ],
)
def test_identifiers_are_the_same_or_those_that_nobody_has_two_of_differ(
    one: Qualifiers, other: Qualifiers, outcome: Outcome, effect: int
) -> None:
    found = compare(one, other)
    assert (found.identifiers, found.effect) == (outcome, effect)


AGAINST = Qualifiers((Birth(1920),), frozenset({"NO"}), frozenset({"male"}))
OTHERS = Qualifiers((Birth(1990),), frozenset({"SE"}), frozenset({"female"}))


@pytest.mark.parametrize("score", [1, 300, 760, 999, EXACT])
def test_an_identifier_in_common_wins(score: int) -> None:
    here = replace(AGAINST, identifiers=known("imo=1", "lei=A").identifiers)
    there = replace(OTHERS, identifiers=known("imo=1", "lei=B").identifiers)
    assert qualified(score, compare(here, there)) == EXACT


@pytest.mark.parametrize(
    ("score", "one", "other", "after"),
    [
        (900, Qualifiers(), Qualifiers(), 900),
        (EXACT, Qualifiers(), Qualifiers(), EXACT),
        (730, Qualifiers((WHOLE,)), Qualifiers((WHOLE,)), 790),
        (990, Qualifiers((WHOLE,)), Qualifiers((WHOLE,)), 999),  # never the same words
        (900, AGAINST, OTHERS, 590),
        (200, AGAINST, OTHERS, 1),
        (EXACT, AGAINST, OTHERS, SAME_WORDS_MIN),  # a person says that they are two
        (EXACT, known("lei=A"), known("lei=B"), 800),
    ],
)
def test_the_effect_is_added_within_bounds(
    score: int, one: Qualifiers, other: Qualifiers, after: int
) -> None:
    assert qualified(score, compare(one, other)) == after


births = st.builds(
    Birth, st.integers(1955, 1965), st.integers(1, 3), st.integers(0, 3), st.integers(0, 2)
)
sides = st.builds(
    Qualifiers,
    st.lists(births, max_size=3).map(tuple),
    st.frozensets(st.sampled_from(["NO", "SE", "no"])),
    st.frozensets(st.sampled_from(["male", "female", "x"])),
    st.frozensets(
        st.builds(Identifier, st.sampled_from(["lei", "tax:NO"]), st.sampled_from(["A", "B", " "]))
    ),
)


@given(sides, sides, st.integers(1, EXACT))
def test_who_asks_and_in_which_order_values_stand_makes_no_difference(
    one: Qualifiers, other: Qualifiers, score: int
) -> None:
    found = compare(one, other)
    backwards = Qualifiers(one.births[::-1], one.countries, one.genders, one.identifiers)
    assert found == compare(other, one) == compare(backwards, other)
    assert 1 <= qualified(score, found) <= EXACT
    assert isinstance(found, Comparison)


@given(sides, births)
def test_another_possible_value_never_speaks_against(side: Qualifiers, birth: Birth) -> None:
    few = compare(side, Qualifiers(births=(Birth(1960),)))
    more = compare(side, Qualifiers(births=(Birth(1960), birth)))
    if side.births:
        assert more.effect >= few.effect
