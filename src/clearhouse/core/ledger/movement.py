"""`Movement`: a line of an account's statement, as its owner reads it.

The other side is told by what its account is for, never by whose it is: a participant learns from
its statement nothing about another.
"""

from datetime import datetime
from typing import NamedTuple

from clearhouse.core.ids import TransferId
from clearhouse.core.ledger.chart import Account, AccountKind
from clearhouse.core.ledger.transfer import Phase, TransferCode


class Opening(NamedTuple):
    """What stood on an account as its statement begins."""

    account: Account
    balance: int


class Movement(NamedTuple):
    """An entry of an account."""

    account: Account
    entry: int  # the how-manieth of its account
    recorded_at: datetime
    occurred_at: datetime
    transfer: TransferId
    code: TransferCode
    phase: Phase
    follows: TransferId | None
    against: AccountKind  # the other account's
    cause: str
    units: int  # positive came in, negative went out
    balance: int  # after it


Line = Opening | Movement
