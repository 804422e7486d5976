"""Calendars of OpenTimestamps: they gather digests and bring them into a block of Bitcoin.

A calendar is asked once to attest a digest, and answers the beginning of a proof; hours later it
has the rest. The library's own client follows redirects, waits for each byte anew, and cannot tell
an answer that was cut off; here it has ten seconds for an answer of ten thousand bytes. Nothing of
it is believed before the proof is read (`feeds.timestamps`) and compared with the chain.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from clearhouse.core.errors import Kind, Refusal
from clearhouse.feeds import http

CALENDARS_MAX = 5  # asked one after the other, all of them within a worker's lease
ANSWER_S_MAX = 10
ANSWER_BYTES_MAX = 10_000  # as the library's client
NOT_YET = 404
HEADERS = {"Accept": "application/vnd.opentimestamps.v1", "User-Agent": "clearhouse"}


class CalendarUrlMalformed(Refusal):
    """A calendar's URL is not of HTTP, or has more than a host, a port and a path."""

    code = "calendar.url-malformed"
    kind = Kind.MALFORMED


class CalendarsTooMany(Refusal):
    """More calendars are named than are asked."""

    code = "calendar.too-many"
    kind = Kind.MALFORMED


class CalendarUnreachable(Refusal):
    """A calendar does not answer."""

    code = "calendar.unreachable"
    kind = Kind.UNAVAILABLE


class CalendarAnswerMalformed(CalendarUnreachable):
    """A calendar answers what is no answer."""

    code = "calendar.answer-malformed"
    kind = Kind.UNAVAILABLE


class CalendarRefused(Refusal):
    """A calendar refused."""

    code = "calendar.refused"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar, by the URL that its calls begin with.

    Raises:
        CalendarUrlMalformed: It is no such URL.
    """

    url: str

    def __post_init__(self) -> None:
        if not http.is_url(self.url):
            raise CalendarUrlMalformed(f"{self.url!r:.120}: http://HOST:PORT is expected")


def calendars(urls: Iterable[str]) -> tuple[Calendar, ...]:
    """The calendars of those URLs, each once.

    Raises:
        CalendarUrlMalformed, CalendarsTooMany: They are no such URLs, or too many.
    """
    found = tuple(dict.fromkeys(Calendar(url.strip()) for url in urls if url.strip()))
    if len(found) > CALENDARS_MAX:
        raise CalendarsTooMany(f"{len(found)} are named; {CALENDARS_MAX} at most")
    return found


def submit(calendar: Calendar, digest: bytes) -> bytes:
    """Have a calendar attest a digest; answers how the proof begins.

    Raises:
        CalendarUnreachable: It cannot be reached, or gives no answer in time.
        CalendarRefused: It says no.
    """
    return _said(calendar, _asked(calendar, "POST", "digest", digest))


def finished(calendar: Calendar, message: bytes) -> bytes | None:
    """How the proof goes on from what is pending at a calendar; None: it does not know yet.

    Raises:
        CalendarUnreachable: It cannot be reached, or gives no answer in time.
        CalendarRefused: It says no.
    """
    answer = _asked(calendar, "GET", f"timestamp/{message.hex()}")
    return None if answer.status == NOT_YET else _said(calendar, answer)


def _said(calendar: Calendar, answer: http.Answer) -> bytes:
    if answer.status != http.OK:
        raise CalendarRefused(f"{calendar.url}: {answer.status} {answer.said}")
    return answer.content


def _asked(calendar: Calendar, method: str, path: str, body: bytes | None = None) -> http.Answer:
    url, until = f"{calendar.url}/{path}", time.monotonic() + ANSWER_S_MAX
    try:
        return http.ask(method, url, body, HEADERS, until=until, bytes_max=ANSWER_BYTES_MAX)
    except http.Endless as endless:
        raise CalendarAnswerMalformed(f"{calendar.url}: {endless}") from endless
    except http.Unanswered as nothing:
        raise CalendarUnreachable(f"{calendar.url}: {nothing}") from nothing
