"""Mining: who may have what, where each thing is, what meters counted, and what the law says."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.laws import SHIPPED
from tests.laws import read as read_law
from tests.mined import LINK, YEAR, account, licence, machine, meter, site, site_id
from tests.recorded import read, register_of
from tests.stage import Clock
from tests.staging import under

from clearhouse.core.gate import Verdict
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import MonthUnmeasured
from clearhouse.core.mining.records import (
    MACHINES,
    METERS,
    READINGS,
    SITES,
    MeterReading,
)
from clearhouse.core.participant import Measure, UnknownParticipant
from clearhouse.core.record import Register, UnknownRecord
from clearhouse.core.rulebook import Class
from clearhouse.demo.country import Country
from clearhouse.operations import mining, records
from clearhouse.operations.house import House
from clearhouse.operations.mining import ask_month, energy_by_meter, energy_of, sites_of
from clearhouse.store import journal

NOBODY = ParticipantId("5493001KJTIIGC8Y1R12")
A_DAY = timedelta(days=1)
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
ISSUER = "Norland Central Bank"
CAP = 6000_00  # hundredths of a kWh


@pytest.fixture
def miner(admitted: Country, clock: Clock) -> ParticipantId:
    """A registered miner of Norland; it is September."""
    clock.at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    return admitted.miners[0].id


@pytest.fixture
def other(admitted: Country) -> ParticipantId:
    return admitted.miners[1].id


@pytest.fixture
def trader(admitted: Country) -> ParticipantId:
    """A trader of Norland, who is in no register of mining."""
    return next(one.id for one in admitted.traders if one.residence == "XA")


Say = Callable[..., None]
Codes = Callable[..., list[str]]


def shown(serial: str, day: date, register: int, *, begins: bool = False) -> MeterReading:
    return MeterReading(serial, day, register, begins)


def july(serial: str, used: int) -> list[MeterReading]:
    """The readings that measure a July."""
    return [shown(serial, JULY, 7), shown(serial, AUGUST, 7 + used)]


# Who may have what.


@pytest.mark.parametrize("kind", Class)
def test_a_site_is_a_miners_or_an_operators(
    house: House, codes: Codes, miner: ParticipantId, trader: ParticipantId, kind: Class
) -> None:
    assert codes(site("A", trader)) == ["mining.not-registered"]
    licence(house, trader, kind)

    fits = kind in {Class.MINER, Class.OPERATOR}
    assert codes(site("A", trader)) == ["" if fits else "mining.not-registered"]
    assert codes(site("A", miner)) == [""]


@pytest.mark.parametrize("kind", Class)
def test_a_machine_and_an_account_are_a_miners_or_an_individuals(
    house: House, codes: Codes, say: Say, miner: ParticipantId, trader: ParticipantId, kind: Class
) -> None:
    say(site("A", miner))
    licence(house, trader, kind)

    expected = [
        "" if kind in {Class.MINER, Class.INDIVIDUAL} else "mining.not-registered",
    ]
    assert codes(machine("S", "A", trader)) == expected
    assert codes(account(trader)) == expected


def test_it_is_the_first_day_on_which_somebody_is_registered(
    house: House, codes: Codes, say: Say, trader: ParticipantId
) -> None:
    licence(house, trader, Class.MINER, since=date(2026, 3, 1))
    lifted = date(2026, 6, 1)
    suspension = (str(Class.MINER), "Norland Energy Authority", date(2026, 3, 1), "suspended", "x")
    say(Measure(trader, *suspension, date(2026, 5, 1), lifted))

    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 4, 30), date(2026, 5, 1)]
    days += [lifted, lifted + A_DAY, date(2027, 1, 1), date(2027, 1, 2)]
    found = codes(*(site(str(day), trader, since=day) for day in days))
    assert [one or "registered" for one in found] == [
        *("mining.not-registered", "registered", "registered", "mining.not-registered"),
        *("mining.not-registered", "registered", "registered", "mining.not-registered"),
    ]


def test_nobody_has_what_is_not_admitted(codes: Codes, say: Say, miner: ParticipantId) -> None:
    say(site("A", miner))
    assert codes(site("B", NOBODY)) == ["participant.unknown"]
    assert codes(machine("S", "A", NOBODY)) == ["participant.unknown"]
    assert codes(account(NOBODY)) == ["participant.unknown"]


# Where it is.


@pytest.mark.parametrize(
    ("region", "known"),
    [
        ("XA-NORTH", True),
        ("XA-WEST", True),
        ("XD-STEPPE", True),
        ("XA-CENTRE", False),
        ("XB-NORTH", False),
    ],
)
def test_a_site_is_in_a_region_that_the_law_knows(
    codes: Codes, miner: ParticipantId, region: str, known: bool
) -> None:
    assert codes(site("A", miner, region)) == ["" if known else "mining.region-unknown"]


def test_all_that_is_wrong_is_said_at_once(codes: Codes, trader: ParticipantId) -> None:
    wrong = site("A", trader, "XA-CENTRE")
    assert codes(wrong) == ["mining.not-registered mining.region-unknown"]


def test_a_thing_is_at_a_site_that_is_there_on_its_first_day(
    codes: Codes, say: Say, miner: ParticipantId
) -> None:
    spring, summer = date(2026, 3, 1), date(2026, 6, 1)
    say(site("A", miner, since=spring, until=summer))

    for day, fits in (
        (spring - A_DAY, False),
        (spring, True),
        (summer, True),
        (summer + A_DAY, False),
    ):
        expected = ["" if fits else "mining.site-unknown"]
        assert codes(meter("M", "A", day)) == expected
        assert codes(machine("S", "A", miner, since=day)) == expected
    assert codes(meter("M", "B", spring)) == ["mining.site-unknown"]
    assert codes(machine("S", "B", miner, since=spring)) == ["mining.site-unknown"]


Thing = Callable[..., Any]


def things(miner: ParticipantId) -> list[tuple[str, Thing]]:
    """A meter and a machine, by where they are from one day to another."""
    return [
        (
            "mining.meter-elsewhere",
            lambda at, since, until=None: meter("M", at, since, until),
        ),
        (
            "mining.machine-elsewhere",
            lambda at, since, until=None: machine("S", at, miner, since=since, until=until),
        ),
    ]


MAY = [date(2026, 5, day) for day in range(1, 32)]


def test_a_thing_is_at_one_site_a_day(codes: Codes, say: Say, miner: ParticipantId) -> None:
    """The earlier record ends before the later one begins; else both would be right."""
    say(site("A", miner), site("B", miner))
    for code, at in things(miner):
        say(at("A", MAY[0]))

        assert codes(at("B", MAY[9])) == [code]
        assert codes(at("B", MAY[0])) == [""]  # said anew of the same day: a correction
        assert codes(at("A", MAY[9])) == [""]  # the same site from another day on
        assert codes(at("A", MAY[0], MAY[9]), at("B", MAY[9])) == [code, code]
        assert codes(at("A", MAY[0], MAY[8]), at("B", MAY[9])) == ["", ""]
        assert codes(at("B", MAY[9]), at("A", MAY[0], MAY[8])) == ["", ""]
        say(at("A", MAY[0], MAY[8]))
        assert codes(at("B", MAY[9])) == [""]
        assert codes(at("B", MAY[8])) == [code]


def test_a_thing_that_was_moved_is_not_said_to_have_stayed(
    codes: Codes, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner), site("B", miner))
    for code, at in things(miner):
        say(at("A", MAY[0], MAY[8]), at("B", MAY[9]))

        assert codes(at("A", MAY[0])) == [code]
        assert codes(at("A", MAY[4])) == [code]  # before the move, and with no end
        assert codes(at("A", MAY[4], MAY[8])) == [""]
        assert codes(at("A", MAY[19])) == [code]


def test_another_maker_may_give_the_same_serial(
    codes: Codes, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner), site("B", miner), machine("S", "A", miner))
    elsewhere = machine("S", "B", miner, since=MAY[0])

    assert codes(elsewhere, replace(elsewhere, maker="Other")) == ["mining.machine-elsewhere", ""]


def test_equipment_with_one_serial_at_two_sites_in_one_file_is_refused(
    codes: Codes, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    say(site("A", miner), site("B", other))
    several = [machine("S", "A", miner), machine("S", "B", other, since=MAY[0])]

    assert codes(*several) == ["mining.machine-elsewhere"] * 2


# Readings.


@pytest.fixture
def metered(say: Say, miner: ParticipantId) -> ParticipantId:
    """A miner with a meter that was read on the 1st and on the 20th of May."""
    say(site("A", miner), meter("M", "A", MAY[0]))
    say(shown("M", MAY[0], 100), shown("M", MAY[19], 300))
    return miner


def test_a_meter_does_not_run_backwards(codes: Codes, metered: ParticipantId) -> None:
    assert metered
    for day, register in ((MAY[20], 299), (MAY[9], 301), (MAY[9], 99)):
        assert codes(shown("M", day, register)) == ["mining.meter-backwards"]
    for day, register in ((MAY[20], 300), (MAY[9], 300), (MAY[9], 100)):
        assert codes(shown("M", day, register)) == [""]
    lines = [shown("M", MAY[20], 500), shown("M", MAY[21], 400), shown("M", MAY[22], 600)]
    assert codes(*lines) == ["mining.meter-backwards", "mining.meter-backwards", ""]


def test_a_register_that_begins_anew_is_read_twice_that_day(
    codes: Codes, say: Say, metered: ParticipantId
) -> None:
    assert metered
    anew = shown("M", MAY[20], 0, begins=True)
    assert codes(anew) == ["mining.replacement-unread"]
    assert codes(shown("M", MAY[20], 310), anew) == ["", ""]
    say(shown("M", MAY[20], 310), anew)
    assert codes(shown("M", MAY[21], 5)) == [""]


def test_a_day_that_has_not_come_has_no_reading(codes: Codes, metered: ParticipantId) -> None:
    assert metered
    today = date(2026, 9, 1)
    assert codes(shown("M", today, 400), shown("M", today + A_DAY, 400)) == [
        "",
        "mining.reading-early",
    ]


def test_a_reading_that_differs_is_a_correction_and_shown_to_whoever_enters_it(
    house: House, desk: Path, say: Say, metered: ParticipantId
) -> None:
    assert metered
    (answer,) = read(house, desk, shown("M", MAY[19], 301)).answers
    assert answer.outcome == "changed"
    (remark,) = answer.remarks
    assert remark.code == "mining.reading-differs"
    assert "3.01" in remark.detail
    assert "3.00" in remark.detail
    say(shown("M", MAY[19], 301))
    told = records.history(house, READINGS, "M|2026-05-20|no")
    assert [version.record.register for version in told] == [300, 301]
    (same,) = read(house, desk, shown("M", MAY[19], 301)).answers
    assert (same.outcome, same.remarks) == ("known", ())


def test_one_file_says_one_thing_of_a_meter_and_a_day(codes: Codes, metered: ParticipantId) -> None:
    assert metered
    assert codes(shown("M", MAY[25], 400), shown("M", MAY[25], 401)) == ["", "record.twice"]


def test_a_reading_is_of_a_meter_that_is_somewhere(
    codes: Codes, say: Say, miner: ParticipantId
) -> None:
    """On any of its days, or at the beginning of the day after the last."""
    say(site("A", miner), meter("M", "A", MAY[4], MAY[9]))
    for place, fits in ((3, False), (4, True), (9, True), (10, True), (11, False)):
        expected = ["" if fits else "mining.meter-unknown"]
        assert codes(shown("M", MAY[place], 1)) == expected, place
    assert codes(shown("N", MAY[4], 1)) == ["mining.meter-unknown"]


# Energy.


def test_a_months_energy_is_that_of_all_meters_at_ones_sites(
    house: House, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    say(site("A", miner), site("B", miner, "XA-WEST"), site("C", other))
    say(meter("M-1", "A"), meter("M-2", "A"), meter("M-3", "B"), meter("M-4", "C"))
    say(*july("M-1", 100), *july("M-2", 20), *july("M-3", 3), *july("M-4", 5000))

    assert energy_by_meter(house, miner, 2026, 7) == {"M-1": 100, "M-2": 20, "M-3": 3}
    assert energy_of(house, miner, 2026, 7) == 123
    assert energy_of(house, other, 2026, 7) == 5000


def test_a_meter_that_moves_counts_where_it_is_on_the_first(
    house: House, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    moved = date(2026, 7, 10)
    say(site("A", miner), site("B", other))
    say(meter("M", "A", until=moved - A_DAY), meter("M", "B", moved))
    say(*july("M", 900), shown("M", date(2026, 9, 1), 1007))

    assert energy_of(house, miner, 2026, 7) == 900
    assert energy_of(house, other, 2026, 8) == 100
    for who, month, said in ((other, 7, "no meter counts for"), (miner, 8, "has no meter then")):
        with pytest.raises(MonthUnmeasured, match=said):
            energy_of(house, who, 2026, month)


def test_a_meter_that_comes_or_goes_within_the_month_counts_from_and_to_its_day(
    house: House, say: Say, miner: ParticipantId
) -> None:
    """Else a month with a new meter would have less energy than was used."""
    gone, come = date(2026, 7, 10), date(2026, 7, 11)
    say(site("A", miner), meter("OLD", "A", until=gone), meter("NEW", "A", come))
    say(shown("OLD", JULY, 100), shown("OLD", come, 400))
    say(shown("NEW", come, 5, begins=True), shown("NEW", AUGUST, 75))
    say(meter("NEXT", "A", AUGUST), meter("LAST", "A", until=JULY - A_DAY))

    assert energy_by_meter(house, miner, 2026, 7) == {"NEW": 70, "OLD": 300}


def test_a_meter_that_was_away_for_some_days_counts_to_the_end(
    house: House, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner), meter("M", "A", until=date(2026, 7, 10)))
    say(meter("M", "A", date(2026, 7, 20)), *july("M", 500))

    assert energy_by_meter(house, miner, 2026, 7) == {"M": 500}


def test_a_site_without_a_meter_leaves_the_month_unmeasured(
    house: House, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner), site("B", miner, since=date(2026, 7, 31)), meter("M", "A"))
    say(*july("M", 1), shown("M", date(2026, 6, 1), 3))
    with pytest.raises(MonthUnmeasured, match=f"{site_id('B')} has no meter then"):
        energy_of(house, miner, 2026, 7)

    assert energy_of(house, miner, 2026, 6) == 4
    with pytest.raises(MonthUnmeasured, match="holds no site then"):
        energy_of(house, miner, 2025, 12)


def test_a_site_is_whose_it_is_on_the_first(
    house: House, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    say(site("A", miner), site("A", other, since=date(2026, 7, 2)), meter("M", "A"))
    say(*july("M", 11))

    assert energy_of(house, miner, 2026, 7) == 11
    with pytest.raises(MonthUnmeasured):
        energy_of(house, other, 2026, 7)


@pytest.mark.parametrize(
    ("readings", "said"),
    [
        ([], "M: no reading of 2026-07-01 and of 2026-08-01"),
        ([shown("M", JULY, 1)], "M: no reading of 2026-08-01"),
        ([shown("M", JULY + A_DAY, 1), shown("M", AUGUST, 2)], "M: no reading of 2026-07-01"),
    ],
)
def test_what_was_not_read_is_not_measured(
    house: House, say: Say, miner: ParticipantId, readings: list[MeterReading], said: str
) -> None:
    say(site("A", miner), meter("M", "A"), *readings)
    with pytest.raises(MonthUnmeasured, match=said) as refused:
        energy_of(house, miner, 2026, 7)

    assert refused.value.code == "mining.month-unmeasured"
    assert ask_month(house, miner, 2026, 7).energy is None


def test_a_month_that_is_not_over_is_not_measured(
    house: House, say: Say, miner: ParticipantId, clock: Clock
) -> None:
    clock.at = datetime(2026, 7, 31, 23, 59, tzinfo=UTC)
    say(site("A", miner), meter("M", "A"), shown("M", JULY, 7))
    with pytest.raises(MonthUnmeasured, match="2026-08-01"):
        energy_of(house, miner, 2026, 7)
    clock.at = datetime(2026, 8, 1, tzinfo=UTC)
    say(shown("M", AUGUST, 9))
    assert energy_of(house, miner, 2026, 7) == 2


def test_machines_at_somebody_elses_site_are_counted_by_nobody(
    house: House, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    """Its meters count for the holder: how much of it is the miner's, they do not tell."""
    say(site("A", miner), site("B", other), meter("M", "A"), *july("M", 100))
    assert energy_of(house, miner, 2026, 7) == 100
    say(machine("S", "B", miner, since=date(2026, 7, 31)))

    with pytest.raises(MonthUnmeasured, match=site_id("B")):
        energy_of(house, miner, 2026, 7)


def test_sites_are_those_one_holds_and_those_where_ones_machines_are(
    house: House, say: Say, miner: ParticipantId, other: ParticipantId
) -> None:
    say(site("A", miner, until=MAY[9]), site("B", other), machine("S", "B", miner, until=MAY[19]))
    say(machine("S", "B", other, since=MAY[15]))

    def places(who: ParticipantId, on: date) -> set[str]:
        return {one.site for one in sites_of(house, who, on)}

    a, b = site_id("A"), site_id("B")
    assert [places(miner, MAY[n]) for n in (0, 9, 10, 14, 15)] == [{a, b}, {a, b}, {b}, {b}, set()]
    assert places(other, MAY[0]) == {b}
    assert places(miner, YEAR - A_DAY) == set()


# The law.


def verdicts(house: House, who: ParticipantId, month: int, **more: Any) -> Verdict:
    return ask_month(house, who, 2026, month, **more).verdict


def rules(month: mining.Month, verdict: Verdict = Verdict.DENY) -> set[str]:
    """The rules that give a verdict."""
    return {
        ground.rule
        for one in month.asked
        for ground in one.finding.grounds
        if ground.verdict is verdict
    }


@pytest.fixture
def individual(
    house: House, say: Say, miner: ParticipantId, trader: ParticipantId
) -> ParticipantId:
    """An individual with a machine at a miner's site, where nothing is banned."""
    licence(house, trader, Class.INDIVIDUAL)
    say(site("H", miner), machine("S-H", "H", trader))
    return trader


@pytest.mark.parametrize(
    ("energy", "verdict", "by"),
    [
        (0, Verdict.CLEAR, set()),
        (CAP, Verdict.CLEAR, set()),
        (CAP + 1, Verdict.DENY, {"XA.mining.household"}),
        (10**17, Verdict.DENY, {"XA.mining.household"}),
        (None, Verdict.HOLD, set()),
    ],
)
def test_an_individual_mines_with_6000_kwh_a_month(
    house: House,
    individual: ParticipantId,
    energy: int | None,
    verdict: Verdict,
    by: set[str],
) -> None:
    month = ask_month(house, individual, 2026, 7, energy)

    assert month.verdict is verdict
    assert rules(month) == by
    assert rules(month, Verdict.HOLD) == ({"XA.mining.household"} if energy is None else set())


def test_who_is_registered_as_a_miner_has_no_cap(house: House, individual: ParticipantId) -> None:
    licence(house, individual, Class.MINER)

    assert verdicts(house, individual, 7, energy=10**9) is Verdict.CLEAR


@pytest.mark.parametrize(("used", "verdict"), [(CAP, Verdict.CLEAR), (CAP + 1, Verdict.DENY)])
def test_the_cap_is_compared_with_what_meters_counted(
    house: House, say: Say, trader: ParticipantId, clock: Clock, used: int, verdict: Verdict
) -> None:
    """Of somebody who was a miner when the site was entered, and is an individual since."""
    clock.at = datetime(2026, 9, 1, tzinfo=UTC)
    licence(house, trader, Class.MINER, since=date(2025, 6, 1))
    licence(house, trader, Class.INDIVIDUAL)
    say(site("A", trader), meter("M-1", "A"), meter("M-2", "A"))
    say(*july("M-1", used - 1000), *july("M-2", 1000))
    month = ask_month(house, trader, 2026, 6)
    assert month.verdict is Verdict.HOLD  # nothing was read in June, but by its end

    month = ask_month(house, trader, 2026, 7)
    assert (month.energy, month.verdict) == (used, verdict)


def test_who_is_in_no_register_does_not_mine(
    house: House, trader: ParticipantId, miner: ParticipantId
) -> None:
    assert miner
    assert "XA.mining.register" in rules(ask_month(house, trader, 2026, 7, 1))


def test_an_operator_does_not_mine_itself(house: House, say: Say, trader: ParticipantId) -> None:
    licence(house, trader, Class.OPERATOR)
    say(site("A", trader))

    assert rules(ask_month(house, trader, 2026, 7, 1)) == {"XA.mining.register"}


def test_nobody_is_asked_about_who_is_not_admitted(house: House) -> None:
    with pytest.raises(UnknownParticipant):
        ask_month(house, NOBODY, 2026, 7)


SEASONS: Mapping[tuple[int, int], tuple[date, date] | None] = {
    (2026, 1): (date(2026, 1, 1), date(2026, 1, 31)),
    (2026, 3): (date(2026, 3, 1), date(2026, 3, 15)),
    (2026, 4): None,
    (2026, 10): None,
    (2026, 11): (date(2026, 11, 15), date(2026, 11, 30)),
    (2026, 12): (date(2026, 12, 1), date(2026, 12, 31)),
    (2027, 3): (date(2027, 3, 1), date(2027, 3, 15)),
    (2027, 4): None,
}


@pytest.mark.parametrize(("month", "days"), SEASONS.items(), ids=str)
def test_in_the_season_nobody_mines_but_from_isolated_generation(
    house: House,
    say: Say,
    miner: ParticipantId,
    other: ParticipantId,
    month: tuple[int, int],
    days: tuple[date, date] | None,
) -> None:
    """To the day; outside of the season, and from isolated generation of one's own, at all times.

    Sites and licences are there in both years.
    """
    say(site("A", miner), site("B", other, power="own", isolated=True))

    asked = ask_month(house, miner, *month, 1)
    barred = [one for one in asked.asked if one.finding.verdict is Verdict.DENY]
    assert asked.verdict is (Verdict.DENY if days else Verdict.CLEAR)
    assert [(one.site, one.days[0], one.days[-1]) for one in barred] == (
        [(site_id("A"), *days)] if days else []
    )
    assert rules(asked) == ({"XA.mining.season"} if days else set())
    assert ask_month(house, other, *month, 1).verdict is Verdict.CLEAR


def test_power_of_ones_own_on_the_grid_is_not_isolated(
    house: House, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner, power="own"))
    assert rules(ask_month(house, miner, 2026, 1, 1)) == {"XA.mining.season"}


@pytest.mark.parametrize(
    ("region", "banned"),
    [("XA-NORTH", True), ("XA-EAST", True), ("XA-SOUTH", False), ("XA-WEST", False)],
)
def test_in_the_regions_of_the_schedule_nobody_mines_but_from_isolated_generation(
    house: House,
    say: Say,
    miner: ParticipantId,
    other: ParticipantId,
    region: str,
    banned: bool,
) -> None:
    say(site("A", miner, region), site("B", other, region, power="own", isolated=True))

    assert rules(ask_month(house, miner, 2026, 7, 1)) == ({"XA.mining.region"} if banned else set())
    assert verdicts(house, other, 7, energy=1) is Verdict.CLEAR
    assert verdicts(house, other, 1, energy=1) is Verdict.CLEAR
    winter = {"XA.mining.season"} | ({"XA.mining.region"} if banned else set())
    assert rules(ask_month(house, miner, 2026, 1, 1)) == winter


def test_an_exemption_is_of_the_site_that_has_it(
    house: House, say: Say, miner: ParticipantId
) -> None:
    """Neither does the grid in the south spoil the north's own power, nor the other way round."""
    say(site("A", miner, "XA-NORTH", power="own", isolated=True), site("B", miner, "XA-SOUTH"))
    assert verdicts(house, miner, 7, energy=1) is Verdict.CLEAR
    say(site("C", miner, "XA-NORTH"))

    month = ask_month(house, miner, 2026, 7, 1)
    barred = {one.site for one in month.asked if one.finding.verdict is Verdict.DENY}
    assert barred == {site_id("C")}


def test_a_ban_holds_for_machines_wherever_they_are_on_that_day(
    house: House, say: Say, miner: ParticipantId, individual: ParticipantId
) -> None:
    say(site("N", miner, "XA-NORTH"), machine("S-N", "N", individual, since=date(2026, 7, 30)))

    (barred,) = [
        one
        for one in ask_month(house, individual, 2026, 7, CAP).asked
        if one.finding.verdict is Verdict.DENY
    ]
    assert (barred.site, barred.days) == (
        site_id("N"),
        (date(2026, 7, 30), date(2026, 7, 31)),
    )
    assert verdicts(house, individual, 6, energy=CAP) is Verdict.CLEAR


def test_who_closes_for_the_winter_is_not_asked_of_it(
    house: House, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner, since=date(2026, 3, 16), until=date(2026, 11, 14)))

    assert [verdicts(house, miner, month, energy=1) for month in (3, 4, 11)] == [Verdict.CLEAR] * 3


def test_of_whom_nothing_is_recorded_nothing_is_known(house: House, miner: ParticipantId) -> None:
    """No site, no machine: whether a ban is broken cannot be told, and is held."""
    month = ask_month(house, miner, 2026, 7, 1)

    assert month.verdict is Verdict.HOLD
    assert rules(month, Verdict.HOLD) == {"XA.mining.region"}
    assert [one.site for one in month.asked] == [""]


def test_a_region_that_a_new_law_no_longer_knows_is_held(
    house: House, say: Say, miner: ParticipantId
) -> None:
    say(site("A", miner, "XA-WEST"))
    law = {name: dict(content) for name, content in SHIPPED.items()}
    law["XA/"]["regions"] = ["XA-NORTH", "XA-EAST", "XA-SOUTH"]
    rules_of = [dict(one) for one in law["XA/mining"]["rule"]]
    for one in rules_of:
        if one["id"] == "XA.mining.region":
            one["vectors"] = {"fires": [{"party.regions": ["XA-NORTH"], "party.isolated": False}]}
    law["XA/mining"]["rule"] = rules_of
    changed = under(house, read_law(law))

    assert verdicts(house, miner, 7, energy=1) is Verdict.CLEAR
    assert verdicts(changed, miner, 7, energy=1) is Verdict.HOLD


def test_the_cap_is_the_laws_and_no_constant(house: House, individual: ParticipantId) -> None:
    law = {name: dict(content) for name, content in SHIPPED.items()}
    several = [dict(one) for one in law["XA/mining"]["rule"]]
    for one in several:
        if one["id"] == "XA.mining.household":
            one["parameters"] = {"cap": {"value": "10.00", "unit": "kWh"}}
            one["vectors"] = {"fires": [{"party.energy": "10.01"}]}
    law["XA/mining"]["rule"] = several
    changed = under(house, read_law(law))

    for energy, verdict in ((10_00, Verdict.CLEAR), (10_01, Verdict.DENY)):
        assert verdicts(changed, individual, 7, energy=energy) is verdict
        assert verdicts(house, individual, 7, energy=energy) is Verdict.CLEAR


def test_the_same_question_gives_the_same_finding(house: House, individual: ParticipantId) -> None:
    one, again = (ask_month(house, individual, 2026, 7, CAP) for _ in range(2))

    assert one == again
    assert [each.finding.rulebook for each in one.asked] == [house.rulebook.version]


# Two times.


def test_registers_of_mining_are_read_as_they_were_known(
    house: House, say: Say, clock: Clock, miner: ParticipantId
) -> None:
    start = clock()
    first, second = site("A", miner), site("A", miner, power="own", isolated=True)
    for one in (first, second):
        clock.forward(days=1)
        say(one)

    for day, known in ((0, []), (1, [first]), (2, [second]), (9, [second])):
        assert records.known(house, SITES, start + day * A_DAY) == known
    key = SITES.key_of(first)
    assert records.known_as(house, SITES, key, start + A_DAY) == first
    with pytest.raises(UnknownRecord):
        records.known_as(house, SITES, key, start)
    told = records.history(house, SITES, key)
    assert [version.record for version in told] == [first, second]
    assert [version.recorded_at for version in told] == [start + A_DAY, start + 2 * A_DAY]


def test_where_a_thing_was_stays_to_be_read(
    house: House, say: Say, clock: Clock, miner: ParticipantId
) -> None:
    say(site("A", miner), site("B", miner), meter("M", "A"), machine("S", "A", miner))
    before = clock()
    clock.forward(days=1)
    moved = clock().date()
    last = moved - A_DAY
    say(meter("M", "A", until=last), meter("M", "B", moved))
    say(machine("S", "A", miner, until=last), machine("S", "B", miner, since=moved))

    def sites(register: Register, at: datetime | None = None) -> list[str]:
        return [one.site for one in records.known(house, register, at)]

    for register in (METERS, MACHINES):
        assert sites(register, before) == [site_id("A")]
        assert sites(register) == [site_id("A"), site_id("B")]


def test_the_journal_tells_under_whom(house: House, say: Say, miner: ParticipantId) -> None:
    say(site("A", miner), meter("M", "A"), shown("M", JULY, 7), machine("S", "A", miner))
    say(account(miner))

    def registers(subject: str) -> list[str]:
        events: list[Any] = [one.event for one in journal.about(house.db, subject)]
        return [one.register for one in events if hasattr(one, "register")]

    assert registers(miner)[-3:] == ["site", "machine", "pool_account"]
    assert registers(site_id("A")) == ["meter"]
    assert registers("M") == ["reading"]


def test_a_pools_page_is_not_for_everybody(house: House, say: Say, miner: ParticipantId) -> None:
    one = account(miner)
    say(one)
    register = register_of(one)

    assert records.known(house, register)[0].observer == LINK
    assert records.seen(register, one).observer == ""
