"""What providers and Travel Rule records must agree with before they are entered."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from clearhouse.core.errors import Refusal
from clearhouse.core.obligation import Obligation
from clearhouse.core.obligation import State as Owed
from clearhouse.core.participant import UnknownParticipant
from clearhouse.core.screening import unscreenable
from clearhouse.core.travel_rule.exchange import State
from clearhouse.core.travel_rule.records import (
    TRAVEL_EXCHANGES,
    TRAVEL_RECORDS,
    VASPS,
    TravelRecord,
    TravelRecordAnswered,
    TravelRecordLate,
    TravelRecordUnknown,
    TravelRecordWrong,
    Vasp,
)
from clearhouse.operations import dossiers
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House
from clearhouse.operations.travel_records import Parties, head, owed_of, read
from clearhouse.store import records, registers

OPEN = {Owed.PROPOSED, Owed.AFFIRMED}
ANSWERED = {State.AUTHORISED, State.SETTLED, State.REJECTED, State.REVERTED}


def _vasps(_: House, several: Sequence[Vasp]) -> list[Said]:
    """Check that providers have names that can be compared with the lists."""
    said = []
    for one in several:
        wrong = unscreenable(one.vasp, one.name)
        said.append(Said([wrong] if wrong is not None else []))
    return said


def _records(house: House, several: Sequence[TravelRecord]) -> list[Said]:
    """Check that heads say what their records say, and that nobody has answered these."""
    ids = {one.obligation for one in several}
    owed, parties = owed_of(house, ids)
    exchanges = records.current(house.db, TRAVEL_EXCHANGES, ids=sorted(ids))
    answered = {(one.obligation, one.digest) for one in exchanges if one.state in ANSWERED}
    apart = [one.dossier for one in several if not one.content]
    kept = {id: one.said["content"] for id, one in dossiers.read_many(house, apart).items()}
    admitted = registers.admitted(house.db, {one.participant for one in several})
    said = [Said() for _ in several]
    for one, answer in zip(several, said, strict=True):
        if one.participant not in admitted:
            answer.refusals.append(UnknownParticipant(f"{one.participant} is not admitted"))
            continue
        if one.obligation not in owed:
            answer.refusals.append(TravelRecordUnknown(f"there is no {one.obligation}"))
        else:
            content = one.content or kept.get(one.dossier, "")
            answer.refusals += _untimely(house, one, owed[one.obligation])
            answer.refusals += _wrong(house, one, owed[one.obligation], parties, content)
        answer.refusals += _answered(one, answered)
    return said


def _untimely(house: House, one: TravelRecord, owed: Obligation) -> Iterable[Refusal]:
    """Say whether it is too late, or too early: nobody stops a cycle by filing a record anew."""
    if owed.state not in OPEN:
        detail = f"{one.obligation} is {owed.state}: its record stays as it is"
        yield TravelRecordLate(detail, obligation=one.obligation)
    if one.filed_at > house.now():
        yield TravelRecordWrong(f"{one.obligation}: it is filed at an instant that is to come")


def _wrong(
    house: House, one: TravelRecord, owed: Obligation, parties: Parties, content: str
) -> Iterable[Refusal]:
    """What is against a record: what is made of it must be what its head says."""
    try:
        again = head(owed, parties, read(house, content.encode()), content, one.filed_at)
    except Refusal as refusal:
        yield refusal
        return
    if replace(again, content=one.content, commitment=one.commitment) != one:
        yield TravelRecordWrong(f"{one.obligation}: its head is not what the record says: file it")


def _answered(one: TravelRecord, answered: Collection[tuple[str, str]]) -> Iterable[Refusal]:
    if (one.obligation, one.digest) in answered:
        detail = f"{one.obligation}: this record was answered; another one may be filed"
        yield TravelRecordAnswered(detail, obligation=one.obligation)


CHECKS: Mapping[str, Check] = {VASPS.name: _vasps, TRAVEL_RECORDS.name: _records}
