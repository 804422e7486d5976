"""Settlement of a cycle: pay-ins to the vault, one batch of pay-outs, final by rule.

A cycle moves along these arrows, each by evidence that is recorded with it:

    CLEARED ──▶ FUNDED ──▶ SIGNED ──▶ BROADCAST ──▶ CONFIRMED ──▶ SETTLED
                  │                       ▲              │           ▲
                  │                       └── a reorg ───┘           │
                  └──────────── nothing is to be paid out ───────────┘

    CLEARED, FUNDED ──▶ UNWOUND
    BROADCAST, CONFIRMED ──▶ WITHDRAWN ──▶ UNWOUND    where the batch was given up

Between FUNDED and SIGNED two people release it: see `release`. Several cycles may be open; but the
institutions are asked to sign for one of them at a time, since a batch spends all that the vault
has but what others wait for, and its fee is known to the books when it is final.

- CLEARED: obligations are set off, net positions struck, pay-ins called.
- FUNDED: every debit position is paid in, and each pay-in is final on chain; or its debtor has the
  rest as a balance that no other open cycle waits for.
- SIGNED: k of the n institutions signed the batch that pays every credit position.
- SETTLED: the batch is final by the rule of every attached jurisdiction; or everything was set off,
  and there is no batch.
- WITHDRAWN: the batch was given up, and one that pays nobody is final in its place.
- UNWOUND: the gate no longer cleared all of it, and nothing that was signed for it can be paid any
  more: see `unwinding`.

Both legs or neither: nothing is paid out before everything is paid in, and all pay-outs are one
transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Alarm, Kind, Refusal
from clearhouse.core.ids import CycleId, ObligationId, ParticipantId
from clearhouse.core.money import decimal

RELEASE_FORM = "clearhouse.release.1"


class UnknownCycle(Refusal):
    """There is no such cycle."""

    code = "settlement.unknown-cycle"
    kind = Kind.UNKNOWN


class CycleKnown(Refusal):
    """A cycle of this id was cleared before; it is not cleared again."""

    code = "settlement.cycle-known"
    kind = Kind.CONFLICT


class NothingToClear(Refusal):
    """No obligation may enter a cycle today."""

    code = "settlement.nothing-to-clear"
    kind = Kind.CONFLICT


class NoLongerCleared(Refusal):
    """The gate no longer clears an obligation of the cycle; nothing of it is released."""

    code = "settlement.no-longer-cleared"
    kind = Kind.FORBIDDEN


class FloatTooSmall(Refusal):
    """The house's float does not cover the network fee of the batch."""

    code = "settlement.float-too-small"
    kind = Kind.UNFUNDED


class BatchOnItsWay(Refusal):
    """The batch of another cycle is not final yet; this one is signed after it."""

    code = "settlement.batch-on-its-way"
    kind = Kind.UNAVAILABLE


class SignersTooFew(Refusal):
    """Fewer institutions signed than the vault asks for."""

    code = "settlement.signers-too-few"
    kind = Kind.UNAVAILABLE


class NotReleased(Refusal):
    """Two people must release what a cycle pays out."""

    code = "settlement.not-released"
    kind = Kind.UNAVAILABLE


class ReleaseDiffers(Refusal):
    """What is to be released is not what the cycle pays out."""

    code = "settlement.release-differs"
    kind = Kind.CONFLICT


class ReleasedBefore(Refusal):
    """The cycle was released before."""

    code = "settlement.released-before"
    kind = Kind.CONFLICT


class NothingToRelease(Refusal):
    """The cycle pays nothing out."""

    code = "settlement.nothing-to-release"
    kind = Kind.CONFLICT


class ReconciliationOff(Alarm):
    """What the ledger says the vault holds and what the chain says differ."""

    code = "settlement.reconciliation-off"


class State(StrEnum):
    """How far a cycle has come."""

    CLEARED = "cleared"
    FUNDED = "funded"
    SIGNED = "signed"
    BROADCAST = "broadcast"
    CONFIRMED = "confirmed"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    UNWOUND = "unwound"


ENDED = frozenset({State.SETTLED, State.UNWOUND})  # nothing of such a cycle is left to do
FINAL = ENDED | {State.WITHDRAWN}  # if such a cycle has a batch, that is final
NEXT = {
    State.CLEARED: {State.FUNDED, State.UNWOUND},
    State.FUNDED: {State.SIGNED, State.SETTLED, State.UNWOUND},
    State.SIGNED: {State.BROADCAST},
    State.BROADCAST: {State.CONFIRMED, State.SETTLED, State.WITHDRAWN},
    State.CONFIRMED: {State.BROADCAST, State.SETTLED, State.WITHDRAWN},
    State.SETTLED: set[State](),
    State.WITHDRAWN: {State.UNWOUND},
    State.UNWOUND: set[State](),
}


@dataclass(frozen=True, slots=True)
class VaultAddressGiven:
    """An address of the vault was given to somebody, so that what arrives there has an owner."""

    script: str  # the output script, in hex
    address: str
    is_change: bool  # the branch of derivation
    index: int  # on that branch
    participant: ParticipantId | None  # who pays in there; None: the house itself


@dataclass(frozen=True, slots=True)
class VaultAddressUnasked:
    """Nobody will be given an address of the vault: a coin came, or somebody is paid there."""

    script: str  # the output script, in hex
    address: str
    is_change: bool
    index: int


@dataclass(frozen=True, slots=True)
class CycleOpened:
    """A cycle was opened: what it settles in, how deep is final, where its batch leaves change."""

    cycle: CycleId
    on: date
    asset: str
    depth_final: int
    change_index: int


@dataclass(frozen=True, slots=True)
class CycleCleared:
    """A cycle took in what was affirmed and cleared by the gate, and struck positions."""

    cycle: CycleId
    on: date
    asset: str  # identity of the settlement asset; all units below are its minor units
    obligations: int
    gross: int
    set_off: int
    net: int  # the sum of the debit positions: what must be paid in


@dataclass(frozen=True, slots=True)
class CycleCertified:
    """A cycle's set-off was proved to be the greatest: one label a participant, under one head."""

    cycle: CycleId
    labels: int  # how many
    root: str  # of the tree over the salted labels, in hex


@dataclass(frozen=True, slots=True)
class ObligationCleared:
    """An obligation was set off in part or in whole, and what was left novated to the house."""

    obligation: ObligationId
    cycle: CycleId
    units: int  # its quantity in the settlement asset, at the rate named
    rate: str  # id of the rate; empty if it was in the settlement asset already
    set_off: int
    remaining: int


@dataclass(frozen=True, slots=True)
class PositionStruck:
    """A participant's one net position in a cycle: to receive if positive, to pay if negative."""

    cycle: CycleId
    participant: ParticipantId
    units: int


@dataclass(frozen=True, slots=True)
class PayInCalled:
    """A participant with a debit position was told where to pay in, how much, by when."""

    cycle: CycleId
    participant: ParticipantId
    units: int
    address: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class PayOutPlanned:
    """A participant with a credit position will be paid it, at this address, by the batch."""

    cycle: CycleId
    participant: ParticipantId
    units: int
    address: str


@dataclass(frozen=True, slots=True)
class CycleReleased:
    """Two people released what a cycle pays out; the institutions may be asked to sign."""

    cycle: CycleId
    digest: str  # SHA-256 of what `release` writes
    proposal: str  # what they agreed on


def release(cycle: CycleId, asset: str, pay_outs: Iterable[tuple[ParticipantId, str, int]]) -> str:
    """Write what two people release: a cycle's asset, and who is paid where and how much.

    Args:
        asset: Its identity (CAIP-19).
        pay_outs: Participant, address, minor units.

    Returns:
        Canonical JSON (RFC 8785).
    """
    paid = [
        {"participant": participant, "address": address, "units": str(units)}
        for participant, address, units in sorted(pay_outs)
    ]
    return canonical({"form": RELEASE_FORM, "cycle": cycle, "asset": asset, "pay_outs": paid})


@dataclass(frozen=True, slots=True)
class PayInFinal:
    """A pay-in arrived in the vault and is final, or its debtor had the rest as a balance."""

    cycle: CycleId
    participant: ParticipantId
    outpoints: tuple[str, ...]
    units: int  # of them
    balance: int  # what the debtor's balance paid of it
    height: int  # of the tip that made it final
    depth: int  # of the shallowest of its outputs; 0 if there are none
    depth_final: int
    rules: tuple[str, ...]

    def said(self, exponent: int) -> str:
        """By what, in words; units have so many decimals."""
        coins = f"{', '.join(self.outpoints)} at depth {self.depth} by {', '.join(self.rules)}"
        balance = f"{decimal(self.balance, exponent)} from its balance"
        said = [coins] * bool(self.outpoints) + [balance] * bool(self.balance)
        return "; ".join(said)


@dataclass(frozen=True, slots=True)
class PayInOverdue:
    """A pay-in was not final when it was due."""

    cycle: CycleId
    participant: ParticipantId
    units: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CycleFunded:
    """Every pay-in of a cycle is final."""

    cycle: CycleId


@dataclass(frozen=True, slots=True)
class SignatureAsked:
    """The institutions are asked to sign a batch: whatever else they sign is not ours."""

    cycle: CycleId
    txid: str


@dataclass(frozen=True, slots=True)
class HeadAnchored:
    """The head of the log that a cycle's batch carries was chosen, before anybody was asked."""

    cycle: CycleId
    origin: str
    size: int
    root: str  # in hex


@dataclass(frozen=True, slots=True)
class BatchSigned:
    """Institutions signed the batch of pay-outs over the cycle's statement."""

    cycle: CycleId
    txid: str
    signers: tuple[str, ...]
    fee: int
    statement: str  # its canonical bytes
    signature: str  # the house's, over the statement


@dataclass(frozen=True, slots=True)
class BatchKept:
    """The signed batch was kept, before anybody saw it, so that it can be handed in again."""

    cycle: CycleId
    txid: str
    fee: int
    raw: str  # the transaction as the network takes it, in hex


@dataclass(frozen=True, slots=True)
class BatchBroadcast:
    """The batch was handed to the chain."""

    cycle: CycleId
    txid: str


@dataclass(frozen=True, slots=True)
class BatchConfirmed:
    """The batch was seen in a block."""

    cycle: CycleId
    txid: str
    block: str
    height: int
    depth: int


@dataclass(frozen=True, slots=True)
class BatchReorganised:
    """The block that held the batch left the best chain before the batch was final."""

    cycle: CycleId
    txid: str
    block: str  # the block that is gone
    height: int


@dataclass(frozen=True, slots=True)
class CycleSettled:
    """The batch is final by the rule: every obligation of the cycle is settled.

    Where nothing was to be paid out there is no batch: txid and block are empty, height and depth
    0, and no rule is asked.
    """

    cycle: CycleId
    txid: str
    block: str
    height: int
    depth: int
    depth_final: int
    rules: tuple[str, ...]
