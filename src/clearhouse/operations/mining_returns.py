"""Returns of a month: of whom the law asks one, which came when, and what is to be looked at.

The law says who files what by when, and what being late costs (`Rulebook.returns`, the law of the
month's last day). A return is due of whoever was licensed so on a day of the month, and whose
licence was entered here before the month was over: nobody returns to a house that does not know it.

`find` records what follows, once each: a breach when a deadline is over and nothing was filed by
then, a review when a miner's figures do not bear each other out. It looks first at what is there
already, so it may be called at any time, and be killed anywhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import MonthUnmeasured, days_of_month, month_after
from clearhouse.core.mining.month import (
    Assessment,
    Figures,
    Hashes,
    NotComparable,
    judge_month,
    month_hashes,
)
from clearhouse.core.mining.records import MACHINES, Machine
from clearhouse.core.mining.returns import (
    EPOCHS,
    MINER_RETURNS,
    OPERATOR_MACHINES,
    OPERATOR_MINERS,
    OPERATOR_RETURNS,
    MinerReturn,
    OperatorMachine,
    OperatorMiner,
    return_due_at,
)
from clearhouse.core.mining.reviews import (
    BREACHES,
    REVIEW_OUTCOMES,
    REVIEWS,
    Breach,
    Broken,
    Review,
)
from clearhouse.core.participant import LICENCES, Participant
from clearhouse.core.record import KEY_GAP, Register, in_force
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rulebook import Rule
from clearhouse.operations.house import House
from clearhouse.operations.mining import energy_of, sites_in
from clearhouse.operations.return_checks import HOURS_A_DAY, hosted
from clearhouse.store import journal, records, registers
from clearhouse.store.projection import record

MONTHS_BACK = 12  # that are looked at again each day; of older ones somebody asks

Entered = Mapping[tuple[str, str, date], datetime]  # when a licence was, by whose, class, beginning


@dataclass(frozen=True, slots=True)
class Due:
    """A return that somebody files, of a month."""

    who: ParticipantId
    month: date
    rule: Rule
    due_at: datetime

    @property
    def form(self) -> str:
        """The register that it is filed in."""
        assert self.rule.due is not None
        return self.rule.due.form

    @property
    def about(self) -> str:
        """What it is called."""
        return f"{self.form} {self.month:%Y-%m}"

    def is_late(self, at: datetime) -> bool:
        """Whether the deadline is over at an instant; its last second is still in time."""
        return at.replace(microsecond=0) > self.due_at


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of a return that is due."""

    due: Due
    filed_at: datetime | None  # for the first time
    breach: Breach | None
    reviews: tuple[Review, ...] = ()  # that are open
    judged: Assessment | None = None  # of a miner's return that was filed
    differs: Figures | None = None  # what the miner states above what its operators do


def dues(house: House, months: Sequence[date]) -> list[Due]:
    """The returns of some months that are due of anybody: by month, participant and rule.

    Args:
        months: Their first days; those that are not over yet are left out.
    """
    law = house.rulebook
    over = sorted(first for first in set(months) if month_after(first) <= house.today)
    asked = {first: law.returns(days_of_month(first)[-1]) for first in over}
    classes = {one for rules in asked.values() for rule in rules for one in rule.scope.classes}
    if not classes:
        return []
    able = {
        id: one
        for id, one in sorted(registers.participants(house.db).items())
        if any(licence.licence_class in classes for licence in one.licences)
    }
    entered = _entered(house, able)
    return [
        Due(id, first, rule, return_due_at(rule, first, law))
        for first in over
        for id, one in able.items()
        for rule in asked[first]
        if _is_asked(one, rule, first, entered)
    ]


def _entered(house: House, whose: Iterable[ParticipantId]) -> Entered:
    """When each licence was entered here."""
    return {
        (one.record.participant, one.record.licence_class, one.record.valid_from): one.recorded_at
        for one in reversed(records.versions(house.db, LICENCES, ids=whose))
    }


def _is_asked(one: Participant, rule: Rule, first: date, entered: Entered) -> bool:
    """Whether a rule asks a return of a month of a participant."""
    end = datetime.combine(month_after(first), time(), UTC)
    held = [
        licence
        for licence in one.licences
        if licence.licence_class in rule.scope.classes
        and entered[one.id, licence.licence_class, licence.valid_from] < end
    ]
    return any(
        licence.active(day) and rule.head.jurisdiction in one.attached(day)
        for licence in held
        for day in days_of_month(first)
    )


def months_back(today: date, count: int = MONTHS_BACK) -> list[date]:
    """The first days of the last months that are over, the newest last."""
    months = [today.replace(day=1)]
    for _ in range(count):
        months.append((months[-1] - timedelta(1)).replace(day=1))
    return months[:0:-1]


def find(house: House, months: Sequence[date]) -> int:
    """Record what is to be found of the returns of some months; answers how many facts.

    Each return is a transaction of its own, so that others come in between.
    """
    found = 0
    for due in dues(house, months):
        with house.db.transaction():
            journal.lock(house.db)
            now = house.now()
            one = _returned(house, due)
            facts = [*_breach(due, one, now), *_reviews(house, due, one, now)]
            record(house.db, facts, now, now)
            found += len(facts)
    return found


def _breach(due: Due, one: Returned, now: datetime) -> Iterator[tuple[str, Event]]:
    """What being late comes to, if nothing was said of it yet."""
    if one.breach is not None or not due.is_late(one.filed_at or now):
        return
    assert due.rule.due is not None
    fee = due.rule.due.late_fee
    units, currency = (fee.value, fee.type.of) if fee else (0, "")
    assert isinstance(units, int)
    about = (due.who, due.about, str(Broken.RETURN_LATE), due.due_at, now, units, currency)
    yield BREACHES.entered(Breach(*about, due.rule.id, due.rule.head.citation))


def _reviews(house: House, due: Due, one: Returned, now: datetime) -> Iterator[tuple[str, Event]]:
    """What is to be looked at, and was not raised with these figures."""
    raised = {each.code: each for each in _raised(house, due)}
    for outlier in one.judged.outliers if one.judged else ():
        before = raised.get(outlier.code)
        if before is None or before.detail != outlier.detail:
            said = (due.who, due.month, str(outlier.code), outlier.detail, now)
            yield REVIEWS.entered(Review(*said))


def _raised(house: House, due: Due) -> list[Review]:
    """The reviews of a month, open or not."""
    if due.form != MINER_RETURNS.name:
        return []
    ever: list[Review] = records.current(house.db, REVIEWS, ids=[due.who])
    return [one for one in ever if one.month == due.month]


def status(house: House, first: date) -> list[Returned]:
    """What became of each return of a month; nothing is written."""
    return [_returned(house, due) for due in dues(house, [first])]


def _returned(house: House, due: Due) -> Returned:
    db, key = house.db, f"{due.who}{KEY_GAP}{due.month}"
    told = records.versions(db, REGISTERS[due.form], "key", [key])
    filed_at = told[0].recorded_at if told else None
    about = KEY_GAP.join((due.who, due.about, due.rule.id))
    breaches: list[Breach] = records.current(db, BREACHES, "key", [about])
    breach = breaches[0] if breaches else None
    if due.form != MINER_RETURNS.name:
        return Returned(due, filed_at, breach)
    if not told:
        return Returned(due, None, breach, _open(house, due))
    said: MinerReturn = told[-1].record
    operators = _operators(house, said)
    judged = judge_month(said, _hashes(house, said), _metered(house, said, operators), operators)
    differs = None
    if isinstance(operators, Figures):
        differs = Figures(said.coin - operators.coin, said.energy - operators.energy)
    return Returned(due, filed_at, breach, _open(house, due), judged, differs)


def _open(house: House, due: Due) -> tuple[Review, ...]:
    """The reviews of a month of which no outcome was filed since they were raised."""
    raised = {REVIEWS.key_of(one): one for one in _raised(house, due)}
    at, out_at = _places(house, REVIEWS, raised), _places(house, REVIEW_OUTCOMES, raised)
    return tuple(one for key, one in raised.items() if out_at.get(key, 0) < at[key])


def _places(house: House, register: Register, keys: Iterable[str]) -> Mapping[str, int]:
    """Where in the journal the newest record under each key stands."""
    told = records.versions(house.db, register, "key", keys)
    return {register.key_of(one.record): one.position for one in told}


# What a miner's return is held against.


def _stated(house: House, said: MinerReturn) -> list[OperatorMiner]:
    """What operators whose returns are whole state of a miner's month."""
    month = [
        one
        for one in records.current(house.db, OPERATOR_MINERS, "miner", [said.miner])
        if one.month == said.month
    ]
    operators = {one.operator for one in month}
    heads = {
        one.operator: one
        for one in records.current(house.db, OPERATOR_RETURNS, ids=operators)
        if one.month == said.month
    }
    parts: defaultdict[ParticipantId, list[int]] = defaultdict(list)
    for each in records.current(house.db, OPERATOR_MINERS, ids=operators):
        if each.month == said.month:
            parts[each.operator].append(each.energy)
    return [  # parts that were filed anew must still come to the whole
        one
        for one in month
        if (head := heads.get(one.operator)) is not None
        and head.miners == len(parts[one.operator])
        and sum(parts[one.operator]) <= head.energy
    ]


def _operators(house: House, said: MinerReturn) -> Figures | Refusal:
    """What all operators state of a miner's month, if it mined with them alone."""
    stated = _stated(house, said)
    holders = {one.holder for one in sites_in(house, said.miner, said.month)}
    if not stated:
        return NotComparable(f"no operator's whole return states anything of {said.miner}")
    if others := holders - {one.operator for one in stated}:
        where = "at sites of its own" if said.miner in others else f"with {min(others)}"
        return NotComparable(f"{said.miner} mined {where}, too, of which no operator states")
    return Figures(sum(one.coin for one in stated), sum(one.energy for one in stated))


def _metered(house: House, said: MinerReturn, operators: Figures | Refusal) -> int | Refusal:
    """What the meters counted; where those are the operators', what these state."""
    try:
        return energy_of(house, said.miner, said.month.year, said.month.month)
    except MonthUnmeasured as unmeasured:
        return operators.energy if isinstance(operators, Figures) else unmeasured


def _hashes(house: House, said: MinerReturn) -> Hashes | Refusal:
    """What the machines of a miner's month can have done, as far as the network is recorded."""
    epochs = records.current(house.db, EPOCHS, ids=[house.network])
    try:
        return month_hashes(said.month, _rates(house, said), epochs)
    except Refusal as unknown:
        return unknown


def _rates(house: House, said: MinerReturn) -> Mapping[date, Fraction]:
    """By day, the GH/s of a miner's machines.

    Of a machine for which an operator states hours, these are spread evenly over the days on which
    it stood there; any other machine is taken to run all the time.
    """
    db = house.db
    own: list[Machine] = records.current(db, MACHINES, ids=[said.miner])
    machines = records.current(db, MACHINES, "serial", {one.serial for one in own})
    hours: list[OperatorMachine] = [
        one
        for one in records.current(db, OPERATOR_MACHINES, "serial", {one.serial for one in own})
        if one.month == said.month
    ]
    there = hosted(house, {one.operator for one in hours}, said.month)
    shares: dict[tuple[str, str, date], Fraction] = {}
    for one in hours:
        days = there.get(one.operator, {}).get((one.maker, one.serial), {})
        for day in days:
            shares[one.maker, one.serial, day] = Fraction(one.hours, len(days) * HOURS_A_DAY)
    rates: defaultdict[date, Fraction] = defaultdict(Fraction)
    for day in days_of_month(said.month):
        for each in in_force(MACHINES, machines, day):
            if each.miner == said.miner:
                share = shares.get((each.maker, each.serial, day), Fraction(1))
                rates[day] += each.hash_rate * share
    return rates
