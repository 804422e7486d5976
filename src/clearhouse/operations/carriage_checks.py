"""What carriages must agree with before they are entered: obligation and vessel are known."""

from collections.abc import Sequence

from clearhouse.core.carriage import Carriage, UnknownCarried
from clearhouse.operations.carried import vessels_of
from clearhouse.operations.checked import Said
from clearhouse.operations.house import House
from clearhouse.store import obligations


def carriages(house: House, several: Sequence[Carriage]) -> list[Said]:
    """Check what obligations are said to ship."""
    owed = obligations.by_ids(house.db, {one.obligation for one in several}, house.assets)
    ships = vessels_of(house, several)
    said = []
    for one in several:
        answer = Said()
        if one.obligation not in owed:
            detail = f"there is no {one.obligation}"
            answer.refusals.append(UnknownCarried(detail, obligation=one.obligation))
        if one.vessel and one.vessel not in ships:
            detail = f"{one.vessel} is no vessel here: enter it first"
            answer.refusals.append(UnknownCarried(detail, vessel=one.vessel))
        said.append(answer)
    return said
