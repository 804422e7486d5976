"""`House`: what an operation may reach for.

It is the only thing injected. A test builds one with its own clock, dice and folder; the edges
build one from the settings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from clearhouse.chains.chain import Chain
from clearhouse.chains.signer.client import SignerClient
from clearhouse.chains.vault import Vault
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.money import Asset
from clearhouse.core.rulebook import Rulebook
from clearhouse.core.screening import SanctionsList, Screens
from clearhouse.feeds.calendars import Calendar
from clearhouse.feeds.witnesses import Witnesses
from clearhouse.operations.law import Law
from clearhouse.store.keyring import Keyring
from clearhouse.store.stamps import Stamps
from clearhouse.store.tiles import Tiles


class NoRail(Refusal):
    """This house has no vault or chain to settle on."""

    code = "house.no-rail"
    kind = Kind.UNAVAILABLE


@dataclass(frozen=True)
class Rail:
    """Where the house settles: a chain, a vault on it, and the institutions that sign.

    The house holds the vault's public keys only. Its own key signs statements, never coins.
    """

    chain: Chain
    vault: Vault
    signers: Mapping[str, SignerClient]  # by institution
    statement_key: Ed25519PrivateKey
    fee_rate: int  # satoshi a virtual byte for the batch


@dataclass(frozen=True)
class Log:
    """The transparency log, and what the house alone knows of it."""

    tiles: Tiles
    key: Ed25519PrivateKey  # signs its heads
    secret: bytes  # what the salts of its entries follow from
    witnesses: Witnesses = field(default_factory=Witnesses)
    calendars: tuple[Calendar, ...] = ()  # of OpenTimestamps, which attest its heads

    @property
    def stamps(self) -> Stamps:
        """The heads that calendars attest."""
        return Stamps(self.tiles.folder / "stamps")


@dataclass(frozen=True)
class House:
    """A clearing house: its records, clock and dice, the law and the lists it works under."""

    db: Connection
    now: Callable[[], datetime]
    dice: Callable[[int], int]  # n random bits
    laws: Law
    lists: Callable[[], Sequence[SanctionsList]]  # as the feeds hold them now
    network: str  # of Bitcoin, as its nodes call it: main, testnet4, signet, regtest
    coin: Asset  # what cycles settle in
    currencies: Sequence[Asset]  # what obligations may be invoiced in beside it
    keyring: Keyring  # what opens the dossiers
    log: Log
    archive: Path  # what is published again: the trades of each rate, the lines of each closing
    settles: Rail | None = None
    screens: Screens = field(default_factory=Screens)

    @property
    def rulebook(self) -> Rulebook:
        """The law that holds now."""
        return self.laws.in_force(self.db, self.now())

    @property
    def assets(self) -> dict[str, Asset]:
        """What obligations may be in, by the code that people write."""
        return {asset.code: asset for asset in (self.coin, *self.currencies)}

    @property
    def today(self) -> date:
        """The house's day, in UTC."""
        return self.now().date()

    @property
    def rail(self) -> Rail:
        """Where the house settles.

        Raises:
            NoRail: It has no vault yet.
        """
        if self.settles is None:
            raise NoRail("hold a key ceremony first: see the guide to the vault")
        return self.settles
