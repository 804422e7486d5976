"""Which facts a rule may read, and the columns they are found in.

A condition says `party.wallet`; which party that is, on which day the law is looked at and at
which rate an amount is brought into the rule's currency are settled when it is compiled. `Key`
says all of it, so that rules that read the same thing share one column.
"""

from dataclasses import dataclass
from typing import NamedTuple

from clearhouse.core.money import UNITS_MAX
from clearhouse.core.rulebook.condition import Term
from clearhouse.core.rulebook.rule import Day, Rate, Role, Scope, Window
from clearhouse.core.rulebook.vocabulary import (
    CURRENCIES,
    OF_MATTER,
    OF_PARTY,
    PARTIES,
    TOTAL_MAX,
    WHOLE,
    Fact,
    Sort,
    Type,
)

COUNT_MAX = 10**12
SIDES = ("party", "other")  # as a rule about one side calls them


class Key(NamedTuple):
    """A column of facts."""

    fact: str  # debtor.wallet, amount.EUR, window.count
    day: str = ""  # as of which day; empty where it does not change
    rate: str = ""  # by which rate
    link: str = ""  # of a window: what links the payments
    days: int = 0  # of a window
    assets: tuple[str, ...] = ()  # which payments a window counts; empty is all
    transactions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reads:
    """What a rule's condition may read: follows from what else the rule says."""

    scope: Scope
    rate: Rate | None
    window: Window | None

    def term(self, name: str) -> Term:
        """The fact of this name.

        Raises:
            ValueError: There is none, or the rule lacks what it needs; says what to do.
        """
        fact = self._fact(name)
        return Term("fact", fact.type, (), name, fact.low, fact.high, optional=fact.optional)

    def key(self, name: str, role: Role, day: Day) -> Key:
        """Where the fact is found, when the rule looks from the side of `role` on `day`."""
        whose, _, what = name.partition(".")
        if whose == "amount":
            assert self.rate is not None
            return Key(name, self.rate.on, self.rate.name)
        if whose == "window":
            assert self.window is not None
            link = str(role) if self.window.by == "party" else self.window.by
            rate = self.rate if what != "count" else None
            by = (rate.on, rate.name) if rate else ("", "")
            of = (self.scope.assets, self.scope.transactions)
            return Key(name, *by, link, self.window.days, *of)
        if whose in SIDES:
            name = f"{side(whose, role)}.{what}"
        return Key(name, day if self._fact(name).daily else "")

    def _fact(self, name: str) -> Fact:
        whose, _, what = name.partition(".")
        if whose == "amount":
            return self._amount(name, what, UNITS_MAX)
        if whose == "window":
            return self._windowed(name, what)
        if whose in SIDES and Role.TRANSACTION in self.scope.roles:
            raise ValueError(f"{name}: a rule for the whole transaction has no {whose}")
        if whose in {*SIDES, *PARTIES} and what in OF_PARTY:
            return OF_PARTY[what]
        if name in OF_MATTER:
            return OF_MATTER[name]
        raise ValueError(f"there is no fact {name[:60]}, and no parameter of that name")

    def _amount(self, name: str, currency: str, most: int) -> Fact:
        if currency not in CURRENCIES:
            known = ", ".join(sorted(CURRENCIES))
            raise ValueError(f"{name} is in no currency that is known here: {known}")
        if self.rate is None:
            raise ValueError(f"{name} compares currencies, and the rule names no rate")
        return Fact(Type(Sort.AMOUNT, currency), "", 0, most, optional=True)

    def _windowed(self, name: str, what: str) -> Fact:
        if self.window is None:
            raise ValueError(f"{name}: the rule has no window")
        if self.window.by == "party" and Role.TRANSACTION in self.scope.roles:
            raise ValueError(
                f"{name}: linked by party, and a rule for the whole transaction has none"
            )
        if what == "count":
            return Fact(WHOLE, "", 0, COUNT_MAX, optional=True)
        total, _, currency = what.partition(".")
        if total != "total":
            raise ValueError(f"{name}: a window has a count and a total")
        return self._amount(name, currency, TOTAL_MAX)


def meaning_of(name: str) -> str:
    """What a fact that rules read means, in words; "" where its name says it all."""
    whose, _, what = name.partition(".")
    fact = OF_PARTY.get(what) if whose in {*SIDES, *PARTIES} else OF_MATTER.get(name)
    return fact.meaning if fact is not None else ""


def side(whose: str, role: Role) -> str:
    """Which party `party` or `other` is, seen from the side of `role`."""
    same = whose == "party"
    return str(Role.DEBTOR if same == (role is Role.DEBTOR) else Role.CREDITOR)
