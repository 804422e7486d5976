"""What two people decided of a hit holds while both sides stay as they were, and no longer."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.core.hits import (
    HIT_DECISIONS,
    Decisions,
    HitDecision,
    Outcome,
    Screening,
    by_hit,
    compared_as,
    reviewed,
)
from clearhouse.core.screening import Grade, Match, Subject

ON = date(2026, 3, 2)
FIRM = Subject("5493001KJTIIGC8Y1R12", ("Skarven Timber AS", "Skarven"))
LISTED = {"9001": "a" * 64, "9002": "b" * 64}


def match(number: str = "9001", score: int = 900) -> Match:
    grade = Grade.EXACT if score == 1000 else Grade.POSSIBLE
    return Match(FIRM.id, FIRM.names[0], "SKARVEN", number, "SDN", "c" * 64, score, grade)


def decision(number: str = "9001", outcome: Outcome = Outcome.ANOTHER, **said: Any) -> HitDecision:
    one = HitDecision(
        *(FIRM.id, "SDN", number, compared_as(FIRM), LISTED[number], outcome, ON, "seat")
    )
    return replace(one, **said)


def review(*matches: Match, decided: Decisions, subject: Subject = FIRM) -> Screening:
    (found,) = reviewed([subject], [matches], decided, lambda one: LISTED[one.entity])
    return found


def test_what_is_another_is_cleared_and_tells_it() -> None:
    found = review(match(), match("9002"), decided=by_hit([decision()]))
    assert [one.entity for one in found.standing] == ["9002"]
    (cleared,) = found.cleared
    assert cleared.said.endswith(": 900 of 1000; two people found on 2026-03-02 that it is another")
    assert found.standing[0].note == ""


def test_what_is_the_same_is_sure_however_it_is_written() -> None:
    found = review(match(), decided=by_hit([decision(outcome=Outcome.SAME)]))
    (one,) = found.standing
    assert (one.grade, one.score, found.cleared) == (Grade.EXACT, 900, ())
    assert one.note == "two people found on 2026-03-02 that it is the same"


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"compared": "d" * 64}, "what is known of the subject has changed"),
        ({"listed": "d" * 64}, "what the list says of the entry has changed"),
        (
            {"compared": "d" * 64, "listed": "d" * 64},
            "what is known of the subject and what the list says of the entry has changed",
        ),
    ],
    ids=["subject", "entry", "both"],
)
@pytest.mark.parametrize("score", [900, 1000])
def test_when_a_side_changes_nothing_is_decided(
    outcome: Outcome, changed: dict[str, str], why: str, score: int
) -> None:
    found = review(match(score=score), decided=by_hit([decision(outcome=outcome, **changed)]))
    (one,) = found.standing
    assert (one.grade, found.cleared) == (match(score=score).grade, ())
    assert one.note.endswith(f"that holds no more, since {why}")


@pytest.mark.parametrize(
    "other",
    [
        replace(decision(), subject="506700GE1G29325QX363"),
        replace(decision(), list_name="EU"),
        replace(decision(), entity="9002"),
    ],
    ids=["subject", "list", "entry"],
)
def test_a_decision_is_of_one_subject_and_one_entry(other: HitDecision) -> None:
    assert review(match(), decided=by_hit([other])) == Screening((match(),))


def test_what_is_compared_is_all_the_names_in_any_order() -> None:
    def again(*names: str, id: str = FIRM.id, kept_in: str = "") -> str:
        return compared_as(Subject(id, names, kept_in))

    assert again(*FIRM.names[::-1]) == again(*FIRM.names, *FIRM.names) == compared_as(FIRM)
    others = {
        again("Skarven"),
        again(*FIRM.names, "Skarven Oil"),
        again(*FIRM.names, id="506700GE1G29325QX363"),
        again(*FIRM.names, kept_in="prs_1"),
    }
    assert len(others | {compared_as(FIRM)}) == 5


def test_a_person_is_told_by_the_dossier_and_not_by_the_name() -> None:
    one = Subject("prs_1", ("Kari Vik",), "prs_1_ab")
    assert compared_as(one) == compared_as(replace(one, names=("Somebody Else",)))
    assert compared_as(one) != compared_as(replace(one, kept_in="prs_1_cd"))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(LISTED)), st.sampled_from([700, 900, 1000]))),
    st.lists(
        st.builds(
            decision,
            st.sampled_from(sorted(LISTED)),
            st.sampled_from(Outcome),
            compared=st.sampled_from([compared_as(FIRM), "d" * 64]),
        )
    ),
)
def test_no_match_is_lost_and_none_but_what_is_another_is_cleared(
    found: list[tuple[str, int]], several: list[HitDecision]
) -> None:
    matches, decided = [match(*one) for one in found], by_hit(several)
    seen = review(*matches, decided=decided)

    def bare(one: Match) -> Match:
        return replace(one, note="", grade=match(one.entity, one.score).grade)

    told = [*map(bare, seen.standing), *map(bare, seen.cleared)]
    assert sorted(told, key=repr) == sorted(matches, key=repr)
    for one in seen.cleared:
        held = decided[one.subject, one.list_name, one.entity]
        assert held.outcome == Outcome.ANOTHER
        assert (held.compared, held.listed) == (compared_as(FIRM), LISTED[one.entity])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"compared": "A" * 64}, "hit.malformed"),
        ({"compared": "a" * 63}, "hit.malformed"),
        ({"listed": ""}, "record.malformed"),
        ({"listed": "xyz"}, "hit.malformed"),
        ({"outcome": "maybe"}, "record.malformed"),
        ({"reason": ""}, "record.malformed"),
        ({"subject": "a|b"}, "record.malformed"),
    ],
    ids=["capitals", "short", "nothing", "no digits", "no outcome", "no reason", "a gap"],
)
def test_a_malformed_decision_is_refused(said: dict[str, str], code: str) -> None:
    line = HIT_DECISIONS.write(decision()) | said
    record, wrong = HIT_DECISIONS.read(line)
    assert record is None
    assert [one.code for one in wrong] == [code]
