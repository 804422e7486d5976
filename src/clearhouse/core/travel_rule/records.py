"""What a house records of the Travel Rule: providers, records of payments, exchanges about them.

    vasp               a provider that was verified: who licenses it, where it is called
    travel record      who sends and who receives, of one payment; itself it stands in a dossier
    travel exchange    how far the house has come with the beneficiary's provider about it

A party that keeps its coin with a platform (register `associate`) has that platform for a provider;
whoever keeps it alone is served by the house itself, which is written as "".

There is one record for each payment, whatever it is netted with: what is paid in or out settles
payments, each with its own record.

Source: FATF Recommendation 16 and its interpretive note, para 7(b); FATF, Updated Guidance for a
Risk-Based Approach to Virtual Assets (2021), para 196 to 201 (due diligence of the counterparty's
provider before anything is told), cited from memory.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.ids import ID_FORM, ObligationId, ParticipantId
from clearhouse.core.owner import COUNTRY_FORM, DOSSIER_DIGITS
from clearhouse.core.participant import LeiWrong, parse_lei
from clearhouse.core.record import OneOf, Prose, Register, Way, dates_wrong
from clearhouse.core.travel_rule.completeness import Due
from clearhouse.core.travel_rule.exchange import State
from clearhouse.core.travel_rule.ivms import Version
from clearhouse.core.travel_rule.travel_address import decode

OBLIGATION = "obl"
DIGEST_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
CONTENT_LENGTH_MAX = 40_000  # characters: a dossier has 65,536 bytes
NOTHING = "nothing"  # a record that is not even what a reduced one is
COMPLETE = (NOTHING, *map(str, Due))  # each has all that the one before has
PER_MILLE = 1000
BY_ISSUER = "by-issuer"  # a certificate that whoever the house trusts has issued
HOUSE = ""  # who serves a party that keeps its coin alone


class VaspWrong(Refusal):
    """A provider has a number, a country, a travel address or a certificate not in its form."""

    code = "vasp.wrong"
    kind = Kind.MALFORMED


class TravelRecordWrong(Refusal):
    """A Travel Rule record's head does not have its form, or says other things than the record."""

    code = "travel-record.wrong"
    kind = Kind.MALFORMED


class TravelRecordUnknown(Refusal):
    """There is no Travel Rule record of this payment, or no such payment."""

    code = "travel-record.unknown"
    kind = Kind.UNKNOWN


class TravelRecordAnswered(Refusal):
    """The beneficiary's provider has approved or rejected the record: it stays as it is."""

    code = "travel-record.answered"
    kind = Kind.CONFLICT


class TravelRecordLate(Refusal):
    """The payment is in a cycle, settled or taken back: its record stays as it is."""

    code = "travel-record.late"
    kind = Kind.CONFLICT


@dataclass(frozen=True, slots=True)
class Vasp:
    """A provider of digital-asset services that was verified, and until when that holds.

    Attributes:
        vasp: Its LEI; its certificate says the same.
        jurisdiction: Which licenses or registers it.
        authority: Who does, there.
        licence: Its number in that authority's public register.
        travel_address: Where an inquiry is sent: "ta" and base58check of a host and path.
        certificate: SHA-256 of its one certificate; or `by-issuer`, where whoever the house trusts
            may issue it another with the same LEI.
        since: When it was verified.
        until: By then it is verified anew; from the day after it is no provider here.
    """

    vasp: str
    name: str
    jurisdiction: str
    authority: str
    licence: str
    travel_address: str
    certificate: str
    since: date
    until: date

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it."""
        yield from dates_wrong(self.since, self.until)
        try:
            parse_lei(self.vasp)
        except LeiWrong as wrong:
            yield VaspWrong(f"vasp: {wrong.detail}")
        if not COUNTRY_FORM.fullmatch(self.jurisdiction):
            yield VaspWrong(f"jurisdiction: {self.jurisdiction[:20]!r}: two capitals, as XA")
        try:
            decode(self.travel_address)
        except Refusal as wrong:
            yield VaspWrong(f"travel_address: {wrong}")
        if self.certificate != BY_ISSUER and not DIGEST_FORM.fullmatch(self.certificate):
            yield VaspWrong(
                f"certificate: 64 small hexadecimal digits of a SHA-256, or {BY_ISSUER}"
            )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its one certificate, if only this one is meant; else empty."""
        return "" if self.certificate == BY_ISSUER else self.certificate


@dataclass(frozen=True, slots=True)
class TravelRecord:
    """The record of one payment, and what the house has found of it.

    Attributes:
        participant: Who pays.
        digest: SHA-256 of the record's canonical JSON: the same wherever it is held.
        version: Of IVMS 101.
        complete: How much it says: all of a reduced, a full or a revised record, or not even that.
        lacks: What a revised record would have beside: words, as `originator.birth`.
        payee_match: How close the name of who receives is to those that the house knows the
            creditor by, per mille.
        filed_at: When whoever sends handed it in.
        originating: The LEI of the provider of who pays, or "", the house.
        beneficiary: The LEI of the provider of who is paid, or "", the house.
        content: The record, as JSON; in a dossier.
    """

    participant: ParticipantId
    obligation: ObligationId
    digest: str
    version: Annotated[str, OneOf(tuple(map(str, Version)))]
    complete: Annotated[str, OneOf(COMPLETE)]
    payee_match: int
    filed_at: datetime
    lacks: tuple[str, ...] = ()
    originating: str = HOUSE
    beneficiary: str = HOUSE
    content: Annotated[str, Prose(CONTENT_LENGTH_MAX)] = ""
    commitment: str = ""

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with its head; what it says itself is compared with this apart."""
        yield from obligation_wrong(self.obligation)
        if not DIGEST_FORM.fullmatch(self.digest):
            yield TravelRecordWrong("digest: 64 small hexadecimal digits of a SHA-256 are expected")
        if self.payee_match > PER_MILLE:
            yield TravelRecordWrong(f"payee_match: {self.payee_match}: at most 1000 per mille")
        if not self.content and not self.commitment:
            yield TravelRecordWrong("content: a record is expected")
        for name in ("originating", "beneficiary"):
            if lei := getattr(self, name):
                try:
                    parse_lei(lei)
                except LeiWrong as wrong:
                    yield TravelRecordWrong(f"{name}: {wrong.detail}")

    @property
    def dossier(self) -> str:
        """Whose dossier has the record."""
        return f"{self.obligation}_{self.commitment[:DOSSIER_DIGITS]}"

    def has(self, due: Due) -> bool:
        """Whether it says all that is due."""
        return COMPLETE.index(self.complete) >= COMPLETE.index(due)


@dataclass(frozen=True, slots=True)
class TravelExchange:
    """How far the house has come with a provider about one record.

    Attributes:
        digest: Of the record. Another record, or the same one filed anew, is another exchange.
        vasp: The LEI of the beneficiary's provider.
        house: The house's own LEI, as its certificate says.
        identifier: Of the request, by which it is sent again: the exchange's own.
        state: How far it has come.
        units: How much was asked about, in minor units of what the house settles in.
        asked_at: When the house began.
        resolve_by: Until when the provider's answer is in time; so are the other two.
        address: Where the provider wants it paid, once it has approved.
        callback: Where it is told the transaction.
        txid: The transaction by which it was paid.
        returned: The transaction by which it came back.
        hop: The digest of the last hop: what the provider was sent, and when.
    """

    obligation: ObligationId
    digest: str
    vasp: str
    house: str
    identifier: str
    state: Annotated[str, OneOf(tuple(map(str, State)))]
    units: int
    asked_at: datetime
    resolve_by: datetime
    confirm_by: datetime
    revert_by: datetime
    hop: str
    address: str = ""
    callback: str = ""
    txid: str = ""
    returned: str = ""

    def faults(self) -> Iterable[Refusal]:
        """All that is wrong with it: the house makes it, so nothing is."""
        return ()


def obligation_wrong(id: str) -> Iterable[Refusal]:
    """Say why something is not the id of a payment."""
    form = ID_FORM.fullmatch(id)
    if form is None or form["prefix"] != OBLIGATION:
        yield TravelRecordWrong(f"obligation: {id[:40]!r}: an id that begins with {OBLIGATION}_")


def written(content: str) -> str:
    """A record's JSON in one line that can be kept: all that is not printable ASCII escaped.

    Raises:
        TravelRecordWrong: It is longer than is kept.
    """
    text = json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"))
    if len(text) > CONTENT_LENGTH_MAX:
        detail = f"the record has {len(text):,} characters; {CONTENT_LENGTH_MAX:,} are the most"
        raise TravelRecordWrong(detail)
    return text


VASPS = Register(
    "vasp",
    Vasp,
    "a provider of digital-asset services that was verified",
    ("vasp", "since"),
    "vasp",
)
TRAVEL_RECORDS = Register(
    "travel_record",
    TravelRecord,
    "who sends and who receives, of one payment",
    ("obligation",),
    "participant",
    personal=("content",),
    way=Way.FILED,
    is_own=True,
)
TRAVEL_EXCHANGES = Register(
    "travel_exchange",
    TravelExchange,
    "how far the house has come with a provider about a record",
    ("obligation", "identifier"),
    "obligation",
    restricted=frozenset({"callback"}),
    way=Way.FOUND,
)
OF_TRAVEL_RULE = (VASPS, TRAVEL_RECORDS, TRAVEL_EXCHANGES)
