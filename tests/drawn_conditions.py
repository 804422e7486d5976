"""Conditions drawn by Hypothesis as trees of `plain_law`, and written as files have them.

There are few words, days and amounts, so that many meet, and limits are often kept exactly.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import strategies as st
from tests.laws import Content, some
from tests.plain_law import PARTIES, PLACES, Tree

from clearhouse.core.rulebook.vocabulary import CURRENCIES, NOWHERE

WORDS: Mapping[str, Sequence[str]] = {
    "jurisdiction": (*PLACES, NOWHERE),
    "class": ("importer", "exporter", "bank"),
    "asset": ("coin", "asset-token", "anonymous-token"),
    "transaction": ("trade", "transfer", "mining"),
    "wallet": ("hosted", "self-hosted"),
    "power": ("grid", "surplus", "own"),
    "origin": ("mined", "unexplained", "mixed"),
    "currency": tuple(CURRENCIES),
}
AMOUNTS = (0, 1, 99, 100, 1_000_00, 1_000_01, 10**9)
MONTH_DAYS = (101, 228, 302, 305)
DECIMALS = {**CURRENCIES, "kWh": 2}
COMPARES = ("==", "!=", "<", "<=", ">", ">=")
days = st.dates(date(2026, 2, 26), date(2026, 3, 6))

# Facts by name, and what each is of.
TRUTHS = ("record_complete", "wallet_proven", "tested")
PARTY_TEXTS = {"wallet": "wallet", "power": "power"}
PARTY_NUMBERS = {"energy": "kWh", "mined": "BTC"}
PARTY_SETS = {"jurisdictions": "jurisdiction", "licences": "class"}
OWN_TEXTS = {**PARTY_TEXTS, "residence": "jurisdiction"}
KNOWN_TEXTS = {"transaction": "transaction", "asset": "asset", "invoiced_in": "currency"}
TEXTS = {"delivered_in": "jurisdiction", "origin": "origin"}


def word(of: str) -> st.SearchStrategy[str]:
    return st.sampled_from(WORDS[of])


def words(of: str) -> st.SearchStrategy[list[str]]:
    return some(WORDS[of], 2)


@dataclass(frozen=True)
class Reach:
    """What a condition may read: by the names of the parties, or by party and other too."""

    whose: Sequence[str] = PARTIES
    attachments: bool = True  # which jurisdictions a party is attached to
    admission: bool = False  # only what is known before there is a payment

    def of_party(self, *names: str) -> list[str]:
        return [f"{one}.{name}" for one in self.whose for name in names]

    def truths(self) -> list[str]:
        return [] if self.admission else ["contract_registered", *self.of_party(*TRUTHS)]

    def texts(self, of: str) -> list[str]:
        own = {"residence": "jurisdiction"} if self.admission else OWN_TEXTS
        whole = {} if self.admission else {**KNOWN_TEXTS, **TEXTS}
        return [
            *(name for name, each in whole.items() if each == of),
            *self.of_party(*(name for name, each in own.items() if each == of)),
        ]

    def sets(self) -> list[tuple[str, str]]:
        return [
            (fact, of)
            for name, of in PARTY_SETS.items()
            if self.attachments or name != "jurisdictions"
            for fact in self.of_party(name)
        ]

    def numbers(self, of: str) -> list[str]:
        if of == "count":
            return ["month_day"]
        whole = [f"amount.{of}"] if of in CURRENCIES else []
        own = self.of_party(*(name for name, each in PARTY_NUMBERS.items() if each == of))
        return [] if self.admission else whole + own

    def days(self) -> list[str]:
        return ["on"] if self.admission else ["on", "traded_on", "settles_on"]


def _fact(names: Sequence[str]) -> st.SearchStrategy[Tree]:
    return st.sampled_from(names).map(lambda name: ("fact", name))


def _text(of: str) -> st.SearchStrategy[Tree]:
    return word(of).flatmap(lambda one: _said(of, one))


def _list(of: str) -> st.SearchStrategy[Tree]:
    return words(of).flatmap(lambda several: _said(of, tuple(several)))


def _said(of: str, value: object) -> st.SearchStrategy[Tree]:
    """Written out, or as a parameter; currencies are units of parameters and no words of them."""
    either: list[Tree] = [("constant", value), ("parameter", of, value)]
    return st.sampled_from(either[:1] if of == "currency" else either)


@st.composite
def truths(draw: st.DrawFn, reach: Reach) -> Tree:
    constants = st.booleans().map(lambda value: ("constant", value))
    facts = [_fact(reach.truths())] * 2 if reach.truths() else []
    return draw(st.one_of([*facts, constants]))


@st.composite
def of_texts(draw: st.DrawFn, reach: Reach) -> Tree:
    """Texts compared, or looked up in a list."""
    of = draw(st.sampled_from([of for of in WORDS if reach.texts(of)]))
    facts = _fact(reach.texts(of))
    match draw(st.sampled_from(["==", "!=", "in"])):
        case "in":
            return "in", draw(facts), draw(_list(of))
        case op:
            return op, draw(facts), draw(facts | _text(of))


@st.composite
def of_sets(draw: st.DrawFn, reach: Reach) -> Tree:
    """What is in a fact that is a set."""
    fact, of = draw(st.sampled_from(reach.sets()))
    if draw(st.booleans()):
        return "intersects", ("fact", fact), draw(_list(of))
    facts = reach.texts(of)
    return "in", draw(_text(of) | _fact(facts) if facts else _text(of)), ("fact", fact)


@st.composite
def of_numbers(draw: st.DrawFn, reach: Reach) -> Tree:
    units = [*CURRENCIES, "kWh", "count"]
    of = draw(st.sampled_from([of for of in units if reach.numbers(of)]))
    op = draw(st.sampled_from(COMPARES))
    return op, draw(numbers(reach, of)), draw(numbers(reach, of))


@st.composite
def of_days(draw: st.DrawFn, reach: Reach) -> Tree:
    facts = _fact(reach.days())
    written = days.map(lambda day: ("parameter", "day", day))
    return draw(st.sampled_from(COMPARES)), draw(facts), draw(facts | written)


@st.composite
def numbers(draw: st.DrawFn, reach: Reach, of: str) -> Tree:
    """A number of a unit."""
    unit, known = ("month-day", MONTH_DAYS) if of == "count" else (of, AMOUNTS)
    parameters = st.sampled_from(known).map(lambda units: ("parameter", unit, units))
    terms = _fact(reach.numbers(of)) | parameters
    few = st.sampled_from([("constant", 1), ("constant", 3), ("parameter", "count", 7)])
    term = draw(terms)
    match draw(st.sampled_from(["", "", "+", "-", "*", "turned", "/", "%", "negate"])):
        case "":
            return term
        case "negate":
            return "negate", term
        case "turned":
            return "*", draw(few), term
        case "*":
            return "*", term, draw(few)
        case "+" | "-" as op:
            return op, term, draw(terms)
        case op:  # of what may be below zero
            return op, ("-", term, draw(terms)), draw(few)


@st.composite
def trees(draw: st.DrawFn, reach: Reach, depth: int = 3) -> Tree:
    """A condition."""
    if depth == 0 or draw(st.integers(0, 2)) == 0:
        kinds = [truths, of_texts, of_sets, of_numbers, of_days]
        return draw(st.one_of([kind(reach) for kind in kinds]))
    op = draw(st.sampled_from(["!", "&&", "||"]))
    return op, *(draw(trees(reach, depth - 1)) for _ in range(1 if op == "!" else 2))


def grows(tree: Tree, *, more: bool = True) -> bool:
    """Whether further jurisdictions of a party only make it hold more often; or less often."""
    match tree:
        case ("!", one):
            return grows(one, more=not more)
        case ("&&" | "||", one, other):
            return grows(one, more=more) and grows(other, more=more)
        case _:
            read = [str(said[0]) for kind, *said in leaves(tree) if kind == "fact"]
            return more or not any(name.endswith(".jurisdictions") for name in read)


def leaves(tree: Tree) -> Iterator[Tree]:
    """The facts, constants and parameters of a condition."""
    if tree[0] in {"fact", "constant", "parameter"}:
        yield tree
        return
    for part in tree[1:]:
        yield from leaves(part)


def facts_of(tree: Tree) -> list[str]:
    """The facts that it reads, by the names of the whole payment: of a party's, both."""
    found = set()
    for kind, *said in leaves(tree):
        whose, _, what = str(said[0]).partition(".")
        if kind == "fact" and what and whose != "amount":
            found |= {f"{party}.{what}" for party in PARTIES}
        elif kind == "fact":
            found.add(str(said[0]))
    return sorted(found)


def parameters_of(tree: Tree) -> dict[str, Content]:
    """The parameters that it reads, as a file says them."""
    return dict(parameter(*said) for kind, *said in leaves(tree) if kind == "parameter")


def written(tree: Tree) -> str:
    """A condition as a file has it."""
    match tree:
        case ("fact", str(text)):
            pass
        case ("constant", value):
            text = _constant(value)
        case ("parameter", unit, value):
            text, _ = parameter(unit, value)
        case ("intersects", one, other):
            text = f"sets.intersects({written(one)}, {written(other)})"
        case ("!" | "negate" as op, one):
            text = f"{'!' if op == '!' else '-'}({written(one)})"
        case _:
            op, one, other = tree
            text = f"({written(one)} {op} {written(other)})"
    return text


def _constant(value: object) -> str:
    match value:
        case tuple():
            return f"[{', '.join(map(_constant, value))}]"
        case str():
            return f'"{value}"'
        case _:
            return str(value).lower()


def parameter(unit: str, value: Any) -> tuple[str, Content]:
    """A parameter's name, which says all of it, and what a file says of it."""
    said: object = value
    match value:
        case tuple():
            name, said = f"some_{unit}_{'_'.join(value)}", [*value]
        case date():
            name = f"on_{value:%Y%m%d}"
        case int() if unit == "month-day":
            name, said = f"day_{value}", f"{value // 100:02}-{value % 100:02}"
        case int():
            name, said = f"{unit}_{value}", amount(unit, value)
        case _:
            name = f"{unit}_{value}"
    return name.lower().replace("-", "_"), {"value": said, "unit": unit}


def amount(unit: str, units: int) -> str:
    """Minor units as a file has them."""
    decimals = DECIMALS.get(unit, 0)
    whole, part = divmod(units, 10**decimals)
    return f"{whole}.{part:0{decimals}}" if decimals else str(whole)
