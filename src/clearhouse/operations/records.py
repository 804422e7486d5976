"""Records: read them from a file, have two people agree on them, enter them in their register.

A file is read and checked whole: each line is new, changed, known as it is, or refused. What is new
or changed is kept under the hash of its bytes and proposed; another person approves the hash, and
in the same transaction all of it is entered, checked again against what is known by then, or none
of it. Before a house is founded there is nobody who could agree, and records are entered at once.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from clearhouse.core.canonical import FormError
from clearhouse.core.dossier import DossierGone, salted
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.event import Event
from clearhouse.core.participant import DIGEST_FORM
from clearhouse.core.record import KEY_GAP, RecordMalformed, Register, UnknownRecord, digest_of
from clearhouse.feeds.ftm import SCHEMATA, read_ftm
from clearhouse.feeds.objects import read_objects
from clearhouse.feeds.table import Row, read_table
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.operations.register_checks import CHECKS
from clearhouse.store import journal, people, records
from clearhouse.store.files import ArchiveDamaged, keep
from clearhouse.store.projection import record

JSON_SUFFIXES = {".json", ".jsonl"}
FTM_SUFFIX = ".ftm"


class FormUnknown(Refusal):
    """Records of this register cannot be written in this form."""

    code = "record.form-unknown"
    kind = Kind.MALFORMED


class RecordTwice(Refusal):
    """A file says two things under one key."""

    code = "record.twice"
    kind = Kind.MALFORMED


class RecordsNotAgreed(Refusal):
    """Records of this register are entered by two people."""

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


class RecordsNotFiled(Refusal):
    """Records of this register are not entered from files, but by what they prove."""

    code = "record.not-filed"
    kind = Kind.FORBIDDEN


class NothingToEnter(Refusal):
    """A file says nothing that is not known."""

    code = "record.nothing-new"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said of one line."""

    line: int
    text: str
    key: str
    outcome: str  # new, changed, known, refused
    refusals: tuple[Refusal, ...] = ()
    remarks: tuple[Refusal, ...] = ()  # what a person should know; it is no refusal


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that was read: what is new or changed, and an answer for each line."""

    register: Register
    records: tuple[Any, ...]
    answers: tuple[Answer, ...]

    @property
    def bodies(self) -> tuple[str, ...]:
        """The canonical bytes of what is new or changed."""
        return tuple(map(self.register.form.encode, self.records))

    @property
    def tally(self) -> dict[str, int]:
        """How many lines had each outcome."""
        counts = dict.fromkeys(("new", "changed", "known", "refused"), 0)
        for answer in self.answers:
            counts[answer.outcome] += 1
        return counts


def read_sheet(
    house: House, register: Register, file: Path, advance: Callable[[int], None] = lambda _: None
) -> Sheet:
    """Read a file of records (.csv, .json, .jsonl, .ftm) and check it against what is known.

    Args:
        advance: Is told how many bytes were read so far.

    Raises:
        RecordsNotFiled: This register takes no files.
        FileEmpty, HeaderWrong, ObjectWrong: Nothing can be read.
    """
    need_filed(register)
    with file.open("rb") as stream:
        lines = list(_lines(register, file, stream, advance))
    reading = _Reading(house, register)
    answers = reading.first(lines)
    said = CHECKS[register.name](house, [one for _, one in reading.candidates])
    kept: list[Any] = []
    for (place, one), found in zip(reading.candidates, said, strict=True):
        refusals, remarks = tuple(found.refusals), tuple(found.remarks)
        outcome = "refused" if refusals else answers[place].outcome
        answers[place] = replace(
            answers[place], outcome=outcome, refusals=refusals, remarks=remarks
        )
        if not refusals:
            kept.append(one)
    return Sheet(register, tuple(kept), tuple(answers))


@dataclass
class _Reading:
    """A file being read: what may be new, and where its answer stands."""

    house: House
    register: Register
    candidates: list[tuple[int, Any]] = field(default_factory=list)

    def first(self, lines: Sequence[Row]) -> list[Answer]:
        """Answer each line by its own form, and by what is known under its key."""
        read = [(row, *_read(self.register, row)) for row in lines]
        keys = [self.register.key_of(one) if one is not None else "" for _, one, _ in read]
        asked = [key for key in keys if key]
        known = records.current(self.house.db, self.register, "key", asked)
        before = {self.register.key_of(one): one for one in known}
        seen: set[str] = set()
        answers: list[Answer] = []
        for (row, one, wrong), key in zip(read, keys, strict=True):
            if key and key in seen:
                wrong.append(RecordTwice(f"{key} stands in an earlier line, too"))
            seen.add(key)
            same = False
            if not wrong and key in before:
                try:
                    same = _same(self.house, self.register, before[key], one)
                except DossierGone as gone:
                    wrong.append(gone)
            if wrong:
                answer = Answer(row.line, row.text, key, "refused", tuple(wrong))
            elif same:
                answer = Answer(row.line, row.text, key, "known")
            else:
                answer = Answer(row.line, row.text, key, "changed" if key in before else "new")
                self.candidates.append((len(answers), one))
            answers.append(answer)
        return answers


def need_filed(register: Register) -> None:
    """Check that a register's records are entered from files.

    Raises:
        RecordsNotFiled: They are not.
    """
    if not register.is_filed:
        raise RecordsNotFiled(f"of a {register.name}: see `clearhouse wallets`")


def need_ftm(register: Register) -> None:
    """Check that FollowTheMoney has records of this kind.

    Raises:
        FormUnknown: It has none.
    """
    if register.name not in SCHEMATA:
        known = ", ".join(SCHEMATA)
        raise FormUnknown(f"FollowTheMoney has no {register.name}; it has {known}")


def _lines(
    register: Register, file: Path, stream: Any, advance: Callable[[int], None]
) -> Iterator[Row]:
    names = [one.name for one in register.columns]
    needed = [one.name for one in register.columns if one.needed]
    if file.suffix == FTM_SUFFIX:
        need_ftm(register)
        rows = read_ftm(stream, register.name)
    elif file.suffix in JSON_SUFFIXES:
        rows = read_objects(stream, names, needed)
    else:
        optional = [name for name in names if name not in needed]
        rows = read_table(stream, needed, optional=optional)
    for row in rows:
        advance(row.end)
        yield row


def _read(register: Register, row: Row) -> tuple[Any, list[Refusal]]:
    if isinstance(row.fields, Refusal):
        return None, [row.fields]
    if register.personal and row.fields.get("commitment"):
        detail = "commitment: the house makes it, of what is personal: leave it empty"
        return None, [RecordMalformed(detail)]
    return register.read(row.fields)


def _same(house: House, register: Register, before: Any, now: Any) -> bool:
    """Whether a line says what is known; of what is personal, the dossier knows."""
    if not register.personal:
        return bool(before == now)
    said = dossiers.read(house, before.entity).said
    return said == _personal(register, now)


def _personal(register: Register, one: Any) -> dict[str, str]:
    texts = {name: getattr(one, name) for name in register.personal}
    return {name: text for name, text in texts.items() if text}


def prepare(house: House, sheet: Sheet) -> str:
    """Keep what is to be proposed, and say the hash that it is known by.

    What is personal goes into dossiers; the records have the commitments.

    Raises:
        NothingToEnter: There is nothing new.
    """
    if not sheet.records:
        raise NothingToEnter("every line is known as it is, or refused")
    return _keep(house, apart(house, sheet).bodies)


def apart(house: House, sheet: Sheet) -> Sheet:
    """A sheet whose personal fields are in dossiers, and their commitments in their place."""
    register = sheet.register
    if not register.personal:
        return sheet
    now = house.now()
    blank = dict.fromkeys(register.personal, "")
    with house.db.transaction():
        journal.lock(house.db)
        said = [(one.entity, salted(_personal(register, one), house.dice)) for one in sheet.records]
        dossiers.keep_many(house, said, now)
        made = [
            replace(one, **blank, commitment=dossier.commitment)
            for one, (_, dossier) in zip(sheet.records, said, strict=True)
        ]
    return replace(sheet, records=tuple(made))


def _keep(house: House, bodies: Sequence[str]) -> str:
    digest = digest_of(bodies)
    content = "".join(f"{body}\n" for body in bodies).encode()
    keep(_path(house, digest), gzip.compress(content, mtime=0))
    return digest


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
        bodies = gzip.decompress(path.read_bytes()).decode().splitlines()
    except (OSError, EOFError, ValueError, zlib.error) as trouble:
        raise ArchiveDamaged(f"{path}: {trouble!r}") from trouble
    if digest_of(bodies) != digest:
        raise ArchiveDamaged(f"{path} is not what its name says")
    try:
        return [register.form.decode(body) for body in bodies]
    except FormError as trouble:
        raise RecordsRefused(f"{digest} is no file of {register.name}: {trouble}") from trouble


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
    said = CHECKS[register.name](house, several)
    wrong = [refusal for one in said for refusal in one.refusals]
    if wrong:
        first = "; ".join(str(one) for one in wrong[:3])
        raise RecordsRefused(f"{len(wrong)} of {len(several)}: {first}")
    return [register.entered(one, proposal) for one in several]


def enter(house: House, sheet: Sheet) -> int:
    """Enter a sheet at once, in a house that is not founded yet; answers how many records.

    Raises:
        RecordsNotAgreed: The house is founded.
        RecordsRefused: Something changed meanwhile.
    """
    if people.founded(house.db) is not None:
        raise RecordsNotAgreed(f"propose it: `clearhouse propose records {sheet.register.name}`")
    sheet = apart(house, sheet)
    now = house.now()
    with house.db.transaction():
        journal.lock(house.db)
        record(house.db, entering(house, sheet.register, sheet.records, ""), now, now)
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
