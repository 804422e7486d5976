"""How output scripts are written as addresses: as lists of sanctions and explorers have them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.chains.transaction import address_of
from clearhouse.core.address import NETWORKS, AddressKind, parse

# The key that the main network's first block pays, and its address: in every explorer.
GENESIS_KEY = (
    "04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb6"
    "49f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f"
)
GENESIS_ADDRESS = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
SHAPES = {
    AddressKind.P2PKH: (bytes.fromhex("76a914"), 20, bytes.fromhex("88ac")),
    AddressKind.P2SH: (bytes.fromhex("a914"), 20, bytes.fromhex("87")),
    AddressKind.P2WPKH: (bytes.fromhex("0014"), 20, b""),
    AddressKind.P2WSH: (bytes.fromhex("0020"), 32, b""),
    AddressKind.P2TR: (bytes.fromhex("5120"), 32, b""),
}


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("network", NETWORKS)
def test_an_address_is_read_as_the_script_it_was_written_from(
    kind: AddressKind, network: str
) -> None:
    before, size, after = SHAPES[kind]

    @given(st.binary(min_size=size, max_size=size))
    def holds(program: bytes) -> None:
        script = before + program + after
        read = parse(address_of(script, network), network)
        assert (read.script, read.kind) == (script, kind)

    holds()


def test_a_key_by_itself_has_the_address_of_its_hash() -> None:
    key = bytes.fromhex(GENESIS_KEY)
    assert address_of(b"\x41" + key + b"\xac", "main") == GENESIS_ADDRESS
    short = bytes([2 + key[-1] % 2]) + key[1:33]
    assert address_of(b"\x21" + short + b"\xac", "main").startswith("1")
    assert address_of(b"\x21" + short + b"\xac", "main") != GENESIS_ADDRESS


OTHERS = {
    "nothing": "",
    "data": "6a0401020304",
    "two of two": "52" + ("21" + "02" * 33) * 2 + "52ae",
    "a later witness version": "5220" + "11" * 32,
    "a witness of another size": "0015" + "11" * 21,
    "a key and no check of it": "21" + "02" * 33 + "ad",
    "a key of another size": "22" + "02" * 34 + "ac",
}


@pytest.mark.parametrize("script", OTHERS.values(), ids=OTHERS)
def test_what_has_no_address_is_told_by_its_hash(script: str) -> None:
    raw = bytes.fromhex(script)
    assert address_of(raw, "regtest") == f"script:{sha256(raw).hexdigest()}"


@given(st.binary(max_size=80))
def test_whatever_a_script_is_it_is_one_word_that_can_be_compared(script: bytes) -> None:
    text = address_of(script, "main")
    assert text
    assert len(text.split()) == 1
    assert len(text) <= 90
