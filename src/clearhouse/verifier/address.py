"""Bitcoin's addresses, and the scripts that they stand for.

P2PKH, P2SH    base58check
P2WPKH, P2WSH  bech32 (BIP 173), witness version 0
P2TR           bech32m (BIP 350), witness version 1
"""

from hashlib import sha256

from clearhouse.verifier.wrong import Wrong

# For each network: the versions of base58check for P2PKH and P2SH, and bech32's human-readable part
PREFIXES = {
    "main": (0x00, 0x05, "bc"),
    "testnet4": (0x6F, 0xC4, "tb"),
    "signet": (0x6F, 0xC4, "tb"),
    "regtest": (0x6F, 0xC4, "bcrt"),
}
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE58_BYTES, CHECK_BYTES = 25, 4  # a version, a hash of 20 bytes and the check
DIGIT_BITS = 5  # of bech32
BASE58_LENGTH_MAX = 35  # characters of so many bytes
BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32_LENGTH_MAX = 90
BECH32_CHECK = 6  # characters
CHECKS = {0: 1, 1: 0x2BC830A3}  # by witness version: what the checksum of bech32 or bech32m leaves
GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
PROGRAMS = {(0, 20), (0, 32), (1, 32)}  # witness versions, and the bytes that follow


def script_of(address: str, network: str) -> bytes:
    """The script of an output that pays to an address.

    Raises:
        Wrong: `address.malformed`, it is no address, one of another network, or of a witness
            version that has no meaning yet.
    """
    if network not in PREFIXES:
        raise _malformed(f"{network!r:.40} is none of {', '.join(PREFIXES)}")
    pubkey_version, script_version, human = PREFIXES[network]
    if address.lower().startswith(f"{human}1"):
        return _witness_script(address, human)
    content = _base58_content(address)
    if content[0] == pubkey_version:  # OP_DUP OP_HASH160 <20> OP_EQUALVERIFY OP_CHECKSIG
        return b"\x76\xa9\x14" + content[1:] + b"\x88\xac"
    if content[0] == script_version:  # OP_HASH160 <20> OP_EQUAL
        return b"\xa9\x14" + content[1:] + b"\x87"
    raise _malformed(f"{address!r:.100} is no address of {network}")


def _base58_content(address: str) -> bytes:
    """Read base58check: the version and the hash."""
    if len(address) > BASE58_LENGTH_MAX or not set(address) <= set(BASE58):
        raise _malformed(f"{address!r:.100} is no address")
    number = 0
    for one in address:
        number = 58 * number + BASE58.index(one)
    # The ones in front are the bytes of zero in front, neither more nor fewer.
    zeros = len(address) - len(address.lstrip(BASE58[0]))
    content = bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, check = content[:-CHECK_BYTES], content[-CHECK_BYTES:]
    if len(content) != BASE58_BYTES:
        raise _malformed(f"{address!r:.100} has another length than an address")
    if sha256(sha256(body).digest()).digest()[:CHECK_BYTES] != check:
        raise _malformed(f"{address!r:.100}: a character is wrong")
    return body


def _witness_script(address: str, human: str) -> bytes:
    """Read bech32 or bech32m: a witness version and program, as a script."""
    one_case = address in {address.lower(), address.upper()}
    # Some characters outside of ASCII, as the Kelvin sign, are letters of ASCII in lower case.
    if len(address) > BECH32_LENGTH_MAX or not one_case or not address.isascii():
        raise _malformed(f"{address!r:.100} is too long, in both cases, or not of ASCII")
    data = address.lower()[len(human) + 1 :]
    if len(data) <= BECH32_CHECK or not set(data) <= set(BECH32):
        raise _malformed(f"{address!r:.100} is no address")
    values = [BECH32.index(one) for one in data]
    version, digits = values[0], values[1:-BECH32_CHECK]
    if version not in CHECKS:
        raise _malformed(f"{address!r:.100}: witness version {version} has no meaning yet")
    expanded = [ord(one) >> 5 for one in human] + [0] + [ord(one) & 31 for one in human]
    if _polymod(expanded + values) != CHECKS[version]:
        raise _malformed(f"{address!r:.100}: a character is wrong")
    program = _bytes_of(digits)
    if program is None or (version, len(program)) not in PROGRAMS:
        raise _malformed(f"{address!r:.100} has another length than an address")
    opcode = 0x50 + version if version else 0  # OP_0, OP_1
    return bytes([opcode, len(program)]) + program


def _polymod(values: list[int]) -> int:
    """The remainder of bech32's checksum (BIP 173)."""
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(GENERATORS):
            if top >> bit & 1:
                found ^= generator
    return found


def _bytes_of(digits: list[int]) -> bytes | None:
    """Digits of five bits as bytes; nothing if those left over are a digit or not zero."""
    number = 0
    for digit in digits:
        number = number << DIGIT_BITS | digit
    count, left = divmod(DIGIT_BITS * len(digits), 8)
    if left >= DIGIT_BITS or number & ((1 << left) - 1):
        return None
    return (number >> left).to_bytes(count, "big")


def _malformed(detail: str) -> Wrong:
    return Wrong("address.malformed", detail)
