"""Casework: hits and held payments as cases, each with an owner, a deadline and evidence.

A case is open while something stands that people must decide: a subject that resembles an entry
of a list and about which nobody has decided (`hits`), a payment that is held (`held`), or what
somebody of compliance finds odd (`suspicion`). Of the first two the id follows from what it is
about, so nobody opens or closes one: two people's decision does, or that what was held is cleared.

    new        nobody has it      by the day that `cases.take-time` gives
    in hand    somebody has it    by the day on which it must be decided
    second     proposed           until the proposal expires

A stage that lasts too long is escalated: the house records it, first for all of compliance, and
for the supervisor once the time to decide is over, or another stage was escalated before.

    alert          the house itself records that it found a hit, once for what was compared: from
                   then on the time runs in which people must look
    case owner     whose case it is: somebody takes it, or gives it to a colleague
    case evidence  a document that was looked at, by its hash, and what it shows
    case link      two cases have to do with each other, and how
    escalation     a stage of a case lasted too long

Nobody whom a case is about is told of it.

Source: Wolfsberg Group, Guidance on Sanctions Screening (2019), 5 (alerts are assigned, decided by
people in time, with their evidence kept); FATF Recommendation 21 (tipping off).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ObligationId, PersonId, derived
from clearhouse.core.record import OneOf, Register, Way

DIGEST_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
PREFIX = "cas"
SHOWS = ("identity", "ownership", "contract", "goods", "authority", "other")


LINKS = ("same-party", "same-owner", "same-payment", "same-wallet", "same-pattern", "other")


class Stage(StrEnum):
    """How far people have come with a case."""

    NEW = "new"
    IN_HAND = "in hand"
    SECOND = "second"


COMPLIANCE, SUPERVISOR = 1, 2  # levels of escalation: to whom


class CaseMalformed(Refusal):
    """What is filed of a case does not have its form."""

    code = "case.malformed"
    kind = Kind.MALFORMED


class UnknownCase(Refusal):
    """There is no such case open."""

    code = "case.unknown"
    kind = Kind.UNKNOWN


class OwnerUnfit(Refusal):
    """Whoever is to own a case is not of compliance."""

    code = "case.owner-unfit"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Alert:
    """The house found that a subject resembles an entry of a list."""

    subject: str
    list_name: str
    entity: str
    compared: str  # as of `HitDecision`
    listed: str
    score: int  # per mille
    list_version: str
    raised_at: datetime

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()


@dataclass(frozen=True, slots=True)
class CaseOwner:
    """Whose case it is, from a day on."""

    case: str
    person: PersonId
    taken_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from case_wrong(self.case)
        form = ID_FORM.fullmatch(self.person)
        if form is None or form["prefix"] != "per":
            yield CaseMalformed(f"person: {self.person[:40]!r}: an id that begins with per_")


@dataclass(frozen=True, slots=True)
class CaseEvidence:
    """A document that was looked at for a case; the document itself is kept elsewhere."""

    case: str
    document: str  # SHA-256
    shows: Annotated[str, OneOf(SHOWS)]
    said: str  # what it shows, in words
    filed_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from case_wrong(self.case)
        if not DIGEST_FORM.fullmatch(self.document):
            yield CaseMalformed("document: its SHA-256, 64 hexadecimal digits")
        if not self.said.strip():
            yield CaseMalformed("said: what the document shows")


@dataclass(frozen=True, slots=True)
class CaseLink:
    """Two cases have to do with each other."""

    case: str
    other: str
    how: Annotated[str, OneOf(LINKS)]
    linked_on: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from case_wrong(self.case)
        yield from case_wrong(self.other)
        if self.case == self.other:
            yield CaseMalformed(f"{self.case} is linked with itself")


@dataclass(frozen=True, slots=True)
class Escalation:
    """A stage of a case lasted longer than it may."""

    case: str
    stage: Annotated[str, OneOf(tuple(Stage))]
    due: date  # by when it should have ended
    level: int  # 1: all of compliance; 2: the supervisor
    escalated_at: datetime

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()


def level_of(is_late: bool, before: Iterable[Escalation]) -> int:
    """To whom a stage that lasts too long is escalated.

    Args:
        is_late: Whether the time to decide the case is over.
        before: What was escalated of the same case.
    """
    return SUPERVISOR if is_late or any(before) else COMPLIANCE


def case_wrong(case: str) -> Iterable[CaseMalformed]:
    """Say why a text is not the id of a case."""
    form = ID_FORM.fullmatch(case)
    if form is None or form["prefix"] != PREFIX:
        yield CaseMalformed(f"case: {case[:40]!r}: an id that begins with {PREFIX}_")


def case_of_hit(subject: str, list_name: str, entity: str) -> str:
    """The id of the case about a subject and an entry of a list."""
    return derived(PREFIX, "hit", subject, list_name, entity)


def case_of_hold(obligation: ObligationId) -> str:
    """The id of the case about a payment that is held."""
    return derived(PREFIX, "hold", obligation)


ALERTS = Register(
    "alert",
    Alert,
    "the house found that a subject resembles an entry of a list",
    ("subject", "list_name", "entity", "compared", "listed"),
    "subject",
    way=Way.FOUND,
    untold=True,
)
CASE_OWNERS = Register(
    "case_owner",
    CaseOwner,
    "whose case it is",
    ("case",),
    "case",
    way=Way.FILED,
    untold=True,
)
CASE_EVIDENCE = Register(
    "case_evidence",
    CaseEvidence,
    "a document that was looked at for a case",
    ("case", "document"),
    "case",
    # What a document shows may be personal.
    restricted=frozenset({"said"}),
    way=Way.FILED,
    untold=True,
)
CASE_LINKS = Register(
    "case_link",
    CaseLink,
    "two cases have to do with each other",
    ("case", "other"),
    "case",
    way=Way.FILED,
    untold=True,
)
ESCALATIONS = Register(
    "escalation",
    Escalation,
    "a stage of a case lasted longer than it may",
    ("case", "stage", "due"),
    "case",
    way=Way.FOUND,
    untold=True,
)
