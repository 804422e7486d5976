"""Unwinding: a cycle is taken back as a whole, because the gate no longer clears a part of it.

A set-off holds only as a whole: without one of its obligations other amounts cancel, and other
positions are left. So the cycle is unwound: its obligations bind again as they did before, the
ledger takes back its novation and its discharges, and what was paid in is the payers' own. What the
gate still clears is cleared again at once, as a cycle like any other: the revised pay-in schedule
of the timetable.

Nobody unwinds at will: the gate must have stopped something of it. And nothing is unwound once the
institutions were asked to sign, for what they signed may be out.
"""

from dataclasses import dataclass

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import CycleId


class CannotUnwind(Refusal):
    """The cycle has ended, or the institutions were asked to sign what it pays out."""

    code = "settlement.cannot-unwind"
    kind = Kind.CONFLICT


class NothingToRevise(Refusal):
    """The gate still clears every obligation of the cycle: it stands as it is."""

    code = "settlement.nothing-to-revise"
    kind = Kind.CONFLICT


class CycleIsUnwound(Refusal):
    """The cycle was unwound: nothing of it is paid out."""

    code = "settlement.unwound"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class CycleUnwound:
    """A cycle was taken back, because the gate no longer cleared all of its obligations."""

    cycle: CycleId
    by_cycle: str  # which cleared the rest again; empty if nothing of it could be
    stopped: int  # how many of its obligations the gate stopped
