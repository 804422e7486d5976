"""Evidence: what a bundle shows beside the journal, and which earlier entries it leans on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from clearhouse.chains import block
from clearhouse.chains.transaction import outputs
from clearhouse.core.clearing import Due, Line
from clearhouse.core.ids import CycleId, ObligationId
from clearhouse.core.ledger import HOUSE, Phase, TransferCode, TransferRecorded
from clearhouse.core.settlement import (
    CycleSettled,
    ObligationCleared,
    PayInFinal,
    VaultAddressGiven,
    VaultAddressUnasked,
)
from clearhouse.core.unwinding import BatchWithdrawn
from clearhouse.core.valuation import RateFixed
from clearhouse.operations.clear import labels
from clearhouse.operations.deposits import SET_ASIDE, booking
from clearhouse.operations.house import House
from clearhouse.operations.salted import Salted
from clearhouse.store import cycles, journal, obligations
from clearhouse.store.files import ArchiveDamaged
from clearhouse.store.journal import Entry

ARRIVED = {TransferCode.PAY_IN, TransferCode.FUNDING, *SET_ASIDE}
PERIOD = 2016  # blocks between two changes of the difficulty


@dataclass
class Evidence:
    """What the entries of a bundle refer to, as they go by."""

    rates: set[str] = field(default_factory=set)  # by which obligations were valued
    fixed: dict[str, RateFixed] = field(default_factory=dict)  # among the entries
    outpoints: set[str] = field(default_factory=set)  # of coins that were booked
    scripts: set[str] = field(default_factory=set)  # that were given to somebody
    txids: set[str] = field(default_factory=set)  # of batches that are final
    # Transfers that others take back, or by which a pay-in is final; and those that are here.
    leaned_on: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    cleared: defaultdict[CycleId, list[ObligationCleared]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def take(self, entry: Entry) -> None:
        """Look at one entry."""
        match entry.event:
            case RateFixed() as one:
                self.fixed[one.rate] = one
            case ObligationCleared() as one:
                self.cleared[one.cycle].append(one)
                self.rates |= {one.rate} - {""}
            case VaultAddressGiven(script=script) | VaultAddressUnasked(script=script):
                self.scripts.add(script)
            case PayInFinal(outpoints=outpoints):
                self.leaned_on |= set(map(booking, outpoints))
                self.outpoints |= set(outpoints)
            case CycleSettled(txid=txid) | BatchWithdrawn(txid=txid):
                self.txids |= {txid} - {""}
            case TransferRecorded() as one:
                self._transfer(one)
            case _:
                pass

    def _transfer(self, one: TransferRecorded) -> None:
        self.recorded.add(one.transfer)
        if one.code in ARRIVED and one.phase == Phase.SINGLE:
            self.outpoints.add(one.cause)
        if one.phase == Phase.REVERSE and one.follows:
            self.leaned_on.add(one.follows)

    def earlier(self, house: House) -> list[Entry]:
        """Entries from before the period that those of the period lean on, in order."""
        found = list(journal.of_kind(house.db, RateFixed, self.rates - self.fixed.keys()))
        for id in self.leaned_on - self.recorded:
            found += journal.about(house.db, id)
        found += self._addresses(house)
        return sorted(found, key=lambda entry: entry.position)

    def _addresses(self, house: House) -> Iterator[Entry]:
        """The entries that gave out the addresses which coins came to."""
        given, wanted = cycles.vault_addresses(house.db), defaultdict[str, set[str]](set)
        for outpoint in self.outpoints:
            txid, vout = outpoint.split(":")
            script = outputs(house.rail.chain.transaction(txid))[int(vout)][1]
            if script.hex() not in self.scripts and script in given:
                wanted[given[script].participant or HOUSE].add(script.hex())
        for kind in (VaultAddressGiven, VaultAddressUnasked):
            for entry in journal.of_kind(house.db, kind, wanted):
                one = entry.event
                assert isinstance(one, VaultAddressGiven | VaultAddressUnasked)
                if one.script in wanted[entry.subject]:
                    yield entry

    def tapes(self, house: House, earlier: Iterable[Entry]) -> Iterator[dict[str, Any]]:
        """The trades of each rate.

        Raises:
            ArchiveDamaged: They are not kept.
        """
        shown = dict(self.fixed)
        shown |= {e.event.rate: e.event for e in earlier if isinstance(e.event, RateFixed)}
        for id, one in sorted(shown.items()):
            path = house.archive / f"{one.input_sha256}.tape"
            try:
                trades = path.read_text("ascii")
            except (OSError, ValueError) as missing:
                raise ArchiveDamaged(f"the trades of {id}: {missing}") from missing
            yield {"rate": id, "trades": trades.splitlines()}

    def labels(self, house: House) -> Iterator[tuple[CycleId, Salted]]:
        """The labels of each cycle that was cleared."""
        for id, cleared in sorted(self.cleared.items()):
            yield id, labels(house, id, lines_of(house, cleared))

    def transactions(self, house: House) -> list[dict[str, Any]]:
        """The transactions, each with its place in a block of the best chain."""
        txids = sorted({one.split(":")[0] for one in self.outpoints} | self.txids)
        if not txids:
            return []  # and no chain is needed
        chain, blocks = house.rail.chain, dict[int, list[str]]()
        found = []
        for txid, seen in chain.sight(txids).items():
            if seen.block is None:
                continue  # the verifier will miss it, and say so
            height = seen.block.height
            if height not in blocks:
                blocks[height] = chain.txids(height)
            index = blocks[height].index(txid)
            leaves = [bytes.fromhex(one)[::-1] for one in blocks[height]]
            branch = [one.hex() for one in block.merkle_branch(leaves, index)]
            place = {"height": str(height), "index": str(index)}
            found.append({"branch": branch, "raw": chain.transaction(txid).hex(), **place})
        return found


def headers_from(transactions: Iterable[dict[str, Any]], since: int | None) -> int:
    """From which height headers are shown: as asked, or where the difficulty changed last."""
    if since is not None:
        return since
    lowest = min((int(one["height"]) for one in transactions), default=0)
    return lowest - lowest % PERIOD


def lines_of(house: House, cleared: Iterable[ObligationCleared]) -> list[Line]:
    """What became of each obligation of a cycle."""
    all_of_them = list(cleared)
    ids: list[ObligationId] = [one.obligation for one in all_of_them]
    terms = obligations.by_ids(house.db, ids, house.assets)
    lines = []
    for one in all_of_them:
        what = terms[one.obligation]
        due = Due(one.obligation, what.debtor, what.creditor, one.units, date.min)
        lines.append(Line(due, one.set_off))
    return lines
