"""Affected: decisions made already on days of which something is said only now.

A licence that is recorded, suspended or revoked with effect from a day that is over, a standing, an
attachment: what was decided meanwhile stays as it was decided, under what was known then. Here it
is listed, so that people can look at it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from clearhouse.core.gate import GateDecided
from clearhouse.core.ids import ObligationId, ParticipantId
from clearhouse.core.record import Backdated
from clearhouse.operations.house import House
from clearhouse.store import journal, obligations


@dataclass(frozen=True, slots=True)
class Affected:
    """A decision of the gate that looked at one of the days."""

    position: int  # of its entry in the journal
    recorded_at: datetime
    obligation: ObligationId
    debtor: ParticipantId
    creditor: ParticipantId
    verdict: str
    traded_on: date
    settles_on: date

    def concerns(self, who: ParticipantId, since: date, until: date | None) -> bool:
        """Whether it is about a participant, on a day from `since` to `until`, both included."""
        days = (self.traded_on, self.settles_on)
        return who in {self.debtor, self.creditor} and any(
            since <= day and (until is None or day <= until) for day in days
        )


def affected(
    house: House, several: Collection[ParticipantId], since: date, until: date | None = None
) -> list[Affected]:
    """List decisions about some participants whose trade or settlement date lies in a time.

    Args:
        since: Its first day.
        until: Its last; None is no end.
    """
    found = obligations.of_parties(house.db, several, house.assets)
    decided = journal.of_kind(house.db, GateDecided, found)
    listed, asked = [], set(several)
    for entry in decided:
        event = entry.event
        assert isinstance(event, GateDecided)
        one = found[event.obligation]
        about = (entry.position, entry.recorded_at, one.id, one.debtor, one.creditor)
        made = Affected(*about, event.verdict, one.traded_on, event.settles_on)
        if any(made.concerns(who, since, until) for who in {one.debtor, one.creditor} & asked):
            listed.append(made)
    return listed


def backdated(
    house: House,
    who: ParticipantId,
    since: date,
    until: date | None,
    made: Collection[Affected] | None = None,
) -> Backdated | None:
    """What to tell of something that holds from a day that is over, if decisions were made since.

    Args:
        made: The decisions to look among, if they are known.
    """
    if since >= house.today:
        return None
    if made is None:
        made = affected(house, [who], since, until)
    count = sum(one.concerns(who, since, until) for one in made)
    if not count:
        return None
    days = f"--since {since}" + (f" --until {until}" if until else "")
    shown = f"`clearhouse affected {who} {days}`"
    return Backdated(f"{count} decisions stay as they were made on these days: {shown}")
