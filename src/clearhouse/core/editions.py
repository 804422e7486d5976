"""`EditionDelta`: what a new edition of a sanctions list adds, changes and no longer has.

Entries are compared by their number, by the hash of all that the list says of them; wallets by
asset and address. Re-screening asks for the delta: whom a new or changed entry may concern, and
which hits have lost their entry.

`check` refuses an edition that is older than the one in force, or that has lost more of its entries
or of its wallets than a share. A list that was cut off at a row's end looks whole; that it shrinks
shows. An entry counts as lost when its number is gone, whatever came in its place, so that another
list under the same name is refused, too.

    how much it may lose   the smaller of SHRINK_MAX and the share asked for, in per mille

Rounding is against the new edition: one entry more than the share is too many.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.listed import (
    Birth,
    Category,
    Gender,
    Identifier,
    IdentifierKind,
    ListedName,
    Quality,
    Role,
)
from clearhouse.core.rulebook import STANDARDS
from clearhouse.core.screening import ListedEntity, ListedWallet, SanctionsList

SHRINK_MAX: Final = STANDARDS["screening.list-shrink"].core


class ListShrunken(Refusal):
    """A new edition of a sanctions list has lost more than it may."""

    code = "list.shrunken"
    kind = Kind.CONFLICT


class ListRegressed(Refusal):
    """An edition of a sanctions list is older than the one in force."""

    code = "list.regressed"
    kind = Kind.CONFLICT


class ListOther(Refusal):
    """Two editions that are compared are of two lists."""

    code = "list.other"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class EditionDelta:
    """What differs between two editions of a list; numbers and wallets are in order."""

    list_name: str
    before: str  # the version in force; "" where there is none
    after: str
    added: tuple[str, ...] = ()  # numbers of entries
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    wallets_added: tuple[ListedWallet, ...] = ()
    wallets_changed: tuple[ListedWallet, ...] = ()  # said to be somebody else's; as they are now
    wallets_removed: tuple[ListedWallet, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the editions say the same."""
        entries = (self.added, self.changed, self.removed)
        return not any((*entries, self.wallets_added, self.wallets_changed, self.wallets_removed))


def check(
    new: SanctionsList, in_force: SanctionsList | None, *, shrink_max: int = SHRINK_MAX
) -> EditionDelta:
    """Compare a new edition with the one in force, and refuse one that cannot follow it.

    Args:
        new: As it was read.
        in_force: None for the first edition of a list, which nothing can be said of.
        shrink_max: Per mille of its entries, and of its wallets, that a list may lose; more than
            `SHRINK_MAX` is taken for `SHRINK_MAX`.

    Raises:
        ListOther, ListRegressed, ListShrunken: In this precedence.
    """
    if in_force is not None:
        _check_order(new, in_force)
    delta = compare(new, in_force)
    if in_force is not None:
        share = max(0, min(shrink_max, SHRINK_MAX))
        _check_share(new.name, "entries", len(delta.removed), len(in_force.entries), share)
        wallets = len(_by_address(in_force))
        _check_share(new.name, "wallets", len(delta.wallets_removed), wallets, share)
    return delta


def compare(new: SanctionsList, in_force: SanctionsList | None) -> EditionDelta:
    """Say what differs between two editions, and judge nothing.

    Raises:
        ListOther: They are of two lists.
    """
    if in_force is not None and new.name != in_force.name:
        raise ListOther(f"{new.name} does not follow {in_force.name}", list=new.name)
    before = {} if in_force is None else digests(in_force.entries)
    after = digests(new.entries)
    wallets_before = {} if in_force is None else _by_address(in_force)
    wallets_after = _by_address(new)
    kept = wallets_after.keys() & wallets_before.keys()
    return EditionDelta(
        list_name=new.name,
        before="" if in_force is None else in_force.version,
        after=new.version,
        added=tuple(sorted(after.keys() - before.keys())),
        changed=tuple(
            sorted(one for one in after.keys() & before.keys() if after[one] != before[one])
        ),
        removed=tuple(sorted(before.keys() - after.keys())),
        wallets_added=_of(wallets_after, wallets_after.keys() - kept),
        wallets_changed=_of(
            wallets_after, (one for one in kept if wallets_after[one] != wallets_before[one])
        ),
        wallets_removed=_of(wallets_before, wallets_before.keys() - kept),
    )


def digests(entries: Iterable[ListedEntity]) -> dict[str, str]:
    """The hash of what a list says of each entry, by its number."""
    return {entity.number: digest_of(entity) for entity in entries}


def digest_of(entity: ListedEntity) -> str:
    """The hash of what a list says of an entry."""
    return sha256(canonical(written(entity)).encode()).hexdigest()


def _check_order(new: SanctionsList, in_force: SanctionsList) -> None:
    if new.name != in_force.name:
        raise ListOther(f"{new.name} does not follow {in_force.name}", list=new.name)
    if new.published_at < in_force.published_at:
        detail = (
            f"{new.name} of {new.published_at:%FT%TZ} is older than that in force, "
            f"of {in_force.published_at:%FT%TZ}: load today's"
        )
        raise ListRegressed(detail, list=new.name)
    made, made_before = new.dated_at, in_force.dated_at
    if made is not None and made_before is not None and made < made_before:
        detail = (
            f"the files of {new.name} were made at {made:%FT%TZ}, those in force later, "
            f"at {made_before:%FT%TZ}: somebody hands out an old copy; load today's"
        )
        raise ListRegressed(detail, list=new.name)


def _check_share(name: str, what: str, lost: int, before: int, share: int) -> None:
    if lost * 1000 <= before * share:
        return
    detail = (
        f"{name} has lost {lost:,} of {before:,} {what}, {lost * 1000 // before} per mille; "
        f"{share} are the most. The edition in force stays. See whether the files are whole and of "
        "this list; if the publisher has announced so many removals, load the editions between"
    )
    raise ListShrunken(detail, list=name, lost=str(lost), before=str(before))


Address = tuple[str, str]


def _by_address(edition: SanctionsList) -> dict[Address, ListedWallet]:
    return {(wallet.asset, wallet.address): wallet for wallet in edition.wallets}


def _of(
    wallets: Mapping[Address, ListedWallet], chosen: Iterable[Address]
) -> tuple[ListedWallet, ...]:
    return tuple(wallets[one] for one in sorted(chosen))


# How an entry is written: for its hash, and wherever editions are kept.


def written(entity: ListedEntity) -> dict[str, Any]:
    """An entry as texts, flags and lists of them, for `core.canonical`."""
    return {
        "number": entity.number,
        "kind": entity.kind,
        "names": list(entity.names),
        "programmes": list(entity.programmes),
        "countries": list(entity.countries),
        "category": str(entity.category),
        "known_as": [
            [one.text, str(one.role), str(one.quality), one.script] for one in entity.known_as
        ],
        "births": [[_day(one.first), _day(one.last), one.approximate] for one in entity.births],
        "gender": str(entity.gender),
        "identifiers": [
            [str(one.kind), one.value, one.country, one.word] for one in entity.identifiers
        ],
    }


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def entity_of(said: Mapping[str, Any]) -> ListedEntity:
    """Read back what `written` wrote; what was kept before lists said so much has less in it.

    Raises:
        ValueError, KeyError, TypeError: It is not what was written.
    """
    return ListedEntity(
        number=said["number"],
        kind=said["kind"],
        names=tuple(said["names"]),
        programmes=tuple(said["programmes"]),
        countries=tuple(said["countries"]),
        category=Category(said.get("category", "")),
        known_as=tuple(
            ListedName(text, Role(role), Quality(quality), script)
            for text, role, quality, script in said.get("known_as", ())
        ),
        births=tuple(
            Birth(_day_of(first), _day_of(last), approximate)
            for first, last, approximate in said.get("births", ())
        ),
        gender=Gender(said.get("gender", "")),
        identifiers=tuple(
            Identifier(IdentifierKind(kind), value, country, word)
            for kind, value, country, word in said.get("identifiers", ())
        ),
    )


def _day_of(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
