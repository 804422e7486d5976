"""BIP-322: a message is signed as a transaction that could never be mined.

```text
to_spend   made of the message and the address's script        spends nothing that there is
to_sign    spends to_spend's only output, to an OP_RETURN      what the holder signs
```

A *simple* signature is to_sign's witness alone, a *full* one is to_sign. Whether its input may
spend is for Bitcoin Core's consensus code to say (libbitcoinkernel, as the embedded chain has it),
and the further rules of the BIP are in `rules`; both must agree.
"""

from dataclasses import dataclass
from hashlib import sha256

import pbk
from embit.transaction import Transaction
from pbk.script import PrecomputedTransactionData

from clearhouse.chains.messages import rules
from clearhouse.chains.messages.proof import (
    Method,
    Proof,
    ProofFormWrong,
    ProofInconclusive,
    ProofKindUnsupported,
    ProofMalformed,
    ProofSignatureWrong,
)
from clearhouse.core.address import Address, AddressKind

TAG = sha256(b"BIP0322-signed-message").digest()  # BIP 340's tagged hash
NATIVE = {AddressKind.P2WPKH, AddressKind.P2WSH, AddressKind.P2TR}
VERSIONS = {0, 2}
COUNT_OF_ONE = b"\x01"
NONE_OF_THEM = b"\x00"
INSTANT = bytes(4)  # a time or an age of zero
NOWHERE = bytes(32) + b"\xff" * 4  # what a coinbase spends
OP_RETURN = b"\x6a"
OUTPUT = bytes(8) + COUNT_OF_ONE + OP_RETURN  # of no value
MARKER = b"\x00\x01"  # BIP 144: a witness follows


@dataclass(frozen=True, slots=True)
class ToSign:
    """A transaction taken apart, and the kernel's handle on it."""

    parts: Transaction
    kernel: pbk.Transaction


def message_hash(message: bytes) -> bytes:
    """What the BIP makes of a message, 32 bytes."""
    return sha256(TAG + TAG + message).digest()


def to_spend(holder: Address, message: bytes) -> bytes:
    """The transaction, serialised, whose only output a proof spends."""
    spends = NOWHERE + b"\x22\x00\x20" + message_hash(message) + INSTANT
    pays = bytes(8) + bytes([len(holder.script)]) + holder.script
    return bytes(4) + COUNT_OF_ONE + spends + COUNT_OF_ONE + pays + INSTANT


def to_sign(holder: Address, message: bytes, witness: bytes = b"") -> bytes:
    """The transaction, serialised, that a simple proof stands for; unsigned without a witness."""
    spends = _txid(to_spend(holder, message)) + bytes(4) + NONE_OF_THEM + INSTANT
    body = COUNT_OF_ONE + spends + COUNT_OF_ONE + OUTPUT
    return bytes(4) + (MARKER if witness else b"") + body + witness + INSTANT


def verify_simple(holder: Address, message: bytes, witness: bytes) -> Proof:
    """Check a simple signature.

    Args:
        holder: Whose it is said to be.
        message: In UTF-8.
        witness: How many items, and each with its length before it, as in a transaction.

    Raises:
        ProofKindUnsupported: The address has no witness of its own.
        ProofMalformed: It is no witness.
        ProofSignatureWrong, ProofRuleBroken, ProofInconclusive: See `verify_full`.
    """
    if holder.kind not in NATIVE:
        raise ProofKindUnsupported(
            f"{holder.text} is {holder.kind}, which cannot be proved by a witness alone: give the"
            " full form (ful)"
        )
    # Core's own deserialiser, on all of it, knows a witness from what only looks like one.
    signed = _read(to_sign(holder, message, witness))
    if signed is None:
        raise ProofMalformed("it is no witness: give smp and the base64 of it, whole")
    _judge(holder, signed)
    return Proof(Method.BIP322_SIMPLE, holder.text)


def verify_full(holder: Address, message: bytes, raw: bytes) -> Proof:
    """Check a full signature.

    Args:
        holder: Whose it is said to be.
        message: In UTF-8.
        raw: The signed transaction in network serialisation.

    Raises:
        ProofMalformed: It is no transaction.
        ProofFormWrong: It has more than one input or output, or it pays.
        ProofSignatureWrong: It is of another address or message, or not signed for it.
        ProofRuleBroken, ProofInconclusive: See `rules`.
    """
    signed = _read(raw)
    if signed is None:
        raise ProofMalformed("it is no transaction: give ful and the base64 of it, whole")
    parts = signed.parts
    if len(parts.vin) != 1:
        raise ProofFormWrong(f"it has {len(parts.vin)} inputs: sign the message with one")
    if len(parts.vout) != 1 or parts.vout[0].serialize() != OUTPUT:
        raise ProofFormWrong("its one output must be an empty OP_RETURN of no value")
    source = parts.vin[0]
    if (source.txid[::-1], source.vout) != (_txid(to_spend(holder, message)), 0):
        raise _signature_wrong(holder)
    _judge(holder, signed)
    return Proof(Method.BIP322_FULL, holder.text, parts.locktime, source.sequence)


def _judge(holder: Address, signed: ToSign) -> None:
    """Let Core's consensus code and the BIP's rules look at a to_sign, in this order.

    Raises:
        ProofSignatureWrong, ProofRuleBroken, ProofInconclusive: In this precedence.
    """
    spent = pbk.TransactionOutput(pbk.ScriptPubkey(holder.script), 0)
    shared = PrecomputedTransactionData(signed.kernel, [spent])
    if not spent.script_pubkey.verify(0, signed.kernel, shared, 0, pbk.ScriptVerificationFlags.ALL):
        raise _signature_wrong(holder)
    rules.check(holder, rules.Input(signed.parts))
    if signed.parts.version not in VERSIONS:
        raise ProofInconclusive(f"its version is {signed.parts.version}, and must be 0 or 2")


def _read(raw: bytes) -> ToSign | None:
    """Take a transaction apart; none if Core does not read all of it, or writes it otherwise."""
    try:
        kernel = pbk.Transaction(raw)
        if bytes(kernel) != raw or not len(kernel.inputs):
            return None
    except RuntimeError:
        return None
    return ToSign(Transaction.parse(raw), kernel)


def _txid(raw: bytes) -> bytes:
    return sha256(sha256(raw).digest()).digest()


def _signature_wrong(holder: Address) -> ProofSignatureWrong:
    return ProofSignatureWrong(
        f"it is not of {holder.text} for this message: sign exactly the text that was given, with"
        " the keys of that address"
    )
