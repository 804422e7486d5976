"""`Address`: where somebody is paid, in Bitcoin or on an Ethereum-like chain, read strictly.

```text
Bitcoin   p2pkh, p2sh      Base58Check
          p2wpkh, p2wsh    bech32 (BIP 173), witness version 0
          p2tr             bech32m (BIP 350), witness version 1
Ethereum  an account       0x and 40 hexadecimal digits, whose capitals are a checksum (EIP-55)
```

Nothing is guessed, trimmed or corrected: whoever gets a corrected address back will not look at it
again. Checks come in the order form, checksum, network, use. So a mistyped address is told as
mistyped, and `address.wrong-network` means that every character is right.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from hashlib import sha256
from operator import xor

from Crypto.Hash import keccak

from clearhouse.core.errors import Kind, Refusal


class AddressMalformed(Refusal):
    """A text has not the form of an address."""

    code = "address.malformed"
    kind = Kind.MALFORMED


class AddressChecksumWrong(Refusal):
    """An address has a wrong character, or two that changed places."""

    code = "address.checksum-wrong"
    kind = Kind.MALFORMED


class AddressChecksumMissing(Refusal):
    """An address of an Ethereum-like chain is written without the capitals that guard it."""

    code = "address.checksum-missing"
    kind = Kind.MALFORMED


class AddressOfOtherNetwork(Refusal):
    """An address is right, and of another network."""

    code = "address.wrong-network"
    kind = Kind.CONFLICT


class AddressVersionUnused(Refusal):
    """An address has a witness version or length without a meaning yet: anybody could take it."""

    code = "address.version-unused"
    kind = Kind.FORBIDDEN


class AddressKind(StrEnum):
    """What an address of Bitcoin stands for."""

    P2PKH = "p2pkh"  # the hash of a public key
    P2SH = "p2sh"  # the hash of a script
    P2WPKH = "p2wpkh"  # witness version 0, the hash of a public key
    P2WSH = "p2wsh"  # witness version 0, the hash of a script
    P2TR = "p2tr"  # witness version 1, a public key


@dataclass(frozen=True, slots=True)
class Address:
    """An address of Bitcoin.

    Attributes:
        text: In its one canonical form: bech32 in lower case.
        kind: What it stands for.
        script: The output script (scriptPubKey), 22 to 34 bytes.
    """

    text: str
    kind: AddressKind
    script: bytes


@dataclass(frozen=True, slots=True)
class EvmAddress:
    """An account of an Ethereum-like chain.

    Attributes:
        text: With its checksum (EIP-55).
        account: Its 20 bytes.
    """

    text: str
    account: bytes


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """How a network's addresses begin: Base58Check's versions, bech32's human-readable part."""

    p2pkh: int
    p2sh: int
    human: str


_TEST = _Prefixes(0x6F, 0xC4, "tb")
# Bitcoin Core's names of the chains (`getblockchaininfo`); its chainparams.cpp has the prefixes.
NETWORKS = {
    "main": _Prefixes(0x00, 0x05, "bc"),
    "test": _TEST,
    "testnet4": _TEST,
    "signet": _TEST,
    "regtest": _Prefixes(0x6F, 0xC4, "bcrt"),
}
BEGINNINGS = {"main": "1, 3 or bc1", "regtest": "m, n, 2 or bcrt1"}
BEGINNING_OF_TEST = "m, n, 2 or tb1"

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE58_FORM = re.compile(rf"[{BASE58}]{{25,35}}", re.ASCII)  # what 25 bytes may look like
BASE58_BYTES, CHECK_BYTES = 25, 4  # a version, a hash of 20 bytes, and the check

BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32_LENGTH_MAX = 90  # BIP 173
BECH32_CHECK = 6  # characters
# A witness address of any network: a human part, the separator, a version, 2 bytes, the checksum.
BECH32_FORM = re.compile(rf"([a-z]{{1,20}})1([{BECH32}]{{11,}})", re.ASCII)
DIGIT_BITS = 5
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
# What the five bits that leave the checksum's left end add to it: BIP 173's loop, for each value.
CARRIED = tuple(
    reduce(xor, [one for bit, one in enumerate(GENERATORS) if top >> bit & 1], 0)
    for top in range(1 << DIGIT_BITS)
)
BECH32_LEFT, BECH32M_LEFT = 1, 0x2BC830A3  # what a right checksum leaves, in BIP 173 and BIP 350

VERSION_MAX = 16  # BIP 141; the other values of a digit are no witness versions
PROGRAM_BYTES_MIN, PROGRAM_BYTES_MAX = 2, 40  # BIP 141
USED = {  # witness versions and lengths with a meaning: BIP 141, BIP 341
    (0, 20): AddressKind.P2WPKH,
    (0, 32): AddressKind.P2WSH,
    (1, 32): AddressKind.P2TR,
}

EVM_FORM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
CAPITAL_FROM = 8  # EIP-55: a letter is a capital where the hash has a digit of 8 or more


def parse(text: str, network: str) -> Address:
    """Read an address of Bitcoin.

    Args:
        text: The address, with nothing around it.
        network: Bitcoin Core's name of the chain: main, test, testnet4, signet or regtest.

    Raises:
        AddressMalformed, AddressChecksumWrong, AddressOfOtherNetwork, AddressVersionUnused: In
            this precedence; what a checksum cannot tell of is malformed after it.
    """
    assert network in NETWORKS, network
    if not text.isascii() or not 0 < len(text) <= BECH32_LENGTH_MAX:
        raise _malformed(text)
    humans = {prefixes.human for prefixes in NETWORKS.values()}
    if text.lower().startswith(tuple(f"{human}1" for human in humans)):
        return _witness(text, network)
    if BASE58_FORM.fullmatch(text):
        return _base58(text, network)
    if form := BECH32_FORM.fullmatch(text.lower() if text == text.upper() else text):
        # Of some other chain, or a character of the human part is wrong.
        if _polymod(form[1], _digits(form[2])) in {BECH32_LEFT, BECH32M_LEFT}:
            raise _other_network(text, network)
        raise _checksum_wrong(text)
    raise _malformed(text)


def parse_evm(text: str) -> EvmAddress:
    """Read an address of an Ethereum-like chain; its capitals must be those of EIP-55.

    An address is the same on all such chains; which one is meant, it does not say.

    Raises:
        AddressMalformed: It is not 0x and 40 hexadecimal digits.
        AddressChecksumMissing: Its letters are all small or all capitals, and ought not to be.
        AddressChecksumWrong: They are both, and not as its digits demand.
    """
    if not EVM_FORM.fullmatch(text):
        raise AddressMalformed(f"{text!r:.100}: write 0x and 40 hexadecimal digits, nothing else")
    account = bytes.fromhex(text[2:])
    written = evm_text(account)
    if text == written:
        return EvmAddress(written, account)
    if text[2:] in {text[2:].lower(), text[2:].upper()}:
        raise AddressChecksumMissing(
            f"{text}: its checksum is in its capitals; if every digit is right, it is {written}"
        )
    raise AddressChecksumWrong(
        f"{text}: a digit is wrong, or small where a capital belongs; copy it again from the wallet"
    )


def evm_text(account: bytes) -> str:
    """Write an account, 20 bytes, with its checksum (EIP-55)."""
    assert len(account) == 20, account  # noqa: PLR2004 - the length of an account
    digits = account.hex()
    demands = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if int(demand, 16) >= CAPITAL_FROM else digit
        for digit, demand in zip(digits, demands[: len(digits)], strict=True)
    )


def keccak256(data: bytes) -> bytes:
    """Ethereum's hash, 32 bytes: Keccak as submitted, which pads otherwise than SHA-3."""
    return keccak.new(digest_bits=256, data=data).digest()


def _base58(text: str, network: str) -> Address:
    number = 0
    for one in text:
        number = 58 * number + BASE58.index(one)
    # Ones in front are the bytes of zero in front, neither more nor fewer.
    zeros = len(text) - len(text.lstrip(BASE58[0]))
    content = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(content) != BASE58_BYTES:
        raise _malformed(text)
    body, check = content[:-CHECK_BYTES], content[-CHECK_BYTES:]
    if sha256(sha256(body).digest()).digest()[:CHECK_BYTES] != check:
        raise _checksum_wrong(text)
    version, hashed = body[0], body[1:]
    if version == NETWORKS[network].p2pkh:  # OP_DUP OP_HASH160 <20> OP_EQUALVERIFY OP_CHECKSIG
        return Address(text, AddressKind.P2PKH, b"\x76\xa9\x14" + hashed + b"\x88\xac")
    if version == NETWORKS[network].p2sh:  # OP_HASH160 <20> OP_EQUAL
        return Address(text, AddressKind.P2SH, b"\xa9\x14" + hashed + b"\x87")
    raise _other_network(text, network)


def _witness(text: str, network: str) -> Address:
    canonical = text.lower()
    human, _, data = canonical.partition("1")
    if text not in {canonical, text.upper()} or not BECH32_FORM.fullmatch(canonical):
        raise _malformed(text)
    digits = _digits(data)
    version, program = digits[0], _bytes_of(digits[1:-BECH32_CHECK])
    # BIP 350: version 0 keeps the checksum of BIP 173, all others have the new one.
    if _polymod(human, digits) != (BECH32M_LEFT if version else BECH32_LEFT):
        raise _checksum_wrong(text)
    if program is None or not _is_program(version, len(program)):
        raise _malformed(text)
    if human != NETWORKS[network].human:
        raise _other_network(text, network)
    kind = USED.get((version, len(program)))
    if kind is None:
        raise AddressVersionUnused(
            f"{text}: version {version} with {len(program)} bytes is not in use yet, and whoever"
            " sees coins there may take them; give an address that begins with"
            f" {NETWORKS[network].human}1q or {NETWORKS[network].human}1p and has 42 characters"
            " or more"
        )
    opcode = 0x50 + version if version else 0  # OP_0, OP_1
    return Address(canonical, kind, bytes([opcode, len(program)]) + program)


def _is_program(version: int, count: int) -> bool:
    """Whether a witness program may have so many bytes (BIP 141)."""
    if version == 0:
        return (version, count) in USED
    return version <= VERSION_MAX and PROGRAM_BYTES_MIN <= count <= PROGRAM_BYTES_MAX


def _digits(data: str) -> list[int]:
    return [BECH32.index(one) for one in data]


def _polymod(human: str, digits: list[int]) -> int:
    """What bech32's checksum leaves of a human part and its digits (BIP 173)."""
    expanded = [ord(one) >> DIGIT_BITS for one in human] + [0] + [ord(one) & 31 for one in human]
    left = 1
    for value in expanded + digits:
        top = left >> 25
        left = (left & 0x1FFFFFF) << DIGIT_BITS ^ value ^ CARRIED[top]
    return left


def _bytes_of(digits: list[int]) -> bytes | None:
    """Digits of five bits as bytes; none if what is left over is a whole digit, or not zero."""
    number = 0
    for digit in digits:
        number = number << DIGIT_BITS | digit
    count, over = divmod(DIGIT_BITS * len(digits), 8)
    if over >= DIGIT_BITS or number & ((1 << over) - 1):
        return None
    return (number >> over).to_bytes(count, "big")


def _malformed(text: str) -> AddressMalformed:
    return AddressMalformed(
        f"{text!r:.100} is no address of Bitcoin: copy it whole, and nothing else"
    )


def _checksum_wrong(text: str) -> AddressChecksumWrong:
    return AddressChecksumWrong(
        f"{text}: a character is wrong or in a wrong place; copy it again from the wallet"
    )


def _other_network(text: str, network: str) -> AddressOfOtherNetwork:
    begins = BEGINNINGS.get(network, BEGINNING_OF_TEST)
    return AddressOfOtherNetwork(
        f"{text} is right, but no address of {network}: give one that begins with {begins}",
        network=network,
    )
