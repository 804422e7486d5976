"""`BitcoinNode`: a Core-compatible node (bitcoind) over JSON-RPC.

The node validates, relays and remembers; the house asks. Watched scripts live in a wallet of the
node's own that has no private keys, one descriptor `raw(script)` each, so that the node keeps track
of coins and of payments that another transaction displaced.

`sight` and `transaction` answer for any transaction if the node runs with -txindex; without it,
for those in the mempool and those that touch a watched script. A transaction that was displaced
before it ever got into a block is `conflicted` if it touches a watched script, else unknown: a node
forgets what it dropped.

Any answer that makes no sense, and none at all, is `Unreachable`: the caller tries again later.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from bitcoin_core_rpc import RpcError, RPCErrorCode
from embit.descriptor.checksum import add_checksum
from embit.transaction import Transaction

from clearhouse.chains import block
from clearhouse.chains.bitcoin.rpc import NO_WALLET, Rpc
from clearhouse.chains.chain import (
    CONFLICTED,
    IN_MEMPOOL,
    UNKNOWN,
    Block,
    BlockRefused,
    Coin,
    NotRegtest,
    Rejected,
    Sighting,
    UnknownBlock,
    UnknownTransaction,
    Unreachable,
)

CONFIRMATIONS_MAX = 9_999_999  # what listunspent takes for "any depth"
SATOSHI_EXPONENT = 8
WITH_PREVIOUS = 2  # the verbosity that tells what inputs spend (from version 25 on)

NO_SUCH = RPCErrorCode.INVALID_ADDRESS_OR_KEY
# What sendrawtransaction says of a transaction that it does not take.
REJECTIONS = frozenset(
    {
        RPCErrorCode.DESERIALIZATION_ERROR,
        RPCErrorCode.VERIFY_ERROR,
        RPCErrorCode.VERIFY_REJECTED,
        RPCErrorCode.VERIFY_ALREADY_IN_UTXO_SET,
    }
)


class BitcoinNode:
    """A node at `url`, asked with its cookie or with a user and password.

    Nothing is asked before the first call, so the node may start later.

    Args:
        url: Of the RPC port, `http://127.0.0.1:8332`.
        wallet: The name of the watching wallet, made in the node if it is not there.
        now: The clock that dates blocks made on regtest.
        cookie: The node's cookie file; or
        user: An RPC user, with
        password: its password.
        since: No watched script was paid before it: where looking for payments begins. None: at
            the first block, which takes hours on the main network.
        timeout: Seconds that the node has to answer.
    """

    def __init__(
        self,
        url: str,
        wallet: str,
        now: Callable[[], datetime],
        *,
        cookie: Path | None = None,
        user: str | None = None,
        password: str | None = None,
        since: datetime | None = None,
        timeout: float = 30.0,
    ) -> None:
        self._rpc = Rpc(url, wallet, cookie=cookie, user=user, password=password, timeout=timeout)
        self._now = now
        self._since = 0 if since is None else int(since.timestamp())
        self._network: str | None = None

    def close(self) -> None:
        """Nothing to let go of: each call has a connection of its own."""

    @property
    def network(self) -> str:
        """Which network the node is on, as CAIP-2 names it."""
        if self._network is None:
            self._network = f"bip122:{self._rpc.call('getblockhash', 0)[:32]}"
        return self._network

    def tip(self) -> Block:
        """The last block of the best chain."""
        return _block(self._rpc.call("getblockheader", self._rpc.call("getbestblockhash")))

    def block(self, height: int) -> Block:
        """The block of the best chain at `height`.

        Raises:
            UnknownBlock: The chain is not that high.
        """
        return _block(self._rpc.call("getblockheader", self._hash(height)))

    def _hash(self, height: int) -> str:
        try:
            found: str = self._rpc.call(
                "getblockhash", height, expected={RPCErrorCode.INVALID_PARAMETER}
            )
        except RpcError as error:
            raise UnknownBlock(f"no block at {height}: {error}") from error
        return found

    def headers(self, first: int, count: int | None = None) -> list[bytes]:
        """The headers from the block at `first` on; see `Chain.headers`."""
        self._hash(first)
        while True:
            heights = range(first, self.tip().height + 1)[:count]
            hashes = self._rpc.batch([("getblockhash", [height]) for height in heights])
            raws = self._rpc.batch([("getblockheader", [name, False]) for name in hashes])
            found = [bytes.fromhex(raw) for raw in raws]
            # While they were asked for, a reorganisation may have come: then they do not join.
            if all(on[4:36] == block.digest(below) for below, on in pairwise(found)):
                return found

    def txids(self, height: int) -> list[str]:
        """The transactions of a block, in its order; see `Chain.txids`."""
        expected = {RPCErrorCode.MISC_ERROR, NO_SUCH}
        try:
            found: list[str] = self._rpc.call("getblock", self._hash(height), 1, expected=expected)[
                "tx"
            ]
        except RpcError as error:
            raise UnknownBlock(f"the node does not have block {height}: {error}") from error
        return found

    def submit(self, raw: bytes) -> str:
        """Hand in a signed transaction and answer its id; see `Chain.submit`."""
        try:
            # No limit of the fee: what the house signed, it meant.
            txid: str = self._rpc.call("sendrawtransaction", raw.hex(), 0, expected=REJECTIONS)
        except RpcError as error:
            if error.code != RPCErrorCode.DESERIALIZATION_ERROR:
                txid = Transaction.parse(raw).txid().hex()
                # A node refuses what is in a block already, for its coins are spent.
                if self.sight([txid])[txid].block is not None:
                    return txid
            raise Rejected(str(error)) from error
        return txid

    def sight(self, txids: Iterable[str]) -> dict[str, Sighting]:
        """Where each of `txids` is."""
        asked = list(txids)
        found = dict(zip(asked, self._found(asked), strict=True))
        hashes = sorted(
            {facts["blockhash"] for facts in found.values() if facts and _is_mined(facts)}
        )
        headers = self._rpc.batch([("getblockheader", [name]) for name in hashes])
        blocks = {name: _block(header) for name, header in zip(hashes, headers, strict=True)}
        return {txid: self._sighting(facts, blocks) for txid, facts in found.items()}

    def _sighting(self, facts: dict[str, Any] | None, blocks: dict[str, Block]) -> Sighting:
        if facts is None:
            return UNKNOWN
        if _is_mined(facts):
            block_of = blocks[facts["blockhash"]]
            return Sighting(facts["confirmations"], block_of, in_mempool=False)
        if "confirmations" not in facts:
            return IN_MEMPOOL
        return CONFLICTED if self._is_displaced(facts) else UNKNOWN

    def _found(self, txids: Sequence[str]) -> list[dict[str, Any] | None]:
        """What the node, else its wallet, tells of each transaction; None: nothing.

        `confirmations` is missing for what is in the mempool, 0 for what is nowhere any more, and
        negative for what is displaced.
        """
        answers = self._rpc.batch(
            [("getrawtransaction", [txid, 1]) for txid in txids],
            expected={NO_SUCH, RPCErrorCode.INVALID_PARAMETER},
        )
        return [
            self._in_wallet(txid) if isinstance(answer, RpcError) else answer
            for txid, answer in zip(txids, answers, strict=True)
        ]

    def _in_wallet(self, txid: str) -> dict[str, Any] | None:
        expected = {NO_SUCH, NO_WALLET, RPCErrorCode.INVALID_PARAMETER}
        try:
            facts = self._rpc.in_wallet("gettransaction", txid, True, True, expected=expected)
        except RpcError:
            return None
        return {**facts["decoded"], **facts}

    def _is_displaced(self, facts: dict[str, Any]) -> bool:
        """Whether the best chain spends an input of it, or of an unmined ancestor, otherwise."""
        waiting, seen = [facts], {facts["txid"]}
        while waiting:
            one = waiting.pop()
            if one.get("confirmations", 0) < 0:
                return True
            sources = [source for source in one["vin"] if "coinbase" not in source]
            coins = self._rpc.batch(
                [("gettxout", [source["txid"], source["vout"], False]) for source in sources]
            )
            gone = [source for source, coin in zip(sources, coins, strict=True) if coin is None]
            for parent in self._found(sorted({source["txid"] for source in gone} - seen)):
                if parent is None:
                    continue
                if _is_mined(parent):
                    return True
                seen.add(parent["txid"])
                waiting.append(parent)
        return False

    def transaction(self, txid: str) -> bytes:
        """The transaction with its witnesses.

        Raises:
            UnknownTransaction: The node does not have it.
        """
        (facts,) = self._found([txid])
        if facts is None:
            raise UnknownTransaction(f"no transaction {txid[:64]}", txid=txid[:64])
        return bytes.fromhex(facts["hex"])

    def sources(self, txids: Iterable[str]) -> dict[str, list[bytes]]:
        """The scripts that mined transactions spend; see `Chain.sources`.

        The node reads them from what it keeps to undo a block; of a pruned block it has nothing.
        """
        asked = list(txids)
        holding = []
        for txid, facts in zip(asked, self._found(asked), strict=True):
            if facts is None or not _is_mined(facts):
                raise UnknownTransaction(f"{txid[:64]} is in no block", txid=txid[:64])
            holding.append(facts["blockhash"])
        calls = [
            ("getrawtransaction", [txid, WITH_PREVIOUS, block])
            for txid, block in zip(asked, holding, strict=True)
        ]
        answers = self._rpc.batch(calls)
        return {txid: _spent(facts) for txid, facts in zip(asked, answers, strict=True)}

    def watch(self, scripts: Iterable[bytes]) -> None:
        """Look out for outputs to `scripts`; remembered in the node's wallet."""
        listed = self._rpc.in_open_wallet("listdescriptors")["descriptors"]
        known = {entry["desc"].partition("#")[0] for entry in listed}
        wanted = {f"raw({script.hex()})" for script in scripts}
        missing = sorted(wanted - known)
        if not missing:
            return
        requests = [
            {"desc": add_checksum(descriptor), "timestamp": self._since} for descriptor in missing
        ]
        answers = self._rpc.in_open_wallet("importdescriptors", requests)
        failed = [answer["error"]["message"] for answer in answers if not answer["success"]]
        if failed:
            raise Unreachable(f"the node's wallet does not take a script: {failed[0]}")

    def coins(self) -> list[Coin]:
        """All unspent outputs to watched scripts; see `Chain.coins`."""
        # The wallet follows the node at some distance: wait until it has caught up.
        self._rpc.call("syncwithvalidationinterfacequeue")
        before = None
        while True:
            listed = self._rpc.in_open_wallet(
                "listunspent", 0, CONFIRMATIONS_MAX, [], True, {"include_immature_coinbase": False}
            )
            last = self._rpc.in_open_wallet("getwalletinfo")["lastprocessedblock"]
            if before == last:
                break
            before = last
        found = [
            Coin(
                entry["txid"],
                entry["vout"],
                _units(entry["amount"]),
                bytes.fromhex(entry["scriptPubKey"]),
                last["height"] - entry["confirmations"] + 1 if entry["confirmations"] else None,
            )
            for entry in listed
        ]
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
        name = self._rpc.call("getblockchaininfo")["chain"]
        if name != "regtest":
            raise NotRegtest(f"the node is on {name}: blocks are made on regtest alone")
        parent = self._rpc.call("getbestblockhash") if on is None else on
        made = []
        for _ in range(count):
            if transactions is not None:
                chosen, fees = list(transactions), 0
            elif on is None:
                chosen, fees = self._template()
            else:
                chosen, fees = [], 0
            parent = self._mine_one(parent, script, chosen, fees)
            made.append(_block(self._rpc.call("getblockheader", parent)))
            transactions = None if transactions is None else ()
        return made

    def _template(self) -> tuple[list[bytes], int]:
        """What the next block can hold, and the fees of it.

        Not by getblocktemplate, whose answer may be five seconds old.
        """
        waiting = self._rpc.call("getrawmempool", True)
        room = block.WEIGHT_MAX - block.WEIGHT_RESERVED
        chosen: list[str] = []
        fees = 0
        # A transaction has more ancestors than any of its parents.
        for txid in sorted(waiting, key=lambda txid: (waiting[txid]["ancestorcount"], txid)):
            if waiting[txid]["weight"] > room:
                break
            room -= waiting[txid]["weight"]
            chosen.append(txid)
            fees += _units(waiting[txid]["fees"]["base"])
        raws = self._rpc.batch([("getrawtransaction", [txid, 0]) for txid in chosen])
        return [bytes.fromhex(raw) for raw in raws], fees

    def _mine_one(self, parent: str, script: bytes, chosen: list[bytes], fees: int) -> str:
        """Make one block, hand it in, and answer its hash."""
        expected = {NO_SUCH, RPCErrorCode.INVALID_PARAMETER}
        try:
            below = self._rpc.call("getblockheader", parent, expected=expected)
        except RpcError as error:
            raise UnknownBlock(f"no block {parent[:64]} to build on", block=parent[:64]) from error
        height, at = below["height"] + 1, block.block_time(self._now(), below["mediantime"])
        salt = 0
        while True:
            raw = block.make(parent, height, at, script, chosen, fees=fees, salt=salt)
            verdict = self._rpc.call("submitblock", raw.hex())
            if verdict == "time-too-new":
                # The house's clock is ahead of the node's: a regtest node can be told the time.
                self._rpc.call("setmocktime", at)
                verdict = self._rpc.call("submitblock", raw.hex())
            if verdict not in {"duplicate", "duplicate-inconclusive"}:
                break
            salt += 1
        made = block.block_hash(raw)
        if verdict == "inconclusive" and self._is_invalid(made):
            verdict = "its branch is invalid"
        if verdict not in {None, "inconclusive"}:
            raise BlockRefused(f"block {made}: {verdict}", block=made)
        return made

    def _is_invalid(self, tip: str) -> bool:
        """Whether the node, when it tried the branch that ends in `tip`, found it invalid."""
        tips = self._rpc.call("getchaintips")
        return any(one["hash"] == tip and one["status"] == "invalid" for one in tips)


def _is_mined(facts: dict[str, Any]) -> bool:
    return bool(facts.get("confirmations", 0) > 0)


def _spent(facts: dict[str, Any]) -> list[bytes]:
    """The scripts that a mined transaction's inputs spend."""
    inputs = [one for one in facts["vin"] if "coinbase" not in one]
    if any("prevout" not in one for one in inputs):
        detail = f"the node no longer has what {facts['txid']} spends: it was pruned"
        raise Unreachable(f"{detail}; connect one that keeps its blocks")
    return [bytes.fromhex(one["prevout"]["scriptPubKey"]["hex"]) for one in inputs]


def _block(header: dict[str, Any]) -> Block:
    return Block(header["hash"], header["height"], datetime.fromtimestamp(header["time"], UTC))


def _units(amount: Decimal | int) -> int:
    """Satoshi of an amount as the node writes it, in bitcoin with eight decimals."""
    return int(Decimal(amount).scaleb(SATOSHI_EXPONENT))
