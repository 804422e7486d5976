"""Adoption: which edition of each sanctions list the house screens by, as facts of the journal.

The feeds hand in what stands in the house's folder. Before the gate screens by an edition that it
has not screened by before, the edition follows the one before it (`editions.check`) and is adopted;
what cannot follow is refused, both are recorded, and the gate stops until there is an edition that
can. So what was put into the folder by hand is judged like what was loaded.

    follows             adopted
    has lost too much   refused; adopted after all once two people have accepted that very edition
    is older            the same
    is gone             the gate stops; two people let a list go that is not mandatory

An acceptance is bound to the edition in force then: it lets nobody go back to an old edition later.
No acceptance reaches below `COUNTS_MIN`, or lets a mandatory list go.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from clearhouse.core.command import AcceptEdition
from clearhouse.core.editions import EditionDelta
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.screening import MANDATORY_LISTS, SanctionsList


class ListGone(Refusal):
    """A sanctions list that the house has screened by is not there any more."""

    code = "list.gone"
    kind = Kind.UNAVAILABLE


class ListMandatory(Refusal):
    """A mandatory sanctions list cannot be let go."""

    code = "list.mandatory"
    kind = Kind.FORBIDDEN


class EditionNotRefused(Refusal):
    """There is no such edition of the list that was refused: nothing waits to be accepted."""

    code = "list.not-refused"
    kind = Kind.UNKNOWN


class EditionAcceptedBefore(Refusal):
    """Two people have accepted this edition before."""

    code = "list.accepted-before"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class ListAdopted:
    """From now on the house screens by this edition of a list."""

    list_name: str
    version: str
    published_at: datetime
    before: str  # the version that it follows; "" if it is the list's first
    entries: int
    wallets: int
    added: int  # entries that are new, say something else, or are gone
    changed: int
    removed: int
    wallets_added: int
    wallets_changed: int
    wallets_removed: int
    proposal: str  # by which two people accepted it; "" where it follows by itself


@dataclass(frozen=True, slots=True)
class ListRefused:
    """An edition cannot follow the one that the house screens by, and is not screened by."""

    list_name: str
    version: str
    published_at: datetime
    before: str
    code: str
    said: str


@dataclass(frozen=True, slots=True)
class EditionAccepted:
    """Two people let an edition follow that was refused; or a list go."""

    list_name: str
    version: str  # "": the list is let go
    before: str  # the version that it may follow, and no other
    reason: str
    proposal: str


@dataclass(frozen=True, slots=True)
class EditionInForce:
    """What the house screens by, of one list."""

    version: str
    published_at: datetime

    def is_of(self, edition: SanctionsList) -> bool:
        """Whether an edition is this one."""
        return (edition.version, edition.published_at) == (self.version, self.published_at)


def need_all(known: Collection[str], lists: Collection[SanctionsList]) -> None:
    """Check that every list that the house has screened by is still there.

    Raises:
        ListGone: One is not.
    """
    for name in sorted(set(known) - {one.name for one in lists}):
        detail = f"{name} was screened by and is not there: put it back, or let it go by two people"
        raise ListGone(detail, list=name)


def adopted(edition: SanctionsList, delta: EditionDelta, proposal: str = "") -> ListAdopted:
    """The fact that an edition is screened by from now on."""
    return ListAdopted(
        edition.name,
        edition.version,
        edition.published_at,
        delta.before,
        len(edition.entries),
        len({(one.asset, one.address) for one in edition.wallets}),
        len(delta.added),
        len(delta.changed),
        len(delta.removed),
        len(delta.wallets_added),
        len(delta.wallets_changed),
        len(delta.wallets_removed),
        proposal,
    )


def need_acceptable(
    action: AcceptEdition,
    known: Mapping[str, EditionInForce],
    refused: Collection[tuple[str, str, str]],
) -> None:
    """Check that there is something to accept.

    Args:
        known: What the house screens by, by list.
        refused: List and version of what was refused, and the version in force then.

    Raises:
        ListMandatory, EditionNotRefused: There is not.
    """
    name, version = action.list_name, action.version
    if name in known and action.before != known[name].version:
        detail = f"{action.before[:12]!r} of {name} is not in force now"
        raise EditionNotRefused(f"{detail}: see `clearhouse lists history`", list=name)
    if version:
        if (name, version, action.before) not in refused:
            detail = f"no edition {version[:12]!r} of {name[:40]!r} was refused in this place"
            raise EditionNotRefused(f"{detail}: `clearhouse lists history` shows what was")
        return
    if name in MANDATORY_LISTS:
        raise ListMandatory(f"{name} is mandatory: nobody lets it go", list=name)
    if name not in known:
        raise EditionNotRefused(f"the house does not screen by {name[:40]!r}")
