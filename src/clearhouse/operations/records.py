"""Records: read them from a file, have two people agree on them, enter them in their register.

A file is read and checked whole: each line is new, changed, known as it is, or refused. What is new
or changed is kept under the hash of its bytes and proposed; another person approves the hash, and
in the same transaction all of it is entered, checked again against what is known by then, or none
of it. Of some registers one person files what they say, and signs it. Before a house is founded
there is nobody who could agree, and records are entered at once.
"""

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from clearhouse.core.canonical import FormError
from clearhouse.core.command import FileRecords
from clearhouse.core.dossier import salted
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import CommandId
from clearhouse.core.owner import PERSONS
from clearhouse.core.participant import DIGEST_FORM, REPRESENTATIVES, Representative
from clearhouse.core.person import Person, Role
from clearhouse.core.record import KEY_GAP, Register, UnknownRecord, digest_of, in_force
from clearhouse.core.registers import register_of
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.operations.register_checks import CHECKS
from clearhouse.operations.sheet import ORDERS, Sheet, need_filed, personal_of
from clearhouse.store import journal, people, records
from clearhouse.store.files import ArchiveDamaged, keep
from clearhouse.store.projection import record

NOT_ENTERED = "not entered"


class RecordsNotAgreed(Refusal):
    """A house that is founded has nothing entered without a signed order."""

    code = "record.not-agreed"
    kind = Kind.FORBIDDEN


class RecordsUnknown(Refusal):
    """What was proposed is kept nowhere."""

    code = "record.proposed-unknown"
    kind = Kind.UNKNOWN


class RecordsRefused(Refusal):
    """Records cannot be entered as they were proposed."""

    code = "record.refused"
    kind = Kind.CONFLICT


class NotTheirs(Refusal):
    """Somebody files records about a participant for whom they do not act."""

    code = "record.not-theirs"
    kind = Kind.FORBIDDEN


class ReasonMissing(Refusal):
    """Somebody reads what authorities alone may see, and does not say why."""

    code = "record.reason-missing"
    kind = Kind.MALFORMED


class NothingToEnter(Refusal):
    """A file says nothing that is not known."""

    code = "record.nothing-new"
    kind = Kind.CONFLICT


def prepare(house: House, sheet: Sheet) -> str:
    """Keep what is to be proposed, and say the hash that it is known by.

    What is personal goes into dossiers of its own, which count for nothing until the records that
    name them are entered.

    Raises:
        NothingToEnter: There is nothing new.
    """
    if not sheet.records:
        raise NothingToEnter("everything is known as it is, or refused")
    register, several = sheet.register, apart(house, sheet).records
    digest = digest_of(register, several)
    lines = [register.name, *map(register.form.encode, several)]
    content = "".join(f"{line}\n" for line in lines).encode()
    keep(_path(house, digest), gzip.compress(content, mtime=0))
    return digest


def apart(house: House, sheet: Sheet) -> Sheet:
    """A sheet whose personal fields are in dossiers, and their commitments in their place."""
    register = sheet.register
    if not register.personal:
        return sheet
    now = house.now()
    blank = dict.fromkeys(register.personal, "")
    made, said = [], []
    for one in sheet.records:
        dossier = salted(personal_of(register, one), house.dice)
        made.append(replace(one, **blank, commitment=dossier.commitment))
        said.append((made[-1].dossier, dossier))
    with house.db.transaction():
        journal.lock(house.db)
        dossiers.keep_many(house, said, now)
    return replace(sheet, records=tuple(made))


def forgetting(house: House, register_name: str, digest: str) -> list[tuple[str, Event]]:
    """The facts that erase the dossiers of persons who were proposed, and are not entered.

    The same file may have been proposed twice: what a record names, or ever named, stays.
    """
    if register_name != PERSONS.name:
        return []
    try:
        several = proposed(house, PERSONS, digest)
    except (RecordsUnknown, RecordsRefused, ArchiveDamaged):
        return []  # what they were is not known any more: two people erase what is left
    commitments = [one.commitment for one in several]
    told = records.versions(house.db, PERSONS, "commitment", commitments)
    named = {one.record.dossier for one in told}
    kept = dossiers.kept(house, [one.dossier for one in several]) - named
    return [dossiers.erasure(house, one, NOT_ENTERED) for one in sorted(kept)]


def proposed(house: House, register: Register, digest: str) -> list[Any]:
    """Read what is kept under a hash.

    Raises:
        RecordsUnknown: There is nothing.
        RecordsRefused: It is of another register.
        ArchiveDamaged: It is not what it was.
    """
    path = _path(house, digest)
    if not DIGEST_FORM.fullmatch(digest) or not path.exists():
        raise RecordsUnknown(f"{digest:.80} is not kept: propose the file again")
    try:
        name, *bodies, _ = gzip.decompress(path.read_bytes()).decode().split("\n")
        if name != register.name:
            raise RecordsRefused(f"{digest} is a file of {name}, not of {register.name}")
        found = [register.form.decode(body) for body in bodies]
    except (OSError, EOFError, ValueError, zlib.error, FormError) as trouble:
        raise ArchiveDamaged(f"{path}: {trouble!r}") from trouble
    if digest_of(register, found) != digest:
        raise ArchiveDamaged(f"{path} is not what its name says")
    need_formed([(register, one) for one in found])
    return found


def need_formed(several: Sequence[tuple[Register, Any]]) -> None:
    """Check that records which were kept have the form that a file's would have, each key once.

    Whoever works on the house's machine can keep a file that no sheet has read.

    Raises:
        RecordsRefused: One has not.
    """
    for register, one in several:
        try:
            again, wrong = register.read(register.write(one))
        except (TypeError, ValueError, AttributeError) as trouble:
            raise RecordsRefused(f"a record of {register.name}: {trouble}"[:300]) from trouble
        if wrong or again != one:
            why = str(wrong[0]) if wrong else "it is not written as it is read"
            raise RecordsRefused(f"a record of {register.name}: {why}"[:300])
    keys = [(register.name, register.key_of(one)) for register, one in several]
    if len(set(keys)) < len(keys):
        raise RecordsRefused("two records are known by one key")


def need_unchanged(house: House, register: Register, several: Sequence[Any], proposal: str) -> None:
    """Check that nothing was said of the same keys since it was proposed to say this.

    Raises:
        RecordsRefused: What was said since would be undone.
    """
    given = people.given(house.db, CommandId(proposal))
    if given is None:
        return  # it is being proposed now
    keys = [register.key_of(one) for one in several]
    newer = [
        each.record
        for each in records.versions(house.db, register, "key", keys)
        if each.position > given.position
    ]
    if newer:
        key = register.key_of(newer[0])
        raise RecordsRefused(f"{key} was said anew since this was proposed: propose it again")


def _path(house: House, digest: str) -> Path:
    return house.archive / f"{digest}.records"


def entering(
    house: House, register: Register, several: Sequence[Any], proposal: str
) -> list[tuple[str, Event]]:
    """The facts that enter records, in the caller's transaction.

    Raises:
        RecordsNotFiled: This register takes no files.
        RecordsRefused: Some cannot be, as things stand.
    """
    need_filed(register)
    need_unchanged(house, register, several, proposal)
    need_sound(house, register, several)
    return [register.entered(one, proposal) for one in several]


def need_own(house: House, maker: Person, action: FileRecords) -> None:
    """Check that whoever files records may say this of these participants.

    Raises:
        NotTheirs: They act for others, or this is for the house's own people to say.
    """
    if Role.COMPLIANCE in maker.roles:
        return
    register = register_of(action.register)
    if not register.is_own:
        raise NotTheirs(f"a {register.name} is filed by the house's own people")
    acts: list[Representative] = records.current(house.db, REPRESENTATIVES, "person", [maker.id])
    theirs = {one.participant for one in in_force(REPRESENTATIVES, acts, house.today)}
    about = {getattr(one, register.about) for one in proposed(house, register, action.digest)}
    if others := about - theirs:
        detail = f"{maker.id} does not act for {min(others)} today"
        raise NotTheirs(detail, participant=min(others))


def need_sound(house: House, register: Register, several: Sequence[Any]) -> None:
    """Check that records agree with what is known now.

    Raises:
        RecordsRefused: Some do not.
    """
    said = CHECKS[register.name](house, several)
    wrong = [refusal for one in said for refusal in one.refusals]
    if wrong:
        first = "; ".join(str(one) for one in wrong[:3])
        raise RecordsRefused(f"{len(wrong)} of {len(several)}: {first}")


def enter(house: House, sheet: Sheet) -> int:
    """Enter a sheet at once, in a house that is not founded yet; answers how many records.

    Raises:
        RecordsNotAgreed: The house is founded.
        RecordsRefused: Something changed meanwhile.
    """
    need_filed(sheet.register)
    if people.founded(house.db) is not None:
        order = f"clearhouse {ORDERS[sheet.register.way]} {sheet.register.name}"
        raise RecordsNotAgreed(f"the house is founded: `{order}`")
    register, now = sheet.register, house.now()
    with house.db.transaction():
        journal.lock(house.db)
        # Nothing was said since it was checked, so there is nothing to check again.
        if journal.head(house.db) != sheet.head:
            need_sound(house, register, sheet.records)
        several = apart(house, sheet).records
        record(house.db, [register.entered(one) for one in several], now, now)
    return len(sheet.records)


def known(house: House, register: Register, at: datetime | None = None) -> list[Any]:
    """A register as it is known now, or was at an instant; in the order of its keys."""
    if at is None:
        return records.current(house.db, register)
    position = records.position_at(house.db, at)
    return records.known_at(house.db, register, position)


def known_as(house: House, register: Register, key: str, at: datetime | None = None) -> Any:
    """One record as it is known now, or was at an instant.

    Raises:
        UnknownRecord: There was none.
    """
    told = history(house, register, key)
    found = [one for one in told if at is None or one.recorded_at <= at]
    if not found:
        raise UnknownRecord(f"nothing was said of {key} yet", register=register.name)
    return found[-1].record


def history(house: House, register: Register, key: str) -> list[records.Version]:
    """All that was ever said under a key, in order.

    Raises:
        UnknownRecord: Nothing was.
    """
    found = records.versions(house.db, register, "key", [key])
    if not found:
        names = KEY_GAP.join(register.key)
        raise UnknownRecord(f"{key[:120]!r}: a key is {names}", register=register.name)
    return found


def seen(register: Register, one: Any) -> Any:
    """A record as everybody may see it: what authorities alone may see is left out."""
    hidden = dict.fromkeys(register.restricted, "")
    return replace(one, **hidden) if hidden else one
