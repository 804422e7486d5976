"""Settings: where a house keeps its things, and how one is put together from them.

Every setting is an environment variable with the prefix `CLEARHOUSE_`; `DATABASE_URL` has none.
A house's home is one folder:

    home/
    ├── database/      the embedded PostgreSQL, unless DATABASE_URL names another
    ├── chain/         the embedded regtest chain, unless a node is named
    ├── lists/         one folder for each sanctions list
    ├── lists.toml     where they are fetched from, if they are
    ├── travel.toml    how other providers are asked about payments of their customers, if they are
    ├── rulebook/      the law that the house begins with; the shipped fictional one if not there
    ├── vault.json     the institutions' public keys and where their signers answer
    ├── witnesses.toml the institutions' witnesses of the log, and how many must cosign its heads
    ├── keyring/       the keys of dossiers, one for each subject; keep them out of its backups
    ├── log/           the transparency log, as tiles that any web server can serve
    ├── log.key        the house's own key, which signs the log's heads
    ├── log.secret     what hides in the log what its entries say
    ├── archive/       the trades of each rate, the lines of each closing, every version of the law
    ├── outbox/        notices for participants, one folder each
    ├── statement.key  the house's own key, which signs statements and never coins
    └── clock          a test clock's instant, if there is one: the time stands still
"""

import json
import os
import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clearhouse.chains.bitcoin import BitcoinNode
from clearhouse.chains.chain import Chain
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.signer.client import SignerClient
from clearhouse.chains.vault import Vault
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.money import EUR, USD, bitcoin
from clearhouse.core.note import (
    COSIGNATURE,
    NoteMalformed,
    need_distinct,
    parse_verifier,
)
from clearhouse.core.rulebook import Rulebook
from clearhouse.feeds.calendars import calendars
from clearhouse.feeds.law import read_law
from clearhouse.feeds.sanctions.sources import Fetched, read_sources
from clearhouse.feeds.shelf import Shelf
from clearhouse.feeds.travel_rule.desk import Desk, read_desk
from clearhouse.feeds.witnesses import UrlMalformed, Witness, Witnesses
from clearhouse.operations.house import House, Log, Rail
from clearhouse.operations.law import Law
from clearhouse.store import launcher
from clearhouse.store.connection import connect
from clearhouse.store.files import sync, sync_file
from clearhouse.store.keyring import Keyring
from clearhouse.store.migrate import migrate
from clearhouse.store.tiles import Tiles

WITNESSES_MAX = 20  # asked one after the other, all of them within a worker's lease
NETWORKS = {
    "main": "bip122:000000000019d6689c085ae165831e93",
    "testnet4": "bip122:00000000da84f2bafbbc53dee25a72ae",
    "signet": "bip122:00000008819873e925422c1ff0f99f7c",
    "regtest": "bip122:0f9188f13cb7b2c71f2a335e3a4fc328",
}


class VaultFileMalformed(Refusal):
    """A vault's file cannot be read."""

    code = "settings.vault-file-malformed"
    kind = Kind.MALFORMED


class WitnessesMalformed(Refusal):
    """The file of witnesses does not name them, or how many are needed."""

    code = "settings.witnesses-malformed"
    kind = Kind.MALFORMED


class ClockFileMalformed(Refusal):
    """A test clock's file does not hold an instant."""

    code = "settings.clock-file-malformed"
    kind = Kind.MALFORMED


class NetworkUnsupported(Refusal):
    """The chain and the network that the settings name do not go together."""

    code = "settings.network-unsupported"
    kind = Kind.MALFORMED


class NodeSettingsWrong(Refusal):
    """The settings do not say how to reach a node."""

    code = "settings.node-settings-wrong"
    kind = Kind.MALFORMED


def default_home() -> Path:
    """Where a house lives unless it is told otherwise.

    Not below root's home folder, which the database's own user could not enter.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/clearhouse")
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "clearhouse"


class Settings(BaseSettings):
    """What can be set from outside; none of it switches screening, rules or the journal off."""

    model_config = SettingsConfigDict(env_prefix="CLEARHOUSE_", frozen=True)

    home: Path = Field(default_factory=default_home)
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    network: str = "regtest"
    bitcoin_url: str = ""  # of a node's RPC port; empty is the embedded chain
    bitcoin_cookie: Path | None = None
    bitcoin_user: str = ""
    bitcoin_password: str = ""
    bitcoin_wallet: str = "clearhouse"
    cut_off: time | None = None  # when the worker clears each day's cycle, in UTC: 16:30
    timetable: bool = False  # whether the worker clears cycles by the law's timetables
    fee_rate: int = Field(default=2, ge=1, le=1000)  # satoshi a virtual byte
    calendars: str = ""  # of OpenTimestamps: their URLs, with commas between

    @field_validator("cut_off")
    @classmethod
    def _in_utc(cls, cut_off: time | None) -> time | None:
        if cut_off is not None and cut_off.utcoffset():
            raise ValueError("write it in UTC: 16:30")
        return cut_off.replace(tzinfo=None) if cut_off is not None else None

    @property
    def lists(self) -> Path:
        """The folder of sanctions lists."""
        return self.home / "lists"

    @property
    def vault(self) -> Path:
        """The file that describes the vault."""
        return self.home / "vault.json"

    @property
    def clock(self) -> Path:
        """The file of the test clock."""
        return self.home / "clock"

    def now(self) -> Callable[[], datetime]:
        """The house's clock: the test clock if there is one, else the machine's.

        Raises:
            ClockFileMalformed: The test clock's file has no instant with its zone.
        """
        if not self.clock.exists():
            return lambda: datetime.now(UTC)
        try:
            said = datetime.fromisoformat(self.clock.read_text("utf-8").strip())
            at = said.astimezone(UTC)
        except (OSError, ValueError, OverflowError) as trouble:
            raise ClockFileMalformed(f"{self.clock}: {trouble}") from trouble
        if said.tzinfo is None:
            raise ClockFileMalformed(f"{self.clock}: write the zone, as in 2026-03-02T10:00:00Z")
        return lambda: at


def rulebook(settings: Settings) -> Rulebook:
    """Read the law: the house's own folder, or the shipped fictional jurisdictions.

    Raises:
        RulebookMalformed: It cannot be read; the shipped law never stands in for the house's own.
    """
    own = settings.home / "rulebook"
    return read_law(own if os.path.lexists(own) else files("clearhouse") / "rulebooks")


def sources(settings: Settings) -> tuple[Fetched, ...]:
    """Where lists are fetched from, as `lists.toml` says.

    Raises:
        SourceMalformed: It does not say it.
    """
    return read_sources(settings.home / "lists.toml")


def desk(settings: Settings) -> Callable[[], Desk] | None:
    """What reads from where other providers are called (`read_desk`); None without `travel.toml`.

    It is read when it is needed: a certificate that has expired stops nothing else.
    """
    path = settings.home / "travel.toml"
    return (lambda: read_desk(path, settings.now())) if os.path.lexists(path) else None


def statement_key(settings: Settings) -> Ed25519PrivateKey:
    """The key that the house signs statements with."""
    return _own_key(settings.home / "statement.key")


def log(settings: Settings) -> Log:
    """The house's log, with the key that signs its heads, its witnesses and its calendars.

    Raises:
        WitnessesMalformed, WitnessTwice: As `witnesses`.
        CalendarUrlMalformed, CalendarsTooMany: The setting does not name calendars.
    """
    key, secret = _own_key(settings.home / "log.key"), _own_secret(settings.home / "log.secret")
    asked = calendars(settings.calendars.split(","))
    return Log(Tiles(settings.home / "log"), key, secret, witnesses(settings), asked)


def witnesses(settings: Settings) -> Witnesses:
    """Read who cosigns the heads of the log; without a file it is nobody.

    Raises:
        WitnessesMalformed: `witnesses.toml` does not say it.
        WitnessTwice: One would count as two.
    """
    path = settings.home / "witnesses.toml"
    if not os.path.lexists(path):
        return Witnesses()
    try:
        found = _witnesses(tomllib.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise WitnessesMalformed(f"{path}: {trouble!r}") from trouble
    except (NoteMalformed, UrlMalformed) as wrong:
        raise WitnessesMalformed(f"{path}: {wrong.detail}") from wrong
    need_distinct(found.keys)
    return found


def _witnesses(said: dict[str, Any]) -> Witnesses:
    needed, each = said.pop("needed"), tuple(_witness(row) for row in said.pop("witness"))
    if said or type(needed) is not int or not 1 <= needed <= len(each) <= WITNESSES_MAX:
        raise ValueError(f"`needed`, from 1 to their number, and up to {WITNESSES_MAX} witnesses")
    return Witnesses(each, needed)


def _witness(row: dict[str, str]) -> Witness:
    key, url = parse_verifier(row.pop("key")), row.pop("url")
    if row or key.kind != COSIGNATURE:
        raise ValueError("a witness has a key for cosignatures, and a url")
    return Witness(key, url)


def _own_key(path: Path) -> Ed25519PrivateKey:
    """A key of the house's own."""
    return Ed25519PrivateKey.from_private_bytes(_own_secret(path))


def _own_secret(path: Path) -> bytes:
    """Thirty-two bytes of chance; made on first use, readable by the house alone."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.") as new:
            new.write(secrets.token_bytes(32))
            sync_file(new)
            with suppress(FileExistsError):  # of several who begin at once, all take the first's
                path.hardlink_to(new.name)
        sync(path.parent)
    return path.read_bytes()


def chain(settings: Settings, now: Callable[[], datetime]) -> Chain:
    """Reach the chain that the settings name.

    Raises:
        NetworkUnsupported: The embedded chain is regtest only.
        NodeSettingsWrong: A node's address or credentials are malformed or missing.
    """
    if settings.bitcoin_url:
        try:
            return BitcoinNode(
                settings.bitcoin_url,
                settings.bitcoin_wallet,
                now,
                cookie=settings.bitcoin_cookie,
                user=settings.bitcoin_user or None,
                password=settings.bitcoin_password or None,
            )
        except ValueError as trouble:
            raise NodeSettingsWrong(f"CLEARHOUSE_BITCOIN_...: {trouble}") from trouble
    if settings.network != "regtest":
        raise NetworkUnsupported(f"for {settings.network} set CLEARHOUSE_BITCOIN_URL to a node's")
    return EmbeddedChain(settings.home / "chain", now)


def rail(settings: Settings, on: Chain) -> Rail | None:
    """Read where the house settles; None if there is no vault yet.

    Raises:
        VaultFileMalformed: `vault.json` does not say it.
    """
    if not settings.vault.exists():
        return None
    try:
        said = json.loads(settings.vault.read_text())
        institutions: Mapping[str, Mapping[str, str]] = said["institutions"]
        keys = [str(one["xpub"]) for one in institutions.values()]
        signers = {name: SignerClient(Path(one["socket"])) for name, one in institutions.items()}
        threshold = int(said["threshold"])
    except (ValueError, KeyError, TypeError, AttributeError) as trouble:
        raise VaultFileMalformed(f"{settings.vault}: {trouble!r}") from trouble
    made = Vault(keys, threshold, settings.network)
    return Rail(on, made, signers, statement_key(settings), settings.fee_rate)


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """Have a database answer, and say where; one that we had to start is stopped again."""
    folder = settings.home / "database"
    ran = bool(settings.database_url) or launcher.status(folder) is not None
    server = launcher.start(folder, database_url=settings.database_url or None)
    try:
        yield server.url
    finally:
        if not ran:
            server.stop()


@contextmanager
def scratch() -> Iterator[str]:
    """Have an empty database beside the house's, and say where; it is gone on leaving."""
    with TemporaryDirectory(prefix="clearhouse-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # the database's user passes through
        server = launcher.start(folder / "database")
        try:
            yield server.url
        finally:
            server.stop()


@contextmanager
def house(
    settings: Settings, *, settles: bool, now: Callable[[], datetime] | None = None
) -> Iterator[House]:
    """Open a house; it is closed on leaving.

    Args:
        settles: Whether the chain is needed. Only one process can have the embedded chain open.
        now: A clock other than the settings'.

    Raises:
        NetworkUnsupported: There is no such network, or the chain is on another one.
        ClockFileMalformed, RulebookMalformed, VaultFileMalformed, WitnessesMalformed,
            WitnessTwice: A file of the home is wrong.
        CalendarUrlMalformed, CalendarsTooMany: The setting does not name calendars.
    """
    now = now or settings.now()
    if settings.network not in NETWORKS:
        raise NetworkUnsupported(f"{settings.network!r}: one of {', '.join(NETWORKS)}")
    with ExitStack() as stack:
        # It commits by itself; what is left of a lost connection cannot be asked to.
        db = stack.enter_context(closing(connect(stack.enter_context(database(settings)))))
        migrate(db, now())
        where = None
        if settles:
            on = chain(settings, now)
            stack.callback(on.close)
            if on.network != NETWORKS[settings.network]:
                raise NetworkUnsupported(f"{settings.network} is set; the node is on {on.network}")
            where = rail(settings, on)
        laws = Law(lambda: rulebook(settings), settings.home / "archive")
        laws.need_first(db)
        yield House(
            db=db,
            now=now,
            dice=secrets.randbits,
            laws=laws,
            lists=Shelf(settings.lists, now),
            network=settings.network,
            coin=bitcoin(NETWORKS[settings.network]),
            currencies=(USD, EUR),
            keyring=Keyring(settings.home / "keyring"),
            log=log(settings),
            archive=settings.home / "archive",
            settles=where,
        )
