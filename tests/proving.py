"""Makes proofs that addresses are held, as wallets would, with embit and not with the house's code.

A `Holder` has an address and says with which witness or script it is spent; `simple` and `full`
make the proof of it, honest or, with other parts put in, not.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from embit import bech32, script
from embit.ec import PrivateKey
from embit.hashes import hash160, tagged_hash
from embit.networks import NETWORKS
from embit.script import Script, Witness
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput
from embit.util import ctypes_secp256k1 as secp256k1

MESSAGE = "Clearhouse: prove this address"
NETWORK = "regtest"
KEYS = [PrivateKey(bytes([n]) * 32) for n in (1, 2, 3)]
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
LEAF = 0xC0


def push(data: bytes) -> bytes:
    """A push of up to 75 bytes."""
    assert len(data) < 0x4C
    return bytes([len(data)]) + data


def sec(which: int) -> bytes:
    return bytes(KEYS[which].sec())


def xonly(which: int) -> bytes:
    return bytes(KEYS[which].xonly())


def to_spend(output: bytes, message: str) -> Transaction:
    tag = sha256(b"BIP0322-signed-message").digest()
    hashed = sha256(tag + tag + message.encode()).digest()
    return Transaction(
        0,
        [TransactionInput(bytes(32), 0xFFFFFFFF, Script(b"\x00\x20" + hashed), 0)],
        [TransactionOutput(0, Script(output))],
        0,
    )


Satisfy = Callable[[Transaction], tuple[bytes, Sequence[bytes]]]


@dataclass
class Holder:
    """An address, and how it is spent: the input's script and its witness."""

    output: bytes
    satisfy: Satisfy
    address: str = field(init=False)

    def __post_init__(self) -> None:
        self.address = str(Script(self.output).address(NETWORKS["regtest"]))

    def to_sign(self, message: str = MESSAGE, **parts: int) -> Transaction:
        """The transaction, signed; `version`, `locktime` and `sequence` are the holder's choice."""
        spent = to_spend(self.output, message).txid()
        made = Transaction(
            parts.get("version", 0),
            [TransactionInput(spent, 0, sequence=parts.get("sequence", 0))],
            [TransactionOutput(0, Script(b"\x6a"))],
            parts.get("locktime", 0),
        )
        self.sign(made)
        return made

    def sign(self, made: Transaction) -> None:
        script_sig, items = self.satisfy(made)
        made.vin[0].script_sig = Script(script_sig)
        made.vin[0].witness = Witness(list(items))
        made.clear_cache()

    def simple(self, message: str = MESSAGE) -> str:
        witness = self.to_sign(message).vin[0].witness.serialize()
        return "smp" + b64encode(witness).decode()

    def full(self, message: str = MESSAGE, **parts: int) -> str:
        return full(self.to_sign(message, **parts))


def full(made: Transaction) -> str:
    return "ful" + b64encode(made.serialize()).decode()


def ecdsa(which: int, digest: bytes, hash_type: int = SIGHASH.ALL, *, high: bool = False) -> bytes:
    """A signature of DER and its hash type; with the higher s of the two if asked for."""
    signature = KEYS[which].sign(digest)
    if high:
        compact = secp256k1.ecdsa_signature_serialize_compact(signature._sig)
        higher = ORDER - int.from_bytes(compact[32:], "big")
        parsed = secp256k1.ecdsa_signature_parse_compact(compact[:32] + higher.to_bytes(32, "big"))
        return bytes(secp256k1.ecdsa_signature_serialize_der(parsed)) + bytes([hash_type])
    return bytes(signature.serialize()) + bytes([hash_type])


def key_hash_code(which: int) -> bytes:
    return b"\x76\xa9\x14" + bytes(hash160(sec(which))) + b"\x88\xac"


def segwit_digest(made: Transaction, code: bytes, hash_type: int = SIGHASH.ALL) -> bytes:
    return bytes(made.sighash_segwit(0, Script(code), 0, hash_type))


def p2wpkh(**how: Any) -> Holder:
    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        hash_type = how.get("hash_type", SIGHASH.ALL)
        digest = segwit_digest(made, key_hash_code(0), hash_type)
        return b"", [ecdsa(0, digest, **how), sec(0)]

    return Holder(bytes(script.p2wpkh(KEYS[0]).data), satisfy)


def of_key(key: PrivateKey) -> Holder:
    """P2WPKH of any key, as the firms of the demo have."""
    code = bytes(script.p2pkh(key).data)

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        signature = bytes(key.sign(segwit_digest(made, code)).serialize())
        return b"", [signature + bytes([SIGHASH.ALL]), bytes(key.sec())]

    return Holder(bytes(script.p2wpkh(key).data), satisfy)


def p2pkh(*, script_sig: Callable[[bytes, bytes], bytes] | None = None) -> Holder:
    code = key_hash_code(0)

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        signature = ecdsa(0, made.sighash_legacy(0, Script(code), SIGHASH.ALL))
        if script_sig is not None:
            return script_sig(signature, sec(0)), []
        return push(signature) + push(sec(0)), []

    return Holder(code, satisfy)


def p2sh_p2wpkh() -> Holder:
    program = bytes(script.p2wpkh(KEYS[0]).data)

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        return push(program), [ecdsa(0, segwit_digest(made, key_hash_code(0))), sec(0)]

    return Holder(bytes(script.p2sh(Script(program)).data), satisfy)


def p2wsh(code: bytes, items: Callable[[bytes], Sequence[bytes]]) -> Holder:
    """A witness script; `items` makes what comes before it, given what a signature signs."""

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        return b"", [*items(segwit_digest(made, code)), code]

    return Holder(bytes(script.p2wsh(Script(code)).data), satisfy)


def p2sh(
    code: bytes, pushes: Callable[[bytes], Sequence[bytes]], signed: bytes | None = None
) -> Holder:
    """A script without a witness; `signed` is what a signature commits to of it, if not all."""

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        digest = bytes(made.sighash_legacy(0, Script(signed or code), SIGHASH.ALL))
        return b"".join(map(push, pushes(digest))) + push(code), []

    return Holder(bytes(script.p2sh(Script(code)).data), satisfy)


def p2tr(*, hash_type: int = SIGHASH.DEFAULT, annex: bytes | None = None) -> Holder:
    output = bytes(script.p2tr(KEYS[0]).data)

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        digest = made.sighash_taproot(0, [Script(output)], [0], hash_type, annex=annex)
        signature = bytes(KEYS[0].taproot_tweak().schnorr_sign(digest).serialize())
        signature += bytes([hash_type]) if hash_type else b""
        return b"", [signature, *([annex] if annex is not None else [])]

    return Holder(output, satisfy)


def tapscript(
    code: bytes, items: Callable[[Callable[[int], bytes]], Sequence[bytes]], leaf: int = LEAF
) -> Holder:
    """A script in a taproot of nothing else; `items` is given a signer of keys by their number."""
    root = tagged_hash("TapLeaf", bytes([leaf]) + Script(code).serialize())
    tweaked = KEYS[2].get_public_key().taproot_tweak(root)
    # embit has the tweaked key with an even y; whether it was, the control block says.
    tweak = int.from_bytes(tagged_hash("TapTweak", xonly(2) + root), "big")
    secret = int.from_bytes(KEYS[2].secret, "big")
    secret = secret if KEYS[2].sec()[0] == 2 else ORDER - secret
    odd = PrivateKey(((secret + tweak) % ORDER).to_bytes(32, "big")).sec()[0] == 3
    output = b"\x51\x20" + bytes(tweaked.xonly())

    def satisfy(made: Transaction) -> tuple[bytes, list[bytes]]:
        spent = ([Script(output)], [0])
        digest = made.sighash_taproot(0, *spent, ext_flag=1, script=Script(code), leaf_version=leaf)

        def sign(which: int) -> bytes:
            return bytes(KEYS[which].schnorr_sign(digest).serialize())

        return b"", [*items(sign), code, bytes([leaf | odd]) + xonly(2)]

    return Holder(output, satisfy)


def multisig(need: int) -> Holder:
    """P2WSH, of the three keys."""
    code = bytes(script.multisig(need, KEYS).data)
    return p2wsh(code, lambda digest: [b"", *(ecdsa(n, digest) for n in range(need))])


def future_address(version: int, program: bytes) -> str:
    return str(bech32.encode("bcrt", version, program))


def legacy(which: int, message: str, header: int, *, high: bool = False) -> str:
    """A signature of BIP-137, for the first of four headers of its kind of address."""
    text = message.encode()
    assert len(text) < 1 << 16
    few = len(text) < 0xFD
    count = bytes([len(text)]) if few else b"\xfd" + len(text).to_bytes(2, "little")
    digest = sha256(sha256(push(b"Bitcoin Signed Message:\n") + count + text).digest())
    signature, recovery = recoverable(which, digest.digest(), high=high)
    return b64encode(bytes([header + recovery]) + signature).decode()


def recoverable(which: int, digest: bytes, *, high: bool = False) -> tuple[bytes, int]:
    """r and s, and which key is to be recovered of them."""
    made = secp256k1.ecdsa_sign_recoverable(digest, KEYS[which].secret)
    compact, recovery = secp256k1.ecdsa_recoverable_signature_serialize_compact(made)
    if high:
        higher = ORDER - int.from_bytes(compact[32:], "big")
        return bytes(compact[:32]) + higher.to_bytes(32, "big"), int(recovery) ^ 1
    return bytes(compact), int(recovery)
