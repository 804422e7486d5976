"""The verifier's check of timetables, entry by entry."""

import pytest

from clearhouse.verifier.canonical import Record
from clearhouse.verifier.checks.schedule import STAGES, schedule
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.standing import Obligation, Standing
from clearhouse.verifier.wrong import Wrong

NOON, LATER, LATEST = (f"2026-03-02T{hour}:00:00.000000Z" for hour in (12, 13, 14))
OPENED = dict.fromkeys(STAGES[:2], NOON) | dict.fromkeys(STAGES[2:], LATEST)
SCHEDULED = {"cycle": "cyc_1", "cycle_kind": "daily", "value_date": "2026-03-03"} | OPENED


def standing(cut_off: str = NOON, value_date: str = "") -> Standing:
    found = Standing((), 1)
    one = Obligation("A", "B", 1, "BTC", "", "affirmed", cut_off=cut_off, value_date=value_date)
    found.obligations = {"obl_1": one}
    return found


def entry(kind: str, subject: str, body: Record, at: str = LATER) -> Entry:
    return Entry(1, kind, subject, body, at, at, b"", None)


def scheduled(**changed: str) -> Entry:
    body = SCHEDULED | changed
    return entry("CycleScheduled", body["cycle"], body)


CLEARED = entry("ObligationCleared", "obl_1", {"obligation": "obl_1", "cycle": "cyc_1"})
SAID = {"obligation": "obl_1", "cycle_kind": "daily", "value_date": "2026-03-03"}
DATED = entry("ValueDated", "obl_1", {**SAID, "cut_off": LATER})
BOUND = entry("ObligationAffirmed", "obl_1", {"obligation": "obl_1"})


WRONG = "schedule.value-date-wrong"


def dated(**changed: str) -> Entry:
    return entry("ValueDated", "obl_1", {**DATED.body, **changed})


def called(due_at: str) -> Entry:
    return entry("PayInCalled", "A", {"cycle": "cyc_1", "due_at": due_at})


def look(how: Standing, *entries: Entry) -> str:
    """The code of what is wrong; empty if nothing is."""
    on = schedule(None).on  # type: ignore[arg-type]
    try:
        for one in entries:
            on[one.kind](how, one)
    except Wrong as wrong:
        return wrong.code
    return ""


@pytest.mark.parametrize(
    ("how", "entries", "code"),
    [
        (standing(), [scheduled(), CLEARED, called(LATEST)], ""),
        (standing(""), [BOUND, DATED], ""),
        (standing(""), [BOUND, dated(cut_off="9999-03-03T12:00:00.000000Z")], WRONG),
        (standing(""), [BOUND, dated(cut_off="z")], WRONG),
        (standing(""), [BOUND, dated(value_date="2026-06-03")], WRONG),
        (standing(""), [DATED], WRONG),
        (standing(""), [entry("ObligationAffirmed", "obl_1", {}, NOON), DATED], WRONG),
        (standing(""), [BOUND, DATED, scheduled()], "schedule.two-cut-offs"),
        (standing(""), [BOUND, DATED, scheduled(cycle_kind="noon")], ""),
        (standing(), [scheduled(value_date="2026-06-03")], "schedule.stages-wrong"),
        (standing(LATER), [CLEARED], ""),  # of a cycle that has no timetable
        (standing(LATER), [scheduled(), CLEARED], "schedule.too-early"),
        (standing(value_date="2026-03-03"), [scheduled(), CLEARED], ""),
        (standing(value_date="2026-03-04"), [scheduled(), CLEARED], "schedule.too-early"),
        (standing(), [BOUND, DATED], WRONG),
        (standing(""), [entry("ValueDated", "obl_9", DATED.body)], WRONG),
        (standing(""), [BOUND, entry("ValueDated", "obl_1", DATED.body, LATEST)], WRONG),
        (standing(), [scheduled(rescission=LATEST)], "schedule.stages-wrong"),
        (standing(), [scheduled(settlement=LATER)], "schedule.stages-wrong"),
        (standing(), [scheduled(pay_in=NOON, rescission=LATER)], "schedule.stages-wrong"),
        (standing(), [scheduled(), scheduled(cycle="cyc_2")], "schedule.held-twice"),
        (standing(), [scheduled(), scheduled(cycle="cyc_2", cycle_kind="noon")], ""),
        (standing(), [scheduled(), scheduled(cycle="cyc_2", value_date="2026-03-04")], ""),
        (standing(), [scheduled(), called(LATEST[:-2] + "1Z")], "schedule.pay-in-late"),
    ],
    ids=[
        "all-is-well",
        "dated-as-it-binds",
        "cut-off-for-ever",
        "cut-off-no-instant",
        "value-date-far",
        "dated-and-not-bound",
        "dated-later",
        "two-cut-offs",
        "of-two-kinds",
        "cycle-of-a-far-day",
        "without-a-timetable",
        "too-early",
        "of-its-value-date",
        "before-its-value-date",
        "dated-again",
        "dated-and-not-there",
        "dated-after-its-cut-off",
        "before-rescission-ends",
        "at-settlement",
        "out-of-order",
        "held-twice",
        "another-kind",
        "another-day",
        "paid-in-late",
    ],
)
def test_what_a_timetable_forbids_is_found(how: Standing, entries: list[Entry], code: str) -> None:
    assert look(how, *entries) == code
