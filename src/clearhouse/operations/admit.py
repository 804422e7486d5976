"""Admit participants from a file: CSV, one licence a line.

A participant with several licences has several lines, each with the same name, residence and
address. Lines are answered one by one; a file can be sent again, and a licence may be added to a
participant that is admitted already. What a file says becomes records of two registers, legal
entities and licences. Once a house is founded two people agree on them, by one hash over all.
"""

import gzip
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from clearhouse.core.canonical import FormError
from clearhouse.core.command import AdmitParticipants
from clearhouse.core.draft import parse_date
from clearhouse.core.errors import Kind, Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import CommandId, ParticipantId
from clearhouse.core.onboarding import DECISIONS, ApplicationDecided, Case, Decision, Outcome
from clearhouse.core.participant import (
    DIGEST_FORM,
    LEGAL_ENTITIES,
    LICENCES,
    NAME_LENGTH_MAX,
    AddressMissing,
    AddressUnproven,
    LegalEntity,
    LicenceDatesWrong,
    LicenceHeld,
    NameWrong,
    ParticipantDiffers,
    UnknownClass,
)
from clearhouse.core.record import KEY_GAP, RecordEntered, Register, digest_of_facts
from clearhouse.core.rulebook import Class
from clearhouse.feeds.table import Row, read_table
from clearhouse.operations import party_checks
from clearhouse.operations.case_checks import changed
from clearhouse.operations.cases import against, case_of
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.operations.records import (
    NothingToEnter,
    RecordsRefused,
    RecordsUnknown,
    need_formed,
    need_unchanged,
)
from clearhouse.operations.screen import open_gate
from clearhouse.store import journal, people, records, registers
from clearhouse.store.files import ArchiveDamaged, keep
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
REGISTERS = {one.name: one for one in (LEGAL_ENTITIES, LICENCES, DECISIONS)}


class AdmissionNotAgreed(Refusal):
    """In a house that is founded two people agree on who is admitted."""

    code = "participant.admission-not-agreed"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of one line."""

    line: int
    text: str
    participant: ParticipantId | None
    outcome: str  # admitted, licensed (another licence of one admitted), known, refused
    refusals: tuple[Refusal, ...]
    remarks: tuple[Refusal, ...] = ()  # what a person should know; it is no refusal


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it was read."""

    row: Row
    entity: LegalEntity | None  # none: it cannot be read at all
    licence: LicenceHeld | None
    wrong: list[Refusal]


@dataclass
class Admissions:
    """A file worked off: what is to be entered, and an answer for each line."""

    answers: list[Admission] = field(default_factory=list)
    entities: dict[ParticipantId, LegalEntity] = field(default_factory=dict)  # who is new
    licences: dict[str, LicenceHeld] = field(default_factory=dict)  # what is new, by key
    decision: Decision | None = None  # of the application on which somebody is admitted

    @property
    def records(self) -> list[tuple[Register, Any]]:
        """What is to be entered, in order, each with its register."""
        return [
            *((LEGAL_ENTITIES, one) for one in self.entities.values()),
            *((LICENCES, one) for one in self.licences.values()),
            *((DECISIONS, one) for one in [self.decision] if one),
        ]

    def facts(self, proposal: str = "") -> list[tuple[str, RecordEntered]]:
        """The facts that enter it."""
        return [register.entered(one, proposal) for register, one in self.records]

    @property
    def tally(self) -> dict[str, int]:
        """How many lines had each outcome."""
        counts = dict.fromkeys(("admitted", "licensed", "known", "refused"), 0)
        for answer in self.answers:
            counts[answer.outcome] += 1
        return counts


def read(house: House, file: Path) -> Admissions:
    """Work off a file; nothing is entered.

    Raises:
        FileEmpty, HeaderWrong: It cannot be read.
        screening's refusals: Nobody can be screened now.
    """
    open_gate(house)  # or nobody could be screened, however few are new
    with file.open("rb") as stream:
        lines = [_read(row) for row in read_table(stream, COLUMNS)]
    heads = list({line.entity: None for line in lines if line.entity})
    known = registers.participants(house.db, {one.participant for one in heads})
    held = {LICENCES.key_of(one): one for one in records.current(house.db, LICENCES, ids=known)}
    before = {
        id: LegalEntity(id, one.name, one.residence, one.address) for id, one in known.items()
    }
    new = [one for one in heads if before.get(one.participant) != one]
    checked = dict(zip(new, party_checks.legal_entities(house, new), strict=True))
    done = Admissions()
    for line in lines:
        done.answers.append(_taken(line, done, before, held, checked))
    _remark(house, done)
    return done


def _taken(
    line: _Line,
    done: Admissions,
    before: dict[ParticipantId, LegalEntity],
    held: dict[str, LicenceHeld],
    checked: dict[LegalEntity, Said],
) -> Admission:
    """Work off one line; it sees the earlier ones."""
    row, one, licence, wrong = line.row, line.entity, line.licence, [*line.wrong]
    entered = one and (before.get(one.participant) or done.entities.get(one.participant))
    if one and entered != one:
        wrong += [each for each in checked[one].refusals if not isinstance(each, AddressUnproven)]
    if entered and entered != one and not wrong:
        said = f"{entered.name}, {entered.residence}, {entered.address}"
        detail = f"as {said}; to change that: `clearhouse propose records {LEGAL_ENTITIES.name}`"
        wrong.append(ParticipantDiffers(f"{entered.participant} is admitted {detail}"))
    if wrong or one is None or licence is None:
        return Admission(row.line, row.text, None, "refused", tuple(wrong))
    key = LICENCES.key_of(licence)
    if not entered:
        done.entities[one.participant] = one
    elif (done.licences.get(key) or held.get(key)) == licence:
        return Admission(row.line, row.text, one.participant, "known", ())
    done.licences[key] = licence
    outcome = "licensed" if entered else "admitted"
    return Admission(row.line, row.text, one.participant, outcome, ())


def _remark(house: House, done: Admissions) -> None:
    """Tell of decisions that were made on days of which a licence is recorded only now."""
    several = list(done.licences.values())
    told: defaultdict[ParticipantId | None, list[Refusal]] = defaultdict(list)
    said = party_checks.licences(house, several, done.entities)
    for one, answer in zip(several, said, strict=True):
        told[one.participant] += answer.remarks
    for place, line in enumerate(done.answers):
        if line.outcome == "licensed" and line.participant in told:
            remarks = told.pop(line.participant)  # once, where the first of them stands
            done.answers[place] = replace(line, remarks=tuple(remarks))


def _read(row: Row) -> _Line:
    """Read a line into a legal entity and its licence, with all that is wrong in their form."""
    if isinstance(row.fields, Refusal):
        return _Line(row, None, None, [row.fields])
    lei, name, residence, address, kind, issuer, start, end = (
        row.fields[column].strip() for column in COLUMNS
    )
    one = LegalEntity(ParticipantId(lei), name, residence, address)
    wrong = [*one.faults()]
    licence = _licence(one.participant, kind, issuer, (start, end), wrong)
    if not address and kind != Class.AUTHORITY:
        wrong.append(AddressMissing("where it is to be paid: an authority alone is never paid"))
    return _Line(row, one, licence, wrong)


def _licence(
    who: ParticipantId, kind: str, issuer: str, days: tuple[str, str], wrong: list[Refusal]
) -> LicenceHeld | None:
    if kind not in set(Class):
        wrong.append(UnknownClass(f"{kind[:20]!r}: one of {', '.join(Class)}"))
    if not 0 < len(issuer) <= NAME_LENGTH_MAX or KEY_GAP in issuer or not issuer.isprintable():
        detail = f"1 to {NAME_LENGTH_MAX} characters that are printed, none a {KEY_GAP}"
        wrong.append(NameWrong(f"the issuer: {detail}"))
    valid_from, valid_to = map(parse_date, days)
    if valid_from is None or valid_to is None or valid_to < valid_from:
        wrong.append(LicenceDatesWrong(f"{days[0][:20]!r} to {days[1][:20]!r}"))
        return None
    return LicenceHeld(who, kind, issuer, valid_from, valid_to)


def admit(house: House, file: Path, tell: Callable[[Admission], None]) -> dict[str, int]:
    """Admit the participants of a file, all that may be, in a house that is not founded yet.

    Returns:
        How many lines had each outcome.

    Raises:
        AdmissionNotAgreed: It is founded.
        FileEmpty, HeaderWrong: Nothing is admitted.
        screening's refusals: Nobody can be screened now; nobody is admitted.
    """
    now = house.now()
    with house.db.transaction():
        journal.lock(house.db)
        if people.founded(house.db) is not None:
            raise AdmissionNotAgreed("propose it: `clearhouse propose participants FILE`")
        done = read(house, file)
        record(house.db, done.facts(), now, now)
    for answer in done.answers:
        tell(answer)
    return done.tally


def prepare(house: House, done: Admissions) -> AdmitParticipants:
    """Keep what is to be proposed; answers the order that names it.

    Raises:
        NothingToEnter: There is nothing new.
    """
    facts = done.facts()
    if not facts:
        raise NothingToEnter("everything is known as it is, or refused")
    digest = digest_of_facts(facts)
    content = "".join(f"{fact.register} {fact.body}\n" for _, fact in facts)
    keep(_path(house, digest), gzip.compress(content.encode(), mtime=0))
    return AdmitParticipants(digest, len(facts))


def proposed(house: House, digest: str) -> Admissions:
    """Read what is kept under a hash.

    Raises:
        RecordsUnknown: There is nothing.
        ArchiveDamaged: It is not what it was.
    """
    path = _path(house, digest)
    if not DIGEST_FORM.fullmatch(digest) or not path.exists():
        raise RecordsUnknown(f"{digest:.80} is not kept: propose the file again")
    done = Admissions()
    try:
        *lines, _ = gzip.decompress(path.read_bytes()).decode().split("\n")
        for line in lines:
            name, _, body = line.partition(" ")
            one = REGISTERS[name].form.decode(body)
            if isinstance(one, LegalEntity):
                done.entities[one.participant] = one
            elif isinstance(one, Decision):
                done.decision = one
            else:
                done.licences[LICENCES.key_of(one)] = one
    except (OSError, EOFError, ValueError, KeyError, zlib.error, FormError) as trouble:
        raise ArchiveDamaged(f"{path}: {trouble!r}") from trouble
    if digest_of_facts(done.facts()) != digest:
        raise ArchiveDamaged(f"{path} is not what its name says")
    need_formed(done.records)
    return done


def written(done: Admissions) -> list[str]:
    """What is to be entered, a line a record, for whoever approves it to read."""
    return [
        f"{register.name}: {', '.join(text for text in register.write(one).values() if text)}"
        for register, one in done.records
    ]


def _path(house: House, digest: str) -> Path:
    return house.archive / f"{digest}.admission"


def admitting(house: House, action: AdmitParticipants, by: CommandId) -> list[tuple[str, Event]]:
    """The facts that admit participants, in the caller's transaction.

    Raises:
        RecordsUnknown, ArchiveDamaged: Of what was proposed.
        RecordsRefused: Some cannot be admitted, as things stand.
        screening's refusals: Nobody can be screened now.
    """
    done = proposed(house, action.digest)
    facts = done.facts(by)
    if len(facts) != action.records:
        detail = f"there are {len(facts)} records under this hash, not {action.records}"
        raise RecordsRefused(detail)
    wrong = _decided(house, done, done.decision) if done.decision else _against(house, done)
    if wrong:
        raise RecordsRefused(f"{len(wrong)} of {len(facts)}: {'; '.join(map(str, wrong[:3]))}")
    need_unchanged(house, LICENCES, list(done.licences.values()), by)
    return [*facts]


def _against(house: House, done: Admissions) -> list[Refusal]:
    known = registers.participants(house.db, done.entities)
    wrong: list[Refusal] = [ParticipantDiffers(f"{id} was admitted meanwhile") for id in known]
    said = party_checks.legal_entities(house, list(done.entities.values()))
    said += party_checks.licences(house, list(done.licences.values()), done.entities)
    return wrong + [refusal for one in said for refusal in one.refusals]


def _decided(house: House, done: Admissions, decision: Decision) -> list[Refusal]:
    """What stands against admitting an applicant on a case, as it is now."""
    case = case_of(house, decision.application)
    if case.decision is not None:
        return [ApplicationDecided(f"{decision.application} was decided meanwhile")]
    if case.digest != decision.case:
        return [changed(decision)]
    if wrong := against(house, case):
        return wrong
    # What is entered is what the case says, and nothing beside it.
    said = admissions_of(house, case, decision.reason, decision.decided_on)
    if said.facts() != done.facts() or decision.decided_on > house.today:
        return [changed(decision)]
    return []


def admissions_of(house: House, case: Case, reason: str, decided_on: date) -> Admissions:
    """What enters an applicant with its licences and the decision, as far as it is new."""
    one = case.application
    done = Admissions()
    if one.entity not in records.current(house.db, LEGAL_ENTITIES, ids=[one.applicant]):
        done.entities[one.applicant] = one.entity
    known = records.current(house.db, LICENCES, ids=[one.applicant])
    for each in case.sought:
        held = each.held_by(one.applicant)
        if held not in known:
            done.licences[LICENCES.key_of(held)] = held
    done.decision = Decision(
        *(one.application, str(Outcome.ADMITTED), reason, case.digest, decided_on),
        str(case.rating),
    )
    return done
