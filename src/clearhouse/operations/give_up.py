"""Give up a batch that the institutions were asked to sign: two people let it never be paid."""

from clearhouse.core import ids
from clearhouse.core.command import GiveUpBatch
from clearhouse.core.ids import CycleId
from clearhouse.core.settlement import State
from clearhouse.core.unwinding import BatchGivenUp, GivenUpBefore, NothingToGiveUp
from clearhouse.operations.house import House
from clearhouse.store import cycles


def need_asked(house: House, id: CycleId) -> None:
    """Check, in the caller's transaction, that a batch of a cycle may be given up.

    Raises:
        UnknownCycle: There is none.
        NothingToGiveUp: The institutions were not asked, or enough of them have signed: then the
            batch goes out.
        GivenUpBefore: It was.
    """
    cycle = cycles.cycle(house.db, CycleId(ids.parse("cyc", id)))
    if cycle.given_up:
        raise GivenUpBefore(f"{id} was given up by {cycle.given_up}", cycle=id)
    if cycle.state is not State.FUNDED:
        raise NothingToGiveUp(f"{id} is {cycle.state}", cycle=id)
    if id not in cycles.asked_for(house.db):
        detail = f"nobody was asked to sign what {id} pays: revise it if the gate stops it"
        raise NothingToGiveUp(detail, cycle=id)


def giving_up(house: House, action: GiveUpBatch, proposal: str) -> BatchGivenUp:
    """Make the fact that gives a batch up, in the caller's transaction; refuses as `need_asked`."""
    need_asked(house, action.cycle)
    return BatchGivenUp(action.cycle, action.reason, proposal)
