"""Casework: hits and held payments as cases, each with an owner, a deadline and evidence.

A case is open while something stands that people must decide: a subject that resembles an entry
of a list and about which nobody has decided (`hits`), or a payment that is held (`held`). Its id
follows from what it is about, so nobody opens or closes one: two people's decision does, or that
what was held is cleared.

    alert          the house itself records that it found a hit, once for what was compared: from
                   then on the time runs in which people must look
    case owner     whose case it is: somebody takes it, or gives it to a colleague
    case evidence  a document that was looked at, by its hash, and what it shows

Nobody whom a case is about is told of it.

Source: Wolfsberg Group, Guidance on Sanctions Screening (2019), 5 (alerts are assigned, decided by
people in time, with their evidence kept); FATF Recommendation 21 (tipping off).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ObligationId, PersonId, derived
from clearhouse.core.record import OneOf, Register, Way

DIGEST_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
PREFIX = "cas"
SHOWS = ("identity", "ownership", "contract", "goods", "authority", "other")


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
        yield from _case_wrong(self.case)
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
        yield from _case_wrong(self.case)
        if not DIGEST_FORM.fullmatch(self.document):
            yield CaseMalformed("document: its SHA-256, 64 hexadecimal digits")
        if not self.said.strip():
            yield CaseMalformed("said: what the document shows")


def _case_wrong(case: str) -> Iterable[CaseMalformed]:
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
