"""Which key made a signature: ECDSA on secp256k1 (SEC 1, 4.1.6), by Bitcoin Core's own library.

The binding is embit's, which the signers sign with. Its pure Python fallback is not taken, since
that one was not written for hostile input; where there is no library, importing this fails.
"""

from embit.util import ctypes_secp256k1 as secp256k1

from clearhouse.chains.messages.proof import ProofRuleBroken, ProofSignatureWrong

ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # SEC 2, 2.4.1
NUMBER_BYTES = 32
RECOVERY_MAX = 3


def recover(digest: bytes, signature: bytes, recovery: int) -> bytes:
    """The public key that made a signature, if any did.

    Args:
        digest: What was signed, 32 bytes.
        signature: r and s, 32 bytes each.
        recovery: Which of up to four keys, 0 to 3.

    Returns:
        The key without compression: 4, x and y, 65 bytes.

    Raises:
        ProofRuleBroken: Its s is above half of the order. Every wallet of today writes the lower
            one of the two that verify (BIP 146, EIP-2); so a proof has one spelling.
        ProofSignatureWrong: No key can have made it.
    """
    assert len(digest) == NUMBER_BYTES
    assert len(signature) == 2 * NUMBER_BYTES
    assert 0 <= recovery <= RECOVERY_MAX
    if int.from_bytes(signature[NUMBER_BYTES:], "big") > ORDER // 2:
        raise ProofRuleBroken("its s is not the lower one: sign with a wallet of today")
    try:
        parsed = secp256k1.ecdsa_recoverable_signature_parse_compact(signature, recovery)
        key = secp256k1.ecdsa_recover(parsed, digest)
    except ValueError as wrong:
        raise ProofSignatureWrong(f"no key can have made it: {wrong}") from wrong
    return bytes(secp256k1.ec_pubkey_serialize(key, secp256k1.EC_UNCOMPRESSED))


def compressed(key: bytes) -> bytes:
    """A key of 65 bytes as one of 33: whether y is odd, and x."""
    return bytes([2 + (key[-1] & 1)]) + key[1 : 1 + NUMBER_BYTES]
