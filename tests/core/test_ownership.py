"""What owners mean for a participant: enough of it denies, less is looked at, more is never laxer.

Holdings are written in the words of the engine's tests: "X 40 A" is that X owns 40 % of A, "X ! A"
that X controls A, and "X 40! A" is both. A is the participant that is asked about. Of the owners
some are `listed` (they have the name of somebody on a list), and some only `alike`.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.gate import OWNED, Verdict
from clearhouse.core.owner import WHOLE, Holding
from clearhouse.core.ownership import LINKS_MAX, Bounds, Compared, Degree, Stake, chart, stakes
from clearhouse.core.screening import Grade, Match

DAY = date(2026, 3, 2)
BOUNDS = Bounds(owned=500_000, looked_at=250_000)


def holding(text: str) -> Holding:
    owner, share, owned = text.split()
    ppm = Decimal(share.rstrip("!") or "0") * 10_000
    assert ppm == int(ppm)
    return Holding(owner, owned, int(ppm), share.endswith("!"), "register", DAY)


def match(id: str, grade: Grade) -> Match:
    score = 1000 if grade is Grade.EXACT else 812
    return Match(id, f"name of {id}", f"LISTED {id}", f"9{id}", "OFAC-SDN", "a" * 64, score, grade)


def compared(listed: str = "", alike: str = "", nameless: str = "") -> Compared:
    matches = {id: [match(id, Grade.POSSIBLE)] for id in alike.split()}
    matches |= {id: [match(id, Grade.EXACT)] for id in listed.split()}
    return Compared(matches, {}, frozenset(nameless.split()))


def looked(
    holdings: str, listed: str = "", alike: str = "", nameless: str = "", party: str = "A"
) -> list[Stake]:
    edges = [holding(one.strip()) for one in holdings.split(",")]
    return stakes(chart(edges), party, compared(listed, alike, nameless), BOUNDS)


def degrees(found: Sequence[Stake]) -> list[str]:
    return [one.degree.name for one in found]


def verdict(found: Sequence[Stake]) -> Verdict:
    return max((OWNED[one.degree][1] for one in found), default=Verdict.CLEAR)


# How much is enough.


@pytest.mark.parametrize(
    ("holdings", "listed", "degree"),
    [
        # Directly, all together.
        ("X 100 A", "X", "OWNED"),
        ("X 50 A", "X", "OWNED"),
        ("X 49.9999 A", "X", "PARTLY"),
        ("X 49.9 A", "X", "PARTLY"),
        ("X 25 A", "X", "PARTLY"),
        ("X 24.9999 A", "X", "SLIGHTLY"),
        ("X 0.0001 A", "X", "SLIGHTLY"),
        ("X 30 A, Y 25 A", "X Y", "OWNED"),
        ("X 30 A, Y 20 A", "X Y", "OWNED"),
        ("X 30 A, Y 19.9999 A", "X Y", "PARTLY"),
        ("X 30 A, Y 25 A", "X", "PARTLY"),
        ("X 10 A, Y 10 A, Z 80 A", "X Y", "SLIGHTLY"),
        # Counted down: who is owned counts whole.
        ("X 50 M, M 50 A", "X", "OWNED"),
        ("X 50 M, M 50 N, N 50 A", "X", "OWNED"),
        ("X 49 M, M 50 A", "X", "SLIGHTLY"),
        ("X 49.9999 M, M 50 A", "X", "PARTLY"),  # parts of a millionth are rounded up
        ("X 50 M, M 49.9 A", "X", "PARTLY"),  # multiplied it is less than a quarter
        ("X 50 M, M 25 A", "X", "PARTLY"),
        ("X 50 M, M 24.9999 A", "X", "SLIGHTLY"),
        ("X 50 M, M 30 A, Y 20 A", "X Y", "OWNED"),
        ("X 50 M, M 20 A, X 50 N, N 30 A", "X", "OWNED"),
        # Multiplied, along all chains.
        ("X 49.9999 M, M 100 A", "X", "PARTLY"),
        ("X 45 A, X 20 N, N 30 A", "X", "OWNED"),
        ("X 40 M, X 40 N, M 60 A, N 40 A", "X", "PARTLY"),
        ("X 45 M, Y 45 N, M 50 A, N 50 A", "X Y", "PARTLY"),
        # Control alone.
        ("X ! A", "X", "OWNED"),
        ("X 1! A", "X", "OWNED"),
        ("X ! M, M ! A", "X", "OWNED"),
        ("X ! M, M 50 A", "X", "OWNED"),
        ("X 50 M, M ! A", "X", "OWNED"),
        ("X ! M, M 30 A", "X", "PARTLY"),  # multiplied it is nothing
        ("X ! M, M 20 A", "X", "SLIGHTLY"),
        ("X 49 M, M ! A", "X", "SLIGHTLY"),
        # Cross-holdings do not dilute.
        ("X 40 A, S 60 A, A 100 S", "X", "OWNED"),
        ("X 40 A, S 30 A, A 100 S", "X", "OWNED"),
        ("X 30 A, S 30 A, A 100 S", "X", "PARTLY"),
        ("X 40 A, S 60 A, A 40 S, Y 60 S", "X", "OWNED"),
        ("X 30 M, N 70 M, M 100 N, N 10 A", "X", "SLIGHTLY"),
        # What is below a participant, or beside it, is not above it.
        ("A 10 B, X 10 A, X 90 B", "X", "SLIGHTLY"),
        ("X 100 B, Y 100 A", "X", "NOT"),
        ("B 100 A", "A", "NOT"),  # the party itself is judged for itself
        ("B 100 A, A 60 B, Y 40 B", "A", "NOT"),
        ("X 100 A", "", "NOT"),
    ],
)
def test_half_denies_a_quarter_is_looked_at_and_less_is_told(
    holdings: str, listed: str, degree: str
) -> None:
    assert degrees(looked(holdings, listed)) == [degree]
    # Of those who only resemble somebody listed nothing is sure, so nothing is denied.
    unsure = {"OWNED": "POSSIBLY"}.get(degree, degree)
    assert degrees(looked(holdings, alike=listed)) == [unsure]


@pytest.mark.parametrize(
    ("holdings", "listed", "alike", "degree"),
    [
        ("X 50 A, Y 50 A", "X", "Y", "OWNED"),
        ("X 30 A, Y 25 A", "X", "Y", "POSSIBLY"),
        ("X 30 A, Y 25 A", "", "X Y", "POSSIBLY"),
        ("X 50 M, M 30 A, Y 20 A", "X", "Y", "POSSIBLY"),
        ("X 30 A, Y 19.9999 A", "X", "Y", "PARTLY"),
        ("X 20 A, Y 5 A", "X", "Y", "PARTLY"),
        ("X 20 A, Y 4.9999 A", "X", "Y", "SLIGHTLY"),
        ("X 10 A, Y ! A", "X", "Y", "POSSIBLY"),
        ("X ! A, Y 100 A", "X", "Y", "OWNED"),
    ],
)
def test_a_resemblance_holds_what_it_would_deny_if_it_were_true(
    holdings: str, listed: str, alike: str, degree: str
) -> None:
    assert degrees(looked(holdings, listed, alike)) == [degree]


@pytest.mark.parametrize(
    ("holdings", "expected"),
    [
        ("B 100 A, A 100 B", ["NOT", "UNRESOLVED"]),
        ("B 1 A, A 1 B", ["NOT", "UNRESOLVED"]),
        ("B 100 A, C 100 B, B 100 C", ["NOT", "UNRESOLVED"]),
        ("B ! A, C ! B, B ! C", ["NOT", "UNRESOLVED"]),
        ("B 70 A, Y 30 A, C 100 B, B 100 C", ["NOT", "UNRESOLVED"]),  # one of two ways has no end
        ("B 100 A, C 60 B, B 100 C, Y 40 B", ["NOT"]),
        ("B 100 A, C 60 B, B 100 C, Y ! C", ["NOT"]),
        ("B 100 A, A 60 B, Y 40 B", ["NOT"]),
        ("A 40 B, B 60 C, C 60 B, Y 1 A", ["NOT"]),  # it is below, and whose is known
    ],
)
def test_a_ring_that_nobody_else_owns_is_held(holdings: str, expected: list[str]) -> None:
    assert degrees(looked(holdings)) == expected


def test_a_listed_owner_in_a_ring_denies() -> None:
    assert degrees(looked("B 100 A, A 100 B", listed="B")) == ["OWNED", "UNRESOLVED"]


@pytest.mark.parametrize(
    ("listed", "nameless", "expected"),
    [
        ("", "X", ["UNSCREENED"]),
        ("", "X Y", ["UNSCREENED"]),
        ("Y", "X", ["SLIGHTLY", "UNSCREENED"]),
        ("M", "X", ["OWNED", "UNSCREENED"]),
        ("", "A", ["NOT"]),
        ("", "Z", ["NOT"]),
    ],
)
def test_an_owner_who_cannot_be_screened_is_held(
    listed: str, nameless: str, expected: list[str]
) -> None:
    found = looked("X 100 M, M 90 A, Y 10 A, Z 100 B", listed, nameless=nameless)

    assert degrees(found) == expected
    if "UNSCREENED" in expected:
        assert nameless.replace(" ", ", ") in found[-1].said


def test_of_whom_no_owner_is_recorded_nothing_is_said() -> None:
    assert looked("A 100 B, X 100 C", listed="A B X") == []
    assert looked("X 100 B", listed="X") == []
    assert stakes(chart([]), "A", compared("A"), BOUNDS) == []


def test_the_bounds_are_the_laws() -> None:
    edges = chart([holding("X 10 A")])

    def under(owned: int, looked_at: int) -> list[str]:
        return degrees(stakes(edges, "A", compared("X"), Bounds(owned, looked_at)))

    assert under(100_000, 0) == ["OWNED"]
    assert under(100_001, 100_000) == ["PARTLY"]
    assert under(100_001, 100_001) == ["SLIGHTLY"]
    assert under(WHOLE, 0) == ["PARTLY"]


# In words.


def test_every_link_is_told_and_with_what_it_was_compared() -> None:
    edges = chart([holding(one) for one in ("X 50 M", "M 30! A", "Y 20 A", "Z 10 A")])
    shown = {"A": "Skarven AS", "M": "Middle Ltd"}
    seen = Compared(compared("X", "Y Z").matches, shown)

    (stake,) = stakes(edges, "A", seen, BOUNDS)

    assert stake.said == (
        "Middle Ltd owns 30 % of Skarven AS and controls it; X owns 50 % of Middle Ltd"
        " (X compared with 'LISTED X', entry 9X of OFAC-SDN version aaaaaaaaaaaa: 1000 of 1000)"
    )


def test_a_long_chain_is_told_in_part() -> None:
    owners = [f"X{n}" for n in range(LINKS_MAX + 3)]
    edges = ", ".join(f"{id} 4 A" for id in owners)

    (stake,) = looked(edges, listed=" ".join(owners))

    assert stake.degree is Degree.OWNED
    assert stake.said.partition("(")[0].count(" owns 4 % of A") == LINKS_MAX
    assert "; and 3 more (" in stake.said


@pytest.mark.parametrize(
    ("holdings", "listed", "words"),
    [
        ("X 45 A, X 20 N, N 30 A", "X", "through all chains together they own 51 % of A"),
        ("X 30 A", "X", "those who may be listed own 30 % of A"),
        ("X ! M, M 30 A", "X", "those who may be listed own 30 % of A"),
        ("X ! A", "X", "X controls A"),
        ("X 50 A, M 10 X", "", "2 owners of A, direct and indirect, were compared: no match"),
        ("B 100 A, A 100 B", "", "owners of A own each other, and nobody else owns them"),
    ],
)
def test_what_was_found_is_said(holdings: str, listed: str, words: str) -> None:
    assert words in looked(holdings, listed)[-1].said


@pytest.mark.parametrize("holdings", ["P 100 A", "P 30 A", "P 1 A", "P ! A", "P 50 M, M 60 A"])
@pytest.mark.parametrize("grade", Grade)
def test_a_natural_persons_name_stays_in_the_dossier(holdings: str, grade: Grade) -> None:
    """What a finding says is kept for good; a dossier can be erased."""
    person = "prs_01J8ZX3T5V7W9YABCDEFGHJKMN"
    edges = [holding(one.strip().replace("P ", f"{person} ")) for one in holdings.split(",")]
    hit = Match(person, "Kari Vik", "VIK, Kaare", "9001", "OFAC-SDN", "a" * 64, 812, grade)
    shown = {"A": "Skarven AS", "M": "Middle Ltd", person: f"the person {person}"}

    for nameless in (frozenset[str](), frozenset({person})):
        seen = Compared({person: [hit]}, shown, nameless)
        found = stakes(chart(edges), "A", seen, BOUNDS)

        assert found
        for stake in found:
            assert "Kari" not in stake.said
            assert person in stake.said


# Whatever is added: small worlds of six.

NAMES = "ABCDEF"
shares = st.sampled_from([0, 1, 249_999, 250_000, 300_000, 499_999, 500_000, WHOLE])
edges = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        shares | st.integers(0, WHOLE),
        st.integers(0, 9).map(lambda dice: dice == 0),
    ),
    max_size=12,
)
some = st.sets(st.sampled_from(NAMES)).map(sorted)


@st.composite
def worlds(draw: st.DrawFn) -> list[Holding]:
    """Holdings of which at most the whole is owned, at most one of each owner and owned."""
    left, found = dict.fromkeys(NAMES, WHOLE), {}
    for owner, owned, share, control in draw(edges):
        held = min(share, left[owned])
        if owner != owned and (owner, owned) not in found and (held or control):
            left[owned] -= held
            found[owner, owned] = Holding(owner, owned, held, control, "register", DAY)
    return list(found.values())


def seen_as(listed: Sequence[str], alike: Sequence[str], nameless: Sequence[str] = ()) -> Compared:
    return compared(" ".join(listed), " ".join(alike), " ".join(nameless))


@given(worlds(), some, some, some, st.randoms())
def test_the_order_of_holdings_changes_no_byte(
    world: list[Holding],
    listed: list[str],
    alike: list[str],
    nameless: list[str],
    dice: Random,
) -> None:
    seen = seen_as(listed, alike, nameless)
    turned = Compared(dict([*seen.matches.items()][::-1]), {}, seen.nameless)
    other = dice.sample(world, len(world))

    for party in NAMES:
        found = stakes(chart(world), party, seen, BOUNDS)
        assert found == stakes(chart(other), party, turned, BOUNDS)
        assert len({one.degree for one in found}) == len(found)
        assert all(one.said for one in found)


@given(worlds(), some, some, some, some, some)
def test_another_match_never_makes_it_laxer(
    world: list[Holding],
    listed: list[str],
    alike: list[str],
    nameless: list[str],
    more: list[str],
    surer: list[str],
) -> None:
    """Nor does a resemblance that turns out to be true."""
    fewer = seen_as(listed, alike, nameless)
    now = seen_as([*listed, *surer], [*alike, *more], nameless)
    drawn = chart(world)

    for party in NAMES:
        before, after = (stakes(drawn, party, seen, BOUNDS) for seen in (fewer, now))
        assert verdict(after) >= verdict(before)


@given(worlds(), some, some, shares, st.booleans(), st.sampled_from(NAMES))
def test_another_listed_owner_never_makes_it_laxer(
    world: list[Holding],
    listed: list[str],
    alike: list[str],
    share: int,
    control: bool,
    owned: str,
) -> None:
    """But for a ring: it is resolved by whoever owns a part of it from outside."""
    left = WHOLE - sum(one.share for one in world if one.owned == owned)
    held = min(share, left)
    if not held and not control:
        return
    added = Holding("X", owned, held, control, "register", DAY)
    before, after = chart(world), chart([*world, added])

    for party in NAMES:
        fewer = stakes(before, party, seen_as(listed, alike), BOUNDS)
        more = stakes(after, party, seen_as([*listed, "X"], alike), BOUNDS)
        known = [one for one in fewer if one.degree is not Degree.UNRESOLVED]
        assert verdict(more) >= verdict(known)


@given(worlds(), some)
def test_a_holding_of_somebody_not_listed_makes_nobody_listed(
    world: list[Holding], nameless: list[str]
) -> None:
    for party in NAMES:
        found = stakes(chart(world), party, seen_as([], [], nameless), BOUNDS)
        above = plainly_above(world, party)

        if not above:
            assert found == []
            continue
        assert ("UNSCREENED" in degrees(found)) is bool(above & set(nameless))
        assert ("NOT" in degrees(found)) is not bool(above & set(nameless))
        assert ("UNRESOLVED" in degrees(found)) is plainly_endless(world, above | {party})


def plainly_above(world: Sequence[Holding], party: str) -> set[str]:
    found = {party}
    for _ in world:
        found |= {one.owner for one in world if one.owned in found}
    return found - {party}


def plainly_endless(world: Sequence[Holding], among: set[str]) -> bool:
    """Take away whoever is owned by nobody, or by somebody taken away: is anybody left?"""
    inside = [one for one in world if {one.owner, one.owned} <= among]
    gone = among - {one.owned for one in inside}
    for _ in among:
        gone |= {one.owned for one in inside if one.owner in gone}
    return bool(among - gone)
