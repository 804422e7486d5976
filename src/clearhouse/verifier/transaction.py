"""Bitcoin's transactions: read strictly, and shown to be in a block.

A block's header holds the root of a Merkle tree over its transactions' ids. Hashes are double
SHA-256; ids and block hashes are displayed with their bytes in reverse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clearhouse.verifier.wrong import Wrong

LONGER = 0xFD  # and 0xfe, 0xff: a longer number follows
HASH_BYTES = 32
NODE_BYTES = 2 * HASH_BYTES
UNITS_MAX = 21_000_000 * 100_000_000  # consensus lets no output have more
SEGWIT = b"\x00\x01"  # BIP 144's marker and flag, where the count of inputs would be


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a transaction.

    Attributes:
        units: Its amount, in satoshis.
        script: Who can spend it.
    """

    units: int
    script: bytes


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction of Bitcoin.

    Attributes:
        txid: Its id, as it is displayed.
        inputs: The outputs that it spends: the id of their transaction, and their place there.
        outputs: What it makes.
        stripped: Its bytes without witnesses: what the id is the hash of.
    """

    txid: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[Output, ...]
    stripped: bytes


def double_hash(content: bytes) -> bytes:
    """SHA-256 twice, as Bitcoin hashes."""
    return sha256(sha256(content).digest()).digest()


class _Reader:
    """Bytes of a transaction, read from the first to the last."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self.place = 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        found = self._raw[self.place : self.place + count]
        if len(found) != count:
            raise Wrong("transaction.malformed", f"it ends within {count} bytes at {self.place}")
        self.place += count
        return found

    def number(self, count: int) -> int:
        """The next number of so many bytes."""
        return int.from_bytes(self.take(count), "little")

    def size(self) -> int:
        """The next compact size, in its shortest writing."""
        first = self.number(1)
        if first < LONGER:
            return first
        length = 2 << first - LONGER
        found = self.number(length)
        if found < (LONGER if first == LONGER else 1 << 4 * length):
            raise Wrong("transaction.malformed", f"a size of {found} is not in its shortest form")
        return found

    def sized(self) -> bytes:
        """The next bytes behind their size."""
        return self.take(self.size())

    def starts(self, content: bytes) -> bool:
        """Whether these bytes are next."""
        return self._raw.startswith(content, self.place)

    def since(self, place: int) -> bytes:
        """What was read from a place on."""
        return self._raw[place : self.place]

    def at_end(self) -> bool:
        """Whether nothing follows."""
        return self.place == len(self._raw)


def parse_transaction(raw: bytes) -> Transaction:
    """Read a transaction, with its witnesses or without.

    Raises:
        Wrong: `transaction.malformed`, it is none, bytes follow it, a size is not in its shortest
            form, there are no inputs or outputs, an amount cannot be, or no witness is anything.
    """
    reader = _Reader(raw)
    version = reader.take(4)
    segwit = reader.starts(SEGWIT)
    if segwit:
        reader.take(len(SEGWIT))
    begin = reader.place
    inputs = tuple(_read_input(reader) for _ in range(reader.size()))
    outputs = tuple(_read_output(reader) for _ in range(reader.size()))
    body = reader.since(begin)
    if not inputs or not outputs:
        raise Wrong("transaction.malformed", "it has no inputs or no outputs")
    if segwit and not any([_read_witness(reader) for _ in inputs]):  # noqa: C419 - read them all
        raise Wrong("transaction.malformed", "it says that it has witnesses and has none")
    stripped = version + body + reader.take(4)
    if not reader.at_end():
        raise Wrong("transaction.malformed", f"bytes follow it at {reader.place}")
    return Transaction(double_hash(stripped)[::-1].hex(), inputs, outputs, stripped)


def _read_input(reader: _Reader) -> tuple[str, int]:
    txid, place = reader.take(HASH_BYTES)[::-1].hex(), reader.number(4)
    reader.sized()  # the unlocking script
    reader.take(4)  # the sequence
    return txid, place


def _read_output(reader: _Reader) -> Output:
    units = reader.number(8)
    if units > UNITS_MAX:
        raise Wrong("transaction.malformed", f"an output of {units} units cannot be")
    return Output(units, reader.sized())


def _read_witness(reader: _Reader) -> int:
    """Read past an input's witness; answers how many items it has."""
    count = reader.size()
    for _ in range(count):
        reader.sized()
    return count


def check_branch(
    txid: str, index: int, branch: Sequence[bytes], merkle_root: bytes, stripped_len: int
) -> None:
    """Check that a transaction is in a block.

    A leaf and a node of Bitcoin's tree are hashed alike, so that 64 bytes can be both: the stripped
    form of a transaction, and the hashes of two children (CVE-2017-12842). Both ways to use that
    are closed. A transaction of 64 bytes is shown in no block, as it could be a node of an honest
    one. And no node on the branch may be a transaction: its miner could have chosen its last bytes
    to be the id of a transaction that is in no block. An honest node is one by chance once in 2^42.

    Args:
        txid: The transaction's id, as it is displayed.
        index: Its place in the block, from 0.
        branch: The hashes of the siblings from below, in the order of bytes that is hashed.
        merkle_root: The header's, in the same order.
        stripped_len: How many bytes the transaction has without witnesses.

    Raises:
        Wrong: `transaction.sixty-four-bytes`, it or a node could be both; or
            `transaction.not-in-block`, the branch does not show it.
    """
    if stripped_len == NODE_BYTES:
        raise Wrong("transaction.sixty-four-bytes", f"{txid} could be a node of the block's tree")
    code = "transaction.not-in-block"
    if not 0 <= index < 1 << len(branch):
        raise Wrong(code, f"a branch of {len(branch)} hashes leads to no transaction {index}")
    found = _hash_of(txid)
    if any(len(one) != HASH_BYTES for one in [found, merkle_root, *branch]):
        raise Wrong(code, f"a hash has {HASH_BYTES} bytes")
    for level, sibling in enumerate(branch):
        node = sibling + found if index >> level & 1 else found + sibling
        if _is_transaction(node):
            raise Wrong("transaction.sixty-four-bytes", f"a node above {txid} is a transaction")
        found = double_hash(node)
    if found != merkle_root:
        raise Wrong(code, f"the branch of {txid} leads to another root")


def _hash_of(txid: str) -> bytes:
    """An id in the order of bytes that is hashed; nothing if it is not in its one writing."""
    try:
        found = bytes.fromhex(txid)
    except ValueError:
        return b""
    return found[::-1] if found.hex() == txid else b""


def _is_transaction(node: bytes) -> bool:
    try:
        return parse_transaction(node).stripped == node
    except Wrong:
        return False
