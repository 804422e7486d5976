"""Meters: months from registers, replacements in between, and readings that cannot be."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearhouse.core.errors import Refusal
from clearhouse.core.mining.meters import (
    MeterBackwards,
    MeterChanged,
    MonthMissing,
    Reading,
    ReadingDiffers,
    ReadingEarly,
    ReadingWrong,
    ReplacementUnread,
    monthly,
)
from clearhouse.core.money import UNITS_MAX

TODAY = date(2027, 1, 1)


def read(text: str) -> list[Reading]:
    """Readings as `03-01 A 1500`, one a line, of 2026; `begins` behind the first of a register."""
    readings = []
    for line in text.strip().splitlines():
        day, meter, register, *begins = line.split()
        on = date.fromisoformat(f"2026-{day}")
        readings.append(Reading(on, meter, int(register), bool(begins)))
    return readings


def months(text: str) -> dict[tuple[int, int], int]:
    return monthly(read(text), TODAY)


def test_months_are_between_firsts() -> None:
    assert months("""
        01-01 A 100000
        02-01 A 700000
        03-01 A 700000
        04-01 A 700001
    """) == {(2026, 1): 600_000, (2026, 2): 0, (2026, 3): 1}


def test_a_year_turns() -> None:
    readings = [Reading(date(2025, 12, 1), "A", 5), Reading(date(2026, 1, 1), "A", 8)]
    assert monthly(readings, TODAY) == {(2025, 12): 3}


def test_readings_of_other_days_cut_nothing() -> None:
    """What was used before the first 1st, and since the last, is of no whole month."""
    assert months("""
        01-15 A 10
        02-01 A 20
        02-28 A 90
        03-01 A 100
        03-20 A 500
    """) == {(2026, 2): 80}


@pytest.mark.parametrize("text", ["", "01-01 A 5", "01-02 A 5\n01-31 A 9", "01-01 A 5\n01-02 A 9"])
def test_without_two_firsts_there_is_no_month(text: str) -> None:
    assert months(text) == {}


def test_order_and_repetition_do_not_matter() -> None:
    readings = read("01-01 A 1\n02-01 A 3\n03-01 A 7")
    assert monthly(readings[::-1] * 2, TODAY) == {(2026, 1): 2, (2026, 2): 4}


# Replacement.


def test_a_month_with_two_meters_is_the_sum_of_both() -> None:
    """A ran from 1000 to 1600, B from 50 to 450."""
    assert months("""
        01-01 A 1000
        01-17 A 1600
        01-17 B 50   begins
        02-01 B 450
    """) == {(2026, 1): 1000}


def test_a_register_set_back_is_a_replacement_by_itself() -> None:
    assert months("""
        01-01 A 99999000
        01-20 A 99999999
        01-20 A 0    begins
        02-01 A 1
    """) == {(2026, 1): 1000}


def test_a_meter_replaced_on_a_first_closes_one_month_and_opens_the_next() -> None:
    assert months("""
        01-01 A 10
        02-01 A 30
        02-01 B 1000 begins
        03-01 B 1007
    """) == {(2026, 1): 20, (2026, 2): 7}


def test_the_first_reading_of_all_may_begin() -> None:
    assert months("01-01 A 10 begins\n02-01 A 15") == {(2026, 1): 5}


# Refused.


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (MeterBackwards, "01-01 A 10\n02-01 A 9"),
        (MeterBackwards, "01-01 A 10\n01-15 A 30\n01-16 A 29\n02-01 A 40"),
        (MeterBackwards, "01-15 A 10\n01-16 A 9"),
        (MeterBackwards, "01-01 A 5\n01-09 A 6\n01-09 B 8 begins\n01-10 B 7"),
        (MeterBackwards, "01-01 A 5\n01-09 A 4\n01-09 B 0 begins\n02-01 B 7"),
        (MeterChanged, "01-01 A 10\n02-01 B 20"),
        (MeterChanged, "01-01 A 10\n01-09 B 20\n01-09 C 0 begins\n02-01 C 1"),
        (MeterChanged, "01-01 A 10\n01-09 A 20\n01-09 B 0 begins\n02-01 A 30"),
        (ReplacementUnread, "01-01 A 10\n01-09 B 0 begins\n02-01 B 20"),
        (ReplacementUnread, "01-01 A 10\n01-08 A 12\n01-09 A 0 begins\n02-01 A 20"),
        (ReadingDiffers, "01-01 A 10\n01-01 A 11"),
        (ReadingDiffers, "01-01 A 10\n01-01 B 10"),
        (ReadingDiffers, "01-01 A 1\n01-09 A 2\n01-09 B 0 begins\n01-09 C 0 begins"),
        (MonthMissing, "01-01 A 10\n03-01 A 20"),
        (MonthMissing, "01-01 A 10\n02-02 A 15\n03-01 A 20\n04-01 A 30"),
    ],
)
def test_what_cannot_be_is_refused(refusal: type[Refusal], text: str) -> None:
    with pytest.raises(refusal):
        months(text)


def test_a_missing_month_is_named() -> None:
    with pytest.raises(MonthMissing, match="no reading of 2026-02-01, between"):
        months("01-01 A 10\n03-01 A 20")


def test_a_reading_may_be_of_today_and_not_of_tomorrow() -> None:
    readings = read("01-01 A 10\n02-01 A 20")

    assert monthly(readings, date(2026, 2, 1)) == {(2026, 1): 10}
    with pytest.raises(ReadingEarly, match=r"A at 0\.20 kWh on 2026-02-01, and it is 2026-01-31"):
        monthly(readings, date(2026, 1, 31))


@pytest.mark.parametrize(
    ("spoilt", "refusal"),
    [
        ("12-31 A 1", ReadingEarly),
        ("05-01 A 1", ReadingDiffers),
        ("05-02 C 1 begins", ReplacementUnread),
        ("05-02 B 1", MeterChanged),
        ("05-02 A 1", MeterBackwards),
        ("05-02 A 9", MonthMissing),
    ],
)
def test_refusals_have_an_order(spoilt: str, refusal: type[Refusal]) -> None:
    """Each of these has all the faults below it as well."""
    faults = ["12-31 A 1", "05-01 A 1", "05-02 C 1 begins", "05-02 B 1", "05-02 A 1", "05-02 A 9"]
    days = iter(("12-31", "05-01", "06-03", "07-03", "08-03", "09-03"))
    said = {fault: f"{next(days)} {fault.partition(' ')[2]}" for fault in faults}
    text = "05-01 A 5\n10-01 A 99"
    for fault in faults[faults.index(spoilt) :]:
        text += f"\n{said[fault]}"

    with pytest.raises(refusal):
        monthly(read(text), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("meter", "register"), [("", 1), ("A" * 65, 1), ("A", -1), ("A", UNITS_MAX + 1)]
)
def test_a_reading_has_a_meter_and_a_number(meter: str, register: int) -> None:
    with pytest.raises(ReadingWrong):
        Reading(date(2026, 1, 1), meter, register)


# Against days that are known.


@dataclass
class Site:
    """A site whose use is known for each day, and which replaces its meter by chance."""

    dice: Random
    day: date = date(2026, 1, 1)
    serial: int = 0
    register: int = 0
    used: dict[tuple[int, int], int] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)

    def live(self, days: int) -> None:
        for _ in range(days):
            if self.day.day == 1 or self.dice.random() < 0.1:
                self.readings.append(Reading(self.day, f"M{self.serial}", self.register))
                if self.dice.random() < 0.3:
                    self.serial += self.dice.randint(0, 1)
                    self.register = self.dice.randint(0, 5000)
                    anew = Reading(self.day, f"M{self.serial}", self.register, begins=True)
                    self.readings.append(anew)
            use = self.dice.choice((0, 1, self.dice.randint(0, 9999)))
            self.register += use
            month = (self.day.year, self.day.month)
            self.used[month] = self.used.get(month, 0) + use
            self.day += timedelta(days=1)


@given(st.integers(0, 2**32), st.integers(0, 420))
@settings(max_examples=60, deadline=None)
def test_months_are_the_days_in_them(seed: int, days: int) -> None:
    site = Site(Random(seed))
    site.live(days)
    site.dice.shuffle(site.readings)
    if site.used and site.day.day != 1:
        site.used.popitem()  # the last month is not over
    elif site.used:
        site.readings.append(Reading(site.day, f"M{site.serial}", site.register))

    assert monthly(site.readings, site.day) == site.used
