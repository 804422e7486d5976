"""The verifier's check of timetables, entry by entry."""

from types import SimpleNamespace

import pytest

from clearhouse.verifier.canonical import Record
from clearhouse.verifier.checks.schedule import STAGES, schedule
from clearhouse.verifier.entry import Entry
from clearhouse.verifier.standing import Standing
from clearhouse.verifier.things import Obligation
from clearhouse.verifier.wrong import Wrong

NOON, LATER, LATEST = (f"2026-03-02T{hour}:00:00.000000Z" for hour in (12, 13, 14))
OPENED = dict.fromkeys(STAGES[:2], NOON) | dict.fromkeys(STAGES[2:], LATEST)
SCHEDULED = {"cycle": "cyc_1", "cycle_kind": "daily", "value_date": "2026-03-03"} | OPENED


def standing(cut_off: str = NOON, value_date: str = "", due_on: str = "") -> Standing:
    found = Standing((), 1)
    dates = {"cut_off": cut_off, "value_date": value_date, "due_on": due_on}
    found.obligations = {"obl_1": Obligation("A", "B", 1, "BTC", "", "affirmed", **dates)}
    return found


def entry(kind: str, subject: str, body: Record, at: str = LATER) -> Entry:
    return Entry(1, kind, subject, body, at, at, b"", None)


def scheduled(**changed: str) -> Entry:
    body = SCHEDULED | changed
    return entry("CycleScheduled", body["cycle"], body)


CLEARED = entry("ObligationCleared", "obl_1", {"obligation": "obl_1", "cycle": "cyc_1"})
UNWOUND = entry("CycleUnwound", "cyc_1", {"cycle": "cyc_1", "by_cycle": "cyc_2"})
ENDED = entry("CycleUnwound", "cyc_1", {"cycle": "cyc_1", "by_cycle": ""})
SAID = {"obligation": "obl_1", "cycle_kind": "daily", "value_date": "2026-03-03"}
DATED = entry("ValueDated", "obl_1", {**SAID, "cut_off": LATER})
BOUND = entry("ObligationAffirmed", "obl_1", {"obligation": "obl_1"})


ANEW = entry("ValueDated", "obl_1", {**SAID, "value_date": "2026-03-04", "cut_off": LATEST})
EARLIER = entry("ValueDated", "obl_1", ANEW.body, NOON)
WRONG = "schedule.value-date-wrong"
LATE, PROMISED = "schedule.rescinded-late", "schedule.asked-until-wrong"
EARLY = "2026-03-02T11:59:59.999999Z"


def dated(**changed: str) -> Entry:
    return entry("ValueDated", "obl_1", {**DATED.body, **changed})


def called(due_at: str) -> Entry:
    return entry("PayInCalled", "A", {"cycle": "cyc_1", "due_at": due_at})


def rescinded(at: str, cut_off: str = NOON, value_date: str = "") -> Standing:
    """It was taken back, in an earlier period or in this one."""
    found = standing(cut_off, value_date)
    found.obligations["obl_1"].state = "rescinded"
    found.obligations["obl_1"].rescinded_at = at
    return found


def asked(state: str = "affirmed", cut_off: str = NOON) -> Standing:
    found = standing(cut_off)
    found.obligations["obl_1"].asked_by = "A" if state == "affirmed" else ""
    return found


def asked_until(until: str | None) -> Entry:
    return entry("RescissionAsked", "obl_1", {"obligation": "obl_1", "by": "A", "until": until})


def look(how: Standing, *entries: Entry | None, participant: str = "") -> str:
    """The code of what is wrong; empty if nothing is. None ends it."""
    published = SimpleNamespace(bundle=SimpleNamespace(participant=participant))
    looks = schedule(published)  # type: ignore[arg-type]
    try:
        for one in entries:
            if one is None:
                looks.end(how)
            else:
                looks.on[one.kind](how, one)
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
        (standing(""), [DATED, None], WRONG),
        (standing(""), [entry("ObligationAffirmed", "obl_1", {}, NOON), DATED, None], WRONG),
        (standing(""), [BOUND, DATED, scheduled()], "schedule.two-cut-offs"),
        (standing(""), [BOUND, DATED, scheduled(cycle_kind="noon")], ""),
        (standing(), [scheduled(value_date="2026-06-03")], "schedule.stages-wrong"),
        (standing(LATER), [CLEARED], ""),  # of a cycle that has no timetable
        (standing(LATER), [scheduled(), CLEARED], "schedule.too-early"),
        (standing(value_date="2026-03-03"), [scheduled(), CLEARED], ""),
        (standing(value_date="2026-03-04"), [scheduled(), CLEARED], "schedule.too-early"),
        (standing(value_date="2026-03-02"), [BOUND, DATED, None], WRONG),
        (standing(value_date="2026-03-02"), [ANEW, scheduled()], ""),
        (standing("", due_on="2026-03-03"), [ANEW, scheduled()], ""),
        (standing(value_date="2026-03-03"), [ANEW, scheduled()], WRONG),
        (standing(value_date="2026-03-02"), [DATED, scheduled(cycle_kind="noon")], WRONG),
        (standing(value_date="2026-03-02"), [EARLIER, scheduled()], WRONG),
        (standing(value_date="2026-03-02"), [ANEW, scheduled(value_date="2026-03-09")], ""),
        (
            standing(value_date="2026-03-04"),
            [ANEW, scheduled(cycle_kind="noon", value_date="2026-03-09")],
            WRONG,
        ),
        (standing("", due_on="2026-03-03"), [scheduled(), CLEARED], ""),
        (standing("", due_on="2026-03-04"), [scheduled(), CLEARED], "schedule.too-early"),
        (standing(""), [entry("ValueDated", "obl_9", DATED.body)], WRONG),
        (standing(""), [BOUND, entry("ValueDated", "obl_1", DATED.body, LATEST)], WRONG),
        (standing(), [scheduled(rescission=LATEST)], "schedule.stages-wrong"),
        (standing(), [scheduled(settlement=LATER)], "schedule.stages-wrong"),
        (standing(), [scheduled(pay_in=NOON, rescission=LATER)], "schedule.stages-wrong"),
        (standing(), [scheduled(), scheduled(cycle="cyc_2")], "schedule.held-twice"),
        (standing(), [scheduled(), UNWOUND, scheduled(cycle="cyc_2")], ""),
        (standing(), [scheduled(), ENDED, scheduled(cycle="cyc_2")], "schedule.held-twice"),
        (rescinded(LATER), [UNWOUND, scheduled(cycle="cyc_2")], ""),
        (rescinded(LATER), [UNWOUND, scheduled(cycle="cyc_3")], LATE),
        (
            standing(),
            [scheduled(), UNWOUND, scheduled(cycle="cyc_2"), scheduled(cycle="cyc_3")],
            "schedule.held-twice",
        ),
        (standing(), [scheduled(), scheduled(cycle="cyc_2", cycle_kind="noon")], ""),
        (standing(), [scheduled(), scheduled(cycle="cyc_2", value_date="2026-03-04")], ""),
        (standing(), [scheduled(), called(LATEST[:-2] + "1Z")], "schedule.pay-in-late"),
        (rescinded(EARLY), [scheduled()], ""),
        (rescinded(NOON), [scheduled()], LATE),
        (rescinded(LATER), [scheduled()], LATE),
        (rescinded(NOON, LATER), [scheduled()], ""),
        (rescinded(NOON, NOON, "2026-03-04"), [scheduled()], ""),
        (rescinded(NOON, ""), [scheduled()], ""),
        (asked(), [asked_until(NOON), scheduled()], ""),
        (asked(), [asked_until(None), scheduled()], ""),
        (asked(), [asked_until(LATER), scheduled()], PROMISED),
        (asked(cut_off=LATER), [asked_until(LATER), scheduled()], ""),
        (asked(cut_off=""), [asked_until(LATER), scheduled()], ""),
        (asked("rescinded"), [asked_until(LATER), scheduled()], ""),
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
        "dated-anew",
        "dated-at-last",
        "dated-anew-and-in-turn",
        "dated-anew-for-the-same-day",
        "dated-anew-before-the-cycle",
        "dated-anew-for-a-cycle-between",
        "dated-anew-for-its-own-day",
        "due-on-the-day",
        "due-later",
        "dated-and-not-there",
        "dated-after-its-cut-off",
        "before-rescission-ends",
        "at-settlement",
        "out-of-order",
        "held-twice",
        "held-again",
        "held-again-by-no-revision",
        "rescinded-before-it-is-held-again",
        "rescinded-late-beside-one-held-again",
        "held-again-twice",
        "another-kind",
        "another-day",
        "paid-in-late",
        "rescinded-in-time",
        "rescinded-at-rescission",
        "rescinded-after-rescission",
        "rescinded-of-a-later-cycle",
        "rescinded-of-a-later-day",
        "rescinded-without-a-cycle",
        "asked-until-rescission",
        "asked-without-an-end",
        "asked-until-after-rescission",
        "asked-of-a-later-cycle",
        "asked-without-a-cycle",
        "asked-and-rescinded",
    ],
)
def test_what_a_timetable_forbids_is_found(
    how: Standing, entries: list[Entry | None], code: str
) -> None:
    assert look(how, *entries) == code


def test_whoever_has_nothing_in_a_cycle_is_not_shown_why_its_own_waits() -> None:
    how = standing(value_date="2026-03-02")
    assert look(how, EARLIER, scheduled(), None, participant="A") == ""
    assert look(how, DATED, scheduled(cycle_kind="noon"), None, participant="A") == WRONG
