"""Fixtures that put a `Stage` up: the law, the people, three real signers, a chain.

`stage` runs a test once on each chain; `embedded_stage` on the embedded one alone. A stage has a
database of its own, copied from one in which everybody is admitted. The node is one for the whole
run, so each stage has addresses of the vault that no other has.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from itertools import count
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection
from tests.chains.conftest import Daemon
from tests.conftest import new_database
from tests.hands import found_with_roles
from tests.laws import TEXTS
from tests.stage import FEE_RATE, NOW, Clock, Stage

from clearhouse.chains.bitcoin import BitcoinNode
from clearhouse.chains.chain import REGTEST, Chain
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.signer.client import SignerClient, launch, order
from clearhouse.chains.vault import Vault
from clearhouse.core.money import EUR, USD, bitcoin
from clearhouse.core.rulebook import Rulebook, parse
from clearhouse.demo import country, lists
from clearhouse.demo.wallets import Wallet
from clearhouse.feeds.shelf import Shelf
from clearhouse.operations.admit import admit
from clearhouse.operations.house import House, Log, Rail
from clearhouse.operations.law import Law
from clearhouse.store import files
from clearhouse.store.connection import connect
from clearhouse.store.keyring import Keyring
from clearhouse.store.tiles import Tiles

PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - it guards nothing
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAMES = ("ministry", "central-bank", "technology-firm")
STAGES = count(1)

OpenStage = Callable[..., AbstractContextManager[Stage]]


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    """The shipped law of Norland and Sudmark."""
    return parse(TEXTS)


@pytest.fixture(scope="session")
def people() -> country.Country:
    """Twenty traders, two banks, a platform, three miners, an authority, a stranger."""
    return country.found(Random(3), 20)


@dataclass(frozen=True)
class Institutions:
    """Three signers that run, and the vault they hold 2-of-3."""

    vault: Vault
    signers: Mapping[str, SignerClient]
    key: Ed25519PrivateKey  # the house's, for statements
    xpubs: Mapping[str, str]


@pytest.fixture(scope="session")
def institutions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institutions]:
    """The ceremony, once for the run; every signer is a process of its own."""
    folder = tmp_path_factory.mktemp("institutions")
    key = Ed25519PrivateKey.generate()
    made = ("create", "--network", "regtest")
    keys = {name: order(folder / name, PASSPHRASE, *made)["xpub"] for name in NAMES}
    vault = Vault(list(keys.values()), 2, "regtest")
    with ExitStack() as running, (folder / "signers.log").open("wb") as log:
        signers = {}
        for name in NAMES:
            words = ("register", "--vault", vault.descriptor)
            public = key.public_key().public_bytes_raw().hex()
            order(folder / name, PASSPHRASE, *words, "--house", public)
            socket = folder / f"{name}.sock"
            signers[name] = running.enter_context(
                launch(folder / name, PASSPHRASE, socket, log=log)
            ).client
        yield Institutions(vault, signers, key, keys)


@dataclass(frozen=True, slots=True)
class Serving(SignerClient):
    """An institution that serves every stage of the run: a stage hears of its own batches only."""

    before: int  # signed for other stages

    def signed(self) -> list[tuple[str, str]]:
        return SignerClient.signed(self)[self.before :]


class Given(Law):
    """A law that holds whatever two people have agreed on."""

    def in_force(self, db: Connection, now: datetime) -> Rulebook:  # noqa: ARG002 - the law's own
        return self.first


def under(house: House, law: Rulebook) -> House:
    """The house under another law."""
    return replace(house, laws=Given(law, house.archive))


def apart(house: House) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a property's example in a transaction that is rolled back.

    So lists of one example need not follow those of the example before.
    """

    def wrapped(example: Callable[..., None]) -> Callable[..., None]:
        @wraps(example)
        def run(*drawn: object, **named: object) -> None:
            with house.db.transaction(force_rollback=True):
                example(*drawn, **named)

        return run

    return wrapped


# Editions of lists by which the house of `register` screened: each copy of it has them, too.
KEPT: dict[str, bytes] = {}


def new_house(db: Connection, clock: Clock, rulebook: Rulebook, folder: Path) -> House:
    """A house without a vault, whose lists are in `folder`."""
    for name, content in KEPT.items():
        files.keep(folder / "archive" / name, content)
    return House(
        db=db,
        now=clock,
        dice=Random(7).getrandbits,
        laws=Law(rulebook, folder / "archive"),
        lists=Shelf(folder / "lists", clock),
        network="regtest",
        coin=bitcoin(REGTEST),
        currencies=(USD, EUR),
        keyring=Keyring(folder / "keyring"),
        log=Log(Tiles(folder / "log"), LOG_KEY, bytes(32)),
        archive=folder / "archive",
    )


@pytest.fixture(scope="session")
def register(
    admin_url: str,
    template: str,
    rulebook: Rulebook,
    people: country.Country,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The name of a database with everybody of `people` admitted, to be copied."""
    folder = tmp_path_factory.mktemp("register")
    lists.write_lists(folder / "lists", NOW - timedelta(hours=1))
    country.write_register(people, folder / "participants.csv")
    with new_database(admin_url, template) as (name, url):
        with connect(url) as db:
            house = new_house(db, Clock(), rulebook, folder)
            admit(house, folder / "participants.csv", lambda _: None)
            found_with_roles(house)
        KEPT.update((file.name, file.read_bytes()) for file in house.archive.glob("*.list"))
        yield name


@dataclass
class Node:
    """A chain of a stage, and how to stop and start it."""

    chain: Chain
    stop: Callable[[], None]
    start: Callable[[], Chain]


@contextmanager
def embedded(folder: Path, clock: Clock) -> Iterator[Node]:
    chain = EmbeddedChain(folder, clock)

    def start() -> Chain:
        nonlocal chain
        chain = EmbeddedChain(folder, clock)
        return chain

    def stop() -> None:
        chain.close()

    yield Node(chain, stop, start)
    chain.close()


@contextmanager
def on_daemon(daemon: Daemon, clock: Clock) -> Iterator[Node]:
    url = f"http://127.0.0.1:{daemon.rpc_port}"
    chain = BitcoinNode(url, "watch", clock, cookie=daemon.folder / "regtest" / ".cookie")

    def start() -> Chain:
        daemon.start()
        return chain

    yield Node(chain, daemon.stop, start)
    if daemon.process is None:
        daemon.start()
    # The next stage finds an empty mempool.
    chain.mine(1, b"\x00\x14" + bytes(20))


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """The real node of the stages."""
    default = Path(__file__).parents[1] / ".nodes" / "bitcoind"
    program = Path(os.environ.get("CLEARHOUSE_BITCOIND", default))
    if not program.exists():
        pytest.skip(f"no node at {program}: run `sh script/nodes`, or set CLEARHOUSE_BITCOIND")
    daemon = Daemon(program, tmp_path_factory.mktemp("node"))
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture(scope="session")
def open_stage(
    admin_url: str,
    register: str,
    rulebook: Rulebook,
    institutions: Institutions,
    people: country.Country,
    tmp_path_factory: pytest.TempPathFactory,
) -> OpenStage:
    """Put a stage up, on a new embedded chain or on a real node: `with open_stage() as stage`."""

    @contextmanager
    def open_one(daemon: Daemon | None = None) -> Iterator[Stage]:
        folder, clock, number = tmp_path_factory.mktemp("stage"), Clock(), next(STAGES)
        chains = on_daemon(daemon, clock) if daemon else embedded(folder / "chain", clock)
        with (
            new_database(admin_url, register) as (_, url),
            connect(url) as db,
            chains as node,
        ):
            vault, key = institutions.vault, institutions.key
            signers = {
                name: Serving(one.path, len(one.signed()))
                for name, one in institutions.signers.items()
            }
            rail = Rail(node.chain, vault, signers, key, FEE_RATE)
            stage = Stage(
                name=f"{os.getpid()}-{number}",
                house=replace(new_house(db, clock, rulebook, folder), settles=rail),
                clock=clock,
                people=people,
                purse=Wallet.of(b"the purse"),
                folder=folder,
                db_url=url,
                xpubs=institutions.xpubs,
                stop=node.stop,
                start=node.start,
            )
            stage.publish()
            stage.begin(number * 1000)
            yield stage

    return open_one


@pytest.fixture(params=["embedded", pytest.param("bitcoin", marks=pytest.mark.external)])
def stage(request: pytest.FixtureRequest, open_stage: OpenStage) -> Iterator[Stage]:
    """A stage on each chain in turn."""
    daemon = request.getfixturevalue("node") if request.param == "bitcoin" else None
    with open_stage(daemon) as made:
        yield made


@pytest.fixture
def embedded_stage(open_stage: OpenStage) -> Iterator[Stage]:
    """A stage on the embedded chain."""
    with open_stage() as made:
        yield made


@pytest.fixture
def node_stage(node: Daemon, open_stage: OpenStage) -> Iterator[Stage]:
    """A stage on the real node."""
    with open_stage(node) as made:
        yield made
