"""Conditions drawn by dice: well-typed texts beside the trees that they mean, and broken ones.

A drawn condition may still be refused for one reason: that a number in it may leave 64 bits.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.facts import SIDES, Reads
from clearhouse.core.rulebook.reading import of_parameter
from clearhouse.core.rulebook.rule import Day, Parameter, Rate, Role, Scope, Window
from clearhouse.core.rulebook.vocabulary import (
    DAY,
    NOWHERE,
    OF_MATTER,
    OF_PARTY,
    PARTIES,
    TRUTH,
    WHOLE,
    Sort,
    Type,
    Vocabulary,
)

EUR, BTC, KWH = Type(Sort.AMOUNT, "EUR"), Type(Sort.AMOUNT, "BTC"), Type(Sort.QUANTITY, "kWh")
PLACES, CLASSES = Type(Sort.SET, "jurisdiction"), Type(Sort.SET, "class")
PROGRAMMES = Type(Sort.SET, "programme")

# As many as there can be, so that sets of them use every bit; some are met more often.
JURISDICTIONS = tuple(f"{one}{other}" for one in "ABCDEFGH" for other in "ABCDEFGH")[:63]
FAVOURED = ("AA", "AB", "CD", "HG", NOWHERE)
VOCABULARY = Vocabulary(
    JURISDICTIONS, ("AA.pilot", "AA.sandbox-2", "HG.pilot"), ("AA-NORTH", "AA-SOUTH-2", "HG-1")
)

# A rule about either side, which may read all that any rule may.
SCOPE = Scope((Role.DEBTOR, Role.CREDITOR))
RATE, WINDOW = Rate("fixing", Day.TRADE), Window("party", 30)
READS = Reads(SCOPE, RATE, WINDOW)

PARAMETERS: Mapping[str, Parameter] = {
    "few": Parameter(WHOLE, 3, "3 count"),
    "none": Parameter(WHOLE, 0, "0 count"),
    "share": Parameter(WHOLE, 7, "7 percent"),
    "new_year": Parameter(WHOLE, 101, "01-01"),
    "limit": Parameter(EUR, 1_000_00, "1000 EUR"),
    "sum_max": Parameter(EUR, 10**17, "1000000000000000 EUR"),
    "coin": Parameter(BTC, 10**8, "1 BTC"),
    "power_max": Parameter(KWH, 10**15, "10000000000000 kWh"),
    "since": Parameter(DAY, 20_000, "2024-10-04"),
    "place": Parameter(Type(Sort.TEXT, "jurisdiction"), "HG", "HG"),
    "kept": Parameter(Type(Sort.TEXT, "wallet"), "self-hosted", "self-hosted"),
    "places": Parameter(PLACES, ("AB", "HG", NOWHERE), "AB, HG, --"),
    "traders": Parameter(CLASSES, ("importer", "exporter"), "importer, exporter"),
    "pilots": Parameter(PROGRAMMES, ("AA.pilot", "HG.pilot"), "AA.pilot, HG.pilot"),
}


def _facts() -> dict[Type, list[str]]:
    """All that such a rule may read, by type."""
    named = {
        f"{whose}.{name}": fact for whose in (*SIDES, *PARTIES) for name, fact in OF_PARTY.items()
    }
    found: dict[Type, list[str]] = {}
    for name, fact in (*OF_MATTER.items(), *named.items()):
        found.setdefault(fact.type, []).append(name)
    found[WHOLE].append("window.count")
    found[EUR] = ["amount.EUR", "window.total.EUR"]
    found[BTC].append("amount.BTC")
    return found


FACTS: Mapping[Type, Sequence[str]] = _facts()
NUMBERS = (WHOLE, EUR, BTC, KWH)
TEXTS = tuple(type for type in FACTS if type.sort is Sort.TEXT)
SETS = tuple(type for type in FACTS if type.sort is Sort.SET)
COMPARES = ("==", "!=", "<", "<=", ">", ">=")
LEVELS = (("||",), ("&&",), ("in", *COMPARES), ("+", "-"), ("*", "/", "%"), ("!", "negate"))
BINDS = {op: binds for binds, level in enumerate(LEVELS, 1) for op in level}
ATOM = 7


def find(name: str) -> Term:
    """What a rule with these parameters reads by a name."""
    if name in PARAMETERS:
        return of_parameter(name, PARAMETERS[name])
    return READS.term(name)


@dataclass(frozen=True)
class Node:
    """What a condition means: the operators, names and constants of `Term`, and nothing else."""

    op: str
    args: tuple["Node", ...] = ()
    value: object = None


def shape(term: Term) -> Node:
    return Node(term.op, tuple(map(shape, term.args)), term.value)


@dataclass
class Drawer:
    """Draws conditions that are of one type throughout."""

    dice: Random

    def condition(self, depth: int) -> Node:
        """Something true or false, at most about `depth` operators deep."""
        if depth <= 0:
            return self.atom(TRUTH)
        joins: list[Callable[[int], Node]] = [
            lambda deep: Node("!", (self.condition(deep),)),
            lambda deep: Node("&&", (self.condition(deep), self.condition(deep))),
            lambda deep: Node("||", (self.condition(deep), self.condition(deep))),
            self.compared,
            self.compared_days,
            self.compared_texts,
            self.membership,
            self.intersection,
        ]
        return self.dice.choices(joins, (3, 4, 4, 5, 1, 2, 3, 1))[0](depth - 1)

    def compared(self, depth: int) -> Node:
        type = self.dice.choice(NUMBERS)
        sides = self.number(type, depth), self.number(type, depth)
        return Node(self.dice.choice(COMPARES), sides)

    def compared_days(self, _: int) -> Node:
        return Node(self.dice.choice(COMPARES), (self.atom(DAY), self.atom(DAY)))

    def compared_texts(self, _: int) -> Node:
        type = self.dice.choice(TEXTS)
        sides = [self.atom(type), self.text(type)]
        self.dice.shuffle(sides)
        return Node(self.dice.choice(COMPARES[:2]), tuple(sides))

    def membership(self, _: int) -> Node:
        """A text in a set; at most one of them is written out."""
        if self.dice.random() < 0.4:
            type = self.dice.choice(TEXTS)
            return Node("in", (self.atom(type), self.list(type.of)))
        among = self.dice.choice(SETS)
        return Node("in", (self.text(Type(Sort.TEXT, among.of)), self.atom(among)))

    def intersection(self, _: int) -> Node:
        type = self.dice.choice(SETS)
        fact = Node("fact", (), self.dice.choice(FACTS[type]))
        known = [name for name, each in PARAMETERS.items() if each.type == type]
        if known and self.dice.random() < 0.3:
            return Node("intersects", (fact, Node("parameter", (), self.dice.choice(known))))
        return Node("intersects", (fact, self.list(type.of)))

    def number(self, type: Type, depth: int) -> Node:
        if depth <= 0 or self.dice.random() < 0.3:
            return self.atom(type)
        left, op = self.number(type, depth - 1), self.dice.choice("+-*/%n")
        match op:
            case "n":
                return Node("negate", (left,))
            case "/" | "%":
                return Node(op, (left, self.divisor()))
            case "*":
                factors = [left, self.number(WHOLE, depth - 1)]
                self.dice.shuffle(factors)
                return Node(op, tuple(factors))
            case _:
                return Node(op, (left, self.number(type, depth - 1)))

    def divisor(self) -> Node:
        if self.dice.random() < 0.2:
            return Node("parameter", (), "share")
        return Node("constant", (), self.dice.randint(1, 9))

    def text(self, type: Type) -> Node:
        if self.dice.random() < 0.5 or type not in FACTS:
            return Node("constant", (), self.word(type.of))
        return self.atom(type)

    def list(self, of: str) -> Node:
        return Node("constant", (), tuple(self.word(of) for _ in range(self.dice.randint(1, 4))))

    def word(self, of: str) -> str:
        favoured = of == "jurisdiction" and self.dice.random() < 0.8
        return self.dice.choice(FAVOURED if favoured else tuple(VOCABULARY.words(of)))

    def atom(self, type: Type) -> Node:
        facts = [Node("fact", (), name) for name in FACTS[type]]
        known = [name for name, each in PARAMETERS.items() if each.type == type]
        others = [Node("parameter", (), name) for name in known]
        if type == WHOLE:
            others += [Node("constant", (), self.dice.choice((0, 1, 2, 3, 7, 100, 1231)))]
        if type == TRUTH:
            others += [Node("constant", (), True), Node("constant", (), False)]
        return self.dice.choice(others if others and self.dice.random() < 0.3 else facts)


@dataclass
class Writer:
    """Writes a tree down, with the parentheses it needs, and some more, and any spaces."""

    dice: Random
    further: float = 0.1  # how often there are parentheses without need

    def write(self, node: Node, binding: int = 0) -> str:
        binds = BINDS.get(node.op, ATOM)
        text = self.plain(node, binds)
        if binds < binding or self.dice.random() < self.further:
            return f"({self.space()}{text}{self.space()})"
        return text

    def plain(self, node: Node, binds: int) -> str:
        match node:
            case Node("fact" | "parameter", (), name):
                return str(name)
            case Node("constant", (), value):
                return self.constant(value)
            case Node("intersects", (left, right)):
                return f"sets.intersects({left.value}, {self.write(right)})"
            case Node("!" | "negate", (inner,)):
                sign = "-" if node.op == "negate" else "!"
                return f"{sign}{self.space()}{self.write(inner, binds)}"
            case Node(sign, (left, right)):
                # A comparison is no side of another without parentheses.
                lower = binds + (binds == BINDS["in"])
                space = self.space() or " " if sign == "in" else self.space()
                left_text, right_text = self.write(left, lower), self.write(right, binds + 1)
                return f"{left_text}{space}{sign}{space}{right_text}"
            case _:
                raise AssertionError(node)

    def constant(self, value: object) -> str:
        match value:
            case bool():
                return str(value).lower()
            case tuple():
                texts = f"{self.space()},{self.space()}".join(f'"{each}"' for each in value)
                return f"[{texts}]"
            case str():
                return f'"{value}"'
            case _:
                return str(value)

    def space(self) -> str:
        return self.dice.choice(("", " ", " ", " ", "\n", "\t ", "\r\n"))


WORD = re.compile(r'"[^"]*"|[A-Za-z_][\w.]*|[0-9]+|&&|\|\||[<>=!]=|\S')
STRAY = (
    *"()[]!-+*/%<>,",
    *COMPARES,
    *("&&", "||", "in", "true", "false", "sets.intersects", "0", "1", "9223372036854775807"),
    *('"AA"', '"miner"', '["AA", "HG"]', "few", "none", "limit", "places", "place", "nobody"),
    *("amount.EUR", "amount.BTC", "party.mined", "on", "party.wallet", "party.licences"),
)


def broken(dice: Random, text: str) -> str:
    """A text with a few words left out, said twice, turned round or put in."""
    words = WORD.findall(text)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(words) + 1)
        match dice.randrange(5):
            case 0:
                words[at : at + 1] = []
            case 1:
                words[at:at] = words[at : at + 2]
            case 2:
                words[at : at + 2] = words[at : at + 2][::-1]
            case 3:
                words[at : at + 1] = [dice.choice(STRAY)]
            case _:
                words[at:at] = [dice.choice(STRAY)]
    return " ".join(words)


def drawn(dice: Random, depth: int = 4) -> tuple[str, Node]:
    """A condition and what it means."""
    node = Drawer(dice).condition(dice.randint(0, depth))
    return Writer(dice).write(node), node
