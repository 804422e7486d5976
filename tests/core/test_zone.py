"""Local times as instants: the same on each machine, and never later before earlier."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clearhouse.core.zone import FORM, has_day, instant, tzdata_version, zone

ZONES = (
    *("UTC", "Europe/Oslo", "Europe/London", "America/New_York", "America/Santiago"),
    *("Australia/Sydney", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"),
    *("Pacific/Apia", "Pacific/Kiritimati", "Asia/Tehran"),
)
days = st.dates(date(1975, 1, 1), date(2035, 1, 1))
minutes = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "key", "found"),
    [
        ("2026-03-02 16:00", "Europe/Oslo", "2026-03-02 15:00"),
        ("2026-07-01 16:00", "Europe/Oslo", "2026-07-01 14:00"),
        ("2026-07-01 16:00", "Asia/Kolkata", "2026-07-01 10:30"),
        ("2026-07-01 00:00", "Pacific/Kiritimati", "2026-06-30 10:00"),
        # Skipped: the instant of the change, whatever was written.
        ("2026-03-29 01:59", "Europe/Oslo", "2026-03-29 00:59"),
        ("2026-03-29 02:00", "Europe/Oslo", "2026-03-29 01:00"),
        ("2026-03-29 02:59", "Europe/Oslo", "2026-03-29 01:00"),
        ("2026-03-29 03:00", "Europe/Oslo", "2026-03-29 01:00"),
        ("2026-03-29 03:01", "Europe/Oslo", "2026-03-29 01:01"),
        ("2026-10-04 02:30", "Australia/Sydney", "2026-10-03 16:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-03 15:30"),  # by half an hour
        ("2026-09-06 00:00", "America/Santiago", "2026-09-06 04:00"),  # at midnight
        ("2011-12-30 00:00", "Pacific/Apia", "2011-12-30 10:00"),  # a whole day
        ("2011-12-30 17:00", "Pacific/Apia", "2011-12-30 10:00"),
        ("2011-12-31 00:00", "Pacific/Apia", "2011-12-30 10:00"),
        ("2011-12-29 23:59", "Pacific/Apia", "2011-12-30 09:59"),
        # Shown twice: the first of the two.
        ("2026-10-25 01:59", "Europe/Oslo", "2026-10-24 23:59"),
        ("2026-10-25 02:00", "Europe/Oslo", "2026-10-25 00:00"),
        ("2026-10-25 02:59", "Europe/Oslo", "2026-10-25 00:59"),
        ("2026-10-25 03:00", "Europe/Oslo", "2026-10-25 02:00"),
        ("2026-04-05 02:30", "Australia/Sydney", "2026-04-04 15:30"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01 05:30"),
    ],
)
def test_a_local_time_is_one_instant(local: str, key: str, found: str) -> None:
    said = datetime.fromisoformat(local)

    assert instant(said.date(), said.time(), key) == at(found)
    assert instant(said.date(), said.time(), key).utcoffset() == timedelta(0)


@given(st.sampled_from(ZONES), days, minutes, minutes, st.integers(0, 2))
def test_a_later_local_time_is_never_an_earlier_instant(
    key: str, day: date, one: time, other: time, further: int
) -> None:
    first, last = sorted([(day, one), (day + timedelta(days=further), other)])

    assert instant(*first, key) <= instant(*last, key)


@given(st.sampled_from(ZONES), days, minutes)
def test_what_the_clocks_show_is_what_they_show_then(key: str, day: date, local: time) -> None:
    """But for what they skip, where nothing is shown between the instant and the one before it."""
    found = instant(day, local, key)
    shown = found.astimezone(zone(key))

    if (shown.date(), shown.time()) != (day, local):
        before = (found - timedelta(seconds=1)).astimezone(zone(key)).replace(tzinfo=None)
        said = datetime.combine(day, local)
        assert before < said < shown.replace(tzinfo=None)
    else:
        assert shown.fold == 0


@given(st.sampled_from(ZONES), days)
def test_a_day_is_there_if_its_noon_is(key: str, day: date) -> None:
    shown = instant(day, time(12), key).astimezone(zone(key))
    assert has_day(day, key) is (shown.date() == day)


@pytest.mark.parametrize(
    ("day", "key", "there"),
    [
        (date(2011, 12, 30), "Pacific/Apia", False),
        (date(2011, 12, 29), "Pacific/Apia", True),
        (date(2011, 12, 31), "Pacific/Apia", True),
        (date(2011, 12, 30), "Pacific/Pago_Pago", True),
        (date(1994, 12, 31), "Pacific/Kiritimati", False),
        (date(1994, 12, 31), "Pacific/Tarawa", True),
        (date(2026, 3, 29), "Europe/Oslo", True),
    ],
)
def test_at_the_date_line_days_were_skipped(day: date, key: str, there: bool) -> None:
    assert has_day(day, key) is there


def test_the_edition_is_that_of_the_package() -> None:
    year, number = version("tzdata").split(".")[:2]
    assert tzdata_version() == f"{year}{'abcdefghijklmnopqrstuvwxyz'[int(number) - 1]}"


def test_every_zone_of_the_package_is_found_by_its_name() -> None:
    """But for those that are no place's: EST5EDT."""
    named = (files("tzdata") / "zones").read_text("utf-8").split()
    listed = [key for key in named if FORM.fullmatch(key)]
    assert len(listed) > 300
    assert not [key for key in named if "/" in key and key not in listed]
    for key in listed:
        assert zone(key).key == key


@pytest.mark.parametrize(
    "key",
    [
        *("", "Europe", "Europe/", "America/Argentina", "Norland/Nowhere", "localtime", "EST5EDT"),
        *("../zones", "/etc/localtime", "Europe/../Europe/Oslo", "Europe/Oslo\0", "europe/oslo"),
        *("Europe//Oslo", "posix/Europe/Oslo", "Europe/Oslo.", "UTC+1"),
    ],
)
def test_what_names_no_zone_is_none(key: str) -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zone(key)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[None]:
    """A machine whose own files have other clocks for Oslo."""
    was = zoneinfo.TZPATH
    tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Oslo").write_bytes(tokyo)
    zoneinfo.reset_tzpath([str(tmp_path)])
    for known in (zoneinfo.ZoneInfo.clear_cache, zone.cache_clear, instant.cache_clear):
        known()
    yield
    zoneinfo.reset_tzpath(was)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("elsewhere")
def test_the_systems_files_are_never_read() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))
    assert noon.astimezone(UTC).hour == 3  # as others would be told

    assert instant(date(2026, 3, 2), time(12), "Europe/Oslo") == at("2026-03-02 11:00")


@given(st.sampled_from(ZONES), days, minutes)
def test_it_is_what_zoneinfo_says_wherever_nothing_is_skipped(
    key: str, day: date, local: time
) -> None:
    said = datetime.combine(day, local, zone(key))
    assume(said.astimezone(UTC).astimezone(zone(key)).time() == local)
    assume(has_day(day, key))

    assert instant(day, local, key) == said.astimezone(UTC)
