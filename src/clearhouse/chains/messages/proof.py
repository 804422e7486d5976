"""`Proof`: that whoever made it held an address, and why such a proof is refused.

What a proof says is only that somebody with the key, or the keys, signed this text at some time.
That the text names who asked, what for and until when is up to whoever writes it.
"""

from dataclasses import dataclass
from enum import StrEnum

from clearhouse.core.errors import Kind, Refusal

SIGNATURE_LENGTH_MAX = 100_000  # characters; the work to check a proof grows with it


class Method(StrEnum):
    """How an address was proved."""

    BIP322_SIMPLE = "bip322-simple"  # the witness of a virtual transaction
    BIP322_FULL = "bip322-full"  # the virtual transaction itself
    BIP137 = "bip137"  # a signature from which the key is recovered, as wallets made since 2011
    EIP191 = "eip191"  # the same of an Ethereum account (personal_sign)
    EIP1271 = "eip1271"  # a contract says so itself
    TRANSFER = "micro-transfer"  # coins of the address were sent back to it


@dataclass(frozen=True, slots=True)
class Proof:
    """Somebody who held `address` signed the message.

    Attributes:
        method: How.
        address: In its canonical form.
        valid_at_time: Of `bip322-full`: the proof holds from this height (below 500,000,000) or
            Unix time on, as nLockTime says; 0 if it holds at once.
        valid_at_age: Of `bip322-full`: and for coins at the address of this age, as nSequence
            says (BIP 68); 0 if of any. The caller decides whether it takes proofs that wait.
        at_block: Of `eip1271`: the hash of the block in whose state the contract said so; a
            contract may say otherwise tomorrow. Of `micro-transfer`: that of the block it is in.
    """

    method: Method
    address: str
    valid_at_time: int = 0
    valid_at_age: int = 0
    at_block: str = ""


class ProofTooLong(Refusal):
    """A signature is longer than one may be."""

    code = "proof.too-long"
    kind = Kind.MALFORMED


class ProofMalformed(Refusal):
    """A signature, or the message that it is of, cannot be read."""

    code = "proof.malformed"
    kind = Kind.MALFORMED


class ProofFormWrong(Refusal):
    """A signature can be read, and is not of the one form that its standard allows."""

    code = "proof.form-wrong"
    kind = Kind.MALFORMED


class ProofKindUnsupported(Refusal):
    """An address of this kind cannot be proved in this way."""

    code = "proof.kind-unsupported"
    kind = Kind.FORBIDDEN


class ProofOfFundsUnsupported(Refusal):
    """A proof of funds is given where that of an address is asked for."""

    code = "proof.funds-unsupported"
    kind = Kind.FORBIDDEN


class ProofSignatureWrong(Refusal):
    """A signature is not the address's for this message."""

    code = "proof.signature-wrong"
    kind = Kind.FORBIDDEN


class ProofRuleBroken(Refusal):
    """A signature breaks a rule that leaves every proof one spelling."""

    code = "proof.rule-broken"
    kind = Kind.FORBIDDEN


class ProofInconclusive(Refusal):
    """Whether a signature proves anything cannot be told: it uses what has no settled meaning."""

    code = "proof.inconclusive"
    kind = Kind.FORBIDDEN


class ProofContractMissing(Refusal):
    """A contract is asked to vouch for a signature, and there is none at the address."""

    code = "proof.contract-missing"
    kind = Kind.UNKNOWN


class ProofContractRefuses(Refusal):
    """A contract does not say that a signature is its own."""

    code = "proof.contract-refuses"
    kind = Kind.FORBIDDEN


class ProofNodeUnavailable(Refusal):
    """The node that a contract is asked through does not answer as one of its chain does."""

    code = "proof.node-unavailable"
    kind = Kind.UNAVAILABLE


def bytes_of_message(message: str) -> bytes:
    """The message as it is signed, in UTF-8.

    Raises:
        ProofMalformed: It is no text of Unicode: it has half of a surrogate pair.
    """
    try:
        return message.encode()
    except UnicodeEncodeError as wrong:
        raise ProofMalformed(f"the message is no text of Unicode: {wrong.reason}") from wrong


def need_length(signature: str) -> None:
    """Refuse a signature before anything is done with it, if it is too long.

    Raises:
        ProofTooLong: It has more than 100,000 characters.
    """
    if len(signature) > SIGNATURE_LENGTH_MAX:
        raise ProofTooLong(
            f"it has {len(signature)} characters: at most {SIGNATURE_LENGTH_MAX} are read"
        )
