"""Book what arrived in the vault: each final coin once, to whom its address was given.

A coin at an address of a participant is that participant's; one at an address of the house is float
for network fees; change of our own batches is nothing new. The transfer's id follows from the coin,
so that looking twice books once.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clearhouse.chains.chain import Coin
from clearhouse.core.event import Event
from clearhouse.core.ids import TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Transfer, TransferCode
from clearhouse.core.settlement import VaultAddressGiven
from clearhouse.operations.house import House
from clearhouse.store import cycles
from clearhouse.store import ledger as books
from clearhouse.store.accounts import open_accounts
from clearhouse.store.cycles import VaultAddress


@dataclass(frozen=True, slots=True)
class Deposit:
    """A coin in the vault, and the address that it came to."""

    coin: Coin
    at: VaultAddress
    depth: int  # blocks on it, its own included; 0 while unconfirmed

    @property
    def outpoint(self) -> str:
        """Which output of which transaction."""
        return f"{self.coin.txid}:{self.coin.vout}"

    @property
    def booking(self) -> TransferId:
        """The id of the transfer that books it."""
        return TransferId(derived("tfr", "deposit", self.outpoint))


def given_out(at: VaultAddress) -> tuple[str, Event]:
    """The fact that an address of the vault was given to somebody."""
    fact = VaultAddressGiven(at.script.hex(), at.address, at.is_change, at.position, at.participant)
    return at.participant or HOUSE, fact


def deposits(house: House) -> list[Deposit]:
    """Everything unspent in the vault now, confirmed or not."""
    given = cycles.vault_addresses(house.db)
    chain = house.rail.chain
    # Again each time: a node whose wallet was lost or is new must look for old addresses too.
    chain.watch(given)
    tip = chain.tip().height
    return [
        Deposit(coin, given[coin.script], 0 if coin.height is None else tip - coin.height + 1)
        for coin in chain.coins()
        if coin.script in given
    ]


def book(house: House, arrived: Iterable[Deposit], depth_final: int) -> list[Deposit]:
    """Post the deposits that are final and not ours already, in the caller's transaction.

    Returns:
        Those that are final, booked now or before; change included.
    """
    asset, now = house.coin.identity, house.now()
    vault, fees = (Account(HOUSE, kind, asset) for kind in (AccountKind.VAULT, AccountKind.FEES))
    final = [one for one in arrived if one.depth >= depth_final]
    known = books.find(house.db, [one.booking for one in final])
    accounts, transfers = [vault, fees], []
    for one in final:
        if one.at.is_change or one.booking in known:
            continue
        if one.at.participant is None:
            account, code = fees, TransferCode.FUNDING
        else:
            account = Account(one.at.participant, AccountKind.AVAILABLE, asset)
            code = TransferCode.PAY_IN
            accounts.append(account)
        units = one.coin.units
        # The instant is the coin's, not the look's.
        at = house.rail.chain.block(one.coin.height or 0).time_at
        transfers.append(
            Transfer(one.booking, vault.id, account.id, units, asset, code, at, one.outpoint)
        )
    open_accounts(house.db, accounts, now)
    books.post_all(house.db, transfers, now)
    return final
