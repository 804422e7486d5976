"""Which calendars are asked; what they answer is told in the tests of stamping."""

import pytest

from clearhouse.feeds.calendars import (
    CALENDARS_MAX,
    Calendar,
    CalendarsTooMany,
    CalendarUrlMalformed,
    calendars,
)

A, B = "https://a.example", "http://127.0.0.1:14788/x"


def test_calendars_are_named_once_each_in_their_order() -> None:
    assert calendars([]) == calendars(["", " "]) == ()
    assert calendars([A, f" {B} ", A]) == (Calendar(A), Calendar(B))


@pytest.mark.parametrize(
    "url",
    [
        *("a.example", "ftp://a.example", "https://a.example/", "https://a.example?x"),
        *("https://u:p@a.example", "https://a.example:70000", "https://a.example\r\nX: y", "//a"),
    ],
)
def test_what_is_no_url_of_a_calendar_is_refused(url: str) -> None:
    with pytest.raises(CalendarUrlMalformed):
        calendars([A, url])


def test_more_than_are_asked_within_a_lease_are_refused() -> None:
    most = [f"{A}/{n}" for n in range(CALENDARS_MAX)]
    assert len(calendars([*most, *most])) == CALENDARS_MAX
    with pytest.raises(CalendarsTooMany):
        calendars([*most, B])
