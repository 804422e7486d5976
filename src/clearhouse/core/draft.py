"""`Draft`: an obligation as a file writes it, and what must be right before it is stated.

A draft comes from a line of a CSV file or from a UBL invoice; here it becomes an obligation, or
all the refusals that its sender has to mend.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.money import (
    AmountMalformed,
    AmountNotPositive,
    Asset,
    Money,
    UnknownAsset,
    parse_units,
)
from clearhouse.core.obligation import NotAParty, Obligation, State, obligation_id
from clearhouse.core.participant import (
    LeiWrong,
    Participant,
    UnknownParticipant,
    licensed,
    parse_lei,
)
from clearhouse.core.record import read_date
from clearhouse.core.rulebook import Role, Rulebook

REFERENCE_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/#:-]{0,63}", re.ASCII)


class ReferenceMalformed(Refusal):
    """An obligation's reference is not one to 64 plain characters."""

    code = "obligation.reference-malformed"
    kind = Kind.MALFORMED


class DateMalformed(Refusal):
    """A date is not written as 2026-03-02."""

    code = "obligation.date-malformed"
    kind = Kind.MALFORMED


class TradedInFuture(Refusal):
    """An obligation's trade date has not come yet."""

    code = "obligation.traded-in-future"
    kind = Kind.MALFORMED


class DuePassed(Refusal):
    """An obligation's due date has passed, or lies before its trade date."""

    code = "obligation.due-passed"
    kind = Kind.MALFORMED


class PartiesEqual(Refusal):
    """Debtor and creditor are the same."""

    code = "obligation.parties-equal"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Draft:
    """An obligation as a file writes it: nothing about it is checked yet."""

    line: int
    reference: str
    debtor: str
    creditor: str
    amount: str
    asset: str
    traded_on: str
    due_on: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What drafts are read against: who is admitted, which assets are taken, the law, the day."""

    participants: Mapping[ParticipantId, Participant]  # those of the batch that are admitted
    assets: Mapping[str, Asset]  # by code
    rulebook: Rulebook
    on: date


@dataclass(frozen=True, slots=True)
class Reading:
    """What a draft says, and what speaks against it.

    A draft whose form is right is an obligation, though it may be refused all the same: its due
    date has passed, or a licence is missing. Where it was taken in earlier, that no longer matters.
    """

    obligation: Obligation | None
    refusals: list[Refusal]


def read(draft: Draft, by: ParticipantId, desk: Desk) -> Reading:
    """Read a draft that `by` sent into an obligation that nobody has stated yet.

    All refusals are found, not the first one, so that a line is mended in one go.
    """
    wrong: list[Refusal] = []
    if not REFERENCE_FORM.fullmatch(draft.reference):
        wrong.append(ReferenceMalformed(f"{draft.reference[:80]!r}: 1 to 64 plain characters"))
    debtor = _admitted(draft.debtor, desk, wrong)
    creditor = _admitted(draft.creditor, desk, wrong)
    if draft.debtor == draft.creditor:
        wrong.append(PartiesEqual(f"{draft.debtor[:40]!r} cannot owe itself"))
    elif by not in {draft.debtor, draft.creditor}:
        wrong.append(NotAParty(f"{by} sent it, and is neither its debtor nor its creditor"))
    money = _money(draft, desk, wrong)
    traded_on = _day(draft.traded_on, wrong)
    due_on = _day(draft.due_on, wrong)
    barred = _barred(desk, debtor, creditor, traded_on, due_on)
    if debtor is None or creditor is None or money is None or traded_on is None or due_on is None:
        return Reading(None, wrong + barred)
    if wrong:
        return Reading(None, wrong + barred)
    id = obligation_id(creditor.id, draft.reference)
    parties = (debtor.id, creditor.id)
    said = Obligation(
        id, *parties, draft.reference, money, traded_on, due_on, None, None, State.PROPOSED
    )
    return Reading(said, barred)


def _barred(
    desk: Desk,
    debtor: Participant | None,
    creditor: Participant | None,
    traded_on: date | None,
    due_on: date | None,
) -> list[Refusal]:
    """Find what bars a new obligation from being taken in today, however well it is written."""
    refusals: list[Refusal] = []
    if traded_on and traded_on > desk.on:
        refusals.append(TradedInFuture(f"{traded_on} is after today, {desk.on}"))
    if due_on and due_on < desk.on:
        refusals.append(DuePassed(f"due on {due_on}; today is {desk.on}"))
    if due_on and traded_on and due_on < traded_on:
        refusals.append(DuePassed(f"due on {due_on}, before it was traded on {traded_on}"))
    if traded_on:
        for party, role in ((debtor, Role.DEBTOR), (creditor, Role.CREDITOR)):
            if party:
                refusals += licensed(party, role, traded_on, desk.rulebook)
    return refusals


def _admitted(text: str, desk: Desk, refusals: list[Refusal]) -> Participant | None:
    if party := desk.participants.get(ParticipantId(text)):
        return party
    try:
        refusals.append(UnknownParticipant(f"{parse_lei(text)} is not admitted"))
    except LeiWrong as wrong:
        refusals.append(_let_go(wrong))
    return None


def _money(draft: Draft, desk: Desk, refusals: list[Refusal]) -> Money | None:
    asset = desk.assets.get(draft.asset)
    if asset is None:
        detail = f"{draft.asset[:20]!r}: the house takes {', '.join(sorted(desk.assets))}"
        refusals.append(UnknownAsset(detail))
    try:
        units = parse_units(draft.amount, asset.exponent if asset else 0)
    except Refusal as refusal:
        # Of an unknown asset nobody can say how precise or how large an amount may be.
        if asset or isinstance(refusal, AmountMalformed | AmountNotPositive):
            refusals.append(_let_go(refusal))
        return None
    return Money(units, asset) if asset else None


def _let_go(refusal: Refusal) -> Refusal:
    """A refusal without where it was raised: that holds whoever collects it, and all they hold.

    A file's refused lines would be kept until somebody looks for circles.
    """
    return refusal.with_traceback(None)


def parse_date(text: str) -> date | None:
    """Read a day written as 2026-03-02; None if it is not one."""
    try:
        return read_date(text)
    except ValueError:
        return None


def _day(text: str, refusals: list[Refusal]) -> date | None:
    day = parse_date(text)
    if day is None:
        refusals.append(DateMalformed(f"{text[:20]!r}: write it as 2026-03-02"))
    return day
