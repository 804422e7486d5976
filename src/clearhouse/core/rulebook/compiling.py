"""Compile rules to array steps: where each comes, what nothing opens, and the verdict over all.

Every rule becomes one instance for each side that it looks from and each of the two days on which
the law is looked at. For a batch that few jurisdictions are attached to, on few days, the program
has only what can come.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product

from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.facts import Key, Reads
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.rulebook.rule import Day, Outcome, Parameter, Programme, Role, Rule
from clearhouse.core.rulebook.vocabulary import (
    ADMISSION,
    CORRIDOR,
    EPOCH,
    NOWHERE,
    PARTIES,
    Sort,
    Vocabulary,
)
from clearhouse.engines.formula import Plan, Program, plan

SIGNS = {"&&": "and", "||": "or", "!": "not"}


@dataclass(frozen=True, slots=True)
class Instance:
    """A rule as it looks from one side on one day, and the step that tells where it comes."""

    rule: Rule
    role: Role
    day: Day
    comes: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Where no ALLOW of a jurisdiction comes, on a subject that needs one."""

    jurisdiction: str
    subject: str
    role: Role
    day: Day
    comes: int = field(compare=False)  # of its own program alone


@dataclass(frozen=True)
class Compiled:
    """The program for a range of days and of attached jurisdictions."""

    plan: Plan
    keys: tuple[Key, ...]
    of: tuple[Instance | Gap, ...]  # parallel to what the plan wants after the verdict's two


@dataclass
class Compiler:
    """Makes the program for payments attached to some jurisdictions, on some days."""

    vocabulary: Vocabulary
    programmes: Sequence[Programme]
    masks: Sequence[int]  # of all jurisdictions attached to the debtors, and to the creditors
    kinds: Mapping[str, int]  # the assets and the transactions that there are, as masks
    spans: Sequence[int]  # first and last trade date, first and last settlement date
    program: Program = field(default_factory=Program)
    keys: dict[str, Key] = field(default_factory=dict)

    def compiled(self, rules: Sequence[Rule]) -> Compiled:
        """Compile rules, what they lack, and the verdict over all."""
        instances = [
            Instance(rule, role, day, self.comes(rule, role, day))
            for rule in rules
            for role, day in product(rule.scope.roles, Day)
            if self.can_attach(rule.head.jurisdiction, role)
            and self.can_hold(rule, day)
            and self.can_concern(rule)
        ]
        gaps = list(self.gaps(instances))
        deny = [one.comes for one in instances if one.rule.outcome is Outcome.DENY]
        hold = [one.comes for one in instances if one.rule.outcome is Outcome.HOLD]
        nowhere = self.nowhere()
        denied = self.program.any([*deny, *(gap.comes for gap in gaps), nowhere.comes])
        of: tuple[Instance | Gap, ...] = (*instances, *gaps, nowhere)
        wanted = [denied, self.program.any(hold), *(one.comes for one in of)]
        made = plan(self.program, wanted)
        return Compiled(made, tuple(self.keys[name] for name in sorted(made.columns.values())), of)

    def column(self, key: Key) -> int:
        """The step that reads a column."""
        self.keys[str(key)] = key
        return self.program.column(str(key))

    def can_attach(self, jurisdiction: str, role: Role) -> bool:
        """Whether a jurisdiction is attached to that side of any payment."""
        if jurisdiction == CORE:
            return True
        bit = self.vocabulary.mask("jurisdiction", [jurisdiction])
        match role:
            case Role.DEBTOR:
                return bool(bit & self.masks[0])
            case Role.CREDITOR:
                return bool(bit & self.masks[1])
            case Role.TRANSACTION:
                return bool(bit & (self.masks[0] | self.masks[1]))

    def span(self, day: Day) -> tuple[int, int]:
        """The first and the last of the days looked at."""
        first, last = self.spans[:2] if day is Day.TRADE else self.spans[2:]
        return first, last

    def can_hold(self, rule: Rule, day: Day) -> bool:
        """Whether a rule is in force on any of the days that decide whether it is."""
        first, last = self.span(rule.transition.on if rule.transition else day)
        start, end = _in_force(rule)
        return start <= last and (end is None or first <= end)

    def can_concern(self, rule: Rule) -> bool:
        """Whether any payment is of a rule's assets and transactions."""
        words = {"asset": rule.scope.assets, "transaction": rule.scope.transactions}
        return all(
            not each or self.vocabulary.mask(kind, each) & self.kinds[kind]
            for kind, each in words.items()
        )

    def comes(self, rule: Rule, role: Role, day: Day) -> int:
        """The step that tells where a rule comes."""
        applies = [self.attached(rule.head.jurisdiction, role, rule.subject)]
        applies += self.in_force(rule, rule.transition.on if rule.transition else day)
        scope = rule.scope
        if scope.classes:
            mask = self.vocabulary.mask("class", scope.classes)
            held = self.column(Key(f"{role}.licences", day))
            applies.append(self.program.apply("meets", held, value=mask))
        for fact, words in (("asset", scope.assets), ("transaction", scope.transactions)):
            if words:
                mask = self.vocabulary.mask(fact, words)
                read = self.column(Key(fact))
                applies.append(self.program.apply("within", read, value=mask))
        if waivers := [one.head.id for one in self.programmes if rule.id in one.waives]:
            under = self.column(Key("programmes", day))
            mask = self.vocabulary.mask("programme", waivers)
            waived = self.program.apply("meets", under, value=mask)
            applies.append(self.program.apply("not", waived))
        reads = Reads(scope, rule.rate, rule.window)
        lower = _Lower(self, reads, rule.parameters, role, day)
        return self.program.every([*applies, lower.step(rule.when)])

    def attached(self, jurisdiction: str, role: Role, subject: str) -> int:
        """The step that tells where a jurisdiction's law on a subject binds that side."""
        if jurisdiction == CORE:  # to everything
            return self.program.constant(value=True)
        if subject == ADMISSION and role is not Role.TRANSACTION:
            return self.resides(jurisdiction, role)
        whose = "jurisdictions" if role is Role.TRANSACTION else f"{role}.jurisdictions"
        mask = self.vocabulary.mask("jurisdiction", [jurisdiction])
        return self.program.apply("meets", self.column(Key(whose)), value=mask)

    def resides(self, jurisdiction: str, role: Role) -> int:
        """The step that tells where that side resides in a jurisdiction."""
        mask = self.vocabulary.mask("jurisdiction", [jurisdiction])
        return self.program.apply("within", self.column(Key(f"{role}.residence")), value=mask)

    def in_force(self, rule: Rule, day: Day) -> Iterator[int]:
        """The steps that tell on which of the days a rule is in force; none if on all."""
        first, last = self.span(day)
        start, end = _in_force(rule)
        column = self.column(Key("traded_on" if day is Day.TRADE else "settles_on"))
        if start > first:
            yield self.program.apply(">=", column, self.program.constant(start))
        if end is not None and end < last:
            yield self.program.apply("<=", column, self.program.constant(end))

    def gaps(self, instances: Sequence[Instance]) -> Iterator[Gap]:
        """What is closed because no law opens it."""
        for jurisdiction in self.vocabulary.jurisdictions:
            for day in Day:
                if self.can_attach(jurisdiction, Role.TRANSACTION):
                    yield self.gap(jurisdiction, CORRIDOR, Role.TRANSACTION, day, instances)
                for role in (Role.DEBTOR, Role.CREDITOR):
                    if self.can_attach(jurisdiction, role):
                        yield self.gap(jurisdiction, ADMISSION, role, day, instances)

    def gap(
        self, jurisdiction: str, subject: str, role: Role, day: Day, instances: Sequence[Instance]
    ) -> Gap:
        """Where nothing of a jurisdiction opens a subject."""
        opens = [
            one.comes
            for one in instances
            if one.rule.outcome is Outcome.ALLOW
            and (one.rule.head.jurisdiction, one.rule.subject) == (jurisdiction, subject)
            and (one.role, one.day) == (role, day)
        ]
        closed = self.program.apply("not", self.program.any(opens))
        bound = self.attached(jurisdiction, role, subject)
        return Gap(jurisdiction, subject, role, day, self.program.every([bound, closed]))

    def nowhere(self) -> Gap:
        """Where a side is attached to a place without law, or to none, nobody allowed anything."""
        lawful = self.vocabulary.mask("jurisdiction", self.vocabulary.jurisdictions)
        without_law = self.vocabulary.mask("jurisdiction", [NOWHERE])
        lawless = []
        for party in PARTIES:
            places = self.column(Key(f"{party}.jurisdictions"))
            known = self.program.apply("meets", places, value=lawful)
            lawless.append(self.program.apply("not", known))
            lawless.append(self.program.apply("meets", places, value=without_law))
        return Gap("", CORRIDOR, Role.TRANSACTION, Day.SETTLEMENT, self.program.any(lawless))


def _in_force(rule: Rule) -> tuple[int, int | None]:
    def number(day: date) -> int:
        return day.toordinal() - EPOCH

    end = rule.head.effective_to
    return number(rule.head.effective_from), None if end is None else number(end)


@dataclass(frozen=True)
class _Lower:
    """Turns a condition into steps, for one side and one day."""

    into: Compiler
    reads: Reads
    parameters: Mapping[str, Parameter]
    role: Role
    day: Day

    def step(self, term: Term) -> int:
        """The step that tells what a term is."""
        program = self.into.program
        match term.op:
            case "fact":
                return self.into.column(self.reads.key(str(term.value), self.role, self.day))
            case "parameter" | "constant":
                return program.constant(self.constant(term))
            case "in":
                return self.membership(*term.args)
            case "intersects":
                left, right = term.args
                return program.apply("meets", self.step(left), value=self.mask(right))
            case sign:
                op = SIGNS.get(sign, sign)
                return program.apply(op, *(self.step(arg) for arg in term.args))

    def value(self, term: Term) -> object:
        """What a parameter or a constant is."""
        return self.parameters[str(term.value)].value if term.op == "parameter" else term.value

    def constant(self, term: Term) -> int | bool:
        """What it is, as the columns have it."""
        value = self.value(term)
        if term.type.sort is Sort.TEXT:
            return self.into.vocabulary.code(term.type.of, str(value))
        assert isinstance(value, int)
        return value

    def mask(self, term: Term) -> int:
        """A set that is written down."""
        value = self.value(term)
        assert isinstance(value, tuple)
        return self.into.vocabulary.mask(term.type.of, value)

    def membership(self, text: Term, among: Term) -> int:
        """Whether a text is in a set."""
        program = self.into.program
        if among.op != "fact":
            if text.op != "fact":
                return program.constant(self.value(text) in self.value(among))  # type: ignore[operator]
            return program.apply("within", self.step(text), value=self.mask(among))
        if text.op != "fact":
            mask = 1 << self.constant(text)
            return program.apply("meets", self.step(among), value=mask)
        return program.apply("member", self.step(text), self.step(among))
