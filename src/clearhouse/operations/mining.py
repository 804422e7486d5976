"""A month of mining: where somebody mines, what their meters counted, and what the law says of it.

The law is asked of every day and site of the month, as of a payment that the miner makes to itself:
so a season that begins on the 15th forbids from the 15th on, each day has the licences of that day,
and an exemption is of the site that has it and of no other. What is not measured or not recorded is
not known, and the law holds what it cannot tell.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from clearhouse.core.calendar import Eras
from clearhouse.core.gate import Finding, Verdict, judge_law
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import MonthUnmeasured, Reading, days_of_month, month_after, used
from clearhouse.core.mining.records import (
    MACHINES,
    METERS,
    READINGS,
    SITES,
    Machine,
    Meter,
    Site,
)
from clearhouse.core.participant import Participant, UnknownParticipant
from clearhouse.core.record import in_force
from clearhouse.core.rulebook import Answer, Matters, Rulebook, days_of
from clearhouse.core.rulebook.matters import DTYPES
from clearhouse.core.rulebook.vocabulary import OF_PARTY, PARTIES
from clearhouse.engines.formula import Column
from clearhouse.operations.facts import Party
from clearhouse.operations.house import House
from clearhouse.store import records, registers

A_DAY = timedelta(days=1)
Known = int | None  # as a column has it; None is what is not known


@dataclass(frozen=True, slots=True)
class Asked:
    """What the law says of some days at one site: the same of each."""

    finding: Finding
    site: str  # its id; empty where no site is recorded
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """What the law says of a month of mining."""

    who: ParticipantId
    energy: int | None  # hundredths of a kWh; None if it is not measured
    asked: tuple[Asked, ...]

    @property
    def verdict(self) -> Verdict:
        """The strictest of all days and sites."""
        return max(one.finding.verdict for one in self.asked)


@dataclass(frozen=True)
class _Mines:
    """All that is recorded of where somebody mines."""

    who: ParticipantId
    sites: Sequence[Site]  # every record of those that were ever theirs, or had machines of theirs
    machines: Sequence[Machine]
    meters: Sequence[Meter]  # every record of those that were ever at one of them
    by_era: dict[int, list[Site]] = field(default_factory=dict)

    @cached_property
    def eras(self) -> Eras:
        """The times between which no site and no machine comes or goes."""
        dated: list[Site | Machine] = [*self.sites, *self.machines]
        return Eras((one.since, one.until) for one in dated)

    def sites_on(self, on: date) -> list[Site]:
        """The sites that they hold on a day, and those where they have machines."""
        era = self.eras.of(on)
        if era not in self.by_era:
            machines = in_force(MACHINES, self.machines, on)
            placed = {one.site for one in machines if one.miner == self.who}
            held = in_force(SITES, self.sites, on)
            self.by_era[era] = [one for one in held if one.holder == self.who or one.site in placed]
        return self.by_era[era]

    def metered(self, first: date, following: date) -> dict[str, tuple[date, date]]:
        """The meters that count for them in a month, and from which day to which, by serial.

        A meter counts where it is on the 1st, or, if it is nowhere then, where it comes first.

        Raises:
            MonthUnmeasured: There is none, or a site without one, or a machine under another's.
        """
        sites = {one for day in days_of_month(first) for one in self.sites_on(day)}
        lines: defaultdict[str, list[Meter]] = defaultdict(list)
        for one in self.meters:
            lines[one.serial].append(one)
        placed = {serial: _placed(line, first, following) for serial, line in lines.items()}
        self._need_meters(sites, {one.site for several in placed.values() for one in several})
        found = {}
        for serial, several in sorted(placed.items()):
            start = max(first, several[0].since) if several else following
            if several and self._holds(several[0].site, start):
                found[serial] = (start, _closing(lines[serial], following))
        if not found:
            detail = f"no meter counts for {self.who} from the 1st or from within the month"
            raise MonthUnmeasured(detail, participant=self.who)
        return found

    def _need_meters(self, sites: Iterable[Site], metered: Collection[str]) -> None:
        """Check that meters of their own count all that they mine with."""
        theirs = {one.site for one in sites if one.holder == self.who}
        others = {one.site for one in sites if one.holder != self.who}
        if others:
            detail = f"{self.who} has machines at {min(others)}, whose meters count for its holder"
            raise MonthUnmeasured(detail, participant=self.who, site=min(others))
        if not theirs:
            raise MonthUnmeasured(f"{self.who} holds no site then", participant=self.who)
        if bare := theirs - {*metered}:
            detail = f"{min(bare)} has no meter then"
            raise MonthUnmeasured(detail, participant=self.who, site=min(bare))

    def _holds(self, site: str, on: date) -> bool:
        return any((one.site, one.holder) == (site, self.who) for one in self.sites_on(on))


def _placed(line: Sequence[Meter], first: date, following: date) -> list[Meter]:
    """Where a meter is on the 1st, and wherever it comes within the month."""
    days = sorted(one.since for one in line if first < one.since < following)
    return [one for day in (first, *days) for one in in_force(METERS, line, day)]


def _closing(line: Sequence[Meter], following: date) -> date:
    """The day at whose beginning a meter is read: the next 1st, or when it was taken off."""
    last = following
    while not in_force(METERS, line, last - A_DAY):
        last -= A_DAY
    return last


def _mines(house: House, who: ParticipantId) -> _Mines:
    db = house.db
    own: list[Machine] = records.current(db, MACHINES, ids=[who])
    machines = records.current(db, MACHINES, "serial", {one.serial for one in own})
    held: list[Site] = records.current(db, SITES, ids=[who])
    ids = {one.site for one in held} | {one.site for one in own}
    sites = records.current(db, SITES, "site", ids)
    placed: list[Meter] = records.current(db, METERS, "site", ids)
    meters = records.current(db, METERS, "serial", {one.serial for one in placed})
    return _Mines(who, sites, machines, meters)


def sites_of(house: House, who: ParticipantId, on: date) -> list[Site]:
    """The sites that a participant holds on a day, and those where it has machines."""
    return _mines(house, who).sites_on(on)


def sites_in(house: House, who: ParticipantId, first: date) -> list[Site]:
    """As `sites_of`, on any day of the month that begins on `first`; each record once."""
    mines = _mines(house, who)
    days = days_of_month(first)
    return list(dict.fromkeys(site for day in days for site in mines.sites_on(day)))


def energy_by_meter(house: House, who: ParticipantId, year: int, month: int) -> dict[str, int]:
    """What each meter at a participant's own sites counted in a month, in hundredths of a kWh.

    Raises:
        MonthUnmeasured: The month is not over, a meter was not read at its beginning or its end, or
            meters of its own do not count all that it mined with.
    """
    return _counted(house, _mines(house, who), date(year, month, 1))


def energy_of(house: House, who: ParticipantId, year: int, month: int) -> int:
    """What a participant mined with in a month, in hundredths of a kWh.

    Raises:
        MonthUnmeasured: As `energy_by_meter`.
    """
    return sum(energy_by_meter(house, who, year, month).values())


def _counted(house: House, mines: _Mines, first: date) -> dict[str, int]:
    following = month_after(first)
    if following > house.today:
        raise MonthUnmeasured(f"it ends when {following} begins, and it is {house.today}")
    spans = mines.metered(first, following)
    series: defaultdict[str, list[Reading]] = defaultdict(list)
    for one in records.current(house.db, READINGS, ids=spans):
        series[one.meter].append(one.counted())
    found = {}
    for serial, (start, end) in spans.items():
        try:
            found[serial] = used(series[serial], start, end, house.today)
        except MonthUnmeasured as unread:
            raise MonthUnmeasured(f"{serial}: {unread.detail}", meter=serial) from unread
    return found


def ask_month(
    house: House, who: ParticipantId, year: int, month: int, energy: int | None = None
) -> Month:
    """Ask the law about a month of a participant's mining.

    Args:
        energy: Hundredths of a kWh, as somebody states it; what the meters counted if None.

    Raises:
        UnknownParticipant: Nobody is admitted under this id.
    """
    found = registers.participants(house.db, [who])
    if who not in found:
        raise UnknownParticipant(f"{who} is not admitted", participant=who)
    mines, first = _mines(house, who), date(year, month, 1)
    if energy is None:
        try:
            energy = sum(_counted(house, mines, first).values())
        except MonthUnmeasured:
            energy = None
    if energy is not None:  # what passes the most that can be stays above every limit
        energy = min(energy, OF_PARTY["energy"].high)
    days = days_of_month(first)
    mined: list[tuple[date, Site | None]] = [
        (day, site) for day in days for site in mines.sites_on(day)
    ]
    return Month(
        who, energy, _judged(found[who], mined or [(day, None) for day in days], energy, house)
    )


def _judged(
    who: Participant, mined: Sequence[tuple[date, Site | None]], energy: Known, house: House
) -> tuple[Asked, ...]:
    law = house.rulebook
    judged = law.judge.judge(_matters(Party(who, law.vocabulary), mined, energy, law))
    alike: defaultdict[tuple[str, int, int], list[date]] = defaultdict(list)
    for pattern, answer, (day, site) in zip(
        judged.patterns.tolist(), judged.answers.tolist(), mined, strict=True
    ):
        alike[site.site if site else "", pattern, answer].append(day)
    corridor = f"{who.residence}>{who.residence}"
    return tuple(
        Asked(judge_law(corridor, judged.came(pattern), Answer(answer), law), at, tuple(several))
        for (at, pattern, answer), several in alike.items()
    )


def _facts(site: Site | None, energy: Known, law: Rulebook) -> Mapping[str, Known]:
    """What is known of a day of mining at a site, beside whose it is."""
    if site is None:
        return {"energy": energy, "power": None, "isolated": None, "regions": None}
    words = law.vocabulary
    known = site.region in words.words("region")  # the law may have lost it
    return {
        "energy": energy,
        "power": words.code("power", site.power),
        "isolated": int(site.isolated),
        "regions": words.mask("region", [site.region]) if known else None,
    }


def _matters(
    party: Party, mined: Sequence[tuple[date, Site | None]], energy: Known, law: Rulebook
) -> Matters:
    """Days of mining as payments in coin, with the miner on both sides."""
    words, count = law.vocabulary, len(mined)
    days = [day for day, _ in mined]
    facts = [_facts(site, energy, law) for _, site in mined]
    known = {
        "transaction": Column(np.full(count, words.code("transaction", "mining"), np.uint8)),
        "asset": Column(np.full(count, words.code("asset", "coin"), np.uint8)),
        "traded_on": Column(days_of(days)),
        "settles_on": Column(days_of(days)),
    }
    own = {
        "residence": Column(np.full(count, party.home, np.uint8)),
        "jurisdictions": Column(np.array([party.attached(day, day) for day in days], np.uint64)),
        "licences": Column(np.array([party.licences(day) for day in days], np.uint64)),
    }
    for name in facts[0]:
        own[name] = _column(name, [one[name] for one in facts])
    for side in PARTIES:
        known |= {f"{side}.{name}": column for name, column in own.items()}
    return Matters(count, known)


def _column(name: str, values: Iterable[Known]) -> Column:
    several = list(values)
    filled = np.array([value or 0 for value in several], DTYPES[OF_PARTY[name].type.sort])
    unknown = np.array([value is None for value in several], np.bool_)
    return Column(filled, unknown if unknown.any() else None)
