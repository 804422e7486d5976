"""Admit participants from a file: CSV, one licence a line.

A participant with several licences has several lines, each with the same name, residence and
address. Lines are answered one by one; a file can be sent again, and a licence may be added to a
participant that is admitted already.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from clearhouse.chains.vault import AddressWrong, script_of
from clearhouse.core.draft import parse_date
from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import ParticipantId
from clearhouse.core.participant import (
    NAME_LENGTH_MAX,
    AddressOfVault,
    LeiWrong,
    Licence,
    LicenceDatesWrong,
    LicenceRecorded,
    NameWrong,
    Participant,
    ParticipantAdmitted,
    ParticipantDiffers,
    PartyListed,
    UnknownClass,
    UnknownResidence,
    parse_lei,
)
from clearhouse.core.rulebook import Class
from clearhouse.core.screening import NameUnscreenable, Screen, Subject
from clearhouse.feeds.table import Row, read_table
from clearhouse.operations.affected import backdated
from clearhouse.operations.house import House
from clearhouse.operations.screen import open_gate
from clearhouse.store import cycles, journal, registers
from clearhouse.store.projection import record

COLUMNS = (
    "lei",
    "name",
    "residence",
    "address",
    "licence_class",
    "licence_issuer",
    "valid_from",
    "valid_to",
)


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of one line."""

    line: int
    text: str
    participant: ParticipantId | None
    outcome: str  # admitted, licensed (another licence of one admitted), known, refused
    refusals: tuple[Refusal, ...]
    remarks: tuple[Refusal, ...] = ()  # what a person should know; it is no refusal


@dataclass
class _Desk:
    """The file being worked off, line by line; a later line sees an earlier one."""

    house: House
    screen: Screen
    jurisdictions: Collection[str]  # that there is law of
    register: dict[ParticipantId, Participant]  # as of now; lines change it
    ours: Collection[bytes]  # scripts of the vault
    facts: list[tuple[str, Event]] = field(default_factory=list)

    def take(self, row: Row) -> Admission:
        """Work off one line."""
        one, refusals = self._read(row)
        before = self.register.get(one.id) if one else None
        if one and before and head(one) != head(before):
            refusals = [ParticipantDiffers(f"{one.id} is admitted as {', '.join(head(before))}")]
        elif one and not before:
            refusals = self._listed(one)
        if one is None or refusals:
            return Admission(row.line, row.text, None, "refused", tuple(refusals))
        outcome = self._enter(one, before)
        remarks = self._backdated(one) if outcome == "licensed" else ()
        return Admission(row.line, row.text, one.id, outcome, (), remarks)

    def _backdated(self, one: Participant) -> tuple[Refusal, ...]:
        """Tell of decisions that were made on days of which a licence is recorded only now."""
        (licence,) = one.licences
        remark = backdated(self.house, one.id, licence.valid_from, licence.valid_to)
        return () if remark is None else (remark,)

    def _enter(self, one: Participant, before: Participant | None) -> str:
        (licence,) = one.licences
        if before is None:
            admitted = ParticipantAdmitted(one.id, one.name, one.residence, one.address)
            self.facts.append((one.id, admitted))
        held = before.licences if before else ()
        if licence in [replace(one, measures=()) for one in held]:
            return "known"
        dates = (licence.valid_from, licence.valid_to)
        recorded = LicenceRecorded(one.id, str(licence.licence_class), licence.issuer, *dates)
        self.facts.append((one.id, recorded))
        self.register[one.id] = replace(one, licences=(*held, licence))
        return "licensed" if before else "admitted"

    def _read(self, row: Row) -> tuple[Participant | None, list[Refusal]]:
        """Read a line into a participant with one licence, or all that is wrong with it."""
        if isinstance(row.fields, Refusal):
            return None, [row.fields]
        lei, name, residence, address, kind, issuer, start, end = (
            row.fields[column].strip() for column in COLUMNS
        )
        wrong: list[Refusal] = []
        try:
            parse_lei(lei)
        except LeiWrong as refusal:
            wrong.append(refusal)
        if not 0 < len(name) <= NAME_LENGTH_MAX:
            wrong.append(NameWrong(f"{len(name)} characters; 1 to {NAME_LENGTH_MAX}"))
        known = self.jurisdictions
        if residence not in known:
            detail = f"{residence[:20]!r}: the rulebook has {', '.join(sorted(known))}"
            wrong.append(UnknownResidence(detail))
        licence = _licence(kind, issuer, start, end, wrong)
        # An authority is never paid; everybody else needs a place to be paid at.
        if address or kind != Class.AUTHORITY:
            try:
                if script_of(address, self.house.network) in self.ours:
                    wrong.append(AddressOfVault(f"{address} is the vault's"))
            except AddressWrong as refusal:
                wrong.append(refusal)
        if wrong or licence is None:
            return None, wrong
        return Participant(ParticipantId(lei), name, residence, address, (licence,)), []

    def _listed(self, one: Participant) -> list[Refusal]:
        """Screen somebody new; a resemblance is admitted, and held at the gate."""
        now = self.house.now()
        try:
            (matches,) = self.screen.same([Subject(one.id, (one.name,))], now=now)
        except NameUnscreenable as refusal:
            return [refusal]
        said = [
            f"{match.subject_name!r} is {match.listed_name!r}, entry {match.entity} of"
            f" {match.list_name} version {match.list_version[:12]}"
            for match in matches
        ]
        said += [
            f"address {hit.address} is listed in {hit.list_name} version {hit.list_version[:12]}"
            for hit in (self.screen.listed_wallet(one.address, now=now) if one.address else ())
        ]
        return [PartyListed(detail, participant=one.id) for detail in said]


def _licence(kind: str, issuer: str, start: str, end: str, wrong: list[Refusal]) -> Licence | None:
    if kind not in set(Class):
        wrong.append(UnknownClass(f"{kind[:20]!r}: one of {', '.join(Class)}"))
    if not 0 < len(issuer) <= NAME_LENGTH_MAX:
        wrong.append(NameWrong(f"the issuer has {len(issuer)} characters; 1 to {NAME_LENGTH_MAX}"))
    valid_from, valid_to = parse_date(start), parse_date(end)
    if valid_from is None or valid_to is None or valid_to < valid_from:
        wrong.append(LicenceDatesWrong(f"{start[:20]!r} to {end[:20]!r}"))
        return None
    return None if wrong else Licence(Class(kind), issuer, valid_from, valid_to)


def head(one: Participant) -> tuple[str, str, str]:
    """What every line of one participant must say alike."""
    return one.name, one.residence, one.address


def admit(house: House, file: Path, tell: Callable[[Admission], None]) -> dict[str, int]:
    """Admit the participants of a file, all that may be, in one transaction.

    Returns:
        How many lines had each outcome.

    Raises:
        FileEmpty, HeaderWrong: Nothing is admitted.
        screening's refusals: Nobody can be screened now; nobody is admitted.
    """
    screen, now = open_gate(house).screen, house.now()
    with house.db.transaction(), file.open("rb") as stream:
        journal.lock(house.db)
        ours = cycles.vault_addresses(house.db).keys()
        places = house.rulebook.jurisdictions.keys()
        desk = _Desk(house, screen, places, registers.participants(house.db), ours)
        answers = [desk.take(row) for row in read_table(stream, COLUMNS)]
        record(house.db, desk.facts, now, now)
    tally = dict.fromkeys(("admitted", "licensed", "known", "refused"), 0)
    for answer in answers:
        tally[answer.outcome] += 1
        tell(answer)
    return tally
