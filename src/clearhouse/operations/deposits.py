"""Book what arrived in the vault: each final coin once, to whom its address was given.

A coin at an address of a participant is that participant's; one at an address of the house is float
for network fees; change of our own batches is nothing new. Any other is an unknown deposit: at a
change address but not of our batches, or at one of the next addresses, which nobody was given yet.
It goes to suspense and stays there, and no batch spends it; as soon as it is seen, its address is
given to nobody any more. The transfer's id follows from the coin, so that looking twice books once.

Who has paid is looked at first: the addresses that a coin came from are recorded and compared with
the lists. A coin that somebody listed has paid goes to its owner's quarantine: it pays for nothing,
no batch spends it, and until an authority says what becomes of it nobody can move it. Where nothing
can be screened nothing is booked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from clearhouse.chains.chain import Coin, UnknownTransaction, Unreachable
from clearhouse.chains.transaction import address_of, outputs
from clearhouse.core.coin_source import COIN_SOURCES, CoinSource
from clearhouse.core.event import Event
from clearhouse.core.ids import ParticipantId, TransferId, derived
from clearhouse.core.ledger import HOUSE, Account, AccountKind, Recorded, Transfer, TransferCode
from clearhouse.core.participant import Participant
from clearhouse.core.screening import Screen
from clearhouse.operations.addresses import address_at, given_out
from clearhouse.operations.house import House
from clearhouse.operations.screen import open_gate
from clearhouse.store import cycles, journal, records, registers
from clearhouse.store import ledger as books
from clearhouse.store.accounts import open_accounts
from clearhouse.store.cycles import PayIn, VaultAddress
from clearhouse.store.projection import record

SET_ASIDE = frozenset({TransferCode.UNKNOWN_DEPOSIT, TransferCode.QUARANTINE})
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
    def is_set_aside(self) -> bool:
        """Whether it pays for nothing, and no batch spends it."""
        return self.is_unknown or self.booked in SET_ASIDE

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


def usable(arrived: Iterable[Deposit], depth_final: int) -> list[Deposit]:
    """Those that are final and may be counted and spent; change included."""
    return [one for one in arrived if one.depth >= depth_final and not one.is_set_aside]


def screen_for(house: House, arrived: Iterable[Deposit], depth_final: int) -> Screen | None:
    """What new coins are to be compared with; None where there are none.

    Raises:
        screening's refusals: Nothing can be screened now.
    """
    is_due = any(one.depth >= depth_final and _is_new(one) for one in arrived)
    return open_gate(house).screen if is_due else None


def _is_new(one: Deposit) -> bool:
    """Whether the ledger does not have it, and should."""
    return one.booked is None and not one.is_change


def book(
    house: House, arrived: Iterable[Deposit], depth_final: int, screen: Screen | None
) -> list[Deposit]:
    """Post the deposits that are final and not ours already, in the caller's transaction.

    Args:
        screen: As `screen_for` answers for the same deposits.

    Returns:
        All that arrived, as the ledger has them now.

    Raises:
        Unreachable: The chain does not say where a new coin came from.
    """
    arrived = list(arrived)
    _close(house, arrived)
    # What was read of the ledger may be old by now; the caller has locked it.
    found = books.find(house.db, [one.booking for one in arrived if _is_new(one)])
    known = {id: one.transfer.code for id, one in found.items()}
    arrived = [replace(one, booked=known.get(one.booking, one.booked)) for one in arrived]
    new = [one for one in arrived if one.depth >= depth_final and _is_new(one)]
    if new:
        assert screen is not None
        posted = _post(house, new, _listed(house, new, screen))
        arrived = [replace(one, booked=posted.get(one.booking, one.booked)) for one in arrived]
    return arrived


def _listed(house: House, new: Sequence[Deposit], screen: Screen) -> set[str]:
    """Record where new coins came from; which of them has somebody listed paid?

    A coin that nobody was told to pay is in suspense, whoever paid it.
    """
    asked = [one for one in new if not one.is_unknown]
    try:
        scripts = house.rail.chain.sources({one.coin.txid for one in asked})
    except UnknownTransaction as gone:
        detail = f"{gone.detail} any more: the chain was reorganised meanwhile"
        raise Unreachable(f"{detail}; try again") from gone
    whose = [one.at.participant for one in asked if one.at.participant is not None]
    parties = registers.participants(house.db, whose)
    now, found = house.now(), set[str]()
    facts: list[tuple[str, Event]] = []
    for one in asked:
        party = parties[one.at.participant] if one.at.participant else None
        owner = party.id if party else ParticipantId(HOUSE)
        spent = {address_of(script, house.network) for script in scripts[one.coin.txid]}
        for address in sorted(spent):
            facts.append(COIN_SOURCES.entered(CoinSource(owner, one.outpoint, address, now)))
            if _is_barred(party, address, screen, now):
                found.add(one.outpoint)
    record(house.db, facts, now, now)
    return found


def _is_barred(party: Participant | None, address: str, screen: Screen, now: datetime) -> bool:
    """Whether an address is listed, and no authority lets the house deal with it."""
    dealings = party.dealings if party else ()
    return any(
        not any(one.covers(match.list_name, match.entity, now.date()) for one in dealings)
        for match in screen.listed_wallet(address, now=now)
    )


def barred(house: House, coins: Iterable[Deposit], screen: Screen) -> set[str]:
    """Which of some coins has somebody paid who is listed by now? Change has no payer."""
    there = {one.outpoint: one for one in coins if not one.is_change}
    whose = {one.at.participant or ParticipantId(HOUSE) for one in there.values()}
    parties = registers.participants(house.db, whose)
    now = house.now()
    return {
        one.outpoint
        for one in records.current(house.db, COIN_SOURCES, ids=sorted(whose))
        if one.outpoint in there
        and _is_barred(parties.get(one.participant), one.address, screen, now)
    }


def _post(
    house: House, new: Sequence[Deposit], listed: Collection[str]
) -> Mapping[TransferId, TransferCode]:
    """Book new coins; answers as what each was."""
    asset, now = house.coin.identity, house.now()
    vault = Account(HOUSE, AccountKind.VAULT, asset)
    accounts, transfers = [vault], []
    for one in new:
        account, code = _credited(one, asset, is_listed=one.outpoint in listed)
        accounts.append(account)
        # The instant is the coin's, not the look's.
        at = house.rail.chain.block(one.coin.height or 0).time_at
        sides = (vault.id, account.id)
        transfers.append(
            Transfer(one.booking, *sides, one.coin.units, asset, code, at, one.outpoint)
        )
    open_accounts(house.db, accounts, now)
    books.post_all(house.db, transfers, now)
    return {one.id: one.code for one in transfers}


def _credited(one: Deposit, asset: str, *, is_listed: bool) -> tuple[Account, TransferCode]:
    """Where a new coin is booked, and as what."""
    who = one.at.participant
    suspense = Account(HOUSE, AccountKind.SUSPENSE, asset)
    if one.is_unknown:
        return suspense, TransferCode.UNKNOWN_DEPOSIT
    if is_listed:
        apart = Account(who, AccountKind.QUARANTINE, asset) if who else suspense
        return apart, TransferCode.QUARANTINE
    if who is None:
        return Account(HOUSE, AccountKind.FEES, asset), TransferCode.FUNDING
    return Account(who, AccountKind.AVAILABLE, asset), TransferCode.PAY_IN


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
