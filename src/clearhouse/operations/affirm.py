"""Affirm obligations that the other side has proposed, by their ids."""

from collections.abc import Iterable
from dataclasses import dataclass

from clearhouse.core.errors import Refusal
from clearhouse.core.event import Event
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.obligation import (
    NotAParty,
    Obligation,
    ObligationAffirmed,
    UnknownObligation,
    WasRescinded,
    stated,
)
from clearhouse.core.participant import UnknownParticipant
from clearhouse.operations.house import House
from clearhouse.operations.value_dates import value_dated
from clearhouse.store import journal, obligations, registers
from clearhouse.store.projection import record


@dataclass(frozen=True, slots=True)
class Affirmation:
    """What became of one id: its state now, or why it was refused."""

    obligation: ObligationId
    state: str
    refusal: Refusal | None


def affirm(
    house: House, by: ParticipantId, ids: Iterable[ObligationId] | None = None
) -> list[Affirmation]:
    """State obligations for participant `by`; those that the other side has stated then bind.

    Affirming again changes nothing.

    Args:
        ids: Which; None is every obligation that waits for `by`.

    Raises:
        UnknownParticipant: `by` is not admitted.
    """
    if by not in registers.admitted(house.db, [by]):
        raise UnknownParticipant(f"{by} is not admitted", participant=by)
    at = house.now()
    facts: list[tuple[str, Event]] = []
    answers: list[Affirmation] = []
    bound: list[Obligation] = []
    with house.db.transaction():
        journal.lock(house.db)
        if ids is None:
            found = obligations.awaiting(house.db, by, house.assets)
            wanted = list(found)
        else:
            wanted = list(dict.fromkeys(ids))
            found = obligations.by_ids(house.db, wanted, house.assets)
        for id in wanted:
            before = found.get(id)
            if before is None:
                answers.append(Affirmation(id, "", UnknownObligation(f"there is no {id}")))
                continue
            try:
                said = stated(before, by, at)
            except (NotAParty, WasRescinded) as refusal:
                answers.append(Affirmation(id, "", refusal))
                continue
            if said != before:
                facts.append((id, ObligationAffirmed(id, by)))
                bound.append(said)
            answers.append(Affirmation(id, str(said.state), None))
        parties = {party for one in bound for party in (one.debtor, one.creditor)}
        participants = registers.participants(house.db, parties)
        facts += value_dated(house, bound, participants, at)
        record(house.db, facts, at, at)
    return answers
