"""`Participant`: a legal entity that takes part, where it resides, its licences and standing.

A participant is known by its LEI (ISO 17442), checked by its own check digits (ISO 7064 MOD
97-10). What it may do follows from licences: a class, an issuer, and the days between which it
holds. A party without an active licence of a class that the law of its residence asks for, on the
trade date, is refused, and the refusal cites the rule.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from clearhouse.core.coin_source import CoinSource
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant.records import (
    STANDINGS,
    Attachment,
    LegalEntity,
    LicenceHeld,
    Measure,
    Name,
    Standing,
    State,
)
from clearhouse.core.record import in_force
from clearhouse.core.rulebook import Class, Outcome, Role, Rule, Rulebook, Vocabulary
from clearhouse.core.wallet import Wallet

DIGEST_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
DEALING_MAX = timedelta(days=365)  # a licence to deal with somebody listed expires, and soon
NAME_LENGTH_MAX = 350  # as long as a name in ISO 20022 gets (Max350Text)


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


class AddressUnproven(Refusal):
    """A participant is to be paid at another address, which it has not proven to be its own."""

    code = "participant.address-unproven"
    kind = Kind.FORBIDDEN


class AddressMissing(Refusal):
    """Whoever is licensed to trade says where it is to be paid."""

    code = "participant.address-missing"
    kind = Kind.MALFORMED


class AddressOfVault(Refusal):
    """A pay-out address is one of the vault's own."""

    code = "participant.address-of-vault"
    kind = Kind.FORBIDDEN


class UnknownParticipant(Refusal):
    """A party is not admitted."""

    code = "participant.unknown"
    kind = Kind.UNKNOWN


class DealingWrong(Refusal):
    """A licence to deal with somebody listed lacks its evidence, or does not expire in time."""

    code = "participant.dealing-wrong"
    kind = Kind.MALFORMED


class LicenceMissing(Refusal):
    """A party has no active licence of the class that the law asks for."""

    code = "participant.licence-missing"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Licence:
    """A permission with dates, both inclusive, and what was done to it since."""

    licence_class: Class
    issuer: str
    valid_from: date
    valid_to: date
    measures: tuple[Measure, ...] = ()

    def active(self, on: date) -> bool:
        """Whether the licence holds on the day `on`: it is neither suspended nor revoked."""
        return self.valid_from <= on <= self.valid_to and self.barred(on) is None

    def barred(self, on: date) -> Measure | None:
        """The measure by which it does not hold on the day `on`, if there is one."""
        several = [one for one in self.measures if one.covers(on)]
        return min(several, key=lambda one: (one.since, one.measure)) if several else None

    def is_meant(self, measure: Measure) -> bool:
        """Whether a measure is about this licence."""
        named = (measure.licence_class, measure.issuer, measure.valid_from)
        return named == (self.licence_class, self.issuer, self.valid_from)


@dataclass(frozen=True, slots=True)
class Dealing:
    """An authority's licence to deal with a participant that is listed; both days inclusive."""

    list_name: str
    entity: str  # the entry of that list
    authority: str
    document: str  # SHA-256 of the licence
    valid_from: date
    valid_to: date
    proposal: str  # which two people agreed on

    def active(self, on: date) -> bool:
        """Whether it holds on the day `on`."""
        return self.valid_from <= on <= self.valid_to

    def covers(self, list_name: str, entity: str, on: date) -> bool:
        """Whether it lets the house deal with an entry of a list on a day."""
        return (self.list_name, self.entity) == (list_name, entity) and self.active(on)


@dataclass(frozen=True, slots=True)
class Participant:
    """A legal entity admitted to the house."""

    id: ParticipantId
    name: str
    residence: str  # the code of its jurisdiction in the rulebook
    address: str  # where its pay-outs go; empty if it is never paid (an authority)
    licences: tuple[Licence, ...]
    dealings: tuple[Dealing, ...] = ()
    former: tuple[str, ...] = ()  # what it was called before, in order
    names: tuple[Name, ...] = ()  # others that it is known by
    attachments: tuple[Attachment, ...] = ()
    standings: tuple[Standing, ...] = ()  # none: active since it was admitted
    wallets: tuple[Wallet, ...] = ()
    sources: tuple[CoinSource, ...] = ()  # of its coins

    def spans(self) -> list[tuple[date, date | None]]:
        """From when to when each thing holds that is known of it."""
        several: tuple[Licence | Dealing, ...] = (*self.licences, *self.dealings)
        measures = [measure for one in self.licences for measure in one.measures]
        dated: list[Measure | Attachment | Standing] = [*measures, *self.attachments]
        dated += self.standings
        return [(one.valid_from, one.valid_to) for one in several] + [
            (one.since, one.until) for one in dated
        ]

    def standing(self, on: date) -> Standing | None:
        """Its standing on a day; None where nothing is recorded: it is active."""
        held = in_force(STANDINGS, self.standings, on)
        return held[0] if held else None

    def is_active(self, on: date) -> bool:
        """Whether it may act on the day `on`."""
        held = self.standing(on)
        return held is None or held.state == State.ACTIVE

    def wallet(self, on: date) -> Wallet | None:
        """The wallet that it is paid at, if that was ever proven and is its own on a day."""
        for one in self.wallets:
            if one.address == self.address and one.is_held(on):
                return one
        return None

    def addresses(self, on: date) -> tuple[str, ...]:
        """Its own, and those that have paid for it, as of a day; in one order."""
        paid = sorted(one.address for one in self.sources if one.counts(on))
        return tuple(dict.fromkeys((*self.own_addresses(on), *paid)))

    def own_addresses(self, on: date) -> tuple[str, ...]:
        """Where it is paid, and every wallet that is its own on a day; in one order."""
        held = sorted(one.address for one in self.wallets if one.is_held(on))
        return tuple(dict.fromkeys(filter(None, (self.address, *held))))

    def all_names(self) -> tuple[str, ...]:
        """Every name that it is screened under: those it has had, too."""
        return tuple(dict.fromkeys((self.name, *self.former, *(one.name for one in self.names))))

    def attached(self, *days: date) -> frozenset[str]:
        """The jurisdictions whose law it is under on any of some days."""
        also = {one.jurisdiction for one in self.attachments if any(map(one.active, days))}
        return frozenset({self.residence, *also})


def as_recorded(several: Sequence[LegalEntity]) -> Participant:
    """A participant as it was entered, and entered again; at least once.

    Args:
        several: In order; the last one holds.
    """
    *before, now = several
    former = tuple(one.name for one in before)
    return Participant(now.participant, now.name, now.residence, now.address, (), (), former)


def licence_of(held: LicenceHeld) -> Licence:
    """A licence as it was entered."""
    days = (held.valid_from, held.valid_to)
    return Licence(Class(held.licence_class), held.issuer, *days)


def with_records(one: Participant, records: Iterable[Any]) -> Participant:
    """A participant with what registers hold of it; records of other kinds are passed over."""
    held = list(records)
    measures = [record for record in held if isinstance(record, Measure)]
    licences = tuple(
        replace(licence, measures=tuple(filter(licence.is_meant, measures)))
        for licence in one.licences
    )
    return replace(
        one,
        licences=licences,
        names=tuple(record for record in held if isinstance(record, Name)),
        attachments=tuple(record for record in held if isinstance(record, Attachment)),
        standings=tuple(record for record in held if isinstance(record, Standing)),
        wallets=tuple(record for record in held if isinstance(record, Wallet)),
        sources=tuple(record for record in held if isinstance(record, CoinSource)),
    )


@dataclass(frozen=True, slots=True)
class DealingLicensed:
    """An authority lets the house deal with a participant that is listed."""

    participant: ParticipantId
    list_name: str
    entity: str
    authority: str
    document: str
    valid_from: date
    valid_to: date
    proposal: str


def need_dealing(dealing: Dealing, today: date) -> None:
    """Check that a licence to deal has its form and ends within a year.

    Raises:
        DealingWrong: It has not, or it is over.
    """
    if not DIGEST_FORM.fullmatch(dealing.document):
        raise DealingWrong("a licence is shown by the SHA-256 of its document, 64 digits")
    named = (dealing.authority, dealing.list_name, dealing.entity)
    if not all(0 < len(text) <= NAME_LENGTH_MAX for text in named):
        raise DealingWrong("it names the authority, the list and its entry")
    if not timedelta(0) <= dealing.valid_to - dealing.valid_from <= DEALING_MAX:
        raise DealingWrong(
            f"it holds for at most {DEALING_MAX.days + 1} days, and ends after it begins"
        )
    if dealing.valid_to < today:
        raise DealingWrong(f"it ended on {dealing.valid_to}")


def licences_on(participant: Participant, on: date, vocabulary: Vocabulary) -> int:
    """The classes that a participant is licensed as on a day, as rules read them."""
    active = [licence.licence_class for licence in participant.licences if licence.active(on)]
    return vocabulary.mask("class", active)


def licensed(
    participant: Participant, role: Role, on: date, rulebook: Rulebook
) -> list[LicenceMissing]:
    """Ask whether the law of the residence lets a participant be a debtor or a creditor.

    Returns:
        A refusal for each rule that asks for another licence. Where no rule is in force there is
        a refusal too: what is not allowed is forbidden.
    """
    held = licences_on(participant, on, rulebook.vocabulary)
    barred = rulebook.admission.barred(participant.residence, held, role, on)
    return [_missing(participant, role, on, rule) for rule in barred]


def _missing(participant: Participant, role: Role, on: date, rule: Rule | None) -> LicenceMissing:
    if rule is None:
        detail = f"no law of {participant.residence} lets anybody be a {role} on {on}"
        return LicenceMissing(detail, participant=participant.id, rule="")
    if rule.outcome is Outcome.DENY:
        detail = f"{participant.id} is no {role} on {on}: {rule.says} {rule.id}"
        return LicenceMissing(
            f"{detail} ({rule.head.citation})", participant=participant.id, rule=rule.id
        )
    detail = (
        f"{participant.id} has no licence as {' or '.join(rule.scope.classes)} active on {on}:"
        f" {rule.id} ({rule.head.citation})"
    )
    return LicenceMissing(detail, participant=participant.id, rule=rule.id)
