"""Wallets of the demo's participants: one key each, pay-to-witness-public-key-hash (BIP 141).

These stand for what participants hold themselves. The house never sees a key of theirs: it is told
addresses, and sees transactions on the chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from embit import script
from embit.ec import PrivateKey
from embit.networks import NETWORKS
from embit.transaction import SIGHASH, Transaction, TransactionInput, TransactionOutput

from clearhouse.chains.chain import Coin

INPUT_VBYTES = 69  # a P2WPKH input with a signature of the longest form, rounded up
OUTPUT_VBYTES = 43  # the longest standard output
OVERHEAD_VBYTES = 12
CHANGE_MIN = 1_000  # satoshi; less is left to the miners


@dataclass(frozen=True, slots=True)
class Wallet:
    """One key and its address."""

    key: PrivateKey = field(repr=False)
    script: bytes
    address: str

    @classmethod
    def of(cls, seed: bytes) -> "Wallet":
        """Make the wallet that follows from `seed`."""
        key = PrivateKey(sha256(seed).digest())
        own = script.p2wpkh(key)
        return cls(key, own.data, own.address(NETWORKS["regtest"]))


def pay(
    coins: Sequence[tuple[Coin, Wallet]],
    outputs: Sequence[tuple[bytes, int]],
    change: bytes,
    fee_rate: int,
) -> bytes:
    """Sign a transaction that spends `coins`, each with its wallet, on `outputs` and change.

    Args:
        outputs: Scripts and satoshi.
        change: The script that gets the rest; nothing if the rest is below CHANGE_MIN.
        fee_rate: Satoshi a virtual byte.
    """
    vbytes = OVERHEAD_VBYTES + INPUT_VBYTES * len(coins) + OUTPUT_VBYTES * (len(outputs) + 1)
    rest = sum(coin.units for coin, _ in coins) - sum(units for _, units in outputs)
    rest -= vbytes * fee_rate
    assert rest >= 0, "the coins do not cover it"
    out = [TransactionOutput(units, script.Script(to)) for to, units in outputs]
    if rest >= CHANGE_MIN:
        out.append(TransactionOutput(rest, script.Script(change)))
    inputs = [TransactionInput(bytes.fromhex(coin.txid), coin.vout) for coin, _ in coins]
    made = Transaction(version=2, vin=inputs, vout=out, locktime=0)
    for index, (coin, wallet) in enumerate(coins):
        # BIP 143: the script code of P2WPKH is the P2PKH of the same key.
        code = script.p2pkh(wallet.key)
        digest = made.sighash_segwit(index, code, coin.units)
        signature = wallet.key.sign(digest).serialize() + bytes([SIGHASH.ALL])
        made.vin[index].witness = script.Witness([signature, wallet.key.sec()])
    return bytes(made.serialize())
