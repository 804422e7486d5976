"""`Account`: the institution's key to the vault, made from a seed that is sealed in its folder.

The seed is 32 random bytes (BIP 32 asks for 16 to 64), made here and shown to nobody; it is on disk
only under ChaCha20-Poly1305 (RFC 8439), with a key that scrypt (RFC 7914) makes of the passphrase.
The sealed file, with the passphrase kept elsewhere, is also the institution's backup.
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from embit.bip32 import HARDENED_INDEX, HDKey
from embit.networks import NETWORKS as PREFIXES

from clearhouse.core.errors import Kind, Refusal

FORM = "clearhouse.seed.1"
FILE = "seed.json"
PASSPHRASE_BYTES_MIN = 12
SEED_BYTES = 32
# OWASP Password Storage Cheat Sheet: 2**17, 8, 1 (128 MiB).
SCRYPT_N, SCRYPT_R, SCRYPT_P = 2**17, 8, 1

# Bitcoin Core's name of a chain: whose address and key prefixes it has, its SLIP-44 coin type, and
# its CAIP-2 name (the first 32 digits of its genesis block's hash).
NETWORKS: dict[str, tuple[dict[str, Any], int, str]] = {
    "main": (PREFIXES["main"], 0, "bip122:000000000019d6689c085ae165831e93"),
    "test": (PREFIXES["test"], 1, "bip122:000000000933ea01ad0ee984209779ba"),
    "testnet4": (PREFIXES["test"], 1, "bip122:00000000da84f2bafbbc53dee25a72ae"),
    "signet": (PREFIXES["signet"], 1, "bip122:00000008819873e925422c1ff0f99f7c"),
    "regtest": (PREFIXES["regtest"], 1, "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"),
}


class FolderOpen(Refusal):
    """A signer's folder or key file can be read by others, or is not its own."""

    code = "signer.folder-open"
    kind = Kind.FORBIDDEN


class PassphraseWeak(Refusal):
    """A passphrase is too short."""

    code = "signer.passphrase-weak"
    kind = Kind.MALFORMED


class PassphraseWrong(Refusal):
    """A passphrase does not open the seed."""

    code = "signer.passphrase-wrong"
    kind = Kind.FORBIDDEN


class SeedExists(Refusal):
    """A signer's folder has a seed already; a seed is never made anew."""

    code = "signer.seed-exists"
    kind = Kind.CONFLICT


class SeedMissing(Refusal):
    """A signer's folder has no seed yet."""

    code = "signer.seed-missing"
    kind = Kind.UNKNOWN


class SeedMalformed(Refusal):
    """A signer's seed file does not have its form."""

    code = "signer.seed-malformed"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Account:
    """The account key of BIP 48 for script type 2 (wsh): m/48h/coin typeh/0h/2h.

    Attributes:
        network: Bitcoin Core's name of the chain.
        fingerprint: Of the master key.
        path: From the master key.
        private: embit's HDKey; never shown.
    """

    network: str
    fingerprint: bytes
    path: tuple[int, ...]
    private: Any = field(repr=False)

    @property
    def xpub(self) -> str:
        """The public account key with its origin, as descriptors have it (BIP 380)."""
        path = "/".join(f"{step - HARDENED_INDEX}h" for step in self.path)
        return f"[{self.fingerprint.hex()}/{path}]{self.private.to_public().to_base58()}"


def create(folder: Path, passphrase: bytes, network: str) -> Account:
    """Make a new seed and seal it in `folder`, which is made if it is not there.

    Raises:
        PassphraseWeak, FolderOpen, SeedExists: In this precedence; nothing is written.
    """
    if len(passphrase) < PASSPHRASE_BYTES_MIN:
        raise PassphraseWeak(f"{len(passphrase)} bytes; at least {PASSPHRASE_BYTES_MIN}")
    folder.mkdir(mode=0o700, exist_ok=True)
    require_private(folder)
    seed, salt, nonce = (secrets.token_bytes(count) for count in (SEED_BYTES, 16, 12))
    sealed = _cipher(passphrase, salt).encrypt(nonce, seed, _bound(network))
    written = {
        "form": FORM,
        "network": network,
        "salt": salt.hex(),
        "nonce": nonce.hex(),
        "sealed": sealed.hex(),
    }
    try:
        write_new(folder / FILE, json.dumps(written).encode())
    except FileExistsError as wrong:
        raise SeedExists(str(folder)) from wrong
    return _account(seed, network)


def unseal(folder: Path, passphrase: bytes) -> tuple[bytes, str]:
    """Open the seed of `folder`.

    Returns:
        The seed, and the network that it was made for.

    Raises:
        SeedMissing, FolderOpen, SeedMalformed, PassphraseWrong: In this precedence.
    """
    path = folder / FILE
    if not path.is_file():
        raise SeedMissing(f"{folder}: create it first")
    require_private(folder, path)
    try:
        written = json.loads(path.read_bytes())
        network = written["network"]
        salt, nonce, sealed = (bytes.fromhex(written[name]) for name in ("salt", "nonce", "sealed"))
        is_known = written["form"] == FORM and network in NETWORKS
    except (ValueError, KeyError, TypeError) as wrong:
        raise SeedMalformed(f"{path}: {type(wrong).__name__}") from wrong
    if not is_known or len(nonce) != 12:  # noqa: PLR2004 - RFC 8439: 96 bits
        raise SeedMalformed(f"{path}: not {FORM}, or of an unknown network")
    try:
        return _cipher(passphrase, salt).decrypt(nonce, sealed, _bound(network)), network
    except InvalidTag as wrong:
        raise PassphraseWrong(f"{path}: it does not open, or was changed") from wrong


def open_account(folder: Path, passphrase: bytes) -> Account:
    """Open the account key of `folder`.

    Raises:
        SeedMissing, FolderOpen, SeedMalformed, PassphraseWrong: In this precedence.
    """
    return _account(*unseal(folder, passphrase))


def require_private(*paths: Path) -> None:
    """Check that each of `paths` is this user's, and that no other can reach into it.

    Raises:
        FolderOpen: One is not.
    """
    for path in paths:
        status = path.stat()
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise FolderOpen(f"{path}: make it your own, mode 0700 for folders, 0600 for files")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that was not there, for this user alone, and have it on disk.

    Raises:
        FileExistsError: It is there.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too
    finally:
        os.close(folder)


def _cipher(passphrase: bytes, salt: bytes) -> ChaCha20Poly1305:
    kdf = Scrypt(salt=salt, length=32, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P)
    return ChaCha20Poly1305(kdf.derive(passphrase))


def _bound(network: str) -> bytes:
    """What is sealed with the seed: a test network's seed cannot be passed off as main net's."""
    return f"{FORM} {network}".encode()


def _account(seed: bytes, network: str) -> Account:
    prefixes, coin_type, _ = NETWORKS[network]
    path = tuple(int(HARDENED_INDEX) + step for step in (48, coin_type, 0, 2))
    root = HDKey.from_seed(seed, version=prefixes["xprv"])
    return Account(network, bytes(root.my_fingerprint), path, root.derive(path))
