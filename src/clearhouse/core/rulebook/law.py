"""`Rulebook`: the law of every jurisdiction involved, at one version.

The version is the hash of every word of all files, whatever they are called, so a decision that
names it names exactly the law it applied.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import TypeVar

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.rulebook.admission import Admission
from clearhouse.core.rulebook.condition import WRITTEN, Term
from clearhouse.core.rulebook.judging import Judge
from clearhouse.core.rulebook.mandatory import CORE, LAW, WORDINGS
from clearhouse.core.rulebook.place import Place, RulebookMalformed
from clearhouse.core.rulebook.reading import Reader, check_form, read_jurisdiction
from clearhouse.core.rulebook.rule import (
    DUES,
    Closure,
    FixingRule,
    Head,
    Jurisdiction,
    Programme,
    Rule,
    StandardRule,
    TimetableRule,
)
from clearhouse.core.rulebook.schema import WEEKDAYS
from clearhouse.core.rulebook.source import Source, plain, read
from clearhouse.core.rulebook.timetables import Timetables, check_apart, check_given, check_same
from clearhouse.core.rulebook.vectors import check_cases
from clearhouse.core.rulebook.vocabulary import ADMISSION, STANDARDS, Vocabulary
from clearhouse.core.timetable import Timetable
from clearhouse.engines.formula import SET_MAX

ORDERLESS = frozenset({"&&", "||", "==", "!=", "+", "*"})
Sentence = Rule | StandardRule | FixingRule | TimetableRule | Programme | Closure
S = TypeVar("S", Rule, StandardRule, FixingRule, TimetableRule, Programme, Closure)


class RuleMissing(Refusal):
    """No rule in force answers a question that needs one."""

    code = "rulebook.rule-missing"
    kind = Kind.UNKNOWN


@dataclass(frozen=True)
class Rulebook:
    """The law of every jurisdiction, at one version."""

    version: str  # SHA-256 of `body`
    body: str  # the canonical form of all files' contents
    jurisdictions: Mapping[str, Jurisdiction]
    rules: tuple[Rule, ...]
    standards: tuple[StandardRule, ...]
    fixings: tuple[FixingRule, ...]
    timetables: tuple[TimetableRule, ...]
    programmes: tuple[Programme, ...]
    closures: tuple[Closure, ...]

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that its rules use."""
        ids = sorted({one.head.id for one in self.programmes})
        return _vocabulary(self.jurisdictions, ids)

    @cached_property
    def judge(self) -> Judge:
        """What judges by it."""
        return Judge(self.rules, self.vocabulary, self.programmes)

    @cached_property
    def admission(self) -> Admission:
        """What says who may take part."""
        rules = [rule for rule in self.rules if rule.subject == ADMISSION]
        return Admission(rules, self.vocabulary)

    def sentences(self) -> tuple[Sentence, ...]:
        """All that it says, of every kind."""
        return (
            *self.rules,
            *self.standards,
            *self.fixings,
            *self.timetables,
            *self.programmes,
            *self.closures,
        )

    def heads(self) -> Iterator[Head]:
        """The heads of all its sentences."""
        return (one.head for one in self.sentences())

    def spans(self) -> list[tuple[date, date | None]]:
        """From when to when each sentence is in force."""
        return [(head.effective_from, head.effective_to) for head in self.heads()]

    def on_standard(self, name: str, on: date) -> list[StandardRule]:
        """What the laws in force say on a standard."""
        return [one for one in self.standards if one.standard == name and one.head.in_force(on)]

    def standard(self, name: str, on: date) -> int:
        """The strictest bound on a standard: of all laws in force, and the core's own."""
        return STANDARDS[name].strictest(*(one.bound for one in self.on_standard(name, on)))

    def returns(self, on: date) -> list[Rule]:
        """The rules in force by which somebody files a return each month."""
        return [one for one in self.rules if one.due and one.due.form and one.head.in_force(on)]

    def fixing(self, on: date) -> FixingRule:
        """The hour of the reference rate; all laws in force name the same.

        Raises:
            RuleMissing: None names one, and the house does not guess.
        """
        for one in self.fixings:
            if one.head.in_force(on):
                return one
        raise RuleMissing(f"no rule on the fixing is in force on {on}")

    @cached_property
    def _timetables(self) -> Timetables:
        return Timetables(self.timetables, self.jurisdictions)

    def cycles(self, value_date: date) -> tuple[Timetable, ...]:
        """The timetables of the cycles of a value date: one of each kind, by kind."""
        return self._timetables.of(value_date)


def parse(files: Mapping[str, str]) -> Rulebook:
    """Read a rulebook from its files.

    Args:
        files: TOML text by file name: for each jurisdiction one file about itself, and one for
            each subject that it has law on.

    Raises:
        RulebookMalformed: Naming the file, the line and the rule.
    """
    sources = []
    for name, text in sorted(files.items()):
        try:
            sources.append(read(name, text))
        except (ValueError, RecursionError) as trouble:
            raise RulebookMalformed(f"{name}: {trouble}", file=name, line="", rule="") from trouble
    for source in sources:
        if source.content.get("jurisdiction") == CORE:
            Place(source, ("jurisdiction",)).refuse(f"{CORE} is the house's own, and not for files")
    return _assembled([*sources, read("the core", LAW)], new=True)


def restore(body: str) -> Rulebook:
    """Read a rulebook from its canonical form.

    Raises:
        RulebookMalformed: As `parse`, with the file's jurisdiction and subject for its name.
    """
    try:
        sources = [_restored(name, each) for name, each in json.loads(body).items()]
        core = [one.content for one in sources if one.content.get("jurisdiction") == CORE]
    except (ValueError, RecursionError, AttributeError, TypeError) as trouble:
        raise RulebookMalformed(f"it is no rulebook: {trouble}") from trouble
    if core not in [[read("the core", wording).content] for wording in WORDINGS]:
        raise RulebookMalformed("it lacks what no rulebook can take away, or has it otherwise")
    found = _assembled(sources)
    if found.body != body:
        raise RulebookMalformed("it is not in its canonical form")
    return found


def _restored(name: str, content: object) -> Source:
    said = plain(content)
    if not isinstance(said, dict):
        raise TypeError(f"{name} is no file")
    return Source(name, said, {})


def _assembled(sources: Sequence[Source], *, new: bool = False) -> Rulebook:
    """Put files together.

    Args:
        new: Whether what depends on the clocks of zones is checked, too. What was enacted stays
            law, and is read again, when a government has changed its clocks since.
    """
    for source in sources:
        check_form(source)
    named = _by_name(sources)
    jurisdictions = {
        one.code: one
        for one in (read_jurisdiction(each) for each in sources if "subject" not in each.content)
    }
    if not jurisdictions:
        raise RulebookMalformed("there is no jurisdiction in it")
    if len(jurisdictions) >= SET_MAX:
        raise RulebookMalformed(f"{len(jurisdictions)} jurisdictions; at most {SET_MAX - 1}")
    weekends = [one.calendar.weekend for one in jurisdictions.values()]
    if len(frozenset[int]().union(*weekends)) == len(WEEKDAYS):
        raise RulebookMalformed("no day of the week is worked in all jurisdictions")
    programmes = {str(each["id"]) for source in sources for each in _tables(source, "programme")}
    if len(programmes) > SET_MAX:
        raise RulebookMalformed(f"{len(programmes)} programmes; at most {SET_MAX}")
    assembly = _Assembly(_vocabulary(jurisdictions, programmes))
    if (count := len(assembly.vocabulary.regions)) > SET_MAX:
        raise RulebookMalformed(f"{count} regions; at most {SET_MAX}")
    for _, source in sorted(named.items()):
        if source.content["jurisdiction"] not in {*jurisdictions, CORE}:
            Place(source, ("jurisdiction",)).refuse("there is no file about this jurisdiction")
        assembly.take(source)
    assembly.check_programmes()
    assembly.check_clocks(jurisdictions if new else {})
    if len(assembly.rules) == sum(rule.head.jurisdiction == CORE for rule in assembly.rules):
        raise RulebookMalformed("there is no rule in it")
    contents = {name: source.content for name, source in named.items()}
    body = json.dumps(contents, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Rulebook(
        sha256(body.encode()).hexdigest(),
        body,
        jurisdictions,
        _ordered(assembly.rules),
        _ordered(assembly.standards),
        _ordered(assembly.fixings),
        _ordered(rule for rule, _ in assembly.timetables),
        _ordered(assembly.programmes),
        _ordered(assembly.closures),
    )


def _vocabulary(of: Mapping[str, Jurisdiction], programmes: Iterable[str]) -> Vocabulary:
    """The words that some jurisdictions' files make."""
    regions = {region for one in of.values() for region in one.regions}
    return Vocabulary(tuple(sorted(of)), tuple(sorted(programmes)), tuple(sorted(regions)))


def _tables(source: Source, kind: str) -> list[Mapping[str, object]]:
    tables = source.content.get(kind, [])
    assert isinstance(tables, list)
    return tables


def _ordered(several: Iterable[S]) -> tuple[S, ...]:
    return tuple(sorted(several, key=lambda one: (one.head.id, one.head.effective_from)))


def _by_name(sources: Sequence[Source]) -> dict[str, Source]:
    """The files by what they are about, whatever they are called."""
    named: dict[str, Source] = {}
    for source in sources:
        name = f"{source.content['jurisdiction']}/{source.content.get('subject', '')}"
        if name in named:
            Place(source).refuse(f"{named[name].name} is about the same")
        named[name] = source
    return named


@dataclass
class _Assembly:
    """Takes in file after file, and refuses what does not go together."""

    vocabulary: Vocabulary
    rules: list[Rule] = field(default_factory=list)
    standards: list[StandardRule] = field(default_factory=list)
    fixings: list[FixingRule] = field(default_factory=list)
    timetables: list[tuple[TimetableRule, Place]] = field(default_factory=list)
    programmes: list[Programme] = field(default_factory=list)
    closures: list[Closure] = field(default_factory=list)
    _heads: dict[str, list[Head]] = field(default_factory=dict)  # by id
    _said: dict[object, list[Rule]] = field(default_factory=dict)  # by what conditions say
    _places: list[Place] = field(default_factory=list)  # of the programmes

    def take(self, source: Source) -> None:
        """Read a file's sentences."""
        reader = Reader(source, self.vocabulary)
        for table, place in reader.each("rule"):
            rule = reader.rule(table, place)
            self.check_version(rule.head, place)
            self.check_contradiction(rule, place)
            check_cases(rule, self.vocabulary, place)
            self.rules.append(rule)
        for table, place in reader.each("standard"):
            standard = reader.standard(table, place)
            self.check_version(standard.head, place)
            self.check_standard(standard, place)
            self.standards.append(standard)
        for table, place in reader.each("fixing"):
            fixing = reader.fixing(table, place)
            self.check_version(fixing.head, place)
            self.check_fixing(fixing, place)
            self.fixings.append(fixing)
        for table, place in reader.each("timetable"):
            timetable = reader.timetable(table, place)
            self.check_version(timetable.head, place)
            check_same(timetable, self.timetables, place)
            self.timetables.append((timetable, place))
        for table, place in reader.each("closure"):
            self.closures.append(reader.closure(table, place))
            self.check_version(self.closures[-1].head, place)
        for table, place in reader.each("programme"):
            programme = reader.programme(table, place)
            if any(one.head.id == programme.head.id for one in self.programmes):
                place.refuse("a programme does not come again: approve another one, of its own id")
            self.check_version(programme.head, place)
            self.programmes.append(programme)
            self._places.append(place)

    def check_programmes(self) -> None:
        """A programme waives rules of its own jurisdiction that may be waived, and no others."""
        for programme, place in zip(self.programmes, self._places, strict=True):
            for id in programme.waives:
                waived = [rule for rule in self.rules if rule.id == id]
                if not waived:
                    (place / "waives").refuse(f"there is no rule {id}")
                if not all(rule.waivable for rule in waived):
                    (place / "waives").refuse(f"{id} is not waivable")
                if waived[0].subject == ADMISSION:
                    (place / "waives").refuse(f"{id} says who may take part, before any programme")
                if waived[0].head.jurisdiction != programme.head.jurisdiction:
                    (place / "waives").refuse(f"{id} is the law of another jurisdiction")

    def check_clocks(self, jurisdictions: Mapping[str, Jurisdiction]) -> None:
        """Timetables give what their cases say, and cut off no two kinds of cycles at once."""
        if jurisdictions:
            check_apart(self.timetables, jurisdictions)
            check_given(self.timetables, jurisdictions)

    def check_version(self, head: Head, place: Place) -> None:
        """Two versions of one id follow each other."""
        versions = self._heads.setdefault(head.id, [])
        for one in versions:
            if one.overlaps(head):
                ends = one.effective_to or "no day"
                place.refuse(
                    f"it overlaps its own version in force from {one.effective_from}, which"
                    f" ends on {ends}: end that one the day before this begins"
                )
        versions.append(head)

    def check_contradiction(self, rule: Rule, place: Place) -> None:
        """Two rules of one law do not give two verdicts for one condition."""
        if rule.outcome in DUES:
            return
        same = self._said.setdefault(_same(rule), [])
        for one in same:
            if (
                one.outcome is not rule.outcome
                and (one.head.jurisdiction, one.subject) == (rule.head.jurisdiction, rule.subject)
                and one.head.overlaps(rule.head)
                and one.scope.meets(rule.scope)
            ):
                place.refuse(f"it says {rule.outcome} where {one.id} says {one.outcome}")
        same.append(rule)

    def check_standard(self, rule: StandardRule, place: Place) -> None:
        """A law says one thing on a standard at a time."""
        for one in self.standards:
            if (one.standard, one.head.jurisdiction) == (
                rule.standard,
                rule.head.jurisdiction,
            ) and one.head.overlaps(rule.head):
                place.refuse(f"{one.head.id} says {one.bound} on {one.standard} at the same time")

    def check_fixing(self, rule: FixingRule, place: Place) -> None:
        """There is one hour at a time: a rate cannot be made at two."""
        for one in self.fixings:
            if one.head.overlaps(rule.head) and (one.zone, one.hour) != (rule.zone, rule.hour):
                place.refuse(f"{one.head.id} names {one.hour}:00 {one.zone} at the same time")


def _same(rule: Rule) -> object:
    """What a condition says, whatever its parameters are called and however it is ordered."""
    read = {str(term.value).partition(".")[0] for term in rule.when.parts() if term.op == "fact"}

    def said(term: Term) -> object:
        if term.op in WRITTEN:
            value = rule.parameters[str(term.value)].value if term.op == "parameter" else term.value
            return str(term.type), sorted(value) if isinstance(value, tuple) else value
        args = [said(arg) for arg in term.args]
        return term.op, term.value, sorted(args, key=repr) if term.op in ORDERLESS else args

    rate = rule.rate if read & {"amount", "window"} else None
    return repr((said(rule.when), rate, rule.window if "window" in read else None))
