"""`clearhouse admit`, `intake`, `affirm`, `rescind`: what participants send."""

import csv
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self, TextIO

import typer
from rich.console import Console

from clearhouse.cli.answer import EXIT_REFUSED, AsJson, answering, console, progress, say
from clearhouse.cli.orders import Key, Out, With, ordering, propose
from clearhouse.core import ids
from clearhouse.core.errors import Refusal
from clearhouse.core.ids import ObligationId
from clearhouse.core.obligation import State
from clearhouse.core.participant import parse_lei
from clearhouse.feeds.table import REJECTS
from clearhouse.operations import admit as admission
from clearhouse.operations import affirm as affirmation
from clearhouse.operations import intake as intaking
from clearhouse.operations import rescind as rescission
from clearhouse.operations.sheet import JSON_SUFFIXES
from clearhouse.settings import Settings, house

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
By = Annotated[str, typer.Option("--as", metavar="LEI", help="Who sends it.")]
SHOWN_MAX = 20


class Rejects:
    """The file of refused lines, beside the file that was sent; made when the first one comes.

    Where an interrupted run goes on, so does its file of rejects.

    Mended, it can be sent as it is: the two columns behind the line's own are not read. Of a file
    of objects it has the objects, one a line.
    """

    def __init__(self, file: Path) -> None:
        self._has_objects = file.suffix in JSON_SUFFIXES
        suffix = "jsonl" if self._has_objects else "csv"
        self.path = file.with_name(f"{file.stem}.rejects.{suffix}")
        self._header = _first_line(file)
        self._stream: TextIO | None = None
        self._goes_on = False
        self.refused: list[dict[str, Any]] = []
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._stream:
            self._stream.close()

    def go_on(self) -> None:
        """Write behind what an earlier, interrupted run of the same file has refused."""
        self._goes_on = self.path.exists()

    def add(self, line: int, text: str, refusals: Sequence[Refusal]) -> None:
        """Write one refused line."""
        self.count += 1
        said = [{"code": one.code, "detail": one.detail} for one in refusals]
        if self.count <= SHOWN_MAX:
            self.refused.append({"line": line, "refusals": said})
        if not text:
            return
        if self._stream is None:
            self._stream = self._open()
        why = "; ".join(str(one) for one in refusals)
        if self._has_objects:
            self._stream.write(f"{_marked(text, line, why)}\n")
        else:
            self._stream.write(text + ",")
            csv.writer(self._stream, lineterminator="\n").writerow([line, why])

    def tell(self) -> None:
        """Print the first of them for people, and where all are."""
        err = Console(stderr=True, highlight=False, soft_wrap=True)
        for refused in self.refused:
            for refusal in refused["refusals"]:
                line = f"line {refused['line']}: {refusal['code']}: {refusal['detail']}"
                err.print(line, markup=False)
        if self.count > SHOWN_MAX:
            err.print(f"... and {self.count - SHOWN_MAX:,} more", markup=False)
        if self.count:
            err.print(f"mend the refused lines in {self.path} and send that file", markup=False)

    def _open(self) -> TextIO:
        stream = self.path.open("a" if self._goes_on else "w", encoding="utf-8", newline="")
        if not self._goes_on and not self._has_objects:
            stream.write(f"{self._header},refused_line,refusals\n")
        return stream


def _marked(text: str, line: int, why: str) -> str:
    """An object that was refused, and why; what is none stays as it is."""
    try:
        one = json.loads(text)
    except (ValueError, RecursionError):
        return text
    marks = {REJECTS[0]: line, REJECTS[1]: why}
    return json.dumps({**one, **marks}, ensure_ascii=False) if isinstance(one, dict) else text


def _first_line(file: Path) -> str:
    with file.open("rb") as stream:
        first = stream.readline(1 << 16).decode("utf-8-sig", "replace").rstrip("\r\n")
    names = [name for name in first.split(",") if name not in REJECTS]
    return ",".join(names)


def admit(file: File, *, as_json: AsJson = False) -> None:
    """Admit participants from a CSV file, one licence a line, before the house is founded.

    Columns: lei, name, residence, address, licence_class, licence_issuer, valid_from, valid_to.
    Exits with 1 if a line was refused; those lines stand in FILE's name with `.rejects.csv`.
    Afterwards two people admit: `clearhouse propose participants`.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        answers: list[admission.Admission] = []
        admission.admit(own, file, answers.append)
        _admissions(file, answers, as_json=as_json)


@propose.command()
def participants(
    file: File,
    *,
    with_: With = None,
    key: Key = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Propose to admit the participants of a CSV file, as `admit` has it: all of them, or none.

    If a line is refused nothing is proposed: mend the file that is named, and propose again.
    """
    with ordering(with_, key, out, as_json=as_json) as hand:
        done = admission.read(hand.own, file)
        if done.tally["refused"]:
            _admissions(file, done.answers, as_json=as_json)
        tell_remarks([(one.line, said) for one in done.answers for said in one.remarks])
        hand.order(admission.prepare(hand.own, done))


def _admissions(file: Path, answers: Sequence[admission.Admission], *, as_json: bool) -> None:
    """Say what became of a file's lines; exit with 1 if one was refused."""
    with Rejects(file) as rejects:
        for one in answers:
            if one.refusals:
                rejects.add(one.line, one.text, one.refusals)
    tell_remarks([(one.line, said) for one in answers for said in one.remarks])
    tally = admission.Admissions([*answers]).tally
    _summary(tally, rejects, as_json=as_json)


def intake(file: File, by: By, *, as_json: AsJson = False) -> None:
    """Take in obligations from a CSV file, one a line, or from a UBL 2.1 invoice (.xml).

    Columns: reference, debtor, creditor, amount, asset, traded_on, due_on. Sending a file again is
    safe; one that was interrupted goes on where it stopped. Exits with 1 if a line was refused;
    those lines stand in FILE's name with `.rejects.csv`: mend them there and send that file.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        rejects = stack.enter_context(Rejects(file))
        bar = progress("taking in", file.stat().st_size, as_json=as_json)
        show = stack.enter_context(bar)
        answers: list[dict[str, Any]] = []

        def advance(done: int) -> None:
            if done and not answers and not rejects.count:
                rejects.go_on()
            show(done)

        def tell(one: intaking.Answer) -> None:
            if one.refusals:
                rejects.add(one.line, one.text, one.refusals)
            elif len(answers) < SHOWN_MAX:
                said = {"line": one.line, "obligation": one.obligation, "outcome": one.outcome}
                answers.append(said | ({"gate": one.verdict} if one.verdict else {}))

        tally = intaking.take_in(own, file, parse_lei(by), tell, advance)
        counts = {"lines_before": tally.lines_before, **tally.outcomes}
        counts |= {f"gate_{verdict}": count for verdict, count in tally.verdicts.items()}
        _summary(counts, rejects, answers=answers, as_json=as_json)


def tell_remarks(remarks: Sequence[tuple[int, Refusal]]) -> None:
    """Print what a person should know of lines that were taken, by line."""
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    for line, said in remarks[:SHOWN_MAX]:
        err.print(f"line {line}: {said.code}: {said.detail}", markup=False)
    if len(remarks) > SHOWN_MAX:
        err.print(f"... and {len(remarks) - SHOWN_MAX:,} more", markup=False)


def _summary(
    counts: dict[str, int],
    rejects: Rejects,
    *,
    as_json: bool,
    answers: Sequence[dict[str, Any]] = (),
) -> None:
    """Print what became of a file's lines; exit with 1 if one was refused."""
    path = str(rejects.path) if rejects.count else None
    if as_json:
        first = {"first_answers": list(answers), "first_refused": rejects.refused}
        say({"lines": counts, "rejects_file": path, **first})
    else:
        out = console()
        out.print(", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "0")
        for answer in answers:
            out.print("  " + "  ".join(str(part) for part in answer.values()), markup=False)
        rejects.tell()
    if rejects.count:
        raise typer.Exit(EXIT_REFUSED)


def affirm(
    obligations: Annotated[
        list[str] | None, typer.Argument(help="Ids; none is all that wait for you.")
    ] = None,
    *,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Affirm obligations that the other side has proposed: then they bind.

    Exits with 1 if one was refused.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        named = [ObligationId(ids.parse("obl", one)) for one in obligations or []]
        answers = affirmation.affirm(own, parse_lei(by), named or None)
        count = sum(not one.refusal for one in answers)
        _answers(answers, f"{count:,} affirmed", as_json=as_json)


def rescind(
    obligations: Annotated[list[str], typer.Argument(help="Ids.")],
    *,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Take back obligations, before the rescission of their cycle is over.

    What you alone have said is rescinded at once. What binds is rescinded when the other side
    takes it back too; until then it is `affirmed`, and is cleared if the other side does not.
    Exits with 1 if one was refused.
    """
    with ExitStack() as stack:
        stack.enter_context(answering(as_json=as_json))
        own = stack.enter_context(house(Settings(), settles=False))
        named = [ObligationId(ids.parse("obl", one)) for one in obligations]
        answers = rescission.rescind(own, parse_lei(by), named)
        done = sum(one.state == State.RESCINDED for one in answers)
        waiting = sum(one.state == State.AFFIRMED for one in answers)
        text = f"{done:,} rescinded" + (f", {waiting:,} wait for the other side" if waiting else "")
        _answers(answers, text, as_json=as_json)


def _answers(
    answers: Sequence[affirmation.Affirmation | rescission.Rescission], text: str, *, as_json: bool
) -> None:
    """Say what became of each obligation; exit with 1 if one was refused."""
    refused = [one for one in answers if one.refusal]
    if as_json:
        said = [
            {"obligation": one.obligation, "state": one.state}
            | ({"refused": str(one.refusal)} if one.refusal else {})
            for one in answers
        ]
        say({"answers": said})
    else:
        console().print(text, markup=False)
        for one in refused:
            Console(stderr=True, soft_wrap=True).print(str(one.refusal), markup=False)
    if refused:
        raise typer.Exit(EXIT_REFUSED)
