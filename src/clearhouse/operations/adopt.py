"""Adopt what stands in the folder of lists, or refuse it: both are facts of the journal."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from clearhouse.core.adoption import (
    EditionAccepted,
    EditionAcceptedBefore,
    EditionInForce,
    ListAdopted,
    ListRefused,
    adopted,
    need_acceptable,
    need_all,
)
from clearhouse.core.command import AcceptEdition
from clearhouse.core.editions import EditionDelta, ListRegressed, ListShrunken, check, compare
from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import SanctionsList
from clearhouse.operations.house import House
from clearhouse.operations.kept_lists import kept_list
from clearhouse.store import editions, journal
from clearhouse.store.projection import record


def adopt(house: House, lists: Sequence[SanctionsList], law: Rulebook) -> bool:
    """See to it that the house screens by these editions, each of which is kept.

    Returns:
        Whether it does. If not, another put an edition into the folder since these were read:
        nothing is recorded, and what is there now is to be read.

    Raises:
        ListGone: A list that was screened by is not among them.
        ListRegressed, ListShrunken: One cannot follow; that is recorded, and so is the adoption of
            the others.
        ArchiveDamaged: What it follows is not kept any more.
    """
    known = editions.in_force(house.db)
    named = {one.name: one for one in lists}
    if known.keys() == named.keys() and all(known[name].is_of(named[name]) for name in named):
        return True
    with house.db.transaction():
        journal.lock(house.db)
        if tuple(house.lists()) != tuple(lists):
            return False
        need_all(editions.in_force(house.db), lists)
        wrong = _adopt(house, lists, law, house.now())
    if wrong:
        raise wrong[0]
    return True


def _adopt(
    house: House, lists: Sequence[SanctionsList], law: Rulebook, now: datetime
) -> list[Refusal]:
    """Record what becomes of each, in the caller's transaction; answers what was refused."""
    known = editions.in_force(house.db)  # as it is now: another may have been before us
    facts: list[tuple[str, Event]] = []
    wrong: list[Refusal] = []
    for one in lists:
        if one.name in known and known[one.name].is_of(one):
            continue
        before = before_of(house, one.name, known)
        try:
            facts.append((one.name, following(house, one, before, law, now)))
        except (ListRegressed, ListShrunken) as trouble:
            facts += _refusing(house, one, before, trouble)
            wrong.append(trouble)
    record(house.db, facts, now, now)
    return wrong


def before_of(house: House, name: str, known: Mapping[str, EditionInForce]) -> SanctionsList | None:
    """The edition of a list that the house screens by, if it does.

    Raises:
        ArchiveDamaged: It is not kept any more.
    """
    if name not in known:
        return None
    held = known[name]
    # What is kept is the files' content: they may be of another list, too, or published again.
    return replace(kept_list(house, held.version), name=name, published_at=held.published_at)


def following(
    house: House, new: SanctionsList, before: SanctionsList | None, law: Rulebook, now: datetime
) -> ListAdopted:
    """The fact that an edition follows the one before.

    Raises:
        ListRegressed, ListShrunken: It cannot, and two people have not accepted it.
    """
    delta, proposal = _delta(house, new, before, law, now)
    return adopted(new, delta, proposal)


def _delta(
    house: House, new: SanctionsList, before: SanctionsList | None, law: Rulebook, now: datetime
) -> tuple[EditionDelta, str]:
    """What changes, and by which proposal it may, where it cannot by itself."""
    share = law.standard("screening.list-shrink", now.date())
    try:
        return check(new, before, shrink_max=share), ""
    except (ListRegressed, ListShrunken):
        place = (new.name, new.version, before.version if before else "")
        proposal = editions.accepted(house.db).get(place, "")
        if not proposal:
            raise
        return compare(new, before), proposal


def compared(house: House, new: SanctionsList) -> EditionDelta:
    """What a new edition changes, if it can follow the one that the house screens by.

    Where the house has screened by none, what stands in its folder is meant.

    Raises:
        ListRegressed, ListShrunken: It cannot.
    """
    before = before_of(house, new.name, editions.in_force(house.db))
    if before is None:
        before = next((one for one in house.lists() if one.name == new.name), None)
    delta, _ = _delta(house, new, before, house.rulebook, house.now())
    return delta


def refuse(house: House, new: SanctionsList, trouble: Refusal) -> None:
    """Record that an edition was refused, which is not in the folder yet."""
    with house.db.transaction():
        journal.lock(house.db)
        before, now = before_of(house, new.name, editions.in_force(house.db)), house.now()
        record(house.db, _refusing(house, new, before, trouble), now, now)


def _refusing(
    house: House, new: SanctionsList, before: SanctionsList | None, trouble: Refusal
) -> list[tuple[str, Event]]:
    """The fact that an edition is refused; once, however often it is offered."""
    version = before.version if before else ""
    if (new.name, new.version, version) in editions.refused(house.db):
        return []
    said = (new.name, new.version, new.published_at, version, trouble.code, trouble.detail)
    return [(new.name, ListRefused(*said))]


def accepting(house: House, action: AcceptEdition, proposal: str) -> EditionAccepted:
    """Make the fact that an edition is accepted, or a list let go, in the caller's transaction.

    Raises:
        ListMandatory, EditionNotRefused, EditionAcceptedBefore: There is nothing to accept.
    """
    need_refused(house, action)
    said = (action.list_name, action.version, action.before, action.reason)
    return EditionAccepted(*said, proposal)


def need_refused(house: House, action: AcceptEdition) -> None:
    """Check, in the caller's transaction, that there is something to accept.

    Raises:
        ListMandatory, EditionNotRefused, EditionAcceptedBefore: There is not.
    """
    need_acceptable(action, editions.in_force(house.db), editions.refused(house.db))
    if (action.list_name, action.version, action.before) in editions.accepted(house.db):
        raise EditionAcceptedBefore(f"{action.version[:12]} of {action.list_name} was accepted")
