"""Reconciliation: where the ledger, the chain and the vault's holders do not say the same.

A difference has a suspected cause and somebody who must act. It is recorded when it is first seen
and again when it is gone; nothing is corrected by itself, and nothing is spread over anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from clearhouse.core.ids import derived


class Cause(StrEnum):
    """What is suspected."""

    UNKNOWN_DEPOSIT = "unknown_deposit"  # a coin at an address that was given to nobody
    QUARANTINE = "quarantine"  # a coin that somebody listed has paid
    MISSING_CONFIRMATION = "missing_confirmation"  # a batch waits for a block for too long
    REORG = "reorg"  # a block that mattered left the best chain
    FEE = "fee"  # the network took another fee than the books say
    CUSTODY = "custody"  # the vault's holders signed, or coins moved, without the house
    LEDGER = "ledger"  # the books do not prove themselves
    UNEXPLAINED = "unexplained"


ACTORS: Mapping[Cause, str] = {
    Cause.UNKNOWN_DEPOSIT: "compliance: find out whose it is; until then it is in suspense",
    Cause.QUARANTINE: "compliance: report it; an authority says what becomes of it",
    Cause.MISSING_CONFIRMATION: "an operator: look at the node and the fee; `clearhouse settle`",
    Cause.REORG: "an operator, and the supervisor if it was final",
    Cause.FEE: "an operator: compare the batch with the books",
    Cause.CUSTODY: "the institutions and the supervisor: stop, and compare what was signed",
    Cause.LEDGER: "an operator and an auditor: `clearhouse ledger check`, `journal replay`",
    Cause.UNEXPLAINED: "an operator and an auditor",
}


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that differs, as of one look.

    Attributes:
        cause: What is suspected.
        subject: What it is about: an outpoint, a cycle, an institution, an account, an asset.
        units: By how much, in minor units of the coin; what the chain has more is positive.
        detail: What was seen, in words.
    """

    cause: Cause
    subject: str
    units: int
    detail: str

    @property
    def actor(self) -> str:
        """Who must act."""
        return ACTORS[self.cause]


@dataclass(frozen=True, slots=True)
class DifferenceFound:
    """Something differs that did not before."""

    difference: str
    cause: str
    about: str
    units: int
    detail: str
    actor: str


@dataclass(frozen=True, slots=True)
class DifferenceResolved:
    """What differed does no more."""

    difference: str


def difference_id(one: Difference, position: int) -> str:
    """Name a difference by what it is and where the journal stood when it was found."""
    return derived("dif", one.cause, one.subject, str(position))
