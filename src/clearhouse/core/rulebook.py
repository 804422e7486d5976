"""`Rulebook`: the law of every jurisdiction involved, as data with citations.

A rule has an id, a jurisdiction, a citation, the dates between which it is in force, and terms of
one closed set of subjects. Nothing here is code of a rule: each subject's meaning stands with the
decision that applies it (licences in `participant`, corridors in `gate`, finality in `finality`).

What is fixed in the core can only be tightened: no terms switch screening off, and the freshness
and threshold of lists are capped where they are applied. The version is the hash of all rules, so
a decision that names it names exactly the law it applied.
"""

import json
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from hashlib import sha256
from typing import TypeVar
from zoneinfo import ZoneInfo

from clearhouse.core.calendar import Calendar
from clearhouse.core.errors import Kind, Refusal

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class RulebookMalformed(Refusal):
    """A rulebook file cannot be read as law."""

    code = "rulebook.malformed"
    kind = Kind.MALFORMED


class RuleMissing(Refusal):
    """No rule in force answers a question that needs one."""

    code = "rulebook.rule-missing"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Licensing:
    """A resident acts in a role only under a licence of one of these classes."""

    role: str  # debtor or creditor
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DomesticPayment:
    """Payments between two residents in a digital asset are forbidden."""


@dataclass(frozen=True, slots=True)
class Corridor:
    """Payments in a digital asset with residents of these jurisdictions are allowed."""

    counterparts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListFreshness:
    """Sanctions lists older than this stop the gate."""

    hours_max: int


@dataclass(frozen=True, slots=True)
class NameReview:
    """Names at least this alike to a listed one are held for a person to look at."""

    score_per_mille: int
    business_days: int  # until somebody must have decided


@dataclass(frozen=True, slots=True)
class Finality:
    """An attacker with this share of the hash rate reverses a final payment at most this likely."""

    attacker_per_mille: int
    risk_per_million: int


@dataclass(frozen=True, slots=True)
class Fixing:
    """Obligations in a currency are valued at the reference rate of this local time."""

    zone: str
    hour: int
    partitions_min: int  # of the twelve: fewer with trades and there is no rate


@dataclass(frozen=True, slots=True)
class PayIn:
    """Debit positions are paid in within this time of the cycle."""

    hours: int


Terms = (
    Licensing | DomesticPayment | Corridor | ListFreshness | NameReview | Finality | Fixing | PayIn
)
SUBJECTS: Mapping[str, type[Terms]] = {
    "licensing": Licensing,
    "domestic-payment": DomesticPayment,
    "corridor": Corridor,
    "list-freshness": ListFreshness,
    "name-review": NameReview,
    "finality": Finality,
    "fixing": Fixing,
    "pay-in": PayIn,
}
HEAD = {"id", "citation", "effective_from", "effective_to", "subject"}
FILE = {"jurisdiction", "name", "weekend", "holidays", "rule"}
ROLES = ("debtor", "creditor")
CODE_FORM = re.compile(r"[A-Z]{2}", re.ASCII)

# The most that a term can say; more is a slip of the pen, and would overflow where it is applied.
YEAR = 366
MOST: Mapping[str, int] = {
    "hours_max": YEAR * 24,
    "score_per_mille": 1000,
    "business_days": YEAR,
    "attacker_per_mille": 1000,
    "risk_per_million": 10**6,
    "hour": 23,
    "partitions_min": 12,
    "hours": YEAR * 24,
}
T = TypeVar("T", bound=Terms)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule and where the law says it."""

    id: str
    jurisdiction: str
    citation: str
    effective_from: date
    effective_to: date | None  # the last day in force; None while there is no end
    terms: Terms

    def in_force(self, on: date) -> bool:
        """Whether the rule holds on the day `on`."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


class Eras:
    """The times between which nothing begins or ends: any two days of one era see the same law.

    Args:
        spans: First and last days of what is looked at; None where there is no end.
    """

    def __init__(self, spans: Iterable[tuple[date, date | None]]) -> None:
        starts: set[date] = set()
        for first, last in spans:
            starts.add(first)
            if last is not None and last < date.max:
                starts.add(last + timedelta(days=1))
        self._starts = sorted(starts)

    def of(self, day: date) -> int:
        """The number of the era that `day` lies in."""
        return bisect_right(self._starts, day)


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A country: its code (ISO 3166), name and business days."""

    code: str
    name: str
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The law of every jurisdiction, at one version."""

    version: str  # SHA-256 over the canonical form of all files' contents
    jurisdictions: Mapping[str, Jurisdiction]
    rules: tuple[Rule, ...]

    def spans(self) -> list[tuple[date, date | None]]:
        """From when to when each rule is in force."""
        return [(rule.effective_from, rule.effective_to) for rule in self.rules]

    def under(self, terms: type[T], jurisdictions: Iterable[str], *days: date) -> list[Rule]:
        """Find the rules of a subject in any of `jurisdictions`, in force on any of `days`.

        Rules are looked at on the trade date and on the settlement date: hand in both, and the
        stricter of what is found wins.
        """
        places = set(jurisdictions)
        return [
            rule
            for rule in self.rules
            if isinstance(rule.terms, terms)
            and rule.jurisdiction in places
            and any(rule.in_force(day) for day in days)
        ]

    def terms(self, terms: type[T], on: date) -> list[T]:
        """List the terms of a subject in force on the day `on`, in every jurisdiction.

        Raises:
            RuleMissing: There is none, and the house does not guess.
        """
        found: list[T] = []
        for rule in self.rules:
            if isinstance(rule.terms, terms) and rule.in_force(on):
                found.append(rule.terms)  # noqa: PERF401 - the type is lost in a comprehension
        if not found:
            raise RuleMissing(f"no rule on {terms.__name__} is in force on {on}")
        return found


def parse(files: Mapping[str, str]) -> Rulebook:
    """Read a rulebook from its files.

    Args:
        files: TOML text by file name, one jurisdiction a file.

    Raises:
        RulebookMalformed: Naming the file and the rule.
    """
    jurisdictions: dict[str, Jurisdiction] = {}
    rules: dict[str, Rule] = {}
    contents: dict[str, object] = {}
    for name, text in sorted(files.items()):
        try:
            content = tomllib.loads(text)
            jurisdiction = _jurisdiction(content)
            tables = _tables(content)
        except (ValueError, RecursionError) as trouble:
            raise RulebookMalformed(f"{name}: {trouble}", file=name) from trouble
        if jurisdiction.code in jurisdictions:
            raise RulebookMalformed(f"{name}: {jurisdiction.code} has another file", file=name)
        jurisdictions[jurisdiction.code] = jurisdiction
        for number, table in enumerate(tables, 1):
            id = str(table.get("id") or f"rule {number}")
            if id in rules:
                raise RulebookMalformed(f"{name}: {id} stands twice", file=name, rule=id)
            try:
                rules[id] = _rule(jurisdiction.code, table)
            except ValueError as trouble:
                detail = f"{name}: {id}: {trouble}"
                raise RulebookMalformed(detail, file=name, rule=id) from trouble
        contents[jurisdiction.code] = content
    if not rules:
        raise RulebookMalformed("there is no rule in it")
    canonical = json.dumps(contents, sort_keys=True, separators=(",", ":"), default=str)
    version = sha256(canonical.encode()).hexdigest()
    return Rulebook(version, jurisdictions, tuple(rules[id] for id in sorted(rules)))


def _jurisdiction(content: Mapping[str, object]) -> Jurisdiction:
    if unknown := content.keys() - FILE:
        raise ValueError(f"{sorted(unknown)} mean nothing; a file has {sorted(FILE)}")
    code = _text(content, "jurisdiction")
    if not CODE_FORM.fullmatch(code):
        raise ValueError(f"jurisdiction: {code!r} is no code of ISO 3166: two capitals")
    weekend = set(_texts(content, "weekend"))
    if not weekend < set(WEEKDAYS):
        raise ValueError("weekend: some days of the week, Monday to Sunday, and not all")
    holidays = content.get("holidays", [])
    if not isinstance(holidays, list) or not all(type(day) is date for day in holidays):
        raise ValueError("holidays: a list of dates")
    calendar = Calendar(frozenset(map(WEEKDAYS.index, weekend)), frozenset(holidays))
    return Jurisdiction(code, _text(content, "name"), calendar)


def _tables(content: Mapping[str, object]) -> list[dict[str, object]]:
    tables = content.get("rule")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("rules stand under [[rule]]")
    return tables


def _rule(jurisdiction: str, table: Mapping[str, object]) -> Rule:
    id = _text(table, "id")
    if not id.startswith(f"{jurisdiction}."):
        raise ValueError(f"an id begins with its jurisdiction, {jurisdiction}.")
    start, end = table.get("effective_from"), table.get("effective_to")
    if type(start) is not date or (end is not None and (type(end) is not date or end < start)):
        raise ValueError("effective_from and effective_to are dates, in this order")
    subject = _text(table, "subject")
    if subject not in SUBJECTS:
        raise ValueError(f"subject: {subject!r}, not one of {sorted(SUBJECTS)}")
    kind = SUBJECTS[subject]
    wanted = {field.name for field in fields(kind)}
    given = {key: table[key] for key in table.keys() - HEAD}
    if set(given) != wanted:
        raise ValueError(f"its terms are {sorted(wanted)}, not {sorted(given)}")
    return Rule(id, jurisdiction, _text(table, "citation"), start, end, _terms(kind, given))


def _terms(kind: type[Terms], given: Mapping[str, object]) -> Terms:
    values: dict[str, object] = {}
    for field in fields(kind):
        key, value = field.name, given[field.name]
        if field.type is int and not (type(value) is int and 0 <= value <= MOST[key]):
            raise ValueError(f"{key}: a whole number from 0 to {MOST[key]}")
        if field.type is str:
            value = _text(given, key)
        if field.type == tuple[str, ...]:
            value = _texts(given, key)
        # A word that nothing looks for would be a rule that nobody applies.
        if key == "role" and value not in ROLES:
            raise ValueError(f"role: {value!r}, not one of {ROLES}")
        if key == "zone" and not _is_zone(str(value)):
            raise ValueError(f"zone: {value!r} is no time zone")
        values[key] = value
    return kind(**values)  # type: ignore[arg-type]  # each value was checked against its field


def _is_zone(key: str) -> bool:
    try:
        ZoneInfo(key)
    except (KeyError, ValueError, OSError):  # unknown; a path; a folder of zones
        return False
    return True


def _text(table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key}: a text")
    return value


def _texts(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not value or not all(isinstance(x, str) for x in value):
        raise ValueError(f"{key}: a list of texts")
    return tuple(value)
