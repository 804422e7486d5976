"""Records of mining: their forms, their faults, and whose they are."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mined import YEAR, account, machine, meter, site, site_id

from clearhouse.core import ids
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import (
    MonthUnmeasured,
    Reading,
    faults,
    month_after,
    monthly,
    used,
)
from clearhouse.core.mining.records import (
    MACHINES,
    METERS,
    POOL_ACCOUNTS,
    READINGS,
    SITES,
    MeterReading,
)
from clearhouse.core.money import UNITS_MAX
from clearhouse.core.record import Register, in_force

MINER = ParticipantId("HWUPKR0MPOU8FGXBT394")
OTHER = ParticipantId("506700GE1G29325QX363")
TODAY = date(2027, 1, 1)

SAMPLES: Mapping[str, tuple[Register, Any]] = {
    "site": (SITES, site("A", MINER)),
    "meter": (METERS, meter("M-1", "A")),
    "reading": (READINGS, MeterReading("M-1", YEAR, 600_000)),
    "machine": (MACHINES, machine("S-1", "A", MINER)),
    "pool_account": (POOL_ACCOUNTS, account(MINER)),
}


def codes(one: Any) -> list[str]:
    return [wrong.code for wrong in one.faults()]


# Lines.


def test_a_line_of_each_register_is_read_as_people_write_it() -> None:
    id = site_id("A")
    lines: Mapping[str, str] = {
        "site": f"site={id} holder={MINER} region=XA-SOUTH power=grid isolated=no since=2026-01-01",
        "meter": f"serial=M-1 site={id} since=2026-01-01",
        "reading": "meter=M-1 read_on=2026-01-01 register=6000.00",
        "machine": f"maker=Hashworks model=H21 serial=S-1 algorithm=SHA-256 hash_rate=200"
        f" joules_per_terahash=17.5 site={id} miner={MINER} since=2026-01-01",
        "pool_account": f"miner={MINER} pool=Boreal+Pool"
        " observer=https://pool.example/watch?token=17 since=2026-01-01",
    }
    for name, text in lines.items():
        register, expected = SAMPLES[name]
        pairs = (word.partition("=") for word in text.split())
        line = {column: value.replace("+", " ") for column, _, value in pairs}

        assert register.name == name
        assert register.read(line) == (expected, []), name


def test_units_are_whole_numbers() -> None:
    """GH/s are thousandths of a TH/s; a machine's joules and a meter's kWh have two decimals."""
    line = MACHINES.write(machine("S-1", "A", MINER))
    assert (line["hash_rate"], line["joules_per_terahash"]) == ("200.000", "17.50")
    read, _ = MACHINES.read(line | {"hash_rate": "0.001", "joules_per_terahash": "0.01"})
    assert (read.hash_rate, read.joules_per_terahash) == (1, 1)
    assert READINGS.write(MeterReading("M", YEAR, 600_001))["register"] == "6000.01"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("site", {"power": "coal"}),
        ("site", {"isolated": "perhaps"}),
        ("site", {"site": ""}),
        ("meter", {"since": "2026-13-01"}),
        ("reading", {"register": "6000.001"}),
        ("reading", {"register": "-1"}),
        ("reading", {"begins": "1"}),
        ("reading", {"meter": "M|1"}),
        ("machine", {"algorithm": "Scrypt"}),
        ("machine", {"hash_rate": "200.0001"}),
        ("machine", {"joules_per_terahash": "1e1"}),
        ("pool_account", {"pool": "a|b"}),
    ],
)
def test_what_has_not_its_form_is_no_record(name: str, changed: Mapping[str, str]) -> None:
    register, one = SAMPLES[name]

    read, wrong = register.read({**register.write(one), **changed})

    assert read is None
    assert [refusal.code for refusal in wrong] == ["record.malformed"]


# Faults.

LONG = "x" * 65


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (replace(site("A", MINER), site="sit_1"), ["mining.site-wrong"]),
        (replace(site("A", MINER), site=ids.derived("ent", "A")), ["mining.site-wrong"]),
        (replace(site("A", MINER), site=MINER), ["mining.site-wrong"]),
        (site("A", MINER, "XA"), ["mining.site-wrong"]),
        (site("A", MINER, "NORTH"), ["mining.site-wrong"]),
        (site("A", MINER, "XA-North"), ["mining.site-wrong"]),
        (site("A", MINER, "XA-NORTH "), ["mining.site-wrong"]),
        (site("A", MINER, "XA-NORTH-2"), []),
        (site("A", MINER, isolated=True), ["mining.isolated-wrong"]),
        (site("A", MINER, power="surplus", isolated=True), ["mining.isolated-wrong"]),
        (site("A", MINER, power="own", isolated=True), []),
        (site("A", MINER, power="own"), []),
        (site("A", MINER, until=YEAR), []),
        (site("A", MINER, until=YEAR - timedelta(days=1)), ["record.dates-wrong"]),
        (meter("x" * 64, "A"), []),
        (meter(LONG, "A"), ["mining.serial-wrong"]),
        (meter("M", "A", YEAR, date(2025, 1, 1)), ["record.dates-wrong"]),
        (MeterReading("M", YEAR, 0), []),
        (MeterReading("M", YEAR, UNITS_MAX), []),
        (MeterReading("M", YEAR, UNITS_MAX + 1), ["mining.reading-wrong"]),
        (MeterReading(LONG, YEAR, 0), ["mining.reading-wrong"]),
        (machine(LONG, "A", MINER), ["mining.serial-wrong"]),
        (replace(machine("S", "A", MINER), hash_rate=0), ["mining.machine-wrong"]),
        (
            replace(machine("S", "A", MINER), hash_rate=0, joules_per_terahash=0),
            ["mining.machine-wrong"] * 2,
        ),
        (machine("S", "A", MINER, until=date(2025, 1, 1)), ["record.dates-wrong"]),
        (account(MINER, until=date(2025, 1, 1)), ["record.dates-wrong"]),
    ],
)
def test_all_that_is_wrong_with_a_record_is_said(one: Any, expected: list[str]) -> None:
    assert codes(one) == expected


@pytest.mark.parametrize(
    ("link", "is_one"),
    [
        ("https://pool.example", True),
        ("https://pool.example/watch?token=17#all", True),
        ("https://pool.example:8443/", True),
        ("http://pool.example/", False),
        ("https://", False),
        ("https:///watch", False),
        ("https://pool.example/a b", False),
        ("https://user@pool.example/", False),
        ("ftp://pool.example", False),
        ("pool.example", False),
        ("javascript:alert(1)", False),
        ("https://[::1", False),
        (" https://pool.example", False),
    ],
)
def test_an_observers_page_is_a_link_of_https(link: str, is_one: bool) -> None:
    assert codes(account(MINER, observer=link)) == ([] if is_one else ["mining.observer-wrong"])


def test_faults_are_for_whoever_sends_the_line_to_mend() -> None:
    kinds = {wrong.kind for one in (site("A", MINER, "x"),) for wrong in one.faults()}
    assert kinds == {Kind.MALFORMED}


# Whose, and known by what.


@pytest.mark.parametrize(
    ("name", "about", "key"),
    [
        ("site", MINER, f"{site_id('A')}|2026-01-01"),
        ("meter", site_id("A"), "M-1|2026-01-01"),
        ("reading", "M-1", "M-1|2026-01-01|no"),
        ("machine", MINER, "Hashworks|S-1|2026-01-01"),
        ("pool_account", MINER, f"{MINER}|Boreal Pool|2026-01-01"),
    ],
)
def test_a_record_is_journalled_under_whose_it_is(name: str, about: str, key: str) -> None:
    register, one = SAMPLES[name]

    subject, fact = register.entered(one)

    assert (subject, fact.key) == (about, key)
    assert register.is_dated is (name != "reading")


def test_authorities_alone_see_where_a_pool_can_be_watched() -> None:
    restricted = {register.name: register.restricted for register, _ in SAMPLES.values()}
    assert {name: fields for name, fields in restricted.items() if fields} == {
        "pool_account": {"observer"}
    }


def test_of_a_site_the_newest_record_holds_from_its_day_on() -> None:
    spring, summer = date(2026, 3, 1), date(2026, 6, 1)
    known = [site("A", MINER), site("A", OTHER, since=spring, until=summer), site("B", MINER)]

    holders = [
        {one.site: one.holder for one in in_force(SITES, known, day)}.get(site_id("A"))
        for day in (YEAR, spring, summer, summer + timedelta(days=1))
    ]
    assert holders == [MINER, OTHER, OTHER, None]


# What a meter counted between two days.


def reading(day: str, register: int, *, begins: bool = False) -> Reading:
    return Reading(date.fromisoformat(f"2026-{day}"), "M", register, begins)


MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([reading("05-01", 100), reading("06-01", 700)], 600),
        ([reading("05-01", 100), reading("06-01", 100)], 0),
        ([reading("04-01", 9), reading("05-01", 100), reading("06-01", 700)], 600),
        ([reading("05-01", 100), reading("05-20", 300), reading("06-01", 700)], 600),
        (
            [
                reading("05-01", 100),
                reading("05-20", 300),
                reading("05-20", 5, begins=True),
                reading("06-01", 50),
            ],
            245,
        ),
        (  # set to another number on the 1st itself: what was before is the month before's
            [reading("05-01", 900), reading("05-01", 0, begins=True), reading("06-01", 40)],
            40,
        ),
        (
            [reading("05-01", 0), reading("06-01", 40), reading("06-01", 7, begins=True)],
            40,
        ),
    ],
)
def test_a_month_is_what_a_register_counted_between_its_ends(
    readings: list[Reading], expected: int
) -> None:
    assert used(readings, MAY, JUNE, TODAY) == expected
    assert used(reversed(readings), MAY, JUNE, TODAY) == expected


@pytest.mark.parametrize(
    ("readings", "unread"),
    [
        ([], "no reading of 2026-05-01 and of 2026-06-01"),
        ([reading("05-01", 1)], "no reading of 2026-06-01"),
        ([reading("05-02", 1), reading("06-01", 2)], "no reading of 2026-05-01"),
        ([reading("04-30", 1), reading("06-02", 2)], "2026-05-01 and of 2026-06-01"),
    ],
)
def test_nothing_is_guessed_of_a_month_that_was_not_read(
    readings: list[Reading], unread: str
) -> None:
    with pytest.raises(MonthUnmeasured, match=unread) as refused:
        used(readings, MAY, JUNE, TODAY)

    assert (refused.value.code, refused.value.kind) == ("mining.month-unmeasured", Kind.UNKNOWN)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=13), st.randoms())
def test_months_are_measured_as_they_are_in_a_row(amounts: list[int], dice: Any) -> None:
    """Month by month, and all of them together, whatever else was read in between."""
    day, register, readings = date(2026, 1, 1), 0, []
    for amount in amounts:
        readings.append(Reading(day, "M", register))
        readings.append(Reading(day + timedelta(days=9), "M", register + amount // 2))
        day, register = month_after(day), register + amount
    readings.append(Reading(day, "M", register))
    dice.shuffle(readings)

    expected = monthly(readings, day)
    for year, month in expected:
        first = date(year, month, 1)
        assert used(readings, first, month_after(first), day) == expected[year, month]
    assert list(expected.values()) == amounts


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([reading("05-01", 1), reading("05-02", 2)], {}),
        ([reading("05-01", 2), reading("05-02", 1)], {0: "backwards", 1: "backwards"}),
        (
            [reading("05-01", 2), reading("05-02", 1, begins=True)],
            {0: "replacement-unread", 1: "replacement-unread"},
        ),
        ([reading("05-01", 2), reading("05-01", 1, begins=True)], {}),
        ([reading("05-01", 1, begins=True)], {}),
    ],
)
def test_both_readings_that_do_not_follow_are_named(
    readings: list[Reading], expected: Mapping[int, str]
) -> None:
    def short(wrong: list[Refusal]) -> str:
        return wrong[0].code.removeprefix("mining.").removeprefix("meter-")

    found = faults(reversed(readings))

    assert {readings.index(one): short(wrong) for one, wrong in found.items()} == expected


def test_a_month_is_followed_by_another_until_there_is_none() -> None:
    assert month_after(date(2026, 12, 1)) == date(2027, 1, 1)
    with pytest.raises(ValueError, match="year"):
        month_after(date(9999, 12, 1))
