"""Local times as instants, by one set of data: that of the `tzdata` package, never the system's.

`zoneinfo` alone takes the system's files where there are any, and two machines would answer
differently. Which edition of the data answered is `tzdata_version()`: a local time is "16:00" until
somebody says by which edition, and governments change their clocks.

A time that the clocks show twice is the first of the two. A time that they skip is the instant at
which they skip it, so that of two local times the later one is never the earlier instant.
"""

import re
from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzdata

# Names such as localtime mean another zone on each machine.
FORM = re.compile(r"UTC|[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_+\-0-9]+)+", re.ASCII)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
KEPT_MAX = 1 << 14  # instants that are remembered


def tzdata_version() -> str:
    """The edition of the data, by IANA's name: 2026f."""
    return str(tzdata.IANA_VERSION)


@cache
def zone(key: str) -> ZoneInfo:
    """Load a zone by its IANA name.

    Raises:
        ZoneInfoNotFoundError: There is none of this name in the package.
    """
    if not FORM.fullmatch(key):
        raise ZoneInfoNotFoundError(f"{key!r} is no name of a zone")
    try:
        with files("tzdata").joinpath("zoneinfo", *key.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key)
    except (OSError, ValueError) as trouble:  # unknown, a folder of zones, no file of a zone
        raise ZoneInfoNotFoundError(f"{key!r} is no time zone") from trouble


@lru_cache(KEPT_MAX)
def instant(day: date, at: time, key: str) -> datetime:
    """The instant in UTC of a local time, which is whole seconds.

    Raises:
        OverflowError: It is before the first year that there is, or after the last.
    """
    place = zone(key)
    local = datetime.combine(day, at, place)
    found = local.astimezone(UTC)
    if found.astimezone(place).replace(tzinfo=None) == local.replace(tzinfo=None):
        return found
    # Skipped: the clocks change after what the new offset makes of it, and by what the old one does
    before = local.replace(fold=1).astimezone(UTC)
    offset = found.astimezone(place).utcoffset()

    def changed(seconds: int) -> bool:
        return (before + seconds * SECOND).astimezone(place).utcoffset() == offset

    return before + bisect_left(range((found - before) // SECOND), True, key=changed) * SECOND


def has_day(day: date, key: str) -> bool:
    """Whether the clocks of a zone show a day: some have skipped one, at the date line."""
    return instant(day, time(), key) < instant(day + DAY, time(), key)
