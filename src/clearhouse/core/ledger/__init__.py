"""Ledger: accounts, transfers between them, and whether a transfer may be.

Transfers are evaluated one after another, in the order given: each sees what the ones before it
did, and a refused one does nothing. A set-based check ("the first offender of each account") is
wrong, for a later refusal can make an earlier one's sibling succeed.

`chart` has the accounts, `transfer` what moves between them and when units are only reserved,
`movement` what an owner reads of them, `evaluation` and its `desk` decide, and `refusals` has every
ground to say no, in the order in which they are looked at:

    ledger.group-differs        the group was posted with other transfers
    ledger.transfer-differs     the id was used for another transfer
    ledger.units-not-positive   nothing is moved, or backwards
    ledger.units-too-large      more than 2**256 - 1
    ledger.same-account         one account on both sides
    ledger.unknown-account      an account was never opened
    ledger.asset-mismatch       not the asset of both accounts
    ledger.expiry-passed        it would expire before it begins
    ledger.unknown-transfer     what it follows was never posted
    ledger.not-pending          what is to be posted, voided or expired was never pending
    ledger.not-reversible       what is to be reversed has moved nothing, or is a reversal
    ledger.follower-differs     not the accounts, asset or units of what it follows
    ledger.exceeds-pending      more is to be posted than was pending
    ledger.already-posted       what it follows was posted before
    ledger.already-voided       ... voided
    ledger.already-expired      ... or its time is over
    ledger.already-reversed     ... reversed
    ledger.not-expired          its time has not come
    ledger.insufficient-funds   an account has less than is taken, reserved units aside
    ledger.balance-too-large    more digits than the ledger keeps
    ledger.group-refused        another transfer of its group was refused

After TigerBeetle's `create_transfer` (decisions as ordered guards, ids as idempotency keys, pending
transfers, all or none) and pgledger (sorted locks, two instants, the balance on the entry).
"""

from clearhouse.core.ledger.chart import (
    BALANCE_MAX,
    CHART,
    HOUSE,
    Account,
    AccountId,
    AccountKind,
    AccountOpened,
    Rules,
    Side,
)
from clearhouse.core.ledger.desk import Evaluation
from clearhouse.core.ledger.evaluation import (
    evaluate,
    expiry,
    recording_at,
    restore,
)
from clearhouse.core.ledger.movement import Line, Movement, Opening
from clearhouse.core.ledger.refusals import (
    PRECEDENCE,
    AlreadyExpired,
    AlreadyPosted,
    AlreadyReversed,
    AlreadyVoided,
    AssetMismatch,
    BalanceTooLarge,
    ExceedsPending,
    ExpiryPassed,
    FollowerDiffers,
    GroupDiffers,
    GroupRefused,
    InsufficientFunds,
    NotExpired,
    NotPending,
    NotReversible,
    SameAccount,
    TransferDiffers,
    UnitsNotPositive,
    UnitsTooLarge,
    UnknownAccount,
    UnknownTransfer,
)
from clearhouse.core.ledger.transfer import (
    FOLLOWING,
    MOVING,
    UNITS_MAX,
    Entry,
    Phase,
    Posted,
    Recorded,
    Standing,
    Transfer,
    TransferCode,
    TransferRecorded,
    written,
)

__all__ = [
    "BALANCE_MAX",
    "CHART",
    "FOLLOWING",
    "HOUSE",
    "MOVING",
    "PRECEDENCE",
    "UNITS_MAX",
    "Account",
    "AccountId",
    "AccountKind",
    "AccountOpened",
    "AlreadyExpired",
    "AlreadyPosted",
    "AlreadyReversed",
    "AlreadyVoided",
    "AssetMismatch",
    "BalanceTooLarge",
    "Entry",
    "Evaluation",
    "ExceedsPending",
    "ExpiryPassed",
    "FollowerDiffers",
    "GroupDiffers",
    "GroupRefused",
    "InsufficientFunds",
    "Line",
    "Movement",
    "NotExpired",
    "NotPending",
    "NotReversible",
    "Opening",
    "Phase",
    "Posted",
    "Recorded",
    "Rules",
    "SameAccount",
    "Side",
    "Standing",
    "Transfer",
    "TransferCode",
    "TransferDiffers",
    "TransferRecorded",
    "UnitsNotPositive",
    "UnitsTooLarge",
    "UnknownAccount",
    "UnknownTransfer",
    "evaluate",
    "expiry",
    "recording_at",
    "restore",
    "written",
]
