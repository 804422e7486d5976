"""Involvement: what it means for a participant that whom it acts through is listed.

A payment that goes through the hands of somebody listed is denied: through their bank, platform,
vessel or agent. Somebody listed who directs a company or signs for it does not block it by that, so
people look: what did they sign, and what has the company to do with them? An associate counts as
listed, too, when those listed own it as they would own a participant (`ownership`).

Source: OFAC FAQ 398 (control alone does not block), 400 (caution where a blocked person is an
executive; no contract that one has signed), 401 (half of it does block).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from clearhouse.core.associate import OFFICERS, Associate, Role
from clearhouse.core.ownership import Bounds, Chart, Compared, Degree, stakes
from clearhouse.core.screening import Grade


class Part(Enum):
    """What an associate of a participant means for it."""

    THROUGH = auto()  # it is listed, and the participant deals through it
    OFFICER = auto()  # it is listed, and directs the participant or signs for it
    POSSIBLY = auto()  # it may be listed, or those listed may own it
    UNSCREENED = auto()  # it cannot be screened
    CLEARED = auto()  # two people found that it is another than the one listed
    LICENSED = auto()  # an authority lets the house deal with it
    NOT = auto()  # none of them is listed


@dataclass(frozen=True, slots=True)
class Involvement:
    """What was found, and in words with what was compared."""

    part: Part
    said: str


HELD = frozenset({Degree.POSSIBLY, Degree.PARTLY, Degree.UNSCREENED, Degree.UNRESOLVED})


def involvements(
    name: str,
    several: Iterable[Associate],
    whole: Chart,
    compared: Compared,
    licensed: Compared,
    bounds: Bounds,
) -> list[Involvement]:
    """Look at whom a participant acts through.

    Args:
        name: What the participant is called.
        several: Those that hold on one day.
        whole: At least all owners above them.
        compared: How at least these, and those owners, were screened.
        licensed: What an authority lets the house deal with; it is not in `compared`.
        bounds: From which shares on the law looks at their owners.

    Returns:
        What was found of each, in one order; empty where no associate is recorded.
    """
    # In one order, whatever order the register has them in.
    asked = sorted(several, key=lambda one: (one.associate, one.role))
    found = [
        each
        for one in asked
        for each in _of_one(_told(name, one, compared), one, whole, compared, licensed, bounds)
    ]
    if asked and not found:
        said = f"{len(asked)} whom {name} acts through were compared: no match"
        found.append(Involvement(Part.NOT, said))
    return found


def _told(name: str, one: Associate, compared: Compared) -> str:
    shown = compared.shown.get(one.associate, one.associate)
    return f"{shown} is {one.role} of {name} since {one.since}"


def _of_one(
    told: str,
    one: Associate,
    whole: Chart,
    compared: Compared,
    licensed: Compared,
    bounds: Bounds,
) -> Iterator[Involvement]:
    id = one.associate
    if matches := compared.matches.get(id):
        sure = any(match.grade is Grade.EXACT for match in matches)
        yield Involvement(_sure(one) if sure else Part.POSSIBLY, f"{told}: {compared.said(id)}")
    if id in compared.nameless:
        said = f"{told}: it cannot be screened, since the dossier was erased"
        yield Involvement(Part.UNSCREENED, said)
    for stake in stakes(whole, id, compared, bounds):
        if stake.degree is Degree.OWNED:
            yield Involvement(_sure(one), f"{told}: {stake.said}")
        elif stake.degree in HELD:
            yield Involvement(Part.POSSIBLY, f"{told}: {stake.said}")
    if id in compared.cleared:
        yield Involvement(Part.CLEARED, f"{told}: {compared.said_cleared(id)}")
    if licensed.matches.get(id):
        yield Involvement(Part.LICENSED, f"licensed for dealings: {told}: {licensed.said(id)}")


def _sure(one: Associate) -> Part:
    return Part.OFFICER if Role(one.role) in OFFICERS else Part.THROUGH
