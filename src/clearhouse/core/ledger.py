"""`Transfer`: so many units of one asset from one account to another, and whether it may be.

Sign convention, here and everywhere: an account's balance is its credits minus its debits. What
the house owes is positive, what the house has is negative, and every asset sums to zero.

    what happens                               debit           credit
    coins are bought for network fees          VAULT           FEES         FUNDING
    a participant pays in                      VAULT           AVAILABLE    PAY_IN
    a cycle makes the house the counterparty   IN_CLEARING     CLEARING     NOVATION (it owes)
                                               CLEARING        IN_CLEARING  NOVATION (it is owed)
    a position is paid from what is there      AVAILABLE       IN_CLEARING  DISCHARGE (it owed)
                                               IN_CLEARING     AVAILABLE    DISCHARGE (was owed)
    coins leave                                AVAILABLE       VAULT        PAY_OUT
    the chain takes its fee                    FEES            VAULT        NETWORK_FEE
    coins come from nobody we know             VAULT           SUSPENSE     UNKNOWN_DEPOSIT
    what was not ours to keep goes back        SUSPENSE        VAULT        REFUND

Transfers are evaluated one after another, in the order given: each sees what the ones before it
did, and a refused one does nothing. A set-based check ("the first offender of each account") is
wrong, for a later refusal can make an earlier one's sibling succeed.

After TigerBeetle's `create_transfer` (decisions as ordered guards, ids as idempotency keys) and
pgledger (sorted locks, two instants).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import TransferId, derived

AccountId = NewType("AccountId", str)

HOUSE = "house"  # the owner of house accounts; participants are known by their LEI

UNITS_MAX = 2**256 - 1  # the largest amount a chain knows (EVM's uint256)
BALANCE_MAX = 10**78 - 1  # NUMERIC(78, 0), in which uint256 fits


class Side(StrEnum):
    """A side of an account; also, on which side its balance normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountKind(StrEnum):
    """What an account is for."""

    AVAILABLE = "available"  # a participant's, free to use
    IN_CLEARING = "in_clearing"  # a participant's net position: negative is owed to the house
    VAULT = "vault"  # the house's: what it holds on the chain
    CLEARING = "clearing"  # the house's, between participants: zero after each cycle
    FEES = "fees"  # the house's: the float that network fees are paid from
    SUSPENSE = "suspense"  # the house's: what came from nobody we know


class TransferCode(StrEnum):
    """Why units move."""

    FUNDING = "funding"
    PAY_IN = "pay_in"
    NOVATION = "novation"
    DISCHARGE = "discharge"
    PAY_OUT = "pay_out"
    NETWORK_FEE = "network_fee"
    UNKNOWN_DEPOSIT = "unknown_deposit"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the chart of accounts says about one kind."""

    of_house: bool
    normal_side: Side
    overdraft: bool  # whether the balance may stand on the other side

    @property
    def balance_min(self) -> int:
        """The lowest balance allowed."""
        return 0 if self.normal_side is Side.CREDIT and not self.overdraft else -BALANCE_MAX

    @property
    def balance_max(self) -> int:
        """The highest balance allowed."""
        return 0 if self.normal_side is Side.DEBIT and not self.overdraft else BALANCE_MAX


# The same chart stands in the database's table `account_kind`, whose checks are the last line.
CHART: Mapping[AccountKind, Rules] = {
    AccountKind.AVAILABLE: Rules(of_house=False, normal_side=Side.CREDIT, overdraft=False),
    AccountKind.IN_CLEARING: Rules(of_house=False, normal_side=Side.CREDIT, overdraft=True),
    AccountKind.VAULT: Rules(of_house=True, normal_side=Side.DEBIT, overdraft=False),
    AccountKind.CLEARING: Rules(of_house=True, normal_side=Side.CREDIT, overdraft=True),
    AccountKind.FEES: Rules(of_house=True, normal_side=Side.CREDIT, overdraft=False),
    AccountKind.SUSPENSE: Rules(of_house=True, normal_side=Side.CREDIT, overdraft=False),
}


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


class InsufficientFunds(Refusal):
    """An account has less than a transfer takes from it."""

    code = "ledger.insufficient-funds"
    kind = Kind.UNFUNDED


class BalanceTooLarge(Refusal):
    """A balance would have more digits than the ledger keeps."""

    code = "ledger.balance-too-large"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Account:
    """A place for units of one asset; one for each owner, kind and asset."""

    owner: str  # a participant's LEI, or HOUSE
    kind: AccountKind
    asset: str  # the asset's identity

    def __post_init__(self) -> None:
        assert (self.owner == HOUSE) is CHART[self.kind].of_house, self

    @property
    def id(self) -> AccountId:
        """What it is known by.

        It follows from owner, kind and asset, so that opening twice opens once. It is short, for it
        stands twice in every transfer and in its indexes; people read the three columns instead.
        """
        return AccountId(derived("acc", self.owner, self.kind, self.asset))


@dataclass(frozen=True, slots=True)
class Transfer:
    """Units of one asset that leave one account and enter another; never changed once posted."""

    id: TransferId
    debit: AccountId
    credit: AccountId
    units: int
    asset: str  # the asset's identity
    code: TransferCode
    occurred_at: datetime  # in the world: the block's time, the cycle's
    cause: str  # the id of what made it: a cycle, an instruction, a transaction on a chain


@dataclass(frozen=True, slots=True)
class Posted:
    """A transfer is in the ledger; said again, the first answer is given again."""

    id: TransferId
    recorded_at: datetime  # when the ledger first took it
    again: bool  # whether it was there before


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as it stands."""

    account: Account
    balance: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What posting a batch comes to."""

    outcomes: list[Posted | Refusal]  # one for each transfer, in order
    new: list[Transfer]  # to be written, in order
    moved: dict[AccountId, int]  # the change of each balance; not those that were not moved


def evaluate(
    standings: Mapping[AccountId, Standing],
    recorded: Mapping[TransferId, tuple[Transfer, datetime]],
    batch: Sequence[Transfer],
    now: datetime,
) -> Evaluation:
    """Decide about each transfer of `batch`, in order.

    Args:
        standings: The accounts that the batch names, as far as they exist.
        recorded: The transfers already posted under ids of the batch, and when.
        batch: Any number of transfers; an id may come more than once.
        now: When those that are new will have been recorded.

    Returns:
        For each transfer `Posted`, or the first refusal that applies:
        TransferDiffers, UnitsNotPositive, UnitsTooLarge, SameAccount, UnknownAccount,
        AssetMismatch, InsufficientFunds, BalanceTooLarge.
    """
    known = dict(recorded)
    balances = {id_: standing.balance for id_, standing in standings.items()}
    outcomes: list[Posted | Refusal] = []
    new: list[Transfer] = []
    for transfer in batch:
        if (first := known.get(transfer.id)) is not None:
            before, recorded_at = first
            if before == transfer:
                outcomes.append(Posted(transfer.id, recorded_at, again=True))
            else:
                outcomes.append(differs(before, transfer))
            continue
        if (refusal := refused(standings, balances, transfer)) is not None:
            outcomes.append(refusal)
            continue
        balances[transfer.debit] -= transfer.units
        balances[transfer.credit] += transfer.units
        known[transfer.id] = (transfer, now)
        new.append(transfer)
        outcomes.append(Posted(transfer.id, now, again=False))

    moved = {
        id_: change
        for id_, standing in standings.items()
        if (change := balances[id_] - standing.balance)
    }
    assert len(outcomes) == len(batch)
    assert sum(moved.values()) == 0
    return Evaluation(outcomes, new, moved)


def refused(  # noqa: C901, PLR0911 - guards, one for each refusal, in their order
    standings: Mapping[AccountId, Standing], balances: Mapping[AccountId, int], transfer: Transfer
) -> Refusal | None:
    """The first reason not to post a new transfer, given the balances before it; None if none."""
    about = {"transfer": transfer.id}
    if transfer.units <= 0:
        return UnitsNotPositive(f"{transfer.units}: units are above zero", **about)
    if transfer.units > UNITS_MAX:
        return UnitsTooLarge("more than 2**256 - 1 units", **about)
    if transfer.debit == transfer.credit:
        return SameAccount(f"{transfer.debit} on both sides", account=transfer.debit, **about)
    debit, credit = standings.get(transfer.debit), standings.get(transfer.credit)
    if debit is None:
        return UnknownAccount(f"{transfer.debit} is not open", account=transfer.debit, **about)
    if credit is None:
        return UnknownAccount(f"{transfer.credit} is not open", account=transfer.credit, **about)
    for side in (debit.account, credit.account):
        if side.asset != transfer.asset:
            return AssetMismatch(
                f"{transfer.asset}, but the account is of {side.asset}", account=side.id, **about
            )

    # What cannot be said of the transfer alone, but of the balances before it.
    lower = balances[transfer.debit] - transfer.units
    upper = balances[transfer.credit] + transfer.units
    if lower < DEBIT_MIN[debit.account.kind]:
        if DEBIT_MIN[debit.account.kind] == 0:
            return insufficient(debit.account, balances[transfer.debit], transfer)
        return BalanceTooLarge("below -10**78", account=transfer.debit, **about)
    if upper > CREDIT_MAX[credit.account.kind]:
        if CREDIT_MAX[credit.account.kind] == 0:
            return insufficient(credit.account, balances[transfer.credit], transfer)
        return BalanceTooLarge("above 10**78", account=transfer.credit, **about)
    return None


DEBIT_MIN = {kind: rules.balance_min for kind, rules in CHART.items()}
CREDIT_MAX = {kind: rules.balance_max for kind, rules in CHART.items()}


def insufficient(account: Account, balance: int, transfer: Transfer) -> InsufficientFunds:
    """Say who has too little."""
    return InsufficientFunds(
        f"{account.kind} of {account.owner} has {abs(balance)} units of {account.asset}, "
        f"{transfer.code} takes {transfer.units}",
        transfer=transfer.id,
        account=account.id,
        available=str(abs(balance)),
        units=str(transfer.units),
    )


def differs(before: Transfer, transfer: Transfer) -> TransferDiffers:
    """Say in which fields the second use of an id differs from the first."""
    fields = [
        name for name in Transfer.__slots__ if getattr(before, name) != getattr(transfer, name)
    ]
    return TransferDiffers(
        f"{transfer.id} is already posted with other {', '.join(fields)}", transfer=transfer.id
    )
