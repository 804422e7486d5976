"""`Chain`: what the house needs of a Bitcoin network, whoever runs the node.

A chain takes transactions and tells where they are. It keeps no keys and signs nothing. Two makers
stand behind the protocol: `clearhouse.chains.embedded` (Bitcoin Core's consensus code in this
process, regtest only) and `clearhouse.chains.bitcoin` (a Core-compatible node over JSON-RPC); the
same contract tests hold for both (tests/chains/test_contract.py).

Hashes and transaction ids are written as people see them: 64 lower-case hex digits, the reverse
of their order on the wire. Scripts are output scripts (scriptPubKey), as bytes. Amounts are
satoshi. Where a transaction is:

    unknown ──▶ in mempool ──▶ in block (depth 1, 2, ...) ─┐
       ▲            ▲  │                                   │
       │            └──┼───────── reorganisation ──────────┤
       │               ▼                                   │
       │           conflicted ◀────────────────────────────┘
       └── forgotten (restart without its mempool, an input that vanished)

Conflicted means that another transaction spends one of its inputs, or one of an unmined ancestor's,
in the best chain: it cannot be mined unless that chain is given up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from clearhouse.core.errors import Alarm, Kind, Refusal

# CAIP-2: the namespace bip122 and the first 32 hex digits of the network's first block.
REGTEST = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"


class Rejected(Refusal):
    """The network does not take a transaction."""

    code = "chain.transaction-rejected"
    kind = Kind.FORBIDDEN


class UnknownTransaction(Refusal):
    """The chain does not have a transaction."""

    code = "chain.transaction-unknown"
    kind = Kind.UNKNOWN


class UnknownBlock(Refusal):
    """The chain does not have a block."""

    code = "chain.block-unknown"
    kind = Kind.UNKNOWN


class BlockRefused(Refusal):
    """The consensus code refuses a block."""

    code = "chain.block-refused"
    kind = Kind.FORBIDDEN


class NotRegtest(Refusal):
    """Blocks are made on regtest alone."""

    code = "chain.not-regtest"
    kind = Kind.FORBIDDEN


class Unreachable(Refusal):
    """The chain does not answer now."""

    code = "chain.unreachable"
    kind = Kind.UNAVAILABLE


class FolderInUse(Refusal):
    """Another process has the chain's folder open."""

    code = "chain.folder-in-use"
    kind = Kind.UNAVAILABLE


class JournalDamaged(Alarm):
    """The embedded chain's journal does not read as it was written."""

    code = "chain.journal-damaged"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the best chain."""

    hash: str
    height: int  # the network's first block has height 0
    time_at: datetime  # as its header says: may run hours off, and back


@dataclass(frozen=True, slots=True)
class Coin:
    """An unspent output that a next transaction may spend."""

    txid: str
    vout: int
    units: int  # satoshi
    script: bytes
    height: int | None  # of the block that made it; None while unconfirmed


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where a transaction is, as of one look."""

    depth: int  # blocks from its own to the tip, its own included; 0 while unmined
    block: Block | None  # that holds it; None while unmined
    in_mempool: bool
    conflicted: bool = False  # the best chain spends one of its inputs otherwise

    @property
    def known(self) -> bool:
        """Whether the chain can tell anything about it; else submit it again."""
        return self.block is not None or self.in_mempool or self.conflicted


UNKNOWN = Sighting(0, None, in_mempool=False)
IN_MEMPOOL = Sighting(0, None, in_mempool=True)
CONFLICTED = Sighting(0, None, in_mempool=False, conflicted=True)


class Chain(Protocol):
    """A Bitcoin network.

    Every method raises `Unreachable` while the node is down, and works again when it is back.
    """

    @property
    def network(self) -> str:
        """Which network, as CAIP-2 names it."""

    def tip(self) -> Block:
        """The last block of the best chain."""

    def submit(self, raw: bytes) -> str:
        """Hand in a signed transaction and answer its id.

        One that is in the mempool or in a block already answers its id again, so that a retry
        makes nothing twice.

        Raises:
            Rejected: It does not parse, spends what is not there or is spent already, comes too
                early, makes money, or is not signed as its coins ask. Nothing has changed.
        """

    def sight(self, txids: Iterable[str]) -> dict[str, Sighting]:
        """Where each of `txids` is; one that the chain does not know is `UNKNOWN`."""

    def transaction(self, txid: str) -> bytes:
        """The transaction as the network has it, with its witnesses.

        Raises:
            UnknownTransaction: The chain does not have it.
        """

    def sources(self, txids: Iterable[str]) -> dict[str, list[bytes]]:
        """The scripts that mined transactions spend, in the order of their inputs.

        A miner's reward spends none.

        Raises:
            UnknownTransaction: One of them is in no block of the best chain.
        """

    def watch(self, scripts: Iterable[bytes]) -> None:
        """Look out for outputs to `scripts` from now on, and for those already made.

        Remembered with the chain's own data; watching again changes nothing.
        """

    def coins(self) -> list[Coin]:
        """All unspent outputs to watched scripts, ordered by (txid, vout).

        Those of mempool transactions are there with height None; those that a mempool transaction
        spends are gone, and so is a miner's reward until it has 100 blocks above it (a node's
        wallet is one block stricter than consensus).
        """

    def block(self, height: int) -> Block:
        """The block of the best chain at `height`.

        Raises:
            UnknownBlock: The chain is not that high.
        """

    def headers(self, first: int, count: int | None = None) -> list[bytes]:
        """The headers of the best chain from the block at `first` on, 80 bytes each.

        Args:
            first: A height.
            count: How many at most, 1 or more; None: up to the tip.

        Raises:
            UnknownBlock: The chain is not that high.
        """

    def txids(self, height: int) -> list[str]:
        """The transactions of the best chain's block at `height`, in its order.

        Raises:
            UnknownBlock: The chain is not that high, or the node has thrown the block away.
        """

    def close(self) -> None:
        """Let go of what the chain holds open."""


class Regtest(Chain, Protocol):
    """A network of our own, where blocks are made at will: for tests and the demo."""

    def mine(
        self,
        count: int,
        script: bytes,
        *,
        on: str | None = None,
        transactions: Sequence[bytes] | None = None,
    ) -> list[Block]:
        """Make `count` blocks, one on the other, whose reward goes to `script`.

        The network's own rule decides which branch is best: one that is longer than the best chain
        replaces it, and what only the old one had mined is in the mempool again, if still valid.
        A block's time is the clock's, or as little later as consensus asks.

        Args:
            count: How many blocks, 1 or more.
            script: Who earns.
            on: The block to build on, of any branch; None: the tip.
            transactions: What the first block holds, parents before children; its fees go to
                nobody. None: the mempool when building on the tip, nothing when on another block.

        Raises:
            NotRegtest: The node is on another network.
            UnknownBlock: There is no block `on`.
            BlockRefused: The consensus code refuses the block; the chain is as it was before it.
        """
