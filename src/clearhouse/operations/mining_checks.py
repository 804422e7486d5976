"""What records of mining must agree with: licences, the law's regions, sites, meters and readings.

Checks as those of `register_checks`. Where a meter or a machine is, is one question for the whole
batch: of each thing, all that is known and all that is said now is put in order.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.mining.meters import Reading, ReadingDiffers, ReadingEarly, faults
from clearhouse.core.mining.records import (
    MACHINES,
    METERS,
    POOL_ACCOUNTS,
    READINGS,
    SITES,
    Machine,
    MachineElsewhere,
    Meter,
    MeterElsewhere,
    MeterReading,
    MeterUnknown,
    NotRegistered,
    PoolAccount,
    RegionUnknown,
    Site,
    SiteUnknown,
)
from clearhouse.core.participant import Participant, UnknownParticipant
from clearhouse.core.record import Register, in_force
from clearhouse.core.rulebook import Class
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House
from clearhouse.store import records, registers

HOLDERS = (Class.MINER, Class.OPERATOR)  # of sites
MINERS = (Class.MINER, Class.INDIVIDUAL)  # for whom a machine mines, and whose coin it is
DAY_AFTER = 1  # what is read at the beginning of it closes the day before


def _sites(house: House, several: Sequence[Site]) -> list[Said]:
    said = of_registered(house, [(one.holder, one.since) for one in several], HOLDERS)
    regions = house.rulebook.vocabulary.words("region")
    for one, answer in zip(several, said, strict=True):
        if one.region not in regions:
            known = ", ".join(regions) or "none"
            answer.refusals.append(RegionUnknown(f"{one.region}: the law has {known}"))
    return said


def _meters(house: House, several: Sequence[Meter]) -> list[Said]:
    said = [Said() for _ in several]
    _at_sites(house, several, said)
    held = records.current(house.db, METERS, "serial", {one.serial for one in several})
    for answer, detail in _torn(METERS, held, several, said):
        answer.refusals.append(MeterElsewhere(detail))
    return said


def _machines(house: House, several: Sequence[Machine]) -> list[Said]:
    said = of_registered(house, [(one.miner, one.since) for one in several], MINERS)
    _at_sites(house, several, said)
    held = records.current(house.db, MACHINES, "serial", {one.serial for one in several})
    for answer, detail in _torn(MACHINES, held, several, said):
        answer.refusals.append(MachineElsewhere(detail))
    return said


def _pool_accounts(house: House, several: Sequence[PoolAccount]) -> list[Said]:
    return of_registered(house, [(one.miner, one.since) for one in several], MINERS)


def of_registered(
    house: House, several: Sequence[tuple[ParticipantId, date]], classes: Collection[Class]
) -> list[Said]:
    """Check that each is admitted, and licensed as one of some classes on its day."""
    known = registers.participants(house.db, {who for who, _ in several})
    return [Said([*_unregistered(known.get(who), who, on, classes)]) for who, on in several]


def _unregistered(
    of: Participant | None, who: ParticipantId, on: date, classes: Collection[Class]
) -> Iterable[Refusal]:
    if of is None:
        yield UnknownParticipant(f"{who} is not admitted")
    elif detail := unlicensed(of, on, classes):
        yield NotRegistered(detail, participant=who)


def unlicensed(of: Participant, on: date, classes: Collection[Class]) -> str:
    """Say that somebody is licensed as none of some classes on a day; nothing if they are."""
    if any(one.licence_class in classes and one.active(on) for one in of.licences):
        return ""
    return f"{of.id} is not licensed as {' or '.join(classes)} on {on}"


def _at_sites(house: House, several: Sequence[Any], said: Sequence[Said]) -> None:
    """Check that the site of each is recorded for its first day."""
    by_site = _grouped(records.current(house.db, SITES, "site", {one.site for one in several}))
    for one, answer in zip(several, said, strict=True):
        if not in_force(SITES, by_site[one.site], one.since):
            detail = f"{one.site[:40]!r} is no site on {one.since}"
            answer.refusals.append(SiteUnknown(detail, site=one.site[:40]))


def _grouped(sites: Iterable[Site]) -> defaultdict[str, list[Site]]:
    found: defaultdict[str, list[Site]] = defaultdict(list)
    for one in sites:
        found[one.site].append(one)
    return found


def _torn(
    register: Register, held: Iterable[Any], several: Sequence[Any], said: Sequence[Said]
) -> Iterator[tuple[Said, str]]:
    """Whatever comes to another site and has not ended at the one before, and why not."""
    lines: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for one in known_then(register, held, several):
        lines[register.thing_of(one)].append(one)
    wrong: dict[str, str] = {}
    for thing in {register.thing_of(one) for one in several}:
        for before, after in pairwise(sorted(lines[thing], key=lambda one: one.since)):
            stays = before.until is None or before.until >= after.since
            if before.site != after.site and stays:
                detail = f"{thing[-1]} is at {before.site} on {after.since}: end that one first"
                wrong |= {register.key_of(one): detail for one in (before, after)}
    for one, answer in zip(several, said, strict=True):
        if register.key_of(one) in wrong:
            yield answer, wrong[register.key_of(one)]


def known_then(register: Register, held: Iterable[Any], several: Iterable[Any]) -> list[Any]:
    """What would be known if a batch were entered."""
    known = {register.key_of(one): one for one in held}
    return [*(known | {register.key_of(one): one for one in several}).values()]


def _readings(house: House, several: Sequence[MeterReading]) -> list[Said]:
    serials = {one.meter for one in several}
    places: defaultdict[str, list[Meter]] = defaultdict(list)
    for one in records.current(house.db, METERS, "serial", serials):
        places[one.serial].append(one)
    held: list[MeterReading] = records.current(house.db, READINGS, ids=serials)
    before = {READINGS.key_of(one): one for one in held}
    series: defaultdict[str, list[Reading]] = defaultdict(list)
    for one in known_then(READINGS, held, several):
        series[one.meter].append(one.counted())
    wrong = {reading: why for line in series.values() for reading, why in faults(line).items()}
    said = []
    for one in several:
        answer = Said([*_unplaced(one, places[one.meter], house.today)])
        answer.refusals += wrong.get(one.counted(), [])
        was = before.get(READINGS.key_of(one))
        if was is not None and was != one:
            detail = f"{one.counted()}, and {was.counted()} was said before: it is corrected"
            answer.remarks.append(ReadingDiffers(detail, meter=one.meter))
        said.append(answer)
    return said


def _unplaced(one: MeterReading, places: Iterable[Meter], today: date) -> Iterable[Refusal]:
    """Check that a reading is of a meter that is somewhere, on a day that has come."""
    if one.read_on > today:
        yield ReadingEarly(f"{one.counted()}, and it is {today}")
    if not any(
        place.since <= one.read_on
        and (place.until is None or (one.read_on - place.until).days <= DAY_AFTER)
        for place in places
    ):
        detail = f"{one.meter} is at no site on {one.read_on}"
        yield MeterUnknown(detail, meter=one.meter)


CHECKS: Mapping[str, Check] = {
    SITES.name: _sites,
    METERS.name: _meters,
    READINGS.name: _readings,
    MACHINES.name: _machines,
    POOL_ACCOUNTS.name: _pool_accounts,
}
