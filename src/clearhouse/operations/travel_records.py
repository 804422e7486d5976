"""Travel Rule records: read what somebody files for a payment, and say what is found of it.

A record's head says what the record itself says: its version, its digest, how much of it is
complete, how close the payee's name is to who is paid. Nobody writes the head: it is made here, and
made again before it is entered, from the record in its dossier.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import Obligation
from clearhouse.core.participant import Participant
from clearhouse.core.travel_rule.completeness import Due, missing, providers_missing
from clearhouse.core.travel_rule.hops import record_digest
from clearhouse.core.travel_rule.ivms import (
    Ivms,
    LegalPersonNameId,
    LocalLegalPersonNameId,
    LocalNaturalPersonNameId,
    NationalIdentifierType,
    NaturalPersonNameId,
    Person,
    Version,
)
from clearhouse.core.travel_rule.ivms_constraints import Terms
from clearhouse.core.travel_rule.ivms_reading import read_ivms
from clearhouse.core.travel_rule.ivms_writing import convert, write
from clearhouse.core.travel_rule.records import (
    HOUSE,
    NOTHING,
    TravelRecord,
    TravelRecordUnknown,
    TravelRecordWrong,
    written,
)
from clearhouse.engines.names import NameIndex
from clearhouse.operations import dossiers
from clearhouse.operations.house import House
from clearhouse.store import obligations, registers

Parties = Mapping[ParticipantId, Participant]
PROVIDERS = "providers"  # what a record lacks that names none


def filed(house: House, id: str, content: bytes) -> TravelRecord:
    """Read a record that is filed for a payment.

    Args:
        content: JSON of IVMS 101, as we write it ourselves: every departure is refused.

    Raises:
        TravelRecordUnknown: There is no such payment.
        TravelRecordWrong: It is too long to be kept, or is another's than who pays and is paid.
        Refusal: The record is none; the first thing that is wrong with it (`read_ivms`).
    """
    owed, parties = owed_of(house, [ObligationId(id)])
    if id not in owed:
        raise TravelRecordUnknown(f"there is no {id}", obligation=id)
    ivms = read(house, content)
    return head(owed[ObligationId(id)], parties, ivms, content.decode(), house.now())


def read(house: House, content: bytes) -> Ivms:
    """Read a record as we write it ourselves: every departure from the standard is refused.

    Raises:
        Refusal: The first thing that is wrong with it (`read_ivms`).
    """
    return read_ivms(content, _terms(house), strict=True).need()


def _terms(house: House) -> Terms:
    """What records are judged by: today, and the countries whose law the house has."""
    return Terms(house.today, frozenset(house.rulebook.jurisdictions))


def head(
    owed: Obligation, parties: Parties, ivms: Ivms, content: str, filed_at: datetime
) -> TravelRecord:
    """What is found of a record.

    Raises:
        TravelRecordWrong: It contradicts what the house knows of who pays and who is paid.
    """
    payer, payee = parties[owed.debtor], parties[owed.creditor]
    _need_lei(ivms.originator.person, payer, "originator")
    _need_lei(ivms.beneficiary.person, payee, "beneficiary")
    complete, lacks = completeness(ivms)
    return TravelRecord(
        payer.id,
        owed.id,
        record_digest(content),
        str(ivms.version),
        complete,
        payee_match(payee, ivms),
        filed_at,
        lacks,
        provider_of(ivms.originating_vasp),
        provider_of(ivms.beneficiary_vasp),
        written(content),
    )


def completeness(ivms: Ivms) -> tuple[str, tuple[str, ...]]:
    """As far as which a record is complete, and what a revised one would have beside."""
    complete = NOTHING
    for due in Due:
        if missing(ivms, due):
            break
        complete = str(due)
    lacks = {gap.word for gap in missing(ivms, Due.REVISED)}
    if providers_missing(ivms):
        complete, lacks = NOTHING, {*lacks, PROVIDERS}
    return complete, tuple(sorted(lacks))


def payee_match(payee: Participant, ivms: Ivms) -> int:
    """How close the record's payee is to one that the house knows, per mille; the closest name.

    Of several persons each must be one by which the payee is known: the farthest of them counts.
    """
    index = NameIndex(payee.all_names())
    closest = [
        max((hit.score for hits in index.search(names, 1) for hit in hits), default=0)
        for names in map(names_of, ivms.beneficiary.person)
        if names
    ]
    return min(closest, default=0)


def names_of(person: Person) -> list[str]:
    """Every name of a person that a record has, in whatever script."""
    if (legal := person.legal_person) is not None:
        of_legal: tuple[LegalPersonNameId | LocalLegalPersonNameId, ...] = (
            *legal.name.name_identifier,
            *legal.name.local_name_identifier,
            *legal.name.phonetic_name_identifier,
        )
        return [one.legal_person_name for one in of_legal]
    if (natural := person.natural_person) is None:
        return []
    of_natural: tuple[NaturalPersonNameId | LocalNaturalPersonNameId, ...] = (
        *natural.name.name_identifier,
        *natural.name.local_name_identifier,
        *natural.name.phonetic_name_identifier,
    )
    return [f"{one.secondary_identifier} {one.primary_identifier}".strip() for one in of_natural]


def lei_of(person: Person | None) -> str:
    """The LEI that a record has of a person; "" if it has none."""
    legal = person.legal_person if person else None
    number = legal.national_identification if legal else None
    if number is None or number.national_identifier_type is not NationalIdentifierType.LEIX:
        return ""
    return number.national_identifier


def provider_of(person: Person | None) -> str:
    """The LEI of a provider, by which it is known here; "" is the house itself."""
    return lei_of(person) or HOUSE


def _need_lei(several: Sequence[Person], party: Participant, side: str) -> None:
    said = {lei for lei in map(lei_of, several) if lei}
    if said - {party.id}:
        detail = f"{side}: the record's LEI is not {party.id}, who is that of this payment"
        raise TravelRecordWrong(detail, participant=party.id)


def owed_of(
    house: House, ids: Collection[ObligationId]
) -> tuple[dict[ObligationId, Obligation], Parties]:
    """Some payments, and at least their parties; those that are not there are left out."""
    owed = obligations.by_ids(house.db, ids, house.assets)
    whose = {id for one in owed.values() for id in (one.debtor, one.creditor)}
    return owed, registers.participants(house.db, whose)


def checked(house: House, content: bytes, to: Version | None = None) -> dict[str, Any]:
    """What is wrong with a record, and what departs from the standard; nothing is kept.

    Args:
        content: Read as what others send: what is only written otherwise is taken, and told.
        to: The version that it is written in, if it is to be.

    Returns:
        Texts by name: `version`, `complete`, `lacks`, `refusals`, `departures`, `losses`, and
        the `record` as it was written.
    """
    reading = read_ivms(content, _terms(house))
    told: dict[str, Any] = {
        "version": None,
        "complete": None,
        "lacks": [],
        "refusals": [f"{one.code}: {one.detail}" for one in reading.refusals],
        "departures": [f"{one.path}: {one.deviation}" for one in reading.departures],
        "losses": [],
    }
    if (ivms := reading.message) is None:
        return told
    complete, lacks = completeness(ivms)
    told |= {"version": str(ivms.version), "complete": complete, "lacks": list(lacks)}
    if to:
        made = convert(ivms, to)
        told["losses"] = list(map(str, made.losses))
        told["record"] = write(made.message, _terms(house))
    return told


def content_of(house: House, one: TravelRecord) -> dict[str, Any]:
    """The record itself, as it was filed.

    Raises:
        DossierGone, DossierAltered: It was erased, or is not what was filed.
    """
    said: dict[str, Any] = json.loads(dossiers.read(house, one.dossier).said["content"])
    return said
