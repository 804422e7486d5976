"""What is known beside a name orders the work and is told; it decides nothing, and names nobody."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.listings import FILLERS, WALLETS

from clearhouse.core.country import ASSIGNED, TABLE, country_code
from clearhouse.core.hits import compared_as
from clearhouse.core.listed import Birth, Category, Gender, Identifier, IdentifierKind
from clearhouse.core.screening import (
    Agreement,
    Grade,
    Known,
    ListedEntity,
    Match,
    SanctionsList,
    Screen,
    Subject,
    born,
    in_force,
)
from clearhouse.core.screening.qualities import of_entry, of_subject, parts

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
DAY = date(1962, 3, 4)
BORN = (Birth(DAY, DAY),)
AGREES, DIFFERS, UNKNOWN = Agreement.AGREES, Agreement.DIFFERS, Agreement.UNKNOWN
LEI, OTHER_LEI = "5493001KJTIIGC8Y1R12", "506700GE1G29325QX363"


def screen(*entries: ListedEntity) -> Screen:
    names = SanctionsList("OFAC-SDN", "5d" * 32, NOW, entries=(*entries, *FILLERS))
    wallets = SanctionsList("OFAC-WALLETS", "3a" * 32, NOW, wallets=WALLETS)
    return in_force([names, wallets], NOW)


def found(subject: Subject, *entries: ListedEntity) -> list[Match]:
    (matches,) = screen(*entries).screen([subject], now=NOW)
    return matches


def person(**known: Any) -> Subject:
    about = Known(Category.PERSON, **known)
    return Subject("prs_1", ("Harald Sigurd Hardrade",), "prs_1_ab", known=about)


def firm(*countries: str) -> Subject:
    number = (Identifier(IdentifierKind.LEI, LEI),)
    known = Known(Category.ORGANISATION, countries=countries)
    return Subject(LEI, ("Volkan Shiping",), identifiers=number, known=known)


def listed(**said: Any) -> ListedEntity:
    names = ("HARDRADA, Harald Sigurd", "VOLKAN SHIPPING CO., LTD.")
    return ListedEntity("173", "", names, **said)


def said_of(match: Match, name: str) -> tuple[Agreement, int]:
    (one,) = [part for part in match.parts if part.name == name]
    return one.agreement, one.effect


CASES = [
    (person(births=BORN), listed(births=BORN), "birth", AGREES, 60),
    (person(births=BORN), listed(births=born("1962")), "birth", AGREES, 30),
    (person(births=BORN), listed(births=born("1962-03")), "birth", AGREES, 30),
    (person(births=BORN), listed(births=born("1962-04")), "birth", UNKNOWN, 0),
    (person(births=BORN), listed(births=born("1950")), "birth", DIFFERS, -150),
    (person(births=BORN), listed(), "birth", UNKNOWN, 0),
    (person(), listed(births=BORN), "birth", UNKNOWN, 0),
    (person(births=BORN), listed(births=(Birth(None, date(1930, 1, 1)),)), "birth", UNKNOWN, 0),
    (
        person(births=BORN),
        listed(births=(Birth(date(1959, 1, 1), date(1959, 12, 31), approximate=True),)),
        "birth",
        UNKNOWN,
        0,
    ),
    (
        person(births=BORN),
        listed(births=(Birth(date(1955, 1, 1), date(1957, 12, 31)),)),
        "birth",
        DIFFERS,
        -150,
    ),
    (firm("DE"), listed(countries=("Germany", "Russia")), "country", AGREES, 20),
    (
        firm("DE"),
        listed(countries=("Russia", "Iran (Islamic Republic of)")),
        "country",
        DIFFERS,
        -40,
    ),
    (firm("DE"), listed(countries=("Russia", "Kordavia")), "country", UNKNOWN, 0),
    (firm("DE"), listed(countries=("Kordavia", "de")), "country", AGREES, 20),
    (firm("XA"), listed(countries=("Russia",)), "country", UNKNOWN, 0),
    (firm("XA"), listed(countries=("XA",)), "country", UNKNOWN, 0),
    (firm("XA", "DE"), listed(countries=("Russia",)), "country", UNKNOWN, 0),
    (firm(), listed(countries=("Russia",)), "country", UNKNOWN, 0),
    (firm(), listed(category=Category.ORGANISATION), "kind", AGREES, 0),
    (firm(), listed(category=Category.PERSON), "kind", DIFFERS, -200),
    (firm(), listed(category=Category.VESSEL), "kind", UNKNOWN, 0),
    (firm(), listed(), "kind", UNKNOWN, 0),
    (person(), listed(category=Category.VESSEL), "kind", DIFFERS, -200),
    (person(), listed(category=Category.PERSON), "kind", AGREES, 0),
    (person(), listed(gender=Gender.MALE), "gender", UNKNOWN, 0),
    (
        firm(),
        listed(identifiers=(Identifier(IdentifierKind.LEI, OTHER_LEI),)),
        "numbers",
        DIFFERS,
        -200,
    ),
    (
        firm(),
        listed(identifiers=(Identifier(IdentifierKind.TAX_NUMBER, "1", "DE"),)),
        "numbers",
        UNKNOWN,
        0,
    ),
]


@pytest.mark.parametrize(
    ("subject", "entry", "name", "agreement", "effect"),
    CASES,
    ids=[f"{at}: {case[2]} {case[3]}" for at, case in enumerate(CASES)],
)
def test_each_part_agrees_differs_or_is_not_known(
    subject: Subject, entry: ListedEntity, name: str, agreement: Agreement, effect: int
) -> None:
    (match,) = found(subject, entry)
    assert said_of(match, name) == (agreement, effect)
    assert match.rank == min(999, match.score + sum(part.effect for part in match.parts))
    assert [part.name for part in match.parts] == ["kind", "birth", "country", "gender", "numbers"]


def test_what_was_compared_is_told_of_a_firm() -> None:
    number = Identifier(IdentifierKind.LEI, OTHER_LEI)
    entry = listed(
        countries=("Russia",), category=Category.PERSON, births=BORN, identifiers=(number,)
    )
    (match,) = found(firm("DE"), entry)
    assert match.said.endswith(
        f"{match.score} of 1000, and {match.rank} with what else is known:"
        " kind differs (organisation; person); country differs (DE; Russia);"
        f" numbers differs (lei {LEI}; lei {OTHER_LEI}); birth, gender not known of both"
    )


def test_of_a_natural_person_nothing_that_is_known_is_told() -> None:
    """Nor what the list has, where that is the same: the entry would tell it."""
    entry = listed(births=BORN, countries=("Russia", "DE"), category=Category.PERSON)
    for subject, agreement in (
        (person(births=BORN, countries=("Germany",)), "agrees"),
        (person(births=born("1990-05-06"), countries=("FR",)), "differs"),
    ):
        (match,) = found(subject, entry)
        told = match.told_of("the person prs_1")
        assert told.endswith(
            f" with what else is known: kind agrees; birth {agreement}; country {agreement};"
            " gender, numbers not known of both"
        )
        assert not any((part.known, part.listed) != ("", "") for part in match.parts)


births = st.builds(
    lambda day, days, approximate: Birth(day, day + timedelta(days=days), approximate),
    st.dates(date(1955, 1, 1), date(1970, 1, 1)),
    st.integers(0, 1500),
    st.booleans(),
)
words = st.lists(st.sampled_from(["DE", "Russia", "XA", "Kordavia", "Iran"]), max_size=2).map(tuple)
categories = st.sampled_from(Category)
knowns = st.builds(Known, categories, st.lists(births, max_size=2).map(tuple), words)
entries = st.builds(
    listed,
    births=st.lists(births, max_size=2).map(tuple),
    countries=words,
    category=categories,
    gender=st.sampled_from(Gender),
)
names = st.sampled_from(
    ["Harald Sigurd Hardrade", "Harald Sigurd Hardrada", "Volkan Shipping", "Nobody Of Note"]
)


@settings(deadline=None)  # an index is made for each example, and a machine may be busy
@given(names, knowns, entries, st.booleans())
def test_whatever_is_known_no_match_is_lost_and_no_grade_changes(
    name: str, known: Known, entry: ListedEntity, is_personal: bool
) -> None:
    plain = Subject("p", (name,), "p_ab" if is_personal else "")
    before = found(plain, replace(listed(), number="173"))
    after = found(replace(plain, known=known), entry)
    assert [replace(one, parts=(), moved=0) for one in after] == [
        replace(one, parts=(), moved=0) for one in before
    ]
    for one in after:
        assert (one.grade is Grade.EXACT) == (one.rank == 1000 or one.score == 1000)
        assert 1 <= one.rank <= 1000


@given(births, births, st.integers(0, 1500))
def test_a_day_within_what_a_list_says_never_differs(
    listed_one: Birth, other: Birth, days: int
) -> None:
    assert listed_one.first is not None
    assert listed_one.last is not None
    day = min(listed_one.first + timedelta(days=days), listed_one.last)
    ours = of_subject(Known(births=(Birth(day, day),)), (), is_personal=True)
    _, compared = parts(800, ours, of_entry(listed(births=(other, listed_one))))
    assert [part.agreement for part in compared if part.name == "birth"] != [DIFFERS]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1970-01-02", date(1970, 1, 2), date(1970, 1, 2)),
        (" 1970-02 ", date(1970, 2, 1), date(1970, 2, 28)),
        ("1970-12", date(1970, 12, 1), date(1970, 12, 31)),
        ("1970", date(1970, 1, 1), date(1970, 12, 31)),
        ("1970-00", date(1970, 1, 1), date(1970, 12, 31)),
    ],
)
def test_a_birth_is_read_as_far_as_it_is_known(text: str, first: date, last: date) -> None:
    assert born(text) == (Birth(first, last),)


@pytest.mark.parametrize(
    "text", ["", "soon", "1970-13", "1970-02-30", "0000", "9999", "02.01.1970", "70", "1970-1"]
)
def test_what_is_no_birth_is_not_known(text: str) -> None:
    assert born(text) == ()


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("Congo, Democratic Republic of the", "CD"),
        ("Congo, Republic of the", "CG"),
        ("Korea, North", "KP"),
        ("Korea, South", "KR"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Cote d Ivoire", "CI"),
        ("TURKEY", "TR"),
        ("Türkiye", "TR"),
        ("The Gambia", "GM"),
        ("Guinea", "GN"),
        ("Guinea-Bissau", "GW"),
        ("Virgin Islands, British", "VG"),
        ("de", "DE"),
        ("NA", "NA"),
        ("na", ""),  # as the UN writes that there is none
        ("XA", ""),
        ("XK", ""),
        ("ZZ", ""),
        ("", ""),
        ("Region: Crimea", ""),
        ("Netherlands Antilles", ""),
    ],
)
def test_a_country_is_known_by_its_code(word: str, code: str) -> None:
    assert country_code(word) == code


def test_every_country_is_named_once() -> None:
    codes = [line[:2] for line in TABLE.splitlines()]
    assert len(set(codes)) == len(codes) == 249  # as many as ISO 3166-1 has assigned
    assert set(codes) == ASSIGNED


def test_what_is_compared_binds_to_what_is_known() -> None:
    """Of a firm to each thing, in any order; of a person to the dossier."""
    plain = replace(firm("DE", "FR"), known=Known())
    others = [
        firm("DE", "FR"),
        firm("DE"),
        replace(firm("DE", "FR"), known=Known(Category.UNSAID, countries=("DE", "FR"))),
        replace(firm("DE", "FR"), known=Known(Category.ORGANISATION, BORN, ("DE", "FR"))),
    ]
    assert len({compared_as(one) for one in (plain, *others)}) == 5
    assert compared_as(firm("FR", "DE", "FR")) == compared_as(firm("DE", "FR"))
    assert compared_as(person(births=BORN)) == compared_as(person())
