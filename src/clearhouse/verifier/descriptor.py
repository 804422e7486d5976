"""A vault's descriptor (BIP 380, 383, 389), and the scripts that it stands for.

    wsh(sortedmulti(2,[73c5da0a/48h/1h/0h/2h]tpub.../<0;1>/*,...))#checksum

Each holder's key is the account of BIP 48 for P2WSH: m/48h/coin typeh/0h/2h, where the coin type is
0 with an xpub and 1 with a tpub. Below it are two branches, 0 to be paid and 1 for change. An h may
be written as an apostrophe.
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clearhouse.verifier.address import BASE58, BECH32, CHECK_BYTES
from clearhouse.verifier.secp256k1 import KEY_BYTES, add_tweak
from clearhouse.verifier.transaction import double_hash
from clearhouse.verifier.wrong import Wrong

HARDENED = 1 << 31  # the first index that only a private key has children at
KEYS_MAX = 20  # OP_CHECKMULTISIG takes no more

# BIP 32: version, depth, the parent's fingerprint, child number, chain code, key; then the check
EXTENDED_LENGTH, EXTENDED_BYTES = 111, 78
VERSIONS = {"xpub": bytes.fromhex("0488b21e"), "tpub": bytes.fromhex("043587cf")}
NETWORKS = [{("0", "xpub")}, {("1", "tpub")}]  # coin types (SLIP 44) of BIP 48; never both
ACCOUNT = bytes([4]), (HARDENED + 2).to_bytes(4, "big")  # the depth and child number of BIP 48's

# BIP 380
CHARACTERS = (
    "0123456789()[],'/*abcdefgh@:$%{}"
    "IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~"
    'ijklmnopqrstuvwxyzABCDEFGH`#"\\ '
)
GENERATORS = (0xF5DEE51989, 0xA9FDCA3312, 0x1BAB10E32D, 0x3706B1677A, 0x644D626FFD)
CHECKSUM_LENGTH = 8

FORM = re.compile(r"(wsh\(sortedmulti\(([1-9][0-9]?),([^()#]+)\)\))#(.{8})", re.ASCII)
KEY_FORM = re.compile(
    r"\[([0-9a-f]{8})/48[h']/([01])[h']/0[h']/2[h']\](([xt]pub)[0-9A-Za-z]{107})/<0;1>/\*", re.ASCII
)


@dataclass(frozen=True, slots=True)
class ExtendedKey:
    """A public key that has children (BIP 32).

    Attributes:
        public: The key, compressed.
        chain_code: What its children are derived with besides, 32 bytes.
    """

    public: bytes
    chain_code: bytes

    def child(self, index: int) -> "ExtendedKey":
        """The child at an index, 0 to 2**31 - 1 (CKDpub).

        Raises:
            Wrong: `descriptor.malformed`, the index is another one, or the key is no point.
        """
        if not 0 <= index < HARDENED:
            raise _malformed(f"a public key has no child at {index}")
        content = self.public + index.to_bytes(4, "big")
        made = hmac.digest(self.chain_code, content, "sha512")
        public = add_tweak(self.public, int.from_bytes(made[:32], "big"))
        return ExtendedKey(public, made[32:])


class Vault:
    """Of how many holders how many can sign, and what is paid to them.

    Args:
        descriptor: As the house publishes it, with its checksum.

    Raises:
        Wrong: `descriptor.malformed`, it is of another form, its checksum or that of a key is
            wrong, a key is no account's public key, two are of one holder or of different networks,
            or there are fewer keys than must sign, or more than there can be.
    """

    def __init__(self, descriptor: str) -> None:
        form = FORM.fullmatch(descriptor)
        if form is None:
            raise _malformed(f"{descriptor!r:.80} is no wsh(sortedmulti(...)) with its checksum")
        self.text = descriptor
        content, threshold, keys, check = form.groups()
        if checksum(content) != check:
            raise _malformed(f"{descriptor!r:.80}: its checksum is not {check!r}")
        forms = [KEY_FORM.fullmatch(key) for key in keys.split(",")]
        found = [one.groups() for one in forms if one is not None]
        # The house's rule too: two keys of one seed would be one holder with two voices.
        holders = {fingerprint for fingerprint, _, _, _ in found}
        networks = {(coin_type, kind) for _, coin_type, _, kind in found}
        if len(holders) != len(forms) or networks not in NETWORKS:
            raise _malformed(
                f"{descriptor!r:.80}: a key is malformed, or of another's seed or network"
            )
        self._threshold = int(threshold)
        if not self._threshold <= len(found) <= KEYS_MAX:
            raise _malformed(f"{threshold} of {len(found)} holders cannot sign")
        accounts = [account_key(text) for _, _, text, _ in found]
        if len({account.public for account in accounts}) < len(accounts):
            raise _malformed(f"{descriptor!r:.80}: two keys are the same")
        self._branches = [[account.child(branch) for account in accounts] for branch in (0, 1)]
        self._scripts: dict[tuple[bool, int], bytes] = {}

    def script(self, is_change: bool, index: int) -> bytes:
        """The script of the output at an index, 0 to 2**31 - 1, of a branch.

        Raises:
            Wrong: `descriptor.malformed`, there is no such index.
        """
        script = self._scripts.get((is_change, index))
        if script is None:
            keys = [key.child(index).public for key in self._branches[is_change]]
            # OP_0 <32>
            script = b"\x00\x20" + sha256(multisig(self._threshold, keys)).digest()
            self._scripts[is_change, index] = script
        return script


def account_key(text: str) -> ExtendedKey:
    """Read an account's extended public key; that it is a point, its first child shows.

    Raises:
        Wrong: `descriptor.malformed`, it is not in base58check, private, or at another place in
            its wallet than BIP 48's accounts are.
    """
    if len(text) != EXTENDED_LENGTH or not set(text) <= set(BASE58):
        raise _malformed(f"{text!r:.120} is no extended key")
    number = 0
    for one in text:
        number = 58 * number + BASE58.index(one)
    # So many digits of base 58 fit; a one in front, for a byte of zero, is in none of the versions.
    raw = number.to_bytes(EXTENDED_BYTES + CHECK_BYTES, "big")
    body, check = raw[:EXTENDED_BYTES], raw[EXTENDED_BYTES:]
    if double_hash(body)[:CHECK_BYTES] != check:
        raise _malformed(f"{text}: a character is wrong")
    if body[:4] != VERSIONS.get(text[:4]) or (body[4:5], body[9:13]) != ACCOUNT:
        raise _malformed(f"{text} is no account's public key")
    return ExtendedKey(body[-KEY_BYTES:], body[13:-KEY_BYTES])


def multisig(threshold: int, keys: Sequence[bytes]) -> bytes:
    """The script that so many of the keys must sign for, in the order of BIP 67."""
    pushed = b"".join(bytes([KEY_BYTES]) + key for key in sorted(keys))
    return _number(threshold) + pushed + _number(len(keys)) + b"\xae"  # OP_CHECKMULTISIG


def _number(number: int) -> bytes:
    """Push a number, 1 to 127, in its shortest way."""
    return bytes([0x50 + number] if number <= 16 else [1, number])  # noqa: PLR2004 - OP_1 to OP_16


def checksum(text: str) -> str:
    """The checksum of a descriptor (BIP 380).

    Raises:
        Wrong: `descriptor.malformed`, a character is none of a descriptor's.
    """
    if not set(text) <= set(CHARACTERS):
        raise _malformed(f"{text!r:.80} has a character that no descriptor has")
    places = [CHARACTERS.index(one) for one in text]
    symbols = []
    for at in range(0, len(places), 3):
        # Of each three characters the low bits, and behind them the three high ones as one symbol.
        group = 0
        for place in places[at : at + 3]:
            symbols.append(place & 31)
            group = 3 * group + (place >> 5)
        symbols.append(group)
    left = _polymod([*symbols, *[0] * CHECKSUM_LENGTH]) ^ 1
    shifts = range(5 * (CHECKSUM_LENGTH - 1), -1, -5)
    return "".join(BECH32[left >> shift & 31] for shift in shifts)


def _polymod(symbols: Sequence[int]) -> int:
    """The remainder of the checksum."""
    found = 1
    for symbol in symbols:
        top = found >> 35
        found = (found & 0x7FFFFFFFF) << 5 ^ symbol
        for bit, generator in enumerate(GENERATORS):
            if top >> bit & 1:
                found ^= generator
    return found


def _malformed(detail: str) -> Wrong:
    return Wrong("descriptor.malformed", detail)
