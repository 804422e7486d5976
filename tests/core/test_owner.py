"""Owners: what a register of owners takes and what it refuses, and who owns whom in a ring."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.errors import Kind
from clearhouse.core.ids import derived
from clearhouse.core.owner import (
    HOLDINGS,
    WHOLE,
    Entity,
    Holding,
    PersonOwner,
    on_day,
    over_whole,
    percent,
    rings,
)
from clearhouse.core.record import Record, in_force

FIRM, OTHER = "5493001KJTIIGC8Y1R12", "HWUPKR0MPOU8FGXBT394"
SWAPPED = "5493001KJTIIGC8Y1R21"  # the last two digits
COMPANY, PERSON = derived("ent", "1"), derived("prs", "1")
MARCH = date(2026, 3, 1)

HELD = Holding(COMPANY, FIRM, 250_000, control=False, source="the register", since=MARCH)
HOLDING_COMPANY = Entity(COMPANY, "company", "Alpha Holding", "XC", "C-1")
KARI = PersonOwner(PERSON, "Kari Vik", "1970-01-01", "XA")
KNOWN = PersonOwner(PERSON, commitment="c" * 64)


def codes(record: Record) -> list[str]:
    return [one.code for one in record.faults()]


def share(percents: int, since: date = MARCH, until: date | None = None, of: str = "1") -> Holding:
    return Holding(derived("ent", of), FIRM, percents * 10_000, False, "s", since, until)


# One record.


@pytest.mark.parametrize(
    "record",
    [
        HELD,
        replace(HELD, owner=PERSON),
        replace(HELD, owner=OTHER),
        replace(HELD, owned=COMPANY, owner=OTHER),
        replace(HELD, share=WHOLE),
        replace(HELD, share=1),
        replace(HELD, share=0, control=True),
        replace(HELD, share=WHOLE, control=True),
        replace(HELD, until=MARCH),
        HOLDING_COMPANY,
        replace(HOLDING_COMPANY, entity=OTHER),
        replace(HOLDING_COMPANY, number=""),
        KARI,
        replace(KARI, born="", nationality=""),
        KNOWN,
    ],
)
def test_an_owner_is_taken_as_it_is(record: Record) -> None:
    assert codes(record) == []


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (replace(HELD, until=MARCH - timedelta(days=1)), ["record.dates-wrong"]),
        (replace(HELD, owner=FIRM), ["owner.self"]),
        (replace(HELD, share=WHOLE + 1), ["owner.over-whole"]),
        (replace(HELD, share=0), ["owner.holding-empty"]),
        (replace(HELD, owned=PERSON), ["owner.person-owned"]),
        (replace(HELD, owned=PERSON, owner=PERSON), ["owner.self", "owner.person-owned"]),
        # Ids.
        (replace(HELD, owner=SWAPPED), ["owner.entity-wrong"]),
        (replace(HELD, owned=SWAPPED), ["owner.entity-wrong"]),
        (replace(HELD, owner=FIRM.lower()), ["owner.entity-wrong"]),
        (replace(HELD, owner=derived("obl", "1")), ["owner.entity-wrong"]),
        (replace(HELD, owner=COMPANY.upper()), ["owner.entity-wrong"]),
        (replace(HELD, owner=COMPANY[:-1]), ["owner.entity-wrong"]),
        (replace(HELD, owner=f"{COMPANY}0"), ["owner.entity-wrong"]),
        (replace(HELD, owner="Alpha Holding"), ["owner.entity-wrong"]),
        (replace(HELD, owner=""), ["owner.entity-wrong"]),
        (replace(HELD, owned="prs_1"), ["owner.entity-wrong", "owner.person-owned"]),
        (replace(HELD, owner="x", owned="x"), ["owner.entity-wrong"] * 2 + ["owner.self"]),
        # An entity.
        (replace(HOLDING_COMPANY, entity=PERSON), ["owner.entity-wrong"]),
        (replace(HOLDING_COMPANY, entity=SWAPPED), ["owner.entity-wrong"]),
        (replace(HOLDING_COMPANY, entity="C-1"), ["owner.entity-wrong"]),
        (replace(HOLDING_COMPANY, jurisdiction="Norland"), ["owner.entity-wrong"]),
        (replace(HOLDING_COMPANY, jurisdiction="xa"), ["owner.entity-wrong"]),
        (replace(HOLDING_COMPANY, jurisdiction="ХА"), ["owner.entity-wrong"]),  # noqa: RUF001
        (replace(HOLDING_COMPANY, entity="C-1", jurisdiction=""), ["owner.entity-wrong"] * 2),
        # A natural person.
        (replace(KARI, entity=COMPANY), ["owner.entity-wrong"]),
        (replace(KARI, entity=FIRM), ["owner.entity-wrong"]),
        (replace(KARI, entity="Kari Vik"), ["owner.entity-wrong"]),
        (replace(KARI, name=""), ["owner.entity-wrong"]),
        (replace(KARI, name="", commitment="c" * 64), ["owner.entity-wrong"]),
        (PersonOwner(PERSON), ["owner.entity-wrong"]),
    ],
)
def test_each_refusal_has_its_case(record: Record, expected: list[str]) -> None:
    assert codes(record) == expected
    for refusal in record.faults():
        assert refusal.detail
        assert refusal.kind in {Kind.MALFORMED, Kind.CONFLICT}


def test_an_lei_with_a_slip_is_told_from_an_id_of_another_form() -> None:
    (slip,) = replace(HELD, owner=SWAPPED).faults()
    assert slip.detail.startswith(f"owner: '{SWAPPED}'")
    assert "ent_ or prs_" in slip.detail
    (over,) = replace(HELD, share=WHOLE + 1).faults()
    assert over.detail == f"100.0001 % of {FIRM}: at most 100 %"


@pytest.mark.parametrize(
    ("ppm", "said"),
    [
        (0, "0 %"),
        (1, "0.0001 %"),
        (10, "0.001 %"),
        (9_999, "0.9999 %"),
        (10_000, "1 %"),
        (12_345, "1.2345 %"),
        (250_000, "25 %"),
        (255_000, "25.5 %"),
        (250_050, "25.005 %"),
        (499_999, "49.9999 %"),
        (WHOLE, "100 %"),
        (2 * WHOLE, "200 %"),
    ],
)
def test_a_share_is_said_in_percent(ppm: int, said: str) -> None:
    assert percent(ppm) == said


# Several records of one entity.


def day(number: int) -> date:
    return MARCH + timedelta(days=number)


@pytest.mark.parametrize(
    ("holdings", "said"),
    [
        ([], ""),
        ([share(60), share(40, of="2")], ""),
        ([share(60), share(41, of="2")], "on 2026-03-01 101 %"),
        # On some days only.
        ([share(60, until=day(9)), share(60, day(10), of="2")], ""),
        ([share(60, until=day(10)), share(60, day(10), of="2")], "on 2026-03-11 120 %"),
        ([share(60), share(60, day(10), day(10), of="2")], "on 2026-03-11 120 %"),
        ([share(60, day(5), day(6)), share(60, day(1), day(9), of="2")], "on 2026-03-06 120 %"),
        # Of one owner the newer one counts.
        ([share(60), share(70, day(5))], ""),
        ([share(60), share(20, day(5)), share(80, day(5), of="2")], ""),
        ([share(60), share(20, day(5)), share(80, day(4), of="2")], "on 2026-03-05 140 %"),
        ([share(100), share(1, day(5), day(6)), share(99, day(5), of="2")], ""),
        # A third, and control alone.
        ([share(34), share(33, of="2"), share(34, day(1), of="3")], "on 2026-03-02 101 %"),
        ([share(100), replace(share(0, of="2"), control=True)], ""),
        ([share(100), share(100, of="2"), share(100, of="3")], "on 2026-03-01 300 %"),
    ],
)
def test_more_than_the_whole_is_found_on_whatever_day(holdings: list[Holding], said: str) -> None:
    for several in (holdings, holdings[::-1]):
        found = over_whole(several)
        assert [*found] == ([FIRM] if said else [])
        if said:
            assert found[FIRM].detail == f"{said} of {FIRM} would be owned"
            assert found[FIRM].context == {"entity": FIRM}


def test_each_entity_is_counted_for_itself() -> None:
    there = replace(share(60, of="2"), owned=OTHER)
    assert over_whole([share(60), there]) == {}
    found = over_whole([share(60), there, share(60, of="3"), replace(there, owner=FIRM)])
    assert {*found} == {FIRM, OTHER}


near = st.integers(0, 6).map(day)


@st.composite
def held(draw: st.DrawFn) -> Holding:
    since, until = draw(near), draw(st.none() | near)
    if until is not None:
        since, until = min(since, until), max(since, until)
    return share(draw(st.integers(1, 60)), since, until, draw(st.sampled_from("123")))


registers = st.lists(held(), max_size=8).map(
    lambda several: [*{HOLDINGS.key_of(one): one for one in several}.values()]
)


@given(registers)
def test_over_whole_is_found_as_by_looking_at_every_day(several: list[Holding]) -> None:
    totals = {at: sum(one.share for one in on_day(several, at)) for at in map(day, range(-1, 9))}
    over = [at for at, total in totals.items() if total > WHOLE]

    found = over_whole(several)

    assert bool(found) is bool(over)
    if over:
        assert f"on {over[0]} {percent(totals[over[0]])}" in found[FIRM].detail


@given(registers, near, st.randoms())
def test_what_holds_on_a_day_is_as_of_every_register(
    several: list[Holding], at: date, dice: Random
) -> None:
    found = on_day(dice.sample(several, len(several)), at)

    plain = in_force(HOLDINGS, several, at)
    assert sorted(map(HOLDINGS.key_of, found)) == sorted(map(HOLDINGS.key_of, plain))
    assert len({(one.owner, one.owned) for one in found}) == len(found)


# Rings.


def owns(*pairs: str) -> list[Holding]:
    """Of "AB" A owns B."""
    return [Holding(pair[0], pair[1], 1, False, "s", MARCH) for pair in pairs]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], []),
        (["AB"], []),
        (["AB", "BC", "AC"], []),
        (["AB", "BA"], ["AB", "BA"]),
        (["AB", "BC", "CA"], ["AB", "BC", "CA"]),
        (["XA", "AB", "BA", "BY"], ["AB", "BA"]),  # neither who owns it nor what it owns
        (["AB", "BA", "CD", "DC", "BC"], ["AB", "BA", "CD", "DC"]),  # nor what joins two rings
        (["AB", "BC", "CA", "AC"], ["AB", "BC", "CA", "AC"]),
        (["AB", "BC", "CB"], ["BC", "CB"]),
    ],
)
def test_a_ring_is_found(pairs: list[str], expected: list[str]) -> None:
    asked = [(one[0], one[1]) for one in pairs]
    assert rings(owns(*pairs), asked) == {(one[0], one[1]) for one in expected}


def test_of_those_asked_for_alone_it_is_said() -> None:
    graph = owns("AB", "BA", "CD", "DC")

    assert rings(graph, [("A", "B")]) == {("A", "B")}
    assert rings(graph, []) == set()
    # A holding that ended is on a ring too: somebody should know.
    assert rings([replace(one, until=MARCH) for one in graph], [("B", "A")]) == {("B", "A")}


@given(st.sets(st.sampled_from([*permutations("ABCDE", 2)])), st.randoms())
def test_a_ring_is_what_one_can_walk_around(pairs: set[tuple[str, str]], dice: Random) -> None:
    graph = [Holding(owner, owned, 1, False, "s", MARCH) for owner, owned in pairs]
    graph = dice.sample(graph, len(graph))

    assert rings(graph, pairs) == {pair for pair in pairs if walks(graph, pair[1], pair[0])}


def walks(graph: Sequence[Holding], start: str, end: str, seen: tuple[str, ...] = ()) -> bool:
    """Whether `start` owns `end`, directly or through others: every path is walked."""
    if start == end:
        return True
    ways = [one.owned for one in graph if one.owner == start and one.owned not in seen]
    return any(walks(graph, owned, end, (*seen, start)) for owned in ways)


def test_a_long_ring_and_a_long_chain_are_walked_without_recursion() -> None:
    chain = [(f"n{number}", f"n{number + 1}") for number in range(20_000)]
    graph = [Holding(owner, owned, 1, False, "s", MARCH) for owner, owned in chain]
    closing = Holding("n20000", "n0", 1, False, "s", MARCH)

    assert rings(graph, chain) == set()
    assert rings([*graph, closing], [("n20000", "n0")]) == {("n20000", "n0")}
