"""Linked obligations: what else was traded in a window, and how much that is together.

Linked is what was proposed to the house before the law is asked, whatever the gate said of it: what
is split into small parts is seen as a whole, and what is denied still counts. A batch counts itself
in, so its order changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.rulebook import Matters, Rates, Rulebook
from clearhouse.core.rulebook.facts import Key
from clearhouse.core.rulebook.programmes import LINK, Parties, members
from clearhouse.core.rulebook.vocabulary import TOTAL_MAX
from clearhouse.engines.formula import Column
from clearhouse.engines.windows import rolling
from clearhouse.operations.facts import Asked, Fixings, Party, columns, units
from clearhouse.operations.house import House
from clearhouse.store import obligations, registers


@dataclass(frozen=True)
class Windows:
    """Finds what is linked to a batch, when the law asks for it.

    Args:
        before: A place in the journal: what was proposed from there on is not known yet. None is
            all that the house has.
    """

    house: House
    law: Rulebook
    fixings: Fixings
    asked: Sequence[Asked]
    before: int | None = None

    def column(self, key: Key) -> Column:
        """How many are linked to each of the batch, or what they come to."""
        count = len(self.asked)
        if key.link == "contract":  # the house has no contracts yet
            return Column(np.zeros(count, np.int64), np.ones(count, np.bool_))
        every = [*self._earlier(key), *self.asked]
        days = sorted({one.obligation.traded_on for one in every})
        known = columns(every, self.law.vocabulary)
        rates: Rates = self.fixings.rates([*days, *{one.settles_on for one in every}])
        matters = Matters(len(every), known, units(every), rates)
        _, _, currency = key.fact.rpartition(".")
        amount = (
            matters.column(Key(f"amount.{currency}", key.day, key.rate))
            if key.fact.startswith("window.total")
            else Column(np.zeros(len(every), np.int64))
        )
        hidden = np.zeros(len(every), np.bool_) if amount.unknown is None else amount.unknown
        traded = matters.column(Key("traded_on")).values
        links = self._links(key, every, matters)
        found = rolling(links, traded, amount.values, hidden, span=key.days, most=TOTAL_MAX)
        if key.fact == "window.count":
            return Column(found.linked[-count:])
        doubtful = found.unknown[-count:]
        return Column(found.total[-count:], doubtful if doubtful.any() else None)

    def _earlier(self, key: Key) -> list[Asked]:
        """What the house has of the window and the batch has not."""
        days = [one.obligation.traded_on for one in self.asked]
        first, last = min(days) - timedelta(days=key.days - 1), max(days)
        debtors = {one.obligation.debtor for one in self.asked} if key.link == "debtor" else None
        creditors = (
            {one.obligation.creditor for one in self.asked} if key.link == "creditor" else None
        )
        if key.link == "pair":
            debtors = {one.obligation.debtor for one in self.asked}
        own = {one.obligation.id for one in self.asked}
        found = [
            one
            for one in obligations.traded(
                self.house.db,
                (first, last),
                self.house.assets,
                debtors=debtors,
                creditors=creditors,
                before=self.before,
            )
            if one.id not in own
        ]
        ids = {one.debtor for one in found} | {one.creditor for one in found}
        parties = {
            id: Party(one, self.law.vocabulary)
            for id, one in registers.participants(self.house.db, ids).items()
        }
        now = self.asked[0]
        return [
            Asked(one, parties[one.debtor], parties[one.creditor], now.at, now.settles_on)
            for one in found
        ]

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
            id = key.link.removeprefix(LINK)
            (programme,) = [one for one in self.law.programmes if one.head.id == id]
            traded = matters.column(Key("traded_on")).values
            own = members(programme, self.law, matters, Parties(debtors, creditors), traded)
            return np.where(own, 0, 1 + np.arange(len(every)))
        match key.link:
            case "debtor":
                return _numbered(debtors)
            case "creditor":
                return _numbered(creditors)
            case "pair":
                return _numbered(
                    [f"{one}>{other}" for one, other in zip(debtors, creditors, strict=True)]
                )
            case _:  # by asset: all is settled in one
                return np.zeros(len(every), np.int64)


def _numbered(names: Sequence[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)
