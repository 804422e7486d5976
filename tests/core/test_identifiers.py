"""A number that nobody else can have finds its bearer, whatever it is called."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.listings import FILLERS, WALLETS

from clearhouse.core.hits import HitDecision, Outcome, Screening, by_hit, compared_as, reviewed
from clearhouse.core.listed import Identifier, IdentifierKind, identity
from clearhouse.core.screening import (
    Grade,
    ListedEntity,
    ListedWallet,
    SanctionsList,
    Screen,
    Subject,
    in_force,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
LEI, IMO = IdentifierKind.LEI, IdentifierKind.IMO
TAX, PASSPORT = IdentifierKind.TAX_NUMBER, IdentifierKind.PASSPORT
ONE = "5493001KJTIIGC8Y1R12"


def screen(*several: Identifier, names: tuple[str, ...] = ("OSTROVA SHIPPING",)) -> Screen:
    entry = ListedEntity("9001", "", names, identifiers=several)
    at = NOW - timedelta(hours=1)
    wallets = (ListedWallet("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "XBT"), *WALLETS)
    return in_force(
        [
            SanctionsList("OFAC-SDN", "a" * 64, at, (entry, *FILLERS)),
            SanctionsList("OFAC-WALLETS", "b" * 64, at, (), wallets),
        ],
        NOW,
    )


def subject(*several: Identifier) -> Subject:
    return Subject(ONE, ("Skarven Timber",), identifiers=several)


def test_the_same_number_is_sure_whatever_the_names() -> None:
    held = screen(Identifier(LEI, ONE))
    for found in (held.screen, held.same):
        ((match,),) = found([subject(Identifier(LEI, ONE))], now=NOW)
        assert (match.score, match.grade, match.entity) == (1000, Grade.EXACT, "9001")
        assert match.said == (
            f"'Skarven Timber' has lei {ONE}, as 'OSTROVA SHIPPING' has, entry 9001 of OFAC-SDN"
            " version aaaaaaaaaaaa"
        )


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Identifier(LEI, ONE), Identifier(LEI, ONE.lower())),
        (Identifier(IMO, "9074729"), Identifier(IMO, "9 074 729")),
        (Identifier(IMO, "IMO 9074729"), Identifier(IMO, "9074729")),
        (Identifier(TAX, "77-12", "no"), Identifier(TAX, "7712", "NO ")),
        (Identifier(PASSPORT, "AB 1", "XA"), Identifier(PASSPORT, "ab1", "XA", "Reisepass")),
    ],
    ids=["capitals", "gaps", "a prefix", "marks and country", "the list's word"],
)
def test_how_it_is_written_tells_nothing(mine: Identifier, theirs: Identifier) -> None:
    assert identity(mine) == identity(theirs) is not None
    ((match,),) = screen(theirs).screen([subject(mine)], now=NOW)
    assert match.identifier == f"{mine.kind} {mine.value}"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Identifier(LEI, ONE), Identifier(LEI, "506700GE1G29325QX363")),
        (Identifier(IMO, "9074729"), Identifier(LEI, "9074729")),
        (Identifier(TAX, "7712", "NO"), Identifier(TAX, "7712", "SE")),
        (Identifier(TAX, "7712"), Identifier(TAX, "7712")),
        (Identifier(TAX, "7712", "NO"), Identifier(PASSPORT, "7712", "NO")),
        (Identifier(IdentifierKind.OTHER, "7"), Identifier(IdentifierKind.OTHER, "7")),
        (
            Identifier(IdentifierKind.CALL_SIGN, "LAXY"),
            Identifier(IdentifierKind.CALL_SIGN, "LAXY"),
        ),
        (Identifier(LEI, " "), Identifier(LEI, "-")),
    ],
    ids=["value", "kind", "country", "no country", "what gave it", "other", "call sign", "empty"],
)
def test_what_is_not_the_same_number_of_one_register_finds_nobody(
    mine: Identifier, theirs: Identifier
) -> None:
    assert screen(theirs).screen([subject(mine)], now=NOW) == [[]]


def test_an_entry_without_a_name_is_found_by_its_number() -> None:
    ((match,),) = screen(Identifier(IMO, "9074729"), names=()).screen(
        [subject(Identifier(IMO, "9074729"))], now=NOW
    )
    assert match.listed_name == "9001"


def test_people_do_not_decide_on_a_number() -> None:
    held, one = screen(Identifier(LEI, ONE)), subject(Identifier(LEI, ONE))
    found = held.screen([one], now=NOW)
    about = (one.id, "OFAC-SDN", "9001", compared_as(one), "c" * 64)
    for outcome in Outcome:
        decided = by_hit([HitDecision(*about, outcome, NOW.date(), "another")])
        assert reviewed([one], found, decided, lambda _: "c" * 64) == [Screening(tuple(found[0]))]


def test_what_is_compared_has_the_numbers() -> None:
    plain, numbered = subject(), subject(Identifier(LEI, ONE), Identifier(IMO, "1"))
    assert compared_as(plain) != compared_as(numbered)
    assert compared_as(subject(*numbered.identifiers[::-1])) == compared_as(numbered)


texts = st.text(max_size=12)


@given(st.builds(Identifier, st.sampled_from(IdentifierKind), texts, texts, texts))
def test_any_number_is_looked_up_one_way(one: Identifier) -> None:
    key = identity(one)
    if key is not None:
        kind, country, value = key
        again = identity(Identifier(IdentifierKind(kind), value, country))
        assert again is not None
        assert again[0] == kind
        assert value.isalnum()
