"""Book what arrived in the vault: each final coin once, to whom its address was given.

A coin at an address of a participant is that participant's; one at an address of the house is float
for network fees; change of our own batches is nothing new. Any other is an unknown deposit: at a
change address but not of our batches, or at one of the next addresses, which nobody was given yet.
It goes to suspense and stays there, and no batch spends it; as soon as it is seen, its address is
given to nobody any more. The transfer's id follows from the coin, so that looking twice books once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from clearhouse.chains.chain import Coin
from clearhouse.chains.transaction import outputs
from clearhouse.core.event import Event
from clearhouse.core.ids import ParticipantId, TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Recorded, Transfer, TransferCode
from clearhouse.operations.addresses import address_at, given_out
from clearhouse.operations.house import House
from clearhouse.store import cycles, journal
from clearhouse.store import ledger as books
from clearhouse.store.accounts import open_accounts
from clearhouse.store.cycles import PayIn, VaultAddress
from clearhouse.store.projection import record

GAP = 20  # how far ahead of the addresses given out coins are looked for (BIP 44's gap limit)


@dataclass(frozen=True, slots=True)
class Deposit:
    """A coin in the vault, and the address that it came to."""

    coin: Coin
    at: VaultAddress
    depth: int  # blocks on it, its own included; 0 while unconfirmed
    is_ours: bool  # one of our batches made it
    booked: TransferCode | None  # as what the ledger has it, if it has

    @property
    def is_change(self) -> bool:
        """Whether it is what a batch of ours left."""
        return self.at.is_change and self.is_ours and not self.at.unasked

    @property
    def is_unknown(self) -> bool:
        """Whether nobody was told to pay there; what the ledger has decided stays."""
        if self.booked is not None:
            return self.booked is TransferCode.UNKNOWN_DEPOSIT
        return self.at.unasked or (self.at.is_change and not self.is_ours)

    @property
    def outpoint(self) -> str:
        """Which output of which transaction."""
        return f"{self.coin.txid}:{self.coin.vout}"

    @property
    def booking(self) -> TransferId:
        """The id of the transfer that books it."""
        return _booking(self.coin)


def booking(outpoint: str) -> TransferId:
    """The id of the transfer that books a coin."""
    return TransferId(derived("tfr", "deposit", outpoint))


def _booking(coin: Coin) -> TransferId:
    return booking(f"{coin.txid}:{coin.vout}")


def _code(found: Recorded | None) -> TransferCode | None:
    return found.transfer.code if found else None


def deposits(house: House) -> list[Deposit]:
    """Everything unspent in the vault now, confirmed or not."""
    given = _ahead(house) | cycles.vault_addresses(house.db)
    ours = cycles.batch_txids(house.db)
    chain = house.rail.chain
    # Again each time: a node whose wallet was lost or is new must look for old addresses too.
    chain.watch(given)
    tip = chain.tip().height
    # An output of nothing is on the chain too, and is no money.
    coins = [coin for coin in chain.coins() if coin.script in given and coin.units]
    booked = books.find(house.db, map(_booking, coins))
    return [
        Deposit(
            coin,
            given[coin.script],
            0 if coin.height is None else tip - coin.height + 1,
            coin.txid in ours,
            _code(booked.get(_booking(coin))),
        )
        for coin in coins
    ]


def spent_since(house: House, called: Iterable[PayIn]) -> list[Deposit]:
    """Coins that came for some pay-ins, and that are spent.

    They were counted, so a batch of another cycle may have spent them; if the cycle that counted
    them is unwound, what came is its payer's own all the same.
    """
    whose = {one.script: one.participant for one in called}
    with house.db.transaction():
        given = cycles.vault_addresses(house.db) if whose else {}
        booked = {script: _booked_for(house, who) for script, who in whose.items()}
    chain = house.rail.chain
    there = {f"{coin.txid}:{coin.vout}" for coin in chain.coins()} if whose else set()
    found = []
    for script, coins in booked.items():
        for outpoint, units in coins.items():
            txid, _, vout = outpoint.partition(":")
            if outpoint in there or outputs(chain.transaction(txid))[int(vout)][1] != script:
                continue
            depth = chain.sight([txid])[txid].depth
            coin = Coin(txid, int(vout), units, script, None)
            code = TransferCode.PAY_IN
            found.append(Deposit(coin, given[script], depth, is_ours=False, booked=code))
    return found


def _booked_for(house: House, who: ParticipantId) -> dict[str, int]:
    account = Account(who, AccountKind.AVAILABLE, house.coin.identity)
    return books.paid_in_by(house.db, account.id)


def close_seen(house: House) -> None:
    """See to it that no address is given out that a coin has come to already."""
    arrived = deposits(house)
    with house.db.transaction():
        journal.lock(house.db)
        _close(house, arrived)


def _ahead(house: House) -> dict[bytes, VaultAddress]:
    """The next addresses of both branches, which are nobody's yet, by script."""
    found = {}
    for is_change in (False, True):
        first = cycles.next_vault_position(house.db, is_change=is_change)
        for position in range(first, first + GAP):
            at = address_at(house.rail.vault, position, is_change=is_change)
            found[at.script] = VaultAddress(at.script, at.text, is_change, position, None, True)
    return found


def book(house: House, arrived: Iterable[Deposit], depth_final: int) -> list[Deposit]:
    """Post the deposits that are final and not ours already, in the caller's transaction.

    Returns:
        Those that are final and may be spent, booked now or before; change included.
    """
    asset, now = house.coin.identity, house.now()
    vault, fees = (Account(HOUSE, kind, asset) for kind in (AccountKind.VAULT, AccountKind.FEES))
    suspense = Account(HOUSE, AccountKind.SUSPENSE, asset)
    arrived = list(arrived)
    _close(house, arrived)
    final = [one for one in arrived if one.depth >= depth_final]
    # What was read of the ledger may be old by now; the caller has locked it.
    known = books.find(house.db, [one.booking for one in final])
    final = [replace(one, booked=_code(known.get(one.booking))) for one in final]
    accounts, transfers = [vault, fees], []
    for one in final:
        if one.is_change or one.booked is not None:
            continue
        if one.is_unknown:
            account, code = suspense, TransferCode.UNKNOWN_DEPOSIT
            accounts.append(account)
        elif one.at.participant is None:
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
    return [one for one in final if not one.is_unknown]


def _close(house: House, arrived: Iterable[Deposit]) -> None:
    """Let addresses which coins came to unasked be given to nobody.

    So are those before them that are not given yet: a branch has no holes, and is watched whole.
    """
    facts: list[tuple[str, Event]] = []
    for is_change in (False, True):
        stray = [
            one.at.position for one in arrived if one.at.unasked and one.at.is_change is is_change
        ]
        first = cycles.next_vault_position(house.db, is_change=is_change)
        for position in range(first, max(stray, default=-1) + 1):
            at = address_at(house.rail.vault, position, is_change=is_change)
            address = VaultAddress(at.script, at.text, is_change, position, None, unasked=True)
            facts.append(given_out(address))
    record(house.db, facts, house.now(), house.now())
