"""The registers as they were at any place of the journal, for decisions that are asked again."""

import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from clearhouse.core.associate import VESSELS, Vessel
from clearhouse.core.carriage import CARRIAGES, Aboard, Carriage
from clearhouse.core.gate import Finding
from clearhouse.core.held import HOLD_DECISIONS, Decisions, by_hold, reviewed
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    LEGAL_ENTITIES,
    LICENCES,
    OF_PARTY,
    Dealing,
    LegalEntity,
    LicenceHeld,
    as_recorded,
    licence_of,
    with_records,
)
from clearhouse.core.record import Register
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.travel_rule.records import TRAVEL_EXCHANGES, TRAVEL_RECORDS, VASPS
from clearhouse.operations.ask import Said, said_of
from clearhouse.operations.facts import Asked, Fixings, Party
from clearhouse.operations.house import House
from clearhouse.operations.linked import Windows
from clearhouse.operations.travelled import Told, told_of, vasps_on
from clearhouse.store import decisions, journal, obligations, records
from clearhouse.store.decisions import Decided
from clearhouse.store.records import Version

CHUNK = 20_000  # decisions
# Since which place in the journal something was known; a record takes the place of the one before
# under its key.
Known = tuple[int, str, Any]


@dataclass
class Past:
    """What was known, for one version of the law."""

    house: House
    law: Rulebook
    known: Mapping[str, Sequence[Known]]  # of each participant, in order
    fixed: Sequence[decisions.Fixed]
    holds: Mapping[str, Sequence[Version]]  # what was decided of each obligation's holds
    carried: Mapping[str, Sequence[Version]]  # what each obligation ships
    vessels: Mapping[str, Sequence[Version]]
    travel: Mapping[str, Sequence[Version]]  # each payment's Travel Rule record
    exchanges: Mapping[str, Sequence[Version]]  # what providers said of those
    vasps: Mapping[str, Sequence[Version]]
    _parties: dict[tuple[str, int], Party] = field(default_factory=dict)

    def party(self, id: ParticipantId, position: int) -> Party:
        """A participant with what was known of it before a place of the journal."""
        held = self.known.get(id, ())
        known = bisect_left(held, position, key=lambda one: one[0])
        if (id, known) not in self._parties:
            things = list({key: thing for _, key, thing in held[:known]}.values())
            one = replace(
                as_recorded([thing for thing in things if isinstance(thing, LegalEntity)]),
                licences=tuple(licence_of(one) for one in things if isinstance(one, LicenceHeld)),
                dealings=tuple(thing for thing in things if isinstance(thing, Dealing)),
            )
            self._parties[id, known] = Party(with_records(one, things), self.law.vocabulary)
        return self._parties[id, known]

    def is_entered(self, id: str, position: int) -> bool:
        """Whether somebody was a participant before a place of the journal."""
        held = self.known.get(id)  # of which the first is who they are
        return held is not None and held[0][0] < position

    def batches(self, made: Sequence[Decided]) -> Iterator[tuple[int, list[Decided]]]:
        """Neighbours that were decided on one day under as many rates, none of them twice."""
        batch: list[Decided] = []
        ids: set[str] = set()
        known, on = 0, date.min
        for one in made:
            rates = bisect_left(self.fixed, one.position, key=lambda fixed: fixed.position)
            asked, day = one.decision.obligation, one.decision.settles_on
            if batch and ((rates, day) != (known, on) or asked in ids):
                yield known, batch
                batch, ids = [], set()
            known, on = rates, day
            batch.append(one)
            ids.add(asked)
        if batch:
            yield known, batch

    def asked(self, made: Sequence[Decided]) -> list[Asked]:
        """What the gate was asked when it decided."""
        ids = {one.decision.obligation for one in made}
        found = obligations.by_ids(self.house.db, ids, self.house.assets)
        pairs = [(found[one.decision.obligation], one) for one in made]
        return [
            Asked(
                owed,
                self.party(owed.debtor, one.position),
                self.party(owed.creditor, one.position),
                one.recorded_at,
                one.decision.settles_on,
            )
            for owed, one in pairs
        ]

    def again(self, made: Sequence[Decided]) -> tuple[list[Asked], Said]:
        """What the law says of decisions, each with what was known then."""
        asked: list[Asked] = []
        findings: list[Finding] = []
        which: list[int] = []
        for rates, each in self.batches(made):
            fixings = Fixings(self.house.coin, self.fixed[:rates])
            batch = self.asked(each)
            carried = {str(one.decision.obligation): self.aboard(one) for one in each}
            said = said_of(Windows(self.house, self.law, fixings, batch), carried)
            which += [len(findings) + number for number in said.which]
            findings += said.findings
            asked += batch
        for place, one in enumerate(made):
            if decided := self.decided(one):
                finding = reviewed(findings[which[place]], one.decision.obligation, decided)
                which[place] = len(findings)
                findings.append(finding)
        return asked, Said(findings, which)

    def decided(self, made: Decided) -> Decisions:
        """What two people had decided of an obligation's holds when a decision was made."""
        return by_hold(_standing(self.holds.get(made.decision.obligation, ()), made.position))

    def aboard(self, made: Decided) -> list[Aboard]:
        """As `carriages`, each with its vessel; nothing was screened."""
        several, ships = self.carriages(made)
        return [Aboard(one, ships.get(one.vessel)) for one in several]

    def told(self, made: Decided) -> Told:
        """What was said of an obligation's Travel Rule record when a decision was made."""
        id, at = made.decision.obligation, made.position
        vasps = [one for said in self.vasps.values() for one in _standing(said, at)]
        return told_of(
            _standing(self.travel.get(id, ()), at),
            _standing(self.exchanges.get(id, ()), at),
            vasps_on(vasps, made.decision.settles_on),
        )

    def fixings(self, made: Decided) -> Fixings:
        """The reference rates that were known when a decision was made."""
        count = bisect_left(self.fixed, made.position, key=lambda fixed: fixed.position)
        return Fixings(self.house.coin, self.fixed[:count])

    def carriages(self, made: Decided) -> tuple[list[Carriage], dict[str, Vessel]]:
        """What an obligation shipped, and on which vessels, when a decision was made."""
        said = self.carried.get(made.decision.obligation, ())
        several: list[Carriage] = list(_standing(said, made.position))
        ids = {one.vessel for one in several if one.vessel}
        ships = {id: _standing(self.vessels[id], made.position) for id in ids}
        return several, {id: ship for id, (ship,) in ships.items()}


def _standing(told: Iterable[Version], position: int) -> tuple[Any, ...]:
    """Of what was ever said, what stood before a place of the journal."""
    return tuple(
        one.record for one in told if one.position < position < (one.replaced_at or sys.maxsize)
    )


def past(house: House, law: Rulebook) -> Past:
    """What was known when, to be asked under a version of the law."""
    known: dict[str, list[Known]] = defaultdict(list)
    for one in records.versions(house.db, LEGAL_ENTITIES):  # each adds to what it was called
        known[one.record.participant].append((one.position, f"head {one.position}", one.record))
    for position, of in decisions.dealings(house.db):
        evidence = (of.list_name, of.entity, of.authority, of.document)
        dealing = Dealing(*evidence, of.valid_from, of.valid_to, of.proposal)
        known[of.participant].append((position, f"dealing {position}", dealing))
    for register in (LICENCES, *OF_PARTY):
        for said in records.versions(house.db, register):
            key = f"{register.name} {register.key_of(said.record)}"
            known[said.record.participant].append((said.position, key, said.record))
    for several in known.values():
        several.sort(key=lambda one: one[0])
    fixed = decisions.fixings(house.db, house.coin)
    holds, carried, vessels, travel, exchanges, vasps = (
        _by_what(house, one)
        for one in (HOLD_DECISIONS, CARRIAGES, VESSELS, TRAVEL_RECORDS, TRAVEL_EXCHANGES, VASPS)
    )
    return Past(house, law, known, fixed, holds, carried, vessels, travel, exchanges, vasps)


# Of whom or what a record tells that is looked for by another field than whose it is.
BY = {TRAVEL_RECORDS.name: "obligation"}


def _by_what(house: House, register: Register) -> dict[str, list[Version]]:
    """All that was ever said in a register, by whose it is or what it is about."""
    found: dict[str, list[Version]] = defaultdict(list)
    by = BY.get(register.name, register.about)
    for one in records.versions(house.db, register):
        found[getattr(one.record, by)].append(one)
    return found


def chunks(house: House, days: int) -> Iterator[list[Decided]]:
    """The decisions of the last days, in order."""
    since, after = house.now() - timedelta(days=days), 0
    until = journal.head(house.db)  # what is recorded meanwhile is for the next time
    while made := decisions.decided(house.db, since, (after, until), CHUNK):
        yield made
        after = made[-1].position


def count(house: House, days: int) -> int:
    """How many decisions there are to ask again."""
    return decisions.count(house.db, house.now() - timedelta(days=days))
