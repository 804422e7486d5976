"""Sheets: files of records, read and checked whole against what is known; nothing is written.

Each line is new, changed, known as it is, or refused with all that is wrong with it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.record import RecordMalformed, Register, Way
from clearhouse.feeds.ftm import SCHEMATA, read_ftm
from clearhouse.feeds.objects import read_objects
from clearhouse.feeds.table import Row, read_table
from clearhouse.operations import dossiers
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.operations.register_checks import CHECKS
from clearhouse.store import journal, records

JSON_SUFFIXES = {".json", ".jsonl"}
FTM_SUFFIX = ".ftm"
ORDERS = {Way.AGREED: "propose records", Way.FILED: "file"}


class FormUnknown(Refusal):
    """Records of this register cannot be written in this form."""

    code = "record.form-unknown"
    kind = Kind.MALFORMED


class RecordTwice(Refusal):
    """A file says two things under one key."""

    code = "record.twice"
    kind = Kind.MALFORMED


class RecordsNotFiled(Refusal):
    """Records of this register are not entered from files: they are proven, or found."""

    code = "record.not-filed"
    kind = Kind.FORBIDDEN


class EnteredOtherwise(Refusal):
    """Records of this register are filed by one person, or need two: not as was tried."""

    code = "record.entered-otherwise"
    kind = Kind.FORBIDDEN


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
    head: int = -1  # of the journal, when it was checked against what is known

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
    head = journal.head(house.db)
    reading = _Reading(house, register)
    answers = reading.first(lines)
    said = CHECKS[register.name](house, [one for _, one in reading.candidates])
    kept: list[Any] = []
    for (place, one), found in zip(reading.candidates, said, strict=True):
        if not found.refusals:
            kept.append(one)
        if found.refusals or found.remarks:
            answers[place] = _answered(answers[place], found)
    return Sheet(register, tuple(kept), tuple(answers), head)


def _answered(before: Answer, found: Said) -> Answer:
    outcome = "refused" if found.refusals else before.outcome
    refusals, remarks = tuple(found.refusals), tuple(found.remarks)
    return replace(before, outcome=outcome, refusals=refusals, remarks=remarks)


def sheet_of(house: House, register: Register, one: Any) -> Sheet:
    """A sheet of one record that was made here and not read from a file; empty if it is known.

    Raises:
        Refusal: The first thing that is wrong with it.
    """
    line = register.write(one)
    record, wrong = register.read(line)
    head = journal.head(house.db)
    for refusal in wrong or CHECKS[register.name](house, [record])[0].refusals:
        raise refusal
    key = register.key_of(record)
    before = records.current(house.db, register, "key", [key])
    if before == [record]:
        return Sheet(register, (), (Answer(1, "", key, "known"),), head)
    outcome = "changed" if before else "new"
    return Sheet(register, (record,), (Answer(1, "", key, outcome),), head)


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
            if wrong:
                answer = Answer(row.line, row.text, key, "refused", tuple(wrong))
            elif key in before and _same(self.house, self.register, before[key], one):
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
    if register.way is Way.PROVEN:
        raise RecordsNotFiled(f"of a {register.name}: see `clearhouse wallets`")
    if register.way is Way.FOUND:
        raise RecordsNotFiled(f"a {register.name} is found by the house itself")


def need_way(register: Register, way: Way) -> None:
    """Check that a register's records are entered in this way.

    Raises:
        RecordsNotFiled: They are entered by what they prove, or found by the house.
        EnteredOtherwise: They are agreed on by two people, or filed by one.
    """
    need_filed(register)
    if register.way is not way:
        right = ORDERS[register.way]
        raise EnteredOtherwise(f"a {register.name} is entered by `clearhouse {right}`")


def need_ftm(register: Register, among: Collection[str] = SCHEMATA.keys()) -> None:
    """Check that records of this kind are read, or written, as FollowTheMoney has them.

    Raises:
        FormUnknown: It has none.
    """
    if register.name not in among:
        known = ", ".join(among)
        raise FormUnknown(f"a {register.name} is not taken from, or put into, this form: {known}")


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
    kept = dossiers.read_many(house, [before.dossier])
    return before.dossier in kept and kept[before.dossier].said == personal_of(register, now)


def personal_of(register: Register, one: Any) -> dict[str, str]:
    """What a record says that belongs into a dossier."""
    texts = {name: getattr(one, name) for name in register.personal}
    return {name: text for name, text in texts.items() if text}
