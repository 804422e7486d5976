"""Records about a participant: names, jurisdictions, tax numbers, limits, standing, measures.

All are dated. A measure (a suspension or a revocation of a licence) and a standing may begin on a
day that is over when they are entered: that is recorded as it is said, the decisions made
meanwhile are listed, and none of them is changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.record import OneOf, Register, dates_wrong
from clearhouse.core.rulebook import Class
from clearhouse.core.wallet import WALLETS


class State(StrEnum):
    """Whether a participant may act; one at a time."""

    APPLICANT = "applicant"  # asked to be let in
    ACTIVE = "active"
    SUSPENDED = "suspended"  # barred for a time, by an authority or by the house
    IN_DEFAULT = "in-default"  # did not pay in; the rules on default run
    TERMINATED = "terminated"  # left, or was put out, for good


NEXT: Mapping[State, frozenset[State]] = {
    State.APPLICANT: frozenset({State.ACTIVE, State.TERMINATED}),
    State.ACTIVE: frozenset({State.SUSPENDED, State.IN_DEFAULT, State.TERMINATED}),
    State.SUSPENDED: frozenset({State.ACTIVE, State.IN_DEFAULT, State.TERMINATED}),
    State.IN_DEFAULT: frozenset({State.ACTIVE, State.SUSPENDED, State.TERMINATED}),
    State.TERMINATED: frozenset(),
}


class StandingWrong(Refusal):
    """A participant's standing cannot become this one."""

    code = "participant.standing-wrong"
    kind = Kind.CONFLICT


class LicenceUnknown(Refusal):
    """A measure names a licence that the participant does not have."""

    code = "participant.licence-unknown"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class Name:
    """Another name that a participant is known by, and screened under."""

    participant: ParticipantId
    name: str
    use: Annotated[str, OneOf(("legal", "trading", "former", "other-script"))]
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return dates_wrong(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A jurisdiction whose law a participant is under beside that of its residence."""

    participant: ParticipantId
    jurisdiction: str
    ground: Annotated[str, OneOf(("incorporation", "owners", "platform", "branch", "management"))]
    since: date
    until: date | None = None

    def active(self, on: date) -> bool:
        """Whether it is attached on the day `on`."""
        return self.since <= on and (self.until is None or on <= self.until)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return dates_wrong(self.since, self.until)


@dataclass(frozen=True, slots=True)
class TaxNumber:
    """The number under which a jurisdiction taxes a participant."""

    participant: ParticipantId
    jurisdiction: str
    number: str
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return dates_wrong(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a participant may come to owe, in an asset."""

    participant: ParticipantId
    asset: str
    limit: Annotated[str, OneOf(("net-debit", "position", "day"))]
    units: int  # minor units
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        return dates_wrong(self.since, self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a participant may act, from a day on."""

    participant: ParticipantId
    state: Annotated[str, OneOf(tuple(State))]
    reason: str
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: a standing ends by the next one alone."""
        if self.until is not None:
            yield StandingWrong("a standing ends when the next one begins: leave `until` empty")


@dataclass(frozen=True, slots=True)
class Measure:
    """A licence is suspended or revoked, by whom and why; both days inclusive."""

    participant: ParticipantId
    licence_class: Annotated[str, OneOf(tuple(Class))]
    issuer: str
    valid_from: date  # of the licence
    measure: Annotated[str, OneOf(("suspended", "revoked"))]
    reason: str
    since: date
    until: date | None = None  # of a suspension; none is "until further notice"

    def covers(self, on: date) -> bool:
        """Whether the licence does not hold on the day `on`."""
        return self.since <= on and (self.until is None or on <= self.until)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        if self.measure == "revoked" and self.until is not None:
            yield StandingWrong("what is revoked does not come back: it needs a new licence")


NAMES = Register(
    "other_name",
    Name,
    "another name of a participant",
    ("participant", "name", "since"),
    "participant",
)
ATTACHMENTS = Register(
    "attachment",
    Attachment,
    "a jurisdiction whose law a participant is under beside its residence",
    ("participant", "jurisdiction", "ground", "since"),
    "participant",
)
TAX_NUMBERS = Register(
    "tax_number",
    TaxNumber,
    "the number under which a jurisdiction taxes a participant",
    ("participant", "jurisdiction", "since"),
    "participant",
)
LIMITS = Register(
    "exposure_limit",
    Limit,
    "how much a participant may come to owe",
    ("participant", "asset", "limit", "since"),
    "participant",
)
STANDINGS = Register(
    "participation",
    Standing,
    "whether a participant may act",
    ("participant", "since"),
    "participant",
)
MEASURES = Register(
    "measure",
    Measure,
    "a licence is suspended or revoked",
    ("participant", "licence_class", "issuer", "valid_from", "since"),
    "participant",
)

# What the gate looks at when it looks at a participant.
OF_PARTY = (NAMES, ATTACHMENTS, STANDINGS, MEASURES, WALLETS)
