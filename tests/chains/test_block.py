"""Blocks: what the consensus code says of ours, and of ones that were tampered with."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from clearhouse.chains import block
from clearhouse.chains.embedded.judge import Judge

SCRIPT = b"\x00\x14" + bytes(20)
AT = 1_750_000_000
WORK_AT = block.HEADER_BYTES - block.NONCE_BYTES


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    judge = Judge(tmp_path / "kernel")
    yield judge
    judge.close()


def again(raw: bytes, at: int, new: bytes) -> bytes:
    """The block with `new` at one place of its header, and its work done again."""
    header = raw[:at] + new + raw[at + len(new) : block.HEADER_BYTES]
    return block.mined(header[:WORK_AT]) + raw[block.HEADER_BYTES :]


def test_a_block_as_made_is_taken_once_and_again(judge: Judge) -> None:
    raw = block.make(block.GENESIS, 1, AT, SCRIPT)
    assert judge.take(raw, AT) is None
    assert judge.take(raw, AT) is None
    assert (judge.height(), judge.hash_at(1)) == (1, block.block_hash(raw))


def test_the_first_block_is_regtests(judge: Judge) -> None:
    assert (judge.height(), judge.hash_at(0)) == (0, block.GENESIS)


def test_the_same_facts_make_the_same_block_and_salt_another() -> None:
    one = block.make(block.GENESIS, 1, AT, SCRIPT)
    assert block.make(block.GENESIS, 1, AT, SCRIPT) == one
    assert block.make(block.GENESIS, 1, AT, SCRIPT, salt=1) != one


def test_a_block_with_another_merkle_root_is_refused(judge: Judge) -> None:
    raw = again(block.make(block.GENESIS, 1, AT, SCRIPT), 36, bytes(32))
    assert judge.take(raw, AT) == "its contents are not what its header commits to"
    assert judge.height() == 0


def test_a_block_without_work_is_refused(judge: Judge) -> None:
    raw = block.make(block.GENESIS, 1, AT, SCRIPT)
    idle = next(
        header
        for nonce in range(1000)
        if not block.has_work(header := raw[:WORK_AT] + nonce.to_bytes(4, "little"))
    )
    assert (
        judge.take(idle + raw[block.HEADER_BYTES :], AT) == "its proof of work or its time is wrong"
    )


def test_a_block_of_an_easier_target_is_refused(judge: Judge) -> None:
    raw = again(block.make(block.GENESIS, 1, AT, SCRIPT), 72, (0x207F_FFFE).to_bytes(4, "little"))
    assert judge.take(raw, AT) is not None


def test_a_reward_above_the_subsidy_is_refused(judge: Judge) -> None:
    raw = block.make(block.GENESIS, 1, AT, SCRIPT, fees=1)
    assert judge.take(raw, AT) == "a consensus rule is broken"
    assert judge.height() == 0


def test_a_reward_below_the_subsidy_is_taken(judge: Judge) -> None:
    assert judge.take(block.make(block.GENESIS, 1, AT, SCRIPT, fees=-1), AT) is None


def test_a_block_that_tells_another_height_is_refused(judge: Judge) -> None:
    assert judge.take(block.make(block.GENESIS, 2, AT, SCRIPT), AT) is not None


def test_a_block_on_nothing_is_refused(judge: Judge) -> None:
    raw = block.make("ab" * 32, 1, AT, SCRIPT)
    assert judge.take(raw, AT) == "nothing is known of the block below it"


def test_a_block_before_the_median_time_is_refused(judge: Judge) -> None:
    raw = block.make(block.GENESIS, 1, block.GENESIS_TIME, SCRIPT)
    assert judge.take(raw, AT) == "its proof of work or its time is wrong"
    assert judge.take(block.make(block.GENESIS, 1, block.GENESIS_TIME + 1, SCRIPT), AT) is None


def test_a_block_too_far_ahead_of_the_clock_is_refused(judge: Judge) -> None:
    raw = block.make(block.GENESIS, 1, AT + 7201, SCRIPT)
    assert judge.take(raw, AT) == "its time is more than two hours ahead"


@pytest.mark.parametrize("cut", [0, 1, 79, 80, 81, -1])
def test_a_cut_block_is_refused(judge: Judge, cut: int) -> None:
    assert judge.take(block.make(block.GENESIS, 1, AT, SCRIPT)[:cut], AT) == "it does not parse"


def test_an_altered_witness_breaks_the_commitment(judge: Judge) -> None:
    spending = Transaction(
        vin=[TransactionInput(bytes(31) + b"\x01", 0, witness=Witness([b"signature"]))],
        vout=[TransactionOutput(1, Script(SCRIPT))],
    ).serialize()
    raw = block.make(block.GENESIS, 1, AT, SCRIPT, [spending])
    altered = raw.replace(b"signature", b"forgeries")
    assert judge.take(altered, AT) == "its contents are not what its header commits to"
    # The one with the right witness gets as far as its missing coin.
    assert judge.take(raw, AT) == "a consensus rule is broken"


def test_subsidy_halves_every_150_blocks_until_nothing_is_left() -> None:
    coin = 10**8
    heights = {0: 50 * coin, 149: 50 * coin, 150: 25 * coin, 299: 25 * coin, 300: coin * 25 // 2}
    assert {height: block.subsidy(height) for height in heights} == heights
    assert block.subsidy(150 * 33) == 0
    assert block.subsidy(150 * 10_000) == 0


@pytest.mark.parametrize(
    ("height", "push"),
    [
        (1, "51"),
        (16, "60"),
        (17, "0111"),
        (127, "017f"),
        (128, "028000"),
        (255, "02ff00"),
        (256, "020001"),
        (32_767, "02ff7f"),
        (32_768, "03008000"),
        (227_931, "03" + "5b7a03"),  # the first main network block under BIP 34
    ],
)
def test_heights_are_pushed_as_script_numbers(height: int, push: str) -> None:
    assert block.height_push(height).hex() == push


def test_median_time_is_of_eleven_blocks_whatever_their_order() -> None:
    assert block.median_time([5]) == 5
    assert block.median_time([5, 9]) == 9
    assert block.median_time([99, 1, 1, 1, 1, 1, 7, 9, 9, 9, 9, 9]) == 7


def test_a_block_is_dated_by_the_clock_unless_that_is_too_early() -> None:
    now = datetime(2026, 1, 5, tzinfo=UTC)
    assert block.block_time(now, 0) == now.timestamp()
    assert block.block_time(now, int(now.timestamp())) == now.timestamp() + 1


def test_an_odd_leaf_is_paired_with_itself() -> None:
    one, two, three = (bytes([n]) * 32 for n in (1, 2, 3))
    assert block.merkle_root([one]) == one
    top = block.digest(block.digest(one + two) + block.digest(three + three))
    assert block.merkle_root([one, two, three]) == top
