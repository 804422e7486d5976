"""Bitcoin's transactions: real ones, spoilt ones, and every branch of real and forged trees."""

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from embit.transaction import Transaction as EmbitTransaction
from hypothesis import given
from hypothesis import strategies as st

from clearhouse.verifier.headers import parse_header
from clearhouse.verifier.transaction import (
    Output,
    check_branch,
    double_hash,
    parse_transaction,
)
from clearhouse.verifier.wrong import Wrong

DATA = Path(
    os.environ.get("CLEARHOUSE_DATA") or Path(__file__).parents[2].parent / "shared" / "data"
)
BLOCK = DATA / "bitcoin" / "blocks" / "mainnet-413567.raw"

# The first payment of Bitcoin, and its block's other transaction: block 170 of main.
FIRST_ID = "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
FIRST = bytes.fromhex(
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd370400000000484730440220"
    "4e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd"
    "12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f"
    "07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a"
    "704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6"
    "909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000"
)
COINBASE_ID = "b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082"
ROOT_170 = bytes.fromhex("7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff")[::-1]

# BIP 143's first example, signed: an input without a witness and one with it.
SEGWIT = bytes.fromhex(
    "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000049483045"
    "0221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99"
    "f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b30"
    "9fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a"
    "783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac00024730"
    "4402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c451833156140"
    "6f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad2"
    "53f62fc70f07aeee635711000000"
)
WITNESS_AT = SEGWIT.index(bytes.fromhex("00024730"))

# A transaction of 64 bytes, as small as they get: an input, an output and four bytes of script.
SIXTY_FOUR = (
    bytes.fromhex("02000000") + b"\x01" + b"\xaa" * 36 + b"\x00" + b"\xff" * 4
    + b"\x01" + (5000).to_bytes(8, "little") + b"\x04" + b"\x51" * 4 + bytes(4)
)  # fmt: skip


def reads(raw: bytes) -> bool:
    try:
        parse_transaction(raw)
    except Wrong as wrong:
        assert wrong.code == "transaction.malformed"  # noqa: PT017 - each other one is a failure
        return False
    return True


def made(
    inputs: bytes = b"\x01" + bytes(36) + b"\x00" + b"\xff" * 4,
    outputs: bytes = b"\x01" + bytes(8) + b"\x01\x51",
    marker: bytes = b"",
    witness: bytes = b"",
    end: bytes = bytes(4),
) -> bytes:
    return b"\x02\x00\x00\x00" + marker + inputs + outputs + witness + end


# Reading.


def test_the_first_payment_is_read() -> None:
    found = parse_transaction(FIRST)
    assert found.txid == FIRST_ID
    assert found.inputs == (
        ("0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9", 0),
    )
    assert [one.units for one in found.outputs] == [1_000_000_000, 4_000_000_000]
    assert found.outputs[0].script == FIRST[FIRST.index(b"\x43\x41") + 1 :][:67]
    assert found.stripped == FIRST


def test_the_id_does_not_depend_on_witnesses() -> None:
    found = parse_transaction(SEGWIT)
    assert found.stripped == SEGWIT[:4] + SEGWIT[6:WITNESS_AT] + SEGWIT[-4:]
    assert parse_transaction(found.stripped) == found
    assert found.inputs[1] == (
        "8ac60eb9575db5b2d987e29f301b5b819ea83a5c6579d282d189cc04b8e151ef",
        1,
    )
    assert found.outputs[1] == Output(
        223_450_000, bytes.fromhex("76a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac")
    )
    assert found.txid == EmbitTransaction.parse(SEGWIT).txid().hex()


@pytest.mark.parametrize("raw", [FIRST, SEGWIT, SIXTY_FOUR, made()])
def test_a_transaction_ends_where_it_ends(raw: bytes) -> None:
    assert reads(raw)
    assert not reads(raw + b"\x00")
    assert not reads(raw + raw)
    for length in range(len(raw)):
        assert not reads(raw[:length])


@pytest.mark.parametrize(
    ("count", "writing"),
    [
        (1, "01"),
        (0xFC, "fc"),
        (0xFD, "fdfd00"),
        (0x3E8, "fde803"),
    ],
)
def test_a_size_is_in_its_shortest_form(count: int, writing: str) -> None:
    script = b"\x51" * count
    longer = [b"\xfe" + count.to_bytes(4, "little"), b"\xff" + count.to_bytes(8, "little")]
    if count < 0xFD:
        longer.append(b"\xfd" + count.to_bytes(2, "little"))
    assert reads(made(outputs=b"\x01" + bytes(8) + bytes.fromhex(writing) + script))
    for other in longer:
        assert not reads(made(outputs=b"\x01" + bytes(8) + other + script))


def test_large_sizes_are_in_their_shortest_form() -> None:
    for count, writing, good in (
        (0xFFFF, b"\xfd\xff\xff", True),
        (0xFFFF, b"\xfe\xff\xff\x00\x00", False),
        (0x10000, b"\xfe\x00\x00\x01\x00", True),
        (0x10000, b"\xff\x00\x00\x01\x00\x00\x00\x00\x00", False),
    ):
        assert reads(made(outputs=b"\x01" + bytes(8) + writing + bytes(count))) is good
    for writing in (b"\xfe" + b"\xff" * 4, b"\xff" * 9):
        assert not reads(made(outputs=b"\x01" + bytes(8) + writing + b"\x51"))
        assert not reads(made(inputs=writing + bytes(41)))
        assert not reads(made(outputs=writing + bytes(9)))


def test_each_count_is_in_its_shortest_form() -> None:
    spend, pay = bytes(37) + b"\xff" * 4, bytes(8) + b"\x00"
    assert reads(made(b"\x01" + spend, b"\x01" + pay))
    assert not reads(made(b"\xfd\x01\x00" + spend, b"\x01" + pay))
    assert not reads(made(b"\x01" + spend, b"\xfd\x01\x00" + pay))
    segwit = b"\x00\x01"
    assert reads(made(marker=segwit, witness=b"\x01\x01\x51"))
    assert not reads(made(marker=segwit, witness=b"\xfd\x01\x00\x01\x51"))
    assert not reads(made(marker=segwit, witness=b"\x01\xfd\x01\x00\x51"))


def test_there_are_inputs_and_outputs() -> None:
    assert not reads(made(inputs=b"\x00"))
    assert not reads(made(outputs=b"\x00"))
    assert not reads(made(inputs=b"\x00", outputs=b"\x00"))
    assert not reads(made(marker=b"\x00\x01", inputs=b"\x00"))
    assert not reads(made(marker=b"\x00\x01", outputs=b"\x00", witness=b"\x01\x01\x51"))


@pytest.mark.parametrize("marker", [b"\x00\x00", b"\x00\x02", b"\x00\x03", b"\x01\x01", b"\x00"])
def test_there_is_one_marker(marker: bytes) -> None:
    assert not reads(made(marker=marker, witness=b"\x01\x01\x51"))


def test_who_says_that_there_are_witnesses_has_one() -> None:
    assert not reads(made(marker=b"\x00\x01", witness=b"\x00"))
    assert reads(made(marker=b"\x00\x01", witness=b"\x01\x00"))
    assert not reads(made(marker=b"\x00\x01"))
    assert not reads(made(witness=b"\x01\x01\x51"))


@pytest.mark.parametrize(
    ("units", "good"),
    [(0, True), (21 * 10**14, True), (21 * 10**14 + 1, False), (2**63, False), (2**64 - 1, False)],
)
def test_an_amount_can_be(units: int, good: bool) -> None:
    assert reads(made(outputs=b"\x01" + units.to_bytes(8, "little") + b"\x00")) is good


@given(st.sampled_from([FIRST, SEGWIT]), st.data())
def test_a_bit_that_is_another_is_seen_in_the_id(raw: bytes, data: st.DataObject) -> None:
    """But within the witnesses, which no id is over."""
    flipped = bytearray(raw)
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    flipped[bit // 8] ^= 1 << bit % 8
    if not reads(bytes(flipped)):
        return
    changed = parse_transaction(bytes(flipped)).txid != parse_transaction(raw).txid
    assert changed is not (raw == SEGWIT and WITNESS_AT <= bit // 8 < len(raw) - 4)


hashes = st.binary(min_size=32, max_size=32)
inputs = st.lists(st.tuples(hashes, st.integers(0, 2**32 - 1), st.binary(max_size=300)), min_size=1)
outputs = st.lists(st.tuples(st.integers(0, 21 * 10**14), st.binary(max_size=300)), min_size=1)


def sized(content: bytes) -> bytes:
    size = len(content)
    return (bytes([size]) if size < 0xFD else b"\xfd" + size.to_bytes(2, "little")) + content


@given(inputs, outputs, st.lists(st.binary(max_size=300), min_size=1, max_size=9), st.booleans())
def test_what_others_read_is_read_the_same(
    spent: list[tuple[bytes, int, bytes]],
    paid: list[tuple[int, bytes]],
    witness: list[bytes],
    segwit: bool,
) -> None:
    raw = made(
        bytes([len(spent)])
        + b"".join(
            txid + place.to_bytes(4, "little") + sized(script) + b"\xfe\xff\xff\xff"
            for txid, place, script in spent
        ),
        bytes([len(paid)])
        + b"".join(units.to_bytes(8, "little") + sized(script) for units, script in paid),
        marker=b"\x00\x01" if segwit else b"",
        witness=bytes(len(spent) - 1) + bytes([len(witness)]) + b"".join(map(sized, witness))
        if segwit
        else b"",
    )
    found, other = parse_transaction(raw), EmbitTransaction.parse(raw)
    assert found.txid == other.txid().hex()
    assert found.inputs == tuple((one.txid.hex(), one.vout) for one in other.vin)
    assert found.inputs == tuple((txid[::-1].hex(), place) for txid, place, _ in spent)
    assert found.outputs == tuple(Output(units, script) for units, script in paid)


# Being in a block.


def levels_over(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Bitcoin's tree: a level's last node is doubled where it has no sibling."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        nodes = levels[-1]
        if len(nodes) % 2:
            nodes.append(nodes[-1])
        levels.append([double_hash(nodes[at] + nodes[at + 1]) for at in range(0, len(nodes), 2)])
    return levels


def branch_of(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    return [nodes[(index >> level) ^ 1] for level, nodes in enumerate(levels[:-1])]


def displayed(internal: bytes) -> str:
    return internal[::-1].hex()


def refused(
    code: str, txid: str, index: int, branch: Sequence[bytes], root: bytes, length: int = 250
) -> None:
    with pytest.raises(Wrong) as wrong:
        check_branch(txid, index, branch, root, length)
    assert wrong.value.code == code


NOT_IN_BLOCK, AMBIGUOUS = "transaction.not-in-block", "transaction.sixty-four-bytes"
LEAVES = [double_hash(b"%d" % number) for number in range(13)]


def test_the_first_payment_is_in_its_block() -> None:
    sibling = bytes.fromhex(COINBASE_ID)[::-1]
    check_branch(FIRST_ID, 1, [sibling], ROOT_170, len(FIRST))
    check_branch(COINBASE_ID, 0, [bytes.fromhex(FIRST_ID)[::-1]], ROOT_170, 134)
    refused(NOT_IN_BLOCK, FIRST_ID, 0, [sibling], ROOT_170)
    refused(NOT_IN_BLOCK, FIRST_ID, 1, [sibling[::-1]], ROOT_170)
    refused(NOT_IN_BLOCK, FIRST_ID, 1, [sibling], ROOT_170[::-1])
    refused(NOT_IN_BLOCK, displayed(bytes.fromhex(FIRST_ID)), 1, [sibling], ROOT_170)


@pytest.mark.parametrize("count", range(1, 14))
def test_every_transaction_is_shown_to_be_in_its_block_and_no_other(count: int) -> None:
    levels = levels_over(LEAVES[:count])
    (root,) = levels[-1]
    for index in range(count):
        branch, txid = branch_of(levels, index), displayed(LEAVES[index])
        check_branch(txid, index, branch, root, 250)
        refused(NOT_IN_BLOCK, displayed(LEAVES[index - 1]), index, branch, root)
        refused(NOT_IN_BLOCK, txid, index, branch, LEAVES[0][::-1])
        refused(NOT_IN_BLOCK, txid, index + (1 << len(branch)), branch, root)
        refused(NOT_IN_BLOCK, txid, -1, branch, root)
        for place, one in enumerate(branch):
            for other in (bytes([one[0] ^ 1]) + one[1:], one[::-1], one[:-1], one + b"\x00", b""):
                refused(
                    NOT_IN_BLOCK, txid, index, [*branch[:place], other, *branch[place + 1 :]], root
                )
            refused(NOT_IN_BLOCK, txid, index, [*branch[:place], *branch[place + 1 :]], root)
            refused(NOT_IN_BLOCK, txid, index, [*branch[:place], one, *branch[place:]], root)
            if one != levels[place][index >> place]:  # else it is doubled, and both are its places
                refused(NOT_IN_BLOCK, txid, index ^ 1 << place, branch, root)


@pytest.mark.parametrize("txid", ["", "00", "zz" * 32, displayed(LEAVES[0]).upper(), "é" * 64])
def test_an_id_has_one_writing(txid: str) -> None:
    refused(NOT_IN_BLOCK, txid, 0, [], LEAVES[0])
    check_branch(displayed(LEAVES[0]), 0, [], LEAVES[0], 250)
    refused(NOT_IN_BLOCK, displayed(LEAVES[0]) + " ", 0, [], LEAVES[0])
    refused(
        NOT_IN_BLOCK, displayed(LEAVES[0])[:32] + " " + displayed(LEAVES[0])[32:], 0, [], LEAVES[0]
    )


def test_a_node_of_a_block_is_not_taken_for_a_transaction() -> None:
    """CVE-2017-12842: two ids that were ground until they read as a transaction of 64 bytes."""
    left, right = SIXTY_FOUR[:32], SIXTY_FOUR[32:]
    levels = levels_over([left, right, *LEAVES[:2]])
    (root,) = levels[-1]
    found = parse_transaction(SIXTY_FOUR)
    assert found.txid == displayed(levels[1][0]), "it looks as if it were in the block"
    refused(AMBIGUOUS, found.txid, 0, [levels[1][1]], root, len(found.stripped))


def test_a_transaction_below_a_transaction_is_not_taken_to_be_in_the_block() -> None:
    """CVE-2017-12842, the other way: half of a mined transaction is another one's id."""
    mined = double_hash(SIXTY_FOUR)
    levels = levels_over([LEAVES[0], mined])
    (root,) = levels[-1]
    forged = displayed(SIXTY_FOUR[32:])
    refused(AMBIGUOUS, forged, 3, [SIXTY_FOUR[:32], LEAVES[0]], root)
    refused(AMBIGUOUS, displayed(SIXTY_FOUR[:32]), 2, [SIXTY_FOUR[32:], LEAVES[0]], root)
    # Its neighbours are in the block all the same.
    check_branch(displayed(LEAVES[0]), 0, [mined], root, 250)


@pytest.mark.parametrize("length", [60, 63, 65, 128])
def test_other_lengths_than_of_a_node_are_good(length: int) -> None:
    check_branch(displayed(LEAVES[0]), 0, [], LEAVES[0], length)
    refused(AMBIGUOUS, displayed(LEAVES[0]), 0, [], LEAVES[0], 64)


@pytest.mark.external
def test_every_transaction_of_a_full_block_is_read_and_is_in_it() -> None:
    if not BLOCK.exists():
        pytest.skip(f"no {BLOCK}; set CLEARHOUSE_DATA")
    raw = BLOCK.read_bytes()
    root = parse_header(raw[:80]).merkle_root
    assert raw[80] == 0xFD
    count, rest, found = int.from_bytes(raw[81:83], "little"), BytesIO(raw[83:]), []
    for _ in range(count):
        other = EmbitTransaction.read_from(rest)
        found.append(parse_transaction(other.serialize()))
        assert found[-1].txid == other.txid().hex()
    assert (len(found), rest.read()) == (1557, b"")
    levels = levels_over([bytes.fromhex(one.txid)[::-1] for one in found])
    for index, one in enumerate(found):
        check_branch(one.txid, index, branch_of(levels, index), root, len(one.stripped))
