"""A small house for the operations' tests: real database, clock that moves, made-up lists.

`house` has no rail; `settling` has one: an embedded chain and three real signers. `people` is a
small demo country, and `admitted` says that everybody of it is in the register.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from clearhouse.chains.chain import REGTEST
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.signer.client import SignerClient, launch, order
from clearhouse.chains.vault import Vault
from clearhouse.core.money import EUR, USD, bitcoin
from clearhouse.core.rulebook import Rulebook, parse
from clearhouse.demo import country, lists
from clearhouse.operations.admit import admit
from clearhouse.operations.house import House, Rail
from clearhouse.settings import read_lists

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
RULEBOOKS = Path(__file__).parents[2] / "src" / "clearhouse" / "rulebooks"
PASSPHRASE = "a passphrase of the tests"  # noqa: S105 - it guards nothing


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def rulebook() -> Rulebook:
    """The shipped law of Norland and Sudmark."""
    return parse({file.name: file.read_text() for file in RULEBOOKS.glob("*.toml")})


@pytest.fixture
def publish(tmp_path: Path, clock: Clock) -> Callable[..., None]:
    """Publish today's lists, with names added: `publish("Some Firm AS")`."""

    def write(*added: str, age: timedelta = timedelta(hours=1)) -> None:
        lists.write_lists(tmp_path / "lists", clock() - age, added, Random(9))

    write()
    return write


@pytest.fixture
def house(
    db: Connection,
    clock: Clock,
    rulebook: Rulebook,
    tmp_path: Path,
    publish: Callable[..., None],  # noqa: ARG001 - the lists are there
) -> House:
    """A house without a vault: it admits, takes in, gates and fixes."""
    return House(
        db=db,
        now=clock,
        dice=Random(7).getrandbits,
        rulebook=rulebook,
        lists=lambda: read_lists(tmp_path / "lists", clock),
        network="regtest",
        coin=bitcoin(REGTEST),
        currencies=(USD, EUR),
    )


@pytest.fixture(scope="session")
def people() -> country.Country:
    """Twenty traders, two banks, a platform, three miners, an authority, a stranger."""
    return country.found(Random(3), 20)


@pytest.fixture
def admitted(house: House, people: country.Country, tmp_path: Path) -> country.Country:
    """Everybody of `people`, in the register of `house`."""
    file = tmp_path / "participants.csv"
    country.write_register(people, file)
    admit(house, file, lambda _: None)
    return people


@dataclass(frozen=True)
class Institutions:
    """Three signers that run, and the vault they hold 2-of-3."""

    vault: Vault
    signers: dict[str, SignerClient]
    key: Ed25519PrivateKey  # the house's, for statements


@pytest.fixture(scope="session")
def institutions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institutions]:
    """The ceremony, once for the run; every signer is a process of its own."""
    folder = tmp_path_factory.mktemp("institutions")
    names = ("ministry", "central-bank", "technology-firm")
    key = Ed25519PrivateKey.generate()
    keys = [
        order(folder / name, PASSPHRASE, "create", "--network", "regtest")["xpub"] for name in names
    ]
    vault = Vault(keys, 2, "regtest")
    with ExitStack() as running, (folder / "signers.log").open("wb") as log:
        signers = {}
        for name in names:
            words = ("register", "--vault", vault.descriptor)
            public = key.public_key().public_bytes_raw().hex()
            order(folder / name, PASSPHRASE, *words, "--house", public)
            socket = folder / f"{name}.sock"
            signers[name] = running.enter_context(
                launch(folder / name, PASSPHRASE, socket, log=log)
            ).client
        yield Institutions(vault, signers, key)


@pytest.fixture
def settling(
    house: House, clock: Clock, institutions: Institutions, tmp_path: Path
) -> Iterator[House]:
    """A house with a new embedded chain and the three institutions."""
    with EmbeddedChain(tmp_path / "chain", clock) as chain:
        rail = Rail(chain, institutions.vault, institutions.signers, institutions.key, 2)
        yield replace(house, settles=rail)
