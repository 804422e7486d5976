"""Owners and associates as they were known at any place of the journal, to be asked again."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from clearhouse.core.associate import ASSOCIATES, VESSELS, Associate
from clearhouse.core.dossier import DossierErased
from clearhouse.core.hits import HIT_DECISIONS, Decisions, by_hit
from clearhouse.core.ids import ParticipantId
from clearhouse.core.owner import ENTITIES, HOLDINGS, PERSONS, on_day
from clearhouse.core.rulebook import Rulebook
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.operations.owners import (
    Judged,
    Owners,
    Screened,
    assembled,
    associates_on,
    bounds,
    ends_of,
)
from clearhouse.operations.past import Past
from clearhouse.operations.screened import Entities
from clearhouse.store import journal, owners, records


@dataclass
class PastOwners:
    """What was known of owners and associates, for one version of the law."""

    house: House
    past: Past
    law: Rulebook
    _owners: dict[tuple[int, date], Owners] = field(default_factory=dict)
    _judged: dict[tuple[object, ...], Judged] = field(default_factory=dict)
    _decided: dict[int, Decisions] = field(default_factory=dict)
    _entities: dict[int, Entities] = field(default_factory=dict)

    @cached_property
    def _changes(self) -> list[int]:
        return owners.changes(self.house.db)

    def era(self, position: int) -> int:
        """The number of the time between two changes that a place of the journal lies in."""
        return bisect_left(self._changes, position)

    def decisions(self, position: int) -> Decisions:
        """What two people had decided of hits before a place of the journal."""
        era = self.era(position)
        if era not in self._decided:
            several = records.known_at(self.house.db, HIT_DECISIONS, position - 1)
            self._decided[era] = by_hit(several)
        return self._decided[era]

    def entities(self, position: int) -> Entities:
        """Who was recorded as an owner of others before a place of the journal."""
        era = self.era(position)
        if era not in self._entities:
            several = records.known_at(self.house.db, ENTITIES, position - 1)
            self._entities[era] = {one.entity: one for one in several}
        return self._entities[era]

    def judged(self, position: int, on: date, lists: object, screen: Screened) -> Judged:
        """What they mean for participants, as of a place of the journal and a day.

        Args:
            lists: Which lists `screen` compares with.
        """
        key = (self.era(position), on, lists)
        if key not in self._judged:
            found = self._found(position, on)
            self._judged[key] = Judged(found, found.compared(screen), bounds(self.law, on))
        return self._judged[key]

    def acting(self, position: int, on: date) -> Mapping[str, Sequence[Associate]]:
        """Whom each participant acted through, as of a place of the journal and a day."""
        return self._found(position, on).associates

    def is_lost(self, party: str, position: int, on: date) -> bool:
        """Whether an owner or associate of a party, known at a place, was erased since."""
        found = self._found(position, on)
        above = found.nameless & found.behind(party) if found.nameless else frozenset[str]()
        subjects = {found.dossiers[id] for id in above if id in found.dossiers}
        erased = journal.of_kind(self.house.db, DossierErased, subjects) if subjects else []
        return any(entry.position > position for entry in erased)

    def _found(self, position: int, on: date) -> Owners:
        key = (self.era(position), on)
        if key not in self._owners:
            db = self.house.db
            held = on_day(records.known_at(db, HOLDINGS, position - 1), on)
            acting = associates_on(records.known_at(db, ASSOCIATES, position - 1), on)
            ids = set(map(ParticipantId, ends_of(held, acting)))
            parties = [
                self.past.party(id, position).participant
                for id in ids
                if self.past.is_entered(id, position)
            ]
            names = {str(one.id): one.all_names() for one in parties}
            seats = {str(one.id): {one.residence} for one in parties}
            for id, one in self.entities(position).items():
                # One that was admitted since has the names that it was admitted by, too.
                names[id] = tuple(dict.fromkeys((one.name, *names.get(id, ()))))
                seats[id] = {one.jurisdiction, *seats.get(id, ())}
            told = records.known_at(db, PERSONS, position - 1)
            persons = {one.entity: one.dossier for one in told if one.entity in ids}
            said = dossiers.read_many(self.house, sorted(persons.values()))
            vessels = records.known_at(db, VESSELS, position - 1)
            self._owners[key] = assembled(held, names, seats, persons, said, acting, vessels)
        return self._owners[key]
