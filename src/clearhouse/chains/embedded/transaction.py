"""`Parsed`: a transaction taken apart, once.

Bitcoin Core's own deserialiser decides what a transaction is (it must read all bytes and write the
same ones); embit, which is lenient, only takes apart what Core has read.
"""

from dataclasses import dataclass
from typing import NamedTuple

import pbk
from embit.transaction import Transaction

SCRIPT_BYTES_MAX = 10_000
OP_RETURN = 0x6A
NULL = ("00" * 32, 0xFFFF_FFFF)  # what a coinbase spends


class Outpoint(NamedTuple):
    """Names an output: the transaction and the output's place in it."""

    txid: str
    vout: int


class Output(NamedTuple):
    """What an output holds, in satoshi, and what spending it asks."""

    units: int
    script: bytes

    @property
    def spendable(self) -> bool:
        """Whether it becomes a coin: Core keeps no record of what nobody can spend."""
        return self.script[:1] != bytes([OP_RETURN]) and len(self.script) <= SCRIPT_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Parsed:
    """A transaction's facts, and the kernel's handle on it."""

    raw: bytes
    txid: str
    version: int
    locktime: int
    inputs: tuple[Outpoint, ...]
    sequences: tuple[int, ...]
    outputs: tuple[Output, ...]
    weight: int
    kernel: pbk.Transaction

    @property
    def is_coinbase(self) -> bool:
        """Whether it makes new money."""
        return self.inputs[0] == NULL if self.inputs else False


def parse(raw: bytes) -> Parsed | None:
    """Take `raw` apart; None if it is no transaction."""
    try:
        kernel = pbk.Transaction(raw)
    except RuntimeError:
        return None
    if bytes(kernel) != raw:
        return None
    parts = Transaction.parse(raw)
    stripped = len(raw) - _witness_bytes(parts)
    return Parsed(
        raw=raw,
        txid=str(kernel.txid),
        version=int.from_bytes(raw[:4], "little"),
        locktime=parts.locktime,
        inputs=tuple(Outpoint(bytes(source.txid).hex(), source.vout) for source in parts.vin),
        sequences=tuple(source.sequence for source in parts.vin),
        outputs=tuple(Output(made.value, bytes(made.script_pubkey.data)) for made in parts.vout),
        weight=3 * stripped + len(raw),
        kernel=kernel,
    )


def _witness_bytes(parts: Transaction) -> int:
    """How many bytes of the serialisation are witness (BIP 144): marker, flag and stacks."""
    if not parts.is_segwit:
        return 0
    return 2 + sum(len(source.witness.serialize()) for source in parts.vin)
