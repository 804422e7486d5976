"""`clearhouse records ...`, `propose records`: registers, read from and written to files.

Every register is handled alike: what a line has (`kinds`), what a file would change (`check`),
entering it (`propose records` and `approve`, or `enter` before the house is founded), reading it as
of any instant (`export`, `show`) and all that was ever said (`history`).
"""

import csv
import json
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from clearhouse.cli.answer import EXIT_REFUSED, AsJson, answering, console, progress, say
from clearhouse.cli.keys import read as read_key
from clearhouse.cli.orders import Hand, Key, Out, Why, With, ordering, propose
from clearhouse.cli.register import SHOWN_MAX, Rejects, tell_remarks
from clearhouse.cli.signing import sign
from clearhouse.core.canonical import instant
from clearhouse.core.command import EnterRecords, FileRecords, RevealRecords
from clearhouse.core.record import Register, Way
from clearhouse.core.registers import REGISTERS, register_of
from clearhouse.operations import records as operations
from clearhouse.operations.admit import proposed as proposed_admission
from clearhouse.operations.admit import written
from clearhouse.operations.house import House
from clearhouse.operations.sheet import Sheet, need_ftm, need_way, read_sheet, sheet_of
from clearhouse.returns.ftm import WRITTEN, as_ftm
from clearhouse.settings import Settings, house

app = typer.Typer(
    help="Registers: who takes part, who owns whom, and what is recorded of them.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="REGISTER", help="`clearhouse records kinds`.")]
File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, help="CSV (.csv), JSON (.json, .jsonl), FollowTheMoney (.ftm)."
    ),
]
RecordKey = Annotated[str, typer.Argument(metavar="KEY", help="The key's fields, with | between.")]
At = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%dT%H:%M:%S%z"], help="As it was known then, as 2026-03-02T12:00:00Z."
    ),
]


@app.command()
def kinds(*, as_json: AsJson = False) -> None:
    """List the registers, and what a line of each has; a * marks what must be there."""
    said = [
        {
            "register": one.name,
            "says": one.says,
            "key": list(one.key),
            "columns": [
                {"name": column.name, "needed": column.needed, "takes": column.meaning}
                for column in one.columns
            ],
        }
        for one in REGISTERS.values()
    ]
    if as_json:
        say({"registers": said})
        return
    out = console()
    for one in REGISTERS.values():
        out.print(f"{one.name}: {one.says}", markup=False)
        for column in one.columns:
            mark = "*" if column.needed else " "
            out.print(f"  {mark} {column.name}: {column.meaning}", markup=False)


@app.command()
def check(register: Name, file: File, *, as_json: AsJson = False) -> None:
    """Say of each line of a file whether it is new, changed, known or refused; nothing is entered.

    Exits with 1 if a line was refused; those lines stand in FILE's name with `.rejects.csv`.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        sheet = _read(own, register_of(register), file, as_json=as_json)
        _summary(sheet, file, as_json=as_json)


@app.command()
def enter(register: Name, file: File, *, as_json: AsJson = False) -> None:
    """Enter a file's records at once, in a house that is not founded yet.

    Afterwards two people do: `clearhouse propose records`. If a line is refused, none is entered.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        sheet = _read(own, register_of(register), file, as_json=as_json)
        if not sheet.tally["refused"]:
            operations.enter(own, sheet)
        _summary(sheet, file, as_json=as_json)


@propose.command()
def records(
    register: Name,
    file: File,
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to enter a file's records; approved, all of them are entered, or none.

    If a line is refused nothing is proposed: mend the file that is named, and propose again.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(EnterRecords(*_said(hand.own, register, file, Way.AGREED, as_json=as_json)))


def file(
    register: Name,
    file: File,
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """File records of a register that takes one person's word: all of them are entered, or none.

    The house's own people file for everybody, a participant's for it alone. If a line is refused
    nothing is filed: mend the file that is named, and file it.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        hand.order(FileRecords(*_said(hand.own, register, file, Way.FILED, as_json=as_json)))


def order_one(hand: Hand, register: Register, one: Any) -> None:
    """Let somebody file one record, or propose it where two people agree on such records."""
    digest = operations.prepare(hand.own, sheet_of(hand.own, register, one))
    order = FileRecords if register.way is Way.FILED else EnterRecords
    hand.order(order(register.name, digest, 1))


@app.command()
def proposed(register: Name, digest: str, *, as_json: AsJson = False) -> None:
    """Show the records that a proposal names, as they would be entered."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        one = register_of(register)
        _write(one, operations.proposed(own, one, digest), as_json=as_json)


@app.command()
def admission(digest: str, *, as_json: AsJson = False) -> None:
    """Show whom a proposal would admit, and under which licences, as they would be entered."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        lines = written(proposed_admission(own, digest))
    if as_json:
        say({"digest": digest, "records": lines})
    else:
        for line in lines:
            console().print(line, markup=False)


@app.command()
def export(
    register: Name,
    *,
    at: At = None,
    ftm: Annotated[bool, typer.Option("--ftm", help="As FollowTheMoney has it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a register as CSV, or as JSON, as it is known now or was known at an instant.

    What authorities alone may see is left empty.
    """
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        one = register_of(register)
        several = operations.known(own, one, at)
        if ftm:
            need_ftm(one, WRITTEN)
            sys.stdout.writelines(as_ftm(several))
        else:
            _write(one, several, as_json=as_json)


@app.command()
def reveal(
    register: Name,
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="One record's; all, without.")] = "",
    *,
    keyfile: Annotated[
        Path, typer.Option("--with", metavar="KEYFILE", exists=True, help="Whose key says so.")
    ],
    reason: Why,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Write a register with what authorities alone may see; who reads it and why is recorded.

    Supervisors, auditors and compliance may.
    """
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        one = register_of(register)
        sign(own, read_key(keyfile), RevealRecords(one.name, key, reason))
        several = operations.known(own, one, at)
        if key:
            several = [operations.known_as(own, one, key, at)]
        _print(one, [one.write(each) for each in several], as_json=as_json)


@app.command()
def show(register: Name, key: RecordKey, *, at: At = None, as_json: AsJson = False) -> None:
    """Show one record, as it is known now or was known at an instant."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        one = register_of(register)
        record = operations.known_as(own, one, key, at)
        said = one.write(operations.seen(one, record))
        if as_json:
            say(said)
        else:
            for name, text in said.items():
                console().print(f"{name:20} {text}", markup=False)


@app.command()
def history(register: Name, key: RecordKey, *, as_json: AsJson = False) -> None:
    """Show all that was ever said under a key, and when each was entered and by which proposal."""
    with answering(as_json=as_json), house(Settings(), settles=False) as own:
        one = register_of(register)
        told = operations.history(own, one, key)
        before: dict[str, str] = {}
        lines = []
        for version in told:
            said = one.write(operations.seen(one, version.record))
            changed = {name: text for name, text in said.items() if before.get(name, "") != text}
            about = {"recorded_at": instant(version.recorded_at), "proposal": version.proposal}
            lines.append({**about, "entry": str(version.position), "said": changed})
            before = said
        if as_json:
            say({"register": register, "key": key, "history": lines})
            return
        for line in lines:
            by = f" by {line['proposal']}" if line["proposal"] else ""
            console().print(f"{line['recorded_at']} entry {line['entry']}{by}", markup=False)
            for name, text in line["said"].items():  # type: ignore[attr-defined]
                console().print(f"    {name}: {text or '(empty)'}", markup=False)


def _read(own: House, register: Register, file: Path, *, as_json: bool) -> Sheet:
    with progress("reading", file.stat().st_size, as_json=as_json) as advance:
        return read_sheet(own, register, file, advance)


def _said(own: House, name: str, file: Path, way: Way, *, as_json: bool) -> tuple[str, str, int]:
    """Keep what a file says; answers what an order names: register, hash and how many records."""
    register = register_of(name)
    need_way(register, way)
    sheet = _read(own, register, file, as_json=as_json)
    if sheet.tally["refused"]:
        _summary(sheet, file, as_json=as_json)
    _remark(sheet)
    return name, operations.prepare(own, sheet), len(sheet.records)


def _remark(sheet: Sheet) -> None:
    tell_remarks([(one.line, said) for one in sheet.answers for said in one.remarks])


def _summary(sheet: Sheet, file: Path, *, as_json: bool) -> None:
    """Say what became of a file's lines; exit with 1 if one was refused."""
    with Rejects(file) as rejects:
        for answer in sheet.answers:
            if answer.refusals:
                rejects.add(answer.line, answer.text, answer.refusals)
    tally = sheet.tally
    if as_json:
        path = str(rejects.path) if rejects.count else None
        remarks = [
            {"line": one.line, "code": said.code, "detail": said.detail}
            for one in sheet.answers
            for said in one.remarks
        ]
        first = {"first_refused": rejects.refused, "first_remarks": remarks[:SHOWN_MAX]}
        say({"lines": tally, "rejects_file": path, **first})
    else:
        words = [f"{count:,} {name}" for name, count in tally.items() if count]
        console().print(", ".join(words) or "0", markup=False)
        _remark(sheet)
        rejects.tell()
    if rejects.count:
        raise typer.Exit(EXIT_REFUSED)


def _write(register: Register, several: list[Any], *, as_json: bool) -> None:
    lines = [register.write(operations.seen(register, one)) for one in several]
    _print(register, lines, as_json=as_json)


def _print(register: Register, lines: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        json.dump(lines, sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
        return
    names = [column.name for column in register.columns]
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
