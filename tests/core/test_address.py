"""Addresses: every vector of BIP 173, BIP 350 and EIP-55, and agreement with two other readers."""

from contextlib import suppress
from hashlib import sha256
from typing import Any

import bdkpython as bdk
import pytest
from embit import base58, bech32
from embit.networks import NETWORKS as EMBIT
from embit.script import Script
from hypothesis import assume, given
from hypothesis import strategies as st

from clearhouse.chains import vault
from clearhouse.core import address
from clearhouse.core.address import (
    NETWORKS,
    Address,
    AddressChecksumMissing,
    AddressChecksumWrong,
    AddressKind,
    AddressMalformed,
    AddressOfOtherNetwork,
    AddressVersionUnused,
    evm_text,
    keccak256,
    parse,
    parse_evm,
)
from clearhouse.core.errors import Kind, Refusal

P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
SCRIPT = bytes.fromhex("0014751e76e8199196d454941c45d1b3a323f1433bd6")
P2PKH = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
P2PKH_OF_TEST = "mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r"
P2SH = "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"

# BIP 173, "valid Bech32", and BIP 350, "valid Bech32m": the checksum, whatever it guards.
BECH32 = [
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
]
BECH32M = [
    "A1LQFN3A",
    "a1lqfn3a",
    "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
    "?1v759aa",
]
# Both BIPs, "not valid".
BECH32_WRONG = [
    " 1nwldj5", "\x7f1axkwrx", "\x801eym55h",
    "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
    "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "de1lg7wt\xff", "A1G7SGD8", "10a06t8",
    "1qzzfhee", " 1xj0phk", "\x7f1g6xzxy", "\x801vctc34",
    "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
    "qyrz8wqd2c9m", "1qyrz8wqd2c9m", "y1b0jsk6g", "lt1igcx5c0", "in1muywd", "mm1crxm3i",
    "au1s5cgom", "M1VUXWEZ", "16plkw9", "1p2gdwpf",
]  # fmt: skip
# BIP 350, "valid segwit addresses", of versions in use.
WITNESS = {
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "0014751e76e8199196d454941c45d1b3a323f1433bd6",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": (
        "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"
    ),
    "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": (
        "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
    ),
    "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": (
        "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
    ),
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": (
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    ),
}
# The same list's others: right, but anybody could take what is paid there.
UNUSED = [
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
    "BC1SW50QGDZ25J",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
]
# Both BIPs, "invalid segwit addresses" (and of BIP 173's valid ones those of version 1 and above,
# which BIP 350 makes invalid), by what is wrong with them.
WITNESS_WRONG: dict[type[Refusal], list[str]] = {
    AddressChecksumWrong: [
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7k7grplx",
        "BC1SW50QA3JX3S",
        "bc1zw508d6qejxtdg4y5r3zarvaryvg6kdaj",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2",
        "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90",
        "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
        "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
    ],
    AddressOfOtherNetwork: [
        "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty",
        "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
    ],
    AddressMalformed: [
        "bc1rw5uspcuh",
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7",
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv",
        "bc1gmk9yu",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "bc1pw5dgrnzv",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
    ],
}


def network_of(text: str) -> str:
    return "testnet4" if text.lower().startswith("tb1") else "main"


def left_by(text: str) -> int:
    human, _, data = text.lower().rpartition("1")
    return address._polymod(human, address._digits(data))


@pytest.mark.parametrize("text", BECH32)
def test_a_checksum_of_bip_173_is_right(text: str) -> None:
    assert left_by(text) == 1


@pytest.mark.parametrize("text", BECH32M)
def test_a_checksum_of_bip_350_is_right(text: str) -> None:
    assert left_by(text) == 0x2BC830A3


@pytest.mark.parametrize("text", [*BECH32, *BECH32M, *BECH32_WRONG])
def test_no_other_bech32_is_an_address(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(text, "main")
    assert refused.value.code.startswith("address.")


@pytest.mark.parametrize("text", WITNESS)
def test_an_address_of_a_witness_has_its_script_and_small_letters(text: str) -> None:
    found = parse(text, network_of(text))
    assert found.text == text.lower()
    assert found.script.hex() == WITNESS[text]


@pytest.mark.parametrize("text", UNUSED)
def test_a_version_without_meaning_is_refused(text: str) -> None:
    with pytest.raises(AddressVersionUnused, match="not in use yet"):
        parse(text, "main")


@pytest.mark.parametrize(
    ("text", "refusal"), [(text, of) for of, texts in WITNESS_WRONG.items() for text in texts]
)
def test_a_wrong_address_of_a_witness_is_told_what_is_wrong(
    text: str, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        parse(text, network_of(text))


@pytest.mark.parametrize(
    ("text", "network", "kind", "script"),
    [
        (P2PKH, "main", "p2pkh", f"76a914{SCRIPT[2:].hex()}88ac"),
        (P2SH, "main", "p2sh", "a914bcfeb728b584253d5f3f70bcb780e9ef218a68f487"),
        (P2PKH_OF_TEST, "signet", "p2pkh", f"76a914{SCRIPT[2:].hex()}88ac"),
        (P2WPKH, "main", "p2wpkh", SCRIPT.hex()),
        ("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "regtest", "p2wpkh", SCRIPT.hex()),
        ("1111111111111111111114oLvT2", "main", "p2pkh", f"76a914{'00' * 20}88ac"),
    ],
)
def test_each_kind_is_read(text: str, network: str, kind: str, script: str) -> None:
    assert parse(text, network) == Address(text, AddressKind(kind), bytes.fromhex(script))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        (P2WPKH, "testnet4"),
        (P2WPKH, "regtest"),
        (P2PKH, "signet"),
        (P2SH, "testnet4"),
        (P2PKH_OF_TEST, "main"),
        ("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "testnet4"),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "regtest"),
        ("LKDxGDJq5TeGcpoAFjyNHkPQUUZWSMJFJH", "main"),
        ("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "main"),
    ],
)
def test_an_address_of_another_network_is_told_as_one(text: str, network: str) -> None:
    if text.startswith("L"):  # version 0x30, of Litecoin
        text = base58.encode_check(b"\x30" + SCRIPT[2:])
    with pytest.raises(AddressOfOtherNetwork, match="give one that begins with") as refused:
        parse(text, network)
    assert refused.value.context == {"network": network}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        f" {P2WPKH}",
        f"{P2WPKH}\n",
        P2WPKH[:-1] + "\N{KELVIN SIGN}",
        "bc1",
        "bc1q",
        "x" * 91,
        "1" * 35,
        P2PKH[:-1] + "0",
        P2PKH + "1",
        "bitcoin:" + P2WPKH,
        P2WPKH.replace("w", "W"),
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        base58.encode_check(b"\x00" + bytes(19)),
    ],
)
def test_what_has_no_form_of_an_address_is_malformed(text: str) -> None:
    with pytest.raises(AddressMalformed, match="no address of Bitcoin"):
        parse(text, "main")


def test_the_refusals_have_their_kinds() -> None:
    assert AddressMalformed.kind is AddressChecksumWrong.kind is Kind.MALFORMED
    assert AddressOfOtherNetwork.kind is Kind.CONFLICT
    assert AddressVersionUnused.kind is Kind.FORBIDDEN


# Any address, and what becomes of it.

networks = st.sampled_from(sorted(NETWORKS))
HUMANS = {"main": "bc", "regtest": "bcrt"}


@st.composite
def addresses(draw: st.DrawFn) -> tuple[str, str, str]:
    """An address of a version in use as embit writes it; its network, and its kind."""
    network = draw(networks)
    kind = draw(st.sampled_from(sorted(AddressKind)))
    size = 32 if kind in {AddressKind.P2WSH, AddressKind.P2TR} else 20
    program = draw(st.binary(min_size=size, max_size=size))
    versions = EMBIT["main" if network == "main" else "test"]
    if kind in {AddressKind.P2PKH, AddressKind.P2SH}:
        return base58.encode_check(versions[kind] + program), network, kind
    version = int(kind == AddressKind.P2TR)
    return bech32.encode(HUMANS.get(network, "tb"), version, program), network, kind


@given(addresses())
def test_other_readers_find_the_same_script(drawn: tuple[str, str, str]) -> None:
    text, network, kind = drawn
    found = parse(text, network)

    assert (found.text, found.kind) == (text, kind)
    assert found.script == vault.script_of(text, network)
    assert found.script == Script.from_address(text).data


@given(addresses())
def test_capitals_are_the_same_address_only_in_bech32(drawn: tuple[str, str, str]) -> None:
    text, network, _ = drawn
    if "1q" in text[:6] or "1p" in text[:6]:
        assert parse(text.upper(), network) == parse(text, network)
    else:
        with pytest.raises(Refusal):
            parse(text.upper(), network)


@given(addresses(), networks)
def test_a_right_address_is_of_its_network_or_of_another(
    drawn: tuple[str, str, str], network: str
) -> None:
    text, _, _ = drawn
    try:
        script: Any = parse(text, network).script
    except AddressOfOtherNetwork:
        script = None
    try:
        judged: Any = vault.script_of(text, network)
    except vault.AddressWrong:
        judged = None
    assert script == judged


@given(addresses(), st.data())
def test_one_wrong_character_is_found(drawn: tuple[str, str, str], data: st.DataObject) -> None:
    """It is said to be wrong, and not what would be right; or the form has gone with it."""
    text, network, kind = drawn
    plain = kind in {"p2pkh", "p2sh"}
    start = 0 if plain else text.index("1") + 1
    at = data.draw(st.integers(start, len(text) - 1))
    alphabet = address.BASE58 if plain else address.BECH32
    other = data.draw(st.sampled_from(alphabet.replace(text[at], "")))
    wrong = text[:at] + other + text[at + 1 :]

    with pytest.raises(Refusal) as refused:
        parse(wrong, network)
    # In base 58 the whole number changes: it may have more bytes, or fewer, from any place on.
    if plain:
        assert refused.value.code in {"address.checksum-wrong", "address.malformed"}
    else:
        assert refused.value.code == "address.checksum-wrong"
    assert text not in refused.value.detail


@given(addresses(), st.data())
def test_two_characters_that_changed_places_are_found(
    drawn: tuple[str, str, str], data: st.DataObject
) -> None:
    text, network, _ = drawn
    at = data.draw(st.integers(5, len(text) - 2))
    wrong = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if wrong != text:
        with pytest.raises(AddressChecksumWrong):
            parse(wrong, network)


@given(
    st.text() | st.text(address.BASE58, max_size=40) | st.text(address.BECH32 + "1", max_size=95)
)
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for network in NETWORKS:
        with suppress(AddressMalformed, AddressChecksumWrong, AddressOfOtherNetwork):
            assert parse(text, network).script == vault.script_of(text, network)


@given(networks, st.integers(0, 31), st.binary(max_size=42), st.booleans())
def test_no_other_witness_program_is_taken(
    network: str, version: int, program: bytes, is_new: bool
) -> None:
    """Versions and lengths of every kind, with either checksum."""
    digits = [version, *bech32.convertbits(program, 8, 5)]
    encoding = bech32.Encoding.BECH32M if is_new else bech32.Encoding.BECH32
    text = bech32.bech32_encode(encoding, HUMANS.get(network, "tb"), digits)
    used = {(0, 20): False, (0, 32): False, (1, 32): True}
    if used.get((version, len(program))) is is_new:
        assert parse(text, network).script == vault.script_of(text, network)
        return
    with pytest.raises(Refusal) as refused:
        parse(text, network)
    try:
        vault.script_of(text, network)
    except vault.AddressWrong:
        return
    # BDK knows one more: version 1 of other lengths than taproot's, which consensus lets anybody
    # spend (BIP 341).
    assert version == 1
    assert refused.value.code == "address.version-unused"


def test_bdk_takes_what_anybody_could_spend() -> None:
    """Why `vault.script_of` and this part ways: P2A is one of them."""
    anchor = "bc1pfeessrawgf"
    assert bdk.Address(anchor, bdk.Network.BITCOIN)
    with pytest.raises(AddressVersionUnused):
        parse(anchor, "main")


# Ethereum.

# EIP-55's own test cases: all capitals, all small, and normal.
EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
accounts = st.binary(min_size=20, max_size=20)


@pytest.mark.parametrize("text", EIP_55)
def test_the_cases_of_eip_55_are_read_and_written(text: str) -> None:
    found = parse_evm(text)
    assert (found.text, found.account.hex()) == (text, text[2:].lower())
    assert evm_text(found.account) == text


@pytest.mark.parametrize("text", EIP_55[4:])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_without_its_capitals_it_is_refused_and_told(text: str, case: Any) -> None:
    with pytest.raises(AddressChecksumMissing, match=text):
        parse_evm("0x" + case(text[2:]))


@given(accounts, st.data())
def test_a_wrong_capital_or_digit_is_found_and_not_mended(
    account: bytes, data: st.DataObject
) -> None:
    text = evm_text(account)
    at = data.draw(st.integers(2, 41))
    other = data.draw(st.sampled_from("0123456789abcdefABCDEF".replace(text[at], "")))
    wrong = text[:at] + other + text[at + 1 :]
    # A checksum has about 15 bits (EIP-55), so that a wrong digit may by chance be a right address.
    assume(evm_text(bytes.fromhex(wrong[2:])) != wrong)
    with pytest.raises((AddressChecksumWrong, AddressChecksumMissing)) as refused:
        parse_evm(wrong)

    one_case = wrong[2:] in {wrong[2:].lower(), wrong[2:].upper()}
    assert (refused.type is AddressChecksumMissing) is one_case
    assert one_case or text not in refused.value.detail


@given(accounts)
def test_an_account_comes_back(account: bytes) -> None:
    assert parse_evm(evm_text(account)).account == account


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        EIP_55[4][2:],
        EIP_55[4] + "0",
        EIP_55[4][:-1],
        "0X" + EIP_55[4][2:],
        f"{EIP_55[4]}\n",
        P2WPKH,
    ],
)
def test_what_is_no_account_is_malformed(text: str) -> None:
    with pytest.raises(AddressMalformed, match="40 hexadecimal digits"):
        parse_evm(text)


@given(st.text())
def test_any_text_is_an_account_or_refused(text: str) -> None:
    with pytest.raises(AddressMalformed):
        parse_evm(text)


def test_keccak_is_not_sha_3() -> None:
    """The Keccak team's vector for the empty message, which SHA3-256 has otherwise."""
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak256(b"").hex() == empty
    assert keccak256(b"") != sha256(b"").digest()
