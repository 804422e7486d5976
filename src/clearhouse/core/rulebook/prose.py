"""Write the law for people: what each sentence says, where it stands, and what a change changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import ndiff
from itertools import groupby

from clearhouse.core.rulebook.law import Rulebook, Sentence
from clearhouse.core.rulebook.mandatory import CORE, CORE_NAME
from clearhouse.core.rulebook.rule import (
    Closure,
    FixingRule,
    Head,
    Programme,
    Rule,
    StandardRule,
    TimetableRule,
)
from clearhouse.core.rulebook.schema import WEEKDAYS
from clearhouse.core.rulebook.timetables import said as moment_said
from clearhouse.core.rulebook.vocabulary import CORRIDOR, STANDARDS, SUBJECTS
from clearhouse.core.timetable import Stage

SOURCES: Mapping[str, str] = {
    "S": "",
    "S2": " (known from another's account)",
    "R": " (recalled, not confirmed)",
}
STAGES: Mapping[Stage, str] = {
    Stage.SUBMISSION: "submission opens",
    Stage.CUT_OFF: "cut-off",
    Stage.RESCISSION: "last rescission by both sides",
    Stage.PAY_IN: "initial pay-in schedule",
    Stage.PAY_IN_REVISED: "revised pay-in schedule",
    Stage.SETTLEMENT: "settlement",
    Stage.CLOSE: "close",
}


@dataclass(frozen=True, slots=True)
class Change:
    """What differs between two versions of the law in one sentence."""

    kind: str  # added, repealed, changed
    id: str
    lines: tuple[str, ...]  # each begins with "+", "-" or a space


def text(law: Rulebook, only: str = "") -> str:
    """The law in words: by jurisdiction and subject.

    Args:
        only: The beginning of the ids that are told; all, if empty.
    """
    lines = [f"rulebook {law.version}"]
    names = {code: one.name for code, one in law.jurisdictions.items()} | {CORE: CORE_NAME}
    for code, name in sorted(names.items()):
        told = [one for one in law.sentences() if one.head.jurisdiction == code]
        told = [one for one in told if one.head.id.startswith(only)]
        if told:
            lines += ["", f"{name} ({code})"]
        for subject, group in groupby(sorted(told, key=_place), _subject):
            lines += ["", f"  {subject}"]
            for one in group:
                lines += ["", *(f"    {line}" for line in said(one))]
    return "\n".join(lines)


def _place(one: Sentence) -> tuple[int, str, object]:
    names = [*SUBJECTS.values()]
    return names.index(_subject(one)), one.head.id, one.head.effective_from


def _subject(one: Sentence) -> str:
    match one:
        case Rule():
            return SUBJECTS[one.subject]
        case Programme():
            return SUBJECTS["programmes"]
        case Closure():
            return SUBJECTS[CORRIDOR]
        case _:
            return SUBJECTS["standards"]


def said(one: Sentence) -> list[str]:
    """A sentence of law in lines."""
    match one:
        case Rule():
            return [*_rule(one)]
        case StandardRule(head, name, bound):
            standard = STANDARDS[name]
            limit = "at most" if standard.at_most else "at least"
            what = f"{limit} {bound:,} {standard.unit}: {standard.meaning}"
            return [*_headed(head, name), what, head.citation]
        case FixingRule(head, zone, hour):
            hour_said = f"the reference rate is made of the hour before {hour:02}:00 {zone}"
            return [*_headed(head, "fixing"), hour_said, head.citation]
        case TimetableRule():
            return [*_timetable(one)]
        case Programme():
            return [*_programme(one)]
        case Closure():
            return [*_closure(one)]


def _headed(head: Head, what: str) -> list[str]:
    until = f" to {head.effective_to}" if head.effective_to else ""
    return [f"{head.id}  {what}, in force from {head.effective_from}{until}"]


def _timetable(one: TimetableRule) -> Iterator[str]:
    yield from _headed(one.head, "timetable")
    yield f"the {one.cycle} cycle of each value date, by the clocks of {one.zone}:"
    for stage, moment in zip(Stage, one.moments, strict=True):
        yield f"  {STAGES[stage]}: {moment_said(moment)}"
    yield one.head.citation


def _closure(one: Closure) -> Iterator[str]:
    yield from _headed(one.head, f"{one.outcome} of places")
    yield " ".join(one.says.split())
    yield one.head.citation
    yield f"where {', '.join(one.places)} is the {_or(one.ends)} of what is shipped"


def _programme(one: Programme) -> Iterator[str]:
    yield from _headed(one.head, "programme")
    yield one.says
    yield one.head.citation
    for approval in one.approvals:
        yield f"approved by {approval.authority}, {approval.reference}, {approval.on}"
    yield f"for {_or(one.transactions)} of {', '.join(sorted(one.participants))}"
    for cap, what in ((one.cap_payment, "a payment"), (one.cap_total, "all payments together")):
        if cap and one.rate:
            yield f"{what}: at most {cap.said} ({one.rate.name} rate of the {one.rate.on} date)"
    if one.waives:
        yield f"waives {', '.join(one.waives)}"


def _rule(rule: Rule) -> Iterator[str]:
    yield from _headed(rule.head, f"{rule.outcome} on {rule.subject}")
    yield " ".join(rule.says.split())
    yield f"{rule.head.citation}{SOURCES[rule.source]}"
    yield f"applies to {_scope(rule)}"
    if rule.text != "true":
        yield f"when {' '.join(rule.text.split())}"
    for name, parameter in sorted(rule.parameters.items()):
        yield f"  {name} = {parameter.said}"
    if rule.rate:
        yield f"amounts at the {rule.rate.name} rate of the {rule.rate.on} date"
    if rule.window:
        days = rule.window.days
        yield f"linked by {rule.window.by}, over {days} day{'s' if days > 1 else ''}"
    if rule.due:
        deadline = f", {rule.deadline}" if rule.deadline else ""
        yield f"due: {rule.due.what}, to {rule.due.to}{deadline}"
        if rule.due.form:
            fee = f"; late it costs {rule.due.late_fee.said}" if rule.due.late_fee else ""
            yield f"filed here as {rule.due.form}{fee}"
    elif rule.deadline:
        yield f"to be done {rule.deadline}"
    if rule.transition:
        only = f"in force or not as of the {rule.transition.on} date alone"
        yield f"{only}: {rule.transition.citation}"
    if rule.waivable:
        yield "a programme may waive it"


def _scope(rule: Rule) -> str:
    scope = rule.scope
    whom = _or([f"the {role}" for role in scope.roles])
    classes = f" licensed as {_or(scope.classes)}" if scope.classes else ""
    deeds = f", for {_or(scope.transactions)}" if scope.transactions else ""
    assets = f", in {_or(scope.assets)}" if scope.assets else ""
    return f"{whom}{classes}{deeds}{assets}"


def _or(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def changes(old: Rulebook, new: Rulebook) -> list[Change]:
    """What a new version changes, sentence by sentence; two versions of an id are one text."""
    before, after = _texts(old), _texts(new)
    found = []
    for id in sorted(before.keys() | after.keys()):
        was, now = before.get(id, []), after.get(id, [])
        if was != now:
            kind = "changed" if was and now else "added" if now else "repealed"
            lines = (line for line in ndiff(was, now) if not line.startswith("?"))
            found.append(Change(kind, id, tuple(line.rstrip() for line in lines)))
    return found


def _texts(law: Rulebook) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {}
    for one in law.sentences():
        texts.setdefault(one.head.id, []).extend(said(one))
    for code, jurisdiction in law.jurisdictions.items():
        calendar = jurisdiction.calendar
        days = [WEEKDAYS[day] for day in sorted(calendar.weekend)]
        texts[code] = [
            f"{jurisdiction.name}, {jurisdiction.zone}, resting on {', '.join(days)}",
            *map(str, sorted(calendar.holidays)),
            *sorted(jurisdiction.regions),
        ]
    return texts
