"""Hold the cases of the law against changed law: a change that no case notices is not tested.

A mutant is a rule with one thing changed that a slip of the pen could change: a comparison, a
connective, a negation, a number by one unit, a word of a list, a side or class that it applies to,
its transition; of a timetable a day, a minute or the zone; of a closure a place or an end. A rule's
cases are good enough when each of its mutants fails one of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from clearhouse.core.rulebook.closures import failing
from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.law import Rulebook
from clearhouse.core.rulebook.rule import Closure, Parameter, Rule, StandardRule, TimetableRule
from clearhouse.core.rulebook.timetables import Timetables
from clearhouse.core.rulebook.vectors import bench
from clearhouse.core.rulebook.vocabulary import STANDARDS, TRUTH, Sort, Vocabulary
from clearhouse.core.timetable import Moment, Stage
from clearhouse.core.zone import zone

HOUR = timedelta(hours=1)
# What each operator is changed into.
OTHERS: dict[str, Sequence[str]] = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "&&": ("||",),
    "||": ("&&",),
    "+": ("-",),
    "-": ("+",),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A rule with one thing changed."""

    id: str  # of the rule
    change: str  # in words
    rule: Rule | StandardRule | TimetableRule | Closure


@dataclass(frozen=True, slots=True)
class Tried:
    """A mutant, and whether a case noticed it."""

    mutant: Mutant
    noticed: bool


def try_mutants(law: Rulebook) -> Iterator[Tried]:
    """Put every mutant of every rule to the rule's own cases."""
    for rule in law.rules:
        cases = bench(rule, law.vocabulary)
        for mutant in mutants(rule, law.vocabulary):
            assert isinstance(mutant.rule, Rule)
            yield Tried(mutant, bool(cases.failures(mutant.rule)))
    for standard in law.standards:
        for mutant in mutants_of_standard(standard):
            assert isinstance(mutant.rule, StandardRule)
            yield Tried(mutant, _fails(mutant.rule))
    held = Timetables(law.timetables, law.jurisdictions)
    for timetable in law.timetables:
        for mutant in mutants_of_timetable(timetable):
            assert isinstance(mutant.rule, TimetableRule)
            given = [held.differs(mutant.rule, day) for day in timetable.cases]
            yield Tried(mutant, any(given))
    for closure in law.closures:
        for mutant in mutants_of_closure(closure):
            assert isinstance(mutant.rule, Closure)
            yield Tried(mutant, failing(mutant.rule) is not None)


def mutants_of_standard(rule: StandardRule) -> Iterator[Mutant]:
    """The bound one unit to each side."""
    for bound in (rule.bound - 1, rule.bound + 1):
        yield Mutant(rule.head.id, f"{bound} for {rule.bound}", replace(rule, bound=bound))


def mutants_of_timetable(rule: TimetableRule) -> Iterator[Mutant]:
    """Each stage a minute or a business day to each side; a zone whose clocks never change."""
    for number, (stage, moment) in enumerate(zip(Stage, rule.moments, strict=True)):
        for other in _beside(moment):
            if other.day > 0:
                continue  # nothing comes after the value date
            moments = (*rule.moments[:number], other, *rule.moments[number + 1 :])
            change = f"{stage}: day {other.day}, {other.at:%H:%M}"
            yield Mutant(rule.head.id, change, replace(rule, moments=moments))
    for key in _unchanging(rule):
        yield Mutant(rule.head.id, f"{key} for {rule.zone}", replace(rule, zone=key))


def mutants_of_closure(rule: Closure) -> Iterator[Mutant]:
    """Without each of its places, and without each of its ends."""
    for place in rule.places:
        others = _but(rule.places, place)
        yield Mutant(rule.head.id, f"without {place}", replace(rule, places=others))
    for end in rule.ends:
        others = _but(rule.ends, end)
        yield Mutant(rule.head.id, f"without {end}", replace(rule, ends=others))


def _beside(moment: Moment) -> Iterator[Moment]:
    minutes = (moment.day * 24 + moment.at.hour) * 60 + moment.at.minute
    for other in (minutes - 1, minutes + 1):
        days, rest = divmod(other, 24 * 60)
        yield Moment(days, time(*divmod(rest, 60)))
    for days in (moment.day - 1, moment.day + 1):
        yield replace(moment, day=days)


def _unchanging(rule: TimetableRule) -> list[str]:
    """The zones that are for ever as one that changes its clocks is in winter, or in summer."""
    years = {day.year for day in rule.cases}
    instants = [datetime(year, month, 1, tzinfo=UTC) for year in years for month in (1, 7)]
    offsets = {one.astimezone(zone(rule.zone)).utcoffset() for one in instants}
    hours = sorted(one // HOUR for one in offsets if one is not None and not one % HOUR)
    return [f"Etc/GMT{-hour:+}" for hour in hours] if len(offsets) > 1 else []


def _fails(rule: StandardRule) -> bool:
    standard = STANDARDS[rule.standard]
    return not all(standard.met_by(one, rule.bound) for one in rule.met) or any(
        standard.met_by(one, rule.bound) for one in rule.missed
    )


def mutants(rule: Rule, vocabulary: Vocabulary) -> Iterator[Mutant]:
    """All mutants of a rule."""
    for change, term in _terms(rule.when):
        yield Mutant(rule.id, change, replace(rule, when=term))
    divisors = {
        part.args[1].value
        for part in rule.when.parts()
        if part.op in {"/", "%"} and part.args[1].op == "parameter"
    }
    for name, parameter in rule.parameters.items():
        for change, changed in _values(parameter, vocabulary):
            if name in divisors and changed.value == 0:
                continue
            parameters = {**rule.parameters, name: changed}
            yield Mutant(rule.id, f"{name}: {change}", replace(rule, parameters=parameters))
    for change, changed_rule in _scopes(rule):
        yield Mutant(rule.id, change, changed_rule)
    if rule.transition:
        change = f"without its transition (as of the {rule.transition.on} date alone)"
        yield Mutant(rule.id, change, replace(rule, transition=None))


def _terms(term: Term) -> Iterator[tuple[str, Term]]:
    """A term with one thing in it changed."""
    yield from _changed(term)
    for place, arg in enumerate(term.args):
        for change, changed in _terms(arg):
            if term.op in {"/", "%"} and place == 1 and changed.value in {0, -1}:
                continue  # a divisor stays above zero
            args = (*term.args[:place], changed, *term.args[place + 1 :])
            yield change, replace(term, args=args)


def _changed(term: Term) -> Iterator[tuple[str, Term]]:
    where = f"at {term.at + 1} of its condition"
    for other in OTHERS.get(term.op, ()):
        yield f"{where}: {other} for {term.op}", replace(term, op=other)
    if term.op == "!":
        yield f"{where}: without !", term.args[0]
    if term.op in {"in", "intersects"} or (term.op == "fact" and term.type == TRUTH):
        shown = term.value if term.op == "fact" else term.op
        yield f"{where}: not {shown}", Term("!", TRUTH, (term,), at=term.at)
    if term.op == "constant" and isinstance(term.value, tuple):
        for word in term.value:
            yield f"{where}: without {word!r}", replace(term, value=_but(term.value, word))
    if term.op == "constant" and term.type.sort is Sort.WHOLE:
        assert isinstance(term.value, int)
        for number in (term.value - 1, term.value + 1):
            if number < 1 << 63:
                yield f"{where}: {number} for {term.value}", replace(term, value=number)


def _values(parameter: Parameter, vocabulary: Vocabulary) -> Iterator[tuple[str, Parameter]]:
    """A parameter one minor unit to each side, without one of its words, or another word."""
    match parameter.value:
        case int(units):
            for other in (units - 1, units + 1):
                yield f"{other} for {units} minor units", replace(parameter, value=other)
        case tuple(words):
            for word in words:
                yield f"without {word!r}", replace(parameter, value=_but(words, word))
        case str(word):
            for other_word in vocabulary.words(parameter.type.of):
                if other_word != word:
                    yield f"{other_word!r} for {word!r}", replace(parameter, value=other_word)


def _scopes(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The scope without one of its members, or open to all."""
    for name in ("roles", "classes", "assets", "transactions"):
        words: tuple[str, ...] = getattr(rule.scope, name)
        narrower = [(f"without {word}", _but(words, word)) for word in words]
        wider = [("for all", ())] if words and name != "roles" else []
        for change, members in [*(narrower if len(words) > 1 else []), *wider]:
            changed: dict[str, Any] = {name: members}
            yield f"{name}: {change}", replace(rule, scope=replace(rule.scope, **changed))


def _but(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    return tuple(one for one in words if one != word)
