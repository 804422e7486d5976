"""Single sentences of law for tests of one thing, written as files and read as a rulebook.

    book(*opened("XA", "XB"), rule("XA.ban", "DENY", when='asset == "coin"'))

is the law of two countries that allow everything, but for what one of them forbids.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.laws import Content, tightened, toml

from clearhouse.core.rulebook import Rulebook, parse

START = date(2026, 1, 1)
BOTH = ("XA", "XB")


@dataclass(frozen=True, eq=False)
class Sentence:
    """A sentence of law of any kind, and the subject of the file that it stands in."""

    subject: str
    kind: str
    content: Content

    @property
    def place(self) -> str:
        return str(self.content["id"])[:2]

    def text(self) -> str:
        return f"\n[[{self.kind}]]\n{lines(self.content)}"


def lines(content: Content) -> str:
    """A table as a file has it, a key on each line; what is None is not said."""
    said = {key: value for key, value in content.items() if value is not None}
    return "".join(f"{key} = {toml(value)}\n" for key, value in said.items())


def rule(
    id: str,
    outcome: str = "DENY",
    subject: str = "assets",
    *,
    roles: Sequence[str] = ("transaction",),
    scope: Content | None = None,
    start: date = START,
    end: date | None = None,
    fires: Sequence[Content] = ({},),
    silent: Sequence[Content] = (),
    unknown: Sequence[Content] = (),
    **others: object,
) -> Sentence:
    """A rule; one without `when` always comes."""
    due = {"what": "a report", "to": "the treasury"} if outcome in {"REPORT", "COLLECT"} else None
    content: Content = {
        "id": id,
        "says": f"What {id} says.",
        "citation": f"Act, s. {id}",
        "effective_from": start,
        "effective_to": end,
        "applies_to": {"roles": [*roles], **(scope or {})},
        "outcome": outcome,
        "due": due,
        **others,
        "vectors": {"fires": [*fires], "silent": [*silent], "unknown": [*unknown]},
    }
    return Sentence(subject, "rule", content)


def standard(
    place: str, name: str, bound: int, start: date = START, end: date | None = None
) -> Sentence:
    """What a country says on a standard."""
    return Sentence("standards", "standard", tightened(place, name, bound, start, end))


def fixing(id: str, zone: str, hour: int, start: date = START, end: date | None = None) -> Sentence:
    """What a country says on the hour of the reference rate."""
    content = {
        "id": id,
        "citation": f"Act, s. {id}",
        "effective_from": start,
        "effective_to": end,
        "zone": zone,
        "hour": hour,
    }
    return Sentence("standards", "fixing", content)


def timetable(
    id: str,
    zone: str = "UTC",
    start: date = START,
    end: date | None = None,
    cases: Mapping[date, Mapping[str, datetime]] | None = None,
    **others: object,
) -> Sentence:
    """What a country says on a kind of cycles: on the day itself and the one before.

    Args:
        cases: By value date; else one of the first day in force, as it must be.
        others: What is said otherwise, with underscores for hyphens.
    """
    said = USUAL | {key.replace("_", "-"): value for key, value in others.items()}
    made = {
        "id": id,
        "citation": f"Act, s. {id}",
        "effective_from": start,
        "effective_to": end,
        "zone": zone,
        **said,
    }
    each = {start: given(start, zone, said)} if cases is None else cases
    listed = [{"value_date": day, **instants} for day, instants in each.items()]
    return Sentence("standards", "timetable", {**made, "cases": listed})


USUAL: Content = {
    "cycle": "daily",
    "submission": {"day": -1, "at": "09:00"},
    "cut-off": {"day": -1, "at": "16:00"},
    "rescission": {"day": -1, "at": "17:00"},
    "pay-in": "00:00",
    "pay-in-revised": "06:30",
    "settlement": "15:00",
    "close": "20:00",
}


def given(value_date: date, zone: str, said: Content) -> dict[str, datetime]:
    """What a timetable gives where Saturday and Sunday are not worked, worked out plainly."""
    found = {}
    for stage in [*USUAL][1:]:
        table = said[stage] if isinstance(said[stage], dict) else {"day": 0, "at": said[stage]}
        day = value_date
        for _ in range(-table["day"]):
            day -= timedelta(days=3 if day.weekday() == 0 else 1)
        at = datetime.combine(day, time.fromisoformat(table["at"]), ZoneInfo(zone))
        found[stage] = at.astimezone(UTC)
    return found


def opened(*places: str, start: date = date(2020, 1, 1), end: date | None = None) -> list[Sentence]:
    """The law of countries that allow everything."""
    sides = ["debtor", "creditor"]
    return [
        sentence
        for place in places
        for sentence in (
            rule(f"{place}.open", "ALLOW", "corridor", start=start, end=end),
            rule(f"{place}.admitted", "ALLOW", "admission", roles=sides, start=start, end=end),
        )
    ]


def head(place: str) -> str:
    """A country's own file."""
    return lines(
        {
            "jurisdiction": place,
            "name": f"Country {place}",
            "zone": "UTC",
            "weekend": ["Saturday", "Sunday"],
        }
    )


def files(*sentences: Sentence, places: Sequence[str] = BOTH) -> Mapping[str, str]:
    """The files in which sentences stand, by name."""
    return {f"{place}.toml": head(place) for place in places} | dict(_by_subject(sentences))


def _by_subject(sentences: Sequence[Sentence]) -> Iterator[tuple[str, str]]:
    together: defaultdict[tuple[str, str], list[Sentence]] = defaultdict(list)
    for one in sentences:
        together[one.place, one.subject].append(one)
    for (place, subject), several in together.items():
        top = lines({"jurisdiction": place, "subject": subject})
        yield f"{place}-{subject}.toml", top + "".join(one.text() for one in several)


def book(*sentences: Sentence, places: Sequence[str] = BOTH) -> Rulebook:
    """The rulebook of some sentences."""
    return parse(files(*sentences, places=places))
