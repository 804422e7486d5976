"""Whom the house screens, and what is found of them after what two people decided of hits."""

from collections.abc import Sequence
from datetime import datetime

from clearhouse.core.associate import Vessel
from clearhouse.core.editions import digest_of
from clearhouse.core.hits import HIT_DECISIONS, Decisions, Screening, by_hit, reviewed
from clearhouse.core.listed import Identifier, IdentifierKind
from clearhouse.core.participant import LEI_FORM, Participant
from clearhouse.core.screening import Match, Screen, Subject
from clearhouse.operations.house import House
from clearhouse.store import records


def of_party(party: Participant) -> Subject:
    """A participant as it is screened."""
    return of_entity(party.id, party.all_names())


def of_entity(id: str, names: Sequence[str]) -> Subject:
    """A legal entity as it is screened: an id that is an LEI is one of its numbers."""
    numbers = (Identifier(IdentifierKind.LEI, id),) if LEI_FORM.fullmatch(id) else ()
    return Subject(id, tuple(names), identifiers=numbers)


def of_vessel(one: Vessel) -> Subject:
    """A ship as it is screened: by its name, and by its IMO number if it has one."""
    return Subject(one.vessel, (one.name,), identifiers=of_imo(one.imo))


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
