"""How each version of IVMS 101 spells the fields of a record, and what else others write.

The standard is a data model and leaves its writing open ("technology neutral"). All who write it as
JSON take its elements' names, and do not agree on those that it spells in two ways itself:

    customerNumber   of a legal person in 2020: so in C1, C4 and its own section (5.2.9.3.3), and
                     with TRISA and CODE; its table and 21 Analytics have customerIdentification
    postCode         so in its own section (5.2.6.3.10), and with TRISA, CODE and 21 Analytics; its
                     table, its examples and Notabene have postcode
    originatingVASP  an entity of one element of the same name, so there are two, one in the other
                     (TRISA, CODE, 21 Analytics); Notabene leaves one out

Source: IVMS 101 and IVMS 101.2023; trisacrypto/trisa pkg/ivms101, 21Analytics/ivms101,
codevasp-lab/IVMS101 and npm ivms101 2.0.0, as they were in 2025.
"""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from clearhouse.core.travel_rule.ivms import (
    Beneficiary,
    Ivms,
    LegalPerson,
    NaturalPersonNameId,
    Often,
    Originator,
    PayloadMetadata,
    Person,
    Text,
    Version,
)

# Fields that are not the model's name in camel case, or that a version does not have ("").
SPELT: Final[Mapping[tuple[type, str], tuple[str, str]]] = {
    (Originator, "person"): ("originatorPersons", "originatorPerson"),
    (Beneficiary, "person"): ("beneficiaryPersons", "beneficiaryPerson"),
    (Originator, "account_number"): ("accountNumber", ""),
    (Beneficiary, "account_number"): ("accountNumber", ""),
    (Person, "account_number"): ("", "accountNumber"),
    (LegalPerson, "customer_identification"): ("customerNumber", "customerIdentification"),
    (NaturalPersonNameId, "name_identifier_type"): (
        "nameIdentifierType",
        "naturalPersonNameIdentifierType",
    ),
    (PayloadMetadata, "payload_version"): ("", "payloadVersion"),
}
# What some write in place of a field's name, whichever the version: plurals, above all.
OTHERWISE: Final[Mapping[str, tuple[str, ...]]] = {
    "customer_identification": ("customerIdentification", "customerNumber"),
    "name_identifier": ("nameIdentifiers",),
    "name_identifier_type": ("naturalPersonNameIdentifierType",),  # of local names too
    "local_name_identifier": ("localNameIdentifiers",),
    "phonetic_name_identifier": ("phoneticNameIdentifiers",),
    "geographic_address": ("geographicAddresses",),
    "address_line": ("addressLines",),
    "account_number": ("accountNumbers",),
    "transliteration_method": ("transliterationMethods",),
    "transfer_path": ("transferPaths",),
}
# Entities with one element of the same name.
WRAPPED: Final = frozenset({"originating_vasp", "beneficiary_vasp", "transfer_path"})


@dataclass(frozen=True)
class Element:
    """A field of a component, and how it is spelt.

    Attributes:
        field: Of the dataclass.
        names: In each version; "" where it has no such field.
        others: What else is read.
        kind: `str`, `int`, `date`, a `StrEnum`, or a dataclass.
        text: What it may be, for a text.
        often: How often it may occur; 0 where it occurs once.
        needed: There is none of the component without it.
        wrapped: It stands in an object that has it alone, under the same name.
    """

    field: str
    names: Mapping[Version, str]
    others: tuple[str, ...]
    kind: Any
    text: Text | None
    often: int
    needed: bool
    wrapped: bool


def _camel(field: str) -> str:
    first, *others = field.replace("_vasp", "_VASP").split("_")
    return first + "".join(one[:1].upper() + one[1:] for one in others)


def _plain(hint: Any) -> tuple[Any, Text | None, int]:
    """What a hint stands for: one item's type, what its text may be, and how often it occurs."""
    if get_origin(hint) is Annotated:
        inner, note = get_args(hint)
        kind, text, _ = _plain(inner)
        return (kind, text, note.count_max) if isinstance(note, Often) else (kind, note, 0)
    if get_origin(hint) is tuple:
        return _plain(get_args(hint)[0])
    if isinstance(hint, UnionType):
        (hint,) = (arm for arm in get_args(hint) if arm is not NoneType)
    return hint, None, 0


def is_component(kind: Any) -> bool:
    """Whether a field's type is a component, and no text, number, day or code."""
    return kind not in {str, int, date} and not issubclass(kind, StrEnum)


def _elements(component: Any) -> Iterator[Element]:
    hints = get_type_hints(component, include_extras=True)
    for one in fields(component):
        kind, text, often = _plain(hints[one.name])
        camel = _camel(one.name)
        pair = SPELT.get((component, one.name), (camel, camel))
        yield Element(
            field=one.name,
            names=dict(zip(Version, pair, strict=True)),
            others=(*filter(None, pair), *OTHERWISE.get(one.name, ())),
            kind=kind,
            text=text,
            often=often,
            needed=one.default is MISSING,
            wrapped=component is Ivms and one.name in WRAPPED,
        )


def _all_below(component: type) -> Iterator[tuple[type, tuple[Element, ...]]]:
    several = tuple(_elements(component))
    yield component, several
    for one in several:
        if is_component(one.kind):
            yield from _all_below(one.kind)


# The fields of each component, in the model's order.
ELEMENTS: Final[Mapping[type, tuple[Element, ...]]] = dict(_all_below(Ivms))


def name_of(component: type, field: str, version: Version) -> str:
    """How a version spells a field; "" if it has none."""
    (found,) = (one.names[version] for one in ELEMENTS[component] if one.field == field)
    return found
