"""Blocks for regtest: a coinbase, a merkle root and a header with its proof of work.

Nothing here decides whether a block is right: the embedded chain hands it to Bitcoin Core's
consensus code and a node gets it by `submitblock`. A block depends on the arguments alone, so the
same branch made twice is the same branch; `salt` makes another.

Sources: the Bitcoin developer reference (block and coinbase format), BIP 34 (height in the
coinbase), BIP 113 (median time past), BIP 141 (witness commitment), BIP 9 (version bits), and
Bitcoin Core's src/kernel/chainparams.cpp for regtest's constants.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from embit import compact
from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput

GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
GENESIS_TIME = 1_296_688_602
GENESIS_TXID = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"

SUBSIDY_UNITS = 50 * 10**8  # satoshi, at first
HALVING_BLOCKS = 150
MATURITY_BLOCKS = 100  # what a coinbase pays may be spent so many blocks later
WEIGHT_MAX = 4_000_000
WEIGHT_RESERVED = 4_000  # for the header, the count and the coinbase

VERSION = 0x2000_0000  # no version bit signalled
BITS = 0x207F_FFFF  # regtest never retargets: every second hash will do
TARGET = 0x7FFFFF << (8 * (0x20 - 3))
MEDIAN_SPAN = 11  # how many blocks' times the median time past is of

OP_0, OP_1, SMALL_MAX = 0x00, 0x51, 16  # numbers that have an operation of their own
HEADER_BYTES = 80
NONCE_BYTES = 4

COMMITMENT = bytes.fromhex("6a24aa21a9ed")  # OP_RETURN, push 36, BIP 141's header
RESERVED = bytes(32)  # the coinbase's witness, which the commitment covers
NULL_TXID = bytes(32)
NULL_VOUT = 0xFFFF_FFFF


def digest(data: bytes) -> bytes:
    """SHA-256 twice, Bitcoin's hash, in the order of the wire."""
    return sha256(sha256(data).digest()).digest()


def block_hash(raw: bytes) -> str:
    """The hash of the block, or header, in `raw`, as people write it."""
    return digest(raw[:HEADER_BYTES])[::-1].hex()


def subsidy(height: int) -> int:
    """New satoshi that the block at `height` may make."""
    return SUBSIDY_UNITS >> height // HALVING_BLOCKS


def median_time(times: Sequence[int]) -> int:
    """The median time past, in epoch seconds, of a chain whose last blocks' times are `times`.

    Of fewer than eleven blocks it is the middle one, the later of two.
    """
    assert times
    last = sorted(times[-MEDIAN_SPAN:])
    return last[len(last) // 2]


def block_time(now: datetime, median: int) -> int:
    """The next block's time: the clock's, but past the `median` time past; epoch seconds."""
    return max(int(now.timestamp()), median + 1)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves`, hashes in the order of the wire; an odd one is paired with itself."""
    assert leaves
    level = list(leaves)
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        level = [digest(left + right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def merkle_branch(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """What proves that a leaf is under the root: its sibling at each level, from the leaf up."""
    level, branch = list(leaves), []
    while len(level) > 1:
        if len(level) % 2:
            level.append(level[-1])
        branch.append(level[index ^ 1])
        level = [digest(left + right) for left, right in zip(level[::2], level[1::2], strict=True)]
        index //= 2
    return branch


def genesis_header() -> bytes:
    """The header of regtest's first block."""
    root = bytes.fromhex(GENESIS_TXID)[::-1]
    fields = [(1).to_bytes(4, "little"), bytes(32), root]
    fields += [number.to_bytes(4, "little") for number in (GENESIS_TIME, BITS, 2)]
    return b"".join(fields)


def height_push(height: int) -> bytes:
    """BIP 34: `height` as a script pushes it, in the fewest bytes."""
    if height <= SMALL_MAX:
        return bytes([OP_0 if height == 0 else OP_1 + height - 1])
    # One bit more than the number needs: the highest is the sign.
    length = height.bit_length() // 8 + 1
    return bytes([length]) + height.to_bytes(length, "little")


def coinbase(height: int, units: int, script: bytes, commitment: bytes, salt: int) -> Transaction:
    """The transaction that pays the miner and commits to the block's witnesses."""
    mark = height_push(height) + b"\x08" + salt.to_bytes(8, "little")
    source = TransactionInput(NULL_TXID, NULL_VOUT, Script(mark), witness=Witness([RESERVED]))
    outputs = [
        TransactionOutput(units, Script(script)),
        TransactionOutput(0, Script(COMMITMENT + commitment)),
    ]
    return Transaction(vin=[source], vout=outputs)


def has_work(header: bytes) -> bool:
    """Whether a header's hash is as low as regtest asks."""
    return int.from_bytes(digest(header), "little") <= TARGET


def mined(header: bytes) -> bytes:
    """Complete a header that lacks its nonce with one that makes its work good."""
    assert len(header) == HEADER_BYTES - NONCE_BYTES
    nonces = (nonce.to_bytes(NONCE_BYTES, "little") for nonce in range(1 << 32))
    return next(header + nonce for nonce in nonces if has_work(header + nonce))


def make(
    parent: str,
    height: int,
    at: int,
    script: bytes,
    transactions: Sequence[bytes] = (),
    *,
    fees: int = 0,
    salt: int = 0,
) -> bytes:
    """Make the block at `height` on `parent`.

    Args:
        parent: The hash of the block below.
        height: Of the new block.
        at: Its time, epoch seconds (see `block_time`).
        script: Who gets subsidy and fees.
        transactions: Signed, parents before children.
        fees: What the transactions leave to the miner, satoshi.
        salt: Another one makes another block of the same facts.
    """
    ids = [bytes(Transaction.parse(raw).txid())[::-1] for raw in transactions]
    # The coinbase cannot commit to itself: it counts as zero in the tree of witnesses.
    witness_root = merkle_root([bytes(32), *(digest(raw) for raw in transactions)])
    reward = coinbase(height, subsidy(height) + fees, script, digest(witness_root + RESERVED), salt)
    root = merkle_root([bytes(reward.txid())[::-1], *ids])
    header = (
        VERSION.to_bytes(4, "little")
        + bytes.fromhex(parent)[::-1]
        + root
        + at.to_bytes(4, "little")
        + BITS.to_bytes(4, "little")
    )
    count: bytes = compact.to_bytes(1 + len(transactions))
    return b"".join([mined(header), count, reward.serialize(), *transactions])
