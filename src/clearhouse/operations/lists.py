"""Lists in force, and how an edition takes the place of the one before.

A new edition is read whole, compared with the one in force, and refused if it is older or has lost
more than the law lets it lose. Then it takes the other's place at once: `lists/NAME` is a link to a
folder that has its version and date for a name, and the link is replaced, so nobody ever reads half
of one. Everybody is screened again by what has changed: who is hit now, and which payments wait on
that. The gate asks again before anything is paid; this says it at once.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from clearhouse.core.adoption import EditionInForce
from clearhouse.core.associate import ASSOCIATES
from clearhouse.core.editions import EditionDelta, ListRegressed, ListShrunken
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.listed import wallet_key
from clearhouse.core.ownership import Rule, owned_by
from clearhouse.core.remedy import STOPS, UNREADABLE, Advice
from clearhouse.core.screening import MANDATORY_LISTS, ListStale, SanctionsList, need_whole
from clearhouse.feeds.sanctions import read_list, read_publication
from clearhouse.feeds.sanctions.refusals import FileMissing
from clearhouse.operations import adopt
from clearhouse.operations.carried import carried_on
from clearhouse.operations.casework import raise_alerts
from clearhouse.operations.hits import Hit, hits_of, subjects_of
from clearhouse.operations.house import House
from clearhouse.operations.leaving import OPEN
from clearhouse.operations.owners import associates_on, everybody
from clearhouse.operations.screen import open_gate
from clearhouse.store import editions, obligations, records, registers

EDITIONS: Final = ".editions"  # of every list, by version; readers pass over it
ANY_SHARE: Final = Rule(1, exclusive=False, control=True)
NAME_FORM = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class InForce:
    """A list as it stands in the folder."""

    edition: SanctionsList
    age: timedelta
    is_stale: bool  # older than the law lets it be: the gate stops
    is_mandatory: bool
    is_adopted: bool  # the house has screened by it
    refused: str  # why the house does not screen by it, so that the gate stops; "" if it may
    load_by: datetime  # when it becomes stale, by the law in force


@dataclass(frozen=True, slots=True)
class Taken:
    """An edition that took the place of the one before, and whom that hits."""

    edition: SanctionsList
    delta: EditionDelta
    hits: list[Hit]  # by entries that are new or say something else
    participants: list[ParticipantId]  # who is hit, or of whom an owner or associate is
    payments: list[ObligationId]  # that wait between them and others, or whose ship is hit


def in_force(house: House) -> list[InForce]:
    """The lists as the gate would read them now; by name."""
    known, law = editions.in_force(house.db), house.rulebook
    limit = timedelta(hours=law.standard("screening.list-age", house.today))
    lists = sorted(house.lists(), key=lambda one: one.name)
    return [_standing(house, one, known.get(one.name), limit) for one in lists]


def _standing(
    house: House, one: SanctionsList, held: EditionInForce | None, limit: timedelta
) -> InForce:
    age, is_adopted, refused = house.now() - one.published_at, False, ""
    if held is not None and held.is_of(one):
        is_adopted = True
    else:
        try:
            compared(house, one)
        except Refusal as wrong:
            refused = f"{wrong.code}: {wrong.detail}"
    is_mandatory = one.name in MANDATORY_LISTS
    return InForce(
        one, age, age > limit, is_mandatory, is_adopted, refused, one.published_at + limit
    )


def stopped(house: House) -> Advice | None:
    """Why the gate decides nothing now, and who must act; None while it is open."""
    try:
        open_gate(house)
    except Refusal as refusal:
        remedy, by = STOPS.get(refusal.code, UNREADABLE), ""
        if refusal.code == ListStale.code:
            late = [one.load_by for one in in_force(house) if one.is_stale]
            by = f"{min(late):%Y-%m-%d %H:%M} UTC"
        return Advice(refusal.code, "", remedy.actor, by, f"{remedy.changes}: {refusal.detail}")
    return None


def compared(house: House, new: SanctionsList) -> EditionDelta:
    """What a new edition changes, if it can follow the one in force.

    Raises:
        ListTooSmall, ListRegressed, ListShrunken: It cannot.
    """
    need_whole(new)
    return adopt.compared(house, new)


def take(
    house: House,
    staged: Path,
    folder: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> Taken:
    """Let the edition in `staged` take its list's place in `folder`.

    Args:
        staged: A folder with a publication.json; it stays as it is.
        folder: Of all lists of the house.
        advance: Is told how many subjects were screened again so far.

    Raises:
        list's refusals: It cannot be read, or cannot follow the one in force; nothing has changed.
        screening's refusals: It was taken, and another list is missing or too old.
    """
    with _copied(staged, folder) as copy:  # which nobody changes while it is read
        edition = read_list(copy, now=house.now())
        delta = _following(house, edition)
        _put(copy, folder, edition)
    open_gate(house)  # adopts it
    changed = {*delta.added, *delta.changed}
    found = _rescreened(house, edition, changed, house.now(), advance) if changed else []
    raise_alerts(house, found)
    subjects = {one.match.subject for one in found}
    who = _concerned(house, subjects | _paid_at(house, delta))
    waiting = obligations.of_parties(house.db, who, house.assets) if who else {}
    if shipped := carried_on(house, subjects):
        waiting |= obligations.by_ids(house.db, shipped, house.assets)
    payments = [id for id, one in waiting.items() if one.state in OPEN]
    return Taken(edition, delta, found, who, payments)


def _following(house: House, edition: SanctionsList) -> EditionDelta:
    """What an edition changes; that it is refused is recorded."""
    try:
        return compared(house, edition)
    except (ListRegressed, ListShrunken) as trouble:
        adopt.refuse(house, edition, trouble)
        raise


@contextmanager
def _copied(staged: Path, folder: Path) -> Iterator[Path]:
    """A copy of an edition's files, beside those that stand; gone afterwards if not put in place.

    Raises:
        FileMissing, PublicationMissing, PublicationMalformed: It is no edition.
    """
    if not staged.is_dir():
        raise FileMissing(f"no folder {staged.name}", file=staged.name)
    read_publication(staged)
    copy = folder / EDITIONS / f"{os.getpid()}.copy"
    shutil.rmtree(copy, ignore_errors=True)
    try:
        copy.mkdir(parents=True)
        for file in sorted(staged.iterdir()):
            if file.is_file():
                shutil.copyfile(file, copy / file.name)
        yield copy
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _put(copy: Path, folder: Path, edition: SanctionsList) -> None:
    """Let an edition stand under its name, version and date, and its list's link lead there.

    The same files may be of two lists, and are published again: their date is another then.
    """
    link = _place_of(folder, edition.name)
    dated = f"{edition.published_at:%Y%m%dT%H%M%S.%fZ}"
    kept = folder / EDITIONS / f"{link.name}.{edition.version}.{dated}"
    if not kept.exists():
        copy.replace(kept)
    stay = {kept.name, link.readlink().name if link.is_symlink() else ""}
    _point(folder, link, kept)
    # Of one version the newest copy stays, and the one before it: somebody may be reading that.
    for other in sorted(kept.parent.glob(f"{link.name}.{edition.version}.*")):
        if other.name not in stay:
            shutil.rmtree(other, ignore_errors=True)


def _point(folder: Path, link: Path, kept: Path) -> None:
    """Let a list's link lead to an edition, in one step."""
    fresh = folder / EDITIONS / f"{os.getpid()}.link"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path(EDITIONS) / kept.name)
    if link.is_dir() and not link.is_symlink():
        # A folder that was put there by hand; the gate stops for the moment between the two.
        before = folder / EDITIONS / f"{link.name}.before"
        shutil.rmtree(before, ignore_errors=True)
        link.replace(before)
    fresh.replace(link)


def _place_of(folder: Path, name: str) -> Path:
    """Where a list stands: where its name was found before, or under a name like it."""
    for path in sorted(folder.iterdir()):
        if path.name[0] != "." and path.is_dir() and read_publication(path).name == name:
            return path
    return folder / (NAME_FORM.sub("-", name.lower()).strip("-") or "list")


def _rescreened(
    house: House,
    edition: SanctionsList,
    changed: set[str],
    now: datetime,
    advance: Callable[[int], None],
) -> list[Hit]:
    """Who is hit by some entries of a list: everybody is compared with these alone."""
    screen = open_gate(house).screen
    subjects = list(subjects_of(house, None))
    several = screen.rescreen(subjects, edition.name, changed, now=now)
    advance(len(subjects))
    hit = [one for one, matches in zip(subjects, several, strict=True) if matches]
    found = [matches for matches in several if matches]
    return hits_of(house, screen, hit, found)


def _paid_at(house: House, delta: EditionDelta) -> set[str]:
    """Participants of whom an address is listed now."""
    listed = {wallet_key(one.address) for one in (*delta.wallets_added, *delta.wallets_changed)}
    if not listed:
        return set()
    parties, today = registers.participants(house.db).values(), house.today
    return {one.id for one in parties if listed & set(map(wallet_key, one.addresses(today)))}


def _concerned(house: House, subjects: set[str]) -> list[ParticipantId]:
    """Participants among some subjects, that one of them has a share of, or that act through one.

    Also those that act through whom one of them has a share of.
    """
    if not subjects:
        return []
    owned = owned_by(everybody(house, house.today).chart, subjects, ANY_SHARE)
    reached = subjects | {one.id for one in owned}
    acting = records.current(house.db, ASSOCIATES, "associate", sorted(reached))
    through = {one.participant for one in associates_on(acting, house.today)}
    ids: Sequence[str] = sorted(reached | through)
    return sorted(ParticipantId(id) for id in registers.admitted(house.db, ids))
