"""Hold rules against their own cases: the test vectors that every rule carries.

A case says facts; what it does not say is as the rule's scope wants it, so that the rule applies
and only its condition is asked: the party is attached to the rule's jurisdiction, licensed as the
first class of the scope, and both days are the first in force. A rule with two sides must answer
the same from each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from clearhouse.core.money import AMOUNT_FORM
from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.facts import SIDES, Reads, side
from clearhouse.core.rulebook.judging import Judge
from clearhouse.core.rulebook.mandatory import CORE
from clearhouse.core.rulebook.matters import DTYPES, Matters
from clearhouse.core.rulebook.place import Place
from clearhouse.core.rulebook.rule import Facts, Role, Rule
from clearhouse.core.rulebook.vocabulary import (
    CURRENCIES,
    EPOCH,
    NOWHERE,
    PARTIES,
    QUANTITIES,
    Sort,
    Vocabulary,
)
from clearhouse.engines.formula import Column


class Expected(StrEnum):
    """What a case says of its rule."""

    FIRES = "fires"
    SILENT = "silent"
    UNKNOWN = "unknown"


NOT_KNOWN = "?"  # what a case says of a fact that is not known


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a rule."""

    expected: Expected
    number: int  # among those that expect the same, from 0
    facts: Facts


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that a rule answers in another way than it says."""

    case: Case
    found: Expected
    role: Role


def cases(rule: Rule) -> list[Case]:
    """All cases of a rule, whole: what is given with each one's own facts over it."""
    said = rule.vectors
    each = (
        (Expected.FIRES, said.fires),
        (Expected.SILENT, said.silent),
        (Expected.UNKNOWN, said.unknown),
    )
    return [
        Case(expected, number, {**said.given, **facts})
        for expected, several in each
        for number, facts in enumerate(several)
    ]


@dataclass(frozen=True)
class Bench:
    """A rule's cases as payments, to which the rule and its mutants can be put."""

    cases: Sequence[Case]
    matters: Mapping[Role, Matters]  # by the side the rule looks from
    vocabulary: Vocabulary

    def failures(self, rule: Rule) -> list[Failure]:
        """The cases that `rule` answers in another way than they say."""
        judge = Judge([rule], self.vocabulary)
        found = []
        for role, matters in self.matters.items():
            judged = judge.judge(matters)
            answers = {
                pattern: _answer(
                    [
                        one.certain
                        for one in judged.came(pattern)
                        if one.what is rule and one.role is role
                    ]
                )
                for pattern in np.unique(judged.patterns).tolist()
            }
            found += [
                Failure(case, answers[pattern], role)
                for case, pattern in zip(self.cases, judged.patterns.tolist(), strict=True)
                if answers[pattern] is not case.expected
            ]
        return found


def _answer(came: Sequence[bool]) -> Expected:
    """On either of the two days: a case says one day, or is about both."""
    if any(came):
        return Expected.FIRES
    return Expected.UNKNOWN if came else Expected.SILENT


def bench(rule: Rule, vocabulary: Vocabulary) -> Bench:
    """Lay out a rule's cases.

    Raises:
        ValueError: A case says what no rule could read.
    """
    each = cases(rule)
    return Bench(
        each,
        {
            role: _matters(rule, role, [one.facts for one in each], vocabulary)
            for role in rule.scope.roles
        },
        vocabulary,
    )


def _matters(rule: Rule, role: Role, each: Sequence[Facts], vocabulary: Vocabulary) -> Matters:
    reads = Reads(rule.scope, rule.rate, rule.window)
    rows = [{**_usual(rule, role), **_seen_from(role, facts)} for facts in each]
    names = sorted({name for row in rows for name in row})
    columns = {}
    for name in names:
        fact = reads.term(name)
        values = [
            None
            if (said := row.get(name, NOT_KNOWN)) == NOT_KNOWN
            else _value(name, said, fact, vocabulary)
            for row in rows
        ]
        missing = np.array([value is None for value in values])
        if missing.any() and not fact.optional:
            raise ValueError(f"{name} is always known")
        filled = np.array(
            [0 if value is None else value for value in values], DTYPES[fact.type.sort]
        )
        columns[name] = Column(filled, missing if missing.any() else None)
    return Matters(len(rows), columns)


def _usual(rule: Rule, role: Role) -> dict[str, object]:
    """The facts of a payment to which the rule applies."""
    start = rule.head.effective_from.isoformat()
    home = NOWHERE if rule.head.jurisdiction == CORE else rule.head.jurisdiction
    own = side("party", role if role is not Role.TRANSACTION else Role.DEBTOR)
    facts: dict[str, object] = {
        "transaction": rule.scope.transactions[0] if rule.scope.transactions else "trade",
        "asset": rule.scope.assets[0] if rule.scope.assets else "coin",
        "invoiced_in": "EUR",
        "programmes": [],
        "traded_on": start,
        "settles_on": start,
    }
    for party in PARTIES:
        place = home if party == own else NOWHERE
        facts |= {
            f"{party}.residence": place,
            f"{party}.jurisdictions": [place],
            f"{party}.licences": list(rule.scope.classes[:1]) if party == own else [],
        }
    return facts


def _seen_from(role: Role, facts: Facts) -> dict[str, object]:
    """A case's facts by the names of the whole payment."""
    named: dict[str, object] = {}
    for name, value in facts.items():
        whose, _, what = name.partition(".")
        if name == "on":
            named |= {"traded_on": value, "settles_on": value}
        elif name == "month_day":
            raise ValueError("month_day follows from the day: say on")
        elif whose in SIDES and role is not Role.TRANSACTION:
            named[f"{side(whose, role)}.{what}"] = value
        else:
            named[name] = value
    return named


def _value(name: str, said: object, fact: Term, vocabulary: Vocabulary) -> int | bool:
    """A fact as the columns have it."""
    type = fact.type
    match type.sort, said:
        case Sort.TRUTH, bool():
            return said
        case Sort.WHOLE, int() if not isinstance(said, bool) and 0 <= said <= fact.high:
            return said
        case Sort.TEXT, str() if said in vocabulary.words(type.of):
            return vocabulary.code(type.of, said)
        case Sort.SET, list() if all(
            isinstance(word, str) and word in vocabulary.words(type.of) for word in said
        ):
            return vocabulary.mask(type.of, said)
        case Sort.DAY, str():
            return date.fromisoformat(said).toordinal() - EPOCH
        case ((Sort.AMOUNT | Sort.QUANTITY), str()):
            units = _units(name, said, {**CURRENCIES, **QUANTITIES}[type.of])
            if units > fact.high:
                raise ValueError(f"{name}: {said} is more than there can be")
            return units
        case _:
            raise ValueError(f"{name}: {said!r} is no {type}")


def _units(name: str, said: str, places: int) -> int:
    form = AMOUNT_FORM.fullmatch(said)
    if form is None or form["sign"] or len(form["part"] or "") > places or len(said) > 18:  # noqa: PLR2004 - 64 bits
        raise ValueError(f"{name}: {said!r} is no number with at most {places} decimals")
    return int(form["whole"] + (form["part"] or "").ljust(places, "0"))


def check_cases(rule: Rule, vocabulary: Vocabulary, place: Place) -> None:
    """A rule answers its own cases as they say."""
    try:
        failures = bench(rule, vocabulary).failures(rule)
    except ValueError as trouble:
        (place / "vectors").refuse(trouble)
    if failures:
        failure = failures[0]
        case = failure.case
        facts = ", ".join(f"{name} = {value}" for name, value in case.facts.items())
        (place / "vectors").refuse(
            f"its case {case.number + 1} of {case.expected} fails: it is {failure.found} for"
            f" {facts or 'the usual facts'}"
        )
