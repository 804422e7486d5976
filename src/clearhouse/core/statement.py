"""`Statement`: what a cycle pays out of the vault, signed by the house.

It is the only thing that an institution's signer sees beside the transaction itself, so it names
all that the transaction may do: the vault, who receives how much at which address, where change
goes, which head of the log it carries, and the most that miners may take. One statement has one
writing, its canonical JSON (RFC 8785; integers are strings, JSON numbers lose whole units above
2**53), and the house signs those bytes with Ed25519 (RFC 8032). The `form` member keeps the
signature from meaning anything else.

Only ASCII is taken, so that Python's order of keys (by code point) is RFC 8785's (by UTF-16).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from clearhouse.core import ids
from clearhouse.core.canonical import canonical as write
from clearhouse.core.canonical import instant
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import CycleId, ParticipantId
from clearhouse.core.money import UNITS_MAX

FORM = "clearhouse.statement.2"
MEMBERS = frozenset(
    {
        *("form", "cycle", "asset", "vault"),
        *("pay_outs", "fee_units_max", "change_index", "anchor", "made_at"),
    }
)
PAY_OUT_MEMBERS = frozenset({"participant", "address", "units"})
CHANGE_INDEX_MAX = 2**31 - 1  # BIP 32: an index above is hardened, which a public key cannot derive

LEI_FORM = re.compile(r"[0-9A-Z]{18}[0-9]{2}", re.ASCII)  # ISO 17442
ADDRESS_FORM = re.compile(r"[0-9A-Za-z]{14,90}", re.ASCII)  # BIP 173: 90 at most; base58: less
VAULT_FORM = re.compile(r"[\x21-\x7e]{1,4000}#[0-9a-z]{8}", re.ASCII)  # BIP 380: with checksum
ASSET_FORM = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}")
UNITS_FORM = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
INSTANT_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII
)
ANCHOR_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
SIGNATURE_FORM = re.compile(r"[0-9a-f]{128}", re.ASCII)


class StatementMalformed(Refusal):
    """A cycle statement does not have its form."""

    code = "statement.malformed"
    kind = Kind.MALFORMED


class StatementSignatureWrong(Refusal):
    """A cycle statement is not signed by the house's key."""

    code = "statement.signature-wrong"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True, order=True)
class PayOut:
    """What one participant receives at one of its addresses, in minor units.

    The order of the fields is the order of pay-outs in a statement.
    """

    participant: ParticipantId
    address: str
    units: int

    def __post_init__(self) -> None:
        _need(self.participant, LEI_FORM, "participant")
        _need(self.address, ADDRESS_FORM, "address")
        _need_within(self.units, 1, UNITS_MAX, "units")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a cycle pays out of the vault. One that exists is well-formed.

    Attributes:
        cycle: The cycle that is settled.
        asset: Identity of the asset (CAIP-19).
        vault: The vault's public multipath descriptor with its checksum (BIP 380, 389).
        pay_outs: Sorted, and each participant and address together once. None where what the cycle
            pays was given up: then the transaction moves coins within the vault.
        fee_units_max: The most that the transaction may leave to miners.
        change_index: Where on the vault's change branch the rest goes.
        anchor: The head of the log that the transaction carries (`note.Checkpoint.anchor`).
        made_at: When the house made it, in UTC.

    Raises:
        StatementMalformed: A field does not have its form.
    """

    cycle: CycleId
    asset: str
    vault: str
    pay_outs: tuple[PayOut, ...]
    fee_units_max: int
    change_index: int
    anchor: str
    made_at: datetime

    def __post_init__(self) -> None:
        try:
            ids.parse("cyc", self.cycle)
        except (ids.IdMalformed, TypeError) as wrong:
            raise StatementMalformed(f"cycle: {self.cycle!r:.64}") from wrong
        _need(self.asset, ASSET_FORM, "asset")
        _need(self.vault, VAULT_FORM, "vault")
        _need_within(self.fee_units_max, 0, UNITS_MAX, "fee_units_max")
        _need_within(self.change_index, 0, CHANGE_INDEX_MAX, "change_index")
        _need(self.anchor, ANCHOR_FORM, "anchor")
        if self.made_at.utcoffset() != timedelta(0):
            raise StatementMalformed(f"made_at: {self.made_at!r} is not in UTC")
        keys = [(pay_out.participant, pay_out.address) for pay_out in self.pay_outs]
        if keys != sorted(set(keys)):
            raise StatementMalformed("pay_outs: sort them by participant and address, each once")

    @property
    def units(self) -> int:
        """What all pay-outs come to."""
        return sum(pay_out.units for pay_out in self.pay_outs)


def document(statement: Statement) -> dict[str, Any]:
    """Write `statement` as a JSON object; integers are strings."""
    return {
        "form": FORM,
        "cycle": statement.cycle,
        "asset": statement.asset,
        "vault": statement.vault,
        "pay_outs": [
            {
                "participant": pay_out.participant,
                "address": pay_out.address,
                "units": str(pay_out.units),
            }
            for pay_out in statement.pay_outs
        ],
        "fee_units_max": str(statement.fee_units_max),
        "change_index": str(statement.change_index),
        "anchor": statement.anchor,
        "made_at": instant(statement.made_at),
    }


def parse(written: object) -> Statement:
    """Read what `document` wrote: exactly its members, in their one writing.

    Args:
        written: A decoded JSON value from outside.

    Raises:
        StatementMalformed: It has another form, a member too many or too few, or an integer,
            instant or order written in another way.
    """
    whole = _members(written, MEMBERS, "statement")
    if whole["form"] != FORM:
        raise StatementMalformed(f"form: {whole['form']!r:.64} is not {FORM}")
    if not isinstance(whole["pay_outs"], list):
        raise StatementMalformed("pay_outs: not a list")
    return Statement(
        cycle=whole["cycle"],
        asset=whole["asset"],
        vault=whole["vault"],
        pay_outs=tuple(_parse_pay_out(one) for one in whole["pay_outs"]),
        fee_units_max=_parse_units(whole["fee_units_max"], "fee_units_max"),
        change_index=_parse_units(whole["change_index"], "change_index"),
        anchor=whole["anchor"],
        made_at=_parse_instant(whole["made_at"]),
    )


def canonical(statement: Statement) -> bytes:
    """Write `statement` as the bytes that are signed (RFC 8785)."""
    return write(document(statement)).encode()


def sign_statement(statement: Statement, private: Ed25519PrivateKey) -> str:
    """Sign `statement` as the house; the answer is 128 hexadecimal digits."""
    return private.sign(canonical(statement)).hex()


def verify_statement(statement: Statement, signature: str, public: Ed25519PublicKey) -> None:
    """Check that the house made `statement`.

    Raises:
        StatementSignatureWrong: It did not, or `signature` is no signature.
    """
    if SIGNATURE_FORM.fullmatch(signature) is None:
        raise StatementSignatureWrong("128 lower-case hexadecimal digits are expected")
    try:
        public.verify(bytes.fromhex(signature), canonical(statement))
    except InvalidSignature as wrong:
        raise StatementSignatureWrong(
            f"not made with the house's key over statement {statement.cycle}",
            cycle=statement.cycle,
        ) from wrong


def _parse_pay_out(written: object) -> PayOut:
    members = _members(written, PAY_OUT_MEMBERS, "pay_out")
    return PayOut(
        participant=members["participant"],
        address=members["address"],
        units=_parse_units(members["units"], "units"),
    )


def _parse_units(text: object, name: str) -> int:
    return int(_need(text, UNITS_FORM, name))


def _parse_instant(text: object) -> datetime:
    try:
        return datetime.fromisoformat(_need(text, INSTANT_FORM, "made_at"))
    except ValueError as wrong:
        raise StatementMalformed(f"made_at: {text!r} is no instant") from wrong


def _members(written: object, names: frozenset[str], what: str) -> Mapping[str, Any]:
    if not isinstance(written, dict) or written.keys() != names:
        raise StatementMalformed(f"{what}: not an object of exactly {', '.join(sorted(names))}")
    return written


def _need(text: object, form: re.Pattern[str], name: str) -> str:
    if not isinstance(text, str) or form.fullmatch(text) is None:
        raise StatementMalformed(f"{name}: {text!r:.100}")
    return text


def _need_within(units: object, low: int, high: int, name: str) -> None:
    # Not isinstance: True is an int, and is no number of units.
    if type(units) is not int or not low <= units <= high:
        raise StatementMalformed(f"{name}: {units!r:.64} is not an integer in {low}..{high}")
