"""What a record must agree with: what else is recorded, as far as it concerns it.

A check takes a batch of records that have their own form, and says of each what is against it, and
what a person should know about it. It writes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from clearhouse.core import onboarding, owner, participant
from clearhouse.core.carriage import CARRIAGES
from clearhouse.core.errors import Refusal
from clearhouse.core.held import HOLD_DECISIONS
from clearhouse.core.hits import HIT_DECISIONS
from clearhouse.core.ids import ID_FORM, ParticipantId
from clearhouse.core.investment import TESTS
from clearhouse.core.money import UnknownAsset
from clearhouse.core.onboarding import Review, ReviewAhead
from clearhouse.core.owner import (
    HOLDINGS,
    Circular,
    EntityWrong,
    Holding,
    OverWhole,
    UnknownEntity,
    over_whole,
    rings,
)
from clearhouse.core.participant import (
    NEXT,
    STANDINGS,
    LeftOpen,
    LicenceUnknown,
    Measure,
    Participant,
    Representative,
    RepresentativeWrong,
    Standing,
    StandingWrong,
    State,
    UnknownParticipant,
    UnknownResidence,
)
from clearhouse.core.screening import unscreenable
from clearhouse.operations import (
    associate_checks,
    carriage_checks,
    case_checks,
    casework_checks,
    held,
    hits,
    investment_checks,
    mining_checks,
    party_checks,
    return_checks,
    sale_checks,
    travel_checks,
)
from clearhouse.operations.affected import affected, backdated
from clearhouse.operations.checked import Check, Said
from clearhouse.operations.house import House
from clearhouse.operations.leaving import left_open
from clearhouse.store import people, records, registers


def _of_participants(
    more: Callable[[House, Any, Participant], Iterable[Refusal]] = lambda *_: (),
) -> Check:
    """A check of records about participants, who must be admitted."""

    def check(house: House, several: Sequence[Any]) -> list[Said]:
        known = registers.participants(house.db, {one.participant for one in several})
        said = []
        for one in several:
            if one.participant not in known:
                wrong: list[Refusal] = [UnknownParticipant(f"{one.participant} is not admitted")]
            else:
                wrong = list(more(house, one, known[one.participant]))
            said.append(Said(wrong))
        return said

    return check


def _looking_back(check: Check) -> Check:
    """A check that also tells of decisions made on days of which something is said only now."""

    def looking(house: House, several: Sequence[Any]) -> list[Said]:
        said = check(house, several)
        past = [one.since for one in several if one.since < house.today]
        made = affected(house, {one.participant for one in several}, min(past)) if past else []
        for one, answer in zip(several, said, strict=True):
            remark = backdated(house, one.participant, one.since, one.until, made)
            answer.remarks += [remark] if remark is not None else []
        return said

    return looking


def _name(_: House, one: Any, of: Participant) -> Iterable[Refusal]:
    if (wrong := unscreenable(of.id, one.name)) is not None:
        yield wrong


def _place(house: House, one: Any, _: Participant) -> Iterable[Refusal]:
    known = house.rulebook.jurisdictions
    if one.jurisdiction not in known:
        places = ", ".join(sorted(known))
        yield UnknownResidence(f"{one.jurisdiction[:20]!r}: the rulebook has {places}")


def _asset(house: House, one: Any, _: Participant) -> Iterable[Refusal]:
    if one.asset not in house.assets:
        yield UnknownAsset(f"{one.asset[:20]!r}: one of {', '.join(sorted(house.assets))}")


def _representatives(house: House, several: Sequence[Representative]) -> list[Said]:
    said = _of_participants()(house, several)
    enrolled = people.people(house.db, [one.person for one in several])
    for one, answer in zip(several, said, strict=True):
        if one.person not in enrolled:
            answer.refusals.append(RepresentativeWrong(f"nobody is enrolled as {one.person}"))
    return said


def _review(house: House, one: Review, _: Participant) -> Iterable[Refusal]:
    if one.reviewed_on > house.today:
        yield ReviewAhead(f"reviewed on {one.reviewed_on}, and it is {house.today}")


def _measure(_: House, one: Measure, of: Participant) -> Iterable[Refusal]:
    if not any(licence.is_meant(one) for licence in of.licences):
        licence = f"{one.licence_class} by {one.issuer} from {one.valid_from}"
        yield LicenceUnknown(f"{of.id} has no licence as {licence}")


def _standings(house: House, several: Sequence[Standing]) -> list[Said]:
    """Each must follow the one before it by an arrow, and the one after it must follow it."""
    said = _of_participants()(house, several)
    of: defaultdict[ParticipantId, dict[Any, Standing]] = defaultdict(dict)
    ids = {one.participant for one in several}
    for one in (*records.current(house.db, STANDINGS, ids=ids), *several):
        of[one.participant][one.since] = one
    for one, answer in zip(several, said, strict=True):
        line = [of[one.participant][day] for day in sorted(of[one.participant])]
        states = [State.ACTIVE, *(State(each.state) for each in line)]
        if line[0].state == State.APPLICANT:
            states = states[1:]
        for before, after in pairwise(states):
            if after not in NEXT[before]:
                detail = f"{one.participant}: from {before} to {after} there is no way"
                answer.refusals.append(StandingWrong(detail))
                break
        if one.state == State.TERMINATED and not answer.refusals:
            _leaves(house, one, answer)
    return said


def _leaves(house: House, one: Standing, answer: Said) -> None:
    """Whoever leaves has nothing open on the day on which that is said, and not one ahead."""
    if one.since > house.today:
        detail = f"{one.participant} leaves on a day to come: say so on that day"
        answer.refusals.append(StandingWrong(detail))
    elif found := left_open(house, one.participant):
        first = "; ".join(found[:3])
        detail = f"{one.participant} has {len(found)} open: {first}: suspend it, and settle them"
        answer.refusals.append(LeftOpen(detail))


def _screenable(_: House, several: Sequence[Any]) -> list[Said]:
    found = []
    for one in several:
        wrong = unscreenable(one.entity, one.name) if one.name else None
        found.append(Said([wrong] if wrong else []))
    return found


def _entities(house: House, several: Sequence[Any]) -> list[Said]:
    said = _screenable(house, several)
    admitted = registers.admitted(house.db, {one.entity for one in several})
    for one, answer in zip(several, said, strict=True):
        if one.entity in admitted:
            answer.refusals.append(EntityWrong(f"{one.entity} is a participant: it is known"))
    return said


def _holdings(house: House, several: Sequence[Holding]) -> list[Said]:
    ends = {id for one in several for id in (one.owner, one.owned)}
    known = known_ends(house, ends)
    said = [
        Said(
            [
                UnknownEntity(f"{id} is no participant, entity or person here", entity=id)
                for id in (one.owner, one.owned)
                if id not in known
            ]
        )
        for one in several
    ]
    rest = [(one, answer) for one, answer in zip(several, said, strict=True) if not answer.refusals]
    graph = {HOLDINGS.key_of(one): one for one in records.current(house.db, HOLDINGS)}
    graph |= {HOLDINGS.key_of(one): one for one, _ in rest}
    owned = {one.owned for one, _ in rest}
    over = over_whole([one for one in graph.values() if one.owned in owned])
    circular = rings(list(graph.values()), {(one.owner, one.owned) for one, _ in rest})
    for one, answer in rest:
        if one.owned in over:
            answer.refusals.append(OverWhole(over[one.owned].detail, entity=one.owned))
        if (one.owner, one.owned) in circular:
            about = f"{one.owned} owns {one.owner}, too, directly or through others"
            answer.remarks.append(Circular(about, entity=one.owned))
    return said


def known_ends(house: House, ids: Iterable[str]) -> set[str]:
    """Which of some ids are participants, or in the registers of entities and persons."""
    asked = set(ids)
    found = registers.admitted(house.db, {id for id in asked if not ID_FORM.fullmatch(id)})
    for register in (owner.ENTITIES, owner.PERSONS):
        found |= {one.entity for one in records.current(house.db, register, "key", asked - found)}
    return found


CHECKS: Mapping[str, Check] = {
    participant.LEGAL_ENTITIES.name: party_checks.legal_entities,
    participant.LICENCES.name: party_checks.licences,
    participant.NAMES.name: _of_participants(_name),
    participant.ATTACHMENTS.name: _looking_back(_of_participants(_place)),
    participant.TAX_NUMBERS.name: _of_participants(_place),
    participant.LIMITS.name: _of_participants(_asset),
    participant.STANDINGS.name: _looking_back(_standings),
    participant.CONTACTS.name: _of_participants(),
    participant.REPRESENTATIVES.name: _representatives,
    participant.MEASURES.name: _looking_back(_of_participants(_measure)),
    owner.ENTITIES.name: _entities,
    owner.PERSONS.name: _screenable,
    owner.HOLDINGS.name: _holdings,
    **associate_checks.CHECKS,
    HIT_DECISIONS.name: hits.decisions,
    HOLD_DECISIONS.name: held.checked,
    **casework_checks.CHECKS,
    CARRIAGES.name: carriage_checks.carriages,
    **travel_checks.CHECKS,
    **case_checks.CHECKS,
    onboarding.REVIEWS.name: _of_participants(_review),
    **mining_checks.CHECKS,
    **sale_checks.CHECKS,
    **return_checks.CHECKS,
    **investment_checks.CHECKS,
    TESTS.name: _of_participants(),
}
