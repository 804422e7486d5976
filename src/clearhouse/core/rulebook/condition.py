"""Conditions of rules: a strict subset of CEL, typed as it is read.

CEL (the Common Expression Language, cel.dev) is a published language with several makers, which
reads like arithmetic and cannot loop. What is taken of it:

    || && !            truths
    == != < <= > >=    of two values of one type: amounts of one currency, quantities of one unit
    in                 a text in a list or in a set
    + - * / %          whole numbers; an amount times a whole number
    sets.intersects(set, list)
    "text" ["a", "list"] 1 true false, parameters of the rule, and facts by name

Everything that could go wrong with a payment at hand is refused while the law is read: an unknown
name or word, currencies compared without a rate, a divisor that is not a constant above zero, a
result that may leave 64 bits (each term carries the least and the most it can be), a text that is
too long or nested too deep. So a condition that was read never fails, and evaluating all of it
gives what CEL's short cuts give: a test compares with another maker's CEL.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, NoReturn

from clearhouse.core.rulebook.vocabulary import TRUTH, WHOLE, Sort, Type, Vocabulary

LENGTH_MAX = 4096  # characters
TERMS_MAX = 256
DEPTH_MAX = 32
LEAST, MOST = -(2**63), 2**63 - 1

TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<whole>[0-9]{1,19}(?![0-9A-Za-z_]))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r'|(?P<text>"[^"\\\n]*")'
    r"|(?P<sign>&&|\|\||[<>=!]=|[<>!+\-*/%()\[\],])",
    re.ASCII,
)
# How tightly each operator binds, as in CEL.
BINDS = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
COMPARES, PREFIX = 3, 6
NUMBERS = frozenset({Sort.WHOLE, Sort.AMOUNT, Sort.QUANTITY})
WRITTEN = frozenset({"constant", "parameter"})
ORDERED = NUMBERS | {Sort.DAY}


class ConditionError(ValueError):
    """A condition is not one; `at` is where in its text."""

    def __init__(self, at: int, trouble: str) -> None:
        super().__init__(trouble)
        self.at = at


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a condition, its type, and the least and most that it can be."""

    op: str  # fact, parameter, constant, or an operator
    type: Type
    args: tuple["Term", ...] = ()
    value: object = None  # a constant's; a fact's or a parameter's name
    low: int = 0
    high: int = 1
    at: int = 0  # where in the text
    optional: bool = False  # a fact that may be missing

    def parts(self) -> Iterator["Term"]:
        """Itself and all that it is made of."""
        yield self
        for arg in self.args:
            yield from arg.parts()


class Token(NamedTuple):
    """A word of a condition."""

    sort: str
    text: str
    at: int


Find = Callable[[str], Term]  # the term of a name; raises ValueError if there is none
# Words that no maker's CEL takes for a name.
RESERVED = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "namespace",
        "null",
        "package",
        "return",
        "var",
        "void",
        "while",
    ]
)
UNTYPED = "?"  # the vocabulary of a text that is yet to be compared with something


def read(text: str, find: Find, vocabulary: Vocabulary) -> Term:
    """Read and type a condition.

    Args:
        find: The fact or parameter of a name.

    Raises:
        ConditionError: It is not one.
    """
    if len(text) > LENGTH_MAX:
        raise ConditionError(0, f"{len(text)} characters long; at most {LENGTH_MAX}")
    reader = _Reader(_tokens(text), find, vocabulary)
    term = reader.term(0)
    reader.expect("")
    if term.type != TRUTH:
        raise ConditionError(term.at, f"a condition is true or false, not a {term.type}")
    return term


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ConditionError(at, f"{text[at : at + 20]!r} means nothing here")
        if match.lastgroup != "space":
            found.append(Token(match.lastgroup or "", match[0], at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


@dataclass
class _Reader:
    """Reads by how tightly operators bind (Pratt), and types each term as it is made."""

    tokens: Sequence[Token]
    find: Find
    vocabulary: Vocabulary
    place: int = 0
    depth: int = 0
    made: int = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.next
        self.place += 1
        return token

    def expect(self, sign: str) -> None:
        token = self.take()
        if token.text != sign or token.sort == "text":
            wanted = repr(sign) if sign else "the end"
            self.refuse(token, f"{wanted} should stand where {token.text[:40]!r} stands")

    def refuse(self, where: Token | Term, trouble: str) -> NoReturn:
        raise ConditionError(where.at, trouble)

    def make(self, term: Term) -> Term:
        self.made += 1
        if self.made > TERMS_MAX:
            self.refuse(term, f"more than {TERMS_MAX} terms")
        if term.type.sort in NUMBERS and not LEAST <= term.low <= term.high <= MOST:
            self.refuse(term, f"may be as large as {max(-term.low, term.high)}: more than 64 bits")
        return term

    def term(self, binding: int) -> Term:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self.refuse(self.next, f"nested deeper than {DEPTH_MAX}")
        left = self.prefix(self.take())
        while self.next.sort in {"sign", "name"} and BINDS.get(self.next.text, 0) > binding:
            sign = self.take()
            binds = BINDS[sign.text]
            left = self.make(self.joined(sign, left, self.term(binds)))
            if binds == COMPARES and BINDS.get(self.next.text) == COMPARES:
                self.refuse(self.next, "comparisons do not chain: join them with &&")
        self.depth -= 1
        return left

    def prefix(self, token: Token) -> Term:
        if token.sort in {"whole", "text"} or token.text in {"true", "false"}:
            return self.make(_constant(token))
        match token:
            case Token("name", "sets.intersects"):
                return self.intersects(token)
            case Token("name", name) if name not in BINDS:
                return self.named(token)
            case Token("sign", "("):
                inner = self.term(0)
                self.expect(")")
                return inner
            case Token("sign", "["):
                return self.make(self.list(token))
            case Token("sign", "!" | "-"):
                return self.make(self.signed(token))
            case _:
                shown = f"{token.text[:40]!r} cannot stand here"
                raise ConditionError(token.at, shown if token.text else "it breaks off")

    def signed(self, sign: Token) -> Term:
        inner = self.term(PREFIX)
        if sign.text == "!":
            self.of_sort(inner, {Sort.TRUTH}, "!")
            return Term("!", TRUTH, (inner,), at=sign.at)
        self.of_sort(inner, NUMBERS, "-")
        return Term("negate", inner.type, (inner,), None, -inner.high, -inner.low, sign.at)

    def named(self, token: Token) -> Term:
        if self.next.text == "(" and self.next.sort == "sign":
            self.refuse(token, f"there is no function {token.text[:40]}; only sets.intersects")
        if token.text in RESERVED:
            self.refuse(token, f"{token.text} is a word that CEL keeps for itself")
        try:
            found = self.find(token.text)
        except ValueError as trouble:
            self.refuse(token, str(trouble))
        return self.make(replace(found, at=token.at))

    def list(self, start: Token) -> Term:
        texts = []
        while True:
            token = self.take()
            if token.sort != "text":
                self.refuse(token, "a list holds texts")
            texts.append(token.text[1:-1])
            if self.next.text != ",":
                break
            self.take()
        self.expect("]")
        return Term("constant", Type(Sort.SET, UNTYPED), value=tuple(texts), at=start.at)

    def intersects(self, name: Token) -> Term:
        self.expect("(")
        left = self.term(0)
        self.expect(",")
        right = self.term(0)
        self.expect(")")
        for side in (left, right):
            self.of_sort(side, {Sort.SET}, name.text)
        left, right = self.of_one_vocabulary(name, left, right)
        if left.op != "fact" or right.op == "fact":
            self.refuse(
                name, "the first set is a fact, the second a list, or a parameter that is one"
            )
        return self.make(Term("intersects", TRUTH, (left, right), at=name.at))

    def joined(self, sign: Token, left: Term, right: Term) -> Term:
        """Type what an operator makes of two terms."""
        if sign.text in {"&&", "||"}:
            for side in (left, right):
                self.of_sort(side, {Sort.TRUTH}, sign.text)
            return Term(sign.text, TRUTH, (left, right), at=sign.at)
        if sign.text == "in":
            self.of_sort(left, {Sort.TEXT}, "in")
            self.of_sort(right, {Sort.SET}, "in")
            return Term("in", TRUTH, self.of_one_vocabulary(sign, left, right), at=sign.at)
        if BINDS[sign.text] == COMPARES:
            return Term(sign.text, TRUTH, self.comparable(sign, left, right), at=sign.at)
        return self.counted(sign, left, right)

    def comparable(self, sign: Token, left: Term, right: Term) -> tuple[Term, Term]:
        allowed = ORDERED if sign.text not in {"==", "!="} else ORDERED | {Sort.TEXT}
        for side in (left, right):
            self.of_sort(side, allowed, sign.text)
        if left.type.sort == right.type.sort == Sort.TEXT:
            return self.of_one_vocabulary(sign, left, right)
        if left.type != right.type:
            rate = " without a rate" if left.type.sort == right.type.sort == Sort.AMOUNT else ""
            self.refuse(sign, f"{left.type} {sign.text} {right.type}: not comparable{rate}")
        return left, right

    def counted(self, sign: Token, left: Term, right: Term) -> Term:
        """Type a sum, difference, product or quotient, and find its bounds."""
        for side in (left, right):
            self.of_sort(side, NUMBERS, sign.text)
        type = left.type
        if sign.text in {"+", "-"}:
            if left.type != right.type:
                self.refuse(sign, f"{left.type} {sign.text} {right.type}: not of one kind")
        elif right.type != WHOLE:
            if sign.text != "*" or left.type != WHOLE:
                self.refuse(sign, f"{left.type} {sign.text} {right.type}: one is a whole number")
            type = right.type
        if sign.text in {"/", "%"} and not (right.op in WRITTEN and right.low == right.high > 0):
            self.refuse(right, "a divisor is a whole number above zero: no condition divides by 0")
        bounds = _bounds(sign.text, left, right)
        return Term(sign.text, type, (left, right), None, min(bounds), max(bounds), sign.at)

    def of_sort(self, term: Term, sorts: frozenset[Sort] | set[Sort], sign: str) -> Term:
        if term.type.sort not in sorts:
            self.refuse(term, f"{sign} takes a {' or a '.join(sorted(sorts))}, not a {term.type}")
        return term

    def of_one_vocabulary(self, sign: Token, left: Term, right: Term) -> tuple[Term, Term]:
        """Give texts as they are written the vocabulary of what they are compared with."""
        known = {left.type.of, right.type.of} - {UNTYPED}
        if len(known) != 1:
            said = f"{left.type} and {right.type}" if known else "two texts"
            self.refuse(sign, f"{said} have no words in common")
        (of,) = known
        words = self.vocabulary.words(of)
        for side in (left, right):
            if side.op == "constant":
                texts = side.value if isinstance(side.value, tuple) else (side.value,)
                if unknown := [text for text in texts if text not in words]:
                    self.refuse(side, f"{unknown[0][:40]!r} is no {of}: {', '.join(words)}")
        return tuple(  # type: ignore[return-value]  # two in, two out
            replace(side, type=Type(side.type.sort, of)) for side in (left, right)
        )


def _constant(token: Token) -> Term:
    """What is written out: a number, a text, a truth."""
    match token.sort:
        case "whole":
            number = int(token.text)
            return Term("constant", WHOLE, (), number, number, number, token.at)
        case "text":
            return Term("constant", Type(Sort.TEXT, UNTYPED), value=token.text[1:-1], at=token.at)
        case _:
            return Term("constant", TRUTH, value=token.text == "true", at=token.at)


def _bounds(sign: str, left: Term, right: Term) -> list[int]:
    """The corners between which the result lies."""
    if sign == "%":
        most = right.low - 1
        return [-most if left.low < 0 else 0, most]
    if sign == "-":
        return [left.low - right.high, left.high - right.low]
    made: dict[str, Callable[[int, int], int]] = {
        "+": lambda one, other: one + other,
        "*": lambda one, other: one * other,
        "/": lambda one, by: -(-one // by) if one < 0 else one // by,
    }
    return [
        made[sign](one, other) for one in (left.low, left.high) for other in (right.low, right.high)
    ]
