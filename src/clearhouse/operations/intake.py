"""Take in obligations from files: CSV, one obligation a line, or a UBL invoice.

A file is worked off in batches; each batch is one transaction that also records how far the file
has come. So a file cut off, a process killed or a database lost in the middle loses nothing that
was answered, and the same file goes on where it stopped. Sending a file again says the same things
again, which changes nothing, and every line is answered again; what was refused is looked at anew.

Every line is answered: with its obligation's id and what became of it, or with all its refusals.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import file_digest
from io import BufferedReader
from itertools import islice
from pathlib import Path

from clearhouse.core.draft import Desk, Draft, Reading, read
from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.gate import Verdict
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import (
    Obligation,
    ObligationAffirmed,
    ObligationDiffers,
    ObligationProposed,
    State,
    stated,
    was_rescinded,
)
from clearhouse.core.participant import Participant, UnknownParticipant
from clearhouse.feeds.lines import LineUnfinished
from clearhouse.feeds.table import Row, read_table
from clearhouse.feeds.ubl import read_invoice
from clearhouse.operations.house import House
from clearhouse.operations.screen import Gate, open_gate, verdict_of
from clearhouse.operations.value_dates import value_dated
from clearhouse.store import journal, obligations, registers
from clearhouse.store.obligations import Progress
from clearhouse.store.projection import record

COLUMNS = ("reference", "debtor", "creditor", "amount", "asset", "traded_on", "due_on")
BATCH = 2_000
BUFFER_BYTES = 1 << 18  # of reading ahead: with less, a line of a gigabyte takes seconds
Drafts = Sequence[tuple[Row, Draft | Refusal]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one line: its obligation, or why it was refused."""

    line: int
    text: str  # the line as it was sent
    obligation: ObligationId | None
    outcome: str  # proposed, affirmed, known, refused
    verdict: str  # the gate's, on what is newly proposed
    refusals: tuple[Refusal, ...]


@dataclass(slots=True)
class Tally:
    """What became of a file."""

    file: str  # its SHA-256
    lines_before: int  # worked off by an earlier run of the same file, which was interrupted
    bytes_done: int
    outcomes: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("proposed", "affirmed", "known", "refused"), 0)
    )
    verdicts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("clear", "hold", "deny"), 0)
    )
    unfinished: LineUnfinished | None = None  # the file was cut off: where to go on

    def count(self, answer: Answer) -> None:
        """Count one line's answer."""
        self.outcomes[answer.outcome] += 1
        if answer.verdict:
            self.verdicts[answer.verdict] += 1
        for refusal in answer.refusals:
            if isinstance(refusal, LineUnfinished):
                self.unfinished = refusal


@dataclass(slots=True)
class _Batch:
    """What a batch says, worked off line by line, in order: a later line sees an earlier one."""

    by: ParticipantId
    file: str
    at: datetime
    participants: Mapping[ParticipantId, Participant]
    recorded: dict[ObligationId, Obligation]  # as of now; lines change it
    new: dict[ObligationId, None] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    facts: list[tuple[str, Event]] = field(default_factory=list)
    bound: list[ObligationId] = field(default_factory=list)  # since now

    def take(self, row: Row, reading: Reading) -> None:
        """Work off one line."""
        one = reading.obligation
        before = self.recorded.get(one.id) if one else None
        if one is None or (before is None and reading.refusals):
            self.refuse(row, reading.refusals)
        elif before is not None and before.state is State.RESCINDED:
            self.refuse(row, [was_rescinded(before)])
        elif before is not None and not before.same_terms(one):
            detail = f"{one.creditor}'s {one.reference} is recorded as {before.said()}"
            self.refuse(row, [ObligationDiffers(detail, obligation=one.id)])
        else:
            self._state(row, one, before)

    def refuse(self, row: Row, refusals: Sequence[Refusal]) -> None:
        """Answer a line with all that is wrong with it."""
        self.answers.append(Answer(row.line, row.text, None, "refused", "", tuple(refusals)))

    def _state(self, row: Row, one: Obligation, before: Obligation | None) -> None:
        said = stated(before or one, self.by, self.at)
        self.recorded[one.id] = said
        if before is None:
            outcome = "proposed"
            self.new[one.id] = None
            self.facts.append((one.id, self._proposed(one, row.line)))
        elif said == before:
            outcome = "known"
        else:
            outcome = "affirmed"
            self.facts.append((one.id, ObligationAffirmed(one.id, self.by)))
            self.bound.append(one.id)
        self.answers.append(Answer(row.line, row.text, one.id, outcome, "", ()))

    def _proposed(self, one: Obligation, line: int) -> ObligationProposed:
        return ObligationProposed(
            one.id,
            self.by,
            one.debtor,
            one.creditor,
            one.reference,
            one.amount.units,
            one.amount.asset.code,
            one.traded_on,
            one.due_on,
            self.file,
            line,
        )


@dataclass(slots=True)
class _Run:
    """One file being taken in."""

    house: House
    by: ParticipantId
    gate: Gate
    tally: Tally
    tell: Callable[[Answer], None]

    def batch(self, drafts: Drafts, *, finished: bool) -> None:
        """Take in one batch, perhaps the last: one transaction, then its answers."""
        house, at = self.house, self.house.now()
        last = drafts[-1][0]
        with house.db.transaction():
            journal.lock(house.db)
            work = self._work_off(drafts, at)
            verdicts = self._pass_gate(work, at)
            bound = [work.recorded[id] for id in work.bound]
            dated = value_dated(house, bound, work.participants, at)
            record(house.db, [*work.facts, *dated], at, at)
            progress = Progress(last.line, last.end, finished)
            obligations.record_intake(house.db, self.tally.file, self.by, progress)
        self.gate.saved()
        self.tally.bytes_done = last.end
        for one in work.answers:
            answer = one
            if one.outcome == "proposed" and one.obligation:
                answer = replace(one, verdict=str(verdicts[one.obligation]))
            self.tally.count(answer)
            self.tell(answer)

    def _work_off(self, drafts: Drafts, at: datetime) -> _Batch:
        house = self.house
        read_drafts = [draft for _, draft in drafts if isinstance(draft, Draft)]
        named = {ParticipantId(d.debtor) for d in read_drafts}
        named |= {ParticipantId(d.creditor) for d in read_drafts}
        participants = registers.participants(house.db, named)
        desk = Desk(participants, house.assets, house.rulebook, house.today)
        readings = [
            read(draft, self.by, desk) if isinstance(draft, Draft) else Reading(None, [draft])
            for _, draft in drafts
        ]
        ids = {reading.obligation.id for reading in readings if reading.obligation}
        recorded = obligations.by_ids(house.db, ids, house.assets)
        work = _Batch(self.by, self.tally.file, at, participants, recorded)
        for (row, _), reading in zip(drafts, readings, strict=True):
            work.take(row, reading)
        return work

    def _pass_gate(self, work: _Batch, at: datetime) -> dict[ObligationId, Verdict]:
        """Let the gate decide on what is new."""
        new = [work.recorded[id] for id in work.new]
        decisions = self.gate.judge(new, work.participants, at)
        verdicts = {id: verdict_of(decision) for id, decision in decisions.items()}
        work.facts = self.gate.save() + work.facts
        work.facts += list(decisions.items())
        return verdicts


def take_in(
    house: House,
    file: Path,
    by: ParticipantId,
    tell: Callable[[Answer], None],
    advance: Callable[[int], None] = lambda _: None,
    *,
    gate: Gate | None = None,
) -> Tally:
    """Take in a file that participant `by` sends: UBL if it ends in .xml, else CSV.

    Args:
        tell: Is given every line's answer, once its work is committed.
        advance: Is given the bytes done so far, for a progress bar; first those of an earlier run
            that was interrupted, 0 if there was none.
        gate: One that is open already, where many files come in one after another.

    Returns:
        What became of the lines of this run. Where an earlier run of the same file by the same
        participant was interrupted, this one goes on behind its `lines_before`; where that came to
        the file's end, this one begins anew.

    Raises:
        UnknownParticipant: `by` is not admitted.
        FileEmpty, HeaderWrong, EncodingWrong, XmlForbidden, XmlMalformed, InvoiceIncomplete: Of the
            file; nothing is taken in.
        screening's refusals: The gate stops; what was answered before stands.
    """
    if by not in registers.admitted(house.db, [by]):
        raise UnknownParticipant(f"{by} is not admitted", participant=by)
    gate = gate or open_gate(house)
    with BufferedReader(file.open("rb", buffering=0), BUFFER_BYTES) as stream:
        digest = file_digest(stream, "sha256").hexdigest()
        done = obligations.intake_progress(house.db, digest, by)
        if done.finished:
            done = Progress(0, 0, finished=False)
        run = _Run(house, by, gate, Tally(digest, done.lines_done, done.bytes_done), tell)
        drafts: Iterator[tuple[Row, Draft | Refusal]]
        if file.suffix.lower() == ".xml":
            drafts = _invoice(file)
        else:
            drafts = _table(
                read_table(stream, COLUMNS, line=done.lines_done, offset=done.bytes_done)
            )
        advance(done.bytes_done)
        for batch, finished in _batches(drafts):
            run.batch(batch, finished=finished)
            advance(run.tally.bytes_done)
    return run.tally


def _batches(
    drafts: Iterator[tuple[Row, Draft | Refusal]],
) -> Iterator[tuple[Drafts, bool]]:
    """Batch a file's drafts, and tell the last batch from the others."""
    head = list(islice(drafts, 1))
    while head:
        batch = head + list(islice(drafts, BATCH - 1))
        head = list(islice(drafts, 1))
        yield batch, not head


def _invoice(file: Path) -> Iterator[tuple[Row, Draft | Refusal]]:
    yield Row(1, "", {}, file.stat().st_size), read_invoice(file)


def _table(rows: Iterable[Row]) -> Iterator[tuple[Row, Draft | Refusal]]:
    for row in rows:
        if isinstance(row.fields, Refusal):
            yield row, row.fields
        else:
            values = [row.fields[name].strip() for name in COLUMNS]
            yield row, Draft(row.line, *values)
