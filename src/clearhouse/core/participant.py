"""`Participant`: a legal entity that takes part, where it resides, and its licences.

A participant is known by its LEI (ISO 17442), checked by its own check digits (ISO 7064 MOD
97-10). What it may do follows from licences: a class, an issuer, and the days between which it
holds. A party without an active licence of a class that the law of its residence asks for, on the
trade date, is refused, and the refusal cites the rule.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_97_10

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.rulebook import Licensing, Rule, Rulebook

# ISO 17442; the check digits that ISO 7064 makes are 02 to 98. stdnum looks at the sum alone.
LEI_FORM = re.compile(r"[0-9A-Z]{18}(?!00|01|99)[0-9]{2}", re.ASCII)
NAME_LENGTH_MAX = 350  # as long as a name in ISO 20022 gets (Max350Text)


class LeiWrong(Refusal):
    """An LEI is malformed or its check digits do not match."""

    code = "participant.lei-wrong"
    kind = Kind.MALFORMED


class NameWrong(Refusal):
    """A participant's name is empty or too long."""

    code = "participant.name-wrong"
    kind = Kind.MALFORMED


class UnknownResidence(Refusal):
    """A participant resides where the rulebook has no law."""

    code = "participant.unknown-residence"
    kind = Kind.UNKNOWN


class UnknownClass(Refusal):
    """A licence is of a class that does not exist."""

    code = "participant.unknown-class"
    kind = Kind.UNKNOWN


class LicenceDatesWrong(Refusal):
    """A licence's dates are malformed, or it ends before it begins."""

    code = "participant.licence-dates-wrong"
    kind = Kind.MALFORMED


class ParticipantDiffers(Refusal):
    """The LEI is admitted already, with another name, residence or address."""

    code = "participant.differs"
    kind = Kind.CONFLICT


class PartyListed(Refusal):
    """An applicant, or its wallet, is on a sanctions list."""

    code = "participant.listed"
    kind = Kind.FORBIDDEN


class AddressOfVault(Refusal):
    """A pay-out address is one of the vault's own."""

    code = "participant.address-of-vault"
    kind = Kind.FORBIDDEN


class UnknownParticipant(Refusal):
    """A party is not admitted."""

    code = "participant.unknown"
    kind = Kind.UNKNOWN


class LicenceMissing(Refusal):
    """A party has no active licence of the class that the law asks for."""

    code = "participant.licence-missing"
    kind = Kind.FORBIDDEN


class Class(StrEnum):
    """What a licence lets its holder be."""

    EXPORTER = "exporter"
    IMPORTER = "importer"
    BANK = "bank"
    PLATFORM = "platform"  # a licensed trading platform for digital assets
    MINER = "miner"  # entered in the register of miners
    AUTHORITY = "authority"  # supervises; never a party to an obligation


@dataclass(frozen=True, slots=True)
class Licence:
    """A permission with dates, both inclusive."""

    licence_class: Class
    issuer: str
    valid_from: date
    valid_to: date

    def active(self, on: date) -> bool:
        """Whether the licence holds on the day `on`."""
        return self.valid_from <= on <= self.valid_to


@dataclass(frozen=True, slots=True)
class Participant:
    """A legal entity admitted to the house."""

    id: ParticipantId
    name: str
    residence: str  # the code of its jurisdiction in the rulebook
    address: str  # where its pay-outs go; empty if it is never paid (an authority)
    licences: tuple[Licence, ...]

    def spans(self) -> list[tuple[date, date | None]]:
        """From when to when each licence holds."""
        return [(licence.valid_from, licence.valid_to) for licence in self.licences]


@dataclass(frozen=True, slots=True)
class ParticipantAdmitted:
    """A legal entity was entered in the register."""

    participant: ParticipantId
    name: str
    residence: str
    address: str


@dataclass(frozen=True, slots=True)
class LicenceRecorded:
    """A participant's licence was entered in the register."""

    participant: ParticipantId
    licence_class: str
    issuer: str
    valid_from: date
    valid_to: date


def parse_lei(text: str) -> ParticipantId:
    """Check that `text` is an LEI: 20 characters, the last two its check digits.

    Raises:
        LeiWrong: It is not; nothing is guessed or normalised.
    """
    if not LEI_FORM.fullmatch(text):
        detail = f"{text[:40]!r}: 18 capitals or digits and 2 check digits, without spaces"
        raise LeiWrong(detail)
    try:
        mod_97_10.validate(text)
    except ValidationError as trouble:
        raise LeiWrong(f"{text[:40]!r}: {trouble}") from trouble
    return ParticipantId(text)


def licensed(
    participant: Participant, role: str, on: date, rulebook: Rulebook
) -> tuple[list[tuple[Rule, Licence]], list[LicenceMissing]]:
    """Look for the licences that the law of the residence asks of a debtor or a creditor.

    Returns:
        Each rule with the licence that satisfies it, and a refusal for each rule that none does.
        Where no rule is in force there is a refusal too: what is not allowed is forbidden.
    """
    rules = [
        rule
        for rule in rulebook.under(Licensing, [participant.residence], on)
        if isinstance(rule.terms, Licensing) and rule.terms.role == role
    ]
    satisfied, missing = [], []
    for rule in rules:
        assert isinstance(rule.terms, Licensing)
        held = _licence(participant.licences, rule.terms.classes, on)
        if held:
            satisfied.append((rule, held))
        else:
            missing.append(
                LicenceMissing(
                    f"{participant.id} has no licence as {' or '.join(rule.terms.classes)}"
                    f" active on {on}: {rule.id} ({rule.citation})",
                    participant=participant.id,
                    rule=rule.id,
                )
            )
    if not rules:
        detail = f"no law of {participant.residence} lets anybody be a {role} on {on}"
        missing.append(LicenceMissing(detail, participant=participant.id, rule=""))
    return satisfied, missing


def _licence(licences: Iterable[Licence], classes: tuple[str, ...], on: date) -> Licence | None:
    for licence in licences:
        if licence.licence_class in classes and licence.active(on):
            return licence
    return None
