"""The facts that the law is asked about obligations, as the registers have them, in columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.calendar import Eras
from clearhouse.core.money import Asset
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant, licences_on
from clearhouse.core.rulebook import Day, Rates, Rulebook, Vocabulary, days_of
from clearhouse.core.rulebook.vocabulary import CURRENCIES, NOWHERE, PARTIES
from clearhouse.engines.formula import Column
from clearhouse.store.decisions import Fixed

RATE_AGE_MAX = timedelta(days=7)  # an older fixing says nothing of a day
FIXING = "fixing"


@dataclass
class Party:
    """A participant as the register has it, and what the law reads of it."""

    participant: Participant
    words: Vocabulary
    home: int = field(init=False)  # the code of its residence
    eras: Eras = field(init=False)  # in one of which its licences do not change
    _licences: dict[int, int] = field(default_factory=dict)  # by era
    _attached: dict[tuple[int, int], int] = field(default_factory=dict)  # by two eras

    def __post_init__(self) -> None:
        places = self.words.words("jurisdiction")  # the law may have lost one
        self.home = places.get(self.participant.residence, places[NOWHERE])
        self.eras = Eras(self.participant.spans())

    def licences(self, on: date) -> int:
        """The classes that it is licensed as on a day."""
        era = self.eras.of(on)
        if era not in self._licences:
            self._licences[era] = licences_on(self.participant, on, self.words)
        return self._licences[era]

    def attached(self, traded_on: date, settles_on: date) -> int:
        """The jurisdictions that it is under on either day; one without law is `NOWHERE`."""
        eras = (self.eras.of(traded_on), self.eras.of(settles_on))
        if eras not in self._attached:
            places = self.words.words("jurisdiction")
            known = {
                place if place in places else NOWHERE
                for place in self.participant.attached(traded_on, settles_on)
            }
            self._attached[eras] = self.words.mask("jurisdiction", sorted(known))
        return self._attached[eras]


@dataclass(frozen=True, slots=True)
class Asked:
    """An obligation between two parties, of which the law is asked at an instant."""

    obligation: Obligation
    debtor: Party
    creditor: Party
    at: datetime
    settles_on: date  # that instant's day, in UTC

    @property
    def corridor(self) -> str:
        """The residences of its parties."""
        return f"{self.debtor.participant.residence}>{self.creditor.participant.residence}"


def columns(asked: Sequence[Asked], law: Rulebook) -> dict[str, Column]:
    """What the registers know of obligations, as the law reads it."""
    words = law.vocabulary
    found: dict[str, Column] = {}
    for name in PARTIES:
        sides: list[Party] = [getattr(one, name) for one in asked]
        homes = np.array([party.home for party in sides], np.uint8)
        found[f"{name}.residence"] = Column(homes)
        pairs = list(zip(sides, asked, strict=True))
        attached = [
            party.attached(one.obligation.traded_on, one.settles_on) for party, one in pairs
        ]
        found[f"{name}.jurisdictions"] = Column(np.array(attached, np.uint64))
        on_trade = [party.licences(one.obligation.traded_on) for party, one in pairs]
        found[f"{name}.licences@{Day.TRADE}"] = Column(np.array(on_trade, np.uint64))
        found |= _wallets(name, pairs, law)
        settled = [party.licences(one.settles_on) for party, one in pairs]
        found[f"{name}.licences@{Day.SETTLEMENT}"] = Column(np.array(settled, np.uint64))
    same = found["debtor.residence"].values == found["creditor.residence"].values
    domestic, trade = (words.code("transaction", word) for word in ("domestic", "trade"))
    found["transaction"] = Column(np.where(same, domestic, trade).astype(np.uint8))
    coin = words.code("asset", "coin")  # what it is settled in, whatever it is invoiced in
    found["asset"] = Column(np.full(len(asked), coin, np.uint8))
    currencies = words.words("currency")
    codes = [currencies[one.obligation.amount.asset.code] for one in asked]
    found["invoiced_in"] = Column(np.array(codes, np.uint8))
    found["traded_on"] = Column(days_of([one.obligation.traded_on for one in asked]))
    found["settles_on"] = Column(days_of([one.settles_on for one in asked]))
    return found


def _wallets(name: str, pairs: Sequence[tuple[Party, Asked]], law: Rulebook) -> dict[str, Column]:
    """Who holds the keys where each is paid, and whether that is proven; unproven is unproven."""
    words = law.vocabulary
    held = [party.participant.wallet(one.settles_on) for party, one in pairs]
    days = {one.settles_on for _, one in pairs}
    ages = {day: law.standard("wallets.proof-age", day) for day in days}
    custody = [words.code("wallet", wallet.custody) if wallet else 0 for wallet in held]
    unknown = np.array([wallet is None for wallet in held], np.bool_)
    proven = [
        wallet is not None and wallet.is_proven(one.settles_on, ages[one.settles_on])
        for wallet, (_, one) in zip(held, pairs, strict=True)
    ]
    return {
        f"{name}.wallet": Column(np.array(custody, np.uint8), unknown if unknown.any() else None),
        f"{name}.wallet_proven": Column(np.array(proven, np.bool_)),
    }


def units(asked: Sequence[Asked]) -> NDArray[np.int64]:
    """What is owed, in minor units of what it is invoiced in."""
    return np.array([one.obligation.amount.units for one in asked], np.int64)


@dataclass(frozen=True)
class Fixings:
    """The reference rates of the house's coin, as far as they were known."""

    coin: Asset
    fixed: Sequence[Fixed]

    def rates(self, days: Sequence[date]) -> Rates:
        """What currencies are worth in each other on each of some days.

        A day has the newest fixing up to its end, if that is not too old. Two currencies are
        compared by what each is worth in the coin.
        """
        found: dict[tuple[str, str, str, date], Fraction] = {}
        for day in days:
            worth = self._worth(day)
            for one, of_one in worth.items():
                for other, of_other in worth.items():
                    if one != other:
                        found[FIXING, one, other, day] = of_one / of_other
        return found

    def _worth(self, day: date) -> Mapping[str, Fraction]:
        """What one minor unit of each currency is worth in minor units of the coin."""
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        newest: dict[str, Fixed] = {}
        for one in self.fixed:
            fresh = end - RATE_AGE_MAX <= one.as_of < end
            if fresh and (one.quote not in newest or newest[one.quote].as_of < one.as_of):
                newest[one.quote] = one
        each = 10**self.coin.exponent
        worth = {
            quote: Fraction(each * one.denominator, one.numerator)
            for quote, one in newest.items()
            if quote in CURRENCIES
        }
        return {**worth, self.coin.code: Fraction(1)}
