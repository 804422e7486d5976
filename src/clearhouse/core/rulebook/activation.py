"""From when which version of the law holds: two people say so, before that instant.

A rulebook has two times. Its rules say between which days they hold in the world; an activation
says from which instant on the house knows them. A decision names the version it was made under, so
what was decided before stays as it was.
"""

from dataclasses import dataclass
from datetime import datetime

from clearhouse.core.errors import Kind, Refusal


class UnknownVersion(Refusal):
    """The house has no rulebook of this version."""

    code = "rulebook.unknown-version"
    kind = Kind.UNKNOWN


class ActivationPast(Refusal):
    """A rulebook cannot come into force at an instant that is over."""

    code = "rulebook.activation-past"
    kind = Kind.CONFLICT


class ActivatedBefore(Refusal):
    """The version comes into force at that instant already."""

    code = "rulebook.activated-before"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class RulebookActivated:
    """From an instant on the house works under another version of the law."""

    version: str
    active_from: datetime
    proposal: str  # which two people agreed on
