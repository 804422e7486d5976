"""`Deviation`: how others depart from IVMS 101, and are read all the same; a closed list.

What is only written otherwise is borne; what would have to be guessed is not (`ivms_refusals`).
Each is told by its name and its path, and neither says anything of a person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clearhouse.core.errors import Refusal
from clearhouse.core.travel_rule.ivms_constraints import (
    AddressUnlocated,
    LegalOriginatorUnidentified,
    OriginatorUnidentified,
)


class Deviation(StrEnum):
    """How others depart from the standard, and are read all the same."""

    UNKNOWN_FIELD = "unknown-field"  # none of the standard; what it says is not in the record
    FIELD_CASE = "field-case"  # capitals or underscores other than the standard's
    OTHER_SPELLING = "other-spelling"  # one that some write: `ivms_spelling`
    OTHER_VERSION = "other-version"  # the other version's field, or its spelling
    SAID_TWICE = "said-twice"  # the same under two spellings
    CODE_CASE = "code-case"  # legl for LEGL
    SINGLE_FOR_ARRAY = "single-for-array"
    ARRAY_FOR_SINGLE = "array-for-single"
    FLAT = "flat"  # an entity's element without the entity around it
    DATE_WITH_TIME = "date-with-time"
    NUMBER_FOR_TEXT = "number-for-text"
    TEXT_FOR_NUMBER = "text-for-number"
    NULL = "null"  # a field that is not said, said
    EMPTY = "empty"  # the same, as a text of blanks or an object without fields
    CHARACTERS = "characters"  # other script than Latin where that is asked for
    LENGTH = "length"  # longer than the standard lets it be
    COUNT = "count"  # more of a kind than most take
    VERSION_MISSING = "version-missing"  # spelt as in 2023, which must say so
    IDENTIFICATION_MISSING = "identification-missing"  # C1 and C4: below a threshold none is due
    ADDRESS_PARTIAL = "address-partial"  # C8: a town and a country alone


# What a record may break of the standard and is read; whether it lacks anything is another question
# (`completeness`), and depends on the amount.
TOLERABLE: Final[Mapping[type[Refusal], Deviation]] = {
    OriginatorUnidentified: Deviation.IDENTIFICATION_MISSING,
    LegalOriginatorUnidentified: Deviation.IDENTIFICATION_MISSING,
    AddressUnlocated: Deviation.ADDRESS_PARTIAL,
}


@dataclass(frozen=True, slots=True)
class Departure:
    """A deviation, and where."""

    deviation: Deviation
    path: str
