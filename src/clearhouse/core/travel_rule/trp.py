"""Travel Rule Protocol, 3.2: the messages of one transfer, read exactly and written in one way.

    originating house                                    beneficiary's house
        inquiry        asset, amount, callback, IVMS 101  ──▶
                       approved, rejected, or a version  ◀──  resolution (at once, or by callback)
        confirmation   txid, or canceled                  ──▶  by the approval's callback

Each is a JSON object, sent by POST with three headers: `api-version`, `api-extensions` and
`request-identifier`. An answer of a version alone says that the resolution comes by callback.

What IVMS 101 and the extensions hold is not looked into: their bytes are kept as they came, and
sent as they are given. An amount is of the asset's main unit, a decimal in a text or a whole
number; a number with a fraction or an exponent is refused, since readers of JSON round it. So other
houses' examples (`"amount": 0.000021`) are refused, and the sender is told to write a text.

Members that the protocol does not name are let pass and named. No refusal says what it read, and no
message shows what people wrote in it when it is printed.

Source: OpenVASP, Travel Rule Protocol 3.2, as others have it: TRISA's `pkg/openvasp/trp/v3` and its
test data (of 3.1) and public notes on later versions. The specification itself was not read: what
an amount counts, and by which status a callback is answered, is inferred. ISO 24165 (DTI); SLIP-44.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.travel_rule.amount import WHOLE_FORM, parse_amount
from clearhouse.core.travel_rule.endpoint import parse_endpoint
from clearhouse.core.travel_rule.exact_json import Number
from clearhouse.core.travel_rule.headers import VERSION, parse_version
from clearhouse.core.travel_rule.wire import Member, MessageMalformed, read_object, unknown

# ISO 24165-1: nine digits and consonants, the last of them a check that is not made here.
DTI_FORM = re.compile(r"[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8}", re.ASCII)
SLIP44_MAX = 2**31 - 1  # SLIP-44: the numbers of hardened derivation
VISIBLE_FORM = re.compile(r"[!-~]{1,200}", re.ASCII)
REASON_LENGTH_MAX = 1_000


class AssetMalformed(Refusal):
    """An asset is not named by one DTI or one number of SLIP-44."""

    code = "trp.asset-malformed"
    kind = Kind.MALFORMED


class MessageContradicts(Refusal):
    """A message says yes and no."""

    code = "trp.message-contradicts"
    kind = Kind.MALFORMED


@dataclass(frozen=True, slots=True)
class Asset:
    """What is to be sent: named by its DTI (ISO 24165), or by a number of SLIP-44, never both."""

    dti: str = ""
    slip44: int | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """May this be sent to the customer whom the travel address leads to?

    Attributes:
        asset: What.
        amount: In the asset's main unit, a decimal without zeros behind.
        callback: A URL to which the resolution is sent.
        ivms: A JSON object of IVMS 101, in the bytes in which it came.
        extensions: A JSON object by the extensions' names, in its bytes; empty if there is none.
        unknown: Members of the message that the protocol does not name.
    """

    asset: Asset
    amount: str
    callback: str
    ivms: bytes = field(repr=False)
    extensions: bytes = field(default=b"", repr=False)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """It may be sent: to this address, and the confirmation to this URL."""

    address: str
    callback: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """It may not be sent, and why, for people."""

    reason: str = field(repr=False)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The inquiry came; its resolution will be sent to its callback."""

    version: str = VERSION
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """It was sent, by this transaction."""

    txid: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancellation:
    """It is not sent, and why, for people; nothing may be said."""

    reason: str = field(default="", repr=False)
    unknown: tuple[str, ...] = ()


Resolution = Approval | Rejection | Acknowledgement
Ending = Confirmation | Cancellation
Message = Inquiry | Resolution | Ending
INQUIRY = ("asset", "amount", "callback", "IVMS101", "extensions")


def read_inquiry(body: bytes) -> Inquiry:
    """Read an inquiry.

    Raises:
        MessageTooLarge, MessageTooDeep, MemberTwice, MessageMalformed: It has another form.
        AssetMalformed, AmountInexact, AmountMalformed: One of its members is wrong.
        EndpointMalformed and others: So is its callback, as `parse_endpoint` tells.
    """
    found = read_object(body, numbers=("amount",))
    for name in INQUIRY[:-1]:
        if name not in found:
            raise MessageMalformed(f"{name} is missing")
    ivms, extensions = _object(found, "IVMS101"), b""
    if "extensions" in found:
        extensions = _object(found, "extensions")
    return Inquiry(
        _asset(found["asset"].value),
        parse_amount(found["amount"].value),
        parse_endpoint(_text(found["callback"].value, "callback")).url,
        ivms,
        extensions,
        unknown(found, INQUIRY) + _strange(found["asset"].value, "asset", ("dti", "slip0044")),
    )


def read_resolution(body: bytes) -> Resolution:
    """Read a resolution.

    Raises:
        MessageTooLarge, MessageTooDeep, MemberTwice, MessageMalformed: It has another form.
        MessageContradicts: It says more than one of approved, rejected and a version.
        HeaderMalformed, VersionUnsupported: Its version is none of this house's.
        EndpointMalformed and others: Its callback is none, as `parse_endpoint` tells.
    """
    found = read_object(body)
    name, value, strange = _one_of(found, ("approved", "rejected", "version"))
    if name == "rejected":
        return Rejection(_reason(value, "rejected"), strange)
    if name == "version":
        return Acknowledgement(parse_version(_text(value, "version")), strange)
    if not isinstance(value, dict):
        raise MessageMalformed("approved: an object is expected")
    strange += _strange(value, "approved", ("address", "callback"))
    address = _visible(value.get("address"), "approved.address")
    callback = parse_endpoint(_text(value.get("callback"), "approved.callback"))
    return Approval(address, callback.url, strange)


def read_ending(body: bytes) -> Ending:
    """Read a confirmation or a cancellation.

    Raises:
        MessageTooLarge, MessageTooDeep, MemberTwice, MessageMalformed: It has another form.
        MessageContradicts: It says both.
    """
    name, value, strange = _one_of(read_object(body), ("txid", "canceled"))
    if name == "txid":
        return Confirmation(_visible(value, "txid"), strange)
    return Cancellation("" if value is None else _reason(value, "canceled"), strange)


def write(message: Message) -> bytes:
    """Write a message: names in order, nothing between, IVMS 101 and extensions as they are.

    Raises:
        Refusal: As whoever reads it: nothing is sent that this house would not take.
    """
    body = _written(message).encode("utf-8")
    match message:
        case Inquiry():
            again: Message = read_inquiry(body)
        case Approval() | Rejection() | Acknowledgement():
            again = read_resolution(body)
        case Confirmation() | Cancellation():
            again = read_ending(body)
    if _written(again).encode("utf-8") != body:
        raise MessageMalformed("it would be read otherwise than it is meant")
    return body


def _written(message: Message) -> str:
    match message:
        case Inquiry():
            members = {
                "IVMS101": message.ivms.decode("utf-8"),
                "amount": canonical(message.amount),
                "asset": _written_asset(message.asset),
                "callback": canonical(message.callback),
            }
            if message.extensions:
                members["extensions"] = message.extensions.decode("utf-8")
            return _joined(members)
        case Approval():
            said = {"address": message.address, "callback": message.callback}
            return _joined({"approved": canonical(said)})
        case Rejection():
            return _joined({"rejected": canonical(message.reason)})
        case Acknowledgement():
            return _joined({"version": canonical(message.version)})
        case Confirmation():
            return _joined({"txid": canonical(message.txid)})
        case Cancellation():
            return _joined({"canceled": canonical(message.reason or None)})


def _joined(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}"


def _written_asset(asset: Asset) -> str:
    if (asset.slip44 is None) == (not asset.dti):
        raise AssetMalformed("asset: one of a DTI and a number of SLIP-44 is expected")
    if asset.slip44 is not None:
        return _joined({"slip0044": str(asset.slip44)})
    return _joined({"dti": canonical(asset.dti)})


def _object(found: Mapping[str, Member], name: str) -> bytes:
    """The bytes of a member that is an object, which is not looked into further."""
    if not isinstance(found[name].value, dict):
        raise MessageMalformed(f"{name}: an object of JSON is expected")
    return found[name].raw


def _one_of(
    found: Mapping[str, Member], names: tuple[str, ...]
) -> tuple[str, Any, tuple[str, ...]]:
    said = [name for name in names if name in found]
    if len(said) > 1:
        raise MessageContradicts(f"{' and '.join(said)}: one of them is expected")
    if not said:
        raise MessageMalformed(f"one of {', '.join(names)} is expected")
    return said[0], found[said[0]].value, unknown(found, names)


def _strange(value: Any, within: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{within}.{name}" for name in unknown(value, known))


def _asset(value: Any) -> Asset:
    if not isinstance(value, dict) or ("dti" in value) == ("slip0044" in value):
        raise AssetMalformed("asset: one of dti and slip0044 is expected")
    if "dti" in value:
        dti = value["dti"]
        if not isinstance(dti, str) or not DTI_FORM.fullmatch(dti):
            raise AssetMalformed("asset.dti: nine digits and consonants are expected")
        return Asset(dti=dti)
    match value["slip0044"]:
        case Number(text) if WHOLE_FORM.fullmatch(text) and int(text) <= SLIP44_MAX:
            return Asset(slip44=int(text))
        case _:
            raise AssetMalformed("asset.slip0044: a number of SLIP-44 is expected, not its symbol")


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise MessageMalformed(f"{name}: a text is expected")
    return value


def _visible(value: Any, name: str) -> str:
    if not VISIBLE_FORM.fullmatch(_text(value, name)):
        raise MessageMalformed(f"{name}: up to 200 visible characters of ASCII are expected")
    return str(value)


def _reason(value: Any, name: str) -> str:
    text = _text(value, name)
    if not text.strip() or not text.isprintable() or len(text) > REASON_LENGTH_MAX:
        raise MessageMalformed(f"{name}: a line of up to {REASON_LENGTH_MAX:,} characters")
    return text
