"""Reading a record that somebody sent: what of it departs from the standard is named, or refused.

Strictly, a text is exactly what we write ourselves. Tolerantly, as others are read, what is only
written otherwise is taken, and each departure is told by name and path (`Deviation`); what would
have to be guessed is refused. Nothing is mended in silence, and nothing is dropped: the content of
a `Reading` is all that came, unknown fields too. All refusals are told, not the first one; but the
constraints are judged only where every field could be read, since what was refused would seem to be
missing.

The version is what the record says; where it says none, 2023 if its persons are spelt as there, and
2020 if not, which has no field for it.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from clearhouse.core.canonical import canonical
from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule.ivms import (
    Beneficiary,
    Ivms,
    Originator,
    PayloadMetadata,
    Version,
)
from clearhouse.core.travel_rule.ivms_constraints import Terms, faults
from clearhouse.core.travel_rule.ivms_deviations import Departure, Deviation
from clearhouse.core.travel_rule.ivms_json import (
    JsonKeyTwice,
    JsonMalformed,
    JsonNotExact,
    JsonTooLarge,
    parse_json,
)
from clearhouse.core.travel_rule.ivms_reader import Reader, match
from clearhouse.core.travel_rule.ivms_refusals import NotStrict, VersionWrong
from clearhouse.core.travel_rule.ivms_spelling import name_of


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a record.

    Attributes:
        message: The record; None if anything was refused.
        departures: From the standard, in one order, whatever the order of keys was.
        refusals: All of them.
        content: The canonical JSON of all that came, unknown fields too; "" if it is no JSON.
    """

    message: Ivms | None
    departures: tuple[Departure, ...]
    refusals: tuple[Refusal, ...]
    content: str = field(default="", repr=False)  # it is personal

    def need(self) -> Ivms:
        """The record.

        Raises:
            Refusal: The first of the refusals.
        """
        if self.refusals:
            raise self.refusals[0]
        assert self.message is not None
        return self.message


def read_ivms(
    content: bytes, terms: Terms, *, strict: bool = False, agreed: Version | None = None
) -> Reading:
    """Read a record from JSON.

    Args:
        content: The text, in UTF-8.
        terms: What it is judged by.
        strict: Whether every departure is refused.
        agreed: The version that it must be of, if one was agreed on.
    """
    try:
        value = parse_json(content)
    except (JsonTooLarge, JsonMalformed, JsonNotExact, JsonKeyTwice) as refusal:
        return Reading(None, (), (refusal,))
    return read_value(value, terms, strict=strict, agreed=agreed)


def read_value(
    value: Any, terms: Terms, *, strict: bool = False, agreed: Version | None = None
) -> Reading:
    """Read a record from what `parse_json` made of a message that it came in."""
    content = canonical(value)
    try:
        version, is_said = _version(value, agreed)
    except VersionWrong as refusal:
        return Reading(None, (), (refusal,), content)
    reader = Reader(version)
    if version is Version.V2023 and not is_said:
        reader.note(Deviation.VERSION_MISSING, "$.payloadMetadata.payloadVersion")
    message = reader.component(Ivms, value, "$")
    if message is not None:
        metadata = replace(message.payload_metadata, payload_version=version)
        message = replace(message, payload_metadata=metadata)
        if not reader.refusals:
            reader.judge(faults(message, terms), strict=strict)
    if strict:
        reader.refusals += [
            NotStrict(f"{one.path}: {one.deviation}", path=one.path, deviation=one.deviation)
            for one in reader.departures
        ]
    refusals = tuple(reader.refusals)
    return Reading(None if refusals else message, tuple(reader.departures), refusals, content)


def _inner(value: Any, component: type, name: str) -> Any:
    """What an object has under a name, or a spelling of it; None if it has none."""
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if not isinstance(value, dict):
        return None
    found = [
        key for key in sorted(value) if (hit := match(component, key)) and hit[0].field == name
    ]
    return value[found[0]] if found else None


def _version(value: Any, agreed: Version | None) -> tuple[Version, bool]:
    """Which version a record is of, and whether it says so.

    Raises:
        VersionWrong: It says one that is not known, or another than was agreed on.
    """
    path = "$.payloadMetadata.payloadVersion"
    metadata = _inner(value, Ivms, "payload_metadata")
    said = _inner(metadata, PayloadMetadata, "payload_version")
    if said is None:
        version = Version.V2023 if _is_spelt_2023(value) else Version.V2020
    elif (known := str(said).removeprefix("IVMS")) in set(Version):
        version = Version(known)
    else:
        raise VersionWrong(f"{path}: none of {', '.join(Version)}", path=path)
    if agreed is not None and version is not agreed:
        raise VersionWrong(f"{path}: {version}, and {agreed} was agreed on", path=path)
    return version, said is not None


def _is_spelt_2023(value: Any) -> bool:
    for name, party in (("originator", Originator), ("beneficiary", Beneficiary)):
        inner = _inner(value, Ivms, name)
        if isinstance(inner, dict):
            before, now = (name_of(party, "person", version) for version in Version)
            return now in inner and before not in inner
    return False
