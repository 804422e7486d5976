"""What BIP-322 asks of a to_sign beyond consensus: the required and the upgradeable rules.

Bitcoin Core has these rules as flags of its interpreter, but the kernel's interface offers those of
consensus only. So the script is run a second time, by `script`, after consensus let it pass:

```text
required      SIGHASH_ALL (or taproot's default)    no CODESEPARATOR, no FindAndDelete
              LOW_S, STRICTENC, NULLFAIL            MINIMALDATA, MINIMALIF, CLEANSTACK
upgradeable   no reserved NOP, no witness version above 1, no leaf, key or opcode that taproot
              keeps for later; nor an annex, which has no meaning yet either
```

Core asks for MINIMALIF in witnesses alone, and forbids CODESEPARATOR outside of them alone; the BIP
makes no difference, and here there is none. A script that `script` does not know is inconclusive,
as the BIP lets a validator say.

The inputs of a micro-transfer are held to the same rules: signatures that cover no outputs let
anybody write others, and what anybody can spend proves nothing of anybody.
"""

from dataclasses import dataclass

from embit.script import Script
from embit.transaction import SIGHASH, Transaction

from clearhouse.chains.messages import script
from clearhouse.chains.messages.proof import ProofInconclusive, ProofRuleBroken
from clearhouse.core.address import Address, AddressKind

ANNEX = 0x50  # BIP 341
ANNEX_FROM = 2  # items, without which there is no annex
LEAF_MASK, LEAF_TAPSCRIPT = 0xFE, 0xC0  # BIP 341, BIP 342
WITNESS_BYTES_MIN, WITNESS_BYTES_MAX = 4, 42  # of an output script that is a witness program
KEY_HASH, SCRIPT_HASH = b"\x00\x14", b"\x00\x20"


@dataclass(frozen=True, slots=True)
class Input:
    """An input that Core's consensus code let pass."""

    transaction: Transaction
    place: int = 0  # among the inputs
    units: int = 0  # satoshi of the output that it spends

    def legacy(self, code: bytes) -> bytes:
        """What a signature of all signs, without a witness."""
        return bytes(self.transaction.sighash_legacy(self.place, Script(code), SIGHASH.ALL))

    def segwit(self, code: bytes) -> bytes:
        """What a signature of all signs in a witness of version 0."""
        spent = (Script(code), self.units)
        return bytes(self.transaction.sighash_segwit(self.place, *spent, SIGHASH.ALL))


def check(holder: Address, spent: Input) -> None:
    """Run what spends an output of the holder, by the rules of the BIP.

    Args:
        holder: Whose script it is.
        spent: The one input of a to_sign, or one of a transaction.

    Raises:
        ProofRuleBroken, ProofInconclusive: The first that is met.
    """
    source = spent.transaction.vin[spent.place]
    items = [bytes(item) for item in source.witness.items]
    try:
        if holder.kind is AddressKind.P2TR:
            _check_taproot(items)
        elif holder.kind in {AddressKind.P2WPKH, AddressKind.P2WSH}:
            _check_witness(holder.script, items, spent)
        else:
            _check_plain(holder, bytes(source.script_sig.data), items, spent)
    except (IndexError, ValueError) as wrong:
        # Consensus let it pass, so this is a gap of `script`; it must not become a yes.
        raise ProofInconclusive(f"its script is not understood: {wrong}") from wrong


def _check_plain(holder: Address, script_sig: bytes, items: list[bytes], spent: Input) -> None:
    stack = script.pushes(script_sig)
    if holder.kind is AddressKind.P2PKH:
        code = holder.script
    else:
        code = stack.pop()  # which hashes to the address, by consensus (BIP 16)
        if _is_witness_program(code):
            _check_witness(code, items, spent)
            return
    script.run(code, stack, script.Signatures(spent.legacy(code), deletes=True))
    _need_clean(stack)


def _check_witness(program: bytes, items: list[bytes], spent: Input) -> None:
    stack = list(items)
    if program[:2] == KEY_HASH:
        code = b"\x76\xa9\x14" + program[2:] + b"\x88\xac"  # BIP 143
    elif program[:2] == SCRIPT_HASH:
        code = stack.pop()
    else:
        # Within P2SH consensus asks nothing of a higher version: anybody could have made this.
        raise ProofInconclusive("its witness version has no meaning yet where it is used")
    script.run(code, stack, script.Signatures(spent.segwit(code)))
    _need_clean(stack)


def _check_taproot(items: list[bytes]) -> None:
    stack = list(items)
    if len(stack) >= ANNEX_FROM and stack[-1][:1] == bytes([ANNEX]):
        raise ProofInconclusive("it has an annex, which has no meaning yet")
    signatures = script.Signatures(None)
    if len(stack) == 1:
        signatures.need_whole(stack[0])
        return
    control, code = stack.pop(), stack.pop()
    if control[0] & LEAF_MASK != LEAF_TAPSCRIPT:
        raise ProofInconclusive("its leaf is of a version that has no meaning yet")
    script.run(code, stack, signatures)
    _need_clean(stack)


def _need_clean(stack: list[bytes]) -> None:
    if len(stack) != 1:
        raise ProofRuleBroken(f"its script leaves {len(stack)} items, and must leave one")
    if not script.is_true(stack[0]):
        raise ProofInconclusive("its script is not understood: consensus found it true")


def _is_witness_program(code: bytes) -> bool:
    """BIP 141: a version, and one push of the rest."""
    if not WITNESS_BYTES_MIN <= len(code) <= WITNESS_BYTES_MAX or code[1] != len(code) - 2:
        return False
    return code[0] == script.OP_0 or script.OP_1 <= code[0] <= script.OP_16
