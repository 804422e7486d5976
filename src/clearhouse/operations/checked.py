"""What a check says of records that have their own form, and what every check is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from clearhouse.core.errors import Refusal
from clearhouse.operations.house import House


@dataclass(slots=True)
class Said:
    """What a check says of one record."""

    refusals: list[Refusal] = field(default_factory=list)
    remarks: list[Refusal] = field(default_factory=list)


Check = Callable[[House, Sequence[Any]], list[Said]]  # an answer for each record, in order
