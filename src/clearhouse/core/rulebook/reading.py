"""Read the law from its files, or refuse it by file, line and rule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from clearhouse.core.calendar import Calendar
from clearhouse.core.money import AMOUNT_FORM, UNITS_MAX
from clearhouse.core.rulebook import schema
from clearhouse.core.rulebook.closures import read_closure
from clearhouse.core.rulebook.condition import ConditionError, Term
from clearhouse.core.rulebook.condition import read as read_condition
from clearhouse.core.rulebook.dues import read_deadline, read_due
from clearhouse.core.rulebook.facts import Reads
from clearhouse.core.rulebook.place import Place, need_zone, read_day
from clearhouse.core.rulebook.rule import (
    Approval,
    Closure,
    Day,
    FixingRule,
    Head,
    Jurisdiction,
    Outcome,
    Parameter,
    Programme,
    Rate,
    Role,
    Rule,
    Scope,
    StandardRule,
    TimetableRule,
    Transition,
    Vectors,
    Window,
)
from clearhouse.core.rulebook.source import Path, Source
from clearhouse.core.rulebook.timetables import read_timetable
from clearhouse.core.rulebook.vocabulary import (
    ADMISSION,
    CURRENCIES,
    DAY,
    EPOCH,
    OF_MATTER,
    PLAIN_UNITS,
    QUANTITIES,
    STANDARDS,
    WHOLE,
    Sort,
    Type,
    Vocabulary,
)

MONTH_DAY = re.compile(r"(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])", re.ASCII)
WHOLE_MAX = 10**12
# What an admission may ask for: it is looked at before anything of a payment is known.
OF_ADMISSION = frozenset(
    {"party.residence", "party.licences", "party.jurisdictions", "on", "month_day"}
)


LAW = jsonschema_rs.validator_for(schema.law())
JURISDICTION = jsonschema_rs.validator_for(schema.jurisdiction())


def check_form(source: Source) -> None:
    """Check a file against the schema.

    Raises:
        RulebookMalformed: With the first thing that is wrong.
    """
    form = LAW if "subject" in source.content else JURISDICTION
    for error in form.iter_errors(source.content):
        path = tuple(error.instance_path)
        said = ".".join(str(step) for step in path[2:] if isinstance(step, str))
        Place(source, path, _named(source, path)).refuse(
            f"{said}: {error.message}" if said else error.message
        )


def _named(source: Source, path: Path) -> str:
    """The id of the rule that `path` lies in, as far as it can be told."""
    if len(path) < 2:  # noqa: PLR2004 - a list and the place in it
        return ""
    tables: Any = source.content
    table = tables[path[0]][path[1]]
    id = table.get("id") if isinstance(table, dict) else None
    return id if isinstance(id, str) and id else f"{path[0]} {path[1] + 1}"  # type: ignore[operator]


def read_jurisdiction(source: Source) -> Jurisdiction:
    """Read a jurisdiction's own file."""
    content: Any = source.content
    place = Place(source)
    weekend = frozenset(schema.WEEKDAYS.index(day) for day in content["weekend"])
    holidays = frozenset(read_day(day, place / "holidays") for day in content.get("holidays", ()))
    need_zone(content["zone"], place / "zone")
    code, regions = content["jurisdiction"], tuple(content.get("regions", ()))
    for region in regions:
        if not region.startswith(f"{code}-"):
            (place / "regions").refuse(f"{region}: a region begins with its jurisdiction, {code}-")
    calendar = Calendar(weekend, holidays)
    return Jurisdiction(code, content["name"], content["zone"], calendar, regions)


@dataclass(frozen=True)
class Reader:
    """Reads the sentences of one file; the words of the whole rulebook are known by then."""

    source: Source
    vocabulary: Vocabulary

    def each(self, kind: str) -> list[tuple[Any, Place]]:
        """The tables of one kind, and where they stand."""
        content: Any = self.source.content
        return [
            (table, Place(self.source, (kind, number), table["id"]))
            for number, table in enumerate(content.get(kind, ()))
        ]

    def head(self, table: Any, place: Place) -> Head:
        """Read what every sentence has."""
        jurisdiction = str(self.source.content["jurisdiction"])
        if not table["id"].startswith(f"{jurisdiction}."):
            (place / "id").refuse(f"an id begins with its jurisdiction, {jurisdiction}.")
        start = read_day(table["effective_from"], place / "effective_from")
        end = None
        if "effective_to" in table:
            end = read_day(table["effective_to"], place / "effective_to")
            if end < start:
                (place / "effective_to").refuse("it ends before it begins")
        return Head(table["id"], jurisdiction, table["citation"], start, end)

    def rule(self, table: Any, place: Place) -> Rule:
        """Read a rule, its condition typed."""
        outcome, scope = Outcome(table["outcome"]), self.scope(table, place)
        rate = Rate(table["rate"]["name"], Day(table["rate"]["on"])) if "rate" in table else None
        window = Window(**table["window"]) if "window" in table else None
        parameters = {
            name: self.parameter(each, place / "parameters" / name)
            for name, each in table.get("parameters", {}).items()
        }
        when = self.condition(table, Reads(scope, rate, window), parameters, place)
        transition = None
        if "transition" in table:
            said = table["transition"]
            transition = Transition(Day(said["on"]), said["citation"])
        return Rule(
            head=self.head(table, place),
            subject=str(self.source.content["subject"]),
            says=table["says"],
            source=table.get("source", "S"),
            scope=scope,
            outcome=outcome,
            text=table.get("when", "true"),
            when=when,
            parameters=parameters,
            rate=rate,
            window=window,
            transition=transition,
            deadline=read_deadline(table, place),
            due=read_due(table, self.number, place),
            waivable=table.get("waivable", False),
            vectors=_vectors(table["vectors"]),
        )

    def scope(self, table: Any, place: Place) -> Scope:
        """Read to whom and to what a rule applies."""
        said = table["applies_to"]
        roles = tuple(Role(role) for role in said["roles"])
        classes = tuple(said.get("classes", ()))
        if Role.TRANSACTION in roles and (len(roles) > 1 or classes):
            (place / "applies_to").refuse("a rule for the whole transaction has no side or class")
        return Scope(
            roles, classes, tuple(said.get("assets", ())), tuple(said.get("transactions", ()))
        )

    def condition(
        self, table: Any, reads: Reads, parameters: Mapping[str, Parameter], place: Place
    ) -> Term:
        """Read a rule's condition; without one it always holds."""
        used: set[str] = set()

        def find(name: str) -> Term:
            if name not in parameters:
                return reads.term(name)
            used.add(name)
            return of_parameter(name, parameters[name])

        text = table.get("when", "true")
        try:
            term = read_condition(text, find, self.vocabulary)
        except ConditionError as wrong:
            further = text.count("\n", 0, wrong.at)
            column = wrong.at - text.rfind("\n", 0, wrong.at)
            (place / "when").refuse(f"at {column} of its condition: {wrong}", further)
        if unused := sorted(parameters.keys() - used):
            (place / "parameters").refuse(f"{unused[0]} is not read by the condition")
        if shadows := sorted(parameters.keys() & OF_MATTER.keys()):
            (place / "parameters").refuse(f"{shadows[0]} is the name of a fact")
        self.check_facts(term, Outcome(table["outcome"]), reads.scope, place)
        return term

    def check_facts(self, term: Term, outcome: Outcome, scope: Scope, place: Place) -> None:
        """Check what a rule of this subject and outcome may ask for."""
        if self.source.content["subject"] == ADMISSION:
            if Role.TRANSACTION in scope.roles:
                (place / "applies_to").refuse("an admission is of a debtor or of a creditor")
            read = {str(part.value) for part in term.parts() if part.op == "fact"}
            if further := sorted(read - OF_ADMISSION):
                (place / "when").refuse(f"an admission knows nothing of {further[0]}")
        if not _tightens(term, outcome is not Outcome.ALLOW):
            (place / "when").refuse(
                "another jurisdiction could make it laxer: where jurisdictions are read, more of"
                " them may only add to DENY, HOLD, REPORT and COLLECT, and take from ALLOW"
            )

    def parameter(self, said: Any, place: Place) -> Parameter:
        """Read a parameter, in minor units."""
        value, unit = said["value"], said["unit"]
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        if words := self.vocabulary.words(unit):
            texts = value if isinstance(value, list) else [value]
            if unknown := [text for text in texts if text not in words]:
                place.refuse(f"{unknown[0]!r} is no {unit}: {', '.join(words)}")
            if isinstance(value, list):
                return Parameter(Type(Sort.SET, unit), tuple(value), shown)
            return Parameter(Type(Sort.TEXT, unit), str(value), shown)
        if unit == "day":
            day = read_day(str(value), place)
            return Parameter(DAY, day.toordinal() - EPOCH, shown)
        return self.number(str(value), unit, f"{shown} {unit}", place)

    def number(self, text: str, unit: str, shown: str, place: Place) -> Parameter:
        """Read a number of a currency or unit."""
        if unit == "month-day":
            form = MONTH_DAY.fullmatch(text)
            if form is None:
                place.refuse(f"{text!r}: write a month and day as 11-15")
            return Parameter(WHOLE, int(form["month"]) * 100 + int(form["day"]), shown)
        places = {**CURRENCIES, **QUANTITIES, **dict.fromkeys(PLAIN_UNITS, 0)}
        if unit not in places:
            place.refuse(f"no number is of {unit}")
        number = AMOUNT_FORM.fullmatch(text)
        if number is None or number["sign"] or len(number["part"] or "") > places[unit]:
            place.refuse(f"{text!r}: a number with at most {places[unit]} decimals")
        units = int(number["whole"] + (number["part"] or "").ljust(places[unit], "0"))
        most = WHOLE_MAX if unit in PLAIN_UNITS else UNITS_MAX
        if units > most:
            place.refuse(f"{text}: at most {most} minor units")
        if unit in PLAIN_UNITS:
            return Parameter(WHOLE, units, shown)
        sort = Sort.AMOUNT if unit in CURRENCIES else Sort.QUANTITY
        return Parameter(Type(sort, unit), units, shown)

    def standard(self, table: Any, place: Place) -> StandardRule:
        """Read what tightens a standard, and hold it against its own cases."""
        standard = STANDARDS[table["standard"]]
        bound, unit = table["value"], table["unit"]
        if unit != standard.unit:
            (place / "unit").refuse(f"{table['standard']} is in {standard.unit}")
        if not standard.least <= bound <= standard.most:
            (place / "value").refuse(f"{bound}: from {standard.least} to {standard.most}")
        for key, expected in (("met", True), ("missed", False)):
            for measured in table[key]:
                if standard.met_by(measured, bound) is not expected:
                    (place / key).refuse(f"its case {measured} fails: it is not {key}")
        met, missed = tuple(table["met"]), tuple(table["missed"])
        return StandardRule(self.head(table, place), table["standard"], bound, met, missed)

    def fixing(self, table: Any, place: Place) -> FixingRule:
        """Read the hour of the reference rate."""
        need_zone(table["zone"], place / "zone")
        return FixingRule(self.head(table, place), table["zone"], table["hour"])

    def timetable(self, table: Any, place: Place) -> TimetableRule:
        """Read when the stages of a kind of cycles come."""
        return read_timetable(table, self.head(table, place), place)

    def closure(self, table: Any, place: Place) -> Closure:
        """Read which places are closed."""
        return read_closure(table, self.head(table, place), place)

    def programme(self, table: Any, place: Place) -> Programme:
        """Read a pilot regime; whether it may waive what it waives is seen when all is read."""
        rate = Rate(table["rate"]["name"], Day(table["rate"]["on"])) if "rate" in table else None
        caps = {
            name: self.parameter(each, place / "caps")
            for name, each in table.get("caps", {}).items()
        }
        if any(cap.type.sort is not Sort.AMOUNT for cap in caps.values()):
            (place / "caps").refuse("a cap is an amount of a currency")
        if caps and rate is None:
            (place / "caps").refuse("its caps compare currencies, and it names no rate")
        approvals = tuple(
            Approval(one["authority"], one["reference"], read_day(one["on"], place / "approvals"))
            for one in table["approvals"]
        )
        if len({" ".join(one.authority.split()).casefold() for one in approvals}) < len(approvals):
            (place / "approvals").refuse("one authority stands twice among them")
        head = self.head(table, place)
        if any(one.on > head.effective_from for one in approvals):
            (place / "approvals").refuse("it begins before it was approved")
        assert head.effective_to is not None
        return Programme(
            head=head,
            says=table["says"],
            ends=head.effective_to,
            approvals=approvals,
            participants=frozenset(table["participants"]),
            transactions=tuple(table["transactions"]),
            cap_payment=caps.get("payment"),
            cap_total=caps.get("total"),
            rate=rate,
            waives=tuple(table["waives"]),
        )


def _tightens(term: Term, adds: bool) -> bool:
    """Whether more attached jurisdictions make a condition hold more often, or less often.

    Args:
        adds: Whether it should be more often.
    """
    if term.op == "!":
        return _tightens(term.args[0], not adds)
    if term.op in {"in", "intersects"}:
        names = [str(arg.value) for arg in term.args if arg.op == "fact"]
        return adds or not any(name.endswith(".jurisdictions") for name in names)
    return all(_tightens(arg, adds) for arg in term.args)


def of_parameter(name: str, parameter: Parameter) -> Term:
    """The term that reads a parameter."""
    bounds = (parameter.value, parameter.value) if isinstance(parameter.value, int) else (0, 1)
    return Term("parameter", parameter.type, (), name, *bounds)


def _vectors(said: Any) -> Vectors:
    cases = (tuple(said.get(key, ())) for key in ("fires", "silent", "unknown"))
    return Vectors(said.get("given", {}), *cases)
