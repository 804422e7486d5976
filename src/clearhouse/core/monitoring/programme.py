"""`Programme`: rules with bands, and typologies that weigh them; data, at one version.

After Tazama: a rule answers one small question about a payment within its history by a number,
which falls into a band. A typology is a sum over rules of the weight that it gives to each one's
band, in per mille; from its alert threshold on a person looks at the payment, from its
interdiction threshold on the payment waits for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

UNKNOWN_BAND = "unknown"
CUT_BAND = "cut-off"  # not all was looked at: a limit was reached
MILLE = 1000
Value = int | str | timedelta | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """A half-open interval of a rule's number, with a name."""

    name: str
    least: int
    below: int | None  # None: there is no end to it


@dataclass(frozen=True, slots=True)
class Case:
    """A history of a rule's or typology's own, and what its last payment must come to."""

    says: str
    payments: tuple[str, ...]
    must: str  # a band of the rule, or an outcome of the typology
    planted: bool  # what it is for; otherwise a near miss


@dataclass(frozen=True)
class Rule:
    """One small question about a payment within its history."""

    id: str
    says: str
    citation: str  # where the question comes from
    source: str  # how sure that is, as in the rulebook: S read, S2 another's account, R recalled
    measure: str
    given: Mapping[str, Value]  # what the measure is told, in minor units
    bands: tuple[Band, ...]  # without gaps, from 0 on
    cases: tuple[Case, ...]

    def band(self, number: int) -> int:
        """The place of the band that a number falls into."""
        return next(
            place
            for place, band in enumerate(self.bands)
            if band.below is None or number < band.below
        )


@dataclass(frozen=True)
class Typology:
    """A weighted sum of rules' bands, and what follows from it."""

    id: str
    number: int  # of its version; whoever changes it or its rules counts on
    says: str
    alert: int  # per mille, as what follows
    interdict: int
    weights: Mapping[str, Mapping[str, int]]  # by rule and band
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Programme:
    """Everything that monitoring goes by, at one version."""

    version: str  # SHA-256 of `body`
    body: str  # the canonical form of all files' contents
    unit: str  # in which payments are valued
    rules: tuple[Rule, ...]  # by id
    typologies: tuple[Typology, ...]  # by id
