"""Told: what the lines of closed books say beside the tables' own.

Of each participant how many accounts it has, from where on how many entries concern it, and a hash
over them in their order: so whoever is shown its own knows that none is left out. Of the vault
each coin that the books know.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from clearhouse.chains.transaction import outputs, spends
from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.event import Event
from clearhouse.core.gate import FindingMade, GateDecided
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.ledger import TransferRecorded
from clearhouse.core.merkle import leaf_hash
from clearhouse.core.obligation import ObligationAffirmed, ObligationProposed
from clearhouse.core.record import RecordEntered
from clearhouse.core.registers import REGISTERS
from clearhouse.core.rescission import ObligationRescinded, RescissionAsked
from clearhouse.core.schedule import ValueDated
from clearhouse.core.settlement import ObligationCleared
from clearhouse.operations.deposits import SET_ASIDE
from clearhouse.operations.house import House
from clearhouse.operations.log import entry_of
from clearhouse.store import accounts, cycles, journal, ledger, obligations, registers
from clearhouse.store.journal import Entry

CHUNK = 4_096  # entries read at once
UNTOLD = (FindingMade, GateDecided)  # whom one is compared with, and what is suspected


def is_told(event: Event) -> bool:
    """Whether those whom an event is about may learn of it: not that somebody looks at them."""
    if isinstance(event, RecordEntered):
        return not REGISTERS[event.register].untold
    return not isinstance(event, UNTOLD)


def told(house: House, first: int, last: int) -> Iterator[dict[str, Any]]:
    """A line for each participant about the entries from `first` to `last`."""
    everybody: list[str] = list(registers.participants(house.db))
    chains = dict.fromkeys(everybody, (0, b""))
    owners = {account.id: account.owner for account in accounts.balances(house.db)}
    held = Counter(owners.values())
    position = first - 1
    while position < last:
        chunk = journal.after(house.db, position, min(CHUNK, last - position))
        parties = _parties(house, chunk)
        for entry in chunk:
            for who in concerned(entry, owners, parties) & chains.keys():
                count, chain = chains[who]
                leaf = leaf_hash(entry_of(house, entry))
                chains[who] = count + 1, sha256(chain + leaf).digest()
        position = chunk[-1].position
    for who, (count, chain) in chains.items():
        said = {"first": str(first), "entries": str(count), "chain": chain.hex()}
        yield {"standing": "told", "participant": who, "accounts": str(held[who]), **said}


Parties = dict[ObligationId, tuple[ParticipantId, ParticipantId]]


def _parties(house: House, entries: Iterable[Entry]) -> Parties:
    """Debtor and creditor of the obligations that some entries are about."""
    kinds = (
        *(ObligationAffirmed, ValueDated, ObligationCleared),
        *(RescissionAsked, ObligationRescinded),
    )
    ids = {one.event.obligation for one in entries if isinstance(one.event, kinds)}
    found = obligations.by_ids(house.db, ids, house.assets)
    return {id: (one.debtor, one.creditor) for id, one in found.items()}


def concerned(entry: Entry, owners: dict[Any, str], parties: Parties) -> set[str]:
    """Whom an entry concerns: whose it is, both sides of an obligation or of a transfer.

    Args:
        entry: Of the journal.
        owners: Whose each account is; others' are nobody's.
        parties: Of the obligations that may be affirmed or cleared.
    """
    if not is_told(entry.event):
        return set()
    match entry.event:
        case ObligationProposed(debtor=debtor, creditor=creditor):
            return {debtor, creditor}
        case (
            ObligationAffirmed(obligation=id)
            | ValueDated(obligation=id)
            | ObligationCleared(obligation=id)
            | RescissionAsked(obligation=id)
            | ObligationRescinded(obligation=id)
        ):
            return set(parties[id])
        case ObligationHeldBack(participant=participant):
            return {participant}
        case TransferRecorded(debit=debit, credit=credit):
            return {owners[side] for side in (debit, credit) if side in owners}
        case _:
            return {entry.subject}


def coins(house: House) -> Iterator[dict[str, Any]]:
    """A line for each coin of the vault that the books know, and no batch has spent."""
    booked = ledger.deposited(house.db)
    found = {outpoint: units for outpoint, (units, _) in booked.items()}
    for txid, raw, change in cycles.batches_with_change(house.db):
        for outpoint in spends(raw):
            found.pop(outpoint, None)
        for place, (units, script) in enumerate(outputs(raw)):
            if script == change:
                found[f"{txid}:{place}"] = units
    for outpoint, units in found.items():
        aside = (
            {"set_aside": True} if outpoint in booked and booked[outpoint][1] in SET_ASIDE else {}
        )
        yield {"standing": "coin", "outpoint": outpoint, "units": str(units), **aside}
