"""Linked obligations: what else was traded in a window, and how much that is together.

Linked is what was proposed to the house no later than the obligation itself, whatever the gate said
of it: what is split into small parts is seen as a whole, what is denied still counts, and what
comes later changes nothing. So the answer is the same whenever it is asked, and in whatever batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.rulebook import Matters, Rates, Rulebook
from clearhouse.core.rulebook.facts import Key
from clearhouse.core.rulebook.programmes import LINK, Parties, members
from clearhouse.core.rulebook.rule import Programme
from clearhouse.core.rulebook.vocabulary import TOTAL_MAX
from clearhouse.engines.formula import Column
from clearhouse.engines.windows import rolling
from clearhouse.operations.facts import Asked, Fixings, Party, columns, units
from clearhouse.operations.house import House
from clearhouse.store import obligations, registers

# How long before a programme begins a payment under it may have been traded.
BEFORE_PROGRAMME = timedelta(days=366)
EVER = 10**5  # days: every window reaches as far


@dataclass(frozen=True)
class Windows:
    """Finds what is linked to a batch, when the law asks for it.

    Args:
        asked: All of them for one day, none of them twice.
    """

    house: House
    law: Rulebook
    fixings: Fixings
    asked: Sequence[Asked]
    _found: dict[Key, Column] = field(default_factory=dict)

    def column(self, key: Key) -> Column:
        """How many are linked to each of the batch, itself included, or what they come to."""
        if key not in self._found:
            count = len(self.asked)
            unknown = Column(np.zeros(count, np.int64), np.ones(count, np.bool_))
            # The house has no contracts yet.
            self._found[key] = unknown if key.link == "contract" else self._counted(key)
        return self._found[key]

    def _counted(self, key: Key) -> Column:
        every = self._every(key)
        places = {one.obligation.id: place for place, one in enumerate(every)}
        own = [places[one.obligation.id] for one in self.asked]
        matters = self._matters(every)
        _, _, currency = key.fact.rpartition(".")
        amount = (
            matters.column(Key(f"amount.{currency}", key.day, key.rate))
            if key.fact.startswith("window.total")
            else Column(np.zeros(len(every), np.int64))
        )
        hidden = np.zeros(len(every), np.bool_) if amount.unknown is None else amount.unknown
        days, span = matters.column(Key("traded_on")).values, key.days
        if key.link.startswith(LINK):  # a programme's total is of all its time
            days, span = np.zeros(len(every), np.int64), EVER
        links = self._links(key, every, matters)
        found = rolling(links, days, amount.values, hidden, span=span, most=TOTAL_MAX)
        if key.fact == "window.count":
            return Column(found.linked[own])
        doubtful = found.unknown[own]
        return Column(found.total[own], doubtful if doubtful.any() else None)

    def _matters(self, every: Sequence[Asked]) -> Matters:
        days = {one.obligation.traded_on for one in every} | {one.settles_on for one in every}
        rates: Rates = self.fixings.rates(sorted(days))
        return Matters(len(every), columns(every, self.law), units(every), rates)

    def _every(self, key: Key) -> list[Asked]:
        """What may be linked to the batch, and the batch, in the order of their proposals."""
        debtors = {one.obligation.debtor for one in self.asked}
        creditors = {one.obligation.creditor for one in self.asked}
        found = obligations.traded(
            self.house.db,
            self._days(key),
            self.house.assets,
            debtors=debtors if key.link in {"debtor", "pair"} else None,
            creditors=creditors if key.link == "creditor" else None,
        )
        ids = {one.debtor for one in found.values()} | {one.creditor for one in found.values()}
        parties = {
            id: Party(one, self.law.vocabulary)
            for id, one in registers.participants(self.house.db, ids).items()
        }
        asked, now = {one.obligation.id: one for one in self.asked}, self.asked[0]
        recorded = [
            asked.get(id)
            or Asked(one, parties[one.debtor], parties[one.creditor], now.at, now.settles_on)
            for id, one in found.items()
        ]
        # What is not recorded yet comes last, in the order of the batch.
        return [*recorded, *(one for one in self.asked if one.obligation.id not in found)]

    def _days(self, key: Key) -> tuple[date, date]:
        """The trade dates of what may be linked."""
        days = [one.obligation.traded_on for one in self.asked]
        if key.link.startswith(LINK):
            one = self._programme(key)
            first = one.head.effective_from - BEFORE_PROGRAMME
            return min(first, *days), max(one.ends, *days)
        reach = timedelta(days=key.days - 1)
        return min(days) - reach, max(days) + reach

    def _programme(self, key: Key) -> Programme:
        id = key.link.removeprefix(LINK)
        (found,) = [one for one in self.law.programmes if one.head.id == id]
        return found

    def _links(self, key: Key, every: Sequence[Asked], matters: Matters) -> NDArray[np.int64]:
        """A number for each obligation, the same one for those that are linked."""
        alone = -1 - np.arange(len(every))  # what the rule does not concern is linked to nothing
        concerned = np.ones(len(every), np.bool_)
        for fact, words in (("asset", key.assets), ("transaction", key.transactions)):
            if words:
                codes = [self.law.vocabulary.code(fact, word) for word in words]
                concerned &= np.isin(matters.column(Key(fact)).values, codes)
        return np.where(concerned, self._numbers(key, every, matters), alone)

    def _numbers(self, key: Key, every: Sequence[Asked], matters: Matters) -> NDArray[np.int64]:
        debtors = [str(one.obligation.debtor) for one in every]
        creditors = [str(one.obligation.creditor) for one in every]
        if key.link.startswith(LINK):
            parties = Parties(debtors, creditors)
            own = members(self._programme(key), self.law, matters, parties)
            return np.where(own, 0, 1 + np.arange(len(every)))
        match key.link:
            case "debtor":
                return _numbered(debtors)
            case "creditor":
                return _numbered(creditors)
            case "pair":
                pairs = zip(debtors, creditors, strict=True)
                return _numbered([f"{debtor}>{creditor}" for debtor, creditor in pairs])
            case _:  # by asset: all is settled in one
                return np.zeros(len(every), np.int64)


def _numbered(names: Sequence[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
