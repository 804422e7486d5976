"""`Rulebook`: the law of every jurisdiction involved, as data with citations.

A rule has an id, a jurisdiction, a citation, the dates between which it is in force, and terms of
one closed set of subjects. Nothing here is code of a rule: each subject's meaning stands with the
decision that applies it (licences in `participant`, corridors in `gate`, finality in `finality`).

What is fixed in the core can only be tightened: no terms switch screening off, and the freshness
and threshold of lists are capped where they are applied. The version is the hash of all rules, so
a decision that names it names exactly the law it applied.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256
from typing import TypeVar

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
            found = [_rule(jurisdiction.code, table) for table in content["rule"]]
        except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as trouble:
            raise RulebookMalformed(f"{name}: {trouble!r}", file=name) from trouble
        if jurisdiction.code in jurisdictions:
            raise RulebookMalformed(f"{name}: {jurisdiction.code} has another file", file=name)
        jurisdictions[jurisdiction.code] = jurisdiction
        for rule in found:
            if rule.id in rules:
                raise RulebookMalformed(f"{name}: {rule.id} stands twice", file=name, rule=rule.id)
            rules[rule.id] = rule
        contents[jurisdiction.code] = content
    if not rules:
        raise RulebookMalformed("there is no rule in it")
    canonical = json.dumps(contents, sort_keys=True, separators=(",", ":"), default=str)
    version = sha256(canonical.encode()).hexdigest()
    return Rulebook(version, jurisdictions, tuple(rules[id] for id in sorted(rules)))


def _jurisdiction(content: Mapping[str, object]) -> Jurisdiction:
    weekend = frozenset(WEEKDAYS.index(day) for day in _texts(content, "weekend"))
    holidays = content.get("holidays", [])
    if not isinstance(holidays, list) or not all(type(day) is date for day in holidays):
        raise TypeError("holidays: a list of dates")
    calendar = Calendar(weekend, frozenset(holidays))
    return Jurisdiction(_text(content, "jurisdiction"), _text(content, "name"), calendar)


def _rule(jurisdiction: str, table: Mapping[str, object]) -> Rule:
    id = _text(table, "id")
    if not id.startswith(f"{jurisdiction}."):
        raise ValueError(f"{id}: an id begins with its jurisdiction, {jurisdiction}.")
    start, end = table["effective_from"], table.get("effective_to")
    if type(start) is not date or (end is not None and (type(end) is not date or end < start)):
        raise ValueError(f"{id}: effective_from and effective_to are dates, in this order")
    kind = SUBJECTS[_text(table, "subject")]
    wanted = {field.name for field in fields(kind)}
    given = {key: table[key] for key in table.keys() - HEAD}
    if set(given) != wanted:
        raise ValueError(f"{id}: its terms are {sorted(wanted)}, not {sorted(given)}")
    return Rule(id, jurisdiction, _text(table, "citation"), start, end, _terms(id, kind, given))


def _terms(id: str, kind: type[Terms], given: Mapping[str, object]) -> Terms:
    values: dict[str, object] = {}
    for field in fields(kind):
        value = given[field.name]
        if field.type is int and not (type(value) is int and value >= 0):
            raise ValueError(f"{id}: {field.name} is a whole number, 0 or more")
        if field.type is str:
            value = _text(given, field.name)
        if field.type == tuple[str, ...]:
            value = _texts(given, field.name)
        values[field.name] = value
    return kind(**values)  # type: ignore[arg-type]  # each value was checked against its field


def _text(table: Mapping[str, object], key: str) -> str:
    value = table[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key}: a text")
    return value


def _texts(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = table[key]
    if not isinstance(value, list) or not value or not all(isinstance(x, str) for x in value):
        raise TypeError(f"{key}: a list of texts")
    return tuple(value)
