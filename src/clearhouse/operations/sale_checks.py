"""What mined coin must agree with: licences, declared methods, and the coin that there is.

Checks as those of `register_checks`. How much a miner has on each day is one question for all that
is known and all the lines of a file together. If they sell too much, they are tried one by one by
day and id, whatever their order in the file; what is refused does not count for those behind it.
"""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.coin import Terms, declared_by, method_in, raised
from clearhouse.core.mining.sales import (
    LOTS,
    METHODS,
    SALES,
    BelowFloor,
    BuyerUnlicensed,
    CoinTwice,
    CurrencyChanged,
    LotMethod,
    LotSold,
    MethodLate,
    MethodUndeclared,
    MinedLot,
    MinedSale,
    MinerChanged,
    NotYet,
    RateWrong,
    SalesReworked,
)
from clearhouse.core.mining.stock import Change, Stock, lowers
from clearhouse.core.mining.tax import LotsTooFew
from clearhouse.core.money import Money, UnknownAsset
from clearhouse.core.participant import Participant, UnknownParticipant
from clearhouse.core.record import Register
from clearhouse.core.rulebook import Class
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House
from clearhouse.operations.mined_tax import terms_of
from clearhouse.operations.mining_checks import MINERS, known_then, of_registered, unlicensed
from clearhouse.store import records, registers

BUYERS = (Class.PLATFORM, Class.IMPORTER)
Line = tuple[Any, Said]  # a record that is said, and what there is to be said of it


@dataclass(frozen=True)
class _Known:
    """What is recorded of some miners' coin."""

    house: House
    miners: frozenset[ParticipantId]

    def _by_miner(self, register: Register) -> defaultdict[ParticipantId, list[Any]]:
        found: defaultdict[ParticipantId, list[Any]] = defaultdict(list)
        for one in records.current(self.house.db, register, ids=self.miners):
            found[one.miner].append(one)
        return found

    @cached_property
    def methods(self) -> defaultdict[ParticipantId, list[LotMethod]]:
        return self._by_miner(METHODS)

    @cached_property
    def lots(self) -> defaultdict[ParticipantId, list[MinedLot]]:
        return self._by_miner(LOTS)

    @cached_property
    def sales(self) -> defaultdict[ParticipantId, list[MinedSale]]:
        return self._by_miner(SALES)

    @cached_property
    def terms(self) -> Mapping[ParticipantId, Terms]:
        """How each is taxed of whom anything is declared."""
        return {who: terms_of(self.house, several) for who, several in self.methods.items()}

    def changes(self, who: ParticipantId) -> list[Change]:
        """How a miner's coin came and went."""
        return [*map(_change, self.lots[who]), *map(_change, self.sales[who])]


def _known(house: House, several: Sequence[Any]) -> _Known:
    return _Known(house, frozenset(one.miner for one in several))


def _change(one: MinedLot | MinedSale) -> Change:
    return (one.right_on, one.units) if isinstance(one, MinedLot) else (one.sold_on, -one.units)


# Methods.


def _methods(house: House, several: Sequence[LotMethod]) -> list[Said]:
    known, currencies = _known(house, several), _currencies(house)
    admitted = registers.participants(house.db, known.miners)
    said = []
    for one in several:
        answer = Said()
        if one.miner not in admitted:
            answer.refusals.append(UnknownParticipant(f"{one.miner} is not admitted"))
        answer.refusals += _unpriced(one.currency, currencies)
        before = method_in(declared_by(known.methods[one.miner]), one.year)
        if before is not None and before != one.method and one.year <= house.today.year:
            detail = f"{one.miner} is taxed by {before} in {one.year}, which has begun"
            answer.refusals.append(MethodLate(detail, participant=one.miner))
        said.append(answer)
    for who in known.miners:
        held = known.methods[who]
        then = {one.currency for one in known_then(METHODS, held, _of(who, several))}
        is_kept = then == {one.currency for one in held} or not known.lots[who]
        if len(then) > 1 or not is_kept:
            for one, answer in zip(several, said, strict=True):
                if one.miner == who:
                    detail = f"{who} is taxed in one currency, also from another year on"
                    answer.refusals.append(CurrencyChanged(detail, participant=who))
    return said


def _of(who: ParticipantId, several: Iterable[Any]) -> list[Any]:
    return [one for one in several if one.miner == who]


def _currencies(house: House) -> list[str]:
    return sorted(one.code for one in house.currencies)


def _unpriced(code: str, currencies: Sequence[str]) -> Iterable[Refusal]:
    """Check that prices can be in an asset: it is a currency that the house takes."""
    if code not in currencies:
        yield UnknownAsset(f"{code[:20]!r}: one of {', '.join(currencies)}")


# Lots.


def _lots(house: House, several: Sequence[MinedLot]) -> list[Said]:
    known = _known(house, several)
    said = of_registered(house, [(one.miner, one.right_on) for one in several], MINERS)
    lines: list[Line] = list(zip(several, said, strict=True))
    before = _before(house, LOTS, several)
    twice = _twice(house, several)
    for one, answer in lines:
        if one.outpoint in twice:
            detail = f"{one.outpoint} is in another lot, too"
            answer.refusals.append(CoinTwice(detail, outpoint=one.outpoint))
        terms = known.terms.get(one.miner)
        if terms is None:
            answer.refusals.append(_undeclared(one.miner))
        answer.refusals += _unfit(house, one, one.right_on, terms, before.get(one.lot))
    for one, answer, (day, units) in _short(known, lines, before):
        missing = _coin(house, units)
        detail = f"{one.lot}: so {missing} of what was sold by {day} would not have been there"
        answer.refusals.append(LotSold(detail, lot=one.lot))
    _remark(known, lines, before)
    return said


def _twice(house: House, several: Sequence[MinedLot]) -> set[str]:
    """The outputs that would be in more than one lot."""
    asked = {one.outpoint for one in several if one.outpoint}
    held = records.current(house.db, LOTS, "outpoint", asked)
    seen: set[str] = set()
    twice: set[str] = set()
    for one in known_then(LOTS, held, several):
        (twice if one.outpoint in seen else seen).add(one.outpoint)
    return twice & asked


# Sales.


def _sales(house: House, several: Sequence[MinedSale]) -> list[Said]:
    known = _known(house, several)
    said = of_registered(house, [(one.miner, one.sold_on) for one in several], MINERS)
    lines: list[Line] = list(zip(several, said, strict=True))
    before = _before(house, SALES, several)
    buyers = registers.participants(house.db, {one.buyer for one in several})
    for one, answer in lines:
        answer.refusals += _unbought(buyers.get(one.buyer), one)
        terms = known.terms.get(one.miner)
        if terms is None or terms.method(one.sold_on.year) is None:
            answer.refusals.append(_undeclared(one.miner, one.sold_on.year))
        answer.refusals += _unfit(house, one, one.sold_on, terms, before.get(one.sale))
    for one, answer, (day, units) in _short(known, lines, before):
        detail = f"{one.miner} has {_coin(house, units)} too little on {day}"
        answer.refusals.append(LotsTooFew(detail, participant=one.miner))
    _remark(known, lines, before)
    for one, answer in lines:
        if not answer.refusals and (at := raised(one, known.terms[one.miner])) is not None:
            currency = known.terms[one.miner].currency
            price, least = (Money(units, currency) for units in at)
            detail = f"{one.sale} is taxed at {least}: its price, {price}, is below that"
            answer.remarks.append(BelowFloor(detail, sale=one.sale))
    return said


def _unbought(buyer: Participant | None, one: MinedSale) -> Iterable[Refusal]:
    """Check that the buyer is admitted, and licensed to buy mined coin on the day."""
    if buyer is None:
        yield UnknownParticipant(f"{one.buyer} is not admitted")
    elif detail := unlicensed(buyer, one.sold_on, BUYERS):
        yield BuyerUnlicensed(detail, participant=one.buyer)


# Both.


def _before(house: House, register: Register, several: Sequence[Any]) -> dict[str, Any]:
    """What is known under the keys of some records."""
    keys = [register.key_of(one) for one in several]
    held = records.current(house.db, register, "key", keys)
    return {register.key_of(one): one for one in held}


def _undeclared(who: ParticipantId, year: int | None = None) -> Refusal:
    when = f" for {year} or before" if year else ""
    detail = f"{who} has declared no method{when}: `clearhouse propose records lot_method`"
    return MethodUndeclared(detail, participant=who)


def _unfit(
    house: House,
    one: MinedLot | MinedSale,
    on: date,
    terms: Terms | None,
    before: MinedLot | MinedSale | None,
) -> Iterable[Refusal]:
    """Check what a lot and a sale have in common: day, currency, rate, and whose it is."""
    if on > house.today:
        yield NotYet(f"{on} has not come yet: it is {house.today}")
    yield from _unpriced(one.asset, _currencies(house))
    if terms is not None and (one.asset == terms.currency.code) != (one.official_rate is None):
        of = terms.currency.code
        needed = f"the central bank's rate of {one.asset[:20]} in {of} on {on}"
        is_missing = one.official_rate is None
        yield RateWrong(needed if is_missing else f"none, of {of} in itself")
    if before is not None and before.miner != one.miner:
        yield MinerChanged(f"it is {before.miner}'s", participant=before.miner)


def _short(
    known: _Known, lines: Sequence[Line], before: Mapping[str, Any]
) -> Iterable[tuple[Any, Said, tuple[date, int]]]:
    """The lines that would leave a miner less than no coin, with the day and how much less."""
    by_miner: defaultdict[ParticipantId, list[tuple[Any, Said, list[Change]]]] = defaultdict(list)
    for one, answer in lines:
        if not answer.refusals:
            changes = [_change(one)]
            if (was := before.get(_id(one))) is not None:
                day, units = _change(was)
                changes.append((day, -units))
            by_miner[one.miner].append((one, answer, changes))
    for who, asked in by_miner.items():
        every = [change for _, _, changes in asked for change in changes]
        stock = Stock(known.changes(who), every)
        if stock.take(every) is None:
            continue
        # First what leaves more; then by day, so that the order of lines does not matter.
        asked.sort(key=lambda line: (lowers(line[2]), line[2][0][0], _id(line[0])))
        for one, answer, changes in asked:
            if (short := stock.take(changes)) is not None:
                yield one, answer, short


def _remark(known: _Known, lines: Sequence[Line], before: Mapping[str, Any]) -> None:
    """Tell whoever enters something earlier than recorded sales that these change with it."""
    places = {who: sorted(map(_place, known.sales[who])) for who in known.miners}
    for one, answer in lines:
        if answer.refusals:
            continue
        was = before.get(_id(one), one)
        sales = places[one.miner]
        later = sales[bisect(sales, min(_place(one), _place(was))) :]
        # What is corrected itself is not what changes with it.
        days = [day for day, sale in later if sale != _id(one)]
        if days:
            detail = f"sales from {days[0]} on are worked out anew: {len(days)}"
            answer.remarks.append(SalesReworked(detail, participant=one.miner))


def _id(one: MinedLot | MinedSale) -> str:
    return one.lot if isinstance(one, MinedLot) else one.sale


def _place(one: MinedLot | MinedSale) -> tuple[date, str]:
    """Where it stands among sales: a day's lots come before them."""
    return (one.right_on, "") if isinstance(one, MinedLot) else (one.sold_on, one.sale)


def _coin(house: House, units: int) -> Money:
    return Money(units, house.coin)


CHECKS: Mapping[str, Check] = {METHODS.name: _methods, LOTS.name: _lots, SALES.name: _sales}
