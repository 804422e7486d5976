"""`Transfer`: so many units of one asset from one account to another; never changed once recorded.

    what happens                               debit           credit
    coins are bought for network fees          VAULT           FEES           FUNDING
    a participant pays in                      VAULT           AVAILABLE      PAY_IN
    a cycle makes the house the counterparty   IN_CLEARING     CLEARING       NOVATION (it owes)
                                               CLEARING        IN_CLEARING    NOVATION (it is owed)
    a position is paid from what is there      AVAILABLE       IN_CLEARING    DISCHARGE (it owed)
                                               IN_CLEARING     AVAILABLE      DISCHARGE (was owed)
    coins leave                                AVAILABLE       VAULT          PAY_OUT
    the chain takes its fee                    FEES            VAULT          NETWORK_FEE
    coins come from nobody we know             VAULT           SUSPENSE       UNKNOWN_DEPOSIT
    somebody listed has paid                   VAULT           QUARANTINE     QUARANTINE
                                               VAULT           SUSPENSE       QUARANTINE (house)
    what was not ours to keep goes back        SUSPENSE        VAULT          REFUND
    a case is opened                           AVAILABLE       HELD           HOLD
    coins may be tainted                       AVAILABLE       QUARANTINE     HOLD
    a position is secured                      AVAILABLE       MARGIN         MARGIN
    the common fund is filled                  AVAILABLE       DEFAULT_FUND   CONTRIBUTION
    a trade's money waits for its condition    AVAILABLE       ESCROW         ESCROW
    what was set aside is free again           any of these    AVAILABLE      RELEASE
    somebody was late                          AVAILABLE       PENALTIES      PENALTY
    coins go to another vault                  VAULT (new)     VAULT (old)    CUSTODY

A transfer in two phases reserves its units first, and later moves them or gives them up:

    PENDING   reserves units until it expires
    POST      moves what a pending transfer reserved, or a part of it, and frees the rest
    VOID      frees all of it
    EXPIRE    the same, because its time has come; the ledger says so itself
    REVERSE   moves back, in full, what a single or a posted transfer has moved

The last four follow another transfer. A transfer is followed once at most. What a cycle posted is
reversed with it, if it is unwound.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from clearhouse.core.canonical import instant, quoted
from clearhouse.core.ids import TransferId
from clearhouse.core.ledger.chart import Account, AccountId

UNITS_MAX = 2**256 - 1  # the largest amount a chain knows (EVM's uint256)


class TransferCode(StrEnum):
    """Why units move."""

    FUNDING = "funding"
    PAY_IN = "pay_in"
    NOVATION = "novation"
    DISCHARGE = "discharge"
    PAY_OUT = "pay_out"
    NETWORK_FEE = "network_fee"
    UNKNOWN_DEPOSIT = "unknown_deposit"
    QUARANTINE = "quarantine"
    REFUND = "refund"
    HOLD = "hold"
    RELEASE = "release"
    MARGIN = "margin"
    CONTRIBUTION = "contribution"
    ESCROW = "escrow"
    PENALTY = "penalty"
    CUSTODY = "custody"


class Phase(StrEnum):
    """What a transfer does with its units."""

    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"
    REVERSE = "reverse"


MOVING = frozenset({Phase.SINGLE, Phase.POST, Phase.REVERSE})  # those that change balances
FOLLOWING = frozenset({Phase.POST, Phase.VOID, Phase.EXPIRE, Phase.REVERSE})


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units of one asset that leave one account and enter another; never changed once recorded."""

    id: TransferId
    debit: AccountId
    credit: AccountId
    units: int
    asset: str  # the asset's identity
    code: TransferCode
    occurred_at: datetime  # in the world: the block's time, the cycle's
    cause: str  # the id of what made it: a cycle, an instruction, a transaction on a chain
    phase: Phase = Phase.SINGLE
    follows: TransferId | None = None  # the transfer that this one posts, voids, expires, reverses
    expires_at: datetime | None = None  # of a pending one: from then on its units are free again
    group: str | None = None  # those with one name stand together in a batch: all or none

    def __post_init__(self) -> None:
        if self.phase is not Phase.SINGLE or self.follows or self.expires_at:
            assert (self.follows is not None) is (self.phase in FOLLOWING), self
            assert (self.expires_at is not None) is (self.phase is Phase.PENDING), self


class Posted(NamedTuple):
    """A transfer is in the ledger; said again, the first answer is given again."""

    id: TransferId
    recorded_at: datetime  # when the ledger first took it
    again: bool  # whether it was there before


class Recorded(NamedTuple):
    """A transfer as the ledger has it."""

    transfer: Transfer
    recorded_at: datetime
    followed: Phase | None = None  # by what, if anything


class Standing(NamedTuple):
    """An account as it stands; a row of the database as it comes."""

    number: int  # what the database knows it by
    kind: str  # an AccountKind
    asset: str
    balance: int = 0
    debits_pending: int = 0  # units reserved to leave it
    credits_pending: int = 0  # units reserved to enter it
    entries: int = 0  # how many transfers have moved its balance
    lag_us: int = 0  # the longest time, either way, from `occurred_at` to `recorded_at` of one
    moved_at: datetime | None = None  # when the newest of them was recorded

    @classmethod
    def of(cls, account: Account, balance: int = 0) -> "Standing":
        """An account that has had no entries, but perhaps a balance to begin with."""
        return cls(0, account.kind, account.asset, balance)


class Entry(NamedTuple):
    """A new transfer, with what it made of its accounts; for one that moves nothing, no numbers."""

    transfer: Transfer
    debit_entry: int | None = None  # the how-manieth entry of its account
    debit_balance: int | None = None  # after it
    credit_entry: int | None = None
    credit_balance: int | None = None
    rank: int | None = None  # in its group


@dataclass(frozen=True, slots=True)
class TransferRecorded:
    """The ledger took a transfer, of whatever phase; of a group, one after another in its order."""

    transfer: TransferId
    debit: AccountId
    credit: AccountId
    units: int
    asset: str
    code: str
    occurred_at: datetime
    cause: str
    phase: str
    follows: TransferId | None
    expires_at: datetime | None
    group: str | None

    @classmethod
    def of(cls, transfer: Transfer) -> "TransferRecorded":
        """Record `transfer`."""
        return cls(
            transfer.id,
            transfer.debit,
            transfer.credit,
            transfer.units,
            transfer.asset,
            transfer.code.value,
            transfer.occurred_at,
            transfer.cause,
            transfer.phase.value,
            transfer.follows,
            transfer.expires_at,
            transfer.group,
        )

    def said(self) -> Transfer:
        """The transfer again."""
        return Transfer(
            self.transfer,
            self.debit,
            self.credit,
            self.units,
            self.asset,
            TransferCode(self.code),
            self.occurred_at,
            self.cause,
            Phase(self.phase),
            self.follows,
            self.expires_at,
            self.group,
        )


def written(transfer: Transfer, occurred_at: str) -> str:
    """Write what `TransferRecorded.of(transfer)` says as `event.encode` does.

    By hand: there are thousands of them in a batch, and this takes a tenth of the time.

    Args:
        transfer: To be written.
        occurred_at: Its instant, as `canonical.instant` writes it.
    """
    said = quoted
    expires_at = f'"{instant(transfer.expires_at)}"' if transfer.expires_at else "null"
    follows = said(transfer.follows) if transfer.follows else "null"
    group = said(transfer.group) if transfer.group is not None else "null"
    return (
        f'{{"asset":{said(transfer.asset)},"cause":{said(transfer.cause)},"code":"{transfer.code}",'
        f'"credit":{said(transfer.credit)},"debit":{said(transfer.debit)},'
        f'"expires_at":{expires_at},"follows":{follows},"group":{group},'
        f'"occurred_at":"{occurred_at}","phase":"{transfer.phase}",'
        f'"transfer":{said(transfer.id)},"units":"{transfer.units}"}}'
    )
