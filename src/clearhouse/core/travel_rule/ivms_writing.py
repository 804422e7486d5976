"""Writing a record as canonical JSON, and converting one from a version to the other.

What is written is what `ivms_reading` takes strictly, or it is refused: it is read again before it
leaves. What a conversion loses:

    2020 to 2023   nothing. The accounts of an originator (or beneficiary) become those of each of
                   its persons, who hold them together
    2023 to 2020   which of several persons holds which account (`account-holder`), and the
                   accounts of providers (`provider-account`): 2020 has no place for them

So 2020 comes back from 2023 as it was; and 2023 from 2020 where nothing was lost. An account of
more than 100 characters converts to 2020 and cannot be written there.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule.ivms import Beneficiary, Ivms, Originator, Person, Version
from clearhouse.core.travel_rule.ivms_constraints import Terms
from clearhouse.core.travel_rule.ivms_json import step
from clearhouse.core.travel_rule.ivms_reading import read_ivms
from clearhouse.core.travel_rule.ivms_refusals import OtherVersionsField
from clearhouse.core.travel_rule.ivms_spelling import ELEMENTS, is_component

Party = TypeVar("Party", Originator, Beneficiary)


class Loss(StrEnum):
    """What a conversion loses."""

    ACCOUNT_HOLDER = "account-holder"  # which of several persons holds which account
    PROVIDER_ACCOUNT = "provider-account"  # the accounts of a provider, altogether


@dataclass(frozen=True, slots=True)
class Conversion:
    """A record in another version, and what was lost on the way; in one order, each once."""

    message: Ivms
    losses: tuple[Loss, ...]


def convert(ivms: Ivms, version: Version) -> Conversion:
    """Put a record into a version, its own too: then accounts stand where that version has them."""
    metadata = replace(ivms.payload_metadata, payload_version=version)
    if version is Version.V2023:
        holders = (_each_holds(ivms.originator), _each_holds(ivms.beneficiary))
        return Conversion(
            replace(ivms, originator=holders[0], beneficiary=holders[1], payload_metadata=metadata),
            (),
        )
    originator, beneficiary = _all_hold(ivms.originator), _all_hold(ivms.beneficiary)
    path = tuple(
        replace(one, intermediary_vasp=_without_accounts(one.intermediary_vasp))
        for one in ivms.transfer_path
    )
    made = replace(
        ivms,
        originator=originator,
        beneficiary=beneficiary,
        originating_vasp=_provider(ivms.originating_vasp),
        beneficiary_vasp=_provider(ivms.beneficiary_vasp),
        transfer_path=path,
        payload_metadata=metadata,
    )
    providers = [ivms.originating_vasp, ivms.beneficiary_vasp]
    providers += [one.intermediary_vasp for one in ivms.transfer_path]
    found = {
        Loss.ACCOUNT_HOLDER: _differ(ivms.originator) or _differ(ivms.beneficiary),
        Loss.PROVIDER_ACCOUNT: any(one is not None and one.account_number for one in providers),
    }
    return Conversion(made, tuple(loss for loss, is_lost in found.items() if is_lost))


def _each_holds(party: Party) -> Party:
    """An originator's accounts are each person's, after those of their own."""
    persons = tuple(
        replace(one, account_number=_together(one.account_number, party.account_number))
        for one in party.person
    )
    return replace(party, person=persons, account_number=())


def _all_hold(party: Party) -> Party:
    """Each person's accounts are the originator's, after its own."""
    accounts = party.account_number
    for one in party.person:
        accounts = _together(accounts, one.account_number)
    persons = tuple(map(_without_accounts, party.person))
    return replace(party, person=persons, account_number=accounts)


def _differ(party: Originator | Beneficiary) -> bool:
    """Whether it is not the same accounts that each person holds."""
    return len({one.account_number for one in party.person}) > 1


def _together(some: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return (*some, *(one for one in others if one not in some)) if some else others


def _without_accounts(one: Person) -> Person:
    return replace(one, account_number=())


def _provider(one: Person | None) -> Person | None:
    return None if one is None else _without_accounts(one)


def _json(value: Any, version: Version, path: str, lost: list[Refusal]) -> Any:
    """What JSON has for a value; a refusal of each field that the version lacks goes to `lost`."""
    if isinstance(value, tuple):
        return [_json(one, version, f"{path}[{place}]", lost) for place, one in enumerate(value)]
    if isinstance(value, date):
        return value.isoformat()
    if not is_component(type(value)):
        return value
    made: dict[str, Any] = {}
    for one in ELEMENTS[type(value)]:
        inner = getattr(value, one.field)
        if inner in ("", None, ()):
            continue
        name = one.names[version]
        if not name:
            if one.field != "payload_version":
                lost.append(OtherVersionsField(f"{path}: {one.field}", path=path))
            continue
        where = step(path, name)
        if one.wrapped:
            where = step(where, name)
        said = _json(inner, version, where, lost)
        made[name] = {name: said} if one.wrapped else said
    return made


def writing(ivms: Ivms, terms: Terms) -> tuple[str, tuple[Refusal, ...]]:
    """The canonical JSON of a record in its own version, and why it must not be sent, if so."""
    lost: list[Refusal] = []
    made = _json(ivms, ivms.version, "$", lost)
    if not made.get("payloadMetadata", True):
        del made["payloadMetadata"]  # 2020 has none without a method
    text = canonical(made)
    # Half of a surrogate is no text: so the reader sees it, and refuses.
    content = text.encode(errors="surrogatepass")
    reading = read_ivms(content, terms, strict=True)
    refusals = (*lost, *reading.refusals)
    assert refusals or reading.message == ivms, "what is written is read as it was"
    return text, refusals


def write(ivms: Ivms, terms: Terms) -> str:
    """Write a record as canonical JSON (RFC 8785), in its own version.

    Raises:
        Refusal: The first of what `writing` finds.
    """
    text, refusals = writing(ivms, terms)
    if refusals:
        raise refusals[0]
    return text
