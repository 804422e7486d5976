"""The plain law that stands beside the real one.

It reads one rule, one side and one day after the other, as the docstring of `core.rulebook.judging`
says it, and knows nothing of texts, arrays and batches: a condition is a tree, a fact is what
Python has for it, and None is what is not known.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from tests.laws import Content
from tests.payments import NO_RATES, Payment

from clearhouse.core.money import UNITS_MAX
from clearhouse.core.rulebook import Came, Outcome, Rates, Rule

# ("fact", name), ("constant", value), ("parameter", unit, value), or an operator and its trees.
Tree = tuple[Any, ...]
Known = bool | None
# What came: a rule's id and first day, or a jurisdiction and a subject that it leaves closed; the
# side, the day, and whether it is certain.
Bearing = tuple[tuple[str, object], str, str, bool]

PLACES = ("XA", "XB", "XC")
DAYS = ("trade", "settlement")
PARTIES = ("debtor", "creditor")
OTHER = {"debtor": "creditor", "creditor": "debtor"}
# Each attached law must open these.
NEEDED = (("corridor", "transaction"), ("admission", "debtor"), ("admission", "creditor"))


def _not(one: Known) -> Known:
    return None if one is None else not one


def _both(one: Known, other: Known) -> Known:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _either(one: Known, other: Known) -> Known:
    return _not(_both(_not(one), _not(other)))


def _quotient(one: int, by: int) -> int:
    """Towards zero."""
    return one // by if one >= 0 else -(-one // by)


# Kleene's logic: these may be known though a part of them is not.
LOGIC: Mapping[str, Callable[..., Known]] = {"!": _not, "&&": _both, "||": _either}
OTHERS: Mapping[str, Callable[..., Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda text, among: text in among,
    "intersects": lambda one, other: bool({*one} & {*other}),
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _quotient,
    "%": lambda one, by: one - by * _quotient(one, by),
    "negate": operator.neg,
}


@dataclass(frozen=True)
class At:
    """A payment as a rule looks at it: from one side, on one day, by one rate."""

    payment: Payment
    role: str
    day: str = "trade"
    rate: Content | None = None
    rates: Rates | None = None

    def said(self, tree: Tree) -> Any:
        """What a condition, or a part of it, is here; None if that is not known."""
        match tree:
            case ("fact", name):
                return self.fact(name)
            case ("constant", value) | ("parameter", _, value):
                return value
            case _:
                op, *parts = tree
                args = [self.said(part) for part in parts]
                if op in LOGIC:
                    return LOGIC[op](*args)
                return None if None in args else OTHERS[op](*args)

    def fact(self, name: str) -> Any:
        whose, _, what = name.partition(".")
        if whose in {"party", "other"}:
            name = f"{self.role if whose == 'party' else OTHER[self.role]}.{what}"
        if name in {"on", "month_day"}:
            on = self.on(self.day)
            return on if name == "on" else on.month * 100 + on.day
        if whose == "amount" and name not in self.payment:
            return self.worth(what)
        return self.payment.get(f"{name}@{self.day}", self.payment.get(name))

    def on(self, day: str) -> date:
        """The trade date or the settlement date."""
        on = self.payment["traded_on" if day == "trade" else "settles_on"]
        assert isinstance(on, date)
        return on

    def worth(self, currency: str) -> int | None:
        """What is owed in another currency: rounded up."""
        units, owed_in = self.payment["units"], str(self.payment["invoiced_in"])
        assert isinstance(units, int)
        if owed_in == currency:
            return units
        assert self.rate is not None
        assert self.rates is not None
        day = self.on(self.rate["on"])
        rate = self.rates.get((str(self.rate["name"]), owed_in, currency, day))
        return None if rate is None else min(ceil(units * rate), UNITS_MAX)


@dataclass(frozen=True)
class PlainRule:
    """A rule: what its file says, and its condition as a tree."""

    subject: str
    content: Content
    when: Tree

    @property
    def place(self) -> str:
        return str(self.content["id"])[:2]

    @property
    def outcome(self) -> Outcome:
        return Outcome(self.content["outcome"])

    def looks(
        self, payment: Payment, rates: Rates, programmes: Sequence[Content]
    ) -> Iterator[tuple[str, str, Known]]:
        """The sides and days for which it applies, and whether it comes there."""
        waivers = {one["id"] for one in programmes if self.content["id"] in one["waives"]}
        for role in self.content["applies_to"]["roles"]:
            for day in DAYS:
                at = At(payment, str(role), day, self.content.get("rate"), rates)
                if self.applies(at) and not waivers & {*(at.fact("programmes") or [])}:
                    yield at.role, day, at.said(self.when)

    def applies(self, at: At) -> bool:
        content, scope = self.content, self.content["applies_to"]
        deciding = at.on(str(content.get("transition", {}).get("on", at.day)))
        asset, transaction = at.fact("asset"), at.fact("transaction")
        return (
            attached(at.payment, self.place, self.subject, at.role)
            and content["effective_from"] <= deciding <= content.get("effective_to", date.max)
            and ("classes" not in scope or bool({*scope["classes"]} & {*at.fact("party.licences")}))
            and asset in scope.get("assets", [asset])
            and transaction in scope.get("transactions", [transaction])
        )


# What no rulebook can take away: it binds everybody, everywhere.
CORE = (
    PlainRule(
        "travel-rule",
        {
            "id": "ZZ.core.travel-rule",
            "effective_from": date(2019, 6, 21),
            "applies_to": {
                "roles": ["transaction"],
                "transactions": ["trade", "domestic", "transfer", "sale", "investment"],
            },
            "outcome": "COLLECT",
        },
        ("constant", True),
    ),
    PlainRule(
        "travel-rule",
        {
            "id": "ZZ.core.anonymous",
            "effective_from": date(2019, 6, 21),
            "applies_to": {"roles": ["transaction"], "assets": ["anonymous-token"]},
            "outcome": "DENY",
        },
        ("constant", True),
    ),
)


def attached(payment: Payment, place: str, subject: str, role: str) -> bool:
    """Whether the law of a place on a subject binds that side."""
    if place == "ZZ":
        return True
    if role == "transaction":
        return any(place in places(payment, party) for party in PARTIES)
    if subject == "admission":
        return payment[f"{role}.residence"] == place
    return place in places(payment, role)


def places(payment: Payment, party: str) -> Sequence[str]:
    """What a party is attached to."""
    several = payment[f"{party}.jurisdictions"]
    assert isinstance(several, Sequence)
    return several


def judge(
    rules: Sequence[PlainRule],
    payment: Payment,
    rates: Rates = NO_RATES,
    programmes: Sequence[Content] = (),
) -> tuple[str, frozenset[Bearing]]:
    """The answer, and all that bears on it."""
    came: set[Bearing] = set()
    by_outcome: dict[Outcome, list[Known]] = {outcome: [False] for outcome in Outcome}
    opened: dict[tuple[str, str, str, str], Known] = {}
    for rule in (*rules, *CORE):
        name = str(rule.content["id"]), rule.content["effective_from"]
        for role, day, comes in rule.looks(payment, rates, programmes):
            came |= {(name, role, day, comes is True)} if comes is not False else set()
            by_outcome[rule.outcome].append(comes)
            if rule.outcome is Outcome.ALLOW:
                where = (rule.place, rule.subject, role, day)
                opened[where] = _either(opened.get(where, False), comes)
    denies = by_outcome[Outcome.DENY]
    for place, subject, role, day in needed(payment):
        closed = _not(opened.get((place, subject, role, day), False))
        came |= {((place, subject), role, day, closed is True)} if closed is not False else set()
        denies.append(closed)
    if not all(
        places(payment, party) and {*PLACES} >= {*places(payment, party)} for party in PARTIES
    ):
        came.add((("", "corridor"), "transaction", "settlement", True))
        denies.append(True)
    denied, held = (any_of(each) for each in (denies, by_outcome[Outcome.HOLD]))
    laxer = "HOLD" if denied is None or held is not False else "ALLOW"
    return "DENY" if denied else laxer, frozenset(came)


def needed(payment: Payment) -> Iterator[tuple[str, str, str, str]]:
    """What must be opened: by which law, which subject, for which side and day."""
    for place in PLACES:
        for subject, role in NEEDED:
            if attached(payment, place, subject, role):
                yield from ((place, subject, role, day) for day in DAYS)


def any_of(several: Sequence[Known]) -> Known:
    """Whether one of them holds."""
    return True if True in several else None if None in several else False


def flat(came: Sequence[Came]) -> frozenset[Bearing]:
    """What the real law says, in the same words."""
    return frozenset(
        (
            (one.what.id, one.what.head.effective_from)
            if isinstance(one.what, Rule)
            else (one.what.jurisdiction, one.what.subject),
            str(one.role),
            str(day),
            one.certain,
        )
        for one in came
        for day in one.days
    )
