"""Records about a participant: names, jurisdictions, standing, who acts for it, and so on.

All are dated. A measure (a suspension or a revocation of a licence) and a standing may begin on a
day that is over when they are entered: that is recorded as it is said, the decisions made
meanwhile are listed, and none of them is changed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from clearhouse.core.coin_source import COIN_SOURCES
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ParticipantId, PersonId
from clearhouse.core.participant.lei import LeiWrong, parse_lei
from clearhouse.core.record import OneOf, Register, Way, dates_wrong
from clearhouse.core.rulebook import Class
from clearhouse.core.wallet import WALLETS

# What mail servers take, short of what RFC 5321 also allows and nobody writes; ITU-T E.164.
EMAIL_FORM = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}", re.ASCII)
TELEPHONE_FORM = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)


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


class LeftOpen(Refusal):
    """A participant is to leave, and owes or is owed something, or the house holds what is its."""

    code = "participant.left-open"
    kind = Kind.CONFLICT


class ContactWrong(Refusal):
    """A contact has no way to be reached, or not in a form that reaches anybody."""

    code = "participant.contact-wrong"
    kind = Kind.MALFORMED


class RepresentativeWrong(Refusal):
    """Whoever is to act for a participant is not enrolled here."""

    code = "participant.representative-wrong"
    kind = Kind.MALFORMED


class LicenceUnknown(Refusal):
    """A measure names a licence that the participant does not have."""

    code = "participant.licence-unknown"
    kind = Kind.UNKNOWN


@dataclass(frozen=True, slots=True)
class LegalEntity:
    """Who takes part: what they are called, where they reside, and where they are paid."""

    participant: ParticipantId
    name: str
    residence: str  # the code of its jurisdiction in the rulebook
    address: str = ""  # where its pay-outs go; empty if it is never paid (an authority)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        try:
            parse_lei(self.participant)
        except LeiWrong as wrong:
            yield wrong


@dataclass(frozen=True, slots=True)
class LicenceHeld:
    """What a participant may do, by whose licence; both days inclusive."""

    participant: ParticipantId
    licence_class: Annotated[str, OneOf(tuple(Class))]
    issuer: str
    valid_from: date
    valid_to: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.valid_from, self.valid_to)


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


NET_DEBIT = "net-debit"  # what it may have to pay in; the only limit that cycles look at


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a participant may come to owe, in an asset."""

    participant: ParticipantId
    asset: str
    limit: Annotated[str, OneOf((NET_DEBIT, "position", "day"))]
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


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a participant is reached about something: an office and its line, not a person."""

    participant: ParticipantId
    use: Annotated[str, OneOf(("settlement", "compliance", "incidents", "legal"))]
    email: str = ""
    telephone: str = ""  # as E.164 has it: +, the country's number and the rest

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        if not (self.email or self.telephone):
            yield ContactWrong("an address for mail or a telephone number, or both")
        if self.email and not EMAIL_FORM.fullmatch(self.email):
            yield ContactWrong(f"email: {self.email[:60]!r}: write it as desk@firm.example")
        if self.telephone and not TELEPHONE_FORM.fullmatch(self.telephone):
            yield ContactWrong(f"telephone: {self.telephone[:40]!r}: write it as +4912345678")


@dataclass(frozen=True, slots=True)
class Representative:
    """Somebody enrolled acts for a participant: their keys sign for it; both days inclusive."""

    participant: ParticipantId
    person: PersonId
    since: date
    until: date | None = None

    def active(self, on: date) -> bool:
        """Whether they act for it on the day `on`."""
        return self.since <= on and (self.until is None or on <= self.until)

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        form = ID_FORM.fullmatch(self.person)
        if form is None or form["prefix"] != "per":
            yield RepresentativeWrong(f"person: {self.person[:40]!r}: an id that begins with per_")


LEGAL_ENTITIES = Register(
    "legal_entity",
    LegalEntity,
    "who takes part",
    ("participant",),
    "participant",
    restricted=frozenset({"address"}),
)
LICENCES = Register(
    "licence",
    LicenceHeld,
    "what a participant may do, by whose licence",
    ("participant", "licence_class", "issuer", "valid_from"),
    "participant",
)
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

CONTACTS = Register(
    "contact",
    Contact,
    "where a participant is reached about something",
    ("participant", "use"),
    "participant",
    restricted=frozenset({"email", "telephone"}),
    way=Way.FILED,
    is_own=True,
)
REPRESENTATIVES = Register(
    "representative",
    Representative,
    "somebody whose keys sign for a participant",
    ("participant", "person", "since"),
    "participant",
)

# What the gate looks at when it looks at a participant.
OF_PARTY = (NAMES, ATTACHMENTS, STANDINGS, MEASURES, WALLETS, COIN_SOURCES)
