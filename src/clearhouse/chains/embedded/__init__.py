"""`EmbeddedChain`: a regtest network in this process, judged by Bitcoin Core's consensus code.

No node is needed: blocks are made here (`clearhouse.chains.block`), libbitcoinkernel decides which
are valid and which branch is best (`judge`), an index follows its choice (`index`), transactions
wait in a minimal mempool (`mempool`), and one file remembers it all (`journal`). It is the demo's
default and never more than a test network.

One process may have the folder open, and one thread at a time may use the chain. A kill at any
moment loses nothing that was answered; opening again judges every block anew.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import pbk

from clearhouse.chains import block
from clearhouse.chains.chain import (
    CONFLICTED,
    IN_MEMPOOL,
    REGTEST,
    UNKNOWN,
    Block,
    BlockRefused,
    Coin,
    JournalDamaged,
    NotRegtest,
    Rejected,
    Sighting,
    UnknownBlock,
    UnknownTransaction,
    Unreachable,
)
from clearhouse.chains.embedded.index import Index, Link
from clearhouse.chains.embedded.journal import Journal, Record
from clearhouse.chains.embedded.judge import Judge
from clearhouse.chains.embedded.mempool import Mempool
from clearhouse.chains.embedded.transaction import Parsed, parse


class EmbeddedChain:
    """The chain of one folder.

    Args:
        folder: Where it is kept; a new chain is begun if there is none.
        now: The clock that dates blocks.
        network: Regtest; the argument is there to refuse any other.

    Raises:
        NotRegtest: Another network is asked for.
        FolderInUse: Somebody has the folder open.
        JournalDamaged: The folder's journal was altered.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime], network: str = REGTEST) -> None:
        if network != REGTEST:
            raise NotRegtest(f"the embedded chain is never offered for {network}; connect a node")
        self.network = network
        self._now = now
        self._folder = folder
        self._journal = Journal(folder)
        self._judge = Judge(folder / "kernel")
        self._index = Index()
        self._mempool = Mempool(self._index, self._judge)
        self._watched: set[bytes] = set()
        self._is_open = True
        try:
            self._replay()
        except JournalDamaged:
            self.close()
            raise
        except (BlockRefused, Rejected) as refusal:
            self.close()
            raise JournalDamaged(
                f"{folder}: {refusal.detail}, although it was taken before"
            ) from refusal

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exit: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the folder go; every later call is `Unreachable`. Closing again does nothing."""
        if self._is_open:
            self._is_open = False
            self._judge.close()
            self._journal.close()

    def tip(self) -> Block:
        """The last block of the best chain."""
        self._check_open()
        return _public(self._index.tip)

    def block(self, height: int) -> Block:
        """The block of the best chain at `height`.

        Raises:
            UnknownBlock: The chain is not that high.
        """
        return _public(self._link(height))

    def _link(self, height: int) -> Link:
        self._check_open()
        if not 0 <= height <= self._index.tip.height:
            raise UnknownBlock(f"no block at {height}: the tip is at {self._index.tip.height}")
        return self._index.best[height]

    def headers(self, first: int, count: int | None = None) -> list[bytes]:
        """The headers from the block at `first` on; see `Chain.headers`."""
        begin = self._link(first).height
        end = None if count is None else begin + count
        return [link.header for link in self._index.best[begin:end]]

    def txids(self, height: int) -> list[str]:
        """The transactions of a block, in its order; see `Chain.txids`."""
        if self._link(height).height == 0:
            return [block.GENESIS_TXID]  # nobody can spend it, and the index does not know it
        return [one.txid for one in self._link(height).transactions]

    def submit(self, raw: bytes) -> str:
        """Take a signed transaction into the mempool and answer its id; see `Chain.submit`."""
        self._check_open()
        transaction = parse(raw)
        if transaction is None:
            raise Rejected("TX decode failed: it is no transaction")
        txid = transaction.txid
        if txid not in self._mempool and txid not in self._index.heights:
            self._mempool.add(transaction)
            self._index.learn([transaction])
            self._remember(Record.TRANSACTION, raw)
        return txid

    def sight(self, txids: Iterable[str]) -> dict[str, Sighting]:
        """Where each of `txids` is."""
        self._check_open()
        return {txid: self._sighting(txid) for txid in txids}

    def _sighting(self, txid: str) -> Sighting:
        if (height := self._index.heights.get(txid)) is not None:
            depth = self._index.tip.height - height + 1
            return Sighting(depth, _public(self._index.best[height]), in_mempool=False)
        if txid in self._mempool:
            return IN_MEMPOOL
        return CONFLICTED if self._index.is_displaced(txid) else UNKNOWN

    def transaction(self, txid: str) -> bytes:
        """The transaction with its witnesses; also one that lost its block.

        Raises:
            UnknownTransaction: The chain never saw it.
        """
        self._check_open()
        if (found := self._index.known.get(txid)) is None:
            raise UnknownTransaction(f"no transaction {txid[:64]}", txid=txid[:64])
        return found.raw

    def sources(self, txids: Iterable[str]) -> dict[str, list[bytes]]:
        """The scripts that mined transactions spend; see `Chain.sources`."""
        self._check_open()
        return {txid: self._sources(txid) for txid in txids}

    def _sources(self, txid: str) -> list[bytes]:
        if txid not in self._index.heights:
            raise UnknownTransaction(f"{txid[:64]} is in no block", txid=txid[:64])
        found = self._index.known[txid]
        if found.is_coinbase:
            return []
        return [self._index.known[one.txid].outputs[one.vout].script for one in found.inputs]

    def watch(self, scripts: Iterable[bytes]) -> None:
        """Look out for outputs to `scripts`, past and future; remembered in the folder."""
        self._check_open()
        for script in sorted(set(scripts) - self._watched):
            self._remember(Record.SCRIPT, script)
            self._watched.add(script)

    def coins(self) -> list[Coin]:
        """All unspent outputs to watched scripts; see `Chain.coins`."""
        self._check_open()
        index, mempool = self._index, self._mempool
        found = [
            Coin(place.txid, place.vout, output.units, output.script, None)
            for place, output in mempool.outputs()
            if output.script in self._watched
        ]
        for script in self._watched & index.by_script.keys():
            for place in index.by_script[script]:
                coin = index.coins[place]
                above = index.tip.height - coin.height
                young = coin.is_coinbase and above < block.MATURITY_BLOCKS
                if not young and not mempool.spends(place):
                    output = coin.output
                    found.append(Coin(*place, output.units, output.script, coin.height))
        return sorted(found, key=lambda coin: (coin.txid, coin.vout))

    def mine(
        self,
        count: int,
        script: bytes,
        *,
        on: str | None = None,
        transactions: Sequence[bytes] | None = None,
    ) -> list[Block]:
        """Make blocks; see `Regtest.mine`."""
        self._check_open()
        parent = self._index.tip.hash if on is None else on
        if parent not in self._index.links:
            raise UnknownBlock(f"no block {parent[:64]} to build on", block=parent[:64])
        made = []
        for _ in range(count):
            if transactions is not None:
                chosen, fees = list(transactions), 0
            elif on is None:
                template, fees = self._mempool.template()
                chosen = [waiting.raw for waiting in template]
            else:
                chosen, fees = [], 0
            link = self._mine_one(self._index.links[parent], script, chosen, fees)
            made.append(_public(link))
            parent = link.hash
            transactions = None if transactions is None else ()
        self._journal.sync()
        return made

    def _mine_one(self, below: Link, script: bytes, chosen: list[bytes], fees: int) -> Link:
        """Make one block, have it judged, and remember it."""
        at = block.block_time(self._now(), block.median_time(self._index.times(below)))
        salt = 0
        while True:
            raw = block.make(below.hash, below.height + 1, at, script, chosen, fees=fees, salt=salt)
            if block.block_hash(raw) not in self._index.links:
                break
            salt += 1
        link = self._take(raw)
        self._remember(Record.BLOCK, raw)
        return link

    def _take(self, raw: bytes) -> Link:
        """Have a block judged, and follow the best chain if it has changed.

        Raises:
            BlockRefused: It, or its branch, is invalid; nothing has changed.
        """
        at = int.from_bytes(raw[68:72], "little")
        hash_hex = block.block_hash(raw)
        refused = self._judge.take(raw, at)
        if refused is not None:
            self._follow()
            raise BlockRefused(f"block {hash_hex}: {refused}", block=hash_hex)
        parent = raw[4:36][::-1].hex()
        transactions = tuple(self._parsed(bytes(found)) for found in pbk.Block(raw).transactions)
        height = self._index.links[parent].height + 1
        link = Link(hash_hex, parent, height, at, raw[: block.HEADER_BYTES], transactions)
        self._index.links[hash_hex] = link
        self._index.learn(transactions)
        self._follow()
        return link

    def _parsed(self, raw: bytes) -> Parsed:
        transaction = parse(raw)
        assert transaction is not None
        return transaction

    def _follow(self) -> None:
        """Bring index and mempool to the chain that the consensus code holds best."""
        index, height = self._index, self._judge.height()
        returned: list[Parsed] = []
        connected: list[Parsed] = []
        while index.tip.height > height or self._judge.hash_at(index.tip.height) != index.tip.hash:
            returned[:0] = index.disconnect().transactions[1:]
        while index.tip.height < height:
            link = index.links[self._judge.hash_at(index.tip.height + 1)]
            index.connect(link)
            connected.extend(link.transactions[1:])
        if returned or connected:
            self._mempool.follow(returned, connected)

    def _replay(self) -> None:
        """Do again what the journal says was done."""
        for kind, contents in self._journal.replay():
            match kind:
                case Record.BLOCK:
                    self._take(contents)
                case Record.TRANSACTION:
                    transaction = self._parsed(contents)
                    self._mempool.add(transaction, verify=False)
                    self._index.learn([transaction])
                case Record.SCRIPT:
                    self._watched.add(contents)

    def _remember(self, kind: Record, contents: bytes) -> None:
        """Write to the journal; if that fails the chain closes, ahead of what it can promise."""
        try:
            self._journal.append(kind, contents)
        except OSError as failure:
            self.close()
            raise Unreachable(
                f"cannot write to {self._folder} ({failure.strerror}): make room, open it again"
            ) from failure

    def _check_open(self) -> None:
        if not self._is_open:
            raise Unreachable(f"the chain in {self._folder} is closed: open it again")


def _public(link: Link) -> Block:
    return Block(link.hash, link.height, datetime.fromtimestamp(link.time, UTC))
