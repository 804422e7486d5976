"""Proofs that somebody holds an address of Bitcoin: a message, signed.

```text
smp + base64   BIP-322 simple   p2wpkh, p2wsh, p2tr             see virtual, rules
ful + base64   BIP-322 full     every kind, with time locks     see virtual, rules
pof + base64   BIP-322 funds    refused: not asked here
base64         BIP-137          65 bytes: p2pkh, p2sh-p2wpkh, p2wpkh    see legacy
               else BIP-322 simple, as wallets wrote it before version 2 of the BIP
```

Proofs of Ethereum's accounts and contracts are in `evm`.
"""

import binascii
from base64 import b64decode, b64encode

from clearhouse.chains.messages import legacy, virtual
from clearhouse.chains.messages.proof import (
    Proof,
    ProofMalformed,
    ProofOfFundsUnsupported,
    bytes_of_message,
    need_length,
)
from clearhouse.core import address as addresses

__all__ = ["Proof", "verify"]

PREFIX_LENGTH = 3


def verify(address: str, message: str, signature: str, network: str) -> Proof:
    """Check that who holds `address` signed `message`.

    Args:
        address: Of Bitcoin, on `network`.
        message: What was to be signed; it is signed in UTF-8.
        signature: As the wallet gave it, with nothing around it.
        network: Bitcoin Core's name of the chain: main, test, testnet4, signet or regtest.

    Returns:
        The proof; one that waits for a time or an age is valid only then, which the caller judges.

    Raises:
        AddressMalformed, AddressChecksumWrong, AddressOfOtherNetwork, AddressVersionUnused: See
            `core.address`.
        ProofTooLong, ProofMalformed, ProofOfFundsUnsupported, ProofKindUnsupported,
        ProofFormWrong, ProofSignatureWrong, ProofRuleBroken, ProofInconclusive: In about this
            precedence; where one says why, the next ones are not looked at.
    """
    holder = addresses.parse(address, network)
    need_length(signature)
    signed = bytes_of_message(message)
    prefix, rest = signature[:PREFIX_LENGTH], signature[PREFIX_LENGTH:]
    if prefix == "pof":
        raise ProofOfFundsUnsupported(
            "it is a proof of funds (pof): sign the message alone, which gives smp or ful"
        )
    if prefix == "smp":
        return virtual.verify_simple(holder, signed, _decoded(rest))
    if prefix == "ful":
        return virtual.verify_full(holder, signed, _decoded(rest))
    content = _decoded(signature)
    if legacy.is_meant(holder, content):
        return legacy.verify(holder, signed, content)
    return virtual.verify_simple(holder, signed, content)


def _decoded(text: str) -> bytes:
    """Read base64 that has one spelling only: padded, no bits left over, nothing in between."""
    try:
        content = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as wrong:
        raise ProofMalformed(f"it is no base64 after its prefix: {wrong}") from wrong
    if not content or b64encode(content).decode() != text:
        raise ProofMalformed("it is empty, or its base64 is not written in full: copy it whole")
    return content
