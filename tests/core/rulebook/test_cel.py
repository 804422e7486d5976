"""Conditions mean what CEL says that they mean: Google's own evaluates them beside ours.

A rule is made of every condition, and a batch of payments is judged by all of them at once, from
both sides and on both days. CEL reads the same text and is told the same facts; a fact that is not
known is left out. Where that matters it ends in an error, which && and || absorb as Kleene's logic
absorbs what is unknown: so ours is unknown if and only if CEL's is an error.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from random import Random

import numpy as np
import pytest
from cel_expr_python import cel
from tests.conditions import (
    BTC,
    COMPARES,
    EUR,
    FACTS,
    FAVOURED,
    JURISDICTIONS,
    PARAMETERS,
    RATE,
    SCOPE,
    VOCABULARY,
    WINDOW,
    broken,
    drawn,
    find,
)

from clearhouse.core.money import UNITS_MAX
from clearhouse.core.rulebook.condition import ConditionError, Term, read
from clearhouse.core.rulebook.facts import COUNT_MAX
from clearhouse.core.rulebook.judging import Judge
from clearhouse.core.rulebook.matters import DTYPES, Matters
from clearhouse.core.rulebook.rule import Day, Head, Outcome, Role, Rule, Vectors
from clearhouse.core.rulebook.vocabulary import (
    EPOCH,
    OF_MATTER,
    OF_PARTY,
    PARTIES,
    TOTAL_MAX,
    WHOLE,
    Fact,
    Sort,
)
from clearhouse.engines.formula import Column

HOME = JURISDICTIONS[0]
START = date(2000, 1, 1)
# What a fact is called once both sides and both days are told apart, and what it may be.
KNOWN: Mapping[str, Fact] = {
    **{name: fact for name, fact in OF_MATTER.items() if name not in {"on", "month_day"}},
    **{f"{party}.{name}": fact for party in PARTIES for name, fact in OF_PARTY.items()},
    "amount.EUR": Fact(EUR, "", 0, UNITS_MAX, optional=True),
    "amount.BTC": Fact(BTC, "", 0, UNITS_MAX, optional=True),
    "window.count": Fact(WHOLE, "", 0, COUNT_MAX, optional=True),
    "window.total.EUR": Fact(EUR, "", 0, TOTAL_MAX, optional=True),
}
NEAR = (0, 1, 2, 3, 6, 7, 8, 100, 101, 1231, 1_000_00, 10**8, 2 * 10**8)  # to what is compared
TYPES = {Sort.TRUTH: cel.Type.BOOL, Sort.TEXT: cel.Type.STRING}
TYPES[Sort.SET] = cel.Type.List(cel.Type.STRING)
CEL = cel.NewEnv(
    variables={
        **{
            name: TYPES.get(type.sort, cel.Type.INT)
            for type, each in FACTS.items()
            for name in each
        },
        **{name: TYPES.get(each.type.sort, cel.Type.INT) for name, each in PARAMETERS.items()},
    }
)
SIGNS = {*("||", "&&", "!", "in", "intersects"), *COMPARES, *("+", "-", "*", "/", "%", "negate")}
INTERSECTS = re.compile(r"sets\.intersects\s*\(([^,]*),([^)]*)\)")
Answer = bool | None  # None is not known
Answers = dict[tuple[str, Role, Day, int], Answer]  # by condition, side, day and row


def for_cel(text: str) -> str:
    """The text, with what CEL's library here does not have said by what it has."""
    return INTERSECTS.sub(r"(\1).exists(word, word in \2)", text)


def days() -> list[date]:
    """Some that are near each other, and near the parameters."""
    since = date.fromordinal(20_000 + EPOCH)
    return [START, date(2024, 1, 1), date(2024, 12, 31)] + [
        since + timedelta(days=near) for near in (-1, 0, 1)
    ]


@dataclass
class Payments:
    """Payments drawn by dice: as columns for us, and as plain facts for CEL."""

    dice: Random
    rows: int

    def draw(self) -> list[dict[str, object]]:
        """Facts by name, and by name@day where they change; what is not known is left out."""
        missing = {name: self.dice.choice((0, 0.2, 0.5, 1)) for name in KNOWN}
        return [
            {
                called: self.value(fact)
                for name, fact in KNOWN.items()
                for called in ([f"{name}@{day}" for day in Day] if fact.daily else [name])
                if not (fact.optional and self.dice.random() < missing[name])
            }
            for _ in range(self.rows)
        ]

    def value(self, fact: Fact) -> object:
        words = tuple(VOCABULARY.words(fact.type.of))
        if fact.type.of == "jurisdiction":
            words = self.dice.choice((FAVOURED, words))
        match fact.type.sort:
            case Sort.TRUTH:
                return self.dice.random() < 0.5
            case Sort.DAY:
                return self.dice.choice(days()).toordinal() - EPOCH
            case Sort.TEXT:
                return self.dice.choice(words)
            case Sort.SET:
                always = {HOME} if fact.type.of == "jurisdiction" else set()
                some = self.dice.sample(words, self.dice.randint(0, min(3, len(words))))
                return sorted(always.union(some))
            case _:
                within = [fact.low, fact.high, self.dice.randint(fact.low, fact.high), *NEAR]
                number = self.dice.choice(within)
                return min(max(number, fact.low), fact.high)


def columns(rows: Sequence[Mapping[str, object]]) -> Matters:
    """Payments as the judge takes them; what is known of none has no column."""
    known = {}
    for name in sorted({name for row in rows for name in row}):
        type = KNOWN[name.partition("@")[0]].type

        def code(value: object, of: str = type.of) -> object:
            match value:
                case str():
                    return VOCABULARY.code(of, value)
                case list():
                    return VOCABULARY.mask(of, value)
                case _:
                    return value

        missing = np.array([name not in row for row in rows])
        values = np.array([code(row.get(name, 0)) for row in rows], DTYPES[type.sort])
        known[name] = Column(values, missing if missing.any() else None)
    return Matters(len(rows), known)


def seen(row: Mapping[str, object], role: Role, day: Day) -> dict[str, object]:
    """A payment's facts by the names that a rule has for them, from one side on one day."""
    facts = {
        name.partition("@")[0]: value
        for name, value in row.items()
        if name.partition("@")[2] in {"", day}
    }
    sides = ("debtor", "creditor") if role is Role.DEBTOR else ("creditor", "debtor")
    for whose, party in zip(("party", "other"), sides, strict=True):
        facts |= {
            f"{whose}.{name}": facts[f"{party}.{name}"]
            for name in OF_PARTY
            if f"{party}.{name}" in facts
        }
    on = facts["traded_on" if day is Day.TRADE else "settles_on"]
    assert isinstance(on, int)
    when = date.fromordinal(on + EPOCH)
    return facts | {"on": on, "month_day": when.month * 100 + when.day}


def rule(id: str, text: str, when: Term) -> Rule:
    """A rule that applies to every payment drawn, from either side."""
    return Rule(
        head=Head(id, HOME, "a test", START, None),
        subject="caps",
        says="",
        source="S",
        scope=SCOPE,
        outcome=Outcome.REPORT,
        text=text,
        when=when,
        parameters=PARAMETERS,
        rate=RATE,
        window=WINDOW,
        transition=None,
        deadline=None,
        due=None,
        waivable=False,
        vectors=Vectors({}, (), (), ()),
    )


def ours(conditions: Mapping[str, Term], rows: Sequence[Mapping[str, object]]) -> Answers:
    """What the judge says, all conditions at once."""
    rules = [
        rule(f"{HOME}.{number}", text, when)
        for number, (text, when) in enumerate(conditions.items())
    ]
    judged = Judge(rules, VOCABULARY).judge(columns(rows))
    each = product(conditions, SCOPE.roles, Day, range(len(rows)))
    found: Answers = dict.fromkeys(each, False)
    for row, pattern in enumerate(judged.patterns.tolist()):
        for came in judged.came(pattern):
            if isinstance(came.what, Rule):
                for day in came.days:
                    found[came.what.text, came.role, day, row] = True if came.certain else None
    return found


def theirs(conditions: Mapping[str, Term], rows: Sequence[Mapping[str, object]]) -> Answers:
    """What CEL says."""
    given = {
        (role, day, row): CEL.Activation({**parameters(), **seen(facts, role, day)})
        for (row, facts), role, day in product(enumerate(rows), SCOPE.roles, Day)
    }
    found: Answers = {}
    for text in conditions:
        compiled = CEL.compile(for_cel(text))
        assert compiled.return_type() == cel.Type.BOOL
        for (role, day, row), activation in given.items():
            found[text, role, day, row] = answer(compiled.eval(activation))
    return found


def parameters() -> dict[str, object]:
    """Parameters as CEL has them: a set is a list."""
    return {
        name: list(each.value) if isinstance(each.value, tuple) else each.value
        for name, each in PARAMETERS.items()
    }


def answer(value: cel.Value) -> Answer:
    """An answer of CEL's; the only error there may be is that a fact is not known."""
    if value.type() == cel.Type.ERROR:
        assert "No value with name" in str(value.value())
        return None
    plain = value.value()
    assert isinstance(plain, bool)
    return plain


def readable(texts: Iterator[str], count: int) -> dict[str, Term]:
    """The first of some texts that are conditions."""
    found: dict[str, Term] = {}
    for text in texts:
        if len(found) == count:
            break
        try:
            found[text] = read(text, find, VOCABULARY)
        except ConditionError:
            continue
    return found


def differences(conditions: Mapping[str, Term], rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Where the two do not say the same."""
    one, other = ours(conditions, rows), theirs(conditions, rows)
    assert one.keys() == other.keys()
    return [
        f"{text!r}, {role} on {day}: we say {one[text, role, day, row]}, CEL says {said};"
        f" {seen(rows[row], role, day)}"
        for (text, role, day, row), said in other.items()
        if one[text, role, day, row] is not said
    ]


def conditions_and_payments(seed: int) -> tuple[dict[str, Term], list[dict[str, object]]]:
    dice = Random(seed)
    texts = (drawn(dice, 5)[0] for _ in iter(int, 1))
    return readable(texts, 60), Payments(dice, 30).draw()


@pytest.mark.parametrize("seed", range(12))
def test_a_condition_says_of_every_payment_what_cel_says(seed: int) -> None:
    conditions, rows = conditions_and_payments(seed)
    assert differences(conditions, rows) == []


@pytest.mark.parametrize("seed", range(100, 104))
def test_whatever_else_we_read_cel_reads_as_well_and_says_the_same(seed: int) -> None:
    """Of texts that were well-typed until some words were lost, and that we read all the same."""
    dice = Random(seed)
    texts = (broken(dice, drawn(dice)[0]) for _ in iter(int, 1))
    conditions = readable(texts, 60)
    assert differences(conditions, Payments(dice, 20).draw()) == []


def test_the_comparison_with_cel_is_hard_enough() -> None:
    ops: Counter[str] = Counter()
    answers: Counter[Answer] = Counter()
    facts: set[object] = set()
    mixed = absorbed = by_day = by_side = longest = 0
    for seed in range(12):
        conditions, rows = conditions_and_payments(seed)
        each = [*product(SCOPE.roles, Day, range(len(rows)))]
        known = {(role, day, row): seen(rows[row], role, day).keys() for role, day, row in each}
        found = ours(conditions, rows)
        answers.update(found.values())
        for text, term in conditions.items():
            parts = list(term.parts())
            reads = {str(part.value) for part in parts if part.op == "fact"}
            facts |= reads
            ops.update({part.op for part in parts})
            longest = max(longest, len(text))
            mixed += len({found[text, *place] for place in each}) == 3
            for role, day, row in each:
                said = found[text, role, day, row]
                absorbed += said is not None and not reads <= known[role, day, row]
                by_day += said is not found[text, role, Day.TRADE, row]
                by_side += said is not found[text, Role.DEBTOR, day, row]

    assert ops.keys() == {*SIGNS, "fact", "parameter", "constant"}
    assert min(ops.values()) > 30  # conditions that each is in
    assert facts == {name for each in FACTS.values() for name in each}
    assert min(answers[each] for each in (False, True, None)) > 15_000
    assert mixed > 150  # conditions of which all three are said
    assert absorbed > 5_000  # answers known though a fact that is read is not
    assert by_day > 1_000  # answers that are another on another day
    assert by_side > 3_000  # or from another side
    assert longest > 250


CORNERS = [
    "true",
    "false",
    "!false",
    "1 < 2",
    "-7 / 2 == -3 && -7 % 2 == -1 && 7 / 2 == 3 && 7 % 2 == 1",
    "9 - 3 - 2 == 4 && 2 + 3 * 4 == 14 && 100 / 7 * 7 == 98 && 7 * 100 / 7 == 100",
    "-2 * 3 == -6 && 1--1 == 2 && --1 == 1 && -few % 2 == -1",
    "(-9223372036854775807 - 1) / 7 == -1317624576693539401",
    "(-9223372036854775807 - 1) % 7 == -1",
    "9223372036854775807 % 10 == 7",
    "007 == 7 && 0 == 000",
    "true || false && false",
    "(true || false) && false",
    "window.count - 1000000000000 <= 0",
    "(window.count - 3) / 2 * 2 + (window.count - 3) % 2 == window.count - 3",
    "(month_day - 1231) / 100 > -few && (month_day - 1231) % 100 < 0",
    "window.count / share > few && window.count % (007) < share",
    "amount.EUR - amount.EUR == limit - limit",
    "window.count * 0 == 0",
    "window.count == window.count || true",
    "window.count != window.count && false",
    "party.tested || !party.tested",
    "party.tested && !party.tested",
    "!(party.tested && contract_registered) || !(other.tested || contract_registered)",
    "window.total.EUR * 2 - sum_max * 80 < limit - limit",
    "on == traded_on || on == settles_on",
    "on == traded_on && on != settles_on",
    "new_year <= month_day && month_day < 1231",
    'party.residence in ["HG", "HG", "--"] || other.residence in places',
    '"HG" in party.jurisdictions && !("HG" in other.jurisdictions)',
    "party.residence in other.jurisdictions",
    "place in party.jurisdictions && place in places",
    '"AB" in places && !("AC" in places)',
    'place in ["HG"] && !(place in ["HA"])',
    'place == "HG" && "HF" != place && kept == kept',
    'party.wallet == kept || "hosted" == party.wallet',
    'delivered_in == "--" || delivered_in != place',
    "party.residence == other.residence",
    "debtor.residence == party.residence || creditor.residence == party.residence",
    'sets.intersects(party.jurisdictions, ["HG", "CD"])',
    "!sets.intersects(other.licences, traders) || sets.intersects(debtor.licences, traders)",
    "!sets.intersects( ( debtor.jurisdictions ) ,places )",
    " && ".join(["true"] * 128),
    " || ".join(["party.tested"] * 64 + ["!party.tested"] * 42),
    "(" * 31 + "party.tested" + ")" * 31,
    "!" * 31 + "party.tested",
    "-" * 30 + "1 > 0",
]


@pytest.mark.parametrize("seed", range(3))
def test_corners_of_the_language_are_as_in_cel(seed: int) -> None:
    conditions = {text: read(text, find, VOCABULARY) for text in CORNERS}
    assert differences(conditions, Payments(Random(seed), 40).draw()) == []


@pytest.mark.parametrize(
    "text",
    [
        "+".join(["1"] * 127) + "== 127",
        "-".join(["window.count"] * 127) + "< 0",
        " || ".join(["!(amount.EUR * 2 < limit)"] * 36),
        'sets.intersects(["AA"], places)',
        'sets.intersects(places, ["AA"])',
        "sets.intersects(places, places)",
        '"AA" in ["AA"]',
        '"AA" == "AA"',
    ],
    ids=lambda text: text[:32],
)
def test_whatever_is_read_can_be_judged(text: str) -> None:
    try:
        term = read(text, find, VOCABULARY)
    except ConditionError:
        return
    assert ours({text: term}, Payments(Random(0), 3).draw())
