"""Bitcoin's addresses: the vectors of BIP 173 and BIP 350, beside another implementation."""

from hashlib import sha256

import pytest
from embit import base58
from embit.script import address_to_scriptpubkey
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.verifier.address import PREFIXES, script_of
from clearhouse.verifier.wrong import Wrong

TAPROOT = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"
VALID = [
    # BIP 350.
    (
        "main",
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "0014751e76e8199196d454941c45d1b3a323f1433bd6",
    ),
    (
        "testnet4",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
    ),
    (
        "signet",
        "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
        "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    ),
    (
        "testnet4",
        "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
        "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
    ),
    (
        "main",
        TAPROOT,
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    ),
    # The first block's, and a P2SH address.
    (
        "main",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
    ),
    (
        "main",
        "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
        "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87",
    ),
    (
        "main",
        "1111111111111111111114oLvT2",
        "76a914000000000000000000000000000000000000000088ac",
    ),
]
# Good by BIP 350, and of witness versions or lengths that mean nothing yet: nobody is paid there.
UNKNOWN = [
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "BC1SW50QGDZ25J",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
]
INVALID = [
    # BIP 350.
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
    "bc1pw5dgrnzv",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    "bc1gmk9yu",
    # BIP 173, with what was good by it and is not any more.
    "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
    "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
    "bc1rw5uspcuh",
    "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
    "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
    "BC1SW50QA3JX3S",
    "bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj",
    # Others.
    "",
    "1",
    "bc1",
    "bc1q",
    "bc",
    "é",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ",
    " bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4\n",
    # The Kelvin sign, whose lower case is a k.
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7\u212aV8F3T4",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
    "11A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf0a",
    "1" * 25,
    "1" * 35,
    "z" * 35,
    "z" * 10_000,
    "bc1q" + "q" * 10_000,
]


def refused(address: str, network: str) -> None:
    with pytest.raises(Wrong) as wrong:
        script_of(address, network)
    assert wrong.value.code == "address.malformed"


@pytest.mark.parametrize(("network", "address", "script"), VALID)
def test_an_address_is_a_script(network: str, address: str, script: str) -> None:
    assert script_of(address, network).hex() == script


@pytest.mark.parametrize("network", PREFIXES)
@pytest.mark.parametrize("address", INVALID + UNKNOWN)
def test_what_is_no_address_is_refused_everywhere(address: str, network: str) -> None:
    refused(address, network)


@pytest.mark.parametrize(("network", "address", "_script"), VALID)
def test_an_address_is_of_one_network(network: str, address: str, _script: str) -> None:
    test_networks = {"testnet4", "signet"}  # which have the same addresses
    for other in PREFIXES:
        if other != network and {other, network} != test_networks:
            refused(address, other)


@pytest.mark.parametrize("network", ["", "Main", "bitcoin", "testnet3"])
def test_a_network_is_one_of_those_known(network: str) -> None:
    refused(TAPROOT, network)


@pytest.mark.parametrize("address", [address for _, address, _ in VALID])
def test_no_character_can_be_another(address: str) -> None:
    network = next(network for network, one, _ in VALID if one == address)
    for place, one in enumerate(address):
        for other in {chr(ord(one) ^ 1), "q", "p", "1", "2", "Z"} - {one}:
            refused(address[:place] + other + address[place + 1 :], network)
        refused(address[:place] + address[place + 1 :], network)
        refused(address[:place] + one + address[place:], network)


def encoded(human: str, version: int, program: bytes, constant: int) -> str:
    """A witness address, by the BIPs' own way to write it."""
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join(f"{one:08b}" for one in program)
    bits += "0" * (-len(bits) % 5)
    data = [version, *(int(bits[at : at + 5], 2) for at in range(0, len(bits), 5))]
    expanded = [ord(one) >> 5 for one in human] + [0] + [ord(one) & 31 for one in human]
    check = 1
    for value in expanded + data + [0] * 6:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(
            (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
        ):
            check ^= generator if top >> bit & 1 else 0
    check ^= constant
    data += [check >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{human}1{''.join(alphabet[one] for one in data)}"


BECH32, BECH32M = 1, 0x2BC830A3


@given(
    st.sampled_from(sorted(PREFIXES)),
    st.sampled_from([(0, 20, BECH32), (0, 32, BECH32), (1, 32, BECH32M)]),
    st.binary(min_size=32, max_size=32),
)
def test_witness_addresses_are_read_as_others_read_them(
    network: str, form: tuple[int, int, int], content: bytes
) -> None:
    version, length, constant = form
    program = content[:length]
    address = encoded(PREFIXES[network][2], version, program, constant)
    script = script_of(address, network)
    assert script == bytes([0x51 if version else 0, length]) + program
    assert script == script_of(address.upper(), network)
    assert script == address_to_scriptpubkey(address).data


@pytest.mark.parametrize("version", range(17))
@pytest.mark.parametrize("length", [2, 19, 20, 21, 31, 32, 33, 40])
def test_witness_addresses_are_of_known_versions_and_lengths(version: int, length: int) -> None:
    program = sha256(b"program").digest() + bytes(8)
    for constant in (BECH32, BECH32M):
        known = (version, length, constant) in {(0, 20, 1), (0, 32, 1), (1, 32, BECH32M)}
        address = encoded("bc", version, program[:length], constant)
        if known:
            script_of(address, "main")
        else:
            refused(address, "main")


@given(
    st.sampled_from(sorted(PREFIXES)),
    st.integers(0, 255),
    st.integers(0, 22),
    st.binary(max_size=21),
)
def test_base58_addresses_are_read_as_others_read_them(
    network: str, version: int, zeros: int, content: bytes
) -> None:
    """Zeros in front are ones in front, as many of them."""
    content = (bytes(zeros) + content)[:20].ljust(20, b"\x07")
    pubkey_version, script_version, _ = PREFIXES[network]
    for one in {pubkey_version, script_version, version}:
        address = base58.encode_check(bytes([one]) + content)
        if one in {pubkey_version, script_version}:
            assert script_of(address, network) == address_to_scriptpubkey(address).data
        else:
            refused(address, network)
        refused(f"1{address}", network)


@given(st.binary(max_size=40).filter(lambda content: len(content) != 20))
def test_base58_of_another_length_is_no_address(content: bytes) -> None:
    refused(base58.encode_check(b"\x00" + content), "main")
    refused(base58.encode_check(b"\x05" + content), "main")
