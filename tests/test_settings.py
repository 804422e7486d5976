"""Settings: where things are, what goes together, and files that do not say what they should."""

import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from embit.bip32 import HDKey
from embit.networks import NETWORKS as BITCOIN_NETWORKS
from pydantic import ValidationError

from clearhouse import settings as settings_module
from clearhouse.chains import vault as vaults
from clearhouse.chains.chain import REGTEST
from clearhouse.chains.embedded import EmbeddedChain
from clearhouse.chains.vault import KeysWrong
from clearhouse.core.errors import Refusal
from clearhouse.core.money import bitcoin
from clearhouse.core.note import COSIGNATURE, SIGNATURE, Verifier, WitnessTwice
from clearhouse.core.rulebook import RulebookMalformed
from clearhouse.demo import lists
from clearhouse.feeds.calendars import Calendar, CalendarsTooMany, CalendarUrlMalformed
from clearhouse.feeds.shelf import Shelf
from clearhouse.feeds.witnesses import Witnesses
from clearhouse.settings import (
    NETWORKS,
    WITNESSES_MAX,
    ClockFileMalformed,
    NetworkUnsupported,
    NodeSettingsWrong,
    Settings,
    VaultFileMalformed,
    WitnessesMalformed,
    chain,
    default_home,
    house,
    log,
    rail,
    rulebook,
    statement_key,
    witnesses,
)

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHIPPED = Path(settings_module.__file__).parent / "rulebooks"

# Version, merkle root, time, bits and nonce of each network's first block (Bitcoin Core,
# kernel/chainparams.cpp; BIP 94 for testnet4).
MERKLE = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
MERKLE_BIP_94 = "7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e"
FIRST_BLOCKS = {
    "main": (MERKLE, 1231006505, 0x1D00FFFF, 2083236893),
    "testnet4": (MERKLE_BIP_94, 1714777860, 0x1D00FFFF, 393743547),
    "signet": (MERKLE, 1598918400, 0x1E0377AE, 52613770),
    "regtest": (MERKLE, 1296688602, 0x207FFFFF, 2),
}


def first_block(network: str) -> str:
    """The hash of a network's first block, from its header."""
    merkle, *numbers = FIRST_BLOCKS[network]
    header = (1).to_bytes(4, "little") + bytes(32) + bytes.fromhex(merkle)[::-1]
    header += b"".join(number.to_bytes(4, "little") for number in numbers)
    return sha256(sha256(header).digest()).digest()[::-1].hex()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, and no setting of whoever runs the tests."""
    for name in os.environ:
        if name.startswith("CLEARHOUSE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLEARHOUSE_HOME", str(tmp_path))
    return tmp_path


# What can be set.


def test_unset_everything_is_local(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    plain = Settings()

    assert plain.home == home
    assert (plain.database_url, plain.network, plain.bitcoin_url) == ("", "regtest", "")
    assert (plain.bitcoin_wallet, plain.fee_rate) == ("clearhouse", 2)
    assert (plain.lists, plain.vault, plain.clock) == (
        home / "lists",
        home / "vault.json",
        home / "clock",
    )


def test_each_setting_is_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        "DATABASE_URL": "postgresql://there/house",
        "CLEARHOUSE_NETWORK": "signet",
        "CLEARHOUSE_BITCOIN_URL": "http://127.0.0.1:38332",
        "CLEARHOUSE_BITCOIN_COOKIE": "/somewhere/.cookie",
        "CLEARHOUSE_BITCOIN_USER": "u",
        "CLEARHOUSE_BITCOIN_PASSWORD": "p",
        "CLEARHOUSE_BITCOIN_WALLET": "w",
        "CLEARHOUSE_CUT_OFF": "16:30",
        "CLEARHOUSE_FEE_RATE": "1000",
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    found = Settings()

    assert found.database_url == said["DATABASE_URL"]
    assert (found.network, found.bitcoin_url) == ("signet", said["CLEARHOUSE_BITCOIN_URL"])
    assert found.bitcoin_cookie == Path(said["CLEARHOUSE_BITCOIN_COOKIE"])
    assert (found.bitcoin_user, found.bitcoin_password) == ("u", "p")
    assert (found.bitcoin_wallet, found.fee_rate) == ("w", 1000)
    assert found.cut_off == time(16, 30)


def test_no_setting_touches_screening_or_the_law() -> None:
    """Whoever adds a setting is to think of this: the gate has no switch."""
    assert set(Settings.model_fields) == {
        "home",
        "database_url",
        "network",
        "bitcoin_url",
        "bitcoin_cookie",
        "bitcoin_user",
        "bitcoin_password",
        "bitcoin_wallet",
        "cut_off",
        "timetable",
        "fee_rate",
        "calendars",
    }


@pytest.mark.parametrize("rate", ["0", "-1", "1001", "1.5", "much", ""])
def test_a_fee_rate_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, rate: str) -> None:
    monkeypatch.setenv("CLEARHOUSE_FEE_RATE", rate)
    with pytest.raises(ValidationError, match="fee_rate"):
        Settings()


@pytest.mark.parametrize("at", ["25:00", "noon", "16:30+02:00"])
def test_a_cut_off_that_is_no_time_in_utc_is_refused(
    monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    monkeypatch.setenv("CLEARHOUSE_CUT_OFF", at)
    with pytest.raises(ValidationError, match="cut_off"):
        Settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().network = "main"  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    ("root", "state", "found"),
    [
        (True, "/state", "/var/lib/clearhouse"),
        (False, "/state", "/state/clearhouse"),
        (False, "", "~/.local/state/clearhouse"),
    ],
)
def test_a_house_lives_where_its_system_keeps_state(
    monkeypatch: pytest.MonkeyPatch, root: bool, state: str, found: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setenv("XDG_STATE_HOME", state)
    assert default_home() == Path(found).expanduser()


# The clock.


def test_without_a_test_clock_time_moves() -> None:
    now = Settings().now()
    first = now()

    assert first.utcoffset() == timedelta(0)
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)
    assert now() >= first


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T10:00:00Z", NOW),
        ("2026-03-02T10:00:00+00:00\n", NOW),
        (" 2026-03-02T12:30:00.000001+02:30 ", NOW + timedelta(microseconds=1)),
    ],
)
def test_a_test_clock_stands_still(home: Path, text: str, at: datetime) -> None:
    (home / "clock").write_text(text)
    now = Settings().now()

    assert now() == now() == at
    assert now().utcoffset() == timedelta(0)  # its date is the day in UTC, wherever it was written


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"noon",
        b"2026-03-02T10:00:00",
        b"2026-03-02",
        b"1772445600",
        b"2026-02-30T10:00Z",
        b"0001-01-01T00:00:00+14:00",
        b"\xff\xfe",
    ],
)
def test_a_clock_that_tells_no_instant_is_refused(home: Path, content: bytes) -> None:
    """A naive time would be some other instant on another machine."""
    (home / "clock").write_bytes(content)
    with pytest.raises(ClockFileMalformed):
        Settings().now()


# The law.


def shipped(to: Path) -> Path:
    shutil.copytree(SHIPPED, to)
    return to


def test_the_shipped_law_is_that_of_four_fictional_countries() -> None:
    names = {one.name for one in rulebook(Settings()).jurisdictions.values()}
    assert names == {"Norland", "Sudmark", "Ostland", "Vestria"}


def test_a_house_may_have_its_own_law(home: Path) -> None:
    own = home / "rulebook"
    (own / "norland").mkdir(parents=True)
    for name in ("jurisdiction.toml", "admission.toml"):
        shutil.copy(SHIPPED / "norland" / name, own / "norland")
    for folder in (own, own / "norland"):
        (folder / "README.md").write_text("not a law")
        (folder / "corridor.toml.bak").write_text("not a law")

    law = rulebook(Settings())

    assert set(law.jurisdictions) == {"XA"}
    assert {rule.subject for rule in law.rules if rule.id.startswith("XA.")} == {"admission"}
    assert law.version != rulebook(Settings(home=home / "elsewhere")).version


def test_a_copy_of_the_law_is_the_law(home: Path) -> None:
    before = rulebook(Settings())
    own = shipped(home / "rulebook")
    assert rulebook(Settings()) == before

    for file in [*own.glob("*/*.toml")]:  # whatever its files are called, and wherever they lie
        file.rename(own / f"{file.parent.name}-{file.name}")
    assert rulebook(Settings()) == before


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("norland/corridor.toml", b"\xff\xfe"),
        ("norland/corridor.toml", "says = 'Norländ'".encode("latin-1")),
        ("norland/jurisdiction.toml", b""),
        ("norland/corridor.toml", b""),
        ("norland/third.toml", b"jurisdiction = 7"),
        ("third.toml", b"jurisdiction = 7"),
        ("third/jurisdiction.toml", b"jurisdiction = 7"),
    ],
)
def test_a_broken_law_is_refused_by_name(home: Path, file: str, content: bytes) -> None:
    path = shipped(home / "rulebook") / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    with pytest.raises(RulebookMalformed) as caught:
        rulebook(Settings())
    assert caught.value.context["file"] == file


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda own: own.mkdir(), id="an empty folder"),
        pytest.param(lambda own: own.write_text("law"), id="a file"),
        pytest.param(lambda own: own.symlink_to("nowhere"), id="a link to nowhere"),
        pytest.param(lambda own: (own / "norland.toml").mkdir(parents=True), id="a folder in it"),
        pytest.param(lambda own: (own / "norland").mkdir(parents=True), id="a country of nothing"),
    ],
)
def test_the_shipped_law_never_stands_in_for_the_houses_own(
    home: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(home / "rulebook")
    with pytest.raises(RulebookMalformed):
        rulebook(Settings())


# Lists.


def test_without_a_folder_there_are_no_lists(home: Path) -> None:
    assert Shelf(home / "lists", lambda: NOW)() == []


def test_every_folder_is_a_list(home: Path) -> None:
    lists.write_lists(home / "lists", NOW, ["Somebody"])
    (home / "lists" / "README").write_text("not a list")

    found = Shelf(Settings().lists, lambda: NOW)()

    assert [one.name for one in found] == ["OFAC-SDN", "OFAC-WALLETS"]


def test_a_folder_that_is_no_list_is_refused_and_not_passed_over(home: Path) -> None:
    lists.write_lists(home / "lists", NOW)
    (home / "lists" / "new").mkdir()
    with pytest.raises(Refusal) as caught:
        Shelf(home / "lists", lambda: NOW)()
    assert caught.value.code == "list.publication-missing"


# The house's key.


def test_the_statement_key_is_made_once_and_is_nobody_elses(home: Path) -> None:
    there = Settings(home=home / "new" / "home")
    key = statement_key(there)
    file = home / "new" / "home" / "statement.key"

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert statement_key(there).private_bytes_raw() == key.private_bytes_raw()
    assert [one.name for one in file.parent.iterdir()] == ["statement.key"]
    assert statement_key(Settings()).private_bytes_raw() != key.private_bytes_raw()


# The vault.


def xpub(seed: int, fingerprint: str = "") -> str:
    """An institution's public key with where it comes from (BIP 48)."""
    root = HDKey.from_seed(bytes([seed]) * 32, version=BITCOIN_NETWORKS["regtest"]["xprv"])
    key = root.derive("m/48h/1h/0h/2h").to_public().to_base58()
    return f"[{fingerprint or root.my_fingerprint.hex()}/48h/1h/0h/2h]{key}"


def vault_file(home: Path, said: object) -> None:
    (home / "vault.json").write_text(said if isinstance(said, str) else json.dumps(said))


def institution(xpub: object = "x", socket: object = "s") -> dict[str, object]:
    return {"xpub": xpub, "socket": socket}


@pytest.fixture
def embedded(home: Path) -> Iterator[EmbeddedChain]:
    with EmbeddedChain(home / "chain", lambda: NOW) as made:
        yield made


def test_without_a_vault_there_is_no_rail(embedded: EmbeddedChain) -> None:
    assert rail(Settings(), embedded) is None


@pytest.mark.parametrize(
    "said",
    [
        "",
        "{",
        "null",
        "7",
        "[]",
        "{}",
        {"threshold": 2},
        {"institutions": {}},
        {"institutions": [], "threshold": 2},
        {"institutions": {"ministry": "xpub"}, "threshold": 2},
        {"institutions": {"ministry": None}, "threshold": 2},
        {"institutions": {"ministry": {"socket": "s"}}, "threshold": 2},
        {"institutions": {"ministry": {"xpub": "x"}}, "threshold": 2},
        {"institutions": {"ministry": institution(socket=7)}, "threshold": 2},
        {"institutions": {"ministry": institution()}, "threshold": "two"},
        {"institutions": {"ministry": institution()}, "threshold": None},
        {"institutions": {"ministry": institution()}, "threshold": []},
    ],
)
def test_a_vault_file_that_describes_no_vault_is_refused(
    home: Path, embedded: EmbeddedChain, said: object
) -> None:
    vault_file(home, said)
    with pytest.raises(VaultFileMalformed):
        rail(Settings(), embedded)


def test_a_vault_file_in_another_encoding_is_refused(home: Path, embedded: EmbeddedChain) -> None:
    (home / "vault.json").write_bytes(b"\xff\xfe{\x00}\x00")
    with pytest.raises(VaultFileMalformed):
        rail(Settings(), embedded)


def test_a_vault_file_says_who_holds_the_vault(home: Path, embedded: EmbeddedChain) -> None:
    names = ("ministry", "central-bank", "technology-firm")
    institutions = {name: institution(xpub(n), f"/run/{name}.sock") for n, name in enumerate(names)}
    vault_file(home, {"institutions": institutions, "threshold": 2})

    found = rail(Settings(fee_rate=7), embedded)

    assert found is not None
    assert (found.chain, found.fee_rate, found.vault.threshold) == (embedded, 7, 2)
    assert {name: signer.path for name, signer in found.signers.items()} == {
        name: Path(f"/run/{name}.sock") for name in names
    }
    assert all(xpub(n).partition("]")[2] in found.vault.descriptor for n in range(3))
    key = statement_key(Settings()).private_bytes_raw()
    assert found.statement_key.private_bytes_raw() == key


@pytest.mark.parametrize(
    ("institutions", "threshold"),
    [
        ({}, 2),
        ({"ministry": institution()}, 1),
        ({"ministry": institution(xpub=7)}, 1),
        ({"ministry": institution(xpub={"key": "x"})}, 1),
        ({"ministry": institution(xpub(1))}, 2),  # more than there are
        ({"ministry": institution(xpub(1))}, 0),
        ({"ministry": institution(xpub(1))}, -1),
        ({"ministry": institution(xpub(1)[:-1])}, 1),
        ({name: institution(xpub(1)) for name in "ab"}, 2),  # one seed twice
        ({name: institution(xpub(1, 4 * name)) for name in ("aa", "bb")}, 2),  # one key twice
    ],
)
def test_keys_that_make_no_vault_are_refused(
    home: Path, embedded: EmbeddedChain, institutions: object, threshold: int
) -> None:
    vault_file(home, {"institutions": institutions, "threshold": threshold})
    with pytest.raises(KeysWrong):
        rail(Settings(), embedded)


# The witnesses of the log.


def vkey(number: int, name: str = "", kind: int = COSIGNATURE) -> str:
    return Verifier(name or f"w.example/{number}", bytes([number]) * 32, kind).encode()


def named(*rows: tuple[str, str], needed: object = 1) -> str:
    tables = [f'[[witness]]\nkey = "{key}"\nurl = "{url}"\n' for key, url in rows]
    return "\n".join([f"needed = {needed}", *tables])


URL = "http://127.0.0.1:8701"
ONE = (vkey(1), URL)


def test_without_a_file_the_log_has_no_witnesses(home: Path) -> None:
    assert witnesses(Settings()) == Witnesses((), 0)
    assert log(Settings()).witnesses == Witnesses()
    assert not (home / "witnesses.toml").exists()


def test_a_file_says_who_cosigns_and_how_many_are_needed(home: Path) -> None:
    text = named(ONE, (vkey(2), "https://w.example/two"), (vkey(3), URL), needed=2)
    (home / "witnesses.toml").write_text(f"# ours\n{text}")
    found = witnesses(Settings())

    assert found.needed == 2
    assert [one.encode() for one in found.keys] == [vkey(1), vkey(2), vkey(3)]
    assert [one.url for one in found.each] == [URL, "https://w.example/two", URL]
    assert log(Settings()).witnesses == found


@pytest.mark.parametrize(
    "said",
    [
        "",
        "nonsense",
        "needed = 1",
        "needed = 1\nwitness = []",
        "needed = 1\nwitness = 5",
        "needed = 1\nwitness = ['x']",
        f'needed = 1\n[witness]\nkey = "{vkey(1)}"\nurl = "{URL}"',
        named(ONE).partition("\n")[2],
        named(ONE, needed=0),
        named(ONE, needed=-1),
        named(ONE, needed=2),
        named(ONE, needed="true"),
        named(ONE, needed="1.0"),
        named(ONE, needed="'1'"),
        f"{named(ONE)}\nname = 'x'",
        f"more = 1\n{named(ONE)}",
        f"needed = 1\n{named(ONE)}",
        f'needed = 1\n[[witness]]\nkey = "{vkey(1)}"',
        f'needed = 1\n[[witness]]\nurl = "{URL}"',
        f'needed = 1\n[[witness]]\nkey = 5\nurl = "{URL}"',
        f'needed = 1\n[[witness]]\nkey = "{vkey(1)}"\nurl = 5',
        named(("", URL)),
        named(("w.example/1", URL)),
        named((vkey(1)[:-1], URL)),
        named((vkey(1).replace("/1", "/2"), URL)),  # the id is another's
        named((vkey(1, kind=SIGNATURE), URL)),
        named((vkey(1), "")),
        named((vkey(1), "127.0.0.1:8701")),
        named((vkey(1), "file:///etc/passwd")),
        named((vkey(1), "http://u:p@w.example")),
        named((vkey(1), f"{URL}?x")),
        named(*((vkey(n), URL) for n in range(WITNESSES_MAX + 1))),
    ],
    ids=range(32),
)
def test_a_file_that_names_no_witnesses_is_refused(home: Path, said: str) -> None:
    (home / "witnesses.toml").write_text(said)
    with pytest.raises(WitnessesMalformed, match=r"witnesses\.toml"):
        witnesses(Settings())


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda file: file.mkdir(), id="a folder"),
        pytest.param(lambda file: file.symlink_to("nowhere"), id="a link to nowhere"),
        pytest.param(lambda file: file.write_bytes(b"\xff\xfe"), id="another encoding"),
    ],
)
def test_a_file_of_witnesses_that_cannot_be_read_is_not_none(
    home: Path, spoil: Callable[[Path], object]
) -> None:
    spoil(home / "witnesses.toml")
    with pytest.raises(WitnessesMalformed):
        log(Settings())


@pytest.mark.parametrize(
    "twice",
    [
        (ONE, ONE),
        (ONE, (vkey(1), "http://127.0.0.1:8702")),
        (ONE, (vkey(1, "w.example/other"), URL)),
        (ONE, (vkey(2, "w.example/1"), URL)),
        ((vkey(2), URL), ONE, (vkey(1, "w.example/other"), URL)),
    ],
    ids=range(5),
)
def test_a_witness_that_would_count_as_two_is_refused(
    home: Path, twice: tuple[tuple[str, str], ...]
) -> None:
    (home / "witnesses.toml").write_text(named(*twice, needed=2))
    with pytest.raises(WitnessTwice):
        witnesses(Settings())


# Networks and chains.


@pytest.mark.parametrize("network", NETWORKS)
def test_a_network_is_named_by_its_first_block(network: str) -> None:
    """CAIP-2, namespace bip122: the first 32 hexadecimal digits of its hash."""
    assert NETWORKS[network] == f"bip122:{first_block(network)[:32]}"


def test_networks_are_those_of_the_parts() -> None:
    assert set(FIRST_BLOCKS) == set(NETWORKS)
    assert set(NETWORKS) <= set(vaults.NETWORKS)
    assert NETWORKS["regtest"] == REGTEST
    coins = {network: bitcoin(chain).identity for network, chain in NETWORKS.items()}
    assert [network for network, identity in coins.items() if identity.endswith(":0")] == ["main"]
    assert len(set(coins.values())) == len(NETWORKS)


@pytest.mark.parametrize("network", sorted({*NETWORKS, "test", "mainnet", ""} - {"regtest"}))
def test_the_embedded_chain_is_never_offered_for_a_public_network(home: Path, network: str) -> None:
    with pytest.raises(NetworkUnsupported, match="CLEARHOUSE_BITCOIN_URL"):
        chain(Settings(network=network), lambda: NOW)
    assert not (home / "chain").exists()


def test_the_embedded_chain_is_the_default(home: Path) -> None:
    on = chain(Settings(), lambda: NOW)
    try:
        assert isinstance(on, EmbeddedChain)
        assert on.network == REGTEST
        assert (home / "chain").is_dir()
    finally:
        on.close()


@pytest.mark.parametrize(
    "said",
    [
        {"bitcoin_url": "127.0.0.1:8332", "bitcoin_user": "u", "bitcoin_password": "p"},
        {"bitcoin_url": "nonsense"},
        {"bitcoin_url": "http://127.0.0.1:8332"},  # without credentials
        {"bitcoin_url": "http://127.0.0.1:8332", "bitcoin_user": "u"},
        {"bitcoin_url": "http://127.0.0.1:8332", "bitcoin_cookie": "c", "bitcoin_user": "u"},
    ],
)
def test_a_node_that_cannot_be_asked_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(NodeSettingsWrong):
        chain(Settings.model_validate(said), lambda: NOW)


class OtherNode(BaseHTTPRequestHandler):
    """As much of a node of the main network as tells its first block."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"result": first_block("main"), "error": None, "id": asked["id"]})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def node_of_main() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), OtherNode) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("network", "goes"), [("main", True), ("signet", False), ("test", False)])
def test_a_node_on_another_network_is_refused(
    db_url: str, node_of_main: str, monkeypatch: pytest.MonkeyPatch, network: str, goes: bool
) -> None:
    """Or coins worth nothing would settle debts, and the other way round."""
    monkeypatch.setenv("DATABASE_URL", db_url)
    monkeypatch.setenv("CLEARHOUSE_BITCOIN_URL", node_of_main)
    monkeypatch.setenv("CLEARHOUSE_BITCOIN_USER", "u")
    monkeypatch.setenv("CLEARHOUSE_BITCOIN_PASSWORD", "p")
    here = Settings(network=network)

    if goes:
        with house(here, settles=True) as made:
            assert made.coin.identity == "bip122:000000000019d6689c085ae165831e93/slip44:0"
        return
    with pytest.raises(NetworkUnsupported, match=network), house(here, settles=True):
        pytest.fail("it opened")


# All together.


def test_a_house_is_put_together(home: Path, db_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", db_url)
    (home / "clock").write_text("2026-03-02T10:00:00Z")
    lists.write_lists(home / "lists", NOW)

    with house(Settings(), settles=False) as made:
        assert made.db.execute("SELECT count(*) FROM journal").fetchone() == (0,)
        assert (made.now(), made.today) == (NOW, NOW.date())
        assert made.rulebook == rulebook(Settings())
        assert [one.name for one in made.lists()] == ["OFAC-SDN", "OFAC-WALLETS"]
        assert set(made.assets) == {"BTC", "USD", "EUR"}
        assert made.assets["BTC"].identity == f"{REGTEST}/slip44:1"
        with pytest.raises(Refusal) as caught:
            _ = made.rail
        assert caught.value.code == "house.no-rail"
        assert not (home / "chain").exists()
        assert not (home / "database").exists()
    assert made.db.closed


def test_a_house_reads_its_lists_anew_each_time(
    home: Path, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", db_url)
    with house(Settings(), settles=False, now=lambda: NOW) as made:
        assert made.lists() == []
        lists.write_lists(home / "lists", NOW)
        assert len(made.lists()) == 2
        shutil.rmtree(home / "lists")
        assert made.lists() == []


def test_a_house_of_an_unknown_network_does_not_open(
    db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", db_url)
    here = Settings(network="lightning")
    with pytest.raises(NetworkUnsupported, match="lightning"), house(here, settles=False):
        pytest.fail("it opened")


def test_a_house_under_a_broken_law_does_not_open(
    home: Path, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", db_url)
    (home / "rulebook").mkdir()
    with pytest.raises(RulebookMalformed), house(Settings(), settles=True):
        pytest.fail("it opened")
    with EmbeddedChain(home / "chain", lambda: NOW):  # it let go of the chain again
        pass


# The calendars that attest the log's heads.


@pytest.mark.usefixtures("home")
def test_calendars_are_those_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log(Settings()).calendars == ()
    monkeypatch.setenv("CLEARHOUSE_CALENDARS", f"{URL}, https://a.example/x,")
    assert log(Settings()).calendars == (Calendar(URL), Calendar("https://a.example/x"))


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("said", ["nonsense", f"{URL};{URL}", f"{URL} {URL}", f"{URL}/?x", "[]"])
def test_a_setting_that_names_no_calendar_is_refused(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("CLEARHOUSE_CALENDARS", said)
    with pytest.raises(CalendarUrlMalformed):
        log(Settings())


@pytest.mark.usefixtures("home")
def test_more_calendars_than_a_worker_can_ask_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEARHOUSE_CALENDARS", ",".join(f"{URL}/{n}" for n in range(6)))
    with pytest.raises(CalendarsTooMany):
        log(Settings())


def test_of_several_who_begin_at_once_all_have_one_secret(tmp_path: Path) -> None:
    """What the log hides follows from it: two secrets would be two logs."""
    path = tmp_path / "home" / "log.secret"
    with ThreadPoolExecutor(8) as several:
        secrets = set(several.map(lambda _: settings_module._own_secret(path), range(32)))
    assert secrets == {path.read_bytes()}
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]
