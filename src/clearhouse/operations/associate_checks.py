"""What associates and vessels must agree with before they are entered, and what is told of them."""

from collections.abc import Mapping, Sequence

from clearhouse.core.associate import (
    ASSOCIATES,
    VESSELS,
    Associate,
    AssociateListed,
    UnknownAssociate,
    Vessel,
)
from clearhouse.core.participant import UnknownParticipant
from clearhouse.core.screening import NameUnscreenable, unscreenable
from clearhouse.operations.cases import CANNOT_SCREEN
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House
from clearhouse.operations.owners import Owners, named
from clearhouse.operations.screen import open_gate
from clearhouse.operations.screened import after_review
from clearhouse.store import registers


def _vessels(_: House, several: Sequence[Vessel]) -> list[Said]:
    wrong = [unscreenable(one.vessel, one.name) for one in several]
    return [Said([one] if one is not None else []) for one in wrong]


def _associates(house: House, several: Sequence[Associate]) -> list[Said]:
    """Both ends must be known; that somebody is listed is told, and entered: the gate stops."""
    admitted = registers.admitted(house.db, {one.participant for one in several})
    found = named(house, several)
    said = [Said() for _ in several]
    for one, answer in zip(several, said, strict=True):
        if one.participant not in admitted:
            answer.refusals.append(UnknownParticipant(f"{one.participant} is not admitted"))
        elif one.associate not in {**found.names, **found.dossiers}:
            detail = f"{one.associate} is no participant, entity, person or vessel here"
            answer.refusals.append(UnknownAssociate(detail, associate=one.associate))
    if several:
        _listed(house, found, several, said)
    return said


def _listed(
    house: House, found: Owners, several: Sequence[Associate], said: Sequence[Said]
) -> None:
    """Tell who is on a list, or that nobody can be compared now."""
    now = house.now()
    try:
        screen = open_gate(house).screen
        compared = found.compared(
            lambda subjects: after_review(house, screen, subjects, screen.same(subjects, now=now))
        )
    except (*CANNOT_SCREEN, NameUnscreenable) as refusal:
        for answer in said:
            answer.remarks.append(refusal)
        return
    for one, answer in zip(several, said, strict=True):
        if compared.matches.get(one.associate):
            detail = compared.said(one.associate)
            answer.remarks.append(AssociateListed(detail, associate=one.associate))


CHECKS: Mapping[str, Check] = {VESSELS.name: _vessels, ASSOCIATES.name: _associates}
