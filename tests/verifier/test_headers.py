"""Chains of headers: real ones, and ones that are made to break each rule.

The rules of difficulty are tried on networks of their own, which are main and testnet4 with so
little work that a test can do it.
"""

import bz2
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from clearhouse.verifier import headers
from clearhouse.verifier.headers import (
    PERIOD,
    RULES,
    Header,
    check_headers,
    compact,
    parse_header,
    retargeted,
    target,
)
from clearhouse.verifier.wrong import Wrong

DATA = Path(
    os.environ.get("CLEARHOUSE_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
BLOCKS = DATA / "bitcoin" / "blocks" / "mainnet-1-255.bz2"

SATOSHIS = "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"


def packed(
    previous: str, root: str, time: int, bits: int, nonce: int, *, version: int = 1
) -> bytes:
    numbers = [number.to_bytes(4, "little") for number in (time, bits, nonce)]
    return (
        version.to_bytes(4, "little")
        + bytes.fromhex(previous)[::-1]
        + bytes.fromhex(root)
        + b"".join(numbers)
    )


NOTHING = "00" * 32
# The first blocks of each network, with the hashes that they are known by.
GENESIS = {
    "main": (
        packed(NOTHING, SATOSHIS, 1231006505, 0x1D00FFFF, 2083236893),
        "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f",
    ),
    "testnet4": (
        packed(
            NOTHING,
            "4e7b2b9128fe0291db0693af2ae418b767e657cd407e80cb1434221eaea7a07a",
            *(1714777860, 0x1D00FFFF, 393743547),
        ),
        "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043",
    ),
    "signet": (
        packed(NOTHING, SATOSHIS, 1598918400, 0x1E0377AE, 52613770),
        "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
    ),
    "regtest": (
        packed(NOTHING, SATOSHIS, 1296688602, 0x207FFFFF, 2),
        "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
    ),
}
# Blocks 1 and 2 of main.
MAIN = [
    GENESIS["main"][0],
    bytes.fromhex(
        "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744"
        "bbbe680e1fee14677ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299"
    ),
    bytes.fromhex(
        "010000004860eb18bf1b1620e37e9490fc8a427514416fd75159ab86688e9a8300000000d5fdcc541e25de1c"
        "7a5addedf24858b8bb665c9f36ef744ee42c316022c90f9bb0bc6649ffff001d08d2bd61"
    ),
]

EASY = compact(2**255 - 1)
HARDER = compact((2**255 - 1) // 8)
EASY_RULES = {
    "easy-main": replace(RULES["main"], limit=2**255 - 1),
    "easy-testnet4": replace(RULES["testnet4"], limit=2**255 - 1),
}


@pytest.fixture(autouse=True)
def _networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The networks of little work."""
    for name, rules in EASY_RULES.items():
        monkeypatch.setitem(RULES, name, rules)


def hash_of(raw: bytes) -> str:
    return sha256(sha256(raw).digest()).digest()[::-1].hex()


def mined(previous: bytes | None, time: int, bits: int, *, short: bool = False) -> bytes:
    """A header that follows another one, with its work or just `short` of it."""
    before = hash_of(previous) if previous else "11" * 32
    for nonce in range(2**20):
        raw = packed(before, "22" * 32, time, bits, nonce)
        if (int(hash_of(raw), 16) <= target(bits)) is not short:
            return raw
    raise AssertionError("no nonce is left")


def extended(chain: Sequence[bytes], *times: int, bits: int = EASY) -> list[bytes]:
    found = list(chain)
    for time in times:
        found.append(mined(found[-1] if found else None, time, bits))
    return found


def check(network: str, raws: Sequence[bytes], height: int = 0) -> list[Header]:
    return check_headers(network, height, raws, hash_of(raws[0]))


def refused(code: str, network: str, raws: Sequence[bytes], height: int = 0) -> str:
    with pytest.raises(Wrong) as wrong:
        check(network, raws, height)
    assert wrong.value.code == code
    return wrong.value.detail


# Real ones.


@pytest.mark.parametrize("network", GENESIS)
def test_the_first_header_of_each_network_is_the_known_one(network: str) -> None:
    raw, known = GENESIS[network]
    (header,) = check_headers(network, 0, [raw], known)
    assert header.hash == known
    assert (header.version, header.previous) == (1, NOTHING)
    assert header == parse_header(raw)
    (again,) = check_headers(network, 0, [raw], known.upper())
    assert again == header


def test_the_first_headers_of_main_are_a_chain() -> None:
    chain = check("main", MAIN)
    assert chain[2].hash == "000000006a625f06636b8bb6ac7b960a8d03705d1ace08b1a19da3fdcc99ddbd"
    assert chain[2].previous == chain[1].hash
    assert chain[1].merkle_root[::-1].hex() == (
        "0e3e2357e806b6cdb1f70b54c3a3a17b6714ee1f0e68bebb44a74b1efd512098"
    )


@pytest.mark.parametrize("place", range(3))
def test_no_bit_of_a_real_header_can_be_another(place: int) -> None:
    codes = set()
    for bit in range(8 * 80):
        flipped = bytearray(MAIN[place])
        flipped[bit // 8] ^= 1 << bit % 8
        raws = [*MAIN[:place], bytes(flipped), *MAIN[place + 1 :]]
        with pytest.raises(Wrong) as wrong:
            check_headers("main", 0, raws, GENESIS["main"][1])
        codes.add(wrong.value.code)
    expected = {"headers.broken", "headers.difficulty-wrong", "headers.time-wrong"}
    assert codes == (expected | {"headers.work-missing"} if place else {"headers.not-trusted"})


@pytest.mark.external
def test_the_first_255_blocks_of_main_are_a_chain() -> None:
    if not BLOCKS.exists():
        pytest.skip(f"no {BLOCKS}; set CLEARHOUSE_DATA")
    content, raws, place = bz2.decompress(BLOCKS.read_bytes()), [MAIN[0]], 0
    while place < len(content):
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        raws.append(content[place + 8 : place + 88])
        place += 8 + size
    chain = check("main", raws)
    assert len(chain) == 256
    assert chain[170].hash == "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee"
    for gone in (1, 100, 254):
        refused("headers.broken", "main", [*raws[:gone], *raws[gone + 1 :]])


# Bits.


@pytest.mark.parametrize(
    ("bits", "number"),
    [
        (0x1D00FFFF, 0xFFFF << 208),
        (0x1B0404CB, 0x0404CB << 192),
        (0x207FFFFF, 0x7FFFFF << 232),
        (0x2100FFFF, 0xFFFF << 240),
        (0x05009234, 0x92340000),
        (0x04123456, 0x12345600),
        (0x03123456, 0x123456),
        (0x02123456, 0x1234),
        (0x01123456, 0x12),
        (0x02008000, 0x80),
    ],
)
def test_bits_are_a_target(bits: int, number: int) -> None:
    """As in Bitcoin Core's own test (arith_uint256_tests.cpp)."""
    assert target(bits) == number
    assert target(compact(number)) == number


@pytest.mark.parametrize(
    "bits",
    [
        *(0, 0x00123456, 0x01003456, 0x02000056, 0x03000000, 0x04000000, 0x20000000, 0xFF000000),
        *(0x00923456, 0x01803456, 0x03800000, 0x01FEDCBA, 0x04923456, 0x1D80FFFF, 0x1DFFFFFF),
        *(0xFF123456, 0x23000001, 0x2200FFFF, 0x21010000, 0x217FFFFF),
    ],
)
def test_bits_that_are_zero_negative_or_too_large_are_no_target(bits: int) -> None:
    with pytest.raises(Wrong, match=r"headers\.difficulty-wrong"):
        target(bits)


@pytest.mark.parametrize(
    ("number", "bits"),
    [
        (0, 0),
        (0x12, 0x01120000),
        (0x80, 0x02008000),
        (0x1234, 0x02123400),
        (0x123456, 0x03123456),
        (0x12345678, 0x04123456),
        (0x92345678, 0x05009234),
        (2**224 - 1, 0x1D00FFFF),
        (2**255 - 1, 0x207FFFFF),
    ],
)
def test_a_target_is_written_as_bits_with_its_rest_cut_off(number: int, bits: int) -> None:
    assert compact(number) == bits


@pytest.mark.parametrize(
    ("bits", "first_at", "last_at", "after"),
    [
        (0x1D00FFFF, 1261130161, 1262152739, 0x1D00D86A),  # 32256, the first to be harder
        (0x1D00FFFF, 1231006505, 1233061996, 0x1D00FFFF),  # 2016, as easy as can be
        (0x1C05A3F4, 1279008237, 1279297671, 0x1C0168FD),  # 68544, at most four times harder
        (0x1C387F6F, 1263163443, 1269211443, 0x1D00E1FD),  # made up: at most four times easier
    ],
)
def test_the_difficulty_of_main_followed_the_time_that_periods_took(
    bits: int, first_at: int, last_at: int, after: int
) -> None:
    """Periods of main, as Bitcoin Core tests with them (pow_tests.cpp)."""
    assert retargeted(bits, last_at - first_at, RULES["main"].limit) == after


# A beginning that is trusted.


def test_a_chain_begins_with_the_trusted_header() -> None:
    for raws, trusted in ((MAIN[1:], hash_of(MAIN[0])), ([], hash_of(MAIN[0])), (MAIN, "")):
        with pytest.raises(Wrong) as wrong:
            check_headers("main", 0, raws, trusted)
        assert wrong.value.code == "headers.not-trusted"


@pytest.mark.parametrize("network", ["main", "testnet4", "signet"])
@pytest.mark.parametrize("height", [-2016, -1, 1, 2015, 2017, 850_000])
def test_where_the_difficulty_changes_a_chain_begins_with_a_period(
    network: str, height: int
) -> None:
    detail = refused("headers.checkpoint-unfit", network, [GENESIS[network][0]], height)
    assert "2016" in detail
    assert height != 850_000 or detail.endswith(" 848736")


def test_on_regtest_a_chain_begins_anywhere() -> None:
    raws = extended([], *range(1000, 1030))
    assert len(check("regtest", raws, 7)) == 30
    refused("headers.checkpoint-unfit", "regtest", raws, -1)


@pytest.mark.parametrize("network", ["", "Main", "testnet3", "bitcoin"])
def test_a_network_is_one_of_those_known(network: str) -> None:
    refused("headers.network-unknown", network, MAIN)


@pytest.mark.parametrize("raw", [b"", MAIN[0][:-1], MAIN[0] + b"\x00"])
def test_a_header_has_eighty_bytes(raw: bytes) -> None:
    refused("headers.malformed", "main", [raw])
    refused("headers.malformed", "main", [MAIN[0], raw])


# Each rule, broken.


def test_each_header_names_the_one_before_it() -> None:
    raws = extended([], *range(1000, 1030))
    refused("headers.broken", "regtest", [*raws[:7], *raws[8:]])
    refused("headers.broken", "regtest", [*raws[:7], raws[8], raws[7], *raws[9:]])
    refused("headers.broken", "regtest", [*raws[:8], *raws[7:]])
    refused("headers.broken", "regtest", [*raws[:8], mined(raws[6], 1008, EASY), *raws[9:]])


def test_each_header_shows_its_work() -> None:
    raws = extended([], *range(1000, 1020))
    lazy = mined(raws[-1], 1020, EASY, short=True)
    refused("headers.work-missing", "regtest", [*raws, lazy])
    refused("headers.work-missing", "regtest", [mined(None, 1000, EASY, short=True)])


@pytest.mark.parametrize("bits", [HARDER, EASY - 1, 0x2100FFFF, 0, 0xFFFFFFFF])
def test_regtest_has_one_difficulty(bits: int) -> None:
    raws = extended([], *range(1000, 1020))
    following = packed(hash_of(raws[-1]), NOTHING, 1020, bits, 0)
    refused("headers.difficulty-wrong", "regtest", [*raws, following])
    # Nor does it change after a period.
    raws = extended([], *range(1000, 1000 + PERIOD + 1))
    check("regtest", raws)


def test_a_trusted_header_is_of_its_network() -> None:
    """It is easier than main allows: who trusts it has mistaken the network."""
    refused("headers.work-missing", "main", [GENESIS["regtest"][0]])
    refused("headers.work-missing", "main", [GENESIS["signet"][0]])


@pytest.mark.parametrize("height", [0, 100])
def test_a_time_is_after_the_median_of_the_last_eleven(height: int) -> None:
    times = [1000, 1050, 1010, 1040, 1020, 1030, 1060, 1100, 1070, 1090, 1080]
    raws = extended([], *times[:1], *sorted(times[1:]))
    assert len(check("regtest", extended(raws, 1051), height)) == 12
    refused("headers.time-wrong", "regtest", extended(raws, 1050), height)
    refused("headers.time-wrong", "regtest", extended(raws, 1), height)
    # The first of the eleven does not count any more.
    raws = extended(raws, 2000)
    check("regtest", extended(raws, 1061), height)
    refused("headers.time-wrong", "regtest", extended(raws, 1060), height)


def test_where_a_chain_begins_with_the_network_the_median_is_of_all() -> None:
    raws = extended([], 1000, 1010, 1020)
    refused("headers.time-wrong", "regtest", extended(raws, 1010))
    check("regtest", extended(raws, 1011))
    # Elsewhere there are earlier ones, which nobody here knows.
    check("regtest", extended(raws, 1010), 100)


# Periods of one difficulty.

STEP = 300  # seconds a block: twice as fast as it should be
BEGIN_AT = 1_000_000
SPAN = STEP * (PERIOD - 1)


@cache
def period(bits: int) -> tuple[bytes, ...]:
    """A whole period."""
    return tuple(extended([], *(BEGIN_AT + STEP * place for place in range(PERIOD)), bits=bits))


LAST_AT = BEGIN_AT + SPAN
HARDEST = retargeted(HARDER, SPAN, 2**255 - 1)


@pytest.mark.parametrize("network", EASY_RULES)
def test_after_a_period_the_difficulty_is_another(network: str) -> None:
    raws = period(HARDER)
    # The period's first block to its last: 2015 times, of 2016 that there should be.
    assert compact(target(HARDER) * (STEP * 2015) // (600 * 2016)) == HARDEST
    chain = check(network, extended(raws, LAST_AT + 1, LAST_AT + 2, bits=HARDEST), PERIOD)
    assert {header.bits for header in chain[:PERIOD]} == {HARDER}
    for bits in (HARDER, HARDEST + 1, HARDEST - 1, EASY, compact(target(HARDER) // 2)):
        refused("headers.difficulty-wrong", network, extended(raws, LAST_AT + 1, bits=bits), PERIOD)
    following = extended(raws, LAST_AT + 1, bits=HARDEST)
    refused("headers.difficulty-wrong", network, extended(following, LAST_AT + 2, bits=HARDER))


@pytest.mark.parametrize("network", EASY_RULES)
def test_within_a_period_the_difficulty_is_one(network: str) -> None:
    for place in (1, 11, 2015):
        raws = period(HARDER)[:place]
        at = BEGIN_AT + STEP * place
        for bits in (EASY, HARDER + 1, HARDER - 1, HARDEST):
            refused("headers.difficulty-wrong", network, extended(raws, at, bits=bits), PERIOD)


@pytest.mark.parametrize("network", EASY_RULES)
def test_the_difficulty_never_falls_below_its_least(network: str) -> None:
    raws = [*period(EASY)[:-1]]
    raws = extended(raws, BEGIN_AT + 100 * SPAN)
    check(network, extended(raws, BEGIN_AT + 100 * SPAN + 1))


def test_on_main_no_block_is_easier_for_being_late() -> None:
    raws = period(HARDER)[:20]
    at = BEGIN_AT + STEP * 19 + 100_000
    check("easy-main", extended(raws, at, bits=HARDER))
    refused("headers.difficulty-wrong", "easy-main", extended(raws, at, bits=EASY))


def test_on_testnet4_a_block_that_is_twenty_minutes_late_has_the_least_difficulty() -> None:
    raws = period(HARDER)[:20]
    at = BEGIN_AT + STEP * 19
    late = extended(raws, at + 1201)
    check("easy-testnet4", late)
    refused("headers.difficulty-wrong", "easy-testnet4", extended(raws, at + 1201, bits=HARDER))
    refused("headers.difficulty-wrong", "easy-testnet4", extended(raws, at + 1200))
    check("easy-testnet4", extended(raws, at + 1200, bits=HARDER))
    # What follows an eased block is as hard as the period.
    check("easy-testnet4", extended(late, at + 1202, bits=HARDER))
    check("easy-testnet4", extended(extended(late, at + 2402), at + 2403, bits=HARDER))
    refused("headers.difficulty-wrong", "easy-testnet4", extended(late, at + 1202))


def test_on_testnet4_a_period_follows_from_the_first_block_of_the_former() -> None:
    """Its last one may be eased; and no period begins with an eased one (BIP 94)."""
    last_at = BEGIN_AT + STEP * (PERIOD - 2) + 1201
    raws = extended(period(HARDER)[:-1], last_at)
    bits = retargeted(HARDER, last_at - BEGIN_AT, 2**255 - 1)
    check("easy-testnet4", extended(raws, last_at + 1, bits=bits))
    check("easy-testnet4", extended(raws, last_at + 9999, bits=bits))
    for other in (retargeted(EASY, last_at - BEGIN_AT, 2**255 - 1), EASY, HARDER):
        refused(
            "headers.difficulty-wrong", "easy-testnet4", extended(raws, last_at + 1, bits=other)
        )
        refused(
            "headers.difficulty-wrong", "easy-testnet4", extended(raws, last_at + 9999, bits=other)
        )


def test_on_testnet4_a_period_does_not_begin_before_the_former_ended() -> None:
    raws = period(HARDER)
    check("easy-testnet4", extended(raws, LAST_AT - 600, bits=HARDEST))
    early = extended(raws, LAST_AT - 601, bits=HARDEST)
    refused("headers.time-wrong", "easy-testnet4", early)
    check("easy-main", early)
    # Within a period only the median counts.
    check("easy-testnet4", extended(period(HARDER)[:-1], LAST_AT - STEP - 601, bits=HARDER))


def test_the_networks_differ_in_nothing_else() -> None:
    assert set(RULES) - set(EASY_RULES) == set(GENESIS)
    assert compact(RULES["main"].limit) == compact(RULES["testnet4"].limit) == 0x1D00FFFF
    assert compact(RULES["signet"].limit) == 0x1E0377AE
    assert compact(RULES["regtest"].limit) == 0x207FFFFF
    assert replace(RULES["signet"], limit=RULES["main"].limit) == RULES["main"]
    assert headers.PERIOD_SECONDS == 14 * 24 * 60 * 60
