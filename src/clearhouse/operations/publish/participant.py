"""The bundle of one participant, for that participant."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from clearhouse.core import merkle
from clearhouse.core.canonical import canonical
from clearhouse.core.caps import ObligationHeldBack
from clearhouse.core.event import Event
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import ObligationAffirmed, ObligationProposed
from clearhouse.core.participant import LEGAL_ENTITIES, UnknownParticipant
from clearhouse.core.record import RecordEntered
from clearhouse.core.rescission import ObligationRescinded, RescissionAsked
from clearhouse.core.schedule import CycleScheduled, ValueDated
from clearhouse.core.settlement import (
    BatchConfirmed,
    BatchReorganised,
    CycleCertified,
    CycleFunded,
    CycleOpened,
    CycleSettled,
    HeadAnchored,
    ObligationCleared,
    PayInCalled,
    PayInFinal,
    PayOutPlanned,
    PositionStruck,
)
from clearhouse.core.unwinding import BatchWithdrawn, CycleUnwound
from clearhouse.core.valuation import RateFixed
from clearhouse.operations import books
from clearhouse.operations.clear import labels
from clearhouse.operations.publish.evidence import Evidence, headers_from, lines_of
from clearhouse.operations.publish.period import Period, Published, json_lines
from clearhouse.operations.salted import Salted
from clearhouse.operations.told import concerned, is_told
from clearhouse.store import journal, obligations, registers
from clearhouse.store.accounts import balances
from clearhouse.store.bundles import Writer
from clearhouse.store.journal import Entry

OF_A_CYCLE = (PositionStruck, PayInCalled, PayInFinal, PayOutPlanned)
# Told where their subject is one of the participant's own obligations or cycles, or its rate.
BY_SUBJECT = (
    *(ObligationAffirmed, ValueDated, ObligationCleared, RateFixed),
    *(RescissionAsked, ObligationRescinded),
    *(CycleOpened, CycleScheduled, CycleCertified, CycleFunded, HeadAnchored),
    *(BatchConfirmed, BatchReorganised, BatchWithdrawn, CycleSettled, CycleUnwound),
)


def publish_participant(
    period: Period,
    who: ParticipantId,
    path: Path,
    advance: Callable[[int], None],
    since: int | None = None,
) -> Published:
    """Write the bundle of a participant; as `publish_day`.

    Raises:
        UnknownParticipant: It is none of this house.
    """
    house, evidence = period.house, Evidence()
    if not registers.admitted(house.db, [who]):
        raise UnknownParticipant(f"{who} is not admitted", participant=who)
    own = _own(period, who, advance)
    for entry in own:
        evidence.take(entry)
    for entry in evidence.earlier(house):
        evidence.take(entry)
        own.append(entry)
    own.sort(key=lambda entry: entry.position)
    transactions = evidence.transactions(house)
    begin = headers_from(transactions, since)
    with Writer(path) as writer:
        writer.add("entries", map(period.proved, own))
        writer.add("closings", period.closed())
        writer.add("accounts", _accounts(period, who))
        writer.add("tapes", json_lines(evidence.tapes(house, ())))
        writer.add("labels", _labels(period, evidence))
        writer.add("transactions", json_lines(transactions))
        writer.add(
            "headers", house.rail.chain.headers(begin) if transactions or since is not None else ()
        )
        manifest = period.manifest("participant", who, begin)
        writer.seal(manifest, period.origin, house.log.key)
    return Published(path, "participant", period.first, period.last, period.size)


def _own(period: Period, who: ParticipantId, advance: Callable[[int], None]) -> list[Entry]:
    """The participant's entries of the period, and what was said before of its obligations."""
    db = period.house.db
    owners = {account.id: account.owner for account in balances(db, who)}
    told: list[Entry] = []
    by_subject = defaultdict[str, list[Entry]](list)
    for count, entry in enumerate(period.entries(), 1):
        advance(count)
        if isinstance(entry.event, BY_SUBJECT):
            by_subject[entry.subject].append(entry)
        elif who in concerned(entry, owners, {}):
            told.append(entry)
    mine = {entry.subject for entry in told if isinstance(entry.event, ObligationProposed)}
    mine |= _before(period, who, by_subject.keys())
    told += [entry for id in mine for entry in by_subject[id]]
    cleared = [entry.event for entry in told if isinstance(entry.event, ObligationCleared)]
    ever = [entry for entry in journal.about(db, who) if isinstance(entry.event, OF_A_CYCLE)]
    cycles = {_cycle(entry) for entry in ever} & (by_subject.keys() | set(map(_cycle, told)))
    told += [entry for id in {one.rate for one in cleared} | cycles for entry in by_subject[id]]
    before = [entry for id in mine & by_subject.keys() for entry in journal.about(db, id)]
    before += [entry for entry in ever if _cycle(entry) in cycles]
    before += [entry for id in cycles for entry in journal.of_kind(db, CycleOpened, [id])]
    then = {one.event.cycle for one in before if isinstance(one.event, ObligationCleared)}
    before += journal.of_kind(db, CycleUnwound, then)  # or it would be in that cycle still
    before += [
        entry
        for entry in journal.of_kind(db, RecordEntered, [who])
        if isinstance(entry.event, RecordEntered) and entry.event.register == LEGAL_ENTITIES.name
    ]
    told += [
        entry for entry in before if entry.position < period.first and _is_told(entry.event, who)
    ]
    return told


def _is_told(event: Event, who: ParticipantId) -> bool:
    """Whether a participant may see what was said of an obligation of its own."""
    if isinstance(event, ObligationHeldBack):
        return event.participant == who  # its cap is its own, and not the other side's to know
    return is_told(event)


def _cycle(entry: Entry) -> str:
    """Which cycle an entry names; none is empty."""
    return entry.event.cycle if isinstance(entry.event, OF_A_CYCLE) else ""


def _before(period: Period, who: ParticipantId, subjects: Iterable[str]) -> set[str]:
    """Which obligations among some subjects are the participant's."""
    house = period.house
    found = obligations.by_ids(house.db, map(ObligationId, subjects), house.assets)
    return {id for id, one in found.items() if who in {one.debtor, one.creditor}}


def _accounts(period: Period, who: ParticipantId) -> Iterator[bytes]:
    """Its accounts as they stood at both closings."""
    for name, closing in (("opening", period.before), ("closing", period.closing)):
        if closing is not None:
            found = books.lines_of(period.house, closing.books)
            own = f'"owner":{canonical(who)}', f'"participant":{canonical(who)},"standing":"told"'
            yield from _proved(found, own, at=name)


def _labels(period: Period, evidence: Evidence) -> Iterator[bytes]:
    """The labels of itself and of those with whom it had obligations."""
    house = period.house
    for id, own in sorted(evidence.cleared.items()):
        terms = obligations.by_ids(house.db, [one.obligation for one in own], house.assets)
        parties = {p for one in terms.values() for p in (one.debtor, one.creditor)}
        everybody = [one.id for one in obligations.lines(house.db, id)]
        cleared = [
            entry.event
            for entry in journal.of_kind(house.db, ObligationCleared, everybody)
            if isinstance(entry.event, ObligationCleared) and entry.event.cycle == id
        ]
        found = labels(house, id, lines_of(house, cleared))
        named = [f'"participant":{canonical(one)}' for one in parties]
        yield from _proved(found, named, cycle=id)


def _proved(found: Salted, members: Collection[str], **more: Any) -> Iterator[bytes]:
    """The salted lines that have one of some members, each with the proof of its place."""
    nodes, count = merkle.nodes_of(found.leaves), len(found.lines)
    for index, (line, salt) in enumerate(zip(found.lines, found.salts, strict=True)):
        if any(member in line for member in members):
            proof = merkle.inclusion_proof(nodes, index, count)
            hashes = [one.hex() for one in proof]
            said = {"index": str(index), "line": line, "proof": hashes, "salt": salt.hex()}
            yield from json_lines([{**more, **said}])
