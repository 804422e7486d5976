"""A second run of a script that consensus let pass, which sees what consensus does not ask.

It knows the opcodes that Miniscript makes scripts of, and that people write multisig with; any
other one is inconclusive. Since consensus comes first, this need not be an interpreter for hostile
scripts: where both part ways, the answer is no.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from Crypto.Hash import RIPEMD160
from embit.util import ctypes_secp256k1 as secp256k1

from clearhouse.chains.messages.proof import ProofInconclusive, ProofRuleBroken

OP_0, OP_1NEGATE, OP_1, OP_16 = 0x00, 0x4F, 0x51, 0x60
OP_PUSHDATA1, OP_PUSHDATA4 = 0x4C, 0x4E
OP_IF, OP_NOTIF, OP_ELSE, OP_ENDIF = 0x63, 0x64, 0x67, 0x68
OP_CODESEPARATOR = 0xAB
# BIP 342: whatever a script says beside one of these, consensus lets it pass.
SUCCESSES = {80, 98, 137, 138, 141, 142, *range(126, 130), *range(131, 135), *range(149, 154)}
SUCCESSES |= set(range(187, 255))

SIGHASH_ALL = b"\x01"
SCHNORR_BYTES = 64
XONLY_BYTES = 32
KEY_FORMS = {(2, 33), (3, 33), (4, 65)}  # STRICTENC: the first byte and the length
TRUE, FALSE = b"\x01", b""
MINIMAL_NUMBERS = {1: 75, 2: 255, 3: 65_535}


class Op(NamedTuple):
    """One step of a script; `data` is what it pushes, none if it is no push."""

    code: int
    data: bytes | None
    raw: bytes


@dataclass(slots=True)
class Signatures:
    """What signatures in a script are checked against.

    Attributes:
        digest: What ECDSA signs, 32 bytes; none in tapscript, where consensus has checked every
            signature that is not empty.
        deletes: Whether the script is one from which signatures would be deleted before signing:
            neither of a witness nor of taproot.
        steps: The script's steps, as they are written.
    """

    digest: bytes | None
    deletes: bool = False
    steps: set[bytes] = field(default_factory=set)

    def check(self, signature: bytes, key: bytes) -> bytes:
        """CHECKSIG: true, or false of an empty signature; any other is refused (NULLFAIL)."""
        if self.digest is None:
            return self._check_schnorr(signature, key)
        self.need_form(signature)
        if signature and not self.matches(signature, key):
            raise ProofRuleBroken("a signature in its script is wrong, and should be empty")
        return TRUE if signature else FALSE

    def need_form(self, signature: bytes) -> None:
        """STRICTENC, LOW_S, SIGHASH_ALL; and the script has no signature in itself.

        Raises:
            ProofRuleBroken: One does not hold.
        """
        if self.deletes and push(signature) in self.steps:
            raise ProofRuleBroken("its script has a signature in itself")
        if not signature:
            return
        if signature[-1:] != SIGHASH_ALL:
            raise ProofRuleBroken(
                f"a signature has the hash type {signature[-1]:#04x}: sign all (0x01)"
            )
        try:
            parsed = secp256k1.ecdsa_signature_parse_der(signature[:-1])
        except ValueError as wrong:
            raise ProofRuleBroken(f"a signature is not DER: {wrong}") from wrong
        if secp256k1.ecdsa_signature_serialize_der(parsed) != signature[:-1]:
            raise ProofRuleBroken("a signature is not strictly DER")
        if secp256k1.ecdsa_signature_normalize(parsed) != parsed:
            raise ProofRuleBroken("a signature's s is not the lower one")

    def matches(self, signature: bytes, key: bytes) -> bool:
        """Whether an ECDSA signature of right form is the key's.

        Raises:
            ProofRuleBroken: The key has not its form (STRICTENC).
        """
        if self.digest is None:
            raise ValueError("tapscript knows no ECDSA")
        if (key[0] if key else -1, len(key)) not in KEY_FORMS:
            raise ProofRuleBroken("a public key in its script has not its form")
        try:
            parsed = secp256k1.ec_pubkey_parse(key)
        except ValueError:
            return False
        der = secp256k1.ecdsa_signature_parse_der(signature[:-1])
        return bool(secp256k1.ecdsa_verify(der, self.digest, parsed))

    def need_whole(self, signature: bytes) -> None:
        """Refuse a Schnorr signature that does not cover the whole transaction.

        Raises:
            ProofRuleBroken: It has another hash type than the default and all.
        """
        if len(signature) != SCHNORR_BYTES and signature[SCHNORR_BYTES:] != SIGHASH_ALL:
            raise ProofRuleBroken("a signature has another hash type: sign all, or the default")

    def _check_schnorr(self, signature: bytes, key: bytes) -> bytes:
        if len(key) != XONLY_BYTES:
            raise ProofInconclusive("a public key in its script is of a kind without meaning yet")
        if signature:
            self.need_whole(signature)
        return TRUE if signature else FALSE


def read(code: bytes) -> list[Op]:
    """Take a script apart.

    Raises:
        ProofInconclusive: It ends in the middle of a push.
    """
    ops, at = [], 0
    while at < len(code):
        first, start = code[at], at
        at += 1
        if first > OP_PUSHDATA4:
            ops.append(Op(first, _number_pushed(first), code[start:at]))
            continue
        count = first
        if first >= OP_PUSHDATA1:
            width = 1 << (first - OP_PUSHDATA1)
            count = int.from_bytes(code[at : at + width], "little")
            at += width
        data = code[at : at + count]
        at += count
        if at > len(code):
            raise ProofInconclusive("its script ends in the middle")
        ops.append(Op(first, data, code[start:at]))
    return ops


def pushes(code: bytes) -> list[bytes]:
    """What a script pushes that does nothing else.

    Raises:
        ProofRuleBroken: It pushes in more bytes than it must (MINIMALDATA).
        ProofInconclusive: It does something else.
    """
    found = []
    for op in read(code):
        if op.data is None:
            raise ProofInconclusive("its input's script does more than push")
        found.append(_minimal(op))
    return found


def run(code: bytes, stack: list[bytes], signatures: Signatures) -> None:
    """Run a script.

    Args:
        code: The script.
        stack: What it begins with, the top last; changed.
        signatures: What its signatures are checked against.

    Raises:
        ProofRuleBroken, ProofInconclusive: The first that is met.
        IndexError, ValueError: Consensus would not have let it pass.
    """
    ops = read(code)
    signatures.steps = {op.raw for op in ops}
    codes = {op.code for op in ops if op.data is None}
    if signatures.digest is None and codes & SUCCESSES:
        raise ProofInconclusive("its script has an opcode that is kept for later")
    if OP_CODESEPARATOR in codes:
        raise ProofRuleBroken("its script has a CODESEPARATOR")
    machine = _Machine(stack, signatures)
    for op in ops:
        if OP_IF <= op.code <= OP_ENDIF:
            machine.branch(op.code)
        elif machine.untaken:
            continue
        elif op.data is not None:
            stack.append(_minimal(op))
        elif (act := ACTS.get(op.code)) is not None:
            act(machine)
        else:
            raise ProofInconclusive(f"its script has the opcode {op.code:#04x}, which is not known")


def is_true(item: bytes) -> bool:
    """Whether an item counts as true: any but zero, of either sign."""
    return any(item[:-1]) or item[-1:] not in {b"", b"\x00", b"\x80"}


def push(data: bytes) -> bytes:
    """The bytes with which a script pushes data, as signatures were deleted from it."""
    count = len(data)
    if count < OP_PUSHDATA1:
        return bytes([count]) + data
    width = 0 if count <= MINIMAL_NUMBERS[2] else 1
    return bytes([OP_PUSHDATA1 + width]) + count.to_bytes(1 << width, "little") + data


def _minimal(op: Op) -> bytes:
    """What a step pushes, in as few bytes as it could."""
    assert op.data is not None
    data = op.data
    number = int.from_bytes(data, "little") if len(data) == 1 else 0
    if op.code > OP_PUSHDATA4:
        return data
    if 1 <= number <= OP_16 - OP_1 + 1 or data == b"\x81" or op.raw != push(data):
        raise ProofRuleBroken("its script pushes in more bytes than it must")
    return data


def _number_pushed(code: int) -> bytes | None:
    if code == OP_1NEGATE:
        return b"\x81"
    return bytes([code - OP_1 + 1]) if OP_1 <= code <= OP_16 else None


@dataclass(slots=True)
class _Machine:
    stack: list[bytes]
    signatures: Signatures
    aside: list[bytes] = field(default_factory=list)
    branches: list[bool] = field(default_factory=list)
    untaken: int = 0  # how many of them; counted, since a script may nest them by the thousand

    def branch(self, code: int) -> None:
        """IF, NOTIF, ELSE, ENDIF."""
        if code in {OP_IF, OP_NOTIF}:
            taken = not self.untaken and self._chosen() == (code == OP_IF)
            self.branches.append(taken)
            self.untaken += not taken
        elif code in {OP_ELSE, OP_ENDIF}:
            taken = self.branches.pop()
            self.untaken -= not taken
            if code == OP_ELSE:
                self.branches.append(not taken)
                self.untaken += taken
        else:
            raise ProofInconclusive("its script has a reserved opcode")

    def _chosen(self) -> bool:
        item = self.stack.pop()
        if item not in {TRUE, FALSE}:
            raise ProofRuleBroken("a branch of its script is chosen by other than 1 or nothing")
        return item == TRUE

    def number(self) -> int:
        """Take a number: little-endian, its sign in the highest bit, in as few bytes as it can."""
        item = self.stack.pop()
        if item and not item[-1] & 0x7F and not (len(item) > 1 and item[-2] & 0x80):
            raise ProofRuleBroken("its script reads a number of more bytes than it needs")
        value = int.from_bytes(item, "little")
        sign = 1 << (8 * len(item) - 1) if item else 0
        return sign - value if value & sign else value

    def put_number(self, value: int) -> None:
        """Put a number, written as `number` reads it."""
        size = abs(value)
        count = (size.bit_length() + 8) // 8 if size else 0
        sign = 1 << (8 * count - 1) if value < 0 else 0
        self.stack.append((size | sign).to_bytes(count, "little"))

    def put(self, truth: bool) -> None:
        self.stack.append(TRUE if truth else FALSE)

    def verify(self) -> None:
        if not is_true(self.stack.pop()):
            raise ValueError("a check fails")

    def check_signature(self) -> None:
        """CHECKSIG: the key is above the signature."""
        key, signature = self.stack.pop(), self.stack.pop()
        self.stack.append(self.signatures.check(signature, key))

    def add_signature(self) -> None:
        """CHECKSIGADD (BIP 342): count a signature that is not empty."""
        key, count, signature = self.stack.pop(), self.number(), self.stack.pop()
        self.put_number(count + (self.signatures.check(signature, key) == TRUE))

    def check_signatures(self) -> None:
        """CHECKMULTISIG: the signatures are in the order of their keys; or all are empty."""
        keys = [self.stack.pop() for _ in range(self.number())]
        signatures = [self.stack.pop() for _ in range(self.number())]
        self.stack.pop()  # one too many, and empty by consensus (BIP 147)
        for signature in signatures:
            self.signatures.need_form(signature)
        # Both are with the last first, as Core looks at them.
        wanted = [one for one in signatures if one]
        for key in keys:
            if wanted and self.signatures.matches(wanted[0], key):
                del wanted[0]
        if wanted or (any(signatures) and not all(signatures)):
            raise ProofRuleBroken("a signature in its script is wrong, and should be empty")
        self.put(all(signatures))

    def need_number(self) -> None:
        """CHECKLOCKTIMEVERIFY, CHECKSEQUENCEVERIFY: consensus has compared; the operand stays."""
        operand = self.stack[-1]
        self.number()
        self.stack.append(operand)

    def equal(self) -> None:
        self.put(self.stack.pop() == self.stack.pop())

    def same_number(self) -> None:
        self.put(self.number() == self.number())

    def hashed(self, by: Callable[[bytes], bytes]) -> None:
        self.stack.append(by(self.stack.pop()))

    def both(self) -> None:
        first, second = self.number(), self.number()
        self.put(first != 0 and second != 0)

    def either(self) -> None:
        first, second = self.number(), self.number()
        self.put(first != 0 or second != 0)

    def duplicate_if_true(self) -> None:
        if is_true(self.stack[-1]):
            self.stack.append(self.stack[-1])

    def swap(self) -> None:
        self.stack[-1], self.stack[-2] = self.stack[-2], self.stack[-1]


def _ripemd160(data: bytes) -> bytes:
    """Compiled, which OpenSSL's is not everywhere: a script may ask for it 70,000 times."""
    return RIPEMD160.new(data).digest()


def _then_verify(act: Callable[[_Machine], None]) -> Callable[[_Machine], None]:
    def both(machine: _Machine) -> None:
        act(machine)
        machine.verify()

    return both


ACTS: dict[int, Callable[[_Machine], None]] = {
    0x61: lambda _: None,  # NOP, which is not one of those kept for upgrades
    0x69: _Machine.verify,
    0x6B: lambda machine: machine.aside.append(machine.stack.pop()),  # TOALTSTACK
    0x6C: lambda machine: machine.stack.append(machine.aside.pop()),  # FROMALTSTACK
    0x73: _Machine.duplicate_if_true,  # IFDUP
    0x75: lambda machine: machine.stack.__delitem__(-1),  # DROP
    0x76: lambda machine: machine.stack.append(machine.stack[-1]),  # DUP
    0x7C: _Machine.swap,
    0x82: lambda machine: machine.put_number(len(machine.stack[-1])),  # SIZE
    0x87: _Machine.equal,
    0x88: _then_verify(_Machine.equal),
    0x91: lambda machine: machine.put(machine.number() == 0),  # NOT
    0x92: lambda machine: machine.put(machine.number() != 0),  # 0NOTEQUAL
    0x93: lambda machine: machine.put_number(machine.number() + machine.number()),  # ADD
    0x9A: _Machine.both,  # BOOLAND
    0x9B: _Machine.either,  # BOOLOR
    0x9C: _Machine.same_number,  # NUMEQUAL
    0x9D: _then_verify(_Machine.same_number),  # NUMEQUALVERIFY
    0xA6: lambda machine: machine.hashed(_ripemd160),
    0xA8: lambda machine: machine.hashed(lambda data: sha256(data).digest()),
    0xA9: lambda machine: machine.hashed(lambda data: _ripemd160(sha256(data).digest())),
    0xAA: lambda machine: machine.hashed(lambda data: sha256(sha256(data).digest()).digest()),
    0xAC: _Machine.check_signature,
    0xAD: _then_verify(_Machine.check_signature),
    0xAE: _Machine.check_signatures,
    0xAF: _then_verify(_Machine.check_signatures),
    0xB1: _Machine.need_number,  # CHECKLOCKTIMEVERIFY (BIP 65)
    0xB2: _Machine.need_number,  # CHECKSEQUENCEVERIFY (BIP 112)
    0xBA: _Machine.add_signature,
}
