"""Look behind a participant: what the gate would see of its owners and associates now."""

from dataclasses import dataclass
from datetime import date

from clearhouse.core.ids import ParticipantId
from clearhouse.core.involvement import Involvement
from clearhouse.core.ownership import Drawn, Stake, drawn
from clearhouse.core.participant import Participant, UnknownParticipant
from clearhouse.operations.house import House
from clearhouse.operations.owners import Judged, bounds, owners_of
from clearhouse.operations.screen import open_gate
from clearhouse.operations.screened import reviewed_now
from clearhouse.store import registers


@dataclass(frozen=True, slots=True)
class Seen:
    """What the gate would see of a participant's owners and associates now."""

    party: Participant
    today: date
    drawn: Drawn
    stakes: tuple[Stake, ...]
    through: tuple[Involvement, ...]


def look(house: House, who: ParticipantId) -> Seen:
    """Look at a participant's owners and associates as the gate would now.

    Raises:
        UnknownParticipant: Nobody is admitted under this id.
        screening's refusals: Nobody can be screened now.
    """
    found = registers.participants(house.db, [who])
    if who not in found:
        raise UnknownParticipant(f"{who} is not admitted", participant=who)
    gate, now = open_gate(house), house.now()
    party, today = found[who], now.date()
    above = owners_of(house, [party], today)
    compared = above.compared(lambda several: reviewed_now(house, gate.screen, several, now))
    asked = bounds(gate.law, today)
    seen = drawn(above.chart, who, compared, asked)
    judged = Judged(above, compared, asked)
    return Seen(party, today, seen, judged.of(party, today), judged.through(party, today))
