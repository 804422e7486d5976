"""Proofs that somebody holds an address of Ethereum, or of a chain like it.

An account signs with its key (EIP-191, which wallets call personal_sign). A contract has no key:
it is asked whether a signature is its own (EIP-1271), in the state of one block, which the proof
names.
"""

import re

from clearhouse.chains.messages.node import EvmNode
from clearhouse.chains.messages.proof import (
    Method,
    Proof,
    ProofContractMissing,
    ProofContractRefuses,
    ProofFormWrong,
    ProofMalformed,
    ProofSignatureWrong,
    bytes_of_message,
    need_length,
)
from clearhouse.chains.messages.recovery import recover
from clearhouse.core.address import EvmAddress, evm_text, keccak256, parse_evm

SIGNATURE_FORM = re.compile(r"0x((?:[0-9a-fA-F]{2})*)", re.ASCII)
SIGNATURE_BYTES = 65
RECOVERIES = {
    0: 0,
    1: 1,
    27: 0,
    28: 1,
}  # v: Ethereum's own values, and those of the curve's library
PREFIX = b"\x19Ethereum Signed Message:\n"  # EIP-191, version 0x45
# EIP-1271: the first 4 bytes of keccak256("isValidSignature(bytes32,bytes)") call it, and are what
# it answers if the signature is its own, in a word of 32 bytes.
MAGIC = bytes.fromhex("1626ba7e")
WORD = 32


def verify_account(address: str, message: str, signature: str) -> Proof:
    """Check that the key of an account signed a message (EIP-191, personal_sign).

    The lower s is required, as Ethereum does of transactions (EIP-2): a proof has one spelling.

    Args:
        address: With its checksum (EIP-55).
        message: What was to be signed; it is signed in UTF-8.
        signature: 0x and 65 bytes in hexadecimal: r, s, and v, which is 27 or 28, or 0 or 1.

    Raises:
        AddressMalformed, AddressChecksumMissing, AddressChecksumWrong: See `core.address`.
        ProofTooLong, ProofMalformed, ProofFormWrong, ProofRuleBroken, ProofSignatureWrong: In this
            precedence.
    """
    holder = parse_evm(address)
    content = _decoded(signature)
    digest = message_hash(message)
    if len(content) != SIGNATURE_BYTES:
        raise ProofFormWrong(f"it has {len(content)} bytes, and must have 65: r, s and v")
    recovery = RECOVERIES.get(content[-1])
    if recovery is None:
        raise ProofFormWrong(f"its v is {content[-1]}, and must be 27 or 28, or 0 or 1")
    key = recover(digest, content[:-1], recovery)
    signer = keccak256(key[1:])[-len(holder.account) :]
    if signer != holder.account:
        raise ProofSignatureWrong(
            f"it is of {evm_text(signer)} if the message is right, and not of {holder.text}: sign"
            " exactly the text that was given, with the account that is asked for"
        )
    return Proof(Method.EIP191, holder.text)


def verify_contract(address: str, message: str, signature: str, node: EvmNode) -> Proof:
    """Ask a contract whether a signature of a message is its own (EIP-1271).

    It is asked for the hash of EIP-191, which wallets made of contracts let their owners sign, in
    the state of one block that the node holds for final.

    Args:
        address: With its checksum (EIP-55).
        message: What was to be signed; it is signed in UTF-8.
        signature: 0x and whatever the contract takes, in hexadecimal.
        node: Of the chain that the contract is on.

    Returns:
        The proof, with the hash of the block.

    Raises:
        AddressMalformed, AddressChecksumMissing, AddressChecksumWrong: See `core.address`.
        ProofTooLong, ProofMalformed: Before the node is asked.
        ProofNodeUnavailable: It does not answer, or is of another chain.
        ProofContractMissing: There is no contract at the address in that block.
        ProofContractRefuses: It answers anything but the magic value, or fails.
    """
    holder = parse_evm(address)
    content = _decoded(signature)
    data = calldata(message_hash(message), content)
    block = node.final_block()
    if not node.code(holder.text, block):
        raise ProofContractMissing(
            f"{holder.text} has no code in block {block}: if it is an account, have it sign with"
            " its key; if it is a contract, wait until its making is final"
        )
    answer = node.call(holder.text, data, block)
    if answer is None:
        raise _refused(holder, "it fails when it is asked")
    if answer != MAGIC.ljust(WORD, b"\x00"):
        raise _refused(holder, f"it answers {answer[:WORD].hex() or 'nothing'}")
    return Proof(Method.EIP1271, holder.text, at_block=block)


def message_hash(message: str) -> bytes:
    """What an account signs of a message (EIP-191), 32 bytes.

    Raises:
        ProofMalformed: It is no text of Unicode.
    """
    content = bytes_of_message(message)
    return keccak256(PREFIX + str(len(content)).encode() + content)


def calldata(digest: bytes, signature: bytes) -> bytes:
    """The call isValidSignature(bytes32 digest, bytes signature), by the contract ABI."""
    padding = -len(signature) % WORD
    counts = [(2 * WORD).to_bytes(WORD, "big"), len(signature).to_bytes(WORD, "big")]
    return MAGIC + digest + b"".join(counts) + signature + bytes(padding)


def _decoded(signature: str) -> bytes:
    need_length(signature)
    form = SIGNATURE_FORM.fullmatch(signature)
    if form is None:
        raise ProofMalformed("write 0x and an even number of hexadecimal digits, nothing else")
    return bytes.fromhex(form[1])


def _refused(holder: EvmAddress, how: str) -> ProofContractRefuses:
    return ProofContractRefuses(
        f"{holder.text} does not say that the signature is its own; {how}: have its owners sign"
        " exactly the text that was given"
    )
