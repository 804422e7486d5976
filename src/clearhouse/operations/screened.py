"""Whom the house screens, and what is found of them after what two people decided of hits.

Whoever has one id is one subject, wherever it is screened: a participant that is an owner of others
too has the names and seats of both records, so that what is decided of it holds for it as both.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from clearhouse.core.associate import Vessel
from clearhouse.core.editions import digest_of
from clearhouse.core.hits import HIT_DECISIONS, Decisions, Screening, by_hit, reviewed
from clearhouse.core.listed import Category, Identifier, IdentifierKind
from clearhouse.core.owner import ENTITIES, Entity
from clearhouse.core.participant import LEI_FORM, Participant
from clearhouse.core.screening import Known, Match, Screen, Subject, born
from clearhouse.operations.house import House
from clearhouse.store import records

Entities = Mapping[str, Entity]  # by id


def entities(house: House, ids: Collection[str]) -> Entities:
    """Those of some ids that are recorded as owners of others, now."""
    found = records.current(house.db, ENTITIES, ids=sorted(ids)) if ids else []
    return {one.entity: one for one in found}


def of_party(party: Participant, owners: Entities) -> Subject:
    """A participant as it is screened.

    Args:
        owners: At least itself, if it is recorded as an owner of others.
    """
    names, seats = [*party.all_names()], [party.residence]
    if (owner := owners.get(party.id)) is not None:
        names, seats = [owner.name, *names], [owner.jurisdiction, *seats]
    return of_entity(party.id, names, seats)


def of_entity(id: str, names: Iterable[str], seats: Iterable[str]) -> Subject:
    """A legal entity as it is screened: an id that is an LEI is one of its numbers.

    Args:
        seats: The jurisdictions where it resides or is registered.
    """
    numbers = (Identifier(IdentifierKind.LEI, id),) if LEI_FORM.fullmatch(id) else ()
    known = Known(Category.ORGANISATION, countries=tuple(sorted({*seats} - {""})))
    return Subject(id, tuple(dict.fromkeys(names)), identifiers=numbers, known=known)


def of_person(id: str, kept_in: str, said: Mapping[str, str]) -> Subject:
    """A natural person as it is screened.

    Args:
        kept_in: The dossier that has what is personal.
        said: What it says.
    """
    nations = (said["nationality"],) if said.get("nationality") else ()
    known = Known(Category.PERSON, born(said.get("born", "")), nations)
    return Subject(id, (said["name"],), kept_in, known=known)


def of_vessel(one: Vessel) -> Subject:
    """A ship as it is screened: by its name, and by its IMO number if it has one."""
    known = Known(Category.VESSEL, countries=(one.flag,) if one.flag else ())
    return Subject(one.vessel, (one.name,), identifiers=of_imo(one.imo), known=known)


def of_imo(number: str) -> tuple[Identifier, ...]:
    """A ship's number to be screened by, if there is one."""
    return (Identifier(IdentifierKind.IMO, number),) if number else ()


def reviewed_now(
    house: House, screen: Screen, subjects: Sequence[Subject], now: datetime
) -> list[Screening]:
    """Screen some subjects, under what is decided now; refuses as `Screen.screen` does."""
    return after_review(house, screen, subjects, screen.screen(subjects, now=now))


def reviewed_then(
    screen: Screen, subjects: Sequence[Subject], decisions: Decisions, now: datetime
) -> list[Screening]:
    """Screen some subjects, under what was decided once."""
    return _reviewed(screen, subjects, screen.screen(subjects, now=now), decisions)


def after_review(
    house: House,
    screen: Screen,
    subjects: Sequence[Subject],
    found: Sequence[Sequence[Match]],
) -> list[Screening]:
    """What was found of some subjects, under what is decided now."""
    hit = sorted({subject.id for subject, each in zip(subjects, found, strict=True) if each})
    decisions = by_hit(records.current(house.db, HIT_DECISIONS, ids=hit)) if hit else {}
    return _reviewed(screen, subjects, found, decisions)


def _reviewed(
    screen: Screen,
    subjects: Sequence[Subject],
    found: Sequence[Sequence[Match]],
    decisions: Decisions,
) -> list[Screening]:
    return reviewed(subjects, found, decisions, lambda match: digest_of(screen.entry(match)))
