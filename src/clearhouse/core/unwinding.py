"""Unwinding: a cycle is taken back as a whole, because the gate no longer clears a part of it.

A set-off holds only as a whole: without one of its obligations other amounts cancel, and other
positions are left. So the cycle is unwound: its obligations bind again as they did before, the
ledger takes back its novation and its discharges, and what was paid in is the payers' own. What the
gate still clears is cleared again at once, as a cycle like any other: the revised pay-in schedule
of the timetable.

Nobody unwinds at will: the gate must have stopped something of it. And nothing is unwound while a
batch of it may be out: once the institutions were asked to sign, some may have signed. Then two
people give the batch up. In its place the institutions sign one that pays nobody: it spends every
coin that the vault could spend, back to the vault. Whatever was signed before spends one of these
coins, so when that one is final no other can be; the batch is *withdrawn*, and the cycle unwound.
"""

from dataclasses import dataclass

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import CycleId


class CannotUnwind(Refusal):
    """The cycle has ended, or a batch of it may be out."""

    code = "settlement.cannot-unwind"
    kind = Kind.CONFLICT


class NothingToRevise(Refusal):
    """The gate still clears every obligation of the cycle: it stands as it is."""

    code = "settlement.nothing-to-revise"
    kind = Kind.CONFLICT


class NothingToGiveUp(Refusal):
    """The institutions were not asked to sign what the cycle pays, or have all signed it."""

    code = "settlement.nothing-to-give-up"
    kind = Kind.CONFLICT


class GivenUpBefore(Refusal):
    """The cycle's batch was given up before."""

    code = "settlement.given-up-before"
    kind = Kind.CONFLICT


class CycleIsUnwound(Refusal):
    """The cycle was unwound: nothing of it is paid out."""

    code = "settlement.unwound"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class CycleUnwound:
    """A cycle was taken back: the gate no longer cleared all of it, or its batch was withdrawn."""

    cycle: CycleId
    by_cycle: str  # which cleared the rest again; empty if nothing of it could be
    stopped: int  # how many of its obligations the gate stopped


@dataclass(frozen=True, slots=True)
class BatchGivenUp:
    """Two people gave up what a cycle pays, after the institutions were asked to sign it."""

    cycle: CycleId
    reason: str
    proposal: str  # what they agreed on


@dataclass(frozen=True, slots=True)
class BatchWithdrawn:
    """The batch that pays nobody is final: nothing signed for the cycle before can be any more."""

    cycle: CycleId
    txid: str
    block: str
    height: int
    depth: int
    depth_final: int
    rules: tuple[str, ...]
