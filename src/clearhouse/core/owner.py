"""Owners: who owns a participant, directly and through others, and what follows from it.

The graph has participants, other entities and natural persons; an edge is a share of the owned,
in parts per million, or control without one. Shares in one entity cannot come to more than the
whole. A ring of entities that own each other is recorded as it is said, since there are such, and
named to whoever enters it.

Of a natural person the register has a commitment; the name is in the person's dossier.

Source: OFAC FAQ 401 (50 % in aggregate, and an entity that is blocked counts whole for what it
owns); EU Best Practices on sanctions, 2024, 63-68 (more than 50 %, or control).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM
from clearhouse.core.participant import LeiWrong, parse_lei
from clearhouse.core.record import Decimals, OneOf, Register, dates_wrong, in_force

WHOLE = 1_000_000  # parts per million
COUNTRY_FORM = re.compile(r"[A-Z]{2}", re.ASCII)
PERSON, ENTITY = "prs", "ent"
DOSSIER_DIGITS = 24  # of a commitment, in the name of its dossier


class EntityWrong(Refusal):
    """An entity is known by an LEI, or by an id made by whoever records it."""

    code = "owner.entity-wrong"
    kind = Kind.MALFORMED


class UnknownEntity(Refusal):
    """An owner, or what is owned, is recorded nowhere."""

    code = "owner.unknown-entity"
    kind = Kind.UNKNOWN


class OwnsItself(Refusal):
    """An entity is said to own itself."""

    code = "owner.self"
    kind = Kind.MALFORMED


class HoldingEmpty(Refusal):
    """A holding is neither a share nor control."""

    code = "owner.holding-empty"
    kind = Kind.MALFORMED


class OverWhole(Refusal):
    """More than all of an entity would be owned."""

    code = "owner.over-whole"
    kind = Kind.CONFLICT


class Circular(Refusal):
    """Entities own each other in a ring; it is recorded, and held at the gate if it has no end."""

    code = "owner.circular"
    kind = Kind.CONFLICT


class PersonOwned(Refusal):
    """A natural person cannot be owned."""

    code = "owner.person-owned"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Entity:
    """A company, trust or state that owns, or acts for others, and takes no part itself."""

    entity: str
    kind: Annotated[str, OneOf(("company", "trust", "fund", "foundation", "state"))]
    name: str
    jurisdiction: str
    number: str = ""  # in the register of companies

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _named(self.entity, ENTITY)
        if not COUNTRY_FORM.fullmatch(self.jurisdiction):
            yield EntityWrong(f"jurisdiction: {self.jurisdiction[:20]!r}: two capitals, as XA")


@dataclass(frozen=True, slots=True)
class PersonOwner:
    """A natural person who owns or acts; what is personal is kept apart and can be erased."""

    entity: str
    name: str = ""
    born: str = ""
    nationality: str = ""
    commitment: str = ""

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from _named(self.entity, PERSON)
        # What is personal stands here whole, or in the dossier whole.
        if not self.name and (self.born or self.nationality or not self.commitment):
            yield EntityWrong("name: a person without one cannot be screened")

    @property
    def dossier(self) -> str:
        """Whose dossier says what is personal: each record has one of its own.

        So what is only proposed changes nothing of what is known.
        """
        return f"{self.entity}_{self.commitment[:DOSSIER_DIGITS]}"


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody owns of an entity, or that they control it."""

    owner: str
    owned: str
    share: Annotated[int, Decimals(4, "percent")]  # parts per million
    control: bool
    source: str  # the document, or the register, that says so
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        for column, id in (("owner", self.owner), ("owned", self.owned)):
            yield from _known_form(column, id)
        if self.owner == self.owned:
            yield OwnsItself(f"{self.owned} owns itself: leave the line out")
        if self.owned.startswith(f"{PERSON}_"):
            yield PersonOwned(f"{self.owned} is a natural person")
        if self.share > WHOLE:
            yield OverWhole(f"{percent(self.share)} of {self.owned}: at most 100 %")
        if not self.share and not self.control:
            yield HoldingEmpty("a share above 0, or control, or both")


def _named(id: str, prefix: str) -> Iterable[Refusal]:
    form = ID_FORM.fullmatch(id)
    if form is not None and form["prefix"] == prefix:
        return
    if prefix == ENTITY and form is None:
        yield from _known_form("entity", id)
    else:
        yield EntityWrong(f"entity: {id[:40]!r}: an id that begins with {prefix}_")


def _known_form(column: str, id: str) -> Iterable[Refusal]:
    form = ID_FORM.fullmatch(id)
    if form is not None and form["prefix"] in {PERSON, ENTITY}:
        return
    try:
        parse_lei(id)
    except LeiWrong as wrong:
        yield EntityWrong(f"{column}: {wrong.detail}; or an id that begins with ent_ or prs_")


ENTITIES = Register(
    "entity",
    Entity,
    "a legal entity that owns others, or that others act through",
    ("entity",),
    "entity",
)
PERSONS = Register(
    "person_owner",
    PersonOwner,
    "a natural person who owns others, or acts for them",
    ("entity",),
    "entity",
    personal=("name", "born", "nationality"),
)
HOLDINGS = Register(
    "holding",
    Holding,
    "what somebody owns of an entity, or that they control it",
    ("owner", "owned", "since"),
    "owned",
)


def percent(ppm: int) -> str:
    """Write parts per million as percent: 250000 is 25 %."""
    whole, part = divmod(ppm, 10_000)
    tail = f".{part:04}".rstrip("0") if part else ""
    return f"{whole}{tail} %"


def over_whole(holdings: Sequence[Holding]) -> dict[str, OverWhole]:
    """Find what would be owned by more than the whole on some day.

    Args:
        holdings: All that are known of some owned entities.

    Returns:
        A refusal by entity.
    """
    by_owned: defaultdict[str, list[Holding]] = defaultdict(list)
    for one in holdings:
        by_owned[one.owned].append(one)
    found = {}
    for owned, several in by_owned.items():
        for day in sorted({one.since for one in several}):
            total = sum(one.share for one in on_day(several, day))
            if total > WHOLE:
                detail = f"on {day} {percent(total)} of {owned} would be owned"
                found[owned] = OverWhole(detail, entity=owned)
                break
    return found


def on_day(holdings: Iterable[Holding], day: date) -> list[Holding]:
    """What holds on a day: of each owner and owned the newest that has begun, if it still holds."""
    found: list[Holding] = in_force(HOLDINGS, holdings, day)
    return found


def rings(holdings: Sequence[Holding], asked: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of some pairs of owner and owned, those on a ring: what is owned owns its owner, too."""
    owns: defaultdict[str, set[str]] = defaultdict(set)
    for one in holdings:
        owns[one.owner].add(one.owned)
    core = _core(owns)
    return {
        (owner, owned)
        for owner, owned in asked
        if owner in core and owned in core and _reaches(owns, owned, owner, core)
    }


def _core(owns: Mapping[str, set[str]]) -> set[str]:
    """What is left when entities that own nothing left, one after another, are taken away."""
    owners: defaultdict[str, list[str]] = defaultdict(list)
    left = {owner: len(several) for owner, several in owns.items()}
    for owner, several in owns.items():
        for owned in several:
            owners[owned].append(owner)
    free = [owned for owned in owners if owned not in left]
    while free:
        for owner in owners[free.pop()]:
            left[owner] -= 1
            if not left[owner]:
                free.append(owner)
    return {owner for owner, count in left.items() if count}


def _reaches(owns: Mapping[str, set[str]], start: str, end: str, core: set[str]) -> bool:
    seen, stack = {start}, [start]
    while stack:
        at = stack.pop()
        if at == end:
            return True
        new = (owns.get(at, set()) & core) - seen
        seen |= new
        stack += new
    return False
