"""Descriptors: the vectors of BIP 32, 67, 380 and 383, the house's own vault, and spoilt ones."""

from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from embit import base58
from embit.bip32 import HDKey
from embit.descriptor.checksum import checksum as embits_checksum
from embit.networks import NETWORKS
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.chains.vault import Vault as HouseVault
from clearhouse.verifier.address import BASE58
from clearhouse.verifier.descriptor import (
    ExtendedKey,
    Vault,
    account_key,
    checksum,
    multisig,
)
from clearhouse.verifier.wrong import Wrong


def each(text: str) -> list[str]:
    """What is between blanks: keys are too long for a line, and a list of them for the eye."""
    return text.split()


# BIP 32's vectors 1 and 2: parents whose next step is not hardened, the index, and the child; and
# one step behind vector 1's last. Those of BIP 383 begin from vectors 2 and 3.
VECTOR_1 = each("""
xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5sk\
i8PX9rL2dZXvgGDnw
xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2Ax\
YysAA7xmALppuCkwQ
xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkr\
X7x7DogT5Uv6fcLW5
xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe\
5JnJ7dh8zL4fiyLHV
xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYB\
VPamhGW6cFJodrTHy
""")
VECTOR_2 = each("""
xpub661MyMwAqRbcFW31YEwpkMuc5THy2PSt5bDMsktWQcFF8syAmRUapSCGu8ED9W6oDMSgv6Zz8idoc4a6mr8BDzTJY4\
7LJhkJ8UB7WEGuduB
xpub69H7F5d8KSRgmmdJg2KhpAK8SR3DjMwAdkxj3ZuxV27CprR9LgpeyGmXUbC6wb7ERfvrnKZjXoUmmDznezpbZb7ap6\
r1D3tgFxHmwMkQTPH
xpub6ASAVgeehLbnwdqV6UKMHVzgqAG8Gr6riv3Fxxpj8ksbH9ebxaEyBLZ85ySDhKiLDBrQSARLq1uNRts8RuJiHjaDMB\
U4Zn9h8LZNnBC5y4a
xpub6DF8uhdarytz3FWdA8TvFSvvAh8dP3283MY7p2V4SeE2wyWmG5mg5EwVvmdMVCQcoNJxGoWaU9DCWh89LojfZ537wT\
funKau47EL2dhHKon
xpub6ERApfZwUNrhLCkDtcHTcxd75RbzS1ed54G1LkBUHQVHQKqhMkhgbmJbZRkrgZw4koxb5JaHWkY4ALHY2grBGRjaDM\
zQLcgJvLJuZZvRcEL
xpub6FnCn6nSzZAw5Tw7cgR9bi15UV96gLZhjDstkXXxvCLsUXBGXPdSnLFbdpq8p9HmGsApME5hQTZ3emM2rnY5agb9rX\
pVGyy3bdW6EEgAtqt
""")
VECTOR_3 = (
    "xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLP"
    "xSb7gwQN3ih19Zm4Y"
)
CHILDREN = [
    (VECTOR_1[0], 1, VECTOR_1[1]),
    (VECTOR_1[2], 2, VECTOR_1[3]),
    (VECTOR_1[3], 1_000_000_000, VECTOR_1[4]),
    (VECTOR_2[0], 0, VECTOR_2[1]),
    (VECTOR_2[2], 1, VECTOR_2[3]),
    (VECTOR_2[4], 2, VECTOR_2[5]),
]
# BIP 32's vector 5.
INVALID = each("""
xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6LBpB85b3D2yc8sfvZU521AAwdZafEz7mn\
zBBsz4wKY5fTtTQBm
xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGTQQD3dC4H2D5GBj7vWvSQaaBv5cxi9ga\
fk7NF3pnBju6dwKvH
xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Txnt3siSujt9RCVYsx4qHZGc62TG4McvM\
GcAUjeuwZdduYEvFn
xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFGpWnsj83BHtEy5Zt8CcDr1UiRXuWCmTQL\
xEK9vbz5gPstX92JQ
xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6N8ZMMXctdiCjxTNq964yKkwrkBJJwpzZS\
4HS2fxvyYUA4q2Xe4
xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFAzHGBP2UuGCqWLTAPLcMtD9y5gkZ6Eq3R\
juahrv17fEQ3Qen6J
xprv9s2SPatNQ9Vc6GTbVMFPFo7jsaZySyzk7L8n2uqKXJen3KUmvQNTuLh3fhZMBoG3G4ZW1N2kZuHEPY53qmbZzCHsho\
QnNf4GvELZfqTUrcv
xpub661no6RGEX3uJkY4bNnPcw4URcQTrSibUZ4NqJEw5eBkv7ovTwgiT91XX27VbEXGENhYRCf7hyEbWrR3FewATdCEeb\
j6znwMfQkhRYHRLpJ
xprv9s21ZrQH4r4TsiLvyLXqM9P7k1K3EYhA1kkD6xuquB5i39AU8KF42acDyL3qsDbU9NmZn6MsGSUYZEsuoePmjzsB3e\
FKSUEh3Gu1N3cqVUN
xpub661MyMwAuDcm6CRQ5N4qiHKrJ39Xe1R1NyfouMKTTWcguwVcfrZJaNvhpebzGerh7gucBvzEQWRugZDuDXjNDRmXzS\
Ze4c7mnTK97pTvGS8
DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHGMQzT7ayAmfo4z3gY5KfbrZWZ6St24UVf\
2Qgo6oujFktLHdHY4
DMwo58pR1QLEFihHiXPVykYB6fJmsTeHvyTp7hRThAtCX8CvYzgPcn8XnmdfHPmHJiEDXkTiJTVV9rHEBUem2mwVbbNfvT\
2MTcAqj3nesx8uBf9
xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzF93Y5wvzdUayhgkkFoicQZcP3y52uPPxFn\
foLZB21Teqt1VvEHx
xprv9s21ZrQH143K24Mfq5zL5MhWK9hUhhGbd45hLXo2Pq2oqzMMo63oStZzFAzHGBP2UuGCqWLTAPLcMtD5SDKr24z3ai\
UvKr9bJpdrcLg1y3G
xpub661MyMwAqRbcEYS8w7XLSVeEsBXy79zSzH1J8vCdxAZningWLdN3zgtU6Q5JXayek4PRsn35jii4veMimro1xefsM5\
8PgBMrvdYre8QyULY
xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtR\
BeJgk33yuGBxrMPHL
""")
# BIP 67: keys, and the script of 2 of them.
SORTED = """
02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8
02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f
522102fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f2102ff12471208c14bd58070\
9cb2358d98975247d8765f92bc25eab3b2763ed605f852ae

02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0
027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77
02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404
522102632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed021027735a29bae7780a9755f\
ae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e772102e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177\
588290ad188d11b40453ae

030000000000000000000000000000000000004141414141414141414141414141
020000000000000000000000000000000000004141414141414141414141414141
020000000000000000000000000000000000004141414141414141414141414140
030000000000000000000000000000000000004141414141414141414141414140
5221020000000000000000000000000000000000004141414141414141414141414140210200000000000000000000\
0000000000000000414141414141414141414141414121030000000000000000000000000000000000004141414141\
4141414141414141402103000000000000000000000000000000000000414141414141414141414141414154ae

022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da
03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9
021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18
5221021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc1821022df8750480ad5b26950b\
25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da2103e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b\
641209fba0d90de6e953ae
"""
# BIP 383: sortedmulti(2, vector 2's /*, vector 3's /0/0/*) at 0, 1 and 2.
MULTISIG = each("""
5221025d5fc65ebb8d44a5274b53bac21ff8307fec2334a32df05553459f8b1f7fe1b62102fbd47cc8034098f0e6a94c6a\
eee8528abf0a2153a5d8e46d325b7284c046784652ae
52210264fd4d1f5dea8ded94c61e9641309349b62f27fbffe807291f664e286bfbe6472103f4ece6dfccfa37b211eb3d0a\
f4d0c61dba9ef698622dc17eecdf764beeb005a652ae
5221022ccabda84c30bad578b13c89eb3b9544ce149787e5b538175b1d1ba259cbb83321024d902e1a2fc7a8755ab5b694\
c575fce742c48d9ff192e63df5193e4c7afe1f9c52ae
""")


@cache
def account(number: int, network: str = "regtest", path: str = "48h/1h/0h/2h") -> str:
    root: Any = HDKey.from_seed(sha256(str(number).encode()).digest(), NETWORKS[network]["xprv"])
    key = root.derive(f"m/{path}").to_public().to_base58()
    return f"[{root.my_fingerprint.hex()}/{path}]{key}"


def main_account(number: int) -> str:
    return account(number, "main", "48h/0h/0h/2h")


def written(threshold: object, accounts: list[str]) -> str:
    """A descriptor with its checksum, by embit."""
    return checked(
        f"wsh(sortedmulti({threshold},{','.join(f'{one}/<0;1>/*' for one in accounts)}))"
    )


def checked(content: str) -> str:
    return f"{content}#{embits_checksum(content)}"


ACCOUNTS = [account(number) for number in range(3)]
DESCRIPTOR = written(2, ACCOUNTS)
CONTENT, CHECK = DESCRIPTOR.split("#")
ORIGIN, KEY = ACCOUNTS[0].split("]")
MAIN, TEST = (bytes(NETWORKS[name]["xpub"]) for name in ("main", "regtest"))

accounts = st.lists(st.integers(0, 30), min_size=3, max_size=5, unique=True)
indexes = st.integers(0, 2**31 - 1) | st.integers(0, 100) | st.just(2**31 - 1)


def extended(text: str) -> ExtendedKey:
    """An extended key that needs not be an account's, by embit."""
    key = HDKey.from_string(text)
    return ExtendedKey(bytes(key.sec()), bytes(key.chain_code))


def altered(place: int, content: bytes, text: str = KEY) -> str:
    """An extended key with other bytes at a place, and its check made again."""
    raw = base58.decode_check(text)
    return str(base58.encode_check(raw[:place] + content + raw[place + len(content) :]))


def refused(descriptor: str) -> None:
    with pytest.raises(Wrong) as wrong:
        Vault(descriptor)
    assert wrong.value.code == "descriptor.malformed"


# Keys.


@pytest.mark.parametrize(("parent", "index", "child"), CHILDREN)
def test_a_child_is_bip_32s(parent: str, index: int, child: str) -> None:
    assert extended(parent).child(index) == extended(child)


@given(st.integers(0, 30), indexes)
def test_a_child_is_what_another_implementation_derives(number: int, index: int) -> None:
    text = account(number).partition("]")[2]
    key: Any = HDKey.from_string(text).derive([index])
    assert account_key(text).child(index) == ExtendedKey(bytes(key.sec()), bytes(key.chain_code))


@pytest.mark.parametrize("index", [-1, 2**31, 2**31 + 1, 2**32, -(2**31)])
def test_a_public_key_has_no_hardened_child(index: int) -> None:
    with pytest.raises(Wrong) as wrong:
        extended(VECTOR_1[0]).child(index)
    assert wrong.value.code == "descriptor.malformed"


@pytest.mark.parametrize("text", [*INVALID, *VECTOR_1, *VECTOR_2, VECTOR_3])
def test_a_key_that_is_no_account_is_refused(text: str) -> None:
    """Those of BIP 32 that are invalid; and valid ones, at other depths."""
    with pytest.raises(Wrong) as wrong:
        account_key(text)
    assert wrong.value.code == "descriptor.malformed"
    refused(written(1, [f"[00000000/48h/0h/0h/2h]{text}"]))
    refused(written(2, [f"[00000000/48h/0h/0h/2h]{text}", main_account(1)]))


def not_accounts() -> Iterator[tuple[str, str]]:
    private: Any = HDKey.from_seed(b"\1" * 32, NETWORKS["regtest"]["xprv"]).derive("m/48h/1h/0h/2h")
    yield "private", private.to_base58()
    yield "private under a public version", altered(0, bytes.fromhex("043587cf"), str(private))
    for name in ("main", "regtest"):
        for kind, version in NETWORKS[name].items():
            if kind.endswith(("pub", "prv")) and version not in {MAIN, TEST}:
                yield f"{kind} of {name}", altered(0, bytes(version))
    yield "version", altered(0, bytes.fromhex("043587ce"))
    yield "depth 3", altered(4, b"\3")
    yield "depth 5", altered(4, b"\5")
    yield "depth 0", altered(4, b"\0")
    yield "another script type", altered(9, bytes.fromhex("80000001"))
    yield "not hardened", altered(9, bytes.fromhex("00000002"))
    for prefix in (0, 1, 4, 5, 6, 7):
        yield f"prefix {prefix}", altered(45, bytes([prefix]))
    yield "no point", altered(46, (7).to_bytes(32, "big"))
    yield "x not below p", altered(46, b"\xff" * 32)
    raw = base58.decode_check(KEY)
    yield "shorter", base58.encode_check(raw[:-1])
    yield "longer", base58.encode_check(raw + b"\0")
    yield "longer in front", base58.encode_check(b"\0" + raw)
    yield "a check of another", base58.encode(raw + b"\0\0\0\0")
    yield "single hash", base58.encode(raw + sha256(raw).digest()[:4])
    yield "no key", ""
    yield "no digits", "tpub"
    yield "ones", "1" * 111
    yield "more ones", "1" + KEY
    yield "z", "z" * 111
    yield "many z", "z" * 1000
    yield "a key itself", raw[45:].hex()
    for other in "0OIl":
        yield f"no digit {other}", KEY[:-1] + other
    yield "digit of other scripts", KEY[:-1] + "\u0661"


@pytest.mark.parametrize(("_name", "text"), list(not_accounts()))
def test_a_key_with_one_thing_wrong_is_refused(_name: str, text: str) -> None:
    with pytest.raises(Wrong) as wrong:
        account_key(text).child(0)
    assert wrong.value.code == "descriptor.malformed"
    assert KEY in CONTENT
    content = CONTENT.replace(KEY, text)
    if content.isascii():
        refused(checked(content))
    refused(f"{content}#{CHECK}")


@pytest.mark.parametrize("version", [MAIN, TEST])
@pytest.mark.parametrize(("coin_type", "right"), [("0", MAIN), ("1", TEST), ("2", b"")])
def test_a_key_is_of_the_network_that_its_coin_type_says(
    coin_type: str, right: bytes, version: bytes
) -> None:
    texts = [altered(0, version, one.partition("]")[2]) for one in ACCOUNTS]
    keys = [f"[0000000{at}/48h/{coin_type}h/0h/2h]{one}" for at, one in enumerate(texts)]
    if version == right:
        assert Vault(written(2, keys)).script(False, 0) == Vault(DESCRIPTOR).script(False, 0)
    else:
        refused(written(2, keys))


def test_no_character_of_a_key_can_be_another() -> None:
    """With the descriptor's checksum made again: what is left is the key's own."""
    for place, one in enumerate(KEY):
        other = BASE58[(BASE58.index(one) + 1 + place % 57) % 58]
        for text in (KEY[:place] + other + KEY[place + 1 :], KEY[:place] + KEY[place + 1 :]):
            refused(checked(CONTENT.replace(KEY, text)))


# The script.


@pytest.mark.parametrize("vector", SORTED.split("\n\n"))
def test_keys_are_in_the_order_of_bip_67(vector: str) -> None:
    *keys, script = each(vector)
    raw = [bytes.fromhex(key) for key in keys]
    assert multisig(2, raw).hex() == script
    assert multisig(2, raw[::-1]).hex() == script


@pytest.mark.parametrize(("index", "script"), list(enumerate(MULTISIG)))
def test_a_multisig_is_bip_383s(index: int, script: str) -> None:
    keys = [extended(VECTOR_2[4]), extended(VECTOR_3).child(0).child(0)]
    assert multisig(2, [key.child(index).public for key in keys]).hex() == script


# The checksum.


def test_a_checksum_is_bip_380s() -> None:
    assert checksum("raw(deadbeef)") == "89f8spxm"
    assert checksum("raw(deedbeef)") != "89f8spxm"
    with pytest.raises(Wrong) as wrong:
        checksum("raw(Ü)")
    assert wrong.value.code == "descriptor.malformed"


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=80))
def test_a_checksum_is_what_another_implementation_finds(text: str) -> None:
    assert checksum(text) == embits_checksum(text)


@pytest.mark.parametrize("text", ["\n", "\t", "\x7f", "\0", "é", "\u0661", "raw(deadbeef)\n"])
def test_a_checksum_is_of_printable_characters(text: str) -> None:
    with pytest.raises(Wrong) as wrong:
        checksum(text)
    assert wrong.value.code == "descriptor.malformed"


@pytest.mark.parametrize(
    "descriptor",
    [
        CONTENT,
        f"{CONTENT}#",
        f"{DESCRIPTOR}q",
        DESCRIPTOR[:-1],
        f"{CONTENT}##{CHECK[1:]}",
        f"{CONTENT}##{CHECK}",
        f"{DESCRIPTOR}#{CHECK}",
        f"{CONTENT}#{CHECK.upper()}",
        f"{CONTENT}#{CHECK[::-1]}",
        f"{CONTENT}#00000000",
        f"{CONTENT}{CHECK}",
        f"{CONTENT.replace('sorted', 'sörted')}#{CHECK}",
        f"{DESCRIPTOR}\n",
        f" {DESCRIPTOR}",
        "",
        "#",
        f"#{CHECK}",
        checked("raw(deadbeef)"),
    ],
)
def test_a_checksum_is_there_and_right(descriptor: str) -> None:
    refused(descriptor)


def test_no_character_of_a_descriptor_can_be_another() -> None:
    for place, one in enumerate(DESCRIPTOR):
        for other in {chr(ord(one) ^ 1), chr(ord(one) ^ 32), "q", "1", "h", "'"} - {one}:
            refused(DESCRIPTOR[:place] + other + DESCRIPTOR[place + 1 :])
        refused(DESCRIPTOR[:place] + DESCRIPTOR[place + 1 :])
        refused(DESCRIPTOR[:place] + one + DESCRIPTOR[place:])


# The form, under a checksum that is right.


BRANCHES = """
/* /0/* /<0;1> /<0;1>/*h /<0;1>/*' /<0;1>/** /<0;1>/0 /<1;0>/* /<0;2>/* /<0,1>/* /<0;1;2>/* /<0>/*
/<0h;1h>/* /0/<0;1>/* /<0;1>/*/0 <0;1>/* //<0;1>/* /<00;1>/* /{0,1}/* /<0;1>/<0;1>/*
"""
PATHS = """
/48h/1h/0h /48h/1h/0h/2h/ /48h/1h/0h/2h/0h /48h/1h/0h/1h /48h/1h/1h/2h /48h/2h/0h/2h /49h/1h/0h/2h
/48/1h/0h/2h /48h/1h/0h/2 /48H/1H/0H/2H /48hh/1h/0h/2h /48h'/1h/0h/2h /048h/1h/0h/2h /48h/1h/0h/02h
/48h/1h/00h/2h /m/48h/1h/0h/2h 48h/1h/0h/2h //48h/1h/0h/2h /2147483696/1h/0h/2h /48h/1h/0h/*
/48h/-1h/0h/2h /48h1h/0h/2h /2h/0h/1h/48h /84h/1h/0h /48h/0h/0h/2h /48h/3h/0h/2h
"""


def spoilt() -> Iterator[str]:
    keys = [f"{one}/<0;1>/*" for one in ACCOUNTS]
    key, joined = keys[0], ",".join(keys)
    inner = CONTENT.removeprefix("wsh(").removesuffix(")")
    # Other functions.
    yield from (inner, f"sh({inner})", f"sh({CONTENT})", f"tr({inner})", f"wsh({CONTENT})")
    yield from (f"wsh(multi(2,{joined}))", f"wsh(sortedmulti_a(2,{joined}))", f"wpkh({key})")
    yield from (f"wsh(thresh(2,{joined}))", f"wsh(pk({key}))", f"WSH({inner})", f" {CONTENT}")
    yield from (f"{CONTENT} ", f"{CONTENT})", CONTENT[:-1], f"({CONTENT})", f"wsh (({inner}))")
    yield from (f"wsh(sortedmulti(2,{joined}),{key})", f"wsh(sortedmulti(2,{joined})){CONTENT}")
    # Other thresholds.
    for threshold in ("0", "4", "-1", "+2", "02", " 2", "2 ", "2.0", "", "a", "20", "99", "100"):
        yield f"wsh(sortedmulti({threshold},{joined}))"
    yield f"wsh(sortedmulti({joined}))"
    yield f"wsh(sortedmulti({joined},2))"
    # Other lists of keys.
    for listed in (
        "",
        ",",
        f"{joined},",
        f",{joined}",
        joined.replace(",", ",,"),
        f"{joined},{key}",
    ):
        yield f"wsh(sortedmulti(2,{listed}))"
    yield from (
        "wsh(sortedmulti(2))",
        f"wsh(sortedmulti(2,{key}))",
        f"wsh(sortedmulti(2,{key},{key}))",
    )
    yield CONTENT.replace(",[", ", [")
    yield CONTENT.replace(",[", ";[")
    # The same key of another holder; another key of the same holder.
    yield f"wsh(sortedmulti(2,{key},{key.replace(ORIGIN[1:9], '00000000')}))"
    yield f"wsh(sortedmulti(2,{key},{keys[1].replace(ACCOUNTS[1][1:9], ORIGIN[1:9])}))"
    # Both networks.
    yield f"wsh(sortedmulti(2,{key},{main_account(7)}/<0;1>/*))"
    yield CONTENT.replace("/1h/", "/0h/")
    yield CONTENT.replace("/1h/", "/0h/", 1)
    # Other branches.
    for branches in ("", *each(BRANCHES)):
        yield CONTENT.replace("/<0;1>/*", branches)
        yield CONTENT.replace("/<0;1>/*", branches, 1)


def spoilt_origins() -> Iterator[str]:
    fingerprint = ORIGIN[1:9]
    path = "/48h/1h/0h/2h"
    yield from ("", "[]", f"[{path}]", f"[{path[1:]}]", f"[{fingerprint}]", f"[{fingerprint}/]")
    for other in ("abcdefa", "abcdefabc", "ABCDEF01", "gbcdef01", "0xabcdef", "abcdef 1"):
        yield f"[{other}{path}]"
    for other in each(PATHS):
        yield f"[{fingerprint}{other}]"
    yield from (f"[{fingerprint}{path}", f"{fingerprint}{path}]", f"({fingerprint}{path})")
    yield from (f"[{fingerprint}{path}]" * 2, f"[{fingerprint}{path}]/", f" [{fingerprint}{path}]")


@pytest.mark.parametrize("content", list(spoilt()))
def test_another_form_is_refused(content: str) -> None:
    assert content != CONTENT
    refused(checked(content))


@pytest.mark.parametrize("origin", list(spoilt_origins()))
def test_another_origin_is_refused(origin: str) -> None:
    assert f"{ORIGIN}]{KEY}" in CONTENT
    refused(checked(CONTENT.replace(f"{ORIGIN}]", origin)))


@pytest.mark.parametrize("content", [CONTENT[:3] + "\n" + CONTENT[3:], CONTENT + "\n", "\u0661"])
def test_characters_that_no_descriptor_has_are_refused(content: str) -> None:
    refused(f"{content}#{CHECK}")


def test_a_hardened_step_is_written_in_either_way() -> None:
    script = Vault(DESCRIPTOR).script(False, 5)
    assert "h/" in DESCRIPTOR
    assert (
        Vault(checked(CONTENT.replace("h/", "'/").replace("2h]", "2']"))).script(False, 5) == script
    )
    assert Vault(checked(CONTENT.replace("h/", "'/", 2))).script(False, 5) == script
    refused(f"{CONTENT.replace('h/', chr(39) + '/')}#{CHECK}")  # each way has its own checksum


# Beside the house.


@given(accounts, st.integers(1, 3), st.booleans(), indexes)
def test_a_script_is_the_houses(
    numbers: list[int], threshold: int, is_change: bool, index: int
) -> None:
    house = HouseVault([account(number) for number in numbers], threshold, "regtest")
    vault = Vault(house.descriptor)
    expected = house.change(index) if is_change else house.receive(index)
    assert vault.script(is_change, index) == expected.script
    assert vault.script(is_change, index) == expected.script  # as it was remembered
    other = house.receive(index) if is_change else house.change(index)
    assert vault.script(not is_change, index) == other.script


@pytest.mark.parametrize(
    ("threshold", "count"), [(1, 1), (2, 2), (15, 16), (16, 17), (17, 20), (20, 20)]
)
def test_a_script_is_the_houses_of_as_many_as_there_can_be(threshold: int, count: int) -> None:
    """Above 16, a number has no opcode of its own."""
    keys = [account(number) for number in range(count)]
    house = HouseVault(keys, threshold, "regtest")
    assert Vault(house.descriptor).script(False, 3) == house.receive(3).script


def test_more_than_twenty_keys_are_refused() -> None:
    keys = [account(number) for number in range(21)]
    Vault(written(20, keys[:20]))
    refused(written(20, keys))
    refused(written(21, keys))


def test_a_script_on_main_is_the_houses() -> None:
    house = HouseVault([main_account(number) for number in range(3)], 2, "main")
    vault = Vault(house.descriptor)
    for index in (0, 1, 2**31 - 1):
        assert vault.script(False, index) == house.receive(index).script
        assert vault.script(True, index) == house.change(index).script


def test_the_order_of_the_holders_does_not_matter() -> None:
    vault, other = Vault(DESCRIPTOR), Vault(written(2, ACCOUNTS[::-1]))
    assert vault.script(True, 9) == other.script(True, 9)


def test_scripts_differ_by_threshold_branch_and_index() -> None:
    vaults = [Vault(written(threshold, ACCOUNTS)) for threshold in (1, 2, 3)]
    scripts = [
        vault.script(is_change, index)
        for vault in vaults
        for is_change in (False, True)
        for index in range(3)
    ]
    assert len(set(scripts)) == len(scripts)
    assert {(len(script), script[:2]) for script in scripts} == {(34, b"\x00\x20")}


@pytest.mark.parametrize("index", [-1, 2**31, 2**32, -(2**40)])
def test_an_index_is_not_hardened(index: int) -> None:
    vault = Vault(DESCRIPTOR)
    for is_change in (False, True):
        with pytest.raises(Wrong) as wrong:
            vault.script(is_change, index)
        assert wrong.value.code == "descriptor.malformed"
