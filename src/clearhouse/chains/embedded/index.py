"""`Index`: the coins and transactions of the best chain, in memory.

The consensus library keeps coins too, but its interface does not show them. The index follows the
chain that the library chose, one block forward or back at a time; what a block spent is kept, so
that going back is exact. Every transaction ever seen stays known, so that one which lost its block
can be told from one that another displaced.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from clearhouse.chains.block import (
    GENESIS,
    GENESIS_TIME,
    MEDIAN_SPAN,
    genesis_header,
    median_time,
)
from clearhouse.chains.embedded.transaction import Outpoint, Output, Parsed


@dataclass(frozen=True, slots=True)
class Unspent:
    """A coin, with what its age asks."""

    output: Output
    height: int
    is_coinbase: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A block of any branch."""

    hash: str
    parent: str
    height: int
    time: int  # epoch seconds
    header: bytes
    transactions: tuple[Parsed, ...]


class Index:
    """The best chain's blocks, its coins, and who spent what in it."""

    def __init__(self) -> None:
        genesis = Link(GENESIS, "00" * 32, 0, GENESIS_TIME, genesis_header(), ())
        self.links: dict[str, Link] = {GENESIS: genesis}  # of all branches, by hash
        self.best: list[Link] = [genesis]  # by height
        self.known: dict[str, Parsed] = {}  # every transaction seen, by id
        self.heights: dict[str, int] = {}  # of the best chain's transactions
        self.coins: dict[Outpoint, Unspent] = {}
        self.spenders: dict[Outpoint, str] = {}  # in the best chain
        self.by_script: dict[bytes, set[Outpoint]] = {}  # the coins again
        self._spent: list[list[tuple[Outpoint, Unspent]]] = [[]]  # by height

    @property
    def tip(self) -> Link:
        """The best chain's last block, as far as the index has followed it."""
        return self.best[-1]

    def times(self, link: Link) -> list[int]:
        """The last blocks' times of the branch that ends in `link`, oldest first."""
        times = [link.time]
        while len(times) < MEDIAN_SPAN and link.height:
            link = self.links[link.parent]
            times.append(link.time)
        return times[::-1]

    def median_time(self, height: int) -> int:
        """The median time past of the best chain at `height`, epoch seconds."""
        last = self.best[max(0, height + 1 - MEDIAN_SPAN) : height + 1]
        return median_time([link.time for link in last])

    def connect(self, link: Link) -> None:
        """Follow the best chain one block up."""
        assert link.parent == self.tip.hash
        spent: list[tuple[Outpoint, Unspent]] = []
        for transaction in link.transactions:
            self.heights[transaction.txid] = link.height
            if not transaction.is_coinbase:
                for source in transaction.inputs:
                    spent.append((source, self._remove(source)))
                    self.spenders[source] = transaction.txid
            for vout, output in enumerate(transaction.outputs):
                if output.spendable:
                    coin = Unspent(output, link.height, transaction.is_coinbase)
                    self._add(Outpoint(transaction.txid, vout), coin)
        self.best.append(link)
        self._spent.append(spent)

    def disconnect(self) -> Link:
        """Go back one block of the best chain, and answer the block left out."""
        link = self.best.pop()
        for source, coin in self._spent.pop():
            self._add(source, coin)
            del self.spenders[source]
        for transaction in link.transactions:
            del self.heights[transaction.txid]
            for vout, output in enumerate(transaction.outputs):
                if output.spendable:
                    self._remove(Outpoint(transaction.txid, vout))
        return link

    def _add(self, place: Outpoint, coin: Unspent) -> None:
        self.coins[place] = coin
        self.by_script.setdefault(coin.output.script, set()).add(place)

    def _remove(self, place: Outpoint) -> Unspent:
        coin = self.coins.pop(place)
        of_script = self.by_script[coin.output.script]
        of_script.remove(place)
        if not of_script:
            del self.by_script[coin.output.script]
        return coin

    def learn(self, transactions: Sequence[Parsed]) -> None:
        """Remember transactions by their ids, whatever becomes of them."""
        for transaction in transactions:
            self.known[transaction.txid] = transaction

    def is_displaced(self, txid: str) -> bool:
        """Whether the best chain spends an input of it, or of an unmined ancestor, otherwise."""
        waiting, seen = [txid], {txid}
        while waiting:
            transaction = self.known.get(waiting.pop())
            if transaction is None or transaction.txid in self.heights:
                continue
            if any(source in self.spenders for source in transaction.inputs):
                return True
            parents = {source.txid for source in transaction.inputs} - seen
            seen |= parents
            waiting.extend(parents)
        return False
