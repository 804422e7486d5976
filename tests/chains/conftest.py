"""Chains to test on: the embedded one, and a real node if there is one.

`rig` runs a test once on each. The embedded chain is new for each test; the node is one for the
whole run (in a folder of its own, on the loopback interface alone), so tests on it say nothing of
absolute heights. `rig.pay` hands out coins from a purse that mined them.
"""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from embit import ec, script
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput

from clearhouse.chains.bitcoin import BitcoinNode
from clearhouse.chains.chain import Block, Coin, Regtest, Unreachable
from clearhouse.chains.embedded import EmbeddedChain

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
FEE_UNITS = 5_000
MATURE_AFTER = 100
START_SECONDS_MAX = 60
NOBODY = b"\x00\x14" + bytes(20)  # an output script whose key nobody has
PURSE_BLOCKS = 10
PURSE_UNITS_MIN = 1_000_000
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


class Key:
    """A key of its own, and P2WPKH spending with it."""

    def __init__(self) -> None:
        self._private = ec.PrivateKey(secrets.token_bytes(32))
        public = self._private.get_public_key()
        self.script = bytes(script.p2wpkh(public).data)
        self._signs = script.p2pkh(public)
        self._public = public

    def spend(
        self,
        coins: Sequence[Coin],
        outputs: Sequence[tuple[bytes, int]],
        *,
        sequence: int = 0xFFFFFFFF,
        locktime: int = 0,
    ) -> bytes:
        """Sign a transaction from `coins`, all of this key, to `outputs` (script, satoshi)."""
        transaction = Transaction(
            vin=[
                TransactionInput(bytes.fromhex(coin.txid), coin.vout, sequence=sequence)
                for coin in coins
            ],
            vout=[TransactionOutput(units, script.Script(to)) for to, units in outputs],
            locktime=locktime,
        )
        for place, coin in enumerate(coins):
            digest = transaction.sighash_segwit(place, self._signs, coin.units)
            signature = self._private.sign(digest).serialize() + bytes([SIGHASH.ALL])
            transaction.vin[place].witness = script.Witness([signature, self._public.sec()])
        return bytes(transaction.serialize())


def txid_of(raw: bytes) -> str:
    return str(Transaction.parse(raw).txid().hex())


@dataclass
class Rig:
    """A chain under test, how to stop and start it, and a purse."""

    name: str
    chain: Regtest
    clock: Clock
    stop: Callable[[], None]
    start: Callable[[], Regtest]
    purse: Key = field(default_factory=Key)

    def restart(self) -> None:
        self.stop()
        self.chain = self.start()

    def coins(self, *scripts: bytes) -> list[Coin]:
        """The watched coins of `scripts` alone."""
        return [coin for coin in self.chain.coins() if coin.script in scripts]

    def coin(self) -> Coin:
        """A coin of the purse that may be spent now."""
        self.chain.watch([self.purse.script])
        for fill in (False, True):
            if fill:
                self.chain.mine(PURSE_BLOCKS, self.purse.script)
                self.mine(MATURE_AFTER)
            found = [
                coin
                for coin in self.coins(self.purse.script)
                if coin.height is not None and coin.units >= PURSE_UNITS_MIN
            ]
            if found:
                return found[0]
        pytest.fail("the purse cannot be filled")

    def mine(self, count: int = 1) -> list[Block]:
        """Blocks that no watched script earns: a node's wallet writes down each that one does."""
        return self.chain.mine(count, NOBODY)

    def payment(self, outputs: Sequence[tuple[bytes, int]], fee: int = FEE_UNITS) -> bytes:
        """A signed payment out of the purse, handed in to nobody yet."""
        coin = self.coin()
        change = coin.units - sum(units for _, units in outputs) - fee
        return self.purse.spend([coin], [*outputs, (self.purse.script, change)])

    def pay(self, outputs: Sequence[tuple[bytes, int]]) -> str:
        return self.chain.submit(self.payment(outputs))

    def fund(self, key: Key, units: int) -> Coin:
        """A mined coin of `key`."""
        self.chain.watch([key.script])
        txid = self.pay([(key.script, units)])
        self.mine()
        (coin,) = [coin for coin in self.coins(key.script) if coin.txid == txid]
        return coin


@dataclass
class Daemon:
    """A bitcoind of our own in a folder of its own."""

    program: Path
    folder: Path
    network: str = "regtest"
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rpc_port, self.peer_port = free_ports(2)

    def connect(self, clock: Clock, wallet: str = "watch") -> BitcoinNode:
        return BitcoinNode(
            f"http://127.0.0.1:{self.rpc_port}",
            wallet,
            clock,
            cookie=self.folder / self.network / ".cookie",
        )

    def start(self) -> None:
        assert self.process is None
        version = subprocess.run(
            [self.program, "--version"], check=True, capture_output=True, text=True
        ).stdout
        # Knots has a mempool policy of its own, and an option for Core's.
        policy = ["-corepolicy=1"] if "Knots" in version else []
        self.process = subprocess.Popen(
            [
                self.program,
                f"-datadir={self.folder}",
                f"-chain={self.network}",
                "-connect=0",
                "-server",
                "-txindex=1",
                "-addresstype=bech32",
                "-listenonion=0",
                "-dnsseed=0",
                "-fixedseeds=0",
                "-discover=0",
                f"-bind=127.0.0.1:{self.peer_port}",
                "-rpcbind=127.0.0.1",
                "-rpcallowip=127.0.0.1",
                f"-rpcport={self.rpc_port}",
                "-printtoconsole=0",
                *policy,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        node = self.connect(Clock())
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                node.tip()
                break
            except Unreachable:
                assert self.process.poll() is None, "bitcoind ended at once"
                assert time.monotonic() < deadline, "bitcoind does not answer"
                time.sleep(0.05)

    def stop(self, *, kill: bool = False) -> None:
        if self.process is not None:
            if kill:
                self.process.kill()
            else:
                self.process.terminate()
            self.process.wait(timeout=START_SECONDS_MAX)
            self.process = None


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def embedded(tmp_path: Path, clock: Clock) -> Iterator[EmbeddedChain]:
    """A new embedded chain."""
    with EmbeddedChain(tmp_path / "chain", clock) as chain:
        yield chain


@pytest.fixture(scope="session")
def bitcoind() -> Path:
    """The program of a real node."""
    default = REPOSITORY / ".nodes" / "bitcoind"
    program = Path(os.environ.get("CLEARHOUSE_BITCOIND", default))
    if not program.exists():
        pytest.skip(f"no node at {program}: run `sh script/nodes`, or set CLEARHOUSE_BITCOIND")
    return program


@pytest.fixture(scope="session")
def daemon(bitcoind: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The run's one node, shared by all tests that do not kill it."""
    daemon = Daemon(bitcoind, tmp_path_factory.mktemp("bitcoind"))
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture(scope="session")
def node_purse() -> Key:
    return Key()


@pytest.fixture
def bitcoin_node(daemon: Daemon, clock: Clock) -> BitcoinNode:
    """The run's node."""
    return daemon.connect(clock)


@pytest.fixture(params=["embedded", pytest.param("bitcoin", marks=pytest.mark.external)])
def rig(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    """Each chain in turn."""
    if request.param == "embedded":
        yield from embedded_rig(tmp_path / "chain", clock)
    else:
        daemon: Daemon = request.getfixturevalue("daemon")
        node: BitcoinNode = request.getfixturevalue("bitcoin_node")
        purse: Key = request.getfixturevalue("node_purse")

        def start() -> Regtest:
            daemon.start()
            return node

        yield Rig("bitcoin", node, clock, daemon.stop, start, purse)
        if daemon.process is None:
            daemon.start()


def embedded_rig(folder: Path, clock: Clock) -> Iterator[Rig]:
    chain = EmbeddedChain(folder, clock)

    def stop() -> None:
        chain.close()

    def start() -> Regtest:
        nonlocal chain
        chain = EmbeddedChain(folder, clock)
        return chain

    yield Rig("embedded", chain, clock, stop, start)
    chain.close()
