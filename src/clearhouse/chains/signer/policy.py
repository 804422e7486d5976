"""Policy: what a transaction must be for this signer to sign it.

It spends outputs of the vault and nothing else; it makes the statement's pay-outs, each once, an
output of nothing that carries the head of the log which the statement names, and at most one
output of change at the index that it names; miners get no more than it
allows; and it can confirm at once. Amounts are read from the transactions that made the coins: the
digest of BIP 143 covers an input's own amount only, so a false amount of one input, signed in two
rounds, could burn the other as a fee.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from embit import base58, bech32
from embit.base import EmbitError
from embit.psbt import PSBT, read_string
from embit.transaction import SIGHASH

from clearhouse.chains.signer.registration import Registration
from clearhouse.chains.signer.seed import NETWORKS, Account
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.money import bitcoin
from clearhouse.core.statement import Statement

ANCHOR = b"\x6a\x20"  # OP_RETURN and a push of 32 bytes
SEQUENCE_NO_LOCK = 1 << 31  # BIP 68: with this bit, the input has no relative lock


class VaultDiffers(Refusal):
    """A statement is about another vault."""

    code = "signer.vault-differs"
    kind = Kind.FORBIDDEN


class AssetDiffers(Refusal):
    """A statement is about another asset than the coin of the signer's network."""

    code = "signer.asset-differs"
    kind = Kind.FORBIDDEN


class AddressWrong(Refusal):
    """A pay-out's address is malformed or of another network."""

    code = "signer.address-wrong"
    kind = Kind.MALFORMED


class PsbtMalformed(Refusal):
    """A transaction to sign is not a PSBT of version 0 with a vault's fields only."""

    code = "signer.psbt-malformed"
    kind = Kind.MALFORMED


class TimeLocked(Refusal):
    """A transaction could not confirm at once."""

    code = "signer.time-locked"
    kind = Kind.FORBIDDEN


class InputRepeated(Refusal):
    """A transaction spends the same coin twice."""

    code = "signer.input-repeated"
    kind = Kind.MALFORMED


class InputForeign(Refusal):
    """A transaction spends what is not the vault's."""

    code = "signer.input-foreign"
    kind = Kind.FORBIDDEN


class AmountWrong(Refusal):
    """An input's amount is not proved by the transaction that made it."""

    code = "signer.amount-wrong"
    kind = Kind.FORBIDDEN


class SighashWrong(Refusal):
    """A signature is asked for that does not cover the whole transaction."""

    code = "signer.sighash-wrong"
    kind = Kind.FORBIDDEN


class OutputForeign(Refusal):
    """A transaction pays what the statement does not say."""

    code = "signer.output-foreign"
    kind = Kind.FORBIDDEN


class PayOutMissing(Refusal):
    """A transaction does not pay all that the statement says."""

    code = "signer.pay-out-missing"
    kind = Kind.FORBIDDEN


class AnchorMissing(Refusal):
    """A transaction does not carry the head of the log that the statement names."""

    code = "signer.anchor-missing"
    kind = Kind.FORBIDDEN


class FeeNegative(Refusal):
    """A transaction pays more than it spends."""

    code = "signer.fee-negative"
    kind = Kind.MALFORMED


class FeeTooHigh(Refusal):
    """A transaction leaves miners more than the statement allows."""

    code = "signer.fee-too-high"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Spend:
    """One input, proved to be the vault's: where its key is, and what is signed."""

    branch: int
    index: int
    units: int
    witness_script: Any


def read(text: str) -> Any:
    """Read a PSBT strictly: one transaction, version 0, in the one writing that embit gives it.

    Raises:
        PsbtMalformed: It is anything else.
    """
    try:
        raw = base64.b64decode(text, validate=True)
        _require_one_transaction(raw)
        psbt = PSBT.parse(raw)
        # What embit reads otherwise than it is written (fields of version 2, a sequence of 0, a
        # count in too many bytes) is a transaction other than the one that is shown.
        is_canonical = psbt.serialize() == raw
    except (
        *(EmbitError, binascii.Error, ValueError, RuntimeError, LookupError),
        *(TypeError, ArithmeticError, AssertionError),  # embit's readers of cut-off streams
    ) as wrong:
        raise PsbtMalformed(f"{type(wrong).__name__}: {wrong!s:.100}") from wrong
    if not is_canonical or not psbt.inputs or not psbt.outputs:
        raise PsbtMalformed("not the writing of a transaction with inputs and outputs")
    for number, scope in enumerate(psbt.inputs):
        if _has_more(scope):
            raise PsbtMalformed(f"input {number} has fields that the vault's inputs have not")
    if any(scope.unknown for scope in psbt.outputs):
        raise PsbtMalformed("an output has unknown fields")
    return psbt


def check(
    psbt: Any, statement: Statement, registration: Registration, account: Account
) -> list[Spend]:
    """Check `psbt` against a statement that the house signed.

    Returns:
        For each input, in order, what is needed to sign it.

    Raises:
        VaultDiffers, AssetDiffers, TimeLocked, InputRepeated, InputForeign, AmountWrong,
            SighashWrong, AddressWrong, OutputForeign, PayOutMissing, AnchorMissing, FeeNegative,
            FeeTooHigh: In this precedence; for inputs, the first that is wrong.
    """
    if statement.vault != registration.vault:
        raise VaultDiffers("the statement names another descriptor", cycle=statement.cycle)
    prefixes, _, chain = NETWORKS[account.network]
    if statement.asset != bitcoin(chain).identity:
        raise AssetDiffers(f"{statement.asset} is not {bitcoin(chain).identity}")
    unsigned = psbt.tx
    if unsigned.locktime or not all(vin.sequence & SEQUENCE_NO_LOCK for vin in unsigned.vin):
        raise TimeLocked(f"lock time {unsigned.locktime}, or an input's own")
    if len({(vin.txid, vin.vout) for vin in unsigned.vin}) < len(unsigned.vin):
        raise InputRepeated("a coin is named twice")
    spends = [
        _check_input(number, scope, registration, account)
        for number, scope in enumerate(psbt.inputs)
    ]
    _check_outputs(unsigned.vout, statement, registration, prefixes)
    fee = sum(spend.units for spend in spends) - sum(vout.value for vout in unsigned.vout)
    if fee < 0:
        raise FeeNegative(f"{-fee} sat more than it spends")
    if fee > statement.fee_units_max:
        raise FeeTooHigh(f"{fee} sat; the statement allows {statement.fee_units_max}")
    return spends


def script_of(address: str, prefixes: dict[str, Any]) -> bytes:
    """The output script of `address`, by embit, on the network that has `prefixes`.

    Raises:
        AddressWrong: It is malformed, of another network, or of a witness version above 1.
    """
    version, program = bech32.decode(prefixes["bech32"], address)
    if (version == 0) or (version == 1 and len(program) == 32):  # noqa: PLR2004 - BIP 141, BIP 341
        return bytes([0x51 if version else 0x00, len(program), *program])
    try:
        data = base58.decode_check(address)
    except ValueError:
        data = b""
    if len(data) == 21 and data[:1] == prefixes["p2pkh"]:  # noqa: PLR2004 - prefix and HASH160
        return bytes(b"\x76\xa9\x14" + data[1:] + b"\x88\xac")
    if len(data) == 21 and data[:1] == prefixes["p2sh"]:  # noqa: PLR2004 - prefix and HASH160
        return bytes(b"\xa9\x14" + data[1:] + b"\x87")
    raise AddressWrong(f"{address!r:.100} on {prefixes['name']}", address=address)


def _require_one_transaction(raw: bytes) -> None:
    """Check that the global map is the transaction alone.

    Else embit would believe a count of inputs, and try to make as many.

    Raises:
        PsbtMalformed: It has another magic, or more or less in it.
    """
    stream = BytesIO(raw)
    if stream.read(5) != PSBT.MAGIC or read_string(stream) != b"\x00":
        raise PsbtMalformed("it does not begin with the transaction")
    read_string(stream)
    if stream.read(1) != b"\x00":
        raise PsbtMalformed("it has global fields beside the transaction")


def _has_more(scope: Any) -> bool:
    return bool(
        scope.unknown
        or scope.redeem_script is not None
        or scope.final_scriptsig is not None
        or scope.final_scriptwitness is not None
        or scope.taproot_bip32_derivations
        or scope.taproot_internal_key is not None
        or scope.taproot_merkle_root is not None
        or scope.taproot_sigs
        or scope.taproot_scripts
    )


def _check_input(number: int, scope: Any, registration: Registration, account: Account) -> Spend:
    branch, index = _place(number, scope, account)
    script, witness_script = registration.scripts(branch, index)
    output = scope.witness_utxo
    if output is None or output.script_pubkey.data != script:
        raise InputForeign(f"input {number} is not the vault's script at {branch}/{index}")
    if scope.witness_script is None or scope.witness_script.data != witness_script.data:
        raise InputForeign(f"input {number} has another witness script")
    made = scope.non_witness_utxo
    if made is None or made.txid() != scope.txid or scope.vout >= len(made.vout):
        raise AmountWrong(f"input {number} does not carry the transaction that made it")
    if made.vout[scope.vout].serialize() != output.serialize():
        raise AmountWrong(f"input {number} is not what its transaction made")
    if scope.sighash_type not in {None, SIGHASH.ALL}:
        raise SighashWrong(f"input {number} asks for {scope.sighash_type}; only ALL is signed")
    return Spend(branch, index, output.value, witness_script)


def _place(number: int, scope: Any, account: Account) -> tuple[int, int]:
    """Where the input says that this signer's key is; whether it is so is checked by deriving."""
    depth = len(account.path)
    for claimed in scope.bip32_derivations.values():
        path = tuple(claimed.derivation)
        if claimed.fingerprint == account.fingerprint and path[:depth] == account.path:
            match path[depth:]:
                case (0 | 1 as branch, index) if index < 1 << 31:
                    return branch, index
    raise InputForeign(f"input {number} names no key of this signer")


def _check_outputs(
    outputs: Sequence[Any],
    statement: Statement,
    registration: Registration,
    prefixes: dict[str, Any],
) -> None:
    due = Counter((script_of(one.address, prefixes), one.units) for one in statement.pay_outs)
    change, _ = registration.scripts(1, statement.change_index)
    anchor = (ANCHOR + bytes.fromhex(statement.anchor), 0)
    has_change = has_anchor = False
    for number, vout in enumerate(outputs):
        paid = (vout.script_pubkey.data, vout.value)
        if due[paid]:
            due[paid] -= 1
        elif paid == anchor and not has_anchor:
            has_anchor = True
        elif vout.script_pubkey.data == change and not has_change:
            has_change = True
        else:
            raise OutputForeign(f"output {number}, of {vout.value} sat, is not in the statement")
    if missing := due.total():
        raise PayOutMissing(f"{missing} pay-outs of the statement are not made")
    if not has_anchor:
        raise AnchorMissing("no output carries the head of the log")
