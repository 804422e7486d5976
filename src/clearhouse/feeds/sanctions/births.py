"""Days of birth as lists write them: whole, a month, a year, about then, from one to another."""

import re
from datetime import date

from clearhouse.core.listed import Birth
from clearhouse.feeds.sanctions.reading import clean

MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
DECEMBER = 12
ISO_FORM = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:T.*)?", re.ASCII)
SLASHED_FORM = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
WORDED_FORM = re.compile(r"(?:(?:(\d{1,2}) )?([A-Za-z]{3})[a-z]*\.? )?(\d{4})", re.ASCII)
YEAR_FORM = re.compile(r"\d{1,4}", re.ASCII)
ABOUT = re.compile(r"\b(?:circa|approximately|approx\.?|c\.?|about)\s+", re.IGNORECASE)
UNTIL = re.compile(r"\s+(?:to|and|-)\s+|(?<=\d{4})-(?=\d{4})", re.IGNORECASE)


def period(year: int, month: int = 0, day: int = 0) -> tuple[date, date] | None:
    """The first and the last day of a year, a month or a day; None if there is none such."""
    try:
        if month and day:
            return date(year, month, day), date(year, month, day)
        if month:
            after = date(year + month // DECEMBER, month % DECEMBER + 1, 1)
            return date(year, month, 1), date.fromordinal(after.toordinal() - 1)
        return date(year, 1, 1), date(year, 12, 31)
    except ValueError:
        return None


def year(text: str) -> tuple[date, date] | None:
    """The days of a year that is written in digits."""
    return period(int(text)) if YEAR_FORM.fullmatch(text) else None


def born(
    first: tuple[date, date] | None, last: tuple[date, date] | None = None, *, about: bool = False
) -> Birth | None:
    """The birth in a period, or between two of them."""
    if first is None:
        return None
    until = (last or first)[1]
    return Birth(first[0], until, about) if first[0] <= until else None


def worded(text: str) -> Birth | None:
    """As people write: `10 Dec 1948`, `circa 1951`, `Mar 1955 to 1957`, `1960-02`, `28/06/1960`."""
    plain = clean(text).rstrip(".")
    bare = ABOUT.sub("", plain)
    ends = [_period(end) for end in UNTIL.split(bare.removeprefix("between ").strip(), maxsplit=1)]
    if None in ends:
        return None
    return born(ends[0], ends[-1], about=bare != plain)


def _period(text: str) -> tuple[date, date] | None:
    if iso := ISO_FORM.fullmatch(text):
        return period(*(int(part or 0) for part in iso.groups()))
    if slashed := SLASHED_FORM.fullmatch(text):
        day, month, year = map(int, slashed.groups())
        return period(year, month, day if month else 0)
    if form := WORDED_FORM.fullmatch(text):
        month = MONTHS.get((form[2] or "").lower(), 0)
        if form[2] and not month:
            return None
        return period(int(form[3]), month, int(form[1] or 0))
    return None
