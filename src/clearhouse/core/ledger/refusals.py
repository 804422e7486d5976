"""Why a transfer is refused, in the order in which the grounds are looked at.

The first ground that applies is the one that is told; `evaluation.py` has the guards in the same
order, and a test holds the two together (`PRECEDENCE`).
"""

from clearhouse.core.errors import Kind, Refusal


class GroupDiffers(Refusal):
    """The group was posted with other transfers, or a transfer stands outside of its group."""

    code = "ledger.group-differs"
    kind = Kind.CONFLICT


class TransferDiffers(Refusal):
    """The id was used for another transfer."""

    code = "ledger.transfer-differs"
    kind = Kind.CONFLICT


class UnitsNotPositive(Refusal):
    """A transfer moves nothing, or backwards."""

    code = "ledger.units-not-positive"
    kind = Kind.MALFORMED


class UnitsTooLarge(Refusal):
    """A transfer moves more than any chain can count."""

    code = "ledger.units-too-large"
    kind = Kind.MALFORMED


class SameAccount(Refusal):
    """A transfer debits and credits one account."""

    code = "ledger.same-account"
    kind = Kind.MALFORMED


class UnknownAccount(Refusal):
    """A transfer names an account that was never opened."""

    code = "ledger.unknown-account"
    kind = Kind.UNKNOWN


class AssetMismatch(Refusal):
    """A transfer's asset is not that of both accounts."""

    code = "ledger.asset-mismatch"
    kind = Kind.CONFLICT


class ExpiryPassed(Refusal):
    """A pending transfer would expire before it begins."""

    code = "ledger.expiry-passed"
    kind = Kind.MALFORMED


class UnknownTransfer(Refusal):
    """A transfer follows one that was never posted."""

    code = "ledger.unknown-transfer"
    kind = Kind.UNKNOWN


class NotPending(Refusal):
    """What is to be posted, voided or expired was never pending."""

    code = "ledger.not-pending"
    kind = Kind.CONFLICT


class NotReversible(Refusal):
    """What is to be reversed has moved nothing, or is a reversal itself."""

    code = "ledger.not-reversible"
    kind = Kind.CONFLICT


class FollowerDiffers(Refusal):
    """A transfer has not the accounts, asset or units of the one that it follows."""

    code = "ledger.follower-differs"
    kind = Kind.CONFLICT


class ExceedsPending(Refusal):
    """More is to be posted than was pending."""

    code = "ledger.exceeds-pending"
    kind = Kind.CONFLICT


class AlreadyPosted(Refusal):
    """The pending transfer was posted before."""

    code = "ledger.already-posted"
    kind = Kind.CONFLICT


class AlreadyVoided(Refusal):
    """The pending transfer was voided before."""

    code = "ledger.already-voided"
    kind = Kind.CONFLICT


class AlreadyExpired(Refusal):
    """The pending transfer has expired."""

    code = "ledger.already-expired"
    kind = Kind.CONFLICT


class AlreadyReversed(Refusal):
    """The transfer was reversed before."""

    code = "ledger.already-reversed"
    kind = Kind.CONFLICT


class NotExpired(Refusal):
    """A pending transfer is to expire before its time."""

    code = "ledger.not-expired"
    kind = Kind.CONFLICT


class InsufficientFunds(Refusal):
    """An account has less than a transfer takes from it."""

    code = "ledger.insufficient-funds"
    kind = Kind.UNFUNDED


class BalanceTooLarge(Refusal):
    """A balance would have more digits than the ledger keeps."""

    code = "ledger.balance-too-large"
    kind = Kind.CONFLICT


class GroupRefused(Refusal):
    """Another transfer of the same group was refused."""

    code = "ledger.group-refused"
    kind = Kind.CONFLICT


PRECEDENCE: tuple[type[Refusal], ...] = (
    GroupDiffers,
    TransferDiffers,
    UnitsNotPositive,
    UnitsTooLarge,
    SameAccount,
    UnknownAccount,
    AssetMismatch,
    ExpiryPassed,
    UnknownTransfer,
    NotPending,
    NotReversible,
    FollowerDiffers,
    ExceedsPending,
    AlreadyPosted,
    AlreadyVoided,
    AlreadyExpired,
    AlreadyReversed,
    NotExpired,
    InsufficientFunds,
    BalanceTooLarge,
    GroupRefused,
)
