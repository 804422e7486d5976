"""`Vault`: what three institutions hold together, two of whom can move it.

The house knows the vault as a public descriptor (BIP 380, 383, 389) made of the institutions'
account keys: it can tell the vault's addresses and compose what is to be signed, and sign nothing.
A transaction is composed from named coins, goes to the signers as a PSBT (BIP 174), comes back
signed, is combined and made final.

    receive ──▶ coins ──▶ compose ──▶ signers ──▶ combine ──▶ finalise ──▶ broadcast

Composing has no choice in it: the same coins and pay-outs give the same bytes. Inputs and outputs
are in the order of BIP 69, every named coin is spent, and the rest goes to the change branch. A
rest below the dust limit of its output cannot be relayed; it goes to the fee, and there is no
change output. Scripts come from BDK (rust-miniscript); the PSBT's fields are written with embit,
and the two must agree on every script.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import bdkpython as bdk
from embit.descriptor import Descriptor
from embit.psbt import PSBT, DerivationPath
from embit.script import Script, Witness
from embit.transaction import Transaction, TransactionInput, TransactionOutput

from clearhouse.core.errors import Kind, Refusal

# Bitcoin Core's names of the chains (`getblockchaininfo`).
NETWORKS = {
    "main": (bdk.Network.BITCOIN, bdk.NetworkKind.MAIN),
    "test": (bdk.Network.TESTNET, bdk.NetworkKind.TEST),
    "testnet4": (bdk.Network.TESTNET4, bdk.NetworkKind.TEST),
    "signet": (bdk.Network.SIGNET, bdk.NetworkKind.TEST),
    "regtest": (bdk.Network.REGTEST, bdk.NetworkKind.TEST),
}

XPUB_FORM = re.compile(
    r"\[(?P<fingerprint>[0-9a-f]{8})(?:/[0-9]+[h'])*\](?P<key>[tx]pub[0-9A-Za-z]{107})", re.ASCII
)
DUST_RATE = 3  # sat/vB; Bitcoin Core's DUST_RELAY_TX_FEE, of 3000 sat/kvB
SEQUENCE = 0xFFFFFFFD  # BIP 125: may be replaced by one that pays more; no relative lock (BIP 68)
ANCHOR = b"\x6a\x20"  # OP_RETURN and a push of 32 bytes
SIGNATURE_BYTES_MAX = 72  # DER with low S (BIP 146) and the sighash byte


class AddressWrong(Refusal):
    """An address is malformed, of another network, or of a kind that nobody can hold safely."""

    code = "vault.address-wrong"
    kind = Kind.MALFORMED


class KeysWrong(Refusal):
    """The institutions' keys do not make a vault."""

    code = "vault.keys-wrong"
    kind = Kind.MALFORMED


class CoinWrong(Refusal):
    """A coin is named twice, or is not an output of the vault as it is said to be."""

    code = "vault.coin-wrong"
    kind = Kind.CONFLICT


class PreviousUnknown(Refusal):
    """The transaction that made a coin is not given, or is another one."""

    code = "vault.previous-unknown"
    kind = Kind.UNKNOWN


class PayOutDust(Refusal):
    """A pay-out is so small that nodes would not relay it."""

    code = "vault.pay-out-dust"
    kind = Kind.MALFORMED


class VaultShort(Refusal):
    """The coins do not cover the pay-outs and the fee."""

    code = "vault.short"
    kind = Kind.UNFUNDED


class PsbtMalformed(Refusal):
    """A partially signed transaction cannot be read."""

    code = "vault.psbt-malformed"
    kind = Kind.MALFORMED


class PsbtDiffers(Refusal):
    """Partially signed transactions to be combined are not of one transaction."""

    code = "vault.psbt-differs"
    kind = Kind.CONFLICT


class SignaturesMissing(Refusal):
    """A transaction has not enough valid signatures."""

    code = "vault.signatures-missing"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Address:
    """An address of the vault and the script that it stands for."""

    text: str
    script: bytes


@dataclass(frozen=True, slots=True, order=True)
class Coin:
    """An unspent output of the vault; the order is BIP 69's order of inputs.

    Attributes:
        txid: As people write it, 64 hexadecimal digits.
        vout: Which output of it.
        index: Where on its branch the vault's script was derived.
        is_change: Whether that is the change branch; if not, the receiving branch.
    """

    txid: str
    vout: int
    index: int
    is_change: bool = False


@dataclass(frozen=True, slots=True)
class _Spent:
    coin: Coin
    previous: Any
    output: Any
    witness_script: Any
    derivations: list[tuple[Any, Any]]


class Vault:
    """A wallet of which any `threshold` of the holders can sign, and the house none.

    Args:
        xpubs: The holders' account keys with their origin: `[73c5da0a/48h/1h/0h/2h]tpub...`
            (BIP 48). No two may come from one seed.
        threshold: How many holders must sign; from 1 to their number.
        network: Bitcoin Core's name of the chain: main, test, testnet4, signet or regtest.

    Attributes:
        descriptor: The public multipath descriptor, with its checksum.

    Raises:
        KeysWrong: A key is malformed, private, of another network, or repeated.
    """

    def __init__(self, xpubs: Sequence[str], threshold: int, network: str) -> None:
        self.network, kind = NETWORKS[network]
        forms = [XPUB_FORM.fullmatch(xpub) for xpub in xpubs]
        for name in ("fingerprint", "key"):
            # Of two keys of one seed, BDK's own signers use one and say nothing.
            parts = {form[name] for form in forms if form is not None}
            if len(parts) < len(forms):
                raise KeysWrong("write [fingerprint/48h/1h/0h/2h]tpub..., each of its own seed")
        keys = ",".join(f"{xpub}/<0;1>/*" for xpub in xpubs)
        try:
            whole = bdk.Descriptor(f"wsh(sortedmulti({threshold},{keys}))", kind)
            self._branches = whole.to_single_descriptors()
        except bdk.DescriptorError as wrong:
            raise KeysWrong(f"{type(wrong).__name__}: {wrong}") from wrong
        self.descriptor = str(whole)
        self.threshold = threshold
        # Filling in a branch once is cheaper than for each coin.
        parsed = Descriptor.from_string(self.descriptor)
        self._parsed = [parsed.branch(0), parsed.branch(1)]

    def receive(self, index: int) -> Address:
        """The address at `index` (0 to 2**31 - 1) where participants pay in."""
        return self._address(index, is_change=False)

    def change(self, index: int) -> Address:
        """The address at `index` (0 to 2**31 - 1) where the rest of a cycle's coins goes."""
        return self._address(index, is_change=True)

    def compose(
        self,
        coins: Sequence[Coin],
        previous: Mapping[str, bytes],
        pay_outs: Sequence[tuple[str, int]],
        change_index: int,
        fee_rate_sat_per_vb: int,
        anchor: str = "",
    ) -> str:
        """Write the transaction that spends `coins`, all of them, on `pay_outs`.

        The fee is the rate times the size with the longest signatures, so that the rate met is
        never below; what is left goes to change, or to the fee if it would be dust there.

        Args:
            coins: At least one, in any order.
            previous: The transactions that made the coins, by txid.
            pay_outs: Addresses and satoshi, in any order; an address may be paid more than once.
            change_index: Where on the change branch the rest goes.
            fee_rate_sat_per_vb: At least 1.
            anchor: 32 bytes in hex that an output of nothing carries; none if empty.

        Returns:
            A PSBT of version 0 in base64, which carries of each input all that a signer has to
            check: the whole previous transaction, the script and the holders' keys.

        Raises:
            AddressWrong, PayOutDust, CoinWrong, PreviousUnknown, VaultShort: In this precedence;
                of several coins or pay-outs, the first that is wrong.
        """
        assert fee_rate_sat_per_vb >= 1
        outputs = [self._pay_out(address, units) for address, units in pay_outs]
        carried = [(0, ANCHOR + bytes.fromhex(anchor))] if anchor else []
        if len({(coin.txid, coin.vout) for coin in coins}) < len(coins) or not coins:
            raise CoinWrong(f"{len(coins)} coins: name at least one, and each once")
        spent = [self._spent(coin, previous) for coin in sorted(coins)]
        change = self.change(change_index).script
        inside = sum(one.output.value for one in spent)
        left = inside - sum(units for units, _ in outputs)
        scripts = [script for _, script in (*outputs, *carried)]
        fee = fee_rate_sat_per_vb * self._vsize(len(spent), scripts)
        rest = left - fee_rate_sat_per_vb * self._vsize(len(spent), [*scripts, change])
        if rest >= dust_limit(change):
            outputs.append((rest, change))
        elif left < fee or not outputs:
            raise VaultShort(f"coins of {inside} sat leave {left} sat for a fee of {fee} sat")
        return str(self._psbt(spent, sorted(outputs + carried)).to_base64())

    def _address(self, index: int, *, is_change: bool) -> Address:
        assert 0 <= index < 1 << 31, index
        address = self._branches[is_change].derive_address(index, self.network)
        return Address(str(address), bytes(address.script_pubkey().to_bytes()))

    def _pay_out(self, address: str, units: int) -> tuple[int, bytes]:
        script = _script_of(address, self.network)
        if units < dust_limit(script):
            raise PayOutDust(f"{units} sat to {address}: {dust_limit(script)} or more")
        return units, script

    def _spent(self, coin: Coin, previous: Mapping[str, bytes]) -> _Spent:
        """Find what made `coin`, and prove that it is the vault's.

        Raises:
            PreviousUnknown, CoinWrong: In this precedence.
        """
        name = f"{coin.txid}:{coin.vout}"
        raw = previous.get(coin.txid, b"")
        try:
            txid = str(bdk.Transaction(raw).compute_txid())
        except bdk.TransactionError:
            txid = "no transaction"
        if txid != coin.txid:
            raise PreviousUnknown(f"{name}: {txid} is given", coin=name)
        made = Transaction.parse(raw)
        for vin in made.vin:
            # A txid does not commit to witnesses: without them the PSBT has one writing.
            vin.witness = Witness([])
        if not 0 <= coin.vout < len(made.vout):
            raise CoinWrong(f"{name}: it has {len(made.vout)} outputs", coin=name)
        output = made.vout[coin.vout]
        script = self._address(coin.index, is_change=coin.is_change).script
        derived = self._parsed[coin.is_change].derive(coin.index)
        witness_script = derived.witness_script()
        assert script == b"\x00\x20" + sha256(witness_script.data).digest()
        if output.script_pubkey.data != script:
            branch = "change" if coin.is_change else "receiving"
            detail = f"{name} does not pay the vault at index {coin.index} of its {branch} branch"
            raise CoinWrong(detail, coin=name)
        derivations = [
            (key.get_public_key(), DerivationPath(key.origin.fingerprint, key.origin.derivation))
            for key in derived.keys
        ]
        return _Spent(coin, made, output, witness_script, derivations)

    def _psbt(self, spent: Sequence[_Spent], outputs: Sequence[tuple[int, bytes]]) -> Any:
        unsigned = Transaction(
            version=2,
            vin=[
                TransactionInput(bytes.fromhex(one.coin.txid), one.coin.vout, sequence=SEQUENCE)
                for one in spent
            ],
            vout=[TransactionOutput(units, Script(script)) for units, script in outputs],
            locktime=0,
        )
        psbt = PSBT(unsigned)
        for scope, one in zip(psbt.inputs, spent, strict=True):
            scope.non_witness_utxo = one.previous
            scope.witness_utxo = one.output
            scope.witness_script = one.witness_script
            scope.bip32_derivations.update(sorted(one.derivations))
        return psbt

    def _vsize(self, inputs: int, scripts: Sequence[bytes]) -> int:
        """The most virtual bytes that the signed transaction can have (BIP 141)."""
        holders = len(self._parsed[0].keys)
        script_bytes = 3 + 34 * holders  # threshold, keys with their lengths, number, CHECKMULTISIG
        witness = _count_bytes(self.threshold + 2) + 1  # the empty item is CHECKMULTISIG's bug
        witness += self.threshold * (1 + SIGNATURE_BYTES_MAX)
        witness += _count_bytes(script_bytes) + script_bytes
        plain = 8 + _count_bytes(inputs) + 41 * inputs + _count_bytes(len(scripts))
        plain += sum(8 + _count_bytes(len(script)) + len(script) for script in scripts)
        return -(-(4 * plain + 2 + inputs * witness) // 4)


def script_of(address: str, network: str) -> bytes:
    """The output script that `address` stands for on `network` (Bitcoin Core's name of it).

    Raises:
        AddressWrong: It is malformed, of another network, or of a witness version that is not in
            use yet, whose coins anybody could take.
    """
    return _script_of(address, NETWORKS[network][0])


def dust_limit(script: bytes) -> int:
    """The least satoshi that nodes relay to `script` (Bitcoin Core's `GetDustThreshold`)."""
    is_witness = len(script) >= 4 and (script[0] == 0 or 0x51 <= script[0] <= 0x60)  # noqa: PLR2004 - BIP 141: version, length, at least 2 bytes
    spend_bytes = 67 if is_witness else 148
    return DUST_RATE * (8 + _count_bytes(len(script)) + len(script) + spend_bytes)


def combine(psbts: Sequence[str]) -> str:
    """Put the signatures of several PSBTs of one transaction together; base64 in and out.

    Raises:
        PsbtMalformed, PsbtDiffers: In this precedence.
    """
    first, *others = [_read(psbt) for psbt in psbts]
    for other in others:
        try:
            first = first.combine(other)
        except bdk.PsbtError as wrong:
            raise PsbtDiffers(f"{type(wrong).__name__}: {wrong}") from wrong
    return str(first.serialize())


def finalise(psbt: str) -> tuple[bytes, str]:
    """Make the transaction that can be broadcast.

    Returns:
        Its bytes and its txid.

    Raises:
        PsbtMalformed: It cannot be read.
        SignaturesMissing: An input has too few signatures, or wrong ones.
    """
    done = _read(psbt).finalize()
    if not done.could_finalize:
        first, *_ = done.errors or ["no reason is given"]
        raise SignaturesMissing(f"{len(done.errors or [])} inputs lack signatures; {first}")
    try:
        transaction = done.psbt.extract_tx()
    except bdk.ExtractTxError as wrong:
        raise PsbtMalformed(f"{type(wrong).__name__}: {wrong}") from wrong
    return bytes(transaction.serialize()), str(transaction.compute_txid())


def fee(psbt: str) -> int:
    """What the transaction leaves to miners, in satoshi.

    Raises:
        PsbtMalformed: It cannot be read, or its outputs exceed its inputs.
    """
    try:
        return int(_read(psbt).fee())
    except bdk.PsbtError as wrong:
        raise PsbtMalformed(f"{type(wrong).__name__}: {wrong}") from wrong


def _script_of(address: str, network: Any) -> bytes:
    try:
        parsed = bdk.Address(address, network)
    except bdk.AddressParseError as wrong:
        detail = f"{address!r:.100}: {type(wrong).__name__} on {network.name.lower()}"
        raise AddressWrong(detail, address=address) from wrong
    data = parsed.to_address_data()
    if data.is_segwit() and data.witness_program.version > 1:
        raise AddressWrong(f"{address}: its witness version is not in use", address=address)
    return bytes(parsed.script_pubkey().to_bytes())


def _read(psbt: str) -> Any:
    try:
        return bdk.Psbt(psbt)
    except bdk.PsbtParseError as wrong:
        raise PsbtMalformed(f"{type(wrong).__name__}: {wrong}") from wrong


def _count_bytes(count: int) -> int:
    """How many bytes a compact size takes."""
    return 1 if count < 253 else 3 if count < 1 << 16 else 5  # noqa: PLR2004 - Bitcoin's own borders
