"""Suspicion: what somebody finds odd, what two people make of it, and what an authority is told.

Somebody of compliance who finds a participant or a payment odd raises a concern, which is a case
from then on. Two people decide it: it is unfounded, or it is reported. A report has its six
questions answered (who, what, when, where, why, how); it is written from a draft that has what the
house knows filled in, agreed on by two people, and kept encrypted, since it is about people. When
the authority has it, its receipt is filed.

    concern            a case that a person opened
    concern decision   what two people made of it
    suspicion report   what is told to the financial intelligence unit, or why nothing is
    report receipt     the authority has it

Nobody whom any of it is about is told (tipping off), and nothing that they can see depends on it.

Source: FATF Recommendations 20 (reporting of suspicious transactions) and 21 (tipping-off and
confidentiality); FinCEN, Guidance on Preparing a Complete and Sufficient SAR Narrative (2003).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from clearhouse.core.casework import CaseMalformed, case_wrong
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM
from clearhouse.core.owner import DOSSIER_DIGITS
from clearhouse.core.record import OneOf, Prose, Register, Way

WHY = ("behaviour", "amounts", "documents", "coins", "relations", "geography", "other")
OUTCOMES = ("unfounded", "reported")
TOLD = ("told", "not told")  # whether an authority is
QUESTIONS = ("who", "what", "when", "where", "why", "how")
NARRATIVE_LENGTH_MAX = 40_000  # characters: a dossier has 65,536 bytes
REPORT = "rep"
ABOUT_FORM = re.compile(r"[A-Z0-9]{20}|(ent|prs|ves|obl|cyc)_[0-9A-Z]{26}", re.ASCII)


class ReportMalformed(Refusal):
    """A suspicious report does not have its form, or leaves a question open."""

    code = "report.malformed"
    kind = Kind.MALFORMED


class UnknownReport(Refusal):
    """There is no such report."""

    code = "report.unknown"
    kind = Kind.UNKNOWN


class ReportNotTold(Refusal):
    """Two people decided that an authority is not told: there is no receipt."""

    code = "report.not-told"
    kind = Kind.CONFLICT


class ReportMissing(Refusal):
    """What is decided of a concern, and what an authority is told of it, do not agree."""

    code = "case.report-missing"
    kind = Kind.CONFLICT


class ConcernDecided(Refusal):
    """Two people have decided this concern already."""

    code = "case.concern-decided"
    kind = Kind.CONFLICT


class SubjectUnknown(Refusal):
    """Nobody and nothing here has this id."""

    code = "case.subject-unknown"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Concern:
    """Somebody of compliance finds something odd."""

    case: str  # its id: made by whoever raises it
    about: str  # a participant's LEI, or the id of an owner, a ship, a payment, a cycle
    why: Annotated[str, OneOf(WHY)]
    said: str  # what is odd, in words
    raised_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from case_wrong(self.case)
        if not ABOUT_FORM.fullmatch(self.about):
            yield CaseMalformed(
                f"about: {self.about[:40]!r}: an LEI, or ent_, prs_, ves_, obl_, cyc_"
            )


@dataclass(frozen=True, slots=True)
class ConcernDecision:
    """What two people made of a concern."""

    case: str
    outcome: Annotated[str, OneOf(OUTCOMES)]
    reason: str
    decided_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from case_wrong(self.case)


@dataclass(frozen=True, slots=True)
class SuspicionReport:
    """What an authority is told of a case, or that it is not; the narrative is kept apart."""

    report: str  # its id: made by whoever drafts it
    case: str
    authority: str  # the financial intelligence unit
    outcome: Annotated[str, OneOf(TOLD)]
    due_on: date
    decided_on: date
    narrative: Annotated[str, Prose(NARRATIVE_LENGTH_MAX)] = ""
    commitment: str = ""

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from case_wrong(self.case)
        form = ID_FORM.fullmatch(self.report)
        if form is None or form["prefix"] != REPORT:
            yield ReportMalformed(f"report: {self.report[:40]!r}: an id that begins with {REPORT}_")
        if self.narrative:
            yield from narrative_wrong(self.narrative)
        elif not self.commitment:
            yield ReportMalformed("narrative: a report without one tells nothing")

    @property
    def dossier(self) -> str:
        """Whose dossier has the narrative."""
        return f"{self.report}_{self.commitment[:DOSSIER_DIGITS]}"


def narrative_wrong(text: str) -> Iterable[ReportMalformed]:
    """Say what is wrong with a narrative: an object of texts that answer the six questions."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        yield ReportMalformed(f"narrative: a JSON object is expected: {str(wrong)[:80]}")
        return
    answers = said.get("narrative") if isinstance(said, dict) else None
    if not isinstance(answers, dict) or answers.keys() != set(QUESTIONS):
        yield ReportMalformed(f"narrative: answers to {', '.join(QUESTIONS)}, and no others")
        return
    for question, answer in answers.items():
        if not isinstance(answer, str) or not answer.strip():
            yield ReportMalformed(f"narrative: {question} is not answered")
        elif "[" in answer and "]" in answer:
            yield ReportMalformed(f"narrative: {question} still has a [gap] to be filled in")


@dataclass(frozen=True, slots=True)
class ReportReceipt:
    """The authority has a report."""

    report: str
    receipt: str  # the authority's number
    received_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        form = ID_FORM.fullmatch(self.report)
        if form is None or form["prefix"] != REPORT:
            yield ReportMalformed(f"report: {self.report[:40]!r}: an id that begins with {REPORT}_")


CONCERNS = Register(
    "concern",
    Concern,
    "somebody of compliance finds something odd",
    ("case",),
    "case",
    restricted=frozenset({"about", "said"}),
    way=Way.FILED,
    untold=True,
)
CONCERN_DECISIONS = Register(
    "concern_decision",
    ConcernDecision,
    "what two people made of a concern",
    ("case",),
    "case",
    restricted=frozenset({"reason"}),
    untold=True,
)
REPORTS = Register(
    "suspicion_report",
    SuspicionReport,
    "what an authority is told of a case, or that it is not",
    ("report",),
    "case",
    personal=("narrative",),
    untold=True,
)
REPORT_RECEIPTS = Register(
    "report_receipt",
    ReportReceipt,
    "an authority has a report",
    ("report",),
    "report",
    way=Way.FILED,
    untold=True,
)
OF_SUSPICION = (CONCERNS, CONCERN_DECISIONS, REPORTS, REPORT_RECEIPTS)
