"""Transactions: what one spends, and what one will be called, read without deciding anything."""

from embit.psbt import PSBT
from embit.transaction import Transaction


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
