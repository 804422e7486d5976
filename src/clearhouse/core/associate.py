"""Associates: whom a participant acts through, and who is none of its owners.

    director    directs it, or sits on its board
    signatory   signs for it
    bank        keeps its accounts, or pays for it
    platform    trades or keeps its coin
    vessel      a ship that it owns, charters or operates
    agent       acts for it in its trade: a broker, a forwarder, a customs agent

A record links two that are known: a participant, and a participant, entity, person or vessel. So a
bank that serves many is named once, and a person who owns one and directs another has one dossier.

Source: OFAC FAQ 398 and 400 (a listed director does not block a company; nobody deals through a
listed person, nor on a contract that one has signed); FATF Recommendation 10 (persons who act for a
customer); Wolfsberg Group, ICC and BAFT, Trade Finance Principles (2019) (banks, vessels, agents).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from stdnum import imo
from stdnum.exceptions import ValidationError

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ParticipantId
from clearhouse.core.owner import COUNTRY_FORM, ENTITY, PERSON
from clearhouse.core.participant import LeiWrong, parse_lei
from clearhouse.core.record import OneOf, Register, dates_wrong

VESSEL = "ves"
IMO_FORM = re.compile(r"[1-9][0-9]{6}", re.ASCII)


class ImoWrong(Refusal):
    """A ship's number is not an IMO number."""

    code = "associate.imo-wrong"
    kind = Kind.MALFORMED


class VesselWrong(Refusal):
    """A vessel has no id of its own, no name with a letter in it, or no flag's country."""

    code = "associate.vessel-wrong"
    kind = Kind.MALFORMED


class AssociateWrong(Refusal):
    """An associate is no id of a kind that its role can have."""

    code = "associate.wrong"
    kind = Kind.MALFORMED


class UnknownAssociate(Refusal):
    """Whom a participant is said to act through is recorded nowhere."""

    code = "associate.unknown"
    kind = Kind.UNKNOWN


class AssociateListed(Refusal):
    """Whom a participant acts through is listed: it is recorded, and the gate stops payments."""

    code = "associate.listed"
    kind = Kind.FORBIDDEN


class Role(StrEnum):
    """What an associate is to a participant."""

    DIRECTOR = "director"
    SIGNATORY = "signatory"
    BANK = "bank"
    PLATFORM = "platform"
    VESSEL = "vessel"
    AGENT = "agent"


# Who directs or signs: being listed blocks them, and not the company by itself.
OFFICERS = frozenset({Role.DIRECTOR, Role.SIGNATORY})
# Which kinds of id each role can have; "" is an LEI.
BEARERS = {
    Role.DIRECTOR: frozenset({PERSON, ENTITY, ""}),
    Role.SIGNATORY: frozenset({PERSON, ENTITY, ""}),
    Role.BANK: frozenset({ENTITY, ""}),
    Role.PLATFORM: frozenset({ENTITY, ""}),
    Role.VESSEL: frozenset({VESSEL}),
    Role.AGENT: frozenset({PERSON, ENTITY, ""}),
}


def imo_wrong(text: str) -> ImoWrong | None:
    """Say why a text is not an IMO number: seven digits, the last of which checks the others.

    Nothing is guessed or normalised. Source: IMO Resolution A.1117(30).
    """
    if not IMO_FORM.fullmatch(text):
        return ImoWrong(f"{text[:20]!r}: seven digits, without the letters IMO")
    try:
        imo.validate(text)
    except ValidationError as trouble:
        return ImoWrong(f"{text}: {trouble}")
    return None


def is_named(text: str) -> bool:
    """Whether there is a letter in a name."""
    return any(map(str.isalpha, text))


@dataclass(frozen=True, slots=True)
class Vessel:
    """A ship."""

    vessel: str
    name: str
    imo: str = ""  # small ones have none
    flag: str = ""

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        form = ID_FORM.fullmatch(self.vessel)
        if form is None or form["prefix"] != VESSEL:
            yield VesselWrong(f"vessel: {self.vessel[:40]!r}: an id that begins with {VESSEL}_")
        if not is_named(self.name):
            yield VesselWrong(f"name: {self.name[:40]!r} has no letter")
        if self.imo and (wrong := imo_wrong(self.imo)) is not None:
            yield wrong
        if self.flag and not COUNTRY_FORM.fullmatch(self.flag):
            yield VesselWrong(f"flag: {self.flag[:20]!r}: two capitals, as XA")


@dataclass(frozen=True, slots=True)
class Associate:
    """Whom a participant acts through."""

    participant: ParticipantId
    associate: str  # an LEI, or an id that begins with ent_, prs_ or ves_
    role: Annotated[str, OneOf(tuple(Role))]
    source: str  # the document, or the register, that says so
    since: date
    until: date | None = None

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        if self.associate == self.participant:
            yield AssociateWrong(f"{self.participant} acts through itself: leave the line out")
        form = ID_FORM.fullmatch(self.associate)
        prefix = form["prefix"] if form else ""
        if not form:
            try:
                parse_lei(self.associate)
            except LeiWrong as wrong:
                detail = f"associate: {wrong.detail}; or an id that begins with ent_, prs_ or ves_"
                yield AssociateWrong(detail)
                return
        if prefix not in BEARERS[Role(self.role)]:
            yield AssociateWrong(f"associate: {self.associate} cannot be a {self.role}")


VESSELS = Register("vessel", Vessel, "a ship", ("vessel",), "vessel")
ASSOCIATES = Register(
    "associate",
    Associate,
    "whom a participant acts through",
    ("participant", "associate", "role", "since"),
    "participant",
)
