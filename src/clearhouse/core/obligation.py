"""`Obligation`: who owes whom how much of what by when.

An obligation is an invoice as both sides state it. Its id follows from the creditor and the
creditor's reference (the invoice number): whoever sends the same invoice says the same thing
again, and sending a file twice is safe. It binds when both sides have said the same: one side's
file proposes it, the other side's file or command affirms it.

    PROPOSED ──▶ AFFIRMED ──▶ CLEARED ──▶ SETTLED
        │            │  ▲         │
        │            │  └ is unwound
        └────────────┴──▶ RESCINDED

A binding obligation enters a cycle only if the gate clears it on the day. It is cleared when the
cycle sets off what it can and novates the rest to the house, and settled when the cycle's pay-outs
are final on chain. Until it is cleared, those who have said it may take it back (`rescission`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ObligationId, ParticipantId, derived
from clearhouse.core.money import Money


class NotAParty(Refusal):
    """Only the debtor and the creditor speak for an obligation."""

    code = "obligation.not-a-party"
    kind = Kind.FORBIDDEN


class ObligationDiffers(Refusal):
    """The creditor's reference is recorded already with other content."""

    code = "obligation.differs"
    kind = Kind.CONFLICT


class WasRescinded(Refusal):
    """Those who had said it took it back: its reference is used up."""

    code = "obligation.rescinded"
    kind = Kind.CONFLICT


class UnknownObligation(Refusal):
    """There is no such obligation."""

    code = "obligation.unknown"
    kind = Kind.UNKNOWN


class State(StrEnum):
    """How far an obligation has come."""

    PROPOSED = "proposed"  # one side has said it; the other is awaited
    AFFIRMED = "affirmed"  # both sides have said the same: it binds
    CLEARED = "cleared"  # set off and novated in a cycle
    SETTLED = "settled"  # its cycle is final on chain
    RESCINDED = "rescinded"  # everybody who had said it took it back


NEXT = {
    State.PROPOSED: {State.AFFIRMED, State.RESCINDED},
    State.AFFIRMED: {State.CLEARED, State.RESCINDED},
    State.CLEARED: {State.SETTLED, State.AFFIRMED},  # back again: its cycle was unwound
    State.SETTLED: set[State](),
    State.RESCINDED: set[State](),
}


@dataclass(frozen=True, slots=True)
class Obligation:
    """What one side's file or both sides' files say."""

    id: ObligationId
    debtor: ParticipantId
    creditor: ParticipantId
    reference: str  # the creditor's own: an invoice number
    amount: Money
    traded_on: date
    due_on: date
    debtor_said_at: datetime | None
    creditor_said_at: datetime | None
    state: State

    def same_terms(self, other: "Obligation") -> bool:
        """Whether two statements of one obligation say the same."""
        return self.terms() == other.terms()

    def said(self) -> str:
        """Its terms in words."""
        return f"{self.amount} from {self.debtor}, traded on {self.traded_on}, due on {self.due_on}"

    def terms(self) -> tuple[object, ...]:
        """What the two sides must agree on, beside the creditor and the reference."""
        return (self.debtor, self.amount.units, self.amount.asset.code, self.traded_on, self.due_on)


@dataclass(frozen=True, slots=True)
class ObligationProposed:
    """One side stated an obligation for the first time."""

    obligation: ObligationId
    by: ParticipantId
    debtor: ParticipantId
    creditor: ParticipantId
    reference: str
    units: int
    asset: str  # its code in the house's register of assets
    traded_on: date
    due_on: date
    file: str  # SHA-256 of the file it came in
    line: int


@dataclass(frozen=True, slots=True)
class ObligationAffirmed:
    """The other side said the same: it binds."""

    obligation: ObligationId
    by: ParticipantId


def obligation_id(creditor: ParticipantId, reference: str) -> ObligationId:
    """The id that follows from whose invoice it is and its number."""
    return ObligationId(derived("obl", creditor, reference))


def was_rescinded(one: Obligation) -> WasRescinded:
    """Why nobody can state an obligation again."""
    detail = f"{one.creditor}'s {one.reference} was taken back: state it under another reference"
    return WasRescinded(detail, obligation=one.id)


def stated(terms: Obligation, by: ParticipantId, at: datetime) -> Obligation:
    """Account for one party's statement of the obligation; the second one makes it bind.

    Saying it again changes nothing.

    Raises:
        NotAParty: `by` is neither its debtor nor its creditor.
        WasRescinded: It was taken back.
    """
    debtor_at, creditor_at = terms.debtor_said_at, terms.creditor_said_at
    if by == terms.debtor:
        debtor_at = debtor_at or at
    elif by == terms.creditor:
        creditor_at = creditor_at or at
    else:
        raise NotAParty(f"{by} is no party to {terms.id}", obligation=terms.id)
    state = terms.state
    if state is State.RESCINDED:
        raise was_rescinded(terms)
    if state is State.PROPOSED and debtor_at is not None and creditor_at is not None:
        state = State.AFFIRMED
    parties = (terms.debtor, terms.creditor)
    days = (terms.traded_on, terms.due_on)
    # Written out: done for every line of every file, where `replace` takes five times as long.
    return Obligation(
        terms.id, *parties, terms.reference, terms.amount, *days, debtor_at, creditor_at, state
    )
