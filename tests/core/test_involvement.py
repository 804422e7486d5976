"""What those mean for a participant through whom it acts, and what the law closes to its goods."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sentences import book, opened

from clearhouse.core.associate import OFFICERS, Associate, Role, Vessel
from clearhouse.core.carriage import Aboard, Carriage, with_closures
from clearhouse.core.gate import OWNED, THROUGH, Finding, Ground, Verdict
from clearhouse.core.ids import ObligationId, ParticipantId, derived
from clearhouse.core.involvement import Involvement, Part, involvements
from clearhouse.core.owner import Holding
from clearhouse.core.ownership import Bounds, Compared, Degree, chart
from clearhouse.core.rulebook import Outcome
from clearhouse.core.rulebook.rule import Closure, Head
from clearhouse.core.rulebook.vocabulary import COUNTRY_ENDS, ENDS
from clearhouse.core.screening import Grade, Match

FIRM = ParticipantId("5493001KJTIIGC8Y1R12")
BOUNDS = Bounds(500_000, 250_000)
MARCH = date(2026, 3, 2)
NOBODY = chart([])
ENTITIES = [derived("ent", str(number)) for number in range(4)]


def match(id: str, grade: Grade = Grade.EXACT) -> Match:
    return Match(id, "A", "B", "9001", "OFAC-SDN", "v", 1000, grade)


def through(role: str, id: str = ENTITIES[0]) -> Associate:
    return Associate(FIRM, id, role, "a statement", MARCH)


def verdict(found: list[Involvement]) -> Verdict:
    return max((THROUGH[one.part][1] for one in found), default=Verdict.CLEAR)


def looked_at(
    several: list[Associate],
    compared: Compared,
    holdings: list[Holding] | None = None,
    licensed: Compared | None = None,
) -> list[Involvement]:
    whole = chart(holdings or [])
    return involvements("Firm", several, whole, compared, licensed or Compared({}, {}), BOUNDS)


@pytest.mark.parametrize("role", Role)
def test_the_role_and_the_grade_decide(role: Role) -> None:
    sure = Verdict.HOLD if role in OFFICERS else Verdict.DENY
    for grade, expected in ((Grade.EXACT, sure), (Grade.POSSIBLE, Verdict.HOLD)):
        compared = Compared({ENTITIES[0]: [match(ENTITIES[0], grade)]}, {})
        assert verdict(looked_at([through(str(role))], compared)) is expected


@pytest.mark.parametrize("role", ["bank", "director"])
def test_an_associate_that_those_listed_own_is_as_one_that_is_listed(role: str) -> None:
    """By the role, too: half of a company that directs another holds that."""
    owner = ENTITIES[1]
    half = [Holding(owner, ENTITIES[0], 500_000, False, "r", MARCH)]
    (one,) = looked_at([through(role)], Compared({owner: [match(owner)]}, {}), half)
    assert one.part is (Part.OFFICER if role == "director" else Part.THROUGH)
    (other,) = looked_at(
        [through(role)], Compared({owner: [match(owner, Grade.POSSIBLE)]}, {}), half
    )
    assert other.part is Part.POSSIBLY


def test_nobody_is_looked_at_where_nobody_is_recorded() -> None:
    assert looked_at([], Compared({}, {})) == []
    assert [one.part for one in looked_at([through("bank")], Compared({}, {}))] == [Part.NOT]


def test_every_part_has_a_code_of_its_own() -> None:
    codes = [code for code, _ in (*THROUGH.values(), *OWNED.values())]
    assert len(set(codes)) == len(codes)
    assert THROUGH.keys() == set(Part)
    assert OWNED.keys() == set(Degree)


@pytest.mark.parametrize("role", ["bank", "director"])
def test_what_is_licensed_stands_against_nothing_and_is_told(role: str) -> None:
    """And what is not licensed of the same associate still does."""
    covered = Compared({ENTITIES[0]: [match(ENTITIES[0])]}, {})
    (one,) = looked_at([through(role)], Compared({}, {}), licensed=covered)
    assert one.part is Part.LICENSED
    both = looked_at([through(role)], covered, licensed=covered)
    assert verdict(both) > Verdict.CLEAR


roles = st.sampled_from(list(Role))
links = st.lists(
    st.builds(lambda role, whom: through(str(role), whom), roles, st.sampled_from(ENTITIES)),
    max_size=6,
    unique_by=lambda one: (one.associate, one.role),
)
grades = st.dictionaries(st.sampled_from(ENTITIES), st.sampled_from(Grade))
owners = st.dictionaries(
    st.sampled_from([(a, b) for a in ENTITIES for b in ENTITIES if a < b]),
    st.sampled_from([100_000, 250_000, 333_000]),  # of three owners, no more than the whole
    max_size=4,
)


@given(links, grades, owners, st.data())
def test_no_order_counts_and_more_matches_are_never_laxer(
    several: list[Associate],
    alike: dict[str, Grade],
    held: dict[tuple[str, str], int],
    data: st.DataObject,
) -> None:
    holdings = [Holding(*pair, share, False, "r", MARCH) for pair, share in held.items()]
    compared = Compared({id: [match(id, grade)] for id, grade in alike.items()}, {})

    found = looked_at(several, compared, holdings)

    shuffled = data.draw(st.permutations(several))
    assert looked_at(list(shuffled), compared, holdings) == found
    fewer = data.draw(st.sets(st.sampled_from(ENTITIES)))
    left = {id: each for id, each in compared.matches.items() if id not in fewer}
    assert verdict(looked_at(several, replace(compared, matches=left), holdings)) <= verdict(found)
    part = data.draw(st.lists(st.sampled_from(several), unique=True)) if several else []
    assert verdict(looked_at(part, compared, holdings)) <= verdict(found)
    assert bool(found) is bool(several)


# What the law closes.

OBLIGATION = ObligationId(derived("obl", "1"))
FINDING = Finding("XA>XB", (Ground("gate.law-allows", Verdict.CLEAR, "open"),), "v", ())
LAW = book(*opened("XA", "XB"))
countries = st.sampled_from(["KV", "KW", "KX"])
ports = st.builds(lambda country, port: country + port, countries, st.sampled_from(["AAA", "BB2"]))
days = st.dates(MARCH - timedelta(days=3), MARCH + timedelta(days=3))


@st.composite
def closures(draw: st.DrawFn) -> Closure:
    code = draw(st.sampled_from(["XA", "XB", "XC", "ZZ"]))
    head = Head(f"{code}.closed.{draw(st.integers(0, 99))}", code, "art. 1", draw(days), None)
    places = draw(st.lists(countries | ports, min_size=1, unique=True))
    ends = draw(st.lists(st.sampled_from(ENDS), min_size=1, unique=True))
    outcome = draw(st.sampled_from([Outcome.DENY, Outcome.HOLD]))
    return Closure(head, "Closed.", tuple(places), tuple(ends), outcome, (), ())


@st.composite
def shipped(draw: st.DrawFn) -> Aboard:
    document = f"B/L {draw(st.integers(0, 99))}"
    flag = draw(st.just("") | countries)
    places = (draw(ports), draw(ports), draw(countries), draw(countries))
    one = Carriage(OBLIGATION, document, *places, derived("ves", "1"))
    return Aboard(one, Vessel(one.vessel, "Snow Goose", "", flag))


def plainly(rule: Closure, one: Aboard, attached: set[str], on: tuple[date, date]) -> bool:
    """Whether a closure shuts what is shipped, worked out end by end."""
    holds = any(rule.head.effective_from <= day for day in on)
    applies = rule.head.jurisdiction in attached or rule.head.jurisdiction == "ZZ"
    carriage = one.carriage
    by_end = {end: getattr(carriage, end) for end in ENDS if end != "flag"}
    by_end["flag"] = one.vessel.flag if one.vessel else ""
    hit = any(
        by_end[end] and (by_end[end] == place or (len(place) == 2 and by_end[end][:2] == place))
        for end in rule.ends
        for place in rule.places
    )
    return holds and applies and hit


@given(
    st.lists(closures(), max_size=3, unique_by=lambda one: one.head.id),
    st.lists(shipped(), min_size=1, max_size=3, unique_by=lambda one: one.carriage.document),
    st.sets(st.sampled_from(["XA", "XB", "XC"])),
    st.tuples(days, days),
    st.data(),
)
def test_what_any_attached_law_closes_on_either_day_is_closed(
    rules: list[Closure],
    several: list[Aboard],
    attached: set[str],
    on: tuple[date, date],
    data: st.DataObject,
) -> None:
    """Beside a plain reading; in whatever order things are recorded; the strictest answers."""
    law = replace(LAW, closures=tuple(rules))

    found = with_closures(FINDING, several, law, attached, on)

    shuts = [rule for rule in rules for one in several if plainly(rule, one, attached, on)]
    verdicts = {Outcome.DENY: Verdict.DENY, Outcome.HOLD: Verdict.HOLD}
    assert found.verdict is max((verdicts[rule.outcome] for rule in shuts), default=FINDING.verdict)
    assert {one.rule for one in found.grounds if one.rule} == {rule.head.id for rule in shuts}
    assert with_closures(FINDING, data.draw(st.permutations(several)), law, attached, on) == found
    assert found.grounds[0] == FINDING.grounds[0]
    assert (found == FINDING) is (not shuts)
    assert set(COUNTRY_ENDS) < set(ENDS)
