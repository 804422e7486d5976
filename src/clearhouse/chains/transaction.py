"""Transactions: what one spends, makes and will be called, read without deciding anything."""

from hashlib import sha256

from embit.hashes import hash160
from embit.networks import NETWORKS
from embit.psbt import PSBT
from embit.script import Script
from embit.transaction import Transaction

from clearhouse.chains.derivation import ALIKE

KEY_BYTES = (33, 65)  # a public key, compressed or not
CHECKSIG = 0xAC


def spends(raw: bytes) -> frozenset[str]:
    """The outputs that a transaction spends, each as `txid:vout`."""
    return frozenset(f"{one.txid.hex()}:{one.vout}" for one in Transaction.parse(raw).vin)


def outputs(raw: bytes) -> list[tuple[int, bytes]]:
    """What a transaction makes: satoshi and script of each output."""
    return [(one.value, bytes(one.script_pubkey.data)) for one in Transaction.parse(raw).vout]


def txid_of(psbt: str) -> str:
    """The id of what a PSBT (base64, BIP 174) becomes when signed: witnesses are not in it."""
    txid: bytes = PSBT.from_base64(psbt).tx.txid()
    return txid.hex()


def address_of(script: bytes, network: str) -> str:
    """The address of an output script, as lists of sanctions have it.

    A public key by itself (P2PK) has the address of its hash, as explorers write it. A script that
    has no address is `script:` and its SHA-256.

    Args:
        network: As Bitcoin Core calls it.
    """
    written_as = NETWORKS[ALIKE.get(network, network)]
    size = len(script) - 2
    if size in KEY_BYTES and script[0] == size and script[-1] == CHECKSIG:
        script = b"\x76\xa9\x14" + hash160(script[1:-1]) + b"\x88\xac"
    known = Script(script)
    if known.script_type() is None:
        return f"script:{sha256(script).hexdigest()}"
    text: str = known.address(written_as)
    return text
