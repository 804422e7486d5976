"""`Mempool`: transactions that wait for a block, each of which the next block could hold.

Much less than a node's: no policy of fees, sizes or standard scripts, no limits, and no
replacement (of two transactions that spend the same coin the first stays; a node may take a second
one that pays more). What it asks is what consensus will ask of the next block, so that a block made
of the mempool is never refused.

Sources: BIP 68 and 112 (relative lock times), BIP 113 (median time past), BIP 65.
"""

from collections.abc import Iterable, Iterator

from clearhouse.chains.block import MATURITY_BLOCKS, WEIGHT_MAX, WEIGHT_RESERVED
from clearhouse.chains.chain import Rejected
from clearhouse.chains.embedded.index import Index, Unspent
from clearhouse.chains.embedded.judge import Judge
from clearhouse.chains.embedded.transaction import Outpoint, Output, Parsed

VERSION_RELATIVE = 2  # the first whose sequences lock
FINAL = 0xFFFF_FFFF
LOCKTIME_IS_TIME = 500_000_000  # below: a height; from there on: epoch seconds
SEQUENCE_OFF = 1 << 31
SEQUENCE_IS_TIME = 1 << 22
SEQUENCE_MASK = 0xFFFF
SEQUENCE_SECONDS = 512


class Mempool:
    """The waiting transactions, parents before children.

    Args:
        index: The chain they wait for; the mempool only reads it.
        judge: Who checks form and signatures.
    """

    def __init__(self, index: Index, judge: Judge) -> None:
        self._index = index
        self._judge = judge
        self._waiting: dict[str, tuple[Parsed, int]] = {}  # with its fee, in order of arrival
        self._spends: dict[Outpoint, str] = {}

    def __contains__(self, txid: str) -> bool:
        return txid in self._waiting

    def __iter__(self) -> Iterator[Parsed]:
        return (transaction for transaction, _ in self._waiting.values())

    def spends(self, place: Outpoint) -> bool:
        """Whether one of the waiting spends it."""
        return place in self._spends

    def add(self, transaction: Parsed, *, verify: bool = True) -> None:
        """Take a transaction that is not there yet.

        Args:
            transaction: It.
            verify: Whether form and signatures are to be checked; they were if it waited before.

        Raises:
            Rejected: The next block could not hold it; with Core's word for why.
        """
        if transaction.is_coinbase:
            raise _no(transaction, "coinbase")
        if verify and not self._judge.form(transaction):
            raise _no(transaction, "bad-txns: its form breaks a consensus rule")
        if transaction.weight > WEIGHT_MAX - WEIGHT_RESERVED:
            raise _no(transaction, "tx-size: no block can hold it")
        spent = [self._coin(transaction, source) for source in transaction.inputs]
        fee = sum(coin.output.units for coin in spent) - sum(
            output.units for output in transaction.outputs
        )
        if fee < 0:
            raise _no(transaction, f"bad-txns-in-belowout: it pays out {-fee} more than it takes")
        if not self._is_final(transaction):
            raise _no(transaction, "non-final: its lock time has not come")
        if not self._are_old_enough(transaction, spent):
            raise _no(transaction, "non-BIP68-final: a coin it spends is too young for its lock")
        if verify:
            failed = self._judge.unsigned(transaction, [coin.output for coin in spent])
            if failed is not None:
                raise _no(
                    transaction,
                    f"mandatory-script-verify-flag-failed: input {failed} is not signed as its"
                    " coin asks",
                )
        self._waiting[transaction.txid] = (transaction, fee)
        for source in transaction.inputs:
            self._spends[source] = transaction.txid

    def _coin(self, transaction: Parsed, source: Outpoint) -> Unspent:
        """The coin at `source`, if the next block may spend it."""
        if rival := self._spends.get(source):
            raise _no(transaction, f"txn-mempool-conflict: {rival} spends the same coin")
        if coin := self._index.coins.get(source):
            depth = self._index.tip.height + 1 - coin.height
            if coin.is_coinbase and depth < MATURITY_BLOCKS:
                raise _no(
                    transaction,
                    f"bad-txns-premature-spend-of-coinbase: {MATURITY_BLOCKS - depth} blocks early",
                )
            return coin
        if parent := self._waiting.get(source.txid):
            outputs = parent[0].outputs
            if source.vout < len(outputs) and outputs[source.vout].spendable:
                return Unspent(outputs[source.vout], self._index.tip.height + 1, is_coinbase=False)
        raise _no(
            transaction,
            f"bad-txns-inputs-missingorspent: there is no coin {source.txid}:{source.vout}",
        )

    def _is_final(self, transaction: Parsed) -> bool:
        """Whether the next block may hold it, by its lock time (BIP 113)."""
        height = self._index.tip.height
        is_height = transaction.locktime < LOCKTIME_IS_TIME
        reached = height + 1 if is_height else self._index.median_time(height)
        return transaction.locktime < reached or all(
            sequence == FINAL for sequence in transaction.sequences
        )

    def _are_old_enough(self, transaction: Parsed, spent: list[Unspent]) -> bool:
        """Whether every coin has the age that its input asks for (BIP 68)."""
        if transaction.version < VERSION_RELATIVE:
            return True
        height = self._index.tip.height
        for sequence, coin in zip(transaction.sequences, spent, strict=True):
            if sequence & SEQUENCE_OFF:
                continue
            count = sequence & SEQUENCE_MASK
            if sequence & SEQUENCE_IS_TIME:
                born = self._index.median_time(max(coin.height - 1, 0))
                if born + count * SEQUENCE_SECONDS > self._index.median_time(height):
                    return False
            elif coin.height + count > height + 1:
                return False
        return True

    def outputs(self) -> Iterator[tuple[Outpoint, Output]]:
        """The unspent outputs of what waits."""
        for transaction in self:
            for vout, output in enumerate(transaction.outputs):
                place = Outpoint(transaction.txid, vout)
                if output.spendable and place not in self._spends:
                    yield place, output

    def template(self) -> tuple[list[Parsed], int]:
        """What the next block can hold, in order of arrival, and the fees of it."""
        room = WEIGHT_MAX - WEIGHT_RESERVED
        chosen: list[Parsed] = []
        fees = 0
        for transaction, fee in self._waiting.values():
            # Stopping at the first that does not fit keeps parents before children.
            if transaction.weight > room:
                break
            room -= transaction.weight
            chosen.append(transaction)
            fees += fee
        return chosen, fees

    def follow(self, returned: Iterable[Parsed], connected: Iterable[Parsed]) -> None:
        """Fit the mempool to a chain that has changed.

        Args:
            returned: What lost its block, parents before children: it waits again, if it can.
            connected: What the new blocks hold.
        """
        returned, mined = list(returned), {found.txid: found for found in connected}
        taken = {source for found in mined.values() for source in found.inputs}
        if not returned and all(
            self._spends.get(source, txid) == txid
            for txid, found in mined.items()
            for source in found.inputs
        ):
            # No rival of the waiting was mined: the others stay as they are.
            for txid in mined.keys() & self._waiting.keys():
                del self._waiting[txid]
            for source in taken & self._spends.keys():
                del self._spends[source]
            return
        before = [*returned, *self]
        self._waiting, self._spends = {}, {}
        for transaction in before:
            if transaction.txid not in mined and transaction.txid not in self._waiting:
                try:
                    self.add(transaction, verify=False)
                except Rejected:
                    continue


def _no(transaction: Parsed, reason: str) -> Rejected:
    return Rejected(reason, txid=transaction.txid)
