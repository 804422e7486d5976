"""The signers: three processes, two of whom can pay; none does what the statement does not say."""

import base64
import json
import os
import resource
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from shutil import rmtree
from typing import Any

import pbk
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from embit import bip32, bip39
from embit.networks import NETWORKS as PREFIXES
from embit.psbt import PSBT, DerivationPath
from embit.script import Script, Witness
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pbk.script import PrecomputedTransactionData

from clearhouse.chains.signer import seed
from clearhouse.chains.signer.book import Book, BookBroken, CycleDiffers, CycleSigned, FolderBusy
from clearhouse.chains.signer.client import (
    Launched,
    SignerClient,
    SignerRefused,
    SignerUnreachable,
    launch,
    order,
)
from clearhouse.chains.signer.desk import LINE_BYTES_MAX, Desk
from clearhouse.chains.signer.registration import (
    DescriptorWrong,
    HouseKeyWrong,
    NotAHolder,
    NotRegistered,
    RegisteredOtherwise,
    register,
    registered,
)
from clearhouse.chains.vault import Coin, Vault, combine, finalise
from clearhouse.core import ids
from clearhouse.core.ids import CycleId, ParticipantId
from clearhouse.core.money import bitcoin
from clearhouse.core.statement import PayOut, Statement, document, sign_statement

HOUSE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HOUSE_HEX = HOUSE.public_key().public_bytes_raw().hex()
REGTEST = bitcoin("bip122:0f9188f13cb7b2c71f2a335e3a4fc328").identity
PASSPHRASE = "correct horse battery staple"  # noqa: S105 - a test's own
NAMES = ("ministry", "bank", "firm")
NOBODY = 61001  # a user without any right, as whom a signer runs when the tests run as root


def paid_in(vault: Vault, *units: int, first: int = 0) -> tuple[list[Coin], dict[str, bytes]]:
    """Coins of `vault`, each made by a transaction of its own, at indexes from `first` on."""
    coins, previous = [], {}
    for index, each in enumerate(units, first):
        made = Transaction(
            2,
            [TransactionInput(bytes([7]) * 32, index)],
            [TransactionOutput(each, Script(vault.receive(index).script))],
        )
        previous[made.txid().hex()] = made.serialize()
        coins.append(Coin(made.txid().hex(), 0, index))
    return coins, previous


def stated(vault: Vault, *units: int, cycle: str = "one", **changed: Any) -> Statement:
    """A statement that pays `units`, one participant each."""
    whole: dict[str, Any] = {
        "cycle": CycleId(ids.derived("cyc", cycle)),
        "asset": REGTEST,
        "vault": vault.descriptor,
        "pay_outs": tuple(
            PayOut(ParticipantId(f"{n:018d}00"), vault.receive(10_000 + n).text, each)
            for n, each in enumerate(units)
        ),
        "fee_units_max": 10_000 + 1_000 * len(units),
        "change_index": 3,
        "anchor": "a5" * 32,
        "made_at": datetime(2026, 3, 2, 16, tzinfo=UTC),
    }
    return Statement(**(whole | changed))


def composed(
    vault: Vault, statement: Statement, coins: list[Coin], previous: dict[str, bytes], rate: int = 2
) -> str:
    pay_outs = [(one.address, one.units) for one in statement.pay_outs]
    index, anchor = statement.change_index, statement.anchor
    return vault.compose(coins, previous, pay_outs, index, rate, anchor)


def assert_valid(raw: bytes, previous: dict[str, bytes]) -> None:
    """Judge every input by Bitcoin Core's script verification."""
    transaction = pbk.Transaction(raw)
    spent = [
        Transaction.parse(previous[vin.txid.hex()]).vout[vin.vout]
        for vin in Transaction.parse(raw).vin
    ]
    outputs = [
        pbk.TransactionOutput(pbk.ScriptPubkey(one.script_pubkey.data), one.value) for one in spent
    ]
    precomputed = PrecomputedTransactionData(transaction, outputs)
    assert spent
    for number, one in enumerate(spent):
        script = pbk.ScriptPubkey(one.script_pubkey.data)
        flags = pbk.ScriptVerificationFlags.ALL
        assert script.verify(one.value, transaction, precomputed, number, flags)


# Three institutions, each a process


@dataclass(frozen=True)
class Institutions:
    vault: Vault
    signers: dict[str, Launched]
    folders: dict[str, Path]
    log: Path


@pytest.fixture(scope="module")
def institutions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Institutions]:
    root = tmp_path_factory.mktemp("institutions")
    folders = {name: root / name for name in NAMES}
    xpubs = [
        order(folder, PASSPHRASE + name, "create", "--network", "regtest")["xpub"]
        for name, folder in folders.items()
    ]
    vault = Vault(xpubs, 2, "regtest")
    with ExitStack() as stack, (root / "log").open("wb") as log:
        signers = {}
        for name, folder in folders.items():
            words = ("register", "--vault", vault.descriptor, "--house", HOUSE_HEX)
            order(folder, PASSPHRASE + name, *words)
            signers[name] = stack.enter_context(
                launch(folder, PASSPHRASE + name, root / f"{name}.sock", log=log)
            )
        yield Institutions(vault, signers, folders, root / "log")


@pytest.mark.parametrize("pair", list(combinations(NAMES, 2)))
def test_any_two_institutions_pay_a_cycle(
    institutions: Institutions, pair: tuple[str, str]
) -> None:
    statement = stated(institutions.vault, 60_000, 25_000, cycle=f"pair {pair}")
    coins, previous = paid_in(institutions.vault, 70_000, 50_000)
    psbt = composed(institutions.vault, statement, coins, previous)
    signature = sign_statement(statement, HOUSE)
    done = [institutions.signers[name].client.sign(psbt, statement, signature) for name in pair]
    raw, _ = finalise(combine(done))
    assert_valid(raw, previous)
    paid = {(out.script_pubkey.data, out.value) for out in Transaction.parse(raw).vout}
    assert len(paid) == 4
    assert (b"\x6a\x20" + bytes.fromhex(statement.anchor), 0) in paid
    assert (institutions.vault.receive(10_000).script, 60_000) in paid


def test_one_institution_can_sign_after_the_other(institutions: Institutions) -> None:
    statement = stated(institutions.vault, 60_000, cycle="in turn")
    coins, previous = paid_in(institutions.vault, 70_000)
    psbt = composed(institutions.vault, statement, coins, previous)
    for name in NAMES:
        signer = institutions.signers[name].client
        psbt = signer.sign(psbt, statement, sign_statement(statement, HOUSE))
    assert_valid(finalise(psbt)[0], previous)


def test_one_institution_alone_cannot_pay(institutions: Institutions) -> None:
    statement = stated(institutions.vault, 60_000, cycle="alone")
    psbt = composed(institutions.vault, statement, *paid_in(institutions.vault, 70_000))
    signer = institutions.signers["bank"].client
    done = signer.sign(psbt, statement, sign_statement(statement, HOUSE))
    with pytest.raises(Exception, match=r"vault\.signatures-missing"):
        finalise(combine([psbt, done, done]))


def test_a_batch_of_300_coins_and_300_pay_outs_is_paid(institutions: Institutions) -> None:
    statement = stated(institutions.vault, *range(10_000, 10_300), cycle="large")
    coins, previous = paid_in(institutions.vault, *[12_000] * 300)
    psbt = composed(institutions.vault, statement, coins, previous)
    signature = sign_statement(statement, HOUSE)
    done = [
        institutions.signers[name].client.sign(psbt, statement, signature) for name in NAMES[1:]
    ]
    raw, _ = finalise(combine(done))
    assert_valid(raw, previous)


def test_a_refusal_names_its_code_and_the_signer_goes_on(institutions: Institutions) -> None:
    statement = stated(institutions.vault, 60_000, cycle="goes on")
    psbt = composed(institutions.vault, statement, *paid_in(institutions.vault, 70_000))
    signer = institutions.signers["firm"].client
    with pytest.raises(SignerRefused) as refused:
        signer.sign(psbt, replace(statement, fee_units_max=1), sign_statement(statement, HOUSE))
    assert refused.value.context == {"signer_code": "statement.signature-wrong"}
    for line in (b"\n", b"no json\n", b"\xff\xfe\n", b"[1]\n", b" " * (LINE_BYTES_MAX + 2) + b"\n"):
        answer = json.loads(signer.exchange(line))
        assert answer["refused"]["code"] == "signer.request-malformed"
    assert signer.sign(psbt, statement, sign_statement(statement, HOUSE)) != psbt


def test_a_connection_that_breaks_does_not_end_the_signer(institutions: Institutions) -> None:
    signer = institutions.signers["firm"].client
    for said in (b"", b'{"psbt": "', b"x\n" * 1000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(signer.path))
            connection.sendall(said)
    assert b"request-malformed" in signer.exchange(b"x\n")


def test_several_requests_on_one_connection_are_answered_in_turn(
    institutions: Institutions,
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(str(institutions.signers["firm"].client.path))
        connection.sendall(b"x\n{}\ny\n")
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answers:
            assert answers.read().count(b"signer.request-malformed") == 3


def test_a_second_signer_of_one_folder_is_refused(institutions: Institutions) -> None:
    folder, path = institutions.folders["bank"], institutions.signers["bank"].client.path
    for elsewhere, code in (
        (path, "signer.socket-unusable"),
        (path.with_suffix(".two"), "signer.folder-busy"),
        (path.parent / "missing" / "x.sock", "signer.socket-unusable"),
        (institutions.log, "signer.socket-unusable"),
    ):
        with (
            pytest.raises(SignerRefused, match=code),
            launch(folder, PASSPHRASE + "bank", elsewhere),
        ):
            pass
    assert path.is_socket()
    assert institutions.log.is_file()


def test_a_socket_is_its_users_alone(institutions: Institutions) -> None:
    for signer in institutions.signers.values():
        assert stat.S_IMODE(signer.client.path.stat().st_mode) == 0o600


def test_a_signer_that_is_gone_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(SignerUnreachable):
        SignerClient(tmp_path / "none.sock").exchange(b"{}\n")


# The house can read no key


def test_no_key_is_in_a_file_or_a_message(institutions: Institutions) -> None:
    """With the passphrase the test learns the seed, then looks for every form of it."""
    statement = stated(institutions.vault, 60_000, cycle="no key")
    psbt = composed(institutions.vault, statement, *paid_in(institutions.vault, 70_000))
    request = {
        "psbt": psbt,
        "statement": document(statement),
        "signature": sign_statement(statement, HOUSE),
    }
    for name, folder in institutions.folders.items():
        passphrase = (PASSPHRASE + name).encode()
        secret, network = seed.unseal(folder, passphrase)
        assert (len(secret), network) == (32, "regtest")
        root = bip32.HDKey.from_seed(secret, PREFIXES["regtest"]["xprv"])
        account = root.derive("m/48h/1h/0h/2h")
        child = account.derive([0, 0])
        forms = [
            passphrase,
            bip39.mnemonic_from_bytes(secret).encode(),
            *(key.to_base58().encode() for key in (root, account, child)),
            *(key.key.wif(PREFIXES["regtest"]).encode() for key in (root, account, child)),
        ]
        for raw in (secret, root.secret, account.secret, child.secret):
            forms += [raw, raw.hex().encode(), base64.b64encode(raw)[:-4]]

        answer = institutions.signers[name].client.exchange(json.dumps(request).encode() + b"\n")
        whole = base64.b64decode(json.loads(answer)["psbt"])
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.name for path in files} == {"seed.json", "registration.json", "signed.jsonl"}
        texts = [answer, whole, institutions.log.read_bytes(), *map(Path.read_bytes, files)]
        arguments = Path(f"/proc/{institutions.signers[name].pid}/cmdline")
        texts += [arguments.read_bytes()] if arguments.exists() else []
        assert not [form for form in forms for text in texts if form in text]
        # What is looked for would be found: the same forms of what is public are there.
        assert child.get_public_key().sec() in whole
        assert account.to_public().to_base58().encode() in b"".join(texts)
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users can go through, as pytest's own cannot."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    rmtree(path)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_a_signers_memory_is_closed_to_its_own_user(reachable: Path) -> None:
    """As root, signer and reader are one user without rights; else they are this user."""
    user = NOBODY if os.geteuid() == 0 else None
    folder = reachable / "ministry"

    def read(pid: int, name: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["/bin/cat", f"/proc/{pid}/{name}"],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            capture_output=True,
            check=False,
        )

    xpub = order(folder, PASSPHRASE, "create", "--network", "regtest", user=user)["xpub"]
    account = seed._account(bytes(32), "regtest")
    vault = Vault([xpub, account.xpub], 2, "regtest")
    words = ("register", "--vault", vault.descriptor, "--house", HOUSE_HEX)
    order(folder, PASSPHRASE, *words, user=user)
    group = None if user is None else NOBODY + 1
    path = reachable / "ministry.sock"
    with launch(folder, PASSPHRASE, path, user=user, group=group) as signer:
        for name in ("mem", "environ", "maps", "auxv"):
            seen = read(signer.pid, name)
            assert b"Permission denied" in seen.stderr
            assert seen.stdout == b""
        status = Path(f"/proc/{signer.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert b"request-malformed" in signer.client.exchange(b"\n")
        if user is not None:
            assert folder.stat().st_uid == NOBODY
            assert f"Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}" in status
            assert "Groups:\t \n" in status
            owned = path.stat()
            assert (stat.S_IMODE(owned.st_mode), owned.st_gid) == (0o660, group)

    # The reader does see an ordinary process of its user: it is the signer that is closed.
    with subprocess.Popen(
        ["/bin/sleep", "60"],
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        env={"SEEN": "yes"},
    ) as ordinary:
        try:
            assert read(ordinary.pid, "environ").stdout == b"SEEN=yes\0"
        finally:
            ordinary.kill()


# Its folder


@pytest.mark.parametrize("passphrase", ["", "short", "eleven byte"])
def test_a_weak_passphrase_seals_nothing(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(SignerRefused, match=r"signer\.passphrase-weak"):
        order(tmp_path / "new", passphrase, "create", "--network", "regtest")
    assert not (tmp_path / "new").exists()


def test_a_passphrase_is_a_line(tmp_path: Path) -> None:
    with pytest.raises(SignerRefused, match=r"signer\.passphrase-missing"):
        order(tmp_path / "new", "x" * 2000, "create", "--network", "regtest")


def test_a_seed_is_never_made_anew_and_never_opens_by_chance(
    tmp_path: Path, institutions: Institutions
) -> None:
    folder = institutions.folders["firm"]
    before = (folder / seed.FILE).read_bytes()
    with pytest.raises(seed.SeedExists):
        seed.create(folder, PASSPHRASE.encode(), "regtest")
    assert (folder / seed.FILE).read_bytes() == before
    with pytest.raises(SignerRefused, match=r"signer\.passphrase-wrong"):
        order(folder, PASSPHRASE + "bank", "xpub")
    with pytest.raises(SignerRefused, match=r"signer\.seed-missing"):
        order(tmp_path, PASSPHRASE, "xpub")


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"network": "main"}, seed.PassphraseWrong),
        ({"network": "moon"}, seed.SeedMalformed),
        ({"network": []}, seed.SeedMalformed),
        ({"form": "clearhouse.seed.2"}, seed.SeedMalformed),
        ({"salt": "00"}, seed.PassphraseWrong),
        ({"salt": "xx"}, seed.SeedMalformed),
        ({"nonce": "00"}, seed.SeedMalformed),
        ({"sealed": "00" * 48}, seed.PassphraseWrong),
        ({"sealed": ""}, seed.PassphraseWrong),
        ({"sealed": None}, seed.SeedMalformed),
    ],
    ids=str,
)
def test_a_changed_seed_file_is_refused(
    tmp_path: Path, institutions: Institutions, changed: dict[str, Any], refusal: type[Exception]
) -> None:
    written = json.loads((institutions.folders["firm"] / seed.FILE).read_bytes()) | changed
    tmp_path.chmod(0o700)
    seed.write_new(tmp_path / seed.FILE, json.dumps(written).encode())
    with pytest.raises(refusal):
        seed.unseal(tmp_path, (PASSPHRASE + "firm").encode())


@pytest.mark.parametrize(("folder_mode", "file_mode"), [(0o755, 0o600), (0o700, 0o640)])
def test_a_seed_that_others_can_read_is_not_opened(
    tmp_path: Path, folder_mode: int, file_mode: int
) -> None:
    (tmp_path / seed.FILE).write_text("{}")
    (tmp_path / seed.FILE).chmod(file_mode)
    tmp_path.chmod(folder_mode)
    with pytest.raises(seed.FolderOpen):
        seed.unseal(tmp_path, PASSPHRASE.encode())


# Its registration and its book, in this process: the same functions, without the waiting

ACCOUNTS = [seed._account(bytes([n]) * 32, "regtest") for n in (1, 2, 3)]
VAULT = Vault([account.xpub for account in ACCOUNTS], 2, "regtest")
STRANGER = seed._account(bytes([9]) * 32, "regtest")
OTHER_VAULT = Vault([ACCOUNTS[0].xpub, ACCOUNTS[1].xpub, STRANGER.xpub], 2, "regtest")


def checksummed(descriptor: str) -> str:
    return f"{descriptor}#{seed_checksum(descriptor)}"


def seed_checksum(descriptor: str) -> str:
    from embit.descriptor.checksum import checksum  # noqa: PLC0415 - one use

    return str(checksum(descriptor))


def test_a_registration_is_said_once(tmp_path: Path) -> None:
    register(tmp_path, ACCOUNTS[0], VAULT.descriptor, HOUSE_HEX)
    register(tmp_path, ACCOUNTS[0], VAULT.descriptor, HOUSE_HEX)
    assert registered(tmp_path, ACCOUNTS[0]).vault == VAULT.descriptor
    for vault, house in ((OTHER_VAULT.descriptor, HOUSE_HEX), (VAULT.descriptor, "11" * 32)):
        with pytest.raises(RegisteredOtherwise):
            register(tmp_path, ACCOUNTS[0], vault, house)
    assert registered(tmp_path, ACCOUNTS[0]).vault == VAULT.descriptor


KEY = ACCOUNTS[0].xpub
KEYS = f"{KEY}/<0;1>/*,{STRANGER.xpub}/<0;1>/*"


@pytest.mark.parametrize(
    ("vault", "house", "refusal"),
    [
        (VAULT.descriptor.replace("sortedmulti(2", "sortedmulti(1"), HOUSE_HEX, DescriptorWrong),
        (VAULT.descriptor.partition("#")[0], HOUSE_HEX, DescriptorWrong),
        (VAULT.descriptor + "x", HOUSE_HEX, DescriptorWrong),
        ("", HOUSE_HEX, DescriptorWrong),
        ("é", HOUSE_HEX, DescriptorWrong),
        (checksummed("wsh(sortedmulti(2))"), HOUSE_HEX, DescriptorWrong),
        (checksummed(f"wpkh({KEY}/<0;1>/*)"), HOUSE_HEX, DescriptorWrong),
        (checksummed(f"sh(wsh(sortedmulti(2,{KEYS})))"), HOUSE_HEX, DescriptorWrong),
        (checksummed(f"wsh(multi(2,{KEYS}))"), HOUSE_HEX, DescriptorWrong),
        (checksummed(f"wsh(or_i(pk({KEY}/<0;1>/*),pk({STRANGER.xpub}/<0;1>/*)))"), HOUSE_HEX,
         DescriptorWrong),
        (checksummed(f"wsh(sortedmulti(2,{KEYS}))").replace("<0;1>", "<0;2>"), HOUSE_HEX,
         DescriptorWrong),
        (checksummed(f"wsh(sortedmulti(2,{KEYS}))".replace("<0;1>", "<0;2>")), HOUSE_HEX,
         DescriptorWrong),
        (checksummed(f"wsh(sortedmulti(2,{KEYS}))".replace("/*", "")), HOUSE_HEX, DescriptorWrong),
        (checksummed(f"wsh(sortedmulti(2,{KEY}/<0;1>/*,{KEY}/<0;1>/*))"), HOUSE_HEX,
         DescriptorWrong),
        (OTHER_VAULT.descriptor.replace("a", "b", 1), HOUSE_HEX, DescriptorWrong),
        (checksummed(f"wsh(sortedmulti(1,{STRANGER.xpub}/<0;1>/*))"), HOUSE_HEX, NotAHolder),
        (checksummed(f"wsh(sortedmulti(2,{KEYS}))".replace(KEY, KEY.partition("]")[2])),
         HOUSE_HEX, NotAHolder),
        (checksummed(f"wsh(sortedmulti(2,{KEYS}))".replace(KEY[:9], "[00000000")), HOUSE_HEX,
         NotAHolder),
        (VAULT.descriptor, "", HouseKeyWrong),
        (VAULT.descriptor, "zz" * 32, HouseKeyWrong),
        (VAULT.descriptor, "00" * 31, HouseKeyWrong),
    ],
)  # fmt: skip
def test_a_wrong_registration_is_refused(
    tmp_path: Path, vault: str, house: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        register(tmp_path, ACCOUNTS[0], vault, house)
    with pytest.raises(NotRegistered):
        registered(tmp_path, ACCOUNTS[0])


def test_a_registration_is_of_one_key(tmp_path: Path) -> None:
    register(tmp_path, ACCOUNTS[0], VAULT.descriptor, HOUSE_HEX)
    with pytest.raises(NotAHolder):
        registered(tmp_path, STRANGER)


def test_of_one_cycle_any_two_signed_transactions_share_a_coin(tmp_path: Path) -> None:
    """It is not enough to share one with the last: then the first could confirm, too."""
    statement = stated(VAULT, 1_000)
    with Book(tmp_path) as book:
        book.enter(statement, "t1", frozenset({"a", "b"}))
        book.enter(statement, "t1", frozenset({"a", "b"}))
        book.enter(statement, "t2", frozenset({"b", "c"}))
        for coins in ({"c", "d"}, {"d"}, {"a"}):
            with pytest.raises(CycleSigned):
                book.enter(statement, "t3", frozenset(coins))
        with pytest.raises(CycleDiffers):
            book.enter(stated(VAULT, 1_001), "t4", frozenset({"b"}))
        book.enter(stated(VAULT, 1_001, cycle="two"), "t5", frozenset({"z"}))


def test_what_is_given_up_shares_a_coin_with_all_signed_before_and_ends_it(tmp_path: Path) -> None:
    pays, nobody = stated(VAULT, 1_000), stated(VAULT)
    with Book(tmp_path) as book:
        book.enter(pays, "t1", frozenset({"a", "b"}))
        book.enter(pays, "t2", frozenset({"b", "c"}))
        with pytest.raises(CycleSigned):
            book.enter(nobody, "t3", frozenset({"c", "d"}))
        book.enter(nobody, "t4", frozenset({"a", "c"}))
        book.enter(nobody, "t5", frozenset({"a", "b", "d"}))  # at a higher fee, say
        with pytest.raises(CycleSigned):
            book.enter(nobody, "t6", frozenset({"b"}))
    with Book(tmp_path) as book:  # opened anew: it remembers
        for statement in (pays, stated(VAULT, 1_001)):
            with pytest.raises(CycleDiffers):
                book.enter(statement, "t7", frozenset({"a", "b", "c", "d"}))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.lists(
        st.tuples(st.frozensets(st.sampled_from("abcde"), min_size=1), st.booleans()), max_size=8
    )
)
def test_no_two_transactions_of_a_cycle_can_both_confirm(
    tmp_path: Path, asked: list[tuple[frozenset[str], bool]]
) -> None:
    """Whether they pay what it owes or nobody; and what pays never comes after what does not."""
    accepted, pay = [], []
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    for number, (coins, pays) in enumerate(asked):
        with Book(folder) as book:  # opened anew each time: it remembers
            try:
                book.enter(stated(VAULT, *[1_000] * pays), f"t{number}", coins)
            except (CycleSigned, CycleDiffers):
                continue
        accepted.append(coins)
        pay.append(pays)
    assert all(one & other for one, other in combinations(accepted, 2))
    assert pay == sorted(pay, reverse=True)
    assert bool(accepted) == bool(asked)


def test_a_line_cut_off_by_a_crash_is_forgotten_and_a_changed_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "signed.jsonl"
    with Book(tmp_path) as book:
        book.enter(stated(VAULT, 1_000), "t1", frozenset({"a"}))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-9])
    with Book(tmp_path) as book:
        assert path.read_bytes() == whole
        with pytest.raises(CycleSigned):
            book.enter(stated(VAULT, 1_000), "t2", frozenset({"b"}))
        with pytest.raises(FolderBusy):
            Book(tmp_path)
    for broken in (whole[2:], b"[]\n", b"{}\n", b"\xff\n", b"\n"):
        path.write_bytes(broken + whole)
        with pytest.raises(BookBroken):
            Book(tmp_path)


@pytest.mark.parametrize("room", [0, 10])
def test_what_cannot_be_recorded_is_not_signed(desk: Desk, tmp_path: Path, room: int) -> None:
    """A full disk stops the signer, whether a line fits in part or not at all."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(BookBroken):
            ask(desk, PLAIN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "signed.jsonl").stat().st_size == room


# What is asked, and refused


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    registration = register(tmp_path, ACCOUNTS[2], VAULT.descriptor, HOUSE_HEX)
    with Book(tmp_path) as book:
        yield Desk(ACCOUNTS[2], registration, book)


STATEMENT = stated(VAULT, 60_000, 25_000)
COINS, PREVIOUS = paid_in(VAULT, 70_000, 50_000)
PLAIN = composed(VAULT, STATEMENT, COINS, PREVIOUS)


def ask(
    desk: Desk, psbt: str, statement: Statement = STATEMENT, signature: str | None = None
) -> dict[str, Any]:
    request = {
        "psbt": psbt,
        "statement": document(statement),
        "signature": signature or sign_statement(statement, HOUSE),
    }
    return desk.answer(json.dumps(request).encode() + b"\n")[0]


def code(answer: dict[str, Any]) -> str:
    assert answer.keys() == {"refused"}
    return str(answer["refused"]["code"])


def test_what_is_stated_is_signed_for_every_input(desk: Desk) -> None:
    for _ in range(2):  # a retry gets the same answer
        answer = ask(desk, PLAIN)
        psbt = PSBT.from_base64(answer["psbt"])
        assert [len(scope.partial_sigs) for scope in psbt.inputs] == [1, 1]
        assert psbt.tx.serialize() == PSBT.from_base64(PLAIN).tx.serialize()


@pytest.mark.parametrize("rate", [1, 5, 20])
def test_a_fee_may_be_raised_by_spending_the_same_coin(desk: Desk, rate: int) -> None:
    ask(desk, PLAIN)
    more, more_previous = paid_in(VAULT, 30_000, first=7)
    bump = composed(VAULT, STATEMENT, COINS[:1] + more, PREVIOUS | more_previous, rate)
    assert "psbt" in ask(desk, bump)


def test_a_cycle_is_not_signed_again_with_other_coins(desk: Desk) -> None:
    ask(desk, PLAIN)
    again = composed(VAULT, STATEMENT, *paid_in(VAULT, 70_000, 50_000, first=20))
    assert code(ask(desk, again)) == "signer.cycle-signed"
    assert code(ask(desk, again, replace(STATEMENT, change_index=4))) == "signer.output-foreign"
    other = stated(VAULT, 60_001, 25_000)
    assert code(ask(desk, composed(VAULT, other, COINS, PREVIOUS), other)) == "signer.cycle-differs"
    later = replace(STATEMENT, cycle=CycleId(ids.derived("cyc", "later")))
    assert "psbt" in ask(desk, again, later)


def test_what_is_given_up_stays_in_the_vault(desk: Desk) -> None:
    """All of it, but the fee; and then nothing of the cycle is paid."""
    ask(desk, PLAIN)
    nobody = stated(VAULT)
    back = composed(VAULT, nobody, COINS, PREVIOUS)
    (kept,) = [vout for vout in PSBT.from_base64(back).tx.vout if vout.value]
    assert kept.script_pubkey.data == VAULT.change(3).script
    assert code(ask(desk, PLAIN, nobody)) == "signer.output-foreign"
    assert "psbt" in ask(desk, back, nobody)
    assert code(ask(desk, PLAIN)) == "signer.cycle-differs"


def test_what_was_refused_is_not_remembered(desk: Desk) -> None:
    high = composed(VAULT, STATEMENT, *paid_in(VAULT, 100_000, first=20), rate=60)
    assert code(ask(desk, high)) == "signer.fee-too-high"
    assert "psbt" in ask(desk, PLAIN)


def test_a_change_output_may_be_missing(desk: Desk) -> None:
    exact = replace(STATEMENT, fee_units_max=10**6)
    psbt = PSBT.from_base64(PLAIN)
    change = VAULT.change(3).script
    psbt.outputs = [out for out in psbt.outputs if out.script_pubkey.data != change]
    assert "psbt" in ask(desk, psbt.to_base64(), exact)


def tampered(change: Callable[[Any], None]) -> str:
    psbt = PSBT.from_base64(PLAIN)
    change(psbt)
    return str(psbt.to_base64())


def set_on(part: str, name: str, value: Any) -> Callable[[Any], None]:
    """Change a field of the first input or output."""

    def change(psbt: Any) -> None:
        setattr(getattr(psbt, part)[0], name, value)

    return change


def set_derivation(*path: int, fingerprint: bytes = ACCOUNTS[2].fingerprint) -> Any:
    def change(psbt: Any) -> None:
        mine = psbt.inputs[0].bip32_derivations
        for key, one in mine.items():
            if one.fingerprint == ACCOUNTS[2].fingerprint:
                mine[key] = DerivationPath(fingerprint, list(path))

    return change


def raise_amount(psbt: Any) -> None:
    """Claim an input to be larger: the fee seems low, and is high in truth."""
    claimed = psbt.inputs[0].witness_utxo
    psbt.inputs[0].witness_utxo = TransactionOutput(claimed.value + 1, claimed.script_pubkey)


def raise_amount_twice(psbt: Any) -> None:
    """Claim it in the previous transaction, too, which then is another."""
    raise_amount(psbt)
    psbt.inputs[0].non_witness_utxo.vout[0].value += 1


def add_output(script: bytes, units: int) -> Callable[[Any], None]:
    def change(psbt: Any) -> None:
        vout = TransactionOutput(units, Script(script))
        psbt.outputs.append(psbt.PSBTOUT_CLS(vout=vout))

    return change


def steal_change(psbt: Any) -> None:
    for out in psbt.outputs:
        if out.script_pubkey.data == VAULT.change(3).script:
            out.script_pubkey = Script(VAULT.change(4).script)


def shave(psbt: Any) -> None:
    psbt.outputs[1].value -= 1


def drop_anchor(psbt: Any) -> None:
    del psbt.outputs[0]


def double_anchor(psbt: Any) -> None:
    psbt.outputs.append(psbt.outputs[0])


def change_anchor(psbt: Any) -> None:
    psbt.outputs[0].script_pubkey = Script(b"\x6a\x20" + bytes(32))


def pay_anchor(psbt: Any) -> None:
    psbt.outputs[0].value += 1


def add_repeated(psbt: Any) -> None:
    psbt.inputs.append(psbt.inputs[0])


def add_stranger(psbt: Any) -> None:
    """Spend the coin of another vault in which this signer's key is not."""
    coins, previous = paid_in(OTHER_VAULT, 40_000)
    psbt.inputs += PSBT.from_base64(OTHER_VAULT.compose(coins, previous, [], 0, 1)).inputs


def swap_previous(psbt: Any) -> None:
    psbt.inputs[0].non_witness_utxo = psbt.inputs[1].non_witness_utxo


def spend_beyond(psbt: Any) -> None:
    psbt.inputs[0].vout = 5


def set_whole(name: str, value: Any) -> Callable[[Any], None]:
    def change(psbt: Any) -> None:
        setattr(psbt, name, value)

    return change


def drop_inputs(psbt: Any) -> None:
    psbt.inputs = []


ACCOUNT_PATH = ACCOUNTS[2].path


TAMPERED: list[tuple[Callable[[Any], None], str]] = [
    (set_whole("locktime", 500), "signer.time-locked"),
    (set_on("inputs", "sequence", 5), "signer.time-locked"),
    (set_on("inputs", "sequence", 1 << 22 | 5), "signer.time-locked"),
    (add_repeated, "signer.input-repeated"),
    (add_stranger, "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH, 0, 1), "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH, 1, 0), "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH, 2, 0), "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH, 0, 1 << 31), "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH, 0, 0, 0), "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH), "signer.input-foreign"),
    (set_derivation(0, 0), "signer.input-foreign"),
    (set_derivation(*ACCOUNT_PATH, 0, 0, fingerprint=b"abcd"), "signer.input-foreign"),
    (set_on("inputs", "bip32_derivations", {}), "signer.input-foreign"),
    (set_on("inputs", "witness_utxo", None), "signer.input-foreign"),
    (set_on("inputs", "witness_script", None), "signer.input-foreign"),
    (set_on("inputs", "witness_script", Script(b"\x51")), "signer.input-foreign"),
    (
        set_on("inputs", "witness_utxo", TransactionOutput(70_000, Script(b"\x51"))),
        "signer.input-foreign",
    ),
    (set_on("inputs", "non_witness_utxo", None), "signer.amount-wrong"),
    (raise_amount, "signer.amount-wrong"),
    (raise_amount_twice, "signer.amount-wrong"),
    (swap_previous, "signer.amount-wrong"),
    (set_on("inputs", "txid", bytes(32)), "signer.amount-wrong"),
    (spend_beyond, "signer.amount-wrong"),
    (set_on("inputs", "sighash_type", SIGHASH.NONE), "signer.sighash-wrong"),
    (set_on("inputs", "sighash_type", SIGHASH.SINGLE), "signer.sighash-wrong"),
    (set_on("inputs", "sighash_type", SIGHASH.DEFAULT), "signer.sighash-wrong"),
    (set_on("inputs", "sighash_type", 0x81), "signer.sighash-wrong"),
    (shave, "signer.output-foreign"),
    (steal_change, "signer.output-foreign"),
    (drop_anchor, "signer.anchor-missing"),
    (double_anchor, "signer.output-foreign"),
    (change_anchor, "signer.output-foreign"),
    (pay_anchor, "signer.output-foreign"),
    (set_on("outputs", "script_pubkey", Script(b"\x51")), "signer.output-foreign"),
    (add_output(VAULT.receive(99).script, 1_000), "signer.output-foreign"),
    (add_output(VAULT.receive(10_000).script, 60_000), "signer.output-foreign"),
    (add_output(b"\x6a", 0), "signer.output-foreign"),
    (add_output(VAULT.change(3).script, 1_000), "signer.output-foreign"),
    (lambda psbt: psbt.outputs.pop(), "signer.pay-out-missing"),
    (lambda psbt: psbt.inputs.pop(0), "signer.fee-negative"),
    (set_whole("version", 2), "signer.psbt-malformed"),
    (set_whole("unknown", {b"\x01x": b"y"}), "signer.psbt-malformed"),
    (set_on("inputs", "unknown", {b"\x55": b"y"}), "signer.psbt-malformed"),
    (set_on("inputs", "unknown", {b"\x0f": b"\1\0\0\0"}), "signer.psbt-malformed"),
    (set_on("outputs", "unknown", {b"\x03": b"\1\0\0\0\0\0\0\0"}), "signer.psbt-malformed"),
    (set_on("outputs", "unknown", {b"\x55": b"y"}), "signer.psbt-malformed"),
    (set_on("inputs", "redeem_script", Script(b"\x51")), "signer.psbt-malformed"),
    (set_on("inputs", "final_scriptsig", Script(b"\x51")), "signer.psbt-malformed"),
    (set_on("inputs", "final_scriptwitness", Witness([b"x"])), "signer.psbt-malformed"),
    (set_on("inputs", "taproot_merkle_root", bytes(32)), "signer.psbt-malformed"),
    (drop_inputs, "signer.psbt-malformed"),
    (set_whole("outputs", []), "signer.psbt-malformed"),
]


@pytest.mark.parametrize(
    ("change", "expected"),
    TAMPERED,
    ids=[f"{expected}-{number}" for number, (_, expected) in enumerate(TAMPERED)],
)
def test_a_tampered_transaction_is_not_signed(
    desk: Desk, change: Callable[[Any], None], expected: str
) -> None:
    text = tampered(change)
    assert text != PLAIN
    assert code(ask(desk, text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "é", "AAAA", "cHNidP8=", "cHNidP8B", PLAIN[:-4], PLAIN + "AAAA", " " + PLAIN),
        PLAIN.replace("A", "B", 1),
        base64.b64encode(base64.b64decode(PLAIN)[:200]).decode(),
        # No transaction, and 2**60 inputs claimed (BIP 370's PSBT_GLOBAL_INPUT_COUNT)
        base64.b64encode(
            b"psbt\xff\x01\x04\x09\xff" + (1 << 60).to_bytes(8, "little") + b"\0"
        ).decode(),
        # The transaction, and then such a count
        base64.b64encode(
            b"psbt\xff\x01\x00\x0c\x02\0\0\0\0\x01\0\0\0\0\0\0"
            b"\x01\x04\x09\xff" + (1 << 60).to_bytes(8, "little") + b"\0"
        ).decode(),
    ],
)
def test_what_is_no_psbt_is_not_signed(desk: Desk, text: str) -> None:
    assert code(ask(desk, text)) == "signer.psbt-malformed"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"vault": OTHER_VAULT.descriptor}, "signer.vault-differs"),
        ({"asset": bitcoin("bip122:000000000019d6689c085ae165831e93").identity},
         "signer.asset-differs"),
        ({"asset": "bip122:000000000933ea01ad0ee984209779ba/slip44:1"}, "signer.asset-differs"),
        ({"fee_units_max": 1}, "signer.fee-too-high"),
        ({"change_index": 4}, "signer.output-foreign"),
        ({"anchor": "5a" * 32}, "signer.output-foreign"),
        ({"pay_outs": STATEMENT.pay_outs[:1]}, "signer.output-foreign"),
        ({"pay_outs": (replace(STATEMENT.pay_outs[0], units=60_001), STATEMENT.pay_outs[1])},
         "signer.output-foreign"),
        ({"pay_outs": (*STATEMENT.pay_outs, replace(STATEMENT.pay_outs[1],
          participant=ParticipantId("9" * 20)))}, "signer.pay-out-missing"),
        ({"pay_outs": (replace(STATEMENT.pay_outs[0],
          address="bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),)}, "signer.address-wrong"),
        ({"pay_outs": (replace(STATEMENT.pay_outs[0],
          address="1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),)}, "signer.address-wrong"),
        ({"pay_outs": (replace(STATEMENT.pay_outs[0], address="x" * 40),)}, "signer.address-wrong"),
        ({"pay_outs": (replace(STATEMENT.pay_outs[0],
          address=STATEMENT.pay_outs[0].address[:-1] + "q"),)}, "signer.address-wrong"),
    ],
)  # fmt: skip
def test_another_statement_does_not_cover_the_transaction(
    desk: Desk, changed: dict[str, Any], expected: str
) -> None:
    assert code(ask(desk, PLAIN, replace(STATEMENT, **changed))) == expected


def test_addresses_of_every_kind_can_be_paid(desk: Desk) -> None:
    """Both libraries read an address as the same script."""
    texts = [
        "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
        "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
        Script(b"\xa9\x14" + bytes(20) + b"\x87").address(PREFIXES["regtest"]),
        Script(b"\x51\x20" + bytes.fromhex("79be667ef9dcbbac55a06295ce870b07" * 2)).address(
            PREFIXES["regtest"]
        ),
        VAULT.receive(77).text.upper(),
    ]
    pay_outs = tuple(
        PayOut(ParticipantId(f"{n:020d}"), text, 9_000) for n, text in enumerate(texts)
    )
    statement = stated(VAULT, 1, pay_outs=pay_outs)
    assert "psbt" in ask(desk, composed(VAULT, statement, COINS, PREVIOUS), statement)


def test_only_the_registered_house_is_followed(desk: Desk) -> None:
    other = sign_statement(STATEMENT, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    for signature in (other, "00" * 64, "", sign_statement(stated(VAULT, 1_000), HOUSE)):
        answer = ask(desk, PLAIN, STATEMENT, signature or "none")
        assert code(answer) == "statement.signature-wrong"


GOOD = {
    "psbt": PLAIN,
    "statement": document(STATEMENT),
    "signature": sign_statement(STATEMENT, HOUSE),
}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (None, "signer.request-malformed"),
        (b"", "signer.request-malformed"),
        (b"\x00\n", "signer.request-malformed"),
        pytest.param(b"[" * 100_000, "signer.request-malformed", id="deep list"),
        pytest.param(b'{"psbt":' * 10_000, "signer.request-malformed", id="deep object"),
        pytest.param(b"9" * 10_000, "signer.request-malformed", id="long number"),
        (b"null\n", "signer.request-malformed"),
        (json.dumps([GOOD]).encode(), "signer.request-malformed"),
        (json.dumps(GOOD | {"more": 1}).encode(), "signer.request-malformed"),
        (json.dumps(GOOD | {"psbt": None}).encode(), "signer.request-malformed"),
        (json.dumps(GOOD | {"psbt": [PLAIN]}).encode(), "signer.request-malformed"),
        (json.dumps(GOOD | {"signature": 5}).encode(), "signer.request-malformed"),
        (json.dumps(GOOD)[:-1].encode(), "signer.request-malformed"),
        (json.dumps(GOOD)[:-1].encode() + b',"psbt":"x"}', "signer.request-malformed"),
        (json.dumps({"psbt": PLAIN}).encode(), "signer.request-malformed"),
        (json.dumps(GOOD | {"statement": None}).encode(), "statement.malformed"),
        (json.dumps(GOOD | {"statement": "x"}).encode(), "statement.malformed"),
        (json.dumps(GOOD | {"statement": {}}).encode(), "statement.malformed"),
        (
            json.dumps(GOOD | {"statement": document(STATEMENT) | {"x": 1}}).encode(),
            "statement.malformed",
        ),
        (
            json.dumps(GOOD | {"statement": document(STATEMENT) | {"fee_units_max": 1}}).encode(),
            "statement.malformed",
        ),
        (json.dumps(GOOD | {"psbt": "\ud800"}).encode(), "signer.psbt-malformed"),
    ],
)
def test_a_malformed_request_is_refused(desk: Desk, line: bytes | None, expected: str) -> None:
    assert code(desk.answer(line)[0]) == expected
    assert "psbt" in ask(desk, PLAIN)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_change_of_bytes_makes_it_sign_another_transaction(
    desk: Desk, data: st.DataObject
) -> None:
    raw = bytearray(base64.b64decode(PLAIN))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        cut = data.draw(st.integers(0, 12))
        raw[at : at + cut] = data.draw(st.binary(max_size=12))
    answer = ask(desk, base64.b64encode(raw).decode())
    if "psbt" in answer:
        signed = PSBT.from_base64(answer["psbt"]).tx
        assert signed.vout == PSBT.from_base64(PLAIN).tx.vout
        assert [vin.txid for vin in signed.vin] == [
            vin.txid for vin in PSBT.from_base64(PLAIN).tx.vin
        ]
    else:
        assert code(answer).startswith("signer.")


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(line: bytes) -> None:
    # Nothing of a desk is reached by what is no request.
    desk = Desk.__new__(Desk)
    assert code(desk.answer(line)[0]) == "signer.request-malformed"


def test_the_log_holds_nothing_that_the_house_chose_freely(desk: Desk) -> None:
    line = json.dumps(GOOD | {"psbt": "forged\nsigned cyc_1"}).encode()
    assert desk.answer(line)[1] == "refused signer.psbt-malformed"
    assert "\n" not in desk.answer(json.dumps(GOOD).encode())[1]


def test_requests_may_come_on_standard_input(institutions: Institutions, tmp_path: Path) -> None:
    """One process from its creation to its end, over pipes alone."""
    folder = tmp_path / "piped"
    xpub = order(folder, PASSPHRASE, "create", "--network", "regtest")["xpub"]
    assert order(folder, PASSPHRASE, "xpub") == {"xpub": xpub}
    vault = Vault([xpub, ACCOUNTS[0].xpub], 1, "regtest")
    program = [*client_program(), str(folder), "serve"]
    passphrase = PASSPHRASE.encode() + b"\n"
    unknown = subprocess.run(program, input=passphrase, capture_output=True, check=False)
    assert unknown.returncode == 1
    assert b"signer.not-registered" in unknown.stdout

    words = ("register", "--vault", vault.descriptor, "--house", HOUSE_HEX)
    order(folder, PASSPHRASE, *words)
    statement = stated(vault, 60_000)
    coins, previous = paid_in(vault, 70_000)
    request = {
        "psbt": composed(vault, statement, coins, previous),
        "statement": document(statement),
        "signature": sign_statement(statement, HOUSE),
    }
    long = b"x" * (LINE_BYTES_MAX + 1) + b"\n"
    lines = passphrase + b"{}\n" + long + json.dumps(request).encode() + b"\n" + b'{"psbt'
    done = subprocess.run(program, input=lines, capture_output=True, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(answer) for answer in answers] == [["refused"], ["refused"], ["psbt"], ["refused"]]
    assert_valid(finalise(answers[2]["psbt"])[0], previous)
    log = done.stderr.decode().splitlines()
    assert [line.split()[0] for line in log] == ["refused", "refused", "signed", "refused"]
    assert statement.cycle in log[2]
    assert done.returncode == 0

    (folder / "signed.jsonl").write_bytes(b"changed\n")
    broken = subprocess.run(program, input=passphrase, capture_output=True, check=False)
    assert broken.returncode == 3
    assert b"signer.book-broken" in broken.stdout
    assert institutions.vault.descriptor != vault.descriptor


def client_program() -> list[str]:
    from clearhouse.chains.signer.client import PROGRAM  # noqa: PLC0415 - one use

    return PROGRAM
