"""`Account` and the chart of accounts: whose units stand where, and how low a balance may go.

Sign convention, here and everywhere: an account's balance is its credits minus its debits. What
the house owes is positive, what the house has is negative, and every asset sums to zero.

The same chart stands in the database's table `account_kind`, whose checks are the last line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from clearhouse.core.ids import derived

AccountId = NewType("AccountId", str)

HOUSE = "house"  # the owner of house accounts; participants are known by their LEI

BALANCE_MAX = 10**78 - 1  # NUMERIC(78, 0), in which EVM's uint256 fits


class Side(StrEnum):
    """A side of an account; also, on which side its balance normally stands."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountKind(StrEnum):
    """What an account is for."""

    # A participant's, for each asset.
    AVAILABLE = "available"  # free to use
    HELD = "held"  # set aside for a case: somebody must look before it moves
    IN_CLEARING = "in_clearing"  # its net position: negative is owed to the house
    MARGIN = "margin"  # what secures its open positions
    DEFAULT_FUND = "default_fund"  # its share of what all stand in for each other with
    ESCROW = "escrow"  # set aside for a trade until its condition is met
    QUARANTINE = "quarantine"  # coins that may be tainted: they are touched by nothing else
    # The house's.
    VAULT = "vault"  # what it holds on a chain; one for each custody arrangement
    CLEARING = "clearing"  # between participants: zero after each cycle
    FEES = "fees"  # the float that network fees are paid from
    PENALTIES = "penalties"  # what participants paid for being late
    SUSPENSE = "suspense"  # what came from nobody we know


@dataclass(frozen=True, slots=True)
class Rules:
    """What the chart of accounts says about one kind."""

    of_house: bool
    normal_side: Side
    overdraft: bool = False  # whether the balance may stand on the other side
    placed: bool = False  # whether there may be several, told apart by the place

    @property
    def balance_min(self) -> int:
        """The lowest balance allowed."""
        return 0 if self.normal_side is Side.CREDIT and not self.overdraft else -BALANCE_MAX

    @property
    def balance_max(self) -> int:
        """The highest balance allowed."""
        return 0 if self.normal_side is Side.DEBIT and not self.overdraft else BALANCE_MAX


_OWN = Rules(of_house=False, normal_side=Side.CREDIT)
_HOUSE = Rules(of_house=True, normal_side=Side.CREDIT)

CHART: Mapping[AccountKind, Rules] = {
    AccountKind.AVAILABLE: _OWN,
    AccountKind.HELD: _OWN,
    # A debit position is owed to the house.
    AccountKind.IN_CLEARING: Rules(of_house=False, normal_side=Side.CREDIT, overdraft=True),
    AccountKind.MARGIN: _OWN,
    AccountKind.DEFAULT_FUND: _OWN,
    AccountKind.ESCROW: _OWN,
    AccountKind.QUARANTINE: _OWN,
    # Nobody can hold less than nothing on a chain.
    AccountKind.VAULT: Rules(of_house=True, normal_side=Side.DEBIT, placed=True),
    # Either way in a cycle, zero after it.
    AccountKind.CLEARING: Rules(of_house=True, normal_side=Side.CREDIT, overdraft=True),
    AccountKind.FEES: _HOUSE,
    AccountKind.PENALTIES: _HOUSE,
    AccountKind.SUSPENSE: _HOUSE,
}


@dataclass(frozen=True, slots=True)
class Account:
    """A place for units of one asset; one for each owner, kind and asset, and each place."""

    owner: str  # a participant's LEI, or HOUSE
    kind: AccountKind
    asset: str  # the asset's identity
    place: str = ""  # of a vault: the custody arrangement (its descriptor's checksum); or none

    def __post_init__(self) -> None:
        rules = CHART[self.kind]
        assert (self.owner == HOUSE) is rules.of_house, self
        assert rules.placed or not self.place, self

    @property
    def id(self) -> AccountId:
        """What it is known by.

        It follows from owner, kind, asset and place, so that opening twice opens once. It is short,
        for it stands twice in every transfer and in its indexes; people read the columns instead.
        """
        place = (self.place,) if self.place else ()
        return AccountId(derived("acc", self.owner, self.kind, self.asset, *place))


@dataclass(frozen=True, slots=True)
class AccountOpened:
    """An account was opened; nothing stands on it yet."""

    account: AccountId
    owner: str
    account_kind: str
    asset: str
    place: str

    @classmethod
    def of(cls, account: Account) -> "AccountOpened":
        """Record that `account` was opened."""
        return cls(account.id, account.owner, account.kind.value, account.asset, account.place)

    def said(self) -> Account:
        """The account again."""
        return Account(self.owner, AccountKind(self.account_kind), self.asset, self.place)
