"""Messages signed as since 2011, with the headers of BIP-137.

```text
header   27-30 p2pkh, key not compressed    35-38 p2sh-p2wpkh
         31-34 p2pkh                        39-42 p2wpkh        then r and s, 32 bytes each
```

BIP-322 would have this form for p2pkh alone; hardware wallets sign it for the two others, with the
headers of BIP-137, so it is taken. A header of another kind of address is refused, although some
wallets write 31-34 for all of them: BIP-137 has no other way to say which address was meant.
"""

from hashlib import sha256

from embit.hashes import hash160

from clearhouse.chains.messages.proof import (
    Method,
    Proof,
    ProofFormWrong,
    ProofKindUnsupported,
    ProofSignatureWrong,
)
from clearhouse.chains.messages.recovery import compressed, recover
from clearhouse.core.address import Address, AddressKind

SIGNATURE_BYTES = 65
HEADER_MIN, HEADER_MAX = 27, 42
PER_KIND = 4  # as many keys as a recovery may choose from
# BIP-137: for each four headers, the kind of address and whether its key is compressed.
HEADERS = (
    (AddressKind.P2PKH, False),
    (AddressKind.P2PKH, True),
    (AddressKind.P2SH, True),
    (AddressKind.P2WPKH, True),
)
KINDS = {kind for kind, _ in HEADERS}
MAGIC = b"\x18Bitcoin Signed Message:\n"  # Bitcoin Core's MESSAGE_MAGIC, with its length


def is_meant(holder: Address, content: bytes) -> bool:
    """Whether a signature without a prefix is of this form.

    A witness of the same length for p2wsh or p2tr begins with how many items it has; of p2wpkh,
    p2pkh and p2sh none begins with 27 or more.
    """
    if holder.kind in {AddressKind.P2PKH, AddressKind.P2SH}:
        return True  # these have no other form without a prefix
    return holder.kind in KINDS and _has_header(content)


def verify(holder: Address, message: bytes, content: bytes) -> Proof:
    """Check a signature of 65 bytes.

    Raises:
        ProofFormWrong: It has another length, or a header that no kind of address has.
        ProofKindUnsupported: Its header is of another kind of address.
        ProofRuleBroken: It is not the lower one of the two signatures.
        ProofSignatureWrong: It is not this address's for this message.
    """
    if not _has_header(content):
        raise ProofFormWrong(
            f"{len(content)} bytes without a prefix: for an address of kind {holder.kind} give"
            " smp or ful and base64 (BIP-322), or 65 bytes in base64 with their header (BIP-137)"
        )
    which, recovery = divmod(content[0] - HEADER_MIN, PER_KIND)
    kind, is_compressed = HEADERS[which]
    if kind is not holder.kind:
        raise ProofKindUnsupported(
            f"its header {content[0]} is of a {kind} address, and {holder.text} is {holder.kind}:"
            " sign for the address that is asked for, with BIP-322 if the wallet can"
        )
    key = recover(digest(message), content[1:], recovery)
    if _script(kind, compressed(key) if is_compressed else key) != holder.script:
        raise ProofSignatureWrong(
            f"it is not of {holder.text} for this message: sign exactly the text that was given"
        )
    return Proof(Method.BIP137, holder.text)


def digest(message: bytes) -> bytes:
    """What is signed: Bitcoin Core's `MessageHash`, 32 bytes."""
    return sha256(sha256(MAGIC + _counted(message)).digest()).digest()


def _script(kind: AddressKind, key: bytes) -> bytes:
    """The output script of a key, for the three kinds of address that have this form."""
    hashed: bytes = hash160(key)
    if kind is AddressKind.P2PKH:
        return b"\x76\xa9\x14" + hashed + b"\x88\xac"
    witness = b"\x00\x14" + hashed
    if kind is AddressKind.P2WPKH:
        return witness
    wrapped: bytes = hash160(witness)
    return b"\xa9\x14" + wrapped + b"\x87"


def _has_header(content: bytes) -> bool:
    return len(content) == SIGNATURE_BYTES and HEADER_MIN <= content[0] <= HEADER_MAX


def _counted(content: bytes) -> bytes:
    """Content with its length before it, as a compact size."""
    count = len(content)
    for mark, width, least in ((0xFF, 8, 1 << 32), (0xFE, 4, 1 << 16), (0xFD, 2, 0xFD)):
        if count >= least:
            return bytes([mark]) + count.to_bytes(width, "little") + content
    return bytes([count]) + content
