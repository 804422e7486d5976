"""Ownership: what listed owners have of a participant, directly and through others.

Every owner above a participant is screened. It is owned by those listed when, all together, they
have the share that the law names or more, or control it: counted down the chain, where an entity
that is owned so counts whole for what it owns itself; or multiplied along all chains, where rings
of cross-holdings do not dilute what those outside them own. From a smaller share on a person looks
at it. Lists differ in what they ask; the strictest of all holds: half, or control.

Source: OFAC FAQ 398 to 402; EU Best Practices on sanctions, 2024, 62 to 69.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

import numpy as np
from numpy.typing import NDArray

from clearhouse.core.owner import WHOLE, Holding, percent
from clearhouse.core.screening import Grade, Match
from clearhouse.engines import ownership
from clearhouse.engines.ownership import UNIT, Graph

PER_MILLE = WHOLE // 1000
LINKS_MAX = 12  # that are told of a chain


class Degree(Enum):
    """What a participant's owners mean for it."""

    OWNED = auto()  # those listed own or control it
    POSSIBLY = auto()  # they would, if those who resemble somebody listed are them
    PARTLY = auto()  # they have so much of it that a person looks
    SLIGHTLY = auto()
    CLEARED = auto()  # two people found that an owner is another than the one listed
    LICENSED = auto()  # an authority lets the house deal with a listed owner
    UNSCREENED = auto()  # an owner cannot be screened
    UNRESOLVED = auto()  # owners of it own each other, and nobody else owns them
    NOT = auto()


@dataclass(frozen=True, slots=True)
class Stake:
    """What was found, and in words with what was compared."""

    degree: Degree
    said: str


@dataclass(frozen=True)
class Chart:
    """Who owns what on a day, as a graph of numbers."""

    ids: tuple[str, ...]
    graph: Graph
    number: Mapping[str, int] = field(repr=False)

    def above(self, party: str) -> frozenset[str]:
        """The owners of a party, direct and indirect."""
        if party not in self.number:
            return frozenset()
        found = ownership.above(self.graph, [self.number[party]]).entities.tolist()
        return frozenset(self.ids[at] for at in found) - {party}


def chart(holdings: Sequence[Holding]) -> Chart:
    """Draw the graph of holdings that hold on one day: at most one of each owner and owned."""
    # In one order, whatever order the register has them in.
    edges = sorted(holdings, key=lambda one: (one.owner, one.owned))
    ids = tuple(sorted({id for one in edges for id in (one.owner, one.owned)}))
    number = {id: place for place, id in enumerate(ids)}
    graph = ownership.graph(
        len(ids),
        np.array([number[one.owner] for one in edges], np.int64),
        np.array([number[one.owned] for one in edges], np.int64),
        np.array([one.share for one in edges], np.int64),
        np.array([one.control for one in edges], np.bool_),
    )
    return Chart(ids, graph, number)


@dataclass(frozen=True)
class Compared:
    """Owners as they were screened.

    Attributes:
        matches: What each resembles on a list, by the owner's id.
        shown: What each is called in words that stay: of a natural person the id.
        nameless: Those that cannot be screened: what was known of them was erased.
        cleared: What each resembled, and is not.
    """

    matches: Mapping[str, Sequence[Match]]
    shown: Mapping[str, str]
    nameless: frozenset[str] = frozenset()
    cleared: Mapping[str, Sequence[Match]] = field(default_factory=dict)

    def said(self, id: str) -> str:
        """Whom an owner was compared with."""
        return "; ".join(self._told(id, match) for match in self.matches[id])

    def said_cleared(self, id: str) -> str:
        """Whom an owner resembles, and is not."""
        return "; ".join(self._told(id, match) for match in self.cleared[id])

    def _told(self, id: str, match: Match) -> str:
        return match.told_of(self.shown.get(id, id))


@dataclass(frozen=True, slots=True)
class Bounds:
    """From which shares on, in parts per million."""

    owned: int
    looked_at: int


@dataclass(frozen=True)
class _Part:
    """The owners of one party, cut out of the chart."""

    graph: Graph
    party: int
    ids: tuple[str, ...]
    compared: Compared

    def mask(self, listed: Iterable[str]) -> NDArray[np.bool_]:
        """Who is listed; the party itself is judged for itself."""
        chosen = set(listed)
        mask = np.array([id in chosen for id in self.ids], np.bool_)
        mask[self.party] = False
        return mask

    def owned(self, listed: Sequence[str], bounds: Bounds) -> str:
        """Say how listed owners own or control the party; "" if they do not."""
        mask = self.mask(listed)
        found = ownership.cascade(self.graph, mask, bounds.owned, exclusive=False, control=True)
        if found.blocked[self.party]:
            links = ownership.chains(self.graph, found, self.party).tolist()
            told = [self._link(edge) for edge in links[:LINKS_MAX]]
            more = f"; and {len(links) - LINKS_MAX} more" if len(links) > LINKS_MAX else ""
            return "; ".join(told) + more
        share = self.share(mask)
        if share >= bounds.owned:
            return f"through all chains together they own {percent(share)} of {self.name()}"
        return ""

    def share(self, mask: NDArray[np.bool_]) -> int:
        """What listed owners have of the party through all chains, at most; parts per million."""
        high = int(ownership.attributed(self.graph, mask).high[self.party])
        return -(-high // (UNIT // WHOLE))

    def most(self, listed: Sequence[str], bounds: Bounds) -> int:
        """What listed owners have of the party, however it is counted; parts per million."""
        mask = self.mask(listed)
        found = ownership.cascade(self.graph, mask, bounds.owned, exclusive=False, control=True)
        return max(self.share(mask), int(found.aggregate[self.party]))

    def is_endless(self) -> bool:
        """Whether some of the owners own each other in a ring, and nobody else owns them."""
        firsts = np.ones(len(self.ids), np.bool_)  # those whom nobody owns
        firsts[self.graph.owned] = False
        found = ownership.cascade(self.graph, firsts, 1, exclusive=False, control=True)
        return not np.all(found.blocked)

    def name(self) -> str:
        """What the party is called."""
        id = self.ids[self.party]
        return self.compared.shown.get(id, id)

    def _link(self, edge: int) -> str:
        ends = (self.graph.owner[edge], self.graph.owned[edge])
        owner, owned = (self.ids[end] for end in ends)
        names = [self.compared.shown.get(id, id) for id in (owner, owned)]
        share = int(self.graph.share[edge])
        if not share:
            return f"{names[0]} controls {names[1]}"
        controls = " and controls it" if self.graph.control[edge] else ""
        return f"{names[0]} owns {percent(share)} of {names[1]}{controls}"


def stakes(whole: Chart, party: str, compared: Compared, bounds: Bounds) -> list[Stake]:
    """Look at the owners of a party.

    Args:
        whole: At least all owners above it.
        compared: How at least these were screened; those without a match resemble nobody.
        bounds: What the law says.

    Returns:
        What was found, the gravest first; empty where no owner is recorded.
    """
    if party not in whole.number:
        return []
    subset = ownership.above(whole.graph, [whole.number[party]])
    if len(subset.entities) == 1:
        return []
    ids = tuple(whole.ids[at] for at in subset.entities.tolist())
    part = _Part(ownership.cut(whole.graph, subset), ids.index(party), ids, compared)
    owners = [id for id in ids if id != party]
    hits = [id for id in owners if compared.matches.get(id)]
    found = [_judged(part, hits, bounds)] if hits else []
    if nameless := [id for id in owners if id in compared.nameless]:
        said = f"of {part.name()}, {', '.join(nameless)} cannot be screened: the dossier was erased"
        found.append(Stake(Degree.UNSCREENED, said))
    if not hits and not nameless:
        said = f"{len(owners)} owners of {part.name()}, direct and indirect, were compared"
        found.append(Stake(Degree.NOT, f"{said}: no match"))
    if part.is_endless():
        said = f"owners of {part.name()} own each other, and nobody else owns them"
        found.append(Stake(Degree.UNRESOLVED, said))
    return found


def _judged(part: _Part, hits: Sequence[str], bounds: Bounds) -> Stake:
    """What owners who are listed, or resemble those, have of the party."""
    compared = part.compared
    sure = [id for id in hits if any(one.grade is Grade.EXACT for one in compared.matches[id])]
    for degree, listed in ((Degree.OWNED, sure), (Degree.POSSIBLY, hits)):
        if listed and (how := part.owned(listed, bounds)):
            return Stake(degree, f"{how} ({'; '.join(map(compared.said, listed))})")
    share = part.most(hits, bounds)
    degree = Degree.PARTLY if share >= bounds.looked_at else Degree.SLIGHTLY
    whose = "; ".join(map(compared.said, hits))
    return Stake(degree, f"those who may be listed own {percent(share)} of {part.name()} ({whose})")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one list asks before what its entries own counts as listed.

    Attributes:
        share: In parts per million.
        exclusive: Whether it takes more than that; otherwise that much is enough.
        control: Whether control is enough, too.
    """

    share: int
    exclusive: bool
    control: bool


@dataclass(frozen=True, slots=True)
class Owned:
    """An entity of which listed owners have something.

    Attributes:
        blocked: Whether they own or control it, by the rule.
        direct: What owners who are blocked hold of it directly, in parts per million.
        attributed: What the listed have of it through all chains, at most, in parts per million.
    """

    id: str
    blocked: bool
    direct: int
    attributed: int


def owned_by(whole: Chart, listed: Iterable[str], rule: Rule) -> list[Owned]:
    """Find every entity of which listed owners have something, by a list's own rule.

    Args:
        whole: All holdings of a day.
        listed: Whom the list names, by id; those that own nothing change nothing.

    Returns:
        In the order of their ids, without the listed themselves.
    """
    mask = np.zeros(len(whole.ids), np.bool_)
    mask[[whole.number[id] for id in listed if id in whole.number]] = True
    found = ownership.cascade(
        whole.graph, mask, rule.share, exclusive=rule.exclusive, control=rule.control
    )
    high = -(-ownership.attributed(whole.graph, mask).high // (UNIT // WHOLE))
    concerned = np.flatnonzero((found.blocked | (high > 0)) & ~mask)
    return [
        Owned(whole.ids[at], bool(found.blocked[at]), int(found.aggregate[at]), int(high[at]))
        for at in concerned.tolist()
    ]


class Mark(StrEnum):
    """What stands beside an owner in a picture."""

    NONE = ""
    PARTY = "participant"
    OWNED = "owned by those listed"
    LISTED = "listed"
    POSSIBLY = "may be listed"


@dataclass(frozen=True, slots=True)
class Drawn:
    """The owners of one party, to be drawn: who, what each means, and the holdings between them."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    marks: tuple[Mark, ...]
    links: tuple[tuple[int, int, int, bool], ...]  # owner, owned, parts per million, control


def drawn(whole: Chart, party: str, compared: Compared, bounds: Bounds) -> Drawn:
    """Lay out the owners of a party as `stakes` looks at them."""
    if party not in whole.number:
        name = compared.shown.get(party, party)
        return Drawn((party,), (name,), (Mark.PARTY,), ())
    subset = ownership.above(whole.graph, [whole.number[party]])
    part = ownership.cut(whole.graph, subset)
    ids = tuple(whole.ids[at] for at in subset.entities.tolist())
    grades = {id: {one.grade for one in compared.matches.get(id, ())} for id in ids}
    mask = np.array([Grade.EXACT in grades[id] for id in ids], np.bool_)
    blocked = ownership.cascade(part, mask, bounds.owned, exclusive=False, control=True).blocked

    def mark(id: str, *, is_blocked: bool) -> Mark:
        if Grade.EXACT in grades[id]:
            return Mark.LISTED
        if is_blocked:
            return Mark.OWNED
        if grades[id]:
            return Mark.POSSIBLY
        return Mark.PARTY if id == party else Mark.NONE

    arrays = (part.owner, part.owned, part.share, part.control)
    return Drawn(
        ids,
        tuple(compared.shown.get(id, id) for id in ids),
        tuple(mark(id, is_blocked=each) for id, each in zip(ids, blocked.tolist(), strict=True)),
        tuple(zip(*(array.tolist() for array in arrays), strict=True)),
    )
