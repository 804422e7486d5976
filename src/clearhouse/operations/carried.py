"""What obligations ship, as the gate looks at it: read, its vessels screened once, and judged."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from clearhouse.core.associate import VESSELS, Vessel
from clearhouse.core.carriage import CARRIAGES, Aboard, Carriage
from clearhouse.core.hits import Screening
from clearhouse.core.ids import ObligationId
from clearhouse.core.screening import Subject
from clearhouse.operations.house import House
from clearhouse.operations.screened import of_vessel
from clearhouse.store import records

Screened = Callable[[Sequence[Subject]], Sequence[Screening]]
Aboards = Mapping[str, Sequence[Aboard]]  # by obligation


def carriages_of(house: House, obligations: Iterable[str]) -> list[Carriage]:
    """What some obligations ship, as it is known now."""
    found: list[Carriage] = records.current(house.db, CARRIAGES, ids=obligations)
    return found


def vessels_of(house: House, carriages: Iterable[Carriage]) -> dict[str, Vessel]:
    """The ships of some carriages, as they are known now."""
    ids = sorted({one.vessel for one in carriages if one.vessel})
    return {one.vessel: one for one in records.current(house.db, VESSELS, ids=ids)} if ids else {}


def aboard(
    carriages: Iterable[Carriage], vessels: Mapping[str, Vessel], screen: Screened
) -> Aboards:
    """Screen ships, each once, and put each beside what it carries."""
    ids = sorted(vessels)
    several = screen([of_vessel(vessels[id]) for id in ids]) if ids else []
    found = dict(zip(ids, several, strict=True))
    by_obligation: dict[str, list[Aboard]] = {}
    for one in carriages:
        ship = (vessels[one.vessel], found[one.vessel]) if one.vessel else ()
        by_obligation.setdefault(one.obligation, []).append(Aboard(one, *ship))
    return by_obligation


def carried_on(house: House, vessels: Iterable[str]) -> set[ObligationId]:
    """The obligations of which some ships carry goods."""
    found = records.current(house.db, CARRIAGES, "vessel", sorted(vessels))
    return {one.obligation for one in found}
