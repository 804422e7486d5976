"""Timetables as law: what is no timetable is refused by file, line and rule; what is, is told."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import pytest
from tests.full_law import BASE, CYCLES, refused
from tests.laws import TEXTS
from tests.sentences import START, Sentence, book, files, head, rule, timetable

from clearhouse.core.rulebook import RulebookMalformed, parse, restore
from clearhouse.core.rulebook import timetables as law_of_timetables
from clearhouse.core.rulebook.mandatory import LAW
from clearhouse.core.rulebook.mutation import mutants_of_timetable, try_mutants
from clearhouse.core.rulebook.prose import changes, text
from clearhouse.core.rulebook.rule import TimetableRule
from clearhouse.core.rulebook.source import read
from clearhouse.core.timetable import Moment, Stage, next_value_date
from clearhouse.core.zone import instant

MIDDLE, END, DAY = date(2026, 6, 1), date(2026, 12, 31), timedelta(days=1)
MONDAY = date(2026, 3, 2)
OPEN = rule("XA.r")


# --- what is no timetable ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said", "at"),
    [
        ('cycle = "daily"', 'cycle = "Daily"', "cycle", 'cycle = "Daily"'),
        ('cycle = "daily"\n', "", "cycle", "[[timetable]]"),
        ('"Europe/London"', '"Norland/Nowhere"', "no time zone", "zone ="),
        ('"Europe/London"', '"Europe"', "write a zone", "zone ="),
        ('"Europe/London"', '"localtime"', "write a zone", "zone ="),
        ('"16:30" }\nresc', '"24:00" }\nresc', "cut-off", "cut-off ="),
        ('"16:30" }\nresc', '"16:30:00" }\nresc', "cut-off", "cut-off ="),
        ('day = -1, at = "16:30"', 'day = 1, at = "16:30"', "cut-off", "cut-off ="),
        ('day = -1, at = "16:30"', 'day = -6, at = "16:30"', "cut-off", "cut-off ="),
        ('day = -1, at = "16:30"', 'at = "16:30"', "cut-off", "cut-off ="),
        ('day = -1, at = "16:30"', 'day = "-1", at = "16:30"', "cut-off", "cut-off ="),
        ('pay-in = "00:00"', "pay-in = 00:00:00", "pay-in", "pay-in = 00"),
        ('close = "20:00"\n', "", "close", "[[timetable]]"),
        # Out of order.
        ('day = -2, at = "09:00"', 'day = -1, at = "16:30"', "must be after sub", "cut-off = {"),
        ('day = -2, at = "09:00"', 'day = 0, at = "00:00"', "must be after sub", "cut-off = {"),
        ('"16:30" }\nresc', '"18:01" }\nresc', "no earlier than cut-off", "rescission = {"),
        ('day = -1, at = "18:00"', 'day = 0, at = "00:01"', "no earlier than resc", 'pay-in = "'),
        ('pay-in = "00:00"', 'pay-in = "06:31"', "no earlier than pay-in", "pay-in-revised ="),
        ('revised = "06:30"', 'revised = "15:01"', "earlier than pay-in-revised", "settlement ="),
        ('settlement = "15:00"', 'settlement = "20:00"', "must be after sett", 'close = "20:00"'),
        ('settlement = "15:00"', 'settlement = "20:01"', "must be after sett", 'close = "20:00"'),
        (
            'settlement = "15:00"',
            'settlement = { day = -1, at = "15:00" }',
            "itself",
            "settlement =",
        ),
        ('close = "20:00"', 'close = { day = -1, at = "20:00" }', "itself", "close = {"),
        # Cases.
        ("value_date = 2026-03-30", "value_date = 2026-03-31", "submission is at", "[[timetable.c"),
        ("value_date = 2026-03-30", "value_date = 2026-03-29", "no such cycle", "[[timetable.c"),
        ("value_date = 2026-03-30", "value_date = 2025-12-31", "not in force", "[[timetable.c"),
        ("value_date = 2026-03-30", "value_date = 2031-01-01", "not in force", "[[timetable.c"),
        ("value_date = 2026-03-30", 'value_date = "2026-02-30"', "no day", "value_date ="),
        ("30T14:00:00Z", "30T14:00:01Z", "settlement is at 2026-03-30 14:00", "[[timetable.c"),
        ("30T14:00:00Z", "30T15:00:00+01:00", "settlement", "settlement = 2"),
        ("30T14:00:00Z", "30T14:00:00", "settlement", "settlement = 2"),
        ("2026-03-30T14:00:00Z", '"2026-02-30T14:00:00+00:00"', "no instant", 'settlement = "2026'),
        ("close = 2026-03-30T19:00:00Z\n", "", "close", "[[timetable.c"),
        ("[[timetable.cases]]\n", "[[timetable.vectors]]\n", "cases", "[[timetable]]"),
    ],
)
def test_what_is_no_timetable_is_refused_by_line(old: str, new: str, said: str, at: str) -> None:
    assert CYCLES.count(old) == 1
    spoilt = CYCLES.replace(old, new)
    refusal = refused({**BASE, "cycles.toml": spoilt})

    assert said in refusal.detail
    assert refusal.context["file"] == "cycles.toml"
    assert refusal.context["rule"] == "XA.cycles.daily"
    assert refusal.context["line"] == str(spoilt[: spoilt.index(at)].count("\n") + 1)


def test_a_case_is_said_once() -> None:
    case = CYCLES[CYCLES.index("\n[[timetable.cases]]") :]
    refusal = refused({**BASE, "cycles.toml": CYCLES + case})

    assert "a case of 2026-03-30 already" in refusal.detail
    assert refusal.context["line"] == str(CYCLES.count("\n") + 2)


@pytest.mark.parametrize(
    "times",
    [
        {"cut_off": "16:00", "rescission": "16:00", "pay_in": "16:00", "pay_in_revised": "16:00"}
        | {"settlement": "16:00", "close": "16:01", "submission": "15:59"},
        {"submission": {"day": -5, "at": "23:59"}, "cut_off": {"day": -4, "at": "00:00"}},
        {"pay_in": {"day": 0, "at": "00:00"}},
    ],
    ids=["all at once", "days before", "the day itself as a table"],
)
def test_what_must_not_be_apart_may_come_together(times: Mapping[str, object]) -> None:
    assert len(book(timetable("XA.t", **times), OPEN).timetables) == 1  # type: ignore[arg-type]


# --- what goes together --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "trouble"),
    [
        (timetable("XB.t"), ""),
        (timetable("XB.t", zone="Europe/Oslo"), "another timetable for the daily cycle"),
        (timetable("XB.t", close="20:01"), "another timetable for the daily cycle"),
        (timetable("XA.other", close="20:01"), "another timetable for the daily cycle"),
        (timetable("XB.t", close="20:01", start=END, end=END), "another timetable"),
        (timetable("XB.t", close="20:01", start=date(2027, 1, 1)), ""),
        (timetable("XA.t", close="20:01", start=date(2027, 1, 1)), ""),
        (timetable("XA.t", start=END), "overlaps its own version"),
        (timetable("XB.t", cycle="late", cut_off={"day": -1, "at": "16:30"}), ""),
        (timetable("XB.t", cycle="late"), "both cut off at 2025-12-31 16:00 UTC"),
        (timetable("XB.t", cycle="late", start=date(2027, 1, 1)), ""),
        (timetable("XA.u", cycle="late", start=END), "both cut off at 2026-12-30 16:00 UTC"),
    ],
    ids=[f"case {number}" for number in range(12)],
)
def test_there_is_one_timetable_of_a_kind_at_a_time(other: Sentence, trouble: str) -> None:
    one = timetable("XA.t", end=END)
    if not trouble:
        assert len(book(one, other, OPEN).timetables) == 2
        return
    for first, second in ((one, other), (other, one)):
        with pytest.raises(RulebookMalformed, match=trouble) as caught:
            book(first, second, OPEN)
        assert int(caught.value.context["line"]) > 0
        assert caught.value.context["rule"]


SAME = {"submission": "08:00", "rescission": "17:00", "pay_in": "18:00", "pay_in_revised": "18:30"}
SAME |= {"settlement": "19:00", "cycle": "noon"}


@pytest.mark.parametrize(
    ("zone", "cut_off", "at_once"),
    [
        ("UTC", "16:00", "2026-01-01 16:00"),  # another day's, at the same instant
        ("UTC", "16:01", ""),
        ("Europe/Oslo", "17:00", "2026-01-01 16:00"),  # in winter
        ("Europe/Oslo", "16:00", ""),
        ("Europe/London", "16:00", "2026-01-01 16:00"),
        ("America/New_York", "12:00", "2026-03-09 16:00"),  # in summer alone
        ("Asia/Kolkata", "16:00", ""),
    ],
)
def test_two_kinds_are_not_cut_off_at_one_instant(zone: str, cut_off: str, at_once: str) -> None:
    """On any day of a year, by whatever clocks."""
    daily = timetable("XA.t")
    noon = timetable("XA.u", zone, cut_off=cut_off, **SAME)  # type: ignore[arg-type]
    if not at_once:
        assert [one.kind for one in book(daily, noon, OPEN).cycles(MONDAY)] == ["daily", "noon"]
        return
    with pytest.raises(RulebookMalformed, match=f"both cut off at {at_once}"):
        book(daily, noon, OPEN)


def test_law_holds_on_its_days_and_there_is_one_cycle_of_a_kind() -> None:
    law = book(
        timetable("XA.t", end=MIDDLE),
        timetable("XB.t", end=END),
        timetable("XA.u", cycle="late", cut_off={"day": -1, "at": "16:30"}, start=MIDDLE),
        OPEN,
    )

    kinds = {
        day: [one.kind for one in law.cycles(day)]
        for day in (START - DAY, START, MIDDLE, MIDDLE + DAY, END, END + DAY)
    }
    both = ["daily", "late"]
    assert [*kinds.values()] == [[], ["daily"], both, both, both, ["late"]]
    (first, _) = law.cycles(MIDDLE)
    assert first.moments[1] == Moment(-1, time(16))
    assert first is law.cycles(MIDDLE)[0]


def with_holidays(*sentences: Sentence, **holidays: date) -> dict[str, str]:
    """Files of countries that rest on a day more."""
    made = dict(files(*sentences, OPEN))
    for place, day in holidays.items():
        made[f"{place}.toml"] += f"holidays = [{day}]\n"
    return made


def test_a_cycle_is_held_where_all_work_whose_law_names_it() -> None:
    """Not where others rest: their payments have other value dates, and the cycle is held."""
    tuesday = MONDAY + DAY
    alone = parse(with_holidays(timetable("XA.t"), XB=MONDAY))
    both = parse(with_holidays(timetable("XA.t"), timetable("XB.t"), XB=MONDAY))

    assert [law.cycles(MONDAY)[0].holds(MONDAY) for law in (alone, both)] == [True, False]
    eve = [law.cycles(tuesday)[0].cut_off(tuesday).date() for law in (alone, both)]
    assert eve == [MONDAY, MONDAY - 3 * DAY]


def test_a_case_is_of_the_cycle_as_all_laws_make_it() -> None:
    case = {date(2026, 3, 3): instants("2026-03-02")}
    one = timetable("XA.t", cases=case)
    assert parse(with_holidays(one, XB=MONDAY)).timetables
    with pytest.raises(RulebookMalformed, match="its case of 2026-03-03 fails: submission is at"):
        parse(with_holidays(one, timetable("XB.t"), XB=MONDAY))


def instants(eve: str) -> dict[str, datetime]:
    day = date.fromisoformat(eve)
    hours = {"submission": 9, "cut-off": 16, "rescission": 17, "pay-in": 24}
    hours |= {"pay-in-revised": 30, "settlement": 39, "close": 44}
    found = {
        key: datetime.combine(day, time(), UTC) + timedelta(hours=n) for key, n in hours.items()
    }
    found["pay-in-revised"] += timedelta(minutes=30)
    return found


# --- what is kept --------------------------------------------------------------------------------


def test_what_was_enacted_is_read_again_when_clocks_have_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A government may change its clocks; the law of before does not vanish for that."""
    law = book(timetable("XA.t"), OPEN)

    def later(*_: object) -> str:
        return "its clocks have changed"

    monkeypatch.setattr(law_of_timetables.Timetables, "differs", later)
    assert restore(law.body) == law
    with pytest.raises(RulebookMalformed, match="clocks have changed"):
        book(timetable("XA.t"), OPEN)


def test_what_is_kept_out_of_order_is_refused_still() -> None:
    body = book(timetable("XA.t"), OPEN).body
    assert body.count('"close":"20:00"') == 1
    with pytest.raises(RulebookMalformed, match="must be after settlement"):
        restore(body.replace('"close":"20:00"', '"close":"14:00"'))


def test_a_law_of_before_there_were_timetables_is_the_same_to_the_byte() -> None:
    """Its body was written out so then; its version was the hash of that."""
    contents = {
        "XA/": read("", head("XA")).content,
        "XA/assets": read("", files(OPEN)["XA-assets.toml"]).content,
        "XB/": read("", head("XB")).content,
        "ZZ/travel-rule": read("", LAW).content,
    }
    body = json.dumps(contents, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    law = restore(body)

    assert (law.body, law.version) == (body, sha256(body.encode()).hexdigest())
    assert "timetable" not in body
    assert law == book(OPEN)
    assert (law.timetables, law.cycles(MONDAY)) == ((), ())


# --- what is told --------------------------------------------------------------------------------


def test_a_timetable_is_told_with_all_that_it_says() -> None:
    law = book(timetable("XA.t", submission={"day": -2, "at": "09:00"}, end=END), OPEN)

    told = text(law, "XA.t").split("\n\n")[-1]

    assert [line[4:] for line in told.split("\n")] == [
        "XA.t  timetable, in force from 2026-01-01 to 2026-12-31",
        "the daily cycle of each value date, by the clocks of UTC:",
        "  submission opens: 09:00 2 business days before",
        "  cut-off: 16:00 on the business day before",
        "  last rescission by both sides: 17:00 on the business day before",
        "  initial pay-in schedule: 00:00 on the value date",
        "  revised pay-in schedule: 06:30 on the value date",
        "  settlement: 15:00 on the value date",
        "  close: 20:00 on the value date",
        "Act, s. XA.t",
    ]


def test_a_changed_time_is_told_and_a_further_case_is_not() -> None:
    old = book(timetable("XA.t"), OPEN)
    (change,) = changes(old, book(timetable("XA.t", close="20:30"), OPEN))

    assert (change.kind, change.id) == ("changed", "XA.t")
    assert [line for line in change.lines if line[0] != " "] == [
        "-   close: 20:00 on the value date",
        "+   close: 20:30 on the value date",
    ]
    more = {date(2026, 3, 3): instants("2026-03-02")}
    assert changes(old, book(timetable("XA.t", cases=more), OPEN)) == []
    assert [one.kind for one in changes(book(OPEN), old)] == ["added"]


# --- mutants -------------------------------------------------------------------------------------


def rule_of(sentence: Sentence) -> TimetableRule:
    (made,) = book(sentence, OPEN).timetables
    return made


def test_each_stage_is_a_minute_and_a_day_to_each_side() -> None:
    made = rule_of(timetable("XA.t"))
    found = [*mutants_of_timetable(made)]

    counted = Counter(one.change.partition(":")[0] for one in found)
    # No stage comes after the value date.
    assert counted == {stage: 4 if stage in [*Stage][:3] else 3 for stage in Stage}
    assert [one.change for one in found if one.change.startswith("cut-off")] == [
        "cut-off: day -1, 15:59",
        "cut-off: day -1, 16:01",
        "cut-off: day -2, 16:00",
        "cut-off: day 0, 16:00",
    ]
    midnight = [one.change for one in found if one.change.startswith("pay-in:")]
    assert midnight[0] == "pay-in: day -1, 23:59"
    for one in found:
        assert isinstance(one.rule, TimetableRule)
        assert replace(one.rule, moments=made.moments) == made
        assert sum(a != b for a, b in zip(one.rule.moments, made.moments, strict=True)) == 1


@pytest.mark.parametrize(
    ("zone", "zones"),
    [
        ("UTC", []),
        ("Asia/Almaty", []),  # whose clocks did not change that year
        ("Europe/Oslo", ["Etc/GMT-1", "Etc/GMT-2"]),
        ("Europe/London", ["Etc/GMT+0", "Etc/GMT-1"]),
        ("America/New_York", ["Etc/GMT+5", "Etc/GMT+4"]),
        ("Australia/Lord_Howe", ["Etc/GMT-11"]),  # in winter it is ten hours and a half
    ],
)
def test_a_zone_that_changes_becomes_one_that_does_not(zone: str, zones: list[str]) -> None:
    found = mutants_of_timetable(rule_of(timetable("XA.t", zone)))
    assert [one.change for one in found if zone in one.change] == [
        f"{key} for {zone}" for key in zones
    ]


def test_cases_of_one_season_do_not_notice_a_zone_that_never_changes() -> None:
    summer = {date(2026, 7, 1): {key: at - timedelta(hours=2) for key, at in JULY.items()}}
    winter = {date(2026, 3, 3): {key: at - timedelta(hours=1) for key, at in MARCH.items()}}

    def unnoticed(cases: Mapping[date, Mapping[str, datetime]]) -> list[str]:
        law = book(timetable("XA.t", "Europe/Oslo", cases=cases), OPEN)
        tried = [one for one in try_mutants(law) if one.mutant.id == "XA.t"]
        assert len(tried) == 26
        return [one.mutant.change for one in tried if not one.noticed]

    assert unnoticed(winter) == ["Etc/GMT-1 for Europe/Oslo"]
    assert unnoticed(summer) == ["Etc/GMT-2 for Europe/Oslo"]
    assert unnoticed(summer | winter) == []


JULY, MARCH = instants("2026-06-30"), instants("2026-03-02")


# --- the shipped timetable -----------------------------------------------------------------------

SHIPPED = parse(TEXTS)


def years() -> Iterator[date]:
    return (START + DAY * number for number in range(3 * 366))


def test_the_shipped_cycle_is_cut_off_after_the_fixing_and_paid_in_within_its_time() -> None:
    """On each of its days: after the rate of that day, before that rate is a day old."""
    held = 0
    for day in years():
        for one in SHIPPED.cycles(day):
            if not one.holds(day) or one.cut_off(day).date() < START:
                continue  # before the law there is no fixing
            held += 1
            stages = one.stages(day)
            fixing = SHIPPED.fixing(stages.cut_off.date())
            fixed = instant(stages.cut_off.date(), time(fixing.hour), fixing.zone)
            assert fixed < stages.cut_off < stages.pay_in
            assert stages.cut_off - fixed < timedelta(hours=2)
            hours = SHIPPED.standard("settlement.pay-in-time", day)
            assert stages.settlement - stages.pay_in <= timedelta(hours=hours)
    assert held > 700


def test_every_payment_of_the_shipped_countries_has_a_value_date() -> None:
    calendars = [one.calendar for one in SHIPPED.jurisdictions.values()]
    last = None
    for day in years():
        at = datetime.combine(day, time(12), UTC)
        found: Any = next_value_date(SHIPPED.cycles, at, day, calendars)
        assert at <= found.cut_off
        assert last is None or last <= found.value_date
        last = found.value_date
