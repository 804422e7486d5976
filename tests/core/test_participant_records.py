"""What registers hold of a participant: measures, standing, attachment and names, day by day."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import TEXTS

from clearhouse.core.calendar import Eras
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    MEASURES,
    NEXT,
    OF_PARTY,
    STANDINGS,
    Attachment,
    Dealing,
    Licence,
    Limit,
    Measure,
    Name,
    Participant,
    Standing,
    State,
    TaxNumber,
    licences_on,
    with_records,
)
from clearhouse.core.rulebook import Class, parse

WORDS = parse(TEXTS).vocabulary
FIRM = ParticipantId("5493001KJTIIGC8Y1R12")
YEAR = date(2026, 1, 1)
LICENCE = Licence(Class.IMPORTER, "Central Bank", YEAR, date(2026, 12, 31))
BARE = Participant(FIRM, "A Firm AS", "XA", "address", (LICENCE,))


def march(number: int) -> date:
    return date(2026, 3, number)


def until(number: int | None) -> date | None:
    return None if number is None else march(number)


def suspended(since: int, end: int | None = None, why: str = "an audit") -> Measure:
    named = (LICENCE.licence_class, LICENCE.issuer, LICENCE.valid_from)
    return Measure(FIRM, *named, "suspended", why, march(since), until(end))


def revoked(since: int) -> Measure:
    return replace(suspended(since), measure="revoked")


def stood(state: State, since: int) -> Standing:
    return Standing(FIRM, state, "so it was decided", march(since))


def attached(place: str, since: int, end: int | None = None) -> Attachment:
    return Attachment(FIRM, place, "branch", march(since), until(end))


# Measures.


@pytest.mark.parametrize(
    ("measures", "active"),
    [
        ([], {1, 5, 6, 9, 10, 11, 20, 31}),
        ([suspended(5, 10)], {1, 11, 20, 31}),
        ([suspended(5, 5)], {1, 6, 9, 10, 11, 20, 31}),
        ([suspended(5)], {1}),
        ([revoked(5)], {1}),
        ([suspended(5, 9), suspended(11, 20)], {1, 10, 31}),
        ([suspended(5, 10), suspended(9, 20)], {1, 31}),  # two overlap: it is free after both
        ([suspended(5, 20), suspended(9, 10)], {1, 31}),
        ([suspended(5, 9), revoked(10)], {1}),
        ([suspended(10), revoked(5)], {1}),
        ([suspended(5, 9), revoked(20)], {1, 10, 11}),
    ],
)
def test_a_licence_holds_on_days_that_no_measure_covers(
    measures: list[Measure], active: set[int]
) -> None:
    for several in (measures, measures[::-1]):
        held = replace(LICENCE, measures=tuple(several))
        looked_at = (1, 5, 6, 9, 10, 11, 20, 31)
        assert {number for number in looked_at if held.active(march(number))} == active
        assert {number for number in looked_at if held.barred(march(number)) is None} == active


def test_a_suspension_is_lifted_by_saying_it_anew_with_its_end() -> None:
    """Both have one key: the later takes the place of the earlier."""
    open_ended, lifted = suspended(5), suspended(5, 10)

    assert MEASURES.key_of(open_ended) == MEASURES.key_of(lifted)
    assert not replace(LICENCE, measures=(open_ended,)).active(march(11))
    assert replace(LICENCE, measures=(lifted,)).active(march(11))


def test_the_first_of_several_measures_is_the_one_that_is_told() -> None:
    early, late = suspended(5, 20, "early"), suspended(9, 20, "late")

    for several in ((early, late), (late, early)):
        held = replace(LICENCE, measures=several)
        assert held.barred(march(8)) == held.barred(march(9)) == early
        assert held.barred(march(4)) is None


def test_a_licence_is_not_longer_than_it_is_for_a_measure() -> None:
    held = replace(LICENCE, measures=(suspended(5, 10),))

    assert not held.active(YEAR - timedelta(days=1))
    assert not held.active(date(2027, 1, 1))
    assert held.active(YEAR)


@pytest.mark.parametrize(
    "other",
    [
        replace(suspended(5), licence_class=Class.EXPORTER),
        replace(suspended(5), issuer="Ministry"),
        replace(suspended(5), valid_from=YEAR + timedelta(days=1)),
    ],
)
def test_a_measure_is_about_the_licence_that_it_names(other: Measure) -> None:
    bank = replace(LICENCE, licence_class=Class.BANK)
    held = with_records(replace(BARE, licences=(LICENCE, bank)), [other, suspended(9)])

    assert [one.measures for one in held.licences] == [(suspended(9),), ()]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (suspended(5), []),
        (suspended(5, 5), []),
        (suspended(5, 4), ["record.dates-wrong"]),
        (revoked(5), []),
        (replace(revoked(5), until=march(9)), ["participant.standing-wrong"]),
        (
            replace(revoked(5), until=march(4)),
            ["record.dates-wrong", "participant.standing-wrong"],
        ),
    ],
)
def test_what_is_revoked_does_not_come_back(measure: Measure, expected: list[str]) -> None:
    assert [one.code for one in measure.faults()] == expected


# Standing.


def test_every_state_says_where_it_may_lead() -> None:
    assert NEXT.keys() == set(State)
    assert all(after <= set(State) and before not in after for before, after in NEXT.items())
    # Whoever left for good stays away, and nobody becomes an applicant again.
    assert not NEXT[State.TERMINATED]
    assert all(State.TERMINATED in NEXT[one] for one in set(State) - {State.TERMINATED})
    assert not any(State.APPLICANT in after for after in NEXT.values())
    assert NEXT[State.APPLICANT] == {State.ACTIVE, State.TERMINATED}


@pytest.mark.parametrize(
    ("standings", "day", "state", "active"),
    [
        ([], 5, None, True),
        ([stood(State.SUSPENDED, 5)], 4, None, True),
        ([stood(State.SUSPENDED, 5)], 5, State.SUSPENDED, False),
        ([stood(State.SUSPENDED, 5), stood(State.ACTIVE, 9)], 8, State.SUSPENDED, False),
        ([stood(State.SUSPENDED, 5), stood(State.ACTIVE, 9)], 9, State.ACTIVE, True),
        ([stood(State.APPLICANT, 1)], 5, State.APPLICANT, False),
        ([stood(State.IN_DEFAULT, 1), stood(State.TERMINATED, 5)], 31, State.TERMINATED, False),
        ([stood(State.IN_DEFAULT, 1)], 31, State.IN_DEFAULT, False),
    ],
)
def test_the_newest_standing_counts(
    standings: list[Standing], day: int, state: State | None, active: bool
) -> None:
    for several in (standings, standings[::-1]):
        held = with_records(BARE, several)
        found = held.standing(march(day))
        assert (found.state if found else None) == state
        assert held.is_active(march(day)) is active


def test_a_standing_read_from_a_register_is_a_plain_text() -> None:
    line = STANDINGS.write(stood(State.ACTIVE, 5))
    record, _ = STANDINGS.read(line)

    assert type(record.state) is str
    assert with_records(BARE, [record]).is_active(march(5))


def test_a_standing_ends_by_the_next_one_alone() -> None:
    assert not [*stood(State.SUSPENDED, 5).faults()]
    (wrong,) = replace(stood(State.SUSPENDED, 5), until=march(9)).faults()
    assert wrong.code == "participant.standing-wrong"


# Jurisdictions and names.


@pytest.mark.parametrize(
    ("days", "places"),
    [
        ([4], {"XA"}),
        ([5], {"XA", "XB"}),
        ([9], {"XA", "XB"}),
        ([10], {"XA"}),
        ([20], {"XA", "XC"}),
        ([4, 5], {"XA", "XB"}),
        ([9, 20], {"XA", "XB", "XC"}),
        ([], {"XA"}),
    ],
)
def test_a_participant_is_attached_on_any_of_the_days(days: list[int], places: set[str]) -> None:
    several = [attached("XB", 5, 9), attached("XC", 20), attached("XA", 1)]

    assert with_records(BARE, several).attached(*map(march, days)) == places


def test_it_is_screened_under_every_name_that_it_ever_had() -> None:
    def named(text: str, since: int, end: int | None = None) -> Name:
        return Name(FIRM, text, "former", march(since), until(end))

    several = [
        named("B Firm", 1, 2),
        named("A Firm AS", 1),
        named("C Firm", 31),
        named("B Firm", 9),
    ]

    assert BARE.all_names() == ("A Firm AS",)
    assert with_records(BARE, several).all_names() == ("A Firm AS", "B Firm", "C Firm")


def test_records_of_each_kind_find_their_place() -> None:
    name = Name(FIRM, "B Firm", "trading", YEAR)
    other = [TaxNumber(FIRM, "XA", "77", YEAR), Limit(FIRM, "USD", "day", 5, YEAR)]
    dealing = Dealing("OFAC-SDN", "1", "Ministry", "d" * 64, YEAR, YEAR, "cmd_1")
    known = replace(BARE, dealings=(dealing,))
    several = [suspended(5), attached("XB", 5), stood(State.SUSPENDED, 5), name, *other]

    held = with_records(known, several)

    assert held.licences == (replace(LICENCE, measures=(suspended(5),)),)
    assert held.attachments == (attached("XB", 5),)
    assert held.standings == (stood(State.SUSPENDED, 5),)
    assert held.names == (name,)
    assert held.dealings == (dealing,)
    assert with_records(held, several) == held
    assert with_records(held, []) == known
    assert {one.kind for one in OF_PARTY} >= {Measure, Attachment, Standing, Name}


# Times in which nothing changes.

numbers = st.integers(1, 12)
spans = st.tuples(numbers, st.none() | numbers).map(
    lambda pair: pair if pair[1] is None else (min(pair[0], pair[1]), max(pair[0], pair[1]))
)
classes = st.sampled_from([Class.IMPORTER, Class.BANK])
DAYS = [YEAR, *map(march, range(1, 15)), date(2026, 12, 31), date(2027, 1, 1), date.max]


@st.composite
def participants(draw: st.DrawFn) -> Participant:
    licences = [
        Licence(draw(classes), "Central Bank", march(start), march(end or 31))
        for start, end in draw(st.lists(spans, max_size=3))
    ]
    records: list[Any] = [
        Measure(
            FIRM,
            one.licence_class,
            one.issuer,
            one.valid_from,
            draw(st.sampled_from(["suspended", "revoked"])),
            "why",
            march(start),
            until(end),
        )
        for one in licences
        for start, end in draw(st.lists(spans, max_size=2))
    ]
    records += [
        attached(draw(st.sampled_from(["XB", "XC"])), *span)
        for span in draw(st.lists(spans, max_size=3))
    ]
    starts = draw(st.lists(numbers, max_size=3, unique=True))
    records += [stood(draw(st.sampled_from(State)), start) for start in starts]
    return with_records(replace(BARE, licences=tuple(licences)), records)


def said_of(one: Participant, day: date) -> tuple[Any, ...]:
    barred = [licence.barred(day) for licence in one.licences]
    licences = licences_on(one, day, WORDS)
    return (licences, barred, one.is_active(day), one.standing(day), one.attached(day))


@given(participants())
def test_any_two_days_of_an_era_see_the_same(one: Participant) -> None:
    eras = Eras(one.spans())
    seen = defaultdict(list)
    for day in DAYS:
        seen[eras.of(day)].append(said_of(one, day))

    for several in seen.values():
        assert all(said == several[0] for said in several)


@given(participants(), st.randoms())
def test_the_order_of_records_changes_nothing(one: Participant, dice: Random) -> None:
    def turned(several: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(dice.sample(several, len(several)))

    other = replace(one, attachments=turned(one.attachments), standings=turned(one.standings))

    assert [said_of(other, day) for day in DAYS] == [said_of(one, day) for day in DAYS]


@given(participants())
def test_a_measure_takes_away_and_gives_nothing(one: Participant) -> None:
    free = with_records(one, [])

    for day in DAYS:
        held, whole = (licences_on(each, day, WORDS) for each in (one, free))
        assert held | whole == whole
